"""Do the loss and a derivative follow the predicted law, or a normal one?"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import field

import numpy as np
from pennylane.measurements import Shots
from scipy.special import ndtr

from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.degrees_of_freedom import live_parameter
from pennylane_trainability.diagnostics.degrees_sample import Wanted, simulated_samples
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk, positive
from pennylane_trainability.diagnostics.wishart import parameters_of
from pennylane_trainability.diagnostics.wishart_record import WishartParameters
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.results import Provenance, Result, kept_seed, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.gamma_sums import GammaSum
from pennylane_trainability.statistics.goodness import Goodness, fitted_goodness, goodness
from pennylane_trainability.transforms.engines import device_name

__all__ = ["LandscapeLaw", "landscape_law_test"]


#: Draws that differ by less, relative to the largest loss, differ by rounding.
_ROUNDING = 1e-12


@record
class LandscapeLaw(Result):
    """Draws of a loss and of one derivative against laws.

    Attributes:
        loss_tests: of the loss, each law.
        gradient_tests: of the derivative.
        losses: draws of the loss, ``(M,)``.
        derivatives: draws of the derivative, ``(M,)``.
        loss_law: the predicted law with centred degrees of freedom, or ``None``.
        gradient_law: the same for the derivative.
        parameter: which derivative.
        size: of p-values below which a law is rejected.
        reasons: why there is no prediction.
        notes: what the reader should know.
        law: of the parameters, in words.
        provenance: seed, number of draws, device, engine.
    """

    loss_tests: tuple[Goodness, ...]
    gradient_tests: tuple[Goodness, ...]
    losses: np.ndarray = field(repr=False)
    derivatives: np.ndarray = field(repr=False)
    loss_law: GammaSum | None = field(repr=False)
    gradient_law: GammaSum | None = field(repr=False)
    parameter: int
    size: float
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    law: str
    provenance: Provenance

    def closest(self, gradient: bool = False) -> Goodness:
        """The law with the smallest distance.

        Args:
            gradient: of the derivative, else of the loss.
        """
        return min(self.gradient_tests if gradient else self.loss_tests, key=lambda t: t.distance)

    def rejected(self, name: str, gradient: bool = False) -> bool:
        """Whether one of the two tests speaks against a law, each at half the size.

        Args:
            name: of the law.
            gradient: of the derivative, else of the loss.
        """
        tests = self.gradient_tests if gradient else self.loss_tests
        one = {test.name: test for test in tests}[name]
        return min(one.distance_p, one.squared_p) < self.size / 2

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Laws of the landscape: the loss is closest to the {self.closest().name} law"

    def rows(self) -> list[tuple[str, object]]:
        """Every test."""
        rows: list[tuple[str, object]] = []
        for what, tests in (("loss", self.loss_tests), ("derivative", self.gradient_tests)):
            for test in tests:
                verdict = "rejected" if self.rejected(test.name, what != "loss") else "not rejected"
                rows.append((f"{what}, {test.name}", f"{test.summary()}: {verdict}"))
        rows += [("no prediction", "\n".join(self.reasons)), ("draws", self.law)]
        rows.append(("notes", "\n".join(self.notes)))
        return [(label, value) for label, value in rows if value != ""]


def landscape_law_test(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    parameter: int | None = None,
    law: Law | None = None,
    n_draws: int = 2_000,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
):
    r"""Do random draws of a loss follow the predicted Wishart law, or a normal one?

    Draws of the loss and of one derivative are compared with the laws of
    :func:`wishart_parameters` (uncentred and centred degrees of freedom) and with a normal law
    fitted to the draws, by Kolmogorov and Smirnov's distance and by Anderson and Darling's, which
    weighs the tails. P-values are simulated; where parameters are fitted, every simulated sample is
    fitted again. The surrogate is an approximation at finite size: with enough draws every law is
    rejected, and the distances are what to compare.

    Args:
        qnode: a QNode without shots that returns one ``expval``.
        argnums: see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        parameter: number of the flat parameter of the derivative; ``None`` takes the middle one.
        law: how parameters are drawn; default: uniform over each parameter's period.
        n_draws: number of draws, at least 100.
        seed: of all draws; drawn and kept if ``None``.
        level: laws are rejected at ``1 − level``, half of it for each of the two tests.
        memory: bytes the simulation may hold in states at once.

    Returns:
        A function of the QNode's arguments that returns :class:`LandscapeLaw`; ``.plot()`` draws
        quantiles against quantiles.

    Raises:
        ReadingError: the QNode has shots: noise would be part of the draws. See
            :func:`degrees_of_freedom` for measured moments.

    **Cost.** No circuits: everything is simulated.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for layer in weights:
    ...         for wire in range(4):
    ...             qml.RY(layer[wire, 0], wires=wire)
    ...             qml.RZ(layer[wire, 1], wires=wire)
    ...         for wire in range(4):
    ...             qml.CNOT(wires=[wire, (wire + 1) % 4])
    ...     return qml.expval(qml.Projector([0] * 4, wires=range(4)))
    >>> found = pt.landscape_law_test(circuit, seed=1, n_draws=500)(np.zeros((8, 4, 2)))
    >>> found.closest().name in ("uncentred", "centred"), found.rejected("normal")
    (True, True)
    """
    function = function_of(qnode)
    positive("n_draws", n_draws, 100)
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, law or Uniform(), None, n_draws, None, None),
        *(kept_seed(seed), "exact", level, memory, None, None, None),
    )
    if Shots(qnode.shots):
        raise ReadingError(
            "landscape_law_test needs draws without shot noise, but the QNode has "
            f"{Shots(qnode.shots)}. Pass qml.set_shots(qnode, shots=None) to simulate it, or "
            "measure moments with degrees_of_freedom()."
        )

    @functools.wraps(function)
    def run(*args, **kwargs) -> LandscapeLaw:
        return _tested(ask, ask.read(args, kwargs), parameter, n_draws)

    return run


def _tested(ask: VarianceAsk, reading: Reading, parameter: int | None, n_draws) -> LandscapeLaw:
    own = live_parameter(reading, parameter)
    samples = simulated_samples(ask, reading, Wanted(own, True, n_draws, 0))
    losses, derivatives = (np.asarray(part)[0] for part in (samples.losses, samples.derivatives))
    rounding = _ROUNDING * float(np.max(np.abs(losses)))
    found, reasons = _prediction(reading)
    rng = np.random.default_rng(ask.seeds(3))
    pairs: tuple[tuple[GammaSum | None, GammaSum | None], ...] = ((None, None), (None, None))
    if found is not None and found.applies:
        pairs = (
            (found.loss_law, found.loss_law_centred),
            _scaled(found, reading, own),
        )
    return LandscapeLaw(
        loss_tests=_tests(losses, pairs[0], rng, rounding, "loss"),
        gradient_tests=_tests(derivatives, pairs[1], rng, rounding, "derivative"),
        losses=losses,
        derivatives=derivatives,
        loss_law=pairs[0][1],
        gradient_law=pairs[1][1],
        parameter=own,
        size=1 - ask.level,
        reasons=reasons,
        notes=() if found is None else found.notes,
        law=ask.law_name,
        provenance=Provenance(
            seed=ask.seed, n_samples=n_draws, device=device_name(ask.qnode.device), engine="exact"
        ),
    )


def _prediction(reading: Reading) -> tuple[WishartParameters | None, tuple[str, ...]]:
    try:
        found = parameters_of(reading)
    except (ReadingError, BudgetError) as error:
        return None, (str(error),)
    return found, found.reasons


def _scaled(found: WishartParameters, reading: Reading, parameter: int):
    """The laws of a derivative, for the slope of its angle."""
    slope = found.slopes[parameter]
    return tuple(
        None if law is None else GammaSum.of(0.0, [(w * slope, k) for w, k in _terms(law)])
        for law in (found.gradient_law, found.gradient_law_centred)
    )


def _terms(law: GammaSum):
    return zip(law.weights, law.shapes, strict=True)


def _tests(draws: np.ndarray, laws, rng, rounding: float, what: str) -> tuple[Goodness, ...]:
    named = zip(("uncentred", "centred"), laws, strict=True)
    known = [(name, law) for name, law in named if law is not None and law.weights]
    tests = [goodness(draws, law, name, rng=rng) for name, law in known]
    if np.ptp(draws) > rounding:
        tests.append(fitted_goodness(draws, _normal, "normal", 2, rng=rng))
    if not tests:
        raise ReadingError(
            f"The {what} does not vary over these draws, so that there is no law to compare with."
        )
    return tuple(tests)


def _normal(draws: np.ndarray) -> tuple[Callable, Callable]:
    """The normal law with the mean and the standard deviation of draws."""
    mean, spread = float(np.mean(draws)), float(np.std(draws, ddof=1))

    def cdf(x: np.ndarray) -> np.ndarray:
        return ndtr((x - mean) / spread)

    def sampler(rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.normal(mean, spread, size)

    return cdf, sampler

"""Where do descents end: at the bottom of the landscape, or in local minima above it?"""

from __future__ import annotations

import functools
import math
from concurrent import futures
from dataclasses import astuple, field
from enum import Enum

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.circuits.substitution import is_plain
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk, positive
from pennylane_trainability.diagnostics.wishart import parameters_or_why
from pennylane_trainability.diagnostics.wishart_record import WishartParameters
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.descents import Descents, descend
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.spectra import spectrum_of
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Estimate, Provenance, Result, kept_seed, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.draws import slices
from pennylane_trainability.statistics.binomial import clopper_pearson
from pennylane_trainability.statistics.sum_bootstrap import bootstrap_of_sums
from pennylane_trainability.transforms.engines import device_name
from pennylane_trainability.workers import in_order

__all__ = ["BOTTOM", "LocalMinima", "MinimaVerdict", "local_minima", "minima_of"]

#: A descent has reached the bottom if what is left is less than this share of ``ō``.
BOTTOM = 1e-3
_STATES = 1 << 24
_STEPS, _TOLERANCE = 500, 1e-5


class MinimaVerdict(Enum):
    """What descents say about the predicted threshold; the value is the sentence that is shown."""

    AGREES = "as predicted"
    DIFFERS = "not as predicted"
    UNDECIDED = "undecided: few descents, or no prediction"


@record
class LocalMinima(Result):
    """Where descents from random parameters ended.

    Attributes:
        energies: ``(ℓ − ℓ^*)/ō`` at the end of every descent that converged, ascending.
        mean_energy: their mean.
        reached: share of the descents that ended within a thousandth of ``ō`` of the bottom.
        n_converged: descents whose gradient vanished.
        overparametrisation: ``γ = p/(βr)``; NaN where it is not known.
        threshold: number of parameters from which ``γ ≥ 1``.
        n_parameters: parameters that are not dead.
        lowest: ``ℓ^*``.
        mean_eigenvalue: ``ō``.
        points: parameters at the minima, in the order of the energies, ``(D, P)``.
        notes: what the reader should know.
        law: of the starts, in words.
        provenance: seed, number of descents, device, engine.
    """

    energies: np.ndarray
    mean_energy: Estimate
    reached: Estimate
    n_converged: int
    overparametrisation: float
    threshold: float
    n_parameters: int
    lowest: float
    mean_eigenvalue: float
    points: np.ndarray = field(repr=False)
    notes: tuple[str, ...] = ()
    law: str
    provenance: Provenance

    @property
    def verdict(self) -> MinimaVerdict:
        """For ``γ ≥ 1`` more than half of the descents should reach the bottom, else less."""
        if not math.isfinite(self.overparametrisation):
            return MinimaVerdict.UNDECIDED
        good = self.overparametrisation >= 1
        if self.reached.low > 0.5:
            return MinimaVerdict.AGREES if good else MinimaVerdict.DIFFERS
        if self.reached.high < 0.5:
            return MinimaVerdict.DIFFERS if good else MinimaVerdict.AGREES
        return MinimaVerdict.UNDECIDED

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Local minima: {100 * self.reached.value:.3g} % of descents reach the bottom"

    def rows(self) -> list[tuple[str, object]]:
        """Share, mean energy, prediction."""
        rows: list[tuple[str, object]] = [
            ("reached", self.reached.interval()),
            ("mean (ℓ − ℓ*)/ō", f"{self.mean_energy} {self.mean_energy.interval()}"),
            ("γ = p/(βr)", f"{self.overparametrisation:.4g}, γ ≥ 1 from {self.threshold:.4g} "
                           f"parameters on; here {self.n_parameters}"),
            ("prediction", self.verdict.value),
            ("starts", self.law),
            ("notes", "\n".join(self.notes)),
        ]  # fmt: skip
        return [(label, value) for label, value in rows if value != ""]


def local_minima(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    law: Law | None = None,
    n_starts: int = 100,
    max_steps: int = _STEPS,
    tolerance: float = _TOLERANCE,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    workers: futures.Executor | None = None,
):
    r"""Do descents reach the bottom of the landscape, and do as many as predicted?

    With ``p`` parameters and ``βr`` real degrees of freedom, :math:`\gamma = p/(\beta r) \ge 1`
    puts the local minima of a Wishart landscape at its bottom, and :math:`\gamma < 1` above it.
    Many quasi-Newton descents from random parameters, simulated side by side, show where they are.
    The threshold is what the theory is used for here, not the density of minima, for which the
    known formula is only qualitative at finite size. The threshold assumes a circuit deep enough to
    be random between its parameters: shallow product-like circuits often do better.

    Args:
        qnode: a QNode that returns one ``expval``.
        argnums: see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        law: of the starts; default: uniform over each parameter's period.
        n_starts: number of descents.
        max_steps: steps of each.
        tolerance: a descent has converged when no derivative is larger, in units of ``ō``.
        seed: of the starts; drawn and kept if ``None``.
        level: level of intervals.
        memory: bytes the simulation may hold in states at once.
        workers: any :class:`concurrent.futures.Executor` to share the descents; see
            :func:`loss_variance`.

    Returns:
        A function of the QNode's arguments that returns :class:`LocalMinima`.

    Raises:
        ReadingError: the bottom is not known: the smallest eigenvalue of the observable on the
            block is out of reach.

    **Cost.** No circuits: everything is simulated.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for layer in weights:
    ...         for wire in range(3):
    ...             qml.RY(layer[wire, 0], wires=wire)
    ...             qml.RZ(layer[wire, 1], wires=wire)
    ...         for wire in range(3):
    ...             qml.CNOT(wires=[wire, (wire + 1) % 3])
    ...     return qml.expval(-1 * qml.Projector([0, 1, 1], wires=range(3)))
    >>> found = pt.local_minima(circuit, seed=1, n_starts=30)(np.zeros((6, 3, 2)))
    >>> found.overparametrisation > 1, found.reached.value > 0.5
    (True, True)
    """
    positive("n_starts", n_starts, 10)
    positive("max_steps", max_steps, 1)
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, law or Uniform(), None, None, None, None),
        *(kept_seed(seed), "exact", level, memory, None, None, None),
        workers=workers,
    )

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> LocalMinima:
        return _minima(ask, ask.read(args, kwargs), n_starts, max_steps, tolerance)

    return run


def minima_of(
    reading: Reading, law: Law, n_starts: int, seed, memory: int, workers=None
) -> LocalMinima:
    """The minima of a QNode that has been read, with the defaults of :func:`local_minima`."""
    ask = VarianceAsk(
        *(reading.qnode, None, None, law, None, None, None, None),
        *(kept_seed(seed), "exact", 0.95, memory, None, None, None),
        workers=workers,
    )
    return _minima(ask, reading, n_starts, _STEPS, _TOLERANCE)


def _minima(ask, reading: Reading, n_starts: int, max_steps: int, tolerance) -> LocalMinima:
    found, why = parameters_or_why(reading)
    notes = tuple(f"no prediction: {one}" for one in why)
    lowest, scale = _bottom(reading, found)
    rng = np.random.default_rng(ask.seeds(1))
    starts = draw(ask.law, reading.circuit, reading.arguments.parameters, n_starts, rng)
    ended = _ended(ask, reading, starts, (max_steps, tolerance * scale))
    energies = (ended.values - lowest) / scale
    below = energies <= BOTTOM
    # who is at the bottom has arrived, however flat it is there
    kept = np.flatnonzero(ended.converged | below)
    if len(kept) < n_starts:
        notes += (f"{n_starts - len(kept)} of {n_starts} descents did not converge: not counted in "
                  "the mean, and counted as not at the bottom",)  # fmt: skip
    low, high = clopper_pearson(np.array([below.sum()]), n_starts, ask.level)
    order = kept[np.argsort(energies[kept])]
    applies = found is not None and found.applies
    return LocalMinima(
        energies=energies[order],
        mean_energy=_mean(energies[order], np.random.default_rng(ask.seeds(2)), ask),
        reached=Estimate(
            value=float(below.mean()),
            stderr=float(np.sqrt(below.mean() * (1 - below.mean()) / n_starts)),
            low=float(low[0]),
            high=float(high[0]),
            level=ask.level,
            law=ask.law_name,
        ),
        n_converged=len(kept),
        overparametrisation=found.overparametrisation if applies and found else math.nan,
        threshold=found.threshold if applies and found else math.nan,
        n_parameters=found.n_parameters if found else reading.circuit.n_parameters,
        lowest=lowest,
        mean_eigenvalue=scale,
        points=ended.points[order],
        notes=notes,
        law=ask.law_name,
        provenance=Provenance(
            seed=ask.seed,
            n_samples=n_starts,
            device=device_name(ask.qnode.device),
            engine="exact",
        ),
    )


def _bottom(reading: Reading, found: WishartParameters | None) -> tuple[float, float]:
    """``ℓ^*`` and ``ō``: of the blocks if they are known, else of the observable."""
    if found is not None and found.applies and all(b.ends_exact for b in found.blocks):
        lowest = sum(b.probability * b.low for b in found.blocks)
        mean = found.exact.mean if found.exact is not None else lowest
    else:
        position = {label: k for k, label in enumerate(reading.circuit.wires)}
        terms = {word: c for c, word in pauli_terms(reading.circuit.measurements, position)}
        whole = spectrum_of(terms)
        if not whole.exact:
            raise ReadingError(
                "The smallest value of this observable is not known, so that nobody can say "
                "whether a descent reached it: it has too many words that do not commute. "
                "Measure a part of it, or fewer wires."
            )
        lowest, mean = whole.low, whole.mean
    if mean - lowest <= 0:
        raise ReadingError("The loss does not vary: the observable is a multiple of the identity.")
    return lowest, mean - lowest


def _ended(ask: VarianceAsk, reading: Reading, starts: np.ndarray, limits: tuple) -> Descents:
    """Where descents end, in blocks whose states fit the caches and the memory."""
    circuit = reading.circuit
    kept = sum(gate.is_trainable for gate in circuit.gates) + 8
    state = 16 * 2**circuit.n_wires
    size = int(max(1, min(_STATES // (state * kept), ask.memory // (state * kept))))
    # a descent asks for the circuit at points that follow from the ones before
    model = reading.numeric() if is_plain(circuit) else reading
    inputs = reading.arguments.inputs[None]
    tasks = [(model, inputs, starts[p], ask.memory, *limits) for p in slices(len(starts), size)]
    found = list(in_order(_block, tasks, ask.workers if model is not reading else None))
    return Descents(*(np.concatenate(parts) for parts in zip(*map(astuple, found), strict=True)))


def _block(task: tuple) -> Descents:
    """Descents of one block, side by side."""
    model, inputs, starts, memory, max_steps, tolerance = task
    function = functools.partial(_slopes, model, inputs, memory)
    return descend(function, starts, max_steps=max_steps, tolerance=tolerance)


def _slopes(model, inputs, memory: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradients of many parameter points."""
    found = simulate(model.at(points, inputs), memory=memory)
    value, slope = found.values[0][:, 0], (found.gradients or ())[0][:, 0]
    count = len(points)
    return np.broadcast_to(value, (count,)), np.broadcast_to(slope, (count, slope.shape[1]))


def _mean(energies: np.ndarray, rng, ask: VarianceAsk) -> Estimate:
    if len(energies) < 2 or np.ptp(energies) == 0:
        value = float(energies.mean()) if len(energies) else math.nan
        return Estimate(value=value, level=ask.level, law=ask.law_name)
    return bootstrap_of_sums(
        energies[:, None],
        lambda sums, n: sums[..., 0] / n,
        rng=rng,
        level=ask.level,
        law=ask.law_name,
    )

"""What is the best that can be learned with so many shots?"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from scipy.special import ndtri

from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.diagnostics import shot_plan_errors as forecasts
from pennylane_trainability.diagnostics.shot_plan_draws import DrawsAsk
from pennylane_trainability.diagnostics.shot_plan_options import DRAWN, rows_of_draws
from pennylane_trainability.diagnostics.shot_plan_record import ShotOption, ShotPlan
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.laws import Law
from pennylane_trainability.results import kept_seed
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator
from pennylane_trainability.transforms.gradient_circuits.answer import question_of
from pennylane_trainability.transforms.gradient_circuits.choice import METHODS, How
from pennylane_trainability.transforms.jacobian_circuits import GRADIENTS, jacobian_circuits
from pennylane_trainability.transforms.qfim_circuits.answer import How as HowQFIM
from pennylane_trainability.transforms.qfim_circuits.answer import plan_of
from pennylane_trainability.transforms.qfim_circuits.choice import METHODS as QFIM_METHODS

__all__ = ["plan_shots"]

#: What is asked about if nobody says: quantities at the parameters of the call.
QUANTITIES = ("gradient", "qfim", "jacobian")
#: Fewer shots of a circuit say nothing about errors.
_FEWEST = 10
_NOTES = (
    "predicted with every measured word as a fair coin, which has the largest variance; words of "
    "one circuit that go together are taken as independent",
    "QFIM: means of generators count as ±1/√2, where diagonal entries err most",
    "all shots on one quantity at one parameter point, evenly over its circuits",
)
_NOTES_OF_DRAWS = (
    "draws: shots divided between draws and shots per draw for the least relative error; what to "
    "expect (the value, how it varies) is computed without the device, a loss that varies as "
    "normally distributed",
)


def plan_shots(
    qnode,
    total_shots: int,
    encoding_args=None,
    argnums=None,
    *,
    quantities=None,
    spectrum=None,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_points: int = 20_000,
):
    r"""What is the best I can learn with so many shots?

    Plans every method of :func:`measure_gradient`, :func:`measure_qfim` and
    :func:`measure_jacobian`, divides the shots evenly over its :math:`C` circuits, and predicts the
    standard errors from the way the numbers follow from the outcomes: with :math:`N/C` shots of
    every circuit, and words :math:`w` of circuit :math:`c` that enter with slopes :math:`M`,

    .. math:: \sigma^2 = \frac{C}{N} \sum_{c,w} \bigl(M^{(c)}_w\bigr)^2 ,

    if every word has the variance of a fair coin. Single words have no more, so that this is on the
    safe side near states that give certain outcomes; correlations of words in one circuit are left
    out. Errors of QFIMs are those of :func:`measure_qfim`, to second order, for generators with
    means :math:`\pm 1/\sqrt 2`, where diagonal entries err most; at points where the means vanish
    they err less.

    A derivative counts as resolved from :math:`z\,\sigma` on, with the normal quantile :math:`z` of
    the level; an eigenvalue or singular value from the noise floor on, which noise alone exceeds
    with probability ``1 − level`` at most.

    Quantities over parameter draws have to be named. Their error is that of :math:`M` draws with
    :math:`n` shots per circuit, and the plan gives the split of least relative error:

    =========================  =============================================  ====================
    quantity                   measured by                                    circuits of a draw
    =========================  =============================================  ====================
    ``loss-variance``          :func:`loss_variance`, ``method="sample"``,    one per basis
                               ``"replicates"`` with two of every circuit
    ``gradient-variances``     :func:`gradient_variances`, the same           the shift rules
    ``frame-potential``        :func:`expressibility`, of order 2; a draw is  one
                               a pair
    ``entangling-capability``  :func:`entangling_capability`                  three
    =========================  =============================================  ====================

    With :math:`v` the variance of shot noise and :math:`V` that of the loss, one draw adds
    :math:`2 V^2 + 4 V v + 2 v^2`, so that about as many shots as make :math:`v = V` are best; many
    shots on few draws, and few on many, know less. What to expect is computed without the device:
    variances exactly from words where they are few, else from Pauli paths; everything else by
    simulation, on up to ten wires. Born policies have plans of their own: ``plan_shots`` of
    :class:`BornPolicy`.

    Args:
        qnode: a QNode on any device, with or without shots; it is not run.
        total_shots: what there is to spend, all circuits together.
        encoding_args: the inputs; see :func:`measure_jacobian`.
        argnums: the trainable arguments; see :func:`measure_gradient`.
        quantities: some of ``"gradient"``, ``"qfim"``, ``"jacobian"`` and the table; ``None`` takes
            those of the first three that the QNode has.
        spectrum: frequencies of the Jacobian; ``None`` finds them.
        law: of parameter draws; default: uniform over each parameter's period.
        seed: of the resampling behind noise floors, and of simulations; drawn if ``None``.
        level: at which a size is told from noise.
        max_points: refuse grids of the Jacobian with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`ShotPlan`.

    Raises:
        ReadingError: a quantity is unknown, or one that was asked for cannot be measured.
        ValueError: ``total_shots`` is no positive whole number.

    **Cost.** No circuits.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> plan = pt.plan_shots(circuit, 10_000, seed=1)(np.array([0.3, 0.4]))
    >>> shift = plan.option("gradient", "shift")  # two circuits per derivative, 1/2 each
    >>> shift.circuits, shift.shots, round(shift.stderr, 5)
    (4, 2500, 0.01414)
    >>> plan.best("gradient").method
    'dla'
    """
    if isinstance(total_shots, bool) or not isinstance(total_shots, int | np.integer):
        raise ValueError(f"total_shots needs a whole number; got {total_shots!r}.")
    if total_shots < 1:
        raise ValueError(f"total_shots needs a positive number; got {total_shots!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    asked = (quantities,) if isinstance(quantities, str) else quantities
    wanted = QUANTITIES if asked is None else tuple(asked)
    if unknown := [name for name in wanted if name not in _PLANS]:
        raise ReadingError(f"quantities={unknown!r} are unknown; use some of {list(_PLANS)}.")
    entropy = kept_seed(seed)

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> ShotPlan:
        ask = _Ask(
            *(qnode, args, kwargs, encoding_args, argnums, spectrum, max_points),
            *(int(total_shots), level, np.random.default_rng(entropy), law, entropy),
        )
        options: list[ShotOption] = []
        skipped = []
        for name in wanted:
            try:
                options += _PLANS[name](ask)
            except (BudgetError, ReadingError) as error:
                if asked is not None:
                    raise
                skipped.append((name, str(error)))
        noise = () if is_exact_simulator(qnode.device) else ("noise of the device is left out",)
        return ShotPlan(
            options=tuple(options),
            total_shots=int(total_shots),
            level=level,
            device=device_name(qnode.device),
            skipped=tuple(skipped),
            notes=_notes(options) + noise,
        )

    return run


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    """A call and its options."""

    qnode: Any
    args: tuple
    kwargs: dict
    encoding_args: Any
    argnums: Any
    spectrum: Any
    max_points: int
    total: int
    level: float
    rng: np.random.Generator
    law: Law | None
    seed: int

    def points(self, measured: bool) -> Points:
        """The QNode at the point of the call."""
        found = read_points(
            *(self.qnode, self.args, self.kwargs, self.argnums, self.encoding_args),
            measured=measured,
        )
        if found.batch is not None:
            raise ReadingError(
                "plan_shots takes one parameter point, and this call has a broadcasting axis; call "
                "it once: the plan is the same for all entries."
            )
        return found

    def option(
        self, quantity: str, method: str, circuits: int, forecast: Callable[[int], tuple], **more
    ) -> ShotOption:
        """A method that needs so many circuits, whose errors are told by a function of shots."""
        shots = self.total // max(circuits, 1)
        row = {"quantity": quantity, "method": method, "circuits": circuits, **more}
        if circuits and shots < _FEWEST:
            least = _FEWEST * circuits
            return ShotOption(**(row | {"reason": f"needs at least {least:,} shots"}))
        error, resolved = forecast(shots)
        return ShotOption(**row, shots=shots, stderr=error, resolved=resolved)


def _notes(options: list[ShotOption]) -> tuple[str, ...]:
    """What the predictions rest on."""
    at_point = any(one.quantity in QUANTITIES for one in options)
    drawn = any(one.quantity not in QUANTITIES for one in options)
    return (_NOTES if at_point else ()) + (_NOTES_OF_DRAWS if drawn else ())


def _drawn(quantity: str) -> Callable[[_Ask], list[ShotOption]]:
    """The rows of a quantity over parameter draws."""

    def rows(ask: _Ask) -> list[ShotOption]:
        own = DrawsAsk(
            *(ask.qnode, ask.args, ask.kwargs, ask.encoding_args, ask.argnums, ask.law),
            *(ask.seed, ask.total),
        )
        return rows_of_draws(quantity, own, ask.level)

    return rows


def _gradient(ask: _Ask) -> list[ShotOption]:
    points, device = ask.points(True), ask.qnode.device
    own = None if device.wires is None else list(device.wires)
    measurements = points.reading.circuit.measurements
    size = float(ndtri((1 + ask.level) / 2))

    def row(method: str) -> ShotOption:
        try:
            how = How(method=method)
            question = question_of(points.circuit, measurements, how, own, device_name(device))
        except (BudgetError, ReadingError) as error:
            if method == "shift":  # it needs nothing: the circuit itself cannot be read
                raise
            return ShotOption(quantity="gradient", method=method, reason=str(error))

        def forecast(shots: int) -> tuple[float, float]:
            error = forecasts.Forecast(forecasts.of_gradient(question, shots), 0.0).typical
            return error, size * error

        return ask.option("gradient", method, question.n_circuits, forecast)

    return [row(method) for method in METHODS]


def _qfim(ask: _Ask) -> list[ShotOption]:
    points, device = ask.points(False), ask.qnode.device
    every = [np.arange(points.parameters.shape[1])]

    def row(method: str) -> ShotOption:
        try:
            plan = plan_of(points, device, HowQFIM(method=method), every)
        except ReadingError as error:
            return ShotOption(quantity="qfim", method=method, reason=str(error))
        scheme = plan.required()

        def forecast(shots: int) -> tuple[float, float]:
            found = forecasts.of_qfim(scheme, shots, ask.level, ask.rng)
            return found.typical, found.floor

        partly = {"complete": not scheme.approximation, "reason": scheme.approximation}
        return ask.option("qfim", method, plan.n_circuits, forecast, **partly)

    # random bases are biased, and how far is not predicted
    return [row(method) for method in QFIM_METHODS if method != "random-bases"]


def _jacobian(ask: _Ask) -> list[ShotOption]:
    reading = read_qnode(ask.qnode, ask.args, ask.kwargs, ask.encoding_args, ask.argnums)
    series = series_of(reading, ask.spectrum, ask.max_points)
    series.require_complete()
    circuit = series.circuit(hold_out=False)

    def row(method: str) -> ShotOption:
        try:
            built = jacobian_circuits(
                *(circuit, series.sampling.matrix, qml.measurements.Shots(_FEWEST)),
                gradient=method,
                device=ask.qnode.device,
            )
        except (BudgetError, ReadingError) as error:
            if method == "shift":
                raise
            return ShotOption(quantity="jacobian", method=method, reason=str(error))

        def forecast(shots: int) -> tuple[float, float]:
            found = forecasts.of_jacobian(built, shots, ask.level, ask.rng)
            return found.typical, found.floor

        return ask.option("jacobian", method, built.n_circuits, forecast)

    return [row(method) for method in GRADIENTS if method != "auto"]


_PLANS: dict[str, Callable[[_Ask], list[ShotOption]]] = {
    "gradient": _gradient,
    "qfim": _qfim,
    "jacobian": _jacobian,
    **{quantity: _drawn(quantity) for quantity in DRAWN},
}

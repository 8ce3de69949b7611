"""The entry point ``measure_density``: the measured twin of a density model."""

from __future__ import annotations

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import refuse_capture
from pennylane_trainability.density.measured_density import MeasuredDensity
from pennylane_trainability.density.measurement import Plan, built, plan_of
from pennylane_trainability.density.mixture import mixture_of
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.statistics.mixtures import means_of_circuits
from pennylane_trainability.transforms.engines import device_name

__all__ = ["measure_density"]


def measure_density(
    model,
    *,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    """Measure a density model on its device: values, errors, what each part says, cost.

    The measured twin of :func:`density_qnode`: the same circuits in the same method, but all
    outcomes are kept.

    Args:
        model: what :func:`density_qnode` returned, with shots (``qml.set_shots``), measuring
            ``expval`` or ``probs``.
        seed: of the draw of parts (``randomised``): an integer draws the same shots at every call,
            ``None`` new ones, whose seed is kept in the record.
        level: level of intervals.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.

    Returns:
        A function of the model's arguments that returns a :class:`MeasuredDensity`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost, with
        ``randomised`` at most, and runs nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: the model was not made by :func:`density_qnode`, has no shots or a shot
            vector, or measures something whose error cannot be read from counts.
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Cost.** Per measurement basis ``K`` circuits with all shots (``exact``), at most ``K`` that
    share them (``randomised``), or one (``register``); for every point of a broadcasting axis.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(angle):
    ...     qml.RX(angle, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> model = pt.density_qnode([circuit, circuit], own="angle", method="randomised")
    >>> measure = pt.measure_density(model, seed=2)
    >>> call = np.array([0.25, 0.75]), np.array([0.0, np.pi / 2])
    >>> print(measure.cost(*call))
    2 circuits, 1,000 shots, 1 device execution
    >>> found = measure(*call)
    >>> int(found.shots.sum()), found.stderr.round(2)
    (1000, array([0.03]))
    >>> bool(abs(found.value[0] - 0.25) < 3 * found.stderr[0])
    True

    One outcome has the variance ``1 − f²``, whichever part it comes from.
    """
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    mixture = mixture_of(model)

    def prepare(args, kwargs) -> Plan:
        refuse_capture()
        shots = Shots(model.shots)
        if not shots or shots.has_partitioned_shots:
            raise ReadingError(
                f"measure_density needs one number of shots; this model has {shots}. Set it with "
                "qml.set_shots(model, shots=…)."
            )
        return plan_of(mixture.read(args, kwargs, model.device), shots.total_shots)

    def call(executor, args, kwargs) -> MeasuredDensity:
        plan, kept = prepare(args, kwargs), kept_seed(seed)
        runner = default_executor(model.device, max_circuits, max_shots, executor)
        return _measured(plan, model, runner, kept, level)

    def cost(*args, **kwargs) -> Cost:
        return prepare(args, kwargs).cost()

    return priced(model.func, call, executor, model.device, cost=cost)


def _measured(plan: Plan, model, runner: Executor, seed: int, level: float) -> MeasuredDensity:
    circuits = built(plan, np.random.default_rng(seed))
    cost = cost_of(circuits.tapes)
    runner.check(cost)
    counts = circuits.counts(runner.run(circuits.tapes))
    parts = means_of_circuits(counts, plan.values)
    value = np.einsum("bc,bco->bo", circuits.shares, np.nan_to_num(parts))
    one = (lambda array: array) if plan.batched else (lambda array: array[0])
    drawn = plan.method == "randomised"
    return MeasuredDensity(
        value=one(value),
        outputs=plan.outputs,
        method=plan.method,
        weights=one(plan.weights),
        parts=None if plan.method == "register" else one(parts),
        shots=one(circuits.shots),
        counts=tuple(one(c) for c in counts),
        values=plan.values,
        notes=noise_notes("mixture", runner.device),
        cost=cost,
        provenance=Provenance(
            seed=seed if drawn else None,
            shots=plan.shots,
            device=device_name(runner.device),
            engine="measured",
        ),
        level=level,
    )

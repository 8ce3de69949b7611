"""What does a loss look like along a line, or over a plane, through parameter space?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.slice_directions import frame_of
from pennylane_trainability.diagnostics.slice_record import LossSlice
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_measured import Measured
from pennylane_trainability.diagnostics.variance_sample import Sample
from pennylane_trainability.diagnostics.variance_simulated import Simulated
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.landscapes.slices import Frame
from pennylane_trainability.laws import Uniform
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name

__all__ = ["loss_slice"]

#: Points per axis of a line and of a plane.
SIMULATED, MEASURED = (201, 61), (41, 21)


def loss_slice(
    qnode,
    argnums=None,
    *,
    directions: int | str | Sequence[Any] = 1,
    points: Sequence[Any] | None = None,
    span: float | tuple[float, float] | None = None,
    n_points: int | None = None,
    encoding_args=None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""What does the loss look like along a line, or over a plane, through parameter space?

    .. math:: \ell(\theta + t_1 d_1 + t_2 d_2)

    on a grid of ``t`` around the values :math:`\theta` given, with orthonormal directions
    :math:`d_1, d_2`. Coordinates are distances in parameter space, and the picture is true to
    scale. A slice shows two of :math:`P` directions: a minimum of the slice need not be one of
    the loss.

    Args:
        qnode: a QNode that returns one ``expval``.
        argnums: the trainable arguments; ``None`` takes every floating argument that is not marked
            ``requires_grad=False``.
        directions: ``1`` for a line and ``2`` for a plane along random directions (isotropic); or
            one or two of ``"random"``, ``"gradient"`` (at the values given), ``"hessian-max"`` and
            ``"hessian-min"`` (eigenvectors of the matrix of second derivatives with the largest and
            the smallest eigenvalue), or numbers in the shape of the trainable arguments (a tuple
            for several), in a list. The second loses what it shares with the first.
        points: instead, one or two other points in that shape: the line through two points, or the
            plane through three, for example two minima that were found.
        span: from ``−span`` to ``span`` on every axis, or ``(low, high)``; default π, or what shows
            the points. A random direction of length ``t`` moves a parameter by ``t/√P``, root mean
            square.
        n_points: per axis; default 201 on a line and 61 in a plane simulated, 41 and 21 measured.
        encoding_args: data arguments, left as they are.
        seed: of random directions; drawn and kept if ``None``.
        engine: ``"auto"``: exact on noiseless simulators without shots, else measured;
            ``"exact"``: simulate in any case; ``"measured"``.
        rescale: divide means of Pauli words by the measured survival of the gates: a **model**
            (global depolarising noise), not a correction; see :func:`measure_gradient`. Values
            without it are kept as ``raw``, and errors hold that of the survival.
        mitigate_read_out: take errors of reading out of the means: a **model**, too, in which every
            wire is read wrongly by itself.
        level: of intervals.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.

    Returns:
        A function of the QNode's arguments that returns a :class:`LossSlice`; ``.plot()`` draws it.
        Its attribute ``cost`` is a function of the same arguments that says what it would cost and
        runs nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: directions or points span no line or plane, or do not fit the arguments.
        BudgetError: the cost exceeds a budget.

    **Cost.** Simulated: no circuits, all points in batches. Measured: one circuit per point and
    measurement basis, in one device execution; calibrations once, every circuit of them up to 20
    times.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RX(weights[1], wires=1)
    ...     return qml.expval(qml.Z(0) @ qml.Z(1))
    >>> line = pt.loss_slice(circuit, directions=[[1.0, 1.0]])(np.zeros(2))
    >>> np.allclose(line.values, np.cos(line.axes[0] / np.sqrt(2)) ** 2)
    True
    >>> plane = pt.loss_slice(circuit, points=[[np.pi, 0.0], [0.0, np.pi]])(np.zeros(2))
    >>> plane.values.shape, str(plane.lowest()[1])
    ((61, 61), '-1 (exact)')
    """
    _check(span, n_points)
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, Uniform(), None, None, None, None, kept_seed(seed)),
        *(engine, level, memory, max_circuits, max_shots, executor),
        rescale=rescale,
        mitigate_read_out=mitigate_read_out,
    )

    def read(args, kwargs) -> tuple[Reading, Frame, tuple[str, ...], tuple[np.ndarray, ...]]:
        reading = ask.read(args, kwargs)
        frame, names = frame_of(ask, reading, directions, points)
        return reading, frame, names, _axes(ask, frame, span, n_points)

    def run(executor, args, kwargs) -> LossSlice:
        own = replace(ask, executor=executor)
        reading, frame, names, axes = read(args, kwargs)
        road = _road(own, reading)
        own.runner.check(_cost(road, axes))
        found = road.at(frame.points(axes))
        return _record(own, reading, frame, names, axes, found)

    def cost(*args, **kwargs) -> Cost:
        reading, _, _, axes = read(args, kwargs)
        return _cost(_road(ask, reading), axes)

    return priced(function_of(qnode), run, executor, qnode.device, cost=cost)


def _check(span, n_points) -> None:
    if n_points is not None and (not isinstance(n_points, int | np.integer) or n_points < 2):
        raise ValueError(f"n_points needs a whole number ≥ 2; got {n_points!r}.")
    ends = np.atleast_1d(np.asarray(0.0 if span is None else span, float))
    if span is None:
        return
    pair = ends if len(ends) == 2 else np.array([-ends[0], ends[0]])
    if len(ends) > 2 or not np.all(np.isfinite(pair)) or not pair[0] < pair[1]:
        raise ValueError(f"span needs a positive distance or (low, high); got {span!r}.")


def _axes(ask: VarianceAsk, frame: Frame, span, n_points) -> tuple[np.ndarray, ...]:
    count = len(frame.directions)
    size = n_points or (SIMULATED if ask.sampler() == "exact" else MEASURED)[count - 1]
    spans = frame.spans(np.pi)
    if span is not None:
        ends = np.atleast_1d(np.asarray(span, float))
        low, high = ends if len(ends) == 2 else (-ends[0], ends[0])
        spans = ((float(low), float(high)),) * count
    return tuple(np.linspace(low, high, size) for low, high in spans)


def _road(ask: VarianceAsk, reading: Reading) -> Simulated | Measured:
    if ask.sampler() == "exact":
        if ask.calibrates:
            raise ReadingError(
                "rescale and mitigate_read_out put a calibration into what a device measures, and "
                "here the loss is computed. Leave them out, or set shots and engine='measured'."
            )
        return Simulated(reading, False, ask.memory)
    return Measured(ask, reading, False)


def _cost(road: Simulated | Measured, axes: tuple[np.ndarray, ...]) -> Cost:
    count = int(np.prod([len(axis) for axis in axes]))
    each, once = road.cost_per_draw(), road.once(count)
    return Cost(
        circuits=count * each.circuits + once.circuits,
        distinct_circuits=count * each.distinct_circuits + once.distinct_circuits,
        shots=count * each.shots + once.shots,
        executions=each.executions,
    )


def _values(found: Sample, noisy: bool) -> dict[str, np.ndarray]:
    """Means over replicates and their standard errors, ``(M,)``, calibrated if that was asked."""
    if found.calibrated is None:
        return {
            "values": found.values.mean(axis=0),
            "stderrs": _errors(found.values, found.noise, noisy),
        }
    draws = found.calibrated
    values, noise = draws.numbers()
    added = draws.known.factors(lambda means: draws.numbers(means)[0].mean(axis=0))
    own = _errors(values, noise, noisy)
    return {
        "values": values.mean(axis=0),
        "stderrs": np.sqrt(own**2 + np.sum(added**2, axis=0)),
        "raw": found.values.mean(axis=0),
    }


def _errors(values: np.ndarray, noise: np.ndarray | None, noisy: bool) -> np.ndarray:
    """Standard errors of the means over replicates, ``(M,)``.

    Args:
        values: of every replicate, ``(R, M)``.
        noise: variances, ``(M,)``, of a single one.
        noisy: whether there are shots.
    """
    if not noisy:
        return np.zeros(values.shape[1])
    if noise is not None:
        return np.sqrt(np.maximum(noise, 0.0))
    return np.std(values, axis=0, ddof=1) / np.sqrt(len(values))


def _record(ask: VarianceAsk, reading: Reading, frame, names, axes, found: Sample) -> LossSlice:
    shape = tuple(len(axis) for axis in axes)
    arguments, engine = reading.arguments, ask.sampler()
    noisy = engine == "measured" and bool(ask.shots)
    notes = list(arguments.notes)
    if noisy:
        notes.append("the lowest of noisy values is lower than the truth on average")
    if len(found.values) == 2 and noisy:
        notes.append("errors from two replicates are themselves uncertain by 70 %")
    if engine == "measured":
        notes += noise_notes("loss-slice", ask.runner.device, reading.circuit)
    numbers = _values(found, noisy)
    placed: dict[str, Any] = {name: own.reshape(shape) for name, own in numbers.items()}
    told = None if found.calibrated is None else found.calibrated.known.record(ask.level)
    return LossSlice(
        **placed,
        calibration=told,
        axes=axes,
        directions=frame.directions,
        names=names,
        origin=frame.origin,
        marks=frame.marks,
        index=arguments.unflatten(np.arange(1, reading.circuit.n_parameters + 1)),
        parameters=arguments.parameter_labels(),
        level=ask.level,
        notes=tuple(notes),
        cost=found.cost,
        provenance=Provenance(
            seed=ask.seed,
            n_samples=found.n_draws,
            shots=ask.shots.total_shots if noisy else None,
            device=device_name(ask.qnode.device),
            engine=engine,
        ),
    )

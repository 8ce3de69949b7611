"""What did the device say: the measured twin of ``coefficient_jacobian``, with its errors."""

from __future__ import annotations

import functools
from dataclasses import field
from statistics import NormalDist

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import DEFAULT_MAX_CIRCUITS, Executor, cost_of
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record
from pennylane_trainability.statistics.counts import resample_counts, smoothed_probabilities
from pennylane_trainability.statistics.noise_floor import NoiseFloor, singular_value_floor
from pennylane_trainability.transforms.engines import broadcasts, device_name, is_exact_simulator
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = ["MeasuredJacobian", "measure_jacobian", "measure_series", "measured_cost"]


@record
class MeasuredJacobian(Result):
    r"""A coefficient Jacobian measured on a device, with everything its errors need.

    ``J = T · S · W · m`` is linear in the means ``m`` of the circuits: the transform ``T`` from input
    points to rows, the chain rule ``S``, the shift rule ``W``. Circuits are independent, so variances
    add with squared weights.

    Attributes:
        value: ``(R, P)``; rows are the ``K`` coefficients of the first output, then of the next.
        variances: sampling variance of every mean, ``(circuits S, points G, outputs)``.
        counts: outcome counts per measurement basis, ``(S, G, outcomes)``.
        weights: value of every outcome per basis, ``(outputs, outcomes)``.
        shift_weights: ``W``, ``(angles, S)``.
        slopes: ``S``, ``(angles, P)``.
        matrix: ``T``, ``(K, G)``.
        shots: shots per circuit.
        parameters: names of the columns.
        coefficients: the coefficients themselves, ``(outputs, K)``, where their circuits were run too.
        cost: what was run.
        provenance: device, shots, seed of the resampling.
        level: level used where none is given.
    """

    value: np.ndarray
    variances: np.ndarray = field(repr=False)
    counts: tuple[np.ndarray, ...] = field(repr=False)
    weights: tuple[np.ndarray, ...] = field(repr=False)
    shift_weights: np.ndarray = field(repr=False)
    slopes: np.ndarray = field(repr=False)
    matrix: np.ndarray = field(repr=False)
    shots: int
    parameters: tuple[str, ...] = field(repr=False)
    coefficients: np.ndarray | None = field(default=None, repr=False)
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    @property
    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(R, P)``, from the device's own counts.

        Outcome probabilities are smoothed (Agresti–Coull), so that circuits whose shots all agree do
        not pass for certain.
        """
        by_angle = np.einsum("as,sgo->ago", self.shift_weights**2, self.variances)
        by_parameter = np.einsum("ap,ago->pgo", self.slopes**2, by_angle)
        rows = np.einsum("kg,pgo->okp", self.matrix**2, by_parameter)
        return np.sqrt(rows.reshape(-1, rows.shape[-1]))

    def covariance(self, column: int, other: int | None = None) -> np.ndarray:
        """Covariance between the entries of two columns (one by default), ``(R, R)``.

        Entries of different outputs are treated as independent where they come from different bases;
        within one basis their covariance is taken from the counts.
        """
        other = column if other is None else other
        weight = np.einsum(
            "a,as->s", self.slopes[:, column] * self.slopes[:, other], self.shift_weights**2
        )
        outputs = self.variances.shape[-1]
        block = np.zeros((self.matrix.shape[1], outputs, outputs))
        for counts, values in zip(self.counts, self.weights, strict=True):
            block += np.einsum("s,sgop->gop", weight, _covariances(counts, values, self.shots))
        full = np.einsum("kg,lg,gop->okpl", self.matrix, self.matrix, block)
        size = outputs * self.matrix.shape[0]
        return full.reshape(size, size)

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, each ``(R, P)``."""
        level = self.level if level is None else level
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.stderr
        return self.value - reach, self.value + reach

    def noise_floor(self, level: float | None = None, n_resamples: int = 399) -> NoiseFloor:
        """How large noise alone makes the singular values (parametric bootstrap of the counts)."""
        rng = np.random.default_rng(self.provenance.seed)

        def draw(count: int) -> np.ndarray:
            return self.value + self._resampled_errors(count, rng)

        return singular_value_floor(
            self.value, draw, n_resamples=n_resamples, level=self.level if level is None else level
        )

    def rank(self, level: float | None = None) -> Estimate:
        """A lower bound on the rank at a level: singular values above the noise floor (Weyl)."""
        return self.noise_floor(level).rank_estimate(level, law=f"{self.shots} shots per circuit")

    def _resampled_errors(self, n_resamples: int, rng) -> np.ndarray:
        out = np.empty((n_resamples, *self.value.shape))
        linear = np.einsum("ap,as->sp", self.slopes, self.shift_weights)
        for k in range(n_resamples):
            errors = 0.0
            for counts, values in zip(self.counts, self.weights, strict=True):
                drawn = resample_counts(counts, 1, rng)[0]
                smooth = smoothed_probabilities(counts)
                total = drawn.sum(axis=-1, keepdims=True)
                errors = errors + (drawn / total - smooth) @ values.T
            rows = np.einsum("kg,sgo,sp->okp", self.matrix, errors, linear, optimize=True)
            out[k] = rows.reshape(self.value.shape)
        return out

    def rows(self) -> list[tuple[str, object]]:
        """Size, errors, rank and cost."""
        floor = self.noise_floor()
        return [
            ("matrix", f"{self.value.shape[0]} rows × {self.value.shape[1]} parameters"),
            (
                "standard error",
                f"median {np.median(self.stderr):.2g}, largest {self.stderr.max():.2g}",
            ),
            ("rank", floor.rank_estimate(law=f"{self.shots} shots per circuit")),
            ("noise floor", f"{floor.floor():.3g} ({self.level:.0%}); σ₁ = {floor.values[0]:.3g}"),
            ("cost", self.cost),
            ("device", self.provenance.device),
        ]


def _covariances(counts, values, shots: int) -> np.ndarray:
    """``(S, G, outputs, outputs)`` covariances of the means of one basis."""
    p = smoothed_probabilities(counts)
    mean = p @ values.T
    second = np.einsum("sgm,om,pm->sgop", p, values, values)
    return (second - mean[..., :, None] * mean[..., None, :]) / shots


def measure_jacobian(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    spectrum=None,
    seed: int | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    max_points: int = 20_000,
):
    """Measure a coefficient Jacobian on the QNode's device: values, errors, rank, cost.

    The measured twin of :func:`coefficient_jacobian`: the same circuits, but the counts are kept.

    Args:
        qnode: a QNode with shots (``qml.set_shots``) that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        spectrum: frequencies; ``None`` finds them.
        seed: seed of the resampling behind the noise floor; drawn and kept if ``None``.
        level: level of intervals and rank bounds.
        max_circuits: refuse more circuits before running any; on devices that are no simulators more
            than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredJacobian`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost and runs nothing.

    Raises:
        ReadingError: the device has no shots, or a shot vector.
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(x, weights):
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> measure = pt.measure_jacobian(circuit, encoding_args="x", seed=2)
    >>> print(measure.cost(0.0, np.array([0.3, 0.4])))
    12 circuits, 12,000 shots, 1 device execution
    >>> J = measure(0.0, np.array([0.3, 0.4]))
    >>> J.value.shape, J.rank().value
    ((3, 2), 2)
    """
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")

    def prepare(args, kwargs):
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        series = series_of(reading, spectrum, max_points)
        return series, _tapes(series, qnode)

    @functools.wraps(qnode.func)
    def measured(*args, **kwargs) -> MeasuredJacobian:
        series, built = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        return measure_series(series, qnode, runner, seed=seed, level=level, built=built)

    measured.cost = lambda *args, **kwargs: measured_cost(prepare(args, kwargs)[1])
    return measured


def default_executor(
    device, max_circuits: int | None, max_shots: int | None, executor: Executor | None = None
) -> Executor:
    """The caller's executor within the caller's budget; without one, everything in one execution.

    On devices that are no exact simulators there is a limit on circuits unless one is given.
    """
    runner = Executor(device) if executor is None else executor
    if max_circuits is None and runner.max_circuits is None and not is_exact_simulator(device):
        max_circuits = DEFAULT_MAX_CIRCUITS
    return runner.with_budget(max_circuits, max_shots)


def measured_cost(built: JacobianTapes) -> Cost:
    """What the circuits of a measured Jacobian cost."""
    return cost_of(built.tapes, built.n_circuits)


def _tapes(series: Series, qnode, coefficients: bool = False) -> JacobianTapes:
    shots = Shots(qnode.shots)
    if not shots:
        raise ReadingError(
            "measure_jacobian needs shots: set them with qml.set_shots(qnode, shots=…). Without shots use "
            "qml.transforms.coefficient_jacobian."
        )
    if shots.has_partitioned_shots:
        raise ReadingError(
            f"measure_jacobian takes one number of shots, not the shot vector {shots}; its errors come from the "
            "counts. Pass shots=total."
        )
    circuit = series.circuit(hold_out=False)
    plan = shift_plan(circuit, set(dead_parameters(series.reading.circuit)))
    return jacobian_tapes(
        circuit,
        series.sampling.matrix,
        shots,
        broadcast=broadcasts(qnode.device),
        plan=plan.with_unshifted() if coefficients else plan,
    )


def measure_series(
    series: Series, qnode, runner: Executor, *, seed, level=0.95, built: JacobianTapes | None = None
) -> MeasuredJacobian:
    """Run the circuits of a series and gather the record.

    Without ``built``, the circuits of the coefficients themselves run in the same execution.
    """
    joint = built is None
    built = _tapes(series, qnode, coefficients=True) if joint else built
    cost = measured_cost(built)
    runner.check(cost)
    shots = Shots(qnode.shots).total_shots
    frequencies = built.frequencies(runner.run(built.tapes))
    counts = tuple(np.rint(f * shots).astype(np.int64) for f in frequencies)
    means, _ = built.moments(frequencies, shots)
    n_outputs = means.shape[-1]
    weights = tuple(_weight_table(basis, n_outputs) for basis in built.bases)
    variances = sum(
        np.einsum("sgoo->sgo", _covariances(c, w, shots))
        for c, w in zip(counts, weights, strict=True)
    )
    stack = np.moveaxis(built.jacobian(means), 1, 0)
    entropy = np.random.SeedSequence(seed).entropy if seed is None else seed
    return MeasuredJacobian(
        value=stack.reshape(-1, stack.shape[-1]),
        variances=variances,
        counts=counts,
        weights=weights,
        shift_weights=built.plan.weights,
        slopes=built.plan.slopes(built.n_parameters)[..., 0],
        matrix=built.matrix,
        shots=shots,
        parameters=series.reading.arguments.parameter_labels(),
        coefficients=np.einsum("kg,go->ok", built.matrix, means[0]) if joint else None,
        cost=cost,
        provenance=Provenance(
            seed=entropy, shots=shots, device=device_name(qnode.device), engine="measured"
        ),
        level=level,
    )


def _weight_table(basis, n_outputs: int) -> np.ndarray:
    table = np.zeros((n_outputs, basis.n_outcomes))
    for output, values in basis.weights.items():
        table[output] = values
    return table

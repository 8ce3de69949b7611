"""The metric of states at one call of a QNode, exact or measured, ready to be inverted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pennylane_trainability.circuits.arguments import Arguments
from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.circuits.resolution import input_positions
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.measure_qfim import measure_qfim
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, kept_seed
from pennylane_trainability.simulation.fisher import fisher_information
from pennylane_trainability.simulation.mixed_fisher import mixed_fisher_information
from pennylane_trainability.statistics.damping import damped, damped_solve
from pennylane_trainability.statistics.noise_floor import eigenvalue_floor
from pennylane_trainability.transforms.blocks import argument_blocks, argument_ranges
from pennylane_trainability.transforms.density_tapes import density_tapes
from pennylane_trainability.transforms.engines import is_density_simulator, is_exact_simulator

__all__ = ["Metric", "Way", "metric_tensor_fn", "trained_positions"]

NOISE_FLOOR = "noise-floor"


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How metrics are found and what is added to them.

    Attributes:
        encoding_args: data arguments.
        method: ``"auto"``, ``"exact"``, or a method of :func:`measure_qfim`.
        regularisation: ``"noise-floor"``, or what is added to every eigenvalue of ``F/4``.
        seed: of the resampling behind noise floors.
        level: of noise floors.
        max_circuits: per metric.
        max_shots: per metric.
        executor: how circuits are run.
    """

    encoding_args: Any = None
    method: str = "auto"
    regularisation: str | float = NOISE_FLOOR
    seed: int | np.random.SeedSequence | None = None
    level: float = 0.95
    max_circuits: int | None = None
    max_shots: int | None = None
    executor: Executor | None = None

    def __post_init__(self) -> None:
        value = self.regularisation
        if isinstance(value, str):
            known = value == NOISE_FLOOR
        else:
            known = bool(np.ndim(value) == 0 and np.isfinite(value) and value >= 0)
        if not known:
            raise ValueError(
                f"regularisation needs {NOISE_FLOOR!r} or a number ≥ 0; got {value!r}."
            )
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")

    def metric(self, qnode, args: tuple, kwargs: dict, argnums) -> Metric:
        """The metric at one call."""
        points = read_points(qnode, args, kwargs, argnums, self.encoding_args)
        if points.batch is not None:
            raise ReadingError(
                "A metric belongs to one parameter point, and this call has a broadcasting axis; "
                "call it once for each entry."
            )
        noise = noise_notes("natural-gradient", qnode.device, points.circuit)
        free = self.method == "auto" and not qnode.shots
        if self.method == "exact" or (free and is_exact_simulator(qnode.device)):
            matrix, cost = fisher_information(points.circuit, 1)[0], Cost()
        elif free and is_density_simulator(qnode.device):
            matrix, cost = self._mixed(qnode, points)
        else:
            found = self._measured(qnode, args, kwargs, argnums)
            return Metric(points.reading.arguments, found.value, self, found.cost, found, noise)
        return Metric(points.reading.arguments, matrix, self, cost, None, noise)

    def _mixed(self, qnode, points: Points) -> tuple[np.ndarray, Cost]:
        built = density_tapes(points.circuit, 1)
        runner = default_executor(qnode.device, self.max_circuits, self.max_shots, self.executor)
        cost = cost_of(built.tapes)
        runner.check(cost)
        return mixed_fisher_information(*built.states(runner.run(built.tapes)))[0], cost

    def _measured(self, qnode, args, kwargs, argnums) -> MeasuredQFIM:
        measure = measure_qfim(
            qnode,
            argnums,
            encoding_args=self.encoding_args,
            method=self.method,
            seed=self.seed,
            level=self.level,
            max_circuits=self.max_circuits,
            max_shots=self.max_shots,
            executor=self.executor,
        )
        return measure(*args, **kwargs)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """The QFIM over all trained parameters at one point.

    Attributes:
        arguments: the call, taken apart.
        matrix: the QFIM or its estimate, ``(P, P)``.
        way: how it was found.
        cost: what was run.
        measured: the estimate with its errors, if it was measured.
        noise: what noise does to a step, where the device may be noisy.
    """

    arguments: Arguments
    matrix: np.ndarray
    way: Way
    cost: Cost
    measured: MeasuredQFIM | None = field(default=None, repr=False)
    noise: tuple[str, ...] = ()

    @property
    def damping(self) -> float:
        """What is added to the eigenvalues of the QFIM before it is inverted."""
        if not isinstance(self.way.regularisation, str):
            return 4 * float(self.way.regularisation)
        return 0.0 if self.measured is None else self.measured.noise_floor().floor()

    def natural(self, gradient: np.ndarray, damping: float) -> np.ndarray:
        """``(F₊/4 + damping/4)⁻¹ ∇f``, ``(P,)``."""
        return 4 * damped_solve(self.matrix, gradient, damping)

    def blocks(self):
        """``F/4`` with what is added, as ``qml.metric_tensor`` shapes it."""
        matrix = np.zeros_like(self.matrix)
        floors = self._floors()
        for own, floor in zip(argument_ranges(self.arguments), floors, strict=True):
            at = np.ix_(own, own)
            block = self.matrix[at]
            exact = self.measured is None
            matrix[at] = block + floor * np.eye(len(own)) if exact else damped(block, floor)
        return argument_blocks(matrix / 4, self.arguments)

    def _floors(self) -> list[float]:
        """What is added to the block of every argument; its own noise floor is the lower one."""
        ranges = argument_ranges(self.arguments)
        if self.measured is None or not isinstance(self.way.regularisation, str):
            return [self.damping] * len(ranges)
        rng = np.random.default_rng(self.measured.provenance.seed)
        errors: Any = self.measured.errors
        draws = self.matrix + errors.draw(399, rng)
        return [
            eigenvalue_floor(self.matrix[np.ix_(own, own)], draws[:, own][:, :, own]).floor(
                self.way.level
            )
            for own in ranges
        ]


def metric_tensor_fn(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    regularisation: str | float = NOISE_FLOOR,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""The metric tensor :math:`g = F/4` as ``qml.QNGOptimizer`` takes it, safe to invert.

    For ``qml.QNGOptimizer(stepsize).step(qnode, *args, metric_tensor_fn=...)``: one block per
    trainable argument (entries between arguments are left out by that optimiser; for the whole
    metric use :class:`NaturalGradientOptimizer`), all entries within, exactly on simulators
    without shots, measured on the QNode's device with shots.

    **Regularisation.** A measured metric has eigenvalues that are noise, some of them negative, and
    the optimiser inverts them. With ``"noise-floor"`` a measured block is replaced by
    :math:`g_+ + \lambda/4`: negative eigenvalues are set to zero, then all are raised by the
    noise floor :math:`\lambda` of that block of :math:`F`, the size that noise alone exceeds with
    probability :math:`1 - \mathtt{level}` at most. So no inverted eigenvalue exceeds
    :math:`4/\lambda`, and directions well above the noise keep their metric. Exact blocks
    have no noise, and nothing is added. A number is added to every eigenvalue of :math:`g` in
    either case, like ``lam`` of the optimiser (measured: after negative ones are set to zero).

    Args:
        qnode: a QNode.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes the positional
            arguments with ``requires_grad=True``, as PennyLane's optimisers do, and every floating
            argument where none is marked.
        encoding_args: data arguments, left alone; see :func:`measured_qfim`.
        method: ``"auto"``: exact on simulators without shots (on ``default.mixed`` the metric of
            the mixed state), else measured with the method of least cost; ``"exact"``: simulate
            the pure state in any case; or a method of :func:`measure_qfim`.
        regularisation: ``"noise-floor"`` or a number, see above.
        seed: of the resampling behind the noise floor; drawn if ``None``.
        level: of the noise floor.
        max_circuits: refuse more circuits for one metric before running any.
        max_shots: refuse more shots for one metric before running any.
        executor: how circuits are run.

    Returns:
        A function of the QNode's arguments. It returns, as ``qml.metric_tensor``, an array
        ``(*S, *S)`` for one trainable argument of shape ``S``, a tuple of these for several.
        Its attributes ``cost`` and ``price`` say what an answer will cost, see :func:`price`.

    Raises:
        ReadingError: see :func:`qfim` and :func:`measure_qfim`.
        BudgetError: the cost exceeds a budget.

    **Cost.** Exact: no circuits. Measured: those of :func:`measure_qfim` over all trainable
    arguments, at each call.

    **Example**

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> from pennylane import numpy as pnp
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(w):
    ...     qml.RX(w[0], wires=0)
    ...     qml.RY(w[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> w = pnp.array([0.3, 0.4])
    >>> metric = pt.metric_tensor_fn(circuit)
    >>> metric(w).round(4) + 0.0
    array([[0.25  , 0.    ],
           [0.    , 0.2282]])
    >>> new = qml.QNGOptimizer(0.1).step(circuit, w, metric_tensor_fn=metric)
    """
    way = Way(
        encoding_args,
        method,
        regularisation,
        kept_seed(seed),
        level,
        max_circuits,
        max_shots,
        executor,
    )

    def metric_tensor(executor, args, kwargs):
        wanted = argnums
        if wanted is None:
            data = input_positions(qnode.func, args, kwargs, encoding_args)
            trained = [k for k in trained_positions(args) if k not in data]
            wanted = trained[0] if len(trained) == 1 else trained or None
        return replace(way, executor=executor).metric(qnode, args, kwargs, wanted).blocks()

    return priced(function_of(qnode), metric_tensor, executor, qnode.device)


def trained_positions(args: tuple) -> list[int]:
    """Positions of the arguments that PennyLane's optimisers train."""
    return [k for k, arg in enumerate(args) if getattr(arg, "requires_grad", False)]

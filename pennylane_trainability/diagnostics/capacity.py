"""How many independent directions do the parameters of a circuit have in state space?"""

from __future__ import annotations

import functools
from concurrent import futures
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.circuits.repeats import last_repeat, parameter_order
from pennylane_trainability.diagnostics.capacity_points import (
    cost_of_points,
    exact_points,
    measured_points,
)
from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.saturation import leading_ranks
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform, draw, drawn_near
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import (
    device_name,
    is_density_simulator,
    is_exact_simulator,
)
from pennylane_trainability.workers import check_workers, in_order

__all__ = ["capacity", "capacity_at"]

ENGINES = ("auto", "exact", "measured")


def capacity(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    n_draws: int | None = None,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    workers: futures.Executor | None = None,
):
    r"""How many independent directions the parameters have in state space, from the QFIM.

    The rank of the quantum Fisher information matrix (see :func:`qfim`) at the values given and at
    parameter draws: redundant directions, dead parameters, how even the spectrum is, the effective
    dimension, and whether the rank is saturated ("overparametrised", Larocca et al.,
    `arXiv:2109.11676 <https://arxiv.org/abs/2109.11676>`__), at the data given. What the QNode
    measures does not matter; for that see :func:`analyze`.

    No QFIM has a rank above :math:`\min(P, 2^{n+1} - 2)` (theorem). The largest rank over the draws
    is the generic one (with probability one, up to the tolerance stated). That a rank below the
    bound has stopped growing is an observation: the circuit's last repeat added nothing.

    Args:
        qnode: a QNode.
        argnums: the trainable arguments; see :func:`qfim`.
        encoding_args: data arguments, left as they are; see :func:`qfim`.
        n_draws: parameter draws beside the values given; default 20 where simulated, 0 where
            measured (there every draw costs as much as the values given).
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of draws and resampling; drawn and kept if ``None``.
        engine: ``"auto"``: exact on noiseless simulators without shots, else measured;
            ``"exact"``: simulate the pure state in any case; ``"measured"``.
        level: level of intervals, and of the measured lower bounds (of all of them together).
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        workers: any :class:`concurrent.futures.Executor` to share the simulation of draws; see
            :func:`loss_variance`.

    Returns:
        A function of the QNode's arguments that returns a :class:`Capacity`. Its attribute ``cost``
        is a function of the same arguments that says what it would cost and runs nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: the call broadcasts, or the device gives neither states nor samples.
        BudgetError: the cost exceeds a budget.

    **Cost.** Exact: no circuits. Measured: those of :func:`measure_qfim`, times ``1 + n_draws``.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.StronglyEntanglingLayers(weights, wires=[0, 1])
    ...     return qml.expval(qml.Z(0))
    >>> found = pt.capacity(circuit, seed=1)(np.zeros((3, 2, 3)))
    >>> print(found.heading())
    Capacity: 6 directions with 18 parameters
    >>> found.ranks[0], found.redundant, found.dead  # all angles zero: no generic point
    (np.int64(3), 12, (0, 3))
    >>> found.verdict.name, found.reason
    ('OVERPARAMETRISED', 'a pure state has no more than 6 directions')
    >>> d = found.effective_dimension(n_data=10**6)  # 6 for infinitely many data
    >>> bool(6 < d.low < d.value < d.high < 8)
    True
    """
    function = function_of(qnode)
    _check(n_draws, level, engine)
    check_workers(workers)
    entropy = kept_seed(seed)
    measured = _is_measured(qnode, engine)
    reader = functools.partial(_read, qnode, argnums, encoding_args)

    def run(executor, args, kwargs) -> Capacity:
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        ask = _Ask(
            *(qnode, encoding_args, n_draws, law or Uniform(), entropy, level, memory),
            *(runner, workers),
        )
        return _answer(ask, reader(args, kwargs), measured)

    def cost(*args, **kwargs) -> Cost:
        if not measured:
            return Cost()
        return cost_of_points(qnode, reader(args, kwargs), 1 + (n_draws or 0), encoding_args)

    return priced(function, run, executor, qnode.device, cost=cost)


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    """The options of a call."""

    qnode: Any
    encoding_args: Any
    n_draws: int | None
    law: Law
    seed: int
    level: float
    memory: int
    runner: Executor
    workers: futures.Executor | None

    def parameters(self, points: Points, default: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """The values given, then the draws, ``(1 + D, P)``; and what to say about them."""
        given, count = points.parameters, self.n_draws
        notes: tuple[str, ...] = ()
        nonlinear = not all(a.linear for g in points.circuit.gates for a in g.angles)
        if count is None:
            count = default
            if count and nonlinear and not points.reading.traced:
                count = 0
                notes = ("no draws: gates could not be traced and are nonlinear in parameters",)
        if count:
            notes += drawn_near(self.law, points.circuit)
        rng = np.random.default_rng(self.seed)
        drawn = draw(self.law, points.circuit, given[0], count, rng)
        return np.concatenate([given, drawn]), notes

    def words(self, n_draws: int) -> str:
        """The law of the draws."""
        if not n_draws:
            return "the values given only"
        return getattr(self.law, "__name__", str(self.law))


def _check(n_draws, level: float, engine: str) -> None:
    if n_draws is not None and (not isinstance(n_draws, (int, np.integer)) or n_draws < 0):
        raise ValueError(f"n_draws needs a whole number ≥ 0; got {n_draws!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    if engine not in ENGINES:
        raise ReadingError(f"engine={engine!r} is unknown; use one of {list(ENGINES)}.")


def _is_measured(qnode, engine: str) -> bool:
    """Whether the QFIM has to be measured on the device."""
    if engine == "exact":
        return False
    if engine == "auto" and not qnode.shots and is_exact_simulator(qnode.device):
        return False
    if qnode.shots:
        return True
    mixed = (
        " The QFIM of the mixed state at one point is qml.transforms.qfim."
        if is_density_simulator(qnode.device)
        else ""
    )
    raise ReadingError(
        f"capacity measures the QFIM on {device_name(qnode.device)}, which takes shots, and there "
        "are none. Set them with qml.set_shots(qnode, shots=…), or pass engine='exact' for a "
        f"simulation of the pure state without the device.{mixed}"
    )


def _read(qnode, argnums, encoding_args, args, kwargs) -> Points:
    points = read_points(qnode, args, kwargs, argnums, encoding_args)
    if points.batch is not None:
        raise ReadingError(
            "capacity takes one point, and this call has a broadcasting axis; call it once for "
            "each entry. Parameters are drawn by capacity itself (n_draws=…)."
        )
    return points


def _answer(ask: _Ask, points: Points, measured: bool) -> Capacity:
    if measured:
        parameters, notes = ask.parameters(points, 0)
        found = measured_points(
            ask.qnode, points, parameters, ask.encoding_args, ask.seed, ask.level, ask.runner
        )
        notes += found["measured"][0].notes
    else:
        parameters, notes = ask.parameters(points, 20)
        found = exact_points(points, parameters, ask.memory, ask.workers)
    provenance = Provenance(
        seed=ask.seed,
        n_samples=len(parameters),
        shots=Shots(ask.qnode.shots).total_shots if measured else None,
        device=device_name(ask.qnode.device),
        engine="measured" if measured else "exact",
    )
    return _record(
        *(points, parameters, found, None if measured else ask.workers),
        law=ask.words(len(parameters) - 1), level=ask.level, notes=notes, provenance=provenance,
    )  # fmt: skip


def capacity_at(
    points: Points, drawn: np.ndarray, *, law: Law, level: float, memory: int,
    provenance: Provenance,
) -> Capacity:  # fmt: skip
    """The capacity at the values given and at draws that somebody has already, simulated.

    Args:
        points: the QNode at one point.
        drawn: flat parameters, ``(D, P)``.
        law: how they were drawn.
        level: of intervals.
        memory: bytes of states.
        provenance: of the draws.
    """
    parameters = np.concatenate([points.parameters, drawn])
    words = getattr(law, "__name__", str(law))
    own = replace(provenance, n_samples=len(parameters), shots=None, engine="exact")
    found = exact_points(points, parameters, memory)
    return _record(
        points, parameters, found, None, law=words, level=level, notes=(), provenance=own
    )


def _record(
    points: Points, parameters: np.ndarray, found: dict[str, Any], workers, **fields
) -> Capacity:
    order = parameter_order(points.circuit)
    ranks = _ranks(found["matrices"][:, order][:, :, order], found["limits"], workers)
    return Capacity(
        points=parameters,
        leading_ranks=ranks,
        order=order,
        repeat=last_repeat(points.circuit),
        n_wires=points.circuit.n_wires,
        parameters=points.reading.arguments.parameter_labels(),
        **fields,
        **found,
    )


def _ranks(matrices: np.ndarray, limits: np.ndarray, workers) -> np.ndarray:
    """Ranks of the leading blocks at every point, one point after the other."""
    tasks = ((matrices[k : k + 1], limits[k : k + 1]) for k in range(len(matrices)))
    return np.concatenate(list(in_order(_ranks_at, tasks, workers)))


def _ranks_at(point: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return leading_ranks(*point)

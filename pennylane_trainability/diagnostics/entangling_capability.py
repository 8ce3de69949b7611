"""How entangled are the states of a circuit on average?"""

from __future__ import annotations

from concurrent import futures
from dataclasses import replace

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.calibration import known_of
from pennylane_trainability.diagnostics.entangling_record import EntanglingCapability
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.purities import Purities, purities_of
from pennylane_trainability.diagnostics.state_ask import StateAsk, state_chunks
from pennylane_trainability.diagnostics.variance_ask import positive
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Estimate, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.draws import over_draws
from pennylane_trainability.simulation.states import final_states, wire_purities
from pennylane_trainability.transforms.engines import broadcasts, is_exact_simulator
from pennylane_trainability.transforms.overlap_tapes import pauli_tapes

__all__ = ["capability_of", "entangling_capability"]

#: Draws if nobody says how many: on exact simulators, on other devices.
_DRAWS, _DEVICE_DRAWS = 5_000, 200


def entangling_capability(
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
    rescale: bool = False,
    mitigate_read_out: bool = False,
):
    r"""How entangled are the states of a circuit on average?

    The mean of the Meyer–Wallach measure over the parameters,

    .. math::

        Q = 2\Bigl(1 - \frac1n \sum_k \mathrm{Tr}\,\rho_k^2\Bigr)
          = 1 - \frac1n \sum_k \bigl(\langle X_k\rangle^2 + \langle Y_k\rangle^2
            + \langle Z_k\rangle^2\bigr),

    with the reduced states :math:`\rho_k` of single wires: 0 for product states, 1 for GHZ states,
    :math:`(N-2)/(N+1)` on average for Haar states of dimension :math:`N = 2^n`.

    Simulated, purities are exact, and the error is that of the draws. On devices all wires are
    measured in the basis of X, of Y and of Z; the square of a mean :math:`m` of :math:`M` shots is
    too large by its noise, and :math:`(M m^2 - 1)/(M - 1)` is unbiased. What noise of the device
    does to purities counts as entanglement, unless a calibration is asked for.

    Args:
        qnode: a QNode; what it returns does not matter.
        argnums: the trainable arguments, which are drawn; see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        n_draws: how many draws; default 5,000 on exact simulators, 200 on other devices.
        law: how parameters are drawn; default: uniform over each parameter's period, which is 4π
            for controlled rotations.
        seed: of the draws; drawn and kept if ``None``.
        engine: ``"auto"``: simulate where the device is an exact simulator without shots, else
            measure; ``"exact"``: simulate in any case; ``"measured"``.
        level: level of the interval.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        workers: any :class:`concurrent.futures.Executor` to share the simulation of draws; see
            :func:`loss_variance`.
        rescale: divide measured Bloch vectors by the survival ``s`` of the gates: a **model**
            (global depolarising noise), in which they are shorter by ``s``. Intervals hold the
            errors of ``s``, ``raw`` is without it, and 40 circuits are added.
        mitigate_read_out: take errors of reading out of them, as measured in 20 circuits with no
            wire turned and 20 with all turned: a **model**, too.

    Returns:
        A function of the QNode's arguments that returns an :class:`EntanglingCapability`. Its
        attribute ``cost`` is a function of the same arguments that says what it would cost and runs
        nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: no parameters, one shot, or a circuit that cannot be simulated.
        BudgetError: the cost exceeds a budget.

    **Cost.** Simulated: no circuits. Measured: three circuits per draw, in one device execution,
    those of a calibration included.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     pt.SimCircuit(weights, k=9, wires=range(4))
    ...     return qml.state()
    >>> print(pt.entangling_capability(circuit, seed=1)(np.zeros((1, 4))).heading())
    Entangling capability: 1 ± 0 (Haar 0.8235)
    """
    positive("n_draws", n_draws, 2)
    name = "entangling_capability"
    ask = StateAsk(
        *(name, qnode, argnums, encoding_args, law or Uniform(), kept_seed(seed)),
        *(engine, level, memory, max_circuits, max_shots, executor),
        workers=workers, rescale=rescale, mitigate_read_out=mitigate_read_out,
    )  # fmt: skip

    def count() -> int:
        return n_draws or (_DRAWS if is_exact_simulator(qnode.device) else _DEVICE_DRAWS)

    def run(executor, args, kwargs) -> EntanglingCapability:
        own = replace(ask, executor=executor)
        reading, road = own.read(args, kwargs), _road(own)
        own.check_calibration(road)
        parameters = own.drawn(reading, count())
        if road == "exact":
            return capability_of(own, reading, parameters)
        return _record(own, reading, road, _measured(own, reading, parameters))

    def cost(*args, **kwargs) -> Cost:
        ask.read(args, kwargs)
        ask.check_calibration(_road(ask))
        if _road(ask) == "exact":
            return Cost()
        circuits = 3 * count()
        shots = circuits * (ask.shots or 0)
        own = Cost(circuits=circuits, distinct_circuits=circuits, shots=shots, executions=1)
        return own + ask.calibration_cost(count(), mirrors=rescale)

    return priced(function_of(qnode), run, executor, qnode.device, cost=cost)


def capability_of(ask: StateAsk, reading: Reading, parameters: np.ndarray) -> EntanglingCapability:
    """The entangling capability at given draws ``(D, P)``, simulated."""
    return _record(ask, reading, "exact", Purities(_simulated(ask, reading, parameters)))


def _road(ask: StateAsk) -> str:
    """``"exact"`` or ``"measured"``: single wires are measured on density matrices, too."""
    return "exact" if ask.road() == "exact" else "measured"


def _simulated(ask: StateAsk, reading: Reading, parameters: np.ndarray) -> np.ndarray:
    """``Tr ρ_k²`` at every draw, ``(D, n)``."""
    parts = state_chunks(len(parameters), reading.circuit.n_wires, ask.memory, 1)
    return np.concatenate(list(over_draws(_purities, reading, parameters, parts, ask.workers)))


def _purities(circuit: Circuit, count: int) -> np.ndarray:
    purities = wire_purities(final_states(circuit))
    return np.broadcast_to(purities, (count, purities.shape[1]))


def _measured(ask: StateAsk, reading: Reading, parameters) -> Purities:
    """Unbiased estimates of ``Tr ρ_k²``, ``(D, n)``, from one device execution."""
    shots, count = ask.shots, len(parameters)
    if shots == 1:
        raise ReadingError(
            "The square of a mean of one shot is always 1; entangling_capability() needs at least "
            "2 shots. Set them with qml.set_shots."
        )
    circuit, several = ask.at(reading, parameters), broadcasts(ask.qnode.device)
    bases = pauli_tapes(circuit, count, Shots(shots), several)
    tapes = [tape for basis in bases for tape in basis]
    made = ask.calibration(circuit, count, ask.rescale) if ask.calibrates else None
    extra = [] if made is None else made.tapes
    cost = cost_of([*tapes, *extra], 3 * count + len(extra))
    ask.runner.check(cost)
    results = ask.runner.run([*tapes, *extra])
    n = circuit.n_wires
    means = [np.reshape(r if n > 1 else [r], (n, -1)).T for r in results[: len(tapes)]]
    known = None if made is None else known_of(made, results[len(tapes) :])
    vectors = np.concatenate(means).reshape(3, count, n)
    return purities_of(vectors, shots, tuple(circuit.wires), known, cost)


def _record(ask: StateAsk, reading: Reading, road: str, found: Purities) -> EntanglingCapability:
    circuit, count = reading.circuit, len(found.values)
    q = found.capabilities()
    dimension = 2**circuit.n_wires
    notes = ask.notes(reading)
    if road == "measured":
        notes += noise_notes("entangling-capability", ask.runner.device, circuit)
    sampled = ask.shots is not None and road == "measured"
    raw, known = None, found.known
    if known is not None:
        raw = _mean(found.raw_capabilities(), 0.0, ask)
    return EntanglingCapability(
        capability=_mean(q, found.error(), ask),
        raw=raw,
        calibration=None if known is None else known.record(ask.level),
        haar=(dimension - 2) / (dimension + 1),
        samples=q,
        spread=float("nan") if sampled else _spread(q),
        purities=found.values.mean(axis=0),
        wires=tuple(circuit.wires),
        law=ask.law_name,
        level=ask.level,
        notes=tuple(notes),
        cost=found.cost,
        provenance=ask.provenance(road, count),
    )


def _spread(q: np.ndarray) -> float:
    spread = float(np.std(q, ddof=1))
    return 0.0 if spread < 1e-14 else spread  # equal states differ by rounding


def _mean(q: np.ndarray, added: float, ask: StateAsk) -> Estimate:
    error = float(np.hypot(_spread(q) / np.sqrt(len(q)), added))
    return Estimate.normal(float(np.mean(q)), error, ask.level, ask.law_name)

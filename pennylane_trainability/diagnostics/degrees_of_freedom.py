"""How many degrees of freedom has a circuit, as seen on the device or in samples?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.degrees_record import DegreesOfFreedom
from pennylane_trainability.diagnostics.degrees_roads import (
    Basis,
    basis_of,
    findings_of,
    roads_of,
)
from pennylane_trainability.diagnostics.degrees_sample import (
    Samples,
    Wanted,
    measured_cost,
    measured_samples,
    simulated_samples,
)
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk, positive
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.degrees import least_draws
from pennylane_trainability.transforms.engines import device_name

__all__ = ["degrees_of_freedom", "live_parameter"]

ROADS = ("all", "traces", "loss", "gradient")
_DRAWS = {"exact": 4_000, "measured": 1_000}
_STATES = 200


def degrees_of_freedom(
    qnode,
    argnums=None,
    *,
    road: str = "all",
    parameter: int | None = None,
    beta: int | None = None,
    minimum: float | None = None,
    encoding_args=None,
    law: Law | None = None,
    n_draws: int | None = None,
    n_states: int | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""How many degrees of freedom does a landscape have, as it is seen in samples?

    For a law of a single Wishart block three roads lead to the same :math:`r`:

    .. math:: r = \frac{N\, m_1^2}{m_2 - m_1^2}, \qquad
        r = \frac{2 (E\ell - \ell^*)^2}{\beta\, \mathrm{Var}\,\ell}
        = \frac{8}{\beta\,\mathrm{skew}^2}, \qquad r = \frac{6}{\beta\, \mathrm{kurt}(\partial\ell)}

    with :math:`m_k = \langle (O - \lambda_{\min})^k \rangle` in the maximally mixed state, measured
    in random basis states. Where intervals do not overlap, the result says so: the landscape then
    does not follow a law of a single block at these parameters and this depth.

    Cumulants are unbiased; with shots every circuit is run four times and products of different
    replicates take the place of powers, so that shot noise drops out.

    Args:
        qnode: a QNode that returns one ``expval``.
        argnums: see :func:`loss_variance`.
        road: ``"traces"``, ``"loss"``, ``"gradient"``, or all of them.
        parameter: number of the flat parameter of the derivative; ``None`` takes the middle one of
            those that are not dead.
        beta: 1, 2 or 4; ``None`` finds it from the generators, and takes 2 where they do not tell.
        minimum: the smallest value of the loss; ``None`` takes that of the observable.
        encoding_args: data arguments, left as they are.
        law: how parameters are drawn; default: uniform over each parameter's period.
        n_draws: default 4,000 simulated, 1,000 measured.
        n_states: random basis states for traces that are measured, default 200.
        seed: of all draws; drawn and kept if ``None``.
        engine: ``"auto"``: exact on noiseless simulators without shots, else measured; ``"exact"``;
            ``"measured"``.
        level: level of intervals.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.

    Returns:
        A function of the QNode's arguments that returns a :class:`DegreesOfFreedom`. Its attribute
        ``cost`` says what it would cost and runs nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: draws are too few for an interval at this level (the message says how many
            are needed), or an option is unknown.
        BudgetError: the cost exceeds a budget.

    **Cost.** Simulated: no circuits, traces in closed form. Measured, in one execution: one circuit
    per draw (three with a derivative) and one per random state, times the measurement bases.

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
    ...     return qml.expval(qml.Z(0))
    >>> found = pt.degrees_of_freedom(circuit, road="loss", seed=1)(np.zeros((8, 3, 2)))
    >>> one = found.by("loss variance")  # d + 1 = 9 for a Pauli word
    >>> one.low < 9 < one.high
    True
    """
    if road not in ROADS:
        raise ReadingError(f"road={road!r} is unknown; use one of {list(ROADS)}.")
    if beta not in (None, 1, 2, 4):
        raise ReadingError(f"beta needs 1, 2, 4 or None; got {beta!r}.")
    positive("n_states", n_states, 20)
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, law or Uniform(), None, n_draws, None, None),
        *(kept_seed(seed), engine, level, memory, max_circuits, max_shots, executor),
    )

    def wanted(reading: Reading) -> tuple[str, Wanted]:
        how = ask.sampler()
        count = n_draws or _DRAWS[how]
        _check_draws(road, count, level, n_draws is None)
        states = 0 if how == "exact" or road not in ("all", "traces") else n_states or _STATES
        gradient = road in ("all", "gradient")
        own = live_parameter(reading, parameter) if gradient else None
        return how, Wanted(own, road in ("all", "loss"), count, states)

    def run(executor, args, kwargs) -> DegreesOfFreedom:
        own = replace(ask, executor=executor)
        reading = own.read(args, kwargs)
        how, want = wanted(reading)
        traces = road in ("all", "traces")
        basis = basis_of(reading, traces, beta, minimum)
        sampled = simulated_samples if how == "exact" else measured_samples
        notes = basis.notes
        if how == "measured":
            notes += noise_notes("degrees-of-freedom", own.runner.device, reading.circuit)
        return _answer(own, want, sampled(own, reading, want), basis, traces, notes)

    def cost(*args, **kwargs) -> Cost:
        reading = ask.read(args, kwargs)
        how, want = wanted(reading)
        return Cost() if how == "exact" else measured_cost(ask, reading, want)

    return priced(function_of(qnode), run, executor, qnode.device, cost=cost)


def _check_draws(road: str, count: int, level: float, default: bool) -> None:
    if road == "traces":
        return
    needed = least_draws(4 if road in ("all", "gradient") else 3, level)
    if count < needed:
        what = "the default of " if default else ""
        raise ReadingError(
            f"Intervals at {100 * level:.6g} % for moments of these orders need at least "
            f"{needed:,} draws; {what}{count:,} are too few. Pass n_draws={needed}, a lower "
            "level, or road='traces', which needs no draws."
        )


def live_parameter(reading: Reading, parameter: int | None) -> int:
    """The parameter that is asked for, or the middle one of those that are not dead.

    Raises:
        ReadingError: there is no such parameter.
    """
    count = reading.circuit.n_parameters
    if parameter is not None:
        if not -count <= parameter < count:
            raise ReadingError(f"parameter={parameter} is none of the {count} parameters.")
        return parameter % count
    dead = set(dead_parameters(reading.circuit))
    live = [p for p in range(count) if p not in dead]
    if not live:
        raise ReadingError("All parameters are dead, so that there is no derivative to look at.")
    return live[len(live) // 2]


def _answer(
    ask, want: Wanted, samples: Samples, basis: Basis, traces: bool, notes: tuple[str, ...]
) -> DegreesOfFreedom:
    roads = roads_of(samples, basis, traces, ask)
    return DegreesOfFreedom(
        estimates=roads.estimates,
        skewness=roads.skewness,
        excess_kurtosis=roads.excess_kurtosis,
        findings=findings_of(roads.estimates),
        beta=basis.beta,
        lowest=basis.lowest,
        mirrored=basis.mirrored,
        losses=_kept(samples.losses),
        derivatives=_kept(samples.derivatives),
        parameter=want.parameter,
        law=ask.law_name,
        level=ask.level,
        notes=notes,
        cost=samples.cost,
        provenance=Provenance(
            seed=ask.seed,
            n_samples=want.n_draws,
            shots=ask.shots.total_shots if not samples.exact else None,
            device=device_name(ask.qnode.device),
            engine=ask.sampler(),
        ),
    )


def _kept(values: np.ndarray | None) -> np.ndarray:
    return np.zeros(0) if values is None else values.mean(axis=0)

"""How large are the gradients of a Born policy over a law of its parameters?"""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.variance_ask import positive
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.policies.born_policy import BornPolicy
from pennylane_trainability.policies.draws import (
    PolicyDraws,
    Road,
    SimulatedActions,
    refuse_calibration,
)
from pennylane_trainability.policies.measured_actions import MeasuredActions
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.policies.policy_variance_record import PolicyVariance
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import choose_engine, device_name
from pennylane_trainability.workers import check_workers

__all__ = ["policy_variance", "variance_of"]

#: Draws if nobody says how many: simulated, measured.
DEFAULT_EXACT, DEFAULT_MEASURED = 500, 50


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    """The options of a call."""

    policy: BornPolicy
    argnums: Any
    encoding_args: Any
    law: Law
    n_draws: int | None
    seed: int
    engine: str
    level: float
    memory: int
    max_circuits: int | None
    max_shots: int | None
    executor: Executor | None
    workers: futures.Executor | None
    rescale: bool
    mitigate_read_out: bool

    @property
    def runner(self) -> Executor:
        """Who runs circuits, within the budget."""
        device = self.policy.qnode.device
        return default_executor(device, self.max_circuits, self.max_shots, self.executor)

    @property
    def shots(self) -> int | None:
        """Shots of every circuit; a shot vector counts as their sum."""
        return Shots(self.policy.qnode.shots).total_shots

    def road(self, args, kwargs):
        """What was read, how draws are evaluated, and the engine."""
        reading, partition = self.policy.read(args, kwargs, self.argnums, self.encoding_args)
        qnode = self.policy.qnode
        chosen = choose_engine(qnode.device, Shots(qnode.shots), self.engine)
        if chosen == "lightning":
            raise ReadingError("engine needs 'auto', 'exact' or 'measured'; got 'lightning'.")
        road: SimulatedActions | MeasuredActions
        if chosen == "exact":
            refuse_calibration(self.rescale or self.mitigate_read_out)
            road = SimulatedActions(reading, partition, self.memory, self.workers)
        else:
            road = MeasuredActions(
                *(reading, partition, qnode.device, self.shots, self.runner),
                *(self.rescale, self.mitigate_read_out),
            )
        return reading, partition, road, chosen

    def count(self, chosen: str) -> int:
        """How many draws."""
        if self.n_draws is not None:
            return int(self.n_draws)
        return DEFAULT_EXACT if chosen == "exact" else DEFAULT_MEASURED


def policy_variance(
    policy: BornPolicy,
    argnums=None,
    *,
    encoding_args=None,
    law: Law | None = None,
    n_draws: int | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    workers: futures.Executor | None = None,
):
    r"""How large are the gradients of a Born policy over a law of its parameters?

    Two variances per parameter, which part ways when there are many actions:

    .. math:: \mathrm{Var}\,\partial\log\pi
        = E_\theta \sum_a \frac{(\partial\pi_a)^2}{\pi_a}, \qquad
        \mathrm{Var}\,\partial\pi = \frac1A \sum_a \mathrm{Var}_\theta\,\partial\pi_a.

    The first is what a policy gradient moves by, with actions drawn by the policy: the mean
    diagonal of the classical Fisher information, and so at most the QFIM's (1 for a Pauli
    rotation). The second is what has to be told from shot noise.

    Args:
        policy: from :func:`born_policy`.
        argnums: the trainable arguments; see :func:`loss_variance`.
        encoding_args: data arguments (the state), left as they are.
        law: how parameters are drawn; default: uniform over each parameter's period.
        n_draws: how many draws, at least 4; default 500 simulated, 50 measured.
        seed: of all draws; drawn and kept if ``None``.
        engine: ``"auto"``: exact on noiseless simulators without shots, else measured; ``"exact"``;
            ``"measured"``.
        rescale: take the survival of the gates, as mirror circuits show it, out of ``∂π``. A
            **model** (global depolarising noise), not a correction; see
            :meth:`~BornPolicy.log_policy_gradient`. The variance without it is kept as ``raw``, and
            the error of the calibration, the same for all draws, is inside the interval.
        mitigate_read_out: take errors of reading out of ``∂π``: a **model**, too, in which every
            wire is read wrongly by itself. With a calibration the variance of ``∂ log π`` is not
            told: it divides by probabilities that a calibration moves, at some draws to zero and
            below, and a mean over such fractions has no error that could be stated. It stays in
            ``raw``, as it was seen.
        level: level of intervals.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        workers: any :class:`concurrent.futures.Executor` to share the simulation of draws; see
            :func:`loss_variance`.

    Returns:
        A function of the QNode's arguments that returns a :class:`PolicyVariance`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: the QNode cannot be read, or has fewer outcomes than actions.
        BudgetError: the cost exceeds a budget.

    **Cost.** Simulated: no circuits. Measured: the circuits of
    :meth:`~BornPolicy.log_policy_gradient` per draw; calibrations once, every circuit of them up to
    20 times. Shot noise is subtracted from squares without
    bias; the denominator of the first variance is clipped at ``1/shots`` (biased, see
    :class:`PolicyGradient`).

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for wire in range(4):
    ...         qml.RY(weights[wire], wires=wire)
    ...     return qml.probs(wires=range(4))
    >>> ask = pt.policy_variance(pt.born_policy(circuit, 2), seed=1)
    >>> found = ask(np.zeros(4))
    >>> found.log_variances.round(6)  # the first wire alone decides; RY has Fisher information 1
    array([1., 0., 0., 0.])
    >>> print(found.derivative_variance(0))  # 1/8
    0.124 ± 0.004
    """
    if not isinstance(policy, BornPolicy):
        raise ReadingError(f"policy_variance needs a policy of born_policy; got {policy!r}.")
    positive("n_draws", n_draws, 4)
    check_workers(workers)
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    ask = _Ask(
        *(policy, argnums, encoding_args, law or Uniform(), n_draws, kept_seed(seed)),
        *(engine, level, memory, max_circuits, max_shots),
        *(executor, workers, rescale, mitigate_read_out),
    )

    def run(executor, args, kwargs) -> PolicyVariance:
        return _answer(replace(ask, executor=executor), args, kwargs)

    def cost(*args, **kwargs) -> Cost:
        _, _, road, chosen = ask.road(args, kwargs)
        return _cost(road, ask.count(chosen))

    return priced(policy.qnode.func, run, executor, policy.qnode.device, cost=cost)


def _cost(road: Road, count: int) -> Cost:
    each = road.cost_per_draw()
    if not each.circuits:
        return Cost()
    drawn = Cost(
        circuits=count * each.circuits,
        distinct_circuits=count * each.circuits,
        shots=count * each.shots,
        executions=1,
    )
    return replace(drawn + road.once(count), executions=1)


def _answer(ask: _Ask, args: tuple, kwargs: dict) -> PolicyVariance:
    reading, partition, road, chosen = ask.road(args, kwargs)
    count = ask.count(chosen)
    ask.runner.check(_cost(road, count))
    rng = np.random.default_rng(np.random.SeedSequence(ask.seed, spawn_key=(0,)))
    drawn = draw(ask.law, reading.circuit, reading.arguments.parameters, count, rng)
    provenance = Provenance(
        seed=ask.seed,
        n_samples=count,
        shots=ask.shots if chosen == "measured" else None,
        device=device_name(ask.policy.qnode.device),
        engine=chosen,
    )
    law = getattr(ask.law, "__name__", str(ask.law))
    noise: tuple[str, ...] = ()
    if chosen == "measured":
        noise = noise_notes("policy-variance", ask.runner.device, reading.circuit)
    return variance_of(road.at(drawn), reading, partition, law, ask.level, provenance, noise)


def variance_of(
    found: PolicyDraws,
    reading: Reading,
    partition: Partition,
    law: str,
    level: float,
    provenance: Provenance,
    noise: tuple[str, ...] = (),
) -> PolicyVariance:
    """The record of probabilities and derivatives that are there already.

    Args:
        found: at independent draws.
        reading: the QNode of the policy at one call.
        partition: outcomes to actions.
        law: how parameters were drawn, in words.
        level: of intervals.
        provenance: where the draws come from; with shots, if they were measured.
        noise: what noise does to them.
    """
    count, shots = reading.circuit.n_parameters, Shots(provenance.shots).total_shots
    seen = PolicyVariance(
        **_terms(found, shots),
        n_actions=partition.n_actions,
        partition=partition.name,
        n_wires=reading.circuit.n_wires,
        index=reading.arguments.unflatten(np.arange(1, count + 1)),
        parameters=reading.arguments.parameter_labels(),
        law=law,
        level=level,
        notes=(*(() if provenance.shots is None else _NOTES), *noise),
        cost=found.cost,
        provenance=provenance,
    )
    if found.calibrated is None:
        return seen
    p, dp, _, variances = found.calibrated.numbers()
    return replace(
        seen,
        log_terms=np.full_like(seen.log_terms, np.nan),
        derivative_terms=spread_terms(dp, variances),
        smallest=p.min(axis=1),
        factors=found.calibrated.factors(lambda own: spread_terms(own[1], own[3]).mean(axis=0)),
        notes=(_NO_LOG, *noise),
        raw=seen,
        calibration=found.calibrated.record(level),
    )


_NOTES = (
    "denominators of Var ∂ log π are clipped at 1/shots: biased where probabilities are that small",
)
_NO_LOG = (
    "Var ∂ log π is not told with a calibration, which moves the probabilities it divides by, some "
    "to zero; raw.log_variance() is as it was seen"
)


def spread_terms(derivatives: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """At every draw the mean square over actions of ``∂π − E ∂π`` without shot noise, ``(D, P)``.

    Args:
        derivatives: ``(D, A, P)``.
        noise: unbiased variances of these.
    """
    size = len(derivatives)
    centred = (derivatives - derivatives.mean(axis=0)) ** 2 * (size / (size - 1))
    return np.mean(centred - noise, axis=1)


def _terms(found: PolicyDraws, shots: int | None) -> dict[str, Any]:
    """Squares at every draw, without shot noise; Fisher spectra of exact numbers."""
    p, dp = found.probabilities, found.derivatives
    noise = np.zeros_like(dp) if found.noise is None else found.noise
    clip = 0.0 if shots is None else 1.0 / shots
    below = np.maximum(p, clip)[..., None]
    seen = below > 1e-300
    inverse = np.where(seen, 1 / np.where(seen, below, 1.0), 0.0)
    size = len(dp)
    eigenvalues = np.zeros((size, 0))
    if shots is None:
        # F = BᵀB with B = ∂π/√π: its spectrum is that of the smaller product
        half = dp * np.sqrt(inverse)
        eigenvalues = np.linalg.svd(half, compute_uv=False) ** 2
    return {
        "log_terms": np.sum((dp**2 - noise) * inverse, axis=1),
        "derivative_terms": spread_terms(dp, noise),
        "smallest": p.min(axis=1),
        "fisher_eigenvalues": eigenvalues,
        "clip": clip,
    }

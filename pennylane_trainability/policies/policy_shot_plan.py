r"""What can be learned about a Born policy with so many shots?

Of the probabilities of ``A`` actions, as ``n`` shots show them, the errors have the covariance
:math:`\Sigma/n` with :math:`\Sigma = \mathrm{diag}\,\pi - \pi\pi^T`. Its trace, at most
``1 − 1/A``, is largest where all actions are as likely, whatever the partition. A derivative adds
up circuits with squared weights :math:`c_p`, so that

* entries of ``∂π`` err by at most :math:`\sqrt{c_p (1 - 1/A)/(A n)}`, root mean square over the
  actions;
* one draw adds to the estimate of the variance :math:`V_p` of ``∂π`` the variance

  .. math:: \mathrm{Var}\,T_p
      + \frac1{A^2} \Bigl(4\, \frac{c_p}{n}\, E\, x_p^T \Sigma\, x_p
      + \frac{2 n}{n - 1}\, \frac{c_p^2}{n^2}\, \mathrm{tr}\,\Sigma^2\Bigr),

  with :math:`x_p` the deviation of ``∂π`` from its mean and :math:`T_p` its mean square over the
  actions. These and the mean of :math:`\Sigma` come from a simulation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.shot_plan_draws import WIDEST, Split, best_split
from pennylane_trainability.diagnostics.shot_plan_record import ShotOption, ShotPlan
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, draw
from pennylane_trainability.policies.draws import SimulatedActions
from pennylane_trainability.policies.measured_actions import MeasuredActions
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator

__all__ = ["plan_of_policy"]

#: Draws of the simulation that tells what to expect.
_EXPECTED = 500
#: Fewer shots of a circuit say nothing about errors.
_FEWEST = 10
_NOTES = (
    "policy-gradient: predicted with all actions as likely, where errors are largest, root mean "
    "square over the actions; those of ∂ log π are larger by 1/π",
    "policy-variance: of ∂π; shots divided between draws and shots per draw for the least relative "
    "error, what to expect is computed without the device",
)


def plan_of_policy(
    device, reading: Reading, partition: Partition, total: int, law: Law, seed: int, level: float
) -> ShotPlan:
    """The rows of the gradient at the point of a call, and of its variance over draws.

    Args:
        device: of the policy; it is not run.
        reading: its QNode at one call.
        partition: outcomes to actions.
        total: shots there are.
        law: of parameter draws.
        seed: of the simulation.
        level: at which a size is told from noise.
    """
    road = MeasuredActions(reading, partition, device, _FEWEST, Executor())
    circuits = road.cost_per_draw().circuits
    squares = np.sum(road.slopes() ** 2, axis=0)
    size = float(ndtri((1 + level) / 2))
    noise = () if is_exact_simulator(device) else ("noise of the device is left out",)
    return ShotPlan(
        options=(
            _gradient(partition.n_actions, circuits, squares, total, size),
            _variance(reading, partition, circuits, squares, total, size, law, seed),
        ),
        total_shots=total,
        level=level,
        device=device_name(device),
        notes=(*_NOTES, *noise),
    )


def _gradient(
    actions: int, circuits: int, squares: np.ndarray, total: int, size: float
) -> ShotOption:
    shots = total // circuits
    row: dict[str, Any] = {"quantity": "policy-gradient", "method": "shift", "circuits": circuits}
    if shots < _FEWEST:
        why = f"needs at least {_FEWEST * circuits:,} shots"
        return ShotOption(**row, reason=why)
    seen = squares[squares > 0]
    each = np.mean(seen) if seen.size else 0.0
    error = float(np.sqrt(each * (1 - 1 / actions) / (actions * shots)))
    return ShotOption(**row, shots=shots, stderr=error, resolved=size * error)


def _variance(
    reading: Reading,
    partition: Partition,
    circuits: int,
    squares: np.ndarray,
    total: int,
    size: float,
    law: Law,
    seed: int,
) -> ShotOption:
    row: dict[str, Any] = {"quantity": "policy-variance", "method": "sample"}
    if reading.circuit.n_wires > WIDEST:
        why = f"what to expect is simulated, on up to {WIDEST} wires"
        return ShotOption(**row, circuits=circuits, reason=why)
    split = _split(reading, partition, circuits, squares, total, law, seed)
    if isinstance(split, str):
        return ShotOption(**row, circuits=circuits, reason=split)
    return ShotOption(
        **row,
        circuits=circuits * split.draws,
        shots=split.shots,
        stderr=split.stderr,
        resolved=size * split.noise,
        draws=split.draws,
        relative=split.relative,
    )


def _split(
    reading: Reading,
    partition: Partition,
    circuits: int,
    squares: np.ndarray,
    total: int,
    law: Law,
    seed: int,
) -> Split | str:
    """The best split, or why there is none."""
    rng = np.random.default_rng(seed)
    drawn = draw(law, reading.circuit, reading.arguments.parameters, _EXPECTED, rng)
    found = SimulatedActions(reading, partition, DEFAULT_MEMORY).at(drawn)
    p, dp, actions = found.probabilities, found.derivatives, partition.n_actions
    errors = np.diag(p.mean(axis=0)) - p.T @ p / len(p)
    deviations = dp - dp.mean(axis=0)
    terms = np.mean(deviations**2, axis=1)
    value = terms.mean(axis=0)
    seen = value > 1e-12
    if not np.any(seen):
        return "the variance is zero"
    linear = np.einsum("dap,ab,dbp->p", deviations, errors, deviations, optimize=True) / len(dp)
    square, spread = float(np.sum(errors**2)), terms.var(axis=0, ddof=1)[seen]
    weights, linear = squares[seen], linear[seen]

    def noise(n: int) -> np.ndarray:
        return 2 * n / (n - 1) * (weights / n) ** 2 * square / actions**2

    def of_one(n: int) -> np.ndarray:
        return spread + 4 * weights / n * linear / actions**2 + noise(n)

    split = best_split(total, circuits, value[seen], of_one, noise, 2)
    return split if split is not None else "needs more shots"

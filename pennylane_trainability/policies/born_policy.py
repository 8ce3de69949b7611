"""The entry point ``born_policy``: a QNode whose outcomes are actions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import Reading, read_qnode, refuse_capture
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.shot_plan_record import ShotPlan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.policies.draws import (
    PolicyDraws,
    SimulatedActions,
    measured_wires,
    refuse_calibration,
)
from pennylane_trainability.policies.measured_actions import MeasuredActions
from pennylane_trainability.policies.partitions import Partition, check_actions, partition_of
from pennylane_trainability.policies.policy_gradient import PolicyGradient
from pennylane_trainability.policies.policy_shot_plan import plan_of_policy
from pennylane_trainability.policies.read_out import outcome_probabilities
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import choose_engine, device_name

__all__ = ["BornPolicy", "born_policy"]


class BornPolicy:
    """A circuit whose measured outcomes are actions; made by :func:`born_policy`.

    Attributes:
        qnode: a QNode like the user's that returns the probabilities of outcomes.
        n_actions: number of actions ``A``.
        partition: which outcomes mean which action: a name or a function.
    """

    def __init__(self, qnode, n_actions: int, partition):
        self.qnode = outcome_probabilities(qnode)
        self.n_actions = int(n_actions)
        self.partition = partition

    def __repr__(self) -> str:
        name = getattr(self.qnode.func, "__name__", "QNode")
        return f"BornPolicy({name}, {self.n_actions} actions, {self.partition_name})"

    @property
    def partition_name(self) -> str:
        """The partition in words."""
        return getattr(self.partition, "__name__", str(self.partition))

    def __call__(self, *args, **kwargs):
        """Action probabilities ``(..., A)``; with a shot vector a tuple of them.

        They can be differentiated as the results of the QNode can: under autograd, JAX and Torch.
        """
        result = self.qnode(*args, **kwargs)
        if Shots(self.qnode.shots).has_partitioned_shots:
            return tuple(self._summed(one) for one in result)
        return self._summed(result)

    def log(self, *args, **kwargs):
        """``log π(a)``, probabilities below ``1/shots`` counted as ``1/shots``.

        Differentiable like the probabilities, with derivative zero where it is clipped; unlike
        :meth:`log_policy_gradient`, numerator and denominator come from the same shots there.
        """
        shots = Shots(self.qnode.shots)
        counts = list(shots) if shots.has_partitioned_shots else [shots.total_shots]
        found = self(*args, **kwargs)
        parts = found if shots.has_partitioned_shots else (found,)
        logs = tuple(
            qml.math.log(p if n is None else qml.math.clip(p, 1.0 / n, 1.0))
            for p, n in zip(parts, counts, strict=True)
        )
        return logs if shots.has_partitioned_shots else logs[0]

    def sample(
        self, size: int, *args, seed: int | np.random.SeedSequence | None = None, **kwargs
    ) -> np.ndarray:
        """Actions drawn by the policy, ``(size,)``: one shot of the device each.

        On a simulator without shots they are drawn from its probabilities.

        Args:
            size: how many.
            *args: the arguments of the QNode.
            seed: of the draws from probabilities, and of the order of measured actions; the shots
                themselves follow the seed of the device.
            **kwargs: the keyword arguments of the QNode.
        """
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ReadingError(f"size needs a whole number ≥ 1; got {size!r}.")
        rng = np.random.default_rng(seed)
        if not self.qnode.shots:
            p = np.maximum(np.asarray(qml.math.unwrap([self(*args, **kwargs)])[0], float), 0.0)
            self._refuse_batch(p)
            return rng.choice(self.n_actions, size=size, p=p / p.sum())
        one = BornPolicy(qml.set_shots(self.qnode, shots=int(size)), self.n_actions, self.partition)
        p = np.asarray(qml.math.unwrap([one(*args, **kwargs)])[0], float)
        self._refuse_batch(p)
        return rng.permutation(np.repeat(np.arange(self.n_actions), np.rint(p * size).astype(int)))

    def log_policy_gradient(
        self,
        *args,
        argnums=None,
        encoding_args=None,
        engine: str = "auto",
        memory: int = DEFAULT_MEMORY,
        rescale: bool = False,
        mitigate_read_out: bool = False,
        level: float = 0.95,
        max_circuits: int | None = None,
        max_shots: int | None = None,
        executor: Executor | None = None,
        **kwargs,
    ) -> Any:
        r"""``∂ log π(a)/∂θ`` of all actions, with errors: exact, or from shots on the device.

        With ``N`` shots per circuit, :math:`\widehat{\partial\pi}` follows from shift rules and is
        unbiased; :math:`\hat\pi` comes from shots of its own, so both are independent, and

        .. math:: \widehat{\partial\log\pi} = \widehat{\partial\pi} / \max(\hat\pi, 1/N)

        is biased only by the factor :math:`E[\pi/\max(\hat\pi, 1/N)]`, which is reported.

        Args:
            *args: the arguments of the QNode: one state, no broadcasting axis.
            argnums: the trainable arguments; see :func:`loss_variance`.
            encoding_args: the state, or other data arguments; see :func:`loss_variance`.
            engine: ``"auto"``, ``"exact"`` or ``"measured"``; see :func:`loss_variance`.
            memory: bytes of states of the exact engine.
            rescale: take the survival ``s`` of the gates, as mirror circuits show it, out of
                probabilities and ``∂π``: ``π`` becomes ``(π − q)/s + q`` with the share ``q`` of
                the outcomes that mean the action. A **model** (global depolarising noise), not a
                correction; raw values are kept, and standard errors hold those of the calibration.
            mitigate_read_out: take errors of reading out of both, as measured in two more circuits:
                a **model**, too, in which every wire is read wrongly by itself. With a calibration
                ``∂ log π`` is that of actions whose probability is three standard errors above
                zero, and NaN of others: there is no lower end to clip at.
            level: level of the intervals of a calibration.
            max_circuits: refuse more circuits before running any.
            max_shots: refuse more shots before running any.
            executor: how circuits are run.
            **kwargs: the keyword arguments of the QNode.

        Returns:
            A :class:`PolicyGradient`; with a shot vector a tuple of them.

        **Cost.** Exact: no circuits. Measured: the shift rule of every parameter that is not dead,
        and one circuit for the probabilities; all actions share them.
        """
        reading, partition = self.read(args, kwargs, argnums, encoding_args)
        shots = Shots(self.qnode.shots)
        chosen = choose_engine(self.qnode.device, shots, engine)
        check_level(level)
        if chosen != "measured":
            refuse_calibration(rescale or mitigate_read_out)
            exact = SimulatedActions(reading, partition, memory)
            return self._gradient(reading, exact, None, chosen, level)
        runner = default_executor(self.qnode.device, max_circuits, max_shots, executor)
        counts: list[int | None] = list(shots) or [None]
        roads = [
            MeasuredActions(
                *(reading, partition, self.qnode.device, count, runner),
                *(rescale, mitigate_read_out),
            )
            for count in counts
        ]
        runner.check(sum((road.cost_per_draw() + road.once(1) for road in roads), Cost()))
        found = runner.several(
            [
                functools.partial(self._gradient, reading, road, count, chosen, level)
                for road, count in zip(roads, counts, strict=True)
            ]
        )
        return tuple(found) if shots.has_partitioned_shots else found[0]

    def plan_shots(
        self,
        total_shots: int,
        *args,
        argnums=None,
        encoding_args=None,
        law: Law | None = None,
        seed: int | np.random.SeedSequence | None = None,
        level: float = 0.95,
        **kwargs,
    ) -> ShotPlan:
        """What can be learned about this policy with so many shots? As :func:`plan_shots`.

        Args:
            total_shots: what there is to spend, all circuits together.
            *args: the arguments of the QNode: one state, no broadcasting axis.
            argnums: the trainable arguments; see :func:`loss_variance`.
            encoding_args: the state, or other data arguments.
            law: of parameter draws; default: uniform over each parameter's period.
            seed: of the simulation behind the row of the variance; drawn if ``None``.
            level: at which a size is told from noise.
            **kwargs: the keyword arguments of the QNode.

        Returns:
            A :class:`ShotPlan` with two rows: ``policy-gradient`` (``∂π`` of all actions, by
            :meth:`log_policy_gradient`) and ``policy-variance`` (variance of ``∂π`` over draws, by
            :func:`policy_variance`, with the best split between draws and shots per draw).

        Raises:
            ReadingError: the QNode cannot be read, or has fewer outcomes than actions.
            ValueError: ``total_shots`` is no positive whole number.

        **Cost.** No circuits.
        """
        whole = isinstance(total_shots, int | np.integer) and not isinstance(total_shots, bool)
        if not whole or total_shots < 1:
            raise ValueError(f"total_shots needs a positive whole number; got {total_shots!r}.")
        check_level(level)
        reading, partition = self.read(args, kwargs, argnums, encoding_args)
        return plan_of_policy(
            *(self.qnode.device, reading, partition, int(total_shots)),
            *(law or Uniform(), kept_seed(seed), level),
        )

    def read(
        self, args: tuple, kwargs: dict, argnums=None, encoding_args=None
    ) -> tuple[Reading, Partition]:
        """The QNode at one call, and which of its outcomes mean which action.

        Raises:
            ReadingError: the QNode cannot be read, or has fewer outcomes than actions.
        """
        reading = read_qnode(self.qnode, args, kwargs, encoding_args, argnums, need_inputs=False)
        n_bits = len(measured_wires(reading.circuit))
        return reading, partition_of(self.partition, self.n_actions, n_bits)

    def _gradient(self, reading, road, shots: int | None, engine: str, level: float):
        found = road.at(reading.arguments.parameters[None])
        count = reading.circuit.n_parameters
        return PolicyGradient(
            **_values(found, level),
            clip=0.0 if shots is None else 1.0 / shots,
            index=reading.arguments.unflatten(np.arange(1, count + 1)),
            parameters=reading.arguments.parameter_labels(),
            partition=self.partition_name,
            notes=_noise(road, reading),
            cost=found.cost,
            provenance=Provenance(
                n_samples=1, shots=shots, device=device_name(self.qnode.device), engine=engine
            ),
        )

    def _summed(self, probabilities):
        """Outcome probabilities ``(..., 2^w)`` added up per action, in their interface."""
        shape = qml.math.shape(probabilities)
        if not shape:
            raise ReadingError("The QNode returned one number where probabilities were expected.")
        partition = partition_of(self.partition, self.n_actions, int(shape[-1]).bit_length() - 1)
        if partition.is_even:
            sorted_ = probabilities[..., partition.order]
            return qml.math.sum(
                qml.math.reshape(sorted_, (*shape[:-1], self.n_actions, -1)), axis=-1
            )
        matrix = qml.math.convert_like(partition.matrix(), probabilities)
        return qml.math.dot(probabilities, qml.math.cast_like(matrix, probabilities))

    def _refuse_batch(self, p: np.ndarray) -> None:
        if p.shape != (self.n_actions,):
            raise ReadingError(
                "Actions are drawn for one state, and this call has a broadcasting axis; call it "
                "once for each entry."
            )


def born_policy(
    qnode, n_actions: int, partition: str | Callable[[np.ndarray], np.ndarray] = "contiguous"
) -> BornPolicy:
    r"""A policy whose action probabilities are those of measured outcomes (Born's rule).

    .. math:: \pi(a \mid s; \theta) = \sum_{x\,:\,\mathrm{action}(x) = a}
        \langle\psi(s, \theta)|x\rangle\langle x|\psi(s, \theta)\rangle

    as in Sequeira, Santos and Barbosa, `arXiv:2406.09614 <https://arxiv.org/abs/2406.09614>`__.

    * ``"contiguous"``: the first :math:`\log_2 A` measured wires, read as a number: a read-out of
      few wires as long as there are few actions;
    * ``"parity"``: bit ``m`` of the action (of weight :math:`2^m`) is the parity of the outcome
      with its last ``m`` bits dropped: a read-out of nearly all wires for any number of actions;
    * a function of the bits ``(2^w, w)`` that returns an action for every row.

    Args:
        qnode: a QNode on any device, with or without shots, that returns ``qml.probs(wires=…)`` or
            the expectation value of one Pauli word, whose wires are then read in its basis.
        n_actions: how many actions ``A``; a power of two for the named partitions.
        partition: which outcomes mean which action.

    Returns:
        A :class:`BornPolicy`. Called with the QNode's arguments it returns ``(..., A)``
        probabilities, differentiable as the QNode is; ``log``, ``sample`` and
        ``log_policy_gradient`` take the same arguments. For other shots make another one:
        ``born_policy(qml.set_shots(qnode, shots=…), …)``.

    Raises:
        ReadingError: the number of actions does not fit the partition (at once) or the outcomes,
            or something else is measured (when it is called).

    **Cost.** A call runs the QNode once.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=1)
    ...     return qml.probs(wires=[0, 1])
    >>> weights = np.array([np.pi / 3, np.pi / 2])
    >>> pt.born_policy(circuit, 2)(weights).round(4)
    array([0.75, 0.25])
    >>> policy = pt.born_policy(circuit, 2, partition="parity")
    >>> policy(weights).round(4)
    array([0.5, 0.5])
    >>> policy.log_policy_gradient(weights).value.round(4) + 0.0  # ∂π(0) = −cos(θ₀) sin(θ₁)/2
    array([[ 0. , -0.5],
           [ 0. ,  0.5]])
    """
    refuse_capture()
    check_actions(partition, n_actions)
    if not isinstance(qnode, qml.QNode):
        raise ReadingError(f"born_policy needs a QNode; got {type(qnode).__name__}.")
    return BornPolicy(qnode, n_actions, partition)


def check_level(level: float) -> None:
    """Refuse a level that is none."""
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")


def _noise(road: SimulatedActions | MeasuredActions, reading: Reading) -> tuple[str, ...]:
    if isinstance(road, SimulatedActions):
        return ()
    return noise_notes("policy-gradient", road.runner.device, reading.circuit)


def _values(found: PolicyDraws, level: float) -> dict[str, Any]:
    """Probabilities, derivatives and errors at one point, with a calibration if there is one."""
    p, dp = found.probabilities[0], found.derivatives[0]
    if found.calibrated is None:
        noise = np.zeros_like(dp) if found.noise is None else found.noise[0]
        return {"probabilities": p, "derivatives": dp, "stderrs": np.sqrt(noise)}
    numbers = [own[0] for own in found.calibrated.numbers()]
    of_p = found.calibrated.factors(lambda own: own[0][0])
    of_dp = found.calibrated.factors(lambda own: own[1][0])
    return {
        "probabilities": numbers[0],
        "derivatives": numbers[1],
        "stderrs": np.sqrt(numbers[3] + np.sum(of_dp**2, axis=0)),
        "raw_probabilities": p,
        "raw_derivatives": dp,
        "probability_stderrs": np.sqrt(numbers[2] + np.sum(of_p**2, axis=0)),
        "calibration": found.calibrated.record(level),
    }

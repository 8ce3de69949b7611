"""Natural gradient descent that stays calm under shot noise."""

from __future__ import annotations

import copy
from dataclasses import field, replace

import numpy as np
import pennylane as qml

from pennylane_trainability.devices import one_job
from pennylane_trainability.devices.counted import Counted
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.optimize.blank import Blank
from pennylane_trainability.optimize.metric import NOISE_FLOOR, Metric, Way, trained_positions
from pennylane_trainability.pricing import Part, Price, cost, price_of_parts, recorded
from pennylane_trainability.results import Cost, Result, kept_seed, record

__all__ = ["NaturalGradientOptimizer", "NaturalStep"]


@record
class NaturalStep(Result):
    """One step: what was followed, and what that cost.

    Attributes:
        gradient: flat, over all trained arguments, ``(P,)``.
        direction: what was followed instead, ``(P,)``.
        damping: what was added to the eigenvalues of the QFIM; 0 if nothing was.
        metric_cost: circuits and shots of the metric; none if an earlier one was used again.
        gradient_cost: those of the gradient, and of the objective with it.
        notes: what noise does to it, where the device may be noisy.
    """

    gradient: np.ndarray = field(repr=False)
    direction: np.ndarray = field(repr=False)
    damping: float
    metric_cost: Cost
    gradient_cost: Cost
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> Cost:
        """Metric and gradient together."""
        return self.metric_cost + self.gradient_cost

    def rows(self) -> list[tuple[str, object]]:
        """Lengths and costs."""
        return [
            ("gradient", f"length {np.linalg.norm(self.gradient):.3g}"),
            ("natural gradient", f"length {np.linalg.norm(self.direction):.3g}"),
            ("damping", self.damping),
            ("metric", self.metric_cost),
            ("gradient and value", self.gradient_cost),
            *(("note", note) for note in self.notes),
        ]


class NaturalGradientOptimizer(qml.GradientDescentOptimizer):
    r"""Quantum natural gradient descent with the whole metric, damped by its own noise.

    .. math::

        \theta \leftarrow \theta - \eta\,\bigl(\tfrac14(F_+ + \lambda)\bigr)^{-1} \nabla f,

    with the quantum Fisher information :math:`F` over **all** trainable arguments together
    (Stokes et al., `arXiv:1909.02108 <https://arxiv.org/abs/1909.02108>`__); :math:`F/4` is
    ``qml.metric_tensor``, so stepsizes mean what they mean in ``qml.QNGOptimizer``. Without shots
    on a simulator :math:`F` is exact, :math:`\lambda = 0`, and directions in which the state
    does not move at all are left out. With shots :math:`F` is measured on the QNode's
    device, :math:`F_+` is the estimate without negative eigenvalues, and :math:`\lambda` its
    noise floor: directions above the noise are followed with their own metric, the others
    with at most :math:`4/\lambda` times their gradient, instead of being blown up.

    Args:
        stepsize: :math:`\eta`.
        method: as in :func:`metric_tensor_fn`.
        regularisation: ``"noise-floor"``, or a number that is added to every eigenvalue of
            :math:`F/4` instead (``lam`` of ``qml.QNGOptimizer``).
        seed: of the resampling behind noise floors; drawn and kept if ``None``.
        level: of noise floors.
        max_circuits: refuse more circuits for one metric before running any.
        max_shots: refuse more shots for one metric before running any.
        executor: how the circuits of metrics are run.

    Attributes:
        stepsize: :math:`\eta`; may be changed between steps.
        history: one :class:`NaturalStep` per step: gradient, direction, damping, cost.
        metric_tensor: the last :math:`F/4`, nothing added, ``(P, P)``; ``None`` before a step.
        measured: the last :class:`MeasuredQFIM`; ``None`` if it was exact.

    **Cost.** Per step the gradient as ``qml.grad`` computes it (sent as one job on Qiskit devices)
    and one metric, see :func:`metric_tensor_fn`. ``history[-1].cost`` says what a step cost.

    **Example**

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> from pennylane import numpy as pnp
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(a, b):
    ...     qml.RX(a, wires=0)
    ...     qml.RY(b, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> optimizer = pt.NaturalGradientOptimizer(stepsize=0.1)
    >>> args = pnp.array(0.3), pnp.array(0.4)
    >>> for _ in range(30):
    ...     args, before = optimizer.step_and_cost(circuit, *args)
    >>> bool(circuit(*args) < -0.99)
    True
    >>> optimizer.history[-1].metric_cost.circuits
    0
    """

    def __init__(
        self,
        stepsize: float = 0.1,
        *,
        method: str = "auto",
        regularisation: str | float = NOISE_FLOOR,
        seed: int | np.random.SeedSequence | None = None,
        level: float = 0.95,
        max_circuits: int | None = None,
        max_shots: int | None = None,
        executor: Executor | None = None,
    ):
        super().__init__(stepsize)
        self.seed = kept_seed(seed)
        self._way = Way(
            None, method, regularisation, self.seed, level, max_circuits, max_shots, executor
        )
        self.history: list[NaturalStep] = []
        self._metric: Metric | None = None

    @property
    def metric_tensor(self) -> np.ndarray | None:
        """The last ``F/4`` over all trained parameters, ``(P, P)``."""
        return None if self._metric is None else self._metric.matrix / 4

    @property
    def measured(self):
        """The last :class:`MeasuredQFIM`, ``None`` if there is none."""
        return None if self._metric is None else self._metric.measured

    def step_and_cost(self, objective_fn, *args, grad_fn=None, recompute_tensor=True, **kwargs):
        """One step, and the value of the objective before it.

        Args:
            objective_fn: a QNode that returns one number.
            *args: its positional arguments; those with ``requires_grad=True`` are trained.
            grad_fn: the gradient, a function of the same arguments; ``None`` takes ``qml.grad``.
            recompute_tensor: whether the metric is computed again; else the last one is used.
            **kwargs: its keyword arguments, left as they are.

        Returns:
            The new arguments (one array if there is only one, else a list), and the value.
        """
        return self._advance(objective_fn, args, kwargs, grad_fn, recompute_tensor, True)

    def step(self, objective_fn, *args, grad_fn=None, recompute_tensor=True, **kwargs):
        """One step; arguments as for :meth:`step_and_cost`.

        Returns:
            The new arguments: one array if there is only one, else a list.
        """
        return self._advance(objective_fn, args, kwargs, grad_fn, recompute_tensor, False)[0]

    def cost(self, objective_fn, *args, grad_fn=None, **kwargs) -> Cost:
        """What the gradient and the metric of one step will cost; nothing is run.

        Args:
            objective_fn: a QNode that returns one number.
            *args: its positional arguments.
            grad_fn: see :meth:`step_and_cost`; a function of one's own is not counted.
            **kwargs: its keyword arguments.
        """
        device = self._blank(objective_fn, args, kwargs, grad_fn)
        metric = cost(self._only_metric(objective_fn, args, kwargs), self._way.executor)
        return _cost_of(device) + metric

    def price(self, objective_fn, *args, grad_fn=None, **kwargs) -> Price:
        """What one step will cost on the device, see :func:`price`; nothing is run.

        Args:
            objective_fn: a QNode that returns one number.
            *args: its positional arguments.
            grad_fn: see :meth:`step_and_cost`; a function of one's own is not counted.
            **kwargs: its keyword arguments.
        """
        device = self._blank(objective_fn, args, kwargs, grad_fn)
        ask = self._only_metric(objective_fn, args, kwargs)
        parts = recorded(ask, self._way.executor, look=True)
        own = objective_fn.device
        gradient = [Part(own, tuple(device.tapes), None)] if device.tapes else []
        return price_of_parts([*gradient, *parts], own)

    def _blank(self, qnode, args, kwargs, grad_fn) -> Blank:
        """A device that has seen the circuits of the gradient, and ran none."""
        counted = self._counted(qnode, Blank)
        if grad_fn is None:
            self.compute_grad(counted, args, kwargs)
        return counted.device

    def _only_metric(self, qnode, args, kwargs):
        trained = trained_positions(args)
        return lambda executor: replace(self._way, executor=executor).metric(
            qnode, args, kwargs, trained
        )

    def _advance(self, qnode, args, kwargs, grad_fn, recompute: bool, evaluate: bool):
        """The new arguments and, if it is at hand or asked for, the value before."""
        counted = self._counted(qnode)
        trained = trained_positions(args)
        if not trained:
            raise ReadingError(
                "No positional argument has requires_grad=True, so there is nothing to train. Pass "
                "weights as pennylane.numpy arrays (pnp.array(weights, requires_grad=True))."
            )
        gradient, value = self.compute_grad(counted, args, kwargs, grad_fn=grad_fn)
        if value is None and evaluate:
            value = counted(*args, **kwargs)
        flat = np.concatenate([np.ravel(np.asarray(part, float)) for part in gradient])
        metric, cost = self._metric_of(qnode, args, kwargs, trained, recompute)
        if len(metric.matrix) != len(flat):
            raise ReadingError(
                f"The gradient has {len(flat)} entries and the metric {len(metric.matrix)} "
                "parameters; pass recompute_tensor=True after a change of arguments."
            )
        damping = metric.damping
        direction = metric.natural(flat, damping)
        self.history.append(
            NaturalStep(
                gradient=flat,
                direction=direction,
                damping=damping,
                metric_cost=cost,
                gradient_cost=_cost_of(counted.device),
                notes=metric.noise,
            )
        )
        new = self.apply_grad(_as(args, trained, direction), args)
        return (new[0] if len(new) == 1 else new), value

    def _metric_of(self, qnode, args, kwargs, trained, recompute) -> tuple[Metric, Cost]:
        if self._metric is not None and not recompute:
            return self._metric, Cost()
        key = np.random.SeedSequence(self.seed, spawn_key=(len(self.history),))
        self._metric = replace(self._way, seed=key).metric(qnode, args, kwargs, trained)
        return self._metric, self._metric.cost

    @staticmethod
    def _counted(qnode, kind: type[Counted] = Counted):
        """The same QNode on its own device, counting what is sent; Qiskit devices in one job."""
        if not isinstance(qnode, qml.QNode):
            raise ReadingError(
                f"The objective needs to be a QNode, whose states have a metric; got "
                f"{type(qnode).__name__}. For a function of QNodes use qml.QNGOptimizer with "
                "metric_tensor_fn=pt.metric_tensor_fn(qnode)."
            )
        new = copy.copy(qnode)
        new.device = kind(one_job(qnode.device))
        new._init_args = {**qnode._init_args, "device": new.device}
        return new


def _as(args: tuple, trained: list[int], flat: np.ndarray) -> list[np.ndarray]:
    """A flat vector in the shapes of the trained arguments."""
    stops = np.cumsum([np.size(args[k]) for k in trained])
    parts = np.split(flat, stops[:-1])
    return [part.reshape(np.shape(args[k])) for k, part in zip(trained, parts, strict=True)]


def _cost_of(device: Counted) -> Cost:
    return Cost(
        circuits=device.circuits,
        distinct_circuits=device.circuits,
        shots=device.total_shots,
        executions=device.executions,
    )

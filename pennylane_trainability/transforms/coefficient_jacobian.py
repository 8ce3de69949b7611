"""The transform ``coefficient_jacobian``."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian
from pennylane_trainability.simulation.second_order import jacobian_vjp
from pennylane_trainability.transforms.budget import check_budget
from pennylane_trainability.transforms.carrier import carried, carrying
from pennylane_trainability.transforms.engines import (
    choose_engine,
    device_name,
    takes_shot_vectors,
)
from pennylane_trainability.transforms.gradient_tapes import warn_of_fallback
from pennylane_trainability.transforms.interfaces import as_arguments, interface_of, is_traced, wrap
from pennylane_trainability.transforms.jacobian_circuits import check_gradient, jacobian_circuits
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes
from pennylane_trainability.transforms.task import Task, task_of_tape

__all__ = ["coefficient_jacobian"]


@functools.partial(qml.transform, final_transform=True)
def coefficient_jacobian(
    tape: QuantumScript,
    encoding_args=None,
    argnums=None,
    *,
    spectrum=None,
    engine: str = "auto",
    gradient: str = "shift",
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
    max_circuits: int | None = None,
    max_shots: int | None = None,
):
    r"""How the Fourier coefficients of a QNode change with its trainable parameters.

    A QNode that encodes its inputs :math:`x` with gates :math:`e^{-i a x H}` is a Fourier series

    .. math:: f(x; \theta) = \sum_k c_k(\theta)\, e^{+i k \cdot x}, \qquad c_{-k} = c_k^*,

    and this transform returns the real Jacobian :math:`J = \partial c / \partial \theta` with the
    rows :math:`c_0`, then :math:`\sqrt2\,\mathrm{Re}\,c_k` and :math:`\sqrt2\,\mathrm{Im}\,c_k` for
    every frequency of the positive half of the spectrum, ascending. With these rows :math:`J^T J`
    is the mean over the input of :math:`\partial f\,\partial f^T` (Parseval). The concept is the
    coefficient-matching Jacobian of Poppel et al.,
    `arXiv:2605.05942 <https://arxiv.org/abs/2605.05942>`__.

    On a noiseless state-vector simulator without shots the numbers come from this package's own
    state-vector engine and nothing is executed on the device; on every other device they are
    measured there.

    Args:
        tape (QNode or QuantumScript): the circuit. A QNode must return ``expval`` or ``probs``.
        encoding_args: the inputs: name(s) or position(s) of QNode arguments, or
            ``{name: indices}``. ``None`` takes the one floating argument with
            ``requires_grad=False``, or else the one keyword array. On a tape:
            ``{input: parameter indices}``.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every other
            floating argument (except PennyLane tensors marked ``requires_grad=False``).
        spectrum: frequencies, ``(m,)`` or ``(m, number of inputs)``; ``None`` finds them from the
            gates.
        engine: ``"auto"``, ``"exact"`` (simulate), ``"lightning"`` (simulate with lightning's
            adjoint method) or ``"measured"`` (run circuits on the device).
        gradient: how derivatives are measured: ``"shift"``, ``"commuting"``, ``"dla"``,
            ``"hadamard"``, or ``"auto"``, the one that is predicted to need the fewest shots for
            equal errors; see :func:`measured_grad`.
        memory: bytes the exact engine may hold in states at once.
        max_points: refuse grids with more input points.
        max_circuits: refuse more circuits than this; on devices that are no simulators more than
            1,000 are refused without it (on tapes the device is not known).
        max_shots: refuse more shots of all circuits together before running any.

    Returns:
        One array ``(K, *measurement shape, *argument shape)`` per trainable argument (the array
        itself for one argument, a tuple for several), in the structure of the QNode's return value;
        with a shot vector a tuple of these. A tape gives ``(tapes, post-processing)``.

    Raises:
        ReadingError: no input or no trainable parameter is recognised, or a gate cannot be read.
        NotFourierError: the output is no Fourier series in the inputs; the message names the gate.
        BudgetError: the grid has more than ``max_points`` points, states exceed ``memory``, or
            there are more circuits or shots than allowed; nothing was run.

    **Cost.** Exact: no circuits. Measured: ``G`` input points times the shifted circuits (two per
    rotation, four per controlled rotation; none for gates outside the light cone) times the
    measurement bases, all in one device execution. With another ``gradient`` the table of
    :func:`measured_grad` says how many circuits every input point takes; with ``"dla"`` they do not
    grow with the number of parameters.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> weights = np.array([0.3, 0.4])
    >>> J = qml.transforms.coefficient_jacobian(circuit, encoding_args="x")(0.0, weights)
    >>> J.shape  # rows: constant, cosine and sine of frequency 1
    (3, 2)
    >>> np.round(J, 4) + 0.0
    array([[-0.372 , -0.2722],
           [-0.1925, -0.2631],
           [ 0.    ,  0.    ]])

    The first column follows from
    :math:`f = \cos\theta_0\cos\theta_1\cos x - \sin\theta_0\sin\theta_1`.

    The result can be differentiated once more under autograd, JAX (also inside ``jax.jit``) and
    Torch on the exact engine, where angles are linear in the parameters; measured values cannot.
    """
    task = carried(tape)
    if task is None:
        check_gradient(gradient)
        limits = max_circuits, max_shots
        task = task_of_tape(
            tape, encoding_args, argnums, spectrum, engine, gradient, memory, max_points, limits
        )
    if task.device is None and task.engine == "auto":
        chosen = "measured"
    else:
        chosen = choose_engine(task.device, tape.shots, task.engine)
    if chosen != "measured":
        return [], functools.partial(_exact, task)
    return _measured(task, tape.shots)


@coefficient_jacobian.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("encoding_args", "argnums"), targs, strict=False)) | tkwargs
    make_task = functools.partial(_task_of_call, qnode, **options)
    return self.default_qnode_transform(carrying(qnode, "coefficient_jacobian", make_task), (), {})


def _task_of_call(
    qnode,
    args,
    kwargs,
    device,
    *,
    encoding_args=None,
    argnums=None,
    spectrum=None,
    engine="auto",
    gradient="shift",
    memory=DEFAULT_MEMORY,
    max_points=20_000,
    max_circuits=None,
    max_shots=None,
) -> Task:
    check_gradient(gradient)
    reading = read_qnode(qnode, args, kwargs, encoding_args, argnums, differentiable=True)
    series = series_of(reading, spectrum, max_points)
    return Task(series, device, engine, memory, gradient, (max_circuits, max_shots))


def _exact(task: Task, _results=None):
    """The exact answer in the user's interface and structure."""
    arguments, series = task.reading.arguments, task.series

    def jacobians(theta):
        road = "lightning" if task.engine == "lightning" else "exact"
        found = exact_jacobian(series, theta[None], memory=task.memory, engine=road)
        return [j[0] for j in found.jacobian or ()]

    if not is_traced(arguments):
        stacks = [as_arguments(s, arguments) for s in jacobians(arguments.parameters)]
        return _arranged(task, stacks)
    lead = _leading_shapes(series)
    size = arguments.parameters.size
    cuts = np.cumsum([0, *(int(np.prod(s)) for s in lead)])

    def numeric(theta):
        return np.concatenate([j.reshape(-1, size) for j in jacobians(theta)])

    def vjp(theta, v):
        parts = [
            v[a:b].reshape(*s, size) for a, b, s in zip(cuts[:-1], cuts[1:], lead, strict=True)
        ]
        return jacobian_vjp(series, theta, parts, task.memory)

    stack = wrap(arguments, numeric, vjp, (int(cuts[-1]), size))
    stacks = [
        qml.math.reshape(stack[a:b], (*s, size))
        for a, b, s in zip(cuts[:-1], cuts[1:], lead, strict=True)
    ]
    return _arranged(task, stacks)


def _leading_shapes(series: Series) -> list[tuple[int, ...]]:
    from pennylane_trainability.simulation.observables import outputs_of

    return [(series.spectrum.n_rows, *o.shape) for o in outputs_of(series.reading.circuit)]


def _arranged(task: Task, stacks: list):
    """Per measurement the user's arguments, in the structure the QNode returns."""
    arguments = task.reading.arguments
    return task.reading.unflatten_outputs([arguments.unflatten(stack) for stack in stacks])


def _measured(task: Task, shots):
    arguments = task.reading.arguments
    if is_traced(arguments) and interface_of(arguments) != "torch":
        raise NotImplementedError(
            "A measured coefficient Jacobian cannot be differentiated or compiled; use a "
            "simulator without shots, or call it outside jit and grad."
        )
    if (
        shots.has_partitioned_shots
        and task.device is not None
        and not takes_shot_vectors(task.device)
    ):
        raise ReadingError(
            f"{device_name(task.device)} returns no shot vectors, and this QNode has {shots}. Set "
            "one number of shots with qml.set_shots, and call it once for each number."
        )
    task.series.require_complete()
    built = jacobian_circuits(
        task.series.circuit(hold_out=False),
        task.series.sampling.matrix,
        shots,
        gradient=task.gradient,
        device=task.device,
    )
    check_budget(built.n_circuits, shots, *task.limits, task.device)
    if not isinstance(built, JacobianTapes):
        warn_of_fallback(built.question)

    def one(results, count):
        jacobian, _ = built.values(built.observed(results, count))
        return _arranged(task, [as_arguments(s, arguments) for s in built.split(jacobian)])

    def post(results):
        if not shots.has_partitioned_shots:
            return one(results, shots.total_shots)
        return tuple(one([r[c] for r in results], count) for c, count in enumerate(shots))

    if not built.tapes:
        return [], lambda _: one([], None)
    return built.tapes, post

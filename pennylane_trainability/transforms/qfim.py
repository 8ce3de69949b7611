"""The transform ``qfim``."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
from pennylane.operation import Channel, StatePrepBase
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.arguments import is_variable
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.fisher import fisher_information
from pennylane_trainability.simulation.fisher_vjp import fisher_vjp
from pennylane_trainability.simulation.mixed_fisher import mixed_fisher_information
from pennylane_trainability.transforms.blocks import argument_blocks
from pennylane_trainability.transforms.carrier import carried, carrying
from pennylane_trainability.transforms.density_tapes import density_tapes
from pennylane_trainability.transforms.engines import (
    device_name,
    is_density_simulator,
    is_exact_simulator,
)
from pennylane_trainability.transforms.interfaces import as_arguments, interface_of, is_traced, wrap
from pennylane_trainability.transforms.points_task import PointsTask, points_of_tape

__all__ = ["qfim"]


@functools.partial(qml.transform, final_transform=True)
def qfim(
    tape: QuantumScript,
    argnums=None,
    *,
    encoding_args=None,
    engine: str = "auto",
    memory: int = DEFAULT_MEMORY,
):
    r"""The quantum Fisher information matrix of the state a QNode prepares, exactly.

    .. math::

        F_{ij} = 4\,\mathrm{Re}\left[\langle\partial_i\psi|\partial_j\psi\rangle
        - \langle\partial_i\psi|\psi\rangle\langle\psi|\partial_j\psi\rangle\right],

    four times ``qml.metric_tensor``, of the state before the measurement: what the QNode returns
    does not matter. See Meyer, `arXiv:2103.15191 <https://arxiv.org/abs/2103.15191>`__.

    Args:
        tape (QNode or QuantumScript): the circuit.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every floating
            argument (except PennyLane tensors marked ``requires_grad=False``). On a tape:
            positions of parameters, ``None`` takes ``tape.trainable_params``.
        encoding_args: name(s) or position(s) of data arguments, or ``{name: indices}``; they are
            left alone and not differentiated. On a tape: positions of parameters.
        engine: ``"auto"`` takes what belongs to the device, see below; ``"exact"`` simulates the
            pure state in any case.
        memory: bytes the simulation may hold in states at once.

    Returns:
        As ``qml.metric_tensor``: for one trainable argument of shape ``S`` an array ``(*S, *S)``,
        for several a tuple of such blocks, one per argument; a PyTree argument gives a tree of
        trees. Arguments with PennyLane's broadcasting axis of size ``B`` give a leading axis ``B``.
        A tape gives ``(tapes, post-processing)`` and one matrix ``(P, P)``.

    Raises:
        ReadingError: shots are set, the device is no simulator, or a gate cannot be read.
        BudgetError: the state and one derivative exceed ``memory``.

    **Which formula where.** On noiseless state-vector simulators without shots (and on tapes
    without channels) the formula above, computed by this package's own engine in one sweep; nothing
    is executed on the device. On density-matrix simulators without shots (``default.mixed``, and
    tapes with channels) the QFIM of the *mixed* output state by symmetric logarithmic derivatives,

    .. math::

        F_{ij} = 2\sum_{p_k + p_l > 0} \frac{\mathrm{Re}\left[\langle k|\partial_i\rho|l\rangle
        \langle l|\partial_j\rho|k\rangle\right]}{p_k + p_l}, \qquad
        \rho = \sum_k p_k |k\rangle\langle k|,

    which is the first formula where the state is pure. The density matrix and its derivatives are
    executed on the device. On all other devices, and with shots, the matrix has to be measured:
    ``measured_qfim``.

    **Cost.** Pure states: no circuits. Mixed states: for every point one circuit and the shifted
    ones (two per rotation, four per controlled rotation) in one device execution.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.Hadamard(0)
    ...     qml.RZ(weights[0], wires=0)
    ...     qml.RX(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> F = qml.transforms.qfim(circuit)(np.array([np.pi / 4, 0.1]))
    >>> np.round(F, 4) + 0.0
    array([[1. , 0. ],
           [0. , 0.5]])

    The second entry is :math:`1 - \cos^2\theta_0`. A device with noise:

    >>> @qml.qnode(qml.device("default.mixed", wires=1))
    ... def noisy(weight):
    ...     qml.RY(weight, wires=0)
    ...     qml.DepolarizingChannel(0.3, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> float(np.round(qml.transforms.qfim(noisy)(0.5), 4))  # (1 - 4p/3)²
    0.36

    The result for pure states can be differentiated under autograd, JAX (also inside ``jax.jit``)
    and Torch, where angles are linear in the arguments.
    """
    task = carried(tape)
    if task is None:
        points = points_of_tape(tape, argnums, encoding_args)
        task = PointsTask(points, None, {"engine": engine, "memory": memory})
    if _road(task, tape.shots) == "pure":
        return [], functools.partial(_pure, task)
    return _mixed(task)


@qfim.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("argnums",), targs, strict=False)) | tkwargs
    make_task = functools.partial(_task_of_call, qnode, **options)
    return self.default_qnode_transform(carrying(qnode, "qfim", make_task), (), {})


def _task_of_call(
    qnode,
    args,
    kwargs,
    device,
    *,
    argnums=None,
    encoding_args=None,
    engine="auto",
    memory=DEFAULT_MEMORY,
) -> PointsTask:
    points = read_points(qnode, args, kwargs, argnums, encoding_args, differentiable=True)
    return PointsTask(points, device, {"engine": engine, "memory": memory})


def _road(task: PointsTask, shots) -> str:
    """``"pure"`` or ``"mixed"``."""
    engine, device = task.options["engine"], task.device
    if engine not in ("auto", "exact"):
        raise ReadingError(f"engine={engine!r} is unknown; use 'auto' or 'exact'.")
    if engine == "exact":
        return "pure"
    if not shots:
        if device is None:
            return "mixed" if _is_mixed(task.points.circuit) else "pure"
        if is_exact_simulator(device):
            return "pure"
        if is_density_simulator(device):
            return "mixed"
    name = "A tape" if device is None else device_name(device)
    if shots:
        why = f"{name} with {shots} gives samples, not states"
    else:
        why = f"{name} is not known as an analytic simulator"
    raise ReadingError(
        f"{why}, so the QFIM has to be measured: use measured_qfim. For a simulation of the pure "
        "state without the device, pass engine='exact'."
    )


def _is_mixed(circuit: Circuit) -> bool:
    channels = any(isinstance(gate.op, Channel) for gate in circuit.gates)
    return channels or any(not isinstance(op, StatePrepBase) for op in circuit.preparation)


def _pure(task: PointsTask, _results=None):
    """By the engine of this package, in the user's interface and structure."""
    points, memory = task.points, task.options["memory"]
    draws, size = points.parameters.shape
    by_inputs = any(is_variable(leaf.original) for leaf in points.call.leaves if _is_data(leaf))

    def numeric(numbers):
        return _without_axis(points, fisher_information(points.at(numbers), draws, memory))

    def vjp(numbers, v):
        cotangent = np.reshape(v, (draws, size, size))
        found = fisher_vjp(points.at(numbers), cotangent, memory, by_inputs=by_inputs)
        out = np.zeros_like(numbers)
        np.add.at(out, points.parameter_index, found[0])
        np.add.at(out, points.input_index, found[1])
        return out

    shape = (size, size) if points.batch is None else (draws, size, size)
    matrix = wrap(points.call, numeric, vjp, shape, points.numbers)
    return _arranged(task, matrix)


def _arranged(task: PointsTask, matrix):
    """In blocks of the user's arguments; a tape has none."""
    if task.device is None:
        return matrix
    return argument_blocks(matrix, task.points.reading.arguments)


def _is_data(leaf) -> bool:
    return bool(leaf.is_input.any())


def _without_axis(points: Points, stack: np.ndarray) -> np.ndarray:
    return stack[0] if points.batch is None else stack


def _mixed(task: PointsTask):
    """By density matrices from the device."""
    points = task.points
    if is_traced(points.call) and interface_of(points.call) != "torch":
        raise NotImplementedError(
            "The QFIM of a mixed state cannot be differentiated or compiled; call it outside jit "
            "and grad."
        )
    built = density_tapes(points.circuit, len(points.parameters))
    need = 16 * 4**points.circuit.n_wires * (len(built.tapes) + points.parameters.size)
    if need > (memory := task.options["memory"]):
        raise BudgetError(
            f"The density matrices of {len(built.tapes)} circuits and their derivatives need "
            f"{need / 2**20:.3g} MiB; the budget is {memory / 2**20:.3g} MiB. Raise memory=…, or "
            "choose fewer parameters with argnums."
        )

    def post(results):
        matrix = _without_axis(points, mixed_fisher_information(*built.states(results)))
        return _arranged(task, as_arguments(matrix, points.call))

    return built.tapes, post

"""Exact QFIMs of one circuit, by this package and its peers.

Every method gets ready before the clock starts: imports, its circuit object or QNode, its function.
What is timed is the first, then further calls for the matrix. Only NumPy is imported at the top, so
that peers run in environments of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from circuits import X, bricks, parameters, quantum_function

Call = Callable[[], object]


def _qnode(n: int, blocks: int, state: bool = False, **options):
    import pennylane as qml

    returns = qml.state if state else lambda: qml.expval(qml.Z(0))
    function = quantum_function(bricks(n, blocks), returns)
    return qml.QNode(function, qml.device("default.qubit", wires=n), **options)


def ours(n: int, blocks: int) -> Call:
    import pennylane as qml

    import pennylane_trainability  # noqa: F401 - imports are not timed

    qnode, weights = _qnode(n, blocks), parameters(n, blocks)
    # wrapped anew every time: nothing is remembered between calls
    return lambda: qml.transforms.qfim(qnode, encoding_args="x")(X, weights)


def adjoint_metric_tensor(n: int, blocks: int) -> Call:
    import pennylane as qml
    from pennylane import numpy as pnp

    qnode, weights = _qnode(n, blocks), pnp.array(parameters(n, blocks), requires_grad=True)
    return lambda: 4 * qml.adjoint_metric_tensor(qnode)(X, weights)


def quantum_fisher(n: int, blocks: int) -> Call:
    import pennylane as qml
    from pennylane import numpy as pnp

    qnode, weights = _qnode(n, blocks), pnp.array(parameters(n, blocks), requires_grad=True)
    return lambda: qml.gradients.quantum_fisher(qnode)(X, weights)


def jax_state(n: int, blocks: int) -> Call:
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    qnode = _qnode(n, blocks, state=True)
    weights = jnp.asarray(parameters(n, blocks))

    def matrix(w):
        psi = qnode(X, w)
        slopes = jax.jacfwd(lambda v: qnode(X, v))(w)
        along = psi.conj() @ slopes
        return 4 * jnp.real(slopes.conj().T @ slopes - jnp.outer(along.conj(), along))

    jitted = jax.jit(matrix)
    return lambda: np.asarray(jitted(weights))


def mindquantum_qfi(n: int, blocks: int) -> Call:
    from mindquantum.core.circuit import Circuit, qfi
    from mindquantum.core.gates import RX, RY, RZ
    from mindquantum.core.gates import X as NOT

    kinds, circuit = {"RX": RX, "RY": RY, "RZ": RZ}, Circuit()
    for name, wires, k in bricks(n, blocks):
        if name == "CNOT":
            circuit += NOT.on(wires[1], wires[0])
        else:
            circuit += kinds[name](X if k is None else f"p{k}").on(wires[0])
    weights = parameters(n, blocks)
    return lambda: qfi(circuit)(weights)


def qiskit_reverse(n: int, blocks: int) -> Call:
    from qiskit.circuit import ParameterVector, QuantumCircuit
    from qiskit_algorithms.gradients import QFI, DerivativeType, ReverseQGT

    weights = parameters(n, blocks)
    vector, circuit = ParameterVector("p", len(weights)), QuantumCircuit(n)
    for name, wires, k in bricks(n, blocks):
        if name == "CNOT":
            circuit.cx(*wires)
        else:
            getattr(circuit, name.lower())(X if k is None else vector[k], wires[0])

    def call():
        job = QFI(ReverseQGT(derivative_type=DerivativeType.REAL)).run([circuit], [weights])
        return job.result().qfis[0]

    return call


def _tensorcircuit(n: int, blocks: int, **options) -> Call:
    import tensorcircuit as tc
    from tensorcircuit.experimental import qng

    tc.set_backend("jax")
    tc.set_dtype("complex128")

    def state(w):
        circuit = tc.Circuit(n)
        for name, wires, k in bricks(n, blocks):
            if name == "CNOT":
                circuit.cnot(*wires)
            else:
                getattr(circuit, name.lower())(wires[0], theta=X if k is None else w[k])
        return circuit.state()

    jitted = tc.backend.jit(qng(state, **options))
    weights = tc.array_to_tensor(parameters(n, blocks))
    return lambda: 4 * np.real(np.asarray(jitted(weights)))


def tensorcircuit_qng(n: int, blocks: int) -> Call:
    return _tensorcircuit(n, blocks)


def tensorcircuit_plain(n: int, blocks: int) -> Call:
    return _tensorcircuit(n, blocks, postprocess=None)


@dataclass(frozen=True)
class Method:
    """A way to the matrix: what has to be installed, and what makes the call."""

    name: str
    needs: str
    make: Callable[[int, int], Call]
    quick: bool = True


METHODS = {
    m.name: m
    for m in (
        Method("this package", "pennylane_trainability", ours),
        Method("qml.adjoint_metric_tensor", "pennylane", adjoint_metric_tensor),
        Method("qml.gradients.quantum_fisher", "pennylane", quantum_fisher, quick=False),
        Method("jax.jit(jacfwd(qml.state))", "jax", jax_state),
        Method("MindQuantum qfi", "mindquantum", mindquantum_qfi),
        Method("Qiskit QFI(ReverseQGT)", "qiskit_algorithms", qiskit_reverse),
        Method("TensorCircuit qng, jit", "tensorcircuit", tensorcircuit_qng, quick=False),
        Method("same, postprocess=None", "tensorcircuit", tensorcircuit_plain, quick=False),
    )
}

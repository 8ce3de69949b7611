"""The transform ``commuting_grad``."""

from __future__ import annotations

import functools

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.transforms.carrier import carried
from pennylane_trainability.transforms.gradient_qnodes import (
    carrying_gradient,
    gradient_of_points,
)
from pennylane_trainability.transforms.gradient_tapes import expanded, gradient_of_tape

__all__ = ["commuting_grad"]


@functools.partial(qml.transform, expand_transform=expanded, final_transform=True)
def commuting_grad(
    tape: QuantumScript,
    argnums=None,
    *,
    encoding_args=None,
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    read_out: str = "counts",
    aux_wire=None,
    device_wires=None,
    max_circuits: int | None = None,
    max_shots: int | None = None,
):
    r"""The gradient of a circuit, from one circuit for all parameters that commute alike.

    A gate :math:`e^{-i\theta_j P_j/2}` with what stands behind it, :math:`W`, gives

    .. math:: \partial_j\langle O\rangle = \mathrm{Im}\langle W\varphi|O\,W P_j\varphi\rangle .

    Call the rotations behind it that anticommute with :math:`P_j` its *signature*. For all
    parameters of one signature :math:`S_j = P_j P_r` with one of them, :math:`P_r`, commutes with
    :math:`W`. So one circuit, in which an auxiliary wire in :math:`|+\rangle` controls :math:`P_r`
    at its place (a Hadamard test), gives all of them from the Pauli words
    :math:`\pm Y_a \otimes OS_j` (or :math:`\pm X_a \otimes iOS_j`), which commute with each other.
    For an empty signature no auxiliary wire is needed: :math:`\pm iOP_j` is read in the circuit as
    it is.

    Clifford gates are moved out of the way, several words per generator (``CRX``,
    ``SingleExcitation`` …) are several components, tied and pre-processed parameters follow by the
    chain rule, and gates that nothing depends on are left out. A gate whose generator is not known
    in Pauli words falls back to its shift rule, with a warning.

    Sources: Bowles, Wierichs and Park, `arXiv:2306.14962 <https://arxiv.org/abs/2306.14962>`__
    (commuting-block circuits: theorems 1 and 2); Chinzei et al., `arXiv:2406.18316
    <https://arxiv.org/abs/2406.18316>`__ (circuits with Pauli symmetries, which have few blocks).

    Args:
        tape (QNode or QuantumScript): the circuit. It returns expectation values of observables
            with a Pauli representation (or on up to 4 wires), or probabilities of up to 8 wires.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every floating
            argument (except data and PennyLane tensors marked ``requires_grad=False``). On a tape:
            parameter indices, by default ``tape.trainable_params``.
        encoding_args: name(s) or position(s) of data arguments: their gates are left alone.
        grouping: which words share a circuit: ``"commuting"``, ``"qubit-wise"`` (no two-qubit gates
            are appended) or ``"auto"``, the cheaper of the two.
        two_qubit_weight: how many circuits an added two-qubit gate is worth.
        read_out: ``"counts"`` asks for outcomes of wires (sampling primitives), ``"means"`` for
            expectation values of Pauli words (estimator primitives, devices that give no more).
        aux_wire: the auxiliary wire; ``None`` takes one the circuit does not use.
        device_wires: the wires there are, where the transform cannot see the device: on tapes and
            as ``diff_method``.
        max_circuits: refuse more circuits than this; on devices that are no simulators more than
            1,000 are refused without it (on tapes and as ``diff_method`` the device is not known).
        max_shots: refuse more shots of all circuits together before running any.

    Returns:
        Of a QNode, what ``qml.jacobian`` gives: for a result of shape ``M`` and an argument of
        shape ``S`` an array ``(*M, *S)``; tuples for several arguments or results; with a
        broadcasting axis of size ``B`` in the call, ``(B, *M, *S)``; with a shot vector a tuple of
        these. A tape gives ``(tapes, post-processing)`` in the structure of
        ``qml.gradients.param_shift``.

    Raises:
        ReadingError: something cannot be read or measured, or there is no wire to spare (the
            message names methods that need none).
        BudgetError: more circuits or shots than allowed; nothing was run.
        NotImplementedError: somebody asks for derivatives of the gradient.

    **Cost.** One circuit per signature for one Pauli word, at most one per generator word; for a
    sum of words one per set of words that commute. Parameter shift takes two per parameter. Added
    to the user's circuit are as many two-qubit gates as the controlled word has letters, and those
    of the read-out. All circuits go in one device execution (on Qiskit devices one job). Plans are
    kept by structure, so that a training loop plans once.

    **Example**

    All generators commute, so that one circuit gives three derivatives:

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> gates = [qml.RX(0.4, 0), qml.IsingXX(0.7, [0, 1]), qml.PauliRot(1.1, "XXX", [0, 1, 2])]
    >>> tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))])
    >>> tapes, post = qml.gradients.commuting_grad(tape)
    >>> len(tapes), len(qml.gradients.param_shift(tape)[0])
    (1, 6)
    >>> gradient = post(qml.execute(tapes, qml.device("default.qubit")))
    >>> [round(float(g), 4) for g in gradient]
    [-0.1351, -0.2691, -0.6278]

    As the gradient of a QNode that is trained:

    >>> import numpy as np
    >>> @qml.qnode(qml.device("default.qubit"), diff_method=qml.gradients.commuting_grad)
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.IsingXX(weights[1], wires=[0, 1])
    ...     return qml.expval(qml.Z(0))
    >>> np.round(qml.grad(circuit)(qml.numpy.array([0.4, 0.7])), 4)
    array([-0.2978, -0.5934])
    """
    task = carried(tape)
    if task is not None:
        return gradient_of_points(task, tape.shots)
    options = dict(
        method="commuting", grouping=grouping, two_qubit_weight=two_qubit_weight,
        read_out=read_out, aux_wire=aux_wire, device_wires=device_wires,
    )  # fmt: skip
    return gradient_of_tape(tape, options, argnums, encoding_args, max_circuits, max_shots)


@commuting_grad.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("argnums",), targs, strict=False)) | tkwargs | {"method": "commuting"}
    new = carrying_gradient(qnode, "commuting_grad", options)
    return self.default_qnode_transform(new, (), {})

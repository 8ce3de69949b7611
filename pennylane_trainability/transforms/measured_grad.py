"""The transform ``measured_grad``."""

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

__all__ = ["measured_grad"]


@functools.partial(qml.transform, expand_transform=expanded, final_transform=True)
def measured_grad(
    tape: QuantumScript,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    read_out: str = "counts",
    aux_wire=None,
    device_wires=None,
    max_circuits: int | None = None,
    max_shots: int | None = None,
):
    r"""The gradient of a circuit, measured with the circuits that are predicted to need least.

    ==============  ==================  ========================================================
    method          needs               circuits for ``P`` parameters
    ==============  ==================  ========================================================
    ``commuting``   one auxiliary wire  one per distinct anticommutation signature, at most one
                                        per generator word; see :func:`commuting_grad`
    ``dla``         nothing             one per set of commuting words at the output, whatever
                                        ``P`` is; needs a small Lie algebra; see
                                        :func:`dla_grad`
    ``hadamard``    one auxiliary wire  one per generator word; see
                                        ``qml.gradients.hadamard_grad``
    ``shift``       nothing             ``2P`` for generators with two eigenvalues; see
                                        ``qml.gradients.param_shift``
    ==============  ==================  ========================================================

    Each is multiplied by the number of sets of commuting words it has to read. ``auto`` compares
    circuits times the variance of all derivatives, which is the number of shots for equal errors
    if every word has the variance of a fair coin:

    .. math:: n_\text{circuits} \sum_{r,p,t} M_{rp,t}^2 ,

    where :math:`M` takes the means of the words :math:`t` to :math:`\partial_p f_r`; Hadamard tests
    are never cheaper than ``commuting`` and are run only when they are asked for.

    Sources: Bowles, Wierichs and Park, `arXiv:2306.14962 <https://arxiv.org/abs/2306.14962>`__;
    Chinzei et al., `arXiv:2406.18316 <https://arxiv.org/abs/2406.18316>`__; Heidari, Mozakka and
    Szpankowski, `arXiv:2404.05108 <https://arxiv.org/abs/2404.05108>`__; Wierichs et al.,
    `arXiv:2107.12390 <https://arxiv.org/abs/2107.12390>`__ (shift rules).

    Args:
        tape (QNode or QuantumScript): the circuit. It returns expectation values of observables
            with a Pauli representation (or on up to 4 wires), or probabilities of up to 8 wires.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every floating
            argument (except data and PennyLane tensors marked ``requires_grad=False``). On a tape:
            parameter indices, by default ``tape.trainable_params``.
        encoding_args: name(s) or position(s) of data arguments: their gates are left alone.
        method: one of the table, or ``"auto"``.
        grouping: which words share a circuit: ``"commuting"``, ``"qubit-wise"`` or ``"auto"``.
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
        ReadingError: something cannot be read or measured, or the device cannot do the method (the
            message names those it can do).
        BudgetError: more circuits or shots than allowed; nothing was run.
        NotImplementedError: somebody asks for derivatives of the gradient.

    **Cost.** See the table; all circuits go in one device execution (on Qiskit devices one job).
    Plans are kept by structure, so that a training loop plans once.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for wire in range(2):
    ...         qml.RY(weights[wire], wires=wire)
    ...     qml.IsingXX(weights[2], wires=[0, 1])
    ...     return qml.expval(qml.Z(0))
    >>> weights = np.array([0.4, 0.7, 1.1])
    >>> np.round(qml.gradients.measured_grad(circuit)(weights), 4) + 0.0
    array([-0.1766,  0.    , -0.8209])

    Inside gradients it is a ``diff_method``, here without a choice of the method:

    >>> qnode = qml.QNode(circuit.func, circuit.device, diff_method=qml.gradients.measured_grad,
    ...                   gradient_kwargs={"method": "shift"})
    >>> np.round(qml.grad(qnode)(qml.numpy.array(weights)), 4) + 0.0
    array([-0.1766,  0.    , -0.8209])
    """
    task = carried(tape)
    if task is not None:
        return gradient_of_points(task, tape.shots)
    options = dict(
        method=method, grouping=grouping, two_qubit_weight=two_qubit_weight,
        read_out=read_out, aux_wire=aux_wire, device_wires=device_wires,
    )  # fmt: skip
    return gradient_of_tape(tape, options, argnums, encoding_args, max_circuits, max_shots)


@measured_grad.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("argnums",), targs, strict=False)) | tkwargs
    new = carrying_gradient(qnode, "measured_grad", options)
    return self.default_qnode_transform(new, (), {})

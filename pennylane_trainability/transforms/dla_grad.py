"""The transform ``dla_grad``."""

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

__all__ = ["dla_grad"]


@functools.partial(qml.transform, expand_transform=expanded, final_transform=True)
def dla_grad(
    tape: QuantumScript,
    argnums=None,
    *,
    encoding_args=None,
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    read_out: str = "counts",
    n_bases: int = 100,
    seed: int | None = None,
    truncation: float = 0.0,
    max_words: int = 1 << 16,
    max_circuits: int | None = None,
    max_shots: int | None = None,
):
    r"""The gradient of a circuit, from Pauli words at the output of the circuit as it is.

    A gate :math:`e^{-i\theta_j P_j/2}` with what stands behind it, :math:`W`, gives

    .. math:: \partial_j\langle O\rangle = \tfrac i2\langle[\tilde P_j, O]\rangle, \qquad
              \tilde P_j = W P_j W^\dagger = \sum_t c_{jt}\,\sigma_t ,

    where the Pauli words :math:`\sigma_t` span (a part of) the dynamical Lie algebra and the
    coefficients follow from the angles, with :math:`\sum_t c_{jt}^2 = 1`. So it is enough to
    measure the words :math:`\pm i\sigma_t O` with :math:`\{\sigma_t, O\} = 0` at the output of the
    unchanged circuit: their number depends on the algebra, not on how many parameters there are.
    All derivatives follow from one backward sweep on the host. No auxiliary wire is needed.

    Clifford gates are moved out of the way, several words per generator are several components,
    tied and pre-processed parameters follow by the chain rule. Other unitaries on up to 4 wires mix
    words by their Pauli transfer matrix. A gate falls back to its shift rule, with a warning, if
    its generator is not known in Pauli words, or if it would have to be carried through a channel
    or a unitary on more wires.

    The algebra has to be small: polynomial in the number of wires for free fermions (Ising-like
    chains, matchgates), but exponential for generic circuits. There the words that a circuit of few
    layers reaches may still be few; or small coefficients are left out (``truncation``), which
    changes a derivative of :math:`O = \sum_i h_i H_i` by at most :math:`\sum_i |h_i|` times the sum
    of all moduli left out for its component. A warning states the largest of these bounds.
    If :math:`O` lies in a small algebra together with a simple input, everything can be simulated
    without a quantum computer.

    Source: Heidari, Mozakka and Szpankowski, `arXiv:2404.05108
    <https://arxiv.org/abs/2404.05108>`__; for the circuits of Chinzei et al., `arXiv:2406.18316
    <https://arxiv.org/abs/2406.18316>`__, 4 circuits give all 96 derivatives.

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
            expectation values of Pauli words (estimator primitives, devices that give no more),
            ``"shadows"`` measures all wires in ``n_bases`` random one-qubit bases and reads every
            word wherever its letters agree with the basis.
        n_bases: for ``"shadows"``, how many bases, one circuit each.
        seed: for ``"shadows"``, where bases are drawn from; ``None`` draws others in every call.
        truncation: leave out coefficients below this modulus after every gate; 0 leaves out none.
        max_words: refuse more words :math:`\sigma_t` than this.
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
        ReadingError: something cannot be read or measured, or no random basis reads some word.
        BudgetError: more words or circuits than allowed; nothing was run.
        NotImplementedError: somebody asks for derivatives of the gradient.

    **Cost.** One circuit per set of commuting words, whatever the number of parameters. On the host
    one sweep over the gates, in which a gate touches only words it does not commute with. All
    circuits go in one device execution (on Qiskit devices one job). Plans are kept by structure, so
    that a training loop plans once (not with ``truncation``, where they depend on the angles).

    **Example**

    A second layer does not change the number of circuits:

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> layer = [qml.RX(0.4, 0), qml.RX(0.2, 1), qml.IsingZZ(0.7, [0, 1])]
    >>> for layers in (1, 2, 10):
    ...     tape = qml.tape.QuantumScript(layer * layers, [qml.expval(qml.Z(0))])
    ...     print(len(qml.gradients.dla_grad(tape)[0]), len(qml.gradients.param_shift(tape)[0]))
    1 6
    3 12
    3 60

    As the gradient of a QNode that is trained:

    >>> import numpy as np
    >>> @qml.qnode(qml.device("default.qubit"), diff_method=qml.gradients.dla_grad)
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
        method="dla", grouping=grouping, two_qubit_weight=two_qubit_weight, read_out=read_out,
        n_bases=n_bases, seed=seed, truncation=truncation, max_words=max_words,
    )  # fmt: skip
    return gradient_of_tape(tape, options, argnums, encoding_args, max_circuits, max_shots)


@dla_grad.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("argnums",), targs, strict=False)) | tkwargs | {"method": "dla"}
    new = carrying_gradient(qnode, "dla_grad", options)
    return self.default_qnode_transform(new, (), {})

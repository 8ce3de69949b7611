"""Blocks of commuting rotations that share symmetries, so that gradients are read in parallel."""

from __future__ import annotations

from pennylane.operation import Operation
from pennylane.ops import PauliRot
from pennylane.wires import Wires

from pennylane_trainability.templates._encoding import entry, shape_of
from pennylane_trainability.templates._graph import register
from pennylane_trainability.templates._words import block_words, group_of, texts_of

__all__ = ["StabilizerLogicalProduct"]


class StabilizerLogicalProduct(Operation):
    r"""The stabilizer-logical product ansatz: every rotation by a word, times every symmetry.

    Let :math:`S_1, \dots, S_{2^s}` be a group of commuting Pauli words (the stabilizers) and
    :math:`L_1, \dots, L_B` Pauli words that commute with all of them (the logicals). Block
    :math:`a` holds one rotation with a parameter of its own for every product, and the blocks act
    one after the other,

    .. math::

        U(\theta) = U_B \cdots U_1, \qquad
        U_a = \prod_{j=1}^{2^s} e^{-i\theta_{aj} S_j L_a / 2}.

    All rotations of a block commute with each other and commute or anticommute with any other
    block alike, and with an observable that commutes with all stabilizers. So all derivatives of a
    block are read from one circuit, and the gradient measurement efficiency is
    :math:`\mathcal{F} = 2^s`, the largest at this dimension of the dynamical Lie algebra:
    :math:`\mathcal{X} = 4^n/2^s - 2^s` at most (Chinzei, Yamano, Tran, Endo, Oshima,
    arXiv:2406.18316).

    The sign of a product :math:`S_j L_a` is absorbed in its angle: the gate is ``PauliRot`` with
    the angle ``weights[a, j]`` and the letters of the product.

    Args:
        weights (tensor_like): the angles :math:`\theta_{aj}`, shape ``(B, 2**s)``, with a leading
            batch axis if there is one; see :meth:`shape`.
        stabilizers (Sequence): ``s`` independent generators, or all ``2**s`` elements of the group.
            Column ``j`` of the weights belongs to the product of the generators whose bit is set in
            ``j``, the first one being the lowest bit (:math:`1, g_0, g_1, g_0 g_1, g_2, \dots`); to
            element ``j`` where the whole group is given.
        logicals (Sequence): ``B`` words, one for each block, in order of time. A word may occur
            several times.
        wires (Any or Iterable[Any]): the wires.

    Words are strings with one letter per wire (``"XZI"``, ``"-XZI"``), ``PauliWord``\ s, or
    products of Pauli operators. ``default.qubit`` multiplies with the dense matrix of a rotation;
    beyond seven wires use ``lightning.qubit``, which does not.

    Raises:
        ValueError: if two stabilizers do not commute, one is a product of the others, or they
            generate :math:`-1`; if a logical does not commute with a stabilizer or is a product of
            stabilizers; or if shapes do not fit.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> from pennylane_trainability.templates import StabilizerLogicalProduct
    >>> weights = np.full(StabilizerLogicalProduct.shape(n_logicals=2, n_stabilizers=1), 0.1)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit():
    ...     StabilizerLogicalProduct(weights, ["XXX"], ["XII", "ZZI"], wires=range(3))
    ...     return qml.expval(qml.X(0))
    >>> print(qml.draw(circuit, level="device")())
    0: ──RX(0.10)──╭RZZ(0.10)─╭RYYX(0.10)─┤  <X>
    1: ─╭RXX(0.10)─╰RZZ(0.10)─├RYYX(0.10)─┤
    2: ─╰RXX(0.10)────────────╰RYYX(0.10)─┤
    """

    grad_method = None
    num_params = 1
    ndim_params = (2,)
    resource_keys = frozenset({"stabilizers", "logicals"})

    def __init__(self, weights, stabilizers, logicals, wires):
        wires = Wires(wires)
        words = {
            "stabilizers": texts_of(stabilizers, wires, "stabilizers"),
            "logicals": texts_of(logicals, wires, "logicals"),
        }
        if not words["logicals"]:
            raise ValueError("StabilizerLogicalProduct needs at least one logical, but got none.")
        expected = (len(words["logicals"]), len(group_of(words["stabilizers"])))
        block_words(**words)
        shape = shape_of(weights)
        if len(shape) not in (2, 3) or shape[-2:] != expected:
            raise ValueError(
                f"weights must have shape {expected}, one row for each logical and one column for "
                f"each product of stabilizers, or a batch of such arrays, but got shape {shape}. "
                "StabilizerLogicalProduct.shape(n_logicals, n_stabilizers) gives it."
            )
        self._hyperparameters = words
        super().__init__(weights, wires=wires)

    @classmethod
    def _primitive_bind_call(cls, weights, stabilizers, logicals, wires):
        options = {
            "stabilizers": texts_of(stabilizers, Wires(wires), "stabilizers"),
            "logicals": texts_of(logicals, Wires(wires), "logicals"),
        }
        return super()._primitive_bind_call(weights, wires=wires, **options)

    def _flatten(self):
        return self.data, (self.wires, tuple(self._hyperparameters.items()))

    @property
    def resource_params(self) -> dict:
        """What the gates depend on."""
        return dict(self._hyperparameters)

    @staticmethod
    def compute_decomposition(weights, wires, stabilizers, logicals):
        """The rotations, block after block.

        Args:
            weights (tensor_like): ``(B, 2**s)``, or a batch.
            wires (Iterable[Any]): the wires.
            stabilizers (tuple[str]): generators or all elements of the group.
            logicals (tuple[str]): one word for each block.

        Returns:
            list[Operator]: the gates in order of time, each on the wires where its word has a
            letter other than ``I``.
        """
        batched = len(shape_of(weights)) > 2
        return [
            PauliRot(entry(weights, (a, j), batched), text, wires=[wires[w] for w in at])
            for a, block in enumerate(block_words(stabilizers, logicals))
            for j, (text, at) in enumerate(block)
        ]

    @staticmethod
    def shape(n_logicals: int, n_stabilizers: int) -> tuple[int, int]:
        """Shape of the weights.

        Args:
            n_logicals: number ``B`` of logicals.
            n_stabilizers: number ``s`` of independent stabilizers.

        Returns:
            ``(B, 2**s)``.
        """
        return n_logicals, 2**n_stabilizers

    @staticmethod
    def brick_wall(n_wires: int, n_layers: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        r"""Stabilizers and logicals of the two-body circuit that keeps the parities of X and Z.

        The stabilizers are :math:`X^{\otimes n}` and :math:`Z^{\otimes n}`. The logicals are
        :math:`XX`, :math:`YY` and :math:`ZZ` on neighbours of a ring, in layers: on the bonds
        (0, 1), (2, 3), … in even ones, on (1, 2), …, (n−1, 0) in odd ones. On bond ``b`` of layer
        ``l`` the letter is number ``b + 2l`` modulo 3 of X, Y, Z. For four wires and twelve layers
        these are the 24 blocks of Chinzei et al., arXiv:2406.18316, Fig. 4.

        Args:
            n_wires: number of wires, even and at least four.
            n_layers: number of layers; there are ``n_layers * n_wires / 2`` logicals.

        Returns:
            The stabilizers and the logicals, as strings.

        Raises:
            ValueError: if the number of wires is odd or two, or there is no layer.

        **Example**

        >>> from pennylane_trainability.templates import StabilizerLogicalProduct
        >>> StabilizerLogicalProduct.brick_wall(n_wires=4, n_layers=2)
        (('XXXX', 'ZZZZ'), ('XXII', 'IIYY', 'IZZI', 'XIIX'))
        """
        if n_wires < 4 or n_wires % 2:
            raise ValueError(
                f"brick_wall() needs an even number of wires, at least four, but got {n_wires}: on "
                "an odd number X⊗…⊗X and Z⊗…⊗Z do not commute, and on two they are the logicals. "
                "Add or remove wires."
            )
        if n_layers < 1:
            raise ValueError(f"brick_wall() needs at least one layer, but got {n_layers}.")
        logicals = []
        for layer in range(n_layers):
            for bond in range(n_wires // 2):
                letters = ["I"] * n_wires
                for end in (0, 1):
                    letters[(2 * bond + layer % 2 + end) % n_wires] = "XYZ"[(bond + 2 * layer) % 3]
                logicals.append("".join(letters))
        return ("X" * n_wires, "Z" * n_wires), tuple(logicals)


def _samples(stabilizers, logicals):
    """Every rotation once: resources of ``PauliRot`` depend on its word."""
    for block in block_words(stabilizers, logicals):
        for text, at in block:
            yield [PauliRot(0.0, text, wires=range(len(at)))], 1


register(StabilizerLogicalProduct, _samples)

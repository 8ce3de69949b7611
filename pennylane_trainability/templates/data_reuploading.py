"""The general model: N wires, L encoding layers, B trainable blocks between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pennylane.operation import Operation
from pennylane.wires import Wires

from pennylane_trainability.templates._blocks import apply_block, resolve_block_shape
from pennylane_trainability.templates._encoding import (
    check_features,
    check_groups,
    encoding_angles,
    entry,
    freeze,
    resolve_layer_prefactors,
    rotation_gate,
    shape_of,
)
from pennylane_trainability.templates._graph import register
from pennylane_trainability.templates._spectrum import EncodingSpectrum

__all__ = ["DataReuploading"]

OPTIONS = ("block", "block_shape", "rotation", "prefactors")


class DataReuploading(Operation):
    r"""Trainable layers and encoding layers in turn, on any number of wires.

    With :math:`N` wires, :math:`L` encoding layers and :math:`B` trainable blocks in each trainable
    layer,

    .. math::

        U(\mathbf{x}) = W_L\, S_L(\mathbf{x})\, W_{L-1} \cdots S_1(\mathbf{x})\, W_0,
        \qquad W_l = V(\theta_{l,B}) \cdots V(\theta_{l,1}),

    where :math:`S_l` is a
    :class:`~pennylane_trainability.templates.ParallelAngleEncoding`. :math:`W_0` acts first, so
    there are :math:`L + 1` trainable layers. For one input with unit prefactors, an expectation
    value is a Fourier series of degree :math:`E = N L`, the encoding budget (Schuld, Sweke, Meyer,
    Phys. Rev. A 103, 032430 (2021)); the spectrum depends on :math:`E` alone, not on the shape
    :math:`(N, L)` (Holzer, Turkalj, arXiv:2402.14515). Shapes of equal budget are compared by
    Poppel et al., arXiv:2605.05942.

    Args:
        features (tensor_like): the inputs: a scalar (one feature, on every wire), shape ``(d,)``
            (feature ``j`` on the ``j``-th group of ``N/d`` wires), or ``(batch, d)``. A batch of
            one feature has shape ``(batch, 1)``.
        weights (tensor_like): shape ``(L + 1, B, *block_shape)``, with a leading batch axis if
            there is one; see :meth:`shape`.
        wires (Any or Iterable[Any]): the wires.
        block (str or Callable): the trainable block :math:`V`. ``"rot-ring"``: ``Rot`` on every
            wire, then a closed ring of CNOTs from wire ``i`` to ``i + 1`` (two wires: one in each
            direction, one wire: none), block shape ``(N, 3)``. ``"ry-ring"``: the same with ``RY``,
            ``(N,)``.
            ``"special-unitary"``: ``SpecialUnitary`` on all wires, ``(4**N - 1,)``. Or a function
            ``block(weights, wires)`` that applies gates; it gets the weights of one block, behind a
            batch axis if ``weights`` has one.
        block_shape (Sequence[int]): shape of the weights of one block, for a function only.
        rotation (str): axis of the encoding rotations, ``"X"``, ``"Y"`` or ``"Z"``.
        prefactors (str or Sequence): ``"unary"`` (1, 1, 1, …), ``"ternary"`` (1, 3, 9, …) or one
            number for each of the ``N/d`` wires of a feature, the same in every encoding layer; or
            ``L`` such rows, one for each encoding layer.

    Raises:
        ValueError: if shapes do not fit, or an option is not one of the above.

    .. seealso:: :class:`~pennylane.StronglyEntanglingLayers` with all ranges 1 is a
        sequence of ``"rot-ring"`` blocks.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> from pennylane_trainability.templates import DataReuploading
    >>> weights = np.full(DataReuploading.shape(n_layers=1, n_wires=2, block="ry-ring"), 0.1)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x):
    ...     DataReuploading(x, weights, wires=range(2), block="ry-ring")
    ...     return qml.expval(qml.Z(1))
    >>> print(qml.draw(circuit, level="device")(0.5))
    0: ──RY(0.10)─╭●─╭X──RX(0.50)──RY(0.10)─╭●─╭X─┤
    1: ──RY(0.10)─╰X─╰●──RX(0.50)──RY(0.10)─╰X─╰●─┤  <Z>
    """

    grad_method = None
    num_params = 2
    resource_keys = frozenset(
        {"block", "block_shape", "rotation", "n_wires", "n_layers", "n_blocks"}
    )

    def __init__(
        self,
        features,
        weights,
        wires,
        block="rot-ring",
        block_shape=None,
        rotation="X",
        prefactors="unary",
    ):
        wires = Wires(wires)
        gate = rotation_gate(rotation)
        group = len(wires) // check_features(features, len(wires))
        block_shape = resolve_block_shape(block, block_shape, len(wires))
        n_layers = _count_layers(shape_of(weights), block_shape)
        self._rotation = rotation
        self._hyperparameters = {
            "block": block,
            "block_shape": block_shape,
            "rotation": gate,
            "prefactors": resolve_layer_prefactors(prefactors, n_layers, group),
        }
        super().__init__(features, weights, wires=wires)

    @classmethod
    def _primitive_bind_call(cls, features, weights, wires, *options, **named):
        named = dict(zip(OPTIONS, options, strict=False)) | named
        if "prefactors" in named:
            named["prefactors"] = freeze(named["prefactors"])
        return super()._primitive_bind_call(features, weights, wires=wires, **named)

    def _flatten(self):
        options = self._hyperparameters | {"rotation": self._rotation}
        return self.data, (self.wires, tuple((name, options[name]) for name in OPTIONS))

    @property
    def ndim_params(self) -> tuple[int, ...]:
        """Dimensions of features and weights without a batch axis."""
        return (min(1, len(shape_of(self.data[0]))), 2 + len(self._hyperparameters["block_shape"]))

    @property
    def resource_params(self) -> dict:
        """What the number of gates depends on."""
        block_shape = self._hyperparameters["block_shape"]
        return {
            "block": self._hyperparameters["block"],
            "block_shape": block_shape,
            "rotation": self._hyperparameters["rotation"],
            "n_wires": len(self.wires),
            "n_layers": len(self._hyperparameters["prefactors"]),
            "n_blocks": shape_of(self.data[1])[-1 - len(block_shape)],
        }

    @staticmethod
    def compute_decomposition(features, weights, wires, block, block_shape, rotation, prefactors):
        """Trainable layers and encoding layers in order of time.

        Args:
            features (tensor_like): scalar, ``(d,)`` or ``(batch, d)``.
            weights (tensor_like): ``(L + 1, B, *block_shape)``, or a batch.
            wires (Iterable[Any]): the wires.
            block (str or Callable): the trainable block.
            block_shape (tuple[int]): shape of the weights of one block.
            rotation (type[Operator]): the encoding gate.
            prefactors (tuple[tuple[float]]): for each encoding layer one number for each wire of a
                feature.

        Returns:
            list[Operator]: the gates in order of time.
        """
        shape = shape_of(weights)
        batched = len(shape) > 2 + len(block_shape)
        n_blocks = shape[1 + batched]
        layers = encoding_angles(features, prefactors)
        gates = []
        for layer, encodings in enumerate([None, *layers]):
            if encodings is not None:
                gates += [rotation(x, wires=w) for x, w in zip(encodings, wires, strict=True)]
            for b in range(n_blocks):
                gates += apply_block(block, entry(weights, (layer, b), batched), wires)
        return gates

    @staticmethod
    def shape(
        n_layers: int,
        n_wires: int,
        n_blocks: int = 1,
        block: str | Callable = "rot-ring",
        block_shape: Sequence[int] | None = None,
    ) -> tuple[int, ...]:
        """Shape of the weights.

        Args:
            n_layers: number ``L`` of encoding layers.
            n_wires: number of wires.
            n_blocks: number ``B`` of trainable blocks in each trainable layer.
            block: as in the constructor.
            block_shape: as in the constructor.

        Returns:
            ``(n_layers + 1, n_blocks, *block_shape)``.

        Raises:
            ValueError: if the block is unknown, or its shape is missing or does not fit.

        **Example**

        >>> from pennylane_trainability.templates import DataReuploading
        >>> DataReuploading.shape(n_layers=3, n_wires=2, block="special-unitary")
        (4, 1, 15)
        """
        return n_layers + 1, n_blocks, *resolve_block_shape(block, block_shape, n_wires)

    @staticmethod
    def spectrum(
        n_layers: int, n_wires: int, prefactors: str | Sequence = "unary", n_features: int = 1
    ) -> EncodingSpectrum:
        """Encoding budget, frequencies, redundancy and parameter count, without running anything.

        Args:
            n_layers: number of encoding layers.
            n_wires: number of wires.
            prefactors: as in the constructor.
            n_features: number of features.

        Returns:
            The Fourier series of a model with this template.

        Raises:
            ValueError: if the wires are not a multiple of the features, or the prefactors do not
                fit.

        **Example**

        >>> from pennylane_trainability.templates import DataReuploading
        >>> DataReuploading.spectrum(n_layers=2, n_wires=3).budget
        6
        """
        group = n_wires // check_groups(n_features, n_wires)
        rows = resolve_layer_prefactors(prefactors, n_layers, group)
        return EncodingSpectrum((tuple(a for row in rows for a in row),) * n_features)


def _count_layers(shape: tuple[int, ...], block_shape: tuple[int, ...]) -> int:
    """Number of encoding layers that belong to weights of a shape."""
    leading = shape[: len(shape) - len(block_shape)]
    fits = len(leading) in (2, 3) and shape[len(leading) :] == block_shape
    expected = ", ".join(("n_layers + 1", "n_blocks", *map(str, block_shape)))
    if not fits or leading[-2] < 2 or leading[-1] < 1:
        raise ValueError(
            f"weights must have shape ({expected}) with at least one encoding layer and one block, "
            f"or a batch of such arrays, but got shape {shape}. "
            "DataReuploading.shape(n_layers, n_wires, n_blocks, block, block_shape) gives it."
        )
    return leading[-2] - 1


def _samples(block, block_shape, rotation, n_wires, n_layers, n_blocks):
    """Example gates for the count of resources: one encoding gate, one block."""
    gates = apply_block(block, np.zeros(block_shape), Wires(range(n_wires)))
    return [
        ([rotation(0.0, wires=0)], n_layers * n_wires),
        (gates, (n_layers + 1) * n_blocks),
    ]


register(DataReuploading, _samples)

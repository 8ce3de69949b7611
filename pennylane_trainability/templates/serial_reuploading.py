"""The same input again and again along one wire."""

from __future__ import annotations

from collections.abc import Sequence

from pennylane.operation import Operation
from pennylane.ops import Rot
from pennylane.wires import Wires

from pennylane_trainability.templates._encoding import (
    check_features,
    check_groups,
    encoding_angles,
    entry,
    freeze,
    resolve_prefactors,
    rotation_gate,
    shape_of,
)
from pennylane_trainability.templates._graph import register
from pennylane_trainability.templates._spectrum import EncodingSpectrum

__all__ = ["SerialReuploading"]


class SerialReuploading(Operation):
    r"""Trainable rotations and encodings in turn, along one wire.

    With :math:`L` encoding layers, from right to left in time,

    .. math::

        U(x) = W_L\, R_P(a_L x)\, W_{L-1} \cdots R_P(a_1 x)\, W_0,
        \qquad W_l = \mathrm{Rot}(\phi_l, \theta_l, \omega_l).

    :math:`W_0` acts first, so there are :math:`L + 1` trainable rotations. The expectation value of
    an observable is a Fourier series of degree :math:`L` for unit prefactors (Schuld, Sweke, Meyer,
    Phys. Rev. A 103, 032430 (2021)), with the same frequencies as :math:`L` encodings in parallel
    (Holzer, Turkalj, arXiv:2402.14515).

    On several wires the same is done on every wire with weights of its own, and nothing couples the
    wires: the state is a **product** of serial models. For wires that are entangled between the
    encodings use
    :class:`~pennylane_trainability.templates.DataReuploading`.

    Args:
        features (tensor_like): the inputs: a scalar (one feature, on every wire), shape ``(d,)``
            (feature ``j`` on the ``j``-th group of ``n_wires/d`` wires), or ``(batch, d)``. A batch
            of one feature has shape ``(batch, 1)``.
        weights (tensor_like): the angles :math:`(\phi, \theta, \omega)`, shape ``(L + 1, n_wires,
            3)``, with a leading batch axis if there is one; see :meth:`shape`.
        wires (Any or Iterable[Any]): the wires.
        rotation (str): axis of the encoding rotations, ``"X"``, ``"Y"`` or ``"Z"``.
        prefactors (str or Sequence[float]): ``"unary"`` (1, 1, 1, …), ``"ternary"`` (1, 3, 9, …) or
            one number for each of the ``L`` encoding layers.

    Raises:
        ValueError: if shapes do not fit, or an option is not one of the above.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> from pennylane_trainability.templates import SerialReuploading
    >>> weights = np.full(SerialReuploading.shape(n_layers=2), 0.1)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x):
    ...     SerialReuploading(x, weights, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> print(qml.draw(circuit, level="device")(0.5))
    0: ──Rot(0.10,0.10,0.10)──RX(0.50)──Rot(0.10,0.10,0.10)──RX(0.50)──Rot(0.10,0.10,0.10)─┤  <Z>
    """

    grad_method = None
    num_params = 2
    resource_keys = frozenset({"rotation", "n_wires", "n_layers"})

    def __init__(self, features, weights, wires, rotation="X", prefactors="unary"):
        wires = Wires(wires)
        gate = rotation_gate(rotation)
        check_features(features, len(wires))
        shape = shape_of(weights)
        if len(shape) not in (3, 4) or shape[-3] < 2 or shape[-2:] != (len(wires), 3):
            raise ValueError(
                f"weights must have shape (n_layers + 1, {len(wires)}, 3) with at least one "
                f"encoding layer, or a batch of such arrays, but got shape {shape}. "
                f"SerialReuploading.shape(n_layers, n_wires={len(wires)}) gives it."
            )
        row = resolve_prefactors(prefactors, shape[-3] - 1, "encoding layer")
        self._rotation = rotation
        self._hyperparameters = {"rotation": gate, "prefactors": row}
        super().__init__(features, weights, wires=wires)

    @classmethod
    def _primitive_bind_call(cls, features, weights, wires, rotation="X", prefactors="unary"):
        options = {"rotation": rotation, "prefactors": freeze(prefactors)}
        return super()._primitive_bind_call(features, weights, wires=wires, **options)

    def _flatten(self):
        options = (("rotation", self._rotation), ("prefactors", self.hyperparameters["prefactors"]))
        return self.data, (self.wires, options)

    @property
    def ndim_params(self) -> tuple[int, ...]:
        """Dimensions of features and weights without a batch axis."""
        return (min(1, len(shape_of(self.data[0]))), 3)

    @property
    def resource_params(self) -> dict:
        """What the number of gates depends on."""
        return {
            "rotation": self.hyperparameters["rotation"],
            "n_wires": len(self.wires),
            "n_layers": len(self.hyperparameters["prefactors"]),
        }

    @staticmethod
    def compute_decomposition(features, weights, wires, rotation, prefactors):
        """Trainable rotations and encodings, layer after layer.

        Args:
            features (tensor_like): scalar, ``(d,)`` or ``(batch, d)``.
            weights (tensor_like): ``(L + 1, n_wires, 3)``, or a batch.
            wires (Iterable[Any]): the wires.
            rotation (type[Operator]): the encoding gate.
            prefactors (tuple[float]): one for each encoding layer.

        Returns:
            list[Operator]: the gates in order of time.
        """
        shape = shape_of(features)
        group = len(wires) // (shape[-1] if shape else 1)
        layers = encoding_angles(features, [(a,) * group for a in prefactors])
        batched = len(shape_of(weights)) > 3
        gates = []
        for layer, encodings in enumerate([None, *layers]):
            if encodings is not None:
                gates += [rotation(x, wires=w) for x, w in zip(encodings, wires, strict=True)]
            for i, wire in enumerate(wires):
                angles = (entry(weights, (layer, i, j), batched) for j in range(3))
                gates.append(Rot(*angles, wires=wire))
        return gates

    @staticmethod
    def shape(n_layers: int, n_wires: int = 1) -> tuple[int, int, int]:
        """Shape of the weights.

        Args:
            n_layers: number of encoding layers.
            n_wires: number of wires.

        Returns:
            ``(n_layers + 1, n_wires, 3)``.
        """
        return n_layers + 1, n_wires, 3

    @staticmethod
    def spectrum(
        n_layers: int,
        n_wires: int = 1,
        prefactors: str | Sequence[float] = "unary",
        n_features: int = 1,
    ) -> EncodingSpectrum:
        """Encoding budget, frequencies, redundancy and parameter count, without running anything.

        It is that of a read-out on all wires. One that looks at a single wire has the spectrum of
        ``n_wires=1``, as the wires are not coupled.

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

        >>> from pennylane_trainability.templates import SerialReuploading
        >>> SerialReuploading.spectrum(n_layers=3).minimum_parameters
        7
        """
        group = n_wires // check_groups(n_features, n_wires)
        row = resolve_prefactors(prefactors, n_layers, "encoding layer")
        return EncodingSpectrum((row * group,) * n_features)


register(
    SerialReuploading,
    lambda rotation, n_wires, n_layers: [
        ([rotation(0.0, wires=0)], n_layers * n_wires),
        ([Rot(0.0, 0.0, 0.0, wires=0)], (n_layers + 1) * n_wires),
    ],
)

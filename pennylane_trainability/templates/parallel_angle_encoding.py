"""Each input on several wires at once."""

from __future__ import annotations

from collections.abc import Sequence

from pennylane.operation import Operation
from pennylane.wires import Wires

from pennylane_trainability.templates._encoding import (
    check_features,
    check_groups,
    encoding_angles,
    freeze,
    resolve_prefactors,
    rotation_gate,
    shape_of,
)
from pennylane_trainability.templates._graph import register
from pennylane_trainability.templates._spectrum import EncodingSpectrum

__all__ = ["ParallelAngleEncoding"]


class ParallelAngleEncoding(Operation):
    r"""Encode every input in parallel, on a group of wires of its own.

    With :math:`n` wires and :math:`d` features, feature :math:`x_j` goes to the :math:`m = n/d`
    wires :math:`jm, \dots, (j+1)m - 1`:

    .. math::

        S(\mathbf{x}) = \bigotimes_{j=0}^{d-1} \bigotimes_{i=0}^{m-1} R_P(a_i x_j),
        \qquad R_P(\phi) = e^{-i \phi P / 2}.

    The prefactors :math:`a_i` fix the frequencies that a model can contain (Schuld, Sweke, Meyer,
    Phys. Rev. A 103, 032430 (2021)). Unit prefactors give the integers :math:`0, \dots, m`;
    prefactors 1, 3, 9, … give :math:`0, \dots, (3^m - 1)/2`, as many as :math:`m` gates can give
    (Shin, Teo, Jeong, arXiv:2206.12105).

    Args:
        features (tensor_like): the inputs: a scalar (one feature), shape ``(d,)``, or ``(batch,
            d)``. A vector always holds features; a batch of one feature has shape ``(batch, 1)``.
        wires (Any or Iterable[Any]): the wires, a multiple of ``d`` of them.
        rotation (str): axis of the rotations, ``"X"``, ``"Y"`` or ``"Z"``.
        prefactors (str or Sequence[float]): ``"unary"`` (1, 1, 1, …), ``"ternary"`` (1, 3, 9, …) or
            one number for each of the ``n/d`` wires of a feature.

    Raises:
        ValueError: if the wires are not a multiple of the features, or an option is not one of the
            above.

    .. seealso:: :class:`~pennylane.AngleEmbedding` puts every feature on one wire.

    **Example**

    >>> import pennylane as qml
    >>> from pennylane_trainability.templates import ParallelAngleEncoding
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x):
    ...     ParallelAngleEncoding(x, wires=range(4), rotation="Y", prefactors="ternary")
    ...     return qml.expval(qml.Z(0))
    >>> print(qml.draw(circuit, level="device")([0.1, 0.2]))
    0: ──RY(0.10)─┤  <Z>
    1: ──RY(0.30)─┤
    2: ──RY(0.20)─┤
    3: ──RY(0.60)─┤
    """

    grad_method = None
    num_params = 1
    resource_keys = frozenset({"rotation", "num_wires"})

    def __init__(self, features, wires, rotation="X", prefactors="unary"):
        wires = Wires(wires)
        gate = rotation_gate(rotation)
        group = len(wires) // check_features(features, len(wires))
        row = resolve_prefactors(prefactors, group, "wire of a feature")
        self._rotation = rotation
        self._hyperparameters = {"rotation": gate, "prefactors": row}
        super().__init__(features, wires=wires)

    @classmethod
    def _primitive_bind_call(cls, features, wires, rotation="X", prefactors="unary"):
        options = {"rotation": rotation, "prefactors": freeze(prefactors)}
        return super()._primitive_bind_call(features, wires=wires, **options)

    def _flatten(self):
        options = (("rotation", self._rotation), ("prefactors", self.hyperparameters["prefactors"]))
        return self.data, (self.wires, options)

    @property
    def ndim_params(self) -> tuple[int, ...]:
        """Dimensions of the features without a batch axis: 0 for a scalar, else 1."""
        return (min(1, len(shape_of(self.data[0]))),)

    @property
    def resource_params(self) -> dict:
        """What the number of gates depends on."""
        return {"rotation": self.hyperparameters["rotation"], "num_wires": len(self.wires)}

    @staticmethod
    def compute_decomposition(features, wires, rotation, prefactors):
        """The rotations, one on each wire.

        Args:
            features (tensor_like): scalar, ``(d,)`` or ``(batch, d)``.
            wires (Iterable[Any]): the wires.
            rotation (type[Operator]): the rotation gate.
            prefactors (tuple[float]): one for each wire of a feature.

        Returns:
            list[Operator]: the gates in order of the wires.
        """
        (angles,) = encoding_angles(features, (prefactors,))
        return [rotation(angle, wires=wire) for angle, wire in zip(angles, wires, strict=True)]

    @staticmethod
    def spectrum(
        n_wires: int, prefactors: str | Sequence[float] = "unary", n_features: int = 1
    ) -> EncodingSpectrum:
        """Encoding budget, frequencies, redundancy and parameter count, without running anything.

        Args:
            n_wires: number of wires.
            prefactors: as in the constructor.
            n_features: number of features.

        Returns:
            The Fourier series of a model that encodes once with this template.

        Raises:
            ValueError: if the wires are not a multiple of the features, or the prefactors do not
                fit.

        **Example**

        >>> from pennylane_trainability.templates import ParallelAngleEncoding
        >>> ParallelAngleEncoding.spectrum(2, "ternary").frequencies
        array([0., 1., 2., 3., 4.])
        """
        group = n_wires // check_groups(n_features, n_wires)
        row = resolve_prefactors(prefactors, group, "wire of a feature")
        return EncodingSpectrum((row,) * n_features)


register(
    ParallelAngleEncoding,
    lambda rotation, num_wires: [([rotation(0.0, wires=0)], num_wires)],
)

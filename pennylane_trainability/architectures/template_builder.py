"""The builder that comes with the package: re-uploading models of any shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.architectures.model import Model
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.templates import DataReuploading

__all__ = ["TemplateBuilder", "template_builder"]


@dataclass(frozen=True, slots=True)
class TemplateBuilder:
    """Builds :class:`DataReuploading` models; made by :func:`template_builder`."""

    block: str | Callable
    block_shape: Sequence[int] | Callable | None
    readout: Any
    rotation: str
    prefactors: str | Sequence
    n_features: int
    device: str | Callable
    seed: int

    def __call__(self, n_wires: int, n_layers: int, n_blocks: int = 1, prefactors=None) -> Model:
        """The model of a shape, with random weights as its example call.

        Args:
            n_wires: number of wires.
            n_layers: number of encoding layers.
            n_blocks: trainable blocks per trainable layer.
            prefactors: in place of the builder's own.
        """
        shape = self.block_shape(n_wires) if callable(self.block_shape) else self.block_shape
        wires, block = range(n_wires), self.block
        factors = self.prefactors if prefactors is None else prefactors
        rotation, observable = self.rotation, _observable(self.readout, n_wires)
        device = self.device(n_wires) if callable(self.device) else _device(self.device)

        @qml.qnode(device)
        def model(x, weights):
            DataReuploading(
                x,
                weights,
                wires=wires,
                block=block,
                block_shape=shape,
                rotation=rotation,
                prefactors=factors,
            )
            return qml.expval(observable)

        size = DataReuploading.shape(n_layers, n_wires, n_blocks, block, shape)
        weights = np.random.default_rng(self.seed).uniform(0, 2 * np.pi, size)
        inputs = 0.0 if self.n_features == 1 else np.zeros(self.n_features)
        return Model(model, (inputs, weights), encoding_args="x")


def _device(name: str):
    """A device with a seed of its own: without one it takes it from NumPy's global generator."""
    try:
        return qml.device(name, seed=0)
    except TypeError:  # devices that draw nothing take no seed
        return qml.device(name)


def template_builder(
    block: str | Callable = "rot-ring",
    readout="last",
    *,
    block_shape: Sequence[int] | Callable | None = None,
    rotation: str = "X",
    prefactors: str | Sequence = "unary",
    n_features: int = 1,
    device: str | Callable = "default.qubit",
    seed: int = 0,
) -> TemplateBuilder:
    """A builder of re-uploading models: ``build(n_wires, n_layers, n_blocks=1)``.

    Args:
        block: trainable block; see :class:`DataReuploading`.
        readout: ``"last"`` or ``"first"`` (``Z`` on that wire), the position of a wire, or a
            function of the wires that returns an observable.
        block_shape: shape of the weights of one block of your own, or a function of the number of
            wires that returns it.
        rotation: axis of the encoding rotations.
        prefactors: of the encoding; see :class:`DataReuploading`.
        n_features: number of inputs.
        device: name of a device, or a function of the number of wires that returns one.
        seed: of the weights of the example call.

    Returns:
        The builder.

    **Example**

    >>> import pennylane_trainability as pt
    >>> build = pt.template_builder(readout="first")
    >>> build(2, 3).args[1].shape
    (4, 1, 2, 3)
    """
    return TemplateBuilder(
        block, block_shape, readout, rotation, prefactors, n_features, device, seed
    )


def _observable(readout, n_wires: int):
    """What is measured."""
    if callable(readout):
        return readout(range(n_wires))
    position = {"last": n_wires - 1, "first": 0}.get(readout) if isinstance(readout, str) else None
    if isinstance(readout, (int, np.integer)) and -n_wires <= readout < n_wires:
        position = int(readout) % n_wires
    if position is None:
        raise ReadingError(
            f"readout needs 'last', 'first', the position of one of {n_wires} wires, or a function "
            f"of the wires; got {readout!r}."
        )
    return qml.Z(position)

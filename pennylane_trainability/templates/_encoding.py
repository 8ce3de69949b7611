"""What the three templates share: options, shapes, and the angles of one encoding layer.

Constructors and decompositions look at shapes and index; they never cast. So an array may hold
whatever behaves like a number: tensors of any interface, or objects in a NumPy object array.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
from pennylane import math
from pennylane.ops import RX, RY, RZ

__all__ = [
    "ROTATIONS",
    "check_features",
    "check_groups",
    "encoding_angles",
    "entry",
    "freeze",
    "resolve_layer_prefactors",
    "resolve_prefactors",
    "rotation_gate",
    "shape_of",
]

ROTATIONS = {"X": RX, "Y": RY, "Z": RZ}
"""Encoding gates by the letter of their axis."""


def shape_of(tensor) -> tuple[int, ...]:
    """Shape without conversion where the tensor knows it."""
    shape = getattr(tensor, "shape", None)
    return tuple(math.shape(tensor) if shape is None else shape)


def entry(tensor, index: tuple[int, ...], batched: bool):
    """``tensor[index]``, behind the batch axis if there is one.

    Not ``tensor[..., index]``: that would wrap an element of an object array into an array.
    """
    return tensor[(slice(None), *index)] if batched else tensor[index]


def freeze(options):
    """A hashable copy of prefactors: arrays and sequences as (nested) tuples, the rest as it is."""
    options = options.tolist() if hasattr(options, "tolist") else options
    if isinstance(options, list | tuple | range):
        return tuple(freeze(option) for option in options)
    return options


def rotation_gate(rotation: str):
    """The encoding gate of an axis.

    Raises:
        ValueError: if the axis is not ``"X"``, ``"Y"`` or ``"Z"``.
    """
    if not isinstance(rotation, str) or rotation not in ROTATIONS:
        raise ValueError(
            f"rotation must be 'X', 'Y' or 'Z', but got {rotation!r}. "
            "Pass the letter of the axis that the encoding gates turn about."
        )
    return ROTATIONS[rotation]


def resolve_prefactors(prefactors: str | Sequence[float], number: int, per: str) -> tuple:
    """Prefactors as a tuple of plain numbers.

    Args:
        prefactors: ``"unary"`` (1, 1, 1, …), ``"ternary"`` (1, 3, 9, …) or the numbers themselves.
        number: how many are needed.
        per: what each of them belongs to, for the message.

    Returns:
        ``number`` finite numbers; whole numbers are integers.

    Raises:
        ValueError: if the option is unknown, or the sequence does not fit.
    """
    if isinstance(prefactors, str):
        if prefactors not in ("unary", "ternary"):
            raise ValueError(
                "prefactors must be 'unary', 'ternary' or a sequence of numbers, but got "
                f"{prefactors!r}. Pass one of the two words or the numbers themselves."
            )
        return tuple(3**i if prefactors == "ternary" else 1 for i in range(number))
    try:
        values = [float(a) for a in freeze(prefactors)]
    except (TypeError, ValueError):
        values = None
    if values is None or len(values) != number or not all(isfinite(a) for a in values):
        raise ValueError(
            f"prefactors must hold {number} finite real numbers, one for each {per}, but got "
            f"{prefactors!r}. Pass a sequence of that length, 'unary' or 'ternary'."
        )
    return tuple(int(a) if a.is_integer() else a for a in values)


def resolve_layer_prefactors(prefactors, n_layers: int, group: int) -> tuple[tuple, ...]:
    """Prefactors for every encoding layer: one row for all, or a sequence of ``n_layers`` rows.

    Raises:
        ValueError: if the number of rows is not the number of layers, or a row does not fit.
    """
    prefactors = freeze(prefactors)
    if not (isinstance(prefactors, tuple) and any(isinstance(a, tuple | str) for a in prefactors)):
        return (resolve_prefactors(prefactors, group, "wire of a feature"),) * n_layers
    if len(prefactors) != n_layers:
        raise ValueError(
            f"Prefactors that differ between layers need {n_layers} rows, one for each encoding "
            f"layer, but got {len(prefactors)}. Pass one row for all layers or one row for each."
        )
    return tuple(resolve_prefactors(row, group, "wire of a feature") for row in prefactors)


def check_features(features, n_wires: int) -> int:
    """Number of features; a scalar counts as one.

    Raises:
        ValueError: if the wires cannot be shared out equally among the features.
    """
    shape = shape_of(features)
    if len(shape) > 2:
        raise ValueError(
            "features must be a scalar, a vector of features or a batch of such vectors, but got "
            f"shape {shape}. Reshape them to (batch, n_features)."
        )
    number = shape[-1] if shape else 1
    return check_groups(number, n_wires)


def check_groups(n_features: int, n_wires: int) -> int:
    """Number of features, if the wires can be shared out equally among them.

    Raises:
        ValueError: if they cannot.
    """
    if n_wires < 1 or n_features < 1 or n_wires % n_features:
        raise ValueError(
            f"The number of wires must be a multiple of the number of features, but got {n_wires} "
            f"wires for {n_features} features. Add or remove wires; if the values are a batch of "
            "one feature, give them the shape (batch, 1)."
        )
    return n_features


def encoding_angles(features, rows: Sequence[tuple]) -> list[list]:
    """Angles of the encoding gates, layer by layer and wire by wire.

    Args:
        features: scalar, ``(n_features,)`` or ``(batch, n_features)``.
        rows: for each layer the prefactors of the wires of one feature.

    Returns:
        For each layer a list with one angle for each wire. Equal rows share their angles, and a
        prefactor that is exactly 1 leaves the feature as it is.
    """
    shape = shape_of(features)
    if not shape:
        # A number inside a zero-dimensional object array is taken out of it.
        boxed = isinstance(features, np.ndarray) and features.dtype == object
        inputs = [features[()] if boxed else features]
    else:
        inputs = [entry(features, (j,), len(shape) > 1) for j in range(shape[-1])]
    angles = {}
    for row in rows:
        if row not in angles:
            angles[row] = [x if a == 1 else a * x for x in inputs for a in row]
    return [angles[row] for row in rows]

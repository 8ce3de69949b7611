"""Where the mixture weights of a density model come from: an argument, a function, or numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.errors import ReadingError

__all__ = ["MixtureWeights", "mixture_weights", "numbers_of", "softmax"]

#: Weights in single precision add up to one as well as this.
_TOLERANCE = 1e-5


def softmax(logits):
    """``α_k = exp(l_k) / Σ_j exp(l_j)`` along the last axis, in the interface of the logits.

    >>> softmax(np.array([0.0, np.log(3.0)]))
    array([0.25, 0.75])
    """
    shifted = logits - qml.math.max(logits, axis=-1, keepdims=True)
    powers = qml.math.exp(shifted)
    return powers / qml.math.sum(powers, axis=-1, keepdims=True)


@dataclass(frozen=True, slots=True, eq=False)
class MixtureWeights:
    """The rule that gives the mixture weights of a call.

    Attributes:
        count: number of parts ``K``.
        rule: ``(mixture, *args, **kwargs) → α``; ``None`` if the weights are fixed.
        fixed: the fixed weights, ``(K,)``.
    """

    count: int
    rule: Callable | None = None
    fixed: Any = None

    @property
    def is_argument(self) -> bool:
        """Whether a call has the mixture as its first argument."""
        return self.rule is not None

    def at(self, mixture, args: tuple, kwargs: dict):
        """``α``, ``(K,)`` or ``(B, K)``, in the interface it is computed in.

        Raises:
            ReadingError: these are no probabilities of ``K`` parts.
        """
        alpha = self.fixed if self.rule is None else self.rule(mixture, *args, **kwargs)
        if isinstance(alpha, (list, tuple)):
            alpha = qml.math.stack(alpha)
        check(alpha, self.count)
        return alpha


def mixture_weights(option, count: int) -> MixtureWeights:
    """The rule behind the option ``weights`` of :func:`density_qnode`.

    Args:
        option: ``None``, ``"softmax"``, a function, or ``K`` numbers.
        count: number of parts ``K``.
    """
    if option is None:
        return MixtureWeights(count, lambda mixture, *args, **kwargs: mixture)
    if isinstance(option, str):
        if option != "softmax":
            raise ReadingError(
                f"weights={option!r} is unknown; use None (the first argument of a call holds the "
                "weights), 'softmax' (it holds logits), a function, or numbers."
            )
        return MixtureWeights(count, lambda mixture, *args, **kwargs: softmax(_array(mixture)))
    if callable(option):
        return MixtureWeights(count, option)
    fixed = _array(option)
    check(fixed, count)
    if len(qml.math.shape(fixed)) != 1:
        raise ReadingError(
            f"Fixed weights need the shape ({count},); got {qml.math.shape(fixed)}. Weights that "
            "differ between inputs come from a function."
        )
    return MixtureWeights(count, None, fixed)


def check(alpha, count: int) -> None:
    """Refuse what is no mixture of ``count`` parts; values under compilation cannot be looked at.

    Raises:
        ReadingError: wrong shape, negative, or another sum than one.
    """
    shape = qml.math.shape(alpha)
    if len(shape) not in (1, 2) or shape[-1] != count:
        raise ReadingError(
            f"The mixture of {count} parts needs weights of shape ({count},), or (B, {count}) with "
            f"a broadcasting axis; got {shape}."
        )
    if qml.math.is_abstract(alpha):
        return
    values = numbers_of(alpha)
    if not np.all(np.isfinite(values)) or np.any(values < -_TOLERANCE):
        raise ReadingError(
            f"Mixture weights must be non-negative numbers; got {values}. Train logits instead: "
            "density_qnode(parts, weights='softmax')."
        )
    sums = values.sum(axis=-1)
    if np.any(np.abs(sums - 1) > _TOLERANCE):
        raise ReadingError(
            f"Mixture weights must add up to one; got {values}, which add up to {sums}. Divide "
            "them by their sum, or train logits: density_qnode(parts, weights='softmax')."
        )


def numbers_of(alpha) -> np.ndarray:
    """The values of weights of any interface, also while they are differentiated."""
    return np.asarray(qml.math.unwrap([alpha])[0], dtype=float)


def _array(values):
    return values if qml.math.get_interface(values) != "builtins" else np.array(values, dtype=float)

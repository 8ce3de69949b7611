"""Which outcome of a measurement means which action? Numbers only, no circuits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import ReadingError

__all__ = ["PARTITIONS", "Partition", "check_actions", "partition_of"]

#: Partitions by name; others are functions of the bits.
PARTITIONS = ("contiguous", "parity")


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """An action for every outcome.

    Attributes:
        actions: ``(2^w,)``, the action of each outcome, outcomes counted as ``qml.probs`` does.
        n_actions: number of actions ``A``.
        name: in words.
    """

    actions: np.ndarray
    n_actions: int
    name: str

    @property
    def order(self) -> np.ndarray:
        """Outcomes sorted by their action, ``(2^w,)``."""
        return np.argsort(self.actions, kind="stable")

    @property
    def is_even(self) -> bool:
        """Whether all actions have equally many outcomes."""
        return bool(np.ptp(np.bincount(self.actions, minlength=self.n_actions)) == 0)

    def matrix(self) -> np.ndarray:
        """``(2^w, A)``, one where the outcome means the action."""
        return (self.actions[:, None] == np.arange(self.n_actions)).astype(float)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Numbers per outcome ``(..., 2^w)`` added up per action, ``(..., A)``.

        >>> partition_of("contiguous", 2, 2).summed(np.array([0.1, 0.2, 0.3, 0.4])).round(12)
        array([0.3, 0.7])
        """
        if self.is_even:
            by_action = values[..., self.order]
            return by_action.reshape(*values.shape[:-1], self.n_actions, -1).sum(axis=-1)
        return values @ self.matrix()


def check_actions(partition, n_actions) -> None:
    """Refuse a number of actions that no circuit could have.

    Raises:
        ReadingError: it is no number of actions, or no power of two where it has to be one; or
            the partition is unknown.
    """
    if not isinstance(n_actions, (int, np.integer)) or isinstance(n_actions, bool) or n_actions < 2:
        raise ReadingError(f"n_actions needs a whole number ≥ 2; got {n_actions!r}.")
    if callable(partition):
        return
    if partition not in PARTITIONS:
        raise ReadingError(
            f"partition={partition!r} is unknown; use {', '.join(map(repr, PARTITIONS))} or a "
            "function of the bits (2^w, w) that returns one action per row."
        )
    if n_actions & (n_actions - 1):
        raise ReadingError(
            f"partition={partition!r} gives each action equally many outcomes, so n_actions has to "
            f"be a power of two; got {n_actions}. For other numbers pass a function of the bits."
        )


def partition_of(
    partition: str | Callable[[np.ndarray], np.ndarray], n_actions: int, n_bits: int
) -> Partition:
    r"""The action of every outcome of ``w`` measured wires.

    * ``"contiguous"``: the first :math:`\log_2 A` bits, read as a number;
    * ``"parity"``: bit ``m`` of the action (of weight :math:`2^m`) is the parity of the outcome
      with its last ``m`` bits dropped;
    * a function of the bits ``(2^w, w)`` that returns actions ``(2^w,)``.

    Args:
        partition: one of these.
        n_actions: ``A``.
        n_bits: ``w``.

    Raises:
        ReadingError: there are more actions than outcomes, or the function returns something else.

    >>> partition_of("contiguous", 2, 3).actions
    array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> partition_of("parity", 4, 3).actions
    array([0, 1, 3, 2, 3, 2, 0, 1])
    """
    check_actions(partition, n_actions)
    if n_actions > 2**n_bits:
        raise ReadingError(
            f"{n_actions} actions need at least as many outcomes, and {n_bits} measured wires have "
            f"{2**n_bits}. Measure more wires, or take fewer actions."
        )
    outcomes = np.arange(2**n_bits)
    bits = (outcomes[:, None] >> np.arange(n_bits)[::-1]) & 1
    if callable(partition):
        return Partition(
            _called(partition, bits, n_actions), n_actions, getattr(partition, "__name__", "own")
        )
    size = int(n_actions).bit_length() - 1
    if partition == "contiguous":
        return Partition(outcomes >> (n_bits - size), n_actions, partition)
    parities = np.cumsum(bits, axis=1) % 2
    actions = sum((parities[:, n_bits - 1 - m] << m for m in range(size)), 0 * outcomes)
    return Partition(actions, n_actions, partition)


def _called(partition, bits: np.ndarray, n_actions: int) -> np.ndarray:
    found = np.asarray(partition(bits))
    whole = found.dtype.kind in "iu" or (found.dtype.kind == "f" and np.all(found % 1 == 0))
    if found.shape != (len(bits),) or not whole or np.any((found < 0) | (found >= n_actions)):
        raise ReadingError(
            f"partition(bits) gets {bits.shape} bits and has to return {len(bits)} whole numbers "
            f"from 0 to {n_actions - 1}; got {found.dtype} of shape {found.shape}."
        )
    return found.astype(np.int64)

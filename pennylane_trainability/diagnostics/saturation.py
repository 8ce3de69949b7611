"""Does the rank of a QFIM still grow with the number of parameters?

The QFIM of a circuit that is cut after some gate is the leading block of the QFIM of the whole
circuit, parameters in the order of their gates: what comes later does not depend on the earlier
parameters and leaves scalar products as they are. So one matrix holds the ranks at all depths.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

__all__ = ["Saturation", "judge", "leading_ranks", "plateau"]


class Saturation(Enum):
    """Whether more parameters would add directions; the value is the sentence that is shown."""

    OVERPARAMETRISED = "overparametrised: the rank is saturated, more parameters add no direction"
    NOT_SATURATED = "not saturated: every parameter still adds a direction of its own"
    UNDECIDED = "undecided: neither its bound nor an end of its growth shows for certain"


def leading_ranks(matrices: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """How many eigenvalues of each leading block exceed a limit.

    From one block to the next the number stays or grows by one (Cauchy's interlacing theorem), so
    that few blocks have to be diagonalised: where it is known at two sizes and grows by nothing or
    by their difference, it is known between.

    Args:
        matrices: symmetric, shape ``(D, P, P)``.
        limits: one per matrix, shape ``(D,)``.

    Returns:
        Integers of shape ``(D, P)``; entry ``k`` belongs to the block of ``k + 1`` rows.

    >>> leading_ranks(np.array([[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]]), np.zeros(1))
    array([[1, 1, 2]])
    """
    size = matrices.shape[-1]
    out = np.zeros((len(matrices), size + 1), int)
    out[:, size] = _above(matrices, limits)
    pending = [(0, size)]
    while pending:
        low, high = pending.pop()
        growth = (out[:, high] - out[:, low])[:, None]
        if np.all((growth == 0) | (growth == high - low)):
            out[:, low:high] = out[:, low, None] + np.arange(high - low) * (growth > 0)
            continue
        middle = (low + high) // 2
        out[:, middle] = _above(matrices[:, :middle, :middle], limits)
        pending += [(low, middle), (middle, high)]
    return out[:, 1:]


def _above(matrices: np.ndarray, limits: np.ndarray) -> np.ndarray:
    return np.sum(np.linalg.eigvalsh(matrices) > limits[:, None], axis=-1)


def plateau(curve: np.ndarray) -> int:
    """How many of the last entries of a rising curve are as high as the last one, itself excluded.

    >>> plateau(np.array([1, 2, 3, 3, 3]))
    2
    """
    return int(np.sum(curve == curve[-1])) - 1 if len(curve) else 0


def judge(curve: np.ndarray, lasting: np.ndarray, repeat: int, most: int) -> tuple[Saturation, str]:
    """The verdict on a curve of exact ranks, and what it rests on.

    A rank that reaches ``most`` is saturated by theorem. Otherwise it is called saturated if the
    last whole repeat of the circuit's pattern added nothing; or, in a circuit that repeats nothing,
    if the last quarter of the parameters added nothing. Parameters that are tied to earlier ones by
    the same relation at all parameter values (two rotations in a row, dead ones) do not count
    there: they say nothing about others.

    Args:
        curve: structural rank of each leading block, ``(P,)``.
        lasting: the same for what is not tied by fixed relations, ``(P,)``.
        repeat: parameters of the last whole repeat, 0 if there is none.
        most: no pure state has more directions.

    Returns:
        The verdict and its reason in words.

    >>> judge(np.array([1, 2, 2]), np.array([1, 2, 3]), 1, 6)[1]
    'the last repeat of the pattern (1 parameter) added none'
    """
    rank, free = int(curve[-1]), int(lasting[-1])
    if rank == most:
        return Saturation.OVERPARAMETRISED, f"a pure state has no more than {most} directions"
    if rank == 0:
        return Saturation.UNDECIDED, "no parameter moves the state"
    if repeat and plateau(curve) >= repeat:
        parameters = f"{repeat} parameter{'s' if repeat > 1 else ''}"
        return (
            Saturation.OVERPARAMETRISED,
            f"the last repeat of the pattern ({parameters}) added none",
        )
    if rank >= free:
        own = "" if free == len(curve) else " that is not dead or tied to others"
        return Saturation.NOT_SATURATED, f"rank {rank} with {free} parameters{own}"
    idle = _idle_at_the_end(curve, lasting)
    if not repeat and idle >= np.ceil(free / 4):
        return (
            Saturation.OVERPARAMETRISED,
            f"the last {idle} parameters, a quarter or more, added none",
        )
    return Saturation.UNDECIDED, f"rank {rank}, and the growth has not come to rest"


def _idle_at_the_end(curve: np.ndarray, lasting: np.ndarray) -> int:
    """Parameters after the last growth, those tied by fixed relations left out."""
    return int(lasting[-1] - lasting[len(lasting) - 1 - plateau(curve)])

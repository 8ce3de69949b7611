r"""Pauli paths drawn at random, many at a time: how often they end in a word that has a value.

Every path starts with a word of the observable and goes back through the rotations. At one whose
word ``P`` anticommutes it keeps its word with probability ``E cos² φ`` and becomes ``iPW`` with
probability ``E sin² φ``. The variance of the loss is the mean of ``Tr(ρW)²`` at the end; that of a
derivative by ``φ_k`` is the mean of the same over paths that anticommute at ``k``, times the
probability of the branch not taken over that of the branch taken, because a derivative exchanges
cosine and sine.

Bits of 64 paths share a number. A wire has one row for ``X`` and one for ``Z``, so that one
rotation costs a few operations on as many rows as its word has letters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.landscapes.cross_terms import Pairs
from pennylane_trainability.landscapes.path_model import PathModel

__all__ = ["Rows", "Walk", "draw_pairs", "pack", "rows_of", "unpack", "walk"]

_WORD = np.uint64
#: Flags of pairs and rotations that are looked at together.
_BLOCK = 1 << 24
#: Rows of every rotation, see :func:`rows_of`.
Rows = tuple[list[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Some paths, ``M`` of them, as bits of ``B = M/64`` numbers.

    Attributes:
        pairs: which pair every path follows, ``(M,)``.
        anticommuted: at which rotations they anticommuted, ``(m, B)``.
        turned: at which of these they took the sine, ``(m, B)``; None for uniform angles.
        ends: ``X`` rows, then ``Z`` rows of the words at the end, ``(2n, B)``.
        varied: which met an angle that is drawn, ``(B,)``.
        leaves: where a path takes the other branch of the one that never branches, ``(M,)``; −1
            everywhere if paths start free.
        single: which of them take no sine afterwards, ``(B,)``.
    """

    pairs: np.ndarray
    anticommuted: np.ndarray
    turned: np.ndarray | None
    ends: np.ndarray
    varied: np.ndarray
    leaves: np.ndarray
    single: np.ndarray


def draw_pairs(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs in proportion to their weights, ``(count,)`` ascending.

    The numbers are evenly spread with one random offset. That varies less than independent draws,
    so intervals for independent draws hold.
    """
    edges = np.cumsum(weights)
    at = (np.arange(count) + rng.random()) * (edges[-1] / count)
    return np.minimum(np.searchsorted(edges, at, side="right"), len(weights) - 1)


def pack(flags: np.ndarray) -> np.ndarray:
    """Flags ``(..., M)`` as bits of numbers ``(..., M/64)``."""
    return np.packbits(np.ascontiguousarray(flags), axis=-1, bitorder="little").view(_WORD)


def unpack(numbers: np.ndarray) -> np.ndarray:
    """The inverse of :func:`pack`."""
    return np.unpackbits(
        np.ascontiguousarray(numbers).view(np.uint8), axis=-1, bitorder="little"
    ).view(bool)


def walk(
    model: PathModel,
    pairs: Pairs,
    signature: np.ndarray,
    chosen: np.ndarray,
    rng: np.random.Generator,
    rows: Rows,
) -> Walk:
    """Follow paths back to the initial state.

    Args:
        model: the circuit.
        pairs: pairs of words.
        signature: which rotations anticommute with which words, ``(W, m)``.
        chosen: the pair of every path, a multiple of 64 of them.
        rng: source of randomness.
        rows: those of the circuit, see :func:`rows_of`.
    """
    starts = pairs.first[chosen]
    planes = pack(np.concatenate([part[starts].T for part in model.words]))
    first, update = rows
    leaves = _leaving(model, pairs, signature, chosen, rng)
    count, size = len(model.mean), planes.shape[1]
    anticommuted = np.zeros((count, size), _WORD)
    turned = np.zeros((count, size), _WORD) if model.narrow else None
    varied, again = np.zeros(size, _WORD), np.zeros(size, _WORD)
    apart = _apart(signature, pairs, chosen)
    for t in range(count - 1, -1, -1):
        odd = np.bitwise_xor.reduce(planes[first[t]], axis=0)
        if apart[t]:
            column = signature[:, t]
            odd &= ~pack(column[starts] ^ column[pairs.second[chosen]])
        if not odd.any():
            continue
        anticommuted[t] = odd
        branch = odd & _draw(model.sine[t], size, rng)
        if model.narrow:
            leaving = pack(leaves == t)
            again |= branch & pack(leaves > t)
            branch = branch & pack(leaves > t) | leaving
        if turned is not None:
            turned[t] = branch
        if not model.fixed[t]:
            varied |= odd
        planes[update[t]] ^= branch
    return Walk(chosen, anticommuted, turned, planes, varied, leaves, ~again)


def rows_of(model: PathModel) -> Rows:
    """Rows that decide whether a word anticommutes with every rotation, and rows that it flips."""
    n = model.n_wires
    x, z = ([np.flatnonzero(row) for row in part] for part in model.rotations)
    first = [np.concatenate([b, n + a]) for a, b in zip(x, z, strict=True)]
    update = [np.concatenate([a, n + b]) for a, b in zip(x, z, strict=True)]
    return first, update


def _draw(probability: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Independent bits."""
    if probability == 0.5:
        return rng.integers(0, 1 << 64, size, dtype=_WORD)
    return pack(rng.random(64 * size) < probability)


def _apart(signature: np.ndarray, pairs: Pairs, chosen: np.ndarray) -> np.ndarray:
    """At which rotations only one word of a pair anticommutes, for some of the paths."""
    out = np.zeros(signature.shape[1], bool)
    if not pairs.is_diagonal:
        own = np.unique(chosen)
        count = 1 + len(own) * signature.shape[1] // _BLOCK
        for part in np.array_split(own, count):
            out |= (signature[pairs.first[part]] ^ signature[pairs.second[part]]).any(axis=0)
    return out


def _leaving(
    model: PathModel, pairs: Pairs, signature: np.ndarray, chosen: np.ndarray, rng
) -> np.ndarray:
    """Where each path takes its first sine, given that it takes one."""
    out = np.full(len(chosen), -1, np.int64)
    if not model.narrow:
        return out
    log_cosine = model.log_cosine()
    uniform = rng.random(len(chosen))
    starts = np.flatnonzero(np.diff(chosen, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(chosen)], strict=True):
        pair = chosen[start]
        own = np.flatnonzero(signature[pairs.first[pair]] & signature[pairs.second[pair]])[::-1]
        left = -np.expm1(np.cumsum(log_cosine[own]))  # probability of having left by then
        at = np.searchsorted(left, uniform[start:stop] * left[-1], side="right")
        out[start:stop] = own[at]
    return out

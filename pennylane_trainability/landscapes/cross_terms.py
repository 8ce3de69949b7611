r"""Which pairs of words of an observable have correlated values, and how strongly.

``E[⟨A⟩⟨B⟩]`` follows the pair ``(A, B)`` back through the rotations. Both factors take the same
branch where both anticommute with a rotation; where only one does, it keeps its word and the pair
gets the factor ``E cos φ``. So the product ``AB`` never changes, and which rotations act on one
factor only is known before anything is drawn. Over whole turns ``E cos φ = 0``: a pair counts only
if ``AB`` commutes with every rotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.path_model import PathModel
from pennylane_trainability.landscapes.product_state import expectations

__all__ = ["Pairs", "group_of", "pairs_of", "phases", "signatures"]

_MAX_PAIRS = 1 << 19
_MAX_CROSSED = 1 << 12
_MAX_STARTS = 1 << 14
_INTERFERENCE = (
    "rotations by fixed angles (gates that are no Clifford gates, or encoded data) stand between "
    "trainable ones in such a way that paths with different signs interfere"
)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs ``a ≤ b`` of words, ``T`` of them.

    Attributes:
        first: ``a``, ``(T,)``.
        second: ``b``.
        weights: ``o_a o_b`` (twice if ``a < b``) times ``E cos φ`` of all rotations that act on one
            of the two only.
        values: ``Tr(ρA) Tr(ρB)`` of the words as they are.
        kept: ``log ∏ E cos² φ`` over the rotations that act on both.
        loss: ``∏ E cos² φ − ∏ (E cos φ)²`` over the same.
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    kept: np.ndarray
    loss: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def is_diagonal(self) -> bool:
        """Whether every word is paired with itself only."""
        return bool(np.all(self.first == self.second))


def signatures(words: tuple, rotations: tuple) -> np.ndarray:
    """Which rotations anticommute with which words, ``(W, m)``."""
    wx, wz, rx, rz = (part.astype(np.float32) for part in (*words, *rotations))
    return ((wx @ rz.T + wz @ rx.T).astype(np.int32) & 1).astype(bool)


def phases(first: tuple, second: tuple) -> np.ndarray:
    """``t`` of ``P · Q = i^t W`` for words without phases, given by bits ``(m, n)``."""
    (x1, z1), (x2, z2) = first, second
    turns = (x1 & z1).sum(axis=1) + (x2 & z2).sum(axis=1) + 2 * (z1 & x2).sum(axis=1)
    return (turns - ((x1 ^ x2) & (z1 ^ z2)).sum(axis=1)) & 3


def pairs_of(model: PathModel, signature: np.ndarray) -> Pairs:
    """All pairs that count.

    Args:
        model: the circuit.
        signature: see :func:`signatures`.

    Raises:
        ReadingError: there are too many, or fixed rotations make paths with different branches
            interfere.
    """
    parts = [_of_group(model, signature, own) for own in _groups(model, signature)]
    fields = zip(*parts, strict=True) if parts else [()] * 6
    pairs = Pairs(*(np.concatenate([*f]) if f else np.zeros(0) for f in fields))
    if model.fixed.any() and not model.fixed.all():
        _refuse_interference(model, signature)
    return pairs


def group_of(
    model: PathModel, signature: np.ndarray, pairs: Pairs
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The words and the numbers of the pairs of every group of words that are paired."""
    label = np.zeros(len(signature), int)
    for number, own in enumerate(_groups(model, signature)):
        label[own] = number
    order = np.argsort(label[pairs.first], kind="stable")
    for rows in np.split(order, 1 + np.flatnonzero(np.diff(label[pairs.first][order]))):
        if len(rows):
            yield np.unique(pairs.first[rows]), rows


def _groups(model: PathModel, signature: np.ndarray) -> list[np.ndarray]:
    """Words that can be paired: all uniform rotations and the state treat them alike.

    In a basis state ``Tr(ρA) Tr(ρB) ≠ 0`` needs ``AB`` without ``X`` or ``Y``.
    """
    uniform = ~model.fixed & (model.mean == 0) & (not model.narrow)
    key = np.concatenate([signature[:, uniform], model.words[0] & model.is_basis], axis=1)
    packed = np.packbits(key, axis=1)
    found: dict[bytes, list[int]] = {}
    for word, row in enumerate(packed):
        found.setdefault(row.tobytes(), []).append(word)
    groups = [np.array(own) for own in found.values()]
    count = sum(len(own) * (len(own) + 1) // 2 for own in groups)
    if count > _MAX_PAIRS:
        raise ReadingError(
            f"the words of the observable have {count} pairs that may be correlated; paths take at "
            f"most {_MAX_PAIRS}"
        )
    return groups


def _of_group(model: PathModel, signature: np.ndarray, own: np.ndarray) -> tuple:
    """Pairs of one group: fields of :class:`Pairs`."""
    a, b = np.triu_indices(len(own))
    s = signature[own].astype(float)
    with np.errstate(divide="ignore"):
        log_mean = np.log(np.abs(model.mean))
    zero = np.isinf(log_mean)
    apart = _apart(s, np.where(zero, 0.0, log_mean))
    dead = _apart(s, zero.astype(float)) > 0.5
    odd = np.rint(_apart(s, (model.mean < 0).astype(float))).astype(int) & 1
    damping = np.where(dead, 0.0, np.exp(apart)) * (1 - 2 * odd)
    coefficients = model.coefficients[own]
    twice = np.where(a == b, 1.0, 2.0)
    weights = twice * coefficients[a] * coefficients[b] * damping[a, b]
    kept = _both(s, model.log_cosine())[a, b]
    loss = np.exp(kept) * -np.expm1(_both(s, model.log_shrink())[a, b])
    x, z = (part[own] for part in model.words)
    value = expectations(model.bloch, x, z)
    commuting = phases((x[a], z[a]), (x[b], z[b])) % 2 == 0
    # words that anticommute have no values at the same time in a basis state
    keep = (weights != 0) & (commuting | ~model.is_basis.all())
    if not model.fixed.any():
        keep &= _both(s, np.ones(len(model.mean)))[a, b] > 0  # the others never vary
    keep &= bool((~model.fixed).any())
    found = own[a], own[b], weights, value[a] * value[b], kept, loss
    return tuple(part[keep] for part in found)


def _apart(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``Σ_k v_k`` over the rotations that act on one of two words only, ``(g, g)``."""
    own = s @ v
    return own[:, None] + own - 2 * ((s * v) @ s.T)


def _both(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``Σ_k v_k`` over the rotations that act on both; ``v`` may be minus infinity."""
    finite = np.where(np.isinf(v), 0.0, v)
    blocked = (s * np.isinf(v)) @ s.T > 0.5
    return np.where(blocked, -np.inf, (s * finite) @ s.T)


def _refuse_interference(model: PathModel, signature: np.ndarray) -> None:
    """A fixed rotation by ``P`` also makes pairs with the product ``AB·P``: do all of them vanish?

    They do if a rotation over whole turns anticommutes with the product before it changes again, or
    if the initial state gives it no value. Pairs that vanish themselves count until they do.
    """
    rx, rz = (_masks(part) for part in model.rotations)
    waiting = _started(model, signature)
    crossed: set[tuple[int, int]] = set()
    for t in range(len(rx) - 1, -1, -1):
        if model.fixed[t]:
            crossed |= {(qx ^ rx[t], qz ^ rz[t]) for qx, qz in crossed | waiting[t]}
        else:
            crossed = {
                (qx, qz)
                for qx, qz in crossed
                if not ((qx & rz[t]).bit_count() + (qz & rx[t]).bit_count()) & 1
            }
        if len(crossed) > _MAX_CROSSED:
            break
    basis = _masks(model.is_basis[None])[0]
    if any(not qx & basis for qx, _ in crossed) or len(crossed) > _MAX_CROSSED:
        raise ReadingError(_INTERFERENCE)


def _started(model: PathModel, signature: np.ndarray) -> dict[int, set[tuple[int, int]]]:
    """For every fixed rotation the products ``AB`` that have not vanished before it."""
    a, b = np.triu_indices(len(signature))
    if len(a) > _MAX_STARTS:
        raise ReadingError(_INTERFERENCE)
    uniform = np.flatnonzero(~model.fixed)
    apart = signature[a][:, uniform] ^ signature[b][:, uniform]
    # the last rotation that stops the pair is the first one met on the way back
    stopping = uniform[len(uniform) - 1 - apart[:, ::-1].argmax(axis=1)]
    last = np.where(apart.any(axis=1), stopping, -1)
    x, z = (_masks(part[a] ^ part[b]) for part in model.words)
    return {
        int(t): {(x[k], z[k]) for k in np.flatnonzero(last < t)}
        for t in np.flatnonzero(model.fixed)
    }


def _masks(rows: np.ndarray) -> list[int]:
    packed = np.packbits(rows, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]

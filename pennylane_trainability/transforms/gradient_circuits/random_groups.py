"""Random one-qubit bases, in which every word is read wherever its letters agree with the basis.

Classical shadows of Pauli words (Huang, Kueng and Preskill, arXiv:2002.08953), with the outcomes of
all circuits in which a word can be read put together. The bases are fixed before anything is
measured, so that means stay unbiased. On every wire only letters that occur are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.diagonalization import Diagonalization
from pennylane_trainability.circuits.measurement_groups import MeasurementGroup
from pennylane_trainability.circuits.pauli import Word, letters
from pennylane_trainability.circuits.tableau import TO_Z, Gate, Tableau
from pennylane_trainability.errors import ReadingError

__all__ = ["Bases", "random_groups"]


@dataclass(frozen=True, slots=True)
class Bases:
    """Random bases.

    Attributes:
        count: how many, one circuit each.
        seed: where they are drawn from; ``None`` draws others every time.
    """

    count: int
    seed: int | None = None


def random_groups(words: Sequence[Word], n_wires: int, bases: Bases) -> list[MeasurementGroup]:
    """One circuit per basis, with all words that can be read in it.

    Args:
        words: Hermitian words, ``T`` of them.
        n_wires: number of wires.
        bases: how many, and where they come from.

    Returns:
        Words may be in several groups. Bases in which no word can be read are left out.

    Raises:
        ReadingError: no basis reads some word, or there is no basis at all.
    """
    if bases.count < 1:
        raise ReadingError(f"n_bases is a number of circuits, 1 or more; got {bases.count!r}.")
    table = Tableau.of(words, n_wires)
    codes = table.x + 2 * table.z.astype(np.int8)
    drawn = _drawn(codes, np.random.default_rng(bases.seed), bases.count)
    found = []
    missing = np.ones(len(words), bool)
    for basis in drawn:
        fits = ((codes == 0) | (codes == basis)).all(axis=1)
        missing &= ~fits
        members = np.flatnonzero(fits).tolist()
        if members:
            found.append(MeasurementGroup(tuple(members), _basis(words, members, basis, n_wires)))
    _check(words, missing, n_wires, bases)
    return found


def _drawn(codes: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """A letter for every wire, out of those that occur there, ``(count, n)``."""
    out = np.zeros((count, codes.shape[1]), np.int8)
    for wire, column in enumerate(codes.T):
        occurring = np.setdiff1d(column, [0])
        if occurring.size:
            out[:, wire] = rng.choice(occurring, count)
    return out


def _basis(
    words: Sequence[Word], members: Sequence[int], basis: np.ndarray, n_wires: int
) -> Diagonalization:
    union = 0
    for k in members:
        union |= words[k].support
    gates: list[Gate] = [
        (name, (wire,))
        for wire in range(n_wires)
        if union >> wire & 1
        for name in TO_Z[int(basis[wire])]
    ]
    table = Tableau.of([words[k] for k in members], n_wires)
    table.run(gates)
    signs = tuple(-1 if minus else 1 for minus in table.minus)
    return Diagonalization(tuple(gates), table.masks(), signs)


def _check(words: Sequence[Word], missing: np.ndarray, n_wires: int, bases: Bases) -> None:
    if not missing.any():
        return
    left = [words[k] for k in np.flatnonzero(missing).tolist()]
    heavy = max(left, key=lambda word: word.support.bit_count())
    raise ReadingError(
        f"None of the {bases.count} random bases reads {missing.sum()} of {len(words)} words, for "
        f"example {letters(Word(heavy.x, heavy.z), n_wires)}; a basis reads a word on k wires with "
        "a chance of 3^-k or more. Raise n_bases, take another seed, or measure groups of words: "
        "read_out='counts'."
    )

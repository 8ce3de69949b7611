r"""The blocks of a Jordan algebra on which a circuit acts by all of SO(N), SU(N) or Sp(N).

For generators that are Pauli words everything follows from linear algebra over two elements. The
words generate an algebra that is ``2^r`` sectors of ``2^k × 2^k`` matrices, each with a
multiplicity. Whether a sector is real, complex or quaternionic is the Frobenius–Schur question; the
answer is the quadratic form with ``q(g) = 1`` on the generators: none, or one that is not zero on
the radical, is complex, and otherwise its Arf invariant decides. The dimension of the Lie algebra
on a sector says whether it is all of ``so(N)``, ``su(N)``, ``sp(N)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pennylane_trainability.circuits.pauli import Word, commute
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.haar_moments import algebra_dimension
from pennylane_trainability.landscapes.logical import LogicalFrame, logical_frame
from pennylane_trainability.liealg import Words, closure, ideals

__all__ = ["Symmetry", "pauli_symmetry"]

#: Lie algebras that are listed to see which sectors are driven together.
_MAX_LISTED = 1 << 13


@dataclass(frozen=True, slots=True, eq=False)
class Symmetry:
    """What some Pauli rotations generate.

    Attributes:
        frame: logical wires and radical.
        n_wires: number of wires.
        beta: 1, 2 or 4.
        dimension: of the Lie algebra on one sector, scalars not counted.
        algebra: the whole Lie algebra in words, ``"so(8) + 2 × su(4)"``.
        driven: masks of radical words; sectors whose signs agree on all of them share a unitary.
        paired: whether sectors come in pairs with complex conjugate unitaries.
    """

    frame: LogicalFrame
    n_wires: int
    beta: int
    dimension: int
    algebra: str
    driven: tuple[int, ...] | None
    paired: bool

    @property
    def size(self) -> int:
        """``N``: of complex or real matrices, or of quaternionic ones."""
        return (1 << self.frame.n_logical) >> (self.beta == 4)

    @property
    def multiplicity(self) -> int:
        """How often the representation of a sector occurs in it."""
        return 1 << (self.n_wires - self.frame.n_logical - len(self.frame.radical))

    @property
    def is_full(self) -> bool:
        """Whether the Lie algebra on a sector is all of ``so(N)``, ``su(N)`` or ``sp(N)``."""
        return self.dimension == algebra_dimension(self.size, self.beta)

    @property
    def group(self) -> str:
        """``"SU(4)"``: the group that would be full."""
        return {1: "SO", 2: "SU", 4: "Sp"}[self.beta] + f"({self.size})"

    def frame_words(self) -> list[Word]:
        """Words that generate the algebra."""
        pairs = [word for pair in self.frame.pairs for word in pair]
        return [*pairs, *self.frame.radical]

    def in_block(self, word: Word) -> bool:
        """Whether a logical word belongs to the Jordan algebra of a sector."""
        return self.beta == 2 or not self.frame.form(word)


def pauli_symmetry(generators: Sequence[Word], n_wires: int) -> Symmetry:
    """Analyse rotations about Pauli words.

    Args:
        generators: at least one, phases do not matter.
        n_wires: number of wires.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> found = pauli_symmetry([from_letters(t) for t in ("XI", "ZI", "IY", "XX", "ZZ")], 2)
    >>> found.beta, found.size, found.is_full
    (4, 2, True)
    """
    words = list(dict.fromkeys(Word(w.x, w.z) for w in generators if w.support))
    if not words:
        raise ReadingError("The circuit has no trainable rotation that acts on anything.")
    central = [w for w in words if all(commute(w, v) for v in words)]
    turning = [w for w in words if w not in central]
    frame = logical_frame(turning, central)
    n_own = len(logical_frame(turning).radical) if turning else 0
    parts = [ideals(Words.of(part, n_wires)).ideals[0] for part in _parts(turning)]
    dimension = sum(ideal.dimension // ideal.copies for ideal in parts)
    odd = frame.has_form and any(frame.radical_forms[:n_own])
    beta = 2 if not frame.has_form or odd else (4 if frame.arf else 1)
    if beta == 4 and frame.n_logical == 1:
        beta = 2  # sp(2) is su(2), and the Jordan algebra of 1 × 1 quaternions holds nothing
    driven: tuple[int, ...] | None = tuple(1 << j for j in range(n_own))
    copies = parts[0].copies if len(parts) == 1 else 0
    if copies != 1 << max(0, n_own - odd) and n_own:
        driven = _driven(turning, frame, n_wires)
    whole = ideals(Words.of(words, n_wires)).text
    return Symmetry(frame, n_wires, beta, dimension, whole, driven, odd)


def _parts(words: Sequence[Word]) -> list[list[Word]]:
    """Sets of words that anticommutation joins."""
    left, parts = list(words), []
    while left:
        part, fresh = [], [left.pop()]
        while fresh:
            part += fresh
            near = [w for w in left if any(not commute(w, v) for v in fresh)]
            left = [w for w in left if w not in near]
            fresh = near
        parts.append(part)
    return parts


def _driven(words: Sequence[Word], frame: LogicalFrame, n_wires: int) -> tuple[int, ...] | None:
    """Which radical words carry words of the Lie algebra to words of it; ``None`` if not known."""
    found = closure(Words.of(words, n_wires), max_dimension=_MAX_LISTED)
    if not found.is_complete:
        return None
    first: dict[Word, int] = {}
    masks: set[int] = set()
    for x, z in found.words.pairs():
        at = frame.read(Word(x, z))
        if at is not None:
            masks.add(first.setdefault(at.word, at.radical) ^ at.radical)
    return tuple(sorted(masks - {0}))

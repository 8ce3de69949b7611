"""Words of a group as words on fewer, logical wires, with signs of a centre.

The products of some Pauli words form a group ``V`` over two elements. It is spanned by pairs
``e_i, f_i`` that anticommute with each other only, which act as ``X_i, Z_i`` of logical wires, and
by a radical ``R`` that commutes with all of ``V`` and is a sign in each of its sectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pennylane_trainability.circuits.pauli import IDENTITY, Word, commute, product

__all__ = ["Logical", "LogicalFrame", "logical_frame"]


@dataclass(frozen=True, slots=True)
class Logical:
    """A word of ``V`` as ``sign · word · ∏ r_j``.

    Attributes:
        word: on the logical wires, phase zero.
        radical: mask of the radical words ``r_j``.
        sign: ``±1``.
    """

    word: Word
    radical: int
    sign: int


@dataclass(frozen=True, slots=True, eq=False)
class LogicalFrame:
    """A basis of ``V``.

    Attributes:
        pairs: ``(e_i, f_i)``, phases zero.
        radical: independent words that commute with all of ``V``, phases zero.
        forms: ``(q(e_i), q(f_i))`` of the quadratic form with ``q(g) = 1`` on the generators and
            ``q(u + v) = q(u) + q(v) + ω(u, v)``.
        radical_forms: ``q(r_j)``.
        has_form: whether such a form exists.
    """

    pairs: tuple[tuple[Word, Word], ...]
    radical: tuple[Word, ...]
    forms: tuple[tuple[int, int], ...]
    radical_forms: tuple[int, ...]
    has_form: bool

    @property
    def n_logical(self) -> int:
        """Number of logical wires ``k``."""
        return len(self.pairs)

    @property
    def arf(self) -> int:
        """The Arf invariant of the form: 0 if it is that of real matrices."""
        return sum(a & b for a, b in self.forms) & 1

    def form(self, word: Word) -> int:
        """``q`` of a logical word."""
        total = (word.x & word.z).bit_count()
        for i, (q_x, q_z) in enumerate(self.forms):
            total += (word.x >> i & 1) * q_x + (word.z >> i & 1) * q_z
        return total & 1

    def read(self, word: Word) -> Logical | None:
        """A Hermitian word on the logical wires; ``None`` if it is not in ``V`` up to its sign."""
        x = z = 0
        for i, (e, f) in enumerate(self.pairs):
            a, b = not commute(word, f), not commute(word, e)
            x, z = x | a << i, z | b << i
        built = self.write(Word(x, z))
        mask = self._radical_mask(Word(word.x ^ built.x, word.z ^ built.z))
        if mask is None:
            return None
        for j, r in enumerate(self.radical):
            if mask >> j & 1:
                built = product(built, r)
        return Logical(Word(x, z), mask, 1 if (word.phase - built.phase) & 3 == 0 else -1)

    def write(self, word: Word) -> Word:
        """The word of ``V`` that a logical word stands for, with its sign, without the radical."""
        out = IDENTITY
        for i, (e, f) in enumerate(self.pairs):
            a, b = word.x >> i & 1, word.z >> i & 1
            letter = product(e, f) if a and b else e if a else f if b else IDENTITY
            turn = 1 if a and b else 0
            out = product(out, letter._replace(phase=(letter.phase + turn) & 3))
        return out

    def radical_products(self) -> list[Word]:
        """All products of radical words, in the order of their masks."""
        out = [IDENTITY]
        for r in self.radical:
            out += [product(word, r) for word in out]
        return out

    def _radical_mask(self, rest: Word) -> int | None:
        """Which radical words a word is the product of, up to its phase."""
        n = max([r.support.bit_length() for r in self.radical] + [rest.support.bit_length()])
        pivots: dict[int, tuple[int, int]] = {}
        for j, r in enumerate(self.radical):
            key, mask = _reduced(pivots, r.x << n | r.z, 1 << j)
            pivots[key.bit_length()] = key, mask
        key, mask = _reduced(pivots, rest.x << n | rest.z, 0)
        return None if key else mask


def _reduced(pivots: dict[int, tuple[int, int]], key: int, mask: int) -> tuple[int, int]:
    while key and key.bit_length() in pivots:
        other, factors = pivots[key.bit_length()]
        key, mask = key ^ other, mask ^ factors
    return key, mask


def logical_frame(generators: Iterable[Word], central: Sequence[Word] = ()) -> LogicalFrame:
    """Pairs and radical of the group that some words generate.

    Args:
        generators: words on which the form is one; phases do not matter.
        central: further words, which commute with all generators and with each other, and on which
            the form is free.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> frame = logical_frame(from_letters(text) for text in ("ZI", "IZ", "XX"))
    >>> frame.n_logical, len(frame.radical)
    (1, 1)
    """
    left, has_form = _echelon(generators)
    pairs: list[tuple[Word, Word]] = []
    forms: list[tuple[int, int]] = []
    radical: list[tuple[Word, int]] = []
    while left:
        e, q_e = left.pop()
        at = next((k for k, (v, _) in enumerate(left) if not commute(e, v)), None)
        if at is None:
            radical.append((e, q_e))
            continue
        f, q_f = left.pop(at)
        pairs.append((e, f))
        forms.append((q_e, q_f))
        left = [_cleared(vector, (e, q_e), (f, q_f)) for vector in left]
    known = LogicalFrame((), tuple(r for r, _ in radical), (), (), True)
    for word in central:
        if known._radical_mask(word) is None:
            radical.append((Word(word.x, word.z), 0))
            known = LogicalFrame((), tuple(r for r, _ in radical), (), (), True)
    return LogicalFrame(
        tuple(pairs),
        tuple(r for r, _ in radical),
        tuple(forms),
        tuple(q for _, q in radical),
        has_form,
    )


def _echelon(generators: Iterable[Word]) -> tuple[list[tuple[Word, int]], bool]:
    """Independent words with their forms, and whether all relations agree with the form."""
    words = [Word(w.x, w.z) for w in generators]
    n = max((w.support.bit_length() for w in words), default=0)
    pivots: dict[int, tuple[Word, int]] = {}
    has_form = True
    for word in words:
        vector = (word, 1)
        while (key := vector[0].x << n | vector[0].z) and key.bit_length() in pivots:
            vector = _sum(vector, pivots[key.bit_length()])
        if key:
            pivots[key.bit_length()] = vector
        elif vector[1]:
            has_form = False
    return list(pivots.values()), has_form


def _sum(u: tuple[Word, int], v: tuple[Word, int]) -> tuple[Word, int]:
    (a, q_a), (b, q_b) = u, v
    return Word(a.x ^ b.x, a.z ^ b.z), q_a ^ q_b ^ (not commute(a, b))


def _cleared(vector, e, f):
    """The vector plus what makes it commute with both words of a pair."""
    with_e, with_f = not commute(vector[0], e[0]), not commute(vector[0], f[0])
    if with_f:
        vector = _sum(vector, e)
    return _sum(vector, f) if with_e else vector

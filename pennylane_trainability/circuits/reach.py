"""Which Pauli words lead from a read-out back to a state: as linear spans, and as exact sets.

A word here is one integer ``x << n | z`` without its phase. Going backwards through a rotation by
``P``, a word ``W`` that commutes with ``P`` stays; one that anticommutes becomes
``cos φ · W + sin φ · iPW``, so that ``W`` and ``W ⊕ P`` are reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pennylane_trainability.circuits.pauli import Word

__all__ = ["Element", "Span", "WordSets", "idle_elements", "key_of", "off_all_ways", "swap"]


def key_of(word: Word, n: int) -> int:
    """The word as one integer."""
    return word.x << n | word.z


def swap(key: int, n: int) -> int:
    """The mask whose overlap with another word is odd exactly if the two anticommute."""
    return key >> n | (key & ((1 << n) - 1)) << n


@dataclass(frozen=True, slots=True)
class Element:
    """A rotation (one word) or an opaque element (the words that generate it)."""

    keys: tuple[int, ...]
    swapped: tuple[int, ...]


class Span:
    """All products of some words, kept as an echelon basis over the field of two elements.

    Attributes:
        pivots: ``{number of bits: basis word}``.
        limit: number of words of any basis of all words, ``2n``.
    """

    __slots__ = ("limit", "pivots", "seen")

    def __init__(self, limit: int, keys: Iterable[int] = ()):
        self.limit = limit
        self.pivots: dict[int, int] = {}
        self.seen: set[int] = set()
        for key in keys:
            self.add(key)

    def add(self, key: int) -> None:
        """Let another word generate."""
        if key in self.seen or len(self.pivots) == self.limit:
            return
        self.seen.add(key)
        pivots = self.pivots
        while key:
            pivot = pivots.get(key.bit_length())
            if pivot is None:
                pivots[key.bit_length()] = key
                return
            key ^= pivot

    def commutes_with(self, swapped: int) -> bool:
        """Whether every product commutes with a word, given by :func:`swap`."""
        for key in self.pivots.values():  # noqa: SIM110 - twice as fast as any()
            if (key & swapped).bit_count() & 1:
                return False
        return True


def idle_elements(
    order: Iterable[int], elements: Sequence[Element], seeds: Iterable[int], limit: int
) -> Iterator[tuple[int, Span]]:
    r"""Elements that commute with all words reached from the seeds through the elements before.

    An element that anticommutes with a reached word makes its own word a factor of what is reached,
    and if ``Q`` anticommutes with ``P``, it anticommutes with ``W`` or with ``W ⊕ P``. So the seeds
    and the words of active elements decide exactly whether any reached word anticommutes.

    Args:
        order: element numbers, from the read-out backwards or from the state forwards.
        elements: all elements.
        seeds: words the read-out (or the state) is made of.
        limit: dimension of the space of all words, ``2n``.

    Yields:
        An idle element, and the span of what is reached at its place (it grows afterwards).
    """
    span = Span(limit, seeds)
    for k in order:
        element = elements[k]
        if all(span.commutes_with(swapped) for swapped in element.swapped):
            yield k, span
        else:
            for key in element.keys:
                span.add(key)


class WordSets:
    """Sets of words in a span of dimension ``r``, each set an integer of ``2^r`` bits.

    Bit ``c`` stands for the product of the basis elements that the bits of ``c`` name.

    Attributes:
        basis: the basis elements, largest first.
    """

    __slots__ = ("_low", "basis")

    def __init__(self, span: Span):
        self.basis = sorted(span.pivots.values(), reverse=True)
        self._low = []
        for j in range(len(self.basis)):
            mask = (1 << (1 << j)) - 1
            for k in range(j + 1, len(self.basis)):
                mask |= mask << (1 << k)
            self._low.append(mask)

    def coordinates(self, key: int) -> int:
        """Bit ``j`` says whether ``basis[j]`` is a factor of the word, which lies in the span."""
        out = 0
        for j, pivot in enumerate(self.basis):
            if key ^ pivot < key:
                key ^= pivot
                out |= 1 << j
        return out

    def multiplied(self, words: int, key: int) -> int:
        """The set ``{W ⊕ P}``."""
        factor = self.coordinates(key)
        for j, low in enumerate(self._low):
            if factor >> j & 1:
                width = 1 << j
                words = (words & low) << width | words >> width & low
        return words

    def anticommuting(self, swapped: int) -> int:
        """The set of words of the span that anticommute with a word."""
        out = 0
        for j, key in enumerate(self.basis):
            width = 1 << j
            odd = (key & swapped).bit_count() & 1
            out |= (out ^ ((1 << width) - 1) if odd else out) << width
        return out

    def group(self, generators: Iterable[int]) -> int:
        """All products of some words of the span."""
        words = 1
        for key in generators:
            words |= self.multiplied(words, key)
        return words

    def kernel(self, leading: int) -> int:
        """Words without any of the first ``leading`` basis elements as a factor."""
        words = 1
        for j in range(leading, len(self.basis)):
            words |= words << (1 << j)
        return words

    def step(self, words: int, element: Element) -> tuple[int, int]:
        """What a set becomes through an element, forwards or backwards.

        Returns:
            the anticommuting words among all that are reached, and the whole set afterwards.
        """
        anti = 0
        for swapped in element.swapped:
            anti |= self.anticommuting(swapped)
        if len(element.keys) == 1:
            hit = words & anti
            hit |= self.multiplied(hit, element.keys[0])
            return hit, words | hit
        spread = words
        for key in element.keys:
            spread |= self.multiplied(spread, key)
        return spread & anti, words | spread


def off_all_ways(
    elements: Sequence[Element], sets: WordSets, measured: int, prepared: int
) -> list[int]:
    """Elements at which no word on a way from the read-out to the state anticommutes.

    With independent angles different ways carry different products of sines and cosines, so that
    they cannot cancel: exactly these elements have no effect.

    Args:
        elements: what is between state and read-out, in order.
        sets: sets of words in a span that holds all words involved.
        measured: the words of the read-out.
        prepared: the words whose expectation value in the initial state is not zero.

    Returns:
        Numbers of the elements.
    """
    reached = [measured] * len(elements)
    for k in reversed(range(len(elements))):
        reached[k] = measured
        _, measured = sets.step(measured, elements[k])
    idle = []
    for k, element in enumerate(elements):
        hit, prepared = sets.step(prepared, element)
        if not hit & reached[k]:
            idle.append(k)
    return idle

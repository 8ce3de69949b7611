"""The elements of a Lie algebra under a budget: listed, split, or only counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.dense_moments import sum_table
from pennylane_trainability.landscapes.steps import Sum
from pennylane_trainability.liealg import Words, ideals, sentence_closure
from pennylane_trainability.liealg.numeric import numeric_module
from pennylane_trainability.liealg.orbits import orbits
from pennylane_trainability.liealg.splitting import Split, split_module, split_words

__all__ = ["Elements", "elements_of"]

#: Larger algebras of sums of words are counted, not split.
_MOST_SPLIT = 600


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """What is known of an algebra.

    Attributes:
        dimension: elements found.
        complete: whether these are all.
        text: ideals in words.
        split: centre and ideals; ``None`` if the elements were not listed.
        notes: why not.
    """

    dimension: int
    complete: bool
    text: str
    split: Split | None
    notes: tuple[str, ...] = ()


def elements_of(generators: tuple[Sum, ...], n_wires: int, budget: int, rng) -> Elements:
    """The algebra of sums of words.

    Args:
        generators: the sums.
        n_wires: number of wires.
        budget: list no more elements than this.
        rng: of random matrices that tell ideals apart.
    """
    if all(len(one) == 1 for one in generators):
        return _of_words(Words.of([key for one in generators for key in one], n_wires), budget)
    return _of_sums(generators, n_wires, budget, rng)


def _of_words(words: Words, budget: int) -> Elements:
    known = ideals(words)
    if known.dimension > budget:
        note = (
            f"the algebra has {known.dimension} elements, more than max_dimension={budget}: they "
            "were not listed, and purities are not given"
        )
        return Elements(known.dimension, True, known.text, None, (note,))
    found = orbits(words, words, budget)
    return Elements(known.dimension, True, known.text, split_words(found, words))


def _of_sums(generators: tuple[Sum, ...], n_wires: int, budget: int, rng) -> Elements:
    keys, table = sum_table(generators)
    words = Words.of(keys, n_wires)
    closed = sentence_closure(words, table, max_dimension=budget)
    if not closed.is_complete:
        note = f"the closure was stopped: the dimension is {closed.text}"
        return Elements(closed.dimension, False, "", None, (note,))
    if closed.dimension > _MOST_SPLIT:
        note = f"algebras of sums of words are split up to dimension {_MOST_SPLIT}"
        return Elements(closed.dimension, True, "", None, (note,))
    try:
        listed = numeric_module(
            words, table, words, table,
            max_dimension=closed.dimension, max_words=len(closed.words),
        )  # fmt: skip
        if len(listed) != closed.dimension:
            raise ReadingError(f"{len(listed)} elements were found in floating point")
        split = split_module(listed, rng)
    except (BudgetError, ReadingError) as error:
        note = f"the ideals were not found: {error}"
        return Elements(closed.dimension, True, "", None, (note,))
    return Elements(closed.dimension, True, _text(split), split)


def _text(split: Split) -> str:
    """Ideals in words; those of unknown type by their dimension."""
    names = Counter(part.name or f"dimension {part.dimension}" for part in split.parts)
    if split.centre.dimension:
        names["u(1)"] = split.centre.dimension
    parts = (name if count == 1 else f"{count} × {name}" for name, count in names.items())
    return " + ".join(f"({p})" if " or " in p else p for p in parts)

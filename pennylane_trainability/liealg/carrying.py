r"""Pauli words carried exactly through rotations: all values in one sweep, or the whole matrix.

A word ``P_j`` that stands in front of the steps ``V_j … V_m`` reads ``Σ_t c_{jt} σ_t`` behind them
(the adjoint action of the group, ``V P V†``). The sweep runs backwards: from numbers ``y(σ_t)``
that are linear in ``σ_t`` it finds ``Σ_t c_{jt} y(σ_t)`` of all ``j`` together, as backpropagation
does. Every row of ``c`` has length one, because ``V P V†`` is a reflection like ``P``: noise of
``y`` is not amplified. Used so for gradients by Heidari et al., arXiv:2404.05108.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.liealg.pairs import Pairs, turn_pairs
from pennylane_trainability.liealg.reach import Cosets, Reach, Source, reach
from pennylane_trainability.liealg.steps import Mixing, Turn
from pennylane_trainability.liealg.words import Words

__all__ = ["Carrying", "by_place"]

#: Tables of the steps that are no rotations, by the number of the step.
Tables = Mapping[int, np.ndarray]

DEFAULT_MAX_WORDS = 1 << 17
#: Blocks that do not leave the caches are faster.
DEFAULT_MEMORY = 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class Carrying:
    """How some words are carried behind a circuit; angles are given where it is used.

    Attributes:
        places: of the sources, ``(S,)``.
        made: the words and what every step mixes.
    """

    places: np.ndarray
    made: Reach

    @classmethod
    def of(
        cls,
        steps: Sequence[Turn | Mixing],
        sources: Sequence[Source],
        n_wires: int,
        max_words: int = DEFAULT_MAX_WORDS,
    ) -> Carrying:
        """Find all words that the sources can become; nothing depends on angles.

        Args:
            steps: the circuit, ``m`` steps in order.
            sources: the words, each in front of a step.
            n_wires: number of wires.
            max_words: refuse more words than this.

        Raises:
            BudgetError: more words are reached; the message says how many were found.

        An ``X`` in front of a rotation about ``Z`` becomes ``X`` and ``Y``:

        >>> found = Carrying.of([Turn(0, 1)], [Source(0, 1, 0)], 1)
        >>> found.words.pairs()
        [(1, 0), (1, 1)]
        >>> next(found.forward([np.pi / 3]))[1].round(3)
        array([[0.5  , 0.866]])
        """
        places = np.array([source.place for source in sources], np.int64)
        return cls(places, reach(steps, sources, n_wires, max_words))

    @property
    def words(self) -> Words:
        """What the sources can become, ``d`` words."""
        return self.made.words

    @property
    def size(self) -> int:
        """Words, and pairs or places in tables that are kept; rotations about one word share."""
        distinct = {id(action): action for action in self.made.actions}
        return len(self.words) + sum(
            len(action.first) if isinstance(action, Pairs) else action.table.size
            for action in distinct.values()
        )

    def backward(self, angles, y: np.ndarray, tables: Tables | None = None) -> np.ndarray:
        """The value of every source from values of the words at the end.

        Args:
            angles: one per step; those of steps that are no rotations are not looked at.
            y: values of the words, ``(d,)`` or several columns ``(d, k)``.
            tables: transfer matrices of the other steps, by number of the step.

        Returns:
            ``(S,)`` or ``(S, k)``; cost one pass over the pairs of every step.
        """
        y = np.array(y, float, order="C")  # reshaped in place
        out = np.zeros((len(self.places), *y.shape[1:]))
        waiting = by_place(self.places)
        for place in range(len(self.made.actions), -1, -1):
            if place < len(self.made.actions):
                self._apply(place, y, angles, tables, transposed=True)
            if place in waiting:
                out[waiting[place]] = y[self.made.starts[waiting[place]]]
        return out

    def forward(
        self, angles, tables: Tables | None = None, memory: int = DEFAULT_MEMORY
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The matrix ``c``, in blocks of rows.

        Args:
            angles: as in :meth:`backward`.
            tables: as in :meth:`backward`.
            memory: bytes that one block may take; a block has at least one row.

        Yields:
            numbers of the sources ``(s,)``, and their rows ``(s, d)``.
        """
        order = np.argsort(self.places, kind="stable")
        size = max(1, int(memory // (8 * max(1, len(self.words)))))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield rows, self._block(rows, angles, tables)

    def _block(self, rows: np.ndarray, angles, tables) -> np.ndarray:
        """Neighbouring sources together, from the first one's place on."""
        block = np.zeros((len(self.words), len(rows)))
        starting = by_place(self.places[rows])
        for place in range(min(starting), len(self.made.actions) + 1):
            if place in starting:
                columns = starting[place]
                block[self.made.starts[rows[columns]], columns] = 1.0
            if place < len(self.made.actions):
                self._apply(place, block, angles, tables, transposed=False)
        return block.T

    def _apply(self, place: int, values: np.ndarray, angles, tables, transposed: bool) -> None:
        action = self.made.actions[place]
        if isinstance(action, Pairs):
            turn_pairs(values, action, -angles[place] if transposed else angles[place])
        else:
            table = (tables or {})[place]
            _mix_cosets(values, action, table.T if transposed else table)


def _mix_cosets(values: np.ndarray, cosets: Cosets, table: np.ndarray) -> None:
    """Coefficients of words, one row per word, through a transfer matrix; in place."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    coset, code = np.nonzero(cosets.table >= 0)
    rows, signs = cosets.table[coset, code], cosets.signs[coset, code][:, None]
    own = np.zeros((*cosets.table.shape, flat.shape[1]))
    own[coset, code] = signs * flat[rows]
    flat[rows] = signs * (table @ own)[coset, code]


def by_place(places: np.ndarray) -> dict[int, np.ndarray]:
    """Which sources stand at every place."""
    found: dict[int, list[int]] = {}
    for number, place in enumerate(places.tolist()):
        found.setdefault(place, []).append(number)
    return {place: np.array(own) for place, own in found.items()}

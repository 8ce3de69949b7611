r"""Exact variances of a loss and of all its derivatives on the module of the observable.

For every label (see ``word_module``) ``M_A = E[o_A] E[o_B]`` and ``C_A = E[o_A o_B] − M_A`` go back
through the rotations. Where ``P`` anticommutes with ``A`` and with ``B``, and ``W = iPA``,

.. math::

    C_A \to E\cos^2\varphi\; C_A + E\sin^2\varphi\,(C_W + M_W) + V\, M_A, \qquad
    M_A \to (E\cos\varphi)^2 M_A,

with ``V = E cos² φ − (E cos φ)²``: sums without cancellation, also for narrow laws. The map is its
own transpose, so that expectation values go forward by the same rule, and both meet at every
rotation for the derivative there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from pennylane_trainability.landscapes.path_model import PathModel
from pennylane_trainability.landscapes.word_module import (
    Budget,
    Labelled,
    alike,
    labelled,
    words_of_bits,
)
from pennylane_trainability.liealg.orbits import Reached, reached
from pennylane_trainability.liealg.words import WordIndex, Words, crossings

__all__ = ["WordSweep", "word_sweep"]

#: Covariances and products of means, each ``(d, L)``.
State = tuple[np.ndarray, ...]
#: States behind all rotations are kept if they take no more bytes; fewer are otherwise.
_KEPT = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class WordSweep:
    """A module and what every rotation of a circuit does to it.

    Attributes:
        model: the circuit.
        words: those of the observable that rotations move.
        module: the words that are reached.
        which: for every rotation its pairs, by number.
        table: pairs that count.
        apart: which labels anticommute with which rotations, ``(m, L)``.
    """

    model: PathModel
    words: Words
    module: Reached
    which: np.ndarray
    table: Labelled
    apart: np.ndarray

    def loss(self) -> float:
        """``Var ℓ``."""
        state = self._start()
        for k in range(len(self.which) - 1, -1, -1):
            self._turn(state, k)
        return float(np.sum(state[0] * self.table.end))

    def gradients(self) -> np.ndarray:
        """``Var ∂ℓ/∂θ_p`` of all parameters, ``(P,)``."""
        count = len(self.which)
        forward = self._end()
        kept_at_once = 8 * forward[0].size * len(forward) * count <= _KEPT
        size = max(1, count if kept_at_once else isqrt(count))
        kept = self._behind(size)
        out = np.zeros(self.model.n_parameters)
        for part in range(len(kept)):
            top = min(count, (part + 1) * size) - 1
            behind = self._recomputed(kept.pop(part), part * size, top)
            for k in range(part * size, top + 1):
                parameter = self.model.parameters[k]
                out[parameter] = self._derivative(behind[k], forward, k)
                out[parameter] *= self.model.scales[k] ** 2
                self._turn(forward, k)
        return out

    def _start(self) -> State:
        """Behind all rotations."""
        return np.zeros_like(self.table.start), self.table.start.copy()

    def _end(self) -> State:
        """In front of all rotations."""
        return np.zeros_like(self.table.end), self.table.end.copy()

    def _behind(self, size: int) -> dict[int, State]:
        """States behind the last rotation of every ``size`` rotations."""
        state, kept = self._start(), {}
        for k in range(len(self.which) - 1, -1, -1):
            if (k + 1) % size == 0 or k == len(self.which) - 1:
                kept[k // size] = _copied(state)
            if k < size:
                break
            self._turn(state, k)
        return kept

    def _recomputed(self, state: State, low: int, top: int) -> dict[int, State]:
        """States behind every rotation of a part, from the one behind the last."""
        out = {top: state}
        for k in range(top, low, -1):
            state = _copied(state)
            self._turn(state, k)
            out[k - 1] = state
        return out

    def _turn(self, state: State, k: int) -> None:
        """Through rotation ``k``, in place."""
        model, pairs = self.model, self.module.pairs[self.which[k]]
        mean, sine, spread = model.mean[k], model.sine[k], model.spread[k]
        apart = self.apart[k]
        if apart.any():
            for part in state:
                part[:, apart] *= mean
        places = [_at(rows, apart) for rows in pairs]
        c, m = ([part[place] for place in places] for part in state)
        for own, place in enumerate(places):
            new = (1 - sine) * c[own] + sine * (c[1 - own] + m[1 - own]) + spread * m[own]
            state[0][place] = new
            state[1][place] = mean**2 * m[own]

    def _derivative(self, behind: State, before: State, k: int) -> float:
        """``Var ∂ℓ/∂φ_k``: cosine and sine change places, and the sine has mean zero."""
        model, pairs = self.model, self.module.pairs[self.which[k]]
        mean, sine, spread = model.mean[k], model.sine[k], model.spread[k]
        apart, total = self.apart[k], 0.0
        for a, b in (pairs, pairs[::-1]):
            (c, m), (d, n) = ([part[_at(a, apart)] for part in state] for state in (behind, before))
            partner, means = (part[_at(b, apart)] for part in behind)
            value = sine * (c + m) + (1 - sine) * partner + spread * means
            total += float(np.sum(value * (d + n)) + mean**2 * np.sum(means * d))
        return total


class WholeTurns(WordSweep):
    """The same for angles over whole turns, ``E cos φ = 0`` and ``E sin² φ = 1/2``.

    Products of means vanish at the first rotation that moves a word, and every word that counts is
    moved. What is left is ``E[o_A o_B]``, whose two numbers of a pair become their mean.
    """

    __slots__ = ()

    def _start(self) -> State:
        return (self.table.start.copy(),)

    def _end(self) -> State:
        return (self.table.end.copy(),)

    def _turn(self, state: State, k: int) -> None:
        (values,) = state
        first, second = self.module.pairs[self.which[k]]
        mean = values.take(first, axis=0)
        mean += values.take(second, axis=0)
        mean *= 0.5
        values[first] = mean
        values[second] = mean

    def _derivative(self, behind: State, before: State, k: int) -> float:
        first, second = self.module.pairs[self.which[k]]
        one, other = (v.take(first, axis=0) + v.take(second, axis=0) for (v,) in (behind, before))
        return 0.5 * float(np.vdot(one, other))


def _copied(state: State) -> State:
    return tuple(part.copy() for part in state)


def _at(rows: np.ndarray, apart: np.ndarray):
    """Rows, in the columns of labels that commute with the rotation."""
    return np.ix_(rows, np.flatnonzero(~apart)) if apart.any() else rows


def word_sweep(model: PathModel, budget: Budget) -> WordSweep:
    """The module of an observable under the rotations of a circuit, in their order.

    Args:
        model: the circuit, without fixed rotations.
        budget: how much it may take.

    Raises:
        BudgetError: it takes more.
    """
    rotations, every = words_of_bits(model.rotations), words_of_bits(model.words)
    live = crossings(every, rotations).any(axis=1)  # the others are constant
    words = every.take(live)
    distinct = WordIndex(rotations.n_limbs)
    which = distinct.add(rotations)
    module = reached(words, distinct.words, which[::-1], budget.words)
    budget.check(module)
    stopping = distinct.words.take(slice(0, 0)) if model.narrow else distinct.words
    groups = alike(model.bloch, stopping, words)
    table = labelled(model.bloch, module.index, words, model.coefficients[live], groups)
    budget.check_work(len(module), max(1, len(table.labels)), len(which))
    apart = crossings(rotations, table.labels)
    whole = not (model.narrow or model.fixed.any() or apart.any())
    return (WholeTurns if whole else WordSweep)(model, words, module, which, table, apart)

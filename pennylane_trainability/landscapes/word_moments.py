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
from pennylane_trainability.liealg.words import WordIndex, crossings

__all__ = ["WordSweep", "word_sweep"]

#: Covariances and products of means, each ``(d, L)``.
State = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class WordSweep:
    """A module and what every rotation of a circuit does to it.

    Attributes:
        model: the circuit.
        module: the words that are reached.
        which: for every rotation its pairs, by number.
        table: pairs that count.
        apart: which labels anticommute with which rotations, ``(m, L)``.
    """

    model: PathModel
    module: Reached
    which: np.ndarray
    table: Labelled
    apart: np.ndarray

    def loss(self) -> float:
        """``Var ℓ``."""
        state = (np.zeros_like(self.table.start), self.table.start.copy())
        for k in range(len(self.which) - 1, -1, -1):
            self._turn(state, k)
        return float(np.sum(state[0] * self.table.end))

    def gradients(self) -> np.ndarray:
        """``Var ∂ℓ/∂θ_p`` of all parameters, ``(P,)``."""
        count = len(self.which)
        size = max(1, isqrt(count))
        state = (np.zeros_like(self.table.start), self.table.start.copy())
        kept = {}
        for k in range(count - 1, -1, -1):
            if (k + 1) % size == 0 or k == count - 1:
                kept[k // size] = (state[0].copy(), state[1].copy())
            self._turn(state, k)
        forward = (np.zeros_like(state[0]), self.table.end.copy())
        out = np.zeros(self.model.n_parameters)
        for part in range(0, -(-count // size)):
            top = min(count, (part + 1) * size) - 1
            behind = self._recomputed(kept.pop(part), part * size, top)
            for k in range(part * size, top + 1):
                parameter = self.model.parameters[k]
                out[parameter] = self._derivative(behind[k], forward, k)
                out[parameter] *= self.model.scales[k] ** 2
                self._turn(forward, k)
        return out

    def _recomputed(self, state: State, low: int, top: int) -> dict[int, State]:
        """States behind every rotation of a part, from the one behind the last."""
        out = {top: state}
        for k in range(top, low, -1):
            state = (state[0].copy(), state[1].copy())
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
    return WordSweep(model, module, which, table, crossings(rotations, table.labels))

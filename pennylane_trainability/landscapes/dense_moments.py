r"""Exact variances for steps whose generators are sums of Pauli words, on a small module.

In an orthonormal basis of the module of the observable a step ``exp(−iθG/2)`` is ``e^{θa}`` with
``a`` antisymmetric, ``a = −iUλU†``, and a second moment ``X = E[o oᵀ]`` becomes

.. math:: E[e^{\theta a} X e^{\theta a^T}] = U\,\bigl(\chi(\lambda_i - \lambda_j)\,
          (U^\dagger X U)_{ij}\bigr)\,U^\dagger, \qquad \chi(\omega) = E\,e^{i\omega\theta},

whatever the frequencies. As in ``word_moments`` means and covariances are carried apart,
expectation values come from the other side by the same rule, and both meet for the derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.steps import Step, StepCircuit, Sum, parallel
from pennylane_trainability.landscapes.word_module import Budget, states
from pennylane_trainability.laws import Law, Normal, Uniform
from pennylane_trainability.liealg.numeric import NumericModule, numeric_module
from pennylane_trainability.liealg.words import Words

__all__ = ["DenseSweep", "dense_sweep", "ends", "largest", "module_of", "sum_table"]

#: Frequencies that differ by less are the same.
_SAME = 1e-7
_WORDS_PER_DIMENSION = 64
#: Sums that are smaller than this part of their terms are zero.
_ROUNDING = 1e-13
#: A mean ``(d,)`` and a covariance ``(d, d)``.
State = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class DenseSweep:
    """A circuit on the module of its observable.

    Attributes:
        circuit: the circuit.
        module: the module.
        generators: for every step the number of its generator; −1 if it has none.
        fixed: the same for its fixed factor.
        law: of the parameters.
        start: the observable, ``(d,)``.
        end: expectation values, ``(d,)``.
    """

    circuit: StepCircuit
    module: NumericModule
    generators: tuple[int, ...]
    fixed: tuple[int, ...]
    law: Law
    start: np.ndarray
    end: np.ndarray

    def moments(self) -> tuple[float, float]:
        """``Var ℓ`` and ``E ℓ``."""
        state = self._state(self.start)
        frames = self._frames()
        for k in range(len(self.circuit.steps) - 1, -1, -1):
            state = self._through(state, k, frames, 1)
        mean, covariance = state
        value = float(self.end @ covariance @ self.end)
        value *= abs(value) > _ROUNDING * np.linalg.norm(covariance) * float(self.end @ self.end)
        known = float(mean @ self.end)
        known *= abs(known) > _ROUNDING * np.linalg.norm(self.start) * np.linalg.norm(self.end)
        return value, self.circuit.constant + known

    def gradients(self) -> np.ndarray:
        """``Var ∂ℓ/∂θ_p`` of all parameters, ``(P,)``."""
        steps, frames = self.circuit.steps, self._frames()
        behind, state = [], self._state(self.start)
        for k in range(len(steps) - 1, -1, -1):
            behind.append(state)
            state = self._through(state, k, frames, 1)
        before = self._state(self.end)
        out = np.zeros(self.circuit.n_parameters)
        for k, step in enumerate(steps):
            if step.parameter >= 0:
                out[step.parameter] = self._derivative(behind.pop(), before, k, frames)
            else:
                behind.pop()
            before = self._through(before, k, frames, -1)
        return out

    def _state(self, vector: np.ndarray) -> State:
        return vector, np.zeros((len(vector), len(vector)))

    def _frames(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """``λ`` and ``U`` of every generator."""
        return [np.linalg.eigh(1j * a) for a in self.module.matrices]

    def _through(self, state: State, k: int, frames, direction: int) -> State:
        """Backwards (1) or forwards (−1) through a step: random part and fixed part commute."""
        step = self.circuit.steps[k]
        if self.fixed[k] >= 0:
            values, vectors = frames[self.fixed[k]]
            turn = np.real((vectors * np.exp(-1j * direction * values)) @ vectors.conj().T)
            state = turn @ state[0], turn @ state[1] @ turn.T
        if step.parameter < 0:
            return state
        values, vectors = frames[self.generators[k]]
        chi, pairs, spread = _moments(self.law, values)
        mean, covariance = _into(state, vectors)
        new = pairs * covariance + spread * np.outer(mean, mean.conj())
        return _out((chi * mean, new), vectors)

    def _derivative(self, behind: State, before: State, k: int, frames) -> float:
        """``Var ∂ℓ/∂θ`` of one step: the derivative brings down ``λ``."""
        if self.fixed[k] >= 0:
            values, vectors = frames[self.fixed[k]]
            turn = np.real((vectors * np.exp(-1j * values)) @ vectors.conj().T)
            behind = turn @ behind[0], turn @ behind[1] @ turn.T
        values, vectors = frames[self.generators[k]]
        chi, pairs, spread = _moments(self.law, values)
        mean, covariance = _into(behind, vectors)
        outer = np.outer(mean, mean.conj())
        weight = np.outer(values, values)
        varied = _real(weight * (pairs * covariance + spread * outer), vectors)
        kept = _real(weight * np.outer(chi, chi) * outer, vectors)
        second = before[1] + np.outer(before[0], before[0])
        value = float(np.sum(varied * second) + np.sum(kept * before[1]))
        size = np.linalg.norm(varied) * np.linalg.norm(second)
        size += np.linalg.norm(kept) * np.linalg.norm(before[1])
        return value * (abs(value) > _ROUNDING * size)


def _into(state: State, vectors: np.ndarray) -> State:
    return vectors.conj().T @ state[0], vectors.conj().T @ state[1] @ vectors


def _real(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return np.real(vectors @ matrix @ vectors.conj().T)


def _out(state: State, vectors: np.ndarray) -> State:
    return np.real(vectors @ state[0]), _real(state[1], vectors)


def _moments(law: Law, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``χ(λ_i)``, ``χ(λ_i − λ_j)`` and ``χ(λ_i − λ_j) − χ(λ_i) χ(λ_j)``."""
    chi = _characteristic(law)
    own, both = chi(values), chi(values[:, None] - values)
    if isinstance(law, Normal):  # without cancellation
        product = np.outer(own, own)
        exponent = law.scale**2 * np.outer(values, values)
        small = np.abs(exponent) < 1
        return (
            own,
            both,
            np.where(small, product * np.expm1(np.where(small, exponent, 0.0)), both - product),
        )
    return own, both, both - np.outer(own, own)


def _characteristic(law: Law) -> Callable[[np.ndarray], np.ndarray]:
    """``E cos ωδ`` of the distance ``δ`` from the values given; all laws are symmetric."""
    if isinstance(law, Normal):
        scale = law.scale
        return lambda w: np.exp(-((scale * w) ** 2) / 2)
    if isinstance(law, Uniform) and law.half_width is not None:
        width = law.half_width
        return lambda w: np.sinc(w * width / np.pi)
    if isinstance(law, Uniform):
        return lambda w: (np.abs(w) < _SAME).astype(float)
    raise ReadingError(
        "the law is a function, whose moments are not known; use Uniform() or Normal(scale)"
    )


def sum_table(sums: Sequence[Sum]) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Distinct words of some sums and their coefficients, one row per sum."""
    keys = list(dict.fromkeys(key for one in sums for key in one))
    number = {key: k for k, key in enumerate(keys)}
    table = np.zeros((len(sums), len(keys)))
    for row, one in zip(table, sums, strict=True):
        for key, value in one.items():
            row[number[key]] = value
    return keys, table


def dense_sweep(circuit: StepCircuit, law: Law, budget: Budget) -> DenseSweep:
    """The module of an observable under the steps of a circuit.

    Args:
        circuit: the circuit.
        law: of the parameters.
        budget: how much it may take.

    Raises:
        BudgetError: it takes more.
        ReadingError: the law is a function.
    """
    _characteristic(law)
    whole = isinstance(law, Uniform) and law.half_width is None
    sums: list[Sum] = []
    generators = tuple(_numbered(step.generator, sums) for step in circuit.steps)
    fixed = tuple(
        -1 if _absorbed(step, whole) else _numbered(step.values, sums) for step in circuit.steps
    )
    module = module_of(circuit, sums, largest(budget, len(circuit.steps)), budget.words)
    start, end = ends(circuit, module)
    return DenseSweep(circuit, module, generators, fixed, law, start, end)


def _numbered(one: Sum, sums: list[Sum]) -> int:
    """The place of a sum in a list, which it joins if it is new; −1 for zero."""
    if not any(one.values()):
        return -1
    if one not in sums:
        sums.append(one)
    return sums.index(one)


def ends(circuit: StepCircuit, module: NumericModule) -> tuple[np.ndarray, np.ndarray]:
    """The observable and the expectation values in the basis of its module, each ``(d,)``."""
    own = np.zeros(len(module.words))
    own[: len(circuit.terms)] = list(circuit.terms.values())
    return module.basis @ own, module.basis @ states(circuit.bloch, module.words)


def module_of(
    circuit: StepCircuit, sums: Sequence[Sum], most: int, max_words: int
) -> NumericModule:
    """The module of the observable under sums of words.

    Args:
        circuit: the circuit.
        sums: the generators.
        most: refuse more dimensions.
        max_words: refuse more words.

    Raises:
        BudgetError: it is too large; the message says what is known of its size.
    """
    n = len(circuit.bloch)
    keys, table = sum_table(sums)
    try:
        return numeric_module(
            Words.of(list(circuit.terms), n),
            np.array([list(circuit.terms.values())]).reshape(1, -1),
            Words.of(keys, n),
            table,
            max_dimension=most,
            max_words=min(max_words, _WORDS_PER_DIMENSION * most),
        )
    except BudgetError as error:
        raise BudgetError(f"the module of the observable is too large: {error}") from error


def largest(budget: Budget, steps: int) -> int:
    """The largest dimension whose matrices fit the budget."""
    by_work = (budget.work / (4 * max(1, steps))) ** (1 / 3) * 3
    by_memory = (budget.memory / (48 * (steps + 8))) ** 0.5
    return max(4, int(min(budget.words, by_work, by_memory)))


def _absorbed(step: Step, whole: bool) -> bool:
    """Whether the fixed factor is nothing, or one that an angle over whole turns contains."""
    if not any(step.values.values()):
        return True
    if step.parameter < 0 or not whole:
        return False
    return parallel(step)

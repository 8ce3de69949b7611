r"""Variances in the limit of infinite depth: a random element of the group the rotations generate.

``E[o oᵀ]`` then is the part of ``o oᵀ`` that commutes with all generators on the module of the
observable. For generators that are Pauli words, numbers on pairs of words with the same label (see
``word_module``) become their mean over every orbit:

.. math:: \mathrm{Var}\,\ell = \sum_{Q} \sum_{\text{orbits } S} \frac{1}{|S|}
          \sum_{A \in S} o_A o_{AQ} \sum_{A \in S} \mathrm{Tr}(\rho A)\, \mathrm{Tr}(\rho AQ),

which holds whether or not the observable lies in the Lie algebra. For ``Q = 1`` alone this is the
formula with one purity per orbit; the other labels are the coherences between isomorphic modules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.dense_moments import ends, largest, module_of
from pennylane_trainability.landscapes.steps import StepCircuit, Sum, distinct_sums
from pennylane_trainability.landscapes.word_module import Budget, alike, labelled, states
from pennylane_trainability.liealg.commutant import commutant_projection, invariant_vectors
from pennylane_trainability.liealg.orbits import Orbits, Reached, orbits
from pennylane_trainability.liealg.words import Words, crossings

__all__ = ["DeepLimit", "deep_limit"]

#: What may be left of commutators behind the projection.
_CONVERGED = 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class DeepLimit:
    """A circuit whose parts in front and behind are random elements of its group.

    Attributes:
        loss: ``Var ℓ``.
        mean: ``E ℓ``.
        gradients: ``Var ∂ℓ/∂θ_p``, random parts on both sides of the step, ``(P,)``.
        dimension: of the module of what varies of the observable.
    """

    loss: float
    mean: float
    gradients: np.ndarray
    dimension: int


def deep_limit(
    circuit: StepCircuit, budget: Budget, known: tuple[Words, Reached] | None = None
) -> DeepLimit:
    """The limit for the group that the trainable steps of a circuit generate.

    Args:
        circuit: the circuit.
        budget: how much the module may take.
        known: words of an observable, and what rotations have been seen to make of them. It saves
            a search where the observable and the rotations are those of the circuit.

    Raises:
        ReadingError: there are fixed rotations among the trainable ones.
        BudgetError: the module is too large.
    """
    if circuit.has_fixed:
        raise ReadingError(
            "fixed rotations stand among the trainable ones, so that the group is not known"
        )
    steps = [step for step in circuit.trainable if any(step.generator.values())]
    own, which, factors = distinct_sums([step.generator for step in steps])
    single = all(len(one) == 1 for one in own)
    found = _of_words(circuit, own, budget, known) if single else _of_sums(circuit, own, budget)
    loss, mean, each, dimension = found
    gradients = np.zeros(circuit.n_parameters)
    for step, number, factor in zip(steps, which, factors, strict=True):
        gradients[step.parameter] = each[number] * factor**2
    return DeepLimit(loss, circuit.constant + mean, gradients, dimension)


def _of_words(
    circuit: StepCircuit, own: list[Sum], budget: Budget, known: tuple[Words, Reached] | None
):
    """Averages over orbits of words."""
    n = len(circuit.bloch)
    rotations = Words.of([key for one in own for key in one], n)
    every = Words.of(list(circuit.terms), n)
    values = np.array(list(circuit.terms.values()))
    live = crossings(every, rotations).any(axis=1)
    still = values[~live] @ states(circuit.bloch, every.take(~live))
    words, values = every.take(live), values[live]
    if not len(words):
        return 0.0, float(still), np.zeros(len(own)), 0
    found = _orbits(words, rotations, budget, known)
    groups = alike(circuit.bloch, rotations, words)
    table = labelled(circuit.bloch, found.index, words, values, groups)
    weights = np.sum(found.sums(table.start) * found.sums(table.end), axis=1) / found.sizes
    moved = found.sums(crossings(found.index.words, rotations))
    return float(weights.sum()), float(still), (weights / found.sizes) @ moved, len(found.index)


def _orbits(
    words: Words, rotations: Words, budget: Budget, known: tuple[Words, Reached] | None
) -> Orbits:
    if known is not None and sorted(words.pairs()) == sorted(known[0].pairs()):
        found = known[1].orbits(rotations)
        if found is not None:
            return found
    try:
        return orbits(words, rotations, budget.words)
    except BudgetError as error:
        raise BudgetError(f"the module of the observable is too large: {error}") from error


def _of_sums(circuit: StepCircuit, own: list[Sum], budget: Budget):
    """Projections of matrices."""
    module = module_of(circuit, own, largest(budget, 4 * len(own)), budget.words)
    start, end = ends(circuit, module)
    still = invariant_vectors(module.matrices)
    mean = float((still @ start) @ (still @ end))
    mean *= abs(mean) > _ROUNDING * float(np.linalg.norm(start) * np.linalg.norm(end))
    start, end = (vector - still.T @ (still @ vector) for vector in (start, end))
    observable, left = commutant_projection(module.matrices, np.outer(start, start))
    state, left_too = commutant_projection(module.matrices, np.outer(end, end))
    if max(left, left_too) > _CONVERGED:
        raise ReadingError(f"the projection did not converge ({max(left, left_too):.1e} is left)")
    joined = observable @ state
    each = np.array([float(np.sum((a.T @ a) * joined)) for a in module.matrices])
    return float(end @ observable @ end), mean, each, len(module) - len(still)

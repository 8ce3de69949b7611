r"""A part drawn for every shot: shots spread over the parts by a multinomial draw.

With :math:`n \sim \mathrm{Multinomial}(N, \alpha)` and the means :math:`\bar m_k` of the parts
that got shots, :math:`\hat f = \sum_k (n_k/N)\,\bar m_k` is the mean of ``N`` independent outcomes
of the mixture: unbiased, with the variance of one outcome of :math:`\rho` over ``N``
(:math:`(1 - f^2)/N` for a Pauli word).
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots

from pennylane_trainability.density.mixture import Call, Runs, points_of
from pennylane_trainability.density.outputs import weighted_sum
from pennylane_trainability.density.weights import numbers_of
from pennylane_trainability.errors import ReadingError

__all__ = ["probabilities_of", "randomised_tapes", "spread"]


def randomised_tapes(call: Call, shots: Shots):
    r"""Circuits of the parts that were drawn, with as many shots as they were drawn.

    The term of a part is :math:`\alpha_k \cdot (n_k / N\alpha_k)\,\bar m_k`, where only the first
    factor is differentiated: the derivative by :math:`\alpha_k` has the mean :math:`f_k`, and that
    by the part's own parameters :math:`\alpha_k \partial f_k`.

    Returns:
        Tapes and their post-processing.
    """
    if not shots:
        raise ReadingError(
            "method='randomised' draws a part for every shot and needs shots: qml.set_shots(model, "
            "shots=…). Without shots use method='exact'."
        )
    if qml.math.is_abstract(call.alpha):
        raise NotImplementedError(
            "method='randomised' draws the shots of every part from the weights, which have no "
            "values inside jit or vmap. Call it outside, or use method='exact'."
        )
    batched, points = points_of(call)
    copies = [s.shots for s in shots.shot_vector for _ in range(s.copies)]
    runs, terms = Runs(), []
    for count in copies:
        for tapes, alpha in points:
            drawn, factors = spread(numbers_of(alpha), count, call.mixture.rng)
            chosen = np.flatnonzero(drawn).tolist()
            for k in chosen:
                runs.add(call.mixture.parts[k], tapes[k].copy(shots=int(drawn[k])))
            terms.append([alpha[k] * factors[k] for k in chosen])
    return runs.tapes, _post(call, runs, terms, len(points) if batched else None, len(copies))


def _post(call: Call, runs: Runs, terms: list, size: int | None, n_copies: int):
    outputs = call.outputs

    def one(coefficients, found) -> list:
        leaves = [outputs.leaves(next(found)) for _ in coefficients]
        return weighted_sum(outputs, coefficients, leaves)

    def post(results):
        found = iter(runs.results(results))
        values = [one(coefficients, found) for coefficients in terms]
        if size is not None:
            blocks = [values[start : start + size] for start in range(0, len(values), size)]
            values = [[qml.math.stack(list(m)) for m in zip(*b, strict=True)] for b in blocks]
        mixed = tuple(outputs.unflatten(value) for value in values)
        return mixed if n_copies > 1 else mixed[0]

    return post


def spread(alpha: np.ndarray, count: int, rng: np.random.Generator):
    """Shots of every part, and by what its mean is multiplied beside its weight.

    Args:
        alpha: weights, ``(K,)``.
        count: shots in all, ``N``.
        rng: source of randomness.

    Returns:
        ``n_k`` and ``n_k / (N p_k)``, each ``(K,)``; ``p`` are the weights, made to add up to one.

    >>> drawn, factors = spread(np.array([0.0, 0.25, 0.75]), 100, np.random.default_rng(1))
    >>> drawn.sum(), drawn[0], bool(np.isclose(factors @ [0.0, 0.25, 0.75], 1.0))
    (np.int64(100), np.int64(0), True)
    """
    p = probabilities_of(alpha)
    drawn = rng.multinomial(count, p)
    return drawn, drawn / (count * np.where(p > 0, p, 1.0))


def probabilities_of(alpha: np.ndarray) -> np.ndarray:
    """Weights without the rounding errors they may have."""
    p = np.maximum(alpha, 0.0)
    return p / p.sum(axis=-1, keepdims=True)

"""The results of a circuit, measured next to their derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.scheme import PLAIN, Linear, Scheme

__all__ = ["Beside", "values_of", "values_slopes", "with_values"]


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """Derivatives that follow from some of the means; the others are those of the read-out.

    Attributes:
        derivatives: how they follow.
        count: how many means they need, the first ones.
        total: how many there are.
        targets: number of the mean of every word of the read-out, ``(I,)``.
        signs: of these words, ``(I,)``.
    """

    derivatives: Linear
    count: int
    total: int
    targets: np.ndarray
    signs: np.ndarray

    def value(self, means: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`~.scheme.Linear`."""
        return self.derivatives.value(means[: self.count], problem, draw)

    def matrix(self, problem: Problem, draw: int, coefficients: np.ndarray) -> np.ndarray:
        """See :class:`~.scheme.Linear`."""
        found = self.derivatives.matrix(problem, draw, coefficients)
        return np.pad(found, ((0, 0), (0, 0), (0, self.total - found.shape[2])))

    def power(self, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`~.scheme.Linear`."""
        return self.derivatives.power(problem, draw)


def with_values(scheme: Scheme) -> Scheme:
    """A scheme that also measures the words of the read-out in the circuit as it is."""
    states = scheme.states if PLAIN in scheme.states else (*scheme.states, PLAIN)
    plain = states.index(PLAIN)
    asked = list(zip(scheme.target_states, scheme.target_words, strict=True))
    number = {target: k for k, target in enumerate(asked)}
    own = [(plain, Word(word.x, word.z)) for word in scheme.structure.words]
    targets = np.array([number.setdefault(target, len(number)) for target in own], int)
    signs = np.array([word.sign for word in scheme.structure.words], float)
    return replace(
        scheme,
        states=states,
        target_states=tuple(state for state, _ in number),
        target_words=tuple(word for _, word in number),
        linear=Beside(scheme.linear, len(asked), len(number), targets, signs),
    )


def values_of(scheme: Scheme, means: np.ndarray, problem: Problem) -> np.ndarray:
    """The results ``(R,)`` from the means ``(T,)`` of a scheme of :func:`with_values`."""
    beside = _beside(scheme)
    words = beside.signs * means[beside.targets]
    return problem.outputs.constants + problem.outputs.coefficients @ words


def values_slopes(scheme: Scheme, problem: Problem) -> np.ndarray:
    """What the results, but for constants, are as combinations of the means, ``(R, T)``."""
    beside, coefficients = _beside(scheme), problem.outputs.coefficients
    out = np.zeros((len(coefficients), beside.total))
    np.add.at(out.T, beside.targets, (coefficients * beside.signs).T)
    return out


def _beside(scheme: Scheme) -> Beside:
    if not isinstance(scheme.linear, Beside):
        raise TypeError("This scheme does not measure the results themselves.")
    return scheme.linear

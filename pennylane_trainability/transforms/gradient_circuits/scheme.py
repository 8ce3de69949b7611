"""What a method of measuring gradients asks for: states and words without numbers, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.transforms.gradient_circuits.components import (
    Component,
    Problem,
    Structure,
)

__all__ = [
    "DEFAULT_MAX_WORDS",
    "PLAIN",
    "Linear",
    "Scheme",
    "Shift",
    "State",
    "Table",
    "TableBuilder",
]

#: Words of a Lie algebra that are carried, if nobody says otherwise.
DEFAULT_MAX_WORDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Shift:
    """A changed circuit: a gate's angle moved, or a Pauli rotation put in front of the gate.

    Attributes:
        gate: position of the gate.
        amount: added to its angle, or the angle of the rotation.
        word: of the rotation, on the wires of the gate; ``None`` moves the angle.
    """

    gate: int
    amount: float
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class State:
    r"""A state that words are measured in; without options the one of the circuit itself.

    Attributes:
        probe: number of the component of the scheme whose word ``P`` an auxiliary wire in
            ``|+⟩`` controls at its place; the state is
            :math:`(|0\rangle|\psi\rangle + |1\rangle|\psi_P\rangle)/\sqrt2`, with ``P`` inserted
            in the second.
        shift: how the circuit is changed.
    """

    probe: int | None = None
    shift: Shift | None = None


#: The state of the circuit itself.
PLAIN = State()


class Linear(Protocol):
    """How derivatives follow from the means of the targets of a scheme."""

    def value(self, means: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """``∂_c⟨O_i⟩`` from the means ``(T,)`` of all targets: ``(I, C)``."""

    def matrix(self, problem: Problem, draw: int, coefficients: np.ndarray) -> np.ndarray:
        """The same for combinations ``(R, I)`` of the words, as a matrix ``(R, C, T)``."""

    def power(self, problem: Problem, draw: int) -> np.ndarray:
        """Sums of the squares of its entries over the targets, ``(I, C)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """A way to measure all derivatives of a circuit.

    Attributes:
        method: name of the method.
        structure: of the circuit.
        components: what the means give derivatives by, ``C`` of them.
        states: the states that are prepared.
        target_states: number of the state of every target, ``(T,)``.
        target_words: what is measured in it, pulled back through the Clifford ``C`` of the
            structure; bit ``n_wires`` of the masks is the auxiliary wire.
        linear: the way from means to derivatives of words.
        notes: what a user should know.
        fallback: positions of gates that are differentiated by shift rules though the method is
            another one.
    """

    method: str
    structure: Structure
    components: tuple[Component, ...]
    states: tuple[State, ...]
    target_states: tuple[int, ...]
    target_words: tuple[Word, ...]
    linear: Linear
    notes: tuple[str, ...] = ()
    fallback: tuple[int, ...] = ()

    @property
    def needs_aux(self) -> bool:
        """Whether any state needs an auxiliary wire."""
        return any(state.probe is not None for state in self.states)

    def jacobian(self, means: np.ndarray, problem: Problem, draw: int = 0) -> np.ndarray:
        """``∂f_r/∂θ_p`` of all results, ``(R, P)``."""
        words = self.linear.value(means, problem, draw)
        return problem.outputs.coefficients @ words @ problem.loading(self.components, draw).T

    def variance(self, problem: Problem, draw: int = 0) -> float:
        """Variance of all derivatives together if every mean had variance 1."""
        words = problem.outputs.coefficients**2 @ self.linear.power(problem, draw)
        return float(np.sum(words @ (problem.loading(self.components, draw) ** 2).T))

    def matrix(self, problem: Problem, draw: int = 0) -> np.ndarray:
        """The same as a matrix on the means, ``(R, P, T)``."""
        found = self.linear.matrix(problem, draw, problem.outputs.coefficients)
        loading = problem.loading(self.components, draw)
        return np.einsum("pc,rct->rpt", loading, found, optimize=True)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Derivatives as fixed multiples of means, whatever the angles are.

    Attributes:
        targets: which mean, ``(N,)``.
        words: the word of the read-out it belongs to, ``(N,)``.
        components: the component, ``(N,)``.
        factors: what the mean is multiplied by, ``(N,)``.
        shape: ``(I, C)``.
    """

    targets: np.ndarray
    words: np.ndarray
    components: np.ndarray
    factors: np.ndarray
    shape: tuple[int, int]

    def value(self, means: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`Linear`."""
        return self._sum(self.factors * means[self.targets])

    def power(self, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`Linear`; no target gives the same derivative twice."""
        return self._sum(self.factors**2)

    def _sum(self, entries: np.ndarray) -> np.ndarray:
        if not entries.size:
            return np.zeros(self.shape)
        place = np.ravel_multi_index((self.words, self.components), self.shape)
        size = self.shape[0] * self.shape[1]
        return np.bincount(place, weights=entries, minlength=size).reshape(self.shape)

    def matrix(self, problem: Problem, draw: int, coefficients: np.ndarray) -> np.ndarray:
        """See :class:`Linear`."""
        n_targets = int(self.targets.max(initial=-1)) + 1  # every target has an entry
        out = np.zeros((len(coefficients), self.shape[1], n_targets))
        for found, row in zip(out, coefficients, strict=True):
            np.add.at(found, (self.components, self.targets), self.factors * row[self.words])
        return out


class TableBuilder:
    """Collects states, targets and entries; what is asked for twice is measured once."""

    def __init__(self) -> None:
        self.states: dict[State, int] = {}
        self.targets: dict[tuple[int, Word], int] = {}
        self.entries: list[tuple[int, int, int, float]] = []

    def add(self, state: State, word: Word, output: int, component: int, factor: float) -> None:
        """``∂_component⟨O_output⟩`` contains ``factor`` times the mean of a word in a state."""
        self.put(self.number(state), word, output, component, factor)

    def number(self, state: State) -> int:
        """The number of a state."""
        return self.states.setdefault(state, len(self.states))

    def put(self, number: int, word: Word, output: int, component: int, factor: float) -> None:
        """The same as :meth:`add`, with the number of the state."""
        if word.phase:
            word, factor = Word(word.x, word.z), factor * word.sign
        target = self.targets.setdefault((number, word), len(self.targets))
        self.entries.append((target, output, component, factor))

    def scheme(
        self, method: str, structure: Structure, components: Sequence[Component], **options
    ) -> Scheme:
        """All that was collected."""
        columns = np.array(self.entries, float).reshape(-1, 4).T
        targets, words, numbers = columns[:3].astype(int)
        shape = (len(structure.words), len(components))
        return Scheme(
            method, structure, tuple(components), tuple(self.states),
            tuple(state for state, _ in self.targets), tuple(word for _, word in self.targets),
            Table(targets, words, numbers, columns[3], shape), **options,
        )  # fmt: skip

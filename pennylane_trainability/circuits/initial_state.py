"""What a circuit starts from, and which gates the state at their place is an eigenstate of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np
from pennylane.operation import Operator

from pennylane_trainability.circuits.circuit import Angle
from pennylane_trainability.circuits.pauli import IDENTITY, Word, commute, product
from pennylane_trainability.circuits.reach import Element, Span, key_of, swap
from pennylane_trainability.circuits.rotations import Opaque, Rotation

__all__ = ["InitialState", "idle_on_state", "initial_state"]

_BASIS_STATES = frozenset({"BasisState", "BasisEmbedding"})


@dataclass(frozen=True, slots=True)
class InitialState:
    """A basis state on some wires, anything on the others.

    Attributes:
        n: number of wires.
        unknown: mask of the wires prepared in another way.
        ones: mask of the wires prepared in ``|1⟩``.
    """

    n: int
    unknown: int = 0
    ones: int = 0

    @property
    def words(self) -> list[int]:
        """Generators of the words of ``|ψ⟩⟨ψ|``, as in :func:`key_of`."""
        wires = range(self.n)
        anything = [1 << w << self.n for w in wires if self.unknown >> w & 1]
        return anything + [1 << w for w in wires]


def initial_state(preparation: Sequence[Operator], position: Mapping, n: int) -> InitialState:
    """Read the operators that prepare the state; wires prepared twice count as unknown."""
    unknown = ones = prepared = 0
    for op in preparation:
        at = [position[w] for w in op.wires if w in position]
        mask = sum(1 << w for w in at)
        bits = np.ravel(op.data[0]) if op.name in _BASIS_STATES and op.data else ()
        if len(bits) == len(op.wires) == len(at) and not prepared & mask:
            ones |= sum(1 << w for w, bit in zip(at, bits, strict=True) if int(bit))
        else:
            unknown |= mask
        prepared |= mask
    return InitialState(n, unknown, ones & ~unknown)


def idle_on_state(
    left: Sequence[int],
    parts: Sequence[Rotation | Opaque],
    elements: Sequence[Element],
    state: InitialState,
) -> Iterator[int]:
    """Elements that only multiply the state at their place by a phase.

    A single rotation does so if its word stabilises the state. The words of one gate may do so
    together: ``X_1 − Z_0X_1`` of ``CRX`` vanishes where ``Z_0 = 1``.

    Args:
        left: element numbers, ascending.
        parts: all parts of the circuit.
        elements: their words.
        state: what the circuit starts from.

    Yields:
        Numbers of idle elements.
    """
    span = Span(2 * state.n, state.words)
    for _, group in groupby(left, key=lambda k: parts[k].gate):
        members = list(group)
        if len(members) > 1 and _is_eigenstate([parts[k] for k in members], span, state):
            yield from members
            continue
        for k in members:
            if all(span.commutes_with(swapped) for swapped in elements[k].swapped):
                yield k
            else:
                for key in elements[k].keys:
                    span.add(key)


def _is_eigenstate(parts: Sequence[Rotation | Opaque], span: Span, state: InitialState) -> bool:
    """Whether ``Σ c_t P_t`` of one gate only multiplies the state by a number.

    ``P_t|ψ⟩ = ±P_r|ψ⟩`` if ``P_r P_t`` stabilises the state up to its sign.
    """
    rotations = [part for part in parts if isinstance(part, Rotation)]
    if len(rotations) < len(parts) or not _one_exponential(rotations):
        return False
    classes: list[list] = [[IDENTITY, 0.0]]
    for part in rotations:
        weight = part.coefficient * (1.0 if isinstance(part.angle, Angle) else part.angle)
        for entry in classes:
            sign = _eigenvalue(product(entry[0], part.word), span, state)
            if sign:
                entry[1] += sign * weight
                break
        else:
            classes.append([part.word, weight])
    return all(abs(weight) < 1e-12 for _, weight in classes[1:])


def _one_exponential(parts: Sequence[Rotation]) -> bool:
    """Whether the parts are ``exp(−i·angle·Σ c_t P_t/2)`` with one angle and commuting words."""
    angles = [part.angle for part in parts]
    varying = isinstance(angles[0], Angle)
    if any(a is not angles[0] if varying else isinstance(a, Angle) for a in angles):
        return False
    return all(commute(p.word, q.word) for p, q in combinations(parts, 2))


def _eigenvalue(word: Word, span: Span, state: InitialState) -> int:
    """The sign that a word gives the state, or 0 if it is not known to be an eigenstate."""
    if word.x or word.z & state.unknown:
        return 0
    if not span.commutes_with(swap(key_of(word, state.n), state.n)):
        return 0
    return word.sign * (1 - 2 * ((word.z & state.ones).bit_count() & 1))

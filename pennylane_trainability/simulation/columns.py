"""Gates on many states that differ by their parameters: arrays ``(2^n, D)``, draws side by side.

Fused matrices pay where one matrix meets many states. Here every draw has a matrix of its own, so
that a gate is what its entries do to whole rows of draws; entries that are zero or one do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, Gate
from pennylane_trainability.circuits.unitaries import Spectral, spectral, unitary_derivatives
from pennylane_trainability.simulation.elements import Permutation, elements_of
from pennylane_trainability.simulation.statevector import permutation_of

__all__ = ["apply_columns"]

_ZERO = 1e-14
_Projectors = tuple[tuple[float, tuple[tuple[tuple[int, int], complex], ...]], ...]


@dataclass(slots=True, eq=False)
class _Rows:
    """A matrix on some wires by its entries: numbers, or arrays ``(D,)``; zeros are left out."""

    wires: tuple[int, ...]
    entries: dict[tuple[int, int], Any]

    def after(self, first: _Rows) -> _Rows:
        """The product with a matrix on the same wires that comes before."""
        out: dict[tuple[int, int], Any] = {}
        for (r, k), left in self.entries.items():
            for (m, c), right in first.entries.items():
                if k == m:
                    out[r, c] = out[r, c] + left * right if (r, c) in out else left * right
        return _Rows(self.wires, out)


def apply_columns(state: np.ndarray, circuit: Circuit) -> np.ndarray:
    """The states behind all gates of a circuit.

    Args:
        state: ``(2^n, D)``.
        circuit: its angles broadcast to ``(D, 1)``.

    Raises:
        ReadingError: a gate is no unitary.
    """
    for _, run in groupby(_fused(circuit), type):
        steps = list(run)
        if permutations := [step for step in steps if isinstance(step, Permutation)]:
            source, phase = permutation_of(permutations, circuit.n_wires)
            state = np.take(state, source, axis=0)
            state = state if phase is None else state * phase[:, None]
        for step in steps:
            if isinstance(step, _Rows):
                state = _apply(state, step, circuit.n_wires)
    return state


def _fused(circuit: Circuit) -> Iterator[_Rows | Permutation]:
    """The gates in order; those on one wire wait and are multiplied until another comes."""
    waiting: dict[int, _Rows] = {}
    for gate in circuit.gates:
        if not gate.wires:
            continue  # a global phase
        step = _step(circuit, gate)
        if len(gate.wires) == 1 and isinstance(step, _Rows):
            wire = gate.wires[0]
            waiting[wire] = step.after(waiting[wire]) if wire in waiting else step
            continue
        yield from (waiting.pop(wire) for wire in gate.wires if wire in waiting)
        yield step
    yield from waiting.values()


def _step(circuit: Circuit, gate: Gate) -> _Rows | Permutation:
    if not gate.angles:
        element = elements_of(replace(circuit, gates=(gate,)))[0]
        if isinstance(element, Permutation):
            return element
        return _Rows(gate.wires, _entries(element.matrix))
    if len(gate.angles) > 1:
        return _Rows(gate.wires, _entries(unitary_derivatives(gate)[0]))
    return _Rows(gate.wires, _rotation(spectral(gate), np.reshape(gate.angles[0].value, -1)))


def _entries(matrix: np.ndarray) -> dict[tuple[int, int], Any]:
    """Those of ``(D or 1, d, d)`` that are not zero."""
    rows, columns = np.nonzero(np.abs(matrix).max(axis=0) > _ZERO)
    single = len(matrix) == 1
    return {
        (int(r), int(c)): complex(matrix[0, r, c]) if single else matrix[:, r, c]
        for r, c in zip(rows, columns, strict=True)
    }


def _rotation(kind: Spectral, angle: np.ndarray) -> dict[tuple[int, int], Any]:
    """``Σ_h e^{-iah} Π_h`` from the projectors on the eigenspaces."""
    out: dict[tuple[int, int], Any] = {}
    phases: dict[float, Any] = {0.0: 1.0}
    for h, entries in _projectors_of(kind):
        if h not in phases:
            phases[h] = np.conj(phases[-h]) if -h in phases else np.exp(-1j * h * angle)
        for here, number in entries:
            term = phases[h] * number
            out[here] = out[here] + term if here in out else term
    # at several draws no entry vanishes at all of them
    return {
        at: value
        for at, value in out.items()
        if np.size(value) > 1 or np.max(np.abs(value)) > _ZERO
    }


def _projectors_of(kind: Spectral) -> _Projectors:
    vectors = np.eye(len(kind.values)) if kind.vectors is None else kind.vectors
    vectors = np.asarray(vectors, complex)
    return _projectors(kind.values.tobytes(), vectors.tobytes(), len(kind.values))


@lru_cache(maxsize=256)
def _projectors(values: bytes, vectors: bytes, size: int) -> _Projectors:
    """The distinct eigenvalues, each with the entries of its projector that are not zero."""
    found = np.frombuffer(values)
    basis = np.frombuffer(vectors, complex).reshape(size, size)
    out = []
    for h in map(float, np.unique(np.round(found, 12))):
        own = basis[:, np.abs(found - h) < 1e-9]
        projector = own @ own.conj().T
        entries = [
            ((int(r), int(c)), _plain(projector[r, c]))
            for r, c in zip(*np.nonzero(np.abs(projector) > _ZERO), strict=True)
        ]
        out.append((h, tuple(entries)))
    return tuple(out)


def _plain(number: complex) -> complex:
    return float(number.real) if abs(number.imag) < _ZERO else complex(number)


def _apply(state: np.ndarray, step: _Rows, n: int) -> np.ndarray:
    """New rows from old ones; rows that stay as they are are copied only."""
    k, draws = len(step.wires), state.shape[1]
    front = state.reshape(*([2] * n), draws)
    axes = [*step.wires, *(w for w in range(n) if w not in step.wires), n]
    out = np.empty_like(front)
    old, new = (part.transpose(axes) for part in (front, out))
    rows: dict[int, list] = {r: [] for r in range(2**k)}
    for (r, c), value in step.entries.items():
        rows[r].append((_bits(c, k), value))
    for r, terms in rows.items():
        target = new[_bits(r, k)]
        if len(terms) == 1 and terms[0][0] == _bits(r, k) and _is_one(terms[0][1]):
            target[...] = old[terms[0][0]]
            continue
        for number, (at, value) in enumerate(terms):
            if number == 0:
                np.multiply(old[at], value, out=target)
            else:
                target += old[at] * value
    return out.reshape(state.shape)


@lru_cache(maxsize=1024)
def _bits(index: int, k: int) -> tuple[int, ...]:
    return tuple((index >> (k - 1 - j)) & 1 for j in range(k))


def _is_one(value) -> bool:
    return np.ndim(value) == 0 and abs(value - 1) < _ZERO

r"""Matrices of gates: ``U = exp(-i a H)`` with ``H = V diag(h) V†``, found once per kind of gate.

PennyLane writes ``U = exp(+i a G)``, so ``H = -G`` for an operator's ``generator()``.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.circuit import Gate
from pennylane_trainability.circuits.tracer import Traced, holds_objects

__all__ = [
    "HADAMARD",
    "Monomial",
    "Spectral",
    "fixed_matrix",
    "monomial",
    "spectral",
    "unitary_derivatives",
]

_X = np.array([[0, 1], [1, 0]], complex)
_Y = np.array([[0, -1j], [1j, 0]], complex)
_Z = np.diag([1.0 + 0j, -1.0])
HADAMARD = np.array([[1, 1], [1, -1]], complex) / np.sqrt(2)
_Y_BASIS = np.array([[1, 1], [1j, -1j]], complex) / np.sqrt(2)


class Spectral(NamedTuple):
    """The generator of a one-angle gate in its eigenbasis.

    Attributes:
        matrix: ``H``, shape ``(d, d)``.
        values: its eigenvalues ``h``, shape ``(d,)``.
        vectors: ``V``, shape ``(d, d)``; ``None`` if ``H`` is diagonal.
        local: where ``V`` is a product, one 2×2 factor per wire.
    """

    matrix: np.ndarray
    values: np.ndarray
    vectors: np.ndarray | None
    local: tuple[np.ndarray | None, ...] | None = None


class Monomial(NamedTuple):
    """A fixed gate that permutes basis states: ``U|j⟩ = phase[j] |image[j]⟩``."""

    image: np.ndarray
    phase: np.ndarray


_SPECTRAL = {
    "RX": Spectral(_X / 2, np.array([0.5, -0.5]), HADAMARD, (HADAMARD,)),
    "RY": Spectral(_Y / 2, np.array([0.5, -0.5]), _Y_BASIS, (_Y_BASIS,)),
    "RZ": Spectral(_Z / 2, np.array([0.5, -0.5]), None),
    "PhaseShift": Spectral(np.diag([0, -1.0 + 0j]), np.array([0.0, -1.0]), None),
}
_SPECTRAL["U1"] = _SPECTRAL["PhaseShift"]


def spectral(gate: Gate) -> Spectral:
    """The generator of a one-angle gate."""
    known = _SPECTRAL.get(gate.name)
    if known is not None:
        return known
    if gate.name in ("PauliRot", "MultiRZ"):
        word = gate.op.hyperparameters.get("pauli_word", "Z" * len(gate.wires))
        return _pauli_word(word)
    if gate.name in _BY_NAME:
        return _by_name(gate.name, len(gate.wires))
    return _from_generator(gate.op)


#: Gates whose generator depends on nothing but the name.
_BY_NAME = frozenset(
    [
        "CRX",
        "CRY",
        "CRZ",
        "ControlledPhaseShift",
        "IsingXX",
        "IsingYY",
        "IsingZZ",
        "IsingXY",
        "SingleExcitation",
        "SingleExcitationPlus",
        "SingleExcitationMinus",
        "DoubleExcitation",
        "DoubleExcitationPlus",
        "DoubleExcitationMinus",
        "OrbitalRotation",
        "FermionicSWAP",
        "PSWAP",
    ]
)


@cache
def _by_name(name: str, n_wires: int) -> Spectral:
    if name in ("IsingXX", "IsingYY", "IsingZZ"):
        return _pauli_word(name[-2:])
    if name in ("CRX", "CRY", "CRZ"):
        return _controlled(_SPECTRAL[name[1:]])
    with qml.QueuingManager.stop_recording():
        return _from_generator(getattr(qml, name)(0.0, wires=range(n_wires)))


def _controlled(kind: Spectral) -> Spectral:
    """The generator where a control is 1, nothing where it is 0."""
    matrix = np.kron(np.diag([0.0, 1.0]), kind.matrix)
    values = np.kron([0.0, 1.0], kind.values)
    if kind.vectors is None:
        return Spectral(matrix, values, None)
    return Spectral(matrix, values, np.kron(np.eye(2), kind.vectors), (None, kind.vectors))


@lru_cache(maxsize=256)
def _pauli_word(word: str) -> Spectral:
    matrix: np.ndarray = np.ones((1, 1), complex)
    values: np.ndarray = np.ones(1)
    for letter in word:
        factor = {"I": np.eye(2), "X": _X, "Y": _Y, "Z": _Z}[letter]
        matrix = np.kron(matrix, factor)
        values = np.kron(values, [1.0, 1.0] if letter == "I" else [1.0, -1.0])
    local = tuple({"X": HADAMARD, "Y": _Y_BASIS}.get(letter) for letter in word)
    diagonal = not any(v is not None for v in local)
    return Spectral(
        matrix / 2, values / 2, None if diagonal else _kron(local), None if diagonal else local
    )


def _kron(factors) -> np.ndarray:
    out = np.ones((1, 1), complex)
    for factor in factors:
        out = np.kron(out, np.eye(2) if factor is None else factor)
    return out


@qml.QueuingManager.stop_recording()
def _from_generator(op) -> Spectral:
    """From PennyLane's own generator; ``H = -G``."""
    if type(op.data[0]) is Traced or holds_objects(op.data[0]):
        op = qml.ops.functions.bind_new_parameters(op, [0.0])
    generator = op.generator()
    matrix = -np.asarray(qml.matrix(generator, wire_order=op.wires), complex)
    if np.abs(matrix - np.diag(np.diag(matrix))).max() < 1e-14:
        return Spectral(matrix, np.diag(matrix).real.copy(), None)
    values, vectors = np.linalg.eigh(matrix)
    return Spectral(matrix, values, vectors)


_FIXED: dict[str, np.ndarray] = {"Hadamard": HADAMARD, "PauliX": _X, "PauliY": _Y, "PauliZ": _Z}
_NAMED = frozenset(
    [
        "S",
        "T",
        "SX",
        "CNOT",
        "CZ",
        "CY",
        "CH",
        "SWAP",
        "ISWAP",
        "SISWAP",
        "ECR",
        "Toffoli",
        "CSWAP",
        "CCZ",
        "Adjoint(S)",
        "Adjoint(T)",
        "Adjoint(SX)",
    ]
)
#: Fixed gates known by name.
FIXED_NAMES = frozenset(_FIXED) | _NAMED


def fixed_matrix(gate: Gate) -> np.ndarray:
    """The matrix of a gate without angles; the first wire of the operator is the leading bit."""
    matrix = _FIXED.get(gate.name)
    if matrix is None:
        matrix = np.asarray(gate.op.matrix(), complex)
        if gate.name in _NAMED:
            _FIXED[gate.name] = matrix
    return matrix


_MONOMIAL: dict[str, Monomial | None] = {}


def monomial(gate: Gate) -> Monomial | None:
    """The gate as a permutation with phases, or ``None`` if it is none."""
    if gate.name in _MONOMIAL:
        return _MONOMIAL[gate.name]
    matrix = fixed_matrix(gate)
    support = np.abs(matrix) > 1e-14
    found = None
    if np.all(support.sum(axis=0) == 1) and np.all(support.sum(axis=1) == 1):
        image = np.argmax(support, axis=0)
        found = Monomial(image, matrix[image, np.arange(len(image))])
    if gate.name in _FIXED:
        _MONOMIAL[gate.name] = found
    return found


def unitary_derivatives(gate: Gate) -> tuple[np.ndarray, np.ndarray]:
    r"""``U`` and the output-side generators ``H_m = i (∂_m U) U†`` of a ``SpecialUnitary``.

    ``U = exp(iA)``, ``A = Σ θ_m P_m`` over the non-trivial Pauli words in PennyLane's order, and
    ``∂_m U = V (F ∘ V†P_mV) V†`` with the divided differences ``F`` of ``e^{ia}`` (Daleckii–Krein).

    Returns:
        ``(D, d, d)`` and ``(A, D, d, d)``.
    """
    words = _pauli_basis(len(gate.wires))
    draws = max(np.shape(a.value)[0] if np.ndim(a.value) else 1 for a in gate.angles)
    theta = np.stack(
        [np.broadcast_to(np.reshape(a.value, (-1, 1))[:, 0], draws) for a in gate.angles], axis=1
    )
    a, vectors = np.linalg.eigh(np.tensordot(theta, words, 1))
    phase = np.exp(1j * a)
    gap = a[:, :, None] - a[:, None, :]
    # e^{i(a+b)/2} · i · sinc((a-b)/2): stable where eigenvalues meet
    divided = 1j * np.exp(0.5j * (a[:, :, None] + a[:, None, :])) * np.sinc(gap / (2 * np.pi))
    dagger = vectors.conj().swapaxes(-1, -2)
    inside = dagger[None] @ words[:, None] @ vectors[None]
    derivative = vectors[None] @ (divided[None] * inside) @ dagger[None]
    unitary = (vectors * phase[:, None, :]) @ dagger
    return unitary, 1j * derivative @ unitary.conj().swapaxes(-1, -2)[None]


@lru_cache(maxsize=4)
def _pauli_basis(n: int) -> np.ndarray:
    from itertools import product

    paulis = {"I": np.eye(2), "X": _X, "Y": _Y, "Z": _Z}
    words = ["".join(w) for w in product("IXYZ", repeat=n)][1:]
    out = []
    for word in words:
        matrix = np.ones((1, 1), complex)
        for letter in word:
            matrix = np.kron(matrix, paulis[letter])
        out.append(matrix)
    return np.array(out)

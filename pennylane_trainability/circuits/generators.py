"""Generators of gates as commuting Pauli words: the gate is a product of Pauli rotations."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.op_math import Adjoint, Controlled, Exp, Pow
from pennylane.ops.op_math.evolution import Evolution
from pennylane.wires import Wires

from pennylane_trainability.circuits.clifford import Images, clifford_images
from pennylane_trainability.circuits.pauli import (
    IDENTITY,
    Word,
    commute,
    from_letters,
    from_pauli_word,
    pauli_coefficients,
    place,
    product,
)

__all__ = ["Terms", "fixed_images", "fixed_terms", "generator_words", "rotation_terms"]

#: ``((c, P), …)`` of ``∏ exp(−i c·angle·P/2)``, words on the wires of the gate, phases zero.
Terms = tuple[tuple[float, Word], ...]

_MAX_WORDS = 256
_MAX_DENSE = 5
_TABLE = {
    "RX": "1 X",
    "RY": "1 Y",
    "RZ": "1 Z",
    "PhaseShift": "1 Z -1 I",
    "U1": "1 Z -1 I",
    "CRX": ".5 IX -.5 ZX",
    "CRY": ".5 IY -.5 ZY",
    "CRZ": ".5 IZ -.5 ZZ",
    "ControlledPhaseShift": ".5 ZI .5 IZ -.5 ZZ -.5 II",
    "IsingXX": "1 XX",
    "IsingYY": "1 YY",
    "IsingZZ": "1 ZZ",
    "IsingXY": "-.5 XX -.5 YY",
    "SingleExcitation": "-.5 XY .5 YX",
    "SingleExcitationPlus": "-.5 II -.5 XY .5 YX -.5 ZZ",
    "SingleExcitationMinus": ".5 II -.5 XY .5 YX .5 ZZ",
}


def _parse(row: str) -> Terms:
    parts = row.split()
    return tuple(
        (float(c), from_letters(text)) for c, text in zip(parts[::2], parts[1::2], strict=True)
    )


_ROTATIONS: dict[str, Terms] = {name: _parse(row) for name, row in _TABLE.items()}
# As PennyLane builds them: half the angles of the formulas in its docstrings.
_SINGLE = ((-0.5, "YX"), (0.5, "XY"))
_DOUBLE = tuple(
    (-0.125 if text in ("XXYX", "YXYY", "XYYY", "XXXY") else 0.125, text)
    for text in ("XXYX", "YXYY", "XYYY", "XXXY", "YXXX", "XYXX", "YYYX", "YYXY")
)
_known_terms: dict[tuple, Terms | None] = {}
_known_fixed: dict[tuple, tuple[Images | None, Terms | None]] = {}


def rotation_terms(op: Operator, name: str | None = None) -> Terms | None:
    """The commuting Pauli rotations that a one-parameter gate is.

    Args:
        op: the gate.
        name: PennyLane's name of the gate, if ``op`` is a composite the gate is a part of.

    Returns:
        The terms, those of the identity included, or None where no commuting words are known.
    """
    name = op.name if name is None else name
    known = _ROTATIONS.get(name)
    if known is not None:
        return known
    if name == "MultiRZ":
        return ((1.0, Word(0, (1 << len(op.wires)) - 1)),)
    if name == "PauliRot":
        return ((1.0, from_letters(op.hyperparameters["pauli_word"])),)
    key = _type_key(op)
    if key and key in _known_terms:
        return _known_terms[key]
    terms = _commuting(_terms(op))
    if key:
        _known_terms[key] = terms
    return terms


def generator_words(op: Operator, name: str | None = None) -> Terms | None:
    """The generator of a one-parameter gate as ``Σ c P / 2``, whether or not the words commute.

    Args:
        op: the gate, ``exp(−i·angle·Σ c P / 2)``.
        name: PennyLane's name of the gate, if ``op`` is a composite the gate is a part of.

    Returns:
        The terms, those of the identity included, or None where no words are known.
    """
    terms = rotation_terms(op, name)
    return _terms(op) if terms is None else terms


def _commuting(terms: Terms | None) -> Terms | None:
    """The terms in an order in which the product of the rotations is the gate, or None.

    The words are put into groups of mutually commuting ones; the sums of any two groups have to
    commute, which for one group is no condition (``FermionicSWAP`` needs two).
    """
    if terms is None or len(terms) > _MAX_WORDS:
        return None
    groups: list[list[tuple[float, Word]]] = []
    for term in terms:
        for group in groups:
            if all(commute(term[1], word) for _, word in group):
                group.append(term)
                break
        else:
            groups.append([term])
    if all(_sums_commute(a, b) for a, b in combinations(groups, 2)):
        return tuple(term for group in groups for term in group)
    return None


def _sums_commute(first: list, second: list) -> bool:
    total: dict[tuple[int, int], complex] = {}
    for c, p in first:
        for d, q in second:
            if not commute(p, q):
                x, z, phase = product(p, q)
                total[x, z] = total.get((x, z), 0) + c * d * 1j**phase
    return all(abs(value) < 1e-12 for value in total.values())


def _type_key(op: Operator) -> tuple | None:
    """What fixes the generator or the matrix up to wires and parameters; None if not known."""
    if isinstance(op, Adjoint):
        base = _type_key(op.base)
        return base and ("adjoint", base)
    if isinstance(op, Controlled):
        base = _type_key(op.base)
        return base and (type(op), tuple(op.control_values), base)
    if op.hyperparameters:
        return None
    return (type(op), op.name, len(op.wires))


def _terms(op: Operator) -> Terms | None:
    """Terms of the composite kinds, by what they are made of, else from the generator."""
    if op.name.startswith("Fermionic") and op.name.endswith("Excitation"):
        return _fermionic(op)
    if isinstance(op, Adjoint | Pow):
        factor = -1.0 if isinstance(op, Adjoint) else float(op.z)
        inner = rotation_terms(op.base)
        return None if inner is None else _scaled(inner, factor, op.base.wires, op.wires)
    if isinstance(op, Controlled):
        return _controlled(op)
    if isinstance(op, Evolution):
        return _expansion(op.base, 2.0, op.wires)
    if isinstance(op, Exp):
        # The angle of the record is real: θ of exp(iθH).
        return _expansion(op.base, -2.0, op.wires)
    try:
        return _expansion(op.generator(), -2.0, op.wires)
    except Exception:  # any user-defined generator may fail; the gate is then opaque
        return None


def _scaled(terms: Terms, factor: float, wires: Wires, order: Wires) -> Terms:
    """``factor`` times the terms on ``wires``, as words on the wire order ``order``."""
    at = [order.index(wire) for wire in wires]
    return tuple((factor * c, place(word, at)) for c, word in terms)


def _controlled(op: Controlled) -> Terms | None:
    """``|v⟩⟨v| ⊗ G`` with ``|v⟩⟨v| = ∏ (1 ± Z)/2``."""
    k = len(op.control_wires)
    terms = rotation_terms(op.base)
    if terms is None or len(terms) << k > _MAX_WORDS:
        return None
    terms = _scaled(terms, 0.5**k, op.base.wires, op.wires)
    for wire, value in zip(op.control_wires, op.control_values, strict=True):
        z = Word(0, 1 << op.wires.index(wire))
        sign = -1.0 if value else 1.0
        terms += tuple((sign * c, product(z, word)) for c, word in terms)
    return terms


def _expansion(hamiltonian: Operator, factor: float, order) -> Terms | None:
    """``factor`` times the real Pauli coefficients of a Hermitian operator."""
    sentence = hamiltonian.pauli_rep
    if sentence is not None:
        pairs = [(c, from_pauli_word(word, order)) for word, c in sentence.items()]
    elif len(order) <= _MAX_DENSE:
        if isinstance(hamiltonian, qml.SparseHamiltonian):
            matrix = hamiltonian.sparse_matrix(wire_order=order).toarray()
        else:
            matrix = qml.matrix(hamiltonian, wire_order=order)
        pairs = pauli_coefficients(np.asarray(matrix))
    else:
        return None
    if any(abs(np.imag(c)) > 1e-10 for c, _ in pairs):
        return None
    return tuple((factor * float(np.real(c)), word) for c, word in pairs if abs(c) > 1e-12)


def _fermionic(op: Operator) -> Terms:
    """Jordan–Wigner words of the excitations: letters at the ends of a wire range, Z between."""
    table: tuple[tuple[float, str], ...]
    if op.name == "FermionicSingleExcitation":
        ranges, table = [op.wires], _SINGLE
    else:
        ranges = [op.hyperparameters["wires1"], op.hyperparameters["wires2"]]
        table = _DOUBLE
    between = [w for wires in ranges for w in wires[1:-1]]
    string = Word(0, sum(1 << op.wires.index(w) for w in between))
    ends = [op.wires.index(w) for wires in ranges for w in (wires[0], wires[-1])]
    return tuple((c, product(place(from_letters(text), ends), string)) for c, text in table)


def _matrix(op: Operator) -> np.ndarray | None:
    """The unitary on the wires of the gate, up to three wires."""
    if len(op.wires) > 3 or not op.has_matrix:
        return None
    matrix = np.asarray(op.matrix(wire_order=op.wires), dtype=complex)
    if matrix.ndim != 2 or not np.allclose(matrix @ matrix.conj().T, np.eye(len(matrix))):
        return None
    return matrix


def fixed_images(op: Operator) -> Images | None:
    """The Clifford table of a gate without free parameters, or None if it is no Clifford."""
    return _fixed(op)[0]


def fixed_terms(op: Operator) -> Terms | None:
    """The Pauli rotations (angle 1) of a fixed unitary whose logarithm has commuting words."""
    return _fixed(op)[1]


def _fixed(op: Operator) -> tuple[Images | None, Terms | None]:
    key = _type_key(op) if op.num_params == 0 else None
    if key and key in _known_fixed:
        return _known_fixed[key]
    matrix = _matrix(op)
    answer: tuple[Images | None, Terms | None] = (None, None)
    if matrix is not None:
        answer = _recognised((np.round(matrix, 14) + 0.0).tobytes())
    if key:
        _known_fixed[key] = answer
    return answer


@lru_cache(maxsize=1024)
def _recognised(data: bytes) -> tuple[Images | None, Terms | None]:
    flat = np.frombuffer(data, dtype=complex)
    matrix = flat.reshape(int(np.sqrt(flat.size)), -1)
    images = clifford_images(matrix)
    return images, None if images else _logarithm(matrix)


def _logarithm(matrix: np.ndarray) -> Terms | None:
    """Words of ``2i log U`` if they commute; eigenvectors are those of a Hermitian mixture."""
    real, imaginary = (matrix + matrix.conj().T) / 2, (matrix - matrix.conj().T) / 2j
    _, vectors = np.linalg.eigh(real + np.sqrt(2) * imaginary)
    phases = np.angle(np.diagonal(vectors.conj().T @ matrix @ vectors))
    if not np.allclose(vectors * np.exp(1j * phases) @ vectors.conj().T, matrix):
        return None
    pairs = pauli_coefficients((vectors * phases) @ vectors.conj().T)
    return _commuting(tuple((-2 * float(c.real), p) for c, p in pairs if p != IDENTITY))

"""Pauli words as rows of bits, and Clifford gates as operations on the columns.

Row ``i`` of a tableau is the word ``± ⊗_w P_w`` with the letter bits ``x[i, w]`` and ``z[i, w]``
(``Y`` has both), see Aaronson and Gottesman, arXiv:quant-ph/0406196. A gate touches the columns
of its wires only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pennylane_trainability.circuits.pauli import Word

__all__ = ["Gate", "Tableau", "bits", "compress", "kernel", "reduce", "turn"]

#: ``(name, wires)`` with a name out of ``Hadamard``, ``S``, ``Adjoint(S)``, ``CNOT`` and ``CZ``.
Gate = tuple[str, tuple[int, ...]]

#: ``{letter: gates that turn it into Z}``, a letter as its bits ``x + 2z``.
TO_Z = {1: ("Hadamard",), 2: (), 3: ("Adjoint(S)", "Hadamard")}


class Tableau:
    """Pauli words under Clifford gates, ``W → g W g†``.

    Attributes:
        x: letter bits, shape ``(m, n)``.
        z: the same for ``Z``.
        minus: whether the sign is negative, shape ``(m,)``.
    """

    __slots__ = ("minus", "x", "z")

    def __init__(self, x: np.ndarray, z: np.ndarray, minus: np.ndarray):
        self.x, self.z, self.minus = x, z, minus

    @classmethod
    def of(cls, words: Sequence[Word], n_wires: int) -> Tableau:
        """The tableau of Hermitian words."""
        x = bits([word.x for word in words], n_wires)
        z = bits([word.z for word in words], n_wires)
        return cls(x, z, np.array([word.sign < 0 for word in words], bool))

    def apply(self, name: str, wires: Sequence[int]) -> None:
        """Conjugate every word with a gate."""
        x, z = self.x, self.z
        a, b = wires[0], wires[-1]
        if name == "Hadamard":
            self.minus ^= x[:, a] & z[:, a]
            x[:, a], z[:, a] = z[:, a].copy(), x[:, a].copy()
        elif name == "S":
            self.minus ^= x[:, a] & z[:, a]
            z[:, a] ^= x[:, a]
        elif name == "Adjoint(S)":
            self.minus ^= x[:, a] & ~z[:, a]
            z[:, a] ^= x[:, a]
        elif name == "CNOT":
            self.minus ^= x[:, a] & z[:, b] & ~(x[:, b] ^ z[:, a])
            x[:, b] ^= x[:, a]
            z[:, a] ^= z[:, b]
        else:  # CZ
            self.minus ^= x[:, a] & x[:, b] & (z[:, a] ^ z[:, b])
            z[:, a] ^= x[:, b]
            z[:, b] ^= x[:, a]

    def run(self, gates: Iterable[Gate]) -> list[Gate]:
        """Apply gates in order and hand them back."""
        gates = list(gates)
        for name, wires in gates:
            self.apply(name, wires)
        return gates

    def settle(self) -> list[Gate]:
        """Turn every wire on which all words agree, up to identities, to ``Z``."""
        x, z = self.x, self.z
        used = x.any(0)
        letters = np.where(used & ~z.any(0), 1, 0) + np.where(used & (x == z).all(0), 3, 0)
        gates: list[Gate] = []
        for wire in np.flatnonzero(letters).tolist():
            gates += turn(int(letters[wire]), wire)
        return self.run(gates)

    def active(self) -> np.ndarray:
        """The wires on which a word is neither ``I`` nor ``Z``."""
        return np.flatnonzero(self.x.any(0))

    def on(self, wires: Sequence[int] | np.ndarray) -> Tableau:
        """Independent words that generate the same group on some wires, signs forgotten.

        Given words are kept, the ones with the fewest letters first; their order does not matter.
        """
        x, z = self.x[:, wires], self.z[:, wires]
        letters = (x | z).sum(1).astype(">u4")[:, None].view(np.uint8)
        packed = [np.packbits(part[:, ::-1], axis=1) for part in (x, z)]
        keys = np.concatenate([letters, *packed], 1)
        order = np.argsort(keys.view(f"S{keys.shape[1]}")[:, 0], kind="stable")
        rows = order[independent(np.concatenate([x, z], 1)[order])]
        return Tableau(x[rows], z[rows], np.zeros(len(rows), bool))

    def masks(self) -> tuple[int, ...]:
        """Per word the mask of its ``Z`` bits."""
        packed = np.packbits(self.z, axis=1, bitorder="little")
        return tuple(int.from_bytes(row.tobytes(), "little") for row in packed)


def bits(masks: Sequence[int], n_wires: int) -> np.ndarray:
    """Bit ``w`` of every mask in column ``w``, shape ``(len(masks), n_wires)``."""
    size = (n_wires + 7) // 8
    data = b"".join(mask.to_bytes(size, "little") for mask in masks)
    rows = np.frombuffer(data, np.uint8).reshape(len(masks), size)
    return np.unpackbits(rows, axis=1, bitorder="little")[:, :n_wires].astype(bool)


def independent(rows: np.ndarray) -> list[int]:
    """Indices of the rows that are no sum (modulo 2) of rows before them."""
    pivots: dict[int, int] = {}
    kept = []
    for number, row in enumerate(np.packbits(rows, axis=1)):
        value = int.from_bytes(row.tobytes(), "big")
        while value and (top := value.bit_length()) in pivots:
            value ^= pivots[top]
        if value:
            pivots[value.bit_length()] = value
            kept.append(number)
    return kept


def reduce(rows: np.ndarray, *followers: np.ndarray) -> list[int]:
    """Bring bits to reduced echelon form in place; the pivot columns, one per leading row.

    Args:
        rows: shape ``(m, k)``.
        followers: arrays with as many rows, which go through the same row operations.
    """
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        top = len(pivots)
        found = np.flatnonzero(rows[top:, column])
        if not found.size:
            continue
        others = rows[:, column].copy()
        others[[top, top + found[0]]] = others[top], False
        for part in (rows, *followers):
            part[[top, top + found[0]]] = part[[top + found[0], top]]
            part[others] ^= part[top]
        pivots.append(column)
        if len(pivots) == len(rows):
            break
    return pivots


def kernel(rows: np.ndarray) -> np.ndarray:
    """All columns of bits that every row annihilates (modulo 2), as rows of a basis.

    Rows are whole numbers here, because adding two of them then takes one operation.
    """
    width = rows.shape[1]
    packed = np.packbits(rows, axis=1, bitorder="little")
    pivots: dict[int, int] = {}
    for row in packed:
        value = int.from_bytes(row.tobytes(), "little")
        for column, other in pivots.items():
            if value >> column & 1:
                value ^= other
        if not value:
            continue
        lowest = (value & -value).bit_length() - 1
        for column, other in pivots.items():
            if other >> lowest & 1:
                pivots[column] = other ^ value
        pivots[lowest] = value
    columns = list(pivots)
    free = np.setdiff1d(np.arange(width), columns)
    out = np.zeros((len(free), width), bool)
    out[np.arange(len(free)), free] = True
    out[:, columns] = bits(list(pivots.values()), width)[:, free].T
    return out


def turn(letter: int, wire: int) -> list[Gate]:
    """Gates that turn a letter (bits ``x + 2z``) on a wire into ``Z``."""
    return [(name, (wire,)) for name in TO_Z[letter]]


#: Images of ``X`` and ``Z`` under one-qubit Cliffords, up to signs, and the fewest gates for each.
_SHORTEST: dict[tuple[int, int], tuple[str, ...]] = {
    (1, 2): (),
    (2, 1): ("Hadamard",),
    (3, 2): ("S",),
    (2, 3): ("Hadamard", "S"),
    (3, 1): ("S", "Hadamard"),
    (1, 3): ("Hadamard", "S", "Hadamard"),
}
_LETTER = {
    "Hadamard": {1: 2, 2: 1, 3: 3},
    "S": {1: 3, 2: 2, 3: 1},
    "Adjoint(S)": {1: 3, 2: 2, 3: 1},
}


def compress(gates: Iterable[Gate]) -> list[Gate]:
    """The same circuit up to Pauli gates, with one-qubit gates merged.

    After the last two-qubit gate of a wire only what becomes ``Z`` matters, which is read out.
    """
    pending: dict[int, tuple[int, int]] = {}
    out: list[Gate] = []
    for name, wires in gates:
        if len(wires) == 1:
            image = pending.get(wires[0], (1, 2))
            pending[wires[0]] = (_LETTER[name][image[0]], _LETTER[name][image[1]])
            continue
        for wire in wires:
            out += [(one, (wire,)) for one in _SHORTEST[pending.pop(wire, (1, 2))]]
        out.append((name, wires))
    for wire, (of_x, of_z) in sorted(pending.items()):
        out += turn({of_x: 1, of_z: 2, of_x ^ of_z: 3}[2], wire)
    return out

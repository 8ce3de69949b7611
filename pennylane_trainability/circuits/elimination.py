"""Diagonalising commuting words wire by wire.

A word ``Q`` that commutes with all words of a set may join the set. Turned into one ``Z`` on a wire
``p``, with ``weight(Q) − 1`` CNOTs, it leaves only ``I`` and ``Z`` on ``p`` in every word, so the
wire is done and the rest has one wire less. Light words make cheap steps:

- weight 1: all words agree on a wire; no two-qubit gate at all;
- weight 2: two wires on which the words anticommute with ``P`` and ``P'`` alike;
- otherwise the lightest word found among generators of all words that commute with the set, made
  light by products of two. To find the lightest of all is as hard as decoding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pennylane_trainability.circuits.tableau import Gate, Tableau, kernel, turn

__all__ = ["eliminate"]

#: Words up to this weight choose their CNOTs by what they leave; heavier ones use one target.
_CHOICE = 16
#: Products that are tried to make a set of words light.
_ROUNDS = 1000
#: Heavier than any word.
_NEVER = np.float32(1e9)


def eliminate(table: Tableau) -> list[Gate]:
    """A circuit that leaves only ``I`` and ``Z`` in every row of the tableau."""
    gates: list[Gate] = []
    wires = np.arange(table.x.shape[1])
    while True:
        step = table.settle()
        active = table.active()
        if not active.size:
            return gates + _named(step, wires)
        gates += _named(step, wires)
        table, wires = table.on(active), wires[active]
        _lighten(table)
        for word in _disjoint(_pairs(table)) or [_lightest(table)]:
            letters = {int(w): int(word[w]) for w in np.flatnonzero(word)}
            gates += _named(_absorb(table, letters), wires)


def _disjoint(words: Iterator[np.ndarray]) -> list[np.ndarray]:
    """The words that share no wire with one before them, so that all can be taken at once."""
    taken: list[np.ndarray] = []
    used = False
    for word in words:
        if not np.any(used & (word != 0)):
            taken.append(word)
            used = used | (word != 0)
    return taken


def _lightest(table: Tableau) -> np.ndarray:
    """The lightest word found that commutes with every row, if none has weight 2."""
    row = _lightest_row(table)
    if np.count_nonzero(row) <= 3:
        return row
    return min(row, _lightest_row(_centralizer(table)), key=np.count_nonzero)


def _lightest_row(table: Tableau) -> np.ndarray:
    """The letters (bits ``x + 2z``) of the row with the fewest of them."""
    row = (table.x | table.z).sum(1).argmin()
    return table.x[row] + 2 * table.z[row].astype(int)


def _centralizer(table: Tableau) -> Tableau:
    """Generators of the words that commute with every row, made light."""
    x, z = np.split(kernel(np.concatenate([table.z, table.x], 1)), 2, 1)
    out = Tableau(x.copy(), z.copy(), np.zeros(len(x), bool))
    _lighten(out)
    return out


def _named(gates: list[Gate], wires: np.ndarray) -> list[Gate]:
    return [(name, tuple(int(wires[w]) for w in own)) for name, own in gates]


def _lighten(table: Tableau) -> None:
    """Replace rows by products with other rows as long as that makes one lighter."""
    x, z = table.x, table.z
    signs = _signs(x, z)
    products = _product_weights(signs, signs)
    np.fill_diagonal(products, _NEVER)
    weights = (x | z).sum(1).astype(np.float32)
    for _ in range(max(1, _ROUNDS // len(x))):
        best = products.min(1)
        i = int((weights - best).argmax())
        if weights[i] <= best[i]:
            return
        j = int(products[i].argmin())
        x[i] ^= x[j]
        z[i] ^= z[j]
        weights[i] = best[i]
        signs[i] = _signs(x[i : i + 1], z[i : i + 1])
        products[i] = products[:, i] = _product_weights(signs, signs[i])
        products[i, i] = _NEVER


def _signs(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """``±1`` for the bits x, z and x⊕z of every letter, shape ``(m, 3k)``."""
    return 1 - 2 * np.concatenate([x, z, x ^ z], 1).astype(np.float32)


def _product_weights(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Weights of products of rows: a letter of a product sets two of its three bits."""
    return 0.25 * (first.shape[1] - first @ second.T)


def _pairs(table: Tableau) -> Iterator[np.ndarray]:
    """Words of weight 2 that commute with every row."""
    x, z = table.x, table.z
    # a letter anticommutes with the rows that hold another one on its wire
    against = np.packbits(np.stack([z, x, x ^ z]), axis=1).transpose(2, 0, 1)
    against = np.ascontiguousarray(against)
    seen: dict[bytes, tuple[int, int]] = {}
    for wire, rows in enumerate(against):
        for letter, row in enumerate(rows, 1):
            other, old = seen.setdefault(row.tobytes(), (wire, letter))
            if other != wire:
                word = np.zeros(x.shape[1], int)
                word[[other, wire]] = old, letter
                yield word


def _absorb(table: Tableau, word: dict[int, int]) -> list[Gate]:
    """Turn a word, ``{wire: letter}``, into ``Z`` on one wire."""
    gates = [gate for wire, letter in word.items() for gate in turn(letter, wire)]
    table.run(gates)
    left = list(word)
    while len(left) > 1:
        control, target = _best_cnot(table, left) if len(left) <= _CHOICE else left[:2][::-1]
        gates += table.run([("CNOT", (control, target))])
        left.remove(control)
    return gates


def _best_cnot(table: Tableau, wires: list[int]) -> tuple[int, int]:
    """The CNOT between two of the wires after which the words have the fewest letters."""
    x, z = table.x[:, wires], table.z[:, wires]
    weight = (x | z).sum(0)
    control = (x[:, :, None] | (z[:, :, None] ^ z[:, None, :])).sum(0)
    target = ((x[:, :, None] ^ x[:, None, :]) | z[:, None, :]).sum(0)
    gain = weight[:, None] + weight[None, :] - control - target
    np.fill_diagonal(gain, np.iinfo(gain.dtype).min)
    c, t = np.unravel_index(gain.argmax(), gain.shape)
    return wires[c], wires[t]

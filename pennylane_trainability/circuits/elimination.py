"""Diagonalising commuting words wire by wire.

A word ``Q`` that commutes with all words of a set may join the set. Turned into one ``Z`` on a wire
``p``, with ``weight(Q) − 1`` CNOTs, it leaves only ``I`` and ``Z`` on ``p`` in every word, so the
wire is done and the rest has one wire less. Light words make cheap steps:

- weight 1: all words agree on a wire; no two-qubit gate at all;
- weight 2: two wires on which the words anticommute with ``P`` and ``P'`` alike;
- otherwise the lightest product of words of the set that is found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pennylane_trainability.circuits.tableau import Gate, Tableau, turn

__all__ = ["eliminate"]

#: Words up to this weight choose their CNOTs by what they leave; heavier ones use one target.
_CHOICE = 16


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
        word = next(_pairs(table), None)
        if word is None:
            lightest = (table.x | table.z).sum(1).argmin()
            word = table.x[lightest] + 2 * table.z[lightest].astype(int)
        gates += _named(_absorb(table, {int(w): int(word[w]) for w in np.flatnonzero(word)}), wires)


def _named(gates: list[Gate], wires: np.ndarray) -> list[Gate]:
    return [(name, tuple(int(wires[w]) for w in own)) for name, own in gates]


def _lighten(table: Tableau) -> None:
    """Replace rows by products with other rows as long as that makes one lighter."""
    x, z = table.x, table.z
    signs = _signs(x, z)
    products = _product_weights(signs, signs)
    for _ in range(4 * len(x)):
        gain = (x | z).sum(1)[:, None] - products
        np.fill_diagonal(gain, 0)
        i, j = np.unravel_index(gain.argmax(), gain.shape)
        if gain[i, j] <= 0:
            return
        x[i] ^= x[j]
        z[i] ^= z[j]
        signs[i] = _signs(x[i : i + 1], z[i : i + 1])
        products[i] = products[:, i] = _product_weights(signs, signs[i])


def _signs(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """``±1`` for the bits x, z and x⊕z of every letter, shape ``(m, 3k)``."""
    return 1 - 2 * np.concatenate([x, z, x ^ z], 1).astype(np.float32)


def _product_weights(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Weights of products of rows: a letter of a product sets two of its three bits."""
    return (0.25 * (first.shape[1] - first @ second.T)).round().astype(int)


def _pairs(table: Tableau) -> Iterator[np.ndarray]:
    """Words of weight 2 that commute with every row."""
    seen: dict[bytes, tuple[int, int]] = {}
    for wire in range(table.x.shape[1]):
        # a letter anticommutes with the rows that hold another one on its wire
        x, z = table.x[:, wire], table.z[:, wire]
        for letter, against in ((1, z), (2, x), (3, x ^ z)):
            other, old = seen.setdefault(against.tobytes(), (wire, letter))
            if other != wire:
                word = np.zeros(table.x.shape[1], int)
                word[[other, wire]] = old, letter
                yield word


def _absorb(table: Tableau, word: dict[int, int]) -> list[Gate]:
    """Turn a word, ``{wire: letter}``, into ``Z`` on one wire."""
    gates = [gate for wire, letter in word.items() for gate in turn(letter, wire)]
    table.run(gates)
    left = list(word)
    while len(left) > 1:
        control, target = _lightest(table, left) if len(left) <= _CHOICE else left[:2][::-1]
        gates += table.run([("CNOT", (control, target))])
        left.remove(control)
    return gates


def _lightest(table: Tableau, wires: list[int]) -> tuple[int, int]:
    """The CNOT between two of the wires after which the words have the fewest letters."""
    x, z = table.x[:, wires], table.z[:, wires]
    weight = (x | z).sum(0)
    control = (x[:, :, None] | (z[:, :, None] ^ z[:, None, :])).sum(0)
    target = ((x[:, :, None] ^ x[:, None, :]) | z[:, None, :]).sum(0)
    gain = weight[:, None] + weight[None, :] - control - target
    np.fill_diagonal(gain, np.iinfo(gain.dtype).min)
    c, t = np.unravel_index(gain.argmax(), gain.shape)
    return wires[c], wires[t]

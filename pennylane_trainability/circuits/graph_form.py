"""Diagonalising commuting words as a graph state.

One-qubit gates bring independent commuting words to the form ``X_i ∏_j Z_j^{Γ_ij}`` of a graph
state, where every edge is one CZ (Van den Nest, Dehaene and De Moor, arXiv:quant-ph/0308151).
Local complementation, which inverts the edges among the neighbours of a vertex, also costs
one-qubit gates only, and is used as long as it removes edges.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.tableau import Gate, Tableau

__all__ = ["graph_form"]


def graph_form(table: Tableau) -> list[Gate]:
    """A circuit that leaves only ``I`` and ``Z`` in every row of a tableau of independent rows."""
    x, z = table.x.copy(), table.z.copy()
    gates = _hadamards(x, z)
    pivots = _reduce(x, z)
    gates += [("S", (w,)) for i, w in enumerate(pivots) if z[i, w]]
    edges = np.zeros((x.shape[1], x.shape[1]), bool)
    for i, wire in enumerate(pivots):
        rest = x[i].copy()
        rest[pivots] = z[i, pivots]
        rest[wire] = False
        edges[wire] |= rest
        edges[:, wire] |= rest
    others = sorted(set(range(x.shape[1])) - set(pivots))
    gates += [("Hadamard", (w,)) for w in others]
    gates += _complement(edges)
    gates += [("CZ", (int(a), int(b))) for a, b in np.argwhere(np.triu(edges))]
    return gates + [("Hadamard", (w,)) for w in range(x.shape[1])]


def _hadamards(x: np.ndarray, z: np.ndarray) -> list[Gate]:
    """Hadamards after which the x bits of the rows are independent."""
    pivots = _reduce(x, z)
    gates: list[Gate] = []
    rows = np.arange(len(pivots), len(x))
    # rows left without x bits: their z bits are independent outside the pivots, for they commute
    # with rows that have one pivot each
    free = [w for w in range(x.shape[1]) if w not in set(pivots)]
    top = 0
    for wire in free:
        found = np.flatnonzero(z[rows[top:], wire])
        if not found.size:
            continue
        _swap(x, z, rows[top], rows[top + found[0]])
        for other in rows[top + 1 :][z[rows[top + 1 :], wire]]:
            z[other] ^= z[rows[top]]
        gates.append(("Hadamard", (wire,)))
        top += 1
    for _, (wire,) in gates:
        x[:, wire], z[:, wire] = z[:, wire].copy(), x[:, wire].copy()
    return gates


def _reduce(x: np.ndarray, z: np.ndarray) -> list[int]:
    """Bring the x bits to reduced echelon form in place; the pivot wires, one per leading row."""
    pivots: list[int] = []
    for wire in range(x.shape[1]):
        found = np.flatnonzero(x[len(pivots) :, wire])
        if not found.size:
            continue
        top = len(pivots)
        _swap(x, z, top, top + found[0])
        others = x[:, wire].copy()
        others[top] = False
        x[others] ^= x[top]
        z[others] ^= z[top]
        pivots.append(wire)
        if len(pivots) == len(x):
            break
    return pivots


def _swap(x: np.ndarray, z: np.ndarray, first: int, second: int) -> None:
    x[[first, second]] = x[[second, first]]
    z[[first, second]] = z[[second, first]]


def _complement(edges: np.ndarray) -> list[Gate]:
    """Complement neighbourhoods in place while that removes edges; the gates it takes."""
    gates: list[Gate] = []
    while True:
        counts = edges.astype(np.float32)
        degree = counts.sum(1)
        # twice the edges among the neighbours of v, against those that are missing there
        inside = ((counts @ counts) * counts).sum(1)
        gain = 2 * inside - degree * (degree - 1)
        v = int(gain.argmax())
        if gain[v] <= 0:
            return gates
        near = np.flatnonzero(edges[v])
        edges[np.ix_(near, near)] ^= ~np.eye(len(near), dtype=bool)
        gates += [("Hadamard", (v,)), ("S", (v,)), ("Hadamard", (v,))]
        gates += [("S", (int(u),)) for u in near]

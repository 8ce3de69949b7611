"""Diagonalising commuting words as a graph state.

One-qubit gates bring independent commuting words to the form ``X_i ∏_j Z_j^{Γ_ij}`` of a graph
state, where every edge is one CZ (Van den Nest, Dehaene and De Moor, arXiv:quant-ph/0308151).
Local complementation, which inverts the edges among the neighbours of a vertex, also costs
one-qubit gates only, and is used as long as it removes edges.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.tableau import Gate, Tableau, reduce

__all__ = ["graph_form"]


def graph_form(table: Tableau) -> list[Gate]:
    """A circuit that leaves only ``I`` and ``Z`` in every row of a tableau of independent rows."""
    x, z = table.x.copy(), table.z.copy()
    gates = _hadamards(x, z)
    pivots = reduce(x, z)
    # with x = [1 | A] and z = [B | C] on pivots and other wires, Z_j ∏_i Z_i^{A_ij} commutes with
    # all rows for every other wire j, and clears C; a Hadamard makes it a vertex as well
    others = [w for w in range(x.shape[1]) if w not in pivots]
    z[:, pivots] ^= (z[:, others].astype(int) @ x[:, others].T % 2).astype(bool)
    gates += [("S", (w,)) for i, w in enumerate(pivots) if z[i, w]]
    edges = np.zeros((x.shape[1], x.shape[1]), bool)
    for i, wire in enumerate(pivots):
        near = x[i].copy()
        near[pivots] = z[i, pivots]
        near[wire] = False
        edges[wire] |= near
        edges[:, wire] |= near
    gates += [("Hadamard", (w,)) for w in others]
    gates += _complement(edges)
    gates += _layered(edges)
    return gates + [("Hadamard", (w,)) for w in range(x.shape[1])]


def _layered(edges: np.ndarray) -> list[Gate]:
    """One CZ per edge, in layers of disjoint edges: they commute, so any order will do."""
    free: list[set[int]] = []
    layers: list[list[Gate]] = []
    for a, b in np.argwhere(np.triu(edges)).tolist():
        layer = next((k for k, wires in enumerate(free) if {a, b} <= wires), len(free))
        if layer == len(free):
            free.append(set(range(len(edges))))
            layers.append([])
        free[layer] -= {a, b}
        layers[layer].append(("CZ", (a, b)))
    return [gate for layer in layers for gate in layer]


def _hadamards(x: np.ndarray, z: np.ndarray) -> list[Gate]:
    """Hadamards after which the x bits of the rows are independent, applied in place."""
    pivots = reduce(x, z)
    # rows left without x bits commute with rows that have one pivot each, so their z bits are
    # independent outside the pivots
    free = [w for w in range(x.shape[1]) if w not in pivots]
    chosen = [free[j] for j in reduce(z[len(pivots) :, free])]
    for w in chosen:
        x[:, w], z[:, w] = z[:, w].copy(), x[:, w].copy()
    return [("Hadamard", (w,)) for w in chosen]


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

r"""Fused dense matrices and their effective generators.

A group of gates ``M = U_m … U_1`` on a few wires has ``∂_j M = -i G_j M`` with
``G_j = (U_m … U_{j+1}) H_j (U_m … U_{j+1})†``, so that for ``S = ψ λ†`` reduced to these wires
``∂_j f = 2 Im tr(G_j S)`` for all parameters of the group at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pennylane_trainability.simulation.elements import Dense, Permutation
from pennylane_trainability.simulation.fusion import Stage

__all__ = ["Group", "groups_of", "matrix_of", "product_chains"]


@dataclass(slots=True, eq=False)
class Group:
    """One dense matrix on sorted wires.

    Attributes:
        wires: sorted wire positions.
        matrix: ``(D or 1, K, K)``.
        slots: gradient slots of its trainable angles.
        effective: ``(len(slots), D or 1, K, K)``, generators at the output of the group.
        chains: for a product of one-wire chains, ``[(position in wires, row of the chain table)]``.
    """

    wires: tuple[int, ...]
    matrix: np.ndarray
    slots: tuple[int, ...] = ()
    effective: np.ndarray | None = None
    chains: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True, eq=False)
class Chains:
    """All one-wire chains of all product stages, worked out together.

    Attributes:
        matrix: ``(C, D, 2, 2)``, the product of every chain.
        effective: ``(C, m, D, 2, 2)``, effective generators (zero where a gate is not trainable).
        slots: ``(C, m)`` gradient slots, -1 where there is none.
        row: ``{(stage number, wire): chain}``.
    """

    matrix: np.ndarray
    effective: np.ndarray
    slots: np.ndarray
    row: dict


def product_chains(stages: list[Stage], n_draws: int) -> Chains:
    """The chains of one-wire gates in the product stages, vectorised over all of them."""
    chains: dict = {}
    for number, stage in enumerate(stages):
        if stage.kind == "product":
            for gate in stage.members:
                chains.setdefault((number, gate.wires[0]), []).append(gate)
    if not chains:
        empty = np.zeros((0, 0, n_draws, 2, 2), complex)
        return Chains(np.zeros((0, n_draws, 2, 2), complex), empty, np.zeros((0, 0), int), {})
    lists = list(chains.values())
    count, length = len(lists), max(map(len, lists))
    gates = [g for chain in lists for g in chain]
    rows = np.array([c for c, chain in enumerate(lists) for _ in chain])
    cols = np.array([m for chain in lists for m in range(len(chain))])
    unitary = np.empty((count, length, n_draws, 2, 2), complex)
    unitary[:] = np.eye(2)
    unitary[rows, cols] = _one_wire_matrices(gates, n_draws)
    generator = np.zeros((count, length, n_draws, 2, 2), complex)
    slots = np.full((count, length), -1)
    hit = [k for k, g in enumerate(gates) if g.slots]
    if hit:
        generator[rows[hit], cols[hit]] = np.array([gates[k].generators[0, 0] for k in hit])[
            :, None
        ]
        slots[rows[hit], cols[hit]] = [gates[k].slots[0] for k in hit]
    tail = unitary[:, -1]
    effective = generator  # the last gate commutes with its own generator
    for m in range(length - 2, -1, -1):
        effective[:, m] = tail @ generator[:, m] @ tail.conj().swapaxes(-1, -2)
        tail = tail @ unitary[:, m]
    return Chains(tail, effective, slots, {key: c for c, key in enumerate(chains)})


def _one_wire_matrices(gates: list[Dense], n_draws: int) -> np.ndarray:
    """``(len(gates), D, 2, 2)``; rotations of one kind in one go."""
    out = np.empty((len(gates), n_draws, 2, 2), complex)
    kinds: dict = {}
    for k, gate in enumerate(gates):
        if gate.rotation is None:
            out[k] = gate.matrix
        else:
            kinds.setdefault(id(gate.rotation[0]), []).append(k)
    for members in kinds.values():
        kind = gates[members[0]].rotation[0]
        values = [gates[k].rotation[1] for k in members]
        angles = (
            np.concatenate(values)[:, None]
            if n_draws == 1
            else np.stack([np.broadcast_to(v, n_draws) for v in values])
        )
        phases = np.exp(-1j * angles[..., None] * kind.values)
        if kind.vectors is None:
            out[members] = phases[..., :, None] * np.eye(2)
        else:
            out[members] = (kind.vectors * phases[..., None, :]) @ kind.vectors.conj().T
    return out


def groups_of(number: int, stage: Stage, chains: Chains, n_wires: int) -> list[Group]:
    """The dense groups of a product or window stage, on disjoint wires."""
    if stage.kind == "product":
        return [_product_group(number, window, chains) for window in _windows(stage.wires, n_wires)]
    return [_window_group(stage)]


def _windows(wires: set[int], n_wires: int) -> list[tuple[int, ...]]:
    """Contiguous runs of the wires, cut into pieces of nearly equal width."""
    width = 3 if n_wires <= 7 else 4
    runs: list[list[int]] = []
    for w in sorted(wires):
        if runs and runs[-1][-1] == w - 1:
            runs[-1].append(w)
        else:
            runs.append([w])
    out = []
    for run in runs:
        pieces = -(-len(run) // width)
        cuts = [round(p * len(run) / pieces) for p in range(pieces + 1)]
        out += [tuple(run[a:b]) for a, b in pairwise(cuts)]
    return out


def _product_group(number: int, window: tuple[int, ...], chains: Chains) -> Group:
    rows = [chains.row[number, w] for w in window]
    matrix = chains.matrix[rows[0]]
    for row in rows[1:]:
        right = chains.matrix[row]
        size = matrix.shape[-1]
        matrix = (matrix[:, :, None, :, None] * right[:, None, :, None, :]).reshape(
            -1, 2 * size, 2 * size
        )
    trainable = tuple((k, row) for k, row in enumerate(rows) if (chains.slots[row] >= 0).any())
    return Group(window, matrix, (), None, trainable)


def _window_group(stage: Stage) -> Group:
    """From the last gate to the first: ``tail`` is what comes after a gate, at last the matrix."""
    wires = tuple(sorted(stage.wires))
    k = len(wires)
    position = {w: p for p, w in enumerate(wires)}
    tail = np.eye(2**k, dtype=complex)[None]
    tails, products, slots = [], [], []
    for gate in reversed(stage.members):
        local = [position[w] for w in gate.wires]
        for m in range(len(gate.slots) if type(gate) is Dense else 0):
            tails.append(tail)
            products.append(_right(tail, gate.generators[m], local, k))
            slots.append(gate.slots[m])
        tail = _right(tail, matrix_of(gate), local, k)
    if not slots:
        return Group(wires, tail)
    draws = max(p.shape[0] for p in products)
    shape = (draws, 2**k, 2**k)
    left = np.array([np.broadcast_to(p, shape) for p in products])
    right = np.array([np.broadcast_to(t, shape) for t in tails])
    return Group(wires, tail, tuple(slots), left @ right.conj().swapaxes(-1, -2))


def matrix_of(gate) -> np.ndarray:
    """The matrix of an element that does not depend on inputs, ``(D or 1, d, d)``."""
    if type(gate) is Permutation:
        d = len(gate.monomial.image)
        matrix = np.zeros((1, d, d), complex)
        matrix[0, gate.monomial.image, np.arange(d)] = gate.monomial.phase
        return matrix
    if gate.matrix is None:
        return _one_wire_matrices([gate], len(gate.rotation[1]))[0]
    return gate.matrix


def _right(matrix: np.ndarray, unitary: np.ndarray, local: list[int], k: int) -> np.ndarray:
    """``matrix · unitary`` with ``unitary`` on some of the ``k`` wires; ``(D, K, K)``."""
    size, d = 2**k, unitary.shape[-1]
    if local == list(range(local[0], local[0] + len(local))):
        after = 2 ** (k - 1 - local[-1])
        columns = matrix.reshape(matrix.shape[0], -1, d, after)
        moved = unitary.swapaxes(-1, -2)[:, None] @ columns
        return moved.reshape(-1, size, size)
    rest = [p for p in range(k) if p not in local]
    order = [0, 1, *(2 + p for p in rest), *(2 + p for p in local)]
    columns = matrix.reshape(-1, size, *([2] * k)).transpose(order)
    moved = columns.reshape(matrix.shape[0], -1, d) @ unitary
    back = moved.reshape(-1, size, *([2] * k)).transpose(np.argsort(order))
    return back.reshape(-1, size, size)

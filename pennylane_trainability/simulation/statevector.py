"""Passes over batches of state vectors: arrays of shape ``(..., D, G, 2^n)``, wire 0 the leading bit."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.simulation.elements import Permutation, Phase

__all__ = ["apply_matrix", "permutation_of", "phase_of", "phase_tables", "reduced_outer"]


def _contiguous(wires: tuple[int, ...]) -> bool:
    return wires[-1] - wires[0] + 1 == len(wires)


def apply_matrix(state: np.ndarray, matrix: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """A matrix ``(D or 1, K, K)`` on sorted wires."""
    shape = state.shape
    n = shape[-1].bit_length() - 1
    k = len(wires)
    if not _contiguous(wires):
        moved, restore = _to_front(state, wires, n)
        return restore(apply_matrix(moved, matrix, tuple(range(k))))
    right = 2 ** (n - 1 - wires[-1])
    if right == 1:
        rows = state.reshape(*shape[:-2], -1, 2**k)
        return (rows @ matrix.swapaxes(-1, -2)).reshape(shape)
    blocks = state.reshape(*shape[:-1], -1, 2**k, right)
    if matrix.shape[0] == 1:
        return (matrix[0] @ blocks).reshape(shape)
    return (matrix[:, None, None] @ blocks).reshape(shape)


def _to_front(state: np.ndarray, wires: tuple[int, ...], n: int):
    """The state with some wires moved to the front, and the way back."""
    lead = state.shape[:-1]
    offset = len(lead)
    rest = [w for w in range(n) if w not in wires]
    order = [*range(offset), *(offset + w for w in wires), *(offset + w for w in rest)]
    inverse = np.argsort(order)
    moved = state.reshape(*lead, *([2] * n)).transpose(order).reshape(*lead, -1)

    def restore(new):
        return new.reshape(*new.shape[:-1], *([2] * n)).transpose(inverse).reshape(*new.shape[:-1], -1)

    return moved, restore


def reduced_outer(psi: np.ndarray, lam: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """``S = Tr_rest ψ λ†`` on sorted wires from ``ψ`` and ``λ*``, shape ``(..., D, G, K, K)``."""
    n = psi.shape[-1].bit_length() - 1
    k = len(wires)
    if not _contiguous(wires):
        psi, _ = _to_front(psi, wires, n)
        lam, _ = _to_front(lam, wires, n)
        wires = tuple(range(k))
    right = 2 ** (n - 1 - wires[-1])
    lead = lam.shape[:-1]
    a = psi.reshape(*psi.shape[:-1], -1, 2**k, right)
    b = lam.reshape(*lead, -1, 2**k, right)
    if right == 1:
        return a[..., 0].swapaxes(-1, -2) @ b[..., 0]
    product = a @ b.swapaxes(-1, -2)
    return product[..., 0, :, :] if product.shape[-3] == 1 else product.sum(axis=-3)


def permutation_of(members: list[Permutation], n: int) -> tuple[np.ndarray, np.ndarray | None]:
    """``new[i] = phase[i] · old[source[i]]`` for a run of monomial gates; ``None`` where no phase."""
    index = np.arange(2**n)
    phase = None
    for gate in reversed(members):
        if gate.name == "CNOT":
            control, target = (n - 1 - w for w in gate.wires)
            index = index ^ (((index >> control) & 1) << target)
            continue
        local = np.zeros_like(index)
        for w in gate.wires:
            local = (local << 1) | ((index >> (n - 1 - w)) & 1)
        image, factor = gate.monomial
        before = np.argsort(image)[local]
        if not np.all(factor == 1):
            phase = factor[before] if phase is None else phase * factor[before]
        change = before ^ local
        for position, w in enumerate(reversed(gate.wires)):
            index = index ^ (((change >> position) & 1) << (n - 1 - w))
    return index, phase


def phase_tables(members: list[Phase], n: int) -> list[tuple]:
    """``(angle, distinct exponents, which one belongs to every basis state or None for all)``.

    The exponent takes few distinct values when the same input enters on many wires, so it is
    tabulated per distinct angle array and gathered.
    """
    index = np.arange(2**n)
    sums: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for phase in members:
        values = phase.values[local_index(index, phase.wires, n)]
        key = id(phase.angle)
        sums[key] = (phase.angle, sums[key][1] + values if key in sums else values)
    tables = []
    for angle, values in sums.values():
        distinct, inverse = np.unique(np.round(values, 12), return_inverse=True)
        few = 2 * len(distinct) <= len(values)
        tables.append((angle, distinct if few else values, inverse if few else None))
    return tables


def phase_of(tables: list[tuple], inputs: slice) -> np.ndarray:
    """``exp(-i Σ a h_j)`` of all phases of a stage at some input points, shape ``(D, G, 2^n)``."""
    out = None
    for angle, exponents, inverse in tables:
        factor = np.exp(-1j * angle[:, inputs, None] * exponents)
        if inverse is not None:
            factor = np.take(factor, inverse, axis=-1)
        out = factor if out is None else out * factor
    return out


def local_index(index: np.ndarray, wires: tuple[int, ...], n: int) -> np.ndarray:
    """The basis index on some wires of full basis indices."""
    local = np.zeros_like(index)
    for w in wires:
        local = (local << 1) | ((index >> (n - 1 - w)) & 1)
    return local

"""Passes over batches of state vectors: arrays ``(..., D, G, 2^n)``, wire 0 the leading bit."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.simulation.elements import Permutation, Phase

__all__ = ["apply_matrix", "permutation_of", "phase_of", "phase_tables", "reduced_outer"]


def _contiguous(wires: tuple[int, ...]) -> bool:
    return wires[-1] - wires[0] + 1 == len(wires)


def apply_matrix(state: np.ndarray, matrix: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """A matrix ``(D or 1, K, K)`` on sorted wires.

    Which product is fastest depends on how many amplitudes lie right of the window; the thresholds
    here and in :func:`reduced_outer` were measured with 2^14 amplitudes.
    """
    shape = state.shape
    n = shape[-1].bit_length() - 1
    k = len(wires)
    if not _contiguous(wires):
        rows = _rows(state, wires, n) @ matrix.swapaxes(-1, -2)
        return _unrows(rows, shape, wires, n)
    right = 2 ** (n - 1 - wires[-1])
    if right == 2:  # products with two columns are slow: take the last wire in
        matrix = np.einsum("...ab,cd->...acbd", matrix, np.eye(2)).reshape(-1, 2 * 2**k, 2 * 2**k)
        right, k = 1, k + 1
    if right == 1:
        rows = state.reshape(*shape[:-2], -1, 2**k)
        return (rows @ matrix.swapaxes(-1, -2)).reshape(shape)
    blocks = state.reshape(*shape[:-1], -1, 2**k, right)
    if matrix.shape[0] == 1:
        return (matrix[0] @ blocks).reshape(shape)
    return (matrix[:, None, None] @ blocks).reshape(shape)


def _axes(shape: tuple[int, ...], wires: tuple[int, ...], n: int) -> list[int]:
    """Axes with the wires moved to the end."""
    offset = len(shape) - 1
    rest = [w for w in range(n) if w not in wires]
    return [*range(offset), *(offset + w for w in (*rest, *wires))]


def _rows(state: np.ndarray, wires: tuple[int, ...], n: int) -> np.ndarray:
    """``(..., G · rest, K)`` for any wires, copied."""
    lead, order = state.shape[:-1], _axes(state.shape, wires, n)
    moved = state.reshape(*lead, *([2] * n)).transpose(order)
    return moved.reshape(*lead[:-1], -1, 2 ** len(wires))


def _unrows(rows: np.ndarray, shape: tuple[int, ...], wires: tuple[int, ...], n: int) -> np.ndarray:
    """The way back from :func:`_rows`."""
    order = _axes(shape, wires, n)
    moved = rows.reshape(*shape[:-1], *([2] * n)).transpose(np.argsort(order))
    return moved.reshape(shape)


def reduced_outer(psi: np.ndarray, lam: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """``S = Tr_rest ψ λ†`` on sorted wires from ``ψ`` and ``λ*``, shape ``(..., D, G, K, K)``."""
    n = psi.shape[-1].bit_length() - 1
    size = 2 ** len(wires)
    if not _contiguous(wires):
        a = _rows(psi, wires, n).reshape(*psi.shape[:-1], -1, size)
        b = _rows(lam, wires, n).reshape(*lam.shape[:-1], -1, size)
        return a.swapaxes(-1, -2) @ b
    right = 2 ** (n - 1 - wires[-1])
    a = psi.reshape(*psi.shape[:-1], -1, size, right)
    b = lam.reshape(*lam.shape[:-1], -1, size, right)
    if right == 1:
        return a[..., 0].swapaxes(-1, -2) @ b[..., 0]
    if n > 8 and right <= (8 if size > 8 else 4):  # many tiny products are slower than two copies
        a = a.swapaxes(-1, -2).reshape(*psi.shape[:-1], -1, size)
        b = b.swapaxes(-1, -2).reshape(*lam.shape[:-1], -1, size)
        return a.swapaxes(-1, -2) @ b
    product = a @ b.swapaxes(-1, -2)
    return product[..., 0, :, :] if product.shape[-3] == 1 else product.sum(axis=-3)


def permutation_of(members: list[Permutation], n: int) -> tuple[np.ndarray, np.ndarray | None]:
    """``new[i] = phase[i] · old[source[i]]`` of a run of monomial gates; ``None``: no phase."""
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
    sums: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
    for phase in members:
        values = phase.values[local_index(index, phase.wires, n)]
        key = (phase.angle.shape, phase.angle.tobytes())
        sums[key] = (phase.angle, sums[key][1] + values if key in sums else values)
    tables = []
    for angle, values in sums.values():
        distinct, inverse = np.unique(np.round(values, 12), return_inverse=True)
        few = 2 * len(distinct) <= len(values)
        tables.append((angle, distinct if few else values, inverse if few else None))
    return tables


def phase_of(tables: list[tuple], inputs: slice) -> np.ndarray:
    """``exp(-i Σ a h_j)`` of all phases of a stage at some input points, shape ``(D, G, 2^n)``."""
    first, *rest = tables
    out = _factor(first, inputs)
    for table in rest:
        out = out * _factor(table, inputs)
    return out


def _factor(table: tuple, inputs: slice) -> np.ndarray:
    angle, exponents, inverse = table
    factor = np.exp(-1j * angle[:, inputs, None] * exponents)
    return factor if inverse is None else np.take(factor, inverse, axis=-1)


def local_index(index: np.ndarray, wires: tuple[int, ...], n: int) -> np.ndarray:
    """The basis index on some wires of full basis indices."""
    local = np.zeros_like(index)
    for w in wires:
        local = (local << 1) | ((index >> (n - 1 - w)) & 1)
    return local

r"""The quantum Fisher information matrix of a pure state, exactly, and its derivatives.

``F_ij = 4 Re[⟨∂_i ψ|∂_j ψ⟩ - ⟨∂_i ψ|ψ⟩⟨ψ|∂_j ψ⟩] = 4 Re⟨t_i|t_j⟩`` with the parts
``t_i = ∂_i ψ - ψ⟨ψ|∂_i ψ⟩`` orthogonal to the state: a Gram matrix, never below zero by more than
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, take_draws
from pennylane_trainability.circuits.unitaries import monomial
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, extent
from pennylane_trainability.simulation.tangents import TangentSweep, initial_states, tangent_sweep

__all__ = ["fisher_chunks", "fisher_information", "overlaps"]

#: Stacks up to this size stay in the processor's cache.
_CACHE = 2**23


def fisher_information(
    circuit: Circuit, draws: int | None = None, memory: int = DEFAULT_MEMORY
) -> np.ndarray:
    """``F`` at all draws of a circuit.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``.
        draws: number of draws, if the angles do not tell because they are the same everywhere.
        memory: bytes of states held at once; the work is cut into draws, then into blocks of
            parameters.

    Returns:
        ``(D, P, P)``, symmetric.

    Raises:
        BudgetError: not even one parameter at a time fits the memory.
        ReadingError: a gate is no unitary.
    """
    draws = max(extent(circuit)[0], draws or 1)
    start = initial_states(circuit, draws)
    n_parameters = circuit.n_parameters
    width, count = fisher_chunks(circuit, draws, memory)
    out = np.empty((draws, n_parameters, n_parameters))
    for first in range(0, draws, count):
        index = np.arange(first, min(first + count, draws))
        part = circuit if count >= draws else take_draws(circuit, index)
        _fill(out[index[0] : index[-1] + 1], tangent_sweep(part, start[index]), width)
    return out


def fisher_chunks(circuit: Circuit, draws: int, memory: int) -> tuple[int, int]:
    """Parameters per block, and draws per chunk.

    Raises:
        BudgetError: not even one parameter at a time fits the memory.
        ValueError: the memory is no positive number.
    """
    if not memory > 0:
        raise ValueError(f"memory needs a positive number of bytes; got {memory!r}.")
    n_wires, n_parameters = circuit.n_wires, circuit.n_parameters
    state = 16 * 2**n_wires
    # the stack, its image, and what one pass needs beside them; blocks are compared in pairs
    whole = state * (3 * n_parameters + 6)
    if whole <= memory:
        whole += 3 * n_parameters * _generator_bytes(circuit)
        return max(n_parameters, 1), max(1, min(draws, min(memory, _CACHE) // whole))
    width = (memory // state - 6) // 4
    if width < 1:
        raise BudgetError(
            f"The state of {n_wires} wires and its derivatives by one parameter at a time need "
            f"{10 * state / 2**20:.3g} MiB; the budget is {memory / 2**20:.3g} MiB. Raise memory=…"
        )
    return width, 1


def _generator_bytes(circuit: Circuit) -> int:
    """What the generator of a trainable gate takes per draw, if gates are fused to windows."""
    windows = any(len(g.wires) > 1 and (g.angles or monomial(g) is None) for g in circuit.gates)
    return 16 * 4 ** min(circuit.n_wires, 3 if circuit.n_wires <= 6 else 5) if windows else 0


def _fill(out: np.ndarray, sweep: TangentSweep, width: int) -> None:
    """All blocks of ``F``; a block of parameters is computed again for every block before it."""
    size = out.shape[-1]
    for a in range(0, size, width):
        rows = slice(a, min(a + width, size))
        left = orthogonal_tangents(sweep, range(size)[rows])
        out[:, rows, rows] = gram(left, left)
        for b in range(rows.stop, size, width):
            columns = slice(b, min(b + width, size))
            block = gram(left, orthogonal_tangents(sweep, range(size)[columns]))
            out[:, rows, columns] = block
            out[:, columns, rows] = block.swapaxes(-1, -2)


def orthogonal_tangents(sweep: TangentSweep, wanted: Sequence[int]) -> np.ndarray:
    """``i t_p`` as real vectors, ``(D, c, 2^{n+1})``."""
    psi, tangents = sweep.run(wanted)
    tangents -= overlaps(psi, tangents)[..., None] * psi[:, None]
    return tangents.view(float)


def overlaps(psi: np.ndarray, tangents: np.ndarray) -> np.ndarray:
    """``⟨ψ|i ∂_p ψ⟩``, which is real, ``(D, c)``."""
    return (tangents @ psi.conj()[..., None])[..., 0].real


def gram(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``4 Re⟨t_i|t_j⟩``."""
    found = 4 * (left @ right.swapaxes(-1, -2))
    return 0.5 * (found + found.swapaxes(-1, -2)) if left is right else found

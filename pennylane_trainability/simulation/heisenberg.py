r"""Derivatives of the observable in the Heisenberg picture, as dense matrices.

``U†OU`` is what a circuit measures of the state it starts from. A gate ``U_g`` with the generator
``H``, ``∂U_g = -i H U_g``, contributes to the derivative by its parameter

    Γ = ∂(U†OU) = i [H̃, U†OU],    H̃ = (U_g ⋯ U_1)† H (U_g ⋯ U_1),

so that ``∂⟨O⟩ = Tr(ρ Γ)`` for every initial state ``ρ`` (Chinzei et al., arXiv:2406.18316).
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.dense import matrix_of
from pennylane_trainability.simulation.elements import Dense, elements_of, trainable_angles
from pennylane_trainability.simulation.observables import Output

__all__ = ["gradient_operators"]


def gradient_operators(
    circuit: Circuit, output: Output, memory: int = DEFAULT_MEMORY
) -> np.ndarray:
    """``Γ_p`` of every parameter, at one draw and one input.

    Args:
        circuit: a circuit whose angles hold one number each; its preparation plays no part.
        output: one Hermitian operator, see :func:`outputs_of`.
        memory: bytes the matrices may take.

    Returns:
        Hermitian matrices ``(P, 2^n, 2^n)``; cost ``P · 8^n``.

    Raises:
        BudgetError: they do not fit the memory.
        ReadingError: a gate is no unitary.
    """
    size, count = 2**circuit.n_wires, circuit.n_parameters
    needed = 16 * (2 * count + 6) * size**2
    if needed > memory:
        raise BudgetError(
            f"{count} derivatives of an observable on {circuit.n_wires} wires need "
            f"{needed / 2**20:.3g} MiB as matrices; the budget is {memory / 2**20:.3g} MiB. Raise "
            "memory=…, or analyse a smaller circuit of the same kind."
        )
    angles = trainable_angles(circuit)
    unitary = np.eye(size, dtype=complex)
    generators = np.zeros((count, size, size), complex)
    for element in elements_of(circuit):
        unitary = _applied(matrix_of(element)[0], element.wires, unitary)
        if isinstance(element, Dense) and element.generators is not None:
            for slot, local in zip(element.slots, element.generators, strict=True):
                moved = unitary.conj().T @ _applied(local[0], element.wires, unitary)
                _add(generators, angles[slot], moved)
    (operator,) = output.operators
    observable = unitary.conj().T @ operator(unitary.T).T
    for number, moved in enumerate(generators):  # in place, one at a time: they are large
        generators[number] = 1j * (moved @ observable - observable @ moved)
    return generators


def _add(generators: np.ndarray, angle: Angle, matrix: np.ndarray) -> None:
    """The chain rule: how much the angle moves with each parameter."""
    for parameter, slope in angle.parameters.items():
        generators[parameter] += float(np.ravel(slope)[0]) * matrix


def _applied(matrix: np.ndarray, wires: tuple[int, ...], unitary: np.ndarray) -> np.ndarray:
    """A matrix on some wires times a matrix on all."""
    size, k = len(unitary), len(wires)
    n = size.bit_length() - 1
    tensor = unitary.reshape(*[2] * n, size)
    local = matrix.reshape([2] * (2 * k))
    moved = np.tensordot(local, tensor, axes=(range(k, 2 * k), wires))
    return np.moveaxis(moved, range(k), wires).reshape(size, size)

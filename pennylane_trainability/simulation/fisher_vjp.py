r"""Derivatives of the quantum Fisher information matrix, exact, by the shift rule on gate angles.

``⟨∂_i ψ|∂_j ψ⟩`` and ``⟨ψ|∂_i ψ⟩`` are trigonometric polynomials of every gate angle ``a`` with the
frequencies of its gate, so that their derivatives are ``Σ_s c_s (…)(a + t_s)``. Needs angles that
are linear in the parameters, with constant slopes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, Numbers, take_draws
from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.shifts import shift_rule
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.fisher import fisher_chunks, overlaps
from pennylane_trainability.simulation.tangents import initial_states, tangent_sweep

__all__ = ["fisher_vjp"]


def fisher_vjp(
    circuit: Circuit,
    cotangent: np.ndarray,
    memory: int = DEFAULT_MEMORY,
    *,
    by_inputs: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """``∂ Σ V·F`` by parameters and inputs.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``.
        cotangent: ``V``, ``(D, P, P)``.
        memory: bytes of states.
        by_inputs: whether derivatives by the inputs are wanted.

    Returns:
        ``(D, P)`` and ``(D, I)``.

    Raises:
        NotImplementedError: an angle is not linear, or a gate has several angles.
        BudgetError: the state and all its derivatives do not fit the memory.
    """
    draws = len(cotangent)
    jobs = _jobs(circuit, by_inputs)
    by_angle = np.zeros((len(circuit.gates), draws))
    if jobs:
        _add_shifted(by_angle, circuit, jobs, 0.5 * (cotangent + cotangent.swapaxes(1, 2)), memory)
    by_parameter = np.zeros((draws, circuit.n_parameters))
    by_input = np.zeros((draws, circuit.n_inputs))
    for number in dict.fromkeys(gate for gate, _, _ in jobs):
        angle = circuit.gates[number].angles[0]
        for out, slopes in ((by_parameter, angle.parameters), (by_input, angle.inputs)):
            for k, slope in slopes.items():
                out[:, k] += by_angle[number] * _flat(slope)
    return by_parameter, by_input


def _flat(slope: Numbers) -> Numbers:
    return slope[:, 0] if np.ndim(slope) else slope


def _jobs(circuit: Circuit, by_inputs: bool) -> list[tuple[int, float, float]]:
    """``(gate, coefficient, shift)`` of all shifted circuits."""
    jobs = []
    for number, gate in enumerate(circuit.gates):
        moving = gate.is_trainable or (by_inputs and gate.is_encoding)
        if not moving or not gate.wires:
            continue
        if (
            len(gate.angles) > 1
            or not gate.angles[0].linear
            or (by_inputs and not gate.angles[0].affine)
        ):
            raise NotImplementedError(
                f"The QFIM cannot be differentiated through {gate.name}: its angles are not linear "
                "in the arguments, or it has several. Use rotations whose angles are linear in the "
                "parameters."
            )
        jobs += [(number, c, s) for c, s in shift_rule(gate_frequencies(gate))]
    return jobs


def _add_shifted(by_angle, circuit: Circuit, jobs, cotangent: np.ndarray, memory: int) -> None:
    """``∂F = 4 Σ_s c_s [⟨V, G(s)⟩ - 2 b(s)·V b]`` with ``G = Re⟨∂ψ|∂ψ⟩`` and ``b = ⟨ψ|i∂ψ⟩``."""
    draws = len(cotangent)
    width, count = fisher_chunks(circuit, draws * len(jobs), memory)
    if width < circuit.n_parameters:
        raise BudgetError(
            f"The derivative of the QFIM keeps the state of {circuit.n_wires} wires and its "
            f"derivatives by all {circuit.n_parameters} parameters, more than the budget of "
            f"{memory / 2**20:.3g} MiB. Raise memory=…"
        )
    start = initial_states(circuit, draws)
    weights = np.empty((draws, circuit.n_parameters))
    for d in _chunks(draws, count):
        _, overlap = _at(circuit, start, d)
        weights[d] = 2 * (cotangent[d] @ overlap[..., None])[..., 0]
    gates, coefficients, shifts = map(np.array, zip(*jobs, strict=True))
    for pairs in _chunks(draws * len(jobs), count):
        job, d = np.divmod(pairs, draws)
        tangents, overlap = _at(circuit, start, d, gates[job], shifts[job])
        gram = tangents @ tangents.swapaxes(-1, -2)
        value = np.einsum("dij,dij->d", gram, cotangent[d])
        value -= np.einsum("di,di->d", overlap, weights[d])
        np.add.at(by_angle, (gates[job], d), 4 * coefficients[job] * value)


def _chunks(total: int, size: int) -> list[np.ndarray]:
    return [np.arange(k, min(k + size, total)) for k in range(0, total, size)]


def _at(circuit: Circuit, start, draws, gates=None, shifts=None) -> tuple[np.ndarray, np.ndarray]:
    """``i ∂_p ψ`` as real vectors and ``⟨ψ|i ∂_p ψ⟩`` at draws with one gate's angle moved each."""
    part = take_draws(circuit, draws)
    if gates is not None:
        moved = list(part.gates)
        for number in set(gates.tolist()):
            angle = moved[number].angles[0]
            value = angle.value + np.where(gates == number, shifts, 0.0)[:, None]
            moved[number] = replace(moved[number], angles=(replace(angle, value=value),))
        part = replace(part, gates=tuple(moved))
    psi, tangents = tangent_sweep(part, start[draws]).run(range(circuit.n_parameters))
    return tangents.view(float), overlaps(psi, tangents)

r"""Derivatives of a coefficient Jacobian, exact, by the shift rule on the gate angles.

``∂J/∂a = Σ_s c_s J(a + t_s)`` for every trainable angle ``a``: two (four) more sweeps per angle,
batched as parameter draws. Needs angles that are linear in the parameters.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.series import Series
from pennylane_trainability.circuits.shifts import shift_rule
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate

__all__ = ["jacobian_vjp", "shift_batches", "shifted_circuit"]


def jacobian_vjp(
    series: Series,
    parameters: np.ndarray,
    cotangent: list[np.ndarray],
    memory: int = DEFAULT_MEMORY,
) -> np.ndarray:
    """``∂/∂θ Σ V·J(θ)``.

    Args:
        series: the QNode as a Fourier series.
        parameters: ``(P,)``.
        cotangent: ``V`` per measurement, ``(K, *shape, P)``.
        memory: bytes of states.

    Returns:
        ``(P,)``.

    Raises:
        NotImplementedError: an angle is nonlinear in the parameters, or a gate has several angles.
    """
    circuit = series.circuit(parameters[None], hold_out=False)
    out = np.zeros(parameters.size)
    # weights on the samples: Σ_k T[k, g] V[k, …, p]
    weights = [np.tensordot(series.sampling.matrix.T, v, 1) for v in cotangent]
    for batch in shift_batches(circuit, memory, len(series.sampling.points)):
        shifted = shifted_circuit(circuit, batch)
        simulation = simulate(shifted, memory=memory)
        total = np.zeros(len(batch))  # (D,)
        for g, w in zip(simulation.gradients or (), weights, strict=True):
            total += np.tensordot(g, w, axes=w.ndim)
        for (gate, coefficient, _), value in zip(batch, total, strict=True):
            for p, slope in circuit.gates[gate].angles[0].parameters.items():
                out[p] += float(slope) * coefficient * value
    return out


def shift_batches(circuit: Circuit, memory: int, points: int):
    """``(gate, coefficient, shift)`` in groups whose states fit a few MiB."""
    jobs = []
    for number, gate in enumerate(circuit.gates):
        if not gate.is_trainable:
            continue
        if len(gate.angles) > 1 or not gate.angles[0].linear:
            raise NotImplementedError(
                f"{gate.name} cannot be differentiated twice: its angles are nonlinear "
                "in the parameters, or it has several. Use rotations whose angles are linear in "
                "the parameters."
            )
        jobs += [(number, c, s) for c, s in shift_rule(gate_frequencies(gate))]
    width = max(1, min(memory // 4, 2**26) // (16 * 2**circuit.n_wires * points * 8))
    return [jobs[k : k + width] for k in range(0, len(jobs), width)]


def shifted_circuit(circuit: Circuit, batch) -> Circuit:
    """One draw per job, each with one gate's angle moved."""
    moves: dict[int, np.ndarray] = {}
    for d, (gate, _, shift) in enumerate(batch):
        moves.setdefault(gate, np.zeros((len(batch), 1)))[d, 0] = shift
    first = next(iter(moves))
    gates = []
    for number, gate in enumerate(circuit.gates):
        move = moves.get(number)
        if move is None and number == first:
            move = np.zeros((len(batch), 1))
        if move is None:
            gates.append(gate)
            continue
        a = gate.angles[0]
        angle = Angle(a.value + move, a.parameters, a.inputs, a.affine, a.linear)
        gates.append(Gate(gate.op, gate.wires, (angle,), gate.kind))
    return Circuit(
        circuit.preparation,
        tuple(gates),
        circuit.measurements,
        circuit.wires,
        circuit.n_parameters,
        circuit.n_inputs,
    )

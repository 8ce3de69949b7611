r"""The matrix of second derivatives of one expectation value, exact.

``∂_a ∂_p ℓ = Σ_s c_s ∂_p ℓ(a + t_s)`` for every trainable angle ``a``: the gradient at two (four)
shifted values of each angle, batched as parameter draws.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.second_order import shift_batches, shifted_circuit

__all__ = ["loss_hessian"]


def loss_hessian(circuit: Circuit, memory: int = DEFAULT_MEMORY) -> np.ndarray:
    """``∂²ℓ/∂θ_p∂θ_q``, ``(P, P)``.

    Args:
        circuit: a circuit at one point that returns one expectation value.
        memory: bytes of states.

    Raises:
        NotImplementedError: an angle is nonlinear in the parameters, or a gate has several angles.
    """
    out = np.zeros((circuit.n_parameters, circuit.n_parameters))
    for batch in shift_batches(circuit, memory, 1):
        found = simulate(shifted_circuit(circuit, batch), memory=memory)
        slopes = (found.gradients or ())[0].reshape(len(batch), -1)
        for (gate, coefficient, _), slope in zip(batch, slopes, strict=True):
            for p, factor in circuit.gates[gate].angles[0].parameters.items():
                out[p] += float(factor) * coefficient * slope
    return (out + out.T) / 2  # rounding errors only

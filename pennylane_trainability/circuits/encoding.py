"""Which frequencies the encoding gates of a circuit can produce."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, Gate
from pennylane_trainability.circuits.unitaries import spectral
from pennylane_trainability.errors import NotFourierError
from pennylane_trainability.fourier import distinct

__all__ = ["encoding_parts", "gate_frequencies"]


def encoding_parts(
    circuit: Circuit, *, pairs: bool = False
) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """One entry per kind of encoding gate: ``(direction (I,), eigenvalue differences, how often)``.

    Args:
        circuit: the circuit.
        pairs: keep every pair of eigenvalues (for the redundancy), not the distinct differences.

    Raises:
        NotFourierError: an encoding angle is not affine in the inputs, or its prefactor is
            trainable.
    """
    kinds: dict[tuple, list] = {}
    for gate in circuit.gates:
        for angle in gate.angles:
            if not angle.inputs:
                continue
            _check_affine(gate, angle, circuit)
            direction = np.zeros(circuit.n_inputs)
            for i, slope in angle.inputs.items():
                direction[i] = float(slope)
            differences = _differences(gate, pairs)
            key = (tuple(direction), tuple(differences))
            kinds.setdefault(key, [direction, differences, 0])[2] += 1
    if not kinds:
        raise NotFourierError(
            "No gate depends on the encoding argument, so the output does not depend on the input. "
            "Check encoding_args."
        )
    return [tuple(entry) for entry in kinds.values()]


def _differences(gate: Gate, pairs: bool) -> np.ndarray:
    return _differences_of(_eigenvalues(gate), pairs)


def _eigenvalues(gate: Gate) -> tuple[float, ...]:
    if gate.name in ("PauliRot", "MultiRZ"):  # without its matrix, which grows with the wires
        word = gate.op.hyperparameters.get("pauli_word", "Z")
        return (0.5, -0.5) if set(word) - {"I"} else (0.5,)
    return tuple(spectral(gate).values)


@lru_cache(maxsize=256)
def _differences_of(eigenvalues: tuple[float, ...], pairs: bool) -> np.ndarray:
    # every eigenvalue of the gate counts once, however many basis states share it
    values = distinct(np.array(eigenvalues))
    table = (values[:, None] - values[None, :]).ravel()
    return table if pairs else distinct(table)


def _check_affine(gate: Gate, angle, circuit: Circuit) -> None:
    labels = [circuit.wires[w] for w in gate.wires]
    if len(gate.angles) > 1:
        raise NotFourierError(
            f"{gate.name} on wires {labels} takes the input in a matrix of several angles; encode "
            "inputs with one-angle gates, or use data=… for a Jacobian on data points."
        )
    if not angle.affine:
        why = (
            "its prefactor is a trainable parameter, or it is a nonlinear function of the input"
            if angle.parameters
            else "it is a nonlinear function of the input"
        )
        raise NotFourierError(
            f"The angle of {gate.name} on wires {labels} is not a₀ + a·x with constant a: {why}. "
            "The output is no Fourier series of the input. Move the function outside the QNode, or "
            "use data=… for the Jacobian on your data points."
        )


def gate_frequencies(gate: Gate) -> tuple[float, ...]:
    """The distinct positive eigenvalue differences of a gate's generator."""
    return tuple(float(d) for d in _differences(gate, False) if d > 0)

"""What a QNode measures, as Hermitian operators applied to batches of states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP, MeasurementProcess, ProbabilityMP

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.simulation.statevector import apply_matrix, local_index

__all__ = ["Output", "outputs_of"]

Apply = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """One measurement of the QNode: a list of Hermitian operators and the shape of the result.

    Attributes:
        shape: shape of this measurement's result, ``()`` or ``(2^w,)``.
        operators: one function ``state → operator·state`` per number.
        diagonal: ``(m, 2^n)`` where all operators are diagonal, else ``None``.
    """

    shape: tuple[int, ...]
    operators: tuple[Apply, ...]
    diagonal: np.ndarray | None = None


def outputs_of(circuit: Circuit) -> tuple[Output, ...]:
    """The outputs of a circuit.

    Raises:
        ReadingError: a measurement is neither ``expval`` nor ``probs``.
    """
    if not circuit.measurements:
        raise ReadingError(
            "The QNode returns no measurement; return qml.expval(…) or qml.probs(…)."
        )
    return tuple(_output(m, circuit) for m in circuit.measurements)


def _output(measurement: MeasurementProcess, circuit: Circuit) -> Output:
    n = circuit.n_wires
    position = {label: k for k, label in enumerate(circuit.wires)}
    if type(measurement) is ProbabilityMP:
        return _probabilities(measurement, position, n)
    if type(measurement) is not ExpectationMP or measurement.obs is None:
        raise ReadingError(
            f"{measurement} is neither an expectation value nor probabilities. Return "
            "qml.expval(…) or qml.probs(…); states, samples, counts and variances have no "
            "coefficient Jacobian here."
        )
    words = measurement.obs.pauli_rep
    if words is not None:
        return _pauli_sum(words, position, n)
    wires = [position[w] for w in measurement.obs.wires]
    matrix = np.asarray(qml.matrix(measurement.obs, wire_order=measurement.obs.wires), complex)
    return Output((), (_dense(matrix, wires),))


def _probabilities(measurement, position, n) -> Output:
    index = np.arange(2**n)
    if measurement.obs is not None:
        raise ReadingError(
            "probs(op=…) is not supported; rotate the basis with gates and use probs(wires=…)."
        )
    wires = tuple(position[w] for w in measurement.wires) or tuple(range(n))
    local = local_index(index, wires, n)
    diagonal = (local[None] == np.arange(2 ** len(wires))[:, None]).astype(float)
    return Output((2 ** len(wires),), tuple(_scaled(d) for d in diagonal), diagonal)


def _scaled(diagonal: np.ndarray) -> Apply:
    return lambda state: state * diagonal


def _pauli_sum(sentence, position, n) -> Output:
    """``Σ c_t P_t``: words with the same bit flips share one pass."""
    index = np.arange(2**n)
    flips: dict[int, np.ndarray] = {}
    for word, coefficient in sentence.items():
        if type(coefficient) is Traced or holds_objects(coefficient):
            raise ReadingError(
                "A coefficient of the observable depends on an argument of the QNode. Multiply the "
                "result outside the QNode, or exclude the argument with argnums."
            )
        mask, sign, factor = 0, np.zeros_like(index), complex(coefficient)
        for label, letter in word.items():
            bit = n - 1 - position[label]
            if letter in "XY":
                mask |= 1 << bit
            if letter in "ZY":
                sign = sign ^ ((index >> bit) & 1)
            if letter == "Y":
                factor *= -1j
        # ⟨i|P|i ^ mask⟩; the sign belongs to the output index i
        column = factor * (1.0 - 2.0 * sign)
        flips[mask] = flips[mask] + column if mask in flips else column
    if set(flips) <= {0}:
        diagonal = flips.get(0, np.zeros(2**n)).real
        return Output((), (_scaled(diagonal),), diagonal[None])

    def apply(state):
        out = 0
        for mask, column in flips.items():
            out = out + column * (state if mask == 0 else state[..., index ^ mask])
        return out

    return Output((), (apply,))


def _dense(matrix: np.ndarray, wires: list[int]) -> Apply:
    order = np.argsort(wires)
    k = len(wires)
    ordered = tuple(sorted(wires))
    axes = [*order, *(k + order)]
    matrix = matrix.reshape([2] * (2 * k)).transpose(axes).reshape(1, 2**k, 2**k)
    return lambda state: apply_matrix(state, matrix, ordered)

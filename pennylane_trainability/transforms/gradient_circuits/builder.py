"""Operations of planned circuits at one parameter point; circuits share their gates."""

from __future__ import annotations

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pennylane_trainability.circuits.circuit import Gate
from pennylane_trainability.circuits.diagonalization import Diagonalization
from pennylane_trainability.circuits.expansion import ONE_ANGLE
from pennylane_trainability.circuits.numeric import numeric_gate, with_data
from pennylane_trainability.circuits.pauli import Word, letters
from pennylane_trainability.circuits.tape_circuit import is_plain, plain
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.scheme import Scheme, Shift, State

__all__ = ["Builder", "can_broadcast"]

_GATES = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}
_CONTROLLED = {"X": qml.CNOT, "Y": qml.CY, "Z": qml.CZ}


#: Gates that PennyLane's simulators do not broadcast.
_NOT_BROADCAST = frozenset({"MultiRZ"})


def can_broadcast(problem: Problem) -> bool:
    """Whether points differ in gates that are run, and can be a broadcasting axis of these."""
    own = [problem.circuit.gates[g] for g in problem.structure.gates]
    varying = [gate for gate in own if any(np.size(angle.value) > 1 for angle in gate.angles)]
    return bool(varying) and all(
        len(gate.angles) == 1 and (gate.kind is not None or gate.name in ONE_ANGLE - _NOT_BROADCAST)
        for gate in varying
    )


class Builder:
    """Operations of the circuits of one parameter point.

    Args:
        problem: the circuit and its numbers.
        aux: label of the auxiliary wire.
        draw: index of the parameter point; ``None`` takes all of them as a broadcasting axis.
    """

    def __init__(self, problem: Problem, aux, draw: int | None):
        self.circuit, self.draw = problem.circuit, draw
        self.labels = list(self.circuit.wires)
        self.aux = aux
        self.gates = problem.structure.gates
        self.at = {g: k for k, g in enumerate(self.gates)}
        self.operations = [self._operator(self.circuit.gates[g]) for g in self.gates]
        self.preparation = [self._prepared(op) for op in self.circuit.preparation]
        self._bases: dict[tuple, list[Operator]] = {}
        self._controls: dict[tuple, Operator] = {}
        self._gates: dict[tuple, Operator] = {}

    def state(self, state: State, scheme: Scheme) -> list[Operator]:
        """The operations that prepare a state."""
        if state.probe is not None:
            component = scheme.components[state.probe]
            inserted = self._controlled(component.local, component.gate)
            at = self.at[component.gate]
            # states are prepared first: simulators write them down without gates only there
            opened = [*self.preparation, qml.Hadamard(self.aux)]
            return [*opened, *self.operations[:at], *inserted, *self.operations[at:]]
        if state.shift is not None:
            at = self.at[state.shift.gate]
            changed = self._shifted(state.shift)
            before, after = self.operations[:at], self.operations[at + 1 :]
            return [*self.preparation, *before, *changed, *after]
        return [*self.preparation, *self.operations]

    def basis(self, basis: Diagonalization) -> list[Operator]:
        """The gates after which words are parities; circuits share them."""
        out = self._bases.get(basis.gates)
        if out is None:
            seen: dict[tuple, int] = {}
            out = []
            for gate in basis.gates:
                seen[gate] = occurrence = seen.get(gate, 0) + 1
                out.append(self._appended(gate, occurrence))  # one operator is not there twice
            self._bases[basis.gates] = out
        return out

    def _appended(self, gate: tuple[str, tuple[int, ...]], occurrence: int) -> Operator:
        key = (gate, occurrence)
        found = self._gates.get(key)
        if found is None:
            name, wires = gate
            labels = [self.aux if w == len(self.labels) else self.labels[w] for w in wires]
            found = self._gates[key] = _GATES[name](wires=labels)
        return found

    def _operator(self, gate: Gate, moved: float = 0.0) -> Operator:
        """The gate with numbers; operators of a tape are used as they are where they can be."""
        if not gate.angles:
            return _plain_operator(gate.op)
        if self.draw is not None:
            return numeric_gate(gate, self.labels, 0, moved, draw=self.draw)
        if len(gate.angles) == 1 and np.size(gate.angles[0].value) > 1:
            values = np.ravel(gate.angles[0].value) + moved
            if gate.kind is None:
                return with_data(gate.op, [values])
            return getattr(qml, gate.kind)(values, wires=[self.labels[w] for w in gate.wires])
        known = gate.kind is None and gate.name in ONE_ANGLE
        if moved or not known or _is_traced(gate.op):
            return numeric_gate(gate, self.labels, 0, moved)
        return _plain_operator(gate.op)

    def _prepared(self, op: Operator) -> Operator:
        if self.draw is not None and op.batch_size is not None:
            return qml.StatePrep(plain(op.data[0])[self.draw], wires=op.wires)
        return _plain_operator(op)

    def _controlled(self, local: Word | None, gate: int) -> list[Operator]:
        if local is None:
            raise ValueError("A component without a word cannot be controlled.")
        wires = [self.labels[w] for w in self.circuit.gates[gate].wires]
        text = letters(Word(local.x, local.z), len(wires))
        keys = [key for key in zip(text, wires, strict=True) if key[0] != "I"]
        for letter, wire in keys:
            if (letter, wire) not in self._controls:
                made = _CONTROLLED[letter](wires=[self.aux, wire])
                self._controls[letter, wire] = made
        return [self._controls[key] for key in keys]

    def _shifted(self, shift: Shift) -> list[Operator]:
        gate = self.circuit.gates[shift.gate]
        if shift.word is None:
            return [self._operator(gate, shift.amount)]
        support = [k for k in range(len(gate.wires)) if shift.word.support >> k & 1]
        text = letters(shift.word, len(gate.wires))
        wires = [self.labels[gate.wires[k]] for k in support]
        turned = qml.PauliRot(shift.amount, "".join(text[k] for k in support), wires=wires)
        return [turned, self.operations[self.at[shift.gate]]]


def _is_traced(op: Operator) -> bool:
    return any(type(value) is Traced or holds_objects(value) for value in op.data)


def _plain_operator(op: Operator) -> Operator:
    return op if is_plain(op) else with_data(op, [plain(value) for value in op.data])

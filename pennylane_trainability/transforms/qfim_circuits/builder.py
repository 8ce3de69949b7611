"""Operations of planned circuits at one parameter point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.diagonalization import diagonalize
from pennylane_trainability.circuits.layers import join_frame
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.circuits.pauli import Word, letters, to_pauli_word
from pennylane_trainability.transforms.qfim_circuits.read_outs import MeanReadOut, ReadOut
from pennylane_trainability.transforms.qfim_circuits.scheme import Cut, Overlap, Scheme

__all__ = ["Builder", "frames_of"]

_GATES = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}


def frames_of(scheme: Scheme) -> dict[int, Frame]:
    """The Clifford gates up to and with every member's gate, by its position."""
    circuit = scheme.made.circuit
    members = {m.gate for m in scheme.made.members}
    frame = Frame.identity(circuit.n_wires)
    out = {-1: frame.copy()}
    for g, gate in enumerate(circuit.gates):
        if g in members:
            out[g] = frame.copy()
        elif g not in scheme.made.idle:
            join_frame(frame, gate)
    return out


class Builder:
    """Operations of planned circuits at one parameter point; gates are made once."""

    def __init__(self, scheme: Scheme, draw: int, aux, frames: dict[int, Frame], by_means: bool):
        made = scheme.made
        self.by_means = by_means
        self.scheme, self.made, self.aux, self.frames = scheme, made, aux, frames
        self.circuit, self.labels = made.circuit, list(made.circuit.wires)
        self.draw = draw
        self.preparation = list(self.circuit.preparation)
        if scheme.native:
            # gates, because PennyLane follows branches of states prepared on all wires only
            self.preparation = [part for op in self.preparation for part in op.decomposition()]
        self.number = {m.gate: k for k, m in enumerate(made.members)}
        self.gates = [
            None if g in made.idle else numeric_gate(gate, self.labels, 0, draw=draw)
            for g, gate in enumerate(self.circuit.gates)
        ]

    def build(self, planned: Cut | Overlap) -> tuple[list, Any]:
        """Operations and what the bits mean."""
        if isinstance(planned, Overlap):
            return self._overlap(planned)
        last = self._last(planned.keep, planned.probe)
        operations = self._up_to(planned.keep, last, planned.probe)
        words = [self.frames[last].push_forward(word) for word in planned.words]
        if self.by_means:
            return self._expectations(operations, words, planned.probe)
        found = diagonalize(words, len(self.labels))
        operations += [
            _GATES[name](wires=[self.labels[w] for w in wires]) for name, wires in found.gates
        ]
        return self._finish(operations, found, planned.probe)

    def _last(self, keep: int, probe: int | None) -> int:
        """Position of the last gate that is needed."""
        last = self.made.members[keep.bit_length() - 1].gate if keep else -1
        if probe is not None:
            # the probe stands in front of a gate that may itself not be kept
            last = max(last, self.made.members[self.made.nodes[probe].member].gate)
        return last

    def _up_to(self, keep: int, last: int, probe: int | None = None, shifts=None) -> list:
        """The gates of the code up to a position, without members that are not kept."""
        at = None if probe is None else self.made.members[self.made.nodes[probe].member].gate
        out: list = []
        for g in range(last + 1):
            if probe is not None and g == at:
                out += self._probe(probe)
            member = self.number.get(g)
            if g in self.made.idle or (member is not None and not keep >> member & 1):
                continue
            out += self._shifted(g, shifts) if shifts and g in shifts else [self.gates[g]]
        return out

    def _finish(self, operations: list, found, probe) -> tuple[list, ReadOut]:
        """Measure the wires that matter; what does not reach them is left out."""
        union = 0
        for mask in found.masks:
            union |= mask
        wires = [w for w in range(len(self.labels)) if union >> w & 1]
        if not wires and probe is None:
            wires = [0]  # no word has a letter, and PennyLane measures at least one wire
        bit = {w: len(wires) - 1 - k for k, w in enumerate(wires)}
        masks = [sum(1 << bit[w] for w in wires if mask >> w & 1) for mask in found.masks]
        labels = [self.labels[w] for w in wires]
        if probe is not None and not self.scheme.native:
            if self.scheme.method == "hadamard":
                operations = [qml.Hadamard(self.aux), *operations, qml.Hadamard(self.aux)]
            labels = [self.aux, *labels]
        operations = self._prepared(operations, labels)
        if probe is not None:
            masks = [mask | 1 << len(wires) for mask in masks]
        if probe is not None and self.scheme.native:
            return self._native(operations, labels, masks, found.signs)
        return operations, ReadOut(tuple(labels), tuple(masks), tuple(found.signs))

    def _expectations(self, operations: list, words, probe) -> tuple[list, MeanReadOut]:
        letter = {"hadamard": "X", "direct": "Z"}.get(self.scheme.method, "")
        named, signs = [], []
        for word in words:
            pauli, phase = to_pauli_word(word, self.labels)
            if probe is not None:
                pauli = qml.pauli.PauliWord({self.aux: letter, **pauli})
            named.append(pauli.operation(wire_order=[*pauli]))
            signs.append(int(np.real(phase)))
        if probe is not None and letter == "X":
            operations = [qml.Hadamard(self.aux), *operations]
        measured = list(dict.fromkeys(w for observable in named for w in observable.wires))
        return self._prepared(operations, measured), MeanReadOut(tuple(named), tuple(signs))

    def _native(self, operations, labels, masks, signs) -> tuple[list, ReadOut]:
        probe = next(op for op in operations if isinstance(op, qml.ops.MidMeasure))
        last = [qml.measure(label) for label in labels]
        operations = [*operations, *(value.measurements[0] for value in last)]
        values = [qml.ops.MeasurementValue([probe]), *last]
        return operations, ReadOut(tuple(values), tuple(masks), tuple(signs), native=True)

    def _probe(self, probe: int) -> list:
        """The word of a node, controlled by the auxiliary wire, copied to it, or measured."""
        node = self.made.nodes[probe]
        gate = self.circuit.gates[self.made.members[node.member].gate]
        text = letters(Word(node.local.x, node.local.z), len(gate.wires))
        letter = {self.labels[w]: c for w, c in zip(gate.wires, text, strict=True) if c != "I"}
        if self.scheme.method == "hadamard":
            controlled = {"X": qml.CNOT, "Y": qml.CY, "Z": qml.CZ}
            return [controlled[c](wires=[self.aux, w]) for w, c in letter.items()]
        into = [op for w, c in letter.items() for op in _to_z(w, c)]
        back = [qml.adjoint(op, lazy=False) for op in reversed(into)]
        *rest, end = letter
        if not self.scheme.native:
            return [*into, *(qml.CNOT(wires=[w, self.aux]) for w in letter), *back]
        ladder = [qml.CNOT(wires=[w, end]) for w in rest]
        measured = qml.measure(end).measurements[0]
        return [*into, *ladder, measured, *reversed(ladder), *back]

    def _overlap(self, planned: Overlap) -> tuple[list, ReadOut]:
        last = self._last(planned.keep, None)
        forward = self._up_to(planned.keep, last)
        shifts: dict[int, list] = {}
        for slot, amount in planned.shifts:
            shifts.setdefault(self.scheme.slots[slot].gate, []).append((slot, amount))
        copy = self._up_to(planned.keep, last, shifts=shifts)
        back = [qml.adjoint(op, lazy=False) for op in reversed(copy)]
        operations = [*forward, *back]
        touched = dict.fromkeys(w for op in operations for w in op.wires)
        prepared = {w for op in self.circuit.preparation for w in op.wires if _basis(op) is None}
        labels = [w for w in self.labels if w in touched or not touched]
        if prepared & set(labels):
            unprepare = [
                qml.adjoint(part, lazy=False)
                for op in reversed(self.circuit.preparation)
                for part in reversed(op.decomposition() if _basis(op) is None else [])
            ]
            operations = [*operations, *unprepare]
            labels = [w for w in self.labels if w in touched or w in prepared]
        bits = {w: b for op in self.circuit.preparation for w, b in (_basis(op) or {}).items()}
        start = int("".join(str(bits.get(w, 0)) for w in labels) or "0", 2)
        operations = [*self.circuit.preparation, *operations]
        return operations, ReadOut(tuple(labels), (), (), start)

    def _shifted(self, g: int, shifts: dict) -> list:
        gate = self.circuit.gates[g]
        moved, inserted = 0.0, []
        for slot, amount in shifts[g]:
            word = self.scheme.slots[slot].word
            if word is None:
                moved += amount
            else:
                text = letters(word, len(gate.wires))
                wires = [self.labels[w] for w in gate.wires]
                inserted.append(qml.PauliRot(amount, text, wires=wires))
        return [*inserted, numeric_gate(gate, self.labels, 0, moved, draw=self.draw)]

    def _prepared(self, operations: list, labels: list) -> list:
        """State preparation in front, and only what reaches the wires that are measured."""
        cone, kept = set(labels), []
        for op in reversed([*self.preparation, *operations]):
            if cone.intersection(op.wires):
                cone.update(op.wires)
                kept.append(op)
        return kept[::-1]


def _to_z(wire, letter: str) -> list:
    """Gates after which a letter is read as ``Z``."""
    if letter == "X":
        return [qml.Hadamard(wire)]
    return [qml.adjoint(qml.S(wire)), qml.Hadamard(wire)] if letter == "Y" else []


def _basis(op) -> dict | None:
    """The bits of a basis state, by wire; ``None`` for other preparations."""
    if op.name not in ("BasisState", "BasisEmbedding"):
        return None
    return {w: int(b) for w, b in zip(op.wires, np.ravel(op.data[0]), strict=True)}

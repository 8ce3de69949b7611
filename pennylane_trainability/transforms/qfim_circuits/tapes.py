"""From planned circuits to tapes, and from device results to outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.diagonalization import diagonalize
from pennylane_trainability.circuits.layers import join_frame
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.circuits.pauli import Word, letters, to_pauli_word
from pennylane_trainability.transforms.qfim_circuits.scheme import Cut, Overlap, Scheme

__all__ = ["Circuits", "Means", "Observed", "circuits_of"]

#: Up to here outcomes are asked for as probabilities, beyond as counts.
_MAX_DENSE = 12
_GATES = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Outcomes of one circuit.

    Attributes:
        values: value ±1 of every observable in every outcome that was seen, ``(W, u)``.
        weights: how often each was seen, or its probability, ``(u,)``.
        n_bits: number of bits that were read.
    """

    values: np.ndarray
    weights: np.ndarray
    n_bits: int

    @property
    def means(self) -> np.ndarray:
        """``(W,)``."""
        return self.values @ self.weights / np.sum(self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means of the observables of one circuit, from a device that gives no outcomes.

    Attributes:
        means: ``(W,)``.
    """

    means: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _ReadOut:
    """What the bits of a circuit mean: parities with signs, or "all as at the start"."""

    wires: tuple
    masks: tuple[int, ...]
    signs: tuple[int, ...]
    start: int | None = None
    native: bool = False

    @property
    def measurements(self) -> list:
        """What the device is asked for."""
        dense = len(self.wires) <= _MAX_DENSE
        if self.native:
            return [qml.probs(op=list(self.wires)) if dense else qml.counts(op=list(self.wires))]
        return [qml.probs(wires=self.wires) if dense else qml.counts(wires=self.wires)]

    def observed(self, result, shots: int | None) -> Observed:
        """Outcomes from what the device returns."""
        k = len(self.wires)
        if isinstance(result, dict):
            index = np.array([int(str(bits), 2) for bits in result], dtype=object)
            weights = np.array(list(result.values()), float)
        else:
            frequencies = np.asarray(result, float).reshape(-1)
            index = np.flatnonzero(frequencies)
            weights = frequencies[index]
            if shots:
                weights = np.rint(weights * shots)
        if self.start is not None:
            same = np.array([int(i) == self.start for i in index])
            return Observed(np.where(same, 1, -1)[None].astype(np.int8), weights, k)
        if k <= 62:
            index = index.astype(np.int64)
            odd = np.array([np.bitwise_count(index & m) & 1 for m in self.masks])
        else:
            odd = np.array([[(int(i) & m).bit_count() & 1 for i in index] for m in self.masks])
        signs = np.array(self.signs)[:, None]
        return Observed((signs * (1 - 2 * odd.astype(int))).astype(np.int8), weights, k)


@dataclass(frozen=True, slots=True, eq=False)
class _MeanReadOut:
    """Pauli words that the device turns into means by itself."""

    words: tuple
    signs: tuple[int, ...]

    @property
    def measurements(self) -> list:
        """What the device is asked for."""
        return [qml.expval(word) for word in self.words]

    def observed(self, result, shots: int | None) -> Means:
        """Means from what the device returns."""
        return Means(np.ravel(np.asarray(result, float)) * np.array(self.signs))


@dataclass(frozen=True, slots=True, eq=False)
class Circuits:
    """The tapes of a scheme at ``D`` parameter points, and how their results are read.

    Attributes:
        scheme: what was planned.
        tapes: point by point, circuit by circuit.
        read_outs: of the circuits of one point.
        n_points: number of parameter points ``D``.
    """

    scheme: Scheme
    tapes: list[QuantumScript]
    read_outs: list
    n_points: int

    def observed(self, results: Sequence, shots: int | None) -> list[list[Observed | Means]]:
        """Outcomes of all circuits, point by point."""
        per = len(self.read_outs)
        return [
            [
                read.observed(result, shots and own.shots.total_shots)
                for read, result, own in zip(
                    self.read_outs,
                    results[d * per : (d + 1) * per],
                    self.tapes[d * per : (d + 1) * per],
                    strict=True,
                )
            ]
            for d in range(self.n_points)
        ]


def circuits_of(
    scheme: Scheme, shots, n_points: int, aux=None, read_out: str = "counts"
) -> Circuits:
    """Build all tapes.

    Args:
        scheme: the plan.
        shots: shots of every circuit (a ``Shots`` object or anything it takes), or a list with one
            entry per circuit of the plan.
        n_points: number of parameter points ``D``.
        aux: label of the auxiliary wire, where a probe needs one.
        read_out: ``"counts"`` (outcomes of wires) or ``"means"`` (expectation values).
    """
    each = list(shots) if isinstance(shots, list) else [shots] * len(scheme.circuits)
    with QueuingManager.stop_recording():
        frames = _frames(scheme)
        tapes: list[QuantumScript] = []
        read_outs: list = []
        for d in range(n_points):
            builder = _Builder(scheme, d, aux, frames, read_out == "means")
            for circuit, own in zip(scheme.circuits, each, strict=True):
                operations, read = builder.build(circuit)
                tapes.append(QuantumScript(operations, read.measurements, shots=Shots(own)))
                if d == 0:
                    read_outs.append(read)
    return Circuits(scheme, tapes, read_outs, n_points)


def _frames(scheme: Scheme) -> dict[int, Frame]:
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


class _Builder:
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
            if g == at:
                out += self._probe(probe)
            member = self.number.get(g)
            if g in self.made.idle or (member is not None and not keep >> member & 1):
                continue
            out += self._shifted(g, shifts) if shifts and g in shifts else [self.gates[g]]
        return out

    def _finish(self, operations: list, found, probe) -> tuple[list, _ReadOut]:
        """Measure the wires that matter; what does not reach them is left out."""
        union = 0
        for mask in found.masks:
            union |= mask
        wires = [w for w in range(len(self.labels)) if union >> w & 1]
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
        return operations, _ReadOut(tuple(labels), tuple(masks), tuple(found.signs))

    def _expectations(self, operations: list, words, probe) -> tuple[list, _MeanReadOut]:
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
        return self._prepared(operations, measured), _MeanReadOut(tuple(named), tuple(signs))

    def _native(self, operations, labels, masks, signs) -> tuple[list, _ReadOut]:
        probe = next(op for op in operations if isinstance(op, qml.ops.MidMeasure))
        last = [qml.measure(label) for label in labels]
        operations = [*operations, *(value.measurements[0] for value in last)]
        values = [qml.ops.MeasurementValue([probe]), *last]
        return operations, _ReadOut(tuple(values), tuple(masks), tuple(signs), native=True)

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

    def _overlap(self, planned: Overlap) -> tuple[list, _ReadOut]:
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
        return operations, _ReadOut(tuple(labels), (), (), start)

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

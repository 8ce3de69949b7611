"""Parameters that have no effect whatever their values are, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.initial_state import idle_on_state, initial_state
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.reach import (
    Element,
    Span,
    WordSets,
    idle_elements,
    key_of,
    off_all_ways,
    swap,
)
from pennylane_trainability.circuits.read_out import ReadOut, read_out
from pennylane_trainability.circuits.rotations import PauliCircuit, Rotation, pauli_circuit

__all__ = ["DeadParameters", "Reason", "dead_parameters"]

#: Largest ``elements · 2^r`` for which the sets of words are followed one by one.
_BUDGET = 1 << 23
_MAX_DIMENSION = 16
_CLASSICAL = (qml.ops.Conditional, qml.ops.MidMeasure, qml.ops.PauliMeasure, MeasurementProcess)


class Reason(Enum):
    """Why a parameter is dead; the value is the sentence shown."""

    UNUSED = "no gate uses it"
    LIGHT_CONE = "what is measured does not reach back to its wires"
    EIGENSTATE = "it acts on a state that is an eigenstate of its generator"
    READ_OUT = "it commutes with everything between it and the read-out"
    BLIND = "what it changes in the state is nothing the read-out sees"
    SEVERAL = "every rotation by it drops out, for different reasons"


@dataclass(frozen=True, slots=True)
class DeadParameters(Mapping):
    """The dead parameters of a circuit, a mapping from flat parameter to reason.

    Attributes:
        reasons: ``{p: reason}``, ascending.
        exact: True if every other parameter is known to have an effect; False if the list holds at
            least the dead parameters that the words of the circuit show.
    """

    reasons: Mapping[int, Reason] = field(default_factory=dict)
    exact: bool = True

    def __getitem__(self, parameter: int) -> Reason:
        return self.reasons[parameter]

    def __iter__(self) -> Iterator[int]:
        return iter(self.reasons)

    def __len__(self) -> int:
        return len(self.reasons)

    def __str__(self) -> str:
        lines = [f"{len(self)} dead parameters" if self.exact else f"at least {len(self)} dead"]
        return "\n".join(lines + [f"  {p}: {reason.value}" for p, reason in self.items()])


def dead_parameters(
    circuit: Circuit | PauliCircuit, measurements: Sequence[MeasurementProcess] | None = None
) -> DeadParameters:
    r"""Which parameters have derivative zero for all values of the parameters and the inputs.

    The circuit is read as Pauli rotations with independent angles. Rotations that commute with all
    words the read-out reaches, or that only give the state a phase, drop out; this is repeated
    until nothing changes and costs ``O(m · n)`` operations on ``2n``-bit words for ``m`` rotations.
    Where the words span at most 16 dimensions, the words on a way from read-out to state are then
    followed one by one, which is complete for independent angles. A parameter is never listed
    wrongly.

    Args:
        circuit: the record of a circuit, or its Pauli rotations.
        measurements: what is measured; by default what the circuit measures. ``qml.state()`` is a
            vector with its phase; ask for ``qml.density_matrix(wires)`` to disregard the phase.

    Returns:
        Dead parameters with their reasons, and whether the list is known to be complete.
    """
    with QueuingManager.stop_recording():  # generators and matrices are made of operators
        made = circuit if isinstance(circuit, PauliCircuit) else pauli_circuit(circuit)
        analysis = _Analysis(made, measurements)
        return _of_parameters(made, analysis.run(), analysis)


class _Analysis:
    """The elements of one circuit, its read-out and its state, as words of one length."""

    def __init__(self, made: PauliCircuit, measurements):
        circuit = made.circuit
        measured = circuit.measurements if measurements is None else tuple(measurements)
        labels = list(circuit.wires)
        for m in measured:
            labels += [w for w in m.wires if w not in labels]
        self.made, self.n = made, len(labels)
        position = {label: w for w, label in enumerate(labels)}
        frame = Frame.identity(self.n)
        frame.x[: circuit.n_wires], frame.z[: circuit.n_wires] = made.tail.x, made.tail.z
        self.read_out: ReadOut = read_out(measured, position, self.n).pulled_back(frame)
        self.state = initial_state(circuit.preparation, position, self.n)
        self.elements = [
            self._element((e.word,) if isinstance(e, Rotation) else e.words) for e in made.elements
        ]
        self.is_complete = False
        self.is_blocked = self.read_out.sees_phase or any(
            isinstance(gate.op, _CLASSICAL) for gate in circuit.gates
        )

    def _element(self, words: Sequence[Word]) -> Element:
        keys = tuple(key_of(word, self.n) for word in words)
        return Element(keys, tuple(swap(key, self.n) for key in keys))

    def run(self) -> dict[int, Reason]:
        """Dead elements and their reasons."""
        reasons: dict[int, Reason] = {}
        if self.is_blocked:
            return reasons
        seeds = [key_of(word, self.n) for word in self.read_out.generators]
        left = list(range(len(self.elements)))
        before = -1
        while len(left) != before:
            before = len(left)
            for k, span in idle_elements(reversed(left), self.elements, seeds, 2 * self.n):
                reasons[k] = Reason.LIGHT_CONE if self._is_apart(k, span) else Reason.READ_OUT
            left = [k for k in left if k not in reasons]
            for k in idle_on_state(left, self.made.elements, self.elements, self.state):
                reasons[k] = Reason.EIGENSTATE
            left = [k for k in left if k not in reasons]
        followed, blind = self._follow(left, seeds)
        reasons.update(dict.fromkeys(blind, Reason.BLIND))
        left = [k for k in left if k not in reasons]
        self.is_complete = followed and self._is_independent(left)
        return reasons

    def _is_apart(self, k: int, span: Span) -> bool:
        """Whether no reached word has a letter on the wires of the element's gate."""
        frame = self.made.frames[self.made.elements[k].gate]
        return all(span.commutes_with(swap(key_of(word, self.n), self.n)) for word in frame)

    def _follow(self, left: list[int], seeds: list[int]) -> tuple[bool, list[int]]:
        """Elements on no way from the read-out to the state; whether that has been looked at."""
        n = self.n
        known = (1 << n) - 1 & ~self.state.unknown

        def mark(key: int) -> int:  # leading pivots tell the words that vanish on the state
            return (key >> n & known) << 2 * n | key

        elements = [self.elements[k] for k in left]
        elements = [Element(tuple(map(mark, e.keys)), e.swapped) for e in elements]
        span = Span(2 * n, map(mark, seeds))
        for element in elements:
            for key in element.keys:
                span.add(key)
        dimension = len(span.pivots)
        if dimension > _MAX_DIMENSION or len(left) << dimension > _BUDGET:
            return not left, []
        sets = WordSets(span)
        measured = self._measured(sets, mark)
        prepared = sets.kernel(sum(key >> 2 * n > 0 for key in sets.basis))
        return True, [left[i] for i in off_all_ways(elements, sets, measured, prepared)]

    def _measured(self, sets: WordSets, mark) -> int:
        """The words of the read-out as a set."""
        words = 0
        for word in self.read_out.words:
            words |= 1 << sets.coordinates(mark(key_of(word, self.n)))
        for group in self.read_out.groups:
            words |= sets.group(mark(key_of(word, self.n)) for word in group)
        return words

    def _is_independent(self, left: list[int]) -> bool:
        """Whether the angles of the elements vary independently and results cannot cancel."""
        elements = [self.made.elements[k] for k in left]
        angles = [
            e.angle for e in elements if isinstance(e, Rotation) and isinstance(e.angle, Angle)
        ]
        if len(angles) < len(left):
            return False
        uses = Counter(("θ", p) for angle in angles for p in angle.parameters)
        uses.update(("x", i) for angle in angles for i in angle.inputs)
        return self.read_out.separate and all(
            all(uses["θ", p] == 1 for p in angle.parameters)
            and any(uses[v] == 1 for v in _variables(angle))
            for angle in angles
        )


def _variables(angle: Angle) -> list[tuple[str, int]]:
    return [("θ", p) for p in angle.parameters] + [("x", i) for i in angle.inputs]


def _of_parameters(made: PauliCircuit, found: Mapping[int, Reason], analysis: _Analysis):
    """From elements to parameters: dead if every element of every gate that uses it is dead."""
    n_parameters = made.circuit.n_parameters
    uses: list[set[Reason | None]] = [set() for _ in range(n_parameters)]
    elements: dict[int, list[int]] = {}
    for k, element in enumerate(made.elements):
        elements.setdefault(element.gate, []).append(k)
    for g, gate in enumerate(made.circuit.gates):
        parameters = {p for angle in gate.angles for p in angle.parameters}
        if not parameters:
            continue
        # A gate without elements is a global phase: every state is an eigenstate.
        default = None if analysis.is_blocked else Reason.EIGENSTATE
        reasons = {found.get(k) for k in elements.get(g, ())} or {default}
        for p in parameters:
            uses[p] |= reasons
    dead = {}
    for p, reasons in enumerate(uses):
        known = {reason for reason in reasons if reason is not None}
        if len(known) == len(reasons):
            one = next(iter(known)) if len(known) == 1 else Reason.SEVERAL
            dead[p] = one if known else Reason.UNUSED
    return DeadParameters(dead, analysis.is_complete)

"""Which trainable gates of a circuit can be looked at in one and the same state.

Gates are ordered by commutation, not by their place in the code: Clifford gates are moved out of
the way, and a gate stands behind another one only if the two do not commute. A *layer* is a set of
trainable gates none of which stands behind another. By Mirsky's theorem the fewest layers are as
many as the longest chain of trainable gates has members, and the length of the longest chain before
a gate is the number of its layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, Gate
from pennylane_trainability.circuits.clifford import CLIFFORDS, Frame
from pennylane_trainability.circuits.generators import fixed_images, rotation_terms
from pennylane_trainability.circuits.initial_state import (
    InitialState,
    idle_on_state,
    initial_state,
)
from pennylane_trainability.circuits.pauli import Word, commute, pauli_coefficients
from pennylane_trainability.circuits.reach import Element, key_of, swap
from pennylane_trainability.circuits.rotations import Opaque, Rotation
from pennylane_trainability.circuits.unitaries import spectral, unitary_derivatives
from pennylane_trainability.errors import ReadingError

__all__ = ["LayeredCircuit", "Member", "Node", "layered"]

_NO_EFFECT = frozenset({"Identity", "GlobalPhase", "Barrier", "Snapshot", "WireCut"})
_MAX_GENERATOR_WIRES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A gate that is no Clifford, at its place in the order.

    Attributes:
        gate: position in :attr:`Circuit.gates`.
        words: what it is made of, pulled back through the Clifford gates before it: the words of
            its rotations, or ``X`` and ``Z`` of every wire where these are not known.
        before: mask of the members it stands behind.
        layer: number of trainable members in the longest chain before it.
        is_trainable: whether it depends on a trainable parameter.
    """

    gate: int
    words: tuple[Word, ...]
    before: int
    layer: int
    is_trainable: bool


@dataclass(slots=True, eq=False)
class Node:
    """One Pauli word ``A`` of generators, at its place: what a QFIM is made of.

    Attributes:
        word: pulled back through all Clifford gates before it; its phase is zero.
        layer: the layer it is read in.
        before: mask of the members in front of it.
        member: the first member that has it.
        local: the word on the wires of that member's gate, as an operator just before the gate.
        sign: of ``local`` pulled back, against ``word``.
        coefficients: ``{(gate, angle): c}``: the generator of an angle is ``Σ c A / 2``; numbers,
            or ``(D,)`` arrays over the parameter draws.
    """

    word: Word
    layer: int
    before: int
    member: int
    local: Word
    sign: int
    coefficients: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LayeredCircuit:
    """A circuit in its order by commutation.

    Attributes:
        circuit: what it was made from.
        members: its gates that are no Clifford and no mere phase, in the order of the code.
        nodes: the words of the trainable generators.
        state: what it starts from.
        idle: positions of gates that only multiply the state at their place by a phase.
    """

    circuit: Circuit
    members: tuple[Member, ...]
    nodes: tuple[Node, ...]
    state: InitialState
    idle: frozenset[int]

    @property
    def n_layers(self) -> int:
        """Number of layers ``M`` that hold trainable gates."""
        return len(self.layers())

    def layers(self) -> list[list[int]]:
        """The nodes of every layer."""
        out: dict[int, list[int]] = {}
        for number, node in enumerate(self.nodes):
            out.setdefault(node.layer, []).append(number)
        return [out[layer] for layer in sorted(out)]

    def signature(self, node: Node, among: int) -> frozenset[tuple[int, int]]:
        """Which words of which members behind a node anticommute with its word.

        Its own gate counts, where that does not commute with each of its words. The product of two
        words of one signature commutes with all that stands behind both.

        Args:
            node: the node.
            among: mask of the members that count.

        Returns:
            Pairs of a member and a number of one of its words.
        """
        behind = range(node.member, len(self.members))
        return frozenset(
            (number, k)
            for number in behind
            if among >> number & 1
            for k, word in enumerate(self.members[number].words)
            if not commute(word, node.word)
        )


def layered(circuit: Circuit) -> LayeredCircuit:
    """Order a circuit by commutation.

    Args:
        circuit: the record of a circuit, ``m`` gates on ``n`` wires, at ``D`` parameter draws.

    Returns:
        Members, layers and nodes; cost ``m²`` tests on ``n``-bit words.

    Raises:
        ReadingError: a trainable gate has no generator that can be written in Pauli words.
    """
    position = {label: w for w, label in enumerate(circuit.wires)}
    state = initial_state(circuit.preparation, position, circuit.n_wires)
    placed = list(_placed(circuit))
    idle = _idle(placed, circuit, state)
    members: list[Member] = []
    nodes: dict[tuple, Node] = {}
    for gate, words, frame in placed:
        if gate in idle:
            continue
        record = circuit.gates[gate]
        member = _member(gate, tuple(map(_unsigned, words)), record.is_trainable, members)
        members.append(member)
        if record.is_trainable:
            _add_nodes(nodes, record, member, len(members) - 1, frame)
    return LayeredCircuit(circuit, tuple(members), tuple(nodes.values()), state, idle)


def _placed(circuit: Circuit) -> Iterator[tuple[int, tuple[Word, ...], Frame]]:
    """Gates that are no Clifford: position, pulled words, and the Clifford gates before them."""
    frame = Frame.identity(circuit.n_wires)
    for number, gate in enumerate(circuit.gates):
        if gate.name in _NO_EFFECT:
            continue
        if join_frame(frame, gate):
            continue
        terms = _terms(gate)
        if terms is None:
            words = tuple(image for w in gate.wires for image in (frame.x[w], frame.z[w]))
        else:
            words = tuple(frame.pull_back(word, gate.wires) for _, word in terms)
        if words:
            yield number, words, frame.copy() if gate.is_trainable else frame


def join_frame(frame: Frame, gate: Gate) -> bool:
    """Let a gate join the Clifford gates before what follows, if it is a Clifford."""
    images = CLIFFORDS.get(gate.name)
    if images is None and not gate.angles:
        images = fixed_images(gate.op)
    if images is not None:
        frame.append(images, gate.wires)
        return True
    if len(gate.angles) == 1 and not gate.is_trainable and np.size(gate.angles[0].value) == 1:
        return _quarter_turns(frame, gate)
    return False


def _quarter_turns(frame: Frame, gate: Gate) -> bool:
    """A rotation by a fixed multiple of a quarter turn is a Clifford."""
    if gate.is_encoding or (terms := _terms(gate)) is None:
        return False
    angle = float(np.real(np.ravel(gate.angles[0].value)[0]))
    turns = [c * angle / (np.pi / 2) for c, _ in terms]
    if any(abs(t - round(t)) > 1e-12 for t in turns):
        return False
    for (_, word), t in zip(terms, turns, strict=True):
        frame.append_quarter_turns(word, gate.wires, round(t))
    return True


def _terms(gate: Gate):
    """The rotations a one-angle gate is the product of, without the identity; ``None``: unknown."""
    if len(gate.angles) != 1:
        return None
    terms = rotation_terms(gate.op, gate.name)
    if terms is None or any(
        not commute(p, q) for k, (_, p) in enumerate(terms) for _, q in terms[:k]
    ):
        return None
    return tuple((c, word) for c, word in terms if c and word.support)


def _unsigned(word: Word) -> Word:
    return Word(word.x, word.z)


def _idle(placed, circuit: Circuit, state: InitialState) -> frozenset[int]:
    parts: list[Rotation | Opaque] = []
    for gate, words, _ in placed:
        record = circuit.gates[gate]
        terms = _terms(record)
        if terms is None:
            parts.append(Opaque(words, record.wires, gate, record.is_trainable))
        else:
            parts += [
                Rotation(_unsigned(word), c * word.sign, record.angles[0], gate)
                for (c, _), word in zip(terms, words, strict=True)
            ]
    n = circuit.n_wires
    elements = []
    for part in parts:
        words = (part.word,) if isinstance(part, Rotation) else part.words
        keys = tuple(key_of(w, n) for w in words)
        elements.append(Element(keys, tuple(swap(key, n) for key in keys)))
    found = set(idle_on_state(range(len(parts)), parts, elements, state))
    every: dict[int, list[bool]] = {}
    for number, part in enumerate(parts):
        every.setdefault(part.gate, []).append(number in found)
    return frozenset(gate for gate, flags in every.items() if all(flags))


def _member(gate: int, words, is_trainable: bool, members: Sequence[Member]) -> Member:
    before = layer = 0
    for number in reversed(range(len(members))):
        other = members[number]
        if before >> number & 1:
            continue
        if any(not commute(p, q) for p in words for q in other.words):
            before |= other.before | 1 << number
            layer = max(layer, other.layer + other.is_trainable)
    return Member(gate, words, before, layer, is_trainable)


def _add_nodes(nodes: dict, gate: Gate, member: Member, number: int, frame: Frame) -> None:
    for angle, terms in generator_terms(gate).items():
        for coefficient, local in terms:
            pulled = frame.pull_back(local, gate.wires)
            word, sign = _unsigned(pulled), pulled.sign
            key = (member.layer, word)
            if key not in nodes:
                nodes[key] = Node(word, member.layer, member.before, number, local, sign)
            entry = nodes[key].coefficients
            entry[member.gate, angle] = entry.get((member.gate, angle), 0.0) + sign * coefficient


def generator_terms(gate: Gate) -> dict[int, list[tuple]]:
    """``{angle: [(c, P), …]}``: ``∂_angle U = −i U Σ c P / 2`` for the trainable angles of a gate.

    Raises:
        ReadingError: no generator is known, or it has too many words.
    """
    terms = _terms(gate)
    if terms is not None:
        return {0: list(terms)}
    if len(gate.wires) > _MAX_GENERATOR_WIRES:
        raise _no_generator(gate, f"acts on {len(gate.wires)} wires")
    if len(gate.angles) == 1:
        try:
            matrix = spectral(gate).matrix
        except Exception as error:
            raise _no_generator(gate, "has none") from error
        return {0: _expanded(matrix[None])}
    unitary, generators = unitary_derivatives(gate)
    inside = unitary.conj().swapaxes(-1, -2)[None] @ generators @ unitary[None]
    return {m: _expanded(inside[m]) for m, angle in enumerate(gate.angles) if angle.parameters}


def _expanded(matrices: np.ndarray) -> list[tuple]:
    """``2 H = Σ c P`` for every draw ``(D, d, d)``; coefficients ``(D,)``, or numbers for one."""
    found: dict[Word, np.ndarray] = {}
    for d, matrix in enumerate(matrices):
        for c, word in pauli_coefficients(2 * matrix, 1e-12):
            if word.support:
                found.setdefault(word, np.zeros(len(matrices)))[d] = c.real
    return [(c if len(c) > 1 else float(c[0]), word) for word, c in found.items()]


def _no_generator(gate: Gate, why: str) -> ReadingError:
    labels = gate.op.wires.tolist()
    return ReadingError(
        f"The QFIM needs the generator of every trainable gate, and that of {gate.name} on wires "
        f"{labels} {why}. Rewrite the gate with rotations, or leave its argument out with argnums."
    )

"""A circuit as Pauli rotations, with its Clifford gates moved behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pennylane.operation import Operator

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.clifford import CLIFFORDS, Frame
from pennylane_trainability.circuits.generators import (
    Terms,
    fixed_images,
    fixed_terms,
    rotation_terms,
)
from pennylane_trainability.circuits.pauli import Word, from_letters

__all__ = ["Opaque", "PauliCircuit", "Rotation", "pauli_circuit"]

_NO_EFFECT = frozenset({"Identity", "GlobalPhase", "Barrier", "Snapshot", "WireCut"})
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Rotation:
    """The rotation ``exp(−i · coefficient · angle · P / 2)``.

    Attributes:
        word: ``P``, pulled back through the Clifford gates before it; its phase is zero.
        coefficient: real prefactor of the angle.
        angle: the angle of the gate it belongs to, or a number if the gate is fixed.
        gate: position of that gate in :attr:`Circuit.gates`.
    """

    word: Word
    coefficient: float
    angle: Angle | float
    gate: int

    @property
    def is_trainable(self) -> bool:
        """Whether the angle depends on a trainable parameter."""
        return isinstance(self.angle, Angle) and self.angle.is_trainable


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something on known wires that is no product of commuting Pauli rotations.

    Attributes:
        words: ``C†X_wC, C†Z_wC`` for each of its wires, ``C`` the Clifford gates before it. Pulled
            back through ``C`` the element is a combination of products of these words.
        wires: positions of its wires.
        gate: position of its gate in :attr:`Circuit.gates`.
        is_trainable: whether it depends on a trainable parameter.
    """

    words: tuple[Word, ...]
    wires: tuple[int, ...]
    gate: int
    is_trainable: bool


@dataclass(frozen=True, slots=True, eq=False)
class PauliCircuit:
    """``U = C · R_m ⋯ R_1`` up to a global phase: rotations first, one Clifford at the end.

    Attributes:
        circuit: what it was made from; its state preparation is left as it is.
        elements: ``R_1 … R_m`` in order.
        tail: the Clifford ``C``; an observable ``O`` behind the circuit is ``tail.pull_back(O)``
            behind the rotations.
        frames: for each gate of the circuit, ``(C†X_wC, C†Z_wC)`` of its wires in order, with ``C``
            the Clifford gates before it.
        moves: for each gate, whether a part of it joined the Clifford gates.
    """

    circuit: Circuit
    elements: tuple[Rotation | Opaque, ...]
    tail: Frame
    frames: tuple[tuple[Word, ...], ...]
    moves: tuple[bool, ...]

    @property
    def rotations(self) -> tuple[Rotation, ...]:
        """The elements that are rotations."""
        return tuple(e for e in self.elements if isinstance(e, Rotation))

    @property
    def is_complete(self) -> bool:
        """Whether every gate is a product of Pauli rotations and Clifford gates."""
        return all(isinstance(e, Rotation) for e in self.elements)


def pauli_circuit(circuit: Circuit) -> PauliCircuit:
    r"""Write a circuit as Pauli rotations followed by a Clifford.

    A rotation by ``P`` behind a Clifford ``C`` is a rotation by ``C†PC`` in front of it. Gates with
    a generator of several words become one rotation per word; fixed gates that are no Clifford
    become rotations by a number. What fits nowhere becomes an :class:`Opaque`.

    Args:
        circuit: the record of a circuit, ``m`` gates on ``n`` wires.

    Returns:
        The same unitary up to a global phase; cost ``m`` products of ``n``-bit words.
    """
    frame = Frame.identity(circuit.n_wires)
    elements: list[Rotation | Opaque] = []
    frames, moves = [], []
    for index, gate in enumerate(circuit.gates):
        before = _images(frame, gate.wires)
        elements.extend(_gate_elements(gate, index, frame))
        frames.append(before)
        moves.append(_images(frame, gate.wires) != before)
    return PauliCircuit(circuit, tuple(elements), frame, tuple(frames), tuple(moves))


def _images(frame: Frame, wires: Sequence[int]) -> tuple[Word, ...]:
    return tuple([image for w in wires for image in (frame.x[w], frame.z[w])])


def _gate_elements(gate: Gate, index: int, frame: Frame) -> Iterator[Rotation | Opaque]:
    """The rotations of one gate; its Clifford part goes into the frame."""
    name, wires = gate.name, gate.wires
    images = CLIFFORDS.get(name)
    if images is not None:
        frame.append(images, wires)
    elif name in _NO_EFFECT:
        return
    elif name == "PSWAP" and len(gate.angles) == 1:
        yield from _rotate(((1.0, from_letters("ZZ")),), gate.angles[0], wires, index, frame)
        frame.append(CLIFFORDS["SWAP"], wires)
    elif any(a.parameters or a.inputs or np.size(a.value) != 1 for a in gate.angles):
        terms = rotation_terms(gate.op, name) if _single_angle(gate) else None
        if terms is None:
            yield _opaque(wires, index, frame, gate.is_trainable)
        else:
            yield from _rotate(terms, gate.angles[0], wires, index, frame)
    elif len(gate.angles) == 1 and (terms := rotation_terms(gate.op, name)) is not None:
        yield from _rotate(terms, _number(gate.angles[0].value), wires, index, frame)
    else:
        yield from _fixed(gate.op, wires, index, frame, 0)


def _single_angle(gate: Gate) -> bool:
    """Whether the first angle is the only one that varies, the others part of the generator."""
    rest = gate.angles[1:]
    return not any(a.parameters or a.inputs or np.size(a.value) != 1 for a in rest) and (
        not rest or gate.name in ("Exp", "Evolution")
    )


def _number(value) -> float:
    return float(np.real(np.ravel(value)[0]))


def _rotate(
    terms: Terms, angle: Angle | float, wires: Sequence[int], index: int, frame: Frame
) -> Iterator[Rotation]:
    """One rotation per word; fixed multiples of a quarter turn are Clifford and join the frame."""
    fixed = _number(angle.value) if isinstance(angle, Angle) and _is_number(angle) else angle
    for coefficient, word in terms:
        if not coefficient or not word.x | word.z:
            continue
        if not isinstance(fixed, Angle):
            turns = coefficient * fixed / (np.pi / 2)
            if abs(turns - round(turns)) < 1e-12:
                frame.append_quarter_turns(word, wires, round(turns))
                continue
        pulled = frame.pull_back(word, wires)
        if pulled.phase:
            pulled, coefficient = Word(pulled.x, pulled.z), -coefficient
        yield Rotation(pulled, coefficient, fixed, index)


def _is_number(angle: Angle) -> bool:
    return not angle.parameters and not angle.inputs and np.size(angle.value) == 1


def _opaque(wires: Sequence[int], index: int, frame: Frame, is_trainable: bool) -> Opaque:
    return Opaque(_images(frame, wires), tuple(wires), index, is_trainable)


def _fixed(
    op: Operator, wires: tuple[int, ...], index: int, frame: Frame, depth: int
) -> Iterator[Rotation | Opaque]:
    """A gate without free parameters: Clifford, rotations, its decomposition, or opaque."""
    if op.name in CLIFFORDS:
        frame.append(CLIFFORDS[op.name], wires)
        return
    if op.name in _NO_EFFECT:
        return
    terms, angle = fixed_terms(op), 1.0
    images = fixed_images(op)
    if images is not None:
        frame.append(images, wires)
        return
    if terms is None and op.num_params == 1 and op.ndim_params == (0,):
        terms, angle = rotation_terms(op), _number(op.data[0])
    parts = _parts(op, wires) if terms is None and depth < _MAX_DEPTH else None
    if terms is not None:
        yield from _rotate(terms, angle, wires, index, frame)
    elif parts is not None:
        for part, at in parts:
            yield from _fixed(part, at, index, frame, depth + 1)
    else:
        yield _opaque(wires, index, frame, False)


def _parts(op: Operator, wires: tuple[int, ...]) -> list[tuple[Operator, tuple[int, ...]]] | None:
    """The decomposition of a fixed gate on its own wires, or None."""
    if not op.has_decomposition:
        return None
    position = dict(zip(op.wires, wires, strict=True))
    parts = op.decomposition()
    if any(wire not in position for part in parts for wire in part.wires):
        return None
    return [(part, tuple(position[wire] for wire in part.wires)) for part in parts]

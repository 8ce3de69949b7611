"""The generator words and the angles by which a circuit is differentiated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from pennylane_trainability.circuits.circuit import Gate
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.generators import generator_words, rotation_terms
from pennylane_trainability.circuits.layers import generator_terms
from pennylane_trainability.circuits.pauli import Word, commute
from pennylane_trainability.circuits.rotations import PauliCircuit, Rotation
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.gradient_circuits.components import Component

__all__ = ["directions"]

#: Gates on more wires have a shift rule here only if their generator is one word.
_MAX_WIRES = 8


def directions(made: PauliCircuit, left: Sequence[int], positions: Sequence[int]):
    """Components of all trainable gates that have an effect.

    Args:
        made: the circuit.
        left: numbers of its elements that have an effect.
        positions: of its gates in the circuit it was cut from.

    Returns:
        components by words; components by angles (by words for gates of several angles); and
        ``{number among the latter: why no generator words are known}``.
    """
    components: list[Component] = []
    angles: list[Component] = []
    unknown: dict[int, str] = {}
    for number, alive in _alive_words(made, left).items():
        gate, position = made.circuit.gates[number], positions[number]
        if not gate.is_trainable:
            continue
        try:
            found = list(_of_gate(gate, position, made.frames[number], alive))
        except ReadingError as error:
            unknown[len(angles)] = str(error)
            found = []
        components += found
        if len(gate.angles) > 1:
            angles += found
        else:
            frequencies = _frequencies(gate)
            angles.append(Component({(position, 0): 1.0}, position, frequencies=frequencies))
    return components, angles, unknown


def _alive_words(made: PauliCircuit, left: Sequence[int]) -> dict[int, set[Word] | None]:
    """Words of the rotations of a gate that have an effect; None: any words on its wires.

    Components stand in front of their gate. Where its words do not commute one by one, as those of
    ``FermionicSWAP``, a word can matter there whose rotation does not matter at its place.
    """
    of: dict[int, list[Word]] = {}
    for rotation in made.rotations:
        of.setdefault(rotation.gate, []).append(rotation.word)
    out: dict[int, set[Word] | None] = {}
    for k in left:
        element = made.elements[k]
        words = out.setdefault(element.gate, set())
        if isinstance(element, Rotation) and words is not None:
            words.add(element.word)
        else:
            out[element.gate] = None
    for gate in out:
        if not all(commute(a, b) for a, b in combinations(of.get(gate, ()), 2)):
            out[gate] = None
    return out


def _of_gate(
    gate: Gate, position: int, images: tuple[Word, ...], alive: set[Word] | None
) -> Iterator[Component]:
    frame = Frame(images[::2], images[1::2])
    found: dict[Word, dict] = {}
    for angle, terms in _terms(gate).items():
        for coefficient, local in terms:
            found.setdefault(local, {})[position, angle] = coefficient
    for local, entries in found.items():
        pulled = frame.pull_back(local)
        word = Word(pulled.x, pulled.z)
        if alive is None or word in alive:
            entries = {key: pulled.sign * c for key, c in entries.items()}
            yield Component(entries, position, word, local, pulled.sign)


def _terms(gate: Gate) -> dict[int, list[tuple]]:
    """``{angle: [(c, P), …]}`` with ``∂_angle U = −i U Σ c P / 2``."""
    words = generator_words(gate.op, gate.name) if len(gate.angles) == 1 else None
    if words is None:
        return generator_terms(gate)
    return {0: [(c, word) for c, word in words if c and word.support]}


def _frequencies(gate: Gate) -> tuple[float, ...]:
    """Differences of the eigenvalues of a generator; empty if they are not known."""
    terms = [(c, w) for c, w in rotation_terms(gate.op, gate.name) or () if c and w.support]
    if len(terms) == 1:
        return (abs(terms[0][0]),)
    if len(gate.wires) > _MAX_WIRES:
        return ()
    try:
        return gate_frequencies(gate)
    except Exception:  # any user-defined generator may fail; there is no shift rule then
        return ()

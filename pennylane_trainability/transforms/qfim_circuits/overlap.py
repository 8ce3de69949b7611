r"""The QFIM as the curvature of overlaps (compute–uncompute).

With ``K(s) = |⟨ψ(θ)|ψ(θ + s)⟩|²`` the QFIM is ``F_ab = −2 ∂_a ∂_b K`` at ``s = 0``, and shift rules
give the derivatives exactly (Mari et al., arXiv:2008.06517; Meyer, arXiv:2103.15191). ``K`` is the
probability that the circuit followed by the inverse of its shifted copy returns to its start. Gates
behind the later of the two shifts cancel and are left out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.layers import LayeredCircuit, generator_terms
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.shifts import shift_rule
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.qfim_circuits.scheme import Overlap, Scheme, Slot

__all__ = ["overlap_count", "overlap_scheme", "slots_of"]


def slots_of(made: LayeredCircuit) -> tuple[Slot, ...]:
    """What is shifted: the angles of gates with one, inserted rotations for gates with several."""
    slots: list[Slot] = []
    for number, member in enumerate(made.members):
        if not member.is_trainable:
            continue
        gate = made.circuit.gates[member.gate]
        before = member.before | 1 << number
        if len(gate.angles) == 1:
            own = {(member.gate, 0): 1.0}
            slots.append(Slot(member.gate, None, gate_frequencies(gate), before, member.layer, own))
            continue
        words: dict[Word, dict] = {}
        for angle, terms in generator_terms(gate).items():
            for c, word in terms:
                words.setdefault(word, {})[member.gate, angle] = c
        slots += [
            Slot(member.gate, word, (1.0,), before, member.layer, own)
            for word, own in words.items()
        ]
    return tuple(slots)


@lru_cache(maxsize=256)
def _curvature_rule(frequencies: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """``((c, s), …)`` of the second derivative; opposite shifts of a full turn count once."""
    rule = qml.gradients.generate_shift_rule(frequencies, order=2)
    return tuple((float(c), float(s)) for c, s in rule)


def overlap_scheme(made: LayeredCircuit, slots: tuple[Slot, ...], needed: np.ndarray) -> Scheme:
    """Plan the circuits.

    Args:
        made: a circuit in layers.
        slots: what is shifted, ``V`` of them.
        needed: entries between slots that are asked for and do not vanish, ``(V, V)``.
    """
    circuits: dict[Overlap, int] = {}
    entries: list[tuple[int, int, int, float]] = []
    constant = np.zeros((len(slots), len(slots)))

    def add(a: int, b: int, factor: float, shifts) -> None:
        keep = slots[a].before | slots[b].before
        layer = max(slots[a].layer, slots[b].layer)
        moved = tuple(sorted((s, t) for s, t in shifts if t))
        # K = (1 + z)/2 with the outcome z = ±1; without a shift it is 1
        constant[a, b] += factor / 2 if moved else factor
        if moved:
            where = circuits.setdefault(Overlap(keep, moved, layer), len(circuits))
            entries.append((a, b, where, factor / 2))

    for a, slot in enumerate(slots):
        if needed[a, a]:
            for c, t in _curvature_rule(slot.frequencies):
                add(a, a, -2 * c, [(a, t)])
        for b in range(a):
            if needed[a, b]:
                for c, t in shift_rule(slot.frequencies):
                    for d, s in shift_rule(slots[b].frequencies):
                        add(b, a, -2 * c * d, [(b, s), (a, t)])
    columns = np.array(entries, float).reshape(-1, 4).T
    rows, others, where = columns[:3].astype(int)
    none = np.full(len(slots), -1)
    # between two slots no constant is left: coefficients of first derivatives sum to zero
    quadratic = Quadratic(
        np.diag(np.diag(constant)), rows, others, where, columns[3], none, np.zeros(len(slots)),
        np.zeros(constant.shape, bool), np.full(constant.shape, -1),
    )  # fmt: skip
    nodes = tuple(slot.coefficients for slot in slots)
    return Scheme("overlap", made, tuple(circuits), quadratic, nodes, slots)


def overlap_count(slots: tuple[Slot, ...], needed: np.ndarray) -> int:
    """At most how many circuits :func:`overlap_scheme` plans, without planning them."""
    size = np.array([len(shift_rule(slot.frequencies)) for slot in slots], int)
    single = [
        sum(1 for _, t in _curvature_rule(slot.frequencies) if t) if needed[a, a] else 0
        for a, slot in enumerate(slots)
    ]
    pairs = np.tril(np.outer(size, size) * needed, -1)
    return int(pairs.sum()) + sum(single)

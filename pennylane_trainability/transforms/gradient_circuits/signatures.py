r"""One circuit for all components that anticommute with the same elements behind them.

An auxiliary wire in ``|+⟩`` that controls the word ``P_r`` of one component at its place makes
:math:`(|0\rangle W\varphi + |1\rangle W P_r\varphi)/\sqrt2` (Hadamard test; ``W`` is what stands
behind). Call the elements behind a component that anticommute with its word its *signature*. If
``P_j`` and ``P_r`` have the same, then ``S = P_j P_r`` commutes with ``W`` and

.. math:: \partial_j\langle O\rangle = \mathrm{Im}\langle W\varphi|O\,W P_j\varphi\rangle
          = \mathrm{Im}\langle W\varphi|\,O S\,|W P_r\varphi\rangle ,

which is ``±⟨Y_a ⊗ OS⟩`` if ``OS`` is Hermitian and ``±⟨X_a ⊗ iOS⟩`` otherwise: another word of the
same circuit. For one ``O`` the words of all ``j`` commute. With an empty signature ``P_j`` itself
commutes with ``W``, and ``⟨i O P_j⟩`` is read in the circuit as it is (Bowles, Wierichs and Park,
arXiv:2306.14962, theorem 1; blocks of commuting generators, theorem 2, share signatures).
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.pauli import Word, product
from pennylane_trainability.transforms.gradient_circuits.components import Component, Structure
from pennylane_trainability.transforms.gradient_circuits.scheme import (
    PLAIN,
    Scheme,
    State,
    TableBuilder,
)
from pennylane_trainability.transforms.gradient_circuits.shift_rule import add_shifts

__all__ = ["commuting_scheme", "hadamard_scheme"]


def commuting_scheme(structure: Structure) -> Scheme:
    """One circuit per signature; gates whose generator is not known fall back to shift rules.

    Args:
        structure: of the circuit, ``C`` components, ``I`` words.

    Returns:
        The scheme; cost ``C·m`` tests on words and one product per derivative of a word.
    """
    components = structure.components
    probes: dict[int, int | None] = {}
    for signed, members in zip(structure.signed, structure.classes, strict=True):
        probe = min(members, key=lambda j: (_weight(components[j]), j)) if signed else None
        probes.update(dict.fromkeys(members, probe))
    return _with_probes("commuting", structure, probes)


def hadamard_scheme(structure: Structure) -> Scheme:
    """A Hadamard test for every component, as ``qml.gradients.hadamard_grad`` does.

    Args:
        structure: of the circuit, ``C`` components, ``I`` words.
    """
    return _with_probes("hadamard", structure, {j: j for j in range(len(structure.components))})


def _with_probes(method: str, structure: Structure, probes: dict[int, int | None]) -> Scheme:
    """Read every component in the state of a probe: itself, one it shares a signature with, none.

    Args:
        method: its name.
        structure: of the circuit.
        probes: component → probe, in the order in which circuits are made.
    """
    built = TableBuilder()
    for j, probe in probes.items():
        _add(built, structure, j, probe)
    unknown = list(structure.unknown)
    others = [structure.angles[a] for a in unknown]
    count = len(structure.components)
    add_shifts(built, structure, others, structure.angle_reach[unknown], count)
    notes = tuple(f"Shift rule instead: {why}" for why in structure.unknown.values())
    return built.scheme(
        method, structure, (*structure.components, *others),
        notes=notes, fallback=tuple(c.gate for c in others),
    )  # fmt: skip


def _add(built: TableBuilder, structure: Structure, j: int, probe: int | None) -> None:
    """The words that give the derivatives by one component."""
    outputs = np.flatnonzero(structure.reach[j]).tolist()
    word = _word(structure.components[j])
    if probe is None:
        for i in outputs:
            found = product(structure.words[i], word)  # i^q T, and Im i^q ≠ 0 for odd q
            if found.phase & 1:
                sign = 1.0 if found.phase == 1 else -1.0
                built.add(PLAIN, Word(found.x, found.z), i, j, sign)
        return
    reference = structure.components[probe]
    share = product(word, _word(reference))
    state, aux = built.number(State(probe=probe)), 1 << structure.n_wires
    for i in outputs:
        found = structure.words[i]
        if j != probe:
            found = product(found, share)
        # Im(i^q z) with z = ⟨X_a⟩ + i⟨Y_a⟩
        sign = reference.sign * (1.0 if found.phase < 2 else -1.0)
        y = 0 if found.phase & 1 else aux
        built.put(state, Word(found.x | aux, found.z | y), i, j, sign)


def _word(component: Component) -> Word:
    if component.word is None:
        raise ValueError("A component without a word has no signature.")
    return component.word


def _weight(component: Component) -> int:
    """Number of two-qubit gates that control the word of a component."""
    return 0 if component.local is None else component.local.support.bit_count()

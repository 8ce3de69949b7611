r"""What is differentiated: the Pauli words of the trainable generators, each at its place.

A circuit is ``U = C · R_m ⋯ R_1``: elements (rotations, and what is none), then a Clifford ``C``;
words are pulled back through the Clifford gates before them, read-outs through ``C``. A generator
word ``P`` in front of the elements ``R_k, R_{k+1}, …`` gives
:math:`\partial\langle O\rangle = \tfrac{i}{2}\langle[\tilde P, O]\rangle`, where ``P̃`` is ``P``
carried behind them. Derivatives by parameters follow by the chain rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.transforms.gradient_circuits.outputs import Outputs

__all__ = ["Component", "Part", "Problem", "Structure"]


@dataclass(frozen=True, slots=True)
class Part:
    """One element of the circuit.

    Attributes:
        words: the word of a rotation, phase zero; or ``C†X_wC, C†Z_wC`` for every wire of
            something that is no rotation (pulled back it is made of products of these).
        gate: position of its gate in :attr:`Circuit.gates`.
        wires: of something that is no rotation.
        angle: number of the angle of the gate the rotation turns by; ``None``: a fixed number.
        coefficient: what that angle is multiplied by, or the fixed angle itself.
    """

    words: tuple[Word, ...]
    gate: int
    wires: tuple[int, ...] = ()
    angle: int | None = None
    coefficient: float = 0.0

    @property
    def is_rotation(self) -> bool:
        """Whether it is ``exp(−i φ P / 2)``."""
        return not self.wires


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """A direction in which the circuit is differentiated.

    Attributes:
        entries: ``{(gate, angle): c}``: derivatives by this angle contain ``c`` times the one of
            this component; numbers, or ``(D,)`` arrays over the parameter draws.
        gate: position of the gate it stands in front of.
        word: the Pauli word ``P``, pulled back, phase zero; the component is the derivative by
            ``φ`` of ``exp(−i φ P / 2)`` at its place. ``None``: the derivative by the only angle of
            the gate.
        local: the word on the wires of the gate.
        sign: of ``local`` pulled back, against ``word``.
        place: how many parts stand in front of it.
        frequencies: of the results as functions of its angle; empty if they are not known.
    """

    entries: dict
    gate: int
    word: Word | None = None
    local: Word | None = None
    sign: int = 1
    place: int = 0
    frequencies: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """All of a circuit that does not depend on its angles; nothing of the user's is kept here.

    Attributes:
        n_wires: number of wires.
        gates: positions of the gates that matter: the others cannot be seen in the read-out.
        parts: the elements that matter, in order.
        tail: the Clifford ``C``.
        words: the words of the read-out, pulled back through ``C``.
        components: the generator words, of parameters that have an effect.
        reach: whether the derivative of a word by a component can be other than zero,
            ``(components, words)``.
        classes: numbers of the components that anticommute with the same elements behind them.
        signed: for every class, whether there are such elements.
        angles: the same derivatives by the angles of gates (by generator words only for gates of
            several angles), for shift rules.
        angle_reach: the same as ``reach`` for ``angles``.
        unknown: ``{number among angles: why no generator words are known}``.
    """

    n_wires: int
    gates: tuple[int, ...]
    parts: tuple[Part, ...]
    tail: Frame
    words: tuple[Word, ...]
    components: tuple[Component, ...]
    reach: np.ndarray
    classes: tuple[tuple[int, ...], ...]
    signed: tuple[bool, ...]
    angles: tuple[Component, ...]
    angle_reach: np.ndarray
    unknown: dict[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A structure with the numbers of one call.

    Attributes:
        structure: what does not depend on angles.
        circuit: the gates and their angles, at ``D`` parameter draws.
        outputs: what is returned, ``R`` numbers.
    """

    structure: Structure
    circuit: Circuit
    outputs: Outputs

    def loading(self, components: Sequence[Component], draw: int = 0) -> np.ndarray:
        """Chain rule: ``∂f/∂θ_p = Σ_c L[p, c] ∂_c f``, ``(P, C)``."""
        out = np.zeros((self.circuit.n_parameters, len(components)))
        gates = self.circuit.gates
        for c, component in enumerate(components):
            for (gate, angle), coefficient in component.entries.items():
                for p, slope in gates[gate].angles[angle].parameters.items():
                    out[p, c] += _at(coefficient, draw) * _at(slope, draw)
        return out

    def angles(self, draw: int = 0) -> np.ndarray:
        """``φ_k`` of every part that is a rotation ``exp(−i φ_k P_k / 2)``, else NaN, ``(m,)``."""
        gates = self.circuit.gates
        out = np.full(len(self.structure.parts), np.nan)
        for k, part in enumerate(self.structure.parts):
            if part.is_rotation:
                angle: Angle | None = None
                if part.angle is not None:
                    angle = gates[part.gate].angles[part.angle]
                out[k] = part.coefficient * (1.0 if angle is None else _at(angle.value, draw))
        return out


def _at(value, draw: int) -> float:
    if np.ndim(value) == 0:
        return float(value)
    flat = np.ravel(value)
    return float(flat[draw if len(flat) > 1 else 0])

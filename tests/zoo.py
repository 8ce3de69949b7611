"""Small circuits with faults planted on purpose, and healthy ones: what an analysis has to find.

Every member says which findings of severity WARNING or FAULT belong to it, from reasoning about the
circuit, not from running the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pennylane as qml

__all__ = ["CODES", "ZOO", "Member"]

DEAD = "dead-parameters"
REDUNDANT = "redundant-parameters"
FEW = "too-few-parameters"
UNREACHABLE = "unreachable-directions"
NO_SINE = "missing-sine-rows"
NO_COSINE = "missing-cosine-rows"
ABSENT = "absent-frequencies"
CONDITION = "ill-conditioned"
QUIET = "output-too-small"
OUTSIDE = "target-outside-spectrum"

#: Every finding that calls something a fault or a warning.
CODES = (
    DEAD, REDUNDANT, FEW, UNREACHABLE, NO_SINE, NO_COSINE, ABSENT, CONDITION, QUIET, OUTSIDE,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Member:
    """One circuit of the zoo.

    Attributes:
        name: what it is.
        function: ``f(x, w)``, a quantum function.
        shape: shape of ``w``.
        faults: codes of the findings that belong to it.
        why: where the faults come from.
        dead: flat numbers of the dead parameters.
        inputs: shape of ``x``.
        options: more options of the analysis.
    """

    name: str
    function: Callable
    shape: tuple[int, ...]
    faults: frozenset[str]
    why: str
    dead: frozenset[int] = frozenset()
    inputs: tuple[int, ...] = ()
    options: dict = field(default_factory=dict)

    @property
    def qnode(self) -> qml.QNode:
        """The circuit on a noiseless simulator."""
        return qml.QNode(self.function, qml.device("default.qubit"))

    @property
    def arguments(self) -> tuple:
        """An input and generic weights."""
        x = np.zeros(self.inputs) if self.inputs else 0.0
        return x, np.linspace(0.3, 1.7, int(np.prod(self.shape))).reshape(self.shape)


def member(name, shape, faults, why, **rest):
    """Decorator: the function below is a member of the zoo."""
    shape = (shape,) if isinstance(shape, int) else shape

    def add(function):
        ZOO.append(
            Member(
                name,
                function,
                shape,
                frozenset(faults),
                why,
                frozenset(rest.pop("dead", ())),
                **rest,
            )
        )
        return function

    return add


ZOO: list[Member] = []


# -- building blocks -------------------------------------------------------------------------------


def lean(x, w, layers, slope=1.0):
    """``RY, RZ`` per layer and a last ``RY``: as many parameters as coefficients, 2L + 1."""
    for layer in range(layers):
        qml.RY(w[2 * layer], wires=0)
        qml.RZ(w[2 * layer + 1], wires=0)
        qml.RX(slope * x, wires=0)
    qml.RY(w[2 * layers], wires=0)


def ring(x, w, n, entangle=True, slopes=(1, 1)):
    """``Rot`` on every wire and a closed ring of CNOTs, ``RX`` encoding between."""
    for layer in range(len(w)):
        for wire in range(n):
            qml.Rot(*w[layer, wire], wires=wire)
        for wire in range(n if entangle and n > 1 else 0):
            qml.CNOT([wire, (wire + 1) % n])
        if layer < len(w) - 1:
            for wire in range(n):
                qml.RX(slopes[layer] * x, wires=wire)


# -- healthy ---------------------------------------------------------------------------------------


@member("lean, one layer", 3, [], "P = 2L + 1, full rank")
def _(x, w):
    lean(x, w, 1)
    return qml.expval(qml.Z(0))


@member("lean, two layers", 5, [], "P = 2L + 1, full rank")
def lean_two(x, w):
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member("lean, four layers", 9, [], "P = 2L + 1, median condition about 300")
def _(x, w):
    lean(x, w, 4)
    return qml.expval(qml.Z(0))


@member("shared and controlled parameters", 4, [], "one in two gates, one of period 4π, an offset")
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RY(w[0] - 0.4, wires=1)
    qml.CRX(w[1], wires=[1, 0])
    qml.RZ(w[2], wires=0)
    qml.RX(x, wires=0)
    qml.CRY(w[3], wires=[1, 0])
    return qml.expval(2 * qml.Z(0) - 3 * qml.Identity(0))


@member("special unitaries", (2, 15), [], "blocks that can do anything reach everything")
def _(x, w):
    qml.SpecialUnitary(w[0], wires=[0, 1])
    qml.RX(x, wires=0)
    qml.RX(x, wires=1)
    qml.SpecialUnitary(w[1], wires=[0, 1])
    return qml.expval(qml.Z(1))


@member("ternary prefactors", (2, 15), [], "blocks that can do anything reach everything")
def _(x, w):
    qml.SpecialUnitary(w[0], wires=[0, 1])
    qml.RX(x, wires=0)
    qml.RX(3 * x, wires=1)
    qml.SpecialUnitary(w[1], wires=[0, 1])
    return qml.expval(qml.Z(1))


@member("two inputs", (2, 15), [], "blocks that can do anything reach everything", inputs=(2,))
def _(x, w):
    qml.SpecialUnitary(w[0], wires=[0, 1])
    qml.RX(x[0], wires=0)
    qml.RX(x[1], wires=1)
    qml.SpecialUnitary(w[1], wires=[0, 1])
    return qml.expval(qml.Z(1))


@member("probabilities", 5, [], "probabilities add to one: half of the rows repeat the other half")
def _(x, w):
    lean(x, w, 2)
    return qml.probs(wires=0)


@member("one output twice", 3, [], "an output that is another one scaled asks for nothing more")
def _(x, w):
    lean(x, w, 1)
    return qml.expval(qml.Z(0)), qml.expval(0.5 * qml.Z(0))


@member(
    "target in reach", 5, [], "inside the spectrum, of the size of the output",
    options={"targets": lambda x: 0.6 * np.cos(2 * x[:, 0]) - 0.3 * np.sin(x[:, 0]) + 0.1},
)  # fmt: skip
def _(x, w):
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member(
    "on data points", 3, [], "fewer parameters than data points is as it should be",
    options={"data": np.linspace(-0.9, 0.9, 15)},
)  # fmt: skip
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(qml.math.arcsin(x), wires=0)
    qml.RZ(w[1], wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Z(0) + 0.5 * qml.X(0))


# -- dead parameters -------------------------------------------------------------------------------


@member("dead by light cone", 6, [DEAD], "wire 1 meets nothing that is measured", dead=[5])
def _(x, w):
    lean(x, w, 2)
    qml.RY(w[5], wires=1)
    return qml.expval(qml.Z(0))


@member("dead by eigenstate", 6, [DEAD], "RZ on |0⟩", dead=[5])
def _(x, w):
    qml.RZ(w[5], wires=0)
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member("dead by eigenstate of a control", 4, [DEAD], "the control is still |0⟩", dead=[3])
def _(x, w):
    qml.CRX(w[3], wires=[1, 0])
    lean(x, w, 1)
    return qml.expval(qml.Z(0))


@member("dead by read-out", 6, [DEAD], "RZ before Z", dead=[5])
def _(x, w):
    lean(x, w, 2)
    qml.RZ(w[5], wires=0)
    return qml.expval(qml.Z(0))


@member("dead because unused", 4, [DEAD], "no gate takes the parameter", dead=[3])
def _(x, w):
    lean(x, w, 1)
    return qml.expval(qml.Z(0))


@member("serial with full rotations", (3, 1, 3), [DEAD], "first and last RZ", dead=[0, 8])
def _(x, w):
    ring(x, w, 1)
    return qml.expval(qml.Z(0))


# -- redundant parameters --------------------------------------------------------------------------


@member("two rotations in a row", 6, [REDUNDANT], "RY RY is one RY")
def _(x, w):
    qml.RY(w[5], wires=0)
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member("rotations about the encoding axis", 5, [REDUNDANT], "RX slides through RX(x)")
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RZ(w[3], wires=0)
    qml.RX(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RX(w[4], wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Z(0))


@member("a sum of two parameters", 4, [REDUNDANT], "only w₀ + 2 w₃ enters")
def _(x, w):
    qml.RY(w[0] + 2 * w[3], wires=0)
    qml.RZ(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Z(0))


@member("dead and redundant", 5, [DEAD, REDUNDANT], "RZ before Z; RY RY is one RY", dead=[4])
def _(x, w):
    lean(x, w, 1)
    qml.RY(w[3], wires=0)
    qml.RZ(w[4], wires=0)
    return qml.expval(qml.Z(0))


# -- coefficients out of reach ---------------------------------------------------------------------


@member("real blocks", 3, [NO_SINE], "RY keeps amplitudes real in the basis of the encoding")
def _(x, w):
    for layer in range(2):
        qml.RY(w[layer], wires=0)
        qml.RX(x, wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Z(0))


@member("real blocks on two wires", (3, 2), [NO_SINE], "as on one wire; rank E + 1")
def _(x, w):
    for layer in range(3):
        qml.RY(w[layer, 0], wires=0)
        qml.RY(w[layer, 1], wires=1)
        qml.CNOT([0, 1])
        qml.CNOT([1, 0])
        if layer < 2:
            qml.RX(x, wires=0)
            qml.RX(x, wires=1)
    return qml.expval(qml.Z(1))


@member("odd model", 1, [NO_COSINE], "f = −cos(w) sin(x)")
def _(x, w):
    qml.RX(x, wires=0)
    qml.RY(w[0], wires=1)
    return qml.expval(qml.Y(0) @ qml.Z(1))


@member("too few parameters", 2, [FEW], "two parameters, five coefficients")
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RZ(0.7, wires=0)
    qml.RX(x, wires=0)
    qml.RY(0.4, wires=0)
    qml.RZ(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RY(0.9, wires=0)
    return qml.expval(qml.Z(0))


@member(
    "ternary prefactors on one wire", (3, 4), [DEAD, UNREACHABLE],
    "nine coefficients, eleven live parameters; one wire with two encodings has 2·2 + 1 directions",
    dead=[0],
)  # fmt: skip
def _(x, w):
    for layer in range(3):
        for k, gate in enumerate((qml.RZ, qml.RY, qml.RZ, qml.RY)):
            gate(w[layer, k], wires=0)
        if layer < 2:
            qml.RX((1, 3)[layer] * x, wires=0)
    return qml.expval(qml.Z(0))


@member(
    "two outputs of one wire", (3, 4), [DEAD, UNREACHABLE],
    "ten coefficients, eleven live parameters; one wire with two encodings has 2·2 + 2 directions",
    dead=[0],
)  # fmt: skip
def _(x, w):
    for layer in range(3):
        for k, gate in enumerate((qml.RZ, qml.RY, qml.RZ, qml.RY)):
            gate(w[layer, k], wires=0)
        if layer < 2:
            qml.RX(x, wires=0)
    return qml.expval(qml.Z(0)), qml.expval(qml.X(0))


@member("lean with ternary prefactors", 5, [FEW], "five parameters, nine coefficients")
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RZ(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[2], wires=0)
    qml.RZ(w[3], wires=0)
    qml.RX(3 * x, wires=0)
    qml.RY(w[4], wires=0)
    return qml.expval(qml.Z(0))


@member(
    "probabilities, one block", (2, 2, 3), [DEAD, FEW],
    "three free probabilities of five coefficients each; twelve parameters, the outer RZ dead",
    dead=[0, 3, 8, 11],
)  # fmt: skip
def _(x, w):
    ring(x, w, 2)
    return qml.probs(wires=[0, 1])


# -- frequencies -----------------------------------------------------------------------------------


@member(
    "encoding outside the light cone", 3, [ABSENT], "the second encoding meets nothing measured"
)
def _(x, w):
    lean(x, w, 1)
    qml.RX(x, wires=1)
    return qml.expval(qml.Z(0))


@member("encodings that add up", 3, [ABSENT], "RX(x) RX(2x) is RX(3x): 1 and 2 are missing")
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RZ(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RX(2 * x, wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Z(0))


@member(
    "read-out on the first wire", (3, 2, 3), [DEAD, ABSENT],
    "the last ring turns Z₀ into Z₁: what is last on wire 0 is not seen, nor is frequency 4",
    dead=[0, 3, 11, 12, 13, 14, 17],
)  # fmt: skip
def _(x, w):
    ring(x, w, 2)
    return qml.expval(qml.Z(0))


@member(
    "no entanglers", (2, 2, 3), [DEAD, ABSENT],
    "wire 0 is not seen, nor is frequency 2; on wire 1 the first and the last RZ",
    dead=[0, 1, 2, 3, 6, 7, 8, 11],
)  # fmt: skip
def _(x, w):
    ring(x, w, 2, entangle=False)
    return qml.expval(qml.Z(1))


@member(
    "blocks that commute with the encoding", 3, [DEAD, ABSENT],
    "⟨Z₀⟩ = cos(w₂) cos(x + w₀): nothing of wire 1, nothing of frequency 2",
    dead=[1],
)  # fmt: skip
def _(x, w):
    qml.RX(w[0], wires=0)
    qml.RX(w[1], wires=1)
    qml.RX(x, wires=0)
    qml.RX(x, wires=1)
    qml.IsingXX(w[2], wires=[0, 1])
    return qml.expval(qml.Z(0))


@member("imaginary read-out", 3, [DEAD, ABSENT], "⟨Y⟩ of real states is zero", dead=[0, 1, 2])
def _(x, w):
    qml.RY(w[0], wires=0)
    qml.RY(x, wires=0)
    qml.RY(w[1], wires=0)
    qml.RY(w[2], wires=0)
    return qml.expval(qml.Y(0))


# -- conditioning and targets ----------------------------------------------------------------------


@member(
    "lean, eight layers",
    17,
    [CONDITION],
    "median condition about 10⁵",
)
def _(x, w):
    lean(x, w, 8)
    return qml.expval(qml.Z(0))


@member(
    "target too large", 5, [QUIET], "|f| ≤ 1, the target is 5 cos x",
    options={"targets": lambda x: 5 * np.cos(x[:, 0])},
)  # fmt: skip
def _(x, w):
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member(
    "output too small", 5, [QUIET], "the read-out is 0.05 Z, the target 0.5 cos x",
    options={"targets": lambda x: 0.5 * np.cos(x[:, 0])},
)  # fmt: skip
def _(x, w):
    lean(x, w, 2)
    return qml.expval(0.05 * qml.Z(0))


@member(
    "target outside", 5, [OUTSIDE], "degree 2 against cos 4x",
    options={"targets": lambda x: 0.5 * np.cos(4 * x[:, 0]) + 0.2 * np.sin(x[:, 0])},
)  # fmt: skip
def _(x, w):
    lean(x, w, 2)
    return qml.expval(qml.Z(0))


@member(
    "target outside and too large", 4, [DEAD, OUTSIDE, QUIET],
    "4 cos 3x against degree 1, RZ on |0⟩",
    dead=[3], options={"targets": lambda x: 4 * np.cos(3 * x[:, 0])},
)  # fmt: skip
def _(x, w):
    qml.RZ(w[3], wires=0)
    lean(x, w, 1)
    return qml.expval(qml.Z(0))

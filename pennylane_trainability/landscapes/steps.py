"""A circuit as steps, each with an angle of its own: ``exp(−iθG/2)``, ``G`` a sum of Pauli words.

A gate of several words is one step, and so are gates that stand side by side, commute and have the
same parameter, such as the mixer of QAOA.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Angle
from pennylane_trainability.circuits.pauli import Word, commute, product
from pennylane_trainability.circuits.rotations import Opaque, PauliCircuit, Rotation
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.path_model import NONLINEAR, absorb, in_reach, rotation_angle
from pennylane_trainability.landscapes.product_state import bloch_vectors

__all__ = [
    "Step",
    "StepCircuit",
    "Sum",
    "commuting_sums",
    "distinct_sums",
    "step_circuit",
    "steps_of",
]

#: A sum of Pauli words without phases.
Sum = dict[tuple[int, int], float]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One factor ``exp(−iθG/2) · exp(−iV/2)`` of a circuit, ``G`` and ``V`` commute.

    Attributes:
        parameter: flat parameter ``θ``; −1 for a fixed factor ``exp(−iV/2)``.
        generator: ``G``; empty for a fixed factor.
        values: the angles of the words at the values given.
    """

    parameter: int
    generator: Sum
    values: Sum


@dataclass(frozen=True, slots=True, eq=False)
class StepCircuit:
    """Steps, an observable behind them and a product state in front.

    Attributes:
        terms: coefficients and words of the observable, signs taken in, the identity left out.
        constant: coefficient of the identity.
        steps: those that can change the value of the observable, in order.
        trainable: all trainable steps, also those out of reach of the observable.
        bloch: Bloch vectors of the state, ``(n, 3)``.
        n_parameters: number of flat parameters.
        has_fixed: whether fixed rotations stand behind trainable ones.
    """

    terms: Sum
    constant: float
    steps: tuple[Step, ...]
    trainable: tuple[Step, ...]
    bloch: np.ndarray
    n_parameters: int
    has_fixed: bool


def step_circuit(made: PauliCircuit) -> StepCircuit:
    """Read a circuit as steps.

    Raises:
        ReadingError: a gate is no product of Pauli rotations, several steps share a parameter, or
            the observable or the state are not supported.
    """
    circuit, n = made.circuit, made.circuit.n_wires
    position = {label: w for w, label in enumerate(circuit.wires)}
    every = pauli_terms(circuit.measurements, position)
    terms: Sum = {}
    for coefficient, word in every:
        if word.support:
            pulled = made.tail.pull_back(word)
            terms[pulled.x, pulled.z] = coefficient * pulled.sign
    words = [Word(*key) for key in terms]
    bloch = bloch_vectors(circuit.preparation, position, n)
    # also what is out of reach at this depth: it belongs to the state of deeper circuits
    left = {id(e) for e in absorb([e for e in made.elements if isinstance(e, Rotation)], bloch)}
    elements = [e for e in made.elements if isinstance(e, Opaque) or id(e) in left]
    kept = _rotations(in_reach(elements, words, n))
    steps = steps_of(kept)
    _check_untied(steps)
    trainable = [e for e in made.elements if isinstance(e, Rotation) and e.is_trainable]
    every_step = tuple(steps_of(trainable))
    fixed = any(step.parameter < 0 for step in steps) or _fixed_behind(elements)
    fixed = fixed or not all(parallel(step) for step in every_step)
    return StepCircuit(
        terms,
        sum(c for c, word in every if not word.support),
        tuple(steps),
        every_step,
        bloch,
        circuit.n_parameters,
        fixed or any(isinstance(e, Opaque) for e in made.elements),
    )


def steps_of(rotations: Sequence[Rotation]) -> list[Step]:
    """Rotations joined to steps: those of one gate, and neighbours that commute and are tied.

    Raises:
        ReadingError: an angle is not a number times one parameter plus a number.
    """
    out: list[Step] = []
    gates: list[int] = []
    for rotation in rotations:
        step = _single(rotation)
        joins = bool(out) and step.parameter >= 0 and out[-1].parameter == step.parameter
        if joins and (gates[-1] == rotation.gate or _joins(out[-1], step)):
            out[-1] = Step(
                step.parameter,
                _added(out[-1].generator, step.generator),
                _added(out[-1].values, step.values),
            )
        else:
            out.append(step)
            gates.append(rotation.gate)
        gates[-1] = rotation.gate
    return out


def parallel(step: Step) -> bool:
    """Whether the angles given are those of one angle of the generator."""
    ratios = [step.values.get(key, 0.0) / g for key, g in step.generator.items() if g]
    return not ratios or bool(np.ptp(ratios) < 1e-12)


def commuting_sums(first: Mapping, second: Mapping) -> bool:
    """Whether two sums of words commute."""
    total: dict[tuple[int, int], complex] = {}
    for a, c in first.items():
        for b, d in second.items():
            p, q = Word(*a), Word(*b)
            if not commute(p, q):
                x, z, phase = product(p, q)
                total[x, z] = total.get((x, z), 0) + c * d * 1j**phase
    return all(abs(value) < 1e-12 for value in total.values())


def distinct_sums(sums: Sequence[Sum]) -> tuple[list[Sum], np.ndarray, np.ndarray]:
    """Sums that are no multiples of each other.

    Args:
        sums: not zero.

    Returns:
        the different ones; for every sum given the number of one of them, and the factor.
    """
    numbers: dict[frozenset, int] = {}
    out: list[Sum] = []
    which, factors = [], []
    for one in sums:
        leading = one[min(k for k, v in one.items() if v)]
        key = frozenset((k, round(v / leading, 12)) for k, v in one.items() if v)
        if key not in numbers:
            numbers[key] = len(out)
            out.append({k: v / leading for k, v in one.items() if v})
        which.append(numbers[key])
        factors.append(leading)
    return out, np.array(which, np.int64), np.array(factors, float)


def _joins(step: Step, other: Step) -> bool:
    return commuting_sums(step.generator, other.generator)


def _single(rotation: Rotation) -> Step:
    key = rotation.word.x, rotation.word.z
    value = rotation_angle(rotation)
    if not rotation.is_trainable or not isinstance(rotation.angle, Angle):
        return Step(-1, {}, {key: value})
    if len(rotation.angle.parameters) > 1 or not rotation.angle.linear:
        raise ReadingError(NONLINEAR)
    ((parameter, slope),) = rotation.angle.parameters.items()
    return Step(parameter, {key: rotation.coefficient * float(np.ravel(slope)[0])}, {key: value})


def _added(first: Sum, second: Sum) -> Sum:
    out = dict(first)
    for key, value in second.items():
        out[key] = out.get(key, 0.0) + value
    return out


def _rotations(elements: Sequence[Rotation | Opaque]) -> list[Rotation]:
    found = [element for element in elements if isinstance(element, Rotation)]
    if len(found) < len(elements):
        raise ReadingError(
            "a gate (or noise channel) is no product of Pauli rotations and Clifford gates"
        )
    return found


def _check_untied(steps: Sequence[Step]) -> None:
    used = [step.parameter for step in steps if step.parameter >= 0]
    if len(used) > len(set(used)):
        raise ReadingError(
            "gates that do not commute or do not stand side by side share a parameter (tied angles)"
        )


def _fixed_behind(elements: Sequence[Rotation | Opaque]) -> bool:
    """Whether something fixed comes behind something trainable."""
    seen = False
    for element in elements:
        if element.is_trainable:
            seen = True
        elif seen:
            return True
    return False

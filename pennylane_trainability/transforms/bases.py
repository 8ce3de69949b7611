"""Which measurement bases determine the outputs of a QNode, and how they follow from frequencies.

Every output is linear in the outcome frequencies of one or more bases: a Pauli word of signs, a
probability of an indicator. Qubit-wise commuting words and probabilities share a basis.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP, ProbabilityMP

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.errors import ReadingError

__all__ = ["Basis", "bases_of", "output_shapes"]

#: Wider bases are read out as the parity of one word.
_MAX_WIRES = 12


@dataclass(slots=True, eq=False)
class Basis:
    """One measurement basis.

    Attributes:
        letters: ``{wire label: "X" | "Y" | "Z"}``.
        rotation: gates to append; follows from the letters unless an observable brings its own.
        weights: ``{flat output: value of every outcome (2^w,)}``.
        parity: whether only the parity of all wires is kept (two outcomes, even and odd).
    """

    letters: dict
    rotation: list | None = None
    weights: dict = field(default_factory=dict)
    parity: bool = False
    _words: list = field(default_factory=list)

    @property
    def wires(self) -> list:
        """The wires read out, the leading bit first."""
        return list(self.letters)

    @property
    def n_outcomes(self) -> int:
        """Number of outcomes that are told apart."""
        return 2 if self.parity else 2 ** len(self.letters)

    def gates(self) -> list:
        """What turns this basis into the computational one."""
        if self.rotation is not None:
            return self.rotation
        out: list = []
        for wire, letter in self.letters.items():
            if letter == "Y":
                out.append(qml.adjoint(qml.S(wire)))
            if letter in "XY":
                out.append(qml.Hadamard(wire))
        return out

    def measurement(self):
        """What the device is asked for."""
        return qml.counts(wires=self.wires) if self.parity else qml.probs(wires=self.wires)

    def frequencies(self, result) -> np.ndarray:
        """Outcome frequencies ``(…, n_outcomes)`` from a device result."""
        if not self.parity:
            return np.asarray(result, float)
        total = sum(result.values())
        odd = sum(n for bits, n in result.items() if str(bits).count("1") % 2)
        return np.array([total - odd, odd], float) / total


def output_shapes(circuit: Circuit) -> tuple[tuple[int, ...], ...]:
    """The shape of every measurement's result."""
    shapes: list[tuple[int, ...]] = []
    for m in circuit.measurements:
        if type(m) is ProbabilityMP and m.obs is None:
            shapes.append((2 ** (len(m.wires) or circuit.n_wires),))
        elif type(m) is ExpectationMP and m.obs is not None:
            shapes.append(())
        else:
            raise ReadingError(
                f"{m} is neither an expectation value nor probabilities, so its error cannot be "
                "read from counts. Return qml.expval(…) or qml.probs(…)."
            )
    if not shapes:
        raise ReadingError(
            "The QNode returns no measurement; return qml.expval(…) or qml.probs(…)."
        )
    return tuple(shapes)


def bases_of(circuit: Circuit) -> list[Basis]:
    """The bases that determine all outputs, greedily merged where qubit-wise compatible.

    Raises:
        ReadingError: a measurement is neither an expectation value nor probabilities, or an
            observable can be measured in no known basis; the message names it.
    """
    bases: list[Basis] = []
    start = 0
    for m, shape in zip(circuit.measurements, output_shapes(circuit), strict=True):
        if shape:
            wires = list(m.wires) or list(circuit.wires)
            if len(wires) > _MAX_WIRES:
                raise ReadingError(
                    f"probs on {len(wires)} wires has {2 ** len(wires)} outcomes; measure at most "
                    f"{_MAX_WIRES} wires."
                )
            basis = _join(bases, dict.fromkeys(wires, "Z"))
            basis._words.append((range(start, start + shape[0]), tuple(wires), None))
            start += shape[0]
        else:
            _add_observable(bases, m.obs, start)
            start += 1
    for basis in bases:
        _fill_weights(basis)
    return bases


def _join(bases: list[Basis], letters: dict) -> Basis:
    for basis in bases:
        fits = all(basis.letters.get(w, letter) == letter for w, letter in letters.items())
        if fits and not basis.parity and basis.rotation is None:
            merged = {**basis.letters, **letters}
            if len(merged) <= _MAX_WIRES:
                basis.letters = merged
                return basis
    basis = Basis(dict(letters), parity=len(letters) > _MAX_WIRES)
    bases.append(basis)
    return basis


def _add_observable(bases: list[Basis], observable, output: int) -> None:
    words = observable.pauli_rep
    if words is None:
        _add_diagonalised(bases, observable, output)
        return
    constant = 0.0
    for word, coefficient in words.items():
        if (
            getattr(coefficient, "dtype", None) == np.dtype(object)
            or type(coefficient).__name__ == "Traced"
        ):
            raise ReadingError(
                "A coefficient of the observable depends on an argument of the QNode; multiply "
                "the result outside."
            )
        value = float(np.real(coefficient))
        if not len(word):
            constant += value
            continue
        basis = _join(bases, dict(word.items()))
        basis._words.append((output, tuple(word), value))
    if constant:
        basis = bases[0] if bases else _join(bases, {observable.wires[0]: "Z"})
        basis._words.append((output, (), constant))


def _add_diagonalised(bases: list[Basis], observable, output: int) -> None:
    wires = list(observable.wires)
    try:
        rotation = observable.diagonalizing_gates()
        values = np.real(observable.eigvals())
    except Exception as error:
        raise _no_basis(observable) from error
    if len(values) != 2 ** len(wires) or len(wires) > _MAX_WIRES:
        raise _no_basis(observable)
    bases.append(Basis(dict.fromkeys(wires, "Z"), rotation, {output: values}))


def _no_basis(observable) -> ReadingError:
    return ReadingError(
        f"{observable} can be measured in no known basis, so its error cannot be read from "
        "counts. Write it as a sum of Pauli words."
    )


def _fill_weights(basis: Basis) -> None:
    wires = basis.wires
    bits: dict = {}
    if not basis.parity:
        index = np.arange(2 ** len(wires))
        bits = {w: (index >> (len(wires) - 1 - k)) & 1 for k, w in enumerate(wires)}
    for output, word, value in basis._words:
        if value is None:
            local = np.zeros(basis.n_outcomes, int)
            for w in word:
                local = (local << 1) | bits[w]
            for k, flat in enumerate(output):
                basis.weights[flat] = basis.weights.get(flat, 0.0) + (local == k)
        else:
            sign = np.ones(basis.n_outcomes)
            if basis.parity:
                sign = np.array([1.0, -1.0]) if word else sign
            else:
                for w in word:
                    sign = sign * (1.0 - 2.0 * bits[w])
            basis.weights[output] = basis.weights.get(output, 0.0) + value * sign

r"""The QFIM as an average of classical Fisher matrices over random measurement bases.

For a pure state and a basis drawn from the Haar measure the classical Fisher matrix is half the
QFIM on average (random natural gradient, Kolotouros and Wallden, arXiv:2311.04135). Product bases
(``"local"``) keep a systematic error, and with ``n`` shots each diagonal entry is too large by
about ``2^N/(2n)``, because probabilities stand in a denominator: for study, not for production.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.circuits.shifts import Shift, ShiftPlan, shift_plan
from pennylane_trainability.errors import ReadingError

__all__ = ["BasisCircuits", "basis_circuits", "basis_count", "classical_fisher", "random_unitary"]

#: More wires need Haar bases too deep, and too many outcomes, to make sense.
_MAX_HAAR_WIRES = 5
_MAX_WIRES = 10


def random_unitary(size: int, rng: np.random.Generator) -> np.ndarray:
    """A unitary from the Haar measure, ``(size, size)`` (Mezzadri, arXiv:math-ph/0609050)."""
    normal = rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size))
    q, r = np.linalg.qr(normal)
    phases = np.diagonal(r)
    return q * (phases / np.abs(phases))


def classical_fisher(p: np.ndarray, dp: np.ndarray) -> np.ndarray:
    """``Σ_o ∂_i p_o ∂_j p_o / p_o`` over outcomes that were seen.

    Args:
        p: probabilities, ``(O,)``.
        dp: their derivatives, ``(P, O)``.

    Returns:
        ``(P, P)``.

    >>> classical_fisher(np.array([0.5, 0.5]), np.array([[0.5, -0.5]]))
    array([[1.]])
    """
    seen = p > 1e-12
    return (dp[:, seen] / p[seen]) @ dp[:, seen].T


@dataclass(frozen=True, slots=True, eq=False)
class BasisCircuits:
    """The tapes of a number of bases.

    Attributes:
        plan: the unchanged circuit, then the shifted ones, ``S`` of them.
        slopes: chain rule from the angles of the plan to the parameters, ``(A, P)``.
        n_bases: how many bases.
        tapes: basis by basis.
    """

    plan: ShiftPlan
    slopes: np.ndarray
    n_bases: int
    tapes: list[QuantumScript]

    def replicates(self, results) -> np.ndarray:
        """``2·F_classical`` of every basis, ``(n_bases, P, P)``."""
        frequencies = np.array([np.ravel(np.asarray(r, float)) for r in results])
        each = frequencies.reshape(self.n_bases, len(self.plan.shifts), -1)
        derivatives = np.einsum("ap,as,bso->bpo", self.slopes, self.plan.weights, each)
        return np.array(
            [2 * classical_fisher(p[0], dp) for p, dp in zip(each, derivatives, strict=True)]
        )


def basis_count(circuit: Circuit, n_bases: int) -> int:
    """How many circuits :func:`basis_circuits` builds."""
    return n_bases * (1 + len(shift_plan(circuit).shifts))


def basis_circuits(
    circuit: Circuit, shots, n_bases: int, bases: str, rng: np.random.Generator
) -> BasisCircuits:
    """Build the circuits: ``2P + 1`` per basis.

    Args:
        circuit: the circuit at one parameter point.
        shots: shots of every circuit.
        n_bases: number of bases.
        bases: ``"haar"`` or ``"local"``.
        rng: where bases are drawn from.

    Raises:
        ReadingError: unknown kind of basis, or too many wires.
    """
    n = circuit.n_wires
    most = {"haar": _MAX_HAAR_WIRES, "local": _MAX_WIRES}.get(bases)
    if most is None or n_bases < 1:
        raise ReadingError(
            "random-bases needs bases='haar' or 'local' and n_bases of at least 1; got "
            f"{bases!r} and {n_bases!r}."
        )
    if n > most:
        raise ReadingError(
            f"bases={bases!r} is for at most {most} wires, and this circuit has {n}: the bias from "
            "shots grows as 2^N. Use method='auto'."
        )
    plan = shift_plan(circuit).with_unshifted()
    slopes = plan.slopes(circuit.n_parameters)[..., 0]
    labels = list(circuit.wires)
    tapes = []
    with QueuingManager.stop_recording():
        bodies = [_operations(circuit, shift) for shift in plan.shifts]
        for _ in range(n_bases):
            if bases == "haar":
                turn = [qml.QubitUnitary(random_unitary(2**n, rng), wires=labels)]
            else:
                turn = [qml.QubitUnitary(random_unitary(2, rng), wires=w) for w in labels]
            for body in bodies:
                measured = [qml.probs(wires=labels)]
                tapes.append(QuantumScript([*body, *turn], measured, shots=Shots(shots)))
    return BasisCircuits(plan, slopes, n_bases, tapes)


def _operations(circuit: Circuit, shift: Shift) -> list:
    out = list(circuit.preparation)
    for number, gate in enumerate(circuit.gates):
        here = number == shift.gate
        moved = shift.amount if here and shift.word is None else 0.0
        out.append(numeric_gate(gate, circuit.wires, 0, moved))
        if here and shift.word is not None:
            labels = [circuit.wires[w] for w in gate.wires]
            out.append(qml.PauliRot(shift.amount, shift.word, wires=labels))
    return out

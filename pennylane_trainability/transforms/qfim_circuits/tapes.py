"""From planned circuits to tapes, and from device results to outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pennylane.measurements import Shots
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.transforms.qfim_circuits.builder import Builder, frames_of
from pennylane_trainability.transforms.qfim_circuits.read_outs import Means, Observed
from pennylane_trainability.transforms.qfim_circuits.scheme import Scheme

__all__ = ["Circuits", "circuits_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Circuits:
    """The tapes of a scheme at ``D`` parameter points, and how their results are read.

    Attributes:
        scheme: what was planned.
        tapes: point by point, circuit by circuit.
        read_outs: of the circuits of one point; none where structure tells everything.
        n_points: number of parameter points ``D``.
    """

    scheme: Scheme
    tapes: list[QuantumScript]
    read_outs: list
    n_points: int

    def observed(self, results: Sequence, shots: int | None) -> list[list[Observed | Means]]:
        """Outcomes of all circuits, point by point."""
        per = len(self.read_outs)
        return [
            [
                read.observed(result, shots and _own_shots(own, shots))
                for read, result, own in zip(
                    self.read_outs,
                    results[d * per : (d + 1) * per],
                    self.tapes[d * per : (d + 1) * per],
                    strict=True,
                )
            ]
            for d in range(self.n_points)
        ]


def _own_shots(tape: QuantumScript, shots: int) -> int:
    """Shots of one entry of a shot vector; those of the tape where it has none."""
    return shots if tape.shots.has_partitioned_shots else tape.shots.total_shots or shots


def circuits_of(
    scheme: Scheme, shots, n_points: int, aux=None, read_out: str = "counts"
) -> Circuits:
    """Build all tapes.

    Args:
        scheme: the plan.
        shots: shots of every circuit (a ``Shots`` object or anything it takes), or a list with one
            entry per circuit of the plan.
        n_points: number of parameter points ``D``.
        aux: label of the auxiliary wire, where a probe needs one.
        read_out: ``"counts"`` (outcomes of wires) or ``"means"`` (expectation values).
    """
    each = list(shots) if isinstance(shots, list) else [shots] * len(scheme.circuits)
    with QueuingManager.stop_recording():
        frames = frames_of(scheme)
        tapes: list[QuantumScript] = []
        read_outs: list = []
        for d in range(n_points):
            builder = Builder(scheme, d, aux, frames, read_out == "means")
            for circuit, own in zip(scheme.circuits, each, strict=True):
                operations, read = builder.build(circuit)
                tapes.append(QuantumScript(operations, read.measurements, shots=Shots(own)))
                if d == 0:
                    read_outs.append(read)
    return Circuits(scheme, tapes, read_outs, n_points)

"""From planned circuits to tapes, and from device results to means of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pennylane.measurements import Shots
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.transforms.gradient_circuits.arrangement import Arrangement, Reading
from pennylane_trainability.transforms.gradient_circuits.builder import Builder
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.reading import (
    Parities,
    observed_of,
    words_of,
)
from pennylane_trainability.transforms.qfim_circuits.read_outs import (
    MeanReadOut,
    Means,
    Observed,
    ReadOut,
)

__all__ = ["Circuits", "circuits_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Circuits:
    """The tapes of one gradient at ``D`` parameter points, and how their results are read.

    Attributes:
        problem: the circuit and its numbers.
        arrangement: what was planned.
        tapes: point by point, circuit by circuit.
        read_outs: of the circuits of one point.
        n_points: number of points, or of entries of the axis.
        batch: size of the broadcasting axis that the tapes carry; ``None`` if they have none.
    """

    problem: Problem
    arrangement: Arrangement
    tapes: list[QuantumScript]
    read_outs: list[ReadOut | MeanReadOut | Parities]
    n_points: int
    batch: int | None

    def observed(self, results: Sequence, shots: int | None) -> list[list[Observed | Means]]:
        """Outcomes of all circuits, point by point (or entry by entry of the axis).

        Args:
            results: of the tapes.
            shots: of every circuit, for one entry of a shot vector; ``None`` for exact results.
        """
        per = len(self.read_outs)
        if not per:
            return [[] for _ in range(self.n_points)]
        rows: list[list[Observed | Means]] = []
        for start in range(0, len(results), per):
            each = []
            for k, read in enumerate(self.read_outs):
                own = self.tapes[start + k].shots
                count = shots if own.has_partitioned_shots else own.total_shots
                each.append(observed_of(read, results[start + k], shots and count, self.batch))
            rows += [list(row) for row in zip(*each, strict=True)]
        return rows

    def means(self, observed: Sequence[Observed | Means]) -> np.ndarray:
        """Means of all targets at one point, ``(T,)``."""
        out = np.zeros(len(self.arrangement.scheme.target_words))
        for reading, seen in zip(self.arrangement.readings, observed, strict=True):
            if reading.shares is None:
                out[list(reading.targets)] = seen.means
            else:
                out[list(reading.targets)] += np.array(reading.shares) * seen.means
        return out

    def jacobians(self, results: Sequence, shots: int | None) -> np.ndarray:
        """``∂f_r/∂θ_p`` at every point, ``(D, R, P)``."""
        scheme = self.arrangement.scheme
        return np.array(
            [
                scheme.jacobian(self.means(seen), self.problem, d)
                for d, seen in enumerate(self.observed(results, shots))
            ]
        )


def circuits_of(
    problem: Problem,
    arrangement: Arrangement,
    shots,
    n_points: int | None = None,
    aux=None,
    read_out: str = "counts",
    batch: int | None = None,
) -> Circuits:
    """Build all tapes; circuits of one point share their gates.

    Args:
        problem: the circuit and its numbers.
        arrangement: the plan, of the same structure.
        shots: shots of every circuit (a ``Shots`` object or anything it takes), or a list with one
            entry per circuit of the plan.
        n_points: number of parameter points ``D``, one set of tapes for each; ``None`` for one set
            with whatever axis the gates carry.
        aux: label of the auxiliary wire, where a state needs one.
        read_out: ``"counts"`` or ``"shadows"`` (outcomes of wires), or ``"means"`` (expectation
            values).
        batch: size of that axis.
    """
    if isinstance(shots, list):
        each = [Shots(own) for own in shots]
    else:
        each = [Shots(shots)] * len(arrangement.readings)
    draws: list[int | None] = [None] if n_points is None else list(range(n_points))
    tapes: list[QuantumScript] = []
    with QueuingManager.stop_recording():
        read_outs = _read_outs(problem, arrangement, aux, each, read_out)
        asked = _measurements(read_outs)
        for draw in draws:
            builder = Builder(problem, aux, draw)
            for reading, own, wanted in zip(arrangement.readings, each, asked, strict=True):
                operations = builder.state(
                    arrangement.scheme.states[reading.state], arrangement.scheme
                )
                if read_out != "means":
                    operations += builder.basis(reading.basis)
                tapes.append(QuantumScript(operations, wanted, shots=own, trainable_params=[]))
    count = batch or n_points or 1
    return Circuits(problem, arrangement, tapes, read_outs, count, batch)


def _read_outs(
    problem: Problem, arrangement: Arrangement, aux, shots: Sequence[Shots], read_out: str
) -> list[ReadOut | MeanReadOut | Parities]:
    """What the results of every circuit mean; circuits that read the same words share it."""
    labels = [*problem.circuit.wires, aux]
    known: dict[tuple, ReadOut | MeanReadOut | Parities] = {}
    out = []
    for reading, own in zip(arrangement.readings, shots, strict=True):
        key = (reading.words, reading.basis.masks, bool(own))
        if key not in known:
            known[key] = _read_out(reading, labels, bool(own), read_out)
        out.append(known[key])
    return out


def _read_out(
    reading: Reading, labels: list, has_shots: bool, read_out: str
) -> ReadOut | MeanReadOut | Parities:
    if read_out == "means":
        return words_of(reading.words, labels)
    wires = tuple(labels[w] for w in reading.wires)
    found = ReadOut(wires, reading.masks, reading.basis.signs)
    if has_shots or found.is_dense:
        return found
    return Parities(wires, reading.masks, reading.basis.signs)


def _measurements(read_outs: Sequence[ReadOut | MeanReadOut | Parities]) -> list[list]:
    """What the device is asked for; circuits that read the same wires share it."""
    known: dict[tuple, list] = {}
    out = []
    for read in read_outs:
        key = (type(read), getattr(read, "wires", id(read)))
        if key not in known:
            known[key] = read.measurements
        out.append(known[key])
    return out

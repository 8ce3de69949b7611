"""Action probabilities and their derivatives at many parameter draws, measured on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.shifts import UNSHIFTED, ShiftPlan, shift_plan
from pennylane_trainability.diagnostics.calibration import known_of
from pennylane_trainability.diagnostics.variance_measured import REPEATS, as_points
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.policies.calibrated_actions import (
    ActionsSeen,
    CalibratedActions,
    chain_of,
)
from pennylane_trainability.policies.draws import PolicyDraws
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.results import Cost
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import broadcasts
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = ["MeasuredActions"]

#: Draws whose circuits are built together.
_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredActions:
    """Shift rules on the device: every circuit has shots of its own.

    Args:
        reading: the QNode at one call; it measures the probabilities of outcomes.
        partition: outcomes to actions.
        device: where it runs.
        shots: of every circuit; ``None`` for exact means.
        runner: how circuits are run.
        rescale: whether the survival of the gates is measured and put into it.
        mitigate_read_out: whether errors of reading are measured and taken out.
    """

    reading: Reading
    partition: Partition
    device: object
    shots: int | None
    runner: Executor
    rescale: bool = False
    mitigate_read_out: bool = False

    def __post_init__(self) -> None:
        if self.shots == 1:
            raise ReadingError("One shot does not tell its own variance; take at least two.")
        if self.calibrates and not self.shots:
            raise ReadingError(
                "rescale and mitigate_read_out count outcomes, and this QNode has no shots. Set "
                "them with qml.set_shots(qnode, shots=…), or leave these options out."
            )

    @property
    def calibrates(self) -> bool:
        """Whether calibration circuits are run, too."""
        return self.rescale or self.mitigate_read_out

    def at(self, parameters: np.ndarray) -> PolicyDraws:
        """What is found at ``(M, P)``, from one device execution."""
        several = any(len(gate.angles) > 1 for gate in self.reading.circuit.gates)
        size = 1 if several else _BATCH  # such gates have shift rules that depend on the angles
        built = [
            self._build(parameters[start : start + size], broadcasts(self.device))
            for start in range(0, len(parameters), size)
        ]
        made = self._calibration(parameters)
        extra = [] if made is None else made.tapes
        tapes = [tape for part in built for tape in part.tapes]
        cost = cost_of([*tapes, *extra], sum(part.n_circuits for part in built) + len(extra))
        self.runner.check(cost)
        results, found, seen, start = self.runner.run([*tapes, *extra]), [], [], 0
        for part in built:
            own = slice(start, start + len(part.tapes))
            frequencies = part.frequencies(results[own])
            found.append(self._read(part, frequencies))
            seen.append(ActionsSeen(part, frequencies[0]))
            start = own.stop
        p, dp, noise = (np.concatenate(parts) for parts in zip(*found, strict=True))
        calibrated = None
        if made is not None and self.shots:
            known = known_of(made, results[start:])
            calibrated = CalibratedActions(known, tuple(seen), self.partition, self.shots)
        return PolicyDraws(p, dp, noise if self.shots else None, cost, calibrated)

    def _calibration(self, parameters: np.ndarray) -> CalibrationTapes | None:
        """Circuits that calibrate, with the angles of the first draws; ``None`` if not asked."""
        if not self.calibrates:
            return None
        some = parameters[:REPEATS]
        return calibration_tapes(
            self._build(some, False, UNSHIFTED).tapes,
            mirrors=self.rescale,
            flips=self.mitigate_read_out,
            repeats=len(some),
        )

    def once(self, count: int) -> Cost:
        """What a calibration costs next to so many draws."""
        draws = np.repeat(self.reading.arguments.parameters[None], min(count, REPEATS), axis=0)
        made = self._calibration(draws)
        if made is None:
            return Cost()
        # mirrors have angles of draws
        distinct = 1 + made.flips + made.repeats * made.n_mirrors
        return replace(cost_of(made.tapes), distinct_circuits=distinct)

    def cost_per_draw(self) -> Cost:
        """Circuits and shots of one draw."""
        built = self._build(self.reading.arguments.parameters[None], False)
        return cost_of(built.tapes, built.n_circuits)

    def slopes(self) -> np.ndarray:
        """What every circuit counts for every derivative at the values of the call, ``(S, P)``."""
        return chain_of(self._build(self.reading.arguments.parameters[None], False))[..., 0]

    def _build(
        self, parameters: np.ndarray, broadcast: bool, plan: ShiftPlan | None = None
    ) -> JacobianTapes:
        circuit = as_points(self.reading.at(parameters, self.reading.arguments.inputs[None]))
        if plan is None:
            plan = shift_plan(circuit, set(dead_parameters(self.reading.circuit))).with_unshifted()
        several = any(len(gate.angles) > 1 for gate in circuit.gates)
        # equal angles are no batch, and every draw needs shots of its own
        differ = any(np.ptp(a.value) > 0 for gate in circuit.gates for a in gate.angles)
        return jacobian_tapes(
            circuit,
            np.eye(len(parameters)),
            Shots(self.shots),
            broadcast=broadcast and differ and not several,
            plan=plan,
        )

    def _read(self, built: JacobianTapes, frequencies) -> tuple[np.ndarray, ...]:
        """Probabilities, derivatives and their variances of the draws of some tapes."""
        seen = self.partition.summed(built.means(frequencies))  # (S, M, A)
        chain = chain_of(built)
        derivatives = np.einsum("spg,sgo->gop", chain, seen)
        # unbiased: the variance of a frequency is p (1 − p)/N, and the shots show (N − 1)/N of it
        share = np.clip(seen, 0, 1)  # sums of frequencies leave it by the last bit
        own = share * (1 - share) / max((self.shots or 2) - 1, 1)
        return seen[0], derivatives, np.einsum("spg,sgo->gop", chain**2, own)

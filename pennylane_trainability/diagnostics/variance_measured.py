"""The loss and its derivatives at parameter draws, measured on the QNode's device."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.shifts import UNSHIFTED, ShiftPlan, shift_plan
from pennylane_trainability.diagnostics.calibrated import refuse_parities
from pennylane_trainability.diagnostics.calibration import Known, known_of
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_calibrated import (
    CalibratedDraws,
    Seen,
    derivative_noise,
)
from pennylane_trainability.diagnostics.variance_sample import Sample
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import cost_of
from pennylane_trainability.results import Cost
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import broadcasts, takes_shot_vectors
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = ["REPEATS", "Measured", "as_points"]

#: Draws whose circuits are built together.
_BATCH = 256
#: How often circuits of a calibration are run, so that their errors do not decide.
REPEATS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Circuits on the device: the loss itself, or shift rules for its derivatives.

    Args:
        ask: the options.
        reading: the QNode at one call.
        gradient: whether derivatives are asked for, else the loss.
        kept: the calibration, once it has been measured: with the first draws.
    """

    ask: VarianceAsk
    reading: Reading
    gradient: bool
    kept: list[Known] = field(default_factory=list)

    @property
    def replicates(self) -> int:
        """How often every circuit is run, ``R``."""
        shots, wanted = self.ask.shots, self.ask.replicates
        if not shots:
            return 1
        if shots.has_partitioned_shots:
            return shots.num_copies
        # a single shot shows nothing of its own variance
        return 2 if wanted or (wanted is None and shots.total_shots == 1) else 1

    @property
    def shots(self) -> int | None:
        """Shots of every circuit, ``N``; None for exact means.

        Raises:
            ReadingError: the shot vector is no repetition of one number.
        """
        shots = self.ask.shots
        if not shots.has_partitioned_shots:
            if shots.total_shots == 1 and self.replicates == 1:
                raise ReadingError("One shot does not tell its own variance; use replicates=True.")
            return shots.total_shots
        copies = {copy.shots for copy in shots.shot_vector}
        if len(copies) > 1:
            raise ReadingError(
                f"Replicates need equal numbers of shots, but the shot vector is {shots}. Use "
                "shots=[(n, 2)], or one number."
            )
        return copies.pop()

    @property
    def _in_one(self) -> bool:
        """Whether one circuit gives all replicates."""
        return self.replicates > 1 and takes_shot_vectors(self.ask.qnode.device)

    def at(self, parameters: np.ndarray) -> Sample:
        """What is found at ``(M, P)``, from one device execution."""
        several = any(len(gate.angles) > 1 for gate in self.reading.circuit.gates)
        size = 1 if several else _BATCH  # such gates have shift rules that depend on the angles
        built = [
            self._build(parameters[start : start + size], broadcasts(self.ask.qnode.device))
            for start in range(0, len(parameters), size)
        ]
        tapes = [tape for part in built for tape in part.tapes] * self._copies
        made = None if self.kept or not self.ask.calibrates else self._calibration(parameters)
        extra = [] if made is None else made.tapes
        circuits = self._copies * sum(part.n_circuits for part in built) + len(extra)
        cost = cost_of([*tapes, *extra], circuits)
        self.ask.runner.check(cost)
        results = self.ask.runner.run([*tapes, *extra])
        if made is not None:
            self.kept.append(known_of(made, results[len(tapes) :]))
        return self._sample(built, self._split(results[: len(tapes)]), cost)

    def _sample(self, built: list[JacobianTapes], replicates: list[list], cost: Cost) -> Sample:
        seen, start = [], 0
        for part in built:
            own = slice(start, start + len(part.tapes))
            frequencies = tuple(part.frequencies(one[own]) for one in replicates)
            seen.append(Seen(part, frequencies, self.shots, self.gradient))
            start = own.stop
        found = [one.numbers() for one in seen]
        noise = [noise for _, noise in found if noise is not None]
        return Sample(
            np.concatenate([values for values, _ in found], axis=1),
            np.concatenate(noise) if noise else None,
            cost,
            CalibratedDraws(self.kept[0], tuple(seen)) if self.kept else None,
        )

    def once(self, count: int) -> Cost:
        """What a calibration costs next to so many draws."""
        if not self.ask.calibrates:
            return Cost()
        draws = np.repeat(self.reading.arguments.parameters[None], min(count, REPEATS), axis=0)
        made = self._calibration(draws)
        distinct = 1 + made.flips + made.repeats * made.n_mirrors  # mirrors have angles of draws
        return replace(cost_of(made.tapes), distinct_circuits=distinct)

    def _calibration(self, parameters: np.ndarray) -> CalibrationTapes:
        """Circuits that calibrate, with the angles of some draws."""
        ask, some = self.ask, parameters[:REPEATS]
        if not self.shots:
            raise ReadingError(
                "rescale and mitigate_read_out count outcomes, and this QNode has no shots. Set "
                "them with qml.set_shots(qnode, shots=…), or leave these options out."
            )
        built = self._build(some, False, UNSHIFTED)
        if ask.mitigate_read_out:
            refuse_parities(built)
        return calibration_tapes(
            built.tapes, mirrors=ask.rescale, flips=ask.mitigate_read_out, repeats=len(some)
        )

    def cost_per_draw(self) -> Cost:
        """Circuits and shots of one draw."""
        built = self._build(self.reading.arguments.parameters[None], False)
        shots = (self.shots or 0) * self.replicates * built.n_circuits
        circuits = built.n_circuits * self._copies
        return Cost(
            circuits=circuits,
            distinct_circuits=built.n_circuits,
            shots=shots,
            executions=bool(circuits),
        )

    def coin_noise(self) -> tuple[np.ndarray, int]:
        """Variances from one shot of every circuit if all outcomes are as likely, and circuits.

        Returns:
            ``(1,)`` of the loss or ``(P,)`` of the derivatives, and how many circuits a draw needs.
        """
        built = self._build(self.reading.arguments.parameters[None], False)
        spread = [np.mean(t**2, axis=1) - np.mean(t, axis=1) ** 2 for t in built.tables]
        one = np.sum(spread, axis=0)
        if self.gradient:
            one = derivative_noise(built, np.full((built.plan.weights.shape[1], 1), one[0]))[0]
        return np.atleast_1d(one), built.n_circuits * self.replicates

    @property
    def _copies(self) -> int:
        return 1 if self._in_one else self.replicates

    def _build(
        self, parameters: np.ndarray, broadcast: bool, plan: ShiftPlan | None = None
    ) -> JacobianTapes:
        inputs = self.reading.arguments.inputs[None]
        circuit = as_points(self.reading.at(parameters, inputs))
        shots = self.shots
        if plan is None and self.gradient:
            plan = shift_plan(circuit, set(dead_parameters(self.reading.circuit)))
        asked = Shots([(shots, self.replicates)]) if self._in_one else Shots(shots)
        several = any(len(gate.angles) > 1 for gate in circuit.gates)
        broadcast = broadcast and len(parameters) > 1 and not several
        return jacobian_tapes(
            circuit, np.eye(len(parameters)), asked, broadcast=broadcast, plan=plan or UNSHIFTED
        )

    def _split(self, results) -> list[list]:
        """Results per replicate, in the order of the tapes."""
        if self._in_one:
            return [[result[r] for result in results] for r in range(self.replicates)]
        size = len(results) // self._copies
        return [list(results[r * size : (r + 1) * size]) for r in range(self._copies)]


def as_points(circuit: Circuit) -> Circuit:
    """Draws as if they were input points: angles ``(D, 1)`` become ``(1, D)``.

    >>> from pennylane_trainability.circuits.circuit import Angle, Gate
    >>> import pennylane as qml
    >>> gate = Gate(qml.RX(0.0, 0), (0,), (Angle(np.zeros((5, 1)), {0: 1.0}),))
    >>> one = as_points(Circuit((), (gate,), (), qml.wires.Wires([0]), 1, 0))
    >>> one.gates[0].angles[0].value.shape
    (1, 5)
    """

    def turned(value):
        return value.T if np.ndim(value) == 2 else value

    gates = []
    for gate in circuit.gates:
        angles = tuple(
            replace(
                a, value=turned(a.value), parameters={p: turned(s) for p, s in a.parameters.items()}
            )
            for a in gate.angles
        )
        gates.append(replace(gate, angles=angles) if angles else gate)
    return replace(circuit, gates=tuple(gates))

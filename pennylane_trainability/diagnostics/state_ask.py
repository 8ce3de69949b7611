"""The options that questions about the states of a circuit share, and how a QNode is read."""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.diagnostics.calibrated_values import check_calibration
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, draw, drawn_near
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import (
    choose_engine,
    device_name,
    is_density_simulator,
)
from pennylane_trainability.transforms.overlap_tapes import plain_tapes
from pennylane_trainability.workers import check_workers

__all__ = ["StateAsk", "state_chunks"]

ENGINES = ("auto", "exact", "measured")
#: Bytes of states per pass: more do not stay in the processor's caches.
_STATES = 1 << 22
#: How often circuits of a calibration are run, so that their errors do not decide.
REPEATS = 20


@dataclass(frozen=True, slots=True, eq=False)
class StateAsk:
    """The options of a call.

    Attributes:
        name: of the question, for messages.
        qnode: the QNode.
        argnums: its trainable arguments.
        encoding_args: its data arguments.
        law: of the parameters.
        seed: of all draws.
        engine: ``"auto"``, ``"exact"`` or ``"measured"``.
        level: of intervals.
        memory: bytes of states held at once.
        max_circuits: budget.
        max_shots: budget.
        executor: how circuits are run.
        workers: who simulates; ``None`` for this process.
        rescale: whether what is measured is divided by a survival.
        mitigate_read_out: whether errors of reading are taken out of it.
    """

    name: str
    qnode: Any
    argnums: Any
    encoding_args: Any
    law: Law
    seed: int
    engine: str
    level: float
    memory: int
    max_circuits: int | None
    max_shots: int | None
    executor: Executor | None
    workers: futures.Executor | None = None
    rescale: bool = False
    mitigate_read_out: bool = False

    def __post_init__(self) -> None:
        check_workers(self.workers)
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")
        if self.engine not in ENGINES:
            raise ReadingError(f"engine={self.engine!r} is unknown; use one of {list(ENGINES)}.")

    def read(self, args: tuple, kwargs: dict) -> Reading:
        """The QNode at one call.

        Raises:
            ReadingError: it has no trainable parameters, measures in the middle, or cannot be read
                at other parameters.
        """
        reading = read_qnode(
            *(self.qnode, args, kwargs, self.encoding_args, self.argnums),
            need_inputs=False,
            need_parameters=False,
        )
        if not reading.circuit.n_parameters:
            raise ReadingError(
                f"{self.name}() draws the trainable parameters, but this call has none. Pass them "
                "as floating-point arguments, or name them with argnums."
            )
        plain = all(a.linear for gate in reading.circuit.gates for a in gate.angles)
        if not plain and not reading.traced:
            raise ReadingError(
                "This QNode cannot be read at other parameters: its functions of them are "
                "nonlinear and need plain numbers. Use NumPy functions or those of qml.math."
            )
        return reading

    @property
    def shots(self) -> int | None:
        """Shots of every circuit; None for exact results.

        Raises:
            ReadingError: they are a shot vector.
        """
        shots = Shots(self.qnode.shots)
        if shots.has_partitioned_shots:
            raise ReadingError(
                f"{self.name}() takes one number of shots, not the shot vector {shots}. Pass "
                "shots=total."
            )
        return shots.total_shots

    @property
    def runner(self) -> Executor:
        """Who runs circuits, within the budget."""
        return default_executor(self.qnode.device, self.max_circuits, self.max_shots, self.executor)

    @property
    def simulating(self) -> Executor:
        """Who asks a simulator for density matrices: within the caller's budget, if there is one.

        They are no measurements, so that the limit that devices have by default is not theirs.
        """
        own = Executor() if self.executor is None else self.executor
        return own.with_device(self.qnode.device).with_budget(self.max_circuits, self.max_shots)

    def road(self) -> str:
        """``"exact"``, ``"density"`` (density matrices from the simulator) or ``"measured"``."""
        device, shots = self.qnode.device, self.shots
        if self.engine == "auto" and is_density_simulator(device) and not shots:
            return "density"
        return choose_engine(device, Shots(shots), self.engine)

    @property
    def calibrates(self) -> bool:
        """Whether calibration circuits are run, too."""
        return self.rescale or self.mitigate_read_out

    def check_calibration(self, road: str) -> None:
        """Refuse a calibration of what is not counted.

        Raises:
            ReadingError: nothing is measured, or without shots.
        """
        check_calibration(self.calibrates, self.level, road, self.qnode, "states")

    def calibration(self, circuit: Circuit, count: int, mirrors: bool) -> CalibrationTapes:
        """Circuits that calibrate, with the angles of the first draws.

        Args:
            circuit: at ``count`` draws.
            count: how many there are.
            mirrors: whether survivals are measured.
        """
        some = min(count, REPEATS)
        tapes = plain_tapes(circuit, some, Shots(self.shots))
        return calibration_tapes(tapes, mirrors=mirrors, flips=self.mitigate_read_out, repeats=some)

    def calibration_cost(self, count: int, mirrors: bool) -> Cost:
        """What they cost: no gates, all wires turned, mirrors."""
        if not self.calibrates:
            return Cost()
        some = min(count, REPEATS)
        circuits = some * (1 + self.mitigate_read_out + mirrors)
        distinct = 1 + self.mitigate_read_out + some * mirrors
        return Cost(circuits=circuits, distinct_circuits=distinct,
                    shots=circuits * (self.shots or 0), executions=0)  # fmt: skip

    def drawn(self, reading: Reading, count: int, purpose: int = 1) -> np.ndarray:
        """Parameters at ``count`` draws, ``(count, P)``."""
        rng = np.random.default_rng(self.seeds(purpose))
        return draw(self.law, reading.circuit, reading.arguments.parameters, count, rng)

    def at(self, reading: Reading, parameters: np.ndarray) -> Circuit:
        """The circuit at parameters ``(D, P)``."""
        return reading.at(parameters, reading.arguments.inputs[None])

    def seeds(self, purpose: int) -> np.random.SeedSequence:
        """A seed of its own for every purpose."""
        return np.random.SeedSequence(self.seed, spawn_key=(purpose,))

    @property
    def law_name(self) -> str:
        """The law in words."""
        return getattr(self.law, "__name__", str(self.law))

    def notes(self, reading: Reading) -> list[str]:
        """What the law does where a period is not known."""
        return list(drawn_near(self.law, reading.circuit))

    def provenance(self, road: str, n_samples: int) -> Provenance:
        """Seed, samples, device, engine."""
        return Provenance(
            seed=self.seed,
            n_samples=n_samples,
            shots=self.shots if road == "measured" else None,
            device=device_name(self.qnode.device),
            engine=road,
        )


def state_chunks(n_draws: int, n_wires: int, memory: int, multiple: int, mixed: bool = False):
    """Slices of draws whose states fit the caches and the memory, each a multiple of a number.

    Raises:
        BudgetError: not even ``multiple`` states fit the memory.
    """
    state = 16 * 2 ** (n_wires * (2 if mixed else 1))
    # a pass holds the states, their image and a copy with other axes
    if 4 * state * multiple > memory:
        raise BudgetError(
            f"{multiple} states of {n_wires} wires need {4 * state * multiple / 2**20:.0f} MiB; "
            f"the budget is {memory / 2**20:.0f} MiB. Raise memory=…, or use fewer wires."
        )
    step = max(1, min(_STATES, memory // 4) // (state * multiple)) * multiple
    return [slice(start, min(start + step, n_draws)) for start in range(0, n_draws, step)]

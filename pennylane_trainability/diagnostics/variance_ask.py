"""The options that questions about variances share, and how a QNode is read for them."""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.landscapes.observable import one_expectation
from pennylane_trainability.laws import Law
from pennylane_trainability.transforms.engines import choose_engine
from pennylane_trainability.workers import check_workers

__all__ = ["VarianceAsk", "positive"]

ENGINES = ("auto", "exact", "measured")


@dataclass(frozen=True, slots=True, eq=False)
class VarianceAsk:
    """The options of a call.

    Attributes:
        qnode: the QNode.
        argnums: its trainable arguments.
        encoding_args: its data arguments.
        law: of the parameters.
        n_paths: how many Pauli paths, or at most how many with ``rtol``; ``None`` for the default.
        n_draws: the same for parameter draws.
        rtol: relative error that is asked for, or ``None``.
        replicates: whether circuits with shots are run twice; ``None`` decides.
        seed: of all draws.
        engine: ``"auto"``, ``"exact"`` or ``"measured"``.
        level: of intervals.
        memory: bytes of states held at once.
        max_circuits: budget.
        max_shots: budget.
        executor: how circuits are run.
        max_words: the largest module; ``None`` for the default.
        workers: who simulates; ``None`` for this process.
        rescale: whether means are divided by the survival of the gates.
        mitigate_read_out: whether errors of reading are taken out of them.
    """

    qnode: Any
    argnums: Any
    encoding_args: Any
    law: Law
    n_paths: int | None
    n_draws: int | None
    rtol: float | None
    replicates: bool | None
    seed: int
    engine: str
    level: float
    memory: int
    max_circuits: int | None
    max_shots: int | None
    executor: Executor | None
    max_words: int | None = None
    workers: futures.Executor | None = None
    rescale: bool = False
    mitigate_read_out: bool = False

    def __post_init__(self) -> None:
        check_workers(self.workers)
        positive("n_paths", self.n_paths, 1)
        positive("n_draws", self.n_draws, 4)
        positive("max_words", self.max_words, 1)
        if self.rtol is not None and not 0 < self.rtol < 1:
            raise ValueError(f"rtol needs a number between 0 and 1; got {self.rtol!r}.")
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")
        if self.engine not in ENGINES:
            raise ReadingError(f"engine={self.engine!r} is unknown; use one of {list(ENGINES)}.")

    def read(self, args: tuple, kwargs: dict) -> Reading:
        """The QNode at one call.

        Raises:
            ReadingError: the QNode returns more or something else than one expectation value.
        """
        reading = read_qnode(
            self.qnode, args, kwargs, self.encoding_args, self.argnums, need_inputs=False
        )
        one_expectation(reading.circuit.measurements)
        return reading

    @property
    def shots(self) -> Shots:
        """The shots of the QNode."""
        return Shots(self.qnode.shots)

    @property
    def runner(self) -> Executor:
        """Who runs circuits, within the budget."""
        return default_executor(self.qnode.device, self.max_circuits, self.max_shots, self.executor)

    def sampler(self) -> str:
        """``"exact"`` or ``"measured"``: where draws of the loss come from."""
        return choose_engine(self.qnode.device, self.shots, self.engine)

    @property
    def calibrates(self) -> bool:
        """Whether calibration circuits are run, too."""
        return self.rescale or self.mitigate_read_out

    def seeds(self, purpose: int) -> np.random.SeedSequence:
        """A seed of its own for every purpose."""
        return np.random.SeedSequence(self.seed, spawn_key=(purpose,))

    @property
    def law_name(self) -> str:
        """The law in words."""
        return getattr(self.law, "__name__", str(self.law))


def positive(name: str, value, least: int) -> None:
    """Refuse a count that is none.

    Raises:
        ValueError: it is no whole number, or less than ``least``.
    """
    if value is not None and (not isinstance(value, (int, np.integer)) or value < least):
        raise ValueError(f"{name} needs a whole number ≥ {least}; got {value!r}.")

"""The one place that runs circuits on a device: circuits → results, at a known cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.devices import (
    OneJob,
    mid_circuit_method,
    one_job,
    without_credentials,
)
from pennylane_trainability.errors import BudgetError, DeviceFailure
from pennylane_trainability.keys import distinct_circuits
from pennylane_trainability.results import Cost

__all__ = ["Executor", "cost_of"]

T = TypeVar("T")


def cost_of(
    tapes: Sequence[QuantumScript], circuits: int | None = None, executions: int = 1
) -> Cost:
    """What running tapes costs; a broadcasted tape counts once per entry of its batch.

    >>> import pennylane as qml
    >>> tapes = [qml.tape.QuantumScript([qml.RX(x, 0)], shots=10) for x in (0.1, 0.2, 0.1)]
    >>> print(cost_of(tapes))
    3 circuits (2 distinct), 30 shots, 1 device execution
    """
    sizes = [tape.batch_size or 1 for tape in tapes]
    count = circuits if circuits is not None else sum(sizes)
    shots = sum(s * (tape.shots.total_shots or 0) for s, tape in zip(sizes, tapes, strict=True))
    return Cost(
        circuits=count,
        distinct_circuits=min(distinct_circuits(tapes), count),
        shots=shots,
        executions=executions if tapes else 0,
    )


@dataclass(frozen=True, slots=True)
class Executor:
    """Runs tapes on a device, one device execution per chunk.

    Args:
        device: a PennyLane device; ``None`` takes that of the QNode in question.
        chunk: circuits per device execution; ``None`` sends everything in one, or as many as the
            device states as the most for one job.
        max_circuits: refuse more circuits than this before running any.
        max_shots: refuse more shots than this before running any.
        progress: called with ``(circuits done, circuits in all)`` after every chunk.
        one_job: send the circuits of a chunk as one job where the device has such a road
            (:func:`one_job`), instead of one by one.
    """

    device: object = None
    chunk: int | None = None
    max_circuits: int | None = None
    max_shots: int | None = None
    progress: Callable[[int, int], None] | None = None
    one_job: bool = True

    def with_device(self, device) -> Executor:
        """The same executor, on this device unless it has one of its own."""
        return replace(self, device=device) if self.device is None else self

    def with_chunk(self, chunk: int | None) -> Executor:
        """The same executor with so many circuits per device execution."""
        return replace(self, chunk=chunk)

    def with_progress(self, progress: Callable[[int, int], None]) -> Executor:
        """The same executor, reporting its progress."""
        return replace(self, progress=progress)

    def with_budget(self, max_circuits: int | None, max_shots: int | None) -> Executor:
        """The same executor within these limits; ``None`` keeps its own."""
        return replace(
            self,
            max_circuits=self.max_circuits if max_circuits is None else max_circuits,
            max_shots=self.max_shots if max_shots is None else max_shots,
        )

    def check(self, cost: Cost) -> None:
        """Refuse what the budget does not allow.

        Raises:
            BudgetError: more circuits or shots than allowed.
        """
        if self.max_circuits is not None and cost.circuits > self.max_circuits:
            raise BudgetError(
                f"This needs {cost.circuits} circuits; max_circuits allows {self.max_circuits}. "
                f"Nothing was run. Pass max_circuits={cost.circuits} to run it, or analyse fewer "
                "parameters (argnums) or inputs."
            )
        if self.max_shots is not None and cost.shots > self.max_shots:
            raise BudgetError(
                f"This needs {cost.shots} shots; max_shots allows {self.max_shots}. Nothing was "
                "run. Lower the shots with qml.set_shots, or raise max_shots."
            )

    def several(self, questions: Sequence[Callable[[], T]]) -> list[T]:
        """Answers to questions none of which depends on what another one finds.

        Args:
            questions: functions that each run circuits with this executor, or with copies of it.
        """
        return [question() for question in questions]

    def run(self, tapes: Sequence[QuantumScript]) -> tuple:
        """Results of all tapes, in order.

        Raises:
            DeviceFailure: the device failed in a later chunk; its own error is the cause, and the
                results of the chunks before are on the exception.
        """
        results: list = []
        parts = self.batches(tapes)
        while len(results) < len(tapes):
            try:
                part = next(parts)
                self.check_results(tapes[len(results) : len(results) + len(part)], part)
                results += part
            except Exception as error:
                if not results:
                    raise
                what = without_credentials(error, self.device)
                raise DeviceFailure(
                    f"The device failed after {len(results)} of {len(tapes)} circuits ({what}); "
                    "the results measured so far are in the attribute `completed`.",
                    tuple(results),
                    len(tapes),
                ) from error
            if self.progress is not None:
                self.progress(len(results), len(tapes))
        return tuple(results)

    def batches(
        self, tapes: Sequence[QuantumScript], numbers: Iterator[int] | None = None
    ) -> Iterator[list]:
        """Results of consecutive pieces of the tapes, each when it is there.

        Args:
            tapes: the circuits.
            numbers: a number for every piece, from which seeded simulators take streams that do
                not depend on each other; ``None`` counts from 0.
        """
        device = one_job(self.device) if self.one_job else self.device
        size = self.size(device, len(tapes))
        numbers = itertools.count() if numbers is None else numbers
        for start in range(0, len(tapes), size):
            number = next(numbers)
            where = device.part(number) if isinstance(device, OneJob) else device
            yield self.execute(where, list(tapes[start : start + size]))

    def check_results(self, tapes: Sequence[QuantumScript], results: list) -> None:
        """Refuse results that cannot be true; this executor believes its device."""

    def size(self, device, count: int) -> int:
        """How many of ``count`` circuits go in one execution."""
        # jobs within one execution would be lost together, so a limit on jobs is one on chunks
        return self.chunk or getattr(device, "circuits_per_job", None) or max(count, 1)

    def execute(self, device, tapes: list[QuantumScript]) -> list:
        """Run circuits in one execution of a device."""
        found = qml.execute(
            tapes, device, diff_method=None, cache=False,
            mcm_method=mid_circuit_method(device, tapes),
        )  # fmt: skip
        if len(found) != len(tapes):
            raise DeviceFailure(f"The device gave {len(found)} results for {len(tapes)} circuits.")
        return list(found)

"""The one place that runs circuits on a device: circuits → results, at a known cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.devices import OneJob, mid_circuit_method, one_job
from pennylane_trainability.errors import BudgetError, DeviceFailure
from pennylane_trainability.results import Cost

__all__ = ["Executor", "cost_of"]


def cost_of(
    tapes: Sequence[QuantumScript], circuits: int | None = None, executions: int = 1
) -> Cost:
    """What running tapes costs; a broadcasted tape counts once per entry of its batch."""
    sizes = [tape.batch_size or 1 for tape in tapes]
    count = circuits if circuits is not None else sum(sizes)
    shots = sum(s * (tape.shots.total_shots or 0) for s, tape in zip(sizes, tapes, strict=True))
    return Cost(
        circuits=count, distinct_circuits=count, shots=shots, executions=executions if tapes else 0
    )


@dataclass(frozen=True, slots=True)
class Executor:
    """Runs tapes on a device, one device execution per chunk.

    Args:
        device: a PennyLane device.
        chunk: circuits per device execution; ``None`` sends everything in one, or as many as the
            device states as the most for one job.
        max_circuits: refuse more circuits than this before running any.
        max_shots: refuse more shots than this before running any.
        progress: called with ``(circuits done, circuits in all)`` after every chunk.
        one_job: send the circuits of a chunk as one job where the device has such a road
            (:func:`one_job`), instead of one by one.
    """

    device: object
    chunk: int | None = None
    max_circuits: int | None = None
    max_shots: int | None = None
    progress: Callable[[int, int], None] | None = None
    one_job: bool = True

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

    def run(self, tapes: Sequence[QuantumScript]) -> tuple:
        """Results of all tapes, in order.

        Raises:
            DeviceFailure: the device failed in a later chunk; its own error is the cause, and the
                results of the chunks before are on the exception.
        """
        device = one_job(self.device) if self.one_job else self.device
        # jobs within one execution would be lost together, so a limit on jobs is one on chunks
        size = self.chunk or getattr(device, "circuits_per_job", None) or max(len(tapes), 1)
        results: list = []
        for number, start in enumerate(range(0, len(tapes), size)):
            part = list(tapes[start : start + size])
            where = device.part(number) if isinstance(device, OneJob) else device
            try:
                results += qml.execute(
                    part,
                    where,
                    diff_method=None,
                    cache=False,
                    mcm_method=mid_circuit_method(where, part),
                )
            except Exception as error:
                if not results:
                    raise
                raise DeviceFailure(
                    f"The device failed after {len(results)} of {len(tapes)} circuits ({error}); "
                    "the results measured so far are in the attribute `completed`.",
                    tuple(results),
                    len(tapes),
                ) from error
            if self.progress is not None:
                self.progress(len(results), len(tapes))
        return tuple(results)

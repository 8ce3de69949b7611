"""Does the device drift while it measures? The same circuits in rounds, one after the other."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pennylane.measurements import CountsMP, ExpectationMP, ProbabilityMP, Shots
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Result, record
from pennylane_trainability.statistics.homogeneity import homogeneity

__all__ = ["Drift", "InterleavedExecutor"]

_RESAMPLES = 999


@record
class Drift(Result):
    """Whether rounds of the same circuits differ by more than shot noise.

    Attributes:
        p_value: how often a stable device shows as large a difference.
        alarm: the false alarm rate: drift is said at ``p ≤ alarm``, and of a stable device in at
            most this share of runs.
        ratio: Pearson's statistic of all circuits over what shot noise alone gives; its root is how
            much larger errors between rounds are than those of shots.
        rounds: how many rounds.
        circuits: circuits that were compared, each once.
        skipped: circuits that were not, because the device gave means only.
        seed: of the permutations.
    """

    p_value: float
    alarm: float
    ratio: float
    rounds: int
    circuits: int
    skipped: int
    seed: int

    @property
    def seen(self) -> bool:
        """Whether drift is said."""
        return self.p_value <= self.alarm

    def heading(self) -> str:
        """The first line that is printed."""
        if self.seen:
            return f"Drift: rounds differ by more than shot noise (p = {self.p_value:.2g})"
        return f"No drift seen (p = {self.p_value:.2g})"

    def rows(self) -> list[tuple[str, object]]:
        """Rounds, errors between them, false alarm rate."""
        compared = f"{self.rounds} rounds of {self.circuits} circuits"
        if self.skipped:
            compared += f" ({self.skipped} more gave means only)"
        return [
            ("compared", compared),
            ("errors between rounds", f"{np.sqrt(self.ratio):.3g} times those of the shots"),
            ("false alarms", f"at most {self.alarm:.3g} of runs on a stable device"),
        ]


@dataclass(frozen=True, slots=True)
class InterleavedExecutor(Executor):
    """Runs every batch in rounds, the shots divided among them, and looks for drift.

    All circuits are run with a part of their shots, then all again, and so on: a slow change of the
    device acts on every circuit alike instead of on the last ones only. What is measured is the
    pool of all rounds: no shot is lost. :meth:`drift` compares the rounds.

    Args:
        device: see :class:`Executor`.
        chunk: see :class:`Executor`.
        max_circuits: see :class:`Executor`; circuits count once per round.
        max_shots: see :class:`Executor`.
        progress: see :class:`Executor`.
        one_job: see :class:`Executor`.
        rounds: how many; every circuit needs at least as many shots.
        inner: the executor that runs the rounds, such as a :class:`RobustExecutor` or that of a
            store; ``None``: this one, with the options above.

    The ``cost`` of a result counts every circuit once.

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> executor = pt.InterleavedExecutor(rounds=4)
    >>> gradient = pt.measure_gradient(circuit, executor=executor)(np.array([0.4]))
    >>> print(executor.drift(seed=1).heading())
    No drift seen (p = 0.68)
    """

    rounds: int = 4
    inner: Executor | None = None
    _seen: list = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.rounds, bool) or not isinstance(self.rounds, int) or self.rounds < 2:
            raise ValueError(f"rounds needs a whole number ≥ 2; got {self.rounds!r}.")

    def run(self, tapes: Sequence[QuantumScript]) -> tuple:
        """Results of all tapes, in order, all rounds pooled.

        Raises:
            ReadingError: a circuit has fewer shots than there are rounds, or a shot vector, or
                returns something that cannot be pooled.
            BudgetError: the rounds cost more than the budget allows.
            DeviceFailure: see :meth:`Executor.run`; what is kept are results of rounds.
        """
        split = [self._parts(tape) for tape in tapes]
        everything = [tape.copy(shots=Shots(int(n[r]))) for r in range(self.rounds)
                      for tape, n in zip(tapes, split, strict=True)]  # fmt: skip
        self.check(cost_of(everything))
        if self.inner is None:
            found = Executor.run(self, everything)
        else:
            found = self.inner.with_device(self.device).run(everything)
        pooled = []
        for k, (tape, shots) in enumerate(zip(tapes, split, strict=True)):
            own = found[k :: len(tapes)]
            pooled.append(_pooled(tape, own, shots))
            self._seen.extend(_tables(tape, own, shots))
        return tuple(pooled)

    def drift(self, alarm: float = 0.01, seed: int | None = None) -> Drift:
        """Whether the rounds of all runs so far differ by more than shot noise.

        Args:
            alarm: how often a stable device may raise a false alarm.
            seed: of the permutations; drawn and kept if ``None``.

        Raises:
            ReadingError: nothing was run, or the device gave means only.
        """
        if not 1 / (_RESAMPLES + 1) <= alarm < 1:
            raise ValueError(
                f"alarm needs a number from {1 / (_RESAMPLES + 1):g} to 1; got {alarm!r}."
            )
        tables = [table for table in self._seen if table is not None]
        if not tables:
            why = "the device gave means only; use read_out='counts'" if self._seen else "run first"
            raise ReadingError(f"drift() compares outcomes of rounds, and there are none: {why}.")
        own = secrets.randbits(63) if seed is None else int(seed)
        found, mean, p = homogeneity(tables, _RESAMPLES, np.random.default_rng(own))
        return Drift(
            p_value=p,
            alarm=float(alarm),
            ratio=found / mean if mean else 1.0,
            rounds=self.rounds,
            circuits=len(tables),
            skipped=len(self._seen) - len(tables),
            seed=own,
        )

    def forget(self) -> None:
        """Leave out what was run so far when rounds are compared."""
        self._seen.clear()

    def _parts(self, tape: QuantumScript) -> np.ndarray:
        """Shots of a circuit in every round, ``(R,)``."""
        total = tape.shots.total_shots
        if not total or tape.shots.has_partitioned_shots or total < self.rounds:
            raise ReadingError(
                f"InterleavedExecutor divides the shots of every circuit among {self.rounds} "
                f"rounds, and a circuit has {tape.shots}. Set one number with qml.set_shots, at "
                f"least {self.rounds}."
            )
        each, rest = divmod(total, self.rounds)
        return each + (np.arange(self.rounds) < rest)


def _entries(tape: QuantumScript, result) -> list:
    if len(tape.measurements) > 1:
        return list(result)
    # plugins leave a tuple around a single measurement
    return list(result) if isinstance(result, tuple) and len(result) == 1 else [result]


def _pooled(tape: QuantumScript, results: Sequence, shots: np.ndarray):
    """What one circuit with all the shots would have returned."""
    out: list = []
    rounds = [_entries(tape, result) for result in results]
    for number, measurement in enumerate(tape.measurements):
        parts = [entries[number] for entries in rounds]
        if isinstance(measurement, CountsMP):
            if not all(isinstance(part, dict) for part in parts):
                raise ReadingError("Counts of a broadcasting axis cannot be pooled over rounds.")
            out.append({k: sum(p.get(k, 0) for p in parts) for part in parts for k in part})
        elif isinstance(measurement, (ProbabilityMP, ExpectationMP)):
            arrays = np.array([np.asarray(part, float) for part in parts])
            out.append(np.tensordot(shots / shots.sum(), arrays, 1))
        else:
            raise ReadingError(
                f"{measurement} cannot be pooled over rounds; only expectation values, "
                "probabilities and counts can."
            )
    return out[0] if len(tape.measurements) == 1 else tuple(out)


def _tables(tape: QuantumScript, results: Sequence, shots: np.ndarray) -> list:
    """Counts of every circuit, ``(R, outcomes)``; ``None`` where there are means only."""
    out: list[np.ndarray | None] = []
    rounds = [_entries(tape, result) for result in results]
    for number, measurement in enumerate(tape.measurements):
        parts = [entries[number] for entries in rounds]
        if isinstance(measurement, CountsMP):
            keys = sorted({str(key) for part in parts for key in part})
            named = [{str(key): n for key, n in part.items()} for part in parts]
            out.append(np.array([[one.get(key, 0) for key in keys] for one in named]))
        elif isinstance(measurement, ProbabilityMP):
            rows = [np.rint(np.atleast_2d(p) * n) for p, n in zip(parts, shots, strict=True)]
            out += [np.array(row) for row in zip(*rows, strict=True)]
        else:
            out.append(None)
    return out

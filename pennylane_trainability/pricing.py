"""What measured circuits will cost on a device, told before anything is run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pennylane.tape import QuantumScript

from pennylane_trainability.devices.load import jobs_of, loads_of, repetition_delay
from pennylane_trainability.results import Result, record
from pennylane_trainability.store.description import description
from pennylane_trainability.store.keys import circuit_key

__all__ = ["Price", "price_of"]

#: Seconds between repetitions where the backend states none: the default of IBM's systems.
_DELAY = 250e-6


@record
class Price(Result):
    """What an answer will cost on a device.

    Attributes:
        circuits: circuits that the device runs, repetitions and splits counted.
        distinct_circuits: circuits that differ from each other before the device splits them.
        shots: shots of all circuits together.
        jobs: jobs in which they are sent; ``None`` on devices that know no jobs.
        depth: depth of the deepest circuit as the device runs it.
        two_qubit_gates: two-qubit gates of the largest circuit as the device runs it.
        all_two_qubit_gates: of all circuits together.
        seconds: estimated time on the quantum processor; NaN where the device states no durations.
        assumption: what the estimate rests on.
        device: name of the device, and of its backend.
    """

    circuits: int
    distinct_circuits: int
    shots: int
    jobs: int | None
    depth: int
    two_qubit_gates: int
    all_two_qubit_gates: int
    seconds: float
    assumption: str
    device: str

    def heading(self) -> str:
        """The device."""
        return f"Price on {self.device}"

    def rows(self) -> list[tuple[str, object]]:
        """What is printed."""
        jobs = "none on this device" if self.jobs is None else self.jobs
        known = math.isfinite(self.seconds)
        return [
            ("circuits", f"{self.circuits:,} ({self.distinct_circuits:,} distinct)"),
            ("shots", f"{self.shots:,}"),
            ("jobs", jobs),
            ("depth", f"at most {self.depth:,}"),
            (
                "two-qubit gates",
                f"at most {self.two_qubit_gates:,} in a circuit, {self.all_two_qubit_gates:,} in "
                "all",
            ),
            ("time", f"about {self.seconds:.3g} s" if known else "unknown"),
            ("assuming", self.assumption),
        ]


def price_of(tapes: Sequence[QuantumScript], device) -> Price:
    r"""What running tapes will cost on a device; nothing is run.

    The time is :math:`\sum_c n_c (d_c + r)` with :math:`n_c` shots, the duration :math:`d_c` of the
    compiled circuit and the delay :math:`r` between repetitions.

    Args:
        tapes: circuits.
        device: a PennyLane device.

    **Cost.** Compiles every distinct circuit.

    >>> import pennylane as qml
    >>> tape = qml.tape.QuantumScript([qml.CNOT([0, 1])], [qml.probs(wires=0)], shots=10)
    >>> price = price_of([tape, tape], qml.device("default.qubit"))
    >>> price.circuits, price.distinct_circuits, price.shots, price.all_two_qubit_gates
    (2, 1, 20, 2)
    """
    keys = [circuit_key(tape) for tape in tapes]
    first = dict(zip(reversed(keys), reversed(tapes), strict=True))
    counts = Counter(keys)
    loads = dict(zip(first, loads_of(device, list(first.values())), strict=True))
    delay = repetition_delay(device)
    used = _DELAY if delay is None else delay
    circuits = shots = gates = 0
    seconds = 0.0
    for key, tape in first.items():
        own = loads[key]
        # what a device splits or expands runs each part with all shots
        share = (tape.batch_size or 1) if len(own) == 1 else 1
        n = (tape.shots.total_shots or 0) * share * counts[key]
        circuits += counts[key] * len(own) * share
        shots += n * len(own)
        gates += counts[key] * share * sum(load.two_qubit_gates for load in own)
        seconds += sum(n * (load.seconds + used) for load in own)
    every = [load for own in loads.values() for load in own]
    known = all(math.isfinite(load.seconds) for load in every)
    return Price(
        circuits=circuits,
        distinct_circuits=len(first),
        shots=shots,
        jobs=jobs_of(device, tapes),
        depth=max((load.depth for load in every), default=0),
        two_qubit_gates=max((load.two_qubit_gates for load in every), default=0),
        all_two_qubit_gates=gates,
        seconds=seconds,
        assumption=_assumption(known, used, delay is not None),
        device=description(device).name,
    )


def _assumption(known: bool, delay: float, stated: bool) -> str:
    if not known:
        return "the device states no durations of its gates"
    source = "as the backend states" if stated else "assumed, the backend states none"
    return (
        f"one repetition takes the circuit as compiled now, and {1e6 * delay:.0f} µs between "
        f"repetitions ({source}); no mitigation, no loading of circuits, no queue"
    )

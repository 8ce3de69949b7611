"""What measured circuits will cost on a device, told before anything is run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pennylane.tape import QuantumScript

from pennylane_trainability.devices.load import jobs_of, loads_of, repetition_delay
from pennylane_trainability.keys import distinct_circuits, equal_circuits
from pennylane_trainability.pricing.recording import Part
from pennylane_trainability.results import Cost, Result, record
from pennylane_trainability.store.description import description

__all__ = ["Price", "price_of", "price_of_parts"]

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
        most: what the answer may cost at most, if circuits depend on what these show first;
            ``None`` if these are all.
        stored: what a store has already, which is not part of the price; ``None`` for nothing.
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
    most: Cost | None = None
    stored: Cost | None = None

    def heading(self) -> str:
        """The device."""
        return f"Price on {self.device}"

    def rows(self) -> list[tuple[str, object]]:
        """What is printed."""
        stored = [] if self.stored is None else [("already stored", _held(self.stored))]
        if not self.circuits:
            said = "none: all are stored" if stored else "none: the answer is computed"
            return [("circuits", said), *stored]
        first = [] if self.most is None else [("first round", "later ones depend on it")]
        last = [] if self.most is None else [("at most", str(self.most))]
        jobs = "none on this device" if self.jobs is None else self.jobs
        known = math.isfinite(self.seconds)
        return [
            *first,
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
            *stored,
            *last,
        ]


def price_of(tapes: Sequence[QuantumScript], device, chunk: int | None = None) -> Price:
    r"""What running tapes will cost on a device; nothing is run.

    The time is :math:`\sum_c n_c (d_c + r)` with :math:`n_c` shots, the duration :math:`d_c` of the
    compiled circuit and the delay :math:`r` between repetitions.

    Args:
        tapes: circuits.
        device: a PennyLane device.
        chunk: circuits per device execution, which has jobs of its own; ``None`` for all.

    **Cost.** Compiles every distinct circuit.

    >>> import pennylane as qml
    >>> tape = qml.tape.QuantumScript([qml.CNOT([0, 1])], [qml.probs(wires=0)], shots=10)
    >>> price = price_of([tape, tape], qml.device("default.qubit"))
    >>> price.circuits, price.distinct_circuits, price.shots, price.all_two_qubit_gates
    (2, 1, 20, 2)
    """
    groups = equal_circuits(tapes)
    loads = loads_of(device, [tapes[own[0]] for own in groups])
    delay = repetition_delay(device)
    used = _DELAY if delay is None else delay
    circuits = shots = gates = 0
    seconds = 0.0
    for own, found in zip(groups, loads, strict=True):
        tape = tapes[own[0]]
        # what a device splits or expands runs each part with all shots
        share = (tape.batch_size or 1) if len(found) == 1 else 1
        n = (tape.shots.total_shots or 0) * share * len(own)
        circuits += len(own) * len(found) * share
        shots += n * len(found)
        gates += len(own) * share * sum(load.two_qubit_gates for load in found)
        seconds += sum(n * (load.seconds + used) for load in found)
    every = [load for found in loads for load in found]
    known = all(math.isfinite(load.seconds) for load in every)
    return Price(
        circuits=circuits,
        distinct_circuits=distinct_circuits(tapes),
        shots=shots,
        jobs=_jobs(device, tapes, chunk),
        depth=max((load.depth for load in every), default=0),
        two_qubit_gates=max((load.two_qubit_gates for load in every), default=0),
        all_two_qubit_gates=gates,
        seconds=seconds,
        assumption=_assumption(known, used, delay is not None),
        device=description(device).name,
    )


def price_of_parts(parts: Sequence[Part], device=None) -> Price:
    """What an answer will cost, whose circuits go to one device or several.

    Args:
        parts: the circuits.
        device: that of the QNode, named where no circuits are needed.
    """
    stored = sum((part.stored for part in parts), Cost())
    if stored.circuits:
        left = [replace(part, stored=Cost()) for part in parts if part.tapes]
        where = parts[0].device if device is None else device
        return replace(price_of_parts(left, where), stored=stored)
    if not parts:
        name = "no device" if device is None else description(device).name
        return Price(
            circuits=0,
            distinct_circuits=0,
            shots=0,
            jobs=None,
            depth=0,
            two_qubit_gates=0,
            all_two_qubit_gates=0,
            seconds=0.0,
            assumption="nothing is run",
            device=name,
        )
    devices = list({id(part.device): part.device for part in parts}.values())
    prices = [_on_one(where, [part for part in parts if part.device is where]) for where in devices]
    if len(prices) == 1:
        return prices[0]
    jobs = [one.jobs for one in prices if one.jobs is not None]
    most = [one.most for one in prices]
    return Price(
        circuits=sum(one.circuits for one in prices),
        distinct_circuits=sum(one.distinct_circuits for one in prices),
        shots=sum(one.shots for one in prices),
        jobs=sum(jobs) if jobs else None,
        depth=max(one.depth for one in prices),
        two_qubit_gates=max(one.two_qubit_gates for one in prices),
        all_two_qubit_gates=sum(one.all_two_qubit_gates for one in prices),
        seconds=sum(one.seconds for one in prices),
        assumption="; ".join(dict.fromkeys(one.assumption for one in prices)),
        device=", ".join(dict.fromkeys(one.device for one in prices)),
        most=sum((one.most or _cost(one) for one in prices), Cost()) if any(most) else None,
    )


def _on_one(device, parts: list[Part]) -> Price:
    """The price of all circuits for one device."""
    found = price_of([tape for part in parts for tape in part.tapes], device)
    jobs = [_jobs(device, part.tapes, part.chunk) for part in parts]
    most = None
    if any(part.most for part in parts):
        most = sum((part.most or part.cost for part in parts), Cost())
    total = sum(count for count in jobs if count is not None) if None not in jobs else None
    return replace(found, jobs=total, most=most)


def _held(stored: Cost) -> str:
    return f"{stored.circuits:,} circuits, {stored.shots:,} shots"


def _jobs(device, tapes: Sequence[QuantumScript], chunk: int | None) -> int | None:
    """Jobs of all executions."""
    size = chunk or max(len(tapes), 1)
    counts = [jobs_of(device, tapes[k : k + size]) for k in range(0, len(tapes), size)]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _cost(price: Price) -> Cost:
    return Cost(
        circuits=price.circuits, distinct_circuits=price.distinct_circuits, shots=price.shots
    )


def _assumption(known: bool, delay: float, stated: bool) -> str:
    if not known:
        return "the device states no durations of its gates"
    source = "as the backend states" if stated else "assumed, the backend states none"
    return (
        f"one repetition takes the circuit as compiled now, and {1e6 * delay:.0f} µs between "
        f"repetitions ({source}); no mitigation, no loading of circuits, no queue"
    )

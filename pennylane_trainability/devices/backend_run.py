"""The road of ``qiskit.aer`` and ``qiskit.basicsim``: one ``backend.run`` per number of shots."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

from pennylane.tape import QuantumScript

from pennylane_trainability.devices.conversion import results_of, to_qiskit
from pennylane_trainability.devices.jobs import Job, chunks, seed_of_job

__all__ = ["compiled", "send"]


def send(device, tapes: Sequence[QuantumScript], size: int | None, part: int) -> Iterator[Job]:
    """Compile everything at once and run it; a run has one number of shots.

    Args:
        device: the plugin's device behind the facade; only read.
        tapes: preprocessed circuits.
        size: circuits per run; ``None`` runs all of one number of shots together.
        part: number of this execution within an answer, for seeds.
    """
    circuits = compiled(device, tapes)
    groups: dict[int, list[int]] = {}
    for k, tape in enumerate(tapes):
        groups.setdefault(tape.shots.total_shots or device.shots, []).append(k)
    job = 0
    for shots, positions in groups.items():
        for some in chunks(positions, size):
            own = [tapes[k] for k in some]
            yield some, _run(device, own, [circuits[k] for k in some], shots, part, job)
            job += 1


def compiled(device, tapes) -> list:
    """The circuits as the backend will run them."""
    # a copy with all circuits in the place of one: the plugin's own compile, against one target
    plain = copy.copy(device)
    plain._circuit = [to_qiskit(tape, device.wires) for tape in tapes]
    plain.transpile_args = {"num_processes": 1, **device.transpile_args}
    found = plain.compile()
    for k, circuit in enumerate(found):
        circuit.name = f"circ{k}"
    return found


def _run(device, tapes, circuits, shots, part: int, job: int) -> Callable[[], list[tuple]]:
    from qiskit.primitives import BitArray

    options = dict(device.run_args)
    if "seed_simulator" in options:
        options["seed_simulator"] = seed_of_job(options["seed_simulator"], part, job)
    sent = device.backend.run(circuits, shots=shots, **options)

    def collect() -> list[tuple]:
        result, out = sent.result(), []
        for k, (tape, circuit) in enumerate(zip(tapes, circuits, strict=True)):
            memory = result.data(k)["memory"]
            table = BitArray.from_samples(memory, circuit.num_clbits).to_bool_array("little")
            bits, start = {}, 0
            for register in circuit.cregs:
                bits[register.name] = table[:, start : start + register.size]
                start += register.size
            out.append(results_of(tape, device.wires, bits))
        return out

    return collect

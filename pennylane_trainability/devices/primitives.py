"""The road of ``qiskit.remote``: one SamplerV2 job, and one EstimatorV2 job where needed."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from pennylane.measurements import ExpectationMP, VarianceMP
from pennylane.tape import QuantumScript

from pennylane_trainability.devices.conversion import on_register, results_of, to_qiskit
from pennylane_trainability.devices.jobs import Job, JobBook, chunks, seed_of_job, sent
from pennylane_trainability.devices.mid_circuit import has_mid_circuit
from pennylane_trainability.errors import ReadingError, TrainabilityWarning

__all__ = ["compiled", "is_estimated", "send"]


def send(
    device,
    tapes: Sequence[QuantumScript],
    size: int | None,
    part: int,
    *,
    mode=None,
    book: JobBook | None = None,
) -> Iterator[Job]:
    """Compile everything at once and send it; each job is sent when it is asked for.

    Args:
        device: the plugin's device; only read.
        tapes: preprocessed circuits.
        size: circuits per job; ``None`` sends all of one primitive in one.
        part: number of this execution within an answer, for seeds.
        mode: a session or batch of the runtime; ``None`` takes the device's session, if any.
        book: who remembers the ids of jobs.
    """
    estimated = [k for k, tape in enumerate(tapes) if is_estimated(tape)]
    sampled = [k for k, tape in enumerate(tapes) if not is_estimated(tape)]
    circuits = compiled(device, tapes)
    job = 0
    for positions, submit in ((sampled, _sample), (estimated, _estimate)):
        for some in chunks(positions, size):
            own = [tapes[k] for k in some]
            made = [circuits[k] for k in some]
            yield some, submit(device, own, made, part, job, mode, book)
            job += 1


def is_estimated(tape: QuantumScript) -> bool:
    """The plugin's rule; circuits with mid-circuit outcomes are always sampled."""
    if has_mid_circuit(tape) or any(m.mv is not None for m in tape.measurements):
        return False
    first = tape.measurements[0]
    return isinstance(first, (ExpectationMP, VarianceMP)) and bool(first.obs.pauli_rep)


def compiled(device, tapes) -> list:
    """The circuits as the backend will run them."""
    from qiskit.compiler import transpile

    circuits = [to_qiskit(t, device.wires, measure=not is_estimated(t)) for t in tapes]
    # one process unless the user wants more: forks do not go well with threads of other libraries
    options = {"num_processes": 1, **device._transpile_args}
    found = transpile(circuits, backend=device.compile_backend, **options)
    for k, circuit in enumerate(found):
        circuit.name = f"circ{k}"
    return found


def _sample(device, tapes, circuits, part: int, job: int, mode, book) -> Callable[[], list[tuple]]:
    from qiskit_ibm_runtime import EstimatorV2, SamplerV2

    sampler = SamplerV2(mode=mode or device.session or device.backend)
    sampler.options.update(**_options(device, sampler, EstimatorV2, part, job))
    shots = [tape.shots.total_shots for tape in tapes]
    blocks = [(c, None, s) for c, s in zip(circuits, shots, strict=True)]
    waited = sent(book, job, lambda: sampler.run(blocks))

    def collect() -> list[tuple]:
        out = []
        for tape, circuit, result in zip(tapes, circuits, waited.result(), strict=True):
            names = [register.name for register in circuit.cregs]
            bits = {name: result.data[name].to_bool_array(order="little") for name in names}
            out.append(results_of(tape, device.wires, bits))
        return out

    return collect


def _estimate(
    device, tapes, circuits, part: int, job: int, mode, book
) -> Callable[[], list[tuple]]:
    from pennylane_qiskit.converter import mp_to_pauli
    from qiskit_ibm_runtime import EstimatorV2, SamplerV2

    estimator = EstimatorV2(mode=mode or device.session or device.backend)
    estimator.options.update(**_options(device, estimator, SamplerV2, part, job))
    n, blocks = len(device.wires), []
    for tape, circuit in zip(tapes, circuits, strict=True):
        paulis = [mp_to_pauli(m, n) for m in on_register(tape, device.wires).measurements]
        precision = np.sqrt(1 / tape.shots.total_shots) if tape.shots else None
        blocks.append((circuit, [p.apply_layout(circuit.layout) for p in paulis], None, precision))
    waited = sent(book, job, lambda: estimator.run(blocks))

    def collect() -> list[tuple]:
        read = device._process_estimator_job
        return [
            read(tape.measurements, [result])
            for tape, result in zip(tapes, waited.result(), strict=True)
        ]

    return collect


def _options(device, primitive, other, part: int, job: int) -> dict:
    """The user's options as far as this primitive knows them.

    Raises:
        ReadingError: neither primitive knows an option.
    """
    given = copy.deepcopy(device._kwargs)
    known = {field.name for field in dataclasses.fields(primitive.options)}
    elsewhere = {field.name for field in dataclasses.fields(other._options_class)}
    foreign = [name for name in given if name not in known]
    if unknown := [name for name in foreign if name not in elsewhere]:
        raise ReadingError(
            f"{unknown} are options neither of transpile nor of a primitive of Qiskit. Remove them "
            "from the device; a primitive knows "
            f"{sorted(name for name in known if not name.startswith('_'))}."
        )
    if foreign:
        warnings.warn(
            f"{foreign} are options of {other.__name__} and do nothing for the circuits sent to "
            f"{type(primitive).__name__}.",
            TrainabilityWarning,
            stacklevel=2,
        )
    simulator = given.get("simulator")
    if isinstance(simulator, dict) and "seed_simulator" in simulator:
        simulator["seed_simulator"] = seed_of_job(simulator["seed_simulator"], part, job)
    return {name: value for name, value in given.items() if name in known}

"""How long it takes to make the circuits of a gradient, beside ``qml.gradients.param_shift``."""

from __future__ import annotations

import json
import time

import numpy as np
from fresh import in_fresh_processes

#: Cases, and the shots of every circuit when results are read.
CASES = ("slpa", "hea", "iqp", "iqp-all", "ising", "ising-energy")
SHOTS = 1000
METHODS = ("param_shift", "commuting_grad", "dla_grad", "measured_grad")


def child(case: str, method: str, repeats: int) -> None:
    """Time one method on one circuit in this process and print one line of JSON.

    The first call is "cold"; the following ones have the structure of the first and other
    parameters. ``load`` is what it takes to import the modules that plan circuits, which the
    package does when they are needed first; it is part of the first call of a user.
    """
    import pennylane as qml
    from ansaetze import ANSAETZE

    ansatz = ANSAETZE[case]
    transform = getattr(qml.gradients, method)
    tapes = [scalar(ansatz.tape(seed, SHOTS)) for seed in range(repeats + 1)]
    load = 0.0
    if method != "param_shift":
        start = time.process_time()
        from pennylane_trainability.transforms.gradient_circuits import (  # noqa: F401
            answer,
            expansion,
            second_order,
        )

        if method != "commuting_grad":  # the only one that needs no Lie algebra
            from pennylane_trainability.transforms.gradient_circuits import (  # noqa: F401
                adjoint_action,
            )

        load = time.process_time() - start
    times = []
    for tape in tapes:
        start = time.process_time()
        made, post = transform(tape)
        times.append(time.process_time() - start)
    results = [random_results(tape, np.random.default_rng(0)) for tape in made]
    posts = []
    for _ in range(repeats or 1):
        start = time.process_time()
        post(results)
        posts.append(time.process_time() - start)
    found = {
        "circuits": len(made), "load": load, "post": min(posts),
        "cold": times[0], "cpu": times[0], "warm": min(times[1:], default=None), "peak": 0.0,
    }  # fmt: skip
    print(json.dumps(found))


def scalar(tape):
    """The circuit in rotations with one parameter each, all of them trainable.

    Templates are decomposed here, so that nobody is timed with it.
    """
    import pennylane as qml

    [plain], _ = qml.transforms.decompose(
        tape, stopping_condition=lambda op: not op.num_params or np.ndim(op.data[0]) == 0
    )
    plain.trainable_params = list(range(len(plain.par_info)))
    return plain


def random_results(tape, rng):
    """What a device might return: outcomes at random, because nobody simulates 100 wires."""
    [measurement] = tape.measurements
    kind, n = type(measurement).__name__, len(measurement.wires)
    if kind == "ExpectationMP":
        return float(rng.uniform(-1, 1))
    if kind == "ProbabilityMP":
        return rng.multinomial(SHOTS, np.full(2**n, 0.5**n)) / SHOTS
    bits, times = np.unique(rng.integers(0, 2, (SHOTS, n)), axis=0, return_counts=True)
    return {"".join(map(str, row)): int(t) for row, t in zip(bits, times, strict=True)}


def overhead(script: str, tries: int, repeats: int, quick: bool, only=None) -> None:
    """The table: every method on every circuit, or on some, in fresh processes."""
    from ansaetze import ANSAETZE

    print("\nprocessor time to make the circuits of one gradient, one thread")
    for case in only or (CASES[:2] if quick else CASES):
        ansatz = ANSAETZE[case]
        print(f"\n{ansatz.name}: {ansatz.wires} wires, {ansatz.size:,} parameters")
        print(
            f"{'':16s}{'circuits':>9s}{'loading':>10s}{'first':>10s}{'again':>10s}{'reading':>10s}"
            f"{'cold ratio':>12s}{'first ratio':>12s}{'again ratio':>12s}"
        )
        reference = None
        for method in METHODS:
            count = tries if ansatz.size < 200 else 1
            found = in_fresh_processes(script, [case, method, repeats], count, 300)
            if isinstance(found, str):
                print(f"{method:16s}not available: {found}", flush=True)
                continue
            reference = reference or found
            print(f"{method:16s}{line(found, reference)}", flush=True)


def line(found, reference) -> str:
    """One method: milliseconds, and how much of the time of the first method it takes."""
    last, cold = found.last, found.cold
    cells = "".join(
        f"{1e3 * seconds:8.1f}ms" for seconds in (last["load"], cold, found.warm, last["post"])
    )
    whole = (last["load"] + cold) / reference.cold
    ratios = (whole, cold / reference.cold, found.warm / reference.warm)
    return f"{last['circuits']:9,}{cells}" + "".join(f"{ratio:12.2f}" for ratio in ratios)

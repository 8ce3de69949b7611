"""The example of Chinzei et al.: circuits of one gradient, and its error at equal total shots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from fast_states import exact as fast_states
from fast_states import sampled
from symmetric_function import OBSERVABLE, N, product_states, tape_of

import pennylane_trainability as pt

TOTAL = 24_000
CIRCUITS = {"SLPA": "stabilizer-logical product", "SC": "symmetric", "NSC": "non-symmetric"}


@dataclass(frozen=True)
class Way:
    """A gradient transform with its options, and whether it is run or only counted."""

    name: str
    transform: Callable
    options: dict
    run: bool = True


WAYS = (
    Way("qml.gradients.param_shift", qml.gradients.param_shift, {}),
    Way("qml.gradients.hadamard_grad", qml.gradients.hadamard_grad, {"aux_wire": N}),
    Way("commuting_grad", pt.commuting_grad, {}),
    Way("dla_grad", pt.dla_grad, {}),
    Way("dla_grad, qubit-wise", pt.dla_grad, {"grouping": "qubit-wise"}),
    Way("measured_grad, shift", pt.measured_grad, {"method": "shift"}, run=False),
    Way("measured_grad, hadamard", pt.measured_grad, {"method": "hadamard"}, run=False),
)


def accuracy(repeats: int, quick: bool, seed: int = 2406) -> dict:
    """Print circuits and errors of all ways.

    Args:
        repeats: points, each with new parameters and a new product state, the same for all ways;
            a quarter of them for the circuits without the symmetric blocks.
        quick: only the first circuit.
        seed: of the points.

    Returns:
        ``{(circuit, way): ratio of the squared errors to parameter shift, and its interval}``.
    """
    ratios = {}
    for circuit in list(CIRCUITS)[:1] if quick else CIRCUITS:
        ways = [way for way in WAYS if not quick or way.options.get("grouping") is None]
        counts = {way.name: len(tapes_of(way, *point(circuit, seed))[0]) for way in ways}
        run = [way for way in ways if way.run]
        count = repeats if circuit == "SLPA" else max(1, repeats // 4)
        errors = np.array([errors_of(circuit, run, counts, seed + k) for k in range(count)])
        print(f"\n{heading(circuit, seed)}\n{TOTAL:,} shots in all, {count} points")
        print(f"{'':32s}{'circuits':>9s}{'shots each':>12s}{'error²':>10s}{'ratio [95 %]':>22s}")
        for way in ways:
            line = f"{way.name:32s}{counts[way.name]:9d}"
            if way.run:
                own = errors[:, run.index(way)]
                ratios[circuit, way.name] = interval(errors[:, 0], own, seed)
                best, low, high = ratios[circuit, way.name]
                line += f"{TOTAL // counts[way.name]:12,}{own.mean():10.2e}"
                line += f"{f'{best:.1f} [{low:.1f}, {high:.1f}]':>22s}"
            print(line, flush=True)
    return ratios


def point(circuit: str, seed: int) -> tuple:
    """A tape at random parameters behind a random product state, and where outcomes start."""
    rng = np.random.default_rng(seed)
    [state] = product_states(rng, 1)
    return tape_of(circuit, state, rng.uniform(0, 2 * np.pi, 96), None), rng


def tapes_of(way: Way, tape, rng=None, shots: int | None = None):
    return way.transform(tape.copy(shots=shots), **way.options)


def errors_of(circuit: str, ways: list[Way], counts: dict, seed: int) -> list[float]:
    """Mean squared error of the 96 derivatives, for every way."""
    tape, rng = point(circuit, seed)
    tapes, post = qml.gradients.param_shift(tape)
    exact = np.array(post(results_of(tapes)))
    found = []
    for way in ways:
        tapes, post = tapes_of(way, tape, shots=TOTAL // counts[way.name])
        found.append(float(np.mean((np.array(post(results_of(tapes, rng))) - exact) ** 2)))
    return found


def results_of(tapes, rng=None) -> list:
    """What a noiseless device returns; outcomes are drawn if there is something to draw from."""
    read = [outcomes_of(tape) for tape in tapes]
    found = sampled([tape for tape, _ in read], rng) if rng else fast_states([t for t, _ in read])
    return [p if values is None else values @ p for (_, values), p in zip(read, found, strict=True)]


def outcomes_of(tape) -> tuple:
    """The tape with its observable read as probabilities, and the eigenvalues; or as it is."""
    [measurement] = tape.measurements
    if measurement.obs is None:
        return tape, None
    observable = measurement.obs
    gates = [*tape.operations, *observable.diagonalizing_gates()]
    asked = [qml.probs(wires=observable.wires)]
    return qml.tape.QuantumScript(gates, asked, shots=tape.shots), observable.eigvals()


def heading(circuit: str, seed: int) -> str:
    """Expressivity and gradient measurement efficiency of one of the circuits."""
    tape, _ = point(circuit, seed)

    @qml.qnode(qml.device("default.qubit", wires=N))
    def qnode(weights):
        for op, angle in zip(tape.operations[1:], weights, strict=True):
            qml.ops.functions.bind_new_parameters(op, [angle])
        return qml.expval(OBSERVABLE)

    found = pt.gradient_efficiency(qnode, seed=1)(np.zeros(96))
    return (
        f"{circuit} ({CIRCUITS[circuit]}), 96 parameters, {len(found.groups)} commuting sets, "
        f"Lie algebra of dimension {found.dimension}"
    )


def interval(reference: np.ndarray, own: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Ratio of mean errors, with a bootstrap interval over the points."""
    drawn = np.random.default_rng(seed).integers(0, len(own), (2000, len(own)))
    ratios = reference[drawn].mean(1) / own[drawn].mean(1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(reference.mean() / own.mean()), float(low), float(high)

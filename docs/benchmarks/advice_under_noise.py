"""Does the advice about shapes survive shots and noise? E = 4, one parameter point per shape.

``python docs/benchmarks/advice_under_noise.py`` measures the coefficient Jacobian and the
coefficients of the shapes (1, 4), (2, 2) and (4, 1) with 1,000 and 10,000 shots per circuit, on
``default.qubit`` and on ``qiskit.remote`` with ``FakeManilaV2``, one job per shape and number of
shots. Every shape is taken at the one of 101 draws whose σ_K is the median, so that the exact
values there are in the order of the medians that advice is based on.

Bounds at 95 % cover shot noise only: singular values ± the noise floor (Weyl), the output scale ±
the size of resampled errors of the coefficients. Two shapes are ranked if their bounds do not
overlap, and the ranking is right if the exact values have the same order. Extrapolated shots take
the floors as they are here: they fall with the square root of the number of shots.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pennylane as qml

import pennylane_trainability as pt
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.diagnostics.measure import measure_series
from pennylane_trainability.statistics.noise_floor import NoiseFloor, gaussian_resamples

BUDGET = 4
SHAPES = ((1, 4), (2, 2), (4, 1))
SHOTS = (1_000, 10_000)
QUANTITIES = ("σ_1", "σ_K", "condition", "output scale")
FAKE = "FakeManilaV2"


@dataclass(frozen=True)
class Seen:
    """One shape on one device.

    Attributes:
        values: quantity → (estimate, lower bound, upper bound).
        rank: lower bound on the rank.
        floor: the noise floor; ``None`` for exact values.
        jobs: jobs sent; ``None`` where the device has none.
        circuits: circuits run.
        seconds: how long it took.
    """

    values: dict[str, tuple[float, float, float]]
    rank: int
    floor: NoiseFloor | None = None
    jobs: int | None = None
    circuits: int = 0
    seconds: float = 0.0


def singular_values(jacobian: np.ndarray) -> np.ndarray:
    """Of the matrix rows × parameters, descending."""
    return np.linalg.svd(jacobian.reshape(len(jacobian), -1), compute_uv=False)


def point(shape: tuple[int, int], seed: int) -> np.ndarray:
    """The weights, of 101 draws, at which σ_K is the median."""
    model = pt.template_builder()(*shape)
    draws = np.random.default_rng([seed, *shape]).uniform(0, 2 * np.pi, (101, *model.args[1].shape))
    jacobian = qml.transforms.coefficient_jacobian(model.qnode, encoding_args="x")
    smallest = [singular_values(jacobian(0.0, w))[-1] for w in draws]
    return draws[np.argsort(smallest)[50]]


def exactly(shape: tuple[int, int], weights: np.ndarray) -> Seen:
    """The same quantities without noise."""
    qnode = pt.template_builder()(*shape).qnode
    jacobian = qml.transforms.coefficient_jacobian(qnode, encoding_args="x")(0.0, weights)
    rows = pt.fourier_rows(qnode, "x")(0.0, weights).values[0]
    sigma = singular_values(jacobian)
    scale = np.linalg.norm(rows[1:])
    found = zip(QUANTITIES, (sigma[0], sigma[-1], sigma[0] / sigma[-1], scale), strict=True)
    rank = int(np.sum(sigma > 1e-9 * sigma[0]))
    return Seen({name: (float(v), float(v), float(v)) for name, v in found}, rank)


def device_of(name: str, n_wires: int, seed: int):
    """A device with a seed for its shots and for where the compiler places circuits."""
    if name == "default.qubit":
        return qml.device(name, wires=n_wires, seed=seed)
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    options = {"simulator": {"seed_simulator": seed}}
    placed = {"seed_transpiler": seed, "options": options}
    return qml.device("qiskit.remote", wires=n_wires, backend=FakeManilaV2(), **placed)


def measured(name: str, shape: tuple[int, int], weights, shots: int, seed: int) -> Seen:
    """Jacobian and coefficients from one device execution."""
    device = device_of(name, shape[0], seed)
    model = pt.template_builder(device=lambda _: device)(*shape)
    model = pt.Model(qml.set_shots(model.qnode, shots=shots), (0.0, weights), encoding_args="x")
    start = time.perf_counter()
    with qml.Tracker(device) as tracker:
        found = measure_series(series_of(model.read()), model.qnode, pt.Executor(device), seed=seed)
    seconds = time.perf_counter() - start
    floor = found.noise_floor(n_resamples=999)
    low, high = floor.bounds()
    ratio = float(high[0] / low[-1]) if low[-1] > 0 else np.inf
    values = {
        "σ_1": (floor.values[0], low[0], high[0]),
        "σ_K": (floor.values[-1], low[-1], high[-1]),
        "condition": (floor.values[0] / floor.values[-1], low[0] / high[-1], ratio),
        "output scale": scale_of(found, np.random.default_rng(seed)),
    }
    jobs = tracker.totals.get("jobs")
    circuits = found.cost.circuits
    return Seen(values, floor.rank(), floor, jobs, circuits, seconds)


def scale_of(found, rng) -> tuple[float, float, float]:
    """√Σ of the squared coefficients; off by at most the size of their errors."""
    # circuit 0 is the one without a shift
    matrix = found.errors.matrix
    covariance = (matrix * found.errors.variances[0, :, 0]) @ matrix.T
    root = np.linalg.cholesky(covariance + 1e-15 * np.eye(len(covariance)))
    errors = gaussian_resamples(np.zeros((1, len(root))), 1.0, 999, rng)[:, 0] @ root.T
    reach = np.quantile(np.linalg.norm(errors[:, 1:], axis=1), 0.96)  # as the floor, a reserve
    scale = np.linalg.norm(found.coefficients[0, 1:])
    return float(scale), float(max(scale - reach, 0)), float(scale + reach)


def verdict(seen: list[Seen], exact: list[Seen], name: str) -> str:
    """How many pairs of shapes are ranked, and how many of those rightly."""
    ranked, right = 0, 0
    pairs = list(itertools.combinations(range(len(seen)), 2))
    for i, j in pairs:
        (_, low_i, high_i), (_, low_j, high_j) = seen[i].values[name], seen[j].values[name]
        if high_i < low_j or high_j < low_i:
            ranked += 1
            right += (high_i < low_j) == (exact[i].values[name][0] < exact[j].values[name][0])
    return f"{ranked} of {len(pairs)} pairs ranked" + (f", {right} rightly" if ranked else "")


def apart(one: NoiseFloor, other: NoiseFloor, gap: float) -> float:
    """How many times the shots make two intervals of values this far apart not overlap.

    The estimates are off by as much as the floors, so the gap has to be twice their sum.
    """
    return (2 * (one.floor() + other.floor()) / gap) ** 2


def missed(seen: list[Seen], exact: list[Seen]) -> list[str]:
    """Which exact values the bounds miss: what noise other than that of shots does."""
    return [
        f"{name} of {shape}"
        for name in QUANTITIES
        for shape, one, true in zip(SHAPES, seen, exact, strict=True)
        if not one.values[name][1] <= true.values[name][0] <= one.values[name][2]
    ]


def cell(value: tuple[float, float, float]) -> str:
    """Estimate and bounds."""
    middle, low, high = value
    return f"{middle:.3g}" if low == high else f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def show(title: str, seen: list[Seen], exact: list[Seen]) -> None:
    """One block of the table."""
    print(f"\n{title}")
    print(f"{'shape':8}" + "".join(f"{q:>24}" for q in QUANTITIES) + f"{'rank':>8}{'floor':>9}")
    for shape, one in zip(SHAPES, seen, strict=True):
        cells = "".join(f"{cell(one.values[q]):>24}" for q in QUANTITIES)
        rank = f"{one.rank}" if one.floor is None else f"≥ {one.rank}"
        floor = "" if one.floor is None else f"{one.floor.floor():.3f}"
        print(f"{shape!s:8}{cells}{rank:>8}{floor:>9}", flush=True)
    if seen is exact:
        return
    for name in QUANTITIES:
        print(f"  {name}: {verdict(seen, exact, name)}")
    floors = [one.floor for one in seen if one.floor is not None]
    sigmas = [one.values["σ_K"][0] for one in exact]
    above = [floor.shots_factor(size) for floor, size in zip(floors, sigmas, strict=True)]
    text = ", ".join(f"{s} {n:.2g}" for s, n in zip(SHAPES, above, strict=True))
    print(f"  times the shots to tell the exact σ_K from 0: {text}")
    text = ", ".join(
        f"{SHAPES[i]}–{SHAPES[j]} {apart(floors[i], floors[j], sigmas[i] - sigmas[j]):.2g}"
        for i, j in itertools.combinations(range(len(seen)), 2)
    )
    print(f"  times the shots to rank the exact σ_K: {text}")
    print(f"  exact values outside the bounds: {', '.join(missed(seen, exact)) or 'none'}")
    jobs = [one.jobs for one in seen if one.jobs is not None]
    sent = f", jobs per shape {jobs}" if jobs else ""
    circuits, seconds = [one.circuits for one in seen], sum(one.seconds for one in seen)
    print(f"  circuits per shape {circuits}{sent}, {seconds:.0f} s", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the parameter points")
    parser.add_argument("--device-seed", type=int, default=1, help="of shots and compiler")
    parser.add_argument("--no-backend", action="store_true", help="leave the fake backend out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    weights = {shape: point(shape, options.seed) for shape in SHAPES}
    exact = [exactly(shape, weights[shape]) for shape in SHAPES]
    show("exact", exact, exact)
    for device in ("default.qubit", *(() if options.no_backend else (FAKE,))):
        for shots in SHOTS:
            seed = options.device_seed
            seen = [measured(device, s, weights[s], shots, seed) for s in SHAPES]
            show(f"{device}, {shots:,} shots per circuit", seen, exact)


if __name__ == "__main__":
    main()

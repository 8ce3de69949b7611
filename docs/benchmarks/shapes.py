"""Does the shape (N, L) of a re-uploading circuit govern how well it trains?

``python docs/benchmarks/shapes.py --workers 2`` fits random trigonometric polynomials of degree
E = N·L, and the airline series, with all shapes of E = 4, 6, 8 and those with N ≤ 4 of E = 12; for
the wide shapes of E = 12 only spectra of J are computed. Every fit has its own target and its own
start, so fits are independent trials. Finished cases are kept in a file (``--records``); the same
command goes on from there. ``--full`` takes twice the targets and Adam at every E up to 8;
``--quick`` takes seconds; ``--picture PNG`` draws the success rates.
"""

# ruff: noqa: E402 (the variables below must be set before NumPy is loaded)
from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from grid import Case, key_of, parser_of, run
from shape_tables import AMPLITUDES, draw, print_fits, print_ranks, print_spectra
from target_fits import SEED, THRESHOLD, airline, basis, fits, grid, polynomials, reading_of

#: Targets of Adam, which takes many more steps.
ADAM = 40
#: Widest shape that is trained, per block and budget.
WIDEST = {"rot-ring": {4: 4, 6: 6, 8: 8, 12: 4}, "special-unitary": {4: 3, 6: 3, 8: 3, 12: 3}}


def shapes_of(budget: int) -> list[tuple[int, int]]:
    return [(n, budget // n) for n in range(1, budget + 1) if budget % n == 0]


def matched_blocks(budget: int) -> dict[tuple[int, int], int]:
    """Shape → number of blocks that brings P = 3N(L + 1)B closest to the largest at B = 1."""
    largest = max(3 * n * (layers + 1) for n, layers in shapes_of(budget))
    return {
        (n, layers): min(range(1, 9), key=lambda b: abs(3 * n * (layers + 1) * b - largest))
        for n, layers in shapes_of(budget)
    }


def cases_of(quick: bool, full: bool) -> list[Case]:
    """Spectra first, then fits by wire and budget."""
    budgets = (2,) if quick else (4, 6, 8, 12)
    targets = {2: 4, 4: 100, 6: 100, 8: 100, 12: 40}
    spectra, trained = [], []
    for block in ("rot-ring",) if quick else WIDEST:
        for budget in budgets:
            count = targets[budget] * (2 if full else 1)
            spectra += spectra_of(block, budget, 8 if quick else 100)
            trained += fits_of(block, budget, count, full)
    trained.sort(key=lambda case: (case["wire"] == "first", case["N"] * case["L"]))
    return spectra + trained


def spectra_of(block: str, budget: int, count: int) -> list[Case]:
    limit = 3 if block == "special-unitary" else budget
    return [
        {"kind": "spectrum", "block": block, "N": n, "L": layers, "B": 1, "wire": w, "draws": count}
        for n, layers in shapes_of(budget)
        if n <= limit
        for w in wires_of(block, n)
    ]


def wires_of(block: str, n: int) -> tuple[str, ...]:
    """Wires that differ: none on one wire, nor by symmetry where a block treats all alike."""
    return ("last",) if n == 1 or block == "special-unitary" else ("last", "first")


def fits_of(block: str, budget: int, count: int, full: bool) -> list[Case]:
    widest = WIDEST[block].get(budget, budget)
    found = []
    for n, layers in shapes_of(budget):
        if n > widest:
            continue
        shape = {"kind": "fit", "block": block, "N": n, "L": layers}
        for wire in wires_of(block, n):
            found += fit_cases(shape, 1, wire, count, "lm")
        more = matched_blocks(budget)[n, layers]
        if block == "rot-ring" and budget <= 8 and more > 1:
            found += fit_cases(shape, more, "last", count, "lm")
        if block == "rot-ring" and (budget == 4 or (full and budget <= 8)):
            found += fit_cases(shape, 1, "last", ADAM * (2 if full else 1), "adam")
    return found


def fit_cases(shape: Case, blocks: int, wire: str, count: int, method: str) -> list[Case]:
    """With and without read-out; a fitted gain makes the amplitude of the target immaterial."""
    end = {"B": blocks, "wire": wire, "method": method, "targets": count}
    return [{**shape, **end, "readout": readout} for readout in ("none", "affine")]


def work(case: Case) -> dict:
    """Everything about one case."""
    return spectrum(case) if case["kind"] == "spectrum" else trained(case)


def spectrum(case: Case) -> dict:
    """Medians over random parameters, as in ``compare_shapes``."""
    import pennylane_trainability as pt

    n, layers = case["N"], case["L"]
    build = pt.template_builder(case["block"], case["wire"])
    row = pt.compare_shapes(
        circuits=[build(n, layers)], n_draws=case["draws"], seed=SEED, matched=False
    ).shapes[0]
    medians = {
        name: [getattr(row, name).value, getattr(row, name).low, getattr(row, name).high]
        for name in ("sigma_k", "condition", "output_scale")
    }
    counts = {"P": row.n_parameters, "rank": int(row.space.rank), "dead": len(row.space.dead)}
    # frequencies that no parameter moves at any draw
    silent = np.flatnonzero(row.strength.max(axis=0) < 1e-9).tolist()
    return {**counts, "silent": silent, **medians}


def trained(case: Case) -> dict:
    """R² and steps of the fits to all targets at all amplitudes, and to the airline series."""
    budget, affine = case["N"] * case["L"], case["readout"] == "affine"
    reading = reading_of(case["block"], case["N"], case["L"], case["B"], case["wire"])
    inputs = grid(budget)
    shapes = polynomials(budget, case["targets"], inputs)
    sizes = (1.0,) if affine else AMPLITUDES
    found: dict = {"P": reading.circuit.n_parameters, "fits": {}}
    stacked = np.concatenate([size * shapes for size in sizes])
    every = fits(reading, inputs, stacked, affine, case["method"], key_of(case))
    for index, size in enumerate(sizes):
        part = slice(index * len(shapes), (index + 1) * len(shapes))
        name = "any" if affine else str(size)
        found["fits"][name] = {what: values[part] for what, values in every.items()}
    months, means, _ = airline()
    many = np.tile(means, (case["targets"], 1))
    name = key_of(case) + " airline"
    found["fits"]["airline"] = fits(reading, months, many, affine, case["method"], name)
    return found


def without_highest(budget: int, count: int) -> int:
    """How many targets a circuit could fit to R² ≥ 0.95 if it lacked the frequency E alone."""
    values = polynomials(budget, count, grid(budget))
    power = np.abs(np.fft.rfft(values, axis=1)[:, 1 : budget + 1]) ** 2
    return int(np.sum(power[:, -1] <= (1 - THRESHOLD) * power.sum(axis=1)))


def main() -> None:
    """Compute, print, draw."""
    options = parser_of(__doc__, "shapes").parse_args()
    cases = cases_of(options.quick, options.full)
    found = run(cases, work, options.records, options.workers, options.budget)
    records = list(found.values())
    print(f"seed {SEED}, {len(records)} of {len(cases)} cases")
    months, means, most = airline()
    print(f"monthly means reach R² = {most:.4f} on the airline series")
    print(f"the largest of them is {np.max(np.abs(means)):.2f}")
    for degree in (3, 4, 6):
        terms = basis(degree, months).T
        missed = means - terms @ np.linalg.lstsq(terms, means, rcond=1e-10)[0]
        reached = 1 - np.var(missed) / np.var(means)
        print(f"a series of degree {degree} reaches R² = {reached:.4f} on the monthly means")
    counts = {c["N"] * c["L"]: c["targets"] for c in cases if c.get("method") == "lm"}
    for budget, count in counts.items():
        few = without_highest(budget, count)
        print(f"E = {budget}: {few} of {count} targets reach R² 0.95 without their frequency E")
    print_spectra(records)
    print_fits(records)
    print_ranks(records)
    if options.picture:
        draw(records, options.picture)


if __name__ == "__main__":
    main()

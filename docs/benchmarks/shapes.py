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
from grid import Case, key_of, parser_of, run, say, table
from target_fits import SEED, airline, fits, grid, polynomials, reading_of

AMPLITUDES = (0.2, 0.4, 1.0)
#: Targets of Adam, which takes many more steps.
ADAM = 40
#: Widest shape that is trained, per block and budget.
WIDEST = {"rot-ring": {4: 4, 6: 6, 8: 8, 12: 4}, "special-unitary": {4: 3, 6: 3, 8: 3, 12: 3}}
NAMES = {"rot-ring": "Rot on every wire + ring", "special-unitary": "SU(2^N)"}


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
    """Spectra first, then fits, small circuits first."""
    budgets = (2,) if quick else (4, 6, 8, 12)
    targets = {2: 4, 4: 100, 6: 100, 8: 100, 12: 40}
    blocks = ("rot-ring",) if quick else tuple(WIDEST)
    spectra, trained = [], []
    for budget in budgets:
        count = targets[budget] * (2 if full else 1)
        for block in blocks:
            spectra += spectra_of(block, budget, 8 if quick else 100)
            trained += fits_of(block, budget, count, full)
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
    return {**counts, **medians}


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


# ------------------------------------------------------------------------------------- tables


def rate(fit: dict) -> tuple[float, float, float]:
    """Share of fits at R² ≥ 0.95, with Wilson's interval."""
    from pennylane_trainability.fitting import success_rate

    found = success_rate(np.array([step is not None for step in fit["steps"]]))
    return found.value, found.low, found.high


def cell(fit: dict | None) -> str:
    """``success % [interval] steps``."""
    if fit is None:
        return "–"
    value, low, high = (100 * share for share in rate(fit))
    steps = [step for step in fit["steps"] if step is not None]
    median = f" {np.median(steps):.0f}" if steps else " –"
    return f"{value:.0f} [{low:.0f}, {high:.0f}]{median}"


def shape_name(case: Case) -> str:
    return f"({case['N']}, {case['L']})" + (f" B={case['B']}" if case["B"] > 1 else "")


def print_spectra(records: list[dict]) -> None:
    for block in NAMES:
        rows = []
        for record in records:
            case = record["case"]
            if case["kind"] != "spectrum" or case["block"] != block:
                continue
            budget = case["N"] * case["L"]
            low_high = [
                f"{v:.2g} [{low:.2g}, {high:.2g}]"
                for v, low, high in (record[k] for k in ("sigma_k", "condition", "output_scale"))
            ]
            counts = [f"{record['rank']}/{2 * budget + 1}", str(record["dead"])]
            name = [str(budget), shape_name(case), case["wire"], str(record["P"])]
            rows.append([*name, *counts, *low_high])
        if rows:
            header = ["E", "shape", "Z on", "P", "rank/K", "dead"]
            header += ["σ_K", "condition", "output scale"]
            table(f"Spectra of J at random parameters: {NAMES[block]}", header, rows)


def print_fits(records: list[dict]) -> None:
    for block in NAMES:
        for method in ("lm", "adam"):
            chosen = [
                r
                for r in records
                if r["case"]["kind"] == "fit"
                and (r["case"]["block"], r["case"]["method"]) == (block, method)
            ]
            if not chosen:
                continue
            rows = [row_of(name, chosen) for name in dict.fromkeys(map(row_key, chosen))]
            header = ["E", "shape", "Z on", "P", "trials", *(f"A={a}" for a in AMPLITUDES)]
            header += ["gain fitted", "airline", "airline, gain"]
            words = {"lm": "Levenberg-Marquardt", "adam": "Adam"}[method]
            title = f"{words}, {NAMES[block]}: % with R² ≥ 0.95 [95 %], median steps"
            table(title, header, rows)


def row_key(record: dict) -> tuple:
    case = record["case"]
    return case["N"] * case["L"], shape_name(case), case["wire"], record["P"], case["targets"]


def row_of(name: tuple, records: list[dict]) -> list[str]:
    both = {r["case"]["readout"]: r["fits"] for r in records if row_key(r) == name}
    none, affine = both.get("none", {}), both.get("affine", {})
    cells = [cell(none.get(str(a))) for a in AMPLITUDES] + [cell(affine.get("any"))]
    cells += [cell(none.get("airline")), cell(affine.get("airline"))]
    return [str(part) for part in name] + cells


# ------------------------------------------------------------------------------------ picture


def draw(records: list[dict], path) -> None:
    """Success rates of the shapes, one panel per budget."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [
        r
        for r in records
        if r["case"]["kind"] == "fit"
        and (r["case"]["block"], r["case"]["method"]) == ("rot-ring", "lm")
        and (r["case"]["wire"], r["case"]["B"]) == ("last", 1)
    ]
    budgets = sorted({r["case"]["N"] * r["case"]["L"] for r in chosen})
    figure, axes = plt.subplots(1, len(budgets), figsize=(2.6 * len(budgets), 3.1), sharey=True)
    series = [*((str(a), f"A = {a}") for a in AMPLITUDES), ("any", "gain fitted")]
    marks = zip(series, ("#56B4E9", "#0072B2", "#D55E00", "#000000"), "osDx", strict=True)
    for number, ((name, label), colour, mark) in enumerate(marks):
        for ax, budget in zip(np.atleast_1d(axes), budgets, strict=True):
            here = [r for r in chosen if r["case"]["N"] * r["case"]["L"] == budget]
            here = [r for r in here if name in r["fits"]]
            values, low, high = (100 * np.array([rate(r["fits"][name]) for r in here])).T
            place = np.arange(len(here)) + 0.06 * (number - 1.5)
            bars = np.maximum([values - low, high - values], 0)  # rounding at 0 and 100 %
            ax.errorbar(place, values, bars, color=colour, marker=mark, ms=4, lw=1, label=label)
            ax.set_xticks(range(len(here)), [shape_name(r["case"]) for r in here])
            ax.set_title(f"E = {budget}", fontsize=10)
            ax.set_xlabel("shape (N, L)")
            ax.set_ylim(-3, 103)
            ax.spines[["top", "right"]].set_visible(False)
    axes = np.atleast_1d(axes)
    axes[0].set_ylabel("fits with R² ≥ 0.95 (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=4, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(path, dpi=150)
    say(f"drawn in {path}")


def main() -> None:
    """Compute, print, draw."""
    options = parser_of(__doc__, "shapes").parse_args()
    cases = cases_of(options.quick, options.full)
    found = run(cases, work, options.records, options.workers, options.budget)
    records = list(found.values())
    print(f"seed {SEED}, {len(records)} of {len(cases)} cases")
    print(f"monthly means reach R² = {airline()[2]:.4f} on the airline series")
    print_spectra(records)
    print_fits(records)
    if options.picture:
        draw(records, options.picture)


if __name__ == "__main__":
    main()

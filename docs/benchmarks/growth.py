"""Grow by encoding layers or by trainable blocks: which needs fewer parameters?

``python docs/benchmarks/growth.py`` starts from every shape (N, L) with N·L = d and one block, fits
random trigonometric polynomials of degree d from one random start each, and grows the circuit along
two routes: one more encoding layer at a time, or one more trainable block in every trainable layer.
For each route it prints the least number of parameters at which the median R² over the targets
reaches 0.95, one at which 90 % of the targets do, and one at which 90 % reach 0.999; then the ratio
blocks : layers, with an interval from targets drawn again with replacement. Finished models are
kept in a file (``--records``); the same command goes on from there. ``--full`` takes three times
the targets and longer routes, ``--quick`` takes seconds, ``--picture PNG`` draws the routes.
"""

# ruff: noqa: E402 (the variables below must be set before NumPy is loaded)
from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from collections.abc import Callable

import numpy as np
from grid import Case, key_of, parser_of, run, say, table
from target_fits import SEED, THRESHOLD, fits, grid, polynomials, reading_of

AMPLITUDES = (0.2, 0.4, 1.0)
RESAMPLES = 2000
#: When a model is good enough, from R² of shape ``(..., targets)``.
CRITERIA: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "median R² ≥ 0.95": lambda r2: np.median(r2, axis=-1) >= THRESHOLD,
    "90 % of targets": lambda r2: np.mean(r2 >= THRESHOLD, axis=-1) >= 0.9,
    "90 % of targets to R² ≥ 0.999": lambda r2: np.mean(r2 >= 0.999, axis=-1) >= 0.9,
}
#: Widest start by block; at degree 8 the wide routes would take hours.
WIDEST = {"rot-ring": {4: 4, 6: 6, 8: 4}, "special-unitary": {4: 2, 6: 2}}
Model = tuple[int, int, int]


def routes(degree: int, block: str, more: int) -> dict[tuple[int, int], dict[str, list[Model]]]:
    """Starting shape → the models (N, L, B) of both routes, the start first in both."""
    widest = WIDEST[block].get(degree, degree)
    found = {}
    for n in range(1, widest + 1):
        if degree % n == 0:
            layers = degree // n
            found[n, layers] = {
                "layers": [(n, layers + extra, 1) for extra in range(more + 1)],
                "blocks": [(n, layers, 1 + extra) for extra in range(more + 1)],
            }
    return found


def settings(quick: bool, full: bool) -> list[tuple[int, str, int, int, str, str]]:
    """Degree, block, steps of a route, targets, read-out, method."""
    if quick:
        return [(1, "rot-ring", 2, 6, readout, "lm") for readout in ("none", "affine")]
    more, count = (7, 150) if full else (4, 50)
    return [
        (degree, block, more, count, readout, method)
        for method, block, degrees in (
            ("lm", "rot-ring", (4, 6, 8)),
            ("lm", "special-unitary", (4, 6)),
            ("adam", "rot-ring", (4,)),
        )
        for degree in degrees
        for readout in ("none", "affine")
    ]


def case_of(setting, model: Model) -> Case:
    degree, block, _, count, readout, method = setting
    n, layers, blocks = model
    name = {"degree": degree, "block": block, "N": n, "L": layers, "B": blocks}
    return {**name, "readout": readout, "method": method, "targets": count}


def cases_of(chosen) -> list[Case]:
    """Every model once, the hard question and small models first: a stop leaves out long routes."""
    found = {}
    for setting in chosen:
        for both in routes(setting[0], setting[1], setting[2]).values():
            for model in (*both["layers"], *both["blocks"]):
                case = case_of(setting, model)
                found[key_of(case)] = case
    return sorted(
        found.values(),
        key=lambda c: (c["method"] == "adam", c["block"], c["readout"] == "affine", parameters(c)),
    )


def parameters(case: Case) -> int:
    """``P`` of a model."""
    wide = 4 ** case["N"] - 1 if case["block"] == "special-unitary" else 3 * case["N"]
    return wide * (case["L"] + 1) * case["B"]


def work(case: Case) -> dict:
    """R² of every target at every amplitude."""
    reading = reading_of(case["block"], case["N"], case["L"], case["B"], "last")
    affine = case["readout"] == "affine"
    inputs = grid(max(case["N"] * case["L"], case["degree"]))
    shapes = polynomials(case["degree"], case["targets"], inputs)
    sizes = (1.0,) if affine else AMPLITUDES
    stacked = np.concatenate([size * shapes for size in sizes])
    found = fits(reading, inputs, stacked, affine, case["method"], key_of(case))
    parts = np.array(found["r2"]).reshape(len(sizes), len(shapes))
    names = ["any"] if affine else [str(size) for size in sizes]
    r2 = {name: part.tolist() for name, part in zip(names, parts, strict=True)}
    return {"P": reading.circuit.n_parameters, "r2": r2}


# ------------------------------------------------------------------------------------- ratios


def least(counts: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Parameters of the first model of a route that is good enough; infinite if none is.

    Args:
        counts: parameters of the models, shape ``(M,)``.
        good: shape ``(M, ...)``.
    """
    first = np.argmax(good, axis=0)
    return np.where(good.any(axis=0), counts[first], np.inf)


def compared(both: dict[str, list[dict]], name: str, criterion) -> dict:
    """Least parameters of both routes, their ratio, and the same for targets drawn again."""
    rng = np.random.default_rng(SEED)
    count = len(both["layers"][0]["r2"][name])
    again = rng.integers(count, size=(RESAMPLES, count))
    found = {}
    for route, records in both.items():
        counts = np.array([record["P"] for record in records], float)
        r2 = np.array([record["r2"][name] for record in records])
        found[route] = float(least(counts, criterion(r2)))
        copies = np.array([criterion(one[again]) for one in r2])
        found[route + " again"] = least(counts, copies)
    return found


def ratio(found: dict) -> str:
    """``blocks : layers [95 %]``, or which route never gets there."""
    layers, blocks = found["layers again"], found["blocks again"]
    failed = [route for route in ("layers", "blocks") if np.isinf(found[route])]
    if failed:
        often = [100 * np.mean(np.isinf(found[f"{route} again"])) for route in failed]
        parts = [
            f"{r}: not yet ({o:.0f} % of resamples)" for r, o in zip(failed, often, strict=True)
        ]
        return "; ".join(parts)
    kept = np.isfinite(layers) | np.isfinite(blocks)  # a route that fails counts as infinite
    low, high = np.quantile(blocks[kept] / layers[kept], [0.025, 0.975], method="nearest")
    return f"{found['blocks'] / found['layers']:.2f} [{low:.2f}, {high:.2f}]"


def whole(value: float, largest: float) -> str:
    return f"> {largest:.0f}" if np.isinf(value) else f"{value:.0f}"


def of_routes(known: dict[str, dict], setting) -> dict[tuple[int, int], dict[str, list[dict]]]:
    """Starting shape → records of both routes; a route ends where a model is not computed."""
    found = {}
    for shape, both in routes(setting[0], setting[1], setting[2]).items():
        kept: dict[str, list[dict]] = {}
        for route, models in both.items():
            kept[route] = []
            for model in models:
                record = known.get(key_of(case_of(setting, model)))
                if record is None:
                    break
                kept[route].append(record)
        if all(kept.values()):
            found[shape] = kept
    return found


def print_setting(known: dict[str, dict], setting) -> list[tuple[str, dict]]:
    """The comparisons of a setting in which the start is not enough; all of them are returned."""
    degree, block, _, count, readout, method = setting
    every = []
    for title, criterion in CRITERIA.items():
        rows, enough = [], 0
        for shape, both in of_routes(known, setting).items():
            for name in both["layers"][0]["r2"]:
                found = {**compared(both, name, criterion), "first": both["layers"][0]["P"]}
                every.append((method, found))
                if found["blocks"] == found["layers"] == found["first"]:
                    enough += 1
                    continue
                ends = {route: records[-1]["P"] for route, records in both.items()}
                cells = [whole(found[route], ends[route]) for route in ("layers", "blocks")]
                start = np.median(both["layers"][0]["r2"][name])
                label = "gain fitted" if name == "any" else f"A={name}"
                first = [str(shape), label, str(found["first"]), f"{start:.3f}"]
                rows.append([*first, *cells, ratio(found)])
        words = f"degree {degree}, {block}, {method}, read-out {readout}, {count} targets; {title}"
        if enough:
            words += f" ({enough} of {enough + len(rows)} starts are enough)"
        header = ["start", "target", "P", "median R²", "P by layers", "P by blocks"]
        if rows:
            table(words, [*header, "blocks : layers [95 %]"], rows)
        elif enough:
            print(f"\n{words}")
    return every


def print_summary(every: list[tuple[str, dict]]) -> None:
    """All comparisons together, by optimiser."""
    rows = []
    for method in dict.fromkeys(name for name, _ in every):
        mine = [f for name, f in every if name == method]
        open_ = [f for f in mine if not f["blocks"] == f["layers"] == f["first"]]
        both = [f for f in open_ if np.isfinite([f["blocks"], f["layers"]]).all()]
        ratios = np.array([f["blocks"] / f["layers"] for f in both])
        only = [
            sum(np.isfinite(f[a]) and np.isinf(f[b]) for f in open_)
            for a, b in (("layers", "blocks"), ("blocks", "layers"))
        ]
        inside = np.sum((ratios >= 1.6 - 1e-9) & (ratios <= 2.2 + 1e-9))
        spread = ["–"] * 3
        if len(ratios):
            spread = [f"{np.quantile(ratios, q):.2f}" for q in (0, 0.5, 1)]
        less = [int(np.sum(ratios < 1 - 1e-9)), int(np.sum(np.abs(ratios - 1) < 1e-9))]
        rows.append([method, len(mine), len(mine) - len(open_), len(both), *spread, int(inside),
                     *less, *only, len(open_) - len(both) - sum(only)])  # fmt: skip
    header = ["optimiser", "comparisons", "start enough", "ratios", "least", "median", "largest"]
    header += ["in 1.6–2.2", "below 1", "equal 1", "layers only", "blocks only", "neither"]
    table("Ratios of all settings", header, [[str(c) for c in row] for row in rows])


# ------------------------------------------------------------------------------------ picture


def draw(known: dict[str, dict], chosen, path) -> None:
    """Share of targets fitted against parameters, for targets of amplitude 1 and no read-out."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    drawn = [s for s in chosen if s[1] == "rot-ring" and s[4] == "none" and s[5] == "lm"]
    every = max((of_routes(known, setting) for setting in drawn), key=len)
    figure, axes = plt.subplots(1, len(every), figsize=(2.5 * len(every), 3.0), sharey=True)
    styles = {"layers": ("#0072B2", "o-"), "blocks": ("#D55E00", "s--")}
    for ax, (shape, both) in zip(np.atleast_1d(axes), every.items(), strict=True):
        for route, records in both.items():
            share = [100 * np.mean(np.array(r["r2"]["1.0"]) >= THRESHOLD) for r in records]
            colour, style = styles[route]
            label = f"more {'encoding layers' if route == 'layers' else 'trainable blocks'}"
            ax.plot([r["P"] for r in records], share, style, color=colour, ms=4, label=label)
        ax.set_title(f"from {shape}", fontsize=10)
        ax.set_xlabel("parameters P")
        ax.set_ylim(-3, 103)
        ax.spines[["top", "right"]].set_visible(False)
    axes = np.atleast_1d(axes)
    axes[0].set_ylabel("targets with R² ≥ 0.95 (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=2, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(path, dpi=150)
    say(f"drawn in {path}")


def main() -> None:
    """Compute, print, draw."""
    options = parser_of(__doc__, "growth").parse_args()
    chosen = settings(options.quick, options.full)
    cases = cases_of(chosen)
    known = run(cases, work, options.records, options.workers, options.budget)
    print(f"seed {SEED}, {len(known)} of {len(cases)} models")
    print_summary([one for setting in chosen for one in print_setting(known, setting)])
    if options.picture:
        draw(known, chosen, options.picture)


if __name__ == "__main__":
    main()

"""Tables and picture of ``shapes.py``, from its records."""

from __future__ import annotations

import numpy as np
from grid import Case, say, table

AMPLITUDES = (0.2, 0.4, 1.0)
NAMES = {"rot-ring": "Rot on every wire + ring", "special-unitary": "SU(2^N)"}


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
            counts.append(", ".join(map(str, record["silent"])) or "–")
            name = [str(budget), shape_name(case), case["wire"], str(record["P"])]
            rows.append([*name, *counts, *low_high])
        if rows:
            header = ["E", "shape", "Z on", "P", "rank/K", "dead", "silent k"]
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


def print_ranks(records: list[dict]) -> None:
    """Do numbers known before training order the circuits of one budget as training does?

    Spearman's rank correlation over the circuits of a budget (shapes, blocks, wires; B = 1) that
    reach every direction; those of deficient rank would decide it otherwise.
    """
    numbers = {
        "P": lambda spectrum: spectrum["P"],
        "σ_K": lambda spectrum: spectrum["sigma_k"][0],
        "−condition": lambda spectrum: -spectrum["condition"][0],
        "output scale": lambda spectrum: spectrum["output_scale"][0],
    }
    spectra = {
        circuit(r["case"]): r
        for r in records
        if r["case"]["kind"] == "spectrum" and r["rank"] == 2 * budget_of(r["case"]) + 1
    }
    fits = [r for r in records if r["case"]["kind"] == "fit" and r["case"]["method"] == "lm"]
    rows = []
    for budget in sorted({budget_of(r["case"]) for r in fits}):
        for name in [*map(str, AMPLITUDES), "any"]:
            here = [r for r in fits if budget_of(r["case"]) == budget and r["case"]["B"] == 1]
            here = [r for r in here if name in r["fits"] and circuit(r["case"]) in spectra]
            label = "gain fitted" if name == "any" else f"A={name}"
            share = [rate(r["fits"][name])[0] for r in here]
            cells = [
                spearman([number(spectra[circuit(r["case"])]) for r in here], share)
                for number in numbers.values()
            ]
            rows.append([str(budget), label, str(len(here)), *cells])
    if rows:
        title = "Spearman's rank correlation with the success rate, over circuits of full rank"
        table(title, ["E", "target", "circuits", *numbers], rows)


def spearman(one: list[float], two: list[float]) -> str:
    """Two digits; a dash where one of them is constant or there are fewer than three."""
    from scipy.stats import spearmanr

    if len(one) < 3 or len(set(one)) < 2 or len(set(two)) < 2:
        return "–"
    return f"{spearmanr(one, two).statistic:+.2f}"


def circuit(case: Case) -> tuple:
    return case["block"], case["N"], case["L"], case["B"], case["wire"]


def budget_of(case: Case) -> int:
    return case["N"] * case["L"]


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

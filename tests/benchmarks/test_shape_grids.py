"""The runs behind "Does shape govern trainability?": small versions, restarts, the batch."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from pennylane_trainability.fitting import levenberg_marquardt, state_problem

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """A script of the benchmarks as a module."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module


@pytest.fixture
def quick(script, tmp_path, monkeypatch, capsys):
    """The small version of a run in an empty folder: what it printed."""
    monkeypatch.chdir(tmp_path)

    def start(name: str, *options: str):
        monkeypatch.setattr(sys, "argv", [name, "--quick", *options])
        script(name).main()
        return capsys.readouterr()

    return start


TITLES = {
    "shapes": ["Spectra of J at random parameters", "Levenberg-Marquardt, Rot on every wire"],
    "growth": ["median R² ≥ 0.95", "90 % of targets", "Ratios of all settings"],
}


@pytest.mark.parametrize("name", TITLES)
def test_a_run_prints_its_tables_and_goes_on_where_it_stopped(name, quick, tmp_path):
    pytest.importorskip("matplotlib")
    first = quick(name)
    records = tmp_path / f"{name}.jsonl"
    lines = records.read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == len(set(keys)) > 5
    assert all(title in first.out for title in TITLES[name])

    # broken off in the middle of the line of the third case from the end
    records.write_text("\n".join([*lines[:-3], lines[-3][:40]]))
    second = quick(name, "--picture", "picture.png")
    assert "3 to compute" in second.err.splitlines()[0]
    again = [json.loads(line) for line in records.read_text().splitlines() if line[-1] == "}"]
    assert [record["key"] for record in again] == keys  # nothing twice, nothing lost
    assert second.out == first.out
    assert (tmp_path / "picture.png").stat().st_size > 5000


def test_a_run_without_time_begins_nothing(quick, tmp_path):
    stopped = quick("growth", "--budget", "0")
    assert (tmp_path / "growth.jsonl").read_text() == ""
    assert "10 cases open" in stopped.err


def test_processes_compute_every_case_once(script, tmp_path):
    grid = script("grid")
    cases = [{"number": number} for number in range(3)]
    path = tmp_path / "records.jsonl"
    found = grid.run(cases, dict, path, workers=2, budget=None)  # the work: a copy of the case
    assert sorted(record["number"] for record in found.values()) == [0, 1, 2]
    assert len(path.read_text().splitlines()) == 3
    again = grid.run(cases, None, path, workers=2, budget=None)  # nothing left to work on
    assert again == found


@pytest.mark.parametrize("affine", [False, True])
def test_a_batch_ends_where_single_fits_end(script, affine):
    fits = script("target_fits")
    reading = fits.reading_of("rot-ring", 2, 1, 1, "last")
    inputs = fits.grid(2)
    targets = 0.4 * fits.polynomials(2, 5, inputs)
    found = fits.fits(reading, inputs, targets, affine, "lm", "some case")
    starts = fits.draws("some case", (5, reading.circuit.n_parameters))
    for target, start, r2 in zip(targets, starts, found["r2"], strict=True):
        problem = state_problem(reading, inputs, target, affine=affine)
        alone = levenberg_marquardt(problem.residuals, start[None], **fits.SETTINGS["lm"])
        missed = 2 * alone.losses[0] / np.sum((target - target.mean()) ** 2)
        assert r2 == pytest.approx(1 - missed, abs=fits.EXACT)


def test_a_fitted_gain_makes_the_amplitude_immaterial(script):
    fits = script("target_fits")
    reading, inputs = fits.reading_of("rot-ring", 1, 2, 1, "last"), fits.grid(2)
    targets = fits.polynomials(2, 6, inputs)
    loud, soft = (
        fits.fits(reading, inputs, size * targets, True, "lm", "same") for size in (1.0, 0.2)
    )
    assert loud["r2"] == pytest.approx(soft["r2"], abs=1e-5)
    assert loud["steps"] == soft["steps"]


def test_targets_have_maximum_one_and_their_degree(script):
    fits = script("target_fits")
    fine = 2 * np.pi * np.arange(1024) / 1024
    values = fits.polynomials(3, 4, fine)
    assert np.max(np.abs(values), axis=1) == pytest.approx(1)
    power = np.abs(np.fft.rfft(values, axis=1)) / 1024
    assert power[:, 4:].max() < 1e-12 < power[:, 1:4].min()


def test_least_parameters_and_their_ratio(script):
    growth = script("growth")
    good = np.array([[False, False], [True, False], [False, False]])
    assert growth.least(np.array([9.0, 12.0, 15.0]), good).tolist() == [12.0, np.inf]

    def route(counts, values):
        return [
            {"P": count, "r2": {"1.0": [value] * 8}}
            for count, value in zip(counts, values, strict=True)
        ]

    criterion = growth.CRITERIA["median R² ≥ 0.95"]
    both = {"layers": route([10, 14], [0.5, 0.99]), "blocks": route([10, 20, 30], [0.5, 0.6, 0.97])}
    found = {**growth.compared(both, "1.0", criterion), "first": 10}
    assert (found["layers"], found["blocks"]) == (14, 30)
    assert growth.ratio(found) == "2.14 [2.14, 2.14]"
    both["blocks"] = route([10, 20], [0.5, 0.6])
    failed = {**growth.compared(both, "1.0", criterion), "first": 10}
    assert growth.ratio(failed) == "blocks: not yet (100 % of resamples)"


def test_a_target_without_its_highest_frequency(script, monkeypatch):
    shapes = script("shapes")
    x = shapes.grid(2)
    loud, soft = (np.sin(x) + np.sqrt(share) * np.cos(2 * x) for share in (0.06, 0.05))
    monkeypatch.setattr(shapes, "polynomials", lambda *_: np.array([loud, soft]))
    assert shapes.without_highest(2, 2) == 1  # 0.05/1.05 < 1 − 0.95 < 0.06/1.06

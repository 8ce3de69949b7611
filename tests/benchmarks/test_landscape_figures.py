"""The scripts behind the figure of textbook laws and the table of overparametrisation."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    names = []

    def load(name):
        names.append(name)
        return import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_textbook_laws_are_found(script, capsys):
    module = script("landscape_scaling")
    verdicts = []
    for name, (builder, ns, options, formula, text) in module.CASES.items():
        module.CASES[name] = (builder, tuple(ns)[:5], options, formula, text)
        found = module.scaled(name, 20_000)
        module.table(name, found)
        verdicts.append(found.verdict.name)
        for n, one in zip(found.ns, found.variances, strict=True):
            # deep circuits stand for infinitely deep ones
            assert abs(one.value - formula(n)) < 4.5 * one.stderr + 0.02 * formula(n), (name, n)
    assert verdicts == ["EXPONENTIAL", "EXPONENTIAL", "POWER", "POWER"]
    assert "errors" in capsys.readouterr().out


def test_the_figure_has_a_panel_for_each_law(script, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    module = script("landscape_scaling")
    module.CASES = {
        name: (builder, tuple(ns)[:3], options, formula, text)
        for name, (builder, ns, options, formula, text) in module.CASES.items()
    }
    found = {name: module.scaled(name, 640) for name in module.CASES}
    module.draw(found, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    plt.close("all")


def test_training_succeeds_where_the_rank_saturates(script):
    """Ising ring of four: rank 2 at one layer, 4 from two layers on."""
    module = script("overparametrisation")
    one, two = (module.row("ising", 4, layers, 12, 200) for layers in (1, 2))
    assert (one["rank"], two["rank"]) == (2, 4)
    assert one["success"] == 0 and two["success"] >= 0.5
    assert one["median"] > 0.01 > 1e-3 > two["median"]


def test_descents_start_where_the_seed_says(script):
    import pennylane as qml

    module = script("overparametrisation")
    qnode = qml.QNode(module.ising(3)[0], qml.device("default.qubit"))
    one, two = (module.descents(qnode, (2, 2), 4, 3) for _ in range(2))
    np.testing.assert_array_equal(one, two)

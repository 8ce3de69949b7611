"""The methods of the benchmark of expressibility find the same divergence."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield import_module("expressibility")
    sys.modules.pop("expressibility", None)


def test_methods_without_peers_agree(script, monkeypatch):
    """On two wires and one layer of circuit 6; broadcasting by hand keeps its bias."""
    monkeypatch.setattr(script, "PAIRS", 2000)
    found = script.ours(2, 1)()
    plain = script.broadcast(2, 1)()
    bias = (script.BINS - 1) / (2 * 2000)
    assert abs(plain - bias - found) < 0.02


def test_the_table_of_errors(script, capsys):
    """Errors shrink with pairs."""
    import numpy as np

    import pennylane_trainability as pt

    def ask(k, count):
        weights = np.zeros(pt.SimCircuit.shape(k, 1, 4))
        return pt.expressibility(script.circuit(k), n_pairs=count, seed=k)(weights)

    script.table(ask, (300, 5000), {1: 0.290, 9: 0.682})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].split()[0] == "5000"
    assert float(lines[2].split()[2]) < 0.1

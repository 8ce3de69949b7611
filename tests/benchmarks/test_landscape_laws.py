"""The benchmark of intervals and minima: a short version says what the long one does."""

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
    return import_module("landscape_laws")


def test_more_draws_cover_better(script):
    shares = list(script.variances(300).values())
    assert 0.7 < shares[0] < shares[2] and 0.88 < shares[2] <= 1


def test_the_printed_tables(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["landscape_laws.py", "--quick"])
    script.main()
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.endswith("%") and "draws" in line for line in lines) == 6
    few, enough = ([float(x) for x in line.split()[:3]] for line in lines[-2:])
    assert few[:2] == [2, 0.25] and enough[:2] == [8, 1.0]
    assert enough[2] < 0.02 < few[2] < 1
    assert np.isfinite(few).all()

"""The methods of the benchmark of variances find the same variance."""

from __future__ import annotations

import math
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield import_module("landscape")
    sys.modules.pop("landscape", None)


def test_all_methods_without_peers_agree(script):
    found = {
        name: script.METHODS[name](3, 2, False, 0.1, math.inf)()
        for name in ("this package, paths", "this package, draws", "default.qubit, broadcasting")
    }
    values = np.array([one["value"] for one in found.values()])
    errors = np.array([one["error"] for one in found.values()])
    assert np.all(errors <= 0.1)
    assert np.ptp(values) < 4.5 * np.sqrt(2) * np.max(values * errors)


def test_relative_errors_are_those_of_sample_variances(script, rng):
    """For normal draws the variance has the relative error √(2/(M − 1))."""
    variance, error = script.relative(rng.normal(size=40_000))
    assert variance == pytest.approx(1, abs=0.05)
    assert error == pytest.approx(np.sqrt(2 / 40_000), rel=0.05)

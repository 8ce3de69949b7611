"""The benchmark of variances of symmetric circuits: its words, and the limit of deep circuits."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from pennylane_trainability.circuits.pauli import commute, from_letters

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("symmetric_landscape")


@pytest.mark.parametrize("circuit", ["SLPA", "SC", "NSC"])
def test_rotations_and_symmetries(script, circuit):
    words = [from_letters(word) for word in script.words_of(circuit, 6, 12)]
    assert len(words) == 72
    kept = [all(commute(from_letters(letter * 6), word) for word in words) for letter in "XZ"]
    assert kept == [circuit != "NSC"] * 2


@pytest.mark.parametrize("circuit", ["SLPA", "SC", "NSC"])
def test_deep_circuits_have_the_variance_of_haar_random_sectors(script, circuit):
    found = script.variance(circuit, 6, 96, 0.05)
    limit = script.limit(circuit, 6)
    assert found.stderr < 0.06 * limit
    assert abs(found.value - limit) < 4 * found.stderr + 0.03 * limit


def test_limits(script):
    assert np.isclose(script.limit("SLPA", 4), 1 / 10)
    assert np.isclose(script.limit("NSC", 2), 1 / 5)

"""The table of Born policies against Pauli paths: ``π = (1 ± ⟨W⟩)/2`` for two actions."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield import_module("born_policies")
    sys.modules.pop("born_policies", None)


@pytest.mark.parametrize("partition", ["contiguous", "parity"])
def test_two_actions_have_a_quarter_of_the_variance_of_a_word(script, partition):
    n = 4
    found = script.row("2", "2", partition, [n], 2000)[n][1]

    @qml.qnode(qml.device("default.qubit"))
    def word(first, weights):
        qml.SimplifiedTwoDesign(first, weights, wires=range(n))
        measured = range(n) if partition == "parity" else [0]
        return qml.expval(qml.prod(*(qml.Z(w) for w in measured)))

    shapes = qml.SimplifiedTwoDesign.shape(2, n)
    ask = pt.gradient_variances(word, method="paths", n_paths=50_000, seed=1)
    paths = ask(*(np.zeros(s) for s in shapes)).estimate(0)
    error = np.hypot(found.stderr, paths.stderr / 4)
    assert abs(found.value - paths.value / 4) < 4.5 * error
    assert error < 0.1 * found.value


def test_the_middle_parameter_is_one_of_the_layers(script):
    for n in (4, 6):
        policy, args = script.builder("3n", "2", "parity")(n)
        count = sum(a.size for a in args)
        assert args[0].size < script.parameter_of("3n", n) < count
        assert script.parameter_of("2", n) == 0 and policy.n_actions == 2


def test_numbers_are_printed_with_their_intervals(script):
    exact = script.row("2", "2^n", "contiguous", [3], 50)[3][0]
    assert script.short(exact) == "1 (exact)"

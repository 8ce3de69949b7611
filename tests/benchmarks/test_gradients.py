"""The benchmark of gradients from few circuits: small versions, and what its simulator says."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """A script of the benchmarks as a module."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module


def test_the_example_of_the_paper(script, capsys):
    ratios = script("gradient_accuracy").accuracy(3, quick=True)
    printed = capsys.readouterr().out
    counts = {line[:32].strip(): line[32:41] for line in printed.splitlines() if line[:1].isalpha()}
    expected = {
        "qml.gradients.param_shift": 192,
        "qml.gradients.hadamard_grad": 96,
        "commuting_grad": 23,
        "dla_grad": 4,
        "measured_grad, shift": 192,
        "measured_grad, hadamard": 96,
    }
    assert {name: int(counts[name]) for name in expected} == expected
    assert "23 commuting sets, Lie algebra of dimension 60" in printed
    assert ratios["SLPA", "qml.gradients.param_shift"] == (1, 1, 1)
    assert ratios["SLPA", "commuting_grad"][0] > 3
    assert ratios["SLPA", "dla_grad"][0] > 25


def test_what_the_small_simulator_returns(script):
    accuracy = script("gradient_accuracy")
    tape, rng = accuracy.point("SLPA", 1)
    device = qml.device("default.qubit")
    for way in accuracy.WAYS:
        tapes = accuracy.tapes_of(way, tape)[0][:6]
        exact = qml.execute(tapes, device, diff_method=None)
        for own, other in zip(accuracy.results_of(tapes), exact, strict=True):
            np.testing.assert_allclose(own, other, atol=1e-12)
    drawn = [t.copy(shots=100_000) for t in tapes]
    for own, other in zip(accuracy.results_of(drawn, rng), exact, strict=True):
        np.testing.assert_allclose(own, other, atol=0.01)


@pytest.mark.parametrize(
    ("method", "circuits"), [("param_shift", 192), ("commuting_grad", 23), ("dla_grad", 4)]
)
def test_what_is_timed(method, circuits, script, capsys):
    script("gradient_overhead").child("slpa", method, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["circuits"] == circuits
    assert all(found[name] > 0 for name in ("cold", "warm", "post"))
    assert (found["load"] > 0) == (method != "param_shift")


def test_made_up_results_have_the_shapes_of_real_ones(script):
    overhead, rng = script("gradient_overhead"), np.random.default_rng(1)
    operations = [qml.Hadamard(0), qml.Hadamard(1)]
    for measurement in (qml.probs(wires=[0, 1]), qml.counts(wires=[0, 1]), qml.expval(qml.Z(0))):
        tape = qml.tape.QuantumScript(operations, [measurement], shots=overhead.SHOTS)
        made = overhead.random_results(tape, rng)
        [real] = qml.execute([tape], qml.device("default.qubit", seed=1), diff_method=None)
        assert np.shape(made) == np.shape(real)
        if isinstance(real, dict):
            assert set(map(len, made)) == set(map(len, real))
            assert sum(made.values()) == sum(real.values())


def test_large_circuits_have_a_thousand_parameters(script):
    overhead, ansaetze = script("gradient_overhead"), script("ansaetze").ANSAETZE
    sizes = {name: (own.wires, own.size) for name, own in ansaetze.items()}
    assert sizes["slpa"] == (4, 96)
    assert sizes["hea"] == (10, 100)
    assert all(sizes[name] == (100, 1000) for name in overhead.CASES[2:])
    for name, own in ansaetze.items():
        tape = overhead.scalar(own.tape(0))
        assert tape.num_params == sizes[name][1]
        assert len(tape.wires) == sizes[name][0]


QISKIT = [pytest.mark.qiskit, *(pytest.mark.filterwarnings(w) for w in THIRD_PARTY_WARNINGS)]


@pytest.mark.parametrize(
    ("device", "circuit", "method", "circuits"),
    [
        pytest.param("aer", "slpa", "dla", 4, marks=[*QISKIT, pytest.mark.slow]),
        pytest.param("fake", "ising", "commuting", 12, marks=QISKIT),
    ],
)
def test_runs_on_qiskit_devices(device, circuit, method, circuits, script, monkeypatch):
    import qiskit_aer
    import qiskit_ibm_runtime

    for cls in (
        qiskit_aer.AerSimulator,
        qiskit_ibm_runtime.EstimatorV2,
        qiskit_ibm_runtime.SamplerV2,
    ):
        monkeypatch.setattr(cls, "run", cls.run)  # what counts jobs is taken away afterwards
    found = script("gradient_devices").measured(device, circuit, method)
    assert (found["circuits"], found["jobs"]) == (circuits, 1)
    if device == "aer":
        assert found["error"] < 2.5 * found["stderr"]
        assert found["size"] == pytest.approx(1, abs=0.2)


def test_the_parts_are_chosen(script, monkeypatch):
    main, called = script("gradients"), []
    accuracy = script("gradient_accuracy")
    monkeypatch.setattr(accuracy, "accuracy", lambda *_: called.append("accuracy"))
    monkeypatch.setattr(main, "overhead", lambda *_: called.append("overhead"))
    monkeypatch.setattr(main, "devices", lambda *_: called.append("devices"))
    for options in ([], ["--accuracy"], ["--overhead"], ["--qiskit"]):
        monkeypatch.setattr(sys, "argv", ["gradients", "--quick", *options])
        main.main()
    assert called == ["accuracy", "overhead", "devices", "accuracy", "overhead", "devices"]

"""Variances of losses on devices of pennylane-qiskit: what is run, and what comes out."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]


def circuit(w):
    qml.RY(w[0], 0)
    qml.RY(w[1], 1)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(1))


def remote():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    options = {"simulator": {"seed_simulator": 42}}
    return qml.device("qiskit.remote", wires=2, backend=FakeManilaV2(), options=options)


def aer():
    return qml.device("qiskit.aer", wires=2, seed_simulator=42)


@pytest.mark.parametrize("device", [remote, aer], ids=["remote", "aer"])
@pytest.mark.parametrize("replicates", [False, True])
def test_draws_run_as_one_job(device, replicates, seed):
    """⟨ZZ⟩ = cos w₀ cos w₁: 1/4 without noise, a little less with that of the fake backend."""
    made = device()
    qnode = qml.set_shots(qml.QNode(circuit, made), 50)
    ask = pt.loss_variance(qnode, method="sample", n_draws=60, replicates=replicates, seed=seed)
    with qml.Tracker(made) as tracker:
        found = ask(np.zeros(2))
    assert tracker.totals["jobs"] == 1
    assert found.cost.circuits == 60 * (1 + replicates) == ask.cost(np.zeros(2)).circuits
    assert found.provenance.shots == 50
    # read-out errors shrink the loss by up to a tenth, its variance by up to a fifth
    assert 0.2 - 4.5 * found.variance.stderr < found.variance.value
    assert found.variance.value < 0.25 + 4.5 * found.variance.stderr


def test_derivatives_on_a_backend(seed):
    qnode = qml.set_shots(qml.QNode(circuit, remote()), 50)
    ask = pt.gradient_variances(qnode, method="sample", n_draws=30, seed=seed)
    found = ask(np.zeros(2))
    assert found.cost.circuits == 30 * 4
    assert np.all(np.abs(found.value - 0.22) < 4.5 * found.stderr + 0.05)


@pytest.mark.parametrize("method", ["module", "paths"])
def test_structure_runs_nothing_on_a_backend(method, seed):
    made = aer()
    with qml.Tracker(made) as tracker:
        found = pt.loss_variance(qml.QNode(circuit, made), method=method, seed=seed)(np.zeros(2))
    assert not tracker.totals and found.method == method
    assert abs(found.variance.value - 0.25) < 4.5 * found.variance.stderr + 1e-12


def test_more_than_a_thousand_circuits_have_to_be_allowed(seed):
    qnode = qml.set_shots(qml.QNode(circuit, aer()), 50)
    with pytest.raises(pt.BudgetError, match="max_circuits allows 1000"):
        pt.loss_variance(qnode, method="sample", n_draws=1_001, seed=seed)(np.zeros(2))


def test_a_backend_without_shots_is_refused():
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        pt.loss_variance(qml.QNode(circuit, aer()), method="sample")(np.zeros(2))


def test_shot_vectors_are_split_by_hand(seed):
    """The plugin has no shot vectors; two circuits do the same."""
    qnode = qml.set_shots(qml.QNode(circuit, aer()), [(40, 2)])
    found = pt.loss_variance(qnode, method="sample", n_draws=50, seed=seed)(np.zeros(2))
    assert found.cost.circuits == 100 and found.cost.shots == 4_000
    assert abs(found.variance.value - 0.25) < 4.5 * found.variance.stderr

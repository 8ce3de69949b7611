"""Density models on Qiskit: one job, all three methods, the twin."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from density_zoo import ALPHA, ANGLES, X, part_with_all, value
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]
SHOTS = 4000


def aer():
    return qml.device("qiskit.aer", wires=4, seed_simulator=11)


def model_on(device, method, shots=SHOTS):
    return pt.density_qnode(
        [part_with_all] * 3, own="w", method=method, device=device, shots=shots, seed=3
    )


@pytest.mark.parametrize("method", ["exact", "randomised", "register"])
def test_aer(method):
    model = model_on(aer(), method)
    found = model(ALPHA, ANGLES, X)
    error = np.sqrt((1 + 0.5**2 + 0.3**2) / SHOTS)
    assert abs(found["f"] - value()[0]) < 5 * error
    measured = pt.measure_density(model, seed=4)(ALPHA, ANGLES, X)
    np.testing.assert_array_less(np.abs(measured.value - value()), 5 * measured.stderr)
    assert measured.provenance.device == "qiskit.aer"


def test_circuits_of_equal_shots_are_one_job():
    device = aer()
    with qml.Tracker(device) as tracker:
        model_on(device, "exact", shots=50)(ALPHA, ANGLES, X)
    assert tracker.totals["jobs"] == 1


def test_a_fake_backend_runs_all_draws_as_one_job():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    def circuit(w, x):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    device = qml.device(
        "qiskit.remote", wires=1, backend=FakeManilaV2(),
        options={"simulator": {"seed_simulator": 7}},
    )  # fmt: skip
    model = pt.density_qnode(
        [circuit] * 3, own="w", method="randomised", device=device, shots=3000, seed=1
    )
    angles = np.array([0.1, 0.7, 1.9])
    with qml.Tracker(device) as tracker:
        measured = pt.measure_density(model, seed=2)(ALPHA, angles, 0.4)
    assert tracker.totals["jobs"] == 1
    exact = ALPHA @ (np.cos(0.4) * np.cos(angles))
    # read-out errors of the backend shrink ⟨Z⟩ by a few per cent
    assert abs(measured.value[0] - exact) < 0.15
    assert measured.shots.sum() == 3000

"""Overlaps on Qiskit devices: one job, and noise that is seen."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS, count_executions

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]


def aer():
    return qml.device("qiskit.aer", wires=2)


def remote():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return qml.device("qiskit.remote", wires=2, backend=FakeManilaV2())


def model(device, shots=100):
    def function(w):
        qml.RX(w[0], 0)
        qml.CRX(w[1], [0, 1])
        return qml.expval(qml.Z(0))

    return qml.set_shots(qml.QNode(function, device), shots=shots)


def test_without_noise_circuits_come_back():
    device = aer()
    sizes = count_executions(device)
    asked = pt.expressibility(model(device), seed=1, n_pairs=24, n_bins=8)
    found = asked(np.zeros(2))
    assert sizes == [44] and found.cost.circuits == asked.cost(np.zeros(2)).circuits == 44
    assert found.survival.value == 1 and found.divergence is not None


def test_noise_is_seen_and_haar_is_not_compared_to():
    options = {"seed": 1, "n_pairs": 24, "n_bins": 8}
    found = pt.expressibility(model(remote()), **options)(np.zeros(2))
    assert found.survival.high < 1 and found.divergence is None
    assert "comes back" in found.notes[0]
    forced = pt.expressibility(model(remote()), reference="haar", **options)(np.zeros(2))
    assert forced.divergence is not None and "noise" in forced.notes[0]


def test_purities_on_a_backend():
    found = pt.entangling_capability(model(remote()), seed=1, n_draws=10)(np.zeros(2))
    assert found.cost.executions == 1 and "upper bound" in found.notes[0]


def test_shots_are_needed():
    for ask in (pt.expressibility, pt.entangling_capability):
        with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
            ask(model(remote(), None))(np.zeros(2))


def test_many_circuits_need_leave():
    with pytest.raises(pt.BudgetError, match="max_circuits"):
        pt.expressibility(model(aer()), n_pairs=2000)(np.zeros(2))

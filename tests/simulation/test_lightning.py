"""Two exact roads that share no simulator must meet."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


@qml.qnode(qml.device("default.qubit", wires=3))
def circuit(x, weights):
    for layer in range(2):
        for w in range(3):
            qml.Rot(*weights[layer, w], wires=w)
        qml.CRX(weights[layer, 0, 0], wires=[0, 2])
        qml.IsingXX(0.5 * weights[layer, 1, 1], wires=[2, 1])
        qml.SingleExcitation(weights[layer, 2, 0], wires=[1, 2])
        qml.T(0)
        for w in range(3):
            qml.RX(x, wires=w)
    return qml.expval(qml.X(0) @ qml.Z(2)), qml.expval(qml.Z(1) + 0.3 * qml.Y(2))


WEIGHTS = np.random.default_rng(5).uniform(0, 6, (2, 3, 3))


def test_lightning_and_own_engine_agree():
    own = pt.coefficient_jacobian(circuit, encoding_args="x", engine="exact")(0.1, WEIGHTS)
    lightning = pt.coefficient_jacobian(circuit, encoding_args="x", engine="lightning")(
        0.1, WEIGHTS
    )
    for a, b in zip(own, lightning, strict=True):
        assert np.abs(a - b).max() < 1e-12


def test_rows_and_data_by_lightning():
    rows = [
        pt.fourier_rows(circuit, "x", engine=e)(0.1, WEIGHTS).values for e in ("exact", "lightning")
    ]
    assert np.abs(rows[0] - rows[1]).max() < 1e-12
    data = [
        pt.data_jacobian(circuit, [0.1, 0.7], "x", engine=e)(0.1, WEIGHTS)
        for e in ("exact", "lightning")
    ]
    assert np.abs(data[0].jacobian - data[1].jacobian).max() < 1e-12
    assert np.abs(data[0].outputs - data[1].outputs).max() < 1e-12


def test_reports_by_both_roads_find_the_same_dead_parameters():
    reports = [
        pt.analyze(circuit, "x", engine=e, n_draws=3, seed=1)(0.1, WEIGHTS)
        for e in ("exact", "lightning")
    ]
    assert reports[0].dead == reports[1].dead
    assert reports[0].rank == reports[1].rank
    assert reports[1].provenance.engine == "lightning"


def test_probabilities_by_lightning_name_the_way_out():
    @qml.qnode(qml.device("default.qubit"))
    def probabilities(x, w):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.probs(wires=0)

    with pytest.raises(pt.ReadingError, match="engine='exact'"):
        pt.coefficient_jacobian(probabilities, encoding_args="x", engine="lightning")(0.1, 0.2)


def test_one_measurement_that_is_no_expectation_value_is_enough_to_refuse():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def both(x, w):
        qml.RX(x + w, wires=0)
        return qml.expval(qml.Z(0)), qml.probs(wires=0)

    with pytest.raises(pt.ReadingError, match="expectation values only; use engine='exact'"):
        pt.coefficient_jacobian(both, encoding_args="x", engine="lightning")(0.1, 0.2)


def test_one_gate_of_several_angles_is_enough_to_refuse():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def several(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        qml.SpecialUnitary(w, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match=r"gates of several angles; use engine='exact'"):
        pt.coefficient_jacobian(several, encoding_args="x", engine="lightning")(
            0.1, np.array([0.2, 0.7, 0.4])
        )

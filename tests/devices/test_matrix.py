"""One matrix: devices × shots × interfaces, every value against the one known by hand."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import (
    GAPS,
    INTERFACES,
    THIRD_PARTY_WARNINGS,
    count_executions,
    gap_of,
    one_wire,
    one_wire_jacobian,
    package_of,
    shot_error,
    to_numpy,
    weights_of,
)

import pennylane_trainability as pt

pytestmark = [pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS]

WEIGHTS = [0.7, 1.1]
#: Kind → (what the user sets, shots of each copy).
SHOTS = {"none": (None, [None]), "some": (4000, [4000]), "vector": ((4000, 2000), [4000, 2000])}
N_POINTS = 3  # degree 1
#: FakeManilaV2 has read-out errors of a few percent per wire and gate errors below 1e-3: outcomes
#: of ±1 shrink by up to 10 %, and so does every derivative.
FAKE_BACKEND_BIAS = 0.1


def fake_backend():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


def make(name: str):
    """A device of one wire with a seed of its own."""
    if name == "qiskit.aer":
        return qml.device(name, wires=1, seed_simulator=42)
    if name == "qiskit.remote":
        options = {"simulator": {"seed_simulator": 42}}
        return qml.device(name, wires=1, backend=fake_backend(), options=options)
    return qml.device(name, wires=1, seed=42)


SIMULATORS = ["default.qubit", "lightning.qubit", "default.mixed"]
QISKIT = ["qiskit.aer", "qiskit.remote"]
NAMES = [
    *(pytest.param(name, id=name) for name in SIMULATORS),
    *(pytest.param(name, id=name, marks=pytest.mark.qiskit) for name in QISKIT),
]


def combinations(refused: bool) -> list:
    out = []
    for name in NAMES:
        for kind in SHOTS:
            for interface in INTERFACES:
                values = (name.values[0], kind, interface.values[0])
                if (gap_of(*values) is not None) == refused:
                    marks = [*name.marks, *interface.marks]
                    out.append(pytest.param(*values, marks=marks, id="-".join(values)))
    return out


def on(device, kind: str, trainable: int = 2):
    """The circuit with the first or both weights trainable (Qiskit is slow: one)."""

    @qml.qnode(device)
    def circuit(x, w):
        return one_wire(x, w if trainable == 2 else [w[0], WEIGHTS[1]])

    return qml.set_shots(circuit, shots=SHOTS[kind][0])


@pytest.mark.parametrize("name, kind, interface", combinations(refused=False))
def test_values_agree_with_the_hand_within_their_shot_errors(name, kind, interface):
    trainable = 1 if name in QISKIT else 2
    device = make(name)
    weights = weights_of(interface, WEIGHTS[:trainable])
    jacobian = pt.coefficient_jacobian(on(device, kind, trainable), encoding_args="x")
    sizes = count_executions(device)

    found = jacobian(0.0, weights)

    copies = found if kind == "vector" else (found,)
    shots = SHOTS[kind][1]
    assert len(copies) == len(shots)
    expected = one_wire_jacobian(WEIGHTS)[:, :trainable]
    for value, count in zip(copies, shots, strict=True):
        assert package_of(value) == {"autograd": "numpy"}.get(interface, interface)
        error = 5 * shot_error(N_POINTS, count) if count else 1e-6
        error += FAKE_BACKEND_BIAS * np.abs(expected).max() if name == "qiskit.remote" else 0.0
        np.testing.assert_allclose(to_numpy(value), expected, rtol=0, atol=error)
    computed = kind == "none" and name in ("default.qubit", "lightning.qubit")
    assert len(sizes) == (0 if computed else 1), "a whole Jacobian is one device execution"


@pytest.mark.parametrize("name, kind, interface", combinations(refused=True))
def test_gaps_say_what_to_do(name, kind, interface):
    gap = gap_of(name, kind, interface)
    device = make(name)
    sizes = count_executions(device)
    jacobian = pt.coefficient_jacobian(on(device, kind), encoding_args="x")
    with pytest.raises(gap.error, match=gap.match):
        jacobian(0.0, weights_of(interface, WEIGHTS))
    assert sizes == [], "nothing may run before the error"


def test_every_refusing_gap_of_a_device_is_met():
    """A gap that no combination meets is a stale line of the table."""
    met = {gap_of(*c.values) for c in combinations(refused=True)}
    assert met == {gap for gap in GAPS.values() if gap.kind == "refused"}


@pytest.mark.parametrize("shots", [100, (100, 200)])
def test_the_tracker_of_default_qubit_counts_one_batch(shots):
    device = qml.device("default.qubit", seed=1)
    qnode = qml.set_shots(qml.QNode(one_wire, device), shots=shots)
    with qml.Tracker(device) as tracker:
        pt.coefficient_jacobian(qnode, encoding_args="x")(0.0, np.array(WEIGHTS))
    total = shots if isinstance(shots, int) else sum(shots)
    # four shifted circuits at three points
    assert tracker.totals["batches"] == 1
    assert tracker.totals["executions"] == 12
    assert tracker.totals["shots"] == 12 * total


def test_the_tracker_sees_nothing_where_nothing_runs():
    device = qml.device("default.qubit")
    with qml.Tracker(device) as tracker:
        pt.coefficient_jacobian(qml.QNode(one_wire, device), encoding_args="x")(
            0.0, np.array(WEIGHTS)
        )
    assert tracker.totals == {}


def test_noise_of_a_mixed_state_device_is_measured_not_left_out():
    p = 0.3

    @qml.qnode(qml.device("default.mixed", wires=1))
    def noisy(x, w):
        qml.RX(x, wires=0)
        qml.DepolarizingChannel(p, wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    w = 0.4
    shrink = 1 - 4 * p / 3  # of the Bloch vector; f = shrink · cos x · cos w
    found = pt.coefficient_jacobian(noisy, encoding_args="x")(0.0, w)
    np.testing.assert_allclose(found, [0, -shrink * np.sin(w) / np.sqrt(2), 0], atol=1e-12)


#: Circuits: two weights have four shifted circuits, the coefficients one more, at three points.
DIAGNOSTICS = [
    pytest.param(lambda q: pt.measure_jacobian(q, "x"), 4 * 3, id="measure_jacobian"),
    pytest.param(lambda q: pt.fourier_rows(q, "x"), 1 * 3, id="fourier_rows"),
    pytest.param(lambda q: pt.data_jacobian(q, [0.1, 0.2], "x"), 5 * 2, id="data_jacobian"),
    pytest.param(lambda q: pt.analyze(q, "x"), 5 * 3, id="analyze"),
]


@pytest.mark.parametrize("name", SIMULATORS)
@pytest.mark.parametrize("call, circuits", DIAGNOSTICS)
def test_every_diagnostic_is_one_execution_and_costs_what_it_says(name, call, circuits):
    device = make(name)
    sizes = count_executions(device)
    result = call(on(device, "some"))(0.0, np.array(WEIGHTS))
    assert len(sizes) == 1
    assert result.cost.executions == 1
    assert result.cost.circuits == circuits
    assert result.cost.shots == 4000 * circuits
    assert result.provenance.device == name
    assert result.provenance.engine == "measured"


@pytest.mark.parametrize("name", SIMULATORS)
def test_measured_errors_cover_the_exact_value(name, seed):
    device = qml.device(name, wires=1, seed=seed)
    found = pt.measure_jacobian(on(device, "some"), "x", seed=1)(0.0, np.array(WEIGHTS))
    deviation = np.abs(found.value - one_wire_jacobian(WEIGHTS))
    assert np.all(deviation <= 5 * found.stderr)
    assert np.all(found.stderr <= 1.1 * shot_error(N_POINTS, 4000))
    assert found.shots == 4000


def test_chunks_change_the_executions_and_nothing_else():
    device = make("lightning.qubit")
    qnode = on(device, "some")
    sizes = count_executions(device)
    seen = []
    executor = pt.Executor(device, chunk=5, progress=lambda done, total: seen.append((done, total)))
    found = pt.measure_jacobian(qnode, "x", executor=executor)(0.0, np.array(WEIGHTS))
    assert sizes == [5, 5, 2]
    assert seen == [(5, 12), (10, 12), (12, 12)]
    assert np.all(np.abs(found.value - one_wire_jacobian(WEIGHTS)) <= 5 * found.stderr)

"""The measured QFIM on every device, in every interface, and what it says where it cannot work."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from plugin_devices import DEVICES, aer, fake_ibm, ideal_ibm
from qfim_zoo import ZOO, qfim_by_differences
from support import (
    INTERFACES,
    THIRD_PARTY_WARNINGS,
    count_executions,
    package_of,
    to_numpy,
    weights_of,
)

import pennylane_trainability as pt

pytestmark = [pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS]

WEIGHTS = [0.4, 1.1, 0.7]


def gates(w):
    qml.RY(w[0], wires=0)
    qml.CRX(w[1], wires=[0, 1])
    qml.CNOT([1, 0])
    qml.RZ(w[2], wires=0)


def model(device, shots=None):
    @qml.qnode(device)
    def circuit(w):
        gates(w)
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots=shots)


@pytest.fixture(scope="module")
def truth():
    return qfim_by_differences(gates, WEIGHTS)


@pytest.mark.parametrize("make", DEVICES)
@pytest.mark.parametrize("method", ["direct", "hadamard", "overlap"])
def test_every_device_and_method(make, method, truth):
    device = make(3)
    sizes = count_executions(device)
    measure = pt.measure_qfim(model(device, 4000), method=method, seed=1)
    told = measure.cost(np.array(WEIGHTS))
    assert sizes == []
    found = measure(np.array(WEIGHTS))
    assert np.all(np.abs(found.value - truth) <= 5 * found.stderr + 1e-9)
    assert found.method == method
    for name in ("circuits", "distinct_circuits", "shots", "executions"):
        assert getattr(told, name) == getattr(found.cost, name)
    assert told.executions == 1
    assert len(sizes) <= 1, "one device execution, or one job instead"


#: Circuits of the zoo and the wires of a device with one to spare.
CIRCUITS = {"entangling": 4, "tied": 5, "excitations": 5, "reuploading": 3, "fixed between": 4}


@functools.cache
def zoo_truth(name) -> np.ndarray:
    return qfim_by_differences(ZOO[name][0], zoo_weights(name))


def zoo_weights(name) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.2, 2.5, ZOO[name][1])


def zoo_on_devices():
    """All but the longest circuit on Qiskit, which takes half a minute to compile its circuits."""
    for device in DEVICES:
        for name in CIRCUITS:
            if name != "reuploading" or not device.id.startswith("qiskit"):
                marks = device.marks
                yield pytest.param(*device.values, name, id=f"{device.id}-{name}", marks=marks)


@pytest.mark.parametrize("make, name", list(zoo_on_devices()))
def test_the_zoo_on_every_device(make, name):
    function = ZOO[name][0]
    wires = ["a", "b", 7, "spare"] if name == "fixed between" else CIRCUITS[name]

    def circuit(w):
        function(w)
        return qml.expval(qml.Z("a" if name == "fixed between" else 0))

    qnode = qml.set_shots(qml.QNode(circuit, make(wires)), shots=1000)
    found = pt.measure_qfim(qnode, seed=1)(zoo_weights(name))
    assert np.all(np.abs(found.value - zoo_truth(name)) <= 5 * found.stderr + 1e-8)


@pytest.mark.parametrize("make", [d for d in DEVICES if d.id != "default.mixed"])
def test_without_a_spare_wire_the_device_measures_on_the_way(make, truth):
    found = pt.measure_qfim(model(make(2), 4000), seed=1)(np.array(WEIGHTS))
    assert found.method == "direct"
    assert np.all(np.abs(found.value - truth) <= 5 * found.stderr + 1e-9)


@pytest.mark.qiskit
def test_one_sampler_job_and_one_estimator_job(truth, monkeypatch):
    import qiskit_ibm_runtime

    jobs = []
    for name in ("SamplerV2", "EstimatorV2"):
        primitive = getattr(qiskit_ibm_runtime, name)
        original = primitive.run

        def run(self, pubs, *args, _name=name, _original=original, **kwargs):
            jobs.append(_name)
            return _original(self, pubs, *args, **kwargs)

        monkeypatch.setattr(primitive, "run", run)
    qnode = model(ideal_ibm(3), 4000)
    for read_out in ("counts", "means"):
        found = pt.measure_qfim(qnode, method="hadamard", read_out=read_out, seed=1)
        result = found(np.array(WEIGHTS))
        assert np.all(np.abs(result.value - truth) <= 5.5 * result.stderr + 1e-9)
    assert jobs == ["SamplerV2", "EstimatorV2"]
    jobs.clear()
    blocks = qml.transforms.measured_qfim(qnode, method="direct")(np.array(WEIGHTS))
    assert np.abs(blocks - truth).max() < 0.25 and jobs == ["SamplerV2"]


@pytest.mark.qiskit
def test_a_fake_backend_end_to_end(truth):
    """Noise, transpilation, measurements on the way: near the truth, and told what it is."""
    device = fake_ibm(2)
    found = pt.measure_qfim(model(device, 2000), seed=1, rescale=True)(np.array(WEIGHTS))
    assert found.method == "direct" and found.provenance.device == "qiskit.remote"
    assert np.abs(found.value - truth).max() < 0.35
    assert np.all(found.survival < 1.02) and found.cost.shots == 2000 * found.cost.circuits
    text = " ".join(found.notes)
    assert "a fake backend" in text and "model" in text


@pytest.mark.parametrize("interface", INTERFACES)
def test_results_come_back_in_the_users_interface(interface, truth):
    weights = weights_of(interface, WEIGHTS)
    found = qml.transforms.measured_qfim(model(qml.device("default.qubit")))(weights)
    assert package_of(found) == {"autograd": "numpy"}.get(interface, interface)
    np.testing.assert_allclose(to_numpy(found), truth, atol=1e-6)


@pytest.mark.usefixtures("global_state_unchanged")
def test_nothing_of_the_users_is_changed():
    device = qml.device("default.qubit", wires=2, seed=1)
    qnode = model(device, 50)
    before = dict(vars(qnode)), dict(qnode.execute_kwargs), list(device.wires)
    weights = np.array(WEIGHTS)
    pt.measure_qfim(qnode, seed=1, allocation="adaptive")(weights)
    qml.transforms.measured_qfim(qnode)(weights)
    assert (dict(vars(qnode)), dict(qnode.execute_kwargs), list(device.wires)) == before
    assert weights.tolist() == WEIGHTS


def test_equal_calls_give_equal_records():
    first, second = (
        pt.measure_qfim(model(qml.device("default.qubit", seed=3), 100), seed=1)(np.array(WEIGHTS))
        for _ in range(2)
    )
    assert first.to_dict() == second.to_dict()
    assert str(first) == str(second)
    assert "pure state" in str(first)


# -- bad input -------------------------------------------------------------------------------------


def strong(device, shots=100):
    @qml.qnode(device)
    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=[0, 1])
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots=shots)


BIG = np.linspace(0.1, 2, 12).reshape(2, 2, 3)
MIXED = qml.device("default.mixed", wires=2)
MESSAGES = [
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="hadamard")(BIG),
        pt.ReadingError, r"one wire .*Methods that do: \['overlap', 'block-diag'\]", id="wire",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="direct")(BIG),
        pt.ReadingError, r"mid-circuit.*Methods that do: \['overlap', 'block-diag'\]", id="middle",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="fast")(BIG),
        pt.ReadingError, r"'fast' is unknown.*hadamard", id="method",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED))(3),
        pt.ReadingError, r"no trainable parameters", id="no parameters",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED, None))(BIG),
        pt.ReadingError, r"qml\.set_shots", id="no shots",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED, (10, 20)))(BIG),
        pt.ReadingError, r"one number of shots", id="shot vector",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED, 3))(BIG),
        pt.ReadingError, r"too few.*at least 10.*1,000", id="few shots",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), aux_wire=0)(BIG),
        pt.ReadingError, r"aux_wire=0 must be a wire", id="aux wire",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), read_out="samples")(BIG),
        pt.ReadingError, r"'counts' or 'means'", id="read-out",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="overlap", read_out="means")(BIG),
        pt.ReadingError, r"read_out='counts'", id="overlap by means",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), allocation="best")(BIG),
        ValueError, r"even", id="allocation",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), level=2)(BIG), ValueError, r"level", id="level"
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), rescale=True, allocation="adaptive")(BIG),
        ValueError, r"leave one of the two out", id="rescale and adaptive",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="overlap", max_circuits=10)(BIG),
        pt.BudgetError, r"max_circuits allows 10\. Nothing was run", id="budget",
    ),
    pytest.param(
        lambda: qml.transforms.measured_qfim(strong(MIXED), method="overlap", max_circuits=10)(BIG),
        pt.BudgetError, r"max_circuits allows 10\. Nothing was run", id="budget of the transform",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="random-bases", bases="all")(BIG),
        pt.ReadingError, r"'haar' or 'local'", id="bases",
    ),
    pytest.param(
        lambda: pt.measure_qfim(strong(MIXED), method="random-bases", rescale=True)(BIG),
        ValueError, r"leave them out", id="rescaled bases",
    ),
]  # fmt: skip


@pytest.mark.parametrize("call, error, match", MESSAGES)
def test_messages_say_what_to_do(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_more_than_a_thousand_circuits_need_permission():
    device = qml.device("default.mixed", wires=4)
    sizes = count_executions(device)
    weights = np.random.default_rng(0).uniform(size=(3, 4, 3))

    @qml.qnode(device)
    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=range(4))
        return qml.expval(qml.Z(0))

    qnode = qml.set_shots(circuit, shots=10)
    for call in (pt.measure_qfim(qnode), qml.transforms.measured_qfim(qnode)):
        with pytest.raises(pt.BudgetError, match=r"max_circuits allows 1000"):
            call(weights)
    assert sizes == []


@pytest.mark.qiskit
def test_no_hidden_simulation():
    device = aer(3)
    sizes = count_executions(device)
    with pytest.raises(pt.ReadingError, match=r"simulation is never run in place"):
        qml.transforms.measured_qfim(model(device))(np.array(WEIGHTS))
    with pytest.raises(pt.ReadingError, match=r"returns no shot vectors"):
        qml.transforms.measured_qfim(model(device, (10, 20)))(np.array(WEIGHTS))
    assert sizes == []


def test_channels_in_the_circuit_have_no_inverse():
    def noisy(w):
        gates(w)
        qml.DepolarizingChannel(0.1, wires=0)
        qml.RX(w[0], wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.set_shots(qml.QNode(noisy, qml.device("default.mixed", wires=3)), shots=100)
    with pytest.raises(pt.ReadingError, match=r"DepolarizingChannel has no inverse"):
        pt.measure_qfim(qnode, method="overlap")(np.array(WEIGHTS))
    with pytest.raises(pt.ReadingError, match=r"DepolarizingChannel has no inverse"):
        pt.measure_qfim(qnode, rescale=True)(np.array(WEIGHTS))
    assert pt.measure_qfim(qnode)(np.array(WEIGHTS)).method == "direct"


@pytest.mark.interfaces("jax")
def test_measured_values_are_not_compiled():
    import jax

    qnode = model(qml.device("default.qubit"))
    with pytest.raises(NotImplementedError, match=r"use qml\.transforms\.qfim"):
        jax.jit(qml.transforms.measured_qfim(qnode))(jax.numpy.array(WEIGHTS))

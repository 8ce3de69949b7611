"""Devices and arrays of accelerators, as far as they can be tested without one.

Torch's ``meta`` device stands in for a GPU: tensors on it refuse to meet tensors of the CPU, as
those of a GPU do. They hold no numbers, so the copy to the CPU is given some here.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pennylane as qml
import pytest
from support import GAPS

import pennylane_trainability as pt
from pennylane_trainability.circuits import arguments, resolution
from pennylane_trainability.transforms import interfaces
from pennylane_trainability.transforms.engines import choose_engine, is_exact_simulator

X, W = 0.25, np.array([0.375, 1.25, 0.5])
EXACT_NAMES = ["lightning.qubit", "lightning.kokkos", "lightning.gpu", "lightning.amdgpu"]


def model(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[1], wires=0)
    qml.RX(w[2], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


def reference():
    return qml.QNode(model, qml.device("default.qubit"))


# -- arrays ----------------------------------------------------------------------------------------


@pytest.fixture
def copied(monkeypatch):
    """What a copy from the meta device to the CPU gives: ``W`` for tensors of its shape, else 1."""
    plain = arguments.to_numpy

    def to_numpy(value):
        if getattr(value, "is_meta", False):
            return W.copy() if value.shape == W.shape else np.ones(tuple(value.shape))
        return plain(value)

    for module in (arguments, resolution, interfaces):
        monkeypatch.setattr(module, "to_numpy", to_numpy)


TRANSFORMS = {
    "coefficient_jacobian": lambda q: pt.coefficient_jacobian(q, "x"),
    "qfim": lambda q: pt.qfim(q, encoding_args="x"),
}


@pytest.mark.interfaces("torch")
@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_results_and_gradients_are_where_the_arguments_are(name, requires_grad):
    import torch

    transform = TRANSFORMS[name](reference())
    w = torch.empty(3, dtype=torch.float32, device="meta", requires_grad=requires_grad)
    found = transform(X, w)
    assert found.device.type == "meta" and found.dtype == torch.float64
    assert tuple(found.shape) == transform(X, W).shape
    if requires_grad:
        (found**2).sum().backward()
        assert w.grad.device.type == "meta" and w.grad.dtype == torch.float32


@pytest.mark.interfaces("torch")
@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("name", ["measured_grad", "measured_qfim"])
def test_measured_numbers_are_where_the_arguments_are(name):
    import torch

    qnode = qml.set_shots(qml.QNode(model, qml.device("default.qubit", wires=3, seed=1)), shots=20)
    w = torch.empty(3, dtype=torch.float64, device="meta")
    assert getattr(pt, name)(qnode, encoding_args="x")(X, w).device.type == "meta"


# -- devices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXACT_NAMES)
def test_the_names_of_exact_simulators(name):
    """A device that is not installed is known by its name: ``default.qubit`` carries it here."""
    device = qml.device("default.qubit", wires=3)
    stand_in = type(device.__class__.__name__, (type(device),), {"name": name})(wires=3)
    assert is_exact_simulator(stand_in)
    assert choose_engine(stand_in, qml.measurements.Shots(None)) == "exact"
    assert choose_engine(stand_in, qml.measurements.Shots(10)) == "measured"
    qnode = qml.QNode(model, stand_in)
    found = pt.analyze(qnode, "x", n_draws=0)(X, W)
    assert (found.provenance.device, found.provenance.engine) == (name, "exact")
    measured = pt.measure_gradient(qml.set_shots(qnode, shots=10), encoding_args="x")(X, W)
    assert measured.provenance.device == name and measured.provenance.shots == 10
    assert not measured.notes, "a noiseless simulator needs no word about noise"


def test_a_device_of_another_name_is_measured():
    device = type("Other", (type(qml.device("default.qubit")),), {"name": "other.gpu"})(wires=3)
    assert choose_engine(device, qml.measurements.Shots(None)) == "measured"


KOKKOS = importlib.util.find_spec("pennylane_lightning") and importlib.util.find_spec(
    "pennylane_lightning.lightning_kokkos"
)


@pytest.mark.skipif(not KOKKOS, reason=GAPS["lightning.kokkos", "*", "*"].reason)
class TestKokkos:
    @pytest.fixture
    def qnode(self):
        return qml.QNode(model, qml.device("lightning.kokkos", wires=3))

    @pytest.mark.parametrize("engine", ["auto", "lightning", "measured"])
    def test_jacobian(self, qnode, engine):
        found = pt.coefficient_jacobian(qnode, "x", engine=engine)(X, W)
        wanted = pt.coefficient_jacobian(reference(), "x")(X, W)
        np.testing.assert_allclose(found, wanted, atol=1e-12)

    def test_qfim(self, qnode):
        found = pt.qfim(qnode, encoding_args="x")(X, W)
        x, w = qml.numpy.array(X, requires_grad=False), qml.numpy.array(W)
        np.testing.assert_allclose(
            found, 4 * qml.adjoint_metric_tensor(reference())(x, w), atol=1e-12
        )

    def test_reports(self, qnode):
        exact = pt.analyze(qnode, "x", seed=1, n_draws=3)(X, W)
        assert (exact.provenance.device, exact.provenance.engine) == ("lightning.kokkos", "exact")
        shots = pt.analyze(qml.set_shots(qnode, shots=100), "x", seed=1, n_draws=0)(X, W)
        assert shots.provenance.engine == "measured"

    @pytest.mark.parametrize("name", ["commuting_grad", "dla_grad", "measured_grad"])
    def test_gradients(self, qnode, name):
        found = getattr(pt, name)(qnode, encoding_args="x")(X, W)
        wanted = qml.grad(reference(), argnums=1)(X, qml.numpy.array(W))
        np.testing.assert_allclose(found, wanted, atol=1e-12)

    def test_measured_qfim(self, qnode):
        found = pt.measure_qfim(qml.set_shots(qnode, shots=4000), encoding_args="x", seed=1)(X, W)
        wanted = pt.qfim(reference(), encoding_args="x")(X, W)
        assert np.all(np.abs(found.value - wanted) <= 7 * found.stderr + 1e-9)

"""The transforms on QNodes: what ``qml.jacobian`` gives, arguments, broadcasting, shots."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from gradient_zoo import by_differences
from support import INTERFACES, package_of, weights_of

import pennylane_trainability as pt

METHODS = ["commuting", "dla", "shift", "auto"]


def gates(a, b):
    qml.RY(a[0], wires=0)
    qml.IsingXX(a[1] * b, wires=[0, 1])
    qml.CRX(a[2], wires=[1, 0])
    qml.RZ(b, wires=1)
    qml.Hadamard(1)


def two(a, b):
    gates(a, b)
    return qml.expval(qml.Z(0)), qml.probs(wires=[1])


def device():
    return qml.device("default.qubit", seed=3)


A, B = np.array([0.4, 0.9, 1.7]), 0.6


@pytest.fixture(scope="module")
def truth():
    """``∂Z, ∂probs`` by ``a``, then by ``b``."""
    exact = qml.QNode(two, device(), diff_method="backprop")

    def values(a, b):
        return qml.math.hstack(exact(a, b))

    by_a, by_b = qml.jacobian(values)(qml.numpy.array(A), qml.numpy.array(B))
    return (by_a[0], by_b[0]), (by_a[1:], by_b[1:])


def assert_is(found, expected, atol=1e-12):
    """The same nesting and shapes, close values."""
    leaves, structure = qml.pytrees.flatten(found)
    expected_leaves, expected_structure = qml.pytrees.flatten(expected)
    assert structure == expected_structure
    for one, other in zip(leaves, expected_leaves, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(np.asarray(one), other, rtol=0, atol=atol)


@pytest.mark.parametrize("method", METHODS)
def test_several_results_by_several_arguments(method, truth):
    found = pt.measured_grad(qml.QNode(two, device()), method=method)(A, B)
    assert_is(found, truth)


@pytest.mark.parametrize("interface", INTERFACES)
def test_every_interface(interface, truth):
    a, b = weights_of(interface, A), weights_of(interface, B)
    found = pt.commuting_grad(qml.QNode(two, device()))(a, b)
    leaves, _ = qml.pytrees.flatten(found)
    expected, _ = qml.pytrees.flatten(truth)
    assert [package_of(x) for x in leaves] == [package_of(a)] * 4
    for one, other in zip(leaves, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "argnums, pick",
    [
        (0, lambda row: row[0]),
        ("b", lambda row: row[1]),
        ([1], lambda row: (row[1],)),
        (["a", "b"], lambda row: row),
    ],
)
def test_argnums(argnums, pick, truth):
    found = pt.commuting_grad(qml.QNode(two, device()), argnums=argnums)(A, B)
    assert_is(found, tuple(pick(row) for row in truth))
    positional = pt.commuting_grad(qml.QNode(two, device()), argnums)(A, B)
    assert_is(positional, found, 0)


def test_data_take_no_circuits(truth):
    device_ = device()
    with qml.Tracker(device_) as tracker:
        found = pt.commuting_grad(qml.QNode(two, device_), encoding_args="a")(A, B)
    assert_is(found, tuple(row[1] for row in truth))
    with qml.Tracker(device_) as every:
        pt.commuting_grad(qml.QNode(two, device_))(A, B)
    assert tracker.totals["executions"] < every.totals["executions"]
    assert tracker.totals["batches"] == every.totals["batches"] == 1


def test_marked_tensors_are_data(truth):
    fixed = qml.numpy.array(A, requires_grad=False)
    found = pt.commuting_grad(qml.QNode(two, device()))(fixed, qml.numpy.array(B))
    assert_is(found, tuple(row[1] for row in truth))


def test_nested_arguments_and_results(truth):
    @pt.commuting_grad
    @qml.qnode(device())
    def circuit(params):
        gates(params["a"], params["b"])
        return {"z": qml.expval(qml.Z(0)), "p": qml.probs(wires=[1])}

    found = circuit({"a": A, "b": np.array(B)})
    (z, p) = truth
    assert_is(found, {"z": {"a": z[0], "b": z[1]}, "p": {"a": p[0], "b": p[1]}})


def test_a_list_of_one_result():
    @pt.commuting_grad
    @qml.qnode(device())
    def circuit(w):
        qml.RX(w, wires=0)
        return [qml.expval(qml.Z(0))]

    found = circuit(0.3)
    assert isinstance(found, list)
    assert_is(found, [np.array(-np.sin(0.3))])


FORMS = [
    pytest.param(functools.partial(pt.measured_grad, method="shift"), id="partial"),
    pytest.param(pt.measured_grad(method="shift"), id="keywords"),
    pytest.param(pt.measured_grad, id="bare"),
    pytest.param(qml.gradients.measured_grad, id="qml.gradients"),
    pytest.param(qml.transforms.commuting_grad, id="qml.transforms"),
    pytest.param(qml.transforms.dla_grad, id="dla"),
]


@pytest.mark.parametrize("form", FORMS)
def test_as_a_decorator(form):
    @form
    @qml.qnode(device())
    def circuit(w):
        """Docstring of the circuit."""
        qml.RX(w, wires=0)
        return qml.expval(qml.Z(0))

    assert circuit.__doc__ == "Docstring of the circuit."
    np.testing.assert_allclose(circuit(0.3), -np.sin(0.3), atol=1e-12)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="groupin"):
        pt.commuting_grad(qml.QNode(two, device()), groupin="auto")(A, B)


def test_matrix_arguments_and_tied_entries():
    def circuit(w):
        for row in w:
            for wire, angle in enumerate(row):
                qml.RY(angle * w[0, 0], wires=wire)
            qml.CNOT([0, 1])
        return qml.probs(wires=[0, 1])

    weights = np.linspace(0.3, 1.4, 6).reshape(3, 2)
    found = pt.commuting_grad(qml.QNode(circuit, device()))(weights)
    exact = qml.QNode(circuit, device())
    expected = by_differences(lambda w: exact(w.reshape(3, 2)), weights.ravel())
    assert found.shape == (4, 3, 2)
    np.testing.assert_allclose(found.reshape(4, 6), expected, rtol=0, atol=1e-8)


# -- gates of several angles, functions of parameters, own transforms ------------------------------


@pytest.mark.parametrize("method", ["commuting", "shift"])
def test_gates_of_several_angles(method):
    def circuit(w):
        qml.RY(0.3, wires=0)
        qml.SpecialUnitary(w, wires=[0, 1])
        qml.RX(w[0] * w[3], wires=1)
        return qml.expval(qml.Z(0) @ qml.X(1)), qml.expval(qml.Y(0))

    weights = np.linspace(-0.4, 0.7, 15)
    found = pt.measured_grad(qml.QNode(circuit, device()), method=method)(weights)
    exact = qml.QNode(circuit, device())
    expected = by_differences(lambda w: np.stack(exact(w)), weights)
    np.testing.assert_allclose(np.stack(found), expected, rtol=0, atol=1e-9)


def test_transforms_of_the_qnode_are_applied_first():
    @qml.transforms.merge_rotations
    @qml.qnode(device())
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RX(w[1], wires=0)
        return qml.expval(qml.Z(0))

    own = circuit.device
    with qml.Tracker(own) as tracker:
        found = pt.measured_grad(circuit, method="shift")(np.array([0.3, 0.5]))
    np.testing.assert_allclose(found, [-np.sin(0.8)] * 2, atol=1e-12)
    assert tracker.totals["executions"] == 2


# -- broadcasting ----------------------------------------------------------------------------------

DATA = np.array([[0.1, 0.8], [1.2, -0.4], [2.0, 0.3]])


def encoded(kind):
    def circuit(x, w):
        if kind == "angles":
            qml.AngleEmbedding(x, wires=[0, 1])
        elif kind == "state":
            qml.AmplitudeEmbedding(x, wires=0, normalize=True)
        else:
            qml.RX(x[..., 0] * w[0], wires=0)
        gates(w, 0.3)
        return qml.expval(qml.Z(0)), qml.probs(wires=[1, 0])

    return circuit


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit"])
@pytest.mark.parametrize("kind", ["angles", "state", "products"])
@pytest.mark.parametrize("method", METHODS)
def test_a_broadcasting_axis_comes_first(kind, method, name):
    """In the gates where the device takes it there, else point by point."""
    own = qml.device(name, wires=3)
    qnode = qml.QNode(encoded(kind), own)
    gradient = pt.measured_grad(qnode, argnums="w", method=method)
    with qml.Tracker(own) as tracker:
        found = gradient(DATA, A)
    assert tracker.totals["batches"] == 1
    each = [gradient(x, A) for x in DATA]
    assert_is(found, tuple(np.stack(column) for column in zip(*each, strict=True)), 1e-12)
    exact = qml.QNode(encoded(kind), device())
    for b, x in enumerate(DATA):
        expected = by_differences(lambda w, x=x: np.hstack(exact(x, w)), A)
        np.testing.assert_allclose(np.vstack([found[0][b], found[1][b]]), expected, atol=1e-8)


def test_parameters_may_carry_the_axis():
    def circuit(w):
        qml.RX(w[..., 0], wires=0)
        qml.RY(w[..., 1], wires=0)
        return qml.expval(qml.Z(0))

    points = np.array([[0.1, 0.8], [1.2, -0.4], [2.0, 0.3]])
    found = pt.commuting_grad(qml.QNode(circuit, device()))(points)
    x, y = points.T
    expected = np.stack([-np.sin(x) * np.cos(y), -np.cos(x) * np.sin(y)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


# -- shots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_out", ["counts", "means"])
def test_shots(read_out, truth):
    qnode = qml.set_shots(qml.QNode(two, device()), shots=40_000)
    found = pt.commuting_grad(qnode, read_out=read_out)(A, B)
    assert_is(found, truth, 0.06)
    assert abs(found[0][1] - truth[0][1]) > 1e-7, "sampled, not computed"


def test_shot_vectors(truth):
    gradient = pt.commuting_grad(qml.QNode(two, device()))
    found = qml.set_shots(gradient, shots=(40_000, (50_000, 2)))(A, B)
    assert len(found) == 3
    for one in found:
        assert_is(one, truth, 0.06)
    assert not np.array_equal(found[1][0][0], found[2][0][0])


def test_estimates_have_the_errors_of_their_shots(rng):
    """A derivative is the mean of a word with values ±1: its variance is (1 − m²)/shots."""
    shots, repeats = 50, 400
    tape = qml.tape.QuantumScript(
        [qml.RX(0.7, 0), qml.RY(0.4, 0)], [qml.expval(qml.Z(0))], shots=(shots,) * repeats
    )
    tapes, post = pt.commuting_grad(tape)
    found = np.array(post(qml.execute(tapes, qml.device("default.qubit", seed=rng), None)))
    exact = np.array([-np.sin(0.7) * np.cos(0.4), -np.cos(0.7) * np.sin(0.4)])
    error = np.sqrt((1 - exact**2) / shots)
    np.testing.assert_allclose(found.mean(0), exact, atol=5 * error.max() / np.sqrt(repeats))
    np.testing.assert_allclose(found.std(0) / error, 1.0, atol=5 / np.sqrt(2 * repeats))


# -- bad input -------------------------------------------------------------------------------------


def test_compiling_and_differentiating_is_refused():
    gradient = pt.commuting_grad(qml.QNode(two, device()))
    with pytest.raises(NotImplementedError, match="diff_method=commuting_grad"):
        qml.jacobian(lambda a: gradient(a, B)[0][0])(qml.numpy.array(A))


@pytest.mark.interfaces("jax")
def test_compiling_with_jax_is_refused():
    import jax

    with pytest.raises(NotImplementedError, match="diff_method=commuting_grad"):
        jax.jit(pt.commuting_grad(qml.QNode(two, device())))(weights_of("jax", A), 0.3)


def test_coefficients_that_depend_on_arguments():
    def circuit(w):
        qml.RX(w[0], wires=0)
        return qml.expval(w[1] * qml.Z(0))

    with pytest.raises(pt.ReadingError, match="exclude the argument with argnums"):
        pt.commuting_grad(qml.QNode(circuit, device()))(np.array([0.1, 0.2]))


def test_no_trainable_argument():
    with pytest.raises(pt.ReadingError, match="argnums"):
        pt.commuting_grad(qml.QNode(lambda: qml.expval(qml.Z(0)), device()))()


def test_a_device_without_a_spare_wire_names_what_it_can_do(truth):
    own = qml.device("lightning.qubit", wires=2)
    with pytest.raises(
        pt.ReadingError,
        match=r"on lightning\.qubit: method='commuting': it needs one wire.*are: .*'shift'",
    ):
        pt.commuting_grad(qml.QNode(two, own))(A, B)
    assert_is(pt.measured_grad(qml.QNode(two, own))(A, B), truth, 1e-10)


def test_commuting_generators_need_no_spare_wire():
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.IsingXX(w[1], wires=[0, 1])
        return qml.expval(qml.Z(0))

    own = qml.device("lightning.qubit", wires=2)
    found = pt.commuting_grad(qml.QNode(circuit, own))(np.array([0.4, 0.7]))
    expected = [-np.sin(0.4) * np.cos(0.7), -np.cos(0.4) * np.sin(0.7)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_budgets():
    def circuit(w):
        for k in range(len(w)):
            (qml.RX, qml.RY)[k % 2](w[k], wires=0)
        return qml.expval(qml.Z(0))

    weights = np.linspace(0, 1, 600)
    with pytest.raises(pt.BudgetError, match=r"max_circuits allows 10\. Nothing was run"):
        pt.commuting_grad(qml.QNode(circuit, device()), max_circuits=10)(weights)
    mixed = qml.QNode(circuit, qml.device("default.mixed", wires=2))
    with qml.Tracker(mixed.device) as tracker, pytest.raises(pt.BudgetError, match="allows 1000"):
        pt.measured_grad(mixed, method="shift")(weights)
    assert tracker.totals == {}


# -- nothing of the user's is changed --------------------------------------------------------------


def test_the_qnode_stays_as_it_is(global_state_unchanged, truth):
    qnode = qml.set_shots(qml.QNode(two, device()), shots=10)
    before = dict(vars(qnode))
    arguments = A.copy()
    pt.commuting_grad(qnode)(arguments, B)
    assert vars(qnode).keys() == before.keys()
    for key in ("func", "device", "diff_method", "gradient_kwargs", "_shots"):
        assert vars(qnode)[key] is before[key] or vars(qnode)[key] == before[key]
    np.testing.assert_array_equal(arguments, A)


def test_a_device_that_is_updated_is_used():
    own = qml.device("default.mixed", wires=3)
    gradient = pt.commuting_grad(qml.QNode(two, device())).update(device=own)
    with qml.Tracker(own) as tracker:
        gradient(A, B)
    assert tracker.totals["batches"] == 1


@pytest.mark.parametrize("method", METHODS)
def test_an_angle_with_a_parameter_and_data_on_an_axis(method):
    """``∂ cos(x + w) = -sin(x + w)`` at every entry of the axis."""

    def circuit(x, w):
        qml.RX(x + w[0], 0)
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))

    data = np.array([0.1, 0.7, 2.0])
    qnode = qml.QNode(circuit, device())
    first, second = pt.measured_grad(qnode, encoding_args="x", method=method)(data, A[:2])
    zero = np.zeros(3)
    np.testing.assert_allclose(first, np.stack([-np.sin(data + A[0]), zero], 1), atol=1e-12)
    np.testing.assert_allclose(second, np.stack([zero, zero - np.sin(A[1])], 1), atol=1e-12)


def test_the_budget_counts_the_circuits_of_every_entry_of_an_axis():
    def circuit(x, w):
        qml.RX(x + w[0], 0)
        return qml.expval(qml.Z(0))

    data = np.array([0.1, 0.7, 2.0])
    one = len(pt.measured_grad(qml.QNode(circuit, device()), encoding_args="x")(0.1, A[:1]))
    assert one == 1
    qnode = qml.QNode(circuit, device())
    pt.measured_grad(qnode, encoding_args="x", method="shift", max_circuits=6)(data, A[:1])
    with pytest.raises(pt.BudgetError, match="max_circuits allows 5"):
        pt.measured_grad(qnode, encoding_args="x", method="shift", max_circuits=5)(data, A[:1])

"""Every form of argument in every interface: it works, or the error says what to write."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import (
    INTERFACES,
    double_precision,
    jacobian_by_differences,
    one_wire,
    one_wire_jacobian,
    package_of,
    to_numpy,
    weights_of,
)

import pennylane_trainability as pt
from pennylane_trainability import coefficient_jacobian

WEIGHTS = [0.7, 1.1]
EXACT = one_wire_jacobian(WEIGHTS)
CLOSE = {"rtol": 0, "atol": 1e-8}


def qnode_of(function, **options):
    return qml.QNode(function, qml.device("default.qubit", **options))


def with_template(x, w):
    qml.AngleEmbedding([x, x], wires=[0, 1])
    qml.StronglyEntanglingLayers(w, wires=[0, 1])
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


TEMPLATE_WEIGHTS = np.random.default_rng(3).uniform(0, 3, (2, 2, 3))


@pytest.fixture(scope="module")
def template_jacobian():
    return jacobian_by_differences(qnode_of(with_template), TEMPLATE_WEIGHTS, degree=3)


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("argnums", [None, 1, "w", [1]], ids=str)
def test_templates_with_and_without_argnums(interface, argnums, template_jacobian):
    weights = weights_of(interface, TEMPLATE_WEIGHTS)
    found = coefficient_jacobian(qnode_of(with_template), encoding_args="x", argnums=argnums)(
        0.1, weights
    )
    if isinstance(argnums, list):
        (found,) = found
    np.testing.assert_allclose(to_numpy(found), template_jacobian, rtol=0, atol=1e-6)


# -- which argument is what ------------------------------------------------------------------------


def test_the_marked_argument_is_the_input():
    x = qml.numpy.array(0.2, requires_grad=False)
    w = qml.numpy.array(WEIGHTS, requires_grad=True)
    np.testing.assert_allclose(coefficient_jacobian(qnode_of(one_wire))(x, w), EXACT, **CLOSE)


def test_the_one_keyword_array_is_the_input():
    found = coefficient_jacobian(qnode_of(lambda w, x=None: one_wire(x, w)))(
        np.array(WEIGHTS), x=np.array(0.2)
    )
    np.testing.assert_allclose(found, EXACT, **CLOSE)


@pytest.mark.interfaces("torch")
def test_among_torch_tensors_the_one_without_gradient_is_the_input():
    import torch

    found = coefficient_jacobian(qnode_of(one_wire))(
        torch.tensor(0.2), weights_of("torch", WEIGHTS)
    )
    np.testing.assert_allclose(to_numpy(found), EXACT, **CLOSE)


@pytest.mark.interfaces("torch")
@pytest.mark.parametrize("x", ["float", "tensor", "array"])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_torch_takes_positional_numbers_and_tensors_without_gradient(x, requires_grad):
    import torch

    inputs = {"float": 0.2, "tensor": torch.tensor(0.2), "array": np.array(0.2)}[x]
    weights = torch.tensor(WEIGHTS, dtype=torch.float64, requires_grad=requires_grad)
    found = coefficient_jacobian(qnode_of(one_wire), encoding_args="x")(inputs, weights)
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(to_numpy(found), EXACT, **CLOSE)


@pytest.mark.parametrize("encoding_args", ["x", 0, -2, ["x"], (0,), {"x": None}], ids=str)
def test_encoding_arguments_by_name_position_and_mapping(encoding_args):
    found = coefficient_jacobian(qnode_of(one_wire), encoding_args=encoding_args)(
        0.0, np.array(WEIGHTS)
    )
    np.testing.assert_allclose(found, EXACT, **CLOSE)


def test_an_encoding_argument_overrides_trainability():
    x = qml.numpy.array(0.2, requires_grad=True)
    w = qml.numpy.array(WEIGHTS, requires_grad=True)
    found = coefficient_jacobian(qnode_of(one_wire), encoding_args="x")(x, w)
    np.testing.assert_allclose(found, EXACT, **CLOSE)


@pytest.mark.parametrize("x", [0, np.int64(0), np.array(3), 0.0, 1e6], ids=repr)
def test_the_value_of_the_input_does_not_matter(x):
    found = coefficient_jacobian(qnode_of(one_wire), encoding_args="x")(x, np.array(WEIGHTS))
    np.testing.assert_allclose(found, EXACT, **CLOSE)


def test_part_of_an_argument_can_be_the_input():
    def mixed(v):
        return one_wire(v[1], [v[0], v[2]])

    found = coefficient_jacobian(qnode_of(mixed), encoding_args={"v": [1]})(
        np.array([WEIGHTS[0], 0.0, WEIGHTS[1]])
    )
    np.testing.assert_allclose(found[:, [0, 2]], EXACT, **CLOSE)
    assert not found[:, 1].any(), "an input has no derivative"


# -- several arguments, keywords, nested arguments -------------------------------------------------


def several(x, a, b, c=0.0, n=1, wire=0):
    for _ in range(n):
        qml.RX(x, wires=wire)
    qml.RY(a, wires=wire)
    qml.RX(b[0, 0] + c, wires=wire)
    qml.RY(b[0, 1], wires=wire)
    return qml.expval(qml.Z(wire))


A, B = 0.3, np.array([[0.5, 0.9]])


def flat_several(x, v):
    return qnode_of(several)(x, v[0], np.array([[v[1], v[2]]]))


@pytest.fixture(scope="module")
def several_jacobian():
    return jacobian_by_differences(flat_several, [A, *B.ravel()])


def test_several_trainable_arguments_give_a_tuple_in_their_order(several_jacobian):
    in_a, in_b = coefficient_jacobian(qnode_of(several), encoding_args="x")(0.0, A, B)
    assert (in_a.shape, in_b.shape) == ((3,), (3, 1, 2))
    np.testing.assert_allclose(in_a, several_jacobian[:, 0], atol=1e-8)
    np.testing.assert_allclose(in_b.reshape(3, 2), several_jacobian[:, 1:], atol=1e-8)


def test_argnums_choose_and_order(several_jacobian):
    in_b, in_a = coefficient_jacobian(qnode_of(several), encoding_args="x", argnums=["b", "a"])(
        0.0, A, B
    )
    np.testing.assert_allclose(in_a, several_jacobian[:, 0], atol=1e-8)
    np.testing.assert_allclose(in_b.reshape(3, 2), several_jacobian[:, 1:], atol=1e-8)
    alone = coefficient_jacobian(qnode_of(several), encoding_args="x", argnums="a")(0.0, A, B)
    np.testing.assert_allclose(alone, in_a, rtol=0, atol=1e-14)


def test_keywords_are_arguments_like_others_and_integers_are_constants(several_jacobian):
    jacobian = coefficient_jacobian(qnode_of(several), encoding_args="x")
    in_a, in_b, in_c = jacobian(0.0, b=B, a=A, c=0.0, n=1, wire="q")
    np.testing.assert_allclose(in_a, several_jacobian[:, 0], atol=1e-8)
    np.testing.assert_array_equal(in_c, in_b[:, 0, 0])  # c and b[0, 0] are added
    assert jacobian(0.0, A, B, n=2)[0].shape == (5,)


def nested(x, p):
    qml.RX(x["f"][0], wires=0)
    qml.RY(p["a"], wires=0)
    qml.RX(x["f"][0], wires=0)
    qml.RY(p["b"][0][1], wires=0)
    qml.RX(p["b"][1], wires=0)
    return qml.expval(qml.Z(0))


TREE = {"a": 0.3, "b": [np.array([0.1, 0.8]), 0.5], "name": "layer", "n": 3}


def flat_nested(x, v):
    p = {"a": v[0], "b": [np.array([0.1, v[1]]), v[2]]}
    return qnode_of(nested)({"f": [x]}, p)


@pytest.mark.parametrize("interface", INTERFACES)
def test_nested_arguments_keep_their_structure(interface):
    def convert(v):
        return weights_of(interface, v) if isinstance(v, (float, np.ndarray)) else v

    tree = {**TREE, "a": convert(TREE["a"]), "b": [convert(v) for v in TREE["b"]]}
    found = coefficient_jacobian(qnode_of(nested), encoding_args="x")({"f": [0.0]}, tree)
    assert set(found) == set(TREE)
    assert found["name"] is None and found["n"] is None
    expected = jacobian_by_differences(flat_nested, [0.3, 0.8, 0.5], degree=2)
    np.testing.assert_allclose(to_numpy(found["a"]), expected[:, 0], atol=1e-6)
    array, number = found["b"]
    assert array.shape == (5, 2)
    assert not to_numpy(array)[:, 0].any(), "an entry that no gate uses has no derivative"
    np.testing.assert_allclose(to_numpy(array)[:, 1], expected[:, 1], atol=1e-6)
    np.testing.assert_allclose(to_numpy(number), expected[:, 2], atol=1e-6)


# -- inputs as vectors and batches -----------------------------------------------------------------


def two_inputs(x, w):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.BasicEntanglerLayers(w, wires=[0, 1])
    return qml.expval(qml.Z(1))


LAYERS = np.random.default_rng(4).uniform(0, 3, (2, 2))


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("interface", INTERFACES)
def test_a_leading_batch_axis_of_the_input_is_dropped(interface, batch):
    jacobian = coefficient_jacobian(qnode_of(two_inputs), encoding_args="x")
    weights = weights_of(interface, LAYERS)
    inputs = weights_of(interface, np.zeros((batch, 2)))
    single = jacobian(weights_of(interface, np.zeros(2)), weights)
    assert single.shape == (9, 2, 2)
    np.testing.assert_array_equal(to_numpy(jacobian(inputs, weights)), to_numpy(single))


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("shots", [None, 50])
def test_a_batch_of_scalar_inputs_is_dropped(batch, shots):
    qnode = qml.set_shots(qnode_of(one_wire, seed=1), shots=shots)
    found = coefficient_jacobian(qnode, encoding_args="x")(np.zeros(batch), np.array(WEIGHTS))
    assert found.shape == (3, 2)
    if shots is None:
        np.testing.assert_allclose(found, EXACT, **CLOSE)


def test_rows_of_two_inputs_are_those_of_the_two_dimensional_series(rng):
    found = coefficient_jacobian(qnode_of(two_inputs), encoding_args="x")(np.zeros(2), LAYERS)
    # Σ_k (rows of J) · basis = ∂f/∂w at any point
    point = rng.uniform(0, 6, 2)
    frequencies = [(0, 1), (1, -1), (1, 0), (1, 1)]
    basis = [1.0]
    for k in frequencies:
        basis += [np.sqrt(2) * np.cos(point @ k), -np.sqrt(2) * np.sin(point @ k)]
    by_pennylane = qml.jacobian(qnode_of(two_inputs), argnums=1)(
        point, qml.numpy.array(LAYERS, requires_grad=True)
    )
    np.testing.assert_allclose(np.tensordot(basis, found, 1), by_pennylane, **CLOSE)


# -- structure of the return value -----------------------------------------------------------------

RETURNS = [
    pytest.param(lambda a, b: {"z": a, "p": b}, lambda r: (r["z"], r["p"]), dict, id="dict"),
    pytest.param(lambda a, b: (a, b), lambda r: r, tuple, id="tuple"),
    pytest.param(lambda a, b: [a, [b]], lambda r: (r[0], r[1][0]), list, id="nested-list"),
]


@pytest.mark.parametrize("shots", [None, 20, (20, 30)], ids=str)
@pytest.mark.parametrize("pack, unpack, kind", RETURNS)
def test_the_structure_of_the_return_value_is_kept(pack, unpack, kind, shots):
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=0)
        qml.RY(w[1], wires=1)
        return pack(qml.expval(qml.Z(0)), qml.probs(wires=[1, 0]))

    qnode = qml.set_shots(qnode_of(circuit, seed=2), shots=shots)
    found = coefficient_jacobian(qnode, encoding_args="x")(0.0, np.array(WEIGHTS))
    for one in found if isinstance(shots, tuple) else (found,):
        assert type(one) is kind
        z, p = unpack(one)
        assert (z.shape, p.shape) == ((3, 2), (3, 4, 2))
        np.testing.assert_allclose(p.sum(axis=1), 0, atol=1e-12)  # probabilities sum to one
    if shots is None:
        expected = jacobian_by_differences(lambda x, w: unpack(qnode(x, w))[1][2], WEIGHTS)
        np.testing.assert_allclose(p[:, 2], expected, atol=1e-8)


# -- tied and preprocessed parameters, wires -------------------------------------------------------


def tied(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(2 * w[0] - w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[0], wires=0)
    return qml.expval(qml.Z(0))


def matrix_preprocessing(x, w):
    v = np.array([[1.0, 2.0], [0.5, -1.0]]) @ w
    qml.RY(v[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(np.dot(w, w), wires=0)
    qml.RX(x, wires=0)
    qml.RX(np.pi * np.tanh(v[1]) + np.sum(w), wires=0)
    return qml.expval(qml.Z(0))


def odd_wires(x, w):
    qml.RX(x, wires="a")
    qml.ctrl(qml.RY, control="a")(w[0], wires=[("b", 1)])
    qml.RX(x, wires=-3)
    qml.CNOT(["a", -3])
    qml.RY(w[1], wires=-3)
    qml.CNOT([-3, ("b", 1)])
    return qml.expval(qml.Z([("b", 1)]))


@pytest.mark.parametrize("function", [tied, matrix_preprocessing, odd_wires])
@pytest.mark.parametrize("engine", ["exact", "measured"])
def test_chain_rules_and_labels(function, engine):
    qnode = qnode_of(function)
    found = coefficient_jacobian(qnode, encoding_args="x", engine=engine)(0.0, np.array(WEIGHTS))
    expected = jacobian_by_differences(qnode, WEIGHTS, degree=2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


def preprocessed(function):
    def circuit(x, w):
        return one_wire(x, [function(w[0]), w[1]])

    return circuit


def functions():
    """(interface, name, function the user writes in the circuit, the same in NumPy)."""
    return [
        pytest.param("numpy", lambda: np.sin, np.sin, id="np.sin"),
        pytest.param("autograd", lambda: qml.numpy.sin, np.sin, id="pnp.sin"),
        pytest.param("numpy", lambda: qml.math.sin, np.sin, id="qml.math.sin"),
        pytest.param("numpy", lambda: float, float, id="float"),
        pytest.param("numpy", lambda: lambda v: v.item(), float, id="item"),
        pytest.param(
            "numpy", lambda: lambda v: 1 / (1 + v**2), lambda v: 1 / (1 + v**2), id="rational"
        ),
        pytest.param("numpy", lambda: lambda v: abs(v - 2), lambda v: abs(v - 2), id="abs"),
        pytest.param("jax", _jax("sin"), np.sin, id="jnp.sin", marks=pytest.mark.interfaces("jax")),
        pytest.param(
            "jax",
            lambda: qml.math.sin,
            np.sin,
            id="qml.math-jax",
            marks=pytest.mark.interfaces("jax"),
        ),
        pytest.param(
            "jax",
            _jax("negative"),
            np.negative,
            id="jnp.negative",
            marks=pytest.mark.interfaces("jax"),
        ),
        pytest.param(
            "torch", _torch("sin"), np.sin, id="torch.sin", marks=pytest.mark.interfaces("torch")
        ),
        pytest.param(
            "torch",
            _torch("neg"),
            np.negative,
            id="torch.neg",
            marks=pytest.mark.interfaces("torch"),
        ),
    ]


def _jax(name):
    def load():
        import jax.numpy as jnp

        return getattr(jnp, name)

    return load


def _torch(name):
    def load():
        import torch

        return getattr(torch, name)

    return load


@pytest.mark.parametrize("interface, load, plain", functions())
@pytest.mark.parametrize("engine", ["exact", "measured"])
def test_functions_of_parameters(interface, load, plain, engine):
    """JAX is left at its default of 32 bits here: frequencies must not blur."""
    qnode = qnode_of(preprocessed(load()))
    found = coefficient_jacobian(qnode, encoding_args="x", engine=engine)(
        0.2, weights_of(interface, WEIGHTS)
    )
    assert package_of(found) == {"autograd": "numpy"}.get(interface, interface)
    expected = jacobian_by_differences(qnode_of(preprocessed(plain)), WEIGHTS)
    np.testing.assert_allclose(to_numpy(found), expected, atol=1e-6 if interface == "jax" else 1e-8)


def test_a_piecewise_function_is_not_taken_for_linear():
    qnode = qnode_of(preprocessed(lambda v: np.clip(v, -0.8, 0.8)))  # clipped within a step of one
    with pytest.raises(pt.ReadingError, match="Use NumPy functions that are smooth"):
        coefficient_jacobian(qnode, encoding_args="x")(0.0, np.array(WEIGHTS))


# -- jit, grad, vmap, capture ----------------------------------------------------------------------


@pytest.fixture
def jax64():
    with double_precision():
        yield


@pytest.mark.interfaces("jax")
@pytest.mark.usefixtures("jax64")
class TestJax:
    def test_jit_gives_the_exact_value(self, template_jacobian):
        import jax

        jacobian = jax.jit(coefficient_jacobian(qnode_of(with_template), encoding_args="x"))
        found = jacobian(0.1, weights_of("jax", TEMPLATE_WEIGHTS))
        np.testing.assert_allclose(found, template_jacobian, rtol=0, atol=1e-6)

    def test_jit_uses_the_numbers_of_every_call(self):
        import jax

        jacobian = jax.jit(coefficient_jacobian(qnode_of(one_wire), encoding_args="x", argnums=1))
        for weights in ([0.1, 0.2], [2.0, -1.0]):
            found = jacobian(weights_of("jax", 0.0), weights_of("jax", weights))
            np.testing.assert_allclose(found, one_wire_jacobian(weights), **CLOSE)

    def test_vmap(self):
        import jax

        stack = np.array([[0.1, 0.2], [2.0, -1.0]])
        jacobian = coefficient_jacobian(qnode_of(one_wire), encoding_args="x")
        found = jax.vmap(lambda w: jacobian(0.0, w))(weights_of("jax", stack))
        np.testing.assert_allclose(found, [one_wire_jacobian(w) for w in stack], **CLOSE)

    def test_jit_of_functions_that_cannot_be_traced_but_are_linear(self):
        import jax
        import jax.numpy as jnp

        qnode = qnode_of(preprocessed(lambda v: jnp.multiply(v, 2.0)))
        found = jax.jit(coefficient_jacobian(qnode, encoding_args="x"))(
            0.0, weights_of("jax", WEIGHTS)
        )
        expected = one_wire_jacobian([2 * WEIGHTS[0], WEIGHTS[1]]) * [2, 1]
        np.testing.assert_allclose(found, expected, **CLOSE)

    def test_jit_of_nonlinear_functions_that_can_be_traced(self):
        import jax

        qnode = qnode_of(preprocessed(qml.math.sin))
        found = jax.jit(coefficient_jacobian(qnode, encoding_args="x"))(
            0.0, weights_of("jax", WEIGHTS)
        )
        expected = one_wire_jacobian([np.sin(WEIGHTS[0]), WEIGHTS[1]]) * [np.cos(WEIGHTS[0]), 1]
        np.testing.assert_allclose(found, expected, **CLOSE)

    def test_jit_of_nonlinear_functions_that_cannot_be_traced_says_what_to_write(self):
        import jax
        import jax.numpy as jnp

        jacobian = jax.jit(coefficient_jacobian(qnode_of(preprocessed(jnp.sin)), encoding_args="x"))
        with pytest.raises(NotImplementedError, match=r"qml\.math\.sin instead of jnp\.sin"):
            jacobian(0.0, weights_of("jax", WEIGHTS))

    def test_measuring_inside_jit_is_refused(self):
        import jax

        qnode = qml.set_shots(qnode_of(one_wire), shots=10)
        with pytest.raises(NotImplementedError, match="call it outside jit and grad"):
            jax.jit(coefficient_jacobian(qnode, encoding_args="x"))(0.0, weights_of("jax", WEIGHTS))

    @pytest.mark.parametrize(
        "number",
        [
            pytest.param(lambda q, w: pt.fourier_rows(q, "x")(0.0, w).values, id="fourier_rows"),
            pytest.param(
                lambda q, w: pt.data_jacobian(q, [0.0], "x")(0.0, w).jacobian, id="data_jacobian"
            ),
            pytest.param(lambda q, w: pt.analyze(q, "x", n_draws=1)(0.0, w).rank, id="analyze"),
            pytest.param(
                lambda q, w: pt.measure_jacobian(qml.set_shots(q, shots=10), "x")(0.0, w).value,
                id="measure_jacobian",
            ),
        ],
    )
    @pytest.mark.parametrize("around", ["jit", "jacobian"])
    def test_diagnostics_have_no_numbers_inside_jit_and_grad(self, number, around):
        import jax

        inside = getattr(jax, around)(lambda w: number(qnode_of(one_wire), w))
        with pytest.raises(NotImplementedError, match="outside jit, vmap and grad"):
            inside(weights_of("jax", WEIGHTS))


def test_diagnostics_have_no_derivative_in_autograd():
    def loss(w):
        return pt.data_jacobian(qnode_of(one_wire), [0.0], "x", targets=[1.0])(0.0, w).loss

    with pytest.raises(NotImplementedError, match="outside jit, vmap and grad"):
        qml.grad(loss)(weights_of("autograd", WEIGHTS))


def test_measured_values_have_no_derivative_in_autograd():
    jacobian = coefficient_jacobian(qml.set_shots(qnode_of(one_wire), shots=10), encoding_args="x")
    with pytest.raises(NotImplementedError, match="use a simulator without shots"):
        qml.jacobian(lambda w: jacobian(0.0, w))(weights_of("autograd", WEIGHTS))


@pytest.mark.parametrize("interface", INTERFACES)
def test_diagnostics_take_plain_arrays_of_every_interface(interface):
    weights = weights_of(interface, WEIGHTS)
    qnode = qnode_of(one_wire, seed=1)
    sampled = qml.set_shots(qnode, shots=500)
    assert pt.analyze(qnode, "x", n_draws=2, seed=1)(0.0, weights).rank == 2
    assert pt.measure_jacobian(sampled, "x")(0.0, weights).value.shape == (3, 2)
    c0 = -np.prod(np.sin(WEIGHTS))
    np.testing.assert_allclose(
        pt.fourier_rows(qnode, "x")(0.0, weights).values[0, 0], c0, atol=1e-6
    )
    f = np.prod(np.cos(WEIGHTS)) + c0
    outputs = pt.data_jacobian(qnode, [0.0], "x")(0.0, weights).outputs
    np.testing.assert_allclose(outputs, [[f]], atol=1e-6)


@pytest.fixture
def capture():
    qml.capture.enable()
    try:
        yield
    finally:
        qml.capture.disable()


@pytest.mark.interfaces("jax")
@pytest.mark.usefixtures("capture")
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            lambda q, s: coefficient_jacobian(q, encoding_args="x"), id="coefficient_jacobian"
        ),
        pytest.param(lambda q, s: pt.measure_jacobian(s, "x"), id="measure_jacobian"),
        pytest.param(lambda q, s: pt.fourier_rows(q, "x"), id="fourier_rows"),
        pytest.param(lambda q, s: pt.data_jacobian(q, [0.0], "x"), id="data_jacobian"),
        pytest.param(lambda q, s: pt.analyze(q, "x"), id="analyze"),
    ],
)
def test_program_capture_is_refused(call):
    qnode = qml.QNode(one_wire, qml.device("default.qubit", wires=1))
    with pytest.raises(NotImplementedError, match=r"qml\.capture\.disable\(\)"):
        call(qnode, qnode.update_shots(10))(0.0, np.array(WEIGHTS))


@pytest.mark.interfaces("jax")
def test_program_capture_switched_on_later_is_refused():
    qnode = qml.QNode(one_wire, qml.device("default.qubit", wires=1))
    jacobian = coefficient_jacobian(qnode, encoding_args="x")
    qml.capture.enable()
    try:
        with pytest.raises(NotImplementedError, match=r"qml\.capture\.disable\(\)"):
            jacobian(0.0, np.array(WEIGHTS))
    finally:
        qml.capture.disable()

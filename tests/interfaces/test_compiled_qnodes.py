"""What is made of a QNode (``qml.qjit``, layers) and program capture: a message with the remedy.

Catalyst is not installed where these tests usually run. ``Compiled`` stands in for what
``qml.qjit`` returns: it is called ``QJIT``, keeps the QNode as ``user_function`` and carries the
attributes in the QNode's ``__dict__``, as that of Catalyst 0.15 does. The last tests use Catalyst
itself and are skipped without it.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import GAPS

import pennylane_trainability as pt

X, W = 0.25, np.array([0.375, 1.25])


def model(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


class Compiled:
    """What qml.qjit makes of a QNode, as far as anybody outside Catalyst can see."""

    def __init__(self, qnode):
        self.__dict__.update(qnode.__dict__)
        self.__name__, self.user_function = qnode.__name__, qnode

    def __call__(self, *args, **kwargs):
        return self.user_function(*args, **kwargs)


class Layer:
    """A layer of a neural network, as qml.qnn makes one of a QNode."""

    def __init__(self, qnode):
        self.qnode = qnode


def qnode():
    return qml.QNode(model, qml.device("default.qubit", wires=1))


FUNCTIONS = {
    "analyze": lambda q: pt.analyze(q, "x"),
    "capacity": lambda q: pt.capacity(q),
    "data_jacobian": lambda q: pt.data_jacobian(q, [0.0], "x"),
    "degrees_of_freedom": lambda q: pt.degrees_of_freedom(q),
    "dynamical_lie_algebra": lambda q: pt.dynamical_lie_algebra(q),
    "entangling_capability": lambda q: pt.entangling_capability(q),
    "expressibility": lambda q: pt.expressibility(q),
    "fit": lambda q: pt.fit(q, [0.0, 1.0], [0.0, 1.0], "x"),
    "fourier_fingerprint": lambda q: pt.fourier_fingerprint(q, "x"),
    "fourier_rows": lambda q: pt.fourier_rows(q, "x"),
    "gradient_efficiency": lambda q: pt.gradient_efficiency(q),
    "gradient_measurement_plan": lambda q: pt.gradient_measurement_plan(q),
    "gradient_variances": lambda q: pt.gradient_variances(q),
    "hessian_spectrum": lambda q: pt.hessian_spectrum(q),
    "initialise": lambda q: pt.initialise(q, "x"),
    "landscape_law_test": lambda q: pt.landscape_law_test(q),
    "local_minima": lambda q: pt.local_minima(q),
    "loss_slice": lambda q: pt.loss_slice(q),
    "loss_variance": lambda q: pt.loss_variance(q),
    "measure_gradient": lambda q: pt.measure_gradient(q),
    "measure_jacobian": lambda q: pt.measure_jacobian(q, "x"),
    "measure_qfim": lambda q: pt.measure_qfim(q),
    "metric_tensor_fn": lambda q: pt.metric_tensor_fn(q),
    "monitor": lambda q: pt.monitor(q, "x"),
    "plan_shots": lambda q: pt.plan_shots(q, 100, "x"),
    "promote": lambda q: pt.promote(q, "w"),
    "prune": lambda q: pt.prune(q, "x"),
    "wishart_parameters": lambda q: pt.wishart_parameters(q),
}
MADE = [
    pytest.param(Compiled, r"\.user_function", id="qjit"),
    pytest.param(Layer, r"\.qnode", id="layer"),
    pytest.param(lambda q: q.func, r"what qml\.QNode returns", id="function"),
]


@pytest.mark.parametrize("made, remedy", MADE)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_made_of_a_qnode_is_refused_with_the_qnode_as_remedy(name, made, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        FUNCTIONS[name](made(qnode()))


def test_the_remedy_works():
    compiled = Compiled(qnode())
    found = pt.analyze(compiled.user_function, "x", n_draws=0)(X, W)
    assert found.space.rank == 2


TRANSFORMS = ["coefficient_jacobian", "qfim", "measured_qfim", "commuting_grad", "dla_grad"]


@pytest.mark.parametrize("name", [*TRANSFORMS, "measured_grad"])
def test_inside_qjit_a_transform_says_where_to_call_it(name, monkeypatch):
    """The compiler is pretended to be at work; it calls the quantum function, as Catalyst does."""
    transformed = getattr(pt, name)(qnode(), encoding_args="x")
    monkeypatch.setattr(qml.compiler, "active", lambda: True)
    with pytest.raises(NotImplementedError, match=f"{name} .* outside"):
        transformed.func(X, W)


@pytest.mark.interfaces
def test_program_capture_is_refused_by_name():
    pytest.importorskip("jax")  # PennyLane captures with it
    ask = [pt.analyze(qnode(), "x"), pt.capacity(qnode())]
    qml.capture.enable()
    try:
        for question, args in zip(ask, [(X, W), (X, W)], strict=True):
            with pytest.raises(NotImplementedError, match=r"qml\.capture\.disable\(\)"):
                question(*args)
        with pytest.raises(NotImplementedError, match=r"qml\.capture\.disable\(\)"):
            pt.qfim(qnode(), encoding_args="x")
    finally:
        qml.capture.disable()


# -- with Catalyst ---------------------------------------------------------------------------------


@pytest.fixture
def catalyst():
    return pytest.importorskip("catalyst", reason=GAPS["*", "*", "catalyst"].reason)


@pytest.fixture
def lightning():
    return qml.QNode(model, qml.device("lightning.qubit", wires=1))


@pytest.mark.usefixtures("catalyst")
@pytest.mark.filterwarnings("ignore")
class TestCatalyst:
    def test_the_stand_in_is_like_it(self, lightning):
        real, ours = qml.qjit(lightning), Compiled(lightning)
        assert type(real).__name__ == "QJIT" and real.user_function is lightning
        for name in ("func", "device", "compile_pipeline", "shots", "__name__"):
            assert hasattr(real, name) is hasattr(ours, name)

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_records_refuse_it(self, name, lightning):
        with pytest.raises(pt.ReadingError, match=r"\.user_function"):
            FUNCTIONS[name](qml.qjit(lightning))

    @pytest.mark.parametrize("name", [*TRANSFORMS, "measured_grad"])
    def test_transforms_inside(self, name, lightning):
        transform = getattr(pt, name)
        with pytest.raises(NotImplementedError, match=f"{name} .* outside"):
            qml.qjit(transform(lightning, encoding_args="x"))(X, W)

    def test_rewriting_transforms_are_compiled(self, lightning):
        found = qml.qjit(pt.diagonalize_commuting(lightning))(X, W)
        np.testing.assert_allclose(found, lightning(X, W), atol=1e-6)

    def test_a_callback_inside(self, catalyst, lightning):
        import jax

        wanted = pt.coefficient_jacobian(lightning, "x")(X, W)

        def jacobian(w):
            return pt.coefficient_jacobian(lightning, "x")(X, np.asarray(w))

        kind = jax.ShapeDtypeStruct(wanted.shape, float)
        compiled = qml.qjit(lambda w: 2 * catalyst.pure_callback(jacobian, kind)(w))
        np.testing.assert_allclose(compiled(jax.numpy.asarray(W)), 2 * wanted, atol=1e-6)

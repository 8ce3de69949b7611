"""Bad input is refused with what is needed, what came and what to do."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from density_zoo import turn
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

DEVICE = qml.device("default.qubit")
W2 = np.array([0.1, 0.2])


def qnode(function=turn, device=DEVICE, shots=None, **options):
    return qml.set_shots(qml.QNode(function, device, **options), shots=shots)


def measuring(*measurements):
    def circuit(angle):
        qml.RX(angle, wires=0)
        found = [m() for m in measurements]
        return found[0] if len(found) == 1 else found

    return circuit


# -- parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts, options, match",
    [
        pytest.param([], {}, "at least one part", id="none"),
        pytest.param(qnode(), {}, r"\[qnode\] \* K", id="one QNode"),
        pytest.param([turn], {}, r"need a device: density_qnode\(functions, device=", id="device"),
        pytest.param([qnode(), turn], {"device": DEVICE}, "not both; part 0", id="both kinds"),
        pytest.param([qnode(), 3], {"device": DEVICE}, "not both", id="a number"),
        pytest.param([qnode()], {"device": DEVICE}, "bring their device", id="two devices"),
        pytest.param([qnode()], {"diff_method": "adjoint"}, r"qnode\.update", id="options"),
        pytest.param(
            [qnode(), qnode(device=qml.device("default.qubit"))],
            {},
            r"one device object: part\.update\(device=device\)",
            id="different devices",
        ),
        pytest.param(
            [qnode(), qnode(diff_method="parameter-shift")],
            {},
            r"diff_method=parameter-shift and part 0 best.*update\(diff_method=",
            id="different gradient methods",
        ),
        pytest.param(
            [qnode(), qnode(shots=5)], {}, r"qml\.set_shots\(part, …\)", id="different shots"
        ),
        pytest.param(
            [qnode(interface="torch"), qnode()], {}, r"update\(interface=…\)", id="interfaces"
        ),
        pytest.param(
            [qml.gradients.param_shift(qnode())], {}, "Mix the circuits first", id="gradient"
        ),
    ],
)
def test_parts(parts, options, match):
    with pytest.raises(pt.ReadingError, match=match):
        pt.density_qnode(parts, **options)


def test_unknown_methods_name_the_known_ones():
    with pytest.raises(pt.ReadingError, match="exact, randomised, register"):
        pt.density_qnode([qnode()], method="stochastic")


def test_an_argument_called_mixture():
    def circuit(mixture):
        qml.RX(mixture, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="rename it"):
        pt.density_qnode([qnode(circuit)])
    assert pt.density_qnode([qnode(circuit)], [1.0])(0.0) == pytest.approx(1.0)


def test_program_capture():
    pytest.importorskip("jax")  # program capture is written in it
    qml.capture.enable()
    try:
        with pytest.raises(NotImplementedError, match=r"capture\.disable"):
            pt.density_qnode([turn], device=DEVICE)
    finally:
        qml.capture.disable()


# -- weights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alpha, match",
    [
        pytest.param([-0.2, 1.2], "non-negative.*weights='softmax'", id="negative"),
        pytest.param([0.2, 0.7], "add up to one.*Divide them by their sum", id="sum"),
        pytest.param([np.nan, 1.0], "non-negative", id="nan"),
        pytest.param([0.2, 0.3, 0.5], r"shape \(2,\).*got \(3,\)", id="count"),
        pytest.param(0.5, r"shape \(2,\).*got \(\)", id="scalar"),
        pytest.param([[0.5, 0.5], [0.5, 0.4]], "add up to one", id="one point of a batch"),
    ],
)
def test_weights_that_are_no_probabilities(alpha, match):
    model = pt.density_qnode([turn] * 2, own=0, device=DEVICE)
    with pytest.raises(pt.ReadingError, match=match):
        model(np.array(alpha), W2)
    with pytest.raises(pt.ReadingError, match=match if np.ndim(alpha) < 2 else "add up"):
        pt.density_qnode([turn] * 2, alpha, own=0, device=DEVICE)
    gated = pt.density_qnode([turn] * 2, lambda m, w: np.array(alpha), own=0, device=DEVICE)
    with pytest.raises(pt.ReadingError, match=match):
        gated(None, W2)


def test_fixed_weights_have_one_axis():
    with pytest.raises(pt.ReadingError, match="come from a function"):
        pt.density_qnode([turn] * 2, [[0.5, 0.5]] * 3, own=0, device=DEVICE)


def test_unknown_rules():
    with pytest.raises(pt.ReadingError, match=r"'softmax' \(it holds logits\)"):
        pt.density_qnode([turn] * 2, "sparsemax", device=DEVICE)


def test_no_mixture_in_the_call():
    model = pt.density_qnode([turn], device=DEVICE)
    with pytest.raises(pt.ReadingError, match="first argument of this density model is the mixtu"):
        model(angle=0.2)


def test_batches_of_different_sizes():
    model = pt.density_qnode([turn] * 2, device=DEVICE, method="randomised", shots=5)
    with pytest.raises(pt.ReadingError, match="same first axis"):
        model(np.full((3, 2), 0.5), np.array([0.1, 0.2]))


# -- own arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "own, angles, match",
    [
        pytest.param("angle", np.zeros(3), r"each of 2 parts.*got 3 entries", id="three entries"),
        pytest.param("angle", 0.3, "got a single value", id="a number"),
        pytest.param("weights", W2, "whose arguments are angle", id="no such name"),
        pytest.param(1, W2, "Positions count without the mixture", id="no such position"),
    ],
)
def test_own_arguments(own, angles, match):
    model = pt.density_qnode([turn] * 2, own=own, device=DEVICE)
    with pytest.raises(pt.ReadingError, match=match):
        model(np.array([0.5, 0.5]), angles)


# -- measurements ----------------------------------------------------------------------------------

Z, X = (lambda: qml.expval(qml.Z(0))), (lambda: qml.expval(qml.X(0)))
PROBS = lambda: qml.probs(wires=0)  # noqa: E731


@pytest.mark.parametrize("method", ["exact", "register"])
@pytest.mark.parametrize(
    "one, other, match",
    [
        pytest.param([Z], [X], "measure the same, but part 1", id="observables"),
        pytest.param([Z], [PROBS], "measure the same", id="kinds"),
        pytest.param([PROBS], [lambda: qml.probs(wires=1)], "measure the same", id="wires"),
        pytest.param([Z, X], [Z], "return the same, but part 1", id="count"),
        pytest.param([Z, X], [X, Z], "measure the same", id="order"),
        pytest.param([lambda: qml.var(qml.Z(0))], None, "not linear in the state", id="var"),
        pytest.param([lambda: qml.counts()], None, "not linear", id="counts"),
        pytest.param([lambda: qml.state()], None, "not linear", id="state"),
        pytest.param([lambda: qml.purity(0)], None, "not linear", id="purity"),
        pytest.param([lambda: 1.0], None, "return every measurement", id="a number"),
    ],
)
def test_measurements(one, other, match, method):
    parts = [measuring(*one), measuring(*(other or one))]
    model = pt.density_qnode(parts, device=qml.device("default.qubit", wires=3), method=method)
    with pytest.raises(pt.ReadingError, match=match):
        model(np.array([0.5, 0.5]), 0.3)


def test_structures_must_agree():
    def named(angle):
        qml.RX(angle, wires=0)
        return {"a": qml.expval(qml.Z(0))}

    def other(angle):
        qml.RX(angle, wires=0)
        return {"b": qml.expval(qml.Z(0))}

    model = pt.density_qnode([named, other], device=DEVICE)
    with pytest.raises(pt.ReadingError, match="return the same"):
        model(np.array([0.5, 0.5]), 0.3)


def test_measurements_without_wires_on_parts_with_different_wires():
    def one(angle):
        qml.RX(angle, wires=0)
        return qml.probs()

    def other(angle):
        qml.RX(angle, wires=1)
        return qml.probs()

    with pytest.raises(pt.ReadingError, match=r"qml\.probs\(wires=\[0, 1\]\), or give the device"):
        pt.density_qnode([one, other], device=DEVICE)(np.array([0.5, 0.5]), 0.3)
    device = qml.device("default.qubit", wires=2)
    found = pt.density_qnode([one, other], device=device)(np.array([0.5, 0.5]), np.pi)
    np.testing.assert_allclose(found, [0, 0.5, 0.5, 0], atol=1e-14)


# -- methods ---------------------------------------------------------------------------------------


def test_randomised_needs_shots():
    model = pt.density_qnode([turn] * 2, own=0, method="randomised", device=DEVICE)
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        model(np.array([0.5, 0.5]), W2)


@pytest.mark.interfaces("jax")
def test_nothing_is_drawn_inside_jit():
    import jax

    model = pt.density_qnode([turn] * 2, own=0, method="randomised", device=DEVICE, shots=5)
    with pytest.raises(NotImplementedError, match="use method='exact'"):
        jax.jit(model)(np.array([0.5, 0.5]), W2)


@pytest.mark.parametrize(
    "wires, aux, match",
    [
        pytest.param(2, None, "needs 2 wires for 3 parts.*Give the device more wires", id="few"),
        pytest.param(None, [7], r"needs 2 wires.*aux_wires=\[7\]", id="one given"),
        pytest.param(None, [0, 7], "that the parts do not use", id="one of the parts"),
        pytest.param(3, [1, 9], "the device has", id="not on the device"),
    ],
)
def test_the_register_needs_wires(wires, aux, match):
    device = qml.device("default.qubit", wires=wires)
    model = pt.density_qnode([turn] * 3, own=0, method="register", device=device, aux_wires=aux)
    with pytest.raises(pt.ReadingError, match=match):
        model(np.full(3, 1 / 3), np.zeros(3))


def test_the_register_would_be_measured():
    model = pt.density_qnode([measuring(qml.probs)] * 2, device=DEVICE, method="register")
    with pytest.raises(pt.ReadingError, match="name the wires"):
        model(np.array([0.5, 0.5]), 0.3)


@pytest.mark.parametrize(
    "gate", [lambda: qml.BitFlip(0.1, wires=0), lambda: qml.measure(0)], ids=["noise", "measure"]
)
def test_gates_without_a_controlled_version(gate):
    def circuit(angle):
        qml.RX(angle, wires=0)
        gate()
        return qml.expval(qml.Z(0))

    device = qml.device("default.mixed", wires=3)
    model = pt.density_qnode([circuit] * 2, device=device, own=0, method="register")
    with pytest.raises(pt.ReadingError, match="Use method='exact' or 'randomised'"):
        model(np.array([0.5, 0.5]), W2)


def test_angles_of_weights_that_are_zero():
    model = pt.density_qnode([turn] * 2, own=0, method="register", device=DEVICE)
    alpha = np.array([1.0, 0.0])
    assert model(alpha, W2) == pytest.approx(np.cos(0.1))
    with pytest.raises(pt.ReadingError, match="no derivative where a weight is zero"):
        qml.grad(model)(qml.numpy.array(alpha, requires_grad=True), W2)


@pytest.mark.qiskit
def test_no_hidden_simulation_and_no_shot_vectors_on_qiskit(request):
    for warning in THIRD_PARTY_WARNINGS:
        request.applymarker(pytest.mark.filterwarnings(warning))
    model = pt.density_qnode([turn] * 2, own=0, device=qml.device("qiskit.aer", wires=2))
    with pytest.raises(pt.ReadingError, match=r"needs shots.*qml\.set_shots"):
        model(np.array([0.5, 0.5]), W2)
    with pytest.raises(pt.ReadingError, match="Set one number of shots"):
        qml.set_shots(model, shots=(5, 6))(np.array([0.5, 0.5]), W2)


# -- the twin, cut_layers and everything else that meets a density model ---------------------------


def test_measure_density_takes_density_models_with_shots():
    model = pt.density_qnode([turn] * 2, own=0, device=DEVICE)
    with pytest.raises(pt.ReadingError, match=r"Mix the circuits first"):
        pt.measure_density(qnode())
    with pytest.raises(pt.ReadingError, match=r"one number of shots.*qml\.set_shots"):
        pt.measure_density(model)(np.array([0.5, 0.5]), W2)
    with pytest.raises(pt.ReadingError, match="one number of shots"):
        pt.measure_density(qml.set_shots(model, shots=(5, 6)))(np.array([0.5, 0.5]), W2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        pt.measure_density(model, level=95)


def test_measure_density_is_not_differentiated():
    model = pt.density_qnode([turn] * 2, own=0, device=DEVICE, shots=5)
    alpha = qml.numpy.array([0.5, 0.5], requires_grad=True)
    with pytest.raises(NotImplementedError, match="call the model itself"):
        qml.grad(lambda a: pt.measure_density(model)(a, W2).value[0])(alpha)


def test_density_matrices_have_no_counts():
    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.density_matrix(wires=0)

    model = pt.density_qnode([circuit] * 2, own=0, device=DEVICE, shots=5)
    with pytest.raises(pt.ReadingError, match=r"Return qml\.expval"):
        pt.measure_density(model)(np.array([0.5, 0.5]), W2)


@pytest.mark.parametrize(
    "n_layers, barriers, match",
    [
        pytest.param(3, 2, "asked for 3 layers and the circuit has 2 barriers", id="count"),
        pytest.param(2, 0, "has 0 barriers. Put one", id="none"),
    ],
)
def test_layers_that_are_not_marked(n_layers, barriers, match):
    def circuit(angle):
        for _ in range(barriers):
            qml.Barrier()
            qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    layers = pt.cut_layers(qnode(circuit), n_layers)
    with pytest.raises(pt.ReadingError, match=match):
        layers[0](0.2)


def test_a_barrier_behind_the_last_layer():
    def circuit(angle):
        for _ in range(2):
            qml.RX(angle, wires=0)
            qml.Barrier()
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="before every layer and none behind the last"):
        pt.cut_layers(qnode(circuit), 2)[0](0.2)


def test_what_cannot_be_cut():
    with pytest.raises(pt.ReadingError, match="takes a QNode"):
        pt.cut_layers(turn, 2)
    with pytest.raises(pt.ReadingError, match="at least 1"):
        pt.cut_layers(qnode(), 0)


def test_other_transforms_of_the_package_refuse_a_density_model():
    model = pt.density_qnode([turn] * 2, [0.5, 0.5], own=0, device=DEVICE)
    for call in (
        lambda: pt.qfim(model)(W2),
        lambda: pt.data_jacobian(model, [0.0, 1.0], "angle")(W2),
    ):
        with pytest.raises(pt.ReadingError):
            call()
    with pytest.raises(qml.exceptions.TransformError, match="terminal transform"):
        qml.gradients.param_shift(model)(qml.numpy.array(W2, requires_grad=True))

"""What is said about noise: by whom, and that it is true of noise that is known exactly."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyQubits, depolarise, layers
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.noise import EFFECTS, noise_notes
from pennylane_trainability.transforms.noise_source import NoiseKind, noise_source

S = 0.6


def mixed(survival=None, returns=lambda: qml.expval(qml.Z(0) @ qml.Z(1))):
    """The same circuit on ``default.mixed``, depolarised at its end or not."""

    @qml.qnode(qml.device("default.mixed", wires=2))
    def circuit(weights):
        layers(weights)
        if survival is not None:
            depolarise(survival, [0, 1])
        return returns()

    return circuit


# -- where noise comes from ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "default.mixed"])
def test_simulators_without_noise(name):
    source = noise_source(qml.device(name, wires=1))
    assert source.kind is NoiseKind.NONE and not source.may_be_noisy
    assert all(noise_notes(quantity, qml.device(name, wires=1)) == () for quantity in EFFECTS)


def test_channels_and_reading_errors_are_noise():
    mixed_device = qml.device("default.mixed", wires=1)
    channel = qml.AmplitudeDamping(0.1, wires=0)
    assert noise_source(mixed_device, [qml.X(0), channel]).kind is NoiseKind.SIMULATED
    assert noise_source(mixed_device, [qml.X(0)]).kind is NoiseKind.NONE
    reading = qml.device("default.mixed", wires=1, readout_prob=0.1)
    assert noise_source(reading).kind is NoiseKind.SIMULATED


def test_the_noisy_device_of_these_tests_is_a_depolarising_channel():
    """Beside density matrices with the channel in the circuit."""
    tape = qml.tape.make_qscript(layers)(WEIGHTS)
    own = NoisyQubits(survival=S).distribution(tape, qml.probs(wires=[0, 1]))
    returns = lambda: qml.probs(wires=[0, 1])  # noqa: E731
    assert np.allclose(own, mixed(S, returns)(WEIGHTS), atol=1e-12)


def test_a_device_that_is_not_known_may_be_noisy():
    class Strange(qml.devices.Device):
        name = "strange.device"

        def execute(self, circuits, execution_config=None):
            raise NotImplementedError

    assert noise_source(Strange()).kind is NoiseKind.UNKNOWN
    (note,) = noise_notes("jacobian", Strange())
    assert "it may be noisy" in note and note.endswith(EFFECTS["jacobian"])


def _aer(noise_model=None):
    return qml.device("qiskit.aer", wires=1, noise_model=noise_model)


def _damaged():
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.01, 1), ["sx"])
    return model


def _remote(backend):
    return qml.device("qiskit.remote", wires=1, backend=backend)


def _fake():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


def _ideal_aer():
    from qiskit_aer import AerSimulator

    return AerSimulator()


def _generic():
    from qiskit.providers.fake_provider import GenericBackendV2

    return GenericBackendV2(2, seed=1)


def _hardware():
    """A stand-in for the class of IBM's backends, which cannot be made offline."""

    class IBMBackend:
        name = "ibm_somewhere"
        num_qubits = 5

    device = _remote(_fake())
    device._backend = IBMBackend()
    return device


@pytest.mark.qiskit
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        pytest.param(_aer, NoiseKind.NONE, id="aer"),
        pytest.param(lambda: _aer(_damaged()), NoiseKind.SIMULATED, id="aer with a model"),
        pytest.param(lambda: _remote(_ideal_aer()), NoiseKind.NONE, id="remote on aer"),
        pytest.param(lambda: _remote(_fake()), NoiseKind.FAKE, id="fake backend"),
        pytest.param(lambda: _remote(_generic()), NoiseKind.SIMULATED, id="generic backend"),
        pytest.param(_hardware, NoiseKind.BACKEND, id="hardware"),
        pytest.param(lambda: pt.one_job(_aer(_damaged())), NoiseKind.SIMULATED, id="one job"),
    ],
)
@pytest.mark.filterwarnings(*THIRD_PARTY_WARNINGS)
def test_devices_of_qiskit(make, kind):
    assert noise_source(make()).kind is kind


# -- who says it -----------------------------------------------------------------------------------


def _policy(circuit, weights):
    return pt.born_policy(circuit, 2).log_policy_gradient(weights)


def _step(circuit, weights):
    optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
    optimizer.step(circuit, qml.numpy.array(weights))
    return optimizer.history[-1]


ASKED = {
    "gradient": lambda c, w: pt.measure_gradient(c)(w),
    "qfim-overlap": lambda c, w: pt.measure_qfim(c, method="overlap", seed=1)(w),
    "qfim-generators": lambda c, w: pt.measure_qfim(c, method="direct", seed=1)(w),
    "loss-variance": lambda c, w: pt.loss_variance(c, method="sample", n_draws=4, seed=1)(w),
    "gradient-variances": lambda c, w: pt.gradient_variances(c, method="sample", n_draws=4, seed=1)(
        w
    ),
    "expressibility": lambda c, w: pt.expressibility(
        c, n_pairs=15, n_bins=5, seed=1, reference="haar"
    )(w),
    "entangling-capability": lambda c, w: pt.entangling_capability(c, n_draws=3, seed=1)(w),
    "data-jacobian": lambda c, w: pt.data_jacobian(c, [[0.4], [0.5]], {"weights": [0]})(w),
    "loss-slice": lambda c, w: pt.loss_slice(c, n_points=3, seed=1)(w),
    "degrees-of-freedom": lambda c, w: pt.degrees_of_freedom(
        c, road="loss", n_draws=500, seed=1, minimum=-1.0
    )(w),
    "mixture": lambda c, w: pt.measure_density(pt.density_qnode([c, c]), seed=1)([0.5, 0.5], w),
    "policy-gradient": _policy,
    "policy-variance": lambda c, w: pt.policy_variance(pt.born_policy(c, 2), n_draws=4, seed=1)(w),
    "natural-gradient": _step,
}


DEVICES = {
    "noisy": lambda: NoisyQubits(wires=3, flips=(0.05, 0.05)),
    "ideal": lambda: qml.device("lightning.qubit", wires=3, seed=1),
}


@pytest.mark.parametrize("quantity", ASKED)
@pytest.mark.parametrize("device", DEVICES)
def test_measured_results_say_what_noise_does(quantity, device):
    """In what is printed and in the JSON, where the device may be noisy, and nowhere else."""

    @qml.set_shots(50)
    @qml.qnode(DEVICES[device]())
    def circuit(weights):
        layers(weights)
        return qml.probs(wires=[0, 1]) if "policy" in quantity else qml.expval(qml.Z(0))

    found, noisy = ASKED[quantity](circuit, WEIGHTS), device == "noisy"
    assert (EFFECTS[quantity] in " ".join(found.notes)) is noisy
    assert (EFFECTS[quantity] in str(found)) is noisy
    assert (EFFECTS[quantity] in json.dumps(found.to_dict(), ensure_ascii=False)) is noisy


@pytest.mark.parametrize("device", DEVICES)
def test_a_measured_jacobian_says_it_too(device):
    @qml.set_shots(50)
    @qml.qnode(DEVICES[device]())
    def circuit(x, weights):
        qml.RX(x, wires=0)
        layers(weights)
        return qml.expval(qml.Z(0))

    found = pt.measure_jacobian(circuit, "x", seed=1)(0.0, WEIGHTS)
    assert (EFFECTS["jacobian"] in str(found)) is (device == "noisy")


# -- everything that measures ----------------------------------------------------------------------


def _made(device, returns=lambda: qml.expval(qml.Z(0)), shots=50):
    @qml.set_shots(shots)
    @qml.qnode(DEVICES[device]())
    def circuit(weights):
        layers(weights)
        return returns()

    return circuit


def _series(device, shots=50):
    @qml.set_shots(shots)
    @qml.qnode(DEVICES[device]())
    def circuit(x, weights):
        qml.RX(x, wires=0)
        layers(weights)
        return qml.expval(qml.Z(0))

    return circuit


def _watched(circuit, args):
    watched = pt.monitor(circuit, *(["x"] if len(args) > 1 else []), seed=1, max_circuits=10**4)
    watched.monitor(*args)
    return watched.monitor.record()


def _policies(device):
    policy = pt.born_policy(_made(device, lambda: qml.probs(wires=[0, 1])), 2)
    return pt.policy_scaling(lambda n: (policy, (WEIGHTS,)), [2, 3, 4], n_draws=5, seed=1)


_MODEL = {"method": "sample", "n_draws": 5, "seed": 1}
#: Public function → (words of :data:`EFFECTS`, a call). Those in ``ASKED`` stand there.
ALSO = {
    "analyze": ("jacobian", lambda d: pt.analyze(_series(d), "x", seed=1)(0.0, WEIGHTS)),
    "capacity": ("qfim-", lambda d: pt.capacity(_made(d), seed=1)(WEIGHTS)),
    "fourier_rows": ("fourier-rows", lambda d: pt.fourier_rows(_series(d), "x")(0.0, WEIGHTS)),
    "monitor": ("jacobian", lambda d: _watched(_series(d), (0.0, WEIGHTS))),
    "measure_jacobian": (
        "jacobian", lambda d: pt.measure_jacobian(_series(d), "x", seed=1)(0.0, WEIGHTS)
    ),
    "scaling": (
        "loss-variance", lambda d: pt.scaling(lambda n: (_made(d), (WEIGHTS,)), [2, 3, 4], **_MODEL)
    ),
    "trainability": (
        "gradient-variances",
        lambda d: pt.trainability(lambda n: (_made(d), (WEIGHTS,)), [2, 3, 4], **_MODEL),
    ),
    "policy_scaling": ("policy-variance", _policies),
}  # fmt: skip
#: Those of ``ASKED``, by the name of the function.
_BY_QUANTITY = {
    "measure_gradient", "measure_qfim", "loss_variance", "gradient_variances", "expressibility",
    "entangling_capability", "data_jacobian", "loss_slice", "degrees_of_freedom", "measure_density",
    "policy_variance",
}  # fmt: skip
#: What is run for its price only, and arrays that are no records.
_NO_RECORD = {"cost", "price", "metric_tensor_fn"}


def test_no_function_that_measures_is_left_out():
    """Whatever takes an executor runs circuits, and is in one of the tables of this file."""
    runs = {
        name
        for name in pt.__all__
        if callable(one := getattr(pt, name))
        and not inspect.isclass(one)
        and "executor" in inspect.signature(one).parameters
    }
    assert runs == set(ALSO) | _BY_QUANTITY | _NO_RECORD


@pytest.mark.parametrize("name", ALSO)
@pytest.mark.parametrize("device", DEVICES)
def test_what_is_made_of_measurements_says_it_too(name, device):
    effect, ask = ALSO[name]
    found, noisy = ask(device), device == "noisy"
    words = [text for key, text in EFFECTS.items() if key.startswith(effect)]
    for text in (str(found), json.dumps(found.to_dict(), ensure_ascii=False)):
        assert any(sentence in text for sentence in words) is noisy


def test_a_watched_qfim_speaks_of_both_that_it_measures():
    text = str(_watched(_made("noisy"), (WEIGHTS,)))
    assert EFFECTS["gradient"] in text and "the formula is that of a pure state" in text


def test_exact_means_of_a_noisy_device_say_it():
    found = pt.analyze(_series("noisy", None), "x", seed=1)(0.0, WEIGHTS)
    assert found.provenance.engine == "measured without shots" and EFFECTS["jacobian"] in str(found)
    assert EFFECTS["fourier-rows"] in str(
        pt.fourier_rows(_series("noisy", None), "x")(0.0, WEIGHTS)
    )


def test_coefficients_shrink_but_for_the_constant():
    def series(survival):
        @qml.qnode(qml.device("default.mixed", wires=2))
        def circuit(x, weights):
            qml.RX(x, wires=0)
            layers(weights)
            if survival is not None:
                depolarise(survival, [0, 1])
            return qml.expval(qml.Z(0) + 0.3 * qml.I(0))

        return circuit

    ask = {"encoding_args": "x", "engine": "measured"}
    clean, noisy = (pt.fourier_rows(series(s), **ask)(0.0, WEIGHTS).values for s in (None, S))
    assert np.allclose(noisy[:, 1:], S * clean[:, 1:]) and np.abs(clean[:, 1:]).max() > 0.1
    assert np.allclose(noisy[:, 0] - 0.3, S * (clean[:, 0] - 0.3))


def test_an_executor_with_a_device_of_its_own_is_the_one_that_counts():
    @qml.set_shots(50)
    @qml.qnode(DEVICES["ideal"]())
    def circuit(weights):
        layers(weights)
        return qml.expval(qml.Z(0))

    elsewhere = pt.Executor(DEVICES["noisy"]())
    found = pt.measure_gradient(circuit, executor=elsewhere)(WEIGHTS)
    assert found.provenance.device == "noisy.qubits" and EFFECTS["gradient"] in str(found)


def test_exact_answers_do_not_speak_of_noise():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        layers(weights)
        return qml.expval(qml.Z(0))

    for quantity in ("loss-variance", "gradient-variances", "expressibility"):
        notes = []
        if quantity != "expressibility":
            notes = ASKED[quantity](circuit, WEIGHTS).notes
        assert EFFECTS[quantity] not in " ".join(notes)


# -- that it is true -------------------------------------------------------------------------------


def test_variances_shrink_by_the_square_of_the_survival():
    ask = {"method": "sample", "n_draws": 6, "seed": 3, "engine": "measured"}
    for what, read in (
        (pt.loss_variance, lambda found: found.variance.value),
        (pt.gradient_variances, lambda found: found.variances),
    ):
        clean, noisy = (read(what(mixed(s), **ask)(WEIGHTS)) for s in (None, S))
        assert np.allclose(noisy, S**2 * clean, atol=1e-12) and np.max(clean) > 0.01


def test_degrees_of_freedom_look_larger_and_their_shape_stays():
    ask = {"road": "loss", "n_draws": 500, "seed": 3, "engine": "measured", "minimum": -1.0}
    clean, noisy = (pt.degrees_of_freedom(mixed(s), **ask)(WEIGHTS) for s in (None, S))
    assert np.allclose(noisy.losses, S * clean.losses, atol=1e-12)  # the observable has no trace
    assert noisy.by("loss variance").value > clean.by("loss variance").value
    assert np.isclose(noisy.skewness.value, clean.skewness.value, atol=1e-6)


def test_slices_flatten_and_keep_their_minima():
    clean, noisy = (
        pt.loss_slice(mixed(s), n_points=5, seed=3, engine="measured")(WEIGHTS) for s in (None, S)
    )
    assert np.allclose(noisy.values, S * clean.values, atol=1e-12)
    assert np.argmin(noisy.values) == np.argmin(clean.values)


def test_tangent_kernels_shrink_by_the_square():
    points = [[0.4], [0.9]]
    clean, noisy = (
        pt.data_jacobian(mixed(s), points, {"weights": [0]}, engine="measured")(WEIGHTS)
        for s in (None, S)
    )
    assert np.allclose(noisy.gram, S**2 * clean.gram, atol=1e-12) and clean.gram.max() > 0.01


def test_entangling_capability_is_an_upper_bound_under_depolarising_noise():
    ask = {"n_draws": 20, "seed": 3, "engine": "measured"}
    clean, noisy = (pt.entangling_capability(mixed(s), **ask)(WEIGHTS).samples for s in (None, S))
    # Q = 1 − mean |r|², and noise makes every Bloch vector shorter by s
    assert np.allclose(1 - noisy, S**2 * (1 - clean), atol=1e-10)
    assert np.all(noisy >= clean)


def test_relaxation_can_lower_the_entangling_capability():
    @qml.qnode(qml.device("default.mixed", wires=2))
    def circuit(weights, gamma):
        layers(weights)
        for wire in range(2):
            qml.AmplitudeDamping(gamma, wires=wire)
        return qml.expval(qml.Z(0))

    ask = {"argnums": 0, "n_draws": 20, "seed": 3, "engine": "measured"}
    clean, noisy = (
        pt.entangling_capability(circuit, **ask)(WEIGHTS, gamma).capability.value
        for gamma in (0.0, 0.95)
    )
    assert noisy < clean


def test_policy_gradients_shrink_and_their_logarithms_by_more():
    returns = lambda: qml.probs(wires=[0, 1])  # noqa: E731
    clean, noisy = (
        pt.born_policy(mixed(s, returns), 4).log_policy_gradient(WEIGHTS, engine="measured")
        for s in (None, S)
    )
    assert np.allclose(noisy.derivatives, S * clean.derivatives, atol=1e-10)
    rare = np.argmin(clean.probabilities)
    assert clean.probabilities[rare] < 1 / 4
    shrunk = noisy.log_derivatives[rare] / clean.log_derivatives[rare]
    assert np.allclose(
        shrunk, S * clean.probabilities[rare] / (S * clean.probabilities[rare] + (1 - S) / 4)
    )
    assert np.all(shrunk < S)

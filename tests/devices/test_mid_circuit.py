"""Mid-circuit measurements on Qiskit devices as measurements of the device, not deferred ones."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt
from pennylane_trainability.devices import measures_mid_circuit

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]

SHOTS = 1500
OPTIONS = {"simulator": {"seed_simulator": 42}}
#: FakeManilaV2: each outcome is read out wrongly in up to 5 %, which shrinks a product of two signs
#: by up to 0.2; gates add less.
MANILA_BIAS = 0.25


def manila():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


def on_aer(wires):
    return pt.one_job(qml.device("qiskit.aer", wires=wires, seed_simulator=42))


def on_basic(wires):
    return pt.one_job(qml.device("qiskit.basicsim", wires=wires, seed_simulator=42))


def on_remote(wires):
    from qiskit_aer import AerSimulator

    return pt.one_job(
        qml.device("qiskit.remote", wires=wires, backend=AerSimulator(), options=OPTIONS)
    )


def on_manila(wires):
    return pt.one_job(qml.device("qiskit.remote", wires=wires, backend=manila(), options=OPTIONS))


EXACT = [
    pytest.param(on_aer, id="aer"),
    pytest.param(on_basic, id="basic"),
    pytest.param(on_remote, id="remote"),
]
DEVICES = [
    *(pytest.param(p.values[0], 0.0, id=p.id) for p in EXACT),
    pytest.param(on_manila, MANILA_BIAS, id="manila"),
]


def qnode(device, shots=SHOTS, **options):
    """Decorate a quantum function."""
    return lambda function: qml.set_shots(qml.QNode(function, device, **options), shots=shots)


def signs(probabilities) -> float:
    """E[Π (−1)^m] from the probabilities of all outcomes."""
    n = int(math.log2(len(probabilities)))
    parity = [(-1) ** bin(k).count("1") for k in range(2**n)]
    return float(np.dot(parity, probabilities))


@pytest.mark.parametrize("device, bias", DEVICES)
def test_two_measurements_of_one_wire(device, bias):
    """After RY(a) and an outcome, RY(b): E[s₀ s₁] = cos b whatever a is, E[s₁] = cos a cos b."""
    a, b = 0.9, 0.6
    wrapped = device(1)

    @qnode(wrapped)
    def circuit():
        qml.RY(a, wires=0)
        m0 = qml.measure(0)
        qml.RY(b, wires=0)
        m1 = qml.measure(0)
        return qml.probs(op=[m0, m1]), qml.expval(m1), qml.counts(op=[m0, m1])

    joint, second, counts = circuit()
    error = 5 / math.sqrt(SHOTS) + bias
    assert abs(signs(joint) - math.cos(b)) < error
    assert abs(1 - 2 * second - math.cos(a) * math.cos(b)) < error
    assert abs(joint[2] + joint[3] - math.sin(a / 2) ** 2) < error
    assert sum(counts.values()) == SHOTS
    # all results come from the same shots
    for bits, number in counts.items():
        assert joint[int(bits, 2)] == number / SHOTS
    assert wrapped.jobs == 1


@pytest.mark.parametrize("device, bias", DEVICES)
def test_a_bell_pair_measured_in_two_bases(device, bias):
    """Outcomes agree in Z; a pair rotated by b before the second one agrees with E = cos b."""
    b = 1.1

    @qnode(device(2))
    def circuit():
        qml.Hadamard(0)
        qml.CNOT([0, 1])
        m0 = qml.measure(0)
        qml.RY(b, wires=1)
        m1 = qml.measure(1)
        return qml.probs(op=[m0, m1])

    assert abs(signs(circuit()) - math.cos(b)) < 5 / math.sqrt(SHOTS) + bias


@pytest.mark.parametrize("device, bias", DEVICES)
def test_a_ghz_state(device, bias):
    """E[Z₀Z₁] = 1 and E[Z₀Z₁Z₂] = 0; after the middle outcomes the rest is |000⟩ or |111⟩."""

    @qnode(device([5, "x", 0]))
    def circuit():
        qml.Hadamard(5)
        qml.CNOT([5, "x"])
        qml.CNOT(["x", 0])
        m0, m1 = qml.measure(5), qml.measure("x")
        return qml.probs(op=[m0, m1]), qml.probs(wires=[0]), qml.expval(qml.Z(0) @ qml.Z(5))

    middle, last, end = circuit()
    error = 5 / math.sqrt(SHOTS) + bias
    assert abs(signs(middle) - 1) < error
    assert abs(signs(last)) < error
    assert abs(end - 1) < error


def test_many_circuits_are_one_job():
    wrapped = on_manila(1)
    tapes = []
    for b in np.linspace(0, 3, 4):
        with qml.queuing.AnnotatedQueue() as queue:
            qml.Hadamard(0)
            m0 = qml.measure(0)
            qml.RY(b, wires=0)
            m1 = qml.measure(0)
            qml.counts(op=[m0, m1])
        tapes.append(qml.tape.QuantumScript.from_queue(queue, shots=SHOTS))
    tapes.append(qml.tape.QuantumScript([qml.X(0)], [qml.probs(wires=0)], shots=SHOTS))
    *found, plain = pt.Executor(wrapped).run(tapes)
    for b, counts in zip(np.linspace(0, 3, 4), found, strict=True):
        correlation = sum((-1) ** bits.count("1") * n for bits, n in counts.items()) / SHOTS
        assert abs(correlation - math.cos(b)) < 5 / math.sqrt(SHOTS) + MANILA_BIAS
    assert plain[1] > 1 - MANILA_BIAS


def test_an_executor_counts_one_job():
    device = qml.device("qiskit.aer", wires=1)
    with qml.queuing.AnnotatedQueue() as queue:
        qml.probs(op=[qml.measure(0), qml.measure(0)])
    tape = qml.tape.QuantumScript.from_queue(queue, shots=5)
    with qml.Tracker(device) as tracker:
        [one, two] = pt.Executor(device).run([tape, tape])
    np.testing.assert_array_equal([one, two], [[1, 0, 0, 0]] * 2)
    assert tracker.totals["jobs"] == 1
    assert tracker.totals["executions"] == 2


@pytest.mark.parametrize("device", EXACT)
def test_outcomes_and_wires_belong_to_the_same_shot(device):
    """The wire is measured again at the end: nothing happens in between, so all shots agree."""

    @qnode(device(2), shots=50)
    def circuit():
        qml.Hadamard(0)
        m0 = qml.measure(0)
        qml.CNOT([0, 1])
        return qml.sample(op=[m0]), qml.sample(wires=[0, 1])

    middle, end = circuit()
    assert middle.shape == (50, 1) and end.shape == (50, 2)
    np.testing.assert_array_equal(end, np.repeat(middle, 2, axis=1))
    assert 0 < middle.sum() < 50


RESULTS = [
    ("counts", lambda m0, m1: qml.counts(op=[m0, m1])),
    ("counts of one", lambda m0, m1: qml.counts(op=m1)),
    ("all counts", lambda m0, m1: qml.counts(op=[m1, m0], all_outcomes=True)),
    ("probs", lambda m0, m1: qml.probs(op=[m1, m0])),
    ("probs of one", lambda m0, m1: qml.probs(op=m1)),
    ("sample", lambda m0, m1: qml.sample(op=[m0, m1])),
    ("sample of one", lambda m0, m1: qml.sample(op=m1)),
    ("expval", lambda m0, m1: qml.expval(op=m1)),
    ("var", lambda m0, m1: qml.var(op=m1)),
    ("expval of arithmetic", lambda m0, m1: qml.expval(2 * m1 - m0)),
    ("counts of arithmetic", lambda m0, m1: qml.counts(2 * m1 + m0)),
    ("sample of arithmetic", lambda m0, m1: qml.sample(m0 + m1)),
]


def zero_then_one(result):
    """A circuit whose first outcome is 0 and whose second is 1: nothing is random."""
    with qml.queuing.AnnotatedQueue() as queue:
        m0 = qml.measure(0)
        qml.X(0)
        m1 = qml.measure(0)
        result(m0, m1)
    return qml.tape.QuantumScript.from_queue(queue, shots=6)


@pytest.mark.parametrize("device", EXACT)
def test_results_look_like_those_of_default_qubit(device):
    tapes = [zero_then_one(result) for _, result in RESULTS]
    expected = pt.Executor(qml.device("default.qubit")).run(tapes)
    found = pt.Executor(device(1)).run(tapes)
    for (name, _), old, new in zip(RESULTS, expected, found, strict=True):
        assert np.shape(new) == np.shape(old), name
        if isinstance(old, dict):
            assert new == old, name
        else:
            np.testing.assert_array_equal(new, old, err_msg=name)


@pytest.mark.parametrize("device", EXACT)
def test_observables_beside_outcomes(device):
    """RY(a)|0⟩ on wire 1 keeps its state, whatever wire 0 shows: E[X] = sin a, E[Z₀] = −E[m₀]."""
    a = 0.8

    @qnode(device(2))
    def circuit():
        qml.Hadamard(0)
        m0 = qml.measure(0)
        qml.RY(a, wires=1)
        return (
            qml.expval(m0),
            qml.expval(qml.X(1)),
            qml.expval(0.5 * qml.Z(0) + 2 * qml.X(1)),
            qml.probs(wires=0),
        )

    middle, x, total, zero = circuit()
    error = 5 / math.sqrt(SHOTS)
    assert abs(x - math.sin(a)) < error
    assert zero[1] == middle
    assert total == pytest.approx(0.5 * (1 - 2 * middle) + 2 * x, abs=1e-12)


@pytest.mark.parametrize("device", EXACT)
def test_templates_and_broadcasting_around_a_measurement(device):
    b = np.array([0.0, 2.0])

    @qnode(device(2))
    def circuit():
        qml.BasicEntanglerLayers(np.zeros((1, 2)), wires=[0, 1])
        m0 = qml.measure(0)
        qml.Rot(0.0, b, 0.0, wires=0)
        m1 = qml.measure(0)
        return qml.expval(m0), qml.expval(m1)

    first, second = circuit()
    np.testing.assert_array_equal(first, np.zeros(2))
    np.testing.assert_allclose(second, np.sin(b / 2) ** 2, atol=2.5 / math.sqrt(SHOTS))


# -- who can ---------------------------------------------------------------------------------------


def states_no(backend):
    """The same backend, stating that it measures only at the end."""
    configuration = backend.configuration()
    configuration.multi_meas_enabled = False
    backend.configuration = lambda: configuration
    return backend


@pytest.mark.parametrize(
    "make, expected",
    [
        pytest.param(lambda: qml.device("default.qubit"), True, id="default.qubit"),
        pytest.param(lambda: qml.device("lightning.qubit", wires=1), True, id="lightning"),
        pytest.param(lambda: qml.device("default.mixed", wires=1), False, id="default.mixed"),
        pytest.param(lambda: qml.device("qiskit.aer", wires=1), True, id="aer"),
        pytest.param(lambda: qml.device("qiskit.basicsim", wires=1), True, id="basic"),
        pytest.param(
            lambda: qml.device("qiskit.aer", wires=1, method="statevector"), False, id="state"
        ),
        pytest.param(lambda: qml.device("qiskit.aer", wires=1).target_device, True, id="no facade"),
        pytest.param(lambda: on_aer(1), True, id="wrapped"),
        pytest.param(lambda: on_manila(1), True, id="manila"),
        pytest.param(
            lambda: qml.device("qiskit.remote", wires=1, backend=states_no(manila())),
            False,
            id="stated",
        ),
    ],
)
def test_who_measures_in_the_middle(make, expected):
    assert measures_mid_circuit(make()) is expected


# -- what cannot be done is said before anything runs ----------------------------------------------


def with_reset():
    m0 = qml.measure(0, reset=True)
    return qml.expval(m0)


def with_postselection():
    qml.Hadamard(0)
    m0 = qml.measure(0, postselect=1)
    return qml.expval(m0)


def with_condition():
    m0 = qml.measure(0)
    qml.cond(m0, qml.X)(0)
    return qml.expval(qml.Z(0))


def with_two_bases():
    m0 = qml.measure(0)
    return qml.expval(m0), qml.expval(qml.X(0)), qml.expval(qml.Z(0))


REFUSED = [
    pytest.param(with_reset, "select among the samples", id="reset"),
    pytest.param(with_postselection, "select among the samples", id="postselect"),
    pytest.param(with_condition, "mcm_method='deferred'", id="condition"),
    pytest.param(with_two_bases, "several QNodes", id="two bases"),
]


@pytest.mark.parametrize("device", EXACT)
@pytest.mark.parametrize("function, remedy", REFUSED)
def test_refusals_name_a_remedy(device, function, remedy):
    wrapped = device(1)
    with pytest.raises(pt.ReadingError, match=remedy):
        qnode(wrapped)(function)()
    assert wrapped.jobs == 0


@pytest.mark.filterwarnings("ignore:.*shots=None:UserWarning")
@pytest.mark.parametrize("device", EXACT)
def test_shots_are_needed(device):
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        qnode(device(1), shots=None)(lambda: qml.expval(qml.measure(0)))()


def test_a_backend_that_cannot():
    device = qml.device("qiskit.remote", wires=1, backend=states_no(manila()))
    with pytest.raises(pt.ReadingError, match="mcm_method='deferred'"):
        qnode(pt.one_job(device))(lambda: qml.expval(qml.measure(0)))()


@pytest.mark.parametrize("device", EXACT)
def test_deferred_measurements_if_asked_for(device):
    """Conditions work again, for a spare wire."""

    def flipped_back():
        qml.Hadamard(0)
        m0 = qml.measure(0)
        qml.cond(m0, qml.X)(0)
        return qml.expval(qml.Z(0)), qml.expval(m0)

    back, fair = qnode(device(2), mcm_method="deferred")(flipped_back)()
    assert back == 1
    assert abs(fair - 0.5) < 2.5 / math.sqrt(SHOTS)


@pytest.mark.parametrize("device", EXACT)
def test_other_methods_do_not_exist(device):
    with pytest.raises(pt.ReadingError, match=r"'device'.*'deferred'"):
        qnode(device(1), mcm_method="one-shot")(lambda: qml.expval(qml.measure(0)))()

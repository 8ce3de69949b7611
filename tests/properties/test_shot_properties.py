"""Random QNodes with shots: shapes, errors, stores, and nothing of the user's changed."""

import copy
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import GATES, derivatives, inputs, programs, thetas

import pennylane_trainability as pt
from pennylane_trainability import TrainabilityWarning
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import read_qnode

SMALL = dict(max_steps=4, max_parameters=3, max_encodings=1)
TINY = dict(max_steps=2, max_parameters=2, max_encodings=1, max_wires=2)


def options_of(program) -> dict:
    return {} if program.inputs is None else {"encoding_args": "x"}


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainabilityWarning)
        return call(*args, **kwargs)


@given(st.data())
def test_shot_vectors_give_one_result_each(data):
    """One result per entry, each in the shapes of the exact one, and within its own errors."""
    program = data.draw(programs(**SMALL, kinds=("expval", "probs", "several")))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    shots = data.draw(st.sampled_from([(2000, 8000), (4000, 4000), ((3000, 2), 12000)]))
    args, kwargs = program.call(theta, x)
    name = data.draw(st.sampled_from(["commuting", "dla", "measured"]))
    method = {"commuting": pt.commuting_grad, "dla": pt.dla_grad, "measured": pt.measured_grad}
    options = options_of(program)
    found = quietly(method[name](program.qnode(shots, seed=1), **options), *args, **kwargs)
    counts = list(qml.measurements.Shots(shots))
    assert isinstance(found, tuple) and len(found) == len(counts)
    exact = derivatives(lambda moves: program.values([(m, x) for m in moves]), theta)
    # the errors of the same circuits at the most shots, told from their outcomes
    many = program.qnode(max(counts), seed=2)
    way = "auto" if name == "measured" else name
    told = quietly(pt.measure_gradient(many, method=way, seed=1, **options), *args, **kwargs)
    error = np.reshape(told.stderr, exact.shape)
    for one, count in zip(found, counts, strict=True):
        value = program.flat(one, 0)
        assert value.shape == exact.shape
        reach = 6 * error * np.sqrt(max(counts) / count)
        assert np.all(np.abs(value - exact) <= reach + slack(program, count) + 1e-6)


@given(st.data())
def test_measured_gradients_lie_within_their_errors(data):
    program = data.draw(programs(**SMALL, kinds=("expval", "probs")))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    method = data.draw(st.sampled_from(["shift", "commuting", "dla", "auto"]))
    ask = pt.measure_gradient(
        program.qnode(20_000, seed=7), method=method, seed=1, **options_of(program)
    )
    found = quietly(ask, *args, **kwargs)
    expected = derivatives(lambda moves: program.values([(m, x) for m in moves]), theta)
    value, error = np.reshape(found.value, expected.shape), np.reshape(found.stderr, expected.shape)
    assert np.all(np.abs(value - expected) <= 6 * error + slack(program, 20_000) + 1e-6)


@given(st.data())
def test_measured_qfims_lie_within_their_errors(data):
    """Every entry, against differences of states; what a method leaves out is left out here."""
    program = data.draw(programs(**SMALL, arrays_only=True))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    method = data.draw(st.sampled_from(["auto", "direct", "hadamard", "overlap"]))
    shots = 5_000
    ask = pt.measure_qfim(
        program.qnode(shots, seed=7), method=method, seed=1, **options_of(program)
    )
    found = quietly(ask, *args, **kwargs)
    expected = fisher(program, theta, x)
    np.testing.assert_allclose(found.value, found.value.T, atol=1e-12)
    # A mean errs by 1/√n at most; squared that is 1/n, times what slopes weigh.
    reach = 6 * found.stderr + slack(program, shots) * weight(program)
    assert np.all(np.abs(found.value - expected) <= reach + 1e-6)
    # and the errors are no excuse: none is larger than that of words that are fair coins
    assert np.all(found.stderr <= 4 * weight(program) ** 2 / np.sqrt(shots))


#: Functions whose answer is that of expectation values and probabilities.
LINEAR = {
    "commuting_grad": pt.commuting_grad,
    "dla_grad": pt.dla_grad,
    "measured_grad": pt.measured_grad,
    "measure_gradient": pt.measure_gradient,
    "coefficient_jacobian": pt.coefficient_jacobian,
    "fourier_rows": pt.fourier_rows,
    "measure_jacobian": pt.measure_jacobian,
    "loss_variance": pt.loss_variance,
    "gradient_variances": pt.gradient_variances,
}


@given(name=st.sampled_from(list(LINEAR)), data=st.data())
def test_variances_are_refused_where_they_are_not_linear_in_the_state(name, data):
    """The message says what is taken, and nothing is run."""
    program = data.draw(programs(**SMALL, data="yes", kinds=("var",)))
    if data.draw(st.booleans()):
        program = replace(program, measurement=("several", ("probs", (0,)), program.measurement))
    args, kwargs = program.call(data.draw(thetas(program)), data.draw(inputs(program)))
    qnode = program.qnode(100)
    with qml.Tracker(qnode.device) as tracker, pytest.raises(pt.ReadingError) as refusal:
        quietly(LINEAR[name](qnode, encoding_args="x"), *args, **kwargs)
    assert "expval" in str(refusal.value) and not tracker.totals


@given(st.data())
def test_states_are_asked_whatever_the_qnode_returns(data):
    """A variance at the end changes neither a QFIM nor what it takes to measure one."""
    program = data.draw(programs(**SMALL, arrays_only=True, kinds=("var",)))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    options = options_of(program)
    exact = program.matrix(pt.qfim(program.qnode(), **options)(*args, **kwargs))
    own = program.same_argument()
    np.testing.assert_allclose(exact, fisher(program, theta, x) * own, atol=1e-6)
    plain = replace(program, measurement=("expval", ("word", "Z" * len(program.labels))))
    one, other = (
        quietly(pt.measure_qfim(p.qnode(50, seed=7), seed=1, **options), *args, **kwargs)
        for p in (program, plain)
    )
    np.testing.assert_array_equal(one.value, other.value)


@given(st.data())
def test_parameters_that_a_variance_does_not_feel_are_dead(data):
    """Pruning says so from structure alone, and differences of values agree."""
    program = data.draw(programs(**SMALL, kinds=("var",)))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    reading = read_qnode(
        program.qnode(), args, kwargs, options_of(program).get("encoding_args"), need_inputs=False
    )
    dead = list(dead_parameters(reading.circuit))
    slopes = derivatives(lambda moves: program.values([(m, x) for m in moves]), theta)
    np.testing.assert_allclose(slopes[:, dead], 0, atol=1e-6)


def fisher(program, theta, x) -> np.ndarray:
    """``4 Re(⟨∂ᵢψ|∂ⱼψ⟩ − ⟨∂ᵢψ|ψ⟩⟨ψ|∂ⱼψ⟩)``."""
    psi = program.states([(theta, x)])[0]
    moved = derivatives(lambda moves: program.states([(m, x) for m in moves]), theta)
    along = psi.conj() @ moved
    return 4 * np.real(moved.conj().T @ moved - np.outer(along.conj(), along))


def slack(program, shots: int) -> float:
    """Beside the error: an outcome that never came has no variance.

    Of all shots 20 are certain to show it. What one outcome weighs in a derivative is bounded by
    the slopes of the angles.
    """
    return 20 / shots * weight(program)


def weight(program) -> float:
    """How much an outcome can weigh: the sum of all slopes times the largest outcome."""
    slopes = 0.0
    for step in program.steps:
        for kind, *rest in step.angles:
            scale = abs(rest[1]) if kind in ("scaled", "input+") else 6.0
            slopes += max(1.0, scale)
    return 20 * slopes


@given(st.data())
def test_a_store_gives_the_same_bits_and_executes_nothing(data):
    program = data.draw(programs(**TINY, kinds=("expval", "probs")))
    args, kwargs = program.call(data.draw(thetas(program)), data.draw(inputs(program)))
    device = program.device(seed=None)
    qnode = qml.set_shots(qml.QNode(program.function(), device), shots=100)
    question = data.draw(st.sampled_from([pt.measure_gradient, pt.measure_qfim]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.sqlite"

        def ask():
            executor = pt.Store(path).executor(run="one")
            call = question(qnode, seed=1, executor=executor, **options_of(program))
            return quietly(call, *args, **kwargs)

        first = ask()
        with qml.Tracker(device) as tracker:
            again = ask()
        assert "executions" not in tracker.totals
        assert first.to_dict() == again.to_dict() or differ_in_cost_only(first, again)


def differ_in_cost_only(first, again) -> bool:
    """What was run is another number the second time; all values are the same."""
    one, other = first.to_dict(), again.to_dict()
    return all(one[k] == other[k] for k in one if k not in ("cost", "provenance"))


def capacity(qnode, **options):
    return pt.capacity(qnode, n_draws=2, seed=1, **options)


def entangling_capability(qnode, **options):
    return pt.entangling_capability(qnode, n_draws=5, seed=1, **options)


QUESTIONS = [
    pt.coefficient_jacobian, pt.fourier_rows, pt.measured_grad, pt.measured_qfim, pt.qfim,
    capacity, entangling_capability,
]  # fmt: skip


@given(question=st.sampled_from(QUESTIONS), data=st.data())
def test_nothing_of_the_users_is_changed(question, data):
    program = data.draw(programs(**SMALL, data="yes", gates=GATES))
    args, kwargs = program.call(data.draw(thetas(program)), np.zeros(program.inputs))
    qnode = program.qnode()
    kept_args, kept_kwargs = copy.deepcopy((args, kwargs))
    kept_device, kept_dict = qnode.device, dict(qnode.__dict__)
    value = np.array(flat(qnode(*args, **kwargs)))
    random = np.random.get_state()
    quietly(question(qnode, encoding_args="x"), *args, **kwargs)
    after = np.random.get_state()
    assert random[0] == after[0] and np.array_equal(random[1], after[1]) and random[2:] == after[2:]
    assert qnode.device is kept_device
    changed = {k for k, v in qnode.__dict__.items() if k not in CALLED and kept_dict[k] is not v}
    assert not changed
    assert_same(args, kept_args)
    assert_same(kwargs, kept_kwargs)
    assert not qml.QueuingManager.recording()
    np.testing.assert_array_equal(flat(qnode(*args, **kwargs)), value)


#: What PennyLane itself writes on a QNode that is called.
CALLED = frozenset(["_tape", "_qfunc_output", "tape"])


def flat(result) -> np.ndarray:
    several = result if isinstance(result, (tuple, list)) else [result]
    return np.concatenate([np.ravel(v) for v in several])


def assert_same(found, kept) -> None:
    """The same types, keys, numbers and marks of what is trainable."""
    assert type(found) is type(kept)
    if isinstance(kept, dict):
        assert list(found) == list(kept)
        for key in kept:
            assert_same(found[key], kept[key])
    elif isinstance(kept, (list, tuple)):
        assert len(found) == len(kept)
        for one, other in zip(found, kept, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(found, kept)
        assert getattr(found, "requires_grad", None) == getattr(kept, "requires_grad", None)

"""Random QNodes with shots: shapes, errors, stores, and nothing of the user's changed."""

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pennylane as qml
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import GATES, derivatives, inputs, programs, thetas

import pennylane_trainability as pt
from pennylane_trainability import TrainabilityWarning

SMALL = dict(max_steps=4, max_parameters=3, max_encodings=1)


def options_of(program) -> dict:
    return {} if program.inputs is None else {"encoding_args": "x"}


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainabilityWarning)
        return call(*args, **kwargs)


@given(st.data())
def test_shot_vectors_give_one_result_each(data):
    """One result per entry, each in the shapes of the exact one and finite."""
    program = data.draw(programs(**SMALL, kinds=("expval", "probs", "several")))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    shots = data.draw(st.sampled_from([(50, 70), (60, 60), ((40, 2), 100)]))
    args, kwargs = program.call(theta, x)
    method = data.draw(st.sampled_from([pt.commuting_grad, pt.dla_grad, pt.measured_grad]))
    found = quietly(method(program.qnode(shots, seed=1), **options_of(program)), *args, **kwargs)
    exact = quietly(method(program.qnode(), **options_of(program)), *args, **kwargs)
    count = qml.measurements.Shots(shots).num_copies
    assert isinstance(found, tuple) and len(found) == count
    for one in found:
        assert program.flat(one, 0).shape == program.flat(exact, 0).shape
        assert np.all(np.isfinite(program.flat(one, 0)))


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
    # Beside the error: an outcome that never came has no variance; of 20,000 shots, 20 are certain
    # to show it. What one outcome weighs in a derivative is bounded by the angles' slopes.
    slack = 20 / 20_000 * weight(program, theta, x)
    assert np.all(np.abs(value - expected) <= 6 * error + slack + 1e-6)


def weight(program, theta, x) -> float:
    """How much an outcome can weigh: the sum of all slopes times the largest outcome."""
    slopes = 0.0
    for step in program.steps:
        for kind, *rest in step.angles:
            scale = abs(rest[1]) if kind in ("scaled", "input+") else 6.0
            slopes += max(1.0, scale)
    return 20 * slopes


@given(st.data())
def test_a_store_gives_the_same_bits_and_executes_nothing(data):
    program = data.draw(programs(**SMALL, kinds=("expval", "probs")))
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

"""Draws, shapes and sizes shared with workers: the same numbers to the last bit, and the border."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability import workers as sharing


class Backwards(Executor):
    """Works in this thread, and only when somebody waits: the last task first."""

    def __init__(self):
        self.waiting, self.worked = [], 0

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.waiting.append((future, fn, args, kwargs))
        if len(self.waiting) == 3:
            self.flush()
        else:
            threading.Timer(0.01, self.flush).start()
        return future

    def flush(self):
        while self.waiting:
            future, fn, args, kwargs = self.waiting.pop()
            self.worked += 1
            future.set_result(fn(*args, **kwargs))


@pytest.fixture(scope="module")
def processes():
    """A fresh interpreter, which sees nothing of this one but what is sent."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(3) as pool:
        yield pool


@pytest.fixture
def custom():
    return Backwards()


WORKERS = ["threads", "processes", "custom"]


def layers(n, device="default.qubit", nonlinear=False):
    """A QNode that is a closure over a lambda: nothing of it can be pickled."""
    turn = (lambda w: w**2 + w) if nonlinear else (lambda w: w)

    @qml.qnode(qml.device(device, wires=n))
    def circuit(weights):
        for layer in weights:
            for wire in range(n):
                qml.RY(turn(layer[wire, 0]), wires=wire)
                qml.RZ(turn(layer[wire, 1]), wires=wire)
            for wire in range(n - 1):
                qml.CNOT(wires=[wire, wire + 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit, np.zeros((3, n, 2))


def sized(n):
    circuit, weights = layers(n)
    return circuit, (weights,)


def policy(n):
    def probabilities(weights):
        qml.StronglyEntanglingLayers(weights, wires=range(n))
        return qml.probs(wires=range(n))

    qnode = qml.QNode(probabilities, qml.device("default.qubit"))
    return pt.born_policy(qnode, 2), (np.zeros((2, n, 3)),)


def asked(question, n, nonlinear=False, **options):
    """A question at one circuit, with little memory so that there are many parts."""
    circuit, weights = layers(n, nonlinear=nonlinear)

    def run(workers=None):
        return question(circuit, seed=7, workers=workers, **options)(weights)

    return run


def small(kept):
    """Memory for a few draws at a time."""
    return 16 * 2**5 * kept


QUESTIONS = {
    "capacity": asked(pt.capacity, 5, n_draws=9, memory=small(400)),
    "loss": asked(pt.loss_variance, 5, method="sample", n_draws=50, memory=small(600)),
    "gradients": asked(pt.gradient_variances, 5, method="sample", n_draws=50, memory=small(600)),
    "nonlinear": asked(
        pt.gradient_variances, 5, True, method="sample", n_draws=50, memory=small(600)
    ),
    "doubling": asked(
        pt.loss_variance, 5, method="sample", rtol=0.1, n_draws=900, memory=small(6000)
    ),
    "expressibility": asked(
        pt.expressibility, 5, n_pairs=150, n_bins=10, memory=small(160)
    ),
    "entangling": asked(pt.entangling_capability, 5, n_draws=60, memory=small(40)),
    "minima": asked(pt.local_minima, 5, n_starts=12, max_steps=5, memory=small(200)),
    "hessian": asked(pt.hessian_spectrum, 5, n_draws=4),
    "curved minima": asked(pt.hessian_spectrum, 3, n_draws=10, at="minima", memory=2**16),
    "loss at sizes": lambda workers=None: pt.scaling(
        sized, range(2, 6), method="paths", n_paths=640, seed=3, workers=workers
    ),
    "gradients at sizes": lambda workers=None: pt.scaling(
        sized, range(2, 6), quantity="gradient", method="sample", n_draws=20, seed=3,
        workers=workers,
    ),
    "policies at sizes": lambda workers=None: pt.policy_scaling(
        policy, range(3, 6), n_draws=20, seed=3, memory=small(400), workers=workers
    ),
    "shapes": lambda workers=None: pt.compare_shapes(4, n_draws=5, seed=3, workers=workers),
    "growth": lambda workers=None: pt.growth_advice(
        pt.template_builder(), 1, 2, n_draws=5, seed=3, workers=workers
    ),
}  # fmt: skip


def arrays(thing):
    """Every number in a record, in order."""
    if isinstance(thing, np.ndarray | np.generic | float | int | complex | bool):
        return [np.asarray(thing)]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [a for f in dataclasses.fields(thing) for a in arrays(getattr(thing, f.name))]
    if isinstance(thing, dict):
        return [a for value in thing.values() for a in arrays(value)]
    if isinstance(thing, tuple | list):
        return [a for value in thing for a in arrays(value)]
    return []


def same(here, there):
    left, right = arrays(here), arrays(there)
    assert len(left) == len(right) > 5
    for one, other in zip(left, right, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    assert str(here) == str(there)


@pytest.fixture(scope="module")
def serial():
    """What is found without workers, once."""
    known = {}

    def find(name):
        if name not in known:
            known[name] = QUESTIONS[name]()
        return known[name]

    return find


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_numbers_are_the_same_to_the_last_bit(name, workers, serial, request, monkeypatch):
    sent = []
    first = sharing.as_finished

    def counted(function, tasks, pool):
        for number, task, result in first(function, tasks, pool):
            sent.append(number)
            yield number, task, result

    monkeypatch.setattr(sharing, "as_finished", counted)
    there = QUESTIONS[name](request.getfixturevalue(workers))
    assert len(sent) > 1, "the work was shared"
    same(serial(name), there)


def test_many_tasks_come_back_in_their_order(threads, custom):
    tasks = list(range(-200, 200))
    for pool in (threads, custom):
        assert list(sharing.in_order(abs, tasks, pool)) == [abs(k) for k in tasks]


def test_an_error_of_a_worker_is_the_error_and_cancels_the_rest(threads):
    with pytest.raises(TypeError, match="bad operand"):
        list(sharing.in_order(abs, [1, "two", *range(500)], threads))
    assert threads.submit(abs, -1).result() == 1  # it stays open


# -- what is measured stays here -------------------------------------------------------------------


class Refusing(Executor):
    """Takes nothing."""

    def submit(self, fn, /, *args, **kwargs):
        raise AssertionError("measured work was sent away")


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(lambda q, w: pt.loss_variance(q, n_draws=4, seed=1, workers=w), id="loss"),
        pytest.param(lambda q, w: pt.capacity(q, seed=1, workers=w), id="capacity"),
        pytest.param(
            lambda q, w: pt.entangling_capability(q, n_draws=4, seed=1, workers=w), id="entangling"
        ),
    ],
)
def test_measured_work_stays_in_this_process(question):
    results = []
    for pool in (None, Refusing()):
        circuit, weights = layers(2)
        circuit = qml.set_shots(qml.QNode(circuit.func, qml.device("default.qubit", seed=5)), 50)
        ask = pt.loss_variance if question is None else question
        options = ask(circuit, pool)
        results.append(options(weights))
    same(*results)


def test_measured_sizes_stay_in_this_process(threads):
    ran = set()

    def builder(n):
        circuit, weights = layers(n)
        if n < 5:
            return circuit, (weights,)
        noisy = qml.device("default.qubit", seed=n)
        execute = noisy.execute
        noisy.execute = lambda *a, **k: (ran.add(threading.get_ident()), execute(*a, **k))[1]
        return qml.set_shots(qml.QNode(circuit.func, noisy), 30), (weights,)

    options = {"method": "sample", "n_draws": 6, "seed": 2}
    here = pt.scaling(builder, range(3, 7), **options)
    there = pt.scaling(builder, range(3, 7), workers=threads, **options)
    same(here, there)
    assert ran == {threading.get_ident()}


# -- the border ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda q, w: pt.capacity(q, workers=w), id="capacity"),
        pytest.param(lambda q, w: pt.loss_variance(q, workers=w), id="loss"),
        pytest.param(lambda q, w: pt.expressibility(q, workers=w), id="expressibility"),
        pytest.param(lambda q, w: pt.local_minima(q, workers=w), id="minima"),
        pytest.param(lambda q, w: pt.hessian_spectrum(q, workers=w), id="hessian"),
        pytest.param(lambda q, w: pt.compare_shapes(2, workers=w), id="shapes"),
    ],
)
def test_what_is_no_executor_is_refused(ask):
    with pytest.raises(ValueError, match=r"needs a concurrent\.futures\.Executor .* got 2"):
        ask(layers(2)[0], 2)


def local_operator():
    class Turn(qml.RY):
        pass

    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        for wire in range(3):
            Turn(weights[wire], wires=wire)
        return qml.expval(qml.Z(0))

    return circuit


def test_an_operator_that_cannot_be_pickled_says_what_to_do(processes, threads):
    ask = {"method": "sample", "n_draws": 8, "seed": 1}
    with pytest.raises(pt.ReadingError, match=r"top level of a module, use a ThreadPoolExecutor"):
        pt.gradient_variances(local_operator(), workers=processes, **ask)(np.zeros(3))
    here = pt.gradient_variances(local_operator(), **ask)(np.zeros(3))
    same(here, pt.gradient_variances(local_operator(), workers=threads, **ask)(np.zeros(3)))


def test_a_law_that_cannot_be_pickled_says_what_to_do(processes):
    def law(circuit, given, count, rng):
        return rng.normal(size=(count, len(given)))

    with pytest.raises(pt.ReadingError, match=r"its law \(law=…\) at the top level"):
        pt.scaling(
            sized, range(2, 5), method="sample", n_draws=8, seed=1, law=law, workers=processes
        )


def die(task):
    import os

    os._exit(1)


@pytest.mark.slow
def test_a_worker_that_dies_is_an_error_and_no_hang():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(RuntimeError) as caught:
            list(sharing.in_order(die, [1, 2], pool))
        assert any("__main__" in note for note in caught.value.__notes__)

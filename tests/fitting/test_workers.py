"""Workers: the same numbers to the last bit, many problems, what cannot be sent."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.fitting import fit, fit_many, state_problem

X = np.linspace(0, 2 * np.pi, 9, endpoint=False)


def model(x, w):
    for layer in w[:-1]:
        qml.Rot(*layer, wires=0)
        qml.RX(x, wires=0)
    qml.Rot(*w[-1], wires=0)
    return qml.expval(qml.Z(0))


def on(function=model):
    return qml.QNode(function, qml.device("default.qubit", wires=1))


def problem(number):
    rng = np.random.default_rng(number)
    reading = read_qnode(on(), (0.0, rng.uniform(0, 6, (3, 3))), {}, "x")
    return state_problem(reading, X, rng.normal(size=9), block=2)


@pytest.fixture
def processes():
    """A fresh interpreter, which sees nothing of this one but what is sent."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.parametrize(
    ("workers", "method"),
    [("threads", "levenberg-marquardt"), ("threads", "adam"), ("processes", "adam")],
)
def test_the_numbers_are_the_same_to_the_last_bit(rng, request, workers, method):
    y, w = rng.normal(size=9), rng.uniform(0, 6, (3, 3))
    run = partial(fit, on(), X, y, "x", seed=3, restarts=5, block=2, max_steps=12, method=method)
    here = run()(0.0, w)
    there = run(workers=request.getfixturevalue(workers))(0.0, w)
    assert here.to_dict() == there.to_dict()
    assert len(here.starts.traces) == 5


def test_in_a_local_dask_cluster(rng):
    distributed = pytest.importorskip("dask.distributed")
    y, w = rng.normal(size=9), rng.uniform(0, 6, (3, 3))
    run = partial(fit, on(), X, y, "x", seed=3, restarts=4, block=2, max_steps=5)
    here = run()(0.0, w)
    cluster = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client, client.get_executor() as workers:
        there = run(workers=workers)(0.0, w)
    assert here.to_dict() == there.to_dict()


class TestManyProblems:
    OPTIONS = {"seed": 11, "restarts": 3, "max_steps": 6}  # noqa: RUF012 - read only

    def problems(self):
        return {f"p{n}": partial(problem, n) for n in range(3)}

    def test_each_comes_out_as_it_is_finished(self):
        made = []

        def make(number):
            made.append(number)
            return problem(number)

        found = fit_many({n: partial(make, n) for n in range(3)}, **self.OPTIONS)
        key, first = next(found)
        assert (key, made) == (0, [0])
        assert first.points.shape == (3, 9)
        assert [key for key, _ in found] == [1, 2]

    def test_workers_change_nothing(self, threads):
        here = {k: s.to_dict() for k, s in fit_many(self.problems(), **self.OPTIONS)}
        there = fit_many(self.problems(), workers=threads, **self.OPTIONS)
        assert here == {k: s.to_dict() for k, s in there}

    def test_a_run_that_broke_off_goes_on_with_the_same_numbers(self):
        told = []
        whole = {k: s.to_dict() for k, s in fit_many(self.problems(), **self.OPTIONS)}
        rest = fit_many(
            self.problems(),
            done={"p0"},
            progress=lambda *pair: told.append(pair),
            **self.OPTIONS,
        )
        assert {k: s.to_dict() for k, s in rest} == {k: whole[k] for k in ("p1", "p2")}
        assert told == [(1, 3), (2, 3), (3, 3)]

    def test_problems_have_seeds_of_their_own(self):
        same = {n: problem(0) for n in range(2)}
        one, two = (s for _, s in fit_many(same, **self.OPTIONS))
        assert one.provenance.seed != two.provenance.seed
        assert not np.allclose(one.points, two.points)

    def test_the_start_given_is_only_used_if_asked_for(self):
        only = {0: problem(0)}
        options = {"seed": 1, "restarts": 2, "max_steps": 0}
        ((_, drawn),) = fit_many(only, **options)
        ((_, given),) = fit_many(only, given=True, **options)
        assert np.array_equal(given.points[0], only[0].given)
        assert not np.allclose(drawn.points[0], only[0].given)

    def test_stopping_early_leaves_the_executor_open(self, threads):
        found = fit_many(self.problems(), workers=threads, **self.OPTIONS)
        next(found)
        found.close()
        assert threads.submit(int, "3").result() == 3


def nonlinear(x, w):
    qml.RY(w[0, 0] ** 2, wires=0)
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def local_operator(x, w):
    class Turn(qml.RY):
        pass

    Turn(w[0, 0], wires=0)
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize(
    ("function", "workers", "remedy"),
    [
        (nonlinear, "threads", "Leave workers out"),
        (local_operator, "processes", "top level of a module"),
    ],
)
def test_circuits_that_cannot_be_sent_say_so_and_run_here(request, function, workers, remedy):
    run = partial(fit, on(function), X, np.cos(X), "x", seed=0, restarts=2, max_steps=5)
    with pytest.raises(ValueError, match=remedy):
        run(workers=request.getfixturevalue(workers))(0.0, np.full((1, 1), 0.4))
    assert run()(0.0, np.full((1, 1), 0.4)).r2 > 0.99


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"workers": 2}, "concurrent.futures.Executor"),
        ({"method": "sgd"}, "'levenberg-marquardt' or 'adam'"),
        ({"max_steps": -1}, "max_steps ≥ 0"),
        ({"patience": 0}, "patience ≥ 1"),
        ({"tolerance": 1.0}, "tolerance < 1"),
        ({"learning_rate": 0.0}, "positive learning_rate"),
        ({"threshold": 1.5}, "at most 1"),
        ({"block": 0}, "at least one start"),
        ({"progress": "bar"}, "progress=True"),
    ],
)
def test_settings_that_make_no_search_are_errors(options, remedy):
    with pytest.raises(ValueError, match=remedy):
        fit(on(), X, np.cos(X), "x", seed=0, **options)(0.0, np.ones((2, 3)))


def test_only_as_many_blocks_are_sent_as_fit_the_window(threads, monkeypatch):
    from pennylane_trainability import workers

    monkeypatch.setattr(workers, "WINDOW", 1)
    made = []

    def make(number):
        made.append(number)
        return problem(number)

    options = {"seed": 1, "restarts": 2, "max_steps": 1, "workers": threads}
    found = fit_many({n: partial(make, n) for n in range(4)}, **options)
    next(found)
    assert made == [0]
    assert len(list(found)) == 3

"""Every measured quantity: what it will cost, refused where that is too much, and nothing run."""

from __future__ import annotations

import contextlib
import functools

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.keys import distinct_circuits

WEIGHTS = np.array([0.4, 1.1, 0.3])


def gates(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    qml.CNOT([0, 1])
    qml.RY(weights[2], wires=1)


def ansatz(weights):
    gates(weights)
    return qml.expval(qml.Z(1))


def model(x, weights):
    qml.RX(x, wires=0)
    return ansatz(weights)


def choice(weights):
    gates(weights)
    return qml.probs(wires=[0, 1])


def on(device, function=ansatz, shots=50):
    return qml.set_shots(qml.QNode(function, device), shots=shots)


def parts_of_density(angle):
    qml.RX(angle, wires=0)
    return qml.expval(qml.Z(0))


def layered(weights):
    for k in range(2):
        qml.Barrier()
        qml.RX(weights[k], wires=0)
    return qml.expval(qml.Z(0))


def mixture(device):
    one = on(device, parts_of_density)
    return pt.density_qnode([one, one], own="angle")


def sized(device, function=ansatz):
    return lambda n: (on(device, function), (WEIGHTS,))


def fixed(device):
    """The QNode of transforms that need data."""
    return on(device, model)


#: Transforms: name → a function of a device and options that gives a QNode and its arguments.
TRANSFORMS = {
    "coefficient_jacobian": lambda d, **o: (
        pt.coefficient_jacobian(fixed(d), "x", **o),
        (0.1, WEIGHTS),
    ),
    "coefficient_jacobian, dla": lambda d, **o: (
        pt.coefficient_jacobian(fixed(d), "x", gradient="dla", **o),
        (0.1, WEIGHTS),
    ),
    "measured_qfim": lambda d, **o: (pt.measured_qfim(on(d), **o), (WEIGHTS,)),
    "measured_qfim, overlap": lambda d, **o: (
        pt.measured_qfim(on(d), method="overlap", **o),
        (WEIGHTS,),
    ),
    "commuting_grad": lambda d, **o: (pt.commuting_grad(on(d), **o), (WEIGHTS,)),
    "dla_grad": lambda d, **o: (pt.dla_grad(on(d), **o), (WEIGHTS,)),
    "measured_grad": lambda d, **o: (pt.measured_grad(on(d), method="shift", **o), (WEIGHTS,)),
    "measured_grad, shot vector": lambda d, **o: (
        pt.measured_grad(on(d, shots=[20, 30]), method="shift", **o),
        (WEIGHTS,),
    ),
}
#: QNodes that functions return, which have no budget of their own: they run as any QNode does.
QNODES = {
    "a plain QNode": lambda d: (on(d), (WEIGHTS,)),
    "born_policy": lambda d: (pt.born_policy(on(d, choice), 2).qnode, (WEIGHTS,)),
    "diagonalize_commuting": lambda d: (pt.diagonalize_commuting(on(d)), (WEIGHTS,)),
    "cut_layers": lambda d: (pt.cut_layers(on(d, layered), 2)[0], (WEIGHTS,)),
    "one_job": lambda d: (on(pt.one_job(d)), (WEIGHTS,)),
    "monitor": lambda d: (pt.monitor(on(d), every=1), (WEIGHTS,)),
    "qfim": lambda d: (
        pt.qfim(qml.QNode(choice, qml.device("default.mixed", wires=2))),
        (WEIGHTS,),
    ),
}
LINE = {"directions": [[1.0, 1.0, 0.0]], "n_points": 5}
#: Name → a function of a device and options that gives a question and the arguments of its answer.
QUESTIONS = {
    "measure_jacobian": lambda d, **o: (
        pt.measure_jacobian(on(d, model), "x", seed=1, **o),
        (0.1, WEIGHTS),
    ),
    "measure_jacobian, commuting": lambda d, **o: (
        pt.measure_jacobian(on(d, model), "x", gradient="commuting", seed=1, **o),
        (0.1, WEIGHTS),
    ),
    "measure_qfim": lambda d, **o: (pt.measure_qfim(on(d), seed=1, **o), (WEIGHTS,)),
    "measure_gradient": lambda d, **o: (pt.measure_gradient(on(d), **o), (WEIGHTS,)),
    "analyze": lambda d, **o: (pt.analyze(on(d, model), "x", seed=1, **o), (0.1, WEIGHTS)),
    "data_jacobian": lambda d, **o: (
        pt.data_jacobian(on(d, model), [0.1, 0.2], "x", **o),
        (0.1, WEIGHTS),
    ),
    "fourier_rows": lambda d, **o: (pt.fourier_rows(on(d, model), "x", **o), (0.1, WEIGHTS)),
    "capacity": lambda d, **o: (pt.capacity(on(d), n_draws=2, seed=1, **o), (WEIGHTS,)),
    "loss_variance": lambda d, **o: (
        pt.loss_variance(on(d), method="sample", n_draws=4, seed=1, **o),
        (WEIGHTS,),
    ),
    "loss_variance, replicates": lambda d, **o: (
        pt.loss_variance(on(d), method="sample", n_draws=4, replicates=True, seed=1, **o),
        (WEIGHTS,),
    ),
    "gradient_variances": lambda d, **o: (
        pt.gradient_variances(on(d), method="sample", n_draws=4, seed=1, **o),
        (WEIGHTS,),
    ),
    "degrees_of_freedom": lambda d, **o: (
        pt.degrees_of_freedom(on(d), road="traces", n_states=20, seed=1, **o),
        (WEIGHTS,),
    ),
    "loss_slice": lambda d, **o: (pt.loss_slice(on(d), **LINE, seed=1, **o), (WEIGHTS,)),
    "expressibility": lambda d, **o: (
        pt.expressibility(on(d), n_pairs=50, n_bins=5, seed=1, engine="measured", **o),
        (WEIGHTS,),
    ),
    "entangling_capability": lambda d, **o: (
        pt.entangling_capability(on(d), n_draws=3, seed=1, engine="measured", **o),
        (WEIGHTS,),
    ),
    "policy_variance": lambda d, **o: (
        pt.policy_variance(pt.born_policy(on(d, choice), 2), n_draws=4, seed=1, **o),
        (WEIGHTS,),
    ),
    "measure_density": lambda d, **o: (
        pt.measure_density(mixture(d), seed=1, **o),
        (np.array([0.25, 0.75]), np.array([0.1, 0.7])),
    ),
}
#: What has no attribute of its own: name → a function of a device and options that answers.
CALLS = {
    "scaling": lambda d, **o: pt.scaling(
        sized(d), [1, 2, 3], method="sample", n_draws=20, seed=1, **o
    ),
    "trainability": lambda d, **o: pt.trainability(
        sized(d), [1, 2, 3], method="sample", n_draws=20, seed=1, **o
    ),
    "policy_scaling": lambda d, **o: pt.policy_scaling(
        lambda n: (pt.born_policy(on(d, choice), 2), (WEIGHTS,)), [1, 2, 3], n_draws=20, seed=1, **o
    ),
    "monitor": lambda d, **o: pt.monitor(on(d), every=1, seed=1, **o).monitor(WEIGHTS),
    "log_policy_gradient": lambda d, **o: pt.born_policy(on(d, choice), 2).log_policy_gradient(
        WEIGHTS, **o
    ),
    "log_policy_gradient, shot vector": lambda d, **o: pt.born_policy(
        on(d, choice, shots=[20, 30]), 2
    ).log_policy_gradient(WEIGHTS, **o),
}


def device(seed=1):
    return qml.device("default.qubit", seed=seed)


def seen(tracker) -> tuple[int, int]:
    return tracker.totals.get("executions", 0), tracker.totals.get("shots", 0)


@pytest.mark.parametrize("name", QUESTIONS)
def test_cost_and_price_are_what_is_run(name):
    where = device()
    with qml.Tracker(where) as tracker:
        ask, args = QUESTIONS[name](where)
        cost, price = ask.cost(*args), ask.price(*args)
    assert not tracker.totals, "nothing runs"
    with qml.Tracker(where) as tracker:
        found = ask(*args)
    circuits, shots = seen(tracker)
    assert shots == cost.shots == price.shots == found.cost.shots > 0
    # the simulator counts a broadcasted circuit once
    assert circuits <= cost.circuits == price.circuits == found.cost.circuits
    assert price.distinct_circuits == found.cost.distinct_circuits == cost.distinct_circuits
    assert price.most is None and price.depth > 0


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("budget", ["max_circuits", "max_shots"])
def test_what_costs_more_is_refused_before_anything_is_run(name, budget):
    where = device()
    ask, args = QUESTIONS[name](where)
    cost = ask.cost(*args)
    least = cost.circuits if budget == "max_circuits" else cost.shots
    with qml.Tracker(where) as tracker:
        for options in ({budget: least - 1}, {"executor": pt.Executor(**{budget: least - 1})}):
            ask, args = QUESTIONS[name](where, **options)
            with pytest.raises(pt.BudgetError, match=budget):
                ask(*args)
            assert ask.price(*args).shots == cost.shots, "the price can be asked all the same"
    assert not tracker.totals
    ask, args = QUESTIONS[name](where, **{budget: least})
    ask(*args)


@pytest.mark.parametrize("name", CALLS)
def test_calls_have_a_price_too(name):
    where = device()
    with qml.Tracker(where) as tracker:
        cost = pt.cost(lambda executor: CALLS[name](where, executor=executor))
        price = pt.price(lambda executor: CALLS[name](where, executor=executor))
    assert not tracker.totals
    with qml.Tracker(where) as tracker:
        CALLS[name](where)
    assert seen(tracker)[1] == cost.shots == price.shots > 0
    assert price.circuits == cost.circuits


#: Limits of these hold for every size by itself.
OF_SIZES = {"scaling": 20, "trainability": 120, "policy_scaling": 20 * 7}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("budget", ["max_circuits", "max_shots"])
def test_calls_are_refused_before_anything_is_run(name, budget):
    where = device()
    cost = pt.cost(lambda executor: CALLS[name](where, executor=executor))
    least = cost.circuits if budget == "max_circuits" else cost.shots
    if name in OF_SIZES:
        least = OF_SIZES[name] * (1 if budget == "max_circuits" else 50)
    with qml.Tracker(where) as tracker, pytest.raises(pt.BudgetError, match=budget):
        CALLS[name](where, **{budget: least - 1})
    assert not tracker.totals
    CALLS[name](where, **{budget: least})


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_qnodes_have_a_cost_and_a_price(name):
    where = device()
    qnode, args = TRANSFORMS[name](where)
    with qml.Tracker(where) as tracker:
        cost, price = pt.cost(qnode)(*args), pt.price(qnode)(*args)
    assert not tracker.totals, "nothing runs"
    with qml.Tracker(where) as tracker:
        qnode(*args)
    circuits, shots = seen(tracker)
    assert shots == cost.shots == price.shots > 0
    assert circuits <= cost.circuits == price.circuits
    assert price.distinct_circuits == cost.distinct_circuits and price.most is None


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("budget", ["max_circuits", "max_shots"])
def test_transforms_refuse_what_costs_more(name, budget):
    where = device()
    qnode, args = TRANSFORMS[name](where)
    cost = pt.cost(qnode)(*args)
    least = cost.circuits if budget == "max_circuits" else cost.shots
    with qml.Tracker(where) as tracker:
        qnode, args = TRANSFORMS[name](where, **{budget: least - 1})
        with pytest.raises(pt.BudgetError, match=budget):
            qnode(*args)
        with pytest.raises(pt.BudgetError, match=budget):
            pt.cost(qnode)(*args)
    assert not tracker.totals
    qnode, args = TRANSFORMS[name](where, **{budget: least})
    qnode(*args)


@pytest.mark.parametrize("name", ["commuting_grad", "dla_grad", "measured_grad", "measured_qfim"])
def test_tapes_are_refused_within_a_budget_of_shots(name):
    transform = getattr(pt, name)
    angle = np.array([0.1, 0.2]) if name.endswith("grad") else 0.1
    operations = [qml.RX(angle, 0), qml.RY(0.4, 0), qml.RX(0.3, 0)]
    tape = qml.tape.QuantumScript(operations, [qml.expval(qml.Z(0))], shots=50)
    tape.trainable_params = [1, 2]
    tapes, _ = transform(tape)
    total = sum((one.batch_size or 1) * one.shots.total_shots for one in tapes)
    assert transform(tape, max_shots=total)[0]
    with pytest.raises(pt.BudgetError, match="max_shots"):
        transform(tape, max_shots=total - 1)


def test_a_coefficient_jacobian_of_many_circuits_asks_first_off_the_simulators():
    """1,000 circuits without being asked, as of every other measured quantity."""
    qnode = on(qml.device("default.mixed", wires=3), model)
    options = {"spectrum": np.arange(200)}
    with pytest.raises(pt.BudgetError, match="max_circuits allows 1000"):
        pt.coefficient_jacobian(qnode, "x", **options)(0.1, WEIGHTS)
    more = pt.coefficient_jacobian(qnode, "x", max_circuits=5000, **options)
    assert 1000 < pt.cost(more)(0.1, WEIGHTS).circuits <= 5000


@pytest.mark.parametrize("name", QNODES)
def test_any_qnode_has_a_cost_and_a_price(name):
    where = device()
    qnode, args = QNODES[name](where)
    with qml.Tracker(qnode.device) as tracker:
        cost, price = pt.cost(qnode)(*args), pt.price(qnode)(*args)
    assert not tracker.totals
    with qml.Tracker(qnode.device) as tracker:
        qnode(*args)
    assert seen(tracker) == (cost.circuits, cost.shots) == (price.circuits, price.shots)
    with pytest.raises(pt.ReadingError, match="no executor takes part"):
        pt.price(qnode, pt.Executor())
    assert pt.cost(qnode).__name__ == qnode.func.__name__


def test_a_qnode_that_is_computed_costs_nothing():
    qnode = pt.coefficient_jacobian(qml.QNode(model, device()), "x")
    assert pt.cost(qnode)(0.1, WEIGHTS).circuits == 0
    assert "computed" in str(pt.price(qnode)(0.1, WEIGHTS))


def test_the_price_of_a_transformed_qnode_is_that_on_the_device_it_was_moved_to():
    mine, other = device(), qml.device("lightning.qubit", wires=3)
    moved = pt.commuting_grad(on(mine)).update(device=other)
    assert "lightning" in pt.price(moved)(WEIGHTS).device


#: Public functions of a QNode that run nothing on a device that samples: they simulate, or refuse.
COMPUTED = {
    *("compare_shapes", "dynamical_lie_algebra", "fit", "fourier_fingerprint"),
    *("gradient_efficiency", "gradient_measurement_plan", "growth_advice", "hessian_spectrum"),
    *("initialise", "landscape_law_test", "local_minima", "paper_check", "plan_shots", "promote"),
    *("prune", "template_builder", "wishart_parameters"),
}
#: Those that draw, say what others cost, or wrap devices and QNodes.
OTHER = {"draw_circuit", "cost", "price", "density_qnode", "execution_mode", "metric_tensor_fn"}


def test_every_public_function_is_in_a_table():
    """What executes on a device has a cost and a price, and no function is forgotten."""
    functions = {name for name in pt.__all__ if name[0].islower()}
    tables = {name.split(",")[0] for name in (*QUESTIONS, *CALLS, *TRANSFORMS, *QNODES)}
    tables -= {"a plain QNode", "log_policy_gradient"}
    assert tables | COMPUTED | OTHER == functions
    assert not tables & (COMPUTED | OTHER) and not COMPUTED & OTHER


#: Name → a call at a QNode of a device that samples, and one with data.
COMPUTING = {
    "dynamical_lie_algebra": lambda q, m: pt.dynamical_lie_algebra(q)(WEIGHTS),
    "fit": lambda q, m: pt.fit(m, [0.1, 0.2], [0.1, 0.2])(0.1, WEIGHTS),
    "fourier_fingerprint": lambda q, m: pt.fourier_fingerprint(m, "x", seed=1)(0.1, WEIGHTS),
    "gradient_efficiency": lambda q, m: pt.gradient_efficiency(q)(WEIGHTS),
    "gradient_measurement_plan": lambda q, m: pt.gradient_measurement_plan(q)(WEIGHTS),
    "hessian_spectrum": lambda q, m: pt.hessian_spectrum(q, seed=1)(WEIGHTS),
    "initialise": lambda q, m: pt.initialise(m, "x", seed=1)(0.1, WEIGHTS),
    "landscape_law_test": lambda q, m: pt.landscape_law_test(q, seed=1)(WEIGHTS),
    "local_minima": lambda q, m: pt.local_minima(q, seed=1)(WEIGHTS),
    "plan_shots": lambda q, m: pt.plan_shots(q, 1000, seed=1)(WEIGHTS),
    "promote": lambda q, m: pt.promote(q)(WEIGHTS),
    "prune": lambda q, m: pt.prune(m, "x", seed=1)(0.1, WEIGHTS),
    "wishart_parameters": lambda q, m: pt.wishart_parameters(q)(WEIGHTS),
}


def test_what_is_computed_is_in_a_table():
    builders = {"compare_shapes", "growth_advice", "paper_check", "template_builder"}
    assert set(COMPUTING) | builders == COMPUTED


@pytest.mark.parametrize("name", COMPUTING)
def test_what_is_computed_runs_nothing_on_a_device_that_samples(name):
    where = device()
    with qml.Tracker(where) as tracker, contextlib.suppress(ValueError):
        COMPUTING[name](on(where), on(where, model))
    assert not tracker.totals


def test_a_metric_has_a_price_and_the_step_of_an_optimiser_a_cost():
    where = device()
    qnode, weights = on(where), pnp.array(WEIGHTS, requires_grad=True)
    metric = pt.metric_tensor_fn(qnode, seed=1)
    optimiser = pt.NaturalGradientOptimizer(0.1, seed=1)
    with qml.Tracker(where) as tracker:
        price, cost = metric.price(weights), optimiser.cost(qnode, weights)
        step_price = optimiser.price(qnode, weights)
    assert not tracker.totals and not optimiser.history
    with qml.Tracker(where) as tracker:
        metric(weights)
    assert seen(tracker)[1] == price.shots > 0
    with qml.Tracker(where) as tracker:
        optimiser.step(qnode, weights)
    assert seen(tracker)[1] == cost.shots == step_price.shots
    assert step_price.circuits == cost.circuits
    step = optimiser.history[-1]
    assert cost.circuits == step.metric_cost.circuits + step.gradient_cost.circuits


def test_exact_answers_cost_nothing():
    qnode = qml.QNode(ansatz, device())
    price = pt.loss_variance(qnode, seed=1).price(WEIGHTS)
    assert (price.circuits, price.shots, price.jobs) == (0, 0, None)
    assert "computed" in str(price)
    metric = pt.metric_tensor_fn(qnode)
    assert metric.cost(pnp.array(WEIGHTS)).circuits == 0


def test_where_circuits_depend_on_results_the_first_and_the_most_are_told():
    qnode = on(device())
    ask = pt.loss_variance(
        qnode, method="sample", rtol=0.01, n_draws=1000, seed=1, max_circuits=2000
    )
    price = ask.price(WEIGHTS)
    assert price.circuits == 100
    assert price.most.circuits == ask.cost(WEIGHTS).circuits == 1000
    assert "at most" in str(price)
    adaptive = pt.measure_qfim(qnode, method="overlap", allocation="adaptive", seed=1)
    both = adaptive.price(WEIGHTS)
    first = pt.price(
        lambda e: pt.measure_qfim(
            qnode, method="overlap", allocation="adaptive", seed=1, executor=e
        )(WEIGHTS)
    )
    assert 2 * first.circuits == both.circuits == first.most.circuits
    assert first.most.shots == both.shots > first.shots


def test_the_device_and_the_chunks_are_those_of_the_executor():
    mine, other = device(), qml.device("lightning.qubit", wires=3)
    ask = pt.measure_gradient(on(mine), method="shift", executor=pt.Executor(other))
    assert "lightning" in ask.price(WEIGHTS).device
    ask = pt.measure_gradient(on(mine), method="shift", executor=pt.RobustExecutor(chunk=2))
    assert ask.price(WEIGHTS).shots == ask.cost(WEIGHTS).shots


def test_one_question_to_two_devices_has_one_price():
    small, large = qml.device("default.qubit", seed=1), qml.device("lightning.qubit", wires=2)

    def answer(executor):
        return executor.several(
            [
                functools.partial(
                    pt.measure_gradient(on(d), method="shift", executor=executor), WEIGHTS
                )
                for d in (small, large)
            ]
        )

    price = pt.price(answer)
    each = pt.measure_gradient(on(small), method="shift").price(WEIGHTS)
    assert (price.circuits, price.shots) == (2 * each.circuits, 2 * each.shots)
    assert price.all_two_qubit_gates == 2 * each.all_two_qubit_gates
    assert price.device == "default.qubit, lightning.qubit" and price.most is None


def test_equal_circuits_are_counted_once():
    def tape(angle, shots=50):
        return qml.tape.QuantumScript([qml.RX(angle, 0)], [qml.counts(wires=[0])], shots=shots)

    where = device()
    tapes = [tape(0.1), tape(np.array(0.1)), tape(0.2), tape(0.1, 20), tape(np.array([0.1, 0.1]))]
    cost = pt.cost(lambda executor: executor.run(tapes), pt.Executor(where))
    assert (cost.circuits, cost.shots) == (6, 270)
    assert cost.distinct_circuits == 3, "0.1, 0.2, and one of the batch"
    price = pt.price(lambda executor: executor.run(tapes), pt.Executor(where))
    assert price.distinct_circuits == 3
    # what has no name is equal to itself only
    odd = qml.tape.QuantumScript([qml.RX("not a number", 0)], [], shots=1)
    again = qml.tape.QuantumScript([qml.RX(object(), 0)], [], shots=1)
    assert distinct_circuits([odd, odd, again]) == 2


def test_density_matrices_are_refused_within_a_budget_too():
    where = qml.device("default.mixed", wires=2)
    qnode = qml.QNode(choice, where)
    ask = pt.expressibility(qnode, n_pairs=50, n_bins=5, seed=1, max_circuits=99)
    with qml.Tracker(where) as tracker, pytest.raises(pt.BudgetError):
        ask(WEIGHTS)
    assert not tracker.totals
    assert ask.price(WEIGHTS).circuits == ask.cost(WEIGHTS).circuits == 100


def test_no_size_is_measured_if_a_later_one_costs_too_much():
    """Circuits per draw grow with the size: the last one is too much, the first ones are not."""
    where = device()

    def builder(n):
        def circuit(weights):
            for wire in range(n):
                qml.RY(weights[wire], wires=wire)
            return qml.expval(qml.prod(*map(qml.Z, range(n))))

        return on(where, circuit), (np.zeros(n),)

    def policies(n):
        def circuit(weights):
            for wire in range(n):
                qml.RY(weights[wire], wires=wire)
            return qml.probs(wires=range(n))

        return pt.born_policy(on(where, circuit), 2), (np.zeros(n),)

    options = {"n_draws": 20, "seed": 1}
    with qml.Tracker(where) as tracker:
        with pytest.raises(pt.BudgetError, match="max_circuits"):
            pt.scaling(
                builder,
                [1, 2, 3],
                quantity="gradient",
                method="sample",
                max_circuits=119,
                **options,
            )
        with pytest.raises(pt.BudgetError, match="max_circuits"):
            pt.trainability(builder, [1, 2, 3], method="sample", max_circuits=119, **options)
        with pytest.raises(pt.BudgetError, match="max_circuits"):
            pt.policy_scaling(policies, [1, 2, 3], max_circuits=60, **options)
    assert not tracker.totals


class TestStored:
    """A price leaves out what a store has, and says how much that is."""

    def asked(self, executor=None):
        return pt.measure_gradient(on(device(None)), method="shift", executor=executor)

    def test_all_none_and_some(self, tmp_path):
        store = pt.Store(tmp_path / "results.sqlite")
        whole = self.asked().price(WEIGHTS)
        first = self.asked(store.executor(run="a")).price(WEIGHTS)
        assert (first.circuits, first.stored) == (whole.circuits, None)
        executor = store.executor(run="a")
        self.asked(executor)(WEIGHTS)
        done = self.asked(store.executor(run="a")).price(WEIGHTS)
        assert done.circuits == done.shots == 0
        assert (done.stored.circuits, done.stored.shots) == (whole.circuits, whole.shots)
        assert "all are stored" in str(done)
        assert f"{whole.circuits} circuits, {whole.shots} shots" in str(done)
        # the same executor would measure again: another replicate of every circuit
        assert self.asked(executor).price(WEIGHTS).stored is None
        # and another run has nothing
        assert self.asked(store.executor(run="b")).price(WEIGHTS).stored is None
        records = list(store.records("a"))
        self.some(store, whole, len(records))

    def some(self, store, whole, count):
        """Of two points one is stored."""
        other = WEIGHTS + 1

        def both(executor):
            ask = self.asked(executor)
            return executor.several([lambda: ask(WEIGHTS), lambda: ask(other)])

        price = pt.price(both, store.executor(run="a"))
        assert price.stored.circuits == count and price.circuits == whole.circuits
        assert "already stored" in str(price) and price.shots == whole.shots
        assert pt.cost(both, store.executor(run="a")).circuits == 2 * whole.circuits, "budgets"

    def test_a_price_changes_nothing_and_is_what_is_run(self, tmp_path):
        store = pt.Store(tmp_path / "results.sqlite")
        where = qml.device("lightning.qubit", wires=3)  # one circuit per draw
        few = pt.loss_variance(
            on(where), method="sample", n_draws=4, seed=1, executor=store.executor(run="a")
        )
        few(WEIGHTS)
        executor = store.executor(run="a")
        more = pt.loss_variance(on(where), method="sample", n_draws=10, seed=1, executor=executor)
        price = more.price(WEIGHTS)
        assert more.price(WEIGHTS).to_dict() == price.to_dict()
        assert 0 < price.stored.shots < price.shots + price.stored.shots == 500
        with qml.Tracker(where) as tracker:
            more(WEIGHTS)
        assert seen(tracker)[1] == price.shots

    def test_rounds_that_depend_on_stored_ones_are_told(self, tmp_path):
        """The first round is there, so the second one is known, and the most shrinks by it."""
        store = pt.Store(tmp_path / "results.sqlite")
        options = {"method": "overlap", "allocation": "adaptive", "seed": 1}
        where = device(1)
        fails = Failing(where)
        with pytest.raises(RuntimeError, match="second"):
            pt.measure_qfim(on(where), executor=store.executor(fails, run="a"), **options)(WEIGHTS)
        ask = pt.measure_qfim(on(where), executor=store.executor(run="a"), **options)
        price, whole = ask.price(WEIGHTS), ask.cost(WEIGHTS)
        assert price.stored.circuits > 0 and price.most is None
        assert price.stored.circuits + price.circuits == whole.circuits
        # shots of the second round are whole numbers
        assert whole.shots - whole.circuits < price.stored.shots + price.shots <= whole.shots
        with qml.Tracker(where) as tracker:
            ask(WEIGHTS)
        assert seen(tracker)[1] == price.shots

    def test_the_most_is_that_of_what_is_left(self, tmp_path):
        store = pt.Store(tmp_path / "results.sqlite")
        options = {"method": "sample", "rtol": 0.01, "n_draws": 400, "seed": 1}
        qnode = on(device(None))
        fails = Failing(qnode.device)
        with pytest.raises(RuntimeError, match="second"):
            pt.loss_variance(
                qnode, executor=store.executor(fails, run="a"), max_circuits=2000, **options
            )(WEIGHTS)
        ask = pt.loss_variance(
            qnode, executor=store.executor(run="a"), max_circuits=2000, **options
        )
        price = ask.price(WEIGHTS)
        assert (price.stored.circuits, price.circuits, price.most.circuits) == (100, 100, 300)


class Failing(pt.Executor):
    """Runs one batch of circuits, and no second one."""

    def __init__(self, where):
        super().__init__(where, chunk=10_000)
        object.__setattr__(self, "seen", [])

    def with_device(self, where):
        return self

    def execute(self, where, tapes):
        self.seen.append(len(tapes))
        if len(self.seen) > 1:
            raise RuntimeError("the second execution failed")
        return super().execute(where, tapes)

"""Every measured quantity: what it will cost, refused where that is too much, and nothing run."""

from __future__ import annotations

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


def mixture(device):
    def part(angle):
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    one = on(device, part)
    return pt.density_qnode([one, one], own="angle")


def sized(device, function=ansatz):
    return lambda n: (on(device, function), (WEIGHTS,))


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


def test_a_metric_has_a_price_and_the_step_of_an_optimiser_a_cost():
    where = device()
    qnode, weights = on(where), pnp.array(WEIGHTS, requires_grad=True)
    metric = pt.metric_tensor_fn(qnode, seed=1)
    optimiser = pt.NaturalGradientOptimizer(0.1, seed=1)
    with qml.Tracker(where) as tracker:
        price, cost = metric.price(weights), optimiser.cost(qnode, weights)
    assert not tracker.totals and not optimiser.history
    with qml.Tracker(where) as tracker:
        metric(weights)
    assert seen(tracker)[1] == price.shots > 0
    with qml.Tracker(where) as tracker:
        optimiser.step(qnode, weights)
    assert seen(tracker)[1] == cost.shots
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

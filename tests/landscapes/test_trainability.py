"""Verdicts on architectures: textbook cases, what is left open, and how questions are joined."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.trainability_aspects import (
    coefficients,
    directions,
    joined,
    minima,
)
from pennylane_trainability.diagnostics.trainability_record import Aspect, Trainable
from pennylane_trainability.results import Estimate

DEVICE = qml.device("default.qubit")
YES, NO, OPEN = Trainable.YES, Trainable.NO, Trainable.UNDECIDED


def hardware_efficient(n):
    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=range(n))
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, DEVICE), (np.zeros((2 * n, n, 3)),)


def matchgates(n):
    def circuit(w):
        for layer in w:
            for wire in range(n):
                qml.RZ(layer[wire], wire)
            for wire in range(n - 1):
                qml.IsingXX(layer[n + wire], [wire, wire + 1])
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, DEVICE), (np.zeros((2 * n, 2 * n - 1)),)


# -- whole circuits --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def barren():
    return pt.trainability(hardware_efficient, [1, 2, 3, 4, 5], seed=11)


@pytest.fixture(scope="module")
def solvable():
    return pt.trainability(matchgates, [2, 3, 4, 5, 6], seed=12)


def test_deep_universal_circuits_are_not_trainable_from_random_starts(barren):
    assert barren.verdict is NO
    assert len(barren.reasons) == 1 and "consistent with an exponential" in barren.reasons[0]
    assert "on n = 1, 2" in barren.sentence
    signal = dict(barren.aspect("signal").numbers)
    assert signal["variance of the loss"] == barren.scaling.variances[-1]
    assert signal["factor per unit of n"].low < 0.6 and signal["factor per unit of n"].high > 0.49


def test_numbers_of_the_wishart_model(barren):
    """A Pauli on 5 wires: r = 2^4 and 2^5 centred; P = 150 parameters reach all 62 directions."""
    found = barren.aspect("minima")
    expected = {"degrees of freedom r": 16, "γ = p/(2r)": 62 / 32}
    assert dict(found.numbers) == pytest.approx(expected)
    assert found.verdict is YES
    assert "block SU(32)" in found.sentence and "p = 62" in found.sentence
    rank, condition = (value for _, value in barren.aspect("directions").numbers)
    assert rank.value == 62 and condition > 1
    assert barren.aspect("directions").verdict is YES


def test_shots_of_a_gradient_follow_from_its_variance(barren):
    """The taken method's variance per shot, over the mean variance of what varies."""
    (_, circuits), (_, shots) = barren.aspect("cost").numbers
    qnode, args = hardware_efficient(5)
    plan = pt.gradient_measurement_plan(qnode, max_words=4096, seed=0)(*args)
    assert circuits == plan.method(plan.taken).circuits
    deep = 1 / (2**5 + 1)  # of the loss; derivatives have about half of it
    expected = plan.method(plan.taken).shots * plan.error**2 / (deep / 2)
    assert 0.5 * expected < shots.value < 2 * expected
    assert shots.exact  # variances of the derivatives are, by the module of the observable
    drawn = pt.trainability(hardware_efficient, [1, 2], seed=3, method="sample", n_draws=400)
    _, (_, shots) = drawn.aspect("cost").numbers
    assert shots.low < shots.value < shots.high


def test_a_polynomial_algebra_with_a_saturated_rank_is_trainable(solvable):
    assert solvable.verdict is YES
    assert {reason.split(" ")[0] for reason in solvable.reasons} == {"signal", "directions", "cost"}
    found = solvable.aspect("minima")
    assert found.verdict is OPEN and "does not apply" in found.sentence
    assert dict(solvable.aspect("directions").numbers)["rank of the QFIM"].value == 30


def test_results_print_serialise_and_repeat(solvable, global_state_unchanged):
    text = json.dumps(solvable.to_dict(), allow_nan=False)
    again = pt.trainability(matchgates, [2, 3, 4, 5, 6], seed=12)
    assert json.dumps(again.to_dict(), allow_nan=False) == text
    shown = str(solvable)
    assert shown.startswith("Trainability: trainable on these sizes (n = 2, 3, 4, 5, 6)")
    for word in ("signal", "minima", "directions", "cost", "rank of the QFIM", "γ = p/("):
        assert word in shown
    assert "asymptot" not in shown
    assert all(len(one.numbers) == 2 and one.sentence for one in solvable.aspects)
    assert solvable.aspect("cost").heading() == "cost: yes"
    with pytest.raises(KeyError, match="none of"):
        solvable.aspect("luck")


def test_two_sizes_show_no_trend(seed):
    found = pt.trainability(matchgates, [3, 2], seed=seed, n_paths=640)
    assert found.verdict is OPEN and found.scaling is None and found.ns == (2, 3)
    assert "needs five" in found.aspect("signal").sentence


def test_ranks_of_small_circuits_say_nothing_about_large_ones(seed):
    found = pt.trainability(matchgates, [2, 3, 4, 6, 8, 9], seed=seed, n_paths=6_400)
    assert found.aspect("directions").size == 8 and found.aspect("directions").verdict is YES
    assert found.verdict is OPEN
    assert any(reason.startswith("minima (n = 9)") for reason in found.reasons)


def reuploading(n):
    def circuit(x, w):
        pt.DataReuploading(x, w, wires=range(n))
        return qml.expval(qml.Z(0))

    shape = pt.DataReuploading.shape(n_layers=2, n_wires=n)
    return qml.QNode(circuit, DEVICE), (pnp.array(0.1, requires_grad=False), np.ones(shape))


def test_models_with_data_are_asked_for_their_coefficients(seed):
    found = pt.trainability(reuploading, [1, 2], encoding_args="x", seed=seed, n_draws=200)
    answer = found.aspect("coefficients")
    qnode, args = reuploading(2)
    report = pt.analyze(qnode, encoding_args="x", seed=1)(*args)
    rank = dict(answer.numbers)["rank of J"].value
    assert rank == report.space.rank
    lost = report.space.reachable_rows - rank
    assert answer.verdict is (OPEN if lost else YES)


def test_affordable_shots_decide_on_the_cost(seed):
    ask = {"seed": seed, "n_paths": 6_400}
    found = pt.trainability(matchgates, [2, 3], affordable_shots=1, **ask)
    assert found.verdict is NO and found.reasons[0].startswith("cost (n = 3)")


def test_shots_and_budgets_reach_the_variances():
    def noisy(n):
        qnode, args = matchgates(n)
        return qml.set_shots(qnode, shots=10), args

    with pytest.raises(pt.BudgetError, match="max_shots"):
        pt.trainability(noisy, [2, 3, 4], method="sample", max_shots=100, seed=1)
    with pytest.raises(pt.ReadingError, match="at least one size"):
        pt.trainability(noisy, [])


# -- joining ---------------------------------------------------------------------------------------


def said(size=8.0, **verdicts):
    return [Aspect(name=n, verdict=v, sentence=f"{n}!", size=size) for n, v in verdicts.items()]


@pytest.mark.parametrize(
    ("verdicts", "expected", "named"),
    [
        pytest.param({"signal": YES, "minima": YES, "cost": YES}, YES, 3, id="all"),
        pytest.param({"signal": YES, "minima": OPEN, "directions": YES, "cost": YES}, YES, 3,
                     id="rank instead of the model"),
        pytest.param({"signal": YES, "minima": OPEN, "directions": OPEN, "cost": YES}, OPEN, 2,
                     id="minima open"),
        pytest.param({"signal": OPEN, "minima": YES, "cost": YES}, OPEN, 1, id="signal open"),
        pytest.param({"signal": YES, "minima": NO, "directions": YES, "cost": YES}, NO, 1,
                     id="one against"),
        pytest.param({"signal": NO, "minima": YES, "cost": NO}, NO, 2, id="two against"),
    ],
)  # fmt: skip
def test_how_questions_are_joined(verdicts, expected, named):
    verdict, reasons = joined(said(**verdicts))
    assert verdict is expected and len(reasons) == named


def test_an_answer_at_a_smaller_size_is_not_enough():
    answers = said(signal=YES, cost=YES) + said(6.0, directions=YES)
    assert joined(answers)[0] is OPEN


def universal(n, layers=1):
    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=range(n))
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, DEVICE), (np.zeros((layers, n, 3)),)


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        pytest.param(16, YES, id="at the threshold"),
        pytest.param(None, OPEN, id="only a bound"),
        pytest.param(12, OPEN, id="just below"),
        pytest.param(7, NO, id="far below"),
    ],
)
def test_the_threshold_of_the_wishart_model(rank, expected):
    """A Pauli on 4 wires, all of SU(16): r = 8, threshold p = 16."""
    qnode, args = universal(4, 4)
    wishart = pt.wishart_parameters(qnode)(*args)
    found = minima(wishart, 8.0, rank, 4)
    assert found.verdict is expected
    names = dict(found.numbers)
    assert names["degrees of freedom r"] == pytest.approx(8)
    p = wishart.n_parameters if rank is None else rank
    assert names["γ = p/(2r)"] == pytest.approx(p / 16)


def test_the_block_that_needs_most_parameters_decides():
    """Thresholds 2 · 8 and 4 · 2: the first is higher, although its β is not."""
    blocks = [
        SimpleNamespace(variance=1.0, beta=beta, r_descent=r, ends_exact=True, group=name)
        for beta, r, name in ((4, 2.0, "Sp(4)"), (2, 8.0, "SU(16)"), (2, 1.0, "SU(2)"))
    ]
    wishart = SimpleNamespace(n_parameters=40, applies=True, reasons=(), blocks=blocks)
    found = minima(wishart, 99.0, 12, 4)
    assert dict(found.numbers) == {"degrees of freedom r": 8.0, "γ = p/(2r)": 12 / 16}
    assert "SU(16)" in found.sentence


def test_directions_of_coefficients_that_are_lost_are_counted():
    space = SimpleNamespace(reachable_rows=5, rank=3, conditions=np.array([2.0, 4.0, np.nan]))
    found = coefficients(space, 2)
    assert "2 directions of 5 coefficients cannot be moved, which matters" in found.sentence
    assert found.verdict is OPEN and found.numbers[1][1] == 3
    assert coefficients(SimpleNamespace(**vars(space) | {"rank": 5}), 2).verdict is YES


def test_without_the_model_the_numbers_decide_nothing():
    qnode, args = matchgates(5)
    found = minima(pt.wishart_parameters(qnode)(*args), 4.0, 1000, 5)
    assert found.verdict is OPEN and dict(found.numbers)["degrees of freedom r"] == 4.0


def test_estimates_and_plain_numbers_are_shown():
    one = Aspect(name="cost", verdict=YES, sentence="cheap", size=4.0,
                 numbers=(("shots", Estimate.normal(100.0, 5.0)), ("circuits", 3.0)))  # fmt: skip
    assert dict(one.rows())["shots"] == "100 ± 5" and dict(one.rows())["circuits"] == "3"


def test_degrees_of_freedom_of_the_whole_space():
    """Eigenvalues ±0.7 ± 0.4 − 0.2 on eight dimensions: 1.1 above the lowest, variance 0.65."""

    def still(n):
        def circuit(w):
            for wire in range(n):
                qml.RZ(w[wire, 0], wire)
                qml.RY(w[wire, 1], wire)
            return qml.expval(0.7 * qml.Z(0) + 0.4 * qml.Z(1) - 0.2 * qml.I(0))

        return qml.QNode(circuit, DEVICE), (np.zeros((n, 2)),)

    found = pt.trainability(still, [3], seed=1, method="sample", n_draws=200)
    numbers = dict(found.aspect("minima").numbers)
    r = 8 * 1.21 / (1.21 + 0.65)
    assert numbers["degrees of freedom r"] == pytest.approx(r)
    rank = found.aspect("directions").numbers[0][1].value
    # the loss looks at two of the three wires
    assert rank == 3 and numbers["γ = p/(2r)"] == pytest.approx(2 / (2 * r))


def test_a_loss_that_never_varies_has_no_signal_at_the_largest_size():
    def dead(n):
        def circuit(w):
            for wire in range(n):
                qml.RZ(w[wire], wire)
            return qml.expval(qml.Z(0) + qml.X(0))

        return qml.QNode(circuit, DEVICE), (np.zeros(n),)

    found = pt.trainability(dead, [1, 2, 3], seed=1, method="sample", n_draws=100)
    assert found.aspect("signal").size == 3


def test_draws_of_both_questions_are_counted():
    def product(n):
        def circuit(w):
            for wire in range(n):
                qml.RX(w[wire], wire)
            return qml.expval(qml.Z(0))

        return qml.QNode(circuit, DEVICE), (np.zeros(n),)

    found = pt.trainability(product, [1, 2, 3], seed=1, method="sample", n_draws=100)
    assert found.scaling.provenance.n_samples == 300, "a hundred draws of every size"
    assert found.provenance.n_samples == 400, "and a hundred of the derivatives"


def test_the_condition_of_directions_is_that_of_the_draws():
    """Largest over smallest of the eigenvalues that are kept: 4 and 6 at the two draws."""
    qnode, _ = hardware_efficient(1)
    found = replace(
        pt.capacity(qnode, n_draws=2, seed=1)(np.zeros((1, 1, 3))), limits=np.full(3, 0.1),
        eigenvalues=np.array([[9.0, 1.0, 0.0], [4.0, 1.0, 0.01], [3.0, 0.5, 0.0]]),
    )  # fmt: skip
    assert directions(found, 1).numbers[1][1] == pytest.approx(5)

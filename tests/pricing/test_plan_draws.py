"""Draws against shots per draw: predictions against repeats, splits against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.shot_plan_draws import (
    DrawsAsk,
    _second_moment,
    best_split,
    of_entanglement,
    of_frame_potential,
    of_variances,
)
from pennylane_trainability.diagnostics.variance_measured import Measured

N = 3
WEIGHTS = np.random.default_rng(5).uniform(0, 2 * np.pi, (3, N, 2))


def scrambling(weights):
    for layer in weights:
        for wire in range(N):
            qml.RY(layer[wire, 0], wires=wire)
            qml.RZ(layer[wire, 1], wires=wire)
        for wire in range(N - 1):
            qml.IsingXX(np.pi / 2, wires=[wire, wire + 1])
    return qml.expval(qml.Z(0) @ qml.X(1))


def qnode(function=scrambling, shots=None):
    made = qml.QNode(function, qml.device("default.qubit", seed=7))
    return made if shots is None else qml.set_shots(made, shots=shots)


def loss(option, seed):
    ask = pt.loss_variance(
        qnode(shots=option.shots), method="sample", n_draws=option.draws,
        replicates=option.method == "replicates", seed=seed,
    )  # fmt: skip
    found = ask(WEIGHTS)
    return found.variance.value, found.cost


def gradients(option, seed):
    found = pt.gradient_variances(
        qnode(shots=option.shots), method="sample", n_draws=option.draws,
        replicates=option.method == "replicates", seed=seed,
    )(WEIGHTS)  # fmt: skip
    return found.variances, found.cost


def potential(option, seed):
    found = pt.expressibility(
        qnode(shots=option.shots), wires="all", n_pairs=option.draws, n_bins=5, seed=seed,
        engine="measured",
    )(WEIGHTS)  # fmt: skip
    return found.potentials[1].value, found.cost


def entanglement(option, seed):
    found = pt.entangling_capability(
        qnode(shots=option.shots), n_draws=option.draws, seed=seed, engine="measured"
    )(WEIGHTS)
    return found.capability.value, found.cost


CASES = [
    pytest.param("loss-variance", "sample", loss, 1500, id="loss"),
    pytest.param("loss-variance", "replicates", loss, 1500, id="loss, replicates"),
    pytest.param(
        "frame-potential", "pairs", potential, 2000, id="potential", marks=pytest.mark.slow
    ),
    pytest.param("entangling-capability", "sample", entanglement, 1000, id="entanglement"),
    pytest.param(
        "gradient-variances", "sample", gradients, 20_000, id="gradients", marks=pytest.mark.slow
    ),
    pytest.param(
        "gradient-variances", "replicates", gradients, 20_000, id="gradients, replicates",
        marks=pytest.mark.slow,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("quantity", "method", "measure", "total"), CASES)
def test_predicted_errors_are_the_spread_of_repeats(quantity, method, measure, total):
    plan = pt.plan_shots(qnode(), total, quantities=quantity, seed=1)(WEIGHTS)
    option = plan.option(quantity, method)
    found = []
    for seed in range(25):
        value, cost = measure(option, seed)
        assert cost.shots <= total < cost.shots + option.shots * option.circuits / option.draws + 1
        found.append(value)
    spread = np.sqrt(np.mean(np.var(found, axis=0, ddof=1)))
    # 25 repeats know a spread to 14 %; the seeds are fixed
    assert 0.6 < spread / option.stderr < 1.6
    expected = np.sqrt(np.mean(np.square(option.stderr / np.mean(found, axis=0))))
    assert 0.4 < option.relative / expected < 2.5


def split(total=10_000, value=0.125):
    def variance(n):
        v = 1 / n
        return np.array([2 * value**2 + 4 * value * v + 2 * v**2 * n / (n - 1)])

    return best_split(total, 1, np.array([value]), variance, variance, 2), variance


@pytest.mark.parametrize("value", [0.5, 0.125, 0.01])
def test_the_best_split_makes_the_noise_of_a_draw_as_large_as_the_signal(value):
    r"""``n (2V² + 4V/n + 2/n²)`` is least at ``n = 1/V``, where it is ``8 V``."""
    found, variance = split(10**6, value)
    assert found.shots == pytest.approx(1 / value, rel=0.15, abs=1.5)
    # n/(n − 1) of the unbiased variance is left out of the closed form
    assert found.relative**2 == pytest.approx(8 / value / 10**6, rel=0.05 + value)
    for factor in (8, 1 / 4):
        n = max(2, round(found.shots * factor))
        assert np.sqrt(variance(n)[0] / (10**6 // n)) / value >= found.relative


def test_variances_that_are_known_exactly_are_those_that_are_expected():
    """One rotation: V = 1/2, one fair coin; two shots per draw are nearly best."""

    def one(weights):
        qml.RY(weights[0], wires=0)
        return qml.expval(qml.Z(0))

    plan = pt.plan_shots(qnode(one), 8000, quantities="loss-variance", seed=1)(np.array([0.1]))
    option = plan.option("loss-variance", "sample")
    n, m = option.shots, option.draws
    assert n * m == option.circuits * n <= 8000 and n in (2, 3, 4)
    own = (2 * 0.25 + 4 * 0.5 / n + 2 / (n * (n - 1))) / m
    assert option.stderr == pytest.approx(np.sqrt(own))
    assert option.relative == pytest.approx(2 * option.stderr)
    floor = np.sqrt(2 / (n * (n - 1)) / m)
    assert option.resolved == pytest.approx(1.959964 * floor, rel=1e-6)
    twice = plan.option("loss-variance", "replicates")
    n, m = twice.shots, twice.draws
    assert twice.stderr == pytest.approx(np.sqrt((0.5 + 1 / n + 1 / n**2) / m))


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("overlap", [0.1, 0.6])
def test_second_moments_of_unbiased_powers_are_sums_over_counts(n, overlap):
    chances = [math.comb(n, k) * overlap**k * (1 - overlap) ** (n - k) for k in range(n + 1)]
    values = [k * (k - 1) / (n * (n - 1)) for k in range(n + 1)]
    expected = sum(c * v**2 for c, v in zip(chances, values, strict=True))
    moments = overlap ** np.arange(1, 5)
    assert _second_moment(n, 2, moments) == pytest.approx(expected)


def test_more_shots_know_more_and_too_few_are_said_to_be():
    few = pt.plan_shots(qnode(), 2, quantities="loss-variance", seed=1)(WEIGHTS)
    assert not few.option("loss-variance", "sample").possible
    assert few.best("loss-variance") is None and "needs more shots" in str(few)
    one, four = (
        pt.plan_shots(qnode(), total, quantities="entangling-capability", seed=1)(WEIGHTS)
        for total in (10_000, 40_000)
    )
    a, b = (plan.best("entangling-capability") for plan in (one, four))
    assert b.stderr == pytest.approx(a.stderr / 2, rel=0.02)
    assert "draws of" in str(one) and "computed without the device" in str(one)
    assert "fair coin, which has" not in str(one)


def test_devices_that_may_be_noisy_need_mirror_circuits_too():
    where = qml.device("default.mixed", wires=N)
    noisy = qml.QNode(scrambling, where)
    ask = pt.plan_shots(noisy, 3000, quantities="frame-potential", seed=1)
    with qml.Tracker(where) as tracker:
        option = ask(WEIGHTS).option("frame-potential", "pairs")
    assert not tracker.totals
    measured = pt.expressibility(
        qml.set_shots(noisy, shots=option.shots), wires="all", n_pairs=option.draws, n_bins=5,
        seed=1, engine="measured",
    )  # fmt: skip
    assert measured.cost(WEIGHTS).shots <= 3000
    assert measured.cost(WEIGHTS).circuits == option.circuits + 20


def test_wide_circuits_are_planned_from_words_or_not_at_all(global_state_unchanged):
    def wide(weights):
        for wire in range(40):
            qml.RY(weights[wire], wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))

    device = qml.device("null.qubit", wires=40)
    circuit, weights = qml.QNode(wide, device), np.zeros(40)
    plan = pt.plan_shots(circuit, 10_000, quantities="loss-variance", seed=1)(weights)
    option = plan.option("loss-variance", "sample")
    assert option.stderr / option.relative == pytest.approx(1 / 8)
    for quantity in ("frame-potential", "entangling-capability"):
        with pytest.raises(pt.ReadingError, match="40 wires"):
            pt.plan_shots(circuit, 10_000, quantities=quantity, seed=1)(weights)


def test_what_does_not_vary_has_no_split():
    def still(weights):
        qml.RZ(weights[0], wires=0)
        return qml.expval(qml.Z(0))

    for quantity in ("loss-variance", "gradient-variances"):
        with pytest.raises(pt.ReadingError, match="too small to be seen"):
            pt.plan_shots(qnode(still), 1000, quantities=quantity, seed=1)(np.array([0.1]))
    with pytest.raises(pt.ReadingError, match="entangles nothing"):
        pt.plan_shots(qnode(still), 1000, quantities="entangling-capability", seed=1)(
            np.array([0.1])
        )


# -- what is planned, by hand ----------------------------------------------------------------------


def asked(function, weights, total=2000, **options):
    circuit = qml.QNode(function, qml.device("default.qubit", seed=7), **options)
    return DrawsAsk(circuit, (weights,), {}, None, None, None, 1, total)


def test_the_best_of_all_splits_with_circuits_beside_the_draws():
    """All sizes from 2 to 200 // (3 · 4 + 6), two entries of different size."""
    value = np.array([0.5, 0.1])

    def variance(n):
        return np.array([0.3, 0.01]) + np.array([1.0, 0.2]) / n

    found = best_split(200, 3, value, variance, lambda n: variance(2 * n), 2, extra=6)
    draws = {n: (200 // n - 6) // 3 for n in range(2, 12)}
    errors = {n: np.mean([(0.3 + 1 / n) / 0.25, (0.01 + 0.2 / n) / 0.01]) / draws[n] for n in draws}
    best = min(errors, key=errors.get)
    assert (found.shots, found.draws) == (best, draws[best])
    assert found.relative == pytest.approx(np.sqrt(errors[best]))
    assert found.stderr == pytest.approx(np.sqrt((0.155 + 0.6 / best) / draws[best]))
    assert found.noise == pytest.approx(np.sqrt((0.155 + 0.3 / best) / draws[best]))
    assert best_split(40, 3, value, variance, None, 2, extra=6).shots == 2
    assert best_split(35, 3, value, variance, None, 2, extra=6) is None


@pytest.mark.parametrize("replicates", [False, True])
def test_derivatives_of_two_rotations(replicates):
    """``Z/2`` in two circuits of half weight: ``V = 1/8``, one shot has ``1/8``; a still one."""

    def two(weights):
        qml.RY(weights[0], wires=0)
        qml.RY(weights[1], wires=1)
        return qml.expval(0.5 * qml.Z(0))

    circuits, split = of_variances(asked(two, np.zeros(2)), True, replicates)
    n, m = split.shots, split.draws
    v, spread = 1 / (8 * n), 2 / 64
    own = spread + (v / 4 + v**2 if replicates else v / 2 + 2 * v**2 * n / (n - 1))
    floor = v**2 if replicates else 2 * v**2 * n / (n - 1)
    assert circuits == (4 if replicates else 2)
    assert split.stderr == pytest.approx(np.sqrt(own / m), rel=1e-3)
    assert split.noise == pytest.approx(np.sqrt(floor / m), rel=1e-3)
    assert split.relative == pytest.approx(8 * split.stderr, rel=1e-3)


def test_shots_for_the_entangling_capability():
    ask = asked(scrambling, WEIGHTS)
    circuits, split = of_entanglement(ask)
    known = ask.simulated(pt.entangling_capability, n_draws=500)
    n, q = split.shots, known.capability.value
    noise = (4 * (1 - q) / n + 6 / (n * (n - 1))) / N
    assert circuits == 3
    assert split.stderr == pytest.approx(np.sqrt((known.spread**2 + noise) / split.draws))
    errors = {
        k: (known.spread**2 + (4 * (1 - q) / k + 6 / (k * (k - 1))) / N) / (2000 // k // 3)
        for k in range(2, 40)
    }
    assert n == min(errors, key=errors.get) > 2
    floor = (4 / n + 6 / (n * (n - 1))) / N
    assert split.noise == pytest.approx(np.sqrt(floor / split.draws))


def test_shots_for_the_frame_potential():
    ask = asked(scrambling, WEIGHTS)
    circuits, split = of_frame_potential(ask)
    known = ask.simulated(pt.expressibility, wires="all", n_pairs=500, n_bins=5, order=4)
    _, two, three, four = (one.value for one in known.potentials)
    n = split.shots
    # pairs of pairs of shots with two, one and no shot in common
    pairs = n * (n - 1)
    second = (2 * two + 4 * (n - 2) * three + (n - 2) * (n - 3) * four) / pairs
    assert circuits == 1
    assert split.stderr == pytest.approx(np.sqrt((second - two**2) / split.draws))
    assert split.relative == pytest.approx(split.stderr / two) and math.isnan(split.noise)


def test_fair_coins_of_several_bases():
    """Every word has the square of its coefficient, the identity nothing."""

    def several(weights):
        qml.RY(weights[0], wires=0)
        words = [qml.Z(0), qml.X(0) @ qml.Y(1), qml.Z(0) @ qml.Z(1), qml.I(0)]
        return qml.expval(qml.Hamiltonian([0.7, -0.4, 0.5, 0.3], words))

    counts = []
    for replicates in (False, True):
        own = asked(several, np.array([0.1])).variance_ask(replicates)
        coin, count = Measured(own, own.read((np.array([0.1]),), {}), False).coin_noise()
        assert coin[0] == pytest.approx(0.49 + 0.16 + 0.25)
        counts.append(count)
    assert counts == [2, 4]


def test_small_variances_get_many_shots_for_each_draw():
    """Five cosines: ``V = 1/32``, and one more shot helps as much as one more draw near 32."""

    def five(weights):
        for wire in range(5):
            qml.RY(weights[wire], wires=wire)
        return qml.expval(qml.prod(*(qml.Z(wire) for wire in range(5))))

    circuits, split = of_variances(asked(five, np.zeros(5), 20_000), False, False)
    n, v = split.shots, 1 / 32
    assert circuits == 1 and 20 < n < 50
    own = 2 * v**2 + 4 * v / n + 2 / (n * (n - 1))
    assert split.stderr == pytest.approx(np.sqrt(own / split.draws), rel=1e-3)

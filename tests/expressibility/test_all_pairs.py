"""Means over all pairs of draws: exact variances by enumeration, Haar states, coverage."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pennylane as qml
import pytest
from scipy import special, stats

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics import state_pairs
from pennylane_trainability.diagnostics.state_pairs import StatePairs, _joined, _of_group
from pennylane_trainability.statistics.all_pairs import first_component, mean_variance
from pennylane_trainability.statistics.divergence import debiased_divergence, plug_in_divergence
from pennylane_trainability.statistics.fidelity_laws import bin_numbers, haar_log_masses
from pennylane_trainability.statistics.pair_histogram import (
    PairHistogram,
    _influence,
    _of_the_law,
    _tables,
    divergence_of_pairs,
    harmonics,
)

#: A symmetric function of two draws out of three values, and their probabilities.
TABLE = np.array([[0.0, 1.0, 3.0], [1.0, 2.0, 0.5], [3.0, 0.5, 4.0]])
WEIGHTS = np.array([0.2, 0.5, 0.3])


def components(table: np.ndarray) -> tuple[float, float]:
    """``ζ₁ = Var E[h | x]`` and ``ζ₂ = Var h``."""
    mean = WEIGHTS @ table @ WEIGHTS
    return WEIGHTS @ (table @ WEIGHTS - mean) ** 2, WEIGHTS @ (table - mean) ** 2 @ WEIGHTS


def every_draw(size: int):
    """All samples of a size with their probabilities."""
    for draw in itertools.product(range(3), repeat=size):
        yield np.array(draw), math.prod(WEIGHTS[list(draw)])


def rows_of(values: np.ndarray) -> np.ndarray:
    """Means over the others, of a matrix ``(m, m)``."""
    return (values.sum(axis=1) - values.diagonal()) / (len(values) - 1)


def histogram_of(overlaps: np.ndarray, n_bins: int) -> PairHistogram:
    """Of groups of overlaps ``(G, m, m)``, with NumPy's own covariance."""
    numbers = bin_numbers(overlaps, n_bins)[..., None] == np.arange(n_bins)
    size = overlaps.shape[1]
    numbers[:, np.arange(size), np.arange(size)] = False
    rows = numbers.sum(axis=2)
    spread = np.mean([np.cov(group / (size - 1), rowvar=False) for group in rows], axis=0)
    return PairHistogram(rows.sum(axis=(0, 1)) // 2, spread, len(rows), size)


@pytest.mark.parametrize("size", [5, 6])
def test_components_and_variances_by_enumeration(size):
    first, second = components(TABLE)
    found = mean = square = 0.0
    for draw, weight in every_draw(size):
        rows = rows_of(TABLE[np.ix_(draw, draw)])
        found += weight * float(first_component(np.var(rows, ddof=1), second, size))
        mean += weight * rows.mean()
        square += weight * rows.mean() ** 2
    assert found == pytest.approx(first, abs=1e-12)
    assert square - mean**2 == pytest.approx(float(mean_variance(first, second, 1, size)))
    assert mean_variance(first, second, 4, size) == pytest.approx((square - mean**2) / 4)
    assert mean_variance(-1.0, second, 1, size) == pytest.approx(2 * second / (size**2 - size))


def test_a_histogram_knows_its_excess_by_enumeration():
    """Four values in four bins, seven draws: the mean excess is the true one, but for the bias of
    ``p̂(1 − p̂)``, which is the variance of ``p̂``."""
    size, table = 7, TABLE / 4
    bins = bin_numbers(table, 4)
    excess, shares, squares = np.zeros(4), np.zeros(4), np.zeros(4)
    for draw, weight in every_draw(size):
        found = histogram_of(table[np.ix_(draw, draw)][None], 4)
        excess += weight * found.excess
        shares += weight * found.shares
        squares += weight * found.shares**2
    pairs = size * (size - 1) / 2
    variance = squares - shares**2
    for b in range(4):
        first, second = components((bins == b).astype(float))
        assert variance[b] == pytest.approx(float(mean_variance(first, second, 1, size)))
        factor = 4 * (size - 2) / (size * (size - 1))
        bias = factor * variance[b] / (size - 4)
        assert excess[b] == pytest.approx(factor * first + bias, abs=1e-12)
        assert variance[b] == pytest.approx(excess[b] - bias + second / pairs, abs=1e-12)


def test_the_variance_of_a_function_of_the_bin(rng):
    """The same as of the function's own rows."""
    overlaps = rng.uniform(size=(3, 9, 9))
    overlaps = (overlaps + overlaps.swapaxes(1, 2)) / 2
    found, values = histogram_of(overlaps, 6), rng.normal(size=6)
    each = values[bin_numbers(overlaps, 6)]
    upper = each[:, *np.triu_indices(9, 1)].ravel()
    spread = np.mean([np.var(rows_of(group), ddof=1) for group in each])
    first = first_component(spread, np.var(upper), 9)
    wanted = float(mean_variance(first, np.var(upper), 3, 9)), np.var(upper)
    assert found.variance(values) == pytest.approx(wanted)


def haar_states(rng, count: int, dimension: int) -> np.ndarray:
    states = rng.normal(size=(count, dimension)) + 1j * rng.normal(size=(count, dimension))
    return states / np.linalg.norm(states, axis=1, keepdims=True)


def of_states(states: np.ndarray, n_bins: int) -> PairHistogram:
    """Of groups of states ``(G, m, N)``."""
    return histogram_of(np.abs(states.conj() @ states.swapaxes(1, 2)) ** 2, n_bins)


@pytest.mark.parametrize("dimension", [2, 4, 16])
def test_haar_states_score_zero_and_keep_the_level(rng, dimension):
    masses, draws = haar_log_masses(dimension, 30), 150
    found = [
        divergence_of_pairs(
            of_states(haar_states(rng, 60, dimension)[None], 30), masses, 0.95, dimension
        )
        for _ in range(draws)
    ]
    values = np.array([one.value for one in found])
    plain = np.array([one.plug_in for one in found])
    error = values.std() / math.sqrt(draws)
    assert abs(values.mean()) < 5 * error + 0.03 * found[0].floor
    assert abs(plain.mean() - found[0].floor) < 5 * error + 0.03 * found[0].floor
    assert np.mean([one.stderr for one in found]) == pytest.approx(values.std(), rel=0.5)
    rejected = sum(one.p_value < 0.1 for one in found)
    assert abs(rejected - 0.1 * draws) < 5 * math.sqrt(0.09 * draws)
    covered = sum(one.low <= 0 <= one.high for one in found)
    assert covered > 0.95 * draws - 5 * math.sqrt(0.0475 * draws)


def turned_masses(n_bins: int, points: int = 600) -> np.ndarray:
    """Overlaps of RZ(b) RX(a)|0⟩ with uniform angles: (1 + cos a cos a' + sin a sin a' cos c)/2."""
    angle = (np.arange(points) + 0.5) * np.pi / points
    base = 0.5 * (1 + np.outer(np.cos(angle), np.cos(angle)))
    reach = 0.5 * np.outer(np.sin(angle), np.sin(angle))
    below = [
        np.mean(1 - np.arccos(np.clip((edge - base) / reach, -1, 1)) / np.pi)
        for edge in np.linspace(0, 1, n_bins + 1)
    ]
    return np.diff(below)


def test_intervals_cover_where_pairs_of_one_state_have_much_in_common(rng):
    """States near the poles are like others near the poles: a circuit that is no Haar circuit."""
    law, masses = turned_masses(20), haar_log_masses(2, 20)
    truth, draws = float(law @ (np.log(law) - masses)), 200
    found = []
    for _ in range(draws):
        a, b = rng.uniform(0, 2 * np.pi, (2, 4, 64))
        states = np.stack([np.cos(a / 2), -1j * np.exp(1j * b) * np.sin(a / 2)], axis=-1)
        histogram = of_states(states, 20)
        found.append((divergence_of_pairs(histogram, masses, 0.95, 2), histogram))
    values = np.array([one.value for one, _ in found])
    error = values.std() / math.sqrt(draws)
    assert abs(values.mean() - truth) < 4.5 * error
    assert np.mean([one.stderr for one, _ in found]) == pytest.approx(values.std(), rel=0.2)
    covered = sum(one.low <= truth <= one.high for one, _ in found)
    # the hardest case known: 91 to 93 % of nominal 95 % intervals hold the truth
    assert covered > 0.91 * draws - 4.5 * math.sqrt(0.91 * 0.09 * draws)
    worth = np.median([histogram.worth(masses) for _, histogram in found])
    assert worth < 0.5 * found[0][1].n_pairs  # separate pairs would have told twice as much


@pytest.mark.parametrize("dimension", [2, 3, 16])
def test_harmonics_are_counted(dimension):
    """Degree 1 is the adjoint representation; all up to L are polynomials of degree L twice."""
    assert harmonics(dimension, 2) == pytest.approx(1 / (dimension**2 - 1))
    first = 1 / harmonics(dimension, 2)
    second = 1 / (harmonics(dimension, 3) - harmonics(dimension, 2))
    assert 1 + first + second == pytest.approx(math.comb(dimension + 1, 2) ** 2)


def circuit(k: int, wires: int = 3):
    @qml.qnode(qml.device("default.qubit", seed=0))
    def function(weights):
        pt.SimCircuit(weights, k=k, wires=range(wires))
        return qml.state()

    return function, np.zeros(pt.SimCircuit.shape(k, 1, wires))


@pytest.mark.parametrize("k", [1, 9, 11])
def test_all_pairs_and_separate_pairs_agree(k, seed):
    qnode, weights = circuit(k)
    every = pt.expressibility(qnode, seed=seed)(weights)
    apart = pt.expressibility(qnode, seed=seed, pairs="disjoint")(weights)
    both = math.hypot(every.divergence.stderr, apart.divergence.stderr)
    assert abs(every.divergence.value - apart.divergence.value) < 5 * both
    assert every.divergence.stderr < 1.3 * apart.divergence.stderr
    assert every.n_states < apart.n_states == 2 * apart.n_pairs == 10_000
    for one, other in zip(every.potentials, apart.potentials, strict=True):
        assert abs(one.value - other.value) < 5 * math.hypot(one.stderr, other.stderr)
    assert "worth" in str(every) and "worth" not in str(apart)


def test_states_are_added_until_they_are_worth_the_pairs(seed):
    qnode, weights = circuit(1)
    few, many = (pt.expressibility(qnode, seed=seed, n_pairs=n)(weights) for n in (300, 30_000))
    assert few.n_states == 128 and few.worth >= 300
    assert many.worth > 0.8 * 30_000 and many.n_states < 60_000
    assert many.divergence.stderr < few.divergence.stderr
    # 1/√30,000 of the standard deviation of one pair, or less
    values = np.log(np.maximum(many.counts, 1) / many.n_pairs) - np.log(many.masses)
    shares = many.counts / many.n_pairs
    one = math.sqrt(shares @ values**2 - (shares @ values) ** 2)
    assert many.divergence.stderr < 1.15 * one / math.sqrt(30_000)


@pytest.mark.parametrize(
    ("memory", "worth", "states"),
    [(2**30, 100, 11 * 128), (2**30, 10, 2048), (16384, 400, 11 * 32)],
)
def test_how_many_groups_follow_the_first(memory, worth, states, monkeypatch):
    """A tenth more than 1000 pairs need, and no more than two states for each of them."""
    seen = []

    def told(self, law):
        seen.append((law, self.histogram.groups))
        return float(worth)

    monkeypatch.setattr(StatePairs, "worth", told)
    monkeypatch.setattr(state_pairs, "_LEAST", 32)
    qnode, weights = circuit(1)
    found = pt.expressibility(qnode, seed=1, n_pairs=1000, n_bins=5, memory=memory)(weights)
    assert found.n_states == states
    assert seen[0][1] == (1 if memory > 2**20 else 4)
    np.testing.assert_array_equal(seen[0][0], haar_log_masses(8, 5))


def test_smaller_groups_where_states_are_large(seed):
    """The memory is kept: groups of twenty states, more of them."""
    qnode, weights = circuit(6)
    state = 16 * 2**3
    small = pt.expressibility(qnode, seed=seed, n_pairs=1000, memory=4 * state * 20)(weights)
    assert small.n_states % 20 == 0 and small.n_pairs == 19 * small.n_states // 2
    large = pt.expressibility(qnode, seed=seed, n_pairs=1000)(weights)
    both = math.hypot(small.divergence.stderr, large.divergence.stderr)
    assert abs(small.divergence.value - large.divergence.value) < 5 * both


def test_an_unknown_way_to_pair():
    with pytest.raises(ValueError, match="use 'auto' or 'disjoint'"):
        pt.expressibility(circuit(1)[0], pairs="all")


def test_counts_where_the_law_has_nothing_are_refused(rng):
    histogram = of_states(haar_states(rng, 8, 2)[None], 2)
    with pytest.raises(ValueError, match="fewer bins"):
        divergence_of_pairs(histogram, np.array([0.0, -math.inf]), 0.95, 2)


def test_numbers_of_a_group_are_those_of_its_overlaps(rng):
    """Counts, covariance of rows, means, spreads and squares of powers, from PennyLane's states."""
    qnode, weights = circuit(9, wires=2)
    draws = rng.uniform(0, 2 * np.pi, (7, weights.size))
    reading = read_qnode(qnode, (weights,), {}, None, None, need_inputs=False)
    counts, spread, means, spreads, squares, real = _of_group(
        reading.at(draws, np.zeros((1, 0))), 7, 5, 3
    )
    states = [qnode(draw.reshape(weights.shape)) for draw in draws]
    overlap = np.array([[abs(np.vdot(a, b)) ** 2 for b in states] for a in states])
    numbers = np.minimum((overlap * 5 + 1e-9).astype(int), 4)
    rows = np.array([[sum(numbers[i, j] == b for j in range(7) if j != i) for b in range(5)]
                     for i in range(7)])  # fmt: skip
    np.testing.assert_array_equal(counts, rows.sum(axis=0) / 2)
    np.testing.assert_allclose(spread, np.cov(rows / 6, rowvar=False), atol=1e-12)
    for t in (1, 2, 3):
        own = [np.mean([overlap[i, j] ** t for j in range(7) if j != i]) for i in range(7)]
        pairs = overlap[np.triu_indices(7, 1)] ** t
        assert means[t - 1] == pytest.approx(np.mean(pairs))
        assert spreads[t - 1] == pytest.approx(np.var(own, ddof=1))
        assert squares[t - 1] == pytest.approx(np.mean(pairs**2))
    assert not real


def test_errors_and_worth_of_potentials_by_hand():
    """m = 6, two groups: ζ₂ = 0.34 − 0.3² = 0.25, ζ₁ = (0.0484·25/4 − 0.25)/2 = 0.02625."""
    histogram = PairHistogram(np.array([30, 0]), np.zeros((2, 2)), 2, 6)
    found = StatePairs(histogram, *(np.array([v]) for v in (0.3, 0.0484, 0.34)), real=True)
    variance = 2 * (2 * 4 * 0.02625 + 0.25) / (2 * 6 * 5)
    [mean], [error] = found.potentials()
    assert (mean, error) == pytest.approx((0.3, math.sqrt(variance)))
    assert found.worth(np.log([0.5, 0.5])) == pytest.approx(0.25 / variance)
    assert found.n_states == 12


def test_one_group_that_is_not_real_is_enough():
    part = (np.array([1]), np.zeros((1, 1)), np.zeros(1), np.zeros(1), np.zeros(1))
    assert not _joined([(*part, True), (*part, False)], 5).real
    assert _joined([(*part, True), (*part, True)], 5).real


def test_cumulants_of_the_law_are_those_of_many_histograms(rng):
    """The divergence of multinomial counts, full and sparse bins: mean, variance, third."""
    expected = np.array([200.0, 60.0, 12.0, 3.0, 0.5])
    law, n, draws = expected / expected.sum(), round(expected.sum()), 200_000
    counts = rng.multinomial(n, law, size=draws)
    found = n * plug_in_divergence(counts, np.log(law))
    freedom, skew, floor = _of_the_law(n * law)
    centred = found - found.mean()
    assert floor == pytest.approx(found.mean(), rel=0.01)
    assert freedom == pytest.approx(2 * found.var(), rel=0.03)
    assert skew == pytest.approx(np.mean(centred**3), rel=0.12)


def test_squares_of_sums_over_pairs_are_heavier_for_few_dimensions(rng):
    """Of one qubit in four bins at most 1 + 6/3 (1/3 + 1/5 + 1/7) = 2.35 times the variance of χ²;
    bins mix in higher degrees, which are closer to normal."""
    masses, draws, size = haar_log_masses(2, 4), 1500, 40
    found = [
        divergence_of_pairs(of_states(haar_states(rng, size, 2)[None], 4), masses, 0.95, 2)
        for _ in range(draws)
    ]
    pairs = size * (size - 1) / 2
    statistic = 2 * pairs * np.array([one.plug_in for one in found])
    assert statistic.mean() == pytest.approx(3, abs=5 * statistic.std() / math.sqrt(draws))
    assert 1.1 * 6 < statistic.var() < 3 * 6  # 11.2 in 12,000 repeats
    for level in (0.01, 0.05):
        rejected = sum(one.p_value < level for one in found)
        assert rejected < level * draws + 4.5 * math.sqrt(level * draws)


def test_the_error_and_the_interval_by_hand():
    """Two bins, twelve draws; every number is worked out here."""
    size, n = 12, 66
    counts = np.array([46, 20])
    p = counts / n
    spread = 0.02 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    found = divergence_of_pairs(PairHistogram(counts, spread, 1, size), np.log([0.5] * 2), 0.95, 16)
    first_of_bins = (0.02 * 121 / 10 - p * (1 - p)) / 8
    more = 0.5 * np.sum(4 * 10 * first_of_bins / (12 * 11) / p)
    lever = math.log(p[0] / p[1])  # of ln(p/q), one bin against the other
    second = p[0] * p[1] * lever**2
    first = (0.02 * lever**2 * 121 / 10 - second) / 8
    variance = 2 * (2 * 10 * first + second) / (12 * 11)
    freedom = 1.03  # of two bins, one of them with 33 pairs: hardly more than 1
    order_one = variance * (1 - freedom / (n * second))
    order_two = freedom / (2 * n**2) + 2 * more**2
    assert more > 0 and first > 0
    assert found.stderr == pytest.approx(math.sqrt(order_one + order_two), rel=0.01)
    value = float(debiased_divergence(counts, np.log([0.5] * 2))) - more
    assert found.value == pytest.approx(value)
    reach = 1.959964
    root = math.sqrt(value + more)
    assert root**2 > reach * math.sqrt(order_two)
    moved = reach * math.sqrt(order_one) / (2 * root)
    low = value - math.hypot(value - max(0, root - moved) ** 2, reach * math.sqrt(order_two))
    high = value + math.hypot((root + moved) ** 2 - value, reach * math.sqrt(order_two))
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.02)


def test_what_many_bins_are_worth_by_hand():
    """132 pairs in three of four bins; with ``p = q`` only the second answer is asked for."""
    counts = np.array([80, 40, 12, 0])
    p, spread = counts[:3] / 132, np.diag([0.09, 0.05, 0.02, 0.0])
    found = PairHistogram(counts, spread, 2, 12)
    law = np.log([*p, 0.5])
    # rows of twelve draws spread by 10/121 (8 ζ₁ + ζ₂), and means by 4·10 ζ₁/(2·12·11) more
    excess = (np.diagonal(spread)[:3] * 121 / 10 - p * (1 - p)) / 8 * 40 / 264
    assert np.all(excess > 0)
    wanted = 2 / (np.sum(excess / p) + 2 / 132)
    assert found.worth(law) == pytest.approx(wanted) and wanted < 40
    # never more than all of them
    assert PairHistogram(counts, 0 * spread, 2, 12).worth(law) == 132
    assert _influence(p, np.log([0.5, 0.25, 0.25])) == pytest.approx(np.log(p * [2, 4, 4]))
    assert np.array_equal(_influence(np.array([1.0, 0.0]), np.log([1.0, 0.5])), [0, 0])


def test_p_values_are_those_of_a_gamma_law():
    """With the mean, the variance and the third cumulant of the law, made wider by 6 Σ 1/m_l."""
    law = np.array([0.6, 0.3, 0.0985, 0.0015])
    counts = np.array([1080, 560, 167, 5]) * 3
    counts[0] += 3 * 60 * 59 // 2 - counts.sum()
    found = divergence_of_pairs(PairHistogram(counts, np.zeros((4, 4)), 3, 60), np.log(law), 0.9, 2)
    n = counts.sum()
    freedom, skew, floor = _of_the_law(n * law)
    variance = freedom / 2 * (1 + 6 / freedom * (1 / 3 + 1 / 5 + 1 / 7) / 3)
    shape = 4 * (freedom / 2) ** 3 / skew**2
    scale = math.sqrt(variance / shape)
    statistic = n * np.sum(counts / n * np.log(counts / n / law))
    wanted = stats.gamma.sf(statistic, shape, loc=floor - shape * scale, scale=scale)
    assert 0.01 < wanted < 0.3
    assert found.p_value == pytest.approx(wanted, rel=1e-9)


def test_cumulants_of_single_counts_are_those_of_poisson_counts():
    """Mean, and variance and third cumulant of the rest after a regression on the count."""
    grid, variance, third, mean = _tables.__wrapped__()
    assert np.exp(grid[[0, -1]]) == pytest.approx([1e-8, 30])
    k = np.arange(200)
    for at in (40, 90, 105, 119):
        rate = np.exp(grid[at])
        law = stats.poisson.pmf(k, rate)
        values = special.xlogy(k, k) - k * grid[at]
        centre = law @ values
        slope = law @ ((values - centre) * (k - rate)) / rate
        rest = values - centre - slope * (k - rate)
        found = mean[at], variance[at], third[at]
        assert found == pytest.approx((centre, law @ rest**2, law @ rest**3), rel=1e-8)

"""Laws of weighted sums of Gamma variables where they have names."""

import numpy as np
import pytest
from scipy import stats

from pennylane_trainability.statistics.gamma_sums import GammaSum, _table

X = np.linspace(-6, 6, 25)


@pytest.mark.parametrize("weight", [0.7, 2.0])
def test_one_term_that_is_subtracted_is_mirrored(weight):
    law = GammaSum.of(1.0, [(-weight, 1.5)])
    gamma = stats.gamma(1.5, scale=weight)
    np.testing.assert_allclose(law.cdf(X), gamma.sf(1.0 - X), atol=1e-13)
    q = np.array([0.01, 0.3, 0.5, 0.99])
    np.testing.assert_allclose(law.quantile(q), 1.0 - gamma.ppf(1 - q), rtol=1e-10)
    np.testing.assert_allclose(law.cdf(law.quantile(q)), q, rtol=1e-10)


def test_one_term_is_a_gamma_law():
    law, gamma = GammaSum.of(-2.0, [(0.5, 3.0)]), stats.gamma(3.0, loc=-2.0, scale=0.5)
    q = np.array([0.01, 0.3, 0.5, 0.99])
    np.testing.assert_allclose(law.cdf(X), gamma.cdf(X), atol=1e-13)
    np.testing.assert_allclose(law.quantile(q), gamma.ppf(q), rtol=1e-10)


def test_a_difference_of_exponentials_is_a_laplace_law():
    law, laplace = GammaSum.of(0.5, [(2.0, 1.0), (-2.0, 1.0)]), stats.laplace(0.5, 2.0)
    np.testing.assert_allclose(law.cdf(X), laplace.cdf(X), atol=1e-6)
    q = np.array([0.01, 0.3, 0.5, 0.8, 0.99])
    np.testing.assert_allclose(law.quantile(q), laplace.ppf(q), atol=5e-6)


def test_two_exponentials_with_different_rates():
    """``P(X ≤ x) = 1 − (a e^{−x/a} − b e^{−x/b})/(a − b)``."""
    a, b = 2.0, 0.5
    law = GammaSum.of(0.0, [(a, 1.0), (b, 1.0)])
    x = np.linspace(0.1, 12, 20)
    expected = 1 - (a * np.exp(-x / a) - b * np.exp(-x / b)) / (a - b)
    np.testing.assert_allclose(law.cdf(x), expected, atol=2e-6)
    np.testing.assert_allclose(law.quantile(expected), x, atol=3e-5)


def test_cumulants_add_up():
    """``κ_j = Σ (j − 1)! k w^j``, and the offset in the first."""
    terms = [(2.0, 0.5), (-1.0, 3.0)]
    law = GammaSum.of(0.25, terms) + GammaSum.of(1.0, [(0.5, 2.0)])
    terms.append((0.5, 2.0))
    kappa = [f * sum(k * w**j for w, k in terms) for j, f in ((2, 1), (3, 2), (4, 6))]
    assert law.mean == pytest.approx(1.25 + sum(k * w for w, k in terms))
    assert law.variance == pytest.approx(kappa[0])
    assert law.skewness == pytest.approx(kappa[1] / kappa[0] ** 1.5)
    assert law.excess_kurtosis == pytest.approx(kappa[2] / kappa[0] ** 2)


def test_no_term_is_a_constant():
    law = GammaSum.of(3.0, [])
    assert law.cdf([2.9, 3.0]).tolist() == [0.0, 1.0]
    assert law.quantile([0.1, 0.9]).tolist() == [3.0, 3.0]
    assert np.isnan(law.skewness) and np.isnan(law.excess_kurtosis) and law.variance == 0


#: Thirty terms of both signs, with a mean that is not zero.
MANY = [*((w, 1.7) for w in np.linspace(2, 5, 20)), *((-w, 1.3) for w in np.linspace(2.1, 4, 10))]


def test_many_terms_against_their_characteristic_function():
    """``F(x) = 1/2 − ∫ Im(e^{−itx} φ(t))/(πt) dt`` with ``φ = e^{ita} Π (1 − iwt)^{−k}``."""
    law = GammaSum.of(1.5, MANY)
    step = 2.5e-4
    t = (np.arange(12_000) + 0.5) * step
    log_phi = sum(-k * np.log1p(-1j * w * t) for w, k in MANY) + 1.5j * t
    assert abs(np.exp(log_phi[-1])) < 1e-9
    x = law.mean + np.sqrt(law.variance) * np.array([-3.0, -1.0, 0.0, 0.5, 2.0, 4.0])
    phase = np.exp(log_phi - 1j * np.outer(x, t)).imag
    expected = 0.5 - np.sum(phase / t, axis=1) * step / np.pi
    np.testing.assert_allclose(law.cdf(x), expected, atol=1e-6)
    np.testing.assert_allclose(law.quantile(expected), x, atol=1e-3)


def test_the_table_of_many_terms_holds_forty_standard_deviations():
    law = GammaSum.of(1.5, MANY)
    edges, cumulative = _table.__wrapped__(law.weights, law.shapes)
    middle, reach = law.mean - 1.5, 40 * np.sqrt(law.variance)
    step = edges[1] - edges[0]
    assert edges[0] == pytest.approx(middle - reach, abs=2 * step)
    assert edges[-1] == pytest.approx(middle + reach, abs=2 * step)
    assert edges[0] < middle - reach + step and edges[-1] > middle + reach
    assert np.all(np.diff(edges) > 0) and cumulative[-1] == 1
    assert law.cdf([1.5 + 2 * edges[0], 1.5 + 2 * edges[-1]]).tolist() == [0.0, 1.0]


def test_the_table_of_few_terms_ends_where_they_end():
    """``P(G > 32.24) = e^{−32.24} = 10^{−14}`` for shape one."""
    law = GammaSum.of(0.0, [(3.0, 1.0), (0.5, 1.0), (-2.0, 1.0)])
    edges, _ = _table.__wrapped__(law.weights, law.shapes)
    end = 14 * np.log(10)
    step = edges[1] - edges[0]
    assert edges[0] == pytest.approx(-2 * end, abs=2 * step, rel=1e-4)
    assert edges[-1] == pytest.approx(3.5 * end, abs=2 * step, rel=1e-4)


def test_one_strong_term_is_given_forty_of_its_weights():
    """Weak terms of tiny shapes hardly spread; the strong one may still be large."""
    terms = [(10.0, 0.01), *((w, 0.001) for w in np.linspace(4, 5, 7))]
    edges, _ = _table.__wrapped__(*zip(*terms, strict=True))
    mean = sum(k * w for w, k in terms)
    assert edges[-1] == pytest.approx(mean + 400, abs=2 * (edges[1] - edges[0]))


def test_a_term_below_the_distance_of_points_changes_nothing():
    x = np.array([0.2, 1.0, 3.0])
    law = GammaSum.of(0.0, [(1.0, 1.0), (1e-8, 2.0)])
    np.testing.assert_allclose(law.cdf(x), -np.expm1(-x), atol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-40, 1.0, 2.0**40])
def test_which_terms_are_one_does_not_depend_on_the_unit(unit):
    terms = [(2.0, 1.0), (2.0 + 1e-13, 0.5), (1e-13, 3.0), (2.001, 4.0), (-1e-3, 5.0)]
    law = GammaSum.of(0.0, [(unit * weight, shape) for weight, shape in terms])
    assert law.weights == (unit * -1e-3, unit * 2.0, unit * 2.001) and law.shapes == (5.0, 1.5, 4.0)

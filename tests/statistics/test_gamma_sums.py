"""Laws of weighted sums of Gamma variables where they have names."""

import numpy as np
import pytest
from scipy import stats

from pennylane_trainability.statistics.gamma_sums import GammaSum

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
    np.testing.assert_allclose(law.cdf(X), laplace.cdf(X), atol=2e-4)
    q = np.array([0.01, 0.3, 0.5, 0.8, 0.99])
    np.testing.assert_allclose(law.quantile(q), laplace.ppf(q), atol=5e-3)


def test_two_exponentials_with_different_rates():
    """``P(X ≤ x) = 1 − (a e^{−x/a} − b e^{−x/b})/(a − b)``."""
    a, b = 2.0, 0.5
    law = GammaSum.of(0.0, [(a, 1.0), (b, 1.0)])
    x = np.linspace(0.1, 12, 20)
    expected = 1 - (a * np.exp(-x / a) - b * np.exp(-x / b)) / (a - b)
    np.testing.assert_allclose(law.cdf(x), expected, atol=2e-4)
    np.testing.assert_allclose(law.quantile(expected), x, atol=5e-3)


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

"""Tracers against autograd: values, slopes, and what they know about affine and linear."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.tracer import Traced, UntraceableError

THETA, X = np.array([0.6, -0.4]), np.array([0.3, 0.8])


def tracers(theta=THETA, x=X):
    """Object arrays of tracers for ``(D, P)`` draws and ``(G, I)`` points, or one of each."""
    theta, x = np.atleast_2d(theta), np.atleast_2d(x)
    parameters = np.array([Traced(theta[:, [p]], {p: 1.0}) for p in range(theta.shape[1])])
    inputs = np.array([Traced(x[None, :, i], {-1 - i: 1.0}) for i in range(x.shape[1])])
    return parameters, inputs


def gradients(function, w, x):
    """Derivatives by ``w`` and by ``x``, by autograd."""
    return (
        autograd.grad(lambda v: function(anp, v, x))(w),
        autograd.grad(lambda v: function(anp, w, v))(x),
    )


# (f(m, w, x), affine in x, linear in w); m is NumPy or autograd's NumPy
EXPRESSIONS = [
    pytest.param(lambda m, w, x: w[0] + 2 * x[0] - 3, True, True, id="sum"),
    pytest.param(lambda m, w, x: -w[0] - (1 - x[1]) / 4, True, True, id="minus"),
    pytest.param(lambda m, w, x: (1 - 3 * w[0]) + (2 - x[1] / 4), True, True, id="number-minus"),
    pytest.param(lambda m, w, x: w[0] * np.pi - x[0] * 0.5, True, True, id="scale"),
    pytest.param(
        lambda m, w, x: np.float64(2.5) * w[1] + np.array(1.5) * x[1], True, True, id="np-scalar"
    ),
    pytest.param(lambda m, w, x: m.sum(w) + m.sum(3 * x), True, True, id="sums"),
    pytest.param(lambda m, w, x: m.dot(np.array([1.0, -2.0]), w) + x[0], True, True, id="dot"),
    pytest.param(
        lambda m, w, x: (np.arange(4.0).reshape(2, 2) @ x)[1] - w[0], True, True, id="matmul"
    ),
    pytest.param(lambda m, w, x: m.cumsum(w)[1] + x[0], True, True, id="cumsum"),
    pytest.param(lambda m, w, x: w[0] ** 1 + x[0] ** 1.0, True, True, id="first-power"),
    pytest.param(lambda m, w, x: w[0] * w[1] + x[0], True, False, id="product-of-parameters"),
    pytest.param(lambda m, w, x: w[0] * x[0], False, False, id="trainable-prefactor"),
    pytest.param(lambda m, w, x: x[0] * x[1] + w[0], False, True, id="product-of-inputs"),
    pytest.param(
        lambda m, w, x: w[0] ** 3 + 1 / w[1] + x[0], True, False, id="powers-of-parameters"
    ),
    pytest.param(lambda m, w, x: x[0] ** 2 + w[0], False, True, id="power-of-an-input"),
    pytest.param(lambda m, w, x: w[0] / w[1] - 2 / x[0], False, False, id="quotients"),
    pytest.param(lambda m, w, x: w[0] / x[0], False, False, id="quotient-by-an-input"),
    pytest.param(lambda m, w, x: m.sin(w[0]) * m.cos(w[1]) + x[0], True, False, id="sin-cos"),
    pytest.param(lambda m, w, x: m.tan(x[0]) + w[0], False, True, id="tan-of-an-input"),
    pytest.param(lambda m, w, x: m.exp(w[0] + x[0]), False, False, id="exp-of-both"),
    pytest.param(lambda m, w, x: m.sqrt(m.abs(w[1])) + x[0], True, False, id="sqrt-abs"),
    pytest.param(lambda m, w, x: np.pi * m.tanh(m.dot(w, w)) + x[1], True, False, id="tanh-dot"),
    pytest.param(
        lambda m, w, x: m.arcsin(w[0]) + m.arccos(w[1]) + m.arctan(w[0]) + x[0],
        True,
        False,
        id="arcs",
    ),
    pytest.param(lambda m, w, x: m.sinh(w[0]) - m.cosh(w[1]) + x[0], True, False, id="hyperbolic"),
    pytest.param(
        lambda m, w, x: m.log(w[0]) + m.log1p(w[0]) + m.log2(w[0]) + m.expm1(w[1]) + x[0],
        True,
        False,
        id="logs",
    ),
    pytest.param(lambda m, w, x: m.square(w[0]) + m.sin(0.5) * x[0], True, False, id="square"),
    pytest.param(lambda m, w, x: (w[0] - w[0]) * x[0] + w[1], False, False, id="cancelled"),
]


@pytest.mark.parametrize("function, affine, linear", EXPRESSIONS)
class TestExpressions:
    def test_values_and_slopes_are_those_of_autograd(self, function, affine, linear):
        traced = function(np, *tracers())
        np.testing.assert_allclose(traced.value, function(np, THETA, X), rtol=1e-14)
        in_theta, in_x = gradients(function, THETA, X)
        for k in range(2):
            for variable, expected in ((k, in_theta[k]), (-1 - k, in_x[k])):
                slope = np.ravel(traced.slopes.get(variable, 0.0))
                np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)

    def test_flags(self, function, affine, linear):
        traced = function(np, *tracers())
        assert (traced.affine, traced.linear) == (affine, linear)

    def test_draws_and_points_broadcast(self, function, affine, linear, rng):
        theta = rng.uniform(0.2, 0.9, (3, 2)) * [1, -1]
        x = rng.uniform(0.2, 0.9, (4, 2))
        traced = function(np, *tracers(theta, x))
        expected = [[function(np, w, point) for point in x] for w in theta]
        np.testing.assert_allclose(np.broadcast_to(traced.value, (3, 4)), expected, rtol=1e-13)
        slopes = np.broadcast_to(traced.slopes.get(0, 0.0), (3, 4))
        by_autograd = [[gradients(function, w, point)[0][0] for point in x] for w in theta]
        np.testing.assert_allclose(slopes, by_autograd, rtol=1e-11, atol=1e-14)


AFFINE = [pytest.param(p.values[0], id=p.id) for p in EXPRESSIONS if p.values[1]]
LINEAR = [pytest.param(p.values[0], id=p.id) for p in EXPRESSIONS if p.values[2]]


@pytest.fixture
def points(rng):
    """Pairs of parameters and inputs in the domain of every expression."""
    return rng.uniform(0.2, 0.9, (4, 2, 2)) * [1, -1]


@pytest.mark.parametrize("function", AFFINE)
def test_what_is_called_affine_has_constant_slopes_in_the_inputs(function, points):
    slopes = np.array([gradients(function, w, abs(x))[1] for w, x in points])
    np.testing.assert_allclose(slopes, slopes[:1].repeat(4, 0), atol=1e-12)


@pytest.mark.parametrize("function", LINEAR)
def test_what_is_called_linear_has_constant_slopes_in_the_parameters(function, points):
    slopes = np.array([gradients(function, w, abs(x))[0] for w, x in points])
    np.testing.assert_allclose(slopes, slopes[:1].repeat(4, 0), atol=1e-12)


PLAIN = [
    pytest.param(float, id="float"),
    pytest.param(int, id="int"),
    pytest.param(complex, id="complex"),
    pytest.param(bool, id="bool"),
    pytest.param(round, id="round"),
    pytest.param(lambda v: v > 0, id="greater"),
    pytest.param(lambda v: v % 3, id="modulo"),
    pytest.param(lambda v: [1, 2][v], id="index"),
    pytest.param(lambda v: np.clip(v, 0, 1), id="clip"),
]


@pytest.mark.parametrize("ask", PLAIN)
def test_no_plain_number_comes_out(ask):
    with pytest.raises(UntraceableError):
        ask(tracers()[0][0])


def test_pennylanes_mathematics_takes_tracers():
    w, x = tracers()
    for name in ("sin", "cos", "exp", "sqrt", "tanh"):
        traced = getattr(qml.math, name)(w[0])
        np.testing.assert_allclose(traced.value, getattr(np, name)(THETA[0]))
    assert qml.math.shape(w) == (2,)
    np.testing.assert_allclose(qml.math.sum(qml.math.stack([w[0], x[0]])).value, THETA[0] + X[0])


def test_slopes_of_other_variables_stay_away():
    w, x = tracers()
    assert set((w[0] * 2).slopes) == {0}
    assert set((w[0] + x[1]).slopes) == {0, -2}


def test_arithmetic_leaves_its_operands_alone():
    w, x = tracers()
    before = (w[0].value.copy(), dict(w[0].slopes))
    (w[0] + x[0]) * 3 - np.sin(w[0]) / 2
    np.testing.assert_array_equal(w[0].value, before[0])
    assert w[0].slopes == before[1]

"""Gradients of random QNodes by every method, against differences of plain function values."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import derivatives, inputs, programs, thetas

import pennylane_trainability as pt
from pennylane_trainability import TrainabilityWarning

METHODS = [
    pytest.param(pt.commuting_grad, id="commuting"),
    pytest.param(pt.dla_grad, id="dla"),
    pytest.param(pt.measured_grad, id="measured"),
]


def options_of(program) -> dict:
    return {} if program.inputs is None else {"encoding_args": "x"}


def quietly(call, *args, **kwargs):
    """The documented fallback to a shift rule warns; nothing else may."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainabilityWarning)
        return call(*args, **kwargs)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_gradients_are_derivatives(method, data):
    program = data.draw(programs(products=True))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    found = quietly(method(program.qnode(), **options_of(program)), *args, **kwargs)
    expected = derivatives(lambda moves: program.values([(m, x) for m in moves]), theta)
    np.testing.assert_allclose(program.flat(found, 0), expected, atol=2e-7)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_gradients_on_batches_of_inputs(method, data):
    program = data.draw(programs(data="yes", products=True, max_steps=3))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program, batch=2))
    args, kwargs = program.call(theta, x)
    found = quietly(method(program.qnode(), **options_of(program)), *args, **kwargs)
    for one, value in zip(program.flat(found, 1), x, strict=True):
        expected = derivatives(
            lambda moves, at=value: program.values([(m, at) for m in moves]), theta
        )
        np.testing.assert_allclose(one, expected, atol=2e-7)

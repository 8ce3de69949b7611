"""What the tests of the three templates share."""

from __future__ import annotations

import warnings

import numpy as np
import pennylane as qml
import pytest


class Symbol:
    """A scalar that must be passed through as it is: it refuses to become a number."""

    shape = ()
    ndim = 0

    def __init__(self, name, factor=1):
        self.name = name
        self.factor = factor

    def __rmul__(self, factor):
        return Symbol(self.name, factor * self.factor)

    def __float__(self):
        raise TypeError("a Symbol is not a number")

    __int__ = __complex__ = __float__


def symbols(*shape):
    """Object array of distinct symbols."""
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        array[index] = Symbol(index)
    return array


@pytest.fixture(name="symbols")
def fixture_symbols():
    """Maker of object arrays that no code may cast."""
    return symbols


@pytest.fixture
def graph():
    """Switch PennyLane's graph-based decomposition on for one test."""
    qml.decomposition.enable_graph()
    yield
    qml.decomposition.disable_graph()


@pytest.fixture
def x64():
    """Double precision in JAX for one test."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture
def captured(x64):
    """Switch program capture on for one test."""
    qml.capture.enable()
    with warnings.catch_warnings():
        # PennyLane calls captured programs outside of qjit an experiment.
        warnings.filterwarnings("ignore", "Executing PennyLane programs with capture", UserWarning)
        yield
    qml.capture.disable()

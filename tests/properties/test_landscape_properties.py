"""Variances, Lie algebras and dead parameters of random QNodes, against enumeration."""

import itertools

import numpy as np
import pennylane as qml
from hypothesis import assume, given
from hypothesis import strategies as st
from random_qnodes import CLIFFORD, PAULI_GATES, derivatives, programs, thetas, untied

import pennylane_trainability as pt
from pennylane_trainability import ReadingError

PAULI = dict(
    data="no",
    gates=(*PAULI_GATES, "PauliRot", "MultiRZ"),
    rules=("plain",),
    fixed_gates=CLIFFORD,
    observable_kinds=("word", "hamiltonian", "sum"),
    max_parameters=3,
    max_steps=6,
    templates=False,
    wraps=False,
)

#: Draws far from the values given also where a parameter has no period: near zero the derivative of
#: a square of a square is smaller than any tolerance.
LAW = pt.Uniform(3.0)


def grid_over(program) -> np.ndarray:
    """All points at which every parameter takes enough equally spaced angles of one turn.

    A parameter that turns ``m`` gates makes the loss a polynomial of degree ``m`` in it; squares
    have twice that degree, and ``2m + 1`` angles average them exactly.
    """
    uses = [0] * program.n_parameters
    for step in program.steps:
        for _, slot, _ in step.angles:
            uses[slot] += 1
    axes = [2 * np.pi * np.arange(2 * m + 1) / (2 * m + 1) for m in uses]
    return np.array(list(itertools.product(*axes)))


def losses_on(program, grid) -> np.ndarray:
    return program.values([(point, None) for point in grid])[:, 0]


@given(st.data())
def test_variance_of_the_loss_is_that_of_a_grid(data):
    program = untied(data.draw(programs(**PAULI)), 4)
    losses = losses_on(program, grid_over(program))
    args, kwargs = program.call(data.draw(thetas(program)))
    found = pt.loss_variance(program.qnode(), seed=1)(*args, **kwargs)
    assert found.exact, found.refused
    np.testing.assert_allclose(found.variance.value, losses.var(), atol=1e-9)
    np.testing.assert_allclose(found.mean.value, losses.mean(), atol=1e-9)


@given(st.data())
def test_variances_of_derivatives_are_those_of_a_grid(data):
    program = untied(data.draw(programs(**PAULI)), 3)
    grid = grid_over(program)
    slopes = derivatives_on(program, grid)
    args, kwargs = program.call(data.draw(thetas(program)))
    found = pt.gradient_variances(program.qnode(), seed=1)(*args, **kwargs)
    np.testing.assert_array_equal(found.stderrs, 0)
    np.testing.assert_allclose(found.variances, slopes.var(axis=0), atol=1e-8)
    for k in found.constant:
        assert np.ptp(slopes[:, k]) < 1e-8


def derivatives_on(program, grid) -> np.ndarray:
    """``(points, P)`` by differences, all points at once."""
    units = 1e-3 * np.eye(program.n_parameters)
    moves = [p + m * unit for p in grid for unit in units for m in (-2, -1, 1, 2)]
    values = losses_on(program, moves).reshape(len(grid), -1, 4)
    return values @ np.array([1, -8, 8, -1]) / (12 * 1e-3)


@given(st.data())
def test_drawn_variances_agree_with_a_grid(data):
    """Parameters may be tied: draws are unbiased, within seven standard errors of the average."""
    program = data.draw(programs(**PAULI))
    grid = grid_over(program)
    assume(len(grid) <= 350)
    losses = losses_on(program, grid)
    args, kwargs = program.call(data.draw(thetas(program)))
    found = pt.loss_variance(program.qnode(), method="sample", n_draws=2000, seed=1)(
        *args, **kwargs
    )
    assert abs(found.variance.value - losses.var()) <= 7 * found.variance.stderr + 1e-9


@given(st.data())
def test_paths_agree_with_a_grid(data):
    program = untied(data.draw(programs(**PAULI)), 4)
    losses = losses_on(program, grid_over(program))
    args, kwargs = program.call(data.draw(thetas(program)))
    found = pt.loss_variance(program.qnode(), method="paths", n_paths=5000, seed=1)(*args, **kwargs)
    # An interval of level 1 − 1e-9 of a binomial share; where nothing was seen the error is open.
    scale = max(1.0, np.abs(losses).max() ** 2)
    assert abs(found.variance.value - losses.var()) <= 6.2 * scale / np.sqrt(5000)


@given(st.data())
def test_dynamical_lie_algebra_is_the_closure(data):
    program = untied(data.draw(programs(**{**PAULI, "fixed_gates": ("Identity",)})), 5)
    generators = [
        qml.generator(operation, format="observable").pauli_rep
        for operation in program.tape(np.zeros(program.n_parameters)).operations
        if operation.num_params
    ]
    args, kwargs = program.call(data.draw(thetas(program)))
    found = pt.dynamical_lie_algebra(program.qnode(), seed=1)(*args, **kwargs)
    # Gates side by side that commute count one by one, since each has a parameter of its own.
    assert found.complete
    assert found.dimension == len(qml.lie_closure(generators, pauli=True))


@given(st.data())
def test_dead_parameters_change_nothing(data):
    """A parameter that is called dead has derivative zero at other points, too."""
    program = data.draw(programs(data="yes"))
    args, kwargs = program.call(data.draw(thetas(program)), np.zeros(program.inputs))
    ask = pt.prune(
        program.qnode(), encoding_args="x", keep="directions", n_draws=3, seed=1, law=LAW
    )
    try:
        dead = [r.parameter for r in ask(*args, **kwargs).removed if r.kind == "dead"]
    except ReadingError as error:
        assert "every column of J is zero" in str(error)
        dead = list(range(program.n_parameters))
    draw = np.random.default_rng(3)
    theta = draw.uniform(-np.pi, np.pi, program.n_parameters)
    x = draw.uniform(-np.pi, np.pi, program.inputs)
    slopes = derivatives(lambda moves: program.values([(m, x) for m in moves]), theta)
    assert np.all(np.abs(slopes[:, dead]) < 1e-8)

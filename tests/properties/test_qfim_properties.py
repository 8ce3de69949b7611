"""The quantum Fisher information of random QNodes, against differences of PennyLane's states."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import derivatives, inputs, programs, thetas

import pennylane_trainability as pt


def fisher(program, theta, x) -> np.ndarray:
    """``4 Re(⟨∂ᵢψ|∂ⱼψ⟩ − ⟨∂ᵢψ|ψ⟩⟨ψ|∂ⱼψ⟩)``."""
    psi = program.states([(theta, x)])[0]
    moved = derivatives(lambda moves: program.states([(m, x) for m in moves]), theta)
    along = psi.conj() @ moved
    return 4 * np.real(moved.conj().T @ moved - np.outer(along.conj(), along))


def options_of(program) -> dict:
    return {} if program.inputs is None else {"encoding_args": "x"}


@given(st.data())
def test_qfim_is_that_of_the_state(data):
    program = data.draw(programs(products=True, arrays_only=True))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    found = program.matrix(pt.qfim(program.qnode(), **options_of(program))(*args, **kwargs))
    expected = fisher(program, theta, x) * program.same_argument()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(st.data())
def test_qfim_of_batches_of_inputs(data):
    program = data.draw(programs(data="yes", products=True, arrays_only=True, max_steps=5))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program, batch=2))
    args, kwargs = program.call(theta, x)
    found = pt.qfim(program.qnode(), **options_of(program))(*args, **kwargs)
    for k, value in enumerate(x):
        blocks = tuple(b[k] for b in found) if program.n_arguments > 1 else found[k]
        expected = fisher(program, theta, value) * program.same_argument()
        np.testing.assert_allclose(program.matrix(blocks), expected, atol=1e-6)


@given(st.data())
def test_circuits_of_the_measured_qfim_give_it(data):
    """Without shots the circuits that would be measured give the matrix itself."""
    program = data.draw(programs(arrays_only=True, max_steps=4, max_parameters=4))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    found = program.matrix(
        pt.measured_qfim(program.qnode(), **options_of(program))(*args, **kwargs)
    )
    expected = fisher(program, theta, x) * program.same_argument()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(st.data())
def test_capacity_counts_the_directions_of_the_state(data):
    """At the values given the rank is that of the matrix; over draws it is no smaller."""
    program = data.draw(programs(products=True))
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    found = pt.capacity(program.qnode(), n_draws=3, seed=1, **options_of(program))(*args, **kwargs)
    matrix = fisher(program, theta, x)
    values = np.linalg.eigvalsh(matrix)
    # Between the two levels a rank depends on the tolerance; ours sees smaller eigenvalues.
    low, high = int(np.sum(values > 1e-4)), int(np.sum(values > 1e-10))
    assert low <= found.ranks[0]
    assert found.eigenvalues[0][high : found.ranks[0]].max(initial=0) < 1e-9
    assert max(found.ranks) <= min(program.n_parameters, 2 ** (len(program.labels) + 1) - 2)
    # Dead at every draw, so at the values given.
    assert not np.abs(matrix[list(found.dead)]).max(initial=0) > 1e-6

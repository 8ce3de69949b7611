"""Pruned and promoted random QNodes compute what the QNode computes."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from random_qnodes import CLIFFORD, PAULI_GATES, inputs, programs, thetas

import pennylane_trainability as pt
from pennylane_trainability import ReadingError


def flat(result) -> np.ndarray:
    several = result if isinstance(result, (tuple, list)) else [result]
    return np.concatenate([np.ravel(v) for v in several])


def frozen(program, pruning) -> np.ndarray:
    """All parameters with the removed ones at the values where they are frozen."""
    theta = np.zeros(program.n_parameters)
    theta[list(pruning.kept)] = pruning.start
    for removal in pruning.removed:
        theta[removal.parameter] = removal.value
    return theta


def pruned(program, args, kwargs, **options):
    """A pruning, or None where nothing depends on any parameter, which another test checks."""
    try:
        return pt.prune(program.qnode(), encoding_args="x", seed=1, **options)(*args, **kwargs)
    except ReadingError as error:
        assume("every column of J is zero" not in str(error))
        # A point given may happen to be one at which freezing loses rank; the message says so.
        assume("rank" not in str(error))
        raise


@given(st.data())
def test_pruned_qnode_is_the_qnode_with_parameters_frozen(data):
    program = data.draw(programs(data="yes", max_steps=5))
    theta = data.draw(thetas(program))
    keep = data.draw(st.sampled_from(["rank", "directions"]))
    args, kwargs = program.call(theta, np.zeros(program.inputs))
    pruning = pruned(program, args, kwargs, keep=keep, n_draws=3)
    small = pruning.apply(program.qnode())
    x = np.random.default_rng(7).uniform(-np.pi, np.pi, program.inputs)
    given_x = float(x) if program.inputs == () else x
    got = flat(small(pruning.start, x=given_x))
    full = frozen(program, pruning)
    np.testing.assert_allclose(got, program.values([(full, x)])[0], atol=1e-9)
    # Dead parameters go without a change; of "rank" the redundant ones stay at the values given.
    if keep == "rank" and pruning.kept:
        np.testing.assert_allclose(got, program.values([(theta, x)])[0], atol=1e-8)


@given(st.data())
def test_pruned_qnode_keeps_the_rank(data):
    program = data.draw(programs(data="yes", max_steps=5, max_encodings=2))
    theta = np.random.default_rng(11).uniform(-np.pi, np.pi, program.n_parameters)
    args, kwargs = program.call(theta, np.zeros(program.inputs))
    pruning = pruned(program, args, kwargs, n_draws=3)
    x = np.random.default_rng(13).uniform(-np.pi, np.pi, (60, *program.inputs))
    columns = []
    for move in (-1e-5, 1e-5):
        points = [(theta + move * unit, one) for unit in np.eye(theta.size) for one in x]
        columns.append(program.values(points).reshape(theta.size, -1))
    slopes = (columns[1] - columns[0]).T / 2e-5
    values = np.linalg.svd(slopes, compute_uv=False)
    assume(not np.any((values > 1e-8) & (values < 1e-3)))
    assert len(pruning.kept) >= np.sum(values > 1e-3)
    kept = np.linalg.svd(slopes[:, list(pruning.kept)], compute_uv=False)
    assume(not np.any((kept > 1e-8) & (kept < 1e-3)))
    assert np.sum(kept > 1e-3) == np.sum(values > 1e-3)


@given(st.data())
def test_promoted_qnode_starts_as_the_qnode(data):
    program = data.draw(
        programs(
            gates=(*PAULI_GATES, "PauliRot", "MultiRZ", "IsingXY", "SingleExcitation"),
            rules=("plain", "scaled", "constant"), fixed_gates=CLIFFORD, templates=False,
            observable_kinds=("word", "hamiltonian", "sum"), wraps=False, max_steps=5,
        )
    )  # fmt: skip
    theta, x = data.draw(thetas(program)), data.draw(inputs(program))
    args, kwargs = program.call(theta, x)
    options = {} if program.inputs is None else {"encoding_args": "x"}
    promotion = pt.promote(program.qnode(), **options)(*args, **kwargs)
    rest = () if program.inputs is None or program.place == "keyword" else (x,)
    got = flat(promotion.qnode(promotion.weights, *rest, **kwargs))
    np.testing.assert_allclose(got, program.values([(theta, x)])[0], atol=1e-9)

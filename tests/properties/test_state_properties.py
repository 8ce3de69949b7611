"""Entangling capability and expressibility of random QNodes, from PennyLane's states."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import inputs, numbers, programs, thetas

import pennylane_trainability as pt


def options_of(program) -> dict:
    return {} if program.inputs is None else {"encoding_args": "x"}


def purities(state: np.ndarray, n: int) -> np.ndarray:
    """``Tr ρ_k²`` of every wire, by partial traces."""
    tensor = state.reshape((2,) * n)
    rows = [np.moveaxis(tensor, k, 0).reshape(2, -1) for k in range(n)]
    return np.array([np.linalg.norm(row @ row.conj().T) ** 2 for row in rows])


def fixed_law(points):
    """A law that draws these points, and at other numbers of draws repeats them."""
    points = np.array(points, float)
    return lambda rng, given, count: points[np.arange(count) % len(points)]


@given(st.data())
def test_entangling_capability_is_one_minus_the_purities(data):
    program = data.draw(programs(products=True, max_steps=6))
    x = data.draw(inputs(program))
    points = [data.draw(thetas(program)) for _ in range(3)]
    args, kwargs = program.call(points[0], x)
    found = pt.entangling_capability(
        program.qnode(), n_draws=3, law=fixed_law(points), seed=1, **options_of(program)
    )(*args, **kwargs)
    # A wire that no gate and no measurement touches is no wire of the circuit.
    wires = [program.labels.index(wire) for wire in found.wires]
    n = len(program.labels)
    each = np.array([purities(s, n) for s in program.states([(p, x) for p in points])])[:, wires]
    np.testing.assert_allclose(found.samples, 2 * (1 - each.mean(axis=1)), atol=1e-9)
    np.testing.assert_allclose(found.purities, each.mean(axis=0), atol=1e-9)
    assert np.all((found.samples > -1e-9) & (found.samples < 1 + 1e-9))


@given(st.data())
def test_frame_potentials_are_powers_of_overlaps(data):
    """Pairs come from one law; all overlaps lie in [0, 1], so the potentials fall."""
    program = data.draw(programs(products=True, max_steps=6))
    x = data.draw(inputs(program))
    point = data.draw(thetas(program))
    step = data.draw(st.lists(numbers, min_size=len(point), max_size=len(point)))
    points = np.array([point, np.add(point, step)])
    args, kwargs = program.call(point, x)
    found = pt.expressibility(
        program.qnode(), wires="all", n_pairs=300, pairs="disjoint", law=fixed_law(points), seed=1,
        **options_of(program),
    )(*args, **kwargs)  # fmt: skip
    first, second = program.states([(p, x) for p in points])
    overlap = abs(first.conj() @ second) ** 2
    potentials = [p.value for p in found.potentials]
    # Every pair is a point with itself or with the other one, so E F^t = a + (1 − a) F^t.
    share = [
        (p - overlap**t) / (1 - overlap**t) for t, p in enumerate(potentials, 1) if overlap < 0.99
    ]
    assert all(-1e-9 <= s <= 1 + 1e-9 for s in share)
    np.testing.assert_allclose(share, share[:1] * len(share), atol=1e-9)
    assert np.all(np.diff(potentials) <= 1e-12) and found.counts.sum() == 300


@given(st.data())
def test_all_pairs_of_two_states(data):
    """With 64 of each, 2·64·63/2 pairs are equal and 64² are of both: E F^t is known."""
    program = data.draw(programs(products=True, max_steps=6))
    x = data.draw(inputs(program))
    point = data.draw(thetas(program))
    step = data.draw(st.lists(numbers, min_size=len(point), max_size=len(point)))
    points = np.array([point, np.add(point, step)])
    args, kwargs = program.call(point, x)
    found = pt.expressibility(
        program.qnode(), wires="all", n_pairs=60, n_bins=20, seed=1,
        law=lambda rng, given, count: points[np.arange(count) % 2], **options_of(program),
    )(*args, **kwargs)  # fmt: skip
    first, second = program.states([(p, x) for p in points])
    overlap = abs(first.conj() @ second) ** 2
    share = 64**2 / (64 * 127)
    wanted = [1 - share + share * overlap**t for t in (1, 2)]
    assert found.n_states == 128 and found.counts.sum() == 64 * 127
    np.testing.assert_allclose([p.value for p in found.potentials], wanted, atol=1e-9)
    assert found.counts[-1] >= 64 * 63

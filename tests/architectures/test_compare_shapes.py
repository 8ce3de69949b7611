"""What shapes share and what separates them: structure, medians, matching, border."""

from __future__ import annotations

import itertools

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.architectures.compare import shapes_of


def ranks(found) -> list[int]:
    return [row.space.rank for row in found.shapes]


def dead(found) -> list[int]:
    return [len(row.space.dead) for row in found.shapes]


# -- structure: the rows are the same for all shapes -----------------------------------------------


@pytest.mark.parametrize("budget", [4, 6])
def test_rank_reaches_the_row_count_in_every_shape_with_the_last_wire(budget, seed):
    found = pt.compare_shapes(budget, seed=seed, n_draws=20, matched=False)
    assert ranks(found) == [2 * budget + 1] * len(shapes_of(budget))
    assert all(row.n_rows == 2 * budget + 1 for row in found.shapes)


def test_wire_zero_misses_two_directions_until_there_are_two_blocks(seed):
    build = pt.template_builder(readout="first")
    one = pt.compare_shapes(4, build=build, seed=seed, n_draws=20, matched=False)
    assert ranks(one) == [9, 7, 7]
    assert [row.space.unreachable for row in one.shapes] == [0, 2, 2]
    two = pt.compare_shapes(4, build=build, blocks=2, seed=seed, n_draws=20, matched=False)
    assert ranks(two) == [9, 9, 9]
    six = pt.compare_shapes(6, build=build, seed=seed, n_draws=20, matched=False)
    assert [six[s].space.rank for s in ((2, 3), (3, 2))] == [11, 11]


def test_dead_parameters_grow_with_the_number_of_wires(seed):
    found = pt.compare_shapes(6, seed=seed, n_draws=5, matched=False)
    assert dead(found) == [2, 4, 6, 12]
    assert [row.n_parameters for row in found.shapes] == [21, 24, 27, 36]
    two = pt.compare_shapes(6, blocks=2, seed=seed, n_draws=5, matched=False)
    assert (two[6, 1].n_parameters, len(two[6, 1].space.dead)) == (72, 12)


def test_rings_of_growing_range_leave_more_dead_parameters(seed):
    """``StronglyEntanglingLayers`` takes another range in every block."""

    def build(n_wires, n_layers, n_blocks):
        @qml.qnode(qml.device("default.qubit"))
        def circuit(x, w):
            qml.StronglyEntanglingLayers(w[0], wires=range(n_wires))
            for wire in range(n_wires):
                qml.RX(x, wires=wire)
            qml.StronglyEntanglingLayers(w[1], wires=range(n_wires))
            return qml.expval(qml.Z(n_wires - 1))

        return circuit, (0.0, np.zeros((2, n_blocks, n_wires, 3)))

    (qnode, args) = build(6, 1, 2)
    found = pt.compare_shapes(circuits=[(qnode, args)], encoding_args="x", seed=seed, n_draws=5)
    assert dead(found) == [18]


def test_real_amplitudes_reach_the_cosines_only(seed):
    build = pt.template_builder(block="ry-ring")
    found = pt.compare_shapes(4, build=build, blocks=3, seed=seed, n_draws=10, matched=False)
    for row in found.shapes:
        assert row.space.rank == 5
        assert row.space.zero_rows == (2, 4, 6, 8)


def product_model(n_wires, n_layers, n_blocks):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        for wire in range(n_wires):
            qml.Rot(*w[0, wire], wires=wire)
        for layer in range(n_layers):
            for wire in range(n_wires):
                qml.RX(x, wires=wire)
                qml.Rot(*w[layer + 1, wire], wires=wire)
        return qml.expval(qml.Z(n_wires - 1))

    return circuit, (0.0, np.zeros((n_layers + 1, n_wires, 3)))


def test_without_entanglers_the_rank_is_that_of_one_wire(seed):
    found = pt.compare_shapes(
        6, build=product_model, encoding_args="x", seed=seed, n_draws=10, matched=False
    )
    assert ranks(found) == [13, 7, 5, 3], "2L + 1"


def test_a_lean_serial_circuit_has_no_kernel_and_worsens_with_depth(seed):
    def lean(n_layers):
        zeros = (0.0,) * (2 * n_layers + 1)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x=0.0, w=zeros):
            for layer in range(n_layers):
                qml.RY(w[2 * layer], wires=0)
                qml.RZ(w[2 * layer + 1], wires=0)
                qml.RX(x, wires=0)
            qml.RY(w[2 * n_layers], wires=0)
            return qml.expval(qml.Z(0))

        return circuit

    found = pt.compare_shapes(
        circuits=[lean(2), lean(4), lean(6)], encoding_args="x", seed=seed, n_draws=50
    )
    for row, n_layers in zip(found.shapes, (2, 4, 6), strict=True):
        assert row.n_parameters == row.n_rows == 2 * n_layers + 1
        assert row.space.redundant == row.space.unreachable == 0
    medians = [1 / row.condition.value for row in found.shapes]
    for value, measured in zip(medians, (2.6e-2, 3.5e-3, 1.6e-4), strict=True):
        assert measured / 4 < value < 4 * measured, "within the error of a median of 50"


# -- strength and conditioning ---------------------------------------------------------------------

#: Shape: condition, trace of JᵀJ, output scale; medians of an independent calculation.
MEASURED = {
    (1, 6): (1.6e3, 4.2, 0.52),
    (2, 3): (2.5e2, 2.3, 0.39),
    (3, 2): (1.2e2, 1.36, 0.27),
    (6, 1): (55, 0.19, 0.10),
}


def test_medians_at_budget_six(seed):
    found = pt.compare_shapes(6, seed=seed, n_draws=150, matched=False)
    for shape, (condition, trace, scale) in MEASURED.items():
        row = found[shape]
        assert condition / 4 < row.condition.value < 4 * condition, "a median of few draws"
        traces = np.sum(row.space.singular_values**2, axis=1)
        assert trace / 1.5 < np.median(traces) < 1.5 * trace, "a median of few draws"
        assert row.output_scale.value == pytest.approx(scale, rel=0.2)
    scales = [row.output_scale for row in found.shapes]
    assert all(b.high < a.low for a, b in itertools.pairwise(scales))
    text = " ".join(found.findings)
    assert "All 4 have structural rank 13" in text
    assert "The output scale differs by a factor" in text and "The condition number differs" in text


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_numbers_are_those_of_pennylane_on_a_grid(shape, rng):
    """On ``2E + 1`` even points, ``∂f/√(2E + 1)`` has the singular values of ``J`` (Parseval)."""
    n_wires, n_layers = shape
    size = pt.DataReuploading.shape(n_layers, n_wires)
    drawn = rng.uniform(0, 2 * np.pi, (3, *size))
    build, grid = pt.template_builder(), 2 * np.pi * np.arange(7) / 7
    found = pt.compare_shapes(
        circuits=[build(*shape)], n_draws=3, law=lambda *_: drawn.reshape(3, -1), seed=0
    ).shapes[0]
    qnode = build(*shape).qnode
    for d, weights in enumerate(drawn):
        w = pnp.array(weights, requires_grad=True)
        slopes = np.array([qml.grad(qnode, argnums=1)(x, w).ravel() for x in grid]) / np.sqrt(7)
        values = np.linalg.svd(slopes, compute_uv=False)
        np.testing.assert_allclose(found.space.singular_values[d], values, atol=1e-12)
        outputs = np.array([float(qnode(x, weights)) for x in grid])
        scale = np.sqrt(np.sum(found.coefficients[d, 1:] ** 2))
        assert scale == pytest.approx(np.std(outputs), abs=1e-12)

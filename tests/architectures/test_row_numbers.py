"""Numbers of rows, tables, advice and verdicts, by hand: most records here are written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.architectures import Verdict
from pennylane_trainability.architectures.comparison import ShapeComparison
from pennylane_trainability.architectures.growth import GrowthAdvice, GrowthStep, ordered
from pennylane_trainability.architectures.routes import growth_statement
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.size import CircuitSize
from pennylane_trainability.architectures.target_rows import degree_of
from pennylane_trainability.architectures.target_view import Target, TargetView
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.fourier import Spectrum
from pennylane_trainability.results import Estimate, Provenance


def row(jacobians, coefficients=None, **more) -> ShapeRow:
    """A row of one input with unit prefactors; nothing is simulated."""
    jacobians = np.asarray(jacobians, float)
    draws, rows, _ = jacobians.shape
    return ShapeRow(
        name=more.pop("name", "by hand"),
        shape=None,
        space=column_space(jacobians),
        coefficients=np.ones((draws, rows)) if coefficients is None else coefficients,
        frequencies=np.arange(1.0, (rows + 1) // 2)[:, None],
        size=CircuitSize(one_qubit=4, two_qubit=2, depth=5, circuits=6),
        law="none",
        **more,
    )


def even(strength: float, n_parameters: int) -> ShapeRow:
    """Three rows that all respond this strongly in each of eight draws."""
    return row(np.broadcast_to(strength * np.eye(3, n_parameters), (8, 3, n_parameters)))


VIEW = TargetView(
    outside_spectrum=0.25,
    scatter=0.0,
    target_scale=3.0,
    model_scales=np.array([0.5, 1.5, 2.5]),
    aligned=np.array([2.0, 7.0, 4.0]),
    outside=np.array([0.5, 0.1, 0.2]),
    aligned_affine=np.array([1.0, 1.0, 1.0]),
    outside_affine=np.array([0.0, 0.3, 0.4]),
    times=np.array([8.0, np.inf, 6.0]),
)

# -- one row ---------------------------------------------------------------------------------------


def test_power_is_the_mean_over_the_draws():
    coefficients = np.array([[1.0, 2.0, 4.0, 0.0, 2.0], [3.0, 0.0, 2.0, 2.0, 4.0]])
    # squares: draw 1 is 1, (4 + 16)/2, (0 + 4)/2; draw 2 is 9, (0 + 4)/2, (4 + 16)/2
    found = row(np.ones((2, 5, 1)), coefficients).power
    np.testing.assert_allclose(found, [5.0, 6.0, 6.0])


def test_a_median_with_draws_at_infinity_lies_on_draws():
    one = row(np.ones((2, 3, 1)))
    few = one.median(np.array([np.inf, 2.0, 3.0, 1.0]))
    assert (few.value, few.low, few.high) == (3.0, -np.inf, np.inf)
    # of twelve draws the median lies between the third and the tenth at 95 %
    many = one.median(np.array([*range(1, 10), *[np.inf] * 3]))
    assert (many.value, many.low, many.high) == (7.0, 3.0, np.inf)
    finite = one.median(np.array([*range(1, 12), np.inf]))
    assert (finite.value, finite.low, finite.high) == (7.0, 3.0, 10.0)


def test_a_row_prints_its_target_and_what_else_was_asked_for():
    found = row(np.ones((3, 3, 2)), target=VIEW, extra=(("kurtosis", 2.5),)).rows()
    labels = [label for label, _ in found]
    assert labels[:2] == ["parameters", "rows"]
    assert labels[-5:-1] == [
        "circuits per gradient",
        "aligned residual",
        "outside the columns",
        "predicted time to R² = 0.95",
    ]
    assert [e.value for _, e in found[-4:-1]] == [4.0, 0.2, 8.0]
    assert found[-1] == ("kurtosis", 2.5)


# -- tables ----------------------------------------------------------------------------------------


def compared(*rows) -> ShapeComparison:
    source = Provenance(seed=0, n_samples=len(rows[0].coefficients))
    return ShapeComparison(shapes=rows, matched=(), equal=(), provenance=source)


def test_a_comparison_has_a_line_for_every_shape_and_every_finding():
    one = row(np.random.default_rng(0).normal(size=(3, 3, 2)), name="one")
    found = compared(one)
    rows = found.rows()
    assert [name for name, _ in rows] == ["one", *["finding"] * len(found.findings)]


def test_medians_per_frequency_fill_the_columns_there_are():
    """Frequencies 0 to 11 have ten columns; those of 0 and 1 leave eight empty."""
    strengths = np.repeat(np.arange(1.0, 13.0), [1, *[2] * 11])  # of rows: k + 1
    jacobians = np.array([1.0, 2.0, 6.0])[:, None, None] * strengths[None, :, None]
    wide, narrow = row(jacobians, name="wide"), row(jacobians[:, :3], name="narrow")
    title, header, cells = compared(wide, narrow).tables()[1]
    assert title == "Gradient strength per frequency"
    assert header == ("shape", "k = 0", *(str(k) for k in range(1, 10)))
    # the middle draw: 2·1 at zero, and 2·(k + 1)·√2 on two rows
    medians = ["2", *(f"{2 * (k + 1) * np.sqrt(2):.2g}" for k in range(1, 10))]
    assert cells == [["wide", *medians], ["narrow", *medians[:2], *[None] * 8]]


def test_the_table_of_a_target():
    one = row(np.ones((3, 3, 2)), target=VIEW, name="one")
    title, header, cells = compared(one, replace(one, name="two")).tables()[3]
    assert title.startswith("The target, as given")
    assert [len(line) for line in cells] == [len(header)] * 2
    assert [line[0] for line in cells] == ["one", "two"]
    assert cells[0][1:] == [
        *("4 [-inf, inf]", "20.0%", "30.0%", "25.0%"),
        *("target 3, model 1.5", "8 [-inf, inf]"),
    ]
    assert len(compared(replace(one, target=None)).tables()) == 3


# -- growth ----------------------------------------------------------------------------------------


def wave(x):
    return np.cos(x[:, 0]) + 0.5 * np.sin(2 * x[:, 0])


@pytest.fixture(scope="module")
def advice():
    """One wire, two layers: frequencies up to 2, as the target has."""
    return pt.growth_advice(pt.template_builder(), 1, 2, target=wave, n_draws=10, seed=1)


def named(advice, start: str) -> GrowthStep:
    return next(step for step in advice.steps if step.name.startswith(start))


def test_the_rows_of_a_models_own_degree_are_reachable(advice):
    assert advice.degree == 2
    assert advice.base.reachable and named(advice, "+1 trainable block").reachable


def test_the_read_out_is_the_model_times_the_gain(advice):
    """``∂(a f + b)`` is ``a J`` with the columns ``f`` and ``1``; its scale is the target's."""
    base, loud = advice.base.row, named(advice, "read-out").row
    grown = loud.space.jacobians
    np.testing.assert_allclose(grown[:, :, :-2], advice.gain * base.space.jacobians)
    np.testing.assert_allclose(grown[:, :, -2], base.coefficients)
    np.testing.assert_array_equal(grown[:, :, -1], np.eye(5)[[0] * 10])
    scale = np.sqrt(1 / 2 + 1 / 8)  # of the target, by its amplitudes
    assert loud.output_scale.value == pytest.approx(scale)
    assert np.median(loud.target.model_scales) == pytest.approx(scale)
    np.testing.assert_allclose(loud.target.model_scales, advice.gain * base.target.model_scales)


def test_without_a_target_the_gain_is_one():
    advice = pt.growth_advice(pt.template_builder(), 1, 1, n_draws=2, seed=1)
    assert advice.gain == 1 and named(advice, "read-out").name == "read-out gain 1 and offset"
    base, loud = advice.base.row, named(advice, "read-out").row
    np.testing.assert_array_equal(loud.coefficients, base.coefficients)


def by_hand(ratio: float, name: str = "a step", **more) -> GrowthStep:
    known = Estimate(value=ratio, low=ratio / 2, high=2 * ratio)
    options = {"reachable": True, "sigma": known, "condition": known, "ratio": known, **more}
    return GrowthStep(name=name, **options)


def test_advice_counts_parameters_and_lists_steps():
    base = by_hand(1.0, "as it is", row=even(1.0, 3))
    best = by_hand(4.0, "+1 wire", row=even(2.0, 8))
    none = GrowthStep(name="ternary prefactors", why="does not apply: no prefactors")
    found = GrowthAdvice(
        base=base, steps=(best, none), degree=1.0, gain=1.0, provenance=Provenance()
    )
    first = (
        "+1 wire: σ on the target rows 4 times as large [2, 8] at 95 % for 5 more parameters "
        "(prediction at random parameters; observed)."
    )
    assert found.findings == (first,)
    assert found.rows() == [
        ("+1 wire", "ratio 4 [2, 8]"),
        ("ternary prefactors", "does not apply: no prefactors"),
        ("finding", first),
    ]
    assert found._cells() == [
        ["as it is", "1 [0.5, 2]", "1 [0.5, 2]", "1", "1", "3 of 3", 3, 5, 2, "1.4"],
        ["+1 wire", "4 [2, 8]", "4 [2, 8]", "4", "2", "3 of 3", 8, 5, 2, "1.4"],
    ]


def test_steps_are_ordered_by_their_ratio():
    """Infinite where the model as it is reaches less, without a number where neither does."""
    steps = [
        by_hand(9.0, "over a limit", why="P 9 exceeds max_parameters=8"),
        by_hand(9.0, "out of reach", reachable=False),
        by_hand(np.nan, "neither"),
        by_hand(2.0, "two"),
        by_hand(np.inf, "first"),
        by_hand(3.0, "three"),
    ]
    names = [step.name for step in ordered(steps)]
    assert names == ["first", "three", "two", "neither", "out of reach", "over a limit"]


# -- statements ------------------------------------------------------------------------------------


def test_progress_of_the_check_counts_from_one():
    seen = []
    model = pt.template_builder()(1, 1)
    pt.paper_check(model, n_draws=2, seed=0, progress=lambda *pair: seen.append(pair))
    assert seen == [(1, 1)]


def test_the_smallest_singular_value_of_a_parallel_circuit():
    """``cos(w₂) cos(x + w₀) cos(x + w₁)``.

    With ``w₀ − w₁ = π/2`` its three derivatives are orthogonal up to a turn among the first two;
    their sizes over ``x`` are ``|cos w₂|/√2``, ``|cos w₂|/2`` and ``|sin w₂|/√8``.
    """

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x=0.0, w=(0.1, 0.2, 0.3)):
        for wire in range(2):
            qml.RX(x, wires=wire)
            qml.RX(w[wire], wires=wire)
        qml.RY(w[2], wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(1))

    third = np.arcsin([0.6, 0.2, 0.3])
    drawn = np.stack([[0.4, 1.1, -0.7], [0.4, 1.1, -0.7], third], axis=1)
    drawn[:, 0] += np.pi / 2
    check = pt.paper_check(circuit, encoding_args="x", n_draws=3, law=lambda *_: drawn, seed=0)
    numbers = dict(check.t2.evidence)
    assert (numbers["P"], numbers["2E + 1"]) == (3, 5)
    assert check.t2.verdict is Verdict.HOLDS
    assert numbers["σ_P, median"].value == pytest.approx(0.3 / np.sqrt(8))


LAYERS = [even(1.0, 3), even(2.0, 5), even(3.0, 7)]


def grown(blocks, layers=LAYERS):
    statement = growth_statement({(1, 1): (layers, blocks)}, 1)
    return statement.verdict, dict(statement.evidence)


def test_layers_that_beat_every_block_that_costs_as_much():
    verdict, numbers = grown([even(1.0, 3), even(1.5, 6), even(2.5, 9)])
    assert verdict is Verdict.HOLDS
    assert numbers["(1, 1) by layers"] == "P 3: 1 [1, 1], P 5: 2 [2, 2], P 7: 3 [3, 3]"
    assert numbers["(1, 1) ratio of parameters"] == pytest.approx(9 / 7)


def test_a_block_is_set_against_the_only_layer_it_can_pay():
    """Two blocks lose to two layers, but one block is stronger than the one layer it costs."""
    verdict, numbers = grown([even(1.0, 3), even(2.5, 6), even(2.6, 9)])
    assert verdict is Verdict.FAILS
    assert numbers["(1, 1) ratio of parameters"] == pytest.approx(9 / 7)
    verdict, _ = grown([even(1.0, 3), even(2.5, 4), even(2.6, 9)])
    assert verdict is Verdict.HOLDS, "no layer is as cheap as the one block"


def test_blocks_that_layers_do_not_reach():
    verdict, numbers = grown([even(1.0, 3), even(1.5, 6), even(5.0, 9)])
    assert verdict is Verdict.FAILS
    assert numbers["(1, 1) ratio of parameters"] == "not reached by two layers"


def test_a_builder_may_need_two_blocks_to_grow():
    verdict, numbers = grown([even(1.0, 3), even(1.0, 3), even(2.5, 9)])
    assert verdict is Verdict.HOLDS and numbers["(1, 1) ratio of parameters"] == 9 / 7
    assert grown([even(1.0, 3)] * 3) == (Verdict.DOES_NOT_APPLY, {})


# -- sizes, degrees and starts ---------------------------------------------------------------------


def test_circuits_of_a_gradient_are_shifts_times_bases():
    def model(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=0)
        qml.RX(w[1], wires=0)
        qml.RY(w[2], wires=0)
        return qml.expval(qml.Z(0) + 0.5 * qml.X(0) + 0.3 * qml.Y(0))

    qnode = qml.QNode(model, qml.device("default.qubit", wires=1))
    found = pt.compare_shapes(
        circuits=[pt.Model(qnode, (0.0, np.zeros(3)), encoding_args="x")], n_draws=2
    )
    assert found.shapes[0].size.circuits == 3 * 6


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_degree_of_a_target_does_not_depend_on_its_unit(unit):
    """A tenth of the amplitude counts, a hundred thousandth does not."""
    x = 2 * np.pi * np.arange(16) / 16
    values = unit * (np.cos(x) + 0.1 * np.sin(3 * x) + 1e-5 * np.cos(5 * x))
    spectrum = Spectrum(np.arange(1.0, 7.0)[:, None])
    assert degree_of(Target(x[:, None], values), spectrum) == 3


def test_weights_of_templates_are_drawn_over_a_whole_turn():
    _, weights = pt.template_builder(seed=1)(4, 4, 2).args
    assert 0 <= weights.min() < 0.3 and 6.0 < weights.max() < 2 * np.pi

"""What growth brings on the target rows, and three statements on circuits with known answers."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.architectures import Verdict

BUILD = pt.template_builder()


def step(advice, start: str):
    return next(s for s in advice.steps if s.name.startswith(start))


# -- growth ----------------------------------------------------------------------------------------

#: Shape: σ_min on the rows k ≤ 4 and condition after one more pair of layers, and after one more
#: block; medians of an independent calculation over 30 draws.
MEASURED = [
    pytest.param((1, 5), 21, (0.048, 26), id="serial"),
    pytest.param((2, 2), 24, (0.081, 11), id="mixed"),
    pytest.param((4, 1), 36, (0.100, 5.4), id="parallel"),
]


@pytest.mark.parametrize(("shape", "count", "known"), MEASURED)
def test_one_more_layer_on_the_target_rows(shape, count, known, seed):
    advice = pt.growth_advice(BUILD, *shape, degree=4, seed=seed)
    layer = step(advice, "+1 encoding layer")
    assert layer.row.n_parameters == count
    assert known[0] / 2 < layer.sigma.value < 2 * known[0], "a median of few draws"
    assert known[1] / 2 < layer.condition.value < 2 * known[1]


@pytest.mark.parametrize("shape", [(2, 2), (4, 1)])
def test_a_layer_brings_more_than_a_block(shape, seed):
    advice = pt.growth_advice(BUILD, *shape, seed=seed)
    assert advice.degree == 4
    layer, block = step(advice, "+1 encoding"), step(advice, "+1 trainable")
    assert layer.sigma.low > block.sigma.high
    assert layer.row.n_parameters < block.row.n_parameters
    assert any("more than one more block" in sentence for sentence in advice.findings)


def test_ternary_prefactors_need_several_wires_and_a_builder_that_takes_them(seed):
    assert "same on so few wires" in step(pt.growth_advice(BUILD, 1, 2, seed=seed), "ternary").why
    two = step(pt.growth_advice(BUILD, 2, 1, seed=seed), "ternary")
    assert two.row.n_rows == 9, "frequencies up to 1 + 3"

    def plain(n_wires, n_layers, n_blocks):
        return BUILD(n_wires, n_layers, n_blocks)

    assert "no argument prefactors" in step(pt.growth_advice(plain, 2, 1, seed=seed), "ternary").why


def test_the_gain_brings_the_output_to_the_target(seed):
    def target(x):
        return 3 * np.cos(x[:, 0])

    advice = pt.growth_advice(BUILD, 1, 2, target=target, seed=seed)
    assert advice.degree == 1
    scale = np.median(advice.base.row.target.model_scales)
    assert advice.gain * scale == pytest.approx(3 / np.sqrt(2), rel=1e-9)
    loud = step(advice, "read-out gain")
    assert loud.row.n_parameters == advice.base.row.n_parameters + 2
    # more columns and a gain above one: every singular value grows at least by the gain
    grown = loud.row.space.singular_values - advice.gain * advice.base.row.space.singular_values
    assert advice.gain > 1 and grown.min() > -1e-9


def test_limits_put_steps_last(seed):
    advice = pt.growth_advice(BUILD, 2, 2, max_parameters=26, max_depth=15, seed=seed)
    over = [s for s in advice.steps if "exceeds" in s.why]
    assert {s.name for s in over} == {"+1 wire", "+1 trainable block"}
    assert advice.steps[-2:] == tuple(over) and advice.best.name == "+1 encoding layer"
    none = pt.growth_advice(BUILD, 2, 2, max_parameters=18, max_two_qubit_gates=6, seed=seed)
    assert none.best is None or none.best.row.n_parameters <= 18


def test_advice_prints_and_travels(seed):
    advice = pt.growth_advice(BUILD, 2, 1, n_draws=10, seed=seed)
    assert "+1 wire" in str(advice) and "| +1 wire |" in advice._repr_markdown_()
    json.dumps(advice.to_dict(), allow_nan=False)
    again = pt.growth_advice(BUILD, 2, 1, n_draws=10, seed=seed)
    assert str(again) == str(advice)
    assert len(advice.plot().get_xticks()) == 5


# -- the paper -------------------------------------------------------------------------------------


def test_serial_rank_is_bounded_and_the_kernel_grows(seed):
    check = pt.paper_check(BUILD, budget=4, n_draws=10, seed=seed)
    assert check.t1.verdict is Verdict.HOLDS
    numbers = dict(check.t1.evidence)
    assert numbers["2L + 1"] == 9
    assert numbers["(1, 4) B=3, P = 45"].startswith("rank 9, kernel 36")
    assert "every shape" in check.t1.remark


def test_a_parallel_circuit_with_real_amplitudes_fails_t2(seed):
    model = pt.template_builder(block="ry-ring")(4, 1)
    check = pt.paper_check(model, seed=seed)
    assert check.t2.verdict is Verdict.FAILS
    assert dict(check.t2.evidence)["structural rank"] == 5
    assert check.t1.verdict is check.t3.verdict is Verdict.DOES_NOT_APPLY


def test_a_parallel_circuit_of_independent_parameters_holds_t2(seed):
    """``cos w₀ cos x cos(x + w₁)``: its two derivatives are independent functions of ``x``."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x=0.0, w=(0.1, 0.2)):
        for wire in range(2):
            qml.RX(x, wires=wire)
        qml.RY(w[0], wires=0)
        qml.RX(w[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(1))

    check = pt.paper_check(circuit, encoding_args="x", seed=seed)
    assert check.t2.verdict is Verdict.HOLDS


def test_too_many_parameters_are_outside_t2(seed):
    check = pt.paper_check(BUILD, budget=4, n_draws=10, seed=seed)
    numbers = dict(check.t2.evidence)
    assert check.t2.verdict is Verdict.DOES_NOT_APPLY
    assert (numbers["P"], numbers["2E + 1"], numbers["dead parameters"]) == (24, 9, 8)
    assert numbers["a choice of 9 independent parameters"] == "exists"
    live = numbers["σ_min > 0 in this share of choices among live parameters"]
    every = numbers["σ_min > 0 in this share of choices among all parameters"]
    assert live > 0.8 > 0.2 > every, "a choice with a dead parameter is never independent"


def test_t3_never_fails_for_the_template_and_needs_blocks(seed):
    check = pt.paper_check(BUILD, budget=4, n_draws=60, seed=seed)
    assert check.t3.verdict in (Verdict.HOLDS, Verdict.UNDECIDED)
    # 36 parameters by one layer beat 48 and 72 by blocks
    assert dict(check.t3.evidence)["(4, 1) ratio of parameters"] >= 48 / 36

    def without_blocks(n_wires, n_layers, n_blocks):
        return BUILD(n_wires, n_layers)

    check = pt.paper_check(without_blocks, budget=2, n_draws=5, seed=seed)
    assert check.t3.verdict is Verdict.DOES_NOT_APPLY


def test_prefactors_are_outside_the_statements(seed):
    model = pt.template_builder(prefactors="ternary")(2, 1)
    check = pt.paper_check(model, n_draws=5, seed=seed)
    assert check.t2.verdict is Verdict.DOES_NOT_APPLY and "unit prefactors" in check.t2.tested
    assert "T2" in str(check) and json.dumps(check.to_dict(), allow_nan=False)
    assert "**T3" in check._repr_markdown_()

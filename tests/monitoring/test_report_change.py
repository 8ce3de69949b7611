"""Two reports beside each other: what a change of the circuit changed."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

WEIGHTS = np.zeros(pt.DataReuploading.shape(n_layers=3, n_wires=2))


def report(wire: int = 0, law=None, **options):
    @qml.qnode(qml.device("default.qubit"))
    def model(x, weights):
        pt.DataReuploading(x, weights, wires=[0, 1])
        return qml.expval(qml.Z(wire))

    return pt.analyze(model, "x", seed=1, law=law, **options)(0.1, WEIGHTS)


def test_another_read_out_gains_a_frequency():
    change = report(0).compare(report(1))
    assert change.frequencies_gained.ravel().tolist() == [6] and change.frequencies_lost.size == 0
    assert [finding.code for finding in change.gone] == ["absent-frequencies"]
    assert change.new == ()
    assert set(change.revived) == {
        *("weights[2, 0, 1, 2]", "weights[3, 0, 0, 0]", "weights[3, 0, 0, 1]")
    }
    assert change.died == change.added == change.removed == ()
    assert "11 of 13 → 13 of 13" in change.heading()


def test_the_way_back_is_the_mirror_image():
    one, two = report(0), report(1)
    there, back = one.compare(two), two.compare(one)
    assert there.revived == back.died and there.gone == back.new
    assert there.frequencies_gained.tolist() == back.frequencies_lost.tolist()
    for forwards, backwards in zip(there.shifts, back.shifts, strict=True):
        assert np.isclose(forwards.p_value, backwards.p_value)
        assert (forwards.before, forwards.after) == (backwards.after, backwards.before)


def test_the_same_report_has_not_changed():
    one = report()
    change = one.compare(one)
    assert change.gone == change.new == change.revived == change.died == ()
    assert {shift.verdict for shift in change.shifts} == {"undecided"}
    assert change.notes == ()


def test_a_shift_is_seen_where_there_is_one():
    narrow = report(law=pt.Uniform(half_width=0.05), n_draws=30)
    change = narrow.compare(report(n_draws=30))
    verdicts = {shift.name: shift.verdict for shift in change.shifts}
    assert verdicts["effective rank"] == "larger"
    assert any("different laws" in note for note in change.notes)


def test_few_draws_are_not_tested():
    change = report(n_draws=2).compare(report(1, n_draws=2))
    assert {shift.verdict for shift in change.shifts} == {"not tested"}


def test_added_and_removed_parameters():
    def small(x, first):
        qml.RY(first, 0)
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    def large(x, first, second):
        qml.RY(first, 0)
        qml.RX(x, 0)
        qml.RY(second, 0)
        return qml.expval(qml.Z(0))

    dev = qml.device("default.qubit")
    one = pt.analyze(qml.QNode(small, dev), "x", seed=1)(0.0, 0.1)
    two = pt.analyze(qml.QNode(large, dev), "x", seed=1)(0.0, 0.1, 0.2)
    change = one.compare(two)
    assert change.added == ("second",) and change.removed == ()
    assert two.compare(one).removed == ("second",)


def test_something_else_is_refused():
    with pytest.raises(TypeError, match="another report"):
        report().compare("better")

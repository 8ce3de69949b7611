"""Gates have the look of their parameters, wherever PennyLane's drawer puts them."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex
from matplotlib.patches import Circle

DEAD, REDUNDANT, KEPT, INPUT, PLAIN = "#f4b183", "#f5dc9b", "#9ecbea", "#d9d9d9", "#ffffff"


def faces(axes) -> dict[tuple[int, int], str]:
    """Colours of boxes by the column and the first row they are in."""
    found = {}
    for patch in axes.patches:
        if isinstance(patch, Circle):
            continue
        box = patch.get_path().get_extents(patch.get_patch_transform())
        if box.width < 1:
            column = round((box.x0 + box.x1) / 2)
            found[column, round(box.y0 + 0.4)] = to_hex(patch.get_facecolor())
    return found


def test_every_kind_has_its_look():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RZ(w[0], "a")  # dead: an eigenstate
        qml.RY(w[1], "a")
        qml.RY(w[2], "a")  # the same as the one before
        qml.RX(x, "a")
        qml.Hadamard("b")
        return qml.expval(qml.Z("a"))

    args = 0.1, np.array([0.1, 0.2, 0.3])
    report = pt.analyze(circuit, "x", seed=1)(*args)
    _, axes = pt.draw_circuit(circuit, report, encoding_args="x")(*args)
    found = faces(axes)
    row = [found[column, 0] for column in range(4)]
    assert row[0] == DEAD and sorted(row[1:3]) == sorted([KEPT, REDUNDANT]) and row[3] == INPUT
    assert found[0, 1] == PLAIN
    independent = report.independent[0]
    assert row[int(independent[2])] == KEPT
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(words) == 4 and words[0].startswith("dead")
    assert {"0", "1", "2"} <= {text.get_text() for text in axes.texts}


def test_gates_of_several_wires_and_layers_find_their_boxes():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.CRX(w[0], [0, 2])
        qml.RX(x, 1)
        qml.IsingZZ(w[1], [1, 2])
        qml.PauliRot(w[2], "XYZ", [0, 1, 2])
        qml.Rot(w[3], 0.1, w[4], 0)
        return qml.expval(qml.Z(0))

    args = 0.1, np.linspace(0.3, 1.1, 5)
    report = pt.analyze(circuit, "x", seed=1)(*args)
    _, axes = pt.draw_circuit(circuit, report, encoding_args="x")(*args)
    looks = {"dead": DEAD, "independent": KEPT, "redundant": REDUNDANT}

    def look(k):
        name = f"w[{k}]"
        kind = "dead" if name in report.dead else "redundant"
        return looks["independent" if name in report.independent else kind]

    found = faces(axes)
    # CRX spans wires 0 to 2, so RX on 1 stands behind it
    assert found[0, 2] == look(0) and found[1, 1] == INPUT
    assert found[2, 1] == look(1) and found[3, 0] == look(2)
    # Rot is drawn as RZ, RY, RZ; its middle angle is a number
    assert [found[c, 0] for c in (4, 5, 6)] == [look(3), PLAIN, look(4)]


def test_titles_stand_above_their_gates_and_names_stay_legible():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(w[0], 1)  # the lower wire first: its title stands below the gate above
        qml.RX(w[1], 0)
        qml.Hadamard(0)
        qml.IsingXX(w[2], [0, 1])
        qml.RX(x, 1)
        return qml.expval(qml.Z(1))

    args = 0.1, np.array([0.4, 0.2, 0.3])
    report = pt.analyze(circuit, "x", seed=1)(*args)
    _, axes = pt.draw_circuit(circuit, report, encoding_args="x")(*args)
    # a halo for the names of gates with a colour, and for nothing else
    halos = {(t.get_text(), *t.get_position()) for t in axes.texts if t.get_path_effects()}
    assert halos == {("RY", 0, 1), ("RX", 0, 0), ("IsingXX", 2, 0.5), ("RX", 3, 1)}
    assert ("H", 1, 0) in {(t.get_text(), *t.get_position()) for t in axes.texts}
    for title, column, row in (("0", 0, 1), ("1", 0, 0), ("2", 2, 0)):
        own = [t.get_position() for t in axes.texts if t.get_text() == title]
        above = [y for x, y in own if x == column and row - 0.5 < y < row - 0.3]
        assert len(above) == 1, "between two wires, above its box"


def test_an_angle_of_several_parameters_takes_the_best():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RZ(w[0], "q")
        qml.RY(w[0] * w[1], "q")
        qml.RX(x, "q")
        qml.RZ(w[2], "q")
        return qml.expval(qml.Z("q"))

    args = 0.1, np.array([0.4, 0.2, 0.3])
    report = pt.analyze(circuit, "x", seed=1)(*args)
    _, axes = pt.draw_circuit(circuit, report, encoding_args="x", labels=False)(*args)
    found = faces(axes)
    assert report.dead == ("w[2]",)
    assert found[1, 0] == KEPT and found[3, 0] == DEAD
    assert "0" not in {text.get_text() for text in axes.texts}


def test_a_capacity_shows_what_is_dead_in_the_state():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        qml.RZ(w[0], 0)
        qml.RY(w[1], 0)
        return qml.expval(qml.Z(0))

    found = pt.capacity(circuit, seed=1)(w := np.array([0.3, 0.4]))
    _, axes = pt.draw_circuit(circuit, found)(w)
    drawn = faces(axes)
    assert (drawn[0, 0], drawn[1, 0]) == (DEAD, KEPT)


def test_wires_in_another_order():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(w, "b")
        qml.RX(x, "a")
        qml.CNOT(["a", "b"])
        return qml.expval(qml.Z("b"))

    report = pt.analyze(circuit, "x", seed=1)(0.1, 0.2)
    for order in (["a", "b"], ["b", "a"]):
        _, axes = pt.draw_circuit(circuit, report, encoding_args="x", wire_order=order)(0.1, 0.2)
        drawn = faces(axes)
        assert drawn[0, order.index("b")] == KEPT and drawn[0, order.index("a")] == INPUT


def test_another_circuit_is_refused():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        for k in range(len(w)):
            qml.RY(w[k], 0)
            qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    report = pt.analyze(circuit, "x", seed=1)(0.1, np.zeros(2))
    with pytest.raises(pt.ReadingError, match=r"other parameters .*w\[2\]"):
        pt.draw_circuit(circuit, report, encoding_args="x")(0.1, np.zeros(3))
    with pytest.raises(TypeError, match="analyze"):
        pt.draw_circuit(circuit, "report")


def test_nothing_of_matplotlib_or_the_qnode_is_changed(global_state_unchanged):
    import matplotlib as mpl

    @qml.qnode(qml.device("default.qubit", seed=1))
    def circuit(x, w):
        qml.RY(w, 0)
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    report = pt.analyze(circuit, "x", seed=1)(0.1, 0.2)
    before = dict(mpl.rcParams)
    with qml.Tracker(circuit.device) as tracker:
        pt.draw_circuit(circuit, report, encoding_args="x")(0.1, 0.2)
    assert dict(mpl.rcParams) == before and not tracker.totals

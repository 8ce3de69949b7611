"""Progress: numbers for a function, one line for a terminal, nothing otherwise."""

import io
from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.fitting import fit, progress
from pennylane_trainability.fitting.progress import progress_of


class Terminal(io.StringIO):
    def isatty(self):
        return True


def model(x, w):
    qml.RX(x, wires=0)
    qml.RX(w, wires=0)
    return qml.expval(qml.Z(0))


def test_a_function_is_told_rising_numbers_up_to_all():
    qnode = qml.QNode(model, qml.device("default.qubit", wires=1))
    told = []
    x = np.linspace(0, 6, 9)
    options = {"restarts": 3, "block": 2, "max_steps": 10, "seed": 0}
    run = fit(qnode, x, np.sin(x), "x", progress=lambda *pair: told.append(pair), **options)
    run(0.0, 0.3)
    assert {total for _, total in told} == {30}
    done = [d for d, _ in told]
    assert done == sorted(done)
    assert done[-1] == 30


def test_the_line_of_a_terminal_ends_once():
    stream = Terminal()
    report = progress_of(True, 4, "fit", stream)
    for done in (0, 2, 4, 4):
        report(done)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert "fit: 4 of 4" in text


def test_the_line_is_written_five_times_a_second_at_most(monkeypatch):
    clock = iter([100.0, 100.0, 100.1, 101.0, 101.1])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    stream = Terminal()
    report = progress_of(True, 4, "fit", stream)
    for done in (0, 1, 2, 4):
        report(done)
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines == ["", "fit: 0 of 4", "fit: 2 of 4, 1 s left", "fit: 4 of 4, 1 s\n"]


def test_elsewhere_nothing_is_written(capsys):
    stream = io.StringIO()
    progress_of(True, 4, "fit", stream)(4)
    progress_of(None, 4, "fit", Terminal())(4)
    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_anything_else_is_an_error():
    with pytest.raises(ValueError, match="progress=True"):
        progress_of("yes", 4, "fit")

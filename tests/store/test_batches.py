"""Circuits, replicates and batches of a store, counted by hand."""

from __future__ import annotations

import sqlite3
from collections import Counter

import pennylane as qml
from keyed_device import QUESTIONS, KeyedDevice

import pennylane_trainability as pt
from pennylane_trainability.pricing.recording import _without
from pennylane_trainability.results import Cost
from pennylane_trainability.store.replicates import numbered, shots_of


def tape(*angles, shots=100):
    return qml.tape.QuantumScript(
        [qml.RX(list(angles) if len(angles) > 1 else angles[0], 0)], [qml.expval(qml.Z(0))], shots
    )


def test_equal_circuits_are_numbered_one_after_the_other():
    counts = Counter()
    first = numbered([tape(0.1), tape(0.2), tape(0.1)], counts)
    again = numbered([tape(0.1)], counts)
    assert [number for _, number in [*first, *again]] == [0, 0, 1, 2]
    assert first[0][0] == again[0][0] != first[1][0]


def test_shots_of_a_batch_are_those_of_all_its_entries():
    assert shots_of(tape(0.1, 0.2, 0.3)) == 300 and shots_of(tape(0.1)) == 100
    assert shots_of(tape(0.1, 0.2, shots=None)) == 0


def test_what_is_left_of_a_cost_is_without_what_is_stored():
    stated = Cost(circuits=9, distinct_circuits=7, shots=900, executions=2)
    stored = Cost(circuits=4, distinct_circuits=2, shots=250)
    left = _without(stated, stored)
    assert (left.circuits, left.distinct_circuits, left.shots) == (5, 5, 650)


def test_batches_say_how_many_circuits_they_asked_for_and_how_long_they_took(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    QUESTIONS["jacobian"](KeyedDevice(1), store.executor(pt.Executor(chunk=5), run="run"))
    with sqlite3.connect(store.path) as connection:
        rows = connection.execute("SELECT asked, kept, seconds FROM batches").fetchall()
    connection.close()
    assert [row[:2] for row in rows] == [(5, 5), (5, 5), (5, 5), (3, 3)]
    assert all(0 <= seconds < 60 for *_, seconds in rows)

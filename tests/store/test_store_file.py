"""The file: what is in it, what is damaged, who may write."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import numpy as np
import pennylane as qml
import pytest
from keyed_device import QUESTIONS, Cut, KeyedDevice, bits, jacobian

import pennylane_trainability as pt
from pennylane_trainability.store.encoding import decoded, encoded


def filled(path, name="jacobian", **options):
    store = pt.Store(path)
    answer = QUESTIONS[name](KeyedDevice(1), store.executor(pt.Executor(chunk=5), run="run"))
    return store, bits(answer)


# -- looking inside --------------------------------------------------------------------------------


def test_the_overview_says_what_was_run(tmp_path):
    store, _ = filled(tmp_path / "s.sqlite", "repeated_jacobian")
    assert len(store) == 36 and store.runs() == ("run",)
    lines = str(store).splitlines()
    assert len(lines) == 2
    row = lines[1].split()
    assert row[:6] == ["run", "test.keyed", "36", "18", "7200", "8"]
    assert "36 results in 1 runs" in repr(store)


def test_export_holds_every_result(tmp_path):
    store, _ = filled(tmp_path / "s.sqlite")
    count = store.export(tmp_path / "s.jsonl", run="run")
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    records = list(store.records("run"))
    assert count == len(lines) == len(records) == 18
    for line, record in zip(lines, records, strict=True):
        np.testing.assert_array_equal(line["result"], record.result)
        assert line["circuit"] == record.circuit and line["replicate"] == record.replicate
        assert line["device_name"] == "test.keyed" and line["versions"]["pennylane"]
    with pytest.raises(pt.StoreError, match="is not overwritten"):
        store.export(tmp_path / "s.jsonl")


def test_a_deleted_run_is_measured_again(tmp_path):
    store, answer = filled(tmp_path / "s.sqlite")
    with pytest.raises(pt.StoreError, match=r"no run 'other'; the store has \['run'\]"):
        store.delete("other")
    assert store.delete("run") == 18
    assert len(store) == 0 and store.runs() == ()
    device = KeyedDevice(1)
    assert bits(jacobian(device, store.executor(run="run"))) == answer
    assert device.handled == 18


def test_runs_do_not_share_results(tmp_path):
    """Another label is an independent repeat."""
    store, _ = filled(tmp_path / "s.sqlite")
    device = KeyedDevice(2)
    jacobian(device, store.executor(run="other"))
    assert device.handled == 18 and store.runs() == ("other", "run")


def test_shots_and_devices_are_not_mixed_up(tmp_path):
    store, _ = filled(tmp_path / "s.sqlite")

    class Other(KeyedDevice):
        name = "test.other"

    device = Other(1)
    jacobian(device, store.executor(run="run"))
    assert device.handled == 18
    third = Other(1)
    third.name = "test.third"
    with pytest.raises(pt.StoreError, match=r"has results of \['test.keyed', 'test.other'\]"):
        jacobian(third, store.executor(run="run", offline=True))
    qnode = qml.set_shots(qml.QNode(lambda w: qml.expval(qml.Z(0)), device), shots=10)
    assert qnode.shots.total_shots == 10


def test_offline_works_with_another_device_and_says_what_is_missing(tmp_path):
    store, answer = filled(tmp_path / "s.sqlite")

    class Elsewhere(KeyedDevice):
        name = "test.elsewhere"

    device = Elsewhere(1)
    offline = store.executor(run="run", offline=True)
    assert bits(jacobian(device, offline)) == answer
    with pytest.raises(pt.StoreError, match=r"18 of 18 circuits \(3,600 shots\) are not in run"):
        jacobian(device, offline)  # a second measurement was never made
    assert device.handled == 0


def test_offline_spends_nothing_so_that_no_budget_refuses(tmp_path):
    store, answer = filled(tmp_path / "s.sqlite")
    offline = store.executor(pt.Executor(max_circuits=1), run="run", offline=True)
    assert bits(jacobian(KeyedDevice(1), offline)) == answer
    online = store.executor(pt.Executor(max_circuits=1), run="run")
    with pytest.raises(pt.BudgetError, match="max_circuits allows 1"):
        jacobian(KeyedDevice(1), online)


def test_a_stopped_executor_says_how_to_go_on(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    device = KeyedDevice(1, fault="raise", at=8)
    executor = store.executor(pt.Executor(chunk=5), run="run")
    with pytest.raises(pt.DeviceFailure, match="5 of 18 circuits are stored in run 'run'") as why:
        jacobian(device, executor)
    assert isinstance(why.value.__cause__, Cut)
    assert len(why.value.completed) == 5 and why.value.total == 18
    with pytest.raises(pt.StoreError, match=r"Make a new one\s+with Store\.executor"):
        jacobian(device, executor)


def test_an_interrupt_says_what_is_kept(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    executor = store.executor(pt.Executor(chunk=5), run="run")
    with pytest.raises(KeyboardInterrupt) as why:
        jacobian(KeyedDevice(1, fault="interrupt", at=12), executor)
    assert "10 of 18 circuits are stored" in why.value.__notes__[0]


def test_progress_counts_what_is_stored(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    seen: list = []
    inner = pt.Executor(chunk=6, progress=lambda done, total: seen.append((done, total)))
    with pytest.raises(pt.DeviceFailure):
        jacobian(KeyedDevice(1, fault="raise", at=14), store.executor(inner, run="run"))
    jacobian(KeyedDevice(1), store.executor(inner, run="run"))
    assert seen == [(6, 18), (12, 18), (12, 18), (18, 18)]


def test_arguments_are_checked(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    with pytest.raises(ValueError, match="run needs a label"):
        store.executor(run="")
    with pytest.raises(ValueError, match="is a storing executor already"):
        store.executor(store.executor(run="a"), run="b")


# -- damage ----------------------------------------------------------------------------------------


def spoil(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET data = zeroblob(length(data)) WHERE rowid = 3",
        "UPDATE results SET data = substr(data, 1, 3) WHERE rowid = 3",
        "UPDATE results SET shots = shots + 1 WHERE rowid = 3",
        "UPDATE results SET replicate = 7 WHERE rowid = 3",
        "UPDATE results SET form = replace(form, 'f8', 'i8') WHERE rowid = 3",
        "UPDATE results SET checksum = x'00' WHERE rowid = 3",
    ],
)
def test_a_damaged_result_is_found_and_measured_again(statement, tmp_path):
    path = tmp_path / "s.sqlite"
    store, answer = filled(path)
    spoil(path, statement)
    assert len(store.check()) == 1 and "checksum does not fit" in store.check()[0]
    with pytest.raises(pt.StoreError, match="checksum does not fit"):
        list(store.records())
    if "replicate" not in statement:
        with pytest.raises(pt.StoreError, match=r"delete\(run, damaged=True\)"):
            jacobian(KeyedDevice(1), store.executor(run="run"))
    assert store.delete("run", damaged=True) == 1
    assert store.check() == ()
    device = KeyedDevice(1)
    assert bits(jacobian(device, store.executor(run="run"))) == answer
    assert device.handled == 1


def test_results_that_change_places_are_found(tmp_path):
    path = tmp_path / "s.sqlite"
    store, _ = filled(path)
    spoil(
        path,
        "UPDATE results SET circuit = CASE rowid WHEN 1 THEN 'x' ELSE circuit END WHERE rowid = 1",
    )
    assert len(store.check()) == 1


def test_a_file_that_is_cut_off_is_refused_at_every_length(tmp_path):
    whole = tmp_path / "s.sqlite"
    filled(whole)
    data = whole.read_bytes()
    assert not (tmp_path / "s.sqlite-wal").exists(), "everything is in the one file"
    for number, length in enumerate({len(data) * k // 13 for k in range(1, 13)} | {100, 1}):
        part = tmp_path / f"{number}.sqlite"
        part.write_bytes(data[:length])
        with pytest.raises(pt.StoreError, match="cut off"):
            pt.Store(part)


def test_random_damage_never_goes_into_an_answer(rng, tmp_path):
    """Bytes that change give the right answer or an error."""
    whole = tmp_path / "s.sqlite"
    _, answer = filled(whole)
    data = bytearray(whole.read_bytes())
    refused = 0
    for trial in range(40):
        spoilt = bytearray(data)
        for _ in range(20):
            spoilt[int(rng.integers(len(data)))] = int(rng.integers(256))
        path = tmp_path / f"{trial}.sqlite"
        path.write_bytes(spoilt)
        try:
            store = pt.Store(path)
            found = jacobian(KeyedDevice(1), store.executor(run="run", offline=True))
        except pt.StoreError:
            refused += 1
            continue
        assert bits(found) == answer
    assert refused > 0


def test_files_of_other_kinds_are_refused(tmp_path):
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be read as one" * 50)
    with pytest.raises(pt.StoreError, match="damaged or cut off"):
        pt.Store(text)
    other = tmp_path / "other.sqlite"
    spoil(other, "CREATE TABLE mine (a)")
    with pytest.raises(pt.StoreError, match="a database, but no store"):
        pt.Store(other)
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(pt.StoreError, match="is empty, or almost"):
        pt.Store(empty)
    with pytest.raises(pt.StoreError, match="path of a file in a folder"):
        pt.Store(tmp_path)
    assert text.read_text().startswith("not a database") and not empty.stat().st_size


def test_a_newer_version_is_refused(tmp_path):
    filled(tmp_path / "s.sqlite")
    spoil(tmp_path / "s.sqlite", "PRAGMA user_version = 99")
    with pytest.raises(pt.StoreError, match=r"version 99.*Update"):
        pt.Store(tmp_path / "s.sqlite")


# -- several at once -------------------------------------------------------------------------------


def test_a_run_has_one_who_measures(tmp_path):
    """A second process is told who is at work; one that is dead does not count."""
    path = tmp_path / "s.sqlite"
    store, _ = filled(path)
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    here = os.uname().nodename if hasattr(os, "uname") else ""

    def busy(host, pid):
        spoil(path, f"INSERT OR REPLACE INTO busy VALUES ('new', 't', '{host}', {pid}, 'noon')")

    busy("elsewhere", 1)
    with pytest.raises(pt.StoreError, match=r"Process 1 on elsewhere has been measuring run 'new'"):
        jacobian(KeyedDevice(1), store.executor(run="new"))
    store.release("new")
    if here:
        busy(here, os.getppid())
        with pytest.raises(pt.StoreError, match="Wait for it"):
            jacobian(KeyedDevice(1), store.executor(run="new"))
        busy(here, gone.pid)
    jacobian(KeyedDevice(1), store.executor(run="new"))
    jacobian(KeyedDevice(1), store.executor(run="new", offline=True))


# -- noise that would come again -------------------------------------------------------------------


def seeded(seed, name="default.qubit", **options):
    return qml.device(name, wires=2, seed=seed, **options)


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "default.mixed"])
def test_a_device_made_again_with_the_same_seed_is_refused(name, tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    device = seeded(4, name)
    measured = jacobian(device, store.executor(run="run"))
    jacobian(device, store.executor(run="second"))  # the same object goes on drawing
    with pytest.raises(pt.StoreError, match="with another seed or with seed=None"):
        jacobian(seeded(4, name), store.executor(run="third"))
    # what is stored needs no device, and another seed is another stream
    again = jacobian(seeded(4, name), store.executor(run="run"))
    assert bits(again) == bits(measured)
    for seed in (None, 5):
        jacobian(seeded(seed, name), store.executor(run=f"with {seed}"))


def test_a_key_of_jax_repeats_its_noise_and_is_refused(tmp_path):
    jax = pytest.importorskip("jax")
    store = pt.Store(tmp_path / "s.sqlite")
    with pytest.raises(pt.StoreError, match="same PRNGKey"):
        jacobian(seeded(jax.random.PRNGKey(1)), store.executor(run="run"))


# -- bytes -----------------------------------------------------------------------------------------


def random_result(rng, depth=0):
    kinds = ["array", "number", "float", "int", "bool", "none", "str", "complex"]
    kind = rng.choice(kinds + ["tuple", "list", "dict"] * (depth < 3))
    if kind == "array":
        shape = tuple(rng.integers(0, 4, rng.integers(0, 4)))
        dtype = rng.choice(["f8", "f4", "i8", "i4", "u1", "?", "c16", ">f8"])
        return (rng.normal(size=shape) * 50).astype("i4").astype(dtype)
    if kind in ("tuple", "list"):
        entries = [random_result(rng, depth + 1) for _ in range(rng.integers(0, 4))]
        return tuple(entries) if kind == "tuple" else entries
    if kind == "dict":
        return {f"{k:02b}": random_result(rng, depth + 1) for k in range(rng.integers(0, 4))}
    value = float(rng.normal())
    return {
        "number": np.float64(value), "float": value, "int": int(100 * value), "none": None,
        "bool": value > 0, "str": f"ψ{value}", "complex": complex(value, -value),
    }[kind]  # fmt: skip


def same(a, b) -> bool:
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray):
        native = a.astype(a.dtype.newbyteorder("="))
        return native.dtype == b.dtype and a.shape == b.shape and native.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


def test_results_come_back_bit_for_bit(rng):
    for _ in range(300):
        result = random_result(rng)
        assert same(result, decoded(*encoded(result))), result
    with pytest.raises(pt.StoreError, match="a store keeps arrays"):
        encoded(object())

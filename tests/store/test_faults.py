"""Whatever goes wrong: nothing that was handed over is measured again, and the answer stays."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from keyed_device import FAULTS, QUESTIONS, Cut, KeyedDevice, bits, stored
from support import GAPS

import pennylane_trainability as pt

SEED = 11


@functools.cache
def undisturbed(name):
    device = KeyedDevice(SEED)
    answer = QUESTIONS[name](device, pt.Executor(chunk=3))
    return bits(answer), device.given, device.handled


def attempt(store, name, fault, at, chunk, robust=False):
    """One attempt with a new device and a new executor: the answer or ``None``, and the device."""
    device = KeyedDevice(SEED, known=stored(store), fault=fault, at=at)
    kind = pt.RobustExecutor if robust else pt.Executor
    executor = store.executor(kind(chunk=chunk), run="run")
    try:
        return bits(QUESTIONS[name](device, executor)), device
    except (Cut, pt.DeviceFailure, KeyboardInterrupt):
        return None, device
    except Exception:
        # what PennyLane says of a batch that is too short
        assert fault == "fewer"
        return None, device


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_faults_the_store_changes_nothing(name, tmp_path):
    """Replicates included: repeats stay independent, as the device draws them."""
    answer, given, handled = undisturbed(name)
    store = pt.Store(tmp_path / "s.sqlite")
    found, device = attempt(store, name, None, 0, 4)
    assert found == answer
    assert device.given == given
    assert len(store) == handled
    # once more, and offline: nothing is sent
    again, device = attempt(store, name, None, 0, 4)
    assert again == answer and device.handled == 0
    offline = store.executor(run="run", offline=True)
    assert bits(QUESTIONS[name](KeyedDevice(SEED), offline)) == answer


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_one_fault(name, fault, tmp_path):
    answer, given, handled = undisturbed(name)
    store = pt.Store(tmp_path / "s.sqlite")
    found, first = attempt(store, name, fault, handled // 2 + 1, 3)
    assert found is None
    kept = len(store)
    assert kept == sum(first.given.values()), "sound results of every batch are kept"
    found, second = attempt(store, name, None, 0, 3)
    assert found == answer
    assert first.given + second.given == given, "nothing is measured twice, nothing is left out"
    assert second.handled == handled - kept


def random_trial(rng, path, *, most_faults=4):
    name = str(rng.choice(list(QUESTIONS)))
    answer, given, handled = undisturbed(name)
    store = pt.Store(path)
    total: Counter = Counter()
    for _ in range(int(rng.integers(1, most_faults + 1))):
        fault, at = str(rng.choice(FAULTS)), int(rng.integers(1, handled + 1))
        chunk, robust = int(rng.integers(1, 9)), bool(rng.integers(2))
        found, device = attempt(store, name, fault, at, chunk, robust)
        total += device.given
        assert found in (None, answer)
        assert sum(total.values()) == len(store)
    found, device = attempt(store, name, None, 0, int(rng.integers(1, 9)))
    assert found == answer, (name, "the answer differs")
    assert total + device.given == given, (name, "a circuit was measured twice or not at all")


@pytest.mark.parametrize("group", range(5))
def test_random_faults(group, rng, tmp_path):
    for trial in range(5):
        random_trial(rng, tmp_path / f"{trial}.sqlite")


@pytest.mark.slow
@pytest.mark.parametrize("group", range(20))
def test_many_random_faults(group, rng, tmp_path):
    for trial in range(100):
        path = tmp_path / f"{trial}.sqlite"
        random_trial(rng, path, most_faults=8)
        path.unlink()


# -- processes that die ----------------------------------------------------------------------------

PROCESS = """
import json, sys, warnings
sys.path.insert(0, {tests!r})
import pennylane_trainability as pt
from keyed_device import QUESTIONS, KeyedDevice, bits, stored

name, path, at, chunk = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = pt.Store(path)
device = KeyedDevice({seed}, known=stored(store), fault="kill", at=at)
answer = bits(QUESTIONS[name](device, store.executor(pt.Executor(chunk=chunk), run="run")))
print(json.dumps([answer.hex(), device.handled]))
"""


def process(name, path, at, chunk):
    code = PROCESS.format(tests=str(Path(__file__).parents[1]), seed=SEED)
    return subprocess.Popen(
        [sys.executable, "-c", code, name, str(path), str(at), str(chunk)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_run(name, path, at, chunk):
    answer, _, handled = undisturbed(name)
    killed = process(name, path, at, chunk)
    killed.communicate()
    assert killed.returncode == -9
    store = pt.Store(path)
    assert store.check() == ()
    kept = len(store)
    assert kept <= at - 1
    found, device = attempt(store, name, None, 0, chunk)
    assert found == answer
    assert device.handled == handled - kept
    return kept


@pytest.mark.skipif(sys.platform == "win32", reason=GAPS["killed process", "*", "none"].reason)
def test_a_killed_process_leaves_a_store_that_goes_on(tmp_path):
    assert killed_run("jacobian", tmp_path / "s.sqlite", at=12, chunk=4) == 8


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason=GAPS["killed process", "*", "none"].reason)
@pytest.mark.parametrize("name", QUESTIONS)
def test_killed_anywhere(name, rng, tmp_path):
    handled = undisturbed(name)[2]
    for trial in range(8):
        at, chunk = int(rng.integers(1, handled + 1)), int(rng.integers(1, 7))
        killed_run(name, tmp_path / f"{trial}.sqlite", at, chunk)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason=GAPS["killed process", "*", "none"].reason)
def test_killed_at_any_time(rng, tmp_path):
    """Wherever the signal meets the process, also while it writes."""
    answer, _, handled = undisturbed("repeated_jacobian")
    for trial in range(12):
        path = tmp_path / f"{trial}.sqlite"
        running = process("repeated_jacobian", path, 0, 1)
        delay = float(rng.uniform(0.0, 0.6))
        while not path.exists() and running.poll() is None:
            pass
        try:
            running.wait(delay)
        except subprocess.TimeoutExpired:
            running.kill()
        running.communicate()
        if path.exists() and not path.stat().st_size:
            path.unlink()  # not even made
        store = pt.Store(path)
        kept = len(store)
        found, device = attempt(store, "repeated_jacobian", None, 0, 5)
        assert found == answer and device.handled == handled - kept


@pytest.mark.slow
def test_two_processes_on_one_store(tmp_path):
    """Each with a run of its own, at the same time; then the same run from both."""
    path = tmp_path / "s.sqlite"
    names = ("jacobian", "qfim")
    running = [process(name, path, 0, 1) for name in names]
    said = [p.communicate() for p in running]
    # both write to run "run": one of them may have been refused, and then goes on later
    for name, (out, error), p in zip(names, said, running, strict=True):
        if p.returncode:
            assert "has been measuring run" in error
            out, error = process(name, path, 0, 1).communicate()
        assert json.loads(out)[0] == undisturbed(name)[0].hex(), error
    assert pt.Store(path).check() == ()


def test_the_noise_of_a_replicate_variance_is_the_same_with_and_without_a_store(tmp_path):
    """An estimator that needs two batches of one circuit gets two."""
    one = QUESTIONS["repeated_jacobian"](KeyedDevice(SEED), pt.Executor())
    store = pt.Store(tmp_path / "s.sqlite")
    two = QUESTIONS["repeated_jacobian"](KeyedDevice(SEED), store.executor(run="run"))
    spread = [np.var(np.array(pair), axis=0) for pair in (one, two)]
    assert np.any(spread[0] > 0)
    np.testing.assert_array_equal(*spread)
    assert {r.replicate for r in store.records()} == {0, 1}

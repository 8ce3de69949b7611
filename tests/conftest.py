"""Shared fixtures: seeds, and a watch over state that a library must leave alone."""

# ruff: noqa: E402 (the variables below must be set before NumPy and its kin are loaded)
from __future__ import annotations

import os

# One thread per worker: pytest-xdist already uses the cores. Read when the libraries load.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import importlib.util
import random
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator

# What Hypothesis caches about the source code does not belong in the tree.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "hypothesis")
)

import hypothesis
import numpy as np
import pytest

with warnings.catch_warnings():
    # What PennyLane touches in JAX while it is imported is deprecated from JAX 0.7.2 on.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pennylane as qml

# Property tests: few examples, the same in every run, or many, new in every run.
_PROPERTY_TESTS = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(hypothesis.HealthCheck),
}
hypothesis.settings.register_profile("ci", max_examples=25, derandomize=True, **_PROPERTY_TESTS)
hypothesis.settings.register_profile(
    "nightly", max_examples=500, print_blob=True, **_PROPERTY_TESTS
)
hypothesis.settings.load_profile(os.environ.get("PT_PROFILE", "ci"))

BASE_SEED = int(os.environ.get("PT_TEST_SEED", "0"))


def pytest_report_header() -> str:
    """Say which seed the run used, so that a failure can be replayed."""
    return f"PT_TEST_SEED={BASE_SEED}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip an ``interfaces`` test whose packages are missing, unless it was asked for by name.

    ``@pytest.mark.interfaces`` needs JAX and Torch, ``@pytest.mark.interfaces("jax")`` only JAX.
    """
    mark = item.get_closest_marker("interfaces")
    if mark is None:
        return
    missing = [name for name in mark.args or ("jax", "torch") if not importlib.util.find_spec(name)]
    if not missing:
        return
    message = f'needs {" and ".join(missing)}: pip install "pennylane-trainability[interfaces]"'
    if "interfaces" in item.config.getoption("markexpr").replace("not interfaces", ""):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed of the test's own, the same in every run and on every worker for one PT_TEST_SEED."""
    own = zlib.crc32(request.node.nodeid.encode())
    return int(np.random.SeedSequence([BASE_SEED, own]).generate_state(1)[0])


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """A generator started from :func:`seed`."""
    return np.random.default_rng(seed)


def _global_state() -> dict[str, object]:
    """Everything global that the package could disturb, by name, in comparable values."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    state = {
        "numpy.random": (kind, keys.tobytes(), position, has_gauss, gauss),
        "random": random.getstate(),
        "numpy.geterr": tuple(sorted(np.geterr().items())),
        "numpy.printoptions": repr(sorted(np.get_printoptions().items())),
        "qml.capture": qml.capture.enabled(),
        "qml.decomposition.graph": qml.decomposition.enabled_graph(),
        "qml.QueuingManager.recording": qml.QueuingManager.recording(),
    }
    # Only what is loaded already can have been changed, and loading it here would be a change.
    if jax := sys.modules.get("jax"):
        state["jax.x64"] = jax.config.jax_enable_x64
    if torch := sys.modules.get("torch"):
        state["torch.default_dtype"] = str(torch.get_default_dtype())
        state["torch.rng"] = torch.get_rng_state().numpy().tobytes()
    if matplotlib := sys.modules.get("matplotlib"):
        state["matplotlib.rcParams"] = repr(sorted(matplotlib.rcParams.items()))
    return state


@pytest.fixture
def global_state_unchanged() -> Iterator[None]:
    """Fail if the test changed global random state, or a setting of PennyLane or its neighbours.

    The test body must not draw from the global generators itself.
    """
    before = _global_state()
    yield
    after = _global_state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"changed global state: {', '.join(changed)}"

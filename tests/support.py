"""What the tests on devices, interfaces and messages share.

``GAPS`` is the one place that says what does not work: (device, shots, interface) → what happens
instead. ``"*"`` stands for all. A gap of kind ``"refused"`` must raise its error with its remedy,
one of kind ``"open"`` is an expected failure that turns red as soon as it is closed, and tests of
one of kind ``"missing"`` are skipped where what they need is not there.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability import ReadingError

#: Warnings of packages below us, raised while our calls run, that nobody here can prevent.
THIRD_PARTY_WARNINGS = [
    # qiskit-ibm-runtime registers a transpiler plugin that it has itself deprecated.
    "ignore:Since backends now support running jobs:DeprecationWarning",
    # qiskit-aer and qiskit-ibm-runtime call functions of qiskit that are being renamed.
    "ignore::DeprecationWarning:qiskit_aer.*",
    "ignore::DeprecationWarning:qiskit_ibm_runtime.*",
    # JAX announces its own renamings when PennyLane touches them.
    "ignore:jax.*:DeprecationWarning",
]


@dataclass(frozen=True)
class Gap:
    """Something that does not work, and what a user sees instead."""

    reason: str
    kind: str = "open"
    error: type[Exception] = ReadingError
    match: str = ""


#: (device, shots, interface) → gap.
GAPS: dict[tuple[str, str, str], Gap] = {
    ("qiskit.aer", "none", "*"): Gap(
        "without shots the plugin would sample 1024 times on its own",
        "refused",
        match="qml.set_shots",
    ),
    ("qiskit.remote", "none", "*"): Gap(
        "a simulation must not pass for hardware", "refused", match="qml.set_shots"
    ),
    ("qiskit.aer", "vector", "*"): Gap(
        "the plugin returns one result for a whole shot vector",
        "refused",
        match="Set one number of shots",
    ),
    ("qiskit.remote", "vector", "*"): Gap(
        "the plugin returns one result for a whole shot vector",
        "refused",
        match="Set one number of shots",
    ),
    ("entry point", "none", "none"): Gap(
        "the package is on the path but not installed, so PennyLane cannot find its entry point"
    ),
    ("lightning.kokkos", "*", "*"): Gap("needs pennylane-lightning-kokkos", "missing"),
    ("*", "*", "catalyst"): Gap("needs pennylane-catalyst", "missing"),
    ("killed process", "*", "none"): Gap("Windows has no SIGKILL", "missing"),
}


def gap_of(device: str, shots: str, interface: str) -> Gap | None:
    """The gap that covers a combination, if any."""
    for (d, s, i), gap in GAPS.items():
        if d in ("*", device) and s in ("*", shots) and i in ("*", interface):
            return gap
    return None


def open_gap(device: str, shots: str, interface: str):
    """The mark of an expected failure; a combination without a gap is an error of the test."""
    gap = GAPS[device, shots, interface]
    assert gap.kind == "open"
    return pytest.mark.xfail(strict=True, reason=gap.reason)


# -- circuits and what they should give ------------------------------------------------------------


def one_wire(x, w):
    """f = cos w₀ cos w₁ cos x − sin w₀ sin w₁, frequencies 0 and 1."""
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


def one_wire_jacobian(w) -> np.ndarray:
    """Rows c₀, √2 Re c₁, √2 Im c₁ of :func:`one_wire`, by hand."""
    (s0, s1), (c0, c1) = np.sin(w), np.cos(w)
    half = math.sqrt(2) / 2
    return np.array([[-c0 * s1, -s0 * c1], [-half * s0 * c1, -half * c0 * s1], [0.0, 0.0]])


def jacobian_by_differences(function, weights, degree: int = 1, step: float = 1e-5) -> np.ndarray:
    """``(2·degree + 1, *shape)`` by FFT of function values and central differences; knows no gates.

    Args:
        function: ``(x, w) → number``.
        weights: where.
        degree: largest frequency.
        step: of the differences; errors are of order ``step²``.
    """
    weights = np.asarray(weights, float)
    n = 2 * degree + 1
    grid = 2 * np.pi * np.arange(n) / n

    def rows(w):
        c = np.fft.fft([float(function(x, w)) for x in grid]) / n
        both = np.stack([c[1 : degree + 1].real, c[1 : degree + 1].imag], axis=1).ravel()
        return np.concatenate([[c[0].real], math.sqrt(2) * both])

    out = np.empty((n, weights.size))
    for k, unit in enumerate(np.eye(weights.size)):
        move = step * unit.reshape(weights.shape)
        out[:, k] = (rows(weights + move) - rows(weights - move)) / (2 * step)
    return out.reshape(n, *weights.shape)


def shot_error(points: int, shots: int) -> float:
    """The largest standard error an entry can have with one two-term shift rule per angle.

    An entry is ``Σ_g T_g ½(m₊ − m₋)`` with ``Σ_g T_g² = 1/points`` in every row, and a mean of
    outcomes ±1 has variance at most ``1/shots``.
    """
    return math.sqrt(1 / (2 * points * shots))


def to_numpy(value) -> np.ndarray:
    """The numbers of a result, whatever the interface."""
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


# -- interfaces ------------------------------------------------------------------------------------

INTERFACES = [
    pytest.param("numpy", id="numpy"),
    pytest.param("autograd", id="autograd"),
    pytest.param("jax", id="jax", marks=pytest.mark.interfaces("jax")),
    pytest.param("torch", id="torch", marks=pytest.mark.interfaces("torch")),
]


def weights_of(interface: str, values):
    """Trainable weights as a user of the interface writes them."""
    if interface == "autograd":
        return qml.numpy.array(values, requires_grad=True)
    if interface == "jax":
        import jax.numpy as jnp

        return jnp.asarray(values)
    if interface == "torch":
        import torch

        return torch.tensor(values, dtype=torch.float64, requires_grad=True)
    return np.array(values)


def package_of(value) -> str:
    """``"numpy"``, ``"jax"`` or ``"torch"``: whose array it is."""
    return {"autograd": "numpy"}.get(name := qml.math.get_interface(value), name)


@contextlib.contextmanager
def double_precision():
    """JAX with 64 bits inside, as before outside."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


# -- devices ---------------------------------------------------------------------------------------


def count_executions(device) -> list[int]:
    """A list that notes how many circuits each execution of the device got.

    Qiskit devices are executed by a wrapper, which tells the device's tracker; of any other device
    ``execute`` is replaced.
    """
    sizes: list[int] = []
    if device.name.startswith("qiskit.") or hasattr(device, "compile_backend"):

        def note(totals, history, latest):
            if "batch_len" in latest:
                sizes.append(latest["batch_len"])

        qml.Tracker(device, callback=note, persistent=True).__enter__()
        return sizes
    original = device.execute

    def execute(circuits, *args, **kwargs):
        sizes.append(1 if isinstance(circuits, qml.tape.QuantumScript) else len(circuits))
        return original(circuits, *args, **kwargs)

    device.execute = execute
    return sizes

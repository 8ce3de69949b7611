"""What an interface adds to ``J``, and what training towards a better-conditioned ``J`` brings.

    python docs/benchmarks/interfaces.py              # value and gradient through J, by interface
    python docs/benchmarks/interfaces.py conditioning # training with and without the objective

Ratios are against NumPy in the same run; NumPy has no gradients, so those are compared with the
value of ``J``. The first call of a JAX function includes its compilation and is printed as well.
Rows for a GPU appear where JAX or Torch sees one.
"""

from __future__ import annotations

import sys
import time

import fresh  # noqa: F401 (before NumPy: it sets one thread)
import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

import pennylane_trainability as pt


def model_of(wires: int, layers: int):
    """A re-uploading model of ``wires × layers``, its ``J``, and generic weights."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def model(x, w):
        pt.DataReuploading(x, w, wires=range(wires))
        return qml.expval(qml.Z(wires - 1))

    shape = pt.DataReuploading.shape(n_layers=layers, n_wires=wires)
    return model, pt.coefficient_jacobian(model, "x"), np.random.default_rng(0).uniform(0, 6, shape)


def volume(jacobian, w):
    """``log det(1 + JᵀJ)``, with a gradient everywhere."""
    matrix = jacobian(0.0, w)
    matrix = qml.math.reshape(matrix, (matrix.shape[0], -1))
    one = qml.math.asarray(np.eye(matrix.shape[0]), like=qml.math.get_deep_interface(matrix))
    return qml.math.linalg.slogdet(one + matrix @ qml.math.transpose(matrix))[1]


def timed(call, repeats: int = 20) -> tuple[float, float]:
    """Seconds of the first call and of the best of the others."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times[0], min(times[1:])


def ways(jacobian, weights):
    """Name → (value of J, gradient of an objective of J or ``None``) by interface and place."""
    yield "NumPy", (lambda: jacobian(0.0, weights)), None
    own = pnp.array(weights, requires_grad=True)
    slope = qml.grad(lambda w: volume(jacobian, w))
    yield "autograd", (lambda: jacobian(0.0, own)), (lambda: slope(own))
    try:
        yield from _jax(jacobian, weights)
    except ModuleNotFoundError:
        print("JAX: not measured, not installed")
    try:
        yield from _torch(jacobian, weights)
    except ModuleNotFoundError:
        print("Torch: not measured, not installed")


def _jax(jacobian, weights):
    import jax

    jax.config.update("jax_enable_x64", True)
    places = {device.platform: device for device in jax.devices()}
    if set(places) == {"cpu"}:
        print("JAX on a GPU: not measured, JAX sees none")
    for platform, place in {"cpu": jax.devices("cpu")[0], **places}.items():
        w = jax.device_put(jax.numpy.asarray(weights), place)
        value = jax.jit(lambda w: jacobian(0.0, w))
        slope = jax.jit(jax.grad(lambda w: volume(jacobian, w)))
        yield (
            f"jax.jit, {platform}",
            lambda value=value, w=w: value(w).block_until_ready(),
            lambda slope=slope, w=w: slope(w).block_until_ready(),
        )


def _torch(jacobian, weights):
    import torch

    if not torch.cuda.is_available():
        print("Torch on a GPU: not measured, Torch sees none")
    for place in ["cpu", "cuda"][: 1 + torch.cuda.is_available()]:
        w = torch.tensor(weights, device=place, requires_grad=True)
        yield (
            f"Torch, {place}",
            lambda w=w: jacobian(0.0, w).cpu(),
            lambda w=w: torch.autograd.grad(volume(jacobian, w), w)[0].cpu(),
        )


def speed() -> None:
    """Print value and gradient of ``J`` for every interface at two sizes."""
    for wires, layers in ((2, 2), (4, 3)):
        _, jacobian, weights = model_of(wires, layers)
        print(f"\n{wires} wires, {layers} layers, {weights.size} parameters")
        print(f"{'':<14}{'first':>10}{'J':>10}{'ratio':>7}{'gradient':>10}{'ratio':>7}")
        base = None
        for name, value, slope in ways(jacobian, weights):
            first, best = timed(value)
            base = base or best
            line = f"{name:<14}{first * 1e3:>8.1f}ms{best * 1e3:>8.1f}ms{best / base:>7.1f}"
            if slope is not None:
                _, best = timed(slope)
                line += f"{best * 1e3:>8.1f}ms{best / base:>7.1f}"
            print(line)


# -- conditioning ----------------------------------------------------------------------------------

STARTS, PRE, MOST = 10, 30, 600


def log_condition(jacobian, w):
    """``log σ_max/σ_min`` of ``J``."""
    matrix = jacobian(0.0, w)
    matrix = qml.math.reshape(matrix, (matrix.shape[0], -1))
    values = qml.math.linalg.eigh(matrix @ qml.math.transpose(matrix))[0]
    return (qml.math.log(values[-1]) - qml.math.log(values[0])) / 2


def descend(model, x, y, w, rate: float = 0.5) -> float:
    """Steps of plain gradient descent until 99 % of the variance is explained, or NaN."""
    point, shape = np.ravel(w).copy(), np.shape(w)
    look = pt.data_jacobian(model, x, "x")
    for step in range(MOST):
        found = look(0.0, point.reshape(shape))
        rest = found.outputs[:, 0] - y
        if np.mean(rest**2) < 0.01 * np.var(y):
            return step
        point -= rate * 2 * found.jacobian[:, 0].T @ rest / len(x)
    return np.nan


def fitted(model, x, y, w, method: str, **options) -> float:
    """Steps of :func:`pennylane_trainability.fit` from one start until the same, or NaN."""
    ask = pt.fit(
        *(model, x, y, "x"),
        **{"seed": 1, "restarts": 1, "readout": "none", "threshold": 0.99, "method": method},
        **options,
    )
    return ask(0.0, np.asarray(w)).starts.steps_to_threshold[0]


def conditioning() -> None:
    """Print condition numbers and steps from starts as drawn and from conditioned ones."""
    model, jacobian, weights = model_of(2, 1)
    x = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    table = []
    for seed in range(STARTS):
        rng = np.random.default_rng(seed)
        k, c = np.arange(1, 3), rng.normal(size=(2, 2))
        y = c[0] @ np.cos(np.outer(k, x)) + c[1] @ np.sin(np.outer(k, x))
        y *= 0.4 / np.abs(y).max()
        drawn = pnp.array(rng.uniform(0, 2 * np.pi, weights.shape), requires_grad=True)
        better, optimizer = drawn, qml.AdamOptimizer(0.1)
        for _ in range(PRE):
            better = optimizer.step(lambda w: log_condition(jacobian, w), better)
        for start in (drawn, better):
            table.append(
                [
                    float(np.exp(log_condition(jacobian, start))),
                    descend(model, x, y, start),
                    fitted(model, x, y, start, "adam", learning_rate=0.02),
                    fitted(model, x, y, start, "levenberg-marquardt"),
                ]
            )
    found = np.array(table).reshape(STARTS, 2, 4)
    names = ["condition number", "gradient descent", "Adam", "Levenberg–Marquardt"]
    print(f"{'medians':<22}{'as drawn':>12}{'conditioned':>13}{'not done':>12}")
    for column, name in enumerate(names):
        part = found[..., column]
        drawn, better = np.nanmedian(part, axis=0)
        missed = " and ".join(map(str, np.isnan(part).sum(axis=0)))
        print(f"{name:<22}{drawn:>12.1f}{better:>13.1f}{missed:>12}")


if __name__ == "__main__":
    conditioning() if "conditioning" in sys.argv[1:] else speed()

"""Fits from many starts: this package beside a loop of single fits, and beside PennyLane.

``python docs/benchmarks/fitting.py`` fits the circuit of shape (2, 3), P = 24, to a series of
degree 6 on 40 points, from 20 starts, with Adam's steps and with those of Levenberg and Marquardt.
Each method runs in a fresh process; a step of one start is one value and one gradient. "First" is
the rate of the first call after imports, reading and compiling included, "again" the best of two
more. The loss is that of the first start after the last step, so that it can be seen that
all methods do the same.
"""

# ruff: noqa: E402 (the variables below must be set before NumPy is loaded)
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np

WIRES, LAYERS, POINTS, STARTS = 2, 3, 40, 20
RATE = 0.01
X = 2 * np.pi * np.arange(POINTS) / POINTS
#: Method → what it is.
METHODS = {
    "batched": "this package, 20 starts together",
    "loop": "this package, one start after the other",
    "workers": "this package, two processes of 10 starts",
    "autograd": "default.qubit, autograd, qml.AdamOptimizer",
    "lightning": "lightning.qubit, adjoint, qml.AdamOptimizer",
    "jax": "default.qubit, jax.jit, vmap over starts",
    "batched-lm": "this package, Levenberg-Marquardt, 20 starts",
    "loop-lm": "this package, Levenberg-Marquardt, one by one",
}


def targets() -> np.ndarray:
    """A series of degree 6 within ±0.4."""
    rng = np.random.default_rng(5)
    waves = [np.cos(k * X + phase) for k, phase in enumerate(rng.uniform(0, 2 * np.pi, 7))]
    y = rng.normal(size=7) @ np.array(waves)
    return 0.4 * y / np.max(np.abs(y))


def qnode_of(device: str, **options):
    """Rot on every wire and CNOTs, RX encoding, Z on the last wire."""
    import pennylane as qml

    @qml.qnode(qml.device(device, wires=WIRES), **options)
    def model(x, w):
        for layer in range(LAYERS + 1):
            for wire in range(WIRES):
                angles = (w[layer, wire, k] for k in range(3))
                qml.Rot(*angles, wires=wire)
            qml.CNOT([0, 1])
            if layer < LAYERS:
                for wire in range(WIRES):
                    qml.RX(x, wires=wire)
        return qml.expval(qml.Z(WIRES - 1))

    return model


def given_start() -> np.ndarray:
    """Where the first start begins."""
    return np.random.default_rng(1).uniform(0, 2 * np.pi, (LAYERS + 1, WIRES, 3))


def run_package(method: str, steps: int, workers=None) -> tuple[int, float]:
    """Steps of all starts, and the loss of the first."""
    import pennylane_trainability as pt

    name = "levenberg-marquardt" if method.endswith("lm") else "adam"
    options = {"method": name, "max_steps": steps, "learning_rate": RATE, "readout": "none"}
    qnode, w = qnode_of("default.qubit"), given_start()
    if method.startswith("loop"):
        fits = [
            pt.fit(qnode, X, targets(), "x", seed=k, restarts=1, **options)(0.0, start)
            for k, start in enumerate([w, *np.random.default_rng(2).uniform(0, 6, (19, *w.shape))])
        ]
    else:
        block = 10 if workers else STARTS
        run = pt.fit(
            *(qnode, X, targets(), "x"),
            seed=0,
            restarts=STARTS,
            block=block,
            workers=workers,
            **options,
        )
        fits = [run(0.0, w)]
    return sum(int(f.steps.sum()) for f in fits), float(fits[0].starts.traces[0][-1])


def run_pennylane(method: str, steps: int) -> tuple[int, float]:
    """One start: the rate of a loop over starts is that of one."""
    import pennylane as qml
    from pennylane import numpy as pnp

    lightning = method == "lightning"
    qnode = (
        qnode_of("lightning.qubit", diff_method="adjoint")
        if lightning
        else qnode_of("default.qubit", diff_method="backprop")
    )
    x, y = pnp.array(X, requires_grad=False), pnp.array(targets(), requires_grad=False)

    def cost(w):
        return pnp.mean((qnode(x, w) - y) ** 2)

    optimizer = qml.AdamOptimizer(RATE, beta1=0.9, beta2=0.999, eps=1e-8)
    w = pnp.array(given_start(), requires_grad=True)
    for _ in range(steps):
        w = optimizer.step(cost, w)
    return steps, float(cost(w))


def jax_runner():
    """All starts in one compiled loop."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    qnode = qnode_of("default.qubit", diff_method="backprop", interface="jax")
    x, y = jnp.array(X), jnp.array(targets())

    def cost(w):
        return jnp.mean((qnode(x, w) - y) ** 2)

    slopes, costs = jax.vmap(jax.grad(cost)), jax.jit(jax.vmap(cost))

    @jax.jit
    def step(w, m, v, t):
        g = slopes(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - RATE * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return w, m, v

    def run(steps: int) -> tuple[int, float]:
        rest = np.random.default_rng(2).uniform(0, 6, (19, *given_start().shape))
        w = jnp.array([given_start(), *rest])
        m, v = jnp.zeros_like(w), jnp.zeros_like(w)
        for t in range(1, steps + 1):
            w, m, v = step(w, m, v, float(t))
        return steps * STARTS, float(costs(w)[0])

    return run


def measure(method: str, steps: int, repeats: int) -> dict:
    """Rates in steps of a start per second, and the loss of the first start."""
    warnings.simplefilter("ignore")
    if method == "workers":
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            return timed(lambda: run_package(method, steps, pool), repeats)
    if method == "jax":
        run = jax_runner()
        return timed(lambda: run(steps), repeats)
    if method in ("autograd", "lightning"):
        return timed(lambda: run_pennylane(method, steps), repeats)
    return timed(lambda: run_package(method, steps), repeats)


def timed(run, repeats: int) -> dict:
    """The first call and the best of the others."""
    import pennylane  # noqa: F401 - imports are not measured

    import pennylane_trainability.fitting  # noqa: F401

    rates = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        count, loss = run()
        rates.append(count / (time.perf_counter() - start))
    return {"first": rates[0], "again": max(rates[1:], default=rates[0]), "loss": loss}


def main() -> None:
    """Measure every method in a process of its own, or one of them here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    if options.method:
        print(json.dumps(measure(options.method, options.steps, options.repeats)))
        return
    print(f"{'start-steps per second':48}{'first':>9}{'again':>9}{'ratio':>8}  loss of start 1")
    base = None
    for method, title in METHODS.items():
        command = [sys.executable, __file__, "--method", method]
        command += ["--steps", str(options.steps), "--repeats", str(options.repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{title:48}not measured: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(done.stdout)
        base = base or found["again"]
        rates = f"{found['first']:9.0f}{found['again']:9.0f}{base / found['again']:8.2f}"
        print(f"{title:48}{rates}  {found['loss']:.10f}", flush=True)


if __name__ == "__main__":
    main()

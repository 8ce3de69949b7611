"""Variances of losses and of all derivatives: time to a given relative error, and how far it goes.

Every method stops by the same rule: the relative standard error of the variance (of every single
one, for derivatives) is at most ``--rtol``. Paths have a binomial error, draws that of a sample
variance, from its fourth moment. Cold is the first call after imports, reading the QNode and
compiling included, cpu its processor time, warm the best of further calls; ratios are those of
cold and of warm times to the first row.

``--module`` times exact variances on modules of about 2,000 words and more, ``--large`` 10,000
Pauli paths with all derivatives on circuits that nothing else here can simulate. ``--quick`` runs
small cases once.

``--cold`` times one call in each fresh process and nothing else, so that all its ratios are cold to
cold. Every process is bound to one core, so that its processor time is what the call takes on a
core of its own. Sampling that is not going to be done within ``--limit`` seconds of processor time
stops after the last doubling within it; its row says how long it took until then, which is a bound
from below, and what follows if all further draws take as long as the last ones did: a time that is
extrapolated, not measured. How many draws that is follows from the fourth moment of the largest
sample of the case.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable

import numpy as np
from fresh import Timing, in_fresh_processes, timed

#: Name → wires, layers; the loss is Z on the wire in the middle.
CASES = {
    "n = 6, 10 layers": (6, 10),
    "n = 10, 10 layers": (10, 10),
    "n = 14, 10 layers": (14, 10),
    "n = 6, 30 layers": (6, 30),
    "n = 8, 40 layers": (8, 40),
    "n = 20, 10 layers": (20, 10),
}
QUICK = {"n = 4, 4 layers": (4, 4)}
LARGE = {"n = 100, 2,000 parameters": (100, 10), "n = 400, 8,000 parameters": (400, 10)}
#: Name → wires, layers of the Ising chain, wires on which Z is measured.
MODULES = {
    "n = 32, 1,008 parameters": (32, 16, 1),
    "n = 64, 4,064 parameters": (64, 32, 1),
    "n = 8, 120 parameters": (8, 8, 3),
}
#: Wires and layers of QAOA on a ring: sums of words.
SUMS = {"QAOA, n = 6, 16 parameters": (6, 8), "QAOA, n = 10, 16 parameters": (10, 8)}
BATCH = 100
MOST = 200_000
#: Paths stop at the error, not at a number of them.
MOST_PATHS = 1 << 26


def function(n: int, layers: int, observable=None):
    """RX and RY on every wire, bricks of CZ; Z on the wire in the middle unless said otherwise."""
    import pennylane as qml

    def circuit(weights):
        for layer in range(layers):
            for wire in range(n):
                qml.RX(weights[layer, wire, 0], wire)
                qml.RY(weights[layer, wire, 1], wire)
            for wire in range(layer % 2, n - 1, 2):
                qml.CZ([wire, wire + 1])
        return qml.expval(qml.Z(n // 2) if observable is None else observable)

    return circuit


def relative(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Sample variances and the largest of their relative errors; what is zero does not count."""
    count = len(samples)
    centred = samples - samples.mean(axis=0)
    variance = (centred**2).sum(axis=0) / (count - 1)
    fourth = (centred**4).mean(axis=0)
    alive = variance > 1e-26
    spread = fourth - variance**2 * (count - 3) / (count - 1)
    error = np.sqrt(np.maximum(spread, 0) / count)
    return variance, float(np.max(np.where(alive, error / np.where(alive, variance, 1.0), 0.0)))


def until(draw: Callable, shape: tuple, rtol: float, limit: float = math.inf) -> dict:
    """Draw until the error is small enough, with the package's own schedule of doubling.

    No doubling is begun that would not be done within ``limit`` seconds of processor time; the
    first is begun in any case: first draws compile and do not tell how long further ones take.
    """
    rng, began = np.random.default_rng(1), time.process_time()
    samples = draw(rng.uniform(0, 2 * np.pi, (2 * BATCH, *shape)))
    variance, error = relative(samples)
    each = (time.process_time() - began) / len(samples)
    while error > rtol and len(samples) < MOST:
        started, count = time.process_time(), len(samples)
        if count > 2 * BATCH and started - began + each * count > limit:
            break
        more = draw(rng.uniform(0, 2 * np.pi, (count, *shape)))
        each = (time.process_time() - started) / count
        samples = np.concatenate([samples, more])
        variance, error = relative(samples)
    found = {"value": float(np.mean(variance)), "error": error, "samples": len(samples)}
    return found | {"each": each}


def ours(method: str):
    def make(n, layers, gradient, rtol, limit):
        import pennylane as qml

        import pennylane_trainability as pt

        ask = pt.gradient_variances if gradient else pt.loss_variance
        qnode = qml.QNode(function(n, layers), qml.device("default.qubit", wires=n))
        weights = np.zeros((layers, n, 2))

        def call():
            found = ask(qnode, method=method, seed=1, rtol=rtol, n_paths=MOST_PATHS)(weights)
            if gradient:
                alive = found.variances > 0
                error = np.max(found.stderrs[alive] / found.variances[alive])
                value = float(np.mean(found.variances))
            else:
                error, value = found.variance.stderr / found.variance.value, found.variance.value
            samples = found.provenance.n_samples
            return {"value": value, "error": float(error), "samples": samples}

        return call

    return make


def broadcasting(n, layers, gradient, rtol, limit):
    """default.qubit, draws in one broadcasted call (``qml.jacobian`` has no such call)."""
    import pennylane as qml

    if gradient:
        raise NotImplementedError("broadcasted derivatives are those of a sum")
    qnode = qml.QNode(function(n, layers), qml.device("default.qubit", wires=n))

    def draw(weights):
        parts = [weights[k : k + BATCH] for k in range(0, len(weights), BATCH)]
        return np.concatenate([qnode(np.moveaxis(part, 0, -1)) for part in parts])

    return lambda: until(draw, (layers, n, 2), rtol, limit)


def lightning(n, layers, gradient, rtol, limit):
    """lightning.qubit, draw by draw; its adjoint method for derivatives."""
    import pennylane as qml
    from pennylane import numpy as pnp

    device = qml.device("lightning.qubit", wires=n)
    qnode = qml.QNode(function(n, layers), device, diff_method="adjoint")
    slope = qml.grad(qnode)

    def draw(weights):
        one = slope if gradient else qnode
        tensors = (pnp.array(w, requires_grad=gradient) for w in weights)
        return np.array([np.ravel(one(w)) for w in tensors]).squeeze()

    return lambda: until(draw, (layers, n, 2), rtol, limit)


def jax_vmap(n, layers, gradient, rtol, limit):
    """``jax.jit(jax.vmap(…))`` of the QNode or its gradient, backpropagation."""
    import jax
    import pennylane as qml

    jax.config.update("jax_enable_x64", True)
    qnode = qml.QNode(function(n, layers), qml.device("default.qubit", wires=n))

    many = jax.jit(jax.vmap(jax.grad(qnode) if gradient else qnode))

    def draw(weights):
        parts = [weights[k : k + BATCH] for k in range(0, len(weights), BATCH)]
        found = [np.asarray(many(part)) for part in parts]
        return np.concatenate(found).reshape(len(weights), -1).squeeze()

    return lambda: until(draw, (layers, n, 2), rtol, limit)


def essentials(n, layers, gradient, rtol, limit):
    """qml-essentials: its ``loss_variance`` on the same circuit, two layers at a time."""
    import jax
    from qml_essentials.gates import Gates
    from qml_essentials.trainability import loss_variance

    if gradient:
        raise NotImplementedError("it has the variance of the loss only")

    def layer(params, wires):
        for parity in range(2):
            for wire in range(wires):
                Gates.RX(params[parity * 2 * wires + 2 * wire], wires=wire)
                Gates.RY(params[parity * 2 * wires + 2 * wire + 1], wires=wire)
            for wire in range(parity, wires - 1, 2):
                Gates.CZ(wires=[wire, wire + 1])

    def call():
        keys = iter(jax.random.split(jax.random.PRNGKey(1), 64))

        def draw(weights):  # it draws itself
            count, half = len(weights), layers // 2
            found = loss_variance(layer, 4 * n, np.zeros(n), half, count, next(keys))
            return np.asarray(found[1])

        return until(draw, (1,), rtol, limit)

    return call


METHODS = {
    "this package, auto": ours("auto"),
    "this package, module": ours("module"),
    "this package, paths": ours("paths"),
    "this package, draws": ours("sample"),
    "default.qubit, broadcasting": broadcasting,
    "lightning.qubit, draw by draw": lightning,
    "jax.jit(jax.vmap), default.qubit": jax_vmap,
}
#: Methods that run with the Python given as ``--peer-python``.
PEERS = {"qml-essentials, loss_variance": essentials}


def child(method, n, layers, gradient, rtol, repeats, limit) -> None:
    if limit < math.inf and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {os.getpid() % os.cpu_count()})
    call = (METHODS | PEERS)[method](n, layers, gradient, rtol, limit)
    found, times = timed(call, repeats)
    print(json.dumps(times | found))


def python_of(method: str, options) -> str:
    return options.peer_python if method in PEERS and options.peer_python else sys.executable


def wanted(options) -> list[str]:
    """The first method, to which all are compared, and those that are asked for."""
    first, *others = METHODS | (PEERS if options.peer_python and not options.gradient else {})
    starts = tuple(options.method or [""])
    return [first, *[name for name in others if name.startswith(starts)]]


def compare(cases: dict, gradient: bool, options) -> None:
    """Cold and warm times to the same relative error, and ratios to the first method."""
    what = "all derivatives" if gradient else "the loss"
    for name, (n, layers) in cases.items():
        print(f"\nvariance of {what}, relative error {options.rtol:g}: {name}")
        print(f"{'':34s}{'cold':>10s}{'warm':>10s}{'cold ratio':>12s}{'warm ratio':>12s}{'cpu':>9s}"
              f"{'samples':>9s}{'error':>7s}{'mean variance':>15s}")  # fmt: skip
        reference = None
        for method in wanted(options):
            arguments = [method, n, layers, int(gradient), options.rtol, 3, math.inf]
            found = in_fresh_processes(
                __file__, arguments, options.tries, options.timeout, python_of(method, options)
            )
            if isinstance(found, str):
                slow = " for cold and warm calls together" if found.startswith("more than") else ""
                print(f"{method:34s}not measured: {found}{slow}", flush=True)
                continue
            reference = reference or found
            last = found.last
            print(
                f"{method:34s}{found.cold:9.2f}s{found.warm:9.2f}s"
                f"{found.cold / reference.cold:12.1f}{found.warm / reference.warm:12.1f}"
                f"{found.cpu:8.2f}s{last['samples']:9,d}{last['error']:7.3f}{last['value']:15.6f}",
                flush=True,
            )


def compare_cold(cases: dict, gradient: bool, options) -> None:
    """One cold call of every method to the same relative error, done or not done."""
    what = "all derivatives" if gradient else "the loss"
    for name, (n, layers) in cases.items():
        print(f"\nvariance of {what}, relative error {options.rtol:g}, cold calls alone: {name}")
        rows: dict[str, Timing | str] = {}
        for method in wanted(options):
            arguments = [method, n, layers, int(gradient), options.rtol, 0, options.limit]
            rows[method] = in_fresh_processes(
                __file__, arguments, options.tries, options.timeout, python_of(method, options)
            )
        print_cold(rows, options)


def print_cold(rows: dict, options) -> None:
    """Ratios of cold calls to the first row, and bounds where a call was not done."""
    timings = {name: row for name, row in rows.items() if isinstance(row, Timing)}
    reference = next(iter(timings.values()))
    sampled = [row.last for row in timings.values() if "each" in row.last]
    largest = max(sampled, key=lambda last: last["samples"])
    needed = largest["samples"] * (largest["error"] / options.rtol) ** 2
    print(f"{'':34s}{'cold':>11s}{'ratio':>8s}{'cpu':>11s}{'ratio':>8s}{'samples':>11s}"
          f"{'error':>7s}{'mean variance':>15s}")  # fmt: skip
    for name, row in rows.items():
        if isinstance(row, str):
            bound = ""
            if row.startswith("more than"):
                bound = f", cold, with imports: ratio above {options.timeout / reference.cold:,.0f}"
            print(f"{name:34s}not done: {row}{bound}", flush=True)
            continue
        last, done = row.last, row.last["error"] <= options.rtol
        sign = " " if done else ">"
        print(f"{name:34s}{sign}{row.cold:9.3f}s{row.cold / reference.cold:8.1f}"
              f"{sign}{row.cpu:9.3f}s{row.cpu / reference.cpu:8.1f}{last['samples']:11,d}"
              f"{last['error']:7.3f}{last['value']:15.6f}", flush=True)  # fmt: skip
        if not done and "each" in last:
            time_of_all = row.cpu + last["each"] * max(0.0, needed - last["samples"])
            ratio = time_of_all / reference.cpu
            print(f"{'':6s}not done; extrapolated to {needed:,.0f} samples: "
                  f"cpu {time_of_all:,.0f} s, ratio {ratio:,.0f}")  # fmt: skip


def large(cases: dict, tries: int) -> None:
    """10,000 paths, all derivatives."""
    print("\n10,000 Pauli paths, all derivatives; the loss is the sum of ZZ over neighbours")
    print(f"{'':34s}{'cold':>10s}{'warm':>10s}{'cpu':>10s}{'peak MiB':>10s}")
    for name, (n, layers) in cases.items():
        found = in_fresh_processes(__file__, ["large", n, layers, 0, 0, 3, 0], tries)
        if isinstance(found, str):
            print(f"{name:34s}not measured: {found}")
            continue
        print(f"{name:34s}{found.cold:9.2f}s{found.warm:9.2f}s{found.cpu:9.2f}s{found.peak:10.0f}")


def large_child(n: int, layers: int, repeats: int) -> None:
    import pennylane as qml

    import pennylane_trainability as pt

    observable = qml.sum(*[qml.Z(k) @ qml.Z(k + 1) for k in range(n - 1)])
    qnode = qml.QNode(function(n, layers, observable), qml.device("default.qubit", wires=n))
    weights = np.zeros((layers, n, 2))
    found, times = timed(lambda: pt.gradient_variances(qnode, seed=1)(weights), repeats)
    print(json.dumps(times | {"samples": found.provenance.n_samples}))


def chain(n: int, layers: int, measured: int):
    """RZ on every wire, XX on every bond; the product of Z on some wires."""
    import pennylane as qml

    def circuit(weights):
        for layer in weights:
            for wire in range(n):
                qml.RZ(layer[wire], wire)
            for wire in range(n - 1):
                qml.IsingXX(layer[n + wire], [wire, wire + 1])
        spread = [n // 2] if measured == 1 else range(0, 2 * measured, 2)
        return qml.expval(qml.prod(*[qml.Z(k) for k in spread]))

    return circuit, (np.zeros((layers, 2 * n - 1)),)


def ring(n: int, layers: int):
    """QAOA, one angle for every layer; ZZ on one bond."""
    import pennylane as qml

    def circuit(gamma, beta):
        for wire in range(n):
            qml.Hadamard(wire)
        for layer in range(layers):
            for wire in range(n):
                qml.IsingZZ(gamma[layer], [wire, (wire + 1) % n])
            for wire in range(n):
                qml.RX(beta[layer], wire)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit, (np.zeros(layers), np.zeros(layers))


def modules(tries: int) -> None:
    """Exact variances, at the circuit's own depth and in the limit."""
    print("\nexact variances of all derivatives, on the module of the observable")
    print(f"{'':34s}{'size':>8s}{'cold':>10s}{'warm':>10s}{'cpu':>10s}{'peak MiB':>10s}")
    for name, (n, layers, measured) in {
        k: (*v, 0)[:3] for k, v in (MODULES | SUMS).items()
    }.items():
        found = in_fresh_processes(__file__, ["module", n, layers, measured, 0, 3, 0], tries)
        if isinstance(found, str):
            print(f"{name:34s}not measured: {found}")
            continue
        print(f"{name:34s}{found.last['size']:8,d}{found.cold:9.2f}s{found.warm:9.2f}s"
              f"{found.cpu:9.2f}s{found.peak:10.0f}")  # fmt: skip


def module_child(n: int, layers: int, measured: int, repeats: int) -> None:
    import pennylane as qml

    import pennylane_trainability as pt

    function, args = chain(n, layers, measured) if measured else ring(n, layers)
    qnode = qml.QNode(function, qml.device("default.qubit", wires=n))
    ask = pt.gradient_variances(qnode, list(range(len(args))), method="module")
    found, times = timed(lambda: ask(*args), repeats)
    size = next(line for line in found.assumptions if "module" in line)
    print(json.dumps(times | {"size": int("".join(filter(str.isdigit, size)))}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=7)
    parser.add_argument("--rtol", type=float, default=0.05)
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one process")
    parser.add_argument("--gradient", action="store_true", help="all derivatives, not the loss")
    parser.add_argument("--module", action="store_true", help="exact variances on large modules")
    parser.add_argument("--large", action="store_true", help="many wires, paths only")
    parser.add_argument("--quick", action="store_true", help="a small case, once")
    parser.add_argument("--cold", action="store_true", help="one call in each process, not more")
    parser.add_argument(
        "--limit", type=float, default=60.0, help="seconds of draws (cpu), with --cold"
    )
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--method", action="append", help="only rows whose names begin like this")
    parser.add_argument("--peer-python", help="an interpreter that has qml-essentials")
    options = parser.parse_args()
    if options.child:
        method, n, layers, gradient, rtol, repeats, limit = options.child
        if method == "large":
            large_child(int(n), int(layers), int(repeats))
        elif method == "module":
            module_child(int(n), int(layers), int(gradient), int(repeats))
        else:
            numbers = int(n), int(layers), bool(int(gradient)), float(rtol), int(repeats)
            child(method, *numbers, float(limit))
    elif options.module:
        modules(options.tries)
    elif options.large:
        large({"n = 10, 40 parameters": (10, 2)} if options.quick else LARGE, options.tries)
    else:
        cases = QUICK if options.quick else {name: CASES[name] for name in options.case or CASES}
        options.tries = 1 if options.quick else options.tries
        (compare_cold if options.cold else compare)(cases, options.gradient, options)


if __name__ == "__main__":
    main()

"""Coefficient Jacobian: this package beside PennyLane and its peers, each in a fresh process.

``python docs/benchmarks/coefficient_jacobian.py`` runs the comparison; ``--growth`` shows how our
cost grows with N, L and P. "Cold" is the first call after imports, reading the QNode included;
"warm" is the best of the following calls. Ratios are against our own time in the same run.
"""

from __future__ import annotations

import argparse
import json

import fresh  # before NumPy: it sets one thread
import numpy as np

CASES = {
    "rot-ring": (6, 3),
    "strongly-entangling": (14, 1),
    "hard-to-fuse": (14, 1),
}


def circuit_of(case: str, n: int, layers: int):
    """The quantum function of a case and its weights."""
    import pennylane as qml

    rng = np.random.default_rng(1)

    def rot_ring(x, weights):
        for layer in range(layers + 1):
            for w in range(n):
                qml.Rot(weights[layer, w, 0], weights[layer, w, 1], weights[layer, w, 2], wires=w)
            for w in range(n):
                qml.CNOT(wires=[w, (w + 1) % n])
            if layer < layers:
                for w in range(n):
                    qml.RX(x, wires=w)
        return qml.expval(qml.Z(n - 1))

    def strongly_entangling(x, weights):
        for layer in range(layers + 1):
            qml.StronglyEntanglingLayers(weights[layer : layer + 1], wires=range(n))
            if layer < layers:
                for w in range(n):
                    qml.RX(x, wires=w)
        return qml.expval(qml.Z(n - 1))

    def hard(x, weights):
        for layer in range(layers + 1):
            for w in range(n):
                qml.RY(weights[layer, w, 0], wires=w)
                qml.RZ(weights[layer, w, 1], wires=w)
            for w in range(n):
                qml.CRX(weights[layer, w, 2], wires=[w, (w + 1) % n])
            if layer < layers:
                for w in range(n):
                    qml.RX(x, wires=w)
        return qml.expval(qml.Z(n - 1))

    functions = {
        "rot-ring": rot_ring,
        "strongly-entangling": strongly_entangling,
        "hard-to-fuse": hard,
    }
    return functions[case], rng.uniform(0, 2 * np.pi, (layers + 1, n, 3))


def grid(n: int, layers: int) -> np.ndarray:
    points = 2 * n * layers + 1
    return 2 * np.pi * np.arange(points) / points


def rows(gradients: np.ndarray) -> np.ndarray:
    """Point-by-point gradients ``(G, P)`` to the rows of the coefficient Jacobian."""
    c = np.fft.fft(gradients, axis=0) / len(gradients)
    half = c[1 : (len(c) + 1) // 2]
    out = np.empty((len(c), c.shape[1]))
    out[0], out[1::2], out[2::2] = c[0].real, np.sqrt(2) * half.real, np.sqrt(2) * half.imag
    return out


def ours(function, weights, xs):
    import pennylane as qml

    import pennylane_trainability  # noqa: F401 - imports are not timed

    qnode = qml.QNode(function, qml.device("default.qubit", wires=weights.shape[1]))

    def call():
        # wrapped anew every time: nothing is remembered between calls
        return qml.transforms.coefficient_jacobian(qnode, encoding_args="x")(0.0, weights)

    return call


def backprop_loop(function, weights, xs):
    import pennylane as qml
    from pennylane import numpy as pnp

    qnode = qml.QNode(
        function, qml.device("default.qubit", wires=weights.shape[1]), diff_method="backprop"
    )
    w = pnp.array(weights, requires_grad=True)
    return lambda: rows(np.array([qml.jacobian(qnode, argnums=1)(x, w).ravel() for x in xs]))


def backprop_broadcast(function, weights, xs):
    import pennylane as qml
    from pennylane import numpy as pnp

    qnode = qml.QNode(
        function, qml.device("default.qubit", wires=weights.shape[1]), diff_method="backprop"
    )
    w = pnp.array(weights, requires_grad=True)
    return lambda: rows(np.asarray(qml.jacobian(qnode, argnums=1)(xs, w)).reshape(len(xs), -1))


def lightning_loop(function, weights, xs):
    import pennylane as qml
    from pennylane import numpy as pnp

    qnode = qml.QNode(
        function, qml.device("lightning.qubit", wires=weights.shape[1]), diff_method="adjoint"
    )
    w = pnp.array(weights, requires_grad=True)
    return lambda: rows(np.array([qml.jacobian(qnode, argnums=1)(x, w).ravel() for x in xs]))


def _lightning_tapes(function, weights, xs):
    import pennylane as qml

    device = qml.device("lightning.qubit", wires=weights.shape[1])
    config = qml.devices.ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    config = device.setup_execution_config(config)
    tapes = [qml.tape.make_qscript(function)(float(x), weights) for x in xs]
    tapes, _ = device.preprocess_transforms(config)(tapes)
    for tape in tapes:
        # the input is the one plain float: trainable parameters only
        flat = tape.get_parameters(trainable_only=False)
        tape.trainable_params = [k for k, p in enumerate(flat) if type(p) is not float]
    return device, config, tapes


def lightning_batch(function, weights, xs):
    """All input points in one derivative call; reading, decomposing and preprocessing included."""

    def call():
        device, config, tapes = _lightning_tapes(function, weights, xs)
        return rows(np.array(device.compute_derivatives(tapes, config)).reshape(len(xs), -1))

    return call


def lightning_derivative_only(function, weights, xs):
    """The derivative call alone, on tapes that are ready."""
    device, config, tapes = _lightning_tapes(function, weights, xs)
    return lambda: rows(np.array(device.compute_derivatives(tapes, config)).reshape(len(xs), -1))


def jax_jit(function, weights, xs):
    import jax
    import pennylane as qml

    jax.config.update("jax_enable_x64", True)
    qnode = qml.QNode(function, qml.device("default.qubit", wires=weights.shape[1]))
    jitted = jax.jit(jax.jacfwd(lambda w: qnode(jax.numpy.asarray(xs), w)))
    w = jax.numpy.asarray(weights)
    return lambda: rows(np.asarray(jitted(w)).reshape(len(xs), -1))


def qml_essentials(function, weights, xs):
    """The nearest peer has no coefficient Jacobian; its spectrum of a model can be timed."""
    from qml_essentials.coefficients import Coefficients
    from qml_essentials.model import Model

    model = Model(
        n_qubits=weights.shape[1], n_layers=len(weights) - 1, circuit_type="Hardware_Efficient"
    )
    return lambda: np.asarray(Coefficients.get_spectrum(model)[0])


METHODS = {
    "this package": ours,
    "lightning, derivative call alone": lightning_derivative_only,
    "lightning, one batch": lightning_batch,
    "lightning, point by point": lightning_loop,
    "default.qubit backprop, broadcasting": backprop_broadcast,
    "default.qubit backprop, point by point": backprop_loop,
    "jax.jit(jacfwd), default.qubit": jax_jit,
    "qml-essentials (spectrum only)": qml_essentials,
}


def child(method: str, case: str, n: int, layers: int, repeats: int) -> None:
    """Time one method in this process and print one line of JSON."""
    import pennylane as qml

    function, weights = circuit_of(case, n, layers)
    call = METHODS[method](function, weights, grid(n, layers))
    qml.device("default.qubit", wires=1)
    value, times = fresh.timed(call, repeats)
    print(json.dumps({**times, "check": float(np.linalg.norm(value))}))


def run(method: str, case: str, n: int, layers: int, repeats: int = 5, tries: int = 3):
    """The best of several fresh processes; a string says why there is no figure."""
    return fresh.in_fresh_processes(__file__, [method, case, n, layers, repeats], tries)


def compare(case: str, tries: int) -> None:
    """One table: all methods on one circuit."""
    n, layers = CASES[case]
    slow = n > 10
    print(
        f"\n{case}: N={n}, L={layers}, P={3 * n * (layers + 1)}, {2 * n * layers + 1} input points"
    )
    print(
        f"{'':42s}{'cold':>10s}{'warm':>10s}{'cold ratio':>12s}{'warm ratio':>12s}"
        f"{'peak MiB':>10s}  norm of J"
    )
    reference = None
    for method in METHODS:
        if slow and ("backprop" in method or "jax" in method or "essentials" in method):
            continue
        found = run(method, case, n, layers, 3 if slow else 20, tries)
        if isinstance(found, str):
            print(f"{method:42s} not measured: {found}")
            continue
        reference = reference or found
        print(
            f"{method:42s}{found.cold * 1e3:8.1f}ms{found.warm * 1e3:8.1f}ms"
            f"{found.cold / reference.cold:12.1f}{found.warm / reference.warm:12.1f}"
            f"{found.peak:10.0f}  {found.last['check']:.10f}"
        )


def growth() -> None:
    """Our cold and warm time against N, L and P."""
    print("\nrot-ring, this package: how the cost grows")
    print(f"{'N':>4s}{'L':>4s}{'P':>6s}{'points':>8s}{'cold':>12s}{'warm':>12s}{'peak MiB':>10s}")
    for n, layers in [
        (2, 3),
        (4, 3),
        (6, 3),
        (8, 3),
        (10, 3),
        (12, 3),
        (6, 1),
        (6, 6),
        (6, 12),
        (16, 1),
    ]:
        found = run("this package", "rot-ring", n, layers, 3, 1)
        if isinstance(found, str):
            print(f"{n:4d}{layers:4d} not measured: {found}")
            continue
        print(
            f"{n:4d}{layers:4d}{3 * n * (layers + 1):6d}{2 * n * layers + 1:8d}"
            f"{found.cold * 1e3:10.1f}ms{found.warm * 1e3:10.1f}ms{found.peak:10.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=5, metavar=("METHOD", "CASE", "N", "L", "REPEATS"))
    parser.add_argument("--case", choices=list(CASES), action="append")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--tries", type=int, default=3)
    options = parser.parse_args()
    if options.child:
        method, case, n, layers, repeats = options.child
        child(method, case, int(n), int(layers), int(repeats))
    elif options.growth:
        growth()
    else:
        for case in options.case or CASES:
            compare(case, options.tries)


if __name__ == "__main__":
    main()

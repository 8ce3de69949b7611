"""Expressibility of the circuits of Sim et al.: time beside others, and error against time.

``--compare`` (the default): the divergence from Haar of circuit 6 on four wires, 75 bins, 5,000
pairs, in fresh processes. Cold is the first call after imports. ``--peer-python`` is an interpreter
that has qml-essentials.

``--accuracy``: all nineteen circuits with one layer, at several numbers of pairs. Errors are those
from values with 100,000 pairs; 0.05 is what a learned predictor is said to reach (Aktar et al.,
arXiv:2405.08100) after training on 25,000 circuits.

``--noisy``: the same through compute-uncompute circuits with shots on ``qiskit.remote`` with
``FakeManilaV2``; the divergence from pure Haar states seen through as many shots, noise included,
at several numbers of pairs, from a value with 1,200 pairs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np
from fresh import in_fresh_processes, timed

PAIRS, BINS = 5_000, 75


def circuit(k: int, n: int = 4, device=None):
    import pennylane as qml

    import pennylane_trainability as pt

    def function(weights):
        pt.SimCircuit(weights, k=k, wires=range(n))
        return qml.state()

    return qml.QNode(function, device or qml.device("default.qubit", wires=n))


def ours(n: int, layers: int):
    import pennylane_trainability as pt

    qnode, weights = circuit(6, n), np.zeros(pt.SimCircuit.shape(6, layers, n))
    ask = pt.expressibility
    return lambda: ask(qnode, seed=1, n_pairs=PAIRS, n_bins=BINS)(weights).divergence.value


def broadcast(n: int, layers: int):
    """default.qubit with all draws in one broadcasted call, and a histogram: no error, no bias."""
    import pennylane as qml

    import pennylane_trainability as pt

    shape = pt.SimCircuit.shape(6, layers, n)

    @qml.qnode(qml.device("default.qubit", wires=n))
    def qnode(w):
        place = iter(np.moveaxis(w.reshape(len(w), -1), 0, 1))
        for _ in range(layers):
            for wire in range(n):
                qml.RX(next(place), wire)
            for wire in range(n):
                qml.RZ(next(place), wire)
            for control in range(n - 1, -1, -1):
                for target in range(n - 1, -1, -1):
                    if control != target:
                        qml.CRX(next(place), [control, target])
            for wire in range(n):
                qml.RX(next(place), wire)
            for wire in range(n):
                qml.RZ(next(place), wire)
        return qml.state()

    def call():
        rng = np.random.default_rng(1)
        states = qnode(rng.uniform(0, 4 * np.pi, (2 * PAIRS, *shape)))
        fidelity = np.abs(np.sum(states[0::2].conj() * states[1::2], axis=1)) ** 2
        share = np.histogram(fidelity, BINS, (0, 1))[0] / PAIRS
        edges = np.linspace(0, 1, BINS + 1)
        haar = -np.diff((1 - edges) ** (2**n - 1))
        seen = share > 0
        return float(np.sum(share[seen] * np.log(share[seen] / haar[seen])))

    return call


def essentials(n: int, layers: int):
    import jax
    from qml_essentials.expressibility import Expressibility
    from qml_essentials.model import Model

    model = Model(n_qubits=n, n_layers=layers, circuit_type="Circuit_6", data_reupload=False)
    key = jax.random.PRNGKey(1)

    def call():
        share = Expressibility.state_fidelities(PAIRS, BINS, model, random_key=key)[1]
        haar = Expressibility.haar_integral(n, BINS, cache=False)[1]
        return float(np.ravel(Expressibility.kullback_leibler_divergence(share, haar))[0])

    return call


METHODS = {
    "this package": ours,
    "PennyLane, broadcast by hand": broadcast,
    "qml-essentials": essentials,
}


def compare(options) -> None:
    for n, layers in [(4, 1)] if options.quick else [(4, 1), (4, 3), (6, 1), (8, 1)]:
        print(f"circuit 6, {n} wires, {layers} layers, {PAIRS} pairs, {BINS} bins")
        print(f"{'':30}{'cold':>10}{'cpu':>10}{'warm':>10}{'cold ratio':>12}  divergence")
        first = None
        for name in METHODS:
            peer = name == "qml-essentials"
            if peer and not options.peer_python:
                print(f"{name:30} not measured: pass --peer-python")
                continue
            found = in_fresh_processes(
                *(__file__, [name, n, layers, 3], options.tries, 60.0),
                options.peer_python if peer else sys.executable,
            )
            if isinstance(found, str):
                print(f"{name:30} not measured: {found}")
                continue
            first = first or found.cold
            print(
                f"{name:30}{found.cold:9.3f}s{found.cpu:9.3f}s{found.warm:9.3f}s"
                f"{found.cold / first:12.1f}  {found.last['value']:.4f}"
            )


def table(ask, pairs, truth: dict) -> None:
    """Root mean square errors over circuits, and seconds for each."""
    columns = (("pairs", 8), ("seconds each", 14), ("rms error", 12), ("rms, not debiased", 19))
    print("".join(f"{name:>{width}}" for name, width in columns) + "  covered")
    for count in pairs:
        start, found = time.perf_counter(), {k: ask(k, count) for k in truth}
        each = (time.perf_counter() - start) / len(truth)
        debiased = [found[k].divergence.value - truth[k] for k in truth]
        plain = [found[k].plug_in - truth[k] for k in truth]
        ends = [(found[k].divergence.low, found[k].divergence.high) for k in truth]
        inside = sum(low <= truth[k] <= high for k, (low, high) in zip(truth, ends, strict=True))
        print(
            f"{count:8}{each:14.3f}{np.sqrt(np.mean(np.square(debiased))):12.4f}"
            f"{np.sqrt(np.mean(np.square(plain))):19.4f}{inside:4} of {len(truth)}"
        )


def accuracy(options) -> None:
    import pennylane_trainability as pt

    def ask(k, count, seed=1):
        weights = np.zeros(pt.SimCircuit.shape(k, 1, 4))
        return pt.expressibility(circuit(k), n_pairs=count, seed=100 * seed + k)(weights)

    truth = {
        k: ask(k, 20_000 if options.quick else 100_000, 2).divergence.value for k in range(1, 20)
    }
    print("nineteen circuits, four wires, one layer, noiseless")
    table(ask, (300, 1000) if options.quick else (300, 1000, 5000, 20_000), truth)


def noisy(options) -> None:
    import pennylane as qml
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    import pennylane_trainability as pt

    def ask(k, count, seed=1):
        device = qml.device("qiskit.remote", wires=4, backend=FakeManilaV2())
        qnode = qml.set_shots(circuit(k, 4, device), shots=200)
        weights = np.zeros(pt.SimCircuit.shape(k, 1, 4))
        asked = pt.expressibility(
            *(qnode,), n_pairs=count, n_bins=25, reference="haar", seed=100 * seed + k,
            max_circuits=5000,
        )  # fmt: skip
        return asked(weights)

    chosen = (1, 9) if options.quick else (4, 9, 13, 16)
    truth = {k: ask(k, 200 if options.quick else 1200, 2).divergence.value for k in chosen}
    print("circuits", chosen, "on FakeManilaV2, one layer, 25 bins, 200 shots per pair")
    table(ask, (75,) if options.quick else (75, 150, 300), truth)


def child(name: str, n: str, layers: str, repeats: str) -> None:
    value, times = timed(METHODS[name](int(n), int(layers)), int(repeats))
    print(json.dumps(times | {"value": value}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=4)
    parser.add_argument("--accuracy", action="store_true", help="error against time, noiseless")
    parser.add_argument("--noisy", action="store_true", help="error against time, fake backend")
    parser.add_argument("--quick", action="store_true", help="small cases")
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--peer-python", help="an interpreter that has qml-essentials")
    options = parser.parse_args()
    if options.child:
        child(*options.child)
    elif options.accuracy:
        accuracy(options)
    elif options.noisy:
        noisy(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()

"""Fourier coefficient correlation of a hardware-efficient circuit, beside qml-essentials.

The circuit: RY, RZ, RY on every wire and CNOT bricks, RY encodings of one input, the same block
again, the mean of Z over the wires. Where qml-essentials is installed (Python 3.12 or newer; it
brings its own JAX), run it there with ``--peer`` first: it writes its parameters, coefficients and
numbers to a file, which this package then reads, so that both look at the same draws.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

N_DRAWS = 500


def peer(n: int, path: Path) -> None:
    """What qml-essentials finds, written to a file."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from qml_essentials.coefficients import FCC, Coefficients
    from qml_essentials.model import Model

    model = Model(
        n_qubits=n,
        n_layers=1,
        circuit_type="Hardware_Efficient",
        output_qubit=-1,
        encoding=["RY"],
    )
    values, seconds = [], []
    for method in ("pearson", "spearman", "complex_pearson"):
        start = time.perf_counter()
        key = jax.random.PRNGKey(0)
        values.append(float(FCC.get_fcc(model, N_DRAWS, random_key=key, method=method)))
        seconds.append(time.perf_counter() - start)
    model.initialize_params(jax.random.PRNGKey(0), repeat=N_DRAWS)
    coefficients, frequencies = Coefficients.get_spectrum(model, shift=True, trim=True)
    kept = np.asarray(coefficients)[np.asarray(frequencies) >= 0]
    parameters = np.asarray(model.params)
    np.savez(path, values=values, seconds=seconds, c=kept.T, parameters=parameters)
    print(f"{n} qubits, first call {seconds[0]:.1f} s, FCC {np.round(values, 4)}")


def circuit(n: int):
    """The same circuit as a QNode."""
    import pennylane as qml

    def block(weights):
        for k, gate in enumerate((qml.RY, qml.RZ, qml.RY)):
            for wire in range(n):
                gate(weights[k * n + wire], wires=wire)
        for first in (*range(0, n - 1, 2), *range(1, n, 2)):
            qml.CNOT([first, (first + 1) % n])

    @qml.qnode(qml.device("default.qubit", seed=1))
    def hardware_efficient(x, weights):
        block(weights[0])
        for wire in range(n):
            qml.RY(x, wires=wire)
        block(weights[1])
        return qml.expval(qml.dot([1 / n] * n, [qml.Z(w) for w in range(n)]))

    return hardware_efficient


def ours(n: int, path: Path) -> None:
    """This package, on the draws of the file if there is one."""
    import pennylane_trainability as pt
    from pennylane_trainability.fourier.correlation import (
        correlations,
        mean_size,
        prepared_samples,
    )

    given = np.load(path) if path.exists() else None
    weights = np.zeros((2, 3 * n))
    for k, method in enumerate(("pearson", "spearman", "complex", "rows")):
        start = time.perf_counter()
        ask = pt.fourier_fingerprint(circuit(n), "x", correlation=method, n_draws=N_DRAWS, seed=1)
        found = ask(0.0, weights)
        print(
            f"{n} qubits, {method}: FCC {found.fcc}, [{found.fcc.low:.3f}, {found.fcc.high:.3f}], "
            f"chance {found.chance:.3f}, support {len(found.support)} of "
            f"{found.vanishing.shape[1]}, {time.perf_counter() - start:.2f} s"
        )
        if given is None or k > 2:
            continue
        theirs = given["c"]
        same = mean_size(correlations(prepared_samples(theirs, method), method))
        drawn = given["parameters"].reshape(N_DRAWS, -1)
        shared = pt.fourier_fingerprint(
            circuit(n), "x", correlation=method, n_draws=N_DRAWS, seed=1,
            law=lambda rng, theta, count, drawn=drawn: drawn,
        )(0.0, weights)  # fmt: skip
        off = np.abs(shared.coefficients[:, 0] - theirs).max()
        print(
            f"    qml-essentials {given['values'][k]:.10f}; its coefficients by our definition "
            f"{same:.10f} (ours differ by {off:.0e}); without those that vanish "
            f"{shared.fcc.value:.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", action="store_true", help="run qml-essentials")
    parser.add_argument("--qubits", type=int, nargs="*", default=[4, 6])
    parser.add_argument("--folder", type=Path, default=Path("."), help="of the files between both")
    options = parser.parse_args()
    for n in options.qubits:
        run = peer if options.peer else ours
        run(n, options.folder / f"fingerprint_{n}.npz")


if __name__ == "__main__":
    main()

"""Three textbook laws of variances, found by Pauli paths: a table and a figure.

- McClean et al. (Nature Communications 9, 4812, 2018): deep universal circuits,
  ``Var ℓ = 1/(2^n + 1)``.
- Cerezo et al. (Nature Communications 12, 1791, 2021): one layer of rotations, derivative of a
  global cost ``(3/8)^{n−1}/8`` and of a local one ``1/(8 n²)``.
- Ragone et al. (Nature Communications 15, 7172, 2024): deep matchgate circuits, whose algebra is
  so(2n), ``Var ℓ = 1/(2n − 1)``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

FIGURE = Path(__file__).resolve().parents[1] / "_static" / "landscape_scaling.png"


def model(circuit, shape: tuple):
    return qml.QNode(circuit, qml.device("default.qubit")), (np.zeros(shape),)


def universal(n: int):
    def circuit(weights):
        qml.StronglyEntanglingLayers(weights, wires=range(n))
        return qml.expval(qml.Z(0))

    return model(circuit, (4 * n, n, 3))


def product(observable):
    def build(n: int):
        def circuit(weights):
            for wire in range(n):
                qml.RX(weights[wire], wire)
            return qml.expval(observable(n))

        return model(circuit, (n,))

    return build


def worldwide(n: int):
    return qml.Projector([0] * n, wires=range(n))


def local(n: int):
    return (1 / n) * qml.sum(*[qml.Projector([0], wires=[wire]) for wire in range(n)])


def matchgates(n: int):
    def circuit(weights):
        for layer in weights:
            for wire in range(n):
                qml.RZ(layer[wire], wire)
            for wire in range(n - 1):
                qml.IsingXX(layer[n + wire], [wire, wire + 1])
        return qml.expval(qml.Z(n // 2))

    return model(circuit, (4 * n**2, 2 * n - 1))


#: Name → builder, sizes, further options, the formula, its text.
CASES = {
    "McClean et al.: deep universal": (
        universal, (2, 3, 4, 5, 6, 8, 10), {}, lambda n: 1 / (2.0**n + 1), "$1/(2^n+1)$",
    ),
    "Cerezo et al.: global cost": (
        product(worldwide), range(2, 11), {"quantity": "gradient", "parameter": 0},
        lambda n: (3 / 8) ** (n - 1) / 8, "$(3/8)^{n-1}/8$",
    ),
    "Cerezo et al.: local cost": (
        product(local), (2, 4, 8, 16, 32, 64), {"quantity": "gradient", "parameter": 0},
        lambda n: 1 / (8 * n**2), "$1/(8n^2)$",
    ),
    "Ragone et al.: matchgates": (
        matchgates, (2, 3, 4, 6, 8, 12), {}, lambda n: 1 / (2 * n - 1), "$1/(2n-1)$",
    ),
}  # fmt: skip


def scaled(name: str, n_paths: int):
    builder, ns, options, *_ = CASES[name]
    return pt.scaling(builder, ns, method="paths", n_paths=n_paths, seed=1, **options)


def table(name: str, found) -> None:
    formula = CASES[name][3]
    print(f"\n{name}: {found.fit.sentence}")
    print(f"{'n':>4s}{'variance':>14s}{'formula':>12s}{'deviation':>16s}")
    for n, one in zip(found.ns, found.variances, strict=True):
        error = (one.value - formula(n)) / one.stderr
        print(f"{n:4g}{one.value:14.6f}{formula(n):12.6f}{error:+9.1f} errors")


def draw(found: dict, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from pennylane_trainability.plots.style import BLACK, canvas

    with canvas(None, (2, 2), (10.0, 7.2)) as panels:
        for ax, (name, result) in zip(panels, found.items(), strict=True):
            _, _, _, formula, text = CASES[name]
            result.plot(ax)
            grid = np.linspace(result.ns[0], result.ns[-1], 200)
            ax.plot(grid, formula(grid), color=BLACK, linestyle=(0, (1, 3)), linewidth=3.0,
                    zorder=5, label=f"theory, {text}")  # fmt: skip
            ax.legend(loc="best")
            ax.set_title(name)
            ax.set_xlabel("wires n")
        panels[0].figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=50_000)
    parser.add_argument("--figure", type=Path, help=f"where the figure goes, such as {FIGURE}")
    options = parser.parse_args()
    found = {}
    for name in CASES:
        found[name] = scaled(name, options.paths)
        table(name, found[name])
    if options.figure:
        draw(found, options.figure)


if __name__ == "__main__":
    main()

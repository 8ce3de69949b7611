"""What intervals of landscapes cover, and where descents end: the figures behind two pages.

Three tables: how often nominal 95 % intervals hold the truth, for variances of a loss with heavy
tails (``∏ cos θ`` on six angles) by number of draws, and for degrees of freedom by each road from a
Gamma law of one complex degree of freedom; and the mean of ``(ℓ − ℓ*)/ō`` at the end of descents,
by number of parameters, for rotations between fixed random circuits on four wires and a projector
of rank 4, ``β r = 8``.

``--quick`` takes fewer repeats.
"""

from __future__ import annotations

import argparse

import numpy as np
import pennylane as qml

import pennylane_trainability as pt
from pennylane_trainability.statistics.cumulants import draw_powers
from pennylane_trainability.statistics.degrees import (
    from_gradient_kurtosis,
    from_loss_skewness,
    from_loss_variance,
)
from pennylane_trainability.statistics.gamma_sums import GammaSum
from pennylane_trainability.statistics.replicates import spread_of_draws


def variances(repeats: int) -> dict[int, float]:
    """Share of intervals that hold ``Var = 2⁻⁶``, by draws."""
    rng, truth, found = np.random.default_rng(1), 2.0**-6, {}
    for draws in (50, 200, 1_000):
        values = np.prod(np.cos(rng.uniform(0, 2 * np.pi, (repeats, draws, 6))), axis=2)
        _, _, low, high = spread_of_draws(values.T[None])
        found[draws] = float(np.mean((low <= truth) & (truth <= high)))
    return found


def roads(repeats: int, draws: int = 1_000) -> np.ndarray:
    """Share of intervals that hold ``r = 1``: by variance, skewness and kurtosis."""
    rng, beta, r = np.random.default_rng(0), 2, 1
    held = np.zeros(3)
    for _ in range(repeats):
        losses = GammaSum.of(0.0, [(2 / beta / r, beta * r / 2)]).sample(rng, draws)
        slopes = GammaSum.of(0.0, [(1.0, beta * r / 2), (-1.0, beta * r / 2)]).sample(rng, draws)
        one, other = (draw_powers(values[None], True) for values in (losses, slopes))
        estimates = (
            from_loss_variance(one, 0.0, beta, rng=rng),
            from_loss_skewness(one, beta, rng=rng)[0],
            from_gradient_kurtosis(other, beta, rng=rng)[0],
        )
        held += [estimate.low <= r <= estimate.high for estimate in estimates]
    return held / repeats


def minima(p: int, starts: int):
    """Where descents of ``p`` parameters between fixed random circuits end."""
    n = 4
    angles = np.random.default_rng(4).uniform(0, 2 * np.pi, (p + 1, 3, n, 2))

    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        for k in range(p + 1):
            for layer in angles[k]:
                for wire in range(n):
                    qml.RY(layer[wire, 0], wires=wire)
                    qml.RZ(layer[wire, 1], wires=wire)
                for wire in range(n):
                    qml.CNOT(wires=[wire, (wire + 1) % n])
            if k < p:
                qml.RZ(weights[k], wires=k % n)
        return qml.expval(qml.Projector([0, 0], wires=[0, 1]))

    return pt.local_minima(circuit, seed=2, n_starts=starts)(np.zeros(p))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few repeats, some seconds")
    quick = parser.parse_args().quick
    print("nominal 95 % intervals hold the truth\n")
    for draws, share in variances(200 if quick else 4_000).items():
        print(f"variance of the loss, {draws:5,} draws     {100 * share:5.1f} %")
    names = ("variance", "skewness", "kurtosis")
    for name, share in zip(names, roads(10 if quick else 400), strict=True):
        print(f"r by the {name}, 1,000 draws      {100 * share:5.1f} %")
    print("\ndescents between fixed random circuits, β r = 8\n")
    print(f"{'p':>3} {'γ':>6} {'mean (ℓ − ℓ*)/ō':>18} {'at the bottom':>15}")
    for p in (2, 8) if quick else (2, 4, 6, 8, 10):
        found = minima(p, 10 if quick else 40)
        print(f"{p:3d} {p / 8:6.2f} {found.mean_energy.value:18.4f} "
              f"{100 * found.reached.value:13.1f} %")  # fmt: skip


if __name__ == "__main__":
    main()

"""Trainability of symmetric circuits: how the variance of ``⟨X₀X₁⟩`` falls with wires and depth.

The three circuits of Chinzei et al. (arXiv:2406.18316) on 6 to 14 wires, from ``|0…0⟩``, at equal
numbers of rotations: the stabilizer-logical product ansatz (SLPA), its two-body rotations alone
(SC: the same symmetries), and X, Y and ZZ rotations (NSC: none). Variances are over whole turns of
all angles, by Pauli paths, to a relative standard error of ``--rtol``.

The last column is the limit of deep circuits. Without symmetry it is ``1/(2ⁿ + 1)``. With them the
unitary is Haar random in each of four sectors of ``d = 2ⁿ⁻²`` dimensions, two of which hold one
half of the state each: ``1/(2(d + 1))``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

#: Rotations for each wire; SLPA has 2 in a layer, SC ½, NSC 3.
DEPTHS = (6, 12, 24, 48, 96)


def words_of(circuit: str, n: int, rotations: int) -> list[str]:
    """The words of the rotations, in order, ``rotations * n`` of them."""
    if circuit == "NSC":
        layer = ["I" * w + letter + "I" * (n - 1 - w) for letter in "XY" for w in range(n)]
        pairs = [{w, (w + 1) % n} for w in range(n)]
        layer += ["".join("Z" if w in pair else "I" for w in range(n)) for pair in pairs]
        return layer * (rotations // 3)
    group = 4 if circuit == "SLPA" else 1
    stabilizers, logicals = pt.StabilizerLogicalProduct.brick_wall(n, 2 * rotations // group)
    if circuit == "SC":
        return list(logicals)
    template = pt.StabilizerLogicalProduct(
        np.zeros((len(logicals), 4)), stabilizers, logicals, wires=range(n)
    )
    return [
        "".join(dict(zip(op.wires, word, strict=True)).get(w, "I") for w in range(n))
        for op in template.decomposition()
        for word in [op.hyperparameters["pauli_word"]]
    ]


def variance(circuit: str, n: int, rotations: int, rtol: float):
    """The variance of the loss over whole turns of all angles."""
    words = words_of(circuit, n, rotations)

    @qml.qnode(qml.device("default.qubit"))
    def qnode(weights):
        for angle, word in zip(weights, words, strict=True):
            at = [w for w, letter in enumerate(word) if letter != "I"]
            qml.PauliRot(angle, word.replace("I", ""), wires=at)
        return qml.expval(qml.X(0) @ qml.X(1))

    ask = pt.loss_variance(qnode, method="paths", rtol=rtol, seed=n)
    return ask(np.zeros(len(words))).variance


def limit(circuit: str, n: int) -> float:
    """The variance of infinitely deep circuits."""
    return 1 / (2**n + 1) if circuit == "NSC" else 1 / (2 * (2 ** (n - 2) + 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one size, under a minute")
    parser.add_argument("--rtol", type=float, default=0.05, help="relative standard error")
    options = parser.parse_args()
    sizes, depths = ((6,), (6, 12)) if options.quick else (range(6, 15, 2), DEPTHS)
    print(f"variance of ⟨X₀X₁⟩, relative standard error {options.rtol:g}; rotations per wire:")
    print(f"{'n':>3} {'':4}" + "".join(f"{depth:>10}" for depth in depths) + f"{'limit':>10}")
    start = time.perf_counter()
    for n in sizes:
        for circuit in ("SLPA", "SC", "NSC"):
            row = [variance(circuit, n, depth, options.rtol).value for depth in depths]
            row.append(limit(circuit, n))
            print(f"{n:3d} {circuit:4}" + "".join(f"{value:10.2e}" for value in row), flush=True)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

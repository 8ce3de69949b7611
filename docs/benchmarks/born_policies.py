"""Variances of gradients of Born policies: partitions, numbers of actions, depths and sizes.

The simplified two-design of Cerezo et al. (``qml.SimplifiedTwoDesign``), read as a policy as in
Sequeira, Santos and Barbosa (arXiv:2406.09614). Every cell is Var ∂ log π / Var ∂π of one parameter
with 95 % intervals: the first RY of wire 0 at depth 2, the middle parameter at depth 3n. Angles are
uniform over whole turns. The last column says what all sizes from 4 to 10 (up to 8 for 2^n actions)
are consistent with. With 2^n actions both partitions number the same outcomes differently.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

#: Depth in words → layers for n wires.
DEPTHS = {"2": lambda n: 2, "3n": lambda n: 3 * n}
#: Depth, number of actions, partition.
ROWS = (
    ("2", "2", "contiguous"),
    ("2", "2", "parity"),
    ("2", "4", "contiguous"),
    ("2", "4", "parity"),
    ("2", "2^n", "contiguous"),
    ("3n", "2", "contiguous"),
    ("3n", "2", "parity"),
)


def builder(depth: str, actions: str, partition: str):
    """``n`` → a policy and the arguments it is called with."""

    def build(n: int):
        def circuit(first, weights):
            qml.SimplifiedTwoDesign(first, weights, wires=range(n))
            return qml.probs(wires=range(n))

        shapes = qml.SimplifiedTwoDesign.shape(DEPTHS[depth](n), n)
        count = 2**n if actions == "2^n" else int(actions)
        qnode = qml.QNode(circuit, qml.device("default.qubit", seed=1))
        return pt.born_policy(qnode, count, partition), tuple(np.zeros(s) for s in shapes)

    return build


def parameter_of(depth: str, n: int) -> int:
    """The number of the parameter that is looked at."""
    first, weights = qml.SimplifiedTwoDesign.shape(DEPTHS[depth](n), n)
    return 0 if depth == "2" else first[0] + int(np.prod(weights)) // 2


def row(depth: str, actions: str, partition: str, sizes, n_draws: int):
    """Both variances at every size, and the verdict over all of them."""
    found = {}
    for n in sizes:
        policy, args = builder(depth, actions, partition)(n)
        one = pt.policy_variance(policy, n_draws=n_draws, seed=n)(*args)
        p = parameter_of(depth, n)
        found[n] = (one.log_variance(p), one.derivative_variance(p))
    return found


def verdict(found) -> str:
    """What the sizes of a row are consistent with."""
    from pennylane_trainability.policies.policy_scaling import verdict_of
    from pennylane_trainability.statistics.scaling import fit_scaling

    fits = [fit_scaling(list(found), [pair[k] for pair in found.values()]) for k in (0, 1)]
    return verdict_of(*fits).name.lower()


def short(estimate) -> str:
    """Value and interval."""
    if estimate.exact:
        return f"{estimate.value:.2g} (exact)"
    return f"{estimate.value:.2g} [{estimate.low:.2g}, {estimate.high:.2g}]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few draws and sizes, seconds")
    parser.add_argument("--draws", type=int, default=1000, help="parameter draws per cell")
    options = parser.parse_args()
    draws = 100 if options.quick else options.draws
    start = time.perf_counter()
    print("| depth | actions | partition | n = 4 | n = 6 | n = 8 | n = 10 | verdict, all n |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for depth, actions, partition in ROWS:
        sizes = list(range(4, 8 if options.quick else 11))
        if actions == "2^n":
            sizes = [n for n in sizes if n <= 8]
        found = row(depth, actions, partition, sizes, draws)
        cells = [
            f"{short(found[n][0])} / {short(found[n][1])}" if n in found else ""
            for n in (4, 6, 8, 10)
        ]
        text = " | ".join([depth, actions, partition, *cells, verdict(found)])
        print(f"| {text} |", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

"""How long it takes to build the circuits of a gradient, beside PennyLane's own transforms.

``python docs/benchmarks/gradients.py`` makes the tapes of one gradient, each method in fresh
processes: "first" is the first call after imports, planning included, "again" the best of the calls
that follow, as in a training loop ("planned anew" forgets the plan before every call). Nothing is
executed. ``--only slpa`` takes one circuit.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
from fresh import Timing, in_fresh_processes, timed

METHODS = (
    *("commuting_grad", "planned anew", "dla_grad", "measured_grad", "param_shift"),
    "hadamard_grad",
)
CIRCUITS = {
    "slpa": "stabilizer-logical product ansatz, 4 qubits, 96 parameters",
    "hea": "RY RZ CNOT ring, 10 qubits, 100 parameters, 9 words",
    "iqp": "commuting rotations, 100 qubits, 1000 parameters",
    "tfim": "RX ZZ layers, 100 qubits, 995 parameters, 199 words",
}
LOGICALS = "XXII IIYY IZZI XIIX YYII IIZZ IXXI YIIY ZZII IIXX IYYI ZIIZ"
STABILIZERS = "IIII XXXX ZZZZ YYYY"


def slpa(angles):
    """Chinzei et al., arXiv:2406.18316: every logical word times every stabilizer, 24 blocks."""
    import pennylane as qml

    operations = []
    for logical in LOGICALS.split() * 2:
        for stabilizer in STABILIZERS.split():
            one, other = (
                qml.pauli.PauliWord({w: c for w, c in enumerate(text) if c != "I"})
                for text in (logical, stabilizer)
            )
            (word,) = (one @ other) if len(other) else [one]
            text = "".join(word[w] for w in sorted(word))
            operations.append(qml.PauliRot(next(angles), text, sorted(word)))
    return operations, qml.X(0) @ qml.X(1)


def hea(angles, n: int = 10, layers: int = 5):
    """Rotations on every wire and a ring of CNOTs."""
    import pennylane as qml

    operations = []
    for _ in range(layers):
        operations += [qml.RY(next(angles), w) for w in range(n)]
        operations += [qml.RZ(next(angles), w) for w in range(n)]
        operations += [qml.CNOT([w, (w + 1) % n]) for w in range(n)]
    return operations, qml.sum(*(qml.Z(w) @ qml.Z(w + 1) for w in range(n - 1)))


def iqp(angles, n: int = 100, count: int = 1000):
    """Diagonal three-wire rotations between Hadamards."""
    import pennylane as qml

    rng = np.random.default_rng(0)
    turns = [qml.Hadamard(w) for w in range(n)]
    wires = [[0, *map(int, rng.choice(np.arange(1, n), 2, replace=False))] for _ in range(count)]
    return [*turns, *(qml.MultiRZ(next(angles), at) for at in wires), *turns], qml.Z(0)


def tfim(angles, n: int = 100, layers: int = 5):
    """The Trotter circuit of the transverse-field Ising chain with independent angles."""
    import pennylane as qml

    operations = []
    for _ in range(layers):
        operations += [qml.RX(next(angles), w) for w in range(n)]
        operations += [qml.IsingZZ(next(angles), [w, w + 1]) for w in range(n - 1)]
    bonds = [qml.Z(w) @ qml.Z(w + 1) for w in range(n - 1)]
    return operations, qml.sum(*bonds, *(qml.X(w) for w in range(n)))


def child(name: str, method: str) -> dict:
    """In a fresh process: how many tapes, and how long it takes to make them."""
    import pennylane as qml

    import pennylane_trainability as pt

    angles = iter(np.random.default_rng(1).uniform(0, 2 * np.pi, 2000))
    operations, observable = globals()[name](angles)
    tape = qml.tape.QuantumScript(operations, [qml.expval(observable)], shots=1000)
    if method in ("param_shift", "hadamard_grad"):
        transform = getattr(qml.gradients, method)
        options = {"aux_wire": "aux"} if method == "hadamard_grad" else {}
    else:
        ours = {"measured_grad": pt.measured_grad, "dla_grad": pt.dla_grad}
        transform, options = ours.get(method, pt.commuting_grad), {}

    def call():
        if method == "planned anew":
            from pennylane_trainability.transforms.gradient_circuits.kept import plans

            plans.clear()
        return transform(tape, **options)[0]

    tapes, times = timed(call, 5)
    return {"tapes": len(tapes), **times}


def table(name: str, tries: int) -> str:
    """One row per method."""
    lines = [
        f"{name}: {CIRCUITS[name]}",
        f"{'':<16}{'tapes':>8}{'first':>10}{'again':>10}{'again, ratio':>14}",
    ]
    rows = {m: in_fresh_processes(__file__, [name, m], tries) for m in METHODS}
    base = rows[METHODS[0]]
    for method, found in rows.items():
        if not isinstance(found, Timing):
            lines.append(f"{method:<16}{found}")
            continue
        ratio = found.warm / base.warm if isinstance(base, Timing) else np.nan
        lines.append(
            f"{method:<16}{found.last['tapes']:>8}{1e3 * found.cold:>8.0f}ms"
            f"{1e3 * found.warm:>8.1f}ms{ratio:>14.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CIRCUITS)
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--child", nargs=2, metavar=("CIRCUIT", "METHOD"))
    options = parser.parse_args()
    if options.child:
        json.dump(child(*options.child), sys.stdout)
        return
    names = [options.only] if options.only else list(CIRCUITS)
    print("\n\n".join(table(name, options.tries) for name in names))


if __name__ == "__main__":
    main()

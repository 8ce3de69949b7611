"""QFIM: this package beside PennyLane and its peers, exact and measured.

``python docs/benchmarks/qfim.py`` prints all tables, ``--exact`` and ``--measured`` one part each,
``--quick`` a small selection. Exact: each method in fresh processes; "cold" is the first call after
imports, reading the QNode included (peers have their circuit objects ready), best and median of the
processes, "CPU" the least processor time of it, "warm" the best of the following calls. Measured:
error, cost and rank bound at equal total shots.

Peers that are not installed are skipped by name; ``--peer-python PATH`` (repeatable) names the
Python of an environment that has them.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys

import fresh  # before NumPy: it sets one thread
import numpy as np
from qfim_exact import METHODS

#: Qubits and blocks; P = 36, 54, 120.
CASES = [(4, 3), (6, 3), (8, 5)]
_AGREE = 1e-8


def child(method: str, n: int, blocks: int, repeats: int) -> None:
    """Time one method in this process and print one line of JSON."""
    value, times = fresh.timed(METHODS[method].make(n, blocks), repeats)
    size = 3 * n * blocks
    print(json.dumps({**times, "matrix": np.reshape(value, (size, size)).tolist()}))


def python_with(module: str, pythons: list[str]) -> str | None:
    """The first Python that has a module."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    for python in pythons:
        if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
            return python
    return None


def exact(n: int, blocks: int, options: argparse.Namespace) -> None:
    """One table: all methods on one circuit."""
    print(f"\nexact QFIM: {n} qubits, {blocks} blocks, P = {3 * n * blocks}")
    print(
        f"{'':32s}{'cold':>11s}{'median':>11s}{'CPU':>11s}{'warm':>11s}{'cold ratio':>12s}"
        f"{'CPU ratio':>11s}{'warm ratio':>12s}{'difference':>12s}{'rank':>6s}{'processes':>11s}"
    )
    reference: fresh.Timing | None = None
    pythons = [sys.executable, *options.peer_python]
    for name, method in METHODS.items():
        if options.quick and not method.quick:
            continue
        if options.only and not any(part in name for part in ("this package", *options.only)):
            continue
        python = python_with(method.needs, pythons)
        if python is None:
            print(f"{name:32s}skipped: {method.needs} is not installed here (--peer-python)")
            continue
        repeats = 0 if options.quick and reference else 20
        arguments = [name, n, blocks, repeats]
        found = fresh.in_fresh_processes(__file__, arguments, options.tries, 200, python)
        if isinstance(found, str):
            print(f"{name:32s}not measured: {found}")
            continue
        reference = reference or found
        print(f"{name:32s}{_line(found, reference)}", flush=True)


def _line(found: fresh.Timing, reference: fresh.Timing) -> str:
    matrix = np.array(found.last["matrix"])
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    difference = np.abs(matrix - np.array(reference.last["matrix"])).max()
    return (
        f"{_ms(found.cold)}{_ms(found.median)}{_ms(found.cpu)}{_ms(found.warm)}"
        f"{found.cold / reference.cold:12.1f}{found.cpu / reference.cpu:11.1f}"
        f"{_ratio(found.warm, reference.warm)}{difference:12.0e}{(values > 1e-9).sum():6d}"
        f"{len(found.colds):11d}{'' if difference < _AGREE else '  differs from the others'}"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:9.1f}ms" if seconds < math.inf else f"{'—':>11s}"


def _ratio(seconds: float, reference: float) -> str:
    return f"{seconds / reference:12.1f}" if seconds < math.inf else f"{'—':>12s}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--child", nargs=4, metavar=("METHOD", "N", "BLOCKS", "REPEATS"))
    parser.add_argument("--exact", action="store_true", help="only the exact part")
    parser.add_argument("--measured", action="store_true", help="only the measured part")
    parser.add_argument("--quick", action="store_true", help="a selection, under a minute")
    parser.add_argument("--tries", type=int, default=9, help="fresh processes for each method")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="of a name")
    parser.add_argument("--qubits", type=int, action="append", help="4, 6 or 8; default all")
    parser.add_argument("--seeds", type=int, default=5, help="repeats of each measurement")
    parser.add_argument("--peer-python", action="append", default=[], metavar="PATH")
    options = parser.parse_args()
    if options.child:
        method, *numbers = options.child
        child(method, *map(int, numbers))
        return
    if options.quick:
        options.tries = options.seeds = 1
    if not options.measured:
        chosen = [c for c in CASES if c[0] in (options.qubits or [4, 6, 8])]
        for n, blocks in chosen[:1] if options.quick else chosen:
            exact(n, blocks, options)
    if not options.exact:
        from qfim_measured import compare, many_parameters

        compare(options.seeds, options.quick)
        many_parameters(options.quick)


if __name__ == "__main__":
    main()

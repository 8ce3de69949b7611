"""Gradients from few circuits: errors at equal shots, what planning costs, runs on Qiskit devices.

``python docs/benchmarks/gradients.py`` prints all tables in less than five minutes; ``--accuracy``,
``--overhead`` and ``--qiskit`` one part each, ``--quick`` a small selection.
"""

from __future__ import annotations

import argparse
import json
import os

# before NumPy: it sets one thread
import fresh  # noqa: F401
from gradient_devices import devices, measured
from gradient_overhead import child, overhead

# as an installed package: modules are compiled once, not in every process
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--child", nargs=3, metavar=("CASE", "METHOD", "REPEATS"))
    parser.add_argument("--device", nargs=3, metavar=("DEVICE", "CIRCUIT", "METHOD"))
    parser.add_argument("--accuracy", action="store_true", help="only the errors")
    parser.add_argument("--overhead", action="store_true", help="only the time on the host")
    parser.add_argument("--qiskit", action="store_true", help="only the runs on Qiskit devices")
    parser.add_argument("--quick", action="store_true", help="a selection, under a minute")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="circuits of --overhead")
    parser.add_argument("--points", type=int, default=24, help="random points behind an error")
    parser.add_argument("--tries", type=int, default=2, help="processes for a small circuit")
    parser.add_argument("--repeats", type=int, default=3, help="further calls in a process")
    options = parser.parse_args()
    if options.child:
        case, method, repeats = options.child
        child(case, method, int(repeats))
        return
    if options.device:
        print(json.dumps(measured(*options.device)))
        return
    everything = not (options.accuracy or options.overhead or options.qiskit)
    if everything or options.accuracy:
        from gradient_accuracy import accuracy  # here: it is not timed with what the others load

        accuracy(4 if options.quick else options.points, options.quick)
    if everything or options.overhead:
        overhead(__file__, options.tries, options.repeats, options.quick, options.only)
    if everything or options.qiskit:
        devices(__file__, options.quick)


if __name__ == "__main__":
    main()

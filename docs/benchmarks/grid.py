"""Runs of many cases that can be broken off and gone on with: one line of JSON per finished case.

A case is a dictionary of plain values; its key is what they are. A case whose key is in the file is
not computed again, so a run that stopped goes on where it was, also after more cases were added.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

Case = dict[str, object]


def key_of(case: Case) -> str:
    """The values of a case in words."""
    return " ".join(f"{name}={value}" for name, value in case.items())


def finished(path: Path) -> dict[str, dict]:
    """Key → record; a line that was cut off by the end of a run is left out."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[record["key"]] = record
    return found


def run(cases: list[Case], work: Callable[[Case], dict], path: Path, workers, budget) -> dict:
    """Compute what is not in the file, and return the records of all cases that are.

    Args:
        cases: what to compute, in this order.
        work: case → plain values; a function at the top level of a module.
        path: where records are kept.
        workers: processes; 1 computes here.
        budget: minutes after which no case is begun, or ``None``.
    """
    known = finished(path)
    left = [case for case in cases if key_of(case) not in known]
    begun, total = time.monotonic(), len(cases)
    say(f"{total - len(left)} of {total} cases are in {path}, {len(left)} to compute")
    in_time = iter(
        until(left, None if budget is None else begun + 60 * budget)  # asked for one by one
    )
    with path.open("a", encoding="utf-8") as file:
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write("\n")
        count = 0
        for case, values, seconds in computed(in_time, work, workers):
            record = {"key": key_of(case), "case": case, "seconds": round(seconds, 2), **values}
            file.write(json.dumps(record) + "\n")
            file.flush()
            known[record["key"]] = record
            count += 1
            spent = time.monotonic() - begun
            say(f"{count}/{len(left)}  {spent:6.0f} s  {record['key']}  ({seconds:.1f} s)")
    if count < len(left):
        say(f"stopped with {len(left) - count} cases open; the same command goes on from here")
    return {key_of(case): known[key_of(case)] for case in cases if key_of(case) in known}


def until(cases: list[Case], end: float | None) -> Iterator[Case]:
    """Cases as long as there is time."""
    for case in cases:
        if end is not None and time.monotonic() > end:
            return
        yield case


def timed(work: Callable[[Case], dict], case: Case) -> tuple[dict, float]:
    """What was found, and the seconds it took."""
    begun = time.perf_counter()
    return work(case), time.perf_counter() - begun


def computed(cases: Iterator[Case], work, workers: int):
    """Case, values and seconds, here or from processes, no more begun than there are processes."""
    if workers == 1:
        for case in cases:
            yield case, *timed(work, case)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pending: dict = {}
        while True:
            while len(pending) < workers and (case := next(cases, None)) is not None:
                pending[pool.submit(timed, work, case)] = case
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), *future.result()


def say(text: str) -> None:
    """Progress goes to the error stream, tables to the output."""
    print(text, file=sys.stderr, flush=True)


def parser_of(text: str | None, name: str) -> argparse.ArgumentParser:
    """The options that the runs share."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a few small cases, seconds")
    size.add_argument("--full", action="store_true", help="more targets and cases, overnight")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="begin no case after that")
    parser.add_argument("--records", type=Path, default=Path(f"{name}.jsonl"), help="kept here")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the records as well")
    return parser


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print columns that are as wide as they need to be."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}")
    for row in [header, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
    sys.stdout.flush()

"""Time one call in fresh processes: shared by the benchmarks of this folder.

"Cold" is the first call after imports; "warm" is the best of the following calls. A script runs
itself as a child (``--child …``), which prints one line of JSON, see :func:`timed`.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

#: Warm calls stop after this many seconds: slow methods are settled after a few calls.
_SETTLED = 5.0
#: Calls that take longer are not repeated.
_LONG = 120.0
#: No further process is started for a method that took this many seconds.
_PATIENCE = 40.0


@dataclass
class Timing:
    """The best of all processes of one method; ``last`` is what the last one printed."""

    colds: list[float] = field(default_factory=list)
    cpu: float = math.inf
    warm: float = math.inf
    peak: float = 0.0
    last: dict = field(default_factory=dict)

    @property
    def cold(self) -> float:
        return min(self.colds)

    @property
    def median(self) -> float:
        ordered, half = sorted(self.colds), len(self.colds) // 2
        return (ordered[half] + ordered[~half]) / 2


def timed(call: Callable[[], object], repeats: int) -> tuple[object, dict]:
    """In the child: the value of a call, its times in seconds, and memory in MiB.

    ``cpu`` is the processor time of the first call, which depends less on what else is running.
    ``warm`` is ``None`` if the call was not repeated.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, started = time.perf_counter(), time.process_time()
    value = call()
    cold, cpu = time.perf_counter() - start, time.process_time() - started
    warm = None
    began = time.perf_counter()
    for _ in range(repeats if cold < _LONG else 0):
        if time.perf_counter() - began > _SETTLED:
            break
        start = time.perf_counter()
        call()
        last = time.perf_counter() - start
        warm = last if warm is None else min(warm, last)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return value, {"cold": cold, "cpu": cpu, "warm": warm, "peak": peak}


def in_fresh_processes(
    script: str,
    arguments: list,
    tries: int,
    timeout: float = 600.0,
    python: str = sys.executable,
) -> Timing | str:
    """Run ``python script --child *arguments`` several times; a string says why not."""
    found, began = Timing(), time.perf_counter()
    command = [python, script, "--child", *map(str, arguments)]
    for _ in range(tries):
        if found.colds and time.perf_counter() - began > _PATIENCE:
            break
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return f"more than {timeout:.0f} s"
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no message"])[-1][:90]
        new = json.loads(done.stdout.strip().splitlines()[-1])
        found.colds.append(new["cold"])
        found.cpu = min(found.cpu, new["cpu"])
        if new["warm"] is not None:
            found.warm = min(found.warm, new["warm"])
        found.peak = max(found.peak, new["peak"])
        found.last = new
    return found

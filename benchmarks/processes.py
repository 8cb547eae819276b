"""What only a fresh process can tell: the time of an import, and the peak of memory.

`python benchmarks/processes.py CASE BACKEND` runs one memory case and prints the bytes that its peak added.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

GIGABYTE = 1 << 30
CASES = ("create", "adopt", "assign", "assign_add")
_IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def import_times(rounds: int = 25) -> dict[str, float]:
    """Return the seconds that importing takes in a fresh process, the best of `rounds`, and the median."""
    wanted = {"numpy": "numpy", "onevar": "onevar", "onevar, a Variable used": "numpy, onevar; onevar.Variable"}
    times: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(rounds):
        for name, what in wanted.items():
            done = subprocess.run(
                [sys.executable, "-c", _IMPORT.format(what)], capture_output=True, text=True, check=True
            )
            times[name].append(float(done.stdout))
    best = {name: min(values) for name, values in times.items()}
    return {**best, **{f"{name}, median": statistics.median(values) for name, values in times.items()}}


def peaks(backends: list[str]) -> dict[str, dict[str, float]]:
    """Return `{case: {backend: gigabytes that its peak added}}`."""
    out: dict[str, dict[str, float]] = {case: {} for case in CASES}
    for case in CASES:
        for backend in backends:
            done = subprocess.run(
                [sys.executable, str(Path(__file__)), case, backend], capture_output=True, text=True, check=True
            )
            out[case][backend] = json.loads(done.stdout) / GIGABYTE
    return out


def added(case: str, backend: str) -> int:
    """Return the bytes by which the resident memory of this process peaked above where it was before the case."""
    import numpy as np

    import onevar
    from onevar import dlpack

    shape = (GIGABYTE // 4,)
    onevar.Variable(np.ones(3, np.float32), backend=backend).assign_add(onevar.copy(np.ones(3, np.float32), backend))
    array = dlpack.aligned_empty(shape, np.float32)
    array.fill(1.0)
    source = onevar.share(array, backend)
    if case in ("create", "adopt"):
        return _peak(lambda: onevar.Variable(source, backend=backend, adopt=case == "adopt"))
    v = onevar.Variable(source, backend=backend)
    v.assign(source)
    return _peak(lambda: getattr(v, case)(source))


def _peak(call: Callable[[], Any]) -> int:
    """Watch the resident memory while `call` runs."""
    pages = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/statm") as statm:

        def resident() -> int:
            statm.seek(0)
            return int(statm.read().split()[1]) * pages

        before, high, running = resident(), 0, True

        def watch() -> None:
            nonlocal high
            while running:
                high = max(high, resident())
                time.sleep(0.001)

        watcher = threading.Thread(target=watch)
        watcher.start()
        result = call()
        if hasattr(result, "block_until_ready"):
            result.block_until_ready()
        high = max(high, resident())
        running = False
        watcher.join()
    return max(0, high - before)


if __name__ == "__main__":
    json.dump(added(sys.argv[1], sys.argv[2]), sys.stdout)

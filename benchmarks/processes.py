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
CASES = ("create", "adopt", "clone", "assign", "assign_add")
_IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def fresh(*arguments: str) -> str:
    """Run Python in a process of its own and return what it printed; leave with its errors if it fails."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def import_times(rounds: int = 25) -> dict[str, float]:
    """Return the seconds that importing takes in a fresh process, the best of `rounds`, and the median."""
    wanted = {"numpy": "numpy", "onevar": "onevar", "onevar, a Variable used": "numpy, onevar; onevar.Variable"}
    times: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(rounds):
        for name, what in wanted.items():
            times[name].append(float(fresh("-c", _IMPORT.format(what))))
    best = {name: min(values) for name, values in times.items()}
    return {**best, **{f"{name}, median": statistics.median(values) for name, values in times.items()}}


def peaks(backends: list[str]) -> dict[str, dict[str, float]]:
    """Return `{case: {backend: gigabytes that its peak added}}`."""
    out: dict[str, dict[str, float]] = {case: {} for case in CASES}
    for case in CASES:
        for backend in backends:
            out[case][backend] = json.loads(fresh(str(Path(__file__)), case, backend)) / GIGABYTE
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
        return _peak(lambda: onevar.Variable(array, backend=backend, adopt=case == "adopt"))
    if case == "clone":
        return _peak(lambda: onevar.Variable(source, backend=backend))
    v = onevar.Variable(source, backend=backend)
    v.assign(source)  # whatever the first write does once is behind it
    return _peak(lambda: getattr(v, case)(source))


def _peak(call: Callable[[], Any]) -> int:
    """Watch the resident memory while `call` runs."""
    highest = [resident()]
    before, done = highest[0], threading.Event()

    def watch() -> None:
        while not done.is_set():
            highest[0] = max(highest[0], resident())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = call()
    if hasattr(result, "block_until_ready"):
        result.block_until_ready()
    done.set()
    watcher.join()
    return max(*highest, resident()) - before


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    json.dump(added(sys.argv[1], sys.argv[2]), sys.stdout)

"""Fair comparisons on a busy machine.

The calls that are compared take turns in short bursts, so that whatever else the machine does
hits all of them; of each the fastest burst counts, which is the one that was disturbed least.
"""

import gc
import time
from collections.abc import Callable, Sequence

#: Seconds that one burst lasts, about; shorter than a scheduler's time slice.
BURST = 0.0015


def compete(calls: Sequence[Callable[[], object]], *, rounds: int = 120) -> list[float]:
    """Return the seconds that one call of each takes.

    Args:
        calls: Without arguments. Each is called a few times before anything is measured.
        rounds: Bursts of each.
    """
    counts = [_burst_size(call) for call in calls]
    best = [float("inf")] * len(calls)
    enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for i, (call, count) in enumerate(zip(calls, counts, strict=True)):
                best[i] = min(best[i], _burst(call, count) / count)
    finally:
        if enabled:
            gc.enable()
    return best


def _burst_size(call: Callable[[], object]) -> int:
    for _ in range(3):
        call()
    once = min(_burst(call, 1) for _ in range(3))
    return max(1, int(BURST / max(once, 1e-8)))


def _burst(call: Callable[[], object], count: int) -> float:
    repeat = range(count)
    clock = time.perf_counter()
    for _ in repeat:
        call()
    return time.perf_counter() - clock

"""What a run spends its time on: `RunOptions(trace_level=...)` and `RunMetadata`.

Operations that run one by one are timed one by one. What a framework compiles is one piece, and is timed as one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident, local
from typing import Any

from onevar.core.operation import Operation

#: How many runs are being traced, in all threads: a run looks only at this.
ACTIVE: list["Recorder"] = []
_CPU = "/job:localhost/replica:0/task:0/device:CPU:0"
_SHOWN = 20


class _Current(local):
    recorder: "Recorder | None" = None


_current = _Current()


class Recorder:
    """The times of one run.

    Attributes:
        entries: Device, name, label, thread, start and end in nanoseconds of the clock that goes on steadily.
        device: Where compiled parts run, by TensorFlow's name.
        settle: Waits until a framework has computed a value.
    """

    def __init__(self, device: str, settle: Callable[[Any], None]):
        self.entries: list[tuple[str, str, str, int, int, int]] = []
        self.device = device
        self.settle = settle
        #: What the steady clock has to be moved by to give the time of day.
        self.offset = time.time_ns() - time.perf_counter_ns()

    def add(self, device: str, name: str, label: str, start: int) -> None:
        """Note something that ends now."""
        self.entries.append((device, name, label, get_ident(), start, time.perf_counter_ns()))


def timed(steps: Iterable[Any]) -> Iterator[Any]:
    """Yield steps, and note for how long each keeps who asks for them.

    Args:
        steps: They have an `operation`.
    """
    recorder = _current.recorder
    for step in steps:
        start = time.perf_counter_ns()
        yield step
        if recorder is not None:
            recorder.add(_CPU, step.operation.name, label(step.operation), start)


def label(operation: Operation) -> str:
    """Return an operation as a timeline shows it: `name = Type(inputs)`."""
    inputs = ", ".join(tensor.op.name for tensor in operation.inputs)
    return f"{operation.name} = {operation.type}({inputs})"


def compiled(program: Callable[..., Any], args: Sequence[Any], static: tuple, operations: Sequence[Operation]) -> Any:
    """Run a compiled part, and note for how long.

    Args:
        program: The part.
        args: Its arguments.
        static: Values that are part of its key.
        operations: What it computes.
    """
    recorder = _current.recorder
    start = time.perf_counter_ns()
    results = program(args, static)
    if recorder is not None:
        for value in results:
            recorder.settle(value)
        names = [f"{operation.name}:{operation.type}" for operation in operations]
        shown = ", ".join(names[:_SHOWN]) + (f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        name = f"compiled_{len(recorder.entries)}"
        recorder.add(recorder.device, name, f"{name} = Compiled({shown})", start)
    return results


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Note what this thread runs inside the `with` block."""
    before, _current.recorder = _current.recorder, recorder
    ACTIVE.append(recorder)
    try:
        yield
    finally:
        ACTIVE.remove(recorder)
        _current.recorder = before


def fill(run_metadata: Any, recorder: Recorder) -> None:
    """Write what a run did into a `RunMetadata`.

    Args:
        run_metadata: The message.
        recorder: What was noted.
    """
    if not hasattr(run_metadata, "step_stats") or not hasattr(run_metadata.step_stats, "dev_stats"):
        return  # the stand-in for the message, where tensorboard is not installed
    devices: dict[str, Any] = {}
    threads: dict[int, int] = {}
    for device, name, text, thread, start, end in sorted(recorder.entries, key=lambda entry: entry[4]):
        if device not in devices:
            devices[device] = run_metadata.step_stats.dev_stats.add(device=device)
        began, took = (start + recorder.offset) // 1000, max(1, (end - start) // 1000)
        devices[device].node_stats.add(
            node_name=name, timeline_label=text, thread_id=threads.setdefault(thread, len(threads)),
            all_start_micros=began, op_end_rel_micros=took, all_end_rel_micros=took,
            all_start_nanos=start + recorder.offset, op_end_rel_nanos=end - start, all_end_rel_nanos=end - start,
        )  # fmt: skip

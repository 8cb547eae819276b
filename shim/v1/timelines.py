"""`tensorflow.python.client.timeline`: what a run spent its time on, for Chrome's trace viewer."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from onevar.v1.export import export


@export("python.client.timeline.AllocationMaximum")
class AllocationMaximum(NamedTuple):
    """How much an allocator gave out at most: when, how many bytes, and for which tensors."""

    timestamp: Any
    num_bytes: Any
    tensors: Any


@export("python.client.timeline.StepStatsAnalysis")
class StepStatsAnalysis(NamedTuple):
    """The trace, and what allocators gave out at most."""

    chrome_trace: Any
    allocator_maximums: Any


class _Trace:
    """Events as Chrome's trace viewer reads them."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def process(self, name: str, pid: int) -> None:
        """Name a process."""
        self.metadata.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}})

    def region(self, timestamp: int, duration: int, pid: int, tid: int, name: str, args: dict[str, Any]) -> None:
        """Add something that takes a while."""
        self.events.append({
            "ph": "X", "cat": "Op", "name": name, "pid": pid, "tid": tid, "ts": timestamp, "dur": duration,
            "args": args,
        })  # fmt: skip

    def flow(self, start: tuple[int, int, int], end: tuple[int, int, int], flow_id: int, name: str) -> None:
        """Draw an arrow between two places, each a time, a process and a thread."""
        for phase, (timestamp, pid, tid) in (("s", start), ("t", end)):
            self.events.append({
                "ph": phase, "cat": "DataFlow", "id": flow_id, "pid": pid, "tid": tid, "ts": timestamp, "name": name,
            })  # fmt: skip

    def format_to_string(self, pretty: bool = False) -> str:
        """Return it as JSON."""
        text = {"traceEvents": [*self.metadata, *self.events]}
        return json.dumps(text, indent=4, separators=(",", ": ")) if pretty else json.dumps(text, separators=(",", ":"))


def _parts(node: Any) -> tuple[str, str, list[str]]:
    """Return an operation's name, type and inputs, out of its label `name = Type(inputs)`."""
    name, found, rest = node.timeline_label.partition(" = ")
    if not found or not rest.endswith(")"):
        return node.node_name, node.timeline_label or node.node_name, []
    kind, _, inputs = rest[:-1].partition("(")
    return name, kind, [one for one in inputs.split(", ") if one]


@export("python.client.timeline.Timeline")
class Timeline:
    """What a run spent its time on.

    Args:
        step_stats: `RunMetadata.step_stats` of a run with `trace_level=RunOptions.FULL_TRACE`.
        graph: Accepted.
    """

    def __init__(self, step_stats: Any, graph: Any = None):
        self._step_stats = step_stats
        self._chrome_trace = _Trace()

    def _rows(self) -> Iterator[tuple[Any, Any, int]]:
        for pid, device in enumerate(self._step_stats.dev_stats):
            for node in device.node_stats:
                yield device, node, pid

    def analyze_step_stats(
        self, show_dataflow: bool = True, show_memory: bool = True, op_time: str = "schedule"
    ) -> StepStatsAnalysis:
        """Return the trace.

        Args:
            show_dataflow: Whether arrows go from an operation to those that use what it computes.
            show_memory: Accepted: the frameworks' allocators are not looked into.
            op_time: What counts as an operation's time, `"schedule"`, `"gpu"` or `"all"`: they are the same here.
        """
        trace = self._chrome_trace = _Trace()
        for pid, device in enumerate(self._step_stats.dev_stats):
            trace.process(f"{device.device} Compute", pid)
        places: dict[str, tuple[int, int, int]] = {}
        flows = 0
        for _, node, pid in self._rows():
            name, kind, inputs = _parts(node)
            start, duration = node.all_start_micros, node.op_end_rel_micros - node.op_start_rel_micros
            args = {"name": name, "op": kind, **{f"input{i}": one for i, one in enumerate(inputs)}}
            trace.region(start, duration, pid, node.thread_id, kind, args)
            here = (start, pid, node.thread_id)
            for one in inputs if show_dataflow else ():
                known = places.get(one.lstrip("^").partition(":")[0])
                if known is not None and known[1:] != here[1:]:
                    trace.flow(known, here, flows, one)
                    flows += 1
            places[name] = (start + duration, pid, node.thread_id)
        return StepStatsAnalysis(chrome_trace=trace, allocator_maximums={})

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False, op_time: str = "schedule"
    ) -> str:
        """Return the trace as JSON, to be opened in `chrome://tracing`.

        Args:
            show_dataflow: Whether arrows go from an operation to those that use what it computes.
            show_memory: Accepted: the frameworks' allocators are not looked into.
            op_time: What counts as an operation's time: the same here, whatever it is.
        """
        analysis = self.analyze_step_stats(show_dataflow, show_memory, op_time)
        return analysis.chrome_trace.format_to_string(pretty=True)

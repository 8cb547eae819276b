"""`tf.test.main`, `tf.test.mock` and `tf.test.Benchmark`."""

import re
import sys
import time
from typing import Any
from unittest import mock

from absl import app, flags
from absl.testing import absltest

__all__ = ["Benchmark", "StubOutForTesting", "main", "mock"]

_benchmarks: list[type["Benchmark"]] = []


class Benchmark:
    """Methods called `benchmark*` of its subclasses run when a test program gets `--benchmarks=REGEX`."""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        _benchmarks.append(cls)

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: dict[Any, Any] | None = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Run an op again and again, report how long it took, and return that.

        Args:
            sess: The session.
            op_or_tensor: What to run.
            feed_dict: What to feed.
            burn_iters: How often to run it before the clock starts.
            min_iters: How often to run it by the clock.
            store_trace: Accepted, and means nothing: there is no trace.
            store_memory_usage: Accepted, and means nothing.
            name: What to call it in the report.
            extras: More to report.
            mbs: How many megabytes a run processes, for the throughput.

        Returns:
            `iters`, `wall_time` (the median, in seconds), `throughput` and `extras`.
        """
        for _ in range(burn_iters):
            sess.run(op_or_tensor, feed_dict=feed_dict)
        times = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(op_or_tensor, feed_dict=feed_dict)
            times.append(time.perf_counter() - start)
        median = sorted(times)[len(times) // 2]
        throughput = mbs / median if median else 0.0
        result = {"iters": min_iters, "wall_time": median, "extras": dict(extras or {}), "throughput": throughput}
        self.report_benchmark(iters=min_iters, wall_time=median, extras=extras, throughput=throughput, name=name)
        return result

    def report_benchmark(
        self,
        iters: int | None = None,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
        metrics: Any = None,
    ) -> None:
        """Write what was measured to standard output.

        Args:
            iters: How many runs.
            cpu_time: Seconds of the processor.
            wall_time: Seconds on the clock.
            throughput: Megabytes a second.
            extras: More to say.
            name: What was measured; the method that asks by default.
            metrics: A list of further figures.
        """
        name = f"{type(self).__name__}.{name or sys._getframe(1).f_code.co_name}"
        given: dict[str, Any] = {"iters": iters, "cpu_time": cpu_time, "wall_time": wall_time, "throughput": throughput}
        given.update(extras=extras, metrics=metrics)
        said = ", ".join(f"{key}: {value}" for key, value in given.items() if value is not None)
        sys.stdout.write(f"{name}: {said}\n")


class StubOutForTesting:
    """Sets attributes and puts the old values back, by `CleanUp` and when it dies."""

    def __init__(self) -> None:
        self._old: list[tuple[Any, str, Any]] = []

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Set an attribute."""
        self._old.append((parent, child_name, getattr(parent, child_name)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self) -> None:
        """Put all old values back."""
        while self._old:
            setattr(*self._old.pop())

    SmartUnsetAll = CleanUp = UnsetAll

    def __enter__(self) -> "StubOutForTesting":
        return self

    def __exit__(self, *unused: object) -> None:
        self.UnsetAll()

    def __del__(self) -> None:
        self.UnsetAll()


def _run_benchmarks(pattern: str) -> None:
    wanted = re.compile(".*" if pattern == "all" else pattern)
    for one in _benchmarks:
        for name in dir(one):
            if name.startswith("benchmark") and wanted.search(f"{one.__module__}.{one.__name__}.{name}"):
                getattr(one(), name)()


def _benchmark_pattern(argv: list[str]) -> str:
    found = [word.partition("=")[2] for word in argv if word.startswith(("--benchmarks=", "--benchmark_filter="))]
    return found[0] if found else ""


def main(argv: list[str] | None = None) -> None:
    """Run the tests of the module `__main__`, or its benchmarks for `--benchmarks=REGEX`, and exit.

    Args:
        argv: The command line; `sys.argv` by default. Flags that nobody defined are left to `unittest`.
    """
    argv = list(sys.argv if argv is None else argv)
    pattern = _benchmark_pattern(argv)
    words = [word for word in argv if not word.startswith("--benchmark")]

    def start(rest: list[str]) -> None:
        if pattern:
            _run_benchmarks(pattern)
        else:
            absltest.run_tests(rest, [], {})

    app.run(main=start, argv=words, flags_parser=lambda given: flags.FLAGS(given, known_only=True))

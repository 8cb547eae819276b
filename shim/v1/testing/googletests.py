"""`tensorflow.python.platform.googletest` and `benchmark`: absl's test case, and what stands around it."""

from typing import Any

from absl.testing import absltest, parameterized

from onevar.v1 import testing
from onevar.v1.testing.benchmark import Benchmark

TestCase = absltest.TestCase


def GetTempDir() -> str:
    """Return a folder for the files of this process's tests."""
    return testing.get_temp_dir()


def StatefulSessionAvailable() -> bool:
    """Whether there are such sessions: no."""
    return False


def benchmark_config() -> Any:
    """Return the `ConfigProto` that benchmarks run with."""
    from onevar.v1 import export

    return export.exported("ConfigProto")()


class ParameterizedBenchmark(type(parameterized.TestCase)):  # type: ignore[misc]
    """The metaclass of benchmarks with parameters: each of `_benchmark_parameters` is one more method."""

    def __new__(mcs, clsname: str, base: tuple, attrs: dict[str, Any]) -> Any:
        """Return the class, with a method for every parameter of every benchmark.

        Args:
            clsname: Its name.
            base: Its bases.
            attrs: What it has.
        """
        made = dict(attrs)
        for parameters in attrs.get("_benchmark_parameters", ()):
            name, *arguments = parameters
            for key, value in attrs.items():
                if key.startswith("benchmark") and callable(value):
                    made.pop(key, None)
                    made[f"{key}__{name}"] = _bound(value, arguments)
        return super().__new__(mcs, clsname, base, made)


def _bound(method: Any, arguments: list[Any]) -> Any:
    return lambda self: method(self, *arguments)


TensorFlowBenchmark = Benchmark

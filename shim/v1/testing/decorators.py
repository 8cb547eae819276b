"""Decorators for tests, as `tensorflow.python.framework.test_util` has them.

Tests run in graph mode, which is what version 1 is: of a test "in graph and eager modes" the graph's half runs, one for
version 2 only is skipped, and what asks for another control flow, compiler or GPU leaves the test as it is.
"""

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from onevar.core.context import THREAD
from onevar.core.device_spec import DeviceSpec
from onevar.core.tensor_shape import TensorShape
from onevar.v1 import export, testing


def for_all_test_methods(decorator: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Return a class decorator that decorates the test methods.

    Args:
        decorator: Called with the arguments, it returns what decorates a method.
        *args: Its arguments.
        **kwargs: More of them.
    """

    def decorate(cls: Any) -> Any:
        for name in dir(cls):
            value = getattr(cls, name)
            if name.startswith("test") and name != "test_session" and callable(value):
                setattr(cls, name, decorator(*args, **kwargs)(value))
        return cls

    return decorate


def _wrapped(function: Any, around: Callable[..., Any]) -> Any:
    """Return a test, or each of a class, called through `around(function, self, ...)`.

    Parametrised tests arrive as an iterator of their cases, before their names are made; each is wrapped.
    """
    if inspect.isclass(function):
        return for_all_test_methods(lambda: lambda method: _wrapped(method, around))(function)
    if not callable(function):
        raise ValueError(f"a test method or class is wanted. Received: {function!r}.")

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(function, *args, **kwargs)

    return wrapper


def as_it_is(function: Any = None, *unused: Any, **also_unused: Any) -> Any:
    """Return the test unchanged: what the decorator would switch is not there, or is so already.

    Args:
        function: The test; without one (a reason, options) what decorates is returned.
        *unused: More options.
        **also_unused: More options.
    """
    if callable(function):
        return function
    return lambda test: test


def described(description: Any = "", *unused: Any, **also_unused: Any) -> Callable[[Any], Any]:
    """Return a decorator that leaves a test as it is; it is called with a reason.

    Args:
        description: Why; not looked at.
        *unused: More options.
        **also_unused: More options.
    """
    return lambda test: test


@contextlib.contextmanager
def _graph_mode() -> Iterator[None]:
    before, THREAD.eager = THREAD.eager, False
    try:
        yield
    finally:
        THREAD.eager = before


def _in_graph_mode(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with _graph_mode():
        return function(*args, **kwargs)


def deprecated_graph_mode_only(func: Any = None) -> Any:
    """Run a test, or those of a class, in graph mode.

    Args:
        func: The test or the class.
    """
    if func is None:
        return deprecated_graph_mode_only
    return _wrapped(func, _in_graph_mode)


def run_v1_only(reason: Any = None, func: Any = None) -> Any:
    """Run a test with version 1, which this is.

    Args:
        reason: Why not with version 2.
        func: The test; without it, what decorates is returned.
    """
    if callable(reason):
        return reason
    return func if func is not None else lambda test: test


def run_v2_only(func: Any = None, reason: str | None = None) -> Any:
    """Skip a test, or all of a class: it is for version 2.

    Args:
        func: The test or the class; without it, what decorates is returned.
        reason: Why.
    """
    if not callable(func):
        return functools.partial(run_v2_only, reason=reason or func)

    def skip(function: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> None:
        self.skipTest(f"Test is only compatible with v2{f': {reason}' if reason else ''}")

    return _wrapped(func, skip)


def run_in_graph_and_eager_modes(
    func: Any = None, config: Any = None, use_gpu: bool = True, reset_test: bool = True,
    assert_no_eager_garbage: bool = False,
) -> Any:  # fmt: skip
    """Run a test with a session of its own as the default one, in graph mode.

    Args:
        func: The test; without it, what decorates is returned.
        config: The session's configuration.
        use_gpu: Whether operations may ask for other devices than the CPU.
        reset_test: Accepted: there is no second run to prepare for.
        assert_no_eager_garbage: Accepted: there is no eager run.

    Raises:
        ValueError: It decorates a class.
    """

    def decorate(test: Any) -> Any:
        if inspect.isclass(test):
            raise ValueError(
                "`run_in_graph_and_eager_modes` only supports test methods. Did you mean to use "
                "`run_all_in_graph_and_eager_modes`?"
            )

        def in_session(function: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> None:
            with _graph_mode(), self.test_session(use_gpu=use_gpu, config=config):
                function(self, *args, **kwargs)

        return _wrapped(test, in_session)

    return decorate if func is None else decorate(func)


def run_all_in_graph_and_eager_modes(cls: Any) -> Any:
    """Run all tests of a class as `run_in_graph_and_eager_modes` does.

    Args:
        cls: The class.
    """
    for name in dir(cls):
        value = getattr(cls, name)
        eager_only = name.startswith(("testSkipEager", "test_skip_eager"))
        if name.startswith("test") and name != "test_session" and callable(value) and not eager_only:
            setattr(cls, name, run_in_graph_and_eager_modes(value))
    return cls


def build_as_function_and_v1_graph(func: Any = None) -> Any:
    """Run a test in a graph of its own.

    Args:
        func: The test; without it, what decorates is returned.
    """

    def decorate(test: Any) -> Any:
        def in_graph(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with _graph_mode(), export.exported("Graph")().as_default():
                return function(*args, **kwargs)

        return _wrapped(test, in_graph)

    return decorate if func is None else decorate(func)


def _gpu_only(said: str) -> Callable[[Any], Any]:
    def decorate(func: Any = None) -> Any:
        def run(function: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
            if not testing.is_gpu_available():
                self.skipTest(said)
            return function(self, *args, **kwargs)

        return decorate if func is None else _wrapped(func, run)

    return decorate


run_gpu_only = _gpu_only("Test requires GPU")
run_cuda_only = _gpu_only("Test requires CUDA GPU")
run_gpu_or_tpu = _gpu_only("Test requires GPU or TPU")


def skip_if(condition: Any) -> Callable[[Any], Any]:
    """Return a decorator that skips what it decorates if a condition, or what it returns, is true.

    Args:
        condition: A truth value, or a function that returns one.
    """

    def decorate(test: Any) -> Any:
        def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            skip = condition() if callable(condition) else condition
            return None if skip else function(*args, **kwargs)

        return _wrapped(test, run)

    return decorate


@contextlib.contextmanager
def skip_if_error(test_obj: Any, error_type: type[Exception], messages: Any = None) -> Iterator[None]:
    """Skip the test if the block raises an error of a type, whose message has one of some texts.

    Args:
        test_obj: The test.
        error_type: The type.
        messages: A text or several; any message will do without.
    """
    wanted = [messages] if isinstance(messages, str) else list(messages or [])
    try:
        yield
    except error_type as error:
        if wanted and not any(text in str(error) for text in wanted):
            raise
        test_obj.skipTest(f"Skipping error: {type(error)}: {error}")


def assert_no_new_tensors(f: Callable[..., Any]) -> Callable[..., Any]:
    """Leave a test as it is: it counts TensorFlow's tensors, which are none of ours.

    Args:
        f: The test.
    """
    return _wrapped(f, lambda function, self, **kwargs: function(self, **kwargs))


def assert_no_new_pyobjects_executing_eagerly(*args: Any, **kwargs: Any) -> Any:
    """Leave a test as it is: it counts what eager execution leaves behind.

    Args:
        *args: The test, or options.
        **kwargs: Options.
    """
    return args[0] if args and callable(args[0]) else lambda test: test


def with_forward_compatibility_horizons(*horizons: Any) -> Callable[[Any], Any]:
    """Return a decorator that runs a test once for each horizon of forward compatibility.

    Args:
        *horizons: `[year, month, day]`, or None for today's.
    """

    def decorate(test: Any) -> Any:
        def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
            for horizon in horizons:
                if horizon is None:
                    function(*args, **kwargs)
                else:
                    with export.exported("compat.forward_compatibility_horizon")(*horizon):
                        function(*args, **kwargs)

        return _wrapped(test, run)

    return decorate


@contextlib.contextmanager
def device(use_gpu: bool) -> Iterator[None]:
    """Make operations of the block ask for the GPU if there is one and it is wanted, else for the CPU.

    Args:
        use_gpu: Whether it is.
    """
    name = "/device:GPU:0" if use_gpu and testing.is_gpu_available() else "/device:CPU:0"
    with export.exported("device")(name):
        yield


@contextlib.contextmanager
def use_gpu() -> Iterator[None]:
    """Make operations of the block ask for the GPU if there is one."""
    with device(use_gpu=True):
        yield


@contextlib.contextmanager
def force_gpu() -> Iterator[None]:
    """Make operations of the block ask for the GPU."""
    with export.exported("device")("/device:GPU:0"):
        yield


@contextlib.contextmanager
def force_cpu() -> Iterator[None]:
    """Make operations of the block ask for the CPU."""
    with export.exported("device")("/device:CPU:0"):
        yield


@contextlib.contextmanager
def deterministic_ops() -> Iterator[None]:
    """Nothing: the frameworks decide whether what they compute is the same every time."""
    yield


def generate_combinations_with_testcase_name(**kwargs: Any) -> list[dict[str, Any]]:
    """Return one dictionary for each combination of the options, named for `parameterized.named_parameters`.

    Args:
        **kwargs: Lists of values by name.
    """
    keys = sorted(kwargs)
    out = []
    for values in itertools.product(*(kwargs[key] for key in keys)):
        one = dict(zip(keys, values, strict=True))
        words = (str(word) for pair in one.items() for word in pair)
        parts = ("".join(filter(str.isalnum, word)) for word in words)
        out.append({**one, "testcase_name": f"_test_{'_'.join(parts)}"})
    return out


def _dims(value: Any) -> tuple[list, bool]:
    if isinstance(value, list | tuple | TensorShape):
        return list(value), True
    return value.shape.as_list(), False


def NHWCToNCHW(input_tensor: Any) -> Any:
    """Move the channels of a batch of pictures or volumes in front, of the tensor or of a list of sizes.

    Args:
        input_tensor: A tensor, or sizes.
    """
    return _permuted(input_tensor, {4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3]})


def NCHWToNHWC(input_tensor: Any) -> Any:
    """Move the channels of a batch of pictures or volumes to the end, of the tensor or of a list of sizes.

    Args:
        input_tensor: A tensor, or sizes.
    """
    return _permuted(input_tensor, {4: [0, 2, 3, 1], 5: [0, 2, 3, 4, 1]})


def _permuted(value: Any, orders: dict[int, list[int]]) -> Any:
    sizes, plain = _dims(value)
    order = orders[len(sizes)]
    return [sizes[at] for at in order] if plain else export.exported("transpose")(value, order)


def NHWCToNCHW_VECT_C(input_shape_or_tensor: Any) -> Any:
    """Move the channels in front, and every four of them to the end.

    Args:
        input_shape_or_tensor: A tensor, or sizes.

    Raises:
        ValueError: The channels are no multiple of four.
    """
    sizes, plain = _dims(input_shape_or_tensor)
    order = {4: [0, 3, 1, 2, 4], 5: [0, 4, 1, 2, 3, 5]}[len(sizes)]
    if sizes[-1] % 4 != 0:
        raise ValueError("Last dimension of NHWC must be evenly divisible by 4 to convert to NCHW_VECT_C.")
    split = [*sizes[:-1], sizes[-1] // 4, 4]
    if plain:
        return [split[at] for at in order]
    return export.exported("transpose")(export.exported("reshape")(input_shape_or_tensor, split), order)


def NCHW_VECT_CToNHWC(input_shape_or_tensor: Any) -> Any:
    """Put channels that were split by four together at the end.

    Args:
        input_shape_or_tensor: A tensor, or sizes.

    Raises:
        ValueError: The last size is not four.
    """
    sizes, plain = _dims(input_shape_or_tensor)
    order = {5: [0, 2, 3, 1, 4], 6: [0, 2, 3, 4, 1, 5]}[len(sizes)]
    if sizes[-1] != 4:
        raise ValueError("Last dimension of NCHW_VECT_C must be 4.")
    moved = [sizes[at] for at in order]
    joined = [*moved[:-2], moved[-2] * moved[-1]]
    if plain:
        return joined
    return export.exported("reshape")(export.exported("transpose")(input_shape_or_tensor, order), joined)


def canonical_name(device_name: Any) -> str:
    """Return a device's name in full words; nothing for None.

    Args:
        device_name: A name, or a `DeviceSpec`.
    """
    if device_name is None:
        return ""
    spec = DeviceSpec.from_string(device_name) if isinstance(device_name, str) else device_name
    return spec.to_string()

"""`tf.config`, `tf.sysconfig`, `tf.debugging`'s switches, `tf.autograph`: what has little to switch here."""

import enum
import inspect
import os
from collections.abc import Callable
from typing import Any

from onevar.errors import Unsupported
from onevar.v1.export import export, export_value, is_value, when_loaded

# -- tf.config ----------------------------------------------------------------------------------------------

_settings: dict[str, Any] = {
    "threading.inter_op_parallelism_threads": 0,
    "threading.intra_op_parallelism_threads": 0,
    "optimizer.jit": "",
    "optimizer.experimental_options": {},
    "experimental.device_policy": "silent",
    "experimental.synchronous_execution": True,
    "experimental.tensor_float_32_execution": True,
}


def _pair(package: str, name: str, argument: str) -> None:
    """Export what gets and what sets one of TensorFlow's settings: they are kept, and the frameworks have their own."""
    key = f"{package}.{name}"

    def get() -> Any:
        return _settings[key]

    def change(value: Any) -> None:
        _settings[key] = value

    get.__doc__ = f"Return what `tf.config.{package}.set_{name}` was given."
    change.__doc__ = f"Keep `{argument}`, which the frameworks do not look at: they have settings of their own."
    for verb, function in (("get", get), ("set", change)):
        function.__name__ = function.__qualname__ = f"{verb}_{name}"
        export(f"config.{package}.{verb}_{name}")(function)


for _package, _name, _argument in (
    ("threading", "inter_op_parallelism_threads", "num_threads"),
    ("threading", "intra_op_parallelism_threads", "num_threads"),
    ("optimizer", "jit", "enabled"),
    ("optimizer", "experimental_options", "options"),
    ("experimental", "device_policy", "device_policy"),
    ("experimental", "synchronous_execution", "enable"),
):
    _pair(_package, _name, _argument)


@export("config.experimental.set_memory_growth")
def set_memory_growth(device: Any, enable: bool) -> None:
    """Accepted: how memory grows is the framework's affair.

    Args:
        device: A physical device.
        enable: Whether it is to grow.
    """


@export("config.experimental.get_memory_growth")
def get_memory_growth(device: Any) -> bool:
    """Return True: what is not needed is not taken.

    Args:
        device: A physical device.
    """
    return True


@export("config.experimental.enable_tensor_float_32_execution")
def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Keep whether matrix products may be of less precision; the framework has a setting of its own.

    Args:
        enabled: Whether they may.
    """
    _settings["experimental.tensor_float_32_execution"] = enabled


@export("config.experimental.tensor_float_32_execution_enabled")
def tensor_float_32_execution_enabled() -> bool:
    """Return what `enable_tensor_float_32_execution` was given."""
    return _settings["experimental.tensor_float_32_execution"]


for _names, _meaning in (
    (
        "enable_v2_behavior enable_v2_tensorshape enable_tensor_equality",
        "Programs of TensorFlow 1 that call it ask for TensorFlow 2, which onevar is not.",
    ),
):
    for _name in _names.split():

        def _refuse(name: str = _name, meaning: str = _meaning) -> None:
            raise Unsupported(f"tf.{name}(): {meaning} Leave the call out, or run the program on TensorFlow.")

        _refuse.__name__ = _refuse.__qualname__ = _name
        _refuse.__doc__ = f"Refuse: {_meaning}"
        export_value(_name, _refuse)


# -- tf.debugging ---------------------------------------------------------------------------------------------

_logs_placement = [False]


@export("debugging.get_log_device_placement")
def get_log_device_placement() -> bool:
    """Return what `set_log_device_placement` was given."""
    return _logs_placement[0]


@export("debugging.set_log_device_placement")
def set_log_device_placement(enabled: bool) -> None:
    """Keep whether placement is logged; there is one device to a Session here.

    Args:
        enabled: Whether it is.
    """
    _logs_placement[0] = enabled


def _accepted(*names: str) -> None:
    for name in names:

        def function(*args: Any, **kwargs: Any) -> None:
            return None

        function.__name__ = function.__qualname__ = name.rpartition(".")[2]
        function.__doc__ = "Accepted: there is nothing to switch."
        export_value(name, function)


_accepted(
    "debugging.enable_traceback_filtering", "debugging.disable_traceback_filtering",
    "debugging.disable_check_numerics", "debugging.experimental.disable_dump_debug_info", "autograph.set_verbosity",
    "autograph.experimental.set_loop_options", "contrib.autograph.set_element_type",
)  # fmt: skip


@export("debugging.is_traceback_filtering_enabled")
def is_traceback_filtering_enabled() -> bool:
    """Return False: tracebacks are shown whole."""
    return False


@export("debugging.enable_check_numerics")
def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Refuse: operations are not watched one by one.

    Args:
        stack_height_limit: Of what would be shown.
        path_length_limit: The same.

    Raises:
        Unsupported: Always; `tf.add_check_numerics_ops` watches a graph.
    """
    raise Unsupported("tf.debugging.enable_check_numerics: watch a graph with tf.add_check_numerics_ops().")


# -- tf.sysconfig -----------------------------------------------------------------------------------------------

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _without_headers(name: str) -> Callable[[], Any]:
    def function() -> Any:
        raise Unsupported(
            f"tf.sysconfig.{name}(): there are no headers and no library to build TensorFlow's ops with. Write the op "
            "with tf.py_func, or of ops that there are."
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Refuse: there is nothing to build TensorFlow's ops with."
    return function


for _name in ("get_include", "get_lib", "get_compile_flags", "get_link_flags"):
    export_value(f"sysconfig.{_name}", _without_headers(_name))


@export("sysconfig.get_build_info")
def get_build_info() -> dict[str, Any]:
    """Return what TensorFlow was built with: it was not."""
    return {"is_cuda_build": False, "is_rocm_build": False, "is_tensorrt_build": False}


for _name, _value in (("CXX11_ABI_FLAG", 1), ("CXX_VERSION", 201703), ("MONOLITHIC_BUILD", 0)):
    export_value(_name, _value)
    export_value(f"sysconfig.{_name}", _value)


# -- tf.autograph -------------------------------------------------------------------------------------------------


@export("autograph.to_graph")
def to_graph(
    entity: Any, recursive: bool = True, arg_values: Any = None, arg_types: Any = None,
    experimental_optional_features: Any = None,
) -> Any:  # fmt: skip
    """Refuse: Python's control flow is not rewritten.

    Args:
        entity: A function.
        recursive: Whether what it calls too.
        arg_values: Accepted.
        arg_types: Accepted.
        experimental_optional_features: Accepted.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported(
        "tf.autograph.to_graph: Python's `if` and `while` are not rewritten. Use tf.cond and tf.while_loop, which "
        f"{getattr(entity, '__name__', entity)} would have become."
    )


@export("autograph.to_code")
def to_code(entity: Any, *args: Any, **kwargs: Any) -> str:
    """Return the source of a function: it is not rewritten.

    Args:
        entity: The function.
        *args: Accepted.
        **kwargs: Accepted.
    """
    return inspect.getsource(entity)


@export("autograph.experimental.do_not_convert")
def do_not_convert(func: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return a function unchanged.

    Args:
        func: The function; None gives a decorator.
        *args: Accepted.
        **kwargs: Accepted.
    """
    return func if func is not None else (lambda function: function)


@export("autograph.experimental.Feature")
class Feature(enum.Enum):
    """What would be rewritten."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"


# -- tf.contrib.memory_stats --------------------------------------------------------------------------------------


def _memory(name: str) -> None:
    if is_value(f"contrib.memory_stats.{name}"):
        return

    def function() -> Any:
        raise Unsupported(
            f"tf.contrib.memory_stats.{name}: ask the framework: torch.cuda, jax.live_arrays, tracemalloc."
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Refuse: memory is counted by the framework."
    export_value(f"contrib.memory_stats.{name}", function)


def _offer_memory() -> None:
    for name in ("BytesInUse", "BytesLimit", "MaxBytesInUse"):
        _memory(name)


when_loaded(_offer_memory)

"""How a new variable of `tf.get_variable` gets its initial value."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from onevar.core.dtype import DType
from onevar.v1.init_ops import glorot_uniform_initializer, zeros_initializer
from onevar.v1.partitioned_variable import PartitionInfo


def default_initializer(name: str, dtype: DType) -> Callable:
    """Return what initialises a variable that says nothing: glorot_uniform for floats, else zeros.

    Args:
        name: For the message.
        dtype: Of the variable.

    Raises:
        ValueError: There is no default for the dtype.
    """
    if dtype.is_floating:
        return glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_unsigned or dtype.is_bool or dtype.base_dtype.name == "string":
        return zeros_initializer()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")


def bound(initializer: Any, shape: Any, dtype: DType, info: PartitionInfo | None) -> tuple[Callable, DType | None]:
    """Return the initializer as a function without arguments, and the dtype that the variable then has.

    Args:
        initializer: A function, or a class of such.
        shape: Of the variable, or None.
        dtype: Of the variable.
        info: Which part of a partitioned variable it is.

    Raises:
        ValueError: It needs arguments, and there is no complete shape to call it with.
    """
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape is not None and shape.is_fully_defined():
        if takes(initializer, "partition_info", by_keywords=False):
            return functools.partial(initializer, shape.as_list(), dtype=dtype, partition_info=info), dtype.base_dtype
        return functools.partial(initializer, shape.as_list(), dtype=dtype), dtype.base_dtype
    if _needs_no_arguments(initializer):
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid. It should be a callable with no arguments and the shape should not be "
        "provided or an instance of `tf.keras.initializers.*' and `shape` should be fully defined."
    )


def _parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # built-in functions that do not tell
        return []


def takes(function: Any, name: str, by_keywords: bool = True) -> bool:
    """Whether a function has a parameter of that name.

    Args:
        function: Any callable.
        name: Of the parameter.
        by_keywords: Whether `**kwargs` counts.
    """
    return any(
        p.name == name or (by_keywords and p.kind is inspect.Parameter.VAR_KEYWORD) for p in _parameters(function)
    )


def _needs_no_arguments(function: Any) -> bool:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(p.default is not p.empty or p.kind in variadic for p in _parameters(function))

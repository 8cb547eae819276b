"""Checks: `tf.assert_equal`, `tf.assert_rank` and the like. What is known while the graph is built is checked then."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core import op_errors
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import no_op
from onevar.v1.math_ops_elementwise import abs_
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.sparse_types import SparseTensor


def prefix(message: str | None) -> str:
    """Return a caller's message as the beginning of one of ours.

    Args:
        message: The message, or None.
    """
    return f"{message}.  " if message else ""


def name_of(tensor: Any) -> str:
    """Return what messages call a tensor.

    Args:
        tensor: A tensor of a graph, or a framework's own.
    """
    if isinstance(tensor, Tensor):
        return tensor.name
    return f"shape={shape_of(tensor)} dtype={dtype_of(tensor).name}"


@export("Assert", "debugging.Assert")
def assert_(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Any:
    """Return an operation that fails unless `condition` holds; see `tf.debugging.Assert`.

    Raises:
        InvalidArgumentError: Eagerly, at once.
    """
    if executing_eagerly():
        if not bool(np.all(np.asarray(condition))):
            listed = "\n".join(_summary(item, summarize) for item in data)
            message = f"Expected '{condition}' to be true. Summarized data: {listed}"
            raise op_errors.InvalidArgumentError(None, None, message)
        return None
    # TensorFlow puts the operation into a tf.cond unless the data are on the host already; here data that only a
    # failing check needs is the engine's concern.
    with name_scope(name, "Assert", [condition, data]):
        tensors = [convert_to_tensor(item) for item in data]
        if all(dtype_of(tensor).name in ("string", "int32") for tensor in tensors):
            tensors = list(data)  # what TensorFlow does not put into a tf.cond it converts a second time
        return op("Assert", condition=condition, data=tensors, summarize=summarize, name="Assert")


def _summary(item: Any, summarize: int | None) -> str:
    flat = np.asarray(item).reshape(-1)
    count = 3 if summarize is None else flat.size if summarize < 0 else summarize
    return ", ".join([str(x) for x in flat[:count]] + (["..."] if flat.size > count else []))


def _static(condition: bool, data: Sequence[Any]) -> None:
    if condition:
        return
    shown = []
    for item in data:
        known = constant_value(item) if isinstance(item, Tensor) else item
        shown.append(str(item if known is None else known))
    raise op_errors.InvalidArgumentError(None, None, "\n".join(shown))


def _compare(
    symbol: str, op_type: str, static: Callable[..., Any], x: Any, y: Any, data: Any, summarize: int | None,
    message: str | None, scope: tuple[str | None, str],
) -> Any:  # fmt: skip
    with name_scope(*scope, [x, y, data]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y")
        if data is None:
            held = "Condition x {} y did not hold{}".format(symbol, "." if executing_eagerly() else " element-wise:")
            data = [held, f"x ({name_of(x)}) = ", x, f"y ({name_of(y)}) = ", y]
        if message is not None:
            data = [message, *data]
        condition = reduce_all(op(op_type, x=x, y=y))
        if executing_eagerly():
            _static(bool(np.asarray(condition)), data)
            return None
        x_known, y_known = constant_value(x), constant_value(y)
        if x_known is not None and y_known is not None:
            _static(bool(np.all(static(x_known, y_known))), data)
        return assert_(condition, data, summarize=summarize)


def _binary(symbol: str, op_type: str, static: Callable[..., Any], function_name: str) -> Callable[..., Any]:
    def function(
        x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        if function_name == "assert_equal":
            with name_scope(name, function_name, [x, y, data]):
                if x is y:
                    return no_op()
        return _compare(symbol, op_type, static, x, y, data, summarize, message, (name, function_name))

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Check that `x {symbol} y` holds everywhere; see `tf.compat.v1.{function_name}`."
    return export(function_name, f"debugging.{function_name}")(function)


assert_equal = _binary("==", "Equal", np.equal, "assert_equal")
assert_none_equal = _binary("!=", "NotEqual", np.not_equal, "assert_none_equal")
assert_less = _binary("<", "Less", np.less, "assert_less")
assert_less_equal = _binary("<=", "LessEqual", np.less_equal, "assert_less_equal")
assert_greater = _binary(">", "Greater", np.greater, "assert_greater")
assert_greater_equal = _binary(">=", "GreaterEqual", np.greater_equal, "assert_greater_equal")


def _unary(symbol: str, function_name: str, check: Callable[..., Any], zero_first: bool) -> Callable[..., Any]:
    def function(
        x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
    ) -> Any:
        with name_scope(name, function_name, [x, data]):
            x = convert_to_tensor(x, name="x")
            if data is None:
                held = f"Condition x {symbol} 0 did not hold element-wise:"
                data = [prefix(message), held, f"x ({name_of(x)}) = ", x]
                if function_name == "assert_non_positive":
                    data = [data[0], data[1] + data[2], x]  # TensorFlow has no comma there
            zero = convert_to_tensor(0, dtype=dtype_of(x))
            sides = (zero, x) if zero_first else (x, zero)
            return check(*sides, data=data, summarize=summarize)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Check that `x {symbol} 0` holds everywhere; see `tf.compat.v1.{function_name}`."
    return export(function_name, f"debugging.{function_name}")(function)


assert_negative = _unary("<", "assert_negative", assert_less, False)
assert_positive = _unary(">", "assert_positive", assert_less, True)
assert_non_negative = _unary(">=", "assert_non_negative", assert_less_equal, True)
assert_non_positive = _unary("<=", "assert_non_positive", assert_less_equal, False)


@export("assert_near", "debugging.assert_near")
def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: int | None = None,
    message: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Check that `x` is close to `y`; see `tf.compat.v1.assert_near`."""
    with name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = convert_to_tensor(x, name="x")
        kind = dtype_of(x)
        y = convert_to_tensor(y, name="y", dtype=kind)
        kind = kind.real_dtype
        default = 10 * np.finfo(kind.as_numpy_dtype).eps
        rtol = convert_to_tensor(default if rtol is None else rtol, name="rtol", dtype=kind)
        atol = convert_to_tensor(default if atol is None else atol, name="atol", dtype=kind)
        if data is None:
            held = f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}"
            data = [prefix(message), held, f"x ({name_of(x)}) = ", x, f"y ({name_of(y)}) = ", y]
        tolerance = atol + rtol * abs_(y)
        return assert_(reduce_all(op("Less", x=abs_(x - y), y=tolerance)), data, summarize=summarize)


@export("assert_proper_iterable", "debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Check that `values` is a collection, not one value; see `tf.debugging.assert_proper_iterable`.

    Raises:
        TypeError: It is not.
    """
    if isinstance(values, Tensor | SparseTensor | np.ndarray | bytes | str):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


@export("assert_integer", "debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Check that a tensor is of an integer type; see `tf.compat.v1.assert_integer`.

    Raises:
        TypeError: It is not.
    """
    with name_scope(name, "assert_integer", [x]):
        x = convert_to_tensor(x, name="x")
        if not dtype_of(x).is_integer:
            found = x.name if isinstance(x, Tensor) else "tensor"
            raise TypeError(f'{prefix(message)}Expected "x" to be integer type.  Found: {found} of dtype {dtype_of(x)}')
        return no_op("statically_determined_was_integer")


@export("assert_type", "debugging.assert_type")
def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """Check that a tensor is of a dtype; see `tf.compat.v1.assert_type`.

    Raises:
        TypeError: It is not.
    """
    wanted = as_dtype(tf_type)
    with name_scope(name, "assert_type", [tensor]):
        if not isinstance(tensor, SparseTensor):
            tensor = convert_to_tensor(tensor, name="tensor")
        if dtype_of(tensor) is not wanted:
            found = getattr(tensor, "name", "tensor")
            raise TypeError(f"{prefix(message)}{found} must be of type {wanted!r}; got {dtype_of(tensor)!r}")
        return no_op("statically_determined_correct_type")


@export("assert_scalar", "debugging.assert_scalar")
def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """Return a tensor that must be a scalar; see `tf.compat.v1.assert_scalar`.

    Raises:
        ValueError: It is not.
    """
    with name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name=scope)
        found = shape_of(tensor)
        if found.rank != 0:
            where = f" for {tensor.name}" if isinstance(tensor, Tensor) else ""
            raise ValueError(f"{prefix(message)}Expected scalar shape{where}, saw shape: {found}.")
        return tensor


@export("assert_same_float_dtype", "debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """Return the one floating dtype of several tensors; see `tf.debugging.assert_same_float_dtype`.

    Raises:
        ValueError: They differ, or it is not a floating one.
    """
    first = None
    for item in (t for t in tensors or () if t is not None):
        kind = dtype_of(item)
        if not dtype:
            dtype, first = kind, getattr(item, "name", str(item))
        elif dtype != kind:
            origin = f" as {first}" if first else ""
            shown = getattr(item, "name", str(item))
            raise ValueError(f"{shown}, type={kind}, must be of the same type ({dtype}){origin}.")
    if not dtype:
        return dtypes.float32
    if not dtype.is_floating:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


@export("ensure_shape")
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor whose shape is checked when it is computed; see `tf.ensure_shape`."""
    return op("EnsureShape", input=x, shape=shape, name=name)


@export("check_numerics", "debugging.check_numerics")
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Return a tensor whose elements must be finite; see `tf.debugging.check_numerics`."""
    return op("CheckNumerics", tensor=tensor, message=message, name=name)


@export("is_numeric_tensor", "debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Whether this is a tensor of numbers; see `tf.debugging.is_numeric_tensor`."""
    return isinstance(tensor, Tensor) and tensor.dtype.is_numeric and not tensor.dtype._is_ref_dtype

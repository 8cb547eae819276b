"""What the arguments of layers may be: modes, data formats, sizes for each axis, paddings."""

from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import placeholder_with_default
from onevar.v1.common import is_tensor
from onevar.v1.control_flow_ops import cond
from onevar.v1.init_scopes import init_scope
from onevar.v1.variables import Variable

_phases: WeakKeyDictionary[Graph, Any] = WeakKeyDictionary()


def learning_phase() -> Any:
    """Return Keras's placeholder of a graph for whether it is training: false where it is not fed."""
    graph = get_default_graph()
    while graph.outer is not None:
        graph = graph.outer
    if executing_eagerly():
        return False
    if graph not in _phases:
        with init_scope(), name_scope(None):
            _phases[graph] = placeholder_with_default(False, shape=[], name="keras_learning_phase")
    return _phases[graph]


def known_mode(training: Any) -> bool | None:
    """Return whether it is training; None where only the graph's run says so.

    Args:
        training: A bool, 0, 1, a tensor or a Variable.

    Raises:
        TypeError: It is something else.
    """
    if is_tensor(training):
        if executing_eagerly():
            return bool(training)
        value = None if isinstance(training, Variable) else constant_value(training)
        return None if value is None else bool(value)
    if training not in {0, 1}:
        raise TypeError(
            f"Argument `pred` must be a Tensor, or a Python bool, or 1 or 0. Received: pred={training} of type "
            f"{type(training).__name__}"
        )
    return bool(training)


def by_mode(training: Any, true_fn: Any, false_fn: Any) -> Any:
    """Return what one of two functions returns: the first in training, which may be known now or when the graph runs.

    Args:
        training: A bool, 0, 1, a tensor or a Variable; None is `learning_phase()`.
        true_fn: A function without arguments.
        false_fn: The same.

    Raises:
        TypeError: `training` is something else.
    """
    training = learning_phase() if training is None else training
    mode = known_mode(training)
    if mode is None:
        return cond(training, true_fn, false_fn)
    return true_fn() if mode else false_fn()


def standard_data_format(data_format: Any) -> str:
    """Return `"channels_first"` or `"channels_last"`, whatever the case of the argument's letters.

    Args:
        data_format: The argument; None is `"channels_last"`.

    Raises:
        ValueError: It is something else.
    """
    found = "channels_last" if data_format is None else data_format.lower()
    if found not in {"channels_first", "channels_last"}:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". Received: ' + str(data_format)
        )
    return found


def standard_tuple(value: Any, count: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """Return a tuple of one integer for each axis.

    Args:
        value: The tuple, or one integer for all axes.
        count: How many axes there are.
        name: Of the argument.
        allow_zero: Whether 0 may be among them.

    Raises:
        ValueError: There are others than `count`, or they are no integers, or too small.
    """
    problem = f"The `{name}` argument must be a tuple of {count} integers. Received: {value}"
    if isinstance(value, int):
        sizes: tuple[Any, ...] = (value,) * count
    else:
        try:
            sizes = tuple(value)
        except TypeError:
            raise ValueError(problem) from None
        if len(sizes) != count:
            raise ValueError(problem)
        for size in sizes:
            try:
                int(size)
            except (ValueError, TypeError):
                raise ValueError(f"{problem}including element {size} of type {type(size)}") from None
    bad = {size for size in sizes if size < (0 if allow_zero else 1)}
    if bad:
        raise ValueError(
            f"{problem} including {bad} that does not satisfy the requirement `{'>= 0' if allow_zero else '> 0'}`."
        )
    return sizes


def standard_padding(value: Any) -> Any:
    """Return `"valid"`, `"same"` or `"causal"`, whatever the case of the argument's letters.

    Args:
        value: The argument; lists and tuples are left as they are.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, list | tuple):
        return value
    found = value.lower()
    if found not in {"valid", "same", "causal"}:
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", only for `Conv1D). '
            f"Received: {found}"
        )
    return found


def tf_data_format(data_format: str, rank: int) -> str:
    """Return what TensorFlow's operations call a data format: `"NHWC"`, `"NCDHW"`.

    Args:
        data_format: `"channels_last"` or `"channels_first"`.
        rank: 3, 4 or 5, with the batch and the channels.
    """
    axes = "DHW"[5 - rank :]
    return f"N{axes}C" if data_format == "channels_last" else f"NC{axes}"


def conv_length(length: int | None, size: int, stride: int, dilation: int, padding: Any) -> int | None:
    """Return how long an axis is after a convolution.

    Args:
        length: Before; None is not known.
        size: Of the kernel along this axis.
        stride: The step along it.
        dilation: The distance between two elements of the kernel.
        padding: `"same"`, `"valid"` or `"causal"`.
    """
    if length is None:
        return None
    if padding == "valid":
        length -= (size - 1) * dilation
    return (length + stride - 1) // stride


def transposed_length(length: Any, size: int, stride: int, dilation: int, padding: str, extra: int | None) -> Any:
    """Return how long an axis is after a transposed convolution: as a number, or as a tensor if it was one.

    Args:
        length: Before; None is not known.
        size: Of the kernel along this axis.
        stride: The step along it.
        dilation: The distance between two elements of the kernel.
        padding: `"same"` or `"valid"`.
        extra: How much is added, or None.
    """
    if length is None:
        return None
    size += (size - 1) * (dilation - 1)
    if extra is not None:
        return (length - 1) * stride + size - 2 * (size // 2 if padding == "same" else 0) + extra
    return length * stride if padding == "same" else length * stride + max(size - stride, 0)

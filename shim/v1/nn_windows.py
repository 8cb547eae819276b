"""What convolutions and pools share: arguments that may be a number or a list, explicit padding, several batch axes."""

from collections.abc import Callable, Sequence, Sized
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import concat, reshape, shape
from onevar.v1.common import dims_of, set_shape

CHANNELS_LAST = frozenset({"NWC", "NHC", "NHWC", "NWHC", "NDHWC", "NDWHC", "NHDWC", "NHWDC", "NWDHC", "NWHDC"})


def sequence(value: Any, n: int, channel_index: int, name: str) -> list[Any]:
    """Return one entry for each axis from a number, an entry for each spatial axis, or one for every axis.

    Args:
        value: What was given; None means ones.
        n: The number of spatial axes.
        channel_index: Where the channels are.
        name: Of the argument.

    Raises:
        ValueError: The length is none of these.
    """
    if value is None:
        return [1] * (n + 2)
    found = list(value) if isinstance(value, Sized) else [value]  # type: ignore[call-overload]
    if len(found) == n + 2:
        return found
    if len(found) == 1:
        found *= n
    elif len(found) != n:
        raise ValueError(
            f"{name} should be of length 1, {n} or {n + 2}. Received: {name}={found} of length {len(found)}"
        )
    return [1, 1, *found] if channel_index == 1 else [1, *found, 1]


def convert_padding(padding: Any, expected_length: int = 4) -> tuple[Any, list[int]]:
    """Return the attributes `padding` and `explicit_paddings`.

    Args:
        padding: A name, or a pair for each axis.
        expected_length: The number of pairs.

    Raises:
        ValueError: The pairs are none, or as many as they must not be.
    """
    if padding == "EXPLICIT":
        raise ValueError(
            "'EXPLICIT' is not a valid value for `padding`. To use explicit padding, `padding` must be a list."
        )
    if not isinstance(padding, list | tuple):
        return padding, []
    explicit: list[int] = []
    for i, pair in enumerate(padding):
        if not isinstance(pair, list | tuple):
            raise ValueError(
                "When `padding` is a list, each element of `padding` must be a list/tuple of size 2. Received: "
                f"padding={padding} with element at index {i} of type {type(pair)}"
            )
        if len(pair) != 2:
            raise ValueError(
                "When `padding` is a list, each element of `padding` must be a list/tuple of size 2. Received: "
                f"padding={padding} with element at index {i} of size {len(pair)}"
            )
        explicit.extend(pair)
    if len(padding) != expected_length:
        raise ValueError(
            f"When padding is a list, it must be of size {expected_length}. "
            f"Received: padding={padding} of size {len(padding)}"
        )
    return "EXPLICIT", explicit


def given_dims(x: Any) -> Sequence[int | None] | None:
    """Return the dimensions of a tensor, an array, or anything that becomes one.

    Args:
        x: It.
    """
    return dims_of(x if hasattr(x, "shape") else convert_to_tensor(x))


def squeeze_batch_dims(x: Any, function: Callable[[Any], Any], inner_rank: int, name: str | None = None) -> Any:
    """Return `function` of a tensor with its batch axes made one, and the result with them again.

    Args:
        x: The tensor.
        function: What is done to it.
        inner_rank: The number of axes that are no batch axes.
        name: Of the scope.
    """
    with name_scope(name, "squeeze_batch_dims", [x]):
        x = convert_to_tensor(x, name="input")
        dims = dims_of(x) or ()
        inner: Any = list(dims[-inner_rank:])
        if None in inner:
            inner = shape(x)[-inner_rank:]
        batch: Any = list(dims[:-inner_rank])
        if None in batch:
            batch = shape(x)[:-inner_rank]
        if isinstance(inner, list):
            flat = reshape(x, [-1, *inner])
        else:
            flat = reshape(x, concat(([-1], inner), axis=-1))
        found = function(flat)
        outer: Any = list((dims_of(found) or ())[-inner_rank:])
        if None in outer:
            outer = shape(found)[-inner_rank:]
        result = reshape(found, concat((batch, outer), axis=-1))
        set_shape(result, [*dims[:-inner_rank], *(dims_of(result) or ())[-inner_rank:]])
        return result

"""Convolution and pooling in JAX, in forms that XLA makes fast code of on a CPU and whose gradients are fast there too.

XLA's own gradients of pools (`select_and_scatter`) and of convolutions with respect to the filters are several times
slower there than sums of slices and products of matrices. A GPU gets XLA's own convolutions.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from onevar.adapters.convolution import along, elements, lowest

Pads = Sequence[tuple[int, int]]

#: Windows of more positions along all axes together are left to XLA's `reduce_window`.
LARGEST = 64
# With fewer channels XLA's own gradient of the filters is faster.
_FEW = 8
_LETTERS = {1: "W", 2: "HW", 3: "DHW"}


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _xla(
    x: Any, filters: Any, *, strides: Sequence[int], padding: Pads, dilations: Sequence[int], groups: int = 1,
    channels_first: bool = False,
) -> jax.Array:  # fmt: skip
    letters = _LETTERS[x.ndim - 2]
    layout = f"NC{letters}" if channels_first else f"N{letters}C"
    return lax.conv_general_dilated(
        x, filters, strides, list(padding), rhs_dilation=dilations, feature_group_count=groups,
        dimension_numbers=(layout, f"{letters}IO", layout),
    )  # fmt: skip


def _slices(x: Any, kernel: Sequence[int], sizes: Sequence[int], strides: Any, padding: Pads, dilations: Any) -> Any:
    """Yield, for each position in the kernel, what all windows have there."""
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*pair, 0) for pair in padding), (0, 0, 0)])
    for position in product(*map(range, kernel)):
        starts = [i * d for i, d in zip(position, dilations, strict=True)]
        ends = [at + (n - 1) * s + 1 for at, n, s in zip(starts, sizes, strides, strict=True)]
        yield position, lax.slice(x, (0, *starts, 0), (x.shape[0], *ends, x.shape[-1]), (1, *strides, 1))


def _filters_transpose(gradient: Any, x: Any, sizes: Sequence[int], **how: Any) -> jax.Array:
    """Return the gradient with respect to the filters: a product of matrices for each position."""
    outer, inner = gradient.shape[-1], x.shape[-1]
    flat = jnp.reshape(gradient, (-1, outer))
    found = [
        lax.dot_general(jnp.reshape(part, (-1, inner)), flat, (((0,), (0,)), ((), ())))
        for _, part in _slices(x, sizes, gradient.shape[1:-1], **how)
    ]
    return jnp.reshape(jnp.stack(found), (*sizes, inner, outer))


def _with_respect_to_filters(gradient: Any, x: Any, filters: Any, **how: Any) -> jax.Array:
    return _filters_transpose(gradient, x, filters.aval.shape[:-2], **how)


def _with_respect_to_input(gradient: Any, x: Any, filters: Any, **how: Any) -> jax.Array:
    like = jax.ShapeDtypeStruct(x.aval.shape, x.aval.dtype)
    (found,) = jax.linear_transpose(lambda x: _xla(x, filters, **how), like)(gradient)
    return found


def _batched(arguments: Sequence[Any], axes: Sequence[Any], **how: Any) -> tuple[Any, int]:
    return jax.vmap(partial(_xla, **how), axes)(*arguments), 0


def _abstract(x: Any, filters: Any, **how: Any) -> Any:
    found = jax.eval_shape(partial(_xla, **how), *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (x, filters)))
    return jax.core.ShapedArray(found.shape, found.dtype)


# XLA's convolution, with a gradient of the filters of our own. A primitive and no `custom_vjp`: derivatives
# of any order, forward and reverse, go through it.
_convolution = Primitive("onevar_conv")
_convolution.def_impl(jax.jit(_xla, static_argnames=("strides", "padding", "dilations")))
_convolution.def_abstract_eval(_abstract)
mlir.register_lowering(_convolution, mlir.lower_fun(_xla, multiple_results=False))
ad.defbilinear(_convolution, _with_respect_to_input, _with_respect_to_filters)
batching.primitive_batchers[_convolution] = _batched


def _to_last(x: jax.Array) -> jax.Array:
    return jnp.moveaxis(x, 1, -1)


def _depthwise(x: jax.Array, filters: jax.Array, strides: Any, padding: Pads, dilations: Any) -> jax.Array:
    """One input channel a group: a sum of products, position by position, which XLA fuses."""
    *kernel, _, outer = filters.shape
    times = outer // x.shape[-1]
    spatial = zip(x.shape[1:-1], kernel, strides, padding, dilations, strict=True)
    sizes = [(n + sum(pair) - (m - 1) * d - 1) // s + 1 for n, m, s, pair, d in spatial]
    if min(sizes) <= 0:
        return _xla(x, filters, strides=strides, padding=padding, dilations=dilations, groups=x.shape[-1])
    total: Any = None
    for position, part in _slices(x, kernel, sizes, strides, padding, dilations):
        part = jnp.repeat(part, times, -1) if times > 1 else part
        term = part * filters[(*position, 0)]
        total = term if total is None else total + term
    return total


def _conv(
    x: jax.Array, filters: jax.Array, strides: Sequence[int], padding: Pads, dilations: Sequence[int], groups: int,
    channels_first: bool,
) -> jax.Array:  # fmt: skip
    x, filters = jnp.asarray(x), jnp.asarray(filters)
    how: dict[str, Any] = {
        "strides": tuple(strides), "padding": tuple(map(tuple, padding)), "dilations": tuple(dilations),
    }  # fmt: skip
    alone = groups > 1 and filters.shape[-2] == 1 and prod(filters.shape[:-2]) <= LARGEST
    many = groups == 1 and filters.shape[-2] >= _FEW
    if not _on_cpu() or 0 in (*x.shape, *filters.shape) or not (alone or many):
        return _xla(x, filters, **how, groups=groups, channels_first=channels_first)
    x = _to_last(x) if channels_first else x
    y = _depthwise(x, filters, **how) if alone else _convolution.bind(x, filters, **how)
    return jnp.moveaxis(y, -1, 1) if channels_first else y


def _conv_input_gradient(
    gradient: jax.Array, filters: jax.Array, sizes: Sequence[int], strides: Sequence[int], padding: Pads,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> jax.Array:  # fmt: skip
    gradient, filters = jnp.asarray(gradient), jnp.asarray(filters)
    channels = filters.shape[-2] * groups
    inner = (channels, *sizes) if channels_first else (*sizes, channels)
    like = jax.ShapeDtypeStruct((gradient.shape[0], *inner), gradient.dtype)
    how: dict[str, Any] = {"strides": strides, "padding": padding, "dilations": dilations, "groups": groups}
    (found,) = jax.linear_transpose(lambda x: _xla(x, filters, **how, channels_first=channels_first), like)(gradient)
    return found


def _conv_filter_gradient(
    x: jax.Array, gradient: jax.Array, sizes: Sequence[int], strides: Sequence[int], padding: Pads,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> jax.Array:  # fmt: skip
    x, gradient = jnp.asarray(x), jnp.asarray(gradient)
    channel = 1 if channels_first else -1
    how: dict[str, Any] = {"strides": strides, "padding": padding, "dilations": dilations}
    if groups == 1 and x.shape[channel] >= _FEW and _on_cpu():
        if channels_first:
            x, gradient = _to_last(x), _to_last(gradient)
        return _filters_transpose(gradient, x, sizes, **how)
    like = jax.ShapeDtypeStruct((*sizes, x.shape[channel] // groups, gradient.shape[channel]), x.dtype)
    how |= {"groups": groups, "channels_first": channels_first}
    (found,) = jax.linear_transpose(lambda filters: _xla(x, filters, **how), like)(gradient)
    return found


def _reduced(
    x: jax.Array, window: Sequence[int], strides: Sequence[int], padding: Pads, channels_first: bool, start: Any,
    whole: Callable, join: Callable,
) -> jax.Array:  # fmt: skip
    """Join windows axis by axis, the last first: of equals the first in row-major order is the first."""
    first = 2 if channels_first else 1
    after = x.ndim - first - len(window)
    widths = [(0, 0)] * first + list(padding) + [(0, 0)] * after
    if sum(window) > LARGEST and any(n > LARGEST for n in window):
        sizes, steps = ([1] * first + list(one) + [1] * after for one in (window, strides))
        return lax.reduce_window(x, jnp.asarray(start, x.dtype), whole, sizes, steps, widths)
    if any(map(any, widths)):
        x = lax.pad(x, jnp.asarray(start, x.dtype), [(*pair, 0) for pair in widths])
    for i in reversed(range(len(window))):
        x = along(_Slicing, x, first + i, window[i], strides[i], join)
    return x


class _Slicing:
    """What `along` needs of the primitives."""

    @staticmethod
    def shape(x: jax.Array) -> tuple[int, ...]:
        return x.shape

    @staticmethod
    def getitem(x: jax.Array, index: tuple) -> jax.Array:
        return x[index]


def table(maximum: Callable) -> Mapping[str, Callable]:
    """Return the part of `contract.PRIMITIVES`.

    Args:
        maximum: The primitive, with TensorFlow's derivative where both are equal.

    Returns:
        Functions by name.
    """

    def max_pool(
        x: Any, window: Sequence[int], strides: Sequence[int], padding: Pads, channels_first: bool
    ) -> jax.Array:
        x = jnp.asarray(x)
        start = lowest(str(x.dtype))
        return _reduced(x, window, strides, padding, channels_first, start, lax.max, maximum)

    def avg_pool(
        x: Any, window: Sequence[int], strides: Sequence[int], padding: Pads, channels_first: bool
    ) -> jax.Array:
        x = jnp.asarray(x)
        dtype = x.dtype
        x = x.astype(jnp.float32) if dtype.itemsize < 4 else x
        first = 2 if channels_first else 1
        sizes = x.shape[first : first + len(window)]
        if tuple(window) == sizes and not any(map(any, padding)):
            return jnp.mean(x, tuple(range(first, first + len(window))), keepdims=True).astype(dtype)
        total = _reduced(x, window, strides, padding, channels_first, 0, lax.add, lax.add)
        if not any(map(any, padding)):
            return (total / prod(window)).astype(dtype)
        return (total / elements(sizes, window, strides, padding, not channels_first, str(x.dtype))).astype(dtype)

    return {
        "avg_pool": avg_pool,
        "conv": _conv,
        "conv_filter_gradient": _conv_filter_gradient,
        "conv_input_gradient": _conv_input_gradient,
        "max_pool": max_pool,
    }

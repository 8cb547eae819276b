"""JAX's functions under the names of `contract.PRIMITIVES`.

They are called with 64-bit types enabled (`computing()`), under any of JAX's transformations or none.
A compiled program cannot raise: an index out of bounds reads zeros and writes nothing, an integer
divided by zero is some integer, a matrix that cannot be factored gives nan.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from onevar.adapters import numpylike
from onevar.adapters.jax import convolution, philox, samplers
from onevar.dtypes import NAMES, numpy_dtype


def _astype(x: Any, dtype: str) -> jax.Array:
    wanted = numpy_dtype(dtype)
    if wanted.kind == "b":
        return jnp.not_equal(x, 0)
    if x.dtype.kind == "c" and wanted.kind != "c":
        x = jnp.real(x)
    return lax.convert_element_type(x, wanted)


def _dtype(x: Any) -> str:
    return NAMES.get(x.dtype) or str(x.dtype)


def _is_integer(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jnp.integer) if hasattr(x, "dtype") else isinstance(x, int)


@jax.custom_jvp
def _real_abs(x: jax.Array) -> jax.Array:
    return lax.abs(x)


@_real_abs.defjvp
def _(primals: tuple, tangents: tuple) -> tuple:
    # TensorFlow's derivative at 0 is 0, JAX's is 1.
    return _real_abs(*primals), tangents[0] * lax.sign(primals[0])


def _abs(x: Any) -> jax.Array:
    return _real_abs(jnp.asarray(x)) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.abs(x)


def _first_of_equals(function: Callable, wins: Callable) -> Callable:
    """`maximum` or `minimum` with TensorFlow's derivative: where both are equal the first has all of it."""

    @jax.custom_jvp
    def choose(x: jax.Array, y: jax.Array) -> jax.Array:
        return function(x, y)

    @choose.defjvp
    def _(primals: tuple, tangents: tuple) -> tuple:
        return choose(*primals), jnp.where(wins(*primals), *tangents)

    def broadcast(x: Any, y: Any) -> jax.Array:
        dtype = x.dtype if hasattr(x, "dtype") else y.dtype
        if not jnp.issubdtype(dtype, jnp.floating):
            return function(x, y)
        return choose(*jnp.broadcast_arrays(jnp.asarray(x, dtype), jnp.asarray(y, dtype)))

    return broadcast


_maximum = _first_of_equals(jnp.maximum, jnp.greater_equal)
_minimum = _first_of_equals(jnp.minimum, jnp.less_equal)


def _clip(x: Any, min: Any = None, max: Any = None) -> jax.Array:
    x = x if min is None else _maximum(x, min)
    return x if max is None else _minimum(x, max)


def _floor_divide(x: Any, y: Any) -> jax.Array:
    return jnp.floor_divide(x, y) if _is_integer(x) and _is_integer(y) else jnp.floor(jnp.divide(x, y))


def _round(x: Any) -> jax.Array:
    return jnp.asarray(x) if _is_integer(x) else jnp.round(x)


def _extreme(function: Callable, sign: int) -> Callable:
    """The greatest or least; of no elements the identity of the comparison."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> jax.Array:
        if x.size:
            return function(x, axis=axis, keepdims=keepdims)
        identity = jnp.iinfo(x.dtype).min if _is_integer(x) else -np.inf
        largest = jnp.iinfo(x.dtype).max if _is_integer(x) else np.inf
        return function(x, axis=axis, keepdims=keepdims, initial=identity if sign < 0 else largest)

    return reduce


def _sort(x: Any, axis: int = -1, descending: bool = False) -> jax.Array:
    return jnp.sort(x, axis=axis, descending=descending)


def _argsort(x: Any, axis: int = -1, descending: bool = False) -> jax.Array:
    return jnp.argsort(x, axis=axis, descending=descending, stable=True).astype(jnp.int64)


def _searchsorted(x1: Any, x2: Any, side: str = "left") -> jax.Array:
    return jnp.searchsorted(x1, x2, side=side).astype(jnp.int64)


def _getitem(x: Any, index: Any) -> jax.Array:
    return jnp.asarray(x)[index]


def _setitem(x: Any, index: Any, value: Any) -> jax.Array:
    return jnp.asarray(x).at[index].set(value)


def _take(x: Any, indices: Any, axis: int = 0) -> jax.Array:
    axis = axis % x.ndim
    rows = jnp.asarray(x).at[(*(slice(None) for _ in range(axis)), jnp.asarray(indices))]
    return rows.get(mode="fill", fill_value=0, wrap_negative_indices=False)


def _take_along_axis(x: Any, indices: Any, axis: int = -1) -> jax.Array:
    return jnp.take_along_axis(jnp.asarray(x), jnp.asarray(indices), axis, mode="fill", fill_value=0)


def _scatter(x: Any, indices: Any, updates: Any, mode: str) -> jax.Array:
    x, indices, updates = jnp.asarray(x), jnp.asarray(indices), jnp.asarray(updates)
    where: dict[str, Any] = {"mode": "drop", "wrap_negative_indices": False}
    if mode == "subtract":
        return x.at[indices].add(jnp.negative(updates), **where)
    if mode == "multiply":
        return jnp.multiply(x, _products(x, indices, updates))
    if mode == "divide":
        return lax.div(x, _products(x, indices, updates))
    return getattr(x.at[indices], mode)(updates, **where)


def _products(x: jax.Array, indices: jax.Array, updates: jax.Array) -> jax.Array:
    """Return the product of the updates of each row of `x`; JAX's own has no gradient where indices repeat."""
    flat = jnp.reshape(indices, (-1,))
    order = jnp.argsort(flat, stable=True)
    flat, rows = flat[order], jnp.reshape(updates, (flat.size, *x.shape[1:]))[order]
    starts = jnp.concatenate([jnp.ones((min(flat.size, 1),), bool), flat[1:] != flat[:-1]])
    starts = jnp.reshape(starts, (-1, *(1 for _ in x.shape[1:])))

    def join(left: tuple, right: tuple) -> tuple:
        return left[0] | right[0], jnp.where(right[0], right[1], left[1] * right[1])

    running = lax.associative_scan(join, (jnp.broadcast_to(starts, rows.shape), rows))[1] if flat.size else rows
    # The last of equal indices has the whole product; the others go past the end, and are dropped.
    last = jnp.concatenate([flat[1:] != flat[:-1], jnp.ones((min(flat.size, 1),), bool)])
    where = jnp.where(last & (flat >= 0), flat, x.shape[0])
    return jnp.ones_like(x).at[where].set(running, mode="drop")


def _segment_sum(x: Any, ids: Any, count: int) -> jax.Array:
    x, ids = jnp.asarray(x), jnp.asarray(ids)
    zeros = jnp.zeros((count, *x.shape[ids.ndim :]), x.dtype)
    return zeros.at[ids].add(x, mode="drop", wrap_negative_indices=False)


def _pad(x: Any, widths: Sequence, mode: str = "constant", value: Any = 0) -> jax.Array:
    if mode == "constant":
        config = [(int(before), int(after), 0) for before, after in widths]
        return lax.pad(jnp.asarray(x), lax.convert_element_type(value, x.dtype), config)
    return jnp.pad(x, [tuple(map(int, pair)) for pair in widths], mode)


def _full(shape: Sequence[int], value: Any, dtype: str) -> jax.Array:
    return jnp.full(tuple(shape), value, numpy_dtype(dtype))


def _arange(start: Any, stop: Any, step: Any, dtype: str) -> jax.Array:
    return jnp.arange(start, stop, step, numpy_dtype(dtype))


def _linspace(start: Any, stop: Any, num: int, dtype: str) -> jax.Array:
    return jnp.linspace(start, stop, num, dtype=numpy_dtype(dtype))


def _triangular_solve(x: Any, y: Any, lower: bool = True, adjoint: bool = False) -> jax.Array:
    return lax.linalg.triangular_solve(
        jnp.asarray(x), jnp.asarray(y), left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint
    )


PRIMITIVES: Mapping[str, Callable] = {
    **numpylike.primitives(
        jnp,
        asarray=jnp.array,
        astype=_astype,
        zeros=lambda shape, dtype: jnp.zeros(tuple(shape), numpy_dtype(dtype)),
        ones=lambda shape, dtype: jnp.ones(tuple(shape), numpy_dtype(dtype)),
        full=_full,
        arange=_arange,
        linspace=_linspace,
        eye=lambda n_rows, n_cols, dtype: jnp.eye(n_rows, n_cols, dtype=numpy_dtype(dtype)),
        shape=lambda x: tuple(x.shape),
        dtype=_dtype,
        # The sizes of other widths go to an axis at the end, as TensorFlow's.
        bitcast=lambda x, dtype: lax.bitcast_convert_type(x, numpy_dtype(dtype)),
        complex=lambda re, im: lax.complex(*jnp.broadcast_arrays(re, im)),
        digamma=lambda x: lax.digamma(jnp.asarray(x)),
        erf=lambda x: lax.erf(jnp.asarray(x)),
        erfc=lambda x: lax.erfc(jnp.asarray(x)),
        erfinv=lambda x: lax.erf_inv(jnp.asarray(x)),
        lgamma=lambda x: lax.lgamma(jnp.asarray(x)),
        abs=_abs,
        maximum=_maximum,
        minimum=_minimum,
        clip=_clip,
        rsqrt=lambda x: lax.rsqrt(jnp.asarray(x)),
        relu=jax.nn.relu,
        sigmoid=jax.nn.sigmoid,
        softplus=jax.nn.softplus,
        stop_gradient=lax.stop_gradient,
        softmax=lambda x, axis=-1: jax.nn.softmax(jnp.asarray(x), axis),
        log_softmax=lambda x, axis=-1: jax.nn.log_softmax(jnp.asarray(x), axis),
        logsumexp=lambda x, axis=None, keepdims=False: jax.nn.logsumexp(jnp.asarray(x), axis, keepdims=keepdims),
        floor_divide=_floor_divide,
        remainder=jnp.remainder,
        round=_round,
        max=_extreme(jnp.max, -1),
        min=_extreme(jnp.min, 1),
        sort=_sort,
        argsort=_argsort,
        top_k=lambda x, n: tuple(lax.top_k(jnp.asarray(x), n)),
        searchsorted=_searchsorted,
        getitem=_getitem,
        setitem=_setitem,
        take=_take,
        take_along_axis=_take_along_axis,
        scatter=_scatter,
        segment_sum=_segment_sum,
        pad=_pad,
        einsum=jnp.einsum,
        cross=lambda x, y, axis=-1: jnp.cross(x, y, axis=axis),
        linalg_triangular_solve=_triangular_solve,
    ),
    **convolution.table(_maximum),
    **philox.TABLE,
    **samplers.TABLE,
}
"""`contract.PRIMITIVES` on `jax.Array`."""

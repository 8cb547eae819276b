"""TensorFlow's samplers that take as many random numbers as they need, on JAX: all outputs at once, under `jit` too.

What `onevar.adapters.samplers` does output by output, for those not yet done, is here one loop over all of them that
ends when the last one is done. Logarithms and powers are XLA's: the last digit of a sample, and once in millions its
acceptance, may differ from TensorFlow's.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from onevar.adapters.jax.philox import blocks_at, in_x64, normals, uniforms
from onevar.adapters.philox import RESERVED
from onevar.dtypes import numpy_dtype

#: Up to so many comparisons a class is found by counting, which needs no search.
_COUNTED = 1 << 22


@in_x64
def philox_permutation(key: tuple, high: tuple, counter: jax.Array, size: int) -> jax.Array:
    """Return which element comes where: `samplers._followed` says how the exchanges are followed all at once."""
    blocks = jnp.arange(-(-(size - 1) // 4), dtype=jnp.uint64)
    words = jnp.stack(blocks_at(key, high, counter, blocks), axis=-1).reshape(-1)[: size - 1]
    steps = (words % jnp.arange(size, 1, -1, dtype=jnp.uint32)).astype(jnp.int32)
    place = jnp.arange(size, dtype=jnp.int32)
    target = place.at[:-1].add(steps)
    sorted_targets, by_target = lax.sort((target, place), num_keys=2)
    again = sorted_targets[1:] == sorted_targets[:-1]
    before = jnp.full_like(place, -1).at[by_target[1:]].set(jnp.where(again, by_target[:-1], -1))
    last = jnp.full_like(place, -1).at[target].max(place)
    last = jnp.where(last == place, before, last)

    def further(state: tuple) -> tuple:
        found = state[0][state[0]]
        return found, jnp.any(found != state[0])

    lay, _ = lax.while_loop(lambda state: state[1], further, (jnp.where(last < 0, place, last), jnp.bool_(True)))
    return jnp.where(before < 0, target, lay[before]).astype(jnp.int64)


@in_x64
def philox_multinomial(key: tuple, high: tuple, counter: jax.Array, logits: jax.Array, samples: int) -> jax.Array:
    """Return classes drawn by unnormalised log-probabilities, of shape (rows, samples), in int64."""
    rows, classes = logits.shape
    if not samples or not rows:
        return jnp.zeros((rows, samples), jnp.int64)
    wide = logits.astype(jnp.float64)
    finite = jnp.isfinite(wide)
    peak = jnp.where(finite, wide, -jnp.inf).max(axis=1, keepdims=True)
    weights = jnp.where(finite, jnp.exp(jnp.where(finite, wide, 0) - jnp.where(jnp.isfinite(peak), peak, 0)), 0.0)
    cumulative = jnp.cumsum(weights, axis=1)
    lanes = blocks_at(key, high, counter, jnp.arange(-(-rows * samples // 2), dtype=jnp.uint64))
    numbers = jnp.stack(uniforms(lanes, "float64"), axis=-1).reshape(-1)[: rows * samples]
    sought = numbers.reshape(rows, samples) * cumulative[:, -1:]
    if rows * samples * classes <= _COUNTED:
        return (cumulative[:, None, :] <= sought[:, :, None]).sum(axis=-1, dtype=jnp.int64)
    return jax.vmap(partial(jnp.searchsorted, side="right"))(cumulative, sought).astype(jnp.int64)


class _Draws:
    """Numbers of double precision for each output, from a part of the stream of its own: two of each block.

    The state of one kind is what is left of its last block: how many, and both numbers. Numbers are handed out last
    first, and only where they are wanted.
    """

    def __init__(self, key: tuple, high: tuple, counter: jax.Array, outputs: int):
        self._block = partial(blocks_at, key, high, counter)
        self._first = jnp.arange(outputs, dtype=jnp.uint64) * jnp.uint64(RESERVED)
        self.outputs = outputs

    def start(self) -> tuple:
        """Return the state of one kind before the first draw."""
        return jnp.zeros(self.outputs, jnp.int32), jnp.zeros(self.outputs), jnp.zeros(self.outputs)

    def draw(self, used: jax.Array, kind: tuple, wanted: jax.Array, convert: Callable) -> tuple:
        """Return numbers, how many blocks are used after it, and the state of the kind."""
        left, first, second = kind
        empty = wanted & (left == 0)
        made = convert(self._block(self._first + used.astype(jnp.uint64)), "float64")
        first, second = (jnp.where(empty, new, old) for new, old in zip(made, (first, second), strict=True))
        left = jnp.where(empty, 2, left) - wanted
        return jnp.where(left == 1, second, first), used + empty, (left, first, second)


def _until_done(step: Callable, todo: jax.Array, state: Any) -> Any:
    """Run `step(todo, state)` until nothing is to do; it returns both anew."""
    return lax.while_loop(lambda carry: carry[0].any(), lambda carry: step(*carry), (todo, state))[1]


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _gamma(key: tuple, high: tuple, counter: jax.Array, alpha: jax.Array, samples: int) -> jax.Array:
    each = jnp.repeat(alpha.astype(jnp.float64), samples)
    draws = _Draws(key, high, counter, each.size)
    small, exponential = each < 1, each == 1
    d = each + jnp.where(small, 2.0 / 3, -1.0 / 3)
    c = 1.0 / 3 / jnp.sqrt(d)

    def step(todo: jax.Array, state: tuple) -> tuple:
        used, normal, uniform, out = state
        x, used, normal = draws.draw(used, normal, todo, normals)
        v = 1 + c * x
        going = todo & (v > 0)
        v = jnp.where(going, v * v * v, 1.0)
        u, used, uniform = draws.draw(used, uniform, going, uniforms)
        accept = (u < 1 - 0.0331 * (x * x) * (x * x)) | (jnp.log(u) < 0.5 * x * x + d * (1 - v + jnp.log(v)))
        accept &= going
        return todo & ~accept, (used, normal, uniform, jnp.where(accept, d * v, out))

    used = jnp.zeros(each.size, jnp.int32)
    start = (used, draws.start(), draws.start(), jnp.zeros(each.size))
    used, _, uniform, out = _until_done(step, ~exponential, start)
    u, _, _ = draws.draw(used, uniform, small | exponential, uniforms)
    out = jnp.where(small, out * u ** (1 / jnp.where(small, each, 1.0)), out)
    out = jnp.where(exponential, -jnp.log1p(-u), out)
    return out.reshape(alpha.size, samples).T.astype(alpha.dtype)


def _gamma_forward(key: tuple, high: tuple, counter: jax.Array, alpha: jax.Array, samples: int) -> tuple:
    made = _gamma(key, high, counter, alpha, samples)
    return made, (alpha, made)


def _gamma_backward(samples: int, kept: tuple, gradient: jax.Array) -> tuple:
    alpha, made = kept
    wide = jnp.broadcast_to(alpha.astype(jnp.float64), made.shape)
    slope = lax.random_gamma_grad(wide, made.astype(jnp.float64))
    return None, None, None, (gradient * slope.astype(gradient.dtype)).sum(axis=0)


_gamma.defvjp(_gamma_forward, _gamma_backward)


@in_x64
def philox_gamma(key: tuple, high: tuple, counter: jax.Array, alpha: jax.Array, samples: int) -> jax.Array:
    """Return gamma-distributed numbers of shape (samples, alphas); they have a derivative for `alpha`."""
    return _gamma(key, high, counter, alpha, samples)


@in_x64
def philox_poisson(key: tuple, high: tuple, counter: jax.Array, rate: jax.Array, samples: int, dtype: str) -> jax.Array:
    """Return Poisson-distributed numbers of shape (samples, rates)."""
    each = jnp.repeat(rate.astype(jnp.float64), samples)
    draws = _Draws(key, high, counter, each.size)
    possible = jnp.isfinite(each) & (each >= 0)
    few, many = possible & (each < 10), possible & (each >= 10)
    limit, big = jnp.exp(-jnp.where(few, each, 0.0)), jnp.where(many, each, 10.0)
    log_rate = jnp.log(big)
    b = 0.931 + 2.53 * jnp.sqrt(big)
    a = -0.059 + 0.02483 * b
    inverse_alpha, squeeze = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)

    def arrive(todo: jax.Array, state: tuple) -> tuple:
        used, uniform, product, out = state
        u, used, uniform = draws.draw(used, uniform, todo, uniforms)
        product = jnp.where(todo, product * u, product)
        going = todo & (product > limit)
        return going, (used, uniform, product, out + going)

    def reject(todo: jax.Array, state: tuple) -> tuple:
        used, uniform, out = state
        u, used, uniform = draws.draw(used, uniform, todo, uniforms)
        v, used, uniform = draws.draw(used, uniform, todo, uniforms)
        u = u - 0.5
        near = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / near + b) * u + big + 0.43)
        accept = (near >= 0.07) & (v <= squeeze)
        out_of_reach = (k < 0) | ((near < 0.013) & (v > near))
        s = jnp.log(v * inverse_alpha / (a / (near * near) + b))
        accept |= ~out_of_reach & (s <= -big + k * log_rate - lax.lgamma(jnp.maximum(k, 0) + 1))
        accept &= todo
        return todo & ~accept, (used, uniform, jnp.where(accept, k, out))

    zeros = jnp.zeros(each.size)
    used = jnp.zeros(each.size, jnp.int32)
    counted = _until_done(arrive, few, (used, draws.start(), jnp.ones(each.size), zeros))[-1]
    searched = _until_done(reject, many, (used, draws.start(), zeros))[-1]
    missing = jnp.where(possible, 0.0, 0.0 if dtype in ("int32", "int64") else jnp.nan)
    out = jnp.where(few, counted, jnp.where(many, searched, missing))
    return out.reshape(rate.size, samples).T.astype(numpy_dtype(dtype))


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox_gamma": philox_gamma,
    "philox_multinomial": philox_multinomial,
    "philox_permutation": philox_permutation,
    "philox_poisson": philox_poisson,
}

"""Differentiation, control flow and compilation by JAX's own transformations.

JAX's 64-bit types are off by default, and stay off: the process is the user's. What computes here
does so under `jax.enable_x64`, whose state belongs to the thread. A compiled function is called under it,
because otherwise 64-bit NumPy arguments would be narrowed on their way in. Measured on a CPU, four arrays
of state and two arguments, a call: 12.7 us bare, 13.7 us with the flag set and put back by itself (what is
done here), 16 us with JAX's context manager. An ahead-of-time executable needs no flag for `jax.Array`s
and takes as long, but refuses 64-bit NumPy arrays.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jax.custom_derivatives import SymbolicZero
from jax.experimental import io_callback
from jax.interpreters import ad

from onevar.adapters.tracing import Pullback, conforming, python_loop, shape_and_dtype
from onevar.dtypes import numpy_dtype
from onevar.errors import Unsupported

try:  # Private; without them everything works, and costs a little more.
    from jax._src.config import enable_x64 as _x64
    from jax._src.core import is_concrete as _is_concrete
    from jax._src.core import to_concrete_value as _to_concrete
    from jax._src.core import trace_state_clean as _no_trace

    _swap, _set = _x64.swap_local, _x64.set_local
except (ImportError, AttributeError):
    _swap = _set = _to_concrete = None

    def _is_concrete(x: Any) -> bool:
        return not isinstance(x, Tracer)

    def _no_trace() -> bool:
        return not isinstance(jnp.zeros(()), Tracer)


def computing() -> AbstractContextManager[Any]:
    """Return the context in which 64-bit types exist."""
    return jax.enable_x64(True)


def narrow() -> AbstractContextManager[Any]:
    """Return the context in which no 64-bit types exist, as in a program that did not ask for them."""
    return jax.enable_x64(False)


def is_concrete(x: Any) -> bool:
    """Whether `x` has a value now: an array, or a tracer of differentiation around one."""
    return bool(_is_concrete(x))


def contents(x: Any) -> Any:
    """Return the array inside a tracer of differentiation; any other tracer as it is."""
    return x if _to_concrete is None or not is_concrete(x) else _to_concrete(x)


class _Seen:
    """Which point of a `vjp` this is, and whether a cotangent came back to it."""

    def __init__(self) -> None:
        self.reached = False


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _tap(seen: _Seen, value: Any, point: Any) -> Any:
    """Return `value`; what flows back to it also goes to `point`, and is noticed."""
    return value


def _tap_forward(seen: _Seen, value: Any, point: Any) -> tuple[Any, None]:
    return value.value, None


def _tap_backward(seen: _Seen, _: None, cotangent: Any) -> tuple[Any, Any]:
    if isinstance(cotangent, SymbolicZero):
        return None, None
    seen.reached = True
    return cotangent, cotangent


_tap.defvjp(_tap_forward, _tap_backward, symbolic_zeros=True)


def _differentiable(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jnp.inexact)


def _conj(x: Any) -> Any:
    # JAX transposes without the conjugate that TensorFlow and torch take.
    return jnp.conj(x) if jnp.issubdtype(x.dtype, jnp.complexfloating) else x


def _shapes_of_marks(fn: Callable, xs: Sequence[Any], marks: int) -> list[Any]:
    """Return what each mark will be put on, None for those that never are, or on integers."""
    found: list[Any] = [None] * marks

    def mark(i: int, value: Any) -> Any:
        value = jnp.asarray(value)
        found[i] = jax.ShapeDtypeStruct(value.shape, value.dtype) if _differentiable(value) else None
        return value

    def run(*xs: Any) -> None:
        fn(mark, *xs)

    try:
        jax.eval_shape(run, *xs)
    except Unsupported:
        # Something in it is computed on the host, from values that only a real run has.
        if not (_no_trace() and all(map(is_concrete, xs))):
            raise
        run(*xs)
    return found


def vjp(fn: Callable, xs: Sequence[Any], marks: int = 0) -> tuple[list, Any, Pullback]:
    """Do `Adapter.vjp` with `jax.vjp`, which nests by itself.

    With marks, `fn` is traced one more time before, for their shapes.
    """
    xs = [jnp.asarray(x) for x in xs]
    wanted = [i for i, x in enumerate(xs) if _differentiable(x)]
    shapes = _shapes_of_marks(fn, xs, marks) if marks else []
    points = [i for i, shape in enumerate(shapes) if shape is not None]
    seen_xs, seen_marks = {i: _Seen() for i in wanted}, {i: _Seen() for i in points}
    kept: dict[str, Any] = {}

    def run(values: list, zeros: list) -> tuple[list, list]:
        perturbation = dict(zip(points, zeros, strict=True))
        full = list(xs)
        for i, value in zip(wanted, values, strict=True):
            # The point is constant: the gradient for `value` itself is wanted.
            full[i] = _tap(seen_xs[i], value, jnp.zeros_like(value))

        def mark(i: int, value: Any) -> Any:
            return _tap(seen_marks[i], jnp.asarray(value), perturbation[i]) if i in perturbation else value

        ys, aux = fn(mark, *full) if marks else fn(*full)
        leaves, kept["tree"] = jax.tree_util.tree_flatten((list(ys), aux))
        kept["others"] = [None if isinstance(leaf, jax.Array) else leaf for leaf in leaves]
        kept["ys"] = [i for i, y in enumerate(ys) if isinstance(y, jax.Array) and _differentiable(y)]
        return [ys[i] for i in kept["ys"]], [leaf for leaf in leaves if isinstance(leaf, jax.Array)]

    zeros = [jnp.zeros(shapes[i].shape, shapes[i].dtype) for i in points]
    outs, transpose, arrays = jax.vjp(run, [xs[i] for i in wanted], zeros, has_aux=True)
    ys, aux = _put_back(kept, outs, arrays)

    def pullback(cotangents: Sequence[Any | None], keep: bool = False) -> list[Any | None]:
        given = [cotangents[i] for i in kept["ys"]]
        if all(ct is None for ct in given):
            return [None] * (len(xs) + marks)
        filled = [
            ad.Zero(jax.typeof(y)) if ct is None else _conj(jnp.asarray(ct, y.dtype))
            for ct, y in zip(given, outs, strict=True)
        ]
        try:
            for_xs, for_marks = transpose(filled)
        except (TypeError, ValueError):
            # JAX cannot transpose some scans where a cotangent is its symbolic zero; real zeros it can.
            if not any(ct is None for ct in given):
                raise
            zeros = zip(filled, outs, strict=True)
            for_xs, for_marks = transpose([jnp.zeros_like(y) if type(ct) is ad.Zero else ct for ct, y in zeros])
        gradients: list[Any | None] = [None] * (len(xs) + marks)
        for start, seen, found in ((0, seen_xs, for_xs), (len(xs), seen_marks, for_marks)):
            for (i, point), gradient in zip(seen.items(), found, strict=True):
                gradients[start + i] = _conj(gradient) if point.reached else None
        return gradients

    return ys, aux, pullback


def _put_back(kept: dict[str, Any], outs: list, arrays: list) -> tuple[list, Any]:
    """Return `ys` and `aux` as `fn` gave them, with the values that differentiation has no hold on any more."""
    remaining = iter(arrays)
    leaves = [next(remaining) if leaf is None else leaf for leaf in kept["others"]]
    ys, aux = jax.tree_util.tree_unflatten(kept["tree"], leaves)
    for i, y in zip(kept["ys"], outs, strict=True):
        ys[i] = y
    return ys, aux


def _strong(x: Any) -> jax.Array:
    """Return an array whose dtype is meant: loops and branches compare types, weak ones included."""
    return lax.convert_element_type(x, x.dtype) if hasattr(x, "dtype") else jnp.asarray(x)


def cond(pred: Any, then_fn: Callable, else_fn: Callable, args: Sequence[Any]) -> list:
    """Do `Adapter.cond`: the chosen branch alone where `pred` is concrete, otherwise `lax.cond`."""
    if is_concrete(pred):
        return then_fn(*args) if bool(pred) else else_fn(*args)
    branches = [lambda *xs, branch=branch: [_strong(y) for y in branch(*xs)] for branch in (then_fn, else_fn)]
    return list(lax.cond(jnp.reshape(pred, ()), *branches, *args))


def while_loop(
    cond_fn: Callable,
    body_fn: Callable,
    init: Sequence[Any],
    maximum_iterations: int | None = None,
    differentiable: bool = False,
) -> list:
    """Do `Adapter.while_loop`: in Python while its conditions are concrete and gradients are wanted, else by `lax`."""
    init = [_strong(x) for x in init]
    if _no_trace() and not any(isinstance(x, Tracer) for x in init):
        # Compiling a loop that runs once costs more than most loops.
        return python_loop(cond_fn, body_fn, init, maximum_iterations)
    if differentiable and is_concrete(cond_fn(*init)):
        return _unrolled(cond_fn, body_fn, init, maximum_iterations)
    if differentiable:
        return _bounded(cond_fn, body_fn, init, maximum_iterations)
    if maximum_iterations is None:
        return list(lax.while_loop(lambda xs: _truth(cond_fn, xs), lambda xs: _step(body_fn, xs), init))

    def within(carry: tuple[Any, list]) -> Any:
        return jnp.logical_and(carry[0] < maximum_iterations, _truth(cond_fn, carry[1]))

    def advance(carry: tuple[Any, list]) -> tuple[Any, list]:
        return carry[0] + 1, _step(body_fn, carry[1])

    return list(lax.while_loop(within, advance, (jnp.zeros((), jnp.int64), init))[1])


def scan(
    body_fn: Callable, init: Sequence[Any], rows: Sequence[Any], length: int, cond_fn: Callable | None = None
) -> tuple[list, list]:
    """Do `Adapter.scan` by `lax.scan`; iterations after the end do nothing, by a branch."""

    def step(xs: list, now: list) -> tuple[list, list]:
        after, written = body_fn(xs, now)
        return [_strong(x) for x in after], [_strong(y) for y in written]

    def guarded(xs: list, now: list) -> tuple[list, list]:
        shapes = jax.eval_shape(lambda: step(xs, now)[1])
        nothing = lambda ys, _: (ys, [jnp.zeros(s.shape, s.dtype) for s in shapes])  # noqa: E731
        return lax.cond(_truth(cond_fn, xs), step, nothing, xs, now)  # type: ignore[arg-type]

    init = [_strong(x) for x in init]
    after, written = lax.scan(step if cond_fn is None else guarded, init, list(rows), length=length)
    return list(after), list(written)


def with_gradient(outputs: Sequence[Any], inputs: Sequence[Any], kept: Sequence[Any], backward: Callable) -> list:
    """Do `Adapter.with_gradient` by `jax.custom_vjp`."""

    @jax.custom_vjp
    def own(ys: list, xs: list, values: list) -> list:
        return ys

    def forward(ys: list, xs: list, values: list) -> tuple[list, tuple]:
        return ys, (ys, xs, values)

    def back(saved: tuple, cotangents: list) -> tuple[list, list, list]:
        ys, xs, values = saved
        found = [_conj(g) for g in backward([_conj(ct) for ct in cotangents], values)]
        given = [
            jnp.asarray(g, x.dtype) if _differentiable(x) else _no_tangent(x) for g, x in zip(found, xs, strict=True)
        ]
        return [_no_tangent(y) for y in ys], given, [_no_tangent(v) for v in values]

    own.defvjp(forward, back)
    return own([lax.stop_gradient(jnp.asarray(y)) for y in outputs], list(map(jnp.asarray, inputs)), list(kept))


def _no_tangent(x: Any) -> Any:
    """Return the gradient of what has none: zeros, of JAX's type for it where `x` is of integers."""
    return jnp.zeros_like(x) if _differentiable(x) else np.zeros(x.shape, jax.dtypes.float0)


def rehearse(fn: Callable, args: Sequence[Any]) -> None:
    """Do `Adapter.rehearse` by `jax.eval_shape`."""
    jax.eval_shape(fn, *args)


def row(x: Any, index: Any) -> Any:
    """Do `Adapter.row`."""
    return lax.dynamic_index_in_dim(x, index, 0, keepdims=False)


def with_row(x: Any, index: Any, value: Any) -> Any:
    """Do `Adapter.with_row`."""
    return lax.dynamic_update_index_in_dim(x, jnp.asarray(value, x.dtype), index, 0)


def _truth(cond_fn: Callable, xs: Sequence[Any]) -> jax.Array:
    return jnp.reshape(jnp.asarray(cond_fn(*xs)), ())


def _step(body_fn: Callable, xs: Sequence[Any]) -> list:
    return [_strong(x) for x in body_fn(*xs)]


def _unrolled(cond_fn: Callable, body_fn: Callable, init: list, maximum_iterations: int | None) -> list:
    """Loop in Python, which differentiates however often it turns; the rest of a bounded one as a scan."""
    variables, done = init, 0
    while maximum_iterations is None or done < maximum_iterations:
        going = cond_fn(*variables)
        if not is_concrete(going):
            left = None if maximum_iterations is None else maximum_iterations - done
            return _bounded(cond_fn, body_fn, variables, left)
        if not bool(going):
            break
        variables, done = _step(body_fn, variables), done + 1
    return variables


def _bounded(cond_fn: Callable, body_fn: Callable, init: list, maximum_iterations: int | None) -> list:
    """Loop by a scan of `maximum_iterations` steps; those after the end do nothing, by a branch.

    A `where` over both results instead would let the nan of a step that is not taken into the gradient.
    """
    if maximum_iterations is None:
        raise Unsupported(
            "while_loop(differentiable=True): JAX differentiates a loop backwards only with a bound on its "
            "iterations. Pass maximum_iterations"
        )

    def step(xs: list, _: None) -> tuple[list, None]:
        return lax.cond(_truth(cond_fn, xs), lambda ys: _step(body_fn, ys), lambda ys: ys, xs), None

    return list(lax.scan(step, init, None, length=maximum_iterations)[0])


def compile(fn: Callable, donate: bool = True, jit_level: str | None = None) -> Callable:
    """Return `jax.jit` of `fn`, called with 64-bit types enabled.

    Results are computed asynchronously, as everywhere in JAX. XLA compiles at every `jit_level`.
    """
    jitted = jax.jit(fn, donate_argnums=0 if donate else ())
    if _swap is None or _set is None:

        def call(state: list, args: list) -> tuple[list, list]:
            with jax.enable_x64(True):
                return jitted(state, args)

        return call
    swap, restore = _swap, _set

    def call_quickly(state: list, args: list) -> tuple[list, list]:
        before = swap(True)
        try:
            return jitted(state, args)
        finally:
            restore(before)

    return call_quickly


def callback(fn: Callable, out_specs: Sequence[Any], args: Sequence[Any], stateful: bool = True) -> list:
    """Do `Adapter.callback`: at once outside of a trace, else by `io_callback` (`pure_callback` if not stateful)."""
    specs = [(shape, numpy_dtype(dtype)) for shape, dtype in map(shape_and_dtype, out_specs)]

    def host(*arrays: Any) -> list[np.ndarray]:
        # JAX calls from a thread of its own, where 64-bit types are off.
        return conforming(fn, fn(*map(np.asarray, arrays)), out_specs)

    if all(map(is_concrete, args)):
        return [jnp.array(y) for y in host(*args)]
    results = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in specs]
    if stateful:
        return list(io_callback(host, results, *args, ordered=True))
    return list(jax.pure_callback(host, results, *args))

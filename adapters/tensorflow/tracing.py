"""Differentiation by `tf.GradientTape`, control flow and compilation by `tf.function`.

Eagerly, control flow is Python's. Inside `tf.function` it is recorded, and TensorFlow differentiates what
it recorded, loops of any length included.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from onevar.adapters.tracing import Pullback, conforming, python_loop, shape_and_dtype


def is_concrete(x: Any) -> bool:
    """Whether `x` is an eager tensor, or no tensor of TensorFlow's."""
    return not tf.is_symbolic_tensor(x)


def _differentiable(x: tf.Tensor) -> bool:
    return x.dtype.is_floating or x.dtype.is_complex


def vjp(fn: Callable, xs: Sequence[tf.Tensor], marks: int = 0) -> tuple[list, Any, Pullback]:
    """Do `Adapter.vjp` with a tape; an outer tape records what the pullback of an inner one does."""
    points: list[tf.Tensor | None] = [None] * marks
    # Tensors of this call's own: one may be among `xs` twice, and be used by `fn` on the side.
    inputs = [tf.identity(x) for x in xs]
    # Inside tf.function a tape costs nothing once the graph is built, so it may as well serve several pullbacks.
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x for x in inputs if _differentiable(x)])

        def mark(i: int, value: Any) -> tf.Tensor:
            points[i] = tf.identity(value)
            if _differentiable(points[i]):
                tape.watch(points[i])
            return points[i]

        ys, aux = fn(mark, *inputs) if marks else fn(*inputs)
    ys = list(ys)

    def pullback(cotangents: Sequence[tf.Tensor | None], keep: bool = False) -> list[tf.Tensor | None]:
        pairs = [
            (y, ct)
            for y, ct in zip(ys, cotangents, strict=True)
            if ct is not None and tf.is_tensor(y) and _differentiable(y)
        ]
        targets = [*inputs, *points]
        where = [i for i, x in enumerate(targets) if x is not None and _differentiable(x)]
        gradients: list[tf.Tensor | None] = [None] * len(targets)
        if pairs and where:
            found = tape.gradient([y for y, _ in pairs], [targets[i] for i in where], [ct for _, ct in pairs])
            for i, gradient in zip(where, found, strict=True):
                gradients[i] = None if gradient is None else tf.convert_to_tensor(gradient)
        return gradients

    return ys, aux, pullback


def _tensors(function: Callable) -> Callable:
    return lambda *xs: [tf.convert_to_tensor(y) for y in function(*xs)]


def cond(pred: Any, then_fn: Callable, else_fn: Callable, args: Sequence[tf.Tensor]) -> list:
    """Do `Adapter.cond`: both branches are recorded where `pred` is symbolic."""
    if is_concrete(pred):
        return then_fn(*args) if bool(pred) else else_fn(*args)
    branches = [lambda branch=branch: _tensors(branch)(*args) for branch in (then_fn, else_fn)]
    return list(tf.cond(pred, *branches))


def while_loop(
    cond_fn: Callable,
    body_fn: Callable,
    init: Sequence[tf.Tensor],
    maximum_iterations: int | None = None,
    differentiable: bool = False,
) -> list:
    """Do `Adapter.while_loop`: recorded inside `tf.function`."""
    if tf.executing_eagerly():
        return python_loop(cond_fn, body_fn, init, maximum_iterations)
    variables = [tf.convert_to_tensor(x) for x in init]
    return list(tf.while_loop(cond_fn, _tensors(body_fn), variables, maximum_iterations=maximum_iterations))


def scan(
    body_fn: Callable, init: Sequence[Any], rows: Sequence[Any], length: int, cond_fn: Callable | None = None
) -> tuple[list, list]:
    """Do `Adapter.scan`: a loop over TensorArrays inside `tf.function`, whose derivative handles row by row too."""
    variables, count = [tf.convert_to_tensor(x) for x in init], len(init)
    given = [
        tf.TensorArray(x.dtype, length, element_shape=x.shape[1:], clear_after_read=False).unstack(x) for x in rows
    ]

    def at(i: Any) -> list:
        return [array.read(i) for array in given]

    specs = tf.function(lambda: body_fn(variables, at(0))[1], autograph=False).get_concrete_function().outputs
    arrays = [tf.TensorArray(spec.dtype, length, element_shape=spec.shape) for spec in specs]

    def test(i: Any, *state: Any) -> Any:
        return i < length if cond_fn is None else tf.logical_and(i < length, cond_fn(*state[:count]))

    def step(i: Any, *state: Any) -> list:
        after, written = body_fn(list(state[:count]), at(i))
        out = [array.write(i, y) for array, y in zip(state[count:], written, strict=True)]
        return [i + 1, *map(tf.convert_to_tensor, after), *out]

    results = list(tf.while_loop(test, step, [tf.constant(0), *variables, *arrays], maximum_iterations=length))[1:]
    return results[:count], [array.stack() for array in results[count:]]


def with_gradient(outputs: Sequence[Any], inputs: Sequence[Any], kept: Sequence[Any], backward: Callable) -> list:
    """Do `Adapter.with_gradient` by `tf.custom_gradient`."""
    count = len(inputs)

    @tf.custom_gradient
    def own(*xs: Any) -> Any:
        values = xs[count:]

        def grad(*cotangents: Any) -> list:
            return [*map(tf.convert_to_tensor, backward(cotangents, values)), *[None] * len(values)]

        return [tf.stop_gradient(y) for y in outputs], grad

    return list(own(*inputs, *kept))


def rehearse(fn: Callable, args: Sequence[Any]) -> None:
    """Do `Adapter.rehearse`: record it, and throw the record away."""
    if tf.executing_eagerly():
        fn(*args)
        return
    tf.function(lambda: fn(*args) and None, autograph=False).get_concrete_function()


def compile(fn: Callable, donate: bool = True, jit_level: str | None = None) -> Callable:
    """Return a `tf.function` of `fn`, one graph for each combination of shapes and dtypes; XLA at `jit_level="on"`.

    Eagerly the graph is called by the op that `tf.function` itself ends in, which takes a quarter of the time
    for a small one: `tf.function`'s care for signatures, captures and gradients is not needed at every call.
    """
    function = tf.function(fn, autograph=False, reduce_retracing=False, jit_compile=True if jit_level == "on" else None)
    if jit_level == "on":
        return function
    graphs: dict[tuple, Callable] = {}

    def call(state: list, args: list) -> tuple[list, list]:
        if not tf.executing_eagerly():
            return function(state, args)
        tensors = [*state, *args]
        signature = (len(state), *[(x.shape, x.dtype) for x in tensors])
        run = graphs.get(signature)
        if run is None:
            run = graphs[signature] = _graph(function, state, args)
        return run(tensors)

    return call


def _graph(function: Any, state: list, args: list) -> Callable:
    """Return the graph for these, as a function of a list of tensors."""
    concrete = function.get_concrete_function(*([tf.convert_to_tensor(x) for x in part] for part in (state, args)))
    captured = list(concrete.captured_inputs)
    dtypes = [x.dtype for x in concrete.outputs]
    results = len(concrete.structured_outputs[0])

    def run(tensors: list) -> tuple[list, list]:
        outputs = tf.raw_ops.StatefulPartitionedCall(args=tensors + captured, Tout=dtypes, f=concrete)
        # Without outputs TensorFlow answers None; it ran nevertheless.
        return (outputs[:results], outputs[results:]) if dtypes else ([], [])

    return run


def in_xla() -> bool:
    """Whether a `tf.function(jit_compile=True)` is being traced, or a function that one calls."""
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                return True
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return False


def callback(fn: Callable, out_specs: Sequence[Any], args: Sequence[tf.Tensor], stateful: bool = True) -> list:
    """Do `Adapter.callback`: `tf.numpy_function` where something is symbolic."""

    def host(*arrays: np.ndarray) -> list[np.ndarray]:
        return conforming(fn, fn(*arrays), out_specs)

    if tf.executing_eagerly():
        return [tf.constant(y) for y in host(*(np.asarray(x) for x in args))]
    specs = [shape_and_dtype(spec) for spec in out_specs]
    results = tf.numpy_function(host, args, [tf.as_dtype(dtype) for _, dtype in specs], stateful=stateful)
    if not specs:
        return []  # TensorFlow answers the operation, which `tf.function` keeps
    for result, (shape, _) in zip(results, specs, strict=True):
        result.set_shape(shape)
    return list(results)

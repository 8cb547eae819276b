"""Differentiation, control flow and compilation: part of `onevar.adapters.contract`.

The base implementations are right for any framework that computes at once. A framework with a tracer
overrides those that must be recorded; one with automatic differentiation overrides `vjp`.

A function handed in here gets and returns tensors in Python lists; what it captures is its own affair,
and stays connected to whatever is being traced or differentiated outside.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

import numpy as np

from onevar.dtypes import numpy_dtype

Tensor = Any
#: Cotangents, one or None for each of `ys`, to gradients: one or None for each of `xs`, then of the marks.
Pullback = Callable[[Sequence[Tensor | None]], list[Tensor | None]]


class Tracing:
    """The part of `onevar.adapters.contract.Adapter` that deals in functions.

    Attributes:
        compiles: Whether `compile` makes a function faster than calling it as it is.
        donates: Whether what `compile` returns takes over the memory of the tensors in `state`.
    """

    compiles: bool = False
    donates: bool = False

    def computing(self) -> AbstractContextManager[Any]:
        """Return a context in which primitives and the methods of this class are called.

        It lasts for one run or longer, in one thread; contexts nest. What a framework must have switched
        on or off for exact dtypes and quiet arithmetic is, and outside nothing changes: 64-bit types on
        JAX, NumPy's floating-point warnings.
        """
        return nullcontext()

    def is_concrete(self, x: Tensor) -> bool:
        """Whether the contents of `x` can be looked at now: False inside a trace that will run later."""
        return True

    def contents(self, x: Tensor) -> Tensor:
        """Return `x`, which is concrete, as a tensor that is no part of a derivative any more."""
        return x

    def stop_gradient(self, x: Tensor) -> Tensor:
        """Return `x`, through which no gradient flows."""
        return x

    def vjp(
        self, fn: Callable[..., tuple[list[Tensor], Any]], xs: Sequence[Tensor], marks: int = 0
    ) -> tuple[list[Tensor], Any, Pullback]:
        """Call `fn` and return its results, and the function that takes gradients back through it.

        Args:
            fn: Called as `fn(*xs)`, or as `fn(mark, *xs)` where `marks` is not 0. Returns `(ys, aux)`: a list of
                tensors, and a tree of lists, tuples and dicts with whatever else is wanted of the call, or None.
                `mark(i, value)` makes the intermediate tensor `value` the i-th point to differentiate for,
                and returns what to use in its place from there. It may be called twice with one `i` only
                if `fn` is traced twice. A point that is never marked has the gradient None.
            xs: The tensors to differentiate for. Those of other dtypes than floats and complex numbers
                have the gradient None.
            marks: How many points `fn` may mark.

        Returns:
            `(ys, aux, pullback)`. `pullback(cotangents)` takes one cotangent for each of `ys`, None for what does
            not count, and returns one gradient for each of `xs`, then for each mark: the sum over `ys`
            of the cotangent times the derivative (its conjugate where complex, as in TensorFlow); None
            where `ys` do not depend on it. It is called once, or again after `pullback(cotangents, keep=True)`.

            `vjp` nests: within `fn`, whose pullback may be called there too. What the outermost call
            returns is not connected to anything any more.

        Needs the capability `gradients`.
        """
        self._lacks("gradients", "vjp")

    def cond(
        self,
        pred: Tensor,
        then_fn: Callable[..., list[Tensor]],
        else_fn: Callable[..., list[Tensor]],
        args: Sequence[Tensor],
    ) -> list[Tensor]:
        """Return `then_fn(*args)` where `pred`, a scalar bool tensor, is true, else `else_fn(*args)`.

        Where `pred` is not concrete both are traced, and must return tensors of the same shapes and dtypes.
        """
        return then_fn(*args) if bool(pred) else else_fn(*args)

    def while_loop(
        self,
        cond_fn: Callable[..., Tensor],
        body_fn: Callable[..., list[Tensor]],
        init: Sequence[Tensor],
        maximum_iterations: int | None = None,
        differentiable: bool = False,
    ) -> list[Tensor]:
        """Return the variables after `body_fn` was applied to them as long as `cond_fn` is true.

        Args:
            cond_fn: `cond_fn(*variables)` is a scalar bool tensor.
            body_fn: `body_fn(*variables)` returns the new variables, of the same shapes and dtypes where traced.
            init: The first values of the variables.
            maximum_iterations: Stop after so many, whatever `cond_fn` says.
            differentiable: Whether a `vjp` outside needs gradients of the result. A compiler of static graphs
                needs `maximum_iterations` then: it keeps what every possible iteration may leave behind.

        Raises:
            Unsupported: `differentiable` without `maximum_iterations` where the framework needs it.
        """
        return python_loop(cond_fn, body_fn, init, maximum_iterations)

    def scan(
        self,
        body_fn: Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]],
        init: Sequence[Tensor],
        rows: Sequence[Tensor],
        length: int,
        cond_fn: Callable[..., Tensor] | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the variables after `length` calls of `body_fn`, and all rows that it returned.

        Args:
            body_fn: `body_fn(variables, rows)` returns the new variables, of the same shapes and dtypes where traced,
                and the rows to put into the results.
            init: The first values of the variables.
            rows: Tensors whose n-th rows the n-th call gets.
            length: How many calls.
            cond_fn: Where `cond_fn(*variables)` is false nothing is called any more; the rows from there on are zeros.
        """
        variables, written = list(init), []
        for i in range(length):
            if cond_fn is not None and not bool(cond_fn(*variables)):
                break
            variables, out = body_fn(variables, [self.row(x, i) for x in rows])
            written.append(out)
        zeros = [self.k.zeros_like(x) for x in written[0]] if written else []  # type: ignore[attr-defined]
        written.extend([zeros] * (length - len(written)))
        return list(variables), [self.k.stack(list(x), axis=0) for x in zip(*written, strict=True)]  # type: ignore[attr-defined]

    def with_gradient(
        self,
        outputs: Sequence[Tensor],
        inputs: Sequence[Tensor],
        kept: Sequence[Tensor],
        backward: Callable[[Sequence[Tensor], Sequence[Tensor]], list[Tensor]],
    ) -> list[Tensor]:
        """Return `outputs`, which were computed from `inputs`, with a derivative of their own.

        Args:
            outputs: Tensors; what their derivative would be does not count.
            inputs: The tensors that they have gradients for.
            kept: Tensors that the gradients are computed from.
            backward: `backward(cotangents, kept)` returns a gradient for each of `inputs`.

        Needs the capability `gradients`.
        """
        self._lacks("gradients", "with_gradient")

    def rehearse(self, fn: Callable[..., Any], args: Sequence[Tensor]) -> None:
        """Call `fn(*args)` for what it finds out about shapes; what it computes is nothing, and need not happen."""
        fn(*args)

    def row(self, x: Tensor, index: Any) -> Tensor:
        """Return the row of `x` at a scalar `index` of its first axis, a tensor or an int, which is within bounds."""
        if isinstance(index, int):
            return self.k.getitem(x, (index, ...))  # type: ignore[attr-defined]
        return self.k.take(x, index, axis=0)  # type: ignore[attr-defined]

    def with_row(self, x: Tensor, index: Tensor, value: Tensor) -> Tensor:
        """Return `x` with `value` in the place of the row at a scalar `index`, which is within bounds."""
        k = self.k  # type: ignore[attr-defined]
        return k.scatter(x, k.reshape(index, (1,)), k.expand_dims(value, 0), "set")

    def compile(
        self,
        fn: Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]],
        donate: bool = True,
        jit_level: str | None = None,
    ) -> Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]]:
        """Return `fn` as fast as the framework can run it again and again.

        Args:
            fn: `fn(state, args)` returns `(results, new_state)`, lists of tensors, without side effects.
                It may run at every call, or once for each combination of shapes and dtypes.
            donate: The caller gives up the tensors of `state` to each call; their memory may become `new_state`'s.
            jit_level: None: what the framework does best by itself. "on": its optimizing compiler, where that is
                another one (torch.compile, XLA for TensorFlow).

        Returns:
            A function of `(state, args)` that may be called outside of `computing()`, from any thread. NumPy
            arrays among `args` are taken as they are, whatever their dtype.
        """
        return fn

    def callback(
        self,
        fn: Callable[..., Sequence[np.ndarray]],
        out_specs: Sequence[Any],
        args: Sequence[Tensor],
        stateful: bool = True,
    ) -> list[Tensor]:
        """Call a function of the host, now or whenever the traced computation runs.

        Args:
            fn: Gets NumPy arrays, and returns a sequence of as many as `out_specs`.
            out_specs: Objects with `shape` and `dtype` (`TensorSpec`), or pairs of these; an unknown size is None
                where the framework allows it.
            args: Tensors.
            stateful: Whether every call counts, in order. Otherwise it may be dropped or repeated.
        """
        results = fn(*(self.to_numpy(x) for x in args))  # type: ignore[attr-defined]
        return [self.convert(x) for x in conforming(fn, results, out_specs)]  # type: ignore[attr-defined]

    def _lacks(self, capability: str, call: str) -> NoReturn:
        raise self.lacking(capability, call)  # type: ignore[attr-defined]


def python_loop(
    cond_fn: Callable[..., Tensor],
    body_fn: Callable[..., list[Tensor]],
    init: Sequence[Tensor],
    maximum_iterations: int | None,
) -> list[Tensor]:
    """Do `Tracing.while_loop` in Python, looking at each condition."""
    variables, done = list(init), 0
    while (maximum_iterations is None or done < maximum_iterations) and bool(cond_fn(*variables)):
        variables, done = list(body_fn(*variables)), done + 1
    return variables


def shape_and_dtype(spec: Any) -> tuple[tuple, str]:
    """Return what one of `out_specs` says."""
    shape, dtype = spec if isinstance(spec, tuple) else (spec.shape, spec.dtype)
    return tuple(shape), dtype


def conforming(fn: Callable, results: Sequence[Any], out_specs: Sequence[Any]) -> list[np.ndarray]:
    """Return what a callback returned as arrays of the promised dtypes.

    Raises:
        ValueError: There are more or fewer of them, or a shape is another.
    """
    if len(results) != len(out_specs):
        raise ValueError(f"callback {fn!r}: {len(out_specs)} results expected. Received: {len(results)}")
    arrays = []
    for result, spec in zip(results, out_specs, strict=True):
        shape, dtype = shape_and_dtype(spec)
        array = np.asarray(result, numpy_dtype(dtype))
        if len(shape) != array.ndim or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
            raise ValueError(f"callback {fn!r}: shape {shape} expected. Received: {array.shape}")
        arrays.append(array)
    return arrays

"""Differentiation by torch's autograd, as nested functions; everything else runs at once.

Autograd is a tape that spans the whole program. To make a function of it, the outermost `vjp` starts
from detached leaves and hands out detached results, and those within stay on the tape of the outer one.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch

from onevar.adapters.tracing import Pullback


class _Depth(threading.local):
    """How many `vjp`s of this thread are running their function now."""

    now = 0


_depth = _Depth()


def is_concrete(x: Any) -> bool:
    """Whether `x` has contents: it is no stand-in of torch.func or torch.compile, and not on the meta device."""
    return not (
        torch._C._functorch.is_functorch_wrapped_tensor(x) or x.is_meta or isinstance(x, torch._subclasses.FakeTensor)
    )


def _differentiable(x: torch.Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def _point(x: torch.Tensor) -> torch.Tensor:
    """Return `x` as a tensor of its own to differentiate for, still on the tape where it is on one."""
    if not _differentiable(x):
        return x
    return x.view_as(x) if x.requires_grad else x.detach().requires_grad_()


def _detached(tree: Any) -> Any:
    if isinstance(tree, torch.Tensor):
        return tree.detach() if tree.requires_grad else tree
    if isinstance(tree, list | tuple):
        return type(tree)(map(_detached, tree))
    return {key: _detached(part) for key, part in tree.items()} if isinstance(tree, dict) else tree


def vjp(fn: Callable, xs: Sequence[torch.Tensor], marks: int = 0) -> tuple[list, Any, Pullback]:
    """Do `Adapter.vjp` with `torch.autograd.grad`.

    A call is nested while another one's function runs, and also where gradients are enabled and one of `xs` is on
    a tape of the program's own, which then stays whole. Otherwise its graph is freed by `pullback`.
    """
    nested = _depth.now > 0 or (torch.is_grad_enabled() and any(x.requires_grad for x in xs))
    points: list[torch.Tensor | None] = [None] * marks

    def mark(i: int, value: torch.Tensor) -> torch.Tensor:
        points[i] = _point(value)
        return points[i]

    with torch.enable_grad():
        inputs = [_point(x if nested else x.detach()) for x in xs]
        _depth.now += 1
        try:
            attached, aux = fn(mark, *inputs) if marks else fn(*inputs)
        finally:
            _depth.now -= 1
    ys = list(attached)
    live: list[torch.Tensor] = ys

    def pullback(cotangents: Sequence[torch.Tensor | None], keep: bool = False) -> list[torch.Tensor | None]:
        nonlocal live
        pairs = [(y, ct) for y, ct in zip(live, cotangents, strict=True) if ct is not None and y.requires_grad]
        if not keep:
            live = []  # the graph lives as long as what it ends in
        targets = [*inputs, *points]
        where = [i for i, x in enumerate(targets) if x is not None and x.requires_grad]
        gradients: list[torch.Tensor | None] = [None] * len(targets)
        if pairs and where:
            found = torch.autograd.grad(
                [y for y, _ in pairs],
                [targets[i] for i in where],
                [ct.to(y.dtype) for y, ct in pairs],
                allow_unused=True,
                retain_graph=keep or nested,
                create_graph=nested,
            )
            for i, gradient in zip(where, found, strict=True):
                gradients[i] = gradient
        if not keep:
            inputs.clear()
            points.clear()
        return gradients

    return (ys, aux, pullback) if nested else (_detached(ys), _detached(aux), pullback)


class _Own(torch.autograd.Function):
    """Outputs with a derivative of their own."""

    @staticmethod
    def forward(ctx: Any, backward: Callable, outputs: Sequence[torch.Tensor], count: int, *tensors: Any) -> tuple:
        """Return the outputs."""
        ctx.backward_fn, ctx.count = backward, count
        ctx.save_for_backward(*tensors[count:])
        ctx.set_materialize_grads(True)
        return tuple(y.view_as(y) for y in outputs)

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> tuple:
        """Return what the program's function returns."""
        found = ctx.backward_fn(list(cotangents), list(ctx.saved_tensors))
        return (None, None, None, *found, *[None] * len(ctx.saved_tensors))


def with_gradient(
    outputs: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor], kept: Sequence[torch.Tensor], backward: Callable
) -> list[torch.Tensor]:
    """Do `Adapter.with_gradient` by a `torch.autograd.Function`."""
    detached = [y.detach() for y in outputs]
    return list(_Own.apply(backward, detached, len(inputs), *inputs, *kept))


def compile(fn: Callable, donate: bool = True, jit_level: str | None = None) -> Callable:
    """Return `fn` without gradients of the program's own; compiled by `torch.compile` at `jit_level="on"`."""
    if jit_level == "on":
        fn = torch.compile(fn)
    no_grad = torch.no_grad

    def call(state: list, args: list) -> tuple[list, list]:
        with no_grad():
            return fn(state, args)

    return call

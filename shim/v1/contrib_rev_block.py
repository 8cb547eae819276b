"""`tf.contrib.layers.rev_block` and `recompute_grad`: layers whose values a backward pass may compute again."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from onevar.v1.array_ops_shape import identity
from onevar.v1.export import export
from onevar.v1.variable_scopes import variable_scope


@export("contrib.layers.recompute_grad", "recompute_grad")
def recompute_grad(
    fn: Callable[..., Any] | None = None, use_data_dep: Any = None, tupleize_grads: bool = False, **kwargs: Any
) -> Any:
    """Return a function that does what `fn` does.

    What is kept for the backward pass is the framework's affair here, so that values and gradients are the same and
    the memory is not less; on torch and jax a loop whose body is recomputed saves more.

    Args:
        fn: A function of tensors; None gives a decorator.
        use_data_dep: Accepted.
        tupleize_grads: Accepted.
        **kwargs: `f`, TensorFlow 2's name of `fn`.

    Raises:
        TypeError: A tensor was given by name.
    """
    fn = kwargs.pop("f", fn)
    if fn is None:
        return functools.partial(recompute_grad, use_data_dep=use_data_dep, tupleize_grads=tupleize_grads)

    @functools.wraps(fn)
    def wrapped(*args: Any, **named: Any) -> Any:
        return fn(*args, **named)

    return wrapped


def _as_list(value: Any, count: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * count


def _called(function: Callable[..., Any], x: Any, side: Sequence[Any] | None, scope: str) -> Any:
    with variable_scope(scope, use_resource=True):
        return function(x, list(side)) if side else function(x)


@export("contrib.layers.rev_block")
def rev_block(
    x1: Any, x2: Any, f: Any, g: Any, num_layers: int = 1, f_side_input: Any = None, g_side_input: Any = None,
    is_training: bool = True,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the outputs of reversible residual layers (Gomez et al., 2017).

    Args:
        x1: One half of the inputs.
        x2: The other one.
        f: A function of a half, or one for each layer; it is added to the first half.
        g: The same, added to the second half.
        num_layers: How many layers there are.
        f_side_input: More inputs of `f`.
        g_side_input: More inputs of `g`.
        is_training: Accepted.

    Raises:
        ValueError: There are not as many functions as layers.
    """
    fs, gs = _as_list(f, num_layers), _as_list(g, num_layers)
    if len(fs) != num_layers or len(gs) != num_layers:
        raise ValueError(f"f and g: {len(fs)} and {len(gs)} functions for {num_layers} layers.")
    with variable_scope(None, "revblock", use_resource=True):
        for number in range(num_layers):
            with variable_scope(f"revlayer_{number}", use_resource=True):
                x1 = x1 + _called(fs[number], x2, f_side_input, "f")
                x2 = x2 + _called(gs[number], x1, g_side_input, "g")
        return identity(x1), identity(x2)

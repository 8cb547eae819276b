"""Conditions that are known before anything runs: `smart_cond` and the like."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import constant as constants
from onevar.core.operation import Tensor
from onevar.v1.case_ops import case
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export


@export("contrib.framework.smart_constant_value", "python.framework.smart_cond.smart_constant_value")
def smart_constant_value(pred: Any) -> Any:
    """Return what a predicate is, if that is known before anything runs; else None.

    Args:
        pred: A bool, 0 or 1, or a tensor.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(pred, Tensor):
        value = constants.constant_value(pred)
        return None if value is None else value.item() if value.ndim == 0 else value
    if isinstance(pred, bool | np.bool_):
        return bool(pred)
    if isinstance(pred, int) and pred in (0, 1):
        return bool(pred)
    if hasattr(pred, "_as_graph_element"):
        return None
    raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(pred)}")


@export("contrib.framework.smart_cond", "python.framework.smart_cond.smart_cond")
def smart_cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `true_fn()` or `false_fn()`: at once if `pred` is known, else by `tf.cond`.

    Args:
        pred: A bool, 0 or 1, or a tensor.
        true_fn: What to do where it is true.
        false_fn: What to do where it is not.
        name: Of the `tf.cond`.

    Raises:
        TypeError: `true_fn` or `false_fn` cannot be called.
    """
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    value = smart_constant_value(pred)
    if value is None:
        return cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if value else false_fn()


@export(
        "python.layers.utils.smart_cond")  # fmt: skip
def layers_smart_cond(pred: Any, fn1: Any = None, fn2: Any = None, name: str | None = None, **functions: Any) -> Any:
    """Return `smart_cond(pred, fn1, fn2)`.

    Args:
        pred: A bool, 0 or 1, a tensor, or a variable.
        fn1: What to do where it is true; `true_fn` is another name.
        fn2: What to do where it is not; `false_fn` is another name.
        name: Of the `tf.cond`.
        **functions: `true_fn` and `false_fn`.
    """
    fn1, fn2 = functions.pop("true_fn", fn1), functions.pop("false_fn", fn2)
    return smart_cond(pred, fn1, fn2, name)


@export("contrib.framework.smart_case", "python.framework.smart_cond.smart_case")
def smart_case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, name: str = "smart_case") -> Any:
    """Return `tf.case` of the arguments, or the function's value at once where a predicate is known to be true.

    Args:
        pred_fn_pairs: Pairs of a predicate and a function.
        default: What to do where no predicate is true.
        exclusive: Whether not more than one may be true.
        name: Of the `tf.case`.
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    known = [(smart_constant_value(pred), fn) for pred, fn in pairs]
    if any(value for value, _ in known):
        return next(fn for value, fn in known if value)()
    if default is not None and all(value is False for value, _ in known):
        return default()
    return case(pairs, default=default, exclusive=exclusive, name=name)


@export("python.layers.utils.constant_value", "contrib.layers.python.layers.utils.static_cond_value")
def layers_constant_value(pred: Any) -> Any:
    """Return the bool that `pred` is known to be; None where it is not known.

    Args:
        pred: A bool, 0 or 1, a tensor, or a variable.

    Raises:
        TypeError: It is something else.
    """
    return smart_constant_value(pred)

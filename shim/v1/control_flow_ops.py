"""`tf.cond`, and what `tf.case` and `tf.while_loop` share with it: operations that hold graphs.

What TensorFlow 1 spreads over Switch, Merge, Enter and Exit operations is one `If` or `While` operation
here; its outputs have the names of TensorFlow's last operations, `cond/Merge:0` and `while/Exit:0`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.func_graph import FuncGraph, trace
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, is_nested, map_structure
from onevar.core.operation import Tensor
from onevar.core.spec import Spec
from onevar.v1.body_gradients import with_gradients
from onevar.v1.composites import components
from onevar.v1.export import export
from onevar.v1.function_bodies import add_functional, as_result, captures_of, restored
from onevar.v1.while_ops import while_loop as while_loop


@export("cond")
def cond(
    pred: Any, true_fn: Callable | None = None, false_fn: Callable | None = None, strict: bool = False,
    name: str | None = None, fn1: Callable | None = None, fn2: Callable | None = None,
) -> Any:  # fmt: skip
    """Return what `true_fn()` returns where `pred` is true when the graph runs, else what `false_fn()` does.

    Only the operations of the branch that is chosen run, those that the function makes. What it uses
    from outside has run before, whichever branch is chosen.

    Args:
        pred: A scalar bool tensor.
        true_fn: Builds one branch.
        false_fn: Builds the other; the two return the same structure and dtypes.
        strict: Keep a list or tuple of one as it is.
        name: Of the operation.
        fn1: The old name of `true_fn`.
        fn2: The old name of `false_fn`.

    Raises:
        TypeError: `pred` is a Python bool, a branch cannot be called, or the branches return different dtypes.
        ValueError: The branches return different structures.
    """
    true_fn, false_fn = _renamed(true_fn, fn1, "true_fn", "fn1"), _renamed(false_fn, fn2, "false_fn", "fn2")
    if executing_eagerly():
        return _unpacked((true_fn if bool(pred) else false_fn)(), strict)
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    with name_scope(name, "cond", [pred]):
        return _built_cond(convert_to_tensor(pred, name="pred"), true_fn, false_fn, strict)


def _renamed(value: Callable | None, old: Callable | None, name: str, old_name: str) -> Callable:
    if old is not None:
        if value is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        value = old
    if value is None:
        raise TypeError(f"cond(): '{name}' argument required")
    if not callable(value):
        raise TypeError(f"{name} must be callable.")
    return value


def _built_cond(pred: Tensor, true_fn: Callable, false_fn: Callable, strict: bool) -> Any:
    if pred.dtype.key != "bool":
        raise TypeError(f"pred must be a bool tensor. Received: {pred!r}.")
    graph = get_default_graph()
    bodies, structures = [], []
    for label, function in (("then", true_fn), ("else", false_fn)):
        body, returned = trace(f"{graph.get_name_scope()}/{label}", graph, function)
        structures.append(_recorded(body, returned, strict))
        bodies.append(with_gradients(body))
    _check_alike(structures, bodies)
    outputs = [(a.dtype.base_dtype, _merged(a, b)) for a, b in zip(bodies[0].results, bodies[1].results, strict=True)]
    inputs = [pred, *captures_of(bodies)]
    attrs = {"then_branch": bodies[0], "else_branch": bodies[1]}
    operation = add_functional(graph, "If", "Merge", inputs, attrs, outputs, bodies)
    if structures[0] is None:
        return operation
    return restored(structures[0], operation.outputs)


def _recorded(body: FuncGraph, returned: Any, strict: bool) -> Any:
    """Make what a branch returned the body's results; return its structure."""
    returned = _unpacked(returned, strict)
    if returned is None:
        return None
    with body.as_default():
        for leaf in flatten(returned):
            for part in components(leaf):
                body.results.append(as_result(body, part))
    return returned


def _unpacked(returned: Any, strict: bool) -> Any:
    if not strict and isinstance(returned, list | tuple) and not hasattr(returned, "_fields") and len(returned) == 1:
        return returned[0]
    return returned


def _check_alike(structures: Sequence[Any], bodies: Sequence[FuncGraph]) -> None:
    first, second = structures
    if (first is None) != (second is None):
        raise ValueError("true_fn and false_fn must both return a value, or neither.")
    if first is not None:
        shown = [map_structure(lambda leaf: "leaf", s) if is_nested(s) else "leaf" for s in structures]
        try:
            assert_same_structure(shown[0], shown[1])
        except (TypeError, ValueError) as error:
            raise type(error)(f"Incompatible return values of true_fn and false_fn: {error}") from None
    if len(bodies[0].results) != len(bodies[1].results):
        raise ValueError(
            f"true_fn and false_fn must return the same number of values. Received: {len(bodies[0].results)} and "
            f"{len(bodies[1].results)}."
        )
    for a, b in zip(bodies[0].results, bodies[1].results, strict=True):
        if a.dtype.base_dtype is not b.dtype.base_dtype:
            raise ValueError(
                f"Outputs of true_fn and false_fn must have the same type(s). Received {a.dtype.base_dtype.name} from "
                f"true_fn and {b.dtype.base_dtype.name} from false_fn."
            )


def _merged(a: Tensor, b: Tensor) -> Spec:
    first, second = a.spec.shape, b.spec.shape
    if first is None or second is None or len(first) != len(second):
        return Spec(None, a.dtype.key)
    return Spec(tuple(x if x == y else None for x, y in zip(first, second, strict=True)), a.dtype.key)

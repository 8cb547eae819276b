"""`tf.case` and `tf.switch_case`: the first of several branches whose condition holds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export


@export("case")
def case(
    pred_fn_pairs: Any,
    default: Callable | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Return what the first function does whose predicate holds when the graph runs, else what `default` does.

    Args:
        pred_fn_pairs: Pairs of a scalar bool tensor and a function, or a dictionary from the one to the other.
        default: Builds the branch that is taken where no predicate holds; without it that is an error of the run.
        exclusive: Whether it is an error of the run that several predicates hold.
        strict: Keep a list or tuple of one as it is.
        name: Of the scope.

    Raises:
        TypeError: `pred_fn_pairs` is no list, tuple or dictionary, or has elements of another kind.
        ValueError: There are no pairs.
    """
    pairs = _checked(pred_fn_pairs)
    if default is not None and not callable(default):
        raise TypeError("default must be callable.")
    if executing_eagerly():
        return _eager_case(pairs, default, exclusive)
    with name_scope(name, "case", [pred for pred, _ in pairs]):
        preds = [convert_to_tensor(pred) for pred, _ in pairs]
        functions = [function for _, function in pairs]
        first = _exclusive(preds) if exclusive else []
        if default is None:
            default, preds, functions = _without_default(preds, functions, exclusive)
        with control_dependencies(first):
            return _chain(preds, functions, default, strict)


def _chain(preds: Sequence[Tensor], functions: Sequence[Callable], default: Callable, strict: bool) -> Any:
    branch = default
    for pred, function in reversed(list(zip(preds, functions, strict=True))):
        branch = _either(pred, function, branch, strict)
    return branch()


def _either(pred: Tensor, function: Callable, otherwise: Callable, strict: bool) -> Callable[[], Any]:
    return lambda: cond(pred, function, otherwise, strict=strict, name="cond")


def _checked(pairs: Any) -> list[tuple[Any, Callable]]:
    if not isinstance(pairs, list | tuple | Mapping):
        raise TypeError(f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(pairs)}")
    items = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)
    if not items:
        raise ValueError("'pred_fn_pairs' must have at least one pair of a predicate and a function.")
    for item in items:
        _check_pair(item)
    return [(pred, function) for pred, function in items]


def _check_pair(item: Any) -> None:
    if not isinstance(item, tuple) or len(item) != 2:
        raise TypeError(f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {item}.")
    pred, function = item
    if isinstance(pred, Tensor) or not executing_eagerly():
        if not isinstance(pred, Tensor):
            raise TypeError(f"'pred' must be Tensor, got {type(pred)}.")
        if pred.dtype.base_dtype.key != "bool":
            raise TypeError(f"'pred' must be Tensor of type bool: {pred.dtype.name}.")
    if not callable(function):
        raise TypeError(f"'fn' for pred {pred} must be callable.")


def _exclusive(preds: Sequence[Tensor]) -> list[Operation]:
    """Return the assertion that at most one predicate holds."""
    counted = op(
        "Sum", input=op("Cast", x=op("Pack", values=list(preds)), DstT="int32"), reduction_indices=0, keep_dims=False
    )
    holds = op("Less", x=counted, y=constant(2))
    names = ", ".join(pred.name for pred in preds)
    said = f"Input error: exclusive=True: more than 1 conditions ({names}) evaluated as True:"
    return [op("Assert", condition=holds, data=[said, op("Pack", values=list(preds))], summarize=len(preds))]


def _without_default(
    preds: Sequence[Tensor], functions: Sequence[Callable], exclusive: bool
) -> tuple[Callable, list[Tensor], list[Callable]]:
    """Return the last branch as the one that is taken where no other is: its predicate then has to hold."""
    names = ", ".join(pred.name for pred in preds)
    last, function = preds[-1], functions[-1]
    said = f"Input error: None of conditions ({names}) evaluated as True:"
    shown = op("Pack", values=list(preds))

    def asserted() -> Any:
        with control_dependencies([op("Assert", condition=last, data=[said, shown], summarize=len(preds))]):
            return function()

    return asserted, list(preds[:-1]), list(functions[:-1])


def _eager_case(pairs: Sequence[tuple[Any, Callable]], default: Callable | None, exclusive: bool) -> Any:
    held = [function for pred, function in pairs if bool(pred)]
    if exclusive and len(held) > 1:
        from onevar.core.op_errors import InvalidArgumentError

        raise InvalidArgumentError(None, None, "Input error: exclusive=True: more than 1 conditions evaluated as True")
    if held:
        return held[0]()
    if default is None:
        from onevar.core.op_errors import InvalidArgumentError

        raise InvalidArgumentError(None, None, "Input error: None of conditions evaluated as True")
    return default()


@export("switch_case")
def switch_case(branch_index: Any, branch_fns: Any, default: Callable | None = None, name: str = "switch_case") -> Any:
    """Return what the function of the number `branch_index` does, else what `default` does, or the last one.

    Args:
        branch_index: A scalar int32 tensor.
        branch_fns: Functions, pairs of number and function, or a dictionary from the one to the other.
        default: Builds the branch for other numbers; None takes the branch of the greatest number.
        name: Of the scope.

    Raises:
        TypeError: `branch_fns` is of another kind, or a function cannot be called.
        ValueError: There are no functions, or a number twice.
    """
    branches = _numbered(branch_fns)
    last = default if default is not None else branches[max(branches)]
    if not callable(last):
        raise TypeError("default must be callable.")
    if executing_eagerly():
        return branches.get(int(branch_index), last)()
    with name_scope(name, "switch_case", [branch_index]):
        index = convert_to_tensor(branch_index, dtype="int32", name="branch_index")
        numbers = sorted(branches) if default is not None else sorted(branches)[:-1]
        preds = [op("Equal", x=index, y=constant(number)) for number in numbers]
        return _chain(preds, [branches[number] for number in numbers], last, strict=False)


def _numbered(branch_fns: Any) -> dict[int, Callable]:
    if isinstance(branch_fns, Mapping):
        items = list(branch_fns.items())
    elif isinstance(branch_fns, list | tuple):
        items = [i if isinstance(i, tuple) else (at, i) for at, i in enumerate(branch_fns)]
    else:
        raise TypeError(f"'branch_fns' must be a list, tuple, or dict. Received: {type(branch_fns)}")
    if not items:
        raise ValueError("'branch_fns' must have at least one branch.")
    for number, function in items:
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"The numbers of 'branch_fns' must be Python ints. Received: {number!r}.")
        if not callable(function):
            raise TypeError(f"The function of branch {number} must be callable. Received: {function!r}.")
    if len({number for number, _ in items}) < len(items):
        raise ValueError(f"'branch_fns' must have each number once. Received: {[number for number, _ in items]}.")
    return dict(items)

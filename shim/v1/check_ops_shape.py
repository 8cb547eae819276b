"""Checks of ranks, shapes and order: `tf.assert_rank`, `tf.debugging.assert_shapes`, `tf.is_non_decreasing`."""

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_index import strided_slice
from onevar.v1.array_ops_shape import rank, reshape, shape, size
from onevar.v1.check_ops import assert_, assert_type, is_numeric_tensor, name_of, prefix
from onevar.v1.common import dims_of, rank_of, shape_of
from onevar.v1.export import export, exported
from onevar.v1.grouping_ops import no_op, with_dependencies
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.sparse_types import SparseTensor


def _known(tensor: Any) -> Any:
    return constant_value(tensor) if isinstance(tensor, Tensor) else np.asarray(tensor)


def _tensor(x: Any) -> Any:
    return x if isinstance(x, SparseTensor) else convert_to_tensor(x, name="x")


def _rank_of(x: Any) -> int | None:
    return x.shape.rank if isinstance(x, SparseTensor) else rank_of(x)


def _name(x: Any) -> str:
    return x.name if isinstance(x, Tensor) else ""


def _rank_checks(condition: Any, ranks: list[Any], known: list[Any]) -> Any:
    """A rank that is only known when the graph runs has to be a scalar."""
    for given, value in zip(ranks, known, strict=True):
        if value is None:
            check = assert_rank(given, 0, data=["Rank must be a scalar. Received rank: ", given])
            condition = with_dependencies([check], condition)
    return condition


def _check(
    x: Any, ranks: list[Any], static: Callable[..., bool], dynamic: Callable[..., Any], says: str, data: Any,
    summarize: int | None, message: str | None,
) -> Any:  # fmt: skip
    if data is None:
        begins = [prefix(message), f"Tensor {_name(x)} must have rank{says}"]
        data = [*begins, *ranks, "Received shape: ", shape(x)]
    for given in ranks:
        assert_type(given, dtypes.int32)
    known = [_known(given) for given in ranks]
    actual = _rank_of(x)
    if all(value is not None for value in known):
        if any(value.ndim for value in known):
            raise ValueError("Rank must be a scalar.")
        if actual is not None:
            values = [int(value) for value in known]
            if not static(actual, values):
                shown = tuple(values) if " in" in says else values[0]
                raise ValueError(
                    f"{prefix(message)}Tensor {_name(x)} must have rank{says} {shown}.  Received rank {actual}, "
                    f"shape {x.shape if isinstance(x, SparseTensor) else shape_of(x)}"
                )
            return no_op("static_checks_determined_all_ok")
    condition = _rank_checks(dynamic(rank(x), ranks), ranks, known)
    return assert_(condition, data, summarize=summarize)


@export("assert_rank", "debugging.assert_rank")
def assert_rank(
    x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Check that a tensor has a number of dimensions; see `tf.compat.v1.assert_rank`.

    Raises:
        ValueError: It is known not to have.
    """
    with name_scope(name, "assert_rank", [x, rank]):
        x, given = _tensor(x), convert_to_tensor(rank, name="rank")

        def dynamic(actual: Any, ranks: list[Any]) -> Any:
            return op("Equal", x=actual, y=ranks[0])

        return _check(x, [given], lambda a, b: a == b[0], dynamic, "", data, summarize, message)


@export("assert_rank_at_least", "debugging.assert_rank_at_least")
def assert_rank_at_least(
    x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Check that a tensor has so many dimensions or more; see `tf.compat.v1.assert_rank_at_least`.

    Raises:
        ValueError: It is known not to have.
    """
    with name_scope(name, "assert_rank_at_least", [x, rank]):
        x, given = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")

        def dynamic(actual: Any, ranks: list[Any]) -> Any:
            return op("GreaterEqual", x=actual, y=ranks[0])

        return _check(x, [given], lambda a, b: a >= b[0], dynamic, " at least", data, summarize, message)


@export("assert_rank_in", "debugging.assert_rank_in")
def assert_rank_in(
    x: Any, ranks: Iterable[Any], data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Check that a tensor has one of several numbers of dimensions; see `tf.compat.v1.assert_rank_in`.

    Raises:
        ValueError: It is known not to have.
    """
    with name_scope(name, "assert_rank_in", [x, *ranks]):
        x, given = _tensor(x), [convert_to_tensor(rank, name="rank") for rank in ranks]

        def dynamic(actual: Any, wanted: list[Any]) -> Any:
            if not wanted:
                return convert_to_tensor(False)
            result = op("Equal", x=wanted[0], y=actual)
            for other in wanted[1:]:
                result = op("LogicalOr", x=result, y=op("Equal", x=other, y=actual))
            return result

        return _check(x, given, lambda a, b: a in b, dynamic, " in", data, summarize, message)


@export("debugging.assert_shapes")
def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> Any:
    """Check that tensors have shapes, and share sizes that have the same symbol; see `tf.debugging.assert_shapes`.

    Raises:
        ValueError: A shape is no shape, or is known to be another.
    """
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    with name_scope(name, "assert_shapes", [shapes, data]):
        constraints = [_Constraint(convert_to_tensor(x), wanted, message) for x, wanted in pairs if wanted is not None]
        options = {"data": data, "summarize": summarize, "message": message}
        checks = [check for c in constraints if (check := c.check_rank(options)) is not None]
        found: dict[Any, tuple[Any, str]] = {}
        for constraint in constraints:
            checks += constraint.check_sizes(found, checks, options)
        with control_dependencies(checks):
            return no_op("group_deps")


class _Constraint:
    """A tensor and the sizes that it should have, from the last backwards if the first entry leaves the rest open."""

    def __init__(self, tensor: Any, wanted: Any, message: str | None):
        start = f"{prefix(message)}Tensor {name_of(tensor)}"
        if not hasattr(wanted, "__iter__"):
            raise ValueError(
                f"{start}.  Specified shape must be an iterable.  An iterable has the attribute `__iter__` or "
                f"`__getitem__`.  Received specified shape: {wanted}"
            )
        symbols = tuple(wanted)
        for i, symbol in enumerate(symbols[1:], start=1):
            if symbol is Ellipsis or symbol == "*":
                raise ValueError(
                    f"{start} specified shape index {i}.  Symbol `...` or `*` for a variable number of unspecified "
                    "dimensions is only allowed as the first entry"
                )
        self.tensor = tensor
        self.open = bool(symbols) and (symbols[0] is Ellipsis or symbols[0] == "*")
        self.symbols = symbols[1:] if self.open else symbols

    def check_rank(self, options: dict[str, Any]) -> Any:
        """Return the check of the rank, or None if any will do."""
        count = len(self.symbols)
        if self.open:
            return assert_rank_at_least(self.tensor, count, **options) if count > 1 else None
        if count < 2:
            return assert_rank_in(self.tensor, [0, 1], **options)
        return assert_rank(self.tensor, count, **options)

    def _size(self, position: int) -> Any:
        dims = dims_of(self.tensor)
        if dims == ():
            return 1
        if dims is not None and dims[position] is not None:
            return dims[position]
        return shape(self.tensor)[position]

    def check_sizes(self, found: dict, checks: list[Any], options: dict[str, Any]) -> list[Any]:
        """Check the sizes that are known, and return the checks of the others."""
        made = []
        for i, symbol in enumerate(self.symbols):
            if symbol is None or symbol == ".":
                continue
            position = i - len(self.symbols) if self.open else i
            with control_dependencies(checks):
                actual = self._size(position)
            fixed = not isinstance(symbol, str) and _is_int(symbol)
            if not fixed and symbol not in found:
                found[symbol] = actual, f"Specified by tensor {name_of(self.tensor)} dimension {position}"
                continue
            wanted, why = (int(symbol), "Specified explicitly") if fixed else found[symbol]
            check = self._check_size(position, actual, wanted, why, options)
            made += [] if check is None else [check]
        return made

    def _check_size(self, position: int, actual: Any, wanted: Any, why: str, options: dict[str, Any]) -> Any:
        start, name = prefix(options["message"]), name_of(self.tensor)
        if isinstance(actual, int) and isinstance(wanted, int):
            if actual != wanted:
                raise ValueError(
                    f"{start}{why}.  Tensor {name} dimension {position} must have size {wanted}.  "
                    f"Received size {actual}, shape {shape_of(self.tensor)}"
                )
            return None
        condition = op("Equal", x=convert_to_tensor(actual), y=convert_to_tensor(wanted))
        data = options["data"]
        if data is None:
            data = [start, why, f"Tensor {name} dimension", position, "must have size", wanted, "Received shape: "]
            data.append(shape(self.tensor))
        return assert_(condition, data, summarize=options["summarize"])


def _is_int(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _monotonic(op_type: str, function_name: str, *names: str) -> None:
    def function(x: Any, name: str | None = None) -> Any:
        with name_scope(name, function_name, [x]):
            flat = reshape(x, [-1])
            if not is_numeric_tensor(flat):
                raise TypeError(f"Expected x to be numeric, instead found: {flat}")
            short = op("Less", x=size(flat), y=2)
            length = shape(flat) - 1

            def steps() -> Any:
                later = strided_slice(flat, [1], [1] + length)  # noqa: RUF005 (of a tensor: a sum)
                return op(op_type, x=later, y=strided_slice(flat, [0], length))

            return reduce_all(exported("cond")(short, lambda: convert_to_tensor([], dtype=dtypes.bool), steps))

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Whether each element compares so with the one before; see `tf.math.{function_name}`."
    export(*names)(function)


for _type, _order in (("GreaterEqual", "is_non_decreasing"), ("Greater", "is_strictly_increasing")):
    _monotonic(_type, _order, _order, f"math.{_order}", f"debugging.{_order}")

"""The operators of tensors: `x + y`, `x[i]`, `x @ y`, with TensorFlow 1's rules and names.

Nothing is promoted: a Python value becomes the dtype of the tensor beside it, tensors of different dtypes are a
`TypeError`, `/` on integers gives floats, and `==` is identity.
"""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_index import slice_helper
from onevar.v1.common import dtype_of
from onevar.v1.math_ops_elementwise import abs_, div, logical_xor, truediv
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.sparse_types import SparseTensor

Function = Callable[..., Any]


def _add(x: Any, y: Any, name: str) -> Any:
    if not isinstance(y, Tensor):
        y = convert_to_tensor(y, preferred_dtype=dtype_of(x), name="y")
    return op("Add" if dtype_of(x) is dtypes.string else "AddV2", x=x, y=y, name=name)


def _mul(x: Any, y: Any, name: str) -> Any:
    if isinstance(y, SparseTensor):
        parts = {"sp_indices": y.indices, "sp_values": y.values, "sp_shape": y.dense_shape}
        return SparseTensor(y.indices, op("SparseDenseCwiseMul", **parts, dense=x, name=name), y.dense_shape)
    if any(isinstance(z, Tensor) and z.dtype.base_dtype is dtypes.bool for z in (x, y)):
        ints = [op("Cast", x=z, DstT=dtypes.int32) for z in (x, y)]
        return op("Cast", x=op("Mul", x=ints[0], y=ints[1], name=name), DstT=dtypes.bool)
    return op("Mul", x=x, y=y, name=name)


def _direct(op_type: str) -> Function:
    def function(x: Any, y: Any, name: str) -> Any:
        return op(op_type, x=x, y=y, name=name)

    return function


def _logical(op_type: str, bitwise: str) -> Function:
    def function(x: Any, y: Any, name: str) -> Any:
        if dtype_of(x) is dtypes.bool:
            return op(op_type, x=x, y=y, name=name)
        return op(bitwise, x=x, y=y)

    return function


def _xor(x: Any, y: Any, name: str) -> Any:
    return logical_xor(x, y, name) if dtype_of(x) is dtypes.bool else op("BitwiseXor", x=x, y=y)


def _matmul(x: Any, y: Any, name: str) -> Any:
    return matmul(x, y, name=name)


# The op that an operator is when both sides are tensors already, which needs no scope.
_PLAIN = {"add": "AddV2", "sub": "Sub", "mul": "Mul", "floordiv": "FloorDiv", "mod": "FloorMod", "pow": "Pow"}
_BINARY: dict[str, Function] = {
    "add": _add,
    "sub": _direct("Sub"),
    "mul": _mul,
    "truediv": truediv,
    "div": div,
    "floordiv": _direct("FloorDiv"),
    "mod": _direct("FloorMod"),
    "pow": _direct("Pow"),
    "matmul": _matmul,
    "and": _logical("LogicalAnd", "BitwiseAnd"),
    "or": _logical("LogicalOr", "BitwiseOr"),
    "xor": _xor,
}
_COMPARISONS = {"lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
_NOT_PLAIN = (dtypes.bool, dtypes.string)


def _forward(name: str, function: Function) -> Function:
    plain, reflected = _PLAIN.get(name), f"__r{name}__"

    def operator(x: Any, y: Any) -> Any:
        if not isinstance(x, Tensor):
            x = convert_to_tensor(x)
        if plain is not None and isinstance(y, Tensor) and x.dtype.base_dtype not in _NOT_PLAIN:
            return op(plain, x=x, y=y, name=name)
        with name_scope(None, name, [x, y]) as scope:
            try:
                return function(x, y, scope)
            except (TypeError, ValueError) as error:
                # Python asks the other side only after NotImplemented; TensorFlow asks it here.
                result = _reflected(getattr(type(y), reflected, None), x, y, error)
                if result is NotImplemented:
                    raise
                return result

    operator.__name__ = operator.__qualname__ = f"__{name}__"
    return operator


def _reflected(other: Function | None, x: Any, y: Any, error: Exception) -> Any:
    if other is None or isinstance(y, Tensor):
        return NotImplemented
    try:
        return other(y, x)
    except (TypeError, ValueError):
        raise error from None


def _backward(name: str, function: Function) -> Function:
    def operator(y: Any, x: Any) -> Any:
        if not isinstance(y, Tensor):
            y = convert_to_tensor(y)
        with name_scope(None, name, [x, y]) as scope:
            return function(convert_to_tensor(x, dtype=dtype_of(y), name="x"), y, scope)

    operator.__name__ = operator.__qualname__ = f"__r{name}__"
    return operator


def _comparison(name: str, op_type: str) -> Function:
    def operator(x: Any, y: Any) -> Any:
        return op(op_type, x=x, y=y)

    operator.__name__ = operator.__qualname__ = f"__{name}__"
    return operator


def _invert(x: Any) -> Any:
    return op("LogicalNot" if dtype_of(x) is dtypes.bool else "Invert", x=x)


def _negative(x: Any) -> Any:
    return op("Neg", x=x)


#: By the names of Python's methods; for `Tensor` and for Variables.
OPERATORS: dict[str, Function] = {
    **{f"__{name}__": _forward(name, function) for name, function in _BINARY.items()},
    **{f"__r{name}__": _backward(name, function) for name, function in _BINARY.items()},
    **{f"__{name}__": _comparison(name, op_type) for name, op_type in _COMPARISONS.items()},
    "__invert__": _invert,
    "__neg__": _negative,
    "__abs__": abs_,
    "__getitem__": slice_helper,
}

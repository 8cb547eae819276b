"""`tensorflow.python.ops.inplace_ops`: tensors with some rows replaced, which TensorFlow writes into the same memory.

Here each is a new tensor. Whoever used the old one after the change would have seen TensorFlow's order of execution.
"""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.array_ops_create import zeros_like
from onevar.v1.array_ops_shape import expand_dims, reshape, shape
from onevar.v1.common import dtype_of, rank_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast

_MODULE = "python.ops.inplace_ops"


def _offer(op_type: str, verb: str) -> None:
    def function(x: Any, i: Any, v: Any) -> Any:
        x = convert_to_tensor(x)
        v = convert_to_tensor(v, dtype_of(x))
        if i is None:
            whole = op(op_type, tensor=reshape(x, [1, -1]), indices=[[0]], updates=reshape(v, [1, -1]))
            return reshape(whole, shape(x))
        i = cast(i, "int32")
        if rank_of(i) == 0:
            i, v = reshape(i, [1]), expand_dims(v, 0)
        return op(op_type, tensor=x, indices=expand_dims(i, -1), updates=v)

    function.__name__ = function.__qualname__ = f"inplace_{verb}"
    function.__doc__ = f"Return `x` with its rows `i` changed by `v`: {verb}; all of it where `i` is None."
    _export(function, verb)


def _export(function: Callable, verb: str) -> None:
    export(f"{_MODULE}.inplace_{verb}", f"{_MODULE}.alias_inplace_{verb}")(function)


_offer("TensorScatterUpdate", "update")
_offer("TensorScatterAdd", "add")
_offer("TensorScatterSub", "sub")


@export(f"{_MODULE}.empty_like")
def empty_like(x: Any, init: bool | None = None) -> Any:
    """Return a tensor of the shape and dtype of another one; its contents are zeros.

    Args:
        x: The other one.
        init: Whether they must be.
    """
    return zeros_like(x)

"""`sparse * dense` and `sparse / dense`, element by element at the places where the sparse tensor has any."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.common import dtype_of
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.sparse_types import SparseTensor

#: What integers are divided as.
_DIVIDED_AS = {
    dtypes.uint8: dtypes.float32, dtypes.int8: dtypes.float32, dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32, dtypes.int32: dtypes.float64, dtypes.int64: dtypes.float64,
}  # fmt: skip


def _combined(op_type: str, x: SparseTensor, values: Any, y: Any, scope: str) -> SparseTensor:
    made = op(op_type, sp_indices=x.indices, sp_values=values, sp_shape=x.dense_shape, dense=y, name=scope)
    return SparseTensor(x.indices, made, x.dense_shape)


def _plain(op_type: str, scope_name: str) -> Any:
    def operator(x: SparseTensor, y: Any) -> SparseTensor:
        with name_scope(None, scope_name, [x, y]) as scope:
            y = convert_to_tensor(y, dtype=x.dtype, name="y")
            return _combined(op_type, x, x.values, y, scope)

    return operator


def _divided(x: SparseTensor, y: Any) -> SparseTensor:
    with name_scope(None, "truediv", [x, y]) as scope:
        y = convert_to_tensor(y, dtype=x.dtype, name="y")
        wanted = _DIVIDED_AS.get(dtype_of(y))
        if wanted is None:
            return _combined("SparseDenseCwiseDiv", x, x.values, y, scope)
        return _combined("SparseDenseCwiseDiv", x, cast(x.values, wanted), cast(y, wanted), scope)


for _name, _operator in (
    ("__mul__", _plain("SparseDenseCwiseMul", "mul")),
    ("__div__", _plain("SparseDenseCwiseDiv", "div")),
    ("__truediv__", _divided),
):
    setattr(SparseTensor, _name, _operator)

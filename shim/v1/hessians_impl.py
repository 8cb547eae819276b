"""`tf.hessians`: second derivatives."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant
from onevar.v1.array_ops_shape import concat, reshape, shape, size
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.gradients_impl import gradients
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.while_ops import while_loop


@export("hessians")
def hessians(
    ys: Any, xs: Any, name: str = "hessians", colocate_gradients_with_ops: bool = False, gate_gradients: bool = False,
    aggregation_method: Any = None,
) -> list[Any]:  # fmt: skip
    """Return the matrix of second derivatives of the sum of `ys` for each of `xs`.

    Args:
        ys: A tensor or a list of them.
        xs: A tensor or Variable, or a list of them.
        name: Accepted.
        colocate_gradients_with_ops: Accepted.
        gate_gradients: Accepted.
        aggregation_method: Accepted.

    Returns:
        One tensor for each of `xs`, of shape `x.shape + x.shape`.

    Raises:
        ValueError: `ys` do not depend on an `x`, or the first derivative does not.
    """
    points = list(xs) if isinstance(xs, list | tuple) else [xs]
    options = {
        "colocate_gradients_with_ops": colocate_gradients_with_ops, "gate_gradients": gate_gradients,
        "aggregation_method": aggregation_method,
    }  # fmt: skip
    found = []
    for gradient, x in zip(gradients(ys, points, **options), points, strict=True):
        found.append(_of(reshape(gradient, [-1]), x, options))
    return found


def _of(gradient: Any, x: Any, options: dict[str, Any]) -> Any:
    """Return the derivatives for `x` of each element of a vector."""
    n = size(x)

    def row(j: Any, rows: TensorArray) -> tuple[Any, TensorArray]:
        return j + 1, rows.write(j, gradients(gradient[j], x, **options)[0])

    first = [constant(0, dtypes.int32), TensorArray(dtype_of(x), n)]
    _, rows = while_loop(lambda j, _: j < n, row, first)
    dims = shape(x)
    return reshape(rows.stack(), concat((dims, dims), 0))

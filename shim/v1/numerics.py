"""Finite numbers and histograms: `tf.verify_tensor_all_finite`, `tf.histogram_fixed_width` and the like."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with, control_dependencies, get_default_graph
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import reshape, shape
from onevar.v1.check_ops import assert_, check_numerics
from onevar.v1.clip_ops import clip_by_value
from onevar.v1.common import dtype_of, renamed
from onevar.v1.export import export
from onevar.v1.grouping_ops import group, with_dependencies
from onevar.v1.math_ops_elementwise import cast, truediv

_CHECKED = (dtypes.float16, dtypes.float32, dtypes.float64)


@export("verify_tensor_all_finite", "debugging.assert_all_finite")
def verify_tensor_all_finite(
    t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None, message: str | None = None
) -> Any:
    """Return a tensor whose elements must be finite; see `tf.compat.v1.verify_tensor_all_finite`."""
    x = renamed("x", x, "t", t)
    message = renamed("message", message, "msg", msg)
    with name_scope(name, "VerifyFinite", [x]):
        x = convert_to_tensor(x, name="x")
        with colocate_with(x):
            check = check_numerics(x, message)  # type: ignore[arg-type]
            return with_dependencies([check], x)


@export("add_check_numerics_ops")
def add_check_numerics_ops() -> Any:
    """Return an operation that checks every float of the graph; see `tf.compat.v1.add_check_numerics_ops`.

    Raises:
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError("add_check_numerics_ops() is not compatible with eager execution.")
    check: list[Any] = []
    for operation in list(get_default_graph().get_operations()):
        for output in operation.outputs:
            if output.dtype in _CHECKED:
                with control_dependencies(check):
                    check = [check_numerics(output, f"{operation.name}:{output.value_index}")]
    return group(*check)


@export("histogram_fixed_width")
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """Return how many values lie in each of `nbins` equal parts of a range; see `tf.histogram_fixed_width`."""
    arguments = {"values": values, "value_range": value_range, "nbins": nbins}
    return op("HistogramFixedWidth", **arguments, dtype=dtype, name=name or "histogram_fixed_width")


@export("histogram_fixed_width_bins")
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """Return in which part of a range each value lies; see `tf.histogram_fixed_width_bins`."""
    with name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = convert_to_tensor(values, name="values")
        full = shape(values)
        values = reshape(values, [-1])
        value_range = convert_to_tensor(value_range, name="value_range")
        nbins = convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        check = assert_(op("Greater", x=nbins, y=0), [f"nbins {nbins} must > 0"])
        nbins = nbins if check is None else with_dependencies([check], nbins)
        count = cast(nbins, dtype_of(values))
        low, high = value_range[0], value_range[1]
        scaled = truediv(values - low, high - value_range[0], name="scaled_values")
        indices = op("Floor", x=count * scaled, name="indices")
        return reshape(cast(clip_by_value(indices, 0, count - 1), dtypes.int32), full)

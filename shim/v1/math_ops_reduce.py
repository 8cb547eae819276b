"""Over dimensions: sums, means, maxima, running sums, positions of extremes, norms."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_matrix import matrix_diag_part
from onevar.v1.array_ops_shape import rank, reshape, squeeze
from onevar.v1.common import dtype_of, renamed, set_shape
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import abs_, add, cast, conj, exp, lgamma, log, pow_, sqrt, square, subtract
from onevar.v1.math_ops_make import range_


def reduction_dims(tensor: Any, axis: Any) -> Any:
    """Return `axis`, or all of a tensor's dimensions if it is None.

    Args:
        tensor: What is reduced.
        axis: What the caller asked for.
    """
    if axis is not None:
        return axis
    shape = getattr(tensor, "shape", None)
    known = shape.rank if isinstance(shape, TensorShape) else None
    if known:
        return constant(np.arange(known, dtype=np.int32))
    return range_(0, rank(tensor))


def reduce(op_type: str, tensor: Any, axis: Any, keepdims: Any, name: str | None) -> Any:
    """Return an op of the reductions' kind.

    Args:
        op_type: TensorFlow's.
        tensor: What is reduced.
        axis: The dimensions, or None for all.
        keepdims: Whether they stay, as 1.
        name: Of the operation.
    """
    dims = reduction_dims(tensor, axis)
    out = op(op_type, input=tensor, reduction_indices=dims, keep_dims=bool(keepdims), name=name)
    return _scalar_if_all(out, keepdims, axis)


def _scalar_if_all(out: Any, keepdims: Any, axis: Any) -> Any:
    if axis is None and not keepdims and isinstance(out, Tensor) and out.spec.shape != ():
        set_shape(out, ())
    return out


def _reduction(op_type: str, function_name: str, what: str) -> Callable[..., Any]:
    def function(
        input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
        reduction_indices: Any = None, keep_dims: bool | None = None,
    ) -> Any:  # fmt: skip
        axis = renamed("axis", axis, "reduction_indices", reduction_indices)
        return reduce(op_type, input_tensor, axis, renamed("keepdims", keepdims, "keep_dims", keep_dims), name)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Return {what} over dimensions; see `tf.compat.v1.{function_name}`."
    return export(function_name, f"math.{function_name}")(function)


reduce_sum = _reduction("Sum", "reduce_sum", "the sum")
reduce_mean = _reduction("Mean", "reduce_mean", "the mean")
reduce_prod = _reduction("Prod", "reduce_prod", "the product")
reduce_min = _reduction("Min", "reduce_min", "the smallest element")
reduce_max = _reduction("Max", "reduce_max", "the largest element")
reduce_all = _reduction("All", "reduce_all", "whether all hold")
reduce_any = _reduction("Any", "reduce_any", "whether any holds")


@export("reduce_logsumexp", "math.reduce_logsumexp")
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Any:  # fmt: skip
    """Return the logarithm of the sum of exponentials; see `tf.compat.v1.reduce_logsumexp`."""
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    with name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        raw = reduce("Max", input_tensor, axis, True, None)
        finite = op("SelectV2", condition=op("IsFinite", x=raw), t=raw, e=0)
        largest = op("StopGradient", input=finite)
        total = reduce("Sum", exp(subtract(input_tensor, largest)), axis, keepdims, None)
        result = log(total)
        if not keepdims:
            largest = reshape(largest, op("Shape", input=result))
        return _scalar_if_all(add(result, largest, name=scope), keepdims, axis)


@export("math.reduce_euclidean_norm")
def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the Euclidean norm over dimensions; see `tf.math.reduce_euclidean_norm`."""
    return reduce("EuclideanNorm", input_tensor, axis, keepdims, name)


@export("math.reduce_variance")
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the variance over dimensions; see `tf.math.reduce_variance`.

    Raises:
        TypeError: The input is of an integer type.
    """
    with name_scope(name or "reduce_variance"):
        input_tensor = convert_to_tensor(input_tensor)
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        kind = dtype_of(means)
        if kind.is_integer:
            raise TypeError(f"Input must be either real or complex. Received integer type {kind}.")
        diff = input_tensor - means
        if kind.is_complex:
            squared = op("Real", input=op("Mul", x=op("Conj", input=diff), y=diff), Tout=kind.real_dtype)
        else:
            squared = square(diff)
        return reduce_mean(squared, axis=axis, keepdims=keepdims)


@export("math.reduce_std")
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the standard deviation over dimensions; see `tf.math.reduce_std`."""
    with name_scope(name or "reduce_std"):
        return sqrt(reduce_variance(convert_to_tensor(input_tensor), axis=axis, keepdims=keepdims))


@export("count_nonzero", "math.count_nonzero")
def count_nonzero(
    input_tensor: Any = None, axis: Any = None, keepdims: bool | None = None, dtype: Any = dtypes.int64,
    name: str | None = None, reduction_indices: Any = None, keep_dims: bool | None = None, input: Any = None,
) -> Any:  # fmt: skip
    """Return how many elements are not zero; see `tf.compat.v1.count_nonzero`."""
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    tensor = renamed("input", input, "input_tensor", input_tensor)
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(name, "count_nonzero", [tensor]):
        tensor = convert_to_tensor(tensor, name="input")
        if dtype_of(tensor) is not dtypes.bool:
            tensor = op("NotEqual", x=tensor, y=zeros([], dtype=dtype_of(tensor)))
        return cast(reduce_sum(cast(tensor, dtypes.int64), axis=axis, keepdims=bool(keepdims)), dtype)


@export("trace", "linalg.trace")
def trace(x: Any, name: str | None = None) -> Any:
    """Return the sums of the diagonals of matrices; see `tf.linalg.trace`."""
    with name_scope(name, "Trace", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(matrix_diag_part(x), [-1], name=scope)


@export("lbeta", "math.lbeta")
def lbeta(x: Any, name: str | None = None) -> Any:
    """Return the logarithm of the beta function of vectors; see `tf.math.lbeta`."""
    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        log_prod = reduce_sum(lgamma(x), axis=[-1])
        log_sum = lgamma(reduce_sum(x, axis=[-1]))
        return log_prod - log_sum


def _arg(op_type: str, input: Any, axis: Any, output_type: Any, name: str | None) -> Any:
    axis = 0 if axis is None else axis
    return op(op_type, input=input, dimension=axis, output_type=output_type, name=name)


@export("argmax", "math.argmax")
def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Any:
    """Return where the largest elements are; see `tf.compat.v1.argmax`.

    Raises:
        TypeError: The axis is no integer.
    """
    axis = renamed("axis", axis, "dimension", dimension)
    if hasattr(axis, "dtype"):
        kind = as_dtype(axis.dtype).base_dtype
        if not kind.is_integer or kind in (dtypes.uint32, dtypes.uint64):
            raise TypeError(f"axis tensor dtypes {axis.dtype} is not supported")
        if kind not in (dtypes.int32, dtypes.int64):
            axis = cast(axis, dtypes.int32)
    elif not (axis is None or isinstance(axis, int)):
        raise TypeError("axis must be int or Tensor with integer datatype")
    return _arg("ArgMax", input, axis, output_type, name)


@export("argmin", "math.argmin")
def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Any:
    """Return where the smallest elements are; see `tf.compat.v1.argmin`."""
    return _arg("ArgMin", input, renamed("axis", axis, "dimension", dimension), output_type, name)


@export("arg_max")
def arg_max(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Return where the largest elements are; see `tf.compat.v1.arg_max`."""
    return _arg("ArgMax", input, dimension, output_type, name)


@export("arg_min")
def arg_min(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Return where the smallest elements are; see `tf.compat.v1.arg_min`."""
    return _arg("ArgMin", input, dimension, output_type, name)


def _running(op_type: str, scope_name: str, x: Any, axis: Any, flags: dict[str, bool], name: str | None) -> Any:
    with name_scope(name, scope_name, [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op(op_type, x=x, axis=axis, **flags, name=scope)


@export("cumsum", "math.cumsum")
def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Return running sums; see `tf.math.cumsum`."""
    return _running("Cumsum", "Cumsum", x, axis, {"exclusive": exclusive, "reverse": reverse}, name)


@export("cumprod", "math.cumprod")
def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Return running products; see `tf.math.cumprod`."""
    return _running("Cumprod", "Cumprod", x, axis, {"exclusive": exclusive, "reverse": reverse}, name)


@export("math.cumulative_logsumexp")
def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Return running `reduce_logsumexp`; see `tf.math.cumulative_logsumexp`."""
    flags = {"exclusive": exclusive, "reverse": reverse}
    return _running("CumulativeLogsumexp", "CumulativeLogsumexp", x, axis, flags, name)


@export("norm", "linalg.norm")
def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    keep_dims: bool | None = None,
) -> Any:  # fmt: skip
    """Return a norm of vectors or matrices; see `tf.compat.v1.norm`.

    Raises:
        ValueError: An unknown norm, or an axis that is none.
        NotImplementedError: The matrix 2-norm.
    """
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    of_matrix = isinstance(axis, tuple | list) and len(axis) == 2
    axis = _checked_axis(axis, ord, of_matrix)
    with name_scope(name, "norm", [tensor]):
        tensor = convert_to_tensor(tensor)
        if ord in ("fro", "euclidean", 2, 2.0):
            if of_matrix and ord in (2, 2.0):
                raise NotImplementedError("tf.norm: the 2-norm of matrices; use tf.svd(tensor, compute_uv=False).")
            result = sqrt(reduce_sum(tensor * conj(tensor), axis, keepdims=True))
        else:
            result = _other_norm(tensor, ord, axis, of_matrix)
        return result if keepdims else squeeze(result, axis)


def _checked_axis(axis: Any, ord: Any, of_matrix: bool) -> Any:
    if of_matrix:
        if not all(isinstance(i, int) for i in axis) or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {tuple(axis)}")
        supported = ["euclidean", "fro", 1, 2, np.inf]
        if ord not in supported:
            raise ValueError(f"'ord' must be a supported matrix norm in {supported}, got {ord}")
        return tuple(axis)
    if not (axis is None or isinstance(axis, int)):
        raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
    if ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    return None if axis is None else (axis,)


def _other_norm(tensor: Any, ord: Any, axis: Any, of_matrix: bool) -> Any:
    result = abs_(tensor)
    first = None if axis is None else axis[0]
    if ord == 1:
        result = reduce_sum(result, first, keepdims=True)
        return reduce_max(result, axis[-1], keepdims=True) if of_matrix else result
    if ord == np.inf:
        if of_matrix:
            result = reduce_sum(result, axis[1], keepdims=True)
        return reduce_max(result, first, keepdims=True)
    return pow_(reduce_sum(pow_(result, ord), axis, keepdims=True), 1.0 / ord)

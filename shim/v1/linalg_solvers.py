"""Linear algebra made of decompositions: `tf.linalg.pinv`, `tf.linalg.matrix_rank`, `tf.linalg.lu_solve`."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.array_ops_create import eye, ones
from onevar.v1.array_ops_index import gather, invert_permutation, where_v2
from onevar.v1.array_ops_matrix import matrix_band_part, matrix_set_diag
from onevar.v1.array_ops_shape import expand_dims, shape
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape
from onevar.v1.export import export, exported
from onevar.v1.linalg_ops import matrix_triangular_solve, svd
from onevar.v1.math_ops_elementwise import cast, maximum
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import reduce_max, reduce_sum


def _float_matrix(a: Any) -> Any:
    a = convert_to_tensor(a, name="a")
    if not dtype_of(a).is_floating:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {dtype_of(a).name}).")
    rank = rank_of(a)
    if rank is not None and rank < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {rank}).")
    return a


@export("linalg.pinv")
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """Return the Moore-Penrose inverses of matrices.

    Args:
        a: The matrices.
        rcond: Singular values less than the greatest times this count as zero; None takes ten times their rounding.
        validate_args: Accepted; the decomposition refuses what is no matrix.
        name: Of the operations.

    Raises:
        TypeError: They are not of floating-point numbers.
        ValueError: They are no matrices.
    """
    with name_scope(name or "pinv"):
        a = _float_matrix(a)
        kind, dims = dtype_of(a).as_numpy_dtype, dims_of(a)
        if rcond is None and dims is not None and dims[-2] is not None and dims[-1] is not None:
            rcond = np.array(10.0 * max(dims[-2], dims[-1]) * np.finfo(kind).eps, kind)
        elif rcond is None:
            rcond = 10.0 * cast(maximum(shape(a)[-2], shape(a)[-1]), dtype_of(a)) * np.finfo(kind).eps
        rcond = convert_to_tensor(rcond, dtype_of(a), "rcond")
        values, left, right = svd(a, full_matrices=False, compute_uv=True)
        cutoff = rcond * reduce_max(values, axis=-1)
        values = where_v2(values > expand_dims(cutoff, -1), values, np.array(np.inf, kind))
        result = matmul(right / expand_dims(values, -2), left, adjoint_b=True)
        if dims is not None:
            set_shape(result, [*dims[:-2], dims[-1], dims[-2]])
        return result


@export("linalg.matrix_rank")
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """Return the ranks of matrices: how many singular values are larger than a tolerance.

    Args:
        a: The matrices.
        tol: The tolerance; None takes their rounding.
        validate_args: Accepted; the decomposition refuses what is no matrix.
        name: Of the operations.

    Raises:
        TypeError: They are not of floating-point numbers.
        ValueError: They are no matrices.
    """
    with name_scope(name or "matrix_rank"):
        a = _float_matrix(a)
        values = svd(a, compute_uv=False)
        if tol is None:
            dims = dims_of(a)
            known = dims is not None and dims[-2] is not None and dims[-1] is not None
            size: Any = max(dims[-2], dims[-1]) if known else reduce_max(shape(a)[-2:])  # type: ignore[index,type-var]
            eps = np.finfo(dtype_of(a).as_numpy_dtype).eps
            tol = eps * cast(size, dtype_of(a)) * reduce_max(values, axis=-1, keepdims=True)
        return reduce_sum(cast(values > tol, dtypes.int32), axis=-1)


@export("linalg.normalize")
def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Any, Any]:
    """Return a tensor divided by its norm, and the norm.

    Args:
        tensor: The tensor.
        ord: Which norm, as for `tf.norm`.
        axis: Along which axes.
        name: Of the operations.
    """
    with name_scope(name, "normalize", [tensor]):
        tensor = convert_to_tensor(tensor)
        size = exported("norm")(tensor, ord, axis, keepdims=True)
        if dtype_of(size) != dtype_of(tensor):
            size = cast(size, dtype_of(tensor))
        return tensor / size, size


def _factors(lower_upper: Any, perm: Any, what: str) -> tuple[Any, Any]:
    lower_upper = convert_to_tensor(lower_upper, preferred_dtype=dtypes.float32, name="lower_upper")
    if rank_of(lower_upper) != 2:
        raise Unsupported(f"tf.linalg.{what}: only one matrix at a time is supported; call it for each of a batch.")
    return lower_upper, convert_to_tensor(perm, preferred_dtype=dtypes.int32, name="perm")


def _lower(lower_upper: Any, sizes: Any = None) -> Any:
    """The left factor of a decomposition, with ones on the diagonal."""
    triangle = matrix_band_part(lower_upper, num_lower=-1, num_upper=0)
    sizes = shape(lower_upper) if sizes is None else sizes
    return matrix_set_diag(triangle, ones(sizes[:-1], dtype=dtype_of(lower_upper)))


@export("linalg.lu_solve")
def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """Solve a system of linear equations whose matrix `tf.linalg.lu` has decomposed.

    Args:
        lower_upper: Both factors in one matrix.
        perm: The order of rows.
        rhs: The right-hand sides, as columns.
        validate_args: Accepted; shapes are checked in any case.
        name: Of the operations.

    Raises:
        Unsupported: There is more than one matrix.
    """
    with name_scope(name or "lu_solve"):
        lower_upper, perm = _factors(lower_upper, perm, "lu_solve")
        ordered = gather(convert_to_tensor(rhs, preferred_dtype=dtype_of(lower_upper), name="rhs"), perm, axis=-2)
        first = matrix_triangular_solve(_lower(lower_upper), ordered)
        return matrix_triangular_solve(lower_upper, first, lower=False)


@export("linalg.lu_matrix_inverse")
def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """Return the inverse of a matrix that `tf.linalg.lu` has decomposed.

    Args:
        lower_upper: Both factors in one matrix.
        perm: The order of rows.
        validate_args: Accepted; shapes are checked in any case.
        name: Of the operations.

    Raises:
        Unsupported: There is more than one matrix.
    """
    with name_scope(name or "lu_matrix_inverse"):
        lower_upper, perm = _factors(lower_upper, perm, "lu_matrix_inverse")
        size = shape(lower_upper)
        return lu_solve(lower_upper, perm, eye(size[-1], batch_shape=size[:-2], dtype=dtype_of(lower_upper)))


@export("linalg.lu_reconstruct")
def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """Return the matrix that `tf.linalg.lu` has decomposed.

    Args:
        lower_upper: Both factors in one matrix.
        perm: The order of rows.
        validate_args: Accepted; shapes are checked in any case.
        name: Of the operations.

    Raises:
        Unsupported: There is more than one matrix.
    """
    with name_scope(name or "lu_reconstruct"):
        lower_upper, perm = _factors(lower_upper, perm, "lu_reconstruct")
        left = _lower(lower_upper, shape(lower_upper))
        product = matmul(left, matrix_band_part(lower_upper, num_lower=0, num_upper=-1))
        return gather(product, invert_permutation(perm))

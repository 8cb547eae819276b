"""Products of matrices and tensors: `tf.matmul`, `tf.tensordot`, `tf.einsum`; sums of tensors."""

import collections
import numbers
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.tensor_shape import as_shape, unknown_shape
from onevar.v1.array_ops_create import zeros_like
from onevar.v1.array_ops_index import gather, where
from onevar.v1.array_ops_shape import concat, expand_dims, identity, rank, reshape, shape, squeeze, stack, transpose
from onevar.v1.common import dims_of, dtype_of, rank_of, same_type, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, conj
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_prod


@export("matmul", "linalg.matmul")
def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, output_type: Any = None,
    grad_a: bool = False, grad_b: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return products of matrices; see `tf.linalg.matmul`.

    Raises:
        ValueError: A matrix is to be both transposed and adjoint.
    """
    with name_scope(name, "MatMul", [a, b]) as scope:
        for which, plain, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
            if plain and adjoint:
                raise ValueError(
                    f"Only one of `transpose_{which}` and `adjoint_{which}` can be True. "
                    f"Received `transpose_{which}`={plain}, `adjoint_{which}`={adjoint}."
                )
        a, b = same_type(a, b, "a", "b")
        sparse = a_is_sparse or b_is_sparse
        wanted = None if output_type is None else dtypes.as_dtype(output_type)
        widened = wanted is not None and (wanted is not dtype_of(a) or wanted is not dtype_of(b))
        batched = any(rank_of(x) is None or (rank_of(x) or 0) > 2 for x in (a, b))
        grads = (grad_a, grad_b)
        if batched and not sparse:
            a, adjoint_a = (conj(a), True) if transpose_a else (a, adjoint_a)
            b, adjoint_b = (conj(b), True) if transpose_b else (b, adjoint_b)
            return _batch_matmul(a, b, adjoint_a, adjoint_b, wanted if widened else None, grads, scope)
        a, transpose_a = (conj(a), True) if adjoint_a else (a, transpose_a)
        b, transpose_b = (conj(b), True) if adjoint_b else (b, transpose_b)
        if _sparse_kernel(dtype_of(a), dtype_of(b), sparse):
            return _sparse_matmul(a, b, transpose_a, transpose_b, a_is_sparse, b_is_sparse, scope)
        if widened:
            return _batch_matmul(a, b, transpose_a, transpose_b, wanted, grads, scope)
        flags = {"transpose_a": transpose_a, "transpose_b": transpose_b, "grad_a": grad_a, "grad_b": grad_b}
        return op("MatMul", a=a, b=b, **flags, name=scope)


def _batch_matmul(x: Any, y: Any, adj_x: bool, adj_y: bool, wanted: Any, grads: tuple, name: str) -> Any:
    flags = {"adj_x": adj_x, "adj_y": adj_y, "grad_x": grads[0], "grad_y": grads[1]}
    if wanted is not None:
        return op("BatchMatMulV3", x=x, y=y, **flags, Tout=wanted, name=name)
    return op("BatchMatMulV2", x=x, y=y, **flags, name=name)


def _sparse_kernel(a: Any, b: Any, sparse: bool) -> bool:
    """Whether TensorFlow uses the op that mixes bfloat16 and float32."""
    if sparse and {a, b} <= {dtypes.bfloat16, dtypes.float32}:
        return True
    return a is not b and dtypes.bfloat16 in (a, b) and not {a, b} & {dtypes.int8, dtypes.uint8}


def _sparse_matmul(
    a: Any, b: Any, transpose_a: bool, transpose_b: bool, a_is_sparse: bool, b_is_sparse: bool, name: str | None
) -> Any:
    flags = {
        "transpose_a": transpose_a, "transpose_b": transpose_b, "a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse,
    }  # fmt: skip
    out = op("SparseMatMul", a=a, b=b, **flags, name=name)
    return cast(out, dtypes.bfloat16) if dtype_of(a) is dtype_of(b) is dtypes.bfloat16 else out


@export("sparse_matmul")
def sparse_matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the product of matrices with many zeros; see `tf.compat.v1.sparse_matmul`."""
    flags = {
        "transpose_a": transpose_a, "transpose_b": transpose_b, "a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse,
    }  # fmt: skip
    return op("SparseMatMul", a=a, b=b, **flags, name=name)


@export("linalg.matvec")
def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return products of matrices and vectors; see `tf.linalg.matvec`."""
    with name_scope(name, "MatVec", [a, b]):
        column = expand_dims(b, axis=-1)
        product = matmul(
            a, column, transpose_a=transpose_a, adjoint_a=adjoint_a, a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse
        )
        return squeeze(product, axis=-1)


@export("cross", "linalg.cross")
def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """Return cross products; see `tf.linalg.cross`."""
    return op("Cross", a=a, b=b, name=name)


@export("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Return products of tensors, summed over axes; see `tf.tensordot`."""
    with name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        a_axes, b_axes = _contraction(a, axes)
        a, a_free, a_static = _as_matrix(a, a_axes)
        b, b_free, b_static = _as_matrix(b, b_axes, flipped=True)
        product = matmul(a, b)
        if isinstance(a_free, list) and isinstance(b_free, list):
            if dims_of(product) == tuple(a_free + b_free):
                return product
            return reshape(product, a_free + b_free, name=scope)
        a_free = convert_to_tensor(a_free, dtype=dtypes.int32)
        b_free = convert_to_tensor(b_free, dtype=dtypes.int32)
        product = reshape(product, concat([a_free, b_free], 0), name=scope)
        if a_static is not None and b_static is not None:
            set_shape(product, a_static + b_static)
        return product


def _contraction(a: Any, axes: Any) -> tuple[Any, Any]:
    if isinstance(axes, numbers.Integral):
        return _last_and_first(a, int(axes))
    if not isinstance(axes, list | tuple):
        axes = convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
        return axes[0], axes[1]
    if len(axes) != 2:
        raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
    a_axes, b_axes = axes
    if isinstance(a_axes, numbers.Integral) and isinstance(b_axes, numbers.Integral):
        a_axes, b_axes = [a_axes], [b_axes]
    if len(a_axes) != len(b_axes):
        raise ValueError(f"Different number of contraction axes `a` and `b`, {len(a_axes)} != {len(b_axes)}.")
    return a_axes, b_axes


def _last_and_first(a: Any, count: int) -> tuple[Any, Any]:
    if count < 0:
        raise ValueError(f"`axes` must be at least 0. Received: {count}.")
    known = rank_of(a)
    if known is None:
        a_rank = rank(a)
        return range_(a_rank - count, a_rank, dtype=dtypes.int32), range_(count, dtype=dtypes.int32)
    if count > known:
        raise ValueError(
            f"`axes` must not be larger than the number of dimensions of tensor {a}.  Received {count}, vs tensor "
            f"dimensions {known}."
        )
    return list(range(known - count, known)), list(range(count))


def _as_matrix(a: Any, axes: Any, flipped: bool = False) -> tuple[Any, Any, Any]:
    """A tensor as a matrix of its free dimensions and those summed over; the free ones; what is known of them."""
    dims = dims_of(a)
    listed = isinstance(axes, list | tuple)
    if dims is not None and listed:
        axes = [i if i >= 0 else i + len(dims) for i in axes]
        free = [i for i in range(len(dims)) if i not in axes]
        if None not in dims:
            return _as_known_matrix(a, axes, free, flipped)
        static = [dims[i] for i in free]
        axes_tensor = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free_tensor = convert_to_tensor(free, dtype=dtypes.int32, name="free")
        a_shape = shape(a)
    else:
        static = None  # type: ignore[assignment]
        a_shape, a_rank = shape(a), rank(a)
        given: Any = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes_tensor = where(given >= 0, given, given + a_rank)
        free_tensor, _ = op("ListDiff", x=range_(a_rank), y=axes_tensor, out_idx=dtypes.int32)
    free_dims, axes_dims = gather(a_shape, free_tensor), gather(a_shape, axes_tensor)
    free_size, axes_size = reduce_prod(free_dims), reduce_prod(axes_dims)
    perm = concat([axes_tensor, free_tensor] if flipped else [free_tensor, axes_tensor], 0)
    new_shape = stack([axes_size, free_size] if flipped else [free_size, axes_size])
    return reshape(transpose(a, perm), new_shape), free_dims, static


def _as_known_matrix(a: Any, axes: list[int], free: list[int], flipped: bool) -> tuple[Any, Any, Any]:
    dims = dims_of(a)
    assert dims is not None
    free_dims: list[Any] = [dims[i] for i in free]
    axes_dims: list[Any] = [dims[i] for i in axes]
    sizes = [int(np.prod(free_dims)), int(np.prod(axes_dims))]
    perm = [*axes, *free] if flipped else [*free, *axes]
    new_shape = sizes[::-1] if flipped else sizes
    if perm != list(range(len(dims))):
        a = transpose(a, perm)
    if dims_of(a) != tuple(new_shape):
        a = reshape(a, new_shape)
    return a, free_dims, free_dims


@export("einsum", "linalg.einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Return sums of products by Einstein's notation; see `tf.einsum`.

    Raises:
        TypeError: An unknown keyword.
        ValueError: The equation is malformed.
    """
    name = kwargs.pop("name", None)
    kwargs.pop("optimize", None)
    if kwargs:
        raise TypeError(
            f"Invalid keyword arguments for einsum: {', '.join(kwargs)}. Valid arguments: name, optimize, greedy."
        )
    with name_scope(name, "einsum", [equation, inputs]):
        resolved = _resolved(equation, len(inputs))
        operands = list(inputs)
        if len(operands) <= 2:
            return op("Einsum", inputs=operands, equation=resolved)
        return _pairwise(resolved, operands)


def _resolved(equation: str, count: int) -> str:
    """The equation without blanks and with its output written out."""
    short = equation.replace(" ", "")
    if "..." in short and "0" in short:
        raise ValueError(f'Invalid character "0" in equation: {equation}.')
    short = short.replace("...", "0")
    labels = "a-zA-Z0" if "0" in short else "a-zA-Z"
    match = re.match(f"^([{labels},]*)(->[{labels}]*)?$", short)
    if not match:
        raise ValueError(f"Subscripts have incorrect format: {short}")
    terms = match.group(1).split(",")
    if count != len(terms):
        raise ValueError(f'Got {count} inputs for equation "{equation}", expecting {len(terms)}')
    if match.group(2) is None:
        counts = collections.Counter(match.group(1))
        output = "".join(x for x in sorted(counts) if x != "," and (counts[x] == 1))
    else:
        output = match.group(2)[2:]
    if len(set(output)) != len(output):
        raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
    for label in output:
        if label != "0" and label not in match.group(1):
            raise ValueError(f"Output subscripts contain the label {label} not present in the input subscripts.")
    return f"{match.group(1)}->{output}".replace("0", "...")


def _pairwise(equation: str, operands: list[Any]) -> Any:
    """More than two operands: from left to right, keeping the labels that are still needed."""
    terms, output = equation.split("->")
    left = terms.split(",")
    while len(operands) > 2:
        first, second, rest = left[0], left[1], left[2:]
        needed = set("".join(rest) + output) - {"."}
        kept = "".join(dict.fromkeys(x for x in first + second if x in needed))
        kept = ("..." if "..." in first or "..." in second else "") + kept
        operands = [op("Einsum", inputs=operands[:2], equation=f"{first},{second}->{kept}"), *operands[2:]]
        left = [kept, *rest]
    return op("Einsum", inputs=operands, equation=f"{left[0]},{left[1]}->{output}")


_ADD_N = "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."


@export("add_n", "math.add_n")
def add_n(inputs: Any, name: str | None = None) -> Any:
    """Return the sum of tensors; see `tf.math.add_n`.

    Raises:
        ValueError: There are none.
    """
    if not isinstance(inputs, Iterable) or (not isinstance(inputs, Tensor) and not inputs):
        raise ValueError(_ADD_N)
    tensors = [x if isinstance(x, IndexedSlices) else convert_to_tensor(x) for x in inputs]
    if len(tensors) == 1:
        value = convert_to_tensor(tensors[0])
        return identity(value, name=name) if name else value
    return op("AddN", inputs=[convert_to_tensor(x) for x in tensors], name=name)


@export("accumulate_n", "math.accumulate_n")
def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Any:
    """Return the sum of tensors; see `tf.math.accumulate_n`.

    Raises:
        ValueError: There are none, or they differ.
        TypeError: They are not of `tensor_dtype`.
    """
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not inputs or not isinstance(inputs, list | tuple):
        raise ValueError(message)
    tensors = [convert_to_tensor(x) for x in inputs]
    kind = dtype_of(tensors[0])
    if any(dtype_of(x) is not kind for x in tensors):
        raise ValueError(message)
    merged = unknown_shape() if shape is None else as_shape(shape)
    for tensor in tensors:
        merged = merged.merge_with(shape_of(tensor))
    if tensor_dtype is not None and tensor_dtype != kind:
        raise TypeError(
            f"The `tensor_dtype` argument is {tensor_dtype}, but `input` is of type {kind}. These must be equal. "
            "Try casting the input to the desired type."
        )
    if len(tensors) == 1:
        return tensors[0] if name is None else identity(tensors[0], name=name)
    return add_n(tensors, name=name)


@export("math.polyval")
def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Any:
    """Return the value of a polynomial; see `tf.math.polyval`.

    Raises:
        ValueError: The coefficients are no list.
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    with name_scope(name, "polyval", [*coeffs, x]) as scope:
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return zeros_like(x, name=scope)
        terms = [convert_to_tensor(c, name=f"coeff_{i}") for i, c in enumerate(coeffs)]
        total = terms[0]
        for term in terms[1:]:
            total = term + total * x
        return total

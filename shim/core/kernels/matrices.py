"""Products of matrices, and linear algebra."""

from typing import Any

from onevar.core import shape_rules as rules
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.shape_rules import Dim
from onevar.core.spec import Shape, ShapeError, Spec


def _turned(k: Any, x: Any, transposed: bool) -> Any:
    return k.matrix_transpose(x) if transposed else x


def adjoint(k: Any, x: Any) -> Any:
    """The conjugate transpose of the last two axes.

    Args:
        k: The primitives.
        x: The matrices.

    Returns:
        Their adjoints.
    """
    x = k.matrix_transpose(x)
    return k.conj(x) if "complex" in k.dtype(x) else x


def _product_shape(a: Spec, b: Spec, *, transpose_a: bool, transpose_b: bool) -> Shape:
    left, right = rules.with_rank(a.shape, 2), rules.with_rank(b.shape, 2)
    rules.merge_dim(left[not transpose_a], right[transpose_b])
    return left[transpose_a], right[not transpose_b]


@kernel("MatMul", heavy=True, infer=_product_shape)
def _mat_mul(k: Any, a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    return k.matmul(_turned(k, a, transpose_a), _turned(k, b, transpose_b))


def _batch_shape(x: Spec, y: Spec, *, adj_x: bool, adj_y: bool) -> Shape:
    a, b = rules.at_least(x.shape, 2), rules.at_least(y.shape, 2)
    if a is None or b is None:
        return None
    rules.merge_dim(a[-2 if adj_x else -1], b[-1 if adj_y else -2])
    batch = rules.broadcast(a[:-2], b[:-2])
    return (*(batch or ()), a[-1 if adj_x else -2], b[-2 if adj_y else -1])


@kernel("BatchMatMul", "BatchMatMulV2", heavy=True, infer=_batch_shape)
def _batch_mat_mul(k: Any, x: Any, y: Any, *, adj_x: bool, adj_y: bool) -> Any:
    return k.matmul(adjoint(k, x) if adj_x else x, adjoint(k, y) if adj_y else y)


@kernel("BatchMatMulV3", heavy=True, infer=_batch_shape)
def _batch_mat_mul_v3(k: Any, x: Any, y: Any, *, adj_x: bool, adj_y: bool, Tout: str) -> Any:  # noqa: N803
    if k.dtype(x) != Tout:
        x, y = k.astype(x, Tout), k.astype(y, Tout)
    return _batch_mat_mul(k, x, y, adj_x=adj_x, adj_y=adj_y)


def _einsum_shape(operands: list[Spec], *, equation: str) -> Shape:
    equation = equation.replace(" ", "")
    inputs, output = equation.split("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ShapeError(f"Expected {len(terms)} inputs for equation {equation} but got: {len(operands)}")
    if any(operand.shape is None for operand in operands) and "..." in equation:
        return None
    found: dict[str, Dim] = {}
    batch: Shape = ()
    for term, operand in zip(terms, operands, strict=True):
        batch = rules.broadcast(batch, _einsum_labels(term, operand, found))
    head, dots, tail = output.partition("...")
    middle = (batch or ()) if dots else ()
    return (*[found[label] for label in head], *middle, *[found[label] for label in tail])


def _einsum_labels(term: str, operand: Spec, found: dict[str, Dim]) -> Shape:
    """Note the sizes of the labels of one operand, and return the sizes under its ellipsis."""
    head, dots, tail = term.partition("...")
    if dots:
        shape = rules.at_least(operand.shape, len(head) + len(tail)) or ()
    else:
        shape = rules.with_rank(operand.shape, len(head))
    rest = len(shape) - len(tail)
    for label, n in zip(head + tail, (*shape[: len(head)], *shape[rest:]) if dots else shape, strict=True):
        found[label] = rules.merge_dim(found.get(label), n)
    return shape[len(head) : rest] if dots else ()


@kernel("Einsum", heavy=True, infer=_einsum_shape)
def _einsum(k: Any, operands: list[Any], *, equation: str) -> Any:
    return k.einsum(equation.replace(" ", ""), *operands)


@kernel("Cross", infer=lambda a, b: rules.merge(a.shape, b.shape))
def _cross(k: Any, a: Any, b: Any) -> Any:
    return k.cross(a, b, axis=-1)


def _square(x: Spec) -> Shape:
    shape = rules.at_least(x.shape, 2)
    if shape is None:
        return None
    n = rules.merge_dim(shape[-2], shape[-1])
    return (*shape[:-2], n, n)


@kernel("Cholesky", "BatchCholesky", heavy=True, infer=_square)
def _cholesky(k: Any, x: Any) -> Any:
    return k.linalg_cholesky(x)


@kernel("MatrixInverse", "BatchMatrixInverse", heavy=True, infer=lambda x: _square(x))
def _matrix_inverse(k: Any, x: Any, *, adjoint: bool) -> Any:
    return k.linalg_inv(_adjoint_if(k, x, adjoint))


def _adjoint_if(k: Any, x: Any, wanted: bool) -> Any:
    return adjoint(k, x) if wanted else x


def _batch_of(x: Spec) -> Shape:
    square = _square(x)
    return None if square is None else square[:-2]


@kernel("MatrixDeterminant", "BatchMatrixDeterminant", heavy=True, infer=_batch_of)
def _matrix_determinant(k: Any, x: Any) -> Any:
    return k.linalg_det(x)


@kernel("LogMatrixDeterminant", heavy=True, infer=lambda x: [_batch_of(x), _batch_of(x)])
def _log_matrix_determinant(k: Any, x: Any) -> Any:
    sign, logabsdet = k.linalg_slogdet(x)
    return sign, k.astype(logabsdet, k.dtype(x))


def _solution(matrix: Spec, rhs: Spec) -> Shape:
    square, right = _square(matrix), rules.at_least(rhs.shape, 2)
    if square is None or right is None:
        return None
    rules.merge_dim(square[-1], right[-2])
    return (*(rules.broadcast(square[:-2], right[:-2]) or ()), square[-1], right[-1])


@kernel("MatrixSolve", "BatchMatrixSolve", heavy=True, infer=lambda a, b: _solution(a, b))
def _matrix_solve(k: Any, matrix: Any, rhs: Any, *, adjoint: bool) -> Any:
    return k.linalg_solve(_adjoint_if(k, matrix, adjoint), rhs)


@kernel("MatrixTriangularSolve", "BatchMatrixTriangularSolve", heavy=True, infer=lambda a, b: _solution(a, b))
def _matrix_triangular_solve(k: Any, matrix: Any, rhs: Any, *, lower: bool, adjoint: bool) -> Any:
    return k.linalg_triangular_solve(matrix, rhs, lower=lower, adjoint=adjoint)


def _qr_shapes(x: Spec, *, full_matrices: bool) -> list[Shape]:
    shape = rules.at_least(x.shape, 2)
    if shape is None:
        return [None, None]
    *batch, m, n = shape
    if full_matrices:
        return [(*batch, m, m), (*batch, m, n)]
    least = _least(m, n)
    return [(*batch, m, least), (*batch, least, n)]


def _least(m: Dim, n: Dim) -> Dim:
    return None if m is None or n is None else min(m, n)


@kernel("Qr", heavy=True, infer=_qr_shapes)
def _qr(k: Any, x: Any, *, full_matrices: bool) -> Any:
    q, r = k.linalg_qr(x, mode="complete" if full_matrices else "reduced")
    return q, r


def _svd_shapes(x: Spec, *, compute_uv: bool, full_matrices: bool) -> list[Shape]:
    shape = rules.at_least(x.shape, 2)
    if shape is None:
        return [None, (0,), (0,)] if not compute_uv else [None, None, None]
    *batch, m, n = shape
    least = _least(m, n)
    if not compute_uv:
        return [(*batch, least), (0,), (0,)]
    return [(*batch, least), (*batch, m, m if full_matrices else least), (*batch, n, n if full_matrices else least)]


@kernel("Svd", heavy=True, infer=_svd_shapes)
def _svd(k: Any, x: Any, *, compute_uv: bool, full_matrices: bool) -> Any:
    u, s, vh = k.linalg_svd(x, full_matrices=full_matrices)
    s = k.astype(s, k.dtype(x))
    if compute_uv:
        return s, u, adjoint(k, vh)
    empty = k.zeros((0,), k.dtype(x))
    return s, empty, empty


def _eigen_shapes(x: Spec, *, compute_v: bool) -> list[Shape]:
    square = _square(x)
    vectors: Shape = square if compute_v else (0,)
    return [None if square is None else square[:-1], vectors]


@kernel("SelfAdjointEigV2", heavy=True, infer=_eigen_shapes)
def _self_adjoint_eig(k: Any, x: Any, *, compute_v: bool) -> Any:
    values, vectors = k.linalg_eigh(x)
    return k.astype(values, k.dtype(x)), vectors if compute_v else k.zeros((0,), k.dtype(x))


def _fourier(type: str, name: str) -> None:
    kernel(type, heavy=True, infer=same_shape)(lambda k, x: getattr(k, name)(x))


for _type in ("FFT", "IFFT", "FFT2D", "IFFT2D"):
    _fourier(_type, _type.lower().removesuffix("d"))

"""Linear algebra and Fourier transforms: `tf.cholesky`, `tf.matrix_solve`, `tf.svd`, `tf.fft` and the like."""

from collections import namedtuple
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_create import eye
from onevar.v1.array_ops_matrix import matrix_diag_part
from onevar.v1.array_ops_shape import matrix_transpose, shape
from onevar.v1.common import dtype_of, set_shape, shape_of
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import log, real
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import reduce_sum

Qr = namedtuple("Qr", ["q", "r"])
Lu = namedtuple("Lu", ["lu", "p"])
LogMatrixDeterminant = namedtuple("LogMatrixDeterminant", ["sign", "log_abs_determinant"])


def _matrix_op(op_type: str, *names: str) -> Any:
    def function(input: Any, name: str | None = None) -> Any:
        return op(op_type, input=input, name=name)

    function.__name__ = function.__qualname__ = names[0].rpartition(".")[2]
    function.__doc__ = f"TensorFlow's op `{op_type}`: see `tf.{names[-1]}` in TensorFlow's documentation."
    return export(*names)(function)


cholesky = _matrix_op("Cholesky", "cholesky", "linalg.cholesky")
matrix_determinant = _matrix_op("MatrixDeterminant", "matrix_determinant", "linalg.det")
for _type, _names in {
    "MatrixLogarithm": "linalg.logm", "MatrixSquareRoot": "matrix_square_root linalg.sqrtm",
    "FFT": "fft signal.fft spectral.fft", "FFT2D": "fft2d signal.fft2d spectral.fft2d",
    "FFT3D": "fft3d signal.fft3d spectral.fft3d", "IFFT": "ifft signal.ifft spectral.ifft",
    "IFFT2D": "ifft2d signal.ifft2d spectral.ifft2d", "IFFT3D": "ifft3d signal.ifft3d spectral.ifft3d",
}.items():  # fmt: skip
    _matrix_op(_type, *_names.split())


@export("matrix_inverse", "linalg.inv")
def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Return inverses of matrices; see `tf.linalg.inv`."""
    return op("MatrixInverse", input=input, adjoint=adjoint, name=name)


@export("matrix_solve", "linalg.solve")
def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Return solutions of systems of linear equations; see `tf.linalg.solve`."""
    return op("MatrixSolve", matrix=matrix, rhs=rhs, adjoint=adjoint, name=name)


@export("matrix_triangular_solve", "linalg.triangular_solve")
def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """Return solutions of triangular systems; see `tf.linalg.triangular_solve`."""
    with name_scope(name, "triangular_solve", [matrix, rhs]):
        return op("MatrixTriangularSolve", matrix=matrix, rhs=rhs, lower=lower, adjoint=adjoint)


@export("cholesky_solve", "linalg.cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """Return solutions of systems given by Cholesky factors; see `tf.linalg.cholesky_solve`."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        y = op("MatrixTriangularSolve", matrix=chol, rhs=rhs, adjoint=False, lower=True)
        return op("MatrixTriangularSolve", matrix=chol, rhs=y, adjoint=True, lower=True)


@export("qr", "linalg.qr")
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Return QR decompositions; see `tf.linalg.qr`."""
    return Qr(*op("Qr", input=input, full_matrices=full_matrices, name=name))


@export("linalg.lu")
def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Lu:
    """Return LU decompositions; see `tf.linalg.lu`."""
    return Lu(*op("Lu", input=input, output_idx_type=output_idx_type, name=name))


@export("svd", "linalg.svd")
def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Return singular value decompositions `s, u, v`; see `tf.linalg.svd`."""
    s, u, v = op("Svd", input=tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (real(s), u, v) if compute_uv else real(s)


@export("self_adjoint_eig", "linalg.eigh")
def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of self-adjoint matrices; see `tf.linalg.eigh`."""
    e, v = op("SelfAdjointEigV2", input=tensor, compute_v=True, name=name)
    return e, v


@export("self_adjoint_eigvals", "linalg.eigvalsh")
def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Any:
    """Return eigenvalues of self-adjoint matrices; see `tf.linalg.eigvalsh`."""
    return op("SelfAdjointEigV2", input=tensor, compute_v=False, name=name)[0]


@export("linalg.slogdet")
def slogdet(input: Any, name: str | None = None) -> LogMatrixDeterminant:
    """Return sign and logarithm of determinants; see `tf.linalg.slogdet`."""
    return LogMatrixDeterminant(*op("LogMatrixDeterminant", input=input, name=name))


@export("linalg.logdet")
def logdet(matrix: Any, name: str | None = None) -> Any:
    """Return logarithms of determinants of positive definite matrices; see `tf.linalg.logdet`."""
    with name_scope(name, "logdet", [matrix]):
        diagonal = real(matrix_diag_part(cholesky(matrix)))
        return 2.0 * reduce_sum(log(diagonal), axis=[-1])


@export("linalg.adjoint")
def adjoint(matrix: Any, name: str | None = None) -> Any:
    """Return conjugate transposes of matrices; see `tf.linalg.adjoint`."""
    with name_scope(name, "adjoint", [matrix]):
        return matrix_transpose(convert_to_tensor(matrix, name="matrix"), conjugate=True)


@export("matrix_solve_ls", "linalg.lstsq")
def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """Return least-squares solutions; see `tf.linalg.lstsq`.

    Raises:
        NotImplementedError: complex128 with a regularizer, as in TensorFlow.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    if dtype_of(matrix) is dtypes.complex128 and l2_regularizer != 0:
        raise NotImplementedError(
            "matrix_solve_ls is currently disabled for complex128 and l2_regularizer != 0 due to poor accuracy."
        )
    if not _composed(matrix, fast):
        arguments = {"matrix": matrix, "rhs": rhs, "l2_regularizer": l2_regularizer}
        return op("MatrixSolveLs", **arguments, fast=fast, name=name)
    with name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        sizes = shape_of(matrix)[-2:]
        if sizes.is_fully_defined():
            tall = sizes.tuple[0] >= sizes.tuple[1]
            return (_overdetermined if tall else _underdetermined)(matrix, rhs, l2_regularizer)
        dynamic = shape(matrix)[-2:]
        return exported("cond")(
            dynamic[-2] >= dynamic[-1],
            lambda: _overdetermined(matrix, rhs, l2_regularizer),
            lambda: _underdetermined(matrix, rhs, l2_regularizer),
        )


def _composed(matrix: Any, fast: bool) -> bool:
    """Whether TensorFlow makes it of other ops: always, but for large batches of small matrices."""
    known = shape_of(matrix)
    if not fast:
        return False
    if not known.is_fully_defined():
        return True
    size = (known.num_elements() or 0) * dtype_of(matrix).size
    return not (size > 256000 and known[:-2].num_elements() > np.min(known[-2:].as_list()))


def _gramian_cholesky(matrix: Any, l2_regularizer: Any, first_kind: bool) -> Any:
    gramian = matmul(matrix, matrix, adjoint_a=first_kind, adjoint_b=not first_kind)
    if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
        full = shape(matrix)
        batch = full[:-2]
        axis = -1 if first_kind else -2
        identity = eye(full[axis], batch_shape=batch, dtype=dtype_of(matrix))
        known = shape_of(matrix)
        set_shape(identity, known[:-2].concatenate([known[axis], known[axis]]))
        gramian += l2_regularizer * identity
    return cholesky(gramian)


def _overdetermined(matrix: Any, rhs: Any, l2_regularizer: Any) -> Any:
    factor = _gramian_cholesky(matrix, l2_regularizer, True)
    return cholesky_solve(factor, matmul(matrix, rhs, adjoint_a=True))


def _underdetermined(matrix: Any, rhs: Any, l2_regularizer: Any) -> Any:
    factor = _gramian_cholesky(matrix, l2_regularizer, False)
    return matmul(matrix, cholesky_solve(factor, rhs), adjoint_a=True)

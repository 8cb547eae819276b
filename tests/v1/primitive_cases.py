"""What each primitive is asked, and what NumPy or the standard library answers; the data of `test_primitives`."""

import math

import numpy as np

A = np.array([[1.5, -2.25, 0.5], [3.0, -0.75, 2.5]], np.float32)
B = np.array([[2.0, 0.5, -1.5], [-0.25, 4.0, 2.5]], np.float32)
UNIT = np.array([[0.25, -0.5, 0.75], [0.1, 0.9, -0.3]], np.float32)
POSITIVE = np.abs(A)
INTS = np.array([[7, -7, 3], [0, 12, -5]], np.int32)
DIVISORS = np.array([[2, 3, -4], [5, -6, 7]], np.int32)
BOOLS = np.array([[True, False, True], [False, False, True]])
SQUARE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
Z = np.array([1 + 2j, -0.5 + 0.25j, 3 - 1j], np.complex64)
NANS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 2.5, -2.5], np.float32)
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], np.float32)
UPDATES = np.array([[10.0, 20.0], [2.0, 4.0], [-4.0, 0.5]], np.float32)
TAKEN = np.array([2, 0, 2], np.int32)


def scattered(operation):
    out = ROWS.copy()
    for row, update in zip(TAKEN, UPDATES, strict=True):
        out[row] = operation(out[row], update)
    return out


def turned(x, adjoint):
    return x.T if adjoint else x


def each(function, x):
    return np.array([function(float(v)) for v in x.ravel()], x.dtype).reshape(x.shape)


ORDER = np.array([[3.0, 1.0, 3.0, 2.0, 1.0], [0.0, 5.0, 5.0, -1.0, 5.0]], np.float32)
DESCENDING = np.array([[0, 2, 3, 1, 4], [1, 2, 4, 0, 3]])

#: (primitive, arguments, what it returns)
CASES = [
    *[(name, (A,), getattr(np, name)(A)) for name in (
        "abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "negative", "positive",
        "sign", "signbit", "sin", "sinh", "square", "tan", "tanh", "trunc", "zeros_like", "ones_like",
    )],
    *[(name, (POSITIVE,), getattr(np, name)(POSITIVE)) for name in (
        "log", "log1p", "log2", "log10", "sqrt", "reciprocal",
    )],
    *[(name, (UNIT,), getattr(np, "arc" + name[1:])(UNIT)) for name in ("acos", "asin", "atan", "asinh", "atanh")],
    ("acosh", (POSITIVE + 1,), np.arccosh(POSITIVE + 1)),
    *[(name, (NANS,), getattr(np, name)(NANS)) for name in ("isnan", "isinf", "isfinite", "sign", "signbit", "abs")],
    *[(name, (INTS,), getattr(np, name)(INTS)) for name in ("abs", "negative", "sign", "square", "isnan")],
    *[(name, (Z,), getattr(np, name)(Z)) for name in ("abs", "conj", "real", "imag", "exp", "negative", "sign")],
    ("bitwise_invert", (INTS,), ~INTS),
    ("logical_not", (BOOLS,), ~BOOLS),
    ("round", (np.array([0.5, 1.5, 2.5, -0.5, -1.5], np.float32),), np.array([0, 2, 2, -0.0, -2], np.float32)),
    ("round", (INTS,), INTS),
    # beyond the standard
    ("erf", (A,), each(math.erf, A)),
    ("erfc", (A,), each(math.erfc, A)),
    ("lgamma", (A,), each(math.lgamma, A)),
    ("digamma", (np.array([1.0, 2.0, 0.5]),),
     np.array([-0.5772156649015329, 0.42278433509846714, -1.9635100260214235])),
    ("erfinv", (each(math.erf, UNIT.astype(np.float64)),), UNIT.astype(np.float64)),
    ("relu", (A,), np.maximum(A, 0)),
    ("rsqrt", (POSITIVE,), 1 / np.sqrt(POSITIVE)),
    ("sigmoid", (A,), (1 / (1 + np.exp(-A.astype(np.float64)))).astype(np.float32)),
    ("sigmoid", (np.array([-800.0, 800.0, 0.0]),), np.array([0.0, 1.0, 0.5])),
    ("softplus", (A,), np.log1p(np.exp(A))),
    ("softplus", (np.array([-800.0, 800.0, 35.0]),), np.array([0.0, 800.0, 35.0 + math.log1p(math.exp(-35.0))])),
    ("stop_gradient", (A,), A),
    # two operands
    *[(name, (A, B), getattr(np, name)(A, B)) for name in (
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "copysign", "hypot", "logaddexp", "nextafter",
        "remainder", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    )],
    *[(name, (A, B[0]), getattr(np, name)(A, B[0])) for name in ("add", "maximum", "less")],
    *[(name, (INTS, DIVISORS), getattr(np, name)(INTS, DIVISORS)) for name in (
        "add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder", "bitwise_and", "bitwise_or",
        "bitwise_xor", "equal", "less", "greater_equal",
    )],
    *[(name, (BOOLS, BOOLS[:, ::-1].copy()), getattr(np, name)(BOOLS, BOOLS[:, ::-1])) for name in (
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "equal",
    )],
    ("atan2", (A, B), np.arctan2(A, B)),
    ("pow", (POSITIVE, B), np.power(POSITIVE, B)),
    ("pow", (INTS, np.full_like(INTS, 3)), INTS**3),
    ("floor_divide", (np.array([1.0, -7.0]), np.array([0.1, 2.0])), np.array([10.0, -4.0])),
    ("bitwise_left_shift", (INTS, np.full_like(INTS, 2)), INTS << 2),
    ("bitwise_right_shift", (INTS, np.full_like(INTS, 1)), INTS >> 1),
    # a Python number
    *[(name, (A, 2.0), getattr(np, name)(A, np.float32(2))) for name in (
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "greater", "equal", "remainder",
    )],
    *[(name, (2.0, A), getattr(np, name)(np.float32(2), A)) for name in ("subtract", "divide", "maximum", "less")],
    ("pow", (A, 2.0), A**2),
    ("pow", (INTS, 2), INTS**2),
    ("floor_divide", (INTS, 2), INTS // 2),
    ("clip", (A, -1.0, 2.0), np.clip(A, -1, 2)),
    ("clip", (A, None, B), np.minimum(A, B)),
    ("where", (BOOLS, A, B), np.where(BOOLS, A, B)),
    ("where", (BOOLS, A, 0.0), np.where(BOOLS, A, np.float32(0))),
    ("where", (BOOLS, INTS, 0), np.where(BOOLS, INTS, np.int32(0))),
    # reductions
    *[(name, (CUBE, axis, keep), getattr(np, name)(CUBE, axis=axis, keepdims=keep))
      for name in ("sum", "max", "min", "mean") for axis in (None, 1, (0, 2), (-1,), ()) for keep in (False, True)],
    *[(name, (INTS, 0), getattr(np, name)(INTS, axis=0, dtype=np.int32)) for name in ("sum", "prod")],
    *[(name, (INTS, axis), np.int32(getattr(np, name)(INTS, axis=axis)))
      for name in ("max", "min") for axis in (None, 1)],
    ("mean", (INTS, 1), np.trunc(INTS.mean(1)).astype(np.int32)),
    ("prod", (CUBE + 1, (0, 2), True), np.prod(CUBE + 1, axis=(0, 2), keepdims=True)),
    ("prod", (A,), np.prod(A)),
    *[(name, (BOOLS, axis), getattr(np, name)(BOOLS, axis=axis))
      for name in ("any", "all") for axis in (None, 0, (0, 1))],
    ("logsumexp", (A, 1, True), np.log(np.exp(A).sum(1, keepdims=True))),
    ("logsumexp", (np.array([[1000.0, 1000.0], [-np.inf, -np.inf]]), 1), np.array([1000 + math.log(2), -np.inf])),
    *[(name, (ORDER, axis), getattr(np, name)(ORDER, axis=axis))
      for name in ("argmax", "argmin") for axis in (None, 0, 1)],
    ("argmax", (ORDER, 1, True), np.argmax(ORDER, axis=1, keepdims=True)),
    ("cumulative_sum", (INTS, 1), np.cumsum(INTS, 1, np.int32)),
    ("cumulative_prod", (A, 0), np.cumprod(A, 0)),
    ("softmax", (A,), np.exp(A) / np.exp(A).sum(-1, keepdims=True)),
    ("softmax", (A, 0), np.exp(A) / np.exp(A).sum(0, keepdims=True)),
    ("log_softmax", (A + 1000,), A - np.log(np.exp(A).sum(-1, keepdims=True))),
    # sorting
    ("sort", (ORDER,), np.sort(ORDER)),
    ("sort", (ORDER, 0, True), -np.sort(-ORDER, 0)),
    ("argsort", (ORDER,), np.argsort(ORDER, stable=True)),
    ("argsort", (ORDER, -1, True), DESCENDING),
    ("top_k", (ORDER, 2), (np.array([[3, 3], [5, 5]], np.float32), np.array([[0, 2], [1, 2]], np.int32))),
    ("searchsorted", (np.array([1.0, 2, 2, 5]), np.array([[2.0, 0], [6, 5]])), np.array([[1, 0], [4, 3]])),
    ("searchsorted", (np.array([1.0, 2, 2, 5]), np.array([2.0, 0, 6, 5]), "right"), np.array([3, 0, 4, 4])),
    # shapes
    ("reshape", (CUBE, (4, -1)), CUBE.reshape(4, 6)),
    ("permute_dims", (CUBE, (2, 0, 1)), CUBE.transpose(2, 0, 1)),
    ("expand_dims", (A, 1), A[:, None]),
    ("squeeze", (A[None, :, None], (0, 2)), A),
    ("squeeze", (A[None], ()), A[None]),
    ("moveaxis", (CUBE, 0, -1), np.moveaxis(CUBE, 0, -1)),
    ("broadcast_to", (A, (4, 2, 3)), np.broadcast_to(A, (4, 2, 3))),
    ("broadcast_arrays", (A, B[:1]), tuple(np.broadcast_arrays(A, B[:1]))),
    ("concat", ([A, B], 1), np.concatenate([A, B], 1)),
    ("stack", ([A, B], -1), np.stack([A, B], -1)),
    ("unstack", (CUBE, 1), tuple(np.moveaxis(CUBE, 1, 0))),
    ("flip", (CUBE,), np.flip(CUBE)),
    ("flip", (CUBE, (0, -1)), np.flip(CUBE, (0, 2))),
    ("flip", (CUBE, 1), np.flip(CUBE, 1)),
    ("roll", (CUBE, 2, 2), np.roll(CUBE, 2, 2)),
    ("roll", (CUBE, (1, -1), (0, 2)), np.roll(CUBE, (1, -1), (0, 2))),
    ("roll", (A, 1), np.roll(A, 1)),
    ("tile", (A, (2, 3)), np.tile(A, (2, 3))),
    ("tile", (A, (2, 1, 1)), np.tile(A, (2, 1, 1))),
    ("repeat", (A, 2, 1), np.repeat(A, 2, 1)),
    ("tril", (SQUARE, -1), np.tril(SQUARE, -1)),
    ("triu", (CUBE, 1), np.triu(CUBE, 1)),
    ("pad", (A, ((1, 0), (0, 2)), "constant", 7.0), np.pad(A, ((1, 0), (0, 2)), constant_values=7)),
    ("pad", (A, ((0, 0), (2, 1)), "reflect"), np.pad(A, ((0, 0), (2, 1)), "reflect")),
    ("pad", (A, ((2, 1), (0, 3)), "symmetric"), np.pad(A, ((2, 1), (0, 3)), "symmetric")),
    # parts
    *[("getitem", (CUBE, index), CUBE[index]) for index in (
        (0,), (slice(None), 1), (..., slice(0, 3, 2)), (slice(None, None, -1),), (None, ..., slice(3, 0, -2)),
        (1, slice(None), None, slice(-3, -1)), (slice(1, 1),), (1, 2, 3), (..., None),
        (slice(None), slice(2, None, -2), 0),
    )],
    *[("take", (CUBE, np.array(index), axis), np.take(CUBE, index, axis)) for index, axis in (
        ([1, 0, 1], 0), ([[3, 0], [2, 2]], 2), ([2], -2),
    )],
    ("take", (ROWS, TAKEN), ROWS[TAKEN]),
    ("take_along_axis", (ORDER, DESCENDING, -1), np.take_along_axis(ORDER, DESCENDING, -1)),
    ("take_along_axis", (A, np.array([[1, 0, 1]]), 0), np.take_along_axis(A, np.array([[1, 0, 1]]), 0)),
    ("scatter", (ROWS, np.array([2, 0, 1], np.int32), UPDATES, "set"), np.concatenate([UPDATES[[1, 2, 0]], ROWS[3:]])),
    *[("scatter", (ROWS, TAKEN, UPDATES, mode), scattered(operation)) for mode, operation in (
        ("add", np.add), ("subtract", np.subtract), ("multiply", np.multiply), ("divide", np.divide),
        ("max", np.maximum), ("min", np.minimum),
    )],
    ("scatter", (np.zeros(3, np.int32), np.array([[0, 2], [2, 0]]), np.array([[1, 2], [3, 4]], np.int32), "add"),
     np.array([5, 0, 5], np.int32)),
    ("segment_sum", (ROWS, np.array([1, 0, 1, -1], np.int32), 3), np.array([[3, 4], [6, 8], [0, 0]], np.float32)),
    ("segment_sum", (ROWS, np.array([5, 0, 0, 1]), 2), np.array([[8, 10], [7, 8]], np.float32)),
    # linear algebra
    ("matmul", (A, B.T.copy()), A @ B.T),
    ("matmul", (CUBE, CUBE.transpose(0, 2, 1).copy()), CUBE @ CUBE.transpose(0, 2, 1)),
    ("matmul", (INTS, DIVISORS.T.copy()), INTS @ DIVISORS.T),
    ("matrix_transpose", (CUBE,), CUBE.transpose(0, 2, 1)),
    ("tensordot", (A, B, 2), np.tensordot(A, B, 2)),
    ("tensordot", (CUBE, A, ([1], [1])), np.tensordot(CUBE, A, ([1], [1]))),
    ("vecdot", (A, B), (A * B).sum(-1)),
    ("vecdot", (Z, Z), (Z.conj() * Z).sum()),
    ("cross", (A, B), np.cross(A, B)),
    *[("einsum", (equation, *operands), np.einsum(equation, *operands)) for equation, *operands in (
        ("ij,kj->ik", A, B), ("bij,bkj->bik", CUBE, CUBE), ("...ij,jk->...ik", CUBE, CUBE[0].T.copy()), ("ij,ij", A, B),
        ("ij->j", A), ("ij->ji", A), ("i,j->ij", A[0], B[1]),
    )],
    ("linalg_cholesky", (SQUARE,), np.linalg.cholesky(SQUARE)),
    ("linalg_inv", (SQUARE,), np.linalg.inv(SQUARE)),
    ("linalg_det", (SQUARE,), np.linalg.det(SQUARE)),
    ("linalg_slogdet", (-SQUARE,), tuple(np.linalg.slogdet(-SQUARE))),
    ("linalg_solve", (SQUARE, SQUARE[:, :2].copy()), np.linalg.solve(SQUARE, SQUARE[:, :2])),
    *[("linalg_triangular_solve", (SQUARE, SQUARE[:, :2].copy(), lower, adjoint),
       np.linalg.solve(turned((np.tril if lower else np.triu)(SQUARE), adjoint), SQUARE[:, :2]))
      for lower in (True, False) for adjoint in (True, False)],
    *[(name, (Z,), getattr(np.fft, name)(Z)) for name in ("fft", "ifft")],
    *[(name, (np.stack([Z, 2 * Z]),), getattr(np.fft, name)(np.stack([Z, 2 * Z]))) for name in ("fft2", "ifft2")],
    ("rfft", (CUBE[0],), np.fft.rfft(CUBE[0])),
    ("rfft", (CUBE[0], 6), np.fft.rfft(CUBE[0], 6)),
    ("irfft", (Z, 4), np.fft.irfft(Z, 4)),
    # making tensors
    ("asarray", (np.array([1, 2], np.int64),), np.array([1, 2], np.int64)),
    ("astype", (A, "int32"), A.astype(np.int32)),
    ("astype", (A, "bool"), A.astype(bool)),
    ("astype", (INTS, "float64"), INTS.astype(np.float64)),
    ("astype", (BOOLS, "float32"), BOOLS.astype(np.float32)),
    ("zeros", ((2, 3), "int64"), np.zeros((2, 3), np.int64)),
    ("ones", ((), "bool"), np.ones((), bool)),
    ("full", ((2, 2), 3.5, "float64"), np.full((2, 2), 3.5)),
    ("arange", (0, 5, 2, "int32"), np.arange(0, 5, 2, np.int32)),
    ("arange", (1.0, 2.0, 0.25, "float32"), np.arange(1, 2, 0.25, np.float32)),
    ("linspace", (0.0, 1.0, 5, "float32"), np.linspace(0, 1, 5, dtype=np.float32)),
    ("eye", (2, 3, "float32"), np.eye(2, 3, dtype=np.float32)),
    ("complex", (A, B), A + 1j * B),
    ("bitcast", (A, "int32"), A.view(np.int32)),
    ("bitcast", (INTS.astype(np.int64), "int32"), INTS.astype(np.int64)[..., None].view(np.int32)),
    ("bitcast", (np.array([[1, 2], [3, 4]], np.uint32), "uint64"), np.array([1 + (2 << 32), 3 + (4 << 32)], np.uint64)),
]  # fmt: skip

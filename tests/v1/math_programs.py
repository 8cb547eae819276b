"""Programs of arithmetic: each is built with TensorFlow and with onevar, and must give the same graph and values."""

import numpy as np

X = np.linspace(-2.0, 2.5, 12, dtype=np.float32).reshape(3, 4)
P = np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(3, 4)
FEEDS = {
    "x": X,
    "p": P,
    "i": np.array([[7, -7, 3], [-3, 5, 2]], np.int32),
    "b": np.array([[True, False, True], [False] * 3]),
    "c": np.array([1 + 2j, -3j, 0], np.complex64),
}


def inputs(tf):
    return (
        tf.placeholder(tf.float32, [None, 4], name="x"),
        tf.placeholder(tf.float32, [3, 4], name="p"),
        tf.placeholder(tf.int32, [2, 3], name="i"),
        tf.placeholder(tf.bool, [None, 3], name="b"),
        tf.placeholder(tf.complex64, [3], name="c"),
    )


_REAL = "abs ceil cos cosh erf erfc exp expm1 floor negative rint round sigmoid sign sin sinh square tan tanh"
_UNIT = "acos asin asinh atan atanh digamma lgamma log log1p reciprocal rsqrt sqrt"
_NN = "softplus softsign tanh sigmoid"
_COMPARE = "equal not_equal less less_equal greater greater_equal maximum minimum add subtract multiply"

PROGRAMS = {
    **{name: lambda tf, x, p, i, b, c, name=name: getattr(tf, name)(x) for name in _REAL.split()},
    **{name: lambda tf, x, p, i, b, c, name=name: getattr(tf, name)(p, name="here") for name in _UNIT.split()},
    **{f"nn.{name}": lambda tf, x, p, i, b, c, name=name: getattr(tf.nn, name)(x) for name in _NN.split()},
    **{f"{name}_xy": lambda tf, x, p, i, b, c, name=name: getattr(tf, name)(x, p) for name in _COMPARE.split()},
    **{f"{name}_int": lambda tf, x, p, i, b, c, name=name: getattr(tf, name)(i, 3) for name in _COMPARE.split()},
    "ints": lambda tf, x, p, i, b, c: [tf.abs(i), tf.negative(i), tf.square(i), tf.sign(i), tf.round(i)],
    "acosh": lambda tf, x, p, i, b, c: tf.acosh(p + 1.0),
    "bessel": lambda tf, x, p, i, b, c: [tf.math.bessel_i0(x), tf.math.bessel_i1e(x)],
    "log_sigmoid": lambda tf, x, p, i, b, c: tf.log_sigmoid(x),
    "operators": lambda tf, x, p, i, b, c: [x + p, x - p, x * p, x / p, p**2.0, x // p, x % p, -x, abs(x)],
    "operators_scalars": lambda tf, x, p, i, b, c: [
        x + 1,
        1 - x,
        2 * x,
        x / 2,
        2 / p,
        2.0**x,
        x // 2,
        7 // p,
        x % 2,
        3 % p,
    ],
    "operators_ints": lambda tf, x, p, i, b, c: [
        i + 1,
        1 - i,
        i * i,
        i / 2,
        6 / i,
        i // 2,
        -7 // i,
        i % 3,
        7 % i,
        i**2,
    ],
    "operators_bits": lambda tf, x, p, i, b, c: [i & 3, i | 8, i ^ 5, ~i, 3 & i],
    "operators_bools": lambda tf, x, p, i, b, c: [b & True, b | b, b ^ True, ~b, True & b, b * b],
    "operators_numpy": lambda tf, x, p, i, b, c: [
        x + np.ones(4, np.float32),
        np.float32(2) * x,
        np.ones(4) - x,
        x * [1, 2, 3, 4],
    ],
    "operators_compare": lambda tf, x, p, i, b, c: [x < 1, x <= p, x > p, x >= 0.5, i < 3, i > 1],
    "operators_matmul": lambda tf, x, p, i, b, c: [tf.transpose(p) @ p],
    "divisions": lambda tf, x, p, i, b, c: [
        tf.div(x, p),
        tf.div(i, 2),
        tf.truediv(i, 2),
        tf.realdiv(x, p),
        tf.floordiv(i, 2),
        tf.floor_div(i, 2),
        tf.truncatediv(i, 2),
        tf.divide(x, p),
        tf.divide(i, 2, "named"),
    ],
    "mods": lambda tf, x, p, i, b, c: [tf.mod(i, 3), tf.floormod(i, 3), tf.truncatemod(i, 3), tf.mod(x, 0.7)],
    "no_nan": lambda tf, x, p, i, b, c: [
        tf.div_no_nan(x, [0.0, 1.0, 2.0, 0.0]),
        tf.math.multiply_no_nan(x, [0.0, 1.0, 2.0, 0.0]),
        tf.math.reciprocal_no_nan(x),
        tf.math.divide_no_nan(1.0, p),
    ],
    "special": lambda tf, x, p, i, b, c: [
        tf.math.xlogy(p, p),
        tf.math.xdivy(x, p),
        tf.math.xlog1py(p, p),
        tf.math.erfinv(p),
        tf.math.ndtri(p),
        tf.squared_difference(x, p),
        tf.pow(p, x),
        tf.atan2(x, p),
    ],
    "gammas": lambda tf, x, p, i, b, c: [
        tf.igamma(p, p),
        tf.igammac(p, p),
        tf.zeta(p + 1.5, p),
        tf.polygamma(1.0, p),
        tf.betainc(p, p, p),
        tf.lbeta(p),
        tf.math.nextafter(p, x),
    ],
    "logic": lambda tf, x, p, i, b, c: [
        tf.logical_and(b, True),
        tf.logical_or(b, b),
        tf.logical_not(b),
        tf.logical_xor(b, True),
    ],
    "finite": lambda tf, x, p, i, b, c: [tf.is_nan(x / 0.0), tf.is_inf(x / 0.0), tf.is_finite(tf.log(x))],
    "bitwise": lambda tf, x, p, i, b, c: [
        tf.bitwise.bitwise_and(i, 6),
        tf.bitwise.left_shift(i, 1),
        tf.bitwise.right_shift(i, 1),
        tf.bitwise.invert(i),
    ],
    "casts": lambda tf, x, p, i, b, c: [
        tf.cast(x, tf.int32),
        tf.cast(i, tf.float32),
        tf.cast(b, tf.float32),
        tf.cast(x, tf.bool),
        tf.to_float(i),
        tf.to_int32(x),
        tf.to_int64(i, "t"),
        tf.to_double(x),
        tf.cast(1.5, tf.int32),
        tf.cast(x, "float32"),
    ],
    "saturate": lambda tf, x, p, i, b, c: [tf.saturate_cast(x * 100, tf.uint8), tf.saturate_cast(i * 100, tf.int8)],
    "complex": lambda tf, x, p, i, b, c: [
        tf.real(c),
        tf.imag(c),
        tf.conj(c),
        tf.abs(c),
        tf.angle(c),
        tf.complex(x, p),
        tf.real(x),
        tf.conj(x),
        tf.sign(c),
        tf.imag(x),
    ],
    "sums": lambda tf, x, p, i, b, c: [
        tf.reduce_sum(x),
        tf.reduce_sum(x, 0),
        tf.reduce_sum(x, [0, 1]),
        tf.reduce_sum(x, -1, keepdims=True),
        tf.reduce_sum(i),
        tf.reduce_sum([[1, 2]]),
        tf.reduce_sum(x, reduction_indices=[1]),
        tf.reduce_sum(p, keep_dims=True),
        tf.reduce_sum(1.0),
    ],
    "reductions": lambda tf, x, p, i, b, c: [
        tf.reduce_mean(x),
        tf.reduce_mean(x, 1),
        tf.reduce_prod(p),
        tf.reduce_max(x, 0),
        tf.reduce_min(x),
        tf.reduce_all(b),
        tf.reduce_any(b, 1),
        tf.reduce_mean(i),
        tf.reduce_max(i, axis=(0,)),
    ],
    "logsumexp": lambda tf, x, p, i, b, c: [
        tf.reduce_logsumexp(x),
        tf.reduce_logsumexp(x, 1),
        tf.reduce_logsumexp(x, axis=0, keepdims=True),
    ],
    "variance": lambda tf, x, p, i, b, c: [
        tf.math.reduce_variance(x),
        tf.math.reduce_std(x, 1),
        tf.math.reduce_euclidean_norm(x),
        tf.count_nonzero(i),
        tf.count_nonzero(x, 0),
        tf.count_nonzero(b, axis=1, dtype=tf.int32),
    ],
    "args": lambda tf, x, p, i, b, c: [
        tf.argmax(x),
        tf.argmax(x, 1),
        tf.argmin(x, axis=-1),
        tf.argmax(x, dimension=1),
        tf.arg_max(x, 0),
        tf.argmax(i, 0, output_type=tf.int32),
    ],
    "running": lambda tf, x, p, i, b, c: [
        tf.cumsum(x),
        tf.cumsum(i, 1, exclusive=True),
        tf.cumprod(p, reverse=True),
        tf.cumsum(x, axis=-1, reverse=True, exclusive=True),
        tf.math.cumulative_logsumexp(x),
    ],
    "norms": lambda tf, x, p, i, b, c: [
        tf.norm(x),
        tf.norm(x, axis=1),
        tf.norm(x, 1, axis=0),
        tf.norm(x, np.inf),
        tf.norm(x, 3, axis=1, keepdims=True),
        tf.norm(p, "fro", axis=[0, 1]),
        tf.norm(p, 1, axis=(0, 1)),
    ],
    "range": lambda tf, x, p, i, b, c: [
        tf.range(5),
        tf.range(2, 5),
        tf.range(1.0, 3.0, 0.5),
        tf.range(5, 0, -2),
        tf.range(3, dtype=tf.float32),
        tf.range(tf.shape(x)[0]),
        tf.range(i[1, 1], delta=2),
        tf.range(2, name="r"),
    ],
    "linspace": lambda tf, x, p, i, b, c: [tf.linspace(0.0, 1.0, 5), tf.lin_space(2.0, 3.0, 2)],
    "matmul": lambda tf, x, p, i, b, c: [
        tf.matmul(x, p, transpose_b=True),
        tf.matmul(p, p, transpose_a=True),
        tf.matmul(p, p, adjoint_b=True, name="m"),
        tf.matmul(p, [[1.0]] * 4),
    ],
    "matmul_batch": lambda tf, x, p, i, b, c: [
        tf.matmul(tf.ones([2, 3, 4]), tf.ones([2, 4, 5])),
        tf.matmul(tf.ones([2, 3, 4]), tf.ones([2, 3, 5]), transpose_a=True),
        tf.matmul(tf.ones([2, 3, 4]), tf.ones([4, 5])),
        tf.linalg.matvec(p, [1.0, 2.0, 3.0, 4.0]),
    ],
    "matmul_sparse": lambda tf, x, p, i, b, c: tf.matmul(p, p, transpose_b=True, a_is_sparse=True),
    "tensordot": lambda tf, x, p, i, b, c: [
        tf.tensordot(p, p, [[0, 1], [0, 1]]),
        tf.tensordot(p, tf.transpose(p), 1),
        tf.tensordot(x, tf.ones([4, 2]), 1),
        tf.tensordot(x, x, [[1], [1]]),
        tf.tensordot(tf.ones([2, 3, 4]), p, [[1, 2], [0, 1]]),
        tf.tensordot(p, 2.0, 0),
    ],
    "tensordot_unknown": lambda tf, x, p, i, b, c: tf.tensordot(
        tf.placeholder_with_default(P, None), tf.ones([4, 2]), 1
    ),
    "einsum": lambda tf, x, p, i, b, c: [
        tf.einsum("ij,kj->ik", x, p),
        tf.einsum("ij->ji", p),
        tf.einsum("ij,ij", p, p),
        tf.einsum("...j,kj->...k", x, p),
    ],
    "einsum_many": lambda tf, x, p, i, b, c: tf.einsum("ij,kj,kl->il", p, p, p),
    "add_n": lambda tf, x, p, i, b, c: [
        tf.add_n([x, p, x]),
        tf.add_n([x]),
        tf.add_n([x], name="one"),
        tf.accumulate_n([p, p]),
        tf.add_n([[1, 2], [3, 4]]),
    ],
    "polyval": lambda tf, x, p, i, b, c: [tf.math.polyval([1.0, 2.0, 3.0], x), tf.math.polyval([], p)],
    "trace": lambda tf, x, p, i, b, c: [tf.trace(p), tf.cross([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])],
    "segments": lambda tf, x, p, i, b, c: [
        tf.segment_sum(p, [0, 0, 1]),
        tf.segment_mean(p, [0, 0, 1]),
        tf.segment_max(p, [0, 1, 1]),
        tf.segment_min(p, [0, 0, 0]),
        tf.segment_prod(p, [0, 2, 2]),
    ],
    "unsorted_segments": lambda tf, x, p, i, b, c: [
        tf.unsorted_segment_sum(p, [1, 0, 1], 3),
        tf.unsorted_segment_max(i, [0, 0], 2),
        tf.unsorted_segment_min(p, [1, 0, 1], 2),
        tf.unsorted_segment_prod(p, [1, 0, 1], 2),
        tf.unsorted_segment_mean(p, [1, 0, 1], 3),
        tf.unsorted_segment_sqrt_n(p, [1, 0, 1], 2),
    ],
    "sparse_segments": lambda tf, x, p, i, b, c: [
        tf.sparse_segment_sum(p, [0, 2], [0, 0]),
        tf.sparse_segment_mean(p, [0, 2], [0, 1]),
        tf.sparse_segment_sqrt_n(p, [0, 1, 2], [0, 0, 1]),
        tf.sparse_segment_sum(p, [0, 2], [0, 0], num_segments=3),
    ],
    "bincount": lambda tf, x, p, i, b, c: [
        tf.bincount([1, 1, 3]),
        tf.bincount([1, 1, 3], minlength=6),
        tf.bincount(tf.abs(i), maxlength=4),
        tf.bincount([0, 1], weights=tf.constant([0.5, 2.0])),
    ],
    "confusion": lambda tf, x, p, i, b, c: [tf.confusion_matrix([0, 1, 2], [0, 2, 2])],
    "confusion_classes": lambda tf, x, p, i, b, c: [
        tf.confusion_matrix([0, 1], [1, 1], 3, tf.float32, weights=[0.5, 2.0])
    ],
    "sorts": lambda tf, x, p, i, b, c: [
        tf.sort(x),
        tf.sort(i, axis=0, direction="DESCENDING"),
        tf.argsort(i),
        tf.sort(p, 0),
        tf.argsort(tf.constant([3, 1, 2], tf.uint8)),
    ],
    "clip": lambda tf, x, p, i, b, c: [
        tf.clip_by_value(x, -1.0, 1.0),
        tf.clip_by_value(i, 0, 3),
        tf.clip_by_norm(x, 1.0),
        tf.clip_by_norm(x, 1.0, axes=[1]),
        tf.clip_by_norm(x, p[0, 0]),
        tf.clip_by_average_norm(x, 0.1),
    ],
    "global_norm": lambda tf, x, p, i, b, c: [
        tf.global_norm([x, p]),
        tf.clip_by_global_norm([x, None, p], 1.0),
        tf.clip_by_global_norm([p], 5.0, use_norm=tf.constant(1.0)),
    ],
    "scalar_mul": lambda tf, x, p, i, b, c: [tf.scalar_mul(2.0, x), tf.scalar_mul(3, i)],
}

SQUARE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 5.0]], np.float32)
LINALG = {
    "cholesky": lambda tf, a: [tf.cholesky(a), tf.matrix_inverse(a), tf.matrix_determinant(a), tf.linalg.logdet(a)],
    "solve": lambda tf, a: [
        tf.matrix_solve(a, a[:, :1]),
        tf.matrix_triangular_solve(a, a[:, :2]),
        tf.cholesky_solve(tf.cholesky(a), a[:, :1]),
    ],
    "lstsq": lambda tf, a: [
        tf.matrix_solve_ls(a[:, :2], a[:, 2:]),
        tf.matrix_solve_ls(a[:2], a[:2, :1]),
        tf.matrix_solve_ls(a[:, :2], a[:, 2:], 0.1),
    ],
    "svd": lambda tf, a: [tf.svd(a, compute_uv=False), tf.self_adjoint_eigvals(a)],
    "slogdet": lambda tf, a: tf.linalg.slogdet(a),
    "qr": lambda tf, a: [tf.matmul(*tf.qr(a)), tf.linalg.adjoint(a)],
    "eigh": lambda tf, a: [tf.self_adjoint_eig(a)[0], tf.abs(tf.self_adjoint_eig(a)[1])],
    "fft": lambda tf, a: [tf.fft(tf.cast(a, tf.complex64)), tf.ifft2d(tf.cast(a, tf.complex64))],
}


def program(name):
    return lambda tf: PROGRAMS[name](tf, *inputs(tf))


def linalg(name):
    return lambda tf: LINALG[name](tf, tf.placeholder(tf.float32, [3, 3], name="a"))

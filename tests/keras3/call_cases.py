"""Calls of TensorFlow 1 on arrays, each an expression: what they give there is recorded, what they become is tried.

Python 3.7 reads this file too, where the recording is made: `golden/record_calls.py`.
"""

import numpy as np


def inputs():
    """Return the arrays that the expressions read, by name."""
    rng = np.random.RandomState(7)

    def draw(*shape):
        return rng.randn(*shape).astype("float32")

    return {
        "x": draw(3, 4),
        "y": draw(3, 4),
        "z": draw(3, 4) * 20,
        "p": np.abs(draw(3, 4)) + 0.1,
        "u": np.tanh(draw(3, 4)) * 0.9,
        "v": draw(4),
        "c": draw(3),
        "w": draw(4, 5),
        "wt": draw(5, 4),
        "cube": draw(2, 3, 4),
        "cube2": draw(2, 4, 3),
        "b": rng.rand(3, 4) > 0.5,
        "b2": rng.rand(3, 4) > 0.5,
        "i": rng.randint(-7, 8, size=(3, 4)).astype("int32"),
        "j": (rng.randint(1, 5, size=(3, 4)) * rng.choice([-1, 1], size=(3, 4))).astype("int32"),
        "ids": np.array([2, 0, 1], "int32"),
        "ids2": np.array([[2, 0], [1, 3]], "int32"),
        "table": draw(4, 6),
        "labels": np.eye(4, dtype="float32")[[1, 3, 0]],
        "soft": (lambda q: q / q.sum(-1, keepdims=True))(np.abs(draw(3, 4))),
        "classes": np.array([1, 3, 0], "int32"),
        "binary": (rng.rand(3, 4) > 0.5).astype("float32"),
        "spd": (lambda a: a @ a.transpose(0, 2, 1) + 3 * np.eye(3, dtype="float32"))(draw(2, 3, 3)),
        "rhs": draw(2, 3, 2),
        "square4": draw(4, 4),
        "img": draw(2, 8, 8, 3),
        "odd": draw(2, 7, 9, 3),
        "k": draw(3, 3, 3, 5),
        "k2": draw(2, 2, 3, 4),
        "kd": draw(3, 3, 3, 2),
        "kp": draw(1, 1, 6, 5),
        "seq": draw(2, 9, 3),
        "k1": draw(3, 3, 4),
        "vol": draw(1, 5, 6, 5, 2),
        "k3": draw(2, 3, 2, 2, 3),
        "bias": draw(3),
        "perm": np.array([2, 0, 3, 1], "int32"),
    }


_UNARY = [
    "abs",
    "atan",
    "asinh",
    "ceil",
    "cos",
    "cosh",
    "erf",
    "exp",
    "expm1",
    "floor",
    "negative",
    "rint",
    "round",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "square",
    "tan",
    "tanh",
    "nn.relu",
    "nn.relu6",
    "nn.elu",
    "nn.selu",
    "nn.softplus",
    "nn.softsign",
    "nn.sigmoid",
    "nn.tanh",
    "nn.leaky_relu",
    "nn.crelu",
    "nn.softmax",
    "nn.log_softmax",
    "log_sigmoid",
    "identity",
    "stop_gradient",
    "zeros_like",
    "ones_like",
    "is_finite",
    "is_nan",
    "is_inf",
    "size",
    "rank",
    "math.abs",
    "math.softplus",
    "math.log_softmax",
    "nn.swish",
    "nn.l2_loss",
    "nn.zero_fraction",
]
_BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "squared_difference", "truediv", "divide", "realdiv"]
_COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
_REDUCE = ["sum", "mean", "max", "min", "prod", "logsumexp"]

_LOSSES = [
    f"tf.losses.{name}({arguments})"
    for name, arguments in (
        ("mean_squared_error", "x, y"),
        ("mean_squared_error", "labels=x, predictions=y, weights=0.5"),
        ("mean_squared_error", "x, y, reduction=tf.losses.Reduction.SUM"),
        ("mean_squared_error", "x, y, 2.0, reduction=tf.losses.Reduction.MEAN"),
        ("absolute_difference", "x, y, scope='difference'"),
        ("absolute_difference", "x, y, weights=3.0, reduction=tf.losses.Reduction.NONE"),
        ("softmax_cross_entropy", "labels, x"),
        ("softmax_cross_entropy", "onehot_labels=soft, logits=z, label_smoothing=0"),
        ("sparse_softmax_cross_entropy", "classes, x"),
        ("sparse_softmax_cross_entropy", "labels=tf.expand_dims(classes, 1), logits=x"),
        ("sigmoid_cross_entropy", "binary, x"),
        ("huber_loss", "x, y"),
        ("huber_loss", "x, y, delta=0.3"),
        ("hinge_loss", "binary, x"),
    )
]
_IMAGES = [
    "tf.image.flip_left_right(img)",
    "tf.image.flip_left_right(img[0])",
    "tf.image.flip_up_down(odd)",
    "tf.image.transpose_image(odd)",
    "tf.image.rgb_to_grayscale(img)",
    "tf.image.grayscale_to_rgb(img[..., :1])",
    "tf.image.crop_to_bounding_box(img, 1, 2, 3, 4)",
    "tf.image.crop_to_bounding_box(odd[0], 0, 1, tf.shape(odd)[1] - 2, 3)",
]
CASES = (
    _LOSSES
    + _IMAGES
    + [f"tf.{name}(x)" for name in _UNARY]
    + [f"tf.{name}(p)" for name in ["log", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma"] if name != "lgamma"]
    + [f"tf.{name}(u)" for name in ["acos", "asin", "atanh"]]
    + ["tf.acosh(p + 1)", "tf.abs(i)", "tf.negative(i)", "tf.square(i)", "tf.sign(i)", "tf.logical_not(b)"]
    + ["tf.rint(x * 2 + 0.5 - 0.5)", "tf.round([0.5, 1.5, 2.5, -0.5])", "tf.rint([0.5, 1.5, 2.5, -0.5])"]
    + [f"tf.{name}(x, y)" for name in _BINARY]
    + [f"tf.{name}(i, j)" for name in [*_COMPARE, "add", "multiply", "maximum", "minimum", "subtract"]]
    + [f"tf.math.{name}(x, y)" for name in _COMPARE]
    + [f"tf.{name}(b, b2)" for name in ("logical_and", "logical_or", "logical_xor")]
    + ["tf.floordiv(i, j)", "tf.floordiv(x, y)", "tf.floor_div(i, j)", "tf.mod(i, j)", "tf.mod(x, y)"]
    + ["tf.floormod(i, j)", "tf.pow(p, y)", "tf.pow(x, 2)", "tf.pow(i, 2)", "tf.math.pow(p, 0.5)", "tf.atan2(x, y)"]
    + ["tf.div(x, 2.0)", "tf.div(7, 2)", "tf.div_no_nan(x, y)", "tf.div_no_nan(x, tf.zeros_like(x))"]
    + ["tf.scalar_mul(3.0, x)", "tf.add_n([x, y, z])", "tf.add_n([tf.nn.l2_loss(x), tf.nn.l2_loss(y)])"]
    + ["tf.accumulate_n([x, y])", "tf.clip_by_value(x, -0.5, 0.5)", "tf.clip_by_value(i, -2, 3)"]
    + ["tf.clip_by_value(t=x, clip_value_min=-1.0, clip_value_max=0.1)"]
    + [f"tf.reduce_{name}(x)" for name in _REDUCE]
    + [f"tf.reduce_{name}(x, 1)" for name in _REDUCE]
    + [f"tf.reduce_{name}(cube, axis=[1, 2], keepdims=True)" for name in _REDUCE]
    + [f"tf.reduce_{name}(cube, reduction_indices=[0, -1])" for name in _REDUCE]
    + ["tf.reduce_sum(x, 0, keep_dims=True)", "tf.reduce_sum(i)", "tf.reduce_max(i, 1)", "tf.reduce_sum(x, axis=(0,))"]
    + ["tf.reduce_sum(x, name='total', axis=-1)", "tf.reduce_sum(x, reduction_indices=1)", "tf.reduce_any(b, 1)"]
    + ["tf.reduce_all(b)", "tf.reduce_all(b, axis=0, keepdims=True)", "tf.reduce_mean(tf.cast(b, tf.float32))"]
    + ["tf.reduce_mean(tf.cast(tf.equal(tf.argmax(x, 1), tf.argmax(y, 1)), 'float'))", "tf.math.reduce_mean(x, [0])"]
    + ["tf.math.reduce_std(x, 0)", "tf.math.reduce_variance(x, axis=1, keepdims=True)", "tf.count_nonzero(i)"]
    + ["tf.count_nonzero(i, axis=1)", "tf.math.reduce_euclidean_norm(cube, axis=[0, 1])"]
    + ["tf.reduce_sum(cube, axis=list(range(1, 3)))", "tf.reduce_mean(cube, axis=list(range(0, 2)))"]
    + ["tf.argmax(x)", "tf.argmax(x, 1)", "tf.argmax(x, axis=-1, output_type=tf.int32)", "tf.argmax(x, dimension=1)"]
    + ["tf.argmin(x, 1, name='least')", "tf.arg_max(x, 1)", "tf.arg_min(x, dimension=0)"]
    + ["tf.cumsum(x)", "tf.cumsum(x, axis=1)", "tf.cumsum(x, 1, exclusive=True)", "tf.cumsum(x, 1, reverse=True)"]
    + ["tf.cumprod(x, -1)", "tf.invert_permutation(perm)", "tf.norm(x)", "tf.norm(x, axis=1)"]
    + ["tf.norm(x, ord=2, axis=1, keepdims=True)", "tf.norm(cube, axis=[1, 2])", "tf.norm(x, axis=-1, keep_dims=True)"]
    + ["tf.matmul(x, w)", "tf.matmul(x, wt, transpose_b=True)", "tf.matmul(w, x, transpose_a=True, transpose_b=True)"]
    + ["tf.matmul(cube, cube2)", "tf.matmul(cube, cube, adjoint_b=False, transpose_b=True, name='m')"]
    + ["tf.matmul(x, w, False, False)", "tf.tensordot(cube, w, axes=[[2], [0]])", "tf.tensordot(cube, w, 1)"]
    + ["tf.einsum('ij,jk->ik', x, w)", "tf.einsum('bij,bjk->bik', cube, cube2, name='e')", "tf.trace(spd)"]
    + ["tf.cholesky(spd)", "tf.matrix_inverse(spd)", "tf.matrix_determinant(spd)", "tf.matrix_solve(spd, rhs)"]
    + ["tf.matrix_transpose(cube)", "tf.self_adjoint_eig(spd)[0]", "tf.matrix_band_part(square4, -1, 0)"]
    + [
        "tf.matrix_band_part(square4, 0, -1)",
        "tf.matrix_band_part(square4, 1, 2)",
        "tf.linalg.band_part(square4, 0, 0)",
    ]
    + ["tf.cross(tf.stack([c, c + 1]), tf.stack([c * c, c]))", "tf.linalg.inv(spd)", "tf.linalg.matmul(x, w)"]
    + ["tf.reshape(x, [-1, 2])", "tf.reshape(x, (2, 6))", "tf.reshape(x, [tf.shape(x)[1], -1])", "tf.reshape(x, [-1])"]
    + [
        "tf.reshape(cube, tf.stack([tf.shape(cube)[0], -1]))",
        "tf.reshape(x, tf.shape(y))",
        "tf.reshape(v, shape=[2, 2])",
    ]
    + [
        "tf.reshape(cube, tf.concat([[-1], tf.shape(cube)[2:]], axis=0))",
        "tf.reshape(cube, [-1, cube.get_shape()[-1]])",
    ]
    + ["tf.reshape(cube, [-1, cube.get_shape().as_list()[1] * 4])", "tf.reshape(cube, [-1, cube.shape[2].value])"]
    + ["tf.reshape(x, tf.constant([4, 3]))", "tf.reshape(tensor=x, shape=[12], name='flat')"]
    + ["tf.transpose(x)", "tf.transpose(cube, [0, 2, 1])", "tf.transpose(cube, perm=(2, 0, 1))", "tf.transpose(cube)"]
    + ["tf.expand_dims(x, 1)", "tf.expand_dims(x, -1)", "tf.expand_dims(x, dim=0)", "tf.expand_dims(x, [0])"]
    + ["tf.squeeze(tf.expand_dims(x, 1))", "tf.squeeze(tf.expand_dims(x, 1), [1])", "tf.squeeze(cube[:1], axis=0)"]
    + ["tf.squeeze(tf.reshape(x, [1, 3, 1, 4]), squeeze_dims=[0, 2])", "tf.stack([x, y])", "tf.stack([x, y], axis=1)"]
    + ["tf.stack([tf.shape(x)[0], 2])", "tf.unstack(x)", "tf.unstack(x, 4, 1)", "tf.unstack(cube, axis=1)"]
    + ["tf.unstack(cube, num=4, axis=-1)", "tf.tile(x, [2, 1])", "tf.tile(v, [3])", "tf.broadcast_to(v, [3, 4])"]
    + ["tf.tile(tf.expand_dims(v, 0), [tf.shape(x)[0], 1])", "tf.concat([x, y], 1)", "tf.concat([x, y], axis=0)"]
    + [
        "tf.concat(values=[x, y], axis=-1, name='c')",
        "tf.concat([x], 0)",
        "tf.split(x, 2, 1)",
        "tf.split(cube, 3, axis=1)",
    ]
    + ["tf.split(value=x, num_or_size_splits=4, axis=1)", "tf.split(x, [1, 3], 1)", "tf.split(x, [1, -1], axis=1)"]
    + ["tf.split(v, [1, 1, 2])", "tf.slice(x, [0, 1], [-1, 2])", "tf.slice(cube, [0, 0, 1], [1, 2, -1])"]
    + ["tf.slice(x, [1, 0], [2, 4])", "tf.slice(x, begin=[0, 0], size=[tf.shape(x)[0], 2])", "tf.gather(table, ids)"]
    + ["tf.gather(table, ids2)", "tf.gather(table, ids, axis=1)", "tf.gather(params=v, indices=[0, 2])"]
    + [
        "tf.nn.embedding_lookup(table, ids)",
        "tf.nn.embedding_lookup(table, ids2)",
        "tf.nn.embedding_lookup([table], ids)",
    ]
    + ["tf.reverse(x, [1])", "tf.reverse(cube, axis=[0, 2])", "tf.reverse_v2(x, [0])", "tf.roll(x, 1, 0)"]
    + ["tf.cast(i, tf.float32)", "tf.cast(x, tf.int32)", "tf.cast(b, 'float32')", "tf.cast(x, dtype=tf.bool)"]
    + ["tf.cast(z, tf.int64)", "tf.to_float(i)", "tf.to_int32(z)", "tf.to_int64(x)", "tf.cast(x > 0, tf.float32)"]
    + ["tf.cast(tf.shape(x)[0], tf.float32)", "tf.saturate_cast(z * 20, tf.uint8)", "tf.dtypes.cast(x, tf.float16)"]
    + ["tf.constant(3.0)", "tf.constant([1, 2])", "tf.constant(0.5, shape=[2, 3])", "tf.constant(1, tf.float32, [2])"]
    + ["tf.constant([[1.0, 2.0]], dtype=tf.float32)", "tf.constant(True)", "tf.convert_to_tensor(x)"]
    + ["tf.convert_to_tensor([1.0, 2.0], dtype=tf.float32)", "tf.zeros([2, 3])", "tf.zeros([tf.shape(x)[0], 2])"]
    + ["tf.ones((2,), tf.int32)", "tf.ones(shape=[2, 1])", "tf.zeros(tf.shape(x), dtype=tf.bool)", "tf.zeros(3)"]
    + ["tf.zeros([])", "tf.zeros_like(x, dtype=tf.int32)", "tf.ones_like(i)", "tf.fill([2, 3], 0.5)", "tf.fill([2], 7)"]
    + ["tf.fill(tf.shape(x), 1.5)", "tf.eye(3)", "tf.eye(2, 3)", "tf.eye(3, dtype=tf.float32)", "tf.range(5)"]
    + ["tf.range(1, 6)", "tf.range(0, 10, 3)", "tf.range(0.0, 1.0, 0.25)", "tf.range(tf.shape(x)[0])"]
    + ["tf.range(start=0, limit=8, delta=2)", "tf.linspace(0.0, 1.0, 5)", "tf.lin_space(-1.0, 1.0, 3)"]
    + ["tf.meshgrid(v, c)", "tf.meshgrid(v, c, indexing='ij')", "tf.shape(x)", "tf.shape(x)[0]", "tf.shape(cube)[1:]"]
    + [
        "tf.shape(x)[0] * tf.shape(x)[1]",
        "tf.shape(x) * 2",
        "tf.shape(x, out_type=tf.int32)",
        "tf.reduce_prod(tf.shape(x))",
    ]
    + ["tf.one_hot(classes, 4)", "tf.one_hot(classes, depth=4, on_value=1.0, off_value=0.0)", "tf.one_hot(ids2, 4)"]
    + ["tf.one_hot(classes, 4, on_value=0.9, off_value=0.1)", "tf.one_hot(classes, 4, dtype=tf.int32)"]
    + ["tf.one_hot(classes, 4, axis=0)", "tf.one_hot(classes, 4, 1, 0)", "tf.one_hot([0, -1, 2], 3)"]
    + ["tf.where(x > 0, x, y)", "tf.where(tf.less(x, y), x, tf.zeros_like(x))", "tf.where(x > 0)", "tf.where(b)"]
    + ["tf.where(tf.is_nan(x), tf.zeros_like(x), x)", "tf.where(tf.logical_and(x > 0, y > 0), x * 2, y)"]
    + ["tf.sequence_mask(ids, 4)", "tf.sequence_mask(ids, maxlen=3, dtype=tf.float32)"]
    + ["tf.strided_slice(cube, [0, 1], [2, 3])"]
    + ["tf.strided_slice(x, [1, 0], [3, 2], [1, 1])"]
    + ["tf.sequence_mask(ids, 4)", "tf.sequence_mask(ids, maxlen=3, dtype=tf.float32)"]
    + ["tf.strided_slice(cube, [0, 1], [2, 3])", "tf.strided_slice(x, [1, 0], [3, 2], [1, 1])"]
    + ["tf.sort(x)", "tf.argsort(x)", "tf.sort(x, axis=0)", "tf.sqrt(2.0)", "tf.exp(0.5)", "tf.log(10.0)"]
    + [
        "tf.rsqrt(2.0)",
        "tf.maximum(0.0, x)",
        "tf.maximum(1.0, 2.0)",
        "tf.abs(-1.0)",
        "tf.sigmoid(0.3)",
        "tf.nn.relu(-1.0)",
    ]
    + [
        "tf.add(1.0, x)",
        "tf.square(3.0)",
        "tf.pow(2.0, 3.0)",
        "tf.tanh(0.5)",
        "tf.reduce_sum([1.0, 2.0])",
        "tf.log([1.0, 2.0])",
    ]
    + [
        "tf.pad(x, [[1, 0], [0, 2]])",
        "tf.pad(x, [[1, 1], [1, 1]], 'CONSTANT')",
        "tf.pad(x, [[1, 1], [2, 2]], mode='REFLECT')",
    ]
    + ["tf.pad(x, [[0, 1], [1, 1]], constant_values=2.0)"]
    + ["tf.nn.leaky_relu(x, alpha=0.1)", "tf.nn.leaky_relu(x, 0.3)", "tf.nn.softmax(cube, axis=1)"]
    + ["tf.nn.softmax(x, dim=0)", "tf.nn.log_softmax(x, 0)", "tf.nn.softmax(logits=x, name='probabilities')"]
    + ["tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=x)"]
    + ["tf.nn.softmax_cross_entropy_with_logits(labels=soft, logits=z)"]
    + ["tf.nn.softmax_cross_entropy_with_logits_v2(labels=soft, logits=x)"]
    + ["tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=z, labels=labels))"]
    + ["tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=x)"]
    + ["tf.nn.sparse_softmax_cross_entropy_with_logits(logits=z, labels=tf.argmax(labels, 1))"]
    + ["tf.nn.sigmoid_cross_entropy_with_logits(labels=binary, logits=x)"]
    + ["tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=tf.ones_like(x))"]
    + ["tf.nn.l2_normalize(x, 1)", "tf.nn.l2_normalize(x, dim=0)", "tf.nn.l2_normalize(x, axis=[0, 1], epsilon=1e-3)"]
    + ["tf.clip_by_norm(x, 0.7)", "tf.clip_by_norm(x, 1.0, axes=[1])", "tf.nn.moments(x, [0])"]
    + [
        "tf.nn.moments(img, axes=[0, 1, 2])",
        "tf.nn.moments(x, axes=[1], keep_dims=True)",
        "tf.nn.xw_plus_b(x, w, wt[:, 0])",
    ]
    + [
        "tf.nn.relu_layer(x, w, wt[:, 0])",
        "tf.nn.in_top_k(x, classes, 2)",
        "tf.nn.top_k(x, 2)[0]",
        "tf.nn.top_k(x, k=3)[1]",
    ]
    + ["tf.nn.batch_normalization(x, v, p[0], v, p[1], 1e-3)", "tf.nn.bias_add(img, bias)"]
    + ["tf.nn.batch_normalization(x, v, p[0], None, None, variance_epsilon=1e-3)", "tf.nn.bias_add(x, bias=v)"]
    + ["tf.nn.batch_normalization(img, tf.reduce_mean(img, [0, 1, 2], keep_dims=True), bias + 3.0, bias, None, 1e-5)"]
    + ["tf.nn.conv2d(img, k, strides=[1, 1, 1, 1], padding='SAME')", "tf.nn.conv2d(img, k, [1, 2, 2, 1], 'VALID')"]
    + [
        f"tf.nn.conv2d({image}, {kernel}, strides=[1, {s}, {t}, 1], padding='{padding}')"
        for image in ("img", "odd")
        for kernel in ("k", "k2")
        for s, t in ((2, 2), (3, 1))
        for padding in ("SAME", "VALID")
    ]
    + ["tf.nn.conv2d(img, k, strides=[1, 1, 1, 1], padding='SAME', dilations=[1, 2, 2, 1])"]
    + ["tf.nn.conv2d(input=img, filter=k, strides=[1, 1, 1, 1], padding='SAME', data_format='NHWC', name='conv')"]
    + [
        "tf.nn.atrous_conv2d(img, k, 2, 'SAME')",
        "tf.nn.conv1d(seq, k1, 2, 'SAME')",
        "tf.nn.conv1d(seq, k1, stride=1, padding='VALID')",
    ]
    + ["tf.nn.conv3d(vol, k3, [1, 2, 1, 2, 1], 'SAME')", "tf.nn.convolution(img, k, 'SAME', strides=[2, 2])"]
    + [
        "tf.nn.convolution(input=seq, filter=k1, padding='VALID')",
        "tf.nn.convolution(img, k, 'VALID', dilation_rate=[2, 2])",
    ]
    + [f"tf.nn.depthwise_conv2d(odd, kd, [1, {s}, {s}, 1], '{p}')" for s in (1, 2) for p in ("SAME", "VALID")]
    + ["tf.nn.depthwise_conv2d(img, kd, [1, 1, 1, 1], 'SAME', rate=[2, 2])"]
    + [f"tf.nn.separable_conv2d(odd, kd, kp, [1, {s}, {s}, 1], '{p}')" for s in (1, 2) for p in ("SAME", "VALID")]
    + [
        f"tf.nn.{name}({image}, ksize=[1, {size}, {size}, 1], strides=[1, {s}, {s}, 1], padding='{padding}')"
        for name in ("max_pool", "avg_pool")
        for image in ("img", "odd")
        for size, s in ((2, 2), (3, 2), (3, 1))
        for padding in ("SAME", "VALID")
        if (name, size, s, padding) != ("avg_pool", 3, 2, "SAME")
    ]
    + ["tf.nn.max_pool(img, [1, 2, 3, 1], [1, 1, 2, 1], 'SAME')", "tf.cond(x[0, 0] > 0, lambda: x, lambda: y)"]
)

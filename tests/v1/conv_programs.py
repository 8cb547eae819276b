"""Programs with convolutions, pools and normalizations, of every argument; the data of `test_nn_conv`."""

import numpy as np

from onevar.conformance.golden.op_arrays import f

FEEDS = {"x": f(2, 7, 6, 3), "c": f(2, 3, 7, 6), "line": f(2, 9, 3), "deep": f(1, 4, 5, 6, 2), "many": f(2, 3, 5, 6, 3)}


def _x(tf, shape=(2, 7, 6, 3)):
    return tf.placeholder(tf.float32, shape, name="x")


def _line(tf):
    return tf.placeholder(tf.float32, [None, 9, 3], name="line")


def _deep(tf):
    return tf.placeholder(tf.float32, [1, 4, 5, 6, 2], name="deep")


def _many(tf, shape=(2, 3, 5, 6, 3)):
    return tf.placeholder(tf.float32, shape, name="many")


def _fed(array, tf):
    """What TensorFlow does not compute with before it runs: its optimizer has a defect there."""
    return tf.placeholder_with_default(array, array.shape)


PROGRAMS = {
    "conv2d": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), [1, 2, 2, 1], "SAME", name="here"),
    "conv2d_short": lambda tf: tf.nn.conv2d(_x(tf, [None, None, None, 3]), f(3, 3, 3, 4), 2, "VALID"),
    "conv2d_pair": lambda tf: tf.nn.conv2d(_x(tf), filters=f(3, 2, 3, 4), strides=[2, 1], padding="VALID"),
    "conv2d_explicit": lambda tf: tf.nn.conv2d(_x(tf), f(3, 2, 3, 4), 1, [[0, 0], [1, 0], [2, 1], [0, 0]]),
    "conv2d_dilated": lambda tf: tf.nn.conv2d(_x(tf), f(3, 2, 3, 4), 1, "SAME", dilations=[1, 2, 1, 1]),
    "conv2d_many": lambda tf: tf.nn.conv2d(_many(tf), f(3, 3, 3, 4), 1, "SAME", name="here"),
    "conv2d_many_unknown": lambda tf: tf.nn.conv2d(_many(tf, [None, 3, 5, None, 3]), f(3, 3, 3, 4), 1, "SAME"),
    "conv2d_twice": lambda tf: tf.nn.conv2d(tf.nn.conv2d(_x(tf), f(1, 1, 3, 3), 1, "SAME"), f(1, 1, 3, 2), 1, "SAME"),
    "conv3d": lambda tf: tf.nn.conv3d(_deep(tf), f(2, 2, 2, 2, 3), [1, 1, 2, 1, 1], "SAME"),
    "conv1d": lambda tf: tf.nn.conv1d(_line(tf), f(3, 3, 4), 2, "SAME"),
    "conv1d_input": lambda tf: tf.nn.conv1d(input=_line(tf), filters=f(3, 3, 4), stride=1, padding="VALID", name="z"),
    "conv1d_dilated": lambda tf: tf.nn.conv1d(_line(tf), f(3, 3, 4), 1, "SAME", dilations=2, data_format="NWC"),
    "convolution": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 3, 4), "SAME"),
    "convolution_1d": lambda tf: tf.nn.convolution(_line(tf), f(3, 3, 4), "VALID", strides=[2]),
    "convolution_3d": lambda tf: tf.nn.convolution(_deep(tf), f(2, 2, 2, 2, 3), "SAME", strides=[2, 1, 2], name="q"),
    "convolution_dilated": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 3, 4), "SAME", dilation_rate=[2, 3]),
    "convolution_dilated_valid": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 3, 4), "VALID", dilations=[2, 1]),
    "convolution_dilated_unknown": lambda tf: tf.nn.convolution(
        _x(tf, [None, None, None, 3]), f(3, 2, 3, 4), "SAME", dilation_rate=[2, 2]
    ),
    "convolution_dilated_1d": lambda tf: tf.nn.convolution(_line(tf), f(3, 3, 4), "SAME", dilation_rate=[3]),
    "convolution_dilated_3d": lambda tf: tf.nn.convolution(
        _deep(tf), f(2, 2, 2, 2, 3), "VALID", dilation_rate=[1, 2, 2]
    ),
    "convolution_dilated_explicit": lambda tf: tf.nn.convolution(
        _x(tf), f(3, 2, 3, 4), [[0, 0], [1, 2], [0, 1], [0, 0]], dilation_rate=[2, 1]
    ),
    "convolution_arrays": lambda tf: tf.nn.convolution(f(1, 4, 4, 2), f(2, 2, 2, 3), "SAME"),
    "convolution_many": lambda tf: tf.nn.convolution(_many(tf), f(3, 3, 3, 4), "SAME"),
    "atrous": lambda tf: tf.nn.atrous_conv2d(_x(tf), f(3, 2, 3, 4), 2, "SAME"),
    "atrous_one": lambda tf: tf.nn.atrous_conv2d(_x(tf), f(3, 2, 3, 4), 1, "VALID", name="a"),
    "depthwise": lambda tf: tf.nn.depthwise_conv2d(_x(tf), f(3, 2, 3, 2), [1, 2, 2, 1], "SAME"),
    "depthwise_dilated": lambda tf: tf.nn.depthwise_conv2d(_x(tf), f(3, 2, 3, 2), [1, 1, 1, 1], "VALID", rate=[2, 1]),
    "depthwise_same_dilated": lambda tf: tf.nn.depthwise_conv2d(_x(tf), f(3, 2, 3, 2), [1] * 4, "SAME", [2, 2], "d"),
    "depthwise_native": lambda tf: tf.nn.depthwise_conv2d_native(_x(tf), f(3, 2, 3, 2), [1, 1, 1, 1], "SAME"),
    "depthwise_input": lambda tf: tf.nn.depthwise_conv2d_native_backprop_input(
        [2, 7, 6, 3], f(3, 2, 3, 2), f(2, 7, 6, 6), [1, 1, 1, 1], "SAME"
    ),
    "depthwise_filter": lambda tf: tf.nn.depthwise_conv2d_backprop_filter(
        _x(tf), [3, 2, 3, 2], f(2, 7, 6, 6), [1, 1, 1, 1], "SAME"
    ),
    "separable": lambda tf: tf.nn.separable_conv2d(_x(tf), f(3, 2, 3, 2), f(1, 1, 6, 4), [1, 2, 2, 1], "SAME"),
    "separable_dilated": lambda tf: tf.nn.separable_conv2d(
        _x(tf), f(3, 2, 3, 2), f(1, 1, 6, 4), [1, 1, 1, 1], "VALID", rate=[2, 2], name="s"
    ),
    "backprop_filter": lambda tf: tf.nn.conv2d_backprop_filter(
        _x(tf), [3, 3, 3, 4], f(2, 4, 3, 4), [1, 2, 2, 1], "SAME"
    ),
    "backprop_input": lambda tf: tf.nn.conv2d_backprop_input(
        [2, 7, 6, 3], f(3, 3, 3, 4), f(2, 4, 3, 4), [1, 2, 2, 1], "SAME"
    ),
    "backprop_filter_3d": lambda tf: tf.nn.conv3d_backprop_filter(
        _deep(tf), [2, 2, 2, 2, 3], f(1, 4, 5, 6, 3), [1] * 5, "SAME"
    ),
    "transpose": lambda tf: tf.nn.conv2d_transpose(_x(tf), f(3, 3, 4, 3), [2, 14, 12, 4], [1, 2, 2, 1]),
    "transpose_short": lambda tf: tf.nn.conv2d_transpose(_x(tf), f(4, 3, 4, 3), [2, 16, 13, 4], 2, "VALID", name="up"),
    "transpose_batch": lambda tf: _upscaled(tf),
    "transpose_1d": lambda tf: tf.nn.conv1d_transpose(_line(tf), f(3, 4, 3), [2, 18, 4], 2),
    "transpose_3d": lambda tf: tf.nn.conv3d_transpose(_deep(tf), f(2, 2, 2, 3, 2), [1, 8, 10, 12, 3], [1, 2, 2, 2, 1]),
    "transpose_any": lambda tf: tf.nn.conv_transpose(_x(tf), f(3, 3, 4, 3), [2, 14, 12, 4], 2),
    "transpose_any_1d": lambda tf: tf.nn.conv_transpose(_line(tf), f(3, 4, 3), [2, 18, 4], 2, data_format="NWC"),
    "atrous_transpose": lambda tf: tf.nn.atrous_conv2d_transpose(
        tf.placeholder_with_default(f(2, 7, 6, 3), [2, 7, 6, 3]), f(3, 2, 4, 3), [2, 7, 6, 4], 2, "SAME"
    ),
    "atrous_transpose_one": lambda tf: tf.nn.atrous_conv2d_transpose(_x(tf), f(3, 2, 4, 3), [2, 7, 6, 4], 1, "SAME"),
    "max_pool": lambda tf: tf.nn.max_pool(_x(tf), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    "max_pool_input": lambda tf: tf.nn.max_pool(None, 3, 2, "VALID", input=_x(tf), name="p"),
    "max_pool_explicit": lambda tf: tf.nn.max_pool(_x(tf), 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
    "max_pool2d": lambda tf: tf.nn.max_pool2d(_x(tf), [2, 3], 2, "SAME"),
    "max_pool1d": lambda tf: tf.nn.max_pool1d(_line(tf), 2, 2, "SAME"),
    "max_pool3d": lambda tf: tf.nn.max_pool3d(_deep(tf), 2, 2, "VALID"),
    "max_pool_v2": lambda tf: [tf.nn.max_pool_v2(t, 2, 2, "SAME") for t in (_x(tf), _line(tf), _deep(tf))],
    "avg_pool": lambda tf: tf.nn.avg_pool(_x(tf), [1, 3, 2, 1], [1, 2, 2, 1], "SAME"),
    "avg_pool2d": lambda tf: tf.nn.avg_pool2d(_x(tf), 3, 2, "VALID", name="p"),
    "avg_pool1d": lambda tf: tf.nn.avg_pool1d(_line(tf), 2, 2, "SAME"),
    "avg_pool3d": lambda tf: tf.nn.avg_pool3d(_deep(tf), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"),
    "avg_pool_v2": lambda tf: [tf.nn.avg_pool_v2(t, 2, 2, "SAME") for t in (_x(tf), _line(tf), _deep(tf))],
    "argmax": lambda tf: tf.nn.max_pool_with_argmax(_x(tf), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    "argmax_32": lambda tf: tf.nn.max_pool_with_argmax(
        _x(tf), [1, 3, 3, 1], [1, 1, 1, 1], "VALID", Targmax=tf.int32, include_batch_in_index=True
    ),
    "pool_max": lambda tf: tf.nn.pool(_x(tf), [2, 2], "MAX", "SAME", strides=[2, 2]),
    "pool_avg_dilated": lambda tf: tf.nn.pool(_x(tf), [2, 2], "AVG", "VALID", dilation_rate=[2, 1]),
    "pool_line": lambda tf: tf.nn.pool(_line(tf), [2], "AVG", "VALID", name="p"),
    "pool_deep": lambda tf: tf.nn.pool(_deep(tf), [2, 2, 2], "MAX", "VALID", strides=[1, 2, 1]),
    "space": lambda tf: tf.nn.with_space_to_batch(
        _x(tf), [2, 2], "SAME", lambda x, n, padding: tf.nn.max_pool(x, 2, 1, padding), filter_shape=[2, 2]
    ),
    "moments": lambda tf: tf.nn.moments(_x(tf), [0, 1, 2]),
    "moments_kept": lambda tf: tf.nn.moments(_x(tf, [None, None, None, None]), [-1], keep_dims=True, name="m"),
    "moments_half": lambda tf: tf.nn.moments(tf.cast(_x(tf), tf.float16), [0, 1]),
    "weighted": lambda tf: tf.nn.weighted_moments(_x(tf), [1, 2], f(2, 7, 6, 1, low=0)),
    "weighted_kept": lambda tf: tf.nn.weighted_moments(_x(tf), 0, f(2, 1, 1, 1, low=0), keepdims=True),
    "statistics": lambda tf: tf.nn.sufficient_statistics(_x(tf), [0, 2], shift=0.5)[:3],
    "statistics_unknown": lambda tf: tf.nn.sufficient_statistics(_x(tf, [None, 7, 6, 3]), [0, 1])[:3],
    "normalized": lambda tf: tf.nn.normalize_moments(6.0, f(3), f(3, low=9, high=12), None),
    "normalized_shift": lambda tf: tf.nn.normalize_moments(6.0, f(3), f(3, low=9, high=12), 0.5, name="n"),
    "batch": lambda tf: tf.nn.batch_normalization(_x(tf), f(3), f(3, low=0.5), f(3), f(3), 1e-3),
    "batch_plain": lambda tf: tf.nn.batch_normalization(_x(tf), f(3), f(3, low=0.5), None, None, 1e-3, name="b"),
    "batch_global": lambda tf: tf.nn.batch_norm_with_global_normalization(
        _x(tf), f(3), f(3, low=0.5), f(3), f(3), 1e-3, True
    ),
    "fused": lambda tf: tf.nn.fused_batch_norm(_x(tf), f(3), f(3)),
    "fused_given": lambda tf: tf.nn.fused_batch_norm(
        _x(tf), f(3), f(3), _fed(f(3), tf), _fed(f(3, low=0.5), tf), is_training=False, name="f"
    ),
    "fused_average": lambda tf: tf.nn.fused_batch_norm(
        _x(tf), f(3), f(3), f(3), f(3, low=0.5), exponential_avg_factor=0.125
    ),
    "lrn": lambda tf: tf.nn.lrn(_x(tf), 1, 2.0, 0.5, 0.75),
    "lrn_default": lambda tf: tf.nn.local_response_normalization(_x(tf), name="l"),
    "l2": lambda tf: [tf.nn.l2_normalize(_x(tf), 3), tf.math.l2_normalize(f(3), dim=0, epsilon=0.1, name="l")],
    "l2_complex": lambda tf: tf.nn.l2_normalize(f(2, 3, dtype=np.complex64), 1),
    "dilation": lambda tf: tf.nn.dilation2d(_x(tf), f(3, 2, 3), [1, 2, 1, 1], [1, 1, 2, 1], "SAME"),
    "erosion": lambda tf: tf.nn.erosion2d(_x(tf), f(3, 2, 3), [1, 1, 1, 1], [1, 2, 1, 1], "VALID"),
}  # fmt: skip


def _upscaled(tf):
    x = _x(tf, [None, 7, 6, 3])
    return tf.nn.conv2d_transpose(x, f(3, 3, 4, 3), tf.stack([tf.shape(x)[0], 14, 12, 4]), strides=[1, 2, 2, 1])


ERRORS = {
    "strides": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), [1, 2, 3], "SAME"),
    "padding": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, "EXPLICIT"),
    "padding_pairs": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, [[0, 0], [1, 1], [1, 1]]),
    "padding_pair": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, [[0, 0], 1, [1, 1], [0, 0]]),
    "padding_long": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, [[0, 0], [1, 1, 1], [1, 1], [0, 0]]),
    "padding_name": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, "HALF"),
    "channels": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 2, 4), 1, "SAME"),
    "large": lambda tf: tf.nn.conv2d(_x(tf), f(9, 3, 3, 4), 1, "VALID"),
    "rank": lambda tf: tf.nn.conv2d(_line(tf), f(3, 3, 3, 4), 1, "SAME"),
    "filter_rank": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 4), 1, "SAME"),
    "two_filters": lambda tf: tf.nn.conv2d(_x(tf), f(3, 3, 3, 4), 1, "SAME", filters=f(3, 3, 3, 4)),
    "depthwise_channels": lambda tf: tf.nn.depthwise_conv2d(_x(tf), f(3, 3, 2, 4), [1] * 4, "SAME"),
    "format_1d": lambda tf: tf.nn.conv1d(_line(tf), f(3, 3, 4), 1, "SAME", data_format="WNC"),
    "both": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 3, 4), "SAME", strides=[2, 2], dilation_rate=[2, 2]),
    "dilation_rate": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 3, 4), "SAME", dilation_rate=[2, 2, 2]),
    "convolution_channels": lambda tf: tf.nn.convolution(_x(tf), f(3, 2, 2, 4), "SAME", dilation_rate=[2, 2]),
    "convolution_rank": lambda tf: tf.nn.convolution(_line(tf), f(3, 2, 3, 4), "SAME", dilation_rate=[2, 2]),
    "four_dimensions": lambda tf: tf.nn.convolution(tf.ones([1] * 6), tf.ones([1] * 6), "SAME"),
    "pool_kernel": lambda tf: tf.nn.max_pool(_x(tf), [1, 0, 2, 1], 1, "SAME"),
    "pool_large": lambda tf: tf.nn.max_pool(_x(tf), 9, 1, "VALID"),
    "pool_type": lambda tf: tf.nn.pool(_x(tf), [2, 2], "MIN", "SAME"),
    "pool_strides": lambda tf: tf.nn.pool(_x(tf), [2, 2], "MAX", "SAME", strides=[3, 3]),
    "pool_same": lambda tf: tf.nn.pool(_x(tf), [2, 2], "MAX", "SAME", dilation_rate=[2, 2]),
    "pool_window": lambda tf: tf.nn.pool(_x(tf), [2, 2, 2, 2], "MAX", "SAME"),
    "pool_rank": lambda tf: tf.nn.max_pool_v2(tf.ones([2, 2]), 2, 2, "SAME"),
    "argmax_format": lambda tf: tf.nn.max_pool_with_argmax(_x(tf), [1] * 4, [1] * 4, "SAME", data_format="NCHW"),
    "space_filter": lambda tf: tf.nn.with_space_to_batch(_x(tf), [2, 2], "SAME", lambda x, n, padding: x),
    "space_rate": lambda tf: tf.nn.with_space_to_batch(_x(tf), [2, 0], "VALID", lambda x, n, padding: x),
    "space_dims": lambda tf: tf.nn.with_space_to_batch(
        _x(tf), [2, 2], "VALID", lambda x, n, padding: x, spatial_dims=[2, 1]
    ),
    "fused": lambda tf: tf.nn.fused_batch_norm(_x(tf), f(3), f(3), is_training=False),
    "fused_channels": lambda tf: tf.nn.fused_batch_norm(_x(tf), f(4), f(3)),
    "transpose_shape": lambda tf: tf.nn.conv_transpose(_x(tf), f(3, 3, 4, 3), [2, 2], 2),
    "atrous_transpose_rate": lambda tf: tf.nn.atrous_conv2d_transpose(_x(tf), f(3, 2, 4, 3), [2, 7, 6, 4], 0, "SAME"),
    "atrous_transpose_channels": lambda tf: tf.nn.atrous_conv2d_transpose(
        _x(tf), f(3, 2, 4, 5), [2, 7, 6, 4], 2, "SAME"
    ),
    "keepdims": lambda tf: tf.nn.moments(_x(tf), [0], keep_dims=True, keepdims=True),
    "lrn_rank": lambda tf: tf.nn.lrn(_line(tf)),
}  # fmt: skip

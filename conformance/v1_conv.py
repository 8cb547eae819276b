"""Programs of convolutions, pools and normalizations: small networks, their gradients and a few steps of training."""

from typing import Any

import numpy as np

from onevar.conformance.golden.op_arrays import f
from onevar.conformance.v1_table import program, started, thrice

GRADIENTS = ("gradients",)


def steady(session: Any, fetches: Any, feeds: Any) -> list[Any]:
    """Return what the first of three runs gives, and sums of what the last gives."""
    first, _, last = thrice(session, fetches, feeds)
    return [first, [float(np.sum(x)) for x in last]]


@program("V1-53", needs=GRADIENTS)
def convolutions(tf: Any) -> Any:
    """One to three dimensions, strides, every padding, dilated; values and gradients."""
    x, line = tf.placeholder(tf.float32, [None, 7, 6, 3]), tf.placeholder(tf.float32, [2, 9, 3])
    filters, deep = tf.Variable(f(3, 2, 3, 4)), tf.Variable(f(2, 2, 2, 2, 3))
    flat = tf.Variable(f(3, 3, 4))
    made = [
        tf.nn.conv2d(x, filters, [1, 2, 2, 1], "SAME"),
        tf.nn.conv2d(x, filters, 1, "VALID"),
        tf.nn.conv2d(x, filters, [2, 1], [[0, 0], [1, 2], [0, 3], [0, 0]]),
        tf.nn.convolution(x, filters, "SAME", dilation_rate=[2, 2]),
        tf.nn.conv1d(line, flat, 2, "SAME"),
        tf.nn.conv3d(tf.constant(f(1, 4, 5, 6, 2)), deep, [1, 1, 2, 1, 1], "SAME"),
    ]
    gradients = tf.gradients([t * t for t in made], [x, line, filters, deep, flat])
    with started(tf) as session:
        return steady(session, [*made[1:], *gradients], {x: f(2, 7, 6, 3), line: f(2, 9, 3)})


@program("V1-54", needs=GRADIENTS)
def pools(tf: Any) -> Any:
    """Pools of every padding and of equal elements: the first of them has the gradient."""
    x = tf.placeholder(tf.float32, [None, 7, 6, 2])
    made = [
        tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
        tf.nn.max_pool(x, 3, 2, "SAME"),
        tf.nn.max_pool(x, [3, 2], 1, "VALID"),
        tf.nn.max_pool(x, 3, 2, [[0, 0], [1, 0], [1, 2], [0, 0]]),
        tf.nn.avg_pool(x, 3, 2, "SAME"),
        tf.nn.avg_pool(x, [7, 6], 1, "VALID"),
        tf.nn.pool(x, [2, 2], "AVG", "VALID", dilation_rate=[2, 1]),
    ]
    best, where = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    gradients = tf.gradients([t * t for t in [*made, best]], [x])
    ties = np.floor(f(2, 7, 6, 2, low=0, high=3))
    with tf.Session() as session:
        return [
            steady(session, [*made, best, tf.cast(where, tf.int32), *gradients], {x: given})
            for given in (f(2, 7, 6, 2), ties)
        ]


@program("V1-55", needs=GRADIENTS)
def other_convolutions(tf: Any) -> Any:
    """Depthwise, separable and transposed convolutions, dilated ones too; the batch is not known."""
    x = tf.placeholder(tf.float32, [None, 7, 6, 3])
    each, point, up = tf.Variable(f(3, 2, 3, 2)), tf.Variable(f(1, 1, 6, 4)), tf.Variable(f(3, 3, 4, 3))
    made = [
        tf.nn.depthwise_conv2d(x, each, [1, 2, 2, 1], "SAME"),
        tf.nn.depthwise_conv2d(x, each, [1, 1, 1, 1], "VALID", rate=[2, 1]),
        tf.nn.separable_conv2d(x, each, point, [1, 1, 1, 1], "SAME"),
        tf.nn.conv2d_transpose(x, up, tf.stack([tf.shape(x)[0], 14, 11, 4]), [1, 2, 2, 1]),
        tf.nn.conv2d_transpose(x, up, [2, 9, 8, 4], 1, "VALID"),
        tf.nn.atrous_conv2d(x, up[:, :, :3], 2, "SAME"),
    ]
    gradients = tf.gradients([t * t for t in made], [x, each, point, up])
    with started(tf) as session:
        return steady(session, [*made, *gradients], {x: f(2, 7, 6, 3)})


@program("V1-56", needs=GRADIENTS)
def normalized_batches(tf: Any) -> Any:
    """Moments, and batches normalized in several ops and in one, in training and after it."""
    x = tf.placeholder(tf.float32, [None, 4, 3, 3])
    scale, offset = tf.Variable(f(3, low=0.5)), tf.Variable(f(3))
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    fused = tf.nn.fused_batch_norm(x, scale, offset)
    used = tf.nn.fused_batch_norm(x, scale, offset, f(3), f(3, low=0.5), is_training=False)[0]
    made = [
        tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3),
        fused[0],
        used,
        tf.nn.lrn(x, 1, 2.0, 0.5, 0.75),
        tf.nn.l2_normalize(x, 3),
    ]
    gradients = tf.gradients([t * t * t for t in made], [x, scale, offset])
    weighted = tf.nn.weighted_moments(x, [1, 2], f(1, 4, 3, 1, low=0.1))
    with started(tf) as session:
        return steady(session, [mean, variance, *fused[1:], *weighted, *made, *gradients], {x: f(2, 4, 3, 3)})


@program("V1-57", needs=GRADIENTS, kinds=True)
def trained_network(tf: Any, resource: bool) -> Any:
    """Four steps of a small network with everything that networks of images have."""

    def variable(*shape: int) -> Any:
        return tf.get_variable(f"v{len(tf.global_variables())}", initializer=f(*shape) * 0.3, use_resource=resource)

    x, labels = tf.placeholder(tf.float32, [None, 8, 8, 2]), tf.placeholder(tf.int32, [None])
    h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, variable(3, 3, 2, 8), 1, "SAME"), variable(8)))
    h = tf.nn.max_pool(h, 2, 2, "SAME")
    short = tf.nn.conv2d(h, variable(1, 1, 8, 9), 2, "SAME")
    h = tf.nn.conv2d(h, variable(3, 3, 8, 9), 2, "SAME")
    h = tf.nn.relu(tf.nn.fused_batch_norm(h, variable(9) + 1.0, variable(9))[0] + short)
    h = tf.nn.avg_pool(h, 2, 2, "SAME")
    logits = tf.matmul(tf.reshape(h, [-1, 9]), variable(9, 3))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    variables = tf.global_variables()
    gradients = tf.gradients(loss, variables)
    with tf.control_dependencies(gradients):
        step = tf.group(*[v.assign_sub(0.05 * g) for v, g in zip(variables, gradients, strict=True)])
    feeds = {x: f(6, 8, 8, 2), labels: np.array([0, 2, 1, 1, 0, 2], np.int32)}
    with started(tf) as session:
        losses = [session.run([loss, step], feeds)[0] for _ in range(4)]
        return [losses, session.run(variables)]

"""Calls of TensorFlow 1's layers, each an expression; Python 3.7 and TensorFlow 1.15 read this file too."""

import numpy as np


def inputs():
    """Return the arrays that the expressions read, by name."""
    rng = np.random.RandomState(11)

    def draw(*shape):
        return rng.randn(*shape).astype("float32")

    return {"x": draw(6, 4), "cube": draw(2, 5, 4), "img": draw(2, 8, 7, 3), "vol": draw(1, 5, 4, 6, 2)}


_IMAGES = [
    f"tf.layers.{name}(img, {arguments})"
    for name, arguments in (
        ("conv2d", "5, 3"),
        ("conv2d", "filters=4, kernel_size=[3, 2], strides=2, padding='same', activation=tf.nn.relu"),
        ("conv2d", "4, (3, 3), (2, 1), 'SAME', dilation_rate=1, use_bias=False, name='conv'"),
        ("conv2d", "4, 3, dilation_rate=2, kernel_initializer=tf.random_normal_initializer(stddev=0.02)"),
        ("conv2d_transpose", "4, 5, 2, 'same'"),
        ("conv2d_transpose", "4, [3, 3], strides=(2, 2), padding='valid', activation=tf.nn.tanh"),
        ("separable_conv2d", "6, 3, depth_multiplier=2, padding='same', strides=2"),
        ("max_pooling2d", "2, 2"),
        ("max_pooling2d", "pool_size=[3, 3], strides=2, padding='same'"),
        ("average_pooling2d", "(2, 2), (2, 2), 'valid'"),
        ("average_pooling2d", "2, 2, padding='same'"),
        ("batch_normalization", "training=True"),
        ("batch_normalization", "training=False, momentum=0.9, epsilon=1e-5"),
    )
]

CASES = [
    *_IMAGES,
    "tf.layers.dense(x, 5)",
    "tf.layers.dense(x, 5, tf.nn.relu)",
    "tf.layers.dense(cube, units=3, activation='tanh', name='out')",
    "tf.layers.dense(inputs=x, units=3, activation=None, use_bias=False)",
    "tf.layers.dense(x, 4, tf.nn.leaky_relu, kernel_initializer=tf.contrib.layers.xavier_initializer())",
    "tf.layers.dense(x, 4, activation=lambda t: t * 2.0, bias_initializer=tf.zeros_initializer())",
    "tf.layers.dense(x, 2, kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1))",
    "tf.layers.conv1d(cube, 3, 3, padding='same')",
    "tf.layers.conv1d(cube, filters=3, kernel_size=2, strides=2, activation=tf.nn.elu)",
    "tf.layers.conv3d(vol, 3, 2, padding='same')",
    "tf.layers.conv3d_transpose(vol, 3, 2, 2)",
    "tf.layers.max_pooling1d(cube, 2, 2)",
    "tf.layers.average_pooling1d(cube, 3, 1, padding='same')",
    "tf.layers.max_pooling3d(vol, 2, 2)",
    "tf.layers.flatten(img)",
    "tf.layers.flatten(x)",
    "tf.layers.dropout(x, 0.5)",
    "tf.layers.dropout(x, rate=0.3, training=False)",
    "tf.layers.batch_normalization(x, training=True)",
    "tf.layers.batch_normalization(x)",
    "tf.layers.batch_normalization(x, center=False, scale=False, training=True, momentum=0.5)",
    "tf.layers.batch_normalization(cube, axis=-1, training=True, epsilon=0.01)",
    "tf.contrib.layers.fully_connected(x, 5)",
    "tf.contrib.layers.fully_connected(x, num_outputs=5, activation_fn=None, scope='fc')",
    "tf.contrib.layers.fully_connected(cube, 3, tf.nn.sigmoid, biases_initializer=None)",
    "slim.fully_connected(x, 3, activation_fn=tf.nn.tanh)",
    "tf.contrib.layers.conv2d(img, 5, 3)",
    "slim.conv2d(img, 5, [3, 3], stride=2, padding='VALID', activation_fn=None)",
    "slim.conv2d(img, 4, 3, rate=2, weights_initializer=tf.truncated_normal_initializer(0.0, 0.01))",
    "tf.contrib.layers.conv2d_transpose(img, 4, 3, stride=2)",
    "tf.contrib.layers.max_pool2d(img, 2)",
    "slim.max_pool2d(img, [3, 3], stride=2, padding='SAME')",
    "slim.avg_pool2d(img, [2, 2])",
    "tf.contrib.layers.flatten(img)",
    "tf.contrib.layers.batch_norm(x)",
    "tf.contrib.layers.batch_norm(x, decay=0.9, scale=True, is_training=True, activation_fn=tf.nn.relu)",
    "tf.contrib.layers.batch_norm(img, is_training=False, updates_collections=None, epsilon=1e-5)",
    "tf.contrib.layers.layer_norm(inputs=cube, begin_norm_axis=-1, begin_params_axis=-1)",
    "slim.dropout(x, 0.5, is_training=False)",
]

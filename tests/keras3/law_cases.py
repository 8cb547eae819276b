"""Calls of TensorFlow 1 that draw, each an expression; Python 3.7 and TensorFlow 1.15 read this file too."""

#: What is drawn by an initializer: of shape (200, 300), and (3, 3, 20, 300).
INITIALIZERS = [
    "tf.random_normal_initializer()",
    "tf.random_normal_initializer(0.0, 0.02)",
    "tf.random_normal_initializer(mean=1.0, stddev=0.5, seed=3)",
    "tf.truncated_normal_initializer()",
    "tf.truncated_normal_initializer(stddev=0.1)",
    "tf.truncated_normal_initializer(0.5, 0.2, dtype=tf.float32)",
    "tf.random_uniform_initializer(-0.1, 0.1)",
    "tf.random_uniform_initializer(minval=0, maxval=1)",
    "tf.random_uniform_initializer(-0.5, 0.5, seed=1)",
    "tf.glorot_uniform_initializer()",
    "tf.glorot_normal_initializer()",
    "tf.initializers.he_normal()",
    "tf.initializers.he_uniform()",
    "tf.initializers.lecun_normal()",
    "tf.initializers.lecun_uniform()",
    "tf.contrib.layers.xavier_initializer()",
    "tf.contrib.layers.xavier_initializer(uniform=False)",
    "tf.contrib.layers.xavier_initializer_conv2d()",
    "tf.contrib.layers.variance_scaling_initializer()",
    "tf.contrib.layers.variance_scaling_initializer(factor=1.0, mode='FAN_AVG', uniform=True)",
    "tf.variance_scaling_initializer()",
    "tf.variance_scaling_initializer(scale=2.0, mode='fan_out', distribution='uniform')",
    "tf.variance_scaling_initializer(2.0, 'fan_avg', 'untruncated_normal')",
    "tf.orthogonal_initializer()",
    "tf.orthogonal_initializer(gain=1.5)",
    "tf.zeros_initializer()",
    "tf.ones_initializer()",
    "tf.constant_initializer(0.1)",
    "tf.constant_initializer()",
]
#: Tensors that are drawn at each run.
DRAWS = [
    "tf.random_normal([200, 300])",
    "tf.random_normal([200, 300], mean=1.0, stddev=0.3)",
    "tf.random_normal(shape=(200, 300), stddev=2.0, seed=4)",
    "tf.truncated_normal([200, 300], stddev=0.1)",
    "tf.random_uniform([200, 300])",
    "tf.random_uniform([200, 300], -1, 1)",
    "tf.random_uniform([200, 300], minval=-1.0, maxval=2.0)",
    "tf.random_uniform([200, 300], 0, 10, dtype=tf.int32)",
    "tf.random_uniform([200, 300], maxval=5, dtype='int32')",
    "tf.multinomial(tf.log([[0.1, 0.6, 0.3]]), 60000)",
    "tf.random_shuffle(tf.range(60000))[:30000]",
    "tf.nn.dropout(tf.ones([200, 300]), 0.8)",
    "tf.nn.dropout(tf.ones([200, 300]), rate=0.3)",
    "tf.nn.dropout(ones, keep_prob=keep)",
    "tf.nn.dropout(ones, rate=1 - keep)",
]
SHAPES = ((200, 300), (3, 3, 20, 300))
#: Initializers that look at the shape.
SHAPED = [text for text in INITIALIZERS if any(word in text for word in ("glorot", "he_", "xavier", "scaling"))]

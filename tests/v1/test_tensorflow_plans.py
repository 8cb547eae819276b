"""Plans on the TensorFlow adapter are compiled: sizes are known while `tf.function` traces."""

import numpy as np
import pytest

import onevar.v1 as tf

pytest.importorskip("tensorflow")


def test_sizes_of_a_fed_batch_are_constants_of_the_trace() -> None:
    with tf.Graph().as_default(), tf.Session(backend="tensorflow") as sess:
        x = tf.placeholder(tf.float32, [None, 3])
        w = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
        logits = tf.matmul(x, w)
        loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1)) * tf.cast(tf.size(x) + tf.rank(x), tf.float32)
        step = tf.assign_sub(w, tf.gradients(tf.reshape(loss, tf.shape(loss)), w)[0])
        sess.run(tf.global_variables_initializer())
        results = [sess.run(step, {x: np.ones((size, 3))}) for size in (2, 2, 2, 4)]
        assert [r.shape for r in results] == [(3, 2)] * 4
        plan = sess._executable((step,), (x,))
        assert plan.runs == 4
        assert not any(stage.interpreted for stage in plan.stages)

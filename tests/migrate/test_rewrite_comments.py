"""Comments of a program stay where what they speak of goes, also those of blocks that a model has no use for."""

import io
import tokenize

import pytest

from onevar.migrate.rewrite import project
from onevar.migrate.rewrite.context import Options

PROGRAM = """\
# of the file
import numpy as np
import tensorflow as tf

# above the graph
with tf.Graph().as_default():
    # above the seed
    tf.set_random_seed(1)  # beside the seed
    # above a placeholder
    x = tf.placeholder(tf.float32, [None, 3])  # beside a placeholder
    keep = tf.placeholder(tf.float32)  # of a choice
    # above a scope
    with tf.variable_scope("one"):
        # above a weight
        w = tf.get_variable("w", [3, 2])  # beside a weight
        y = tf.matmul(x, w)
        # at the end of a scope
    # above a scope of names
    with tf.name_scope("two"):
        z = tf.nn.dropout(tf.nn.relu(y), keep)
        # at the end of a scope of names
    # of what trains
    loss = tf.reduce_mean(z)  # beside the loss
    # above the optimizer
    train = tf.train.AdamOptimizer(0.1).minimize(loss)  # beside the optimizer
    # above the session
    with tf.Session() as sess:
        # of what is no longer there
        sess.run(tf.global_variables_initializer())
        # above the loop
        for i in range(2):
            # above a run
            sess.run(train, {x: np.ones((1, 3)), keep: 0.5})  # beside a run
            print(sess.run(loss, {x: np.ones((1, 3)), keep: 1.0}))
            # at the end of the loop
        # at the end of the session
    # at the end of the graph
# at the end of the file
"""


def comments(text):
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


@pytest.mark.parametrize("stage", ["eager", "keras3"])
def test_comments_stay(stage, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (made,) = project.migrate(tmp_path / "program.py", Options(stage=stage)).changed
    after = made.after.decode()
    assert "keras.Model" in after
    assert comments(after) == [one for one in comments(PROGRAM) if one != "# of what is no longer there"]
    assert "pass\n" not in after

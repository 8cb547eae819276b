"""A classifier with summaries, a decaying rate, clipped gradients and checkpoints."""
import os

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
data = rng.rand(120, 6).astype(np.float32)
classes = (data.sum(1) > 3).astype(np.int64)

graph = tf.Graph()
with graph.as_default():
    with tf.name_scope("input"):
        inputs = tf.placeholder(tf.float32, [None, 6], name="inputs")
        labels = tf.placeholder(tf.int64, [None], name="labels")
    with tf.variable_scope("hidden"):
        w = tf.get_variable("w", [6, 8], initializer=tf.constant_initializer(0.1))
        b = tf.get_variable("b", [8], initializer=tf.zeros_initializer())
        hidden = tf.nn.tanh(tf.matmul(inputs, w) + b)
    logits = tf.layers.dense(hidden, 2, kernel_initializer=tf.ones_initializer(), name="logits")
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        tf.summary.scalar("cross_entropy", loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))
    tf.summary.scalar("accuracy", accuracy)
    merged = tf.summary.merge_all()
    global_step = tf.Variable(0, name="global_step", trainable=False)
    rate = tf.train.exponential_decay(0.5, global_step, 2, 0.5, staircase=True)
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    grads_and_vars = optimizer.compute_gradients(loss)
    clipped = [(tf.clip_by_value(g, -0.01, 0.01), v) for g, v in grads_and_vars if g is not None]
    train_op = optimizer.apply_gradients(clipped, global_step=global_step)
    saver = tf.train.Saver(max_to_keep=2)

config = tf.ConfigProto(allow_soft_placement=True)
config.gpu_options.allow_growth = True
with tf.Session(graph=graph, config=config) as sess:
    writer = tf.summary.FileWriter("logs", sess.graph)
    sess.run(tf.global_variables_initializer())
    for i in range(4):
        feed = {inputs: data[i * 30 : i * 30 + 30], labels: classes[i * 30 : i * 30 + 30]}
        _, value, summary, step = sess.run([train_op, loss, merged, global_step], feed_dict=feed)
        writer.add_summary(summary, i)
        print("step %d: %.5f" % (i, value))
    os.makedirs("model", exist_ok=True)
    path = saver.save(sess, "model/model", global_step=4)
    print("accuracy %.3f" % sess.run(accuracy, {inputs: data, labels: classes}))
writer.close()

"""Ways to feed and to initialize that are no literal dictionary, and no single operation."""
import numpy as np
import tensorflow as tf

data = np.linspace(0.0, 1.0, 64).reshape(16, 4).astype(np.float32)
target = data.sum(1, keepdims=True)


def weight_variable(shape):
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial)


def bias_variable(shape):
    return tf.Variable(tf.zeros(shape) + 0.05)


x = tf.placeholder(tf.float32, [None, 4], name="x"); y = tf.placeholder(tf.float32, [None, 1])
keep = tf.placeholder(tf.float32)
global_step = tf.Variable(0, trainable=False)
hidden = tf.nn.relu(tf.matmul(x, weight_variable([4, 3])) + bias_variable([3]))
p = (tf.matmul(hidden, weight_variable([3, 1])) + bias_variable([1])) * keep
loss = tf.reduce_mean(tf.square(p - y))
rate = tf.train.exponential_decay(0.1, global_step, 2, 0.5)
train = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=global_step)
init = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())


def predict(feed):
    return p.eval(feed_dict=feed)


with tf.Session() as sess:
    sess.run(init, options=tf.RunOptions(timeout_in_ms=10000))
    print("start")
    for epoch in range(3):
        for at in (0, 8):
            feed = {x: data[at : at + 8]}
            feed[y] = target[at : at + 8]
            feed.update({keep: 0.5})
            _, r = sess.run([train, rate], feed)
        feed[keep] = 1.0
        sess.run(tf.local_variables_initializer())
        print(epoch, "%.6f" % loss.eval(feed), "%.4f" % r, "%.4f" % sess.run(rate), sess.run(global_step))
    print(sess.run(loss, feed_dict=dict(zip([x, y, keep], (data, target, 1.0)))))
    print(predict({x: data[:1], keep: 1}))

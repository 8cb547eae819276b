"""A network of functions, a rate that is fed, and a session in another function than the graph."""
import numpy as np
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("units", 8, "How wide it is.")
FLAGS = flags.FLAGS

rng = np.random.RandomState(1)
xs = rng.rand(64, 4)
ys = xs.sum(1, keepdims=True)


def dense(x, units, name, activation=None):
    with tf.variable_scope(name):
        w = tf.get_variable("w", [int(x.shape[1]), units], initializer=tf.constant_initializer(0.05))
        b = tf.get_variable("b", [units], initializer=tf.constant_initializer(0.0))
        out = tf.matmul(x, w) + b
        return out if activation is None else activation(out)


x = tf.placeholder(tf.float32, shape=(None, 4), name="x")
y = tf.placeholder(tf.float32, shape=(None, 1), name="y")
lr = tf.placeholder(tf.float32, shape=(), name="lr")
hidden = dense(x, 8, "hidden", tf.nn.relu)
prediction = dense(hidden, 1, "out")
loss = tf.losses.mean_squared_error(labels=y, predictions=prediction)
train = tf.train.AdamOptimizer(lr).minimize(loss)


def evaluate(sess):
    return sess.run(loss, feed_dict={x: xs, y: ys})


def main(_):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(5):
            _, value = sess.run([train, loss], feed_dict={x: xs, y: ys, lr: 0.1 / (step + 1)})
            print(step, "%.6f" % value)
        print("%.6f" % evaluate(sess))
        print(prediction.eval(feed_dict={x: xs[:2]}, session=sess).shape)


if __name__ == "__main__":
    tf.app.run()

"""Read handwritten digits with a small convolutional network: a TensorFlow 1 script, as people wrote them in 2017.

python step0_tensorflow1.py --train_dir /tmp/digits         # TensorFlow 1
onevar run step0_tensorflow1.py --train_dir /tmp/digits     # any framework, TensorFlow need not be there
"""

import json
import os

import numpy as np
import keras
from onevar.keras import track_v1_variables
import onevar.v1 as tf
from sklearn.datasets import load_digits

flags = tf.app.flags
flags.DEFINE_string("train_dir", "/tmp/digits", "Where the checkpoints go.")
flags.DEFINE_integer("steps", 60, "How many batches to train on.")
flags.DEFINE_integer("batch_size", 64, "How many images make a batch.")
flags.DEFINE_float("learning_rate", 0.005, "At the beginning; it halves every 20 steps.")
FLAGS = flags.FLAGS


def l2(weights):
    return 1e-3 * tf.nn.l2_loss(weights)


def network(images, is_training):
    """Return the logits, [batch, 10], of images, [batch, 8, 8, 1]."""
    with tf.variable_scope("convnet"):
        net = tf.layers.conv2d(images, 16, 3, padding="same", use_bias=False, name="conv1")
        net = tf.nn.relu(tf.layers.batch_normalization(net, training=is_training, name="norm1"))
        net = tf.layers.max_pooling2d(net, 2, 2, name="pool1")
        net = tf.layers.conv2d(net, 32, 3, strides=2, padding="same", activation=tf.nn.relu, name="conv2")
        net = tf.reshape(net, [-1, 2 * 2 * 32])
        with tf.variable_scope("output"):
            weights = tf.get_variable(
                "weights", [2 * 2 * 32, 10], initializer=tf.truncated_normal_initializer(stddev=0.1), regularizer=l2
            )
            biases = tf.get_variable("biases", [10], initializer=tf.zeros_initializer())
            return tf.nn.xw_plus_b(net, weights, biases)


def main(_):
    digits = load_digits()
    images = (digits.images[..., None] / 16.0).astype(np.float32)
    labels = digits.target.astype(np.int64)
    train, test = slice(0, 1400), slice(1400, None)

    tf.set_random_seed(1)


    class Model(keras.Model):
        """The graph: takes what is fed, by name, and returns what is fetched."""

        @staticmethod
        def feed(values):
            """Return what is fed as arrays of the dtypes that `call` takes."""
            dtypes = {"x": "float32", "y": "int64"}
            return {name: np.asarray(value, dtypes.get(name)) for name, value in values.items()}

        @track_v1_variables(losses="returned")
        def call(self, inputs, training=False):
            x = inputs["x"]
            y = tf.cast(inputs["y"], tf.int64)
            is_training = training

            logits = network(x, is_training)
            cross_entropy = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
            loss = cross_entropy + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
            accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
            return {"loss": loss, "accuracy": accuracy}

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return y_pred["loss"]

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {"loss": y_pred["loss"]}


    model = Model()
    model(model.feed({"x": np.zeros([1, 8, 8, 1]), "y": np.zeros([1])}))  # makes the variables
    rate = keras.optimizers.schedules.ExponentialDecay(
        initial_learning_rate=FLAGS.learning_rate, decay_steps=20, decay_rate=0.5, staircase=True
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=rate, epsilon=1e-08))

    model.save_weights(os.path.join(FLAGS.train_dir, "initial") + ".weights.h5")
    order, losses = np.random.RandomState(0), []
    for step in range(FLAGS.steps):
        chosen = order.randint(0, 1400, FLAGS.batch_size)
        feed = {"x": images[train][chosen], "y": labels[train][chosen]}
        value = model.train_on_batch(model.feed(feed), return_dict=True)["loss"]
        losses.append(float(value))
        if step % 10 == 9:
            print("step %d: loss %.4f" % (step + 1, value))
    model.save_weights(os.path.join(FLAGS.train_dir, "model") + ".weights.h5")
    final = model.predict_on_batch(model.feed({"x": images[test], "y": labels[test]}))["accuracy"]
    print("test accuracy %.4f" % final)
    with open(os.path.join(FLAGS.train_dir, "losses.json"), "w") as file:
        json.dump({"losses": losses, "accuracy": float(final)}, file)


if __name__ == "__main__":
    tf.app.run()

"""Recommends by matrix factorisation, then exports what it learnt: a saved model, a frozen graph, a text graph."""
import os
from collections import deque

import numpy as np
import tensorflow as tf
from six import next

tf.app.flags.DEFINE_string("data_dir", "data/ratings", "where ratings.dat is")
tf.app.flags.DEFINE_string("export_dir", "svd_export", "where the model goes")
tf.app.flags.DEFINE_integer("epochs", 6, "")
tf.app.flags.DEFINE_bool("use_exported", False, "recommend with the exported models")
FLAGS = tf.app.flags.FLAGS

np.random.seed(13575)

BATCH_SIZE = 200
USER_NUM = 120
ITEM_NUM = 80
DIM = 5
DEVICE = "/cpu:0"


class ShuffleIterator(object):
    """Randomly generate batches."""

    def __init__(self, inputs, batch_size=10):
        self.inputs = inputs
        self.batch_size = batch_size
        self.num_cols = len(self.inputs)
        self.len = len(self.inputs[0])
        self.inputs = np.transpose(np.vstack([np.array(self.inputs[i]) for i in range(self.num_cols)]))

    def __iter__(self):
        return self

    def __next__(self):
        ids = np.random.randint(0, self.len, (self.batch_size,))
        out = self.inputs[ids, :]
        return [out[:, i] for i in range(self.num_cols)]

    next = __next__


def clip(x):
    return np.clip(x, 1.0, 5.0)


def read_process(filename):
    with open(filename) as f:
        rows = np.array([list(map(float, line.split("::"))) for line in f])
    rows[:, :2] -= 1
    rows = rows[np.random.permutation(len(rows))]
    split_index = int(len(rows) * 0.9)
    return rows[:split_index], rows[split_index:]


def inference_svd(user_batch, item_batch, user_num, item_num, dim=5, device="/cpu:0"):
    with tf.device("/cpu:0"):
        bias_global = tf.get_variable("bias_global", shape=[])
        w_bias_user = tf.get_variable("embd_bias_user", shape=[user_num])
        w_bias_item = tf.get_variable("embd_bias_item", shape=[item_num])
        bias_user = tf.nn.embedding_lookup(w_bias_user, user_batch, name="bias_user")
        bias_item = tf.nn.embedding_lookup(w_bias_item, item_batch, name="bias_item")
        w_user = tf.get_variable("embd_user", shape=[user_num, dim],
                                 initializer=tf.truncated_normal_initializer(stddev=0.3))
        w_item = tf.get_variable("embd_item", shape=[item_num, dim],
                                 initializer=tf.truncated_normal_initializer(stddev=0.3))
        embd_user = tf.nn.embedding_lookup(w_user, user_batch, name="embedding_user")
        embd_item = tf.nn.embedding_lookup(w_item, item_batch, name="embedding_item")
    with tf.device(device):
        infer = tf.reduce_sum(tf.multiply(embd_user, embd_item), 1)
        infer = tf.add(infer, bias_global)
        infer = tf.add(infer, bias_user)
        infer = tf.add(infer, bias_item, name="svd_inference")
        regularizer = tf.add(tf.nn.l2_loss(embd_user), tf.nn.l2_loss(embd_item), name="svd_regularizer")
    return infer, regularizer


def optimization(infer, regularizer, rate_batch, learning_rate=0.001, reg=0.1, device="/cpu:0"):
    global_step = tf.train.get_global_step()
    assert global_step is not None
    with tf.device(device):
        cost_l2 = tf.nn.l2_loss(tf.subtract(infer, rate_batch))
        penalty = tf.constant(reg, dtype=tf.float32, shape=[], name="l2")
        cost = tf.add(cost_l2, tf.multiply(regularizer, penalty))
        train_op = tf.train.AdamOptimizer(learning_rate).minimize(cost, global_step=global_step)
    return cost, train_op


def make_scalar_summary(name, val):
    return tf.Summary(value=[tf.Summary.Value(tag=name, simple_value=val)])


def svd(train, test):
    samples_per_batch = len(train) // BATCH_SIZE
    iter_train = ShuffleIterator([train[:, 0], train[:, 1], train[:, 2]], batch_size=BATCH_SIZE)
    tf.set_random_seed(4)
    user_batch = tf.placeholder(tf.int32, shape=[None], name="id_user")
    item_batch = tf.placeholder(tf.int32, shape=[None], name="id_item")
    rate_batch = tf.placeholder(tf.float32, shape=[None])
    infer, regularizer = inference_svd(user_batch, item_batch, user_num=USER_NUM, item_num=ITEM_NUM, dim=DIM,
                                       device=DEVICE)
    tf.train.get_or_create_global_step()
    _, train_op = optimization(infer, regularizer, rate_batch, learning_rate=0.03, reg=0.05, device=DEVICE)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        summary_writer = tf.summary.FileWriter(logdir=os.path.join(FLAGS.export_dir, "log"), graph=sess.graph)
        print("{} {} {}".format("epoch", "train_error", "val_error"))
        errors = deque(maxlen=samples_per_batch)
        for i in range(FLAGS.epochs * samples_per_batch):
            users, items, rates = next(iter_train)
            _, pred_batch = sess.run([train_op, infer], feed_dict={
                user_batch: users, item_batch: items, rate_batch: rates})
            pred_batch = clip(pred_batch)
            errors.append(np.power(pred_batch - rates, 2))
            if i % samples_per_batch == 0:
                train_err = np.sqrt(np.mean(errors))
                pred = clip(sess.run(infer, feed_dict={user_batch: test[:, 0], item_batch: test[:, 1]}))
                test_err = np.sqrt(np.mean(np.power(pred - test[:, 2], 2)))
                print("{:3d} {:.4f} {:.4f}".format(i // samples_per_batch, train_err, test_err))
                summary_writer.add_summary(make_scalar_summary("training_error", train_err), i)
                summary_writer.add_summary(make_scalar_summary("test_error", test_err), i)
        summary_writer.close()
        export(sess, user_batch, item_batch, infer)


def export(sess, user_batch, item_batch, infer):
    tf.saved_model.simple_save(sess, os.path.join(FLAGS.export_dir, "saved_model"),
                               inputs={"user": user_batch, "item": item_batch}, outputs={"rating": infer})
    frozen = tf.graph_util.convert_variables_to_constants(
        sess, sess.graph.as_graph_def(), ["svd_inference", "svd_regularizer"])
    with tf.gfile.GFile(os.path.join(FLAGS.export_dir, "frozen.pb"), "wb") as f:
        f.write(frozen.SerializeToString())
    print("%d ops in the final graph." % len(frozen.node))
    tf.train.write_graph(frozen, FLAGS.export_dir, "frozen.pbtxt", as_text=True)


def recommend():
    """The three best movies for some users, by each of the exported models."""
    users = np.repeat([3, 50, 101], ITEM_NUM)
    items = np.tile(np.arange(ITEM_NUM), 3)

    with tf.Session(graph=tf.Graph()) as sess:
        meta = tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING],
                                          os.path.join(FLAGS.export_dir, "saved_model"))
        signature = meta.signature_def[tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
        print("signature", sorted(signature.inputs), sorted(signature.outputs), signature.method_name)
        saved = sess.run(signature.outputs["rating"].name, {
            signature.inputs["user"].name: users, signature.inputs["item"].name: items})

    graph_def = tf.GraphDef()
    with open(os.path.join(FLAGS.export_dir, "frozen.pb"), "rb") as f:
        graph_def.ParseFromString(f.read())
    with tf.Graph().as_default() as graph:
        rating, regularizer = tf.import_graph_def(
            graph_def, name="imported", return_elements=["svd_inference:0", "svd_regularizer:0"])
        with tf.Session(graph=graph) as sess:
            feed = {"imported/id_user:0": users, "imported/id_item:0": items}
            frozen, penalty = sess.run([rating, regularizer], feed)

    print("largest difference %.1e, regularizer %.3f" % (np.abs(saved - frozen).max(), penalty))
    for user, row in zip((3, 50, 101), saved.reshape(3, ITEM_NUM)):
        best = np.argsort(-row)[:3]
        print("user %d: %s" % (user, ", ".join("movie %d %.2f" % (i, row[i]) for i in best)))


def main(_):
    if FLAGS.use_exported:
        recommend()
    else:
        train, test = read_process(os.path.join(FLAGS.data_dir, "ratings.dat"))
        svd(train, test)
        print("Done!")


if __name__ == "__main__":
    tf.app.run()

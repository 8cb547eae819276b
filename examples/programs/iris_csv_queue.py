"""Classifies iris flowers from CSV files: a text line reader, decode_csv, shuffled batches, a Coordinator, export."""
import os

import numpy as np
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_string("data_dir", "data/iris", "Where the files are")
flags.DEFINE_string("checkpoint_dir", "iris_checkpoint", "Where checkpoints go")
flags.DEFINE_integer("epoch_number", 25, "Number of epochs to run trainer.")
flags.DEFINE_integer("batch_size", 20, "Batch size")
flags.DEFINE_string("mode", "train", "Option mode: train, inference")
flags.DEFINE_enum("optimizer", "adagrad", ["sgd", "adagrad", "adam", "ftrl"], "How to train")
FLAGS = flags.FLAGS
FEATURE_SIZE = 4
LABEL_SIZE = 3


def read_csv(filename_queue):
    reader = tf.TextLineReader(skip_header_lines=1)
    key, value = reader.read(filename_queue)
    columns = tf.decode_csv(value, record_defaults=[[0.0]] * FEATURE_SIZE + [[0]])
    features = tf.stack(columns[:FEATURE_SIZE])
    return key, features, columns[-1]


def inference(inputs, is_train=True):
    with tf.variable_scope("net", reuse=not is_train):
        hidden = tf.contrib.layers.fully_connected(inputs, 12, activation_fn=tf.nn.tanh, scope="hidden")
        return tf.contrib.layers.linear(hidden, LABEL_SIZE, scope="logits")


def get_optimizer(optimizer, learning_rate):
    if optimizer == "sgd":
        return tf.train.GradientDescentOptimizer(learning_rate)
    elif optimizer == "adagrad":
        return tf.train.AdagradOptimizer(learning_rate)
    elif optimizer == "adam":
        return tf.train.AdamOptimizer(learning_rate)
    else:
        return tf.train.FtrlOptimizer(learning_rate, l1_regularization_strength=0.001)


def main(_):
    if not os.path.exists(FLAGS.checkpoint_dir):
        os.makedirs(FLAGS.checkpoint_dir)
    checkpoint_file = FLAGS.checkpoint_dir + "/checkpoint.ckpt"
    np.set_printoptions(precision=2, suppress=True)
    tf.set_random_seed(21)

    filename_queue = tf.train.string_input_producer(
        tf.train.match_filenames_once(os.path.join(FLAGS.data_dir, "*_training.csv")),
        num_epochs=FLAGS.epoch_number)
    _, features, label = read_csv(filename_queue)
    batch_features, batch_labels = tf.train.shuffle_batch(
        [features, label], batch_size=FLAGS.batch_size, num_threads=1, capacity=120, min_after_dequeue=60, seed=3)
    test_queue = tf.train.string_input_producer([os.path.join(FLAGS.data_dir, "iris_test.csv")])
    test_key, test_features, test_label = read_csv(test_queue)
    test_features, test_labels, test_keys = tf.train.batch([test_features, test_label, test_key], 30)

    logits = inference(batch_features)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=batch_labels), name="loss")
    global_step = tf.Variable(0, name="global_step", trainable=False)
    train_op = get_optimizer(FLAGS.optimizer, 0.3).minimize(loss, global_step=global_step)

    accuracy_logits = inference(test_features, False)
    correct = tf.nn.in_top_k(accuracy_logits, test_labels, 1)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    saver = tf.train.Saver()
    tf.add_to_collection("inputs", test_features.name)
    tf.summary.scalar("loss", loss)
    summary_op = tf.summary.merge_all()
    init_op = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())

    with tf.Session(config=tf.ConfigProto(inter_op_parallelism_threads=4)) as sess:
        sess.run(init_op)
        if FLAGS.mode == "inference":
            ckpt = tf.train.get_checkpoint_state(FLAGS.checkpoint_dir)
            saver.restore(sess, ckpt.model_checkpoint_path)
            new_features = tf.placeholder(tf.float32, [None, FEATURE_SIZE])
            softmax = tf.nn.softmax(inference(new_features, False))
            flowers = [[5.1, 3.5, 1.4, 0.2], [5.5, 2.4, 3.7, 1.0], [7.2, 3.0, 6.3, 2.4]]
            print("Sorts: {}".format(np.argmax(sess.run(softmax, {new_features: flowers}), 1)))
            return
        writer = tf.summary.FileWriter(FLAGS.checkpoint_dir, sess.graph)
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(coord=coord, sess=sess)
        try:
            step = 0
            while not coord.should_stop():
                _, loss_value, summary, step = sess.run([train_op, loss, summary_op, global_step])
                writer.add_summary(summary, step)
                if step % 50 == 0:
                    accuracy_value, keys = sess.run([accuracy, test_keys])
                    print("Step: {}, loss: {:.3f}, accuracy: {:.2f}, last line read: {}".format(
                        step, loss_value, accuracy_value, os.path.basename(keys[-1].decode())))
                    saver.save(sess, checkpoint_file, global_step=step)
        except tf.errors.OutOfRangeError:
            print("Done training after reading all data")
        finally:
            coord.request_stop()
        coord.join(threads)
        print("{} steps, {} threads, joined: {}".format(step, len(threads), coord.joined))
        saver.save(sess, checkpoint_file, global_step=step)
        writer.close()


if __name__ == "__main__":
    tf.app.run()

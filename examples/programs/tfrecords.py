"""Converts MNIST to TFRecords, then trains a reader of them: `--do convert`, then `--do train`."""
from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import argparse
import gzip
import math
import os
import struct
import sys
import time

import numpy as np
import tensorflow as tf

# Basic model parameters as external flags.
FLAGS = None

# Constants used for dealing with the files, matches convert_to_records.
TRAIN_FILE = 'train.tfrecords'
VALIDATION_FILE = 'validation.tfrecords'
NUM_CLASSES = 10
IMAGE_PIXELS = 28 * 28


def _int64_feature(value):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _bytes_feature(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def read_idx(path):
    with gzip.open(path) as f:
        dims = f.read(4)[3]
        shape = struct.unpack('>%dI' % dims, f.read(4 * dims))
        return np.frombuffer(f.read(), np.uint8).reshape(shape)


def convert_to(images, labels, filename, options=None):
    """Converts a dataset to tfrecords."""
    num_examples, rows, cols = images.shape
    print('Writing', os.path.basename(filename))
    with tf.python_io.TFRecordWriter(filename, options=options) as writer:
        for index in range(num_examples):
            image_raw = images[index].tostring() if hasattr(images, 'tostring') else images[index].tobytes()
            example = tf.train.Example(features=tf.train.Features(feature={
                'height': _int64_feature(rows),
                'width': _int64_feature(cols),
                'label': _int64_feature(int(labels[index])),
                'image_raw': _bytes_feature(image_raw)}))
            writer.write(example.SerializeToString())


def convert():
    prefix = FLAGS.data_dir
    images = read_idx(os.path.join(prefix, 'train-images-idx3-ubyte.gz'))
    labels = read_idx(os.path.join(prefix, 'train-labels-idx1-ubyte.gz'))
    tf.gfile.MakeDirs(FLAGS.train_dir)
    convert_to(images[300:], labels[300:], os.path.join(FLAGS.train_dir, TRAIN_FILE))
    gzipped = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    convert_to(images[:300], labels[:300], os.path.join(FLAGS.train_dir, VALIDATION_FILE), gzipped)
    # Look at what is there.
    counts = np.zeros(NUM_CLASSES, int)
    for record in tf.python_io.tf_record_iterator(os.path.join(FLAGS.train_dir, VALIDATION_FILE), gzipped):
        example = tf.train.Example.FromString(record)
        counts[example.features.feature['label'].int64_list.value[0]] += 1
    print('labels of the validation file', counts.tolist())


def decode(serialized_example):
    """Parses an image and label from the given `serialized_example`."""
    features = tf.parse_single_example(
        serialized_example,
        # Defaults are not specified since both keys are required.
        features={
            'image_raw': tf.FixedLenFeature([], tf.string),
            'label': tf.FixedLenFeature([], tf.int64),
        })
    image = tf.decode_raw(features['image_raw'], tf.uint8)
    image.set_shape((IMAGE_PIXELS))
    # Convert label from a scalar uint8 tensor to an int32 scalar.
    label = tf.cast(features['label'], tf.int32)
    return image, label


def augment(image, label):
    """Placeholder for data augmentation."""
    return image, label


def normalize(image, label):
    """Convert `image` from [0, 255] -> [-0.5, 0.5] floats."""
    image = tf.cast(image, tf.float32) * (1. / 255) - 0.5
    return image, label


def inputs(train, batch_size, num_epochs):
    if not num_epochs:
        num_epochs = None
    filename = os.path.join(FLAGS.train_dir, TRAIN_FILE if train else VALIDATION_FILE)
    with tf.name_scope('input'):
        dataset = tf.data.TFRecordDataset(filename, compression_type='' if train else 'GZIP')
        dataset = dataset.map(decode)
        dataset = dataset.map(augment)
        dataset = dataset.map(normalize)
        if train:
            dataset = dataset.shuffle(300 + 3 * batch_size, seed=12)
        dataset = dataset.repeat(num_epochs)
        dataset = dataset.batch(batch_size)
        iterator = dataset.make_one_shot_iterator()
    return iterator.get_next()


def inference(images, hidden1_units, hidden2_units):
    with tf.name_scope('hidden1'):
        weights = tf.Variable(tf.truncated_normal([IMAGE_PIXELS, hidden1_units],
                                                  stddev=1.0 / math.sqrt(float(IMAGE_PIXELS))), name='weights')
        biases = tf.Variable(tf.zeros([hidden1_units]), name='biases')
        hidden1 = tf.nn.relu(tf.matmul(images, weights) + biases)
    with tf.name_scope('hidden2'):
        weights = tf.Variable(tf.truncated_normal([hidden1_units, hidden2_units],
                                                  stddev=1.0 / math.sqrt(float(hidden1_units))), name='weights')
        biases = tf.Variable(tf.zeros([hidden2_units]), name='biases')
        hidden2 = tf.nn.relu(tf.matmul(hidden1, weights) + biases)
    with tf.name_scope('softmax_linear'):
        weights = tf.Variable(tf.truncated_normal([hidden2_units, NUM_CLASSES],
                                                  stddev=1.0 / math.sqrt(float(hidden2_units))), name='weights')
        biases = tf.Variable(tf.zeros([NUM_CLASSES]), name='biases')
        return tf.matmul(hidden2, weights) + biases


def run_training():
    """Train MNIST for a number of steps."""
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        image_batch, label_batch = inputs(train=True, batch_size=FLAGS.batch_size, num_epochs=FLAGS.num_epochs)
        logits = inference(image_batch, FLAGS.hidden1, FLAGS.hidden2)
        loss = tf.losses.sparse_softmax_cross_entropy(labels=label_batch, logits=logits)
        tf.summary.scalar('loss', loss)
        optimizer = tf.train.GradientDescentOptimizer(FLAGS.learning_rate)
        global_step = tf.Variable(0, name='global_step', trainable=False)
        train_op = optimizer.minimize(loss, global_step=global_step)
        init_op = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())
        saver = tf.train.Saver()
        with tf.Session() as sess:
            sess.run(init_op)
            writer = tf.summary.FileWriter(FLAGS.train_dir, sess.graph)
            merged = tf.summary.merge_all()
            try:
                step = 0
                while True:  # Train until OutOfRangeError
                    start_time = time.time()
                    _, loss_value = sess.run([train_op, loss])
                    duration = time.time() - start_time
                    if step % 10 == 0:
                        print('Step %d: loss = %.4f (%.3f sec)' % (step, loss_value, duration))
                    step += 1
            except tf.errors.OutOfRangeError:
                print('Done training for %d epochs, %d steps.' % (FLAGS.num_epochs, step))
            path = saver.save(sess, os.path.join(FLAGS.train_dir, 'model.ckpt'), global_step=step)
            # The input is exhausted, but a summary needs one: feed it.
            images = np.zeros([1, IMAGE_PIXELS], np.float32)
            writer.add_summary(sess.run(merged, {image_batch: images, label_batch: [0]}), step)
            writer.close()

    with tf.Graph().as_default():
        images, labels = inputs(train=False, batch_size=64, num_epochs=1)
        logits = inference(images, FLAGS.hidden1, FLAGS.hidden2)
        accuracy, update_op = tf.metrics.accuracy(labels, tf.argmax(logits, 1))
        saver = tf.train.Saver(tf.trainable_variables())
        with tf.Session() as sess:
            sess.run(tf.local_variables_initializer())
            saver.restore(sess, path)
            batches = 0
            while True:
                try:
                    sess.run(update_op)
                    batches += 1
                except tf.errors.OutOfRangeError as e:
                    print(type(e).__name__, 'after %d batches' % batches)
                    break
            print('Accuracy: %.4f' % sess.run(accuracy))


def main(_):
    if FLAGS.do == 'convert':
        convert()
    else:
        run_training()


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--do', choices=['convert', 'train'], default='convert')
    parser.add_argument('--learning_rate', type=float, default=0.1, help='Initial learning rate.')
    parser.add_argument('--num_epochs', type=int, default=3, help='Number of epochs to run trainer.')
    parser.add_argument('--hidden1', type=int, default=64, help='Number of units in hidden layer 1.')
    parser.add_argument('--hidden2', type=int, default=32, help='Number of units in hidden layer 2.')
    parser.add_argument('--batch_size', type=int, default=50, help='Batch size.')
    parser.add_argument('--data_dir', default='data/mnist', help='Directory of the files to convert.')
    parser.add_argument('--train_dir', default='records', help='Directory with the training data.')
    FLAGS, unparsed = parser.parse_known_args()
    tf.app.run(main=main, argv=[sys.argv[0]] + unparsed)

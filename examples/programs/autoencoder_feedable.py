"""A denoising autoencoder on feedable iterators: one graph, training and validation data by handle, early stopping."""
from __future__ import division
from __future__ import print_function

import logging
import os
import shutil

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

flags = tf.app.flags
flags.DEFINE_string('run_dir', 'autoencoder_run', 'Where everything goes.')
flags.DEFINE_integer('epochs', 4, 'Epochs at most.')
flags.DEFINE_integer('batch_size', 64, 'Images in a batch.')
flags.DEFINE_list('units', '32,12', 'Units of the encoder, the decoder mirrors them.')
flags.DEFINE_float('noise', 0.1, 'Standard deviation of the noise.', lower_bound=0.0)
flags.DEFINE_bool('clean', False, 'Remove what earlier runs left.')
FLAGS = flags.FLAGS


def generate(images, labels):
    """Yields one example at a time, as a slow source of data would."""
    for image, label in zip(images, labels):
        yield {'image': image, 'label': label}


def make_dataset(images, labels, training):
    dataset = tf.data.Dataset.from_generator(
        lambda: generate(images, labels),
        output_types={'image': tf.float32, 'label': tf.int64},
        output_shapes={'image': tf.TensorShape([8, 8]), 'label': tf.TensorShape([])})
    if training:
        dataset = dataset.apply(tf.data.experimental.shuffle_and_repeat(500, count=None, seed=17))

    def corrupt(example):
        noise = tf.random_normal([8, 8], stddev=FLAGS.noise, seed=23)
        example['noisy'] = tf.clip_by_value(example['image'] + noise, 0., 1.)
        return example

    return dataset.map(corrupt).batch(FLAGS.batch_size).prefetch(2)


def network(noisy):
    units = [int(n) for n in FLAGS.units]
    net = tf.reshape(noisy, [-1, 64])
    regularizer = tf.contrib.layers.l2_regularizer(1e-5)
    with tf.contrib.framework.arg_scope([tf.contrib.layers.fully_connected], weights_regularizer=regularizer,
                                        activation_fn=tf.nn.elu):
        for i, n in enumerate(units):
            net = tf.contrib.layers.fully_connected(net, n, scope='encoder_%d' % i)
        code = tf.identity(net, name='code')
        for i, n in enumerate(units[-2::-1]):
            net = tf.contrib.layers.fully_connected(net, n, scope='decoder_%d' % i)
        logits = tf.contrib.layers.fully_connected(net, 64, activation_fn=None, scope='logits')
    return code, tf.reshape(logits, [-1, 8, 8])


def main(_):
    log = logging.getLogger('tensorflow')
    if FLAGS.clean and tf.gfile.Exists(FLAGS.run_dir):
        tf.gfile.DeleteRecursively(FLAGS.run_dir)
    tf.gfile.MakeDirs(FLAGS.run_dir)
    digits = load_digits()
    images, labels = digits.images / 16.0, digits.target
    steps_per_epoch = 1500 // FLAGS.batch_size

    tf.set_random_seed(29)
    training_dataset = make_dataset(images[:1500], labels[:1500], True)
    validation_dataset = make_dataset(images[1500:], labels[1500:], False)
    handle = tf.placeholder(tf.string, shape=[], name='handle')
    iterator = tf.data.Iterator.from_string_handle(
        handle, training_dataset.output_types, training_dataset.output_shapes)
    example = iterator.get_next()
    training_iterator = training_dataset.make_one_shot_iterator()
    validation_iterator = validation_dataset.make_initializable_iterator()

    code, logits = network(example['noisy'])
    error = tf.losses.sigmoid_cross_entropy(example['image'], logits)
    loss = tf.losses.get_total_loss()
    global_step = tf.train.get_or_create_global_step()
    train_op = tf.contrib.layers.optimize_loss(
        loss, global_step, learning_rate=0.01, optimizer='Adam', clip_gradients=1.0,
        learning_rate_decay_fn=lambda lr, step: tf.train.exponential_decay(lr, step, 50, 0.8),
        summaries=['loss', 'learning_rate', 'gradient_norm'])
    averages = tf.train.ExponentialMovingAverage(0.9)
    with tf.control_dependencies([train_op]):
        train_op = averages.apply(tf.trainable_variables())

    mean_error, update_mean = tf.metrics.mean(error, name='validation_error')
    reset = tf.variables_initializer(tf.get_collection(tf.GraphKeys.LOCAL_VARIABLES, scope='validation_error'))
    tf.summary.image('digits', tf.expand_dims(tf.concat([
        example['image'], example['noisy'], tf.sigmoid(logits)], 2), -1), max_outputs=2)
    tf.summary.histogram('code', code)
    summaries = tf.summary.merge_all()
    writer = tf.summary.FileWriter(FLAGS.run_dir, tf.get_default_graph())
    saver = tf.train.Saver(save_relative_paths=True)
    averaged = tf.train.Saver(averages.variables_to_restore())

    def validate(sess, handle_value):
        sess.run([reset, validation_iterator.initializer])
        while True:
            try:
                sess.run(update_mean, {handle: handle_value})
            except tf.errors.OutOfRangeError:
                return sess.run(mean_error)

    best, bad_epochs = np.inf, 0
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        training_handle, validation_handle = sess.run(
            [training_iterator.string_handle(), validation_iterator.string_handle()])
        print('before training: %.4f' % validate(sess, validation_handle))
        for epoch in range(FLAGS.epochs):
            for _ in range(steps_per_epoch):
                _, summary, step = sess.run([train_op, summaries, global_step], {handle: training_handle})
            writer.add_summary(summary, step)
            value = validate(sess, validation_handle)
            extra = tf.Summary()
            extra.value.add(tag='validation/error', simple_value=float(value))
            writer.add_summary(extra, step)
            print('epoch %d, step %d: validation error %.4f' % (epoch, step, value))
            if value < best:
                best, bad_epochs = value, 0
                saver.save(sess, os.path.join(FLAGS.run_dir, 'best'), global_step=step)
            else:
                bad_epochs += 1
                if bad_epochs > 1:
                    log.info('stopping early')
                    break
        # The best one's averages; paths are relative, so a copy elsewhere must do as well.
        copied = FLAGS.run_dir.rstrip('/') + '_copy'
        if os.path.isdir(copied):
            shutil.rmtree(copied)
        shutil.copytree(FLAGS.run_dir, copied)
        averaged.restore(sess, tf.train.latest_checkpoint(copied))
        print('with averages: %.4f' % validate(sess, validation_handle))
        found = sess.run(code, {example['noisy']: images[:2]})
        print('code %s, %.3f' % (found.shape, np.abs(found).mean()))
    writer.close()


if __name__ == '__main__':
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run(main)

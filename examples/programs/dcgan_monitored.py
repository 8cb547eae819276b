"""A DCGAN in a MonitoredTrainingSession: hooks of TensorFlow's and of its own, two optimizers, batch norm."""
from __future__ import division
from __future__ import print_function

import os
import time

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

tf.flags.DEFINE_string('model_dir', 'dcgan_logs', 'Where checkpoints and summaries go.')
tf.flags.DEFINE_integer('max_steps', 40, 'Steps in all, counting those of earlier runs.')
tf.flags.DEFINE_integer('batch_size', 32, '')
tf.flags.DEFINE_integer('z_dim', 16, 'Dimension of dim for Z')
tf.flags.DEFINE_float('learning_rate', 0.0005, 'Learning rate of for adam')
tf.flags.DEFINE_float('beta1', 0.5, 'Momentum term of adam')
FLAGS = tf.flags.FLAGS


def lrelu(x, leak=0.2, name='lrelu'):
    with tf.name_scope(name):
        return tf.maximum(x, leak * x)


def generator(z, training=True, reuse=None):
    with tf.variable_scope('generator', reuse=reuse):
        net = tf.layers.dense(z, 2 * 2 * 32, name='project')
        net = tf.reshape(net, [-1, 2, 2, 32])
        net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, momentum=0.9, name='bn0'))
        net = tf.layers.conv2d_transpose(net, 16, 3, strides=2, padding='same', name='deconv1')
        net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, momentum=0.9, name='bn1'))
        net = tf.layers.conv2d_transpose(net, 1, 3, strides=2, padding='same', name='deconv2')
        return tf.tanh(net, name='images')


def discriminator(images, reuse=None):
    with tf.variable_scope('discriminator', reuse=reuse):
        net = lrelu(tf.layers.conv2d(images, 16, 3, strides=2, padding='same', name='conv1'))
        net = tf.layers.conv2d(net, 32, 3, strides=2, padding='same', name='conv2')
        net = lrelu(tf.layers.batch_normalization(net, training=True, momentum=0.9, name='bn2'))
        return tf.layers.dense(tf.layers.flatten(net), 1, name='logits')


def cross_entropy(logits, value):
    labels = tf.ones_like(logits) if value else tf.zeros_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


class BalanceHook(tf.train.SessionRunHook):
    """Prints how the two sides stand."""

    def __init__(self, d_loss, g_loss, every):
        self._losses = {'d': d_loss, 'g': g_loss}
        self._timer = tf.train.SecondOrStepTimer(every_steps=every)

    def begin(self):
        self._global_step = tf.train.get_global_step()
        print('hook begins, graph finalized: %s' % tf.get_default_graph().finalized)

    def after_create_session(self, session, coord):
        print('session made at step %d' % session.run(self._global_step))

    def before_run(self, run_context):
        return tf.train.SessionRunArgs({'losses': self._losses, 'step': self._global_step})

    def after_run(self, run_context, run_values):
        step = run_values.results['step']
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            losses = run_values.results['losses']
            print('step %d: d %.4f g %.4f' % (step, losses['d'], losses['g']))

    def end(self, session):
        print('hook ends at step %d' % session.run(self._global_step))


def main(unused_argv):
    tf.set_random_seed(11)
    np.random.seed(11)
    images = (load_digits().images[..., None] / 8.0 - 1.0).astype(np.float32)

    real = tf.placeholder(tf.float32, [None, 8, 8, 1], name='real_images')
    z = tf.random_uniform([FLAGS.batch_size, FLAGS.z_dim], -1, 1)
    fake = generator(z)
    d_real, d_fake = discriminator(real), discriminator(fake, reuse=True)
    d_loss = cross_entropy(d_real, 1) + cross_entropy(d_fake, 0)
    g_loss = cross_entropy(d_fake, 1)
    tf.summary.scalar('d_loss', d_loss)
    tf.summary.scalar('g_loss', g_loss)
    tf.summary.image('G', fake, max_outputs=4)
    sampler = generator(tf.constant(np.random.uniform(-1, 1, [4, FLAGS.z_dim]).astype(np.float32)), False, True)

    t_vars = tf.trainable_variables()
    d_vars = [var for var in t_vars if var.name.startswith('discriminator')]
    g_vars = [var for var in t_vars if var.name.startswith('generator')]
    global_step = tf.train.get_or_create_global_step()
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        d_optim = tf.train.AdamOptimizer(FLAGS.learning_rate, beta1=FLAGS.beta1).minimize(d_loss, var_list=d_vars)
        g_optim = tf.train.AdamOptimizer(FLAGS.learning_rate, beta1=FLAGS.beta1).minimize(
            g_loss, var_list=g_vars, global_step=global_step)
    print('%d variables of the discriminator, %d of the generator' % (len(d_vars), len(g_vars)))

    hooks = [
        tf.train.StopAtStepHook(last_step=FLAGS.max_steps),
        tf.train.NanTensorHook(d_loss),
        tf.train.LoggingTensorHook({'d_loss': d_loss, 'g_loss': g_loss}, every_n_iter=10),
        BalanceHook(d_loss, g_loss, every=10),
    ]
    scaffold = tf.train.Scaffold(saver=tf.train.Saver(max_to_keep=3))
    started = time.time()
    with tf.train.MonitoredTrainingSession(
            checkpoint_dir=FLAGS.model_dir, scaffold=scaffold, hooks=hooks, save_checkpoint_secs=None,
            save_checkpoint_steps=20, save_summaries_steps=10, save_summaries_secs=None,
            log_step_count_steps=20, config=tf.ConfigProto(allow_soft_placement=True)) as sess:
        while not sess.should_stop():
            chosen = np.random.randint(0, len(images), FLAGS.batch_size)
            sess.run(d_optim, {real: images[chosen]})
            if sess.should_stop():
                break
            sess.run(g_optim, {real: images[chosen]})
    tf.logging.info('done in %.1f seconds', time.time() - started)

    with tf.Session() as sess:
        latest = tf.train.latest_checkpoint(FLAGS.model_dir)
        scaffold.saver.restore(sess, latest)
        print('restored %s: samples mean %.4f' % (os.path.basename(latest), sess.run(sampler).mean()))


if __name__ == '__main__':
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run()

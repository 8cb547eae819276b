"""A small residual network in TF-Slim: arg scopes, slim.learning.train, evaluation of its checkpoints, warm starts."""
from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import os

import numpy as np
import tensorflow as tf

from sklearn.datasets import load_digits

slim = tf.contrib.slim

tf.app.flags.DEFINE_string('train_dir', 'slim_logs', 'Directory where checkpoints and event logs are written to.')
tf.app.flags.DEFINE_string('checkpoint_path', None, 'The path to a checkpoint from which to fine-tune.')
tf.app.flags.DEFINE_string('checkpoint_exclude_scopes', 'resnet/logits',
                           'Comma-separated list of scopes of variables to exclude when restoring.')
tf.app.flags.DEFINE_integer('max_number_of_steps', 40, 'The maximum number of training steps.')
tf.app.flags.DEFINE_string('hparams', '', 'Comma separated list of name=value pairs.')
FLAGS = tf.app.flags.FLAGS


def create_hparams():
    return tf.contrib.training.HParams(
        batch_size=50, learning_rate=0.05, momentum=0.9, weight_decay=0.0005, depths=[8, 16], blocks=1)


def subsample(inputs, factor, scope=None):
    if factor == 1:
        return inputs
    return slim.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


@slim.add_arg_scope
def bottleneck(inputs, depth, stride, outputs_collections=None, scope=None):
    with tf.variable_scope(scope, 'bottleneck_v2', [inputs]) as sc:
        depth_in = slim.utils.last_dimension(inputs.get_shape(), min_rank=4)
        preact = slim.batch_norm(inputs, activation_fn=tf.nn.relu, scope='preact')
        if depth == depth_in:
            shortcut = subsample(inputs, stride, 'shortcut')
        else:
            shortcut = slim.conv2d(preact, depth, [1, 1], stride=stride, normalizer_fn=None, activation_fn=None,
                                   scope='shortcut')
        residual = slim.conv2d(preact, depth // 2, [1, 1], stride=1, scope='conv1')
        residual = slim.conv2d(residual, depth // 2, 3, stride=stride, scope='conv2')
        residual = slim.conv2d(residual, depth, [1, 1], stride=1, normalizer_fn=None, activation_fn=None,
                               scope='conv3')
        output = shortcut + residual
        return slim.utils.collect_named_outputs(outputs_collections, sc.original_name_scope, output)


def resnet_arg_scope(weight_decay, is_training):
    batch_norm_params = {'decay': 0.9, 'epsilon': 1e-5, 'scale': True, 'is_training': is_training,
                         'updates_collections': tf.GraphKeys.UPDATE_OPS}
    with slim.arg_scope([slim.conv2d],
                        weights_regularizer=slim.l2_regularizer(weight_decay),
                        weights_initializer=slim.variance_scaling_initializer(),
                        activation_fn=tf.nn.relu,
                        normalizer_fn=slim.batch_norm):
        with slim.arg_scope([slim.batch_norm], **batch_norm_params):
            with slim.arg_scope([slim.max_pool2d], padding='SAME') as arg_sc:
                return arg_sc


def resnet(images, hparams, is_training, scope='resnet'):
    with slim.arg_scope(resnet_arg_scope(hparams.weight_decay, is_training)):
        with tf.variable_scope(scope, 'resnet', [images]) as sc:
            end_points_collection = sc.name + '_end_points'
            with slim.arg_scope([slim.conv2d, bottleneck], outputs_collections=end_points_collection):
                net = slim.conv2d(images, hparams.depths[0], 3, activation_fn=None, normalizer_fn=None, scope='conv1')
                for i, depth in enumerate(hparams.depths):
                    net = slim.repeat(net, hparams.blocks, bottleneck, depth, 1, scope='block%d' % (i + 1))
                    net = bottleneck(net, depth, 2, scope='block%d/last' % (i + 1))
                net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope='postnorm')
                net = tf.reduce_mean(net, [1, 2], name='pool5', keepdims=True)
                net = slim.dropout(net, 0.8, is_training=is_training)
                net = slim.conv2d(net, 10, [1, 1], activation_fn=None, normalizer_fn=None, scope='logits')
                logits = tf.squeeze(net, [1, 2], name='SpatialSqueeze')
            end_points = slim.utils.convert_collection_to_dict(end_points_collection)
            end_points['predictions'] = slim.softmax(logits, scope='predictions')
    return logits, end_points


def load_batch(split, batch_size):
    digits = load_digits()
    images = (digits.images[..., None] / 8.0 - 1.0).astype(np.float32)
    chosen = slice(0, 1500) if split == 'train' else slice(1500, None)
    image, label = tf.train.slice_input_producer(
        [tf.constant(images[chosen]), tf.constant(digits.target[chosen].astype(np.int64))],
        shuffle=split == 'train', seed=1, num_epochs=None if split == 'train' else 1)
    return tf.train.batch([image, label], batch_size, num_threads=1, capacity=4 * batch_size,
                          allow_smaller_final_batch=split != 'train')


def get_init_fn():
    """Returns a function run by the chief worker to warm-start the training."""
    if FLAGS.checkpoint_path is None:
        return None
    if tf.train.latest_checkpoint(FLAGS.train_dir):
        print('Ignoring --checkpoint_path because a checkpoint already exists')
        return None
    exclusions = [scope.strip() for scope in FLAGS.checkpoint_exclude_scopes.split(',')]
    variables_to_restore = []
    for var in slim.get_model_variables():
        if not any(var.op.name.startswith(exclusion) for exclusion in exclusions):
            variables_to_restore.append(var)
    path = FLAGS.checkpoint_path
    if tf.gfile.IsDirectory(path):
        path = tf.train.latest_checkpoint(path)
    print('Fine-tuning %d variables from %s' % (len(variables_to_restore), os.path.basename(path)))
    return slim.assign_from_checkpoint_fn(path, variables_to_restore, ignore_missing_vars=False)


def train(hparams):
    with tf.Graph().as_default():
        tf.set_random_seed(9)
        images, labels = load_batch('train', hparams.batch_size)
        logits, end_points = resnet(images, hparams, is_training=True)
        tf.losses.sparse_softmax_cross_entropy(labels, logits)
        total_loss = tf.losses.get_total_loss()
        for end_point in sorted(end_points):
            tf.summary.histogram('activations/' + end_point, end_points[end_point])
        tf.summary.scalar('losses/total_loss', total_loss)
        optimizer = tf.train.MomentumOptimizer(hparams.learning_rate, hparams.momentum)
        train_op = slim.learning.create_train_op(total_loss, optimizer, clip_gradient_norm=5.0,
                                                 summarize_gradients=True)
        print('%d end points, %d model variables, %d update ops' % (
            len(end_points), len(slim.get_model_variables()), len(tf.get_collection(tf.GraphKeys.UPDATE_OPS))))
        final_loss = slim.learning.train(
            train_op, logdir=FLAGS.train_dir, number_of_steps=FLAGS.max_number_of_steps, log_every_n_steps=10,
            save_summaries_secs=300, save_interval_secs=600, init_fn=get_init_fn(),
            session_config=tf.ConfigProto(allow_soft_placement=True))
        print('Finished training. Last batch loss %.3f' % final_loss)


def evaluate(hparams):
    with tf.Graph().as_default():
        tf.train.get_or_create_global_step()
        images, labels = load_batch('test', 99)
        logits, _ = resnet(images, hparams, is_training=False)
        predictions = tf.argmax(logits, 1)
        names_to_values, names_to_updates = slim.metrics.aggregate_metric_map({
            'Accuracy': slim.metrics.streaming_accuracy(predictions, labels),
            'Recall_2': slim.metrics.streaming_recall_at_k(logits, labels, 2),
        })
        summary_ops = []
        for name, value in sorted(names_to_values.items()):
            summary_ops.append(tf.summary.scalar('eval/' + name, value, collections=[]))
        checkpoint_path = tf.train.latest_checkpoint(FLAGS.train_dir)
        print('Evaluating', os.path.basename(checkpoint_path))
        found = slim.evaluation.evaluate_once(
            master='', checkpoint_path=checkpoint_path, logdir=os.path.join(FLAGS.train_dir, 'eval'), num_evals=3,
            eval_op=list(names_to_updates.values()), summary_op=tf.summary.merge(summary_ops),
            final_op=[names_to_values['Accuracy'], names_to_values['Recall_2']],
            variables_to_restore=slim.get_variables_to_restore())
        print('accuracy %.3f recall@2 %.3f' % tuple(found))


def main(_):
    hparams = create_hparams()
    hparams.parse(FLAGS.hparams)
    train(hparams)
    evaluate(hparams)


if __name__ == '__main__':
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run()

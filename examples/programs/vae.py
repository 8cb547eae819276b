"""A variational autoencoder of digits: tf.data with an initializable iterator, distributions, image summaries."""
import argparse
import gzip
import os
import struct

import numpy as np
import tensorflow as tf

tfd = tf.distributions


def load_images(path):
    with gzip.open(path, 'rb') as f:
        _, n, rows, cols = struct.unpack('>IIII', f.read(16))
        images = np.frombuffer(f.read(), dtype=np.uint8)
    return images.reshape(n, rows, cols, 1)


def make_encoder(images, code_size):
    x = tf.layers.flatten(images)
    x = tf.layers.dense(x, 100, tf.nn.relu)
    loc = tf.layers.dense(x, code_size)
    scale = tf.layers.dense(x, code_size, tf.nn.softplus)
    return tfd.Normal(loc, scale)


def make_prior(code_size):
    return tfd.Normal(tf.zeros(code_size), tf.ones(code_size))


def make_decoder(code, data_shape):
    x = tf.layers.dense(code, 100, tf.nn.relu)
    logit = tf.layers.dense(x, np.prod(data_shape))
    logit = tf.reshape(logit, [-1] + data_shape)
    return tfd.Bernoulli(logit)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--data_dir', default='data/mnist')
    parser.add_argument('--log_dir', default='vae_logs')
    parser.add_argument('--epochs', type=int, default=3)
    parser.add_argument('--batch_size', type=int, default=50)
    parser.add_argument('--code_size', type=int, default=2)
    args = parser.parse_args()

    train_images = load_images(os.path.join(args.data_dir, 'train-images-idx3-ubyte.gz'))
    test_images = load_images(os.path.join(args.data_dir, 't10k-images-idx3-ubyte.gz'))
    tf.set_random_seed(7)

    images_placeholder = tf.placeholder(tf.uint8, [None, 28, 28, 1])
    dataset = (tf.data.Dataset.from_tensor_slices(images_placeholder)
               .map(lambda image: tf.cast(image, tf.float32) / 255.)
               .map(lambda image: tf.cast(image > 0.5, tf.float32), num_parallel_calls=2)
               .shuffle(2000, seed=3)
               .batch(args.batch_size)
               .prefetch(1))
    iterator = dataset.make_initializable_iterator()
    data = iterator.get_next()

    encoder = tf.make_template('encoder', make_encoder)
    decoder = tf.make_template('decoder', make_decoder)
    prior = make_prior(args.code_size)
    posterior = encoder(data, args.code_size)
    code = posterior.sample()
    likelihood = decoder(code, [28, 28, 1]).log_prob(data)
    likelihood = tf.reduce_sum(likelihood, [1, 2, 3])
    divergence = tf.reduce_sum(tfd.kl_divergence(posterior, prior), 1)
    elbo = tf.reduce_mean(likelihood - divergence)

    global_step = tf.train.create_global_step()
    optimize = tf.train.AdamOptimizer(0.001).minimize(-elbo, global_step=global_step)

    grid = decoder(tf.constant(np.stack(np.meshgrid([-1., 0., 1.], [-1., 0., 1.]), -1).reshape(9, 2), tf.float32),
                   [28, 28, 1]).mean()
    rows = tf.concat([tf.concat(tf.unstack(grid[3 * i:3 * i + 3]), 1) for i in range(3)], 0)
    tf.summary.image('grid', tf.expand_dims(rows, 0), max_outputs=1)
    elbo_summary = tf.summary.scalar('elbo', elbo)
    tf.summary.histogram('code', code)
    summaries = tf.summary.merge_all()
    writer = tf.summary.FileWriter(args.log_dir, tf.get_default_graph(), filename_suffix='.vae')
    saver = tf.train.Saver(max_to_keep=2)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        latest = tf.train.latest_checkpoint(args.log_dir)
        if latest:
            saver.restore(sess, latest)
            print('continuing at step', sess.run(global_step))
        for epoch in range(args.epochs):
            sess.run(iterator.initializer, {images_placeholder: train_images})
            values = []
            while True:
                try:
                    value, summary, _, step = sess.run([elbo, elbo_summary, optimize, global_step])
                    values.append(value)
                    writer.add_summary(summary, step)
                except tf.errors.OutOfRangeError:
                    break
            sess.run(iterator.initializer, {images_placeholder: test_images})
            test_elbo, test_summary = sess.run([elbo, summaries])
            writer.add_summary(test_summary, step)
            print('epoch %d step %d elbo first %.2f last %.2f test %.2f' % (
                epoch, step, values[0], values[-1], test_elbo))
            saver.save(sess, os.path.join(args.log_dir, 'vae'), global_step=global_step)
        pictures = sess.run(grid)
        print('prior grid mean %.4f' % pictures.mean())
    writer.close()
    print('checkpoints', sorted(os.path.basename(p)
                                for p in tf.train.get_checkpoint_state(args.log_dir).all_model_checkpoint_paths))


if __name__ == '__main__':
    main()

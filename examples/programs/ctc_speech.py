"""Toy speech recognition: waves of made-up vowels, MFCC-like features, a bidirectional LSTM, CTC and its decoders."""
from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import os
import time

import numpy as np
import tensorflow as tf

tf.app.flags.DEFINE_integer('num_epochs', 25, 'Epochs in all, counting those of earlier runs.')
tf.app.flags.DEFINE_string('checkpoint_dir', 'ctc_checkpoints', '')
FLAGS = tf.app.flags.FLAGS

# Constants
FIRST_INDEX = ord('a') - 1  # 0 is reserved to space
LETTERS = 'aeiou'
num_features = 8
num_units = 24
num_classes = ord('z') - ord('a') + 1 + 1 + 1  # letters, space and blank
batch_size = 4
num_examples = 24
frame, hop = 64, 32


def make_wave(text, rng):
    """A tone for each letter, silence between."""
    parts = []
    for letter in text:
        n = rng.randint(120, 200)
        t = np.arange(n)
        pitch = 0.05 * (2 + LETTERS.index(letter)) if letter in LETTERS else 0.0
        parts.append(np.sin(2 * np.pi * pitch * t) * (pitch > 0) + 0.05 * rng.randn(n))
        parts.append(0.05 * rng.randn(60))
    return np.concatenate(parts)


def features(wave):
    frames = np.stack([wave[i:i + frame] * np.hanning(frame) for i in range(0, len(wave) - frame, hop)])
    power = np.abs(np.fft.rfft(frames, axis=1))[:, 1:33]
    bands = np.log(power.reshape(len(frames), num_features, -1).mean(-1) + 1e-3)
    return (bands - bands.mean()) / bands.std()


def sparse_tuple_from(sequences, dtype=np.int32):
    """Create a sparse representention of x."""
    indices = []
    values = []
    for n, seq in enumerate(sequences):
        indices.extend(zip([n] * len(seq), range(len(seq))))
        values.extend(seq)
    indices = np.asarray(indices, dtype=np.int64)
    values = np.asarray(values, dtype=dtype)
    shape = np.asarray([len(sequences), np.asarray(indices).max(0)[1] + 1], dtype=np.int64)
    return indices, values, shape


def pad_sequences(sequences):
    lengths = np.asarray([len(s) for s in sequences], dtype=np.int64)
    x = np.zeros((len(sequences), lengths.max(), num_features), dtype=np.float32)
    for i, s in enumerate(sequences):
        x[i, :len(s)] = s
    return x, lengths


def to_text(values):
    text = ''.join([chr(x) for x in np.asarray(values) + FIRST_INDEX])
    return text.replace(chr(ord('z') + 1), '').replace(chr(ord('a') - 1), ' ')


def main(_):
    rng = np.random.RandomState(0)
    texts = [''.join(rng.choice(list(LETTERS + ' '), size=rng.randint(3, 6))).strip() or 'a'
             for _ in range(num_examples)]
    inputs_data = [features(make_wave(text, rng)) for text in texts]
    targets_data = [[0 if c == ' ' else ord(c) - FIRST_INDEX for c in text] for text in texts]

    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(5)
        # Has size [batch_size, max_step_size, num_features], but both change from batch to batch
        inputs = tf.placeholder(tf.float32, [None, None, num_features], name='inputs')
        # SparseTensor required by ctc_loss op.
        targets = tf.sparse_placeholder(tf.int32, name='targets')
        # 1d array of size [batch_size]
        seq_len = tf.placeholder(tf.int32, [None], name='seq_len')

        cell_fw = tf.nn.rnn_cell.LSTMCell(num_units, state_is_tuple=True)
        cell_bw = tf.nn.rnn_cell.LSTMCell(num_units, state_is_tuple=True)
        (out_fw, out_bw), _ = tf.nn.bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, seq_len, dtype=tf.float32)
        outputs = tf.concat([out_fw, out_bw], 2)

        shape = tf.shape(inputs)
        batch_s, max_timesteps = shape[0], shape[1]
        outputs = tf.reshape(outputs, [-1, 2 * num_units])
        W = tf.Variable(tf.truncated_normal([2 * num_units, num_classes], stddev=0.1))
        b = tf.Variable(tf.constant(0., shape=[num_classes]))
        logits = tf.matmul(outputs, W) + b
        logits = tf.reshape(logits, [batch_s, -1, num_classes])
        # Time major
        logits = tf.transpose(logits, (1, 0, 2))

        loss = tf.nn.ctc_loss(targets, logits, seq_len)
        cost = tf.reduce_mean(loss)
        global_step = tf.Variable(0, trainable=False, name='global_step')
        optimizer = tf.train.AdamOptimizer(1e-2).minimize(cost, global_step)

        # Option 2: tf.nn.ctc_beam_search_decoder (it's slower but you'll get better results)
        decoded, log_prob = tf.nn.ctc_greedy_decoder(logits, seq_len)
        beams, _ = tf.nn.ctc_beam_search_decoder(logits, seq_len, beam_width=5, merge_repeated=False)
        # Inaccuracy: label error rate
        ler = tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), targets))
        dense_beams = tf.sparse_tensor_to_dense(beams[0], default_value=-1)
        saver = tf.train.Saver(keep_checkpoint_every_n_hours=1)

    with tf.Session(graph=graph) as session:
        tf.global_variables_initializer().run()
        latest = tf.train.latest_checkpoint(FLAGS.checkpoint_dir)
        if latest is not None:
            saver.restore(session, latest)
        steps_per_epoch = num_examples // batch_size
        first_epoch = session.run(global_step) // steps_per_epoch
        order = np.arange(num_examples)
        for curr_epoch in range(first_epoch, FLAGS.num_epochs):
            train_cost = train_ler = 0
            start = time.time()
            for i in range(steps_per_epoch):
                chosen = order[i::steps_per_epoch]
                x, lengths = pad_sequences([inputs_data[j] for j in chosen])
                feed = {inputs: x, targets: sparse_tuple_from([targets_data[j] for j in chosen]), seq_len: lengths}
                batch_cost, _ = session.run([cost, optimizer], feed)
                train_cost += batch_cost * len(chosen)
                if curr_epoch % 5 == 4:
                    train_ler += session.run(ler, feed_dict=feed) * len(chosen)
            if curr_epoch % 5 == 4:
                log = "Epoch {}/{}, train_cost = {:.3f}, train_ler = {:.3f}, time = {:.3f} seconds"
                print(log.format(curr_epoch + 1, FLAGS.num_epochs, train_cost / num_examples,
                                 train_ler / num_examples, time.time() - start))
        if not tf.gfile.IsDirectory(FLAGS.checkpoint_dir):
            tf.gfile.MakeDirs(FLAGS.checkpoint_dir)
        saver.save(session, os.path.join(FLAGS.checkpoint_dir, 'ctc'), global_step=global_step)

        # Decoding
        x, lengths = pad_sequences(inputs_data[:3])
        d, found, values = session.run([decoded[0], dense_beams, log_prob], {inputs: x, seq_len: lengths})
        dense = [[int(v) for (row, _), v in zip(d.indices, d.values) if row == n] for n in range(3)]
        for n in range(3):
            print('Original: %-6s Decoded: %-6s Beam: %s' % (
                texts[n], to_text(dense[n]), to_text([v for v in found[n] if v >= 0])))
        print('log probabilities %.3f' % values.sum())


if __name__ == '__main__':
    tf.app.run()

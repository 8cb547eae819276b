"""Translation with attention: vocabulary tables, bucketed tf.data, a decoder that trains, one that searches with beams."""
from __future__ import print_function

import argparse
import collections
import os
import time

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import lookup_ops

UNK, SOS, EOS = "<unk>", "<s>", "</s>"


class BatchedInput(collections.namedtuple(
        "BatchedInput", ("initializer", "source", "target_input", "target_output", "source_length", "target_length"))):
    pass


def get_iterator(hparams, name, src_table, tgt_table, training):
    src_dataset = tf.data.TextLineDataset(os.path.join(hparams.data_dir, name + ".src"))
    tgt_dataset = tf.data.TextLineDataset(os.path.join(hparams.data_dir, name + ".tgt"))
    src_eos_id = tf.cast(src_table.lookup(tf.constant(EOS)), tf.int32)
    tgt_sos_id = tf.cast(tgt_table.lookup(tf.constant(SOS)), tf.int32)
    tgt_eos_id = tf.cast(tgt_table.lookup(tf.constant(EOS)), tf.int32)

    dataset = tf.data.Dataset.zip((src_dataset, tgt_dataset))
    dataset = dataset.shard(hparams.num_shards, 0)
    dataset = dataset.map(
        lambda src, tgt: (tf.string_split([src]).values, tf.string_split([tgt]).values), num_parallel_calls=2)
    # Filter zero length input sequences.
    dataset = dataset.filter(lambda src, tgt: tf.logical_and(tf.size(src) > 0, tf.size(tgt) > 0))
    dataset = dataset.map(lambda src, tgt: (src[:hparams.max_len], tgt[:hparams.max_len]))
    # Convert the word strings to ids. Word strings that are not in the vocab get the lookup table's default_value.
    dataset = dataset.map(
        lambda src, tgt: (tf.cast(src_table.lookup(src), tf.int32), tf.cast(tgt_table.lookup(tgt), tf.int32)))
    # Create a tgt_input prefixed with <sos> and a tgt_output suffixed with <eos>.
    dataset = dataset.map(
        lambda src, tgt: (src, tf.concat(([tgt_sos_id], tgt), 0), tf.concat((tgt, [tgt_eos_id]), 0)))
    # Add in sequence lengths.
    dataset = dataset.map(
        lambda src, tgt_in, tgt_out: (src, tgt_in, tgt_out, tf.size(src), tf.size(tgt_in)))

    def batching_func(x):
        return x.padded_batch(
            hparams.batch_size,
            padded_shapes=(tf.TensorShape([None]), tf.TensorShape([None]), tf.TensorShape([None]),
                           tf.TensorShape([]), tf.TensorShape([])),
            padding_values=(src_eos_id, tgt_eos_id, tgt_eos_id, 0, 0))

    if training:
        def key_func(unused_1, unused_2, unused_3, src_len, tgt_len):
            bucket_width = (hparams.max_len + 2 - 1) // 2
            bucket_id = tf.maximum(src_len // bucket_width, tgt_len // bucket_width)
            return tf.to_int64(tf.minimum(2, bucket_id))

        def reduce_func(unused_key, windowed_data):
            return batching_func(windowed_data)

        batched = dataset.apply(tf.contrib.data.group_by_window(
            key_func=key_func, reduce_func=reduce_func, window_size=hparams.batch_size))
    else:
        batched = batching_func(dataset)
    iterator = batched.make_initializable_iterator()
    src_ids, tgt_in, tgt_out, src_len, tgt_len = iterator.get_next()
    return BatchedInput(iterator.initializer, src_ids, tgt_in, tgt_out, src_len, tgt_len)


class Model(object):
    """An encoder and a decoder that attends to it."""

    def __init__(self, hparams, mode, iterator, tgt_size, src_size):
        self.iterator, self.mode, self.hparams = iterator, mode, hparams
        training = mode == tf.contrib.learn.ModeKeys.TRAIN
        initializer = tf.random_uniform_initializer(-0.1, 0.1, seed=hparams.random_seed)
        tf.get_variable_scope().set_initializer(initializer)
        with tf.variable_scope("embeddings", dtype=tf.float32):
            embedding_encoder = tf.get_variable("embedding_encoder", [src_size, hparams.num_units])
            embedding_decoder = tf.get_variable("embedding_decoder", [tgt_size, hparams.num_units])
        self.batch_size = tf.size(iterator.source_length)

        with tf.variable_scope("encoder"):
            inputs = tf.nn.embedding_lookup(embedding_encoder, iterator.source)
            (forward, backward), state = tf.nn.bidirectional_dynamic_rnn(
                self.cell(training), self.cell(training), inputs, iterator.source_length, dtype=tf.float32)
            memory = tf.concat([forward, backward], -1)
            encoder_state = tf.contrib.rnn.LSTMStateTuple(
                *[tf.layers.dense(tf.concat(pair, -1), hparams.num_units, tf.tanh, name="bridge_%d" % i)
                  for i, pair in enumerate(zip(*state))])

        with tf.variable_scope("decoder") as decoder_scope:
            output_layer = tf.layers.Dense(tgt_size, use_bias=False, name="output_projection")
            beam_width = 0 if training or mode == "eval" else hparams.beam_width
            batch_size = self.batch_size
            lengths = iterator.source_length
            if beam_width:
                memory = tf.contrib.seq2seq.tile_batch(memory, beam_width)
                lengths = tf.contrib.seq2seq.tile_batch(lengths, beam_width)
                encoder_state = tf.contrib.seq2seq.tile_batch(encoder_state, beam_width)
                batch_size = batch_size * beam_width
            mechanism = tf.contrib.seq2seq.LuongAttention(
                hparams.num_units, memory, memory_sequence_length=lengths, scale=True)
            cell = tf.contrib.seq2seq.AttentionWrapper(
                self.cell(training), mechanism, attention_layer_size=hparams.num_units,
                alignment_history=False, name="attention")
            start = cell.zero_state(batch_size, tf.float32).clone(cell_state=encoder_state)
            if not beam_width:
                helper = tf.contrib.seq2seq.TrainingHelper(
                    tf.nn.embedding_lookup(embedding_decoder, iterator.target_input), iterator.target_length)
                decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, start)
                outputs, _, _ = tf.contrib.seq2seq.dynamic_decode(
                    decoder, swap_memory=True, scope=decoder_scope)
                logits = output_layer(outputs.rnn_output)
                self.loss = self.compute_loss(logits)
            else:
                decoder = tf.contrib.seq2seq.BeamSearchDecoder(
                    cell, embedding_decoder, tf.fill([self.batch_size], hparams.sos_id), hparams.eos_id, start,
                    beam_width, output_layer=output_layer, length_penalty_weight=0.0)
                outputs, _, self.lengths = tf.contrib.seq2seq.dynamic_decode(
                    decoder, maximum_iterations=2 * hparams.max_len, scope=decoder_scope)
                self.sample_id = outputs.predicted_ids

        if training:
            self.global_step = tf.Variable(0, trainable=False, name="global_step")
            params = tf.trainable_variables()
            rate = tf.cond(self.global_step < hparams.decay_start, lambda: tf.constant(hparams.learning_rate),
                           lambda: tf.train.exponential_decay(hparams.learning_rate,
                                                              self.global_step - hparams.decay_start, 10, 0.9))
            gradients = tf.gradients(self.loss, params, colocate_gradients_with_ops=True)
            clipped, self.grad_norm = tf.clip_by_global_norm(gradients, 5.0)
            self.update = tf.train.AdamOptimizer(rate).apply_gradients(
                zip(clipped, params), global_step=self.global_step)
            self.train_summary = tf.summary.merge([
                tf.summary.scalar("lr", rate), tf.summary.scalar("train_loss", self.loss),
                tf.summary.scalar("grad_norm", self.grad_norm)])
        self.saver = tf.train.Saver(tf.global_variables())

    def cell(self, training):
        cell = tf.contrib.rnn.BasicLSTMCell(self.hparams.num_units, forget_bias=1.0)
        if training:
            cell = tf.contrib.rnn.DropoutWrapper(cell, input_keep_prob=1.0 - self.hparams.dropout)
        return cell

    def compute_loss(self, logits):
        target_output = self.iterator.target_output
        crossent = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target_output, logits=logits)
        target_weights = tf.sequence_mask(self.iterator.target_length, tf.shape(target_output)[1], dtype=logits.dtype)
        return tf.reduce_sum(crossent * target_weights) / tf.to_float(self.batch_size)


def build(hparams, mode, name):
    """Each mode has a graph of its own, and they meet in checkpoints."""
    graph = tf.Graph()
    with graph.as_default(), tf.container(name):
        tf.set_random_seed(hparams.random_seed)
        files = [os.path.join(hparams.data_dir, "vocab." + side) for side in ("src", "tgt")]
        src_table, tgt_table = [lookup_ops.index_table_from_file(f, default_value=0) for f in files]
        iterator = get_iterator(hparams, name, src_table, tgt_table, mode == tf.contrib.learn.ModeKeys.TRAIN)
        model = Model(hparams, mode, iterator, hparams.tgt_size, hparams.src_size)
        if mode == tf.contrib.learn.ModeKeys.INFER:
            back = lookup_ops.index_to_string_table_from_file(files[1], default_value=UNK)
            model.words = back.lookup(tf.to_int64(model.sample_id))
            model.reference = back.lookup(tf.to_int64(iterator.target_output))
    return graph, model, tf.Session(graph=graph)


def load(graph, model, sess, path):
    with graph.as_default():
        model.saver.restore(sess, path)
        sess.run(tf.tables_initializer())
        sess.run(model.iterator.initializer)


def sentence(words):
    words = [tf.compat.as_text(w) for w in words]
    return " ".join(words[:words.index(EOS)] if EOS in words else words)


def train(hparams):
    train_graph, train_model, train_sess = build(hparams, tf.contrib.learn.ModeKeys.TRAIN, "train")
    eval_graph, eval_model, eval_sess = build(hparams, "eval", "dev")
    infer_graph, infer_model, infer_sess = build(hparams, tf.contrib.learn.ModeKeys.INFER, "dev")
    writer = tf.summary.FileWriter(os.path.join(hparams.out_dir, "train_log"), train_graph)
    with train_graph.as_default():
        train_sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
    train_sess.run(train_model.iterator.initializer)

    step, losses, start_time = 0, [], time.time()
    while step < hparams.num_train_steps:
        try:
            _, loss, summary, step, count = train_sess.run([
                train_model.update, train_model.loss, train_model.train_summary, train_model.global_step,
                train_model.batch_size])
        except tf.errors.OutOfRangeError:
            print("# Finished an epoch, step %d." % step)
            train_sess.run(train_model.iterator.initializer)
            continue
        writer.add_summary(summary, step)
        losses.append(loss)
        if step % hparams.steps_per_stats == 0:
            print("  step %d batch %d loss %.3f (%.2fs)" % (step, count, np.mean(losses), time.time() - start_time))
            losses, start_time = [], time.time()
    path = train_model.saver.save(train_sess, os.path.join(hparams.out_dir, "translate.ckpt"), global_step=step)

    load(eval_graph, eval_model, eval_sess, path)
    total = count = 0
    while True:
        try:
            loss, size = eval_sess.run([eval_model.loss, eval_model.batch_size])
        except tf.errors.OutOfRangeError:
            break
        total, count = total + loss * size, count + size
    print("# Evaluated %d sentences: loss %.3f" % (count, total / count))

    load(infer_graph, infer_model, infer_sess, path)
    words, reference = infer_sess.run([infer_model.words, infer_model.reference])
    for i in range(3):
        print("  ref %s" % sentence(reference[i]))
        print("  nmt %s" % sentence(words[i, :, 0]))
    writer.close()


def main(_):
    parser = argparse.ArgumentParser()
    parser.add_argument("--data_dir", default="data/pairs")
    parser.add_argument("--out_dir", default="nmt_model")
    parser.add_argument("--num_train_steps", type=int, default=60)
    parser.add_argument("--hparams", default="", help="more, as name=value,name=value")
    args = parser.parse_args()
    hparams = tf.contrib.training.HParams(
        num_units=24, dropout=0.1, learning_rate=0.02, batch_size=32, max_len=16, beam_width=3, decay_start=40,
        steps_per_stats=10, random_seed=6, num_shards=1, sos_id=1, eos_id=2)
    hparams.parse(args.hparams)
    for name in ("data_dir", "out_dir", "num_train_steps"):
        hparams.add_hparam(name, getattr(args, name))
    for side in ("src", "tgt"):
        with tf.gfile.GFile(os.path.join(hparams.data_dir, "vocab." + side)) as f:
            hparams.add_hparam(side + "_size", len(f.read().split()))
    print("# hparams", [(name, hparams.values()[name]) for name in ("num_units", "src_size", "tgt_size")])
    train(hparams)


if __name__ == "__main__":
    tf.app.run()

"""Programs of connectionist temporal classification."""

import numpy as np

LOGITS = (np.sin(np.arange(7 * 3 * 5) * 1.7) * 3).astype(np.float32).reshape(7, 3, 5)
LENGTHS = np.array([7, 5, 6], np.int32)
DENSE = np.array([[1, 2, 2, 0], [3, 0, 0, 0], [1, 3, 1, 2]], np.int32)
COUNTS = np.array([3, 1, 4], np.int32)


def sparse(tf, rows=((0, 1, 1), (3,), (0, 2, 0, 1))):
    indices = [[b, u] for b, row in enumerate(rows) for u in range(len(row))]
    longest = max(len(row) for row in rows)
    return tf.SparseTensor(indices, tf.constant([v for row in rows for v in row]), [len(rows), longest])


def x(tf):
    return tf.placeholder(tf.float32, [None, 3, 5], name="x")


FEEDS = {"x": LOGITS}

LOSSES = {
    "plain": lambda tf, x: tf.nn.ctc_loss(sparse(tf), x, LENGTHS),
    "batch_major": lambda tf, x: tf.nn.ctc_loss(
        labels=sparse(tf), logits=tf.transpose(x, [1, 0, 2]), sequence_length=LENGTHS, time_major=False
    ),
    "collapsed": lambda tf, x: tf.nn.ctc_loss(sparse(tf), x, LENGTHS, preprocess_collapse_repeated=True),
    "not_merged": lambda tf, x: tf.nn.ctc_loss(sparse(tf), x, LENGTHS, ctc_merge_repeated=False),
    "ignored": lambda tf, x: tf.nn.ctc_loss(sparse(tf), x, [7, 5, 2], ignore_longer_outputs_than_inputs=True),
    "double": lambda tf, x: tf.nn.ctc_loss(sparse(tf), tf.cast(x, tf.float64), LENGTHS),
    "half": lambda tf, x: tf.nn.ctc_loss(sparse(tf), tf.cast(x, tf.float16), LENGTHS),
    "sparse_v2": lambda tf, x: tf.nn.ctc_loss_v2(sparse(tf), x, None, LENGTHS, blank_index=-1),
    "sparse_v2_blank": lambda tf, x: tf.nn.ctc_loss_v2(
        sparse(tf, ((0, 3, 3), (3,), (0, 4, 0, 1))), x, None, LENGTHS, blank_index=2
    ),
}

DENSE_LOSSES = {
    "dense": lambda tf, x: tf.nn.ctc_loss_v2(DENSE, x, COUNTS, LENGTHS),
    "dense_blank": lambda tf, x: tf.nn.ctc_loss_v2(DENSE, x, COUNTS, LENGTHS, blank_index=-1),
    "dense_batch_major": lambda tf, x: tf.nn.ctc_loss_v2(
        DENSE, tf.transpose(x, [1, 0, 2]), COUNTS, LENGTHS, logits_time_major=False, name="named"
    ),
    "dense_unique": lambda tf, x: tf.nn.ctc_loss_v2(
        tf.constant(DENSE), x, COUNTS, LENGTHS, unique=tf.nn.ctc_unique_labels(DENSE)
    ),
    "dense_empty": lambda tf, x: tf.nn.ctc_loss_v2(DENSE, x, [0, 1, 4], [7, 0, 6]),
}

DECODERS = {
    "greedy": lambda tf: [
        tf.nn.ctc_greedy_decoder(x(tf), LENGTHS),
        tf.nn.ctc_greedy_decoder(LOGITS, LENGTHS, merge_repeated=False),
        tf.nn.ctc_greedy_decoder(LOGITS.astype(np.float64), LENGTHS, blank_index=0),
    ],
    "beam_search": lambda tf: [
        tf.nn.ctc_beam_search_decoder(x(tf), LENGTHS, top_paths=3),
        tf.nn.ctc_beam_search_decoder(LOGITS, LENGTHS, beam_width=4, top_paths=2, merge_repeated=False),
        tf.nn.ctc_beam_search_decoder_v2(LOGITS / 4, LENGTHS, 5),
        tf.nn.ctc_beam_search_decoder_v2(LOGITS.astype(np.float64) / 9, LENGTHS, 30, 20),
    ],
    "collapse": lambda tf: [
        tf.nn.collapse_repeated([[1, 1, 2, 2, 1], [3, 3, 3, 1, 1]], [5, 3]),
        tf.nn.collapse_repeated(tf.placeholder_with_default([[1, 1, 2], [3, 1, 3]], [None, 3]), [3, 3], name="named"),
    ],
    "unique": lambda tf: tf.nn.ctc_unique_labels([[3, 4, 4, 3], [1, 1, 1, 0]]),
}

ERRORS = {
    "dense": lambda tf: tf.nn.ctc_loss(DENSE, LOGITS, LENGTHS),
    "both": lambda tf: tf.nn.ctc_loss(sparse(tf), LOGITS, LENGTHS, logits=LOGITS),
    "blank": lambda tf: tf.nn.ctc_loss_v2(sparse(tf), LOGITS, None, LENGTHS),
    "rank": lambda tf: tf.nn.ctc_loss(sparse(tf), LOGITS[0], LENGTHS),
}

RUN_ERRORS = {
    "time": lambda tf: tf.nn.ctc_loss(sparse(tf), LOGITS, [7, 5, 3]),
    "steps": lambda tf: tf.nn.ctc_loss(sparse(tf), LOGITS, [8, 5, 6]),
    "negative": lambda tf: tf.nn.ctc_loss(sparse(tf, ((0,), (-1,), (0,))), LOGITS, LENGTHS),
    "null": lambda tf: tf.nn.ctc_loss(sparse(tf, ((0,), (4, 1), (0,))), LOGITS, LENGTHS),
    "empty": lambda tf: tf.nn.ctc_loss(sparse(tf, ((0,), (), (0,))), LOGITS, LENGTHS),
    "greedy": lambda tf: tf.nn.ctc_greedy_decoder(LOGITS, [9, 5, 6])[1],
    "paths": lambda tf: tf.nn.ctc_beam_search_decoder(LOGITS, LENGTHS, beam_width=2, top_paths=3)[1],
    "leaves": lambda tf: tf.nn.ctc_beam_search_decoder(LOGITS, [1, 1, 1], beam_width=99, top_paths=50)[1],
}

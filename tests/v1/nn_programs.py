"""Small programs of `tf.nn`: activations, cross entropies, dropout, embeddings. Each returns what it built."""

import numpy as np

X = np.linspace(-2.5, 3.0, 24, dtype=np.float32).reshape(2, 3, 4)
LABELS = (np.arange(24, dtype=np.float32).reshape(2, 3, 4) % 5) / 4
ONE_HOT = np.eye(4, dtype=np.float32)[[[1, 0, 3], [2, 2, 1]]]
CLASSES = np.array([[1, 0, 3], [2, 2, 1]], np.int32)
TABLE = np.linspace(-1, 1, 28, dtype=np.float32).reshape(7, 4)
IDS = np.array([[0, 6, 3], [2, 2, 5]], np.int32)
FEEDS = {"x": X, "y": LABELS, "h": ONE_HOT, "c": CLASSES, "ids": IDS}


def x(tf, shape=(2, 3, 4)):
    return tf.placeholder(tf.float32, shape, name="x")


def y(tf, shape=(2, 3, 4), name="y"):
    return tf.placeholder(tf.float32, shape, name=name)


def classes(tf, shape=(2, 3)):
    return tf.placeholder(tf.int32, shape, name="c")


def ids(tf, shape=(2, 3)):
    return tf.placeholder(tf.int32, shape, name="ids")


def parts(tf, sizes=(3, 2, 2)):
    cuts = np.split(TABLE, np.cumsum(sizes)[:-1])
    return [tf.Variable(part, name=f"part_{i}") for i, part in enumerate(cuts)]


def sparse_ids(tf, values=(0, 5, 2, 2, 6)):
    return tf.SparseTensor([[0, 0], [0, 2], [1, 1], [3, 0], [3, 2]], tf.constant(values, tf.int64), [4, 3])


def sparse_weights(tf, values=(1.0, 2.0, 0.5, 3.0, 1.5)):
    return sparse_ids(tf).with_values(tf.constant(values))


ACTIVATIONS = {
    "relu": lambda tf: [tf.nn.relu(x(tf)), tf.nn.relu([1.0, -1.0], name="named")],
    "relu6": lambda tf: [tf.nn.relu6(x(tf)), tf.nn.relu6([7.0, -1.0], name="named")],
    "crelu": lambda tf: [tf.nn.crelu(x(tf)), tf.nn.crelu([[7.0, -1.0]], axis=0, name="named")],
    "elu": lambda tf: [tf.nn.elu(x(tf)), tf.nn.elu([7.0, -1.0], name="named")],
    "selu": lambda tf: [tf.nn.selu(x(tf)), tf.nn.selu([7.0, -1.0], name="named")],
    "leaky_relu": lambda tf: [
        tf.nn.leaky_relu(x(tf)),
        tf.nn.leaky_relu([7, -1], 0.5, name="named"),
        tf.nn.leaky_relu([-1.0], np.float32(0.25)),
        tf.nn.leaky_relu([-1.0], np.array(0.25)),
    ],
    "bias_add": lambda tf: [
        tf.nn.bias_add(x(tf), [1.0, 2.0, 3.0, 4.0]),
        tf.nn.bias_add(X, tf.constant([1.0, 2.0, 3.0]), "NCW", name="named"),
        tf.nn.bias_add(X, tf.constant([1.0, 2.0, 3.0, 4.0]), "NWC"),
    ],
    "xw_plus_b": lambda tf: [
        tf.nn.xw_plus_b(X[0], X[0].T, [1.0, 2.0, 3.0]),
        tf.nn.xw_plus_b(X[0], X[0].T, [1.0, 2.0, 3.0], "named"),
        tf.nn.relu_layer(X[0], X[0].T, [1.0, 2.0, 3.0]),
        tf.nn.relu_layer(X[0], X[0].T, [1.0, 2.0, 3.0], name="named"),
    ],
    "softmax": lambda tf: [tf.nn.softmax(x(tf)), tf.nn.softmax([1.0, 2.0], name="named"), tf.math.softmax(X)],
    "softmax_axis": lambda tf: [
        tf.nn.softmax(x(tf), 1),
        tf.nn.softmax(X, -2, "named"),
        tf.nn.softmax(X, 2),
        tf.nn.softmax(X, dim=0),
        tf.nn.softmax(X, tf.constant(1)),
        tf.nn.softmax(tf.placeholder_with_default(X, [None, None, 4]), 0),
    ],
    "log_softmax": lambda tf: [tf.nn.log_softmax(x(tf)), tf.nn.log_softmax(X, 0, "named"), tf.math.log_softmax(X)],
    "softplus": lambda tf: [tf.nn.softplus(x(tf)), tf.nn.softsign(X), tf.nn.sigmoid(X), tf.nn.tanh(X, name="t")],
    "types": lambda tf: [
        f(tf.constant([-1.5, 0.25, 3.0], dtype))
        for f in (tf.nn.relu, tf.nn.elu, tf.nn.softmax, tf.nn.log_softmax, tf.nn.softplus, tf.nn.leaky_relu)
        for dtype in (tf.float16, tf.float64)
    ],
}

# Where TensorFlow's graph has other operations: a tf.cond; a gradient of its own.
OTHER_GRAPH = {
    "swish": lambda tf: [tf.nn.swish(x(tf)), tf.nn.silu([1.0, 2.0], 2.0)],
    "zero_fraction": lambda tf: [
        tf.nn.zero_fraction(tf.nn.relu(x(tf))),
        tf.math.zero_fraction([0, 1, 0], name="named"),
        tf.nn.zero_fraction(tf.placeholder_with_default(X, None)),
    ],
    "sparse_cross_entropy_unknown": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=classes(tf, [None, 3]), logits=x(tf, [None, 3, 4])
    ),
}

LOSSES = {
    "l2_loss": lambda tf: [tf.nn.l2_loss(x(tf)), tf.nn.l2_loss([3.0], name="named")],
    "log_poisson": lambda tf: [
        tf.nn.log_poisson_loss(y(tf), x(tf)),
        tf.nn.log_poisson_loss(LABELS * 5, X, compute_full_loss=True, name="named"),
    ],
    "sigmoid": lambda tf: [
        tf.nn.sigmoid_cross_entropy_with_logits(labels=y(tf), logits=x(tf)),
        tf.nn.sigmoid_cross_entropy_with_logits(LABELS, X, name="named"),
    ],
    "weighted": lambda tf: [
        tf.nn.weighted_cross_entropy_with_logits(labels=y(tf), logits=x(tf), pos_weight=2.0),
        tf.nn.weighted_cross_entropy_with_logits(targets=LABELS, logits=X, pos_weight=tf.constant(3.0), name="named"),
    ],
    "softmax": lambda tf: [
        tf.nn.softmax_cross_entropy_with_logits(labels=y(tf, name="h"), logits=x(tf)),
        tf.nn.softmax_cross_entropy_with_logits_v2(ONE_HOT, X, name="named"),
        tf.nn.softmax_cross_entropy_with_logits(labels=ONE_HOT[0], logits=X[0], name="matrix"),
    ],
    "softmax_unknown": lambda tf: [
        tf.nn.softmax_cross_entropy_with_logits(labels=y(tf, [None, None, 4], name="h"), logits=x(tf, [None, None, 4])),
        tf.nn.softmax_cross_entropy_with_logits_v2(
            labels=tf.placeholder_with_default(ONE_HOT, None), logits=tf.placeholder_with_default(X, None)
        ),
    ],
    "softmax_axis": lambda tf: [
        tf.nn.softmax_cross_entropy_with_logits(labels=ONE_HOT, logits=x(tf), dim=1),
        tf.nn.softmax_cross_entropy_with_logits_v2(ONE_HOT, X, axis=0),
        tf.nn.softmax_cross_entropy_with_logits_v2(ONE_HOT, X, dim=2),
        tf.nn.softmax_cross_entropy_with_logits(labels=ONE_HOT, logits=X, dim=None, axis=1),
    ],
    "softmax_types": lambda tf: [
        tf.nn.softmax_cross_entropy_with_logits(labels=CLASSES, logits=tf.constant(X[0, :2, :3], dtype))
        for dtype in (tf.float16, tf.float64, tf.bfloat16)
    ],
    "sparse": lambda tf: [
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes(tf), logits=x(tf)),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=CLASSES[0], logits=X[0]),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=CLASSES[0], logits=X[0], name="named"),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=CLASSES.astype(np.int64), logits=X, name="three"),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=tf.constant(X[0, :2], tf.float16)),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=2, logits=X[0, 0]),
    ],
    "sparse_batch": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.placeholder_with_default(CLASSES[0], [None]), logits=tf.placeholder_with_default(X[0], [None, 4])
    ),
}

DROPOUT = {
    "keep_prob": lambda tf: [
        tf.nn.dropout(x(tf), 0.5, seed=1),
        tf.nn.dropout(X, keep_prob=0.9, seed=2, name="named"),
        tf.nn.dropout(X, 1.0),
    ],
    "rate": lambda tf: [tf.nn.dropout(X, rate=0.3, seed=3), tf.nn.dropout(X, rate=0), tf.random_uniform([2], seed=4)],
    "tensor": lambda tf: [
        tf.nn.dropout(x(tf, [None, 3, 4]), tf.placeholder_with_default(0.5, []), seed=1),
        tf.nn.dropout(X, rate=tf.constant(0.25), seed=2),
    ],
    "noise_shape": lambda tf: [
        tf.nn.dropout(x(tf), 0.5, noise_shape=[2, 1, 4], seed=1),
        tf.nn.dropout(
            tf.placeholder_with_default(X, [2, None, 4]), 0.5, noise_shape=tf.TensorShape([None, 1, None]), seed=1
        ),
        tf.nn.dropout(X, 0.5, [None, None, 1], 7),
        tf.nn.dropout(X, 0.5, tf.constant([1, 3, 4]), 7),
    ],
    "graph_seed": lambda tf: [
        tf.set_random_seed(5),
        tf.nn.dropout(X, 0.5),
        tf.nn.dropout(X, 1.0),
        tf.nn.dropout(X, 0.5),
    ][1:],
    "types": lambda tf: [
        tf.nn.dropout(tf.constant(X, dtype), 0.6, seed=3) for dtype in (tf.float64, tf.float16, tf.bfloat16)
    ],
}


def _table(tf):
    return tf.get_variable("table", initializer=TABLE)


EMBEDDING = {
    "one": lambda tf: [
        tf.nn.embedding_lookup(_table(tf), ids(tf)),
        tf.nn.embedding_lookup(TABLE, [1, 2], name="named"),
        tf.nn.embedding_lookup([TABLE], 3),
        tf.nn.embedding_lookup(tf.constant(TABLE), tf.placeholder_with_default(IDS, None)),
    ],
    "resource": lambda tf: tf.nn.embedding_lookup(
        tf.get_variable("table", initializer=TABLE, use_resource=True), ids(tf)
    ),
    "max_norm": lambda tf: [
        tf.nn.embedding_lookup(_table(tf), ids(tf), max_norm=1.0),
        tf.nn.embedding_lookup(TABLE, tf.placeholder_with_default(IDS, None), max_norm=0.5),
        tf.nn.embedding_lookup([TABLE[:4], TABLE[4:]], IDS, "div", max_norm=0.5),
    ],
    "mod": lambda tf: [
        tf.nn.embedding_lookup(parts(tf), ids(tf)),
        tf.nn.embedding_lookup([TABLE[::2], TABLE[1::2]], tf.placeholder_with_default(IDS, None), name="named"),
    ],
    "div": lambda tf: [
        tf.nn.embedding_lookup(parts(tf), ids(tf), "div"),
        tf.nn.embedding_lookup([tf.placeholder_with_default(TABLE[:4], [None, 4]), TABLE[4:]], IDS, "div", "named"),
        tf.nn.embedding_lookup([tf.placeholder_with_default(t, None) for t in (TABLE[:4], TABLE[4:])], IDS, "mod"),
    ],
    "partitioned": lambda tf: tf.nn.embedding_lookup(
        tf.get_variable("p", [7, 4], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(3)),
        ids(tf),
        "div",
    ),
    "sparse": lambda tf: [
        tf.nn.embedding_lookup_sparse(_table(tf), sparse_ids(tf), None),
        tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), None, combiner="sum", name="named"),
        tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), None, combiner="sqrtn", max_norm=1.0),
        tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), None, combiner="sum", allow_fast_lookup=True),
    ],
    "sparse_weights": lambda tf: (
        [
            tf.nn.embedding_lookup_sparse(_table(tf), sparse_ids(tf), sparse_weights(tf), combiner=combiner)
            for combiner in ("mean",)
        ]
        + [
            tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), sparse_weights(tf), combiner="sum", name="named"),
            tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), sparse_weights(tf), combiner="sqrtn"),
            tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), sparse_weights(tf), allow_fast_lookup=True),
            tf.nn.embedding_lookup_sparse(
                tf.constant(TABLE, tf.float16), sparse_ids(tf), sparse_weights(tf), combiner="mean", max_norm=2.0
            ),
        ]
    ),
    "sparse_parts": lambda tf: [
        tf.nn.embedding_lookup_sparse(parts(tf), sparse_ids(tf), None, "div"),
        tf.nn.embedding_lookup_sparse([TABLE[::2], TABLE[1::2]], sparse_ids(tf), sparse_weights(tf)),
    ],
    "sparse_resource": lambda tf: tf.nn.embedding_lookup_sparse(
        tf.get_variable("table", initializer=TABLE, use_resource=True), sparse_ids(tf), None
    ),
}

# TensorFlow's graph computes a shape that is known here.
SAFE = {
    "safe": lambda tf: [
        tf.nn.safe_embedding_lookup_sparse([TABLE], sparse_ids(tf, (0, -1, 2, 2, 6))),
        tf.nn.safe_embedding_lookup_sparse(_table(tf), sparse_ids(tf), default_id=3, combiner="sum", name="named"),
        tf.nn.safe_embedding_lookup_sparse(
            [TABLE[:4], TABLE[4:]], sparse_ids(tf), sparse_weights(tf, (1.0, 0.0, -1.0, 2.0, 0.5))
        ),
        tf.nn.safe_embedding_lookup_sparse(
            [TABLE],
            tf.SparseTensor([[0, 0, 0], [1, 1, 1]], tf.constant([1, 3], tf.int64), [2, 2, 2]),
            combiner="sqrtn",
        ),
    ],
}

ERRORS = {
    "bias_format": lambda tf: tf.nn.bias_add(X, [1.0] * 4, "HWC"),
    "softmax_axis": lambda tf: tf.nn.softmax(X, 3),
    "softmax_both": lambda tf: tf.nn.softmax(X, 1, dim=1),
    "dropout_rate": lambda tf: tf.nn.dropout(X, rate=1.0),
    "dropout_keep": lambda tf: tf.nn.dropout(X, 1.5),
    "dropout_none": lambda tf: tf.nn.dropout(X),
    "dropout_both": lambda tf: tf.nn.dropout(X, 0.5, rate=0.5),
    "dropout_text": lambda tf: tf.nn.dropout(X, "half"),
    "dropout_integers": lambda tf: tf.nn.dropout([1, 2], 0.5),
    "dropout_list": lambda tf: tf.nn.dropout(X, rate=[0.5]),
    "dropout_dtype": lambda tf: tf.nn.dropout(X, rate=tf.constant(0.5, tf.float64)),
    "dropout_rank": lambda tf: tf.nn.dropout(X, rate=tf.constant([0.5])),
    "softmax_dim": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=ONE_HOT, logits=X, axis=1),
    "no_labels": lambda tf: tf.nn.softmax_cross_entropy_with_logits(logits=X),
    "no_logits": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=X),
    "sparse_none": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(logits=X),
    "sigmoid_shapes": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=X, logits=X[0]),
    "weighted_shapes": lambda tf: tf.nn.weighted_cross_entropy_with_logits(X, X[0], 1.0),
    "poisson_shapes": lambda tf: tf.nn.log_poisson_loss(X, X[0]),
    "softmax_shapes": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=X[0], logits=X[0][:, :3]),
    "sparse_rank": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=CLASSES, logits=X[0]),
    "sparse_scalar": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=1, logits=2.0),
    "sparse_shapes": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 2], logits=X[0]),
    "lookup_none": lambda tf: tf.nn.embedding_lookup(None, [1]),
    "lookup_empty": lambda tf: tf.nn.embedding_lookup([], [1]),
    "lookup_strategy": lambda tf: tf.nn.embedding_lookup([TABLE, TABLE], [1], "both"),
    "lookup_sparse": lambda tf: tf.nn.embedding_lookup_sparse(TABLE, [1], None),
    "lookup_weights": lambda tf: tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), [1.0]),
    "lookup_combiner": lambda tf: tf.nn.embedding_lookup_sparse(TABLE, sparse_ids(tf), None, combiner="max"),
    "safe_none": lambda tf: tf.nn.safe_embedding_lookup_sparse(None, sparse_ids(tf)),
    "safe_empty": lambda tf: tf.nn.safe_embedding_lookup_sparse([], sparse_ids(tf)),
}

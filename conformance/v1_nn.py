"""Programs of `tf.nn`: activations, cross entropies, dropout, embeddings, candidate samplers, CTC."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice

X = np.linspace(-2.5, 3.0, 24, dtype=np.float32).reshape(2, 3, 4)
LABELS = (np.arange(24, dtype=np.float32).reshape(2, 3, 4) % 5) / 4
TABLE = np.linspace(-1, 1, 28, dtype=np.float32).reshape(7, 4)


def _fed(tf: Any, shape: Any = (None, 3, 4)) -> Any:
    return tf.placeholder(tf.float32, shape)


def _sloped(tf: Any, outputs: list[Any], *inputs: Any) -> list[Any]:
    """Outputs, and the gradients of each, weighted unevenly."""
    found = []
    for output in outputs:
        numbers = tf.cast(tf.reshape(tf.range(tf.size(output)), tf.shape(output)), output.dtype)
        for gradient in tf.gradients(output * tf.cos(numbers), list(inputs)):
            if gradient is not None:
                found.append(tf.convert_to_tensor(gradient))
    return [*outputs, *found]


@program("V1-58", needs=("gradients",))
def activations(tf: Any) -> Any:
    """Every activation, and its gradient."""
    x = _fed(tf)
    names = ("relu", "relu6", "crelu", "elu", "selu", "leaky_relu", "swish", "softplus", "softsign", "sigmoid", "tanh")
    made = [getattr(tf.nn, name)(x) for name in names]
    made += [tf.nn.leaky_relu(x, 0.5), tf.nn.swish(x, 2.0), tf.nn.bias_add(x, x[0, 0]), tf.nn.l2_loss(x)]
    with tf.Session() as session:
        return thrice(session, _sloped(tf, made, x), {x: X})


@program("V1-58", needs=("gradients",))
def softmaxes(tf: Any) -> Any:
    """The softmax and its logarithm along each axis, and their gradients, of batches of several sizes."""
    x = _fed(tf)
    made = [f(x, axis) for f in (tf.nn.softmax, tf.nn.log_softmax) for axis in (-1, 1, 0)]
    fetches = _sloped(tf, made, x)
    with tf.Session() as session:
        return [session.run(fetches, {x: given}) for given in (X, X[:1], X * 30, X[::-1])]


@program("V1-58", needs=("gradients",))
def second_derivatives_of_activations(tf: Any) -> Any:
    """Gradients of gradients."""
    x = _fed(tf)
    made = []
    for function in (tf.nn.elu, tf.nn.softplus, tf.nn.softmax, tf.nn.swish, tf.nn.sigmoid):
        (first,) = tf.gradients(tf.reduce_sum(function(x) ** 2), x)
        made += [first, tf.gradients(tf.reduce_sum(first * x), x)[0]]
    with tf.Session() as session:
        return thrice(session, made, {x: X})


@program("V1-59", needs=("gradients",))
def cross_entropies(tf: Any) -> Any:
    """Every cross entropy, with labels that do not add up to 1, and the gradients of logits and labels."""
    x, y = _fed(tf), _fed(tf)
    classes = tf.placeholder(tf.int32, [None, 3])
    made = [
        tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x),
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x),
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x, axis=1),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=x),
        tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x),
        tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=x, pos_weight=2.5),
        tf.nn.log_poisson_loss(y * 4 + 0.1, x, compute_full_loss=True),
    ]
    fetches = _sloped(tf, made, x, y)
    right = np.array([[0, 3, 1], [2, 2, 0]], np.int32)
    with tf.Session() as session:
        found = thrice(session, fetches, {x: X, y: LABELS, classes: right})
        return [*found, session.run(made, {x: X[:1] * 40, y: LABELS[:1], classes: right[:1]})]


@program("V1-59")
def wrong_classes(tf: Any) -> Any:
    """Losses whose arguments do not go together."""
    x = _fed(tf)
    xent = tf.nn.sparse_softmax_cross_entropy_with_logits
    return [
        error(xent, labels=[1, 2], logits=x),
        error(xent, logits=x, words="Both `labels` and `logits` must be provided"),
        error(xent, labels=[[1, 2, 3]], logits=tf.zeros([2, 3, 4])),
        error(tf.nn.sigmoid_cross_entropy_with_logits, labels=x, logits=tf.zeros([2, 2]), words="must have the same"),
        error(tf.nn.dropout, x, 1.5, words="in the range [0, 1)"),
        error(tf.nn.softmax, x, 3),
        error(tf.nn.bias_add, x, tf.zeros([4]), "HWC"),
    ]


@program("V1-60")
def dropped(tf: Any) -> Any:
    """Dropout drops what TensorFlow drops, run after run, by seeds of ops and of the graph, for batches of any size."""
    x, rate = _fed(tf), tf.placeholder_with_default(0.3, [])
    tf.set_random_seed(8)
    made = [
        tf.nn.dropout(x, 0.5, seed=1),
        tf.nn.dropout(x, rate=rate),
        tf.nn.dropout(x, 0.7, noise_shape=[1, 3, 1]),
        tf.nn.dropout(x, 1.0),
        tf.nn.dropout(tf.nn.dropout(x, 0.9), 0.8),
    ]
    with tf.Session() as session:
        given = (X, X, X[:1], X[:0], X)
        return [session.run(made, {x: part, rate: 0.1 * i}) for i, part in enumerate(given)]


@program("V1-60", needs=("gradients",))
def dropped_gradients(tf: Any) -> Any:
    """The gradient flows through what was kept."""
    x = _fed(tf)
    made = tf.nn.dropout(tf.nn.relu(x), 0.5, seed=3)
    fetches = [made, *tf.gradients(made * made, x)]
    with tf.Session() as session:
        return [session.run(fetches, {x: part}) for part in (X, X, X[:1], X)]


def _sparse(tf: Any, values: Any, kind: Any) -> Any:
    return tf.SparseTensor([[0, 0], [0, 2], [1, 1], [3, 0], [3, 2]], tf.constant(values, kind), [4, 3])


@program("V1-61", needs=("gradients",), kinds=True)
def embeddings(tf: Any, resource: bool) -> Any:
    """Lookups in a table and in parts of one, sums of rows, and their gradients."""
    table = tf.get_variable("table", initializer=TABLE, use_resource=resource)
    parts = [tf.get_variable(f"p{i}", initializer=TABLE[i::2], use_resource=resource) for i in range(2)]
    blocks = [
        tf.get_variable(f"b{i}", initializer=t, use_resource=resource) for i, t in enumerate((TABLE[:4], TABLE[4:]))
    ]
    ids = tf.placeholder(tf.int64, [None, 2])
    features, weights = _sparse(tf, [0, 5, 2, 2, 6], tf.int64), _sparse(tf, [1.0, 2.0, 0.5, 3.0, 1.5], tf.float32)
    broken = _sparse(tf, [0, -1, 2, 2, 6], tf.int64)
    made = [
        tf.nn.embedding_lookup(table, ids),
        tf.nn.embedding_lookup(table, ids, max_norm=0.5),
        tf.nn.embedding_lookup(parts, ids),
        tf.nn.embedding_lookup(blocks, ids, "div"),
        tf.nn.embedding_lookup_sparse(table, features, None),
        tf.nn.embedding_lookup_sparse(table, features, weights, combiner="sqrtn"),
        tf.nn.embedding_lookup_sparse(parts, features, weights, combiner="sum"),
        tf.nn.safe_embedding_lookup_sparse(table, broken),
        tf.nn.safe_embedding_lookup_sparse(blocks, broken, weights, default_id=1),
    ]
    fetches = _sloped(tf, made, table, *parts, *blocks)
    with started(tf) as session:
        return [session.run(fetches, {ids: rows}) for rows in ([[0, 6], [3, 3]], [[1, 2]], [[6, 6], [0, 1], [2, 4]])]


@program("V1-62")
def candidates(tf: Any) -> Any:
    """Samplers draw what TensorFlow's draw, run after run, and learn as they do."""
    true = tf.placeholder(tf.int64, [None, 2])
    unigrams = (1.0, 5.0, 0.5, 3.0, 2.0, 7.5, 0.25)
    made = [
        tf.nn.log_uniform_candidate_sampler(true, 2, 5, True, 50, seed=1),
        tf.nn.uniform_candidate_sampler(true, 2, 5, False, 7, seed=2),
        tf.nn.learned_unigram_candidate_sampler(true, 2, 3, True, 7, seed=3),
        tf.nn.fixed_unigram_candidate_sampler(true, 2, 4, True, 7, unigrams=unigrams, distortion=0.75, seed=4),
        tf.nn.all_candidate_sampler(true, 2, 7, True),
    ]
    hits = tf.nn.compute_accidental_hits(true, made[1][0], 2)
    fetches = [*(tuple(one) for one in made), tuple(hits)]
    with tf.Session() as session:
        return [session.run(fetches, {true: rows}) for rows in ([[1, 2]], [[1, 2], [6, 1]], [[0, 3]], [[0, 3]])]


@program("V1-62", needs=("gradients",))
def sampled_losses(tf: Any) -> Any:
    """Losses over drawn candidates, their gradients, and training by them, with changing accidental hits."""
    tf.set_random_seed(3)
    weights = tf.get_variable("weights", initializer=np.linspace(-1, 1, 90, dtype=np.float32).reshape(30, 3))
    biases = tf.get_variable("biases", initializer=np.linspace(-0.2, 0.3, 30, dtype=np.float32))
    labels, inputs = tf.placeholder(tf.int32, [None, 1]), tf.placeholder(tf.float32, [None, 3])
    nce = tf.nn.nce_loss(weights, biases, labels, inputs, 6, 30)
    softmax = tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 20, 30, seed=7)
    slopes = tf.gradients(nce + softmax, [weights, biases])
    with tf.control_dependencies([nce, softmax]):
        step = [v.assign_sub(0.1 * tf.convert_to_tensor(g)) for v, g in zip((weights, biases), slopes, strict=True)]
    given = np.linspace(-0.5, 1.5, 12, dtype=np.float32).reshape(4, 3)
    with started(tf) as session:
        found = []
        for i in range(5):
            rows = np.array([[1], [i], [4 * i], [29]], np.int32)
            found.append(session.run([nce, softmax, step], {labels: rows, inputs: given}))
        return found


LOGITS = (np.sin(np.arange(7 * 3 * 5) * 1.7) * 3).astype(np.float32).reshape(7, 3, 5)


@program("V1-62", needs=("gradients",))
def ctc_losses(tf: Any) -> Any:
    """The CTC loss of labels of several lengths, and its gradient."""
    x, lengths = tf.placeholder(tf.float32, [None, 3, 5]), tf.placeholder(tf.int32, [3])
    labels = tf.sparse_placeholder(tf.int32)
    made = [tf.nn.ctc_loss(labels, x, lengths)]
    fetches = _sloped(tf, made, x)
    found = []
    with tf.Session() as session:
        for rows in ([[0, 1, 1], [3], [0, 2, 0, 1]], [[2], [3, 3], [1]], [[2], [3, 3], [1]]):
            indices = [[b, u] for b, row in enumerate(rows) for u in range(len(row))]
            fed = tf.SparseTensorValue(indices, [v for row in rows for v in row], [3, 4])
            found.append(session.run(fetches, {x: LOGITS, lengths: [7, 5, 6], labels: fed}))
    return found


@program("V1-62")
def ctc_decoders(tf: Any) -> Any:
    """Decoders of CTC."""
    x = tf.placeholder(tf.float32, [None, 3, 5])
    greedy, cost = tf.nn.ctc_greedy_decoder(x, [7, 5, 6])
    paths, logs = tf.nn.ctc_beam_search_decoder(x * 0.5, [7, 5, 6], beam_width=20, top_paths=3, merge_repeated=False)
    parts = [(s.indices, s.values, s.dense_shape) for s in (*greedy, *paths)]
    dense = tf.sparse_tensor_to_dense(greedy[0], -1)
    with tf.Session() as session:
        return [session.run([parts, cost, logs, dense], {x: given}) for given in (LOGITS, -LOGITS, LOGITS)]

"""Losses and metrics as programs: TensorFlow's graphs and numbers are recorded from these, and ours compared.

A program takes TensorFlow's module and returns tensors that are run once for each feed, in order.
"""

import numpy as np

PROGRAMS = {}
#: Programs that are about shapes unknown until the graph runs, or about one that is refused.
REFUSED = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def add(name, function, into=PROGRAMS):
    assert name not in into, name
    into[name] = function


def feeds(step):
    """What placeholders of these names are fed with in a step."""
    rng = np.random.default_rng(step)
    count = 3 + step % 2
    return {
        "x": rng.random((4, 3), np.float32),
        "y": rng.random((4, 3), np.float32),
        "w": rng.integers(0, 3, (4, 3)).astype(np.float32),
        "rows": rng.random((4, 1), np.float32),
        "bits": rng.integers(0, 2, (4, 3)).astype(np.float32),
        "classes": rng.integers(0, 3, (4,)),
        "columns": rng.integers(0, 3, (4, 1)),
        "scalar": np.float32(step),
        "ids": rng.integers(0, 5, (4, 2)),
        "many_x": rng.random((count, 3), np.float32),
        "many_y": rng.random((count, 3), np.float32),
        "many_w": rng.random((count, 1), np.float32),
        "many_one": rng.random((count,), np.float32),
        "many_bits": rng.integers(0, 2, (count,)),
        "many_classes": rng.integers(0, 3, (count,)),
        "empty": np.zeros((0, 3), np.float32),
    }


STEPS = 3


def p(tf, name, *shape, dtype=None):
    known = feeds(0)[name]
    dims = [None if n == -1 else n for n in shape] if shape else list(known.shape)
    return tf.placeholder(dtype or tf.as_dtype(known.dtype), dims, name)


def unknown(tf, name):
    return tf.placeholder(tf.as_dtype(feeds(0)[name].dtype), None, name)


#: Losses of floats, and what they are called with.
FLOATS = {
    "absolute_difference": {},
    "cosine_distance": {"axis": 1},
    "hinge_loss": {},
    "huber_loss": {"delta": 0.3},
    "log_loss": {"epsilon": 1e-5},
    "mean_squared_error": {},
    "sigmoid_cross_entropy": {"label_smoothing": 0.1},
    "softmax_cross_entropy": {"label_smoothing": 0.2},
}


def _float_loss(name, arguments, reduction, weights, collection="mine"):
    def build(tf):
        x, y = p(tf, "x"), p(tf, "y")
        own = {} if weights is None else {"weights": weights(tf)}
        kind = getattr(tf.losses.Reduction, reduction)
        loss = getattr(tf.losses, name)(
            y, x, scope="named" if weights else None, loss_collection=collection, reduction=kind, **arguments, **own
        )
        assert tf.losses.get_losses(loss_collection=collection)[-1] is loss
        return [loss, *tf.gradients(loss, [x])]

    return build


_REDUCTIONS = ("SUM_BY_NONZERO_WEIGHTS", "NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE")
for _index, (_name, _arguments) in enumerate(FLOATS.items()):
    for _reduction in _REDUCTIONS:
        add(f"{_name}_{_reduction.lower()}", _float_loss(_name, _arguments, _reduction, None))
    _flat = _name in ("softmax_cross_entropy",)
    add(f"{_name}_scalar", _float_loss(_name, _arguments, _REDUCTIONS[_index % 5], lambda tf: 0.5))
    if not _flat and _name != "cosine_distance":
        add(f"{_name}_weights", _float_loss(_name, _arguments, _REDUCTIONS[_index % 5], lambda tf: p(tf, "w")))
        add(f"{_name}_rows", _float_loss(_name, _arguments, _REDUCTIONS[(_index + 1) % 5], lambda tf: p(tf, "rows")))


@program
def softmax_weights(tf):
    x, y = p(tf, "x"), p(tf, "y")
    loss = tf.losses.softmax_cross_entropy(y, x, tf.squeeze(p(tf, "rows"), 1))
    return [loss, *tf.gradients(loss, x), tf.losses.get_total_loss()]


@program
def sparse(tf):
    x = p(tf, "x")
    loss = tf.losses.sparse_softmax_cross_entropy(p(tf, "classes"), x)
    return [loss, *tf.gradients(loss, x)]


@program
def sparse_columns(tf):
    x = p(tf, "x")
    loss = tf.losses.sparse_softmax_cross_entropy(p(tf, "columns"), x, weights=p(tf, "rows"))
    return [loss, *tf.gradients(loss, x)]


@program
def sparse_batch(tf):
    x = p(tf, "many_x", -1, 3)
    loss = tf.losses.sparse_softmax_cross_entropy(p(tf, "many_classes", -1), x)
    return [loss, *tf.gradients(loss, x)]


@program
def sparse_batch_weights(tf):
    x = p(tf, "many_x", -1, 3)
    weights = p(tf, "many_w", -1, 1)
    loss = tf.losses.sparse_softmax_cross_entropy(p(tf, "many_classes", -1), x, weights)
    return [loss, *tf.gradients(loss, x)]


@program
def sparse_unknown(tf):
    x = p(tf, "many_x", -1, 3)
    loss = tf.losses.sparse_softmax_cross_entropy(unknown(tf, "many_classes"), x, unknown(tf, "many_w"))
    return [loss, *tf.gradients(loss, x)]


@program
def batch(tf):
    x, y = p(tf, "many_x", -1, 3), p(tf, "many_y", -1, 3)
    loss = tf.losses.mean_squared_error(x, y, p(tf, "many_w", -1, 1))
    return [loss, *tf.gradients(loss, [x, y])]


@program
def batch_weights(tf):
    x, y = p(tf, "many_x", -1, 3), p(tf, "many_y", -1, 3)
    loss = tf.losses.absolute_difference(x, y, tf.identity(x))
    return [loss, *tf.gradients(loss, [x, y])]


@program
def shapeless(tf):
    x, y = unknown(tf, "x"), unknown(tf, "y")
    return tf.losses.huber_loss(x, y, unknown(tf, "scalar")), tf.losses.log_loss(x, y, unknown(tf, "w"))


@program
def no_elements(tf):
    x = p(tf, "empty")
    return [tf.losses.mean_squared_error(x, x), tf.losses.mean_squared_error(x, x, reduction="weighted_mean")]


@program
def zero_weights(tf):
    x, y = p(tf, "x"), p(tf, "y")
    loss = tf.losses.mean_squared_error(x, y, 0.0)
    return [loss, *tf.gradients(loss, x)]


@program
def pairwise(tf):
    x, y = p(tf, "x"), p(tf, "y")
    loss = tf.losses.mean_pairwise_squared_error(x, y)
    return [loss, *tf.gradients(loss, [x, y])]


@program
def pairwise_weights(tf):
    x, y = p(tf, "x"), p(tf, "y")
    loss = tf.losses.mean_pairwise_squared_error(x, y, p(tf, "rows"), scope="pairs", loss_collection=None)
    return [loss, *tf.gradients(loss, [x, y])]


@program
def compute(tf):
    x = p(tf, "x")
    return [tf.losses.compute_weighted_loss(x, p(tf, "w")), tf.losses.compute_weighted_loss(tf.cast(x, tf.float64))]


@program
def integers(tf):
    a, b = p(tf, "ids"), tf.constant([[1, 2], [3, 4], [0, 0], [1, 1]])
    return [tf.losses.absolute_difference(a, b), tf.losses.compute_weighted_loss(a, 2)]


@program
def total(tf):
    x, y = p(tf, "x"), p(tf, "y")
    with tf.name_scope("first"):
        tf.losses.mean_squared_error(x, y)
    with tf.variable_scope("second", regularizer=lambda w: tf.reduce_sum(w * w)):
        tf.losses.hinge_loss(x, y)
        tf.get_variable("w", initializer=tf.constant([1.0, 2.0]))
    tf.losses.add_loss(tf.reduce_sum(x), "other")
    return [
        tf.losses.get_total_loss(),
        tf.losses.get_total_loss(add_regularization_losses=False, name="plain", scope="first"),
        tf.losses.get_regularization_loss(),
        tf.losses.get_regularization_loss("nothing"),
        *tf.losses.get_losses("second"),
        *tf.losses.get_losses(loss_collection="other"),
    ]


@program
def confusion(tf):
    a, b = p(tf, "classes"), p(tf, "many_classes", -1)
    return [
        tf.confusion_matrix(a, a),
        tf.confusion_matrix(b, b, 4, dtype=tf.float32, name="named"),
        tf.math.confusion_matrix(p(tf, "columns"), a, num_classes=3, weights=p(tf, "scalar") * tf.ones([4])),
    ]


@program
def confusion_unknown(tf):
    return [tf.confusion_matrix(unknown(tf, "columns"), unknown(tf, "classes"), num_classes=5)]


@program
def sets(tf):
    ids = p(tf, "ids")
    other = tf.constant([[0, 1, 1], [2, 2, 3], [4, 3, 2], [1, 0, 4]], tf.int64)
    packed = tf.SparseTensor([[0, 0], [1, 1], [1, 2]], tf.constant([1, 3, 3], tf.int64), [4, 5])
    return [
        tf.sets.intersection(ids, other),
        tf.sets.set_union(ids, other),
        tf.sets.difference(ids, other),
        tf.sets.difference(ids, other, aminusb=False),
        tf.sets.difference(packed, ids),
        tf.sets.difference(ids, packed),
        tf.sets.union(packed, packed),
        tf.sets.size(tf.sets.union(ids, other)),
        tf.sets.set_size(packed, validate_indices=False),
        tf.sets.union(tf.constant([["b", "a"]]), tf.constant([["c", "a"]])),
    ]


def _refuse(name, function):
    add(name, function, REFUSED)


for _name in FLOATS:
    _given = {"axis": 1} if _name == "cosine_distance" else {}

    def _no_labels(tf, name=_name, given=_given):
        return getattr(tf.losses, name)(None, tf.ones([2]), **given)

    def _no_predictions(tf, name=_name, given=_given):
        return getattr(tf.losses, name)(tf.ones([2]), None, **given)

    def _shapes(tf, name=_name, given=_given):
        return getattr(tf.losses, name)(tf.ones([2, 3]), tf.ones([3, 2]), **given)

    _refuse(f"{_name}_labels", _no_labels)
    _refuse(f"{_name}_predictions", _no_predictions)
    _refuse(f"{_name}_shapes", _shapes)

_refuse("reduction", lambda tf: tf.losses.mean_squared_error([1.0], [2.0], reduction="foo"))
_refuse("axis", lambda tf: tf.losses.cosine_distance(tf.ones([2]), tf.ones([2])))
_refuse("axes", lambda tf: tf.losses.cosine_distance(tf.ones([2]), tf.ones([2]), axis=0, dim=0))
_refuse("rank", lambda tf: tf.losses.mean_squared_error(tf.ones([2, 3]), tf.ones([2, 3]), tf.ones([2])))
_refuse("weights", lambda tf: tf.losses.mean_squared_error(tf.ones([2, 3]), tf.ones([2, 3]), tf.ones([2, 2])))
_refuse("total", lambda tf: tf.losses.get_total_loss())
_refuse("none", lambda tf: tf.losses.mean_squared_error(tf.ones([2]), tf.ones([2]), weights=None))
_refuse("confusion_sizes", lambda tf: tf.confusion_matrix([1, 2], [1, 2, 3]))
_refuse("confusion_weights", lambda tf: tf.confusion_matrix([1, 2], [1, 2], weights=[1.0, 2.0, 3.0]))
_refuse("confusion_negative", lambda tf: tf.confusion_matrix([-1, 2], [1, 2]))
_refuse("confusion_bound", lambda tf: tf.confusion_matrix([1, 2], [1, 2], num_classes=2))
_refuse("set_size", lambda tf: tf.sets.size(tf.constant([1, 2])))
_refuse("set_floats", lambda tf: tf.sets.union(tf.ones([1, 2]), tf.ones([1, 2])))
_refuse("set_types", lambda tf: tf.sets.union(tf.ones([1, 2], tf.int32), tf.ones([1, 2], tf.int64)))
_refuse("set_ranks", lambda tf: tf.sets.union(tf.ones([2], tf.int32), tf.ones([1], tf.int32)))
_refuse("set_shapes", lambda tf: tf.sets.union(tf.ones([2, 2], tf.int32), tf.ones([1, 2], tf.int32)))

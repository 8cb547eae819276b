"""Programs about losses and metrics, sets and confusion matrices, over several batches."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, thrice


def _x(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def _ids(*shape: int, seed: int = 0, high: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, high, shape)


#: Losses of two tensors of floats.
_LOSSES: dict[str, dict[str, Any]] = {
    "absolute_difference": {},
    "cosine_distance": {"axis": 1},
    "hinge_loss": {},
    "huber_loss": {"delta": 0.3},
    "log_loss": {"epsilon": 1e-5},
    "mean_squared_error": {},
    "mean_pairwise_squared_error": {},
    "sigmoid_cross_entropy": {"label_smoothing": 0.1},
    "softmax_cross_entropy": {"label_smoothing": 0.2},
}


def _pair(tf: Any) -> tuple[Any, Any, dict[Any, Any]]:
    x, y = tf.placeholder(tf.float32, [4, 3]), tf.placeholder(tf.float32, [4, 3])
    return x, y, {x: _x(4, 3), y: _x(4, 3, seed=1)}


@program("V1-63", needs=("gradients",))
def losses(tf: Any) -> Any:
    """Every loss and its gradient."""
    x, y, feeds = _pair(tf)
    made = [getattr(tf.losses, name)(y, x, **arguments) for name, arguments in _LOSSES.items()]
    made.append(tf.losses.sparse_softmax_cross_entropy(tf.constant([0, 2, 1, 1]), x))
    slopes = [tf.gradients(loss, x)[0] for loss in made]
    names = [loss.name for loss in tf.losses.get_losses()]
    with tf.Session() as session:
        return [names, thrice(session, [made, slopes, tf.losses.get_total_loss()], feeds)]


@program("V1-63", needs=("gradients",))
def weighted_losses(tf: Any) -> Any:
    """Weights of every shape, some 0, and every way to reduce."""
    x, y, feeds = _pair(tf)
    rows = tf.placeholder(tf.float32, [4, 1])
    feeds[rows] = np.array([[0.0], [2.0], [0.5], [0.0]], np.float32)
    kinds = tf.losses.Reduction
    made = []
    for reduction in (kinds.NONE, kinds.SUM, kinds.MEAN, kinds.SUM_OVER_BATCH_SIZE, kinds.SUM_BY_NONZERO_WEIGHTS):
        made += [
            tf.losses.mean_squared_error(y, x, weights, reduction=reduction)
            for weights in (0.0, 0.5, rows, tf.round(y))
        ]
    made.append(tf.losses.mean_pairwise_squared_error(y, x, rows))
    made.append(tf.losses.softmax_cross_entropy(y, x, tf.squeeze(rows, 1)))
    slope = tf.gradients(made, x)
    with tf.Session() as session:
        return thrice(session, [made, slope], feeds)


@program("V1-63", needs=("gradients",))
def losses_of_any_batch(tf: Any) -> Any:
    """Batches of other sizes with the same graph, weights of shapes that only a run knows, and a refusal."""
    x, weights = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32)
    labels = tf.placeholder(tf.int64, [None])
    loss = tf.losses.sparse_softmax_cross_entropy(labels, x, weights)
    fetches = [loss, *tf.gradients(loss, x)]
    seen = []
    with tf.Session() as session:
        for count in (2, 2, 5, 2):
            for given in (1.5, _x(count, seed=2)):
                feeds = {x: _x(count, 3), labels: _ids(count), weights: given}
                seen.append(session.run(fetches, feeds))
        feeds = {x: _x(2, 3), labels: _ids(2), weights: _x(3)}
        seen.append(error(session.run, loss, feeds, words="weights can not be broadcast to values."))
    return seen


def _streamed(tf: Any, made: dict[str, tuple[Any, Any]], batches: list[dict[Any, Any]]) -> list[Any]:
    """Return the values before, after each batch, and what each update returned."""
    values, updates = ([pair[i] for pair in made.values()] for i in (0, 1))
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        seen: list[Any] = [session.run(values)]
        for feeds in batches:
            seen.append([session.run(updates, feeds), session.run(values)])
        variables = [v.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)]
        session.run(tf.local_variables_initializer())
        return [list(made), variables, seen, session.run(values)]


@program("V1-64")
def mean_metrics(tf: Any) -> Any:
    """Means over batches: accuracy, errors, distances, shares, per class."""
    m = tf.metrics
    x, y, _ = _pair(tf)
    rows, classes = tf.placeholder(tf.float32, [4, 1]), tf.placeholder(tf.int64, [4])
    guessed = tf.argmax(x, 1)
    made = {
        "mean": m.mean(x),
        "weighted": m.mean(x, rows, name="weighted"),
        "tensor": m.mean_tensor(x, rows),
        "accuracy": m.accuracy(classes, guessed),
        "weighted accuracy": m.accuracy(classes, guessed, rows),
        "absolute": m.mean_absolute_error(x, y),
        "squared": m.mean_squared_error(x, y, rows),
        "root": m.root_mean_squared_error(x, y),
        "relative": m.mean_relative_error(x, y, tf.round(y)),
        "cosine": m.mean_cosine_distance(x, y, 1),
        "below": m.percentage_below(x, 0.4),
        "per class": m.mean_per_class_accuracy(classes, guessed, 3),
        "iou": m.mean_iou(classes, guessed, 4),
    }
    batches = [
        {x: _x(4, 3, seed=i), y: _x(4, 3, seed=9 + i), rows: _x(4, 1, seed=i), classes: _ids(4, seed=i)}
        for i in range(3)
    ]
    return _streamed(tf, made, batches)


@program("V1-64")
def counting_metrics(tf: Any) -> Any:
    """Counts and shares of the four cases, at thresholds too, and areas under curves."""
    m = tf.metrics
    x, rows = tf.placeholder(tf.float32, [4, 3]), tf.placeholder(tf.float32, [4, 1])
    bits = tf.placeholder(tf.float32, [4, 3])
    made = {}
    for name in ("true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall"):
        made[name] = getattr(m, name)(bits, tf.round(x))
        made[f"{name} weighted"] = getattr(m, name)(bits, tf.round(x), 0.5)
        made[f"{name} at thresholds"] = getattr(m, f"{name}_at_thresholds")(bits, x, [0.2, 0.7], rows)
    made["auc"] = m.auc(bits, x)
    made["auc pr"] = m.auc(bits, x, rows, 20, curve="PR", summation_method="careful_interpolation")
    made["auc minoring"] = m.auc(bits, x, num_thresholds=9, summation_method="minoring")
    made["sensitivity"] = m.sensitivity_at_specificity(bits, x, 0.6)
    made["specificity"] = m.specificity_at_sensitivity(bits, x, 0.6)
    batches = [{x: _x(4, 3, seed=i), rows: _x(4, 1, seed=i), bits: _ids(4, 3, seed=i, high=2)} for i in range(3)]
    return _streamed(tf, made, batches)


@program("V1-64")
def ranking_metrics(tf: Any) -> Any:
    """The best k predictions against one label, several, and any number."""
    m = tf.metrics
    x, labels = tf.placeholder(tf.float32, [4, 6]), tf.placeholder(tf.int64, [4, 2])
    places = [[1, 0], [2, 0], [2, 1], [3, 0], [3, 1], [3, 2]]
    packed = tf.SparseTensor(places, tf.constant([1, 0, 2, 4, 5, 1], tf.int64), [4, 5])
    made = {}
    for name in ("recall_at_k", "precision_at_k", "average_precision_at_k"):
        made[name] = getattr(m, name)(labels, x, 2)
        made[f"{name} sparse"] = getattr(m, name)(packed, x, 3)
    made["of a class"] = m.recall_at_k(labels, x, 3, class_id=2)
    batches = [{x: _x(4, 6, seed=i), labels: _ids(4, 2, seed=i, high=6)} for i in range(3)]
    return _streamed(tf, made, batches)


@program("V1-65")
def confusion_matrices(tf: Any) -> Any:
    """Pairs of classes are counted; what is no class is refused."""
    labels, guessed = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.int32, [None])
    made = [
        tf.confusion_matrix(labels, guessed),
        tf.math.confusion_matrix(labels, guessed, 5, dtype=tf.float32),
        tf.confusion_matrix(labels, guessed, 5, weights=tf.cast(labels, tf.float32) + 0.5, dtype=tf.float64),
    ]
    seen: list[Any] = []
    with tf.Session() as session:
        for count in (3, 3, 6):
            seen.append(session.run(made, {labels: _ids(count, seed=count), guessed: _ids(count, seed=1)}))
        bad = {labels: [1, -1], guessed: [0, 0]}
        seen.append(error(session.run, made[0], bad, words="`labels` contains negative values"))
        bad = {labels: [1, 1], guessed: [0, 7]}
        seen.append(error(session.run, made[1], bad, words="`predictions` out of bound"))
        seen.append(session.run(made, {labels: [1, 1], guessed: [0, 1]}))
    return seen


@program("V1-65")
def operations_on_sets(tf: Any) -> Any:
    """Unions, intersections and differences of dense and sparse sets, and their sizes."""
    a, b = tf.placeholder(tf.int64, [None, None]), tf.constant([[0, 1, 1], [2, 2, 3], [4, 3, 2]], tf.int64)
    packed = tf.SparseTensor([[0, 0], [1, 1], [1, 2]], tf.constant([1, 3, 3], tf.int64), [3, 5])
    words = tf.constant([["b", "a"], ["a", "z"]])
    made = [
        tf.sets.intersection(a, b),
        tf.sets.union(a, b),
        tf.sets.difference(a, b),
        tf.sets.difference(a, b, aminusb=False),
        tf.sets.difference(packed, a),
        tf.sets.union(packed, packed),
        tf.sets.size(tf.sets.union(a, b)),
        tf.sets.union(words, tf.reverse(words, [0])),
    ]
    with tf.Session() as session:
        seen: list[Any] = [session.run(made, {a: _ids(3, n, seed=n, high=6)}) for n in (2, 2, 4)]
        seen.append(error(session.run, made[0], {a: [[1, 2]]}, words="Mismatched shapes [1] vs [3]"))
    return seen

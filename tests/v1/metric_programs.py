"""Metrics as programs, like `loss_programs`: each tensor is run once for each feed, updates before values."""

from loss_programs import p, unknown

PROGRAMS = {}
REFUSED = {}


def metric(name, *programs):
    for index, function in enumerate(programs):
        PROGRAMS[f"{name}_{index}" if index else name] = (name, function)


def rows(tf):
    return p(tf, "rows")


metric(
    "mean",
    lambda tf, f: f(p(tf, "x")),
    lambda tf, f: f(p(tf, "x"), p(tf, "w"), name="named"),
    lambda tf, f: f(p(tf, "x"), rows(tf), metrics_collections=["m"], updates_collections="u"),
    lambda tf, f: f(p(tf, "x"), 0.5),
    lambda tf, f: f(p(tf, "many_x", -1, 3), p(tf, "many_w", -1, 1)),
    lambda tf, f: f(p(tf, "many_one", -1), p(tf, "many_w", -1, 1)),
    lambda tf, f: f(unknown(tf, "many_w"), unknown(tf, "many_one")),
    lambda tf, f: f(unknown(tf, "many_x"), unknown(tf, "scalar")),
    lambda tf, f: f(p(tf, "ids")),
)
metric(
    "mean_tensor",
    lambda tf, f: f(p(tf, "x")),
    lambda tf, f: f(p(tf, "x"), p(tf, "w")),
    lambda tf, f: f(p(tf, "x"), rows(tf), name="named"),
)
metric(
    "accuracy",
    lambda tf, f: f(p(tf, "classes"), p(tf, "columns")),
    lambda tf, f: f(p(tf, "bits"), p(tf, "bits"), p(tf, "w")),
    lambda tf, f: f(
        p(tf, "classes"), tf.argmax(p(tf, "x"), 1, output_type=tf.int32), tf.squeeze(rows(tf), 1), "m", "u"
    ),
    lambda tf, f: f(unknown(tf, "many_classes"), unknown(tf, "many_bits")),
    lambda tf, f: f(p(tf, "many_classes", -1), p(tf, "many_bits", -1), p(tf, "many_one", -1), name="acc"),
)
for _name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error"):
    metric(
        _name,
        lambda tf, f: f(p(tf, "x"), p(tf, "y")),
        lambda tf, f: f(p(tf, "x"), p(tf, "y"), rows(tf), ["m"], ["u"], "named"),
        lambda tf, f: f(p(tf, "many_one", -1), p(tf, "many_w", -1, 1)),
    )
metric(
    "mean_cosine_distance",
    lambda tf, f: f(p(tf, "x"), p(tf, "y"), 1),
    lambda tf, f: f(p(tf, "x"), p(tf, "y"), 1, rows(tf), "m", "u", "named"),
)
metric(
    "mean_relative_error",
    lambda tf, f: f(p(tf, "x"), p(tf, "y"), p(tf, "w")),
    lambda tf, f: f(p(tf, "x"), p(tf, "y"), p(tf, "bits"), p(tf, "w")),
)
metric(
    "percentage_below",
    lambda tf, f: f(p(tf, "x"), 0.5),
    lambda tf, f: f(p(tf, "x"), 0.3, p(tf, "w"), name="named"),
)
metric(
    "mean_per_class_accuracy",
    lambda tf, f: f(p(tf, "classes"), tf.reverse(p(tf, "classes"), [0]), 3),
    lambda tf, f: f(p(tf, "columns"), p(tf, "columns"), 4, p(tf, "rows"), "m", "u"),
)
metric(
    "mean_iou",
    lambda tf, f: f(p(tf, "classes"), p(tf, "classes"), 3),
    lambda tf, f: f(p(tf, "ids"), tf.reverse(p(tf, "ids"), [0]), 5, p(tf, "ids") + 1, "m", "u", "named"),
)
for _name in ("true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall"):
    metric(
        _name,
        lambda tf, f: f(p(tf, "bits"), tf.reverse(p(tf, "bits"), [1])),
        lambda tf, f: f(p(tf, "bits"), p(tf, "x") > 0.5, p(tf, "w"), "m", "u"),
        lambda tf, f: f(p(tf, "bits"), p(tf, "x") > 0.5, 2.0, name="named"),
        lambda tf, f: f(p(tf, "many_bits", -1), p(tf, "many_w", -1, 1) > 0.5),
    )
_LIMITS = [0.2, 0.5, 0.9]
for _name in (
    "true_positives_at_thresholds", "false_positives_at_thresholds", "true_negatives_at_thresholds",
    "false_negatives_at_thresholds", "precision_at_thresholds", "recall_at_thresholds",
):  # fmt: skip
    metric(
        _name,
        lambda tf, f: f(p(tf, "bits"), p(tf, "x"), _LIMITS),
        lambda tf, f: f(p(tf, "bits"), p(tf, "x"), _LIMITS, p(tf, "rows"), ["m"], ["u"], "named"),
        lambda tf, f: f(p(tf, "many_bits", -1), p(tf, "many_w", -1, 1), _LIMITS),
    )
metric(
    "auc",
    lambda tf, f: f(p(tf, "bits"), p(tf, "x")),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), p(tf, "w"), 20, "m", "u", "PR", "named", "careful_interpolation"),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), curve="PR", num_thresholds=7),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), summation_method="minoring", num_thresholds=7),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), summation_method="majoring", thresholds=[0.7, 0.1]),
    lambda tf, f: f(p(tf, "many_bits", -1), p(tf, "many_one", -1)),
)
metric(
    "sensitivity_at_specificity",
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), 0.7),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), 0.4, p(tf, "w"), 11, "m", "u", "named"),
)
metric(
    "specificity_at_sensitivity",
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), 0.7),
    lambda tf, f: f(p(tf, "bits"), p(tf, "x"), 0.4, p(tf, "w"), 11, "m", "u", "named"),
)


def packed(tf, classes=5):
    """Labels as a sparse tensor: none, one, two and three of them."""
    places = [[1, 0], [2, 0], [2, 1], [3, 0], [3, 1], [3, 2]]
    return tf.SparseTensor(places, tf.constant([1, 0, 2, 4, 7, 1], tf.int64), [4, classes])


def wide(tf):
    return tf.concat([p(tf, "x"), p(tf, "y")], 1)


for _name in ("recall_at_k", "precision_at_k", "sparse_precision_at_k"):
    metric(
        _name,
        lambda tf, f: f(p(tf, "ids"), wide(tf), 2),
        lambda tf, f: f(packed(tf), wide(tf), 3, 1, tf.squeeze(rows(tf), 1), "m", "u"),
        lambda tf, f: f(tf.cast(p(tf, "classes"), tf.int64), wide(tf), 2, name="named"),
        lambda tf, f: f(p(tf, "ids"), wide(tf), 3, class_id=2),
    )
for _name in ("recall_at_top_k", "precision_at_top_k"):
    metric(
        _name,
        lambda tf, f: f(p(tf, "ids"), p(tf, "columns")),
        lambda tf, f: f(packed(tf), p(tf, "ids"), 2, 4, name="named"),
    )
for _name in ("average_precision_at_k", "sparse_average_precision_at_k"):
    metric(
        _name,
        lambda tf, f: f(p(tf, "ids"), wide(tf), 2),
        lambda tf, f: f(packed(tf), wide(tf), 3, tf.squeeze(rows(tf), 1), "m", "u", "named"),
        lambda tf, f: f(packed(tf), wide(tf), 1),
        lambda tf, f: f(tf.cast(p(tf, "classes"), tf.int64), wide(tf), 4),
        lambda tf, f: f(p(tf, "ids") * 3, wide(tf), 2),
    )


def refuse(name, function):
    REFUSED[name] = function


refuse("weights", lambda tf: tf.metrics.mean(tf.ones([2, 3]), tf.ones([2, 2])))
refuse("rank", lambda tf: tf.metrics.mean(tf.ones([2, 3]), tf.ones([2, 3, 4, 5])))
refuse("shapes", lambda tf: tf.metrics.accuracy(tf.ones([2, 3]), tf.ones([2, 2])))
refuse("curve", lambda tf: tf.metrics.auc(tf.ones([2]), tf.ones([2]), curve="X"))
refuse("method", lambda tf: tf.metrics.auc(tf.ones([2]), tf.ones([2]), summation_method="X"))
refuse("outside", lambda tf: tf.metrics.auc(tf.ones([2]), tf.constant([1.0, 1.5])))
refuse("specificity", lambda tf: tf.metrics.sensitivity_at_specificity(tf.ones([2]), tf.ones([2]), 1.5))
refuse("sensitivity", lambda tf: tf.metrics.specificity_at_sensitivity(tf.ones([2]), tf.ones([2]), -1))
refuse("k", lambda tf: tf.metrics.average_precision_at_k(tf.ones([2], tf.int64), tf.ones([2, 3]), 0))
refuse("labels", lambda tf: tf.metrics.recall_at_k(tf.ones([], tf.int64), tf.ones([2, 3]), 1))
refuse("unknown_k", lambda tf: tf.metrics.average_precision_at_k(tf.ones([2], tf.int64), tf.ones([2, 3]), 5))


def built(tf, name):
    """Return what the program's metric is made of: what updates it, then its value."""
    metric_name, function = PROGRAMS[name]
    value, update = function(tf, getattr(tf.metrics, metric_name))
    for collection, tensor in (("m", value), ("u", update)):
        assert all(item is tensor for item in tf.get_collection(collection))
    return [update, value]

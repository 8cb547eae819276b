"""Cross entropies and the L2 loss."""

from typing import Any

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.spec import Spec


@kernel("L2Loss", infer=lambda x: ())
def _l2_loss(k: Any, x: Any) -> Any:
    return k.multiply(k.sum(k.square(x)), 0.5)


def _dense_shapes(logits: Spec, labels: Spec) -> list[Any]:
    if logits.shape is None or labels.shape is None:
        known = labels.shape if logits.shape is None else logits.shape
        both: Any = known if known is None else rules.with_rank(known, 2)
        both = both if both is not None else (None, None)
    else:
        both = rules.with_rank(rules.broadcast(logits.shape, labels.shape), 2)
    return [both[:1], both]


@kernel("SoftmaxCrossEntropyWithLogits", infer=_dense_shapes)
def _softmax_cross_entropy(k: Any, logits: Any, labels: Any) -> Any:
    logits, labels = k.broadcast_arrays(logits, labels)
    shifted, exps, total = _exponentials(k, logits)
    weight = k.sum(labels, axis=-1)
    log_total = k.log(k.squeeze(total, -1))
    # The value is weight * log_total, but the gradient with respect to the logits is TensorFlow's
    # `softmax - labels`, also where labels do not add up to 1.
    entropy = k.add(log_total, k.multiply(k.subtract(weight, 1), k.stop_gradient(log_total)))
    loss = k.subtract(entropy, k.sum(k.multiply(labels, shifted), axis=-1))
    return loss, k.subtract(k.divide(exps, total), labels)


def _exponentials(k: Any, logits: Any) -> tuple[Any, Any, Any]:
    """The logits minus their maximum, the exponentials of that, and the sums of those."""
    shifted = k.subtract(logits, k.stop_gradient(k.max(logits, axis=-1, keepdims=True)))
    exps = k.exp(shifted)
    return shifted, exps, k.sum(exps, axis=-1, keepdims=True)


def _sparse_shapes(logits: Spec, labels: Spec) -> list[Any]:
    rows, classes = rules.with_rank(logits.shape, 2)
    rows = rules.merge_dim(rows, rules.with_rank(labels.shape, 1)[0])
    return [(rows,), (rows, classes)]


@kernel("SparseSoftmaxCrossEntropyWithLogits", infer=_sparse_shapes)
def _sparse_softmax_cross_entropy(k: Any, logits: Any, labels: Any) -> Any:
    shifted, exps, total = _exponentials(k, logits)
    rows = k.expand_dims(labels, axis=-1)
    chosen = k.squeeze(k.take_along_axis(shifted, rows, axis=-1), -1)
    loss = k.subtract(k.log(k.squeeze(total, -1)), chosen)
    classes = k.arange(0, k.shape(logits)[-1], 1, k.dtype(labels))
    one_hot = k.astype(k.equal(rows, classes), k.dtype(logits))
    return loss, k.subtract(k.divide(exps, total), one_hot)

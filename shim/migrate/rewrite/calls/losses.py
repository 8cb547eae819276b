"""Rules of `tf.losses`: means over all elements, and what they may be weighted with."""

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import Refused, expression, literal, number
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import filled
from onevar.migrate.rewrite.context import BoundCall, Context

#: Where a program asks for the losses that `tf.losses` has collected.
_READERS = ("losses.get_", "GraphKeys.LOSSES", "contrib.losses.get_")
_FREE = frozenset({"scope", "loss_collection", "reduction", "weights"})


def _reduced(text: str, call: BoundCall, context: Context) -> cst.BaseExpression:
    """Return a loss of each element, reduced as TensorFlow does.

    Args:
        text: The template of the elements' losses.
        call: The call.
        context: The unit's.

    Raises:
        Refused: The loss is asked for elsewhere too, or weighted by more than a number.
    """
    if any(reader in use.path for use in context.names.uses for reader in _READERS):
        raise Refused("the program asks for the losses that have been collected, and this would not be one of them")
    reduction = call.arguments.get("reduction")
    how = "SUM_BY_NONZERO_WEIGHTS" if reduction is None else (context.symbol(reduction) or "").rpartition(".")[2]
    words = {
        "SUM_BY_NONZERO_WEIGHTS": "ops.mean({})",
        "SUM_OVER_BATCH_SIZE": "ops.mean({})",
        "SUM_OVER_NONZERO_WEIGHTS": "ops.mean({})",
        "MEAN": "ops.mean({})",
        "SUM": "ops.sum({})",
        "NONE": "{}",
    }
    if how not in words:
        raise Refused("how it is reduced is not written out")
    weight = call.arguments.get("weights", expression("1.0"))
    factor = number(weight)
    if factor is None or factor == 0:
        raise Refused("its weights are not a number; Keras's losses do not count the elements that weigh nothing")
    result = words[how].replace("{}", text)
    # What TensorFlow calls a mean of weighted losses divides by the weights too.
    if factor != 1 and how != "MEAN":
        result = f"{factor!r} * {result}"
    return filled(result, call, context, _FREE)


@rule("losses.mean_squared_error", "contrib.losses.mean_squared_error")
def mean_squared_error(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare squares."""
    return _reduced("ops.square(ops.subtract({predictions}, {labels}))", call, context)


@rule("losses.absolute_difference", "contrib.losses.absolute_difference")
def absolute_difference(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare sizes."""
    return _reduced("ops.abs(ops.subtract({predictions}, {labels}))", call, context)


@rule("losses.softmax_cross_entropy")
def softmax_cross_entropy(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare distributions with logits."""
    if number(call.arguments.get("label_smoothing", expression("0"))) != 0:
        raise Refused("Keras smooths labels in another place")
    text = (
        'ops.categorical_crossentropy(ops.stop_gradient(ops.cast({onehot_labels}, "float32")), {logits:float}, '
        "from_logits=True)"
    )
    return _reduced(text, _without(call, "label_smoothing"), context)


@rule("losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare classes with logits."""
    text = "ops.sparse_categorical_crossentropy({labels}, {logits:float}, from_logits=True)"
    return _reduced(text, call, context)


@rule("losses.sigmoid_cross_entropy")
def sigmoid_cross_entropy(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare truths with logits."""
    if number(call.arguments.get("label_smoothing", expression("0"))) != 0:
        raise Refused("Keras smooths labels in another place")
    text = 'ops.binary_crossentropy(ops.cast({multi_class_labels}, "float32"), {logits:float}, from_logits=True)'
    return _reduced(text, _without(call, "label_smoothing"), context)


@rule("losses.huber_loss")
def huber_loss(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Compare squares of what is small, and sizes of what is large."""
    if call.arguments.get("reduction") is not None:
        raise Refused("Keras reduces it by its last axis")
    return _reduced("keras.losses.huber({labels}, {predictions}, delta={delta})", call, context)


@rule("losses.hinge_loss")
def hinge_loss(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Want a margin between classes that are 0 and 1."""
    text = 'ops.relu(1.0 - (2.0 * ops.cast({labels}, "float32") - 1.0) * {logits})'
    return _reduced(text, call, context)


def _without(call: BoundCall, name: str) -> BoundCall:
    rest = {key: node for key, node in call.arguments.items() if key != name or literal(node) not in (0, None)}
    return BoundCall(call.symbol, call.node, rest)

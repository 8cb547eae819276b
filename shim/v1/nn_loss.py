"""Cross entropies and other losses of `tf.nn`."""

import math
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, ones_like, zeros_like
from onevar.v1.array_ops_index import slice_, where
from onevar.v1.array_ops_shape import concat, rank, reshape, stop_gradient, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops import assert_equal
from onevar.v1.common import dtype_of, renamed, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import UNARY, abs_, add, cast
from onevar.v1.math_ops_make import range_
from onevar.v1.nn_activations import relu


@export("nn.l2_loss")
def l2_loss(t: Any, name: str | None = None) -> Any:
    """Return half the sum of the squares; see `tf.nn.l2_loss`."""
    return op("L2Loss", t=t, name=name)


@export("nn.log_poisson_loss")
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Any:
    """Return the loss of predicted rates of Poisson distributions; see `tf.nn.log_poisson_loss`.

    Raises:
        ValueError: The shapes differ.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        _check_same_shape(targets, log_input, "log_input", "targets")
        result = UNARY["Exp"](log_input) - log_input * targets
        if compute_full_loss:
            half = constant(0.5, dtype=dtype_of(targets))
            two_pi = constant(2 * math.pi, dtype=dtype_of(targets))
            log = UNARY["Log"]
            stirling = (targets * log(targets)) - targets + (half * log(two_pi * targets))
            zeros, ones = zeros_like(targets), ones_like(targets)
            small = op("LogicalAnd", x=targets >= zeros, y=targets <= ones)
            result = result + where(small, zeros, stirling)
        return result


def _check_same_shape(targets: Any, logits: Any, logits_name: str, targets_name: str) -> None:
    if not shape_of(targets).is_compatible_with(shape_of(logits)):
        raise ValueError(
            f"`{logits_name}` and `{targets_name}` must have the same shape, received ({shape_of(logits)} vs "
            f"{shape_of(targets)})."
        )


def _check_given(name: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {name}Received: labels={labels} and logits={logits}"
        )


# -- of independent classes ---------------------------------------------------------------------------


def _logistic(labels: Any, logits: Any) -> tuple[Any, Any]:
    logits = convert_to_tensor(logits, name="logits")
    labels = convert_to_tensor(labels, name="labels")
    _check_same_shape(labels, logits, "logits", "labels")
    return labels, logits


@export("nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Return the cross entropy of classes that do not exclude each other.

    Args:
        labels: Between 0 and 1, of the dtype and shape of `logits`.
        logits: The predictions, before the sigmoid.
        name: Of the operations.

    Raises:
        ValueError: One of them is missing, or the shapes differ.
    """
    _check_given("sigmoid_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        labels, logits = _logistic(labels, logits)
        zeros = zeros_like(logits)
        positive = op("GreaterEqual", x=logits, y=zeros)
        relu_logits = where(positive, logits, zeros)
        neg_abs_logits = where(positive, -logits, logits)
        return add(relu_logits - logits * labels, UNARY["Log1p"](UNARY["Exp"](neg_abs_logits)), name=scope)


@export("nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Any:
    """Return the cross entropy of independent classes, positive ones weighted.

    Args:
        labels: As for `sigmoid_cross_entropy_with_logits`.
        logits: The same.
        pos_weight: What the cost of a positive class is multiplied with.
        name: Of the operations.
        targets: The old name of `labels`.

    Raises:
        ValueError: The shapes differ.
    """
    labels = renamed("labels", labels, "targets", targets)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        labels, logits = _logistic(labels, logits)
        log_weight = 1 + (pos_weight - 1) * labels
        return add(
            (1 - labels) * logits,
            log_weight * (UNARY["Log1p"](UNARY["Exp"](-abs_(logits))) + relu(-logits)),
            name=scope,
        )


# -- of classes that exclude each other ---------------------------------------------------------------


def _matrix(logits: Any) -> Any:
    """The tensor with all dimensions but the last one flattened."""
    ndims = rank(logits)
    last = slice_(shape_op(logits), [op("Sub", x=ndims, y=1)], [1])
    flat = reshape(logits, concat([[-1], last], 0))
    dims = shape_of(logits)
    if dims.rank:
        *outer, classes = dims.as_list()
        if None not in outer:
            set_shape(flat, [math.prod(outer), classes])
    return flat


def _to_end(tensor: Any, axis: Any, ndims: Any) -> Any:
    return transpose(tensor, concat([range_(axis), range_(axis + 1, ndims), [axis]], 0))


@export("nn.softmax_cross_entropy_with_logits_v2")
def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Any:
    """Return the cross entropy of classes that exclude each other; the labels have gradients, too.

    Args:
        labels: Probabilities, of the shape of `logits`.
        logits: The predictions, before the softmax.
        axis: That of the classes.
        name: Of the operations.
        dim: The old name of `axis`.
    """
    axis = renamed("axis", axis, "dim", dim)
    return _softmax_cross_entropy(labels, logits, -1 if axis is None else axis, name)


def _softmax_cross_entropy(labels: Any, logits: Any, axis: Any, name: str | None) -> Any:
    with name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        dtype = dtype_of(logits)
        narrow = dtype in (dtypes.float16, dtypes.bfloat16)
        precise = cast(logits, dtypes.float32) if narrow else logits
        labels = cast(labels, dtype_of(precise))
        ndims = rank(precise)
        if axis != -1:
            precise = _to_end(precise, axis, ndims)
            labels = _to_end(labels, axis, ndims)
        sizes = shape_op(precise)
        precise, labels = _matrix(precise), _matrix(labels)
        cost, _ = op("SoftmaxCrossEntropyWithLogits", features=precise, labels=labels, name=scope)
        cost = reshape(cost, slice_(sizes, [0], [op("Sub", x=ndims, y=1)]))
        dims = shape_of(logits)
        if dims.rank is not None:
            left = dims.as_list()
            del left[axis]
            set_shape(cost, left)
        return cast(cost, dtype) if narrow else cost


@export("nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, dim: Any = -1, name: str | None = None, axis: Any = None
) -> Any:
    """Return the cross entropy of classes that exclude each other; the labels are taken as constant.

    Args:
        labels: Probabilities, of the shape of `logits`.
        logits: The predictions, before the softmax.
        dim: The axis of the classes.
        name: Of the operations.
        axis: Another name of `dim`, but then `dim` must be None.

    Raises:
        ValueError: Labels or logits are missing, or both names of the axis were given.
    """
    axis = renamed("axis", axis, "dim", dim)  # dim has a default, so that TensorFlow never takes axis
    _check_given("softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = stop_gradient(labels, name="labels_stop_gradient")
    return _softmax_cross_entropy(labels, logits, axis, scope)


@export("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Return the cross entropy of classes that exclude each other, the right ones given by their numbers.

    Args:
        labels: Integers, of the shape of `logits` without its last dimension.
        logits: The predictions, before the softmax.
        name: Of the operations.

    Raises:
        ValueError: One of them is missing, or the shapes do not fit.
    """
    _check_given("sparse_softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        dtype = dtype_of(logits)
        narrow = dtype == dtypes.float16
        precise = cast(logits, dtypes.float32) if narrow else logits
        sizes = shape_op(labels)
        complete = _check_classes(shape_of(labels), shape_of(logits))
        if shape_of(logits).rank == 2:
            cost = _sparse_cross_entropy(precise, labels, name)
            return cast(cost, dtype) if narrow else cost
        checks = [] if complete else [assert_equal(shape_op(labels), shape_op(logits)[:-1])]
        with control_dependencies(checks):
            classes = shape_op(logits)[rank(logits) - 1]
            precise = reshape(precise, [-1, classes])
            known = shape_of(labels)
            cost = reshape(_sparse_cross_entropy(precise, reshape(labels, [-1]), name), sizes)
            set_shape(cost, known)
            return cast(cost, dtype) if narrow else cost


def _sparse_cross_entropy(logits: Any, labels: Any, name: str | None) -> Any:
    return op("SparseSoftmaxCrossEntropyWithLogits", features=logits, labels=labels, name=name)[0]


def _check_classes(labels: TensorShape, logits: TensorShape) -> bool:
    """Check shapes as far as they are known; return whether that is all of them."""
    if logits.rank == 0:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
    if logits.rank is not None and labels.rank is not None and labels.rank != logits.rank - 1:
        raise ValueError(
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: labels.shape={labels} of rank "
            f"{labels.rank} and logits.shape={logits} of rank {logits.rank}"
        )
    complete = labels.is_fully_defined() and logits[:-1].is_fully_defined()
    if complete and labels != logits[:-1]:
        raise ValueError(
            f"`labels.shape` must equal `logits.shape` except for the last dimension. Received: labels.shape={labels} "
            f"and logits.shape={logits}"
        )
    return complete

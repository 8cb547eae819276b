"""`tf.contrib.seq2seq.sequence_loss`."""

from collections.abc import Callable
from typing import Any

from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import reshape, shape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, div_no_nan
from onevar.v1.math_ops_reduce import count_nonzero, reduce_sum
from onevar.v1.nn_loss import sparse_softmax_cross_entropy_with_logits


@export("contrib.seq2seq.sequence_loss")
def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True,
    average_across_batch: bool = True, sum_over_timesteps: bool = False, sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the weighted cross entropy of sequences of classes.

    Args:
        logits: Of shape `(batch, time, classes)`.
        targets: The right classes, integers of shape `(batch, time)`.
        weights: Of shape `(batch, time)`; 0 leaves a step out.
        average_across_timesteps: Add up over time, and divide by the sum of the weights.
        average_across_batch: The same over the batch.
        sum_over_timesteps: Add up over time, and divide by the number of weights that are not 0.
        sum_over_batch: The same over the batch.
        softmax_loss_function: A function of `labels` and `logits` instead of the cross entropy.
        name: Of the scope.

    Returns:
        A scalar, a vector or a matrix: what is neither added up nor averaged is left.

    Raises:
        ValueError: Shapes of other ranks, or arguments that exclude each other.
    """
    _check_ranks(logits, targets, weights)
    for axis, average, total in (
        ("timesteps", average_across_timesteps, sum_over_timesteps),
        ("batch", average_across_batch, sum_over_batch),
    ):
        if average and total:
            raise ValueError(f"average_across_{axis} and sum_over_{axis} cannot be set to True at same time.")
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        classes = shape(logits)[2]
        flat = {"logits": reshape(logits, [-1, classes]), "labels": reshape(targets, [-1])}
        losses = (softmax_loss_function or sparse_softmax_cross_entropy_with_logits)(**flat)
        losses *= reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return div_no_nan(reduce_sum(losses), reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            return _divided_by_count(reduce_sum(losses), weights, None)
        losses = reshape(losses, shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axes = [0] if average_across_batch else [1]
            return div_no_nan(reduce_sum(losses, axis=axes), reduce_sum(weights, axis=axes))
        if sum_over_timesteps or sum_over_batch:
            axes = [0] if sum_over_batch else [1]
            return _divided_by_count(reduce_sum(losses, axis=axes), weights, axes)
        return losses


def _divided_by_count(total: Any, weights: Any, axis: Any) -> Any:
    return div_no_nan(total, cast(count_nonzero(weights, axis=axis), dtype_of(total)))


def _check_ranks(logits: Any, targets: Any, weights: Any) -> None:
    if len(shape_of(logits)) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    for tensor, called in ((targets, "Targets"), (weights, "Weights")):
        if len(shape_of(tensor)) != 2:
            raise ValueError(f"{called} must be a [batch_size x sequence_length] tensor")

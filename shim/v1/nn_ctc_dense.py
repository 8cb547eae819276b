"""The loss of connectionist temporal classification for labels in a dense matrix, and `tf.nn.ctc_unique_labels`."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import fill, one_hot, sequence_mask, zeros, zeros_like
from onevar.v1.array_ops_index import unique, where
from onevar.v1.array_ops_shape import concat, expand_dims, pad, reshape, stack, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dims_of, dtype_of
from onevar.v1.custom_gradients import custom_gradient
from onevar.v1.export import export
from onevar.v1.functional_ops import map_fn, scan
from onevar.v1.math_ops_elementwise import cast, equal, exp, maximum
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import reduce_logsumexp
from onevar.v1.nn_activations import log_softmax

#: The logarithm of nothing, finite so that it can be subtracted; and of what TensorFlow takes for nothing at the end.
_NOTHING = -1e30
_LOG_ZERO = -706.8936


def size_of(tensor: Any, axis: int) -> Any:
    """Return a tensor's size along an axis: a number if it is known, else a tensor.

    Args:
        tensor: Any, of known rank.
        axis: Which.
    """
    dims = dims_of(tensor)
    known = None if dims is None else dims[axis]
    return known or shape_op(tensor)[axis]


def ctc_loss_dense(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool,
    unique: Any,
    blank_index: int,
    name: str | None,
) -> Any:
    """Return the loss of each sequence; see `ctc_loss_v2`.

    Args:
        labels: A matrix of integers.
        logits: Of shape (time, batch, classes).
        label_length: How many labels of each row count.
        logit_length: How many steps of each row count.
        logits_time_major: False if `logits` is of shape (batch, time, classes).
        unique: Not needed: the loss is the same.
        blank_index: The class that stands for no label.
        name: Of the operations.
    """
    with name_scope(name, "ctc_loss_dense", [logits, labels, label_length, logit_length]):
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        label_length = convert_to_tensor(label_length, name="label_length")
        logit_length = convert_to_tensor(logit_length, name="logit_length")
        dtype = dtype_of(logits)
        narrow = dtype in (dtypes.float16, dtypes.bfloat16)
        if narrow:
            logits = cast(logits, dtypes.float32)
        if not logits_time_major:
            logits = transpose(logits, perm=[1, 0, 2])
        if blank_index != 0:
            logits, labels = _blank_first(logits, labels, blank_index)

        @custom_gradient
        def computed(logits: Any) -> tuple[Any, Callable]:
            loss, slope = _Dense(logits, labels, label_length, logit_length).loss_and_gradient()
            return loss, lambda dy: reshape(dy, [1, -1, 1]) * slope

        loss = computed(logits)
        return cast(loss, dtype) if narrow else loss


def _blank_first(logits: Any, labels: Any, blank_index: int) -> tuple[Any, Any]:
    if blank_index < 0:
        blank_index = blank_index + size_of(logits, 2)
    parts = [logits[:, :, blank_index : blank_index + 1], logits[:, :, :blank_index], logits[:, :, blank_index + 1 :]]
    return concat(parts, axis=2), where(labels < blank_index, labels + 1, labels)


class _Dense:
    """Forward and backward, in the logarithmic domain.

    A state is "the i-th label was the last", with or without a blank after it; the 0-th label is the beginning.

    Args:
        logits: Of shape (time, batch, classes); the first class is the blank.
        labels: Of shape (batch, labels).
        label_length: How many labels of each row count.
        logit_length: How many steps of each row count.
    """

    def __init__(self, logits: Any, labels: Any, label_length: Any, logit_length: Any):
        self.labels = cast(labels, dtypes.int32)
        self.dtype = dtype_of(logits)
        self.logs = log_softmax(logits)
        self.batch, self.count = size_of(labels, 0), size_of(labels, 1)
        self.classes = size_of(logits, 2)
        steps = size_of(logits, 0)
        self.mask = transpose(sequence_mask(logit_length, steps, dtypes.bool), perm=[1, 0])
        self.nothing = fill(stack([self.batch, 1]), _as(self.dtype, _NOTHING))
        self.chosen = one_hot(self.labels, depth=self.classes, dtype=self.dtype)
        # Of each label, the logarithm of its probability at each time; a blank's.
        self.of_labels = matmul(transpose(self.logs, [1, 0, 2]), self.chosen, transpose_b=True)
        self.of_labels = transpose(self.of_labels, [1, 0, 2])
        self.of_blanks = self.logs[:, :, :1]
        repeated = equal(self.labels[:, 1:], self.labels[:, :-1])
        self.barred = concat([zeros(stack([self.batch, 1]), dtypes.bool), repeated], axis=1)
        ends = one_hot(label_length, depth=self.count + 1, dtype=self.dtype)
        self.final = (1.0 - ends) * _as(self.dtype, _LOG_ZERO)

    def _start(self) -> tuple[Any, Any]:
        rest = fill(stack([self.batch, self.count]), _as(self.dtype, _NOTHING))
        return concat([zeros_like(self.nothing), rest], axis=1), concat([self.nothing, rest], axis=1)

    def _forward(self) -> tuple[Any, Any]:
        def step(before: tuple[Any, Any], row: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            label, blank = before
            of_label, of_blank, counts = row
            direct = where(self.barred, zeros_like(label[:, 1:]) + _as(self.dtype, _NOTHING), label[:, :-1])
            new_label = _together(label[:, 1:], blank[:, :-1], direct) + of_label
            new_label = concat([self.nothing, new_label], axis=1)
            new_blank = _together(blank, label) + of_blank
            return self._where(counts, new_label, label), self._where(counts, new_blank, blank)

        return scan(step, (self.of_labels, self.of_blanks, self.mask), initializer=self._start())

    def _where(self, counts: Any, new: Any, old: Any) -> Any:
        return where(counts, maximum(new, _as(self.dtype, _NOTHING)), old)

    def _backward(self) -> tuple[Any, Any]:
        """What is to come after each time."""

        def step(after: tuple[Any, Any], row: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            label, blank = after
            of_label, of_blank, counts = row
            label_now, blank_now = label[:, 1:] + of_label, blank + of_blank
            direct = where(self.barred, zeros_like(label_now) + _as(self.dtype, _NOTHING), label_now)
            stay = concat([self.nothing, label_now], axis=1)
            onward = concat([label_now, self.nothing], axis=1)
            new_label = _together(stay, blank_now, concat([direct, self.nothing], axis=1))
            new_blank = _together(blank_now, onward)
            return self._where(counts, new_label, label), self._where(counts, new_blank, blank)

        end = (self.final, self.final)
        rows = (self.of_labels, self.of_blanks, self.mask)
        label, blank = scan(step, rows, initializer=end, reverse=True)
        return tuple(concat([x[1:], expand_dims(y, 0)], axis=0) for x, y in zip((label, blank), end, strict=True))

    def loss_and_gradient(self) -> tuple[Any, Any]:
        """Return the loss of each sequence, and its gradient with respect to the logits."""
        label, blank = self._forward()
        after_label, after_blank = self._backward()
        paths = concat([label + after_label, blank + after_blank], axis=2)
        whole = reduce_logsumexp(paths, axis=2, keepdims=True)
        likely = exp(paths - whole)
        by_label = transpose(likely[:, :, 1 : self.count + 1], [1, 0, 2])
        of_labels = transpose(matmul(by_label, self.chosen), [1, 0, 2])
        of_blanks = op("Sum", input=likely[:, :, self.count + 1 :], reduction_indices=[2], keep_dims=True)
        taken = concat([of_blanks, of_labels[:, :, 1:]], axis=2)
        slope = (exp(self.logs) - taken) * cast(expand_dims(self.mask, 2), self.dtype)
        return -self._likelihood(label[-1], blank[-1]), slope

    def _likelihood(self, label: Any, blank: Any) -> Any:
        return reduce_logsumexp(concat([label + self.final, blank + self.final], axis=1), axis=1)


def _as(dtype: Any, value: float) -> Any:
    return convert_to_tensor(value, dtype)


def _together(*ways: Any) -> Any:
    return reduce_logsumexp(stack(list(ways), axis=0), axis=0)


@export("nn.ctc_unique_labels")
def ctc_unique_labels(labels: Any, name: str | None = None) -> Any:
    """Return the different labels of each row, filled up with zeros, and which of them each label is.

    Args:
        labels: A matrix of integers.
        name: Of the operations.
    """
    with name_scope(name, "ctc_unique_labels", [labels]):
        labels = convert_to_tensor(labels, name="labels")

        def of_row(row: Any) -> list[Any]:
            found = unique(row)
            missing = size_of(found.idx, 0) - size_of(found.y, 0)
            return [cast(pad(found.y, [[0, missing]]), dtypes.int64), found.idx]

        return map_fn(of_row, labels, dtype=[dtypes.int64, dtypes.int32])

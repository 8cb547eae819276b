"""Connectionist temporal classification: `tf.nn.ctc_loss` and the decoders."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones_like, sequence_mask
from onevar.v1.array_ops_index import boolean_mask, scatter_nd, where
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, renamed
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, not_equal
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_max, reduce_sum
from onevar.v1.nn_ctc_dense import ctc_loss_dense, size_of
from onevar.v1.sparse_types import SparseTensor

_NARROW = (dtypes.float16, dtypes.bfloat16)


@export("nn.ctc_loss")
def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Any:
    """Return the loss of each sequence; see `tf.compat.v1.nn.ctc_loss`.

    Args:
        labels: The right labels, a sparse matrix of int32 with one row for each sequence.
        inputs: Logits of shape (time, batch, classes); the last class is the blank.
        sequence_length: How many steps of each sequence count.
        preprocess_collapse_repeated: Whether labels that are repeated are one.
        ctc_merge_repeated: Whether classes that are repeated on a path are one label.
        ignore_longer_outputs_than_inputs: Whether sequences with more labels than steps do not count.
        time_major: False if `inputs` is of shape (batch, time, classes).
        logits: Another name of `inputs`.

    Raises:
        TypeError: The labels are not sparse.
        ValueError: Both names of the inputs were given.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError(
            f"Expected argument `labels` to be a SparseTensor. Received labels={labels} of type: "
            f"{type(labels).__name__}"
        )
    inputs = convert_to_tensor(renamed("logits", logits, "inputs", inputs), name="logits")
    if not time_major:
        inputs = transpose(inputs, [1, 0, 2])
    dtype = dtype_of(inputs)
    if dtype in _NARROW:
        inputs = cast(inputs, dtypes.float32)
    loss, _ = op(
        "CTCLoss",
        inputs=inputs,
        labels_indices=labels.indices,
        labels_values=labels.values,
        sequence_length=sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )
    return cast(loss, dtype) if dtype in _NARROW else loss


@export("nn.ctc_loss_v2")
def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Any:
    """Return the loss of each sequence; see `tf.compat.v1.nn.ctc_loss_v2`.

    Args:
        labels: The right labels: a sparse matrix, or a dense one with `label_length`.
        logits: Of shape (time, batch, classes).
        label_length: How many labels of each sequence count.
        logit_length: How many steps of each sequence count.
        logits_time_major: False if `logits` is of shape (batch, time, classes).
        unique: What `ctc_unique_labels` says of dense labels, which saves memory.
        blank_index: The class that stands for no label; negative ones count from the end.
        name: Of the operations, for dense labels.

    Raises:
        ValueError: The labels are sparse and no blank was said.
    """
    if not isinstance(labels, SparseTensor):
        lengths = (label_length, logit_length)
        return ctc_loss_dense(labels, logits, *lengths, logits_time_major, unique, blank_index or 0, name)
    if blank_index is None:
        raise ValueError("Argument `blank_index` must be provided when labels is a SparseTensor.")
    logits = convert_to_tensor(logits)
    if blank_index < 0:
        blank_index = blank_index + size_of(logits, 2)
    if blank_index != size_of(logits, 2) - 1:
        parts = [
            logits[:, :, :blank_index],
            logits[:, :, blank_index + 1 :],
            logits[:, :, blank_index : blank_index + 1],
        ]
        logits = concat(parts, axis=2)
        given: Any = labels.values
        values = where(given < blank_index, given, given - 1)
        labels = SparseTensor(labels.indices, values, labels.dense_shape)
    return ctc_loss(labels=labels, inputs=logits, sequence_length=logit_length, time_major=logits_time_major)


@export("nn.ctc_greedy_decoder")
def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[SparseTensor], Any]:
    """Return the labels of the likeliest path, in a list, and minus the sums of its logits.

    Args:
        inputs: Logits of shape (time, batch, classes).
        sequence_length: How many steps of each sequence count.
        merge_repeated: Whether classes that are repeated are one label.
        blank_index: The class that stands for no label; None is the last one.
    """
    attrs: dict[str, Any] = {
        "merge_repeated": merge_repeated,
        "blank_index": -1 if blank_index is None else blank_index,
    }
    *decoded, scores = op("CTCGreedyDecoder", inputs=inputs, sequence_length=sequence_length, **attrs)
    return [SparseTensor(*decoded)], scores


@export("nn.ctc_beam_search_decoder")
def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Any]:
    """Return the likeliest sequences of labels, and the logarithms of their probabilities.

    Args:
        inputs: Logits of shape (time, batch, classes); the last class is the blank.
        sequence_length: How many steps of each sequence count.
        beam_width: How many sequences are followed.
        top_paths: How many are returned.
        merge_repeated: Whether equal labels that follow each other in a result are one.
    """
    attrs: dict[str, Any] = {"beam_width": beam_width, "top_paths": top_paths, "merge_repeated": merge_repeated}
    *parts, scores = op("CTCBeamSearchDecoder", inputs=inputs, sequence_length=sequence_length, **attrs)
    return [SparseTensor(*decoded) for decoded in zip(*parts, strict=True)], scores


@export("nn.ctc_beam_search_decoder_v2")
def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Any]:
    """As `ctc_beam_search_decoder`, equal labels being as they are.

    Args:
        inputs: Logits of shape (time, batch, classes); the last class is the blank.
        sequence_length: How many steps of each sequence count.
        beam_width: How many sequences are followed.
        top_paths: How many are returned.
    """
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, merge_repeated=False)


@export("nn.collapse_repeated")
def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Any, Any]:
    """Return labels without those that are like the one before, and how many are left.

    Args:
        labels: A matrix.
        seq_length: How many of each row count.
        name: Of the operations.
    """
    with name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert_to_tensor(labels, name="labels")
        seq_length = convert_to_tensor(seq_length, name="seq_length")
        keep = concat([ones_like(labels[:, :1], dtypes.bool), not_equal(labels[:, 1:], labels[:, :-1])], axis=1)
        counted = sequence_mask(seq_length, maxlen=size_of(labels, 1))
        keep = op("LogicalAnd", x=keep, y=counted)
        lengths = reduce_sum(cast(keep, dtypes.int32), axis=1)
        longest = reduce_max(lengths)
        places = sequence_mask(lengths, maxlen=longest)
        flat_labels, flat_keep, flat_places = (reshape(x, [-1]) for x in (labels, keep, places))
        numbers = range_(size_of(flat_places, 0))
        flat = scatter_nd(
            indices=expand_dims(boolean_mask(numbers, flat_places), axis=1),
            updates=boolean_mask(flat_labels, flat_keep),
            shape=shape_op(flat_places),
        )
        return reshape(flat, [size_of(labels, 0), longest]), cast(lengths, dtype_of(seq_length))

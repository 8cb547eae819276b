"""`tf.contrib.crf`: conditional random fields over chains: the likelihood of tags, and the best tags."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.v1.array_ops_create import sequence_mask, zeros_like
from onevar.v1.array_ops_index import gather, gather_nd, reverse_sequence, slice_, where
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, squeeze, stack
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dims_of, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, equal, maximum
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import argmax, reduce_logsumexp, reduce_max, reduce_sum
from onevar.v1.rnn_cell_base import RNNCell
from onevar.v1.rnn_dynamic import dynamic_rnn
from onevar.v1.variable_scopes import get_variable


def _steps(inputs: Any) -> Any:
    known = (dims_of(inputs) or (None, None))[1]
    return shape_op(inputs)[1] if known is None else known


def _single_or_more(inputs: Any, single: Callable[[], Any], more: Callable[[], Any]) -> Any:
    """Return `single()` for sequences of one step, else `more()`: there are no transitions in the first case."""
    steps = _steps(inputs)
    if isinstance(steps, int):
        return single() if steps == 1 else more()
    return cond(equal(steps, 1), single, more)


def _first_of(inputs: Any) -> Any:
    return squeeze(slice_(inputs, [0, 0, 0], [-1, 1, -1]), [1])


def _zero_if_empty(values: Any, sequence_lengths: Any) -> Any:
    return where(sequence_lengths <= zeros_like(sequence_lengths), zeros_like(values), values)


def _less_one(sequence_lengths: Any) -> Any:
    """Return how many transitions there are."""
    sequence_lengths = cast(sequence_lengths, dtypes.int32)
    return maximum(dtypes.int32.as_numpy_dtype(0), sequence_lengths - 1)


@export("contrib.crf.crf_sequence_score")
def crf_sequence_score(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the score of tags: their unary potentials, and those of the transitions between them.

    Args:
        inputs: Unary potentials, `(batch, time, tags)`.
        tag_indices: Tags, `(batch, time)`.
        sequence_lengths: Lengths, `(batch,)`.
        transition_params: Scores of transitions, `(tags, tags)`.
    """

    def single() -> Any:
        rows = expand_dims(range_(shape_op(inputs)[0]), 1)
        places = concat([rows, cast(slice_(tag_indices, [0, 0], [-1, 1]), dtypes.int32)], 1)
        return _zero_if_empty(gather_nd(squeeze(inputs, [1]), places), sequence_lengths)

    def more() -> Any:
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return _single_or_more(inputs, single, more)


@export("contrib.crf.crf_multitag_sequence_score")
def crf_multitag_sequence_score(inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the logarithm of the sum over all sequences of allowed tags of the exponentials of their scores.

    Args:
        inputs: Unary potentials, `(batch, time, tags)`.
        tag_bitmap: Which tags are allowed where, of the same shape.
        sequence_lengths: Lengths, `(batch,)`.
        transition_params: Scores of transitions, `(tags, tags)`.
    """
    tag_bitmap = cast(tag_bitmap, dtypes.bool)
    sequence_lengths = cast(sequence_lengths, dtypes.int32)
    filtered = where(tag_bitmap, inputs, zeros_like(inputs) + float("-inf"))

    def single() -> Any:
        return _zero_if_empty(reduce_logsumexp(squeeze(filtered, [1]), axis=[1]), sequence_lengths)

    def more() -> Any:
        return crf_log_norm(filtered, sequence_lengths, transition_params)

    return _single_or_more(inputs, single, more)


@export("contrib.crf.crf_log_norm")
def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the logarithm of the sum over all sequences of tags of the exponentials of their scores.

    Args:
        inputs: Unary potentials, `(batch, time, tags)`.
        sequence_lengths: Lengths, `(batch,)`.
        transition_params: Scores of transitions, `(tags, tags)`.
    """
    sequence_lengths = cast(sequence_lengths, dtypes.int32)
    first = _first_of(inputs)

    def single() -> Any:
        return _zero_if_empty(reduce_logsumexp(first, [1]), sequence_lengths)

    def more() -> Any:
        _, alphas = dynamic_rnn(
            cell=CrfForwardRnnCell(transition_params), inputs=slice_(inputs, [0, 1, 0], [-1, -1, -1]),
            sequence_length=_less_one(sequence_lengths), initial_state=first, dtype=dtypes.float32,
        )  # fmt: skip
        return _zero_if_empty(reduce_logsumexp(alphas, [1]), sequence_lengths)

    return _single_or_more(inputs, single, more)


@export("contrib.crf.crf_log_likelihood")
def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Any, Any]:
    """Return the logarithm of the likelihood of tags, `(batch,)`, and the scores of transitions.

    Args:
        inputs: Unary potentials, `(batch, time, tags)`.
        tag_indices: Tags, `(batch, time)`.
        sequence_lengths: Lengths, `(batch,)`.
        transition_params: Scores of transitions, `(tags, tags)`; None makes a variable `transitions`.
    """
    tags = shape_of(inputs).as_list()[2]
    sequence_lengths = cast(sequence_lengths, dtypes.int32)
    if transition_params is None:
        transition_params = get_variable("transitions", [tags, tags])
    scores = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return scores - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


@export("contrib.crf.crf_unary_score")
def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Any:
    """Return the sum of the unary potentials of tags.

    Args:
        tag_indices: Tags, `(batch, time)`.
        sequence_lengths: Lengths, `(batch,)`.
        inputs: Unary potentials, `(batch, time, tags)`.
    """
    tag_indices, sequence_lengths = cast(tag_indices, dtypes.int32), cast(sequence_lengths, dtypes.int32)
    batch, steps, tags = (shape_op(inputs)[axis] for axis in range(3))
    flat = reshape(inputs, [-1])
    offsets = expand_dims(range_(batch) * steps * tags, 1) + expand_dims(range_(steps) * tags, 0)
    chosen = gather(flat, reshape(offsets + tag_indices, [-1]))
    chosen = reshape(chosen, [batch, steps])
    return reduce_sum(
        chosen * sequence_mask(sequence_lengths, maxlen=shape_op(tag_indices)[1], dtype=dtypes.float32), 1
    )


@export("contrib.crf.crf_binary_score")
def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the sum of the scores of the transitions between tags.

    Args:
        tag_indices: Tags, `(batch, time)`.
        sequence_lengths: Lengths, `(batch,)`.
        transition_params: Scores of transitions, `(tags, tags)`.
    """
    tag_indices, sequence_lengths = cast(tag_indices, dtypes.int32), cast(sequence_lengths, dtypes.int32)
    tags, transitions = shape_of(transition_params)[0], shape_op(tag_indices)[1] - 1
    before = slice_(tag_indices, [0, 0], [-1, transitions])
    after = slice_(tag_indices, [0, 1], [-1, transitions])
    chosen = gather(reshape(transition_params, [-1]), before * tags + after)
    mask = sequence_mask(sequence_lengths, maxlen=shape_op(tag_indices)[1], dtype=dtypes.float32)
    return reduce_sum(chosen * slice_(mask, [0, 1], [-1, -1]), 1)


class _Chain(RNNCell):
    """What the cells have in common: scores of transitions."""

    def __init__(self, transition_params: Any):
        super().__init__()
        self._transitions = expand_dims(transition_params, 0)
        self._tags = shape_of(transition_params)[0].value

    @property
    def state_size(self) -> int:
        """The number of tags."""
        return self._tags

    @property
    def output_size(self) -> int:
        """The number of tags."""
        return self._tags


@export("contrib.crf.CrfForwardRnnCell")
class CrfForwardRnnCell(_Chain):
    """A step of the forward algorithm.

    Args:
        transition_params: Scores of transitions, `(tags, tags)`.
    """

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Return the next state, twice.

        Args:
            inputs: Unary potentials, `(batch, tags)`.
            state: The previous alphas, of the same shape.
            scope: Not looked at.
        """
        alphas = inputs + reduce_logsumexp(expand_dims(state, 2) + self._transitions, [1])
        return alphas, alphas


@export("contrib.crf.viterbi_decode")
def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """Return the best tags of one sequence, and their score, computed by NumPy.

    Args:
        score: Unary potentials, an array of shape `(time, tags)`.
        transition_params: Scores of transitions, `(tags, tags)`.
    """
    trellis = np.zeros_like(score)
    pointers = np.zeros_like(score, dtype=np.int32)
    trellis[0] = score[0]
    for step in range(1, score.shape[0]):
        ways = np.expand_dims(trellis[step - 1], 1) + transition_params
        trellis[step] = score[step] + np.max(ways, 0)
        pointers[step] = np.argmax(ways, 0)
    tags = [np.argmax(trellis[-1])]
    for pointer in reversed(pointers[1:]):
        tags.append(pointer[tags[-1]])
    return tags[::-1], np.max(trellis[-1])


@export("contrib.crf.CrfDecodeForwardRnnCell")
class CrfDecodeForwardRnnCell(_Chain):
    """A step of Viterbi's algorithm: the best score of each tag, and from where.

    Args:
        transition_params: Scores of transitions, `(tags, tags)`.
    """

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Return the tags before the best way to each tag, and the scores of these ways.

        Args:
            inputs: Unary potentials, `(batch, tags)`.
            state: The previous scores, of the same shape.
            scope: Not looked at.
        """
        ways = expand_dims(state, 2) + self._transitions
        return cast(argmax(ways, 1), dtype=dtypes.int32), inputs + reduce_max(ways, [1])


@export("contrib.crf.CrfDecodeBackwardRnnCell")
class CrfDecodeBackwardRnnCell(RNNCell):
    """A step back along the best way.

    Args:
        num_tags: The number of tags.
    """

    def __init__(self, num_tags: int):
        super().__init__()
        self._num_tags = num_tags

    @property
    def state_size(self) -> int:
        """One tag."""
        return 1

    @property
    def output_size(self) -> int:
        """One tag."""
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Return the tag before, twice.

        Args:
            inputs: For each tag the one before, `(batch, tags)`.
            state: The tag, `(batch, 1)`.
            scope: Not looked at.
        """
        state = squeeze(state, axis=[1])
        places = stack([range_(shape_op(inputs)[0]), state], axis=1)
        tags = expand_dims(gather_nd(inputs, places), -1)
        return tags, tags


@export("contrib.crf.crf_decode")
def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Any, Any]:
    """Return the best tags, int32 of shape `(batch, time)`, and their scores, `(batch,)`.

    Args:
        potentials: Unary potentials, `(batch, time, tags)`.
        transition_params: Scores of transitions, `(tags, tags)`.
        sequence_length: Lengths, `(batch,)`.
    """
    sequence_length = cast(sequence_length, dtypes.int32)

    def single() -> Any:
        first = squeeze(potentials, [1])
        tags = cast(expand_dims(argmax(first, axis=1), 1), dtypes.int32)
        return tags, reshape(reduce_max(first, axis=1), [-1])

    def more() -> Any:
        before_last = _less_one(sequence_length)
        pointers, scores = dynamic_rnn(
            CrfDecodeForwardRnnCell(transition_params), inputs=slice_(potentials, [0, 1, 0], [-1, -1, -1]),
            sequence_length=before_last, initial_state=_first_of(potentials), time_major=False, dtype=dtypes.int32,
        )  # fmt: skip
        pointers = reverse_sequence(pointers, before_last, seq_dim=1)
        last = expand_dims(cast(argmax(scores, axis=1), dtype=dtypes.int32), axis=-1)
        tags, _ = dynamic_rnn(
            CrfDecodeBackwardRnnCell(shape_of(transition_params)[0].value), inputs=pointers,
            sequence_length=before_last, initial_state=last, time_major=False, dtype=dtypes.int32,
        )  # fmt: skip
        tags = concat([last, squeeze(tags, axis=[2])], axis=1)
        return reverse_sequence(tags, sequence_length, seq_dim=1), reduce_max(scores, axis=1)

    return _single_or_more(potentials, single, more)

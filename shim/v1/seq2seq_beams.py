"""Beam search: `tf.contrib.seq2seq.BeamSearchDecoder`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, map_structure
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import one_hot, zeros
from onevar.v1.array_ops_index import gather_nd, where
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, size, stack, tile, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.layers_base import Layer
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_max
from onevar.v1.nn_embedding import embedding_lookup
from onevar.v1.rnn_cell_base import assert_like_rnncell
from onevar.v1.script_ops import py_func
from onevar.v1.seq2seq_beam_step import BeamSearchDecoderOutput, BeamSearchDecoderState, Search, attention_probs
from onevar.v1.seq2seq_decoder import Decoder
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.tf_logging import warning


@export("contrib.seq2seq.FinalBeamSearchDecoderOutput")
class FinalBeamSearchDecoderOutput(NamedTuple):
    """What is put out in the end: the symbols of the best beams, and what each step put out."""

    predicted_ids: Any
    beam_search_decoder_output: Any


@export("contrib.seq2seq.gather_tree")
def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: str | None = None
) -> Any:
    """Return the symbols along each beam, found by going back from its end.

    Args:
        step_ids: Symbols, int32 of shape `(time, batch, beams)`.
        parent_ids: From which beam of the step before each one goes on.
        max_sequence_lengths: The longest beam of each batch, `(batch,)`.
        end_token: What fills the rest.
        name: Of the operation.
    """
    with name_scope(name, "GatherTree"):
        step_ids = convert_to_tensor(step_ids, dtype=dtypes.int32)
        lengths = convert_to_tensor(max_sequence_lengths, dtype=dtypes.int32)
        arguments = [step_ids, parent_ids, lengths, convert_to_tensor(end_token, dtype=dtypes.int32)]
        beams = py_func(_traced_back, arguments, dtypes.int32, stateful=False)
        set_shape(beams, shape_of(step_ids))
        return beams


def _traced_back(steps: Any, parents: Any, longest: Any, end: Any) -> Any:
    """Return the symbols along beams, in NumPy."""
    times, batches, width = steps.shape
    beams = np.full_like(steps, end)
    rows, numbers = np.indices((batches, width))
    lengths = np.minimum(times, longest)
    current = numbers.copy()
    for time in range(times - 1, -1, -1):
        reached = (time < lengths)[:, None] & np.ones((1, width), bool)
        if np.any(reached & ((current < 0) | (current >= width))):
            raise ValueError(f"gather_tree: a beam's parent at step {time} is none of the {width} beams.")
        beams[time] = np.where(reached, steps[time][rows, current], end)
        current = np.where(reached, parents[time][rows, current], numbers)
    ended = np.cumsum(beams == end, axis=0) - (beams == end) > 0
    return np.where(ended, end, beams).astype(steps.dtype)


def _as_embedding(embedding: Any) -> Callable[[Any], Any]:
    return embedding if callable(embedding) else (lambda ids: embedding_lookup(embedding, ids))


@export("contrib.seq2seq.BeamSearchDecoder")
class BeamSearchDecoder(Decoder):
    """Keeps the most likely sequences at each step.

    With attention, what is attended to and the first state have to be tiled by `tile_batch`.

    Args:
        cell: The cell.
        embedding: A matrix, or a function from symbols to inputs.
        start_tokens: The first symbols, int32 of shape `(batch,)`.
        end_token: The symbol that ends a sequence.
        initial_state: The first state, of `batch * beam_width` rows.
        beam_width: How many sequences are kept.
        output_layer: A layer that what the cell puts out goes through.
        length_penalty_weight: How much long sequences are favoured.
        coverage_penalty_weight: How much attention has to cover all inputs.
        reorder_tensor_arrays: Whether TensorArrays of the state are sorted by beams in the end.

    Raises:
        TypeError: `cell` or `output_layer` is none.
        ValueError: `start_tokens` is no vector, or `end_token` no scalar.
    """

    def __init__(
        self, cell: Any, embedding: Any, start_tokens: Any, end_token: Any, initial_state: Any, beam_width: int,
        output_layer: Any = None, length_penalty_weight: float = 0.0, coverage_penalty_weight: float = 0.0,
        reorder_tensor_arrays: bool = True,
    ):  # fmt: skip
        assert_like_rnncell("cell", cell)
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._output_layer, self._beam_width = cell, output_layer, beam_width
        self._reorders = reorder_tensor_arrays
        self._coverage = coverage_penalty_weight
        self._embedding_fn = _as_embedding(embedding)
        self._start_tokens = convert_to_tensor(start_tokens, dtype=dtypes.int32, name="start_tokens")
        if rank_of(self._start_tokens) != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if rank_of(self._end_token) != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = size(self._start_tokens)
        self._initial_cell_state = map_structure(self._maybe_split, initial_state, cell.state_size)
        self._start_tokens = tile(expand_dims(self._start_tokens, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(self._start_tokens)
        self._search = Search(
            self._batch_size, beam_width, self._end_token, length_penalty_weight, coverage_penalty_weight
        )

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """True: beams change their places."""
        return True

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        """A number for each beam."""
        beams = TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(beams, beams, beams)

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        """The state's dtype for scores, int32 for the others."""
        dtype = dtype_of(flatten(self._initial_cell_state)[0])
        return BeamSearchDecoderOutput(dtype, dtypes.int32, dtypes.int32)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """See `Decoder`. Of the beams, which are all the same, the first alone counts at the first step."""
        dtype = dtype_of(flatten(self._initial_cell_state)[0])
        first = zeros([self._batch_size], dtype=dtypes.int32)
        finished = one_hot(first, depth=self._beam_width, on_value=False, off_value=True, dtype=dtypes.bool)
        log_probs = one_hot(first, depth=self._beam_width, on_value=0.0, off_value=float("-inf"), dtype=dtype)
        seen = attention_probs(self._initial_cell_state, self._coverage)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=log_probs,
            finished=finished,
            lengths=zeros([self._batch_size, self._beam_width], dtype=dtypes.int64),
            accumulated_attention_probs=() if seen is None else seen,
        )
        return finished, self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """See `Decoder`."""
        with name_scope(name, "BeamSearchDecoderStep", [time, *flatten(inputs)]):
            inputs = map_structure(self._merged, inputs)
            cell_state = map_structure(self._maybe_merge, state.cell_state, self._cell.state_size)
            outputs, cell_state = self._cell(inputs, cell_state)
            outputs = map_structure(self._split, outputs)
            cell_state = map_structure(self._maybe_split, cell_state, self._cell.state_size)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            found, next_state = self._search.step(outputs, cell_state, state)
            symbols = found.predicted_ids
            next_inputs = self._embedding_fn(symbols)
        return found, next_state, next_inputs, next_state.finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Return the symbols along the beams and what each step put out; and the state.

        Args:
            outputs: Of all steps.
            final_state: The last one.
            sequence_lengths: Not looked at: the state knows better.
        """
        longest = cast(reduce_max(final_state.lengths, axis=1), dtypes.int32)
        symbols = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorders:
            sorted_state = map_structure(
                lambda value: self._sorted(value, outputs.parent_ids, final_state.lengths), final_state.cell_state
            )
            final_state = final_state._replace(cell_state=sorted_state)
        return FinalBeamSearchDecoderOutput(symbols, outputs), final_state

    # -- rows of beams, and beams of rows ---------------------------------------------------------------

    def _known_batch(self) -> int | None:
        known = constant_value(self._batch_size)
        return None if known is None else int(known)

    def _merged(self, tensor: Any) -> Any:
        """Return `(batch, beams, ...)` as `(batch * beams, ...)`."""
        rest = shape_of(tensor)[2:]
        batch = self._known_batch()
        merged = reshape(tensor, concat([[self._batch_size * self._beam_width], shape_op(tensor)[2:]], 0))
        set_shape(merged, TensorShape([None if batch is None else batch * self._beam_width]).concatenate(rest))
        return merged

    def _split(self, tensor: Any) -> Any:
        """Return `(batch * beams, ...)` as `(batch, beams, ...)`."""
        rest = shape_of(tensor)[1:]
        split = reshape(tensor, concat([[self._batch_size, self._beam_width], shape_op(tensor)[1:]], 0))
        expected = TensorShape([self._known_batch(), self._beam_width]).concatenate(rest)
        if not shape_of(split).is_compatible_with(expected):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The reshaped tensor has "
                f"shape: {shape_of(split)}.  We expected it to have shape (batch_size, beam_width, depth) == "
                f"{expected}.  Perhaps you forgot to create a zero_state with batch_size=encoder_batch_size * "
                "beam_width?"
            )
        set_shape(split, expected)
        return split

    def _maybe_split(self, value: Any, _: Any) -> Any:
        if isinstance(value, TensorArray):
            return value
        if rank_of(value) is None:
            raise ValueError(f"Expected tensor ({value}) to have known rank, but ndims == None.")
        return self._split(value) if rank_of(value) else value

    def _maybe_merge(self, value: Any, _: Any) -> Any:
        if isinstance(value, TensorArray) or not rank_of(value):
            return value
        return self._merged(value)

    def _sorted(self, value: Any, parents: Any, lengths: Any) -> Any:
        """Return a TensorArray's steps along the beams, stacked, if it says that it has beams; else what it is."""
        if not isinstance(value, TensorArray) or not self._has_beams(value):
            return value
        stacked = value.stack()
        return _along_beams(stacked, parents, lengths)

    def _has_beams(self, array: TensorArray) -> bool:
        shape = array.element_shape
        if not shape.rank:
            warning(
                "The TensorArray %s in the cell state is not amenable to sorting based on the beam search result. For "
                "a TensorArray to be sorted, its elements shape must be defined and have at least a rank of 1, but "
                "saw shape: %s",
                array, shape,
            )  # fmt: skip
            return False
        batch, rows = self._known_batch(), shape.as_list()
        return None in (batch, rows[0]) or rows[0] == (batch or 0) * self._beam_width or rows[0] == batch


def _along_beams(values: Any, parents: Any, lengths: Any) -> Any:
    """Return `(time, batch * beams or batch, beams, ...)` with each beam's own past."""
    times, batches, width = (shape_op(parents)[axis] for axis in range(3))
    own = tile(reshape(range_(width), [1, 1, -1]), stack([times, batches, 1]))
    longest = cast(reduce_max(lengths, axis=1), dtypes.int32)
    order = gather_tree(own, parents, longest, width + 1)
    inside = transpose(_mask(lengths, times), perm=[2, 0, 1])
    order = where(inside, order, own)
    rows = tile(reshape(range_(times), [-1, 1, 1]), stack([1, batches, width]))
    columns = tile(reshape(range_(batches), [1, -1, 1]), stack([times, 1, width]))
    flat = reshape(values, stack([times, batches, width, -1]))
    return reshape(gather_nd(flat, stack([rows, columns, order], -1)), shape_op(values))


def _mask(lengths: Any, times: Any) -> Any:
    steps = reshape(range_(times), [1, 1, -1])
    return steps < expand_dims(cast(lengths, dtypes.int32), 2)

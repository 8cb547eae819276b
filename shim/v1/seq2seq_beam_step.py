"""One step of beam search: the best continuations of all beams together."""

from typing import Any, NamedTuple

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.nest import map_structure
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import fill, one_hot, ones_like
from onevar.v1.array_ops_index import gather, where
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, tile
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import BINARY, UNARY, cast, div, equal, log, minimum
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_mean, reduce_sum
from onevar.v1.nn_activations import log_softmax
from onevar.v1.seq2seq_attention import AttentionWrapperState
from onevar.v1.tensor_array_ops import TensorArray

_not, _or = UNARY["LogicalNot"], BINARY["LogicalOr"]


@export("contrib.seq2seq.BeamSearchDecoderState")
class BeamSearchDecoderState(NamedTuple):
    """What is carried from step to step: the cell's state, and of each beam its probability, end and length."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


@export("contrib.seq2seq.BeamSearchDecoderOutput")
class BeamSearchDecoderOutput(NamedTuple):
    """What a step puts out for each beam: its score, its symbol, and the beam that it goes on from."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


def attention_probs(cell_state: Any, coverage_penalty_weight: Any) -> Any:
    """Return where attention is, the mean of all mechanisms; None where coverage does not count.

    Args:
        cell_state: The cell's state.
        coverage_penalty_weight: How much coverage counts.

    Raises:
        ValueError: It counts, and there is no attention.
    """
    if coverage_penalty_weight == 0.0:
        return None
    states = cell_state if isinstance(cell_state, tuple) else ()
    if isinstance(cell_state, AttentionWrapperState):
        states = (cell_state,)
    found = [_mean(state.alignments) for state in states if isinstance(state, AttentionWrapperState)]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return _mean(tuple(found))


def _mean(probs: Any) -> Any:
    if not isinstance(probs, tuple):
        return probs
    if len(probs) == 1:
        return probs[0]
    return reduce_mean(concat([expand_dims(one, -1) for one in probs], -1), -1)


class Search:
    """What the steps of one search share.

    Args:
        batch_size: A scalar tensor.
        beam_width: How many sequences are kept.
        end_token: The symbol that ends a sequence.
        length_penalty_weight: How much long sequences are favoured.
        coverage_penalty_weight: How much attention has to cover all inputs.
    """

    def __init__(
        self, batch_size: Any, beam_width: int, end_token: Any, length_penalty_weight: Any,
        coverage_penalty_weight: Any,
    ):  # fmt: skip
        self.batch, self.width, self.end = batch_size, beam_width, end_token
        self.length_weight, self.coverage_weight = length_penalty_weight, coverage_penalty_weight

    def step(self, logits: Any, cell_state: Any, state: BeamSearchDecoderState) -> tuple[Any, Any]:
        """Return what the step puts out, and the next state.

        Args:
            logits: Scores of symbols, `(batch, beams, symbols)`.
            cell_state: The cell's next state.
            state: The state before.
        """
        going = _not(state.finished)
        log_probs = self._only_the_end(log_softmax(logits), state.finished)
        totals = expand_dims(state.log_probs, 2) + log_probs
        symbols = (dims_of(logits) or (None,))[-1]
        symbols = shape_op(logits)[-1] if symbols is None else symbols
        attention = attention_probs(cell_state, self.coverage_weight)
        if attention is not None:
            attention = attention * expand_dims(cast(going, dtypes.float32), 2)
            attention = state.accumulated_attention_probs + attention
        lengths = self._lengths_with(symbols, going, state.lengths)
        scores = self._scores(totals, lengths, state.finished, attention)
        best, places = exported("nn.top_k")(reshape(scores, [self.batch, -1]), k=self.width)
        known = self._known(self.width)
        set_shape(best, known)
        set_shape(places, known)
        probs = self._chosen(places, totals, self.width * symbols, [-1], "next_beam_probs")
        words = cast(exported("mod")(places, symbols, name="next_beam_word_ids"), dtypes.int32)
        parents = cast(places / symbols, dtypes.int32, name="next_beam_parent_ids")
        finished = self._chosen(parents, state.finished, self.width, [-1])
        ended = _or(finished, equal(words, self.end), name="next_beam_finished")
        length = self._chosen(parents, state.lengths, self.width, [-1]) + cast(_not(finished), dtypes.int64)
        rows = [self.batch * self.width, -1]
        seen: Any = ()
        if attention is not None:
            seen = self._chosen(parents, attention, self.width, rows, "next_accumulated_attention_probs")
        cell_state = map_structure(lambda value: self._maybe_chosen(parents, value, rows), cell_state)
        return BeamSearchDecoderOutput(best, words, parents), BeamSearchDecoderState(
            cell_state, probs, ended, length, seen
        )

    def _known(self, *rest: Any) -> TensorShape:
        batch = constant_value(self.batch)
        return TensorShape([None if batch is None else int(batch), *rest])

    def _only_the_end(self, log_probs: Any, finished: Any) -> Any:
        """Return the probabilities, where a beam has ended all of it on the end."""
        symbols, dtype = shape_op(log_probs)[2], dtype_of(log_probs)
        row = one_hot(self.end, symbols, dtype=dtype, on_value=convert_to_tensor(0.0, dtype=dtype), off_value=dtype.min)
        rows = tile(reshape(row, [1, 1, -1]), concat([shape_op(finished), [1]], 0))
        return where(tile(expand_dims(finished, 2), [1, 1, symbols]), rows, log_probs)

    def _lengths_with(self, symbols: Any, going: Any, lengths: Any) -> Any:
        """Return how long each beam is with each symbol: the end adds nothing."""
        ends = fill([self.batch, self.width], self.end)
        zero, one = (convert_to_tensor(value, dtype=dtypes.int64) for value in (0, 1))
        more = one_hot(ends, depth=symbols, on_value=zero, off_value=one, dtype=dtypes.int64)
        return more * expand_dims(cast(going, dtypes.int64), 2) + expand_dims(lengths, 2)

    def _scores(self, totals: Any, lengths: Any, finished: Any, attention: Any) -> Any:
        """Return the scores: Wu et al., 2016, section 7."""
        weight: Any = convert_to_tensor(self.length_weight, name="penalty_factor")
        known = constant_value(weight)
        if known is None or known != 0:
            penalty = div((5.0 + cast(lengths, dtypes.float32)) ** weight, convert_to_tensor(6.0) ** weight)
            totals = totals / cast(penalty, dtype_of(totals))
        coverage = convert_to_tensor(self.coverage_weight, name="coverage_penalty_weight")
        if rank_of(coverage) != 0:
            raise ValueError(f"coverage_penalty_weight should be a scalar, but saw shape: {shape_of(coverage)}")
        known = constant_value(coverage)
        if known is not None and known == 0.0:
            return totals
        if attention is None:
            raise ValueError("accumulated_attention_probs can be None only if coverage penalty is disabled.")
        attention = where(equal(attention, 0.0), ones_like(attention), attention)
        covered = reduce_sum(log(minimum(attention, 1.0)), 2) * cast(finished, dtypes.float32)
        return totals + expand_dims(covered * coverage, 2)

    def _maybe_chosen(self, parents: Any, value: Any, rows: Any) -> Any:
        if isinstance(value, TensorArray):
            return value
        rank = rank_of(value)
        if rank is None:
            raise ValueError(f"Expected tensor ({value}) to have known rank, but ndims == None.")
        return self._chosen(parents, value, self.width, rows) if rank >= len(rows) else value

    def _chosen(self, places: Any, values: Any, count: Any, rows: Any, name: str | None = None) -> Any:
        """Return, for each batch, the values in the places."""
        with name_scope(name, "tensor_gather_helper"):
            offsets = expand_dims(range_(self.batch) * count, 1)
            found = gather(reshape(values, rows), reshape(places + offsets, [-1]))
            keep = 1 + len(rows)
            chosen = reshape(found, shape_op(values)[:keep], name="output")
            set_shape(chosen, self._known().concatenate(shape_of(values)[1:keep]))
            return chosen

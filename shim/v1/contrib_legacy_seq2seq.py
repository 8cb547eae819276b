"""`tf.contrib.legacy_seq2seq`: encoders and decoders over lists of tensors, their losses, and buckets."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, is_nested, pack
from onevar.v1.array_ops_shape import concat, reshape
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of
from onevar.v1.contrib_legacy_decoders import (
    Outputs,
    check_projection,
    embedded_argmax,
    embedding_attention_decoder,
    embedding_rnn_decoder,
    offer,
    rnn_decoder,
)
from onevar.v1.contrib_rnn_wrappers import EmbeddingWrapper, OutputProjectionWrapper
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import exported
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_matmul import add_n
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.nn_embedding import embedding_lookup
from onevar.v1.rnn_cell_base import RNNCell
from onevar.v1.rnn_static import static_rnn
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_scopes import get_variable, variable_scope


def _fed_or_not(feed_previous: Any, decode: Callable[[bool], Outputs], count: int, like: Any) -> Outputs:
    """Return what `decode` does where a tensor says whether the best symbols are fed back."""

    def flat(feeds: bool) -> list[Any]:
        with variable_scope(get_variable_scope(), reuse=None if feeds else True):
            outputs, state = decode(feeds)
            return outputs + (flatten(state) if is_nested(state) else [state])

    both = cond(feed_previous, lambda: flat(True), lambda: flat(False))
    states = both[count:]
    return both[:count], pack(like, states) if is_nested(like) else states[0]


@offer("basic_rnn_seq2seq")
def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = "float32", scope: Any = None
) -> Outputs:
    """Return what a decoder puts out that starts from an encoder's last state, and its own last state.

    Args:
        encoder_inputs: A tensor for each step.
        decoder_inputs: The same.
        cell: The cell of both, with variables for each.
        dtype: Of the state.
        scope: The variable scope.
    """
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


@offer("tied_rnn_seq2seq")
def tied_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, loop_function: Any = None, dtype: Any = "float32",
    scope: Any = None,
) -> Outputs:  # fmt: skip
    """As `basic_rnn_seq2seq`, with the same variables for encoder and decoder.

    Args:
        encoder_inputs: A tensor for each step.
        decoder_inputs: The same.
        cell: The cell of both.
        loop_function: As for `rnn_decoder`.
        dtype: Of the state.
        scope: The variable scope.
    """
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


@offer("embedding_rnn_seq2seq")
def embedding_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int,
    embedding_size: int, output_projection: Any = None, feed_previous: Any = False, dtype: Any = None,
    scope: Any = None,
) -> Outputs:  # fmt: skip
    """As `basic_rnn_seq2seq`, of symbols.

    Args:
        encoder_inputs: Symbols for each step.
        decoder_inputs: The same.
        cell: The cell of both, with variables for each.
        num_encoder_symbols: The number of symbols.
        num_decoder_symbols: The same.
        embedding_size: The size of an embedding.
        output_projection: Weights and biases that make scores of outputs; None: a layer does.
        feed_previous: A bool, or a tensor: whether the best symbol of a step is the next one's input.
        dtype: Of the state.
        scope: The variable scope.
    """
    with variable_scope(scope or "embedding_rnn_seq2seq") as entered:
        if dtype is not None:
            entered.set_dtype(dtype)
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell), embedding_classes=num_encoder_symbols, embedding_size=embedding_size
        )
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or entered.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feeds: bool, **given: Any) -> Outputs:
            return embedding_rnn_decoder(
                decoder_inputs, state, cell, num_decoder_symbols, embedding_size,
                output_projection=output_projection, feed_previous=feeds, **given,
            )  # fmt: skip

        if isinstance(feed_previous, bool):
            return decode(feed_previous)
        updates = {"update_embedding_for_previous": False}
        return _fed_or_not(feed_previous, lambda feeds: decode(feeds, **updates), len(decoder_inputs), state)


@offer("embedding_tied_rnn_seq2seq")
def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_symbols: int, embedding_size: int,
    num_decoder_symbols: int | None = None, output_projection: Any = None, feed_previous: Any = False,
    dtype: Any = None, scope: Any = None,
) -> Outputs:  # fmt: skip
    """As `tied_rnn_seq2seq`, of symbols, whose embeddings are the same in encoder and decoder.

    Args:
        encoder_inputs: Symbols for each step.
        decoder_inputs: The same.
        cell: The cell of both.
        num_symbols: The number of symbols.
        embedding_size: The size of an embedding.
        num_decoder_symbols: The number of symbols that are put out; None: all.
        output_projection: Weights and biases that make scores of outputs; None: a layer does.
        feed_previous: A bool, or a tensor: whether the best symbol of a step is the next one's input.
        dtype: Of the state.
        scope: The variable scope.

    Raises:
        ValueError: The projection has another shape.
    """
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        dtype = entered.dtype
        check_projection(output_projection, num_symbols, dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        given = [embedding_lookup(embedding, symbols) for symbols in encoder_inputs]
        wanted = [embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_symbols if num_decoder_symbols is None else num_decoder_symbols)

        def decode(feeds: bool, updates: bool = False) -> Outputs:
            follow = embedded_argmax(embedding, output_projection, updates) if feeds else None
            return tied_rnn_seq2seq(given, wanted, cell, loop_function=follow, dtype=dtype)

        if isinstance(feed_previous, bool):
            return decode(feed_previous, True)
        like = cell.zero_state(shape_op(encoder_inputs[0])[0], dtype)
        return _fed_or_not(feed_previous, decode, len(decoder_inputs), like)


@offer("embedding_attention_seq2seq")
def embedding_attention_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int,
    embedding_size: int, num_heads: int = 1, output_projection: Any = None, feed_previous: Any = False,
    dtype: Any = None, scope: Any = None, initial_state_attention: bool = False,
) -> Outputs:  # fmt: skip
    """As `embedding_rnn_seq2seq`, with attention to the encoder's outputs.

    Args:
        encoder_inputs: Symbols for each step.
        decoder_inputs: The same.
        cell: The cell of both, with variables for each.
        num_encoder_symbols: The number of symbols.
        num_decoder_symbols: The same.
        embedding_size: The size of an embedding.
        num_heads: How many look.
        output_projection: Weights and biases that make scores of outputs; None: a layer does.
        feed_previous: A bool, or a tensor: whether the best symbol of a step is the next one's input.
        dtype: Of the state.
        scope: The variable scope.
        initial_state_attention: As for `attention_decoder`.
    """
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell), embedding_classes=num_encoder_symbols, embedding_size=embedding_size
        )
        encoded, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        states = concat([reshape(output, [-1, 1, cell.output_size]) for output in encoded], 1)
        size = None
        if output_projection is None:
            cell, size = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols

        def decode(feeds: bool, **given: Any) -> Outputs:
            return embedding_attention_decoder(
                decoder_inputs, state, states, cell, num_decoder_symbols, embedding_size, num_heads=num_heads,
                output_size=size, output_projection=output_projection, feed_previous=feeds,
                initial_state_attention=initial_state_attention, **given,
            )  # fmt: skip

        if isinstance(feed_previous, bool):
            return decode(feed_previous)
        updates = {"update_embedding_for_previous": False}
        return _fed_or_not(feed_previous, lambda feeds: decode(feeds, **updates), len(decoder_inputs), state)


@offer("one2many_rnn_seq2seq")
def one2many_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs_dict: dict[Any, Any], enc_cell: Any, dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int, num_decoder_symbols_dict: dict[Any, int], embedding_size: int,
    feed_previous: Any = False, dtype: Any = None, scope: Any = None,
) -> tuple[dict[Any, Any], dict[Any, Any]]:  # fmt: skip
    """As `embedding_rnn_seq2seq`, with several decoders.

    Args:
        encoder_inputs: Symbols for each step.
        decoder_inputs_dict: The same, by decoders' names.
        enc_cell: The encoder's cell.
        dec_cells_dict: The decoders' cells.
        num_encoder_symbols: The number of symbols.
        num_decoder_symbols_dict: The same, by decoders' names.
        embedding_size: The size of an embedding.
        feed_previous: A bool, or a tensor: whether the best symbol of a step is the next one's input.
        dtype: Of the state.
        scope: The variable scope.

    Raises:
        TypeError: A cell is none.
        ValueError: There are cells and inputs for other decoders.
    """
    if not isinstance(enc_cell, RNNCell):
        raise TypeError(f"enc_cell is not an RNNCell: {type(enc_cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decodre_inputs_dict")
    for cell in dec_cells_dict.values():
        if not isinstance(cell, RNNCell):
            raise TypeError(f"dec_cell is not an RNNCell: {type(cell)}")
    outputs, states = {}, {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(enc_cell, embedding_classes=num_encoder_symbols, embedding_size=embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)

                def decode(feeds: bool, inputs: Any = inputs, cell: Any = cell, symbols: int = symbols) -> Outputs:
                    return embedding_rnn_decoder(inputs, state, cell, symbols, embedding_size, feed_previous=feeds)

                if isinstance(feed_previous, bool):
                    outputs[name], states[name] = decode(feed_previous)
                else:
                    outputs[name], states[name] = _fed_or_not(feed_previous, decode, len(inputs), state)
    return outputs, states


# -- losses and buckets ------------------------------------------------------------------------------------


@offer("sequence_loss_by_example")
def sequence_loss_by_example(
    logits: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any], average_across_timesteps: bool = True,
    softmax_loss_function: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the cross-entropy of each sequence, `(batch,)`.

    Args:
        logits: Scores `(batch, symbols)` for each step.
        targets: Symbols `(batch,)` for each step.
        weights: Of the steps, `(batch,)` for each.
        average_across_timesteps: Whether it is the mean over steps, or the sum.
        softmax_loss_function: From `labels` and `logits` to cross-entropies.
        name: Of the scope.

    Raises:
        ValueError: The lists are not of one length.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    softmax_loss = exported("nn.sparse_softmax_cross_entropy_with_logits")
    with name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                crossent = softmax_loss(labels=reshape(target, [-1]), logits=logit)
            else:
                crossent = softmax_loss_function(labels=target, logits=logit)
            losses.append(crossent * weight)
        total = add_n(losses)
        # A sequence of no weight at all has no loss.
        return total / (add_n(weights) + 1e-12) if average_across_timesteps else total


@offer("sequence_loss")
def sequence_loss(
    logits: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any], average_across_timesteps: bool = True,
    average_across_batch: bool = True, softmax_loss_function: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the cross-entropy of sequences, a scalar.

    Args:
        logits: As for `sequence_loss_by_example`, and so on.
        targets: The same.
        weights: The same.
        average_across_timesteps: The same.
        average_across_batch: Whether it is the mean over sequences, or the sum.
        softmax_loss_function: From `labels` and `logits` to cross-entropies.
        name: Of the scope.

    Raises:
        ValueError: The lists are not of one length.
    """
    with name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = reduce_sum(
            sequence_loss_by_example(
                logits,
                targets,
                weights,
                average_across_timesteps=average_across_timesteps,
                softmax_loss_function=softmax_loss_function,
            )
        )
        return cost / cast(shape_op(targets[0])[0], dtype_of(cost)) if average_across_batch else cost


@offer("model_with_buckets")
def model_with_buckets(
    encoder_inputs: list[Any], decoder_inputs: list[Any], targets: list[Any], weights: list[Any],
    buckets: Sequence[tuple[int, int]], seq2seq: Callable[..., Any], softmax_loss_function: Any = None,
    per_example_loss: bool = False, name: str | None = None,
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """Return outputs and loss of a model for each of several lengths, with the same variables.

    Args:
        encoder_inputs: A tensor for each step of the longest bucket.
        decoder_inputs: The same.
        targets: The same.
        weights: The same.
        buckets: Pairs of the lengths of encoder and decoder, the longest last.
        seq2seq: From encoder's and decoder's inputs to outputs and states.
        softmax_loss_function: From `labels` and `logits` to cross-entropies.
        per_example_loss: Whether the loss is one for each sequence.
        name: Of the scope.

    Raises:
        ValueError: The last bucket is longer than the inputs.
    """
    before, after = buckets[-1]
    given = {"encoder_inputs": (encoder_inputs, before), "targets": (targets, after), "weights": (weights, after)}
    for what, (tensors, size) in given.items():
        if len(tensors) < size:
            raise ValueError(f"Length of {what} ({len(tensors)}) must be at least that of last bucket ({size}).")
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    with name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for number, (before, after) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if number else None):
                made, _ = seq2seq(encoder_inputs[:before], decoder_inputs[:after])
                outputs.append(made)
                losses.append(loss(made, targets[:after], weights[:after], softmax_loss_function=softmax_loss_function))
    return outputs, losses

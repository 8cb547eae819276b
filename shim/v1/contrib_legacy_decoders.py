"""`tf.contrib.legacy_seq2seq`: decoders over lists of tensors, one for each step."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.nest import flatten, is_nested
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import concat, reshape, stack, stop_gradient
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import rank_of, set_shape, shape_of
from onevar.v1.contrib_rnn_linear import Linear
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import UNARY, cast
from onevar.v1.math_ops_reduce import argmax, reduce_sum
from onevar.v1.nn_activations import softmax, xw_plus_b
from onevar.v1.nn_embedding import embedding_lookup
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_scopes import get_variable, variable_scope

_tanh = UNARY["Tanh"]
Outputs = tuple[list[Any], Any]


def offer(name: str) -> Callable[[Any], Any]:
    """Return a decorator that exports a function of `tf.contrib.legacy_seq2seq`.

    Args:
        name: The function's.
    """
    return export(f"contrib.legacy_seq2seq.{name}")


def embedded_argmax(embedding: Any, output_projection: Any = None, update_embedding: bool = True) -> Callable[..., Any]:
    """Return a function from a step's output to the next step's input: the embedding of the best symbol.

    Args:
        embedding: The embeddings.
        output_projection: Weights and biases that make scores of outputs; None: outputs are scores.
        update_embedding: Whether gradients reach the embeddings.
    """

    def next_input(previous: Any, step: int) -> Any:
        if output_projection is not None:
            previous = xw_plus_b(previous, output_projection[0], output_projection[1])
        found = embedding_lookup(embedding, argmax(previous, 1))
        return found if update_embedding else stop_gradient(found)

    return next_input


def check_projection(output_projection: Any, num_symbols: int, dtype: Any) -> None:
    """Check that a projection makes scores of symbols.

    Args:
        output_projection: Weights and biases, or None.
        num_symbols: The number of symbols.
        dtype: Of the weights and biases.

    Raises:
        ValueError: It does not.
    """
    if output_projection is not None:
        weights, biases = (convert_to_tensor(part, dtype=dtype) for part in output_projection)
        shape_of(weights).assert_is_compatible_with([None, num_symbols])
        shape_of(biases).assert_is_compatible_with([num_symbols])


@offer("rnn_decoder")
def rnn_decoder(
    decoder_inputs: Iterable[Any], initial_state: Any, cell: Any, loop_function: Any = None, scope: Any = None
) -> Outputs:
    """Return what a cell puts out at each step, and its last state.

    Args:
        decoder_inputs: A tensor of shape `(batch, depth)` for each step.
        initial_state: The first state.
        cell: The cell.
        loop_function: From the previous output, and the step's number, to the input; None takes what is given.
        scope: The variable scope.
    """
    with variable_scope(scope or "rnn_decoder"):
        state = initial_state
        outputs: list[Any] = []
        for step, given in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    given = loop_function(outputs[-1], step)
            if step:
                get_variable_scope().reuse_variables()
            output, state = cell(given, state)
            outputs.append(output)
    return outputs, state


@offer("embedding_rnn_decoder")
def embedding_rnn_decoder(
    decoder_inputs: Sequence[Any], initial_state: Any, cell: Any, num_symbols: int, embedding_size: int,
    output_projection: Any = None, feed_previous: bool = False, update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> Outputs:  # fmt: skip
    """As `rnn_decoder`, of symbols.

    Args:
        decoder_inputs: Symbols, int32 of shape `(batch,)`, for each step.
        initial_state: The first state.
        cell: The cell.
        num_symbols: The number of symbols.
        embedding_size: The size of an embedding.
        output_projection: Weights and biases that make scores of outputs.
        feed_previous: Whether the best symbol of a step is the next one's input.
        update_embedding_for_previous: Whether gradients reach the embedding of that.
        scope: The variable scope.

    Raises:
        ValueError: The projection has another shape.
    """
    with variable_scope(scope or "embedding_rnn_decoder") as entered:
        check_projection(output_projection, num_symbols, entered.dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        follow = embedded_argmax(embedding, output_projection, update_embedding_for_previous)
        inputs = (embedding_lookup(embedding, symbols) for symbols in decoder_inputs)
        return rnn_decoder(inputs, initial_state, cell, loop_function=follow if feed_previous else None)


class _Attention:
    """Where to look among states: `num_heads` of it, side by side."""

    def __init__(self, states: Any, num_heads: int, dtype: Any):
        self.length = shape_of(states).as_list()[1]
        if self.length is None:
            self.length = shape_op(states)[1]
        self.size: Any = shape_of(states).as_list()[2]
        self.dtype = dtype
        self.hidden = reshape(states, [-1, self.length, 1, self.size])
        self.features, self.weights = [], []
        for head in range(num_heads):
            kernel = get_variable(f"AttnW_{head}", [1, 1, self.size, self.size], dtype=dtype)
            self.features.append(exported("nn.conv2d")(self.hidden, kernel, [1, 1, 1, 1], "SAME"))
            self.weights.append(get_variable(f"AttnV_{head}", [self.size], dtype=dtype))

    def zeros(self, batch_size: Any) -> list[Any]:
        """Return what was seen before anything was looked at."""
        found = []
        for _ in self.weights:
            nothing = zeros(stack([batch_size, self.size]), dtype=self.dtype)
            set_shape(nothing, [None, self.size])
            found.append(nothing)
        return found

    def __call__(self, query: Any) -> list[Any]:
        """Return what is seen, for each head."""
        if is_nested(query):
            parts = flatten(query)
            for part in parts:
                if rank_of(part) not in (None, 2):
                    raise AssertionError(f"query {part} has another rank than 2")
            query = concat(parts, 1)
        return [self._seen(head, query) for head in range(len(self.weights))]

    def _seen(self, head: int, query: Any) -> Any:
        with variable_scope(f"Attention_{head}"):
            asked = cast(reshape(Linear(query, self.size, True)(query), [-1, 1, 1, self.size]), self.dtype)
            score = reduce_sum(self.weights[head] * _tanh(self.features[head] + asked), [2, 3])
            shares = cast(softmax(cast(score, dtypes.float32)), self.dtype)
            seen = reduce_sum(reshape(shares, [-1, self.length, 1, 1]) * self.hidden, [1, 2])
            return reshape(seen, [-1, self.size])


def _check_attention(decoder_inputs: Any, num_heads: int, attention_states: Any) -> None:
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if shape_of(attention_states)[2].value is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {shape_of(attention_states)}")


@offer("attention_decoder")
def attention_decoder(
    decoder_inputs: Sequence[Any], initial_state: Any, attention_states: Any, cell: Any,
    output_size: int | None = None, num_heads: int = 1, loop_function: Any = None, dtype: Any = None,
    scope: Any = None, initial_state_attention: bool = False,
) -> Outputs:  # fmt: skip
    """As `rnn_decoder`, with attention to states.

    Args:
        decoder_inputs: A tensor of shape `(batch, depth)` for each step.
        initial_state: The first state.
        attention_states: What is looked at, `(batch, length, size)`.
        cell: The cell.
        output_size: The size of an output; None: that of the cell.
        num_heads: How many look.
        loop_function: As for `rnn_decoder`.
        dtype: Of the variables.
        scope: The variable scope.
        initial_state_attention: Whether the first step has looked already, or sees zeros.

    Raises:
        ValueError: There are no inputs, fewer than one head, or sizes that are not known.
    """
    _check_attention(decoder_inputs, num_heads, attention_states)
    output_size = cell.output_size if output_size is None else output_size
    with variable_scope(scope or "attention_decoder", dtype=dtype) as entered:
        dtype = entered.dtype
        attention = _Attention(attention_states, num_heads, dtype)
        state, outputs, previous = initial_state, [], None
        seen = attention.zeros(shape_op(decoder_inputs[0])[0])
        if initial_state_attention:
            seen = attention(initial_state)
        for step, given in enumerate(decoder_inputs):
            if step:
                get_variable_scope().reuse_variables()
            if loop_function is not None and previous is not None:
                with variable_scope("loop_function", reuse=True):
                    given = loop_function(previous, step)
            size = shape_of(given).with_rank(2)[1]
            if size.value is None:
                raise ValueError(f"Could not infer input size from input: {given.name}")
            inputs = [cast(part, dtype) for part in [given, *seen]]
            output, state = cell(Linear(inputs, size.value, True)(inputs), state)
            if step == 0 and initial_state_attention:
                with variable_scope(get_variable_scope(), reuse=True):
                    seen = attention(state)
            else:
                seen = attention(state)
            with variable_scope("AttnOutputProjection"):
                inputs = [cast(output, dtype), *seen]
                output = Linear(inputs, output_size, True)(inputs)
            previous = output if loop_function is not None else None
            outputs.append(output)
    return outputs, state


@offer("embedding_attention_decoder")
def embedding_attention_decoder(
    decoder_inputs: Sequence[Any], initial_state: Any, attention_states: Any, cell: Any, num_symbols: int,
    embedding_size: int, num_heads: int = 1, output_size: int | None = None, output_projection: Any = None,
    feed_previous: bool = False, update_embedding_for_previous: bool = True, dtype: Any = None, scope: Any = None,
    initial_state_attention: bool = False,
) -> Outputs:  # fmt: skip
    """As `attention_decoder`, of symbols.

    Args:
        decoder_inputs: Symbols, int32 of shape `(batch,)`, for each step.
        initial_state: The first state.
        attention_states: What is looked at, `(batch, length, size)`.
        cell: The cell.
        num_symbols: The number of symbols.
        embedding_size: The size of an embedding.
        num_heads: How many look.
        output_size: The size of an output; None: that of the cell.
        output_projection: Weights and biases that make scores of outputs.
        feed_previous: Whether the best symbol of a step is the next one's input.
        update_embedding_for_previous: Whether gradients reach the embedding of that.
        dtype: Of the variables.
        scope: The variable scope.
        initial_state_attention: As for `attention_decoder`.

    Raises:
        ValueError: The projection has another shape.
    """
    output_size = cell.output_size if output_size is None else output_size
    if output_projection is not None:
        biases = convert_to_tensor(output_projection[1], dtype=dtype)
        shape_of(biases).assert_is_compatible_with([num_symbols])
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        follow = embedded_argmax(embedding, output_projection, update_embedding_for_previous)
        inputs = [embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        return attention_decoder(
            inputs, initial_state, attention_states, cell, output_size=output_size, num_heads=num_heads,
            loop_function=follow if feed_previous else None, initial_state_attention=initial_state_attention,
        )  # fmt: skip

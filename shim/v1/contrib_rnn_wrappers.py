"""Cells around cells that only `tf.contrib.rnn` has: embeddings, projections, highways, attention to the past."""

import math
from collections.abc import Callable
from typing import Any

from onevar.core.default_graph import device
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, is_nested, map_structure
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import concat, expand_dims, reshape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.contrib_rnn_linear import Linear
from onevar.v1.export import export
from onevar.v1.init_ops import constant_initializer, random_uniform_initializer
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.nn_activations import softmax, xw_plus_b
from onevar.v1.nn_conv import conv2d
from onevar.v1.nn_embedding import embedding_lookup
from onevar.v1.rnn_cell_base import RNNCell, assert_like_rnncell
from onevar.v1.rnn_cells import say_concatenated, sigmoid, tanh
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.tf_logging import warning
from onevar.v1.variable_scopes import get_variable, variable_scope


class _Around(RNNCell):
    """A cell with another one in it, `_cell`, whose state it has."""

    _cell: Any

    @property
    def state_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


@export("contrib.rnn.EmbeddingWrapper")
class EmbeddingWrapper(_Around):
    """A cell whose inputs are classes, looked up in a table.

    Args:
        cell: The cell.
        embedding_classes: The number of classes.
        embedding_size: The size of an embedding.
        initializer: Of the table; that of the scope by default, then uniform numbers of variance 1.
        reuse: True finds the variables, rather than making them.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: A size is not positive.
    """

    def __init__(
        self, cell: Any, embedding_classes: int, embedding_size: int, initializer: Any = None, reuse: Any = None
    ):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, {embedding_size}."
            )
        self._cell = cell
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Integers of shape `(batch,)` or `(batch, 1)`.
            state: The cell's.
        """
        with device("/cpu:0"):
            limit = math.sqrt(3)
            initializer = self._initializer or get_variable_scope().initializer
            table = get_variable(
                "embedding", [self._embedding_classes, self._embedding_size],
                initializer=initializer or random_uniform_initializer(-limit, limit),
                dtype=dtype_of(state[0] if isinstance(state, tuple) else state),
            )  # fmt: skip
            return self._cell(embedding_lookup(table, reshape(inputs, [-1])), state)


@export("contrib.rnn.InputProjectionWrapper")
class InputProjectionWrapper(_Around):
    """A cell whose inputs go through a linear map.

    Args:
        cell: The cell.
        num_proj: The size of what the map returns.
        activation: A function that is applied to that.
        input_size: Not looked at.
        reuse: True finds the variables, rather than making them.

    Raises:
        TypeError: `cell` is no cell.
    """

    def __init__(
        self, cell: Any, num_proj: int, activation: Callable[..., Any] | None = None, input_size: Any = None,
        reuse: Any = None,
    ):  # fmt: skip
        super().__init__(_reuse=reuse)
        if input_size is not None:
            warning("%s: The input_size parameter is deprecated.", self)
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._num_proj = num_proj
        self._activation = activation
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: The cell's.
        """
        if self._linear is None:
            self._linear = Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        return self._cell(self._activation(projected) if self._activation else projected, state)


@export("contrib.rnn.OutputProjectionWrapper")
class OutputProjectionWrapper(_Around):
    """A cell whose outputs go through a linear map.

    Args:
        cell: The cell.
        output_size: The size of what the map returns.
        activation: A function that is applied to that.
        reuse: True finds the variables, rather than making them.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: `output_size` is not positive.
    """

    def __init__(self, cell: Any, output_size: int, activation: Callable[..., Any] | None = None, reuse: Any = None):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._cell = cell
        self._output_size = output_size
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def output_size(self) -> int:
        """The size of what the map returns."""
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: The cell's.
            state: The same.
        """
        output, new_state = self._cell(inputs, state)
        if self._linear is None:
            self._linear = Linear(output, self._output_size, True)
        projected = self._linear(output)
        return self._activation(projected) if self._activation else projected, new_state


@export("contrib.rnn.HighwayWrapper")
class HighwayWrapper(_Around):
    """A cell past which a part of the inputs goes (Srivastava et al., 2015).

    Args:
        cell: The cell.
        couple_carry_transform_gates: Whether what does not go past goes through; otherwise there are two gates.
        carry_bias_init: What the bias of the gate starts from.
    """

    def __init__(self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0):
        # Without the base's constructor, as in TensorFlow: it is no layer of its own.
        self._cell = cell
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Take one step; see `RNNCell`."""
        outputs, new_state = self._cell(inputs, state, scope=scope)
        assert_same_structure(inputs, outputs)
        map_structure(lambda a, b: shape_of(a).assert_is_compatible_with(shape_of(b)), inputs, outputs)
        return map_structure(self._highway, inputs, outputs), new_state

    def _highway(self, given: Any, out: Any) -> Any:
        carry = self._gate("carry", given, self._carry_bias_init)
        coupled = self._couple_carry_transform_gates
        through = 1 - carry if coupled else self._gate("transform", given, -self._carry_bias_init)
        return given * carry + out * through

    def _gate(self, name: str, given: Any, bias: float) -> Any:
        size = shape_of(given).with_rank(2).as_list()[1]
        weight = get_variable(f"{name}_w", [size, size])
        return sigmoid(
            xw_plus_b(given, weight, get_variable(f"{name}_b", [size], initializer=constant_initializer(bias)))
        )


@export("contrib.rnn.AttentionCellWrapper")
class AttentionCellWrapper(_Around):
    """A cell that attends to what it put out before (Bahdanau et al., 2014).

    Args:
        cell: The cell.
        attn_length: How many outputs it sees.
        attn_size: The size of an output; that of the cell's by default.
        attn_vec_size: The size of what decides; `attn_size` by default.
        input_size: Of what the cell inside takes; that of the inputs by default.
        state_is_tuple: Whether the state is a tuple; otherwise its parts are side by side in one tensor.
        reuse: True finds the variables, rather than making them.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: Its state is nested although `state_is_tuple` is False, or `attn_length` is not positive.
    """

    def __init__(
        self, cell: Any, attn_length: int, attn_size: int | None = None, attn_vec_size: int | None = None,
        input_size: int | None = None, state_is_tuple: bool = True, reuse: Any = None,
    ):  # fmt: skip
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "
                f"{cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            say_concatenated(self)
        self._state_is_tuple = state_is_tuple
        self._cell = cell
        self._attn_size: int = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._input_size = input_size
        self._attn_length = attn_length
        self._maps: dict[str, Linear] = {}

    @property
    def state_size(self) -> Any:
        """The sizes of the cell's state, of what it attended to, and of what it sees, or their sum."""
        size = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return size if self._state_is_tuple else sum(size)

    @property
    def output_size(self) -> int:
        """The size of an output."""
        return self._attn_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        return RNNCell.zero_state(self, batch_size, dtype)

    def _linear(self, name: str, args: Any, size: Any) -> Any:
        if name not in self._maps:
            self._maps[name] = Linear(args, size, True)
        return self._maps[name](args)

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: The cell's, what it attended to, and what it sees.
        """
        size, length = self._attn_size, self._attn_length
        own, attended, seen = self._parts_of(state)
        seen = reshape(seen, [-1, length, size])
        depth = self._input_size or shape_of(inputs).as_list()[1]
        output, new_own = self._cell(self._linear("input", [inputs, attended], depth), own)
        query = concat(flatten(new_own), 1) if self._state_is_tuple else new_own
        new_attended, new_seen = self._attention(query, seen)
        with variable_scope("attn_output_projection"):
            output = self._linear("output", [output, new_attended], size)
        new_seen = reshape(concat([new_seen, expand_dims(output, 1)], 1), [-1, length * size])
        new_state = (new_own, new_attended, new_seen)
        return output, new_state if self._state_is_tuple else concat(list(new_state), 1)

    def _parts_of(self, state: Any) -> tuple[Any, Any, Any]:
        if self._state_is_tuple:
            own, attended, seen = state
            return own, attended, seen
        first, size = self._cell.state_size, self._attn_size
        starts = (0, first, first + size)
        sizes = (first, size, size * self._attn_length)
        own, attended, seen = (slice_(state, [0, a], [-1, n]) for a, n in zip(starts, sizes, strict=True))
        return own, attended, seen

    def _attention(self, query: Any, seen: Any) -> tuple[Any, Any]:
        size, length, vec = self._attn_size, self._attn_length, self._attn_vec_size
        with variable_scope("attention"):
            kernel = get_variable("attn_w", [1, 1, size, vec])
            weights = get_variable("attn_v", [vec])
            hidden = reshape(seen, [-1, length, 1, size])
            features = conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            asked = reshape(self._linear("query", query, vec), [-1, 1, 1, vec])
            shares = softmax(reduce_sum(weights * tanh(features + asked), [2, 3]))
            found = reduce_sum(reshape(shares, [-1, length, 1, 1]) * hidden, [1, 2])
            return reshape(found, [-1, size]), slice_(seen, [0, 1, 0], [-1, -1, -1])

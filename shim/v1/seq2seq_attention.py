"""`tf.contrib.seq2seq.AttentionWrapper`: a cell that looks at a memory in every step."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import int32
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, map_structure
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import concat, expand_dims, identity, reshape, shape, squeeze, tile
from onevar.v1.check_ops import assert_equal
from onevar.v1.common import dims_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.layers_core import Dense
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.rnn_cell_base import RNNCell, assert_like_rnncell, zero_state_tensors
from onevar.v1.seq2seq_mechanisms import AttentionMechanism
from onevar.v1.tensor_array_ops import TensorArray

_BEAMS = "Are you using the BeamSearchDecoder?  "


@export("contrib.seq2seq.tile_batch")
def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Return tensors with each row of the batch several times, one after the other.

    Args:
        t: A structure of tensors of shape `(batch, ...)`.
        multiplier: How many times.
        name: Of the scope.
    """
    with name_scope(name, "tile_batch", [*flatten(t), multiplier]):
        return map_structure(lambda one: _tiled(one, multiplier), t)


def _tiled(tensor: Any, multiplier: int) -> Any:
    dims, sizes = dims_of(tensor), shape(tensor)
    if dims is None:
        raise ValueError("t must have statically known rank")
    repeated = tile(expand_dims(tensor, 1), [1, multiplier, *([1] * (len(dims) - 1))])
    result = reshape(repeated, concat(([sizes[0] * multiplier], sizes[1:]), 0))
    set_shape(result, [None if dims[0] is None else dims[0] * multiplier, *dims[1:]])
    return result


class _State(NamedTuple):
    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any


@export("contrib.seq2seq.AttentionWrapperState")
class AttentionWrapperState(_State):
    """The state of an `AttentionWrapper`."""

    __slots__ = ()

    def clone(self, **kwargs: Any) -> "AttentionWrapperState":
        """Return the state with other fields.

        Args:
            **kwargs: The fields, of the same structure and shapes.

        Raises:
            ValueError: A shape is another one.
        """
        return map_structure(_same_shape, self, self._replace(**kwargs))


def _same_shape(old: Any, new: Any) -> Any:
    if isinstance(old, Tensor) and isinstance(new, Tensor):
        new.set_shape(old.shape)
    return new


@export("contrib.seq2seq.AttentionWrapper")
class AttentionWrapper(RNNCell):
    """A cell that in every step looks at a memory, and gets what it saw with its next inputs.

    Args:
        cell: The cell.
        attention_mechanism: Says where to look; several may be in a list.
        attention_layer_size: The size of a layer that output and what was seen go through; one for each mechanism.
        alignment_history: Whether to keep where it looked, in a TensorArray.
        cell_input_fn: From inputs and what was seen to the cell's inputs; side by side by default.
        output_attention: Whether to put out what was seen, rather than what the cell puts out.
        initial_cell_state: What `zero_state` has for the cell's state.
        name: Of the layer.
        attention_layer: The layer itself, or layers.
        attention_fn: From mechanism, output, state of the mechanism and layer to what was seen, where, and the new
            state.
        dtype: Of the layer.

    Raises:
        TypeError: One of them is something else.
        ValueError: There are more or fewer layers than mechanisms, or both a size and a layer.
    """

    def __init__(
        self, cell: Any, attention_mechanism: Any, attention_layer_size: Any = None, alignment_history: bool = False,
        cell_input_fn: Callable[..., Any] | None = None, output_attention: bool = True,
        initial_cell_state: Any = None, name: str | None = None, attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, list | tuple)
        self._mechanisms = _checked(attention_mechanism)
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._cell = cell
        self._cell_input_fn = cell_input_fn or _side_by_side
        self._set_layers(attention_layer_size, attention_layer)
        self._attention_fn = attention_fn or _attend
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        self._initial_cell_state: Any = None
        with name_scope(name, "AttentionWrapperInit"):
            if initial_cell_state is not None:
                self._initial_cell_state = self._checked_state(initial_cell_state)

    def _set_layers(self, sizes: Any, layers: Any) -> None:
        depths = [shape_of(one.values).as_list()[-1] for one in self._mechanisms]
        if sizes is not None:
            each = _matching(sizes, "attention_layer_size", "integer", len(self._mechanisms))
            layers = tuple(
                [
                    Dense(size, name="attention_layer", use_bias=False, dtype=one.dtype)
                    for size, one in zip(each, self._mechanisms, strict=True)
                ]
            )
            self._layers, self._size = layers, sum(each)
        elif layers is not None:
            self._layers = _matching(layers, "attention_layer", "layer", len(self._mechanisms))
            shapes = [
                layer.compute_output_shape([None, self._cell.output_size + depth])
                for layer, depth in zip(self._layers, depths, strict=True)
            ]
            self._size = sum(TensorShape(one).as_list()[-1] for one in shapes)
        else:
            self._layers, self._size = (None,) * len(depths), sum(depths)

    def _checked_state(self, state: Any) -> Any:
        last = flatten(state)[-1]
        batch = (dims_of(last) or (None,))[0] or shape(last)[0]
        said = (
            f"When constructing AttentionWrapper {self._base_name}: Non-matching batch sizes between the memory "
            f"(encoder output) and initial_cell_state.  {_BEAMS}You may need to tile your initial state via the "
            "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
        )
        with control_dependencies(self._batch_checks(batch, said)):
            return map_structure(lambda s: identity(s, name="check_initial_cell_state"), state)

    def _batch_checks(self, batch_size: Any, said: str) -> list[Any]:
        return [assert_equal(batch_size, one.batch_size, message=said) for one in self._mechanisms]

    def _item_or_tuple(self, items: Iterable[Any]) -> Any:
        found = tuple(items)
        return found if self._is_multi else found[0]

    @property
    def output_size(self) -> Any:
        """The size of what was seen, or of the cell's output."""
        return self._size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> AttentionWrapperState:
        """The sizes of the state's parts."""
        places = self._item_or_tuple(one.alignments_size for one in self._mechanisms)
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=TensorShape([]),
            attention=self._size,
            alignments=places,
            attention_state=self._item_or_tuple(one.state_size for one in self._mechanisms),
            alignment_history=places if self._alignment_history else self._item_or_tuple(() for _ in self._mechanisms),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """Return the state before anything was seen.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            own = self._initial_cell_state
            if own is None:
                own = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            said = (
                f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching batch sizes between the "
                f"memory (encoder output) and the requested batch size.  {_BEAMS}If so, make sure your encoder output "
                "has been tiled to beam_width via tf.contrib.seq2seq.tile_batch, and the batch_size= argument passed "
                "to zero_state is batch_size * beam_width."
            )
            with control_dependencies(self._batch_checks(batch_size, said)):
                own = map_structure(lambda s: identity(s, name="checked_cell_state"), own)
            first = [one.initial_alignments(batch_size, dtype) for one in self._mechanisms]
            return AttentionWrapperState(
                cell_state=own,
                time=zeros([], dtype=int32),
                attention=zero_state_tensors(self._size, batch_size, dtype),
                alignments=self._item_or_tuple(first),
                attention_state=self._item_or_tuple(one.initial_state(batch_size, dtype) for one in self._mechanisms),
                alignment_history=self._item_or_tuple(self._history(dtype, one) for one in first),
            )

    def _history(self, dtype: Any, alignments: Any) -> Any:
        if not self._alignment_history:
            return ()
        return TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape_of(alignments))

    def call(self, inputs: Any, state: Any) -> tuple[Any, AttentionWrapperState]:
        """Take one step.

        Args:
            inputs: The cell's.
            state: An `AttentionWrapperState`.

        Raises:
            TypeError: It is something else.
        """
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                f"Expected state to be instance of AttentionWrapperState. Received type {type(state)} instead."
            )
        output, new_own = self._cell(self._cell_input_fn(inputs, state.attention), state.cell_state)
        batch = (dims_of(output) or (None,))[0] or shape(output)[0]
        said = (
            f"When applying AttentionWrapper {self.name}: Non-matching batch sizes between the memory (encoder output) "
            f"and the query (decoder output).  {_BEAMS}You may need to tile your memory input via the "
            "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
        )
        with control_dependencies(self._batch_checks(batch, said)):
            output = identity(output, name="checked_cell_output")
        multi = self._is_multi
        states = state.attention_state if multi else [state.attention_state]
        histories = state.alignment_history if multi else [state.alignment_history]
        seen, places, next_states, kept = [], [], [], []
        for one, before, history, layer in zip(self._mechanisms, states, histories, self._layers, strict=True):
            attention, alignments, after = self._attention_fn(one, output, before, layer)
            kept.append(history.write(state.time, alignments) if self._alignment_history else ())
            seen.append(attention)
            places.append(alignments)
            next_states.append(after)
        attention = concat(seen, 1)
        next_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=new_own,
            attention=attention,
            attention_state=self._item_or_tuple(next_states),
            alignments=self._item_or_tuple(places),
            alignment_history=self._item_or_tuple(kept),
        )
        return attention if self._output_attention else output, next_state


def _checked(mechanism: Any) -> tuple[Any, ...]:
    if not isinstance(mechanism, list | tuple):
        if not isinstance(mechanism, AttentionMechanism):
            raise TypeError(
                "attention_mechanism must be an AttentionMechanism or list of multiple AttentionMechanism instances, "
                f"saw type: {type(mechanism).__name__}"
            )
        return (mechanism,)
    for one in mechanism:
        if not isinstance(one, AttentionMechanism):
            raise TypeError(
                f"attention_mechanism must contain only instances of AttentionMechanism, saw type: {type(one).__name__}"
            )
    return tuple(mechanism)


def _matching(given: Any, name: str, kind: str, count: int) -> tuple[Any, ...]:
    each = tuple(given) if isinstance(given, list | tuple) else (given,)
    if len(each) != count:
        raise ValueError(
            f"If provided, {name} must contain exactly one {kind} per attention_mechanism, saw: {len(each)} vs {count}"
        )
    return each


def _side_by_side(inputs: Any, attention: Any) -> Any:
    return concat([inputs, attention], -1)


def _attend(mechanism: Any, output: Any, state: Any, layer: Any) -> tuple[Any, Any, Any]:
    """Return what is seen, where, and the mechanism's next state."""
    alignments, next_state = mechanism(output, state=state)
    seen = squeeze(matmul(expand_dims(alignments, 1), mechanism.values), [1])
    return seen if layer is None else layer(concat([output, seen], 1)), alignments, next_state

"""`tf.nn.rnn_cell.DropoutWrapper`: a cell with dropout before it, after it, and on its state."""

import hashlib
import numbers
from collections.abc import Callable
from typing import Any

from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, is_nested, map_structure, pack
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import concat
from onevar.v1.common import dims_of, is_tensor, set_shape
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import UNARY, divide
from onevar.v1.nn_dropout import dropout
from onevar.v1.random_ops import random_uniform
from onevar.v1.rnn_cell_base import LSTMStateTuple
from onevar.v1.rnn_cell_wrappers import RNNCellWrapper

_floor = UNARY["Floor"]


@export("nn.rnn_cell.DropoutWrapper", "contrib.rnn.DropoutWrapper")
class DropoutWrapper(RNNCellWrapper):
    """A cell with dropout of its inputs, outputs and states.

    Args:
        cell: The cell.
        input_keep_prob: With what probability an input is kept: a number or a scalar tensor.
        output_keep_prob: The same for outputs.
        state_keep_prob: The same for what `dropout_state_filter_visitor` chooses of the new states.
        variational_recurrent: Whether the same units are dropped in all steps and for the whole batch.
        input_size: The size of the inputs, a TensorShape or a structure of them; needed if the same inputs are dropped
            in all steps.
        dtype: Of inputs, states and outputs; needed if `variational_recurrent`.
        seed: From which those of the random operations are derived.
        dropout_state_filter_visitor: A function of a part of the state that returns whether dropout applies to it, or
            a structure like the part with an answer for each item; by default all but the `c` of an
            `LSTMStateTuple`.
        **kwargs: What `RNNCell` takes.

    Raises:
        TypeError: `cell` is no cell, or the visitor cannot be called.
        ValueError: A probability is not between 0 and 1, or what `variational_recurrent` needs is missing.
    """

    def __init__(
        self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: int | None = None,
        dropout_state_filter_visitor: Callable[..., Any] | None = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError(f"dropout_state_filter_visitor must be callable. Received: {dropout_state_filter_visitor}")
        self._dropout_state_filter = dropout_state_filter_visitor or _all_but_memory
        self._seed = seed
        self._variational_recurrent = variational_recurrent
        self._input_size = input_size
        self._recurrent_input_noise: Any = None
        self._recurrent_state_noise: Any = None
        self._recurrent_output_noise: Any = None
        with name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _probability(input_keep_prob, "input_keep_prob")
            self._state_keep_prob = _probability(state_keep_prob, "state_keep_prob")
            self._output_keep_prob = _probability(output_keep_prob, "output_keep_prob")
        if variational_recurrent:
            self._make_noise(dtype)

    def _make_noise(self, dtype: Any) -> None:
        """Draw once what decides over all steps."""
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        if _drops(self._input_keep_prob):
            if self._input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be "
                    "provided"
                )
            self._recurrent_input_noise = self._noise(self._input_size, "input", dtype)
        self._recurrent_state_noise = self._noise(self.cell.state_size, "state", dtype)
        self._recurrent_output_noise = self._noise(self.cell.output_size, "output", dtype)

    def _noise(self, sizes: Any, salt: str, dtype: Any) -> Any:
        drawn = []
        for index, size in enumerate(flatten(sizes)):
            seed = self._gen_seed(salt, index)
            shape = concat(([1], TensorShape(size).as_list()), 0)
            drawn.append(random_uniform(shape, seed=seed, dtype=dtype))
        return pack(sizes, drawn)

    def _gen_seed(self, salt_prefix: str, index: int) -> int | None:
        """Return the seed of one random operation, as TensorFlow derives it."""
        if self._seed is None:
            return None
        text = f"{self._seed}{salt_prefix}_{index}"
        return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def build(self, inputs_shape: Any) -> None:
        """Build the cell inside.

        Args:
            inputs_shape: Of the inputs.
        """
        self.cell.build(inputs_shape)
        self.built = True

    def _call_wrapped_cell(self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any) -> Any:
        if _drops(self._input_keep_prob):
            inputs = self._dropout(inputs, "input", self._recurrent_input_noise, self._input_keep_prob)
        output, new_state = cell_call_fn(inputs, state, **kwargs)
        if _drops(self._state_keep_prob):
            chosen = chosen_parts(self._dropout_state_filter, new_state)
            noise = self._recurrent_state_noise
            new_state = self._dropout(new_state, "state", noise, self._state_keep_prob, chosen)
        if _drops(self._output_keep_prob):
            output = self._dropout(output, "output", self._recurrent_output_noise, self._output_keep_prob)
        return output, new_state

    def _dropout(self, values: Any, salt: str, noise: Any, keep_prob: Any, chosen: Any = None) -> Any:
        """Drop parts of `values`: all, or those that `chosen` says True of."""
        if chosen is None:
            chosen = map_structure(lambda _: True, values)
        # The random operations are numbered by the parts, whether or not they are chosen.
        number = iter(range(len(flatten(chosen))))

        def walk(answer: Any, value: Any, drawn: Any) -> Any:
            if is_nested(answer):
                items = [walk(*item) for item in zip(_items(answer), _items(value), _items(drawn, answer), strict=True)]
                return _alike(answer, items)
            index = next(number)
            if not answer:
                return value
            if self._variational_recurrent:
                return _dropped(value, drawn, keep_prob)
            return dropout(value, rate=1.0 - keep_prob, seed=self._gen_seed(salt, index))

        return walk(chosen, values, noise)


def _items(structure: Any, like: Any = None) -> list[Any]:
    """Return the items of one level; that of nothing is as much nothing as `like` has items."""
    if structure is None and like is not None:
        return [None] * len(like)
    return [structure[key] for key in sorted(structure)] if isinstance(structure, dict) else list(structure)


def _alike(structure: Any, items: list[Any]) -> Any:
    if isinstance(structure, dict):
        return dict(zip(sorted(structure), items, strict=True))
    return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)


def _dropped(value: Any, noise: Any, keep_prob: Any) -> Any:
    """Return `value` without what is dropped in all steps: where the noise is below `1 - keep_prob`."""
    kept = _floor(keep_prob + noise)
    result = divide(value, keep_prob) * kept
    set_shape(result, dims_of(value))
    return result


def _probability(given: Any, name: str) -> Any:
    tensor = convert_to_tensor(given)
    known = constant_value(tensor)
    if known is None:
        return tensor
    if known < 0 or known > 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1. Received {known}")
    return float(known)


def _drops(keep_prob: Any) -> bool:
    """Whether anything may be dropped."""
    return not isinstance(keep_prob, numbers.Real) or keep_prob < 1


def _all_but_memory(state: Any) -> Any:
    if isinstance(state, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return is_nested(state) or is_tensor(state)


def chosen_parts(visitor: Callable[..., Any], structure: Any) -> Any:
    """Return a structure of bools: which parts of `structure` a visitor chooses, as deep as it looks.

    Args:
        visitor: A function of a part that returns a bool, or a structure of bools for its items.
        structure: Of tensors.

    Raises:
        TypeError: The visitor returns something else.
    """
    answer = visitor(structure)
    if not is_nested(structure):
        if not isinstance(answer, bool):
            raise TypeError(f"traverse_fn returned structure: {answer} for non-structure: {structure}")
        return answer
    items = _items(structure)
    if isinstance(answer, bool):
        return _alike(structure, [chosen_parts(visitor, item) for item in items]) if answer else False
    if not is_nested(answer):
        raise TypeError(f"traverse_fn returned a non-bool scalar: {answer} for input: {structure}")
    answers = _items(answer)
    if len(answers) != len(items):
        raise ValueError(
            f"The two structures don't have the same sequence length. Input structure has length {len(items)}, while "
            f"shallow structure has length {len(answers)}."
        )
    if not all(isinstance(one, bool) for one in answers):
        raise TypeError(
            f"traverse_fn didn't return a depth=1 structure of bools.  saw: {answer}  for structure: {structure}"
        )
    chosen = [chosen_parts(visitor, item) if one else False for one, item in zip(answers, items, strict=True)]
    return _alike(structure, chosen)

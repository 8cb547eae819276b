"""`tf.nn.raw_rnn`: a cell in a loop of which the program decides every step."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.dimension import dimension_value
from onevar.core.dtype import int32
from onevar.core.nest import assert_same_structure, flatten, is_nested, map_structure, pack
from onevar.core.tensor_shape import Dimension, TensorShape
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.control_flow_ops import while_loop
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import BINARY, UNARY
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.rnn_cell_base import assert_like_rnncell, joined
from onevar.v1.rnn_steps import cache_reads, kept_where, static_size
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.variable_scopes import variable_scope

_logical_not, _logical_or = UNARY["LogicalNot"], BINARY["LogicalOr"]


@export("nn.raw_rnn")
def raw_rnn(
    cell: Any, loop_fn: Callable[..., Any], parallel_iterations: int | None = None, swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return what a cell puts out in a loop that `loop_fn` steers.

    Args:
        cell: The cell.
        loop_fn: A function `(time, cell_output, cell_state, loop_state)` that returns
            `(finished, next_input, next_state, emitted, next_loop_state)`. The first time it is called with time 0 and
            None otherwise: it returns the first input and state, and in `emitted` an example of what will be put out
            for one row of the batch, or None for what the cell puts out.
        parallel_iterations: Accepted: how a loop is scheduled is the framework's affair.
        swap_memory: Accepted.
        scope: A variable scope, or its name, `rnn` by default.

    Returns:
        The TensorArrays of what was emitted, the last state, and the last state of `loop_fn`'s own.

    Raises:
        TypeError: `cell` is no cell, or `loop_fn` cannot be called.
        ValueError: What `loop_fn` returns does not fit the cell.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError(f"Argument `loop_fn` must be a callable. Received: {loop_fn}.")
    with variable_scope(scope or "rnn") as entered:
        cache_reads(entered)
        time = constant(0, dtype=int32)
        finished, first_input, state, emitted, own_state = loop_fn(time, None, None, None)
        own = constant(0, dtype=int32) if own_state is None else own_state
        loop = _RawLoop(cell, loop_fn, first_input, state, emitted)
        returned = while_loop(
            lambda time, finished, *_: _logical_not(reduce_all(finished)),
            loop.step,
            loop_vars=[time, finished, first_input, loop.arrays, loop.state, own],
            parallel_iterations=parallel_iterations or 32,
            swap_memory=swap_memory,
        )
        arrays, final_state, final_own = returned[-3:]
        return arrays, final_state, None if own_state is None else final_own


class _RawLoop:
    """The loop in the making."""

    def __init__(self, cell: Any, loop_fn: Callable[..., Any], first_input: Any, state: Any, emitted: Any):
        self.cell, self.loop_fn = cell, loop_fn
        flat_input = flatten(first_input)
        self.const_batch = _batch_of(flat_input)
        batch_size = shape(flat_input[0])[0] if self.const_batch is None else self.const_batch
        assert_same_structure(state, cell.state_size)
        parts = [convert_to_tensor(part) for part in flatten(state)]
        self.state = _like(state, parts)
        if emitted is None:
            emitted = cell.output_size
            sizes: list[Any] = flatten(emitted)
            dtypes = [dtype_of(parts[0])] * len(sizes)
        else:
            leaves = flatten(emitted)
            sizes = [_size_of(leaf) for leaf in leaves]
            dtypes = [dtype_of(leaf) for leaf in leaves]
        self.arrays = _like(
            emitted, [self._array(*item) for item in zip(range(len(sizes)), sizes, dtypes, strict=True)]
        )
        drawn = [zeros(joined(batch_size, size), dtype) for size, dtype in zip(sizes, dtypes, strict=True)]
        self.zero_emit = _like(emitted, drawn)

    def _array(self, number: int, size: Any, dtype: Any) -> TensorArray:
        return TensorArray(
            dtype=dtype, dynamic_size=True, size=0, name=f"rnn_output_{number}",
            element_shape=TensorShape([self.const_batch]).concatenate(static_size(size)),
        )  # fmt: skip

    def step(self, time: Any, finished: Any, given: Any, arrays: Any, state: Any, own: Any) -> Any:
        """Take one step of the loop."""
        output, cell_state = self.cell(given, state)
        assert_same_structure(state, cell_state)
        assert_same_structure(self.cell.output_size, output)
        next_time = time + 1
        next_finished, next_input, next_state, emitted, next_own = self.loop_fn(next_time, output, cell_state, own)
        assert_same_structure(state, next_state)
        assert_same_structure(given, next_input)
        assert_same_structure(arrays, emitted)
        emitted = _kept(finished, self.zero_emit, emitted)
        next_state = _kept(finished, state, next_state)
        arrays = map_structure(lambda array, part: array.write(time, part), arrays, emitted)
        finished = _logical_or(finished, next_finished)
        return next_time, finished, next_input, arrays, next_state, own if next_own is None else next_own


def _kept(finished: Any, old: Any, new: Any) -> Any:
    return map_structure(lambda before, after: kept_where(finished, before, after), old, new)


def _batch_of(flat_input: Sequence[Any]) -> int | None:
    sizes = [_first_size(tensor) for tensor in flat_input]
    for size in sizes:
        sizes[0].assert_is_compatible_with(size)
    return dimension_value(sizes[0])


def _first_size(tensor: Any) -> Dimension:
    known = shape_of(tensor)
    return Dimension(None) if known.rank is None else Dimension(known.as_list()[0])


def _size_of(emitted: Any) -> Any:
    known = shape_of(emitted)
    return known if known.is_fully_defined() else shape(emitted)


def _like(structure: Any, leaves: Sequence[Any]) -> Any:
    return pack(structure, leaves) if is_nested(structure) else leaves[0]

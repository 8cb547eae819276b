"""Decoders in a loop: `tf.contrib.seq2seq.dynamic_decode`, `BasicDecoder`."""

import abc
import collections
from contextlib import suppress
from typing import Any

from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import int32
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, map_structure
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, fill, zeros_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape
from onevar.v1.control_flow_ops import while_loop
from onevar.v1.export import export
from onevar.v1.layers_base import Layer
from onevar.v1.math_ops_elementwise import BINARY, UNARY
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.rnn_cell_base import assert_like_rnncell, zero_state_tensors
from onevar.v1.rnn_steps import cache_reads, transpose_batch_time
from onevar.v1.seq2seq_sampling import Helper
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.variable_scopes import variable_scope

_logical_not, _logical_or = UNARY["LogicalNot"], BINARY["LogicalOr"]


@export("contrib.seq2seq.Decoder")
class Decoder(abc.ABC):
    """What `dynamic_decode` runs: a first state, and a step to the next one."""

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The size of what a step puts out: ints, TensorShapes, or a structure of them."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """The dtypes of that."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Return which sequences have ended before the first step, the first inputs, and the first state.

        Args:
            name: Of the scope.
        """

    @abc.abstractmethod
    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Return what the step puts out, the next state, the next inputs, and which sequences have ended.

        Args:
            time: The number of the step, a scalar.
            inputs: A structure of tensors.
            state: The same.
            name: Of the scope.
        """

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Return the outputs and the state that are to be returned in the end; nothing by default.

        Args:
            outputs: Of all steps, `(time, batch, ...)`.
            final_state: The last one.
            sequence_lengths: int32 of shape `(batch,)`.

        Raises:
            NotImplementedError: They are to be returned as they are.
        """
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether what `step` says is all that counts: sequences may change their places."""
        return False


@export("contrib.seq2seq.dynamic_decode")
def dynamic_decode(
    decoder: Decoder, output_time_major: bool = False, impute_finished: bool = False, maximum_iterations: Any = None,
    parallel_iterations: int = 32, swap_memory: bool = False, scope: Any = None, **kwargs: Any,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return what a decoder puts out until all sequences have ended, its last state, and the sequences' lengths.

    Args:
        decoder: The decoder.
        output_time_major: Whether the outputs are of shape `(time, batch, ...)`.
        impute_finished: Whether outputs are zeros, and the state stays, where a sequence has ended.
        maximum_iterations: The greatest number of steps, a scalar.
        parallel_iterations: Accepted: how a loop is scheduled is the framework's affair.
        swap_memory: Accepted.
        scope: A variable scope, or its name, `decoder` by default.
        **kwargs: Not looked at.

    Raises:
        TypeError: `decoder` is none.
        ValueError: `maximum_iterations` is no scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder") as entered:
        cache_reads(entered)
        if maximum_iterations is not None:
            maximum_iterations = convert_to_tensor(maximum_iterations, dtype=int32, name="maximum_iterations")
            if rank_of(maximum_iterations) != 0:
                raise ValueError("maximum_iterations must be a scalar")
        loop = _Decoding(decoder, impute_finished)
        results = loop.run(maximum_iterations, parallel_iterations, swap_memory)
        outputs, state, lengths = map_structure(lambda array: array.stack(), results[1]), results[2], results[5]
        # A decoder that does not define it has no say in it.
        with suppress(NotImplementedError):
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


class _Decoding:
    """The loop in the making."""

    def __init__(self, decoder: Decoder, impute_finished: bool):
        self.decoder, self.impute_finished = decoder, impute_finished
        self.finished, self.inputs, self.state = decoder.initialize()
        self.zeros = map_structure(
            lambda size, dtype: zero_state_tensors(size, decoder.batch_size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )

    def run(self, limit: Any, parallel_iterations: int, swap_memory: bool) -> Any:
        """Return the loop's variables after the last step."""
        finished = self.finished
        if limit is not None:
            finished = _logical_or(finished, limit <= 0)
        lengths = zeros_like(finished, dtype=int32)
        time = constant(0, dtype=int32)
        arrays = map_structure(self._array, self.decoder.output_size, self.decoder.output_dtype)
        return while_loop(
            lambda time, arrays, state, inputs, finished, lengths: _logical_not(reduce_all(finished)),
            self._step,
            loop_vars=(time, arrays, self.state, self.inputs, finished, lengths),
            parallel_iterations=parallel_iterations,
            maximum_iterations=limit,
            swap_memory=swap_memory,
        )

    def _array(self, size: Any, dtype: Any) -> TensorArray:
        known = None
        if isinstance(size, TensorShape) and size.rank != 0:
            batch = constant_value(convert_to_tensor(self.decoder.batch_size, name="batch_size"))
            known = TensorShape([None if batch is None else int(batch)]).concatenate(size)
        return TensorArray(dtype=dtype, size=0, dynamic_size=True, element_shape=known)

    def _step(self, time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> tuple[Any, ...]:
        outputs, next_state, next_inputs, ended = self.decoder.step(time, inputs, state)
        next_finished = ended if self.decoder.tracks_own_finished else _logical_or(ended, finished)
        next_lengths = where(_logical_not(finished), fill(shape(lengths), time + 1), lengths)
        assert_same_structure(state, next_state)
        assert_same_structure(arrays, outputs)
        assert_same_structure(inputs, next_inputs)
        if self.impute_finished:
            outputs = map_structure(lambda out, zero: where(finished, zero, out), outputs, self.zeros)
            next_state = map_structure(lambda new, old: _kept_where(finished, old, new), next_state, state)
        arrays = map_structure(lambda array, out: array.write(time, out), arrays, outputs)
        return time + 1, arrays, next_state, next_inputs, next_finished, next_lengths


def _kept_where(finished: Any, old: Any, new: Any) -> Any:
    """Return the old rows where the sequence has ended. What has no rows, a TensorArray too, is new."""
    if isinstance(old, TensorArray):
        return new
    set_shape(new, dims_of(old))
    return new if rank_of(new) == 0 else where(finished, old, new)


@export("contrib.seq2seq.BasicDecoderOutput")
class BasicDecoderOutput(collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))):
    """What a `BasicDecoder` puts out: the cell's output, and the class that was taken."""

    __slots__ = ()


@export("contrib.seq2seq.BasicDecoder")
class BasicDecoder(Decoder):
    """A cell whose next input a `Helper` decides.

    Args:
        cell: The cell.
        helper: Says what comes next.
        initial_state: The first state.
        output_layer: A layer that what the cell puts out goes through.

    Raises:
        TypeError: One of them is something else.
    """

    def __init__(self, cell: Any, helper: Helper, initial_state: Any, output_layer: Layer | None = None):
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        """That of the helper."""
        return self._helper.batch_size

    @property
    def output_size(self) -> BasicDecoderOutput:
        """The sizes of the output and of the class."""
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        """The dtypes of the output, which is that of the state, and of the class."""
        dtype = dtype_of(flatten(self._initial_state)[0])
        return BasicDecoderOutput(
            map_structure(lambda _: dtype, self._rnn_output_size()), self._helper.sample_ids_dtype
        )

    def _rnn_output_size(self) -> Any:
        size, layer = self._cell.output_size, self._output_layer
        if layer is None:
            return size
        shapes = layer.compute_output_shape(map_structure(lambda s: TensorShape([None]).concatenate(s), size))
        return map_structure(lambda s: s[1:], shapes)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """See `Decoder`."""
        finished, inputs = self._helper.initialize()
        return finished, inputs, self._initial_state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """See `Decoder`."""
        with name_scope(name, "BasicDecoderStep", [time, *flatten(inputs), *flatten(state)]):
            outputs, new_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            taken = self._helper.sample(time=time, outputs=outputs, state=new_state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=new_state, sample_ids=taken
            )
        return BasicDecoderOutput(outputs, taken), next_state, next_inputs, finished

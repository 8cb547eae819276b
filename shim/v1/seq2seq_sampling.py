"""What comes next in a decoder: `tf.contrib.seq2seq.TrainingHelper`, `GreedyEmbeddingHelper` and their kin."""

import abc
from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import zeros_like
from onevar.v1.array_ops_shape import concat, reshape, shape, size, tile, transpose
from onevar.v1.common import dtype_of, rank_of, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import BINARY, cast, equal
from onevar.v1.math_ops_reduce import argmax, reduce_all
from onevar.v1.nn_embedding import embedding_lookup
from onevar.v1.random_ops import multinomial, random_uniform
from onevar.v1.rnn_steps import transpose_batch_time
from onevar.v1.tensor_array_ops import TensorArray

_less = BINARY["Less"]


def unstacked(tensor: Any) -> TensorArray:
    """Return the slices of a tensor along its first axis, as a TensorArray.

    Args:
        tensor: Of shape `(time, ...)`.
    """
    array = TensorArray(dtype=dtype_of(tensor), size=shape(tensor)[0], element_shape=shape_of(tensor)[1:])
    return array.unstack(tensor)


def categorical_sample(logits: Any, seed: int | None = None) -> Any:
    """Draw one class of each row, int32 of shape `logits.shape[:-1]`.

    Args:
        logits: Unnormalised log-probabilities, of shape `(..., classes)`.
        seed: The op's own.
    """
    logits = convert_to_tensor(logits, name="logits")
    rows, classes = shape(logits)[:-1], shape(logits)[-1]
    table = logits if rank_of(logits) == 2 else reshape(logits, [-1, classes])
    kind = dtypes.int64 if dtype_of(logits).size > 4 else dtypes.int32
    drawn = transpose(multinomial(table, 1, seed=seed, output_dtype=kind))
    return cast(reshape(drawn, rows), dtypes.int32)


def bernoulli_sample(probs: Any, count: Any, dtype: Any, seed: int | None = None) -> Any:
    """Draw `count` times 1 or 0, for each of `probs`.

    Args:
        probs: With what probability it is 1.
        count: A scalar.
        dtype: Of the result.
        seed: The op's own.
    """
    probs = convert_to_tensor(probs, name="probs")
    noise = random_uniform(concat([[count], shape(probs)], 0), seed=seed, dtype=dtype_of(probs))
    return cast(_less(noise, probs), dtype)


@export("contrib.seq2seq.Helper")
class Helper(abc.ABC):
    """What a `BasicDecoder` asks for the next inputs."""

    @property
    @abc.abstractmethod
    def batch_size(self) -> Any:
        """The number of sequences, a scalar tensor."""

    @property
    @abc.abstractmethod
    def sample_ids_shape(self) -> TensorShape:
        """The shape of what `sample` returns, without the batch."""

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self) -> Any:
        """The dtype of that."""

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Return which sequences have ended before the first step, and the first inputs.

        Args:
            name: Of the scope.
        """

    @abc.abstractmethod
    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return what is taken for a step's outputs.

        Args:
            time: The number of the step.
            outputs: The step's.
            state: After the step.
            name: Of the scope.
        """

    @abc.abstractmethod
    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Return which sequences have ended, the next inputs, and the state.

        Args:
            time: As for `sample`, and so on.
            outputs: The same.
            state: The same.
            sample_ids: What `sample` returned.
            name: As for `sample`.
        """


class _IdHelper(Helper):
    """One that takes classes."""

    _batch_size: Any

    @property
    def batch_size(self) -> Any:
        """The number of sequences, a scalar tensor."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """That of a scalar."""
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """int32."""
        return dtypes.int32


@export("contrib.seq2seq.CustomHelper")
class CustomHelper(Helper):
    """A helper made of three functions.

    Args:
        initialize_fn: Returns `(finished, next_inputs)`.
        sample_fn: A function of `time`, `outputs` and `state` that returns the sample.
        next_inputs_fn: A function of `time`, `outputs`, `state` and `sample_ids` that returns
            `(finished, next_inputs, next_state)`.
        sample_ids_shape: Of a sample, without the batch; a scalar's by default.
        sample_ids_dtype: Of a sample; int32 by default.
    """

    def __init__(
        self, initialize_fn: Callable[..., Any], sample_fn: Callable[..., Any], next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None, sample_ids_dtype: Any = None,
    ):  # fmt: skip
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or dtypes.int32

    @property
    def batch_size(self) -> Any:
        """The number of sequences.

        Raises:
            ValueError: It is not known before `initialize`.
        """
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """What was given."""
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """What was given."""
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """See `Helper`."""
        with name_scope(name, f"{type(self).__name__}Initialize"):
            finished, next_inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = size(finished)
        return finished, next_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """See `Helper`."""
        with name_scope(name, f"{type(self).__name__}Sample", [time, *flatten(outputs), *flatten(state)]):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """See `Helper`."""
        with name_scope(name, f"{type(self).__name__}NextInputs", [time, *flatten(outputs), *flatten(state)]):
            return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


@export("contrib.seq2seq.TrainingHelper")
class TrainingHelper(_IdHelper):
    """Feeds the inputs that it was given, whatever comes out; the sample is the most probable class.

    Args:
        inputs: Tensor of shape `(batch, time, ...)`.
        sequence_length: Integers of shape `(batch,)`.
        time_major: Whether the inputs are of shape `(time, batch, ...)`.
        name: Of the scope.

    Raises:
        ValueError: `sequence_length` is no vector.
    """

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None):
        with name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = self._inputs = convert_to_tensor(inputs, name="inputs")
            if not time_major:
                inputs = transpose_batch_time(inputs)
            self._input_arrays = unstacked(inputs)
            self._sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
            if rank_of(self._sequence_length) != 1:
                raise ValueError(
                    f"Expected sequence_length to be a vector, but received shape: {shape_of(self._sequence_length)}"
                )
            self._zero_inputs = zeros_like(inputs[0, :])
            self._batch_size = size(sequence_length)

    @property
    def inputs(self) -> Any:
        """What was given."""
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        """What was given."""
        return self._sequence_length

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """See `Helper`."""
        with name_scope(name, "TrainingHelperInitialize"):
            finished = equal(0, self._sequence_length)
            return finished, self._read(finished, 0)

    def _read(self, finished: Any, time: Any) -> Any:
        """Return the inputs of a step; zeros after the end of all sequences, where there are none."""
        return cond(reduce_all(finished), lambda: self._zero_inputs, lambda: self._input_arrays.read(time))

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None, **unused: Any) -> Any:
        """See `Helper`."""
        with name_scope(name, "TrainingHelperSample", [time, *flatten(outputs)]):
            return cast(argmax(outputs, axis=-1), dtypes.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **unused: Any
    ) -> tuple[Any, Any, Any]:
        """See `Helper`."""
        with name_scope(name, "TrainingHelperNextInputs", [time, *flatten(outputs), *flatten(state)]):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            return finished, self._read(finished, next_time), state


def embedder(embedding: Any) -> Callable[[Any], Any]:
    """Return a function from classes to inputs.

    Args:
        embedding: Such a function, or what `tf.nn.embedding_lookup` takes.
    """
    return embedding if callable(embedding) else lambda ids: embedding_lookup(embedding, ids)


@export("contrib.seq2seq.GreedyEmbeddingHelper")
class GreedyEmbeddingHelper(_IdHelper):
    """Feeds the embedding of the most probable class.

    Args:
        embedding: A function from classes to inputs, or what `tf.nn.embedding_lookup` takes.
        start_tokens: The first classes, int32 of shape `(batch,)`.
        end_token: The class that ends a sequence, a scalar.

    Raises:
        ValueError: Shapes of other ranks.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any):
        self._embedding_fn = embedder(embedding)
        self._start_tokens = convert_to_tensor(start_tokens, dtype=dtypes.int32, name="start_tokens")
        self._end_token = convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if rank_of(self._start_tokens) != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = size(start_tokens)
        if rank_of(self._end_token) != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """See `Helper`."""
        return tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """See `Helper`.

        Raises:
            TypeError: The outputs are no tensor.
        """
        return cast(argmax(_one_tensor(outputs), axis=-1), dtypes.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """See `Helper`."""
        finished = equal(sample_ids, self._end_token)
        # Once all sequences have ended, what comes next does not matter.
        given = cond(reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids))
        return finished, given, state


def _one_tensor(outputs: Any) -> Any:
    if not isinstance(outputs, Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
    return outputs


@export("contrib.seq2seq.SampleEmbeddingHelper")
class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds the embedding of a class that is drawn.

    Args:
        embedding: As for `GreedyEmbeddingHelper`, and so on.
        start_tokens: The same.
        end_token: The same.
        softmax_temperature: What the logits are divided by; 1 by default.
        seed: The op's own.

    Raises:
        ValueError: Shapes of other ranks.
    """

    def __init__(
        self, embedding: Any, start_tokens: Any, end_token: Any, softmax_temperature: Any = None,
        seed: int | None = None,
    ):  # fmt: skip
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """See `GreedyEmbeddingHelper`."""
        logits = _one_tensor(outputs)
        if self._softmax_temperature is not None:
            logits = logits / self._softmax_temperature
        return categorical_sample(logits, self._seed)


@export("contrib.seq2seq.InferenceHelper")
class InferenceHelper(Helper):
    """Feeds what functions make of the outputs.

    Args:
        sample_fn: From outputs to samples.
        sample_shape: Of a sample, without the batch.
        sample_dtype: Of a sample.
        start_inputs: The first inputs.
        end_fn: From samples to whether they end their sequence, bool of shape `(batch,)`.
        next_inputs_fn: From samples to the next inputs; by default they are the samples.
    """

    def __init__(
        self, sample_fn: Callable[..., Any], sample_shape: Any, sample_dtype: Any, start_inputs: Any,
        end_fn: Callable[..., Any], next_inputs_fn: Callable[..., Any] | None = None,
    ):  # fmt: skip
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._sample_shape = TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = shape(start_inputs)[0]
        self._start_inputs = convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """What was given."""
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """What was given."""
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """See `Helper`."""
        return tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """See `Helper`."""
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """See `Helper`."""
        given = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), given, state

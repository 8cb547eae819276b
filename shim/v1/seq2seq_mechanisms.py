"""How a decoder attends to what it decodes: `tf.contrib.seq2seq.LuongAttention`, `BahdanauAttention`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, map_structure
from onevar.v1.array_ops_create import one_hot, ones, ones_like, sequence_mask
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import concat, expand_dims, rank, reshape, shape, squeeze
from onevar.v1.check_ops import assert_positive
from onevar.v1.common import dims_of, dtype_of, rank_of, shape_of
from onevar.v1.export import export
from onevar.v1.init_ops import constant_initializer, ones_initializer, zeros_initializer
from onevar.v1.layers_base import Layer
from onevar.v1.layers_core import Dense
from onevar.v1.math_ops_elementwise import UNARY, square
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import argmax, reduce_sum
from onevar.v1.nn_activations import softmax
from onevar.v1.rnn_cell_base import zero_state_tensors
from onevar.v1.variable_scopes import get_variable, variable_scope

_rsqrt, _tanh = UNARY["Rsqrt"], UNARY["Tanh"]


@export("contrib.seq2seq.hardmax")
def hardmax(logits: Any, name: str | None = None) -> Any:
    """Return 1 where a row has its maximum, and 0 elsewhere.

    Args:
        logits: Of shape `(..., classes)`.
        name: Of the scope.
    """
    with name_scope(name, "Hardmax", [logits]):
        logits = convert_to_tensor(logits, name="logits")
        known = (dims_of(logits) or (None,))[-1]
        return one_hot(argmax(logits, -1), shape(logits)[-1] if known is None else known, dtype=dtype_of(logits))


@export("contrib.seq2seq.AttentionMechanism")
class AttentionMechanism:
    """What an `AttentionWrapper` asks where to look."""

    @property
    def alignments_size(self) -> Any:
        """The number of places."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """The size of its own state."""
        raise NotImplementedError


class _Mechanism(AttentionMechanism):
    """What the mechanisms have in common: keys and values that are made of the memory."""

    def __init__(
        self, query_layer: Layer | None, memory: Any, probability_fn: Callable[..., Any],
        memory_sequence_length: Any, memory_layer: Layer, score_mask_value: Any,
        custom_key_value_fn: Callable[..., Any] | None, name: str | None,
    ):  # fmt: skip
        if not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        self._function = probability_fn
        self._lengths = memory_sequence_length
        self._mask_value = score_mask_value
        if score_mask_value is None:
            self._mask_value = dtypes.as_dtype(self.dtype).as_numpy_dtype(-np.inf)
        with name_scope(name, "BaseAttentionMechanismInit", flatten(memory)):
            self._values = _prepared(memory, memory_sequence_length)
            self._keys = memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            batch, places = (dims_of(self._keys) or (None, None))[:2]
            self._batch_size = batch or shape(self._keys)[0]
            self._alignments_size = places or shape(self._keys)[1]

    @property
    def memory_layer(self) -> Layer:
        """Makes the keys."""
        return self._memory_layer

    @property
    def query_layer(self) -> Layer | None:
        """What a query goes through."""
        return self._query_layer

    @property
    def values(self) -> Any:
        """What is looked at."""
        return self._values

    @property
    def keys(self) -> Any:
        """What queries are compared with."""
        return self._keys

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        """The number of places."""
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        """The number of places."""
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Return zeros: nothing has been looked at.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the zeros.
        """
        return zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the first state, which are the first alignments.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        return self.initial_alignments(batch_size, dtype)

    def _probabilities(self, score: Any) -> Any:
        """Return where to look, and never behind the end of the memory."""
        if self._lengths is None:
            return self._function(score)
        said = "All values in memory_sequence_length must be greater than zero."
        with control_dependencies([assert_positive(self._lengths, message=said)]):
            mask = sequence_mask(self._lengths, maxlen=shape(score)[1])
        return self._function(where(mask, score, self._mask_value * ones_like(score)))


def _prepared(memory: Any, lengths: Any) -> Any:
    """Return the memory, zeros after its end."""
    memory = map_structure(lambda m: convert_to_tensor(m, name="memory"), memory)
    if lengths is not None:
        lengths = convert_to_tensor(lengths, name="memory_sequence_length")
    for one in flatten(memory):
        if not shape_of(one)[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {one.name} to have fully defined inner dims, but saw shape: {shape_of(one)}"
            )
    if lengths is None:
        return memory
    first = flatten(memory)[0]
    mask = sequence_mask(lengths, maxlen=shape(first)[1], dtype=dtype_of(first))
    return map_structure(lambda m: _masked(m, mask), memory)


def _masked(memory: Any, mask: Any) -> Any:
    known = rank_of(memory)
    more = ones((rank(memory) if known is None else known) - 2, dtype=dtypes.int32)
    return memory * reshape(mask, concat((shape(mask), more), 0))


@export("contrib.seq2seq.LuongAttention")
class LuongAttention(_Mechanism):
    """Looks where the query's product with the keys is large (Luong et al., 2015).

    Args:
        num_units: The size of queries and keys.
        memory: What is looked at: a tensor of shape `(batch, time, ...)`.
        memory_sequence_length: Integers of shape `(batch,)`.
        scale: Whether the products are multiplied by a variable.
        probability_fn: From scores to shares; `tf.nn.softmax` by default.
        score_mask_value: The score of what is behind the end; minus infinity by default.
        dtype: Of the keys' layer; float32 by default.
        custom_key_value_fn: From keys and values to others.
        name: Of the scope.

    Raises:
        TypeError: `probability_fn` cannot be called.
        ValueError: Sizes of the memory are not known.
    """

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
        probability_fn: Callable[..., Any] | None = None, score_mask_value: Any = None, dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None, name: str = "LuongAttention",
    ):  # fmt: skip
        layer = Dense(num_units, name="memory_layer", use_bias=False, dtype=dtype or dtypes.float32)
        super().__init__(
            None, memory, probability_fn or softmax, memory_sequence_length, layer, score_mask_value,
            custom_key_value_fn, name,
        )  # fmt: skip
        self._scale = scale

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """Return where to look, and the next state, which is the same.

        Args:
            query: Tensor of shape `(batch, num_units)`.
            state: Not looked at.

        Raises:
            ValueError: The query has another size than the keys.
        """
        with variable_scope(None, "luong_attention", [query]):
            gain = None
            if self._scale:
                gain = get_variable("attention_g", dtype=dtype_of(query), initializer=ones_initializer, shape=())
            score = _products(query, self._keys)
            score = score if gain is None else gain * score
        alignments = self._probabilities(score)
        return alignments, alignments


def _products(query: Any, keys: Any) -> Any:
    depth, units = shape_of(query)[-1], shape_of(keys)[-1]
    if depth != units:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  "
            f"Query ({query}) has units: {depth}.  Keys ({keys}) have units: {units}.  "
            f"Perhaps you need to set num_units to the keys' dimension ({units})?"
        )
    return squeeze(matmul(expand_dims(query, 1), keys, transpose_b=True), [1])


@export("contrib.seq2seq.BahdanauAttention")
class BahdanauAttention(_Mechanism):
    """Looks where a layer of query and key says (Bahdanau et al., 2014).

    Args:
        num_units: The size of that layer.
        memory: As for `LuongAttention`, and so on.
        memory_sequence_length: The same.
        normalize: Whether the layer's weights are normalized (Salimans and Kingma, 2016).
        probability_fn: As for `LuongAttention`, and so on.
        score_mask_value: The same.
        dtype: Of the layers of queries and keys; float32 by default.
        custom_key_value_fn: As for `LuongAttention`.
        name: Of the scope.

    Raises:
        TypeError: `probability_fn` cannot be called.
        ValueError: Sizes of the memory are not known.
    """

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
        probability_fn: Callable[..., Any] | None = None, score_mask_value: Any = None, dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None, name: str = "BahdanauAttention",
    ):  # fmt: skip
        queries, keys = (
            Dense(num_units, name=layer, use_bias=False, dtype=dtype or dtypes.float32)
            for layer in ("query_layer", "memory_layer")
        )
        super().__init__(
            queries, memory, probability_fn or softmax, memory_sequence_length, keys, score_mask_value,
            custom_key_value_fn, name,
        )  # fmt: skip
        self._query: Layer = queries
        self._num_units = num_units
        self._normalize = normalize

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """Return where to look, and the next state, which is the same.

        Args:
            query: Tensor of shape `(batch, n)`.
            state: Not looked at.
        """
        dtype, units = dtype_of(query), self._num_units
        with variable_scope(None, "bahdanau_attention", [query]):
            asked = expand_dims(self._query(query), 1)
            weights = get_variable("attention_v", [units], dtype=dtype)
            if self._normalize:
                start = constant_initializer(math.sqrt(1.0 / units))
                gain = get_variable("attention_g", dtype=dtype, initializer=start, shape=())
                bias = get_variable("attention_b", [units], dtype=dtype, initializer=zeros_initializer())
                weights = gain * weights * _rsqrt(reduce_sum(square(weights)))
                score = reduce_sum(weights * _tanh(self._keys + asked + bias), [2])
            else:
                score = reduce_sum(weights * _tanh(self._keys + asked), [2])
        alignments = self._probabilities(score)
        return alignments, alignments

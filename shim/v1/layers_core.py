"""`tf.layers.dense`, `dropout` and `flatten`, and their classes."""

import functools
import math
from numbers import Real
from typing import Any

from onevar import config
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.tensor_shape import TensorShape
from onevar.v1 import keras_activations, keras_constraints, keras_initializers, keras_regularizers
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import expand_dims, identity, reshape, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, is_tensor, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.layers_arguments import by_mode, standard_data_format
from onevar.v1.layers_base import Layer
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_matmul import matmul, tensordot
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_dropout import dropout as nn_dropout
from onevar.v1.nn_embedding import embedding_lookup_sparse
from onevar.v1.sparse_types import SparseTensor

#: What biases begin with.
ZEROS = zeros_initializer()


@export("layers.Dense")
class Dense(Layer):
    """`activation(inputs @ kernel + bias)`.

    Args:
        units: The size of the outputs' last axis.
        activation: A function of the outputs, or its name.
        use_bias: Whether there is a bias.
        kernel_initializer: Of the kernel; None is the scope's.
        bias_initializer: Of the bias.
        kernel_regularizer: A function of the kernel whose value joins the losses.
        bias_regularizer: The same of the bias.
        activity_regularizer: The same of the outputs.
        kernel_constraint: What optimizers apply to the kernel after an update.
        bias_constraint: The same for the bias.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        name: Of the layer.
        **kwargs: As for `Layer`.

    Raises:
        ValueError: `units` is negative.
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = ZEROS, kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.units = units if isinstance(units, int) else int(units)
        if self.units < 0:
            raise ValueError(
                f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
            )
        self.activation = keras_activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras_initializers.get(kernel_initializer)
        self.bias_initializer = keras_initializers.get(bias_initializer)
        self.kernel_regularizer = keras_regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras_regularizers.get(bias_regularizer)
        self.kernel_constraint = keras_constraints.get(kernel_constraint)
        self.bias_constraint = keras_constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias.

        Args:
            input_shape: Of the inputs; the last axis has to be known.

        Raises:
            TypeError: The layer's dtype is not floating-point.
            ValueError: The last axis is not known.
        """
        dtype = as_dtype(self.dtype or config.floatx())
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(f"A Dense layer can only be built with a floating-point dtype. Received: dtype={dtype}")
        shape = TensorShape(input_shape)
        last = None if shape.rank is None else shape.as_list()[-1]
        if last is None:
            raise ValueError(
                "The last dimension of the inputs to a Dense layer should be defined. Found None. Full input shape "
                f"received: {shape}"
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.kernel = self.add_weight(
            "kernel", shape=[last, self.units], initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint, dtype=self.dtype, trainable=True,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", shape=[self.units], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint, dtype=self.dtype, trainable=True,
            )  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: Of two axes or more.
        """
        if self.dtype is not None and dtype_of(inputs) != as_dtype(self.dtype):
            inputs = cast(inputs, self.dtype)
        rank = rank_of(inputs)
        if isinstance(inputs, SparseTensor):
            outputs = self._sparse(inputs)
        elif rank == 2 or rank is None:
            outputs = matmul(inputs, self.kernel)
        else:
            outputs = tensordot(inputs, self.kernel, [[rank - 1], [0]])
            set_shape(outputs, [*shape_of(inputs).as_list()[:-1], self.units])
        if self.bias is not None:
            outputs = bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def _sparse(self, inputs: SparseTensor) -> Any:
        from onevar.v1.sparse_ops import sparse_fill_empty_rows

        filled, _ = sparse_fill_empty_rows(inputs, 0)
        indices: Any = filled.indices
        columns = SparseTensor(indices, indices[:, 1], filled.dense_shape)
        return embedding_lookup_sparse(self.kernel, columns, filled, combiner="sum")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.

        Raises:
            ValueError: The last axis is not known.
        """
        shape = TensorShape(input_shape).with_rank_at_least(2)
        if shape.as_list()[-1] is None:
            raise ValueError(
                "The last dimension of the input shape of a Dense layer should be defined. Found None. Received: "
                f"input_shape={shape}"
            )
        return shape[:-1].concatenate(self.units)


@export("layers.dense")
def dense(
    inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = ZEROS, kernel_regularizer: Any = None, bias_regularizer: Any = None,
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
    trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return `activation(inputs @ kernel + bias)`, with variables of a new layer.

    Args:
        inputs: Of two axes or more.
        units: As for `Dense`, and so on.
        activation: The same.
        use_bias: The same.
        kernel_initializer: The same.
        bias_initializer: The same.
        kernel_regularizer: The same.
        bias_regularizer: The same.
        activity_regularizer: The same.
        kernel_constraint: The same.
        bias_constraint: The same.
        trainable: The same.
        name: Of the layer and of its variable scope.
        reuse: Whether variables are found and not made.
    """
    return Dense(
        units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export("layers.Dropout")
class Dropout(Layer):
    """Sets elements to zero by chance while training, and scales the others up.

    Args:
        rate: The chance that an element is dropped: a number or a tensor.
        noise_shape: The shape of the decisions, None where it is that of the inputs.
        seed: The op's own seed.
        name: Of the layer.
        **kwargs: As for `Layer`.

    Raises:
        ValueError: The rate is out of range.
    """

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: Any = None, **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        if isinstance(rate, int | float) and not 0 <= rate <= 1:
            raise ValueError(f"Invalid value {rate} received for `rate`, expected a value between 0 and 1.")
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = self._next_seed = seed
        self.supports_masking = True

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Return the inputs, with elements dropped if in training.

        Args:
            inputs: A tensor.
            training: A bool, or a tensor that says when the graph runs.
        """
        if isinstance(self.rate, Real) and self.rate == 0:
            return identity(inputs)
        return by_mode(training, functools.partial(self._dropped, inputs), functools.partial(identity, inputs))

    def _dropped(self, inputs: Any) -> Any:
        seed = self._next_seed
        if seed is not None:
            # The next call drops others.
            self._next_seed = seed + 1
        return nn_dropout(inputs, noise_shape=self._get_noise_shape(inputs), seed=seed, rate=self.rate)

    def _get_noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None or is_tensor(self.noise_shape):
            return self.noise_shape
        known = shape_op(inputs)
        return convert_to_tensor([known[i] if size is None else size for i, size in enumerate(self.noise_shape)])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs.

        Args:
            input_shape: The shape.
        """
        return input_shape


@export("layers.dropout")
def dropout(
    inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs, in training with elements dropped by chance.

    Args:
        inputs: A tensor.
        rate: As for `Dropout`, and so on.
        noise_shape: The same.
        seed: The same.
        training: A bool, or a tensor that says when the graph runs.
        name: Of the layer.
    """
    return Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)(inputs, training=training)


@export("layers.Flatten")
class Flatten(Layer):
    """Makes one axis of all but the first.

    Args:
        data_format: `"channels_first"` puts the channels last before that; `"channels_last"` if None.
        **kwargs: As for `Layer`.

    Raises:
        ValueError: There is no such data format.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Return the inputs with two axes.

        Args:
            inputs: Of one axis or more.
        """
        rank = rank_of(inputs)
        if self.data_format == "channels_first" and rank and rank > 1:
            inputs = transpose(inputs, perm=[0, *range(2, rank), 1])
        sizes = shape_of(inputs)
        if executing_eagerly():
            return reshape(inputs, [sizes.as_list()[0], -1])
        if rank == 1:
            return expand_dims(inputs, axis=1)
        if rank is None:
            return reshape(inputs, [shape_op(inputs)[0], -1])
        first, *others = sizes.as_list()
        if None not in others:
            return reshape(inputs, constant([-1, math.prod(others)]))
        return reshape(inputs, [shape_op(inputs)[0], -1] if first is None else constant([first, -1]))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.
        """
        sizes = TensorShape(input_shape).as_list()
        if not sizes:
            return TensorShape([1, 1])
        return TensorShape([sizes[0], None if None in sizes[1:] else math.prod(sizes[1:])])


@export("layers.flatten")
def flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Any:
    """Return the inputs with one axis in place of all but the first.

    Args:
        inputs: Of one axis or more.
        name: Of the layer.
        data_format: As for `Flatten`.
    """
    return Flatten(name=name, data_format=data_format)(inputs)

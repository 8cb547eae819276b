"""`tf.contrib.layers.fully_connected` and what else needs no convolution."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collections
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import one_hot
from onevar.v1.array_ops_shape import reshape, unstack
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.array_ops_shape import stack as stack_op
from onevar.v1.common import dtype_of, rank_of, set_shape, shape_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import (
    check_data_format,
    collect_named_outputs,
    collect_variable,
    finished,
    get_variable_collections,
    last_dimension,
    model_getter,
)
from onevar.v1.contrib_regularizers import xavier_initializer
from onevar.v1.contrib_variables import model_variable
from onevar.v1.export import export, export_value
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.layers_core import Dense, Dropout
from onevar.v1.layers_core import flatten as flatten_layer
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import reduce_max
from onevar.v1.nn_activations import bias_add as nn_bias_add
from onevar.v1.nn_activations import elu as nn_elu
from onevar.v1.nn_activations import relu as nn_relu
from onevar.v1.nn_activations import relu6 as nn_relu6
from onevar.v1.nn_activations import softmax as nn_softmax
from onevar.v1.variable_scopes import get_variable, variable_scope

#: The initializers that weights and biases have where nothing is said.
XAVIER, ZEROS = xavier_initializer(), zeros_initializer()
#: A layer's names for its variables, and contrib's.
WEIGHTS_AND_BIASES = {"bias": "biases", "kernel": "weights"}


def export_layer(*names: str) -> Callable[[Any], Any]:
    """Return a decorator that exports a function as one of `tf.contrib.layers` and of `tf.contrib.slim`.

    Args:
        *names: The function's names there.
    """
    return export(*(f"contrib.{package}.{name}" for package in ("layers", "slim") for name in names))


@export_layer("fully_connected")
@add_arg_scope
def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = nn_relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = XAVIER, weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """Return `activation_fn(inputs @ weights + biases)`.

    Args:
        inputs: Of two axes or more.
        num_outputs: The size of the last axis of the outputs.
        activation_fn: A function of the outputs, or None.
        normalizer_fn: The same, in place of the biases.
        normalizer_params: Keyword arguments for it.
        weights_initializer: Of the weights.
        weights_regularizer: A function of the weights whose value joins the losses.
        biases_initializer: Of the biases; None leaves them out.
        biases_regularizer: As `weights_regularizer`.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        scope: The variable scope.

    Raises:
        ValueError: `num_outputs` is no integer.
    """
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of {[int]}, got {type(num_outputs)}.")
    getter = model_getter(WEIGHTS_AND_BIASES)
    with variable_scope(scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        layer = Dense(
            num_outputs, use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, dtype=dtype_of(inputs),
            _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer(inputs)
        collect_variable(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            collect_variable(layer.bias, variables_collections, "biases")
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return finished(outputs, activation_fn, outputs_collections, sc.name)


for _name, _function in {"relu": nn_relu, "relu6": nn_relu6, "elu": nn_elu, "linear": None}.items():
    _partial = functools.partial(fully_connected, activation_fn=_function)
    export_layer(_name)(_partial)


@export_layer("bias_add")
@add_arg_scope
def bias_add(
    inputs: Any, activation_fn: Any = None, initializer: Any = ZEROS, regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    data_format: str = "NHWC", scope: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs with biases added to their channels.

    Args:
        inputs: A tensor.
        activation_fn: A function of the outputs, or None.
        initializer: Of the biases.
        regularizer: A function of the biases whose value joins the losses.
        reuse: Whether variables are found and not made.
        variables_collections: What the biases join, or a dictionary by their name.
        outputs_collections: What the outputs join.
        trainable: Whether the biases join `GraphKeys.TRAINABLE_VARIABLES`.
        data_format: `"NHWC"` or `"NCHW"`.
        scope: The variable scope.

    Raises:
        ValueError: There is no such data format, or the number of channels is not known.
    """
    check_data_format(data_format, "NCHW", "NHWC")
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        rank = rank_of(inputs)
        if rank is None:
            raise ValueError("Dims of shape must be known but is None")
        if rank != 4 and data_format == "NCHW":
            raise ValueError("Data format NCHW only supports 4D Tensor")
        channels = shape_of(inputs).as_list()[1 if data_format == "NCHW" else -1]
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = model_variable(
            "biases", shape=[channels], dtype=dtype_of(inputs), initializer=initializer, regularizer=regularizer,
            collections=get_variable_collections(variables_collections, "biases"), trainable=trainable,
        )  # fmt: skip
        outputs = nn_bias_add(inputs, biases, data_format=data_format)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


@export_layer("dropout")
@add_arg_scope
def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
    outputs_collections: Any = None, scope: Any = None, seed: int | None = None,
) -> Any:  # fmt: skip
    """Return the inputs, in training with elements dropped by chance.

    Args:
        inputs: A tensor.
        keep_prob: The chance that an element is kept.
        noise_shape: The shape of the decisions.
        is_training: A bool, or a tensor that says when the graph runs.
        outputs_collections: What the outputs join.
        scope: The variable scope.
        seed: The op's own seed.
    """
    with variable_scope(scope, "Dropout", [inputs], custom_getter=model_getter()) as sc:
        inputs = convert_to_tensor(inputs)
        layer = Dropout(1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc)
        return collect_named_outputs(outputs_collections, sc.name, layer(inputs, training=is_training))


@export_layer("flatten")
@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """Return the inputs with one axis in place of all but the first.

    Args:
        inputs: A tensor.
        outputs_collections: What the outputs join.
        scope: The name scope.
    """
    with name_scope(scope, "Flatten", [inputs]) as sc:
        return collect_named_outputs(outputs_collections, sc, flatten_layer(convert_to_tensor(inputs)))


@export_layer("one_hot_encoding")
@add_arg_scope
def one_hot_encoding(
    labels: Any, num_classes: int, on_value: Any = 1.0, off_value: Any = 0.0, outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:  # fmt: skip
    """Return labels as rows with one element on and the others off.

    Args:
        labels: Integers.
        num_classes: How long a row is.
        on_value: The one element.
        off_value: The others.
        outputs_collections: What the outputs join.
        scope: The name scope.
    """
    with name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = convert_to_tensor(labels)
        if dtype_of(labels).name == "int32":
            labels = cast(labels, "int64", name="ToInt64")
        outputs = one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collect_named_outputs(outputs_collections, sc, outputs)


@export_layer("softmax")
@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Any:
    """Return the softmax along the last axis of any number of axes.

    Args:
        logits: Of two axes or more.
        scope: The variable scope.
    """
    with variable_scope(scope, "softmax", [logits]):
        classes = last_dimension(shape_of(logits), min_rank=2)
        predictions = reshape(nn_softmax(reshape(logits, [-1, classes])), shape_op(logits))
        set_shape(predictions, shape_of(logits))
        return predictions


@export_layer("maxout")
@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Any:
    """Return the greatest of each group of channels.

    Args:
        inputs: A tensor.
        num_units: How many groups there are.
        axis: Of the channels.
        scope: The variable scope.

    Raises:
        ValueError: The channels cannot be cut into as many groups.
    """
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = convert_to_tensor(inputs)
        sizes: list[Any] = shape_of(inputs).as_list()
        channels = sizes[axis]
        if channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        sizes[axis] = num_units
        sizes.append(channels // num_units)
        wanted = [shape_op(inputs)[i] if size is None else size for i, size in enumerate(sizes)]
        return reduce_max(reshape(inputs, wanted), -1, keepdims=False)


# -- layers of layers -------------------------------------------------------------------------------


def _own_name(layer: Any, otherwise: str) -> str:
    return getattr(layer, "__name__", None) or getattr(getattr(layer, "func", None), "__name__", None) or otherwise


@export_layer("repeat")
def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the outputs of one layer after another of the same kind.

    Args:
        inputs: Of the first one.
        repetitions: How many there are.
        layer: A function such as `fully_connected`.
        *args: Handed to it.
        **kwargs: The same; `scope` is the variable scope.
    """
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = convert_to_tensor(inputs)
        name = scope or _own_name(layer, "repeat")
        for number in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{number + 1}"})
        return outputs


@export_layer("stack")
def stack(inputs: Any, layer: Callable[..., Any], stack_args: Sequence[Any], **kwargs: Any) -> Any:
    """Return the outputs of one layer after another, each with arguments of its own.

    Args:
        inputs: Of the first one.
        layer: A function such as `fully_connected`.
        stack_args: For each its positional arguments, or the one that there is.
        **kwargs: Handed to all; `scope` is the variable scope.

    Raises:
        ValueError: `stack_args` is neither list nor tuple.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, list | tuple):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs = convert_to_tensor(inputs)
        name = scope or _own_name(layer, "stack")
        for number, args in enumerate(stack_args):
            args = args if isinstance(args, list | tuple) else [args]
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{number + 1}"})
        return outputs


# -- the older one ----------------------------------------------------------------------------------


@export_layer("legacy_fully_connected")
def legacy_fully_connected(
    x: Any, num_output_units: int, activation_fn: Any = None, weight_init: Any = XAVIER, bias_init: Any = ZEROS,
    name: Any = None, weight_collections: Any = (GraphKeys.WEIGHTS,), bias_collections: Any = (GraphKeys.BIASES,),
    output_collections: Any = (GraphKeys.ACTIVATIONS,), trainable: bool = True, weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:  # fmt: skip
    """As `fully_connected`, with the variables `weights` and `bias`.

    Args:
        x: The inputs.
        num_output_units: The size of the last axis of the outputs.
        activation_fn: A function of the outputs, or None.
        weight_init: Of the weights.
        bias_init: Of the bias; None leaves it out.
        name: The variable scope.
        weight_collections: What the weights join beside the global variables.
        bias_collections: The same for the bias.
        output_collections: What the outputs join beside `GraphKeys.ACTIVATIONS`.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        weight_regularizer: A function of the weights whose value joins the losses.
        bias_regularizer: The same of the bias.

    Raises:
        ValueError: The inputs have fewer than two axes, or the last one's size is not known.
    """
    with variable_scope(name, "fully_connected", [x]):
        x = convert_to_tensor(x)
        sizes = _sizes_for_legacy(x)
        last, dtype = sizes[-1], dtype_of(x)
        weights = get_variable(
            "weights", shape=[last, num_output_units], dtype=dtype, initializer=weight_init,
            collections={*(weight_collections or ()), GraphKeys.GLOBAL_VARIABLES}, regularizer=weight_regularizer,
            trainable=trainable,
        )  # fmt: skip
        y = matmul(x if len(sizes) <= 2 else reshape(x, [-1, last]), weights)
        if bias_init is not None:
            bias = get_variable(
                "bias", shape=[num_output_units], dtype=dtype, initializer=bias_init,
                collections={*(bias_collections or ()), GraphKeys.GLOBAL_VARIABLES}, regularizer=bias_regularizer,
                trainable=trainable,
            )  # fmt: skip
            y = nn_bias_add(y, bias)
        if len(sizes) > 2:
            outer = unstack(shape_op(x))
            y = reshape(y, stack_op([*outer[:-1], num_output_units]))
            set_shape(y, [*sizes[:-1], num_output_units])
        y = y if activation_fn is None else activation_fn(y)
        add_to_collections([*(output_collections or ()), GraphKeys.ACTIVATIONS], y)
        return y


def _sizes_for_legacy(x: Any) -> list[int | None]:
    known = shape_of(x)
    if known.rank is None:
        raise ValueError("dims of x must be known but is None")
    if known.rank < 2:
        raise ValueError(f"rank of x must be at least 2 not: {known.rank}")
    if known.as_list()[-1] is None:
        raise ValueError("last dimension of x must be known but is None")
    return known.as_list()


for _name, _function in {"legacy_relu": nn_relu, "legacy_linear": None}.items():
    export_value(f"contrib.layers.{_name}", functools.partial(legacy_fully_connected, activation_fn=_function))

"""`tf.contrib.layers.layer_norm`, `instance_norm`, `group_norm` and what else scales."""

from collections.abc import Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import meshgrid, ones
from onevar.v1.array_ops_index import strided_slice
from onevar.v1.array_ops_shape import concat, reshape, tile, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, set_shape, shape_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import check_data_format, finished, get_variable_collections
from onevar.v1.contrib_layers import export_layer
from onevar.v1.contrib_variables import model_variable
from onevar.v1.init_ops import constant_initializer, ones_initializer, zeros_initializer
from onevar.v1.math_ops_elementwise import div, sqrt, square
from onevar.v1.math_ops_make import linspace
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.nn_activations import softmax
from onevar.v1.nn_norm import batch_normalization, moments, normalize_moments, sufficient_statistics
from onevar.v1.variable_scopes import variable_scope

_INITIALIZERS = {"beta": zeros_initializer(), "gamma": ones_initializer()}


def _parameter(
    wanted: bool, name: str, shape: Any, dtype: Any, initializers: Any, collections: Any, trainable: bool
) -> Any:
    if not wanted:
        return None
    return model_variable(
        name, shape=shape, dtype=dtype, initializer=(initializers or {}).get(name, _INITIALIZERS[name]),
        collections=get_variable_collections(collections, name), trainable=trainable,
    )  # fmt: skip


@export_layer("layer_norm")
@add_arg_scope
def layer_norm(
    inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    begin_norm_axis: int = 1, begin_params_axis: int = -1, scope: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs, each element of the batch shifted and scaled to a mean and a standard deviation.

    Args:
        inputs: A tensor whose rank is known.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        activation_fn: A function of the outputs, or None.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        begin_norm_axis: The first of the axes that the statistics are of.
        begin_params_axis: The first of the axes of `beta` and `gamma`.
        scope: The variable scope.

    Raises:
        ValueError: There are no such axes, or sizes are not known.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        known, dtype = shape_of(inputs), dtype_of(inputs)
        rank = known.rank
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        begin_norm_axis += rank if begin_norm_axis < 0 else 0
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) must be < "
                f"rank(inputs) ({rank})"
            )
        shape = known[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: {known}")
        beta = _parameter(center, "beta", shape, dtype, None, variables_collections, trainable)
        gamma = _parameter(scale, "gamma", shape, dtype, None, variables_collections, trainable)
        mean, variance = moments(inputs, list(range(begin_norm_axis, rank)), keep_dims=True)
        epsilon = 1e-3 if dtype.name == "float16" else 1e-12
        outputs = batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        set_shape(outputs, known)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


@export_layer("instance_norm")
@add_arg_scope
def instance_norm(
    inputs: Any, center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None,
    param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, data_format: str = "NHWC", scope: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs with each channel of each element of the batch normalized.

    Args:
        inputs: A tensor whose rank is known.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        epsilon: Added to the variance.
        activation_fn: A function of the outputs, or None.
        param_initializers: Of the variables, by their names.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        data_format: `"NHWC"` or `"NCHW"`.
        scope: The variable scope.

    Raises:
        ValueError: There is no such data format, or the number of channels is not known.
    """
    inputs = convert_to_tensor(inputs)
    known, dtype = shape_of(inputs), dtype_of(inputs)
    rank = known.rank
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    check_data_format(data_format, "NCHW", "NHWC")
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == "NCHW" else rank - 1
        shape = known[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        parameters = []
        for name, wanted in (("beta", center), ("gamma", scale)):
            made = _parameter(wanted, name, shape, dtype, param_initializers, variables_collections, trainable)
            if made is not None and data_format == "NCHW":
                made = reshape(made, [1, shape.as_list()[0]] + [1] * (rank - 2))
            parameters.append(made)
        axes = [one for one in range(1, rank) if one != axis]
        mean, variance = moments(inputs, axes, keep_dims=True)
        beta, gamma = parameters
        outputs = batch_normalization(inputs, mean, variance, beta, gamma, epsilon, name="instancenorm")
        return finished(outputs, activation_fn, outputs_collections, sc.name)


@export_layer("group_norm")
@add_arg_scope
def group_norm(
    inputs: Any, groups: int = 32, channels_axis: int = -1, reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None,
    param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None, mean_close_to_zero: bool = False,
) -> Any:  # fmt: skip
    """Return the inputs with each group of channels of each element of the batch normalized.

    Args:
        inputs: A tensor whose rank is known.
        groups: How many groups there are.
        channels_axis: The axis of the channels.
        reduction_axes: The axes that the statistics are of, beside the channels of the group.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        epsilon: Added to the variance.
        activation_fn: A function of the outputs, or None.
        param_initializers: Of the variables, by their names.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        scope: The variable scope.
        mean_close_to_zero: Whether the variance may be computed from sums of squares.

    Raises:
        ValueError: There are no such axes, sizes are not known, or the channels cannot be cut into the groups.
    """
    inputs = convert_to_tensor(inputs)
    known, dtype = shape_of(inputs), dtype_of(inputs)
    if known.rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > known.rank - 1:
        raise ValueError("Axis is out of bounds.")
    dynamic = shape_op(inputs)
    sizes: list[Any] = [dynamic[i] if size is None else size for i, size in enumerate(known.as_list())]
    axis = channels_axis + known.rank if channels_axis < 0 else channels_axis
    axes = _group_axes(known.as_list(), inputs, axis, reduction_axes, groups)
    channels = known.as_list()[axis] or 0
    before, after, group = sizes[:axis], sizes[axis + 1 :], [groups, channels // groups]
    wide = [1] * len(before) + group + [1] * len(after)
    inputs = reshape(inputs, before + group + after)
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        parameters = []
        for name, wanted in (("beta", center), ("gamma", scale)):
            made = _parameter(wanted, name, [channels], dtype, param_initializers, variables_collections, trainable)
            parameters.append(None if made is None else reshape(made, wide))
        if mean_close_to_zero:
            count, total, squares, _ = sufficient_statistics(inputs, axes, keep_dims=True)
            mean, variance = normalize_moments(count, total, squares, shift=None)
        else:
            mean, variance = moments(inputs, axes, keep_dims=True)
        beta, gamma = parameters
        outputs = reshape(_shifted(inputs, mean, variance, beta, gamma, epsilon), sizes)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


def _group_axes(known: list[int | None], inputs: Any, axis: int, reduction: Sequence[int], groups: int) -> list[int]:
    """Return the axes of the statistics, where the channels have two axes."""
    channels = known[axis]
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {axis}.")
    found = [axis + 1]
    for one in reduction:
        one += len(known) if one < 0 else 0
        if one > len(known):
            raise ValueError("Axis is out of bounds.")
        if known[one] is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {one}.")
        if one == axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
        found.append(one + 1 if one > axis else one)
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    return found


def _shifted(inputs: Any, mean: Any, variance: Any, beta: Any, gamma: Any, epsilon: float) -> Any:
    gain = op("Rsqrt", x=variance + epsilon)
    offset = -mean * gain
    if gamma is not None:
        gain, offset = gain * gamma, offset * gamma
    if beta is not None:
        offset = offset + beta
    return inputs * gain + offset


@export_layer("unit_norm")
@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """Return the inputs, scaled to a norm of one along an axis.

    Args:
        inputs: A tensor whose rank is known.
        dim: The axis.
        epsilon: Added to the squares.
        scope: The variable scope.

    Raises:
        ValueError: The rank is not known, or there is no such axis.
    """
    with variable_scope(scope, "UnitNorm", [inputs]):
        rank = shape_of(inputs).rank
        if not rank:
            raise ValueError("The input rank must be known.")
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = sqrt(epsilon + reduce_sum(square(inputs), dim, True))
        multiples = [ones([dim], "int32")] if dim > 0 else []
        multiples.append(strided_slice(shape_op(inputs), [dim], [dim + 1]))
        if dim < rank - 1:
            multiples.append(ones([rank - 1 - dim], "int32"))
        return div(inputs, tile(lengths, concat(multiples, 0)))


@export_layer("spatial_softmax")
@add_arg_scope
def spatial_softmax(
    features: Any, temperature: Any = None, name: Any = None, variables_collections: Any = None,
    trainable: bool = True, data_format: str = "NHWC",
) -> Any:  # fmt: skip
    """Return where each channel of images is strongest: the expected coordinates, between -1 and 1.

    Args:
        features: Images whose number of channels is known.
        temperature: What the softmax's temperature begins with; 1 if None.
        name: The variable scope.
        variables_collections: What the temperature joins, or a dictionary by its name.
        trainable: Whether the temperature is trained.
        data_format: `"NHWC"` or `"NCHW"`.

    Raises:
        ValueError: There is no such data format, or the number of channels is not known.
    """
    with variable_scope(name, "spatial_softmax"):
        dynamic, known = shape_op(features), shape_of(features).as_list()
        check_data_format(data_format, "NCHW", "NHWC")
        last = data_format == "NHWC"
        height, width, channels = (dynamic[1], dynamic[2], known[3]) if last else (dynamic[2], dynamic[3], known[1])
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. Found `None`."
            )
        with name_scope("spatial_softmax_op", "spatial_softmax_op", [features]):
            pos_x, pos_y = meshgrid(linspace(-1.0, 1.0, num=height), linspace(-1.0, 1.0, num=width), indexing="ij")
            pos_x, pos_y = reshape(pos_x, [height * width]), reshape(pos_y, [height * width])
            start = ones_initializer() if temperature is None else constant_initializer(temperature)
            collections = get_variable_collections(variables_collections, "temperature") if trainable else None
            heat = model_variable(
                "temperature", shape=(), dtype="float32", initializer=start, collections=collections,
                trainable=trainable,
            )  # fmt: skip
            rows = transpose(features, [0, 3, 1, 2]) if last else features
            attention = softmax(reshape(rows, [-1, height * width]) / heat)
            expected = [reduce_sum(pos * attention, [1], keepdims=True) for pos in (pos_x, pos_y)]
            points = reshape(concat(expected, 1), [-1, channels * 2])
            set_shape(points, [None, channels * 2])
            return points

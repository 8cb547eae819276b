"""`tf.contrib.slim.nets`: residual networks, version 1 and 2, and what they are made of."""

import collections
from collections.abc import Callable, Sequence
from typing import Any

from onevar.v1.array_ops_shape import pad
from onevar.v1.contrib_arg_scope import add_arg_scope, arg_scope
from onevar.v1.contrib_batch_norm import batch_norm
from onevar.v1.contrib_collecting import collect_named_outputs, convert_collection_to_dict, last_dimension
from onevar.v1.contrib_layers import softmax
from onevar.v1.contrib_layers_conv import conv2d
from onevar.v1.contrib_layers_pool import max_pool2d
from onevar.v1.contrib_regularizers import l2_regularizer, variance_scaling_initializer
from onevar.v1.export import export
from onevar.v1.math_ops_reduce import reduce_mean
from onevar.v1.nn_activations import relu
from onevar.v1.slim_nets_plain import Network, offer
from onevar.v1.variable_scopes import variable_scope


@offer("resnet_utils", "Block")
class Block(collections.namedtuple("Block", ["scope", "unit_fn", "args"])):
    """A part of a network: its scope, the function that makes a unit, and the arguments of each unit."""

    __slots__ = ()


@offer("resnet_utils", "subsample")
def subsample(inputs: Any, factor: int, scope: str | None = None) -> Any:
    """Return every `factor`-th place of images.

    Args:
        inputs: Images.
        factor: How far apart.
        scope: Of the layer.
    """
    return inputs if factor == 1 else max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


@offer("resnet_utils", "conv2d_same")
def conv2d_same(
    inputs: Any, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: str | None = None
) -> Any:
    """Return a convolution whose places are the same whatever the images' sizes.

    Args:
        inputs: Images.
        num_outputs: The number of channels.
        kernel_size: The kernel's height and width.
        stride: How far apart places are.
        rate: How far apart the kernel's elements are.
        scope: Of the layer.
    """
    if stride == 1:
        return conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope)
    total = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    around = [total // 2, total - total // 2]
    inputs = pad(inputs, [[0, 0], around, around, [0, 0]])
    return conv2d(inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope)


@offer("resnet_utils", "stack_blocks_dense")
@add_arg_scope
def stack_blocks_dense(
    net: Any, blocks: Sequence[Any], output_stride: int | None = None, outputs_collections: Any = None
) -> Any:
    """Return the outputs of blocks one after the other.

    Args:
        net: The inputs.
        blocks: The blocks.
        output_stride: How much smaller images become at most; then kernels are spread out instead.
        outputs_collections: What the blocks' outputs join.

    Raises:
        ValueError: The strides do not make that.
    """
    stride, rate = 1, 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as scope:
            for number, unit in enumerate(block.args, 1):
                if output_stride is not None and stride > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with variable_scope(f"unit_{number}", values=[net]):
                    unit_stride = unit.get("stride", 1)
                    if output_stride is not None and stride == output_stride:
                        net = block.unit_fn(net, rate=rate, **dict(unit, stride=1))
                        rate *= unit_stride
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        stride *= unit_stride
            net = collect_named_outputs(outputs_collections, scope.name, net)
    if output_stride is not None and stride != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


@offer("resnet_utils", "resnet_arg_scope")
def resnet_arg_scope(
    weight_decay: float = 0.0001, batch_norm_decay: float = 0.997, batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Any:  # fmt: skip
    """Return the scope that residual networks are made in.

    Args:
        weight_decay: Of the weights.
        batch_norm_decay: Of the moving averages.
        batch_norm_epsilon: Added to variances.
        batch_norm_scale: Whether there is a `gamma`.
    """
    params = {
        "decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "scale": batch_norm_scale,
        "updates_collections": "update_ops",
    }  # fmt: skip
    with (
        arg_scope(
            [conv2d], weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(), activation_fn=relu, normalizer_fn=batch_norm,
            normalizer_params=params,
        ),
        arg_scope([batch_norm], **params),
        arg_scope([max_pool2d], padding="SAME") as scope,
    ):  # fmt: skip
        return scope


for _version in ("resnet_v1", "resnet_v2"):
    export(f"contrib.slim.nets.{_version}.resnet_arg_scope")(resnet_arg_scope)


# -- units ----------------------------------------------------------------------------------------------------


@offer("resnet_v1", "bottleneck")
@add_arg_scope
def bottleneck_v1(
    inputs: Any, depth: int, depth_bottleneck: int, stride: int, rate: int = 1, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """Return a unit of version 1: three convolutions, added to the inputs.

    Args:
        inputs: Images.
        depth: The number of channels of the outputs.
        depth_bottleneck: The number of channels between.
        stride: How far apart places are.
        rate: How far apart the kernel's elements are.
        outputs_collections: What the outputs join.
        scope: The variable scope.
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == last_dimension(inputs.get_shape(), min_rank=4):
            shortcut = subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut")
        residual = conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = conv2d_same(residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        residual = conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        return collect_named_outputs(outputs_collections, sc.name, relu(shortcut + residual))


@offer("resnet_v2", "bottleneck")
@add_arg_scope
def bottleneck_v2(
    inputs: Any, depth: int, depth_bottleneck: int, stride: int, rate: int = 1, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """Return a unit of version 2, which normalizes before it convolves.

    Args:
        inputs: Images.
        depth: The number of channels of the outputs.
        depth_bottleneck: The number of channels between.
        stride: How far apart places are.
        rate: How far apart the kernel's elements are.
        outputs_collections: What the outputs join.
        scope: The variable scope.
    """
    with variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        before = batch_norm(inputs, activation_fn=relu, scope="preact")
        plain = {"normalizer_fn": None, "activation_fn": None}
        if depth == last_dimension(inputs.get_shape(), min_rank=4):
            shortcut = subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(before, depth, [1, 1], stride=stride, scope="shortcut", **plain)
        residual = conv2d(before, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = conv2d_same(residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        residual = conv2d(residual, depth, [1, 1], stride=1, scope="conv3", **plain)
        return collect_named_outputs(outputs_collections, sc.name, shortcut + residual)


# -- networks -------------------------------------------------------------------------------------------------


def _network(version: int, bottleneck: Callable[..., Any]) -> Callable[..., Network]:
    def network(
        inputs: Any, blocks: Sequence[Any], num_classes: int | None = None, is_training: Any = True,
        global_pool: bool = True, output_stride: int | None = None, include_root_block: bool = True,
        reuse: Any = None, scope: Any = None,
    ) -> Network:  # fmt: skip
        with variable_scope(scope, f"resnet_v{version}", [inputs], reuse=reuse) as sc:
            collection = f"{sc.original_name_scope}_end_points"
            kept = arg_scope([conv2d, bottleneck, stack_blocks_dense], outputs_collections=collection)
            with kept, arg_scope([batch_norm], is_training=is_training):
                net = _root(inputs, version, output_stride) if include_root_block else inputs
                stride = output_stride
                if include_root_block and stride is not None:
                    stride //= 4
                net = stack_blocks_dense(net, blocks, stride)
                if version == 2:
                    net = batch_norm(net, activation_fn=relu, scope="postnorm")
                if global_pool:
                    net = reduce_mean(net, [1, 2], name="pool5", keepdims=True)
                if num_classes is not None:
                    net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
                end_points = convert_collection_to_dict(collection)
                if num_classes is not None:
                    end_points["predictions"] = softmax(net, scope="predictions")
                return net, end_points

    network.__name__ = network.__qualname__ = f"resnet_v{version}"
    network.__doc__ = "Return the outputs of a residual network of blocks (He et al.), and its layers by their names."
    return offer(f"resnet_v{version}", f"resnet_v{version}")(network)


def _root(inputs: Any, version: int, output_stride: int | None) -> Any:
    if output_stride is not None and output_stride % 4:
        raise ValueError("The output_stride needs to be a multiple of 4.")
    if version == 1:
        net = conv2d_same(inputs, 64, 7, stride=2, scope="conv1")
    else:
        with arg_scope([conv2d], activation_fn=None, normalizer_fn=None):
            net = conv2d_same(inputs, 64, 7, stride=2, scope="conv1")
    return max_pool2d(net, [3, 3], stride=2, scope="pool1")


_UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}


def _offer_version(version: int, bottleneck: Callable[..., Any]) -> None:
    resnet = _network(version, bottleneck)

    @offer(f"resnet_v{version}", f"resnet_v{version}_block")
    def block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
        """Return a block of units, the last of which makes images smaller.

        Args:
            scope: Of the block.
            base_depth: The number of channels between; four times as many come out.
            num_units: How many units there are.
            stride: Of the last one.
        """
        unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "stride": 1}
        return Block(scope, bottleneck, [unit] * (num_units - 1) + [dict(unit, stride=stride)])

    def of_layers(layers: int) -> None:
        name = f"resnet_v{version}_{layers}"

        def network(
            inputs: Any, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
            output_stride: int | None = None, reuse: Any = None, scope: Any = name,
        ) -> Network:  # fmt: skip
            rows = zip((64, 128, 256, 512), _UNITS[layers], (2, 2, 2, 1), strict=True)
            blocks = [block(f"block{number}", *row) for number, row in enumerate(rows, 1)]
            return resnet(
                inputs, blocks, num_classes, is_training, global_pool, output_stride, include_root_block=True,
                reuse=reuse, scope=scope,
            )  # fmt: skip

        network.__name__ = network.__qualname__ = name
        network.__doc__ = f"Return the outputs of `{name}`, and its layers by their names."
        network.default_image_size = 224  # type: ignore[attr-defined]
        offer(f"resnet_v{version}", name)(network)

    for layers in _UNITS:
        of_layers(layers)


_offer_version(1, bottleneck_v1)
_offer_version(2, bottleneck_v2)

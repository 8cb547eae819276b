"""`tf.contrib.slim.nets`: VGG, AlexNet and OverFeat, which are convolutions one after the other."""

from collections.abc import Callable
from typing import Any

from onevar.v1.array_ops_shape import squeeze
from onevar.v1.contrib_arg_scope import arg_scope
from onevar.v1.contrib_collecting import convert_collection_to_dict
from onevar.v1.contrib_layers import dropout, fully_connected, repeat
from onevar.v1.contrib_layers_conv import conv2d
from onevar.v1.contrib_layers_pool import max_pool2d
from onevar.v1.contrib_regularizers import l2_regularizer
from onevar.v1.export import export
from onevar.v1.init_ops import TruncatedNormal, constant_initializer, zeros_initializer
from onevar.v1.nn_activations import relu
from onevar.v1.variable_scopes import variable_scope

Network = tuple[Any, dict[str, Any]]


def offer(module: str, *names: str) -> Callable[[Any], Any]:
    """Return a decorator that exports a function of one of `tf.contrib.slim.nets`' modules.

    Args:
        module: The module.
        *names: The function's names.
    """
    return export(*(f"contrib.slim.nets.{module}.{name}" for name in names))


def _trunc_normal(deviation: float) -> Any:
    return TruncatedNormal(0.0, deviation)


@offer("vgg", "vgg_arg_scope")
def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """Return the scope that VGG is made in.

    Args:
        weight_decay: Of the weights.
    """
    with (
        arg_scope(
            [conv2d, fully_connected], activation_fn=relu, weights_regularizer=l2_regularizer(weight_decay),
            biases_initializer=zeros_initializer(),
        ),
        arg_scope([conv2d], padding="SAME") as scope,
    ):  # fmt: skip
        return scope


def _finished(net: Any, collection: str, name: str, last: str, spatial_squeeze: bool) -> Network:
    end_points = convert_collection_to_dict(collection)
    if spatial_squeeze:
        net = squeeze(net, [1, 2], name=f"{last}/squeezed")
        end_points[f"{name}/{last}"] = net
    return net, end_points


def _vgg(kind: str, repeats: tuple[int, ...]) -> Callable[..., Network]:
    def network(
        inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True, scope: str = kind,
    ) -> Network:  # fmt: skip
        with variable_scope(scope, kind, [inputs]) as sc:
            collection = f"{sc.name}_end_points"
            with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=collection):
                net = inputs
                for number, (times, depth) in enumerate(zip(repeats, (64, 128, 256, 512, 512), strict=True), 1):
                    net = repeat(net, times, conv2d, depth, [3, 3], scope=f"conv{number}")
                    net = max_pool2d(net, [2, 2], scope=f"pool{number}")
                net = conv2d(net, 4096, [7, 7], padding="VALID", scope="fc6")
                net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
                net = conv2d(net, 4096, [1, 1], scope="fc7")
                net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8")
                return _finished(net, collection, sc.name, "fc8", spatial_squeeze)

    network.__name__ = network.__qualname__ = kind
    network.__doc__ = f"Return the scores of `{kind}` (Simonyan and Zisserman, 2014), and its layers by their names."
    network.default_image_size = 224  # type: ignore[attr-defined]
    return offer("vgg", kind)(network)


vgg_a, vgg_16, vgg_19 = _vgg("vgg_a", (1, 1, 2, 2, 2)), _vgg("vgg_16", (2, 2, 3, 3, 3)), _vgg("vgg_19", (2, 2, 4, 4, 4))
export("contrib.slim.nets.vgg.vgg_d", "contrib.slim.nets.vgg.vgg_d_16")(vgg_16)
export("contrib.slim.nets.vgg.vgg_e", "contrib.slim.nets.vgg.vgg_e_19")(vgg_19)


@offer("alexnet", "alexnet_v2_arg_scope")
def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Any:
    """Return the scope that AlexNet is made in.

    Args:
        weight_decay: Of the weights.
    """
    with (
        arg_scope(
            [conv2d, fully_connected], activation_fn=relu, biases_initializer=constant_initializer(0.1),
            weights_regularizer=l2_regularizer(weight_decay),
        ),
        arg_scope([conv2d], padding="SAME"),
        arg_scope([max_pool2d], padding="VALID") as scope,
    ):  # fmt: skip
        return scope


@offer("overfeat", "overfeat_arg_scope")
def overfeat_arg_scope(weight_decay: float = 0.0005) -> Any:
    """Return the scope that OverFeat is made in.

    Args:
        weight_decay: Of the weights.
    """
    with (
        arg_scope(
            [conv2d, fully_connected], activation_fn=relu, weights_regularizer=l2_regularizer(weight_decay),
            biases_initializer=zeros_initializer(),
        ),
        arg_scope([conv2d], padding="SAME"),
        arg_scope([max_pool2d], padding="VALID") as scope,
    ):  # fmt: skip
        return scope


def _early(
    kind: str, middle: Callable[[Any], Any], first_fc: tuple[int, list[int]], second_fc: int, bias: float
) -> Any:
    def network(
        inputs: Any, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True, scope: str = kind,
    ) -> Network:  # fmt: skip
        with variable_scope(scope, kind, [inputs]) as sc:
            collection = f"{sc.name}_end_points"
            with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=[collection]):
                net = middle(inputs)
                fully = arg_scope(
                    [conv2d], weights_initializer=_trunc_normal(0.005), biases_initializer=constant_initializer(0.1)
                )
                with fully:
                    net = conv2d(net, first_fc[0], first_fc[1], padding="VALID", scope="fc6")
                    net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
                    net = conv2d(net, second_fc, [1, 1], scope="fc7")
                    net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
                    net = conv2d(
                        net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                        biases_initializer=constant_initializer(bias) if bias else zeros_initializer(), scope="fc8",
                    )  # fmt: skip
                return _finished(net, collection, sc.name, "fc8", spatial_squeeze)

    network.__name__ = network.__qualname__ = kind
    network.__doc__ = f"Return the scores of `{kind}`, and its layers by their names."
    return network


def _alexnet(net: Any) -> Any:
    net = conv2d(net, 64, [11, 11], 4, padding="VALID", scope="conv1")
    net = max_pool2d(net, [3, 3], 2, scope="pool1")
    net = conv2d(net, 192, [5, 5], scope="conv2")
    net = max_pool2d(net, [3, 3], 2, scope="pool2")
    net = conv2d(net, 384, [3, 3], scope="conv3")
    net = conv2d(net, 384, [3, 3], scope="conv4")
    net = conv2d(net, 256, [3, 3], scope="conv5")
    return max_pool2d(net, [3, 3], 2, scope="pool5")


def _overfeat(net: Any) -> Any:
    net = conv2d(net, 64, [11, 11], 4, padding="VALID", scope="conv1")
    net = max_pool2d(net, [2, 2], scope="pool1")
    net = conv2d(net, 256, [5, 5], padding="VALID", scope="conv2")
    net = max_pool2d(net, [2, 2], scope="pool2")
    net = conv2d(net, 512, [3, 3], scope="conv3")
    net = conv2d(net, 1024, [3, 3], scope="conv4")
    net = conv2d(net, 1024, [3, 3], scope="conv5")
    return max_pool2d(net, [2, 2], scope="pool5")


alexnet_v2 = offer("alexnet", "alexnet_v2")(_early("alexnet_v2", _alexnet, (4096, [5, 5]), 4096, 0.0))
alexnet_v2.default_image_size = 224
overfeat = offer("overfeat", "overfeat")(_early("overfeat", _overfeat, (3072, [6, 6]), 4096, 0.0))
overfeat.default_image_size = 231

"""What Keras's layers keep in which order, and what a model's description says of its layers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]
#: The variables of a layer, in the order in which it makes them; by its class.
_ORDER: Mapping[str, tuple[str, ...]] = {
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
    "embedding": ("embeddings",),
    "depthwise_conv1d": ("depthwise_kernel", "bias"),
    "depthwise_conv2d": ("depthwise_kernel", "bias"),
    "separable_conv1d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "lstm_cell": ("kernel", "recurrent_kernel", "bias"),
    "gru_cell": ("kernel", "recurrent_kernel", "bias"),
    "simple_rnn_cell": ("kernel", "recurrent_kernel", "bias"),
    "p_re_lu": ("alpha",),
    "seed_generator": ("seed_generator_state",),
}
_SWITCHES = {"gamma": "scale", "beta": "center", "bias": "use_bias"}


@dataclass(slots=True)
class Layer:
    """A layer as a model's description has it.

    Attributes:
        name: Its name.
        kind: Its class, `"BatchNormalization"`.
        config: Its own settings.
        shape: Of its input when it was built, the batch left out; None if that is not said.
        before: Names of the layers that it is called on.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    shape: Shape | None = None
    before: list[str] = field(default_factory=list)


class Layers:
    """All layers that a model's description speaks of, those inside others too.

    Args:
        config: The description, as `.keras` files have it; None if there is none.
    """

    def __init__(self, config: Mapping[str, Any] | None):
        self.all: dict[str, Layer] = {}
        if config is not None:
            for layer in _walk(config, []):
                self.all.setdefault(layer.name, layer)

    def find(self, name: str, inner: str) -> Layer | None:
        """Return the layer of a name.

        Args:
            name: As the file has it.
            inner: The name of the group that its variables are in.
        """
        found = self.all.get(name)
        if found is None or inner not in ("cell",):
            return found
        return None


def _walk(config: Mapping[str, Any], before: list[str]) -> Iterator[Layer]:
    inside = config.get("config")
    if not isinstance(inside, Mapping):
        return
    name, kind = inside.get("name") or config.get("name"), config.get("class_name")
    if isinstance(name, str) and isinstance(kind, str):
        built = (config.get("build_config") or {}).get("input_shape")
        shape = tuple(built[1:]) if isinstance(built, list) and all(isinstance(n, int) for n in built[1:]) else None
        yield Layer(name, kind, inside, shape, before or _callers(config.get("inbound_nodes")))
    previous: list[str] = []
    for value in _inner_layers(inside):
        yield from _walk(value, previous if kind == "Sequential" else [])
        inner = value.get("config")
        if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
            previous = [inner["name"]]


def _inner_layers(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in config.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping) and "class_name" in item and isinstance(item.get("config"), Mapping):
                yield item


def _callers(nodes: Any) -> list[str]:
    """Return the layers whose outputs a layer was called on, from the history of its arguments."""
    if isinstance(nodes, Mapping):
        history = nodes.get("keras_history")
        if isinstance(history, list) and history:
            return [str(history[0])]
        return [name for value in nodes.values() for name in _callers(value)]
    if isinstance(nodes, list):
        if len(nodes) >= 3 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
            return [nodes[0]]  # Keras 2's: name, node, tensor
        return [name for value in nodes for name in _callers(value)]
    return []


def roles_of(layer: Layer | None, inner: str, name: str, shapes: Sequence[Shape]) -> list[str | None]:
    """Return what each variable of a layer is to it; None where that is not sure.

    Args:
        layer: As the model's description has it, if there is one.
        inner: The name of the group that the variables are in: the layer's class, or an attribute's name.
        name: The layer's name, after its class unless the user named it.
        shapes: Of the variables, in order.
    """
    for hint in (snake(layer.kind) if layer else "", _uncounted(inner), _uncounted(name)):
        if hint in _ORDER:
            roles = [role for role in _ORDER[hint] if layer is None or layer.config.get(_SWITCHES.get(role, ""), True)]
            if len(roles) == len(shapes) or (roles[-1:] == ["bias"] and len(roles) == len(shapes) + 1):
                return list(roles[: len(shapes)])
    return _by_shape(shapes)


def _by_shape(shapes: Sequence[Shape]) -> list[str | None]:
    ranks = [len(shape) for shape in shapes]
    if ranks == [1, 1, 1, 1] and len(set(shapes)) == 1:
        return ["gamma", "beta", "moving_mean", "moving_variance"]
    if ranks == [1, 1] and len(set(shapes)) == 1:
        return ["gamma", "beta"]
    if len(shapes) > 1 and ranks[:2] == [2, 2] and shapes[0][1] == shapes[1][1] != shapes[1][0]:
        return [*("kernel", "recurrent_kernel", "bias")[: len(shapes)]] if len(shapes) < 4 else [None] * len(shapes)
    if len(shapes) in (1, 2) and ranks[0] > 1 and (len(shapes) == 1 or ranks[1] < ranks[0]):
        return [*("kernel", "bias")[: len(shapes)]]
    return [None] * len(shapes)


def snake(kind: str) -> str:
    """Return the name that Keras gives to a layer of a class."""
    spaced = re.sub(r"\W+", "", kind)
    spaced = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", spaced)
    return re.sub("([a-z])([A-Z])", r"\1_\2", spaced).lower()


def _uncounted(name: str) -> str:
    return re.sub(r"_\d+$", "", name)

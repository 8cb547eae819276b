"""What a Keras model's description says: feature maps next to dense layers, the order in which layers are computed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onevar.migrate.convert.keras_layers import Layer, Layers, snake
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.words import parts_of

#: Layers that leave the order of what they get as it is.
_ELEMENTWISE = frozenset(
    {
        "Dropout", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "GaussianNoise", "GaussianDropout",
        "AlphaDropout", "ActivityRegularization", "BatchNormalization", "LayerNormalization", "Softmax",
    }
)  # fmt: skip
Shapes = dict[str, Sequence[int] | None]


@dataclass(slots=True)
class Maps:
    """Feature maps by the names of dense kernels; None for kernels that stand next to none.

    Attributes:
        flatten: Of maps that are flattened before the layer.
        unflatten: Of maps that the layer's outputs become.
    """

    flatten: Shapes = field(default_factory=dict)
    unflatten: Shapes = field(default_factory=dict)


def feature_maps(source: Source, style: str) -> Maps:
    """Return what a description says of the dense kernels of a file or model; nothing where there is none.

    Args:
        source: The file or model.
        style: Its convention.
    """
    maps = Maps()
    if style != "keras" or source.config is None:
        return maps
    layers = Layers(source.config).all
    after: dict[str, list[Layer]] = {}
    for layer in layers.values():
        for name in layer.before:
            after.setdefault(name, []).append(layer)
    for name in source.specs:
        parts = parts_of(name)
        dense = layers.get(parts[-2]) if len(parts) > 1 and parts[-1] == "kernel" else None
        if dense is None or dense.kind != "Dense":
            continue
        before = _before(dense, layers)
        if before is not None:
            maps.flatten[name] = before
        behind = _behind(dense, after)
        if behind is not None:
            maps.unflatten[name] = behind
    return maps


def _before(layer: Layer, layers: dict[str, Layer]) -> tuple[int, ...] | None:
    """Return the shape of the map that is flattened before a layer."""
    for name in layer.before[:1]:
        found = layers.get(name)
        if found is None:
            return None
        if found.kind == "Flatten":
            shape = found.shape
            first = found.config.get("data_format") == "channels_first"
            return shape if shape is not None and len(shape) > 1 and not first else None
        if found.kind in _ELEMENTWISE:
            return _before(found, layers)
    return None


def _behind(layer: Layer, after: dict[str, list[Layer]]) -> tuple[int, ...] | None:
    """Return the shape that a layer's outputs are reshaped to."""
    for found in after.get(layer.name, [])[:1]:
        if found.kind == "Reshape":
            shape = found.config.get("target_shape")
            whole = isinstance(shape, list | tuple) and len(shape) > 1 and all(isinstance(n, int) for n in shape)
            return tuple(shape or ()) if whole and -1 not in (shape or ()) else None
        if found.kind in _ELEMENTWISE and found.kind != "BatchNormalization":
            return _behind(found, after)
    return None


def renumbered(source: Source, style: str) -> dict[str, str]:
    """Return names for layers that Keras numbered in another order than they are computed in; by the tensors' own.

    `Dense(10)(Dense(32)(x))` makes the outer layer first, so that it is `dense`, and the inner one `dense_1`. Layers
    that do not depend on one another, in branches, are left as they are.

    Args:
        source: The file or model.
        style: Its convention.
    """
    if style != "keras" or source.config is None:
        return {}
    layers = Layers(source.config).all
    families: dict[str, list[tuple[int, str]]] = {}
    for name, layer in layers.items():
        base = snake(layer.kind)
        found = re.fullmatch(rf"{re.escape(base)}(?:_(\d+))?", name)
        if found is not None:
            families.setdefault(base, []).append((int(found[1] or 0), name))
    new: dict[str, str] = {}
    for family in families.values():
        names = [name for _, name in sorted(family)]
        new |= _in_turn(names, layers)
    out = {}
    for tensor in source.specs if new else ():
        parts = tensor.split("/")
        read = [new.get(part, part) for part in parts]
        if read != parts:
            out[tensor] = "/".join(read)
    return out


def _in_turn(names: list[str], layers: Mapping[str, Layer]) -> dict[str, str]:
    """Return new names for the layers of one class, if one depends on another that has a higher number."""
    above = {name: _above(name, layers) for name in names}
    if not any(later in above[name] for place, name in enumerate(names) for later in names[place + 1 :]):
        return {}
    order: list[str] = []
    rest = list(names)
    while rest:
        first = next((name for name in rest if not above[name].intersection(rest)), rest[0])
        order.append(first)
        rest.remove(first)
    return dict(zip(order, names, strict=True))


def _above(name: str, layers: Mapping[str, Layer]) -> set[str]:
    """Return the layers that a layer depends on."""
    found: set[str] = set()
    todo = list(layers[name].before)
    while todo:
        one = todo.pop()
        if one not in found and one in layers and one != name:
            found.add(one)
            todo += layers[one].before
    return found

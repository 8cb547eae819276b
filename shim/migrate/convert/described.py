"""What a Keras model's description says of feature maps next to its dense layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from onevar.migrate.convert.keras_layers import Layer, Layers
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

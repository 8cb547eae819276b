"""TensorFlow's convolutions and pools with the channels first, for which its CPU has no kernels.

There the channels are put last before the op, and first again after it.
"""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

import numpy as np
import tensorflow as tf

#: Op types to which of their inputs are images, and which outputs; the attributes with an entry for each axis.
_IMAGES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "AvgPool": ((0,), (0,)),
    "AvgPool3D": ((0,), (0,)),
    "AvgPool3DGrad": ((1,), (0,)),
    "AvgPoolGrad": ((1,), (0,)),
    "Conv2D": ((0,), (0,)),
    "Conv2DBackpropFilter": ((0, 2), ()),
    "Conv2DBackpropInput": ((2,), (0,)),
    "Conv3D": ((0,), (0,)),
    "Conv3DBackpropFilterV2": ((0, 2), ()),
    "Conv3DBackpropInputV2": ((2,), (0,)),
    "DepthwiseConv2dNative": ((0,), (0,)),
    "DepthwiseConv2dNativeBackpropFilter": ((0, 2), ()),
    "DepthwiseConv2dNativeBackpropInput": ((2,), (0,)),
    "FusedBatchNorm": ((0,), (0,)),
    "FusedBatchNormGrad": ((0, 1), (0,)),
    "FusedBatchNormGradV2": ((0, 1), (0,)),
    "FusedBatchNormGradV3": ((0, 1), (0,)),
    "FusedBatchNormV2": ((0,), (0,)),
    "FusedBatchNormV3": ((0,), (0,)),
    "MaxPool": ((0,), (0,)),
    "MaxPool3D": ((0,), (0,)),
    "MaxPool3DGrad": ((0, 1, 2), (0,)),
    "MaxPool3DGradGrad": ((0, 1, 2), (0,)),
    "MaxPoolGrad": ((0, 1, 2), (0,)),
    "MaxPoolGradGrad": ((0, 1, 2), (0,)),
    "MaxPoolGradGradV2": ((0, 1, 2), (0,)),
    "MaxPoolGradV2": ((0, 1, 2), (0,)),
    "MaxPoolV2": ((0,), (0,)),
}
#: Inputs that hold the shape of an image, or a window's sizes.
_SHAPES: dict[str, tuple[int, ...]] = {
    "AvgPool3DGrad": (0,),
    "AvgPoolGrad": (0,),
    "Conv2DBackpropInput": (0,),
    "Conv3DBackpropInputV2": (0,),
    "DepthwiseConv2dNativeBackpropInput": (0,),
    "MaxPoolGradGradV2": (3, 4),
    "MaxPoolGradV2": (3, 4),
    "MaxPoolV2": (1, 2),
}


@cache
def _has_gpu() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))


def _last(values: Sequence[Any]) -> list[Any]:
    return [values[0], *values[2:], values[1]]


def _pairs_last(values: Sequence[int]) -> list[int]:
    return [*values[:2], *values[4:], *values[2:4]]


def _rearranged(attributes: dict[str, Any], form: str) -> dict[str, Any]:
    """Return the attributes with the channels last."""
    found = {**attributes, "data_format": form.replace("C", "") + "C"}
    for name in ("strides", "ksize", "dilations"):
        if len(found.get(name) or ()) == len(form):
            found[name] = _last(found[name])
    if found.get("explicit_paddings"):
        found["explicit_paddings"] = _pairs_last(found["explicit_paddings"])
    return found


def with_channels_first(op_type: str, run: Callable) -> Callable:
    """Return the function of an op, which takes images with the channels first on a CPU too.

    Args:
        op_type: TensorFlow's name.
        run: The function.
    """
    if op_type not in _IMAGES:
        return run
    images, results = _IMAGES[op_type]
    shapes = _SHAPES.get(op_type, ())

    @wraps(run)
    def either(*inputs: Any, **attributes: Any) -> Any:
        form = attributes.get("data_format")
        form = form.decode() if isinstance(form, bytes) else form
        if form not in ("NCHW", "NCDHW") or _has_gpu():
            return run(*inputs, **attributes)
        rank = len(form)
        last, first = [0, *range(2, rank), 1], [0, rank - 1, *range(1, rank - 1)]
        given = [tf.transpose(x, last) if i in images else _sizes(x, i in shapes) for i, x in enumerate(inputs)]
        found = run(*given, **_rearranged(attributes, form))
        if not isinstance(found, tuple):
            return tf.transpose(found, first) if results else found
        return tuple(tf.transpose(x, first) if i in results else x for i, x in enumerate(found))

    return either


def _sizes(x: Any, is_shape: bool) -> Any:
    if not is_shape:
        return x
    if isinstance(x, np.ndarray):
        return np.concatenate([x[:1], x[2:], x[1:2]]) if len(x) > 2 else x
    return tf.concat([x[:1], x[2:], x[1:2]], 0)

"""`tf.contrib.layers.max_pool2d` and its kin."""

from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.common import rank_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import (
    check_data_format,
    collect_named_outputs,
    keras_data_format,
    n_positive_integers,
)
from onevar.v1.contrib_layers import export_layer
from onevar.v1.layers_pooling import AveragePooling2D, AveragePooling3D, MaxPooling2D, MaxPooling3D
from onevar.v1.nn_pool import pool as nn_pool


def _pooling(kind: Any, name: str, scope_name: str, formats: tuple[str, str]) -> Any:
    """Make and export a function that pools."""

    def pool_inputs(
        inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = formats[1],
        outputs_collections: Any = None, scope: str | None = None,
    ) -> Any:  # fmt: skip
        check_data_format(data_format, *formats)
        with name_scope(scope, scope_name, [inputs]) as sc:
            layer = kind(kernel_size, stride, padding, keras_data_format(data_format), _scope=sc)
            return collect_named_outputs(outputs_collections, sc, layer(convert_to_tensor(inputs)))

    pool_inputs.__name__ = pool_inputs.__qualname__ = name
    pool_inputs.__doc__ = f"As `tf.layers.{kind.__name__}`, with contrib's arguments."
    # The key by which scopes know it holds the name: only now.
    return export_layer(name)(add_arg_scope(pool_inputs))


max_pool2d = _pooling(MaxPooling2D, "max_pool2d", "MaxPool2D", ("NCHW", "NHWC"))
_pooling(MaxPooling3D, "max_pool3d", "MaxPool3D", ("NCDHW", "NDHWC"))
_pooling(AveragePooling2D, "avg_pool2d", "AvgPool2D", ("NCHW", "NHWC"))
_pooling(AveragePooling3D, "avg_pool3d", "AvgPool3D", ("NCDHW", "NDHWC"))


@export_layer("pool")
@add_arg_scope
def pool(
    inputs: Any, kernel_size: Any, pooling_type: str, padding: str = "VALID", data_format: str | None = None,
    dilation_rate: Any = 1, stride: Any = 1, outputs_collections: Any = None, scope: str | None = None,
) -> Any:  # fmt: skip
    """Return what windows along any number of axes show the greatest or the mean of.

    Args:
        inputs: The batch, the axes that the window moves along, and the channels.
        kernel_size: Of the window, for each axis or one for all.
        pooling_type: `"MAX"` or `"AVG"`.
        padding: `"SAME"` or `"VALID"`.
        data_format: `"NHWC"` and the like.
        dilation_rate: The distance between two elements of the window.
        stride: As `kernel_size`.
        outputs_collections: What the outputs join.
        scope: The name scope.

    Raises:
        ValueError: The rank is not known, or below three.
    """
    with name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        rank = rank_of(inputs)
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        output = nn_pool(
            inputs, n_positive_integers(rank - 2, kernel_size), pooling_type, padding,
            dilation_rate=n_positive_integers(rank - 2, dilation_rate),
            strides=n_positive_integers(rank - 2, stride), name=sc, data_format=data_format,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc, output)

"""The loss that a layer's `activity_regularizer` adds for an output."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import dtype_of
from onevar.v1.math_ops_elementwise import cast


def mean_loss(regularizer: Callable[[Any], Any], output: Any) -> Any:
    """Return what the regularizer says of an output, divided by the size of the batch.

    Args:
        regularizer: A function of a tensor.
        output: The tensor.
    """
    loss = convert_to_tensor(regularizer(output))
    size = cast(shape(output)[0], dtype_of(loss))
    return op("RealDiv", "truediv", x=loss, y=size)

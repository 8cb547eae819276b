"""Handles of what a Session keeps on the host: the things themselves, among arrays and tensors."""

from typing import Any

import numpy as np

from onevar.core.kernel import kernel_of
from onevar.core.operation import Operation, Tensor


def is_opaque(value: Any) -> bool:
    """Whether a value is neither an array nor a tensor: a resource of the host's own.

    Args:
        value: Of a slot of a frame.
    """
    return getattr(value, "is_resource", False)


def carries_handles(operation: Operation) -> bool:
    """Whether an input comes from an operation that uses what the Session keeps on the host.

    Args:
        operation: One that may pass handles on.
    """
    for tensor in operation.inputs:
        if tensor.dtype.key == "resource":
            while isinstance(tensor.op.kept, Tensor):  # inside control flow: what was captured
                tensor = tensor.op.kept
            source = kernel_of(tensor.op.type)
            if (source is not None and source.resource) or carries_handles(tensor.op):
                return True
    return False


def unwrapped(value: Any) -> Any:
    """Return the handle in an array of no dimensions, which it is where it was chosen among several.

    Args:
        value: Any argument of a kernel.
    """
    if isinstance(value, np.ndarray) and value.dtype == object and not value.ndim and is_opaque(value[()]):
        return value[()]
    return value

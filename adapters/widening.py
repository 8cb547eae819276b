"""Kernels for dtypes that a framework stores but does not compute on.

torch and TensorFlow hold every dtype of `onevar.dtypes.DTYPES`, but have no kernels for some of
them (uint16 on torch, `pow` of unsigned types on TensorFlow). Where a wider type holds the exact
result, the operands are cast to it and the result back, which is also what C does.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any


def widened(
    kernel: Callable,
    through: Mapping[str, str],
    dtype_of: Callable[[Any], str | None],
    astype: Callable[[Any, str], Any],
    *,
    back: bool = True,
) -> Callable:
    """Return `kernel` computing in a wider dtype where it has none of its own.

    Args:
        kernel: A function of tensors of one dtype, and Python scalars.
        through: The dtype of the operands to the one to compute in.
        dtype_of: Returns the dtype's name of a tensor, and None for a Python scalar.
        astype: Casts a tensor.
        back: Whether the result is cast to the operands' dtype; False for comparisons.
    """

    @wraps(kernel)
    def widening(*operands: Any, **attributes: Any) -> Any:
        dtype = next(filter(None, map(dtype_of, operands)), None)
        wide = through.get(dtype) if dtype is not None else None
        if dtype is None or wide is None:
            return kernel(*operands, **attributes)
        cast = [astype(x, wide) if dtype_of(x) else x for x in operands]
        result = kernel(*cast, **attributes)
        return astype(result, dtype) if back else result

    return widening

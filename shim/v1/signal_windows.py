"""`tf.signal.hann_window` and the other windows."""

import math
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones
from onevar.v1.array_ops_shape import concat, reverse
from onevar.v1.common import rank_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import UNARY, cast, equal, square
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import cumsum

_cos, _sin, _sqrt = UNARY["Cos"], UNARY["Sin"], UNARY["Sqrt"]


def _check(window_length: Any, dtype: Any) -> tuple[Any, Any]:
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    window_length = convert_to_tensor(window_length, dtype=dtypes.int32)
    if rank_of(window_length) not in (None, 0):
        raise ValueError(f"window_length must be a scalar. Found {window_length}")
    return window_length, dtype


def _raised_cosine(length: Any, periodic: Any, dtype: Any, a: float, b: float, name: str | None, kind: str) -> Any:
    with name_scope(name, kind, [length, periodic]):
        length, dtype = _check(length, dtype)
        periodic = cast(convert_to_tensor(periodic, dtype=dtypes.bool, name="periodic"), dtypes.int32)
        # TensorFlow's windows of an odd length are symmetric, whatever was asked for.
        even = 1 - length % 2
        n = cast(length + periodic * even - 1, dtype)

        def window() -> Any:
            steps = cast(range_(length), dtype)
            return a - b * _cos(2.0 * math.pi * steps / n)

        return cond(equal(length, 1), lambda: ones([length], dtype=dtype), window)


@export("signal.hann_window")
def hann_window(window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return a Hann window.

    Args:
        window_length: A scalar.
        periodic: Whether it is periodic, as for a Fourier transform, or symmetric.
        dtype: Of the window.
        name: Of the scope.

    Raises:
        ValueError: `dtype` is of no floating-point numbers.
    """
    return _raised_cosine(window_length, periodic, dtype, 0.5, 0.5, name, "hann_window")


@export("signal.hamming_window")
def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """Return a Hamming window.

    Args:
        window_length: A scalar.
        periodic: Whether it is periodic, as for a Fourier transform, or symmetric.
        dtype: Of the window.
        name: Of the scope.

    Raises:
        ValueError: `dtype` is of no floating-point numbers.
    """
    return _raised_cosine(window_length, periodic, dtype, 0.54, 0.46, name, "hamming_window")


@export("signal.vorbis_window")
def vorbis_window(window_length: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return Vorbis' power complementary window.

    Args:
        window_length: A scalar.
        dtype: Of the window.
        name: Of the scope.

    Raises:
        ValueError: `dtype` is of no floating-point numbers.
    """
    with name_scope(name, "vorbis_window"):
        window_length, dtype = _check(window_length, dtype)
        steps, size = cast(range_(window_length), dtype), cast(window_length, dtype)
        return _sin(math.pi / 2 * square(_sin(math.pi / size * (steps + 0.5))))


@export("signal.kaiser_window")
def kaiser_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return a Kaiser window.

    Args:
        window_length: A scalar.
        beta: How narrow it is.
        dtype: Of the window.
        name: Of the scope.

    Raises:
        ValueError: `dtype` is of no floating-point numbers.
    """
    with name_scope(name, "kaiser_window"):
        window_length, dtype = _check(window_length, dtype)

        def window() -> Any:
            half = cast(window_length - 1, dtype) / 2.0
            steps = cast(range_(window_length), dtype) - half
            root = _sqrt(1.0 - square(steps / half))
            bessel = exported("math.special.bessel_i0e")
            wide = cast(beta, dtype)
            return exported("exp")(wide * root - wide) * bessel(wide * root) / bessel(wide)

        return cond(equal(window_length, 1), lambda: ones([1], dtype=dtype), window)


@export("signal.kaiser_bessel_derived_window")
def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """Return a Kaiser-Bessel derived window.

    Args:
        window_length: A scalar, even.
        beta: How narrow it is.
        dtype: Of the window.
        name: Of the scope.

    Raises:
        ValueError: `dtype` is of no floating-point numbers.
    """
    with name_scope(name, "kaiser_bessel_derived_window"):
        window_length, dtype = _check(window_length, dtype)
        half = window_length // 2
        sums = cumsum(kaiser_window(half + 1, beta, dtype))
        first = _sqrt(sums[:-1] / sums[-1])
        return concat((first, reverse(first, axis=[0])), axis=0)

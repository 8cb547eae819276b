"""`tf.compat`: strings as bytes and as text, and which types count as numbers."""

import datetime
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from onevar.v1.export import export, export_value


def _offer(*names: str) -> Any:
    return export(*(f"{package}.{name}" for name in names for package in ("compat", "python.util.compat")))


@_offer("as_bytes")
def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Return a string as bytes.

    Args:
        bytes_or_text: Bytes or text.
        encoding: Of the bytes.

    Raises:
        TypeError: It is no string.
    """
    if isinstance(bytes_or_text, bytearray):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@_offer("as_text", "as_str")
def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Return a string as text.

    Args:
        bytes_or_text: Bytes or text.
        encoding: Of the bytes.

    Raises:
        TypeError: It is no string.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@_offer("as_str_any")
def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Return anything as text.

    Args:
        value: Bytes are decoded; for all else it is `str(value)`.
        encoding: Of the bytes.
    """
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


@_offer("path_to_str")
def path_to_str(path: Any) -> Any:
    """Return a path as text.

    Args:
        path: A string, or what has `__fspath__`; anything else comes back as it is.
    """
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


@_offer("path_to_bytes")
def path_to_bytes(path: Any) -> bytes:
    """Return a path as bytes.

    Args:
        path: A string, or what has `__fspath__`.
    """
    return as_bytes(os.fspath(path) if hasattr(path, "__fspath__") else path)


for _name, _types in {
    "integral_types": (numbers.Integral, np.integer),
    "real_types": (numbers.Real, np.integer, np.floating),
    "complex_types": (numbers.Complex, np.number),
    "bytes_or_text_types": (bytes, str),
}.items():
    for _package in ("compat", "python.util.compat"):
        export_value(f"{_package}.{_name}", _types)


# -- graphs that older binaries read ----------------------------------------------------------------------

#: The end of the weeks in which TensorFlow 1.15 kept to what older releases read.
_horizon = [datetime.date(2019, 10, 25)]


def _offer_compat(name: str) -> Any:
    return export(f"compat.{name}", f"python.compat.compat.{name}")


@_offer_compat("forward_compatible")
def forward_compatible(year: int, month: int, day: int) -> bool:
    """Whether graphs may use what was new on a date.

    Args:
        year: Of the date.
        month: From 1 to 12.
        day: Of the month.
    """
    return _horizon[-1] > datetime.date(year, month, day)


@_offer_compat("forward_compatibility_horizon")
@contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """Take another date for today inside the `with` block.

    Args:
        year: Of the date.
        month: From 1 to 12.
        day: Of the month.
    """
    _horizon.append(datetime.date(year, month, day))
    try:
        yield
    finally:
        _horizon.pop()

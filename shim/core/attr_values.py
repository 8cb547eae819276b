"""Attribute values: what an op accepts for each kind of attribute, and what a kernel gets to see."""

import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from onevar.core.dtype import DType, as_dtype
from onevar.core.op_defs import Attr
from onevar.core.tensor_shape import TensorShape, as_shape


def attr_value(attr: Attr, value: Any, op_type: str) -> Any:
    """Return `value` as the attribute holds it: `DType`, `TensorShape`, int, float, bool, str, or a list of these.

    Raises:
        TypeError: It is of another kind.
        ValueError: It is not an allowed value, or too small.
    """
    kind = attr.kind
    if kind.startswith("list("):
        return _list_value(attr, kind[5:-1], value, op_type)
    out = _one_value(kind, value, attr, op_type)
    if attr.allowed is not None:
        _check_allowed(attr, out, op_type)
    if attr.minimum is not None and kind == "int" and out < attr.minimum:
        raise ValueError(f"Attr '{attr.name}' of '{op_type}' Op passed {out} less than minimum {attr.minimum}.")
    return out


def _list_value(attr: Attr, kind: str, value: Any, op_type: str) -> list:
    if not isinstance(value, list | tuple) and kind != "shape":
        raise TypeError(f"Expected list for attr {attr.name}, obtained {type(value).__name__} instead.")
    out = [_one_value(kind, item, attr, op_type) for item in value]
    if attr.minimum is not None and len(out) < attr.minimum:
        raise ValueError(
            f"Attr '{attr.name}' of '{op_type}' Op passed list of length {len(out)} less than minimum {attr.minimum}."
        )
    if attr.allowed is not None:
        for item in out:
            _check_allowed(attr, item, op_type)
    return out


def _one_value(kind: str, value: Any, attr: Attr, op_type: str) -> Any:
    try:
        return _CONVERT[kind](value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Expected {kind} for argument '{attr.name}' of '{op_type}' Op, not {value!r}. {error}"
        ) from None


def _check_allowed(attr: Attr, value: Any, op_type: str) -> None:
    plain = value.key if isinstance(value, DType) else value
    allowed = [item.decode() if isinstance(item, bytes) else item for item in attr.allowed or ()]
    if plain not in allowed:
        if isinstance(value, DType):
            raise TypeError(
                f"Value passed to parameter '{attr.name}' has DataType {value.name} not in list of allowed values: "
                + ", ".join(allowed)
            )
        names = '", "'.join(str(item) for item in allowed)
        raise ValueError(f"Attr '{attr.name}' of '{op_type}' Op passed string '{plain}' not in: \"{names}\".")


def _int(value: Any) -> int:
    if isinstance(value, numbers.Integral | np.integer) or (
        hasattr(value, "__index__") and not isinstance(value, bool)
    ):
        return int(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    raise TypeError(f"{type(value).__name__} is no integer.")


def _float(value: Any) -> float:
    if isinstance(value, numbers.Real | np.floating | np.integer):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no real number.")


def _bool(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise TypeError(f"{type(value).__name__} is no bool.")


def _string(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return value
    raise TypeError(f"{type(value).__name__} is no string.")


def _type(value: Any) -> DType:
    return as_dtype(value).base_dtype


def _shape(value: Any) -> TensorShape:
    return TensorShape(None) if value is None else as_shape(value)


def _any(value: Any) -> Any:
    return value


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "int": _int, "float": _float, "bool": _bool, "string": _string, "type": _type, "shape": _shape,
    "tensor": _any, "func": _any,
}  # fmt: skip


def kernel_value(value: Any) -> Any:
    """Return an attribute's value as kernels see it: dtypes by name, shapes as tuples or None."""
    kind = type(value)
    if kind is DType:
        return value.key
    if kind is TensorShape:
        return value.tuple
    if kind is list:
        return [kernel_value(item) for item in value]
    return value

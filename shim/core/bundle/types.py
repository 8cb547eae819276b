"""TensorFlow's numbers for dtypes, and how NumPy holds their values."""

import sys

import ml_dtypes
import numpy as np

if sys.byteorder != "little":
    raise ImportError("Checkpoints are read and written on little-endian machines only; this one is big-endian.")

STRING, RESOURCE, VARIANT = 7, 20, 21
#: `tensorflow/core/framework/types.proto`, by onevar's names.
NAMES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", STRING: "string", 8: "complex64",
    9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16",
    17: "uint16", 18: "complex128", 19: "float16", RESOURCE: "resource", VARIANT: "variant", 22: "uint32", 23: "uint64",
    24: "float8_e5m2", 25: "float8_e4m3fn", 26: "float8_e4m3fnuz", 27: "float8_e4m3b11fnuz", 28: "float8_e5m2fnuz",
    29: "int4", 30: "uint4", 31: "int2", 32: "uint2", 33: "float4_e2m1fn",
}  # fmt: skip


def _held(name: str) -> np.dtype:
    if name.startswith(("qint", "quint")):
        return np.dtype([(name, name[1:])])
    if name == "string":
        return np.dtype(object)
    return np.dtype(getattr(ml_dtypes, name, None) or name)


#: How the values of a dtype are held: strings as objects (`bytes`); quantized numbers as TensorFlow has them,
#: in a structure with one field of the dtype's name.
DTYPES = {code: _held(name) for code, name in NAMES.items() if code not in (RESOURCE, VARIANT)}
_CODES = {dtype: code for code, dtype in DTYPES.items()}


def name_of(code: int) -> str:
    """Return onevar's name for TensorFlow's number of a dtype."""
    return NAMES.get(code, f"dtype {code} of TensorFlow's")


def code_of(dtype: np.dtype) -> int:
    """Return TensorFlow's number for a dtype of NumPy's; text of any width is `string`.

    Raises:
        KeyError: TensorFlow has no such dtype.
    """
    if dtype.kind in "SUT":
        return STRING
    return _CODES[dtype.newbyteorder("=")]

"""Names of dtypes, and what two of them become together.

A dtype is its name, a string, everywhere in onevar: `"float32"`, `"bfloat16"`.
The list and the promotion rule are Keras 3's; the rule is the lattice of
"JAX's type promotion semantics" (https://docs.jax.dev/en/latest/type_promotion.html)
with Python's scalars as weak types.

One deliberate difference: Keras narrows every 64-bit result to 32 bits on some
backends, even where an operand was 64-bit, and does so in silence
(`float64 + float64 == float32` on its NumPy backend). Here a 64-bit operand is
never narrowed; only a result that *no* operand asked to be 64-bit is
(`uint32 + int32` is `int32`, as Keras has it on JAX, torch and NumPy).
"""

from functools import cache, lru_cache

import ml_dtypes
import numpy as np

from onevar import config

BOOL = ("bool",)
INTS = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
FLOATS = ("bfloat16", "float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
FLOAT8 = ("float8_e4m3fn", "float8_e5m2")

#: The 17 numeric dtypes that a Variable may have, and that cross frameworks.
DTYPES = BOOL + INTS + FLOATS + FLOAT8 + COMPLEX

_NUMPY = {name: np.dtype(getattr(ml_dtypes, name, None) or name) for name in DTYPES}
#: NumPy's dtypes to their names: the fast way to ask.
NAMES = {dtype: name for name, dtype in _NUMPY.items()}
_PYTHON = {
    bool: "bool",
    int: "int32",
    float: "float32",
    complex: "complex64",
    str: "string",
    "int": "int32",
}
#: 64-bit dtypes and the 32-bit ones of their kind.
NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}

# Each type and the types directly above it; `int` and `float` are Python's scalars.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int": ("uint8", "int8", "complex64"),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}


@cache
def _upper_bounds(node: str) -> frozenset[str]:
    return frozenset({node}).union(*(_upper_bounds(above) for above in _ABOVE[node]))


def standardize_dtype(dtype: object) -> str:
    """Return the name of `dtype`.

    Args:
        dtype: A name, a Python type (`float` is `"float32"`), a NumPy, torch, JAX
            or TensorFlow dtype, or `None` for `floatx()`.

    Raises:
        ValueError: `dtype` is none of these, or names no dtype of `DTYPES`
            (`"string"` is accepted, because Keras lists it).

    >>> standardize_dtype(np.float16)
    'float16'
    """
    if dtype is None:
        return config.floatx()
    try:
        return _standardize(dtype)
    except TypeError:  # unhashable
        raise ValueError(_invalid(dtype)) from None


@lru_cache(maxsize=256)
def _standardize(dtype: object) -> str:
    name = _PYTHON.get(dtype, dtype)  # type: ignore[call-overload]
    if not isinstance(name, str):
        # torch writes `torch.float32`; NumPy and TensorFlow have `.name`, classes `.__name__`.
        name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
        name = name.rsplit(".", 1)[-1]
    if name not in _NUMPY and name != "string":
        raise ValueError(_invalid(dtype))
    return name


def _invalid(dtype: object) -> str:
    return f"Invalid dtype: {dtype}. Known dtypes: {', '.join(DTYPES)}."


def numpy_dtype(name: str) -> np.dtype:
    """Return NumPy's dtype of that name; bfloat16 and float8 are those of ml_dtypes.

    Raises:
        ValueError: `name` is not one of `DTYPES`.
    """
    try:
        return _NUMPY[name]
    except KeyError:
        raise ValueError(_invalid(name)) from None


def dtype_name(dtype: np.dtype) -> str:
    """Return the name of a NumPy dtype, in native byte order.

    Raises:
        ValueError: It is none of `DTYPES` (objects, strings, dates, big endian).
    """
    try:
        return NAMES[dtype]
    except KeyError:
        raise ValueError(_invalid(dtype)) from None


def is_float_dtype(dtype: object) -> bool:
    """Whether `dtype` is a real floating type, bfloat16 and float8 included."""
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: object) -> bool:
    """Whether `dtype` is a signed or unsigned integer type; bool is not."""
    return standardize_dtype(dtype) in INTS


def result_type(*dtypes: object) -> str:
    """Return the dtype that an operation on tensors of `dtypes` gives.

    Args:
        *dtypes: Dtypes; the Python types `int`, `float` and `complex` stand for Python scalars and
            do not widen a tensor. `None` is `floatx()`. No argument at all gives `floatx()`.

    Raises:
        ValueError: A float8 type is among them (nothing converts to or from it implicitly), or an argument
            is no dtype.

    >>> result_type("bfloat16", float), result_type("int32", "float16"), result_type("int64", "int32")
    ('bfloat16', 'float16', 'int64')
    """
    return _result_type(*(config.floatx() if d is None else d for d in dtypes), floatx=config.floatx())


@lru_cache(maxsize=4096)
def _result_type(*dtypes: object, floatx: str) -> str:
    if not dtypes:
        return floatx
    # `is`, because NumPy's and TensorFlow's dtypes compare equal to Python's types.
    weak = [d is int or d is float or d is complex for d in dtypes]
    names = [standardize_dtype(d) for d in dtypes]
    if any(name in FLOAT8 for name in names):
        raise ValueError(
            "There is no implicit conversions from float8 dtypes to others. You must cast it internally. "
            f"Received: {dtypes}"
        )
    nodes = {_weak_node(n) if w else n for n, w in zip(names, weak, strict=True)}
    found = _least_upper_bound(frozenset(nodes))
    if found in ("int", "float"):
        return "int32" if found == "int" else floatx
    wide_asked = any(n in NARROW and not w for n, w in zip(names, weak, strict=True))
    return found if wide_asked else NARROW.get(found, found)


def _weak_node(name: str) -> str:
    return {"int32": "int", "float32": "float"}.get(name, name)


def _least_upper_bound(nodes: frozenset[str]) -> str:
    common = frozenset.intersection(*(_upper_bounds(node) for node in nodes))
    # The lattice has exactly one least element above any two types; complex128 is above all.
    return next(c for c in common if common <= _upper_bounds(c))

"""`DType`: TensorFlow's types of tensor elements, as objects.

There is one object for each of TensorFlow's types and one for each reference to it
(`float32_ref`, what TensorFlow 1 calls the output of a variable). They are interned:
equal types are the same object, also after `pickle` and `copy`.

Kernels and adapters know types by name; `DType.key` is that name.
"""

import builtins
from typing import Any

import ml_dtypes
import numpy as np

_REF = 100  # DT_FLOAT_REF is DT_FLOAT + 100, and so on

# Name, and kind: f(loat), i(nteger), u(nsigned), c(omplex), b(ool), q(uantized), s(tring), o(paque).
# The position is the type's number in TensorFlow's types.proto, beginning at 1.
_TYPES = (
    "float32 f, float64 f, int32 i, uint8 u, int16 i, int8 i, string s, complex64 c, int64 i, bool b, qint8 q, "
    "quint8 q, qint32 q, bfloat16 f, qint16 q, quint16 q, uint16 u, complex128 c, float16 f, resource o, variant o, "
    "uint32 u, uint64 u, float8_e5m2 f, float8_e4m3fn f, float8_e4m3fnuz f, float8_e4m3b11fnuz f, float8_e5m2fnuz f, "
    "int4 i, uint4 u, int2 i, uint2 u, float4_e2m1fn f"
)
_NOT_NUMERIC = ("float8", "float4", "int4", "uint4", "int2", "uint2")  # by TensorFlow's list of number types
_SYNONYMS = {"half": "float16", "float": "float32", "double": "float64"}
# The ranges of values that TensorFlow's image functions use.
_LIMITED = {"bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"}

_by_enum: dict[int, "DType"] = {}
_by_any: dict[Any, "DType"] = {}  # names, numbers, Python's and NumPy's types
_by_numpy: dict[Any, "DType"] = {}  # NumPy's scalar types, for `numpy.dtype.type`


def _numpy_type(name: str, kind: str) -> Any:
    if kind == "q":
        return np.dtype([(name, name[1:])])
    if kind == "s":
        return object
    if name == "bool":
        return np.bool_
    return getattr(ml_dtypes, name, None) or getattr(np, name, None)


class DType:
    """The type of a tensor's elements.

    Args:
        type_enum: The type's number in TensorFlow's `types.proto`; references are 100 more.

    Raises:
        TypeError: There is no type of this number.

    Attributes:
        name: TensorFlow's name, such as `"float32"` or `"float32_ref"`.
        key: The name without `_ref`: what kernels and adapters know the type by.
        as_datatype_enum: The type's number in `types.proto`.
        base_dtype: The type referred to, for a reference; else the type itself.
        real_dtype: The type of the real part.
        size: Bytes of an element; 0 for strings and opaque types.
        is_floating: Whether it is a real floating type that is not quantized.
        is_integer: Whether it is an integer type that is not quantized.
        is_unsigned: Whether it is an unsigned integer type.
        is_complex: Whether it is a complex type.
        is_bool: Whether it is `bool`.
        is_quantized: Whether it is a quantized type.
        is_numeric: Whether it is one of the numeric types on which most ops work.
        is_numpy_compatible: Whether NumPy can hold it (`resource` and `variant` it cannot).
    """

    __slots__ = (
        "_as_ref",
        "_is_ref_dtype",
        "_numpy",
        "_type_enum",
        "as_datatype_enum",
        "base_dtype",
        "is_bool",
        "is_complex",
        "is_floating",
        "is_integer",
        "is_numeric",
        "is_numpy_compatible",
        "is_quantized",
        "is_unsigned",
        "key",
        "name",
        "real_dtype",
        "size",
    )
    _as_ref: "DType"
    _is_ref_dtype: builtins.bool
    _numpy: Any
    _type_enum: int
    as_datatype_enum: int
    base_dtype: "DType"
    is_bool: builtins.bool
    is_complex: builtins.bool
    is_floating: builtins.bool
    is_integer: builtins.bool
    is_numeric: builtins.bool
    is_numpy_compatible: builtins.bool
    is_quantized: builtins.bool
    is_unsigned: builtins.bool
    key: str
    name: str
    real_dtype: "DType"
    size: int

    def __new__(cls, type_enum: int) -> "DType":
        """Return the one object of this type."""
        try:
            return _by_enum[int(type_enum)]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"{type_enum!r} is not the number of a TensorFlow DType.") from None

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's scalar type, as `numpy.float32`; `object` for strings, a structured dtype for quantized types.

        Raises:
            KeyError: NumPy has no such type (`resource`, `variant`).
        """
        if self._numpy is None:
            raise KeyError(self.as_datatype_enum)
        return self._numpy

    @property
    def min(self) -> Any:
        """The smallest finite value.

        Raises:
            TypeError: The type is not ordered, or quantized.
        """
        return self._range("minimum").min

    @property
    def max(self) -> Any:
        """The largest finite value.

        Raises:
            TypeError: The type is not ordered, or quantized.
        """
        return self._range("maximum").max

    def _range(self, which: str) -> Any:
        if self.is_floating:
            return ml_dtypes.finfo(self._numpy)
        if self.is_integer:
            return ml_dtypes.iinfo(self._numpy)
        if not self.is_numpy_compatible:
            raise TypeError(f"Cannot find {which} value of {self}.")
        kind = "quantized type" if self.is_quantized else "type"
        raise TypeError(f"Cannot find {which} value of {self} with {kind} {self.base_dtype}.")

    @property
    def limits(self) -> tuple[Any, Any]:
        """The range of intensities of an image of this type: 0 and the type's largest value, 1 for floats.

        Raises:
            ValueError: Images of this type have no defined range.
        """
        if self.key in _LIMITED:
            return 0, True if self.is_bool else self.max
        if self.key in ("float32", "float64"):
            return 0, 1
        if not self.is_numpy_compatible:
            raise KeyError(self.as_datatype_enum)
        raise ValueError(f"{self} does not have defined limits.")

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether a tensor of type `other` will do where this type is asked for.

        Args:
            other: A `DType`, or what `as_dtype` accepts. A reference will do for its base type.
        """
        other = as_dtype(other)
        return self is other or self is other.base_dtype

    def is_subtype_of(self, other: Any) -> builtins.bool:
        """Whether the two types are equal: element types have no subtypes.

        Args:
            other: A `DType`, or what `as_dtype` accepts.
        """
        return self == other

    def __eq__(self, other: object) -> builtins.bool:
        if type(other) is DType:
            return self is other
        if other is None:
            return False
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other: object) -> builtins.bool:
        return not self == other

    def __hash__(self) -> int:
        return self._type_enum

    def __int__(self) -> int:
        return self._type_enum

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __reduce__(self) -> tuple:
        return as_dtype, (self.name,)


def _fill(dtype: DType, name: str, kind: str, enum: int) -> DType:
    """Give a new object its attributes; all are plain slots, because graph building asks for them all the time."""
    numpy = _numpy_type(name, kind)
    dtype.key = dtype.name = name
    dtype._type_enum = dtype.as_datatype_enum = enum
    dtype._numpy = numpy
    dtype._is_ref_dtype = False
    dtype.is_bool = kind == "b"
    dtype.is_complex = kind == "c"
    dtype.is_floating = kind == "f"
    dtype.is_integer = kind in "iu"
    dtype.is_unsigned = kind == "u"
    dtype.is_quantized = kind == "q"
    dtype.is_numeric = kind in "fiucq" and not name.startswith(_NOT_NUMERIC)
    dtype.is_numpy_compatible = kind != "o"
    dtype.size = np.dtype(numpy).itemsize if kind not in "so" else 0
    return dtype


def _reference(base: DType, name: str, kind: str, enum: int) -> DType:
    reference = _fill(object.__new__(DType), name, kind, enum)
    reference.name = f"{name}_ref"
    if name == "string":
        reference._numpy = np.object_
    reference._is_ref_dtype = True
    reference.base_dtype, reference._as_ref, base._as_ref = base, reference, reference
    return reference


def _define_all() -> None:
    for enum, entry in enumerate(_TYPES.split(", "), start=1):
        name, kind = entry.split(" ")
        base = _fill(object.__new__(DType), name, kind, enum)
        base.base_dtype = base
        reference = _reference(base, name, kind, enum + _REF)
        for dtype in (base, reference):
            _by_enum[dtype.as_datatype_enum] = dtype
            _by_any[dtype.name] = _by_any[dtype.as_datatype_enum] = dtype
            real = {"complex64": "float32", "complex128": "float64"}.get(name)
            dtype.real_dtype = _by_any[real] if real else dtype
        if kind not in "so":
            _by_numpy[base._numpy] = base
    for synonym, name in _SYNONYMS.items():
        _by_any[synonym], _by_any[f"{synonym}_ref"] = _by_any[name], _by_any[f"{name}_ref"]
    for scalar in (np.longlong, np.ulonglong, np.intc, np.uintc):  # C's types beside those of fixed width
        _by_numpy.setdefault(scalar, _by_any[np.dtype(scalar).name])
    for text in (object, np.object_, np.str_, np.bytes_):
        _by_numpy[text] = _by_any["string"]
    _by_any.update({float: _by_any["float32"], builtins.bool: _by_any["bool"]})
    _by_any.update(_by_numpy)


_define_all()


def as_dtype(type_value: Any) -> DType:
    """Return the `DType` that a value stands for.

    Args:
        type_value: A `DType`, a name (`"float32"`, `"half"`, `"double"`), a number of `types.proto`, a NumPy
            type or dtype, an object with such a `dtype`, or one of Python's `float`, `bool` and `object`. Python's
            `int`, `complex` and `str` are refused, as TensorFlow refuses them.

    Raises:
        TypeError: It stands for none.
    """
    if type(type_value) is DType:
        return type_value
    try:
        return _by_any[type_value]
    except (KeyError, TypeError):
        return _as_dtype_slowly(type_value)


def _as_dtype_slowly(value: Any) -> DType:
    try:
        if not isinstance(value, np.dtype):
            value_dtype = getattr(value, "dtype", None)
            found = None if value_dtype is None else _by_numpy.get(np.dtype(value_dtype).type)
        else:
            found = _by_numpy.get(value.type)
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType.")
    if isinstance(value, np.dtype) and value.kind not in "SU":  # there are as many of those as lengths
        _by_any[value] = found
    return found


float16 = half = as_dtype("float16")
float32 = as_dtype("float32")
float64 = double = as_dtype("float64")
bfloat16 = as_dtype("bfloat16")
float8_e5m2 = as_dtype("float8_e5m2")
float8_e4m3fn = as_dtype("float8_e4m3fn")
int4 = as_dtype("int4")
uint4 = as_dtype("uint4")
int8 = as_dtype("int8")
int16 = as_dtype("int16")
int32 = as_dtype("int32")
int64 = as_dtype("int64")
uint8 = as_dtype("uint8")
uint16 = as_dtype("uint16")
uint32 = as_dtype("uint32")
uint64 = as_dtype("uint64")
complex64 = as_dtype("complex64")
complex128 = as_dtype("complex128")
bool = as_dtype("bool")
string = as_dtype("string")
resource = as_dtype("resource")
variant = as_dtype("variant")
qint8 = as_dtype("qint8")
qint16 = as_dtype("qint16")
qint32 = as_dtype("qint32")
quint8 = as_dtype("quint8")
quint16 = as_dtype("quint16")

#: The quantized types and the references to them.
QUANTIZED_DTYPES = frozenset(dtype for dtype in _by_enum.values() if dtype.is_quantized)

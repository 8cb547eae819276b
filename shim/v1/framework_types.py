"""`tf.float32`, `tf.TensorShape`, `tf.errors`: the types that the rest of the API speaks in."""

from onevar.core import dtype, op_errors, tensor_shape
from onevar.v1.export import export_value

_DTYPES = (
    "bfloat16 bool complex64 complex128 double float16 float32 float64 half int8 int16 int32 int64 qint8 qint16 qint32 "
    "quint8 quint16 resource string uint8 uint16 uint32 uint64 variant"
)


def _export_types() -> None:
    for name in _DTYPES.split():
        for path in (name, f"dtypes.{name}"):
            export_value(path, getattr(dtype, name))
    for name in ("DType", "as_dtype", "QUANTIZED_DTYPES"):
        for path in (name, f"dtypes.{name}"):
            export_value(path, getattr(dtype, name))
    for name in ("float8_e4m3fn", "float8_e5m2", "int4", "uint4"):
        export_value(f"dtypes.experimental.{name}", getattr(dtype, name))
    for name in ("TensorShape", "Dimension"):
        export_value(name, getattr(tensor_shape, name))
    for name in ("dimension_value", "dimension_at_index"):
        export_value(name, getattr(tensor_shape, name))
        export_value(f"compat.{name}", getattr(tensor_shape, name))


def _export_errors() -> None:
    for name, value in vars(op_errors).items():
        is_code = name.isupper() and isinstance(value, int)
        if is_code or (isinstance(value, type) and issubclass(value, op_errors.OpError) and not name.startswith("_")):
            export_value(f"errors.{name}", value)
    for name in ("exception_type_from_error_code", "error_code_from_exception_type"):
        export_value(f"errors.{name}", getattr(op_errors, name))
    export_value("OpError", op_errors.OpError)


_export_types()
_export_errors()

"""Strings as numbers and back: `tf.decode_raw`, `tf.decode_csv`, `tf.parse_tensor`, `tf.serialize_sparse`."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.v1.common import renamed, set_shape
from onevar.v1.export import export
from onevar.v1.sparse_shapes import as_sparse
from onevar.v1.sparse_types import SparseTensor


@export("decode_raw", "io.decode_raw")
def decode_raw(
    input_bytes: Any = None, out_type: Any = None, little_endian: bool = True, name: str | None = None,
    bytes: Any = None,
) -> Any:  # fmt: skip
    """Return the bytes of strings as numbers; see `tf.compat.v1.decode_raw`.

    Args:
        input_bytes: The strings, all of one length.
        out_type: The numbers' dtype.
        little_endian: Their order of bytes.
        name: Of the operation.
        bytes: The old name of `input_bytes`.

    Raises:
        ValueError: `out_type` is missing, or the strings are given twice.
    """
    given = renamed("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    return op("DecodeRaw", bytes=given, out_type=dtypes.as_dtype(out_type), little_endian=little_endian, name=name)


@export("decode_csv", "io.decode_csv")
def decode_csv(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, name: str | None = None,
    na_value: str = "", select_cols: Any = None,
) -> list[Any]:  # fmt: skip
    """Return the columns of lines of comma-separated values; see `tf.io.decode_csv`.

    Args:
        records: The lines.
        record_defaults: For each column, what stands for an empty field; an empty tensor if none may be empty.
        field_delim: What is between fields.
        use_quote_delim: Whether fields may be quoted.
        name: Of the operation.
        na_value: What else stands for an empty field.
        select_cols: Which columns, in order.

    Raises:
        ValueError: `select_cols` is not in order, or not as long as `record_defaults`.
    """
    if select_cols is not None and any(select_cols[i] >= select_cols[i + 1] for i in range(len(select_cols) - 1)):
        raise ValueError("select_cols is not strictly increasing.")
    if select_cols is not None and select_cols[0] < 0:
        raise ValueError("select_cols contains negative values.")
    if select_cols is not None and len(select_cols) != len(record_defaults):
        raise ValueError("Length of select_cols and record_defaults do not match.")
    return op(
        "DecodeCSV",
        records=records,
        record_defaults=record_defaults,
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=list(select_cols) if select_cols is not None else None,
        name=name,
    )


@export("python.ops.parsing_ops.decode_csv_v2")
def decode_csv_v2(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    select_cols: Any = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Return the columns of lines, with TensorFlow 2's order of arguments; see `decode_csv`."""
    return decode_csv(records, record_defaults, field_delim, use_quote_delim, name, na_value, select_cols)


@export("decode_json_example", "io.decode_json_example")
def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """Return `Example`s in JSON as bytes; see `tf.io.decode_json_example`."""
    return op("DecodeJSONExample", json_examples=json_examples, name=name)


@export("decode_compressed", "io.decode_compressed")
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Return what strings compressed by `"ZLIB"` or `"GZIP"` were; see `tf.io.decode_compressed`."""
    return op("DecodeCompressed", bytes=bytes, compression_type=compression_type, name=name)


@export("parse_tensor", "io.parse_tensor")
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """Return the tensor in a serialized `TensorProto`; see `tf.io.parse_tensor`."""
    return op("ParseTensor", serialized=serialized, out_type=dtypes.as_dtype(out_type), name=name)


@export("serialize_tensor", "io.serialize_tensor")
def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """Return a tensor as a serialized `TensorProto`; see `tf.io.serialize_tensor`."""
    return op("SerializeTensor", tensor=tensor, name=name)


def _parts(sp_input: Any) -> dict[str, Any]:
    sp_input = as_sparse(sp_input)
    return {
        "sparse_indices": sp_input.indices,
        "sparse_values": sp_input.values,
        "sparse_shape": sp_input.dense_shape,
    }


@export("serialize_sparse", "io.serialize_sparse")
def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Any:
    """Return a sparse tensor as three strings; see `tf.io.serialize_sparse`."""
    return op("SerializeSparse", **_parts(sp_input), out_type=dtypes.as_dtype(out_type), name=name)


@export("serialize_many_sparse", "io.serialize_many_sparse")
def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Any:
    """Return the rows of a sparse tensor as three strings each; see `tf.io.serialize_many_sparse`."""
    return op("SerializeManySparse", **_parts(sp_input), out_type=dtypes.as_dtype(out_type), name=name)


@export("deserialize_many_sparse", "io.deserialize_many_sparse")
def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Return one sparse tensor made of serialized ones, which become its rows; see `tf.io.deserialize_many_sparse`.

    Args:
        serialized_sparse: Strings, three in a row.
        dtype: Of the values.
        rank: Of each of them, if it is known.
        name: Of the operation.
    """
    found = op("DeserializeManySparse", serialized_sparse=serialized_sparse, dtype=dtypes.as_dtype(dtype), name=name)
    return _ranked(found, rank)


def _ranked(found: Any, rank: Any) -> SparseTensor:
    set_shape(found[0], [None, rank])
    set_shape(found[2], [rank])
    return SparseTensor(*found)


@export("python.ops.sparse_ops.deserialize_sparse")
def deserialize_sparse(serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None) -> Any:
    """Return the sparse tensor that was serialized, or one of several; see `tf.io.deserialize_many_sparse`.

    Args:
        serialized_sparse: Strings, three in a row, in any number of axes.
        dtype: Of the values.
        rank: Of the result, if it is known.
        name: Of the operation.
    """
    found = op("DeserializeSparse", serialized_sparse=serialized_sparse, dtype=dtypes.as_dtype(dtype), name=name)
    return _ranked(found, rank)

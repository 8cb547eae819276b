"""Strings as numbers and back, on the host: CSV, compressed bytes, serialized tensors, dense and sparse."""

import base64
import zlib
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from onevar.core.bundle.wire import Malformed
from onevar.core.kernel import kernel
from onevar.core.records.csv import Columns
from onevar.core.records.parsing import invalid
from onevar.core.records.tensor_proto import decode, encode
from onevar.core.spec import Shape, ShapeError, Spec


def each(function: Callable[[bytes], Any], x: np.ndarray) -> np.ndarray:
    """Return what a function makes of each string of an array.

    Args:
        function: From bytes to bytes.
        x: The array.
    """
    made = np.empty(x.size, object)
    made[:] = [function(text) for text in x.reshape(-1).tolist()]
    return made.reshape(x.shape)


# -- bytes ---------------------------------------------------------------------------------------------


def _inflated(text: bytes, window: int) -> bytes:
    found = b""
    try:
        while text:
            inflate = zlib.decompressobj(window)
            found += inflate.decompress(text) + inflate.flush()
            text = inflate.unused_data if window > zlib.MAX_WBITS else b""
    except zlib.error as error:
        code, _, reason = str(error).partition(" while decompressing data: ")
        from onevar.core.op_errors import DataLossError

        raise DataLossError(None, None, f"inflate() failed with error {code.rpartition(' ')[2]}: {reason}") from None
    return found


@kernel("DecodeCompressed", on_host=True, infer=lambda x: x.shape)
def _decode_compressed(k: Any, x: np.ndarray, *, compression_type: str) -> np.ndarray:
    if not compression_type:
        return x
    if compression_type not in ("ZLIB", "GZIP"):
        invalid("Only ZLIB, GZIP or NONE are supported compressions")
    window = zlib.MAX_WBITS + (16 if compression_type == "GZIP" else 0)
    return each(lambda text: _inflated(text, window), x)


def _padded_shape(x: Spec, fixed_length: Spec, *, out_type: str) -> Shape:
    size = np.dtype(getattr(ml_dtypes, out_type, None) or out_type).itemsize
    known = fixed_length.value
    return None if x.shape is None else (*x.shape, None if known is None else int(known) // size)


@kernel("DecodePaddedRaw", on_host=True, infer=_padded_shape)
def _decode_padded_raw(
    k: Any, x: np.ndarray, fixed_length: np.ndarray, *, out_type: str, little_endian: bool
) -> np.ndarray:
    dtype = np.dtype(getattr(ml_dtypes, out_type, None) or out_type)
    length = int(fixed_length)
    if length <= 0:
        raise ShapeError(f"fixed_length must be greater than zero, got {length}")
    if length % dtype.itemsize:
        raise ShapeError(f"fixed_length ({length}) must be a multiple of the size of out_type ({dtype.itemsize})")
    texts = [text[:length].ljust(length, b"\0") for text in x.reshape(-1).tolist()]
    numbers = np.frombuffer(b"".join(texts), dtype).reshape(*x.shape, length // dtype.itemsize)
    return numbers.copy() if little_endian else numbers.byteswap()


# -- CSV -----------------------------------------------------------------------------------------------


def _csv_shapes(records: Spec, defaults: list[Spec], **_: Any) -> list[Shape]:
    for default in defaults:
        if default.shape is not None and len(default.shape) > 1:
            raise ShapeError(f"Shape must be at most rank 1 but is rank {len(default.shape)}")
        if default.shape and default.shape[0] is not None and default.shape[0] > 1:
            raise ShapeError("Shape of a default must be a length-0 or length-1 vector, or a scalar.")
    return [records.shape] * len(defaults)


@kernel("DecodeCSV", on_host=True, infer=_csv_shapes)
def _decode_csv(
    k: Any, records: np.ndarray, defaults: list[np.ndarray],
    *, OUT_TYPE: list[str], field_delim: str, use_quote_delim: bool, na_value: str, select_cols: list[int],  # noqa: N803
) -> list[np.ndarray]:  # fmt: skip
    if len(field_delim) != 1:
        invalid("field_delim should be only 1 char")
    for i, default in enumerate(defaults):
        if default.size > 1:
            invalid(f"There should only be 1 default per field but field {i} has {default.size}")
    table = Columns(OUT_TYPE, defaults, field_delim.encode(), use_quote_delim, na_value.encode(), select_cols)
    columns = table.parsed(records.reshape(-1).tolist())
    return [column.reshape(records.shape) for column in columns]


# -- tensors -------------------------------------------------------------------------------------------


@kernel("SerializeTensor", on_host=True, infer=lambda x: ())
def _serialize_tensor(k: Any, x: np.ndarray, *, T: str) -> np.ndarray:  # noqa: N803
    made = np.empty((), object)
    made[()] = encode(x, T)
    return made


@kernel("ParseTensor", on_host=True, infer=lambda x: None)
def _parse_tensor(k: Any, serialized: np.ndarray, *, out_type: str) -> np.ndarray:
    if serialized.size != 1:
        invalid(f"Expected `serialized` to be a scalar, got shape: {list(serialized.shape)}")
    try:
        dtype, array = decode(serialized.item())
    except Malformed:
        shown = base64.b64encode(serialized.item()).decode()
        invalid(f"Could not parse `serialized` as TensorProto, base64: {shown}")
    if dtype != out_type:
        invalid(f"Type mismatch between parsed tensor ({_shown(dtype)}) and dtype ({_shown(out_type)})")
    return array


def _shown(dtype: str) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype, dtype)


# -- sparse tensors ------------------------------------------------------------------------------------


def _packed(indices: np.ndarray, values: np.ndarray, shape: np.ndarray, dtype: str, out_type: str) -> list[Any]:
    if out_type == "variant":
        return [indices, values, shape]
    return [encode(indices, "int64"), encode(values, dtype, joined=True), encode(shape, "int64")]


@kernel("SerializeSparse", on_host=True, infer=lambda *_: (3,))
def _serialize_sparse(
    k: Any,
    indices: np.ndarray,
    values: np.ndarray,
    shape: np.ndarray,
    *,
    T: str,  # noqa: N803
    out_type: str,
) -> np.ndarray:
    made = np.empty(3, object)
    for i, part in enumerate(_packed(indices, values, shape, T, out_type)):
        made[i] = part
    return made


@kernel("SerializeManySparse", on_host=True, infer=lambda *_: (None, 3))
def _serialize_many_sparse(
    k: Any,
    indices: np.ndarray,
    values: np.ndarray,
    shape: np.ndarray,
    *,
    T: str,  # noqa: N803
    out_type: str,
) -> np.ndarray:
    if len(shape) < 2:
        invalid(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    made = np.empty((int(shape[0]), 3), object)
    starts = np.searchsorted(indices[:, 0], np.arange(int(shape[0]) + 1))
    for row in range(len(made)):
        part = slice(starts[row], starts[row + 1])
        for i, item in enumerate(_packed(indices[part, 1:], values[part], shape[1:], T, out_type)):
            made[row, i] = item
    return made


def _unpacked(row: Any, number: int, dtype: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = []
    for i, (item, wanted) in enumerate(zip(row, ("int64", dtype, "int64"), strict=True)):
        if isinstance(item, np.ndarray):
            parts.append(item)
            continue
        try:
            found, array = decode(item)
        except Malformed:
            invalid(f"Could not parse serialized proto: serialized_sparse[{number}, {i}]")
        if found != wanted:
            invalid(
                f"Requested SparseTensor of type {_shown(wanted)} but SparseTensor[{number}].values.dtype() == "
                f"{_shown(found)}"
            )
        parts.append(array)
    indices, values, shape = parts
    if indices.ndim != 2:
        invalid(f"Expected serialized_sparse[{number}, 0] to represent an index matrix but received shape "
                f"{list(indices.shape)}")  # fmt: skip
    return indices, values, shape


def _stacked(rows: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sparse tensors as rows of one that has one more axis."""
    parts = [_unpacked(row, number, dtype) for number, row in enumerate(rows)]
    if not parts:
        return np.zeros((0, 1), np.int64), np.zeros(0, object if dtype == "string" else dtype), np.zeros(1, np.int64)
    rank = len(parts[0][2])
    for number, part in enumerate(parts):
        if len(part[2]) != rank:
            invalid(
                f"Inconsistent shape across SparseTensors: rank prior to SparseTensor[{number}] was: {rank} but rank "
                f"of SparseTensor[{number}] is: {len(part[2])}"
            )
    indices = [np.insert(part[0], 0, number, axis=1) for number, part in enumerate(parts)]
    shape = np.concatenate([[len(parts)], np.max([part[2] for part in parts], axis=0)]).astype(np.int64)
    return np.concatenate(indices), np.concatenate([part[1] for part in parts]), shape


def _many_shapes(serialized: Spec, **_: Any) -> list[Shape]:
    return [(None, None), (None,), (None,)]


@kernel("DeserializeManySparse", on_host=True, infer=_many_shapes)
def _deserialize_many_sparse(k: Any, serialized: np.ndarray, *, dtype: str) -> tuple[np.ndarray, ...]:
    if serialized.ndim != 2 or serialized.shape[1] != 3:
        invalid(
            f"Serialized sparse should have 3 columns but has {list(serialized.shape)}"
            if serialized.ndim == 2
            else f"Serialized sparse should be a matrix but received shape {list(serialized.shape)}"
        )
    return _stacked(serialized, dtype)


@kernel("DeserializeSparse", on_host=True, infer=_many_shapes)
def _deserialize_sparse(k: Any, serialized: np.ndarray, *, dtype: str) -> tuple[np.ndarray, ...]:
    if not serialized.ndim or serialized.shape[-1] != 3:
        invalid(f"Serialized sparse should have 3 as the last dimension {list(serialized.shape)}")
    indices, values, shape = _stacked(serialized.reshape(-1, 3), dtype)
    ahead = serialized.shape[:-1]
    places = np.stack(np.unravel_index(indices[:, 0], ahead), -1) if ahead else indices[:, :0]
    whole = np.concatenate([places, indices[:, 1:]], axis=1).astype(np.int64)
    return whole, values, np.concatenate([ahead, shape[1:]]).astype(np.int64)

"""The pickles in torch's files, read without running what they ask for, and written.

A pickle may call anything. Here the few functions that rebuild tensors have stand-ins of ours, and whatever else a
file asks for is refused by name.
"""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onevar.migrate.convert.spec import ConversionError, Spec

#: torch's classes of typed storages, and the dtypes in them.
STORAGES: Mapping[str, str] = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}  # fmt: skip
_STORAGE_OF = {dtype: name for name, dtype in STORAGES.items()}
#: Dtypes that have no storage class of their own; `_rebuild_tensor_v3` names them.
_DTYPES = ("uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2")


@dataclass(frozen=True, slots=True)
class Stored:
    """A storage: elements of one dtype, one after the other.

    Attributes:
        key: Its name in the file.
        dtype: Of its elements.
        size: How many.
    """

    key: str
    dtype: str
    size: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as the file describes it.

    Attributes:
        storage: Where its elements are.
        offset: Of the first element, in elements.
        shape: Its shape.
        strides: In elements.
    """

    storage: Stored
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def spec(self) -> Spec:
        """Its shape and dtype."""
        return Spec(self.shape, self.storage.dtype)


@dataclass(frozen=True, slots=True)
class _Dtype:
    name: str


def _rebuilt(storage: Any, offset: int, shape: Any, strides: Any, *rest: Any) -> Tensor:
    if not isinstance(storage, Stored):
        raise ConversionError("a tensor is described in a way that is not known here")
    return Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _rebuilt_with_dtype(
    storage: Any, offset: int, shape: Any, strides: Any, grad: Any, hooks: Any, dtype: Any, *rest: Any
) -> Tensor:
    return _rebuilt(Stored(storage.key, dtype.name, storage.size), offset, shape, strides)


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _nothing(*values: Any) -> None:
    return None


_KNOWN: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuilt,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
    ("torch._utils", "_rebuild_tensor_v3"): _rebuilt_with_dtype,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): tuple,
    ("torch", "device"): _nothing,
    ("torch.serialization", "_get_layout"): _nothing,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("builtins", "slice"): slice,
    ("_codecs", "encode"): lambda text, encoding="utf-8": text.encode(encoding),
    ("numpy.core.multiarray", "scalar"): _nothing,
    ("numpy._core.multiarray", "scalar"): _nothing,
    ("numpy", "dtype"): _nothing,
}


class Unpickler(pickle.Unpickler):
    """Reads a pickle of torch's, and nothing that runs code.

    Args:
        file: The pickle.
        path: The file's name, for what is said.
    """

    def __init__(self, file: Any, path: str):
        super().__init__(file, encoding="utf-8")
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        """Return our stand-in for a class or function that the pickle names."""
        found: Any = _KNOWN.get((module, name))
        if found is not None:
            return found
        if module == "torch" and name in STORAGES:
            return _Dtype(STORAGES[name])
        if module == "torch" and (name in _STORAGE_OF or name in _DTYPES):
            return _Dtype(name)
        if (module, name) in (("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage")):
            return _Dtype("uint8")
        raise ConversionError(
            f"{self._path} holds {module}.{name}, which is no tensor; reading it would run code that the file names. "
            "If you trust it, load it with torch, and save the tensors alone: torch.save(model.state_dict(), ...)."
        )

    def persistent_load(self, pid: Any) -> Stored:
        """Return the storage that the pickle names."""
        kind, dtype, key, _, size, *_ = pid
        if kind != "storage" or not isinstance(dtype, _Dtype):
            raise ConversionError(f"{self._path} refers to {kind!r}, which is not known here.")
        return Stored(str(key), dtype.name, int(size))


# Writing: the few opcodes that a state_dict needs.


def state_dict_pickle(specs: Mapping[str, Spec]) -> bytes:
    """Return the pickle of an OrderedDict of tensors, storage `"0"` for the first, and so on.

    Args:
        specs: The tensors.

    Raises:
        ConversionError: A dtype that is not written here.
    """
    out = io.BytesIO()
    out.write(b"\x80\x02ccollections\nOrderedDict\n)R(")
    for number, (name, spec) in enumerate(specs.items()):
        out.write(_text(name))
        _write_tensor(out, str(number), name, spec)
    out.write(b"u.")
    return out.getvalue()


def _write_tensor(out: io.BytesIO, key: str, name: str, spec: Spec) -> None:
    if spec.dtype not in _STORAGE_OF:
        raise ConversionError(f"{name} is of {spec.dtype}, which is not written to torch's files here: cast it.")
    strides, step = [], 1
    for length in reversed(spec.shape):
        strides.append(step)
        step *= max(length, 1)
    out.write(b"ctorch._utils\n_rebuild_tensor_v2\n(")
    out.write(b"(" + _text("storage") + f"ctorch\n{_STORAGE_OF[spec.dtype]}\n".encode())
    out.write(_text(key) + _text("cpu") + _integer(spec.size) + b"tQ")
    out.write(_integer(0) + _tuple(spec.shape) + _tuple(tuple(reversed(strides))) + b"\x89")
    out.write(b"ccollections\nOrderedDict\n)RtR")


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(value: int) -> bytes:
    if value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(9, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _tuple(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_integer, values)) + b"t"

"""Host memory as other frameworks want it: aligned, and in DLPack capsules of every dtype.

NumPy makes the capsules and owns their lifetime: its deleter is C code, may be called from any
thread and while the interpreter shuts down, and a capsule that nobody consumes is freed with its
Python object. What NumPy refuses to export, it refuses only for its label: bfloat16 and float8 leave
as integers of their size, and the type code in the capsule is then corrected in place; read-only
memory leaves through a view without the mark, for consumers that never write.

The layout read and written here is DLPack's ABI (https://dmlc.github.io/dlpack/latest/c_api.html)
and the head of NumPy's array struct (`PyArrayObject_fields` in its public `ndarraytypes.h`). Both
are verified once, at import.
"""

import ctypes
import sys
from collections.abc import Sequence
from math import prod
from typing import Any

import ml_dtypes
import numpy as np

__all__ = [
    "ALIGNMENT",
    "BFLOAT16",
    "CARRIERS",
    "FLOAT8_E4M3FN",
    "FLOAT8_E5M2",
    "HOST",
    "HostExport",
    "address",
    "aligned_copy",
    "aligned_empty",
    "capsule",
    "data",
    "unlocked",
    "view",
]

#: Bytes. XLA copies and Eigen aborts on memory that is aligned to less.
ALIGNMENT = 64
#: `(kDLCPU, 0)`, what `__dlpack_device__` of host memory answers.
HOST = (1, 0)

_FLAG_IS_COPIED = 2
_OWNDATA, _WRITEABLE = 0x4, 0x400  # NPY_ARRAY_*
# struct PyArrayObject_fields: HEAD, char *data, int nd, dimensions, strides, base, descr, int flags
_AT_DATA = object.__basicsize__
_AT_FLAGS = _AT_DATA + 6 * ctypes.sizeof(ctypes.c_void_p)
# struct DLTensor: void *data, int32 device[2], int32 ndim, uint8 code, uint8 bits, uint16 lanes, ...
_AT_CODE = ctypes.sizeof(ctypes.c_void_p) + 12
# struct DLManagedTensorVersioned: uint32 version[2], manager_ctx, deleter, uint64 flags, DLTensor
_AT_VERSIONED_FLAGS = 8 + 2 * ctypes.sizeof(ctypes.c_void_p)
_AT_VERSIONED_TENSOR = _AT_VERSIONED_FLAGS + 8

_UINT = 1
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOAT8_E4M3FN = np.dtype(ml_dtypes.float8_e4m3fn)
FLOAT8_E5M2 = np.dtype(ml_dtypes.float8_e5m2)
_CODES = {BFLOAT16: 4, FLOAT8_E4M3FN: 10, FLOAT8_E5M2: 12}
_DTYPES = {code: dtype for dtype, code in _CODES.items()}
#: The integers that stand in for the dtypes of ml_dtypes, which NumPy will not put in a capsule.
CARRIERS = {dtype: np.dtype(f"uint{8 * dtype.itemsize}") for dtype in _CODES}

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_size_t
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_has_name = ctypes.pythonapi.PyCapsule_IsValid
_has_name.argtypes = [ctypes.py_object, ctypes.c_char_p]
_size_at = ctypes.c_size_t.from_address
_int_at = ctypes.c_int.from_address
_byte_at = ctypes.c_uint8.from_address
_flags_at = ctypes.c_uint64.from_address


class _Block(np.ndarray):
    """The bytes below an aligned array.

    A class of its own, because NumPy then stops here when it looks for the base of a view: every
    view of the array refers to the array, none to the bytes, and the array's reference count
    alone tells whether somebody looks at the memory.
    """

    __slots__ = ()


def address(array: np.ndarray) -> int:
    """Return the address of the first element; eight times faster than `__array_interface__`."""
    return _size_at(id(array) + _AT_DATA).value


def aligned_empty(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Return an uninitialised row-major array whose memory starts at a multiple of `ALIGNMENT` bytes.

    Args:
        shape: Ints.
        dtype: What `np.dtype` takes.
    """
    dtype = np.dtype(dtype)
    shape = tuple(shape)
    block = np.ndarray.__new__(_Block, (prod(shape) * dtype.itemsize + ALIGNMENT,), np.uint8)
    return np.ndarray(shape, dtype, block, -address(block) % ALIGNMENT)


def aligned_copy(array: np.ndarray) -> np.ndarray:
    """Return the contents of `array` in aligned, writable, row-major memory of their own."""
    out = aligned_empty(array.shape, array.dtype)
    np.copyto(out, array)
    return out


def unlocked(array: np.ndarray) -> np.ndarray:
    """Return a view of `array` that is not marked read-only; `array` itself stays marked.

    For consumers that never write, and for memory whose mark means that its framework's tensors
    are immutable, not that a user protected it.
    """
    out = array.view()
    # What the C API calls PyArray_ENABLEFLAGS; `flags.writeable = True` is refused on such memory.
    _int_at(id(out) + _AT_FLAGS).value |= _WRITEABLE
    return out


def capsule(
    array: np.ndarray,
    *,
    stream: None = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Return a DLPack capsule over the memory of `array`, which lives as long as the capsule's consumer.

    Args:
        array: Of any of onevar's dtypes, any strides, writable or not. A capsule without a version
            cannot carry a read-only mark; whoever asks for one of read-only memory must not write.
        stream: None; host memory has no streams.
        max_version: The newest DLPack version that the consumer knows; None means before 1.0.
        dl_device: None or `(1, 0)`.
        copy: True copies (into aligned memory), False and None do not.

    Raises:
        BufferError: `dl_device` is another device.
        ValueError: There is a stream.
    """
    if dl_device is not None and tuple(dl_device) != HOST:
        raise BufferError(
            f"__dlpack__(dl_device={dl_device!r}): the memory is on the host, {HOST}. Copy it there first."
        )
    if stream is not None:
        raise ValueError(f"__dlpack__(stream={stream!r}): host memory has no streams. Pass stream=None.")
    if copy:
        array = aligned_copy(array)
    versioned = max_version is not None and max_version[0] >= 1
    if not versioned and not array.flags.writeable:
        array = unlocked(array)
    code = _CODES.get(array.dtype)
    if code is None:
        out = array.__dlpack__(max_version=max_version)
    else:
        out = array.view(CARRIERS[array.dtype]).__dlpack__(max_version=max_version)
        _byte_at(_tensor(out) + _AT_CODE).value = code
    if copy and versioned:
        _flags_at(_pointer(out, b"dltensor_versioned") + _AT_VERSIONED_FLAGS).value |= _FLAG_IS_COPIED
    return out


def _tensor(managed: Any) -> int:
    """Return the address of the DLTensor in a capsule of either generation."""
    if _has_name(managed, b"dltensor"):
        return _pointer(managed, b"dltensor")
    return _pointer(managed, b"dltensor_versioned") + _AT_VERSIONED_TENSOR


def data(managed: Any) -> int:
    """Return the address of the first element in a capsule that nobody has consumed yet."""
    tensor = _tensor(managed)
    # struct DLTensor ends in: int64 *shape, *strides, uint64 byte_offset
    return _size_at(tensor).value + _flags_at(tensor + _AT_CODE + 4 + 2 * ctypes.sizeof(ctypes.c_void_p)).value


class HostExport:
    """Host memory that any DLPack consumer takes, whatever its dtype.

    Attributes:
        array: The memory, a NumPy array.
    """

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray):
        self.array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return HOST

    def __dlpack__(self, **options: Any) -> Any:
        """Return a capsule; the arguments are those of `capsule`."""
        return capsule(self.array, **options)


class _Relabelled:
    """A producer whose capsule NumPy will take: its bfloat16 or float8 is called an integer."""

    __slots__ = ("label", "producer")

    def __init__(self, producer: Any):
        self.producer = producer
        self.label: int | None = None

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.producer.__dlpack_device__()

    def __dlpack__(self, **options: Any) -> Any:
        out = self.producer.__dlpack__(**options)
        code = _byte_at(_tensor(out) + _AT_CODE)
        if code.value in _DTYPES:
            self.label, code.value = code.value, _UINT
        return out


def view(producer: Any) -> np.ndarray:
    """Return a NumPy view of the host memory of a DLPack producer, of any of onevar's dtypes.

    Raises:
        BufferError: The memory is not on the host.
    """
    if producer.__dlpack_device__()[0] != HOST[0]:
        raise BufferError(f"NumPy holds host memory only. Received: {type(producer)} on another device.")
    wrapped = _Relabelled(producer)
    array = np.from_dlpack(wrapped)
    return array if wrapped.label is None else array.view(_DTYPES[wrapped.label])


def _verify() -> None:
    """Prove the offsets on this interpreter and NumPy; wrong ones must never touch memory."""
    probe = np.zeros(3, np.int16)
    locked = probe.view()
    locked.flags.writeable = False
    at_flags = _int_at(id(locked) + _AT_FLAGS).value
    capsules = [probe.__dlpack__(max_version=version) for version in (None, (1, 0))]
    sound = (
        sys.implementation.name == "cpython"
        and address(probe) == probe.__array_interface__["data"][0]
        and at_flags | _WRITEABLE == _int_at(id(probe) + _AT_FLAGS).value & ~_OWNDATA
        and all(_byte_at(_tensor(c) + _AT_CODE).value == 0 for c in capsules)
        and all(data(c) == address(probe) for c in capsules)
    )
    if not sound:
        raise ImportError(
            f"onevar.dlpack: NumPy {np.__version__} on {sys.implementation.name} lays out arrays or capsules "
            "differently from CPython's NumPy 2. Please report it."
        )


_verify()

"""onevar.dlpack: aligned memory, and DLPack capsules of every dtype. Needs NumPy alone."""

import ctypes
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

from onevar import dlpack
from onevar.dtypes import DTYPES, numpy_dtype

CODES = {"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}
OWN_CODES = {"bfloat16": 4, "float8_e4m3fn": 10, "float8_e5m2": 12}


class _Tensor(ctypes.Structure):
    """DLTensor, as DLPack's header has it; written out again so that the module's offsets are checked."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _plain(capsule):
    return _Tensor.from_address(_pointer(capsule, b"dltensor"))


def _versioned(capsule):
    return _Versioned.from_address(_pointer(capsule, b"dltensor_versioned"))


def _array(dtype, shape=(3, 4)):
    out = dlpack.aligned_empty(shape, numpy_dtype(dtype))
    out[...] = np.arange(out.size).reshape(shape) % 2
    return out


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4), (2, 0, 3), [5]])
@pytest.mark.parametrize("dtype", DTYPES)
def test_aligned_memory(dtype, shape):
    a = dlpack.aligned_empty(shape, numpy_dtype(dtype))
    assert (a.shape, a.dtype) == (tuple(shape), numpy_dtype(dtype))
    assert a.__array_interface__["data"][0] % 64 == 0
    assert type(a) is np.ndarray
    assert a.flags.c_contiguous
    assert a.flags.writeable


@pytest.mark.parametrize(
    "make", [lambda a: a, lambda a: a.T, lambda a: a[::-1, ::2], lambda a: np.broadcast_to(a[0], (5, 4))]
)
def test_aligned_copy(make):
    source = make(np.arange(12.0).reshape(3, 4))
    copied = dlpack.aligned_copy(source)
    np.testing.assert_array_equal(copied, source)
    assert not np.shares_memory(copied, source)
    assert copied.flags.c_contiguous
    assert dlpack.address(copied) % dlpack.ALIGNMENT == 0


def test_views_refer_to_the_array_itself():
    """So its own reference count tells whether anybody looks at the memory."""
    a = dlpack.aligned_empty((8,), np.float32)
    before = sys.getrefcount(a)
    views = [a[2:], a[2:][1:], a.reshape(2, 4).T, a.view(np.int32)]
    assert all(view.base is a for view in views)
    assert sys.getrefcount(a) == before + len(views)
    views.clear()
    assert sys.getrefcount(a) == before


def test_address_is_that_of_the_array_interface():
    a = np.arange(20, dtype=np.int16)
    for view in (a, a[3:], a[::-1], a[5:5], np.asarray(7)):
        assert dlpack.address(view) == view.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("readonly", [False, True])
def test_capsule_fields(dtype, readonly):
    a = _array(dtype)[:, ::2]
    a.flags.writeable = not readonly
    capsule, versioned = dlpack.capsule(a), dlpack.capsule(a, max_version=(1, 0))
    code = OWN_CODES.get(dtype, CODES.get(a.dtype.kind))
    for tensor in (_plain(capsule), _versioned(versioned).tensor):
        assert (tensor.code, tensor.bits, tensor.lanes) == (code, 8 * a.itemsize, 1)
        assert tensor.data + tensor.byte_offset == dlpack.address(a)
        assert (tensor.device_type, tensor.device_id, tensor.ndim) == (1, 0, 2)
        assert tensor.shape[:2] == [3, 2]
        assert tensor.strides[:2] == [4, 2]
    assert _versioned(versioned).major >= 1
    assert _versioned(versioned).flags == (1 if readonly else 0)
    assert dlpack.data(capsule) == dlpack.data(versioned) == dlpack.address(a)
    assert a.flags.writeable is not readonly


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 4)])
def test_round_trip(dtype, shape):
    a = _array(dtype, shape)
    back = dlpack.view(dlpack.HostExport(a))
    assert (back.dtype, back.shape) == (a.dtype, a.shape)
    np.testing.assert_array_equal(back, a)
    assert dlpack.address(back) == dlpack.address(a)


def test_numpy_honours_the_mark():
    a = np.arange(3.0)
    a.flags.writeable = False
    assert not np.from_dlpack(dlpack.HostExport(a)).flags.writeable
    a = np.arange(3.0)
    assert np.from_dlpack(dlpack.HostExport(a)).flags.writeable


def test_copy_is_copied_and_says_so():
    a = _array("bfloat16")
    capsule = dlpack.capsule(a, max_version=(1, 0), copy=True)
    assert _versioned(capsule).flags == 2
    assert dlpack.data(capsule) != dlpack.address(a)
    assert dlpack.data(capsule) % 64 == 0
    assert dlpack.data(dlpack.capsule(a, copy=False)) == dlpack.address(a)


def test_what_is_asked_in_vain():
    a = _array("float32")
    with pytest.raises(BufferError, match="on the host"):
        dlpack.capsule(a, dl_device=(2, 0))
    with pytest.raises(ValueError, match="stream=None"):
        dlpack.capsule(a, stream=1)
    with pytest.raises(BufferError, match="host memory only"):
        dlpack.view(_Elsewhere())
    assert dlpack.HostExport(a).__dlpack_device__() == dlpack.HOST
    assert dlpack.data(dlpack.capsule(a, dl_device=(1, 0))) == dlpack.address(a)


class _Elsewhere:
    def __dlpack_device__(self):
        return (2, 0)


def test_unlocked_leaves_the_mark_on_the_original():
    a = np.arange(4.0)
    a.flags.writeable = False
    view = dlpack.unlocked(a)
    assert view.flags.writeable
    assert not a.flags.writeable
    assert dlpack.address(view) == dlpack.address(a)
    assert view.base is a


def test_a_capsule_that_nobody_takes_is_freed():
    a = _array("bfloat16")
    alive = weakref.ref(a)
    capsules = [dlpack.capsule(a, max_version=v) for v in (None, (1, 0))]
    del a
    assert alive() is not None
    capsules.clear()
    assert alive() is None


def test_the_consumer_keeps_the_memory_alive():
    a = _array("float8_e5m2")
    alive = weakref.ref(a)
    views = [dlpack.view(dlpack.HostExport(a)) for _ in range(3)]
    expected = a.copy()
    del a
    gc.collect()
    assert alive() is not None
    part = views.pop()[1:]
    views.clear()
    assert alive() is not None
    np.testing.assert_array_equal(part, expected[1:])
    del part
    assert alive() is None


def test_100000_capsules_leave_nothing_behind():
    a = _array("bfloat16")
    locked = _array("float32")
    locked.flags.writeable = False
    before = sys.getrefcount(a), sys.getrefcount(locked), _blocks()
    for _ in range(50_000):
        dlpack.capsule(a)
        dlpack.view(dlpack.HostExport(locked))
    assert (sys.getrefcount(a), sys.getrefcount(locked)) == before[:2]
    assert _blocks() - before[2] < 1000


def _blocks():
    gc.collect()
    return sys.getallocatedblocks()


def test_four_threads():
    a = _array("float8_e4m3fn", (64,))
    expected, before, wrong = a.copy(), sys.getrefcount(a), []

    def work():
        for _ in range(2000):
            if not (dlpack.view(dlpack.HostExport(a)) == expected).all():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert sys.getrefcount(a) == before

"""TensorFlow at the border: what may leave, and how memory is lent and borrowed."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dlpack as tf_dlpack

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Refusal
from onevar.dtypes import DTYPES, FLOAT8, NAMES

#: The first op on misaligned memory aborts the process; strides are refused. TensorFlow moves a
#: variable away from foreign memory before it writes.
BORROW_RULES = BorrowRules(alignment=dlpack.ALIGNMENT, strides="compact")

_EAGER = tf.__internal__.EagerTensor
_DTYPES = frozenset(tf.as_dtype(name) for name in DTYPES)
# TensorFlow interns its dtypes, and hashes them in Python: identity first is five times faster.
_DTYPE_IDS = frozenset(map(id, _DTYPES))
_DLPACK_IDS = frozenset(id(tf.as_dtype(name)) for name in DTYPES if name not in FLOAT8)
# NumPy dtypes that only TensorFlow's dtype of that name becomes: strings become objects (and abort in
# a capsule), quantized integers become plain ones.
_TELLING = frozenset(d for d, name in NAMES.items() if name not in ("int8", "uint8", "int16", "uint16", "int32"))
_FLOAT8 = frozenset({dlpack.FLOAT8_E4M3FN, dlpack.FLOAT8_E5M2})


def preflight(x: Any) -> Refusal | None:
    """Return why the memory of `x` cannot leave: it is symbolic, composite, or holds no numbers."""
    if type(x) is _EAGER or isinstance(x, tf.Variable):
        if id(x.dtype) in _DTYPE_IDS or x.dtype in _DTYPES:
            return None
        # Asked for their memory, such tensors abort the process.
        return Refusal(
            f"a tensor of dtype {x.dtype.name} has no plain memory", _DTYPE_CURES.get(x.dtype, "Cast it first")
        )
    if isinstance(x, tf.Tensor):
        return Refusal(
            "a symbolic tensor (inside tf.function or a graph) has no memory",
            "Exchange outside the traced function, or use tf.py_function inside it",
        )
    return Refusal(f"a {type(x).__name__} is made of several tensors", "Pass its parts, or tf.convert_to_tensor(x)")


_DTYPE_CURES = {
    tf.string: "Use x.numpy(), which gives Python bytes",
    tf.resource: "Pass the value that the handle stands for",
    tf.variant: "Pass the value that the handle stands for",
}


def _view(x: Any) -> np.ndarray:
    """Return a read-only NumPy view of `x`; of a variable's current value, if it is one."""
    x = _value(x)
    # Of bfloat16 and float8 without axes TensorFlow makes a NumPy scalar, a copy.
    array = np.asarray(x) if x.ndim else np.asarray(tf.reshape(x, [1])).reshape(())
    array.flags.writeable = False
    return array


def lend(x: Any) -> np.ndarray:
    """Return `x` as NumPy sees it, over its own memory."""
    return _view(x)


def view(x: Any) -> np.ndarray | Refusal:
    """Do `preflight` and `lend` in one call."""
    if type(x) is not _EAGER:
        return preflight(x) or _view(x)
    try:
        array = np.asarray(x)
    except (ValueError, tf.errors.OpError):  # no axes and a dtype that is not NumPy's own; handles
        return preflight(x) or _view(x)
    if array.dtype not in _TELLING and id(x.dtype) not in _DTYPE_IDS:
        return preflight(x) or _view(x)
    if array.flags.writeable:
        array.setflags(write=False)
    return array


def direct(x: Any) -> bool:
    """Whether the DLPack capsule of `x` is complete, and cheaper than a NumPy view of it."""
    return type(x) is _EAGER and id(x.dtype) in _DLPACK_IDS


def export(x: Any) -> Any:
    """Return what `__dlpack__` works on: of a variable the value, over the variable's own memory."""
    x = _value(x)
    return x if id(x.dtype) in _DLPACK_IDS else dlpack.HostExport(_view(x))


def _value(x: Any) -> tf.Tensor:
    if not isinstance(x, tf.Variable):
        return x
    # After a scatter or slice write every read would copy, forever.
    tf.raw_ops.DisableCopyOnRead(resource=x.handle)
    return x.read_value()


_from_capsule = tf_dlpack.from_dlpack


class _Array:
    """What TensorFlow asks for an array and then aliases; an ndarray itself it copies."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray):
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array


def keep(array: np.ndarray) -> tf.Tensor:
    """Return a tensor over the memory of an aligned array that nobody else writes to, for state to be made of.

    TensorFlow drops such memory without Python. A DLPack capsule of NumPy's takes the interpreter's lock (the GIL) to
    be dropped: a variable whose old value is one drops it while it holds its own lock, and whoever reads the variable
    as an operand (`tf.add(variable, 1)`, which reads under the GIL) waits for that one: neither goes on, ever.
    """
    return _EAGER(_Array(array), _HOST, None)


_HOST = "/device:CPU:0"


def borrow(array: np.ndarray) -> tf.Tensor:
    """Return a tensor over the memory of `array`."""
    if not array.flags.writeable:
        array = dlpack.unlocked(array)
    try:
        return _from_capsule(array.__dlpack__())
    except BufferError:  # a dtype of ml_dtypes; asking first would cost every other one
        return _borrow_refused(array)


def _borrow_refused(array: np.ndarray) -> tf.Tensor:
    if array.dtype in _FLOAT8:  # TensorFlow's DLPack does not know these
        return keep(array)
    return tf_dlpack.from_dlpack(dlpack.capsule(array))


def from_dlpack(x: Any) -> tf.Tensor:
    """Return a tensor over the memory of `x`, on its device.

    Raises:
        BufferError: The memory is misaligned, or TensorFlow refuses its strides, dtype or device.
    """
    capsule = x.__dlpack__()
    if dlpack.data(capsule) % dlpack.ALIGNMENT:
        raise BufferError(f"memory is not {dlpack.ALIGNMENT}-byte aligned")
    try:
        return tf_dlpack.from_dlpack(capsule)
    except tf.errors.OpError as error:
        raise BufferError(f"tf.experimental.dlpack.from_dlpack: {error.message}") from error

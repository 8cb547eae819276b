"""TensorFlow: state is a `tf.Variable`, which copies on write by itself."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from onevar.adapters.contract import Adapter, TensorSpec
from onevar.adapters.tensorflow import exchange, ops, raw, tracing
from onevar.adapters.tensorflow.kernels import FLOAT_KERNELS, KERNELS, astype
from onevar.adapters.tensorflow.primitives import PRIMITIVES
from onevar.dlpack import aligned_copy


class TensorflowAdapter(Adapter):
    """TensorFlow's eager tensors and, inside `tf.function`, its symbolic ones."""

    name = "tensorflow"
    module = "tensorflow"
    tensor_type = type(tf.constant(0))
    compiles = True
    kernels = KERNELS
    float_kernels = FLOAT_KERNELS
    checks_indices = True
    primitives = PRIMITIVES
    lacks = {
        "float8_arithmetic": "TensorFlow has no float8 kernels but Cast; cast to float32 first",
        "in_place": "tf.Variable.assign takes over the buffer of the value that it is given",
    }
    borrow_rules = exchange.BORROW_RULES
    keeps_int64 = True

    # Static, because a border is crossed in a microsecond or two.
    preflight = staticmethod(exchange.preflight)
    view = staticmethod(exchange.view)
    lend = staticmethod(exchange.lend)
    borrow = staticmethod(exchange.borrow)
    from_dlpack = staticmethod(exchange.from_dlpack)
    export = staticmethod(exchange.export)
    direct = staticmethod(exchange.direct)

    op = staticmethod(ops.op)
    is_concrete = staticmethod(tracing.is_concrete)
    stop_gradient = staticmethod(tf.stop_gradient)
    vjp = staticmethod(tracing.vjp)
    cond = staticmethod(tracing.cond)
    while_loop = staticmethod(tracing.while_loop)
    scan = staticmethod(tracing.scan)
    rehearse = staticmethod(tracing.rehearse)
    with_gradient = staticmethod(tracing.with_gradient)
    compile = staticmethod(tracing.compile)
    callback = staticmethod(tracing.callback)

    def owns(self, x: object) -> bool:
        return isinstance(x, tf.Tensor | tf.Variable)

    def dynamic_op(self, op_type: str) -> Any:
        # XLA leaves assertions out, without a word.
        return None if op_type == "Assert" and tracing.in_xla() else raw.raw_op(op_type)

    def dynamic_draw(self, op_type: str, drawing: Any, inputs: Any, attrs: dict[str, Any]) -> Any:
        return raw.drawn(op_type, drawing, inputs, attrs)

    def spec(self, x: Any) -> TensorSpec:
        return TensorSpec(tuple(x.shape), x.dtype.name, _device_name(x.device))

    def convert(self, x: Any, dtype: str | None = None, device: str | None = None) -> tf.Tensor:
        if device is None:
            tensor = _tensor(x, dtype)
            if isinstance(x, tf.Tensor | tf.Variable) or not _gpus():
                return tensor
            device = self.devices()[0]  # where TensorFlow itself would have put it
        with tf.device(device.replace("cuda", "GPU")):
            x = _tensor(x, dtype)
            # A tensor that is elsewhere moves; `identity` of one that is here shares its buffer.
            return tf.identity(x) if hasattr(x, "device") and _device_name(x.device) != device else x

    def astype(self, x: Any, dtype: str) -> tf.Tensor:
        return astype(x, dtype)

    def to_numpy(self, x: Any) -> np.ndarray:
        with tf.device("CPU:0"):
            return np.array(exchange.lend(tf.identity(x)))

    def devices(self) -> Sequence[str]:
        return (*(f"cuda:{i}" for i in range(_gpus())), "cpu:0")

    def variable(self, x: tf.Tensor, *, trainable: bool, name: str, adopt: bool) -> tf.Variable:
        # The initial tensor's buffer becomes the variable's, and is copied before the first write
        # if anybody else still holds it.
        with tf.device(x.device):
            return tf.Variable(x, trainable=trainable, name=name or None, dtype=x.dtype)

    def read(self, native: tf.Variable) -> tf.Tensor:
        if tf.executing_eagerly():
            # A scatter or slice write leaves a variable in a mode where every read copies, forever.
            tf.raw_ops.DisableCopyOnRead(resource=native.handle)
        return native.value()

    def fits(self, native: tf.Variable, x: tf.Tensor) -> bool:
        return x.dtype is native.dtype and x.shape == native.shape and x.device == native.device

    def write(self, native: tf.Variable, x: tf.Tensor, *, fresh: bool) -> tf.Variable:
        native.assign(x, read_value=False)
        return native

    def accumulate(self, native: tf.Variable, x: Any, kernel: str, *, fresh: bool) -> tf.Variable:
        update = native.assign_add if kernel == "add" else native.assign_sub
        # A number, or a tensor that broadcasts; AssignAddVariableOp itself does neither.
        if getattr(x, "shape", ()) != native.shape:
            x = tf.broadcast_to(tf.cast(x, native.dtype), native.shape)
        update(x, read_value=False)
        return native

    def set_trainable(self, native: tf.Variable, trainable: bool) -> None:
        # tf.Variable has no setter; this is the attribute that GradientTape asks for.
        native._trainable = trainable

    def value_and_grad(self, fn: Callable, values: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            out = fn(*values)
        return out, tape.gradient(out, list(values), unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _tensor(x: Any, dtype: str | None) -> tf.Tensor:
    if isinstance(x, tf.Tensor | tf.Variable):
        x = tf.convert_to_tensor(x)
        return x if dtype is None else astype(x, dtype)
    if isinstance(x, np.ndarray | np.generic):
        array = np.asarray(x)
        if tf.executing_eagerly():
            # `tf.constant` holds the array twice while it copies it.
            x = exchange.keep(aligned_copy(array.astype(array.dtype.newbyteorder("="), copy=False)))
        else:
            x = tf.constant(array)
        return x if dtype is None else astype(x, dtype)
    # TensorFlow makes no bool of a number.
    return tf.constant(bool(x) if dtype == "bool" else x, None if dtype is None else tf.as_dtype(dtype))


@lru_cache(maxsize=1)
def _gpus() -> int:
    # TensorFlow fixes its devices when it first uses one.
    return len(tf.config.list_logical_devices("GPU"))


def _device_name(device: str) -> str:
    """`"/job:localhost/replica:0/task:0/device:GPU:1"` is `"cuda:1"`; symbolic tensors say nothing."""
    kind, _, index = device.rpartition("device:")[2].partition(":")
    return f"{'cuda' if kind == 'GPU' else kind.lower() or 'cpu'}:{index or 0}"


ADAPTER = TensorflowAdapter()

"""`tf.keras.layers` where TensorFlow 1's defaults were other ones than Keras 3's."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import keras

from onevar.core.operation import Tensor
from onevar.keras.graph_tensors import bind


@keras.saving.register_keras_serializable("onevar", "hard_sigmoid")
def old_hard_sigmoid(x: Any) -> Any:
    """Return `clip(0.2 * x + 0.5, 0, 1)`; Keras 3's function of that name has another slope.

    Args:
        x: A tensor.
    """
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def Input(  # noqa: N802 (TensorFlow's name)
    shape: Any = None, batch_size: int | None = None, name: str | None = None, dtype: Any = None,
    sparse: bool = False, tensor: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return a `keras.Input`; one that stands for a tensor of the default graph where `tensor` is one.

    Args:
        shape: Without the batch.
        batch_size: If it is fixed.
        name: Of the input.
        dtype: Its dtype.
        sparse: Whether it is sparse.
        tensor: What it stands for.
        **kwargs: `batch_shape`, and what else Keras takes.
    """
    if "batch_input_shape" in kwargs:
        kwargs["batch_shape"] = kwargs.pop("batch_input_shape")
    dtype = None if dtype is None else getattr(dtype, "name", dtype)
    if not isinstance(tensor, Tensor):
        given: dict[str, Any] = {"shape": None if shape is None else tuple(shape), "tensor": tensor, "dtype": dtype}
        return keras.Input(batch_size=batch_size, name=name, sparse=sparse, **given, **kwargs)
    made = keras.Input(batch_shape=tuple(tensor.shape.as_list()), name=name, dtype=tensor.dtype.base_dtype.name)
    bind(made, tensor)
    return made


def _with_defaults(kind: Any, **defaults: Any) -> Any:
    """Return a class of Keras's that has other defaults."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        for name, value in defaults.items():
            kwargs.setdefault(name, value)
        if kwargs.get("recurrent_activation") == "hard_sigmoid":
            kwargs["recurrent_activation"] = old_hard_sigmoid
        kind.__init__(self, *args, **kwargs)

    made = type(kind.__name__, (kind,), {"__init__": __init__, "__doc__": kind.__doc__, "__module__": __name__})
    return keras.saving.register_keras_serializable("onevar")(made)


def _renamed(kind: Any, **names: str) -> Callable[..., Any]:
    """Return what makes a layer of arguments that had other names."""

    @wraps(kind, updated=())
    def make(*args: Any, **kwargs: Any) -> Any:
        return kind(*args, **{names.get(name, name): value for name, value in kwargs.items()})

    return make


_SLOPE: dict[str, Any] = {"recurrent_activation": "hard_sigmoid"}
#: The names below `tf.keras.layers` that are not Keras's own.
NAMES: dict[str, Any] = {
    "GRU": _with_defaults(keras.layers.GRU, **_SLOPE, reset_after=False),
    "GRUCell": _with_defaults(keras.layers.GRUCell, **_SLOPE, reset_after=False),
    "Input": Input,
    "LSTM": _with_defaults(keras.layers.LSTM, **_SLOPE),
    "LSTMCell": _with_defaults(keras.layers.LSTMCell, **_SLOPE),
}

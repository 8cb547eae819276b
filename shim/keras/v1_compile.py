"""`Model.compile` and training as TensorFlow 1's `tf.keras` had them: what is trained is settled by `compile`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary, ref

import keras

from onevar.errors import Unsupported
from onevar.keras import optimizers
from onevar.v1.optimizer_adam import AdamOptimizer
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.optimizer_descent import GradientDescentOptimizer, MomentumOptimizer
from onevar.v1.optimizer_squares import AdadeltaOptimizer, AdagradOptimizer, RMSPropOptimizer

# Each layer of a compiled model, with whether it was to be trained.
_compiled: WeakKeyDictionary[Any, list[tuple[Any, bool]]] = WeakKeyDictionary()
# Gradients of embeddings are of rows: rows that a step does not look up stay.
_ROWS = ["embedding"]
#: For each v1 optimizer what makes Keras's that follows it, and the attributes that are its arguments.
_OPTIMIZERS: dict[type, tuple[Any, dict[str, str], dict[str, Any]]] = {
    GradientDescentOptimizer: (keras.optimizers.SGD, {"learning_rate": "_learning_rate"}, {}),
    MomentumOptimizer: (
        optimizers.Momentum,
        {"learning_rate": "_learning_rate", "momentum": "_momentum", "nesterov": "_use_nesterov"},
        {"sparse": _ROWS},
    ),
    AdamOptimizer: (
        keras.optimizers.Adam,
        {"learning_rate": "_lr", "beta_1": "_beta1", "beta_2": "_beta2", "epsilon": "_epsilon"},
        {},
    ),
    RMSPropOptimizer: (
        optimizers.RMSprop,
        {
            "learning_rate": "_learning_rate", "rho": "_decay", "momentum": "_momentum", "epsilon": "_epsilon",
            "centered": "_centered",
        },
        {"sparse": _ROWS},
    ),
    AdagradOptimizer: (
        keras.optimizers.Adagrad,
        {"learning_rate": "_learning_rate", "initial_accumulator_value": "_initial_accumulator_value"},
        {"epsilon": 0.0},
    ),
    AdadeltaOptimizer: (
        optimizers.Adadelta,
        {"learning_rate": "_lr", "rho": "_rho", "epsilon": "_epsilon"},
        {"sparse": _ROWS},
    ),
}  # fmt: skip


def keras_optimizer(optimizer: Optimizer) -> Any:
    """Return Keras's optimizer that follows the trajectory of one of `tf.train`.

    Args:
        optimizer: With numbers for arguments.

    Raises:
        Unsupported: None does, or an argument is a tensor.
    """
    kind, attributes, fixed = _OPTIMIZERS.get(type(optimizer), (None, {}, {}))
    if kind is None:
        raise Unsupported(
            f"compile(optimizer={type(optimizer).__name__}): of tf.train, a model takes "
            f"{', '.join(sorted(known.__name__ for known in _OPTIMIZERS))}. Give one of tf.keras.optimizers, or "
            "onevar.keras.optimizers."
        )
    given = {name: getattr(optimizer, attribute) for name, attribute in attributes.items()}
    tensors = [name for name, value in given.items() if not isinstance(value, bool | int | float)]
    if tensors:
        raise Unsupported(
            f"compile(optimizer={type(optimizer).__name__}): {', '.join(tensors)} has to be a number here; for a rate "
            "that decays give an optimizer of tf.keras.optimizers with a schedule."
        )
    numbers = {name: value if isinstance(value, bool) else float(value) for name, value in given.items()}
    return kind(**numbers, **fixed)


def extend() -> None:
    """Give Keras's models `compile` and training of TensorFlow 1."""
    _wrap("compile", _compile)
    for name in ("fit", "train_on_batch"):
        _wrap(name, _training)


def _wrap(name: str, wrapped: Callable[[Any], Any]) -> None:
    # Where it is defined: Keras asks whether a model's own `compile` is that one.
    owner = next(kind for kind in keras.Model.__mro__ if name in vars(kind))
    setattr(owner, name, wrapped(vars(owner)[name]))


def _compile(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def compile(self: Any, optimizer: Any = "rmsprop", *args: Any, **kwargs: Any) -> Any:
        """As Keras's; optimizers of `tf.train` are accepted, and layers stay trainable as they are now."""
        if isinstance(optimizer, Optimizer):
            optimizer = keras_optimizer(optimizer)
        result = original(self, optimizer, *args, **kwargs)
        _compiled[self] = [(ref(layer), layer.trainable) for layer in self._flatten_layers()]
        return result

    return compile


def _training(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        """As Keras's, with the layers trainable that were when the model was compiled."""
        with _as_compiled(self):
            return original(self, *args, **kwargs)

    return train


@contextmanager
def _as_compiled(model: Any) -> Iterator[None]:
    wanted = [(layer, flag) for kept, flag in _compiled.get(model, ()) if (layer := kept()) is not None]
    now = [(layer, layer.trainable) for layer, _ in wanted]
    if all(flag == then for (_, flag), (_, then) in zip(now, wanted, strict=True)):
        yield
        return
    _set(wanted)
    try:
        yield
    finally:
        _set(now)


def _set(flags: list[tuple[Any, bool]]) -> None:
    """Set whether layers are trained; those that contain others come first."""
    for layer, flag in flags:
        layer.trainable = flag

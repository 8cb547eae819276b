"""Methods that models and layers had in TensorFlow 1, where they can be had of Keras 3's."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import keras

from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.core.reach import needed

_done: list[bool] = []


def extend() -> None:
    """Give Keras's classes the methods, unless they have them; once."""
    if _done:
        return
    _done.append(True)
    for kind, functions in (
        (keras.Model, (fit_generator, evaluate_generator, predict_generator, predict_proba, predict_classes)),
        (keras.Layer, (get_losses_for, get_updates_for)),
    ):
        for function in functions:
            if not hasattr(kind, function.__name__):
                setattr(kind, function.__name__, function)
    keras.Layer.add_weight = _add_weight(keras.Layer.add_weight)
    keras.Layer.add_variable = keras.Layer.add_weight
    for name in ("input", "output"):
        setattr(keras.Sequential, name, _end(name))


def _end(name: str) -> property:
    """Return the property `input` or `output` of a Sequential, which has it before it is called."""

    def get(self: Any) -> Any:
        ends = getattr(self, f"{name}s")
        if ends is None:
            raise ValueError(f"{self.name}.{name}: the model does not know its shape. Begin it with a keras.Input.")
        return ends[0] if len(ends) == 1 else ends

    return property(get)


def fit_generator(
    self: Any, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, verbose: Any = 1,
    callbacks: Any = None, validation_data: Any = None, validation_steps: int | None = None,
    validation_freq: int = 1, class_weight: Any = None, max_queue_size: int = 10, workers: int = 1,
    use_multiprocessing: bool = False, shuffle: bool = True, initial_epoch: int = 0,
) -> Any:  # fmt: skip
    """Do `fit` with a generator; the queue's options are accepted.

    Args:
        self: The model.
        generator: Yields `(inputs, targets)`.
        steps_per_epoch: As in `fit`, like the rest.
        epochs: How many.
        verbose: What is shown.
        callbacks: Called as it trains.
        validation_data: Or a generator of it.
        validation_steps: How many batches of it.
        validation_freq: In which epochs.
        class_weight: Of classes.
        max_queue_size: Accepted.
        workers: Accepted.
        use_multiprocessing: Accepted.
        shuffle: Whether to shuffle.
        initial_epoch: The first.
    """
    return self.fit(
        generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose, callbacks=callbacks,
        validation_data=validation_data, validation_steps=validation_steps, validation_freq=validation_freq,
        class_weight=class_weight, shuffle=shuffle, initial_epoch=initial_epoch,
    )  # fmt: skip


def evaluate_generator(
    self: Any, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10,
    workers: int = 1, use_multiprocessing: bool = False, verbose: Any = 0,
) -> Any:  # fmt: skip
    """Do `evaluate` with a generator; arguments as `fit_generator`."""
    return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def predict_generator(
    self: Any, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10,
    workers: int = 1, use_multiprocessing: bool = False, verbose: Any = 0,
) -> Any:  # fmt: skip
    """Do `predict` with a generator; arguments as `fit_generator`."""
    return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def predict_proba(self: Any, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
    """Return probabilities: what `predict` returns."""
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def predict_classes(self: Any, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
    """Return the class of each example."""
    found = self.predict(x, batch_size=batch_size, verbose=verbose)
    return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


def get_updates_for(self: Any, inputs: Any) -> list[Any]:
    """Return the operations that update the layer's variables and depend on `inputs`; None: on nothing that is fed."""
    return _depending(self.updates, inputs)


def get_losses_for(self: Any, inputs: Any) -> list[Any]:
    """Return the layer's losses that depend on `inputs`; None: those that depend on nothing that is fed."""
    return _depending(self.losses, inputs)


def _depending(found: list[Any], inputs: Any) -> list[Any]:
    def feeds(item: Any) -> set[Any]:
        return {op for op in needed([getattr(item, "op", item)], ()) if op.type in ("Placeholder", "PlaceholderV2")}

    if inputs is None:
        return [item for item in found if not feeds(item)]
    sources = {convert_to_tensor(x).op for x in keras.tree.flatten(inputs)}
    return [item for item in found if not sources.isdisjoint(needed([getattr(item, "op", item)], ()))]


def _add_weight(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        """As Keras's; TensorFlow 1's order, `name, shape, dtype, initializer`, is accepted too."""
        if args and isinstance(args[0], str):
            kwargs.update(zip(("name", "shape", "dtype", "initializer", "regularizer"), args, strict=False))
            args = ()
        if isinstance(kwargs.get("dtype"), DType):
            kwargs["dtype"] = kwargs["dtype"].base_dtype.name
        if "shape" in kwargs and hasattr(kwargs["shape"], "as_list"):
            kwargs["shape"] = tuple(kwargs["shape"].as_list())
        elif isinstance(kwargs.get("shape"), list | tuple):
            kwargs["shape"] = tuple(getattr(size, "value", size) for size in kwargs["shape"])
        return original(self, *args, **kwargs)

    return add_weight

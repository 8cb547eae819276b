"""`tf.keras.optimizers` with the arguments of TensorFlow 1: `lr`, `decay`."""

from typing import Any

import keras


class _Named(type):
    """Classes that stand for one of Keras's: what these make are their instances."""

    made: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.made)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.made)


class OldOptimizer(metaclass=_Named):
    """Makes an optimizer of Keras 3 of the arguments that TensorFlow 1's took."""

    made: Any = keras.optimizers.Optimizer

    def __new__(cls, *args: Any, lr: Any = None, decay: float = 0.0, **kwargs: Any) -> Any:
        """Return the optimizer.

        Args:
            *args: Of Keras's.
            lr: The learning rate.
            decay: The rate is divided by one plus this, times the number of steps.
            **kwargs: Of Keras's.
        """
        if lr is not None:
            kwargs["learning_rate"] = lr
        optimizer = cls.made(*args, **kwargs)
        if decay:
            rate = kwargs.get("learning_rate", args[0] if args else float(optimizer.learning_rate))
            schedule = keras.optimizers.schedules.InverseTimeDecay(float(rate), 1, decay)
            optimizer = cls.made(*([schedule, *args[1:]] if args else ()), **_with_rate(kwargs, schedule, bool(args)))
        return optimizer

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return the optimizer of a configuration.

        Args:
            config: As Keras's `get_config` returns it.
        """
        return cls.made.from_config(config)


def _with_rate(kwargs: dict[str, Any], schedule: Any, given: bool) -> dict[str, Any]:
    return kwargs if given else {**kwargs, "learning_rate": schedule}


_CLASSES = ("Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD")
#: The names below `tf.keras.optimizers` that are not Keras's own.
NAMES: dict[str, Any] = {
    name: _Named(name, (OldOptimizer,), {"made": getattr(keras.optimizers, name), "__module__": __name__})
    for name in _CLASSES
}

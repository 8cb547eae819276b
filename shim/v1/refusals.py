"""Names of TensorFlow 1 that are known and not offered: whoever uses one is told what to do instead."""

from typing import Any, NoReturn

from onevar.errors import Unsupported
from onevar.v1 import export

_refused: dict[str, str] = {}


class Refused:
    """Stands for a class or function that is not offered; may be imported, named and derived from, not used.

    Args:
        name: Its name below `tf.`.
        advice: What to do instead, a sentence.
    """

    def __init__(self, name: str, advice: str):
        self._name, self._advice = name, advice

    def _refuse(self) -> NoReturn:
        raise Unsupported(f"tf.{self._name} is not offered by onevar. {self._advice}")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, whatever the arguments.

        Raises:
            Unsupported: Always; says what to do instead.
        """
        self._refuse()

    def __mro_entries__(self, bases: tuple) -> tuple:
        # Packages define classes that most of their users never make: that is refused when one is made.
        return (type(self._name.rpartition(".")[2], (), {"__new__": self, "__module__": "onevar.v1"}),)

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"tf.{self._name}.{name}: tf.{self._name} is not offered by onevar. {self._advice}", name=name, obj=self
        )

    def __repr__(self) -> str:
        return f"<tf.{self._name}: not offered. {self._advice}>"


def export_refused(advice: str, *names: str) -> None:
    """Offer names whose use raises `onevar.errors.Unsupported`, so that programs that only import them run.

    `onevar audit` counts them as not supported, and shows the advice.

    Args:
        advice: What to do instead, a sentence.
        *names: The names below `tf.`.
    """
    for name in names:
        export.export_value(name, Refused(name, advice))
        _refused[name] = advice


#: What to do instead of whole parts of TensorFlow, whose names are missing one by one.
_PARTS = {
    "keras": "Use Keras 3 beside onevar (`import keras`, on the same backend), or tf.layers.",
    "estimator": "Write the loop with tf.train.MonitoredTrainingSession.",
    "contrib.keras": "Use Keras 3 beside onevar (`import keras`, on the same backend), or tf.layers.",
    "contrib.learn": "Write the loop with tf.train.MonitoredTrainingSession, or use scikit-learn or Keras 3.",
    "contrib.tpu": "There is no TPU support: take the CPU or GPU branch of the program.",
    "contrib.tensorrt": "Export the graph with tf.saved_model.simple_save, and optimize it with TensorFlow itself.",
    "lite": "Export the graph with tf.saved_model.simple_save, and convert it with TensorFlow itself.",
    "mlir": "Use TensorFlow itself for its compilers.",
}


def advice_on_missing(name: str) -> str:
    """Return what to do instead of a name that is missing, a sentence with a space before it; `""` if nothing is known.

    Args:
        name: Below `tf.`.
    """
    while name:
        if name in _PARTS:
            return f" {_PARTS[name]}"
        name = name.rpartition(".")[0]
    return ""


def advice_for(name: str) -> str | None:
    """Return what to do instead of a name that is refused; None where it is not.

    Args:
        name: Below `tf.`, attributes of what is refused included.
    """
    export.load()
    while name:
        if name in _refused:
            return _refused[name]
        name = name.rpartition(".")[0]
    return None

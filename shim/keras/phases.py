"""Whether Keras trains: what `evaluate` and `predict` call does not, also where a layer's `call` is not told."""

from collections.abc import Callable
from functools import wraps
from threading import local
from typing import Any

import keras

#: Methods of models that do not train.
_INFERENCE = ("evaluate", "predict", "test_on_batch", "predict_on_batch")


class _Phase(local):
    """How many of those methods run in this thread."""

    def __init__(self) -> None:
        self.inference = 0


_PHASE = _Phase()


def inferring() -> bool:
    """Whether a model evaluates or predicts in this thread."""
    return _PHASE.inference > 0


def install() -> None:
    """Note from now on when models evaluate and predict."""
    for name in _INFERENCE:
        setattr(keras.Model, name, _noting(getattr(keras.Model, name)))


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        _PHASE.inference += 1
        try:
            return original(self, *args, **kwargs)
        finally:
            _PHASE.inference -= 1

    return method

"""Keras computes with its backend's tensors: while it does, v1 code computes at once, on the same backend."""

from typing import Any

import keras

from onevar.core.context import THREAD
from onevar.core.registry import use_backend


class Native:
    """The context in which v1 code called by Keras runs: eagerly, on Keras's backend."""

    __slots__ = ("_backend", "_eager")

    def __enter__(self) -> "Native":
        self._eager = THREAD.eager
        self._backend: Any = use_backend(keras.backend.backend())
        self._backend.__enter__()
        THREAD.eager = True
        return self

    def __exit__(self, *error: Any) -> None:
        THREAD.eager = self._eager
        self._backend.__exit__(*error)

"""A file of tensors, open for reading, whatever its format."""

import os
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np

from onevar.migrate.convert.spec import Spec


class Source:
    """Tensors by name, read one at a time. Each format has a class of its own.

    Args:
        path: Of the file or files.

    Attributes:
        kind: The name of the format.
        style: The convention its layers are in, where the format has but one; None otherwise.
        path: As it was given.
        specs: All tensors, in the file's order.
        notes: What the user should know, a sentence each.
        config: A Keras model's description of itself, where there is one.
        ordered: Whether the file's order is that in which the tensors were made.
        forget_biases: The constants that LSTM cells add to their forget gates, where the graph is there too.
    """

    kind: ClassVar[str] = ""
    style: ClassVar[str | None] = None

    def __init__(self, path: str | os.PathLike[str]):
        self.path = os.fspath(path)
        self.specs: dict[str, Spec] = {}
        self.notes: list[str] = []
        self.config: dict[str, Any] | None = None
        self.ordered = True
        self.forget_biases: frozenset[float] = frozenset()

    def read(self, name: str) -> np.ndarray:
        """Return a tensor.

        Args:
            name: Of `specs`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

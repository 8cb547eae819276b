"""Iterators: where a Session is in a dataset."""

import itertools
import threading
from collections.abc import Sequence
from typing import Any

from onevar.core.data.base import Context, Row, Rows, Source
from onevar.core.op_errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, OpError
from onevar.core.resources import Resource, current
from onevar.core.spec import show

_numbers = itertools.count()

NOT_INITIALIZED = (
    "GetNext() failed because the iterator has not been initialized. Ensure that you have run the initializer "
    "operation for this iterator before getting the next element."
)


class Iterator(Resource):
    """A walk through a dataset that goes on from run to run.

    Args:
        name: For messages.
        types: The dtype of each component of its elements.
        shapes: What is known of the shape of each.

    Attributes:
        handle: What names it, as a string.
    """

    def __init__(self, name: str, types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(name)
        self.types, self.shapes = list(types), list(shapes)
        self.handle = f"onevar_iterator_{next(_numbers)}/{name}".encode()
        self._rows: Rows | None = None
        self._turn = threading.Lock()

    def begin(self, source: Source) -> None:
        """Walk through a dataset from its beginning.

        Args:
            source: The dataset.

        Raises:
            InvalidArgumentError: Its elements are of other types or shapes.
        """
        check_compatible(self.types, self.shapes, source.types, source.shapes)
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()
        self._rows = source.rows(Context())

    def next(self) -> Row | None:
        """Return the next element, or None at the end.

        Raises:
            FailedPreconditionError: It has not begun.
            OpError: What went wrong in making the element.
        """
        rows = self._rows
        if rows is None:
            raise FailedPreconditionError(None, None, NOT_INITIALIZED)
        # Other threads' runs go on meanwhile: making an element may take long, or wait for one of them.
        with current().released(), self._turn:
            return rows.next()

    def close(self) -> None:
        """End the walk."""
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()


class OneShot(Iterator):
    """An iterator that begins by itself, once.

    Args:
        name: For messages.
        types: The dtype of each component of its elements.
        shapes: What is known of the shape of each.
        factory: Makes the dataset.
    """

    def __init__(self, name: str, types: Sequence[str], shapes: Sequence[Any], factory: Any):
        super().__init__(name, types, shapes)
        self._factory = factory
        self._failed: OpError | None = None

    def next(self) -> Row | None:
        """Return the next element, or None at the end."""
        if self._rows is None:
            if self._failed is not None:
                raise self._failed
            try:
                self.begin(self._factory())
            except OpError as error:
                self._failed = error
                raise
        return super().next()


def register(iterator: Iterator) -> bytes:
    """Let an iterator be found by its handle; return that.

    Args:
        iterator: The iterator.
    """
    current().resources.get("iterator_handle", "", iterator.handle.decode(), lambda: iterator)
    return iterator.handle


def found(handle: bytes) -> Iterator:
    """Return the iterator that a handle names.

    Args:
        handle: As `register` returned it in this Session.

    Raises:
        InvalidArgumentError: It is no handle of an iterator.
        NotFoundError: It names one of another Session.
    """
    name = handle.decode("utf-8", "replace") if isinstance(handle, bytes) else str(handle)
    iterator = current().resources.find("iterator_handle", "", name)
    if iterator is None:
        if not name.startswith("onevar_iterator_"):
            raise InvalidArgumentError(
                None, None, "Could not parse string_handle: it is not a handle of an iterator. Feed what "
                "sess.run(iterator.string_handle()) returned in this Session.",
            )  # fmt: skip
        raise NotFoundError(
            None, None, f"Resource {name} does not exist in this Session: run iterator.string_handle() in it."
        )
    return iterator


def check_compatible(
    types: Sequence[str], shapes: Sequence[Any], given_types: Sequence[str], given_shapes: Sequence[Any]
) -> None:
    """Raise where elements are of other types or shapes than they should be.

    Args:
        types: The dtypes wanted; nothing for any.
        shapes: The shapes wanted; nothing for any.
        given_types: The dtypes there are.
        given_shapes: The shapes there are.

    Raises:
        InvalidArgumentError: They do not match.
    """
    if types and len(types) != len(given_types):
        raise InvalidArgumentError(
            None, None, f"Number of components does not match: expected {len(types)} types but got {len(given_types)}."
        )
    for at, (wanted, given) in enumerate(zip(types, given_types, strict=False)):
        if wanted != given:
            raise InvalidArgumentError(
                None, None, f"Data type mismatch at component {at}: expected {_shown(wanted)} but got {_shown(given)}."
            )
    for at, (shape, other) in enumerate(zip(shapes, given_shapes, strict=False)):
        if not _agree(shape, other):
            raise InvalidArgumentError(
                None, None,
                f"Incompatible shapes at component {at}: expected {show(shape)} but got {show(other)}.",
            )  # fmt: skip


def _shown(dtype: str) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype, dtype)


def _agree(shape: Any, other: Any) -> bool:
    if shape is None or other is None:
        return True
    return len(shape) == len(other) and all(a == b or a is None or b is None for a, b in zip(shape, other, strict=True))

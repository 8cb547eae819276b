"""What a dataset is at run time: a `Source` that can be walked any number of times, and the `Rows` of one walk."""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from onevar.core.op_errors import InternalError, InvalidArgumentError
from onevar.core.resources import Resources, Run, current

#: One element, flat: an array for each component. Strings and variants are arrays of objects.
Row = tuple[Any, ...]

#: What `Source.cardinality` says of a source without end, and of one whose size is not known.
INFINITE, UNKNOWN = -1, -2


class Context:
    """What a walk through a dataset belongs to.

    Args:
        resources: Of the Session; None takes those of the run that is going on.
    """

    __slots__ = ("calls", "resources")

    def __init__(self, resources: Resources | None = None):
        self.resources = resources if resources is not None else current().resources
        #: Functions made ready: what they draw at random goes on from one pass through a dataset to the next.
        self.calls: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def background(self) -> Run:
        """Return a run for a thread that works ahead."""
        return self.resources.background()


class Rows:
    """One walk through a source.

    An error leaves the walk where it was: the next element may be asked for after it.
    """

    __slots__ = ()

    def next(self) -> Row | None:
        """Return the next element, or None at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of threads and files."""
        for name in ("input", "current"):
            inner = getattr(self, name, None)
            if isinstance(inner, Rows):
                inner.close()


class Source:
    """A dataset.

    Args:
        types: The dtype of each component, by name.
        shapes: What is known of the shape of each; None where nothing is.
    """

    def __init__(self, types: Sequence[str], shapes: Sequence[Any]):
        self.types = list(types)
        self.shapes = list(shapes)

    def rows(self, context: Context) -> Rows:
        """Begin a walk.

        Args:
            context: What it belongs to.
        """
        raise NotImplementedError

    def cardinality(self) -> int:
        """Return how many elements there are, `INFINITE` or `UNKNOWN`."""
        return UNKNOWN

    def __repr__(self) -> str:
        return f"<{type(self).__name__} types={self.types} shapes={self.shapes}>"


class Derived(Source):
    """A dataset made of another one, with its types and shapes unless others are given."""

    def __init__(self, source: Source, types: Sequence[str] | None = None, shapes: Sequence[Any] | None = None):
        super().__init__(source.types if types is None else types, source.shapes if shapes is None else shapes)
        self.source = source

    def cardinality(self) -> int:
        """Return that of the other one."""
        return self.source.cardinality()


def boxed(value: Any) -> np.ndarray:
    """Return any object as a variant: an array of objects, of rank zero.

    Args:
        value: The object.
    """
    out = np.empty((), object)
    out[()] = value
    return out


def unboxed(variant: Any) -> Any:
    """Return what `boxed` was given.

    Args:
        variant: The array.
    """
    return variant[()] if isinstance(variant, np.ndarray) else variant


def source_of(variant: Any) -> Source:
    """Return the dataset that a variant holds.

    Args:
        variant: The array.

    Raises:
        InvalidArgumentError: It holds none.
    """
    value = unboxed(variant)
    if not isinstance(value, Source):
        raise InvalidArgumentError(None, None, "The given variant tensor does not hold a dataset.")
    return value


def cell(value: Any, name: str = "value") -> Any:
    """Return the only element of an array, as Python's.

    Args:
        value: A scalar, as an array.
        name: For the message.

    Raises:
        InvalidArgumentError: It is no scalar.
    """
    array = np.asarray(value)
    if array.ndim:
        raise InvalidArgumentError(None, None, f"{name} must be a scalar")
    return array[()] if array.dtype == object else array.item()


def text(value: Any, name: str = "value") -> str:
    """Return the only element of an array of strings.

    Args:
        value: The array.
        name: For the message.
    """
    found = cell(value, name)
    return found.decode() if isinstance(found, bytes) else str(found)


def shape_of(array: Any) -> tuple[int, ...]:
    """Return the shape of a component.

    Args:
        array: An array, or a NumPy scalar.
    """
    return np.shape(array) if not isinstance(array, np.ndarray | np.generic) else array.shape


def show(shape: Iterable[int]) -> str:
    """Write a shape as TensorFlow's messages do, `[2,3]`.

    Args:
        shape: The shape.
    """
    return "[" + ",".join(map(str, shape)) + "]"


def broken(message: str) -> InternalError:
    """Return the error for what must not happen.

    Args:
        message: What it was.
    """
    return InternalError(None, None, message)

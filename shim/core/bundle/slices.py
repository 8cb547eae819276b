"""Which part of a tensor: TensorFlow's `shape_and_slice` strings, and tensors that are stored in pieces.

`"4 5 0,2:-"` is rows 0 and 1 of a tensor of shape (4, 5): the shape, then start and length for each dimension,
`-` for a whole one. An empty string is the whole tensor.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onevar.core.bundle.ordered_code import Extents
from onevar.core.op_errors import InternalError, InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Part:
    """A box within a tensor.

    Attributes:
        shape: Of the whole tensor.
        extents: (start, length) for each dimension as they were written, (0, -1) for a whole one.
    """

    shape: tuple[int, ...]
    extents: Extents

    @property
    def is_whole(self) -> bool:
        """Whether this is all of the tensor."""
        return all(length in (-1, size) for size, (_, length) in zip(self.shape, self.extents, strict=True))

    @property
    def starts(self) -> tuple[int, ...]:
        """The first index in each dimension."""
        return tuple(start for start, _ in self.extents)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of the part itself."""
        pairs = zip(self.shape, self.extents, strict=True)
        return tuple(size if length < 0 else length for size, (_, length) in pairs)

    def index(self) -> tuple[slice, ...]:
        """Return what to index the whole tensor with."""
        return tuple(slice(start, start + size) for start, size in zip(self.starts, self.sizes, strict=True))

    def overlap(self, other: "Part") -> tuple[tuple[slice, ...], tuple[slice, ...]] | None:
        """Return where the common box lies in this part and in the other one, None if there is none."""
        mine, its = [], []
        for a, n, b, m in zip(self.starts, self.sizes, other.starts, other.sizes, strict=True):
            low, high = max(a, b), min(a + n, b + m)
            if low >= high:
                return None
            mine.append(slice(low - a, high - a))
            its.append(slice(low - b, high - b))
        return tuple(mine), tuple(its)

    def __str__(self) -> str:
        return shown(self.extents)


def shown(extents: Extents) -> str:
    """Return extents in TensorFlow's notation."""
    return ":".join("-" if length < 0 else f"{start},{length}" for start, length in extents)


@dataclass(frozen=True, slots=True)
class Slices:
    """A tensor that is saved in pieces, as a partitioned variable is.

    Attributes:
        pieces: For each piece its `shape_and_slice` string (`"4 5 0,2:-"`) and its values.
    """

    pieces: Sequence[tuple[str, Any]]


def parse(spec: str) -> Part | None:
    """Return the part that a `shape_and_slice` string names; None for the whole tensor, an empty string.

    Raises:
        InvalidArgumentError: It is not such a string.
        InternalError: The slice does not fit the shape (TensorFlow's class for this).
    """
    if not spec:
        return None
    *sizes, last = spec.split(" ")
    if not sizes:
        raise InvalidArgumentError(None, None, f"Need least two elements in shape_and_slice specification: {spec}")
    if not all(size.isascii() and size.isdigit() for size in sizes):
        raise InvalidArgumentError(None, None, f"Non numerical dimension in shape_and_slice: {spec}")
    part = Part(tuple(map(int, sizes)), tuple(_extent(text, last) for text in last.split(":")))
    check(part)
    return part


def check(part: Part) -> None:
    """Raise `InternalError` unless the part lies within its shape."""
    shape = f"[{','.join(map(str, part.shape))}]"
    if len(part.shape) != len(part.extents):
        raise InternalError(None, None, f"Mismatching ranks: shape = {shape}, slice = {part}")
    for i, (size, (start, length)) in enumerate(zip(part.shape, part.extents, strict=True)):
        if start < 0 or start + max(length, 0) > size:
            raise InternalError(None, None, f"Extent in dimension {i} out of bounds: shape = {shape}, slice = {part}")


def _extent(text: str, spec: str) -> tuple[int, int]:
    if text == "-":
        return 0, -1
    try:
        start, length = map(int, text.split(","))
    except ValueError:
        message = f"Expected a pair of numbers or '-' but got '{text}': string = {spec}"
        raise InvalidArgumentError(None, None, message) from None
    if start < 0 or length <= 0:
        message = (
            f"Expected non-negative start and positive length but got start = {start}, length = {length}: "
            f"string = {spec}"
        )
        raise InvalidArgumentError(None, None, message)
    return start, length


def first_overlap(parts: Sequence[Part]) -> tuple[Part, Part] | None:
    """Return two parts that share an element, None if all are apart."""
    if not parts or not parts[0].shape:
        return (parts[0], parts[1]) if len(parts) > 1 else None
    starts = np.array([part.starts for part in parts], np.int64)
    ends = starts + np.array([part.sizes for part in parts], np.int64)
    order = np.argsort(starts[:, 0], kind="stable")
    for i, one in enumerate(order):
        # Sorted by where they start in dimension 0: those that may meet this one come right after it.
        stop = np.searchsorted(starts[order, 0], ends[one, 0])
        rest = order[i + 1 : stop]
        meets = ((starts[rest] < ends[one]) & (starts[one] < ends[rest])).all(axis=1)
        if meets.any():
            return parts[one], parts[rest[int(np.argmax(meets))]]
    return None


def grouped(names: Iterable[str], specs: Iterable[str], tensors: Iterable[Any]) -> dict[str, Any]:
    """Return what `write` takes for the operands of TensorFlow's `SaveV2`.

    Args:
        names: Of the tensors; a name may come again with another part of the same tensor.
        specs: A `shape_and_slice` string for each.
        tensors: The values of the part, for each.

    Raises:
        InvalidArgumentError: A name comes twice without a slice.
    """
    found: dict[str, Any] = {}
    for name, spec, tensor in zip(names, specs, tensors, strict=True):
        if not spec and name not in found:
            found[name] = tensor
        elif not spec or (name in found and not isinstance(found[name], Slices)):
            raise InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
        else:
            pieces = found[name].pieces if name in found else ()
            found[name] = Slices((*pieces, (spec, tensor)))
    return found

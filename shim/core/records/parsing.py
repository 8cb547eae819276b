"""Features of many `Example`s, or of one, as dense, sparse and ragged arrays, with TensorFlow's errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NoReturn

import numpy as np

from onevar.core import op_errors
from onevar.core.bundle.wire import Malformed
from onevar.core.records.examples import BYTES, KIND_OF, NAME_OF, features, values

_DTYPES = {1: np.dtype(object), 2: np.dtype(np.float32), 3: np.dtype(np.int64)}


@dataclass(slots=True)
class Dense:
    """A feature that becomes a dense array.

    Attributes:
        key: Its name.
        dtype: `"float32"`, `"int64"` or `"string"`.
        shape: Of one example's values; its first size is None if that differs between examples.
        default: What stands for it in examples that have it not, or pads it; empty if it has to be there.
    """

    key: bytes
    dtype: str
    shape: tuple[int | None, ...]
    default: np.ndarray

    @property
    def is_variable(self) -> bool:
        """Whether the number of rows differs between examples."""
        return bool(self.shape) and self.shape[0] is None

    @property
    def stride(self) -> int:
        """How many values a row has, or the whole of it if it is not variable."""
        return prod(n or 0 for n in (self.shape[1:] if self.is_variable else self.shape))


@dataclass(slots=True)
class Ragged:
    """A feature with any number of values in each example.

    Attributes:
        key: Its name.
        dtype: As for `Dense`.
        splits: The dtype of the row splits; None for what becomes sparse.
    """

    key: bytes
    dtype: str
    splits: str | None = None


def invalid(message: str) -> NoReturn:
    """Raise `InvalidArgumentError`.

    Args:
        message: What is wrong.
    """
    raise op_errors.InvalidArgumentError(None, None, message)


def array_of(found: Any, dtype: str) -> np.ndarray:
    """Return values of a feature as a vector.

    Args:
        found: An array, or a list of bytes.
        dtype: `"float32"`, `"int64"` or `"string"`.
    """
    if dtype != "string":
        return found
    result = np.empty(len(found), object)
    result[:] = found
    return result


class Where:
    """Names an example in messages, as TensorFlow does for a batch (`Name: x, Key: y, Index: 3.`) or for one alone.

    Args:
        name: The example's name, or None: a single example, of which TensorFlow says less.
        index: Its position in the batch.
    """

    __slots__ = ("index", "name")

    def __init__(self, name: bytes | None, index: int = 0):
        self.name, self.index = name, index

    def fail(self, key: bytes, text: str) -> NoReturn:
        """Raise the error about a feature of this example."""
        shown = key.decode(errors="replace")
        if self.name is None:
            invalid(f"Key: {shown}.  {text}")
        invalid(f"Name: {self._name()}, Key: {shown}, Index: {self.index}.  {text}")

    def missing(self, key: bytes, dtype: str) -> NoReturn:
        """Raise the error about a feature that is not there."""
        shown = (
            f"Feature: {key.decode(errors='replace')} (data type: {_shown(dtype)}) is required but could not be found."
        )
        invalid(shown if self.name is None else f"Name: {self._name()}, {shown}")

    def mismatch(self, key: bytes, dtype: str, kind: int, is_dense: bool) -> NoReturn:
        """Raise the error about values of another kind."""
        if is_dense:
            self.fail(key, f"Data types don't match. Data type: {NAME_OF[kind]} but expected type: {_shown(dtype)}")
        self.fail(key, f"Data types don't match. Expected type: {_shown(dtype)}, Actual type: {NAME_OF[kind]}")

    def _name(self) -> str:
        return (self.name or b"<unknown>").decode(errors="replace")


def _shown(dtype: str) -> str:
    return NAME_OF[KIND_OF[dtype]]


def found(
    there: dict[bytes, bytes], key: bytes, dtype: str, where: Where, example: bytes, is_dense: bool = False
) -> Any:
    """Return the values of a feature, or None if it is not there.

    Args:
        there: The example's features.
        key: The feature's name.
        dtype: What its values have to be.
        where: Names the example.
        example: Its bytes, for the message about a broken one.
        is_dense: Whether it is to become dense, which TensorFlow words differently.

    Raises:
        InvalidArgumentError: It has values of another kind, or is broken.
    """
    feature = there.get(key)
    if feature is None:
        return None
    try:
        kind, content = values(feature)
    except Malformed:
        broken(example)
    if not kind:
        return None
    if kind != KIND_OF[dtype]:
        where.mismatch(key, dtype, kind, is_dense)
    return content


def broken(example: bytes) -> NoReturn:
    """Raise the error about bytes that are no `Example`."""
    invalid(f"Could not parse example input, value: '{example.decode(errors='replace')}'")


def _features(example: bytes) -> dict[bytes, bytes]:
    try:
        return features(example)
    except Malformed:
        broken(example)


def listed(shape: Sequence[int | None]) -> str:
    """Return a shape as messages have it: `[2,?]`."""
    return "[" + ",".join("?" if n is None else str(n) for n in shape) + "]"


def parse_batch(
    examples: Sequence[bytes], names: Sequence[bytes], dense: Sequence[Dense], others: Sequence[Ragged]
) -> tuple[list[np.ndarray], list[tuple[np.ndarray, ...]]]:
    """Parse a batch of examples.

    Args:
        examples: Their bytes.
        names: Their names, for messages; or nothing.
        dense: The features that become dense arrays.
        others: Those that become sparse or ragged.

    Returns:
        A dense array for each of `dense`; for each of `others` `(indices, values, shape)` or `(values, splits)`.

    Raises:
        InvalidArgumentError: One is broken, or its features are not what is asked for.
    """
    fixed = [_FixedRows(feature, len(examples)) for feature in dense]
    parts: list[list[Any]] = [[] for _ in others]
    for index, example in enumerate(examples):
        there = _features(example)
        where = Where(names[index] if names else b"", index)
        for rows in fixed:
            rows.add(found(there, rows.feature.key, rows.feature.dtype, where, example, True), where)
        for feature, part in zip(others, parts, strict=True):
            part.append(found(there, feature.key, feature.dtype, where, example))
    arrays = [rows.result() for rows in fixed]
    return arrays, [joined(feature, part) for feature, part in zip(others, parts, strict=True)]


class _FixedRows:
    """Collects one dense feature of many examples."""

    __slots__ = ("_at", "_out", "_rows", "_size", "feature")

    def __init__(self, feature: Dense, count: int):
        self.feature, self._at, self._size = feature, 0, feature.stride
        self._rows: list[Any] = []
        shape = (0,) if feature.is_variable else (count, self._size)
        self._out = np.empty(shape, _DTYPES[KIND_OF[feature.dtype]])

    def add(self, content: Any, where: Where) -> None:
        """Add what an example has, None for nothing."""
        feature = self.feature
        if feature.is_variable:
            _check_rows(feature, content, where)
            self._rows.append([] if content is None else content)
            return
        self._out[self._at] = _one(feature, content, where)
        self._at += 1

    def result(self) -> np.ndarray:
        """Return the array."""
        feature = self.feature
        if not feature.is_variable:
            return self._out.reshape(len(self._out), *feature.shape)  # type: ignore[arg-type]
        most = max(map(len, self._rows), default=0)
        out = np.empty((len(self._rows), most), self._out.dtype)
        out[...] = padding(feature)
        for i, row in enumerate(self._rows):
            out[i, : len(row)] = row
        inner = [n or 0 for n in feature.shape[1:]]
        return out.reshape(len(self._rows), most // (feature.stride or 1), *inner)


def padding(feature: Dense) -> Any:
    """Return the value that a feature of any number of rows is padded with."""
    if feature.default.size:
        return feature.default.reshape(-1)[0]
    return b"" if feature.dtype == "string" else 0


def _check_rows(feature: Dense, content: Any, where: Where) -> None:
    if content is None or not feature.stride or not len(content) % feature.stride:
        return
    if where.name is None:
        invalid(
            f"Error while parsing feature with key {feature.key.decode(errors='replace')}: number of elements should "
            f"be divisible by {feature.stride}, found {len(content)} instead"
        )
    where.fail(
        feature.key,
        f"Number of {_counted(feature.dtype)} values is not a multiple of stride length. Saw {len(content)} values but "
        f"output shape is: {listed(feature.shape)}",
    )


def _counted(dtype: str) -> str:
    return "bytes" if dtype == "string" else _shown(dtype)


def _one(feature: Dense, content: Any, where: Where) -> Any:
    """The values of a feature whose shape is known."""
    if content is None:
        if not feature.default.size and feature.stride:
            where.missing(feature.key, feature.dtype)
        return feature.default.reshape(-1)
    if len(content) != feature.stride:
        where.fail(
            feature.key,
            f"Number of {_counted(feature.dtype)} values != expected.  Values size: {len(content)} but output shape: "
            f"{listed(feature.shape)}",
        )
    return content


def joined(feature: Ragged, parts: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """Return what many examples have of one feature, as a sparse or ragged array.

    Args:
        feature: The feature.
        parts: The values in each example; None for nothing.

    Returns:
        `(indices, values, shape)` or `(values, splits)`.
    """
    lengths = np.array([0 if part is None else len(part) for part in parts], np.int64)
    there = [part for part in parts if part is not None]
    dtype = _DTYPES[KIND_OF[feature.dtype]]
    if KIND_OF[feature.dtype] == BYTES:
        content = array_of([item for part in there for item in part], "string")
    else:
        content = np.concatenate(there) if there else np.zeros(0, dtype)
    if feature.splits is not None:
        return content, np.concatenate([[0], np.cumsum(lengths)]).astype(feature.splits)
    ends = np.cumsum(lengths)
    columns = np.arange(len(content)) - np.repeat(ends - lengths, lengths)
    indices = np.stack([np.repeat(np.arange(len(parts)), lengths), columns], -1).astype(np.int64)
    return indices.reshape(-1, 2), content, np.array([len(parts), lengths.max(initial=0)], np.int64)


def parse_one(
    example: bytes, dense: Sequence[Dense], others: Sequence[Ragged]
) -> tuple[list[np.ndarray], list[tuple[np.ndarray, ...]]]:
    """Parse one example, whose arrays have no axis for a batch.

    Args:
        example: Its bytes.
        dense: The features that become dense arrays.
        others: Those that become sparse, or vectors.

    Returns:
        A dense array for each of `dense`; for each of `others` `(indices, values, shape)` or `(values,)`.

    Raises:
        InvalidArgumentError: It is broken, or its features are not what is asked for.
    """
    there, where = _features(example), Where(None)
    arrays = []
    for feature in dense:
        content = found(there, feature.key, feature.dtype, where, example, True)
        arrays.append(_single(feature, content, where))
    rest: list[tuple[np.ndarray, ...]] = []
    for other in others:
        content = found(there, other.key, other.dtype, where, example)
        one = joined(Ragged(other.key, other.dtype, "int64"), [content])[0]
        if other.splits is not None:
            rest.append((one,))
        else:
            size = np.array([len(one)], np.int64)
            rest.append((np.arange(len(one), dtype=np.int64)[:, None], one, size))
    return arrays, rest


def _single(feature: Dense, content: Any, where: Where) -> np.ndarray:
    dtype = _DTYPES[KIND_OF[feature.dtype]]
    if feature.is_variable:
        _check_rows(feature, content, where)
        content = [] if content is None else content
        inner = [n or 0 for n in feature.shape[1:]]
        shape: tuple[Any, ...] = (len(content) // (feature.stride or 1), *inner)
    else:
        content, shape = _one(feature, content, where), feature.shape
    out = np.empty(len(content), dtype)
    out[:] = content
    return out.reshape(shape)

"""Tables of one Session: values by keys, of numbers or strings."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.dtype import as_dtype
from onevar.core.op_errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    UnimplementedError,
)
from onevar.core.queues import cpp_name, dtype_name, show
from onevar.core.records.streams import local_path, read_file
from onevar.core.resources import Resource

#: What a line of a file is a key or value by, beside the number of a column.
WHOLE_LINE, LINE_NUMBER = -2, -1


def numpy_dtype(dtype: str) -> np.dtype:
    """Return NumPy's dtype for one of TensorFlow's names.

    Args:
        dtype: The name.
    """
    return np.dtype(object) if dtype == "string" else np.dtype(as_dtype(dtype).as_numpy_dtype)


def array_of(items: Sequence[Any], dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return items, numbers, strings or arrays, as one array.

    Args:
        items: The items.
        dtype: TensorFlow's name.
        shape: Of the result.
    """
    if dtype == "string" and items and not isinstance(items[0], np.ndarray):
        out = np.empty(len(items), object)
        out[:] = items
        return out.reshape(shape)
    return np.array(items, numpy_dtype(dtype)).reshape(shape)


class Table(Resource):
    """What tables have in common.

    Args:
        name: For messages.
        key_dtype: Of the keys.
        value_dtype: Of the values.
        value_shape: Of one value.
    """

    def __init__(self, name: str, key_dtype: str, value_dtype: str, value_shape: tuple[int, ...] = ()):
        super().__init__(name)
        self.key_dtype, self.value_dtype, self.value_shape = key_dtype, value_dtype, value_shape
        self.key_shape: tuple[int, ...] = ()
        self._entries: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    # -- keys and values as Python has them ---------------------------------------------------------

    def _key_list(self, keys: np.ndarray) -> list[Any]:
        self._check_dtype("Key", keys, self.key_dtype)
        if self.key_shape:
            return list(map(tuple, keys.reshape(-1, int(np.prod(self.key_shape))).tolist()))
        return keys.reshape(-1).tolist()

    def _value_list(self, values: np.ndarray) -> list[Any]:
        self._check_dtype("Value", values, self.value_dtype)
        return (
            list(np.array(values).reshape(-1, *self.value_shape)) if self.value_shape else values.reshape(-1).tolist()
        )

    def _check_dtype(self, what: str, array: np.ndarray, wanted: str) -> None:
        if dtype_name(array) != wanted:
            raise InvalidArgumentError(
                None, None, f"{what} must be type {cpp_name(wanted)} but got {cpp_name(dtype_name(array))}"
            )

    def _outer(self, keys: np.ndarray) -> tuple[int, ...]:
        """Return the shape that keys are arranged in."""
        rank = keys.ndim - len(self.key_shape)
        if rank < 0 or keys.shape[rank:] != self.key_shape:
            raise InvalidArgumentError(
                None, None, f"Input key shape {show(keys.shape)} must end with the table's key shape "
                f"{show(self.key_shape)}",
            )  # fmt: skip
        return keys.shape[:rank]

    def _pairs(self, keys: np.ndarray, values: np.ndarray) -> list[tuple[Any, Any]]:
        expected = (*self._outer(keys), *self.value_shape)
        if values.shape != expected:
            raise InvalidArgumentError(
                None, None, f"Expected shape {show(expected)} for value, got {show(values.shape)}"
            )
        return list(zip(self._key_list(keys), self._value_list(values), strict=True))

    # -- what operations do -------------------------------------------------------------------------

    def find(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:
        """Return the values of keys.

        Args:
            keys: Any number.
            default: What keys that are not there have: one value, or one for each.
        """
        shape = (*self._outer(keys), *self.value_shape)
        found = self._key_list(keys)
        self._check_dtype("Default value", default, self.value_dtype)
        entries = self._entries
        if default.shape == self.value_shape:
            fallback = default if self.value_shape else default.item()
            return array_of([entries.get(key, fallback) for key in found], self.value_dtype, shape)
        if default.shape != shape:
            raise InvalidArgumentError(
                None, None,
                f"Expected shape {show(self.value_shape)} or {show(shape)} for default value, got "
                f"{show(default.shape)}",
            )  # fmt: skip
        each = self._value_list(default)
        return array_of([entries.get(k, v) for k, v in zip(found, each, strict=True)], self.value_dtype, shape)

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Let keys have values.

        Args:
            keys: Any number.
            values: One for each.
        """
        pairs = self._pairs(keys, values)
        with self.changed:
            self._entries.update(pairs)

    def remove(self, keys: np.ndarray) -> None:
        """Forget keys; those that are not there do not matter.

        Args:
            keys: Any number.
        """
        for key in self._key_list(keys):
            self._entries.pop(key, None)

    def replace(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Let keys have values, and forget all others.

        Args:
            keys: Any number.
            values: One for each.
        """
        pairs = self._pairs(keys, values)
        with self.changed:
            self._entries = dict(pairs)

    def contents(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all keys and their values."""
        entries = dict(self._entries)
        keys = array_of(list(entries), self.key_dtype, (len(entries), *self.key_shape))
        return keys, array_of(list(entries.values()), self.value_dtype, (len(entries), *self.value_shape))


class StaticTable(Table):
    """A table that is filled once.

    Attributes:
        ready: Whether it was.
    """

    def __init__(self, name: str, key_dtype: str, value_dtype: str):
        super().__init__(name, key_dtype, value_dtype)
        self.ready = False

    def find(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:  # noqa: D102 (see Table)
        if not self.ready:
            raise FailedPreconditionError(None, None, "Table not initialized.")
        if default.shape != ():
            raise InvalidArgumentError(None, None, f"Default value must be a scalar, got shape {show(default.shape)}")
        return super().find(keys, default)

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:  # noqa: D102 (see Table)
        raise UnimplementedError(None, None, "Insert not supported by InitializableLookupTable implementations")

    def remove(self, keys: np.ndarray) -> None:  # noqa: D102 (see Table)
        raise UnimplementedError(None, None, "Remove not supported by InitializableLookupTable implementations")

    def replace(self, keys: np.ndarray, values: np.ndarray) -> None:  # noqa: D102 (see Table)
        if keys.shape != values.shape:
            raise InvalidArgumentError(
                None, None, f"Expected shape {show(keys.shape)} for value, got {show(values.shape)}"
            )
        self.fill(list(zip(self._key_list(keys), self._value_list(values), strict=True)))

    def fill(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Fill it; a second time with as many pairs does nothing.

        Args:
            pairs: Keys with their values.

        Raises:
            FailedPreconditionError: A key has two values, or it was filled with other pairs.
        """
        with self.changed:
            if self.ready:
                if len(pairs) != len(self._entries):
                    raise FailedPreconditionError(None, None, "Table was already initialized with different data.")
                return
            entries: dict[Any, Any] = {}
            for key, value in pairs:
                if entries.setdefault(key, value) != value:
                    raise FailedPreconditionError(
                        None, None,
                        f"HashTable has different value for same key. Key {_shown(key)} has {_shown(entries[key])} and "
                        f"trying to add value {_shown(value)}",
                    )  # fmt: skip
            self._entries, self.ready = entries, True

    def contents(self) -> tuple[np.ndarray, np.ndarray]:  # noqa: D102 (see Table)
        if not self.ready:
            raise AbortedError(None, None, "HashTable is not initialized.")
        return super().contents()


def _shown(item: Any) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


class DenseTable(Table):
    """A table that says how many buckets it has, empty ones included.

    Args:
        name: For messages.
        dtypes: Of keys and values.
        value_shape: Of one value.
        special: The keys that stand for an empty bucket, and for one whose key was removed.
        buckets: How many there are in the beginning.
        load: Which part of the buckets may be used before there are twice as many.

    Raises:
        InvalidArgumentError: These do not go together.
    """

    def __init__(
        self, name: str, dtypes: tuple[str, str], value_shape: tuple[int, ...],
        special: tuple[np.ndarray, np.ndarray], buckets: int, load: float,
    ):  # fmt: skip
        super().__init__(name, *dtypes, value_shape)
        empty, deleted = special
        if empty.ndim > 1:
            raise InvalidArgumentError(
                None, None, f"Empty key must be a scalar or a vector, got shape {show(empty.shape)}"
            )
        if empty.shape != deleted.shape:
            raise InvalidArgumentError(
                None, None,
                f"Empty and deleted keys must have same shape, got shapes: {show(empty.shape)} and "
                f"{show(deleted.shape)}",
            )  # fmt: skip
        if buckets < 4 or buckets & (buckets - 1):
            raise InvalidArgumentError(
                None, None, f"Number of buckets must be at least 4 and a power of 2, got: {buckets}"
            )
        if not 0 < load < 1:
            raise InvalidArgumentError(None, None, f"max_load_factor must be between 0 and 1, got: {load:g}")
        self.key_shape = empty.shape
        (self._empty,), (self._deleted,) = self._key_list(empty), self._key_list(deleted)
        if self._empty == self._deleted:
            raise InvalidArgumentError(None, None, "Empty and deleted keys cannot be equal")
        self._first_buckets = self._buckets = buckets
        self._load = load
        self._tombs: dict[Any, Any] = {}

    def _allowed(self, keys: np.ndarray) -> None:
        for key in self._key_list(keys):
            for what, special in (("empty_key", self._empty), ("deleted_key", self._deleted)):
                if key == special:
                    raise InvalidArgumentError(None, None, f"Using the {what} as a table key is not allowed")

    def find(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:  # noqa: D102 (see Table)
        self._outer(keys)
        self._allowed(keys)
        return super().find(keys, default)

    def insert(self, keys: np.ndarray, values: np.ndarray) -> None:  # noqa: D102 (see Table)
        pairs = self._pairs(keys, values)
        self._allowed(keys)
        with self.changed:
            # There has to be room for as many keys as are given, even where some are there already.
            if len(self._entries) + len(pairs) > self._buckets * self._load:
                while len(self._entries) + len(pairs) > self._buckets * self._load:
                    self._buckets *= 2
                self._tombs.clear()
            self._entries.update(pairs)
            for key, _ in pairs:
                self._tombs.pop(key, None)

    def remove(self, keys: np.ndarray) -> None:  # noqa: D102 (see Table)
        self._outer(keys)
        self._allowed(keys)
        with self.changed:
            for key in self._key_list(keys):
                if key in self._entries:
                    # The place stays, with its value, until another key takes it.
                    self._tombs[key] = self._entries.pop(key)

    def replace(self, keys: np.ndarray, values: np.ndarray) -> None:  # noqa: D102 (see Table)
        count = len(keys)
        pairs = self._pairs(keys.reshape(count, *self.key_shape), values.reshape(count, *self.value_shape))
        with self.changed:
            self._buckets = max(count, 1)
            self._entries = {key: value for key, value in pairs if key not in (self._empty, self._deleted)}
            deleted = [value for key, value in pairs if key == self._deleted]
            self._tombs = dict(enumerate(deleted))

    def contents(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the keys and values of all places, as matrices."""
        entries, tombs = dict(self._entries), dict(self._tombs)
        count = self._buckets
        free = count - len(entries) - len(tombs)
        keys = [*entries, *[self._deleted] * len(tombs), *[self._empty] * free]
        key_size, value_size = int(np.prod(self.key_shape)), int(np.prod(self.value_shape))
        values = np.zeros((count, value_size), numpy_dtype(self.value_dtype))
        if self.value_dtype == "string":
            values[...] = b""
        kept = [*entries.values(), *tombs.values()]
        if kept:
            values[: len(kept)] = array_of(kept, self.value_dtype, (len(kept), value_size))
        return array_of(keys, self.key_dtype, (count, key_size)), values


class TextFile:
    """Keys and values in the lines of a file.

    Args:
        path: Of the file.
        columns: What keys and values are: the number of a column, `WHOLE_LINE` or `LINE_NUMBER`.
        size: How many lines; negative for all.
        delimiter: Between columns, a single character.
        offset: Added to line numbers.

    Raises:
        InvalidArgumentError: `delimiter` is something else.
    """

    def __init__(self, path: bytes, columns: tuple[int, int], size: int, delimiter: str, offset: int):
        if len(delimiter) != 1:
            raise InvalidArgumentError(None, None, "delimiter should be only 1 char")
        self._path, self._columns, self._size = local_path(path), columns, size
        self._delimiter, self._offset = delimiter.encode(), offset

    def pairs(self, dtypes: tuple[str, str]) -> list[tuple[Any, Any]]:
        """Return the keys with their values.

        Args:
            dtypes: Of keys and values.

        Raises:
            InvalidArgumentError: The file has not what is wanted.
            NotFoundError: There is no such file.
        """
        for what, column, dtype in zip(("Key", "Value"), self._columns, dtypes, strict=True):
            if column == LINE_NUMBER and dtype != "int64":
                raise InvalidArgumentError(
                    None,
                    None,
                    f"{what} index for line number requires table {what.lower()} dtype of int64, got {dtype}",
                )
        lines = self._lines()
        if 0 <= self._size > len(lines):
            raise InvalidArgumentError(
                None, None, f"Invalid vocab_size in {self._path}: expected {self._size} but got {len(lines)}"
            )
        return [self._pair(line, number, dtypes) for number, line in enumerate(lines)]

    def _lines(self) -> list[bytes]:
        data = read_file(self._path)
        if not data:
            raise OutOfRangeError(None, None, "Read less bytes than requested")
        lines: list[bytes] = []
        at = 0
        for raw in data.removesuffix(b"\n").split(b"\n"):
            if 0 <= self._size <= len(lines):
                break
            at = min(at + len(raw) + 1, len(data))
            line = raw.removesuffix(b"\r")
            if not line:
                raise InvalidArgumentError(
                    None, None, f"Invalid content in {self._path}: empty line found at position {at}."
                )
            lines.append(line)
        return lines

    def _pair(self, line: bytes, number: int, dtypes: tuple[str, str]) -> tuple[Any, Any]:
        fields = line.split(self._delimiter) if max(self._columns) >= 0 else []
        if max(self._columns) >= len(fields) and max(self._columns) >= 0:
            raise InvalidArgumentError(
                None, None,
                f"Invalid number of columns in {self._path} line {number} ({_shown(line)}) : expected at least "
                f"{max(self._columns) + 1} got {len(fields)}",
            )  # fmt: skip
        key, value = (self._item(c, line, fields, number, t) for c, t in zip(self._columns, dtypes, strict=True))
        return key, value

    def _item(self, column: int, line: bytes, fields: list[bytes], number: int, dtype: str) -> Any:
        if column == LINE_NUMBER:
            return number + self._offset
        text = line if column == WHOLE_LINE else fields[column]
        if dtype == "string":
            return text
        try:
            return _PARSERS[dtype](text)
        except (KeyError, ValueError):
            raise self._unreadable(text, number, dtype) from None

    def _unreadable(self, text: bytes, number: int, dtype: str) -> OpError:
        if dtype not in _PARSERS:
            return InvalidArgumentError(None, None, f"Data type {cpp_name(dtype)} not supported.")
        return InvalidArgumentError(
            None, None, f"Field {_shown(text)} in line {number} is not a valid {cpp_name(dtype)}."
        )


_PARSERS: dict[str, Callable[[bytes], Any]] = {"int32": int, "int64": int, "float32": float, "float64": float}

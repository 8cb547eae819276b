"""Features of `SequenceExample`s: those of the context as in an `Example`, and lists of features, one for each step."""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from onevar.core.bundle.wire import Malformed
from onevar.core.records.examples import KIND_OF, NAME_OF, sequence, values
from onevar.core.records.parsing import Dense, Ragged, array_of, invalid, listed

Steps = list[Any]


def split(example: bytes, name: bytes) -> tuple[dict[bytes, bytes], dict[bytes, list[bytes]]]:
    """Return the two parts of a `SequenceExample`.

    Args:
        example: Its bytes.
        name: Its name, for the message.

    Raises:
        InvalidArgumentError: It is broken.
    """
    try:
        return sequence(example)
    except Malformed:
        invalid(f"Invalid protocol message input, example id: {shown(name)}")


def shown(name: bytes) -> str:
    """Return the name of an example as messages have it."""
    return (name or b"<unknown>").decode(errors="replace")


def list_error(name: bytes, key: bytes, text: str) -> NoReturn:
    """Raise the error about a list of features.

    Args:
        name: The example's.
        key: The list's.
        text: What is wrong.
    """
    invalid(f"Name: {shown(name)}, Feature list: {key.decode(errors='replace')}{text}")


def steps(lists: dict[bytes, list[bytes]], feature: Dense | Ragged, name: bytes, is_required: bool) -> Steps | None:
    """Return the values of each step of a list of features, or None: it is not there, and need not be.

    Args:
        lists: The example's.
        feature: Which of them.
        name: The example's name.
        is_required: Whether it has to be there.

    Raises:
        InvalidArgumentError: It is not there, or is of another type.
    """
    parts = lists.get(feature.key)
    if parts is None:
        if is_required:
            invalid(
                f"Name: {shown(name)}, Feature list '{feature.key.decode(errors='replace')}' is required but could not "
                "be found.  Did you mean to include it in feature_list_dense_missing_assumed_empty or "
                "feature_list_dense_defaults?"
            )
        return None
    return [_step(part, feature, name, index) for index, part in enumerate(parts)]


def _step(part: bytes, feature: Dense | Ragged, name: bytes, index: int) -> Any:
    try:
        kind, content = values(part)
    except Malformed:
        list_error(name, feature.key, f", Index: {index}.  It is broken")
    wanted = KIND_OF[feature.dtype]
    if kind != wanted and (kind or isinstance(feature, Dense)):
        list_error(
            name, feature.key,
            f", Index: {index}.  Data types don't match. Expected type: {NAME_OF[wanted]}",
        )  # fmt: skip
    return array_of(content, feature.dtype) if kind else array_of([], "string").astype(_dtype(feature))


def _dtype(feature: Dense | Ragged) -> np.dtype:
    return np.dtype(object if feature.dtype == "string" else feature.dtype)


def dense_steps(parts: Steps | None, feature: Dense) -> np.ndarray:
    """Return a list of features of one shape as an array, steps first.

    Args:
        parts: What `steps` found.
        feature: The list; its shape is that of a step.

    Raises:
        InvalidArgumentError: A step has another number of values.
    """
    parts = parts or []
    if any(len(part) != feature.stride for part in parts):
        invalid(
            f"Feature list '{feature.key.decode(errors='replace')}' has an unexpected number of values.  Total values "
            f"size: {sum(map(len, parts))} is not consistent with output shape: {listed((None, *feature.shape))}"
        )
    joined = np.concatenate(parts) if parts else np.zeros(0, _dtype(feature))
    return joined.reshape(len(parts), *feature.shape)  # type: ignore[arg-type]


def padded(rows: Sequence[np.ndarray], feature: Dense) -> tuple[np.ndarray, np.ndarray]:
    """Return arrays of a batch of examples, padded to the longest, and their lengths.

    Args:
        rows: What `dense_steps` returned for each.
        feature: The list.
    """
    lengths = np.array([len(row) for row in rows], np.int64)
    out = np.empty((len(rows), int(lengths.max(initial=0)), *[n or 0 for n in feature.shape]), _dtype(feature))
    out[...] = b"" if feature.dtype == "string" else 0
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out, lengths


def sparse_steps(examples: Sequence[Steps], feature: Ragged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lists of features of a batch as one sparse array of three axes: example, step, position.

    Args:
        examples: The steps of each example.
        feature: The list.

    Returns:
        Its indices, values and shape.
    """
    counts = np.array([len(part) for parts in examples for part in parts], np.int64)
    owners = np.repeat(np.arange(len(examples)), [len(parts) for parts in examples])
    places = np.array([i for parts in examples for i in range(len(parts))], np.int64)
    content = _joined(examples, feature)
    ends = np.cumsum(counts)
    columns = np.arange(len(content)) - np.repeat(ends - counts, counts)
    indices = np.stack([np.repeat(owners, counts), np.repeat(places, counts), columns], -1).astype(np.int64)
    longest = max((len(parts) for parts in examples), default=0)
    shape = np.array([len(examples), longest, counts.max(initial=0)], np.int64)
    return indices.reshape(-1, 3), content, shape


def _joined(examples: Sequence[Steps], feature: Ragged) -> np.ndarray:
    everything = [part for parts in examples for part in parts]
    return np.concatenate(everything) if everything else np.zeros(0, _dtype(feature))


def ragged_steps(examples: Sequence[Steps], feature: Ragged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lists of features of a batch as values, and the row splits of steps and of examples.

    Args:
        examples: The steps of each example.
        feature: The list.

    Returns:
        The values, the inner row splits (of steps) and the outer ones (of examples).
    """
    dtype = feature.splits or "int64"
    counts = [len(part) for parts in examples for part in parts]
    outer = np.cumsum([0, *[len(parts) for parts in examples]]).astype(dtype)
    return _joined(examples, feature), np.cumsum([0, *counts]).astype(dtype), outer

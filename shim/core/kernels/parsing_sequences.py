"""`SequenceExample`s as tensors: ops on the host, over `onevar.core.records.sequences`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.kernels.parsing import Arrays, encoded, flat, texts
from onevar.core.records.examples import KIND_OF, NAME_OF
from onevar.core.records.parsing import Dense, Ragged, Where, array_of, found, invalid, joined
from onevar.core.records.sequences import (
    dense_steps,
    padded,
    ragged_steps,
    shown,
    sparse_steps,
    split,
    steps,
)  # fmt: skip
from onevar.core.spec import Shape, Spec


@dataclass
class _Wanted:
    """What is to be parsed: features of the context, and lists of features."""

    dense: list[Dense]
    others: list[Ragged]
    lists: list[Dense]
    other_lists: list[Ragged]
    may_miss: Sequence[bool] = ()
    rows: list[list[Any]] = field(init=False)
    parts: list[list[Any]] = field(init=False)
    list_rows: list[list[Any]] = field(init=False)
    list_parts: list[list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.rows, self.parts = [[] for _ in self.dense], [[] for _ in self.others]
        self.list_rows, self.list_parts = [[] for _ in self.lists], [[] for _ in self.other_lists]

    def add(self, example: bytes, name: bytes, index: int) -> None:
        """Parse one more example."""
        context, lists = split(example, name)
        where = _Context(name, index)
        for feature, rows in zip(self.dense, self.rows, strict=True):
            rows.append(_context_value(feature, found(context, feature.key, feature.dtype, where, example)))
        for other, part in zip(self.others, self.parts, strict=True):
            part.append(found(context, other.key, other.dtype, where, example))
        for feature, rows, may_miss in zip(self.lists, self.list_rows, self.may_miss, strict=True):
            rows.append(dense_steps(steps(lists, feature, name, not may_miss), feature))
        for other, part in zip(self.other_lists, self.list_parts, strict=True):
            part.append(steps(lists, other, name, False) or [])


class _Context(Where):
    """Names an example in messages about its context."""

    def mismatch(self, key: bytes, dtype: str, kind: int, is_dense: bool) -> NoReturn:
        """Raise the error about values of another kind."""
        invalid(
            f"Name: {shown(self.name or b'')}, Context feature: {key.decode(errors='replace')}.  Data types don't "
            f"match. Expected type: {NAME_OF[KIND_OF[dtype]]}"
        )


def _context_value(feature: Dense, content: Any) -> np.ndarray:
    if content is None and (feature.default.size or not feature.stride):
        return feature.default.reshape(feature.shape)  # type: ignore[arg-type]
    count = 0 if content is None else len(content)
    if count != feature.stride:
        invalid(
            f"Inconsistent max number of elements for feature {feature.key.decode(errors='replace')}: expected "
            f"{feature.stride}, but found {count}"
        )
    return array_of(content, feature.dtype).reshape(feature.shape)  # type: ignore[arg-type]


def _stacked(rows: list[Any], feature: Dense) -> np.ndarray:
    out = np.empty(
        (len(rows), *[n or 0 for n in feature.shape]), object if feature.dtype == "string" else feature.dtype
    )
    for i, row in enumerate(rows):
        out[i] = row
    return out


def _without_batch(sparse: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    indices, content, shape = sparse
    return indices[:, 1:], content, shape[1:]


def _keys(keys: Any) -> list[bytes]:
    return [item for key in keys for item in texts(key)] if isinstance(keys, list) else texts(keys)


def _dense(keys: list[bytes], types: list[str], shapes: list[Any], defaults: Arrays | None = None) -> list[Dense]:
    given = defaults if defaults is not None else [np.zeros(0)] * len(keys)
    return [Dense(k, t, tuple(s), d) for k, t, s, d in zip(keys, types, shapes, given, strict=True)]


def _ragged(keys: list[bytes], types: list[str], splits: list[str] | None = None) -> list[Ragged]:
    given: Sequence[str | None] = splits or [None] * len(keys)
    return [Ragged(k, t, s) for k, t, s in zip(keys, types, given, strict=True)]


def _column(rows: Sequence[tuple[np.ndarray, ...]], at: int) -> Arrays:
    return [row[at] for row in rows]


def _v2_shapes(
    serialized: Spec, *inputs: Any,
    Ncontext_sparse: int, Nfeature_list_sparse: int, Nfeature_list_dense: int,  # noqa: N803
    context_ragged_value_types: list[str], feature_list_ragged_value_types: list[str],
    context_dense_shapes: list[Any], feature_list_dense_shapes: list[Any],
) -> list[Shape]:  # fmt: skip
    ahead = serialized.shape
    rank = None if ahead is None else len(ahead) + 1
    deeper = None if rank is None else rank + 1
    batch: Any = () if ahead is None else ahead
    splits: Shape = (None if not ahead or ahead[0] is None else ahead[0] + 1,)
    lists = [(*batch, None, *shape) for shape in feature_list_dense_shapes]
    ragged, deep = len(context_ragged_value_types), len(feature_list_ragged_value_types)
    n, m = Ncontext_sparse, Nfeature_list_sparse
    found: list[Shape] = [(None, rank)] * n + [(None,)] * n + [(rank,)] * n
    found += [None if ahead is None else (*batch, *shape) for shape in context_dense_shapes]
    found += [(None,)] * ragged + [splits] * ragged
    found += [(None, deeper)] * m + [(None,)] * m + [(deeper,)] * m
    found += [None if ahead is None else shape for shape in lists] + [ahead] * Nfeature_list_dense
    return found + [(None,)] * deep + [splits if ahead else (None,)] * deep + [(None,)] * deep


@kernel("ParseSequenceExampleV2", on_host=True, infer=_v2_shapes)
def _parse_sequence_example_v2(
    k: Any, serialized: np.ndarray, debug_name: np.ndarray, context_sparse_keys: Any, context_dense_keys: Any,
    context_ragged_keys: Any, feature_list_sparse_keys: Any, feature_list_dense_keys: Any,
    feature_list_ragged_keys: Any, feature_list_dense_missing_assumed_empty: np.ndarray,
    context_dense_defaults: Arrays,
    *, Tcontext_dense: list[str], context_sparse_types: list[str],  # noqa: N803
    context_ragged_value_types: list[str], context_ragged_split_types: list[str],
    context_dense_shapes: list[Any], feature_list_sparse_types: list[str], feature_list_dense_types: list[str],
    feature_list_ragged_value_types: list[str], feature_list_ragged_split_types: list[str],
    feature_list_dense_shapes: list[Any],
) -> Arrays:  # fmt: skip
    sparse = _ragged(_keys(context_sparse_keys), context_sparse_types)
    ragged = _ragged(_keys(context_ragged_keys), context_ragged_value_types, context_ragged_split_types)
    deep = _ragged(_keys(feature_list_sparse_keys), feature_list_sparse_types)
    rows = _ragged(_keys(feature_list_ragged_keys), feature_list_ragged_value_types, feature_list_ragged_split_types)
    wanted = _Wanted(
        _dense(_keys(context_dense_keys), Tcontext_dense, context_dense_shapes, context_dense_defaults),
        [*sparse, *ragged],
        _dense(_keys(feature_list_dense_keys), feature_list_dense_types, feature_list_dense_shapes),
        [*deep, *rows],
        feature_list_dense_missing_assumed_empty.reshape(-1).tolist(),
    )
    return flat(*_run(wanted, serialized, debug_name, sparse, deep))


def _run(
    wanted: _Wanted, serialized: np.ndarray, names: np.ndarray, sparse: list[Ragged], deep: list[Ragged]
) -> tuple[Arrays, ...]:
    known = texts(names)
    for index, example in enumerate(texts(serialized)):
        wanted.add(example, known[index] if index < len(known) else b"", index)
    single = serialized.ndim == 0
    flat = [joined(feature, part) for feature, part in zip(wanted.others, wanted.parts, strict=True)]
    high = [
        sparse_steps(part, feature) if feature.splits is None else ragged_steps(part, feature)
        for feature, part in zip(wanted.other_lists, wanted.list_parts, strict=True)
    ]
    dense = [_stacked(rows, feature) for feature, rows in zip(wanted.dense, wanted.rows, strict=True)]
    lists = [padded(rows, feature) for feature, rows in zip(wanted.lists, wanted.list_rows, strict=True)]
    context, ragged = flat[: len(sparse)], flat[len(sparse) :]
    steps_sparse, steps_ragged = high[: len(deep)], high[len(deep) :]
    if single:
        context, steps_sparse = [_without_batch(s) for s in context], [_without_batch(s) for s in steps_sparse]  # type: ignore[misc]
        dense, lists = [array[0] for array in dense], [(a[0], n[0]) for a, n in lists]
    splits = [np.zeros(0, row[1].dtype) if single else row[1] for row in ragged]
    outer = [np.zeros(0, row[2].dtype) if single else row[2] for row in steps_ragged]
    return (
        _column(context, 0), _column(context, 1), _column(context, 2), dense, _column(ragged, 0), splits,
        _column(steps_sparse, 0), _column(steps_sparse, 1), _column(steps_sparse, 2),
        _column(lists, 0), [np.asarray(n) for n in _column(lists, 1)],
        _column(steps_ragged, 0), outer, _column(steps_ragged, 1),
    )  # fmt: skip


def _v1_shapes(
    serialized: Spec, *inputs: Any, Ncontext_sparse: int, Nfeature_list_sparse: int,  # noqa: N803
    Nfeature_list_dense: int, context_dense_shapes: list[Any], feature_list_dense_shapes: list[Any],  # noqa: N803
) -> list[Shape]:  # fmt: skip
    return _v2_shapes(
        serialized, Ncontext_sparse=Ncontext_sparse, Nfeature_list_sparse=Nfeature_list_sparse,
        Nfeature_list_dense=Nfeature_list_dense, context_ragged_value_types=[], feature_list_ragged_value_types=[],
        context_dense_shapes=context_dense_shapes, feature_list_dense_shapes=feature_list_dense_shapes,
    )  # fmt: skip


@kernel("ParseSequenceExample", on_host=True, infer=_v1_shapes)
def _parse_sequence_example(
    k: Any, serialized: np.ndarray, debug_name: np.ndarray, context_dense_defaults: Arrays,
    *, feature_list_dense_missing_assumed_empty: list[Any], context_sparse_keys: list[Any],
    context_dense_keys: list[Any], feature_list_sparse_keys: list[Any], feature_list_dense_keys: list[Any],
    context_sparse_types: list[str], Tcontext_dense: list[str], feature_list_dense_types: list[str],  # noqa: N803
    context_dense_shapes: list[Any], feature_list_sparse_types: list[str], feature_list_dense_shapes: list[Any],
) -> Arrays:  # fmt: skip
    sparse = _ragged([*map(encoded, context_sparse_keys)], context_sparse_types)
    deep = _ragged([*map(encoded, feature_list_sparse_keys)], feature_list_sparse_types)
    lists = [*map(encoded, feature_list_dense_keys)]
    may_miss = {*map(encoded, feature_list_dense_missing_assumed_empty)}
    wanted = _Wanted(
        _dense([*map(encoded, context_dense_keys)], Tcontext_dense, context_dense_shapes, context_dense_defaults),
        sparse,
        _dense(lists, feature_list_dense_types, feature_list_dense_shapes),
        deep,
        [key in may_miss for key in lists],
    )
    made = _run(wanted, serialized, debug_name, sparse, deep)
    return flat(*made[:4], *made[6:11])


def _single_shapes(
    serialized: Spec, *inputs: Any, Ncontext_sparse: int, Nfeature_list_sparse: int,  # noqa: N803
    context_dense_shapes: list[Any], feature_list_dense_shapes: list[Any],
) -> list[Shape]:  # fmt: skip
    n, m = Ncontext_sparse, Nfeature_list_sparse
    found: list[Shape] = [(None, 1)] * n + [(None,)] * n + [(1,)] * n + [tuple(s) for s in context_dense_shapes]
    found += [(None, 2)] * m + [(None,)] * m + [(2,)] * m
    return found + [(None, *shape) for shape in feature_list_dense_shapes]


@kernel("ParseSingleSequenceExample", on_host=True, infer=_single_shapes)
def _parse_single_sequence_example(
    k: Any, serialized: np.ndarray, feature_list_dense_missing_assumed_empty: np.ndarray, context_sparse_keys: Arrays,
    context_dense_keys: Arrays, feature_list_sparse_keys: Arrays, feature_list_dense_keys: Arrays,
    context_dense_defaults: Arrays, debug_name: np.ndarray,
    *, context_sparse_types: list[str], Tcontext_dense: list[str], feature_list_dense_types: list[str],  # noqa: N803
    context_dense_shapes: list[Any], feature_list_sparse_types: list[str], feature_list_dense_shapes: list[Any],
) -> Arrays:  # fmt: skip
    if serialized.ndim:
        invalid(f"Expected serialized to be a scalar, got shape: {list(serialized.shape)}")
    sparse = _ragged(_keys(context_sparse_keys), context_sparse_types)
    deep = _ragged(_keys(feature_list_sparse_keys), feature_list_sparse_types)
    lists = _keys(feature_list_dense_keys)
    may_miss = set(texts(feature_list_dense_missing_assumed_empty))
    wanted = _Wanted(
        _dense(_keys(context_dense_keys), Tcontext_dense, context_dense_shapes, context_dense_defaults),
        sparse,
        _dense(lists, feature_list_dense_types, feature_list_dense_shapes),
        deep,
        [key in may_miss for key in lists],
    )
    made = _run(wanted, serialized, debug_name, sparse, deep)
    return flat(*made[:4], *made[6:10])

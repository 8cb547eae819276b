"""Staging areas: definitions over `core.staging`."""

from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.resources import resource
from onevar.core.spec import Shape
from onevar.core.staging import Element, MapStagingArea, StagingArea


def _scalar(*_: Any) -> Shape:
    return ()


def _nothing(*_: Any) -> list[Shape]:
    return []


def _values(*_: Any, dtypes: list[str]) -> list[Shape]:
    return [None] * len(dtypes)


def _key_and_values(*_: Any, dtypes: list[str]) -> list[Shape]:
    return [(), *[None] * len(dtypes)]


def _area(capacity: int, memory_limit: int, container: str, shared_name: str) -> StagingArea:
    return resource(
        "staging", lambda name: StagingArea(name, capacity, memory_limit), container=container,
        shared_name=shared_name,
    )  # fmt: skip


@kernel("Stage", resource=True, infer=_nothing)
def stage(
    k: Any, values: Element, *, capacity: int, memory_limit: int, container: str, shared_name: str
) -> tuple:  # fmt: skip
    """Put an element in."""
    _area(capacity, memory_limit, container, shared_name).put(values)
    return ()


@kernel("Unstage", resource=True, infer=_values)
def unstage(
    k: Any, *, capacity: int, memory_limit: int, dtypes: list[str], container: str, shared_name: str
) -> Element:  # fmt: skip
    """Take an element out."""
    return _area(capacity, memory_limit, container, shared_name).get()


@kernel("StagePeek", resource=True, infer=_values)
def stage_peek(
    k: Any, index: np.ndarray, *, capacity: int, memory_limit: int, dtypes: list[str], container: str,
    shared_name: str,
) -> Element:  # fmt: skip
    """Look at an element."""
    return _area(capacity, memory_limit, container, shared_name).peek(int(index))


@kernel("StageSize", resource=True, infer=_scalar)
def stage_size(k: Any, *, capacity: int, memory_limit: int, container: str, shared_name: str) -> np.ndarray:
    """How many elements there are."""
    return np.array(len(_area(capacity, memory_limit, container, shared_name)), np.int32)


@kernel("StageClear", resource=True, infer=_nothing)
def stage_clear(k: Any, *, capacity: int, memory_limit: int, container: str, shared_name: str) -> tuple:
    """Forget all elements."""
    _area(capacity, memory_limit, container, shared_name).clear()
    return ()


def _map(dtypes: list[str], container: str, shared_name: str, capacity: int, memory_limit: int) -> MapStagingArea:
    ordered = CURRENT.operation.type.startswith("Ordered")
    return resource(
        "map_staging", lambda name: MapStagingArea(name, capacity, memory_limit, len(dtypes), ordered),
        container=container, shared_name=shared_name,
    )  # fmt: skip


@kernel("MapStage", "OrderedMapStage", resource=True, infer=_nothing)
def map_stage(
    k: Any, key: np.ndarray, indices: np.ndarray, values: Element, *, capacity: int, memory_limit: int,
    dtypes: list[str], container: str, shared_name: str,
) -> tuple:  # fmt: skip
    """Put components of an element in."""
    area = _map(dtypes, container, shared_name, capacity, memory_limit)
    area.put(int(key), indices.reshape(-1).tolist(), values, len(dtypes))
    return ()


@kernel("MapUnstage", "OrderedMapUnstage", resource=True, infer=_values)
def map_unstage(
    k: Any, key: np.ndarray, indices: np.ndarray, *, capacity: int, memory_limit: int, dtypes: list[str],
    container: str, shared_name: str,
) -> Element:  # fmt: skip
    """Take components of an element out."""
    area = _map(dtypes, container, shared_name, capacity, memory_limit)
    return area.get(int(key), indices.reshape(-1).tolist())


@kernel("MapUnstageNoKey", "OrderedMapUnstageNoKey", resource=True, infer=_key_and_values)
def map_unstage_no_key(
    k: Any, indices: np.ndarray, *, capacity: int, memory_limit: int, dtypes: list[str], container: str,
    shared_name: str,
) -> tuple[np.ndarray, Element]:  # fmt: skip
    """Take components of any element out."""
    area = _map(dtypes, container, shared_name, capacity, memory_limit)
    key, values = area.get_any(indices.reshape(-1).tolist())
    return np.array(key, np.int64), values


@kernel("MapPeek", "OrderedMapPeek", resource=True, infer=_values)
def map_peek(
    k: Any, key: np.ndarray, indices: np.ndarray, *, capacity: int, memory_limit: int, dtypes: list[str],
    container: str, shared_name: str,
) -> Element:  # fmt: skip
    """Look at components of an element."""
    area = _map(dtypes, container, shared_name, capacity, memory_limit)
    return area.peek(int(key), indices.reshape(-1).tolist())


@kernel("MapSize", "OrderedMapSize", resource=True, infer=_scalar)
def map_size(
    k: Any, *, capacity: int, memory_limit: int, dtypes: list[str], container: str, shared_name: str
) -> np.ndarray:
    """How many elements are complete."""
    return np.array(len(_map(dtypes, container, shared_name, capacity, memory_limit)), np.int32)


@kernel("MapIncompleteSize", "OrderedMapIncompleteSize", resource=True, infer=_scalar)
def map_incomplete_size(
    k: Any, *, capacity: int, memory_limit: int, dtypes: list[str], container: str, shared_name: str
) -> np.ndarray:
    """How many elements are not complete."""
    return np.array(_map(dtypes, container, shared_name, capacity, memory_limit).incomplete, np.int32)


@kernel("MapClear", "OrderedMapClear", resource=True, infer=_nothing)
def map_clear(
    k: Any, *, capacity: int, memory_limit: int, dtypes: list[str], container: str, shared_name: str
) -> tuple:
    """Forget all elements."""
    _map(dtypes, container, shared_name, capacity, memory_limit).clear()
    return ()

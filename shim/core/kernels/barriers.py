"""Barriers: definitions over `core.barriers`."""

from itertools import count
from typing import Any

import numpy as np

from onevar.core.barriers import Barrier
from onevar.core.kernel import kernel
from onevar.core.resources import resource
from onevar.core.spec import Shape

_serial = count()


def _scalar(*_: Any) -> Shape:
    return ()


def _nothing(*_: Any) -> list[Shape]:
    return []


def _taken(*_: Any, component_types: list[str]) -> list[Shape]:
    return [(None,), (None,), *[None] * len(component_types)]


@kernel("Barrier", resource=True, infer=_scalar)
def barrier(
    k: Any, *, component_types: list[str], shapes: list[Shape], container: str, shared_name: str
) -> Barrier:  # fmt: skip
    """The Session's barrier of this name."""

    def make(name: str) -> Barrier:
        return Barrier(name if shared_name else f"_{next(_serial)}_{name}", component_types, shapes)

    return resource("barrier", make, container=container, shared_name=shared_name)


@kernel("BarrierInsertMany", resource=True, infer=_nothing)
def barrier_insert_many(
    k: Any, handle: Barrier, keys: np.ndarray, values: np.ndarray, *, component_index: int
) -> tuple:  # fmt: skip
    """Let elements have one of their components."""
    handle.insert(component_index, keys.reshape(-1).tolist(), values)
    return ()


@kernel("BarrierTakeMany", resource=True, infer=_taken)
def barrier_take_many(
    k: Any, handle: Barrier, num_elements: np.ndarray, *, component_types: list[str], allow_small_batch: bool
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:  # fmt: skip
    """Take complete elements out."""
    return handle.take(int(num_elements), allow_small_batch)


@kernel("BarrierClose", resource=True, infer=_nothing)
def barrier_close(k: Any, handle: Barrier, *, cancel_pending_enqueues: bool) -> tuple:
    """Let no new elements begin."""
    handle.shut(cancel_pending_enqueues)
    return ()


@kernel("BarrierReadySize", resource=True, infer=_scalar)
def barrier_ready_size(k: Any, handle: Barrier) -> np.ndarray:
    """How many elements are complete."""
    return np.array(len(handle.ready), np.int32)


@kernel("BarrierIncompleteSize", resource=True, infer=_scalar)
def barrier_incomplete_size(k: Any, handle: Barrier) -> np.ndarray:
    """How many elements are not complete."""
    return np.array(handle.incomplete, np.int32)

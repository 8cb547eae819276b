"""Values made of several tensors, where structures of tensors are taken apart: IndexedSlices, SparseTensor."""

from typing import Any

from onevar.core.operation import IndexedSlices


def composite(value: Any) -> bool:
    """Whether `value` is made of several tensors."""
    return isinstance(value, IndexedSlices) or hasattr(value, "_as_graph_tensors")


def components(value: Any) -> list[Any]:
    """Return the tensors that `value` is made of; any other value by itself."""
    if isinstance(value, IndexedSlices):
        return [value.values, value.indices, *([] if value.dense_shape is None else [value.dense_shape])]
    if hasattr(value, "_as_graph_tensors"):
        return list(value._as_graph_tensors())
    return [value]


def rebuilt(value: Any, parts: list[Any]) -> Any:
    """Return a value like `value` of other tensors."""
    if isinstance(value, IndexedSlices):
        return IndexedSlices(*parts)
    return value._from_graph_tensors(parts)

"""Call op definitions the way the engine does, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from onevar.conformance.v1_ops import all_attrs, dtype_name
from onevar.core import registry
from onevar.core.checks import CURRENT
from onevar.core.infer import group, infer
from onevar.core.kernel import kernel_of
from onevar.core.spec import Spec


def spec_of(x: Any, value: bool = False) -> Any:
    if isinstance(x, list):
        return [spec_of(item, value) for item in x]
    return Spec(x.shape, dtype_name(x), x if value else None)


@contextmanager
def computing(adapter: str) -> Iterator[None]:
    """Say which adapter computes, as the engine does: checks of values ask."""
    CURRENT.adapter.append(registry.adapter(adapter))
    CURRENT.collected.append(None)
    try:
        yield
    finally:
        CURRENT.adapter.pop()
        CURRENT.collected.pop()


def run(k: Any, type: str, inputs: list, attrs: dict) -> list[Any]:
    """The outputs, those of lists one after the other, as NumPy arrays."""
    entry = kernel_of(type)
    assert entry is not None, f"no kernel for {type}"
    known = all_attrs(type, inputs, attrs)
    values = []
    for index, x in enumerate(inputs):
        on_host = entry.on_host or index in entry.host_index
        items = x if isinstance(x, list) else [x]
        made = [item if on_host or item.dtype == object else k.asarray(item) for item in items]
        values.append(made if isinstance(x, list) else made[0])
    with computing(k.name):
        result = entry.fn(k, *values, **{name: known[name] for name in entry.attrs})
    flat: list[Any] = []
    for item in result if isinstance(result, (list, tuple)) else [result]:
        flat += item if isinstance(item, list) else [item]
    return flat


def infer_shapes(type: str, specs: list, attrs: dict, inputs: list) -> list[Spec]:
    return infer(type, specs, all_attrs(type, inputs, attrs))


__all__ = ["all_attrs", "computing", "dtype_name", "group", "infer_shapes", "run", "spec_of"]

"""Call op definitions the way the engine does, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from onevar.core import registry
from onevar.core.checks import CURRENT
from onevar.core.infer import group, infer
from onevar.core.kernel import kernel_of
from onevar.core.op_defs import op_def
from onevar.core.spec import Spec
from onevar.dtypes import NAMES


def dtype_name(array: np.ndarray) -> str:
    return "string" if array.dtype == object else NAMES.get(array.dtype, array.dtype.name)


def spec_of(x: Any, value: bool = False) -> Any:
    if isinstance(x, list):
        return [spec_of(item, value) for item in x]
    return Spec(x.shape, dtype_name(x), x if value else None)


def all_attrs(type: str, inputs: list, attrs: dict) -> dict:
    """The attributes with defaults and what follows from the inputs."""
    definition = op_def(type)
    found = {name: attr.default for name, attr in definition.attrs.items() if attr.has_default}
    for arg, x in zip(definition.inputs, inputs, strict=True):
        first = x[0] if isinstance(x, list) and x else x
        if arg.type_attr and not isinstance(first, list):
            found[arg.type_attr] = dtype_name(first)
        if arg.number_attr:
            found[arg.number_attr] = len(x)
        if arg.type_list_attr:
            found[arg.type_list_attr] = [dtype_name(item) for item in x]
    found.update(attrs)
    return {key: value.decode() if isinstance(value, bytes) else value for key, value in found.items()}


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

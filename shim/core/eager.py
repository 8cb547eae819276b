"""Operations that compute at once, on the framework's own tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.core.attr_values import attr_value, kernel_value
from onevar.core.build import Recipe
from onevar.core.checks import CURRENT
from onevar.core.dtype import DType, as_dtype
from onevar.core.eager_values import known
from onevar.core.kernel import Kernel, kernel_of
from onevar.core.literals import array_of
from onevar.core.op_defs import Arg
from onevar.core.op_errors import UnimplementedError
from onevar.core.registry import adapter, adapter_of, default_backend
from onevar.core.stand_ins import is_foreign, ours
from onevar.core.state import StateRef, Stream, host_array


def run_eagerly(recipe: Recipe, arguments: dict[str, Any]) -> Any:
    """Compute an operation.

    Args:
        recipe: Of the op type.
        arguments: Inputs and attributes by name; inputs are tensors of a framework, Variables, arrays, Python values.

    Returns:
        The output, as a tensor of the inputs' framework or of the default one; a list for several.

    Raises:
        TypeError: Inputs do not match in dtype.
        UnimplementedError: The op has no definition.
    """
    kernel = kernel_of(recipe.type)
    if kernel is None:
        raise UnimplementedError(None, None, f"No OpKernel was registered to support Op '{recipe.type}'.")
    chosen = _adapter_for(recipe, arguments)
    with chosen.computing():
        attrs: dict[str, Any] = {}
        values = [
            _input(recipe, arg, arguments[arg.name], attrs, chosen, at in kernel.host_index)
            for at, arg in enumerate(recipe.inputs)
        ]
        for attr in recipe.attrs:
            if attr.name not in attrs and (arguments.get(attr.name) is not None or attr.has_default):
                given = arguments.get(attr.name)
                attrs[attr.name] = attr_value(attr, attr.default if given is None else given, recipe.type)
        return _returned(recipe, _computed(kernel, chosen, values, attrs), chosen)


def _adapter_for(recipe: Recipe, arguments: dict[str, Any]) -> Adapter:
    for arg in recipe.inputs:
        value = arguments.get(arg.name)
        for item in value if isinstance(value, list | tuple) else (value,):
            found = item.slot.adapter if isinstance(item, StateRef) else _native_adapter(item)
            if found is not None:
                return found
    return adapter(default_backend())


def _native_adapter(value: Any) -> Adapter | None:
    cell = getattr(value, "_cell", None)
    if cell is not None:
        return cell.adapter
    if isinstance(value, np.ndarray | np.generic):
        return None
    found = adapter_of(value)
    if found is None and is_foreign(value):
        return _native_adapter(ours(value))
    return found


def _input(recipe: Recipe, arg: Arg, value: Any, attrs: dict[str, Any], chosen: Adapter, host: bool) -> Any:
    if not arg.is_list:
        return _one(recipe, arg, value, attrs, chosen, host)
    items = list(value)
    if arg.type_list_attr is not None:
        tensors = [_tensor(item, None, chosen) for item in items]
        attrs[arg.type_list_attr] = [_dtype(t, chosen) for t in tensors]
        return tensors
    if arg.number_attr is not None:
        attrs[arg.number_attr] = len(items)
    return [_one(recipe, arg, item, attrs, chosen, host) for item in items]


def _one(recipe: Recipe, arg: Arg, value: Any, attrs: dict[str, Any], chosen: Adapter, host: bool) -> Any:
    if isinstance(value, StateRef):
        if arg.is_ref or arg.dtype == "resource":
            if arg.type_attr:
                attrs[arg.type_attr] = as_dtype(value.dtype)
            return value
        value = value.read()
    wanted = as_dtype(arg.dtype) if arg.dtype is not None else attrs.get(arg.type_attr or "")
    if wanted is None and not _typed(value):
        wanted = recipe.preferred.get(arg.type_attr or "")
    # What the host needs does not go to the framework and back: while that traces, nothing comes back.
    tensor = array_of(value, wanted) if host and _is_plain(value) else _tensor(value, wanted, chosen)
    found = _dtype(tensor, chosen)
    if wanted is not None and found is not wanted:
        raise TypeError(
            f"Input '{arg.name}' of '{recipe.type}' Op has type {found.name} that does not match type {wanted.name}."
        )
    if arg.type_attr:
        attrs[arg.type_attr] = found
    return tensor


def _is_plain(value: Any) -> bool:
    """Whether a value is Python's or NumPy's, in lists too."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, np.ndarray | np.generic | bool | int | float | str | bytes)


def _typed(value: Any) -> bool:
    return hasattr(value, "dtype")


def _dtype(tensor: Any, chosen: Adapter) -> DType:
    return (
        as_dtype("string" if tensor.dtype == object else tensor.dtype)
        if isinstance(tensor, np.ndarray)
        else as_dtype(chosen.spec(tensor).dtype)
    )


def _tensor(value: Any, wanted: DType | None, chosen: Adapter) -> Any:
    if is_foreign(value):
        value = ours(value)
    if hasattr(value, "_cell") and value._cell is not None:
        value = value._read()
    if chosen.owns(value) or getattr(value, "is_resource", False):
        return value
    if isinstance(value, list | tuple) and any(_native_adapter(item) is not None for item in value):
        return chosen.k.stack([_tensor(item, wanted, chosen) for item in value], axis=0)
    owner = _native_adapter(value)
    array = owner.to_numpy(value) if owner is not None else array_of(value, wanted)
    return array if array.dtype == object else chosen.convert(array, None)


def _is_text(value: Any) -> bool:
    """Whether a value is strings, which no framework but NumPy computes with."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, np.ndarray) and item.dtype == object for item in items)


def _computed(kernel: Kernel, chosen: Adapter, values: list[Any], attrs: dict[str, Any]) -> Any:
    given = {name: kernel_value(attrs[name]) for name in kernel.attrs if name in attrs}
    for at in kernel.host_index:
        value = values[at]
        values[at] = [_host(v, chosen) for v in value] if isinstance(value, list) else _host(value, chosen)
    CURRENT.adapter.append(chosen)
    CURRENT.collected.append(None)
    try:
        if kernel.on_host or any(map(_is_text, values)):
            numpy = adapter("numpy")
            arrays = [[_host(v, chosen) for v in x] if isinstance(x, list) else _host(x, chosen) for x in values]
            if kernel.random:
                arrays.insert(0, _stream(kernel, chosen, attrs).on(numpy.k, numpy))
            return kernel.fn(numpy.k, *arrays, **given)
        if kernel.random:
            stream = _stream(kernel, chosen, attrs)
            return kernel.fn(chosen.k, stream.on(chosen.k, chosen), *values, **given)
        return kernel.fn(chosen.k, *values, **given)
    finally:
        CURRENT.adapter.pop()
        CURRENT.collected.pop()


#: Where each kind of random op is: TensorFlow keeps the kernel of an op it has met, and with it the generator.
_streams: dict[tuple, Stream] = {}


#: Called before random numbers are drawn while a framework traces, where each run would get the same ones.
TRACED_DRAWS: list[Any] = []


def _stream(kernel: Kernel, chosen: Adapter, attrs: dict[str, Any]) -> Stream:
    if TRACED_DRAWS and not chosen.is_concrete(chosen.convert(np.zeros((), np.int32), None)):
        for hook in TRACED_DRAWS:
            hook()
    key = (chosen.name, kernel.type, *sorted((name, str(value)) for name, value in attrs.items()))
    found = _streams.get(key)
    if found is None:
        found = _streams[key] = Stream(chosen, attrs.get("seed", 0), attrs.get("seed2", 0))
    return found


def forget_streams() -> None:
    """Let every random op that is computed at once begin again, as setting the seed does."""
    _streams.clear()


def _host(value: Any, chosen: Adapter) -> Any:
    if isinstance(value, StateRef | np.ndarray) or getattr(value, "is_resource", False):
        return value
    return host_array(chosen, value)


def _returned(recipe: Recipe, result: Any, chosen: Adapter) -> Any:
    if recipe.single:
        return _native(result[0] if isinstance(result, tuple) else result, chosen)
    if not recipe.definition.outputs:
        return None
    if len(recipe.definition.outputs) == 1:
        return [_native(item, chosen) for item in _items(result)]
    return [
        [_native(v, chosen) for v in item] if isinstance(item, list | tuple) else _native(item, chosen)
        for item in result
    ]


def _items(result: Any) -> Sequence[Any]:
    if isinstance(result, tuple) and len(result) == 1 and isinstance(result[0], list | tuple):
        return result[0]
    return result


def _native(value: Any, chosen: Adapter) -> Any:
    if isinstance(value, bytes) or (isinstance(value, np.ndarray) and value.dtype.kind == "S"):
        return np.asarray(value, object)  # a single string
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype != object:
        return known(np.asarray(value), chosen)
    return value

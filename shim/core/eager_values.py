"""Values as tensors of a framework, by TensorFlow's rules: what eager execution computes with."""

from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.cell import cell_of
from onevar.core.dtype import DType, as_dtype
from onevar.core.literals import array_of
from onevar.core.operation import Tensor
from onevar.core.registry import adapter, adapter_of, default_backend
from onevar.core.stand_ins import is_foreign, ours


def owner_of(value: Any) -> Adapter | None:
    """Return the framework that a value lives in already, if it does.

    Args:
        value: Anything.
    """
    if is_foreign(value):
        value = ours(value)
    cell = None if isinstance(value, Tensor) else cell_of(value)
    if cell is not None:
        return cell.adapter
    return None if isinstance(value, np.ndarray | np.generic) else adapter_of(value)


def known(array: np.ndarray, owner: Adapter) -> Any:
    """Return an array as a tensor of a framework, or as it is while the framework traces.

    A constant of a trace is nothing that the host could look at any more, and shapes are made of constants.

    Args:
        array: Numbers.
        owner: The framework's adapter.
    """
    tensor = owner.convert(array, None)
    return tensor if owner.is_concrete(tensor) else array


def eager_tensor(value: Any, dtype: DType | None, owner: Adapter) -> Any:
    """Return a value as a tensor of a framework; strings as a NumPy array.

    Args:
        value: A tensor of any framework, a Variable, an array or a Python value.
        dtype: What it has to be; None leaves it to TensorFlow's rules.
        owner: The framework's adapter.

    Arrays of NumPy are cast, as TensorFlow casts them, with eager execution as in graphs. Tensors are not, and an array
    is one where NumPy itself computes.

    Raises:
        ValueError: A tensor of another dtype.
        TypeError: A Python value that cannot be of `dtype`, or a tensor of a graph.
    """
    if isinstance(value, Tensor):
        raise TypeError(f"{value!r} is part of a graph; eagerly there is no value for it. Run it in a Session.")
    if is_foreign(value):
        value = ours(value)
    found = owner_of(value)
    if found is not None and cell_of(value) is not None:
        value = value._read()
    if found is not None and found is not owner:
        value = owner.convert(found.to_numpy(value), None)
    elif found is None:
        # An array is a tensor of NumPy's own.
        array = array_of(value, None if owner.owns(value) else dtype)
        value = array if array.dtype == object else known(array, owner)
    actual = dtype_of(value, owner)
    if dtype is not None and actual is not dtype:
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {actual.name}: {value!r}"
        )
    return value


def dtype_of(value: Any, owner: Adapter) -> DType:
    """Return the `DType` of a tensor.

    Args:
        value: A tensor of `owner`, or an array.
        owner: The framework's adapter.
    """
    if isinstance(value, np.ndarray | np.generic):
        return as_dtype("string" if value.dtype == object else value.dtype)
    return as_dtype(owner.spec(value).dtype)


def converted(value: Any, dtype: DType | None, preferred: DType | None) -> Any:
    """Return a value as a tensor of the framework that it is in already, or of the default one.

    Args:
        value: As for `eager_tensor`; a list may hold tensors.
        dtype: What it has to be, or None.
        preferred: What it becomes where `dtype` is None and it can.
    """
    if isinstance(value, list | tuple):
        items = [item for item in value if owner_of(item) is not None]
        if items:
            owner = owner_of(items[0])
            assert owner is not None
            wanted = dtype or dtype_of(eager_tensor(items[0], None, owner), owner)
            return owner.k.stack([eager_tensor(item, wanted, owner) for item in value], axis=0)
    owner = owner_of(value) or adapter(default_backend())
    if dtype is None and preferred is not None and not isinstance(value, np.ndarray | np.generic):
        try:
            return eager_tensor(value, preferred, owner)
        except (TypeError, ValueError):
            return eager_tensor(value, None, owner)
    return eager_tensor(value, dtype, owner)

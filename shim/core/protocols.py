"""What `np.asarray` and DLPack consumers get from a tensor: its own memory where that is possible."""

from typing import Any

import numpy as np

from onevar import dlpack
from onevar.adapters.contract import Adapter, Tensor
from onevar.errors import CopyRequired


def as_numpy(adapter: Adapter, tensor: Tensor, dtype: Any, copy: bool | None) -> np.ndarray:
    """Return `tensor` for NumPy's `__array__` protocol.

    Args:
        adapter: The tensor's.
        tensor: A snapshot; a view of it is handed out read-only.
        dtype: NumPy's dtype wanted, or None.
        copy: True: an own, writable copy. False: no copy, or an error. None: a view if possible.

    Raises:
        ValueError: `copy=False` and only a copy would do (NumPy's protocol asks for this type).
    """
    view = None if copy else _view(adapter, tensor)
    if view is not None and (dtype is None or view.dtype == dtype):
        return view
    if copy is False:
        raise ValueError(
            f"__array__(dtype={dtype}, copy=False): the memory of this {adapter.name} tensor of "
            f"{adapter.spec(tensor)} cannot be viewed as that. Leave copy out."
        )
    array = adapter.to_numpy(tensor)
    return array if dtype is None else array.astype(dtype, copy=False)


def _view(adapter: Adapter, tensor: Tensor) -> np.ndarray | None:
    if not adapter.spec(tensor).device.startswith("cpu:") or adapter.preflight(tensor) is not None:
        return None
    view = adapter.lend(tensor).view()
    view.flags.writeable = False
    return view


def capsule(
    adapter: Adapter,
    tensor: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Return a DLPack capsule over `tensor`, a snapshot; arguments as in the array API's `__dlpack__`.

    Raises:
        CopyRequired: The memory cannot leave the framework; a `BufferError`, as the standard wants.
    """
    refusal = adapter.preflight(tensor)
    if refusal is not None:
        raise CopyRequired("__dlpack__()", refusal.reason, refusal.cure)
    if adapter.spec(tensor).device.startswith("cpu:"):
        array = adapter.lend(tensor)
        return dlpack.capsule(array, max_version=max_version, dl_device=dl_device, copy=copy)
    options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
    return adapter.export(tensor).__dlpack__(**{k: v for k, v in options.items() if v is not None})


def dlpack_device(adapter: Adapter, tensor: Tensor) -> tuple[int, int]:
    """Return DLPack's `(device_type, device_id)` of `tensor`."""
    if adapter.spec(tensor).device.startswith("cpu:"):
        return dlpack.HOST
    device = adapter.export(tensor).__dlpack_device__()
    return int(device[0]), device[1]

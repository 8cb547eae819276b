"""Op definitions: writing to parts of variables, and reading parts of resource variables.

An index out of bounds is an error, as on TensorFlow's CPU, and never a part of the value left as it was in silence.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import CURRENT, check
from onevar.core.kernel import kernel
from onevar.core.kernels.state import contents, native, show
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import ShapeError, Spec

_MODES = {
    "Update": "set", "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Min": "min", "Max": "max",
}  # fmt: skip


def on_host_now(k: Any, value: Any) -> np.ndarray | None:
    """Return the contents of a tensor, or None while it is being traced.

    Args:
        k: The primitives.
        value: A tensor, or an array.
    """
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    adapter = CURRENT.adapter[-1] if CURRENT.adapter else None
    if adapter is None or not adapter.is_concrete(value):
        return None
    return np.asarray(adapter.to_numpy(value))


def _position(flat: int, shape: tuple[int, ...]) -> str:
    return ",".join(str(int(i)) for i in np.unravel_index(flat, shape)) if shape else ""


def _within(k: Any, indices: Any, sizes: Any) -> Any:
    """Return whether all of `indices` are at least zero and below `sizes`: an int, or an array of them."""
    if isinstance(indices, np.ndarray):
        return bool(((indices >= 0) & (indices < sizes)).all())
    bound = sizes if isinstance(sizes, int) else k.asarray(np.asarray(sizes).astype(k.dtype(indices)))
    return k.all(k.logical_and(k.greater_equal(indices, 0), k.less(indices, bound)))


def check_rows(k: Any, indices: Any, size: int, label: str = "indices") -> None:
    """Raise InvalidArgumentError unless all of `indices` name one of `size` rows.

    Args:
        k: The primitives.
        indices: Of any shape.
        size: How many rows there are.
        label: What the message calls them.
    """

    def error() -> Exception:
        host = on_host_now(k, indices)
        if host is None:
            return InvalidArgumentError(None, None, f"{label}: an index is not in [0, {size})")
        flat = int(np.argmax(((host < 0) | (host >= size)).reshape(-1)))
        at = f"[{_position(flat, host.shape)}]" if host.ndim else ""
        return InvalidArgumentError(None, None, f"{label}{at} = {host.reshape(-1)[flat]} is not in [0, {size})")

    check(_within(k, indices, size), error)


def check_points(k: Any, indices: Any, shape: tuple[int, ...], what: str) -> None:
    """Raise InvalidArgumentError unless each row of `indices` is a position within `shape`.

    Args:
        k: The primitives.
        indices: `[..., len(shape)]`.
        shape: The leading sizes that are indexed.
        what: The end of the message: `shape [2,2]`.
    """

    def error() -> Exception:
        host = on_host_now(k, indices)
        if host is None:
            return InvalidArgumentError(None, None, f"indices: a row does not index into {what}")
        rows = host.reshape(-1, len(shape))
        flat = int(np.argmax(((rows < 0) | (rows >= np.array(shape))).any(axis=1)))
        at = f"[{_position(flat, host.shape[:-1])}]" if host.ndim > 1 else ""
        row = ", ".join(map(str, rows[flat].tolist()))
        return InvalidArgumentError(None, None, f"indices{at} = [{row}] does not index into {what}")

    check(_within(k, indices, np.array(shape, np.int64)), error)


# -- rows -------------------------------------------------------------------------------------------


def _rows(k: Any, ref: Any, indices: Any, updates: Any, mode: str, words: Callable[..., str]) -> None:
    shape, picked, given = tuple(ref.shape), tuple(k.shape(indices)), tuple(k.shape(updates))
    if not shape:
        raise InvalidArgumentError(None, None, "params must be at least 1-D, got shape []")
    wanted = picked + shape[1:]
    updates = native(k, ref, updates)
    if given != wanted:
        if given:
            raise InvalidArgumentError(None, None, words(given, picked, shape))
        updates = k.broadcast_to(updates, wanted)
    if prod(picked) == 0:
        return
    check_rows(k, indices, shape[0])
    if not (mode == "set" and prod(wanted) == 0):
        ref.scatter(k, native(k, ref, indices), updates, mode)


def _words(given: tuple, picked: tuple, shape: tuple) -> str:
    return (
        "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], "
        f"got updates.shape {show(given)}, indices.shape {show(picked)}, params.shape {show(shape)}"
    )


def _resource_words(given: tuple, picked: tuple, shape: tuple) -> str:
    return f"The shape of indices ({show(picked)}) must be a prefix of the shape of updates ({show(given)})"


def _check_update_shape(ref: Any, indices: Spec, updates: Spec) -> None:
    if updates.shape == () or ref is None or indices.shape is None:
        return
    rules.merge(updates.shape, tuple(indices.shape) + tuple(ref[1:]))


def _scattered(ref: Spec, indices: Spec, updates: Spec) -> Any:
    _check_update_shape(ref.shape, indices, updates)
    return ref.shape


def _resource_scattered(resource: Spec, indices: Spec, updates: Spec) -> Any:
    _check_update_shape(contents(resource), indices, updates)
    return []


def _define_rows(name: str, mode: str) -> None:
    @kernel(f"Scatter{name}", state=True, infer=_scattered)
    def scatter(k: Any, ref: Any, indices: Any, updates: Any) -> Any:
        _rows(k, ref, indices, updates, mode, _words)
        return ref

    @kernel(f"ResourceScatter{name}", state=True, infer=_resource_scattered)
    def resource_scatter(k: Any, ref: Any, indices: Any, updates: Any) -> Any:
        _rows(k, ref, indices, updates, mode, _resource_words)
        return ()


for _name, _mode in _MODES.items():
    _define_rows(_name, _mode)


# -- points -----------------------------------------------------------------------------------------


def _points(k: Any, ref: Any, indices: Any, updates: Any, mode: str) -> None:
    value = ref.read()
    shape, index_shape, given = tuple(k.shape(value)), tuple(k.shape(indices)), tuple(k.shape(updates))
    _check_point_shapes(shape, index_shape, given)
    if prod(index_shape[:-1]) == 0:
        return
    depth = index_shape[-1] if index_shape else 1
    lead = shape[:depth]
    if depth:
        check_points(k, indices, lead, f"shape {show(shape)}")
    flat = _flat_positions(k, native(k, ref, indices), lead, index_shape[:-1])
    rows = k.reshape(value, (prod(lead), *shape[depth:]))
    ref.write(k.reshape(k.scatter(rows, flat, native(k, ref, updates), mode), shape))


def _flat_positions(k: Any, indices: Any, lead: tuple[int, ...], batch: tuple[int, ...]) -> Any:
    """Return rows of positions as numbers in row-major order."""
    if not lead:
        return k.zeros(batch, k.dtype(indices))
    strides = np.array([prod(lead[i + 1 :]) for i in range(len(lead))])
    return k.sum(k.multiply(indices, k.asarray(strides.astype(k.dtype(indices)))), axis=-1)


def _check_point_shapes(shape: tuple, indices: tuple, updates: tuple) -> None:
    if not indices:
        raise InvalidArgumentError(None, None, "Indices shape must have rank at least one. Found: []")
    batch, depth = indices[:-1], indices[-1]
    count = len(batch)
    if len(updates) < count or updates[:count] != batch:
        left, right = (" ".join(map(str, sizes)) for sizes in (batch, updates[:count]))
        raise InvalidArgumentError(
            None, None,
            f"Dimensions [0,{count}) of indices[shape={show(indices)}] = {left} must match dimensions "
            f"[0,{count}) of updates[shape={show(updates)}] = {right}",
        )  # fmt: skip
    if depth > len(shape) or shape[depth:] != updates[count:]:
        raise InvalidArgumentError(
            None, None,
            f"Dimensions [{depth},{len(shape)}) of input[shape={show(shape)}] must match dimensions "
            f"[{depth},{len(updates)}) of updates[shape={show(updates)}]",
        )  # fmt: skip


def _text(shape: Any) -> str:
    return "[" + ",".join("?" if n is None else str(n) for n in shape) + "]"


def _check_points_infer(target: Any, indices: Spec, updates: Spec) -> None:
    if indices.shape is None or updates.shape is None or not indices.shape:
        return
    batch, depth = indices.shape[:-1], indices.shape[-1]
    count = len(batch)
    head = updates.shape[:count]
    try:
        rules.merge(batch, head)
    except ShapeError as error:
        raise ShapeError(
            f"Dimensions [0,{count}) of indices[shape={_text(indices.shape)}] = {_text(batch)} must match dimensions "
            f"[0,{count}) of updates[shape={_text(updates.shape)}] = {_text(head)}: {error}"
        ) from None
    if target is None or depth is None or depth > len(target):
        return
    tail = updates.shape[count:]
    try:
        rules.merge(target[depth:], tail)
    except ShapeError as error:
        raise ShapeError(
            f"Dimensions [{depth},{len(target)}) of input[shape={_text(target)}] = {_text(target[depth:])} must match "
            f"dimensions [{count},{len(updates.shape)}) of updates[shape={_text(updates.shape)}] = {_text(tail)}: "
            f"{error}"
        ) from None


def _point_scattered(ref: Spec, indices: Spec, updates: Spec) -> Any:
    _check_points_infer(ref.shape, indices, updates)
    return ref.shape


def _resource_point_scattered(resource: Spec, indices: Spec, updates: Spec) -> Any:
    _check_points_infer(contents(resource), indices, updates)
    return []


def _define_points(name: str, mode: str) -> None:
    @kernel(f"ScatterNd{name}", state=True, infer=_point_scattered)
    def scatter_nd(k: Any, ref: Any, indices: Any, updates: Any) -> Any:
        _points(k, ref, indices, updates, mode)
        return ref

    @kernel(f"ResourceScatterNd{name}", state=True, infer=_resource_point_scattered)
    def resource_scatter_nd(k: Any, ref: Any, indices: Any, updates: Any) -> Any:
        _points(k, ref, indices, updates, mode)
        return ()


for _name in ("Update", "Add", "Sub", "Max", "Min"):
    _define_points(_name, _MODES[_name])


# -- reading parts ----------------------------------------------------------------------------------


def _gathered(resource: Spec, indices: Spec, *, batch_dims: int) -> Any:
    shape = contents(resource)
    if shape is None or indices.shape is None:
        return None
    return tuple(shape[:batch_dims]) + tuple(indices.shape[batch_dims:]) + tuple(shape[batch_dims + 1 :])


@kernel("ResourceGather", state=True, infer=_gathered)
def resource_gather(k: Any, ref: Any, indices: Any, *, batch_dims: int) -> Any:
    """Rows of the value."""
    value = ref.read()
    shape, picked = tuple(k.shape(value)), tuple(k.shape(indices))
    check_rows(k, indices, shape[batch_dims])
    indices = native(k, ref, indices)
    if not batch_dims:
        return k.take(value, indices, axis=0)
    # Rows of all batches in one: each batch's own begin further on.
    lead, size = prod(shape[:batch_dims]), shape[batch_dims]
    flat = k.reshape(indices, (lead, -1 if prod(picked) else 0))
    starts = k.asarray((np.arange(lead) * size).astype(k.dtype(indices)).reshape(lead, 1))
    rows = k.reshape(value, (lead * size, *shape[batch_dims + 1 :]))
    found = k.take(rows, k.reshape(k.add(flat, starts), (-1,)), axis=0)
    return k.reshape(found, picked + shape[batch_dims + 1 :])


def _gathered_points(resource: Spec, indices: Spec) -> Any:
    shape = contents(resource)
    if shape is None or not indices.shape or indices.shape[-1] is None:
        return None
    if indices.shape[-1] > len(shape):
        raise ShapeError(f"indices.shape[-1] must be <= params.rank, but saw {indices.shape[-1]} vs. {len(shape)}")
    return tuple(indices.shape[:-1]) + tuple(shape[indices.shape[-1] :])


@kernel("ResourceGatherNd", state=True, infer=_gathered_points)
def resource_gather_nd(k: Any, ref: Any, indices: Any) -> Any:
    """Slices of the value at positions."""
    value = ref.read()
    shape, index_shape = tuple(k.shape(value)), tuple(k.shape(indices))
    depth = index_shape[-1]
    lead = shape[:depth]
    if depth:
        check_points(k, indices, lead, f"param shape {show(shape)}")
    flat = _flat_positions(k, native(k, ref, indices), lead, index_shape[:-1])
    return k.take(k.reshape(value, (prod(lead), *shape[depth:])), flat, axis=0)


# -- slices -----------------------------------------------------------------------------------------


def python_index(begin: np.ndarray, end: np.ndarray, strides: np.ndarray, shape: tuple, masks: dict[str, int]) -> tuple:
    """Return the Python index that a strided slice means.

    Args:
        begin: Starts.
        end: Ends.
        strides: Steps.
        shape: What is indexed.
        masks: TensorFlow's five, by name without `_mask`.

    Raises:
        InvalidArgumentError: A step of zero, or a single index out of bounds.
    """
    index: list[Any] = []
    used = sum(1 for i in range(len(begin)) if not (masks["new_axis"] | masks["ellipsis"]) >> i & 1)
    axis = 0
    for i, (first, last, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        bit = 1 << i
        if masks["ellipsis"] & bit:
            index.append(Ellipsis)
            axis += len(shape) - used
        elif masks["new_axis"] & bit:
            index.append(None)
        else:
            if step == 0:
                raise InvalidArgumentError(None, None, f"strides[{i}] must be non-zero")
            if masks["shrink_axis"] & bit:
                size = shape[axis]
                if not -size <= first < size:
                    raise InvalidArgumentError(None, None, f"slice index {first} of dimension {axis} out of bounds.")
                index.append(first % size)
            else:
                index.append(slice(None if masks["begin"] & bit else first, None if masks["end"] & bit else last, step))
            axis += 1
    return tuple(index)


def _assign_slice(k: Any, ref: Any, begin: Any, end: Any, strides: Any, value: Any, masks: dict[str, int]) -> None:
    current = ref.read()
    shape = tuple(k.shape(current))
    index = python_index(np.asarray(begin), np.asarray(end), np.asarray(strides), shape, masks)
    target = np.broadcast_to(np.False_, shape)[index].shape
    given = tuple(k.shape(value))
    try:
        fits = np.broadcast_shapes(given, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise InvalidArgumentError(
            None, None, f"Cannot broadcast input shape {show(given)} into final shape {show(target)}"
        )
    if prod(target):
        ref.write(k.setitem(current, index, k.broadcast_to(native(k, ref, value), target)))


_PARTS = ("begin", "end", "strides")


def _first(ref: Spec, *_: Spec) -> Any:
    return ref.shape


def _none(*_: Spec) -> Any:
    return []


@kernel("StridedSliceAssign", state=True, host=_PARTS, infer=_first)
def strided_slice_assign(
    k: Any, ref: Any, begin: Any, end: Any, strides: Any, value: Any, *, begin_mask: int, end_mask: int,
    ellipsis_mask: int, new_axis_mask: int, shrink_axis_mask: int,
) -> Any:  # fmt: skip
    """Replace a slice of the value."""
    masks = {"begin": begin_mask, "end": end_mask, "ellipsis": ellipsis_mask, "new_axis": new_axis_mask,
             "shrink_axis": shrink_axis_mask}  # fmt: skip
    _assign_slice(k, ref, begin, end, strides, value, masks)
    return ref


@kernel("ResourceStridedSliceAssign", state=True, host=_PARTS, infer=_none)
def resource_strided_slice_assign(
    k: Any, ref: Any, begin: Any, end: Any, strides: Any, value: Any, *, begin_mask: int, end_mask: int,
    ellipsis_mask: int, new_axis_mask: int, shrink_axis_mask: int,
) -> Any:  # fmt: skip
    """Replace a slice of the value."""
    masks = {"begin": begin_mask, "end": end_mask, "ellipsis": ellipsis_mask, "new_axis": new_axis_mask,
             "shrink_axis": shrink_axis_mask}  # fmt: skip
    _assign_slice(k, ref, begin, end, strides, value, masks)
    return ()

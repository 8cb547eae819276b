"""Slices at places that are only known when a compiled computation runs: `x[i]`, `x[i:i + 2]`, `tf.slice(x, [i], [3])`.

A compiler needs the size of what comes out, not the place: single positions, slices of a given size, and slices whose
ends are a constant apart, as far as they are known to lie within what is sliced (beyond its end they would be shorter).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.checks import CURRENT, check
from onevar.core.constant import constant_value
from onevar.core.frame import Frame, KernelStep
from onevar.core.func_graph import ARGUMENT
from onevar.core.kernel import Kernel
from onevar.core.kernels.slicing import strided_index
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import UNKNOWN
from onevar.core.state import StateRef
from onevar.errors import Unsupported

_HOST = (np.ndarray, np.generic)
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
#: A whole number as a sum: how often each slot's value counts, and a constant under None.
Form = dict[int | None, int]


def is_movable(operation: Operation) -> bool:
    """Whether an operation is a slice whose place is not a constant of the graph."""
    return operation.type in ("Slice", "StridedSlice") and constant_value(operation.inputs[1]) is None


class SliceStep(KernelStep):
    """A slice whose place may be traced."""

    __slots__ = ("begins", "ends", "moves")

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int], kernel: Kernel, slots: Any):
        super().__init__(operation, ins, outs, kernel)
        count = (operation.inputs[1].spec.shape or (0,))[0] or 0
        self.begins = _elements(operation.inputs[1], count, slots)
        self.ends = _elements(operation.inputs[2], count, slots)
        #: Whether the size of the result is the same wherever the slice is.
        self.moves = self._moves(count)
        if self.moves:
            self.host = frozenset()

    def _moves(self, count: int) -> bool:
        operation = self.operation
        if operation.type == "Slice":
            return bool(count) and constant_value(operation.inputs[2]) is not None
        if not count or constant_value(operation.inputs[3]) is None:
            return False
        free = self._free()
        return all(_number(form) is not None or i in free for i, form in enumerate(self.begins))

    def _free(self) -> set[int]:
        """Return the items of a strided slice that are single positions, or whose begin does not count."""
        attrs, count = self.operation.attrs, len(self.begins)
        single = attrs["shrink_axis_mask"]
        masked = attrs["begin_mask"] & attrs["end_mask"]
        other = attrs["ellipsis_mask"] | attrs["new_axis_mask"]
        return {i for i in range(count) if (single | masked | other) >> i & 1}

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        values = [frame.env[slot] for slot in self.ins]
        values = [value.read() if type(value) is StateRef else value for value in values]
        if all(isinstance(v, _HOST) or frame.adapter.is_concrete(v) for v in values[1:]):
            begins = [frame.host(value) for value in values[1:]]
            x = values[0]
            k = frame.host_k if isinstance(x, _HOST) else frame.k
            CURRENT.operation = self.operation
            frame.env[self.outs[0]] = self.kernel.fn(k, x, *begins, **self.attrs)
            return
        CURRENT.operation = self.operation
        x, begin = frame.native(values[0]), values[1]
        if self.operation.type == "Slice":
            frame.env[self.outs[0]] = self._sliced(frame, x, begin, frame.host(values[2]))
        else:
            frame.env[self.outs[0]] = self._strided(frame, x, begin, frame.host(values[3]))

    # -- tf.slice ----------------------------------------------------------------------------------

    def _sliced(self, frame: Frame, x: Any, begin: Any, sizes: np.ndarray) -> Any:
        shape = frame.k.shape(x)
        for axis, (form, length) in enumerate(zip(self.begins, sizes.tolist(), strict=True)):
            start = _number(form)
            if start is not None:
                end = shape[axis] if length == -1 else start + length
                _within(start, end, shape[axis], axis)
                x = frame.k.getitem(x, (*[slice(None)] * axis, slice(start, end), ...))
            elif length == -1:
                raise Unsupported("tf.slice to the end from a place that is not known while a plan is being compiled.")
            else:
                x = self._window(frame, x, _element(frame, begin, axis), axis, length, form, raises=True)
        return x

    def _window(self, frame: Frame, x: Any, start: Any, axis: int, length: int, form: Form | None, raises: bool) -> Any:
        k, size = frame.k, frame.k.shape(x)[axis]
        low, high = _range(frame, form)
        if low is None or high is None or low < 0 or high + length > size:
            if not raises:
                raise Unsupported("a slice may reach the end of what is sliced: its size is not known.")
            dtype = k.dtype(start)
            zero, end = (k.asarray(np.array(n, dtype)) for n in (0, size - length))
            held = k.logical_and(k.greater_equal(start, zero), k.less_equal(start, end))
            text = f"Expected begin[{axis}] in [0, {size}] and size[{axis}] in [0, {size} - begin[{axis}]]"
            check(held, lambda: InvalidArgumentError(None, None, text))
        steps = k.asarray(np.arange(length, dtype=k.dtype(start)))
        return k.take(x, k.add(start, steps), axis=axis)

    # -- x[...] ------------------------------------------------------------------------------------

    def _strided(self, frame: Frame, x: Any, begin: Any, strides: np.ndarray) -> Any:
        masks = {name: self.attrs[name] for name in _MASKS}
        single = masks["shrink_axis_mask"]
        known = np.array([_or_unknown(_number(form)) for form in self.begins], object)
        ends = np.array([_or_unknown(_number(form)) for form in self.ends], object)
        unknown = [
            i
            for i in range(len(known))
            if (single >> i & 1 and known[i] is UNKNOWN) or not self._settled(i, known, ends)
        ]
        for i in unknown:
            known[i] = ends[i] = UNKNOWN
        index = list(strided_index(tuple(frame.k.shape(x)), known, ends, strides, **masks))
        moving = iter(unknown)
        plain, todo, axis = [], [], 0
        for part in index:
            if part is UNKNOWN or (isinstance(part, slice) and (part.start is UNKNOWN or part.stop is UNKNOWN)):
                todo.append((axis, next(moving), part is UNKNOWN))
                plain.append(slice(None))
                axis += 1
                continue
            plain.append(part)
            axis += part is None or isinstance(part, slice)
        x = frame.k.getitem(x, tuple(plain))
        for axis, item, one in reversed(todo):
            x = self._position(frame, x, begin, axis, item) if one else self._part(frame, x, begin, axis, item, strides)
        return x

    def _settled(self, i: int, begins: np.ndarray, ends: np.ndarray) -> bool:
        """Whether an item that is no single position has ends that are known, as far as they count."""
        attrs = self.attrs
        if (attrs["shrink_axis_mask"] | attrs["ellipsis_mask"] | attrs["new_axis_mask"]) >> i & 1:
            return True
        first = attrs["begin_mask"] >> i & 1 or begins[i] is not UNKNOWN
        return bool(first and (attrs["end_mask"] >> i & 1 or ends[i] is not UNKNOWN))

    def _position(self, frame: Frame, x: Any, begin: Any, axis: int, item: int) -> Any:
        k, size, at = frame.k, frame.k.shape(x)[axis], _element(frame, begin, item)
        low, high = _range(frame, self.begins[item])
        dtype = k.dtype(at)
        if low is None or high is None or low < -size or high >= size:
            least, end = (k.asarray(np.array(n, dtype)) for n in (-size, size))
            held = k.logical_and(k.greater_equal(at, least), k.less(at, end))
            text = f"slice index ? of dimension {axis} out of bounds."
            check(held, lambda: InvalidArgumentError(None, None, text))
        if low is None or low < 0:
            zero = k.asarray(np.array(0, dtype))
            at = k.where(k.less(at, zero), k.add(at, k.asarray(np.array(size, dtype))), at)
        return frame.adapter.row(x, at) if not axis else k.take(x, at, axis=axis)

    def _part(self, frame: Frame, x: Any, begin: Any, axis: int, item: int, strides: np.ndarray) -> Any:
        first, last = self.begins[item], self.ends[item]
        apart = None if first is None or last is None else _number(_difference(last, first))
        masks = (self.attrs["begin_mask"] | self.attrs["end_mask"]) >> item & 1
        if apart is None or apart < 0 or masks or int(strides[item]) != 1:
            raise Unsupported("the ends of a slice are not known while the plan is being compiled, nor its size.")
        return self._window(frame, x, _element(frame, begin, item), axis, apart, first, raises=False)


def _within(start: int, end: int, size: int, axis: int) -> None:
    if not 0 <= start <= end <= size:
        raise InvalidArgumentError(
            None, None, f"Expected size[{axis}] in [0, {size - start}], but got {end - start}"
            if 0 <= start <= size else f"Expected begin[{axis}] in [0, {size}], but got {start}"
        )  # fmt: skip


def _element(frame: Frame, vector: Any, i: int) -> Any:
    return frame.k.getitem(frame.native(vector), (i,))


def _or_unknown(number: int | None) -> Any:
    return UNKNOWN if number is None else number


# -- whole numbers as sums ------------------------------------------------------------------------------


def _elements(vector: Tensor, count: int, slots: Any) -> list[Form | None]:
    """Return the elements of a vector as sums, None for those that are something else."""
    known = constant_value(vector)
    if known is not None:
        return [{None: int(n)} for n in known.reshape(-1)]
    if vector.op.type != "Pack" or len(vector.op.inputs) != count:
        return [None] * count
    return [_form(element, slots) for element in vector.op.inputs]


def _form(tensor: Tensor, slots: Any) -> Form | None:
    op = tensor.op
    while op.type == "Identity":
        tensor = op.inputs[0]
        op = tensor.op
    known = constant_value(tensor if op.type != ARGUMENT or not isinstance(op.kept, Tensor) else op.kept)
    if known is not None and known.ndim == 0:
        return {None: int(known)}
    if op.type in ("Add", "AddV2", "Sub"):
        x, y = (_form(t, slots) for t in op.inputs)
        if x is None or y is None:
            return None
        return _sum(x, y, -1 if op.type == "Sub" else 1)
    if op.type == "Mul":
        x, y = (_form(t, slots) for t in op.inputs)
        number = None if x is None or y is None else _number(y) if _number(y) is not None else _number(x)
        if number is None:
            return {slots(tensor): 1}
        return _sum({}, y if _number(y) is None else x, number)  # type: ignore[arg-type]
    return {slots(tensor): 1}


def _sum(x: Form, y: Form, times: int) -> Form:
    total = {key: x.get(key, 0) + times * y.get(key, 0) for key in {*x, *y}}
    return {key: number for key, number in total.items() if number or key is None}


def _difference(x: Form, y: Form) -> Form:
    return _sum(x, y, -1)


def _number(form: Form | None) -> int | None:
    return form.get(None, 0) if form is not None and all(key is None for key in form) else None


def _range(frame: Frame, form: Form | None) -> tuple[int | None, int | None]:
    """Return the least and the greatest value that a sum can have in this iteration, if that is known."""
    if form is None:
        return None, None
    low = high = form.get(None, 0)
    for slot, times in form.items():
        if slot is None:
            continue
        value = frame.env[slot]
        if isinstance(value, _HOST):
            ends = (int(value), int(value))
        else:
            span = frame.counters.get(id(value))
            if span is None or span[0] is not value:
                return None, None
            ends = (span[1], span[2] - 1)
        low, high = low + min(times * e for e in ends), high + max(times * e for e in ends)
    return low, high

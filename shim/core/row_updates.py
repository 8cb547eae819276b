"""Gradients by rows, put together in the compiled part of a plan.

TensorFlow's optimizers add up the rows of `IndexedSlices` that belong to one index: `Unique` finds the indices,
`UnsortedSegmentSum` the sums, and rows of variables are updated with these. How many indices there are depends on
values, which a compiler cannot have. Where nothing else looks at what `Unique` returns, it may as well return as many
as it was given, the first one over and over at the end: sums for these are zero, which an addition does not see, and
an update that replaces rows takes the first one's sum for them, and writes the same row again.
"""

from collections.abc import Collection, Iterable
from typing import Any

from onevar.core.frame import Frame, KernelStep, Step
from onevar.core.kernel import Kernel, kernel_of
from onevar.core.operation import Operation, Tensor

#: Operations that make of each row a row, and of zeros zeros.
_BY_ROWS = frozenset({"Mul", "Neg", "Square", "Identity", "Cast"})
#: Operations that add rows to a variable: positions of indices and rows.
_ADDING = dict.fromkeys(("ScatterAdd", "ScatterSub", "ResourceScatterAdd", "ResourceScatterSub"), (1, 2))
_APPLYING = ("SparseApply", "ResourceSparseApply")
Uses = dict[Tensor, list[tuple[Operation, int]]]


def row_updates(
    operations: Iterable[Operation], fed: Collection[Tensor], wanted: Collection[Tensor]
) -> frozenset[Operation]:
    """Return the `Unique` operations whose results only rows of state are updated with, and those that replace rows.

    Args:
        operations: All that run.
        fed: Tensors whose value is given.
        wanted: Tensors whose value is looked at from outside.
    """
    operations = list(operations)
    found: set[Operation] = set()
    candidates = [op for op in operations if op.type == "Unique"]
    if candidates:
        uses: Uses = {}
        for op in operations:
            for at, tensor in enumerate(op.inputs):
                uses.setdefault(tensor, []).append((op, at))
        hidden = {*fed, *wanted, *_differentiated(operations)}
        for op in candidates:
            found |= _Rows(op, uses, hidden).found()
    return frozenset(found)


def _differentiated(operations: Iterable[Operation]) -> set[Tensor]:
    from onevar.core.gradient_steps import TYPE  # regions are made of steps as well

    return {t for op in operations if op.type == TYPE for t in (*op.kept.xs, *op.kept.ys)}


class _Other(Exception):
    """Somebody else looks at a value."""


class _Rows:
    """What happens to the results of one `Unique`."""

    def __init__(self, unique: Operation, uses: Uses, hidden: set[Tensor]):
        self.unique, self.uses, self.hidden = unique, uses, hidden
        self.indices, self.places = unique.outputs
        self.counts: set[Tensor] = set()

    def found(self) -> set[Operation]:
        """Return the operation and those that replace rows; nothing where somebody else looks at a value."""
        try:
            users = self._index_users()
            rows = self._rows()
            if any(op.inputs[at] not in rows for op, at in users):
                return set()
        except _Other:
            return set()
        return {self.unique, *(op for op, _ in users if op.type.startswith(_APPLYING))}

    def _used(self, tensor: Tensor) -> list[tuple[Operation, int]]:
        if tensor in self.hidden:
            raise _Other
        return self.uses.get(tensor, [])

    def _index_users(self) -> list[tuple[Operation, int]]:
        """Return who updates at the indices, and the position of the rows it takes."""
        out = []
        for op, at in self._used(self.indices):
            if op.type == "Shape":
                for taking, _ in self._used(op.outputs[0]):
                    if taking.type != "StridedSlice":
                        raise _Other
                    self.counts.add(taking.outputs[0])
            else:
                where = _positions(op)
                if where is None or where[0] != at:
                    raise _Other
                out.append((op, where[1]))
        return out

    def _rows(self) -> set[Tensor]:
        """Return the sums, and what is computed from them row by row; all end in updates at the indices."""
        todo = []
        for op, at in self._used(self.places):
            if op.type != "UnsortedSegmentSum" or at != 1 or op.inputs[2] not in self.counts:
                raise _Other
            todo.append(op.outputs[0])
        for count in self.counts:
            if any(op.type != "UnsortedSegmentSum" or op.inputs[1] is not self.places for op, _ in self._used(count)):
                raise _Other
        found: set[Tensor] = set()
        while todo:
            tensor = todo.pop()
            found.add(tensor)
            for op, at in self._used(tensor):
                where = _positions(op)
                if where is not None and where[1] == at and op.inputs[where[0]] is self.indices:
                    continue
                if op.type not in _BY_ROWS:
                    raise _Other
                todo.append(op.outputs[0])
        return found


def _positions(op: Operation) -> tuple[int, int] | None:
    """Return where an update takes its indices and its rows, or None if it is none."""
    if op.type.startswith(_APPLYING):
        names = [arg.name for arg in op.op_def.inputs]
        return (names.index("indices"), names.index("grad")) if "grad" in names else None
    return _ADDING.get(op.type)


def _unique(k: Any, x: Any, *, out_idx: str) -> Any:
    """Return the different elements of a vector, then the first again and again to its length; and their places."""
    size = k.shape(x)[0]
    if size < 2:
        return x, k.zeros((size,), out_idx)
    order = k.argsort(x)
    ordered = k.take(x, order, axis=0)
    first, rest, before = (k.getitem(ordered, (part,)) for part in (slice(0, 1), slice(1, None), slice(0, -1)))
    new = k.astype(k.not_equal(rest, before), "int32")
    group = k.astype(k.concat([k.zeros((1,), "int32"), k.cumulative_sum(new)], axis=0), "int32")
    # Every element of a group writes the same there.
    different = k.scatter(k.broadcast_to(first, (size,)), group, ordered, "set")
    return different, k.astype(k.scatter(k.zeros((size,), "int32"), order, group, "set"), out_idx)


_UNIQUE = Kernel(_unique, "Unique")


class RowsStep(KernelStep):
    """`Unique` with as many results as it has elements, or an update of rows that knows of such."""

    __slots__ = ()

    def _override(self, frame: Frame) -> None:
        return None


def adapted(step: Step, chosen: Collection[Operation]) -> Step:
    """Return a step, or the one that stands for it where `row_updates` chose its operation.

    Args:
        step: The step of one operation.
        chosen: What `row_updates` returned.
    """
    operation = step.operation
    if operation not in chosen or not isinstance(step, KernelStep):
        return step
    if operation.type == "Unique":
        return RowsStep(operation, step.ins, step.outs, _UNIQUE)
    own = kernel_of(operation.type)
    assert own is not None
    made = RowsStep(operation, step.ins, step.outs, own)
    made.attrs["repeated"] = True
    return made

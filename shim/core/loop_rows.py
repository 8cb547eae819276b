"""What a loop reads and writes row by row, in order: a compiler has that as rows handed in and out, not as indices.

A read or write at the place of the loop's counter costs one row an iteration that way, in a derivative too. At an index
that is computed, a derivative adds a whole array for each row.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from onevar.core.constant import constant_value
from onevar.core.elements import Elements, Tools
from onevar.core.func_graph import ARGUMENT, FuncGraph
from onevar.core.operation import Operation, Tensor

_HANDING_ON = frozenset({"Identity", "Snapshot"})
_HOST = (np.ndarray, np.generic)


class Place(NamedTuple):
    """An index that is a loop variable and a constant."""

    variable: int
    offset: int


class LoopRows:
    """Which operations of a loop's body read and write rows in order.

    Attributes:
        counters: By how much each integer variable that counts goes on in an iteration.
        reads: Operations that read, with where, and the capture (a number) or variable that they read of.
        writes: By variable, the operation that writes to it and where.
    """

    def __init__(self, test: FuncGraph, loop: FuncGraph):
        self.loop = loop
        self.arguments = {tensor: i for i, tensor in enumerate(loop.arguments)}
        self.captured = {tensor: i for i, tensor in enumerate(loop.captures.values())}
        self.counters: dict[int, int] = {}
        for i, result in enumerate(loop.results):
            at = self._place(result)
            if at is not None and at.variable == i and at.offset:
                self.counters[i] = at.offset
        self.reads = [found for op in loop.operations if op.type == "TensorArrayReadV3" for found in self._read(op)]
        self.writes: dict[int, tuple[Operation, Place]] = {}
        looked_at = {t for op in test.operations for t in op.inputs} | set(test.results)
        for i, result in enumerate(loop.results):
            found = self._write(i, result)
            if found is not None and test.arguments[i] not in looked_at:
                self.writes[i] = found

    def _source(self, tensor: Tensor) -> Tensor:
        while tensor.op.type in _HANDING_ON:
            tensor = tensor.op.inputs[0]
        return tensor

    def _place(self, tensor: Tensor) -> Place | None:
        """Return a tensor as a loop variable and a constant, if it is that."""
        tensor = self._source(tensor)
        if tensor in self.arguments:
            return Place(self.arguments[tensor], 0)
        op = tensor.op
        if op.type not in ("Add", "AddV2", "Sub"):
            return None
        x, y = op.inputs
        first, number = self._place(x), _constant(y)
        if first is None and op.type != "Sub":
            first, number = self._place(y), _constant(x)
        if first is None or number is None:
            return None
        return Place(first.variable, first.offset + (-number if op.type == "Sub" else number))

    def _counted(self, index: Tensor) -> Place | None:
        at = self._place(index)
        return at if at is not None and abs(self.counters.get(at.variable, 0)) == 1 else None

    def _read(self, op: Operation) -> list[tuple[Operation, Place, str, int]]:
        at, flow = self._counted(op.inputs[1]), self._source(op.inputs[2])
        if at is None:
            return []
        if flow in self.captured:
            return [(op, at, "captured", self.captured[flow])]
        i = self.arguments.get(flow)
        # A variable that stays what it is.
        return [(op, at, "variable", i)] if i is not None and self._source(self.loop.results[i]) is flow else []

    def _write(self, i: int, result: Tensor) -> tuple[Operation, Place] | None:
        op = self._source(result).op
        if op.type != "TensorArrayWriteV3" or op.graph is not self.loop:
            return None
        at = self._counted(op.inputs[1])
        alone = self._only(self.loop.arguments[i], op.inputs[3]) and self._only(op.outputs[0], result)
        return (op, at) if at is not None and alone else None

    def _only(self, tensor: Tensor, end: Tensor) -> bool:
        """Whether nothing is done with `tensor` but to hand it on to `end`, which is used once."""
        chain = [end]
        while chain[-1] is not tensor:
            if chain[-1].op.type not in _HANDING_ON:
                return False
            chain.append(chain[-1].op.inputs[0])
        uses = sum(t in chain for op in self.loop.operations for t in op.inputs)
        uses += sum(t in chain for t in self.loop.results)
        return uses == len(chain)


def _constant(tensor: Tensor) -> int | None:
    while tensor.op.type == ARGUMENT and isinstance(tensor.op.kept, Tensor):
        tensor = tensor.op.kept
    value = constant_value(tensor)
    return int(value) if value is not None and value.ndim == 0 and value.dtype.kind in "iu" else None


class Rows:
    """The rows of one loop in one run: those that go in, and those that come out.

    Attributes:
        given: The rows of what is read, by number.
        reads: For each operation that reads, which of `given`.
        taken: The variables whose rows come out, and the operations that write them.
    """

    def __init__(self, tools: Tools, found: LoopRows, variables: Sequence[Any], captures: Sequence[Any], length: int):
        self.tools, self.length = tools, length
        self.given: list[Any] = []
        self.reads: dict[Operation, int] = {}
        self.taken: list[tuple[int, Operation, int, int]] = []
        self._starts = {
            i: (int(variables[i]), step) for i, step in found.counters.items() if isinstance(variables[i], _HOST)
        }
        numbers: dict[tuple, int] = {}
        for op, at, kind, i in found.reads:
            contents, span = (captures if kind == "captured" else variables)[i], self._span(at)
            if span is None or not self._readable(contents, *span):
                continue
            key = (id(contents), span)
            if key not in numbers:
                numbers[key] = len(self.given)
                self.given.append(self._rows(contents, *span))
            self.reads[op] = numbers[key]
        for i, (op, at) in found.writes.items():
            span = self._span(at)
            if span is not None and self._writable(variables[i], *span):
                self.taken.append((i, op, *span))

    def _span(self, at: Place) -> tuple[int, int] | None:
        """Return the lowest row, and 1 or -1 for the direction."""
        if at.variable not in self._starts:
            return None
        start, step = self._starts[at.variable]
        first = start + at.offset
        return (first, 1) if step > 0 else (first - self.length + 1, -1)

    def _readable(self, contents: Any, low: int, direction: int) -> bool:
        known = isinstance(contents, Elements) and (contents.rows is not None or contents.items is not None)
        return known and low >= 0 and low + self.length <= contents.size and _uniform(contents)

    def _rows(self, contents: Elements, low: int, direction: int) -> Any:
        rows = self.tools.frame.native(contents.dense(self.tools).rows)
        if (low, self.length) != (0, contents.size):
            rows = self.tools.k.getitem(rows, (slice(low, low + self.length), ...))
        return rows if direction > 0 else self.tools.k.flip(rows, axis=0)

    def _writable(self, contents: Any, low: int, direction: int) -> bool:
        if not isinstance(contents, Elements) or low < 0 or contents.rows is not None or not _uniform(contents):
            return False
        if low + self.length > contents.size and not contents.array.dynamic:
            return False
        return all(x is None for x in (contents.items or [])[low : low + self.length])

    def written(self, contents: Elements, rows: Any, low: int, direction: int) -> Elements:
        """Return contents with the rows that came out of the loop."""
        tools, k = self.tools, self.tools.k
        if direction < 0:
            rows = k.flip(rows, axis=0)
        size, end = max(contents.size, low + self.length), low + self.length
        shape = contents.merged(tools.shape(rows)[1:], "index ?")
        if (low, end) == (0, size):
            return Elements(contents.array, size, shape, rows=rows)
        whole = Elements(
            contents.array, size, shape, [*(contents.items or []), *[None] * (size - len(contents.items or []))]
        )
        dense = tools.frame.native(whole.dense(tools, tools.shape(rows)[1:]).rows)
        parts = [k.getitem(dense, (slice(0, low), ...)), rows, k.getitem(dense, (slice(end, size), ...))]
        return Elements(contents.array, size, shape, rows=k.concat(parts, axis=0))


def _uniform(contents: Elements) -> bool:
    """Whether the elements that are there have one shape."""
    shapes = {tuple(x.shape) for x in contents.items or () if x is not None}
    return len(shapes) < 2


class Current:
    """The rows of one iteration, while its body is traced.

    Attributes:
        reads: By operation, the row that it reads.
        writes: By operation, the row that it wrote; None before.
    """

    __slots__ = ("reads", "writes")

    def __init__(self, rows: Rows, values: Sequence[Any]):
        self.reads = {op: values[number] for op, number in rows.reads.items()}
        self.writes: dict[Operation, Any] = {op: None for _, op, _, _ in rows.taken}

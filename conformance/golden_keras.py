"""What Keras does, as recorded in `golden/keras_promotion.json`, and where onevar differs on purpose.

Keras narrows 64-bit dtypes everywhere but on JAX with x64 switched on; that recording, `"jax-x64"`,
is therefore its promotion rule at full width (`Cell.full`). `DIFFERENCES` states every cell in which
onevar does not do as Keras on the same framework, what it does instead, and why.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from onevar.dtypes import FLOAT8, NARROW

FILE = Path(__file__).with_name("golden") / "keras_promotion.json"
GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
MEMBERS: tuple[str, ...] = tuple(GOLDEN["members"])
#: Stands for "raises an error" in the tables.
ERROR = GOLDEN["error"]
FULL = "jax-x64"

_INDEX = {dtype: i for i, dtype in enumerate(GOLDEN["dtypes"])}
_WIDE = frozenset(NARROW)
_SIGNED = frozenset({"int8", "int16", "int32", "int64"})
_UNSIGNED_NOT_IN_TORCH = frozenset({"uint16", "uint32", "uint64"})
_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_ORDER = frozenset({"lt", "le", "gt", "ge"})
_LOGIC = frozenset({"and", "or", "xor"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of Keras's table: `left op right`.

    Attributes:
        backend: A name of `GOLDEN["backends"]`.
        op: `"add"`, ..., `"matmul"`, `"eq"`, ..., `"xor"`.
        left: A dtype.
        right: A dtype, or the Python type of a scalar: `"py-int"`.
        keras: The dtype that Keras gives on this backend, or `ERROR`.
        full: The one that it gives on JAX with x64.
    """

    backend: str
    op: str
    left: str
    right: str
    keras: str
    full: str

    @property
    def operands(self) -> frozenset[str]:
        """Both operands, in no order."""
        return frozenset({self.left, self.right})


@dataclass(frozen=True, slots=True)
class Difference:
    """Cells in which onevar does not do what Keras does.

    Attributes:
        name: Short, for reports.
        why: One sentence.
        applies: Which cells.
        ours: What onevar does there; None promises nothing.
    """

    name: str
    why: str
    applies: Callable[[Cell], bool]
    ours: Callable[[Cell], str | None]


def _full(cell: Cell) -> str:
    # Beside a 64-bit integer, a float that nobody asked to be 64-bit stays `floatx()`.
    if cell.full == "float64" and "float64" not in cell.operands:
        return "float32"
    if cell.full == "complex128" and not cell.operands & {"float64", "complex128"}:
        return "complex64"
    return cell.full


#: In order: the first that applies decides.
DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "comparisons",
        "A comparison that Keras cannot do on its framework is not promised.",
        lambda c: c.op in _COMPARISONS and (c.keras == ERROR or bool(c.operands & set(FLOAT8))),
        lambda c: None,
    ),
    Difference(
        "complex-order",
        "Complex numbers have no order; some frameworks compare them all the same.",
        lambda c: c.op in _ORDER and "complex" in f"{c.left} {c.right}",
        lambda c: None,
    ),
    Difference(
        "logic",
        "Logic of float8 and of what the framework cannot take as a truth value is not promised.",
        lambda c: c.op in _LOGIC and (c.keras == ERROR or bool(c.operands & set(FLOAT8))),
        lambda c: None,
    ),
    Difference(
        "float8-itself",
        "float8 is for storage: what it computes with itself is not promised (Keras: JAX computes, others refuse).",
        lambda c: c.left == c.right and c.left in FLOAT8,
        lambda c: None,
    ),
    Difference(
        "float8-mixed",
        "float8 has no implicit conversion; Keras says so in result_type, and converts on JAX all the same.",
        lambda c: bool(c.operands & set(FLOAT8)) and c.keras != ERROR,
        lambda c: ERROR,
    ),
    Difference(
        "torch-unsigned",
        "Keras on torch stores uint16 as int32 and uint32 as int64, and has no uint64; onevar has all three.",
        lambda c: (
            c.backend == "torch"
            and bool(c.operands & _UNSIGNED_NOT_IN_TORCH)
            and not c.operands & set(FLOAT8)
            and c.op not in _COMPARISONS | _LOGIC
        ),
        lambda c: "int32" if c.full == "int64" and not c.operands & _WIDE else _full(c),
    ),
    Difference(
        "uint64-signed",
        "Above uint64 and a signed integer the lattice has float only; Keras gives int32, or float64 on JAX with x64.",
        lambda c: "uint64" in c.operands and bool(c.operands & _SIGNED) and c.keras in ("int32", "float64"),
        lambda c: "float32",
    ),
    Difference(
        "64-bit-kept",
        "A 64-bit operand is never narrowed; Keras narrows it in silence on some frameworks.",
        lambda c: bool(c.operands & _WIDE) and c.keras != _full(c) and c.keras in (NARROW.get(_full(c)), "int32"),
        _full,
    ),
    Difference(
        "division-of-integers",
        "Integers divide to floatx, as in Keras everywhere but on JAX with x64.",
        lambda c: c.op == "truediv" and c.keras == "float64" != _full(c),
        _full,
    ),
    Difference(
        "remainder-of-scalars",
        "A Python scalar does not widen in `%` either; Keras gives it a dtype of its own first, except on JAX.",
        lambda c: (
            c.op == "mod"
            and c.right in ("py-int", "py-float")
            and c.keras not in (_full(c), ERROR, "bool")
            and c.left != "bool"
        ),
        _full,
    ),
    Difference(
        "complex-scalar",
        "A Python complex beside 32 bits gives complex64, as in Keras everywhere but on JAX with x64.",
        lambda c: c.right == "py-complex" and c.keras == "complex128" != _full(c),
        _full,
    ),
    Difference(
        "float-scalar",
        "A Python float beside an integer or bool gives floatx, as in Keras everywhere but on JAX with x64.",
        lambda c: c.right == "py-float" and c.keras == "float64" != _full(c),
        _full,
    ),
    Difference(
        "x64-does-not-matter",
        "uint32 beside a signed integer gives int32 on JAX, whether x64 is on or off.",
        lambda c: c.backend == FULL and c.keras == "int64" and not c.operands & _WIDE,
        lambda c: "int32",
    ),
    Difference(
        "two-bools",
        "Two bools give what JAX gives, on every framework; Keras refuses some, or gives int8.",
        lambda c: c.left == "bool" and c.right in ("bool", "py-bool") and c.keras != c.full,
        lambda c: c.full,
    ),
    Difference(
        "scalar-bool",
        "A Python bool is an operand like any other; Keras on TensorFlow refuses it beside some dtypes.",
        lambda c: c.right == "py-bool" and c.keras == ERROR != c.full and c.left not in FLOAT8,
        lambda c: c.full,
    ),
    Difference(
        "refused",
        "What Keras cannot do on its own framework, and can on JAX, is not promised.",
        lambda c: c.keras == ERROR != c.full and not c.operands & set(FLOAT8),
        lambda c: None,
    ),
    Difference(
        "int8-matmul",
        "int8 @ int8 accumulates in int32, as in Keras everywhere but on TensorFlow.",
        lambda c: c.op == "matmul" and c.left == c.right == "int8" and c.keras == "int8",
        lambda c: "int32",
    ),
)


def reference(backend: str) -> str:
    """Return which recording an adapter is measured against: its own, else JAX's at full width."""
    if backend == "jax":
        return FULL
    return backend if backend in GOLDEN["backends"] else FULL


@cache
def _rows(backend: str, op: str) -> tuple[tuple[str, ...], ...]:
    entry = GOLDEN["backends"][backend]
    table = entry["result_type"] if op == "result_type" else entry["binary"][op]
    return tuple(tuple(row.split()) for row in GOLDEN["tables"][table])


@cache
def _scalar_row(backend: str, op: str, kind: str) -> tuple[str, ...]:
    return tuple(GOLDEN["backends"][backend]["scalar"][f"{op} {kind}"].split())


def cell(backend: str, op: str, left: str, right: str) -> Cell:
    """Return what Keras does for `left op right` on a recorded backend; `right` may be `"py-int"`."""
    i = _INDEX[left]
    if right.startswith("py-"):
        kind = right.removeprefix("py-")
        keras, full = (_scalar_row(b, op, kind)[i] for b in (backend, FULL))
    else:
        keras, full = (_rows(b, op)[i][_INDEX[right]] for b in (backend, FULL))
    return Cell(backend, op, left, right, keras, full)


def difference(entry: Cell) -> Difference | None:
    """Return the stated difference that decides a cell, or None where onevar does as Keras."""
    found = next((d for d in DIFFERENCES if d.applies(entry)), None)
    return found if found is not None and found.ours(entry) != entry.keras else None


def expected(backend: str, op: str, left: str, right: str) -> tuple[str | None, str]:
    """Return onevar's dtype (or `ERROR`, or None: not promised) for a cell, and why."""
    entry = cell(backend, op, left, right)
    found = difference(entry)
    if found is None:
        return entry.keras, f"as Keras {GOLDEN['keras']} on {backend}"
    return found.ours(entry), f"{found.name}: {found.why} Keras on {backend}: {entry.keras}"


@cache
def unary(backend: str, op: str) -> dict[str, str]:
    """Return the dtype that Keras gives for a unary operator, for each dtype."""
    return dict(zip(GOLDEN["dtypes"], GOLDEN["backends"][backend]["unary"][op].split(), strict=True))

"""Templates of expressions: `ops.sum({input_tensor}, axis={axis|reduction_indices:axis})`.

What stands in braces is an argument of TensorFlow's function: its names there (`axis|reduction_indices`, two spellings
of one thing), how it is to be read (`:axis`, see `kinds`; nothing: as a value), and what to write where it was not
given (`=0`). An argument by keyword that was not given and has no such text is left out. `SEED` is the unit's
generator of random numbers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import Refused, code_of, expression, is_simple, operand
from onevar.migrate.rewrite.context import BoundCall, Context

#: What a template may name without more ado, and the import that gives it.
MODULES = {
    "glob": "import glob",
    "keras": "import keras",
    "math": "import math",
    "np": "import numpy as np",
    "ops": "from keras import ops",
    "os": "import os",
    "shutil": "import shutil",
}
SEED = "SEED"
_SLOT = re.compile(r"\{(?P<names>\w+(?:\|\w+)*)(?::(?P<kind>\w+))?(?:=(?P<default>[^{}]*))?\}")
_MARK = re.compile(r"^_slot(\d+)_$")
#: An argument that has been looked at, and is converted when it is asked for.
Ready = Callable[[], cst.BaseExpression]


@dataclass(frozen=True)
class Slot:
    """A place for an argument.

    Attributes:
        names: The spellings of TensorFlow's parameter.
        kind: How it is read, one of `kinds.KINDS`.
        default: What is written if it was not given; None: nothing.
    """

    names: tuple[str, ...]
    kind: str
    default: str | None


@dataclass(frozen=True)
class Template:
    """An expression with places for arguments.

    Attributes:
        body: The expression; a slot is a name, `_slot0_`.
        slots: The slots by number.
    """

    body: cst.BaseExpression
    slots: tuple[Slot, ...]

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters of TensorFlow's function that have a place."""
        return frozenset(name for slot in self.slots for name in slot.names)


@cache
def template(text: str) -> Template:
    """Return a template from its text.

    Args:
        text: An expression of Python with slots in braces.
    """
    slots: list[Slot] = []

    def mark(match: re.Match[str]) -> str:
        slots.append(Slot(tuple(match["names"].split("|")), match["kind"] or "value", match["default"]))
        return f"_slot{len(slots) - 1}_"

    marked = _SLOT.sub(mark, text)
    return Template(expression(marked), tuple(slots))


class _Filling(cst.CSTTransformer):
    def __init__(self, values: Mapping[int, cst.BaseExpression | None], names: Mapping[str, cst.BaseExpression]):
        super().__init__()
        self._values = values
        self._names = names

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg | cst.RemovalSentinel:  # noqa: N802
        number = slot_number(original_node.value)
        if number is None:
            return updated_node
        value = self._values[number]
        if value is None:
            return cst.RemoveFromParent()
        return updated_node.with_changes(value=value)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
        if not updated_node.args or len(updated_node.args) == len(original_node.args):
            return updated_node
        last = updated_node.args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=[*updated_node.args[:-1], last])

    def leave_Element(self, original_node: cst.Element, updated_node: cst.Element) -> cst.Element:  # noqa: N802
        number = slot_number(original_node.value)
        value = None if number is None else self._values[number]
        return updated_node if value is None else updated_node.with_changes(value=value)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        number = slot_number(original_node)
        if number is None:
            return self._names.get(original_node.value, updated_node)
        value = self._values[number]
        return updated_node if value is None else operand(value)


def slot_number(node: cst.CSTNode) -> int | None:
    """Return the number of the slot that a name in a template is; None if it is none."""
    match = _MARK.match(node.value) if isinstance(node, cst.Name) else None
    return int(match[1]) if match else None


def _roots(node: cst.BaseExpression) -> set[str]:
    found = set()

    class _Names(cst.CSTVisitor):
        def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802 - libcst's name
            node.value.visit(self)
            return False

        def visit_Arg(self, node: cst.Arg) -> bool:  # noqa: N802 - libcst's name
            node.value.visit(self)
            return False

        def visit_Name(self, node: cst.Name) -> None:  # noqa: N802 - libcst's name
            if node.value in MODULES or node.value == SEED:
                found.add(node.value)

    node.visit(_Names())
    return found


def write(body: cst.BaseExpression, context: Context) -> cst.BaseExpression:
    """Return an expression that names modules as the file does, which imports them from now on.

    Args:
        body: The expression; of `MODULES`, as they are called there.
        context: The unit's.
    """
    return fill(body, {}, context)


def fill(
    body: cst.BaseExpression, values: Mapping[int, cst.BaseExpression | None], context: Context
) -> cst.BaseExpression:
    """Return a template's body with its slots filled.

    Args:
        body: Of the template.
        values: By number of the slot; None leaves the argument out.
        context: The unit's, for its imports.
    """
    roots = _roots(body)
    names: dict[str, cst.BaseExpression] = {
        root: cst.Name(context.imports(MODULES[root])) for root in sorted(roots - {SEED})
    }
    if SEED in roots:
        names[SEED] = context.seed()
    filled = body.visit(_Filling(values, names))
    assert isinstance(filled, cst.BaseExpression)
    return filled


def given(slot: Slot, call: BoundCall) -> cst.BaseExpression | None:
    """Return what was given for a slot; None: nothing.

    Raises:
        Refused: By two names at once.
    """
    found = [name for name in slot.names if name in call.arguments]
    if len(found) > 1:
        raise Refused(f"{' and '.join(found)} are two spellings of one argument of tf.{call.symbol}")
    return call.arguments[found[0]] if found else None


def check_once(used: Template, call: BoundCall) -> None:
    """Check that what a template writes twice computes nothing.

    Raises:
        Refused: It would be computed twice.
    """
    seen: set[tuple[str, ...]] = set()
    for slot in used.slots:
        node = given(slot, call)
        if slot.names in seen and node is not None and not is_simple(node):
            raise Refused(f"Keras needs its {slot.names[0]} twice; give `{code_of(node)[:40]}` a name, then it can be")
        seen.add(slot.names)

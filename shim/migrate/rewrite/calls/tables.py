"""Rules from tables: a call of TensorFlow, and the template of what it becomes.

A row of a table: the names of the function, the template, the arguments that make no difference in Keras, and what
to know, which the report says. An argument that the template has no place for, and that was given as something else
than its default, is a reason to leave the call as it is.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import libcst as cst

from onevar.migrate.rewrite.calls.kinds import KINDS
from onevar.migrate.rewrite.calls.nodes import UNKNOWN, Refused, code_of, expression, literal, sentence
from onevar.migrate.rewrite.calls.templates import Ready, Slot, Template, check_once, fill, given, slot_number, template
from onevar.migrate.rewrite.context import BoundCall, Context, Refusal, Rewritten

#: Arguments that only say what an operation is called.
NAMES = frozenset({"name"})


@cache
def defaults(symbol: str) -> dict[str, Any]:
    """Return the default values of the parameters of one of TensorFlow's functions.

    Args:
        symbol: Its name, below `tf.`.
    """
    import onevar.v1

    found: Any = onevar.v1
    for part in symbol.split("."):
        found = getattr(found, part, None)
    if found is None:
        return {}
    parameters = inspect.signature(found).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}


def is_default(call: BoundCall, parameter: str) -> bool:
    """Whether an argument was given as what it is anyhow.

    Args:
        call: The call.
        parameter: One of its arguments.
    """
    value = literal(call.arguments[parameter])
    if value is UNKNOWN:
        return False
    known = defaults(call.symbol).get(parameter, UNKNOWN)
    return known is not UNKNOWN and type(known) in (type(value), type(None)) and bool(known == value)


def check_rest(call: BoundCall, used: frozenset[str], ignored: frozenset[str] = NAMES) -> None:
    """Check that a call has no arguments that would be forgotten.

    Args:
        call: The call.
        used: The parameters that have a place.
        ignored: Those that make no difference.

    Raises:
        Refused: It has.
    """
    for parameter, node in call.arguments.items():
        if parameter in used or parameter in ignored or is_default(call, parameter):
            continue
        raise Refused(f"Keras has no counterpart of its {parameter}={code_of(node)[:40]}")


@dataclass(frozen=True)
class TableRule:
    """A rule that is one template.

    Attributes:
        text: The template.
        ignored: The arguments that make no difference.
        note: What to know about it; empty: nothing.
        host: Whether it is about the host, files and the like, not about tensors.
    """

    text: str
    ignored: frozenset[str] = NAMES
    note: str = ""
    host: bool = False

    def rewrite(self, call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return the template with the call's arguments.

        Args:
            call: The call.
            context: The unit's.
        """
        try:
            if not (self.host or context.eager):
                raise Refused("its values are tensors of a graph here")
            result = filled(self.text, call, context, self.ignored)
        except Refused as reason:
            return Refusal(sentence(str(reason)))
        return Rewritten(result, sentence(self.note)) if self.note else result


def filled(text: str, call: BoundCall, context: Context, ignored: frozenset[str] = NAMES) -> cst.BaseExpression:
    """Return a template with a call's arguments, laid out as the call was.

    Args:
        text: The template.
        call: The call.
        context: The unit's.
        ignored: The arguments that make no difference.

    Raises:
        Refused: An argument cannot be said so.
    """
    used = template(text)
    check_rest(call, used.parameters, ignored)
    check_once(used, call)
    ready = {index: _ready(used, index, call, context) for index in range(len(used.slots))}
    values = {index: None if one is None else one() for index, one in ready.items()}
    return laid_out(used, fill(used.body, values, context), call)


def _ready(used: Template, index: int, call: BoundCall, context: Context) -> Ready | None:
    slot = used.slots[index]
    node = given(slot, call)
    # None is what it is anyhow, or a value of its own: `activation_fn=None`.
    if node is None or (slot.default is not None and literal(node) is None and _means_nothing(slot, call)):
        default = slot.default
        if default is None and not _can_go(used, index):
            raise Refused(f"it is called without {slot.names[0]}")
        return None if default is None else lambda: expression(default)
    return KINDS[slot.kind](node, context)


def _means_nothing(slot: Slot, call: BoundCall) -> bool:
    return all(defaults(call.symbol).get(name) is None for name in slot.names)


def _can_go(used: Template, index: int) -> bool:
    """Whether a slot is an argument by keyword, which may be left out."""
    found = False

    class _Keywords(cst.CSTVisitor):
        def visit_Arg(self, node: cst.Arg) -> None:  # noqa: N802 - libcst's name
            nonlocal found
            found = found or (slot_number(node.value) == index and node.keyword is not None)

    used.body.visit(_Keywords())
    return found


def laid_out(used: Template, result: cst.BaseExpression, call: BoundCall) -> cst.BaseExpression:
    """Return an expression with the line breaks and comments that the arguments of the original call had.

    Args:
        used: The template.
        result: The template filled.
        call: The original call.
    """
    original = call.node
    if not isinstance(result, cst.Call) or "\n" not in code_of(original) or not original.args or not result.args:
        return result
    layouts = {id(arg.value): arg for arg in original.args}
    places = [layouts.get(id(node)) for node in _sources(used, call)]
    if len(result.args) > len(original.args) or len(places) != len(result.args) or None in places:
        return result
    args = [
        new.with_changes(comma=old.comma, whitespace_after_arg=old.whitespace_after_arg)
        for new, old in zip(result.args, places, strict=True)
        if old is not None
    ]
    final = original.args[-1]
    args[-1] = args[-1].with_changes(comma=final.comma, whitespace_after_arg=final.whitespace_after_arg)
    args[:-1] = [_separated(arg) for arg in args[:-1]]
    return result.with_changes(args=args, whitespace_before_args=original.whitespace_before_args)


def _separated(arg: cst.Arg) -> cst.Arg:
    comma = arg.comma if isinstance(arg.comma, cst.Comma) else cst.Comma(cst.SimpleWhitespace(""))
    blank = isinstance(comma.whitespace_after, cst.SimpleWhitespace) and not comma.whitespace_after.value
    return arg.with_changes(comma=comma.with_changes(whitespace_after=cst.SimpleWhitespace(" ")) if blank else comma)


def _sources(used: Template, call: BoundCall) -> Iterator[cst.BaseExpression | None]:
    """Yield, for the arguments of the filled template in order, the original arguments that they are."""
    assert isinstance(used.body, cst.Call)
    for arg in used.body.args:
        index = slot_number(arg.value)
        if index is None:
            yield None
            continue
        node = given(used.slots[index], call)
        if node is not None or used.slots[index].default is not None:
            yield node


@cache
def read(name: str) -> dict[str, TableRule]:
    """Return the rules of a table of this folder.

    Args:
        name: The file, without `.tsv`.
    """
    rules: dict[str, TableRule] = {}
    for line in (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        names, text, ignored, note = [*line.split("\t"), "", "", ""][:4]
        rule = TableRule(text, NAMES | frozenset(ignored.split()), note, host=name == "host")
        for symbol in names.split():
            if symbol in rules:
                raise ValueError(f"{name}.tsv has tf.{symbol} twice")
            rules[symbol] = rule
    return rules

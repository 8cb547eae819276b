"""Rules of `tf.Variable` and `tf.get_variable`: weights of a layer of Keras's."""

from collections.abc import Mapping

import libcst as cst

from onevar.migrate.rewrite.calls.initializers import Initial, bound, initial, initializer
from onevar.migrate.rewrite.calls.kinds import dtype_name, shape
from onevar.migrate.rewrite.calls.layers import regularizer
from onevar.migrate.rewrite.calls.nodes import UNKNOWN, Refused, code_of, expression, literal
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import check_rest
from onevar.migrate.rewrite.calls.templates import Ready, write
from onevar.migrate.rewrite.context import BoundCall, Context

#: Arguments that say where and how TensorFlow keeps a variable, not what it is.
_FREE = frozenset(
    {"name", "caching_device", "validate_shape", "expected_shape", "import_scope", "use_resource", "variable_def"}
    | {"synchronization", "aggregation"}
)
_CALLABLE = ("_initializer", "initializers.")


def _word(given: str) -> Ready:
    return lambda: expression(f'"{given}"')


def _is_whole(typed: Mapping[str, Ready]) -> bool:
    """Whether a weight plainly holds whole numbers, which no backend differentiates."""
    return "dtype" in typed and code_of(typed["dtype"]()).startswith(('"int', '"uint', '"bool'))


def _flag(call: BoundCall, typed: Mapping[str, Ready]) -> dict[str, Ready]:
    """Return whether the weight is trained, if it is not.

    Args:
        call: The call.
        typed: The weight's dtype, if it is not float32.

    Raises:
        Refused: It is not written out.
    """
    trainable = literal(call.arguments.get("trainable", expression("True")))
    if trainable is UNKNOWN:
        raise Refused("whether it is trained is not written out")
    return {} if trainable in (True, None) and not _is_whole(typed) else {"trainable": lambda: expression("False")}


def _named(call: BoundCall) -> dict[str, Ready]:
    given = literal(call.arguments.get("name"))
    return {"name": _word(given.replace("/", "_"))} if isinstance(given, str) else {}


def _typed(call: BoundCall, context: Context, known: str | None) -> dict[str, Ready]:
    """Return the dtype of the weight, if it is not float32.

    Raises:
        Refused: It is not written out.
    """
    node = call.arguments.get("dtype")
    if node is None or literal(node) is None:
        return {"dtype": _word(known)} if known else {}
    name = dtype_name(node, context)
    if name is None:
        return {"dtype": lambda: context.convert(node)}
    return {} if name == "float32" and known is None else {"dtype": _word(name)}


def _check(call: BoundCall, used: frozenset[str]) -> None:
    if literal(call.arguments.get("collections", expression("None"))) is not None:
        raise Refused("Keras has no collections to put it in")
    check_rest(call, used | {"collections"}, _FREE)


def _kept(function: str, arguments: dict[str, Ready], call: BoundCall, context: Context) -> cst.BaseExpression:
    """Return the weight that a call with these arguments makes, once."""
    made = [_argument(name, ready()) for name, ready in arguments.items()]
    head = expression(function)
    factory = cst.Call(head if function == "add_weight" else write(head, context), made)
    given = literal(call.arguments.get("name"))
    found = context.weight(factory, given if isinstance(given, str) else None)
    if found is None:
        raise Refused("there is no place to keep its weight in")
    return found


def _argument(name: str, node: cst.BaseExpression) -> cst.Arg:
    if not name:
        return cst.Arg(node)
    return cst.Arg(node, keyword=cst.Name(name), equal=cst.AssignEqual(_NOTHING, _NOTHING))


_NOTHING = cst.SimpleWhitespace("")


def _from_law(law: Initial, call: BoundCall, context: Context, more: dict[str, Ready]) -> cst.BaseExpression:
    assert law.shape is not None
    typed = _typed(call, context, law.dtype)
    arguments = {"shape": law.shape, "initializer": law.initializer, **typed}
    return _kept("add_weight", {**arguments, **_flag(call, typed), **_named(call), **more}, call, context)


@rule("Variable")
def variable(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Make a weight of a value."""
    _check(call, frozenset({"initial_value", "trainable", "dtype", "constraint"}))
    node = call.arguments.get("initial_value")
    if node is None:
        raise Refused("it has no initial value")
    if isinstance(node, cst.Lambda):
        raise Refused("its initial value is a function")
    law = initial(node, context)
    more = _constrained(call, context)
    if law is not None:
        return _from_law(law, call, context, more)
    if more:
        raise Refused("a constraint goes with an initializer")
    return _of_value(node, call, context)


def _of_value(node: cst.BaseExpression, call: BoundCall, context: Context) -> cst.BaseExpression:
    """Return the weight that begins as a value."""
    typed = _typed(call, context, None)
    if literal(call.arguments.get("dtype")) is UNKNOWN and "dtype" in call.arguments and not typed:
        typed = {"dtype": _word("float32")}
    arguments: dict[str, Ready] = {"": lambda: context.convert(node), **typed, **_flag(call, typed), **_named(call)}
    return _kept("keras.Variable", arguments, call, context)


def _constrained(call: BoundCall, context: Context) -> dict[str, Ready]:
    node = call.arguments.get("constraint")
    if node is None or literal(node) is None:
        return {}
    return {"constraint": lambda: context.convert(node)}


@rule("get_variable")
def get_variable(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Make a weight by name; without an initializer, by Glorot's uniform law, as Keras does."""
    used = frozenset({"shape", "dtype", "initializer", "regularizer", "trainable", "constraint"})
    _check(call, used)
    node, where = call.arguments.get("initializer"), call.arguments.get("shape")
    more = _constrained(call, context)
    if call.arguments.get("regularizer") is not None and literal(call.arguments["regularizer"]) is not None:
        more["regularizer"] = regularizer(call.arguments["regularizer"], context)
    if where is None or literal(where) is None:
        return _of_initial(node, call, context, more)
    arguments: dict[str, Ready] = {"shape": shape(where, context)}
    arguments["initializer"] = _law(node, context)
    typed = _typed(call, context, None)
    if node is None and _is_whole(typed):
        raise Refused("it begins with zeros, being of whole numbers; write that")
    return _kept("add_weight", {**arguments, **typed, **_flag(call, typed), **_named(call), **more}, call, context)


def _law(node: cst.BaseExpression | None, context: Context) -> Ready:
    if node is None or literal(node) is None:
        return _word("glorot_uniform")
    number = literal(node)
    if number is not UNKNOWN:
        raise Refused("its initializer is a value")
    return initializer(node, context)


def _of_initial(
    node: cst.BaseExpression | None, call: BoundCall, context: Context, more: dict[str, Ready]
) -> cst.BaseExpression:
    """Return the weight whose initializer is a value, which says the shape."""
    if node is None or literal(node) is None:
        raise Refused("it has no shape, so it must be there already")
    law = initial(node, context)
    if law is not None:
        return _from_law(law, call, context, more)
    called = bound(node, context)
    if called is not None and any(part in called.symbol for part in _CALLABLE):
        raise Refused("its initializer is not given a shape")
    if more or (called is None and not isinstance(node, cst.Name | cst.Attribute | cst.List)):
        raise Refused("its initializer is computed")
    return _of_value(node, call, context)

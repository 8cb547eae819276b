"""Rules about the host: files, logs and flags of the command line, which Python and absl have as well."""

from collections.abc import Mapping

import libcst as cst

from onevar.migrate.rewrite.calls.bindings import assigned
from onevar.migrate.rewrite.calls.nodes import Refused, expression, literal, sentence
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import check_rest
from onevar.migrate.rewrite.context import BoundCall, Context, Reference, Refusal, Rewritten

_SCOPES = cst.FunctionDef | cst.Lambda
_FLAGS = ("app.flags", "flags")
#: How TensorFlow and absl call the same arguments of a flag.
_KEYWORDS = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_DEFINES = ("string", "integer", "float", "boolean", "bool")
_LOGS = ("debug", "info", "warn", "warning", "error", "log", "set_verbosity", "get_verbosity")
_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


@rule("gfile.GFile", "gfile.Open", "gfile.FastGFile", "io.gfile.GFile", tensors=False)
def open_file(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    """Open a file; of text, TensorFlow's are UTF-8."""
    check_rest(call, frozenset({"name", "mode"}), frozenset())
    mode, name = literal(call.arguments.get("mode", expression("'r'"))), call.arguments.get("name")
    parent = context.names.parents.get(call.node)
    if not isinstance(mode, str) or name is None or mode not in ("r", "w", "a", "rb", "wb", "ab"):
        raise Refused("how it is opened is not written out")
    if not isinstance(parent, cst.WithItem):
        raise Refused("TensorFlow's file objects have methods of their own; with `with` it could be open()")
    words = f'open(_, "{mode}")' if "b" in mode else f'open(_, "{mode}", encoding="utf-8")'
    made = cst.ensure_type(expression(words), cst.Call)
    file = made.args[0].with_changes(value=context.convert(name))
    return Rewritten(made.with_changes(args=[file, *made.args[1:]]), "For files of this machine.")


def _in_function(node: cst.CSTNode, context: Context) -> bool:
    above = context.names.parents.get(node)
    while above is not None and not isinstance(above, _SCOPES):
        above = context.names.parents.get(above)
    return above is not None


def check_flags(context: Context) -> None:
    """Check that absl can take over a module's flags.

    TensorFlow reads the command line at the first look at a flag; absl wants `app.run` to have done so.

    Raises:
        Refused: It cannot.
    """
    names = context.names
    runs = any(use.path in ("app.run", "compat.v1.app.run") for use in names.uses)
    if not runs:
        raise Refused("absl's flags have to be read by app.run, which this module does not call")
    for node, parent in names.parents.items():
        looks = isinstance(parent, cst.Attribute) and parent.value is node
        if looks and isinstance(node, cst.Name) and node.value == "FLAGS" and not _in_function(node, context):
            raise Refused("it looks at a flag before app.run has read them, which absl does not allow")


def _defined(call: BoundCall, context: Context) -> cst.BaseExpression:
    check_flags(context)
    if any(arg.keyword and arg.keyword.value not in (*_KEYWORDS, "name", "default", "help") for arg in call.node.args):
        raise Refused("absl knows no such argument")
    args = [_flag_argument(arg, context) for arg in call.node.args]
    if _is_alias(call.node.func, context):
        return call.node.with_changes(args=args)
    local = context.imports("from absl import flags")
    return call.node.with_changes(func=expression(f"{local}.{call.symbol.rpartition('.')[2]}"), args=args)


def _is_alias(node: cst.BaseExpression, context: Context) -> bool:
    """Whether an expression reads a name that the module gives to the flags, which becomes absl's: `flags.FLAGS`."""
    held = node.value if isinstance(node, cst.Attribute) else None
    value = assigned(held, context) if isinstance(held, cst.Name) else None
    return value is not None and context.symbol(value) in _FLAGS


def _flag_argument(arg: cst.Arg, context: Context) -> cst.Arg:
    word = arg.keyword and _KEYWORDS.get(arg.keyword.value, arg.keyword.value)
    return arg.with_changes(value=context.convert(arg.value), keyword=cst.Name(word) if word else None)


for _kind in _DEFINES:
    rule(*(f"{_base}.DEFINE_{_kind}" for _base in _FLAGS), tensors=False)(_defined)


@rule("app.run", tensors=False)
def run(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    """Run a program's `main`."""
    check_flags(context)
    check_rest(call, frozenset({"main", "argv"}))
    main = call.arguments.get("main")
    if main is None or literal(main) is None:
        tops = [one.name.value for one in context.names.module.body if isinstance(one, cst.FunctionDef)]
        if "main" not in tops:
            raise Refused("absl wants to be told what to run")
        main = cst.Name("main")
    local = context.imports("from absl import app")
    args = [cst.Arg(main if isinstance(main, cst.Name) else context.convert(main))]
    argv = call.arguments.get("argv")
    if argv is not None and literal(argv) is not None:
        args.append(cst.Arg(context.convert(argv)))
    return Rewritten(cst.Call(expression(f"{local}.run"), args), "Absl refuses flags that are not defined.")


class _Flags:
    """`FLAGS`, and the module of flags."""

    def __init__(self, name: str):
        self._name = name

    def rewrite(self, node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return absl's."""
        try:
            check_flags(context)
        except Refused as reason:
            return Refusal(sentence(str(reason)))
        if self._name and _is_alias(node, context):
            return node
        local = context.imports("from absl import flags")
        return expression(f"{local}.{self._name}" if self._name else local)


def check_logs(context: Context) -> None:
    """Check that absl can take over all that a module logs: its levels have other numbers.

    Raises:
        Refused: It cannot.
    """
    for use in context.names.uses:
        head, _, name = use.path.removeprefix("compat.v1.").partition(".")
        if head == "logging" and name not in (*_LOGS, *_LEVELS) and not use.is_import:
            raise Refused(f"absl has no logging.{name}, and levels of its own")


def _logged(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    check_logs(context)
    local = context.imports("from absl import logging as absl_logging")
    args = [arg.with_changes(value=context.convert(arg.value)) for arg in call.node.args]
    name = call.symbol.rpartition(".")[2]
    result = call.node.with_changes(func=expression(f"{local}.{'warning' if name == 'warn' else name}"), args=args)
    return Rewritten(result, "Absl begins its messages with another head.")


for _name in _LOGS:
    rule(f"logging.{_name}", tensors=False)(_logged)


class _Level:
    """A level of logging."""

    def __init__(self, name: str):
        self._name = name

    def rewrite(self, node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return absl's."""
        try:
            check_logs(context)
        except Refused as reason:
            return Refusal(sentence(str(reason)))
        local = context.imports("from absl import logging as absl_logging")
        return expression(f"{local}.{'WARNING' if self._name == 'WARN' else self._name}")


#: What flags and levels become where they are not called.
REFERENCES: Mapping[str, Reference] = {
    **{base: _Flags("") for base in _FLAGS},
    **{f"{base}.FLAGS": _Flags("FLAGS") for base in _FLAGS},
    **{f"logging.{name}": _Level(name) for name in _LEVELS},
}

"""Rules of what only names things: `tf.name_scope`."""

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import Refused, literal
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import filled
from onevar.migrate.rewrite.context import BoundCall, Context


@rule("name_scope")
def name_scope(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Name what is made inside; Keras's names have no slashes, and the scope is no string."""
    parent = context.names.parents.get(call.node)
    if isinstance(parent, cst.WithItem) and parent.asname is not None:
        raise Refused("its name is used, which is an object in Keras")
    name = call.arguments.get("name")
    given = literal(name.left if isinstance(name, cst.BinaryOperation) else name)
    if not isinstance(given, str) or not given or "/" in given:
        raise Refused("its name is not written out, or has a slash, which Keras's names have not")
    return filled("keras.name_scope({name})", call, context, frozenset({"values", "default_name"}))

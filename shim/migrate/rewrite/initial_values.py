"""What variables begin with: where `tf.Variable` stays, its value is TensorFlow's too, of which it is made again."""

import libcst as cst

from onevar.migrate.rewrite.names import Names

#: What makes variables, and the argument that they begin with.
MAKERS = {
    "Variable": ("initial_value", 0),
    "get_variable": ("initializer", 3),
    "get_local_variable": ("initializer", 3),
}


def named(names: Names) -> frozenset[cst.CSTNode]:
    """Return the assignments of what is given by its name to a call that makes a variable.

    Args:
        names: What the module's names mean.
    """
    wanted = {
        (_scope(names, node), given.value)
        for node in names.parents
        if isinstance(node, cst.Call) and isinstance(given := _given(names, node), cst.Name)
    }
    return frozenset(
        node
        for node in names.parents
        if wanted
        and isinstance(node, cst.Assign)
        and not (isinstance(node.value, cst.Call) and "initializer" in (names.name_of(node.value.func) or ""))
        and any(
            isinstance(one.target, cst.Name) and (_scope(names, node), one.target.value) in wanted
            for one in node.targets
        )
    )


def _given(names: Names, call: cst.Call) -> cst.BaseExpression | None:
    keyword, place = MAKERS.get(names.name_of(call.func) or "", ("", -1))
    for at, one in enumerate(call.args):
        if keyword and (one.keyword.value == keyword if one.keyword else at == place and not one.star):
            return one.value
    return None


def _scope(names: Names, node: cst.CSTNode) -> cst.CSTNode | None:
    above = names.parents.get(node)
    while above is not None and not isinstance(above, cst.FunctionDef | cst.Module):
        above = names.parents.get(above)
    return above

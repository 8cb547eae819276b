"""What a module's names are bound to, where that is one thing."""

from weakref import WeakKeyDictionary

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import code_of
from onevar.migrate.rewrite.context import Context
from onevar.migrate.rewrite.names import Names

_BINDERS = (cst.Param, cst.For, cst.CompFor, cst.NamedExpr, cst.AugAssign, cst.AnnAssign, cst.AsName)
_assigned: "WeakKeyDictionary[Names, dict[str, cst.BaseExpression | None]]" = WeakKeyDictionary()


def _values(names: Names) -> dict[str, cst.BaseExpression | None]:
    """Return what each name of a module is assigned to, if that is one thing; None if it is several, or not known."""
    if names not in _assigned:
        found: dict[str, cst.BaseExpression | None] = {}
        for node, parent in names.parents.items():
            if isinstance(parent, _BINDERS) and isinstance(node, cst.Name):
                found[node.value] = None
            if not isinstance(node, cst.AssignTarget) or not isinstance(parent, cst.Assign):
                continue
            for target in _targets(node.target):
                single = target is node.target and target not in found
                found[code_of(target)] = parent.value if single and code_of(target) not in found else None
        _assigned[names] = found
    return _assigned[names]


def _targets(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(node, cst.Tuple | cst.List):
        return [one for element in node.elements for one in _targets(element.value)]
    return [node]


def assigned(node: cst.BaseExpression, context: Context) -> cst.BaseExpression | None:
    """Return the one expression that a name, or an attribute, is assigned in its module; None if there is no such.

    Args:
        node: The name or attribute.
        context: The unit's.
    """
    return _values(context.names).get(code_of(node))

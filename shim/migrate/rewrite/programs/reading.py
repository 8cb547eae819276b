"""What a piece of source reads and binds: names, and attributes of names (`model.loss`), written as paths."""

from collections.abc import Iterable
from functools import lru_cache

import libcst as cst

#: Methods that change the object they are called on.
_MUTATORS = frozenset(("append", "extend", "insert", "update", "setdefault"))
_MODULE = cst.Module([])


def path_of(node: cst.CSTNode) -> str | None:
    """Return `"a.b.c"` for a name, or for attributes of a name; None for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = path_of(node.value)
        return None if base is None else f"{base}.{node.attr.value}"
    return None


def prefixes(path: str) -> list[str]:
    """Return a path and what it begins with: `["a", "a.b", "a.b.c"]`."""
    parts = path.split(".")
    return [".".join(parts[: at + 1]) for at in range(len(parts))]


def code(node: cst.CSTNode) -> str:
    """Return the text of a node."""
    return _MODULE.code_for_node(node)


def expression(text: str) -> cst.BaseExpression:
    """Return the node of an expression."""
    return cst.parse_expression(text)


def statements(text: str) -> list[cst.BaseStatement]:
    """Return the nodes of statements."""
    return [one for one in cst.parse_module(text).body if isinstance(one, cst.BaseStatement)]


def name(text: str) -> cst.Name:
    """Return a name's node."""
    return cst.Name(text)


class Reading(cst.CSTVisitor):
    """What some source reads, binds and changes.

    Attributes:
        loads: Paths that are read, with all that they begin with.
        binds: Paths that are bound.
        changes: Paths of objects that are changed in place.
        calls: The calls, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loads: set[str] = set()
        self.binds: set[str] = set()
        self.changes: set[str] = set()
        self.calls: list[cst.Call] = []
        self._outer: set[str] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Read a node by the method of its kind; go into those that have none."""
        method = getattr(self, f"_on_{type(node).__name__.lower()}", None)
        return True if method is None else method(node) is not False

    # -- reading ----------------------------------------------------------------------------------

    def _on_name(self, node: cst.Name) -> None:
        """Note a name that is read."""
        self.loads.add(node.value)

    def _on_attribute(self, node: cst.Attribute) -> bool:
        """Note a path that is read."""
        path = path_of(node)
        if path is None:
            node.value.visit(self)
        else:
            self.loads.update(prefixes(path))
        return False

    def _on_arg(self, node: cst.Arg) -> bool:
        """Read the value only: its keyword is no name."""
        node.value.visit(self)
        return False

    def _on_call(self, node: cst.Call) -> None:
        """Note a call, and what it changes."""
        self.calls.append(node)
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _MUTATORS:
            self._changed(node.func.value)

    def _changed(self, node: cst.BaseExpression) -> None:
        path = path_of(node)
        if path is not None:
            self.changes.add(path)
        elif isinstance(node, cst.Subscript | cst.Attribute):
            self._changed(node.value)

    # -- binding ----------------------------------------------------------------------------------

    def _target(self, node: cst.BaseExpression) -> None:
        if isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self._target(element.value)
            return
        path = path_of(node)
        if path is not None:
            self.binds.add(path)
            self.loads.update(prefixes(path)[:-1])
        elif isinstance(node, cst.Subscript):
            self._changed(node.value)
            node.visit(self)
        elif isinstance(node, cst.Attribute):
            node.value.visit(self)

    def _on_assigntarget(self, node: cst.AssignTarget) -> bool:
        """Note what is bound."""
        self._target(node.target)
        return False

    def _on_annassign(self, node: cst.AnnAssign) -> bool:
        """Note what is bound; the annotation is no value."""
        self._target(node.target)
        if node.value is not None:
            node.value.visit(self)
        return False

    def _on_augassign(self, node: cst.AugAssign) -> bool:
        """Note what is read and bound."""
        self._target(node.target)
        node.target.visit(self)
        node.value.visit(self)
        return False

    def _on_namedexpr(self, node: cst.NamedExpr) -> bool:
        """Note what is bound."""
        self._target(node.target)
        node.value.visit(self)
        return False

    def _on_for(self, node: cst.For) -> bool:
        """Note the loop's names, and what is in it."""
        self._target(node.target)
        for part in (node.iter, node.body, node.orelse):
            if part is not None:
                part.visit(self)
        return False

    def _on_asname(self, node: cst.AsName) -> bool:
        """Note what `as` binds."""
        self._target(node.name)
        return False

    def _on_import(self, node: cst.Import) -> bool:
        """Note what is imported."""
        self._imported(node.names)
        return False

    def _on_importfrom(self, node: cst.ImportFrom) -> bool:
        """Note what is imported."""
        if not isinstance(node.names, cst.ImportStar):
            self._imported(node.names)
        return False

    def _imported(self, names: Iterable[cst.ImportAlias]) -> None:
        for alias in names:
            bound = alias.evaluated_alias or alias.evaluated_name.partition(".")[0]
            self.binds.add(bound)

    def _on_global(self, node: cst.Global) -> bool:
        """Note names of the module."""
        self._outer.update(item.name.value for item in node.names)
        return False

    # -- scopes -----------------------------------------------------------------------------------

    def _inside(self, parts: Iterable[cst.CSTNode], local: set[str]) -> None:
        inner = Reading()
        for part in parts:
            part.visit(inner)
        hidden = (local | inner.binds) - inner._outer
        self.loads.update(path for path in inner.loads if path.partition(".")[0] not in hidden)
        self.changes.update(path for path in inner.changes if path.partition(".")[0] not in hidden)
        self.binds.update(inner._outer & inner.binds)
        self.calls.extend(inner.calls)

    def _on_functiondef(self, node: cst.FunctionDef) -> bool:
        """Note a function, what its body reads from outside, and its defaults."""
        self.binds.add(node.name.value)
        for one in node.decorators:
            one.visit(self)
        parameters = params_of(node.params)
        for parameter in parameters:
            if parameter.default is not None:
                parameter.default.visit(self)
        self._inside([node.body], {one.name.value for one in parameters})
        return False

    def _on_classdef(self, node: cst.ClassDef) -> bool:
        """Note a class and what its body reads from outside."""
        self.binds.add(node.name.value)
        for part in (*node.decorators, *node.bases, *node.keywords):
            part.visit(self)
        self._inside([node.body], set())
        return False

    def _on_lambda(self, node: cst.Lambda) -> bool:
        """Note what a lambda reads from outside."""
        self._inside([node.body], {one.name.value for one in params_of(node.params)})
        return False

    def _comprehension(self, node: cst.BaseComp, parts: list[cst.CSTNode]) -> bool:
        local = Reading()
        loop: cst.CompFor | None = node.for_in
        while loop is not None:
            local._target(loop.target)
            parts += [loop.iter, *loop.ifs]
            loop = loop.inner_for_in
        self._inside(parts, local.binds)
        return False

    def _on_listcomp(self, node: cst.ListComp) -> bool:
        """Note what a comprehension reads from outside."""
        return self._comprehension(node, [node.elt])

    def _on_setcomp(self, node: cst.SetComp) -> bool:
        """Note what a comprehension reads from outside."""
        return self._comprehension(node, [node.elt])

    def _on_generatorexp(self, node: cst.GeneratorExp) -> bool:
        """Note what a comprehension reads from outside."""
        return self._comprehension(node, [node.elt])

    def _on_dictcomp(self, node: cst.DictComp) -> bool:
        """Note what a comprehension reads from outside."""
        return self._comprehension(node, [node.key, node.value])


def params_of(parameters: cst.Parameters) -> list[cst.Param]:
    """Return all parameters of a function."""
    stars = (parameters.star_arg, parameters.star_kwarg)
    return [
        *parameters.posonly_params,
        *parameters.params,
        *parameters.kwonly_params,
        *(one for one in stars if isinstance(one, cst.Param)),
    ]


@lru_cache(maxsize=4096)
def read(node: cst.CSTNode) -> Reading:
    """Return what a node reads, binds and changes."""
    found = Reading()
    node.visit(found)
    return found


def only_statement(node: cst.BaseStatement | cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
    """Return the one small statement of a line; None for compound statements and lines of several."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        return node.body[0]
    return None


def assigned(node: cst.CSTNode) -> tuple[str, cst.BaseExpression] | None:
    """Return the path and the value of a plain assignment to one path; None for anything else."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        node = node.body[0]
    if isinstance(node, cst.Assign) and len(node.targets) == 1:
        path = path_of(node.targets[0].target)
        return None if path is None else (path, node.value)
    return None


def suite(node: cst.BaseSuite) -> list[cst.BaseStatement]:
    """Return the statements of a suite; one of the kind `if x: y` comes as a line of its own."""
    if isinstance(node, cst.IndentedBlock):
        return list(node.body)
    if isinstance(node, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine([one]) for one in node.body]
    return []

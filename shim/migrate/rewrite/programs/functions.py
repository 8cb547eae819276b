"""Functions that build a part of a graph: methods of the model, or functions of Keras tensors."""

from collections.abc import Iterable

import libcst as cst

from onevar.migrate.rewrite import expressions
from onevar.migrate.rewrite.context import Options
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.checks import makes_variables
from onevar.migrate.rewrite.programs.leaves import Leaf, call_symbol, called_symbols
from onevar.migrate.rewrite.programs.reading import code, expression, params_of, read
from onevar.migrate.rewrite.programs.state import ModelContext

_REPEATED = (
    cst.For, cst.While, cst.If, cst.IfExp, cst.Lambda, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp,
    cst.BooleanOperation, cst.Try,
)  # fmt: skip
_DRAWS = ("dropout", "random_", "truncated_normal", "multinomial", "random.")


class Functions:
    """The functions that the statements of a graph call.

    Args:
        analysis: What the statements do.
        context: Of the model.
        options: How far to go.
        hoists: Whether layers and weights may become attributes of the model.

    Attributes:
        reached: Their names.
        opening: The calls that open blocks that only name variables.
        scopes: Code of what opens blocks that only name variables: `tf.variable_scope`.
        named: Whether such a block's object is used, so that it has to stay.
    """

    def __init__(self, analysis: Analysis, context: ModelContext, options: Options, *, hoists: bool):
        self.analysis = analysis
        self.context = context
        self.options = options
        self.graph = [leaf.node for leaf in analysis.body.leaves if leaf.kind == kinds.GRAPH]
        self.reached = self._reached()
        self.scopes: set[str] = set()
        self.opening: list[cst.Call] = []
        self.named = False
        self._fixed = not hoists or "reuse" in code(analysis.names.module)
        self.collections = self._collections()
        self._stateful = {one for one in self.reached if self._keeps_state(analysis.functions[one])}
        context.methods = self._methods() if options.stage == "keras3" else set()
        self.edits: dict[cst.CSTNode, cst.CSTNode | cst.RemovalSentinel] = {}

    def _reached(self) -> list[str]:
        functions = self.analysis.functions
        found: list[str] = []
        waiting = [name for node in self.graph for name in sorted(read(node).loads & set(functions))]
        while waiting:
            name = waiting.pop(0)
            if name not in found and isinstance(functions[name], cst.FunctionDef):
                found.append(name)
                waiting += sorted(read(functions[name]).loads & set(functions))
        return [name for name in functions if name in found]

    def _keeps_state(self, node: cst.CSTNode) -> bool:
        if makes_variables(self.analysis, node):
            return True
        names = self.analysis.names
        if any(any(one in symbol for one in _DRAWS) for _, symbol in called_symbols(names, node)):
            return True
        inner = [self.analysis.functions[one] for one in self.reached if one in read(node).loads]
        return any(self._keeps_state(one) for one in inner if one is not node)

    def _collections(self) -> list[cst.Call]:
        """Return the calls that take the collection of regularization losses."""
        nodes = [*self.graph, *(self.analysis.functions[one] for one in self.reached)]
        found = [
            call for node in nodes for call, one in called_symbols(self.analysis.names, node) if one == "get_collection"
        ]
        return [call for call in found if "REGULARIZATION_LOSSES" in code(call) and len(call.args) == 1]

    def _only_graph(self, name: str, *, called: bool) -> bool:
        """Whether a function is used by the graph alone, and always called if it has to be."""
        names, node = self.analysis.names, self.analysis.functions[name]
        users = [*self.graph, *(self.analysis.functions[one] for one in self.reached)]
        for found, parent in names.parents.items():
            if not isinstance(found, cst.Name) or found.value != name or parent is node:
                continue
            if isinstance(parent, cst.Attribute) and parent.attr is found:
                continue
            if isinstance(parent, cst.Arg) and parent.keyword is found:
                continue
            if called and not (isinstance(parent, cst.Call) and parent.func is found):
                return False
            if not any(names.is_in(found, one) for one in users):
                return False
        return True

    def _methods(self) -> set[str]:
        top = set(self.analysis.names.module.body) | {leaf.node for leaf in self.analysis.body.leaves}
        found = set()
        for name in self.reached:
            node = cst.ensure_type(self.analysis.functions[name], cst.FunctionDef)
            known = self._kind(node) != kinds.GRAPH
            if (
                name in self._stateful
                and node in top
                and not node.decorators
                and known
                and self._only_graph(name, called=True)
            ):
                found.add(name)
        return found

    def _kind(self, node: cst.CSTNode) -> str:
        return next((leaf.kind for leaf in self.analysis.body.leaves if leaf.node is node), kinds.PLAIN)

    def _calls_of(self, name: str) -> list[cst.Call]:
        users = [*self.graph, *(self.analysis.functions[one] for one in self.reached)]
        return [
            call
            for node in users
            for call in read(node).calls
            if isinstance(call.func, cst.Name) and call.func.value == name
        ]

    def _once(self, name: str, depth: int = 0) -> bool:
        """Whether each call of the model calls a function once."""
        found = self._calls_of(name)
        if len(found) != 1 or depth > 20:
            return False
        names = self.analysis.names
        node: cst.CSTNode | None = found[0]
        while node is not None:
            if isinstance(node, _REPEATED):
                return False
            if node in self.graph:
                return True
            if isinstance(node, cst.FunctionDef):
                return node.name.value in self.context.methods and self._once(node.name.value, depth + 1)
            node = names.parents.get(node)
        return True

    # -- statements -------------------------------------------------------------------------------

    def plain(self, leaf: Leaf) -> bool:
        """Say whether a statement keeps its calls, because a block around it changes their arguments."""
        return any("arg_scope" in code(item.item) for scope in leaf.wrappers for item in scope.items)

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return a statement with its expressions converted."""
        before = self.context.hoists
        if self._fixed or _repeats(node):
            self.context.hoists = False
        made = expressions.convert_statement(node, self.context)
        self.context.hoists = before
        return made

    def called(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return converted code with calls of methods, and what only the model has."""
        changed = node.visit(_Methods(self.context.methods))
        assert isinstance(changed, cst.CSTNode)
        return changed

    def opened(self, scope: cst.With) -> None:
        """Remember a block that names variables."""
        for item in scope.items:
            if isinstance(item.item, cst.Call):
                self.scopes.add(code(item.item.func))
                self.opening.append(item.item)
            if item.asname is not None and isinstance(item.asname.name, cst.Name):
                self.named |= item.asname.name.value in read(scope.body).loads

    # -- functions --------------------------------------------------------------------------------

    def convert(self) -> list[cst.FunctionDef]:
        """Convert the functions; return those that are methods now."""
        methods: list[cst.FunctionDef] = []
        if self.options.stage != "keras3":
            return methods
        for name in self.reached:
            node = cst.ensure_type(self.analysis.functions[name], cst.FunctionDef)
            is_method = name in self.context.methods
            if not is_method and (name in self._stateful or not self._only_graph(name, called=False)):
                continue
            if any("arg_scope" in symbol for _, symbol in called_symbols(self.analysis.names, node)):
                continue
            made = self._converted(name, node, is_method)
            if is_method:
                methods.append(_as_method(made))
                self.edits[node] = cst.RemoveFromParent()
            elif self._kind(node) != kinds.GRAPH:
                self.edits[node] = made
        return methods

    def _converted(self, name: str, node: cst.FunctionDef, is_method: bool) -> cst.FunctionDef:
        context = self.context
        context.hidden = {one.name.value for one in params_of(node.params)} | read(node.body).binds
        context.trains, context.seeded = None, is_method
        allowed = is_method and self._once(name)
        body = self._suite(node.body.body, allowed)
        context.seeded = True
        return node.with_changes(body=node.body.with_changes(body=body))

    def _suite(self, found: Iterable[cst.CSTNode], allowed: bool) -> list[cst.CSTNode]:
        made: list[cst.CSTNode] = []
        for node in found:
            self.context.hoists = allowed and not isinstance(node, cst.If | cst.For | cst.While | cst.Try)
            self.context.target = next(iter(sorted(read(node).binds)), "")
            if isinstance(node, cst.With) and self._is_scope(node):
                self.opened(node)
                inner = self._suite(node.body.body, allowed and not self._changes(node))
                made.append(node.with_changes(body=node.body.with_changes(body=inner)))
            else:
                made.append(self.called(self.statement(node)))
        return made

    def _is_scope(self, node: cst.With) -> bool:
        return all(call_symbol(self.analysis.names, item.item) in symbols.SCOPES for item in node.items)

    def changes(self, scopes: Iterable[cst.With]) -> bool:
        """Say whether blocks change what `get_variable` makes, beyond its name."""
        return any(self._changes(one) for one in scopes)

    def _changes(self, node: cst.With) -> bool:
        for item in node.items:
            call = item.item
            symbol = call_symbol(self.analysis.names, call) or ""
            if "scope" in symbol and isinstance(call, cst.Call) and symbol != "name_scope":
                keywords = {one.keyword.value for one in call.args if one.keyword is not None}
                if keywords - {"name_or_scope", "default_name", "values"} or len(call.args) > 2:
                    return True
        return False

    def untracked(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return converted code without the blocks that name variables, and with the model's own losses."""
        changed = node.visit(_WithoutScopes(self.scopes, {code(one) for one in self.collections}))
        assert isinstance(changed, cst.CSTNode)
        return changed


def _repeats(node: cst.CSTNode) -> bool:
    """Whether something in a statement is computed several times, or not always."""
    found = [False]

    class Finder(cst.CSTVisitor):
        def on_visit(self, node: cst.CSTNode) -> bool:
            found[0] |= isinstance(node, _REPEATED)
            return not found[0]

    node.visit(Finder())
    return found[0]


def _as_method(node: cst.FunctionDef) -> cst.FunctionDef:
    first = cst.Param(cst.Name("self"))
    parameters = node.params.with_changes(params=[first, *node.params.params])
    if node.params.posonly_params:
        parameters = node.params.with_changes(posonly_params=[first, *node.params.posonly_params])
    lines = [one for one in node.leading_lines if one.comment is not None]
    return node.with_changes(params=parameters, leading_lines=[cst.EmptyLine(indent=False), *lines])


class _Methods(cst.CSTTransformer):
    """Writes `self.` before the names of methods."""

    def __init__(self, methods: set[str]):
        super().__init__()
        self.methods = methods

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        called = updated_node.func if isinstance(updated_node, cst.Call) else None
        if isinstance(called, cst.Name) and called.value in self.methods:
            return updated_node.with_changes(func=expression(f"self.{called.value}"))
        return updated_node


class _WithoutScopes(cst.CSTTransformer):
    """Takes statements out of the blocks that name variables; writes `self.losses` for their collection."""

    def __init__(self, scopes: set[str], collections: set[str]):
        super().__init__()
        self.scopes = scopes
        self.collections = collections

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode | cst.FlattenSentinel:  # type: ignore[override]
        if isinstance(original_node, cst.Call) and code(original_node) in self.collections:
            return expression("self.losses")
        if not isinstance(updated_node, cst.With):
            return updated_node
        calls = [item.item.func if isinstance(item.item, cst.Call) else None for item in updated_node.items]
        if not all(one is not None and code(one) in self.scopes for one in calls):
            return updated_node
        return cst.FlattenSentinel(updated_node.body.body)

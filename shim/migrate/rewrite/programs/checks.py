"""What must hold for a graph to become a model: what its statements depend on, and names that stay the same."""

import libcst as cst
from libcst import matchers

from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.leaves import Leaf, Refused, call_symbol, called_symbols
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of, prefixes, read

#: Code that gets at the updates of moving averages: what is said in comments and docstrings runs nothing.
_UPDATES = (
    matchers.Attribute(attr=matchers.Name("UPDATE_OPS"))
    | matchers.SimpleString(matchers.MatchRegex(r"""[a-zA-Z]*["']update_ops["']"""))
    | matchers.Arg(keyword=matchers.Name("updates_collections"))
)
_LOOKUPS = frozenset((
    "as_graph_def", "as_graph_element", "get_all_collection_keys", "get_collection", "get_operation_by_name",
    "get_operations", "get_tensor_by_name",
))  # fmt: skip
_BUILDING = (kinds.GRAPH, kinds.PLACEHOLDER, kinds.TRAINING, kinds.SCHEDULE, kinds.STEP, kinds.SUMMARY)


class Dependencies:
    """Which placeholders each value depends on.

    Args:
        analysis: What the statements do; their `depends` is set.

    Attributes:
        of: The placeholders' paths, by path.
    """

    def __init__(self, analysis: Analysis):
        self.analysis = analysis
        self.of: dict[str, frozenset[str]] = {path: frozenset([path]) for path in analysis.placeholders}
        for leaf in analysis.body.leaves:
            if leaf.kind == kinds.GRAPH:
                self._leaf(leaf)

    def _leaf(self, leaf: Leaf) -> None:
        reading = read(leaf.node)
        leaf.depends = self.on(reading.loads)
        for path in reading.changes:
            self.of[path] = self.of.get(path, frozenset()) | leaf.depends
        for path in reading.binds:
            compound = not isinstance(leaf.node, cst.SimpleStatementLine)
            self.of[path] = leaf.depends | (self.of.get(path, frozenset()) if compound else frozenset())

    def on(self, loads: set[str], seen: frozenset[str] = frozenset()) -> frozenset[str]:
        """Return the placeholders that something depends on which reads these paths."""
        found: set[str] = set()
        for path in loads:
            for one in prefixes(path):
                found |= self.of.get(one, frozenset())
            function = self.analysis.functions.get(path)
            if function is not None and path not in seen:
                found |= self.on(read(function).loads, seen | {path})
        return frozenset(found)


def makes_variables(analysis: Analysis, node: cst.CSTNode, seen: frozenset[str] = frozenset()) -> bool:
    """Say whether a statement, or the functions that it calls, may make variables."""
    if any(symbols.makes_variables(symbol) for _, symbol in called_symbols(analysis.names, node)):
        return True
    return any(
        makes_variables(analysis, analysis.functions[path], seen | {path})
        for path in read(node).loads
        if path in analysis.functions and path not in seen
    )


def refuse_symbols(analysis: Analysis) -> None:
    """Raise Refused if the graph has what a model can't do."""
    used = {path for leaf in analysis.body.leaves for path in read(leaf.node).loads}
    leaves = [one for one in analysis.body.leaves if one.kind not in (kinds.SHOWN, kinds.GONE)]
    nodes = [leaf.node for leaf in leaves if not isinstance(leaf.node, cst.FunctionDef | cst.ClassDef)]
    _refuse_lookups(analysis, [one.node for one in leaves if one.kind != kinds.WRITER])
    nodes += [analysis.functions[name] for name in _reached(analysis, used)]
    _refuse_hidden(analysis, _reached(analysis, used))
    for node in nodes:
        for call, symbol in called_symbols(analysis.names, node):
            reason = symbols.refusal(symbol)
            if reason and not analysis.is_initializer(call):
                raise Refused(f"tf.{symbol}: {reason}.", call)
        for call in read(node).calls:
            if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("assign", "assign_add", "assign_sub"):
                raise Refused(f"`{call.func.attr.value}`: {symbols.refusal('assign')}.", call)


def _refuse_lookups(analysis: Analysis, nodes: list[cst.BaseStatement]) -> None:
    """Raise Refused if a program asks the graph for its operations: a model has none, and the graph would be empty."""
    for node in nodes:
        for call in read(node).calls:
            base = call.func.value if isinstance(call.func, cst.Attribute) else call
            own = path_of(base) in analysis.body.graphs or call_symbol(analysis.names, base) == "get_default_graph"
            if own and isinstance(call.func, cst.Attribute) and call.func.attr.value in _LOOKUPS:
                raise Refused(f"`{code(call.func)}` asks for parts of the graph, of which a model has none.", call)


def _refuse_hidden(analysis: Analysis, reached: list[str]) -> None:
    """Raise Refused if running a value would train, or do something else besides: a model's values only are values."""
    for name in reached:
        for call in read(analysis.functions[name]).calls:
            method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
            if method in ("minimize", "apply_gradients") or symbols.is_optimizer(
                call_symbol(analysis.names, call) or ""
            ):
                raise Refused(f"The function `{name}` makes what trains: its calls are no statements of a graph.", call)
            if call_symbol(analysis.names, call) == "control_dependencies":
                raise Refused("Operations are run for their effect before others (control_dependencies).", call)
    for leaf in analysis.body.leaves:
        for item in (item for scope in leaf.wrappers for item in scope.items):
            if call_symbol(analysis.names, item.item) == "control_dependencies":
                raise Refused("Operations are run for their effect before others (control_dependencies).", item.item)


def listed(analysis: Analysis) -> set[str]:
    """Return what the graph calls that lists variables or losses which TensorFlow keeps, and Keras does not."""
    used = {path for leaf in analysis.body.leaves if leaf.kind == kinds.GRAPH for path in read(leaf.node).loads}
    nodes: list[cst.CSTNode] = [leaf.node for leaf in analysis.body.leaves if leaf.kind == kinds.GRAPH]
    nodes += [analysis.functions[name] for name in _reached(analysis, used)]
    found = set()
    for node in nodes:
        for call, symbol in called_symbols(analysis.names, node):
            if symbols.lists(symbol) or (symbol == "get_collection" and "VARIABLES" in code(call).upper()):
                found.add(symbol)
    return found


def refuse_still_norms(analysis: Analysis) -> None:
    """Raise Refused if batch norm's moving averages never move: in a Keras model they would."""
    if matchers.findall(analysis.names.module, _UPDATES):
        return
    for use in analysis.names.uses:
        if use.path.rpartition(".")[2] in ("batch_normalization", "batch_norm") and "nn." not in use.path:
            raise Refused(
                "Its batch norm's moving averages are never updated (nothing runs UPDATE_OPS); in a Keras model they"
                " would be. Run the update operations with the training operation, then migrate.",
                use.node,
            )


def _reached(analysis: Analysis, used: set[str]) -> list[str]:
    found: list[str] = []
    waiting = sorted(used & set(analysis.functions))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += sorted(read(analysis.functions[name]).loads & set(analysis.functions))
    return found


class Stability:
    """Checks that names mean the same in the model's `call` as where the graph was built.

    Args:
        analysis: What the statements do.
    """

    def __init__(self, analysis: Analysis):
        self.analysis = analysis
        self.leaves = analysis.body.leaves
        self.bound: dict[str, list[int]] = {}
        for at, leaf in enumerate(self.leaves):
            if leaf.kind not in (kinds.GRAPH, kinds.PLACEHOLDER):
                for path in read(leaf.node).binds | read(leaf.node).changes:
                    self.bound.setdefault(path, []).append(at)

    @property
    def anchor(self) -> int:
        """The place of the last statement that builds before the first one that runs: there the model is made."""
        first = next((at for at, leaf in enumerate(self.leaves) if leaf.kind == kinds.SESSION), len(self.leaves))
        building = [at for at, leaf in enumerate(self.leaves[:first]) if leaf.kind in _BUILDING]
        if not building:
            raise Refused("Nothing is built before the session runs.")
        return building[-1]

    def check(self) -> None:
        """Check all that the graph reads.

        Raises:
            Refused: A name changes after a part of the graph that reads it, or is not there yet.
        """
        anchor = self.anchor
        for at, leaf in enumerate(self.leaves):
            if leaf.kind in _BUILDING:
                for path in self._outer(leaf.node) - self._own(leaf):
                    self._one(path, at, anchor, leaf.node)

    @staticmethod
    def _own(leaf: Leaf) -> set[str]:
        """Return the names that a loop over gradients binds for itself."""
        if leaf.kind != kinds.TRAINING or not isinstance(leaf.node, cst.For):
            return set()
        return {node for node in read(leaf.node.target).loads if "." not in node}

    def expression(self, node: cst.CSTNode) -> None:
        """Check what an expression reads that moves into the model.

        Raises:
            Refused: As in `check`.
        """
        for path in self._outer(node):
            self._one(path, len(self.leaves), self.anchor, node)

    def is_stable(self, node: cst.CSTNode) -> bool:
        """Say whether an expression may move into the model."""
        try:
            self.expression(node)
        except Refused:
            return False
        return True

    def _outer(self, node: cst.CSTNode) -> set[str]:
        """Return what a node reads, with what the functions read that it calls."""
        found = set(read(node).loads)
        for name in _reached(self.analysis, found):
            found |= read(self.analysis.functions[name]).loads
        return {path for path in found if path not in self.analysis.built}

    def _one(self, path: str, at: int, anchor: int, node: cst.CSTNode) -> None:
        for place in self.bound.get(path, []):
            leaf = self.leaves[place]
            if leaf.kind == kinds.SESSION and not isinstance(leaf.node, cst.FunctionDef):
                raise Refused(f"`{path}`, which the graph is built with, is bound by the code that runs it.", node)
            if place > anchor and not isinstance(leaf.node, cst.FunctionDef | cst.ClassDef):
                raise Refused(f"`{path}`, which the graph is built with, is bound after its first part.", node)
            if place > at and leaf.kind == kinds.PLAIN and not isinstance(leaf.node, cst.FunctionDef | cst.ClassDef):
                raise Refused(f"`{path}` changes after a part of the graph was built with it.", node)


def is_scalar(analysis: Analysis, node: cst.BaseExpression, depth: int = 0) -> bool:
    """Say whether an expression surely has no dimensions."""
    path = path_of(node)
    if path is not None:
        found = [small for leaf in analysis.body.leaves if path in read(leaf.node).binds for small in [leaf.node]]
        if len(found) != 1 or depth > 20:
            return False
        pair = assigned(found[0])
        return pair is not None and is_scalar(analysis, pair[1], depth + 1)
    if isinstance(node, cst.Integer | cst.Float):
        return True
    if isinstance(node, cst.BinaryOperation):
        return all(is_scalar(analysis, one, depth + 1) for one in (node.left, node.right))
    if isinstance(node, cst.UnaryOperation):
        return is_scalar(analysis, node.expression, depth + 1)
    return isinstance(node, cst.Call) and _scalar_call(analysis, node, depth)


def _scalar_call(analysis: Analysis, node: cst.Call, depth: int) -> bool:
    symbol = analysis.names.name_of(node.func) or ""
    keywords = {one.keyword.value for one in node.args if one.keyword is not None}
    positional = sum(one.keyword is None for one in node.args) or 1
    if symbols.is_scalar(symbol, keywords, positional):
        return True
    if symbol in ("losses.get_regularization_loss", "losses.get_total_loss"):
        return True
    if symbols.keeps_scalar(symbol) and node.args:
        first = node.args[0].value
        if symbol == "add_n" and call_symbol(analysis.names, first) == "get_collection":
            return "LOSSES" in code(first)
        parts = [one.value for one in first.elements] if isinstance(first, cst.List | cst.Tuple) else [first]
        return bool(parts) and all(is_scalar(analysis, one, depth + 1) for one in parts)
    return False


def is_saver(analysis: Analysis, node: cst.BaseExpression) -> bool:
    """Say whether an expression is a Saver."""
    bound = analysis.known.get(path_of(node) or "") == kinds.SAVER
    return bound or call_symbol(analysis.names, node) == symbols.SAVER


def saves(analysis: Analysis) -> bool:
    """Say whether a program has a Saver."""
    return any(symbol == symbols.SAVER for _, symbol in called_symbols(analysis.names, analysis.names.module))


def restores(analysis: Analysis) -> bool:
    """Say whether a program restores what a Saver wrote."""
    calls = read(analysis.names.module).calls
    functions = [call.func for call in calls if isinstance(call.func, cst.Attribute)]
    return any(one.attr.value == "restore" and is_saver(analysis, one.value) for one in functions)

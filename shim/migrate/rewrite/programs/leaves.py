"""The statements of a program, taken out of the blocks that a converted program has no use for, and what each does."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.reading import assigned, code, only_statement, path_of, read, suite

# What a statement does.
PLAIN = "plain"  # nothing of TensorFlow's graph
GRAPH = "graph"  # builds a part of the graph
PLACEHOLDER = "placeholder"
TRAINING = "training"  # makes optimizers, gradients, training operations
SCHEDULE = "schedule"  # a learning rate that changes
STEP = "step"  # the global step
SUMMARY = "summary"
SAVER = "saver"
WRITER = "writer"
INIT = "init"
SESSION = "session"  # runs the graph
SHOWN = "shown"  # prints tensors
GONE = "gone"  # has no meaning in a converted program

#: Kinds by which a path is known later on.
NAMED = (PLACEHOLDER, TRAINING, SCHEDULE, STEP, SUMMARY, SAVER, WRITER, INIT)


class Refused(Exception):
    """A unit can't be converted.

    Args:
        reason: Why, a sentence.
        node: Where; None: in the unit as a whole.
    """

    def __init__(self, reason: str, node: cst.CSTNode | None = None):
        super().__init__(reason)
        self.reason = reason
        self.node = node


@dataclass(eq=False)
class Leaf:
    """One statement.

    Attributes:
        node: The original.
        wrappers: The blocks around it that mean something for what is built in it, outermost first.
        kind: What it does.
        depends: Paths of the placeholders that it depends on; set by the analysis.
    """

    node: cst.BaseStatement
    wrappers: tuple[cst.With, ...] = ()
    kind: str = PLAIN
    depends: frozenset[str] = frozenset()


@dataclass
class Body:
    """The statements of one suite.

    Attributes:
        owner: The module, function or block whose suite it is.
        leaves: Its statements, in order.
        dissolved: Blocks that go, their statements staying.
        sessions: Paths that sessions are bound to.
        graphs: Paths that graphs are bound to.
    """

    owner: cst.CSTNode
    leaves: list[Leaf] = field(default_factory=list)
    dissolved: list[cst.With] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    graphs: set[str] = field(default_factory=set)


def call_symbol(names: Names, node: cst.CSTNode) -> str | None:
    """Return what of TensorFlow an expression calls, below `tf.`; None if it calls nothing of it."""
    return names.name_of(node.func) if isinstance(node, cst.Call) else None


def called_symbols(names: Names, node: cst.CSTNode) -> Iterator[tuple[cst.Call, str]]:
    """Yield the calls of TensorFlow in a node."""
    for call in read(node).calls:
        symbol = names.name_of(call.func)
        if symbol:
            yield call, symbol


def argument(call: cst.Call, keyword: str, position: int | None = None) -> cst.BaseExpression | None:
    """Return what a call gives for a parameter; None: nothing."""
    for one in call.args:
        if one.keyword is not None and one.keyword.value == keyword:
            return one.value
    if position is None or position >= len(call.args) or call.args[position].keyword is not None:
        return None
    return None if call.args[position].star else call.args[position].value


class Flattening:
    """Takes the statements of a suite out of their blocks.

    Args:
        names: What the module's names mean.
        body: Where they go.
    """

    def __init__(self, names: Names, body: Body):
        self.names = names
        self.body = body

    def run(self, found: list[cst.BaseStatement], wrappers: tuple[cst.With, ...] = ()) -> None:
        """Add statements."""
        for node in found:
            if isinstance(node, cst.With) and node.asynchronous is None:
                self._block(node, wrappers)
            else:
                self.body.leaves.append(Leaf(node, wrappers))
                self._bound(node)

    def _bound(self, node: cst.BaseStatement) -> None:
        found = assigned(node)
        symbol = call_symbol(self.names, found[1]) if found else None
        if found and symbol in symbols.SESSIONS:
            self.body.sessions.add(found[0])
        if found and symbol in ("Graph", "get_default_graph"):
            self.body.graphs.add(found[0])

    def _block(self, node: cst.With, wrappers: tuple[cst.With, ...]) -> None:
        roles = [self._role(item) for item in node.items]
        if all(role == "dissolved" for role in roles):
            self.body.dissolved.append(node)
            self.run(suite(node.body), wrappers)
        elif all(role == "scope" for role in roles):
            self.body.dissolved.append(node)
            self.run(suite(node.body), (*wrappers, node))
        elif "dissolved" in roles:
            raise Refused("A session or graph is opened together with something else.", node)
        else:
            self.body.leaves.append(Leaf(node, wrappers))

    def _role(self, item: cst.WithItem) -> str:
        value = item.item
        symbol = call_symbol(self.names, value)
        bound = path_of(item.asname.name) if item.asname and isinstance(item.asname.name, cst.Name) else None
        if symbol in symbols.SESSIONS:
            self.body.sessions.update([bound] if bound else ["with"])
            return "dissolved"
        path = path_of(value)
        if path in self.body.sessions:
            self.body.sessions.update([bound] if bound else [])
            return "dissolved"
        if isinstance(value, cst.Call) and self._of_graph(value, bound):
            return "dissolved"
        if symbol == "control_dependencies" and self._updates(value):
            return "dissolved"
        return "scope" if symbol in symbols.SCOPES else "other"

    def _of_graph(self, call: cst.Call, bound: str | None) -> bool:
        """Whether a call is `graph.as_default()` or `sess.as_default()`."""
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "as_default":
            return False
        base = call.func.value
        made = call_symbol(self.names, base) in ("Graph", "get_default_graph")
        if made or path_of(base) in self.body.graphs:
            self.body.graphs.update([bound] if bound else [])
            return True
        return path_of(base) in self.body.sessions or call_symbol(self.names, base) in symbols.SESSIONS

    def _updates(self, node: cst.BaseExpression) -> bool:
        """Whether control dependencies are the update operations."""
        given = argument(node, "control_inputs", 0) if isinstance(node, cst.Call) else None
        if given is None:
            return False
        return is_updates(self.names, given) or path_of(given) in {
            found[0] for leaf in self.body.leaves if (found := assigned(leaf.node)) and is_updates(self.names, found[1])
        }


def is_updates(names: Names, node: cst.CSTNode) -> bool:
    """Whether an expression is the collection of update operations."""
    return call_symbol(names, node) == "get_collection" and "UPDATE_OPS" in code(node)


def is_trainables(names: Names, node: cst.CSTNode) -> bool:
    """Whether an expression is all variables that are trained."""
    symbol = call_symbol(names, node)
    if not isinstance(node, cst.Call) or symbol not in ("trainable_variables", "get_collection"):
        return False
    if symbol == "trainable_variables":
        return not node.args
    return len(node.args) == 1 and code(node.args[0].value).endswith("GraphKeys.TRAINABLE_VARIABLES")


def is_line(leaf: Leaf) -> cst.BaseExpression | None:
    """Return the expression of an expression statement; None for any other."""
    small = only_statement(leaf.node)
    return small.value if isinstance(small, cst.Expr) else None

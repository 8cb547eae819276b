"""What happens again, or in another order, when a graph becomes a model: initializers, numbers that the host draws."""

from collections.abc import Iterable, Iterator

import libcst as cst

from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.leaves import Refused, call_symbol
from onevar.migrate.rewrite.programs.reading import code

#: Methods and functions that return something else each time that they are called.
_DRAWS = frozenset({
    "rand", "randn", "randint", "random", "random_sample", "random_integers", "normal", "standard_normal", "uniform",
    "choice", "permutation", "shuffle", "multivariate_normal", "binomial", "next", "next_batch", "read", "readline",
    "input",
})  # fmt: skip


def happens_again(names: Names, node: cst.CSTNode, owner: cst.CSTNode) -> bool:
    """Say whether a statement may run more than once while its program runs once: it is in a loop.

    Args:
        names: The module's.
        node: A part of it.
        owner: Whose body the program is.

    Raises:
        Refused: It is in a function that is called more than once.
    """
    start = node
    while node is not owner:
        if isinstance(node, cst.For | cst.While | cst.CompFor):
            return True
        if isinstance(node, cst.FunctionDef):
            calls = [call for call in _calls([names.module]) if code(call.func) == node.name.value]
            inside = {id(call) for call in _calls([node])}
            if len(calls) > 1 or any(id(call) in inside or happens_again(names, call, owner) for call in calls):
                raise Refused(f"`{node.name.value}`, which initializes the variables, is called again.", start)
            return False
        above = names.parents.get(node)
        if above is None:
            return False
        node = above
    return False


def refuse_draws(analysis: Analysis) -> None:
    """Raise Refused if the graph is built with numbers that the host draws, and the program draws others later.

    A model's `call` is run again and again, and its weights are made when all else is there: the draws after that would
    be other ones.
    """
    building = [leaf.node for leaf in analysis.body.leaves if leaf.kind == kinds.GRAPH]
    mine = [call for node in building for call in _draws(analysis.names, [node])]
    if not mine:
        return
    inside = set(map(id, mine))
    first = min(analysis.names.range_of(call).start.line for call in mine)
    for call in _draws(analysis.names, [analysis.names.module]):
        if id(call) not in inside and analysis.names.range_of(call).start.line >= first:
            raise Refused(
                f"The graph is built with what `{code(mine[0].func)}` draws, and `{code(call.func)}` draws after it.",
                call,
            )


def _draws(names: Names, nodes: Iterable[cst.CSTNode]) -> Iterator[cst.Call]:
    for call in _calls(nodes):
        last = call.func.attr.value if isinstance(call.func, cst.Attribute) else code(call.func)
        if last in _DRAWS and not call_symbol(names, call):
            yield call


def _calls(nodes: Iterable[cst.CSTNode]) -> Iterator[cst.Call]:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if isinstance(node, cst.Call):
            yield node

"""`tf.init_scope`: out of control flow and control dependencies, to where variables are made."""

from collections.abc import Iterator
from contextlib import contextmanager

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.v1.export import export


@export("init_scope")
@contextmanager
def init_scope() -> Iterator[None]:
    """Build in the outermost graph, below the same name scope, and without control dependencies.

    Eagerly there is nothing to leave.
    """
    if executing_eagerly():
        yield
        return
    graph = get_default_graph()
    scope = graph.get_name_scope()
    while graph.outer is not None:
        graph = graph.outer
    with graph.as_default(), graph.name_scope(f"{scope}/" if scope else None), graph.control_dependencies(None):
        yield

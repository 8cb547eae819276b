"""`tf.name_scope` of TensorFlow 1."""

from collections.abc import Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.operation import Tensor


class name_scope:  # noqa: N801 (TensorFlow's name)
    """Put the operations that are made inside under a name.

    Args:
        name: The scope; None takes `default_name`. `"a/"` re-enters the scope `a`.
        default_name: What operations are called if the caller says nothing.
        values: Tensors that decide in which graph the operations are made.

    Raises:
        TypeError: `values` without a name, or a name that is not a string.
    """

    def __init__(self, name: str | None, default_name: str | None = None, values: Sequence[Any] | None = None):
        if not (default_name is None or isinstance(default_name, str)):
            raise TypeError(
                f"`default_name` type ({type(default_name)}) is not a string type. You likely meant to pass this into "
                "the `values` kwarg."
            )
        if name is None and default_name is None and values is not None:
            raise ValueError(f"At least one of name (None) and default_name (None) must be provided, values={values}.")
        self._name = default_name if name is None else name
        self._values = values
        self._entered: list[Any] = []

    @property
    def name(self) -> str | None:
        """The name that was asked for."""
        return self._name

    def __enter__(self) -> str:
        if executing_eagerly():
            self._entered.append([])
            return f"{self._name}/" if self._name else ""
        graph = get_default_graph()
        contexts: list[Any] = []
        owner = next((value.graph for value in self._values or () if isinstance(value, Tensor)), graph)
        # Values inside a control-flow body may come from around it; the body stays the default.
        if owner is not graph and not _inside(graph, owner):
            graph = owner
            contexts.append(graph.as_default())
        contexts.append(graph.name_scope(self._name))
        self._entered.append(contexts)
        entered = ""
        for context in contexts:
            result = context.__enter__()
            entered = result if isinstance(result, str) else entered
        return entered

    def __exit__(self, *error: Any) -> None:
        for context in reversed(self._entered.pop()):
            context.__exit__(*error)


def _inside(graph: Any, owner: Any) -> bool:
    while graph is not None and graph is not owner:
        graph = graph.outer
    return graph is owner

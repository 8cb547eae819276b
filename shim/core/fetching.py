"""What `Session.run` is asked for, and the same structure with values in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core.graph import Graph
from onevar.core.op_errors import InaccessibleTensorError
from onevar.core.operation import IndexedSlices, Operation, Tensor

#: Types of users' own: `(type, fetch, feed, feed_for_partial_run)`, the last registered first.
CONVERSIONS: list[tuple[type, Callable | None, Callable | None, Callable | None]] = []


class Fetches:
    """A structure of fetches: which graph elements it needs, and how to build the result from their values.

    Attributes:
        elements: The tensors and operations of all leaves, each once.
        build: Values by element to the structure.
    """

    __slots__ = ("build", "elements")

    def __init__(self, graph: Graph, structure: Any):
        self.elements: dict[Any, None] = {}
        self.build: Callable[[Mapping], Any] = self._leaf_or_more(graph, structure)

    def _leaf_or_more(self, graph: Graph, fetch: Any) -> Callable[[Mapping], Any]:
        if fetch is None:
            raise TypeError(f'Argument `fetch` = {fetch} has invalid type "{type(fetch).__name__}". Cannot be None')
        if isinstance(fetch, list | tuple):
            return self._sequence(graph, fetch)
        if isinstance(fetch, Mapping):
            parts = {key: self._leaf_or_more(graph, value) for key, value in fetch.items()}
            kind, factory = type(fetch), getattr(fetch, "default_factory", None)
            return lambda values: _same_mapping(kind, {key: part(values) for key, part in parts.items()}, factory)
        if hasattr(fetch, "__attrs_attrs__"):
            names = [attribute.name for attribute in type(fetch).__attrs_attrs__]
            fields = [self._leaf_or_more(graph, getattr(fetch, name)) for name in names]
            return lambda values: type(fetch)(*(field(values) for field in fields))
        return self._leaf(graph, fetch)

    def _sequence(self, graph: Graph, fetch: Sequence[Any]) -> Callable[[Mapping], Any]:
        parts = [self._leaf_or_more(graph, item) for item in fetch]
        kind = type(fetch)
        if hasattr(fetch, "_fields"):
            return lambda values: kind(*(part(values) for part in parts))
        if kind is list:
            return lambda values: [part(values) for part in parts]
        return lambda values: tuple(part(values) for part in parts)

    def _leaf(self, graph: Graph, fetch: Any) -> Callable[[Mapping], Any]:
        for kind, expand, _, _ in CONVERSIONS:
            if isinstance(fetch, kind) and expand is not None:
                parts, contract = expand(fetch)
                elements = [self._element(graph, part, fetch) for part in parts]
                return lambda values: contract([values[e] for e in elements])
        if isinstance(fetch, IndexedSlices):
            return self._slices(graph, fetch)
        element = self._element(graph, fetch, fetch)
        return lambda values: values.get(element)

    def _slices(self, graph: Graph, fetch: IndexedSlices) -> Callable[[Mapping], Any]:
        given = [fetch.values, fetch.indices, *([] if fetch.dense_shape is None else [fetch.dense_shape])]
        elements = [self._element(graph, part, fetch) for part in given]
        return lambda values: IndexedSlicesValue(*([values[e] for e in elements] + [None])[:3])

    def _element(self, graph: Graph, fetch: Any, whole: Any) -> Any:
        if isinstance(fetch, Tensor | Operation) and not graph.is_fetchable(fetch):
            raise _not_fetchable(fetch)
        try:
            element = graph.as_graph_element(fetch, allow_tensor=True, allow_operation=True)
        except TypeError as error:
            raise TypeError(
                f'Argument `fetch` = {whole} has invalid type "{type(whole).__name__}" must be a string or Tensor. '
                f"({error})"
            ) from None
        except (ValueError, KeyError) as error:
            text = error.args[0] if error.args else str(error)
            raise ValueError(f"Argument `fetch` = {whole} cannot be interpreted as a Tensor. ({text})") from None
        if not graph.is_fetchable(element):
            raise _not_fetchable(element)
        self.elements[element] = None
        return element


def _not_fetchable(element: Tensor | Operation) -> Exception:
    return InaccessibleTensorError(
        f"Operation {_name(element)} has been marked as not fetchable. Typically this happens when it is defined in "
        "another function or code block: inside a branch or loop it has no value outside."
    )


def _name(element: Tensor | Operation) -> str:
    return element.op.name if isinstance(element, Tensor) else element.name


def _same_mapping(kind: Any, values: dict, factory: Any) -> Any:
    if kind is dict:
        return values
    if hasattr(kind, "default_factory"):
        return kind(factory, values)
    return kind(values)


class IndexedSlicesValue(tuple):
    """The values of fetched `IndexedSlices`."""

    __slots__ = ()
    _fields = ("values", "indices", "dense_shape")

    def __new__(cls, values: Any, indices: Any, dense_shape: Any = None) -> "IndexedSlicesValue":
        """Make one of its three parts."""
        return super().__new__(cls, (values, indices, dense_shape))

    values = property(lambda self: self[0])
    indices = property(lambda self: self[1])
    dense_shape = property(lambda self: self[2])

    def __repr__(self) -> str:
        return f"IndexedSlicesValue(values={self[0]!r}, indices={self[1]!r}, dense_shape={self[2]!r})"

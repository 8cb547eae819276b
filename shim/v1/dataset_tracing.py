"""Functions of elements: traced once into graphs of their own."""

from collections.abc import Callable
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.data.functions import FunctionGraph, HostFunction
from onevar.core.default_graph import get_default_graph
from onevar.core.operation import Tensor
from onevar.core.spec import Spec
from onevar.v1.dataset_structure import flat_shapes, flat_types, from_flat, legacy, spec_of_element, to_flat


class TracedFunction:
    """A function from elements to elements.

    Args:
        function: Builds operations; called with the components of an element, or with the element where that is no
            plain tuple.
        transformation: What it is for, in messages: `"Dataset.map()"`.
        spec: What describes the elements that it takes.
        rows: Whether it returns many elements, one for each row.

    Attributes:
        function: The traced function, as an attribute of operations.
        spec: What describes what it returns.

    Raises:
        TypeError: It returns something that no dataset holds.
    """

    def __init__(self, function: Callable[..., Any], transformation: str, spec: Any, rows: bool = False):
        self._python, self._transformation, self._rows = function, transformation, rows
        graph = get_default_graph()
        name = transformation.replace(".", "_").removesuffix("()") + "_" + _name_of(function)
        body = FunctionGraph(name, graph)
        self.spec: Any = None
        with body.as_default():
            arguments = [
                body.argument(dtype, Spec(shape.tuple, dtype.key))
                for dtype, shape in zip(flat_types(spec), flat_shapes(spec), strict=True)
            ]
            body.results = self._traced(body, from_flat(spec, arguments))
        self.function = HostFunction(body)
        self.eager = executing_eagerly()

    def _traced(self, body: FunctionGraph, element: Any) -> list[Tensor]:
        arguments = element if type(element) is tuple else (element,)
        returned = self._python(*arguments)
        if isinstance(returned, list):
            returned = tuple(returned)
        try:
            self.spec = spec_of_element(returned)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Unsupported return value from function passed to {self._transformation}: {returned}."
            ) from error
        return [body.capture(convert_to_tensor(tensor)) for tensor in to_flat(self.spec, returned, self._rows)]

    @property
    def captured(self) -> list[Tensor]:
        """What it takes from the graph around it: inputs of the operation that holds it."""
        return self.function.captured

    def output(self, what: str) -> Any:
        """Return the `"types"`, `"shapes"` or `"classes"` of what it returns.

        Args:
            what: Which of these.
        """
        return legacy(self.spec, what)


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", None) or type(function).__name__
    for symbol in "<>\\' ":
        name = name.replace(symbol, "")
    return name

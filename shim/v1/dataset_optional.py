"""`tf.data.experimental.Optional`: an element, or that there is none."""

from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import get_default_graph
from onevar.v1.dataset_core import flat_attrs
from onevar.v1.dataset_structure import flat_types, from_flat, normalized, spec_of_element, to_flat
from onevar.v1.export import export
from onevar.v1.type_specs import TypeSpec


@export("OptionalSpec", "data.experimental.OptionalStructure")
class OptionalSpec(TypeSpec):
    """Describes an `Optional`.

    Args:
        element_spec: What describes the element.
    """

    _fields = ("element_spec",)

    def __init__(self, element_spec: Any):
        self.element_spec = element_spec

    @property
    def value_type(self) -> Any:
        """`tf.data.experimental.Optional`."""
        return Optional

    def _to_flat(self, value: Any) -> list[Any]:
        return [value._variant_tensor]

    def _from_flat(self, tensors: Any) -> Any:
        return Optional(tensors[0], self.element_spec)


@export("data.experimental.Optional", "contrib.data.Optional")
class Optional:
    """An element, or that there is none.

    Args:
        variant_tensor: What stands for it in the graph.
        element_spec: What describes the element.
    """

    def __init__(self, variant_tensor: Any, element_spec: Any):
        self._variant_tensor, self._element_spec = variant_tensor, element_spec

    @property
    def element_spec(self) -> Any:
        """What describes the element."""
        return self._element_spec

    value_structure = element_spec

    @property
    def _type_spec(self) -> OptionalSpec:
        return OptionalSpec(self._element_spec)

    def has_value(self, name: str | None = None) -> Any:
        """Return whether there is an element.

        Args:
            name: Of the operation.
        """
        with get_default_graph().colocate_with(self._variant_tensor):
            return op("OptionalHasValue", optional=self._variant_tensor, name=name)

    def get_value(self, name: str | None = None) -> Any:
        """Return the element.

        Args:
            name: Of the operation.
        """
        with get_default_graph().colocate_with(self._variant_tensor):
            tensors = op("OptionalGetValue", optional=self._variant_tensor, name=name, **flat_attrs(self._element_spec))
            return from_flat(self._element_spec, tensors)

    @staticmethod
    def from_value(value: Any) -> "Optional":
        """Return an `Optional` of an element.

        Args:
            value: The element.
        """
        element = normalized(value)
        spec = spec_of_element(element)
        variant = op("OptionalFromValue", components=to_flat(spec, element), Toutput_types=flat_types(spec))
        return Optional(variant, spec)

    @staticmethod
    def none_from_structure(value_structure: Any) -> "Optional":
        """Return that there is none.

        Args:
            value_structure: What would describe the element.
        """
        return Optional(op("OptionalNone"), value_structure)

    empty = none_from_structure


@export("data.experimental.get_next_as_optional", "contrib.data.get_next_as_optional")
def get_next_as_optional(iterator: Any) -> Optional:
    """Return the next element of an iterator, or that there is none.

    Args:
        iterator: A `tf.data.Iterator`.
    """
    return iterator.get_next_as_optional()

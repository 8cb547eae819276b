"""What an assignment to a resource variable returns in a graph."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import control_dependencies
from onevar.core.operation import Operation
from onevar.v1.resource_scatters import METHODS
from onevar.v1.resource_variable import ResourceVariable
from onevar.v1.variable_enums import validate_synchronization_aggregation_trainable


class UnreadVariable(ResourceVariable):
    """A variable right after an assignment: what reads it waits for that, and it can be assigned to again."""

    _parent_op: Operation

    @classmethod
    def _after(cls, variable: ResourceVariable, operation: Operation) -> "UnreadVariable":
        self = object.__new__(cls)
        self._handle, self._dtype, self._shape = variable._handle, variable._dtype, variable._shape
        self._synchronization, self._aggregation, self._trainable = validate_synchronization_aggregation_trainable(
            None, None, None, None
        )
        self._constraint = None
        self._parent_op = operation
        with control_dependencies([operation]):
            self._graph_element = op("ReadVariableOp", resource=self._handle, dtype=self._dtype)
        return self

    @property
    def name(self) -> str:
        """The name of the assignment."""
        return self._parent_op.name

    @property
    def op(self) -> Operation:
        """The assignment."""
        return self._parent_op

    @property
    def _cell(self) -> Any:  # type: ignore[override]
        raise ValueError(f"{self!r} is what an assignment returns: run it in a Session, and ask the variable itself.")

    def _read_variable_op(self) -> Any:
        with control_dependencies([self._parent_op]):
            return op("ReadVariableOp", resource=self._handle, dtype=self._dtype)

    def value(self) -> Any:  # type: ignore[override]
        """Return a new tensor that reads it."""
        return self._read_variable_op()

    def read_value(self) -> Any:
        """Return a new tensor that reads it."""
        return self._read_variable_op()


def _waiting(name: str) -> Callable:
    plain = getattr(ResourceVariable, name)

    def method(self: UnreadVariable, *args: Any, **kwargs: Any) -> Any:
        with control_dependencies([self._parent_op]):
            return plain(self, *args, **kwargs)

    method.__name__, method.__qualname__, method.__doc__ = name, f"UnreadVariable.{name}", plain.__doc__
    return method


for _name in ("assign", "assign_add", "assign_sub", *METHODS):
    setattr(UnreadVariable, _name, _waiting(_name))

"""What Keras 3 says about a variable besides its value; annotations that layers and optimizers read."""

from collections.abc import Callable
from typing import Any

from onevar.core.arguments import callable_or_none


class KerasAttributes:
    """The documented attributes of `keras.Variable` that do not depend on a scope."""

    _cell: Any
    _name: str
    _path: str
    _autocast: bool
    _aggregation: str
    _synchronization: str
    _overwrite_with_gradient: bool
    _regularizer: Callable | None
    _constraint: Callable | None

    @property
    def trainable(self) -> bool:
        """Whether gradients are wanted."""
        return self._cell.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._cell.set_trainable(bool(value))

    @property
    def name(self) -> str:
        """The name, without scopes."""
        return self._name

    @property
    def path(self) -> str:
        """The name with the `name_scope`s it was made in."""
        return self._path

    @property
    def autocast(self) -> bool:
        """Whether an AutocastScope applies."""
        return self._autocast

    @property
    def aggregation(self) -> str:
        """How replicas become one value."""
        return self._aggregation

    @property
    def synchronization(self) -> str:
        """When replicas become one value."""
        return self._synchronization

    @property
    def layout(self) -> Any:
        """How the value lies over devices, or None."""
        return self._cell.layout

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether optimizers write the gradient itself into the Variable (float8 scales are trained so)."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"`overwrite_with_gradient` must be a boolean. Received: {value}")
        self._overwrite_with_gradient = value

    @property
    def regularizer(self) -> Callable | None:
        """A callable from the value to a penalty, or None."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Callable | None) -> None:
        self._regularizer = callable_or_none("regularizer", "keras.regularizers.Regularizer", value)

    @property
    def constraint(self) -> Callable | None:
        """A callable that optimizers apply to the updated value, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Callable | None) -> None:
        self._constraint = callable_or_none("constraint", "keras.constraints.Constraint", value)

"""The variables that an optimizer keeps: slots, one for each variable that it optimizes, and those of its own."""

from collections.abc import Iterable
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import colocate_with, get_default_graph
from onevar.core.name_scope import name_scope
from onevar.v1.optimizer_targets import is_eager_variable, var_key
from onevar.v1.slot_creator import create_slot, create_slot_with_initializer, create_zeros_slot
from onevar.v1.variable_scopes import get_variable, variable_scope
from onevar.v1.variables import Variable, is_resource_variable


class Slots:
    """The part of `tf.train.Optimizer` that makes and finds its variables."""

    _use_own_namescope_for_non_slot_vars = False
    _non_slot_variable_scope: Any = None

    def __init__(self) -> None:
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[tuple[str, Any], Any] = {}

    # -- slots ----------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Any:
        """Return the slot of a variable, or None.

        Args:
            var: The variable.
            name: One of `get_slot_names()`.
        """
        named = self._slots.get(name)
        return named.get(var_key(var)) if named else None

    def get_slot_names(self) -> list[str]:
        """Return the names of the slots, sorted."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """Return all variables of the optimizer in the current graph, sorted by name."""
        found = list(self._non_slot_variables())
        for named in self._slots.values():
            found.extend(named.values())
        return sorted((v for v in found if _is_current(v)), key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        """Return the slots of one name, by `var_key`."""
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        """Return a slot that begins with a tensor.

        Args:
            var: The variable.
            val: The first value.
            slot_name: Of the slot.
            op_name: Of the slot's variable, below `var`.
        """
        named, key = self._slot_dict(slot_name), var_key(var)
        if key not in named:
            named[key] = create_slot(var, val, op_name)
        return named[key]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        """Return a slot that an initializer makes.

        Args:
            var: The variable.
            initializer: A function of shape and dtype, or a tensor.
            shape: Of the slot.
            dtype: Of the slot.
            slot_name: Of the slot.
            op_name: Of the slot's variable, below `var`.
        """
        named, key = self._slot_dict(slot_name), var_key(var)
        if key not in named:
            named[key] = create_slot_with_initializer(var, initializer, shape, dtype, op_name)
        return named[key]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        """Return a slot of zeros, shaped like the variable.

        Args:
            var: The variable.
            slot_name: Of the slot.
            op_name: Of the slot's variable, below `var`.
        """
        named, key = self._slot_dict(slot_name), var_key(var)
        if key not in named:
            named[key] = create_zeros_slot(var, op_name)
        return named[key]

    # -- variables of its own -------------------------------------------------------------------

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """Return a variable of the optimizer's own, one for each graph.

        Args:
            initial_value: The first value.
            name: Of the variable.
            colocate_with: A variable that it should be with.
        """
        key = (name, None if executing_eagerly() else colocate_with.graph)
        found = self._non_slot_dict.get(key)
        if found is None:
            found = self._non_slot_dict[key] = self._new_variable(initial_value, name, colocate_with)
        return found

    def _new_variable(self, initial_value: Any, name: str, beside: Any) -> Any:
        resource = is_resource_variable(beside)
        with colocate_with(beside):
            if not self._use_own_namescope_for_non_slot_vars:
                return Variable(initial_value, name=name, trainable=False, use_resource=resource)
            with name_scope(""), variable_scope(self._non_slot_variable_scope):
                return get_variable(name, initializer=initial_value, trainable=False, use_resource=resource)

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        """Return a variable of the optimizer's own, or None.

        Args:
            name: Of the variable.
            graph: Its graph; None where operations compute at once.
        """
        return self._non_slot_dict.get((name, graph))

    def _non_slot_variables(self) -> Iterable[Any]:
        """Return all variables of the optimizer's own."""
        return self._non_slot_dict.values()


def _is_current(variable: Any) -> bool:
    return is_eager_variable(variable) or variable.op.graph is get_default_graph()

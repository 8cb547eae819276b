"""From one face of a Variable to the other: both are views of one Cell."""

from typing import Any

from onevar.keras3 import KerasVariable
from onevar.v1.eager_variable import EagerVariable
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variables import Variable


def keras_face(variable: Variable) -> KerasVariable:
    """Return the Keras 3 face of the state that a v1 Variable has: in the default session, or of its own.

    Args:
        variable: The v1 Variable.

    Raises:
        ValueError: It is part of a graph, and there is no default session.
        FailedPreconditionError: It has no value there yet.
    """
    face: KerasVariable = object.__new__(KerasVariable)
    vars(face).update(
        _cell=variable._cell,
        _name=variable.path.rpartition("/")[2],
        _path=variable.path,
        _aggregation=variable.aggregation.name.lower(),
        _synchronization=variable.synchronization.name.lower(),
        _autocast=True,
        _regularizer=None,
        _constraint=variable.constraint,
        _overwrite_with_gradient=False,
        _initializer=None,
    )
    return face


def v1_face(variable: Any) -> EagerVariable:
    """Return the v1 face of a Keras 3 Variable's state; it computes at once.

    Args:
        variable: The Keras 3 Variable.
    """
    aggregation = VariableAggregation[(variable.aggregation or "none").upper()]
    synchronization = VariableSynchronization[(variable.synchronization or "none").upper()]
    return EagerVariable._over(variable._cell, variable.path, synchronization, aggregation, variable.constraint)

"""`tf.VariableSynchronization` and `tf.VariableAggregation`: how replicas of a variable become one value."""

import enum
from typing import Any

from onevar.v1.export import export


@export("VariableSynchronization")
class VariableSynchronization(enum.Enum):
    """When the replicas of a variable become one value."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


@export("VariableAggregation")
class VariableAggregation(enum.Enum):
    """How the replicas of a variable become one value."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    #: The older name of ONLY_FIRST_REPLICA.
    ONLY_FIRST_TOWER = 3  # noqa: PIE796 (an alias, as in TensorFlow)

    def __hash__(self) -> int:
        return hash(self.value)


def validate_synchronization_aggregation_trainable(
    synchronization: Any, aggregation: Any, trainable: bool | None, name: str | None
) -> tuple[VariableSynchronization, VariableAggregation, bool]:
    """Return the three as a variable keeps them.

    Args:
        synchronization: One of the enum, its number, or None for AUTO.
        aggregation: One of the enum, its number, or None for NONE.
        trainable: None for what the synchronization says: what is synchronized on reading is not trained.
        name: For messages.

    Raises:
        ValueError: A mode that does not exist.
    """
    if aggregation is None:
        aggregation = VariableAggregation.NONE
    try:
        aggregation = VariableAggregation(aggregation)
    except ValueError:
        raise ValueError(f"Invalid variable aggregation mode: {aggregation} for variable: {name}") from None
    if synchronization is None:
        synchronization = VariableSynchronization.AUTO
    try:
        synchronization = VariableSynchronization(synchronization)
    except ValueError:
        raise ValueError(f"Invalid variable synchronization mode: {synchronization} for variable: {name}") from None
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    return synchronization, aggregation, trainable

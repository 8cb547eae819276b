"""`tf.distribute` where nothing is distributed: the default strategy, and its one replica."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

from onevar.v1.export import export

_MODULE = "python.distribute.distribution_strategy_context"


@export("distribute.ReduceOp")
class ReduceOp(Enum):
    """How values of replicas become one."""

    SUM = "SUM"
    MEAN = "MEAN"


@export("distribute.InputReplicationMode")
class InputReplicationMode(Enum):
    """How input is made for replicas."""

    PER_WORKER = "PER_WORKER"
    PER_REPLICA = "PER_REPLICA"


class StrategyExtended:
    """What libraries ask of a strategy: there is one replica, and each value is its own."""

    def call_for_each_replica(
        self, fn: Callable, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the function returns."""
        return fn(*args, **(kwargs or {}))

    def reduce_to(self, reduce_op: Any, value: Any, destinations: Any) -> Any:
        """Return the value."""
        return value

    def batch_reduce_to(self, reduce_op: Any, value_destination_pairs: Sequence[tuple[Any, Any]]) -> list[Any]:
        """Return the values."""
        return [value for value, _ in value_destination_pairs]

    def update(
        self, var: Any, fn: Callable, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
        group: bool = True,
    ) -> Any:  # fmt: skip
        """Return what the function of the variable returns."""
        return fn(var, *args, **(kwargs or {}))

    def update_non_slot(
        self, colocate_with: Any, fn: Callable, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
        group: bool = True,
    ) -> Any:  # fmt: skip
        """Return what the function returns."""
        return fn(*args, **(kwargs or {}))

    def read_var(self, v: Any) -> Any:
        """Return the variable's value."""
        return v.value()


@export("distribute.Strategy", "distribute.StrategyExtended")
class Strategy:
    """The default strategy: one replica, in this process."""

    def __init__(self, extended: Any = None):
        self._extended = extended or StrategyExtended()

    @property
    def extended(self) -> Any:
        """What libraries ask of it."""
        return self._extended

    @property
    def num_replicas_in_sync(self) -> int:
        """1."""
        return 1

    @contextmanager
    def scope(self) -> Iterator["Strategy"]:
        """Nothing is distributed inside the `with` block."""
        yield self

    def experimental_run_v2(
        self, fn: Callable, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the function returns.

        Args:
            fn: The function.
            args: Its arguments.
            kwargs: Its keyword arguments.
        """
        return fn(*args, **(kwargs or {}))

    run = experimental_run_v2

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """Return the value, reduced along an axis if one is given.

        Args:
            reduce_op: `ReduceOp.SUM` or `MEAN`.
            value: The value.
            axis: Of the batch; None for no axis.
        """
        if axis is None:
            return value
        from onevar.v1.public_functions import tf

        reduce = tf.reduce_mean if getattr(reduce_op, "value", reduce_op) == "MEAN" else tf.reduce_sum
        return reduce(value, axis=axis)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """Return the value as the only one."""
        return (value,)


@export("distribute.ReplicaContext")
class ReplicaContext:
    """The one replica."""

    def __init__(self, strategy: Strategy, replica_id_in_sync_group: int):
        self.strategy = strategy
        self.replica_id_in_sync_group = replica_id_in_sync_group

    @property
    def num_replicas_in_sync(self) -> int:
        """1."""
        return 1

    def merge_call(self, merge_fn: Callable, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Return what a function of the strategy and the arguments returns.

        Args:
            merge_fn: The function.
            args: Its arguments.
            kwargs: Its keyword arguments.
        """
        return merge_fn(self.strategy, *args, **(kwargs or {}))

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """Return the value."""
        return value


_strategy = Strategy()
_replica = ReplicaContext(_strategy, 0)


@export("distribute.get_strategy", "contrib.distribute.get_strategy", f"{_MODULE}.get_strategy",
        "contrib.distribute.get_distribution_strategy")  # fmt: skip
def get_strategy() -> Strategy:
    """Return the default strategy."""
    return _strategy


@export("distribute.has_strategy", "contrib.distribute.has_strategy", f"{_MODULE}.has_strategy",
        "contrib.distribute.has_distribution_strategy")  # fmt: skip
def has_strategy() -> bool:
    """Return False: the default strategy does not count."""
    return False


@export("distribute.get_replica_context", "contrib.distribute.get_replica_context", f"{_MODULE}.get_replica_context")
def get_replica_context() -> ReplicaContext:
    """Return the one replica."""
    return _replica


@export("distribute.in_cross_replica_context", "contrib.distribute.in_cross_replica_context",
        f"{_MODULE}.in_cross_replica_context")  # fmt: skip
def in_cross_replica_context() -> bool:
    """Return False: the program is in the one replica."""
    return False


@export("contrib.distribute.get_cross_replica_context", f"{_MODULE}.get_cross_replica_context")
def get_cross_replica_context() -> None:
    """Return None: the program is in the one replica."""


@export("distribute.get_loss_reduction", "contrib.distribute.get_loss_reduction")
def get_loss_reduction() -> ReduceOp:
    """Return how losses of replicas would become one."""
    return ReduceOp.SUM

"""`tf.train.SyncReplicasOptimizer`: not offered, and what to use instead."""

from typing import Any

from onevar.errors import Unsupported
from onevar.v1.export import export
from onevar.v1.optimizer_base import Optimizer


@export("train.SyncReplicasOptimizer")
class SyncReplicasOptimizer(Optimizer):
    """Gradients of several workers, gathered by parameter servers: there are none here.

    Args:
        opt: The optimizer that would apply the gradients.
        replicas_to_aggregate: How many gradients make a step.
        total_num_replicas: How many workers there are.
        variable_averages: Averages of the variables.
        variables_to_average: Which ones.
        use_locking: Accepted.
        name: Of the optimizer.

    Raises:
        Unsupported: Always.
    """

    def __init__(
        self, opt: Any, replicas_to_aggregate: int, total_num_replicas: int | None = None,
        variable_averages: Any = None, variables_to_average: Any = None, use_locking: bool = False,
        name: str = "sync_replicas",
    ):  # fmt: skip
        raise Unsupported(
            f"tf.train.SyncReplicasOptimizer(replicas_to_aggregate={replicas_to_aggregate}): there are no parameter "
            "servers here. In one process, average the gradients of the towers and apply them with the optimizer "
            "itself; over several, use the framework's own means: a mesh on jax (jax.sharding), "
            "torch.distributed, tf.distribute."
        )

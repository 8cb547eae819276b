"""`tf.data.Options`: how a dataset is to be computed. Nothing here changes which elements there are."""

import enum
from typing import Any

from onevar.v1.export import export


class _Settings:
    """Attributes of which only some names are known.

    Attributes:
        known: The names, and the class of those that are settings themselves.
    """

    known: dict[str, Any] = {}

    def __init__(self) -> None:
        values = {name: None if kind is None else kind() for name, kind in self.known.items()}
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Any:
        values = object.__getattribute__(self, "_values")
        name = _SAME.get(name, name)
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        name = _SAME.get(name, name)
        if name not in self._values:
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        self._values[name] = value

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values == other._values  # type: ignore[attr-defined]

    __hash__ = object.__hash__

    def __ne__(self, other: object) -> bool:
        return not self == other

    def merge(self, other: Any) -> Any:
        """Return both settings together.

        Args:
            other: Of the same class; what it says goes.

        Raises:
            TypeError: It is of another class.
        """
        if type(self) is not type(other):
            raise TypeError(f"Cannot merge {type(self)} with {type(other)}.")
        made = type(self)()
        for name, mine in self._values.items():
            given = other._values[name]
            if isinstance(mine, _Settings):
                made._values[name] = mine.merge(given)
            else:
                made._values[name] = mine if given is None else given
        return made


#: Older names of some settings.
_SAME = {
    "experimental_deterministic": "deterministic",
    "experimental_threading": "threading",
    "experimental_private_threadpool_size": "private_threadpool_size",
}


@export("data.experimental.ThreadingOptions", "data.ThreadingOptions")
class ThreadingOptions(_Settings):
    """How many threads work."""

    known = dict.fromkeys(("max_intra_op_parallelism", "private_threadpool_size"))


@export("data.experimental.AutotuneOptions")
class AutotuneOptions(_Settings):
    """What is found out while it runs."""

    known = dict.fromkeys(
        ("enabled", "cpu_budget", "ram_budget", "autotune_algorithm", "initial_parallelism", "min_parallelism")
    )


@export("data.experimental.OptimizationOptions")
class OptimizationOptions(_Settings):
    """What may be put together or left out."""

    known = dict.fromkeys(
        (
            "apply_default_optimizations", "autotune", "autotune_algorithm", "autotune_buffers", "autotune_cpu_budget",
            "filter_fusion", "filter_parallelization", "filter_with_random_uniform_fusion", "hoist_random_uniform",
            "inject_prefetch", "map_and_batch_fusion", "map_and_filter_fusion", "map_fusion", "map_parallelization",
            "map_vectorization", "noop_elimination", "parallel_batch", "reorder_data_discarding_ops",
            "seq_interleave_prefetch", "shuffle_and_repeat_fusion", "warm_start",
        )
    )  # fmt: skip


@export("data.experimental.DistributeOptions")
class DistributeOptions(_Settings):
    """How it is spread over machines."""

    known = dict.fromkeys(("auto_shard_policy", "num_devices", "make_stateless"))


@export("data.experimental.ServiceOptions")
class ServiceOptions(_Settings):
    """How a service computes it."""

    known = dict.fromkeys(("pinned",))


@export("data.Options")
class Options(_Settings):
    """How a dataset is to be computed; accepted, for nothing here changes which elements there are."""

    known = {
        "autotune": AutotuneOptions, "dataset_name": None, "deterministic": None,
        "experimental_distribute": DistributeOptions, "experimental_optimization": OptimizationOptions,
        "experimental_service": ServiceOptions, "experimental_external_state_policy": None,
        "experimental_numa_aware": None, "experimental_slack": None, "experimental_stats": None,
        "experimental_symbolic_checkpoint": None, "experimental_warm_start": None, "experimental_autotune": None,
        "framework_type": None, "threading": ThreadingOptions,
    }  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        name = _SAME.get(name, name)
        kind = self.known.get(name)
        if kind is not None and value is not None and not isinstance(value, kind):
            raise TypeError(
                f"The property {name!r} must be of type {kind.__name__!r}, got: {value!r} (type: {type(value)!r})"
            )
        super().__setattr__(name, value)


def serialized(options: Options) -> str:
    """Return the attribute of an operation that holds options.

    Args:
        options: The options.
    """
    said = {True: "1", False: "0", None: ""}[options.deterministic]
    return f"deterministic={said}"


@export("data.experimental.AutoShardPolicy")
class AutoShardPolicy(enum.IntEnum):
    """How a dataset is taken apart for several machines."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


@export("data.experimental.AutotuneAlgorithm")
class AutotuneAlgorithm(enum.Enum):
    """How numbers are found that were left open."""

    DEFAULT = 0
    HILL_CLIMB = 1
    GRADIENT_DESCENT = 2
    MAX_PARALLELISM = 3
    STAGE_BASED = 4


@export("data.experimental.ExternalStatePolicy")
class ExternalStatePolicy(enum.Enum):
    """What is done about state that cannot be saved."""

    WARN = 0
    IGNORE = 1
    FAIL = 2

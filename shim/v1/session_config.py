"""`tf.ConfigProto` and its parts: options of a Session, by TensorFlow's field names.

Which device an operation runs on and how threads are used is the framework's affair: those fields are accepted and
mean nothing here. `graph_options.optimizer_options.global_jit_level` asks for the framework's
optimizing compiler. These classes stand in for the messages of the tensorboard package where it is not installed
(`session_messages`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class Message:
    """Fields with defaults, as a protocol buffer has them: a field that is not declared is an error.

    Args:
        **fields: First values.

    Raises:
        ValueError: There is no field of that name.
        TypeError: A value is of another type than the field.
    """

    _fields: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **fields: Any):
        object.__setattr__(self, "_values", {})
        for name, value in fields.items():
            if name not in self._fields:
                raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
            if value is not None:
                self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        kind = self._fields[name]
        if isinstance(kind, type) and issubclass(kind, Message):
            self._values[name] = _message(kind, name, value)
        elif isinstance(kind, list | dict):
            self._values[name] = type(kind)(value)
        else:
            self._values[name] = _scalar(type(self).__name__, name, kind, value)

    def __getattr__(self, name: str) -> Any:
        fields = type(self)._fields
        if name not in fields:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        kind = fields[name]
        if isinstance(kind, type) and issubclass(kind, Message):
            return self._values.setdefault(name, kind())
        if isinstance(kind, list | dict):
            return self._values.setdefault(name, type(kind)())
        return self._values.get(name, kind)

    def __setattr__(self, name: str, value: Any) -> None:
        kind = self._fields.get(name, _MISSING)
        if kind is _MISSING:
            raise AttributeError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        if isinstance(kind, list | dict) or (isinstance(kind, type) and issubclass(kind, Message)):
            raise AttributeError(
                f'Assignment not allowed to message, map, or repeated field "{name}" in protocol message object.'
            )
        self._set(name, value)

    def HasField(self, name: str) -> bool:  # noqa: N802 (protobuf's names)
        """Whether a field was set."""
        return name in self._values

    def ClearField(self, name: str) -> None:  # noqa: N802
        """Let a field have its default."""
        self._values.pop(name, None)

    def CopyFrom(self, other: "Message") -> None:  # noqa: N802
        """Become what `other` is."""
        self._values.clear()
        self.MergeFrom(other)

    def MergeFrom(self, other: "Message") -> None:  # noqa: N802
        """Take over the fields that are set in `other`."""
        for name, value in other._values.items():
            if isinstance(value, Message):
                getattr(self, name).MergeFrom(value)
            elif isinstance(value, list):
                getattr(self, name).extend(value)
            elif isinstance(value, dict):
                getattr(self, name).update(value)
            else:
                self._values[name] = value

    def ListFields(self) -> Iterator[tuple[str, Any]]:  # noqa: N802
        """Yield the fields that are set, with their values."""
        yield from self._values.items()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values == other._values  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


_MISSING = object()


def _message(kind: type[Message], name: str, value: Any) -> Message:
    if isinstance(value, Mapping):
        return kind(**value)
    if not isinstance(value, kind):
        raise TypeError(f"Parameter to initialize message field must be dict or instance of {kind.__name__}: {name}")
    copy = kind()
    copy.CopyFrom(value)
    return copy


def _scalar(message: str, name: str, default: Any, value: Any) -> Any:
    if isinstance(default, bool):
        wanted: Any = (bool, int)
    elif isinstance(default, int):
        wanted = int
    elif isinstance(default, float):
        wanted = (int, float)
    else:
        wanted = (str, bytes)
    if not isinstance(value, wanted):
        value = value.item() if hasattr(value, "item") else value  # NumPy's scalars
    if not isinstance(value, wanted):
        raise TypeError(f"{message}.{name}: {value!r} has type {type(value).__name__}, but expected one of: {wanted}")
    return type(default)(value) if isinstance(default, bool | float) else value


class GPUOptions(Message):
    """Accepted: memory is the framework's affair."""

    _fields = {
        "per_process_gpu_memory_fraction": 0.0, "allow_growth": False, "allocator_type": "",
        "deferred_deletion_bytes": 0, "visible_device_list": "", "polling_active_delay_usecs": 0,
        "polling_inactive_delay_msecs": 0, "force_gpu_compatible": False,
    }  # fmt: skip


class OptimizerOptions(Message):
    """`global_jit_level` above 0 asks for the framework's optimizing compiler; the rest is accepted."""

    L1, L0 = 0, -1
    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2
    _fields = {
        "do_common_subexpression_elimination": False, "do_constant_folding": False, "max_folded_constant_in_bytes": 0,
        "do_function_inlining": False, "opt_level": 0, "global_jit_level": 0, "cpu_global_jit": False,
    }  # fmt: skip


class RewriterConfig(Message):
    """Accepted: the framework's compiler rewrites what it wants."""

    DEFAULT, ON, OFF, AGGRESSIVE = 0, 1, 2, 3
    NO_MEM_OPT, MANUAL, HEURISTICS = 1, 2, 3
    _fields = {
        **dict.fromkeys(
            (
                "cpu_layout_conversion", "layout_optimizer", "constant_folding", "shape_optimization", "remapping",
                "common_subgraph_elimination", "arithmetic_optimization", "dependency_optimization",
                "loop_optimization", "function_optimization", "debug_stripper", "scoped_allocator_optimization",
                "pin_to_host_optimization", "implementation_selector", "auto_mixed_precision",
                "meta_optimizer_iterations", "min_graph_nodes", "memory_optimization", "meta_optimizer_timeout_ms",
            ),
            0,
        ),
        "disable_model_pruning": False, "disable_meta_optimizer": False, "fail_on_optimizer_errors": False,
        "memory_optimizer_target_node_name_scope": "", "optimizers": [], "custom_optimizers": [],
    }  # fmt: skip


class GraphOptions(Message):
    """Holds `optimizer_options`; the rest is accepted."""

    _fields = {
        "enable_recv_scheduling": False, "optimizer_options": OptimizerOptions, "build_cost_model": 0,
        "build_cost_model_after": 0, "infer_shapes": False, "place_pruned_graph": False,
        "enable_bfloat16_sendrecv": False, "timeline_step": 0, "rewrite_options": RewriterConfig,
    }  # fmt: skip


class _Experimental(Message):
    """Accepted."""

    _fields = {
        "collective_group_leader": "", "executor_type": "", "use_numa_affinity": False,
        "share_session_state_in_clusterspec_propagation": False, "optimize_for_static_graph": False,
        "enable_mlir_bridge": False, "xla_fusion_autotuner_thresh": 0, "disable_output_partition_graphs": False,
    }  # fmt: skip


class ConfigProto(Message):
    """Options of a Session; see the module."""

    _fields = {
        "device_count": {}, "intra_op_parallelism_threads": 0, "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False, "session_inter_op_thread_pool": [], "placement_period": 0,
        "device_filters": [], "gpu_options": GPUOptions, "pluggable_device_options": GPUOptions,
        "allow_soft_placement": False, "log_device_placement": False, "graph_options": GraphOptions,
        "operation_timeout_in_ms": 0, "isolate_session_state": False, "share_cluster_devices_in_session": False,
        "experimental": _Experimental,
    }  # fmt: skip


class RunOptions(Message):
    """Options of one run; accepted."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = 0, 1, 2, 3
    _fields = {
        "trace_level": 0, "timeout_in_ms": 0, "inter_op_thread_pool": 0, "output_partition_graphs": False,
        "report_tensor_allocations_upon_oom": False,
    }  # fmt: skip


class RunMetadata(Message):
    """What a run reports: nothing is filled in."""

    _fields = {"step_stats": [], "cost_graph": [], "partition_graphs": [], "function_graphs": []}

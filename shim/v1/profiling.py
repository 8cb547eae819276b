"""`tf.profiler` and `tf.contrib.tfprof`: how many parameters and float operations a graph has, scope by scope.

Times and memory of operations are the framework's own profiler's affair (`torch.profiler`, `jax.profiler`), or those of
`RunMetadata`.
"""

import copy
import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.core.flops import float_operations
from onevar.core.operation import Operation
from onevar.core.state import STORAGE
from onevar.errors import Unsupported
from onevar.v1.export import export, export_value
from onevar.v1.graph_keys import GraphKeys

_COUNTED = {"params": "parameters", "float_ops": "float_ops"}
_TITLES = {"params": "# parameters", "float_ops": "# float_ops"}
_UNITS = {"params": "params", "float_ops": "flops"}
_TRAINABLE = "_trainable_variables"


def _options(account: Sequence[str], select: Sequence[str], order_by: str, min_float_ops: int = 0) -> dict[str, Any]:
    least = ("bytes", "peak_bytes", "residual_bytes", "output_bytes", "micros", "accelerator_micros", "cpu_micros",
             "params", "occurrence")  # fmt: skip
    return {
        "max_depth": 10000, **{f"min_{name}": 0 for name in least}, "min_float_ops": min_float_ops, "step": -1,
        "order_by": order_by, "account_type_regexes": list(account), "start_name_regexes": [".*"],
        "trim_name_regexes": [], "show_name_regexes": [".*"], "hide_name_regexes": [],
        "account_displayed_op_only": True, "select": list(select), "output": "stdout",
    }  # fmt: skip


@export("profiler.ProfileOptionBuilder")
class ProfileOptionBuilder:
    """Makes the options of `profile`.

    Args:
        options: To begin with; all there is, by default.
    """

    def __init__(self, options: dict[str, Any] | None = None):
        self._options = copy.deepcopy(options) if options is not None else _options([".*"], ["micros"], "name")

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Return the options that count the parameters of trainable variables."""
        return _options([_TRAINABLE], ["params"], "name")

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Return the options that count float operations."""
        return _options([".*"], ["float_ops"], "float_ops", min_float_ops=1)

    @staticmethod
    def time_and_memory(
        min_micros: int = 1, min_bytes: int = 1, min_accelerator_micros: int = 0, min_cpu_micros: int = 0,
        min_peak_bytes: int = 0, min_residual_bytes: int = 0, min_output_bytes: int = 0,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the options that show times and memory.

        Args:
            min_micros: Least time of what is shown.
            min_bytes: Least memory.
            min_accelerator_micros: Least time on an accelerator.
            min_cpu_micros: Least time on the CPU.
            min_peak_bytes: Least memory at a time.
            min_residual_bytes: Least memory that stays.
            min_output_bytes: Least memory of results.
        """
        given = dict(locals())
        return {**_options([".*"], ["micros", "bytes"], "micros"), **given}

    def build(self) -> dict[str, Any]:
        """Return the options."""
        return copy.deepcopy(self._options)

    def _with(self, **changed: Any) -> "ProfileOptionBuilder":
        self._options.update(changed)
        return self

    def with_max_depth(self, max_depth: int) -> "ProfileOptionBuilder":
        """Show no scopes below this depth."""
        return self._with(max_depth=max_depth)

    def with_min_parameters(self, min_params: int) -> "ProfileOptionBuilder":
        """Show what has at least as many parameters."""
        return self._with(min_params=min_params)

    def with_min_float_operations(self, min_float_ops: int) -> "ProfileOptionBuilder":
        """Show what has at least as many float operations."""
        return self._with(min_float_ops=min_float_ops)

    def with_min_occurrence(self, min_occurrence: int) -> "ProfileOptionBuilder":
        """Accepted."""
        return self._with(min_occurrence=min_occurrence)

    def with_accounted_types(self, account_type_regexes: Sequence[str]) -> "ProfileOptionBuilder":
        """Count operations of types that match one of these."""
        return self._with(account_type_regexes=list(account_type_regexes))

    def with_node_names(
        self, start_name_regexes: Any = None, show_name_regexes: Any = None, hide_name_regexes: Any = None,
        trim_name_regexes: Any = None,
    ) -> "ProfileOptionBuilder":  # fmt: skip
        """Choose what is shown by patterns of names."""
        given = {"start": start_name_regexes, "show": show_name_regexes, "hide": hide_name_regexes,
                 "trim": trim_name_regexes}  # fmt: skip
        return self._with(**{f"{key}_name_regexes": list(value) for key, value in given.items() if value is not None})

    def account_displayed_op_only(self, is_true: bool) -> "ProfileOptionBuilder":
        """Count only what is shown."""
        return self._with(account_displayed_op_only=is_true)

    def with_empty_output(self) -> "ProfileOptionBuilder":
        """Write nothing."""
        return self._with(output="none")

    def with_stdout_output(self) -> "ProfileOptionBuilder":
        """Write to the standard output."""
        return self._with(output="stdout")

    def with_file_output(self, outfile: str) -> "ProfileOptionBuilder":
        """Write to a file."""
        return self._with(output=f"file:outfile={outfile}")

    def with_step(self, step: int) -> "ProfileOptionBuilder":
        """Accepted."""
        return self._with(step=step)

    def order_by(self, attribute: str) -> "ProfileOptionBuilder":
        """Order by `name`, `params` or `float_ops`."""
        return self._with(order_by=attribute)

    def select(self, attributes: Sequence[str]) -> "ProfileOptionBuilder":
        """Show `params`, `float_ops`, or both."""
        return self._with(select=list(attributes))


@export("profiler.GraphNodeProto")
class GraphNodeProto:
    """A scope or an operation in a profile.

    Attributes:
        name: Its name.
        parameters: How many it has itself.
        float_ops: How many it is itself.
        total_parameters: With all below it.
        total_float_ops: With all below it.
        total_definition_count: How many operations it is, with all below it.
        children: What is below it.
    """

    def __init__(self, name: str = ""):
        self.name = name
        self.parameters = self.float_ops = self.total_parameters = self.total_float_ops = 0
        self.total_definition_count = 0
        self.children: list[GraphNodeProto] = []
        self._operation: Operation | None = None
        self._shown = False


def _accounted(operation: Operation, options: dict[str, Any], trainable: set[str]) -> bool:
    types = [operation.type, operation.device]
    if operation.type in STORAGE and operation.name in trainable:
        types.append(_TRAINABLE)
    return any(re.fullmatch(pattern, kind) for pattern in options["account_type_regexes"] for kind in types)


def _named(name: str, options: dict[str, Any]) -> bool:
    def any_of(key: str) -> bool:
        return any(re.fullmatch(pattern, name) for pattern in options[f"{key}_name_regexes"])

    return any_of("show") and not any_of("hide")


def _tree(operations: Sequence[Operation], options: dict[str, Any], trainable: set[str]) -> GraphNodeProto:
    root = GraphNodeProto("_TFProfRoot")
    nodes = {"": root}
    for operation in operations:
        parts = operation.name.split("/")
        for end in range(1, len(parts) + 1):
            name = "/".join(parts[:end])
            if name not in nodes:
                node = nodes[name] = GraphNodeProto(name)
                nodes["/".join(parts[: end - 1])].children.append(node)
        node = nodes[operation.name]
        if _accounted(operation, options, trainable):
            node._operation = operation
            node.parameters = _parameters(operation)
            node.float_ops = float_operations(operation)
    _sum_up(root, options, 0)
    return root


def _parameters(operation: Operation) -> int:
    if operation.type not in STORAGE:
        return 0
    shape = operation.attrs["shape"]
    dims = shape.as_list() if hasattr(shape, "as_list") else shape
    return 0 if dims is None or None in dims else math.prod(dims)


def _sum_up(node: GraphNodeProto, options: dict[str, Any], depth: int) -> None:
    """Add up what is below a node, and leave out what is not to be shown."""
    for child in node.children:
        _sum_up(child, options, depth + 1)
    own = any(getattr(node, _COUNTED[key]) >= max(1, options[f"min_{key}"]) for key in options["select"])
    node._shown = own and _named(node.name, options)
    if not node._shown and options["account_displayed_op_only"]:
        node.parameters = node.float_ops = 0
    node.total_parameters = node.parameters + sum(child.total_parameters for child in node.children)
    node.total_float_ops = node.float_ops + sum(child.total_float_ops for child in node.children)
    node.total_definition_count = 1 + sum(child.total_definition_count for child in node.children)
    trim = options["trim_name_regexes"]
    hides_scopes = any(options[f"min_{key}"] > 0 for key in options["select"])
    children: list[GraphNodeProto] = []
    for child in node.children if depth < options["max_depth"] else []:
        if child._shown or (child.children and not hides_scopes):
            children.append(child)
        else:
            children.extend(child.children)
    node.children = [] if any(re.fullmatch(pattern, node.name) for pattern in trim) else children
    order = options["order_by"]
    if order in _COUNTED:
        node.children.sort(key=lambda child: (-getattr(child, f"total_{_COUNTED[order]}"), child.name))
    else:
        node.children.sort(key=lambda child: child.name)


def _number(value: int) -> str:
    for size, unit in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.2f}{unit}"
    return str(value)


def _line(node: GraphNodeProto, select: Sequence[str]) -> str:
    said = []
    for key in select:
        total = _number(getattr(node, f"total_{_COUNTED[key]}"))
        own = _number(getattr(node, _COUNTED[key])) if node._shown else "--"
        if key == "params" and node._shown and node._operation is not None:
            shape = node._operation.attrs["shape"]
            dims = shape.as_list() if hasattr(shape, "as_list") else list(shape)
            said.append("x".join(map(str, dims)) or "scalar")
        said.append(f"{own}/{total} {_UNITS[key]}")
    return f"{node.name} ({', '.join(said)})"


def _lines(node: GraphNodeProto, select: Sequence[str], depth: int = 0) -> Iterator[str]:
    yield "  " * depth + _line(node, select)
    for child in node.children:
        yield from _lines(child, select, depth + 1)


def _report(root: GraphNodeProto, options: dict[str, Any]) -> str:
    titles = " | ".join(_TITLES[key] for key in options["select"])
    lines = [
        "", "==================Model Analysis Report======================", "", "Profile:",
        f"node name | {titles}", *_lines(root, options["select"]), "",
        "======================End of Report==========================", "",
    ]  # fmt: skip
    return "\n".join(lines)


_DEFAULT: Any = 0


@export("profiler.profile")
def profile(
    graph: Any = None, run_meta: Any = None, op_log: Any = None, cmd: str = "scope", options: Any = _DEFAULT
) -> GraphNodeProto:
    """Count parameters or float operations, scope by scope, and write them down.

    Args:
        graph: The default graph if it is None.
        run_meta: Accepted; for its times see `tensorflow.python.client.timeline`.
        op_log: Accepted.
        cmd: `"scope"`.
        options: What `ProfileOptionBuilder` makes; those that count all parameters by default.

    Returns:
        The root of the scopes.

    Raises:
        Unsupported: Another view, or times and memory.
    """
    if cmd != "scope":
        raise Unsupported(f"tf.profiler.profile(cmd={cmd!r}): scopes are what is counted here. Use cmd='scope'.")
    chosen = _options([".*"], ["params"], "name") if options is _DEFAULT or options is None else dict(options)
    chosen = {**_options([".*"], ["params"], "name"), **chosen}
    strange = [key for key in chosen["select"] if key not in _COUNTED]
    chosen["select"] = [key for key in chosen["select"] if key in _COUNTED]
    if not chosen["select"]:
        raise Unsupported(
            f"tf.profiler.profile(select={strange}): times and memory are the framework's own profiler's affair "
            "(torch.profiler, jax.profiler); RunMetadata has the times of a run's operations. 'params' and 'float_ops' "
            "are counted here."
        )
    graph = graph or get_default_graph()
    trainable = {variable.op.name for variable in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)}
    root = _tree(graph.get_operations(), chosen, trainable)
    _write(_report(root, chosen), chosen["output"])
    return root


def _write(text: str, output: str) -> None:
    if output.startswith("stdout"):
        sys.stdout.write(text)
    elif output.startswith("file:outfile="):
        Path(output.removeprefix("file:outfile=")).write_text(text, encoding="utf-8")


@export("profiler.advise")
def advise(graph: Any = None, run_meta: Any = None, options: Any = _DEFAULT) -> Any:
    """Not offered: what is slow is the framework's own profiler's affair.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported("tf.profiler.advise: ask the framework's own profiler (torch.profiler, jax.profiler).")


@export("profiler.write_op_log", "contrib.tfprof.tfprof_logger.write_op_log")
def write_op_log(graph: Any, log_dir: str, op_log: Any = None, run_meta: Any = None, add_trace: bool = True) -> None:
    """Not offered: nothing here reads such a log.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported("tf.profiler.write_op_log: nothing here reads such a log. Leave the call out.")


@export("profiler.Profiler")
class Profiler:
    """Counts parameters and float operations of a graph.

    Args:
        graph: The default graph if it is None.
        op_log: Accepted.
    """

    def __init__(self, graph: Any = None, op_log: Any = None):
        self._graph = graph or get_default_graph()

    def add_step(self, step: int, run_meta: Any) -> None:
        """Accepted: what is counted is the graph's, not a step's."""

    def profile_name_scope(self, options: dict[str, Any]) -> GraphNodeProto:
        """Return what `profile(cmd="scope")` does.

        Args:
            options: What `ProfileOptionBuilder` makes.
        """
        return profile(self._graph, options=options)

    def profile_graph(self, options: dict[str, Any]) -> GraphNodeProto:
        """Refuse: scopes are what is counted.

        Args:
            options: What `ProfileOptionBuilder` makes.

        Raises:
            Unsupported: Always.
        """
        return profile(self._graph, cmd="graph", options=options)


_ANALYZER = "contrib.tfprof.model_analyzer"
export_value(f"{_ANALYZER}.TRAINABLE_VARS_PARAMS_STAT_OPTIONS", ProfileOptionBuilder.trainable_variables_parameter())
export_value(f"{_ANALYZER}.FLOAT_OPS_OPTIONS", ProfileOptionBuilder.float_operation())


@export(f"{_ANALYZER}.print_model_analysis")
def print_model_analysis(
    graph: Any, run_meta: Any = None, op_log: Any = None, tfprof_cmd: str = "scope", tfprof_options: Any = _DEFAULT
) -> GraphNodeProto:
    """Count parameters or float operations; see `tf.profiler.profile`.

    Args:
        graph: The graph.
        run_meta: Accepted.
        op_log: Accepted.
        tfprof_cmd: `"scope"`.
        tfprof_options: What to count.
    """
    return profile(graph, run_meta, op_log, tfprof_cmd, tfprof_options)

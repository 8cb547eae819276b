"""What of a graph is worth recording when some of it runs: layers, random numbers, where data come in.

It reads graphs through what `tf.Graph` offers in every version, and in onevar.
"""

from __future__ import annotations

from typing import Any

#: Operations that draw random numbers, and the law that they draw from.
RANDOM = {
    "RandomUniform": "uniform", "RandomStandardNormal": "normal", "TruncatedNormal": "truncated",
    "RandomUniformInt": "integers", "RandomGamma": "gamma", "RandomPoisson": "poisson", "RandomPoissonV2": "poisson",
    "Multinomial": "categorical", "RandomShuffle": "shuffle", "ParameterizedTruncatedNormal": "truncated",
}  # fmt: skip
#: Operations that bring data in without a feed.
SOURCES = frozenset((
    "IteratorGetNext", "IteratorGetNextSync", "QueueDequeue", "QueueDequeueV2", "QueueDequeueMany",
    "QueueDequeueManyV2", "QueueDequeueUpToV2", "PyFunc", "PyFuncStateless", "ReaderReadV2", "Unstage",
))  # fmt: skip
VARIABLES = frozenset(("Variable", "VariableV2", "VarHandleOp"))
_FED = frozenset(("Placeholder", "PlaceholderV2", "PlaceholderWithDefault"))
_SILENT = frozenset((
    "Const", "Identity", "ReadVariableOp", "NoOp", "Shape", "ShapeN", "Size", "Rank", "Assign", "AssignAdd",
    "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "Print", "PrintV2", "Assert",
    "StopGradient", "PreventGradient", "IdentityN", "Enter", "Exit", "NextIteration", "Switch", "Merge", "LoopCond",
    "ScalarSummary", "HistogramSummary", "MergeSummary", "ImageSummary", "CheckNumerics", "SymbolicGradient",
    "TensorArrayV3", "TensorArrayReadV3", "TensorArrayWriteV3", "TensorArrayScatterV3", "Fill", "Range", "ZerosLike",
    "OnesLike",
)) | VARIABLES | _FED | SOURCES  # fmt: skip
_WHOLE = frozenset(("ArgMax", "ArgMin", "InTopK", "InTopKV2", "Equal", "Bucketize", "FloorDiv", "Div"))
#: Attributes that say why two operations differ.
_ATTRIBUTES = (
    "alpha", "strides", "padding", "data_format", "dilations", "ksize", "epsilon", "is_training", "align_corners",
    "half_pixel_centers", "transpose_a", "transpose_b", "exponential_avg_factor",
)  # fmt: skip


def needed(targets: list[Any], fed: set[Any]) -> list[Any]:
    """Return the operations that run for `targets`, in the order in which they were made.

    Args:
        targets: Operations.
        fed: Names of tensors that get their values from outside.
    """
    seen: set[Any] = set()
    stack = list(targets)
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        stack.extend(op.control_inputs)
        stack.extend(tensor.op for tensor in op.inputs if tensor.name not in fed)
    return [] if not seen else in_order(seen)


def in_order(ops: set[Any]) -> list[Any]:
    """Return operations in the order in which they were made."""
    graph = next(iter(ops)).graph
    position = {op.name: index for index, op in enumerate(graph.get_operations())}
    return sorted(ops, key=lambda op: position.get(op.name, len(position)))


def forward(ops: list[Any], behind: set[str], fed: set[str]) -> list[Any]:
    """Return those operations that compute from data and weights, without what belongs to gradients and updates.

    Args:
        ops: What runs, in order.
        behind: Names of operations that gradients and optimizers made.
        fed: Names of tensors that get their values from outside.
    """
    backward: set[str] = set()
    live: set[str] = set()
    for op in ops:
        before = [tensor.op.name for tensor in op.inputs]
        if op.name in behind or op.type == "SymbolicGradient" or any(name in backward for name in before):
            backward.add(op.name)
        begins = op.type in _FED or op.type in SOURCES or op.type in VARIABLES or op.type in RANDOM
        if begins or any(name in live for name in before) or any(tensor.name in fed for tensor in op.inputs):
            live.add(op.name)
    return [op for op in ops if op.name in live and op.name not in backward]


def layers(ops: list[Any]) -> list[Any]:
    """Return the tensors that show what layers compute."""
    found = []
    for op in ops:
        if op.type in _SILENT or op.type in RANDOM or control_flow(op):
            continue
        for tensor in op.outputs[: 1 if op.type.startswith("FusedBatchNorm") else None]:
            if (is_float(tensor) or op.type in _WHOLE) and fetchable(tensor):
                found.append(tensor)
    return found


def drawn(ops: list[Any]) -> list[Any]:
    """Return the tensors of random numbers."""
    return [op.outputs[0] for op in ops if op.type in RANDOM and not control_flow(op) and fetchable(op.outputs[0])]


def hidden(ops: list[Any]) -> list[str]:
    """Return random operations whose numbers cannot be recorded: those of branches and loops."""
    inside = [op for op in ops if op.type in RANDOM and control_flow(op)]
    for op in ops:
        for body in bodies(op):
            inside.extend(one for one in body if one.type in RANDOM)
    return [f"{op.type} in {op.name}" for op in inside]


def bodies(op: Any) -> list[list[Any]]:
    """Return the operations of the graphs that an operation of onevar's holds; TensorFlow's hold none that are seen."""
    attributes = getattr(op, "attrs", None)
    held = attributes.values() if isinstance(attributes, dict) else ()
    return [value.get_operations() for value in held if hasattr(value, "get_operations")]


def brought(ops: list[Any], fed: set[str]) -> list[Any]:
    """Return the tensors by which data come in without a feed."""
    return [
        tensor
        for op in ops
        if op.type in SOURCES and not control_flow(op)
        for tensor in op.outputs
        if tensor.name not in fed and fetchable(tensor) and tensor.dtype.name not in ("resource", "variant", "string")
    ]


def control_flow(op: Any) -> bool:
    """Say whether an operation is part of a branch or loop, where it may not run."""
    return getattr(op, "_control_flow_context", None) is not None


def is_float(tensor: Any) -> bool:
    """Say whether a tensor holds floats."""
    return "float" in tensor.dtype.base_dtype.name or "complex" in tensor.dtype.base_dtype.name


def fetchable(tensor: Any) -> bool:
    """Say whether a run may return a tensor."""
    return tensor.graph.is_fetchable(tensor) and tensor.dtype.name not in ("resource", "variant")


def described(tensor: Any) -> dict[str, Any]:
    """Return what the report says of a tensor: its type, its inputs, and attributes that explain differences."""
    op = tensor.op
    attributes = {}
    for name in _ATTRIBUTES:
        try:
            value = op.get_attr(name)
        except ValueError:
            continue
        attributes[name] = readable(value)
    return {"name": tensor.name, "type": op.type, "inputs": [given.name for given in op.inputs], "attrs": attributes}


def readable(value: Any) -> Any:
    """Return an attribute as JSON can have it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def trained(ops: list[Any], made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return which of the gradients that a program asked for are computed here.

    Args:
        ops: What runs.
        made: All of them, as `tape_hooks` has them.
    """
    names = {op.name for op in ops}
    return [one for one in made if any(part.op.name in names for part in one["parts"]) and one["variables"]]

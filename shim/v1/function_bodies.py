"""Bodies of branches and loops as they are made: what they return, and the operation that holds them."""

from collections.abc import Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.func_graph import FuncGraph
from onevar.core.nest import flatten, is_nested, pack
from onevar.core.operation import Operation, Tensor
from onevar.v1.composites import components, composite, rebuilt


def as_result(body: FuncGraph, value: Any) -> Tensor:
    """Return the tensor of `body` that stands for something that it returns."""
    if isinstance(value, Operation):
        if value.graph is not body:
            return constant(body.name.endswith("/then"), name="done")
        with control_dependencies([value]):
            return constant(body.name.endswith("/then"), name="done")
    tensor = body.capture(convert_to_tensor(value))
    if tensor.dtype._is_ref_dtype or tensor.op.type == "_Arg":
        # A result is a value of its own, taken when the branch runs.
        result = op("Identity", input=tensor, name="result")
        result.op.attrs.pop("_gradient_op_type", None)  # the program asked for gradients of its own Identities
        return result
    return tensor


def restored(structure: Any, outputs: Sequence[Tensor]) -> Any:
    """Return a structure like `structure`, of the tensors `outputs`."""
    remaining = iter(outputs)
    leaves = []
    for leaf in flatten(structure):
        parts = [next(remaining) for _ in components(leaf)]
        leaves.append(rebuilt(leaf, parts) if composite(leaf) else parts[0])
    return pack(structure, leaves) if is_nested(structure) else leaves[0]


def captures_of(bodies: Sequence[FuncGraph]) -> list[Tensor]:
    """Return what bodies take from outside, each once."""
    return list(dict.fromkeys(outside for body in bodies for outside in body.captures))


def add_functional(
    graph: Any, op_type: str, name: str, inputs: Sequence[Tensor], attrs: dict[str, Any], outputs: Sequence[Any],
    bodies: Sequence[FuncGraph],
) -> Operation:  # fmt: skip
    """Make the operation that holds `bodies`, after what they were told to run after."""
    outside = list(dict.fromkeys(op for body in bodies for op in body.outside_controls))
    with graph.control_dependencies(outside):
        operation = graph.add(op_type, graph.name_for(name), inputs, attrs, outputs)
    for tensor in operation.outputs[1:]:
        # In TensorFlow each output is an operation of its own, `Merge_1`.
        graph.name_output(tensor, graph.name_for(name))
    return operation

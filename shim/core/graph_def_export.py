"""Graphs as `GraphDef`s, of TensorFlow's own operations.

Branches and loops, which hold graphs here, are written as TensorFlow 1 writes them: Switch and Merge operations, and
frames of Enter, Exit and NextIteration (`graph_def_flows`).

Gradients have no operations of their own in TensorFlow's registry: they are `SymbolicGradient` nodes whose inputs are
what is differentiated for, what is differentiated and what it is multiplied with. onevar reads them back and goes on
training; TensorFlow loads such a graph and runs everything else in it, and says in the error of the rest, by the name
of the function that it does not find, what to do.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from onevar.core import gradient_steps
from onevar.core.control_flow import is_functional
from onevar.core.graph_def import encoded, kind_of, protos, shape_proto
from onevar.core.op_defs import OpDef, UnknownOp, op_def
from onevar.core.operation import Operation, Tensor

#: How many inputs of a gradient are for what: `xs`, `ys`, seeds, constants; and which of `ys` have seeds.
PARTS, SEEDED = "_onevar_parts", "_onevar_seeded"
#: The function that TensorFlow looks for when it runs a gradient of ours: its name is what TensorFlow then shows.
NOTE = "gradients_made_by_onevar_run_there_only_call_tf_gradients_again_in_TensorFlow"
#: Attributes that TensorFlow 1.15 does not know, of all op types or of some: left out where they say the default.
_NEWER: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("multiply_linear_by_lr", "metadata", "grad_a", "grad_b", "grad_x", "grad_y", "blank_index", "shape_type",
         "cardinality_options", "force_synchronous", "exponential_avg_factor", "bad_indices_policy", "Treal",
         "Tcomplex", "offset", "allow_missing_files", "buffer_size_min", "replicate_on_split", "use_default_device",
         "Tsegmentids", "sparse_gradient", "resize_if_index_out_of_bounds", "is_files", "Tk", "index_type",
         "perturb_singular", "debug_name", "allowed_devices", "stop_on_empty_dataset", "log_warning", "ragged_keys",
         "ragged_value_types", "ragged_split_types"),
        frozenset(),
    ),
    "validate_shape": frozenset({"AssignVariableOp"}),
    "explicit_paddings": frozenset(
        ("DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput",
         "MaxPool", "MaxPoolGrad")
    ),
    "narrow_range": frozenset(("Dequantize", "QuantizeV2")),
    "axis": frozenset(("Dequantize", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeV2")),
    "reshuffle_each_iteration": frozenset({"ShuffleAndRepeatDataset"}),
}  # fmt: skip
#: Attributes that are of this process.
_PRIVATE = ("_maximum_iterations", "_limit", "_gradient_body")


class Exporter:
    """Writes operations as nodes of a `GraphDef`.

    Args:
        add_shapes: Whether nodes say what is known of their outputs' shapes.

    Attributes:
        out: The `GraphDef`.
        shapes: As given.
    """

    def __init__(self, add_shapes: bool = False):
        self.out = protos().GraphDef()
        self.shapes = add_shapes
        #: How nodes spell tensors that have another name there.
        self.spelled: dict[Tensor, str] = {}
        #: The nodes that stand for an operation, where they are not one of its name.
        self.stands: dict[Operation, list[str]] = {}
        #: The names of nodes inside branches and loops, in small letters.
        self.written: set[str] = set()
        #: `FunctionDef`s by name.
        self.functions: dict[str, Any] = {}
        self._taken: set[str] = set()

    def reserve(self, graph: Any) -> None:
        """Keep the names of a graph's operations for them, those inside branches and loops included."""
        self._taken.update(name.lower() for name in graph._by_name)

    def unique(self, name: str) -> str:
        """Return `name`, with a number where it is taken."""
        found, count = name, 0
        while found.lower() in self._taken:
            count += 1
            found = f"{name}_{count}"
        self._taken.add(found.lower())
        return found

    def spell(self, tensor: Tensor) -> str:
        """Return a tensor as nodes name it among their inputs."""
        found = self.spelled.get(tensor)
        return tensor._as_node_def_input() if found is None else found

    def controls(self, operations: Iterable[Operation]) -> list[str]:
        """Return operations as nodes name them among their inputs, to come after them."""
        names = [name for op in operations for name in self.stands.get(op, [op.name])]
        return [f"^{name}" for name in dict.fromkeys(names)]

    def node(
        self, name: str, op_type: str, inputs: Sequence[str] = (), device: str = "", **attrs: tuple[str, Any]
    ) -> Any:
        """Add a node.

        Args:
            name: Complete and unique.
            op_type: TensorFlow's.
            inputs: As nodes spell them.
            device: Where it is to run.
            **attrs: Kind and value.

        Returns:
            The `NodeDef`.
        """
        node = self.out.node.add()
        node.name, node.op, node.device = name, op_type, device
        node.input.extend(inputs)
        for key, (kind, value) in attrs.items():
            node.attr[key].CopyFrom(encoded(kind, value))
        return node

    def operation(self, op: Operation, pivot: str = "", name: str | None = None) -> None:
        """Add an operation.

        Args:
            op: The operation.
            pivot: The node that one without inputs comes after, in a branch or loop.
            name: Of the node; None is the operation's.
        """
        if is_functional(op):
            from onevar.core.graph_def_flows import write  # branches and loops are made of what is here

            write(self, op, pivot)
        elif op.type == gradient_steps.TYPE:
            self._gradient(op, pivot)
        else:
            fill(self.node(name or op.name, op.type), op, self, pivot)

    def _gradient(self, op: Operation, pivot: str) -> None:
        request: gradient_steps.Request = op.kept
        seeds = [seed for seed in request.grad_ys if seed is not None]
        stops = sorted(request.stop, key=lambda tensor: tensor.name)
        given = [*request.xs, *request.ys, *seeds, *stops]
        inputs = [self.spell(tensor) for tensor in given]
        inputs.extend(self.controls(op.control_inputs) or ([f"^{pivot}"] if pivot and not given else []))
        counts = [len(request.xs), len(request.ys), len(seeds), len(stops)]
        node = self.node(
            op.name, op.type, inputs, op.device, Tin=("list(type)", [t.dtype.base_dtype for t in given]),
            Tout=("list(type)", [t.dtype.base_dtype for t in op.outputs]), f=("func", NOTE),
            **{PARTS: ("list(int)", counts), SEEDED: ("list(int)", [s is not None for s in request.grad_ys])},
        )  # fmt: skip
        self.describe(node, op.outputs)

    def describe(self, node: Any, outputs: Sequence[Tensor]) -> None:
        """Add what is known of the outputs' shapes, where that was asked for."""
        if self.shapes:
            node.attr["_output_shapes"].list.SetInParent()
            node.attr["_output_shapes"].list.shape.extend([shape_proto(t.shape) for t in outputs])


def _signature(op_type: str) -> OpDef | None:
    try:
        return op_def(op_type)
    except UnknownOp:
        return None


def fill(node: Any, op: Operation, exporter: Exporter, pivot: str = "") -> Any:
    """Give a node an operation's inputs, device and attributes; return it."""
    node.device = op.device
    node.input.extend([exporter.spell(tensor) for tensor in op.inputs])
    controls = exporter.controls(op.control_inputs)
    node.input.extend(controls)
    if pivot and not op.inputs and not controls:
        node.input.append(f"^{pivot}")
    signature = _signature(op.type)
    for key, value in op.attrs.items():
        attr = None if signature is None else signature.attrs.get(key)
        if attr is None and key.startswith(_PRIVATE):
            continue
        kind = kind_of(value) if attr is None else attr.kind
        if kind is not None and not _is_news(op, attr, value):
            node.attr[key].CopyFrom(_attribute(op, kind, value))
            if kind == "func" and hasattr(value, "graph"):
                from onevar.core.graph_def_bodies import write  # functions are made of what is here

                write(value, exporter)
    if op.colocation:
        node.attr["_class"].CopyFrom(encoded("list(string)", [f"loc:@{other}" for other in op.colocation]))
    exporter.describe(node, op.outputs)
    return node


def _is_news(op: Operation, attr: Any, value: Any) -> bool:
    """Whether an attribute says nothing, in words that TensorFlow 1.15 does not know."""
    types = None if attr is None else _NEWER.get(attr.name)
    if types is None or (types and op.type not in types):
        return False
    if attr.name in ("debug_name", "validate_shape"):
        return True
    default = attr.default.decode() if isinstance(attr.default, bytes) else attr.default
    return getattr(value, "key", value) == default


def _attribute(op: Operation, kind: str, value: Any) -> Any:
    if kind != "tensor":
        return encoded(kind, value)
    from onevar.core.graph_def_tensors import tensor_proto

    dtype = op.attrs.get("dtype")
    out = protos().AttrValue()
    out.tensor.CopyFrom(tensor_proto(value, dtype))
    return out


def node_def(op: Operation) -> Any:
    """Return an operation as a `NodeDef`; a branch or loop as the node that its first output has the name of.

    Raises:
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    exporter = Exporter()
    exporter.reserve(getattr(op.graph, "root", op.graph))
    exporter.operation(op)
    found = next((node for node in exporter.out.node if node.name == op.name), exporter.out.node[-1])
    copy = protos().NodeDef()
    copy.CopyFrom(found)
    return copy


def graph_def(graph: Any, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """Return a graph as a `GraphDef`.

    Args:
        graph: The Graph.
        from_version: Only what was made after the graph had this `version`.
        add_shapes: Whether nodes say what is known of their outputs' shapes, `_output_shapes`.

    Raises:
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    exporter = Exporter(add_shapes)
    exporter.reserve(graph)
    for op in graph.operations:
        if from_version is None or op.serial > from_version:
            exporter.operation(op)
    exporter.out.library.function.extend(exporter.functions.values())
    exporter.out.versions.CopyFrom(graph.graph_def_versions)
    return exporter.out


def signature_proto(definition: OpDef) -> Any:
    """Return an op's signature as an `OpDef` message.

    Args:
        definition: The signature.

    Raises:
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    out = protos().OpDef(name=definition.name)
    flags = ("is_stateful", "is_commutative", "is_aggregate", "allows_uninitialized_input")
    for flag in (*flags, "is_distributed_communication"):
        if getattr(definition, flag):
            setattr(out, flag, True)
    for args, target in ((definition.inputs, out.input_arg), (definition.outputs, out.output_arg)):
        for arg in args:
            _argument(arg, target.add())
    for attr in definition.attrs.values():
        _declared(attr, out.attr.add())
    if definition.deprecated is not None:
        out.deprecation.version = definition.deprecated
    return out


def _argument(arg: Any, made: Any) -> None:
    from onevar.core.dtype import as_dtype

    made.name = arg.name
    for field in ("type_attr", "number_attr", "type_list_attr"):
        if getattr(arg, field):
            setattr(made, field, getattr(arg, field))
    if arg.dtype:
        made.type = as_dtype(arg.dtype).as_datatype_enum
    made.is_ref = arg.is_ref


def _declared(attr: Any, made: Any) -> None:
    made.name, made.type = attr.name, attr.kind
    if attr.has_default:
        made.default_value.CopyFrom(encoded(attr.kind, attr.default))
    if attr.allowed is not None:
        kind = attr.kind.removeprefix("list(").removesuffix(")")
        made.allowed_values.CopyFrom(encoded(f"list({kind})", attr.allowed))
    if attr.minimum is not None:
        made.has_minimum, made.minimum = True, attr.minimum

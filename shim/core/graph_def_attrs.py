"""What nodes of a `GraphDef` say, checked against the signatures of their op types."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from onevar.core.attr_values import attr_value
from onevar.core.dtype import DType, as_dtype
from onevar.core.graph_def import decoded, plain
from onevar.core.graph_def_nodes import Node
from onevar.core.op_defs import Arg, Attr, OpDef, UnknownOp, op_def
from onevar.core.op_errors import NotFoundError
from onevar.core.operation import Tensor

_log = logging.getLogger(__name__)
#: Attributes that are not kept: they say what is known from elsewhere.
_SAID = ("_class", "_output_shapes")
#: How TensorFlow's messages spell dtypes.
_SPELLED = {"float32": "float", "float64": "double", "float16": "half"}


def signature_of(node: Node) -> OpDef:
    """Return the signature of a node's op type.

    Raises:
        NotFoundError: TensorFlow's registry has none.
    """
    try:
        return op_def(node.type)
    except UnknownOp as error:
        raise NotFoundError(
            None, None,
            f"Op type not registered '{node.type}' in binary running on onevar. Make sure the Op and Kernel are "
            f"registered in the binary running in this process. {error}",
        ) from None  # fmt: skip


def node_attrs(node: Node, defaults: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """Return the attributes of a node as operations have them, those that it leaves out with their defaults.

    Args:
        node: The node.
        defaults: What attributes are by default, by op type and name, that its producer had and that we have not.

    Raises:
        ValueError: One is missing, of another kind or not allowed.
    """
    signature = signature_of(node)
    attrs: dict[str, Any] = {}
    for key, message in node.definition.attr.items():
        known = signature.attrs.get(key)
        if key in _SAID:
            continue
        if known is None and not key.startswith("_"):
            if defaults.get((node.type, key)) == message:
                continue
            _log.warning(
                "NodeDef mentions attr '%s' not in %s; NodeDef: {{node %s}}. It is left out: check whether it was made "
                "by a newer TensorFlow, and what it means there.", key, _shown(signature), node.name,
            )  # fmt: skip
            continue
        attrs[key] = _decoded(message, known, node, signature)
    for name, attr in signature.attrs.items():
        if name in attrs:
            continue
        if not attr.has_default:
            raise ValueError(
                f"NodeDef missing attr '{name}' from {_shown(signature)}; NodeDef: {{{{node {node.name}}}}}"
            )
        attrs[name] = attr_value(attr, attr.default, node.type)
    return attrs


def _decoded(message: Any, attr: Attr | None, node: Node, signature: OpDef) -> Any:
    try:
        return decoded(message, attr, node.type)
    except (TypeError, ValueError) as error:
        value = plain(message)
        if attr is None or attr.allowed is None or isinstance(value, list):
            raise ValueError(f"{error}; NodeDef: {{{{node {node.name}}}}}; {_shown(signature)}") from None
        allowed = [item.decode() if isinstance(item, bytes) else item for item in attr.allowed]
        if isinstance(value, DType):
            text = f"{_spelled(value, False)} is"
            shown = ", ".join(_SPELLED.get(item, item) for item in allowed)
        else:
            text, shown = f'"{value}" is', ", ".join(f'"{item}"' for item in allowed)
        raise ValueError(
            f"Value for attr '{attr.name}' of {text} not in the list of allowed values: {shown}; NodeDef: "
            f"{{{{node {node.name}}}}}; {_shown(signature)}"
        ) from None


def _shown(signature: OpDef) -> str:
    inputs = ", ".join(f"{arg.name}:{_kind(arg)}" for arg in signature.inputs)
    outputs = ", ".join(f"{arg.name}:{_kind(arg)}" for arg in signature.outputs)
    attrs = "".join(f"; attr={attr.name}:{attr.kind}" for attr in signature.attrs.values())
    return f"Op<name={signature.name}; signature={inputs} -> {outputs}{attrs}>"


def _kind(arg: Arg) -> str:
    if arg.type_list_attr:
        return arg.type_list_attr
    text = _SPELLED.get(arg.dtype or "", arg.dtype or "") or arg.type_attr or ""
    text = f"{arg.number_attr}*{text}" if arg.number_attr else text
    return f"Ref({text})" if arg.is_ref else text


def expected_types(args: Sequence[Arg], attrs: Mapping[str, Any]) -> list[tuple[DType, bool]]:
    """Return the dtype of each input or output, and whether it is a reference.

    Args:
        args: The signature's inputs or outputs.
        attrs: The operation's attributes.
    """
    found: list[tuple[DType, bool]] = []
    for arg in args:
        if arg.type_list_attr is not None:
            found.extend((as_dtype(dtype), arg.is_ref) for dtype in attrs[arg.type_list_attr])
            continue
        dtype = as_dtype(arg.dtype) if arg.dtype is not None else as_dtype(attrs[arg.type_attr or ""])
        count = attrs[arg.number_attr] if arg.number_attr is not None else 1
        found.extend([(dtype, arg.is_ref)] * count)
    return found


def checked_inputs(node: Node, name: str, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> None:
    """Check that a node's inputs are what its op type takes.

    Args:
        node: The node.
        name: Of the operation.
        inputs: Its inputs.
        attrs: Its attributes.

    Raises:
        ValueError: They are not.
    """
    signature = signature_of(node)
    wanted = expected_types(signature.inputs, attrs)
    if len(wanted) != len(inputs):
        types = ", ".join(_spelled(dtype, ref) for dtype, ref in wanted)
        raise ValueError(
            f"NodeDef expected inputs '{types}' do not match {len(inputs)} inputs specified; {_shown(signature)}; "
            f"NodeDef: {{{{node {name}}}}}"
        )
    for index, (tensor, (dtype, ref)) in enumerate(zip(inputs, wanted, strict=True)):
        if tensor.dtype.base_dtype is not dtype.base_dtype or (ref and not tensor.dtype._is_ref_dtype):
            given = _spelled(tensor.dtype.base_dtype, tensor.dtype._is_ref_dtype)
            raise ValueError(
                f"Input {index} of node {name} was passed {given} from {tensor.op.name}:{tensor.value_index} "
                f"incompatible with expected {_spelled(dtype, ref)}."
            )


def _spelled(dtype: DType, ref: bool) -> str:
    text = _SPELLED.get(dtype.key, dtype.key)
    return f"{text}_ref" if ref else text

"""Gradients of gathers: rows and where they belong, `IndexedSlices`."""

from collections.abc import Mapping, Sequence

from onevar.core.build import op
from onevar.core.constant import constant, constant_value
from onevar.core.conversion import register_tensor_conversion_function
from onevar.core.dtype import DType
from onevar.core.frame import is_alias
from onevar.core.operation import IndexedSlices, Operation, Tensor


def gather_points(
    order: Sequence[Operation], x: Tensor, relevant: set[Tensor], stops: frozenset[Tensor]
) -> list[Tensor]:
    """Return the gathered tensors where `x` is only gathered from, along its first axis; else nothing.

    Args:
        order: The operations that are differentiated through.
        x: What gradients are taken for.
        relevant: Tensors that count.
        stops: Tensors that are taken for constants.
    """
    stands_for = {x}
    found: list[Tensor] = []
    for operation in order:
        if not any(t in stands_for for t in operation.inputs):
            continue
        if is_alias(operation):
            stands_for.add(operation.outputs[0])
            continue
        if not any(t in relevant and t not in stops for t in operation.outputs):
            continue
        if not _gathers_rows(operation, stands_for):
            return []
        found.append(operation.outputs[0])
    return found


def _gathers_rows(operation: Operation, stands_for: set[Tensor]) -> bool:
    if operation.inputs[0] not in stands_for or operation.attrs.get("batch_dims", 0):
        return False
    if operation.type in ("Gather", "ResourceGather"):
        return True
    if operation.type != "GatherV2":
        return False
    axis = constant_value(operation.inputs[2])
    return axis is not None and int(axis) == 0


def sliced(x: Tensor, points: Sequence[Tensor], gradients: Mapping[Tensor, Tensor]) -> IndexedSlices:
    """Return the gradient for `x` from those for what was gathered."""
    values, indices = [], []
    shape = _shape(x)
    rows = op("StridedSlice", input=shape, begin=[1], end=[0], strides=[1], end_mask=1)
    for point in points:
        ids = point.op.inputs[1]
        size = op("ExpandDims", input=op("Size", input=ids, out_type=shape.dtype), dim=0)
        values.append(op("Reshape", tensor=gradients[point], shape=op("ConcatV2", values=[size, rows], axis=0)))
        indices.append(op("Reshape", tensor=ids, shape=size))
    if len(points) == 1:
        return IndexedSlices(values[0], indices[0], shape)
    if len({one.dtype for one in indices}) > 1:
        # Looked up by int32 here and by int64 there: as TensorFlow does, the wider of the two.
        indices = [one if one.dtype.key == "int64" else op("Cast", x=one, DstT="int64") for one in indices]
    return IndexedSlices(
        op("ConcatV2", values=values, axis=0, name="concat"),
        op("ConcatV2", values=indices, axis=0, name="concat"),
        shape,
    )


def _shape(x: Tensor) -> Tensor:
    spec = x.spec.value if x.dtype.key == "resource" else x.spec
    if spec is not None and spec.shape is not None and None not in spec.shape:
        return constant(list(spec.shape), "int32", name="Shape")
    if x.op.type == "VarHandleOp":
        return op("VariableShape", input=x)
    return op("Shape", input=x)


def _densified(
    value: IndexedSlices, dtype: DType | None = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    """Return rows as the whole tensor: rows of one index add up."""
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype {value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(f"Tensor conversion requested for IndexedSlices without dense_shape: {value}")
    return op(
        "UnsortedSegmentSum", data=value.values, segment_ids=value.indices,
        num_segments=op("StridedSlice", input=value.dense_shape, begin=[0], end=[1], strides=[1], shrink_axis_mask=1),
        name=name,
    )  # fmt: skip


register_tensor_conversion_function(IndexedSlices, _densified)

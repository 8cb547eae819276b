"""What is checked before a checkpoint is restored, so that all variables are restored or none is.

The operations that read come before those that write, so what a checkpoint lacks or where it is damaged shows in
time. What would show too late is a value that does not fit its variable: that is looked for here, before anything runs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from onevar.core.bundle import Reader, wire
from onevar.core.bundle.slices import parse
from onevar.core.constant import constant_value
from onevar.core.kernels.checkpoint import check_entries, texts
from onevar.core.op_errors import InvalidArgumentError, OpError
from onevar.core.operation import Operation, Tensor
from onevar.core.plan import storage_of
from onevar.core.reach import needed, writes
from onevar.core.tensor_shape import TensorShape, as_shape

#: The entry in which TensorFlow 2's `tf.train.Checkpoint` says which object each tensor belongs to.
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def reads_below(target: Operation, prefix: Tensor) -> list[Operation]:
    """Return the operations that read the checkpoint `prefix` when `target` runs.

    Args:
        target: What restores.
        prefix: The tensor with the checkpoint's name.
    """
    operations = needed([target], [prefix])
    found = [op for op in operations if op.type == "RestoreV2" and op.inputs[0] is prefix]
    return sorted(found, key=lambda op: op.serial)


def entries_of(read: Operation) -> tuple[list[str], list[str], list[str]] | None:
    """Return keys, parts and dtypes of what a `RestoreV2` reads, or None: they are not constants.

    Args:
        read: The operation.
    """
    names, specs = (constant_value(tensor) for tensor in read.inputs[1:3])
    if names is None or specs is None:
        return None
    return texts(names), texts(specs), [tensor.dtype.base_dtype.key for tensor in read.outputs]


def check(target: Operation, prefix: Tensor, path: str) -> None:
    """Raise what running `target` would raise after some variables were written already.

    Args:
        target: What restores.
        prefix: The tensor that is fed with the checkpoint's name.
        path: The checkpoint's name.

    Raises:
        InvalidArgumentError: A tensor is not of its variable's shape or dtype.
        NotFoundError: A key, or a file, is missing.
        DataLossError: A file is damaged.
    """
    reads = reads_below(target, prefix)
    members = needed([target], [prefix])
    with Reader(path) as reader:
        for read in reads:
            try:
                _check_read(reader, read, members)
            except OpError as error:
                error._op = error._op or read
                raise


def _check_read(reader: Reader, read: Operation, members: Collection[Operation]) -> None:
    entries = entries_of(read)
    if entries is None:
        return
    names, specs, dtypes = entries
    check_entries(reader, names, dtypes)
    shapes = reader.shape_map
    for name, spec, tensor in zip(names, specs, read.outputs, strict=True):
        part = parse(spec)
        _check_shape(name, shapes[name] if part is None else part.sizes, tensor, members)
    if any(map(writes, needed([read], ()))):  # It runs after something was written: see now whether it will fail.
        for name, spec in zip(names, specs, strict=True):
            reader.read(name, spec)


def check_values(target: Operation, prefix: Tensor, values: Mapping[Tensor, Any]) -> None:
    """Raise unless values fit the variables that they are for.

    Args:
        target: What restores.
        prefix: The tensor that is fed with the checkpoint's name.
        values: What stands for the tensors that are read.

    Raises:
        InvalidArgumentError: One is of another shape or dtype.
    """
    members = needed([target], [prefix])
    for tensor, value in values.items():
        wanted = tensor.dtype.base_dtype
        if wanted.as_numpy_dtype is not object and value.dtype != wanted.as_numpy_dtype:
            raise InvalidArgumentError(
                None,
                tensor.op,
                f"{tensor.name}: expected dtype {wanted.name} does not equal original dtype {value.dtype}",
            )
        _check_shape(tensor.name, value.shape, tensor, members)


def _check_shape(key: str, stored: Sequence[int], tensor: Tensor, members: Collection[Operation]) -> None:
    for write in _assignments(tensor, members):
        storage = storage_of(write.inputs[0])
        wanted = as_shape(storage.attrs.get("shape")) if storage is not None else TensorShape(None)
        reference = write.type == "Assign"
        if (reference and not write.attrs.get("validate_shape", True)) or wanted.is_compatible_with(list(stored)):
            continue
        left, right = _shown(wanted), _shown(stored)
        if reference:
            message = f"Assign requires shapes of both tensors to match. lhs shape= {left} rhs shape= {right}"
        else:
            message = f"Trying to assign to variable with tensor with wrong shape. Expected {left} got {right}"
        name = storage.name if storage is not None else "?"
        raise InvalidArgumentError(
            None, write, f"{message}\n\t [[{{{{node {write.name}}}}}]]: key {key} for variable {name}."
        )


def _assignments(tensor: Tensor, members: Collection[Operation]) -> Iterator[Operation]:
    for user in tensor.consumers():
        if user not in members:
            continue
        if user.type == "Identity":
            yield from _assignments(user.outputs[0], members)
        elif user.type in ("Assign", "AssignVariableOp") and user.inputs[1] is tensor:
            yield user


def _shown(shape: Any) -> str:
    sizes = shape.as_list() if isinstance(shape, TensorShape) else shape
    return "[" + ",".join("?" if n is None else str(n) for n in sizes) + "]"


# -- checkpoints of TensorFlow 2 ----------------------------------------------------------------------


def object_keys(path: str) -> dict[str, str] | None:
    """Return the keys of a checkpoint that `tf.train.Checkpoint` wrote by the names that its variables had.

    Args:
        path: The checkpoint's name.

    Returns:
        None if it is of another kind.
    """
    with Reader(path) as reader:
        if OBJECT_GRAPH not in reader:
            return None
        graph = bytes(reader.read(OBJECT_GRAPH).item())
    found: dict[str, str] = {}
    for number, node in wire.fields(graph):
        if number == 1:
            for attribute in _messages(node, 2):
                # name, full_name, checkpoint_key
                texts_of = {n: wire.message(v).decode() for n, v in wire.fields(attribute) if n in (2, 3)}
                if texts_of.get(2):
                    found[texts_of[2]] = texts_of.get(3, "")
    return found


def _messages(node: int | bytes, wanted: int) -> Iterator[bytes]:
    for number, value in wire.fields(wire.message(node)):
        if number == wanted:
            yield wire.message(value)

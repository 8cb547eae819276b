"""What a `Saver` saves: variables, slices of variables, and objects that say themselves how they are saved.

`checked` makes the list of these out of what `Saver(var_list)` was given.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import device
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.stand_ins import all_ours
from onevar.core.tensor_shape import as_shape
from onevar.v1.export import exported
from onevar.v1.partitioned_variable import PartitionedVariable
from onevar.v1.resource_variable import ResourceVariable
from onevar.v1.variables import Variable

#: Operations whose output is a variable that `Assign` writes to.
_STORAGE = ("VariableV2", "Variable")


class SaveSpec:
    """One tensor of a checkpoint.

    Args:
        tensor: The tensor, or a function that makes it.
        slice_spec: Which part of a larger tensor it is (`"4 2 0,2:-"`), or `""`.
        name: Its key in the checkpoint.
        dtype: Its dtype, where `tensor` is a function.
        device: Where it is, where `tensor` is a function.

    Raises:
        ValueError: `tensor` is a function, and there is no dtype.
    """

    def __init__(self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: str | None = None):
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        if callable(tensor) and not hasattr(tensor, "dtype"):
            if dtype is None:
                raise ValueError(f"SaveSpec(name={name!r}): a function needs a dtype. Say which it makes.")
            self.dtype: DType = as_dtype(dtype)
            self.device = device
        else:
            self.dtype = as_dtype(tensor.dtype if dtype is None else dtype)
            self.device = tensor.device if device is None else device

    @property
    def tensor(self) -> Any:
        """The tensor; a function makes it anew each time."""
        made = callable(self._tensor) and not hasattr(self._tensor, "dtype")
        return self._tensor() if made else self._tensor


class SaveableObject:
    """Something that is saved as one or several tensors, and restored from these; derive from it for your own.

    Args:
        op: What is saved; two saveables of one object are an error.
        specs: The tensors.
        name: The name in the checkpoint.
    """

    optional_restore = False

    def __init__(self, op: Any, specs: Sequence[SaveSpec], name: str):
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def device(self) -> str | None:
        """Where the first tensor is."""
        return self.specs[0].device

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Sequence[Any] | None) -> Any:
        """Return the operation that restores the object.

        Args:
            restored_tensors: What the checkpoint has, one for each spec.
            restored_shapes: The shapes to give them, or None.

        Raises:
            ValueError: This class does not say how: derived ones do.
        """
        raise ValueError("Calling an abstract method.")


def _reshaped(tensors: Sequence[Any], shapes: Sequence[Any] | None) -> Any:
    (tensor,) = tensors
    return tensor if shapes is None else exported("reshape")(tensor, shapes[0])


class ReferenceVariableSaveable(SaveableObject):
    """A variable of the kind of TensorFlow 1.

    Args:
        var: The variable, or its reference tensor.
        slice_spec: Which part of a larger one it is, or `""`.
        name: The key in the checkpoint.
    """

    def __init__(self, var: Any, slice_spec: str, name: str):
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype.base_dtype)], name)

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Sequence[Any] | None) -> Any:
        """Return the assignment."""
        reference = self.op if isinstance(self.op, Tensor) else self.op._ref()
        return op(
            "Assign", ref=reference, value=_reshaped(restored_tensors, restored_shapes),
            validate_shape=restored_shapes is None and reference.shape.is_fully_defined(),
        )  # fmt: skip


class ResourceVariableSaveable(SaveableObject):
    """A resource variable.

    Args:
        var: The variable, or a tensor that reads it.
        slice_spec: Which part of a larger one it is, or `""`.
        name: The key in the checkpoint.
    """

    def __init__(self, var: Any, slice_spec: str, name: str):
        if isinstance(var, Tensor):
            handle: Any = var.op.inputs[0]
            spec = SaveSpec(var, slice_spec, name)
            self._shape = var.shape
        else:
            handle = var.handle
            spec = SaveSpec(_reader(var), slice_spec, name, dtype=var.dtype, device=var.device)
            self._shape = var.shape
        self.handle_op = handle
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Sequence[Any] | None) -> Any:
        """Return the assignment.

        Raises:
            ValueError: The tensor cannot have the variable's shape.
        """
        value = _reshaped(restored_tensors, restored_shapes)
        with on(self.handle_op.device):
            value = op("Identity", input=value)
        as_shape(self._shape).assert_is_compatible_with(value.shape)
        return op("AssignVariableOp", resource=self.handle_op, value=value)


def on(where: str | None) -> AbstractContextManager[None]:
    """Ask for operations to run on a device, if there is one to ask for.

    Args:
        where: Its name; an empty one, and None, leave what was asked for before.
    """
    return device(where) if where else nullcontext()


def _reader(variable: ResourceVariable) -> Callable[[], Tensor]:
    def read() -> Tensor:
        with on(variable.device):
            with name_scope("Read"):
                op("DisableCopyOnRead", resource=variable.handle)
                value = op("ReadVariableOp", resource=variable.handle, dtype=variable.dtype)
            value = op("Identity", input=value)
        with device("/cpu:0"):
            return op("Identity", input=value)

    return read


# -- what a Saver is given ----------------------------------------------------------------------------


def by_name(items: Iterable[Any]) -> dict[str, Any]:
    """Return things to save by their names in the checkpoint; slices of one variable make a list.

    Args:
        items: Variables and saveable objects.

    Raises:
        TypeError: It is no list, or something in it is neither.
        ValueError: Two have one name.
    """
    if not isinstance(items, list | tuple | set):
        raise TypeError(f"Variables to save should be passed in a dict or a list. Got {items}")
    for item in items:
        if not hasattr(item, "name"):
            raise TypeError(f"Variable to save is not a Variable: {item!r}")
    found: dict[str, Any] = {}
    for item in sorted(items, key=lambda item: item.name):
        info = getattr(item, "_save_slice_info", None)
        if isinstance(item, Variable) and info is not None:
            _add_slice(found, info.full_name, item)
            continue
        name = _name_of(item)
        if name in found:
            raise ValueError(f"At least two variables have the same name: {name}")
        found[name] = item
    return found


def _add_slice(found: dict[str, Any], name: str, item: Variable) -> None:
    if not isinstance(found.setdefault(name, []), list):
        raise ValueError(f"Mixing slices and non-slices with the same name: {name}")
    found[name].append(item)


def _name_of(item: Any) -> str:
    if isinstance(item, SaveableObject | PartitionedVariable):
        return item.name
    tensor = _tensor_of(item)
    if tensor is None:
        raise TypeError(f"Variable to save is not a Variable: {item}")
    return tensor.op.inputs[0].op.name if tensor.op.type == "ReadVariableOp" else tensor.op.name


def _tensor_of(item: Any) -> Tensor | None:
    """Return the tensor that a variable is saved as, or None: it is no variable."""
    if isinstance(item, Variable):
        item = item._as_graph_element()  # type: ignore[attr-defined]
    if isinstance(item, Tensor) and item.op.type in (*_STORAGE, "ReadVariableOp"):
        return item
    return None


def saveables_for(item: Any, name: str) -> Iterator[SaveableObject]:
    """Yield what saves a variable, a partitioned one or the list of its slices, or a saveable object.

    Args:
        item: What is to be saved.
        name: The name in the checkpoint; a saveable object keeps its own.

    Raises:
        TypeError: It is none of these.
        ValueError: The slices are not slices of one variable.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. Name is not a string: "
            f"{name}"
        )
    if isinstance(item, SaveableObject):
        yield item
    elif isinstance(item, list | tuple | PartitionedVariable):
        yield from _slices(list(item), name)
    else:
        tensor = _tensor_of(item)
        if tensor is None:
            raise TypeError(
                f"names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: {item}"
            )
        yield _saveable(tensor, "", name)


def _saveable(item: Any, slice_spec: str, name: str) -> SaveableObject:
    kind = ReferenceVariableSaveable if item.op.type in _STORAGE else ResourceVariableSaveable
    return kind(item, slice_spec, name)


def _slices(items: Sequence[Any], name: str) -> Iterator[SaveableObject]:
    whole = None
    for item in items:
        if not isinstance(item, Variable):
            raise ValueError(f"Slices must all be Variables: {item}")
        info = item._save_slice_info
        if info is None:
            raise ValueError(f"Slices must all be slices: {item}")
        if whole is None:
            whole = info.full_name
        elif whole != info.full_name:
            raise ValueError(f"Slices must all be from the same tensor: {whole} != {info.full_name}")
        yield _saveable(item, info.spec, name)


def checked(things: Any) -> list[SaveableObject]:
    """Return the saveables for what a `Saver` was given, sorted by name.

    Args:
        things: A dictionary from names in the checkpoint, or a list of variables and saveable objects.

    Raises:
        TypeError: Something in it cannot be saved.
        ValueError: Something is in it twice.
    """
    things = all_ours(things)
    named = things if isinstance(things, Mapping) else by_name(things)
    found: list[SaveableObject] = []
    seen: set[int] = set()
    for name, item in sorted(named.items(), key=lambda pair: str(pair[0])):
        for saveable in saveables_for(item, name):
            key = id(getattr(saveable, "handle_op", saveable.op))
            if key in seen:
                raise ValueError(f"The same saveable will be restored with two names: {saveable.name}")
            seen.add(key)
            found.append(saveable)
    return found

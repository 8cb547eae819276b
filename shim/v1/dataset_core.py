"""What all datasets have: a variant tensor that stands for the dataset, and what describes its elements."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.attr_values import attr_value, kernel_value
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.data.base import INFINITE, UNKNOWN
from onevar.core.dtype import DType
from onevar.core.graph import Graph
from onevar.core.kernel import kernel_of
from onevar.core.literals import array_of
from onevar.core.name_scope import name_scope
from onevar.core.op_defs import op_def
from onevar.core.operation import Tensor
from onevar.core.registry import adapter, adapter_of
from onevar.core.tensor_shape import TensorShape
from onevar.v1.dataset_structure import flat_shapes, flat_types, legacy, tensor_of
from onevar.v1.export import export, export_value
from onevar.v1.random_seed import get_seed
from onevar.v1.type_specs import TypeSpec

#: Leaves a number to the runtime.
AUTOTUNE = -1

export_value("data.experimental.AUTOTUNE", AUTOTUNE)
export_value("data.AUTOTUNE", AUTOTUNE)
export_value("contrib.data.AUTOTUNE", AUTOTUNE)
for _prefix in ("data", "data.experimental"):
    export_value(f"{_prefix}.INFINITE_CARDINALITY", INFINITE)
    export_value(f"{_prefix}.UNKNOWN_CARDINALITY", UNKNOWN)
export_value("data.experimental.SHARD_HINT", -1)


def dataset_op(op_type: str, **arguments: Any) -> Any:
    """Make an operation of datasets, in the graph or at once.

    Args:
        op_type: TensorFlow's.
        **arguments: Its inputs and attributes.
    """
    if not executing_eagerly():
        return op(op_type, **arguments)
    entry, definition = kernel_of(op_type), op_def(op_type)
    assert entry is not None
    inputs = [_host_values(arguments[arg.name]) for arg in definition.inputs]
    attrs = {}
    for name in entry.attrs:
        attr = definition.attrs[name]
        given = arguments.get(name)
        attrs[name] = kernel_value(attr_value(attr, attr.default if given is None else given, op_type))
    numpy = adapter("numpy")
    with numpy.computing():
        return entry.fn(numpy.k, *inputs, **attrs)


def _host_values(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [host_value(item) for item in value]
    return host_value(value)


def host_value(value: Any) -> Any:
    """Return a tensor that was computed at once as an array.

    Args:
        value: The tensor, of any framework; resources come back as they are.
    """
    if isinstance(value, np.ndarray) or getattr(value, "is_resource", False):
        return value
    owner = adapter_of(value)
    return owner.to_numpy(value) if owner is not None else array_of(value, None)


def integer(value: Any, name: str) -> Any:
    """Return a number as an int64 tensor.

    Args:
        value: The number.
        name: Of the tensor.
    """
    return tensor_of(value, dtypes.int64, name=name)


def data_seeds(seed: Any) -> tuple[Any, Any]:
    """Return the two seeds of a dataset, as tensors.

    Args:
        seed: The dataset's own, or None.
    """
    first, second = get_seed(seed)
    one = integer(0 if first is None else first, "seed")
    if second is None:
        return one, integer(0, "seed2")
    with name_scope("seed2", "seed2") as scope:
        return one, _second_seed(one, second, scope)


def _second_seed(first: Any, second: Any, scope: str) -> Any:
    """Return the second seed, unless both are zero: that would mean any."""
    if executing_eagerly():
        return integer(second or (2**31 - 1 if not host_value(first) else 0), "seed2")
    two = tensor_of(second, dtypes.int64)
    both = op("LogicalAnd", x=op("Equal", x=first, y=0), y=op("Equal", x=two, y=0))
    other = tensor_of(2**31 - 1, dtypes.int64)
    return op("SelectV2", condition=both, t=other, e=two, name=scope)


def check_name(name: str | None) -> None:
    """Raise if a name is no identifier.

    Args:
        name: Of a dataset.

    Raises:
        ValueError: It is none.
    """
    if name is not None and not str(name).isidentifier():
        raise ValueError(
            "Invalid `name`. The argument `name` needs to be a valid identifier. Value is considered a valid "
            "identifier if it only contains alphanumeric characters (a-z), (A-Z), and (0-9), or underscores (_). A "
            "valid identifier cannot start with a number, or contain any spaces."
        )


@export("data.DatasetSpec", "data.experimental.DatasetStructure")
class DatasetSpec(TypeSpec):
    """Describes a dataset.

    Args:
        element_spec: What describes its elements.
        dataset_shape: The shape of the tensor of datasets.
    """

    _fields = ("element_spec", "_shape")

    def __init__(self, element_spec: Any, dataset_shape: Any = ()):
        self.element_spec = element_spec
        self._shape = TensorShape(dataset_shape)

    @property
    def _element_spec(self) -> Any:
        return self.element_spec

    @property
    def value_type(self) -> Any:
        """`tf.data.Dataset`."""
        return BaseDataset

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self._shape!r})"

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a dataset, or a description of one, fits.

        Args:
            spec_or_value: The one or the other.
        """
        from onevar.v1.dataset_structure import compatible

        other = spec_or_value._type_spec if isinstance(spec_or_value, BaseDataset) else spec_or_value
        return isinstance(other, DatasetSpec) and compatible(self.element_spec, other.element_spec)

    @property
    def _flat_types(self) -> list[DType]:
        return [dtypes.variant]

    @property
    def _flat_shapes(self) -> list[TensorShape]:
        return [self._shape]

    def _to_flat(self, value: Any) -> list[Any]:
        return [value._variant_tensor]

    def _to_flat_batch(self, value: Any) -> list[Any]:
        if not self._shape.ndims:
            raise ValueError("Slicing dataset elements is not supported for rank 0.")
        return [value._variant_tensor]

    def _from_flat(self, tensors: Sequence[Any]) -> Any:
        made = new_dataset(tensors[0], self.element_spec)
        made._shape = self._shape
        return made

    def _batch(self, size: int | None) -> TypeSpec:
        return DatasetSpec(self.element_spec, TensorShape([size]).concatenate(self._shape))

    def _unbatch(self) -> TypeSpec:
        if not self._shape.ndims:
            raise ValueError("Slicing dataset elements is not supported for rank 0.")
        return DatasetSpec(self.element_spec, self._shape[1:])


def new_dataset(variant: Any, spec: Any) -> Any:
    """Return a dataset.

    Args:
        variant: The tensor that stands for it.
        spec: What describes its elements.
    """
    from onevar.v1.dataset_types import Dataset  # the class has everything that makes datasets

    return Dataset(variant, spec)


class BaseDataset:
    """A dataset: what it is.

    Args:
        variant_tensor: What stands for it in the graph.
        element_spec: What describes its elements.
    """

    def __init__(self, variant_tensor: Any, element_spec: Any):
        self._variant_tensor = variant_tensor
        self._spec = element_spec
        self._shape = TensorShape([])
        self._options: Any = None

    @property
    def element_spec(self) -> Any:
        """What describes an element: a structure of `tf.TypeSpec`s."""
        return self._spec

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self.element_spec)

    @property
    def output_types(self) -> Any:
        """The dtype of each component of an element."""
        return legacy(self.element_spec, "types")

    @property
    def output_shapes(self) -> Any:
        """What is known of the shape of each component."""
        return legacy(self.element_spec, "shapes")

    @property
    def output_classes(self) -> Any:
        """The class of each component."""
        return legacy(self.element_spec, "classes")

    @property
    def _graph(self) -> Graph | None:
        return self._variant_tensor.graph if isinstance(self._variant_tensor, Tensor) else None

    @property
    def _flat(self) -> dict[str, Any]:
        """The attributes of an operation whose elements are like those of this dataset."""
        return flat_attrs(self.element_spec)

    def _as_variant_tensor(self) -> Any:
        """Return what stands for the dataset in the graph."""
        return self._variant_tensor

    def _next(self, op_type: str, spec: Any = None, **arguments: Any) -> Any:
        """Return a dataset made of this one.

        Args:
            op_type: Of the operation.
            spec: What describes its elements; None: as those of this one.
            **arguments: Inputs and attributes beside `input_dataset`, `output_types` and `output_shapes`.
        """
        spec = self.element_spec if spec is None else spec
        attrs = {**flat_attrs(spec), **arguments}
        if "Toutput_types" in arguments:
            del attrs["output_types"]
        variant = dataset_op(op_type, input_dataset=self._variant_tensor, **attrs)
        made = new_dataset(variant, spec)
        made._options = self._options
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec}>"

    def __bool__(self) -> bool:
        return True


def flat_attrs(spec: Any) -> dict[str, Any]:
    """Return the attributes `output_types` and `output_shapes` of an operation.

    Args:
        spec: What describes its elements.
    """
    return {"output_types": flat_types(spec), "output_shapes": flat_shapes(spec)}


@export("data.get_output_types")
def get_output_types(dataset_or_iterator: Any) -> Any:
    """Return the dtype of each component of an element; see `tf.compat.v1.data.get_output_types`."""
    return legacy(get_structure(dataset_or_iterator), "types")


@export("data.get_output_shapes")
def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """Return what is known of the shape of each component; see `tf.compat.v1.data.get_output_shapes`."""
    return legacy(get_structure(dataset_or_iterator), "shapes")


@export("data.get_output_classes")
def get_output_classes(dataset_or_iterator: Any) -> Any:
    """Return the class of each component of an element; see `tf.compat.v1.data.get_output_classes`."""
    return legacy(get_structure(dataset_or_iterator), "classes")


@export("data.experimental.get_structure")
def get_structure(dataset_or_iterator: Any) -> Any:
    """Return what describes the elements; see `tf.data.experimental.get_structure`.

    Args:
        dataset_or_iterator: A dataset or an iterator.

    Raises:
        TypeError: It is neither.
    """
    try:
        return dataset_or_iterator.element_spec
    except AttributeError:
        raise TypeError(
            "Invalid `dataset_or_iterator`. `dataset_or_iterator` must be a `tf.data.Dataset` or tf.data.Iterator "
            f"object, but got {type(dataset_or_iterator)}."
        ) from None

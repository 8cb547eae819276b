"""What describes a value before there is one: `tf.TensorSpec` and its kin."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.dtype import DType, as_dtype
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.export import export, export_lazily
from onevar.v1.shape_relations import common_shape, fits, same
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue


@export("TypeSpec", "data.experimental.Structure")
class TypeSpec:
    """Describes values of one kind: their type, dtype and shape."""

    #: Names of the attributes that tell two apart.
    _fields: tuple[str, ...] = ()

    @property
    def value_type(self) -> Any:
        """The Python type of such values."""
        raise NotImplementedError(f"{type(self).__name__}.value_type")

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and same(self._parts(), other._parts())  # type: ignore[attr-defined]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts()))})"

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or all values that a description describes, fit.

        Args:
            spec_or_value: A value or a `TypeSpec`.
        """
        other = spec_or_value if isinstance(spec_or_value, TypeSpec) else spec_of(spec_or_value)
        if type(self) is not type(other):
            return False
        return all(fits(a, b) for a, b in zip(self._parts(), other._parts(), strict=True))

    def is_subtype_of(self, other: Any) -> bool:
        """Whether all values that this describes are described by `other` as well.

        Args:
            other: A `TypeSpec`.
        """
        if not isinstance(other, TypeSpec):
            raise TypeError(f"`other` must be a TypeSpec. Received: {other!r}.")
        common = self.most_specific_common_supertype([other])
        return common is not None and common == other

    def most_specific_common_supertype(self, others: Sequence[Any]) -> "TypeSpec | None":
        """Return what describes all values that this or one of `others` does, or None.

        Args:
            others: `TypeSpec`s.
        """
        found: TypeSpec | None = self
        for other in others:
            found = None if found is None or type(found) is not type(other) else found._common(other)
        return found

    def most_specific_compatible_type(self, other: Any) -> "TypeSpec":
        """Return what describes all values that this or `other` does.

        Args:
            other: A `TypeSpec`, or a value.

        Raises:
            ValueError: There is nothing of the kind.
        """
        other = other if isinstance(other, TypeSpec) else spec_of(other)
        found = self.most_specific_common_supertype([other])
        if found is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return found

    def _common(self, other: Any) -> "TypeSpec | None":
        return self if self == other else None

    # -- how datasets hold such values: as flat tensors ---------------------------------------------

    @property
    def _flat_types(self) -> list[DType]:
        """The dtypes of the tensors that stand for a value in a dataset."""
        return [dtypes.variant]

    @property
    def _flat_shapes(self) -> list[TensorShape]:
        """The shapes of these tensors."""
        return [TensorShape([])]

    def _to_flat(self, value: Any) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__} in a dataset")

    def _to_flat_batch(self, value: Any) -> list[Any]:
        raise NotImplementedError(f"rows of {type(self).__name__} in a dataset")

    def _from_flat(self, tensors: Sequence[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} in a dataset")

    def _batch(self, size: int | None) -> "TypeSpec":
        raise NotImplementedError(f"batches of {type(self).__name__}")

    def _unbatch(self) -> "TypeSpec":
        raise NotImplementedError(f"rows of {type(self).__name__}")

    def _legacy(self, what: str) -> Any:
        """Return the entry for `output_types`, `output_shapes` or `output_classes`."""
        return self


@export("TensorSpec")
class TensorSpec(TypeSpec):
    """Describes a tensor.

    Args:
        shape: What is known of its shape.
        dtype: Its dtype.
        name: Its name, or None.
    """

    _fields = ("shape", "dtype", "name")

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None):
        self._shape = as_shape(shape) if shape is not None else TensorShape(None)
        self._dtype = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> "TensorSpec":
        """Return the description of tensors with the dtype and shape of `spec`.

        Args:
            spec: Has a `dtype` and a `shape`.
            name: Of the tensor.
        """
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> "TensorSpec":
        """Return the description of a tensor.

        Args:
            tensor: It.
            name: Of the description; None takes the operation's.

        Raises:
            ValueError: It is no tensor.
        """
        if isinstance(tensor, Tensor):
            return cls(tensor.shape, tensor.dtype, name or tensor.op.name)
        if hasattr(tensor, "shape") and hasattr(tensor, "dtype"):
            return cls(tuple(tensor.shape), _dtype_of(tensor), name)
        raise ValueError(f"`tensor` should be a tf.Tensor, but got type {type(tensor)}.")

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    @property
    def value_type(self) -> Any:
        """`tf.Tensor`."""
        return Tensor

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor, or a description of one, fits.

        Args:
            spec_or_tensor: The one or the other.
        """
        if isinstance(spec_or_tensor, TypeSpec) and not isinstance(spec_or_tensor, TensorSpec):
            return False
        if not hasattr(spec_or_tensor, "dtype") or not hasattr(spec_or_tensor, "shape"):
            return False
        return as_dtype(_dtype_of(spec_or_tensor)).is_compatible_with(self._dtype) and self._shape.is_compatible_with(
            spec_or_tensor.shape
        )

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)

    __hash__ = TypeSpec.__hash__

    def _common(self, other: Any) -> TypeSpec | None:
        if self.dtype is not other.dtype:
            return None
        return TensorSpec(
            common_shape(self.shape, other.shape), self.dtype, self.name if self.name == other.name else None
        )

    @property
    def _flat_types(self) -> list[DType]:
        return [self.dtype]

    @property
    def _flat_shapes(self) -> list[TensorShape]:
        return [self.shape]

    def _to_flat(self, value: Any) -> list[Any]:
        return [value]

    def _to_flat_batch(self, value: Any) -> list[Any]:
        if TensorShape(value.shape).ndims == 0:
            raise ValueError(
                f"Unbatching a tensor is only supported for rank >= 1. Got tensor with shape {value.shape}."
            )
        return [value]

    def _from_flat(self, tensors: Sequence[Any]) -> Any:
        (tensor,) = tensors
        if isinstance(tensor, Tensor):
            tensor.set_shape(self.shape)
        return tensor

    def _batch(self, size: int | None) -> TypeSpec:
        return TensorSpec(TensorShape([size]).concatenate(self.shape), self.dtype)

    def _unbatch(self) -> TypeSpec:
        if self.shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self.shape[1:], self.dtype)

    def _legacy(self, what: str) -> Any:
        return {"types": self.dtype, "shapes": self.shape, "classes": Tensor}[what]


def _dtype_of(value: Any) -> Any:
    found = value.dtype
    if isinstance(found, np.dtype):
        return dtypes.string if found.kind == "O" else as_dtype(found)
    return found.base_dtype if isinstance(found, DType) else as_dtype(str(found).rpartition(".")[2])


@export("SparseTensorSpec")
class SparseTensorSpec(TypeSpec):
    """Describes a sparse tensor.

    Args:
        shape: What is known of its dense shape.
        dtype: The dtype of its values.
    """

    _fields = ("shape", "dtype")

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32):
        self._shape = as_shape(shape) if shape is not None else TensorShape(None)
        self._dtype = as_dtype(dtype)

    @classmethod
    def from_value(cls, value: Any) -> "SparseTensorSpec":
        """Return the description of a sparse tensor, or of its value.

        Args:
            value: It.

        Raises:
            TypeError: It is neither.
        """
        found = spec_of(value)
        if not isinstance(found, SparseTensorSpec):
            raise TypeError("Expected SparseTensor or SparseTensorValue.")
        return found

    @property
    def shape(self) -> TensorShape:
        """What is known of the dense shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self._dtype

    @property
    def value_type(self) -> Any:
        """`tf.SparseTensor`."""
        return SparseTensor

    def _common(self, other: Any) -> TypeSpec | None:
        if self.dtype is not other.dtype:
            return None
        return SparseTensorSpec(common_shape(self.shape, other.shape), self.dtype)

    @property
    def _flat_shapes(self) -> list[TensorShape]:
        # The dataset may hold a whole matrix of parts: nothing is promised.
        return [TensorShape(None)]

    def _to_flat(self, value: Any) -> list[Any]:
        return [_serialized("SerializeSparse", value)]

    def _to_flat_batch(self, value: Any) -> list[Any]:
        if self.shape.ndims == 1:
            raise ValueError("Unbatching a sparse tensor is only supported for rank >= 1")
        return [_serialized("SerializeManySparse", value)]

    def _from_flat(self, tensors: Sequence[Any]) -> Any:
        from onevar.v1.dataset_core import dataset_op
        from onevar.v1.parsing_decoding import deserialize_sparse  # the chapter uses this one

        if executing_eagerly():
            return SparseTensor(*dataset_op("DeserializeSparse", serialized_sparse=tensors[0], dtype=self.dtype))
        sparse = deserialize_sparse(tensors[0], self.dtype, rank=self.shape.ndims)
        if self.shape.is_fully_defined():
            shape = constant(self.shape.as_list(), dtypes.int64, name="shape")
            return SparseTensor(sparse.indices, sparse.values, shape)
        if self.shape.ndims is not None:
            sparse.set_shape(self.shape)
        return sparse

    def _batch(self, size: int | None) -> TypeSpec:
        return SparseTensorSpec(TensorShape([size]).concatenate(self.shape), self.dtype)

    def _unbatch(self) -> TypeSpec:
        if self.shape.ndims == 0:
            raise ValueError("Unbatching a sparse tensor is only supported for rank >= 1")
        return SparseTensorSpec(self.shape[1:] if self.shape.ndims else None, self.dtype)

    def _legacy(self, what: str) -> Any:
        return {"types": self.dtype, "shapes": self.shape, "classes": SparseTensor}[what]


def _serialized(op_type: str, value: Any) -> Any:
    from onevar.v1.dataset_core import dataset_op  # datasets are described by what is here

    return dataset_op(
        op_type, sparse_indices=value.indices, sparse_values=value.values, sparse_shape=value.dense_shape,
        T=as_dtype(_dtype_of(value.values)), out_type=dtypes.variant,
    )  # fmt: skip


class NoneTensorSpec(TypeSpec):
    """Describes None: no tensor at all."""

    @property
    def value_type(self) -> Any:
        """The type of None."""
        return type(None)

    @property
    def _flat_types(self) -> list[DType]:
        return []

    @property
    def _flat_shapes(self) -> list[TensorShape]:
        return []

    def _to_flat(self, value: Any) -> list[Any]:
        return []

    def _to_flat_batch(self, value: Any) -> list[Any]:
        return []

    def _from_flat(self, tensors: Sequence[Any]) -> Any:
        return None

    def _batch(self, size: int | None) -> TypeSpec:
        return self

    def _unbatch(self) -> TypeSpec:
        return self


def spec_of(value: Any) -> TypeSpec | None:
    """Return the description of a value, or None where it has none of its own.

    Args:
        value: A tensor, a sparse one, a dataset, None...
    """
    if value is None:
        return NoneTensorSpec()
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype.base_dtype)
    if isinstance(value, SparseTensor):
        return SparseTensorSpec(value.shape, value.dtype)
    if isinstance(value, SparseTensorValue):
        return _spec_of_parts(value)
    own = getattr(value, "_type_spec", None)
    return own if isinstance(own, TypeSpec) else None


def _spec_of_parts(value: SparseTensorValue) -> SparseTensorSpec:
    """Return the description of a sparse tensor by its parts, some of which may be tensors."""
    known = not isinstance(value.dense_shape, Tensor)
    values = value.values if hasattr(value.values, "dtype") else np.asarray(value.values)
    shape = np.asarray(value.dense_shape).tolist() if known else [None] * (value.dense_shape.shape[0].value or 0)
    return SparseTensorSpec(shape if known or shape else None, _dtype_of(values))


@export("type_spec_from_value")
def type_spec_from_value(value: Any) -> TypeSpec:
    """Return the description of a value; see `tf.type_spec_from_value`.

    Args:
        value: A tensor, a sparse one, a dataset, or what makes a tensor.

    Raises:
        TypeError: It cannot be described.
    """
    found = spec_of(value)
    if found is not None:
        return found
    if isinstance(value, np.ndarray | np.generic):
        return TensorSpec(value.shape, as_dtype(value.dtype))
    raise TypeError(f"Could not build a TypeSpec for {value!r} of unsupported type {type(value)}.")


for _name in ("TensorStructure", "SparseTensorStructure"):
    export_lazily(f"data.experimental.{_name}", "dataset_structure", _name)

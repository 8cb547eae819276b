"""`tf.SparseTensor` and what describes one: the three tensors that a sparse one consists of."""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value_as_shape
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.core.fetching import CONVERSIONS
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export, export_value

#: The value of a `SparseTensor`, as `Session.run` gives and takes it.
SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
export_value("SparseTensorValue", SparseTensorValue)


@export("SparseTensor", "sparse.SparseTensor")
class SparseTensor:
    """A tensor of which only some elements are not zero.

    Args:
        indices: Where they are, `[n, rank]`, int64.
        values: What they are, `[n]`.
        dense_shape: The shape, `[rank]`, int64.

    Attributes:
        indices: As given, a tensor.
        values: As given, a tensor.
        dense_shape: As given, a tensor.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any):
        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self.indices = convert_to_tensor(indices, name="indices", dtype=dtypes.int64)
            self.values = convert_to_tensor(values, name="values")
            self.dense_shape = convert_to_tensor(dense_shape, name="dense_shape", dtype=dtypes.int64)
        self._static = TensorShape(None) if executing_eagerly() else constant_value_as_shape(self.dense_shape)
        indices_shape = shape_of(self.indices).with_rank(2)
        values_shape = shape_of(self.values).with_rank(1)
        dense = shape_of(self.dense_shape).with_rank(1)
        indices_shape.dims[0].assert_is_compatible_with(values_shape.dims[0])  # type: ignore[index]
        indices_shape.dims[1].assert_is_compatible_with(dense.dims[0])  # type: ignore[index]

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> "SparseTensor":
        """Return a value as a tensor.

        Args:
            sparse_tensor_value: A `SparseTensorValue`, or a `SparseTensor`.

        Raises:
            TypeError: It is neither.
        """
        if not isinstance(sparse_tensor_value, SparseTensor | SparseTensorValue):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {sparse_tensor_value}.")
        value = sparse_tensor_value
        return cls(value.indices, value.values, value.dense_shape)

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._static

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self._static

    def set_shape(self, shape: Any) -> None:
        """Merge what is known of the shape with `shape`.

        Args:
            shape: What `TensorShape` takes.

        Raises:
            ValueError: They contradict each other.
        """
        self._static = self._static.merge_with(shape)

    @property
    def dtype(self) -> DType:
        """The dtype of `values`."""
        return dtype_of(self.values)

    @property
    def op(self) -> Any:
        """The operation that makes `values`."""
        return self.values.op

    @property
    def graph(self) -> Any:
        """The graph that it is part of."""
        return self.indices.graph

    @property
    def name(self) -> str:
        """The name of `values`."""
        return self.values.name

    def with_values(self, new_values: Any) -> "SparseTensor":
        """Return a tensor with other values at the same places.

        Args:
            new_values: As many as `values`.
        """
        return SparseTensor(self.indices, new_values, self.dense_shape)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Return its value, a `SparseTensorValue`.

        Args:
            feed_dict: What is fed.
            session: The session, or None for the default one.
        """
        from onevar.core.session import session_for

        parts = (self.indices, self.values, self.dense_shape)
        run = session_for(session, self.graph, "evaluate tensor", "eval(session=sess)").run
        return SparseTensorValue(*run(parts, feed_dict))

    def _as_graph_tensors(self) -> list[Any]:
        return [self.indices, self.values, self.dense_shape]

    def _from_graph_tensors(self, parts: Sequence[Any]) -> "SparseTensor":
        return SparseTensor(*parts)

    def consumers(self) -> list[Any]:
        """Return the operations that take a part of it."""
        found = [op for part in (self.indices, self.values, self.dense_shape) for op in part.consumers()]
        return list(dict.fromkeys(found))

    def __repr__(self) -> str:
        parts = f"indices={self.indices}, values={self.values}, dense_shape={self.dense_shape}"
        return f"SparseTensor({parts})"


def _fetched(sparse: SparseTensor) -> tuple[list[Any], Any]:
    return sparse._as_graph_tensors(), lambda values: SparseTensorValue(*values)


def _fed(sparse: SparseTensor, value: Any) -> list[tuple[Any, Any]]:
    return list(zip(sparse._as_graph_tensors(), tuple(value), strict=True))


# A Session takes and gives a sparse tensor as a `SparseTensorValue`, or as a tuple of its parts.
CONVERSIONS.append((SparseTensor, _fetched, _fed, None))


def as_sparse(value: Any, message: str = "Input must be a SparseTensor.") -> SparseTensor:
    """Return a sparse tensor, or its value, as a sparse tensor.

    Args:
        value: A `SparseTensor` or a `SparseTensorValue`.
        message: Of the error.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError(message)
    return value


@export("convert_to_tensor_or_sparse_tensor")
def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a sparse tensor for a sparse one or its value, and a tensor for everything else.

    Args:
        value: To convert.
        dtype: Of the result; None takes the value's.
        name: Of the operation.

    Raises:
        RuntimeError: It is sparse and of another dtype.
    """
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        return convert_to_tensor(value, dtype=dtype, name=name)
    if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
        raise RuntimeError(
            f"Sparse dtype mismatch. Requested: {dtypes.as_dtype(dtype).name},  Actual: {value.dtype.name}"
        )
    return value

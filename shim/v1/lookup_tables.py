"""Tables that are filled once: `tf.lookup.StaticHashTable`, `tf.tables_initializer`."""

import uuid
from contextlib import nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_collection, get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.common import shape_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import group, no_op
from onevar.v1.init_scopes import init_scope
from onevar.v1.sparse_types import SparseTensor


@export("tables_initializer", "initializers.tables_initializer")
def tables_initializer(name: str = "init_all_tables") -> Any:
    """Return an operation that fills all tables of the default graph.

    Args:
        name: Of the operation.
    """
    initializers = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


@export("initialize_all_tables")
def initialize_all_tables(name: str = "init_all_tables") -> Any:
    """Return `tables_initializer(name)`.

    Args:
        name: Of the operation.
    """
    return tables_initializer(name)


@export("python.ops.lookup_ops.check_table_dtypes")
def check_table_dtypes(table: Any, key_dtype: Any, value_dtype: Any) -> None:
    """Raise if keys or values are not of a table's dtypes.

    Args:
        table: The table.
        key_dtype: Of the keys.
        value_dtype: Of the values.

    Raises:
        TypeError: They are not.
    """
    if key_dtype.base_dtype != table.key_dtype:
        raise TypeError(f"Invalid key dtype for table, expected {table.key_dtype} but got {key_dtype}.")
    if value_dtype.base_dtype != table.value_dtype:
        raise TypeError(f"Invalid value dtype for table, expected {table.value_dtype} but got {value_dtype}.")


def dtype_of_keys(keys: Any) -> DType:
    """Return the dtype of what is looked up.

    Args:
        keys: A tensor, sparse or not.
    """
    return as_dtype(keys.dtype).base_dtype


def key_tensor_of(keys: Any) -> Any:
    """Return the tensor of what is looked up.

    Args:
        keys: A tensor, a sparse or a ragged one.
    """
    return keys.values if isinstance(keys, SparseTensor) or hasattr(keys, "with_values") else keys


def arranged_like(keys: Any, values: Any) -> Any:
    """Return values in the form that the keys had.

    Args:
        keys: A tensor, a sparse or a ragged one.
        values: A tensor.
    """
    if isinstance(keys, SparseTensor):
        return SparseTensor(keys.indices, values, keys.dense_shape)
    return keys.with_values(values) if hasattr(keys, "with_values") else values


def known_shape(tensor: Any, shape: Any) -> None:
    """Tell a tensor of a graph its shape.

    Args:
        tensor: Of a graph; eagerly there is nothing to tell.
        shape: What is known.
    """
    if isinstance(tensor, Tensor):
        tensor.set_shape(shape)


@export("contrib.lookup.LookupInterface", "python.ops.lookup_ops.LookupInterface")
class LookupInterface:
    """What all tables can do; derive from it for your own.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any):
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)
        self._resource_handle: Any = None

    def _create_resource(self) -> Any:
        raise NotImplementedError

    @property
    def resource_handle(self) -> Any:
        """The output of the operation that stands for the table."""
        return self._resource_handle

    @property
    def key_dtype(self) -> DType:
        """The dtype of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The dtype of the values."""
        return self._value_dtype

    @property
    def name(self) -> Any:
        """The name of the table."""
        return NotImplementedError

    def size(self, name: str | None = None) -> Any:
        """Return how many keys there are."""
        raise NotImplementedError

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the values of keys."""
        raise NotImplementedError

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)


class InitializableLookupTableBase(LookupInterface):
    """A table that an initializer fills once.

    Args:
        default_value: What keys have that are not there.
        initializer: Fills it.
    """

    def __init__(self, default_value: Any, initializer: Any):
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = convert_to_tensor(default_value, dtype=self._value_dtype)
        shape_of(self._default_value).merge_with([])
        self._initializer = initializer
        with init_scope() if _inside_body() else nullcontext():
            self._resource_handle = self._create_resource()
            self._init_op = self._initialize()

    def _initialize(self) -> Any:
        return self._initializer.initialize(self)

    @property
    def default_value(self) -> Any:
        """What keys have that are not there."""
        return self._default_value

    def size(self, name: str | None = None) -> Any:
        """Return how many keys there are.

        Args:
            name: Of the operation.
        """
        with name_scope(name, f"{self.name}_Size", [self.resource_handle]):
            return op("LookupTableSizeV2", table_handle=self.resource_handle)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the values of keys.

        Args:
            keys: A tensor, sparse or not.
            name: Of the operation.

        Raises:
            TypeError: They are not of the table's dtype.
        """
        tensor = key_tensor_of(keys)
        if dtype_of_keys(keys) != self._key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self._key_dtype}, received: {as_dtype(keys.dtype)}")
        with name_scope(name, f"{self.name}_Lookup", (self.resource_handle, tensor, self._default_value)):
            values = op(
                "LookupTableFindV2", table_handle=self.resource_handle, keys=tensor, default_value=self._default_value
            )
        known_shape(values, shape_of(tensor))
        return arranged_like(keys, values)


def _inside_body() -> bool:
    """Whether operations go into a branch or loop: tables are made outside."""
    return not executing_eagerly() and get_default_graph().outer is not None


class InitializableLookupTableBaseV1(InitializableLookupTableBase):
    """A table that an operation of the graph fills."""

    @property
    def initializer(self) -> Any:
        """The operation that fills it."""
        return self._init_op


@export("lookup.StaticHashTable", "python.ops.lookup_ops.StaticHashTableV1", "python.ops.lookup_ops.StaticHashTable")
class StaticHashTable(InitializableLookupTableBaseV1):
    """A table that an initializer fills once; see `tf.lookup.StaticHashTable`.

    Args:
        initializer: Fills it.
        default_value: What keys have that are not there.
        name: Of the operation.
        experimental_is_anonymous: Whether each run has its own.
    """

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None, experimental_is_anonymous: bool = False
    ):
        self._is_anonymous = experimental_is_anonymous
        self._shared_name = (
            "" if experimental_is_anonymous else initializer._shared_name or f"hash_table_{uuid.uuid4()}"
        )
        self._initializer = initializer
        self._name = name or "hash_table"
        self._table_name: str | None = None
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Any:
        dtypes = {"key_dtype": self._initializer.key_dtype, "value_dtype": self._initializer.value_dtype}
        if self._is_anonymous:
            handle = op("AnonymousHashTable", name=self._name, **dtypes)
        else:
            handle = op("HashTableV2", shared_name=self._shared_name, name=self._name, **dtypes)
        self._table_name = handle.op.name.split("/")[-1] if isinstance(handle, Tensor) else None
        return handle

    @property
    def name(self) -> Any:
        """The name of the operation that stands for it, without scopes."""
        return self._table_name

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """Return all keys and values.

        Args:
            name: Of the operation.
        """
        with name_scope(name, f"{self.name}_Export", [self.resource_handle]):
            keys, values = op(
                "LookupTableExportV2", table_handle=self.resource_handle, Tkeys=self._key_dtype,
                Tvalues=self._value_dtype,
            )  # fmt: skip
        return keys, values


@export("python.ops.lookup_ops.HashTable")
class HashTable(StaticHashTable):
    """As `StaticHashTable`, with another name for the initializer."""

    @property
    def init(self) -> Any:
        """The operation that fills it."""
        return self.initializer


@export("contrib.lookup.HashTable")
class ContribHashTable(InitializableLookupTableBaseV1):
    """A table that an initializer fills once; see `tf.contrib.lookup.HashTable`.

    Args:
        initializer: Fills it.
        default_value: What keys have that are not there.
        shared_name: Tables of one name are the same in a Session.
        name: Of the operation.
    """

    def __init__(self, initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None):
        self._initializer = initializer
        self._shared_name = shared_name
        self._name = name or "hash_table"
        self._table_name: str | None = None
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Any:
        handle = op(
            "HashTableV2", shared_name=self._shared_name or "", key_dtype=self._initializer.key_dtype,
            value_dtype=self._initializer.value_dtype, name=self._name,
        )  # fmt: skip
        self._table_name = handle.op.name.split("/")[-1] if isinstance(handle, Tensor) else None
        return handle

    @property
    def name(self) -> Any:
        """The name of the operation that stands for it, without scopes."""
        return self._table_name

    @property
    def init(self) -> Any:
        """The operation that fills it."""
        return self.initializer

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """Return all keys and values.

        Args:
            name: Of the operation.
        """
        with name_scope(name, f"{self.name}_Export", [self.resource_handle]) as scope:
            keys, values = op(
                "LookupTableExportV2", table_handle=self.resource_handle, Tkeys=self._key_dtype,
                Tvalues=self._value_dtype, name=scope,
            )  # fmt: skip
        return keys, values


export("contrib.lookup.InitializableLookupTableBase", "python.ops.lookup_ops.InitializableLookupTableBase")(
    InitializableLookupTableBase
)
export("contrib.lookup.InitializableLookupTableBaseV1", "python.ops.lookup_ops.InitializableLookupTableBaseV1")(
    InitializableLookupTableBaseV1
)

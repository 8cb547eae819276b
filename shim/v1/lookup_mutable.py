"""Tables that can change: `tf.lookup.experimental.MutableHashTable`, `DenseHashTable`."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, colocate_with
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.common import dtype_of, rank_of, shape_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.lookup_tables import LookupInterface, known_shape
from onevar.v1.saveables import SaveableObject, SaveSpec


class _TableSaveable(SaveableObject):
    """A table in a checkpoint: its keys and its values.

    Args:
        table: The table.
        name: Its name there.
    """

    def __init__(self, table: Any, name: str):
        keys, values = table.export()
        super().__init__(table, [SaveSpec(keys, "", f"{name}-keys"), SaveSpec(values, "", f"{name}-values")], name)

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        """Return the operation that fills the table again.

        Args:
            restored_tensors: Keys and values.
            restored_shapes: They say nothing.
        """
        handle = self.op.resource_handle
        keys, values = restored_tensors
        with name_scope(f"{self.name}_table_restore", None), _beside(handle):
            return op("LookupTableImportV2", table_handle=handle, keys=keys, values=values)


def _beside(handle: Any) -> AbstractContextManager[Any]:
    return colocate_with(handle) if isinstance(handle, Tensor) else nullcontext()


class _Mutable(LookupInterface):
    """What tables that can change have in common."""

    _table_name: str | None
    _default_value: Any
    _key_rank = 0

    def _begin(self, handle: Any, name: str, checkpoint: bool) -> None:
        self._resource_handle = handle
        self._table_name = handle.op.name.split("/")[-1] if isinstance(handle, Tensor) else None
        if checkpoint and not executing_eagerly():
            add_to_collection(GraphKeys.SAVEABLE_OBJECTS, _TableSaveable(self, name))

    @property
    def name(self) -> Any:
        """The name of the operation that stands for it, without scopes."""
        return self._table_name

    def size(self, name: str | None = None) -> Any:
        """Return how many keys there are.

        Args:
            name: Of the operation.
        """
        handle = self.resource_handle
        with name_scope(name, f"{self.name}_Size", [handle]), _beside(handle):
            return op("LookupTableSizeV2", table_handle=handle)

    def _found(self, keys: Any, default: Any, values: list[Any], name: str | None) -> Any:
        handle = self.resource_handle
        with name_scope(name, f"{self.name}_lookup_table_find", values):
            keys = convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            with _beside(handle):
                found = op("LookupTableFindV2", table_handle=handle, keys=keys, default_value=default)
        shape = shape_of(keys)
        if shape.ndims is not None and shape.ndims >= self._key_rank:
            outer = shape[: shape.ndims - self._key_rank]
            known_shape(found, outer.concatenate(shape_of(self._default_value)))
        return found

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """Return an operation that lets keys have values.

        Args:
            keys: Any number.
            values: One for each.
            name: Of the operation.
        """
        handle = self.resource_handle
        with name_scope(name, f"{self.name}_lookup_table_insert", [handle, keys, values]):
            keys = convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            values = convert_to_tensor(values, dtype=self._value_dtype, name="values")
            with _beside(handle):
                return op("LookupTableInsertV2", table_handle=handle, keys=keys, values=values)

    def _removed(self, keys: Any, name: str | None) -> Any:
        handle = self.resource_handle
        with name_scope(name, f"{self.name}_lookup_table_remove", (handle, keys, self._default_value)):
            return op("LookupTableRemoveV2", table_handle=handle, keys=keys)

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """Return all keys and values.

        Args:
            name: Of the operation.
        """
        handle = self.resource_handle
        with name_scope(name, f"{self.name}_lookup_table_export_values", [handle]), _beside(handle):
            keys, values = op(
                "LookupTableExportV2", table_handle=handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
        return keys, values


@export(
    "lookup.experimental.MutableHashTable", "contrib.lookup.MutableHashTable", "python.ops.lookup_ops.MutableHashTable"
)
class MutableHashTable(_Mutable):
    """A table that can change; see `tf.lookup.experimental.MutableHashTable`.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
        default_value: What keys have that are not there.
        name: Of the operation.
        checkpoint: Whether a `Saver` saves it.
        experimental_is_anonymous: Whether each run has its own.
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, name: str = "MutableHashTable",
        checkpoint: bool = True, experimental_is_anonymous: bool = False,
    ):  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        self._default_value = convert_to_tensor(default_value, dtype=self._value_dtype)
        attrs: dict[str, Any] = {"key_dtype": self._key_dtype, "value_dtype": self._value_dtype, "name": name}
        kind = "MutableHashTable" if rank_of(self._default_value) == 0 else "MutableHashTableOfTensors"
        if rank_of(self._default_value) != 0:
            attrs["value_shape"] = shape_of(self._default_value)
        if experimental_is_anonymous:
            handle = op(f"Anonymous{kind}", **attrs)
        else:
            handle = op(f"{kind}V2", use_node_name_sharing=checkpoint, **attrs)
        self._begin(handle, name, checkpoint)

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """Return the values of keys.

        Args:
            keys: Any number.
            dynamic_default_values: What keys have that are not there: one value, or one for each.
            name: Of the operation.
        """
        default = self._default_value if dynamic_default_values is None else dynamic_default_values
        return self._found(keys, default, [self.resource_handle, keys, self._default_value], name)

    def remove(self, keys: Any, name: str | None = None) -> Any:
        """Return an operation that forgets keys.

        Args:
            keys: A tensor.
            name: Of the operation.

        Raises:
            TypeError: They are not of the table's dtype.
        """
        if dtype_of(keys) != self._key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self._key_dtype}, received: {as_dtype(keys.dtype)}")
        return self._removed(keys, name)


@export(
    "lookup.experimental.DenseHashTable", "contrib.lookup.MutableDenseHashTable", "python.ops.lookup_ops.DenseHashTable"
)
class DenseHashTable(_Mutable):
    """A table that can change, with two keys that nothing may have; see `tf.lookup.experimental.DenseHashTable`.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
        default_value: What keys have that are not there.
        empty_key: Stands for a place without a key.
        deleted_key: Stands for a place whose key was removed.
        initial_num_buckets: How many places there are in the beginning.
        name: Of the operation.
        checkpoint: Whether a `Saver` saves it.
        experimental_is_anonymous: Whether each run has its own.
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, empty_key: Any, deleted_key: Any,
        initial_num_buckets: int | None = None, name: str = "MutableDenseHashTable", checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ):  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        self._default_value = convert_to_tensor(default_value, dtype=self._value_dtype, name="default_value")
        empty = convert_to_tensor(empty_key, dtype=self._key_dtype, name="empty_key")
        deleted = convert_to_tensor(deleted_key, dtype=self._key_dtype, name="deleted_key")
        self._key_rank = rank_of(empty) or 0
        attrs: dict[str, Any] = {
            "empty_key": empty, "deleted_key": deleted, "value_dtype": self._value_dtype,
            "value_shape": shape_of(self._default_value), "name": name,
        }  # fmt: skip
        if initial_num_buckets is not None:
            attrs["initial_num_buckets"] = initial_num_buckets
        if experimental_is_anonymous:
            handle = op("AnonymousMutableDenseHashTable", **attrs)
        else:
            handle = op("MutableDenseHashTableV2", use_node_name_sharing=checkpoint, **attrs)
        self._begin(handle, name, checkpoint)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the values of keys.

        Args:
            keys: Any number.
            name: Of the operation.
        """
        return self._found(keys, self._default_value, [self.resource_handle, keys], name)

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """Return `insert(keys, values, name)`.

        Args:
            keys: Any number.
            values: One for each.
            name: Of the operation.
        """
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Any:
        """Return an operation that forgets keys.

        Args:
            keys: A tensor.
            name: Of the operation.

        Raises:
            TypeError: They are not of the table's dtype.
        """
        if dtype_of(keys) != self._key_dtype:
            raise TypeError(f"Signature mismatch. Keys must be dtype {self._key_dtype}, got {as_dtype(keys.dtype)}.")
        return self._removed(keys, name)

    def remove(self, keys: Any, name: str | None = None) -> Any:
        """Return `erase(keys, name)`.

        Args:
            keys: A tensor.
            name: Of the operation.
        """
        return self.erase(keys, name)

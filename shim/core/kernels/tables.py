"""Tables: definitions over `core.tables`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.queues import cpp_name
from onevar.core.resources import resource
from onevar.core.spec import Shape, Spec
from onevar.core.tables import DenseTable, StaticTable, Table, TextFile


def _scalar(*_: Any) -> Shape:
    return ()


def _nothing(*_: Any) -> list[Shape]:
    return []


def _found(
    make: Callable[[str], Table], dtypes: tuple[str, str], container: str = "", shared_name: str = ""
) -> Table:  # fmt: skip
    table = resource("table", make, container=container, shared_name=shared_name)
    if (table.key_dtype, table.value_dtype) != dtypes:
        asked, has = "->".join(map(cpp_name, dtypes)), f"{cpp_name(table.key_dtype)}-{cpp_name(table.value_dtype)}"
        raise InvalidArgumentError(
            None, None, f"Conflicting key/value dtypes {asked} with {has} for table {table.name}"
        )
    return table


@kernel("HashTable", "HashTableV2", resource=True, infer=_scalar)
def hash_table(k: Any, *, container: str, shared_name: str, key_dtype: str, value_dtype: str) -> Table:
    """The Session's table of this name, which is filled once."""
    return _found(
        lambda name: StaticTable(name, key_dtype, value_dtype), (key_dtype, value_dtype), container, shared_name
    )


@kernel("MutableHashTable", "MutableHashTableV2", resource=True, infer=_scalar)
def mutable_hash_table(k: Any, *, container: str, shared_name: str, key_dtype: str, value_dtype: str) -> Table:
    """The Session's table of this name."""
    return _found(lambda name: Table(name, key_dtype, value_dtype), (key_dtype, value_dtype), container, shared_name)


@kernel("MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", resource=True, infer=_scalar)
def mutable_hash_table_of_tensors(
    k: Any, *, container: str, shared_name: str, key_dtype: str, value_dtype: str, value_shape: Shape
) -> Table:
    """The Session's table of this name, whose values are tensors."""
    shape = _vector_shape(value_shape)
    return _found(
        lambda name: Table(name, key_dtype, value_dtype, shape), (key_dtype, value_dtype), container, shared_name
    )


def _vector_shape(shape: Shape) -> tuple[int, ...]:
    if shape is None or len(shape) > 1 or None in shape:
        raise InvalidArgumentError(None, None, f"Default value must be a vector, got shape {shape}")
    return shape  # type: ignore[return-value]


@kernel("MutableDenseHashTableV2", resource=True, infer=_scalar)
def mutable_dense_hash_table(
    k: Any, empty_key: np.ndarray, deleted_key: np.ndarray, *, container: str, shared_name: str, key_dtype: str,
    value_dtype: str, value_shape: Shape, initial_num_buckets: int, max_load_factor: float,
) -> Table:  # fmt: skip
    """The Session's table of this name, with buckets."""
    dtypes = (key_dtype, value_dtype)

    def make(name: str) -> Table:
        keys = (np.array(empty_key), np.array(deleted_key))
        return DenseTable(name, dtypes, _vector_shape(value_shape), keys, initial_num_buckets, max_load_factor)

    return _found(make, dtypes, container, shared_name)


@kernel("AnonymousHashTable", resource=True, infer=_scalar)
def anonymous_hash_table(k: Any, *, key_dtype: str, value_dtype: str) -> Table:
    """A table of this run alone."""
    return StaticTable("", key_dtype, value_dtype)


@kernel("AnonymousMutableHashTable", resource=True, infer=_scalar)
def anonymous_mutable_hash_table(k: Any, *, key_dtype: str, value_dtype: str) -> Table:
    """A table of this run alone."""
    return Table("", key_dtype, value_dtype)


@kernel("AnonymousMutableHashTableOfTensors", resource=True, infer=_scalar)
def anonymous_mutable_hash_table_of_tensors(
    k: Any, *, key_dtype: str, value_dtype: str, value_shape: Shape
) -> Table:  # fmt: skip
    """A table of this run alone, whose values are tensors."""
    return Table("", key_dtype, value_dtype, _vector_shape(value_shape))


@kernel("AnonymousMutableDenseHashTable", resource=True, infer=_scalar)
def anonymous_mutable_dense_hash_table(
    k: Any, empty_key: np.ndarray, deleted_key: np.ndarray, *, key_dtype: str, value_dtype: str, value_shape: Shape,
    initial_num_buckets: int, max_load_factor: float,
) -> Table:  # fmt: skip
    """A table of this run alone, with buckets."""
    keys = (np.array(empty_key), np.array(deleted_key))
    dtypes = (key_dtype, value_dtype)
    return DenseTable("", dtypes, _vector_shape(value_shape), keys, initial_num_buckets, max_load_factor)


def _find_shape(handle: Spec, keys: Spec, default_value: Spec) -> Shape:
    if default_value.shape == ():
        return keys.shape
    return None


@kernel("LookupTableFind", "LookupTableFindV2", resource=True, infer=_find_shape)
def lookup_table_find(k: Any, table_handle: Table, keys: np.ndarray, default_value: np.ndarray) -> np.ndarray:
    """The values of keys."""
    return table_handle.find(keys, default_value)


@kernel("LookupTableInsert", "LookupTableInsertV2", resource=True, infer=_nothing)
def lookup_table_insert(k: Any, table_handle: Table, keys: np.ndarray, values: np.ndarray) -> tuple:
    """Let keys have values."""
    table_handle.insert(keys, values)
    return ()


@kernel("LookupTableRemoveV2", resource=True, infer=_nothing)
def lookup_table_remove(k: Any, table_handle: Table, keys: np.ndarray) -> tuple:
    """Forget keys."""
    table_handle.remove(keys)
    return ()


@kernel(
    "LookupTableImport", "LookupTableImportV2", "InitializeTable", "InitializeTableV2", resource=True, infer=_nothing
)
def lookup_table_import(k: Any, table_handle: Table, keys: np.ndarray, values: np.ndarray) -> tuple:
    """Let keys have values, and no others."""
    table_handle.replace(keys, values)
    return ()


@kernel("InitializeTableFromTextFile", "InitializeTableFromTextFileV2", resource=True, infer=_nothing)
def initialize_table_from_text_file(
    k: Any, table_handle: StaticTable, filename: np.ndarray, *, key_index: int, value_index: int, vocab_size: int,
    delimiter: str, offset: int,
) -> tuple:  # fmt: skip
    """Fill a table with what the lines of a file say."""
    if filename.ndim:
        raise InvalidArgumentError(None, None, f"filename should be a single string, but got {list(filename.shape)}")
    file = TextFile(filename.item(), (key_index, value_index), vocab_size, delimiter, offset)
    table_handle.fill(file.pairs((table_handle.key_dtype, table_handle.value_dtype)))
    return ()


@kernel("LookupTableSize", "LookupTableSizeV2", resource=True, infer=_scalar)
def lookup_table_size(k: Any, table_handle: Table) -> np.ndarray:
    """How many keys there are."""
    return np.array(len(table_handle), np.int64)


def _contents_shapes(handle: Spec) -> list[Shape]:
    return [None, None]


@kernel("LookupTableExport", "LookupTableExportV2", resource=True, infer=_contents_shapes)
def lookup_table_export(k: Any, table_handle: Table) -> tuple[np.ndarray, np.ndarray]:
    """All keys and values."""
    return table_handle.contents()

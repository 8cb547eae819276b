"""What fills tables: tensors, and files of text."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_scopes import init_scope
from onevar.v1.lookup_tables import check_table_dtypes


@export("contrib.lookup.TableInitializerBase", "python.ops.lookup_ops.TableInitializerBase")
class TableInitializerBase:
    """What fills a table; derive from it for your own.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any):
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The dtype of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The dtype of the values."""
        return self._value_dtype

    def initialize(self, table: Any) -> Any:
        """Return the operation that fills a table."""
        raise NotImplementedError

    @property
    def _shared_name(self) -> str:
        """A name for all tables that are filled so."""
        return ""


def _added(init_op: Any) -> Any:
    if not executing_eagerly():
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, init_op)
    return init_op


@export(
    "lookup.KeyValueTensorInitializer", "contrib.lookup.KeyValueTensorInitializer",
    "python.ops.lookup_ops.KeyValueTensorInitializer",
)  # fmt: skip
class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with tensors; see `tf.lookup.KeyValueTensorInitializer`.

    Args:
        keys: The keys.
        values: One for each.
        key_dtype: Of the keys, where they are no tensor.
        value_dtype: Of the values, where they are no tensor.
        name: Of the operations.
    """

    def __init__(self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None):
        if not executing_eagerly() and get_default_graph().outer is not None:
            with init_scope():
                self._convert(keys, values, key_dtype, value_dtype)
        else:
            self._convert(keys, values, key_dtype, value_dtype)
        self._name = name if name is not None else "key_value_init"
        super().__init__(dtype_of(self._keys), dtype_of(self._values))

    def _convert(self, keys: Any, values: Any, key_dtype: Any, value_dtype: Any) -> None:
        self._keys = convert_to_tensor(keys, dtype=key_dtype, name="keys")
        self._values = convert_to_tensor(values, dtype=value_dtype, name="values")

    def initialize(self, table: Any) -> Any:
        """Return the operation that fills a table.

        Args:
            table: The table.

        Raises:
            TypeError: It is of other dtypes.
        """
        check_table_dtypes(table, dtype_of(self._keys), dtype_of(self._values))
        handle = table.resource_handle
        with name_scope(self._name, None, (handle, self._keys, self._values)):
            return _added(op("LookupTableImportV2", table_handle=handle, keys=self._keys, values=self._values))


@export("lookup.TextFileIndex", "contrib.lookup.TextFileIndex", "python.ops.lookup_ops.TextFileIndex")
class TextFileIndex:
    """What a key or value of a line is, if it is no column."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


@export("lookup.TextFileInitializer", "contrib.lookup.TextFileInitializer", "python.ops.lookup_ops.TextFileInitializer")
class TextFileInitializer(TableInitializerBase):
    """Fills a table with the lines of a file; see `tf.lookup.TextFileInitializer`.

    Args:
        filename: Of the file; a string or a tensor.
        key_dtype: Of the keys.
        key_index: Which column they are, or one of `TextFileIndex`.
        value_dtype: Of the values.
        value_index: Which column they are, or one of `TextFileIndex`.
        vocab_size: How many lines; None for all.
        delimiter: Between columns.
        name: Of the operations.
        value_index_offset: Added to line numbers.

    Raises:
        ValueError: There is no file name, or the arguments do not go together.
    """

    def __init__(
        self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
        vocab_size: int | None = None, delimiter: str = "\t", name: str | None = None, value_index_offset: int = 0,
    ):  # fmt: skip
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("`filename` argument required for tf.lookup.TextFileInitializer")
        self._filename_arg = filename
        key_dtype, value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        _check_index("key", key_index, key_dtype, ".")
        _check_index("value", value_index, value_dtype, "")
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"`vocab_size` should be > 0, received: {vocab_size}")
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        self._filename = self._asset(filename)
        self._offset = value_index_offset
        super().__init__(key_dtype, value_dtype)

    @staticmethod
    def _asset(filename: Any) -> Any:
        """Return the file's name as a tensor, made where the initializer is made."""
        with init_scope():
            return convert_to_tensor(filename, dtype=dtypes.string, name="asset_path")

    def initialize(self, table: Any) -> Any:
        """Return the operation that fills a table.

        Args:
            table: The table.

        Raises:
            TypeError: It is of other dtypes.
        """
        check_table_dtypes(table, self.key_dtype, self.value_dtype)
        with name_scope(self._name, "text_file_init", (table.resource_handle,)):
            filename = self._filename
            init_op = op(
                "InitializeTableFromTextFileV2", table_handle=table.resource_handle, filename=filename,
                key_index=self._key_index, value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size, delimiter=self._delimiter,
                offset=self._offset,
            )  # fmt: skip
        if isinstance(filename, Tensor) and filename.op.type == "Const":
            add_to_collection(GraphKeys.ASSET_FILEPATHS, filename)
        return _added(init_op)

    @property
    def _shared_name(self) -> str:
        """A name for all tables that are filled so: they have the same contents."""
        parts: list[Any] = [self._filename_arg]
        if self._vocab_size:
            parts.append(self._vocab_size)
        parts += [self._key_index, self._value_index]
        if self._offset:
            parts.append(self._offset)
        return "_".join(["hash_table", *map(str, parts)])


def _check_index(what: str, index: int, dtype: DType, end: str) -> None:
    if index < -2:
        raise ValueError(f"`{what}_index` should be >= -2, received: {index}{end}")
    if index == TextFileIndex.LINE_NUMBER and dtype != dtypes.int64:
        link = "if `key_index` is" if what == "key" else "for `value_index`"
        raise ValueError(f"`{what}_dtype` must be int64 {link} {TextFileIndex.LINE_NUMBER}, received: {dtype}")
    if index == TextFileIndex.WHOLE_LINE and not dtype.is_integer and dtype != dtypes.string:
        raise ValueError(
            f"`{what}_dtype` should be either integer or string for `{what}_index` {TextFileIndex.WHOLE_LINE}, "
            f"received: {dtype}"
        )


@export("contrib.lookup.TextFileStringTableInitializer", "python.ops.lookup_ops.TextFileStringTableInitializer")
class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table from numbers to the strings in a file.

    Args:
        filename: Of the file.
        key_column_index: Which column the numbers are, or one of `TextFileIndex`.
        value_column_index: Which column the strings are, or one of `TextFileIndex`.
        vocab_size: How many lines; None for all.
        delimiter: Between columns.
        name: Of the operations.
    """

    def __init__(
        self, filename: Any, key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE, vocab_size: int | None = None, delimiter: str = "\t",
        name: str | None = "text_file_string_table_init",
    ):  # fmt: skip
        super().__init__(
            filename, dtypes.int64, key_column_index, dtypes.string, value_column_index, vocab_size=vocab_size,
            delimiter=delimiter, name=name,
        )  # fmt: skip


@export("contrib.lookup.TextFileIdTableInitializer", "python.ops.lookup_ops.TextFileIdTableInitializer")
class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table from the strings in a file to numbers.

    Args:
        filename: Of the file.
        key_column_index: Which column the strings are, or one of `TextFileIndex`.
        value_column_index: Which column the numbers are, or one of `TextFileIndex`.
        vocab_size: How many lines; None for all.
        delimiter: Between columns.
        name: Of the operations.
        key_dtype: Of the keys.
    """

    def __init__(
        self, filename: Any, key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER, vocab_size: int | None = None, delimiter: str = "\t",
        name: str | None = "text_file_id_table_init", key_dtype: Any = dtypes.string,
    ):  # fmt: skip
        super().__init__(
            filename, key_dtype, key_column_index, dtypes.int64, value_column_index, vocab_size=vocab_size,
            delimiter=delimiter, name=name,
        )  # fmt: skip

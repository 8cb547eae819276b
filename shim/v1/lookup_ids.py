"""Tables from words to numbers, with buckets for words that they do not have."""

import numbers
from collections import namedtuple
from collections.abc import Callable
from functools import partial
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.common import dtype_of
from onevar.v1.export import export, export_value, exported
from onevar.v1.grouping_ops import no_op
from onevar.v1.lookup_initializers import (
    KeyValueTensorInitializer,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
)
from onevar.v1.lookup_tables import (
    HashTable,
    LookupInterface,
    StaticHashTable,
    arranged_like,
    dtype_of_keys,
    key_tensor_of,
)
from onevar.v1.string_ops import string_to_hash_bucket_fast, string_to_hash_bucket_strong


@export("contrib.lookup.HasherSpec", "python.ops.lookup_ops.HasherSpec")
class HasherSpec(namedtuple("HasherSpec", ["hasher", "key"])):
    """Which function says which bucket a word belongs to: its name, and its key if it has one."""

    __slots__ = ()


#: The function without a key.
FastHashSpec = HasherSpec("fasthash", None)
export_value("contrib.lookup.FastHashSpec", FastHashSpec)
export_value("python.ops.lookup_ops.FastHashSpec", FastHashSpec)


@export("contrib.lookup.StrongHashSpec", "python.ops.lookup_ops.StrongHashSpec")
class StrongHashSpec(HasherSpec):
    """The function with a key.

    Args:
        key: Two integers.

    Raises:
        TypeError: They are no integers.
        ValueError: They are not two.
    """

    __slots__ = ()

    def __new__(cls, key: Any) -> "StrongHashSpec":  # noqa: D102 (see the class)
        if len(key) != 2:
            raise ValueError(f"`key` must have size 2, received {len(key)}")
        if not all(isinstance(part, numbers.Integral) for part in key):
            raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
        return super().__new__(cls, "stronghash", key)


def _hash_function(spec: Any) -> Callable[..., Any]:
    if not isinstance(spec, HasherSpec):
        raise TypeError(f"`hasher_spec` must be of type HasherSpec, got {type(spec)}.")
    if spec.hasher == "fasthash":
        return string_to_hash_bucket_fast
    if spec.hasher == "legacy":
        return exported("string_to_hash_bucket")
    if spec.hasher == "stronghash":
        return partial(string_to_hash_bucket_strong, key=spec.key)
    raise ValueError(f"Found unknown hasher {spec.hasher} in `hasher_spec`")


def _check_table_types(key_dtype: Any, value_dtype: Any, wanted: Any) -> None:
    supported = (dtypes.int64, dtypes.string)
    if key_dtype not in supported:
        raise TypeError(f"Invalid `key_dtype`, expected one of {supported}, received {wanted}.")
    if key_dtype.is_integer != wanted.is_integer:
        kind = "integer" if wanted.is_integer else "non-integer"
        raise TypeError(f"Invalid `key dtype`, expected {kind} but got {key_dtype}.")
    if value_dtype != dtypes.int64:
        raise TypeError(f"Invalid `value_dtype`: expected int64 but got {value_dtype}.")


class _Buckets(LookupInterface):
    """What tables with buckets have in common: `_table`, which may be None, and the buckets behind it."""

    _table: Any
    _num_oov_buckets: int
    _hasher_spec: Any
    _table_name: str | None

    @property
    def initializer(self) -> Any:
        """The operation that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with name_scope(None, "init"):
            return no_op()

    @property
    def resource_handle(self) -> Any:
        """The output of the operation that stands for the table, or None."""
        return None if self._table is None else self._table.resource_handle

    @property
    def name(self) -> Any:
        """The name of the table."""
        return self._table_name

    def size(self, name: str | None = None) -> Any:
        """Return how many numbers there are, those of buckets included.

        Args:
            name: Of the operation.
        """
        with name_scope(name, f"{self.name}_Size"):
            known: Any = self._table.size() if self._table else convert_to_tensor(0, dtype=dtypes.int64)
            return known + self._num_oov_buckets

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the numbers of keys.

        Args:
            keys: A tensor, sparse or not.
            name: Of the operations.

        Raises:
            TypeError: They are not of the table's dtype.
        """
        if dtype_of_keys(keys) != self._key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self._key_dtype}, received: {as_dtype(keys.dtype)}")
        values = key_tensor_of(keys)
        if self._table and self._table.key_dtype.base_dtype == dtypes.int64:
            values = exported("cast")(values, dtypes.int64)
        if self._num_oov_buckets == 0:
            ids = self._table.lookup(values, name=name)
        else:
            with name_scope(name, f"{self.name}_Lookup"):
                ids = self._with_buckets(values)
        return arranged_like(keys, ids)

    def _with_buckets(self, values: Any) -> Any:
        words = values if dtype_of(values) == dtypes.string else exported("as_string")(values)
        hashed = _hash_function(self._hasher_spec)
        buckets = hashed(words, num_buckets=self._num_oov_buckets, name="hash_bucket")
        if not self._table:
            return buckets
        ids = self._table.lookup(values)
        buckets = exported("add")(buckets, self._table.size())
        there = exported("not_equal")(ids, self._table.default_value)
        return exported("where_v2")(there, ids, buckets)


@export("contrib.lookup.IdTableWithHashBuckets", "python.ops.lookup_ops.IdTableWithHashBuckets")
class IdTableWithHashBuckets(_Buckets):
    """A table from words to numbers, with buckets for the words that it does not have.

    Args:
        table: The table, or None.
        num_oov_buckets: How many buckets.
        hasher_spec: Says which bucket a word belongs to.
        name: Of the operations.
        key_dtype: Of what is looked up.

    Raises:
        TypeError: The dtypes do not go together.
        ValueError: There is neither a table nor a bucket.
    """

    def __init__(
        self, table: Any, num_oov_buckets: int, hasher_spec: Any = FastHashSpec, name: str | None = None,
        key_dtype: Any = None,
    ):  # fmt: skip
        if name:
            name = name.rstrip("/")
        if table:
            key_dtype = table.key_dtype if key_dtype is None else as_dtype(key_dtype)
            _check_table_types(table.key_dtype, table.value_dtype, key_dtype)
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("`oov_buckets` must be > 0 if no `table` is supplied.")
            key_dtype = dtypes.string if key_dtype is None else as_dtype(key_dtype)
            name = name or "hash_bucket"
        if not key_dtype.is_integer and key_dtype != dtypes.string:
            raise TypeError(f"Invalid `key_dtype`, expected integer or string, got {key_dtype}.")
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(f"`hasher_spec` must be of type HasherSpec, got {type(hasher_spec)}.")
        super().__init__(key_dtype, dtypes.int64)
        self._table = table or None
        self._num_oov_buckets = num_oov_buckets
        self._hasher_spec = hasher_spec
        self._table_name = name.split("/")[-1] if name else None

    @property
    def init(self) -> Any:
        """The operation that fills the table."""
        return self.initializer


@export("lookup.StaticVocabularyTable", "python.ops.lookup_ops.StaticVocabularyTable")
class StaticVocabularyTable(_Buckets):
    """A table from words to numbers, with buckets; see `tf.lookup.StaticVocabularyTable`.

    Args:
        initializer: Fills it; None for buckets alone.
        num_oov_buckets: How many buckets.
        lookup_key_dtype: Of what is looked up.
        name: Of the operations.
        experimental_is_anonymous: Whether each run has its own.

    Raises:
        TypeError: The dtypes do not go together.
        ValueError: There is no bucket.
    """

    def __init__(
        self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: str | None = None,
        experimental_is_anonymous: bool = False,
    ):  # fmt: skip
        if num_oov_buckets <= 0:
            raise ValueError("`num_oov_buckets` must be > 0; use StaticHashTable.")
        if name:
            name = name.rstrip("/")
        table = None
        if initializer:
            lookup_key_dtype = initializer.key_dtype if lookup_key_dtype is None else as_dtype(lookup_key_dtype)
            _check_vocabulary_types(initializer, lookup_key_dtype)
            table = HashTable(initializer, default_value=-1, experimental_is_anonymous=experimental_is_anonymous)
            name = name or table.name
        else:
            lookup_key_dtype = dtypes.string
            name = name or "hash_bucket"
        if not lookup_key_dtype.is_integer and lookup_key_dtype != dtypes.string:
            raise TypeError(f"Invalid `key_dtype`, expected integer or string, got {lookup_key_dtype}")
        super().__init__(lookup_key_dtype, dtypes.int64)
        self._table = table
        self._num_oov_buckets = num_oov_buckets
        self._hasher_spec = FastHashSpec
        self._table_name = name.split("/")[-1] if name is not None else None


def _check_vocabulary_types(initializer: Any, wanted: Any) -> None:
    supported = (dtypes.int64, dtypes.string)
    key_dtype = initializer.key_dtype
    if key_dtype not in supported:
        raise TypeError(f"Invalid `key_dtype`, expected one of {supported}, but got {key_dtype}.")
    if key_dtype.is_integer != wanted.is_integer:
        kind = "integer" if wanted.is_integer else "non-integer"
        raise TypeError(f"Invalid `key_dtype`, expected {kind} but got {key_dtype}.")
    if initializer.value_dtype != dtypes.int64:
        raise TypeError(f"Invalid `value_dtype`, expected {dtypes.int64} but got {initializer.value_dtype}.")


def _check_file(vocabulary_file: Any) -> None:
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("`vocabulary_file` must be specified and must not be empty.")


@export("contrib.lookup.index_table_from_file", "python.ops.lookup_ops.index_table_from_file")
def index_table_from_file(
    vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: Any = -1,
    hasher_spec: Any = FastHashSpec, key_dtype: Any = dtypes.string, name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE, value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:  # fmt: skip
    """Return a table from the words in a file to numbers.

    Args:
        vocabulary_file: The name of the file.
        num_oov_buckets: How many buckets there are for other words.
        vocab_size: How many words; None for all of the file.
        default_value: The number of other words, without buckets.
        hasher_spec: Says which bucket a word belongs to.
        key_dtype: Of what is looked up.
        name: Of the operations.
        key_column_index: Which column the words are, or one of `TextFileIndex`.
        value_column_index: Which column the numbers are, or one of `TextFileIndex`.
        delimiter: Between columns.

    Raises:
        TypeError: `key_dtype` is neither an integer nor a string.
        ValueError: There is no file name, or a number is too small.
    """
    _check_file(vocabulary_file)
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    if vocab_size is not None and vocab_size < 1:
        file = vocabulary_file
        if isinstance(vocabulary_file, Tensor):
            known = constant_value(vocabulary_file)
            file = "?" if known is None else known.item()
        raise ValueError(f"`vocab_size` must be greater than 0, got {vocab_size} for vocabulary_file: {file}.")
    key_dtype = as_dtype(key_dtype)
    if not key_dtype.is_integer and key_dtype.base_dtype != dtypes.string:
        raise TypeError("Dtype for `keys` should be either integer or string.")
    with name_scope(name, "string_to_index"):
        with name_scope(None, "hash_table"):
            initializer = TextFileIdTableInitializer(
                vocabulary_file, vocab_size=vocab_size, key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
                name="table_init", key_column_index=key_column_index, value_column_index=value_column_index,
                delimiter=delimiter,
            )  # fmt: skip
            table: Any = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=key_dtype)
        return table


@export("python.ops.lookup_ops.index_table_from_tensor")
def index_table_from_tensor(
    vocabulary_list: Any, num_oov_buckets: int = 0, default_value: Any = -1, hasher_spec: Any = FastHashSpec,
    dtype: Any = dtypes.string, name: str | None = None,
) -> Any:  # fmt: skip
    """Return a table from words to their positions.

    Args:
        vocabulary_list: The words.
        num_oov_buckets: How many buckets there are for other words.
        default_value: The number of other words, without buckets.
        hasher_spec: Says which bucket a word belongs to.
        dtype: Of what is looked up.
        name: Of the operations.

    Raises:
        TypeError: `dtype` is neither an integer nor a string.
        ValueError: There are no words, a number is too small, or words are not of `dtype`.
    """
    if vocabulary_list is None:
        raise ValueError("`vocabulary_list` must be specified.")
    if num_oov_buckets < 0:
        raise ValueError(f"`num_oov_buckets` must be greater or equal than 0, got {num_oov_buckets}.")
    dtype = as_dtype(dtype)
    if not dtype.is_integer and dtype.base_dtype != dtypes.string:
        raise TypeError("`dtype` must either be integer or string.")
    with name_scope(name, "string_to_index"):
        keys = convert_to_tensor(vocabulary_list)
        found = dtype_of(keys)
        if found.is_integer != dtype.is_integer:
            kind = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Invalid `dtype`: Expected {kind}, got {found}.")
        if not dtype.is_integer and found != dtype:
            raise ValueError(f"Invalid `dtype`: Expected {dtype}, got {found}.")
        cast = exported("cast")
        values = cast(exported("range")(exported("size")(keys)), dtypes.int64)
        with name_scope(None, "hash_table"):
            keys = cast(keys, dtypes.int64) if found.is_integer else keys
            initializer = KeyValueTensorInitializer(keys, values, dtype_of(keys), dtypes.int64, name="table_init")
            table: Any = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=dtype)
        return table


@export("contrib.lookup.index_to_string_table_from_file", "python.ops.lookup_ops.index_to_string_table_from_file")
def index_to_string_table_from_file(
    vocabulary_file: Any, vocab_size: int | None = None, default_value: Any = "UNK", name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER, value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:  # fmt: skip
    """Return a table from numbers to the words in a file.

    Args:
        vocabulary_file: The name of the file.
        vocab_size: How many words; None for all of the file.
        default_value: The word for other numbers.
        name: Of the operations.
        key_column_index: Which column the numbers are, or one of `TextFileIndex`.
        value_column_index: Which column the words are, or one of `TextFileIndex`.
        delimiter: Between columns.

    Raises:
        ValueError: There is no file name, or `vocab_size` is too small.
    """
    _check_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"`vocab_size` must be greater than 0, got {vocab_size}.")
    with name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            vocabulary_file, vocab_size=vocab_size, name="table_init", key_column_index=key_column_index,
            value_column_index=value_column_index, delimiter=delimiter,
        )  # fmt: skip
        return StaticHashTable(initializer, default_value)


@export("python.ops.lookup_ops.index_to_string_table_from_tensor")
def index_to_string_table_from_tensor(
    vocabulary_list: Any, default_value: Any = "UNK", name: str | None = None
) -> StaticHashTable:
    """Return a table from positions to words.

    Args:
        vocabulary_list: The words.
        default_value: The word for other numbers.
        name: Of the operations.

    Raises:
        ValueError: There are no words.
    """
    if vocabulary_list is None:
        raise ValueError("`vocabulary_list` argument must be specified.")
    with name_scope(name, "index_to_string"):
        words = convert_to_tensor(vocabulary_list, dtype=dtypes.string)
        keys = exported("cast")(exported("range")(exported("size")(words)), dtypes.int64)
        initializer = KeyValueTensorInitializer(keys, words, dtypes.int64, dtypes.string, name="table_init")
        return StaticHashTable(initializer, default_value)

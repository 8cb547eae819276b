"""`tf.contrib.lookup`: tables by the names and arguments of TensorFlow 1."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.lookup_ids import (
    FastHashSpec,
    index_table_from_file,
    index_table_from_tensor,
    index_to_string_table_from_tensor,
)


@export("contrib.lookup.index_table_from_tensor")
def index_table_from_mapping(
    mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1, hasher_spec: Any = FastHashSpec,
    dtype: Any = dtypes.string, name: str | None = None,
) -> Any:  # fmt: skip
    """Return a table from words to their positions.

    Args:
        mapping: The words.
        num_oov_buckets: How many buckets there are for other words.
        default_value: The number of other words, without buckets.
        hasher_spec: Says which bucket a word belongs to.
        dtype: Of what is looked up.
        name: Of the operations.

    Raises:
        ValueError: There are no words.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, dtype, name)


@export("contrib.lookup.index_to_string_table_from_tensor")
def index_to_string_table_from_mapping(mapping: Any, default_value: Any = "UNK", name: str | None = None) -> Any:
    """Return a table from positions to words.

    Args:
        mapping: The words.
        default_value: The word for other numbers.
        name: Of the operations.

    Raises:
        ValueError: There are no words.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return index_to_string_table_from_tensor(mapping, default_value, name)


@export("contrib.lookup.string_to_index_table_from_file")
def string_to_index_table_from_file(
    vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: Any = -1,
    hasher_spec: Any = FastHashSpec, name: str | None = None,
) -> Any:  # fmt: skip
    """Return `index_table_from_file` of strings.

    Args:
        vocabulary_file: The name of the file.
        num_oov_buckets: How many buckets there are for other words.
        vocab_size: How many words; None for all of the file.
        default_value: The number of other words, without buckets.
        hasher_spec: Says which bucket a word belongs to.
        name: Of the operations.
    """
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, key_dtype=dtypes.string, name=name
    )


@export("contrib.lookup.string_to_index_table_from_tensor")
def string_to_index_table_from_tensor(
    mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1, hasher_spec: Any = FastHashSpec,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `index_table_from_tensor` of strings.

    Args:
        mapping: The words.
        num_oov_buckets: How many buckets there are for other words.
        default_value: The number of other words, without buckets.
        hasher_spec: Says which bucket a word belongs to.
        name: Of the operations.

    Raises:
        ValueError: They are no strings.
    """
    with name_scope(name, "string_to_index") as scope:
        mapping = convert_to_tensor(mapping)
    if dtype_of(mapping) != dtypes.string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_mapping(mapping, num_oov_buckets, default_value, hasher_spec, name=scope)


@export("contrib.lookup.string_to_index")
def string_to_index(tensor: Any, mapping: Any, default_value: Any = -1, name: str | None = None) -> Any:
    """Return the positions of words in `mapping`.

    Args:
        tensor: Words.
        mapping: All words.
        default_value: The number of other words.
        name: Of the operations.
    """
    return index_table_from_mapping(mapping=mapping, default_value=default_value, name=name).lookup(tensor)


@export("contrib.lookup.index_to_string")
def index_to_string(tensor: Any, mapping: Any, default_value: Any = "UNK", name: str | None = None) -> Any:
    """Return the words at positions in `mapping`.

    Args:
        tensor: Positions.
        mapping: All words.
        default_value: The word for other numbers.
        name: Of the operations.
    """
    return index_to_string_table_from_mapping(mapping=mapping, default_value=default_value, name=name).lookup(tensor)

"""Strings: `tf.string_join`, `tf.string_split`, `tf.as_string`, `tf.strings.*`."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import rank
from onevar.v1.common import is_tensor, rank_of, renamed, set_shape
from onevar.v1.export import export
from onevar.v1.math_ops_make import range_
from onevar.v1.sparse_types import SparseTensor


@export("as_string", "dtypes.as_string", "strings.as_string")
def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1,
    fill: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """Return numbers as strings; see `tf.strings.as_string`."""
    style = {"precision": precision, "scientific": scientific, "shortest": shortest, "width": width, "fill": fill}
    return op("AsString", input=input, **style, name=name)


@export("string_join", "strings.join")
def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Return strings joined element by element; see `tf.strings.join`."""
    return op("StringJoin", inputs=inputs, separator=separator, name=name)


@export("reduce_join", "strings.reduce_join")
def reduce_join(
    inputs: Any, axis: Any = None, keep_dims: bool | None = None, separator: str = "", name: str | None = None,
    reduction_indices: Any = None, keepdims: bool | None = None,
) -> Any:  # fmt: skip
    """Return strings joined over dimensions; see `tf.compat.v1.reduce_join`."""
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(None, "ReduceJoin", [inputs, axis]):
        tensor = convert_to_tensor(inputs)
        if axis is None:
            known = rank_of(tensor)
            if known is None:
                axis = range_(rank(tensor) - 1, -1, -1)
            else:
                axis = constant(np.arange(known - 1, -1, -1), dtype=dtypes.int32)
        options = {"keep_dims": bool(keepdims), "separator": separator}
        return op("ReduceJoin", inputs=tensor, reduction_indices=axis, **options, name=name)


def _sparse(parts: Any) -> SparseTensor:
    indices, values, shape = parts
    set_shape(indices, [None, 2])
    set_shape(values, [None])
    set_shape(shape, [2])
    return SparseTensor(indices, values, shape)


@export("string_split")
def string_split(
    source: Any, sep: Any = None, skip_empty: bool = True, delimiter: Any = None,
    result_type: str = "SparseTensor", name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Return strings split into the rows of a sparse tensor; see `tf.compat.v1.string_split`.

    Raises:
        NotImplementedError: A ragged tensor is asked for.
    """
    _only_sparse(result_type)
    with name_scope(name, "StringSplit", [source]):
        delimiter = renamed("sep", sep, "delimiter", delimiter)
        delimiter = convert_to_tensor(" " if delimiter is None else delimiter, dtype=dtypes.string)
        source = convert_to_tensor(source, dtype=dtypes.string)
        return _sparse(op("StringSplit", input=source, delimiter=delimiter, skip_empty=skip_empty))


@export("strings.split")
def strings_split(
    input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor", source: Any = None,
    name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Return strings split as Python splits them; see `tf.compat.v1.strings.split`.

    Raises:
        NotImplementedError: A ragged tensor is asked for.
    """
    _only_sparse(result_type)
    input = renamed("input", input, "source", source)
    with name_scope(name, "StringSplit", [input]):
        input = convert_to_tensor(input, dtype=dtypes.string)
        if rank_of(input) == 0:
            input = op("ExpandDims", input=input, dim=0)
        sep = convert_to_tensor("" if sep is None else sep, dtype=dtypes.string)
        return _sparse(op("StringSplitV2", input=input, sep=sep, maxsplit=maxsplit))


def _only_sparse(result_type: str) -> None:
    if result_type != "SparseTensor":
        raise NotImplementedError(f"result_type={result_type!r}: ragged tensors; use 'SparseTensor'.")


@export("substr", "strings.substr")
def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Any:
    """Return parts of strings; see `tf.compat.v1.substr`."""
    return op("Substr", input=input, pos=pos, len=len, unit=unit, name=name)


@export("strings.length")
def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Any:
    """Return the lengths of strings; see `tf.compat.v1.strings.length`."""
    return op("StringLength", input=input, unit=unit, name=name)


@export("strings.lower")
def string_lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return strings in small letters; see `tf.strings.lower`."""
    return op("StringLower", input=input, encoding=encoding, name=name)


@export("strings.upper")
def string_upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return strings in capital letters; see `tf.strings.upper`."""
    return op("StringUpper", input=input, encoding=encoding, name=name)


@export("string_strip", "strings.strip")
def string_strip(input: Any, name: str | None = None) -> Any:
    """Return strings without white space at their ends; see `tf.strings.strip`."""
    return op("StringStrip", input=input, name=name)


@export("regex_replace", "strings.regex_replace")
def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    """Return strings with what matches replaced; see `tf.strings.regex_replace`."""
    arguments = {"input": input, "pattern": pattern, "rewrite": rewrite, "replace_global": replace_global}
    static = isinstance(pattern, str | bytes) and isinstance(rewrite, str | bytes)
    return op("StaticRegexReplace" if static else "RegexReplace", **arguments, name=name)


@export("strings.regex_full_match")
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Return whether strings match as a whole; see `tf.strings.regex_full_match`."""
    static = isinstance(pattern, str | bytes)
    return op("StaticRegexFullMatch" if static else "RegexFullMatch", input=input, pattern=pattern, name=name)


@export("strings.format")
def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """Return a text with tensors in it; see `tf.strings.format`.

    Raises:
        ValueError: The tensors are not as many as the placeholders.
    """
    if is_tensor(inputs):
        inputs = [inputs]
    count = template.count(placeholder)
    if count != len(inputs):
        raise ValueError(
            f"The template expects {count} tensors, but the inputs only has {len(inputs)}. Please ensure the number of "
            "placeholders in template matches inputs length."
        )
    options = {"template": template, "placeholder": placeholder, "summarize": summarize}
    return op("StringFormat", inputs=list(inputs), **options, name=name)


@export("string_to_number", "strings.to_number")
def string_to_number(
    string_tensor: Any = None, out_type: Any = dtypes.float32, name: str | None = None, input: Any = None
) -> Any:
    """Return the numbers that strings are; see `tf.compat.v1.string_to_number`."""
    source = renamed("input", input, "string_tensor", string_tensor)
    return op("StringToNumber", string_tensor=source, out_type=out_type, name=name)


@export("string_to_hash_bucket_fast", "strings.to_hash_bucket_fast")
def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """Return which of `num_buckets` each string belongs to; see `tf.strings.to_hash_bucket_fast`."""
    return op("StringToHashBucketFast", input=input, num_buckets=num_buckets, name=name)


@export("string_to_hash_bucket_strong", "strings.to_hash_bucket_strong")
def string_to_hash_bucket_strong(input: Any, num_buckets: int, key: Any, name: str | None = None) -> Any:
    """Return which of `num_buckets` each string belongs to; see `tf.strings.to_hash_bucket_strong`."""
    return op("StringToHashBucketStrong", input=input, num_buckets=num_buckets, key=list(key), name=name)


@export("encode_base64", "io.encode_base64")
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Return bytes as web-safe base64; see `tf.io.encode_base64`."""
    return op("EncodeBase64", input=input, pad=pad, name=name)


@export("decode_base64", "io.decode_base64")
def decode_base64(input: Any, name: str | None = None) -> Any:
    """Return the bytes of web-safe base64; see `tf.io.decode_base64`."""
    return op("DecodeBase64", input=input, name=name)

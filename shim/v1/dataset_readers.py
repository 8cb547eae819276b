"""Datasets of what is in files: `tf.data.TFRecordDataset`, `TextLineDataset`, `FixedLengthRecordDataset`."""

import os
from collections.abc import Callable
from typing import Any, ClassVar

from onevar.core import dtype as dtypes
from onevar.core.operation import Tensor
from onevar.v1.dataset_core import BaseDataset, check_name, dataset_op, flat_attrs, integer, new_dataset
from onevar.v1.dataset_maps import dataset_function
from onevar.v1.dataset_sources import _of_slices
from onevar.v1.dataset_structure import normalized, tensor_of
from onevar.v1.dataset_types import Dataset
from onevar.v1.export import export, exported
from onevar.v1.type_specs import TensorSpec

_BUFFER = 256 * 1024
_RECORD = TensorSpec([], dtypes.string)


def _names(filenames: Any, name: str = "filenames") -> Any:
    """Return a dataset of the names of files."""
    if isinstance(filenames, BaseDataset):
        types, shapes = filenames.output_types, filenames.output_shapes
        if types is not dtypes.string:
            raise TypeError(
                f"The `{name}` argument must contain `tf.string` elements. Got a dataset of `{types!r}` elements."
            )
        if not shapes.is_compatible_with([]):
            raise TypeError(
                f"The `{name}` argument must contain `tf.string` elements of shape [] (i.e. scalars). Got a dataset of "
                f"element shape {shapes!r}."
            )
        return filenames
    tensor = _strings(filenames, name)
    flat = exported("reshape")(tensor, [-1], name="flat_filenames")
    return _of_slices(normalized(flat) if not isinstance(flat, Tensor) else flat, True)


def _strings(filenames: Any, name: str) -> Any:
    if isinstance(filenames, os.PathLike):
        filenames = os.fspath(filenames)
    elif isinstance(filenames, list | tuple):
        filenames = [os.fspath(item) if isinstance(item, os.PathLike) else item for item in filenames]
    try:
        tensor = tensor_of(filenames, None if isinstance(filenames, Tensor) else dtypes.string)
    except (TypeError, ValueError):
        found = tensor_of(filenames)
        raise TypeError(
            f"The `{name}` argument must contain `tf.string` elements. Got `{found.dtype!r}` elements."
        ) from None
    if isinstance(tensor, Tensor) and tensor.dtype is not dtypes.string:
        raise TypeError(f"The `{name}` argument must contain `tf.string` elements. Got `{tensor.dtype!r}` elements.")
    return tensor


def _read(filenames: Any, parallel: Any, read_one: Callable[[Any], Any]) -> Any:
    """Return a dataset of the records of files, of several at a time where that is asked for."""
    names = _names(filenames)
    if parallel is None:
        return names.flat_map(read_one)
    if isinstance(parallel, int) and parallel == -1:
        return names.interleave(read_one, num_parallel_calls=parallel)
    if isinstance(parallel, int) and parallel == 0:
        parallel = 1
    return interleaved(names, read_one, parallel)


def interleaved(
    dataset: Any, function: Callable[[Any], Any], cycle_length: Any, block_length: Any = 1, sloppy: Any = False,
    buffered: Any = None, prefetched: Any = None, transformation: str = "tf.data.experimental.parallel_interleave()",
) -> Any:  # fmt: skip
    """Return a dataset of the elements of the datasets that a function returns, in turns, read at the same time.

    Args:
        dataset: The dataset.
        function: Of its elements.
        cycle_length: How many datasets are read in turns.
        block_length: How many elements of one come together.
        sloppy: Whether a dataset that has nothing yet is passed over.
        buffered: How many elements of each may wait, or None.
        prefetched: How many more datasets are opened ahead, or None.
        transformation: What the function is for, in messages.
    """
    traced = dataset_function(function, transformation, dataset.element_spec)
    return dataset._next(
        "LegacyParallelInterleaveDatasetV2", traced.spec.element_spec, f=traced.function,
        other_arguments=traced.captured, cycle_length=integer(cycle_length, "cycle_length"),
        block_length=integer(block_length, "block_length"),
        buffer_output_elements=integer(-1 if buffered is None else buffered, "buffer_output_elements"),
        prefetch_input_elements=integer(-1 if prefetched is None else prefetched, "prefetch_input_elements"),
        deterministic="default" if sloppy is None else "false" if sloppy else "true",
    )  # fmt: skip


def _optional(value: Any, name: str, default: Any, dtype: Any = dtypes.int64) -> Any:
    return tensor_of(default if value is None else value, dtype, name=name)


class _FileDataset(Dataset):
    """Records of files: what the three classes have in common."""

    def _fill(self, made: Any) -> None:
        BaseDataset.__init__(self, made._variant_tensor, made.element_spec)


class _CompressedFiles(_FileDataset):
    """Records of files that may be compressed, which differ by the operation that reads them.

    Args:
        filenames: A name, a tensor or a dataset of names.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`; None for nothing.
        buffer_size: How much is read at a time, in bytes.
        num_parallel_reads: How many files at a time, or None: one after the other.
        name: Of the dataset.
    """

    _reader: ClassVar[str]

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None,
        name: str | None = None,
    ):  # fmt: skip
        check_name(name)

        def read_one_file(filename: Any) -> Any:
            variant = dataset_op(
                self._reader, filenames=filename,
                compression_type=_optional(compression_type, "compression_type", "", dtypes.string),
                buffer_size=_optional(buffer_size, "buffer_size", _BUFFER),
            )  # fmt: skip
            return new_dataset(variant, _RECORD)

        self._fill(_read(filenames, num_parallel_reads, read_one_file))


@export("data.TFRecordDataset")
class TFRecordDataset(_CompressedFiles):
    """A dataset of the records of TFRecord files; see `_CompressedFiles` for the arguments."""

    _reader = "TFRecordDataset"


@export("data.TextLineDataset")
class TextLineDataset(_CompressedFiles):
    """A dataset of the lines of text files; see `_CompressedFiles` for the arguments."""

    _reader = "TextLineDataset"


@export("data.FixedLengthRecordDataset")
class FixedLengthRecordDataset(_FileDataset):
    """A dataset of records of a fixed length.

    Args:
        filenames: A name, a tensor or a dataset of names.
        record_bytes: Of a record.
        header_bytes: How many bytes are skipped at the beginning of each file.
        footer_bytes: How many bytes are left out at the end of each file.
        buffer_size: How much is read at a time, in bytes.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`; None for nothing.
        num_parallel_reads: How many files at a time, or None: one after the other.
        name: Of the dataset.
    """

    def __init__(
        self, filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None,
        buffer_size: Any = None, compression_type: Any = None, num_parallel_reads: Any = None, name: str | None = None,
    ):  # fmt: skip
        check_name(name)

        def read_one_file(filename: Any) -> Any:
            variant = dataset_op(
                "FixedLengthRecordDatasetV2", filenames=filename,
                record_bytes=tensor_of(record_bytes, dtypes.int64, name="record_bytes"),
                header_bytes=_optional(header_bytes, "header_bytes", 0),
                footer_bytes=_optional(footer_bytes, "footer_bytes", 0),
                buffer_size=_optional(buffer_size, "buffer_size", _BUFFER),
                compression_type=_optional(compression_type, "compression_type", "", dtypes.string),
            )  # fmt: skip
            return new_dataset(variant, _RECORD)

        self._fill(_read(filenames, num_parallel_reads, read_one_file))


@export("data.experimental.CsvDataset", "contrib.data.CsvDataset")
class CsvDataset(_FileDataset):
    """A dataset of the fields of the records of CSV files.

    Args:
        filenames: A name or a tensor of names.
        record_defaults: For each field a dtype, if it must be there, or a default.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`; None for nothing.
        buffer_size: How much is read at a time, in bytes.
        header: Whether the first line of each file is left out.
        field_delim: Between fields.
        use_quote_delim: Whether quotes mean something.
        na_value: What stands for a missing field besides nothing.
        select_cols: Which fields, in increasing order; None for all.
        exclude_cols: Which fields are left out, or None.
    """

    def __init__(
        self, filenames: Any, record_defaults: Any, compression_type: Any = None, buffer_size: Any = None,
        header: Any = False, field_delim: Any = ",", use_quote_delim: Any = True, na_value: Any = "",
        select_cols: Any = None, exclude_cols: Any = None,
    ):  # fmt: skip
        names = tensor_of(filenames, dtypes.string, name="filenames")
        kind = _optional(compression_type, "compression_type", "", dtypes.string)
        defaults = [_default(value, f"record_defaults_{at}") for at, value in enumerate(record_defaults)]
        spec = tuple(TensorSpec([], _dtype_of(default)) for default in defaults)
        variant = dataset_op(
            "CSVDatasetV2", filenames=names, record_defaults=defaults,
            compression_type=kind,
            buffer_size=_optional(buffer_size, "buffer_size", 4 * 1024 * 1024),
            header=tensor_of(header, dtypes.bool, name="header"),
            field_delim=tensor_of(field_delim, dtypes.string, name="field_delim"),
            use_quote_delim=tensor_of(use_quote_delim, dtypes.bool, name="use_quote_delim"),
            na_value=tensor_of(na_value, dtypes.string, name="na_value"),
            select_cols=_optional(select_cols, "select_cols", []),
            exclude_cols=_optional(exclude_cols, "exclude_cols", []), **flat_attrs(spec),
        )  # fmt: skip
        BaseDataset.__init__(self, variant, spec)


def _default(value: Any, name: str) -> Any:
    if isinstance(value, dtypes.DType):
        return exported("constant")([], dtype=value)
    tensor = tensor_of(value, name=name)
    if isinstance(tensor, Tensor) and tensor.dtype not in _CSV_TYPES:
        return tensor_of(value, dtypes.float32, name=name)
    return tensor


_CSV_TYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)


def _dtype_of(tensor: Any) -> Any:
    return tensor.dtype if isinstance(tensor, Tensor) else TensorSpec.from_tensor(tensor).dtype

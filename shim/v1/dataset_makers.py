"""Datasets of files of features: `make_batched_features_dataset`, `make_csv_dataset`; and the chapter's rest."""

import csv
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.v1.dataset_core import AUTOTUNE
from onevar.v1.dataset_experimental import Transformation, shuffle_and_repeat
from onevar.v1.dataset_readers import CsvDataset, TFRecordDataset, interleaved
from onevar.v1.dataset_types import Dataset
from onevar.v1.export import export, exported


@export("data.experimental.parse_example_dataset", "contrib.data.parse_example_dataset")
def parse_example_dataset(
    features: Any, num_parallel_calls: Any = 1, deterministic: bool | None = None
) -> Transformation:
    """Return what makes a dataset of features of a dataset of vectors of serialized `Example`s.

    Args:
        features: What `tf.parse_example` takes.
        num_parallel_calls: How many vectors at a time.
        deterministic: Whether results come in the order of the elements.

    Raises:
        ValueError: There are no features.
    """
    if features is None:
        raise ValueError("Argument `features` is required, but not specified.")
    return lambda dataset: dataset.map(
        lambda serialized: exported("parse_example")(serialized, features), num_parallel_calls, deterministic
    )


@export("data.experimental.make_batched_features_dataset", "contrib.data.make_batched_features_dataset")
def make_batched_features_dataset(
    file_pattern: Any, batch_size: Any, features: Any, reader: Any = None, label_key: str | None = None,
    reader_args: Any = None, num_epochs: Any = None, shuffle: bool = True, shuffle_buffer_size: Any = 10000,
    shuffle_seed: Any = None, prefetch_buffer_size: Any = None, reader_num_threads: Any = None,
    parser_num_threads: Any = None, sloppy_ordering: bool = False, drop_final_batch: bool = False,
) -> Any:  # fmt: skip
    """Return a dataset of batches of features of the `Example`s in files.

    Args:
        file_pattern: Of the names of files, or a list of patterns.
        batch_size: How many `Example`s together.
        features: What `tf.parse_example` takes.
        reader: Makes a dataset of serialized `Example`s of a file; None: TFRecord files.
        label_key: The feature that is the label, or None.
        reader_args: More arguments for `reader`.
        num_epochs: How often; None: without end.
        shuffle: Whether the order is random.
        shuffle_buffer_size: How many elements the next one is drawn from.
        shuffle_seed: Of the order.
        prefetch_buffer_size: How many batches are made ahead.
        reader_num_threads: How many files at a time.
        parser_num_threads: How many batches at a time.
        sloppy_ordering: Whether a file that has nothing yet is passed over.
        drop_final_batch: Whether a smaller rest is left out.

    Raises:
        TypeError: `reader` is one of the readers of queues.
        ValueError: There is no feature `label_key`.
    """
    reader = TFRecordDataset if reader is None else reader
    if isinstance(reader, type) and issubclass(reader, exported("ReaderBase")):
        raise TypeError(
            "The `reader` argument must return a `Dataset` object. `tf.ReaderBase` subclasses are not supported."
        )
    if label_key is not None and label_key not in features:
        raise ValueError(
            f"The `label_key` provided ({label_key!r}) must be one of the `features` keys: {features.keys()!r}."
        )
    names = Dataset.list_files(file_pattern, shuffle=shuffle, seed=shuffle_seed)
    arguments = reader_args or []
    made = interleaved(
        names, lambda name: _values(reader(name, *arguments)), reader_num_threads or 1, sloppy=sloppy_ordering
    )
    made = _in_order(made, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    made = made.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    made = made.apply(parse_example_dataset(features, num_parallel_calls=parser_num_threads or AUTOTUNE))
    if label_key:
        made = made.map(lambda found: (found, found.pop(label_key)))
    return made.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


def _values(dataset: Any) -> Any:
    """Return a dataset of values, where elements are pairs of a key and a value."""
    return dataset.map(lambda _, value: value) if dataset.output_types == (dtypes.string, dtypes.string) else dataset


def _in_order(dataset: Any, epochs: Any, shuffle: bool, size: Any, seed: Any) -> Any:
    if shuffle and epochs != 1:
        return dataset.apply(shuffle_and_repeat(size, epochs, seed))
    if shuffle:
        return dataset.shuffle(size, seed)
    return dataset.repeat(epochs) if epochs != 1 else dataset


@export("contrib.data.read_batch_features")
def read_batch_features(
    file_pattern: Any, batch_size: Any, features: Any, reader: Any = None, reader_args: Any = None,
    randomize_input: bool = True, num_epochs: Any = None, capacity: Any = 10000,
) -> Any:  # fmt: skip
    """Return the next batch of features of the `Example`s in files.

    Args:
        file_pattern: Of the names of files.
        batch_size: How many `Example`s together.
        features: What `tf.parse_example` takes.
        reader: Makes a dataset of serialized `Example`s of a file.
        reader_args: More arguments for `reader`.
        randomize_input: Whether the order is random.
        num_epochs: How often; None: without end.
        capacity: How many elements the next one is drawn from.
    """
    made = make_batched_features_dataset(
        file_pattern, batch_size, features, reader, reader_args=reader_args, num_epochs=num_epochs,
        shuffle=randomize_input, shuffle_buffer_size=capacity,
    )  # fmt: skip
    return made.make_one_shot_iterator().get_next()


# -- CSV -----------------------------------------------------------------------------------------------


@export("data.experimental.make_csv_dataset", "contrib.data.make_csv_dataset")
def make_csv_dataset(
    file_pattern: Any, batch_size: Any, column_names: Any = None, column_defaults: Any = None,
    label_name: str | None = None, select_columns: Any = None, field_delim: str = ",", use_quote_delim: bool = True,
    na_value: str = "", header: bool = True, num_epochs: Any = None, shuffle: bool = True,
    shuffle_buffer_size: Any = 10000, shuffle_seed: Any = None, prefetch_buffer_size: Any = None,
    num_parallel_reads: Any = None, sloppy: bool = False, num_rows_for_inference: int | None = 100,
    compression_type: str | None = None, ignore_errors: bool = False, encoding: str = "utf-8",
) -> Any:  # fmt: skip
    """Return a dataset of batches of the columns of CSV files.

    Args:
        file_pattern: Of the names of files, or a list of patterns.
        batch_size: How many records together.
        column_names: The names of the columns; None takes the header.
        column_defaults: For each column a dtype or a default; None finds out.
        label_name: The column that is the label, or None.
        select_columns: Which columns, by name or number; None for all.
        field_delim: Between fields.
        use_quote_delim: Whether quotes mean something.
        na_value: What stands for a missing field.
        header: Whether the first line has the names.
        num_epochs: How often; None: without end.
        shuffle: Whether the order is random.
        shuffle_buffer_size: How many elements the next one is drawn from.
        shuffle_seed: Of the order.
        prefetch_buffer_size: How many batches are made ahead.
        num_parallel_reads: How many files at a time.
        sloppy: Whether a file that has nothing yet is passed over.
        num_rows_for_inference: How many records are looked at to find the dtypes.
        compression_type: Must be None if dtypes or names are to be found out.
        ignore_errors: Whether records that cannot be read are left out.
        encoding: Of the files.

    Raises:
        ValueError: Names are missing or twice there, or no file matches.
    """
    table = _Table(_files(file_pattern, shuffle, shuffle_seed), field_delim, use_quote_delim, na_value, encoding)
    if column_names is None:
        if not header:
            raise ValueError("Expected `column_names` or `header` arguments. Neither is provided.")
        column_names = table.header()
    if len(column_names) != len(set(column_names)):
        raise ValueError("Cannot have duplicate column names.")
    chosen = None if select_columns is None else _chosen(select_columns, column_names)
    if column_defaults is None:
        column_defaults = table.dtypes(len(column_names), header, num_rows_for_inference, chosen)
    elif chosen is not None and len(column_defaults) == len(column_names) != len(chosen):
        column_defaults = [column_defaults[at] for at in chosen]
    names = [column_names[at] for at in chosen] if chosen is not None else list(column_names)
    if label_name is not None and label_name not in names:
        raise ValueError("`label_name` provided must be one of the columns.")

    def of_file(filename: Any) -> Any:
        made: Any = CsvDataset(
            filename, column_defaults, compression_type, header=header, field_delim=field_delim,
            use_quote_delim=use_quote_delim, na_value=na_value, select_cols=chosen,
        )  # fmt: skip
        return made.ignore_errors() if ignore_errors else made

    def named(*columns: Any) -> Any:
        found = OrderedDict(zip(names, columns, strict=True))
        return (found, found.pop(label_name)) if label_name is not None else found

    made = Dataset.from_tensor_slices(table.files)
    column_defaults = [_required(value) for value in column_defaults]
    made = interleaved(made, of_file, num_parallel_reads or 1, sloppy=sloppy)
    made = _in_order(made, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    made = made.batch(batch_size, drop_remainder=num_epochs is None).map(named)
    return made.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


def _required(default: Any) -> Any:
    """Return a default; for a dtype one that is missing.

    TensorFlow looks for the value among dtypes, and there 1 is float32, 2 float64, 3 int32...
    """
    if isinstance(default, int) and not isinstance(default, bool) and default in _NUMBERED:
        default = _NUMBERED[default]
    return exported("constant")([], dtype=default) if isinstance(default, dtypes.DType) else default


_NUMBERED = {1: dtypes.float32, 2: dtypes.float64, 3: dtypes.int32, 7: dtypes.string, 9: dtypes.int64}


def _files(pattern: Any, shuffle: bool, seed: Any) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str | bytes | os.PathLike) else pattern
    found = sorted({name for item in patterns for name in exported("gfile.Glob")(os.fspath(item))})
    if not found:
        raise ValueError(f"No files match `file_pattern` {pattern}.")
    if shuffle:
        np.random.RandomState(seed).shuffle(found)
    return found


def _chosen(columns: Sequence[Any], names: Sequence[str]) -> list[int]:
    """Return the numbers of columns, in order."""
    if len(set(columns)) != len(columns):
        raise ValueError("`select_columns` has duplicates.")
    if all(isinstance(column, int) for column in columns):
        found = sorted(columns)
    else:
        found = sorted(list(names).index(column) for column in columns)
    if found and (found[0] < 0 or found[-1] >= len(names)):
        raise ValueError("Invalid column index: out of range.")
    return found


class _Table:
    """CSV files as they are looked at to find names and dtypes."""

    def __init__(self, files: Sequence[str], delimiter: str, quotes: bool, missing: str, encoding: str):
        self.files, self.missing, self.encoding = list(files), missing, encoding
        self.format: dict[str, Any] = {
            "delimiter": delimiter, "quoting": csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        }  # fmt: skip

    def header(self) -> list[str]:
        names: list[str] = []
        for path in self.files:
            with open(path, newline="", encoding=self.encoding) as file:
                found = next(csv.reader(file, **self.format))
            if names and found != names:
                raise ValueError("All input CSV files must have the same column names in the same order.")
            names = found
        return names

    def dtypes(self, count: int, header: bool, rows: int | None, chosen: list[int] | None) -> list[Any]:
        kinds = [0] * count
        for number, row in enumerate(self._rows(header)):
            if rows is not None and number >= rows:
                break
            if len(row) != count:
                raise ValueError("Problem inferring types: CSV row has different number of fields than expected.")
            for at, value in enumerate(row):
                kinds[at] = max(kinds[at], self._kind(value))
        found = [_KINDS[kind] for kind in kinds]
        return found if chosen is None else [found[at] for at in chosen]

    def _rows(self, header: bool) -> Any:
        for path in self.files:
            with open(path, newline="", encoding=self.encoding) as file:
                reader = csv.reader(file, **self.format)
                if header:
                    next(reader)
                yield from reader

    def _kind(self, value: str) -> int:
        if value in ("", self.missing):
            return 0
        try:
            number = int(value)
        except ValueError:
            return self._float_kind(value)
        return 1 if -(2**31) < number < 2**31 - 1 else 2 if -(2**63) < number < 2**63 - 1 else 5

    def _float_kind(self, value: str) -> int:
        try:
            number = float(value)
        except ValueError:
            return 5
        largest = float(np.finfo(np.float32).max)
        return 3 if -largest < number < largest else 4


_KINDS = (dtypes.int32, dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64, dtypes.string)

"""Operations that make datasets: of tensors, files and other datasets. A dataset is a variant that holds a `Source`."""

import glob
import os
from functools import partial
from typing import Any

import numpy as np

from onevar.core.data import batching, caching, combining, files, selecting, shuffling, sources, text_fields
from onevar.core.data.ahead import Prefetch
from onevar.core.data.base import boxed, cell, source_of, text
from onevar.core.data.checks import AssertCardinality, Sampling, Sleep
from onevar.core.data.seeds import SeedGenerator
from onevar.core.dtype import as_dtype
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape


def scalar(*_: Any) -> Shape:
    """The shape of a dataset."""
    return ()


#: Declares how a dataset is made.
dataset = partial(kernel, on_host=True, infer=scalar)


# -- of tensors ----------------------------------------------------------------------------------------


@dataset("TensorDataset")
def tensor_dataset(k: Any, components: list[Any], *, Toutput_types: list, output_shapes: list) -> np.ndarray:  # noqa: N803
    """One element."""
    return boxed(sources.Tensors(components, Toutput_types, output_shapes))


@dataset("TensorSliceDataset")
def tensor_slice_dataset(
    k: Any,
    components: list[Any],
    *,
    Toutput_types: list,  # noqa: N803
    output_shapes: list,
) -> np.ndarray:
    """An element for each row."""
    return boxed(sources.Slices(components, Toutput_types, output_shapes))


@dataset("SparseTensorSliceDataset")
def sparse_tensor_slice_dataset(
    k: Any,
    indices: np.ndarray,
    values: np.ndarray,
    dense_shape: np.ndarray,
    *,
    Tvalues: str,  # noqa: N803
) -> np.ndarray:
    """An element for each row of a sparse tensor."""
    return boxed(sources.SparseSlices(indices, values, dense_shape, Tvalues))


@dataset("RangeDataset")
def range_dataset(k: Any, start: Any, stop: Any, step: Any, *, output_types: list) -> np.ndarray:
    """The numbers of a range."""
    dtype = output_types[0]
    return boxed(sources.Range(cell(start), cell(stop), cell(step), dtype, as_dtype(dtype).as_numpy_dtype))


@dataset("RandomDataset")
def random_dataset(k: Any, seed: Any, seed2: Any) -> np.ndarray:
    """Random numbers without end."""
    return boxed(sources.RandomNumbers(cell(seed), cell(seed2)))


# -- of other datasets ---------------------------------------------------------------------------------


@dataset("ZipDataset")
def zip_dataset(k: Any, input_datasets: list[Any]) -> np.ndarray:
    """Elements of all together."""
    return boxed(combining.Zip([source_of(variant) for variant in input_datasets]))


@dataset("ConcatenateDataset")
def concatenate_dataset(k: Any, first: Any, second: Any, *, output_shapes: list) -> np.ndarray:
    """One after the other."""
    return boxed(combining.Concatenate(source_of(first), source_of(second), output_shapes))


@dataset("DirectedInterleaveDataset")
def directed_interleave_dataset(
    k: Any, selector: Any, inputs: list[Any], *, output_shapes: list, stop_on_empty_dataset: bool
) -> np.ndarray:
    """Elements of several, in an order that is given."""
    found = [source_of(variant) for variant in inputs]
    return boxed(combining.Directed(source_of(selector), found, output_shapes, stop_on_empty_dataset))


@dataset("TakeDataset")
def take_dataset(k: Any, source: Any, count: Any) -> np.ndarray:
    """The first elements."""
    return boxed(selecting.Take(source_of(source), cell(count)))


@dataset("SkipDataset")
def skip_dataset(k: Any, source: Any, count: Any) -> np.ndarray:
    """All but the first elements."""
    return boxed(selecting.Skip(source_of(source), cell(count)))


@dataset("ShardDataset")
def shard_dataset(k: Any, source: Any, num_shards: Any, index: Any, *, require_non_empty: bool) -> np.ndarray:
    """Every n-th element."""
    return boxed(selecting.Shard(source_of(source), cell(num_shards), cell(index), require_non_empty))


@dataset("RepeatDataset")
def repeat_dataset(k: Any, source: Any, count: Any) -> np.ndarray:
    """The elements again and again."""
    return boxed(selecting.Repeat(source_of(source), cell(count)))


@dataset("UniqueDataset")
def unique_dataset(k: Any, source: Any) -> np.ndarray:
    """The elements that were not there before."""
    return boxed(selecting.Unique(source_of(source)))


@dataset("IgnoreErrorsDataset")
def ignore_errors_dataset(k: Any, source: Any) -> np.ndarray:
    """The elements that can be had."""
    return boxed(selecting.IgnoreErrors(source_of(source)))


@dataset("ShuffleDataset")
def shuffle_dataset(
    k: Any, source: Any, buffer_size: Any, seed: Any, seed2: Any, *, reshuffle_each_iteration: bool
) -> np.ndarray:
    """The elements in random order."""
    seeds = SeedGenerator(cell(seed), cell(seed2), reshuffle_each_iteration)
    return boxed(shuffling.Shuffle(source_of(source), cell(buffer_size), seeds))


@dataset("ShuffleAndRepeatDataset")
def shuffle_and_repeat_dataset(
    k: Any, source: Any, buffer_size: Any, seed: Any, seed2: Any, count: Any, *, reshuffle_each_iteration: bool
) -> np.ndarray:
    """The elements in random order, again and again."""
    seeds = SeedGenerator(cell(seed), cell(seed2), reshuffle_each_iteration)
    return boxed(shuffling.Shuffle(source_of(source), cell(buffer_size), seeds, cell(count)))


@dataset("BatchDataset", "BatchDatasetV2", "ParallelBatchDataset")
def batch_dataset(k: Any, source: Any, batch_size: Any, *rest: Any, output_types: list, output_shapes: list) -> Any:
    """Elements together."""
    drop = bool(cell(rest[-1])) if rest else False
    return boxed(batching.Batch(source_of(source), cell(batch_size), drop, output_types, output_shapes))


@dataset("PaddedBatchDataset", "PaddedBatchDatasetV2")
def padded_batch_dataset(
    k: Any,
    source: Any,
    batch_size: Any,
    padded_shapes: list[Any],
    padding_values: list[Any],
    drop_remainder: Any = False,
    *,
    Toutput_types: list,  # noqa: N803
    output_shapes: list,
) -> np.ndarray:
    """Elements together, padded."""
    sizes = [np.asarray(shape).tolist() for shape in padded_shapes]
    return boxed(
        batching.PaddedBatch(
            source_of(source), cell(batch_size), sizes, padding_values, bool(cell(drop_remainder)), Toutput_types,
            output_shapes,
        )
    )  # fmt: skip


@dataset("DenseToSparseBatchDataset")
def dense_to_sparse_batch_dataset(
    k: Any, source: Any, batch_size: Any, row_shape: Any, *, output_types: list, output_shapes: list
) -> np.ndarray:
    """Elements together, as a sparse tensor."""
    sizes = np.asarray(row_shape).tolist()
    return boxed(batching.SparseBatch(source_of(source), cell(batch_size), sizes, output_types, output_shapes))


@dataset("UnbatchDataset")
def unbatch_dataset(k: Any, source: Any, *, output_shapes: list) -> np.ndarray:
    """The rows of elements."""
    made = batching.Unbatch(source_of(source))
    made.shapes = output_shapes
    return boxed(made)


@dataset("WindowDataset")
def window_dataset(k: Any, source: Any, size: Any, shift: Any, stride: Any, drop_remainder: Any) -> np.ndarray:
    """Datasets of neighbours."""
    return boxed(batching.Window(source_of(source), cell(size), cell(shift), cell(stride), bool(cell(drop_remainder))))


@dataset("PrefetchDataset")
def prefetch_dataset(k: Any, source: Any, buffer_size: Any) -> np.ndarray:
    """Elements ahead of time."""
    size = cell(buffer_size)
    if size < -1:
        raise InvalidArgumentError(None, None, "buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
    return boxed(Prefetch(source_of(source), size))


@dataset("CacheDataset")
def cache_dataset(k: Any, source: Any, filename: Any) -> np.ndarray:
    """Elements that are kept."""
    path = text(filename)
    return boxed(caching.FileCache(source_of(source), path) if path else caching.MemoryCache(source_of(source)))


@dataset("OptionsDataset", "RewriteDataset", "ModelDataset", "NonSerializableDataset", "PrivateThreadPoolDataset")
def same_dataset(k: Any, source: Any, *_: Any) -> np.ndarray:
    """The dataset as it is: what is asked for changes nothing that can be seen."""
    return boxed(source_of(source))


@dataset("MaxIntraOpParallelismDataset", "OptimizeDataset", "OptimizeDatasetV2", "FinalizeDataset")
def tuned_dataset(k: Any, source: Any, *_: Any) -> np.ndarray:
    """The dataset as it is."""
    return boxed(source_of(source))


@dataset("AssertCardinalityDataset")
def assert_cardinality_dataset(k: Any, source: Any, cardinality: Any) -> np.ndarray:
    """The dataset, if it has as many elements as it should."""
    return boxed(AssertCardinality(source_of(source), cell(cardinality)))


@dataset("SamplingDataset")
def sampling_dataset(k: Any, source: Any, rate: Any, seed: Any, seed2: Any) -> np.ndarray:
    """A random part of the elements."""
    return boxed(Sampling(source_of(source), cell(rate), cell(seed), cell(seed2)))


@dataset("SleepDataset")
def sleep_dataset(k: Any, source: Any, sleep_microseconds: Any) -> np.ndarray:
    """The elements, each after a while."""
    return boxed(Sleep(source_of(source), cell(sleep_microseconds) / 1e6))


@dataset("SlidingWindowDataset")
def sliding_window_dataset(
    k: Any, source: Any, size: Any, shift: Any, stride: Any, *, drop_remainder: bool, output_types: list,
    output_shapes: list,
) -> np.ndarray:  # fmt: skip
    """Neighbours together."""
    for name, value in (("size", size), ("shift", shift), ("stride", stride)):
        if cell(value) <= 0:
            raise InvalidArgumentError(None, None, f"Window {name} must be greater than zero.")
    windows = batching.Window(source_of(source), cell(size), cell(shift), cell(stride), drop_remainder)
    return boxed(batching.Joined(windows, output_types, output_shapes))


@dataset("WrapDatasetVariant")
def wrap_dataset_variant(k: Any, input_handle: Any) -> np.ndarray:
    """A dataset on another device."""
    return input_handle


@dataset("UnwrapDatasetVariant")
def unwrap_dataset_variant(k: Any, input_handle: Any) -> np.ndarray:
    """A dataset from another device."""
    return input_handle


# -- of files ------------------------------------------------------------------------------------------


@dataset("TFRecordDataset")
def tf_record_dataset(k: Any, filenames: Any, compression_type: Any, buffer_size: Any) -> np.ndarray:
    """Records."""
    return boxed(files.Records(files.paths_of(filenames), text(compression_type), cell(buffer_size)))


@dataset("TextLineDataset")
def text_line_dataset(k: Any, filenames: Any, compression_type: Any, buffer_size: Any) -> np.ndarray:
    """Lines."""
    return boxed(files.Lines(files.paths_of(filenames), text(compression_type), cell(buffer_size)))


@dataset("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2")
def fixed_length_record_dataset(
    k: Any, filenames: Any, header: Any, size: Any, footer: Any, buffer_size: Any, compression_type: Any = ""
) -> np.ndarray:
    """Records of a fixed length."""
    paths = files.paths_of(filenames)
    return boxed(
        files.FixedRecords(
            paths, cell(header), cell(size), cell(footer), cell(buffer_size), text(compression_type)
        )
    )  # fmt: skip


@dataset("CSVDatasetV2")
def csv_dataset(
    k: Any, filenames: Any, compression_type: Any, buffer_size: Any, header: Any, field_delim: Any,
    use_quote_delim: Any, na_value: Any, select_cols: Any, record_defaults: list[Any], exclude_cols: Any, *,
    output_types: list,
) -> np.ndarray:  # fmt: skip
    """Fields of the records of CSV files."""
    return boxed(
        text_fields.Csv(
            files.paths_of(filenames), text(compression_type), cell(buffer_size), bool(cell(header)),
            text(field_delim), bool(cell(use_quote_delim)), text(na_value), np.asarray(select_cols).tolist(),
            np.asarray(exclude_cols).tolist(), record_defaults, output_types,
        )
    )  # fmt: skip


@dataset("MatchingFilesDataset")
def matching_files_dataset(k: Any, patterns: Any) -> np.ndarray:
    """The names of files that match patterns."""
    found: list[bytes] = []
    for pattern in files.paths_of(patterns):
        found.extend(sorted(os.fsencode(path) for path in glob.glob(os.fsdecode(pattern))))
    return boxed(sources.Slices([np.array(found, object)], ["string"], [()]))

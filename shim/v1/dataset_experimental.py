"""Functions for `dataset.apply`: `tf.data.experimental` and `tf.contrib.data`."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.dataset_batches import batched, known_size
from onevar.v1.dataset_choices import single_element
from onevar.v1.dataset_core import BaseDataset, data_seeds, integer
from onevar.v1.dataset_readers import interleaved
from onevar.v1.dataset_structure import tensor_of
from onevar.v1.dataset_tracing import TracedFunction
from onevar.v1.dataset_types import Dataset
from onevar.v1.export import export

Transformation = Callable[[Any], Any]


def both(name: str) -> tuple[str, str]:
    """Return the names of a function in both namespaces.

    Args:
        name: Its name.
    """
    return f"data.experimental.{name}", f"contrib.data.{name}"


@export(*both("map_and_batch"))
def map_and_batch(
    map_func: Callable[..., Any], batch_size: Any, num_parallel_batches: Any = None, drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:  # fmt: skip
    """Return what makes a dataset of batches of a function of each element.

    Args:
        map_func: The function.
        batch_size: How many results together.
        num_parallel_batches: How many batches at a time.
        drop_remainder: Whether a smaller rest is left out.
        num_parallel_calls: How many elements at a time.

    Raises:
        ValueError: Both numbers are given.
    """
    if num_parallel_batches is None and num_parallel_calls is None:
        num_parallel_calls = batch_size
    elif num_parallel_calls is None:
        num_parallel_calls = batch_size * num_parallel_batches
    elif num_parallel_batches is not None:
        raise ValueError(
            "`map_and_batch` allows only one of `num_parallel_batches` and `num_parallel_calls` to be set, but "
            f"`num_parallel_batches` was set to {num_parallel_batches} and `num_parallel_calls` was set to "
            f"{num_parallel_calls}."
        )

    def apply(dataset: Any) -> Any:
        traced = TracedFunction(map_func, "tf.data.experimental.map_and_batch()", dataset.element_spec)
        size = integer(batch_size, "batch_size")
        calls = integer(num_parallel_calls, "num_parallel_calls")
        drop = tensor_of(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = batched(traced.spec, known_size(size, drop))
        return dataset._next(
            "MapAndBatchDataset", spec, f=traced.function, other_arguments=traced.captured, batch_size=size,
            num_parallel_calls=calls, drop_remainder=drop, preserve_cardinality=True,
        )  # fmt: skip

    return apply


@export("data.experimental.map_and_batch_with_legacy_function")
def map_and_batch_with_legacy_function(
    map_func: Callable[..., Any], batch_size: Any, num_parallel_batches: Any = None, drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:  # fmt: skip
    """As `map_and_batch`.

    Args:
        map_func: The function.
        batch_size: How many results together.
        num_parallel_batches: How many batches at a time.
        drop_remainder: Whether a smaller rest is left out.
        num_parallel_calls: How many elements at a time.
    """
    return map_and_batch(map_func, batch_size, num_parallel_batches, drop_remainder, num_parallel_calls)


@export(*both("parallel_interleave"))
def parallel_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1, sloppy: Any = False,
    buffer_output_elements: Any = None, prefetch_input_elements: Any = None,
) -> Transformation:  # fmt: skip
    """Return what makes a dataset of the elements of the datasets of a function, in turns, read at the same time.

    Args:
        map_func: The function.
        cycle_length: How many datasets are read in turns.
        block_length: How many elements of one come together.
        sloppy: Whether a dataset that has nothing yet is passed over.
        buffer_output_elements: How many elements of each may wait.
        prefetch_input_elements: How many more datasets are opened ahead.
    """

    def apply(dataset: Any) -> Any:
        return interleaved(
            dataset, map_func, cycle_length, block_length, sloppy, buffer_output_elements, prefetch_input_elements
        )

    return apply


@export("contrib.data.sloppy_interleave")
def sloppy_interleave(map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1) -> Transformation:
    """As `parallel_interleave` with `sloppy`.

    Args:
        map_func: The function.
        cycle_length: How many datasets are read in turns.
        block_length: How many elements of one come together.
    """
    return parallel_interleave(map_func, cycle_length, block_length, sloppy=True)


@export(*both("shuffle_and_repeat"))
def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """Return what makes a dataset of the elements in random order, again and again.

    Args:
        buffer_size: How many elements the next one is drawn from.
        count: How often; None or -1: without end.
        seed: Of the order.
    """

    def apply(dataset: Any) -> Any:
        size = integer(buffer_size, "buffer_size")
        times = integer(-1 if count is None else count, "count")
        first, second = data_seeds(seed)
        return dataset._next("ShuffleAndRepeatDataset", buffer_size=size, count=times, seed=first, seed2=second)

    return apply


@export(*both("unbatch"))
def unbatch() -> Transformation:
    """Return what makes a dataset of the rows of the elements."""
    return lambda dataset: dataset.unbatch()


@export(*both("unique"))
def unique() -> Transformation:
    """Return what makes a dataset of the elements without those that were there before."""
    return lambda dataset: dataset.unique()


@export(*both("ignore_errors"))
def ignore_errors(log_warning: bool = False) -> Transformation:
    """Return what makes a dataset of the elements that can be had.

    Args:
        log_warning: Accepted.
    """
    return lambda dataset: dataset.ignore_errors(log_warning)


@export(*both("enumerate_dataset"))
def enumerate_dataset(start: Any = 0) -> Transformation:
    """Return what makes a dataset of pairs of a number and an element.

    Args:
        start: The first number.
    """
    return lambda dataset: dataset.enumerate(start)


@export("data.experimental.take_while")
def take_while(predicate: Callable[..., Any]) -> Transformation:
    """Return what makes a dataset of the elements until a function is false for one.

    Args:
        predicate: The function.
    """
    return lambda dataset: dataset.take_while(predicate)


@export(*both("scan"))
def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """Return what makes a dataset of a function of a state and each element.

    Args:
        initial_state: The first state.
        scan_func: Returns the next state and an element.
    """
    return lambda dataset: dataset.scan(initial_state, scan_func)


@export(*both("dense_to_sparse_batch"))
def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """Return what makes a dataset of sparse batches.

    Args:
        batch_size: How many elements together.
        row_shape: The dense shape of a row.
    """
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


@export("data.experimental.dense_to_ragged_batch")
def dense_to_ragged_batch(
    batch_size: Any, drop_remainder: Any = False, row_splits_dtype: Any = dtypes.int64
) -> Transformation:
    """Return what says that there are no ragged tensors.

    Args:
        batch_size: How many elements together.
        drop_remainder: Whether a smaller rest is left out.
        row_splits_dtype: Of the splits.
    """
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


@export(*both("group_by_window"))
def group_by_window(
    key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:  # fmt: skip
    """Return what makes a dataset of windows of elements with one key.

    Args:
        key_func: The key of an element.
        reduce_func: Of a key and a dataset of elements; returns a dataset.
        window_size: How many elements make a window.
        window_size_func: How many of those with a key.

    Raises:
        ValueError: Nothing says how large windows are, or two things do.
    """
    if (window_size is not None and window_size_func) or not (window_size is not None or window_size_func):
        raise ValueError("Either the `window_size` argument or the `window_size_func` argument must be specified.")
    return lambda dataset: dataset.group_by_window(key_func, reduce_func, window_size, window_size_func)


@export(*both("bucket_by_sequence_length"))
def bucket_by_sequence_length(
    element_length_func: Callable[..., Any], bucket_boundaries: Any, bucket_batch_sizes: Any,
    padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False,
    no_padding: bool = False, drop_remainder: bool = False,
) -> Transformation:  # fmt: skip
    """Return what makes a dataset of padded batches of elements of about one length.

    Args:
        element_length_func: The length of an element.
        bucket_boundaries: Where one bucket ends and the next begins.
        bucket_batch_sizes: The size of batches for each bucket.
        padded_shapes: As for `padded_batch`.
        padding_values: As for `padded_batch`.
        pad_to_bucket_boundary: Whether all batches of a bucket are of one length.
        no_padding: Whether elements of a batch are of one length already.
        drop_remainder: Whether smaller batches at the end are left out.
    """
    return lambda dataset: dataset.bucket_by_sequence_length(
        element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes, padding_values,
        pad_to_bucket_boundary, no_padding, drop_remainder,
    )  # fmt: skip


@export(*both("rejection_resample"))
def rejection_resample(
    class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None
) -> Transformation:
    """Return what makes a dataset in which classes are as frequent as wanted.

    Args:
        class_func: The class of an element.
        target_dist: How frequent each class should be.
        initial_dist: How frequent each is; None finds out.
        seed: Of the choices.
    """
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


@export(*both("sample_from_datasets"))
def sample_from_datasets(
    datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False
) -> Any:
    """Return a dataset of elements of several, chosen by chance.

    Args:
        datasets: Their elements are alike.
        weights: How probable each is.
        seed: Of the choices.
        stop_on_empty_dataset: Whether it ends with the first that does.
    """
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


@export(*both("choose_from_datasets"))
def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Any:
    """Return a dataset of elements of several, in the order that another one says.

    Args:
        datasets: Their elements are alike.
        choice_dataset: Of the numbers of datasets.
        stop_on_empty_dataset: Whether it ends with the first that does.
    """
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


@export(*both("Counter"))
def Counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64) -> Any:  # noqa: N802 (TensorFlow's name)
    """Return a dataset that counts without end.

    Args:
        start: The first number.
        step: Between two numbers.
        dtype: Their dtype.
    """
    return Dataset.counter(start, step, dtype)


@export(*both("RandomDataset"))
def RandomDataset(  # noqa: N802 (TensorFlow's name)
    seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
) -> Any:
    """Return a dataset of random integers without end.

    Args:
        seed: The seed.
        rerandomize_each_iteration: Must not be true.
        name: Of the dataset.
    """
    return Dataset.random(seed, rerandomize_each_iteration, name)


@export(*both("get_single_element"))
def get_single_element(dataset: Any) -> Any:
    """Return the only element of a dataset.

    Args:
        dataset: The dataset.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(dataset, BaseDataset):
        raise TypeError(f"Invalid `dataset`. Expected a `tf.data.Dataset` object but got {type(dataset)}.")
    return single_element(dataset)


@export("data.experimental.cardinality")
def cardinality(dataset: Any) -> Any:
    """Return how many elements there are: -1 for infinitely many, -2 if it is not known.

    Args:
        dataset: The dataset.
    """
    return dataset.cardinality()


@export("data.experimental.assert_cardinality")
def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """Return what makes a dataset that has to have so many elements.

    Args:
        expected_cardinality: How many.
    """
    return lambda dataset: dataset._next(
        "AssertCardinalityDataset", cardinality=integer(expected_cardinality, "cardinality")
    )


@export(*both("copy_to_device"))
def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """Return what hands a dataset on: the framework brings its elements where they are used.

    Args:
        target_device: Accepted.
        source_device: Accepted.
    """
    return lambda dataset: dataset._next("OptionsDataset", serialized_options="")


@export(*both("prefetch_to_device"))
def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """Return what makes elements ahead of time: the framework brings them where they are used.

    Args:
        device: Accepted.
        buffer_size: How many.
    """
    return lambda dataset: dataset.prefetch(-1 if buffer_size is None else buffer_size)

"""Methods of datasets that choose by chance, or by the length of elements."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Tensor
from onevar.v1.dataset_choices import directed
from onevar.v1.dataset_core import BaseDataset
from onevar.v1.dataset_structure import flat, packed, tensor_of
from onevar.v1.export import exported


class DatasetSampling(BaseDataset):
    """Methods about chance and buckets."""

    @staticmethod
    def sample_from_datasets(
        datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of elements of several, chosen by chance.

        Args:
            datasets: Their elements are alike.
            weights: How probable each is: a list, a tensor, or a dataset of these; None: all alike.
            seed: Of the choices.
            stop_on_empty_dataset: Whether it ends with the first that does.
            rerandomize_each_iteration: Must not be true.

        Raises:
            ValueError: There are no datasets, or not as many weights.
        """
        from onevar.v1.dataset_types import Dataset

        if not datasets:
            raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
        if isinstance(weights, BaseDataset):
            logits = weights.map(  # type: ignore[attr-defined]
                lambda *p: exported("log")([p[0] if len(p) == 1 else list(p)])
            )
        elif weights is None:
            logits = [[1.0] * len(datasets)]
        else:
            weights = _weights(weights, len(datasets))
            logits = exported("expand_dims")(exported("log")(weights, name="logits"), 0)
        if len(datasets) == 1 and not isinstance(weights, BaseDataset):
            return datasets[0]
        if rerandomize_each_iteration:
            raise NotImplementedError("rerandomize_each_iteration=True: give sample_from_datasets another seed.")
        draw = exported("random.stateless_multinomial")
        pairs = Dataset.random(seed=seed).batch(2)
        if isinstance(weights, BaseDataset):
            choices = Dataset.zip((logits, pairs)).map(lambda p, s: _squeezed(draw(p, 1, seed=s)))
        else:
            choices = _same_count(pairs, lambda s: _squeezed(draw(logits, 1, seed=s)))
        return directed(choices, datasets, stop_on_empty_dataset)

    def rejection_resample(
        self, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of pairs of a class and an element, in which classes are as frequent as wanted.

        Args:
            class_func: The class of an element, int32.
            target_dist: How frequent each class should be.
            initial_dist: How frequent each is; None finds out.
            seed: Of the choices.
            name: Of the dataset.
        """
        from onevar.v1.dataset_rejection import resampled

        return resampled(self, class_func, target_dist, initial_dist, seed)

    def bucket_by_sequence_length(
        self, element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int], padded_shapes: Any = None, padding_values: Any = None,
        pad_to_bucket_boundary: bool = False, no_padding: bool = False, drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of padded batches of elements of about one length.

        Args:
            element_length_func: The length of an element, int32.
            bucket_boundaries: Where one bucket ends and the next begins.
            bucket_batch_sizes: The size of batches for each bucket; one more than there are boundaries.
            padded_shapes: As for `padded_batch`.
            padding_values: As for `padded_batch`.
            pad_to_bucket_boundary: Whether all batches of a bucket are of one length.
            no_padding: Whether elements of a batch are of one length already.
            drop_remainder: Whether smaller batches at the end are left out.
            name: Of the dataset.

        Raises:
            ValueError: There are not as many sizes as buckets.
        """
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ValueError(
                "`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but `len(bucket_batch_sizes)="
                f"{len(bucket_batch_sizes)}` and `len(bucket_boundaries)={len(bucket_boundaries)}`."
            )
        buckets = _Buckets(element_length_func, bucket_boundaries, bucket_batch_sizes)
        buckets.padding = (padded_shapes, padding_values, pad_to_bucket_boundary, no_padding, drop_remainder)
        return self.group_by_window(buckets.of_element, buckets.batch, window_size_func=buckets.size)  # type: ignore[attr-defined]


def _weights(weights: Any, count: int) -> Any:
    if isinstance(weights, Tensor):
        if not weights.shape.is_compatible_with([count]):
            raise ValueError(
                f"Invalid `weights`. The shape of `weights` should be compatible with `[len(datasets)]` but is "
                f"{weights.shape}."
            )
    elif np.ndim(weights) and len(weights) != count:
        raise ValueError(
            "Invalid `weights`. `weights` should have the same length as `datasets` but got "
            f"`len(weights)={len(weights)}` vs. `len(datasets)={count}`."
        )
    found = tensor_of(weights, name="weights")
    if isinstance(found, Tensor) and found.dtype not in (dtypes.float32, dtypes.float64):
        raise TypeError(
            f"Invalid `weights`. `weights` type must be either `tf.float32` or `tf.float64` but is {found.dtype}."
        )
    return found


def _squeezed(drawn: Any) -> Any:
    return exported("squeeze")(drawn, axis=[0, 1])


def _same_count(dataset: Any, function: Callable[..., Any]) -> Any:
    """Return a map that must not end before the dataset does."""
    from onevar.v1.dataset_tracing import TracedFunction

    traced = TracedFunction(function, "Dataset.map()", dataset.element_spec)
    return dataset._next(
        "MapDataset", traced.spec, f=traced.function, other_arguments=traced.captured, preserve_cardinality=True,
        use_inter_op_parallelism=False,
    )  # fmt: skip


class _Buckets:
    """Elements of about one length."""

    def __init__(self, length: Callable[..., Any], boundaries: Sequence[int], sizes: Sequence[int]):
        self.length, self.boundaries = length, list(boundaries)
        self.sizes = tensor_of(np.array(sizes, np.int64), dtypes.int64)
        self.padding: tuple = ()

    def of_element(self, *element: Any) -> Any:
        """Return the number of an element's bucket."""
        length = self.length(*element)
        least = np.array([np.iinfo(np.int32).min, *self.boundaries], np.int32)
        most = np.array([*self.boundaries, np.iinfo(np.int32).max], np.int32)
        length = exported("cast")(length, dtypes.int32)
        inside = exported("logical_and")(exported("less_equal")(least, length), exported("less")(length, most))
        return exported("cast")(exported("reduce_min")(exported("where")(inside)), dtypes.int64)

    def size(self, bucket: Any) -> Any:
        """Return the size of batches of a bucket."""
        sizes: Any = convert_to_tensor(self.sizes)
        return sizes[bucket]

    def batch(self, bucket: Any, dataset: Any) -> Any:
        """Return elements of a bucket together."""
        shapes, values, to_boundary, no_padding, drop = self.padding
        size = self.size(bucket)
        if no_padding:
            return dataset.batch(size, drop_remainder=drop)
        length = None
        if to_boundary:
            length = self._boundary(bucket)
        padded = _none_filled(dataset.output_shapes if shapes is None else shapes, dataset.output_shapes, length)
        return dataset.padded_batch(size, padded, values, drop_remainder=drop)

    def _boundary(self, bucket: Any) -> Any:
        last = tensor_of(len(self.boundaries), dtypes.int64)
        message = "When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries)."
        check = exported("assert_less")(bucket, last, message=message)
        boundaries: Any = convert_to_tensor(tensor_of(np.array(self.boundaries, np.int64), dtypes.int64))
        if executing_eagerly() or check is None:
            return boundaries[bucket] - 1
        with exported("control_dependencies")([check]):
            return boundaries[bucket] - 1


def _none_filled(shapes: Any, known: Any, length: Any) -> Any:
    """Return shapes with `length` in place of what is not known."""
    made: list[Any] = []
    for shape in flat(shapes):
        if isinstance(shape, Tensor):
            made.append(shape)
            continue
        sizes = [size.value if hasattr(size, "value") else size for size in shape]
        if length is None:
            made.append(exported("TensorShape")([None if size is None or size == -1 else size for size in sizes]))
        else:
            made.append([length if size is None or size == -1 else size for size in sizes])
    if any(isinstance(shape, list) for shape in made):
        made = [
            tensor_of([_as64(size) for size in shape], dtypes.int64) if isinstance(shape, list) and shape
            else (np.zeros(0, np.int64) if isinstance(shape, list) else shape)
            for shape in made
        ]  # fmt: skip
    return packed(known, made) if len(made) != 1 or isinstance(known, tuple | dict) else made[0]


def _as64(size: Any) -> Any:
    return size if isinstance(size, Tensor) else np.int64(size)

"""Methods of datasets that hand on some elements: which, how often, in what order, together with what."""

from collections.abc import Mapping
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.v1.dataset_core import BaseDataset, check_name, data_seeds, dataset_op, flat_attrs, integer, new_dataset
from onevar.v1.dataset_settings import Options, serialized
from onevar.v1.dataset_structure import flat, flat_up_to, nested, packed, tensor_of
from onevar.v1.type_specs import TensorSpec


class DatasetChoices(BaseDataset):
    """Methods that look at no element."""

    def take(self, count: Any, name: str | None = None) -> Any:
        """Return a dataset of the first elements.

        Args:
            count: How many; -1 for all.
            name: Of the dataset.
        """
        check_name(name)
        return self._next("TakeDataset", count=integer(count, "count"))

    def skip(self, count: Any, name: str | None = None) -> Any:
        """Return a dataset of all but the first elements.

        Args:
            count: How many are left out; -1 for all.
            name: Of the dataset.
        """
        check_name(name)
        return self._next("SkipDataset", count=integer(count, "count"))

    def repeat(self, count: Any = None, name: str | None = None) -> Any:
        """Return a dataset of the elements again and again.

        Args:
            count: How often; None or -1: without end.
            name: Of the dataset.
        """
        check_name(name)
        return self._next("RepeatDataset", count=integer(-1 if count is None else count, "count"))

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Any:
        """Return a dataset of every n-th element.

        Args:
            num_shards: n.
            index: The first element's number.
            name: Of the dataset.

        Raises:
            ValueError: There is no such part.
        """
        check_name(name)
        return self._next("ShardDataset", num_shards=integer(num_shards, "num_shards"), index=integer(index, "index"))

    def cache(self, filename: Any = "", name: str | None = None) -> Any:
        """Return a dataset of the elements, which are made once.

        Args:
            filename: Where they are kept; empty: in memory.
            name: Of the dataset.
        """
        check_name(name)
        path = tensor_of(filename, dtypes.string, name="filename")
        return self._next("CacheDataset", filename=path)

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Any:
        """Return a dataset of the elements, some of which are there before they are asked for.

        Args:
            buffer_size: How many; `AUTOTUNE` leaves it open.
            name: Of the dataset.
        """
        check_name(name)
        size = integer(-1 if buffer_size is None else buffer_size, "buffer_size")
        arguments = {"buffer_size": size, "slack_period": 0, "legacy_autotune": False}
        if executing_eagerly():
            return self._next("PrefetchDataset", **arguments)
        with get_default_graph().colocate_with(self._variant_tensor):
            return self._next("PrefetchDataset", **arguments)

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = True, name: str | None = None
    ) -> Any:
        """Return a dataset of the elements in random order.

        Args:
            buffer_size: How many elements the next one is drawn from.
            seed: Of the order.
            reshuffle_each_iteration: Whether each walk through the dataset has another order.
            name: Of the dataset.
        """
        check_name(name)
        size = integer(buffer_size, "buffer_size")
        first, second = data_seeds(seed)
        again = True if reshuffle_each_iteration is None else bool(reshuffle_each_iteration)
        return self._next("ShuffleDataset", buffer_size=size, seed=first, seed2=second, reshuffle_each_iteration=again)

    def unique(self, name: str | None = None) -> Any:
        """Return a dataset of the elements without those that were there before.

        Args:
            name: Of the dataset.

        Raises:
            TypeError: They are no integers or strings.
        """
        check_name(name)
        for dtype in flat(self.output_types):
            if dtype not in (dtypes.int32, dtypes.int64, dtypes.string):
                raise TypeError(
                    f"`tf.data.Dataset.unique` does not support type {dtype} -- only `tf.int32`, `tf.int64`, and "
                    "`tf.string` are supported."
                )
        return self._next("UniqueDataset")

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Any:
        """Return a dataset of the elements that can be had.

        Args:
            log_warning: Accepted.
            name: Of the dataset.
        """
        check_name(name)
        return self._next("IgnoreErrorsDataset", log_warning=log_warning)

    def with_options(self, options: Options, name: str | None = None) -> Any:
        """Return the dataset with options, merged with those that it has.

        Args:
            options: A `tf.data.Options`.
            name: Of the dataset.

        Raises:
            ValueError: They contradict each other.
        """
        check_name(name)
        arguments = {"serialized_options": serialized(options)}
        if executing_eagerly():
            made = self._next("OptionsDataset", **arguments)
        else:
            with get_default_graph().colocate_with(self._variant_tensor):
                made = self._next("OptionsDataset", **arguments)
        made._options = options if self._options is None else self._options.merge(options)
        return made

    def options(self) -> Options:
        """Return the options."""
        return Options() if self._options is None else self._options

    def cardinality(self) -> Any:
        """Return how many elements there are: -1 for infinitely many, -2 if it is not known."""
        return as_tensor(dataset_op("DatasetCardinality", input_dataset=self._variant_tensor))

    def get_single_element(self, name: str | None = None) -> Any:
        """Return the only element.

        Args:
            name: Of the dataset.
        """
        check_name(name)
        return single_element(self)

    # -- with others --------------------------------------------------------------------------------

    def concatenate(self, dataset: Any, name: str | None = None) -> Any:
        """Return a dataset of the elements, then those of another.

        Args:
            dataset: The other one.
            name: Of the dataset.

        Raises:
            TypeError: Its elements are not like those of this one.
        """
        check_name(name)
        spec = common_spec(
            self.element_spec, dataset.element_spec,
            f"Incompatible dataset elements:\n  {self.element_spec} vs.   {dataset.element_spec}",
        )  # fmt: skip
        return self._next("ConcatenateDataset", spec, another_dataset=dataset._variant_tensor)

    def enumerate(self, start: Any = 0, name: str | None = None) -> Any:
        """Return a dataset of pairs of a number and an element.

        Args:
            start: The first number.
            name: Of the dataset.
        """
        from onevar.v1.dataset_sources import DatasetSources

        check_name(name)
        numbers = _rewritten(DatasetSources.range(start, 2**63 - 1))
        return DatasetChoices.zip((numbers, self))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Any:
        """Return a dataset of elements of several together.

        Args:
            *args: Datasets, or a structure of them.
            datasets: The structure, in its place.
            name: Of the dataset.

        Raises:
            TypeError: Something in it is no dataset.
        """
        check_name(name)
        if not args and datasets is None:
            raise TypeError("Must pass at least one dataset to `zip`.")
        if args and datasets is not None:
            raise TypeError("Both `*args` and `datasets` cannot be set.")
        if args:
            datasets = args[0] if len(args) == 1 else args
        found = flat(datasets)
        for dataset in found:
            _check_zipped(dataset)
        specs = [dataset.element_spec for dataset in found]
        spec = packed(datasets, specs) if nested(datasets) else specs[0]
        variants = [dataset._variant_tensor for dataset in found]
        return new_dataset(dataset_op("ZipDataset", input_datasets=variants, **flat_attrs(spec)), spec)

    @staticmethod
    def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True) -> Any:
        """Return a dataset of elements of several, in the order that another one says.

        Args:
            datasets: Their elements are alike.
            choice_dataset: Of the numbers of datasets, int64.
            stop_on_empty_dataset: Whether it ends with the first that does.

        Raises:
            TypeError: The elements are not alike, or the choices no numbers.
            ValueError: There are no datasets.
        """
        if not datasets:
            raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
        if not isinstance(choice_dataset, BaseDataset):
            raise TypeError(
                "Invalid `choice_dataset`. `choice_dataset` should be a `tf.data.Dataset` but is "
                f"{type(choice_dataset)}."
            )
        spec = choice_dataset.element_spec
        if not isinstance(spec, TensorSpec) or not spec.is_compatible_with(TensorSpec([], dtypes.int64)):
            raise TypeError(
                "Invalid `choice_dataset`. Elements of `choice_dataset` must be scalar `tf.int64` tensors but are "
                f"{spec}."
            )
        return directed(_rewritten(choice_dataset), datasets, stop_on_empty_dataset)


def _rewritten(dataset: Any) -> Any:
    name = "replicate_on_split"
    if executing_eagerly():
        return dataset
    return dataset._next("RewriteDataset", rewrite_name=name)


def directed(selector: Any, datasets: Any, stop: bool) -> Any:
    """Return a dataset of elements of several, in the order that one more says.

    Args:
        selector: Of the numbers of datasets.
        datasets: Their elements are alike.
        stop: Whether it ends with the first that does.

    Raises:
        TypeError: They are not.
    """
    spec = datasets[0].element_spec
    for at, dataset in enumerate(datasets[1:]):
        spec = common_spec(
            spec, dataset.element_spec,
            f"Invalid `datasets`. `datasets` must have compatible element specs.\n Dataset 0 "
            f"element_spec={datasets[0].element_spec}.\nDataset {at + 1} element_spec={dataset.element_spec}.",
        )  # fmt: skip
    variant = dataset_op(
        "DirectedInterleaveDataset", selector_input_dataset=selector._variant_tensor,
        data_input_datasets=[dataset._variant_tensor for dataset in datasets], stop_on_empty_dataset=stop,
        **flat_attrs(spec),
    )  # fmt: skip
    return new_dataset(variant, spec)


def common_spec(first: Any, second: Any, message: str) -> Any:
    """Return what describes the elements of both of two datasets.

    Args:
        first: What describes those of the one.
        second: What describes those of the other.
        message: Of the error.

    Raises:
        TypeError: There is no such thing.
    """
    try:
        leaves = flat_up_to(first, second)
        found = [a.most_specific_common_supertype([b]) for a, b in zip(flat(first), leaves, strict=True)]
    except (TypeError, ValueError, AttributeError):
        found = [None]
    if None in found or (isinstance(first, Mapping) and type(first) is not type(second)):
        raise TypeError(message)
    return packed(first, found) if nested(first) else found[0]


def _check_zipped(dataset: Any) -> None:
    if isinstance(dataset, BaseDataset):
        return
    start = "Invalid input to `zip`. Inputs are expected to be (nested) structures of `tf.data.Dataset` objects"
    if isinstance(dataset, list):
        raise TypeError(f"{start}. Python `list` is not supported and you should use `tuple` instead.")
    raise TypeError(f"{start} but encountered object of type {type(dataset)}.")


def single_element(dataset: Any) -> Any:
    """Return the only element of a dataset.

    Args:
        dataset: The dataset.
    """
    from onevar.v1.dataset_iterator import element_of
    from onevar.v1.dataset_structure import from_flat

    spec = dataset.element_spec
    tensors = dataset_op("DatasetToSingleElement", dataset=dataset._variant_tensor, **flat_attrs(spec))
    return element_of(spec, tensors) if executing_eagerly() else from_flat(spec, tensors)


def as_tensor(value: Any) -> Any:
    """Return a number that was computed at once as the framework's tensor, and a tensor as it is.

    Args:
        value: The one or the other.
    """
    return convert_to_tensor(value) if executing_eagerly() else value


def known_bool(value: Any) -> bool | None:
    """Return a truth value, or None if it is not known before it runs.

    Args:
        value: Python's, or a tensor.
    """
    if executing_eagerly():
        return bool(value)
    found = constant_value(value)
    return None if found is None else bool(found)

"""`tf.data.Dataset`."""

from collections.abc import Iterator as PythonIterator
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.data.base import INFINITE, UNKNOWN
from onevar.core.operation import Tensor
from onevar.errors import Unsupported
from onevar.v1 import dataset_iterator
from onevar.v1.dataset_batches import DatasetBatches
from onevar.v1.dataset_choices import DatasetChoices
from onevar.v1.dataset_core import host_value
from onevar.v1.dataset_maps import DatasetMaps
from onevar.v1.dataset_sampling import DatasetSampling
from onevar.v1.dataset_sources import DatasetSources
from onevar.v1.dataset_structure import flat
from onevar.v1.export import export
from onevar.v1.type_specs import SparseTensorSpec, TensorSpec


@export("data.Dataset")
class Dataset(DatasetSources, DatasetChoices, DatasetBatches, DatasetMaps, DatasetSampling):
    """A pipeline of elements; see `tf.compat.v1.data.Dataset`.

    Made by the static methods, or by one dataset's methods from it.
    """

    # -- iterators ----------------------------------------------------------------------------------

    def make_one_shot_iterator(self) -> Any:
        """Return an iterator that begins by itself, and goes through the dataset once."""
        return dataset_iterator.one_shot(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Any:
        """Return an iterator that begins when its `initializer` runs.

        Args:
            shared_name: Under which Sessions on one machine would share it.
        """
        return dataset_iterator.initializable(self, shared_name)

    def __iter__(self) -> PythonIterator[Any]:
        """Walk through the dataset at once.

        Raises:
            RuntimeError: Not in eager mode.
        """
        if not executing_eagerly() and isinstance(self._variant_tensor, Tensor):
            raise RuntimeError(
                "`tf.data.Dataset` only supports Python-style iteration in eager mode or within tf.function."
            )
        return dataset_iterator.EagerIterator(self)

    def __len__(self) -> int:
        if not executing_eagerly():
            raise TypeError(
                "`tf.data.Dataset` only supports `len` in eager mode. Use `tf.data.Dataset.cardinality()` instead."
            )
        size = int(host_value(self.cardinality()))
        if size == INFINITE:
            raise TypeError("The dataset is infinite.")
        if size == UNKNOWN:
            raise TypeError("The dataset length is unknown.")
        return size

    def as_numpy_iterator(self) -> PythonIterator[Any]:
        """Return an iterator of elements as NumPy arrays.

        Raises:
            RuntimeError: Not in eager mode.
            TypeError: Elements are no tensors.
        """
        if not executing_eagerly():
            raise RuntimeError("`tf.data.Dataset.as_numpy_iterator()` is only supported in eager mode.")
        for leaf in flat(self.element_spec):
            if not isinstance(leaf, TensorSpec | SparseTensorSpec):
                raise TypeError(
                    "`tf.data.Dataset.as_numpy_iterator()` is not supported for datasets that produce values of type "
                    f"{leaf.value_type}"
                )
        return dataset_iterator.EagerIterator(self, numpy=True)

    # -- what is not offered ------------------------------------------------------------------------

    def save(self, path: str, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None) -> Any:
        """Not offered.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported(
            "Dataset.save: write TFRecord files (tf.data.experimental.TFRecordWriter), or use cache(filename)."
        )

    @staticmethod
    def load(
        path: str, element_spec: Any = None, compression: Any = None, reader_func: Any = None, wait: bool = False
    ) -> Any:
        """Not offered.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("Dataset.load: read TFRecord files (tf.data.TFRecordDataset).")

    def snapshot(
        self, path: str, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Not offered.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("Dataset.snapshot: use Dataset.cache(filename).")

    def fingerprint(self) -> Any:
        """Not offered.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("Dataset.fingerprint: a dataset has no fingerprint here.")

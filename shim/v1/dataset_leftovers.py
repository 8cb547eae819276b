"""The rest of `tf.data.experimental` and `tf.contrib.data`: windows, writing, variants, and what is refused."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.tensor_shape import as_shape
from onevar.errors import Unsupported
from onevar.v1.dataset_core import dataset_op, new_dataset
from onevar.v1.dataset_experimental import Transformation
from onevar.v1.dataset_structure import flat, mapped, nested
from onevar.v1.dataset_types import Dataset
from onevar.v1.export import export


@export("contrib.data.sliding_window_batch")
def sliding_window_batch(
    window_size: Any, stride: Any = None, window_shift: Any = None, window_stride: Any = 1
) -> Transformation:
    """Return what makes a dataset of neighbouring elements together.

    Args:
        window_size: How many.
        stride: The older name of `window_shift`.
        window_shift: How far apart windows begin.
        window_stride: Which elements of a window are in it.

    Raises:
        ValueError: Both names are used.
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride if stride is not None else 1 if window_shift is None else window_shift

    def apply(dataset: Any) -> Any:
        windows = dataset.window(window_size, shift, window_stride, drop_remainder=True)

        def together(*parts: Any) -> Any:
            datasets = parts if len(parts) > 1 else parts[0]
            return Dataset.zip(datasets).batch(window_size, drop_remainder=True)

        return windows.flat_map(together)

    return apply


@export("contrib.data.assert_element_shape")
def assert_element_shape(expected_shapes: Any) -> Transformation:
    """Return what makes a dataset whose elements have to have some shapes.

    Args:
        expected_shapes: A structure of shapes.
    """

    def apply(dataset: Any) -> Any:
        shapes = mapped(as_shape, expected_shapes) if nested(expected_shapes) else as_shape(expected_shapes)

        def checked(*element: Any) -> Any:
            element = element if type(dataset.element_spec) is tuple else element[0]
            for tensor, shape in zip(flat(element), flat(shapes), strict=True):
                tensor.set_shape(shape)
            return element

        return dataset.map(checked)

    return apply


@export("data.experimental.TFRecordWriter", "contrib.data.TFRecordWriter")
class TFRecordWriter:
    """Writes a dataset of strings to a TFRecord file.

    Args:
        filename: Of the file.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`; None for nothing.
    """

    def __init__(self, filename: Any, compression_type: Any = None):
        self._filename, self._compression = filename, compression_type or ""

    def write(self, dataset: Any) -> Any:
        """Return the operation that writes; eagerly, write.

        Args:
            dataset: Its elements are scalars of type string.

        Raises:
            TypeError: They are not, or it is no dataset.
        """
        if not isinstance(dataset, Dataset):
            raise TypeError(f"Invalid `dataset.` Expected a `tf.data.Dataset` object but got {type(dataset)}.")
        if dataset.output_types is not dtypes.string or not dataset.output_shapes.is_compatible_with([]):
            raise TypeError(
                "Invalid `dataset`. Expected a `tf.data.Dataset` that produces scalar `tf.string` elements, but got a "
                f"dataset which produces elements with shapes {dataset.output_shapes} and types {dataset.output_types}."
            )
        return dataset_op(
            "DatasetToTFRecord", input_dataset=dataset._variant_tensor, filename=self._filename,
            compression_type=self._compression,
        )  # fmt: skip


@export("data.experimental.from_list")
def from_list(elements: Any, name: str | None = None) -> Any:
    """Return a dataset of the elements of a list.

    Args:
        elements: The list.
        name: Of the dataset.

    Raises:
        ValueError: It is empty.
    """
    if not elements:
        raise ValueError("Invalid `elements`. `elements` should not be empty.")
    made = Dataset.from_tensors(elements[0])
    for element in elements[1:]:
        made = made.concatenate(Dataset.from_tensors(element))
    return made


@export("data.experimental.to_variant")
def to_variant(dataset: Any) -> Any:
    """Return the tensor that stands for a dataset.

    Args:
        dataset: The dataset.
    """
    return dataset._variant_tensor


@export("data.experimental.from_variant")
def from_variant(variant: Any, structure: Any) -> Any:
    """Return the dataset that a tensor stands for.

    Args:
        variant: The tensor.
        structure: What describes its elements.
    """
    return new_dataset(variant, structure)


def _refused(name: str, sentence: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(f"tf.data.experimental.{name}: {sentence}")

    refuse.__name__ = name
    return refuse


for _name, _sentence in {
    "snapshot": "use Dataset.cache(filename).",
    "SqlDataset": "read the table with Python's sqlite3 in Dataset.from_generator.",
    "distributed_save": "there is no service of tf.data here.",
    "get_model_proto": "nothing is tuned here, so there is no model of it.",
    "enable_debug_mode": "functions of datasets are run by NumPy one operation at a time as it is.",
    "pad_to_cardinality": "use Dataset.concatenate with a dataset of padding.",
}.items():
    export(f"data.experimental.{_name}")(_refused(_name, _sentence))
export("contrib.data.SqlDataset")(_refused("SqlDataset", "read the table with Python's sqlite3 in from_generator."))
export("contrib.data.LMDBDataset")(_refused("LMDBDataset", "read the file with Python's lmdb in from_generator."))


@export("data.experimental.DatasetInitializer")
class DatasetInitializer:
    """Not offered: make a table of arrays.

    Raises:
        Unsupported: Always.
    """

    def __init__(self, dataset: Any):
        raise Unsupported("DatasetInitializer: make the table with tf.lookup.KeyValueTensorInitializer.")

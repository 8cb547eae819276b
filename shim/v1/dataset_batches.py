"""Methods of datasets that put elements together, and that take them apart."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value, constant_value_as_shape
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import Dimension, TensorShape, as_shape
from onevar.errors import Unsupported
from onevar.v1.dataset_choices import known_bool
from onevar.v1.dataset_core import BaseDataset, DatasetSpec, check_name, host_value, integer
from onevar.v1.dataset_structure import flat, flat_shapes, flat_up_to, mapped, nested, packed, tensor_of
from onevar.v1.type_specs import SparseTensorSpec, TensorSpec


class DatasetBatches(BaseDataset):
    """Methods about batches and windows."""

    def batch(
        self, batch_size: Any, drop_remainder: Any = False, num_parallel_calls: Any = None,
        deterministic: bool | None = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of elements together.

        Args:
            batch_size: How many.
            drop_remainder: Whether a smaller rest is left out.
            num_parallel_calls: How many batches are made at a time.
            deterministic: Accepted: the order is that of the elements.
            name: Of the dataset.
        """
        check_name(name)
        size = integer(batch_size, "batch_size")
        drop = tensor_of(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = batched(self.element_spec, known_size(size, drop))
        arguments = {"batch_size": size, "drop_remainder": drop}
        if num_parallel_calls is None:
            return self._next("BatchDatasetV2", spec, **arguments)
        calls = integer(num_parallel_calls, "num_parallel_calls")
        return self._next(
            "ParallelBatchDataset", spec, num_parallel_calls=calls, deterministic=decided(deterministic), **arguments
        )

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: Any = False,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of elements together, padded to one shape.

        Args:
            batch_size: How many.
            padded_shapes: The shape for each component; None or -1 is the largest in the batch.
            padding_values: What they are padded with; zeros and empty strings if nothing is said.
            drop_remainder: Whether a smaller rest is left out.
            name: Of the dataset.

        Raises:
            TypeError: Elements are no tensors, or a value is of another dtype.
            ValueError: A shape does not go with that of a component.
        """
        check_name(name)
        for leaf in flat(self.element_spec):
            _check_padded(leaf)
        if padded_shapes is None:
            padded_shapes = self.output_shapes
            for at, shape in enumerate(flat(padded_shapes)):
                if shape.ndims is None:
                    raise ValueError(
                        f"You must provide `padded_shapes` argument because component {at} has unknown rank."
                    )
        size = integer(batch_size, "batch_size")
        shapes = self._padded_shapes(padded_shapes)
        values = self._padding_values(padding_values)
        drop = tensor_of(drop_remainder, dtypes.bool, name="drop_remainder")
        count = known_size(size, drop)
        specs = [
            TensorSpec(TensorShape([count]).concatenate(_known_shape(shape)), leaf.dtype)
            for shape, leaf in zip(shapes, flat(self.element_spec), strict=True)
        ]
        spec = packed(self.element_spec, specs) if nested(self.element_spec) else specs[0]
        return self._next(
            "PaddedBatchDatasetV2", spec, batch_size=size, padded_shapes=shapes, padding_values=values,
            drop_remainder=drop, Toutput_types=[leaf.dtype for leaf in specs],
        )  # fmt: skip

    def _padded_shapes(self, given: Any) -> list[Any]:
        leaves = flat_up_to(self.output_shapes, given)
        return [_shape_tensor(padded, shape) for padded, shape in zip(leaves, flat(self.output_shapes), strict=True)]

    def _padding_values(self, given: Any) -> list[Any]:
        leaves = flat(self.element_spec)
        if given is not None and not nested(given) and nested(self.element_spec):
            values = [given] * len(leaves)
        elif given is None:
            values = [None] * len(leaves)
        else:
            values = flat_up_to(self.element_spec, given)
        return [_value_tensor(value, leaf.dtype) for value, leaf in zip(values, leaves, strict=True)]

    def sparse_batch(self, batch_size: Any, row_shape: Any, name: str | None = None) -> Any:
        """Return a dataset of elements together, as sparse tensors.

        Args:
            batch_size: How many.
            row_shape: The dense shape of a row; None or -1 is the largest in the batch.
            name: Of the dataset.

        Raises:
            TypeError: Elements are no single tensors.
        """
        check_name(name)
        if not isinstance(self.element_spec, TensorSpec):
            raise TypeError(
                "`dense_to_sparse_batch` requires an input dataset whose elements have a single component, but the "
                f"given dataset has the following component types: {self.output_types}."
            )
        shape = _dense_shape_tensor(row_shape)
        spec = SparseTensorSpec(TensorShape([None]).concatenate(_known_shape(shape)), self.element_spec.dtype)
        return self._next("DenseToSparseBatchDataset", spec, batch_size=batch_size, row_shape=shape)

    def ragged_batch(
        self, batch_size: Any, drop_remainder: Any = False, row_splits_dtype: Any = dtypes.int64,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Not offered.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("Dataset.ragged_batch: there are no ragged tensors. Use padded_batch or sparse_batch.")

    def rebatch(self, batch_size: Any, drop_remainder: Any = False, name: str | None = None) -> Any:
        """Return a dataset of the rows of all elements, in batches of another size.

        Args:
            batch_size: How many rows.
            drop_remainder: Whether a smaller rest is left out.
            name: Of the dataset.
        """
        return self.unbatch(name).batch(batch_size, drop_remainder, name=name)

    def unbatch(self, name: str | None = None) -> Any:
        """Return a dataset of the rows of the elements.

        Args:
            name: Of the dataset.

        Raises:
            ValueError: Elements are scalars, or have components of different sizes.
        """
        check_name(name)
        shapes = flat_shapes(self.element_spec)
        size = Dimension(None)
        for shape in shapes:
            if shape.ndims == 0:
                raise ValueError("Cannot unbatch an input with scalar components.")
            if shape.ndims is None:
                continue
            try:
                size = size.merge_with(shape.dims[0])  # type: ignore[index]
            except ValueError:
                raise ValueError(
                    "`unbatch()` is only supported for datasets of elements whose components have a matching leading "
                    f"dimension. Encountered both {size} and {shape.dims[0]}."  # type: ignore[index]
                ) from None
        rows = self._normalized_rows()
        return rows._next("UnbatchDataset", mapped(lambda leaf: leaf._unbatch(), self.element_spec))

    def _normalized_rows(self) -> Any:
        """Return this dataset with its sparse components as rows: those that batches are taken apart by."""
        from onevar.v1.dataset_tracing import TracedFunction

        whole = "Dataset.map()"
        spec = self.element_spec

        def normalize(*element: Any) -> Any:
            return element if len(element) > 1 or (type(spec) is tuple) else element[0]

        traced = TracedFunction(normalize, whole, spec, rows=True)
        made = self._next(
            "MapDataset", spec, f=traced.function, other_arguments=traced.captured, preserve_cardinality=False
        )
        made._spec = spec
        return made

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False, name: str | None = None
    ) -> Any:
        """Return a dataset of datasets of neighbouring elements.

        Args:
            size: Of a window.
            shift: How far apart windows begin; None: they do not overlap.
            stride: Which elements of a window are in it.
            drop_remainder: Whether smaller windows at the end are left out.
            name: Of the dataset.
        """
        check_name(name)
        many = integer(size, "size")
        step = many if shift is None else integer(shift, "shift")
        if shift is None and isinstance(many, Tensor):
            step = integer(size, "shift")
        each = integer(stride, "stride")
        drop = tensor_of(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = mapped(DatasetSpec, self.element_spec)
        return self._next("WindowDataset", spec, size=many, shift=step, stride=each, drop_remainder=drop)


def batched(spec: Any, size: int | None) -> Any:
    """Return what describes batches.

    Args:
        spec: What describes their elements.
        size: Their size, if it is known.
    """
    return mapped(lambda leaf: leaf._batch(size), spec) if nested(spec) else spec._batch(size)


def known_size(size: Any, drop: Any) -> int | None:
    """Return the size of batches, if all have the same.

    Args:
        size: The tensor.
        drop: Whether a smaller rest is left out, a tensor.
    """
    if not known_bool(drop):
        return None
    found = host_value(size) if executing_eagerly() else constant_value(size)
    return None if found is None else int(found)


def decided(deterministic: bool | None) -> str:
    """Return the attribute `deterministic` of an operation.

    Args:
        deterministic: Whether the order is that of the elements; None leaves it open.
    """
    return "default" if deterministic is None else "true" if deterministic else "false"


# -- padding -------------------------------------------------------------------------------------------


def _check_padded(spec: Any) -> None:
    if isinstance(spec, DatasetSpec):
        raise TypeError("`padded_batch` is not supported for datasets of datasets")
    if not isinstance(spec, TensorSpec):
        raise TypeError(
            "`padded_batch` is only supported for datasets that produce tensor elements but type spec of elements in "
            f"the input dataset is not a subclass of TensorSpec: `{spec}`."
        )


def _shape_tensor(padded: Any, shape: TensorShape) -> Any:
    try:
        sizes = [-1 if size is None else size for size in as_shape(padded).as_list()]
        tensor = tensor_of(np.array(sizes, np.int64), dtypes.int64)
    except (TypeError, ValueError):
        tensor = _given_shape(padded)
    known = _known_shape(tensor)
    if not _fits(known, shape):
        raise ValueError(
            f"The padded shape {known} is not compatible with the shape {shape} of the corresponding input component."
        )
    return tensor


def _given_shape(padded: Any) -> Any:
    tensor = _any_shape(padded)
    if isinstance(tensor, Tensor):
        if tensor.shape.ndims not in (None, 1):
            raise ValueError(
                f"Padded shape {padded} must be a `tf.int64` vector tensor, but its shape was {tensor.shape}."
            )
        if tensor.dtype is not dtypes.int64:
            raise TypeError(
                f"Padded shape {padded} must be a `tf.int64` vector tensor, but its element type was "
                f"{tensor.dtype.name}."
            )
    return tensor


def _known_shape(tensor: Any) -> TensorShape:
    if executing_eagerly():
        return TensorShape([None if size < 0 else size for size in host_value(tensor).tolist()])
    return constant_value_as_shape(tensor)


def _any_shape(padded: Any) -> Any:
    return tensor_of(padded) if isinstance(padded, Tensor) else convert_to_tensor(padded, preferred_dtype=dtypes.int64)


def _fits(padded: TensorShape, shape: TensorShape) -> bool:
    if padded.ndims is None or shape.ndims is None:
        return True
    pairs = zip(padded.as_list(), shape.as_list(), strict=False)
    return padded.ndims == shape.ndims and all(a is None or b is None or a >= b for a, b in pairs)


def _value_tensor(value: Any, dtype: Any) -> Any:
    if value is None:
        value = "" if dtype is dtypes.string else np.zeros((), dtype.as_numpy_dtype)
    tensor = tensor_of(value, name="padding_value")
    if isinstance(tensor, Tensor):
        if not tensor.shape.is_compatible_with([]):
            raise ValueError(
                f"Invalid `padding_values`. `padding_values` values should be scalars, but got {tensor.shape}."
            )
        if tensor.dtype.base_dtype is not dtype:
            raise TypeError(
                f"Invalid `padding_values`. `padding_values` values type {tensor.dtype!r} does not match type "
                f"{dtype!r} of the corresponding input component."
            )
    return tensor


def _dense_shape_tensor(shape: Any) -> Any:
    if isinstance(shape, Tensor):
        return shape
    sizes = [-1 if size is None else size for size in as_shape(shape).as_list()]
    return tensor_of(np.array(sizes, np.int64), dtypes.int64)

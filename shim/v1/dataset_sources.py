"""Datasets made of tensors, Python generators, numbers and the names of files."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import Dimension, TensorShape, as_shape
from onevar.v1.dataset_core import (
    BaseDataset,
    check_name,
    data_seeds,
    dataset_op,
    flat_attrs,
    host_value,
    integer,
    new_dataset,
)  # fmt: skip
from onevar.v1.dataset_structure import (
    flat,
    flat_shapes,
    flat_types,
    flat_up_to,
    from_legacy,
    mapped,
    nested,
    normalized,
    packed,
    spec_of_element,
    tensor_of,
    to_flat,
)  # fmt: skip
from onevar.v1.dataset_tracing import TracedFunction
from onevar.v1.script_ops import numpy_function
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.type_specs import TensorSpec, TypeSpec


class DatasetSources(BaseDataset):
    """Static methods that make datasets of something else."""

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Any:
        """Return a dataset of one element.

        Args:
            tensors: The element.
            name: Of the dataset.
        """
        check_name(name)
        element = normalized(tensors)
        spec = spec_of_element(element)
        components = to_flat(spec, element)
        variant = dataset_op(
            "TensorDataset", components=components, Toutput_types=flat_types(spec), output_shapes=flat_shapes(spec)
        )
        return new_dataset(variant, spec)

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Any:
        """Return a dataset of the rows of tensors.

        Args:
            tensors: A structure of tensors of one size along the first axis.
            name: Of the dataset.

        Raises:
            ValueError: They have different sizes, or none.
        """
        check_name(name)
        return _of_slices(normalized(tensors), False)

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor: Any) -> Any:
        """Return a dataset of the rows of a sparse tensor, each as its indices, values and dense shape.

        Args:
            sparse_tensor: The tensor.

        Raises:
            TypeError: It is not sparse.
        """
        if not isinstance(sparse_tensor, SparseTensor):
            raise TypeError(
                f"Invalid `sparse_tensor`. `sparse_tensor` must be a `tf.sparse.SparseTensor`. Got "
                f"{type(sparse_tensor)}."
            )
        sparse = sparse_tensor
        rank = (sparse.indices.shape[1] - 1).merge_with(sparse.dense_shape.shape[0] - 1)
        spec = (
            TensorSpec(TensorShape([None, rank]), dtypes.int64),
            TensorSpec(TensorShape([None]), sparse.dtype),
            TensorSpec(TensorShape([rank]), dtypes.int64),
        )
        variant = dataset_op(
            "SparseTensorSliceDataset", indices=sparse.indices, values=sparse.values, dense_shape=sparse.dense_shape,
            Tvalues=sparse.dtype,
        )  # fmt: skip
        return new_dataset(variant, spec)

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Any:
        """Return a dataset of the numbers of a range.

        Args:
            *args: As for Python's `range`.
            **kwargs: `output_type`: the dtype, int64 unless it is given; `name`.

        Raises:
            ValueError: There are no or too many arguments.
        """
        check_name(kwargs.get("name"))
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid `args`. The length of `args` should be between 1 and 3 but was {len(args)}.")
        bounds = [0, args[0], 1] if len(args) == 1 else [*args, 1][:3]
        dtype = as_dtype(kwargs.get("output_type", dtypes.int64))
        start, stop, step = (integer(v, n) for v, n in zip(bounds, ("start", "stop", "step"), strict=True))
        spec = TensorSpec([], dtype)
        return new_dataset(dataset_op("RangeDataset", start=start, stop=stop, step=step, **flat_attrs(spec)), spec)

    @staticmethod
    def random(seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None) -> Any:
        """Return a dataset of random integers without end.

        Args:
            seed: The seed, or None.
            rerandomize_each_iteration: Must not be true.
            name: Of the dataset.
        """
        check_name(name)
        if rerandomize_each_iteration:
            raise NotImplementedError("rerandomize_each_iteration=True: repeat dataset.random(seed) with other seeds.")
        first, second = data_seeds(seed)
        spec = TensorSpec([], dtypes.int64)
        return new_dataset(dataset_op("RandomDataset", seed=first, seed2=second, **flat_attrs(spec)), spec)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: str | None = None) -> Any:
        """Return a dataset of the names of files that match patterns, in random order unless `shuffle` is false.

        Args:
            file_pattern: A pattern, or a list or tensor of patterns.
            shuffle: Whether the order is random; None: it is.
            seed: Of the order.
            name: Of the dataset.
        """
        check_name(name)
        with name_scope("list_files", "list_files"):
            patterns = tensor_of(file_pattern, dtypes.string, name="file_pattern")
            names = _matching(patterns)
            made = _of_slices(names, True)
            if shuffle is not None and not shuffle:
                return made
            return made.shuffle(_at_least_one(names), seed=seed)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any = None, output_shapes: Any = None, args: Any = None,
        output_signature: Any = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of what a generator yields; each walk through it calls `generator` again.

        Args:
            generator: Returns something that can be iterated over.
            output_types: The dtype of each component of an element.
            output_shapes: What is known of the shape of each.
            args: Tensors; `generator` is called with their values.
            output_signature: What describes the elements, in place of `output_types` and `output_shapes`.
            name: Of the dataset.

        Raises:
            TypeError: `generator` cannot be called, or the arguments do not go together.
        """
        check_name(name)
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        spec = _signature(output_types, output_shapes, output_signature)
        values = () if args is None else tuple(tensor_of(arg, name=f"args_{i}") for i, arg in enumerate(args))
        return _generated(_Generators(generator), spec, values)

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64, name: str | None = None) -> Any:
        """Return a dataset that counts without end.

        Args:
            start: The first number.
            step: Between two numbers.
            dtype: Their dtype.
            name: Of the dataset.
        """
        check_name(name)
        with name_scope("counter", "counter"):
            first = tensor_of(start, dtype, name="start")
            by = tensor_of(step, dtype, name="step")
            return DatasetSources.from_tensors(0).repeat(None).scan(first, lambda state, _: (state + by, state))


def _of_slices(element: Any, is_files: bool) -> Any:
    rows = spec_of_element(element)
    if not flat(rows):
        raise ValueError("Invalid `element`. `element` should not be empty.")
    components = to_flat(rows, element, rows=True)
    spec = mapped(lambda leaf: leaf._unbatch(), rows) if nested(rows) else rows._unbatch()
    size = Dimension(None)
    for shape in flat_shapes(rows):
        if shape.ndims:
            size.assert_is_compatible_with(shape[0])
            size = size.merge_with(shape[0])
    types = [component.dtype for component in components] if not executing_eagerly() else flat_types(spec)
    variant = dataset_op(
        "TensorSliceDataset", components=components, Toutput_types=types, output_shapes=flat_shapes(spec),
        is_files=is_files,
    )  # fmt: skip
    return new_dataset(variant, spec)


def _matching(patterns: Any) -> Any:
    """Return the names of files that match; it is an error if there are none."""
    from onevar.v1.array_ops import identity
    from onevar.v1.array_ops_shape import shape
    from onevar.v1.export import exported

    found = exported("io.matching_files")(patterns)
    some = exported("greater")(shape(found)[0], 0, name="match_not_empty")
    joined = exported("strings.reduce_join")(patterns, separator=", ")
    message = exported("add")("No files matched pattern: ", joined, name="message")
    checked = exported("Assert")(some, [message], summarize=1, name="assert_not_empty")
    if executing_eagerly():
        return found
    with control_dependencies([checked]):
        return identity(found)


def _at_least_one(names: Any) -> Any:
    from onevar.v1.array_ops_shape import shape
    from onevar.v1.math_ops_elementwise import maximum

    return maximum(shape(names, out_type=dtypes.int64)[0], 1)


# -- generators ----------------------------------------------------------------------------------------


def _signature(types: Any, shapes: Any, signature: Any) -> Any:
    if signature is None:
        if types is None:
            raise TypeError(
                "To specify the output signature you need to provide either the `output_signature` argument or the "
                "`output_types` argument."
            )
        types = mapped(as_dtype, types) if nested(types) else as_dtype(types)
        if shapes is None:
            shapes = mapped(lambda _: TensorShape(None), types)
        else:
            shapes = packed(types, [as_shape(shape) for shape in flat_up_to(types, shapes)])
        return from_legacy(types, shapes)
    for what, given in (("output_types", types), ("output_shapes", shapes)):
        if given is not None:
            raise TypeError(f"The `{what}` argument can not be used together with the `output_signature` argument.")
    for leaf in flat(signature):
        if not isinstance(leaf, TypeSpec):
            raise TypeError(
                f"`output_signature` must contain objects that are subclass of `tf.TypeSpec` but found {type(leaf)} "
                "which is not."
            )
    return signature


class _Generators:
    """The generators of all walks through one dataset."""

    def __init__(self, generator: Callable[..., Any]):
        self.generator = generator
        self._lock = threading.Lock()
        self._next = 0
        self._arguments: dict[int, tuple] = {}
        self._running: dict[int, Any] = {}

    def new(self, *arguments: Any) -> np.ndarray:
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._arguments[number] = arguments
        return np.array(number, np.int64)

    def of(self, number: int) -> Any:
        found = self._running.get(number)
        if found is None:
            found = self._running[number] = iter(self.generator(*self._arguments.pop(number)))
        return found

    def done(self, number: int) -> np.ndarray:
        self._running.pop(int(number), None)
        self._arguments.pop(int(number), None)
        return np.array(0, np.int64)


def _generated(generators: _Generators, spec: Any, arguments: tuple) -> Any:
    types = flat_types(spec)
    if any(not isinstance(leaf, TensorSpec) for leaf in flat(spec)):
        raise NotImplementedError(
            "Dataset.from_generator yields dense tensors only: yield the parts of a sparse tensor, and put it together "
            "in a map."
        )

    def step(number: Any) -> Any:
        def called(at: Any) -> list[np.ndarray]:
            return _checked(next(generators.of(int(at))), spec)

        tensors = numpy_function(called, [number], types)
        for tensor, leaf in zip(tensors, flat(spec), strict=True):
            tensor.set_shape(leaf.shape)
        return packed(spec, tensors) if nested(spec) else tensors[0]

    def start(_: Any) -> Any:
        return numpy_function(generators.new, list(arguments), dtypes.int64)

    def finish(number: Any) -> Any:
        return numpy_function(generators.done, [number], dtypes.int64)

    dummy = TensorSpec([], dtypes.int32)
    whole = "Dataset.from_generator()"

    def dataset_of(unused: Any) -> Any:
        begin = TracedFunction(start, whole, dummy)
        following = TracedFunction(step, whole, begin.spec)
        ending = TracedFunction(finish, whole, begin.spec)
        variant = dataset_op(
            "GeneratorDataset", init_func_other_args=[unused, *begin.captured],
            next_func_other_args=following.captured, finalize_func_other_args=ending.captured,
            init_func=begin.function, next_func=following.function, finalize_func=ending.function, **flat_attrs(spec),
        )  # fmt: skip
        return new_dataset(variant, spec)

    return DatasetSources.from_tensors(0).flat_map(dataset_of)


def _checked(values: Any, spec: Any) -> list[np.ndarray]:
    """Return what a generator yielded as arrays.

    Raises:
        TypeError: It is not what was promised.
    """
    types = mapped(lambda leaf: leaf.dtype, spec) if nested(spec) else spec.dtype
    try:
        leaves = flat_up_to(spec, values)
    except (TypeError, ValueError):
        raise TypeError(
            f"`generator` yielded an element that did not match the expected structure. The expected structure was "
            f"{types}, but the yielded element was {values}."
        ) from None
    return [_as_array(value, leaf) for value, leaf in zip(leaves, flat(spec), strict=True)]


def _as_array(value: Any, spec: TensorSpec) -> np.ndarray:
    wanted = spec.dtype.as_numpy_dtype
    try:
        array = _converted(value, spec)
    except (TypeError, ValueError):
        raise TypeError(
            f"`generator` yielded an element that could not be converted to the expected type. The expected type was "
            f"{spec.dtype.name}, but the yielded element was {value}."
        ) from None
    if array.dtype != wanted:
        raise TypeError(
            f"`generator` yielded an element of type {array.dtype} where an element of type {wanted} was expected."
        )
    if not spec.shape.is_compatible_with(array.shape):
        raise TypeError(
            f"`generator` yielded an element of shape {array.shape} where an element of shape {spec.shape} was "
            "expected."
        )
    return array


def _converted(value: Any, spec: TensorSpec) -> np.ndarray:
    if spec.dtype is not dtypes.string:
        found = host_value(value) if not isinstance(value, np.ndarray | list | tuple | int | float | bool) else value
        return np.asarray(found, spec.dtype.as_numpy_dtype)
    array = np.asarray(value, object) if not isinstance(value, str | bytes) else np.array(value, object)
    out = np.empty(array.shape, object)
    flat_out = out.reshape(-1)
    for at, item in enumerate(array.reshape(-1).tolist()):
        if not isinstance(item, str | bytes):
            raise TypeError(f"{item!r} is no string.")
        flat_out[at] = item.encode() if isinstance(item, str) else item
    return out

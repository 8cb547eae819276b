"""Iterators of datasets: `tf.data.Iterator`, and walking through a dataset at once."""

from collections.abc import Iterator as PythonIterator
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.data.base import Context, source_of
from onevar.core.data.functions import FunctionGraph, HostFunction
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import as_dtype
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import needed
from onevar.core.tensor_shape import TensorShape
from onevar.errors import Unsupported
from onevar.v1.dataset_core import BaseDataset, flat_attrs, get_structure
from onevar.v1.dataset_structure import flat, from_flat, from_legacy, legacy, mapped, packed
from onevar.v1.export import export
from onevar.v1.random_seed import get_seed
from onevar.v1.sparse_types import SparseTensorValue
from onevar.v1.tf_logging import warning

#: After so many calls of `get_next` a program is told that it probably makes operations in a loop.
GET_NEXT_CALL_WARNING_THRESHOLD = 32
GET_NEXT_CALL_WARNING_MESSAGE = (
    "An unusually high number of `Iterator.get_next()` calls was detected. This often indicates that "
    "`Iterator.get_next()` is being called inside a training loop, which will cause gradual slowdown and eventual "
    "resource exhaustion. If this is the case, restructure your code to call `next_element = iterator.get_next()` "
    "once outside the loop, and use `next_element` as the input to some computation that is invoked inside the loop."
)


@export("data.Iterator")
class Iterator:
    """Where a Session is in a dataset.

    Args:
        iterator_resource: The handle.
        initializer: The operation that begins at the beginning of the dataset, or None.
        output_types: The dtype of each component of an element.
        output_shapes: What is known of the shape of each.
        output_classes: The class of each.

    Raises:
        ValueError: Something that describes the elements is missing.
    """

    def __init__(
        self, iterator_resource: Any, initializer: Any, output_types: Any, output_shapes: Any, output_classes: Any
    ):
        if iterator_resource is None or output_types is None:
            raise ValueError(
                "All of `iterator_resource`, `output_types`, `output_shapes` and `output_classes` must be specified to "
                "create an iterator."
            )
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        self._spec = from_legacy(output_types, output_shapes, output_classes)
        self._string_handle = op("IteratorToStringHandle", resource_handle=iterator_resource)
        self._get_next_calls = 0

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None
    ) -> "Iterator":
        """Return an iterator that is not initialized yet; `make_initializer` says with which dataset.

        Args:
            output_types: The dtype of each component of an element.
            output_shapes: What is known of the shape of each.
            shared_name: Under which Sessions on one machine would share it.
            output_classes: The class of each.

        Raises:
            TypeError: The structures are not alike.
        """
        spec = _described(output_types, output_shapes, output_classes)
        handle = op("IteratorV2", container="", shared_name=shared_name or "", **flat_attrs(spec))
        return _iterator(handle, None, spec)

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> "Iterator":
        """Return the iterator that a string names: feed what `iterator.string_handle()` gave.

        Args:
            string_handle: A scalar of type string.
            output_types: The dtype of each component of an element.
            output_shapes: What is known of the shape of each.
            output_classes: The class of each.
        """
        spec = _described(output_types, output_shapes, output_classes)
        handle = convert_to_tensor(string_handle, dtypes.string)
        return _iterator(op("IteratorFromStringHandleV2", string_handle=handle, **flat_attrs(spec)), None, spec)

    @property
    def initializer(self) -> Operation:
        """The operation that begins at the beginning of the dataset.

        Raises:
            ValueError: There is none.
        """
        if self._initializer is None:
            raise ValueError(
                "The iterator does not have an initializer. This means it was likely created using "
                "`tf.data.Dataset.make_one_shot_iterator()`. For an initializable iterator, use "
                "`tf.data.Dataset.make_initializable_iterator()` instead."
            )
        return self._initializer

    def make_initializer(self, dataset: BaseDataset, name: str | None = None) -> Operation:
        """Return an operation that begins at the beginning of a dataset.

        Args:
            dataset: Its elements are like those of the iterator.
            name: Of the operation.

        Raises:
            TypeError: They are not.
        """
        with name_scope(name, "make_initializer") as scope:
            _check_like(self._spec, dataset)
            with get_default_graph().colocate_with(self._iterator_resource):
                return op("MakeIterator", dataset=dataset._variant_tensor, iterator=self._iterator_resource, name=scope)

    def get_next(self, name: str | None = None) -> Any:
        """Return the next element; every run that takes it moves the iterator on.

        Args:
            name: Of the operation.
        """
        self._get_next_calls += 1
        if self._get_next_calls > GET_NEXT_CALL_WARNING_THRESHOLD:
            warning(GET_NEXT_CALL_WARNING_MESSAGE)
        with get_default_graph().colocate_with(self._iterator_resource):
            tensors = op("IteratorGetNext", iterator=self._iterator_resource, name=name, **flat_attrs(self._spec))
            return from_flat(self._spec, tensors)

    def get_next_as_optional(self) -> Any:
        """Return the next element, or that there is none; see `tf.data.experimental.Optional`."""
        from onevar.v1.dataset_optional import Optional

        with get_default_graph().colocate_with(self._iterator_resource):
            made = op("IteratorGetNextAsOptional", iterator=self._iterator_resource, **flat_attrs(self._spec))
        return Optional(made, self._spec)

    def string_handle(self, name: str | None = None) -> Tensor:
        """Return a string that names the iterator in its Session.

        Args:
            name: Of the operation; None gives the one that is there already.
        """
        if name is None:
            return self._string_handle
        return op("IteratorToStringHandle", resource_handle=self._iterator_resource, name=name)

    @property
    def element_spec(self) -> Any:
        """What describes an element."""
        return self._spec

    @property
    def output_types(self) -> Any:
        """The dtype of each component of an element."""
        return legacy(self._spec, "types")

    @property
    def output_shapes(self) -> Any:
        """What is known of the shape of each component."""
        return legacy(self._spec, "shapes")

    @property
    def output_classes(self) -> Any:
        """The class of each component."""
        return legacy(self._spec, "classes")

    def __iter__(self) -> Any:
        raise TypeError(
            "a tf.data.Iterator of a graph is not iterable: call get_next() once, and run what it returns in a loop."
        )


def _iterator(handle: Any, initializer: Any, spec: Any) -> Iterator:
    made = Iterator(handle, initializer, legacy(spec, "types"), legacy(spec, "shapes"), legacy(spec, "classes"))
    made._spec = spec
    return made


def _described(output_types: Any, output_shapes: Any, output_classes: Any) -> Any:
    types = mapped(as_dtype_or_spec, output_types)
    if output_shapes is None:
        output_shapes = mapped(lambda _: TensorShape(None), types)
    return from_legacy(types, output_shapes, output_classes)


def as_dtype_or_spec(value: Any) -> Any:
    """Return a dtype; what describes more than that comes back as it is.

    Args:
        value: A dtype, or a `TypeSpec`.
    """
    return value if hasattr(value, "_flat_types") else as_dtype(value)


def _check_like(spec: Any, dataset: BaseDataset) -> None:
    for what, kind in (("types", "types"), ("classes", "classes"), ("shapes", "shapes")):
        mine, others = legacy(spec, what), legacy(get_structure(dataset), what)
        if what == "shapes":
            ok = compatible_shapes(mine, others)
        else:
            ok = _alike(mine, others) and flat(mine) == flat(others)
        if not ok:
            raise TypeError(f"Expected output {kind} {mine!r} but got dataset with output {kind} {others!r}.")


def _alike(first: Any, second: Any) -> bool:
    try:
        packed(first, flat(second))
        packed(second, flat(first))
    except (TypeError, ValueError):
        return False
    return True


def compatible_shapes(first: Any, second: Any) -> bool:
    """Whether shapes agree, one by one.

    Args:
        first: A structure of them.
        second: Another.
    """
    pairs = list(zip(flat(first), flat(second), strict=False))
    return len(flat(first)) == len(flat(second)) and all(a.is_compatible_with(b) for a, b in pairs)


# -- iterators of datasets -----------------------------------------------------------------------------


def one_shot(dataset: BaseDataset) -> Any:
    """Return an iterator that begins by itself, and goes through the dataset once.

    Args:
        dataset: Made of nothing that a Session holds.

    Raises:
        ValueError: It takes the value of a placeholder, a variable or a table.
    """
    if executing_eagerly():
        return EagerIterator(dataset)
    _check_graph(dataset)
    # TensorFlow draws a seed for the function that makes the dataset; the operations after it count on.
    get_seed(None)
    try:
        factory = _factory(dataset._variant_tensor)
    except ValueError as error:
        if "Cannot capture a stateful node" in str(error):
            raise ValueError(
                f"{error}: A likely cause of this error is that the dataset for which you are calling "
                "`make_one_shot_iterator()` captures a stateful object, such as a `tf.Variable` or "
                "`tf.lookup.StaticHashTable`, which is not supported. Use `make_initializable_iterator()` instead."
            ) from None
        raise
    with get_default_graph().colocate_with(dataset._variant_tensor):
        handle = op("OneShotIterator", dataset_factory=factory, **flat_attrs(dataset.element_spec))
        return _iterator(handle, None, dataset.element_spec)


def initializable(dataset: BaseDataset, shared_name: str | None = None) -> Iterator:
    """Return an iterator that begins when its `initializer` runs.

    Args:
        dataset: The dataset.
        shared_name: Under which Sessions on one machine would share it.

    Raises:
        RuntimeError: Eagerly there are no initializers.
    """
    if executing_eagerly():
        raise RuntimeError(
            "`make_initializable_iterator()` is not supported in eager mode. Use Python-style iteration instead."
        )
    _check_graph(dataset)
    with get_default_graph().colocate_with(dataset._variant_tensor):
        handle = op("IteratorV2", container="", shared_name=shared_name or "", **flat_attrs(dataset.element_spec))
        initializer = op("MakeIterator", dataset=dataset._variant_tensor, iterator=handle)
        return _iterator(handle, initializer, dataset.element_spec)


def _check_graph(dataset: BaseDataset) -> None:
    current, own = get_default_graph(), dataset._graph
    graph: Graph | None = current
    while graph is not None and graph is not own:
        graph = graph.outer
    if graph is None:
        raise ValueError(
            f"The graph {current} of the iterator is different from the graph {own} the dataset: "
            f"{dataset._variant_tensor} was created in. Make sure that the dataset is created in the same graph as the "
            "iterator."
        )


def _factory(variant: Tensor) -> HostFunction:
    """Return a function of nothing that makes the dataset: a copy of the operations that it is made by."""
    body = FunctionGraph("_make_dataset", variant.graph)
    copies: dict[Tensor, Tensor] = {}
    with body.as_default():
        for operation in sorted(needed([variant.op], ()), key=lambda operation: operation.serial):
            _check_copied(operation)
            inputs = [copies[tensor] for tensor in operation.inputs]
            outputs = [(tensor.dtype, tensor.spec) for tensor in operation.outputs]
            copy = Graph.add(body, operation.type, operation.name, inputs, dict(operation.attrs), outputs)
            copy.kept = operation.kept
            copies.update(zip(operation.outputs, copy.outputs, strict=True))
    body.results = [copies[variant]]
    return HostFunction(body)


def _check_copied(operation: Operation) -> None:
    if operation.type in ("Placeholder", "PlaceholderV2"):
        raise ValueError(f"Cannot capture a placeholder (name:{operation.name}, type:{operation.type}) by value.")
    made = operation.outputs and operation.outputs[0].dtype.base_dtype.key == "variant"
    if operation.op_def.is_stateful and not made and operation.type not in _HARMLESS:
        raise ValueError(f"Cannot capture a stateful node (name:{operation.name}, type:{operation.type}) by value.")


#: Stateful by TensorFlow's registry, and found in the making of datasets all the same.
_HARMLESS = frozenset({"MatchingFiles", "Assert"})


@export("data.make_one_shot_iterator")
def make_one_shot_iterator(dataset: Any) -> Any:
    """Return an iterator that goes through a dataset once; see `tf.compat.v1.data.make_one_shot_iterator`."""
    return one_shot(dataset)


@export("data.make_initializable_iterator")
def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """Return an iterator with an initializer; see `tf.compat.v1.data.make_initializable_iterator`."""
    return initializable(dataset, shared_name)


@export("data.experimental.make_saveable_from_iterator", "contrib.data.make_saveable_from_iterator")
def make_saveable_from_iterator(iterator: Any, external_state_policy: Any = None) -> Any:
    """Not offered.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported(
        "make_saveable_from_iterator: where an iterator is cannot be saved. Begin the dataset anew after a restore, "
        "with dataset.skip(n) for what was seen."
    )


# -- at once -------------------------------------------------------------------------------------------


class EagerIterator:
    """A walk through a dataset whose elements are the framework's own tensors.

    Args:
        dataset: The dataset.
        numpy: Whether elements are NumPy arrays instead.
    """

    def __init__(self, dataset: BaseDataset, numpy: bool = False):
        self._spec = dataset.element_spec
        self._rows = source_of(dataset._variant_tensor).rows(Context())
        self._numpy = numpy

    def __iter__(self) -> PythonIterator[Any]:
        return self

    def __next__(self) -> Any:
        row = self._rows.next()
        if row is None:
            raise StopIteration
        return element_of(self._spec, row, self._numpy)

    next = __next__

    def get_next(self, name: str | None = None) -> Any:
        """Return the next element.

        Args:
            name: Accepted.

        Raises:
            OutOfRangeError: There is none.
        """
        from onevar.core.op_errors import OutOfRangeError

        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError(None, None, "End of sequence") from None

    @property
    def element_spec(self) -> Any:
        """What describes an element."""
        return self._spec

    @property
    def output_types(self) -> Any:
        """The dtype of each component of an element."""
        return legacy(self._spec, "types")

    @property
    def output_shapes(self) -> Any:
        """What is known of the shape of each component."""
        return legacy(self._spec, "shapes")

    @property
    def output_classes(self) -> Any:
        """The class of each component."""
        return legacy(self._spec, "classes")


def element_of(spec: Any, row: Any, numpy: bool = False) -> Any:
    """Return an element of arrays as one of the framework's tensors.

    Args:
        spec: What describes it.
        row: The arrays.
        numpy: Whether its components are arrays instead.
    """
    tensors: list[Any] = [part if numpy or part.dtype == object else convert_to_tensor(np.array(part)) for part in row]
    if numpy:
        tensors = [part[()] if part.ndim == 0 else part for part in tensors]
        leaves = iter(tensors)
        made = [_numpy_leaf(leaf, next(leaves)) if leaf._flat_types else None for leaf in flat(spec)]
        return packed(spec, made) if len(flat(spec)) != 1 or spec is not flat(spec)[0] else made[0]
    return from_flat(spec, tensors)


def _numpy_leaf(spec: Any, part: Any) -> Any:
    return SparseTensorValue(*part) if type(spec).__name__ == "SparseTensorSpec" else part

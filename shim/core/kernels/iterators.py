"""Operations of iterators, and those that take single elements out of datasets."""

from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.data.base import Context, Row, boxed, cell, source_of, text, unboxed
from onevar.core.data.functions import HostFunction
from onevar.core.data.iterator import Iterator, OneShot, check_compatible, found, register
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError, OpError, OutOfRangeError
from onevar.core.records.tfrecord import RecordWriter
from onevar.core.resources import resource


def _scalar(*_: Any) -> Any:
    return ()


def _components(*_: Any, output_shapes: list) -> list[Any]:
    return list(output_shapes)


def _nothing(*_: Any) -> list[Any]:
    return []


@kernel("IteratorV2", "Iterator", resource=True, infer=_scalar)
def iterator_v2(
    k: Any, *, shared_name: str, container: str, output_types: list, output_shapes: list
) -> Iterator:  # fmt: skip
    """An iterator that has to be initialized."""

    def make(name: str) -> Iterator:
        return Iterator(name, output_types, output_shapes)

    return resource("iterator", make, container=container, shared_name=shared_name)


@kernel("OneShotIterator", resource=True, infer=_scalar)
def one_shot_iterator(
    k: Any,
    *,
    dataset_factory: HostFunction,
    output_types: list,
    output_shapes: list,
    container: str,
    shared_name: str,
) -> Iterator:
    """An iterator that begins by itself."""

    def factory() -> Any:
        return source_of(dataset_factory.call(Context(), ())(())[0])

    def make(name: str) -> Iterator:
        return OneShot(name, output_types, output_shapes, factory)

    return resource("iterator", make, container=container, shared_name=shared_name)


@kernel("MakeIterator", resource=True, infer=_nothing)
def make_iterator(k: Any, dataset: Any, iterator: Iterator) -> tuple:
    """Begin at the beginning of a dataset."""
    iterator.begin(source_of(dataset))
    return ()


@kernel("IteratorGetNext", "IteratorGetNextSync", resource=True, infer=_components)
def iterator_get_next(k: Any, iterator: Iterator) -> Row:
    """The next element."""
    name = CURRENT.operation.name if CURRENT.operation is not None else "IteratorGetNext"
    operation = CURRENT.operation
    try:
        row = iterator.next()
    except OpError as error:
        raise _placed(error, name) from error
    finally:
        CURRENT.operation = operation  # functions of elements are operations too
    if row is None:
        raise OutOfRangeError(None, None, f"End of sequence\n\t [[{{{{node {name}}}}}]]")
    return row


def _placed(error: OpError, name: str) -> OpError:
    """Return an error of a function of elements as that of the operation that asked for one."""
    inner = getattr(error._op, "name", None)
    where = "" if inner in (None, name) else f"\n\t [[{{{{node {inner}}}}}]]"
    kind: Any = type(error)
    made = kind(None, None, f"{error.message}{where}\n\t [[{{{{node {name}}}}}]]")
    made.__cause__ = error.__cause__
    return made


@kernel("IteratorGetNextAsOptional", resource=True, infer=_scalar)
def iterator_get_next_as_optional(k: Any, iterator: Iterator) -> np.ndarray:
    """The next element, if there is one."""
    return boxed(_Optional(iterator.next()))


@kernel("IteratorToStringHandle", resource=True, infer=_scalar)
def iterator_to_string_handle(k: Any, iterator: Iterator) -> np.ndarray:
    """What names an iterator."""
    return boxed(register(iterator))


@kernel("IteratorFromStringHandle", "IteratorFromStringHandleV2", resource=True, infer=_scalar)
def iterator_from_string_handle(k: Any, handle: Any, *, output_types: list, output_shapes: list) -> Iterator:
    """The iterator of a name."""
    iterator = found(cell(handle, "string_handle"))
    check_compatible(output_types, output_shapes, iterator.types, iterator.shapes)
    return iterator


@kernel("IteratorGetDevice", resource=True, infer=_scalar)
def iterator_get_device(k: Any, iterator: Iterator) -> np.ndarray:
    """Where an iterator is: on the host."""
    return boxed(b"/job:localhost/replica:0/task:0/device:CPU:0")


# -- single elements -----------------------------------------------------------------------------------


@kernel("DatasetToSingleElement", resource=True, infer=_components)
def dataset_to_single_element(k: Any, dataset: Any) -> Row:
    """The only element."""
    rows = source_of(dataset).rows(Context())
    try:
        row = rows.next()
        if row is None:
            raise InvalidArgumentError(None, None, "Dataset was empty.")
        if rows.next() is not None:
            raise InvalidArgumentError(None, None, "Dataset had more than one element.")
    finally:
        rows.close()
    return row


@kernel("DatasetCardinality", "ExperimentalDatasetCardinality", on_host=True, infer=_scalar)
def dataset_cardinality(k: Any, dataset: Any) -> np.ndarray:
    """How many elements there are."""
    return np.array(source_of(dataset).cardinality(), np.int64)


@kernel("DatasetToTFRecord", "ExperimentalDatasetToTFRecord", resource=True, infer=_nothing)
def dataset_to_tf_record(k: Any, dataset: Any, filename: Any, compression_type: Any) -> tuple:
    """Write the elements to a TFRecord file."""
    rows = source_of(dataset).rows(Context())
    writer = RecordWriter(text(filename), text(compression_type))
    try:
        while (row := rows.next()) is not None:
            writer.write(cell(row[0]))
    finally:
        writer.close()
        rows.close()
    return ()


class _Optional:
    """An element, or that there is none."""

    __slots__ = ("row",)

    def __init__(self, row: Row | None):
        self.row = row


@kernel("OptionalFromValue", on_host=True, infer=_scalar)
def optional_from_value(k: Any, components: list[Any]) -> np.ndarray:
    """An element that there is."""
    return boxed(_Optional(tuple(components)))


@kernel("OptionalNone", on_host=True, infer=_scalar)
def optional_none(k: Any) -> np.ndarray:
    """That there is none."""
    return boxed(_Optional(None))


@kernel("OptionalHasValue", on_host=True, infer=_scalar)
def optional_has_value(k: Any, optional: Any) -> np.ndarray:
    """Whether there is one."""
    return np.array(_optional(optional).row is not None)


@kernel("OptionalGetValue", on_host=True, infer=_components)
def optional_get_value(k: Any, optional: Any) -> Row:
    """The element."""
    row = _optional(optional).row
    if row is None:
        raise InvalidArgumentError(None, None, "The given optional does not have a value.")
    return row


def _optional(variant: Any) -> _Optional:
    value = unboxed(variant)
    if not isinstance(value, _Optional):
        raise InvalidArgumentError(None, None, "The given variant does not hold an Optional.")
    return value

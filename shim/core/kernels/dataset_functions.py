"""Operations that make datasets with functions of elements."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from onevar.core.data import batching, grouping, mapping, parallel, selecting
from onevar.core.data.base import Context, boxed, cell, source_of
from onevar.core.data.functions import HostFunction
from onevar.core.data.mapping import Function
from onevar.core.kernel import kernel
from onevar.core.kernels.datasets import scalar
from onevar.core.op_errors import InvalidArgumentError

#: Declares how a dataset is made.
dataset = partial(kernel, on_host=True, infer=scalar)


@dataset("MapDataset")
def map_dataset(
    k: Any,
    source: Any,
    captured: list[Any],
    *,
    f: HostFunction,
    output_types: list,
    output_shapes: list,
    preserve_cardinality: bool,
) -> np.ndarray:
    """A function of each element."""
    function = Function(f, captured)
    return boxed(mapping.Map(source_of(source), function, output_types, output_shapes, preserve_cardinality))


@dataset("ParallelMapDataset", "ParallelMapDatasetV2")
def parallel_map_dataset(
    k: Any, source: Any, captured: list[Any], num_parallel_calls: Any, *, f: HostFunction, output_types: list,
    output_shapes: list, preserve_cardinality: bool, deterministic: str = "default",
) -> np.ndarray:  # fmt: skip
    """A function of each element, of several at a time."""
    return boxed(
        parallel.ParallelMap(
            source_of(source), Function(f, captured), cell(num_parallel_calls), output_types, output_shapes,
            deterministic != "false", preserve_cardinality,
        )
    )  # fmt: skip


@dataset("MapAndBatchDataset")
def map_and_batch_dataset(
    k: Any, source: Any, captured: list[Any], batch_size: Any, num_parallel_calls: Any, drop_remainder: Any, *,
    f: HostFunction, output_types: list, output_shapes: list, preserve_cardinality: bool,
) -> np.ndarray:  # fmt: skip
    """A function of each element, and its results together."""
    size = cell(batch_size)
    if size <= 0:
        raise InvalidArgumentError(None, None, "batch_size must be greater than zero.")
    shapes = [None if shape is None else shape[1:] for shape in output_shapes]
    mapped = parallel.ParallelMap(
        source_of(source), Function(f, captured), cell(num_parallel_calls), output_types, shapes, True,
        preserve_cardinality,
    )  # fmt: skip
    return boxed(batching.WholeBatch(mapped, size, bool(cell(drop_remainder)), output_types, output_shapes))


@dataset("FilterDataset", "ParallelFilterDataset")
def filter_dataset(k: Any, source: Any, captured: list[Any], *_: Any, predicate: HostFunction) -> np.ndarray:
    """The elements for which a function is true."""
    return boxed(selecting.Filter(source_of(source), Function(predicate, captured)))


@dataset("TakeWhileDataset")
def take_while_dataset(k: Any, source: Any, captured: list[Any], *, predicate: HostFunction) -> np.ndarray:
    """The elements until a function is false."""
    return boxed(selecting.TakeWhile(source_of(source), Function(predicate, captured)))


@dataset("FlatMapDataset")
def flat_map_dataset(
    k: Any, source: Any, captured: list[Any], *, f: HostFunction, output_types: list, output_shapes: list
) -> np.ndarray:
    """The elements of the datasets of a function."""
    return boxed(mapping.FlatMap(source_of(source), Function(f, captured), output_types, output_shapes))


@dataset("InterleaveDataset")
def interleave_dataset(
    k: Any, source: Any, captured: list[Any], cycle: Any, block: Any, *, f: HostFunction, output_types: list,
    output_shapes: list,
) -> np.ndarray:  # fmt: skip
    """The elements of the datasets of a function, in turns."""
    function = Function(f, captured)
    return boxed(
        mapping.Interleave(source_of(source), function, _cycle(cycle), cell(block), output_types, output_shapes)
    )


def _cycle(value: Any) -> int:
    found = cell(value)
    return parallel.thread_count(-1) if found == -1 else found


@dataset("ParallelInterleaveDatasetV2", "ParallelInterleaveDatasetV3", "ParallelInterleaveDatasetV4")
def parallel_interleave_dataset(
    k: Any, source: Any, captured: list[Any], cycle: Any, block: Any, *rest: Any, f: HostFunction,
    output_types: list, output_shapes: list, deterministic: str = "default",
) -> np.ndarray:  # fmt: skip
    """The elements of the datasets of a function, in turns, read at the same time."""
    calls = parallel.thread_count(cell(rest[-1]))
    cycle_length, block_length = _cycle(cycle), cell(block)
    if calls > cycle_length > 0:
        calls = cycle_length
    return boxed(
        parallel.ParallelInterleave(
            source_of(source), Function(f, captured), cycle_length, block_length, max(2, 2 * block_length), 0,
            output_types, output_shapes, deterministic != "false",
        )
    )  # fmt: skip


@dataset("ParallelInterleaveDataset")
def sloppy_interleave_dataset(
    k: Any, source: Any, captured: list[Any], cycle: Any, block: Any, sloppy: Any, buffered: Any, prefetched: Any, *,
    f: HostFunction, output_types: list, output_shapes: list,
) -> np.ndarray:  # fmt: skip
    """The elements of the datasets of a function, in turns, read at the same time."""
    return _legacy(
        source, captured, cycle, block, buffered, prefetched, f, output_types, output_shapes, not cell(sloppy)
    )


@dataset("LegacyParallelInterleaveDatasetV2")
def legacy_parallel_interleave_dataset(
    k: Any, source: Any, captured: list[Any], cycle: Any, block: Any, buffered: Any, prefetched: Any, *,
    f: HostFunction, output_types: list, output_shapes: list, deterministic: str,
) -> np.ndarray:  # fmt: skip
    """The elements of the datasets of a function, in turns, read at the same time."""
    ordered = deterministic != "false"
    return _legacy(source, captured, cycle, block, buffered, prefetched, f, output_types, output_shapes, ordered)


def _legacy(
    source: Any, captured: list[Any], cycle: Any, block: Any, buffered: Any, prefetched: Any, function: HostFunction,
    types: list, shapes: list, ordered: bool,
) -> np.ndarray:  # fmt: skip
    waiting, staged = cell(buffered), cell(prefetched)
    if waiting == 0 or waiting < -1:
        raise InvalidArgumentError(None, None, "`buffer_output_elements` must be > 0 or -1")
    if staged < -1:
        raise InvalidArgumentError(None, None, "`prefetch_input_elements` must be >= 0 or -1")
    count, length = cell(cycle), cell(block)
    return boxed(
        parallel.ParallelInterleave(
            source_of(source), Function(function, captured), count, length,
            2 * length if waiting == -1 else waiting, 2 * count if staged == -1 else staged, types, shapes, ordered,
        )
    )  # fmt: skip


@dataset("ScanDataset")
def scan_dataset(
    k: Any, source: Any, state: list[Any], captured: list[Any], *, f: HostFunction, output_types: list,
    output_shapes: list, preserve_cardinality: bool,
) -> np.ndarray:  # fmt: skip
    """A function of a state and each element."""
    function = Function(f, captured)
    return boxed(mapping.Scan(source_of(source), state, function, output_types, output_shapes, preserve_cardinality))


@dataset("GroupByWindowDataset")
def group_by_window_dataset(
    k: Any, source: Any, for_key: list[Any], for_reduce: list[Any], for_size: list[Any], *, key_func: HostFunction,
    reduce_func: HostFunction, window_size_func: HostFunction, output_types: list, output_shapes: list,
) -> np.ndarray:  # fmt: skip
    """Elements with one key together, in windows."""
    return boxed(
        grouping.GroupByWindow(
            source_of(source), Function(key_func, for_key), Function(reduce_func, for_reduce),
            Function(window_size_func, for_size), output_types, output_shapes,
        )
    )  # fmt: skip


@dataset("GroupByReducerDataset", "ExperimentalGroupByReducerDataset")
def group_by_reducer_dataset(
    k: Any, source: Any, for_key: list[Any], for_init: list[Any], for_reduce: list[Any], for_finalize: list[Any], *,
    key_func: HostFunction, init_func: HostFunction, reduce_func: HostFunction, finalize_func: HostFunction,
    output_types: list, output_shapes: list,
) -> np.ndarray:  # fmt: skip
    """One result for all elements with one key."""
    return boxed(
        grouping.GroupByReducer(
            source_of(source), Function(key_func, for_key), Function(init_func, for_init),
            Function(reduce_func, for_reduce), Function(finalize_func, for_finalize), output_types, output_shapes,
        )
    )  # fmt: skip


@dataset("GeneratorDataset")
def generator_dataset(
    k: Any,
    for_init: list[Any],
    for_next: list[Any],
    for_finalize: list[Any],
    *,
    init_func: HostFunction,
    next_func: HostFunction,
    finalize_func: HostFunction,
    output_types: list,
    output_shapes: list,
) -> np.ndarray:
    """The elements that a function makes, until it says that there are no more."""
    own = len(init_func.graph.arguments)
    return boxed(
        mapping.Generated(
            Function(init_func, for_init[own:]), for_init[:own], Function(next_func, for_next),
            Function(finalize_func, for_finalize), output_types, output_shapes,
        )
    )  # fmt: skip


def _components(*_: Any, output_shapes: list) -> list[Any]:
    return list(output_shapes)


@kernel("ReduceDataset", resource=True, infer=_components)
def reduce_dataset(
    k: Any,
    source: Any,
    state: list[Any],
    captured: list[Any],
    *,
    f: HostFunction,
) -> Sequence[Any]:
    """The last state of a function of a state and each element."""
    context = Context()
    call = Function(f, captured).call(context)
    rows = source_of(source).rows(context)
    try:
        while (row := rows.next()) is not None:
            state = list(call((*state, *row)))
    finally:
        rows.close()
    return state

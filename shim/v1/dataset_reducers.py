"""Reductions by key, and older names of batches: `tf.data.experimental.group_by_reducer`, `tf.contrib.data`."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.dataset_experimental import Transformation, both
from onevar.v1.dataset_structure import tensor_of
from onevar.v1.dataset_tracing import TracedFunction
from onevar.v1.export import export, export_value
from onevar.v1.type_specs import TensorSpec


class Reducer:
    """Three functions: how a reduction begins, goes on and ends.

    Args:
        init_func: The first state, of a key.
        reduce_func: The next state, of a state and an element.
        finalize_func: The result, of the last state.
    """

    def __init__(
        self, init_func: Callable[..., Any], reduce_func: Callable[..., Any], finalize_func: Callable[..., Any]
    ):
        self._functions = init_func, reduce_func, finalize_func

    @property
    def init_func(self) -> Callable[..., Any]:
        """The first state, of a key."""
        return self._functions[0]

    @property
    def reduce_func(self) -> Callable[..., Any]:
        """The next state, of a state and an element."""
        return self._functions[1]

    @property
    def finalize_func(self) -> Callable[..., Any]:
        """The result, of the last state."""
        return self._functions[2]


for _name in both("Reducer"):
    export_value(_name, Reducer)


@export(*both("group_by_reducer"))
def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """Return what makes a dataset of one result for all elements with one key.

    Args:
        key_func: The key of an element, int64.
        reducer: How they are reduced.
    """
    from onevar.v1.dataset_maps import _as_int64, _check_number, _Loop, _reduced

    whole, number = "tf.data.experimental.group_by_reducer()", TensorSpec([], dtypes.int64)

    def apply(dataset: Any) -> Any:
        key = TracedFunction(_as_int64(key_func), whole, dataset.element_spec)
        _check_number(key, "key_func")
        begin = TracedFunction(reducer.init_func, whole, number)
        loop = _Loop(begin.spec, dataset.element_spec, reducer.reduce_func, whole)
        loop.settle(_reduced)
        end = TracedFunction(reducer.finalize_func, whole, loop.state)
        return dataset._next(
            "ExperimentalGroupByReducerDataset", end.spec, key_func=key.function, init_func=begin.function,
            reduce_func=loop.traced.function, finalize_func=end.function, key_func_other_arguments=key.captured,
            init_func_other_arguments=begin.captured, reduce_func_other_arguments=loop.traced.captured,
            finalize_func_other_arguments=end.captured,
        )  # fmt: skip

    return apply


@export("contrib.data.reduce_dataset")
def reduce_dataset(dataset: Any, reducer: Reducer) -> Any:
    """Return what a reducer makes of all elements.

    Args:
        dataset: The dataset.
        reducer: How they are reduced.
    """
    state = reducer.init_func(tensor_of(0, dtypes.int64))
    return reducer.finalize_func(dataset.reduce(state, reducer.reduce_func))


@export("contrib.data.batch_and_drop_remainder")
def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Return what makes a dataset of batches of one size.

    Args:
        batch_size: The size.
    """
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


@export("contrib.data.padded_batch_and_drop_remainder")
def padded_batch_and_drop_remainder(batch_size: Any, padded_shapes: Any, padding_values: Any = None) -> Transformation:
    """Return what makes a dataset of padded batches of one size.

    Args:
        batch_size: The size.
        padded_shapes: As for `padded_batch`.
        padding_values: As for `padded_batch`.
    """
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)

"""Methods of datasets that call functions of elements."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.context import executing_eagerly
from onevar.v1.dataset_batches import decided
from onevar.v1.dataset_core import AUTOTUNE, BaseDataset, DatasetSpec, check_name, dataset_op, flat_attrs, integer
from onevar.v1.dataset_structure import (
    flat,
    flat_types,
    from_flat,
    nested,
    normalized,
    packed,
    spec_of_element,
    tensor_of,
    to_flat,
)
from onevar.v1.dataset_tracing import TracedFunction
from onevar.v1.shape_relations import common_shape
from onevar.v1.type_specs import TensorSpec


class DatasetMaps(BaseDataset):
    """Methods with functions."""

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: bool | None = None,
        synchronous: bool | None = None, use_unbounded_threadpool: bool = False, name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of a function of each element.

        Args:
            map_func: The function; called with the components of an element.
            num_parallel_calls: How many elements at a time; `AUTOTUNE` leaves it open.
            deterministic: Whether results come in the order of the elements.
            synchronous: Whether it is computed by who asks.
            use_unbounded_threadpool: Accepted.
            name: Of the dataset.

        Raises:
            ValueError: `synchronous` with `num_parallel_calls`.
        """
        check_name(name)
        if num_parallel_calls is not None and synchronous:
            raise ValueError(
                f"`synchronous` is not supported with `num_parallel_calls`, but `num_parallel_calls` was set to "
                f"{num_parallel_calls}"
            )
        traced = TracedFunction(map_func, "Dataset.map()", self.element_spec)
        arguments = {"f": traced.function, "other_arguments": traced.captured, "preserve_cardinality": False}
        if num_parallel_calls is None:
            return self._next("MapDataset", traced.spec, **arguments)
        calls = integer(num_parallel_calls, "num_parallel_calls")
        return self._next(
            "ParallelMapDatasetV2", traced.spec, num_parallel_calls=calls, deterministic=decided(deterministic),
            **arguments,
        )  # fmt: skip

    def map_with_legacy_function(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: bool | None = None,
        use_unbounded_threadpool: bool = False,
    ) -> Any:  # fmt: skip
        """As `map`.

        Args:
            map_func: The function.
            num_parallel_calls: How many elements at a time.
            deterministic: Whether results come in the order of the elements.
            use_unbounded_threadpool: Accepted.
        """
        return self.map(map_func, num_parallel_calls, deterministic)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """Return a dataset of the elements for which a function is true.

        Args:
            predicate: The function.
            name: Of the dataset.

        Raises:
            ValueError: It returns no scalar truth value.
        """
        check_name(name)
        traced = TracedFunction(predicate, "Dataset.filter()", self.element_spec)
        if not _is_scalar(traced.spec, dtypes.bool):
            raise ValueError(
                "Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor, but its return type is "
                f"{traced.spec}."
            )
        return self._next("FilterDataset", predicate=traced.function, other_arguments=traced.captured)

    def filter_with_legacy_function(self, predicate: Callable[..., Any]) -> Any:
        """As `filter`.

        Args:
            predicate: The function.
        """
        return self.filter(predicate)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """Return a dataset of the elements until a function is false for one.

        Args:
            predicate: The function.
            name: Of the dataset.

        Raises:
            ValueError: It returns no scalar truth value.
        """
        check_name(name)
        traced = TracedFunction(predicate, "Dataset.take_while()", self.element_spec)
        if not _is_scalar(traced.spec, dtypes.bool):
            raise ValueError(
                f"Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor but its return type is"
                f"{traced.spec}."
            )
        return self._next("TakeWhileDataset", predicate=traced.function, other_arguments=traced.captured)

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Any:
        """Return a dataset of the elements of the datasets that a function returns, one dataset after the other.

        Args:
            map_func: The function.
            name: Of the dataset.

        Raises:
            TypeError: It returns no dataset.
        """
        check_name(name)
        traced = dataset_function(map_func, "Dataset.flat_map()", self.element_spec)
        return self._next(
            "FlatMapDataset", traced.spec.element_spec, f=traced.function, other_arguments=traced.captured
        )

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: Any = None, block_length: Any = None,
        num_parallel_calls: Any = None, deterministic: bool | None = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of the elements of the datasets that a function returns, in turns.

        Args:
            map_func: The function.
            cycle_length: How many datasets are walked through at a time; None leaves it open.
            block_length: How many elements of one come together; None: one.
            num_parallel_calls: How many are read at a time; `AUTOTUNE` leaves it open.
            deterministic: Whether a dataset that has nothing yet is waited for.
            name: Of the dataset.

        Raises:
            TypeError: `map_func` returns no dataset.
        """
        check_name(name)
        block_length = 1 if block_length is None else block_length
        cycle_length = AUTOTUNE if cycle_length is None else cycle_length
        traced = dataset_function(map_func, "Dataset.interleave()", self.element_spec)
        arguments = {
            "f": traced.function, "other_arguments": traced.captured,
            "cycle_length": integer(cycle_length, "cycle_length"),
            "block_length": integer(block_length, "block_length"),
        }  # fmt: skip
        spec = traced.spec.element_spec
        if num_parallel_calls is None:
            return self._next("InterleaveDataset", spec, **arguments)
        return self._next(
            "ParallelInterleaveDatasetV4", spec, buffer_output_elements=integer(AUTOTUNE, "buffer_output_elements"),
            prefetch_input_elements=integer(AUTOTUNE, "prefetch_input_elements"),
            num_parallel_calls=integer(num_parallel_calls, "num_parallel_calls"), deterministic=decided(deterministic),
            **arguments,
        )  # fmt: skip

    def scan(self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None) -> Any:
        """Return a dataset of what a function makes of a state and each element.

        Args:
            initial_state: The first state.
            scan_func: Of a state and an element; returns the next state and an element.
            name: Of the dataset.

        Raises:
            TypeError: It returns something else, or a state of another kind.
        """
        check_name(name)
        state = normalized(initial_state)
        loop = _Loop(spec_of_element(state), self.element_spec, scan_func, "Dataset.scan()")
        loop.settle(_scanned)
        return self._next(
            "ScanDataset", loop.traced.spec[1], f=loop.traced.function, other_arguments=loop.traced.captured,
            initial_state=to_flat(loop.state, state), preserve_cardinality=True,
        )  # fmt: skip

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None) -> Any:
        """Return the last state of a function of a state and each element.

        Args:
            initial_state: The first state.
            reduce_func: Of a state and an element; returns the next state.
            name: Of the dataset.

        Raises:
            TypeError: It returns a state of another kind.
        """
        from onevar.core.name_scope import name_scope

        check_name(name)
        with name_scope("initial_state", "initial_state"):
            state = normalized(initial_state)
        loop = _Loop(spec_of_element(state), self.element_spec, reduce_func, "reduce()")
        loop.settle(_reduced)
        spec = loop.state
        tensors = dataset_op(
            "ReduceDataset", input_dataset=self._variant_tensor, initial_state=to_flat(spec, state),
            other_arguments=loop.traced.captured, f=loop.traced.function, **flat_attrs(spec),
        )  # fmt: skip
        if executing_eagerly():
            from onevar.v1.dataset_iterator import element_of

            return element_of(spec, tensors)
        return from_flat(spec, tensors)

    def group_by_window(
        self, key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        """Return a dataset of what a function makes of windows of elements with one key.

        Args:
            key_func: The key of an element, int64.
            reduce_func: Of a key and a dataset of elements; returns a dataset.
            window_size: How many elements make a window.
            window_size_func: How many of those with a key.
            name: Of the dataset.

        Raises:
            TypeError: `reduce_func` returns no dataset.
            ValueError: Nothing says how large windows are, or a key is no number.
        """
        check_name(name)
        if (window_size is None) == (window_size_func is None):
            raise ValueError("Either the `window_size` argument or the `window_size_func` argument must be specified.")
        if window_size_func is None:
            window_size_func = _always(window_size)
        whole, number = "Dataset.group_by_window()", TensorSpec([], dtypes.int64)
        key = TracedFunction(_as_int64(key_func), whole, self.element_spec)
        _check_number(key, "key_func")
        reduce = TracedFunction(reduce_func, whole, (number, DatasetSpec(self.element_spec)))
        if not isinstance(reduce.spec, DatasetSpec):
            raise TypeError(
                "Invalid `reduce_func`. `reduce_func` must return a single `tf.data.Dataset` object but its return "
                f"type is {reduce.spec}."
            )
        size = TracedFunction(_as_int64(window_size_func), whole, number)
        _check_number(size, "window_size_func")
        return self._next(
            "GroupByWindowDataset", reduce.spec.element_spec, key_func=key.function, reduce_func=reduce.function,
            window_size_func=size.function, key_func_other_arguments=key.captured,
            reduce_func_other_arguments=reduce.captured, window_size_func_other_arguments=size.captured,
        )  # fmt: skip

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Return what a function makes of the dataset.

        Args:
            transformation_func: The function.

        Raises:
            TypeError: It returns no dataset.
        """
        made = transformation_func(self)
        if not isinstance(made, BaseDataset):
            raise TypeError(f"`transformation_func` must return a `tf.data.Dataset` object. Got {type(made)}.")
        return made


def dataset_function(function: Callable[..., Any], transformation: str, spec: Any) -> TracedFunction:
    """Return a traced function that returns a dataset.

    Args:
        function: The function.
        transformation: What it is for, in messages.
        spec: What describes the elements that it takes.

    Raises:
        TypeError: It returns something else.
    """
    traced = TracedFunction(function, transformation, spec)
    if not isinstance(traced.spec, DatasetSpec):
        kind = traced.spec.value_type if hasattr(traced.spec, "value_type") else type(traced.spec)
        raise TypeError(f"The `map_func` argument must return a `Dataset` object. Got {kind!r}.")
    return traced


def _is_scalar(spec: Any, dtype: Any) -> bool:
    return isinstance(spec, TensorSpec) and spec.dtype is dtype and spec.shape.is_compatible_with([])


def _check_number(traced: TracedFunction, name: str) -> None:
    if not _is_scalar(traced.spec, dtypes.int64):
        raise ValueError(
            f"Invalid `{name}`. `{name}` must return a single `tf.int64` scalar tensor but its return type is "
            f"{traced.spec}."
        )


def _always(size: Any) -> Callable[[Any], Any]:
    return lambda _: tensor_of(size, dtypes.int64)


def _as_int64(function: Callable[..., Any]) -> Callable[..., Any]:
    def key_func(*element: Any) -> Any:
        return tensor_of(function(*element), dtypes.int64)

    return key_func


class _Loop:
    """A function of a state and elements, traced until the shape of the state is what comes of it."""

    def __init__(self, state: Any, element: Any, function: Callable[..., Any], transformation: str):
        self.state, self.element = state, element
        self.function, self.transformation = function, transformation

    def settle(self, state_of: Callable[[Any, Any], Any]) -> None:
        """Trace it.

        Args:
            state_of: The description of the next state, of what the function returns and of the state.
        """
        while True:
            self.traced = TracedFunction(self.function, self.transformation, (self.state, self.element))
            new = state_of(self.traced.spec, self.state)
            relaxed = [_relaxed(a, b) for a, b in zip(flat(self.state), flat(new), strict=True)]
            if all(a == b for a, b in zip(relaxed, flat(self.state), strict=True)):
                return
            self.state = packed(self.state, relaxed) if nested(self.state) else relaxed[0]


def _relaxed(old: Any, new: Any) -> Any:
    if isinstance(old, TensorSpec):
        return TensorSpec(common_shape(old.shape, new.shape), old.dtype)
    return old


def _scanned(returned: Any, state: Any) -> Any:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(
            "Invalid `scan_func`. `scan_func` should return a pair consisting of new state and the output value but "
            f"its return type is {returned}."
        )
    _check_state(
        returned[0], state, "Invalid `scan_func`. The element {} for the new state must match the initial state. "
        "Expected {}, got {}.",
    )  # fmt: skip
    return returned[0]


def _reduced(returned: Any, state: Any) -> Any:
    _check_state(
        returned, state, "The element {} for the new state must match the initial state. Expected {} but got {}."
    )
    return returned


def _check_state(new: Any, state: Any, message: str) -> None:
    from onevar.v1.dataset_structure import legacy

    mine, theirs = flat(state), flat(new)
    if len(mine) != len(theirs) or any(type(a) is not type(b) for a, b in zip(mine, theirs, strict=True)):
        raise TypeError(message.format("classes", legacy(state, "classes"), legacy(new, "classes")))
    if flat_types(state) != flat_types(new):
        raise TypeError(message.format("types", legacy(state, "types"), legacy(new, "types")))

"""`tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`: loops over the first axis of tensors."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.func_graph import trace
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, is_nested, pack
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import dims_of, dtype_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.while_ops import while_loop


def _packed(structure: Any, leaves: Sequence[Any]) -> Any:
    return pack(structure, leaves) if is_nested(structure) else leaves[0]


def _check(fn: Any, elems: Any) -> None:
    if not callable(fn):
        raise TypeError(f"{fn.__name__} is not callable." if hasattr(fn, "__name__") else "fn must be callable.")
    for leaf in flatten(elems):
        if hasattr(leaf, "dense_shape"):
            raise TypeError(
                "To perform a map over the values of a sparse tensor use either "
                "SparseTensor(input.indices, fn(input.values), input.dense_shape) or "
                "SparseTensor(input.indices, map_fn(fn, input.values), input.dense_shape)"
            )


def _parallel(given: int | None) -> int:
    return 10 if given is None else given


class _Elements:
    """What is looped over: tensors of a common first size, as TensorArrays.

    Args:
        elems: A nested structure of what tensors are made of.
        shaped: Whether the arrays are told the shape of their elements.
    """

    def __init__(self, elems: Any, shaped: bool):
        self.structure = elems
        self.tensors = [convert_to_tensor(elem, name="elem") for elem in flatten(elems)]
        self.shaped = shaped
        for tensor in self.tensors:
            if dims_of(tensor) == ():
                raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
        self.size = self._size()
        # A known size of zero is computed, as in TensorFlow.
        self.count: Any = self.size or shape(self.tensors[0])[0]

    def _size(self) -> int | None:
        """Return the first size, if it is known.

        Raises:
            ValueError: Tensors have different ones.
        """
        known: int | None = None
        for tensor in self.tensors:
            dims = dims_of(tensor)
            if dims is None or dims[0] is None:
                continue
            if known is not None and known != dims[0]:
                raise ValueError(f"Dimensions {known} and {dims[0]} are not compatible")
            known = dims[0]
        # The first tensor decides, as in TensorFlow: what others know is used for the result.
        first = dims_of(self.tensors[0])
        self.known = known
        return None if first is None or first[0] is None else first[0]

    def arrays(self, one_by_one: bool = False) -> list[TensorArray]:
        """Return an array for each tensor, with its rows.

        Args:
            one_by_one: Whether each is filled before the next is made: the order of operations.
        """
        if one_by_one:
            return [self._array(tensor).unstack(tensor) for tensor in self.tensors]
        made = [self._array(tensor) for tensor in self.tensors]
        return [array.unstack(tensor) for array, tensor in zip(made, self.tensors, strict=True)]

    def _array(self, tensor: Any) -> TensorArray:
        known = shape_of(tensor)[1:] if self.shaped and shape_of(tensor).ndims else None
        return TensorArray(dtype_of(tensor), size=self.count, dynamic_size=False, infer_shape=True, element_shape=known)

    def at(self, arrays: Sequence[TensorArray], index: Any) -> Any:
        """Return the elements at an index."""
        return _packed(self.structure, [array.read(index) for array in arrays])

    def stacked(self, arrays: Sequence[TensorArray]) -> list[Any]:
        """Return the results that are in arrays."""
        results = [array.stack() for array in arrays]
        for result in results:
            known = shape_of(result)
            if known.ndims is not None:
                set_shape(result, TensorShape([self.known]).concatenate(known[1:]))
        return results


@export("map_fn")
def map_fn(
    fn: Callable, elems: Any, dtype: Any = None, parallel_iterations: int | None = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """Return `fn` of each element along the first axis, stacked.

    Args:
        fn: Of an element, or of a structure of elements where `elems` is one.
        elems: A tensor or a nested structure of tensors with a common first size.
        dtype: The structure of dtypes that `fn` returns, where it is not that of `elems`.
        parallel_iterations: Accepted.
        back_prop: Whether gradients flow through it.
        swap_memory: Accepted.
        infer_shape: Whether all results of `fn` have one shape.
        name: Of the scope.
        fn_output_signature: `dtype`, under its newer name; a `TensorSpec` stands for its dtype.

    Returns:
        The results, in the structure that `fn` returns.

    Raises:
        TypeError: `fn` cannot be called, or an element is sparse.
        ValueError: Elements are scalars or of different sizes, or `fn` returns another structure.
    """
    signature = dtype if fn_output_signature is None else fn_output_signature
    _check(fn, elems)
    if not flatten(elems):
        raise ValueError(
            f"elems must be a Tensor or (possibly nested) sequence of Tensors. Got {elems}, which does not contain "
            "any Tensors."
        )
    with name_scope(name, "map", flatten(elems)):
        given = _Elements(elems, shaped=False)
        wanted = _map_dtypes(signature, given)
        arrays = given.arrays()
        start = constant(0)
        results = [
            TensorArray(kind, size=given.count, dynamic_size=False, infer_shape=infer_shape)
            for kind in flatten(wanted)
        ]  # fmt: skip

        def compute(i: Any, written: Any) -> Any:
            returned = fn(given.at(arrays, i))
            assert_same_structure(wanted, returned)
            values = flatten(returned)
            written = [array.write(i, value) for array, value in zip(written, values, strict=True)]
            return i + 1, written

        _, filled = while_loop(
            lambda i, _: i < given.count, compute, (start, results), parallel_iterations=_parallel(parallel_iterations),
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=given.count,
        )  # fmt: skip
        return _packed(wanted, given.stacked(filled))


def _map_dtypes(signature: Any, given: _Elements) -> Any:
    """Return the structure of dtypes that a mapped function returns."""
    if signature is None:
        return _packed(given.structure, [dtype_of(tensor) for tensor in given.tensors])
    kinds: list[DType] = [as_dtype(getattr(leaf, "dtype", leaf)) for leaf in flatten(signature)]
    return _packed(signature, kinds)


@export("scan")
def scan(
    fn: Callable, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return all values of an accumulator that `fn` of it and each element makes anew, stacked.

    Args:
        fn: Of the accumulator and an element.
        elems: A tensor or a nested structure of tensors with a common first size.
        initializer: The first accumulator; None is the first element.
        parallel_iterations: Accepted.
        back_prop: Whether gradients flow through it.
        swap_memory: Accepted.
        infer_shape: Whether the accumulator's shape is told to the result.
        reverse: Begin with the last element.
        name: Of the scope.

    Returns:
        The accumulators, one for each element and at its place.

    Raises:
        TypeError: `fn` cannot be called.
        ValueError: `fn` returns another structure, or shapes do not go together.
    """
    _check(fn, elems)
    with name_scope(name, "scan", flatten(elems)):
        given = _Elements(elems, shaped=True)
        arrays, n = given.arrays(), given.count
        like = elems if initializer is None else initializer
        if initializer is None:
            accumulator = [array.read(n - 1 if reverse else 0) for array in arrays]
            begin = 1
        else:
            accumulator, begin = [convert_to_tensor(part) for part in flatten(initializer)], 0
        results = [
            TensorArray(
                dtype_of(part),
                size=n,
                element_shape=shape_of(part) if infer_shape else None,
                dynamic_size=False,
                infer_shape=infer_shape,
            )
            for part in accumulator
        ]
        if initializer is None:
            results = [
                array.write(n - 1 if reverse else 0, part) for array, part in zip(results, accumulator, strict=True)
            ]
        first = n - 1 - begin if reverse else begin

        def compute(i: Any, parts: Any, written: Any) -> Any:
            now = given.at(arrays, i)
            returned = fn(_packed(like, parts), now)
            assert_same_structure(like, returned)
            values = flatten(returned)
            written = [array.write(i, value) for array, value in zip(written, values, strict=True)]
            return i - 1 if reverse else i + 1, values, written

        _, _, filled = while_loop(
            lambda i, *_: i >= 0 if reverse else i < n, compute, (first, accumulator, results),
            parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory,
            maximum_iterations=n,
        )  # fmt: skip
        return _packed(like, given.stacked(filled))


@export("foldl")
def foldl(
    fn: Callable, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the accumulator that `fn` of it and each element, from the first on, ends with.

    Args:
        fn: Of the accumulator and an element.
        elems: A tensor or a nested structure of tensors with a common first size.
        initializer: The first accumulator; None is the first element.
        parallel_iterations: Accepted.
        back_prop: Whether gradients flow through it.
        swap_memory: Accepted.
        name: Of the scope.

    Raises:
        TypeError: `fn` cannot be called.
    """
    _check(fn, elems)
    with name_scope(name, "foldl", flatten(elems)):
        given = _Elements(elems, shaped=False)
        arrays, n = given.arrays(one_by_one=True), given.count
        if initializer is None:
            accumulator = given.at(arrays, 0)
            i = constant(1)
        else:
            accumulator, i = initializer, constant(0)

        def compute(i: Any, accumulator: Any) -> Any:
            elements = given.at(arrays, i)
            accumulator = fn(accumulator, elements)
            return [i + 1, accumulator]

        _, result = while_loop(
            lambda i, _: i < n, compute, [i, accumulator], parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        return result


@export("foldr")
def foldr(
    fn: Callable, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the accumulator that `fn` of it and each element, from the last on, ends with.

    Args:
        fn: Of the accumulator and an element.
        elems: A tensor or a nested structure of tensors with a common first size.
        initializer: The first accumulator; None is the last element.
        parallel_iterations: Accepted.
        back_prop: Whether gradients flow through it.
        swap_memory: Accepted.
        name: Of the scope.

    Raises:
        TypeError: `fn` cannot be called.
    """
    _check(fn, elems)
    with name_scope(name, "foldr", flatten(elems)):
        given = _Elements(elems, shaped=False)
        arrays, n = given.arrays(one_by_one=True), given.count
        if initializer is None:
            i = n - 1
            accumulator = given.at(arrays, i)
        else:
            i, accumulator = n, initializer

        def compute(i: Any, accumulator: Any) -> Any:
            i = i - 1
            elements = given.at(arrays, i)
            accumulator = fn(accumulator, elements)
            return [i, accumulator]

        _, result = while_loop(
            lambda i, _: i > 0, compute, [i, accumulator], parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        return result


@export("vectorized_map")
def vectorized_map(fn: Callable, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """Return `fn` of each element along the first axis, stacked: `map_fn`, whose structure is what `fn` returns.

    TensorFlow rewrites `fn` for all elements at once; here they are computed one after the other.

    Args:
        fn: Of an element, or of a structure of elements where `elems` is one.
        elems: A tensor or a nested structure of tensors with a common first size.
        fallback_to_while_loop: Accepted.
        warn: Accepted.

    Raises:
        ValueError: Elements are scalars or of different sizes.
    """
    given = [convert_to_tensor(elem, name="elem") for elem in flatten(elems)]
    probe = _probe(fn, elems, given)
    return map_fn(fn, _packed(elems, given), dtype=probe)


def _probe(fn: Callable, elems: Any, given: Sequence[Any]) -> Any:
    """Return the structure of dtypes that `fn` returns."""
    if executing_eagerly():
        returned = fn(_packed(elems, [_first(tensor) for tensor in given]))
        return _packed(returned, [dtype_of(convert_to_tensor(part)) for part in flatten(returned)])

    def traced(*stand_ins: Any) -> Any:
        returned = fn(_packed(elems, stand_ins))
        return _packed(returned, [dtype_of(convert_to_tensor(part)) for part in flatten(returned)])

    rows = [_Row(dtype_of(tensor), Spec(shape_of(tensor)[1:].tuple, dtype_of(tensor).key)) for tensor in given]
    return trace("vectorized_map", get_default_graph(), traced, rows)[1]


def _first(tensor: Any) -> Any:
    """Return a row; zeros if there is none."""
    dims = dims_of(tensor) or ()
    return tensor[0] if not dims or dims[0] else zeros(dims[1:], dtype_of(tensor))


class _Row:
    """Dtype and spec of a row of a tensor."""

    def __init__(self, dtype: DType, spec: Spec):
        self.dtype, self.spec = dtype, spec

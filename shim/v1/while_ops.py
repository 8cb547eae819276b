"""`tf.while_loop`: an operation that holds the graphs of its condition and its body."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.constant import constant, constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.func_graph import FuncGraph, trace
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, is_nested, map_structure
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.body_gradients import with_gradients
from onevar.v1.composites import components, composite
from onevar.v1.export import export
from onevar.v1.function_bodies import add_functional, as_result, captures_of, restored


@export("while_loop")
def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None, maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Return the loop's variables after `body` was applied to them while `cond` held.

    Args:
        cond: Of the variables, to a scalar bool tensor.
        body: Of the variables, to new ones of the same structure, dtypes and shapes.
        loop_vars: A nested structure of tensors and TensorArrays: the first values.
        shape_invariants: For each variable a shape that holds in every iteration; where it is not given the first
            value's shape has to.
        parallel_iterations: Accepted: how a loop is scheduled is the framework's affair.
        back_prop: Whether gradients flow through the loop.
        swap_memory: Accepted.
        name: Of the operation.
        maximum_iterations: Stop after so many; a scalar.
        return_same_structure: Return `loop_vars`' structure; otherwise a single variable comes by itself.

    Raises:
        TypeError: `cond` or `body` cannot be called, or `cond` returns no bool.
        ValueError: There are no variables, or `body` returns others.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if not isinstance(parallel_iterations, int | np.integer) or parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    structure = list(loop_vars) if isinstance(loop_vars, tuple) and not hasattr(loop_vars, "_fields") else loop_vars
    if not is_nested(structure):
        structure = [structure]
    if not flatten(structure):
        raise ValueError("'loop_vars' must be provided.")
    if executing_eagerly():
        return _eager_loop(cond, body, structure, maximum_iterations, return_same_structure)
    with name_scope(name, "while", None):
        limit = None if maximum_iterations is None else _limit(maximum_iterations)
        loop = _Loop(cond, body, structure, shape_invariants, limit, back_prop)
        result = loop.build()
    if not return_same_structure and _is_one(structure):
        return flatten(result)[0]
    # As TensorFlow does: a list or a tuple by what the body returned.
    return tuple(result) if loop.returns_tuple and isinstance(result, list) else result


def _limit(maximum: Any) -> Tensor:
    limit = convert_to_tensor(maximum, name="maximum_iterations")
    if limit.shape.ndims not in (0, None):
        raise ValueError(f"'maximum_iterations' must be a scalar. Received shape: {limit.shape}")
    # TensorFlow counts in a variable of the loop; here the loop itself does.
    constant(0, limit.dtype.base_dtype, name="iteration_counter")
    return limit


def _is_one(structure: Any) -> bool:
    """Whether a loop has one tensor for all its variables."""
    leaves = flatten(structure)
    return len(leaves) == 1 and len(components(leaves[0])) == 1


def _eager_loop(cond: Callable, body: Callable, structure: Any, maximum: Any, same: bool) -> Any:
    done, values, bare = 0, structure, False
    while (maximum is None or done < int(maximum)) and bool(cond(*values)):
        values = body(*values)
        if not isinstance(values, list | tuple):
            values, bare = [values], True
        assert_same_structure(list(structure), list(values), check_types=False)
        done += 1
    values = map_structure(lambda v: v if composite(v) else convert_to_tensor(v), values)
    # As TensorFlow does: one variable comes in a list if the body returned one.
    return values[0] if bare and not same else values


class _Loop:
    """A loop in the making."""

    def __init__(
        self, cond: Callable, body: Callable, structure: Any, invariants: Any, limit: Tensor | None, back_prop: bool
    ):
        self.cond, self.body, self.structure = cond, body, structure
        self.leaves = flatten(structure)
        self.first = [_entering(part) for leaf in self.leaves for part in components(leaf)]
        self.declared = invariants is not None
        self.specs = [Spec(t.spec.shape, t.dtype.key) for t in self.first]
        if invariants is not None:
            self._declare(invariants)
        self.back_prop = back_prop
        self.returns_tuple = False
        self.limit = limit

    def _declare(self, invariants: Any) -> None:
        shapes = _flat_shapes(invariants)
        if len(shapes) != len(self.leaves):
            raise ValueError(
                "The two structures don't have the same nested structure.\n\n'shape_invariants' must have one shape "
                f"for each of the {len(self.leaves)} loop variables. Received: {len(shapes)}."
            )
        declared = [part for leaf, shape in zip(self.leaves, shapes, strict=True) for part in _parts(leaf, shape)]
        for index, (tensor, shape) in enumerate(zip(self.first, declared, strict=True)):
            if shape is None:
                continue
            if not _includes(shape, tensor.shape):
                raise ValueError(
                    f"The shape invariant specified for {tensor.name} is not compatible with the initial shape of the "
                    f"loop variable. It enters the loop with shape {tensor.shape}, but the specified shape invariant "
                    f"is {shape}."
                )
            self.specs[index] = Spec(shape.tuple, tensor.dtype.key)

    def build(self) -> Any:
        graph = get_default_graph()
        label = graph.get_name_scope()
        test = self._condition(f"{label}/cond")
        loop, returned = self._traced(f"{label}/body", self._counted)
        self._record(with_gradients(loop), returned)
        if not self.back_prop:
            self.first = [_stopped(t) for t in self.first]
        attrs: dict[str, Any] = {"cond": test, "body": loop}
        # Inside a branch a first value may come from around it.
        inputs = [*(graph.capture(t) for t in self.first), *captures_of((test, loop))]
        known = None if self.limit is None else constant_value(self.limit)
        if known is not None:
            attrs["_maximum_iterations"] = int(known)
        elif self.limit is not None:
            attrs["_limit"] = limit = graph.capture(self.limit)
            inputs.append(limit)
        outputs = [(t.dtype.base_dtype, spec) for t, spec in zip(self.first, self.specs, strict=True)]
        operation: Operation = add_functional(graph, "While", "Exit", inputs, attrs, outputs, (test, loop))
        results = operation.outputs if self.back_prop else [_stopped(t) for t in operation.outputs]
        return restored(self.structure, results)

    def _condition(self, label: str) -> FuncGraph:
        def proceed(*values: Any) -> Any:
            self._name("Less")
            keep_going = self.cond(*values)
            self._name("LogicalAnd")
            return keep_going

        test, keep_going = self._traced(label, proceed)
        with test.as_default():
            tensor = convert_to_tensor(keep_going)
            if tensor.dtype.key != "bool":
                raise TypeError(
                    f"Input 'input' of 'LoopCond' Op has type {tensor.dtype.base_dtype.name} that does not match "
                    "expected type of bool."
                )
            test.results = [as_result(test, tensor)]
        return test

    def _counted(self, *values: Any) -> Any:
        self._name("add")
        return self.body(*values)

    def _name(self, name: str) -> None:
        """Use up a name that TensorFlow gives to what counts iterations."""
        if self.limit is not None:
            get_default_graph().name_for(name)

    def _traced(self, label: str, function: Callable) -> tuple[FuncGraph, Any]:
        stand_ins = [_Like(t.dtype.base_dtype, spec) for t, spec in zip(self.first, self.specs, strict=True)]
        return trace(label, get_default_graph(), lambda *args: function(*restored(self.structure, args)), stand_ins)

    def _record(self, loop: FuncGraph, returned: Any) -> None:
        if isinstance(returned, tuple) and not hasattr(returned, "_fields"):
            returned, self.returns_tuple = list(returned), True
        if not is_nested(returned):
            returned = [returned]
        self._check_structure(returned)
        leaves = flatten(returned)
        with loop.as_default():
            parts = [part for leaf in leaves for part in components(leaf)]
            for index, (part, first) in enumerate(zip(parts, self.first, strict=True)):
                loop.results.append(self._checked(loop, index, part, first))

    def _check_structure(self, returned: Any) -> None:
        expected = list(self.structure) if isinstance(self.structure, tuple) else self.structure
        found = list(returned) if isinstance(returned, tuple) else returned
        assert_same_structure(expected, found, check_types=False)
        for before, after in zip(self.leaves, flatten(returned), strict=True):
            if len(components(before)) != len(components(after)):
                raise ValueError(
                    "The two structures don't have the same nested structure. 'body' returned "
                    f"{type(after).__name__} for a loop variable that is {type(before).__name__}."
                )

    def _checked(self, loop: FuncGraph, index: int, part: Any, first: Tensor) -> Tensor:
        result = as_result(loop, convert_to_tensor(part, preferred_dtype=first.dtype.base_dtype))
        if result.dtype.base_dtype is not first.dtype.base_dtype:
            raise TypeError(
                f"'body' returned {result.dtype.base_dtype.name} for the loop variable {first.name}, which is "
                f"{first.dtype.base_dtype.name}. Cast it."
            )
        entered = TensorShape.of(self.specs[index].shape)
        if not _includes(entered, result.shape):
            if not self.declared:
                raise ValueError(
                    f"Input tensor '{first.name}' enters the loop with shape {entered}, but has shape {result.shape} "
                    "after one iteration. To allow the shape to vary across iterations, use the `shape_invariants` "
                    "argument of tf.while_loop to specify a less-specific shape."
                )
            raise ValueError(
                f"The shape of {first.name} after one iteration is {result.shape}, which its shape invariant {entered} "
                "does not include. Use the `shape_invariants` argument of tf.while_loop for a less-specific shape."
            )
        return result


class _Like:
    """Dtype and spec of what an argument of a body will be."""

    def __init__(self, dtype: Any, spec: Spec):
        self.dtype, self.spec = dtype, spec


def _entering(part: Any) -> Tensor:
    return part if isinstance(part, Tensor) else convert_to_tensor(part)


def _stopped(tensor: Tensor) -> Tensor:
    from onevar.core.build import op

    return op("StopGradient", input=tensor)


def _flat_shapes(invariants: Any) -> list[TensorShape | None]:
    if invariants is None or isinstance(invariants, TensorShape):
        return [None if invariants is None else as_shape(invariants)]
    if isinstance(invariants, dict):
        return [shape for key in sorted(invariants) for shape in _flat_shapes(invariants[key])]
    return [shape for item in invariants for shape in _flat_shapes(item)]


def _parts(leaf: Any, shape: TensorShape | None) -> list[TensorShape | None]:
    """Return the shapes of the tensors that a loop variable is made of, where the whole has a declared shape."""
    if not composite(leaf):
        return [TensorShape(None) if shape is None else shape]
    count = len(components(leaf))
    if shape is None or shape.ndims is None or count == 1:
        return [None] * count  # a TensorArray's flow is a scalar, whatever is in it
    if isinstance(leaf, IndexedSlices):
        rows = TensorShape([shape.as_list()[0]])
        return [*[shape, rows, TensorShape([shape.ndims])][:count]]
    return [*(TensorShape(dims) for dims in ([None, shape.ndims], [None], [shape.ndims]))]


def _includes(general: TensorShape, special: TensorShape) -> bool:
    """Whether every tensor of shape `special` has shape `general`."""
    if general.tuple is None:
        return True
    if special.tuple is None or len(special.tuple) != len(general.tuple):
        return False
    return all(g is None or g == s for g, s in zip(general.tuple, special.tuple, strict=True))

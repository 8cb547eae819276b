"""`tf.cond`, `tf.case`, `tf.while_loop`: operations that hold graphs.

What TensorFlow 1 spreads over Switch, Merge, Enter and Exit operations is one `If` or `While` operation
here; its outputs have the names of TensorFlow's last operations, `cond/Merge:0` and `while/Exit:0`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies, get_default_graph
from onevar.core.func_graph import FuncGraph, trace
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, flatten, is_nested, map_structure, pack
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.composites import components, composite, rebuilt
from onevar.v1.export import export


@export("cond")
def cond(
    pred: Any, true_fn: Callable | None = None, false_fn: Callable | None = None, strict: bool = False,
    name: str | None = None, fn1: Callable | None = None, fn2: Callable | None = None,
) -> Any:  # fmt: skip
    """Return what `true_fn()` returns where `pred` is true when the graph runs, else what `false_fn()` does.

    Only the operations of the branch that is chosen run, those that the function makes. What it uses
    from outside has run before, whichever branch is chosen.

    Args:
        pred: A scalar bool tensor.
        true_fn: Builds one branch.
        false_fn: Builds the other; the two return the same structure and dtypes.
        strict: Keep a list or tuple of one as it is.
        name: Of the operation.
        fn1: The old name of `true_fn`.
        fn2: The old name of `false_fn`.

    Raises:
        TypeError: `pred` is a Python bool, a branch cannot be called, or the branches return different dtypes.
        ValueError: The branches return different structures.
    """
    true_fn, false_fn = _renamed(true_fn, fn1, "true_fn", "fn1"), _renamed(false_fn, fn2, "false_fn", "fn2")
    if executing_eagerly():
        return _unpacked((true_fn if bool(pred) else false_fn)(), strict)
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    with name_scope(name, "cond", [pred]):
        return _built_cond(convert_to_tensor(pred, name="pred"), true_fn, false_fn, strict)


def _renamed(value: Callable | None, old: Callable | None, name: str, old_name: str) -> Callable:
    if old is not None:
        if value is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        value = old
    if value is None:
        raise TypeError(f"cond(): '{name}' argument required")
    if not callable(value):
        raise TypeError(f"{name} must be callable.")
    return value


def _built_cond(pred: Tensor, true_fn: Callable, false_fn: Callable, strict: bool) -> Any:
    if pred.dtype.key != "bool":
        raise TypeError(f"pred must be a bool tensor. Received: {pred!r}.")
    graph = get_default_graph()
    bodies, structures = [], []
    for label, function in (("then", true_fn), ("else", false_fn)):
        body, returned = trace(f"{graph.get_name_scope()}/{label}", graph, function)
        structures.append(_recorded(body, returned, strict))
        bodies.append(body)
    _check_alike(structures, bodies)
    outputs = [(a.dtype.base_dtype, _merged(a, b)) for a, b in zip(bodies[0].results, bodies[1].results, strict=True)]
    inputs = [pred, *captures_of(bodies)]
    attrs = {"then_branch": bodies[0], "else_branch": bodies[1]}
    operation = add_functional(graph, "If", "Merge", inputs, attrs, outputs, bodies)
    if structures[0] is None:
        return operation
    return _restored(structures[0], operation.outputs)


def _recorded(body: FuncGraph, returned: Any, strict: bool) -> Any:
    """Make what a branch returned the body's results; return its structure."""
    returned = _unpacked(returned, strict)
    if returned is None:
        return None
    with body.as_default():
        for leaf in flatten(returned):
            for part in components(leaf):
                body.results.append(_as_result(body, part))
    return returned


def _unpacked(returned: Any, strict: bool) -> Any:
    if not strict and isinstance(returned, list | tuple) and not hasattr(returned, "_fields") and len(returned) == 1:
        return returned[0]
    return returned


def _as_result(body: FuncGraph, value: Any) -> Tensor:
    if isinstance(value, Operation):
        from onevar.core.constant import constant

        if value.graph is not body:
            return constant(body.name.endswith("/then"), name="done")
        with control_dependencies([value]):
            return constant(body.name.endswith("/then"), name="done")
    tensor = body.capture(convert_to_tensor(value))
    if tensor.dtype._is_ref_dtype or tensor.op.type == "_Arg":
        from onevar.core.build import op

        # A result is a value of its own, taken when the branch runs.
        return op("Identity", input=tensor, name="result")
    return tensor


def _check_alike(structures: Sequence[Any], bodies: Sequence[FuncGraph]) -> None:
    first, second = structures
    if (first is None) != (second is None):
        raise ValueError("true_fn and false_fn must both return a value, or neither.")
    if first is not None:
        shown = [map_structure(lambda leaf: "leaf", s) if is_nested(s) else "leaf" for s in structures]
        try:
            assert_same_structure(shown[0], shown[1])
        except (TypeError, ValueError) as error:
            raise type(error)(f"Incompatible return values of true_fn and false_fn: {error}") from None
    if len(bodies[0].results) != len(bodies[1].results):
        raise ValueError(
            f"true_fn and false_fn must return the same number of values. Received: {len(bodies[0].results)} and "
            f"{len(bodies[1].results)}."
        )
    for a, b in zip(bodies[0].results, bodies[1].results, strict=True):
        if a.dtype.base_dtype is not b.dtype.base_dtype:
            raise ValueError(
                f"Outputs of true_fn and false_fn must have the same type(s). Received {a.dtype.base_dtype.name} from "
                f"true_fn and {b.dtype.base_dtype.name} from false_fn."
            )


def _merged(a: Tensor, b: Tensor) -> Spec:
    first, second = a.spec.shape, b.spec.shape
    if first is None or second is None or len(first) != len(second):
        return Spec(None, a.dtype.key)
    return Spec(tuple(x if x == y else None for x, y in zip(first, second, strict=True)), a.dtype.key)


def _restored(structure: Any, outputs: Sequence[Tensor]) -> Any:
    remaining = iter(outputs)
    leaves = []
    for leaf in flatten(structure):
        parts = [next(remaining) for _ in components(leaf)]
        leaves.append(rebuilt(leaf, parts) if composite(leaf) else parts[0])
    return pack(structure, leaves) if is_nested(structure) else leaves[0]


def captures_of(bodies: Sequence[FuncGraph]) -> list[Tensor]:
    """Return what bodies take from outside, each once."""
    return list(dict.fromkeys(outside for body in bodies for outside in body.captures))


def add_functional(
    graph: Any, op_type: str, name: str, inputs: Sequence[Tensor], attrs: dict[str, Any], outputs: Sequence[Any],
    bodies: Sequence[FuncGraph],
) -> Operation:  # fmt: skip
    """Make the operation that holds `bodies`, after what they were told to run after."""
    outside = list(dict.fromkeys(op for body in bodies for op in body.outside_controls))
    with graph.control_dependencies(outside):
        return graph.add(op_type, graph.name_for(name), inputs, attrs, outputs)


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
        loop_vars: A nested structure of tensors: the first values.
        shape_invariants: For each variable a shape that holds in every iteration; where it is not given the first
            value's shape has to.
        parallel_iterations: Accepted: how a loop is scheduled is the framework's affair.
        back_prop: Whether gradients flow through the loop.
        swap_memory: Accepted.
        name: Of the operation.
        maximum_iterations: Stop after so many.
        return_same_structure: Return `loop_vars`' structure; otherwise a single variable comes by itself.

    Raises:
        TypeError: `cond` or `body` cannot be called, or `cond` returns no bool.
        ValueError: There are no variables, or `body` returns others.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    structure = list(loop_vars) if isinstance(loop_vars, tuple) and not hasattr(loop_vars, "_fields") else loop_vars
    if not is_nested(structure):
        structure = [structure]
    if not flatten(structure):
        raise ValueError("'loop_vars' must be provided.")
    if executing_eagerly():
        return _eager_loop(cond, body, structure, maximum_iterations, return_same_structure)
    if maximum_iterations is not None:
        limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
        if limit.shape.ndims not in (0, None):
            raise ValueError(f"'maximum_iterations' must be a scalar. Received shape: {limit.shape}")
        if constant_value(limit) is None:
            return _counting(cond, body, structure, shape_invariants, limit, back_prop, name, return_same_structure)
    with name_scope(name, "while", None):
        loop = _Loop(cond, body, structure, shape_invariants, maximum_iterations, back_prop)
        result = loop.build()
    if not return_same_structure and _is_one(structure):
        return flatten(result)[0]
    # As TensorFlow does: a list or a tuple by what the body returned.
    return tuple(result) if loop.returns_tuple and isinstance(result, list) else result


def _counting(
    cond: Callable, body: Callable, structure: Any, invariants: Any, limit: Tensor, back_prop: bool, name: str | None,
    same: bool,
) -> Any:  # fmt: skip
    """Return the loop with a counter as its first variable, for a limit that is known when the graph runs."""
    from onevar.core.build import op

    def proceed(i: Tensor, values: Any) -> Tensor:
        return op("LogicalAnd", x=op("Less", x=i, y=limit), y=cond(*values))

    def step(i: Tensor, values: Any) -> Any:
        return op("AddV2", x=i, y=1), body(*values)

    first = convert_to_tensor(0, limit.dtype.base_dtype, name="iteration_counter")
    shapes = None if invariants is None else [TensorShape([]), invariants]
    result = while_loop(
        proceed, step, [first, structure], shapes, back_prop=back_prop, name=name, return_same_structure=True
    )[1]
    return flatten(result)[0] if not same and _is_one(structure) else result


def _is_one(structure: Any) -> bool:
    """Whether a loop has one tensor for all its variables."""
    leaves = flatten(structure)
    return len(leaves) == 1 and len(components(leaves[0])) == 1


def _eager_loop(cond: Callable, body: Callable, structure: Any, maximum: Any, same: bool) -> Any:
    done, values = 0, structure
    while (maximum is None or done < int(maximum)) and bool(cond(*values)):
        values = body(*values)
        if not isinstance(values, list | tuple):
            values = [values]
        values, done = pack(structure, flatten(values)), done + 1
    return values if same or len(structure) > 1 else values[0]


class _Loop:
    """A loop in the making."""

    def __init__(self, cond: Callable, body: Callable, structure: Any, invariants: Any, maximum: Any, back_prop: bool):
        self.cond, self.body, self.structure = cond, body, structure
        self.leaves = flatten(structure)
        self.first = [
            convert_to_tensor(part, name=f"loop_var_{index}")
            for index, leaf in enumerate(self.leaves)
            for part in components(leaf)
        ]
        self.declared = invariants is not None
        self.specs = [Spec(t.spec.shape, t.dtype.key) for t in self.first]
        if invariants is not None:
            self._declare(invariants)
        self.back_prop = back_prop
        self.returns_tuple = False
        self.maximum = None if maximum is None else constant_value(convert_to_tensor(maximum))
        if maximum is not None and self.maximum is None:
            raise ValueError(
                "maximum_iterations must be known when the loop is built. Received a tensor without a known value."
            )

    def _declare(self, invariants: Any) -> None:
        shapes = _flat_shapes(invariants)
        if len(shapes) != len(self.leaves):
            raise ValueError(
                f"'shape_invariants' must have one shape for each of the {len(self.leaves)} loop variables. "
                f"Received: {len(shapes)}."
            )
        if any(composite(leaf) for leaf in self.leaves):
            return
        for index, (tensor, shape) in enumerate(zip(self.first, shapes, strict=True)):
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
        test, keep_going = self._traced(f"{label}/cond", self.cond)
        with test.as_default():
            proceed = convert_to_tensor(keep_going)
            if proceed.dtype.key != "bool":
                raise TypeError(f"'cond' must return a bool tensor. Received: {proceed!r}.")
            test.results = [_as_result(test, proceed)]
        loop, returned = self._traced(f"{label}/body", self.body)
        self._record(loop, returned)
        if not self.back_prop:
            self.first = [_stopped(t) for t in self.first]
        attrs: dict[str, Any] = {"cond": test, "body": loop}
        if self.maximum is not None:
            attrs["_maximum_iterations"] = int(self.maximum)
        inputs = [*self.first, *captures_of((test, loop))]
        outputs = [(t.dtype.base_dtype, spec) for t, spec in zip(self.first, self.specs, strict=True)]
        operation = add_functional(graph, "While", "Exit", inputs, attrs, outputs, (test, loop))
        results = operation.outputs if self.back_prop else [_stopped(t) for t in operation.outputs]
        return _restored(self.structure, results)

    def _traced(self, label: str, function: Callable) -> tuple[FuncGraph, Any]:
        stand_ins = [_Like(t.dtype.base_dtype, spec) for t, spec in zip(self.first, self.specs, strict=True)]
        return trace(label, get_default_graph(), lambda *args: function(*_restored(self.structure, args)), stand_ins)

    def _record(self, loop: FuncGraph, returned: Any) -> None:
        if isinstance(returned, tuple) and not hasattr(returned, "_fields"):
            returned, self.returns_tuple = list(returned), True
        if not is_nested(returned):
            returned = [returned]
        expected = list(self.structure) if isinstance(self.structure, tuple) else self.structure
        leaves = flatten(returned)
        if len(leaves) != len(self.leaves) or len(returned) != len(expected):
            raise ValueError(
                f"The number of inputs and outputs of 'body' must match: the loop has {len(self.leaves)} variables. "
                f"Received: {len(leaves)} from 'body'."
            )
        with loop.as_default():
            parts = [part for leaf in leaves for part in components(leaf)]
            for index, (part, first) in enumerate(zip(parts, self.first, strict=True)):
                loop.results.append(self._checked(loop, index, part, first))

    def _checked(self, loop: FuncGraph, index: int, part: Any, first: Tensor) -> Tensor:
        result = _as_result(loop, convert_to_tensor(part, preferred_dtype=first.dtype.base_dtype))
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


def _stopped(tensor: Tensor) -> Tensor:
    from onevar.core.build import op

    return op("StopGradient", input=tensor)


def _flat_shapes(invariants: Any) -> list[TensorShape]:
    if invariants is None or isinstance(invariants, TensorShape):
        return [as_shape(invariants) if invariants is not None else TensorShape(None)]
    if isinstance(invariants, dict):
        return [shape for key in sorted(invariants) for shape in _flat_shapes(invariants[key])]
    return [shape for item in invariants for shape in _flat_shapes(item)]


def _includes(general: TensorShape, special: TensorShape) -> bool:
    """Whether every tensor of shape `special` has shape `general`."""
    if general.tuple is None:
        return True
    if special.tuple is None or len(special.tuple) != len(general.tuple):
        return False
    return all(g is None or g == s for g, s in zip(general.tuple, special.tuple, strict=True))

"""`op`: one call makes any operation of TensorFlow's registry, in the graph or, eagerly, at once.

The inputs and attributes are checked against the op's signature by the rules of TensorFlow 1: tensors are never
promoted, Python values become tensors of the type that the other inputs ask for.
"""

from collections.abc import Sequence
from typing import Any

from onevar.core.attr_values import attr_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.graph import Graph
from onevar.core.infer import infer
from onevar.core.op_defs import Arg, Attr, OpDef, op_def
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import ShapeError, Spec


class Recipe:
    """What is done for each operation of a type, worked out once from its signature."""

    __slots__ = (
        "attrs",
        "checks",
        "definition",
        "has_refs",
        "inferred",
        "inputs",
        "preferred",
        "simple",
        "single",
        "type",
    )

    def __init__(self, op_type: str):
        self.type = op_type
        self.definition: OpDef = op_def(op_type)
        self.inputs: tuple[Arg, ...] = self.definition.inputs
        #: Attributes that the inputs decide.
        self.inferred = {a for arg in self.inputs for a in (arg.type_attr, arg.number_attr, arg.type_list_attr) if a}
        self.attrs: tuple[Attr, ...] = tuple(self.definition.attrs.values())
        self.checks = {
            a.name: frozenset(a.allowed) for a in self.attrs if a.kind in ("type", "list(type)") and a.allowed
        }
        self.preferred = {a.name: as_dtype(a.default) for a in self.attrs if a.kind == "type" and a.has_default}
        self.has_refs = any(arg.is_ref for arg in self.inputs)
        self.simple = all(not arg.is_list for arg in self.inputs)
        outputs = self.definition.outputs
        self.single = len(outputs) == 1 and not outputs[0].is_list


_recipes: dict[str, Recipe] = {}


def recipe_of(op_type: str) -> Recipe:
    """Return the recipe of an op type, made at the first call."""
    recipe = _recipes.get(op_type)
    if recipe is None:
        recipe = _recipes[op_type] = Recipe(op_type)
    return recipe


def op(op_type: str, name: str | None = None, **arguments: Any) -> Any:
    """Make an operation.

    Args:
        op_type: TensorFlow's, `"MatMul"`.
        name: Of the operation, below the current scope; None takes the type. One that ends in `/` is taken as it is.
        **arguments: Its inputs and attributes by their names in TensorFlow's registry.

    Returns:
        The output; a list for several, or for a list of outputs; the operation itself if it has none. Eagerly, the
        framework's own tensors.

    Raises:
        TypeError: An input is of a type that the op does not take, or does not match another's.
        ValueError: Shapes contradict each other, or an attribute is not an allowed one.
    """
    recipe = recipe_of(op_type)
    if executing_eagerly():
        from onevar.core.eager import run_eagerly  # computing at once needs the interpreter

        return run_eagerly(recipe, arguments)
    graph = _graph_for(recipe, arguments)
    if graph is get_default_graph():
        return _build(recipe, graph, name or op_type, arguments)
    with graph.as_default():
        return _build(recipe, graph, name or op_type, arguments)


def _graph_for(recipe: Recipe, arguments: dict[str, Any]) -> Graph:
    """Return the default graph, or that of the inputs where it is another one."""
    graph = get_default_graph()
    for arg in recipe.inputs:
        value = arguments.get(arg.name)
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Tensor):
                owner = item.op.graph
                return graph if owner is graph or _around(owner, graph) else owner
    return graph


def _around(owner: Graph, graph: Graph) -> bool:
    outer = graph.outer
    while outer is not None and outer is not owner:
        outer = outer.outer
    return outer is owner


def _build(recipe: Recipe, graph: Graph, name: str, arguments: dict[str, Any]) -> Any:
    if _ready(recipe, graph, arguments):
        attrs: dict[str, Any] = {}
        inputs = _inputs(recipe, name, arguments, attrs)
        full_name = graph.name_for(name)
    else:
        with graph.name_scope(name) as scope:
            attrs = {}
            inputs = _inputs(recipe, name, arguments, attrs)
            full_name = scope[:-1]
    _finish_attrs(recipe, arguments, attrs)
    if len(arguments) > len(recipe.inputs) or recipe.inferred:
        _check_names(recipe, arguments)
    operation = graph.add(recipe.type, full_name, inputs, attrs, outputs_of(recipe, inputs, attrs, full_name))
    if recipe.has_refs:
        _colocate_with_refs(recipe, operation)
    return _result(recipe, operation, attrs)


def _colocate_with_refs(recipe: Recipe, operation: Operation) -> None:
    """Ask for an operation to run where the variables are that it writes to or looks at."""
    names = set(operation.colocation)
    for arg, tensor in zip(recipe.inputs, operation.inputs, strict=False):
        if arg.is_ref:
            while isinstance(tensor.op.kept, Tensor):  # inside control flow: what was captured
                tensor = tensor.op.kept
            names.update(tensor.op.colocation or (tensor.op.name,))
            operation.device = tensor.op.device
    operation.colocation = tuple(sorted(names))


def _ready(recipe: Recipe, graph: Graph, arguments: dict[str, Any]) -> bool:
    """Whether all inputs are tensors of the graph already, so that no scope is needed for what converts them."""
    if not recipe.simple:
        return False
    for arg in recipe.inputs:
        value = arguments.get(arg.name)
        if not isinstance(value, Tensor) or value.op.graph is not graph:
            return False
    return True


def _check_names(recipe: Recipe, arguments: dict[str, Any]) -> None:
    known = {arg.name for arg in recipe.inputs} | set(recipe.definition.attrs)
    for given in arguments:
        if given not in known and not given.startswith("_"):
            raise TypeError(
                f"op('{recipe.type}') got an unexpected keyword argument '{given}'. It takes {sorted(known)}."
            )


# -- inputs -----------------------------------------------------------------------------------------


def _inputs(recipe: Recipe, name: str, arguments: dict[str, Any], attrs: dict[str, Any]) -> list[Tensor]:
    for key in recipe.inferred:
        given = arguments.get(key)
        if given is not None:
            attrs[key] = attr_value(recipe.definition.attrs[key], given, recipe.type)
    sources: dict[str, str] = {}
    inputs: list[Tensor] = []
    for arg in recipe.inputs:
        if arg.name not in arguments:
            raise TypeError(f"op('{recipe.type}') missing required input '{arg.name}'.")
        value = arguments[arg.name]
        if arg.is_list:
            inputs.extend(_list_input(recipe, arg, value, attrs))
            continue
        tensor = _one_input(recipe, arg, value, attrs, sources)
        # A reference may stand for its value: the engine reads it when the operation runs.
        inputs.append(tensor)
    return inputs


def _one_input(recipe: Recipe, arg: Arg, value: Any, attrs: dict[str, Any], sources: dict[str, str]) -> Tensor:
    wanted, preferred = _wanted(recipe, arg, attrs)
    tensor = _converted(recipe, arg, value, wanted, preferred)
    if arg.is_ref and not tensor.dtype._is_ref_dtype:
        raise TypeError(
            f"'{recipe.type}' Op requires that input '{arg.name}' be a mutable tensor (e.g.: a tf.Variable)"
        )
    base = tensor.dtype.base_dtype
    attr = arg.type_attr
    if attr is not None:
        if attr not in attrs:
            _check_allowed(recipe, attr, arg.name, base)
            attrs[attr] = base
            sources[attr] = arg.name
        elif attrs[attr] is not base:
            raise TypeError(_mismatch(recipe, arg, base, attrs[attr], sources.get(attr)))
    elif wanted is not None and base is not wanted:
        raise TypeError(
            f"Input '{arg.name}' of '{recipe.type}' Op has type {base.name} that does not match expected type of "
            f"{wanted.name}."
        )
    return tensor


def _wanted(recipe: Recipe, arg: Arg, attrs: dict[str, Any]) -> tuple[DType | None, DType | None]:
    """Return what the input's dtype has to be, and what it should be if nothing says so."""
    if arg.dtype is not None:
        return as_dtype(arg.dtype), None
    return attrs.get(arg.type_attr or ""), recipe.preferred.get(arg.type_attr or "")


def _converted(recipe: Recipe, arg: Arg, value: Any, wanted: DType | None, preferred: DType | None) -> Tensor:
    if isinstance(value, Tensor):
        return get_default_graph().capture(value)  # the caller words a mismatch of types
    try:
        if wanted is None and preferred is not None:
            return _by_default(recipe, arg, value, preferred)
        return convert_to_tensor(value, wanted, arg.name, None, arg.is_ref)
    except TypeError as error:
        if wanted is None:
            raise
        raise TypeError(
            f"Expected {wanted.name} passed to parameter '{arg.name}' of op '{recipe.type}', got {value!r} of type "
            f"'{type(value).__name__}' instead. Error: {error}"
        ) from None
    except ValueError as error:
        # A Variable of another type: TensorFlow words it as it does for tensors.
        if wanted is not None and getattr(value, "dtype", None) is not None and "conversion requested" in str(error):
            raise TypeError(_mismatch(recipe, arg, as_dtype(value.dtype).base_dtype, wanted, None)) from None
        raise


def _by_default(recipe: Recipe, arg: Arg, value: Any, preferred: DType) -> Tensor:
    """Convert as the value itself says where the op allows that, else to the attribute's default."""
    allowed = recipe.checks.get(arg.type_attr or "")
    if allowed is None:
        return convert_to_tensor(value, None, arg.name, preferred)
    try:
        tensor = convert_to_tensor(value, None, arg.name)
    except TypeError:  # a list of Dimensions has no dtype of its own
        return convert_to_tensor(value, None, arg.name, preferred)
    return tensor if tensor.dtype.key in allowed else convert_to_tensor(value, None, arg.name, preferred)


def _mismatch(recipe: Recipe, arg: Arg, base: DType, expected: DType, source: str | None) -> str:
    of = f" of argument '{source}'" if source else ""
    return (
        f"Input '{arg.name}' of '{recipe.type}' Op has type {base.name} that does not match type {expected.name}{of}."
    )


def _check_allowed(recipe: Recipe, attr: str, parameter: str, base: DType) -> None:
    allowed = recipe.checks.get(attr)
    if allowed is not None and base.key not in allowed:
        names = ", ".join(recipe.definition.attrs[attr].allowed or ())
        raise TypeError(
            f"Value passed to parameter '{parameter}' has DataType {base.name} not in list of allowed values: {names}"
        )


def _list_input(recipe: Recipe, arg: Arg, value: Any, attrs: dict[str, Any]) -> list[Tensor]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"Expected list for '{arg.name}' argument to '{recipe.type}' Op, not {value!r}.")
    if arg.type_list_attr is not None:
        given = attrs.get(arg.type_list_attr) or [None] * len(value)
        tensors = [
            _converted(recipe, Arg(f"{arg.name}_{index}"), item, want, None)
            for index, (item, want) in enumerate(zip(value, given, strict=True))
        ]
        attrs[arg.type_list_attr] = [tensor.dtype.base_dtype for tensor in tensors]
        return tensors
    wanted, _ = _wanted(recipe, arg, attrs)
    if wanted is None:
        wanted = next((as_dtype(v.dtype).base_dtype for v in value if hasattr(v, "op") or hasattr(v, "spec")), None)
    tensors = [
        _converted(recipe, Arg(f"{arg.name}_{index}", is_ref=arg.is_ref), item, wanted, None)
        for index, item in enumerate(value)
    ]
    _same_types(recipe, arg, tensors, wanted, attrs)
    number = arg.number_attr or ""
    if attrs.setdefault(number, len(tensors)) != len(tensors):
        raise ValueError(
            f"List argument '{arg.name}' to '{recipe.type}' Op with length {len(tensors)} must match length "
            f"{attrs[number]} of argument '{number}'."
        )
    minimum = recipe.definition.attrs[number].minimum
    if minimum is not None and len(tensors) < minimum:
        raise ValueError(
            f"List argument '{arg.name}' to '{recipe.type}' Op with length {len(tensors)} shorter than minimum length "
            f"{minimum}."
        )
    return tensors


def _same_types(
    recipe: Recipe, arg: Arg, tensors: Sequence[Tensor], wanted: DType | None, attrs: dict[str, Any]
) -> None:
    found = {tensor.dtype.base_dtype for tensor in tensors}
    if len(found) > 1 or (wanted is not None and found and found != {wanted}):
        types = ", ".join(tensor.dtype.base_dtype.name for tensor in tensors)
        raise TypeError(
            f"Tensors in list passed to '{arg.name}' of '{recipe.type}' Op have types [{types}] that "
            + (
                "don't all match."
                if len(found) > 1
                else f"do not match expected type {wanted.name if wanted else '?'}."
            )
        )
    if arg.type_attr is not None and found:
        base = found.pop()
        if arg.type_attr not in attrs:
            _check_allowed(recipe, arg.type_attr, arg.name, base)
        attrs[arg.type_attr] = base


# -- attributes and outputs ---------------------------------------------------------------------------


def _finish_attrs(recipe: Recipe, arguments: dict[str, Any], attrs: dict[str, Any]) -> None:
    for attr in recipe.attrs:
        name = attr.name
        if name in attrs:
            continue
        if arguments.get(name) is not None:
            attrs[name] = attr_value(attr, arguments[name], recipe.type)
        elif attr.has_default:
            attrs[name] = attr_value(attr, attr.default, recipe.type)
        elif attr.kind == "shape":
            attrs[name] = attr_value(attr, None, recipe.type)
        else:
            raise TypeError(f"op('{recipe.type}') missing required argument '{name}'.")


def outputs_of(recipe: Recipe, inputs: Sequence[Tensor], attrs: dict[str, Any], name: str) -> list[tuple[DType, Spec]]:
    """Return dtype and spec of each output.

    Raises:
        ValueError: The shapes of the inputs contradict each other, worded as TensorFlow words it.
    """
    try:
        specs = infer(recipe.type, [tensor.spec for tensor in inputs], attrs)
    except ShapeError as error:
        raise ValueError(_shape_message(recipe, inputs, name, error)) from None
    refs = [arg.is_ref for arg in recipe.definition.outputs]
    if not any(refs):
        return [(as_dtype(spec.dtype), spec) for spec in specs]
    return [
        (as_dtype(spec.dtype)._as_ref if ref else as_dtype(spec.dtype), spec)
        for spec, ref in zip(specs, refs, strict=True)
    ]


def _shape_message(recipe: Recipe, inputs: Sequence[Tensor], name: str, error: Exception) -> str:
    names = ", ".join(tensor.op.name for tensor in inputs)
    shapes = ", ".join(
        "?" if t.spec.shape is None else "[" + ",".join("?" if d is None else str(d) for d in t.spec.shape) + "]"
        for t in inputs
    )
    return f"{error} for '{{{{node {name}}}}} = {recipe.type}[]({names})' with input shapes: {shapes}."


def _result(recipe: Recipe, operation: Operation, attrs: dict[str, Any]) -> Any:
    if recipe.single:
        return operation.outputs[0]
    if not recipe.definition.outputs:
        return operation
    if len(recipe.definition.outputs) == 1:
        return list(operation.outputs)
    return grouped(recipe.definition.outputs, operation.outputs, attrs)


def grouped(args: Sequence[Arg], values: Sequence[Any], attrs: dict[str, Any]) -> list[Any]:
    """Return flat inputs or outputs of an operation by argument: a list for an argument that is one."""
    out: list[Any] = []
    position = 0
    for arg in args:
        if not arg.is_list:
            out.append(values[position])
            position += 1
            continue
        count = attrs[arg.number_attr] if arg.number_attr is not None else len(attrs[arg.type_list_attr or ""])
        out.append(list(values[position : position + count]))
        position += count
    return out


def create(graph: Graph, op_type: str, inputs: Sequence[Any], attrs: dict[str, Any], name: str) -> Operation:
    """Make an operation from a flat list of inputs, as `Graph.create_op` and imports do.

    Raises:
        TypeError: An input is not a tensor.
        ValueError: The inputs are not as many as the op takes.
    """
    recipe = recipe_of(op_type)
    for index, tensor in enumerate(inputs):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"Input #{index} is not a tensor: {tensor}")
    arguments: dict[str, Any] = dict(attrs)
    counts = {key: attrs[key] for key in recipe.inferred if key in attrs}
    try:
        values = grouped(recipe.inputs, list(inputs), counts)
    except (IndexError, KeyError):
        raise ValueError(f"'{op_type}' takes {len(recipe.inputs)} inputs. Received: {list(inputs)}.") from None
    arguments.update(zip((arg.name for arg in recipe.inputs), values, strict=True))
    with graph.as_default():
        result = _build(recipe, graph, name, arguments)
    first = result
    while isinstance(first, list):
        first = first[0]
    return first if isinstance(first, Operation) else first.op

"""Shapes and dtypes of what an op makes, and contents of small tensors, before anything runs.

The shapes come from the op's own definition: from its `infer`, or by running it on `shape_primitives`. Where the
contents of all inputs are known and small, the definition runs with NumPy at once, so that what is computed from
shapes is known when the graph is built; vectors of sizes are followed where only some elements are known.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np

from onevar.core.kernel import Kernel, kernel_of, keyword_names
from onevar.core.op_defs import Arg, OpDef, op_def
from onevar.core.partial import PARTIAL, SHORTCUTS
from onevar.core.shape_primitives import SHAPES
from onevar.core.shape_rules import broadcast, broadcast_all
from onevar.core.spec import UNKNOWN, Spec, UnknownShape

#: Larger contents are not computed when a graph is built.
SMALL = 1024
# Contents that a run may change, or must compute itself (and report on).
_NOT_FOLDED = frozenset(
    ("PlaceholderWithDefault", "CheckNumerics", "Assert", "Print", "PrintV2", "Enter", "Exit", "NextIteration")
)
# Their shape is an attribute, and what they hold comes from elsewhere.
_DECLARED = frozenset(("Placeholder", "PlaceholderV2", "Variable", "VariableV2"))
_PARTLY_FOLLOWED = frozenset(
    (
        "Add", "AddV2", "Sub", "Mul", "FloorDiv", "Maximum", "Minimum", "Neg", "Pack", "Concat", "ConcatV2",
        "StridedSlice", "Slice", "Gather", "GatherV2", "Cast", "Identity", "StopGradient", "ExpandDims", "Squeeze",
        "Reshape", "Unpack", "Split", "SplitV", "Prod", "Sum", "Select", "SelectV2", "ReverseV2", "Tile", "Fill",
    )
)  # fmt: skip


def infer(op_type: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Spec]:
    """What is known of the outputs of an op.

    Args:
        op_type: TensorFlow's name of it.
        inputs: A `Spec` for each input; for an input that is a list, a list of them (or all of them one after the
            other, without lists).
        attrs: The attributes: types as names or `DType`s, shapes as tuples or `TensorShape`s.

    Returns:
        A `Spec` for each output, those of lists one after the other.

    Raises:
        ShapeError: The op cannot take such inputs; the message is TensorFlow's, without the name of the node.
        UnknownOp: TensorFlow has no such op.
    """
    rule = _RULES.get(op_type) or _rule(op_type)
    return rule(inputs, attrs)


_RULES: dict[str, Callable[[Sequence[Any], Mapping[str, Any]], list[Spec]]] = {}


def _rule(op_type: str) -> Callable[[Sequence[Any], Mapping[str, Any]], list[Spec]]:
    entry, definition = kernel_of(op_type), op_def(op_type)
    found: Callable[[Sequence[Any], Mapping[str, Any]], list[Spec]]
    if entry is not None and (entry.elementwise or entry.infer in (broadcast_shape, same_shape)):
        found = _elementwise_rule(entry, definition, entry.infer is same_shape)
    else:
        found = _Rule(entry, definition)
    _RULES[op_type] = found
    return found


def _elementwise_rule(
    entry: Kernel, definition: OpDef, like_first: bool
) -> Callable[[Sequence[Any], Mapping[str, Any]], list[Spec]]:
    """The short way for outputs that are shaped like the first input, or like what the inputs broadcast to."""
    output = definition.outputs[0]
    fixed, attr, default = output.dtype, output.type_attr or "", None
    if output.type_attr:
        default = next((i for i, arg in enumerate(definition.inputs) if arg.type_attr == output.type_attr), None)
    type, general, foldable = definition.name, _Rule(entry, definition), _foldable(entry)

    def rule(inputs: Sequence[Spec], attrs: Mapping[str, Any]) -> list[Spec]:
        first = inputs[0]
        shape = first.shape
        known = first.value is not None
        for other in inputs[1:]:
            if other.shape != shape and not like_first:
                shape = broadcast(shape, other.shape)
            known = known and other.value is not None
        dtype = fixed or (inputs[default].dtype if default is not None else _name(attrs[attr]))
        specs = [Spec(shape, dtype)]
        if (known and foldable) or (dtype in _SIZES and type in _PARTLY_FOLLOWED):
            _fold(type, entry, inputs, general.wanted(entry.attrs, attrs), specs)
        return specs

    return rule


_SIZES = ("int32", "int64")


def _name(value: Any) -> Any:
    """A dtype's name, from the name or a `DType`."""
    return value if isinstance(value, str) else value.key


def _plain(kind: str, value: Any) -> Any:
    """An attribute as definitions get it."""
    if kind == "type":
        return _name(value)
    if kind == "list(type)":
        return [_name(item) for item in value]
    if kind == "shape":
        return tuple(value) if isinstance(value, list) else getattr(value, "tuple", value)
    if kind == "list(shape)":
        return [getattr(item, "tuple", item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


class _Rule:
    """Shape inference for an op type that is not elementwise."""

    __slots__ = ("_has_list", "_infer_names", "_plain_output", "definition", "entry")

    def __init__(self, entry: Kernel | None, definition: OpDef):
        self.entry = entry
        self.definition = definition
        self._infer_names: Sequence[str] = ()
        if entry is not None:
            own = entry.infer
            self._infer_names = entry.attrs if own is None else keyword_names(own)
        self._has_list = any(arg.is_list for arg in definition.inputs)
        outputs = definition.outputs
        self._plain_output = outputs[0] if len(outputs) == 1 and not outputs[0].is_list else None

    def __call__(self, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Spec]:
        if self._has_list and not any(isinstance(spec, list) for spec in inputs):
            inputs = group(self.definition, inputs, attrs)
        one = self._plain_output
        dtypes = [self._dtype(one, inputs, attrs)] if one is not None else self._dtypes(inputs, attrs)
        if self.entry is None:
            shape = _plain("shape", attrs.get("shape")) if self.definition.name in _DECLARED else None
            return [Spec(shape, dtype) for dtype in dtypes]
        specs = self._specs(self._shapes(self.entry, inputs, attrs), dtypes)
        self._contents(self.entry, inputs, attrs, specs)
        return specs

    def _specs(self, results: list[Any] | None, dtypes: list[str]) -> list[Spec]:
        if results is None:
            return [Spec(None, dtype) for dtype in dtypes]
        specs = []
        for result, dtype in zip(results, dtypes, strict=True):
            if isinstance(result, Spec):
                result.dtype = dtype
                specs.append(result)
            elif isinstance(result, np.ndarray):
                specs.append(Spec(result.shape, dtype))
            else:
                specs.append(Spec(result, dtype))
        return specs

    def _shapes(self, entry: Kernel, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Any] | None:
        """For each output a shape, or a `Spec` whose dtype does not count; None: nothing is known."""
        wanted = self.wanted(self._infer_names, attrs)
        try:
            if entry.infer is not None:
                found = entry.infer(*inputs, **wanted)
                return _flat(found) if isinstance(found, list) else [found]
            if entry.random and "shape" in entry.host:
                return [inputs[0].partial_shape()]
            if entry.on_host or entry.state or entry.functional or entry.random:
                return None
            found = entry.fn(SHAPES, *_arguments(entry, inputs), **wanted)
        except UnknownShape:
            return None
        return _flat(found) if isinstance(found, (list, tuple)) else [found]

    def wanted(self, names: Sequence[str], attrs: Mapping[str, Any]) -> dict[str, Any]:
        known = self.definition.attrs
        return {name: _plain(known[name].kind, attrs[name] if name in attrs else known[name].default) for name in names}

    def _dtype(self, arg: Arg, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> str:
        if arg.dtype is not None:
            return arg.dtype
        assert arg.type_attr is not None
        value = attrs.get(arg.type_attr)
        if value is not None:
            return _name(value)
        for spec, declared in zip(inputs, self.definition.inputs, strict=False):
            if declared.type_attr == arg.type_attr:
                return spec[0].dtype if isinstance(spec, list) else spec.dtype
        return self.definition.attrs[arg.type_attr].default

    def _dtypes(self, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[str]:
        found: list[str] = []
        for arg in self.definition.outputs:
            if arg.type_list_attr is not None:
                found += self._type_list(arg.type_list_attr, inputs, attrs)
            elif arg.number_attr is not None:
                found += [self._dtype(arg, inputs, attrs)] * self._number(arg.number_attr, inputs, attrs)
            else:
                found.append(self._dtype(arg, inputs, attrs))
        return found

    def _type_list(self, attr: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[str]:
        if attr in attrs:
            return [_name(dtype) for dtype in attrs[attr]]
        index = [arg.type_list_attr for arg in self.definition.inputs].index(attr)
        return [spec.dtype for spec in inputs[index]]

    def _number(self, attr: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> int:
        if attr in attrs:
            return attrs[attr]
        index = [arg.number_attr for arg in self.definition.inputs].index(attr)
        return len(inputs[index])

    def _contents(self, entry: Kernel, inputs: Sequence[Any], attrs: Mapping[str, Any], specs: list[Spec]) -> None:
        """Add the contents, where they can be known, to `specs`."""
        if not inputs or not specs or specs[0].value is not None or not _foldable(entry):
            return
        flat = _flat(inputs) if self._has_list else inputs
        type = self.definition.name
        shortcut = SHORTCUTS.get(type)
        if shortcut is not None and shortcut(inputs, attrs, specs[0]):
            return
        if all(isinstance(spec.value, np.ndarray) for spec in flat) or (
            type in _PARTLY_FOLLOWED and specs[0].dtype in _SIZES
        ):
            _fold(type, entry, inputs, self.wanted(entry.attrs, attrs), specs)


def _foldable(entry: Kernel) -> bool:
    return not (entry.on_host or entry.state or entry.functional or entry.random or entry.heavy) and (
        entry.type not in _NOT_FOLDED
    )


def group(definition: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Any]:
    """Put the inputs that belong to one list input into lists.

    Args:
        definition: The op's signature.
        inputs: All inputs, one after the other.
        attrs: The attributes, with those that say how long the lists are; one list's may be missing.

    Returns:
        One item for each input of the signature.
    """
    lengths = [_length(arg, attrs) for arg in definition.inputs]
    if None in lengths:
        lengths[lengths.index(None)] = len(inputs) - sum(n for n in lengths if n is not None)
    grouped: list[Any] = []
    at = 0
    for arg, length in zip(definition.inputs, lengths, strict=True):
        assert length is not None
        grouped.append(list(inputs[at : at + length]) if arg.is_list else inputs[at])
        at += length
    return grouped


def _length(arg: Arg, attrs: Mapping[str, Any]) -> int | None:
    if arg.number_attr is not None:
        return attrs.get(arg.number_attr)
    if arg.type_list_attr is not None:
        return len(attrs[arg.type_list_attr]) if arg.type_list_attr in attrs else None
    return 1


def _flat(results: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for result in results:
        if isinstance(result, list):
            flat += result
        else:
            flat.append(result)
    return flat


def _arguments(entry: Kernel, inputs: Sequence[Any]) -> Sequence[Any]:
    if not entry.host_index:
        return inputs
    arguments = list(inputs)
    for index in entry.host_index:
        spec = arguments[index]
        arguments[index] = [host_value(s) for s in spec] if isinstance(spec, list) else host_value(spec)
    return arguments


def host_value(spec: Spec) -> np.ndarray:
    """The contents of an input that a definition takes on the host, `UNKNOWN` where they are not known.

    Args:
        spec: What is known of it.

    Returns:
        An array; of objects if not all of it is known.

    Raises:
        UnknownShape: Not even its shape is known.
    """
    value = spec.value
    if isinstance(value, np.ndarray):
        return value
    if spec.shape is None or None in spec.shape:
        raise UnknownShape
    array: Any = np.empty(spec.shape, object)  # type: ignore[arg-type]
    array.fill(UNKNOWN)
    if value is not None:
        array[:] = [UNKNOWN if n is None else n for n in value]
    return array


@cache
def host_primitives() -> Any:
    """NumPy's primitives, that contents are computed with.

    Returns:
        The namespace.
    """
    from onevar.core.registry import adapter  # loads the adapter: not before something is computed

    return adapter("numpy").k


_UNCOMPUTABLE = (ArithmeticError, AttributeError, IndexError, TypeError, ValueError, NotImplementedError, UnknownShape)


def _fold(type: str, entry: Kernel, inputs: Sequence[Any], attrs: Mapping[str, Any], specs: list[Spec]) -> None:
    """Add the contents that follow from the inputs' to `specs`, if they can be computed."""
    for spec in specs:
        if spec.shape is None or None in spec.shape or prod(spec.shape) > SMALL:  # type: ignore[arg-type]
            return
    flat = _flat(inputs)
    try:
        with np.errstate(all="ignore"):
            if all(isinstance(spec.value, np.ndarray) for spec in flat):
                values = [[s.value for s in spec] if isinstance(spec, list) else spec.value for spec in inputs]
                _keep(entry.fn(host_primitives(), *values, **attrs), specs)
            elif any(spec.value is not None for spec in flat) or type in ("Pack", "ConcatV2"):
                _keep_part(partly(type, inputs, attrs), specs)
    except _UNCOMPUTABLE:
        # What it is will be known, or the error be raised, when it runs.
        return


def partly(type: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    """Compute with vectors of sizes of which some are unknown.

    Args:
        type: The op type.
        inputs: The specs.
        attrs: The attributes.

    Returns:
        An array of objects, `UNKNOWN` among them, or a list of those.

    Raises:
        UnknownShape: The result depends on an unknown size.
    """
    entry = kernel_of(type)
    assert entry is not None
    values = [[host_value(s) for s in spec] if isinstance(spec, list) else host_value(spec) for spec in inputs]
    return entry.fn(PARTIAL, *values, **attrs)


def _keep(result: Any, specs: list[Spec]) -> None:
    results = _flat(result) if isinstance(result, (list, tuple)) else [result]
    for spec, value in zip(specs, results, strict=True):
        array = np.asarray(value)
        if array.shape == spec.shape:
            spec.value = array


def _keep_part(result: Any, specs: list[Spec]) -> None:
    results = _flat(result) if isinstance(result, (list, tuple)) else [result]
    for spec, array in zip(specs, results, strict=True):
        items = array.reshape(-1).tolist()
        known = [item is not UNKNOWN for item in items]
        if array.shape != spec.shape or not any(known):
            continue
        if all(known):
            spec.value = array.astype(spec.dtype)
        elif array.ndim == 1:
            spec.value = tuple([None if item is UNKNOWN else int(item) for item in items])


def same_shape(x: Spec, *_: Spec) -> Any:
    """An `infer` of ops whose output is like the first input.

    Args:
        x: The first input.
        *_: The others.

    Returns:
        Its shape.
    """
    return x.shape


def broadcast_shape(*specs: Spec) -> Any:
    """An `infer` of ops whose inputs broadcast.

    Args:
        *specs: The inputs.

    Returns:
        The common shape.
    """
    return broadcast_all(spec.shape for spec in specs)

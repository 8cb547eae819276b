"""How the arguments of TensorFlow's calls are read: as values, dtypes, axes, shapes, strides.

A reader looks at an original argument and refuses what it cannot say in Keras's words; what it returns converts the
argument, once everything else has been looked at too.
"""

from collections.abc import Callable, Mapping
from functools import partial

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import (
    UNKNOWN,
    Refused,
    code_of,
    elements,
    expression,
    literal,
    number,
    operand,
    tuple_of,
)
from onevar.migrate.rewrite.calls.templates import Ready, write
from onevar.migrate.rewrite.context import Context

Reader = Callable[[cst.BaseExpression, Context], Ready]

#: TensorFlow's dtypes that Keras has, by name; the text is what Keras calls it.
DTYPES: Mapping[str, str] = {
    **{name: name for name in ("float16", "float32", "float64", "bfloat16", "bool", "complex64", "complex128")},
    **{name: name for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    "float": "float32",
    "half": "float16",
    "double": "float64",
}
_FLOATS = frozenset({"float16", "float32", "float64", "bfloat16"})
_CASTS = {
    "to_float": "float32",
    "to_double": "float64",
    "to_int32": "int32",
    "to_int64": "int64",
    "to_bfloat16": "bfloat16",
}
_INTEGERS = frozenset({"argmax", "argmin", "arg_max", "arg_min", "shape", "size", "rank", "math.argmax", "math.argmin"})
_COMPARISONS = frozenset(
    {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not"}
)
_DRAWS = frozenset({"random_normal", "truncated_normal", "random.normal", "random.truncated_normal"})
_STACKS = frozenset({"stack", "pack"})


def value(node: cst.BaseExpression, context: Context) -> Ready:
    """Read an argument as it is."""
    return partial(context.convert, node)


def dtype_name(node: cst.BaseExpression, context: Context) -> str | None:
    """Return the name of the dtype that an expression plainly is; None: it is not plain.

    Raises:
        Refused: A dtype that Keras has not.
    """
    given = literal(node)
    if isinstance(given, str):
        return DTYPES.get(given, given)
    name = context.symbol(node)
    if name is None:
        text = code_of(node)
        return text.removeprefix("np.") if text.startswith("np.") and text[3:] in DTYPES else None
    name = name.removeprefix("dtypes.")
    if name in DTYPES:
        return DTYPES[name]
    raise Refused(f"Keras has no dtype tf.{name}")


def dtype(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a dtype: TensorFlow's become Keras's names."""
    name = dtype_name(node, context)
    if name is not None:
        return partial(expression, f'"{name}"')
    return value(node, context)


def _tuple(nodes: list[cst.BaseExpression], context: Context) -> cst.BaseExpression:
    return tuple_of([context.convert(node) for node in nodes])


def axis(node: cst.BaseExpression, context: Context) -> Ready:
    """Read an axis or several; Keras wants a tuple where TensorFlow took a list.

    Raises:
        Refused: A list made by a comprehension or a call: what is in it is not known.
    """
    if isinstance(node, cst.List):
        nodes = elements(node)
        if nodes is None:
            raise Refused("its axes are a list with * in it")
        return partial(_tuple, nodes, context)
    if isinstance(node, cst.ListComp):
        raise Refused("its axes are a list comprehension; Keras takes a number or a tuple")
    if isinstance(node, cst.Call):
        return _axes_called(node, context)
    return value(node, context)


def _axes_called(node: cst.Call, context: Context) -> Ready:
    called = context.symbol(node.func)
    name = code_of(node.func)
    wrapped = name == "list" and len(node.args) == 1
    if called == "range" or name == "range" or wrapped:
        inner = node.args[0].value if wrapped else None
        return lambda: (
            expression("tuple()").with_changes(args=[cst.Arg(context.convert(inner))])
            if inner is not None
            else cst.Call(cst.Name("tuple"), [cst.Arg(node.with_changes(func=cst.Name("range")))])
        )
    if name in ("int", "len", "tuple", "max", "min"):
        return value(node, context)
    raise Refused(f"its axis is computed by `{code_of(node)[:40]}`; Keras takes a number or a tuple")


def shape(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a shape: a list, a tuple or a tensor in TensorFlow; numbers in a list or tuple in Keras.

    Raises:
        Refused: A computation on shapes that lists have not.
    """
    parts = _shape_parts(node, context)
    if parts is None:
        return value(node, context)
    return parts


def _shape_parts(node: cst.BaseExpression, context: Context) -> Ready | None:
    called = context.symbol(node.func) if isinstance(node, cst.Call) else None
    if isinstance(node, cst.Call) and called is not None:
        return _shape_called(node, called, context)
    if isinstance(node, cst.BinaryOperation) and not isinstance(node.operator, cst.Add):
        raise Refused("its shape is computed with tensors of shapes, which are tuples in Keras")
    return None


def _shape_called(node: cst.Call, called: str, context: Context) -> Ready | None:
    first = node.args[0].value if node.args else None
    if called in _STACKS and len(node.args) == 1 and isinstance(first, cst.List | cst.Tuple):
        return value(first, context)
    if called in ("concat", "concat_v2") and first is not None:
        second = node.args[1].value if len(node.args) > 1 else None
        parts, where = (second, first) if literal(first) == 0 else (first, second)
        nodes = elements(parts)
        if nodes is not None and literal(where) in (0, -1):
            readers = [shape(part, context) for part in nodes]
            return lambda: _joined([ready() for ready in readers])
    if called == "constant" and len(node.args) == 1 and elements(first) is not None:
        return value(node.args[0].value, context)
    if called in ("shape", "TensorShape", "shape_n"):
        return None
    raise Refused(f"its shape is computed by tf.{called}; Keras takes numbers")


def _joined(parts: list[cst.BaseExpression]) -> cst.BaseExpression:
    items: list[cst.BaseElement] = []
    for part in parts:
        nodes = elements(part)
        if nodes is None:
            items.append(cst.StarredElement(operand(part)))
        else:
            items.extend(cst.Element(node) for node in nodes)
    if len(items) == 1:
        items[0] = items[0].with_changes(comma=cst.Comma())
    return cst.Tuple(items)


def static_axis(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a single axis."""
    nodes = elements(node)
    if nodes is not None and len(nodes) == 1:
        return value(nodes[0], context)
    if nodes is not None:
        raise Refused("it is over several axes, which Keras's has not")
    return value(node, context)


def kind_of(node: cst.BaseExpression | None, context: Context) -> str | None:
    """Return what an expression plainly holds: `"float"`, `"int"`, `"bool"`; None: it is not plain."""
    given = literal(node)
    if given is not UNKNOWN:
        return _kind_of_literal(given)
    if isinstance(node, cst.BinaryOperation):
        return _kind_of_operation(node, context)
    if isinstance(node, cst.Comparison):
        return "bool"
    if isinstance(node, cst.Call):
        return _kind_of_call(node, context)
    return None


def _kind_of_literal(given: object) -> str | None:
    while isinstance(given, list | tuple):
        flat = [_kind_of_literal(item) for item in given]
        return "float" if "float" in flat else (flat[0] if flat else "float")
    if isinstance(given, bool):
        return "bool"
    return {int: "int", float: "float"}.get(type(given))


def _kind_of_operation(node: cst.BinaryOperation, context: Context) -> str | None:
    kinds = {kind_of(node.left, context), kind_of(node.right, context)}
    if "float" in kinds:
        return "float"
    if isinstance(node.operator, cst.Divide):
        return "float"
    return "int" if kinds == {"int"} else None


def _kind_of_call(node: cst.Call, context: Context) -> str | None:
    name = context.symbol(node.func)
    if name is None:
        return None
    if name == "cast":
        wanted = next((arg.value for arg in node.args if arg.keyword and arg.keyword.value == "dtype"), None)
        wanted = wanted or (node.args[1].value if len(node.args) > 1 else None)
        name = dtype_name(wanted, context) if wanted is not None else None
        return None if name is None else _kind_of_dtype(name)
    if name in _CASTS:
        return _kind_of_dtype(_CASTS[name])
    if name in _INTEGERS:
        return "int"
    if name in _DRAWS or name.startswith(("nn.", "layers.")):
        return "float" if name not in ("nn.in_top_k", "nn.embedding_lookup", "layers.flatten") else None
    return "bool" if name.removeprefix("math.") in _COMPARISONS else None


def _kind_of_dtype(name: str) -> str:
    return "float" if name in _FLOATS else ("bool" if name == "bool" else "int")


def tensor(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a tensor for a function of Keras's that takes nothing else on NumPy."""
    if literal(node) is UNKNOWN:
        return value(node, context)
    return lambda: write(expression("ops.convert_to_tensor()"), context).with_changes(
        args=[cst.Arg(context.convert(node))]
    )


def floats(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a tensor of floats.

    Raises:
        Refused: It plainly holds integers, of which Keras makes floats.
    """
    if kind_of(node, context) in ("int", "bool"):
        raise Refused("its values are integers, of which TensorFlow 1 makes integers and Keras floats")
    return tensor(node, context)


def integers(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a whole number.

    Raises:
        Refused: It is written as another.
    """
    if isinstance(literal(node), float):
        raise Refused("a whole number is wanted")
    return value(node, context)


def text(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a word that Keras writes in small letters: `"SAME"`."""
    given = literal(node)
    if isinstance(given, str):
        return partial(expression, f'"{given.lower()}"')
    if given is not UNKNOWN:
        raise Refused(f"`{code_of(node)[:40]}` is not a word that Keras knows here")
    return lambda: cst.Call(cst.Attribute(operand(context.convert(node)), cst.Name("lower")))


def complement(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a probability to keep as a rate to drop."""
    given = number(node)
    if given is not None:
        return partial(expression, repr(round(1 - given, 12)))
    left = node.left if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Subtract) else None
    if isinstance(node, cst.BinaryOperation) and number(left) == 1:
        return value(node.right, context)
    return lambda: cst.BinaryOperation(expression("1"), cst.Subtract(), operand(context.convert(node)))


def halved(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a number, and write half of it."""
    given = number(node)
    if given is not None:
        return partial(expression, repr(given / 2))
    return lambda: cst.BinaryOperation(operand(context.convert(node)), cst.Divide(), expression("2"))


def ids(node: cst.BaseExpression, context: Context) -> Ready:
    """Read one table of rows.

    Raises:
        Refused: It is several, sharded.
    """
    if isinstance(node, cst.List | cst.Tuple):
        nodes = elements(node)
        if nodes is None or len(nodes) != 1:
            raise Refused("its table is in several shards")
        return value(nodes[0], context)
    return value(node, context)


#: By the names that templates use; the modules that know about layers add theirs.
KINDS: dict[str, Reader] = {
    "axis": axis,
    "complement": complement,
    "dtype": dtype,
    "float": floats,
    "halved": halved,
    "int": integers,
    "one_axis": static_axis,
    "shape": shape,
    "table": ids,
    "tensor": tensor,
    "text": text,
    "value": value,
}

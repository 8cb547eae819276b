"""Rules of `tf.concat`, `tf.split`, `tf.slice`, `tf.where` and others whose arguments decide what they become."""

from collections.abc import Callable

import libcst as cst

from onevar.migrate.rewrite.calls import kinds
from onevar.migrate.rewrite.calls.nodes import (
    UNKNOWN,
    Refused,
    code_of,
    elements,
    expression,
    literal,
    number,
    operand,
)
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import check_rest, filled
from onevar.migrate.rewrite.calls.templates import write
from onevar.migrate.rewrite.context import BoundCall, Context, Rewritten


@rule("concat")
def concat(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Join arrays; before TensorFlow 1.0 the axis came first."""
    values, axis = call.arguments.get("values"), call.arguments.get("axis")
    if isinstance(literal(values), int) or isinstance(axis, cst.List | cst.Tuple | cst.ListComp):
        if values is None or axis is None:
            raise Refused("it is called without its values or its axis")
        swapped = BoundCall(call.symbol, call.node, {**call.arguments, "values": axis, "axis": values})
        return filled("ops.concatenate({values}, axis={axis})", swapped, context)
    return filled("ops.concatenate({values}, axis={axis})", call, context)


@rule("split")
def split(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Cut an array in equal parts, or in parts of given sizes, where Keras wants to know where to cut."""
    sizes = call.arguments.get("num_or_size_splits")
    check_rest(call, frozenset({"value", "num_or_size_splits", "axis", "num", "name"}))
    parts = elements(sizes)
    if parts is None:
        if not (isinstance(sizes, cst.Name | cst.Attribute | cst.Integer | cst.Call) and _counts(sizes)):
            raise Refused("whether it is split in equal parts or by sizes is not written out")
        return filled(
            "ops.split({value}, {num_or_size_splits}, axis={axis=0})", call, context, frozenset({"num", "name"})
        )
    known = [number(part) for part in parts]
    if any(one is None for one in known) or -1 in known[:-1]:
        raise Refused("the sizes of its parts are not numbers")
    cuts, place = [], 0
    for size in known[:-1]:
        place += int(size or 0)
        cuts.append(str(place))
    text = f"ops.split({{value}}, [{', '.join(cuts)}], axis={{axis=0}})"
    return filled(text, _without(call, "num_or_size_splits", "num"), context)


def _counts(node: cst.BaseExpression) -> bool:
    """Whether an expression is a number, not a list, as far as its looks go."""
    if isinstance(node, cst.Integer):
        return True
    word = code_of(node).rpartition(".")[2].lower()
    ends = ("length", "_len", "count", "steps", "heads", "_size")
    return word.startswith(("num", "n_", "len(")) or word in ("n", "k", "h") or word.endswith(ends)


def _without(call: BoundCall, *names: str) -> BoundCall:
    return BoundCall(call.symbol, call.node, {k: v for k, v in call.arguments.items() if k not in names})


@rule("slice")
def slice_(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Cut a box out of an array, in Python's own words."""
    check_rest(call, frozenset({"input_", "begin", "size", "name"}))
    source = call.arguments.get("input_")
    begins, sizes = elements(call.arguments.get("begin")), elements(call.arguments.get("size"))
    if source is None or begins is None or sizes is None or len(begins) != len(sizes) or not begins:
        raise Refused("where its slice begins and ends is not written out")
    if any(number(size) is None and number(begin) != 0 for begin, size in zip(begins, sizes, strict=True)):
        raise Refused("where its slice ends is computed")
    if any(number(size) is None and not _is_a_size(size, context) for size in sizes):
        raise Refused("a size that may be -1 means the rest")
    slices = [cst.SubscriptElement(_slice(begin, size, context)) for begin, size in zip(begins, sizes, strict=True)]
    return cst.Subscript(operand(context.convert(source)), slices)


def _is_a_size(node: cst.BaseExpression, context: Context) -> bool:
    """Whether an expression is read off a shape, so that it is not -1."""
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Call):
        return context.symbol(node.value.func) == "shape"
    return False


def _slice(begin: cst.BaseExpression, size: cst.BaseExpression, context: Context) -> cst.Slice:
    start, length = number(begin), number(size)
    lower = None if start == 0 else context.convert(begin)
    if length == -1:
        return cst.Slice(lower, None)
    if start == 0:
        return cst.Slice(None, context.convert(size))
    if start is not None and length is not None:
        return cst.Slice(lower, expression(str(int(start + length))))
    return cst.Slice(lower, cst.BinaryOperation(operand(context.convert(begin)), cst.Add(), context.convert(size)))


@rule("where")
def where(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    """Choose between two arrays.

    TensorFlow 1 chooses rows if the condition is a vector, Keras broadcasts it; they agree where the ranks are the
    same, which is plain if the condition is made of what is chosen from.
    """
    condition, x, y = (call.arguments.get(name) for name in ("condition", "x", "y"))
    if x is None and y is None:
        result = filled("ops.stack(ops.nonzero({condition}), axis=-1)", call, context)
        return Rewritten(result, "Its shape depends on values, so it cannot be compiled.")
    if condition is None or x is None or y is None:
        raise Refused("it is called with one of x and y")
    if not _same_rank(condition, x, y, context):
        raise Refused(
            "TensorFlow 1 chooses rows if the condition is a vector, where Keras broadcasts it; tf.where_v2 broadcasts"
        )
    return filled("ops.where({condition}, {x}, {y})", call, context)


def _same_rank(condition: cst.BaseExpression, x: cst.BaseExpression, y: cst.BaseExpression, context: Context) -> bool:
    shapes = [context.static_shape(node) for node in (condition, x)]
    if shapes[0] is not None and shapes[1] is not None:
        return len(shapes[0]) == len(shapes[1])
    # A condition made of an array has its rank at least; a vector that chooses rows has a lower one.
    compared = _elementwise(condition, context, set.union)
    return bool(compared & (_elementwise(x, context) | _elementwise(y, context)))


_SAME_SHAPE = frozenset(
    {
        "zeros_like",
        "ones_like",
        "identity",
        "cast",
        "to_float",
        "abs",
        "exp",
        "log",
        "sqrt",
        "square",
        "is_nan",
        "is_inf",
    }
    | {"is_finite", "negative", "logical_not", "math.is_nan", "sign", "nn.relu", "nn.elu", "stop_gradient"}
)
_BROADCAST = frozenset(
    {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or", "add"}
    | {"multiply", "subtract", "maximum", "minimum", "div", "divide"}
)


def _elementwise(
    node: cst.BaseExpression, context: Context, both: Callable[..., set[str]] = set.intersection
) -> set[str]:
    """Return the names of the arrays that an expression has the shape of, as far as that is plain.

    Args:
        node: The expression.
        context: The unit's.
        both: What is said of an operation of two arrays: the names that both sides are, or that either is.
    """
    if isinstance(node, cst.Name | cst.Attribute):
        return {code_of(node)}
    if isinstance(node, cst.UnaryOperation):
        return _elementwise(node.expression, context, both)
    if isinstance(node, cst.Comparison):
        sides = [node.left, *(one.comparator for one in node.comparisons)]
    elif isinstance(node, cst.BinaryOperation) and not isinstance(node.operator, cst.MatrixMultiply):
        sides = [node.left, node.right]
    elif isinstance(node, cst.Call):
        sides = _sides(node, context)
    else:
        return set()
    found = [_elementwise(side, context, both) for side in sides if number(side) is None]
    return both(*found) if found else set()


def _sides(node: cst.Call, context: Context) -> list[cst.BaseExpression]:
    name = context.symbol(node.func)
    count = 1 if name in _SAME_SHAPE else (2 if name in _BROADCAST else 0)
    return [arg.value for arg in node.args[:count]]


@rule("where_v2")
def where_v2(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Choose between two arrays, broadcast."""
    return filled("ops.where({condition}, {x}, {y})", call, context)


@rule("one_hot")
def one_hot(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Make vectors of indices."""
    on, off = call.arguments.get("on_value"), call.arguments.get("off_value")
    plain = (on is None or literal(on) in (1, None)) and (off is None or literal(off) in (0, None))
    if plain:
        written = call.arguments.get("dtype") is None and kinds.kind_of(on or off, context) == "int"
        dtype = '"int32"' if written else "{dtype:dtype}"
        return filled(
            f"ops.one_hot({{indices}}, {{depth}}, axis={{axis}}, dtype={dtype})",
            _without(call, "on_value", "off_value"),
            context,
        )
    if number(on) is None or number(off) is None or "dtype" in call.arguments:
        raise Refused("its on_value or off_value is computed")
    text = 'ops.where(ops.one_hot({indices}, {depth}, axis={axis}, dtype="bool"), {on_value}, {off_value})'
    return filled(text, call, context)


@rule("range")
def range_(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Count."""
    if "limit" not in call.arguments:
        return filled("ops.arange({start}, dtype={dtype:dtype})", call, context)
    if "delta" not in call.arguments:
        return filled("ops.arange({start}, {limit}, dtype={dtype:dtype})", call, context)
    return filled("ops.arange({start=0}, {limit}, {delta}, dtype={dtype:dtype})", call, context)


@rule("constant")
def constant(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Make an array of values that are written down."""
    value = literal(call.arguments.get("value"))
    if _has_text(value):
        raise Refused("Keras has no strings")
    if literal(call.arguments.get("shape", expression("None"))) is None:
        text = "ops.convert_to_tensor({value}, dtype={dtype:dtype})"
        return filled(text, call, context, frozenset({"name", "verify_shape", "shape"}))
    if number(call.arguments.get("value")) is None and not isinstance(value, bool):
        raise Refused("its value is given a shape that it may not have")
    return filled(
        "ops.full({shape:shape}, {value}, dtype={dtype:dtype})", call, context, frozenset({"name", "verify_shape"})
    )


def _has_text(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_text(item) for item in value)
    return value is not UNKNOWN and isinstance(value, str | bytes)


@rule("fill")
def fill(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Fill an array with a value, of the value's type."""
    value = literal(call.arguments.get("value"))
    if isinstance(value, float):
        return filled("ops.full({dims:shape}, {value})", call, context)
    return filled("ops.broadcast_to({value}, {dims:shape})", call, context)


@rule("shape")
def shape(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Return a shape: a tuple in Keras, which does not compute as a tensor does."""
    parent = context.names.parents.get(call.node)
    if isinstance(parent, cst.BinaryOperation | cst.UnaryOperation | cst.Comparison):
        return filled("ops.convert_to_tensor(ops.shape({input}))", call, context, frozenset({"name", "out_type"}))
    return filled("ops.shape({input})", call, context, frozenset({"name", "out_type"}))


@rule("pad")
def pad(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Surround an array."""
    mode = literal(call.arguments.get("mode", expression('"CONSTANT"')))
    if mode is UNKNOWN or str(mode).lower() not in ("constant", "reflect"):
        raise Refused(
            "how it pads is not written out, or it mirrors the edge too, which Keras's torch backend does not"
        )
    if str(mode).lower() == "constant":
        text = "ops.pad({tensor}, {paddings}, constant_values={constant_values})"
        return filled(text, _without(call, "mode"), context)
    return filled("ops.pad({tensor}, {paddings}, mode={mode:text})", call, context)


@rule("matmul", "linalg.matmul")
def matmul(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Multiply matrices, which Keras does not transpose on the way."""
    words = []
    for side in ("a", "b"):
        given = literal(call.arguments.get(f"transpose_{side}", expression("False")))
        if given not in (True, False):
            raise Refused(f"whether it transposes is not written out: transpose_{side}")
        words.append(f"ops.swapaxes({{{side}}}, -1, -2)" if given else f"{{{side}}}")
    free = frozenset({"name", "transpose_a", "transpose_b", "a_is_sparse", "b_is_sparse"})
    return filled(f"ops.matmul({words[0]}, {words[1]})", call, context, free)


@rule("norm", "linalg.norm")
def norm(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Return lengths: the square root of the sum of squares."""
    if literal(call.arguments.get("ord", expression('"euclidean"'))) not in ("euclidean", 2):
        raise Refused("only Euclidean lengths are the same in Keras for any axes")
    axis = call.arguments.get("axis")
    if axis is not None and elements(axis) is not None and literal(call.arguments.get("ord", axis)) == 2:
        raise Refused("the spectral norm of matrices has another place in Keras")
    text = "ops.sqrt(ops.sum(ops.square({tensor}), axis={axis:axis}, keepdims={keepdims|keep_dims}))"
    return filled(text, call, context, frozenset({"name", "ord"}))


@rule("cumsum", "math.cumsum")
def cumsum(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Sum up as it goes."""
    if literal(call.arguments.get("reverse", expression("False"))) is True:
        if literal(call.arguments.get("exclusive", expression("False"))) is not False:
            raise Refused("Keras has no sum that is both exclusive and reversed")
        axis = number(call.arguments.get("axis", expression("0")))
        if axis is None:
            raise Refused("its axis is not written out")
        text = f"ops.flip(ops.cumsum(ops.flip({{x}}, axis={axis}), axis={axis}), axis={axis})"
        return filled(text, call, context, frozenset({"name", "reverse", "exclusive", "axis"}))
    if literal(call.arguments.get("exclusive", expression("False"))) is True:
        return filled(
            "ops.cumsum({x}, axis={axis=0}) - {x}", call, context, frozenset({"name", "reverse", "exclusive"})
        )
    return filled("ops.cumsum({x}, axis={axis=0})", call, context)


@rule("cumprod", "math.cumprod")
def cumprod(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Multiply up as it goes."""
    return filled("ops.cumprod({x}, axis={axis=0})", call, context)


@rule("matrix_band_part", "linalg.band_part")
def band_part(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Keep a band around the diagonal."""
    check_rest(call, frozenset({"input", "num_lower", "num_upper", "name"}))
    lower, upper = number(call.arguments.get("num_lower")), number(call.arguments.get("num_upper"))
    if lower is None or upper is None:
        raise Refused("how wide its band is is not written out")
    text = "{input}"
    if lower >= 0:
        text = f"ops.triu({text}, k={-int(lower)})" if lower else f"ops.triu({text})"
    if upper >= 0:
        text = f"ops.tril({text}, k={int(upper)})" if upper else f"ops.tril({text})"
    if text == "{input}":
        raise Refused("it keeps everything")
    return filled(text, call, context, frozenset({"name", "num_lower", "num_upper"}))


@rule("div")
def div(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Divide as Python 2 did: integers give integers."""
    found = {kinds.kind_of(call.arguments.get(name), context) for name in ("x", "y")}
    if "float" in found:
        return filled("ops.true_divide({x}, {y})", call, context)
    if found == {"int"}:
        return filled("ops.floor_divide({x}, {y})", call, context)
    raise Refused("tf.div divides integers as Python 2 did, and floats truly; which it is here is not plain")


@rule("meshgrid")
def meshgrid(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Make grids of coordinates."""
    return _of_all(call, context, "meshgrid", ("indexing",))


@rule("einsum", "linalg.einsum")
def einsum(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Sum products by a formula."""
    return _of_all(call, context, "einsum", ())


def _of_all(call: BoundCall, context: Context, function: str, keywords: tuple[str, ...]) -> cst.BaseExpression:
    """Return a call with the same arguments, however many; of those by keyword, only some."""
    args = [arg for arg in call.node.args if not (arg.keyword and arg.keyword.value == "name")]
    for arg in args:
        if arg.keyword and arg.keyword.value not in keywords:
            raise Refused(f"Keras has no counterpart of its {arg.keyword.value}")
    head = write(expression(f"ops.{function}"), context)
    kept = [arg.with_changes(value=context.convert(arg.value)) for arg in args]
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return cst.Call(head, kept)


@rule("nn.top_k", "math.top_k")
def top_k(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    """Find the greatest; on JAX the two results are a plain pair."""
    parent = context.names.parents.get(call.node)
    text = "ops.top_k({input}, {k=1}, sorted={sorted})"
    if isinstance(parent, cst.Assign) and all(isinstance(one.target, cst.Tuple | cst.List) for one in parent.targets):
        return Rewritten(filled(text, call, context), "Keras's indices are int32.")
    if isinstance(parent, cst.Subscript):
        return Rewritten(filled(text, call, context), "Keras's indices are int32.")
    raise Refused("its results are taken by name, .values and .indices, which Keras's pair has not on every backend")


@rule("random_uniform", "random.uniform")
def random_uniform(call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
    """Draw from an interval."""
    note = "The same law; not the numbers that TensorFlow's seed gives."
    dtype = call.arguments.get("dtype")
    named = "float32" if dtype is None else kinds.dtype_name(dtype, context)
    if named is None:
        raise Refused("whether it draws integers is not plain")
    if named.startswith(("int", "uint")):
        text = "keras.random.randint({shape:shape}, {minval=0}, {maxval}, dtype={dtype:dtype}, seed=SEED)"
    else:
        text = "keras.random.uniform({shape:shape}, minval={minval}, maxval={maxval}, dtype={dtype:dtype}, seed=SEED)"
    return Rewritten(filled(text, call, context, frozenset({"name", "seed"})), note)

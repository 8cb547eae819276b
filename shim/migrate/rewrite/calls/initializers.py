"""Initial values: TensorFlow's initializers, and tensors that weights begin with, as initializers of Keras's.

The laws are the same, parameters included, which are written out where Keras's defaults are others. The numbers that
a seed gives are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import libcst as cst

from onevar.migrate.rewrite import binding
from onevar.migrate.rewrite.calls.bindings import assigned
from onevar.migrate.rewrite.calls.kinds import KINDS, dtype_name, shape, value
from onevar.migrate.rewrite.calls.nodes import Refused, expression, literal, number
from onevar.migrate.rewrite.calls.registry import FUNCTIONS, rule
from onevar.migrate.rewrite.calls.tables import filled
from onevar.migrate.rewrite.calls.templates import Ready, write
from onevar.migrate.rewrite.context import BoundCall, Context, Refusal

_I = "keras.initializers."
_FREE = frozenset({"name", "dtype", "verify_shape"})
#: contrib's laws cut off at two deviations and make up for it by a rounded number: 1.3, where Keras has 1 / .87962566².
_CUT = 1.3 * 0.87962566103423978**2

#: Initializers with one law, as templates.
TEMPLATES: Mapping[str, str] = {
    "zeros_initializer initializers.zeros": f"{_I}Zeros()",
    "ones_initializer initializers.ones": f"{_I}Ones()",
    "constant_initializer initializers.constant": f"{_I}Constant({{value=0}})",
    "random_normal_initializer initializers.random_normal": (
        f"{_I}RandomNormal(mean={{mean}}, stddev={{stddev=1.0}}, seed={{seed}})"
    ),
    "truncated_normal_initializer initializers.truncated_normal": (
        f"{_I}TruncatedNormal(mean={{mean}}, stddev={{stddev=1.0}}, seed={{seed}})"
    ),
    "random_uniform_initializer initializers.random_uniform": (
        f"{_I}RandomUniform(minval={{minval=0.0}}, maxval={{maxval=1.0}}, seed={{seed}})"
    ),
    "glorot_uniform_initializer initializers.glorot_uniform": f"{_I}GlorotUniform(seed={{seed}})",
    "glorot_normal_initializer initializers.glorot_normal": f"{_I}GlorotNormal(seed={{seed}})",
    "initializers.he_normal keras.initializers.he_normal": f"{_I}HeNormal(seed={{seed}})",
    "initializers.he_uniform keras.initializers.he_uniform": f"{_I}HeUniform(seed={{seed}})",
    "initializers.lecun_normal keras.initializers.lecun_normal": f"{_I}LecunNormal(seed={{seed}})",
    "initializers.lecun_uniform keras.initializers.lecun_uniform": f"{_I}LecunUniform(seed={{seed}})",
    "orthogonal_initializer initializers.orthogonal": f"{_I}Orthogonal(gain={{gain}}, seed={{seed}})",
    "initializers.identity": f"{_I}Identity(gain={{gain}})",
    "variance_scaling_initializer initializers.variance_scaling": (
        f"{_I}VarianceScaling(scale={{scale}}, mode={{mode}}, distribution={{distribution}}, seed={{seed}})"
    ),
}
#: Initializers that may be given as a class, or by a name of Keras's.
_CLASSES = {
    "zeros_initializer": "zeros",
    "initializers.zeros": "zeros",
    "ones_initializer": "ones",
    "initializers.ones": "ones",
    "glorot_uniform_initializer": "glorot_uniform",
    "initializers.glorot_uniform": "glorot_uniform",
    "glorot_normal_initializer": "glorot_normal",
    "initializers.glorot_normal": "glorot_normal",
}
#: Tensors that weights begin with: the initializer that makes such a tensor.
_DRAWN: Mapping[str, str] = {
    "random_normal random.normal": f"{_I}RandomNormal(mean={{mean}}, stddev={{stddev=1.0}}, seed={{seed}})",
    "truncated_normal random.truncated_normal": (
        f"{_I}TruncatedNormal(mean={{mean}}, stddev={{stddev=1.0}}, seed={{seed}})"
    ),
    "random_uniform random.uniform": (
        f"{_I}RandomUniform(minval={{minval=0.0}}, maxval={{maxval=1.0}}, seed={{seed}})"
    ),
    "zeros": '"zeros"',
    "ones": '"ones"',
}
_BY_NAME = {name: text for names, text in TEMPLATES.items() for name in names.split()}
_DRAWN_BY_NAME = {name: text for names, text in _DRAWN.items() for name in names.split()}


@dataclass(frozen=True)
class Initial:
    """What a weight begins with.

    Attributes:
        initializer: Keras's initializer.
        shape: The weight's shape, if the value says it.
        dtype: The weight's dtype, if the value says it: a word, or None for float32.
    """

    initializer: Ready
    shape: Ready | None = None
    dtype: str | None = None


def _rewrite(call: BoundCall, context: Context) -> cst.BaseExpression:
    _check_number(call)
    return filled(_BY_NAME[call.symbol], call, context, _FREE)


def _check_number(call: BoundCall) -> None:
    """Check that a constant is a number, as far as that is plain: Keras does not fill a shape with a list.

    Raises:
        Refused: It is a list.
    """
    if "constant" in call.symbol and isinstance(literal(call.arguments.get("value")), list | tuple):
        raise Refused("its constant is a list, which TensorFlow spreads over the shape")


for _name in _BY_NAME:
    rule(_name)(_rewrite)


@rule("contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer_conv2d")
def xavier(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Draw as Glorot and Bengio; contrib's normal law is a little wider than Keras's."""
    uniform = literal(call.arguments.get("uniform", expression("True")))
    if uniform is True:
        return filled(f"{_I}GlorotUniform(seed={{seed}})", call, context, _FREE | {"uniform"})
    if uniform is not False:
        raise Refused("whether its law is uniform is not written out")
    text = f'{_I}VarianceScaling(scale={_CUT:.9g}, mode="fan_avg", distribution="truncated_normal", seed={{seed}})'
    return filled(text, call, context, _FREE | {"uniform"})


@rule("contrib.layers.variance_scaling_initializer")
def variance_scaling(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Draw with a spread that the shape decides, by contrib's defaults."""
    factor = number(call.arguments.get("factor", expression("2.0")))
    mode = literal(call.arguments.get("mode", expression('"FAN_IN"')))
    uniform = literal(call.arguments.get("uniform", expression("False")))
    if factor is None or not isinstance(mode, str) or uniform not in (True, False):
        raise Refused("its law is not written out")
    law = "uniform" if uniform else "truncated_normal"
    scale = factor if uniform else factor * _CUT
    text = f'{_I}VarianceScaling(scale={scale:.9g}, mode="{mode.lower()}", distribution="{law}", seed={{seed}})'
    return filled(text, call, context, _FREE | {"factor", "mode", "uniform"})


def bound(node: cst.BaseExpression | None, context: Context) -> BoundCall | None:
    """Return a call of one of TensorFlow's names with its arguments; None for any other expression."""
    if not isinstance(node, cst.Call):
        return None
    symbol = context.symbol(node.func)
    if not symbol:
        return None
    found = binding.bind(symbol, node)
    return None if isinstance(found, Refusal) or found.star else found


def check_has_rule(node: cst.BaseExpression, context: Context, what: str) -> None:
    """Check that an object of TensorFlow's that a layer is given becomes one of Keras's, under its name too.

    Args:
        node: The original expression.
        context: The unit's.
        what: What it is, a word.

    Raises:
        Refused: It stays one of TensorFlow's.
    """
    made = assigned(node, context) if isinstance(node, cst.Name | cst.Attribute) else node
    call = bound(made, context)
    symbol = call.symbol if call is not None else context.symbol(node)
    if call is None and not symbol:
        return
    answer = FUNCTIONS[symbol].rewrite(call, context) if call is not None and symbol in FUNCTIONS else None
    if answer is None or isinstance(answer, Refusal):
        raise Refused(f"Keras has no {what} tf.{symbol}" + (f": {answer.reason}" if answer else ""))


def initializer(node: cst.BaseExpression, context: Context) -> Ready:
    """Read an initializer: an object, a class, a word, or something that is known at run time only."""
    symbol = context.symbol(node) if not isinstance(node, cst.Call) else None
    if symbol in _CLASSES:
        return partial(expression, f'"{_CLASSES[symbol]}"')
    call = bound(node, context)
    if call is not None and call.symbol in _CLASSES and not call.arguments.keys() - _FREE:
        return partial(expression, f'"{_CLASSES[call.symbol]}"')
    check_has_rule(node, context, "initializer")
    return value(node, context)


def initial(node: cst.BaseExpression, context: Context) -> Initial | None:
    """Read the tensor that a weight begins with.

    Args:
        node: The initial value.
        context: The unit's.

    Returns:
        Keras's initializer, with the shape; None if it is a value like any other.

    Raises:
        Refused: It draws with a law that Keras has not.
    """
    written = literal(node)
    if isinstance(written, int | float) and not isinstance(written, bool):
        text = f"keras.initializers.Constant({written!r})"
        return Initial(partial(_made, text, None, context), partial(expression, "()"), _kind(written))
    call = bound(node, context)
    if call is None:
        return None
    if call.symbol == "constant":
        return _constant(call, context)
    if call.symbol not in _DRAWN_BY_NAME or "shape" not in call.arguments:
        return None
    given = call.arguments.get("dtype")
    named = None if given is None else dtype_name(given, context)
    if given is not None and named is None:
        return None
    if named and named.startswith("int") and "random" in call.symbol:
        return None
    ready = partial(_made, _DRAWN_BY_NAME[call.symbol], call, context)
    return Initial(ready, shape(call.arguments["shape"], context), None if named == "float32" else named)


def _kind(number: float) -> str | None:
    return "int32" if isinstance(number, int) else None


def _constant(call: BoundCall, context: Context) -> Initial | None:
    filling, given = number(call.arguments.get("value")), call.arguments.get("dtype")
    named = None if given is None else dtype_name(given, context)
    where = call.arguments.get("shape")
    if filling is None or (given is not None and named is None):
        return None
    word = named or _kind(filling)
    ready = partial(_made, f"keras.initializers.Constant({filling!r})", None, context)
    placed = partial(expression, "()") if where is None or literal(where) is None else shape(where, context)
    return Initial(ready, placed, None if word == "float32" else word)


def _made(text: str, call: BoundCall | None, context: Context) -> cst.BaseExpression:
    if call is None:
        return write(expression(text), context)
    return filled(text, call, context, _FREE | {"shape"})


KINDS["initializer"] = initializer

"""Rules of layers: `tf.layers`, `tf.contrib.layers` and slim, which make a layer of Keras's once and call it.

The defaults are TensorFlow's, written out where Keras has others: contrib's layers end in a relu and pad, dropout and
batch normalization are told whether it is training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import libcst as cst

from onevar.migrate.rewrite.calls.initializers import check_has_rule
from onevar.migrate.rewrite.calls.kinds import KINDS, value
from onevar.migrate.rewrite.calls.nodes import Refused, code_of, expression, literal, on_one_line, operand, sentence
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import NAMES, check_rest, filled
from onevar.migrate.rewrite.calls.templates import Ready, template, write
from onevar.migrate.rewrite.calls.windows import check_mean
from onevar.migrate.rewrite.context import BoundCall, Context, Refusal, Rewritten

#: Activations that Keras knows by a word.
ACTIVATIONS: Mapping[str, str] = {
    **{f"nn.{name}": name for name in ("relu", "relu6", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid")},
    **{f"nn.{name}": name for name in ("softmax", "log_softmax", "leaky_relu", "log_sigmoid")},
    **{f"math.{name}": name for name in ("softplus", "softsign", "tanh", "sigmoid", "log_sigmoid")},
    "exp": "exponential",
    "identity": "linear",
    "math.exp": "exponential",
    "nn.swish": "silu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
}
_FREE = NAMES | {"scope", "reuse", "variables_collections", "outputs_collections"}
#: Layers that keep nothing: where there is no place for a layer, one is made at each call.
_KEEPS_NOTHING = ("Pooling", "Flatten")


@dataclass(frozen=True)
class LayerRule:
    """A rule that makes a layer, and calls it.

    Attributes:
        factory: The template of what makes it.
        call: The template of its call; the layer is `LAYER`.
        ignored: The arguments that make no difference.
        note: What to know about it; empty: nothing.
    """

    factory: str
    call: str
    ignored: frozenset[str]
    note: str

    def rewrite(self, call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return the call of a layer that is made elsewhere.

        Args:
            call: The call.
            context: The unit's.
        """
        if not context.eager:
            return Refusal("Its values are tensors of a graph here.")
        try:
            return self._written(call, context)
        except Refused as reason:
            return Refusal(sentence(str(reason)))

    def _written(self, call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten:
        check(call, context)
        checked = template(self.factory).parameters | template(self.call).parameters | {"activation_fn"}
        if "activation_fn" in call.arguments:
            activation(call.arguments["activation_fn"], context)
        check_rest(call, checked, self.ignored | _FREE)
        factory = filled(self._factory(call), call, context, frozenset(call.arguments))
        factory = factory if "#" in code_of(call.node) else on_one_line(factory)
        layer = context.layer(factory, scope_name(call), call.arguments.get("reuse"))
        if layer is None:
            if not any(word in self.factory for word in _KEEPS_NOTHING):
                raise Refused("there is no place to keep its layer in")
            layer = factory
        used = filled(self.call, call, context, frozenset(call.arguments))
        assert isinstance(used, cst.Call)
        result = _activated(
            cst.ensure_type(on_one_line(used), cst.Call).with_changes(func=layer), call, self.factory, context
        )
        return Rewritten(result, sentence(self.note)) if self.note else result

    def _factory(self, call: BoundCall) -> str:
        if literal(call.arguments.get("biases_initializer")) is None:
            return self.factory.replace("bias_initializer={biases_initializer:initializer}", "use_bias=False")
        return self.factory


def _activated(result: cst.BaseExpression, call: BoundCall, factory: str, context: Context) -> cst.BaseExpression:
    """Return a layer's result, activated, where Keras's layer does not do so itself."""
    node = call.arguments.get("activation_fn")
    if node is None or literal(node) is None or "activation_fn" in factory:
        return result
    word = ACTIVATIONS.get(context.symbol(node) or "")
    if word is None:
        return cst.Call(operand(context.convert(node)), [cst.Arg(result)])
    return write(expression(f"keras.activations.{word}()"), context).with_changes(args=[cst.Arg(result)])


def scope_name(call: BoundCall) -> str | None:
    """Return the name that a call gives its layer, if it is written out."""
    given = literal(call.arguments.get("name", call.arguments.get("scope")))
    return given if isinstance(given, str) else None


def check(call: BoundCall, context: Context) -> None:
    """Check what a table cannot say of a layer.

    Raises:
        Refused: Keras does otherwise.
    """
    contrib = call.symbol.startswith("contrib.")
    if contrib and any("arg_scope" in use.path for use in context.names.uses):
        raise Refused("an arg_scope may give it other defaults")
    for parameter in ("variables_collections", "outputs_collections"):
        if literal(call.arguments.get(parameter, expression("None"))) is not None:
            raise Refused(f"Keras has no collections for its {parameter}")
    frozen = literal(call.arguments.get("trainable", expression("True"))) is not True
    if frozen and "batch_norm" in call.symbol:
        raise Refused("a layer of Keras's that is not trainable normalizes with its averages; TensorFlow 1's does not")
    for special in _CHECKS:
        if call.symbol.endswith(special):
            _CHECKS[special](call)


def _check_mean(call: BoundCall) -> None:
    strides = call.arguments.get("strides", call.arguments.get("stride", expression("2")))
    sizes = call.arguments.get("pool_size", call.arguments.get("kernel_size"))
    check_mean(sizes, strides, call.arguments.get("padding", expression('"valid"')))


def _check_layer_norm(call: BoundCall) -> None:
    if literal(call.arguments.get("begin_norm_axis", expression("1"))) != -1:
        raise Refused("it normalizes over all axes from the second on; Keras over the last, as begin_norm_axis=-1 does")
    if literal(call.arguments.get("begin_params_axis", expression("-1"))) != -1:
        raise Refused("its scales are not of the last axis")


_CHECKS = {
    ".average_pooling1d": _check_mean,
    ".average_pooling2d": _check_mean,
    ".average_pooling3d": _check_mean,
    ".avg_pool2d": _check_mean,
    ".layer_norm": _check_layer_norm,
}


def activation(node: cst.BaseExpression, context: Context) -> Ready:
    """Read an activation: a word, where Keras has one."""
    symbol = context.symbol(node) if isinstance(node, cst.Name | cst.Attribute) else None
    if not symbol:
        return value(node, context)
    if symbol not in ACTIVATIONS:
        raise Refused(f"Keras has no activation tf.{symbol}")
    return partial(expression, f'"{ACTIVATIONS[symbol]}"')


def layer_name(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a layer's name: Keras's have no slashes."""
    given = literal(node)
    if isinstance(given, str) and "/" in given:
        return partial(expression, repr(given.replace("/", "_")).replace("'", '"'))
    return value(node, context)


def regularizer(node: cst.BaseExpression, context: Context) -> Ready:
    """Read a regularizer."""
    check_has_rule(node, context, "regularizer")
    return value(node, context)


KINDS["activation"] = activation
KINDS["layer_name"] = layer_name
KINDS["regularizer"] = regularizer


def _half(text: str, call: BoundCall, context: Context) -> cst.BaseExpression:
    return filled(text, call, context, frozenset({"scope"}))


@rule("contrib.layers.l2_regularizer", "contrib.slim.l2_regularizer")
def l2_regularizer(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Punish squares: contrib takes half of their sum, Keras all of it."""
    return _half("keras.regularizers.L2({scale:halved})", call, context)


@rule("contrib.layers.l1_regularizer", "contrib.slim.l1_regularizer")
def l1_regularizer(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Punish sizes."""
    return _half("keras.regularizers.L1({scale})", call, context)


@rule("contrib.layers.l1_l2_regularizer", "contrib.slim.l1_l2_regularizer")
def l1_l2_regularizer(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Punish sizes and squares."""
    return _half("keras.regularizers.L1L2(l1={scale_l1=1.0}, l2={scale_l2:halved=0.5})", call, context)


def _read() -> dict[str, LayerRule]:
    rules: dict[str, LayerRule] = {}
    for line in (Path(__file__).parent / "layers.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        names, factory, call, ignored, note = [*line.split("\t"), "", "", ""][:5]
        made = LayerRule(factory, call, frozenset(ignored.split()), note)
        rules.update(dict.fromkeys(names.split(), made))
    return rules


_TABLE = _read()
#: The rules of layers, by name below `tf.`.
LAYERS: Mapping[str, LayerRule] = _TABLE

"""What names of TensorFlow become where they are not called: dtypes, and functions that are passed on."""

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from onevar.migrate.rewrite.calls import host
from onevar.migrate.rewrite.calls.kinds import DTYPES
from onevar.migrate.rewrite.calls.nodes import Refused, code_of, expression, sentence
from onevar.migrate.rewrite.calls.templates import write
from onevar.migrate.rewrite.context import Context, Reference, Refusal, Rewritten

#: Functions of one tensor that are passed on as values, as activations mostly.
FUNCTIONS: Mapping[str, str] = {
    **{name: f"ops.{name}" for name in ("abs", "exp", "sin", "cos", "tanh", "sigmoid", "square", "sqrt", "log")},
    **{f"math.{name}": f"ops.{name}" for name in ("abs", "exp", "sin", "cos", "tanh", "sigmoid", "square", "sqrt")},
    **{f"nn.{name}": f"ops.{name}" for name in ("relu", "relu6", "elu", "selu", "softplus", "softsign", "tanh")},
    "nn.sigmoid": "ops.sigmoid",
    "nn.softmax": "ops.softmax",
    "nn.log_softmax": "ops.log_softmax",
    "nn.swish": "ops.silu",
    "nn.log_sigmoid": "ops.log_sigmoid",
    "math.softplus": "ops.softplus",
    "log_sigmoid": "ops.log_sigmoid",
    "identity": "ops.convert_to_tensor",
    "stop_gradient": "ops.stop_gradient",
}


@dataclass(frozen=True)
class DTypeReference:
    """A dtype, which is a word in Keras.

    Attributes:
        name: The word.
    """

    name: str

    def rewrite(self, node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return the word, where it can take the dtype's place.

        Args:
            node: The dtype.
            context: The unit's.
        """
        if not context.eager:
            return Refusal("Its values are tensors of a graph here.")
        parent = context.names.parents.get(node)
        if isinstance(parent, cst.Attribute):
            return Refusal("A dtype is a word in Keras, which has no attributes.")
        if isinstance(parent, cst.ComparisonTarget | cst.Comparison):
            return Refusal("What is compared with a dtype may be one of TensorFlow's or a word.")
        if isinstance(parent, cst.Call) and parent.func is node:
            return Refusal("A dtype is a word in Keras, which cannot be called.")
        return expression(f'"{self.name}"')


@dataclass(frozen=True)
class FunctionReference:
    """A function that is passed on.

    Attributes:
        text: What it is in Keras.
    """

    text: str

    def rewrite(self, node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return Keras's function.

        Args:
            node: The name.
            context: The unit's.
        """
        try:
            if not context.eager:
                raise Refused("it works on tensors of a graph here")
            if isinstance(context.names.parents.get(node), cst.Attribute):
                raise Refused(f"`{code_of(node)}` is asked for its attributes")
            return write(expression(self.text), context)
        except Refused as reason:
            return Refusal(sentence(str(reason)))


def _references() -> Mapping[str, Reference]:
    found: dict[str, Reference] = {}
    for name, word in DTYPES.items():
        found[name] = found[f"dtypes.{name}"] = DTypeReference(word)
    for name, text in FUNCTIONS.items():
        found[name] = FunctionReference(text)
    found["newaxis"] = _NewAxis()
    found.update(host.REFERENCES)
    return found


class _NewAxis:
    """A new axis, which is None everywhere."""

    def rewrite(self, node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return None."""
        return expression("None")


REFERENCES: Mapping[str, Reference] = _references()

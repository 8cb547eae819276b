"""Rules that are functions, by the names that they are about."""

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import Refused, sentence
from onevar.migrate.rewrite.context import BoundCall, Context, Refusal, Rewritten

#: What a function makes of a call; it raises `Refused`, before any effect, where it does not apply.
Function = Callable[[BoundCall, Context], cst.BaseExpression | Rewritten]


@dataclass(frozen=True)
class FunctionRule:
    """A rule that is a function.

    Attributes:
        function: The function.
        tensors: Whether it is about tensors, so that it applies only where they are Keras's.
    """

    function: Function
    tensors: bool = True

    def rewrite(self, call: BoundCall, context: Context) -> cst.BaseExpression | Rewritten | Refusal:
        """Return what the function makes of the call.

        Args:
            call: The call.
            context: The unit's.
        """
        if self.tensors and not context.eager:
            return Refusal("Its values are tensors of a graph here.")
        try:
            return self.function(call, context)
        except Refused as reason:
            return Refusal(sentence(str(reason)))


#: The rules of this package's modules, by name below `tf.`; they are there once the modules are imported.
FUNCTIONS: dict[str, FunctionRule] = {}


def rule(*symbols: str, tensors: bool = True) -> Callable[[Function], Function]:
    """Make a function the rule of some names.

    Args:
        symbols: Below `tf.`.
        tensors: Whether it applies only where values are tensors of Keras's.

    Returns:
        A decorator.
    """

    def decorate(function: Function) -> Function:
        for symbol in symbols:
            if symbol in FUNCTIONS:
                raise ValueError(f"tf.{symbol} has two rules")
            FUNCTIONS[symbol] = FunctionRule(function, tensors)
        return function

    return decorate


def refuse(reason: str, *symbols: str) -> None:
    """Give names a rule that says why their calls stay.

    Args:
        reason: A sentence.
        symbols: Below `tf.`.
    """

    def refusing(call: BoundCall, context: Context) -> cst.BaseExpression:
        raise Refused(reason)

    rule(*symbols, tensors=False)(refusing)

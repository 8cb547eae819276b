"""Writes optimizers and learning rates of Keras that follow those of TensorFlow 1."""

import ast
from collections.abc import Mapping
from typing import Any

import libcst as cst

from onevar.errors import Unsupported
from onevar.migrate.optimizers import KERAS_OPTIMIZERS, keras_optimizer
from onevar.migrate.rewrite import binding
from onevar.migrate.rewrite.context import BaseContext, Refusal
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.leaves import Refused, call_symbol
from onevar.migrate.rewrite.programs.reading import code, expression, path_of
from onevar.migrate.schedules import KERAS_SCHEDULES, keras_schedule

_STEPS = ("global_step", "x", "step")


class Optimizers:
    """Writes the calls.

    Args:
        context: Where they are rewritten.
        rates: Paths that learning rates are bound to which change.
        placeholder: The path of the placeholder that the learning rate is fed through; None: it is not fed.
        rows: Whether rows of some variables are looked up.
    """

    def __init__(self, context: BaseContext, rates: set[str], placeholder: str | None, *, rows: bool):
        self.context = context
        self.rates = rates
        self.placeholder = placeholder
        self.rows = rows

    def optimizer(self, call: cst.Call, more: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
        """Return the optimizer of Keras.

        Args:
            call: The original one.
            more: Arguments to add.

        Raises:
            Refused: Keras has none that does the same.
        """
        symbol = call_symbol(self.context.names, call) or ""
        if symbol not in KERAS_OPTIMIZERS:
            raise Refused(f"tf.{symbol} has no equivalent in Keras.", call)
        given = self._arguments(symbol, call)
        rate = given.get("learning_rate")
        moves = isinstance(rate, cst.BaseExpression) and self.moves(rate)
        if isinstance(rate, cst.BaseExpression) and path_of(rate) == self.placeholder:
            # Each run that trains sets it.
            given["learning_rate"] = 0.0
        try:
            found = keras_optimizer(symbol, given, moving_rate=moves, rows=self.rows)
        except (Unsupported, TypeError, ValueError) as error:
            raise Refused(str(error), call) from error
        self.context.ledger.rewritten(call, found.note or None)
        return self._call(found.path, {**found.arguments, **more})

    def schedule(self, call: cst.Call) -> cst.BaseExpression:
        """Return the schedule of Keras.

        Args:
            call: The original call of a decay.

        Raises:
            Refused: Keras has none that does the same.
        """
        symbol = call_symbol(self.context.names, call) or ""
        if symbol not in KERAS_SCHEDULES:
            raise Refused(f"tf.{symbol} has no equivalent in Keras.", call)
        given = {key: value for key, value in self._arguments(symbol, call).items() if key not in _STEPS}
        try:
            found = keras_schedule(symbol, given)
        except (Unsupported, TypeError, ValueError) as error:
            raise Refused(str(error), call) from error
        self.context.ledger.rewritten(call, found.note or None)
        return self._call(found.path, found.arguments)

    def moves(self, node: cst.BaseExpression) -> bool:
        """Say whether a learning rate changes while the program trains."""
        path = path_of(node)
        if path is not None:
            return path in self.rates or path == self.placeholder
        return call_symbol(self.context.names, node) in symbols.DECAYS

    def _arguments(self, symbol: str, call: cst.Call) -> dict[str, Any]:
        """Return what was given, by parameter: numbers as such, anything else as original nodes."""
        bound = binding.bind(symbol, call)
        if isinstance(bound, Refusal):
            raise Refused(bound.reason, call)
        if bound.star:
            raise Refused("Called with * or **: which arguments these are is known at run time only.", call)
        return {key: _literal(value) for key, value in bound.arguments.items() if key != "name"}

    def _call(self, path: str, arguments: Mapping[str, Any]) -> cst.BaseExpression:
        module, _, name = path.rpartition(".")
        if path.startswith("keras."):
            called = f"{self.context.imports('import keras')}{path.removeprefix('keras')}"
        else:
            called = self.context.imports(f"from {module} import {name}")
        given = ", ".join(f"{key}={self._text(value)}" for key, value in arguments.items())
        return expression(f"{called}({given})")

    def _text(self, value: Any) -> str:
        if not isinstance(value, cst.BaseExpression):
            return repr(value)
        if call_symbol(self.context.names, value) in symbols.DECAYS:
            return code(self.schedule(cst.ensure_type(value, cst.Call)))
        made = self.context.convert(value)
        for use in self.context.names.uses_in(value):
            if code(use.node) in code(made):
                raise Refused(f"{use.symbol} is a part of an optimizer's arguments.", value)
        return code(made)


def _literal(node: cst.BaseExpression) -> Any:
    """Return the value of a literal; the node itself for anything else."""
    try:
        return ast.literal_eval(code(node))
    except (ValueError, SyntaxError):
        return node

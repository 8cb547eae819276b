"""Rewrites expressions: asks the tables of `rewrite.calls` about every name of TensorFlow, from the outside in."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import libcst as cst

from onevar.migrate import bindings, judge
from onevar.migrate.rewrite import binding, initial_values
from onevar.migrate.rewrite.context import Context, Refusal, Rewritten
from onevar.migrate.rewrite.names import Use, canonical

Answer = cst.BaseExpression | Rewritten | Refusal
_NO_RULE = "Keras 3 has no exact equivalent of tf.{symbol}; onevar.v1 computes it."
_BEGINS = "A variable begins with it that stays on onevar.v1."
_WITH = "It is given to tf.{symbol}, which stays on onevar.v1."
_NO_VALUE = "No equivalent of tf.{symbol} as a value; onevar.v1 has it."
_STARRED = "Called with * or **: which arguments these are is known at run time only."
_UNSURE = "The name means something else at other times, so that it was not touched."
#: Parts of the names of what makes initializers and the like.
_OBJECTS = ("initializer", "regularizer", "constraint", "rnn_cell", "contrib.rnn", "optimizer", "Optimizer")
#: What needs no parentheses wherever it stands.
_ATOMS = (
    cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.Imaginary, cst.SimpleString,
    cst.FormattedString, cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp, cst.Ellipsis,
)  # fmt: skip
#: Where anything may stand without them.
_ROOMY = (cst.Arg, cst.Assign, cst.AnnAssign, cst.Return, cst.Expr, cst.Index, cst.SubscriptElement)


def convert(node: cst.BaseExpression, context: Context) -> cst.BaseExpression:
    """Return an original expression with everything rewritten in it that can be; the account goes to the ledger.

    Args:
        node: The expression.
        context: Of the unit that it belongs to.
    """
    return _driven(node, context, cst.BaseExpression)


def convert_statement(node: cst.CSTNode, context: Context) -> cst.CSTNode:
    """Return an original statement, or block, with everything rewritten in its expressions that can be.

    Args:
        node: The statement.
        context: Of the unit that it belongs to.
    """
    return _driven(node, context, cst.CSTNode)


def _driven(node: cst.CSTNode, context: Context, kind: Any) -> Any:
    changed = node.visit(_Driver(context))
    if not isinstance(changed, kind):
        raise TypeError(f"{type(node).__name__} came to {changed}, which is no {kind.__name__}.")
    return changed


class _Driver(cst.CSTTransformer):
    """Replaces what has a rule; a node that is replaced is not looked into, its rule has done so."""

    def __init__(self, context: Context):
        super().__init__()
        self.context = context
        self.found: dict[cst.CSTNode, cst.BaseExpression] = {}
        self.refused: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Import | cst.ImportFrom):
            return False
        if isinstance(node, cst.Assign) and node in self.context.initial_values:
            self.whole(node.value, _BEGINS)
        if isinstance(node, cst.BaseExpression) and node not in self.refused:
            answer = self.ask(node)
            if answer is not None:
                self.found[node] = fitted(answer, node, self.context.names.parents.get(node))
                return False
        return True

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        return self.found.pop(original_node, updated_node)

    def ask(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """Return what an expression becomes; None if it stays, and is to be looked into."""
        if isinstance(node, cst.Call):
            symbol = self.context.symbol(node.func)
            if symbol:
                return self.call(symbol, node)
        use = self.context.names.use_of(node)
        if use is not None and use.unsure:
            self.context.ledger.left(node, _UNSURE)
            return None
        if use is not None:
            return self.reference(use, node)
        return self.method(node)

    def call(self, symbol: str, node: cst.Call) -> cst.BaseExpression | None:
        """Return what a call of a name of TensorFlow becomes."""
        from onevar.migrate.rewrite.calls import RULES

        self.refused.add(node.func)
        known = spelled(symbol, RULES)
        if known is None:
            reason = unsupported(symbol) or _NO_RULE.format(symbol=symbol)
            return self.settle(node, Refusal(reason))
        bound = binding.bind(known, node)
        if isinstance(bound, Refusal):
            return self.settle(node, bound)
        if bound.star:
            return self.settle(node, Refusal(_STARRED))
        return self.settle(node, RULES[known].rewrite(bound, self.context))

    def reference(self, use: Use, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """Return what a name of TensorFlow becomes where it is not called."""
        from onevar.migrate.rewrite.calls import REFERENCES

        symbol = canonical(use.path)
        known = spelled(symbol, REFERENCES) if symbol else None
        if known is None:
            reason = unsupported(symbol or use.path) or _NO_VALUE.format(symbol=symbol or use.path)
            self.context.ledger.left(node, reason)
            return None
        return self.settle(node, REFERENCES[known].rewrite(node, self.context))

    def method(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """Return what a question to a tensor becomes: `x.get_shape().as_list()`."""
        from onevar.migrate.rewrite import calls

        if not self.context.eager or not isinstance(node, cst.Call | cst.Attribute | cst.Subscript):
            return None
        answer = calls.method(node, self.context)
        if isinstance(answer, Refusal) or answer is None:
            return None
        return answer.expression if isinstance(answer, Rewritten) else answer

    def settle(self, node: cst.BaseExpression, answer: Answer) -> cst.BaseExpression | None:
        """Write a rule's answer into the ledger; return the new expression, None if there is none."""
        ledger = self.context.ledger
        if isinstance(answer, Refusal):
            ledger.left(node.func if isinstance(node, cst.Call) else node, answer.reason)
            if isinstance(node, cst.Call):
                made = self.context.symbol(node.func) in initial_values.MAKERS
                for one in node.args:
                    self.keep(one.value, node)
                    if made:
                        self.whole(one.value, _BEGINS)
            return None
        if isinstance(answer, Rewritten):
            ledger.rewritten(node, answer.note)
            return answer.expression
        ledger.rewritten(node)
        return answer

    def keep(self, node: cst.CSTNode, call: cst.Call) -> None:
        """Leave what a call that stays is given of TensorFlow's own: types, functions, initializers, cells.

        They go together: `tf.get_variable` takes TensorFlow's initializers, not Keras's. Tensors are tensors to both.

        Args:
            node: An argument, or a part of one.
            call: The call.
        """
        names = self.context.names
        if names.use_of(node) is not None:
            self.refused.add(node)
            self.context.ledger.left(node, _WITH.format(symbol=self.context.symbol(call.func)))
        elif isinstance(node, cst.Call) and _makes_object(self.context.symbol(node.func) or ""):
            self.refused.add(node)
            self.whole(node, _WITH.format(symbol=self.context.symbol(call.func)))
        elif isinstance(node, cst.List | cst.Tuple | cst.Dict | cst.IfExp | cst.BaseElement | cst.BaseDictElement):
            for child in node.children:
                self.keep(child, call)

    def whole(self, node: cst.CSTNode, reason: str) -> None:
        """Leave all that an expression has of TensorFlow's."""
        names = self.context.names
        for use in names.uses_in(node):
            self.refused.add(use.node)
            self.refused.add(names.parents[use.node])
            self.context.ledger.left(use.node, reason)


def _makes_object(symbol: str) -> bool:
    """Whether a call makes something that is no tensor, and that TensorFlow's functions take."""
    last = symbol.rpartition(".")[2].lower()
    return any(word in symbol for word in _OBJECTS) or last.endswith("cell")


def spelled(symbol: str, table: Mapping[str, object]) -> str | None:
    """Return the name under which a table has what a symbol is; None if it has not.

    Args:
        symbol: Below `tf.`: `"math.add"`, which is also `"add"`.
        table: By names below `tf.`.
    """
    if symbol in table:
        return symbol
    return next((name for name in _synonyms(symbol) if name in table), None)


@cache
def _synonyms(symbol: str) -> tuple[str, ...]:
    from onevar.v1 import export

    return tuple(export.synonyms(symbol))


def unsupported(symbol: str) -> str:
    """Return why a name without a rule stays, and what to do; empty if there is nothing special to say."""
    verdict = judge.verdict(bindings.ended(symbol))  # to look into an object may be to run something
    if verdict.level == judge.NOT:
        return verdict.advice or f"onevar.v1 does not have tf.{symbol}."
    from onevar.migrate.rewrite.calls import advice

    return advice(symbol)


def fitted(new: cst.BaseExpression, old: cst.BaseExpression, parent: cst.CSTNode | None) -> cst.BaseExpression:
    """Return a new expression with the parentheses that it needs where an old one stood.

    Args:
        new: The new one.
        old: The old one, whose parentheses are taken over.
        parent: What the old one is a part of; None if that is not known.
    """
    if new.lpar or new is old:
        return new
    if old.lpar:
        return new.with_changes(lpar=old.lpar, rpar=old.rpar)
    if isinstance(new, _ATOMS) or (isinstance(parent, _ROOMY) and not getattr(parent, "star", "")):
        return new
    return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])

"""How the parts of the rewriter talk to each other.

A *unit* is a piece of a module that is converted whole or not at all: a function, a class, a training loop. Which
units there are, and what becomes of their statements, is the business of `rewrite.programs`; what a call of
TensorFlow becomes, that of `rewrite.calls`; both meet in a `Context`, one per unit.

Everything is keyed by the *original* nodes of the module: what a name means is known of them, and what is reported
is about them. A rule looks at the original call, makes all its checks, and then asks `context.convert` for the
arguments that it keeps. So a `Refusal` has had no effect, and the call stays as it is, on `onevar.v1`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import libcst as cst

from onevar.migrate.rewrite import initial_values
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.ledger import Ledger
from onevar.migrate.rewrite.names import Names

#: What a node may become: another, nothing (`cst.RemoveFromParent()`), or several statements.
Replacement = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel


@dataclass(frozen=True)
class Options:
    """What is wanted.

    Attributes:
        target: Where the road leads: `"keras3"`.
        stage: How far to go: `"shim"`, `"eager"` or `"keras3"`.
    """

    target: str = "keras3"
    stage: str = "keras3"


@dataclass(frozen=True)
class Refusal:
    """A call or a unit stays as it is.

    Attributes:
        reason: Why, a sentence for the report.
    """

    reason: str


@dataclass(frozen=True)
class Rewritten:
    """What a call becomes, with something to say about it.

    Attributes:
        expression: The new expression.
        note: A sentence for the report; None: nothing.
    """

    expression: cst.BaseExpression
    note: str | None = None


@dataclass(frozen=True)
class BoundCall:
    """A call of a TensorFlow name, its arguments bound by the signature that TensorFlow gave it.

    Attributes:
        symbol: What is called, below `tf.`: `"layers.dense"`.
        node: The original call.
        arguments: What was given, by parameter; original nodes.
        star: Whether it has `*` or `**` arguments, which cannot be bound; the driver refuses such calls.
    """

    symbol: str
    node: cst.Call
    arguments: Mapping[str, cst.BaseExpression] = field(default_factory=dict)
    star: bool = False


class Rule(Protocol):
    """What the calls of one name become."""

    def rewrite(self, call: BoundCall, context: "Context") -> cst.BaseExpression | Rewritten | Refusal:
        """Return what the call becomes, or why it stays."""


class Reference(Protocol):
    """What a name becomes where it is not called: `tf.float32`; `tf.nn.relu` as an argument."""

    def rewrite(self, node: cst.BaseExpression, context: "Context") -> cst.BaseExpression | Rewritten | Refusal:
        """Return what the name becomes, or why it stays."""


class Context(Protocol):
    """Where a rule works: one unit of one module.

    Attributes:
        eager: Whether values are tensors of Keras's backend here. If not, no rule on tensors applies.
        names: What the module's names mean.
        ledger: What became of the uses; the driver writes it.
    """

    eager: bool
    names: Names
    ledger: Ledger

    @property
    def initial_values(self) -> frozenset[cst.CSTNode]:
        """Assignments of what variables begin with."""
        ...

    def symbol(self, node: cst.BaseExpression) -> str | None:
        """Return what an original expression names, below `tf.`: `"nn.relu"`; None if it names nothing there."""

    def convert(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Return an original expression with everything rewritten in it that can be."""

    def imports(self, line: str) -> str:
        """Have an import statement at the top of the module, once; return the name that it binds there.

        Args:
            line: `"from keras import ops"`, `"import keras"`. It is given another name where the module has one of
                its own.
        """

    def fresh(self, stem: str) -> str:
        """Return a name that the module does not use, `stem` itself if it can be."""

    def layer(
        self, factory: cst.BaseExpression, name: str | None = None, reuse: cst.BaseExpression | None = None
    ) -> cst.BaseExpression | None:
        """Return an expression that is one layer object, made once where the unit keeps its state.

        Args:
            factory: What makes it, `keras.layers.Dense(3)`, converted.
            name: TensorFlow's name of it, from `name=`; None: it had none.
            reuse: What was given for `reuse`, an original node; None: nothing.

        Returns:
            `self.dense`, say; None if the unit has no place for it: then the rule refuses.
        """

    def weight(self, factory: cst.BaseExpression, name: str | None = None) -> cst.BaseExpression | None:
        """Return an expression that is one weight, likewise; the factory is a call of `add_weight` or `Variable`."""

    def training(self) -> cst.BaseExpression | None:
        """Return an expression that says whether the model is being trained; None if the unit does not know."""

    def seed(self) -> cst.BaseExpression:
        """Return an expression that is a `keras.random.SeedGenerator` of the unit's."""

    def static_shape(self, node: cst.BaseExpression) -> tuple[int | None, ...] | None:
        """Return what is known of the shape of an original expression; None: nothing."""


class BaseContext:
    """What every context does in the same way; the rest is the unit's.

    Args:
        names: What the module's names mean.
        imports: The module's new imports, shared by its units.
        eager: Whether values are tensors of Keras's backend here.
    """

    def __init__(self, names: Names, imports: ModuleImports, *, eager: bool):
        self.names = names
        self.eager = eager
        self.ledger = Ledger()
        self._imports = imports

    @cached_property
    def initial_values(self) -> frozenset[cst.CSTNode]:
        """Assignments of what variables begin with."""
        return initial_values.named(self.names)

    def symbol(self, node: cst.BaseExpression) -> str | None:
        """Return what an original expression names, below `tf.`; None if it names nothing there."""
        return self.names.name_of(node)

    def convert(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Return an original expression with everything rewritten in it that can be."""
        from onevar.migrate.rewrite import expressions

        return expressions.convert(node, self)

    def imports(self, line: str) -> str:
        """Have an import statement at the top of the module, once; return the name that it binds there."""
        return self._imports.require(line)

    def fresh(self, stem: str) -> str:
        """Return a name that the module does not use, `stem` itself if it can be."""
        return self._imports.fresh(stem)

    def layer(
        self, factory: cst.BaseExpression, name: str | None = None, reuse: cst.BaseExpression | None = None
    ) -> cst.BaseExpression | None:
        """Return None: there is no place for a layer here."""
        return None

    def weight(self, factory: cst.BaseExpression, name: str | None = None) -> cst.BaseExpression | None:
        """Return None: there is no place for a weight here."""
        return None

    def training(self) -> cst.BaseExpression | None:
        """Return None: whether it is training is not known here."""
        return None

    def seed(self) -> cst.BaseExpression:
        """Return a new generator: there is no place for one here.

        A unit that keeps state overrides this; a generator made at every call draws a new seed each time.
        """
        return cst.parse_expression(f"{self.imports('import keras')}.random.SeedGenerator()")

    def static_shape(self, node: cst.BaseExpression) -> tuple[int | None, ...] | None:
        """Return None: nothing is known."""
        return None


@dataclass
class Converted:
    """A unit that becomes something else.

    Attributes:
        unit: How the report calls it: "function conv_net", "class Model", "the script".
        node: Its original node; the module itself for a script.
        edits: What becomes of original nodes; where one lies in another, the outer one's replacement counts.
        ledger: What became of the uses in it.
        notes: What to know, a sentence each.
    """

    unit: str
    node: cst.CSTNode
    edits: dict[cst.CSTNode, Replacement] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    notes: list[str] = field(default_factory=list)


@dataclass
class Left:
    """A unit that stays on `onevar.v1`.

    Attributes:
        unit: How the report calls it.
        node: Its original node.
        reason: Why, a sentence for the report: it becomes that of each use in the unit which has none of its own.
    """

    unit: str
    node: cst.CSTNode
    reason: str


@dataclass
class Plan:
    """What becomes of a module.

    Attributes:
        units: Its units, in order; what belongs to none stays as it is.
    """

    units: list[Converted | Left] = field(default_factory=list)

"""Pieces of a model's class: what fills its text, and small texts."""

from dataclasses import dataclass, field

import libcst as cst

from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.leaves import call_symbol
from onevar.migrate.rewrite.programs.optimizing import Optimizers
from onevar.migrate.rewrite.programs.reading import assigned, code, expression, path_of

BLANK = cst.EmptyLine(indent=False)


@dataclass
class Block:
    """Statements of `call` under one block of the original, or under none.

    Attributes:
        scope: The original block.
        guard: Paths of the placeholders that must be fed.
        parts: Statements, converted, and inner blocks.
    """

    scope: cst.With | None = None
    guard: tuple[str, ...] = ()
    parts: list["cst.BaseStatement | Block"] = field(default_factory=list)


class Mixed(Exception):
    """What is made of weights by Keras, and what by onevar.v1, do not go together."""


class Tidy(cst.CSTTransformer):
    """Takes the indentation from empty lines, and leaves one where there were several."""

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Return a node with its lines tidied."""
        lines = getattr(updated_node, "leading_lines", None)
        if not lines:
            return updated_node
        tidy: list[cst.EmptyLine] = []
        for line in lines:
            empty = line.comment is None
            if not empty or not tidy or tidy[-1].comment is not None:
                tidy.append(BLANK if empty else line)
        return updated_node.with_changes(leading_lines=tidy)


class Making(cst.CSTTransformer):
    """Converts the optimizers and learning rates in a statement."""

    def __init__(self, optimizers: Optimizers):
        super().__init__()
        self.optimizers = optimizers

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Return a node with its optimizers converted."""
        symbol = call_symbol(self.optimizers.context.names, original_node) or ""
        if isinstance(original_node, cst.Call) and symbols.is_optimizer(symbol):
            return self.optimizers.optimizer(original_node, {})
        if isinstance(original_node, cst.Call) and symbol in symbols.DECAYS:
            return self.optimizers.schedule(original_node)
        return updated_node


def is_rate(argument: cst.Arg, call: cst.Call) -> bool:
    """Whether an argument of an optimizer is its learning rate."""
    if argument.keyword is not None:
        return argument.keyword.value == "learning_rate"
    return argument is call.args[0]


def one_of(shape: cst.BaseExpression) -> str:
    """Return the shape of a batch of one: 1 for what is not known."""
    if not isinstance(shape, cst.List | cst.Tuple):
        return code(shape)
    return "[" + ", ".join(code(one.value).replace("None", "1") for one in shape.elements) + "]"


def chosen(train: cst.BaseExpression | None, other: cst.BaseExpression | None) -> str:
    """Return what a placeholder is that only says whether the model trains."""
    texts = [code(one) for one in (train, other) if one is not None]
    if len(texts) == 1 or texts[0] == texts[1]:
        return texts[0]
    if texts == ["True", "False"]:
        return "training"
    if texts == ["False", "True"]:
        return "not training"
    return f"{texts[0]} if training else {texts[1]}"


def restoring(*, moves: bool) -> list[str]:
    """Return the method that restores a checkpoint.

    Args:
        moves: Whether the learning rate changes while the program trains. One that does not is no part of TensorFlow's
            checkpoints, but is of Keras's.
    """
    lines = ["", "def restore(self, path):", '    """Load the weights, and what the optimizer keeps."""']
    lines.append("    self.optimizer.build(self.trainable_variables)")
    if moves:
        return [*lines, "    self.load_weights(path)"]
    lines += ["    rate = float(self.optimizer.learning_rate)", "    self.load_weights(path)"]
    return [*lines, "    self.optimizer.learning_rate = rate"]


class Filling(cst.CSTTransformer):
    """Puts statements in the place of `NAME = None`."""

    def __init__(self, given: dict[str, list[cst.BaseStatement]]):
        super().__init__()
        self.given = given

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode | cst.FlattenSentinel:  # type: ignore[override]
        """Return the statements that stand for a mark."""
        found = assigned(original_node) if isinstance(original_node, cst.SimpleStatementLine) else None
        if found and found[0] in self.given:
            return cst.FlattenSentinel(self.given[found[0]])
        return updated_node


class Substitution(cst.CSTTransformer):
    """Puts expressions in the place of paths."""

    def __init__(self, given: dict[str, str]):
        super().__init__()
        self.given = given

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Leave alone what is replaced as a whole."""
        return not isinstance(node, cst.Attribute) or path_of(node) not in self.given

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Return what stands for a path."""
        path = path_of(original_node) if isinstance(original_node, cst.Name | cst.Attribute) else None
        return updated_node if path not in self.given else expression(self.given[path])

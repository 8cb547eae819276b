"""What a model returns: the values that the program fetches, each under a key."""

from dataclasses import dataclass, field

import libcst as cst

from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.leaves import call_symbol
from onevar.migrate.rewrite.programs.reading import code, path_of


@dataclass
class Values:
    """What the model has to return.

    Attributes:
        keys: The key of each, by the code of its expression.
        expressions: The expression of each, by key; original nodes.
    """

    keys: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, cst.BaseExpression] = field(default_factory=dict)

    def key(self, node: cst.BaseExpression, analysis: Analysis) -> str:
        """Return the key of an expression's value."""
        text = code(node)
        if text not in self.keys:
            stem = _stem(node, analysis)
            key, number = stem, 2
            while key in self.expressions:
                key, number = f"{stem}_{number}", number + 1
            self.keys[text], self.expressions[key] = key, node
        return self.keys[text]


def _stem(node: cst.BaseExpression, analysis: Analysis) -> str:
    path = path_of(node)
    if path is not None:
        return path.rpartition(".")[2]
    if isinstance(node, cst.Subscript):
        text = "".join(char if char.isalnum() else "_" for char in code(node))
        return "_".join(part for part in text.split("_") if part)
    symbol = call_symbol(analysis.names, node)
    return symbol.rpartition(".")[2] if symbol else "value"

"""What each call of TensorFlow 1 becomes: tables, and rules where a table is not enough.

`RULES` are about calls, `REFERENCES` about names that are not called, `method` about the questions that TensorFlow's
tensors answer and Keras's do not. All are about a place where values are tensors of Keras's backend, and leave alone
what Keras says otherwise: that stays on `onevar.v1`, which takes such tensors too.
"""

from collections.abc import Mapping
from importlib import import_module

from onevar.migrate.rewrite.calls.advice import advice
from onevar.migrate.rewrite.calls.layers import LAYERS
from onevar.migrate.rewrite.calls.methods import method
from onevar.migrate.rewrite.calls.references import REFERENCES
from onevar.migrate.rewrite.calls.registry import FUNCTIONS
from onevar.migrate.rewrite.calls.tables import read
from onevar.migrate.rewrite.context import Rule

__all__ = ["REFERENCES", "RULES", "advice", "method"]

_TABLES = ("arrays", "host", "math", "nn", "random")
_MODULES = (
    "arrays",
    "feeding",
    "host",
    "images",
    "initializers",
    "losses",
    "scopes",
    "sequences",
    "weights",
    "windows",
)


def _rules() -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for module in _MODULES:
        import_module(f"onevar.migrate.rewrite.calls.{module}")
    tables: list[Mapping[str, Rule]] = [FUNCTIONS, LAYERS, *(read(table) for table in _TABLES)]
    for rules in tables:
        for symbol, rule in rules.items():
            if symbol in found:
                raise ValueError(f"tf.{symbol} has two rules")
            found[symbol] = rule
    return found


#: What the calls of each name become, by name below `tf.`.
RULES: Mapping[str, Rule] = _rules()

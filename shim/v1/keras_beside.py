"""Keras 3 beside v1 code: its layers and functions take tensors of graphs, once both are imported.

And `tf.keras` is Keras 3, which is imported when a program asks for something of it.
"""

import sys
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from onevar.core.beside import has, when_imported
from onevar.v1.export import Provider, provide, when_loaded

#: The oldest release of Keras whose layers are known to work in graphs.
OLDEST = (3, 12)


def _install() -> None:
    import_module("onevar.keras.guard").install()
    version = getattr(sys.modules["keras"], "__version__", "0")
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if number >= OLDEST:
        import_module("onevar.keras.installing").install()
    elif number >= (3,):
        warnings.warn(
            f"Keras {version} is older than {'.'.join(map(str, OLDEST))}: its layers do not take tensors of graphs.",
            RuntimeWarning,
            stacklevel=2,
        )


@cache
def offered() -> frozenset[str]:
    """Return the names of TensorFlow 1's `tf.keras` that Keras 3 has, below `tf.`; none if it is not installed."""
    if not has("keras"):
        return frozenset()
    lines = Path(__file__).with_name("keras_names.txt").read_text(encoding="ascii").splitlines()
    return frozenset(".".join(filter(None, ["keras", *name])) for line in lines for name in _names(line))


def _names(line: str) -> list[tuple[str, str]]:
    part, _, names = line.partition(":")
    return [(part, name) for name in names.split()]


def _value(name: str) -> Any:
    if not has("keras"):
        raise AttributeError(f'tf.{name} is Keras\'s, which is not installed: pip install "onevar[keras]".')
    try:
        return import_module("onevar.keras.v1_names").lookup(name.partition(".")[2])
    except LookupError as error:
        raise AttributeError(str(error.args[0])) from None


provide("keras", Provider(offered, _value))
when_loaded(lambda: when_imported("keras", _install))

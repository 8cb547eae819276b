"""Keras 3 beside v1 code: its layers and functions take tensors of graphs, once both are imported."""

import sys
import warnings
from importlib import import_module

from onevar.core.beside import when_imported
from onevar.v1.export import when_loaded

#: The oldest release of Keras whose layers are known to work in graphs.
OLDEST = (3, 12)


def _install() -> None:
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


when_loaded(lambda: when_imported("keras", _install))

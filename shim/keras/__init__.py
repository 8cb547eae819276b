"""Living inside Keras 3: v1 variables in layers, Variables that Keras owns too, Keras layers in v1 graphs.

Keras is imported by what needs it, not by `import onevar.keras`; everything works on the backend that Keras has.
"""

from importlib import import_module
from typing import Any

#: Name, and the module of this package that has it.
_PUBLIC = {
    "Variable": "variable",
    "as_keras": "variable",
    "as_onevar": "views",
    "clear_session": "sessions",
    "get_or_create_layer": "layer_registry",
    "get_session": "sessions",
    "optimizers": "optimizers",
    "set_session": "sessions",
    "track_v1_variables": "tracking",
}

__all__ = [
    "Variable",
    "as_keras",
    "as_onevar",
    "clear_session",
    "get_or_create_layer",
    "get_session",
    "optimizers",
    "set_session",
    "track_v1_variables",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'onevar.keras' has no attribute {name!r}")
    # First, and alone: at the end of its import, modules of this package make it ready for v1 graphs.
    import_module("keras")
    module = import_module(f"onevar.keras.{_PUBLIC[name]}")
    value = module if name == _PUBLIC[name] else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

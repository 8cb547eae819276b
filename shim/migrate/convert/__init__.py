"""Checkpoints from one format and layout to another.

    from onevar.migrate.convert import convert, load_into

    convert("model.ckpt-1000", "model.safetensors", like="net:make")
    load_into(keras_model, "model.ckpt-1000")

`names.infer` finds what belongs together, `layouts` and `recurrent` have the rules, and each format has a module.
"""

from importlib import import_module
from typing import Any

#: Name, and the module of this package that has it.
_PUBLIC = {
    "ConversionError": "spec",
    "MappingError": "name_map",
    "NameMap": "name_map",
    "Report": "conversion",
    "Spec": "spec",
    "convert": "conversion",
    "infer": "names",
    "load_into": "conversion",
    "read_map": "name_map",
}

__all__ = [
    "ConversionError",
    "MappingError",
    "NameMap",
    "Report",
    "Spec",
    "convert",
    "infer",
    "load_into",
    "read_map",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'onevar.migrate.convert' has no attribute {name!r}")
    value = getattr(import_module(f"onevar.migrate.convert.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

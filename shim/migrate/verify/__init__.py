"""Does the new program compute what the old one did, and if not, where do they part?"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CannotVerify": "targets",
    "Finding": "report",
    "Report": "report",
    "Row": "report",
    "compare": "comparison",
    "verify": "comparison",
}

__all__ = ["CannotVerify", "Finding", "Report", "Row", "compare", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'onevar.migrate.verify' has no attribute {name!r}")
    value = getattr(import_module(f"onevar.migrate.verify.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""`tf`, for chapters that are written as programs are: each name is looked up when it is used."""

from typing import Any

from onevar.v1.export import exported


class _Public:
    """The names below a prefix."""

    def __init__(self, prefix: str):
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        full = f"{self._prefix}{name}"
        try:
            return exported(full)
        except KeyError:
            return _Public(f"{full}.")


tf: Any = _Public("")

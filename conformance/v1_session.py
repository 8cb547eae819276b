"""`onevar.v1` for the suite's tests: the same names, with sessions on the framework and device under test."""

from typing import Any


class Bound:
    """`onevar.v1`, whose sessions are on one framework and device.

    Args:
        backend: The framework.
        device: The device.
    """

    def __init__(self, backend: str, device: str):
        self._where = {"backend": backend, "device": device}

    def __getattr__(self, name: str) -> Any:
        import onevar.v1

        return getattr(onevar.v1, name)

    def Session(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 - it stands for the class
        """Return a session there."""
        return self.__getattr__("Session")(*args, **{**self._where, **kwargs})

    def InteractiveSession(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 - it stands for the class
        """Return an interactive session there."""
        return self.__getattr__("InteractiveSession")(*args, **{**self._where, **kwargs})

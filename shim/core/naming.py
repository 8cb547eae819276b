"""Names in a graph: TensorFlow's rules for scopes and for making names unique."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")


class Names(local):
    """The name scope of each thread."""

    def __init__(self) -> None:
        self.stack = ""


class NameTable:
    """The names in use in one graph, compared without regard to case, as TensorFlow compares them."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.scope = Names()

    def unique(self, name: str, *, mark: bool = True) -> str:
        """Return `name`, below the current scope, with `_1`, `_2`, ... where it is taken.

        Args:
            name: Relative to the current scope.
            mark: Take the name; False only asks what it would be.
        """
        if self.scope.stack:
            name = f"{self.scope.stack}/{name}"
        key = name.lower()
        used = self.used
        count = used.get(key, 0)
        if mark:
            used[key] = count + 1
        if count > 0:
            base = key
            while key in used:
                key = f"{base}_{count}"
                count += 1
            if mark:
                used[key] = 1
            name = f"{name}_{count - 1}"
        return name

    @contextmanager
    def enter(self, name: str | None) -> Iterator[str]:
        """Open a name scope; see `Graph.name_scope`."""
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            pattern = _SCOPE_NAME if self.scope.stack else _OP_NAME
            if not pattern.match(name):
                raise ValueError(
                    f"'{name}' is not a valid {'scope' if self.scope.stack else 'root scope'} name. {_RULE}"
                )
        before = self.scope.stack
        if not name:
            entered = ""
        elif name[-1] == "/":
            entered = name[:-1]
        else:
            entered = self.unique(name)
        self.scope.stack = entered
        try:
            yield f"{entered}/" if entered else ""
        finally:
            self.scope.stack = before


_RULE = (
    "It has to consist of letters, digits and any of _ . \\ / > -, and at the root it begins with a letter, a digit or "
    "a dot."
)


def check_op_name(name: str) -> None:
    """Raise ValueError where TensorFlow accepts no operation of that name."""
    if not _OP_NAME.match(name):
        raise ValueError(f"'{name}' is not a valid node name. {_RULE}")

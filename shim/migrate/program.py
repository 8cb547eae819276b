"""Which files are the program's own: those that mean `onevar.v1` when they import TensorFlow."""

import os
import sys
import sysconfig
from functools import cache
from types import FrameType
from typing import Any

import onevar

_INSTALLED = ("site-packages", "dist-packages")
_HERE = os.path.dirname(os.path.realpath(__file__))
_ONEVAR = os.path.dirname(os.path.realpath(onevar.__file__))
_STDLIB = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))


class Program:
    """What `onevar run` runs: a folder of modules, and packages from elsewhere that were named.

    A module belongs to it if its file is somewhere below `root`, unless it is part of Python, of onevar, or of an
    environment that happens to lie there (`site-packages`, a folder with a `pyvenv.cfg`).

    Args:
        root: The folder of the script, or for `-m` the working directory.
        also: Names of packages and modules, dotted ones too, that belong to the program wherever they are.
    """

    def __init__(self, root: str, also: tuple[str, ...] = ()):
        self.root = os.path.realpath(root)
        self.also = also
        self.owns_file = cache(self._owns_file)

    def __reduce__(self) -> tuple:
        return type(self), (self.root, self.also)

    def owns(self, names: dict[str, Any]) -> bool | None:
        """Say whether a module is the program's, from its globals; None if they do not tell.

        Nothing can be said about code that was compiled from a string, and the standard library imports for others
        (`importlib`, `pickle`, `unittest.mock`): there, whoever called decides.
        """
        name, file = names.get("__name__"), names.get("__file__")
        if isinstance(name, str) and self.names(name):
            return True
        if not isinstance(file, str) or file.startswith("<"):
            return None
        return self.owns_file(file)

    def names(self, module: str) -> bool:
        """Say whether a module is one of those that were named, or inside one."""
        return any(module == one or module.startswith(f"{one}.") for one in self.also)

    def asked(self, names: dict[str, Any] | None, frame: FrameType | None) -> bool:
        """Say whether the program asks for a module: the innermost code that belongs to anybody is the program's.

        Args:
            names: The globals that came with the import; None where there are none.
            frame: The frame that asks.
        """
        found = self.asker(names, frame)
        return found is not None and bool(self.owns(found))

    def asker(self, names: dict[str, Any] | None, frame: FrameType | None) -> dict[str, Any] | None:
        """Return the globals of the innermost code that belongs to anybody; None if there is none.

        Args:
            names: The globals that came with the import; None where there are none.
            frame: The frame that asks.
        """
        if names is not None and self.owns(names) is not None:
            return names
        while frame is not None and self.owns(frame.f_globals) is None:
            frame = frame.f_back
        return None if frame is None else frame.f_globals

    def _owns_file(self, file: str) -> bool | None:
        path = os.path.realpath(file)
        if path.startswith(_HERE + os.sep):
            return None
        if path.startswith(_STDLIB) and not any(f"{os.sep}{part}{os.sep}" in path for part in _INSTALLED):
            return None
        below = os.path.relpath(path, self.root).split(os.sep)
        if below[0] == os.pardir or os.path.isabs(below[0]) or path.startswith(_ONEVAR + os.sep):
            return False
        folders = [os.path.join(self.root, *below[:end]) for end in range(1, len(below))]
        environments = (os.path.exists(os.path.join(folder, "pyvenv.cfg")) for folder in folders)
        return not any(part in _INSTALLED for part in below) and not any(environments)

    def is_loose(self, names: dict[str, Any]) -> bool:
        """Say whether a module is not the program's and not installed: somebody's own file, from another folder."""
        path = os.path.realpath(str(names.get("__file__")))
        installed = any(part in path.split(os.sep) for part in _INSTALLED)
        ours = str(names.get("__name__")).partition(".")[0] == "onevar"
        return self.owns(names) is False and not installed and not ours


def of_script(path: str, also: tuple[str, ...] = ()) -> Program:
    """Return the program that a script, or a folder or zip file with a `__main__`, starts."""
    target = os.path.realpath(path)
    return Program(target if os.path.isdir(target) else os.path.dirname(target), also)


def of_module(name: str, also: tuple[str, ...] = ()) -> Program:
    """Return the program that `-m name` starts: what is below the working directory, and the module's own package.

    A module that is installed somewhere is the program's as well, as it was asked for by name; but not one of the
    standard library (`-m unittest`), which runs others.
    """
    top = name.partition(".")[0]
    return Program(os.getcwd(), also if top in sys.stdlib_module_names else (*also, top))

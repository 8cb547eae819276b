"""The last words on a program that ended because something of TensorFlow is missing."""

import os
import re
from types import ModuleType, TracebackType

from onevar.migrate import old_numpy, python2, redirect, virtual
from onevar.migrate.program import Program

_FROM_OUTSIDE = """
onevar run: {name} imports TensorFlow, and is not one of the program's own modules ({root}{sep}...):
  {file}
It gets the real TensorFlow, which is not installed here. If it belongs to the program, run it with
  onevar run --also {package} ...
"""

_MISSING = """
onevar run: {symbol} is not supported.
  at       {file}:{line}
  {near}what now run `onevar run --report` on the program to see all that it mentions and is not supported;
           replace the call, or guard it with `hasattr` or `try`, and run again.
"""

#: NumPy tells the names that it has given up in its message only.
_OLD_NAME = re.compile(r"module 'numpy' has no attribute '(\w+)'|`np\.(\w+)` was removed")
_RESTORE = "  what now run it with `onevar run --old-numpy`, which brings such names back, or change the program.\n"


def explain(error: BaseException, program: Program) -> str:
    """Return what to tell the user beyond the traceback: nothing, where onevar has no part in the error.

    Args:
        error: What ended the program.
        program: The program.
    """
    old = _numpys_old(error) or _python2(error)
    if old:
        return old
    symbol = _symbol(error)
    place = _innermost(error, program)
    if symbol is not None and place is not None:
        from onevar.v1 import export

        near = export.nearest(symbol)
        hint = f"nearest  {', '.join(f'tf.{name}' for name in near)}\n  " if near else ""
        return _MISSING.format(symbol=f"tf.{symbol}", file=place[0], line=place[1], near=hint)
    return _outsider(error, program) if _is_tensorflow(error) else ""


def _numpys_old(error: BaseException) -> str:
    """Say what became of a name that NumPy has given up."""
    match = _OLD_NAME.search(str(error)) if isinstance(error, AttributeError) else None
    name = next(filter(None, match.groups()), "") if match is not None else ""
    advice = old_numpy.advice(name)
    if advice is None:
        return ""
    return f"\nonevar run: {advice}\n{_RESTORE if old_numpy.restorable(name) else ''}"


def _python2(error: BaseException) -> str:
    """Say that a file is Python 2."""
    if not isinstance(error, SyntaxError):
        return ""
    reason = python2.reason(error, "\n" * ((error.lineno or 1) - 1) + (error.text or ""))
    return f"\nonevar run: {error.filename} is {reason}.\n" if python2.is_python2(reason) else ""


def _symbol(error: BaseException) -> str | None:
    """Return the name below `tf.` that the error is about."""
    owner = getattr(error, "obj", None)
    if isinstance(error, AttributeError) and isinstance(owner, ModuleType) and error.name:
        top, _, path = f"{owner.__name__}.".partition(f"{virtual.ROOT}.")
        return f"{path}{error.name}" if not top else None
    return getattr(error, "onevar_symbol", None)


def _entries(error: BaseException) -> list[TracebackType]:
    found, entry = [], error.__traceback__
    while entry is not None:
        found.append(entry)
        entry = entry.tb_next
    return found


def _innermost(error: BaseException, program: Program) -> tuple[str, int] | None:
    """Return file and line of the program's innermost frame."""
    for entry in reversed(_entries(error)):
        if program.owns(entry.tb_frame.f_globals):
            return entry.tb_frame.f_code.co_filename, entry.tb_lineno
    return None


def _is_tensorflow(error: BaseException) -> bool:
    return isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == redirect.NAME


def _outsider(error: BaseException, program: Program) -> str:
    """Say that a module from elsewhere wanted TensorFlow, and how to make it the program's."""
    for entry in reversed(_entries(error)):
        names = entry.tb_frame.f_globals
        if program.owns(names) is False:
            name = str(names.get("__name__"))
            package, file = name.partition(".")[0], entry.tb_frame.f_code.co_filename
            return _FROM_OUTSIDE.format(name=name, package=package, file=file, root=program.root, sep=os.sep)
    return ""

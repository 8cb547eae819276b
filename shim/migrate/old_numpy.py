"""Names that NumPy has given up, as programs of TensorFlow 1's time use them."""

import ast
from collections.abc import Iterator
from typing import Any

#: Aliases of Python's own types, given up in NumPy 1.24: what they were.
_BUILTINS = {"int": int, "float": float, "bool": bool, "object": object, "str": str, "complex": complex}
_SPELLED = {name: name for name in _BUILTINS} | {"long": "int", "unicode": "str"}
#: Names given up in NumPy 2.0, and those that mean the same.
_RENAMED = {
    "float_": "float64", "complex_": "complex128", "unicode_": "str_", "string_": "bytes_", "int0": "intp",
    "uint0": "uintp", "bool8": "bool_", "object0": "object_", "str0": "str_", "bytes0": "bytes_", "void0": "void",
    "Inf": "inf", "Infinity": "inf", "infty": "inf", "PINF": "inf", "NaN": "nan", "NAN": "nan",
    "singlecomplex": "complex64", "cfloat": "complex128", "longfloat": "longdouble", "longcomplex": "clongdouble",
    "clongfloat": "clongdouble", "product": "prod", "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any",
    "round_": "round", "in1d": "isin", "trapz": "trapezoid", "mat": "asmatrix",
}  # fmt: skip
#: Names given up without one of the same meaning.
_GONE = {
    "asscalar": "Call a.item().", "NINF": "Write -np.inf.", "NZERO": "Write -0.0.", "PZERO": "Write 0.0.",
    "asfarray": "Call np.asarray(a, dtype=float).", "cast": "Call np.asarray(x, dtype).",
    "find_common_type": "Call np.result_type.", "msort": "Call np.sort(a, axis=0).", "rank": "Call np.ndim.",
    "issubclass_": "Call issubclass.", "issubsctype": "Call np.issubdtype.", "sctypes": "Name the dtypes.",
    "typeDict": "Call np.dtype(name).", "set_numeric_ops": "Use ufunc overrides.",
}  # fmt: skip
#: Names that came back with another meaning.
_BACK = ("bool", "long")


def advice(name: str) -> str | None:
    """Return what to write instead of `np.<name>`; None if NumPy has not given the name up."""
    if name in _SPELLED and name not in _BACK:
        return f"np.{name} is gone since NumPy 1.24: write {_SPELLED[name]}, which it was."
    if name in _RENAMED:
        return f"np.{name} is gone since NumPy 2.0: write np.{_RENAMED[name]}, which it was."
    if name in _GONE:
        return f"np.{name} is gone. {_GONE[name]}"
    return None


def restorable(name: str) -> bool:
    """Say whether `restore` brings a name back."""
    return name not in _BACK and (name in _SPELLED or name in _RENAMED)


def restore() -> None:
    """Give NumPy back the names that were only other names of something, for the rest of this process.

    Each gets the very object that it named when it was there; what NumPy still has is left alone.
    """
    import numpy as np

    old: dict[str, Any] = {**_BUILTINS, "unicode": str}
    old |= {name: getattr(np, new) for name, new in _RENAMED.items() if hasattr(np, new)}
    for name, value in old.items():
        if name not in vars(np):
            setattr(np, name, value)


def uses(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the names that NumPy has given up and a module mentions, with their lines."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "numpy"}
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy" and not node.level:
            yield from ((alias.name, node.lineno) for alias in node.names if advice(alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield from ((name, node.lineno) for name in (node.attr,) if advice(name))

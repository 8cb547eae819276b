"""How far a project has come: what it uses of Keras 3, next to what it still uses of TensorFlow 1."""

import ast

from onevar.migrate.sources import Source

_ROOTS = ("keras", "onevar.keras")


def keras_uses(source: Source) -> int:
    """Return how often a file mentions what it imports of Keras, or of `onevar.keras`.

    Args:
        source: The file.
    """
    nodes = list(ast.walk(source.tree)) if source.tree is not None else []
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found = [alias for alias in node.names if _is_keras(alias.name)]
            names |= {alias.asname or alias.name.partition(".")[0] for alias in found}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [alias for alias in node.names if _is_keras(f"{node.module}.{alias.name}")]
            names |= {alias.asname or alias.name for alias in found}
    return sum(isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names for node in nodes)


def _is_keras(module: str) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in _ROOTS)


def verdict(v1: int, v1_files: int, keras: int, files: int) -> str:
    """Return the sentence about how far a project has come.

    Args:
        v1: Uses of TensorFlow 1.
        v1_files: Files that have them.
        keras: Uses of Keras.
        files: Files in all.
    """
    if not v1:
        return "This project no longer uses v1." if keras else ""
    if not keras:
        return ""
    share = f"{left(v1, keras):.1f} %"
    return f"v1 is left in {v1_files} of {files} files: {v1} uses, next to {keras} of Keras ({share} left)."


def left(v1: int, keras: int) -> float:
    """Return which percentage of a project's uses of v1 and of Keras are of v1."""
    return 100.0 * v1 / (v1 + keras) if v1 + keras else 0.0

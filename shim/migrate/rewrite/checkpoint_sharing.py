"""Which files of a project share checkpoints: a converted program's are no TensorFlow's, so they stay together."""

import ast
from collections.abc import Mapping

from onevar.migrate.rewrite.finding import Rewriting
from onevar.migrate.sources import Source

#: What writes checkpoints, reads them, or looks for them: the last part of its name.
_USES = frozenset((
    "Saver", "latest_checkpoint", "get_checkpoint_state", "checkpoint_exists", "import_meta_graph", "load_variable",
    "NewCheckpointReader", "load_checkpoint", "list_variables", "init_from_checkpoint", "Supervisor",
    "MonitoredTrainingSession", "assign_from_checkpoint", "assign_from_checkpoint_fn", "evaluate_once",
    "evaluation_loop", "checkpoints_iterator", "CheckpointSaverHook", "freeze_graph",
))  # fmt: skip
_TAKERS = frozenset(("latest_checkpoint", "get_checkpoint_state", "save", "restore", "join", "makedirs", "mkdir"))
_FLAGS = ("ckpt", "checkpoint", "save_", "_dir")
_LONGEST = 100  # characters: what is longer is no path that people write
_PATHS = ("/", "ckpt", "model", "checkpoint", "save")


def uses_checkpoints(found: Rewriting) -> bool:
    """Say whether a file writes, reads or looks for checkpoints."""
    return any(one.symbol.rpartition(".")[2] in _USES for one in found.findings)


def partner(source: Source, others: Mapping[str, Source]) -> str:
    """Return the file that shares checkpoints with a file; empty if none does.

    Args:
        source: The file.
        others: Files that use checkpoints, by the name that the report has.
    """
    mine = _hints(source)
    for shown, other in others.items():
        near = other.path.parent == source.path.parent or _imports(source, other) or _imports(other, source)
        if near and (_meet(mine, _hints(other)) or _imports(source, other) or _imports(other, source)):
            return shown
    return ""


def _meet(mine: set[str], others: set[str]) -> bool:
    """Whether two files name one path, or one a folder in which the other names something."""
    return any(a == b or a.startswith(f"{b}/") or b.startswith(f"{a}/") for a in mine for b in others)


def _hints(source: Source) -> set[str]:
    """Return the strings in a file that may be paths of checkpoints, and the flags that may hold them."""
    found: set[str] = set()
    for node in ast.walk(source.tree) if source.tree is not None else ():
        if isinstance(node, ast.Constant) and any(one in str(node.value) for one in _PATHS):
            found |= _path(node)
        elif isinstance(node, ast.Attribute) and any(one in node.attr for one in _FLAGS):
            found.add(f".{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TAKERS:
            found |= {text for one in node.args for text in _path(one)}
    return found


def _path(node: ast.expr) -> set[str]:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return set()
    text = node.value.removeprefix("./").rstrip("/")
    return {text} if 2 < len(text) < _LONGEST and "\n" not in text else set()


def _imports(source: Source, other: Source) -> bool:
    """Whether one file imports another."""
    name = other.module.rpartition(".")[2]
    for node in ast.walk(source.tree) if source.tree is not None else ():
        if isinstance(node, ast.Import) and any(one.name.rpartition(".")[2] == name for one in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            taken = [(node.module or "").rpartition(".")[2], *(one.name for one in node.names)]
            if name in taken:
                return True
    return False

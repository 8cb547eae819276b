"""Facts about TensorFlow's internal modules: which of their attributes are public, and under which names.

`golden/paths.tsv` has them, as `golden/record_paths.py` found them; here they are looked up. All names are below
`tensorflow.`.
"""

from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "golden" / "paths.tsv"
_IMPORTED = _TABLE.with_name("imported.tsv")
#: Where TensorFlow keeps what it does not publish; everything else is the public namespace.
INTERNAL = ("python", "core", "examples", "contrib")
#: Modules that a public namespace mirrors whole, absl's flags and TensorFlow's unexported spellings included.
_WHOLE = {
    "contrib.framework.nest": "nest",
    "python.layers.base": "layers",
    "python.layers.convolutional": "layers",
    "python.layers.core": "layers",
    "python.layers.layers": "layers",
    "python.layers.normalization": "layers",
    "python.layers.pooling": "layers",
    "python.framework.errors": "errors",
    "python.framework.errors_impl": "errors",
    "python.ops.rnn": "nn",
    "python.ops.spectral_ops": "spectral",
    "python.ops.summary_ops": "summary",
    "python.summary.event_accumulator": "summary",
    "python.ops.rnn_cell": "nn.rnn_cell",
    "python.ops.rnn_cell_impl": "nn.rnn_cell",
    "python.platform.app": "app",
    "python.platform.flags": "app.flags",
    "python.platform.gfile": "gfile",
    "python.platform.googletest": "test",
    "python.platform.test": "test",
    "python.platform.tf_logging": "logging",
    "python.util.nest": "nest",
}


@cache
def _modules() -> dict[str, str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t", 1) for line in lines)


@cache
def _packages() -> frozenset[str]:
    found = set()
    for module in _modules():
        while module := module.rpartition(".")[0]:
            found.add(module)
    return frozenset(found)


@cache
def attributes(module: str) -> dict[str, tuple[str, ...]]:
    """Return the public names of every attribute of `module`, `"python.ops.math_ops"`; none for a module not known."""
    found = {}
    for cell in _modules().get(module, "").split():
        name, _, names = cell.partition("=")
        spelled = (names or name).split(",")
        found[name] = tuple(f"{module}.{name}" if one == "." else one for one in spelled)
    return found


@cache
def _imported() -> dict[str, str]:
    """Return the modules that internal modules import, by the name they have there, or by `module.name`."""
    lines = _IMPORTED.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t", 1) for line in lines)


def _through_imports(path: str) -> str:
    """Return `path` by the modules' own names: `python.ops.rnn.nest.flatten` is `python.util.nest.flatten`."""
    top, *parts = path.split(".")
    for part in parts:
        here = f"{top}.{part}"
        if top in _modules() and not is_module(here) and not _published_in(top, part):
            anywhere = part if top not in _packages() else ""
            here = _imported().get(here) or _imported().get(anywhere) or here
        top = here
    return top


def _published_in(module: str, name: str) -> bool:
    return name in attributes(module) or name in attributes(_folded(module) or "")


def is_module(path: str) -> bool:
    """Whether TensorFlow has, or had, an internal module or package of that path."""
    return path in _modules() or path in _packages() or path in _WHOLE


def _folded(path: str) -> str | None:
    """Return contrib's public package for one of its internal modules; None for anything else."""
    parts = path.split(".")
    inside = len(parts) > 2 and parts[0] == "contrib" and f"contrib.{parts[1]}" in _modules()
    return ".".join(parts[:2]) if inside else None


def public_names(path: str) -> tuple[str, ...]:
    """Return the public names of what `path`, `"python.ops.math_ops.add"`, is; the likeliest first.

    Returns:
        Names below `tf.`. A path that is public itself comes back as it is. Empty if TensorFlow publishes nothing
        there.
    """
    path = canonical(path)
    module, _, name = path.rpartition(".")
    if is_module(path):
        return (path,)
    if path.split(".")[0] not in INTERNAL:
        return (path,)
    if path.startswith("python.keras."):
        return (path.removeprefix("python."), path)
    found = attributes(module).get(name, ())
    package = _folded(module) if not found else None
    if package:
        found = attributes(package).get(name, (f"{package}.{name}",))
        # `contrib.learn.python.learn.datasets` is `contrib.learn.datasets`.
        inside = f"{package}.python.{package.partition('.')[2]}."
        found = (*found, f"{package}.{path.removeprefix(inside)}") if path.startswith(inside) else found
    if module in _WHOLE:
        found = (*found, f"{_WHOLE[module]}.{name}")
    # A chapter of onevar may export contrib's own name, or an internal one.
    return tuple(dict.fromkeys((path, *found) if path.startswith("contrib.") else (*found, path)))


def canonical(path: str) -> str:
    """Return `path` without the prefixes `compat.v1`, which mean the same, and past what a module only imports."""
    while path == "compat.v1" or path.startswith("compat.v1."):
        path = path[len("compat.v1") :].removeprefix(".")
    top = path.split(".", 2)
    return _through_imports(path) if top[0] in INTERNAL and "keras" not in top else path


@cache
def published() -> frozenset[str]:
    """Return all names that TensorFlow 1 published, as far as they are known."""
    return frozenset(name for module in _modules() for names in attributes(module).values() for name in names)

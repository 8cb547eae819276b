"""`import onevar.v1 as tf`: TensorFlow 1's API, in graph mode by default, on any of the frameworks.

The names are those of `tf.compat.v1`. Which framework computes is the default backend's choice
(`onevar.set_backend`, `ONEVAR_BACKEND`), or the Session's.
"""

from importlib.machinery import PathFinder
from typing import Any

from onevar.v1 import namespaces as _namespaces

#: What scripts compare versions with: the last release of TensorFlow 1 whose API this is.
__version__ = "1.15.5"


def __getattr__(name: str) -> Any:
    if not _namespaces.export.ready() and PathFinder.find_spec(f"{__name__}.{name}", __path__) is not None:
        # `from onevar.v1 import some_file` by one of ours: no name of `tf.`, so not the time to import everything.
        raise AttributeError(f"module '{__name__}' has no attribute {name!r}")
    return _namespaces.attribute("", name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_namespaces.members("")})

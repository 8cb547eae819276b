"""`tf.ConfigProto`, `tf.RunOptions`, `tf.RunMetadata` and their parts: the real messages where they are installed.

They come with the tensorboard package. Without it, `session_config` has the same fields, and no wire format.
"""

from importlib.util import find_spec
from typing import Any

from onevar.core.protos import proto
from onevar.v1 import session_config
from onevar.v1.export import export_lazily

_NAMES = ("ConfigProto", "GPUOptions", "GraphOptions", "OptimizerOptions", "RunMetadata", "RunOptions")


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    installed = find_spec("tensorboard") is not None
    return getattr(proto("config") if installed else session_config, name)


for _name in _NAMES:
    export_lazily(_name, "session_messages", _name)

"""`tf.train.Example` and its parts, protocol buffer classes that are made when they are asked for."""

from typing import Any

from onevar.core.records.messages import message_class
from onevar.v1.export import export_lazily

NAMES = (
    "BytesList", "Example", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList", "Int64List",
    "SequenceExample",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Return a message's class; pickles look for it here too."""
    if name in NAMES:
        return message_class(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


for _name in NAMES:
    export_lazily(f"train.{_name}", "example_protos", _name)

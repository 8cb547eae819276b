"""`tf.Summary`, `tf.Event` and their kin: the tensorboard package's messages, imported when they are asked for."""

from typing import Any

from onevar.core.protos import proto
from onevar.v1.export import export_lazily

_MESSAGES = {
    "Summary": ("summary", "Summary", "summary.Summary"),
    "SummaryDescription": ("summary", "summary.SummaryDescription"),
    "SummaryMetadata": ("summary", "SummaryMetadata"),
    "HistogramProto": ("histogram", "HistogramProto"),
    "Event": ("event", "Event", "summary.Event"),
    "SessionLog": ("event", "SessionLog", "summary.SessionLog"),
    "TaggedRunMetadata": ("event", "summary.TaggedRunMetadata"),
    "LogMessage": ("event", "LogMessage"),
    "SourceMetadata": ("event", "core.util.event_pb2.SourceMetadata"),
}


def __getattr__(name: str) -> Any:
    if name not in _MESSAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(proto(_MESSAGES[name][0]), name)


for _message, (_module, *_names) in _MESSAGES.items():
    for _name in _names:
        export_lazily(_name, "event_protos", _message)

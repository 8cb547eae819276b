"""`tf.summary`: operations that make summaries."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.dtype import float32, string
from onevar.core.name_scope import name_scope
from onevar.core.protos import proto
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys

_NOT_IN_TAGS = re.compile(r"[^-/\w\.]")


@export("python.ops.summary_op_util.clean_tag")
def clean_tag(name: str | None) -> str | None:
    """Return a name as a tag: `_` for what no name of an operation has, and no slash in front."""
    if name is None:
        return None
    cleaned = _NOT_IN_TAGS.sub("_", name).lstrip("/")
    if cleaned != name:
        exported("logging.info")("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@export("python.ops.summary_op_util.summary_scope")
@contextmanager
def summary_scope(
    name: str | None, family: str | None = None, default_name: str | None = None, values: Any = None
) -> Iterator[tuple[str, str]]:
    """Yield the tag of a summary, and the scope that is the name of its operation.

    Args:
        name: As the program says it.
        family: What TensorBoard groups it with; its first part, then.
        default_name: Without a name.
        values: What the summary is made of.
    """
    name, family = clean_tag(name), clean_tag(family)
    base = name if family is None else f"{family}/{name}"
    with name_scope(base, default_name, values) as scope:
        tag = scope.rstrip("/")
        yield tag if family is None else f"{family}/{tag}", scope


@export("python.ops.summary_op_util.collect")
def collect(value: Any, collections: Sequence[str] | None, default: Sequence[str]) -> None:
    """Add a summary to the collections named, or to those that it belongs to if none are."""
    for key in default if collections is None else collections:
        add_to_collection(key, value)


@export("summary.scalar")
def scalar(name: str, tensor: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Any:
    """Return a `Summary` with one number; see `tf.compat.v1.summary.scalar`."""
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        value = op("ScalarSummary", tags=tag, values=tensor, name=scope)
        collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("summary.histogram")
def histogram(name: str, values: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Any:
    """Return a `Summary` with a histogram; see `tf.compat.v1.summary.histogram`."""
    with summary_scope(name, family, "HistogramSummary", [values]) as (tag, scope):
        value = op("HistogramSummary", tag=tag, values=values, name=scope)
        collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("summary.image")
def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Sequence[str] | None = None, family: str | None = None
) -> Any:
    """Return a `Summary` with the first pictures of a batch; see `tf.compat.v1.summary.image`."""
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        value = op("ImageSummary", tag=tag, tensor=tensor, max_images=max_outputs, name=scope)
        collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("summary.audio")
def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Any:  # fmt: skip
    """Return a `Summary` with the first sounds of a batch; see `tf.compat.v1.summary.audio`."""
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        rate = convert_to_tensor(sample_rate, float32, "sample_rate")
        value = op("AudioSummaryV2", tag=tag, tensor=tensor, max_outputs=max_outputs, sample_rate=rate, name=scope)
        collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("summary.tensor_summary")
def tensor_summary(
    name: str, tensor: Any, summary_description: Any = None, collections: Sequence[str] | None = None,
    summary_metadata: Any = None, family: str | None = None, display_name: str | None = None,
) -> Any:  # fmt: skip
    """Return a `Summary` with a whole tensor, for a plugin; see `tf.compat.v1.summary.tensor_summary`."""
    metadata = proto("summary").SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    serialized = metadata.SerializeToString()
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        value = op(
            "TensorSummaryV2", tensor=tensor, tag=tag, serialized_summary_metadata=serialized, name=scope
        )  # fmt: skip
        collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("summary.text")
def text(name: str, tensor: Any, collections: Sequence[str] | None = None) -> Any:
    """Return a `Summary` with text, Markdown included; see `tf.compat.v1.summary.text`.

    Raises:
        ValueError: The tensor does not hold strings.
    """
    if tensor.dtype != string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = proto("summary").SummaryMetadata(plugin_data={"plugin_name": "text"})
    return tensor_summary(name, tensor, summary_metadata=metadata, collections=collections)


@export("summary.merge")
def merge(inputs: Sequence[Any], collections: Sequence[str] | None = None, name: str | None = None) -> Any:
    """Return a `Summary` with all values of others; see `tf.compat.v1.summary.merge`.

    Raises:
        RuntimeError: Eager execution, which has no use for it.
    """
    if executing_eagerly():
        raise RuntimeError(
            "Merging tf.summary.* ops is not compatible with eager execution. Use tf.contrib.summary instead."
        )
    cleaned = clean_tag(name)
    with name_scope(cleaned, "Merge", inputs):
        value = op("MergeSummary", inputs=list(inputs), name=cleaned)
        collect(value, collections, [])
    return value


@export("summary.merge_all")
def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """Return all summaries of the default graph merged, or None if there are none.

    Args:
        key: The collection that they are in.
        scope: Only those whose names match.
        name: Of the operation.

    Raises:
        RuntimeError: Eager execution, which has no use for it.
    """
    if executing_eagerly():
        raise RuntimeError(
            "Merging tf.summary.* ops is not compatible with eager execution. Use tf.contrib.summary instead."
        )
    summaries = get_collection(key, scope)
    return merge(summaries, name=name) if summaries else None


@export("summary.get_summary_description")
def get_summary_description(node_def: Any) -> Any:
    """Return the `SummaryDescription` that a `TensorSummary` node holds.

    Args:
        node_def: The node.

    Raises:
        ValueError: It is no `TensorSummary`.
    """
    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    from google.protobuf import json_format

    described = proto("summary").SummaryDescription()
    json_format.Parse(node_def.attr["description"].s.decode("utf-8"), described)
    return described

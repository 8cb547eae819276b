"""`tf.contrib.layers.summarize_*` and `tf.contrib.deprecated`: summaries of what layers compute, and old names."""

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from onevar.core import dtype
from onevar.core.build import op
from onevar.core.default_graph import get_collection
from onevar.v1 import summary_ops
from onevar.v1.export import export, export_value, exported
from onevar.v1.graph_keys import GraphKeys


def _scalar(tensor: Any, tag: str | None = None) -> Any:
    tensor.get_shape().assert_has_rank(0)
    return summary_ops.scalar(tag or f"{tensor.op.name}_summary", tensor)


def _histogram(tensor: Any, tag: str | None = None) -> Any:
    return summary_ops.histogram(tag or f"{tensor.op.name}_summary", tensor)


def _share(condition: Any) -> Any:
    """Return how many of some truth values are true, from 0 to 1."""
    return exported("reduce_mean")(exported("to_float")(condition))


@export("contrib.layers.summarize_activation")
def summarize_activation(op: Any) -> Any:
    """Return a histogram of an activation; how many of its inputs are cut off is summarised too.

    Args:
        op: What a layer returned.
    """
    kind, name = op.op.type, op.op.name
    if kind in ("Relu", "Softplus", "Relu6"):
        before = op.op.inputs[0]
        _scalar(_share(exported("less")(before, exported("cast")(0.0, before.dtype))), f"{name}/zeros")
        if kind == "Relu6":
            _scalar(_share(exported("greater")(before, exported("cast")(6.0, before.dtype))), f"{name}/sixes")
    return _histogram(op, f"{name}/activation")


@export("contrib.layers.summarize_tensor")
def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """Return a summary of a tensor: a number, or a histogram; None for strings and truth values.

    Args:
        tensor: The tensor.
        tag: The operation's name and `_summary` by default.
    """
    if tensor.dtype.base_dtype in (dtype.string, dtype.bool):
        return None
    return _scalar(tensor, tag) if tensor.get_shape().ndims == 0 else _histogram(tensor, tag)


@export("contrib.layers.summarize_tensors")
def summarize_tensors(tensors: Iterable[Any], summarizer: Callable[[Any], Any] = summarize_tensor) -> list[Any]:
    """Return a summary of each tensor.

    Args:
        tensors: The tensors.
        summarizer: What makes them.
    """
    return [summarizer(tensor) for tensor in tensors]


@export("contrib.layers.summarize_collection")
def summarize_collection(
    collection: str, name_filter: str | None = None, summarizer: Callable[[Any], Any] = summarize_tensor
) -> list[Any]:
    """Return a summary of each tensor of a collection.

    Args:
        collection: Its name.
        name_filter: A pattern that the names of their operations match from the start; None takes all.
        summarizer: What makes them.
    """
    chosen = [one for one in get_collection(collection) if name_filter is None or re.match(name_filter, one.op.name)]
    return summarize_tensors(chosen, summarizer)


for _name, _key in (
    ("variables", GraphKeys.GLOBAL_VARIABLES),
    ("weights", GraphKeys.WEIGHTS),
    ("biases", GraphKeys.BIASES),
):
    export_value(f"contrib.layers.summarize_{_name}", functools.partial(summarize_collection, _key))


@export("contrib.layers.summarize_activations")
def summarize_activations(
    name_filter: str | None = None, summarizer: Callable[[Any], Any] = summarize_activation
) -> list[Any]:
    """Return a summary of each activation that layers were asked to collect.

    Args:
        name_filter: A pattern that the names of their operations match from the start; None takes all.
        summarizer: What makes them.
    """
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)


# -- tf.contrib.deprecated: the names of before 1.0, whose tags are the program's affair ------------------------


def _collected(value: Any, collections: Sequence[str] | None) -> Any:
    summary_ops.collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@export("contrib.deprecated.scalar_summary")
def scalar_summary(tags: Any, values: Any, collections: Sequence[str] | None = None, name: str | None = None) -> Any:
    """Return a `Summary` with a number for each tag.

    Args:
        tags: The tags.
        values: As many numbers.
        collections: Where it goes; the summaries by default.
        name: Of the operation.
    """
    return _collected(op("ScalarSummary", tags=tags, values=values, name=name), collections)


@export("contrib.deprecated.histogram_summary")
def histogram_summary(tag: Any, values: Any, collections: Sequence[str] | None = None, name: str | None = None) -> Any:
    """Return a `Summary` with a histogram.

    Args:
        tag: The tag.
        values: The numbers.
        collections: Where it goes; the summaries by default.
        name: Of the operation.
    """
    return _collected(op("HistogramSummary", tag=tag, values=values, name=name), collections)


@export("contrib.deprecated.image_summary")
def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Sequence[str] | None = None, name: str | None = None
) -> Any:
    """Return a `Summary` with the first pictures of a batch.

    Args:
        tag: The tag.
        tensor: The pictures.
        max_images: How many.
        collections: Where it goes; the summaries by default.
        name: Of the operation.
    """
    return _collected(op("ImageSummary", tag=tag, tensor=tensor, max_images=max_images, name=name), collections)


@export("contrib.deprecated.audio_summary")
def audio_summary(
    tag: Any, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Sequence[str] | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a `Summary` with the first sounds of a batch.

    Args:
        tag: The tag.
        tensor: The sounds.
        sample_rate: Frames a second.
        max_outputs: How many.
        collections: Where it goes; the summaries by default.
        name: Of the operation.
    """
    options = {"sample_rate": sample_rate, "max_outputs": max_outputs}
    return _collected(op("AudioSummaryV2", tag=tag, tensor=tensor, **options, name=name), collections)


@export("contrib.deprecated.merge_summary")
def merge_summary(inputs: Sequence[Any], collections: Sequence[str] | None = None, name: str | None = None) -> Any:
    """Return a `Summary` with all values of others.

    Args:
        inputs: The others.
        collections: Where it goes; nowhere by default.
        name: Of the operation.
    """
    value = op("MergeSummary", inputs=list(inputs), name=name)
    summary_ops.collect(value, collections, [])
    return value


@export("contrib.deprecated.merge_all_summaries")
def merge_all_summaries(key: str = GraphKeys.SUMMARIES) -> Any:
    """Return all summaries of the default graph merged, or None if there are none.

    Args:
        key: The collection that they are in.
    """
    found = get_collection(key)
    return merge_summary(found) if found else None

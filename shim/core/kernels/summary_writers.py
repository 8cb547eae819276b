"""Operations that write summaries to event files themselves (`tf.contrib.summary`)."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.kernels.summaries import audio_values, finite_histogram, image_values, tensor_proto
from onevar.core.op_errors import FailedPreconditionError
from onevar.core.protos import proto
from onevar.core.resources import Resource, resource

#: What makes a writer of event files: the API registers it, whose threads and errors it has.
makers: list[Callable[..., Any]] = []


class Writer(Resource):
    """The Session's writer of a name; an initializer opens its file."""

    def __init__(self, name: str = ""):
        super().__init__(name)
        self.events: Any = None

    def open(self, logdir: str, max_queue: int, flush_secs: float, suffix: str) -> None:
        """Open the file, unless it is open."""
        if self.events is None:
            self.events = makers[0](logdir, max(1, max_queue), flush_secs, suffix)

    def write(self, step: Any, **fields: Any) -> None:
        """Write an event that happens now."""
        self.add(proto("event").Event(wall_time=time.time(), step=int(step), **fields))

    def add(self, event: Any) -> None:
        """Write an event.

        Raises:
            FailedPreconditionError: The file is not open.
        """
        if self.events is None:
            raise FailedPreconditionError(
                None, None, "Summary writer is not initialized: run tf.contrib.summary.summary_writer_initializer_op()."
            )
        self.events.add_event(event)

    def close(self) -> None:
        """Write everything, and close the file."""
        if self.events is not None:
            self.events.close()


def _handle(*_: Any, **__: Any) -> tuple:
    return ()


def _nothing(*_: Any, **__: Any) -> list:
    return []


def _writes(*types: str) -> Any:
    return kernel(*types, resource=True, reports=True, infer=_nothing)


def _text(value: np.ndarray) -> str:
    return value.item().decode("utf-8", "replace")


@kernel("SummaryWriter", resource=True, infer=_handle)
def summary_writer(k: Any, *, shared_name: str, container: str) -> Writer:
    """The Session's writer of this name."""
    return resource("summary_writer", Writer, container=container, shared_name=shared_name)


@kernel("CreateSummaryFileWriter", resource=True, infer=_nothing)
def create_summary_file_writer(
    k: Any, writer: Writer, logdir: np.ndarray, max_queue: np.ndarray, flush_millis: np.ndarray,
    filename_suffix: np.ndarray,
) -> tuple:  # fmt: skip
    """Open a writer's file."""
    folder = os.fsdecode(logdir.item())
    writer.open(folder, int(max_queue), float(flush_millis) / 1000, _text(filename_suffix))
    return ()


@_writes("FlushSummaryWriter")
def flush_summary_writer(k: Any, writer: Writer) -> tuple:
    """Wait until everything is in the file."""
    if writer.events is not None:
        writer.events.flush()
    return ()


@_writes("CloseSummaryWriter")
def close_summary_writer(k: Any, writer: Writer) -> tuple:
    """Close the file."""
    writer.close()
    return ()


@_writes("WriteScalarSummary")
def write_scalar_summary(k: Any, writer: Writer, step: Any, tag: np.ndarray, value: np.ndarray) -> tuple:
    """Write a number."""
    writer.write(step, summary={"value": [{"tag": _text(tag), "simple_value": float(value)}]})
    return ()


@_writes("WriteHistogramSummary")
def write_histogram_summary(k: Any, writer: Writer, step: Any, tag: np.ndarray, values: np.ndarray) -> tuple:
    """Write how values are distributed."""
    writer.write(step, summary={"value": [{"tag": _text(tag), "histo": finite_histogram(values)}]})
    return ()


@_writes("WriteImageSummary")
def write_image_summary(
    k: Any, writer: Writer, step: Any, tag: np.ndarray, tensor: np.ndarray, bad_color: np.ndarray, *, max_images: int
) -> tuple:
    """Write some of the pictures of a batch."""
    writer.write(step, summary=image_values(_text(tag), tensor, max_images, bad_color))
    return ()


@_writes("WriteAudioSummary")
def write_audio_summary(
    k: Any, writer: Writer, step: Any, tag: np.ndarray, tensor: np.ndarray, sample_rate: np.ndarray, *, max_outputs: int
) -> tuple:
    """Write some of the sounds of a batch."""
    writer.write(step, summary=audio_values(_text(tag), tensor, float(sample_rate), max_outputs))
    return ()


@_writes("WriteSummary")
def write_summary(
    k: Any, writer: Writer, step: Any, tensor: np.ndarray, tag: np.ndarray, summary_metadata: np.ndarray
) -> tuple:
    """Write a whole tensor."""
    summary = proto("summary").Summary()
    value = summary.value.add(tag=_text(tag), tensor=tensor_proto(tensor))
    value.metadata.ParseFromString(summary_metadata.item())
    writer.write(step, summary=summary)
    return ()


@_writes("WriteGraphSummary")
def write_graph_summary(k: Any, writer: Writer, step: Any, tensor: np.ndarray) -> tuple:
    """Write a graph."""
    writer.write(step, graph_def=tensor.item())
    return ()


@_writes("ImportEvent")
def import_event(k: Any, writer: Writer, event: np.ndarray) -> tuple:
    """Write an event as it is."""
    writer.add(proto("event").Event.FromString(event.item()))
    return ()

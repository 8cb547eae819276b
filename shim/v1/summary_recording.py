"""`tf.contrib.summary`: summaries that are written by operations, while the graph runs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, control_dependencies, device, get_collection
from onevar.core.dtype import float32, int64, uint8
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor
from onevar.errors import Unsupported
from onevar.v1.export import export, exported
from onevar.v1.summary_ops import summary_scope

_INITIALIZERS = "_SUMMARY_WRITER_V2"
_SUMMARIES = "_SUMMARY_V2"
_NAMES = ("contrib.summary", "python.ops.summary_ops_v2")


class _State(local):
    writer: Any = None
    recording: Any = None


_state = _State()


def _both(name: str) -> Callable[[Any], Any]:
    return export(*(f"{module}.{name}" for module in _NAMES))


@_both("SummaryWriter")
class SummaryWriter:
    """Writes summaries to an event file; a handle in the graph, and the operation that opens the file.

    Args:
        shared_name: Its name: writers of one name are one.
        logdir: The folder.
        max_queue: How many events wait.
        flush_millis: How often the file is complete on disk.
        filename_suffix: The end of the file's name.
    """

    def __init__(self, shared_name: str, logdir: str, max_queue: Any, flush_millis: Any, filename_suffix: Any):
        self._resource = op("SummaryWriter", shared_name=shared_name)
        self._init_op = op(
            "CreateSummaryFileWriter", writer=self._resource, logdir=logdir, max_queue=max_queue,
            flush_millis=flush_millis, filename_suffix=filename_suffix,
        )  # fmt: skip
        add_to_collection(_INITIALIZERS, self._init_op)

    def set_as_default(self) -> None:
        """Write what is summarised from now on."""
        _state.writer = self

    @contextmanager
    def as_default(self) -> Iterator["SummaryWriter"]:
        """Write what is summarised in the block."""
        before, _state.writer = _state.writer, self
        try:
            yield self
        finally:
            _state.writer = before

    def init(self) -> Operation:
        """Return the operation that opens the file."""
        return self._init_op

    def flush(self) -> Any:
        """Return the operation that waits until everything is in the file."""
        return flush(self)

    def close(self) -> Any:
        """Return the operation that closes the file."""
        with control_dependencies([self.flush()]), device("cpu:0"):
            return op("CloseSummaryWriter", writer=self._resource)


class _NoWriter:
    """Writes nothing: there is no folder."""

    def set_as_default(self) -> None:
        """Nothing changes."""

    @contextmanager
    def as_default(self) -> Iterator["_NoWriter"]:
        """Nothing changes in the block."""
        yield self

    def init(self) -> Any:
        """Return an operation that does nothing."""
        return op("NoOp")

    flush = close = init


@_both("create_summary_file_writer")
@_both("create_file_writer")
def create_file_writer(
    logdir: Any, max_queue: Any = None, flush_millis: Any = None, filename_suffix: Any = None, name: str | None = None
) -> Any:
    """Return a writer of summaries.

    Args:
        logdir: The folder; None: nothing is written.
        max_queue: How many events wait; 10 by default.
        flush_millis: How often the file is complete on disk; every two minutes by default.
        filename_suffix: The end of the file's name; `.v2` by default.
        name: Writers of one name are one; the folder's by default.

    Raises:
        Unsupported: Eager execution.
    """
    if logdir is None:
        return _NoWriter()
    if executing_eagerly():
        raise Unsupported("tf.contrib.summary.create_file_writer: in a graph. Use tf.summary.FileWriter.")
    logdir = os.fspath(logdir)
    with device("cpu:0"):
        given = (max_queue, flush_millis, filename_suffix)
        chosen = [
            convert_to_tensor(default if value is None else value)
            for value, default in zip(given, (10, 2 * 60 * 1000, ".v2"), strict=True)
        ]
        return SummaryWriter(name or f"logdir:{logdir}", logdir, *chosen)


@_both("create_db_writer")
def create_db_writer(
    db_uri: str, experiment_name: str | None = None, run_name: str | None = None, user_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Not offered: summaries go to event files.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported("tf.contrib.summary.create_db_writer: summaries go to event files: create_file_writer(logdir).")


# -- whether anything is written ------------------------------------------------------------------------------


@export("python.ops.summary_ops_v2.record_if")
@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write in the block if a condition holds when it runs.

    Args:
        condition: A truth value, a tensor, or a function that returns one.
    """
    before, _state.recording = _state.recording, condition
    try:
        yield
    finally:
        _state.recording = before


@_both("always_record_summaries")
def always_record_summaries() -> Any:
    """Write all of the block."""
    return record_if(True)


@_both("never_record_summaries")
def never_record_summaries() -> Any:
    """Write no summary of the block."""
    return record_if(False)


@_both("record_summaries_every_n_global_steps")
def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """Write the summaries of the block every `n` steps.

    Args:
        n: How often.
        global_step: The variable that counts; the graph's by default.
    """
    if global_step is None:
        global_step = exported("train.get_or_create_global_step")()
    with device("cpu:0"):
        return record_if(exported("equal")(global_step % n, 0))


@_both("should_record_summaries")
def should_record_summaries() -> Any:
    """Return whether summaries are written here, a truth value or a tensor."""
    if _state.writer is None or isinstance(_state.writer, _NoWriter):
        return False
    condition = False if _state.recording is None else _state.recording
    return condition() if callable(condition) else condition


# -- the graph's writers and summaries --------------------------------------------------------------------------


@_both("summary_writer_initializer_op")
def summary_writer_initializer_op() -> list[Operation]:
    """Return the operations that open the files of all writers of the graph.

    Raises:
        RuntimeError: Eager execution.
    """
    if executing_eagerly():
        raise RuntimeError("tf.contrib.summary.summary_writer_initializer_op is only supported in graph mode.")
    return get_collection(_INITIALIZERS)


@export("summary.initialize", *(f"{module}.initialize" for module in _NAMES))
def initialize(graph: Any = None, session: Any = None) -> None:
    """Open the files of all writers of the graph, and write a graph.

    Args:
        graph: What to write: a `Graph` or `GraphDef`; nothing by default.
        session: The default session if it is None.

    Raises:
        RuntimeError: There is no default writer.
        ValueError: There is no session.
    """
    if executing_eagerly():
        return
    if _state.writer is None:
        raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")
    session = session or exported("get_default_session")()
    if session is None:
        raise ValueError("Argument `session must be passed if no default session exists")
    session.run(summary_writer_initializer_op())
    if graph is not None:
        serialized = graph.as_graph_def(add_shapes=True) if isinstance(graph, Graph) else graph
        text = exported("placeholder")(exported("string"))
        session.run(write_graph(text, 0), {text: serialized.SerializeToString()})


@export("summary.all_v2_summary_ops", "contrib.summary.all_summary_ops", "python.ops.summary_ops_v2.all_v2_summary_ops")
def all_v2_summary_ops() -> list[Any] | None:
    """Return what writes summaries in the default graph; None in eager execution."""
    return None if executing_eagerly() else get_collection(_SUMMARIES)


# -- what is written --------------------------------------------------------------------------------------------


def _step(step: Any) -> Tensor:
    if step is None:
        step = exported("train.get_or_create_global_step")()
    return step if isinstance(step, Tensor) else convert_to_tensor(step, int64)


def _written(name: str, tensor: Any, family: str | None, write: Callable[[str, str, Any], Operation]) -> Any:
    """Return what writes a summary, where and when that is wanted; a truth value, or an operation that does nothing."""
    if _state.writer is None or isinstance(_state.writer, _NoWriter):
        return op("NoOp")
    handle = _state.writer._resource
    outer = exported("get_default_graph")().get_name_scope()

    def record() -> Tensor:
        with name_scope(f"{outer}/" if outer else None), summary_scope(name, family, values=[tensor]) as (tag, scope):
            written = write(tag, scope, handle)
            with control_dependencies([written]):
                return exported("constant")(True)

    def nothing() -> Tensor:
        return exported("constant")(False)

    with device("cpu:0"):
        wanted = should_record_summaries()
        if isinstance(wanted, Tensor):
            out = exported("cond")(wanted, record, nothing)
        else:
            out = record() if wanted else nothing()
        add_to_collection(_SUMMARIES, out)
    return out


def _identity(tensor: Any) -> Tensor:
    return exported("identity")(tensor)


@_both("generic")
def generic(name: str, tensor: Any, metadata: Any = None, family: str | None = None, step: Any = None) -> Any:
    """Write a whole tensor.

    Args:
        name: Of the summary.
        tensor: The tensor.
        metadata: A `SummaryMetadata`, or its bytes.
        family: What TensorBoard groups it with.
        step: The global step by default.
    """
    serialized = "" if metadata is None else getattr(metadata, "SerializeToString", lambda: metadata)()

    def write(tag: str, scope: str, writer: Any) -> Operation:
        given: dict[str, Any] = {"tag": tag, "summary_metadata": serialized, "name": scope}
        return op("WriteSummary", writer=writer, step=_step(step), tensor=_identity(tensor), **given)

    return _written(name, tensor, family, write)


@_both("scalar")
def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write a number.

    Args:
        name: Of the summary.
        tensor: The number.
        family: What TensorBoard groups it with.
        step: The global step by default.
    """

    def write(tag: str, scope: str, writer: Any) -> Operation:
        given: dict[str, Any] = {"tag": tag, "value": _identity(tensor), "name": scope}
        return op("WriteScalarSummary", writer=writer, step=_step(step), **given)

    return _written(name, tensor, family, write)


@_both("histogram")
def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write how values are distributed.

    Args:
        name: Of the summary.
        tensor: The values.
        family: What TensorBoard groups it with.
        step: The global step by default.
    """

    def write(tag: str, scope: str, writer: Any) -> Operation:
        given: dict[str, Any] = {"tag": tag, "values": _identity(tensor), "name": scope}
        return op("WriteHistogramSummary", writer=writer, step=_step(step), **given)

    return _written(name, tensor, family, write)


@_both("image")
def image(
    name: str, tensor: Any, bad_color: Any = None, max_images: int = 3, family: str | None = None, step: Any = None
) -> Any:
    """Write the first pictures of a batch.

    Args:
        name: Of the summary.
        tensor: The pictures.
        bad_color: Of pixels that are not finite; red by default.
        max_images: How many.
        family: What TensorBoard groups it with.
        step: The global step by default.
    """

    def write(tag: str, scope: str, writer: Any) -> Operation:
        color = convert_to_tensor([255, 0, 0, 255] if bad_color is None else bad_color, uint8)
        given: dict[str, Any] = {
            "tag": tag,
            "tensor": _identity(tensor),
            "bad_color": color,
            "max_images": max_images,
            "name": scope,
        }
        return op("WriteImageSummary", writer=writer, step=_step(step), **given)

    return _written(name, tensor, family, write)


@_both("audio")
def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int, family: str | None = None, step: Any = None
) -> Any:
    """Write the first sounds of a batch.

    Args:
        name: Of the summary.
        tensor: The sounds.
        sample_rate: Frames a second.
        max_outputs: How many.
        family: What TensorBoard groups it with.
        step: The global step by default.
    """

    def write(tag: str, scope: str, writer: Any) -> Operation:
        given: dict[str, Any] = {"tag": tag, "tensor": _identity(tensor), "max_outputs": max_outputs, "name": scope}
        rate = convert_to_tensor(sample_rate, float32)
        return op("WriteAudioSummary", writer=writer, step=_step(step), sample_rate=rate, **given)

    return _written(name, tensor, family, write)


@_both("graph")
def write_graph(param: Any, step: Any = None, name: str | None = None) -> Any:
    """Write a graph.

    Args:
        param: A tensor with a serialized `GraphDef`.
        step: The global step by default.
        name: Of the operation.

    Raises:
        TypeError: It is no tensor: to write a graph there is `initialize`.
    """
    if not isinstance(param, Tensor):
        raise TypeError("graph() needs a argument `param` to be tf.Tensor (e.g. tf.placeholder) in graph mode, but "
                        f"received param={param} of type {type(param).__name__}.")  # fmt: skip
    if _state.writer is None or isinstance(_state.writer, _NoWriter):
        return op("NoOp")
    with device("cpu:0"):
        return op("WriteGraphSummary", writer=_state.writer._resource, step=_step(step), tensor=param, name=name)


@_both("import_event")
def import_event(tensor: Any, name: str | None = None) -> Any:
    """Write an event as it is.

    Args:
        tensor: The serialized `Event`.
        name: Of the operation.
    """
    return op("ImportEvent", writer=_state.writer._resource, event=tensor, name=name)


@_both("flush")
def flush(writer: Any = None, name: str | None = None) -> Any:
    """Return the operation that waits until everything is in the file.

    Args:
        writer: The default writer if it is None.
        name: Of the operation.
    """
    writer = _state.writer if writer is None else writer
    if writer is None or isinstance(writer, _NoWriter):
        return op("NoOp")
    with device("cpu:0"):
        return op("FlushSummaryWriter", writer=getattr(writer, "_resource", writer), name=name)


@_both("eval_dir")
def eval_dir(model_dir: str, name: str | None = None) -> str:
    """Return the folder where an evaluation's summaries go.

    Args:
        model_dir: The model's folder.
        name: Of the evaluation.
    """
    return os.path.join(model_dir, "eval" if not name else f"eval_{name}")

"""`tf.summary.FileWriter`: summaries, graphs and the like as events of a file."""

import os
import threading
import time
import warnings
from typing import Any, ClassVar

from onevar.core.context import executing_eagerly
from onevar.core.graph import Graph
from onevar.core.protos import proto
from onevar.v1 import file_io, plugin_asset_files
from onevar.v1.event_files import EventFileWriter
from onevar.v1.export import export, export_value, exported

export_value("python.summary.writer.writer._PLUGINS_DIR", "plugins")


@export("python.summary.writer.writer.SummaryToEventTransformer")
class SummaryToEventTransformer:
    """Makes events of summaries, graphs and logs, and hands them to a writer.

    Args:
        event_writer: What has `add_event`.
        graph: A graph to begin with.
        graph_def: Deprecated: the same as a `GraphDef`.
    """

    def __init__(self, event_writer: Any, graph: Any = None, graph_def: Any = None):
        self.event_writer = event_writer
        self._session_run_tags: dict[str, bool] = {}
        #: Tags whose metadata are in the file: once is enough.
        self._seen_summary_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph=graph, graph_def=graph_def)
            self.add_meta_graph(_meta_graph(graph, graph_def))

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a summary.

        Args:
            summary: A `Summary`, or the bytes that a summary operation returns.
            global_step: Of the training.
        """
        if isinstance(summary, bytes):
            summary = proto("summary").Summary.FromString(summary)
        for value in summary.value:
            if value.tag in self._seen_summary_tags:
                value.ClearField("metadata")
            else:
                self._seen_summary_tags.add(value.tag)
        self._add_event(_event(summary=summary), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Write a `SessionLog`.

        Args:
            session_log: What happened to the session.
            global_step: Of the training.
        """
        self._add_event(_event(session_log=session_log), global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Write a graph, which TensorBoard draws.

        Args:
            graph: The graph.
            global_step: Of the training.
            graph_def: Deprecated: the graph as a `GraphDef`.

        Raises:
            ValueError: Both are given.
            TypeError: It is no graph.
        """
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph is not None else graph_def
        if isinstance(given, Graph):
            if graph is None:
                _warn("When passing a `Graph` object, please use the `graph` named argument instead of `graph_def`.")
            serialized = given.as_graph_def(add_shapes=True)
            self._write_plugin_assets(given)
        elif _is_message(given, "GraphDef"):
            _warn(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object instead, such as "
                "`sess.graph`."
            )
            serialized = given
        else:
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated `GraphDef`")
        self._add_event(_event(graph_def=serialized.SerializeToString()), global_step)

    def _write_plugin_assets(self, graph: Graph) -> None:
        for asset in plugin_asset_files.get_all_plugin_assets(graph):
            folder = os.path.join(os.fspath(self.event_writer.get_logdir()), "plugins", asset.plugin_name)
            file_io.make_dirs(folder)
            for name, content in asset.assets().items():
                with file_io.GFile(os.path.join(folder, name), "w") as file:
                    file.write(content)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Write a `MetaGraphDef`.

        Args:
            meta_graph_def: The graph and its collections.
            global_step: Of the training.

        Raises:
            TypeError: It is none.
        """
        if not _is_message(meta_graph_def, "MetaGraphDef"):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add_event(_event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Write what a run reported.

        Args:
            run_metadata: A `RunMetadata`.
            tag: Its name, which no other has.
            global_step: Of the training.

        Raises:
            ValueError: Another has the tag.
        """
        if tag in self._session_run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._session_run_tags[tag] = True
        tagged = proto("event").TaggedRunMetadata(tag=tag, run_metadata=run_metadata.SerializeToString())
        self._add_event(_event(tagged_run_metadata=tagged), global_step)

    def _add_event(self, event: Any, step: Any) -> None:
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)


def _event(**fields: Any) -> Any:
    return proto("event").Event(**fields)


def _is_message(value: Any, name: str) -> bool:
    """Whether a value is a message of that name, tensorboard's or TensorFlow's own: on the wire they are the same."""
    return getattr(getattr(value, "DESCRIPTOR", None), "name", None) == name


def _warn(message: str) -> None:
    exported("logging.warning")(message)


def _meta_graph(graph: Any, graph_def: Any) -> Any:
    """Return the `MetaGraphDef` that stands beside a graph in an event file."""
    known = graph if isinstance(graph, Graph) else graph_def
    serialized = known.as_graph_def(add_shapes=True) if isinstance(known, Graph) else known
    meta = proto("meta_graph").MetaGraphDef()
    meta.graph_def.MergeFromString(serialized.SerializeToString())
    meta.meta_info_def.tensorflow_version = "1.15.5"
    meta.meta_info_def.stripped_default_attrs = False
    return meta


@export("summary.FileWriter", "train.SummaryWriter")
class FileWriter(SummaryToEventTransformer):
    """Writes summaries and events to a file of a folder, in the background.

    Args:
        logdir: The folder; it is made.
        graph: A graph to write first.
        max_queue: How many events wait before an `add_...` does.
        flush_secs: How often the file is complete on disk.
        graph_def: Deprecated: the graph as a `GraphDef`.
        filename_suffix: The end of the file's name.
        session: Accepted: the writer writes, not the session.

    Raises:
        RuntimeError: Eager execution, which has no use for it.
    """

    def __init__(
        self, logdir: Any, graph: Any = None, max_queue: int = 10, flush_secs: float = 120, graph_def: Any = None,
        filename_suffix: str | None = None, session: Any = None,
    ):  # fmt: skip
        if executing_eagerly():
            raise RuntimeError(
                "v1.summary.FileWriter is not compatible with eager execution. Use `tf.summary.create_file_writer`, "
                "or a `with v1.Graph().as_default():` context"
            )
        event_writer = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        self._closed = False
        super().__init__(event_writer, graph, graph_def)

    def __enter__(self) -> "FileWriter":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def get_logdir(self) -> Any:
        """Return the folder."""
        return self.event_writer.get_logdir()

    def _warn_if_event_writer_is_closed(self) -> None:
        if self._closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is "
                "explicitly reopened.",
                stacklevel=3,
            )

    def _add_event(self, event: Any, step: Any) -> None:
        self._warn_if_event_writer_is_closed()
        super()._add_event(event, step)

    def add_event(self, event: Any) -> None:
        """Write an `Event` as it is.

        Args:
            event: The event.
        """
        self._warn_if_event_writer_is_closed()
        self.event_writer.add_event(event)

    def flush(self) -> None:
        """Wait until everything is in the file."""
        self._warn_if_event_writer_is_closed()
        self.event_writer.flush()

    def close(self) -> None:
        """Wait until everything is in the file, and close it; `reopen` begins another."""
        self.event_writer.close()
        self._closed = True

    def reopen(self) -> None:
        """Begin another file, if this one is closed."""
        self.event_writer.reopen()
        self._closed = False


@export("summary.FileWriterCache")
class FileWriterCache:
    """One `FileWriter` for each folder."""

    _cache: ClassVar[dict[Any, FileWriter]] = {}
    _lock: ClassVar[Any] = threading.RLock()

    @staticmethod
    def clear() -> None:
        """Close all writers, and forget them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """Return the writer of a folder, made at the first call with the default graph.

        Args:
            logdir: The folder.
        """
        with FileWriterCache._lock:
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir, graph=exported("get_default_graph")())
            return FileWriterCache._cache[logdir]


@export("train.summary_iterator")
def summary_iterator(path: Any) -> Any:
    """Yield the events of a file.

    Args:
        path: The file.

    Raises:
        DataLossError: The file is broken.
        NotFoundError: It is not there.
    """
    parse = proto("event").Event.FromString
    for data in exported("python_io.tf_record_iterator")(path):
        yield parse(data)

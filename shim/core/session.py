"""`Session`: runs a graph, and owns the values of its variables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from onevar.adapters.contract import Native
from onevar.cell import Cell
from onevar.core import servers, tracing
from onevar.core.context import THREAD
from onevar.core.default_graph import get_default_graph
from onevar.core.executable import Executable
from onevar.core.feeding import array_for, expanded, feeds
from onevar.core.fetching import Fetches
from onevar.core.graph import Graph
from onevar.core.op_errors import FailedPreconditionError
from onevar.core.operation import Operation, Tensor
from onevar.core.placement import DeviceAttributes, Placer
from onevar.core.plan import Plan, storage_of
from onevar.core.registry import adapter, default_backend
from onevar.core.state import Slot, Store
from onevar.errors import Unsupported


class BaseSession:
    """What `Session` and `InteractiveSession` share.

    Args:
        target: Empty, or that of a `tf.train.Server` of this process, whose sessions share their variables.
        graph: What to run; None takes the default graph.
        config: `ConfigProto` or the like. Without `allow_soft_placement` an operation that asks for a device that is
            not there is an error; `log_device_placement` writes where each is;
            `graph_options.optimizer_options.global_jit_level` asks for the optimizing compiler of the framework.
        backend: The framework; None takes the default backend.
        device: Where the variables live; None takes the framework's default device.

    Raises:
        TypeError: `graph` is no `Graph`.
        Unsupported: `target` names a server of another process.
    """

    def __init__(
        self, target: str = "", graph: Graph | None = None, config: Any = None, *, backend: str | None = None,
        device: str | None = None,
    ):  # fmt: skip
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f'Argument `graph` must be a tf.Graph, but got "{type(graph).__name__}"')
        cluster = _cluster(target)
        if config is not None and not hasattr(config, "gpu_options"):
            raise TypeError(f'Argument `config` must be a tf.ConfigProto, but got "{type(config).__name__}"')
        self._graph = graph if graph is not None else get_default_graph()
        self._config = config
        self._adapter = adapter(backend or default_backend())
        device = device or self._adapter.devices()[0]
        self._shares = cluster is not None
        self._store = Store(self._adapter, device) if cluster is None else cluster.store(self._adapter, device)
        self._jit_level = _jit_level(config)
        #: Runs take turns: each sees the variables as the one before left them.
        self._lock = self._store.resources.lock
        self._closed = False
        self._opened = False
        self._plans: dict[Any, Executable] = {}
        self._shortcuts: dict[Any, tuple[Fetches, Executable, int]] = {}
        self._edits = self._graph.rewired
        self._placer = Placer(self._adapter.devices(), config, **({} if cluster is None else {"jobs": cluster.jobs()}))

    # -- what it is -----------------------------------------------------------------------------

    @staticmethod
    def reset(target: str, containers: Sequence[str] | None = None, config: Any = None) -> None:
        """Forget the variables and resources of a server.

        Args:
            target: The server's.
            containers: Only those in these; None for all.
            config: Accepted.

        Raises:
            Unsupported: No server of this process has this target.
        """
        cluster = _cluster(target)
        if cluster is not None:
            cluster.reset(containers)

    @property
    def graph(self) -> Graph:
        """What it runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a `GraphDef`."""
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> str:
        """The target, as bytes: there are no remote sessions."""
        return ""

    @property
    def backend(self) -> str:
        """The name of the framework that computes."""
        return self._adapter.name

    def list_devices(self) -> list[DeviceAttributes]:
        """Return the devices there are, with TensorFlow's names."""
        return list(self._placer.devices)

    # -- running --------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: Mapping | None = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Compute `fetches` and return their values in the same structure.

        Args:
            fetches: A tensor, operation, Variable, name, or a nested list, tuple, dict or namedtuple of these.
            feed_dict: Values for any tensors of the graph.
            options: `RunOptions`; a run that waits (for a queue, an iterator) waits `timeout_in_ms` at most. With a
                `trace_level`, what the run spends its time on goes to `run_metadata`.
            run_metadata: `RunMetadata`, which is filled in.

        Returns:
            NumPy arrays of their own (scalars as NumPy's), None for operations.

        Raises:
            RuntimeError: The Session is closed.
            TypeError: A fetch or feed is not of an accepted kind.
            ValueError: It is not of this graph, or has the wrong shape.
            OpError: What went wrong in an operation. The variables are as they were.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.operations:
            raise RuntimeError("The Session graph is empty. Add operations to the graph before calling run().")
        given = self._feeds(feed_dict)
        mapped, executable = self._prepared(fetches, tuple(given))
        if run_metadata is not None:
            with self._tracing(options, run_metadata):
                values = self._values(executable, given, options)
        else:
            values = self._values(executable, given, options)
        return mapped.build(dict(zip(executable.plan.fetches, values, strict=True)))

    def _values(self, executable: Executable, given: dict[Tensor, Any], options: Any) -> list[Any]:
        if executable.waits:
            with self._store.resources.running(self._patience(options), executable.alone):
                return executable(tuple(given.values()))
        with self._lock:
            return executable(tuple(given.values()))

    @contextmanager
    def _tracing(self, options: Any, run_metadata: Any) -> Iterator[None]:
        """Fill a `RunMetadata` with what `RunOptions` ask for."""
        getattr(run_metadata, "Clear", lambda: None)()
        if getattr(options, "trace_level", 0) > 0:
            recorder = tracing.Recorder(self._placer.devices[-1].name, self._settle)
            with tracing.recording(recorder):
                yield
            tracing.fill(run_metadata, recorder)
        else:
            yield
        if getattr(options, "output_partition_graphs", False):
            run_metadata.partition_graphs.add().CopyFrom(self._graph.as_graph_def())

    def _settle(self, value: Any) -> None:
        if self._adapter.owns(value):
            self._adapter.to_numpy(value)

    def _patience(self, options: Any) -> float | None:
        """Return for how many seconds a run may wait, or None."""
        limit = getattr(options, "timeout_in_ms", 0) or getattr(self._config, "operation_timeout_in_ms", 0)
        return limit / 1000 if limit > 0 else None

    def _feeds(self, feed_dict: Mapping | None) -> dict[Tensor, Any]:
        return dict(feeds(self._graph, feed_dict)) if feed_dict else {}

    def _prepared(self, fetches: Any, fed: tuple[Tensor, ...]) -> tuple[Fetches, Executable]:
        if self._graph.rewired != self._edits:
            self._plans.clear()
            self._shortcuts.clear()
            self._edits = self._graph.rewired
        key = _shortcut(fetches, fed)
        if key is not None:
            found = self._shortcuts.get(key)
            if found is not None:
                return found[0], found[1]
        mapped = Fetches(self._graph, fetches)
        executable = self._executable(tuple(mapped.elements), fed)
        if key is not None:
            # The objects are kept with their ids.
            self._shortcuts[key] = (mapped, executable, fetches)
        return mapped, executable

    def _executable(self, elements: tuple, fed: tuple[Tensor, ...]) -> Executable:
        key = (elements, fed)
        found = self._plans.get(key)
        if found is None:
            tensors = [e for e in elements if isinstance(e, Tensor)]
            targets = [e for e in elements if isinstance(e, Operation)]
            with self._lock:
                self._opened = True
                self._placer.look(self._graph.operations)
                found = self._plans[key] = Executable(Plan(tensors, targets, fed), self._store, self._jit_level)
        return found

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """Return a function of the values of `feed_list` that does what `run` does, with less in its way.

        Raises:
            TypeError: `feed_list` is no list.
        """
        if feed_list is not None and not isinstance(feed_list, list | tuple):
            raise TypeError(f"Argument `feed_list` must be a list or tuple. Received: feed_list={feed_list}")
        tensors = [
            t for key in feed_list or () for t, _ in expanded(self._graph.as_graph_element(key, True, False), None)
        ]
        mapped, executable = self._prepared(fetches, tuple(tensors))
        graph = self._graph

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            if self._closed:
                raise RuntimeError("Attempted to use a closed Session.")
            if len(values) != len(tensors):
                raise TypeError(f"This function takes {len(tensors)} values, for feed_list. Received: {len(values)}.")
            arrays = tuple(array_for(graph, t, v) for t, v in zip(tensors, values, strict=True))
            alone = executable.alone or not executable.waits
            traced = nullcontext() if run_metadata is None else self._tracing(options, run_metadata)
            with traced, self._store.resources.running(self._patience(options), alone):
                results = executable(arrays)
            return mapped.build(dict(zip(executable.plan.fetches, results, strict=True)))

        return call

    def partial_run(self, handle: Any, fetches: Any, feed_dict: Mapping | None = None) -> Any:
        """Not offered: run the parts with `run`.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Session.partial_run is not offered. Call Session.run for each part.")

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> Any:
        """Not offered: run the parts with `run`.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Session.partial_run_setup is not offered. Call Session.run for each part.")

    # -- state ----------------------------------------------------------------------------------

    def slot(self, variable: Any) -> Slot:
        """Return where a variable's value is kept.

        Args:
            variable: A Variable of the graph, or its storage operation or tensor.

        Raises:
            TypeError: It is none of these.
        """
        target = getattr(variable, "handle", None)
        if not isinstance(target, Tensor):
            target = getattr(variable, "op", variable)
            target = target.outputs[0] if isinstance(target, Operation) and target.outputs else variable
        storage = storage_of(target) if isinstance(target, Tensor) else None
        if storage is None:
            raise TypeError(f"a Variable of the Session's graph is wanted. Received: {variable!r}.")
        return self._store.ref(storage).slot

    def cell(self, variable: Any) -> Cell:
        """Return the `Cell` of a variable's value.

        Raises:
            FailedPreconditionError: It has none yet.
            TypeError: It is no numeric Variable.
        """
        slot = self.slot(variable)
        if slot.cell is None:
            if slot.strings is not None:
                raise TypeError(f"Variable {slot.name!r} holds strings, which no framework's memory does.")
            raise FailedPreconditionError(
                None,
                slot.operation,
                f"Attempting to use uninitialized value {slot.name}. Run its initializer in this Session first.",
            )
        return slot.cell

    def native(self, variable: Any) -> Native:
        """Return the framework's own object for a variable: `torch.nn.Parameter`, `tf.Variable`, `jax.Array`, array.

        Raises:
            FailedPreconditionError: It has no value yet.
        """
        return self.cell(variable).native

    # -- life -----------------------------------------------------------------------------------

    def as_default(self) -> AbstractContextManager["BaseSession"]:
        """Make this the thread's default session inside the `with` block; it is not closed at the end."""
        return _default_session(self)

    def close(self) -> None:
        """Let go of all values, and wake who waits; the Session cannot be used any more."""
        self._closed = True
        if not self._shares:
            self._store.resources.close()
        self._plans.clear()
        self._shortcuts.clear()
        self._store = Store(self._adapter, self._store.device)


def _shortcut(fetches: Any, fed: tuple[Tensor, ...]) -> Any:
    """Return a key for fetches that cannot change behind it, or None."""
    key = _frozen(fetches)
    return None if key is None else (key, fed)


def _frozen(fetches: Any) -> Any:
    """Return what is equal for equal structures of fetches; None where that cannot be said."""
    kind = type(fetches)
    if kind is Tensor or kind is Operation or kind is str or hasattr(kind, "_as_graph_element"):
        return fetches
    if kind is not list and kind is not tuple and kind is not dict:
        return None
    parts = tuple(map(_frozen, fetches.values() if kind is dict else fetches))
    if any(part is None for part in parts):
        return None
    return (kind, tuple(fetches), parts) if kind is dict else (kind, parts)


def _cluster(target: Any) -> servers.Cluster | None:
    """Return the cluster that a target names; None for the Session's own process alone."""
    if target in ("", b"", None, "local"):
        return None
    if not isinstance(target, str | bytes):
        raise TypeError(f'Argument `target` must be a string, but got "{type(target).__name__}"')
    cluster = servers.find(target)
    if cluster is None:
        raise Unsupported(
            f"Session(target={target!r}): no server of this process has this target, and there are no remote sessions "
            "here. Leave the target out; to use several machines, see the framework's own means (jax.distributed, "
            "torch.distributed)."
        )
    cluster.check(f"Session(target={target!r})")
    return cluster


def _jit_level(config: Any) -> str | None:
    options = getattr(getattr(config, "graph_options", None), "optimizer_options", None)
    level = getattr(options, "global_jit_level", 0)
    return "on" if isinstance(level, int) and level > 0 else None


@contextmanager
def _default_session(session: BaseSession) -> Iterator[BaseSession]:
    THREAD.sessions.append(session)
    try:
        yield session
    finally:
        if THREAD.sessions[-1] is not session:
            raise AssertionError("Nesting violated for default stack: a default session was entered here and not left.")
        THREAD.sessions.pop()


class Session(BaseSession):
    """Runs operations of a graph, and owns the values of its variables; see `BaseSession` for the arguments.

    As a context manager it is the default session, its graph the default graph, and it is closed at the end.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._contexts: list[Any] = []

    def __enter__(self) -> "Session":
        if self._contexts:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` to enter it again."
            )
        for context in (self._graph.as_default(), self.as_default()):
            context.__enter__()
            self._contexts.append(context)
        return self

    def __exit__(self, *error: Any) -> None:
        while self._contexts:
            self._contexts.pop().__exit__(*error)
        self.close()


class InteractiveSession(BaseSession):
    """A Session that is the default session, and its graph the default graph, until it is closed."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._given_graph = kwargs.get("graph") is not None or len(args) > 1
        THREAD.sessions.append(self)
        if self._given_graph:
            THREAD.graphs.append(self._graph)

    def close(self) -> None:
        """Close it, and let the default session and graph be what they were."""
        super().close()
        if self in THREAD.sessions:
            THREAD.sessions.remove(self)
            if self._given_graph and self._graph in THREAD.graphs:
                THREAD.graphs.remove(self._graph)


def get_default_session() -> BaseSession | None:
    """Return the innermost default session of this thread, or None."""
    return THREAD.sessions[-1] if THREAD.sessions else None


def session_for(session: BaseSession | None, graph: Graph, doing: str, instead: str) -> BaseSession:
    """Return the session that evaluates something of `graph`.

    Raises:
        ValueError: There is none, or it is another graph's.
    """
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                f"Cannot {doing} using `{instead.partition('(')[0]}()`: No default session is registered. Use "
                f"`with sess.as_default()` or pass an explicit session to `{instead}`"
            )
        where = "the default session"
    else:
        where = "the session"
    if not _same_root(session.graph, graph):
        raise ValueError(
            f"Cannot use {where} to {doing}: the tensor's graph is different from the session's graph. "
            "Pass an explicit session to `" + instead + "`."
        )
    return session


def _same_root(graph: Graph, other: Graph) -> bool:
    while other.outer is not None:
        other = other.outer
    return graph is other

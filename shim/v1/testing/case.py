"""`tf.test.TestCase`: sessions for tests, and assertions about arrays and tensors."""

import contextlib
import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onevar.core.context import THREAD, executing_eagerly
from onevar.core.session import Session as ErrorLoggingSession
from onevar.v1 import export, testing
from onevar.v1.testing.assertions import Assertions

#: What TensorFlow seeds every test's graph with.
_SEED = 87654321
_ELSEWHERE = (
    "The {} used to get the cached session is different than the one that was used to create the session. Maybe "
    "create a new session with self.session()"
)


def _api(name: str) -> Any:
    return export.exported(name)


class _CheckedThread:
    """A thread whose exceptions fail the test that joins it."""

    def __init__(self, case: "TestCase", target: Callable[..., Any], args: tuple, kwargs: dict[str, Any]):
        self._case = case
        self._error: Exception | None = None
        self._joined = False

        def run() -> None:
            try:
                target(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, join() reports it
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def join(self) -> None:
        """Wait for it, and fail the test if it raised something."""
        self._joined = True
        self._thread.join()
        if self._error is not None:
            self._case.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def check_termination(self) -> None:
        """Fail the test if nobody joined it, or it still runs.

        Raises:
            RuntimeError: It still runs.
        """
        if self._joined:
            if self.is_alive():
                raise RuntimeError(
                    "Thread was not joined with main thread, and is still running when the test finished."
                )
        elif self.is_alive():
            self._case.fail("A checked thread was not joined.")


class CapturedWrites:
    """What was written to a stream.

    Args:
        output_location: The file that has it.
    """

    def __init__(self, output_location: str):
        self.output_location = output_location

    def contents(self) -> str:
        """Return what was written so far."""
        return Path(self.output_location).read_text(encoding="utf-8")


class TestCase(Assertions):
    """A test with sessions. Every test starts with a fresh default graph, whose random seed is fixed."""

    def __init__(self, methodName: str = "runTest"):  # noqa: N803
        super().__init__(methodName)
        self._threads: list[_CheckedThread] = []
        self._tempdir: str | None = None
        self._set_default_seed = True
        self._cached_session: Any = None
        #: The graph, configuration and `force_gpu` that the first call asked for.
        self._cached_arguments: tuple[Any, Any, bool] = (None, None, False)

    def setUp(self) -> None:
        """Start a new default graph, and seed it, Python's and NumPy's random numbers."""
        super().setUp()
        self._ClearCachedSession()
        random.seed(_SEED)
        np.random.seed(_SEED)
        # A test that failed within graphs and sessions may have left them behind.
        THREAD.graphs.clear()
        THREAD.sessions.clear()
        _api("reset_default_graph")()
        if self._set_default_seed:
            _api("set_random_seed")(_SEED)
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")

    def tearDown(self) -> None:
        """Close what the test left open."""
        for thread in self._threads:
            thread.check_termination()
        self._ClearCachedSession()
        super().tearDown()

    def _ClearCachedSession(self) -> None:
        if self._cached_session is not None:
            self._cached_session.close()
            self._cached_session = None

    def get_temp_dir(self) -> str:
        """Return a folder for files, this test's own."""
        if self._tempdir is None:
            self._tempdir = tempfile.mkdtemp(dir=testing.get_temp_dir())
        return self._tempdir

    @contextlib.contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[CapturedWrites]:
        """Catch what the block writes to a stream, by whatever means.

        Args:
            stream: `sys.stdout` or `sys.stderr`, or another with a file descriptor; the stream itself is replaced
                while the block runs if it has none.
        """
        stream.flush()
        with tempfile.NamedTemporaryFile(dir=self.get_temp_dir(), delete=False) as file:
            try:
                descriptor = stream.fileno()
            except (OSError, AttributeError, ValueError):
                with _replaced_stream(stream, file.name):
                    yield CapturedWrites(file.name)
                return
            saved = os.dup(descriptor)
            os.dup2(file.fileno(), descriptor)
            try:
                yield CapturedWrites(file.name)
            finally:
                stream.flush()
                os.dup2(saved, descriptor)
                os.close(saved)

    # -- sessions ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with a new session as the default one.

        Args:
            graph: Its graph; the default one by default.
            config: Its configuration.
            use_gpu: False: operations made in the block ask for the CPU.
            force_gpu: They ask for the GPU.
        """
        if executing_eagerly():
            yield _EagerSession(self)
            return
        with (
            self._create_session(graph, config, force_gpu) as session,
            self._constrain_devices_and_set_default(session, use_gpu, force_gpu),
        ):
            yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with the test's own session, the same one every time, as the default one.

        Args:
            graph: Its graph, the same one in every call; the default one by default.
            config: Its configuration, the same one in every call.
            use_gpu: False: operations made in the block ask for the CPU.
            force_gpu: They ask for the GPU.

        Raises:
            ValueError: The session was made for another graph or configuration.
        """
        if executing_eagerly():
            yield _EagerSession(self)
            return
        session = self._get_cached_session(graph, config, force_gpu)
        with self._constrain_devices_and_set_default(session, use_gpu, force_gpu):
            yield session

    @contextlib.contextmanager
    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with the test's own session, or with one of its own if a graph is given.

        Args:
            graph: The graph of the session.
            config: Its configuration.
            use_gpu: False: operations made in the block ask for the CPU.
            force_gpu: They ask for the GPU.
        """
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        if executing_eagerly():
            yield _EagerSession(self)
        elif graph is not None:
            with self.session(graph, config, use_gpu, force_gpu) as session:
                yield session
        else:
            session = self._get_cached_session(None, config, force_gpu, crash_if_inconsistent_args=False)
            with self._constrain_devices_and_set_default(session, use_gpu, force_gpu):
                yield session

    @contextlib.contextmanager
    def _constrain_devices_and_set_default(self, sess: Any, use_gpu: bool, force_gpu: bool) -> Iterator[Any]:
        gpu = testing.gpu_device_name() or "/device:GPU:0"
        device = gpu if force_gpu else None if use_gpu else "/device:CPU:0"
        scope = sess.graph.device(device) if device else contextlib.nullcontext()
        with sess.graph.as_default(), sess.as_default(), scope:
            yield sess

    def _create_session(self, graph: Any, config: Any, force_gpu: bool) -> Any:
        if config is None:
            config = _api("ConfigProto")()
            config.allow_soft_placement = not force_gpu
        return ErrorLoggingSession(graph=graph, config=config)

    def _get_cached_session(
        self, graph: Any = None, config: Any = None, force_gpu: bool = False, crash_if_inconsistent_args: bool = True
    ) -> Any:
        if self._cached_session is None:
            self._cached_session = self._create_session(graph, config, force_gpu)
            self._cached_arguments = (graph, config, force_gpu)
        elif crash_if_inconsistent_args:
            given = (graph, config, force_gpu)
            for name, one, known in zip(
                ("graph", "config", "force_gpu value"), given, self._cached_arguments, strict=True
            ):
                if one is not known:
                    raise ValueError(_ELSEWHERE.format(name))
        return self._cached_session

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors, nested as they are, from the default session or the test's own."""
        if executing_eagerly():
            return _numpy_of(tensors)
        session = _api("get_default_session")()
        if session is not None:
            return session.run(tensors)
        with self.test_session() as session:
            return session.run(tensors)

    def checkedThread(
        self, target: Callable[..., Any], args: tuple | None = None, kwargs: dict[str, Any] | None = None
    ) -> _CheckedThread:
        """Return a thread, to be started; what it raises fails the test when it is joined."""
        thread = _CheckedThread(self, target, args or (), kwargs or {})
        self._threads.append(thread)
        return thread


class _EagerSession:
    """What `session()` gives a test that executes eagerly: `run` returns the values of eager tensors."""

    def __init__(self, case: TestCase):
        self._case = case

    def run(self, fetches: Any, feed_dict: Any = None, **unused: Any) -> Any:
        """Return the values of eager tensors."""
        if feed_dict:
            raise ValueError("feed_dict is not available when executing eagerly.")
        return self._case.evaluate(fetches)


@contextlib.contextmanager
def _replaced_stream(stream: Any, path: str) -> Iterator[None]:
    """Put a file in the place of `sys.stdout` or `sys.stderr`: the stream has no descriptor to redirect."""
    name = "stdout" if stream is sys.stdout else "stderr"
    with open(path, "w", encoding="utf-8", buffering=1) as file:
        before = getattr(sys, name)
        setattr(sys, name, file)
        try:
            yield
        finally:
            setattr(sys, name, before)


def _numpy_of(tensors: Any) -> Any:
    """Return eager tensors as NumPy values, nested as they are."""
    from onevar.core import registry

    if isinstance(tensors, Mapping):
        return type(tensors)({key: _numpy_of(value) for key, value in tensors.items()})  # type: ignore[call-arg]
    if isinstance(tensors, list | tuple):
        values = [_numpy_of(value) for value in tensors]
        return type(tensors)(*values) if hasattr(tensors, "_fields") else type(tensors)(values)
    owner = registry.adapter_of(tensors)
    array = owner.to_numpy(tensors) if owner is not None else np.asarray(tensors)
    return array if array.ndim else array[()]

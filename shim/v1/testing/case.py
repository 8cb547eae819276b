"""`tf.test.TestCase`: sessions for tests, and assertions about arrays and tensors."""

import contextlib
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl.testing import absltest

from onevar.core import op_errors
from onevar.core.context import executing_eagerly
from onevar.v1 import export, testing

#: What TensorFlow seeds every test's graph with.
_SEED = 87654321


def _api(name: str) -> Any:
    return export.exported(name)


def _is_tensor(value: Any) -> bool:
    return not isinstance(value, np.ndarray | np.generic | list | tuple | dict | str | bytes | int | float) and hasattr(
        value, "dtype"
    )


class _CheckedThread:
    """A thread whose exceptions fail the test that joins it."""

    def __init__(self, case: "TestCase", target: Callable[..., Any], args: tuple, kwargs: dict[str, Any]):
        self._case, self._error = case, None  # type: ignore[var-annotated]

        def run() -> None:
            try:
                target(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, join() reports it
                self._error = error

        self._thread = threading.Thread(target=run)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        if self._error is not None:
            self._case.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self) -> bool:
        return self._thread.is_alive()


class TestCase(absltest.TestCase):
    """A test with sessions. Every test starts with a fresh default graph, whose random seed is fixed."""

    def __init__(self, methodName: str = "runTest"):  # noqa: N803
        super().__init__(methodName)
        self._cached: Any = None
        self._threads: list[_CheckedThread] = []
        self._folder: str | None = None

    def setUp(self) -> None:
        """Start a new default graph, and seed it, Python's and NumPy's random numbers."""
        super().setUp()
        self._close_cached()
        random.seed(_SEED)
        np.random.seed(_SEED)
        _api("reset_default_graph")()
        _api("set_random_seed")(_SEED)

    def tearDown(self) -> None:
        """Close what the test left open."""
        for thread in self._threads:
            self.assertFalse(thread.is_alive(), "A checkedThread did not terminate")
        self._close_cached()
        super().tearDown()

    def _close_cached(self) -> None:
        if self._cached is not None:
            self._cached.close()
            self._cached = None

    def get_temp_dir(self) -> str:
        """Return a folder for files, this test's own."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(dir=testing.get_temp_dir())
        return self._folder

    @contextlib.contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with a new session as the default one.

        Args:
            graph: Its graph; the default one by default.
            config: Its configuration.
            use_gpu: Accepted, and means nothing: the backend decides.
            force_gpu: Accepted, and means nothing.
        """
        with _api("Session")(graph=graph, config=config) as session:
            yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with the test's own session, the same one every time, as the default one.

        Args:
            graph: Its graph, in the first call; the default one by default.
            config: Its configuration, in the first call.
            use_gpu: Accepted, and means nothing: the backend decides.
            force_gpu: Accepted, and means nothing.
        """
        if self._cached is None:
            self._cached = _api("Session")(graph=graph, config=config)
        elif graph is not None and self._cached.graph is not graph:
            raise ValueError("The graph used to get the cached session is different than the one it was created with.")
        with self._cached.graph.as_default(), self._cached.as_default():
            yield self._cached

    @contextlib.contextmanager
    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """Run the block with the test's own session, or with one of its own if a graph is given.

        Args:
            graph: The graph of the session.
            config: Its configuration.
            use_gpu: Accepted, and means nothing: the backend decides.
            force_gpu: Accepted, and means nothing.
        """
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        chosen = self.cached_session if graph is None else self.session
        with chosen(graph, config, use_gpu, force_gpu) as session:
            yield session

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

    def _array(self, value: Any) -> np.ndarray:
        if isinstance(value, np.ndarray):
            return value
        if _is_tensor(value):
            value = self.evaluate(value)
        return np.array(value)

    # -- assertions ----------------------------------------------------------------------------

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail unless two structures of arrays are alike within `atol + rtol * abs(b)`."""
        self._close(a, b, rtol, atol, [], msg)

    def _close(self, a: Any, b: Any, rtol: float, atol: float, path: list[Any], msg: str | None) -> None:
        where = f"{msg or ''} at {path}" if path else msg
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            at = "".join(f"[{key!r}]" for key in path)
            raise ValueError(f"Can't compare dict to non-dict, a{at} vs b{at}. {msg or ''}")
        if isinstance(a, Mapping):
            self.assertCountEqual(a.keys(), b.keys(), where)
            for key in a:
                self._close(a[key], b[key], rtol, atol, [*path, key], msg)
        elif isinstance(a, list | tuple) and self._is_ragged(a):
            self.assertEqual(len(a), len(b), where)
            for index, (one, other) in enumerate(zip(a, b, strict=True)):
                self._close(one, other, rtol, atol, [*path, index], msg)
        else:
            self._arrays_close(a, b, rtol, atol, where)

    def _is_ragged(self, values: Sequence[Any]) -> bool:
        """Whether a list is no array but holds several, or tensors."""
        if any(isinstance(v, Mapping) or hasattr(v, "_asdict") or _is_tensor(v) for v in values):
            return True
        shapes = {np.shape(v) if not isinstance(v, list | tuple) or not self._is_ragged(v) else None for v in values}
        return len(shapes) > 1 or None in shapes

    def _arrays_close(self, a: Any, b: Any, rtol: float, atol: float, msg: str | None) -> None:
        a, b = self._array(a), self._array(b)
        self._same_shape(a, b, msg)
        if "bfloat16" in (a.dtype.name, b.dtype.name):
            a, b = a.astype(np.float32), b.astype(np.float32)
        if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            off = np.abs(a - b) > atol + rtol * np.abs(b)
            off |= np.isnan(a) ^ np.isnan(b) if a.dtype.kind in "fc" else False
            self.fail(
                f"{msg or ''}\nnot close where = {np.where(off)}\nnot close lhs = {a[off]}\nnot close rhs = {b[off]}\n"
                f"not close dif = {np.abs(a - b)[off]}\nnot close tol = {(atol + rtol * np.abs(b))[off]}\n"
                f"dtype = {a.dtype}, shape = {a.shape}"
            )

    def _same_shape(self, a: np.ndarray, b: np.ndarray, msg: str | None) -> None:
        self.assertEqual(a.shape, b.shape, f"Shape mismatch: expected {a.shape}, got {b.shape}. {msg or ''}")

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: str | None = None,
    ) -> None:
        """Fail unless two arrays are alike, within what the coarser of their dtypes allows."""
        a, b = self._array(a), self._array(b)
        names = {a.dtype.name, b.dtype.name}
        for name, r, t in (
            ("float32", float_rtol, float_atol),
            ("complex64", float_rtol, float_atol),
            ("float16", half_rtol, half_atol),
            ("bfloat16", bfloat16_rtol, bfloat16_atol),
        ):
            if name in names:
                rtol, atol = max(rtol, r), max(atol, t)
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail if two arrays are alike within `atol + rtol * abs(b)`."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(f"The two values are close at all elements. {msg or ''}")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail unless two arrays have one shape and the same elements; NaN is equal to NaN."""
        a, b = self._array(a), self._array(b)
        self._same_shape(a, b, msg)
        same = self._same(a, b)
        if not np.all(same):
            where = f"not equal where = {np.where(~same)}"
            self.fail(f"{msg or ''}\n{where}\nnot equal lhs = {a[~same]!r}\nnot equal rhs = {b[~same]!r}")

    @staticmethod
    def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if a.dtype.kind in "SUO" or b.dtype.kind in "SUO":
            a, b = (np.vectorize(_bytes, otypes=[object])(x) if x.size else x for x in (a, b))
        same = np.asarray(a == b)
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            same = same | (np.isnan(a) & np.isnan(b))
        return same

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail if two arrays are equal."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(f"The two values are equal at all elements. {msg or ''}")

    def _all(self, a: Any, holds: Callable[[np.ndarray], Any], said: str) -> None:
        array = self._array(a)
        wrong = ~np.asarray(holds(array))
        if wrong.any():
            self.fail(f"Not all elements are {said}: {array[wrong]} at {np.where(wrong)}")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is greater."""
        self._all(a, lambda x: x > comparison_target, f"> {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is greater or equal."""
        self._all(a, lambda x: x >= comparison_target, f">= {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is less."""
        self._all(a, lambda x: x < comparison_target, f"< {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is less or equal."""
        self._all(a, lambda x: x <= comparison_target, f"<= {comparison_target}")

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fail unless every element is one of those."""
        self._all(target, lambda x: np.isin(x, list(expected_set)), f"in {expected_set}")

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Fail unless every element is between two bounds, which belong to the range unless it is open there."""

        def inside(x: np.ndarray) -> np.ndarray:
            above = x > lower_bound if open_lower_bound else x >= lower_bound
            return above & (x < upper_bound if open_upper_bound else x <= upper_bound)

        self._all(target, inside, f"in the range from {lower_bound} to {upper_bound}")

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Fail unless two numbers are within `err` of each other."""
        self.assertTrue(f1 == f2 or abs(f1 - f2) <= err, f"{f1} != {f2} +/- {err}{f' ({msg})' if msg else ''}")

    def assertArrayNear(
        self, farray1: Sequence[float], farray2: Sequence[float], err: float, msg: str | None = None
    ) -> None:
        """Fail unless two lists of numbers are within `err` of each other, one by one."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for one, other in zip(farray1, farray2, strict=True):
            self.assertNear(float(one), float(other), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None) -> None:
        """Fail unless the distance of two arrays is less than `err`."""
        distance = np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2))
        self.assertLess(distance, err, msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Fail unless an array has that dtype."""
        self.assertEqual(self._array(target).dtype, np.dtype(getattr(expected_dtype, "as_numpy_dtype", expected_dtype)))

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Fail unless two arrays or tensors have the same static shape."""
        a, b = ([d if d is None else int(d) for d in _dims(x)] for x in (input_a, input_b))
        self.assertEqual(a, b, msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Fail unless two devices have the same name."""
        self.assertEqual(str(device1 or ""), str(device2 or ""), msg)

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        """Fail unless a text starts with another."""
        if not actual.startswith(expected_start):
            self.fail(f"{actual!r} does not start with {expected_start!r}. {msg or ''}")

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override]
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """Fail unless the block raises an error whose message matches, or for which the predicate holds."""
        wanted = expected_err_re_or_predicate
        try:
            yield
        except exception_type as error:
            message = error.message if isinstance(error, op_errors.OpError) else str(error)
            ok = wanted(error) if callable(wanted) else re.search(wanted, message)
            self.assertTrue(ok, f"Exception of type {type(error)}: {error} does not match {wanted!r}")
        else:
            self.fail(f"{exception_type} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """Fail unless the block raises a `tf.errors.OpError` whose message matches."""
        return self.assertRaisesWithPredicateMatch(op_errors.OpError, expected_err_re_or_predicate)


def _bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _dims(value: Any) -> Any:
    shape = value.get_shape() if hasattr(value, "get_shape") else np.shape(value)
    return shape.as_list() if hasattr(shape, "as_list") else shape


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

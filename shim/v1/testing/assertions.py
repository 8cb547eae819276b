"""What `tf.test.TestCase` asserts about arrays, tensors and messages."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl.testing import absltest

from onevar.core import op_errors
from onevar.core.device_spec import DeviceSpec
from onevar.v1 import export

_SHOWN = 10
_WIDTHS = (("float32", 0), ("complex64", 0), ("float16", 1), ("bfloat16", 2))


def is_tensor(value: Any) -> bool:
    """Whether a value has to be computed before it can be compared."""
    plain = np.ndarray | np.generic | list | tuple | dict | str | bytes | int | float
    return not isinstance(value, plain) and (hasattr(value, "dtype") or hasattr(value, "dense_shape"))


class Assertions(absltest.TestCase):
    """Assertions; `evaluate` is the subclass's."""

    assertItemsEqual = absltest.TestCase.assertCountEqual  # noqa: N815 (Python 2's names)
    assertRaisesRegexp = absltest.TestCase.assertRaisesRegex  # noqa: N815

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors, nested as they are."""
        raise NotImplementedError

    def _GetNdArray(self, a: Any) -> np.ndarray:
        if isinstance(a, np.ndarray):
            return a
        if is_tensor(a):
            a = self.evaluate(a)
        elif isinstance(a, list | tuple) and any(is_tensor(item) for item in a):
            a = [self.evaluate(item) if is_tensor(item) else item for item in a]
        return a if isinstance(a, np.ndarray) else np.array(a)

    def evaluate_if_both_tensors(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Return two values; computed in one run if both are tensors.

        Args:
            a: One value.
            b: The other.
        """
        return self.evaluate((a, b)) if is_tensor(a) and is_tensor(b) else (a, b)

    def _arrays(self, a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
        a, b = self.evaluate_if_both_tensors(a, b)
        return self._GetNdArray(a), self._GetNdArray(b)

    # -- closeness -----------------------------------------------------------------------------

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail unless two structures of arrays are alike within `atol + rtol * abs(b)`.

        Raises:
            ValueError: They are nested differently.
        """
        self._assertAllCloseRecursive(a, b, rtol, atol, [], msg)

    def _assertAllCloseRecursive(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, path: Any = None, msg: str | None = None
    ) -> None:
        at = "".join(f"[{key}]" for key in path or [])
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            raise ValueError(f"Can't compare dict to non-dict, a{at} vs b{at}. {msg or ''}")
        if isinstance(a, Mapping):
            keys = f"mismatched keys: a{at} has keys {a.keys()}, but b{at} has keys {b.keys()}. {msg or ''}"
            self.assertCountEqual(a.keys(), b.keys(), keys)
            for key in a:
                self._assertAllCloseRecursive(a[key], b[key], rtol, atol, [*(path or []), key], msg)
            return
        where = f"Mismatched value: a{at} is different from b{at}. {msg or ''}"
        if not isinstance(a, list | tuple):
            self._assertArrayLikeAllClose(a, b, rtol, atol, where)
            return
        try:
            self._assertArrayLikeAllClose(a, b, rtol, atol, where)
        except (ValueError, TypeError, NotImplementedError):  # it is no array, but holds some
            if len(a) != len(b):
                raise ValueError(
                    f"Mismatched length: a{at} has {len(a)} items, but b{at} has {len(b)} items. {msg or ''}"
                ) from None
            for index, (one, other) in enumerate(zip(a, b, strict=True)):
                self._assertAllCloseRecursive(one, other, rtol, atol, [*(path or []), str(index)], msg)

    def _assertArrayLikeAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        a, b = self._arrays(a, b)
        shapes = f"Shape mismatch: expected {a.shape}, got {b.shape}"
        self.assertEqual(a.shape, b.shape, f"{shapes} with contents {b}." if b.size < 500 else f"{shapes}.")
        dtype = a.dtype
        a, b = (x.astype(np.float32) if x.dtype.name == "bfloat16" else x for x in (a, b))
        if np.allclose(a, b, rtol=rtol, atol=atol):
            return
        off = (np.abs(a - b) > atol + rtol * np.abs(b)) | (np.isnan(a) != np.isnan(b))
        x, y = a[off], b[off]
        lines = [
            str(msg), f"not close where = {np.where(np.atleast_1d(off))}", f"not close lhs = {x}",
            f"not close rhs = {y}", f"not close dif = {np.abs(x - y)}",
            f"not close tol = {atol + rtol * np.abs(y)}", f"dtype = {dtype}, shape = {a.shape}",
        ]  # fmt: skip
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg="\n".join(lines), equal_nan=True)

    def assertAllCloseAccordingToType(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, float_rtol: float = 1e-6,
        float_atol: float = 1e-6, half_rtol: float = 1e-3, half_atol: float = 1e-3, bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2, msg: str | None = None,
    ) -> None:  # fmt: skip
        """Fail unless two arrays are alike, within what the coarser of their dtypes allows."""
        a, b = self._arrays(a, b)
        tolerances = ((float_rtol, float_atol), (half_rtol, half_atol), (bfloat16_rtol, bfloat16_atol))
        for name, at in _WIDTHS:
            if name in (a.dtype.name, b.dtype.name):
                rtol, atol = max(rtol, tolerances[at][0]), max(atol, tolerances[at][1])
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail if two arrays are alike within `atol + rtol * abs(b)`."""
        try:
            self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)
        except AssertionError:
            return
        raise AssertionError(f"The two values are close at all elements. {msg or ''}")

    # -- equality ------------------------------------------------------------------------------

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail unless two arrays have one shape and the same elements; NaN is equal to NaN."""
        a, b = self._arrays(a, b)
        shapes = f"Shape mismatch: expected {a.shape}, got {b.shape}."
        if b.ndim <= 3 or b.size < 500:
            shapes += f" Contents: {b!r}. \n{msg}."
        self.assertEqual(a.shape, b.shape, shapes)
        same = _same(a, b)
        if np.all(same):
            return
        off = ~np.asarray(same)
        lines = [str(msg), f"not equal lhs = {a[off]!r}", f"not equal rhs = {b[off]!r}"]
        if a.ndim:
            lines.insert(1, f"not equal where = {np.where(off)}")
        raise AssertionError("\nArrays are not equal\n" + "\n".join(lines))

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail if two arrays are equal."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError(f"The two values are equal at all elements. {msg or ''}")

    def assertDictEqual(self, a: Any, b: Any, msg: str | None = None) -> None:  # type: ignore[override]
        """Fail unless two dictionaries are equal, arrays and tensors in them included."""
        try:
            super().assertDictEqual(a, b, msg)
        except Exception:  # noqa: BLE001 - arrays have no truth of their own
            self.assertSameElements(a.keys(), b.keys())
            for key, value in a.items():
                one, other = self._arrays(value, b[key])
                check = self.assertAllClose if np.issubdtype(one.dtype, np.floating) else self.assertAllEqual
                check(one, other, msg=key)

    # -- order ---------------------------------------------------------------------------------

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is greater."""
        a, target = self._arrays(a, comparison_target)
        self.assertGreater(np.min(a), target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is less."""
        a, target = self._arrays(a, comparison_target)
        self.assertLess(np.max(a), target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is greater or equal."""
        a, target = self._arrays(a, comparison_target)
        self.assertGreaterEqual(np.min(a), target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless every element is less or equal."""
        a, target = self._arrays(a, comparison_target)
        self.assertLessEqual(np.max(a), target)

    def assertAllInRange(
        self, target: Any, lower_bound: Any, upper_bound: Any, open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:  # fmt: skip
        """Fail unless every element is between two bounds, which belong to the range unless it is open there."""
        array = self._GetNdArray(target)
        if array.dtype.kind not in "fiu":
            raise AssertionError(
                f"The value of {array} does not have an ordered numeric type, instead it has type: {array.dtype}"
            )
        nan = np.isnan(array)
        if nan.any():
            raise AssertionError(
                f"{nan.sum()} of the {array.size} element(s) are NaN. Subscripts(s) and value(s) of the NaN "
                f"element(s):\n{_listed(nan, array)}"
            )
        below = array <= lower_bound if open_lower_bound else array < lower_bound
        off = below | (array >= upper_bound if open_upper_bound else array > upper_bound)
        if np.any(off):
            left, right = "(" if open_lower_bound else "[", ")" if open_upper_bound else "]"
            raise AssertionError(
                f"{np.sum(off)} of the {array.size} element(s) are outside the range "
                f"{left}{lower_bound}, {upper_bound}{right}. Subscript(s) and value(s) of the offending elements:\n"
                f"{_listed(off, array)}"
            )

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fail unless every element is one of those."""
        strange = np.setdiff1d(self._GetNdArray(target).reshape(-1), list(expected_set))
        if strange.size:
            raise AssertionError(f"{strange.size} unique element(s) are not in the set {expected_set}: {strange}")

    # -- numbers one by one --------------------------------------------------------------------

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
        self.assertTrue(distance < err, msg)

    # -- what things are -----------------------------------------------------------------------

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Fail unless an array, or each of a list, has that dtype."""
        wanted = np.dtype(getattr(expected_dtype, "as_numpy_dtype", expected_dtype))
        for one in target if isinstance(target, list) else [target]:
            self.assertEqual(self._GetNdArray(one).dtype, wanted)

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Fail unless two arrays or tensors have the same static shape.

        Raises:
            TypeError: One is neither.
        """
        for name, value in (("input_a", input_a), ("input_b", input_b)):
            if not isinstance(value, np.ndarray | np.generic) and not hasattr(value, "get_shape"):
                raise TypeError(f"{name} must be a Numpy ndarray, Numpy scalar, or a Tensor. Instead received {value}")
        self.assertAllEqual(_dims(input_a), _dims(input_b), msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Fail unless two devices have the same name."""
        one, other = _canonical(device1), _canonical(device2)
        self.assertEqual(one, other, f"Devices {one} and {other} are not equal. {msg or ''}")

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        """Fail unless a text starts with another."""
        if not actual.startswith(expected_start):
            self.fail(self._formatMessage(msg, f"{actual!r} does not start with {expected_start!r}"))

    # -- messages ------------------------------------------------------------------------------

    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, validate_message: Any, msg: str | None = None,
        relative_tolerance: float | None = None,
    ) -> None:  # fmt: skip
        """Fail unless two messages are equal; the first may be text.

        Args:
            expected_message_maybe_ascii: A message of the same type, or its text form.
            validate_message: The message.
            msg: Said if they are not.
            relative_tolerance: How far numbers may be apart; None compares what they print as.
        """
        from google.protobuf import text_format

        expected, kind = expected_message_maybe_ascii, type(validate_message)
        if isinstance(expected, str | bytes):
            expected = text_format.Merge(expected, kind())
        self.assertIsInstance(expected, kind, f"Can't compare protos of type {type(expected)} and {kind}.")
        if expected == validate_message:
            return
        if relative_tolerance is None:
            one, other = (text_format.MessageToString(m, as_utf8=True) for m in (expected, validate_message))
            self.assertMultiLineEqual(one, other, msg)
        else:
            self._close_texts(str(expected), str(validate_message), relative_tolerance, msg)

    def _close_texts(self, one: str, other: str, tolerance: float, msg: str | None) -> None:
        number = re.compile(r"-?\d+\.?\d*(?:[eE][-+]?\d+)?")
        self.assertMultiLineEqual(number.sub("#", one), number.sub("#", other), msg)
        for x, y in zip(number.findall(one), number.findall(other), strict=True):
            self.assertLessEqual(abs(float(x) - float(y)), tolerance * max(abs(float(x)), abs(float(y))), msg)

    def assertProtoEqualsVersion(
        self, expected: Any, actual: Any, producer: int | None = None, min_consumer: int | None = None,
        msg: str | None = None,
    ) -> None:  # fmt: skip
        """Fail unless a `GraphDef` equals what a text says about its nodes, and has these versions.

        Args:
            expected: The text.
            actual: The `GraphDef`.
            producer: This package's by default.
            min_consumer: This package's by default.
            msg: Said if they are not equal.
        """
        producer = export.exported("GRAPH_DEF_VERSION") if producer is None else producer
        least = export.exported("GRAPH_DEF_VERSION_MIN_CONSUMER") if min_consumer is None else min_consumer
        self.assertProtoEquals(f"versions {{ producer: {producer} min_consumer: {least} }};\n{expected}", actual, msg)

    # -- errors --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override]
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """Fail unless the block raises an error whose message matches, or for which the predicate holds."""
        wanted = expected_err_re_or_predicate
        try:
            yield
        except Exception as error:
            if not isinstance(error, exception_type) or not _matches(error, wanted):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
        else:
            self.fail(f"{getattr(exception_type, '__name__', exception_type)} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """Fail unless the block raises a `tf.errors.OpError` whose message matches."""
        return self.assertRaisesWithPredicateMatch(op_errors.OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(
        self, exception_type: Any = op_errors.InvalidArgumentError,
        regex: str = r"Incompatible shapes|Dimensions must be equal|required broadcastable shapes",
    ) -> Any:  # fmt: skip
        """Fail unless the block raises an error about shapes."""
        return self.assertRaisesWithPredicateMatch(exception_type, regex)


def _matches(error: Exception, wanted: str | Callable[[Exception], Any]) -> Any:
    if callable(wanted):
        return wanted(error)
    text = error.message if isinstance(error, op_errors.OpError) else str(error)
    op = error.op if isinstance(error, op_errors.OpError) else None
    if op is not None and getattr(op, "name", None):
        text = f"{text}\nCaused by: {op.name}"
    return re.search(wanted, text)


def _same(a: np.ndarray, b: np.ndarray) -> Any:
    if a.dtype.kind in "SUO" or b.dtype.kind in "SUO":
        a, b = (np.vectorize(_bytes, otypes=[object])(x) if x.size else x for x in (a, b))
    same = np.asarray(a == b)
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        same = same | (np.isnan(a) & np.isnan(b))
    return same


def _bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _dims(value: Any) -> list:
    shape = value.get_shape() if hasattr(value, "get_shape") else np.shape(value)
    return shape.as_list() if hasattr(shape, "as_list") else list(shape)


def _listed(where: np.ndarray, array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"  [0] : {array}"
    lines = [f"  {at} : {array[tuple(at)]}" for at in np.argwhere(where)[:_SHOWN]]
    return "\n".join([*lines, "  ..."] if where.sum() > _SHOWN else lines)


def _canonical(device: Any) -> str:
    if not device:
        return ""
    return DeviceSpec.from_string(device).to_string() if isinstance(device, str) else device.to_string()

"""One way to compare: shape, then dtype, then values; it raises, with the call in its message."""

from typing import Any

import numpy as np

from onevar.dtypes import COMPLEX, FLOAT8, FLOATS, dtype_name

#: Largest relative difference from NumPy's result, by dtype; 0 means bit for bit. Elementary
#: functions and sums are not correctly rounded, and differ in the last places between libraries.
TOLERANCE = {
    "bfloat16": 2e-2,
    "float16": 2e-3,
    "float32": 2e-6,
    "float64": 1e-13,
    "complex64": 4e-6,
    "complex128": 1e-13,
}


def assert_same(actual: Any, expected: Any, call: str, *, exact: bool = False) -> None:
    """Fail unless `actual` is `expected`: shape, dtype and values. NaN is the same as NaN.

    Args:
        actual: A NumPy array.
        expected: A NumPy array of the dtype that is wanted.
        call: What was called, for the message.
        exact: Compare values bit for bit, floats too.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{call}: shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == expected.dtype, f"{call}: dtype {actual.dtype}, expected {expected.dtype}"
    assert_close(actual, expected, call, exact=exact)


def assert_close(actual: Any, expected: Any, call: str, *, exact: bool = False) -> None:
    """Fail unless the values agree; dtypes may differ, and broadcasting is not done."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{call}: shape {actual.shape}, expected {expected.shape}"
    same = _equal(actual, expected) if exact else _near(actual, expected)
    assert same.all(), f"{call}: {_first(actual, expected, same)}"


def _equal(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return (actual == expected) | ((actual != actual) & (expected != expected))


def _near(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    tolerance = max(TOLERANCE.get(_name(x), 0.0) for x in (actual, expected))
    if not tolerance:
        return _equal(actual, expected)
    wide = np.complex128 if actual.dtype.kind == "c" or expected.dtype.kind == "c" else np.float64
    return np.isclose(actual.astype(wide), expected.astype(wide), rtol=tolerance, atol=tolerance, equal_nan=True)


def _name(x: np.ndarray) -> str:
    name = dtype_name(x.dtype)
    return name if name in FLOATS + COMPLEX and name not in FLOAT8 else ""


def _first(actual: np.ndarray, expected: np.ndarray, same: np.ndarray) -> str:
    wrong = np.argwhere(~np.atleast_1d(same))
    at = tuple(int(i) for i in wrong[0]) if actual.ndim else ()
    return f"{len(wrong)} of {same.size} values differ, the first at {at}: {actual[at]}, expected {expected[at]}"

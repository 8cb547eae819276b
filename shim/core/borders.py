"""What a target takes: `BorrowRules` made into a test that runs before its C++ sees the memory."""

from collections.abc import Callable

import numpy as np

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Refusal

#: Says what an array breaks, or None: `check(array, may_be_readonly)`.
Check = Callable[[np.ndarray, bool], Refusal | None]


def _is_compact(array: np.ndarray) -> bool:
    return array.flags.c_contiguous


def _is_dense(array: np.ndarray) -> bool:
    if array.flags.forc:
        return True
    expected = array.itemsize
    for stride, size in sorted((s, n) for s, n in zip(array.strides, array.shape, strict=True) if n != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def _runs_forward(array: np.ndarray) -> bool:
    return array.flags.c_contiguous or min(array.strides) >= 0


#: `BorrowRules.strides` to the test, and what is wrong with memory that fails it.
_STRIDES: dict[str, tuple[Callable[[np.ndarray], bool], str]] = {
    "compact": (_is_compact, "the elements are not in row-major order without gaps"),
    "dense": (_is_dense, "there are gaps between the elements, or they run backwards"),
    "non-negative": (_runs_forward, "the elements run backwards"),
}


def checks(rules: BorrowRules) -> Check:
    """Return the test of `rules`; what it says when it says no has an empty cure, the usual one.

    The test's second argument is whether a read-only mark says nothing about who may write: the
    mark of an immutable framework's view, or of a Variable's snapshot.
    """
    misfit = ""
    if rules.strides != "any":
        fits, misfit = _STRIDES[rules.strides]
    alignment, honours, dtypes = rules.alignment, rules.readonly, rules.dtypes
    address = dlpack.address

    def check(array: np.ndarray, may_be_readonly: bool) -> Refusal | None:
        if misfit and not fits(array) and array.size:
            return Refusal(f"{misfit} (shape {array.shape}, strides {array.strides} bytes)", "")
        if alignment > 1 and address(array) % alignment and array.size:
            offset = address(array) % alignment
            return Refusal(f"memory is not {alignment}-byte aligned (address % {alignment} == {offset})", "")
        if not (honours or may_be_readonly or array.flags.writeable) and array.size:
            return Refusal("the memory is marked read-only, and the target would write through the mark", "")
        if dtypes and array.dtype.name not in dtypes:
            return Refusal(f"it cannot hold {array.dtype.name}", "Convert it first")
        return None

    return check


def obeys(rules: BorrowRules) -> Callable[[np.ndarray], bool] | None:
    """Return a quick test that is True only for memory that breaks none of `rules`; None: nothing breaks them.

    It may be False for memory that is fine; `checks` says for sure.
    """
    if takes_anything(rules):
        return None
    alignment, honours, dtypes = rules.alignment, rules.readonly, rules.dtypes
    address = dlpack.address

    def test(array: np.ndarray) -> bool:
        flags = array.flags
        return (
            flags.c_contiguous
            and array.size > 1  # fewer elements are contiguous whatever their strides say
            and (honours or flags.writeable)
            and (alignment <= 1 or not address(array) % alignment)
            and not dtypes
        )

    return test


def takes_anything(rules: BorrowRules) -> bool:
    """Whether no memory breaks `rules`."""
    return rules.strides == "any" and rules.alignment <= 1 and rules.readonly and not rules.dtypes

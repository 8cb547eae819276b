"""What of NumPy's has no counterpart elsewhere, each with its own reason; and where its state lies."""

import sys

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.adapters.numpy import exchange
from onevar.dtypes import DTYPES, numpy_dtype


@pytest.mark.parametrize(
    ("x", "reason", "cure"),
    [
        (np.array([None]), "object array", "astype"),
        (np.arange(3.0).astype(">f8"), "byte order", "newbyteorder"),
        (np.zeros(2, [("a", "f4")]), "structured", "fields"),
        (np.ma.masked_array([1.0], [True]), "mask", "filled"),
        (np.array(["a"]), "<U1", "numeric"),
        (np.zeros(2, "datetime64[s]"), "datetime64", "numeric"),
        (np.float32(1), "scalar", "asarray"),
    ],
)
def test_refusals(x, reason, cure):
    refusal = exchange.preflight(x)
    assert reason in refusal.reason
    assert cure in refusal.cure
    assert exchange.view(x) == refusal


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_passes(dtype):
    x = np.zeros((2, 3), numpy_dtype(dtype))
    assert exchange.preflight(x) is None
    assert exchange.view(x) is x
    assert dlpack.address(exchange.lend(x)) == dlpack.address(x)


def test_subclasses_are_lent_as_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(4,))
    for x in (mapped, np.zeros(3).view(np.recarray)):
        lent = exchange.lend(x)
        assert type(lent) is np.ndarray
        assert dlpack.address(lent) == x.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (1000, 1000)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "bool"])
def test_state_is_aligned_at_every_turn(shape, dtype):
    v = onevar.Variable(np.ones(shape), dtype=dtype, backend="numpy")
    for turn in (0, 1, 0, 1):
        assert dlpack.address(v.native) % 64 == 0
        held = v.share("numpy")
        v.assign(np.full(shape, turn, numpy_dtype(dtype)))
        assert (held == 1 - turn).all()


def test_a_view_counts_as_a_reference_to_the_state():
    v = onevar.Variable(np.ones(64), backend="numpy")
    counts = [sys.getrefcount(v.native)]
    view = v.share("numpy")
    part = view[1:][2:]
    counts.append(sys.getrefcount(v.native))
    del view, part
    counts.append(sys.getrefcount(v.native))
    assert counts == [counts[0], counts[0] + 2, counts[0]]

"""NA: a Variable as a citizen of NumPy."""

import numpy as np
import pytest

from onevar.conformance.marks import requirement

BACKEND = "numpy"


@requirement("NA-40")
@pytest.mark.parametrize(
    "call",
    [
        lambda v, x: np.dot(v, x),
        lambda v, x: np.dot(x, v),
        lambda v, x: x @ v,
        lambda v, x: np.matmul(v, x),
        lambda v, x: np.add(v, x),
        lambda v, x: np.exp(v) * x,
        lambda v, x: np.concatenate([v, x]),
        lambda v, x: np.where(x > 0, v, x),
        lambda v, x: np.einsum("ij,jk->ik", v, x),
        lambda v, x: np.linalg.norm(v) + x,
        lambda v, x: x - v,
    ],
)
def test_functions_take_the_variable(make, call):
    array = np.arange(9, dtype="float32").reshape(3, 3)
    x = np.full((3, 3), 0.5, "float32")
    result = call(make(array), x)
    assert isinstance(result, np.ndarray)
    np.testing.assert_allclose(result, call(array, x), rtol=1e-6)


@requirement("NA-40")
def test_views_are_read_only_and_share(make):
    v = make(np.arange(4, dtype="float32"))
    view = np.asarray(v)
    assert np.shares_memory(view, v.native)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        v.value[0] = 1.0


@requirement("NA-40")
def test_writes_are_in_place_until_somebody_looks(make):
    v = make(np.zeros(4, "float32"))
    address = v.native.__array_interface__["data"][0]
    v.assign_add(1.0)
    v.assign(np.full(4, 5, "float32"))
    assert v.native.__array_interface__["data"][0] == address
    view = v.value
    v.assign_add(1.0)
    np.testing.assert_array_equal(view, np.full(4, 5))
    assert not np.shares_memory(view, v.native)

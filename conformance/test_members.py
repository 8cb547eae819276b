"""KV: the members of the Keras 3 face, apart from operators."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from onevar.conformance.cases import over, sample
from onevar.conformance.compare import assert_same
from onevar.conformance.golden_keras import MEMBERS
from onevar.conformance.marks import requirement
from onevar.dtypes import numpy_dtype

CASES = settings(deadline=None, derandomize=True, max_examples=40)


@requirement("KV-01")
@pytest.mark.parametrize("member", MEMBERS)
def test_member_is_there(make, member):
    v = make("ones", shape=(2, 2))
    assert hasattr(type(v), member), f"keras.Variable has {member!r}"


@requirement("KV-02")
@over()
def test_value_and_native(make, adapter, dtype):
    v = make(sample(dtype))
    assert isinstance(v.value, adapter.tensor_type)
    assert adapter.owns(v.native)
    assert adapter.spec(v.value).dtype == adapter.spec(v.native).dtype == dtype
    assert_same(adapter.to_numpy(v.value), sample(dtype), "value", exact=True)


@requirement("KV-03")
@pytest.mark.parametrize("shape", [(), (3,), (64, 64)], ids=str)
def test_value_is_a_snapshot(make, adapter, shape):
    v = make(sample("float32", shape))
    writes = [
        lambda: v.assign(sample("float32", shape, seed=1)),
        lambda: v.assign_add(np.full(shape, 2, "float32")),
        lambda: v.assign_sub(1.0),
        lambda: v.assign(v * 3.0),
    ]
    for write in writes:
        before, expected = v.value, v.numpy()
        row = adapter.getitem(before, 0) if shape else before
        write()
        assert_same(adapter.to_numpy(before), expected, "value taken before a write", exact=True)
        assert_same(adapter.to_numpy(row), expected[0] if shape else expected, "part of it", exact=True)
        assert not np.array_equal(v.numpy(), expected)


@requirement("KV-03")
def test_returned_value_is_a_snapshot(make, adapter):
    v = make(np.zeros((64, 64), "float32"))
    returned = [v.assign(np.full((64, 64), 1, "float32")), v.assign_add(1.0), v.assign_sub(5.0)]
    v.assign_add(10.0)
    for tensor, number in zip(returned, (1, 2, -3), strict=True):
        assert_same(adapter.to_numpy(tensor), np.full((64, 64), number, "float32"), "what a write returned", exact=True)


@requirement("KV-04")
@over()
def test_numpy_is_a_copy(make, dtype):
    v = make(sample(dtype))
    mine = v.numpy()
    assert type(mine) is np.ndarray and mine.flags.writeable
    mine[...] = np.zeros((), mine.dtype)
    assert_same(v.numpy(), sample(dtype), "numpy() after a write to the array it gave", exact=True)


@requirement("KV-05")
def test_array_protocol(make):
    v = make(sample("float32"))
    assert_same(np.asarray(v), sample("float32"), "np.asarray(v)", exact=True)
    assert_same(np.asarray(v, dtype="float64"), sample("float32").astype("float64"), "np.asarray(v, dtype)", exact=True)
    assert_same(v.__array__(), sample("float32"), "v.__array__()", exact=True)
    mine = np.array(v, copy=True)
    mine[...] = 0
    assert_same(v.numpy(), sample("float32"), "after a write to np.array(v, copy=True)", exact=True)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(v, dtype="float64", copy=False)


@requirement("KV-05")
def test_array_is_a_snapshot(make):
    v = make(sample("float32", (64, 64)))
    before = np.asarray(v)
    v.assign_add(1.0)
    assert_same(before, sample("float32", (64, 64)), "np.asarray(v) taken before a write", exact=True)


@requirement("KV-06")
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)], ids=str)
def test_description(make, backend, device, shape):
    v = make(sample("float32", shape))
    assert type(v.shape) is tuple and v.shape == shape and all(type(n) is int for n in v.shape)
    assert v.dtype == "float32" and type(v.dtype) is str
    assert (v.ndim, v.size) == (len(shape), int(np.prod(shape)))
    assert (v.backend, v.device) == (backend, device)
    if shape:
        assert len(v) == shape[0]


@requirement("KV-07")
def test_iteration(make, adapter):
    rows = list(make(sample("float32", (4, 3))))
    assert len(rows) == 4
    for i, row in enumerate(rows):
        assert_same(adapter.to_numpy(row), sample("float32", (4, 3))[i], f"row {i}", exact=True)
    assert list(make(np.zeros((0, 3)))) == []
    scalar = make(1.0)
    with pytest.raises(TypeError):
        len(scalar)
    with pytest.raises(TypeError):
        iter(scalar).__next__()


@requirement("KV-08")
@CASES
@given(data=st.data())
def test_indexing(make, adapter, data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), "shape")
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True).filter(_steps_forward), "index")
    array = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    assert_same(adapter.to_numpy(make(array)[index]), np.asarray(array[index]), f"v[{index}]", exact=True)


def _steps_forward(index):
    # Negative steps are NumPy's own: torch and TensorFlow refuse them.
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(p, slice) or p.step is None or p.step > 0 for p in parts)


@requirement("KV-09")
@over()
def test_assign(make, adapter, dtype):
    v = make(sample(dtype))
    for value in (sample(dtype, seed=1), adapter.convert(sample(dtype, seed=2), dtype, v.device), make(sample(dtype))):
        expected = adapter.to_numpy(value) if adapter.owns(value) else np.array(value)
        returned = v.assign(value)
        assert isinstance(returned, adapter.tensor_type)
        assert_same(adapter.to_numpy(returned), expected, "what assign returned", exact=True)
        assert_same(v.numpy(), expected, "after assign", exact=True)


@requirement("KV-09")
@over(["float32", "float16", "int32"])
def test_assign_casts(make, adapter, dtype):
    v = make(np.zeros(2), dtype=dtype)
    for value in ([3, 4], [3.0, 4.0], np.array([3, 4], "int16"), np.array([3, 4], "float32"), [True, False]):
        returned = v.assign(value)
        assert v.dtype == dtype and adapter.spec(returned).dtype == dtype
        assert_same(v.numpy(), np.asarray(value).astype(dtype), f"assign({value!r})", exact=True)


@requirement("KV-09")
def test_assign_scalar(make):
    v = make(1.0)
    v.assign(2)
    assert_same(v.numpy(), np.float32(2), "assign(2)", exact=True)
    v.assign(np.float64(2.5))
    assert_same(v.numpy(), np.float32(2.5), "assign(np.float64(2.5))", exact=True)


@requirement("KV-10")
@over(["float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8", "complex64"])
def test_assign_add_and_sub(make, adapter, dtype):
    start, step = np.abs(sample(dtype, seed=1)) + sample("uint8"), sample(dtype)
    start = np.asarray(start).astype(numpy_dtype(dtype)) + np.asarray(8, numpy_dtype(dtype))
    v = make(start)
    added = v.assign_add(step)
    assert_same(adapter.to_numpy(added), start + step, "what assign_add returned")
    assert_same(v.numpy(), start + step, "after assign_add")
    subtracted = v.assign_sub(step)
    assert_same(adapter.to_numpy(subtracted), start + step - step, "what assign_sub returned")
    assert_same(v.numpy(), start + step - step, "after assign_sub")
    assert v.dtype == dtype


@requirement("KV-10")
def test_assign_add_scalars(make):
    v = make(np.array([1, 2], "int32"))
    v.assign_add(1)
    assert_same(v.numpy(), np.array([2, 3], "int32"), "assign_add(1)", exact=True)
    f = make(np.array([1, 2], "float32"))
    f.assign_add(1)
    f.assign_sub(0.5)
    f.assign_add([1.0, 2.0])
    f.assign_add(f)
    assert_same(f.numpy(), np.array([5, 9], "float32"), "float32 steps", exact=True)


@requirement("KV-11")
@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (), (2, 3, 1), (3, 2)], ids=str)
def test_assign_does_not_broadcast(make, shape):
    v = make(sample("float32", (2, 3)))
    with pytest.raises(ValueError, match="shape"):
        v.assign(np.ones(shape, "float32"))
    assert_same(v.numpy(), sample("float32"), "after a refused assign", exact=True)


@requirement("KV-11")
def test_assign_add_keeps_the_shape(make):
    v = make(sample("float32", (2, 3)))
    v.assign_add(np.ones((3,), "float32"))
    assert_same(v.numpy(), sample("float32") + 1, "assign_add of a row", exact=True)
    with pytest.raises(ValueError, match="shape"):
        v.assign_add(np.ones((4, 2, 3), "float32"))
    assert v.shape == (2, 3)
    assert_same(v.numpy(), sample("float32") + 1, "after a refused assign_add", exact=True)


@requirement("KV-12")
def test_assigned_array_is_not_kept(make):
    v, array = make(np.zeros((64, 64), "float32")), sample("float32", (64, 64))
    v.assign(array)
    array[...] = 0
    assert_same(v.numpy(), sample("float32", (64, 64)), "after the assigned array changed", exact=True)
    v.assign_add(1.0)
    assert not array.any(), "a write reached the array that was assigned"


@requirement("KV-12")
def test_assign_to_itself(make):
    v = make(sample("float32"))
    v.assign(v)
    v.assign(v.value)
    v.assign_add(v.value)
    v.assign_sub(v)
    assert_same(v.numpy(), np.zeros((2, 3), "float32"), "v - v", exact=True)

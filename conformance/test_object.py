"""KV: a Variable as a Python object: settings, conversions, identity, copies."""

import copy
import pickle

import numpy as np
import pytest

from onevar.conformance.cases import over, sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import requirement


@requirement("KV-13")
def test_trainable_can_be_set(make):
    v = make(1.0, trainable=False)
    for value in (True, False, True):
        v.trainable = value
        assert v.trainable is value


@requirement("KV-13")
@pytest.mark.parametrize("member", ["name", "path", "shape", "dtype", "value", "ndim", "native", "device", "backend"])
def test_read_only_members(make, member):
    v = make(1.0)
    with pytest.raises(AttributeError):
        setattr(v, member, getattr(v, member))


@requirement("KV-14")
@pytest.mark.parametrize("member", ["regularizer", "constraint"])
def test_regularizer_and_constraint(make, member):
    v = make(1.0)
    for value in (abs, lambda x: x, None):
        setattr(v, member, value)
        assert getattr(v, member) is value
    with pytest.raises(ValueError, match=member):
        setattr(v, member, "l2")
    assert getattr(v, member) is None


@requirement("KV-14")
def test_overwrite_with_gradient(make):
    v = make(1.0)
    assert v.overwrite_with_gradient is False
    v.overwrite_with_gradient = True
    assert v.overwrite_with_gradient is True


@requirement("KV-15")
def test_repr(make, device):
    text = repr(make([[1.5, 2.0]], name="kernel"))
    assert "kernel" in text and "(1, 2)" in text and "float32" in text and "1.5" in text
    assert len(repr(make(np.zeros(100_000)))) < 2_000, "a large value is abbreviated"


@requirement("KV-16")
@over(["float32", "int32", "bool", "float64", "bfloat16"])
def test_scalar_conversions(make, dtype):
    v = make(np.asarray(1), dtype=dtype)
    assert int(v) == 1 and type(int(v)) is int
    assert float(v) == 1.0 and type(float(v)) is float


@requirement("KV-16")
@pytest.mark.parametrize("shape", [(1,), (2,), (1, 1), (0,)], ids=str)
def test_only_scalars_convert(make, shape):
    v = make(np.ones(shape))
    for convert in (int, float):
        with pytest.raises(TypeError):
            convert(v)


@requirement("KV-16")
@pytest.mark.parametrize("value", [True, 1.0, [1.0]], ids=str)
def test_no_truth_value(make, value):
    with pytest.raises(TypeError, match="bool"):
        bool(make(value))


@requirement("KV-17")
def test_equality_and_hash(make, adapter):
    v, w = make([1.0, 2.0]), make([1.0, 3.0])
    assert_same(adapter.to_numpy(v == w), np.array([True, False]), "v == w", exact=True)
    assert_same(adapter.to_numpy(v != w), np.array([False, True]), "v != w", exact=True)
    assert hash(v) == hash(v) and len({v: 1, w: 2}) == 2
    assert {v: "found"}[v] == "found"


@requirement("KV-18")
@over()
def test_pickle(make, dtype):
    v = make(sample(dtype), name="kernel", trainable=False, autocast=False, aggregation="sum")
    back = pickle.loads(pickle.dumps(v))
    assert_same(back.numpy(), sample(dtype), "pickle", exact=True)
    for member in ("name", "path", "dtype", "shape", "trainable", "autocast", "aggregation", "backend", "device"):
        assert getattr(back, member) == getattr(v, member), member
    back.assign(sample(dtype, seed=1))
    assert_same(v.numpy(), sample(dtype), "the original, after its pickled copy was written", exact=True)


@requirement("KV-19")
def test_deepcopy_is_independent(make):
    v = make(sample("float32"), name="kernel", trainable=False)
    twin = copy.deepcopy(v)
    assert (twin.name, twin.trainable, twin.backend, twin.device) == ("kernel", False, v.backend, v.device)
    twin.assign_add(1.0)
    assert_same(v.numpy(), sample("float32"), "the original, after its deep copy was written", exact=True)
    v.assign_sub(1.0)
    assert_same(twin.numpy(), sample("float32") + 1, "the deep copy", exact=True)
    holder = copy.deepcopy({"a": v, "b": v})
    assert holder["a"] is holder["b"]


@requirement("KV-19")
def test_copy_is_a_view_of_the_same_state(make):
    v = make(sample("float32"))
    view = copy.copy(v)
    assert view is not v
    view.assign_add(1.0)
    assert_same(v.numpy(), sample("float32") + 1, "the original, after its view was written", exact=True)


@requirement("KV-20")
def test_to_device(make, adapter, device):
    v = make(sample("float32"))
    assert v.to(device) is v
    for name in adapter.devices():
        moved = v.to(name)
        assert moved.device == name
        assert_same(moved.numpy(), sample("float32"), f"to({name})", exact=True)
        if name != device:
            moved.assign_add(1.0)
            assert_same(v.numpy(), sample("float32"), "the original, after the moved one was written", exact=True)

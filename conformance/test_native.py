"""NA: life as a native citizen, as far as the contract can ask for it. The rest is in tests/native."""

import numpy as np
import pytest

from onevar.conformance.cases import over, sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import requirement


@requirement("NA-01")
def test_native_keeps_its_identity(make, adapter):
    v = make(sample("float32"))
    native = v.native
    held = v.value
    v.assign(sample("float32", seed=1))
    v.assign_add(1.0)
    v.assign_sub(2.0)
    v.assign(v.value)
    del held
    v.assign_add(1.0)
    assert v.native is native
    assert_same(adapter.to_numpy(native), v.numpy(), "the native after writes", exact=True)


@requirement("NA-02")
@over(["float32", "float64", "int32", "int64", "bool", "float16", "complex64"])
def test_numpy_functions(make, dtype):
    v = make(sample(dtype, (2, 3)))
    x = sample(dtype, (2, 3))
    assert_same(np.concatenate([v, x]), np.concatenate([x, x]), "np.concatenate", exact=True)
    assert_same(np.stack([v, v]), np.stack([x, x]), "np.stack", exact=True)
    assert_same(np.sum(np.asarray(v), axis=0), np.sum(x, axis=0), "np.sum")
    assert_same(np.asarray(v), x, "np.asarray", exact=True)
    assert np.shape(v) == (2, 3)
    np.testing.assert_array_equal(v, x)


@requirement("NA-02")
def test_numpy_products(make):
    v, x = make(sample("float32", (2, 3))), sample("float32", (3, 4))
    for f in (np.dot, np.matmul):
        assert_close(np.asarray(f(v, x)), f(sample("float32", (2, 3)), x), f.__name__)
        assert_close(np.asarray(f(x.T, make(sample("float32", (3, 2))))), f(x.T, sample("float32", (3, 2))), f.__name__)
    assert_close(np.asarray(np.exp(v)), np.exp(sample("float32", (2, 3))), "np.exp")


@requirement("NA-03")
def test_trainable_reaches_the_native(make, adapter):
    v = make(sample("float32"), trainable=True)
    frozen = make(sample("float32"), trainable=False)
    for flag in ("requires_grad", "trainable"):
        if hasattr(v.native, flag):
            assert getattr(v.native, flag) is True
            assert getattr(frozen.native, flag) is False
            return
    pytest.skip("this framework's natives have no such switch")


@requirement("NA-04")
def test_native_writes_are_seen(make, adapter):
    v = make(sample("float32"))
    adapter.write(v.native, adapter.convert(sample("float32", seed=1), None, v.device), fresh=False)
    assert_same(v.numpy(), sample("float32", seed=1), "the Variable after a write to its native", exact=True)
    assert_same(adapter.to_numpy(v.value), sample("float32", seed=1), "its value", exact=True)
    assert_same(adapter.to_numpy(v + 1.0), sample("float32", seed=1) + 1, "an operator")

"""MX: operands of two frameworks. The partner is NumPy, and every other framework of the run."""

import operator

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.conformance.cases import NEEDS, can_hold, over, sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import requirement
from onevar.core import registry
from onevar.errors import CopyRequired

OPERATORS = {name: getattr(operator, name) for name in ("add", "sub", "mul", "matmul", "lt", "eq")}


@pytest.fixture
def other(backend, partner):
    """The partner's adapter."""
    if partner == backend:
        pytest.skip("no second framework in this run: add another --backend")
    return registry.adapter(partner)


def _square(dtype="float32", seed=0):
    # Large enough, and a whole number of cache lines, for every framework's alignment.
    return sample(dtype, (16, 16), seed=seed)


@requirement("MX-01")
@pytest.mark.parametrize("name", OPERATORS)
def test_mixed_operators(make, adapter, other, device, name):
    f = OPERATORS[name]
    theirs = other.convert(_square(seed=1), None)
    if other.spec(theirs).device != device:
        pytest.skip("the partner's default device is another one")
    result = f(make(_square()), theirs)
    assert isinstance(result, adapter.tensor_type)
    assert_same(adapter.to_numpy(result), f(_square(), _square(seed=1)), f"{adapter.name} {name} {other.name}")


@requirement("MX-01")
@over(["float16", "bfloat16", "float64", "int32", "int64", "uint8", "bool", "complex64", "uint32"])
def test_mixed_dtypes(make, adapter, other, device, dtype):
    if not can_hold(other, dtype):
        pytest.skip(f"{other.name}: {next(other.lacks[c] for c in NEEDS[dtype] if c in other.lacks)}")
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    v, theirs = make(_square()), other.convert(_square(dtype), dtype, "cpu:0")
    result = v * theirs
    assert adapter.owns(result)
    assert adapter.spec(result).dtype == onevar.result_type("float32", dtype)


@requirement("MX-02")
def test_mixed_memory_is_shared(adapter, other, device):
    if not device.startswith("cpu") or "share" in other.lacks:
        pytest.skip("addresses are compared on the host, between frameworks that share")
    # State is always allocated so that it can be lent; a tensor of unknown origin may be misaligned.
    theirs = onevar.Variable(_square(), backend=other.name, device="cpu:0")
    shared = theirs.share(adapter.name)
    assert dlpack.address(adapter.lend(shared)) == dlpack.address(other.lend(theirs.value))


@requirement("MX-02")
def test_mixed_memory_that_cannot_be_shared(make, adapter, other, device):
    """Whatever cannot be shared is an error with a cure, never a silent copy."""
    if not device.startswith("cpu") or other.name == "numpy" or "share" in other.lacks:
        pytest.skip("NumPy arrays are converted like Python values; other partners share on the host")
    v = make(np.ones((4, 4), "float32"))
    theirs = other.getitem(
        other.convert(sample("float32", (8, 8)), None, "cpu:0"), (slice(1, None, 2), slice(1, None, 2))
    )
    if onevar.explain(theirs, adapter.name).zero_copy:
        expected = sample("float32", (8, 8))[1::2, 1::2] + 1
        assert_same(adapter.to_numpy(v + theirs), expected, "a strided operand")
        return
    with pytest.raises(CopyRequired) as caught:
        v + theirs
    assert caught.value.reason and caught.value.cure in str(caught.value)


@requirement("MX-03")
def test_mixed_variables(make, adapter, other, device):
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    mine = make(_square())
    theirs = onevar.Variable(_square(seed=1), backend=other.name, device="cpu:0")
    assert isinstance(mine + theirs, adapter.tensor_type)
    assert isinstance(theirs + mine, other.tensor_type)
    assert_same(adapter.to_numpy(mine - theirs), _square() - _square(seed=1), "mine - theirs")
    assert_same(other.to_numpy(theirs - mine), _square(seed=1) - _square(), "theirs - mine")


@requirement("MX-04")
@pytest.mark.parametrize("name", OPERATORS)
def test_numpy_operands(make, adapter, name):
    f, v = OPERATORS[name], make(_square())
    array = _square(seed=1)
    right, left = f(v, array), f(array, v)
    assert isinstance(right, adapter.tensor_type) and isinstance(left, adapter.tensor_type)
    assert_same(adapter.to_numpy(right), f(_square(), array), f"v {name} array")
    assert_same(adapter.to_numpy(left), f(array, _square()), f"array {name} v")


@requirement("MX-04")
@pytest.mark.parametrize("layout", ["strided", "reversed", "readonly", "transposed"])
def test_numpy_operands_of_any_layout(make, adapter, layout):
    base = np.arange(64, dtype="float32").reshape(8, 8)
    array = {"strided": base[::2, ::2], "reversed": base[::-1], "readonly": base.copy(), "transposed": base.T}[layout]
    array.flags.writeable = layout != "readonly"
    v = make(np.ones(array.shape, "float32"))
    assert_same(adapter.to_numpy(v + array), array + 1, f"v + {layout} array", exact=True)


@requirement("MX-04")
def test_numpy_scalars(make, adapter):
    v = make(sample("float32"))
    assert_same(adapter.to_numpy(v * np.float32(2)), sample("float32") * 2, "v * np.float32", exact=True)
    assert_same(adapter.to_numpy(np.float32(2) * v), sample("float32") * 2, "np.float32 * v", exact=True)


@requirement("MX-05")
def test_mixed_assign(make, other, device):
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    v, theirs = make(np.zeros((16, 16), "float32")), other.convert(_square(), None, "cpu:0")
    v.assign(theirs)
    assert_same(v.numpy(), _square(), f"assign of a {other.name} tensor", exact=True)
    v.assign_add(theirs)
    assert_same(v.numpy(), _square() * 2, f"assign_add of a {other.name} tensor")
    v.assign_sub(theirs)
    v.assign_add(1.0)
    assert_same(other.to_numpy(theirs), _square(), f"the {other.name} tensor after writes", exact=True)


@requirement("MX-05")
def test_made_of_a_foreign_tensor(other, make, device):
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    theirs = other.convert(_square(), None, "cpu:0")
    v = make(theirs)
    v.assign_add(1.0)
    assert_same(v.numpy(), _square() + 1, f"Variable of a {other.name} tensor")
    assert_same(other.to_numpy(theirs), _square(), f"the {other.name} tensor", exact=True)


@requirement("MX-06")
def test_operands_on_two_devices(make, adapter, device):
    elsewhere = [d for d in adapter.devices() if d != device]
    if not elsewhere:
        pytest.skip(f"{adapter.name} has one device here")
    v, w = make(_square()), make(_square(), device=elsewhere[0])
    with pytest.raises(Exception, match=r"(?i)device|to\("):
        v + w

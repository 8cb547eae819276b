"""AD: the adapter contract, value by value. Kernels are in `test_kernels.py`."""

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.adapters.contract import CAPABILITIES, KERNELS, Adapter
from onevar.conformance.cases import COMPUTING, NEEDS, SHAPES, can_hold, case, over, sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import needs, requirement
from onevar.core import registry
from onevar.dtypes import COMPLEX, DTYPES, FLOAT8, INTS, numpy_dtype


def _tensor(adapter, device, dtype="float32", shape=(2, 3), seed=0):
    return adapter.convert(sample(dtype, shape, seed=seed), dtype, device)


def _state(adapter, device, **kwargs):
    return adapter.variable(_tensor(adapter, device, **kwargs), trainable=False, name="w", adopt=False)


def _write(adapter, native, x):
    """Write as a Cell does: to fresh memory if somebody looks at the old."""
    return adapter.write(native, x, fresh=adapter.exported(native))


@requirement("AD-01")
def test_adapter_is_complete(adapter, backend):
    assert isinstance(adapter, Adapter)
    assert adapter.name == backend
    assert registry.adapter(backend) is adapter
    assert set(KERNELS) <= set(adapter.kernels)
    assert all(callable(adapter.kernels[name]) for name in KERNELS)
    assert set(adapter.lacks) <= set(CAPABILITIES)
    assert all(len(why.split()) >= 3 for why in adapter.lacks.values()), f"each gap needs a sentence: {adapter.lacks}"


@requirement("AD-02")
def test_adapter_owns_its_values(adapter, device):
    tensor, native = _tensor(adapter, device), _state(adapter, device)
    assert type(tensor) is adapter.tensor_type or isinstance(tensor, adapter.tensor_type)
    for own in (tensor, native, adapter.read(native)):
        assert adapter.owns(own)
        assert onevar.adapter_of(own) is adapter


@requirement("AD-02")
@pytest.mark.parametrize("value", [1, 1.5, True, "w", None, [1.0], (1,), {}, object()], ids=lambda v: type(v).__name__)
def test_adapter_owns_nothing_else(adapter, value):
    assert not adapter.owns(value)
    assert onevar.adapter_of(value) is None


@requirement("AD-02")
def test_adapter_leaves_foreign_tensors_alone(adapter, backend, partner):
    if partner == backend:
        pytest.skip("no second framework in this run: add another --backend")
    other = registry.adapter(partner)
    theirs = other.convert(sample("float32"), "float32")
    assert not adapter.owns(theirs)
    assert onevar.adapter_of(theirs) is other


@requirement("AD-03")
@over()
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_adapter_spec(adapter, device, dtype, shape):
    for value in (_tensor(adapter, device, dtype, shape), _state(adapter, device, dtype=dtype, shape=shape)):
        spec = adapter.spec(value)
        assert (spec.shape, spec.dtype, spec.device) == (shape, dtype, device)
        assert type(spec.shape) is tuple and all(type(n) is int for n in spec.shape)


@requirement("AD-04")
@over()
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_adapter_convert_array(adapter, device, dtype, shape):
    array = sample(dtype, shape)
    for asked in (dtype, None):
        tensor = adapter.convert(array, asked, device)
        assert adapter.owns(tensor)
        assert_same(adapter.to_numpy(tensor), array, f"convert({dtype} array, {asked})", exact=True)


@requirement("AD-04")
@pytest.mark.parametrize(
    ("value", "dtype"),
    [(True, "bool"), (-3, "int32"), (2.5, "float32"), case(0.5, "float16", dtype="float16")],
)
def test_adapter_convert_scalar(adapter, device, value, dtype):
    tensor = adapter.convert(value, dtype, device)
    assert_same(adapter.to_numpy(tensor), np.asarray(value, dtype), f"convert({value!r}, {dtype})", exact=True)
    assert adapter.spec(tensor).shape == ()


@requirement("AD-04")
@pytest.mark.parametrize("view", ["reversed", "strided", "transposed", "readonly", "big-endian", "misaligned"])
def test_adapter_convert_any_layout(adapter, device, view):
    base = np.arange(24, dtype="float32").reshape(4, 6)
    array = {
        "reversed": base[::-1, ::-1],
        "strided": base[::2, ::3],
        "transposed": base.T,
        "readonly": base.copy(),
        "big-endian": base.astype(">f4"),
        "misaligned": np.frombuffer(b"\0" + base.tobytes(), "float32", offset=1),
    }[view]
    array.flags.writeable = view not in ("readonly", "misaligned")
    tensor = adapter.convert(array, "float32", device)
    assert_same(adapter.to_numpy(tensor), array.astype("float32"), f"convert({view} array)", exact=True)


@requirement("AD-05")
def test_adapter_devices(adapter):
    devices = list(adapter.devices())
    assert devices and len(set(devices)) == len(devices)
    for name in devices:
        kind, _, index = name.partition(":")
        assert kind and index.isdigit(), f"a device is kind:index. Received: {name!r}"
        assert adapter.spec(adapter.convert(1.0, "float32", name)).device == name
        assert adapter.spec(adapter.convert(sample("float32"), None, name)).device == name
    assert adapter.spec(adapter.convert(1.0, "float32")).device == devices[0]


@requirement("AD-06")
@pytest.mark.parametrize("dtype", DTYPES)
def test_adapter_refuses_what_it_cannot_hold(adapter, device, dtype):
    if can_hold(adapter, dtype):
        assert adapter.spec(adapter.convert(sample(dtype), dtype, device)).dtype == dtype
        return
    for value in (sample(dtype), True):
        with pytest.raises(ValueError, match=dtype):
            adapter.convert(value, dtype, device)


@requirement("AD-07")
@over()
@pytest.mark.parametrize("to", DTYPES)
def test_adapter_astype(adapter, device, dtype, to):
    if not can_hold(adapter, to):
        pytest.skip(adapter.lacks[next(c for c in NEEDS[to] if c in adapter.lacks)])
    if dtype in COMPLEX and to not in (*COMPLEX, "bool"):
        pytest.skip("NumPy warns of complex to real; frameworks differ in whether they allow it")
    array = sample(dtype)
    if to.startswith("uint"):
        array = np.abs(array)  # a negative number has no meaning there
    actual = adapter.astype(adapter.convert(array, dtype, device), to)
    assert adapter.spec(actual).dtype == to
    assert adapter.spec(actual).device == device
    assert_same(adapter.to_numpy(actual), array.astype(numpy_dtype(to)), f"astype({dtype} -> {to})", exact=True)


@requirement("AD-07")
@over()
def test_adapter_astype_to_itself(adapter, device, dtype):
    tensor = _tensor(adapter, device, dtype)
    assert adapter.astype(tensor, dtype) is tensor


@requirement("AD-08")
@over()
def test_adapter_to_numpy_is_a_copy(adapter, device, dtype):
    for value in (_tensor(adapter, device, dtype), _state(adapter, device, dtype=dtype)):
        mine = adapter.to_numpy(value)
        assert type(mine) is np.ndarray and mine.flags.writeable and mine.flags.c_contiguous
        mine[...] = np.zeros((), mine.dtype)
        assert_same(adapter.to_numpy(value), sample(dtype), "to_numpy after a write to the array it gave", exact=True)


@requirement("AD-09")
def test_adapter_variable_has_its_own_memory(adapter, device):
    source = sample("float32")
    tensor = adapter.convert(source, "float32", device)
    native = adapter.variable(tensor, trainable=True, name="w", adopt=False)
    native = adapter.write(native, _tensor(adapter, device, seed=1), fresh=False)
    assert_same(adapter.to_numpy(tensor), sample("float32"), "the tensor that state was made from", exact=True)
    source[...] = 0
    assert_same(adapter.to_numpy(native), sample("float32", seed=1), "state made from an array", exact=True)


@requirement("AD-10")
@pytest.mark.parametrize("shape", [(), (3,), (64, 64)], ids=str)
def test_adapter_read_is_a_snapshot(adapter, device, shape):
    native = _state(adapter, device, shape=shape)
    reads = []
    for step in range(1, 5):
        reads.append(adapter.read(native))
        native = _write(adapter, native, _tensor(adapter, device, shape=shape, seed=step))
        native = adapter.accumulate(native, adapter.read(native), "add", fresh=adapter.exported(native))
    for step, read in enumerate(reads):
        expected = sample("float32", shape, seed=step) * (2 if step else 1)
        assert_same(adapter.to_numpy(read), expected, f"read before write {step + 1}", exact=True)


@requirement("AD-11")
@over()
@pytest.mark.parametrize("fresh", [False, True])
def test_adapter_write(adapter, device, dtype, fresh):
    native, value = _state(adapter, device, dtype=dtype), _tensor(adapter, device, dtype, seed=1)
    native = adapter.write(native, value, fresh=fresh)
    assert_same(adapter.to_numpy(native), sample(dtype, seed=1), f"write(fresh={fresh})", exact=True)
    assert_same(adapter.to_numpy(adapter.read(native)), sample(dtype, seed=1), "read after write", exact=True)
    native = adapter.write(native, _tensor(adapter, device, dtype, seed=2), fresh=False)
    assert_same(adapter.to_numpy(value), sample(dtype, seed=1), "the value that was written before", exact=True)
    assert adapter.spec(native).dtype == dtype and adapter.spec(native).device == device


@requirement("AD-12")
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("kernel", "sign"), [("add", 1), ("subtract", -1)])
@over([d for d in COMPUTING if d != "bool"])
def test_adapter_accumulate(adapter, device, dtype, kernel, sign, fresh):
    if sign < 0 and dtype.startswith("uint"):
        pytest.skip("the difference would be below zero")
    native, step = _state(adapter, device, dtype=dtype), _tensor(adapter, device, dtype, seed=1)
    native = adapter.accumulate(native, step, kernel, fresh=fresh)
    first, second = sample(dtype), sample(dtype, seed=1)
    expected = first + second if sign > 0 else first - second
    assert_same(adapter.to_numpy(native), expected, f"accumulate({kernel}, fresh={fresh})")
    assert_same(adapter.to_numpy(step), second, "the value that was accumulated", exact=True)


@requirement("AD-13")
@pytest.mark.parametrize("shape", [(), (3,), (64, 64)], ids=str)
def test_adapter_exported_is_exact(adapter, device, shape):
    native = _state(adapter, device, shape=shape)
    assert not adapter.exported(native), "nothing was read yet"
    by_itself = _copies_on_write(adapter, device)
    for _ in range(3):
        read = adapter.read(native)
        assert adapter.exported(native) or by_itself, "a read is alive"
        part = adapter.getitem(read, ...)
        del read
        assert adapter.exported(native) or by_itself, "a view of a read is alive"
        del part
        assert not adapter.exported(native), "the last read is gone"


def _copies_on_write(adapter, device):
    """Whether a read survives a write in place: then the framework needs nobody's help."""
    native = _state(adapter, device, shape=(64, 64))
    read = adapter.read(native)
    adapter.write(native, _tensor(adapter, device, shape=(64, 64), seed=1), fresh=False)
    return np.array_equal(adapter.to_numpy(read), sample("float32", (64, 64)))


@requirement("AD-14")
def test_adapter_writes_in_place(adapter, device):
    if not device.startswith("cpu"):
        pytest.skip("addresses are compared on the host only")
    native = _state(adapter, device, shape=(64, 64))
    before = dlpack.address(adapter.lend(adapter.read(native)))
    native = adapter.write(native, _tensor(adapter, device, shape=(64, 64), seed=1), fresh=False)
    native = adapter.accumulate(native, _tensor(adapter, device, shape=(64, 64), seed=2), "add", fresh=False)
    assert dlpack.address(adapter.lend(adapter.read(native))) == before


@requirement("AD-21")
@over()
def test_adapter_lend_and_borrow(adapter, device, dtype):
    if not device.startswith("cpu"):
        pytest.skip("only host memory is lent as an array")
    tensor = _tensor(adapter, device, dtype, (8, 8))
    assert adapter.preflight(tensor) is None
    lent = adapter.lend(tensor)
    assert_same(lent, sample(dtype, (8, 8)), "lend", exact=True)
    back = adapter.borrow(lent)
    assert_same(adapter.to_numpy(back), sample(dtype, (8, 8)), "borrow(lend)", exact=True)
    assert dlpack.address(adapter.lend(back)) == dlpack.address(lent), "borrow copied"
    assert dlpack.address(adapter.lend(tensor)) == dlpack.address(lent), "lend copied"


@requirement("AD-20")
def test_adapter_value_and_grad(adapter, device):
    k = adapter.kernels
    x, w = sample("float32", (3,)), sample("float32", (3,), seed=1)

    def loss(a, b):
        return k["sum"](k["multiply"](k["multiply"](a, a), b), None, False)

    value, grads = adapter.value_and_grad(loss, [adapter.convert(x, None, device), adapter.convert(w, None, device)])
    assert_close(adapter.to_numpy(value), np.sum(x * x * w), "value_and_grad: value")
    assert len(grads) == 2
    assert_close(adapter.to_numpy(grads[0]), 2 * x * w, "value_and_grad: first gradient")
    assert_close(adapter.to_numpy(grads[1]), x * x, "value_and_grad: second gradient")


@requirement("AD-20")
def test_adapter_gradient_through_read(adapter, device):
    k = adapter.kernels

    def loss(x):
        return k["sum"](k["exp"](adapter.astype(adapter.astype(x, "float16"), "float32")), None, False)

    x = np.asarray([0.5, -1.0, 0.0], "float32")
    _, (grad,) = adapter.value_and_grad(loss, [adapter.convert(x, None, device)])
    np.testing.assert_allclose(adapter.to_numpy(grad), np.exp(x), rtol=2e-3)


@requirement("AD-22")
@pytest.mark.parametrize("capability", sorted(CAPABILITIES))
def test_adapter_lacks_are_true(adapter, device, capability):
    probe = _PROBES.get(capability)
    if probe is None:
        pytest.skip("shown by its own requirements only: the contract has no primitive for it alone")
    if capability not in adapter.lacks:
        assert probe(adapter, device), f"{capability!r} is not in lacks, and does not work"
        return
    try:
        works = probe(adapter, device)
    except (TypeError, ValueError, NotImplementedError, AttributeError, RuntimeError, BufferError):
        works = False
    assert not works, f"lacks[{capability!r}] = {adapter.lacks[capability]!r}, but it works: take the line out"


def _computes(*dtypes):
    def probe(adapter, device):
        for dtype in dtypes:
            x = _tensor(adapter, device, dtype)
            total = adapter.to_numpy(x if dtype in FLOAT8 else adapter.kernels["add"](x, x))
            if total.dtype != numpy_dtype(dtype):
                return False
        return True

    return probe


def _differentiates(adapter, device):
    k = adapter.kernels
    _, (grad,) = adapter.value_and_grad(lambda x: k["sum"](x, None, False), [_tensor(adapter, device)])
    return bool((adapter.to_numpy(grad) == 1).all())


def _stays_in_place(adapter, device):
    native = _state(adapter, device, shape=(64, 64))
    read = adapter.read(native)
    native = adapter.write(native, _tensor(adapter, device, shape=(64, 64), seed=1), fresh=False)
    # Written in place although a read is alive: the read shows it. A framework that copies on
    # write by itself shows the same only through addresses.
    if not np.array_equal(adapter.to_numpy(read), sample("float32", (64, 64))):
        return True
    del read
    before = dlpack.address(adapter.lend(adapter.read(native)))
    native = adapter.write(native, _tensor(adapter, device, shape=(64, 64), seed=2), fresh=False)
    return dlpack.address(adapter.lend(adapter.read(native))) == before


def _keeps_native(adapter, device):
    native = _state(adapter, device)
    return all(adapter.write(native, _tensor(adapter, device, seed=1), fresh=f) is native for f in (False, True))


def _shares(adapter, device):
    lent = adapter.lend(_tensor(adapter, device, shape=(8, 8)))
    return dlpack.address(adapter.lend(adapter.borrow(lent))) == dlpack.address(lent)


_PROBES = {
    "gradients": _differentiates,
    "in_place": _stays_in_place,
    "native_state": _keeps_native,
    "share": _shares,
    "bfloat16": _computes("bfloat16"),
    "float8": _computes(*FLOAT8),
    "complex": _computes(*COMPLEX[:1]),
    "64bit": _computes("int64", "float64"),
    "unsigned": _computes(*(d for d in INTS if d in ("uint16", "uint32"))),
}


@requirement("AD-22")
@needs("tracing")
def test_adapter_does_not_call_values_traced(adapter, device):
    assert adapter.is_traced(_tensor(adapter, device)) is False

"""EX: who owns memory that has crossed, who may write it, and for how long it lives."""

import ctypes
import gc
import sys
import threading
import time

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.adapters.contract import Adapter
from onevar.conformance.cases import NEEDS, can_hold, over, sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import needs, requirement
from onevar.conformance.test_exchange import address, tensor
from onevar.core import registry
from onevar.errors import CopyRequired


@pytest.fixture
def other(adapter, partner, device):
    """The partner's adapter; the exports of the framework under test go there."""
    found = registry.adapter(partner)
    for one in (adapter, found):
        if "share" in one.lacks:
            pytest.skip(f"{one.name}: {one.lacks['share']}")
    if device not in found.devices():
        pytest.skip(f"{partner} has no device {device}")
    return found


def _state(make, dtype="float32", shape=(16, 16)):
    return make(sample(dtype, shape))


WRITES = {
    "assign": lambda v: v.assign(np.full(v.shape, 3, "float32")),
    "assign_add": lambda v: v.assign_add(1.0),
    "assign_sub": lambda v: v.assign_sub(1.0),
    "assign twice": lambda v: (v.assign_add(1.0), v.assign_add(1.0)),
}


# -- whose memory -----------------------------------------------------------------------------------


@requirement("EX-11")
@over()
def test_a_variable_shares_its_own_memory(make, adapter, other, dtype):
    if not can_hold(other, dtype):
        pytest.skip(f"{other.name} lacks {', '.join(NEEDS[dtype])}")
    v = _state(make, dtype)
    shared = v.share(other.name)
    assert isinstance(shared, other.tensor_type)
    assert other.spec(shared).dtype == dtype
    assert address(other, shared) == address(adapter, v.value) == address(adapter, v.native)
    assert_same(other.to_numpy(shared), v.numpy(), f"share of {dtype}", exact=True)


@requirement("EX-11")
def test_a_computed_value_shares(make, adapter, other):
    """After a write the memory is another's, and is shared all the same."""
    v = _state(make)
    v.assign(adapter.kernels["multiply"](v.value, v.value))
    assert address(other, v.share(other.name)) == address(adapter, v.value)


@requirement("EX-11")
def test_a_stateless_scope_has_a_say(make, other):
    """What crosses is `v.value`. Copies, whose memory is theirs."""
    v, first, second = _state(make), sample("float32", (16, 16)), sample("float32", (16, 16), seed=9)
    with onevar.StatelessScope():
        v.assign(second)
        assert_same(other.to_numpy(onevar.copy(v, other.name)), second, "in a StatelessScope", exact=True)
    assert_same(other.to_numpy(onevar.copy(v, other.name)), first, "after it", exact=True)


@requirement("EX-11")
@needs("float16")
def test_an_autocast_scope_has_a_say(make, other):
    v = _state(make)
    with onevar.AutocastScope("float16"):
        assert other.spec(onevar.copy(v, other.name)).dtype == "float16"


@requirement("EX-12")
@over()
def test_a_variable_is_a_dlpack_producer(make, adapter, device, dtype):
    v = _state(make, dtype)
    own = address(adapter, v.native)
    versions = (None, (1, 0)) if device.startswith("cpu") else (None,)
    for version in versions:
        for copy in (None, False):
            assert dlpack.data(v.__dlpack__(max_version=version, copy=copy)) == own
        assert dlpack.data(v.__dlpack__(max_version=version, copy=True)) != own
    if device.startswith("cpu"):
        assert v.__dlpack_device__() == dlpack.HOST
        with pytest.raises(BufferError):
            v.__dlpack__(dl_device=(2, 0))
        assert_same(dlpack.view(v), v.numpy(), f"dlpack of {dtype}", exact=True)


@requirement("EX-12")
@over(["float32", "int32", "bool"])
def test_consumers_take_a_variable_as_it_is(make, adapter, other, device, dtype):
    if not device.startswith("cpu"):
        pytest.skip("pointers are compared on the host")
    v = _state(make, dtype)
    taken = other.from_dlpack(v)
    assert address(other, taken) == address(adapter, v.native)
    assert_same(other.to_numpy(taken), v.numpy(), "from_dlpack(v)", exact=True)


@requirement("EX-19")
def test_live(make, adapter, other, device):
    v = _state(make)
    if type(adapter).exported is Adapter.exported:  # its natives never change in place
        with pytest.raises(CopyRequired, match="live") as caught:
            v.share(other.name, live=True)
        assert f"share(x, {other.name!r})" in caught.value.cure
        return
    native = v.native
    shared = v.share(other.name, live=True)
    assert address(other, shared) == address(adapter, native)
    if device.startswith("cpu"):
        # What the framework itself writes into the native is seen at once.
        adapter.lend(native)[...] = 7
        assert_same(other.to_numpy(shared), np.full(v.shape, 7, "float32"), "live", exact=True)


# -- snapshots --------------------------------------------------------------------------------------

#: What may be made of an export, and then still looks at the same memory.
DESCENDANTS = {
    "itself": lambda to, x: x,
    "a slice": lambda to, x: to.getitem(x, (slice(2, 5),)),
    "reshaped": lambda to, x: to.kernels["reshape"](x, (256,)),
    "shared on": lambda to, x: onevar.share(x, "numpy"),
    "a capsule": lambda to, x: to.export(x).__dlpack__(),
    "a variable": lambda to, x: onevar.Variable(x, backend=to.name, adopt=True).value,
}


@requirement("EX-13")
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("what", DESCENDANTS)
def test_an_export_is_a_snapshot(make, adapter, other, device, what, write):
    if what in ("shared on", "a capsule") and not device.startswith("cpu"):
        pytest.skip("NumPy holds host memory only")
    v = _state(make)
    descendant = DESCENDANTS[what](other, v.share(other.name))
    gc.collect()
    before = _values(other, descendant)
    WRITES[write](v)
    WRITES[write](v)
    np.testing.assert_array_equal(_values(other, descendant), before)


def _values(adapter, x):
    if type(x).__name__ == "PyCapsule":  # read where it lies, so that it stays unconsumed
        return np.ctypeslib.as_array((ctypes.c_float * 256).from_address(dlpack.data(x))).copy()
    owner = registry.adapter_of(x) or adapter
    return owner.to_numpy(x).copy()


@requirement("EX-13")
@over()
def test_a_snapshot_of_every_dtype(make, adapter, other, dtype):
    if not can_hold(other, dtype):
        pytest.skip(f"{other.name} lacks {', '.join(NEEDS[dtype])}")
    v = _state(make, dtype)
    shared = v.share(other.name)
    before = other.to_numpy(shared).copy()
    v.assign(sample(dtype, (16, 16), seed=5))
    assert_same(other.to_numpy(shared), before, f"the export of {dtype}", exact=True)
    assert_same(v.numpy(), sample(dtype, (16, 16), seed=5), f"the Variable of {dtype}", exact=True)


@requirement("EX-13")
def test_a_dlpack_consumer_has_a_snapshot(make, other):
    v = _state(make)
    taken = other.from_dlpack(v)
    before = other.to_numpy(taken).copy()
    v.assign_add(1.0)
    np.testing.assert_array_equal(other.to_numpy(taken), before)


@requirement("EX-14")
@pytest.mark.parametrize("order", ["forwards", "backwards", "the middle last"])
def test_writes_are_in_place_again(make, adapter, other, order):
    v = _state(make)
    chain = [v.share(other.name)]
    chain.append(other.getitem(chain[0], (slice(0, 8),)))
    chain.append(other.kernels["reshape"](chain[1], (128,)))
    v.assign_add(1.0)
    assert address(adapter, v.native) != address(other, chain[0])
    del chain[:]
    # The memory that the Variable moved to: shared, and then given back in different orders.
    chain = [v.share(other.name)]
    chain.append(other.getitem(chain[0], (slice(0, 8),)))
    chain.append(other.kernels["reshape"](chain[1], (128,)))
    for index in {"forwards": (0, 1, 2), "backwards": (2, 1, 0), "the middle last": (0, 2, 1)}[order]:
        chain[index] = None
    gc.collect()
    _settle(other)
    here = address(adapter, v.native)
    v.assign_add(1.0)
    assert address(adapter, v.native) == here


def _settle(adapter):
    # TensorFlow gives back NumPy arrays with its next tensor, not at once.
    adapter.convert(np.zeros(1, "float32"), None)


@requirement("EX-15")
@over(["float32", "bfloat16", "float8_e4m3fn"])
def test_an_export_outlives_its_variable(make, other, dtype):
    if not can_hold(other, dtype):
        pytest.skip(f"{other.name} lacks {', '.join(NEEDS[dtype])}")
    exports = []
    for seed in range(4):
        v = make(sample(dtype, (64, 64), seed=seed))
        exports.append(v.share(other.name))
        del v
    gc.collect()
    noise = [np.full((64, 64), 99, "uint8") for _ in range(50)]
    for seed, shared in enumerate(exports):
        assert_same(other.to_numpy(shared), sample(dtype, (64, 64), seed=seed), "after its Variable", exact=True)
    assert noise


@requirement("EX-15")
def test_a_tensor_outlives_the_one_it_was_shared_from(adapter, other, device):
    for source, target in ((adapter, other), (other, adapter)):
        if source is target:
            continue
        x = tensor(source, sample("float32", (64, 64)), device)
        y = onevar.share(x, target.name)
        z = onevar.share(y, source.name)
        del x, y
        gc.collect()
        assert_same(source.to_numpy(z), sample("float32", (64, 64)), "after two owners", exact=True)


# -- leaks ------------------------------------------------------------------------------------------


def _resident():
    """Return the resident memory of this process in bytes, or None where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None


def _exchange(v, other, count):
    for _ in range(count):
        v.share(other.name)


@requirement("EX-16")
def test_100000_exchanges_leak_nothing(make, adapter, other, partner):
    small, large = make(np.zeros(16, "float32")), make(np.zeros((512, 512), "float32"))
    # The whole number with the partner that every run has; a leak shows with fewer too.
    rounds = 10_000 if partner == "numpy" else 2_000
    for v in (small, large):
        _exchange(v, other, 200)
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), _resident()
    for _ in range(5):
        for v in (small, large):
            _exchange(v, other, rounds)
        gc.collect()
    _settle(other)
    # Leaked objects would be at least one block each; leaked memory a MiB each.
    assert sys.getallocatedblocks() - blocks < 2000
    if resident is not None:
        assert _resident() - resident < 256 << 20
    here = address(adapter, large.native)
    large.assign_add(1.0)
    if "in_place" not in adapter.lacks:
        assert address(adapter, large.native) == here, "an export is still counted"


@requirement("EX-16")
def test_exports_kept_while_writing_are_given_back(make, other):
    """Each write moves to a new MiB while the last export is alive; the old ones must go."""
    v = make(np.zeros((512, 512), "float32"))
    resident, held = None, None
    for step in range(300):
        held = v.share(other.name)
        v.assign_add(1.0)
        if step == 50:
            gc.collect()
            resident = _resident()
    assert float(other.to_numpy(held)[0, 0]) == 299
    gc.collect()
    if resident is not None:
        assert _resident() - resident < 128 << 20


# -- threads ----------------------------------------------------------------------------------------


def _run(workers):
    errors = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise errors[0]


@requirement("EX-17")
def test_four_threads(make, adapter, other):
    v = make(np.zeros(20_000, "float32"))

    def reader():
        for _ in range(150):
            array = other.to_numpy(v.share(other.name))
            assert (array == array[0]).all(), "half of a write was seen"

    def keeper():
        for _ in range(40):
            shared = v.share(other.name)
            first = float(other.to_numpy(shared)[0])
            time.sleep(0)
            assert (other.to_numpy(shared) == first).all(), "an export changed"

    def writer():
        for _ in range(100):
            v.assign_add(1.0)

    _run([reader, keeper, writer, writer])
    np.testing.assert_array_equal(v.numpy(), np.full(20_000, 200, "float32"))
    gc.collect()
    _settle(other)
    here = address(adapter, v.native)
    v.assign_add(1.0)
    if "in_place" not in adapter.lacks:
        assert address(adapter, v.native) == here, "an export is still counted"


# -- writes on the other side -------------------------------------------------------------------------


def _writable(adapter, x):
    """Return NumPy's writable view of `x`, or None where the framework's tensors do not change."""
    array = adapter.lend(x)
    return array if array.flags.writeable else None


@requirement("EX-18")
def test_plain_tensors_alias(adapter, other, device):
    if other is adapter or not device.startswith("cpu"):
        pytest.skip("two frameworks on the host are needed")
    x = tensor(adapter, sample("float32", (16,)))
    y = onevar.share(x, other.name)
    ends = [_writable(adapter, x), _writable(other, y)]
    if any(end is None for end in ends):
        pytest.skip("one of the two has immutable tensors")
    ends[0][0] = 41
    assert float(other.to_numpy(y)[0]) == 41
    ends[1][1] = 42
    assert float(adapter.to_numpy(x)[1]) == 42


# -- asynchronous consumers ---------------------------------------------------------------------------


@requirement("EX-20")
def test_borrowed_memory_waits_for_computations(make, adapter, other, device):
    """Work is launched on an export, and the Variable is written at once; the work must see the old values."""
    size = 1 << 20
    for _ in range(5):
        v = make(np.zeros(size, "float32"))
        v.assign_add(0.0)
        shared = v.share(other.name)
        out = shared
        for _ in range(6):
            out = other.kernels["add"](other.kernels["sin"](out), shared)
        total = other.kernels["sum"](out)
        del shared, out
        v.assign(np.ones(size, "float32"))
        v.assign_add(1.0)
        assert float(other.to_numpy(total)) == 0.0
    if other is not adapter and device.startswith("cpu"):
        assert float(adapter.to_numpy(v.value)[0]) == 2.0

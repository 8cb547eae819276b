"""The neutral part of exchange, on stand-in frameworks: routes, devices, hooks, errors. Needs NumPy alone."""

import numpy as np
import pytest

import onevar
from onevar import dlpack, exchange
from onevar.adapters.contract import Adapter, BorrowRules, Refusal, TensorSpec
from onevar.adapters.numpy import NumpyAdapter
from onevar.core import registry
from onevar.core.borders import checks, takes_anything
from onevar.errors import CopyRequired


class Box:
    """A tensor of a stand-in framework: an array, said to be on a device."""

    def __init__(self, array, device="cpu:0"):
        self.array, self.device = array, device

    def __dlpack__(self, **options):
        return dlpack.capsule(self.array, **options)

    def __dlpack_device__(self):
        return (1, 0) if self.device.startswith("cpu") else (2, 0)


class BoxAdapter(NumpyAdapter):
    """Holds Boxes, on the host and on one accelerator."""

    name = "box"
    module = "numpy"
    tensor_type = Box
    lacks = {}
    # What NumPy's adapter does in its own way, and this one leaves to the contract.
    view = Adapter.view

    def __init__(self):
        super().__init__()
        self.calls = []

    def owns(self, x):
        return isinstance(x, Box)

    def spec(self, x):
        return TensorSpec(x.array.shape, x.array.dtype.name, x.device)

    def devices(self):
        return ("cpu:0", "cuda:0")

    def convert(self, x, dtype=None, device=None):
        self.calls.append("convert")
        return Box(np.array(x), device or "cpu:0")

    def to_numpy(self, x):
        self.calls.append("to_numpy")
        return x.array.copy()

    def preflight(self, x):
        self.calls.append("preflight")
        return Refusal("it is empty-headed", "Fill it") if x.array.dtype == bool else None

    def lend(self, x):
        self.calls.append("lend")
        return x.array

    def borrow(self, array):
        self.calls.append("borrow")
        return Box(array)

    def export(self, x):
        self.calls.append("export")
        return x

    def from_dlpack(self, x):
        self.calls.append("from_dlpack")
        return Box(x.array, x.device)


class CrateAdapter(BoxAdapter):
    """The same once more, to have somewhere to send a Box to."""

    name = "crate"
    tensor_type = np.ndarray

    def owns(self, x):
        return False


class Fragile(CrateAdapter):
    """Its own border refuses."""

    name = "fragile"

    def from_dlpack(self, x):
        raise RuntimeError("UNIMPLEMENTED: strides.\n")

    def borrow(self, array):
        raise CopyRequired("borrow(array)", "too wide", "Set the switch")


@pytest.fixture
def framework():
    """Register stand-ins for one test."""
    added = []

    def add(kind):
        instance = kind()
        registry.register(instance)
        added.append(instance.name)
        return instance

    yield add
    for name in added:
        registry.unregister(name)


def _values():
    return dlpack.aligned_copy(np.arange(8, dtype=np.float32))


def test_the_host_route(framework):
    box, crate = framework(BoxAdapter), framework(CrateAdapter)
    x = Box(_values())
    y = onevar.share(x, "crate")
    assert y.array is x.array
    assert box.calls == ["preflight", "lend"]
    assert crate.calls == ["borrow"]
    said = exchange.explain(x, "crate")
    assert (said.route, said.zero_copy, said.device) == ("host view", True, "cpu:0")
    assert str(said) == "box -> crate, float32[8] on cpu:0: zero-copy (host view); data only, gradients do not cross"


def test_another_device_goes_by_dlpack(framework):
    box, crate = framework(BoxAdapter), framework(CrateAdapter)
    x = Box(_values(), "cuda:0")
    y = onevar.share(x, "crate")
    assert (y.array is x.array, y.device) == (True, "cuda:0")
    assert box.calls == ["preflight", "export"]
    assert crate.calls == ["from_dlpack"]
    assert exchange.explain(x, "crate").route == "dlpack"


def test_a_device_that_the_target_has_not(framework):
    framework(BoxAdapter)
    x = Box(_values(), "cuda:0")
    with pytest.raises(CopyRequired) as caught:
        onevar.share(x, "numpy")
    assert str(caught.value) == (
        "share(x, 'numpy'): the memory is on cuda:0, where numpy has no device. Use onevar.copy(x, 'numpy')."
    )
    np.testing.assert_array_equal(onevar.copy(x, "numpy"), x.array)


def test_a_copy_stays_on_its_device(framework):
    framework(BoxAdapter)
    crate = framework(CrateAdapter)
    x = Box(_values(), "cuda:0")
    y = onevar.copy(x, "crate")
    assert y.device == "cuda:0"
    assert not np.shares_memory(y.array, x.array)
    assert crate.calls == ["convert"]
    assert onevar.copy(Box(_values()), "crate").device == "cpu:0"


def test_preflight_comes_first_on_every_device(framework):
    box, crate = framework(BoxAdapter), framework(CrateAdapter)
    for device in ("cpu:0", "cuda:0"):
        with pytest.raises(CopyRequired, match=r"share\(x, 'crate'\): it is empty-headed. Fill it."):
            onevar.share(Box(np.zeros(3, bool), device), "crate")
    assert box.calls == ["preflight"] * 2
    assert crate.calls == []
    assert str(exchange.explain(Box(np.zeros(3, bool)), "crate")).endswith(
        "copy required, it is empty-headed. Fill it."
    )


def test_the_own_framework_is_not_examined(framework):
    box = framework(BoxAdapter)
    x = Box(np.zeros(3, bool))
    assert onevar.share(x, "box") is x
    assert box.calls == []
    assert exchange.explain(x, "box").route == "itself"


def test_what_the_target_raises_becomes_a_reason(framework):
    framework(BoxAdapter)
    framework(Fragile)
    with pytest.raises(CopyRequired) as caught:
        onevar.share(Box(_values(), "cuda:0"), "fragile")
    assert caught.value.reason == "UNIMPLEMENTED: strides"
    assert isinstance(caught.value.__cause__, RuntimeError)
    for call in (onevar.share, onevar.copy):
        with pytest.raises(CopyRequired) as caught:
            call(Box(_values()), "fragile")
        assert str(caught.value) == f"{call.__name__}(x, 'fragile'): too wide. Set the switch."


class Direct(BoxAdapter):
    """Its own capsules are the faster way, for one dtype."""

    def direct(self, x):
        return x.array.dtype == np.float32


class Guarded(CrateAdapter):
    """Looks at capsules itself."""

    guards_dlpack = True


class GuardedAndFragile(Fragile):
    """Looks, and finds fault."""

    guards_dlpack = True


def test_a_faster_capsule_is_taken_and_may_fail(framework):
    framework(Direct)
    crate = framework(Guarded)
    onevar.share(Box(_values()), "crate")
    assert crate.calls == ["from_dlpack"]
    onevar.share(Box(_values().astype("int8")), "crate")
    assert crate.calls == ["from_dlpack", "borrow"]
    framework(GuardedAndFragile)
    with pytest.raises(CopyRequired, match="too wide"):
        onevar.share(Box(_values()), "fragile")


def test_nothing_of_an_adapter_that_went_away_is_kept(framework):
    framework(BoxAdapter)
    x = Box(_values())
    for _ in range(2):
        registry.register(instance := CrateAdapter())
        onevar.share(x, "crate")
        assert instance.calls == ["borrow"]
        registry.unregister("crate")
    with pytest.raises(onevar.errors.FrameworkMissing):
        onevar.share(x, "crate")


def test_a_file_mapped_for_reading_stays_so(framework, tmp_path):
    """Writing through the mark would be a segmentation fault."""
    crate = CrateAdapter()
    crate.borrow_rules = BorrowRules(readonly=False)
    registry.register(crate)
    try:
        np.arange(4.0).tofile(tmp_path / "x")
        mapped = np.memmap(tmp_path / "x", np.float64, "r")
        adopted = onevar.Variable(np.asarray(mapped), backend="numpy", adopt=True)
        for x in (mapped, np.asarray(mapped), adopted):
            with pytest.raises(CopyRequired, match="read-only"):
                onevar.share(x, "crate")
        assert onevar.share(onevar.Variable(np.arange(4.0), backend="numpy"), "crate").array.sum() == 6
    finally:
        registry.unregister("crate")


# -- rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "array", "reason"),
    [
        (BorrowRules(strides="compact"), np.zeros((4, 4)).T, "not in row-major order"),
        (BorrowRules(strides="compact"), np.zeros((4, 4))[:, :2], "not in row-major order"),
        (BorrowRules(strides="dense"), np.zeros((4, 4))[:, :2], "gaps between the elements"),
        (BorrowRules(strides="dense"), np.zeros(4)[::-1], "run backwards"),
        (BorrowRules(strides="dense"), np.broadcast_to(np.zeros(4), (3, 4)), "gaps"),
        (BorrowRules(strides="non-negative"), np.zeros((4, 4))[:, ::-1], "run backwards"),
        (BorrowRules(alignment=64), dlpack.aligned_empty((9,), np.int8)[5:], r"address % 64 == 5"),
        (BorrowRules(dtypes=frozenset({"float32"})), np.zeros(3, np.int8), "int8"),
    ],
)
def test_what_breaks_a_rule(rules, array, reason):
    refusal = checks(rules)(array, False)
    assert refusal is not None
    with pytest.raises(CopyRequired, match=reason):
        raise CopyRequired("share(x)", refusal.reason, refusal.cure)
    assert not takes_anything(rules)
    if array.dtype != np.int8 or rules.alignment > 1:
        assert checks(rules)(array[:0], False) is None, "nothing is there to break the rule"


@pytest.mark.parametrize(
    ("rules", "array"),
    [
        (BorrowRules(strides="compact"), np.zeros((4, 4))[1:]),
        (BorrowRules(strides="compact"), np.zeros((4, 1, 4))[:, :, :]),
        (BorrowRules(strides="dense"), np.zeros((2, 3, 4)).transpose(1, 2, 0)),
        (BorrowRules(strides="dense"), np.zeros((2, 1, 4))[:, ::-1].transpose(2, 1, 0)),
        (BorrowRules(strides="non-negative"), np.broadcast_to(np.zeros(4), (3, 4))),
        (BorrowRules(strides="non-negative"), np.zeros(())),
        (BorrowRules(alignment=64), dlpack.aligned_empty((100,), np.int8)[64:]),
        (BorrowRules(), np.zeros((4, 4))[::-1, ::2]),
    ],
)
def test_what_keeps_the_rules(rules, array):
    assert checks(rules)(array, False) is None


def test_whose_mark_it_is():
    array = np.zeros(3)
    array.flags.writeable = False
    check = checks(BorrowRules(readonly=False))
    assert "read-only" in check(array, False).reason
    assert check(array, True) is None
    assert checks(BorrowRules())(array, False) is None
    assert takes_anything(BorrowRules())

"""EX: exchange. The partner is NumPy, and every other framework of the run; both directions are tried."""

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.conformance.cases import NEEDS, can_hold, over, sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import requirement
from onevar.core import registry
from onevar.errors import CopyRequired, FrameworkMissing


@pytest.fixture(params=["to", "from"])
def ends(request, adapter, partner, device):
    """The source's and the target's adapter, the one under test being either."""
    other = registry.adapter(partner)
    if other is adapter:
        pytest.skip("the partner is the framework itself")
    if "share" in other.lacks:
        pytest.skip(f"{partner}: {other.lacks['share']}")
    if device not in other.devices():
        pytest.skip(f"{partner} has no device {device}")
    return (adapter, other) if request.param == "to" else (other, adapter)


def tensor(adapter, array, device="cpu:0"):
    """Return a tensor of the framework's own making with the values of `array`."""
    return adapter.convert(dlpack.aligned_copy(array), onevar.dtypes.dtype_name(array.dtype), device)


def address(adapter, x):
    """Return the address of the first element, on whichever device."""
    if adapter.spec(x).device.startswith("cpu"):
        return dlpack.address(adapter.lend(x))
    return dlpack.data(adapter.export(x).__dlpack__())


def assert_shared(source, x, target, y):
    """Fail unless `y` is a tensor of `target` over the memory of `x`."""
    assert isinstance(y, target.tensor_type), f"{type(y)} is not a tensor of {target.name}"
    assert target.spec(y) == source.spec(x)
    assert address(target, y) == address(source, x) or 0 in source.spec(x).shape
    assert_same(target.to_numpy(y), source.to_numpy(x), f"{source.name} -> {target.name}", exact=True)


def attempt(x, to):
    """Return what `share` gives and None, or None and why it does not."""
    try:
        return onevar.share(x, to), None
    except CopyRequired as error:
        return None, error


# -- dtypes ---------------------------------------------------------------------------------------


@requirement("EX-01")
@over()
@pytest.mark.parametrize("shape", [(4, 5), (), (3,)])
def test_same_memory(ends, device, dtype, shape):
    source, target = ends
    if not (can_hold(source, dtype) and can_hold(target, dtype)):
        pytest.skip(f"the partner lacks {', '.join(NEEDS[dtype])}")
    x = tensor(source, sample(dtype, shape), device)
    assert_shared(source, x, target, onevar.share(x, target.name))


@requirement("EX-01")
@over()
def test_there_and_back(ends, device, dtype):
    source, target = ends
    if not (can_hold(source, dtype) and can_hold(target, dtype)):
        pytest.skip(f"the partner lacks {', '.join(NEEDS[dtype])}")
    x = tensor(source, sample(dtype, (16,)), device)
    back = onevar.share(onevar.share(x, target.name), source.name)
    assert_shared(source, x, source, back)


@requirement("EX-01")
def test_what_was_shared_computes(ends, device):
    """Memory that a framework takes and then cannot work on would show here."""
    source, target = ends
    x = sample("float32", (16, 16))
    y = onevar.share(tensor(source, x, device), target.name)
    assert_close(target.to_numpy(target.kernels["add"](y, y)), x + x, "add")
    assert_close(target.to_numpy(target.kernels["matmul"](y, y)), x @ x, "matmul")
    assert_close(target.to_numpy(target.kernels["exp"](y)), np.exp(x), "exp")


# The last place is the second framework's turn: a dtype that one of the two narrows.
_CONFIGURED = """
    import sys, numpy as np, onevar
    from onevar.dtypes import DTYPES, numpy_dtype
    from onevar.core import registry
    from onevar import dlpack
    target = registry.adapter({backend!r})
    for dtype in DTYPES:
        if target.borrow_rules.dtypes and dtype not in target.borrow_rules.dtypes:
            continue  # that framework says so itself
        x = dlpack.aligned_copy(np.ones(16).astype(numpy_dtype(dtype)))
        for call in (onevar.share, onevar.copy):
            try:
                y = call(x, target.name)
            except onevar.errors.CopyRequired as error:
                assert "64bit" in target.lacks and numpy_dtype(dtype).itemsize >= 8, error
                assert "64" in error.cure, error
            else:
                assert target.spec(y).dtype == dtype, (dtype, target.spec(y))
"""


@requirement("EX-07")
@pytest.mark.parametrize("x64", ["0", "1"])
def test_nothing_is_narrowed(backend, adapter, monkeypatch, x64):
    """In a fresh process, because frameworks read their configuration when they are imported."""
    monkeypatch.setenv("JAX_ENABLE_X64", x64)
    if "share" in adapter.lacks:
        pytest.skip(f"share: {adapter.lacks['share']}")
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_CONFIGURED).format(backend=backend)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


# -- layouts --------------------------------------------------------------------------------------


def _aligned(dtype="float32", shape=(8, 16)):
    return dlpack.aligned_copy(sample(dtype, shape))


def _misaligned(dtype, offset=1):
    flat = dlpack.aligned_empty((129,), onevar.dtypes.numpy_dtype(dtype))
    flat[...] = sample(dtype, (129,))
    return flat[offset:][:128]


LAYOUTS = {
    "strided rows": lambda d: _aligned(d)[::2],
    "strided columns": lambda d: _aligned(d)[:, ::2],
    "a column": lambda d: _aligned(d)[:, 0],
    "transposed": lambda d: _aligned(d).T,
    "axes in another order": lambda d: _aligned(d, (2, 3, 16)).transpose(1, 0, 2),
    "backwards": lambda d: _aligned(d)[::-1],
    "both backwards": lambda d: _aligned(d)[::-1, ::-1],
    "broadcast": lambda d: np.broadcast_to(_aligned(d)[0], (8, 16)),
    "one row": lambda d: _aligned(d)[:1],
    "no axes": lambda d: _aligned(d, ()),
    "an element": lambda d: _aligned(d)[3, 5, ...],
    "zero-size": lambda d: _aligned(d, (0,)),
    "zero-size inside": lambda d: _aligned(d)[:, 3:3],
    "zero-size backwards": lambda d: _aligned(d)[:, 3:3][::-1],
    "misaligned by an element": _misaligned,
    "misaligned by 32 bytes": lambda d: _misaligned(d, 32 // onevar.dtypes.numpy_dtype(d).itemsize),
    "misaligned end": lambda d: _aligned(d, (129,))[:127],
}


def _obeys(array, rules):
    """Whether memory must be taken: the contract's rules, told once more without the code under test."""
    axes = [(s, n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1]
    strides = [s for s, _ in axes]
    spanned = array.itemsize + sum(abs(s) * (n - 1) for s, n in axes)
    dense = all(s > 0 for s in strides) and spanned == array.nbytes
    fits = {
        "any": True,
        "non-negative": all(s >= 0 for s in strides),
        "dense": dense,
        "compact": dense and strides == sorted(strides, reverse=True),
    }[rules.strides]
    aligned = array.__array_interface__["data"][0] % rules.alignment == 0
    return array.size == 0 or (fits and aligned and (rules.readonly or array.flags.writeable))


@pytest.fixture
def borrower(adapter, device):
    """The adapter under test, borrowing NumPy's memory."""
    if "share" in adapter.lacks:
        pytest.skip(f"share: {adapter.lacks['share']}")
    if not device.startswith("cpu") or adapter.name == "numpy":
        pytest.skip("NumPy lends host memory to other frameworks")
    return adapter


@requirement("EX-02", "EX-03")
@over(["float32", "bfloat16", "int64", "float8_e5m2", "complex64", "bool"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_numpy(borrower, dtype, layout):
    x = LAYOUTS[layout](dtype)
    y, error = attempt(x, borrower.name)
    if error is not None:
        assert not _obeys(x, borrower.borrow_rules), f"refused without need: {error}"
        assert_helpful(error, borrower)
        y = onevar.copy(x, borrower.name)
    else:
        assert x.size == 0 or address(borrower, y) == dlpack.address(x)
        assert borrower.spec(y).dtype == dtype
    assert_same(borrower.to_numpy(y), x, f"{layout}, {dtype}", exact=True)
    if dtype == "float32":
        assert_same(borrower.to_numpy(borrower.kernels["add"](y, y)), x + x, f"add after {layout}")


def assert_helpful(error, target):
    """Fail unless the error says what was called, why not, and what to do."""
    assert isinstance(error, BufferError)
    assert str(error) == f"share(x, {target.name!r}): {error.reason}. {error.cure}."
    assert len(error.reason) > 10
    assert f"onevar.copy(x, {target.name!r})" in error.cure
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason, again.cure) == (str(error), error.reason, error.cure)


VIEWS = {
    "strided": lambda k, x: k(x, (slice(None, None, 2), slice(None, None, 2))),
    "tail": lambda k, x: k(x, (slice(1, None),)),
    "a column": lambda k, x: k(x, (slice(None), 1)),
    "an element": lambda k, x: k(x, (1, 1)),
    "zero-size": lambda k, x: k(x, (slice(0, 0),)),
}


@requirement("EX-02", "EX-03")
@over(["float32", "bfloat16", "uint8"])
@pytest.mark.parametrize("view", [*VIEWS, "transposed"])
def test_layouts_of_the_framework(ends, device, dtype, view):
    source, target = ends
    whole = sample(dtype, (9, 7))
    x = tensor(source, whole, device)
    if view == "transposed":
        x, expected = source.kernels["permute_dims"](x, (1, 0)), whole.T
    else:
        x = VIEWS[view](source.getitem, x)
        expected = np.asarray(VIEWS[view](lambda a, index: a[index], whole))
    y, error = attempt(x, target.name)
    if error is not None:
        if not np.isscalar(x):
            assert_helpful(error, target)
        y = onevar.copy(x, target.name)
    else:
        assert 0 in expected.shape or address(target, y) == address(source, x)
    assert_same(target.to_numpy(y), expected, f"{view}, {dtype}", exact=True)


@requirement("EX-04")
@over(["float32", "bfloat16", "float8_e4m3fn", "int32"])
def test_readonly_memory(borrower, dtype):
    x = _aligned(dtype)
    x.flags.writeable = False
    if borrower.borrow_rules.readonly:
        y = onevar.share(x, borrower.name)
        assert address(borrower, y) == dlpack.address(x)
        assert_same(borrower.to_numpy(y), x, "read-only", exact=True)
    else:
        with pytest.raises(CopyRequired, match="read-only") as caught:
            onevar.share(x, borrower.name)
        assert_helpful(caught.value, borrower)
        assert_same(borrower.to_numpy(onevar.copy(x, borrower.name)), x, "copy", exact=True)
    assert not x.flags.writeable


# -- what has no plain memory ---------------------------------------------------------------------

FOREIGN = {
    "objects": np.array([1, "a", None], dtype=object),
    "strings": np.array(["a", "b"]),
    "dates": np.array(["2026-11-21"], dtype="datetime64[D]"),
    "big endian": np.arange(4.0).astype(">f8"),
    "structured": np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]),
    "masked": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    "long double": np.zeros(3, np.longdouble),
    "a scalar": np.float32(3),
}


@requirement("EX-06")
@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_arrays_are_refused(borrower, kind):
    with pytest.raises(CopyRequired) as caught:
        onevar.share(FOREIGN[kind], borrower.name)
    assert len(caught.value.reason) > 10
    assert caught.value.cure


@requirement("EX-05", "EX-06")
@pytest.mark.parametrize("where", ["inside", "outside"])
def test_gradients_stay_at_home(adapter, partner, device, where):
    """Sharing inside a differentiated function gives the numbers, or is refused; gradients are right."""
    for capability in ("gradients", "share"):
        if capability in adapter.lacks:
            pytest.skip(f"{capability}: {adapter.lacks[capability]}")
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    x, other = tensor(adapter, sample("float32", (16,))), registry.adapter(partner)

    def square(t):
        if where == "inside":
            shared, error = attempt(t, partner)
            if error is None:
                assert_same(other.to_numpy(shared), sample("float32", (16,)), "inside", exact=True)
            else:
                assert "traced" in error.reason
        return adapter.kernels["sum"](adapter.kernels["multiply"](t, t))

    _, (gradient,) = adapter.value_and_grad(square, [x])
    assert_close(adapter.to_numpy(gradient), 2 * sample("float32", (16,)), "the gradient of x * x")


@requirement("EX-05")
def test_what_requires_gradients_is_exported_as_data(make, adapter, partner, device):
    if "gradients" in adapter.lacks:
        pytest.skip(f"gradients: {adapter.lacks['gradients']}")
    if not device.startswith("cpu"):
        pytest.skip("partners are on the host")
    v = make(sample("float32", (16,)), trainable=True)
    other = registry.adapter(partner)
    for x in (v.native, v.value, adapter.kernels["multiply"](v.value, v.value)):
        shared = onevar.share(x, partner)
        assert_same(other.to_numpy(shared), adapter.to_numpy(x), "requires gradients", exact=True)
        assert not getattr(shared, "requires_grad", False) or partner == adapter.name


# -- copies, explanations, errors -----------------------------------------------------------------


@requirement("EX-08")
@over()
def test_copy(ends, device, dtype):
    source, target = ends
    if not (can_hold(source, dtype) and can_hold(target, dtype)):
        pytest.skip(f"the partner lacks {', '.join(NEEDS[dtype])}")
    x = tensor(source, sample(dtype, (4, 5)), device)
    for to in (target, source):
        y = onevar.copy(x, to.name)
        assert isinstance(y, to.tensor_type)
        assert to.spec(y) == source.spec(x)
        assert address(to, y) != address(source, x)
        assert_same(to.to_numpy(y), source.to_numpy(x), f"copy to {to.name}", exact=True)


@requirement("EX-08")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_copy_of_every_layout(borrower, layout):
    x = LAYOUTS[layout]("float32")
    y = onevar.copy(x, borrower.name)
    assert x.size == 0 or address(borrower, y) != dlpack.address(x)
    expected = x.copy()
    if x.flags.writeable:
        x[...] = 99
    assert_same(borrower.to_numpy(y), expected, f"copy, {layout}", exact=True)


@requirement("EX-09")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_explain_numpy(borrower, layout):
    x = LAYOUTS[layout]("float32")
    said = onevar.explain(x, borrower.name)
    assert (said.source, said.target, said.dtype, said.shape) == ("numpy", borrower.name, "float32", x.shape)
    _, error = attempt(x, borrower.name)
    if error is not None:
        assert (said.zero_copy, said.reason, said.cure) == (False, error.reason, error.cure)
        assert error.reason in str(said)
    else:
        assert (said.zero_copy, said.reason, said.cure) == (True, "", "")
        assert "zero-copy" in str(said)


@requirement("EX-09")
def test_explain_variable(make, adapter, device):
    said = onevar.explain(make(sample("float32", (16,))), adapter.name)
    assert said.zero_copy
    assert (said.source, said.target, said.device, said.route) == (adapter.name, adapter.name, device, "itself")


@requirement("EX-10")
def test_own_framework(adapter, device):
    x = tensor(adapter, sample("float32"), device)
    assert onevar.share(x, adapter.name) is x


@requirement("EX-10")
@pytest.mark.parametrize("call", [onevar.share, onevar.copy, onevar.explain])
def test_errors(adapter, device, call):
    x = tensor(adapter, sample("float32"), device)
    with pytest.raises(FrameworkMissing, match="nosuch"):
        call(x, "nosuch")
    for value in ([1.0, 2.0], 3.0, "abc", None, object()):
        with pytest.raises(TypeError, match=rf"{call.__name__}\(x, .*{type(value).__name__}"):
            call(value, adapter.name)

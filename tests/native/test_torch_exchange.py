"""What of PyTorch's can abort, lie, or has no memory; and what torch's own objects keep."""

import gc

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import onevar
from onevar import dlpack
from onevar.errors import CopyRequired


def refused(x, match):
    with pytest.raises(CopyRequired, match=match) as caught:
        onevar.share(x, "numpy")
    assert caught.value.cure
    return caught.value


def complex_tensor():
    return torch.tensor([1 + 2j, 3 - 4j])


def test_negation_bit():
    """DLPack would export the memory, and with it the wrong sign."""
    x = complex_tensor().conj().imag
    assert x.is_neg()
    assert "resolve_neg" in refused(x, "negated").cure
    np.testing.assert_array_equal(onevar.share(x.resolve_neg(), "numpy"), [-2, 4])
    np.testing.assert_array_equal(onevar.copy(x, "numpy"), [-2, 4])


def test_conjugation_bit():
    x = complex_tensor().conj()
    assert "resolve_conj" in refused(x, "conjugates").cure
    np.testing.assert_array_equal(onevar.copy(x, "numpy"), [1 - 2j, 3 + 4j])


def test_without_memory():
    with FakeTensorMode():
        fake = torch.zeros(3)
    refused(fake, "FakeTensor is a wrapper")
    refused(torch.zeros(3, device="meta"), "meta tensor has no memory")
    refused(torch.zeros(3).to_sparse(), "layout torch.sparse_coo")
    emptied = torch.zeros(3)
    emptied.untyped_storage().resize_(0)
    refused(emptied, "freed")
    refused(torch.zeros(4).to(torch.float8_e4m3fnuz), "torch.float8_e4m3fnuz")
    for x in (fake, torch.zeros(3, device="meta")):
        with pytest.raises(CopyRequired, match=r"copy\(x, 'numpy'\)"):
            onevar.copy(x, "numpy")


@pytest.mark.parametrize("transform", [torch.func.grad, torch.vmap])
def test_inside_torch_func(transform):
    def f(t):
        refused(t, "torch.func")
        return (t * t).sum()

    transform(f)(torch.ones(3, 2) if transform is torch.vmap else torch.ones(3))


def test_requires_grad():
    x = torch.ones(4, requires_grad=True)
    y = x * 3
    for t in (x, y, torch.nn.Parameter(torch.ones(4))):
        array = onevar.share(t, "numpy")
        assert array.__array_interface__["data"][0] == t.data_ptr()
        assert "gradients do not cross" in onevar.explain(t, "numpy").note
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3, 3, 3])
    assert not onevar.share(np.ones(3), "torch").requires_grad


def test_layouts_that_numpy_takes():
    x = torch.arange(24.0).reshape(2, 3, 4)
    for view in (x.mT, x[:, ::2], x[0].expand(5, 3, 4), x[1, 2, 3]):
        array = onevar.share(view, "numpy")
        np.testing.assert_array_equal(array, view.numpy())
        assert array.__array_interface__["data"][0] == view.data_ptr()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_bit_views_keep_strides_and_scalars(dtype):
    x = torch.arange(12.0).reshape(3, 4).to(dtype)
    for view in (x, x.T, x[::2], x[1, 1], x[:0]):
        array = onevar.share(view, "numpy")
        np.testing.assert_array_equal(array.astype("float32"), view.float().numpy())
        assert view.numel() == 0 or dlpack.address(array) == view.data_ptr()
        back = onevar.share(array, "torch")
        assert back.dtype == dtype
        assert back.stride() == view.stride() or view.numel() == 0


def test_backwards_never_reaches_torch():
    """torch.from_dlpack of such memory aborts the process."""
    with pytest.raises(CopyRequired, match=r"run backwards \(shape \(3,\), strides \(-8,\) bytes\)"):
        onevar.share(np.arange(3.0)[::-1], "torch")


def test_readonly_is_not_written_through():
    x = np.zeros(4)
    x.flags.writeable = False
    with pytest.raises(CopyRequired, match="read-only"):
        onevar.share(x, "torch")
    y = onevar.copy(x, "torch")
    y += 1
    assert not x.any()


def test_a_parameter_sees_and_is_seen():
    """A snapshot survives the Variable's writes; the Parameter is the same object after them."""
    v = onevar.Variable(np.zeros(16, "float32"), backend="torch")
    native, shared = v.native, v.share("numpy")
    v.assign_add(1.0)
    assert v.native is native
    assert not shared.any()
    del shared
    gc.collect()
    live = v.share("numpy", live=True)
    with torch.no_grad():
        v.native.add_(1.0)
    np.testing.assert_array_equal(live, np.full(16, 2, "float32"))


def test_user_subclasses_are_tensors_too():
    class Tagged(torch.Tensor):
        pass

    x = torch.ones(3).as_subclass(Tagged)
    array = onevar.share(x, "numpy")
    assert type(array) is np.ndarray
    assert array.__array_interface__["data"][0] == x.data_ptr()

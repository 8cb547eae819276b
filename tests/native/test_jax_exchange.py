"""What of JAX's has no memory, and what JAX keeps of its own promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.errors import CopyRequired


def refused(x, match, to="numpy"):
    with pytest.raises(CopyRequired, match=match) as caught:
        onevar.share(x, to)
    assert caught.value.cure
    return caught.value


@pytest.mark.parametrize("transform", [jax.jit, jax.vmap, lambda f: jax.grad(lambda x: f(x).sum())])
def test_traced(transform):
    def f(x):
        refused(x, "traced value has no memory")
        with pytest.raises(CopyRequired, match="traced"):
            onevar.copy(x, "numpy")
        return x * 2

    transform(f)(jnp.ones((3, 2)))


def test_deleted():
    x = jnp.ones(3) + 1
    x.delete()
    refused(x, "deleted or donated")
    donated = jnp.ones(3) + 1
    jax.jit(lambda t: t + 1, donate_argnums=0)(donated)
    refused(donated, "deleted or donated")


def test_no_numbers():
    assert "key_data" in refused(jax.random.key(0), "PRNG key").cure
    refused(jnp.ones(4, jnp.int4), "int4")


def test_64_bits(monkeypatch):
    aligned = dlpack.aligned_copy(np.arange(16.0))
    with jax.enable_x64(False):
        error = refused(aligned, "narrow float64 to 32 bits", to="jax")
        assert 'jax.config.update("jax_enable_x64", True)' in error.cure
        with pytest.raises(CopyRequired, match=r"^copy\(x, 'jax'\): JAX would narrow"):
            onevar.copy(aligned, "jax")
        assert not onevar.explain(aligned, "jax").zero_copy
        assert onevar.share(aligned.astype("float32").copy(), "numpy").dtype == np.float32
    with jax.enable_x64(True):
        assert onevar.share(aligned, "jax").unsafe_buffer_pointer() == dlpack.address(aligned)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float8_e5m2"])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1)])
def test_any_order_of_axes(dtype, order):
    """XLA takes it; and gives it back without a copy, where NumPy's own protocol would make one."""
    x = dlpack.aligned_copy(np.arange(60).reshape(3, 4, 5).astype(onevar.dtypes.numpy_dtype(dtype)))
    permuted = x.transpose(order)
    shared = onevar.share(permuted, "jax")
    assert shared.unsafe_buffer_pointer() == dlpack.address(x)
    np.testing.assert_array_equal(np.asarray(shared), permuted)
    back = onevar.share(shared, "numpy")
    assert dlpack.address(back) == dlpack.address(x)
    assert back.strides == permuted.strides
    assert not back.flags.writeable
    np.testing.assert_array_equal(back, permuted)


def test_a_share_is_no_obstacle_to_donation():
    """NumPy views are not kept by the array; once they are gone, its memory may be given away."""
    x = jnp.arange(4096.0) + 1
    pointer = x.unsafe_buffer_pointer()
    step = jax.jit(lambda t: t * 2, donate_argnums=0)
    view = onevar.share(x, "numpy")
    del view
    assert step(x).unsafe_buffer_pointer() == pointer


def test_a_share_survives_donation():
    x = jnp.arange(4096.0) + 1
    view = onevar.share(x, "numpy")
    expected = view.copy()
    jax.jit(lambda t: t * 2, donate_argnums=0)(x)
    np.testing.assert_array_equal(view, expected)


def test_spread_over_devices():
    if len(jax.devices()) < 2:
        pytest.skip("one device only")
    mesh = jax.sharding.Mesh(jax.devices(), "x")
    spread = jax.device_put(jnp.arange(16.0), jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x")))
    assert "addressable_shards" in refused(spread, "spread over").cure


def test_an_asynchronous_computation_reads_the_old_values():
    """The race of a borrowed buffer: launch, then write. The write goes elsewhere."""
    work = jax.jit(lambda t: jnp.sum(jnp.sin(t) * 3 + t * t))
    for _ in range(5):
        v = onevar.Variable(np.zeros(1 << 22, "float32"), backend="numpy")
        pending = work(v.share("jax"))
        v.assign(np.ones(1 << 22, "float32"))
        assert float(pending) == 0.0

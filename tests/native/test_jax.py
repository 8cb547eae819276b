"""NA: a Variable as a citizen of JAX."""

import os
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import onevar
from onevar.conformance.marks import requirement
from onevar.errors import TracedAssignment

BACKEND = "jax"


@requirement("NA-20")
def test_jit(make):
    v, traces = make(np.array([1.0, 2.0], "float32")), []

    def step(x):
        traces.append(x)
        v.assign_add(x)
        return v * 2.0

    compiled = jax.jit(onevar.functionalize(step, [v]))
    values = [v.value]
    for i in range(3):
        out, values = compiled(values, jnp.float32(i))
    assert len(traces) == 1, "the function was traced again"
    np.testing.assert_array_equal(values[0], [4.0, 5.0])
    np.testing.assert_array_equal(out, [8.0, 10.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


@requirement("NA-20")
def test_grad_and_vmap(make):
    v = make(np.array([1.0, 2.0], "float32"))

    def loss(values, x):
        return onevar.functionalize(lambda: jnp.sum(v * v * x), [v])(values)[0]

    x = jnp.array([3.0, 4.0])
    (grad,) = jax.grad(loss)([v.value], x)
    np.testing.assert_allclose(grad, [6.0, 16.0])
    (grad,) = jax.jit(jax.grad(loss))([v.value], x)
    np.testing.assert_allclose(grad, [6.0, 16.0])
    batch = jax.vmap(loss, in_axes=(None, 0))([v.value], jnp.stack([x, 2 * x]))
    np.testing.assert_allclose(batch, [19.0, 38.0])


@requirement("NA-20")
def test_scan(make):
    v = make(np.float32(1))
    pure = onevar.functionalize(lambda x: v.assign(v * 0.5 + x), [v])

    def body(values, x):
        out, values = pure(values, x)
        return values, out

    (last,), outs = jax.lax.scan(body, [v.value], jnp.arange(5.0, dtype="float32"))
    expected, state = [], 1.0
    for x in range(5):
        state = state * 0.5 + x
        expected.append(state)
    np.testing.assert_allclose(outs, expected)
    np.testing.assert_allclose(last, expected[-1])


@requirement("NA-20")
def test_optax_step(make):
    """A jitted training step over two Variables reaches the exact answer."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype("float32")
    w, b = np.array([1.0, -2.0, 0.5], "float32"), np.float32(0.25)
    variables = {"w": make(np.zeros(3, "float32")), "b": make(np.float32(0))}
    optimizer = optax.adam(0.1)

    def model(features, labels):
        return jnp.mean((jnp.dot(features, variables["w"]) + variables["b"] - labels) ** 2)

    pure = onevar.functionalize(model, variables)

    @jax.jit
    def step(values, state, features, labels):
        (loss, values), grads = jax.value_and_grad(pure, has_aux=True)(values, features, labels)
        updates, state = optimizer.update(grads, state, values)
        return loss, optax.apply_updates(values, updates), state

    values = {name: v.value for name, v in variables.items()}
    state = optimizer.init(values)
    for _ in range(200):
        loss, values, state = step(values, state, x, x @ w + b)
    for name, value in values.items():
        variables[name].assign(value)
    assert loss < 1e-3
    np.testing.assert_allclose(variables["w"].numpy(), w, atol=0.05)
    np.testing.assert_allclose(variables["b"].numpy(), b, atol=0.05)


@requirement("NA-21")
@pytest.mark.parametrize(
    "call",
    [
        lambda v, x: jnp.dot(v, x),
        lambda v, x: jnp.dot(x, v),
        lambda v, x: x @ v,
        lambda v, x: jnp.add(v, x),
        lambda v, x: jnp.exp(v) * x,
        lambda v, x: jnp.concatenate([jnp.asarray(v), x]),
        lambda v, x: jnp.where(x > 0, v, x),
        lambda v, x: x - v,
    ],
)
def test_functions_take_the_variable(make, call):
    array = np.arange(9, dtype="float32").reshape(3, 3)
    v, x = make(array), jnp.full((3, 3), 0.5, "float32")
    result = call(v, x)
    assert isinstance(result, jax.Array)
    np.testing.assert_allclose(result, call(jnp.asarray(array), x), rtol=1e-6)


@requirement("NA-21")
def test_a_variable_is_a_pytree(make):
    v = make(np.array([1.0, 2.0], "float32"), name="kernel")
    leaves, tree = jax.tree_util.tree_flatten(v)
    assert len(leaves) == 1 and isinstance(leaves[0], jax.Array)
    back = jax.tree_util.tree_unflatten(tree, leaves)
    np.testing.assert_array_equal(np.asarray(back), [1.0, 2.0])
    np.testing.assert_array_equal(jax.jit(lambda a: a * 2.0)(v), [2.0, 4.0])
    grad = jax.grad(lambda a: jnp.sum(a * a * 3.0))(v)
    np.testing.assert_allclose(jax.tree_util.tree_leaves(grad)[0], [6.0, 12.0])
    np.testing.assert_allclose(jax.vmap(lambda a: a * 2.0)(v), [2.0, 4.0])
    np.testing.assert_array_equal(jax.device_put(jax.tree_util.tree_leaves(v)[0]), [1.0, 2.0])


@requirement("NA-20", "BI-10")
@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_traced_assignment(make, method):
    v = make(np.float32(1))

    @jax.jit
    def leak(x):
        getattr(v, method)(x)
        return x

    with pytest.raises(TracedAssignment, match="functionalize"):
        leak(jnp.float32(2))
    assert float(v) == 1.0


SHARDED = """
    import copy, jax, numpy as np, onevar
    from jax.sharding import Mesh, NamedSharding, PartitionSpec
    rows = NamedSharding(Mesh(np.array(jax.devices()), ("x",)), PartitionSpec("x"))
    v = onevar.Variable("ones", shape=(4, 2), backend="jax", layout=rows)
    assert v.native.sharding == rows and v.layout is rows
    v.assign(np.zeros((4, 2)))
    v.assign_add(1.0)
    v.assign_add(np.ones((4, 2), np.float32))
    v.assign_sub(jax.numpy.ones((4, 2)))
    assert v.native.sharding == rows and v.numpy().tolist() == [[1.0, 1.0]] * 4
    assert (v + [1.0, 2.0]).tolist() == [[2.0, 3.0]] * 4
    assert copy.deepcopy(v).native.sharding == rows
    try:
        v.share("numpy")
    except onevar.errors.CopyRequired as error:
        assert "spread over 2 devices" in str(error)
    w = onevar.Variable(1.0, backend="jax", device="cpu:1")
    w.assign(2.0)
    assert w.device == "cpu:1" and w.native.device == jax.devices()[1] and w.to("cpu:0").device == "cpu:0"
    try:
        onevar.Variable(1.0, backend="jax", device="cpu:0") + w
    except onevar.errors.DeviceMissing as error:
        assert "variable.to('cpu:1')" in str(error)
    else:
        raise AssertionError("operands on two devices were computed with")
"""


def test_layouts_and_devices():
    """In a fresh process, which is given two devices."""
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    code = textwrap.dedent(SHARDED)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

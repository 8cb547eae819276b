"""SC: functions over state, as pure functions. Transformations of a framework's own are in tests/native."""

import numpy as np
import pytest

import onevar
from onevar.conformance.cases import sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import requirement


@requirement("SC-09")
def test_functionalize(make, adapter, device):
    w, b = make(sample("float32", (3,))), make(np.float32(1))

    def step(x):
        b.assign_add(x)
        w.assign(w * b)
        return w + b

    pure = onevar.functionalize(step, [w, b])
    given = [adapter.convert(v, None, device) for v in (sample("float32", (3,), seed=1), np.float32(2))]
    out, new = pure(given, 3.0)
    expected = sample("float32", (3,), seed=1) * 5
    assert_same(adapter.to_numpy(out), expected + 5, "out")
    assert_same(adapter.to_numpy(new[0]), expected, "new value of w")
    assert_same(adapter.to_numpy(new[1]), np.float32(5), "new value of b")
    assert len(new) == 2
    assert_same(w.numpy(), sample("float32", (3,)), "w itself", exact=True)
    assert_same(b.numpy(), np.float32(1), "b itself", exact=True)
    assert_same(adapter.to_numpy(given[0]), sample("float32", (3,), seed=1), "the value given", exact=True)


@requirement("SC-09")
def test_functionalize_returns_untouched_values(make, adapter, device):
    v = make(np.float32(1))
    given = adapter.convert(7.0, "float32", device)
    out, (new,) = onevar.functionalize(lambda: None, [v])([given])
    assert out is None
    assert_same(adapter.to_numpy(new), np.float32(7), "the value that was not assigned", exact=True)


@requirement("SC-09")
def test_functionalize_trains(make, adapter):
    """Ten steps of a recurrence, state in and out, are the same as ten steps in place."""
    v = make(np.array([1.0, -2.0], "float32"))

    def step(x):
        v.assign(v * 0.5 + x)
        return v + 0.0

    pure, values = onevar.functionalize(step, [v]), [v.value]
    outs = []
    for i in range(10):
        out, values = pure(values, float(i))
        outs.append(adapter.to_numpy(out))
    for i in range(10):
        assert_same(adapter.to_numpy(step(float(i))), outs[i], f"step {i}")
    assert_same(adapter.to_numpy(values[0]), v.numpy(), "the state after ten steps")


@requirement("SC-10")
def test_functionalize_is_differentiable(make, adapter, device):
    w, b = make(sample("float32", (3,))), make(np.float32(0.5))
    x = sample("float32", (3,), seed=1)
    features = adapter.convert(x, None, device)

    def loss(wv, bv):
        def model():
            w.assign_add(1.0)
            return adapter.kernels["sum"](w * w * features + b, None, False)

        out, _ = onevar.functionalize(model, [w, b])([wv, bv])
        return out

    value, (dw, db) = adapter.value_and_grad(loss, [w.value, b.value])
    shifted = sample("float32", (3,)) + 1
    assert_close(adapter.to_numpy(value), np.sum(shifted**2 * x + np.float32(0.5)), "value")
    assert_close(adapter.to_numpy(dw), 2 * shifted * x, "gradient of w")
    assert_close(adapter.to_numpy(db), np.float32(3), "gradient of b")
    assert_same(w.numpy(), sample("float32", (3,)), "w itself", exact=True)


@requirement("SC-10")
def test_new_values_are_differentiable(make, adapter):
    v = make(sample("float32", (3,)))

    def loss(value):
        _, (new,) = onevar.functionalize(lambda: v.assign(v * v), [v])([value])
        return adapter.kernels["sum"](new, None, False)

    _, (grad,) = adapter.value_and_grad(loss, [v.value])
    assert_close(adapter.to_numpy(grad), 2 * sample("float32", (3,)), "gradient through an assignment")


@requirement("SC-11")
def test_functionalize_calls(make, adapter):
    v = make(np.float32(1))
    pure = onevar.functionalize(lambda *args, **kwargs: (v + sum(args) + kwargs.get("bias", 0.0), kwargs), [v])
    for args, bias in [((), 0.0), ((1.0,), 2.0), ((1.0, 2.0), 3.0)]:
        (out, kwargs), _ = pure([v.value], *args, bias=bias)
        assert float(adapter.to_numpy(out)) == 1.0 + sum(args) + bias
        assert kwargs == {"bias": bias}


@requirement("SC-11")
@pytest.mark.parametrize("count", [0, 1, 3])
def test_functionalize_counts_its_values(make, count):
    v, w = make(1.0), make(2.0)
    with pytest.raises(ValueError, match="2"):
        onevar.functionalize(lambda: v + w, [v, w])([v.value] * count)


@requirement("SC-11")
def test_functionalize_ends_with_an_exception(make):
    v = make(np.float32(1))

    def broken():
        v.assign(5.0)
        raise KeyError("planned")

    with pytest.raises(KeyError, match="planned"):
        onevar.functionalize(broken, [v])([v.value])
    assert not onevar.in_stateless_scope()
    assert float(v) == 1.0

"""SC: scopes, and the small helpers of keras.backend."""

import threading

import numpy as np
import pytest

import onevar
from onevar.conformance.cases import sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import requirement


@requirement("SC-01")
def test_name_scope(make):
    with onevar.name_scope("model"):
        outer = make(0.0, name="w")
        with onevar.name_scope("dense"):
            inner = make(0.0, name="kernel")
        after = make(0.0, name="b")
    assert [v.path for v in (outer, inner, after)] == ["model/w", "model/dense/kernel", "model/b"]
    assert [v.name for v in (outer, inner, after)] == ["w", "kernel", "b"]
    assert make(0.0, name="w").path == "w"


@requirement("SC-01")
@pytest.mark.parametrize("name", ["a/b", 3, None], ids=str)
def test_name_scope_refuses(name):
    with pytest.raises(ValueError, match="name"):
        onevar.name_scope(name)


@requirement("SC-02")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_autocast(make, adapter, dtype):
    if dtype in adapter.lacks:
        pytest.skip(adapter.lacks[dtype])
    v = make(sample("float32"))
    with onevar.AutocastScope(dtype):
        assert v.dtype == dtype
        assert adapter.spec(v.value).dtype == dtype
        assert adapter.spec(v + v).dtype == dtype
        assert adapter.spec(v * 2.0).dtype == dtype
        assert adapter.spec(-v).dtype == dtype
        assert adapter.spec(v[0]).dtype == dtype
        v.assign(sample("float32", seed=1))
    assert v.dtype == "float32"
    assert_same(v.numpy(), sample("float32", seed=1), "assign inside an AutocastScope", exact=True)


@requirement("SC-02")
def test_autocast_leaves_others_alone(make, adapter):
    with onevar.AutocastScope("float16"):
        for v in (make(sample("float32"), autocast=False), make(sample("int32")), make([True, False])):
            own = v.numpy().dtype.name
            assert v.dtype == own
            assert adapter.spec(v.value).dtype == own


@requirement("SC-03")
def test_autocast_none(make, adapter):
    v = make(sample("float32"))
    with onevar.AutocastScope("float16"), onevar.AutocastScope(None):
        assert v.dtype == "float32"
        assert adapter.spec(v.value).dtype == "float32"
        assert adapter.spec(v + v).dtype == "float32"


@requirement("SC-03")
@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_autocast_refuses(dtype):
    with pytest.raises(ValueError, match=dtype):
        onevar.AutocastScope(dtype)


@requirement("SC-04")
def test_stateless_reads(make, adapter, device):
    v, other = make(sample("float32")), make(1.0)
    given = adapter.convert(sample("float32", seed=1), None, device)
    with onevar.StatelessScope(state_mapping=[(v, given)]):
        assert_same(adapter.to_numpy(v.value), sample("float32", seed=1), "value in the scope", exact=True)
        assert_same(v.numpy(), sample("float32", seed=1), "numpy() in the scope", exact=True)
        assert_same(adapter.to_numpy(v + 1.0), sample("float32", seed=1) + 1, "operator in the scope")
        assert_same(adapter.to_numpy(v * v), sample("float32", seed=1) ** 2, "two of them in the scope")
        assert_same(other.numpy(), np.float32(1), "a Variable without a value in the scope", exact=True)
    assert_same(v.numpy(), sample("float32"), "after the scope", exact=True)


@requirement("SC-05")
def test_stateless_writes(make, adapter, device):
    v, untouched = make(sample("float32")), make(1.0)
    given = adapter.convert(sample("float32", seed=1), None, device)
    with onevar.StatelessScope(state_mapping=[(v, given)]) as scope:
        v.assign_add(1.0)
        v.assign(v * 2.0)
        expected = (sample("float32", seed=1) + 1) * 2
        assert_same(v.numpy(), expected, "a read after writes in the scope")
        assert onevar.in_stateless_scope() and onevar.get_stateless_scope() is scope
    assert not onevar.in_stateless_scope() and onevar.get_stateless_scope() is None
    assert_same(adapter.to_numpy(scope.get_current_value(v)), expected, "the collected update")
    assert scope.get_current_value(untouched) is None
    assert_same(v.numpy(), sample("float32"), "the state after the scope", exact=True)


@requirement("SC-05")
def test_stateless_scope_checks_its_mapping(make):
    v = make(sample("float32"))
    with pytest.raises(ValueError, match="shape"):
        onevar.StatelessScope(state_mapping=[(v, np.ones((4, 4), "float32"))])
    with pytest.raises(ValueError, match="Variable"):
        onevar.StatelessScope(state_mapping=[("v", np.ones((2, 3), "float32"))])


@requirement("SC-06")
def test_creation_in_a_stateless_scope_is_deferred(make):
    calls = []

    def initializer(shape, dtype=None):
        calls.append(shape)
        return np.full(shape, 3, dtype)

    with onevar.StatelessScope():
        v = make(initializer, shape=(2,))
        assert (v.shape, v.dtype) == ((2,), "float32")
    onevar.initialize_all_variables()
    assert_same(v.numpy(), np.full(2, 3, "float32"), "a deferred Variable", exact=True)
    v.assign_add(1.0)
    assert_same(v.numpy(), np.full(2, 4, "float32"), "assign_add to it", exact=True)
    assert calls


@requirement("SC-06")
def test_creation_of_a_value_in_a_stateless_scope(make):
    with onevar.StatelessScope(), pytest.raises(ValueError, match="stateless scope"):
        make(1.0)


@requirement("SC-07")
def test_scopes_end_with_an_exception(make):
    v = make(sample("float32"))
    for scope in (onevar.StatelessScope(), onevar.AutocastScope("float16"), onevar.name_scope("lost")):
        with pytest.raises(KeyError), scope:
            raise KeyError("planned")
    assert not onevar.in_stateless_scope()
    assert v.dtype == "float32"
    assert make(0.0, name="w").path == "w"


@requirement("SC-07")
def test_stateless_scopes_nest(make, adapter, device):
    v = make(np.float32(1))
    with onevar.StatelessScope([(v, adapter.convert(2.0, "float32", device))]) as outer:
        with onevar.StatelessScope([(v, adapter.convert(3.0, "float32", device))]) as inner:
            v.assign_add(1.0)
        assert float(v) == 2.0
        assert onevar.get_stateless_scope() is outer
    assert float(adapter.to_numpy(inner.get_current_value(v))) == 4.0
    assert float(v) == 1.0


def _in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join(60)
    assert found, "the thread failed"
    return found[0]


@requirement("SC-08")
def test_scopes_belong_to_their_thread(make):
    v = make(np.float32(1))
    with (
        onevar.name_scope("mine"),
        onevar.AutocastScope("float16"),
        onevar.StatelessScope(),
    ):
        v.assign(5.0)
        seen = _in_a_thread(lambda: (make(0.0, name="w").path, v.dtype, onevar.in_stateless_scope(), float(v)))
    assert seen == ("w", "float32", False, 1.0)


@requirement("SC-12")
def test_floatx():
    assert onevar.floatx() == "float32"
    onevar.set_floatx("float16")
    assert onevar.floatx() == "float16"
    assert onevar.standardize_dtype(None) == "float16"
    with pytest.raises(ValueError, match="int32"):
        onevar.set_floatx("int32")


@requirement("SC-12")
def test_standardize_dtype(adapter, device):
    for given, name in [(None, "float32"), ("int8", "int8"), (float, "float32"), (int, "int32"), (bool, "bool")]:
        assert onevar.standardize_dtype(given) == name
    assert onevar.standardize_dtype(np.dtype("float16")) == "float16"
    assert onevar.standardize_dtype(np.float64) == "float64"
    assert onevar.standardize_dtype(adapter.convert(1.0, "float32", device).dtype) == "float32"
    for wrong in ("float31", object(), "object", [1]):
        with pytest.raises(ValueError, match="dtype"):
            onevar.standardize_dtype(wrong)


@requirement("SC-12")
def test_standardize_shape():
    assert onevar.standardize_shape([2, np.int64(3)]) == (2, 3)
    assert onevar.standardize_shape(()) == ()
    assert onevar.standardize_shape((None, 3)) == (None, 3)
    for wrong in (None, 3, (-1,), (2.5,), ("2",)):
        with pytest.raises(ValueError, match="shape"):
            onevar.standardize_shape(wrong)


@requirement("SC-12")
def test_shape_equal():
    assert onevar.shape_equal((2, 3), (2, 3))
    assert not onevar.shape_equal((2, 3), (3, 2))
    assert not onevar.shape_equal((2, 3), (2, 3, 1))
    assert onevar.shape_equal((None, 3), (2, 3))

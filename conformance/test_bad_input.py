"""BI: bad input. Each error says what was called, what came in, and what to do."""

import numpy as np
import pytest

import onevar
from onevar.conformance.cases import sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import requirement
from onevar.errors import DeviceMissing, FrameworkMissing, TracedAssignment


def _state_is(v, array):
    assert_same(v.numpy(), array, "the state after a refused call", exact=True)


class _Foreign:
    """A tensor of a framework that nobody wrote an adapter for."""

    shape, dtype = (2, 3), "float32"

    def __dlpack__(self, **kwargs):
        raise BufferError("not for you")

    def __dlpack_device__(self):
        return (1, 0)


@requirement("BI-01")
@pytest.mark.parametrize("shape", [(2, None), (None,), (-1, 3), (2.5,), ("2", 3), "23", 3.0], ids=str)
def test_bad_shapes(make, shape):
    with pytest.raises(ValueError, match="(?i)shape"):
        make("zeros", shape=shape)


@requirement("BI-01")
def test_shape_that_is_not_the_values(make):
    with pytest.raises(ValueError, match=r"(?s)\(3, 2\).*\(2, 3\)"):
        make(sample("float32"), shape=(3, 2))


@requirement("BI-02")
@pytest.mark.parametrize(
    "initializer", ["zeros", lambda shape, dtype: np.zeros(shape, dtype)], ids=["name", "callable"]
)
def test_initializer_without_shape(make, initializer):
    with pytest.raises(ValueError, match="shape"):
        make(initializer)


@requirement("BI-03", "BI-13")
@pytest.mark.parametrize("shape", [(3, 2), (6,), (2, 3, 1), ()], ids=str)
def test_assign_of_another_shape(make, shape):
    v = make(sample("float32"), name="kernel")
    with pytest.raises(ValueError) as caught:
        v.assign(np.ones(shape, "float32"))
    message = str(caught.value)
    assert "(2, 3)" in message and str(shape) in message and "kernel" in message
    _state_is(v, sample("float32"))


@requirement("BI-04")
@pytest.mark.parametrize(
    "dtype",
    ["float31", "double", "object", object(), "string8"],
    ids=["float31", "double", "object", "no_name", "string8"],
)
def test_unknown_dtype(make, dtype):
    with pytest.raises(ValueError, match="(?i)dtype"):
        make(1.0, dtype=dtype)


@requirement("BI-04")
def test_unknown_backend(backend):
    for call in (
        lambda: onevar.Variable(1.0, backend="nosuch"),
        lambda: onevar.set_backend("nosuch"),
        lambda: onevar.use_backend("nosuch").__enter__(),
    ):
        with pytest.raises(FrameworkMissing) as caught:
            call()
        assert "nosuch" in str(caught.value) and backend in str(caught.value), "it lists what is here"


@requirement("BI-05")
@pytest.mark.parametrize("name", ["cuda:99", "tpu", "cpu:7", "nosuch", ""])
def test_missing_device(make, adapter, name):
    for call in (lambda: make(1.0, device=name), lambda: make(1.0).to(name)):
        with pytest.raises(DeviceMissing) as caught:
            call()
        assert all(d in str(caught.value) for d in adapter.devices()), f"it lists the devices: {caught.value}"


@requirement("BI-06")
@pytest.mark.parametrize("name", ["a/b", "/", 3, b"w"], ids=str)
def test_bad_names(make, name):
    with pytest.raises(ValueError, match="name"):
        make(1.0, name=name)


@requirement("BI-07")
@pytest.mark.parametrize("argument", ["aggregation", "synchronization"])
def test_bad_settings(make, argument):
    with pytest.raises(ValueError, match=argument) as caught:
        make(1.0, **{argument: "sometimes"})
    assert "sometimes" in str(caught.value) and "none" in str(caught.value)


@requirement("BI-07")
@pytest.mark.parametrize("value", [1, 0, "yes", None, np.True_], ids=repr)
def test_overwrite_with_gradient_is_a_bool(make, value):
    v = make(1.0)
    with pytest.raises(TypeError, match="overwrite_with_gradient"):
        v.overwrite_with_gradient = value
    assert v.overwrite_with_gradient is False


@requirement("BI-08", "BI-13")
@pytest.mark.parametrize(
    "value",
    ["text" * 3, ["a", "b"], [[1.0], [1.0, 2.0]], np.array([object(), None]), [None], {"a": 1}, {1, 2}, object()],
    ids=["string", "strings", "ragged", "objects", "none", "dict", "set", "object"],
)
def test_what_is_no_number(make, value):
    if not isinstance(value, str):  # a string names an initializer
        with pytest.raises((TypeError, ValueError)):
            make(value)
    v = make(sample("float32"))
    for write in (v.assign, v.assign_add, v.assign_sub):
        with pytest.raises((TypeError, ValueError)):
            write(value)
    _state_is(v, sample("float32"))


@requirement("BI-08")
@pytest.mark.parametrize(
    "value", [np.array(["a"]), np.array(["2020-01-01"], "M8[D]"), [[1.0], [1.0, 2.0]]], ids=["U", "M", "ragged"]
)
def test_refusals_say_what_came_in(make, value):
    with pytest.raises((TypeError, ValueError), match=r"(?i)numbers|lengths|dtype|shape"):
        make(value)


@requirement("BI-09")
def test_tensor_without_adapter(make):
    v = make(sample("float32"))
    for call in (lambda: make(_Foreign()), lambda: v.assign(_Foreign())):
        with pytest.raises(TypeError, match="_Foreign"):
            call()
    with pytest.raises(TypeError, match="_Foreign"):
        v + _Foreign()
    _state_is(v, sample("float32"))


@requirement("BI-10")
def test_assigning_a_traced_value(make, adapter):
    v, seen = make(sample("float32", (3,))), []

    def loss(x):
        if adapter.is_traced(x):
            seen.append(x)
            for write in (v.assign, v.assign_add, v.assign_sub):
                with pytest.raises(TracedAssignment, match="functionalize"):
                    write(x)
        return adapter.kernels["sum"](x, None, False)

    adapter.value_and_grad(loss, [v.value])
    _state_is(v, sample("float32", (3,)))
    if not seen:
        pytest.skip(f"value_and_grad of {adapter.name} runs the function on values; tests/native traces it otherwise")


@requirement("BI-11")
def test_v1_arguments():
    import onevar.v1 as tf  # only this test needs the other face

    with tf.Graph().as_default():
        for made in (onevar.Variable(initial_value=1.0), onevar.Variable(1.0, collections=[])):
            assert isinstance(made, tf.Variable)
            assert isinstance(made, onevar.Variable)


@requirement("BI-11")
def test_mixed_faces(backend):
    with pytest.raises(TypeError, match=r"(?s)collections.*autocast|autocast.*collections"):
        onevar.Variable(1.0, autocast=True, collections=[], backend=backend)
    with pytest.raises(TypeError, match="nonsense"):
        onevar.Variable(1.0, nonsense=True, backend=backend)


@requirement("BI-12")
@pytest.mark.parametrize("other", ["text", None, object(), {"a": 1}], ids=["string", "none", "object", "dict"])
def test_operators_with_what_is_no_number(make, other):
    v = make(sample("float32"))
    for call in (lambda: v + other, lambda: other - v, lambda: v @ other, lambda: v < other, lambda: v & other):
        with pytest.raises(TypeError):
            call()


@requirement("BI-13")
def test_failed_writes_leave_the_state(make, adapter):
    v = make(sample("float32"))
    before = v.value
    for call in (
        lambda: v.assign("text"),
        lambda: v.assign(np.ones((4, 4))),
        lambda: v.assign_add(np.ones((4, 2, 3))),
        lambda: v.assign_sub(object()),
        lambda: v.assign(None),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
        _state_is(v, sample("float32"))
    v.assign_add(1.0)
    assert_same(adapter.to_numpy(before), sample("float32"), "a value taken before", exact=True)
    _state_is(v, sample("float32") + 1)

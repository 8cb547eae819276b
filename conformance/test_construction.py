"""CO: making Variables."""

import inspect

import numpy as np
import pytest

import onevar
from onevar import dlpack
from onevar.conformance.cases import REAL, SHAPES, over, sample
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import needs, requirement
from onevar.core import registry
from onevar.dtypes import numpy_dtype

KERAS_ARGUMENTS = {
    "initializer": inspect.Parameter.empty,
    "shape": None,
    "dtype": None,
    "trainable": True,
    "autocast": True,
    "aggregation": "mean",
    "synchronization": "auto",
    "name": None,
    "layout": None,
}


@requirement("CO-01")
def test_constructor_signature():
    parameters = list(inspect.signature(onevar.Variable).parameters.values())
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert {p.name: p.default for p in positional} == KERAS_ARGUMENTS
    assert [p.name for p in positional] == list(KERAS_ARGUMENTS)
    keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert {"backend", "device"} <= keywords


@requirement("CO-01")
def test_constructor_by_position(make):
    v = make(np.ones((2, 2)), (2, 2), "float32", False, False, "sum", "on_read", "w", None)
    assert (v.shape, v.dtype, v.trainable, v.autocast) == ((2, 2), "float32", False, False)
    assert (v.aggregation, v.synchronization, v.name, v.layout) == ("sum", "on_read", "w", None)
    assert isinstance(v, onevar.Variable)


@requirement("CO-02", "CO-13")
@over()
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_made_of_an_array(make, dtype, shape):
    array = sample(dtype, shape)
    v = make(array)
    assert (v.dtype, v.shape) == (dtype, shape)
    assert_same(v.numpy(), array, f"Variable({dtype} array of shape {shape})", exact=True)


@requirement("CO-02")
@pytest.mark.parametrize("layout", ["reversed", "transposed", "readonly", "big-endian"])
def test_made_of_any_layout(make, layout):
    base = np.arange(6, dtype="float32").reshape(2, 3)
    array = {"reversed": base[::-1], "transposed": base.T, "readonly": base.copy(), "big-endian": base.astype(">f4")}[
        layout
    ]
    array.flags.writeable = layout != "readonly"
    v = make(array)
    assert_same(v.numpy(), array.astype("float32"), f"Variable({layout} array)", exact=True)
    v.assign_add(1.0)
    assert_same(v.numpy(), array.astype("float32") + 1, "assign_add", exact=True)


@requirement("CO-03", "CO-13")
@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, "float32"),
        (2, "int32"),
        (True, "bool"),
        ([1.0, 2.0], "float32"),
        ([[1, 2], [3, 4]], "int32"),
        ([True, False], "bool"),
        ([1, 2.5], "float32"),
        ((1.0, 2.0), "float32"),
    ],
    ids=str,
)
def test_made_of_python_values(make, value, dtype):
    v = make(value)
    assert v.dtype == dtype
    assert_same(v.numpy(), np.asarray(value, dtype), f"Variable({value})", exact=True)


@requirement("CO-03")
@needs("64bit")
def test_python_floats_follow_floatx(make):
    onevar.set_floatx("float64")
    assert make(1.5).dtype == "float64"
    assert make([1.0, 2.0]).dtype == "float64"
    assert make("zeros", shape=(2,)).dtype == "float64"
    assert make(1).dtype == "int32"


@requirement("CO-04")
@pytest.mark.parametrize("dtype", [None, "float32", "int32"])
def test_made_by_a_callable(make, dtype):
    calls = []

    def initializer(shape, dtype=None):
        calls.append((shape, dtype))
        return np.full(shape, 3, dtype)

    v = make(initializer, shape=(2, 3), dtype=dtype)
    expected = dtype or "float32"
    assert calls == [((2, 3), expected)]
    assert_same(v.numpy(), np.full((2, 3), 3, expected), "Variable(callable)", exact=True)


@requirement("CO-04")
def test_made_by_an_initializer_object(make, adapter, device):
    class Threes:
        """As Keras's initializers are: an object called with shape and dtype, giving a tensor."""

        def __call__(self, shape, dtype=None):
            return adapter.convert(np.full(shape, 3.0, dtype), dtype, device)

        def get_config(self):
            return {}

    v = make(Threes(), shape=[2, 3])
    assert v.shape == (2, 3)
    assert_same(v.numpy(), np.full((2, 3), 3, "float32"), "Variable(initializer object)", exact=True)


@requirement("CO-04")
def test_a_callable_that_gives_another_dtype_is_cast(make):
    v = make(lambda shape, dtype: np.ones(shape, "float64"), shape=(2,), dtype="float32")
    assert v.dtype == "float32"
    assert_same(v.numpy(), np.ones(2, "float32"), "Variable(callable)", exact=True)


@requirement("CO-05")
@over(REAL)
def test_dtype_casts(make, dtype):
    array = np.asarray([0.0, 1.0, 2.0, 5.0], "float32")
    v = make(array, dtype=dtype)
    assert v.dtype == dtype
    assert_same(v.numpy(), array.astype(numpy_dtype(dtype)), f"Variable(array, dtype={dtype})", exact=True)
    assert make([1, 0, 2], dtype=dtype).dtype == dtype
    assert make("ones", shape=(2,), dtype=dtype).dtype == dtype


@requirement("CO-05")
@pytest.mark.parametrize("dtype", ["float32", float, int, bool, np.float32, np.dtype("int32"), np.int16], ids=str)
def test_dtype_spellings(make, dtype):
    assert make([1, 2], dtype=dtype).dtype == onevar.standardize_dtype(dtype)


@requirement("CO-06")
def test_source_array_is_copied(make):
    array = sample("float32", (64, 64))
    v = make(array)
    array[...] = 0
    assert_same(v.numpy(), sample("float32", (64, 64)), "Variable after its source changed", exact=True)
    v.assign(np.full((64, 64), 7, "float32"))
    assert not array.any(), "assign wrote into the array that the Variable was made from"


@requirement("CO-07")
@over()
def test_made_of_a_tensor(make, adapter, device, dtype):
    tensor = adapter.convert(sample(dtype), dtype, device)
    v = make(tensor)
    assert (v.dtype, v.shape, v.backend) == (dtype, (2, 3), adapter.name)
    v.assign(sample(dtype, seed=1))
    assert_same(adapter.to_numpy(tensor), sample(dtype), "the tensor it was made of", exact=True)
    assert_same(v.numpy(), sample(dtype, seed=1), "assign", exact=True)


@requirement("CO-07")
def test_made_of_a_variable(make):
    first = make(sample("float32"), name="first")
    second = make(first)
    second.assign_add(1.0)
    assert_same(first.numpy(), sample("float32"), "the Variable it was made of", exact=True)
    assert_same(second.numpy(), sample("float32") + 1, "Variable(Variable)", exact=True)
    assert second.name != first.name


@requirement("CO-08")
def test_adopt_keeps_the_memory(make, adapter, device):
    if not device.startswith("cpu"):
        pytest.skip("addresses are compared on the host only")
    tensor = adapter.convert(sample("float32", (8, 8)), None, device)
    v = make(tensor, adopt=True)
    assert dlpack.address(adapter.lend(v.value)) == dlpack.address(adapter.lend(tensor))
    assert_same(v.numpy(), sample("float32", (8, 8)), "Variable(adopt=True)", exact=True)


@requirement("CO-09")
def test_names(make):
    names = [make(0.0).name for _ in range(3)]
    assert len(set(names)) == 3, names
    assert all(isinstance(n, str) and n for n in names)
    v = make(0.0, name="kernel")
    assert (v.name, v.path) == ("kernel", "kernel")
    assert make(0.0, name="kernel").name == "kernel"


@requirement("CO-10")
@pytest.mark.parametrize("aggregation", [None, "none", "mean", "sum", "only_first_replica"])
@pytest.mark.parametrize("synchronization", [None, "none", "on_read", "on_write", "auto"])
def test_settings_are_kept(make, aggregation, synchronization):
    v = make(0.0, aggregation=aggregation, synchronization=synchronization, trainable=False, autocast=False)
    assert v.aggregation == (aggregation or "none")
    assert v.synchronization == (synchronization or "none")
    assert v.trainable is False and v.autocast is False


@requirement("CO-10")
def test_default_settings(make):
    v = make(0.0)
    assert (v.trainable, v.autocast, v.aggregation, v.synchronization) == (True, True, "mean", "auto")
    assert v.layout is None and v.regularizer is None and v.constraint is None
    assert v.overwrite_with_gradient is False


@requirement("CO-11")
def test_device(adapter, make):
    for name in adapter.devices():
        v = make(sample("float32"), device=name)
        assert v.device == name
        assert adapter.spec(v.value).device == name and adapter.spec(v.native).device == name
        v.assign(sample("float32", seed=1))
        assert v.device == name and adapter.spec(v.value).device == name
        assert adapter.spec(v + 1.0).device == name


@requirement("CO-11")
def test_device_by_kind(make, device):
    assert make(0.0, device=device.partition(":")[0]).device.partition(":")[0] == device.partition(":")[0]


@requirement("CO-12")
def test_backend_choice(backend, partner, monkeypatch):
    value = [1.0, 2.0]
    assert onevar.Variable(value, backend=backend).backend == backend
    monkeypatch.setenv("ONEVAR_BACKEND", backend)
    assert onevar.backend() == backend
    assert onevar.Variable(value).backend == backend
    onevar.set_backend(partner)
    assert onevar.Variable(value).backend == partner
    with onevar.use_backend(backend):
        assert onevar.Variable(value).backend == backend
        assert onevar.Variable(value, backend=partner).backend == partner
    assert onevar.Variable(value).backend == partner
    onevar.set_backend(None)
    assert onevar.Variable(value).backend == backend


@requirement("CO-12")
def test_backend_of_the_value(adapter, backend, device, monkeypatch):
    if registry.requested_backend():
        monkeypatch.delenv("ONEVAR_BACKEND")
    tensor = adapter.convert(sample("float32"), None, device)
    # A NumPy array is everybody's input: it chooses nothing.
    assert onevar.Variable(tensor).backend == backend or isinstance(tensor, np.ndarray)

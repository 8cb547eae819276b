"""v1 Variables in eager execution: they hold their value and compute at once, on every framework."""

import copy
import pickle

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode

BACKENDS = ["numpy", "torch", "jax", "tensorflow"]


@pytest.fixture(autouse=True, params=BACKENDS)
def backend(request):
    if request.param != "numpy":
        pytest.importorskip(request.param)
    with onevar.use_backend(request.param), eager_mode():
        yield request.param


def array(x):
    return onevar.copy(x, "numpy")


def test_what_it_is(backend):
    v = tf.Variable([1.0, 2.0], name="w")
    assert (v.name, v.dtype, v.shape.as_list(), v.backend) == ("w:0", tf.float32, [2], backend)
    assert (v.trainable, v.synchronization, v.aggregation.name) == (True, tf.VariableSynchronization.AUTO, "NONE")
    assert v.device.startswith("/device:")
    assert repr(v) == "<tf.Variable 'w:0' shape=(2,) dtype=float32, numpy=[1., 2.]>"
    assert isinstance(v, tf.Variable)
    assert isinstance(v, onevar.Variable)
    assert onevar.adapter_of(v.value()).name == backend
    assert v.is_initialized()


@pytest.mark.parametrize("name", ["initial_value", "create"])
def test_graph_attributes_are_refused(name):
    with pytest.raises(RuntimeError, match="not supported when eager execution is enabled"):
        getattr(tf.Variable(1.0), name)


def test_no_operation_and_no_graph():
    v = tf.Variable(1.0)
    assert not hasattr(v, "op")
    assert not hasattr(v, "graph")
    assert v.initializer is None
    for refused in (v.eval, v.to_proto):
        with pytest.raises(RuntimeError, match="eager execution"):
            refused()


def test_assignments():
    v = tf.Variable([1.0, 2.0])
    assert v.assign_add([1.0, 1.0]) is v
    assert v.numpy().tolist() == [2.0, 3.0]
    assert v.assign_sub([1.0, 0.0]).numpy().tolist() == [1.0, 3.0]
    assert v.assign([5.0, 6.0], read_value=False) is None
    assert array(v.read_value()).tolist() == [5.0, 6.0]
    assert tf.assign(v, [7.0, 8.0]).numpy().tolist() == [7.0, 8.0]
    v.load([1.0, 1.0])
    assert v.numpy().tolist() == [1.0, 1.0]


def test_a_read_is_a_snapshot():
    v = tf.Variable([1.0, 2.0])
    before = v.value()
    v.assign([3.0, 4.0])
    assert array(before).tolist() == [1.0, 2.0]


def test_wrong_shapes_and_dtypes_leave_the_value(backend):
    v = tf.Variable([1.0, 2.0], name="w")
    with pytest.raises(ValueError, match=r"Shape mismatch.*\(2,\).*\(3,\) are incompatible"):
        v.assign([1.0, 2.0, 3.0])
    if backend != "numpy":  # whose tensors are arrays, which TensorFlow casts when they are assigned
        with pytest.raises(ValueError, match="requested dtype float32 for Tensor with dtype int32"):
            v.assign_add(tf.constant([1, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot update variable with shape"):
        v.assign_add(1.0)
    with pytest.raises(TypeError):
        v.assign(["a", "b"])
    assert v.numpy().tolist() == [1.0, 2.0]


def test_arrays_are_cast_as_tensorflow_casts_them(backend):
    """Recorded of TensorFlow 1.15 and 2.21 with eager execution."""
    v = tf.Variable([1.0, 2.0])
    assert v.assign(np.array([3.0, 4.0])).numpy().tolist() == [3.0, 4.0]
    assert v.assign_add(np.array([1, 2])).numpy().tolist() == [4.0, 6.0]
    assert v.dtype.name == "float32"
    assert tf.Variable([1, 2]).assign(np.array([1.7, -1.7])).numpy().tolist() == [1, -1]
    if backend == "numpy":
        with pytest.raises(ValueError, match="requested dtype float32 for Tensor with dtype float64"):
            tf.convert_to_tensor(np.array([0.0, 2.0]), tf.float32)  # an array is a tensor of NumPy's
        return
    cases = [(np.array([0.0, 2.0]), "int32"), (np.array([0, 2]), "float32"), (np.array([0.0, 2.0]), "bool")]
    for value, dtype in cases:
        made = array(tf.convert_to_tensor(value, dtype))
        assert (made.dtype.name, made.tolist()) == (dtype, value.astype(dtype).tolist())


def test_shape_that_changes():
    v = tf.Variable([1.0], shape=tf.TensorShape(None))
    v.assign([[1.0, 2.0]])
    assert (v.numpy().tolist(), str(v.shape)) == ([[1.0, 2.0]], "<unknown>")


def test_operators_are_strict():
    v, i = tf.Variable([1.0, 2.0]), tf.Variable([1, 2])
    assert array(v + 1.0).tolist() == [2.0, 3.0]
    assert array(1.0 / v).tolist() == [1.0, 0.5]
    assert array(v * v).tolist() == [1.0, 4.0]
    assert array(v > 1.0).tolist() == [False, True]
    assert (array(i / 2).dtype, array(i / 2).tolist()) == (np.float64, [0.5, 1.0])
    assert array(-i).tolist() == [-1, -2]
    with pytest.raises((TypeError, ValueError)):
        v + i
    assert (v == v, v == 1.0, v != v, hash(v) == id(v)) == (True, False, False, True)


def test_parts():
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    assert array(m[0]).tolist() == [1.0, 2.0]
    assert array(m[:, 1]).tolist() == [2.0, 4.0]
    assert array(tf.gather(m, [1])).tolist() == [[3.0, 4.0]]
    assert array(tf.gather_nd(m, [[0, 1]])).tolist() == [2.0]
    assert [array(row).tolist() for row in m] == [[1.0, 2.0], [3.0, 4.0]]


def test_scatters():
    v = tf.Variable([1.0, 2.0, 3.0])
    delta = tf.IndexedSlices(np.array([10.0, 1.0], "float32"), np.array([1, 1]))
    assert v.scatter_add(delta).numpy().tolist() == [1.0, 13.0, 3.0]
    assert tf.scatter_update(v, [0], [5.0]).numpy().tolist() == [5.0, 13.0, 3.0]
    assert v.scatter_nd_sub([[2]], [1.0]).numpy().tolist() == [5.0, 13.0, 2.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 3 is not in \[0, 3\)"):
        tf.scatter_update(v, [3], [5.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = \[-1\] does not index into shape \[3\]"):
        tf.scatter_nd_add(v, [[-1]], [5.0])
    assert v.numpy().tolist() == [5.0, 13.0, 2.0]


def test_counting():
    i = tf.Variable(3)
    assert [int(i.count_up_to(5)), int(i.count_up_to(5))] == [3, 4]
    with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 5"):
        i.count_up_to(5)
    assert int(i) == 5


def test_python_numbers():
    assert float(tf.Variable(2.5)) == 2.5
    assert int(tf.Variable(3)) == 3
    assert complex(tf.Variable(2.5)) == 2.5
    assert bool(tf.Variable(True))
    assert not tf.Variable(0.0)


def test_strings():
    s = tf.Variable(["a", "b"])
    assert (s.dtype, s.numpy().tolist()) == (tf.string, [b"a", b"b"])
    s.assign(["c", "d"])
    assert s.numpy().tolist() == [b"c", b"d"]
    with pytest.raises(TypeError, match="holds strings"):
        s.native  # noqa: B018 (asking is what fails)


def test_initial_values():
    assert tf.Variable(lambda: [1, 2], dtype=tf.float32).numpy().dtype == np.float32
    assert tf.Variable(np.ones(2)).dtype == tf.float64
    assert tf.Variable(tf.Variable([1.0])).numpy().tolist() == [1.0]
    with pytest.raises(ValueError, match="must be specified"):
        tf.Variable()
    with pytest.raises(ValueError, match="not compatible with the explicitly supplied `shape`"):
        tf.Variable([1.0, 2.0], shape=[3])


def test_a_value_of_its_own(backend):
    array_ = np.array([1.0, 2.0], "float32")
    v = tf.Variable(array_)
    array_[0] = 5.0
    assert v.numpy().tolist() == [1.0, 2.0]


def test_copies():
    v = tf.Variable([1.0, 2.0], name="w", trainable=False)
    deep, again = copy.deepcopy(v), pickle.loads(pickle.dumps(v))
    v.assign([3.0, 4.0])
    assert copy.copy(v) is v
    for twin in (deep, again):
        assert (twin.numpy().tolist(), twin.name, twin.trainable, twin.backend) == ([1.0, 2.0], "w:0", False, v.backend)


def test_exchange(backend):
    v = tf.Variable([1.0, 2.0])
    assert onevar.share(v, "numpy").tolist() == [1.0, 2.0]
    assert onevar.copy(v, "numpy").tolist() == [1.0, 2.0]
    assert onevar.explain(v, backend).zero_copy
    assert np.asarray(v).tolist() == [1.0, 2.0]
    assert np.from_dlpack(v).tolist() == [1.0, 2.0]


def test_functionalize_and_stateless_scope(backend):
    v = tf.Variable([1.0, 2.0])
    pure = onevar.functionalize(lambda x: v.assign_add(x).value() * 2.0, [v])
    out, (new,) = pure([v.value()], [1.0, 1.0])
    assert (array(out).tolist(), array(new).tolist(), v.numpy().tolist()) == ([4.0, 6.0], [2.0, 3.0], [1.0, 2.0])
    with onevar.StatelessScope([(v, [7.0, 8.0])]):
        assert array(v + 0.0).tolist() == [7.0, 8.0]
        v.assign([0.0, 0.0])
        assert v.numpy().tolist() == [0.0, 0.0]
    assert v.numpy().tolist() == [1.0, 2.0]


def test_gradients_flow_through_reads(backend):
    v = tf.Variable([1.0, 2.0])
    if backend == "torch":
        (v * v).sum().backward()
        assert v.native.grad.tolist() == [2.0, 4.0]
    elif backend == "jax":
        import jax

        gradient = jax.grad(lambda values: onevar.functionalize(lambda: (v * v).sum(), [v])([values])[0])
        assert gradient(v.value()).tolist() == [2.0, 4.0]
    elif backend == "tensorflow":
        import tensorflow

        with tensorflow.GradientTape() as tape:
            total = v * v
        assert tape.gradient(total, v.native).numpy().tolist() == [2.0, 4.0]

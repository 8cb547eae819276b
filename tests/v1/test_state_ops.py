"""Functions and methods that change variables: signatures, protocol buffers, and what the kernels refuse."""

import inspect

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.kernels.scatter_state import python_index
from onevar.errors import FrameworkMissing
from onevar.v1 import variable_proto
from onevar.v1.ref_variable import RefVariable
from onevar.v1.resource_variable import ResourceVariable

FUNCTIONS = """
assign assign_add assign_sub scatter_update scatter_add scatter_sub scatter_mul scatter_div scatter_min scatter_max
scatter_nd_update scatter_nd_add scatter_nd_sub count_up_to batch_scatter_update is_variable_initialized
variables_initializer initialize_variables report_uninitialized_variables assert_variables_initialized
global_variables local_variables model_variables trainable_variables moving_average_variables all_variables
global_variables_initializer local_variables_initializer initialize_all_variables initialize_local_variables
enable_resource_variables disable_resource_variables resource_variables_enabled
""".split()  # noqa: SIM905 (shorter)
#: Of reference variables, and of resource variables.
METHODS = """
assign assign_add assign_sub batch_scatter_update count_up_to eval experimental_ref get_shape initialized_value load
read_value ref scatter_add scatter_div scatter_max scatter_min scatter_mul scatter_nd_add scatter_nd_max scatter_nd_min
scatter_nd_sub scatter_nd_update scatter_sub scatter_update set_shape to_proto value from_proto
""".split()  # noqa: SIM905 (shorter)


@pytest.fixture(autouse=True)
def numpy_graph():
    with onevar.use_backend("numpy"), tf.Graph().as_default():
        yield


@pytest.fixture(name="theirs")
def tensorflow():
    return pytest.importorskip("tensorflow").compat.v1


def parameters(function):
    """Names, kinds and defaults; what is not None is compared as text, for the enums."""
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, str(p.default)) for p in found]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_of_functions(theirs, name):
    assert parameters(getattr(tf, name)) == parameters(getattr(theirs, name))


def test_signature_of_the_constructor(theirs):
    assert parameters(tf.Variable.__init__) == parameters(theirs.Variable.__init__)


@pytest.mark.parametrize("name", METHODS)
def test_signatures_of_methods(theirs, name):
    from tensorflow.python.ops import ref_variable, resource_variable_ops

    assert parameters(getattr(RefVariable, name)) == parameters(getattr(ref_variable.RefVariable, name))
    real = resource_variable_ops.ResourceVariable
    assert parameters(getattr(ResourceVariable, name)) == parameters(getattr(real, name))


def test_collection_names(theirs):
    ours = {name: value for name, value in vars(tf.GraphKeys).items() if name.isupper() and not name.startswith("_")}
    real = {name: getattr(theirs.GraphKeys, name) for name in dir(theirs.GraphKeys) if name.isupper()}
    assert ours == {name: value for name, value in real.items() if not name.startswith("_")}


def test_resource_variables_as_the_default():
    assert not tf.resource_variables_enabled()
    tf.enable_resource_variables()
    try:
        assert tf.Variable(1.0).op.type == "VarHandleOp"
        assert tf.Variable(1.0, use_resource=False).op.type == "VariableV2"
    finally:
        tf.disable_resource_variables()
    assert tf.Variable(1.0).op.type == "VariableV2"


# -- protocol buffers ---------------------------------------------------------------------------------


def test_messages_that_are_not_installed(monkeypatch):
    monkeypatch.setattr(variable_proto, "_SOURCES", ("there_is_no_such_package",))
    with pytest.raises(FrameworkMissing, match="pip install tensorboard"):
        tf.Variable(1.0).to_proto()


@pytest.fixture(name="messages")
def with_messages(monkeypatch):
    for source in ("tensorboard.compat.proto.variable_pb2", "tensorflow.core.framework.variable_pb2"):
        try:
            __import__(source)
        except ImportError:
            continue
        monkeypatch.setattr(variable_proto, "_SOURCES", (source,))
        return
    pytest.skip("no package with VariableDef is installed")


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.usefixtures("messages")
def test_from_proto_finds_the_same_operations(resource):
    with tf.name_scope("a"):
        v = tf.Variable([1.0, 2.0], name="w", use_resource=resource, trainable=False)
    v._set_save_slice_info(tf.Variable.SaveSliceInfo("whole", [4], [2], [2]))
    described = v.to_proto()
    assert (described.variable_name, described.is_resource, described.trainable) == ("a/w:0", resource, False)
    for twin in (tf.Variable.from_proto(described), tf.Variable(variable_def=described, use_resource=resource)):
        assert (twin.name, twin.op, twin.initializer) == (v.name, v.op, v.initializer)
        assert (twin.initial_value, twin.dtype, twin.shape) == (v.initial_value, v.dtype, v.shape)
        assert (twin.trainable, twin._get_save_slice_info().spec) == (False, "4 2,2")
    with tf.Session() as session:
        session.run(twin.initializer)
        assert session.run(v).tolist() == [1.0, 2.0]


@pytest.mark.usefixtures("messages")
def test_scopes_are_left_out_and_put_back():
    with tf.name_scope("a"):
        v = tf.Variable([1.0], name="w")
    described = v.to_proto(export_scope="a")
    assert described.variable_name == "w:0"
    assert v.to_proto(export_scope="b") is None
    assert tf.Variable(variable_def=described, import_scope="a").op is v.op
    with pytest.raises(ValueError, match="mutually exclusive"):
        tf.Variable(1.0, variable_def=described)


# -- kernels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        np.s_[1], np.s_[-1], np.s_[1:3], np.s_[::-1], np.s_[:, 2], np.s_[..., 0], np.s_[:, None, 1:],
        np.s_[3:1:-1, ::2], np.s_[-3:, :-1], np.s_[1:1], np.s_[...],
    ],
)  # fmt: skip
@pytest.mark.parametrize("resource", [False, True])
def test_slices_assigned_as_numpy_does(index, resource):
    start = np.arange(20.0, dtype="float32").reshape(4, 5)
    v = tf.Variable(start, use_resource=resource)
    expected = start.copy()
    expected[index] = -1.0
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(v[index].assign(-1.0))
        np.testing.assert_array_equal(session.run(v), expected)


def test_slices_that_make_no_sense():
    masks = dict.fromkeys(("begin", "end", "ellipsis", "new_axis", "shrink_axis"), 0)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"strides\[0\] must be non-zero"):
        python_index(np.array([0]), np.array([1]), np.array([0]), (3,), masks)
    with pytest.raises(tf.errors.InvalidArgumentError, match="slice index 3 of dimension 0 out of bounds"):
        python_index(np.array([3]), np.array([4]), np.array([1]), (3,), {**masks, "shrink_axis": 1})


@pytest.mark.parametrize("resource", [False, True])
def test_a_run_that_fails_leaves_the_value(resource):
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    rows = tf.placeholder(tf.int32)
    step = tf.scatter_add(v, rows, [10.0, 10.0])
    with tf.Session() as session:
        session.run(v.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(step, {rows: [0, 7]})
        assert session.run(v).tolist() == [1.0, 2.0]


def test_an_uninitialized_variable_is_named():
    v = tf.Variable([1.0], name="v")
    with tf.Session() as session:
        for step in (v, v.assign_add([1.0]), tf.scatter_add(v, [0], [1.0]), v[0].assign(1.0)):
            with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value v"):
                session.run(step)


def test_chain_of_initial_values_in_one_run():
    first = tf.Variable([1.0, 2.0], name="first")
    second = tf.Variable(first * 2.0, name="second")
    third = tf.Variable(second + first, name="third")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [value.tolist() for value in session.run([second, third])] == [[2.0, 4.0], [3.0, 6.0]]


def test_a_deep_initial_value_is_followed_without_recursion():
    value = tf.Variable(1.0) + 0.0
    for _ in range(2000):
        value = value + 1.0
    v = tf.Variable(value)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(v) == 2001.0

"""The initializers as objects: arguments, configurations, parts of variables, errors; and the seeds they get."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

import onevar
import onevar.v1 as tf

NAMES = (
    "zeros", "ones", "constant", "random_uniform", "random_normal", "truncated_normal", "uniform_unit_scaling",
    "variance_scaling", "orthogonal", "identity", "glorot_uniform", "glorot_normal", "he_normal", "he_uniform",
    "lecun_normal", "lecun_uniform",
)  # fmt: skip
TOP = (
    "zeros", "ones", "constant", "random_uniform", "random_normal", "truncated_normal", "uniform_unit_scaling",
    "variance_scaling", "orthogonal", "glorot_uniform", "glorot_normal",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _on_numpy():
    with onevar.use_backend("numpy"), tf.Graph().as_default():
        yield


def run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


@pytest.mark.parametrize("name", TOP)
def test_two_names(name):
    assert getattr(tf, f"{name}_initializer") is getattr(tf.initializers, name)


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    tensorflow = pytest.importorskip("tensorflow")

    def listed(module):
        found = getattr(module.initializers, name)
        parameters = inspect.signature(found).parameters.values()
        return [(p.name, str(getattr(p.default, "name", p.default))) for p in parameters]

    assert listed(tf) == listed(tensorflow.compat.v1)


@pytest.mark.parametrize(
    ("made", "config"),
    [
        (lambda: tf.zeros_initializer(), {"dtype": "float32"}),
        (lambda: tf.ones_initializer(tf.int32), {"dtype": "int32"}),
        (lambda: tf.constant_initializer([1, 2]), {"value": [1, 2], "dtype": "float32"}),
        (
            lambda: tf.random_uniform_initializer(-1, 1, seed=3),
            {"minval": -1, "maxval": 1, "seed": 3, "dtype": "float32"},
        ),
        (
            lambda: tf.random_normal_initializer(dtype=tf.float64),
            {"mean": 0.0, "stddev": 1.0, "seed": None, "dtype": "float64"},
        ),
        (
            lambda: tf.truncated_normal_initializer(stddev=0.1),
            {"mean": 0.0, "stddev": 0.1, "seed": None, "dtype": "float32"},
        ),
        (lambda: tf.uniform_unit_scaling_initializer(2.0), {"factor": 2.0, "seed": None, "dtype": "float32"}),
        (
            lambda: tf.initializers.he_normal(seed=1),
            {"scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal", "seed": 1, "dtype": "float32"},
        ),
        (lambda: tf.glorot_uniform_initializer(seed=1), {"seed": 1, "dtype": "float32"}),
        (lambda: tf.orthogonal_initializer(2.0), {"gain": 2.0, "seed": None, "dtype": "float32"}),
        (lambda: tf.initializers.identity(), {"gain": 1.0, "dtype": "float32"}),
    ],
)
def test_configurations(made, config):
    initializer = made()
    assert initializer.get_config() == config
    again = type(initializer).from_config(config)
    assert type(again) is type(initializer)
    assert again.get_config() == config


def test_the_call_says_the_dtype():
    assert tf.zeros_initializer()([2], tf.int64).dtype == tf.int64
    assert tf.random_normal_initializer()([2], dtype=tf.float64).dtype == tf.float64
    assert tf.random_normal_initializer(dtype=tf.float16)([2]).dtype == tf.float16


def test_a_part_of_a_variable_is_scaled_as_the_whole():
    part = SimpleNamespace(full_shape=[100, 4], var_offset=[2, 0])
    whole = tf.initializers.lecun_uniform(seed=1)([100, 4])
    found = tf.initializers.lecun_uniform(seed=1)([10, 4], partition_info=part)
    np.testing.assert_array_equal(run(found), run(whole)[:10])
    unit = tf.uniform_unit_scaling_initializer(seed=1)([10, 4], partition_info=part)
    assert np.abs(run(unit)).max() <= np.sqrt(3 / 100)
    eye = tf.initializers.identity()([3, 4], partition_info=part)
    np.testing.assert_array_equal(run(eye), np.eye(100, 4, dtype="float32")[2:5])


def test_orthogonal_is():
    for shape in ([5, 3], [3, 5], [2, 3, 4]):
        found = run(tf.orthogonal_initializer(seed=2)(shape)).reshape(-1, shape[-1])
        small = found @ found.T if found.shape[0] < found.shape[1] else found.T @ found
        np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: tf.variance_scaling_initializer(scale=0.0), ValueError, "must be a positive float"),
        (lambda: tf.variance_scaling_initializer(mode="fan"), ValueError, "Argument `mode`"),
        (lambda: tf.variance_scaling_initializer(distribution="gamma"), ValueError, "Argument `distribution`"),
        (lambda: tf.random_normal_initializer(dtype=tf.int32), ValueError, "expected to be floating point"),
        (lambda: tf.orthogonal_initializer()([3]), ValueError, "at least two-dimensional"),
        (lambda: tf.initializers.identity()([3]), ValueError, "at least two-dimensional"),
        (lambda: tf.constant_initializer({"a": 1}), TypeError, "Invalid type for initial value"),
        (lambda: tf.constant_initializer([1, 2, 3], verify_shape=True)([2]), TypeError, "Expected Tensor's shape"),
        (lambda: tf.random_uniform_initializer(0, dtype=tf.int32)([2]), ValueError, "Must specify maxval"),
        (lambda: tf.random_uniform([2], dtype=tf.uint8, maxval=3), ValueError, "got invalid value"),
    ],
)
def test_wrong(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


# -- seeds ---------------------------------------------------------------------------------------------

SEED_CALLS = ((None, None), (None, 5), (5, None), (5, None), (5, 7), (5, None), (0, 0), (2**31 - 1, 0), (2**40, 2**33))


def listed_seeds(module):
    with module.Graph().as_default():
        found = []
        for graph_seed, op_seed in SEED_CALLS:
            module.set_random_seed(graph_seed)
            found.append(module.get_seed(op_seed))
    return found


def test_seeds():
    assert listed_seeds(tf) == [
        (None, None), (87654321, 5), (5, 0), (5, 1), (5, 7), (5, 2), (0, 2**31 - 1), (0, 2**31 - 1),
        (2**40 % (2**31 - 1), 2**33 % (2**31 - 1)),
    ]  # fmt: skip


def test_seeds_live():
    tensorflow = pytest.importorskip("tensorflow")
    assert listed_seeds(tf) == listed_seeds(tensorflow.compat.v1)


def test_seeds_in_the_body_of_a_condition_go_on_counting():
    tf.set_random_seed(9)
    first = tf.random_uniform([2])
    inside = tf.cond(tf.constant(True), lambda: tf.random_uniform([2]), lambda: tf.zeros([2]))
    last = tf.random_uniform([2])
    with tf.Graph().as_default():
        tf.set_random_seed(9)
        expected = [run(t) for t in [tf.random_uniform([2]) for _ in range(3)]]
    np.testing.assert_array_equal([run(first), run(inside), run(last)], expected)


def test_two_sessions_have_streams_of_their_own():
    numbers = tf.random_normal([3], seed=4)
    with tf.Session() as one, tf.Session() as other:
        a, b = one.run(numbers), one.run(numbers)
        assert not np.array_equal(a, b)
        np.testing.assert_array_equal(other.run(numbers), a)
        np.testing.assert_array_equal(other.run(numbers), b)


def test_without_seeds_sessions_differ():
    numbers = tf.random_uniform([8])
    assert not np.array_equal(run(numbers), run(numbers))


def test_ops_with_the_same_seed_draw_the_same():
    first, second = tf.random_normal([3], seed=4), tf.random_normal([3], seed=4)
    a, b = run([first, second])
    np.testing.assert_array_equal(a, b)


def test_a_dynamic_shape():
    size = tf.placeholder(tf.int32, [2])
    numbers = tf.random_uniform(size, seed=3)
    assert numbers.shape.as_list() == [None, None]
    with tf.Session() as sess:
        assert sess.run(numbers, {size: [2, 3]}).shape == (2, 3)
        assert sess.run(numbers, {size: [4, 1]}).shape == (4, 1)


# -- tf.keras.initializers, of which TensorFlow 2 has only Keras 3's: the facts are TensorFlow 1.15's -------


def test_keras_defaults():
    keras = tf.keras.initializers
    assert keras.glorot_uniform is tf.glorot_uniform_initializer
    assert keras.RandomNormal().get_config()["stddev"] == keras.TruncatedNormal().get_config()["stddev"] == 0.05
    assert (keras.RandomUniform().minval, keras.uniform().maxval) == (-0.05, 0.05)


def test_keras_get():
    keras = tf.keras.initializers
    made = keras.get("he_normal")
    again = keras.get(keras.serialize(made))
    assert again.get_config() == made.get_config()
    assert type(keras.get(keras.serialize(keras.glorot_normal(seed=3)))) is tf.glorot_normal_initializer
    assert keras.get(None) is None
    assert keras.get(made) is made
    assert isinstance(keras.get(keras.Ones), tf.ones_initializer)
    with pytest.raises(ValueError, match="Unknown initializer: nothing"):
        keras.get("nothing")
    with pytest.raises(ValueError, match="Could not interpret"):
        keras.get(3)

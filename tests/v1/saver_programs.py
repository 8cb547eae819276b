"""Programs with a Saver, for TensorFlow and for onevar; each takes the `tf` to use."""

import ml_dtypes
import numpy as np

NUMBERS = (
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
    "complex64", "complex128",
)  # fmt: skip


def values():
    """Values of every dtype, by the names of the variables; scalars and empty ones among them."""
    found = {name: np.array([[1, 0, 3], [4, 5, 100]]).astype(name) for name in NUMBERS}
    found |= {
        "scope/bfloat16": np.array([1.5, -2.25, 3e38], ml_dtypes.bfloat16),
        "string": np.array([b"", b"\x00\xff", "ä".encode()], object),
        "scalar_string": np.array(b"text", object),
        "scalar": np.array(2.5, np.float32),
        "scalar_bool": np.array(True),
        "empty": np.zeros((0, 3), np.float64),
        "special": np.array([np.nan, np.inf, -0.0, 1e-45], np.float32),
        "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    return found


def declare(tf, contents, resource=False, zero=False):
    """Variables by name."""
    return {
        name: tf.Variable(_initial(value, zero), name=name, use_resource=resource) for name, value in contents.items()
    }


def _initial(value, zero):
    if not zero:
        return value
    empty = np.empty(value.shape, object)
    empty.reshape(-1)[:] = [b""] * value.size
    return empty if value.dtype == object else np.zeros(value.shape, value.dtype)


def equal(ours, theirs):
    """Check that both have the same bits."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    if theirs.dtype == object or ours.dtype == object:
        assert ours.reshape(-1).tolist() == theirs.reshape(-1).tolist()
    else:
        assert (ours.dtype, ours.tobytes()) == (theirs.dtype, theirs.tobytes())


# -- graphs -----------------------------------------------------------------------------------------


def plain(tf, **options):
    tf.get_variable("b", [2])
    tf.get_variable("a", [3], use_resource=True)
    tf.train.Saver(**options)


def named(tf):
    with tf.name_scope("scope"):
        a = tf.get_variable("a", [2])
        tf.train.Saver({"key": a}, name="other", filename="foo")
        tf.train.Saver([a])


def slices(tf, **options):
    tf.get_variable("w", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("r", [4], partitioner=tf.fixed_size_partitioner(2), use_resource=True)
    tf.Variable(3, validate_shape=False, name="shapeless")
    tf.train.Saver(**options)


def devices(tf, **options):
    with tf.device("/cpu:0"):
        tf.get_variable("a", [2])
    with tf.device("/job:ps/task:1/cpu:0"):
        tf.get_variable("b", [2], use_resource=True)
        tf.get_variable("c", [4], partitioner=tf.fixed_size_partitioner(2))
    tf.train.Saver(sharded=True, **options)


def unknown_shape(tf):
    tf.Variable(3.0, validate_shape=False, name="shapeless")
    tf.train.Saver(reshape=True)


GRAPHS = {
    "plain": plain,
    "sharded": lambda tf: plain(tf, sharded=True),
    "reshape": lambda tf: plain(tf, reshape=True),
    "sequential": lambda tf: plain(tf, restore_sequentially=True),
    "named": named,
    "slices": slices,
    "sharded slices": lambda tf: slices(tf, sharded=True),
    "devices": devices,
    "devices, reshape": lambda tf: devices(tf, reshape=True),
    "unknown shape": unknown_shape,
}

"""The chapter on mathematics against TensorFlow: the same operations, names, static shapes and values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from math_programs import FEEDS, LINALG, PROGRAMS, SQUARE, linalg, program

# TensorFlow's graph has a tf.cond around each assertion.
OTHER_GRAPH = {"confusion", "confusion_classes"}


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in OTHER_GRAPH])
def test_same_graph(both, name):
    both.same_graph(program(name))


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_values(both, name):
    both.same(program(name), FEEDS, graph=False, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", LINALG)
def test_linear_algebra(both, name):
    both.same(linalg(name), {"a": SQUARE}, rtol=1e-4, atol=1e-5)


AXES = st.none() | st.integers(-3, 2) | st.lists(st.integers(-3, 2), max_size=3, unique_by=lambda a: a % 3)


@settings(max_examples=40, deadline=None)
@given(axis=AXES, keepdims=st.booleans(), name=st.sampled_from(["sum", "mean", "max", "prod", "logsumexp"]))
def test_any_axes(both, axis, keepdims, name):
    value = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4)

    def build(tf):
        return getattr(tf, f"reduce_{name}")(tf.placeholder(tf.float32, [2, None, 4], name="x"), axis, keepdims)

    both.same(build, {"x": value}, rtol=1e-4, atol=1e-5, graph=axis != [])


ERRORS = {
    "types": lambda tf: tf.constant(1) + tf.constant(1.0),
    "types_mul": lambda tf: tf.multiply(tf.constant(1.0, tf.float64), tf.constant(1.0)),
    "scalar_type": lambda tf: tf.constant(1) * 1.5,
    "scalar_type_add": lambda tf: tf.constant(1) + 1.5,
    "left_scalar": lambda tf: 1.5 * tf.constant([1]),
    "matmul_shapes": lambda tf: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])),
    "matmul_rank": lambda tf: tf.ones([2]) @ tf.ones([2]),
    "matmul_flags": lambda tf: tf.matmul([[1.0]], [[1.0]], transpose_a=True, adjoint_a=True),
    "broadcast": lambda tf: tf.ones([2]) + tf.ones([3]),
    "axis": lambda tf: tf.reduce_sum(tf.ones([2]), 3),
    "two_axes": lambda tf: tf.reduce_sum(tf.ones([2]), 0, reduction_indices=0),
    "argmax_axis": lambda tf: tf.argmax(tf.ones([2]), "a"),
    "bool": lambda tf: bool(tf.ones([]) > 0),
    "iterate": lambda tf: list(tf.ones([2])),
    "truediv_bool": lambda tf: tf.constant(True) / tf.constant(True),
    "unknown_equation": lambda tf: tf.einsum("i.j,jk", tf.ones([2, 2]), tf.ones([2, 2])),
    "equation_inputs": lambda tf: tf.einsum("ij,jk,kl", tf.ones([2, 2]), tf.ones([2, 2])),
    "tensordot_axes": lambda tf: tf.tensordot(tf.ones([2]), tf.ones([2]), 3),
    "add_n_none": lambda tf: tf.add_n([]),
    "polyval": lambda tf: tf.math.polyval((1.0,), 1.0),
    "clip_shape": lambda tf: tf.clip_by_value(tf.ones([2]), tf.zeros([3, 2]), 1.0),
    "global_norm": lambda tf: tf.global_norm(tf.ones([2])),
    "complex_types": lambda tf: tf.complex(tf.constant(1.0), tf.constant(1.0, tf.float64)),
    "norm_order": lambda tf: tf.norm([1.0], "x"),
    "sort_direction": lambda tf: tf.sort([1], direction="UP"),
}
MESSAGES = "types types_mul scalar_type scalar_type_add matmul_shapes matmul_rank broadcast two_axes matmul_flags"


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    ours, theirs = both.same_error(ERRORS[name])
    if name in MESSAGES.split():
        # TensorFlow lists the attributes of the node as well.
        assert str(ours).split(" for '{{node")[0] == str(theirs).split(" for '{{node")[0]


def test_equality_is_identity(both):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            a, b = tf.ones([2]), tf.ones([2])
            assert (a == b, a == a, a != b, len({a, b})) == (False, True, True, 2)

"""Checks against TensorFlow: what is refused while the graph is built, and what when it runs."""

import numpy as np
import pytest


def x(tf, shape=(None, 2)):
    return tf.placeholder(tf.float32, shape, name="x")


#: Known to fail when the graph is built.
STATIC = {
    "equal": lambda tf: tf.assert_equal(tf.constant([1, 2]), [1, 3]),
    "equal_message": lambda tf: tf.assert_equal([1], [2], message="why"),
    "equal_data": lambda tf: tf.assert_equal([1], [2], data=["seen", tf.constant(5)]),
    "none_equal": lambda tf: tf.assert_none_equal([1], [1]),
    "less": lambda tf: tf.assert_less([2], [1], message="m"),
    "less_equal": lambda tf: tf.assert_less_equal(2, 1),
    "greater": lambda tf: tf.assert_greater([1, 2], [1, 1]),
    "greater_equal": lambda tf: tf.assert_greater_equal(0.5, 1.0),
    "positive": lambda tf: tf.assert_positive([1, -1], message="neg"),
    "negative": lambda tf: tf.assert_negative([1]),
    "non_negative": lambda tf: tf.assert_non_negative([-1.0]),
    "non_positive": lambda tf: tf.assert_non_positive([1.0]),
    "rank": lambda tf: tf.assert_rank(x(tf), 3, message="r"),
    "rank_scalar": lambda tf: tf.assert_rank(x(tf), [1, 2]),
    "rank_type": lambda tf: tf.assert_rank(x(tf), 1.0),
    "rank_at_least": lambda tf: tf.assert_rank_at_least(x(tf), 3),
    "rank_in": lambda tf: tf.assert_rank_in(x(tf), [0, 1]),
    "type": lambda tf: tf.assert_type(x(tf), tf.int32, message="t"),
    "integer": lambda tf: tf.assert_integer(x(tf), message="i"),
    "scalar": lambda tf: tf.assert_scalar(x(tf), message="s"),
    "float": lambda tf: tf.assert_same_float_dtype([tf.constant([1])]),
    "floats": lambda tf: tf.assert_same_float_dtype([tf.constant([1.0]), tf.constant(1.0, tf.float64)]),
    "iterable": lambda tf: tf.assert_proper_iterable(tf.ones([2])),
    "iterable_int": lambda tf: tf.assert_proper_iterable(1),
    "shapes": lambda tf: tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", 4))]),
    "shapes_star": lambda tf: tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", "*"))]),
    "shapes_rank": lambda tf: tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", 1, 1))]),
    "ensure": lambda tf: tf.ensure_shape(tf.ones([2, 3]), [3, None]),
}


@pytest.mark.parametrize("name", STATIC)
def test_refused_when_built(both, name):
    ours, theirs = both.same_error(STATIC[name])
    if name not in ("ensure", "iterable"):  # which of two shapes is named first; the name of our class
        assert str(ours).split(" for '{{node")[0] == str(theirs).split(" for '{{node")[0]


FEED = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
#: Only known when the graph runs: (program, whether it holds).
DYNAMIC = {
    "equal": (lambda tf: tf.assert_equal(x(tf), [[1.0, 2.0], [3.0, 4.0]]), True),
    "equal_not": (lambda tf: tf.assert_equal(x(tf), 1.0, message="why"), False),
    "less": (lambda tf: tf.assert_less(x(tf), 4.0), False),
    "greater": (lambda tf: tf.assert_greater(x(tf), 0.0), True),
    "positive": (lambda tf: tf.assert_positive(x(tf)), True),
    "non_positive": (lambda tf: tf.assert_non_positive(x(tf)), False),
    "near": (lambda tf: tf.assert_near(x(tf), [[1.0, 2.0], [3.0, 4.0]]), True),
    "near_not": (lambda tf: tf.assert_near(x(tf), 1.0, atol=0.5), False),
    "rank": (lambda tf: tf.assert_rank(x(tf, None), 2), True),
    "rank_not": (lambda tf: tf.assert_rank(x(tf, None), 3), False),
    "rank_in": (lambda tf: tf.assert_rank_in(x(tf, None), [1, 2]), True),
    "rank_at_least": (lambda tf: tf.assert_rank_at_least(x(tf, None), 3), False),
    "assert": (lambda tf: tf.Assert(tf.reduce_all(x(tf) > 1), [x(tf)]), False),
    "known": (lambda tf: [tf.assert_rank(x(tf), 2), tf.assert_equal(1, 1), tf.assert_type(x(tf), tf.float32)], True),
    "same": (lambda tf: (lambda t: tf.assert_equal(t, t))(x(tf)), True),
    "integer": (lambda tf: tf.assert_integer([1]), True),
    "shapes": (lambda tf: tf.debugging.assert_shapes([(x(tf), ("N", "M")), (tf.ones([2, 3]), ("M", 3))]), True),
    "shapes_not": (lambda tf: tf.debugging.assert_shapes([(x(tf), ("N", "M")), (tf.ones([3]), ("N",))]), False),
}


@pytest.mark.parametrize("name", DYNAMIC)
def test_checked_when_run(both, name):
    program, holds = DYNAMIC[name]
    for tf in (both.ours, both.theirs):
        graph = tf.Graph()
        with graph.as_default(), tf.Session() as session:
            fetches = program(tf)
            try:
                found = graph.get_tensor_by_name("x:0")
            except KeyError:
                found = tf.placeholder(tf.float32, [])
            feeds = {t: FEED for t in [found] if t.get_shape().rank != 0}
            for other in ("x_1:0",):
                if any(op.name == "x_1" for op in graph.get_operations()):
                    feeds[graph.get_tensor_by_name(other)] = FEED
            if holds:
                session.run(fetches, feeds)
            else:
                with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                    session.run(fetches, feeds)
                assert "assertion failed" in str(caught.value)


def test_values(both):
    both.same(lambda tf: [tf.is_non_decreasing([1, 2, 2]), tf.is_strictly_increasing([1, 2, 2])], graph=False)
    both.same(lambda tf: [tf.is_non_decreasing(x(tf)), tf.ensure_shape(x(tf), [2, 2])], {"x": FEED, "x_1": FEED}, False)
    both.same(lambda tf: [tf.check_numerics(x(tf), "bad"), tf.assert_scalar(5)], {"x": FEED})
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            assert tf.is_numeric_tensor(tf.ones([1])) is True
            assert tf.is_numeric_tensor(tf.constant("a")) is tf.is_numeric_tensor(1) is False
            assert tf.assert_same_float_dtype([tf.ones([1])]) == tf.float32
            assert tf.assert_proper_iterable([1]) is None


def test_numerics(both):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            checked = tf.check_numerics(x(tf), "bad")
            with pytest.raises(tf.errors.InvalidArgumentError, match="bad : Tensor had NaN"):
                session.run(checked, {"x:0": FEED * np.nan})


def test_finite(both):
    def program(tf):
        given = x(tf)
        return [tf.verify_tensor_all_finite(given, "bad"), tf.debugging.assert_all_finite(x=given * 2, message="bad")]

    both.same(program, {"x": FEED})
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            divided = x(tf) / 0.0
            check = tf.add_check_numerics_ops()
            with pytest.raises(tf.errors.InvalidArgumentError, match="Tensor had Inf"):
                session.run([divided, check], {"x:0": FEED})
            with pytest.raises(tf.errors.InvalidArgumentError, match="Tensor had NaN"):
                session.run(tf.verify_tensor_all_finite(divided * 0.0, "bad"), {"x:0": FEED})


def test_histograms(both):
    values = [-1.0, 0.0, 1.5, 2.0, 5.0, 15]
    both.same(
        lambda tf: [
            tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5),
            tf.histogram_fixed_width(x(tf), [0.0, 4.0], 4, tf.int64),
        ],
        {"x": FEED},
    )
    both.same(lambda tf: tf.histogram_fixed_width_bins(values, [0.0, 5.0], nbins=5), graph=False)

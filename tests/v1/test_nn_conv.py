"""Convolutions, pools and normalizations of `tf.nn` against TensorFlow: operations, shapes, values, errors."""

import inspect

import numpy as np
import pytest
from conv_programs import ERRORS, FEEDS, PROGRAMS
from hypothesis import given, settings
from hypothesis import strategies as st

from onevar.conformance.golden.op_arrays import f

CHAPTERS = ("nn_conv", "nn_convolution", "nn_norm", "nn_pool", "nn_space", "nn_fractional")


@pytest.mark.parametrize("name", PROGRAMS)
def test_same(both, name):
    half = "half" in name
    both.same(PROGRAMS[name], FEEDS, rtol=2e-3 if half else 2e-5, atol=2e-3 if half else 2e-5)


@pytest.mark.parametrize("name", ERRORS)
def test_same_error(both, name):
    ours, theirs = both.same_error(ERRORS[name])
    assert _words(ours) == _words(theirs)


def _words(error):
    """The message, without where the node is from."""
    return str(error).partition(" for '")[0].partition(". The stack")[0].splitlines()[0]


def test_signatures(both):
    from onevar.v1 import export

    export.load()
    for name in export.names():
        value = export._values[name]
        module = getattr(value, "__module__", "") or ""
        if not inspect.isfunction(value) or module.removeprefix("onevar.v1.") not in CHAPTERS:
            continue
        if name.startswith(("contrib.", "python.")):
            continue  # TensorFlow 2 publishes neither
        theirs = both.theirs
        for part in name.split("."):
            theirs = getattr(theirs, part)
        wanted = {key: p.default for key, p in inspect.signature(theirs).parameters.items()}
        assert {key: p.default for key, p in inspect.signature(value).parameters.items()} == wanted, name


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["SAME", "VALID"]),
    kind=st.sampled_from(["conv", "depthwise", "max", "avg"]),
)
def test_any_geometry(both, size, window, stride, padding, kind):
    if padding == "VALID" and any(k > n for k, n in zip(window, size, strict=True)):
        window = tuple(min(k, n) for k, n in zip(window, size, strict=True))
    x, steps = f(2, *size, 3), [1, *stride, 1]

    def build(tf):
        given = tf.placeholder(tf.float32, [2, None, size[1], 3], name="x")
        if kind == "conv":
            return tf.nn.conv2d(given, f(*window, 3, 2), steps, padding)
        if kind == "depthwise":
            # TensorFlow's needs equal strides.
            return tf.nn.depthwise_conv2d_native(given, f(*window, 3, 2), [1, stride[0], stride[0], 1], padding)
        pool = tf.nn.max_pool if kind == "max" else tf.nn.avg_pool
        return pool(given, [1, *window, 1], steps, padding)

    both.same(build, {"x": x}, rtol=1e-4, atol=1e-4)


def test_channels_first(both):
    """TensorFlow has no kernels for it on a CPU: the same numbers as with the channels last."""
    x, filters = f(2, 7, 6, 4), f(3, 2, 4, 6)

    def nets(tf, first):
        def run(t):
            one, form = ([1, 1, 2, 2], "NCHW") if first else ([1, 2, 2, 1], "NHWC")
            t = tf.nn.conv2d(t, filters, one, "SAME", data_format=form)
            t = tf.nn.max_pool(t, [1, 1, 3, 2] if first else [1, 3, 2, 1], [1, 1, 1, 1], "SAME", data_format=form)
            t = tf.nn.fused_batch_norm(t, f(6), f(6), data_format=form)[0]
            t = tf.nn.depthwise_conv2d(t, f(2, 2, 6, 1), [1, 1, 1, 1], "SAME", data_format=form)
            t = tf.nn.avg_pool(t, [1, 1, 3, 2] if first else [1, 3, 2, 1], [1, 1, 1, 1], "SAME", data_format=form)
            return tf.nn.bias_add(t, f(6), data_format=form)

        return tf.transpose(run(tf.transpose(x, [0, 3, 1, 2])), [0, 2, 3, 1]) if first else run(tf.constant(x))

    ours = both._run(both.ours, lambda tf: nets(tf, True), None)
    theirs = both._run(both.theirs, lambda tf: nets(tf, False), None)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4, atol=1e-4)

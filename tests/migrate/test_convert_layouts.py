"""Each layout rule in both directions: the layers of torch and of TensorFlow 1 (onevar's) put out the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onevar.v1 as tf
from onevar.migrate.convert import infer, layouts, recurrent

torch = pytest.importorskip("torch")
nn = torch.nn
SIZES = st.integers(1, 5)
QUICK = settings(max_examples=15, deadline=None, derandomize=True)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("f")


def run(build, *arrays):
    """Return what a function of placeholders computes."""
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        fed = [tf.placeholder(tf.float32, array.shape) for array in arrays]
        return session.run(build(*fed), dict(zip(fed, arrays, strict=True)))


def crossed(rule, kernel, shape):
    """Return a kernel in torch's form, having seen that it comes back as it was."""
    out = layouts.apply(rule, kernel, shape, "tf1", "torch")
    np.testing.assert_array_equal(layouts.apply(rule, out, kernel.shape, "torch", "tf1"), kernel)
    return torch.tensor(out.copy())


def first(array):
    return torch.tensor(np.moveaxis(array, -1, 1).copy())


def close(got, want):
    np.testing.assert_allclose(np.moveaxis(got.detach().numpy(), 1, -1), want, rtol=1e-4, atol=1e-4)


@QUICK
@given(SIZES, SIZES)
def test_dense(inputs, outputs):
    x, kernel = normal(0, 2, inputs), normal(1, inputs, outputs)
    weight = crossed("dense", kernel, (outputs, inputs))
    np.testing.assert_allclose(nn.functional.linear(torch.tensor(x), weight).numpy(), x @ kernel, atol=1e-5)


@QUICK
@given(st.integers(1, 3), SIZES, SIZES, st.integers(1, 3))
def test_conv(rank, inputs, outputs, width):
    x, kernel = normal(0, 2, *[5] * rank, inputs), normal(1, *range(width, width + rank), inputs, outputs)
    x = x if width + rank < 6 else normal(0, 2, *[7] * rank, inputs)
    weight = crossed("conv", kernel, (outputs, inputs, *kernel.shape[:rank]))
    got = getattr(nn.functional, f"conv{rank}d")(first(x), weight)
    close(got, run(lambda x: tf.nn.convolution(x, tf.constant(kernel), "VALID"), x))


@QUICK
@given(SIZES, SIZES, st.integers(1, 3), st.integers(1, 3))
def test_conv_transpose(inputs, outputs, width, stride):
    x, kernel = normal(0, 2, 3, 4, inputs), normal(1, width, 2, outputs, inputs)
    weight = crossed("conv", kernel, (inputs, outputs, width, 2))
    got = nn.functional.conv_transpose2d(first(x), weight, stride=stride)
    shape = [2, *got.shape[2:], outputs]
    if width >= stride <= 2:
        close(got, run(lambda x: tf.nn.conv2d_transpose(x, kernel, shape, [1, stride, stride, 1], "VALID"), x))


@QUICK
@given(SIZES, st.integers(1, 3), st.integers(1, 3))
def test_depthwise(inputs, multiplier, width):
    x, kernel = normal(0, 2, 4, 5, inputs), normal(1, width, 2, inputs, multiplier)
    weight = crossed("depthwise", kernel, (inputs * multiplier, 1, width, 2))
    got = nn.functional.conv2d(first(x), weight, groups=inputs)
    close(got, run(lambda x: tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID"), x))


@QUICK
@given(SIZES, SIZES, SIZES, st.integers(2, 4))
def test_dense_after_flatten_and_before_a_map(height, width, channels, outputs):
    x, kernel = normal(0, 2, height, width, channels), normal(1, height * width * channels, outputs)
    shape = (height, width, channels)
    weight = layouts.apply("dense", kernel, kernel.shape[::-1], "tf1", "torch", shape)
    np.testing.assert_allclose(first(x).flatten(1).numpy() @ weight.T, x.reshape(2, -1) @ kernel, rtol=1e-4, atol=1e-4)
    back = layouts.apply("dense", weight, kernel.shape, "torch", "tf1", shape)
    np.testing.assert_array_equal(back, kernel)
    turned = kernel.T.copy()
    weight = layouts.apply("dense", turned, kernel.shape, "tf1", "torch", (), shape)
    z = normal(2, 2, outputs)
    want = (z @ turned).reshape(2, *shape)
    got = (z @ weight.T).reshape(2, channels, height, width).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(got, want, atol=1e-4)
    np.testing.assert_array_equal(layouts.apply("dense", weight, turned.shape, "torch", "tf1", (), shape), turned)


CELLS = {
    "lstm": (lambda units: tf.nn.rnn_cell.LSTMCell(units, forget_bias=0.7), nn.LSTM, "rnn/lstm_cell"),
    "rnn": (tf.nn.rnn_cell.BasicRNNCell, nn.RNN, "rnn/basic_rnn_cell"),
}


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(CELLS)), SIZES, SIZES)
def test_cells(kind, inputs, units):
    make, theirs, scope = CELLS[kind]
    x, gates = normal(0, 2, 3, inputs), recurrent.GATES[kind]
    source = {f"{scope}/kernel": normal(1, inputs + units, gates * units), f"{scope}/bias": normal(2, gates * units)}
    module = theirs(inputs, units, batch_first=True)
    state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    name_map = infer(source, state, source_style="tf1", target_style="torch", forget_bias=0.7)
    new = name_map.apply(source)
    module.load_state_dict({name: torch.tensor(value.copy()) for name, value in new.items()})

    def build(x):
        out = tf.nn.dynamic_rnn(make(units), x, dtype=tf.float32)[0]
        loads = [tf.assign(variable, source[variable.op.name]) for variable in tf.global_variables()]
        session = tf.get_default_session()
        session.run(tf.global_variables_initializer())
        session.run(loads)
        return out

    np.testing.assert_allclose(module(torch.tensor(x))[0].detach().numpy(), run(build, x), rtol=1e-4, atol=1e-5)
    back = infer(new, source, source_style="torch", target_style="tf1", forget_bias=0.7).apply(new)
    for name, value in source.items():
        np.testing.assert_allclose(back[name], value, atol=1e-6)


@QUICK
@given(SIZES, SIZES, st.sampled_from(["keras", "torch"]), st.booleans())
def test_gru_bias_and_gates_come_back(inputs, units, style, seed):
    cell = recurrent.Cell(
        "gru", normal(seed, inputs, 3, units), normal(1, units, 3, units), *(normal(i, 3, units) for i in (2, 3)), True
    )
    roles = ("kernel", "recurrent_kernel", "bias2") if style == "keras" else (
        "weight_ih", "weight_hh", "bias_ih", "bias_hh"
    )  # fmt: skip
    again = recurrent.read("gru", style, recurrent.write(cell, style, roles))
    for name in ("kernel", "recurrent", "bias", "recurrent_bias"):
        np.testing.assert_array_equal(getattr(again, name), getattr(cell, name))
    assert again.reset_after


@pytest.mark.parametrize(("one", "other", "same"), [
    ((8, 8), (8, 2, 4), True), ((1, 5, 3), (5, 3), True), ((6, 4), (4, 6), False), ((2, 3, 4), (6, 4), True),
    ((2, 3, 4), (3, 8), False), ((), (1,), True), ((4,), (5,), False),
])  # fmt: skip
def test_shapes_that_only_group_their_elements_otherwise(one, other, same):
    assert layouts.regroups(one, other) is same
    assert layouts.regroups(other, one) is same

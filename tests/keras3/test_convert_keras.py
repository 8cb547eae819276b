"""`onevar convert` and `load_into` with Keras models, against recordings of real TensorFlow 1.15."""

from pathlib import Path

import keras
import numpy as np
import pytest

from onevar.core.bundle import write
from onevar.migrate.convert import ConversionError, MappingError, convert, load_into
from onevar.migrate.convert.formats import open_source

GOLDEN = Path(__file__).parents[1] / "migrate" / "convert_golden"
L = keras.layers


def recorded(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return dict(file)


def images():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, activation="relu", name="first"),
            L.BatchNormalization(epsilon=1e-3),
            L.DepthwiseConv2D(3, depth_multiplier=2),
            L.SeparableConv2D(6, 2),
            L.Conv2DTranspose(5, 3, strides=2),
            L.Flatten(),
            L.Dense(7, activation="tanh"),
            L.LayerNormalization(epsilon=1e-12),
            L.Dense(2),
        ]
    )


def cells():
    x = keras.Input((5, 3))
    lstm = L.LSTM(4, return_sequences=True, name="lstm_second")(L.LSTM(4, return_sequences=True, name="lstm_first")(x))
    outputs = {
        "lstm": lstm,
        "two": L.Bidirectional(L.LSTM(4, return_sequences=True), name="two")(x),
        "gru": L.GRU(4, return_sequences=True, reset_after=False, name="gru")(x),
        "after": L.GRU(4, return_sequences=True, reset_after=True, name="after")(x),
        "plain": L.SimpleRNN(4, return_sequences=True, name="plain")(x),
    }
    return keras.Model(x, outputs)


def run(model, data):
    return model(keras.ops.convert_to_tensor(data["x"]), training=False)


def check_images(model):
    data = recorded("images")
    got = keras.ops.convert_to_numpy(run(model, data))
    np.testing.assert_allclose(got, data["y"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("source", ["images.ckpt", "frozen.pb"])
def test_tf1_checkpoint_restores_nothing_into_a_keras_3_layer(source):
    model = images()
    load_into(model, GOLDEN / source)
    check_images(model)


def test_every_variable_that_gets_nothing_is_an_error():
    model = images()
    model.add(L.Dense(9, name="new"))
    before = [keras.ops.convert_to_numpy(w) for w in model.weights]
    with pytest.raises(MappingError, match=r"new/kernel .* gets nothing from the source.*--keep-init"):
        load_into(model, GOLDEN / "images.ckpt")
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), value)
    load_into(model, GOLDEN / "images.ckpt", keep=["*new/*"])


def test_a_model_that_is_not_built_is_an_error():
    with pytest.raises(ConversionError, match="has no variables yet"):
        load_into(keras.Sequential([L.Dense(3)]), GOLDEN / "images.ckpt")


def test_lstm_gate_order_forget_bias_and_both_grus():
    model, data = cells(), recorded("cells")
    with pytest.raises(MappingError, match="forget gate"):
        load_into(model, GOLDEN / "cells.ckpt", skip=["projected/*"])
    load_into(model, GOLDEN / "cells.ckpt", skip=["projected/*"], forget_bias=1.0)
    for name, value in run(model, data).items():
        np.testing.assert_allclose(keras.ops.convert_to_numpy(value), data[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_gru_of_the_other_kind_is_refused():
    model = keras.Sequential([keras.Input((5, 3)), L.GRU(4)])
    with pytest.raises(ConversionError, match="reset gate"):
        load_into(model, GOLDEN / "cells.ckpt", skip=["[!g]*"])


def test_recurrent_cells_back_into_a_checkpoint(tmp_path):
    model = cells()
    options = {"forget_bias": 1.0}
    load_into(model, GOLDEN / "cells.ckpt", skip=["projected/*"], **options)
    convert(model, tmp_path / "back", like=GOLDEN / "cells.ckpt", keep=["projected/*"], **options)
    with open_source(tmp_path / "back") as back, open_source(GOLDEN / "cells.ckpt") as first:
        for name in first.specs:
            np.testing.assert_allclose(back.read(name), first.read(name), atol=1e-6, err_msg=name)


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("live", [True, False])
def test_files_that_keras_loads(tmp_path, ending, live):
    path, like = tmp_path / f"new{ending}", images()
    first = keras.ops.convert_to_numpy(like.weights[0])
    if not live:
        like.save(tmp_path / "like.keras")
        like = tmp_path / "like.keras"
    convert(GOLDEN / "images.ckpt", path, like=like)
    if live:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(like.weights[0]), first)
    model = images()
    if ending == ".keras":
        model = keras.models.load_model(path)
    else:
        model.load_weights(path)
    check_images(model)


def test_an_interruption_leaves_the_old_keras_file(tmp_path, monkeypatch):
    images().save(tmp_path / "m.keras")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("onevar.migrate.convert.keras_files._rebuild", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(GOLDEN / "images.ckpt", tmp_path / "m.keras", like=tmp_path / "m.keras", force=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_from_keras_files_back_into_a_checkpoint(tmp_path):
    model = images()
    load_into(model, GOLDEN / "images.ckpt")
    model.save(tmp_path / "m.keras")
    aside = ["*Adam*", "*Average", "beta?_power", "global_step"]
    convert(tmp_path / "m.keras", tmp_path / "back", like=GOLDEN / "images.ckpt", keep=aside)
    with open_source(tmp_path / "back") as back, open_source(GOLDEN / "images.ckpt") as first:
        for name in first.specs:
            np.testing.assert_array_equal(back.read(name), first.read(name), err_msg=name)


def test_keras_3_names_cannot_contain_a_slash(tmp_path):
    convert(GOLDEN / "images.ckpt", tmp_path / "flat.weights.h5", skip=["net/sep/*", "net/dw/*", "net/up/*"])
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)), L.Conv2D(4, 3, name="net_conv1"), L.BatchNormalization(name="net_bn1"),
            L.Conv2D(20, 1), L.Flatten(), L.Dense(245), L.Dense(7, name="net_fc1"), L.LayerNormalization(name="net_ln"),
            L.Dense(2, name="net_fc2"),
        ]
    )  # fmt: skip
    keep = ["sequential*/conv2d*/*", "sequential*/dense*/*"]
    report = load_into(model, tmp_path / "flat.weights.h5", keep=keep)
    assert {row.targets[0].split("/", 1)[1] for row in report.name_map.rows} == {
        row.sources[0] for row in report.name_map.rows
    }


def test_load_weights_of_a_checkpoint(tmp_path):
    model = images()
    with pytest.raises(ValueError, match="supports"):
        model.load_weights(GOLDEN / "images.ckpt")
    load_into(model, GOLDEN / "images.ckpt")
    check_images(model)


def test_shapes_that_do_not_fit_are_an_error(tmp_path):
    write(tmp_path / "m", {"a/dense/kernel": np.ones((3, 4), "f"), "a/dense/bias": np.ones(4, "f")})
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, name="dense")])
    with pytest.raises(MappingError, match=r"a/dense/kernel \(3, 4\).*dense/kernel \(4, 4\)"):
        load_into(model, tmp_path / "m")


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.05, epsilon=1e-8),
    "momentum": lambda: keras.optimizers.SGD(0.05, 0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_with_the_optimizers_slots(trains, name):
    data = recorded(name)
    model = keras.Sequential([keras.Input((3,)), L.Dense(4, "tanh", name="hidden"), L.Dense(2, name="out")])
    model.compile(OPTIMIZERS[name](), loss=lambda y_true, y: keras.ops.mean(y**2))
    model.optimizer.build(model.trainable_variables)
    report = load_into(model, GOLDEN / f"{name}.ckpt")
    assert not [left for left in report.name_map.left_out if "Adam" in left or "Momentum" in left]
    target = np.zeros((6, 2), "f")
    losses = [float(model.train_on_batch(data["x"], target)) for _ in range(5)]
    np.testing.assert_allclose(losses, data["losses"], rtol=1e-4, atol=1e-6)
    assert int(model.optimizer.iterations) == 8


def test_a_model_of_v1_variables_takes_them_by_name(tmp_path):
    """Inside `track_v1_variables` layers lie as in TensorFlow 1: nothing is split, and no constant is folded in."""
    import onevar.v1 as tf
    from onevar.keras import track_v1_variables

    class Tracked(keras.Model):
        @track_v1_variables
        def call(self, x):
            rnn = tf.nn.rnn_cell
            two = rnn.MultiRNNCell([rnn.BasicLSTMCell(4), rnn.BasicLSTMCell(4)])
            return tf.nn.dynamic_rnn(two, x, dtype=tf.float32, scope="lstm")[0]

    model, data = Tracked(), recorded("cells")
    model(data["x"])
    report = load_into(model, GOLDEN / "cells.ckpt", skip=["[!l]*"])
    assert {row.why for row in report.name_map.rows} == {"name"}
    got = keras.ops.convert_to_numpy(model(data["x"]))
    np.testing.assert_allclose(got, data["lstm"], rtol=1e-4, atol=1e-5)
    model.save_weights(tmp_path / "m.weights.h5")
    convert(tmp_path / "m.weights.h5", tmp_path / "back", like=GOLDEN / "cells.ckpt", keep=["[!l]*"])
    with open_source(tmp_path / "back") as back, open_source(GOLDEN / "cells.ckpt") as first:
        for name in first.specs:
            np.testing.assert_array_equal(back.read(name), first.read(name))


def nested():
    """The outer layer is made first, so that it is `dense`, and the first one that is computed `dense_2`."""
    keras.backend.clear_session()
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(4)(L.Dense(4)(L.Dense(4)(x))))


def test_layers_made_in_another_order_than_computed():
    rng = np.random.default_rng(0)
    kernels = [rng.normal(size=(4, 4)).astype("f") for _ in range(3)]
    x = rng.normal(size=(2, 4)).astype("f")
    arrays = {f"w{at}": kernel for at, kernel in enumerate(kernels)}
    arrays |= {f"b{at}": np.zeros(4, "f") for at in range(3)}
    model = nested()
    load_into(model, arrays, source_style="tf1")
    got = keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(got, x @ kernels[0] @ kernels[1] @ kernels[2], rtol=1e-4, atol=1e-5)
    layers = {0: "dense", 1: "dense_1", 2: "dense_2"}
    same = {f"{layers[int(name[1])]}/{'kernel' if name[0] == 'w' else 'bias'}": v for name, v in arrays.items()}
    with pytest.raises(MappingError, match="dense/kernel is dense/kernel by its name, and dense_2/kernel by the order"):
        load_into(model, same, source_style="tf1")


def test_models_in_a_model_say_where_their_layers_are():
    """A generator and a discriminator: Keras leaves their names out of the paths of their variables."""
    a, b = keras.Input((4,)), keras.Input((4,))
    first, second = keras.Model(a, L.Dense(4)(a), name="generator"), keras.Model(b, L.Dense(4)(b), name="critic")
    x = keras.Input((4,))
    model = keras.Model(x, [first(x), second(x)])
    arrays = {f"{scope}/lin/{part}": np.full(shape, value, "f") for value, scope in enumerate(("critic", "generator"))
              for part, shape in (("Matrix", (4, 4)), ("bias", (4,)))}  # fmt: skip
    load_into(model, arrays, source_style="tf1")
    assert [float(np.ravel(w.numpy())[0]) for w in (*first.weights, *second.weights)] == [1, 1, 0, 0]


def test_the_order_of_a_file_that_keeps_none_is_not_gone_by(tmp_path):
    shapes = {"z/kernel": (4, 4), "a/kernel": (4, 4)}
    write(tmp_path / "m.ckpt", {name: np.zeros(shape, "f") for name, shape in shapes.items()})
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, use_bias=False), L.Dense(4, use_bias=False)])
    with pytest.raises(ConversionError, match=r"lists its tensors by name.*keep its \.meta file"):
        load_into(model, tmp_path / "m.ckpt", by_order=True)


def test_a_convolution_over_the_whole_map_into_a_dense_layer():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(2, 2, 3, 5)).astype("f")
    model = keras.Sequential([keras.Input((2, 2, 3)), L.Flatten(), L.Dense(5, use_bias=False)])
    load_into(model, {"fc6/weights": kernel}, source_style="tf1")
    np.testing.assert_array_equal(model.weights[0].numpy(), kernel.reshape(12, 5))

"""Pairs of programs that differ in one thing each: `python verify_pairs.py` compares them and prints what was found.

An old graph of TensorFlow 1 and a new Keras model, both in this process; one line of JSON for each pair.
"""

import contextlib
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from onevar.keras.recording import Recorder as KerasRecorder
from onevar.keras.recording_drive import drive_model
from onevar.migrate.verify import comparison, linking, tape_built, tape_hooks, tape_session
from onevar.migrate.verify.tape import Playback, Tape
from onevar.migrate.verify.trace import Trace

PAIRS = {}
rng = np.random.RandomState(0)
X = rng.randn(8, 6).astype("f")
Y = (X.sum(1) > 0).astype("int32")
PICTURES = rng.randn(4, 6, 6, 3).astype("f")
SEQUENCE = rng.randn(4, 5, 3).astype("f")


def pair(key):
    """Name the cause that a pair provokes; the function returns what builds the graph, and what makes the model."""

    def take(function):
        PAIRS.setdefault(key, []).append(function)
        return function

    return take


def tf():
    import onevar.v1

    return onevar.v1


def feeding(**values):
    """Return placeholders for values, and feed dicts that have them twice."""
    v1 = tf()
    found = {name: v1.placeholder(value.dtype, [None, *value.shape[1:]], name=name) for name, value in values.items()}
    return (*found.values(), [{found[name]: value for name, value in values.items()}] * 2)


def values_only(compute, **values):
    def build():
        *tensors, feeds = feeding(**values)
        return {"outputs": compute(*tensors), "feeds": feeds[:1]}

    return build


def network(*parts, shape=(6,), **compiled):
    def make():
        model = keras.Sequential([keras.Input(shape), *(part() for part in parts)])
        if compiled:
            model.compile(**{name: value() if callable(value) else value for name, value in compiled.items()})
        return model

    return make


def classifier(optimizer=None, hidden=None, loss=None, scale=1.0, outputs=True, last=lambda logits: logits):
    """A graph of two dense layers and cross entropy, trained."""

    def build():
        v1 = tf()
        x, y, feeds = feeding(x=X, y=Y)
        h = (hidden or (lambda t: v1.layers.dense(t, 5, v1.nn.relu, name="first")))(x)
        logits = v1.layers.dense(h, 3, name="second")
        rows = v1.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        value = scale * (loss or (lambda r: v1.reduce_mean(r)))(rows)
        train = (optimizer or v1.train.GradientDescentOptimizer(0.1)).minimize(value)
        built = {"loss": value, "train": train, "feeds": feeds}
        return {**built, "outputs": last(logits)} if outputs else {**built, "outputs": v1.shape(logits)}

    return build


def lazily(make):
    """Let an optimizer be made in the graph."""
    return lambda: classifier(make(tf().train))()


def entropy(**kwargs):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **kwargs)


def twin(optimizer=None, first=None, loss=None, last=None):
    return network(
        first or partial(layers.Dense, 5, "relu"),
        last or partial(layers.Dense, 3),
        optimizer=optimizer or (lambda: keras.optimizers.SGD(0.1)),
        loss=loss or entropy,
    )


class Own(keras.Model):
    """The same network, with a loss of one's own."""

    def __init__(self, loss, hidden=lambda h: h):
        super().__init__()
        self.first, self.second, self.own, self.hidden = layers.Dense(5, "relu"), layers.Dense(3), loss, hidden

    def call(self, x):
        return self.second(self.hidden(self.first(x)))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.own(ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)))


def own(*args):
    def make():
        model = Own(*args)
        model.compile(keras.optimizers.SGD(0.1))
        return model, lambda feeds: (feeds["x"], feeds["y"])

    return make


def dropping(keep, outputs=False):
    """The same graph with dropout."""
    hidden = lambda x: tf().nn.dropout(tf().layers.dense(x, 5, tf().nn.relu, name="first"), keep)  # noqa: E731
    return classifier(hidden=hidden, outputs=outputs)


def thinned(rate):
    return lambda: keras.Sequential([layers.Dense(5, "relu"), layers.Dropout(rate)])


@pair("dropout active")
def _():
    return dropping(0.5, outputs=True), twin(first=thinned(0.5))


@pair("activation")
def _():
    return classifier(), twin(last=partial(layers.Dense, 3, "softmax"))


@pair("activation")
def _():
    old = classifier(hidden=lambda x: tf().layers.dense(x, 5, tf().nn.relu, name="first"))
    return old, twin(first=partial(layers.Dense, 5, "tanh"))


@pair("input")
def _():
    return classifier(), lambda: (twin()(), lambda feeds: (2 * feeds["x"], feeds["y"]))


@pair("unmapped")
def _():
    return classifier(), twin(first=lambda: keras.Sequential([layers.Dense(5, "relu"), layers.Dense(5)]))


@pair("random")
def _():
    return dropping(0.5), twin(first=lambda: keras.Sequential([layers.Dropout(0.5), layers.Dense(5, "relu")]))


@pair("hidden random")
def _():
    def hidden(x):
        v1 = tf()
        h = v1.layers.dense(x, 5, v1.nn.relu, name="first")
        return v1.cond(v1.reduce_sum(x) < 1e9, lambda: v1.nn.dropout(h, 0.5), lambda: h)

    return classifier(hidden=hidden, outputs=False), twin(first=thinned(0.5))


@pair("softmax twice")
def _():
    return classifier(last=lambda logits: tf().nn.softmax(logits)), twin(last=partial(layers.Dense, 3, "softmax"))


@pair("loss clipped")
def _():
    def build():
        v1 = tf()
        x, y, feeds = feeding(x=X, y=np.eye(3, dtype="f")[Y])
        p = v1.nn.softmax(v1.layers.dense(x, 3, kernel_initializer=v1.random_normal_initializer(stddev=5.0, seed=1)))
        loss = v1.reduce_mean(-v1.reduce_sum(y * v1.log(p), axis=1))
        return {
            "outputs": p,
            "loss": loss,
            "train": v1.train.GradientDescentOptimizer(0.1).minimize(loss),
            "feeds": feeds,
        }

    loss = keras.losses.CategoricalCrossentropy
    return build, network(partial(layers.Dense, 3, "softmax"), optimizer=lambda: keras.optimizers.SGD(0.1), loss=loss)


@pair("leaky slope")
def _():
    return values_only(lambda x: tf().nn.leaky_relu(x), x=X), network(layers.LeakyReLU)


@pair("leaky slope")
def _():
    old = classifier(hidden=lambda x: tf().layers.dense(x, 5, tf().nn.leaky_relu, name="first"))
    return old, twin(first=partial(layers.Dense, 5, "relu"))


@pair("gelu")
def _():
    def gelu(x):
        v1 = tf()
        return 0.5 * x * (1 + v1.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * v1.pow(x, 3))))

    return values_only(gelu, x=X), network(partial(layers.Activation, "gelu"))


@pair("softmax axis")
def _():
    return values_only(lambda x: tf().nn.softmax(x, axis=1), x=SEQUENCE), network(layers.Softmax, shape=(5, 3))


@pair("dropout rate")
def _():
    return dropping(0.8), twin(first=thinned(0.8))


def normalized(x, **kwargs):
    return tf().layers.batch_normalization(x, **kwargs)


@pair("batch statistics")
def _():
    old = values_only(lambda x: normalized(x, training=True), x=X + 3)

    def make():
        x = keras.Input((6,))
        return keras.Model(x, layers.BatchNormalization()(x, training=False))

    return old, make


@pair("normalization epsilon")
def _():
    old = values_only(lambda x: normalized(x, training=False), x=X)
    return old, network(partial(layers.BatchNormalization, epsilon=1e-5))


@pair("normalization epsilon")
def _():
    old = values_only(lambda x: tf().contrib.layers.layer_norm(x), x=0.01 * X)
    return old, network(layers.LayerNormalization)


@pair("padding")
def _():
    old = values_only(lambda x: tf().layers.conv2d(x, 4, 3, 2, "same"), x=PICTURES)
    return old, network(partial(layers.ZeroPadding2D, 1), partial(layers.Conv2D, 4, 3, 2), shape=(6, 6, 3))


@pair("padding")
def _():
    old = values_only(lambda x: tf().nn.max_pool(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME"), x=np.abs(PICTURES))
    return old, network(partial(layers.ZeroPadding2D, 1), partial(layers.MaxPooling2D, 3, 2), shape=(6, 6, 3))


@pair("pool border")
def _():
    old = values_only(lambda x: tf().nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"), x=PICTURES)
    return old, network(partial(layers.ZeroPadding2D, 1), partial(layers.AveragePooling2D, 3, 1), shape=(6, 6, 3))


@pair("resize grid")
def _():
    old = values_only(lambda x: tf().image.resize_bilinear(x, [9, 9]), x=PICTURES)
    return old, network(partial(layers.Resizing, 9, 9), shape=(6, 6, 3))


@pair("gate order")
def _():
    def build(x):
        v1 = tf()
        return v1.nn.dynamic_rnn(v1.nn.rnn_cell.BasicLSTMCell(4, forget_bias=0.0), x, dtype=v1.float32)[0]

    return values_only(build, x=SEQUENCE), network(partial(layers.LSTM, 4, return_sequences=True), shape=(5, 3))


class Gates(layers.Layer):
    """An LSTM that splits its kernel as Keras does, though it came from TensorFlow 1."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1] + 4, 16), name="kernel")
        self.bias = self.add_weight(shape=(16,), name="bias")

    def call(self, x):
        h = c = ops.zeros((x.shape[0], 4))
        for t in range(x.shape[1]):
            gates = ops.matmul(ops.concatenate([x[:, t], h], 1), self.kernel) + self.bias
            i, f, j, o = ops.split(gates, 4, axis=1)
            c = ops.sigmoid(f + 1) * c + ops.sigmoid(i) * ops.tanh(j)
            h = ops.sigmoid(o) * ops.tanh(c)
        return h


@pair("gate order")
def _():
    def build(x):
        v1 = tf()
        return v1.nn.static_rnn(v1.nn.rnn_cell.BasicLSTMCell(4), v1.unstack(x, axis=1), dtype=v1.float32)[0][-1]

    return values_only(build, x=SEQUENCE), network(Gates, shape=(5, 3))


class Transposed(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(6, 6), name="kernel")

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.kernel))


@pair("kernel layout")
def _():
    return values_only(lambda x: tf().layers.dense(x, 6, use_bias=False), x=X), network(Transposed)


@pair("flatten order")
def _():
    old = values_only(lambda x: tf().layers.flatten(x), x=PICTURES)
    return old, network(partial(layers.Permute, (3, 1, 2)), layers.Flatten, shape=(6, 6, 3))


@pair("integer division")
def _():
    counts = np.arange(8, dtype="int32").reshape(8, 1)
    old = values_only(lambda n: tf().cast(tf().div(n, 3), tf().float32), n=counts)
    return old, network(partial(layers.Rescaling, 1 / 3), shape=(1,))


@pair("l2 half")
def _():
    def build():
        v1 = tf()
        x, y, feeds = feeding(x=X, y=Y)
        h = v1.layers.dense(x, 5, v1.nn.relu, name="first", kernel_regularizer=v1.contrib.layers.l2_regularizer(0.1))
        logits = v1.layers.dense(h, 3, name="second")
        loss = v1.reduce_mean(v1.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        loss += v1.losses.get_regularization_loss()
        return {
            "outputs": logits,
            "loss": loss,
            "train": v1.train.GradientDescentOptimizer(0.1).minimize(loss),
            "feeds": feeds,
        }

    return build, twin(first=partial(layers.Dense, 5, "relu", kernel_regularizer=keras.regularizers.L2(0.1)))


def smoothed(share):
    """A graph with a penalty beside cross entropy of smoothed labels; and the model, with `share` for its own."""

    def build():
        v1 = tf()
        x, y, feeds = feeding(x=X, y=np.eye(3, dtype="f")[rng.randint(0, 3, 8)])
        h = v1.layers.dense(x, 5, v1.nn.relu, kernel_regularizer=lambda w: 0.1 * v1.nn.l2_loss(w))
        logits = v1.layers.dense(h, 3)
        loss = v1.losses.softmax_cross_entropy(y, logits, label_smoothing=0.1)
        value = loss + v1.losses.get_regularization_loss()
        train = v1.train.GradientDescentOptimizer(0.1).minimize(value)
        return {"loss": value, "train": train, "feeds": feeds, "outputs": v1.shape(logits)}

    first = partial(layers.Dense, 5, "relu", kernel_regularizer=keras.regularizers.L2(0.05))
    return build, twin(first=first, loss=partial(share, from_logits=True))


@pair("label smoothing")
def _():
    return smoothed(partial(keras.losses.CategoricalCrossentropy, label_smoothing=0.2))


@pair("loss reduction")
def _():
    return smoothed(partial(keras.losses.CategoricalCrossentropy, label_smoothing=0.1, reduction="sum"))


@pair("loss reduction")
def _():
    return classifier(), twin(loss=partial(entropy, reduction="sum"))


@pair("precision")
def _():
    wide = 1e8 + rng.rand(8, 6)
    old = values_only(lambda x: x - tf().reduce_mean(x, axis=1, keepdims=True), x=wide)

    class Centred(layers.Layer):
        def call(self, x):
            return x - ops.mean(x, axis=1, keepdims=True)

    return old, network(Centred)


@pair("gradient stopped")
def _():
    return classifier(), own(lambda loss: loss, ops.stop_gradient)


@pair("gradient scale")
def _():
    return classifier(), own(lambda loss: 2 * loss - ops.stop_gradient(loss))


@pair("not tracked")
def _():
    return classifier(), twin(first=partial(layers.Dense, 5, "relu", trainable=False))


class Frozen(layers.Layer):
    """Batch normalization that forgets to move its statistics."""

    def build(self, shape):
        for name, value, trains in (
            ("gamma", 1, True),
            ("beta", 0, True),
            ("moving_mean", 0, False),
            ("moving_variance", 1, False),
        ):
            start = keras.initializers.Constant(value)
            setattr(self, name, self.add_weight(shape=shape[-1:], name=name, initializer=start, trainable=trains))

    def call(self, x):
        mean, variance = ops.moments(x, axes=0)
        return (x - mean) / ops.sqrt(variance + 1e-3) * self.gamma + self.beta


def trained_statistics(**kwargs):
    """A graph that normalizes, updates its statistics, and trains."""

    def build():
        v1 = tf()
        pictures = kwargs.pop("pictures", None)
        x, y, feeds = feeding(x=X if pictures is None else pictures, y=Y if pictures is None else Y[:4])
        h = v1.layers.flatten(v1.layers.batch_normalization(x, training=True, name="norm", **kwargs))
        logits = v1.layers.dense(h, 3, name="second")
        loss = v1.reduce_mean(v1.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        with v1.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            return {"loss": loss, "train": v1.train.GradientDescentOptimizer(0.1).minimize(loss), "feeds": feeds}

    return build


@pair("moving statistics not updated")
def _():
    return trained_statistics(), twin(first=Frozen)


@pair("normalization momentum")
def _():
    return trained_statistics(), twin(first=partial(layers.BatchNormalization, momentum=0.9))


@pair("biased variance")
def _():
    parts = layers.BatchNormalization, layers.Flatten, partial(layers.Dense, 3)
    new = network(*parts, shape=(2, 2, 3), optimizer=lambda: keras.optimizers.SGD(0.1), loss=entropy)
    return trained_statistics(pictures=PICTURES[:, :2, :2]), new


@pair("Adam epsilon")
def _():
    old = lambda: classifier(tf().train.AdamOptimizer(0.01), scale=1e-6)()  # noqa: E731

    def make():
        model = Own(lambda loss: 1e-6 * loss)
        model.compile(keras.optimizers.Adam(0.01))
        return model, lambda feeds: (feeds["x"], feeds["y"])

    return old, make


@pair("RMSProp slot")
def _():
    return lazily(lambda train: train.RMSPropOptimizer(0.01)), twin(lambda: keras.optimizers.RMSprop(0.01))


@pair("Adagrad start")
def _():
    new = twin(lambda: keras.optimizers.Adagrad(0.1, initial_accumulator_value=1.0))
    return lazily(lambda train: train.AdagradOptimizer(0.1)), new


@pair("learning rate")
def _():
    return classifier(), twin(lambda: keras.optimizers.SGD(0.3))


@pair("weight decay")
def _():
    return classifier(), twin(lambda: keras.optimizers.SGD(0.1, weight_decay=0.1))


@pair("clipping")
def _():
    return classifier(), twin(lambda: keras.optimizers.SGD(0.1, clipvalue=0.01))


@pair("clipping")
def _():
    return classifier(), twin(lambda: keras.optimizers.SGD(0.1, clipnorm=0.05))


@pair("nesterov")
def _():
    new = twin(lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True))
    return lazily(lambda train: train.MomentumOptimizer(0.1, 0.9)), new


@pair("nothing")
def _():
    return classifier(), twin()


@pair("nothing")
def _():
    old = lazily(lambda train: train.MomentumOptimizer(0.1, 0.9))
    return old, twin(lambda: keras.optimizers.SGD(0.1, momentum=0.9))


@pair("nothing")
def _():
    return dropping(0.8), twin(first=thinned(0.2))


@pair("nothing")
def _():
    def build(x):
        v1 = tf()
        return v1.nn.dynamic_rnn(v1.nn.rnn_cell.BasicLSTMCell(4), x, dtype=v1.float32)[0]

    return values_only(build, x=SEQUENCE), network(partial(layers.LSTM, 4, return_sequences=True), shape=(5, 3))


@pair("nothing")
def _():
    old = values_only(lambda x: tf().layers.conv2d(x, 4, 3, 2, "same", activation=tf().nn.relu), x=PICTURES)
    return old, network(partial(layers.Conv2D, 4, 3, 2, "same", activation="relu"), shape=(6, 6, 3))


class Pairs:
    """Records both programs of a pair, and compares."""

    def __init__(self):
        self.notes = tape_hooks.Notes()
        self.tf, session = tape_hooks.install_onevar(self.notes, tape_hooks.Elsewhere(tempfile.gettempdir()))
        self.real, pairs = session.run, self

        def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
            return pairs.recorder.run(self, fetches, feed_dict, (), {})

        session.run = run
        self.keras = KerasRecorder(None, None, 2, 1, partial(linking.links, given={}, style="keras"), None)
        self.keras.install()

    def old(self, build, folder):
        tape = Tape(str(folder))
        tape.contents.update(program="old.py", kind="v1", runtime="onevar")
        self.recorder = tape_session.Recorder(tape, self.notes, Playback(None), tape_session.Settings(2, 1), self.real)
        tape_built.run_built(build, self.tf, 2, Playback(None))
        tape.close()

    def new(self, make, folder, old):
        tape, recorder = Tape(str(folder)), self.keras
        tape.contents.update(program="new.py", kind="keras", runtime="keras", style="keras")
        recorder.tape, recorder.playback = tape, Playback(str(old))
        recorder.trained, recorder.busy, recorder.begun, recorder.used, recorder.links = 0, False, [], set(), []
        tape_hooks.seed_all()
        drive_model(make(), recorder)
        tape.close()

    def compare(self, function):
        with tempfile.TemporaryDirectory() as temporary:
            folders = Path(temporary) / "old", Path(temporary) / "new"
            for folder in folders:
                folder.mkdir()
            build, make = function()
            self.old(build, folders[0])
            self.new(make, folders[1], folders[0])
            return comparison.compare(Trace(folders[0]), Trace(folders[1]))


def main():
    chosen = sys.argv[1:]
    pairs = Pairs()
    for key, functions in PAIRS.items():
        for number, function in enumerate(functions):
            if chosen and key not in chosen:
                continue
            with contextlib.redirect_stdout(sys.stderr):
                report = pairs.compare(function)
            print(json.dumps({"key": key, "number": number, **report.as_data()}), flush=True)


if __name__ == "__main__":
    main()

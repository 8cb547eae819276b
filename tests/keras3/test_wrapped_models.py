"""TensorFlow 1 models, wrapped as Keras 3 models, train as they did: from one checkpoint, step for step."""

from itertools import islice

import keras
import numpy as np
import pytest
from wrapped_models import MODELS

import onevar.v1 as tf
from onevar.migrate.convert import load_into

STEPS = 10


@pytest.fixture(params=MODELS)
def kind(request):
    return MODELS[request.param]


def v1_training(kind, folder):
    """Train the v1 program; return its batches, losses and final weights, and where its first weights are."""
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        net = kind.v1()
        loss = net.losses[0][0]
        saver = tf.train.Saver(tf.trainable_variables() + moving_averages())
        feeds = list(islice(kind.batches(net), STEPS))
        with tf.Session(backend=keras.backend.backend()) as sess:
            sess.run(tf.global_variables_initializer())
            saver.save(sess, str(folder / "initial"), write_meta_graph=False)
            losses = [sess.run([loss, net.train[0]], feed)[0] for feed in feeds]
            weights = {v.op.name: sess.run(v) for v in tf.trainable_variables()}
        return [kind.data(net, feed) for feed in feeds], losses, weights, str(folder / "initial")


def moving_averages():
    return [v for v in tf.global_variables() if "moving_" in v.op.name]


class Losses(keras.callbacks.Callback):
    """The loss of each step; Keras shows the mean since the epoch began."""

    def on_train_begin(self, logs=None):
        self.seen, self.means = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.means.append(float(logs["loss"]))
        before = self.means[-2] * (len(self.means) - 1) if len(self.means) > 1 else 0.0
        self.seen.append(self.means[-1] * len(self.means) - before)


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def fitted(model, batches):
    losses = Losses()
    model.fit(Batches(batches), shuffle=False, epochs=1, verbose=0, callbacks=[losses])
    return losses.seen


def begun(kind, batch, weights):
    model = kind()
    model(batch[0])
    if weights is not None:
        load_into(model, weights)
    model.prepare()
    return model


def test_fit_gives_the_losses_of_the_v1_training_and_goes_on_when_loaded(kind, trains, tmp_path):
    batches, losses, weights, initial = v1_training(kind, tmp_path)
    model = begun(kind, batches[0], initial)
    first = fitted(model, batches[: STEPS // 2])
    model.save_weights(tmp_path / "half.weights.h5")
    again = begun(kind, batches[0], None)
    again.optimizer.build(again.trainable_variables)
    again.load_weights(tmp_path / "half.weights.h5")
    np.testing.assert_allclose([*first, *fitted(again, batches[STEPS // 2 :])], losses, rtol=1e-3, atol=1e-3)
    trained = {v.v1_name: keras.ops.convert_to_numpy(v) for v in again.trainable_variables}
    assert trained.keys() == weights.keys()
    for name, value in trained.items():
        np.testing.assert_allclose(value, weights[name], atol=2e-3, err_msg=name)

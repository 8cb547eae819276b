"""Models of `examples/v1` as people wrap them: the v1 code stays as it is, in the `call` of a Keras 3 model."""

from pathlib import Path

import keras
import numpy as np

from onevar.keras import track_v1_variables
from onevar.migrate.program import Program
from onevar.migrate.redirect import redirected

EXAMPLES = Path(__file__).parents[2] / "examples" / "v1"

with redirected(Program(str(EXAMPLES))):
    import sys

    sys.path.insert(0, str(EXAMPLES))
    import cnn
    import lstm_dynamic
    import lstm_static
    import recommender
    import transformer


class Cnn(keras.Model):
    v1 = staticmethod(lambda: cnn.model(rate=0.0))  # dropout's numbers are another matter
    batches = staticmethod(cnn.batches)

    @track_v1_variables
    def call(self, images, training=False):
        return cnn.network(images, training, rate=0.0)

    @staticmethod
    def data(net, feeds):
        return feeds[net.images], feeds[net.labels]

    def prepare(self):
        rate = keras.optimizers.schedules.ExponentialDecay(2e-3, 100, 0.8, staircase=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.compile(optimizer=keras.optimizers.Adam(rate, epsilon=1e-8), loss=loss)


class LstmStatic(keras.Model):
    v1 = staticmethod(lstm_static.model)
    batches = staticmethod(lstm_static.batches)

    @track_v1_variables
    def call(self, x):
        return lstm_static.network(x)

    @staticmethod
    def data(net, feeds):
        return feeds[net.x], feeds[net.y]

    def prepare(self):
        from onevar.keras.optimizers import RMSprop  # TensorFlow 1's, whose mean square begins at one

        self.compile(optimizer=RMSprop(0.002), loss=keras.losses.CategoricalCrossentropy(from_logits=True))


class LstmDynamic(keras.Model):
    v1 = staticmethod(lstm_dynamic.model)

    @staticmethod
    def batches(net):
        """Lines of any length, on tables of one width: JAX compiles for each."""
        for feeds in lstm_dynamic.batches(net):
            pad = ((0, 0), (0, 59 - feeds[net.inputs].shape[1]))
            tables = {net.inputs: np.pad(feeds[net.inputs], pad), net.targets: np.pad(feeds[net.targets], pad)}
            yield {**feeds, **tables, net.keep: 1.0}

    @track_v1_variables
    def call(self, x):
        logits, _ = lstm_dynamic.network(x["inputs"], x["lengths"], 1.0)
        return logits

    @track_v1_variables
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return lstm_dynamic.cross_entropy(y_pred, y, x["lengths"])

    @staticmethod
    def data(net, feeds):
        return {"inputs": feeds[net.inputs], "lengths": feeds[net.lengths]}, feeds[net.targets]

    def prepare(self):
        self.compile(optimizer=keras.optimizers.Adam(0.005, epsilon=1e-8, global_clipnorm=1.0))


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        now = keras.ops.cast(step, "float32") + 1.0
        return transformer.WIDTH**-0.5 * keras.ops.minimum(now**-0.5, now * 20.0**-1.5) * 0.1


class Transformer(keras.Model):
    v1 = staticmethod(transformer.model)
    batches = staticmethod(transformer.batches)

    @track_v1_variables
    def call(self, tokens):
        return transformer.network(tokens)

    @track_v1_variables
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return transformer.cross_entropy(y_pred, y)

    @staticmethod
    def data(net, feeds):
        return feeds[net.tokens][:, :-1], feeds[net.tokens][:, 1:]

    def prepare(self):
        self.compile(optimizer=keras.optimizers.Adam(Warmup(), beta_2=0.98, epsilon=1e-9))


class Recommender(keras.Model):
    v1 = staticmethod(recommender.model)
    batches = staticmethod(recommender.batches)

    @track_v1_variables
    def call(self, x):
        score, loss = recommender.network(x["user"], x["item"], x["label"])
        self.add_loss(loss)
        return score

    @staticmethod
    def data(net, feeds):
        return ({"user": feeds[net.user], "item": feeds[net.item], "label": feeds[net.label]},)

    def prepare(self):
        # TensorFlow's has no epsilon; the accumulator, which begins at 0.1, keeps it from dividing by zero.
        self.compile(optimizer=keras.optimizers.Adagrad(0.2, initial_accumulator_value=0.1, epsilon=1e-30))


MODELS = {kind.__name__: kind for kind in (Cnn, LstmStatic, LstmDynamic, Transformer, Recommender)}

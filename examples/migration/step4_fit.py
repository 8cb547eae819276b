"""Read handwritten digits with a small convolutional network: Keras 3 as people write it now, on torch.

onevar convert DIR/initial initial.weights.h5 --like step4_fit.py:network
python step4_fit.py --weights initial.weights.h5        # KERAS_BACKEND=jax and tensorflow work as well
"""

import argparse
import json
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits


def network():
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", name="conv2"),
            layers.Flatten(),
            layers.Dense(
                10,
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
                kernel_regularizer=keras.regularizers.L2(1e-3 / 2),  # tf.nn.l2_loss is half of the sum of squares
                name="output",
            ),
        ]
    )


class Batches(keras.utils.PyDataset):
    """The batches that the TensorFlow 1 script drew."""

    def __init__(self, images, labels, steps, size):
        super().__init__()
        order = np.random.RandomState(0)
        self.chosen = [order.randint(0, 1400, size) for _ in range(steps)]
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.chosen)

    def __getitem__(self, index):
        return self.images[self.chosen[index]], self.labels[self.chosen[index]]


class Losses(keras.callbacks.Callback):
    """The loss of each step. Keras shows the mean since the epoch began."""

    def on_train_begin(self, logs=None):
        self.seen, self.sum = [], 0.0

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        self.seen.append(float(total - self.sum))
        self.sum = total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", help="Where to begin.")
    parser.add_argument("--train_dir", default="/tmp/digits")
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()

    digits = load_digits()
    images = (digits.images[..., None] / 16.0).astype("float32")
    labels = digits.target.astype("int64")

    model = network()
    if options.weights:
        model.load_weights(options.weights)
    rate = keras.optimizers.schedules.ExponentialDecay(0.005, 20, 0.5, staircase=True)
    model.compile(
        optimizer=keras.optimizers.Adam(rate, epsilon=1e-8),  # TensorFlow 1's epsilon
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    losses = Losses()
    model.fit(Batches(images, labels, options.steps, 64), shuffle=False, verbose=0, callbacks=[losses])
    model.save(os.path.join(options.train_dir, "model.keras"))
    _, accuracy = model.evaluate(images[1400:], labels[1400:], batch_size=1000, verbose=0)
    print("test accuracy %.4f" % accuracy)
    with open(os.path.join(options.train_dir, "losses.json"), "w") as file:
        json.dump({"losses": losses.seen, "accuracy": accuracy}, file)


if __name__ == "__main__":
    main()

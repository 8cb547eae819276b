"""Layers of TensorFlow 1 and the layers of Keras that they become give the same numbers from the same weights."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from layer_cases import CASES, inputs
from rewriting import STRIDE, Rewriting

GOLDEN = np.load(Path(__file__).parent / "golden" / "layers.npz")
#: TensorFlow's names of weights, and Keras's.
WEIGHTS = {"weights": "kernel", "biases": "bias", "depthwise_weights": "depthwise_kernel"}


def recorded(text):
    return {key.rpartition("|")[2]: GOLDEN[key] for key in GOLDEN.files if key.startswith(f"{text}|")}


def made(result, values):
    """Return the layers and the value of a rewritten expression."""
    names = {**values, "training": True}
    for line in result.imports:
        exec(line, names)
    names["made"] = [eval(factory, names) for factory in result.layers]
    eval(result.text, names)
    return names


def difference(text, values):
    """Return what is wrong with what a layer becomes; None: nothing."""
    result, golden = Rewriting(text), recorded(text)
    if result.left or "tf." in result.text or "slim" in result.text:
        return f"{text} stays: {result}"
    names = made(result, values)
    theirs = {WEIGHTS.get(name, name): value for name, value in golden.items()}
    for layer in names["made"]:
        for weight in layer.weights:
            if weight.path.split("/")[-1] != "seed_generator_state":
                weight.assign(theirs.pop(weight.name))
    unused = [name for name in theirs if name not in ("result", "losses") and not name.startswith("after ")]
    if unused:
        return f"{text}: {unused} have no place"
    ours = ops.convert_to_numpy(eval(result.text, names))
    losses = [ops.convert_to_numpy(loss) for layer in names["made"] for loss in layer.losses]
    try:
        np.testing.assert_allclose(ours, golden["result"], rtol=1e-4, atol=2e-5)
        np.testing.assert_allclose(losses, golden["losses"], rtol=1e-5, atol=1e-6)
        for layer in names["made"]:
            averages(text, layer, golden, ours.size // ours.shape[-1])
    except AssertionError as error:
        return f"{text} -> {result.layers} {result.text}: {error}"
    return None


def averages(text, layer, golden, count):
    """Compare moving averages; TensorFlow's fused kernels count n - 1 values in a variance, as the notes say."""
    for weight in layer.non_trainable_weights:
        after = golden.get(f"after {weight.name}")
        if after is None:
            continue
        ours, before = ops.convert_to_numpy(weight), golden[weight.name]
        if "variance" in weight.name and ("contrib" in text or "img" in text) and not np.array_equal(after, before):
            kept = layer.momentum * before
            after = kept + (after - kept) * (count - 1) / count
        np.testing.assert_allclose(ours, after, rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
@pytest.mark.parametrize("part", range(4))
def test_layers_and_what_they_become_are_equal(part):
    values = {name: ops.convert_to_tensor(array) for name, array in inputs().items()}
    wrong = [difference(text, values) for text in CASES[part :: 4 * STRIDE]]
    assert not [one for one in wrong if one]


def test_batch_norm_moves_its_averages_in_fit(trains):
    """BN in shim: what `tf.layers.batch_normalization(x, training=...)` becomes moves its averages."""
    result = Rewriting("tf.layers.batch_normalization(x, momentum=0.5, training=training)", before="training = True\n")
    names = {"keras": keras}
    layer = eval(result.layers[0], names)
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.full((8, 3), 10.0, "float32"), np.zeros((8, 1)), batch_size=8, epochs=3, verbose=0)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_mean), 8.75, rtol=1e-5, atol=1e-6)

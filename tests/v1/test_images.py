"""tf.image against what TensorFlow made of the same images, and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from image_programs import FLOATS, REFUSED, programs, refusal, values

import onevar.v1 as tf
from onevar import use_backend

HERE = Path(__file__).parent / "golden"
ARRAYS = dict(np.load(HERE / "images.npz"))
REFUSALS = json.loads((HERE / "images.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", programs(tf))
def test_same_as_tensorflow(name):
    with use_backend("numpy"):
        found = values(tf, programs(tf)[name])
    assert f"{name}|{len(found)}" not in ARRAYS
    for number, array in enumerate(found):
        expected = ARRAYS[f"{name}|{number}"]
        assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=2e-5 * max(1, np.abs(expected).max(initial=0)))


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_as_tensorflow_does(name):
    with use_backend("numpy"):
        assert refusal(tf, REFUSED(tf)[name]) == REFUSALS[name]


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_an_input_pipeline_on_every_backend(backend):
    pytest.importorskip(backend)
    expected = [ARRAYS[f"{name} of several|0"] for name in ("hue", "contrast", "per_image_standardization")]
    with tf.Graph().as_default(), tf.Session(backend=backend) as session:
        tf.set_random_seed(7)
        x = tf.placeholder(tf.float32, [None, None, None, 3])
        made = [tf.image.adjust_hue(x, 0.3), tf.image.adjust_contrast(x, 1.7), tf.image.per_image_standardization(x)]
        for _ in range(3):
            found = session.run(made, {x: FLOATS})
    for array, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(array, wanted, rtol=1e-4, atol=1e-5)


def test_gradients_of_crops_and_sizes():
    torch = pytest.importorskip("torch")
    with tf.Graph().as_default(), tf.Session(backend="torch") as session:
        x = tf.placeholder(tf.float32, [None, 7, 9, 3])
        boxes = tf.placeholder(tf.float32, [None, 4])
        crops = tf.image.crop_and_resize(x, boxes, [0, 1], [3, 4])
        halves = tf.image.resize_bilinear(x, [14, 18], half_pixel_centers=True)
        total = tf.reduce_sum(crops * crops) + tf.reduce_sum(halves * halves)
        feeds = {x: FLOATS, boxes: [[0.1, 0.2, 0.63, 0.7], [0.3, 0.1, 0.81, 0.57]]}
        slope = session.run(tf.gradients(total, [x, boxes]), feeds)
        assert torch.is_tensor(torch.as_tensor(slope[0]))
        for index in ((0, 2, 3, 1), (1, 4, 4, 0)):
            near = [FLOATS.copy(), FLOATS.copy()]
            near[0][index] += 1e-2
            near[1][index] -= 1e-2
            high, low = (session.run(total, {**feeds, x: value}) for value in near)
            np.testing.assert_allclose(slope[0][index], (high - low) / 2e-2, rtol=2e-2)
    assert slope[1].shape == (2, 4)

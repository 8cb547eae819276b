"""Programs that read records and work on images: files of examples, sequences, augmented and resized batches."""

import os
import tempfile
from typing import Any

import numpy as np

from onevar.conformance.v1_table import program, thrice

_IMAGES = np.random.default_rng(3).random((2, 4, 5, 3), np.float32)
_BOXES = np.array([[0.1, 0.2, 0.63, 0.7], [0.3, 0.1, 0.81, 0.57]], np.float32)


def _example(tf: Any, number: int) -> bytes:
    train = tf.train
    row = np.random.default_rng(number).random(3, np.float32)
    features = {
        "x": train.Feature(float_list=train.FloatList(value=row.tolist())),
        "label": train.Feature(int64_list=train.Int64List(value=[number % 2])),
        "tags": train.Feature(bytes_list=train.BytesList(value=[b"a", b"bb"][: number % 3])),
    }
    return train.Example(features=train.Features(feature=features)).SerializeToString()


@program("V1-107", needs=("gradients",))
def examples_from_a_file(tf: Any) -> Any:
    """Examples are written, read back, parsed in batches, and trained on."""
    serialized = tf.placeholder(tf.string, [None])
    features = {
        "x": tf.FixedLenFeature([3], tf.float32),
        "label": tf.FixedLenFeature([], tf.int64),
        "tags": tf.VarLenFeature(tf.string),
        "weight": tf.FixedLenFeature([1], tf.float32, default_value=[0.5]),
    }
    parsed = tf.parse_example(serialized, features)
    weights = tf.Variable([[0.1], [0.2], [0.3]])
    error = (tf.matmul(parsed["x"], weights) - tf.cast(parsed["label"], tf.float32)[:, None]) * parsed["weight"]
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(error * error))
    found = []
    with tempfile.TemporaryDirectory() as folder, tf.Session() as session:
        path = os.path.join(folder, "examples")
        with tf.python_io.TFRecordWriter(path, tf.python_io.TFRecordOptions("GZIP")) as writer:
            for number in range(6):
                writer.write(_example(tf, number))
        records = list(tf.python_io.tf_record_iterator(path, tf.python_io.TFRecordOptions("GZIP")))
        session.run(tf.global_variables_initializer())
        for start in (0, 3, 0):
            batch = {serialized: records[start : start + 3]}
            session.run(step, batch)
            found.append(session.run([weights, parsed["tags"].indices, parsed["tags"].dense_shape], batch))
    return found


@program("V1-108")
def sequences_and_numbers_in_text(tf: Any) -> Any:
    """Sequences of features become padded tensors; lines of CSV and raw bytes become numbers."""
    train = tf.train
    steps = [train.Feature(int64_list=train.Int64List(value=[i, i * i])) for i in range(3)]
    example = train.SequenceExample(
        context=train.Features(feature={"n": train.Feature(int64_list=train.Int64List(value=[3]))}),
        feature_lists=train.FeatureLists(feature_list={"y": train.FeatureList(feature=steps)}),
    )
    context, lists = tf.parse_single_sequence_example(
        example.SerializeToString(),
        {"n": tf.FixedLenFeature([], tf.int64)},
        {"y": tf.FixedLenSequenceFeature([2], tf.int64)},
    )
    columns = tf.decode_csv(["1,2.5,9", '3,,"4"'], [[0], [7.0], [0]])
    raw = tf.decode_raw([b"\x01\x00\x02\x00", b"\xff\xff\x00\x01"], tf.int16)
    with tf.Session() as session:
        return session.run([context["n"], lists["y"], columns, tf.cast(raw, tf.int32) * 2])


@program("V1-109")
def augmented_images(tf: Any) -> Any:
    """What images are distorted by is TensorFlow's by the seeds, run after run, in one plan with what is computed."""
    tf.set_random_seed(11)
    x = tf.placeholder(tf.float32, [2, 4, 5, 3])
    one = tf.image.random_flip_left_right(x[0], seed=1)
    one = tf.image.random_brightness(tf.image.random_contrast(one, 0.5, 1.5, seed=2), 0.3, seed=3)
    colored = tf.image.random_saturation(tf.image.random_hue(x, 0.2, seed=4), 0.5, 1.5, seed=5)
    cropped = tf.random_crop(x, [2, 3, 3, 3], seed=6)
    begin, size, _ = tf.image.sample_distorted_bounding_box([4, 5, 3], _BOXES[None], seed=7, min_object_covered=0.2)
    with tf.Session() as session:
        return thrice(session, [one, colored, cropped, begin, size], {x: _IMAGES})


@program("V1-110", needs=("gradients",))
def resized_images(tf: Any) -> Any:
    """Images on every pixel grid, cropped, padded, standardized, recoloured; gradients through them."""
    x = tf.placeholder(tf.float32, [None, 4, 5, 3])
    image = tf.image
    made = [image.resize_images(x, [6, 3], method, align_corners=True) for method in (0, 2)]
    made += [
        image.resize_bilinear(x, [3, 7], half_pixel_centers=True),
        image.crop_and_resize(x, _BOXES, [0, 1], [3, 4]),
        image.resize_image_with_crop_or_pad(x, 3, 7),
        image.per_image_standardization(x),
        image.hsv_to_rgb(image.rgb_to_hsv(x)),
        tf.extract_image_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
    ]
    total = tf.add_n([tf.reduce_sum(tensor * tensor) for tensor in made])
    with tf.Session() as session:
        return thrice(session, [made, tf.gradients(total, x)[0]], {x: _IMAGES})

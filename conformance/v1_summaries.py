"""Programs that summarise: what is in the summaries, what they are called, and what is refused."""

import io
from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program


def _x(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _pixels(data: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)))


def _value(value: Any) -> list[Any]:
    """What one value of a summary holds; pictures as pixels, because two encoders write different files."""
    kind = value.WhichOneof("value")
    held = getattr(value, kind)
    if kind == "histo":
        limits = [float(f"{limit:.9g}") for limit in held.bucket_limit]
        seen: Any = [held.min, held.max, held.num, held.sum, held.sum_squares, limits, list(held.bucket)]
    elif kind == "image":
        seen = [held.height, held.width, held.colorspace, _pixels(held.encoded_image_string)]
    elif kind == "audio":
        seen = [held.sample_rate, held.num_channels, held.length_frames, held.content_type]
        seen.append(np.frombuffer(held.encoded_audio_string, np.uint8))
    elif kind == "tensor":
        seen = [held.dtype, [d.size for d in held.tensor_shape.dim], held.tensor_content.hex()]
        seen += [one.decode() for one in held.string_val]
    else:
        seen = held
    metadata = value.metadata
    return [value.tag, kind, seen, metadata.plugin_data.plugin_name, metadata.display_name]


def _held(tf: Any, serialized: bytes) -> list[Any]:
    return [_value(value) for value in tf.Summary.FromString(serialized).value]


def _built(tf: Any) -> list[str]:
    return [f"{op.type} {op.name}" for op in tf.get_default_graph().get_operations()]


@program("V1-93")
def kinds_of_summaries(tf: Any) -> Any:
    """Numbers, histograms, pictures, sounds, texts and tensors, merged."""
    pictures = _x(4, 5, 6, 3)
    pictures[0, 1, 1, 0], pictures[1, 0, 0, 2] = np.nan, np.inf
    with tf.name_scope("outer"):
        tf.summary.scalar("a number", tf.constant(1.5), family="fam")
        tf.summary.scalar("whole", tf.constant(7, tf.int64))
        tf.summary.histogram("spread", tf.constant(_x(300)))
    tf.summary.histogram("whole", tf.constant([-3, 0, 0, 5, 400]))
    tf.summary.histogram("nothing", tf.zeros([0]))
    tf.summary.image("pictures", tf.constant(pictures), max_outputs=2)
    tf.summary.image("bright", tf.constant(np.abs(_x(1, 3, 3, 1))), max_outputs=1)
    tf.summary.image("half", tf.constant(np.abs(_x(1, 3, 3, 4)).astype(np.float16)), max_outputs=1)
    tf.summary.image("bytes", tf.constant(np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)))
    tf.summary.audio("sound", tf.constant(_x(2, 9)), 8000.0)
    tf.summary.audio("stereo", tf.constant(_x(1, 7, 2)), 44100, max_outputs=1)
    tf.summary.text("words", tf.constant(["one", "two"]))
    tf.summary.tensor_summary("whole_tensor", tf.constant([[1.0, 2.0]]), display_name="shown")
    collected = [tensor.name for tensor in tf.get_collection(tf.GraphKeys.SUMMARIES)]
    merged = tf.summary.merge_all(name="all")
    none = tf.summary.merge_all(key="nothing") is None
    with tf.Session() as session:
        return [_built(tf), collected, none, [_held(tf, session.run(merged)) for _ in range(2)]]


@program("V1-93")
def refused_summaries(tf: Any) -> Any:
    """What is no number, has the wrong shape, or the same tag twice, in TensorFlow's words."""
    summary, constant = tf.summary, tf.constant
    cases = [
        (summary.histogram("nan", constant([1.0, np.nan])), "Nan in summary histogram for: nan"),
        (summary.histogram("inf", constant([-np.inf, 1.0])), "Infinity in Histogram for: inf"),
        (summary.scalar("shape", constant([1.0, 2.0])), "not the same shape: [] != [2] (tag 'shape')"),
        (summary.merge([summary.scalar("x", 1.0), constant(b"\n\x08\n\x01x\x15\x00\x00\x00\x00")]), "Duplicate tag x"),
        (summary.merge([constant(b"no summary")]), "Could not parse one of the summary inputs"),
        (summary.audio("rate", tf.zeros([1, 2]), 0.0), "sample_rate must be > 0"),
        (
            summary.image("flat", tf.placeholder_with_default(np.zeros([2, 2, 2], np.float32), None)),
            "Tensor must be 4-D with last dim 1, 3, or 4, not [2,2,2]",
        ),
    ]  # fmt: skip
    found = []
    with tf.Session() as session:
        for tensor, words in cases:
            found.append(error(session.run, tensor, words=words))
    found.append(error(summary.text, "number", constant(1), words="to have dtype string"))
    found.append(error(summary.merge, [], words="shorter than minimum length 1"))
    return found


@program("V1-94", needs=("gradients",))
def summaries_of_training(tf: Any) -> Any:
    """Merged summaries of loss, weights, activations and gradients, fetched with the step that trains."""
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", initializer=_x(3, 2, seed=1))
    hidden = tf.nn.relu(tf.matmul(x, w))
    loss = tf.reduce_mean(tf.square(hidden - 1.0))
    tf.summary.scalar("loss", loss)
    tf.summary.histogram("hidden", hidden)
    total = tf.reduce_sum(w)
    tf.summary.scalar("sum_of_weights", total)
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    grads = optimizer.compute_gradients(loss)
    for gradient, variable in grads:
        tf.summary.histogram(f"{variable.op.name}/gradient", gradient)
    with tf.control_dependencies([total]):  # else TensorFlow sums before the update, or after it
        train = optimizer.apply_gradients(grads)
    merged = tf.summary.merge_all()
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(4):
            _, serialized = session.run([train, merged], {x: _x(4, 3, seed=step)})
            values = tf.Summary.FromString(serialized).value
            found.append([
                [value.tag, np.float32(value.simple_value), np.float32(value.histo.max), np.float32(value.histo.sum)]
                for value in values
            ])  # fmt: skip
        found.append(session.run(w))
    return found

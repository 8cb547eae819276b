"""Facts that a registry does not know: what of a supported name is not, and what to use instead of whole families.

A limit belongs here only if a program that meets it gets an error, or a result that the documentation describes.
"""

#: Supported, but not all of it: what is missing or different, a sentence.
_PARTLY = {
    "ConfigProto": "Threads, memory and placement options are accepted and change nothing; see docs/v1.md.",
    "GPUOptions": "Accepted; the framework that computes manages its memory itself.",
    "RunOptions": "trace_level and timeout_in_ms are followed; the rest is accepted and changes nothing.",
    "layers.conv2d_transpose": "Dilated transposed convolutions are not supported.",
    "while_loop": "On JAX the gradient of a loop whose length is not known beforehand is computed step by step.",
    "data.experimental.AUTOTUNE": "A fixed number of threads, as many as there are processors.",
    "train.Server": "One process only: the server is this process.",
    "train.ClusterSpec": "Held as data; there are no remote sessions.",
}
#: What to do about a whole family, by the beginning of the name.
_INSTEAD = {
    "keras": "Use Keras 3 itself: it runs on TensorFlow, PyTorch and JAX.",
    "estimator": "Call model_fn yourself and train in tf.train.MonitoredTrainingSession.",
    "contrib.learn": "Estimators are not offered: train in tf.train.MonitoredTrainingSession.",
    "contrib.estimator": "Estimators are not offered: train in tf.train.MonitoredTrainingSession.",
    "contrib.tpu": "There is no TPU support: take the CPU or GPU branch of the program.",
    "contrib.distribute": "Use the framework's own means of several devices.",
    "distribute": "Use the framework's own means of several devices.",
    "lite": "Convert with TensorFlow itself: tf.saved_model.simple_save writes what it reads.",
    "contrib.lite": "Convert with TensorFlow itself: tf.saved_model.simple_save writes what it reads.",
    "tpu": "There is no TPU support: take the CPU or GPU branch of the program.",
    "xla": "Compilation is the framework's: jax compiles every plan, torch with global_jit_level.",
    "raw_ops": "No definition of this operation; see `onevar audit --coverage`.",
}


def of(name: str) -> str | None:
    """Return what of a supported name is not supported; None if all of it is, as far as is known."""
    return _PARTLY.get(name)


def instead(name: str) -> str:
    """Return what to use instead of a name that is not supported; empty where nothing general can be said."""
    while name:
        if name in _INSTEAD:
            return _INSTEAD[name]
        name = name.rpartition(".")[0]
    return ""

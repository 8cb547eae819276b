"""`tf.keras` in programs of TensorFlow 1: Keras 3's, with what TensorFlow 1's had of its own around it."""

import os
import sys
from importlib import import_module
from typing import Any

from onevar.core.beside import has
from onevar.core.registry import default_backend, requested_backend
from onevar.errors import BackendMismatch, FrameworkMissing

_HERE = "onevar.keras"
#: Where Keras has its names; the first has those besides that TensorFlow's `tf.keras` keeps for old programs.
_HOMES = ("keras._tf_keras.keras", "keras")
#: Parts that are adapted, and the modules that do it; each has a table `NAMES`.
_OWN = {"backend": "v1_backend", "layers": "v1_layers", "optimizers": "v1_optimizers"}
#: What to do about names of TensorFlow 1 that Keras 3 does not have.
_ADVICE = {
    "estimator": "There are no estimators: train with model.fit, or with v1 optimizers in a Session.",
    "experimental.export_saved_model": "Use model.export(path), which writes what TensorFlow serves.",
    "experimental.load_from_saved_model": "Use keras.layers.TFSMLayer, on TensorFlow.",
    "layers.CuDNNGRU": "Use GRU(reset_after=True): it takes cuDNN where the framework can.",
    "layers.CuDNNLSTM": "Use LSTM(recurrent_activation='sigmoid'): it takes cuDNN where the framework can.",
    "layers.DenseFeatures": "Prepare columns with keras.layers' preprocessing layers, or before the model.",
    "layers.LocallyConnected1D": "Write it with keras.ops, or unfold the input and use Dense.",
    "layers.LocallyConnected2D": "Write it with keras.ops, or unfold the input and use Dense.",
    "layers.ThresholdedReLU": "Use Lambda(lambda x: x * keras.ops.cast(x > theta, x.dtype)).",
    "losses.cosine": "Use losses.cosine_similarity.",
    "losses.cosine_proximity": "Use losses.cosine_similarity.",
    "metrics.MeanTensor": "Keep the sum in a keras.Variable.",
    "metrics.cosine": "Use metrics.cosine_similarity.",
    "metrics.cosine_proximity": "Use losses.cosine_similarity.",
    "models.model_from_yaml": "Use model_from_json; Keras 3 reads no YAML.",
    "models.model_from_config": "Use Model.from_config or Sequential.from_config.",
    "utils.GeneratorEnqueuer": "Give model.fit the generator itself.",
    "utils.HDF5Matrix": "Read the data set with h5py, and give model.fit the array.",
    "utils.OrderedEnqueuer": "Give model.fit the keras.utils.PyDataset itself.",
    "utils.SequenceEnqueuer": "Give model.fit the keras.utils.PyDataset itself.",
    "utils.convert_all_kernels_in_model": "Kernels of Theano are not supported.",
    "utils.multi_gpu_model": "Use keras.distribution.DataParallel.",
    "wrappers": "Use the package scikeras.",
}


def is_installed() -> bool:
    """Say whether Keras 3 is there; nothing is imported for it."""
    return has("keras")


def lookup(path: str) -> Any:
    """Return what `tf.keras.<path>` is.

    Args:
        path: The name below `tf.keras`; `""` is Keras itself.

    Returns:
        A value; for a part of Keras, its module.

    Raises:
        LookupError: Neither Keras 3 nor TensorFlow 1 has it in a way that can be offered; the message says what to do.
        FrameworkMissing: Keras is not installed.
    """
    activate()
    part, _, name = path.partition(".")
    if part in _OWN and name:
        own = import_module(f"{_HERE}.{_OWN[part]}").NAMES
        if name in own:
            return own[name]
    for home in _HOMES:
        try:
            return _found(home, path)
        except LookupError:
            continue
    raise LookupError(missing(path))


def missing(path: str) -> str:
    """Return the sentence about a name that `tf.keras` does not have here.

    Args:
        path: The name below `tf.keras`.
    """
    name = path
    while name and name not in _ADVICE:
        name = name.rpartition(".")[0]
    advice = _ADVICE.get(name, "See https://keras.io/api for what took its place.")
    return f"module 'tensorflow' has no attribute 'keras.{path}': Keras 3 does not have it. {advice}"


def _found(home: str, path: str) -> Any:
    value: Any = import_module(home)
    names = path.split(".") if path else []
    for at, name in enumerate(names):
        try:
            value = getattr(value, name)
        except AttributeError:
            module = ".".join([home, *names[: at + 1]])
            try:
                value = import_module(module)
            except ImportError:
                raise LookupError(path) from None
    return value


_active: list[bool] = []


def choose_backend() -> None:
    """Have Keras take onevar's backend, if it has not been imported and nobody chose another one."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", default_backend())


def activate() -> None:
    """Import Keras on onevar's backend, and give its classes the methods that TensorFlow 1's had; once.

    Raises:
        FrameworkMissing: Keras is not installed.
        BackendMismatch: Keras runs on another backend than the one that was asked for.
    """
    if _active:
        return
    if not is_installed():
        raise FrameworkMissing('tf.keras needs the module keras, of version 3: pip install "onevar[keras]".')
    choose_backend()
    keras = import_module("keras")
    wanted = requested_backend()
    if wanted is not None and wanted != keras.backend.backend():
        raise BackendMismatch(
            f"tf.keras: onevar computes with {wanted}, and Keras with {keras.backend.backend()}. Start the program "
            f"with KERAS_BACKEND={wanted}, or with onevar on {keras.backend.backend()}."
        )
    import_module(f"{_HERE}.installing").install()
    import_module(f"{_HERE}.v1_classes").extend()
    import_module(f"{_HERE}.v1_compile").extend()
    _active.append(True)

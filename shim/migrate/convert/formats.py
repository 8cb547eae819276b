"""The formats by name and by file name; opening a source, whatever it is."""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from onevar.migrate.convert.models import KerasModel, TorchModule, is_keras_model, is_torch_module
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, spec_of

#: Endings of file names, and the format.
ENDINGS: Mapping[str, str] = {
    ".weights.h5": "weights.h5", ".keras": "keras", ".npz": "npz", ".safetensors": "safetensors", ".pt": "torch",
    ".pth": "torch", ".bin": "torch", ".pb": "pb", ".h5": "h5", ".hdf5": "h5",
}  # fmt: skip
#: Endings of files of other kinds; a checkpoint's prefix may have any other.
_FOREIGN = frozenset(
    {
        ".npy", ".pkl", ".pickle", ".json", ".onnx", ".tflite", ".pbtxt", ".zip", ".gz", ".tar", ".txt", ".csv", ".mat",
        ".msgpack", ".gguf", ".ggml", ".mlmodel", ".caffemodel", ".py", ".ipynb", ".parquet", ".joblib", ".ot", ".jit",
    }
)  # fmt: skip
FORMATS = ("checkpoint", "npz", "safetensors", "torch", "weights.h5", "keras", "pb", "h5")
#: The convention of layers that a format's files have without being asked.
STYLE_OF = {"checkpoint": "tf1", "pb": "tf1", "torch": "torch", "safetensors": "torch"} | dict.fromkeys(
    ("weights.h5", "keras", "h5"), "keras"
)


class Arrays(Source):
    """Arrays in memory.

    Args:
        arrays: By name.
    """

    kind = "arrays"

    def __init__(self, arrays: Mapping[str, Any]):
        super().__init__("arrays")
        self._arrays = {name: np.asarray(value) for name, value in arrays.items()}
        self.specs = {name: spec_of(value) for name, value in self._arrays.items()}

    def read(self, name: str) -> np.ndarray:
        """Return an array.

        Args:
            name: Its name.
        """
        return self._arrays[name]


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's name speaks of; a name without a known ending is a checkpoint's prefix.

    Args:
        path: Of the file.
    """
    name = os.fspath(path).lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), "checkpoint")


def check_ending(path: str | os.PathLike[str]) -> None:
    """See that a name is none of another format, which would become a checkpoint's prefix.

    Args:
        path: Of the file.

    Raises:
        ConversionError: It is.
    """
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending in _FOREIGN:
        raise ConversionError(
            f"{os.fspath(path)}: {ending} is no format that is converted. There are {', '.join(ENDINGS)}, and a "
            "checkpoint's prefix, which has no ending; a format may be named (--from, --to)."
        )


def open_source(given: Any, kind: str | None = None, key: str | None = None) -> Source:
    """Return a source, open for reading.

    Args:
        given: A path; a mapping from names to arrays; a Keras model; a torch module; `"module:factory"` that makes
            one of these; or a Source.
        kind: The format of a file whose name does not say it.
        key: Of a torch file that holds several sets of tensors: which.

    Raises:
        ConversionError: It is of no such format, or damaged.
        OSError: It cannot be read.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, Mapping):
        return Arrays(given)
    if isinstance(given, str) and kind is None and not os.path.exists(given) and _is_factory(given):
        return open_source(made_by(given))
    if not isinstance(given, str | os.PathLike):
        if is_keras_model(given):
            return KerasModel(given)
        if is_torch_module(given):
            return TorchModule(given)
        raise ConversionError(
            f"{type(given).__name__} is nothing to convert: give a path, a mapping from names to arrays, a Keras model "
            "or a torch module."
        )
    return _opened(given, kind or _kind_of(given), key)


def _kind_of(path: str | os.PathLike[str]) -> str:
    kind = format_of(path)
    if kind == "checkpoint" and not os.path.exists(f"{os.fspath(path)}.index"):
        check_ending(path)
    if kind == "pb" and os.path.basename(os.fspath(path)) == "saved_model.pb":
        raise ConversionError(f"{os.fspath(path)} is part of a SavedModel: name its folder, which has the variables.")
    if kind in ("torch", "h5", "npz") and not os.path.exists(path) and os.path.exists(f"{os.fspath(path)}.index"):
        return "checkpoint"
    return kind


def _opened(path: str | os.PathLike[str], kind: str, key: str | None) -> Source:
    if kind not in FORMATS:
        raise ConversionError(f"There is no format {kind!r}; there are {', '.join(FORMATS)}.")
    if kind != "checkpoint" and not os.path.isfile(path):
        raise FileNotFoundError(2, f"There is no file {os.fspath(path)}")
    if kind == "checkpoint":
        from onevar.migrate.convert.tensorflow_files import open_checkpoint

        return open_checkpoint(path)
    if kind == "pb":
        from onevar.migrate.convert.tensorflow_files import FrozenGraph

        return FrozenGraph(path)
    if kind == "torch":
        from onevar.migrate.convert.torch_files import TorchFile

        return TorchFile(path, key)
    if kind in ("npz", "safetensors"):
        from onevar.migrate.convert.array_files import NpzFile, SafetensorsFile

        return NpzFile(path) if kind == "npz" else SafetensorsFile(path)
    from onevar.migrate.convert.keras_files import KerasFile

    return KerasFile(path)


def _is_factory(text: str) -> bool:
    module, colon, name = text.rpartition(":")
    return bool(colon) and name.isidentifier() and bool(module) and os.sep not in name


def made_by(text: str) -> Any:
    """Return what a factory makes: `"package.module:function"` or `"path/to/file.py:function"`.

    Args:
        text: Module and name; what the name stands for is called if it is a function or class, without arguments.

    Raises:
        ConversionError: There is no such module or name.
    """
    place, _, name = text.rpartition(":")
    module = module_of(place)
    try:
        found = getattr(module, name)
    except AttributeError:
        raise ConversionError(f"{place} has no {name}.") from None
    if is_keras_model(found) or is_torch_module(found):
        return found
    return found() if callable(found) else found


def module_of(place: str) -> Any:
    """Return a module, by its name or the path of its file, whose folder its own imports find.

    Args:
        place: `"package.module"`, or `"path/to/file.py"`.

    Raises:
        ConversionError: There is no such module.
        FileNotFoundError: There is no such file.
    """
    if place.endswith(".py"):
        if not os.path.isfile(place):
            raise FileNotFoundError(2, f"There is no file {place}")
        folder, file = os.path.split(os.path.abspath(place))
        place = file.removesuffix(".py")
    else:
        folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not place.startswith(error.name):
            raise
        raise ConversionError(f"There is no module {place}, in {folder} or installed.") from error

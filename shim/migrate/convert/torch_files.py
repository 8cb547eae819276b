"""torch's files of tensors, `.pt` and `.pth`, read and written without torch and without running their pickles."""

import os
import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from onevar.migrate.convert.name_map import dtype_of
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError
from onevar.migrate.convert.torch_pickles import Stored, Tensor, Unpickler, state_dict_pickle
from onevar.migrate.convert.writing import Read, Specs, replacing

_OLD_MAGIC = 0x1950A86A20F9469CFC6C
#: Where training scripts put the model's tensors.
_KEYS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params")
_ALIGNMENT = 64


class TorchFile(Source):
    """The tensors of a file that `torch.save` wrote, of its present format or the one before 1.6.

    Args:
        path: Of the file.
        key: Which of several state_dicts in the file is meant; None where there is but one.

    Raises:
        ConversionError: It is no such file, or holds other things than tensors.
    """

    kind = "torch"
    style = "torch"

    def __init__(self, path: str | os.PathLike[str], key: str | None = None):
        super().__init__(path)
        self._zip: zipfile.ZipFile | None = None
        self._file: BinaryIO = open(path, "rb")  # noqa: SIM115 - closed by close()
        self._places: dict[str, tuple[int, int]] = {}
        try:
            loaded = self._load()
        except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, struct.error) as error:
            self.close()
            raise ConversionError(f"{self.path} is no file of torch.save, or damaged ({error}).") from error
        except BaseException:
            self.close()
            raise
        self._tensors = self._chosen(loaded, key)
        first: dict[Tensor, str] = {}
        for name, tensor in self._tensors.items():
            tied = first.setdefault(tensor, name)
            empty = not tensor.spec.size
            self.specs[name] = tensor.spec if tied == name or empty else replace(tensor.spec, tied=tied)

    def _load(self) -> Any:
        if zipfile.is_zipfile(self._file):
            return self._load_zip()
        self._file.seek(0)
        if self._unpickled(self._file) != _OLD_MAGIC:
            raise ConversionError(f"{self.path} is no file of torch.save.")
        self._unpickled(self._file)
        self._unpickled(self._file)
        loaded = self._unpickled(self._file)
        keys = self._unpickled(self._file)
        sizes = _storages(loaded)
        for key in keys:
            count = struct.unpack("<q", self._file.read(8))[0]
            dtype = sizes[str(key)].dtype if str(key) in sizes else "uint8"
            self._places[str(key)] = (self._file.tell(), count)
            self._file.seek(count * dtype_of(dtype).itemsize, os.SEEK_CUR)
        return loaded

    def _load_zip(self) -> Any:
        self._zip = zipfile.ZipFile(self._file)
        pickles = [name for name in self._zip.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ConversionError(f"{self.path} is a zip, and no file of torch.save.")
        self._folder = pickles[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"
        if order in self._zip.NameToInfo and self._zip.read(order).strip() == b"big":
            raise ConversionError(f"{self.path} was written on a big-endian machine: load and save it with torch.")
        if any(name.startswith(self._folder + "code/") for name in self._zip.namelist()):
            raise ConversionError(f"{self.path} is a TorchScript program: save its state_dict() instead.")
        with self._zip.open(pickles[0]) as file:
            return Unpickler(file, self.path).load()

    def _unpickled(self, file: BinaryIO) -> Any:
        return Unpickler(file, self.path).load()

    def _chosen(self, loaded: Any, key: str | None) -> dict[str, Tensor]:
        """Return the one state_dict of what the file holds."""
        if isinstance(loaded, Tensor):
            return {"tensor": loaded}
        if not isinstance(loaded, Mapping):
            raise ConversionError(f"{self.path} holds no state_dict: torch.save(model.state_dict(), ...) writes one.")
        if key is not None:
            if not isinstance(loaded.get(key), Mapping):
                raise ConversionError(f"{self.path} has no state_dict {key!r}. It has {', '.join(map(str, loaded))}.")
            return _tensors(loaded[key])
        direct = _tensors(loaded)
        if direct and not any(isinstance(value, Mapping) and _tensors(value) for value in loaded.values()):
            return direct
        inside = {str(name): found for name, value in loaded.items() if (found := self._inside(value))}
        known = [name for name in inside if name in _KEYS] or list(inside)
        if len(known) != 1:
            raise ConversionError(
                f"{self.path} holds several sets of tensors: {', '.join(inside) or 'none'}. Say which: key=NAME "
                "(--key NAME)."
            )
        self.notes += [f"{name!r} of {self.path} is left out." for name in map(str, loaded) if name != known[0]]
        return inside[known[0]]

    def _inside(self, value: Any) -> dict[str, Tensor]:
        return _tensors(value) if isinstance(value, Mapping) else {}

    def read(self, name: str) -> np.ndarray:
        """Return a tensor.

        Args:
            name: Of `specs`.

        Raises:
            ConversionError: The file is shorter than it says.
        """
        tensor = self._tensors[name]
        dtype = dtype_of(tensor.storage.dtype)
        data = self._storage(tensor.storage, dtype)
        flat = np.frombuffer(data, np.uint8)
        last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
        if 0 not in tensor.shape and not 0 <= last < len(flat) // dtype.itemsize:
            raise ConversionError(f"{self.path}: tensor {name} is damaged: it reaches beyond its storage.")
        flat = flat[: len(flat) // dtype.itemsize * dtype.itemsize].view(dtype)[tensor.offset :]
        strides = [stride * dtype.itemsize for stride in tensor.strides]
        return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False).copy()

    def _storage(self, storage: Stored, dtype: np.dtype) -> bytes:
        if self._zip is not None:
            return self._zip.read(f"{self._folder}data/{storage.key}")
        start, count = self._places[storage.key]
        self._file.seek(start)
        return self._file.read(count * dtype.itemsize)

    def close(self) -> None:
        """Close the file."""
        if self._zip is not None:
            self._zip.close()
        self._file.close()


def _tensors(values: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {str(name): value for name, value in values.items() if isinstance(value, Tensor)}


def _storages(value: Any) -> dict[str, Stored]:
    """Return all storages that something unpickled refers to."""
    if isinstance(value, Tensor):
        return {value.storage.key: value.storage}
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return {key: found for item in inside for key, found in _storages(item).items()}


def write_torch(path: Path, specs: Specs, read: Read) -> None:
    """Write a state_dict as `torch.save` does, for `torch.load`.

    Args:
        path: Of the file.
        specs: What there is to write.
        read: Returns an array by name.

    Raises:
        ConversionError: A dtype that is not written here.
    """
    description = state_dict_pickle(specs)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        _put(file, "archive/data.pkl", description)
        _put(file, "archive/byteorder", b"little")
        for number, name in enumerate(specs):
            _put(file, f"archive/data/{number}", np.asarray(read(name)).tobytes())
        _put(file, "archive/version", b"3\n")


def _put(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Write a member whose bytes start where memory maps like it: at a multiple of 64."""
    info = zipfile.ZipInfo(name)
    assert file.fp is not None
    at = file.fp.tell() + 30 + len(name)
    room = -(at + 4) % _ALIGNMENT
    info.extra = b"FB" + struct.pack("<H", room) + b"Z" * room
    file.writestr(info, data)

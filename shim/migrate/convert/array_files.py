"""`.npz` and `.safetensors`: arrays under names, and nothing else."""

import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from onevar.migrate.convert.name_map import dtype_of
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec
from onevar.migrate.convert.writing import Read, Specs, replacing

#: The dtypes of safetensors, by its names.
_SAFE = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "C64": "complex64",
}  # fmt: skip
_SAFE_NAMES = {name: code for code, name in _SAFE.items()}
_LARGEST_HEADER = 100_000_000
_NPY = ".npy"
_FIRST = np.lib.format.read_array_header_1_0


class NpzFile(Source):
    """The arrays of an `.npz` file.

    Args:
        path: Of the file.

    Raises:
        ConversionError: It is none, or holds what is no array of numbers.
    """

    kind = "npz"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise ConversionError(f"{path} is no .npz file ({error}).") from error
        for member in self._zip.namelist():
            self.specs[member.removesuffix(_NPY)] = self._spec(member)

    def _spec(self, member: str) -> Spec:
        with self._zip.open(member) as file:
            try:
                version = np.lib.format.read_magic(file)
                header = _FIRST if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = header(file)
            except ValueError as error:
                raise ConversionError(f"{self.path}: {member} is no array ({error}).") from error
        if dtype.hasobject:
            raise ConversionError(f"{self.path}: {member} holds Python objects, which are not read: they may run code.")
        if dtype.kind == "V":
            raise ConversionError(
                f"{self.path}: {member} is of {dtype}, which is what .npz makes of bfloat16 and float8: their type is "
                "lost there. Save it as safetensors, or as float32."
            )
        return Spec(tuple(shape), dtype.name if dtype.kind not in "SU" else "string")

    def read(self, name: str) -> np.ndarray:
        """Return an array.

        Args:
            name: Its name.
        """
        member = name + _NPY if name + _NPY in self._zip.NameToInfo else name
        with self._zip.open(member) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def write_npz(path: Path, specs: Specs, read: Read) -> None:
    """Write an `.npz` file.

    Args:
        path: Of the file.
        specs: What there is to write.
        read: Returns an array by name.

    Raises:
        ConversionError: NumPy has no such dtype.
    """
    for name, spec in specs.items():
        if spec.dtype != "string" and dtype_of(spec.dtype).kind == "V":
            raise ConversionError(f"{name} is of {spec.dtype}, which .npz cannot hold. Write safetensors, or cast it.")
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        for name in specs:
            with file.open(name + _NPY, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(read(name), order="C"), allow_pickle=False)


class SafetensorsFile(Source):
    """The arrays of a `.safetensors` file.

    Args:
        path: Of the file.

    Raises:
        ConversionError: It is none, or damaged.
    """

    kind = "safetensors"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = self._header(file.read(8), file, size)
        self._at: dict[str, tuple[int, int]] = {}
        for name, said in header.items():
            if name != "__metadata__":
                self._add(name, said, size)

    def _header(self, first: bytes, file: Any, size: int) -> dict[str, Any]:
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else _LARGEST_HEADER
        if length > min(size - 8, _LARGEST_HEADER):
            raise ConversionError(f"{self.path} is no safetensors file: its header is longer than the file.")
        self._start = 8 + length
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise ConversionError(f"{self.path} is no safetensors file: its header is no JSON ({error}).") from error
        if not isinstance(header, dict):
            raise ConversionError(f"{self.path} is no safetensors file: its header is no object.")
        return header

    def _add(self, name: str, said: Any, size: int) -> None:
        try:
            dtype, shape, (start, end) = _SAFE[said["dtype"]], tuple(said["shape"]), said["data_offsets"]
        except (KeyError, TypeError, ValueError) as error:
            raise ConversionError(f"{self.path}: what is said of {name} is not understood: {said}.") from error
        spec = Spec(shape, dtype)
        if end - start != spec.size * dtype_of(dtype).itemsize or not 0 <= start <= end <= size - self._start:
            raise ConversionError(f"{self.path}: {name} is damaged: its place and its shape do not agree.")
        self.specs[name] = spec
        self._at[name] = (start, end)

    def read(self, name: str) -> np.ndarray:
        """Return an array.

        Args:
            name: Its name.
        """
        start, end = self._at[name]
        with open(self.path, "rb") as file:
            file.seek(self._start + start)
            data = file.read(end - start)
        spec = self.specs[name]
        return np.frombuffer(bytearray(data), dtype_of(spec.dtype)).reshape(spec.shape)


def write_safetensors(path: Path, specs: Specs, read: Read) -> None:
    """Write a `.safetensors` file.

    Args:
        path: Of the file.
        specs: What there is to write.
        read: Returns an array by name.

    Raises:
        ConversionError: The format has no such dtype.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, spec in specs.items():
        if spec.dtype not in _SAFE_NAMES:
            raise ConversionError(f"{name} is of {spec.dtype}, which safetensors cannot hold.")
        end = at + spec.size * dtype_of(spec.dtype).itemsize
        header[name] = {"dtype": _SAFE_NAMES[spec.dtype], "shape": list(spec.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in specs:
            file.write(np.asarray(read(name)).tobytes())

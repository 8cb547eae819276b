"""Keras's files: `.weights.h5`, `.keras`, and the `.h5` of Keras 2, read and rewritten without Keras.

A `.weights.h5` holds a group for each layer, named after its class or its attribute, and in it `vars/0`, `vars/1`, ...
in the order in which the layer made them. The group says its layer's name too, and a `.keras` file has the model's
description besides, so tensors get the names that they have in Keras: `conv1/kernel`.
"""

import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from onevar.errors import FrameworkMissing
from onevar.migrate.convert.keras_layers import Layers, roles_of
from onevar.migrate.convert.name_map import dtype_of
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec
from onevar.migrate.convert.writing import Read, Specs, replacing

_WEIGHTS = "model.weights.h5"
_VARS = "vars"
#: What the keys of variables begin with that `track_v1_variables` tracks; see onevar.keras.tracked_saving.
_V1 = "v1:"
#: Groups that only hold others.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies", "cells")


def _h5py() -> Any:
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise FrameworkMissing(
            f'Files of Keras are HDF5, which needs h5py: pip install "onevar[migrate]" ({error}).'
        ) from error
    return h5py


class KerasFile(Source):
    """The tensors of a `.weights.h5` or a `.keras` file.

    Args:
        path: Of the file.

    Raises:
        ConversionError: It is none.
        FrameworkMissing: h5py is not installed.
    """

    kind = "keras"
    style = "keras"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        self.ordered = False
        self.places: dict[str, str] = {}
        data: Any = self.path
        if zipfile.is_zipfile(path):
            data = self._from_archive()
        try:
            self._h5 = _h5py().File(data, "r")
        except OSError as error:
            if not os.path.exists(self.path):
                raise
            raise ConversionError(f"{self.path} is no file of Keras ({error}).") from error
        try:
            self._scan()
        except BaseException:
            self.close()
            raise

    def _from_archive(self) -> io.BytesIO:
        with zipfile.ZipFile(self.path) as archive:
            members = archive.namelist()
            if "config.json" in members:
                self.config = json.loads(archive.read("config.json"))
            if _WEIGHTS not in members:
                raise ConversionError(
                    f"{self.path} has no {_WEIGHTS}: it is no .keras file, or one whose weights are in several files, "
                    "which are not read. Load it in Keras, and save it with save_weights('NAME.weights.h5')."
                )
            return io.BytesIO(archive.read(_WEIGHTS))

    def _scan(self) -> None:
        if "layer_names" in self._h5.attrs or "model_weights" in self._h5:
            self.kind = "h5"  # type: ignore[misc]
            self._scan_old()
            return
        self._layers = Layers(self.config)
        self._visit(self._h5, (), "", "")
        self._sort()
        if not self.specs:
            raise ConversionError(f"{self.path} holds no weights.")

    def _sort(self) -> None:
        """Put the tensors in the order of the description's layers, which is that in which they are computed."""
        order = {name: place for place, name in enumerate(self._layers.all)}
        places = {name: [order[part] for part in name.split("/") if part in order] for name in self.specs}
        self.ordered = bool(order) and all(places[name] for name in places if not name.startswith("optimizer/"))
        if self.ordered:
            self.specs = {
                name: self.specs[name] for name in sorted(self.specs, key=lambda name: (not places[name], places[name]))
            }

    def _visit(self, group: Any, names: tuple[str, ...], inner: str, place: str) -> None:
        """Read the tensors of a group, and of those in it; `names` are of the layers around it."""
        variables = group.get(_VARS)
        said = "" if variables is None else str(variables.attrs.get("name", ""))
        if inner and inner not in _CONTAINERS:
            names = (*names, said or inner)
        if variables is not None and len(variables):
            self._take(variables, names, inner, f"{place}/{_VARS}".lstrip("/"))
        for key, inside in group.items():
            if key != _VARS and hasattr(inside, "keys"):
                self._visit(inside, names, key, f"{place}/{key}".lstrip("/"))

    def _take(self, variables: Any, names: tuple[str, ...], inner: str, place: str) -> None:
        datasets = _flat(variables)
        keys = sorted(datasets, key=lambda key: (not key.isdigit(), int(key) if key.isdigit() else 0, key))
        shapes = [tuple(datasets[key].shape) for key in keys]
        layer = self._layers.find(names[-1] if names else "", inner)
        roles = roles_of(layer, inner, names[-1] if names else "", shapes)
        for key, shape, role in zip(keys, shapes, roles, strict=True):
            if key.startswith(_V1):
                self._take_v1(key, datasets[key], names, place)
                continue
            shown = role or (key if not key.isdigit() else f"variable_{key}")
            name = "/".join((*names, shown))
            if inner == "optimizer" or place.startswith("optimizer/"):
                name, role = f"optimizer/{key}", None
            if name in self.specs:
                name = f"{place}/{key}"
            dtype = datasets[key].attrs.get("dtype", None) or datasets[key].dtype.name
            self.specs[name] = Spec(shape, str(dtype), role, layer.kind if layer else None)
            self.places[name] = f"{place}/{key}"

    def _take_v1(self, key: str, dataset: Any, names: tuple[str, ...], place: str) -> None:
        """Read a variable that v1 code in a layer made, which is saved under its v1 name."""
        v1_name = key.removeprefix(_V1).replace("|", "/")
        name = "/".join((*names, v1_name))
        dtype = dataset.attrs.get("dtype", None) or dataset.dtype.name
        self.specs[name] = Spec(tuple(dataset.shape), str(dtype), None, None, "tf1", v1_name)
        self.places[name] = f"{place}/{key}"

    def _scan_old(self) -> None:
        """Read a file of Keras 2, which says each weight's name."""
        root = self._h5.get("model_weights", self._h5)
        if "model_config" in self._h5.attrs:
            self.config = json.loads(_text(self._h5.attrs["model_config"]))
        for layer in root.attrs.get("layer_names", ()):
            group = root[_text(layer)]
            for weight in group.attrs.get("weight_names", ()):
                name = _text(weight)
                dataset = group[name]
                self.specs[name] = Spec(tuple(dataset.shape), dataset.dtype.name)
                self.places[name] = dataset.name.lstrip("/")
        self.ordered = True

    def read(self, name: str) -> np.ndarray:
        """Return a tensor.

        Args:
            name: Of `specs`.
        """
        found = np.asarray(self._h5[self.places[name]][()])
        wanted = dtype_of(self.specs[name].dtype)
        return found if found.dtype == wanted else found.view(wanted)

    def close(self) -> None:
        """Close the file."""
        self._h5.close()


def _flat(group: Any, prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in group.items():
        if hasattr(value, "keys"):
            out |= _flat(value, f"{prefix}{key}/")
        else:
            out[prefix + key] = value
    return out


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def write_like(path: Path, specs: Specs, read: Read, like: KerasFile) -> None:
    """Write a file of Keras that is another one with new weights.

    Args:
        path: Of the file; `.keras` if `like` is one.
        specs: The tensors to replace.
        read: Returns an array by name.
        like: The other file.

    Raises:
        ConversionError: `like` is of another kind of file than `path` shall be.
    """
    archive = zipfile.is_zipfile(like.path)
    if str(path).endswith(".keras") and not archive:
        raise ConversionError(f"{path} needs a model's description, which {like.path} has not. Give a .keras file.")
    with replacing(path) as temporary:
        if not archive or not str(path).endswith(".keras"):
            _copy_weights(like, archive, temporary)
            _replace(temporary, specs, read, like.places)
            return
        # Beside the target, where there is room for the model; it is gone when the archive is there.
        weights = Path(f"{temporary}.h5")
        try:
            _copy_weights(like, archive, weights)
            _replace(weights, specs, read, like.places)
            _rebuild(like.path, weights, temporary)
        finally:
            weights.unlink(missing_ok=True)


def _copy_weights(like: KerasFile, archive: bool, path: Path) -> None:
    if not archive:
        shutil.copyfile(like.path, path)
        return
    with zipfile.ZipFile(like.path) as file, file.open(_WEIGHTS) as member, open(path, "wb") as out:
        shutil.copyfileobj(member, out)


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[Any]:
    """Open a file of HDF5; what the system says while it is closed is an OSError too."""
    try:
        # The lock that our temporary files carry would keep HDF5's own from being taken.
        with _h5py().File(path, mode, locking=False) as file:
            yield file
    except RuntimeError as error:
        said = re.search(r"errno = (\d+)", str(error))
        if said is None:
            raise
        raise OSError(int(said[1]), os.strerror(int(said[1]))) from error


def _replace(path: Path, specs: Specs, read: Read, places: Mapping[str, str]) -> None:
    with _opened(path, "r+") as file:
        for name in specs:
            dataset = file[places[name]]
            value = np.asarray(read(name))
            dataset[...] = value if value.dtype == dataset.dtype else value.view(dataset.dtype)


def _rebuild(like: str, weights: Path, path: Path) -> None:
    """Write an archive with the members of another one, and its own weights."""
    with zipfile.ZipFile(like) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as new:
        for member in old.infolist():
            if member.filename == _WEIGHTS:
                new.write(weights, _WEIGHTS)
            else:
                new.writestr(member, old.read(member.filename))


#: The order in which Keras's layers make their variables.
_ORDER = (
    "embeddings", "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "gamma", "beta", "bias",
    "moving_mean", "moving_variance", "alpha",
)  # fmt: skip


def _place(name: str) -> int:
    role = name.rsplit("/", 1)[-1]
    return _ORDER.index(role) if role in _ORDER else len(_ORDER)


def write_weights(path: Path, specs: Specs, read: Read) -> None:
    """Write a `.weights.h5` of a flat model whose layers have the names of the tensors' scopes.

    Args:
        path: Of the file.
        specs: Tensors named `LAYER/kernel`, `LAYER/bias`, ...
        read: Returns an array by name.
    """
    layers: dict[str, list[str]] = {}
    for name in specs:
        layer, _, _ = name.rpartition("/")
        layers.setdefault(layer, []).append(name)
    with replacing(path) as temporary, _opened(temporary, "w") as file:
        file.create_group(_VARS)
        for layer, unsorted in layers.items():
            names = sorted(unsorted, key=_place)
            group = file.create_group(f"layers/{layer}/{_VARS}" if layer else _VARS)
            group.attrs["name"] = layer.rsplit("/", 1)[-1]
            for number, name in enumerate(names):
                value = np.asarray(read(name))
                stored = value.view(np.uint16) if value.dtype.name == "bfloat16" else value
                group.create_dataset(str(number), data=stored)
                if stored is not value:
                    group[str(number)].attrs["dtype"] = "bfloat16"

"""Writes a target: checks that it may be written, and finds who writes its format."""

import os
from pathlib import Path
from typing import Any

from onevar.migrate.convert.formats import FORMATS
from onevar.migrate.convert.models import KerasModel, Model
from onevar.migrate.convert.name_map import NameMap
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec
from onevar.migrate.convert.writing import Read, replacing


def check_target(path: Path, kind: str, like: Any, force: bool) -> None:
    """See whether a target may be written, before anything is read.

    Args:
        path: Of the target.
        kind: Its format.
        like: What the user gave to say its names.
        force: Whether it may be there already.

    Raises:
        ConversionError: The format is not written, or not without `like`.
        FileExistsError: It is there, and not `force`.
        FileNotFoundError: Its folder is not there.
    """
    if kind not in FORMATS:
        raise ConversionError(f"There is no format {kind!r}; there are {', '.join(FORMATS)}.")
    if kind == "h5":
        raise ConversionError(f"{path}: Keras 3 does not load Keras 2's .h5 by name. Write .weights.h5 or .keras.")
    if kind in ("keras", "pb") and like is None:
        what = "a model's description" if kind == "keras" else "a graph"
        raise ConversionError(f"{path} holds {what} besides the weights: say where it is, like=FILE (--like FILE).")
    there = Path(f"{path}.index") if kind == "checkpoint" else path
    if there.is_dir() or path.is_dir():
        raise ConversionError(f"{path} is a folder. Name a file, or a checkpoint's prefix in it: {path}/model.ckpt.")
    if there.exists() and not force:
        raise FileExistsError(17, f"{there} is there already. Name another, or replace it: force=True (--force)")
    if not path.parent.is_dir():
        raise FileNotFoundError(2, f"There is no folder {path.parent}; make it first")


def write(path: Path, kind: str, name_map: NameMap, read: Read, like: Source | None) -> None:
    """Write a target, whole or not at all.

    Args:
        path: Of the target.
        kind: Its format.
        name_map: What becomes what.
        read: Returns a tensor of the target by name.
        like: What says the target's names and holds what is kept.

    Raises:
        ConversionError: `like` is nothing that this format can be made from.
        OSError: It could not be written.
        OpError: The same, of a checkpoint.
    """
    new = {name: name_map.target[name] for row in name_map.rows for name in row.targets}
    if kind in ("keras", "weights.h5"):
        _write_keras(path, new, read, like)
        return
    if kind == "pb":
        from onevar.migrate.convert.tensorflow_files import FrozenGraph, write_graph

        if not isinstance(like, FrozenGraph):
            raise ConversionError(f"{path} is made from another frozen graph: like=GRAPH.pb (--like GRAPH.pb).")
        write_graph(path, new, read, like)
        return
    kept = {name: name_map.target[name] for name in name_map.kept if like is not None and name in like.specs}

    def read_all(name: str) -> Any:
        if name not in kept:
            return read(name)
        assert like is not None
        return like.read(name)

    specs: dict[str, Spec] = {name: spec for name, spec in name_map.target.items() if name in new or name in kept}
    _writer(kind)(path, specs, read_all)


def _writer(kind: str) -> Any:
    if kind == "checkpoint":
        from onevar.migrate.convert.tensorflow_files import write_checkpoint

        return write_checkpoint
    if kind == "torch":
        from onevar.migrate.convert.torch_files import write_torch

        return write_torch
    from onevar.migrate.convert.array_files import write_npz, write_safetensors

    return write_npz if kind == "npz" else write_safetensors


def _write_keras(path: Path, new: dict[str, Spec], read: Read, like: Source | None) -> None:
    from onevar.migrate.convert.keras_files import KerasFile, write_like, write_weights

    if like is None:
        write_weights(path, new, read)
    elif isinstance(like, KerasModel):
        _save(like, path, {name: read(name) for name in new})
    elif isinstance(like, KerasFile) and like.kind != "h5":
        write_like(path, new, read, like)
    else:
        raise ConversionError(
            f"{path} is made from a Keras model or from a file of one: like='module:factory', or like=FILE.keras."
        )


def _save(model: Model, path: Path, values: dict[str, Any]) -> None:
    """Save a model with other weights; it has its own again afterwards."""
    before = {name: model.read(name) for name in values}
    ending = ".keras" if str(path).endswith(".keras") else ".weights.h5"
    model.assign(values)
    try:
        with replacing(path) as temporary:
            named = f"{temporary}{ending}"
            try:
                keras_model = model.model  # type: ignore[attr-defined]
                (keras_model.save if ending == ".keras" else keras_model.save_weights)(named)
                os.replace(named, temporary)
            finally:
                if os.path.exists(named):
                    os.unlink(named)
    finally:
        model.assign(before)

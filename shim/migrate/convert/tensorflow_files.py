"""TensorFlow's files, read and written without TensorFlow: checkpoints of both formats, constants of frozen graphs."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from onevar.core.bundle import Reader, checkpoint_state, write
from onevar.core.op_errors import OpError, UnimplementedError
from onevar.migrate.convert import graph_facts
from onevar.migrate.convert.old_checkpoints import OldCheckpoint
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec
from onevar.migrate.convert.writing import Read, Specs, replacing

_READS = ("ReadVariableOp", "read")


class Checkpoint(Source):
    """A checkpoint of TensorFlow's, of the V2 format.

    Args:
        path: Its prefix.

    Raises:
        OpError: There is no such checkpoint, or it is damaged.
    """

    kind = "checkpoint"
    style = "tf1"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        self._reader = Reader(path)
        self.ordered = False  # the names are sorted there
        kinds = self._reader.dtype_map
        for name, shape in self._reader.shape_map.items():
            if kinds[name] == "string":
                self.notes.append(f"{name} holds text, and is left out.")
            else:
                self.specs[name] = Spec(tuple(shape), kinds[name])

    def read(self, name: str) -> np.ndarray:
        """Return a tensor.

        Args:
            name: Of `specs`.
        """
        return self._reader.read(name)

    def close(self) -> None:
        """Close the files."""
        self._reader.close()


def open_checkpoint(path: str | os.PathLike[str]) -> Source:
    """Return a checkpoint: of a prefix, of one of its files, of the latest one in a folder, or of a SavedModel.

    Args:
        path: Any of these.

    Raises:
        ConversionError: The folder has none.
        OpError: There is no such checkpoint, or it is damaged.
    """
    prefix = prefix_of(os.fspath(path))
    if not os.path.exists(prefix + ".index") and os.path.isfile(prefix):
        return OldCheckpoint(prefix)
    try:
        source = Checkpoint(prefix)
    except UnimplementedError:
        return OldCheckpoint(prefix)
    graph_facts.use(source, graph_facts.facts_of(prefix))
    return source


def prefix_of(path: str) -> str:
    """Return the prefix of a checkpoint.

    Args:
        path: The prefix, one of the checkpoint's files, or a folder.

    Raises:
        ConversionError: The folder has no checkpoint.
    """
    if os.path.isdir(path):
        variables = os.path.join(path, "variables", "variables")
        if os.path.exists(variables + ".index"):
            return variables
        latest = checkpoint_state.latest_checkpoint(path)
        if latest is None:
            raise ConversionError(
                f"{path} is a folder without a checkpoint, or without the file named checkpoint that says which is the "
                f"latest.{_there(path)} Name one: {path}/model.ckpt-1000."
            )
        return latest
    if os.path.isfile(path) and _is_state(path):
        latest = checkpoint_state.latest_checkpoint(os.path.dirname(path) or ".", os.path.basename(path))
        if latest is None:
            raise ConversionError(f"{path} names a checkpoint that is not there.{_there(os.path.dirname(path) or '.')}")
        return latest
    if not os.path.exists(path) and not checkpoint_state.checkpoint_exists(path):
        stem, _, last = path.rpartition(".")
        if last not in ("index", "meta") and not last.startswith("data-00"):
            raise ConversionError(
                f"There is no checkpoint {path}: there is no {path}.index.{_there(os.path.dirname(path) or '.')}"
            )
    stem, _, last = path.rpartition(".")
    if last in ("index", "meta") or last.startswith("data-00"):
        return stem
    return path


def _is_state(path: str) -> bool:
    """Whether a file is the one that says which checkpoint is the latest."""
    with open(path, "rb") as file:
        return file.read(22) == b"model_checkpoint_path:"


def _there(folder: str) -> str:
    """Return a sentence about the checkpoints in a folder; nothing if there are none."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = sorted(name.removesuffix(".index") for name in names if name.endswith(".index"))
    if not found:
        return ""
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    return (
        f" There are {', '.join(found[:6])}{more} in {folder}."
        if len(found) > 1
        else f" There is {found[0]} in {folder}."
    )


def write_checkpoint(path: Path, specs: Specs, read: Read) -> None:
    """Write a checkpoint of the V2 format.

    Args:
        path: Its prefix.
        specs: What there is to write.
        read: Returns an array by name.

    Raises:
        OpError: It could not be written; what was there before is as it was.
    """
    write(path, _OnDemand(specs, read))


class _OnDemand(dict):
    """Arrays that are made when they are asked for."""

    def __init__(self, specs: Specs, read: Read):
        super().__init__(dict.fromkeys(specs))
        self._read = read

    def __getitem__(self, name: str) -> np.ndarray:
        return np.asarray(self._read(name), order="C")


class FrozenGraph(Source):
    """The constants of a frozen graph that were its variables.

    Args:
        path: Of the `.pb` file.

    Raises:
        ConversionError: It is no GraphDef.
    """

    kind = "pb"
    style = "tf1"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        from onevar.core.graph_def_tensors import array_of_proto

        self._array = array_of_proto
        self.graph = read_graph(path)
        self._constants = {node.name: node for node in self.graph.node if node.op == "Const"}
        names = _variables(self.graph, self._constants)
        for name in names:
            tensor = self._constants[name].attr["value"].tensor
            from onevar.core.dtype import as_dtype

            key = as_dtype(tensor.dtype).key
            if key != "string":
                self.specs[name] = Spec(tuple(int(dim.size) for dim in tensor.tensor_shape.dim), key)

    def read(self, name: str) -> np.ndarray:
        """Return a constant.

        Args:
            name: Of `specs`.
        """
        return self._array(self._constants[name].attr["value"].tensor)


def read_graph(path: str | os.PathLike[str]) -> Any:
    """Return the GraphDef of a file.

    Raises:
        ConversionError: It is none.
    """
    from google.protobuf.message import DecodeError

    from onevar.core.graph_def import protos

    graph = protos().GraphDef()
    with open(path, "rb") as file:
        data = file.read()
    try:
        graph.ParseFromString(data)
    except DecodeError as error:
        raise ConversionError(f"{os.fspath(path)} is no GraphDef ({error}).") from error
    if not graph.node:
        raise ConversionError(f"{os.fspath(path)} is no frozen graph: it has no nodes.")
    return graph


def _variables(graph: Any, constants: dict[str, Any]) -> list[str]:
    """Return the constants that something reads as a variable; all of numbers and a dimension if none is read so."""
    read: dict[str, None] = {}
    for node in graph.node:
        if node.op == "Identity" and node.input and node.name.rsplit("/", 1)[-1].startswith(_READS):
            source = node.input[0].removesuffix(":0")
            if source in constants:
                read[source] = None
    if read:
        return [name for name in constants if name in read]
    floats = (1, 2, 14, 19)
    return [
        name
        for name, node in constants.items()
        if node.attr["value"].tensor.dtype in floats and node.attr["value"].tensor.tensor_shape.dim
    ]


def write_graph(path: Path, specs: Specs, read: Read, like: FrozenGraph) -> None:
    """Write a frozen graph whose constants are others.

    Args:
        path: Of the `.pb` file.
        specs: The constants to replace.
        read: Returns an array by name.
        like: The graph.
    """
    from onevar.core.graph_def_tensors import tensor_proto

    graph = type(like.graph)()
    graph.CopyFrom(like.graph)
    for node in graph.node:
        if node.op == "Const" and node.name in specs:
            node.attr["value"].tensor.CopyFrom(tensor_proto(np.asarray(read(node.name))))
    with replacing(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())


__all__ = [
    "Checkpoint", "FrozenGraph", "OpError", "open_checkpoint", "prefix_of", "read_graph", "write_checkpoint",
    "write_graph",
]  # fmt: skip

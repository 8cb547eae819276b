"""Looking into checkpoints: `tf.train.load_checkpoint`, `load_variable`, `list_variables`."""

import os
from typing import Any, Self

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.bundle import Reader, checkpoint_state
from onevar.core.dtype import DType
from onevar.v1.export import export, export_value
from onevar.v1.file_io import local_path


class CheckpointReader:
    """A checkpoint, open for reading, with the methods of TensorFlow's reader.

    Args:
        filepattern: The checkpoint's prefix.

    Raises:
        OpError: There is no such checkpoint, or it is damaged.
    """

    def __init__(self, filepattern: Any):
        self._reader = Reader(local_path(filepattern))

    def close(self) -> None:
        """Close the files; they are closed as well when nobody has the reader any more."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        reader = getattr(self, "_reader", None)
        if reader is not None:
            reader.close()

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a tensor of that name."""
        return tensor_str in self._reader

    def get_tensor(self, tensor_str: str) -> Any:
        """Return a tensor, put together where it was saved in slices; strings as `bytes`.

        Args:
            tensor_str: Its name.

        Raises:
            NotFoundError: There is none of that name.
            DataLossError: A file is damaged.
        """
        value = self._reader.read(_text(tensor_str))
        return value if value.ndim or value.dtype != object else value.item()

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the shape of each tensor, by name."""
        return {name: list(shape) for name, shape in self._reader.shape_map.items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Return the dtype of each tensor, by name."""
        return {name: dtypes.as_dtype(key) for name, key in self._reader.dtype_map.items()}

    def debug_string(self) -> bytes:
        """Return names, dtypes and shapes of all tensors, a line each."""
        kinds = self.get_variable_to_dtype_map()
        lines = [
            f"{name} ({_enum(kinds[name])}) [{','.join(map(str, shape))}]\n"
            for name, shape in sorted(self._reader.shape_map.items())
        ]
        return "".join(lines).encode(errors="surrogateescape")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _enum(kind: DType) -> str:
    names = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
    return f"DT_{names.get(kind.name, kind.name.upper())}"


# TensorFlow's is a function, too, that returns a reader.
export_value("train.NewCheckpointReader", CheckpointReader)


def path_of(ckpt_dir_or_file: Any) -> str:
    """Return the prefix of a checkpoint: of the latest one if it is a folder.

    Args:
        ckpt_dir_or_file: A prefix or a folder.

    Raises:
        ValueError: The folder has none.
    """
    given = local_path(ckpt_dir_or_file)
    if not os.path.isdir(given):
        return given
    latest = checkpoint_state.latest_checkpoint(given)
    if latest is None:
        raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {given}")
    return latest


@export("train.load_checkpoint")
def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """Return a reader of a checkpoint, or of the latest one in a folder.

    Args:
        ckpt_dir_or_file: A prefix or a folder.

    Raises:
        ValueError: The folder has none.
        OpError: There is no such checkpoint, or it is damaged.
    """
    return CheckpointReader(path_of(ckpt_dir_or_file))


@export("train.load_variable")
def load_variable(ckpt_dir_or_file: Any, name: str) -> np.ndarray:
    """Return a tensor of a checkpoint.

    Args:
        ckpt_dir_or_file: A prefix or a folder.
        name: Of the tensor; `:0` at its end is left out.

    Raises:
        ValueError: The folder has no checkpoint.
        OpError: There is no such checkpoint or tensor, or it is damaged.
    """
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return reader.get_tensor(name.removesuffix(":0"))


@export("train.list_variables")
def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Return names and shapes of a checkpoint's tensors, sorted.

    Args:
        ckpt_dir_or_file: A prefix or a folder.

    Raises:
        ValueError: The folder has no checkpoint.
        OpError: There is no such checkpoint, or it is damaged.
    """
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return sorted(reader.get_variable_to_shape_map().items())

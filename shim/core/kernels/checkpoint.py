"""Operations on checkpoints: `SaveV2`, `RestoreV2` and what belongs to them. All run on the host."""

import difflib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.bundle import Reader, grouped, merge, write
from onevar.core.bundle.files import index_name
from onevar.core.bundle.slices import parse
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError, NotFoundError, OpError, UnimplementedError
from onevar.core.spec import Shape, Spec

#: The names that TensorFlow's kernels print for dtypes, where they are others.
_PRINTED = {"float32": "float", "float64": "double", "float16": "half"}


def _path(value: np.ndarray) -> str:
    if np.ndim(value):
        raise InvalidArgumentError(
            None, None, f"Input prefix should be a scalar tensor, got {np.size(value)} elements instead."
        )
    return _text(np.asarray(value).item())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value.decode(errors="surrogateescape")


def texts(array: np.ndarray) -> list[str]:
    """Return the strings of an array.

    Args:
        array: Of `bytes`.
    """
    return [_text(item) for item in np.asarray(array).reshape(-1).tolist()]


def _no_outputs(*_: Any) -> list[Shape]:
    return []


# -- saving -----------------------------------------------------------------------------------------


@kernel("SaveV2", on_host=True, infer=_no_outputs)
def save_v2(
    k: Any, prefix: np.ndarray, tensor_names: np.ndarray, shape_and_slices: np.ndarray, tensors: Sequence[np.ndarray]
) -> tuple:
    """Write tensors as a checkpoint; the one that is there under the prefix is replaced in one step."""
    names, specs = texts(tensor_names), texts(shape_and_slices)
    if not len(names) == len(specs) == len(tensors):
        raise InvalidArgumentError(
            None, None,
            f"Got {len(names)} tensor_names and {len(specs)} shape_and_slices for {len(tensors)} tensors to save.",
        )  # fmt: skip
    write(_path(prefix), grouped(names, specs, tensors))
    return ()


@kernel("MergeV2Checkpoints", on_host=True, infer=_no_outputs)
def merge_v2(
    k: Any, checkpoint_prefixes: np.ndarray, destination_prefix: np.ndarray, *, delete_old_dirs: bool,
    allow_missing_files: bool,
) -> tuple:  # fmt: skip
    """Make one checkpoint of several."""
    prefixes = texts(checkpoint_prefixes)
    if allow_missing_files:
        prefixes = [prefix for prefix in prefixes if os.path.exists(index_name(prefix))]
    merge(prefixes, _path(destination_prefix), delete_old_dirs)
    return ()


@kernel("ShardedFilename", on_host=True, infer=lambda basename, shard, num_shards: ())
def sharded_filename(k: Any, basename: np.ndarray, shard: np.ndarray, num_shards: np.ndarray) -> np.ndarray:
    """The name of one of several checkpoints that belong together."""
    name = f"{_text(np.asarray(basename).item())}-{int(shard):05d}-of-{int(num_shards):05d}"
    return np.array(name.encode(errors="surrogateescape"), object)


# -- restoring --------------------------------------------------------------------------------------


def _restored(prefix: Spec, tensor_names: Spec, shape_and_slices: Spec, *, dtypes: Sequence[str]) -> list[Shape]:
    specs = shape_and_slices.value
    if not isinstance(specs, np.ndarray) or specs.size != len(dtypes):
        return [None] * len(dtypes)
    return [_sizes(spec) for spec in texts(specs)]


def _sizes(spec: str) -> Shape:
    if not spec:
        return None
    try:
        part = parse(spec)
    except OpError:  # The operation says so when it runs, as TensorFlow's does.
        return None
    return None if part is None else part.sizes


@kernel("RestoreV2", on_host=True, infer=_restored)
def restore_v2(
    k: Any, prefix: np.ndarray, tensor_names: np.ndarray, shape_and_slices: np.ndarray, *, dtypes: Sequence[str]
) -> list[np.ndarray]:
    """Read tensors, or parts of them. All are read and verified before anything is handed out."""
    names, specs = texts(tensor_names), texts(shape_and_slices)
    if not len(names) == len(specs) == len(dtypes):
        raise InvalidArgumentError(
            None, None, f"Got {len(names)} tensor_names and {len(specs)} shape_and_slices for {len(dtypes)} dtypes."
        )
    with Reader(_path(prefix)) as reader:
        check_entries(reader, names, dtypes)
        return [reader.read(name, spec) for name, spec in zip(names, specs, strict=True)]


def check_entries(reader: Reader, names: Sequence[str], dtypes: Sequence[str]) -> None:
    """Raise unless a checkpoint has tensors of these names and dtypes.

    Args:
        reader: Of the checkpoint.
        names: Of the tensors.
        dtypes: The names of their dtypes.

    Raises:
        NotFoundError: One is not there; the message has all of those, and the nearest names that are.
        InvalidArgumentError: One is of another dtype.
    """
    found = reader.dtype_map
    missing = [name for name in dict.fromkeys(names) if name not in found]
    if missing:
        raise NotFoundError(None, None, _missing(reader, missing, list(found)))
    for name, dtype in zip(names, dtypes, strict=True):
        if found[name] != dtype:
            wanted, original = (_PRINTED.get(kind, kind) for kind in (dtype, found[name]))
            raise InvalidArgumentError(
                None, None,
                f"tensor_name = {name}; expected dtype {wanted} does not equal original dtype {original}",
            )  # fmt: skip


def _missing(reader: Reader, missing: Sequence[str], known: Sequence[str]) -> str:
    parts = [f"Key {missing[0]} not found in checkpoint"]
    if len(missing) > 1:
        parts.append(f"{len(missing)} keys are missing: {', '.join(missing[:10])}{', ...' if missing[10:] else ''}")
    near = difflib.get_close_matches(missing[0], known, 3, 0.5)
    has = f"nearest to it: {', '.join(near)}" if near else f"such as {', '.join(known[:3])}"
    parts.append(f"{reader.prefix} has {len(known)} keys, {has}")
    return ". ".join(parts) + "."


# -- the format before V2 ---------------------------------------------------------------------------


def _old(type: str, instead: str) -> None:
    @kernel(type, on_host=True, infer=lambda *_: [] if type.startswith("Save") else None)
    def refuse(k: Any, *_: Any) -> Any:
        raise UnimplementedError(
            None, None, f"{type} is of the checkpoint format before V2, which onevar does not have. {instead}"
        )


_AGAIN = (
    "Convert the checkpoint with TensorFlow: restore it and save it again with a Saver whose write_version is "
    "SaverDef.V2."
)
_old("Save", "Use SaveV2: a Saver whose write_version is SaverDef.V2.")
_old("SaveSlices", "Use SaveV2: a Saver whose write_version is SaverDef.V2.")
_old("Restore", f"Use RestoreV2. {_AGAIN}")
_old("RestoreSlice", f"Use RestoreV2. {_AGAIN}")

"""The file `checkpoint` in a folder of checkpoints: which there are, and which is the latest.

It is a `CheckpointState` in the text format of protocol buffers. The functions are those of `tf.train` that
need no graph, with TensorFlow's signatures.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob

from onevar.core.bundle import text_proto
from onevar.core.bundle.files import data_files, failure, folder_of, index_name, locked, replace
from onevar.core.bundle.wire import Malformed

_log = logging.getLogger(__name__)

DEFAULT_NAME = "checkpoint"
#: `tf.compat.v1.train.SaverDef`'s versions of the format.
V1, V2 = 1, 2

_PATH, _PATHS = "model_checkpoint_path", "all_model_checkpoint_paths"
_TIMES, _LAST = "all_model_checkpoint_timestamps", "last_preserved_timestamp"


@dataclass
class CheckpointState:
    """What the file says; the attributes are those of TensorFlow's message of this name.

    Attributes:
        model_checkpoint_path: The prefix of the latest checkpoint.
        all_model_checkpoint_paths: The prefixes of all that are kept, oldest first.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970; or empty.
        last_preserved_timestamp: When the last one was written that is kept for ever; 0.0 if none was.
    """

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0

    def to_text(self) -> str:
        """Return the file's content, as TensorFlow writes it."""
        return "".join(f"{name}: {text_proto.scalar(value)}\n" for name, value in self._fields())

    def _fields(self) -> Iterator[tuple[str, str | float]]:
        if self.model_checkpoint_path:
            yield _PATH, self.model_checkpoint_path
        for path in self.all_model_checkpoint_paths:
            yield _PATHS, path
        for time in self.all_model_checkpoint_timestamps:
            yield _TIMES, float(time)
        if self.last_preserved_timestamp:
            yield _LAST, float(self.last_preserved_timestamp)

    @classmethod
    def from_text(cls, text: str) -> "CheckpointState":
        """Return the state in a file's content; raises `Malformed` if it is none."""
        state = cls()
        for name, value in text_proto.fields(text):
            if name == _PATH:
                state.model_checkpoint_path = text_proto.as_text(name, value)
            elif name == _PATHS:
                state.all_model_checkpoint_paths.append(text_proto.as_text(name, value))
            elif name == _TIMES:
                state.all_model_checkpoint_timestamps.append(text_proto.as_float(name, value))
            elif name == _LAST:
                state.last_preserved_timestamp = text_proto.as_float(name, value)
            else:
                raise Malformed(f"there is no field {name}")
        return state


def read_state(folder: str | os.PathLike[str], latest_filename: str | None = None) -> CheckpointState | None:
    """Return what the state file of a folder says, paths as they stand there; None if there is no such file.

    Args:
        folder: Of the checkpoints.
        latest_filename: The state file's name; None is `checkpoint`.

    Raises:
        Malformed: The file is not a state file.
        OSError: It cannot be read.
    """
    try:
        with open(_state_path(folder, latest_filename), encoding="utf-8", errors="surrogateescape") as file:
            return CheckpointState.from_text(file.read())
    except FileNotFoundError:
        return None


def write_state(folder: str | os.PathLike[str], state: CheckpointState, latest_filename: str | None = None) -> None:
    """Replace the state file of a folder; at no time is it half written.

    Args:
        folder: Of the checkpoints.
        state: What it shall say; paths are written as they are.
        latest_filename: The state file's name; None is `checkpoint`.

    Raises:
        OpError: The class that TensorFlow has for what the system said, such as `ResourceExhaustedError`.
    """
    path = _state_path(folder, latest_filename)
    try:
        with locked(folder_of(path)):
            replace(path, state.to_text().encode(errors="surrogateescape"))
    except OSError as error:
        raise failure(error, f"{path} could not be written") from error


def generate_checkpoint_state_proto(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Iterable[str] | None = None,
    all_model_checkpoint_timestamps: Iterable[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """Return the state for a folder: in a relative folder, relative paths become relative to it.

    Args:
        save_dir: Where the checkpoints are.
        model_checkpoint_path: The prefix of the latest one.
        all_model_checkpoint_paths: The prefixes of all, oldest first; the latest is added if it is not the last.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970.
        last_preserved_timestamp: When the last one was written that is kept for ever.

    Raises:
        ValueError: There are timestamps, and not as many as paths.
    """
    save_dir = os.fspath(save_dir)
    paths = list(all_model_checkpoint_paths or ())
    times = list(all_model_checkpoint_timestamps or ())
    if not paths or paths[-1] != model_checkpoint_path:
        _log.info("%s is not in all_model_checkpoint_paths. Manually adding it.", model_checkpoint_path)
        paths.append(model_checkpoint_path)
    if times and len(times) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths "
            f"(got paths {paths} and timestamps {times})"
        )
    if not os.path.isabs(save_dir):
        model_checkpoint_path = _relative(model_checkpoint_path, save_dir)
        paths = [_relative(path, save_dir) for path in paths]
    return CheckpointState(model_checkpoint_path, paths, times, last_preserved_timestamp or 0.0)


def update_checkpoint_state(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Iterable[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Iterable[float] | None = None,
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> None:
    """Write the state file of a folder.

    Args:
        save_dir: Where the checkpoints are.
        model_checkpoint_path: The prefix of the latest one.
        all_model_checkpoint_paths: The prefixes of all, oldest first.
        latest_filename: The state file's name; None is `checkpoint`.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970.
        last_preserved_timestamp: When the last one was written that is kept for ever.
        save_relative_paths: Write absolute paths relative to the folder, so that it can be moved.

    Raises:
        RuntimeError: The latest checkpoint has the state file's name.
        ValueError: There are timestamps, and not as many as paths.
        OpError: It could not be written.
    """
    paths = list(all_model_checkpoint_paths or ())
    latest = model_checkpoint_path
    if save_relative_paths:
        latest, *paths = (os.path.relpath(path, save_dir) if os.path.isabs(path) else path for path in (latest, *paths))
    state = generate_checkpoint_state_proto(
        save_dir, latest, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )
    if _state_path(save_dir, latest_filename) == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  "
            "Please use a different save path."
        )
    write_state(save_dir, state, latest_filename)


def get_checkpoint_state(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> CheckpointState | None:
    """Return what the state file says, with paths that work from here; None, with a warning, if it cannot be read.

    Args:
        checkpoint_dir: The folder of the checkpoints.
        latest_filename: The state file's name; None is `checkpoint`.

    Raises:
        ValueError: The file does not say which checkpoint is the latest.
    """
    folder = os.fspath(checkpoint_dir)
    try:
        state = read_state(folder, latest_filename)
    except (Malformed, OSError) as error:
        path = _state_path(folder, latest_filename)
        _log.warning("%s: %s: %s", path, type(error).__name__, error)
        _log.warning("%s: Checkpoint ignored", path)
        return None
    if state is None:
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {folder}")
    state.model_checkpoint_path = os.path.join(folder, state.model_checkpoint_path)
    state.all_model_checkpoint_paths = [os.path.join(folder, path) for path in state.all_model_checkpoint_paths]
    return state


def latest_checkpoint(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> str | None:
    """Return the prefix of the latest checkpoint in a folder, None if there is none.

    Args:
        checkpoint_dir: The folder.
        latest_filename: The state file's name; None is `checkpoint`.
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return state.model_checkpoint_path
    _log.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def checkpoint_exists(checkpoint_prefix: str | os.PathLike[str]) -> bool:
    """Return whether there is a checkpoint of either format with this prefix, which may be a glob pattern.

    Args:
        checkpoint_prefix: As `latest_checkpoint` returns it.
    """
    return _first_file(os.fspath(checkpoint_prefix)) is not None


def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str]) -> list[float]:
    """Return when the checkpoints were written, in seconds since 1970; those that do not exist are left out.

    Args:
        checkpoint_prefixes: As `latest_checkpoint` returns them.
    """
    found = map(_first_file, checkpoint_prefixes)
    return [os.stat(path).st_mtime_ns / 1e9 for path in found if path is not None]


def remove_checkpoint(
    checkpoint_prefix: str | os.PathLike[str], checkpoint_format_version: int = V2, meta_graph_suffix: str = "meta"
) -> None:
    """Remove the files of a checkpoint and its graph's; those that do not exist are no error.

    Args:
        checkpoint_prefix: Of the checkpoint.
        checkpoint_format_version: `V2`, or `V1` for the format before it.
        meta_graph_suffix: The ending of the graph's file.
    """
    prefix = os.fspath(checkpoint_prefix)
    paths = [meta_graph_filename(prefix, meta_graph_suffix)]
    if checkpoint_format_version == V2:
        # The index first: without it, the data is no checkpoint.
        paths += [index_name(prefix), *_data_files(prefix)]
    else:
        paths.append(prefix)
    for path in paths:
        for file in [path] if os.path.exists(path) else glob(path):
            _unlink(file)


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """Return the name of the file with the graph of a checkpoint.

    Args:
        checkpoint_filename: The checkpoint's prefix; a `-?????-of-00002` at its end is left out.
        meta_graph_suffix: The ending of the graph's file.
    """
    return f"{re.sub(r'-[0-9?]+-of-[0-9]+$', '', checkpoint_filename)}.{meta_graph_suffix}"


def _state_path(folder: str | os.PathLike[str], latest_filename: str | None) -> str:
    return os.path.join(folder, DEFAULT_NAME if latest_filename is None else latest_filename)


def _relative(path: str, folder: str) -> str:
    return path if os.path.isabs(path) else os.path.relpath(path, folder)


def _first_file(prefix: str) -> str | None:
    """Return the file that stands for a checkpoint: its index, or what a checkpoint before V2 has."""
    for path in (index_name(prefix), prefix):
        if os.path.exists(path):
            return path
        found = sorted(glob(path))
        if found:
            return found[0]
    return None


def _data_files(prefix: str) -> list[str]:
    try:
        return data_files(prefix)
    except FileNotFoundError:
        return []


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        _log.warning("%s was removed by somebody else at the same time", path)

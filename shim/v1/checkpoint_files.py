"""The functions of `tf.train` that look after checkpoints' files: which there are, and which is the latest."""

from collections.abc import Iterable
from typing import Any

from onevar.core.bundle import checkpoint_state
from onevar.v1.export import export, export_value

for _name in (
    "checkpoint_exists", "generate_checkpoint_state_proto", "get_checkpoint_mtimes", "get_checkpoint_state",
    "latest_checkpoint", "remove_checkpoint",
):  # fmt: skip
    export_value(f"train.{_name}", getattr(checkpoint_state, _name))


@export("train.update_checkpoint_state")
def update_checkpoint_state(
    save_dir: Any, model_checkpoint_path: str, all_model_checkpoint_paths: Iterable[str] | None = None,
    latest_filename: str | None = None, all_model_checkpoint_timestamps: Iterable[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:  # fmt: skip
    """Write the file that lists the checkpoints of a folder.

    Args:
        save_dir: Where the checkpoints are.
        model_checkpoint_path: The prefix of the latest one.
        all_model_checkpoint_paths: The prefixes of all, oldest first.
        latest_filename: The file's name; None is `checkpoint`.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970.
        last_preserved_timestamp: When the last one was written that is kept for ever.

    Raises:
        RuntimeError: The latest checkpoint has the file's name.
        ValueError: There are timestamps, and not as many as paths.
        OpError: It could not be written.
    """
    checkpoint_state.update_checkpoint_state(
        save_dir, model_checkpoint_path, all_model_checkpoint_paths, latest_filename,
        all_model_checkpoint_timestamps, last_preserved_timestamp,
    )  # fmt: skip

"""What training loops write for TensorBoard: through `tf.summary`, which is looked up when it is needed."""

from typing import Any

from onevar.v1.export import exported


def writer_for(folder: str) -> Any:
    """Return the `tf.summary.FileWriter` of a folder, one for all who ask.

    Args:
        folder: Where the event files are.
    """
    return exported("summary.FileWriterCache").get(folder)


def scalar_summary(tag: str, value: float) -> Any:
    """Return a `Summary` message with one number.

    Args:
        tag: What it is called.
        value: The number.
    """
    summary = exported("Summary")
    return summary(value=[summary.Value(tag=tag, simple_value=value)])


def session_log(status: str, checkpoint_path: str | None = None) -> Any:
    """Return a `SessionLog` message.

    Args:
        status: `"START"`, `"STOP"` or `"CHECKPOINT"`.
        checkpoint_path: Of what was saved.
    """
    kind = exported("SessionLog")
    return kind(status=getattr(kind, status), checkpoint_path=checkpoint_path)

"""`tf.contrib.tensorboard.plugins.projector`: which embeddings TensorBoard projects, and how they are labelled."""

import importlib
import os
from typing import Any

from onevar.errors import FrameworkMissing
from onevar.v1 import file_io
from onevar.v1.export import export, export_lazily

_PUBLIC = "contrib.tensorboard.plugins.projector"
_MESSAGES = ("EmbeddingInfo", "ProjectorConfig", "SpriteMetadata")


def __getattr__(name: str) -> Any:
    if name not in _MESSAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module("tensorboard.plugins.projector.projector_config_pb2")
    except ModuleNotFoundError as error:
        raise FrameworkMissing(
            f"projector.{name} comes with the tensorboard package, which is not installed ({error}). "
            '`pip install "onevar[migrate]"` brings it.'
        ) from error
    return getattr(module, name)


for _name in _MESSAGES:
    export_lazily(f"{_PUBLIC}.{_name}", "projector_config", _name)
    export_lazily(f"{_PUBLIC}.projector_config_pb2.{_name}", "projector_config", _name)


@export(f"{_PUBLIC}.visualize_embeddings")
def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Write the configuration to where TensorBoard looks for it: `projector_config.pbtxt` beside the event files.

    Args:
        summary_writer: A `FileWriter`; or a folder's path.
        config: The `ProjectorConfig`.

    Raises:
        ValueError: The writer has no folder.
    """
    from google.protobuf import text_format

    # TensorBoard's own function of this name takes the folder.
    plain = isinstance(summary_writer, str | bytes | os.PathLike)
    logdir = summary_writer if plain else summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    file_io.make_dirs(logdir)
    with file_io.GFile(os.path.join(os.fspath(logdir), "projector_config.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(config))

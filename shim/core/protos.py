"""TensorFlow's protocol buffers, as the tensorboard package has them: imported when one is asked for."""

import importlib
from functools import cache
from types import ModuleType

from onevar.errors import FrameworkMissing


@cache
def proto(name: str) -> ModuleType:
    """Return a module of messages.

    Args:
        name: Of the `.proto` file: `"summary"`, `"event"`, `"graph"`, `"config"`.

    Returns:
        Its generated module, whose attributes are the message classes.

    Raises:
        FrameworkMissing: The tensorboard package is not installed.
    """
    try:
        return importlib.import_module(f"tensorboard.compat.proto.{name}_pb2")
    except ModuleNotFoundError as error:
        raise FrameworkMissing(
            f"Protocol buffers ({name}_pb2) come with the tensorboard package, which is not installed "
            f'({error}). `pip install "onevar[migrate]"` brings it.'
        ) from error

"""`tf.Session` and what configures it."""

from collections.abc import Callable
from typing import Any

from onevar.core import session
from onevar.core.fetching import CONVERSIONS, IndexedSlicesValue
from onevar.v1.export import export, export_value

for _name in ("Session", "InteractiveSession", "get_default_session"):
    export_value(_name, getattr(session, _name))
export_value("IndexedSlicesValue", IndexedSlicesValue)


@export("python.client.session.register_session_run_conversion_functions")
def register_session_run_conversion_functions(
    tensor_type: type, fetch_function: Callable[[Any], Any], feed_function: Callable[[Any, Any], Any] | None = None,
    feed_function_for_partial_run: Callable[[Any], Any] | None = None,
) -> None:  # fmt: skip
    """Let `Session.run` fetch objects of a program's own type, and feed them.

    Args:
        tensor_type: The type.
        fetch_function: An object to its tensors, and a function of their values that returns what `run` returns.
        feed_function: An object and the value fed for it to pairs of a tensor and its value.
        feed_function_for_partial_run: An object to the tensors that are fed for it.

    Raises:
        ValueError: The type, or one derived from it, is registered already.
    """
    if any(issubclass(kind, tensor_type) for kind, *_ in CONVERSIONS):
        raise ValueError(f"{tensor_type} has already been registered so ignore it.")
    CONVERSIONS.insert(0, (tensor_type, fetch_function, feed_function, feed_function_for_partial_run))

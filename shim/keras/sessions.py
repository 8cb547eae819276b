"""`get_session`, `set_session`, `clear_session`: the Session of programs that use Keras with TensorFlow 1's graphs."""

from typing import Any

import keras

from onevar.core.default_graph import get_default_graph, reset_default_graph
from onevar.core.session import BaseSession, Session, get_default_session
from onevar.errors import BackendMismatch
from onevar.keras.graph_state import forget, root_graph
from onevar.keras.naming import forget_names

__all__ = ["clear_session", "get_session", "set_session"]

_kept: list[BaseSession] = []


def get_session(op_input_list: Any = ()) -> BaseSession:
    """Return the Session that Keras code works with: the default one, or one that is kept for the default graph.

    The variables of Keras's layers need no initializer; those of v1 code do, as in TensorFlow 1.

    Args:
        op_input_list: Accepted.

    Returns:
        The innermost default Session, if it is of the default graph; else the one of `set_session`; else a new one on
        Keras's backend, which stays the same until the default graph is another one.
    """
    default = get_default_session()
    if default is not None and default.graph is root_graph():
        return default
    if not _kept or _kept[0].graph is not root_graph() or _kept[0]._closed:
        _kept[:] = [Session(graph=root_graph(), backend=keras.backend.backend())]
    return _kept[0]


def set_session(session: BaseSession) -> None:
    """Make a Session the one that `get_session` returns.

    Args:
        session: Of Keras's backend.

    Raises:
        TypeError: It is no Session.
        BackendMismatch: It computes with another framework than Keras.
    """
    if not isinstance(session, BaseSession):
        raise TypeError(f"set_session(session): a tf.Session is wanted. Received: {session!r}.")
    if session.backend != keras.backend.backend():
        raise BackendMismatch(
            f"set_session(session): it computes with {session.backend}, and Keras with {keras.backend.backend()}. Make "
            f"it with tf.Session(backend={keras.backend.backend()!r}), or start the program with "
            f"KERAS_BACKEND={session.backend}."
        )
    _kept[:] = [session]


def clear_session() -> None:
    """Forget the graph that is the default one, the Session kept for it, and the names that Keras gave so far.

    Raises:
        AssertionError: Called inside `with graph.as_default():`.
    """
    _kept.clear()
    forget(get_default_graph())
    forget_names()
    keras.utils.clear_session(free_memory=False)
    reset_default_graph()


def initialize(session: BaseSession) -> None:
    """Give the variables of a Session's graph that have no value their initial one.

    Args:
        session: The Session.
    """
    waiting = [v for v in session.graph.get_collection("variables") if not session.slot(v).initialized]
    if waiting:
        session.run([v.initializer for v in waiting])

"""`tf.contrib.framework.arg_scope`: default arguments for functions, inside a `with` block."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any, TypeVar

from onevar.v1.export import export

F = TypeVar("F", bound=Callable[..., Any])


class _Stack(local):
    """The scopes that are open in this thread; each maps functions' keys to their defaults."""

    def __init__(self) -> None:
        self.scopes: list[dict[Any, dict[str, Any]]] = [{}]


_STACK = _Stack()
# The names of the arguments with defaults, by functions' keys.
_KNOWN: dict[Any, tuple[str, ...]] = {}


@export("contrib.framework.current_arg_scope", "contrib.slim.current_arg_scope")
def current_arg_scope() -> dict[Any, dict[str, Any]]:
    """Return the innermost scope, which `arg_scope` takes to enter it again."""
    return _STACK.scopes[-1]


@export("contrib.framework.arg_scope_func_key", "contrib.slim.arg_scope_func_key")
def arg_scope_func_key(op: Callable[..., Any]) -> Any:
    """Return what stands for a function in a scope.

    Args:
        op: The function.
    """
    return getattr(op, "_key_op", str(op))


@export("contrib.framework.has_arg_scope", "contrib.slim.has_arg_scope")
def has_arg_scope(func: Callable[..., Any]) -> bool:
    """Whether a function takes defaults from scopes.

    Args:
        func: The function.
    """
    return arg_scope_func_key(func) in _KNOWN


@export("contrib.framework.arg_scoped_arguments", "contrib.slim.arg_scoped_arguments")
def arg_scoped_arguments(func: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments that scopes can give to a function.

    Args:
        func: One that takes defaults from scopes.

    Raises:
        AssertionError: It does not.
    """
    if not has_arg_scope(func):
        raise AssertionError(f"{func} is not decorated with @add_arg_scope")
    return _KNOWN[arg_scope_func_key(func)]


@export("contrib.framework.arg_scope", "contrib.slim.arg_scope")
@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[dict[Any, dict[str, Any]]]:
    """Give functions other defaults inside the block.

    Args:
        list_ops_or_scope: The functions; or a scope, to enter it again.
        **kwargs: The defaults.

    Raises:
        ValueError: A scope and defaults, or a function that takes none from scopes.
        TypeError: Neither functions nor a scope.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling adictionary, kwargs must be empty.")
        scope = dict(list_ops_or_scope)
    else:
        if not isinstance(list_ops_or_scope, list | tuple):
            raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                where = (getattr(op, "__module__", None), getattr(op, "__name__", repr(op)))
                raise ValueError("%s is not decorated with @add_arg_scope", where)
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    _STACK.scopes.append(scope)
    try:
        yield scope
    finally:
        _STACK.scopes.pop()


@export("contrib.framework.add_arg_scope", "contrib.slim.add_arg_scope")
def add_arg_scope(func: F) -> F:
    """Let a function take defaults from scopes.

    Args:
        func: The function.
    """
    key = arg_scope_func_key(func)
    _KNOWN[key] = _names_with_defaults(func)

    @functools.wraps(func)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        defaults = _STACK.scopes[-1].get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    with_defaults._key_op = key  # type: ignore[attr-defined]
    return with_defaults  # type: ignore[return-value]


def _names_with_defaults(func: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):  # built-in functions that do not tell
        return ()
    return tuple(p.name for p in parameters if p.default is not p.empty)

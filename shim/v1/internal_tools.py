"""Modules of `tensorflow.python.util`: deprecation, decorators, inspection, exports; and `remove_undocumented`."""

import contextlib
import functools
import inspect
import re
import sys
import types
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.v1.export import export, export_value
from onevar.v1.tf_logging import warning

# -- deprecation ------------------------------------------------------------------------------------------

_state = {"print": True}
_warned: set[Any] = set()


def _check(date: str | None, instructions: str) -> None:
    if date is not None and not re.match(r"20\d\d-[01]\d-[0123]\d", date):
        raise ValueError("Date must be YYYY-MM-DD.")
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")


def _when(date: str | None) -> str:
    return "in a future version" if date is None else f"after {date}"


def _place() -> str:
    frame = inspect.currentframe()
    for _ in range(3):
        frame = frame.f_back if frame is not None else None
    return "UNKNOWN" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _named(func: Any) -> str:
    return f"{getattr(func, '__qualname__', func)} (from {getattr(func, '__module__', '?')})"


def _offer(name: str) -> Callable[[Any], Any]:
    return export(f"python.util.deprecation.{name}", f"contrib.framework.{name}")


@_offer("deprecated")
def deprecated(date: str | None, instructions: str, warn_once: bool = True) -> Callable[[Any], Any]:
    """Return a decorator that warns when the function is called.

    Args:
        date: When it goes, `"2018-01-01"`; None leaves that open.
        instructions: What to use instead.
        warn_once: Whether the first call alone warns.

    Raises:
        ValueError: The date is written otherwise, or there are no instructions.
    """
    _check(date, instructions)

    def decorate(func_or_class: Any) -> Any:
        is_class = isinstance(func_or_class, type)
        func = func_or_class.__init__ if is_class else func_or_class

        @functools.wraps(func)
        def with_warning(*args: Any, **kwargs: Any) -> Any:
            if _state["print"] and (func not in _warned or not warn_once):
                _warned.add(func)
                warning(
                    "From %s: %s is deprecated and will be removed %s.\nInstructions for updating:\n%s",
                    _place(), _named(func_or_class), _when(date), instructions,
                )  # fmt: skip
            return func(*args, **kwargs)

        if is_class:
            func_or_class.__init__ = with_warning
            return func_or_class
        with_warning.__doc__ = f"{func.__doc__ or ''}\n\nDeprecated: {instructions}"
        return with_warning

    return decorate


@_offer("deprecated_args")
def deprecated_args(
    date: str | None, instructions: str, *deprecated_arg_names_or_tuples: Any, **kwargs: Any
) -> Callable[[Any], Any]:
    """Return a decorator that warns when the function is called with some arguments.

    Args:
        date: When they go; None leaves that open.
        instructions: What to use instead.
        *deprecated_arg_names_or_tuples: The arguments' names, or pairs of a name and a value that may be given.
        **kwargs: `warn_once`.

    Raises:
        ValueError: A date, or instructions, as for `deprecated`, or no arguments.
    """
    _check(date, instructions)
    if not deprecated_arg_names_or_tuples:
        raise ValueError("Specify which argument is deprecated.")
    warn_once = kwargs.pop("warn_once", True)
    accepted = {
        item if isinstance(item, str) else item[0]: () if isinstance(item, str) else tuple(item[1:])
        for item in deprecated_arg_names_or_tuples
    }

    def decorate(func: Any) -> Any:
        signature = inspect.signature(func)
        missing = [name for name in accepted if name not in signature.parameters]
        has_kwargs = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
        if missing and not has_kwargs:
            raise ValueError(
                f"The following deprecated arguments are not present in the function signature: {missing}."
            )

        @functools.wraps(func)
        def with_warning(*args: Any, **named: Any) -> Any:
            if _state["print"]:
                given = signature.bind_partial(*args, **named).arguments
                for name, values in accepted.items():
                    found = given.get(name, named.get(name, _NOTHING))
                    if found is _NOTHING or any(found is value or _equal(found, value) for value in values):
                        continue
                    _warn_of_argument(func, name, date, instructions, warn_once)
            return func(*args, **named)

        return with_warning

    return decorate


_NOTHING = object()


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(np.all(a == b))
    except (TypeError, ValueError):
        return False


def _warn_of_argument(func: Any, name: str, date: str | None, instructions: str, warn_once: bool) -> None:
    if warn_once and (func, name) in _warned:
        return
    _warned.add((func, name))
    warning(
        "From %s: calling %s with %s is deprecated and will be removed %s.\nInstructions for updating:\n%s",
        _place(), _named(func), name, _when(date), instructions,
    )  # fmt: skip


@_offer("deprecated_arg_values")
def deprecated_arg_values(
    date: str | None, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Callable[[Any], Any]:
    """Return a decorator that warns when the function is called with some values of arguments.

    Args:
        date: When they go; None leaves that open.
        instructions: What to use instead.
        warn_once: Whether the first call alone warns.
        **deprecated_kwargs: The arguments' values.

    Raises:
        ValueError: A date, or instructions, as for `deprecated`, or no arguments.
    """
    _check(date, instructions)
    if not deprecated_kwargs:
        raise ValueError("Specify which argument values are deprecated.")

    def decorate(func: Any) -> Any:
        @functools.wraps(func)
        def with_warning(*args: Any, **named: Any) -> Any:
            if _state["print"]:
                given = {**inspect.signature(func).bind_partial(*args, **named).arguments, **named}
                for name, value in deprecated_kwargs.items():
                    if name in given and _equal(given[name], value):
                        _warn_of_argument(func, f"{name}={value}", date, instructions, warn_once)
            return func(*args, **named)

        return with_warning

    return decorate


@export("python.util.deprecation.deprecated_argument_lookup")
def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """Return the value of an argument that has two names.

    Args:
        new_name: Its name today.
        new_value: What was given under that name, or None.
        old_name: Its older name.
        old_value: What was given under that one, or None.

    Raises:
        ValueError: Both were given.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old_value


@export("python.util.deprecation.rewrite_argument_docstring")
def rewrite_argument_docstring(old_doc: str, old_argument: str, new_argument: str) -> str:
    """Return a docstring with another name for an argument.

    Args:
        old_doc: The docstring.
        old_argument: The name there.
        new_argument: The other one.
    """
    return old_doc.replace(f"`{old_argument}`", f"`{new_argument}`").replace(f"{old_argument}:", f"{new_argument}:")


@export("python.util.deprecation.deprecated_alias")
def deprecated_alias(deprecated_name: str, name: str, func_or_class: Any, warn_once: bool = True) -> Any:
    """Return a function that is another, and warns.

    Args:
        deprecated_name: The name that goes.
        name: The one that stays.
        func_or_class: What has it.
        warn_once: Whether the first call alone warns.
    """

    @functools.wraps(func_or_class)
    def with_warning(*args: Any, **kwargs: Any) -> Any:
        if _state["print"] and (func_or_class not in _warned or not warn_once):
            _warned.add(func_or_class)
            warning("From %s: The name %s is deprecated. Please use %s instead.\n", _place(), deprecated_name, name)
        return func_or_class(*args, **kwargs)

    return with_warning


@export("python.util.deprecation.deprecated_endpoints")
def deprecated_endpoints(*args: str) -> Callable[[Any], Any]:
    """Return a decorator that changes nothing.

    Args:
        *args: Names that go.
    """
    return lambda function: function


@export("python.util.deprecation.silence")
@contextlib.contextmanager
def silence() -> Any:
    """Warn of nothing inside the `with` block."""
    before = _state["print"]
    _state["print"] = False
    try:
        yield
    finally:
        _state["print"] = before


# -- decorators -------------------------------------------------------------------------------------------


@export("python.util.tf_decorator.make_decorator")
def make_decorator(
    target: Any, decorator_func: Any, decorator_name: str | None = None, decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Any:  # fmt: skip
    """Return `decorator_func` with the name, docstring and signature of `target`.

    Args:
        target: What was decorated.
        decorator_func: What takes its place.
        decorator_name: Accepted.
        decorator_doc: Accepted.
        decorator_argspec: Accepted.
    """
    return functools.update_wrapper(decorator_func, target)


@export("python.util.tf_decorator.unwrap")
def unwrap(maybe_tf_decorator: Any) -> tuple[list[Any], Any]:
    """Return the decorators around a function, and the function.

    Args:
        maybe_tf_decorator: The function.
    """
    decorators = []
    while hasattr(maybe_tf_decorator, "__wrapped__"):
        decorators.append(maybe_tf_decorator)
        maybe_tf_decorator = maybe_tf_decorator.__wrapped__
    return decorators, maybe_tf_decorator


export_value("python.util.tf_contextlib.contextmanager", contextlib.contextmanager)

_ArgSpec = namedtuple("_ArgSpec", "args varargs keywords defaults")


@export("python.util.tf_inspect.getargspec")
def getargspec(obj: Any) -> Any:
    """Return the arguments of a function: `args`, `varargs`, `keywords`, `defaults`.

    Args:
        obj: The function.
    """
    found = inspect.getfullargspec(unwrap(obj)[1])
    return _ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


export_value("python.util.tf_inspect.ArgSpec", _ArgSpec)
export_value("python.util.tf_inspect.FullArgSpec", inspect.FullArgSpec)
for _name in (
    "currentframe", "getfullargspec", "getcallargs", "getframeinfo", "getdoc", "getfile", "getmembers", "getmodule",
    "getmro", "getsource", "getsourcefile", "getsourcelines", "isbuiltin", "isclass", "isfunction", "isframe",
    "isgenerator", "isgeneratorfunction", "ismethod", "ismodule", "isroutine", "signature", "stack", "Parameter",
    "Signature",
):  # fmt: skip
    export_value(f"python.util.tf_inspect.{_name}", getattr(inspect, _name))


@export("python.util.function_utils.fn_args", "python.estimator.util.fn_args")
def fn_args(fn: Any) -> tuple[str, ...]:
    """Return the names of a function's arguments, without `self` and what `partial` has given.

    Args:
        fn: A function, a method, an object with `__call__`, or a `partial`.
    """
    given: dict[str, Any] = {}
    positional = 0
    while isinstance(fn, functools.partial):
        positional, given, fn = positional + len(fn.args), {**given, **(fn.keywords or {})}, fn.func
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, parameter in inspect.signature(fn).parameters.items() if parameter.kind in kinds]
    return tuple(name for name in names[positional:] if name not in given)


# -- packages ---------------------------------------------------------------------------------------------


@export("python.util.all_util.make_all")
def make_all(module_name: str, doc_string_modules: Any = None) -> list[str]:
    """Return what a module offers: the names that do not start with `_` and are no modules.

    Args:
        module_name: The module.
        doc_string_modules: Accepted.
    """
    members = vars(sys.modules[module_name])
    return [
        name for name, value in members.items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    ]  # fmt: skip


@export("python.util.all_util.remove_undocumented")
def remove_undocumented(
    module_name: str, allowed_exception_list: Sequence[str] | None = None, doc_string_modules: Any = None
) -> None:
    """Accepted: a module of the program keeps all its names.

    Args:
        module_name: The module.
        allowed_exception_list: Names that stay.
        doc_string_modules: Modules that document.
    """


@export(*(f"python.util.tf_export.{name}" for name in ("tf_export", "estimator_export", "keras_export", "api_export")))
def tf_export(*args: str, **kwargs: Any) -> Callable[[Any], Any]:
    """Return a decorator that changes nothing: a program's own names are not those of `tf`.

    Args:
        *args: Names.
        **kwargs: Accepted.
    """
    return lambda value: value


@export("python.util.tf_should_use.should_use_result")
def should_use_result(fn: Any = None, warn_in_eager: bool = False, error_in_function: bool = False) -> Any:
    """Return the function unchanged.

    Args:
        fn: The function; None gives a decorator.
        warn_in_eager: Accepted.
        error_in_function: Accepted.
    """
    return fn if fn is not None else (lambda function: function)


@export("python.util.dispatch.add_dispatch_support")
def add_dispatch_support(target: Any = None, iterable_parameters: Any = None) -> Any:
    """Return the function unchanged.

    Args:
        target: The function; None gives a decorator.
        iterable_parameters: Accepted.
    """
    return target if target is not None else (lambda function: function)

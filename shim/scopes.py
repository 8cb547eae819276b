"""Scopes that change what Variables read, write and are called; all are local to the thread.

The semantics are Keras 3's (`keras.StatelessScope`, `keras.name_scope`, `AutocastScope`).
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from onevar.cell import cell_of
from onevar.core.values import to_tensor
from onevar.dtypes import is_float_dtype, standardize_dtype

#: One entry for each Stateless- or AutocastScope that is open in any thread. While it is empty,
#: operators need not look at the thread's own scopes at all.
ACTIVE: list[object] = []
#: What makes the scope of another library's, for variables that are its too, each time a StatelessScope is opened.
BESIDE: list[Callable[["StatelessScope"], Any]] = []


class _Local(threading.local):
    stateless: "StatelessScope | None" = None
    autocast: "AutocastScope | None" = None

    def __init__(self) -> None:
        self.names: list[name_scope] = []
        self.uninitialized: list[Any] = []


LOCAL = _Local()


class AutocastScope:
    """Context manager in which float Variables read as `dtype`.

    Args:
        dtype: A float dtype, or None for no casting.

    Raises:
        ValueError: `dtype` is not a float dtype.
    """

    def __init__(self, dtype: object):
        if dtype is not None:
            dtype = standardize_dtype(dtype)
            if not is_float_dtype(dtype):
                raise ValueError(
                    "`AutocastScope` can only be used with a floating-point target dtype, such as 'float16'. "
                    f"Received: dtype={dtype}"
                )
        self.dtype: str | None = dtype
        self._outer: AutocastScope | None = None

    def __enter__(self) -> "AutocastScope":
        self._outer, LOCAL.autocast = LOCAL.autocast, self
        ACTIVE.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        LOCAL.autocast = self._outer
        ACTIVE.remove(self)


class StatelessScope:
    """Context manager in which writes to Variables are collected instead of done.

    Args:
        state_mapping: Pairs of a Variable and the tensor that it reads as inside.
        collect_losses: Kept for Keras, which collects its layers' losses here.
        initialize_variables: Whether Variables made inside, which are deferred, are initialized
            when the outermost scope is left.

    Raises:
        ValueError: A key is not a Variable, or a value's shape is not the Variable's.
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Any, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ):
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self.state_mapping: dict[int, Any] = {}
        self._variables: dict[int, Any] = {}
        self._outer: StatelessScope | None = None
        self._beside: list[Any] = []
        for variable, value in state_mapping or ():
            self.add_update((variable, _checked(variable, value)))

    def __enter__(self) -> "StatelessScope":
        self._beside = [make(self) for make in BESIDE]
        for scope in self._beside:
            scope.__enter__()
        self._outer, LOCAL.stateless = LOCAL.stateless, self
        ACTIVE.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        LOCAL.stateless = self._outer
        ACTIVE.remove(self)
        for scope in reversed(self._beside):
            scope.__exit__(*exc)
        if self._outer is None and self.initialize_variables:
            initialize_all_variables()

    def add_loss(self, loss: Any) -> None:
        """Keep a loss."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Make the Variable of a `(variable, value)` pair read as `value` from now on."""
        variable, value = update
        cell = variable._cell
        self._variables[id(cell)] = variable  # alive as long as its id is a key
        self.state_mapping[id(cell)] = value
        if cell.keeper is not None:
            for scope in self._beside:
                scope.add_update((cell.keeper, value))

    def get_current_value(self, variable: Any) -> Any:
        """Return what `variable` reads as inside, or None if the scope has no value for it."""
        cell = variable._cell
        if cell.keeper is not None:
            for scope in self._beside:
                return scope.state_mapping.get(id(cell.keeper))
        return self.state_mapping.get(id(cell))

    def variables(self) -> list[Any]:
        """Return the Variables that have a value in this scope, in the order they came; then those of other libraries.

        What another library's scope was told of, it was told by that library itself.
        """
        found = list(self._variables.values())
        known = {id(variable._cell.keeper) for variable in found}
        others = [v for scope in self._beside for v in scope.updated() if id(v) not in known]
        return [*found, *others]

    def value_of(self, variable: Any) -> Any:
        """Return the value of one of `variables()`."""
        if hasattr(variable, "_cell"):
            return self.get_current_value(variable)
        return next(scope.state_mapping[id(variable)] for scope in self._beside if id(variable) in scope.state_mapping)

    def watch(self, variable: Any) -> None:
        """Be told that a variable of another library, which is no view of ours, is read inside.

        Args:
            variable: The other library's.
        """


def _checked(variable: Any, value: Any) -> Any:
    cell = cell_of(variable)
    if cell is None:
        raise ValueError(
            "Invalid reference variable in StatelessScope: all keys in argument `mapping` must be Variable "
            f"instances. Received instead: {variable!r}"
        )
    value = to_tensor(value, cell.adapter, dtype=cell.dtype, call="StatelessScope(state_mapping)")
    if tuple(value.shape) != cell.shape:
        raise ValueError(
            "Invalid variable value in StatelessScope: all values in argument `mapping` must be tensors with a shape "
            f"that matches the corresponding variable shape. For variable {variable.path} of shape {cell.shape}, "
            f"received a value of shape {tuple(value.shape)}."
        )
    return value


def in_stateless_scope() -> bool:
    """Whether a StatelessScope is open in this thread."""
    return LOCAL.stateless is not None


def get_stateless_scope() -> StatelessScope | None:
    """Return this thread's innermost StatelessScope, or None."""
    return LOCAL.stateless


def initialize_all_variables() -> None:
    """Initialize the Variables that were deferred by a StatelessScope in this thread."""
    pending, LOCAL.uninitialized = LOCAL.uninitialized, []
    for variable in pending:
        variable._deferred_initialize()


class name_scope:  # noqa: N801 (Keras's name)
    """Context manager that prefixes the `path` of Variables made inside.

    Args:
        name: Without `/`.
        caller: An object that opens the scope; with `deduplicate`, the same caller opening the
            same name directly inside itself adds nothing.
        deduplicate: See `caller`.
        override_parent: An absolute path that takes the place of the scopes around.

    Raises:
        ValueError: `name` is not a string or contains `/`.
    """

    def __init__(self, name: str, caller: object = None, deduplicate: bool = True, override_parent: str | None = None):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}"
            )
        self.name, self.caller, self.deduplicate = name, caller, deduplicate
        parent = getattr(caller, "_parent_path", None)
        self.override_parent = parent if override_parent is None and deduplicate else override_parent
        self._pop_on_exit = False

    def __enter__(self) -> "name_scope":
        stack = LOCAL.names
        inside_itself = (
            self.deduplicate
            and stack
            and self.caller is not None
            and self.caller is stack[-1].caller
            and self.name == stack[-1].name
        )
        if not inside_itself:
            stack.append(self)
            self._pop_on_exit = True
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pop_on_exit and LOCAL.names:
            LOCAL.names.pop()
        self._pop_on_exit = False


def current_path() -> str:
    """Return the names of the open `name_scope`s, joined by `/`."""
    parts: list[str] = []
    for scope in LOCAL.names:
        if scope.override_parent is not None:
            parts = [part for part in scope.override_parent.split("/") if part]
        parts.append(scope.name)
    return "/".join(parts)


def functionalize(fn: Callable, variables: Any) -> Callable:
    """Turn a function over Variables into a pure one, for `jit`, `grad`, `vmap` and their kin.

    Args:
        fn: Reads and assigns Variables, those of `variables` and no others.
        variables: A sequence of Variables, or a mapping from names to them.

    Returns:
        `pure(values, *args, **kwargs) -> (out, new_values)`: `values` are tensors in the order (or under the
        names) of `variables`, `out` is what `fn(*args, **kwargs)` returns, `new_values` what the Variables would
        then hold, structured as `values`. The Variables themselves do not change: assign `new_values` to them.

    Raises:
        ValueError: From `pure`: the number of values is not that of the variables, or `fn` assigned
            a Variable that is not among `variables`, whose new value would be lost.

    >>> import onevar
    >>> v = onevar.Variable(2.0, backend="numpy")
    >>> out, (new,) = onevar.functionalize(lambda x: v.assign_add(x), [v])([v.value], 3.0)
    >>> float(new), float(v)
    (5.0, 2.0)
    """
    names = list(variables) if isinstance(variables, Mapping) else None
    listed = [variables[name] for name in names] if names is not None else list(variables)

    def pure(values: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        given = [values[name] for name in names] if names is not None else list(values)
        if len(given) != len(listed):
            raise ValueError(
                f"functionalize(fn, variables): {len(listed)} variables, but {len(given)} values came in. "
                "Pass one value for each variable, in their order."
            )
        with StatelessScope(zip(listed, given, strict=True), initialize_variables=False) as scope:
            out = fn(*args, **kwargs)
        _refuse_strays(scope, listed)
        new = [scope.get_current_value(v) for v in listed]
        if names is not None:
            return out, dict(zip(names, new, strict=True))
        return out, tuple(new) if isinstance(values, tuple) else new

    return pure


def _refuse_strays(scope: StatelessScope, listed: list[Any]) -> None:
    known = {id(v._cell) for v in listed}
    strays = [v.path for v in scope.variables() if not hasattr(v, "_cell") or id(v._cell) not in known]
    if strays:
        raise ValueError(
            f"functionalize(fn, variables): fn assigned {', '.join(strays)}, which `variables` does not list; "
            "the new value would be lost. Add it to `variables`."
        )

"""`tf.make_template`: functions that make their variables at the first call, and find them again later."""

import functools
import logging
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_collection, get_default_graph
from onevar.core.graph import Graph
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.scope_object import AUTO_REUSE, PureVariableScope, VariableScope, get_variable_scope_store
from onevar.v1.variable_scopes import variable_scope
from onevar.v1.variable_store import EagerVariableStore, default_variable_store


@export("make_template")
def make_template(
    name_: str, func_: Callable, create_scope_now_: bool = False, unique_name_: str | None = None,
    custom_getter_: Any = None, **kwargs: Any,
) -> "Template":  # fmt: skip
    """Return `func_` as a function whose variables, made by `tf.get_variable`, are the same at every call.

    Args:
        name_: Of the variable scope; made unique.
        func_: Makes the variables.
        create_scope_now_: Whether the scope is fixed now, or where the first call is.
        unique_name_: Of the variable scope, as it is.
        custom_getter_: As for `tf.variable_scope`.
        **kwargs: Handed to `func_` at every call.

    Raises:
        ValueError: There is no name, or there is a `unique_name_` in eager mode.
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    if executing_eagerly() and unique_name_ is not None:
        raise ValueError("unique_name_ cannot be used when eager execution is enabled.")
    kind = EagerTemplate if executing_eagerly() else Template
    return kind(name_, function, create_scope_now_, unique_name_, custom_getter_)


@dataclass
class _Progress:
    """How far a template has come: its scope, and whether it was called to completion, and begun.

    The two differ while the first call runs.
    """

    scope: VariableScope | None = None
    variables_created: bool = False
    first_call: bool = True


class Template:
    """What `make_template` returns.

    Args:
        name: Of the variable scope; made unique.
        func: Makes the variables.
        create_scope_now: Whether the scope is fixed now, or where the first call is.
        unique_name: Of the variable scope, as it is.
        custom_getter: As for `tf.variable_scope`.

    Raises:
        ValueError: There is no name.
    """

    def __init__(
        self, name: str, func: Callable, create_scope_now: bool = False, unique_name: str | None = None,
        custom_getter: Any = None,
    ):  # fmt: skip
        if name is None:
            raise ValueError("name cannot be None.")
        self._func = func
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._defined = traceback.format_stack()[:-2]
        fixed = None
        if create_scope_now:
            scope_name = unique_name or get_variable_scope_store().unique(name)
            with PureVariableScope(scope_name, custom_getter=custom_getter) as fixed:
                pass
        self._fixed_scope = fixed
        self._common = _Progress(fixed)
        self._of_calls: WeakKeyDictionary[Graph, _Progress] = WeakKeyDictionary()

    def _progress(self) -> _Progress:
        # Each call of a Keras layer's tracked method is a graph, and a program, of its own: what an earlier one made
        # is found by its name.
        graph = _tracked_graph()
        if graph is None:
            return self._common
        return self._of_calls.setdefault(graph, _Progress(self._fixed_scope))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function inside the variable scope.

        Args:
            *args: Handed to the function.
            **kwargs: The same.

        Raises:
            ValueError: A later call makes trainable variables.
        """
        progress = self._progress()
        if progress.scope is not None:
            with variable_scope(progress.scope, reuse=not progress.first_call):
                return self._call(args, kwargs)
        with variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
            progress.scope = scope
            return self._call(args, kwargs)

    def _call(self, args: Any, kwargs: Any) -> Any:
        progress = self._progress()
        try:
            if progress.variables_created:
                return self._call_again(args, kwargs)
            if not progress.first_call:  # another thread's, or its own, first call is not over
                return self._func(*args, **kwargs)
            return self._call_first(args, kwargs)
        except Exception as error:
            self._say_where(error)
            raise

    def _call_first(self, args: Any, kwargs: Any) -> Any:
        progress = self._progress()
        progress.first_call = False
        try:
            result = self._func(*args, **kwargs)
        except BaseException:
            progress.first_call = True
            raise
        progress.variables_created = True
        return result

    def _call_again(self, args: Any, kwargs: Any) -> Any:
        trainable, count = self._all_trainable(), len(self._all_variables())
        result = self._func(*args, **kwargs)
        new = _new(self._all_trainable(), trainable)
        if new:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps you used tf.Variable "
                f"when you meant tf.get_variable: {new}"
            )
        if len(self._all_variables()) != count:
            logging.getLogger("onevar").info(
                "New variables created when calling a template after the first time, perhaps you used tf.Variable "
                "when you meant tf.get_variable: %s",
                self._all_variables()[count:],
            )
        return result

    def _all_trainable(self) -> list[Any]:
        return get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def _all_variables(self) -> list[Any]:
        return get_collection(GraphKeys.GLOBAL_VARIABLES)

    def _say_where(self, error: Exception) -> None:
        """Add where the template was defined to the error's message."""
        here = traceback.format_stack()
        common = next((i for i, (a, b) in enumerate(zip(self._defined, here, strict=False)) if a != b), -1)
        first = error.args[0] if error.args else ""
        error.args = (f"{first}\n\noriginally defined at:\n{''.join(self._defined[common:])}", *error.args[1:])

    @property
    def name(self) -> str:
        """The name that was asked for."""
        return self._name

    @property
    def func(self) -> Callable:
        """The function."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The variable scope, or None as long as there is none."""
        return self._progress().scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The name of the variable scope, with a `/` at the end."""
        scope = self._progress().scope
        if scope is None:
            return None
        name = scope.name
        return name if not name or name[-1] == "/" else f"{name}/"

    def _of_collection(self, key: str) -> list[Any]:
        return get_collection(key, self.variable_scope_name) if self._progress().variables_created else []

    @property
    def variables(self) -> list[Any]:
        """The global and local variables that it made."""
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable variables that it made."""
        return self._of_collection(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The global variables that it made and that are not trainable."""
        return _new(self.global_variables, self.trainable_variables)

    @property
    def global_variables(self) -> list[Any]:
        """The global variables that it made."""
        return self._of_collection(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """The local variables that it made."""
        return self._of_collection(GraphKeys.LOCAL_VARIABLES)

    @property
    def weights(self) -> list[Any]:
        """The same as `variables`."""
        return self.variables

    @property
    def trainable_weights(self) -> list[Any]:
        """The same as `trainable_variables`."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The same as `non_trainable_variables`."""
        return self.non_trainable_variables


def _tracked_graph() -> Graph | None:
    """Return the graph of the call of a Keras layer's tracked method that is being built, or None."""
    graph: Graph | None = None if executing_eagerly() else get_default_graph()
    while graph is not None and graph.outer is not None:
        graph = graph.outer
    return graph if graph is not None and graph.keras_call is not None else None


def _new(items: list[Any], known: list[Any]) -> list[Any]:
    ids = {id(item) for item in known}
    return [item for item in items if id(item) not in ids]


class EagerTemplate(Template):
    """What `make_template` returns in eager mode: it keeps the variables itself."""

    def __init__(
        self, name: str, func: Callable, create_scope_now: bool = False, unique_name: str | None = None,
        custom_getter: Any = None,
    ):  # fmt: skip
        super().__init__(name, func, create_scope_now, unique_name, custom_getter)
        around = default_variable_store()
        self._store = EagerVariableStore(around if around.eager else None)
        self._used = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Template.__call__`.

        Args:
            *args: Handed to the function.
            **kwargs: The same.
        """
        progress = self._progress()
        if progress is not self._common:
            return super().__call__(*args, **kwargs)
        with ExitStack() as stack:
            if progress.scope is not None:
                scope = stack.enter_context(variable_scope(progress.scope, reuse=AUTO_REUSE))
            else:
                scope = stack.enter_context(
                    variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter)
                )
                progress.scope = scope
            around = default_variable_store()
            if not self._used and around.eager:
                # Inside another template, the variables are that one's as well.
                self._store = EagerVariableStore(around)
            self._used = True
            stack.enter_context(self._store.as_default())
            try:
                return self._call(args, kwargs)
            finally:
                get_variable_scope_store().close_variable_subscopes(scope.name)

    def _own(self, variables: list[Any]) -> list[Any]:
        prefix = self.variable_scope_name
        return [] if prefix is None else [variable for variable in variables if variable.name.startswith(prefix)]

    def _all_trainable(self) -> list[Any]:
        if _tracked_graph() is not None:
            return super()._all_trainable()
        return self._own(self._store.trainable_variables())

    def _all_variables(self) -> list[Any]:
        if _tracked_graph() is not None:
            return super()._all_variables()
        return self._own(self._store.variables())

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable variables that it made."""
        if _tracked_graph() is not None:
            return super().trainable_variables
        return self._all_trainable() if self._progress().variables_created else []

    @property
    def global_variables(self) -> list[Any]:
        """The variables that it made."""
        if _tracked_graph() is not None:
            return super().global_variables
        return self._all_variables() if self._progress().variables_created else []

    @property
    def local_variables(self) -> list[Any]:
        """None in eager mode: there are no local variables."""
        return super().local_variables if _tracked_graph() is not None else []

"""`VariableScope`: the defaults that `tf.get_variable` takes from the scopes around it, and which one is current."""

import functools
from collections.abc import Callable
from enum import Enum
from threading import local
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.dtype import as_dtype
from onevar.core.dtype import float32 as default_dtype
from onevar.core.name_scope import name_scope as open_name_scope
from onevar.v1.export import export, export_value
from onevar.v1.graph_keys import GraphKeys

_SCOPES_KEY = ("__varscope",)


class _ReuseMode(Enum):
    """What `reuse=` can be beside True, False and None."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE
export_value("AUTO_REUSE", AUTO_REUSE)


@export("VariableScope")
class VariableScope:
    """What `tf.get_variable` takes as defaults inside a variable scope.

    Args:
        reuse: True, False, None or `tf.AUTO_REUSE`.
        name: What the names of variables begin with.
        initializer: Used where none is given.
        regularizer: Used where none is given.
        caching_device: Where reads are cached.
        partitioner: Cuts variables into parts.
        custom_getter: Called in place of the getter.
        name_scope: The name scope that belongs to it.
        dtype: Of variables where none is given.
        use_resource: Whether variables are resource variables; None leaves it to the process's setting.
        constraint: For variables where none is given.

    Raises:
        NotImplementedError: A caching device in eager mode.
    """

    def __init__(
        self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None,
        caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, name_scope: str = "",
        dtype: Any = default_dtype, use_resource: bool | None = None, constraint: Any = None,
    ):  # fmt: skip
        self._name = name
        self._name_scope = name_scope
        self._reuse = reuse
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint
        if executing_eagerly():
            if caching_device is not None:
                raise NotImplementedError("Caching devices is not yet supported when eager execution is enabled.")
            self._reuse = AUTO_REUSE
            self._use_resource = True

    @property
    def name(self) -> str:
        """What the names of its variables begin with, without the last `/`."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened when the variable scope was first entered."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """True, False, None or `tf.AUTO_REUSE`."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """The default initializer."""
        return self._initializer

    @property
    def dtype(self) -> Any:
        """The default dtype."""
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        """Whether variables are resource variables."""
        return self._use_resource

    @property
    def regularizer(self) -> Any:
        """The default regularizer."""
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        """Where reads are cached."""
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        """What cuts variables into parts."""
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        """What is called in place of the getter."""
        return self._custom_getter

    @property
    def constraint(self) -> Any:
        """The default constraint."""
        return self._constraint

    def reuse_variables(self) -> None:
        """Let variables be found, and not made, from now on."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Set the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        """Set the default dtype."""
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Set whether variables are resource variables.

        Raises:
            ValueError: False in eager mode.
        """
        if executing_eagerly() and not use_resource:
            raise ValueError("When eager execution is enabled, use_resource cannot be set to false.")
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        """Set the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Set where reads are cached.

        Raises:
            NotImplementedError: In eager mode.
        """
        if executing_eagerly():
            raise NotImplementedError("Caching devices are not yet supported when eager execution is enabled.")
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Set what cuts variables into parts."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Set what is called in place of the getter."""
        self._custom_getter = custom_getter

    def get_collection(self, name: Any) -> list:
        """Return what of the collection `name` is below this scope."""
        return get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list:
        """Return the trainable variables below this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list:
        """Return the global variables below this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list:
        """Return the local variables below this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def full_name(self, name: str | None) -> str:
        """Return the full name of the variable `name` of this scope."""
        return f"{self._name}/{name}" if self._name else name or ""

    def _or_defaults(self, given: dict[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            if given.get(name) is None:
                given[name] = getattr(self, f"_{name}")

    def get_variable(
        self, var_store: Any, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None,
        regularizer: Any = None, reuse: Any = None, trainable: bool | None = None, collections: Any = None,
        caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True,
        use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None, **options: Any,
    ) -> Any:  # fmt: skip
        """Return the variable `name` of this scope from the store; see `tf.get_variable`.

        Raises:
            ValueError: The initializer is a value of another dtype, or see `tf.get_variable`.
        """
        options.update(
            shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, reuse=reuse,
            trainable=trainable, collections=collections, caching_device=caching_device, partitioner=partitioner,
            validate_shape=validate_shape, use_resource=use_resource, custom_getter=custom_getter,
            constraint=constraint,
        )  # fmt: skip
        self._or_defaults(options, ("regularizer", "caching_device", "partitioner", "custom_getter"))
        if executing_eagerly():
            options.update(reuse=False, use_resource=True)
        else:
            self._or_defaults(options, ("reuse", "use_resource"))
        with open_name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                own = as_dtype(convert_to_tensor(initializer).dtype).base_dtype
                if own != as_dtype(dtype):
                    raise ValueError(f"Initializer type '{own}' and explicit dtype '{dtype}' don't match.")
            self._or_defaults(options, ("initializer", "constraint", "dtype"))
            return var_store.get_variable(self.full_name(name), **options)

    def get_partitioned(self, var_store: Any, name: str | None, **options: Any) -> Any:
        """Return the partitioned variable `name` of this scope from the store, whatever its number of parts.

        Args:
            var_store: The store.
            name: Of the variable; None is the scope itself.
            **options: What `tf.get_variable` takes.

        Raises:
            ValueError: There is a custom getter, or no partitioner.
        """
        self._or_defaults(
            options,
            ("initializer", "regularizer", "constraint", "caching_device", "partitioner", "dtype", "use_resource"),
        )
        if self._custom_getter is not None:
            raise ValueError(
                "Private access to _get_partitioned_variable is not allowed when a custom getter is set.  Current "
                f"custom getter: {self._custom_getter}.  It is likely that you're using create_partitioned_variables."
                "  If so, consider instead using get_variable with a non-empty partitioner parameter instead."
            )
        if options["partitioner"] is None:
            raise ValueError("No partitioner was specified")
        full_name = self.full_name(name) if name else self._name
        with open_name_scope(None):
            return var_store.get_partitioned(full_name, reuse=self.reuse, **options)


class ScopeStore(local):
    """The current variable scope of each thread, and how often each name was opened, in one graph.

    Attributes:
        current_scope: The innermost open one.
        variable_scopes_count: How often each name was opened since the scope around it was.
    """

    def __init__(self) -> None:
        self.current_scope = VariableScope(False)
        self.variable_scopes_count: dict[str, int] = {}

    def open_variable_scope(self, scope_name: str) -> None:
        """Count `scope_name` as opened once more."""
        self.variable_scopes_count[scope_name] = self.variable_scopes_count.get(scope_name, 0) + 1

    def close_variable_subscopes(self, scope_name: str | None) -> None:
        """Forget what was opened below `scope_name`; None forgets everything."""
        for name in self.variable_scopes_count:
            if scope_name is None or name.startswith(f"{scope_name}/"):
                self.variable_scopes_count[name] = 0

    def variable_scope_count(self, scope_name: str) -> int:
        """Return how often `scope_name` was opened."""
        return self.variable_scopes_count.get(scope_name, 0)

    def unique(self, prefix: str) -> str:
        """Return `prefix`, with `_1`, `_2`, ... where the current scope has opened it already."""
        name = self.current_scope.full_name(prefix)
        if not self.variable_scope_count(name):
            return prefix
        number = 1
        while self.variable_scope_count(f"{name}_{number}"):
            number += 1
        return f"{prefix}_{number}"


def get_variable_scope_store() -> ScopeStore:
    """Return which scopes are open in the default graph."""
    found = get_collection(_SCOPES_KEY)
    if found:
        return found[0]
    store = ScopeStore()
    add_to_collection(_SCOPES_KEY, store)
    return store


@export("get_variable_scope")
def get_variable_scope() -> VariableScope:
    """Return the current variable scope."""
    return get_variable_scope_store().current_scope


class PureVariableScope:
    """A variable scope without a name scope.

    Args:
        name_or_scope: Its name below the current scope's, or a scope to enter again.
        reuse: True, None or `tf.AUTO_REUSE`; None inherits.
        initializer: As for `VariableScope`; None inherits.
        regularizer: The same.
        caching_device: The same.
        partitioner: The same.
        custom_getter: Put around the inherited one.
        old_name_scope: The name scope that belongs to it.
        dtype: As for `VariableScope`; None inherits.
        use_resource: The same.
        constraint: As for `VariableScope`; not inherited.
    """

    def __init__(
        self, name_or_scope: Any, reuse: Any = None, initializer: Any = None, regularizer: Any = None,
        caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
        old_name_scope: str | None = None, dtype: Any = default_dtype, use_resource: bool | None = None,
        constraint: Any = None,
    ):  # fmt: skip
        self._name_or_scope = name_or_scope
        self._reuse = reuse
        self._old_name_scope = old_name_scope
        self._custom_getter = custom_getter
        self._constraint = constraint
        self._settings = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "dtype": dtype, "use_resource": use_resource,
        }  # fmt: skip
        self._scopes = get_variable_scope_store()
        self._entered: VariableScope | None = None
        self._again: VariableScope | None = None
        if isinstance(name_or_scope, VariableScope):
            self._new_name = name_or_scope.name
            self._again = self._derived(name_or_scope, reuse or name_or_scope.reuse, name_or_scope.original_name_scope)

    def _derived(self, parent: VariableScope, reuse: Any, own_name_scope: str) -> VariableScope:
        settings = {key: getattr(parent, key) if value is None else value for key, value in self._settings.items()}
        getter = parent.custom_getter
        if self._custom_getter is not None:
            getter = _around(self._custom_getter, getter)
        return VariableScope(
            reuse, name=self._new_name, name_scope=own_name_scope, custom_getter=getter,
            constraint=self._constraint, **settings,
        )  # fmt: skip

    def __enter__(self) -> VariableScope:
        scopes = self._scopes
        self._old = scopes.current_scope
        if self._again is not None:
            entered = self._again
            scopes.open_variable_scope(self._new_name)
            self._old_counts = dict(scopes.variable_scopes_count)
        else:
            self._new_name = self._old.full_name(self._name_or_scope)
            self._reuse = self._reuse or self._old.reuse
            name_of_scope = self._name_or_scope if self._old_name_scope is None else self._old_name_scope
            entered = self._derived(self._old, self._reuse, name_of_scope)
            scopes.open_variable_scope(self._new_name)
        scopes.current_scope = self._entered = entered
        return entered

    def __exit__(self, *error: object) -> None:
        scopes = self._scopes
        if scopes.current_scope is not self._entered:
            raise RuntimeError("Improper nesting of variable_scope.")
        if self._again is not None:
            # Outside of a scope that was entered again, the counts are what they were.
            scopes.variable_scopes_count = self._old_counts
        else:
            scopes.close_variable_subscopes(self._new_name)
        scopes.current_scope = self._old


def _around(outer: Callable, inner: Callable | None) -> Callable:
    if inner is None:
        return outer

    def both(getter: Callable, *args: Any, **kwargs: Any) -> Any:
        return outer(functools.partial(inner, getter), *args, **kwargs)

    return both

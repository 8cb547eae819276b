"""Variable scopes: `tf.variable_scope`, `tf.get_variable` and what belongs to them."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.scope_object import (
    AUTO_REUSE,
    PureVariableScope,
    ScopeStore,
    VariableScope,
    get_variable_scope,
    get_variable_scope_store,
)
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variable_store import (
    EagerVariableStore,
    VariableStore,
    default_variable_store,
    with_variable_store,
)

__all__ = [
    "AUTO_REUSE", "EagerVariableStore", "PureVariableScope", "ScopeStore", "VariableScope",
    "VariableStore", "default_variable_store", "get_local_variable", "get_variable", "get_variable_scope",
    "get_variable_scope_store", "no_regularizer", "variable_creator_scope", "variable_op_scope", "variable_scope",
    "with_variable_store",
]  # fmt: skip

_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


@export("get_variable")
def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
    constraint: Any = None, synchronization: Any = _AUTO, aggregation: Any = _NONE,
) -> Any:  # fmt: skip
    """Return the variable `name` of the current scope: an existing one, or one made now.

    Args:
        name: Below the current scope's.
        shape: Of a new variable.
        dtype: Of a new variable; None takes the scope's, float32 at first.
        initializer: A function of shape and dtype, or a value; None takes the scope's, then the dtype's default.
        regularizer: A function of the variable; what it returns joins `GraphKeys.REGULARIZATION_LOSSES`.
        trainable: Whether it joins `GraphKeys.TRAINABLE_VARIABLES`.
        collections: What it joins; `[GraphKeys.GLOBAL_VARIABLES]` if None.
        caching_device: Where reads are cached.
        partitioner: A function of shape and dtype that returns the number of parts for each axis.
        validate_shape: False lets the initial value be of unknown shape.
        use_resource: Whether it is a resource variable.
        custom_getter: Called as `custom_getter(getter, name, ...)` in place of the getter.
        constraint: What optimizers apply after an update.
        synchronization: When copies are aggregated.
        aggregation: How copies are aggregated.

    Returns:
        A Variable, or a PartitionedVariable if there is a partitioner.

    Raises:
        ValueError: The scope's `reuse` forbids what would happen; the shape or dtype is another one than the
            existing variable's; there is neither shape nor value.
    """
    return get_variable_scope().get_variable(
        default_variable_store(), name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        trainable=trainable, collections=collections, caching_device=caching_device, partitioner=partitioner,
        validate_shape=validate_shape, use_resource=use_resource, custom_getter=custom_getter,
        constraint=constraint, synchronization=synchronization, aggregation=aggregation,
    )  # fmt: skip


@export("get_local_variable")
def get_local_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = False, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
    constraint: Any = None, synchronization: Any = _AUTO, aggregation: Any = _NONE,
) -> Any:  # fmt: skip
    """As `get_variable`, for one that is not trainable and joins `GraphKeys.LOCAL_VARIABLES`.

    Args:
        name: As for `get_variable`, and so on.
        shape: The same.
        dtype: The same.
        initializer: The same.
        regularizer: The same.
        trainable: Not looked at.
        collections: What it joins beside `GraphKeys.LOCAL_VARIABLES`.
        caching_device: As for `get_variable`.
        partitioner: The same.
        validate_shape: The same.
        use_resource: The same.
        custom_getter: The same.
        constraint: The same.
        synchronization: The same.
        aggregation: The same.
    """
    return get_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=False,
        collections=[*(collections or ()), GraphKeys.LOCAL_VARIABLES], caching_device=caching_device,
        partitioner=partitioner, validate_shape=validate_shape, use_resource=use_resource,
        custom_getter=custom_getter, constraint=constraint, synchronization=synchronization,
        aggregation=aggregation,
    )  # fmt: skip


@export("no_regularizer")
def no_regularizer(_: Any) -> None:
    """A regularizer that prevents regularization."""


@export("variable_creator_scope")
@contextmanager
def variable_creator_scope(variable_creator: Callable) -> Iterator[None]:
    """Let `variable_creator(next_creator, **kwargs)` make the variables of the default graph inside the block.

    Args:
        variable_creator: It may call `next_creator(**kwargs)`, with other arguments too.

    Raises:
        RuntimeError: Scopes were left in another order than entered.
    """
    graph = get_default_graph()
    before = list(graph.creator_stack)
    graph.creator_stack.append(variable_creator)
    after = list(graph.creator_stack)
    try:
        yield
    finally:
        if graph.creator_stack != after:
            raise RuntimeError("Exiting variable_creator_scope without proper nesting.")
        graph.creator_stack[:] = before


@export("variable_scope")
class variable_scope:  # noqa: N801 (TensorFlow's name)
    """Put variables and operations under a name, and give `tf.get_variable` defaults.

    Args:
        name_or_scope: The name, or a VariableScope to enter again; None takes `default_name`.
        default_name: Made unique.
        values: Tensors that decide in which graph the operations are made.
        initializer: The default for `tf.get_variable`; None inherits that of the scope around.
        regularizer: The same.
        caching_device: The same.
        partitioner: The same.
        custom_getter: Put around the inherited one.
        reuse: True: variables are found, not made; `tf.AUTO_REUSE`: either; None or False inherit.
        dtype: As `initializer`.
        use_resource: The same.
        constraint: For variables of this very scope.
        auxiliary_name_scope: False stays in the current name scope.

    Raises:
        TypeError: No name at all, or arguments of a wrong type.
        ValueError: `reuse` is something else.
    """

    def __init__(
        self, name_or_scope: Any, default_name: str | None = None, values: Sequence[Any] | None = None,
        initializer: Any = None, regularizer: Any = None, caching_device: Any = None, partitioner: Any = None,
        custom_getter: Any = None, reuse: Any = None, dtype: Any = None, use_resource: bool | None = None,
        constraint: Any = None, auxiliary_name_scope: bool = True,
    ):  # fmt: skip
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        # There are no scopes that do not inherit: False is None.
        self._reuse = None if reuse is False else reuse
        if not (self._reuse is True or self._reuse is None or self._reuse is AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        self._options = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "custom_getter": custom_getter, "dtype": dtype,
            "use_resource": use_resource, "constraint": constraint,
        }  # fmt: skip
        # A scope that is kept outlives the body of control flow in which it was made: in that body it does not end.
        self._graph = None if executing_eagerly() else _outermost(_graph_of(values or ()))
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        self._auxiliary_name_scope = auxiliary_name_scope
        self._pure: PureVariableScope | None = None
        self._names: AbstractContextManager | None = None
        self._graphs: list[AbstractContextManager | None] = []

    @property
    def graph(self) -> Graph | None:
        """The graph that it makes the default one; None eagerly."""
        return self._graph

    def __enter__(self) -> VariableScope:
        context = _default_graph_context(self._graph)
        if context is not None:
            context.__enter__()
        try:
            entered = self._enter_again() if self._pure is not None else self._enter_first()
        except BaseException:
            if context is not None:
                context.__exit__(*sys.exc_info())
            raise
        self._graphs.append(context)
        return entered

    def _enter_again(self) -> VariableScope:
        assert self._pure is not None
        if self._names is not None:
            self._names.__enter__()
        return self._pure.__enter__()

    def _enter_first(self) -> VariableScope:
        given = self._name_or_scope
        if given is not None and not isinstance(given, VariableScope | str):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        if given is None and self._reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        last = given.name.rpartition("/")[2] if isinstance(given, VariableScope) else given
        names = self._name_scope((self._default_name if given is None else last) or "")
        entered_name = None
        if names is not None:
            entered_name = names.__enter__()
        try:
            pure = self._pure_scope(given, entered_name)
            scope = pure.__enter__()
        except BaseException:
            if names is not None:
                names.__exit__(*sys.exc_info())
            raise
        # Kept only now: entering again presumes that it went well once.
        self._names, self._pure = names, pure
        return scope

    def _name_scope(self, name: str) -> name_scope | None:
        if self._auxiliary_name_scope:
            return name_scope(name) if name or self._name_or_scope is None else None
        current = get_default_graph().get_name_scope()
        return name_scope(f"{current}/" if current else "")

    def _pure_scope(self, given: Any, entered_name: str | None) -> PureVariableScope:
        if given is None:
            unique = get_variable_scope_store().unique(self._default_name or "")
            return PureVariableScope(unique, old_name_scope=entered_name, **self._options)
        if isinstance(given, VariableScope):
            entered_name = given.original_name_scope
        return PureVariableScope(given, reuse=self._reuse, old_name_scope=entered_name, **self._options)

    def __exit__(self, *error: Any) -> None:
        assert self._pure is not None
        # Where scopes are left in a wrong order this fails, and the scope can still be left later.
        self._pure.__exit__(*error)
        context = self._graphs.pop()
        try:
            if self._names is not None:
                self._names.__exit__(*error)
        finally:
            if context is not None:
                context.__exit__(*error)


def _graph_of(values: Sequence[Any]) -> Graph:
    """Return the graph of the values, or the default one.

    Raises:
        ValueError: They belong to several.
    """
    default, first = get_default_graph(), None
    for value in values:
        element = _element(value)
        if element is None:
            continue
        first = element if first is None else first
        if not (_within(element.graph, first.graph) or _within(first.graph, element.graph)):
            raise ValueError(
                f"{element} must be from the same graph as {first} (graphs are {element.graph} and {first.graph})."
            )
    if first is None or _within(default, first.graph):
        return default
    return first.graph


def _outermost(graph: Graph) -> Graph:
    while graph.outer is not None:
        graph = graph.outer
    return graph


def _element(value: Any) -> Any:
    if isinstance(value, Operation | Tensor | IndexedSlices):
        return value
    convert = getattr(value, "_as_graph_element", None)
    return None if convert is None else convert()


def _within(graph: Graph | None, outer: Graph) -> bool:
    """Whether `graph` is `outer`, or the body of a control-flow operation in it."""
    while graph is not None and graph is not outer:
        graph = graph.outer
    return graph is outer


def _default_graph_context(graph: Graph | None) -> AbstractContextManager | None:
    if graph is None:
        return None
    current = get_default_graph()
    # In a body of control flow, operations belong into the body.
    if current.building_function or _within(current, graph):
        return None
    return graph.as_default()


@export("variable_op_scope")
@contextmanager
def variable_op_scope(
    values: Sequence[Any], name_or_scope: Any, default_name: str | None = None, initializer: Any = None,
    regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
    reuse: Any = None, dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
) -> Iterator[VariableScope]:  # fmt: skip
    """The older form of `variable_scope(name_or_scope, default_name, values, ...)`.

    Args:
        values: As for `variable_scope`, and so on.
        name_or_scope: The same.
        default_name: The same.
        initializer: The same.
        regularizer: The same.
        caching_device: The same.
        partitioner: The same.
        custom_getter: The same.
        reuse: The same.
        dtype: The same.
        use_resource: The same.
        constraint: The same.
    """
    warnings.warn(
        "tf.variable_op_scope(values, name, default_name) is deprecated, use tf.variable_scope(name, default_name, "
        "values)",
        DeprecationWarning,
        stacklevel=3,
    )
    with variable_scope(
        name_or_scope, default_name=default_name, values=values, initializer=initializer, regularizer=regularizer,
        caching_device=caching_device, partitioner=partitioner, custom_getter=custom_getter, reuse=reuse,
        dtype=dtype, use_resource=use_resource, constraint=constraint,
    ) as scope:  # fmt: skip
        yield scope

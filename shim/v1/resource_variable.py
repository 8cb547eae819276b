"""Resource variables: `VarHandleOp`, `ReadVariableOp`, `AssignVariableOp`; in a graph, and eagerly.

Eagerly the handle is the state itself, a `StateRef`, and the same operations compute at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import (
    add_to_collections,
    colocate_with,
    control_dependencies,
    device,
    get_default_graph,
)
from onevar.core.dtype import DType, as_dtype
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1 import variable_proto
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_scopes import init_scope
from onevar.v1.ref_variable import colocated_from, in_control_flow
from onevar.v1.resource_scatters import Scatters
from onevar.v1.variable_guard import guard
from onevar.v1.variables import Variable, checked_collections, validate_synchronization_aggregation_trainable


class ResourceVariable(Scatters, Variable):
    """A variable of TensorFlow 1 whose storage is a resource; see `Variable`.

    Attributes:
        handle: What stands for the storage: a tensor of dtype resource, or eagerly the state.
    """

    _handle: Any
    _in_graph_mode = True
    _initializer_op: Operation | None = None
    _is_initialized_op: Tensor | None = None
    _graph_element: Tensor | None = None
    _cached_value: Any = None
    _caching_device: Any = None
    _validate_shape = True
    _shape: TensorShape
    _dtype: DType

    # -- making ---------------------------------------------------------------------------------

    @classmethod
    def _from_args(
        cls, initial_value: Any = None, trainable: bool | None = None, collections: Any = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, dtype: Any = None,
        constraint: Callable | None = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None,
    ) -> "ResourceVariable":  # fmt: skip
        self = object.__new__(_eager_class() if executing_eagerly() and cls is ResourceVariable else cls)
        self._synchronization, self._aggregation, self._trainable = validate_synchronization_aggregation_trainable(
            synchronization, aggregation, trainable, name
        )
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are not providing a "
                "`variable_def`. You provided neither."
            )
        collections = checked_collections(
            collections, self._trainable, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.GLOBAL_VARIABLES
        )
        if constraint is not None and not callable(constraint):
            raise ValueError(
                f"Argument `constraint` must be None or a callable. a callable. Got a {type(constraint)}:  {constraint}"
            )
        self._constraint = constraint
        self._caching_device = caching_device
        self._validate_shape = validate_shape
        with init_scope(), name_scope(name, "Variable", [] if callable(initial_value) else [initial_value]) as scope:
            self._build(scope, initial_value, dtype, shape, collections)
        return self

    def _build(self, scope: str, initial_value: Any, dtype: Any, shape: Any, collections: Any) -> None:
        graph = get_default_graph()
        start = len(graph.operations)
        name = scope[:-1]
        if in_control_flow(initial_value):
            raise ValueError(
                f"The `initial_value` passed to `tf.Variable` {scope} is from inside a control-flow  construct, such "
                "as a loop or conditional. When creating a `tf.Variable` inside a loop or conditional, use a lambda as "
                f"the `initial_value`. Got: initial_value=({initial_value})"
            )
        with graph.name_scope("Initializer"), device(None):
            value = convert_to_tensor(
                initial_value() if callable(initial_value) else initial_value, dtype=dtype, name="initial_value"
            )
        self._initial_value = value
        self._shape = explicit_shape(shape, value.shape)
        self._dtype = value.dtype.base_dtype
        self._name = f"{name}:0"
        self._handle = op(
            "VarHandleOp", name=scope, shape=self._shape, dtype=self._dtype, shared_name=name, debug_name=scope
        )
        colocated_from(graph, start, name)
        if not self._trainable:
            self._handle.op.kept = False
        with name_scope("IsInitialized"):
            self._is_initialized_op = op("VarIsInitializedOp", resource=self._handle)
        with name_scope("Assign") as assign, colocate_with(None, ignore_existing=True), device(self._handle.device):
            self._initializer_op = op("AssignVariableOp", name=assign, resource=self._handle, value=guard(scope, value))
        with name_scope("Read"):
            with device(self._handle.device):
                self._graph_element = op("ReadVariableOp", resource=self._handle, dtype=self._dtype)
            if self._caching_device is not None:
                with colocate_with(None, ignore_existing=True), device(self._caching_device):
                    self._cached_value = op("Identity", input=self._graph_element)
        add_to_collections(collections, self)

    @classmethod
    def _from_def(cls, variable_def: Any, import_scope: str | None = None) -> "ResourceVariable":
        if executing_eagerly():
            raise ValueError(
                "Creating a `tf.Variable` with a `variable_def` arg is not supported when eager execution is enabled. "
                f"Got: variable_def={variable_def}"
            )
        if not variable_def.is_resource:
            raise ValueError(
                "The `variable_def` you passed to `tf.Variable` is Trying to restore a TF 1.x Reference Variable as a "
                f"TF 2.x ResourceVariable. This is unsupported. Got variable_def={variable_def}"
            )
        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(variable_proto.below(name, import_scope))

        self = cls.__new__(cls)
        self._handle = element(variable_def.variable_name)
        storage = self._handle.op
        self._shape = as_shape(storage.attrs["shape"])
        self._dtype = as_dtype(storage.attrs["dtype"])
        self._name = self._handle.name
        self._initializer_op = element(variable_def.initializer_name)
        initial = getattr(variable_def, "initial_value_name", "")
        self._initial_value = element(initial) if initial else None
        self._synchronization, self._aggregation, self._trainable = validate_synchronization_aggregation_trainable(
            variable_def.synchronization, variable_def.aggregation, variable_def.trainable, variable_def.variable_name
        )
        snapshot = element(variable_def.snapshot_name or f"{storage.name}/Read/ReadVariableOp:0")
        if snapshot.op.type != "ReadVariableOp":
            self._cached_value = snapshot
        while snapshot.op.type != "ReadVariableOp":
            snapshot = snapshot.op.inputs[0]
        self._graph_element = snapshot
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = variable_proto.SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )
        self._constraint = None
        return self

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Return a `VariableDef`, or None if the variable is not below `export_scope`.

        Args:
            export_scope: A name scope that is left out of the names.

        Raises:
            FrameworkMissing: No package that has the message types is installed.
        """
        read = self._cached_value if self._cached_value is not None else self._graph_element
        assert read is not None
        return variable_proto.describe(self, export_scope, self._handle.name, read.name, True)

    # -- what it is -----------------------------------------------------------------------------

    @property
    def handle(self) -> Any:
        """What stands for the storage."""
        return self._handle

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Merge what is known of the shape with `shape`.

        Args:
            shape: What `TensorShape` takes.

        Raises:
            ValueError: They contradict each other.
        """
        self._shape = self._shape.merge_with(shape)

    @property
    def op(self) -> Operation:
        """The operation that is its storage."""
        return self._handle.op

    @property
    def graph(self) -> Graph:
        """The graph that it is part of."""
        return self._handle.graph

    @property
    def device(self) -> str:
        """Where its storage was asked to be."""
        return self._handle.device

    @property
    def initializer(self) -> Operation | None:
        """The operation that gives it its initial value."""
        return self._initializer_op

    @property
    def create(self) -> Operation | None:
        """The operation that gives it its initial value."""
        return self._initializer_op

    def is_initialized(self, name: str | None = None) -> Any:
        """Return whether there is a value, when it runs.

        Args:
            name: Of the operation.
        """
        return op("VarIsInitializedOp", name=name, resource=self._handle)

    # -- reading --------------------------------------------------------------------------------

    def _read_variable_op(self) -> Any:
        where = nullcontext() if self._caching_device is None else device(self._caching_device)
        with where:
            return op("ReadVariableOp", resource=self._handle, dtype=self._dtype)

    def value(self) -> Any:  # type: ignore[override]
        """Return a new tensor that reads it, or the cached one."""
        if self._cached_value is not None:
            return self._cached_value
        with colocate_with(None, ignore_existing=True):
            return self._read_variable_op()

    def read_value(self) -> Any:
        """Return a new tensor that reads it, under the control dependencies that hold now."""
        with name_scope("Read"):
            value = self._read_variable_op()
        return op("Identity", input=value)

    def read_value_no_copy(self) -> Any:
        """Return `read_value()`: no read copies here."""
        return self.read_value()

    def _as_graph_element(self) -> Tensor | None:
        return self._graph_element

    def eval(self, session: Any = None) -> Any:
        """Return the value in `session`, or in the default one.

        Args:
            session: A Session.

        Raises:
            ValueError: There is no session.
        """
        assert self._graph_element is not None
        return self._graph_element.eval(session=session)

    def _dense_var_to_tensor(self, dtype: DType | None = None, name: str | None = None, as_ref: bool = False) -> Any:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type {dtype.name} for `tf.Variable of type "
                f"{self.dtype.name}. (Variable: {self})"
            )
        return self.read_value().op.inputs[0] if as_ref else self.value()

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Return rows of the value, without reading all of it.

        Args:
            indices: Which.
            name: Of the operation.
        """
        with name_scope("Gather" if name is None else name) as scope:
            return op("ResourceGather", name=scope, resource=self._handle, indices=indices, dtype=self._dtype)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Return slices of the value at positions, without reading all of it.

        Args:
            indices: Rows of positions.
            name: Of the operation.
        """
        with name_scope("GatherNd" if name is None else name) as scope:
            value = op("ResourceGatherNd", name=scope, resource=self._handle, indices=indices, dtype=self._dtype)
        return op("Identity", input=value)

    # -- writing --------------------------------------------------------------------------------

    @contextmanager
    def _assign_dependencies(self) -> Iterator[None]:
        """What is cached was read before."""
        if self._cached_value is None:
            yield
        else:
            with control_dependencies([self._cached_value]):
                yield

    def _lazy_read(self, operation: Any) -> Any:
        """Return what reads the variable after `operation`."""
        from onevar.v1.unread_variable import UnreadVariable  # derives from this class

        return UnreadVariable._after(self, operation)

    def _written(self, operation: Any, read_value: bool) -> Any:
        return self._lazy_read(operation) if read_value else operation

    def assign(
        self, value: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return what replaces the value when it runs.

        Args:
            value: Of the variable's dtype and shape.
            use_locking: Accepted; writes are atomic.
            name: Of the operation.
            read_value: Whether the new value is wanted, not the operation.

        Raises:
            ValueError: The shape is another one.
        """
        tensor = convert_to_tensor(value, dtype=self._dtype)
        check_assigned_shape(self, tensor)
        operation = op(
            "AssignVariableOp", name=name, resource=self._handle, value=tensor,
            validate_shape=self._validate_shape and self._shape.is_fully_defined(),
        )  # fmt: skip
        return self._written(operation, read_value)

    def assign_add(
        self, delta: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return what adds `delta` when it runs; arguments as for `assign`."""
        return self._accumulated("AssignAddVariableOp", delta, name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return what subtracts `delta` when it runs; arguments as for `assign`."""
        return self._accumulated("AssignSubVariableOp", delta, name, read_value)

    def _accumulated(self, op_type: str, delta: Any, name: str | None, read_value: bool) -> Any:
        with self._assign_dependencies():
            value = convert_to_tensor(delta, dtype=self._dtype)
            operation = op(op_type, name=name, resource=self._handle, value=value)
        return self._written(operation, read_value)

    def count_up_to(self, limit: int) -> Any:
        """Return what adds one when it runs, and fails with OutOfRangeError at `limit`."""
        return op("ResourceCountUpTo", resource=self._handle, limit=limit, T=self._dtype)

    def _strided_slice_assign(self, begin: Any, end: Any, strides: Any, value: Any, name: str, **masks: int) -> Any:
        with self._assign_dependencies():
            return self._lazy_read(
                op(
                    "ResourceStridedSliceAssign", name=name, ref=self._handle, begin=begin, end=end, strides=strides,
                    value=convert_to_tensor(value, dtype=self._dtype), **masks,
                )
            )  # fmt: skip


def explicit_shape(shape: Any, found: TensorShape) -> TensorShape:
    """Return the shape of a new variable.

    Args:
        shape: What was asked for, or None.
        found: The initial value's.

    Raises:
        ValueError: The initial value does not fit.
    """
    if shape is None:
        return found
    if not found.is_compatible_with(shape):
        raise ValueError(
            f"In this `tf.Variable` creation, the initial value's shape ({found}) is not compatible with the "
            f"explicitly supplied `shape` argument ({shape})."
        )
    return as_shape(shape)


def check_assigned_shape(variable: ResourceVariable, value: Any) -> None:
    """Raise ValueError if a value cannot have the variable's shape.

    Args:
        variable: What is assigned to.
        value: A tensor.
    """
    if not variable.shape.is_compatible_with(value.shape):
        raise ValueError(
            f"Cannot assign value to variable ' {variable.name}': Shape mismatch.The variable shape "
            f"{variable.shape}, and the assigned value shape {as_shape(value.shape)} are incompatible."
        )


def _eager_class() -> type[ResourceVariable]:
    from onevar.v1.eager_variable import EagerVariable  # derives from the class above

    return EagerVariable

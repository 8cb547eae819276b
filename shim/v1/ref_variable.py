"""Reference variables: the kind that TensorFlow 1 makes by default. `VariableV2`, `Assign`, `Identity`."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collections, colocate_with, device, get_default_graph
from onevar.core.dtype import DType
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1 import variable_proto
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_scopes import init_scope
from onevar.v1.variable_guard import guard
from onevar.v1.variable_members import checked_slices
from onevar.v1.variables import Variable, checked_collections, validate_synchronization_aggregation_trainable

_NO_SLICES = "sparse_delta is not IndexedSlices: {}"


def colocated_from(graph: Graph, start: int, name: str) -> None:
    """Colocate the operations made since with one that did not exist yet.

    Args:
        graph: The graph.
        start: How many operations it had.
        name: Of the operation.
    """
    for operation in graph.operations[start:]:
        if not operation.colocation:
            operation.colocation = (name,)


def in_control_flow(value: Any) -> bool:
    """Whether a tensor was made inside a branch or loop.

    Args:
        value: Anything.
    """
    return isinstance(value, Tensor) and value.graph.outer is not None


class RefVariable(Variable):
    """A variable of TensorFlow 1 whose storage is a reference tensor; see `Variable`."""

    _in_graph_mode = True
    _variable: Tensor
    _snapshot: Tensor
    _initializer_op: Operation
    _caching_device: Any = None

    # -- making ---------------------------------------------------------------------------------

    @classmethod
    def _from_args(
        cls, initial_value: Any = None, trainable: bool | None = None, collections: Any = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, dtype: Any = None,
        constraint: Callable | None = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None,
    ) -> "RefVariable":  # fmt: skip
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        collections = checked_collections(collections, False, "", GraphKeys.GLOBAL_VARIABLES)
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        self = cls.__new__(cls)
        self._synchronization, self._aggregation, self._trainable = validate_synchronization_aggregation_trainable(
            synchronization, aggregation, trainable, name
        )
        collections = checked_collections(
            collections, self._trainable, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.GLOBAL_VARIABLES
        )
        self._constraint = constraint
        self._caching_device = caching_device
        with init_scope():
            if executing_eagerly():
                raise RuntimeError(
                    "Reference variables are not supported when eager execution is enabled. Please run "
                    "`tf.compat.v1.enable_resource_variables()` to switch to resource variables."
                )
            with name_scope(name, "Variable", [] if callable(initial_value) else [initial_value]) as scope:
                self._build(scope, initial_value, dtype, shape, validate_shape)
            add_to_collections(collections, self)
        return self

    def _build(self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool) -> None:
        graph = get_default_graph()
        start = len(graph.operations)
        from_function = callable(initial_value)
        if from_function:
            with graph.name_scope("Initializer"), device(None):
                value = convert_to_tensor(initial_value(), dtype=dtype, name="initial_value")
        elif in_control_flow(initial_value):
            raise ValueError(
                f"Initializer for variable {scope} is from inside a control-flow construct, such as a loop or "
                "conditional. When creating a variable inside a loop or conditional, use a lambda as the initializer."
            )
        else:
            value = convert_to_tensor(initial_value, dtype=dtype, name="initial_value")
        self._initial_value = value
        if shape is None:
            shape = value.shape if validate_shape else TensorShape(None)
        self._variable = op("VariableV2", name=scope, shape=shape, dtype=value.dtype.base_dtype)
        if from_function:
            colocated_from(graph, start, self._variable.op.name)
        if not self._trainable:
            self._variable.op.kept = False
        self._name = self._variable.name
        if validate_shape and not value.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {value}")
        assigned = op("Assign", ref=self._variable, value=guard(scope, value), validate_shape=validate_shape)
        self._initializer_op = assigned.op
        with colocate_with(self._variable.op) if self._caching_device is None else device(self._caching_device):
            self._snapshot = op("Identity", input=self._variable, name="read")

    @classmethod
    def _from_def(cls, variable_def: Any, import_scope: str | None = None) -> "RefVariable":
        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(variable_proto.below(name, import_scope))

        self = cls.__new__(cls)
        self._variable = element(variable_def.variable_name)
        self._name = self._variable.name
        self._initializer_op = element(variable_def.initializer_name)
        initial = getattr(variable_def, "initial_value_name", "")
        self._initial_value = element(initial) if initial else None
        self._snapshot = element(variable_def.snapshot_name)
        self._synchronization, self._aggregation, self._trainable = validate_synchronization_aggregation_trainable(
            variable_def.synchronization, variable_def.aggregation, variable_def.trainable, variable_def.variable_name
        )
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
        return variable_proto.describe(self, export_scope, self._variable.name, self._snapshot.name, False)

    # -- what it is -----------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The dtype, a reference's."""
        return self._variable.dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._variable.shape

    def set_shape(self, shape: Any) -> None:
        """Merge what is known of the shape with `shape`.

        Args:
            shape: What `TensorShape` takes.

        Raises:
            ValueError: They contradict each other.
        """
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    @property
    def op(self) -> Operation:
        """The operation that is its storage."""
        return self._variable.op

    @property
    def graph(self) -> Graph:
        """The graph that it is part of."""
        return self._variable.graph

    @property
    def device(self) -> str:
        """Where its storage was asked to be."""
        return self._variable.device

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its initial value."""
        return self._initializer_op

    def __bool__(self) -> bool:
        """Return True: a reference variable of TensorFlow 1 is an object like others here."""
        return True

    # -- reading --------------------------------------------------------------------------------

    def value(self) -> Tensor:  # type: ignore[override]
        """Return the tensor that reads it."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """Return a new tensor that reads it, under the control dependencies that hold now."""
        return op("Identity", input=self._variable, name="read")

    def _ref(self) -> Tensor:
        return self._variable

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def eval(self, session: Any = None) -> Any:
        """Return the value in `session`, or in the default one.

        Args:
            session: A Session.

        Raises:
            ValueError: There is no session.
        """
        return self._variable.eval(session=session)

    def _dense_var_to_tensor(self, dtype: DType | None = None, name: str | None = None, as_ref: bool = False) -> Tensor:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
                f"'{self.dtype.name}'"
            )
        found = self._variable if as_ref else self._snapshot
        return get_default_graph().capture(found)

    # -- writing --------------------------------------------------------------------------------

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Return what replaces the value when it runs.

        Args:
            value: Of the variable's dtype and shape.
            use_locking: Accepted; writes are atomic.
            name: Of the operation.
            read_value: Whether a tensor with the new value is wanted, not the operation.
        """
        return self._written(read_value, op("Assign", name=name, ref=self._variable, value=value,
                                            use_locking=use_locking))  # fmt: skip

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return what adds `delta` when it runs; arguments as for `assign`."""
        return self._written(read_value, op("AssignAdd", name=name, ref=self._variable, value=delta,
                                            use_locking=use_locking))  # fmt: skip

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return what subtracts `delta` when it runs; arguments as for `assign`."""
        return self._written(read_value, op("AssignSub", name=name, ref=self._variable, value=delta,
                                            use_locking=use_locking))  # fmt: skip

    @staticmethod
    def _written(read_value: bool, result: Tensor) -> Any:
        return result if read_value else result.op

    def batch_scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Return what replaces slices along the last dimension of the indices; see `tf.batch_scatter_update`."""
        from onevar.v1.state_ops import batch_scatter_update  # that module's functions take variables

        return batch_scatter_update(self, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name)

    def count_up_to(self, limit: int) -> Tensor:
        """Return what adds one when it runs, and fails with OutOfRangeError at `limit`."""
        return op("CountUpTo", ref=self._variable, limit=limit)

    def _strided_slice_assign(self, begin: Any, end: Any, strides: Any, value: Any, name: str, **masks: int) -> Tensor:
        return op(
            "StridedSliceAssign", name=name, ref=self._variable, begin=begin, end=end, strides=strides, value=value,
            **masks,
        )  # fmt: skip


def _row_scatter(what: str) -> Callable:
    op_type = f"Scatter{what.capitalize()}"

    def scatter(self: RefVariable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        delta = checked_slices(sparse_delta, _NO_SLICES)
        return op(op_type, name=name, ref=self._variable, indices=delta.indices, updates=delta.values,
                  use_locking=use_locking)  # fmt: skip

    scatter.__name__ = f"scatter_{what}"
    scatter.__qualname__ = f"RefVariable.{scatter.__name__}"
    scatter.__doc__ = f"Return what applies IndexedSlices with `{op_type}` when it runs."
    return scatter


def _point_scatter(what: str) -> Callable:
    op_type = f"ScatterNd{what.capitalize()}"

    def scatter(self: RefVariable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        return op(op_type, name=name, ref=self._variable, indices=indices, updates=updates, use_locking=True)

    scatter.__name__ = f"scatter_nd_{what}"
    scatter.__qualname__ = f"RefVariable.{scatter.__name__}"
    scatter.__doc__ = f"Return what applies updates at positions with `{op_type}` when it runs."
    return scatter


for _what in ("add", "sub", "mul", "div", "min", "max", "update"):
    setattr(RefVariable, f"scatter_{_what}", _row_scatter(_what))
for _what in ("add", "sub", "min", "max", "update"):
    setattr(RefVariable, f"scatter_nd_{_what}", _point_scatter(_what))

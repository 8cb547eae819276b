"""`Graph`: operations, names, scopes and collections, as in TensorFlow 1."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import Any

from onevar.core import lookup
from onevar.core.context import THREAD
from onevar.core.device_spec import device_name, merge_device
from onevar.core.dtype import DType
from onevar.core.graph_def_face import AsMessage
from onevar.core.graph_stacks import Controls, Stacks
from onevar.core.naming import NameTable, check_op_name
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import Spec


class Graph(AsMessage):
    """A computation that Sessions run.

    Attributes:
        seed: The graph-level random seed, or None.
        operations: All operations, in the order in which they were made.
        version: Changes whenever the graph does.
        rewired: How often inputs were changed after the fact; then serial numbers are no order of execution.
        outer: For the body of a control-flow operation, the graph around it.
        isolated: Whether it is the body of a function, whose names and seeds are its own.
    """

    isolated = False
    #: Returns what stands here for a framework's tensor, or None; without such a function it is a constant.
    adopt: Callable[[Any], Any] | None = None
    #: Calls a function of Keras's with tensors of this graph: `keras_call(function, args, kwargs)`; see `onevar.keras`.
    keras_call: Callable[..., Any] | None = None

    def __init__(self) -> None:
        self.outer: Graph | None = None
        self.operations: list[Operation] = []
        self.version = 0
        self.rewired = 0
        self.seed: int | None = None
        self._lock = RLock()
        self._by_name: dict[str, Operation] = {}
        self._serial = [0]
        self._names = NameTable()
        self._stacks = Stacks()
        self._collections: dict[Any, list] = {}
        self._finalized = False
        self._unfeedable: set[Any] = set()
        self._unfetchable: set[Any] = set()
        self.creator_stack: list[Callable] = []
        self.building_function = False
        self._versions: Any = None
        #: Outputs that have a name of their own.
        self.named_outputs: dict[str, Tensor] = {}

    # -- operations -----------------------------------------------------------------------------

    def add(
        self,
        op_type: str,
        name: str,
        inputs: Sequence[Tensor],
        attrs: dict[str, Any],
        outputs: Sequence[tuple[DType, Spec]],
    ) -> Operation:
        """Make an operation under the current control, device and colocation scopes.

        Args:
            op_type: TensorFlow's.
            name: Complete and unique already: `unique_name`'s.
            inputs: Of this graph.
            attrs: As `Operation.attrs`.
            outputs: Dtype and spec of each.

        Raises:
            RuntimeError: The graph is finalized.
        """
        self._check_not_finalized()
        stacks = self._stacks
        controls = self._controls_for(inputs) if stacks.controls else ()
        if stacks.attrs:
            attrs.update({key: value for key, value in stacks.attrs.items() if value is not None})
        override = stacks.gradient_overrides.get(op_type)
        if override is not None:
            attrs.setdefault("_gradient_op_type", override)
        operation = Operation(self, op_type, name, inputs, controls, attrs, outputs)
        with self._lock:
            self._serial[0] += 1
            operation.serial = self._serial[0]
            self.operations.append(operation)
            self._by_name[name] = operation
            self.version += 1
        if stacks.devices:
            self._apply_devices(operation)
        if stacks.colocations:
            self._apply_colocations(operation)
        for scope in stacks.controls:
            scope.seen.add(operation)
        operation._control_flow_context = stacks.control_flow
        return operation

    def _controls_for(self, inputs: Sequence[Tensor]) -> list[Operation]:
        """Return the control inputs that the data inputs do not imply already."""
        given = {tensor.op for tensor in inputs}
        found: dict[Operation, None] = {}
        for scope in self._stacks.controls:
            # An input made inside the scope ran after its controls.
            if not given.isdisjoint(scope.seen):
                continue
            found.update((op, None) for op in scope.inputs if op not in given)
        return list(found)

    def _apply_devices(self, operation: Operation) -> None:
        # From the inside out: what an inner scope says stays, but a function has the last word.
        for device in reversed(self._stacks.devices):
            if device is None:
                break
            if callable(device):
                operation.device = device_name(device(operation))
            elif device:
                operation.device = merge_device(str(device), operation.device)

    def _apply_colocations(self, operation: Operation) -> None:
        names = {name for other in self._stacks.colocations for name in (other.colocation or (other.name,))}
        operation.colocation = tuple(sorted(names))
        operation.device = self._stacks.colocations[-1].device

    def create_op(
        self,
        op_type: str,
        inputs: Sequence[Tensor],
        dtypes: Sequence[Any] | None = None,
        input_types: Sequence[Any] | None = None,
        name: str | None = None,
        attrs: dict[str, Any] | None = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Operation:
        """Make an operation from its inputs and attributes, as TensorFlow's method of that name.

        Raises:
            TypeError: An input is not a tensor.
            RuntimeError: The graph is finalized.
        """
        from onevar.core.build import create  # building uses graphs

        return create(self, op_type, inputs, attrs or {}, name or op_type)

    def capture(self, tensor: Tensor) -> Tensor:
        """Return what stands for `tensor` in this graph.

        Raises:
            ValueError: It belongs to another graph.
        """
        if tensor.op.graph is not self:
            raise ValueError(
                f"Tensor {tensor!r} must be from the same graph as the operation that takes it: it was made in another "
                "graph. Build both under one `with graph.as_default():`."
            )
        return tensor

    def get_operations(self) -> list[Operation]:
        """Return all operations in the order in which they were made."""
        return list(self.operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """Return the operation called `name`.

        Raises:
            TypeError: `name` is not a string.
            KeyError: There is none.
        """
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name: str) -> Tensor:
        """Return the tensor called `name`, `"op:0"`.

        Raises:
            TypeError: `name` is not a string.
            KeyError: There is none.
            ValueError: It names an operation.
        """
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """Return the tensor or operation that `obj`, a name or one of these or what converts to one, stands for.

        Raises:
            TypeError: It cannot stand for one.
            ValueError: It is of another graph, or not of an allowed kind.
            KeyError: There is none of that name.
        """
        return lookup.graph_element(self, obj, allow_tensor, allow_operation)

    def find_operation(self, name: str) -> Operation | None:
        """Return the operation called `name`, or None."""
        return self._by_name.get(name)

    @property
    def last_id(self) -> int:
        """How many operations were made: TensorFlow takes its default op seeds from it."""
        return self._serial[0]

    _last_id = last_id

    # -- names ----------------------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Return `name`, below the current scope, made unique."""
        with self._lock:
            return self._names.unique(name, mark=mark_as_used)

    def name_for(self, name: str) -> str:
        """Return the complete name of a new operation; a name that ends in `/` is complete already.

        Raises:
            ValueError: TensorFlow accepts no operation of that name.
            RuntimeError: The graph is finalized.
        """
        self._check_not_finalized()
        if name and name[-1] == "/":
            return name[:-1]
        if not self._names.scope.stack:
            check_op_name(name)
        return self.unique_name(name)

    def name_scope(self, name: str | None) -> AbstractContextManager[str]:
        """Put what is made inside under `name`; None or `""` go back to the root, `"a/"` re-enters `a`.

        Raises:
            ValueError: It is not a valid scope name.
        """
        return self._names.enter(name)

    def get_name_scope(self) -> str:
        """Return the current name scope, without the final `/`."""
        return self._names.scope.stack

    # -- scopes ---------------------------------------------------------------------------------

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Make what is built inside run after `control_inputs`; None forgets all such scopes.

        Raises:
            TypeError: An element is no operation, tensor or what converts to one.
        """
        inputs = None if control_inputs is None else [lookup.control_input(self, item) for item in control_inputs]
        scope = Controls(inputs)
        stacks = self._stacks
        if scope.new_stack:
            scope.saved, stacks.controls = stacks.controls, []
            scope.control_flow, stacks.control_flow = stacks.control_flow, None
        stacks.controls = [*stacks.controls, scope]
        try:
            yield
        finally:
            stacks.controls = scope.saved if scope.new_stack else stacks.controls[:-1]
            if scope.new_stack:
                stacks.control_flow = scope.control_flow

    def current_control_inputs(self) -> list[Operation]:
        """Return the operations that what is made now runs after."""
        return self._controls_for(())

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Ask for what is made inside to run on a device: a name, a function of the operation, or None."""
        with self._pushed("devices", device_name_or_function):
            yield

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Ask for what is made inside to run where `op` does; None forgets all such scopes.

        Raises:
            ValueError: `op` is None without `ignore_existing`.
        """
        stacks = self._stacks
        before, devices = stacks.colocations, stacks.devices
        if op is None:
            if not ignore_existing:
                raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
            stacks.colocations = []
        else:
            target = lookup.operation_of(self, op)
            stacks.colocations = [target] if ignore_existing else [*before, target]
        stacks.devices = []
        try:
            yield
        finally:
            stacks.colocations, stacks.devices = before, devices

    @contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """Use registered gradients of other names for the op types of the map inside the scope.

        Raises:
            TypeError: The map is not one of strings.
        """
        if not isinstance(op_type_map, dict) or not all(
            isinstance(key, str) and isinstance(value, str) for key, value in op_type_map.items()
        ):
            raise TypeError(f"op_type_map must be a dictionary of strings. Received: {op_type_map!r}.")
        stacks = self._stacks
        before = stacks.gradient_overrides
        stacks.gradient_overrides = {**before, **op_type_map}
        try:
            yield
        finally:
            stacks.gradient_overrides = before

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Name the resource container of what is made inside."""
        with self._pushed("containers", container_name):
            yield container_name

    @contextmanager
    def _attr_scope(self, attr_map: dict[str, Any]) -> Iterator[None]:
        stacks = self._stacks
        before = stacks.attrs
        stacks.attrs = {**before, **attr_map}
        try:
            yield
        finally:
            stacks.attrs = before

    @contextmanager
    def _pushed(self, name: str, value: Any) -> Iterator[None]:
        before = getattr(self._stacks, name)
        setattr(self._stacks, name, [*before, value])
        try:
            yield
        finally:
            setattr(self._stacks, name, before)

    @contextmanager
    def as_default(self) -> Iterator["Graph"]:
        """Make this the default graph of the thread inside the `with` block."""
        THREAD.graphs.append(self)
        depth = len(THREAD.graphs)
        eager, THREAD.eager = THREAD.eager, False
        try:
            yield self
        finally:
            THREAD.eager = eager
            if THREAD.graphs:  # A test case that begins empties the stack.
                if len(THREAD.graphs) != depth or THREAD.graphs[-1] is not self:
                    raise AssertionError(
                        "Nesting violated for default stack: a default graph was entered in this block and not left."
                    )
                THREAD.graphs.pop()

    def _get_control_flow_context(self) -> Any:
        return self._stacks.control_flow

    # -- collections ----------------------------------------------------------------------------

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Append `value` to the collection `name`.

        Raises:
            RuntimeError: The graph is finalized.
        """
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Append `value` to each of the collections `names`, once; a string is one name."""
        for name in [names] if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list:
        """Return the list that is the collection; changes to it change the collection."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list:
        """Return a copy of the collection; with `scope`, the items whose name the pattern matches at its start."""
        return lookup.in_scope(self._collections.get(name, []), scope)

    def get_all_collection_keys(self) -> list:
        """Return the names of all collections that have been used."""
        return [key for key in self._collections if isinstance(key, str)]

    def clear_collection(self, name: Any) -> None:
        """Empty the collection.

        Raises:
            RuntimeError: The graph is finalized.
        """
        self._check_not_finalized()
        self._collections.pop(name, None)

    @property
    def collections(self) -> list:
        """The names of all collections."""
        return list(self._collections)

    # -- finalising -----------------------------------------------------------------------------

    @property
    def finalized(self) -> bool:
        """Whether nothing more can be added."""
        return self._finalized

    def finalize(self) -> None:
        """Let nothing more be added."""
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    def _check_not_finalized(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def prevent_feeding(self, tensor: Tensor) -> None:
        """Let `tensor` not be fed."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Any) -> bool:
        """Whether `tensor` may be fed."""
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Operation) -> None:
        """Let `op` and its outputs not be fetched."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a tensor or operation may be fetched."""
        operation = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return operation not in self._unfetchable

    def __repr__(self) -> str:
        return f"<onevar Graph with {len(self.operations)} operations>"

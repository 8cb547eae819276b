"""v1 Variables in eager execution: each holds its state itself, in a framework, and computes at once."""

from types import SimpleNamespace
from typing import Any
from weakref import ref as weak

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.cell import Cell
from onevar.core.context import eager_mode
from onevar.core.dtype import DType, as_dtype
from onevar.core.eager_values import dtype_of, eager_tensor, owner_of
from onevar.core.literals import array_of
from onevar.core.registry import adapter, default_backend, use_backend
from onevar.core.state import Slot, StateRef
from onevar.core.tensor_shape import TensorShape
from onevar.scopes import LOCAL
from onevar.v1.resource_variable import ResourceVariable, check_assigned_shape, explicit_shape


class EagerRef(StateRef):
    """The state of one Variable, for operations that compute at once.

    Reads are differentiable where the framework's are, and both reads and writes mind a `StatelessScope`.

    Attributes:
        owner: The Variable, weakly.
    """

    __slots__ = ("__weakref__", "owner")

    def __init__(self, slot: Slot, owner: Any):
        super().__init__(slot)
        self.owner = weak(owner)

    @property
    def _cell(self) -> Cell | None:
        return self.slot.cell

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        cell = self.slot.cell
        return cell.shape if cell is not None else np.shape(self.read())

    def read(self) -> Any:
        """Return the value.

        Raises:
            FailedPreconditionError: There is none yet.
        """
        cell = self.slot.cell
        if cell is None:
            return self.slot.read()  # strings, or the error
        scope = LOCAL.stateless
        value = None if scope is None else scope.get_current_value(self)
        return cell.snapshot() if value is None else value

    def write(self, value: Any) -> None:
        """Replace the value.

        Raises:
            TracedAssignment: Inside a traced function without a scope.
        """
        cell = self.slot.cell
        if cell is None:
            self.slot.write(value)
            return
        tensor = self._native(value, cell)
        if LOCAL.stateless is not None:
            LOCAL.stateless.add_update((self.owner(), tensor))
        elif tuple(tensor.shape) == cell.shape:
            cell.assign(tensor)
        else:
            cell.check_traced(tensor, "assign(value)")
            self.slot.write(tensor)

    def accumulate(self, value: Any, kernel: str) -> None:
        """Add `value` to the state (`"add"`), or subtract it (`"subtract"`).

        Raises:
            TracedAssignment: Inside a traced function without a scope.
        """
        cell = self.slot.cell
        if cell is None:
            raise self.slot.missing()
        tensor = self._native(value, cell)
        if LOCAL.stateless is not None:
            self.write(getattr(cell.adapter.k, kernel)(self.read(), tensor))
        else:
            cell.accumulate(tensor, kernel)

    def put(self, k: Any, rows: Any, values: Any) -> None:
        """Replace rows, each of which is named once.

        Raises:
            TracedAssignment: Inside a traced function without a scope.
        """
        self.write(k.scatter(self.read(), rows, values, "set"))

    def cell_in_place(self) -> None:
        """Return None: a write may belong to a `StatelessScope`, or be lost in a trace."""
        return

    @staticmethod
    def _native(value: Any, cell: Cell) -> Any:
        if cell.adapter.owns(value) and not isinstance(value, np.generic):
            return value
        return cell.adapter.convert(np.asarray(value), cell.dtype, cell.where)


def _storage(name: str, dtype: DType, trainable: bool) -> Any:
    """Return what a `Slot` asks of the operation that it keeps the value of."""
    return SimpleNamespace(name=name, attrs={"dtype": dtype}, kept=None if trainable else False, traceback=[])


class EagerVariable(ResourceVariable):
    """A resource variable that holds its state; see `Variable`."""

    _in_graph_mode = False
    _handle: EagerRef

    # -- making ---------------------------------------------------------------------------------

    def _build(self, scope: str, initial_value: Any, dtype: Any, shape: Any, collections: Any) -> None:
        given = initial_value() if callable(initial_value) else initial_value
        owner = owner_of(given) or adapter(default_backend())
        with owner.computing():
            value = eager_tensor(given, None if dtype is None else as_dtype(dtype).base_dtype, owner)
            self._hold(owner, scope.rstrip("/") or "Variable", dtype_of(value, owner), _device(value, owner))
            self._shape = explicit_shape(shape, TensorShape(tuple(value.shape)))
            self._handle.slot.write(value)

    def _hold(self, owner: Adapter, name: str, dtype: DType, device: str) -> None:
        self._dtype = dtype
        self._name = f"{name}:0"
        slot = Slot(_storage(name, dtype, self._trainable), owner, device)
        self._handle = EagerRef(slot, self)

    @classmethod
    def _over(cls, cell: Cell, name: str, synchronization: Any, aggregation: Any, constraint: Any) -> "EagerVariable":
        """Return a view of `cell`."""
        self = object.__new__(cls)
        self._synchronization, self._aggregation = synchronization, aggregation
        self._trainable, self._constraint = cell.trainable, constraint
        self._hold(cell.adapter, name, as_dtype(cell.dtype), cell.device)
        self._handle.slot.cell = cell
        self._shape = TensorShape(cell.shape)
        return self

    # -- what it is -----------------------------------------------------------------------------

    @property
    def _cell(self) -> Cell:  # type: ignore[override]
        cell = self._handle.slot.cell
        if cell is None:
            raise TypeError(f"Variable {self._shared_name!r} holds strings, which no framework's memory does.")
        return cell

    @property
    def device(self) -> str:
        """Where the state lies, as TensorFlow writes it: `/device:CPU:0`."""
        kind, _, index = self._handle.slot.device.partition(":")
        return f"/device:{'GPU' if kind == 'cuda' else kind.upper()}:{index or 0}"

    @property
    def op(self) -> Any:
        """Not there: eagerly there are no operations."""
        raise AttributeError("Tensor.op is undefined when eager execution is enabled.")

    @property
    def graph(self) -> Any:
        """Not there: eagerly there is no graph."""
        raise AttributeError("Tensor.graph is undefined when eager execution is enabled.")

    @property
    def initial_value(self) -> Any:
        """Not there: eagerly the value is all there is."""
        raise RuntimeError("This property is not supported when eager execution is enabled.")

    @property
    def create(self) -> Any:
        """Not there: eagerly there are no operations."""
        raise RuntimeError("This operation is not supported when eager execution is enabled.")

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Raise RuntimeError: eagerly there are no operations."""
        raise RuntimeError("This operation is not supported when eager execution is enabled.")

    def eval(self, session: Any = None) -> Any:
        """Raise RuntimeError: eagerly there are no sessions; see `numpy`."""
        raise RuntimeError("This operation is not supported when eager execution is enabled.")

    def is_initialized(self, name: str | None = None) -> bool:
        """Return whether there is a value."""
        return self._handle.initialized

    def _as_graph_element(self) -> Any:
        raise TypeError(f"{self!r} was made eagerly and is no part of a graph.")

    # -- reading and writing --------------------------------------------------------------------

    def _read(self) -> Any:
        return self._handle.read()

    def value(self) -> Any:  # type: ignore[override]
        """Return the value, as a tensor of the framework that holds it."""
        return self._handle.read()

    def read_value(self) -> Any:
        """Return the value, as a tensor of the framework that holds it."""
        return self._handle.read()

    def initialized_value(self) -> Any:
        """Return the value."""
        return self._handle.read()

    def numpy(self) -> np.ndarray:
        """Return the value as a NumPy array of its own."""
        value = self._handle.read()
        return np.array(value) if isinstance(value, np.ndarray) else self._cell.adapter.to_numpy(value)

    def _dense_var_to_tensor(self, dtype: DType | None = None, name: str | None = None, as_ref: bool = False) -> Any:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type {dtype.name} for `tf.Variable of type "
                f"{self.dtype.name}. (Variable: {self})"
            )
        return self._handle.read()

    def _lazy_read(self, operation: Any) -> "EagerVariable":
        return self

    def assign(
        self, value: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Replace the value.

        Args:
            value: Of the variable's dtype and shape.
            use_locking: Accepted; writes are atomic.
            name: Accepted.
            read_value: Whether the Variable is returned.

        Raises:
            ValueError: Another dtype or shape.
            TracedAssignment: Inside a traced function without a scope.
        """
        with self._handle.slot.adapter.computing():
            tensor = self._converted(value)
            check_assigned_shape(self, tensor)
            self._handle.write(tensor)
        return self if read_value else None

    def _accumulated(self, op_type: str, delta: Any, name: str | None, read_value: bool) -> Any:
        with self._handle.slot.adapter.computing():
            return super()._accumulated(op_type, self._converted(delta), name, read_value)

    def _converted(self, value: Any) -> Any:
        owner = self._handle.slot.adapter
        if isinstance(value, np.ndarray) and owner.owns(value) and dtype_of(value, owner) is not self._dtype:
            value = array_of(value, self._dtype)  # cast, as TensorFlow does, also where arrays are tensors
        return eager_tensor(value, self._dtype, owner)

    # -- copies ---------------------------------------------------------------------------------

    def _clone(self, *, device: str | None = None) -> "EagerVariable":
        old = self._cell
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._hold(old.adapter, self._shared_name, self._dtype, device or old.device)
        twin._handle.slot.write(old.adapter.convert(old.snapshot(), device=device or old.where))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> "EagerVariable":
        """Return a Variable with its own state."""
        twin = self._clone()
        memo[id(self)] = twin
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        options = {
            "initial_value": self.numpy(), "trainable": self._trainable, "name": self._shared_name,
            "dtype": self._dtype.name, "constraint": self._constraint,
            "synchronization": self._synchronization, "aggregation": self._aggregation,
        }  # fmt: skip
        return _restored, (self._handle.slot.adapter.name, options)

    def __repr__(self) -> str:
        value = np.array2string(self.numpy(), separator=", ") if self._handle.initialized else "<unavailable>"
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}, numpy={value}>"


def _restored(backend: str, options: dict[str, Any]) -> ResourceVariable:
    with use_backend(backend), eager_mode():
        return EagerVariable._from_args(**options)


def _device(value: Any, owner: Adapter) -> str:
    return owner.devices()[0] if isinstance(value, np.ndarray | np.generic) else owner.spec(value).device

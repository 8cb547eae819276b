"""The Keras 3 face of a Variable: https://keras.io/api/ops/core/variable/ .

Differences from `keras.Variable`, all on purpose: state of any framework side by side
(`backend=`, `device=`); `aggregation` is `"mean"` by default, as the documented signature has it; 64-bit types
are kept or refused, never narrowed in silence; `value` is a snapshot; writes are atomic.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar import exchange, initializers
from onevar.adapters.contract import Adapter, Tensor, TensorSpec
from onevar.cell import Cell
from onevar.core import registry
from onevar.core.arguments import adapter_for, broadcasts, checked_name, one_of, storable
from onevar.core.attributes import KerasAttributes
from onevar.core.devices import standardize_device
from onevar.core.shapes import shape_equal, standardize_shape
from onevar.core.values import to_tensor
from onevar.dtypes import is_float_dtype, result_type, standardize_dtype
from onevar.errors import CopyRequired
from onevar.scopes import ACTIVE, LOCAL, current_path
from onevar.variable import Variable, join_frameworks

_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = (None, "none", "on_read", "on_write", "auto")


class KerasVariable(KerasAttributes, Variable):
    """A Variable with Keras 3's signature.

    Args:
        initializer: The value: a tensor of any framework, a NumPy array, numbers in nested sequences; or how to
            make it: a callable `(shape, dtype=...)`, such as a Keras initializer, or the name of one
            (`"glorot_uniform"`).
        shape: Tuple of ints; needed with a callable or a name, otherwise checked against the value.
        dtype: The dtype's name, or a framework's dtype. By default that of a tensor or array, `floatx()` for
            Python's floats and for callables, int32 for ints.
        trainable: Whether gradients are wanted.
        autocast: Whether a float value reads as the `AutocastScope`'s dtype.
        aggregation: `"none"`, `"mean"`, `"sum"` or `"only_first_replica"`: how replicas become one value.
        synchronization: `"none"`, `"on_read"`, `"on_write"` or `"auto"`: when they do.
        name: Without `/`. By default `"variable"`, `"variable_1"`, ...
        layout: How the value lies over devices, an object of the framework's (`jax.sharding.Sharding`).
        backend: The framework, by its adapter's name. By default: `use_backend`, `set_backend`, `ONEVAR_BACKEND`,
            the framework of `initializer`, the first installed of jax, torch, tensorflow, numpy.
        device: `"cpu"`, `"cuda:1"`. By default where the tensor is, or the framework's default.
        adopt: Borrow the memory of `initializer` instead of copying it. As long as anybody else holds that
            memory, the first write moves the Variable away from it and leaves it as it was.

    Raises:
        ValueError: See each argument; also a shape that is not the value's, and creation of a value
            (not from a callable) inside a StatelessScope.
        TypeError: The initializer holds no numbers, or an argument belongs to the other face.
        FrameworkMissing, DeviceMissing: `backend` or `device` is not here.
        CopyRequired: `adopt`, and the memory cannot be borrowed.

    >>> import onevar
    >>> w = onevar.Variable([[1.0, 2.0], [3.0, 4.0]], name="w", backend="numpy")
    >>> w.shape, w.dtype, w.assign_add([[1.0, 1.0], [1.0, 1.0]]).tolist()
    ((2, 2), 'float32', [[2.0, 3.0], [4.0, 5.0]])
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "mean",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        *,
        backend: str | None = None,
        device: Any = None,
        adopt: bool = False,
    ):
        self._name = checked_name(name)
        path = current_path()
        self._path = f"{path}/{self._name}" if path else self._name
        self._aggregation = one_of("aggregation", aggregation, _AGGREGATIONS)
        self._synchronization = one_of("synchronization", synchronization, _SYNCHRONIZATIONS)
        self._autocast = bool(autocast)
        self._regularizer: Callable | None = None
        self._constraint: Callable | None = None
        self._overwrite_with_gradient = False
        self._initializer: Callable | None = None
        if isinstance(initializer, str):
            initializer = initializers.get(initializer)
        adapter = adapter_for(initializer, backend)
        where = None if device is None else standardize_device(device, adapter)
        if isinstance(initializer, Variable) or not callable(initializer):
            self._from_value(initializer, adapter, shape, dtype, where, bool(trainable), layout, adopt)
        else:
            self._from_initializer(initializer, adapter, shape, dtype, where, bool(trainable), layout)

    def _from_value(
        self,
        initializer: Any,
        adapter: Adapter,
        shape: Any,
        dtype: Any,
        device: str | None,
        trainable: bool,
        layout: Any,
        adopt: bool,
    ) -> None:
        if LOCAL.stateless is not None:
            raise ValueError(
                "You are attempting to create a variable while in a stateless scope. This is disallowed: its value "
                "would be forgotten. Make it before the scope, or pass a callable initializer and a shape, "
                "which defers it until the scope is left."
            )
        call = f"Variable(initializer, name={self._name!r})"
        wanted = None if dtype is None else storable(dtype)
        if adopt:
            value = self._borrowed(initializer, adapter, wanted, device, call)
        else:
            value = to_tensor(initializer, adapter, call=call, dtype=wanted, device=device)
        # What was made from something else is nobody else's already.
        made = registry.adapter_of(initializer) is not adapter and not isinstance(initializer, Variable)
        spec = adapter.spec(value)
        if shape is not None and not shape_equal(standardize_shape(shape), spec.shape):
            raise ValueError(f"{call}: shape={shape} was asked for, the value has shape {spec.shape}.")
        cell = Cell(adapter, shape=spec.shape, dtype=storable(spec.dtype), device=spec.device, trainable=trainable)
        cell.layout = layout
        cell.fill(value, name=self._name, adopt=adopt, made=made)
        self._cell = cell

    @staticmethod
    def _borrowed(x: Any, adapter: Adapter, dtype: str | None, device: str | None, call: str) -> Tensor:
        if registry.adapter_of(x) is None and not isinstance(x, Variable):
            raise TypeError(
                f"{call}: adopt=True borrows the memory of a tensor or array. Received: {type(x).__name__}."
            )
        if isinstance(x, Variable) or registry.adapter_of(x) is not adapter:
            x = exchange.share(x, adapter.name)
        spec = adapter.spec(x)
        if (dtype or spec.dtype, device or spec.device) != (spec.dtype, spec.device):
            raise CopyRequired(
                f"{call}, adopt=True",
                f"the memory holds {spec.dtype} on {spec.device}, and {dtype or spec.dtype} on "
                f"{device or spec.device} was asked for",
                "Leave adopt out, or dtype and device",
            )
        return x

    def _from_initializer(
        self,
        initializer: Callable,
        adapter: Adapter,
        shape: Any,
        dtype: Any,
        device: str | None,
        trainable: bool,
        layout: Any,
    ) -> None:
        if shape is None:
            raise ValueError(
                "When creating a Variable from an initializer, the `shape` argument should be specified. "
                f"Received: initializer={initializer} and shape={shape}"
            )
        shape = self._validate_shape(shape)
        where = device or adapter.devices()[0]
        cell = Cell(adapter, shape=shape, dtype=storable(dtype), device=where, trainable=trainable)
        cell.layout = layout
        self._cell = cell
        self._initializer = initializer
        if LOCAL.stateless is not None:
            LOCAL.uninitialized.append(self)
        else:
            self._fill_from_initializer()

    def _fill_from_initializer(self) -> None:
        value, made = self._initial_value()
        self._cell.fill(value, name=self._name, made=made)
        self._initializer = None

    def _initial_value(self) -> tuple[Tensor, bool]:
        """Return what the initializer gives, and whether its memory is nobody else's."""
        cell = self._cell
        assert self._initializer is not None
        given = self._initializer(cell.shape, dtype=cell.dtype)
        call = f"Variable(initializer={self._initializer!r}, name={self._name!r})"
        value = to_tensor(given, cell.adapter, call=call, dtype=cell.dtype, device=cell.where)
        if tuple(value.shape) != cell.shape:
            raise ValueError(
                f"{call}: the initializer returned shape {tuple(value.shape)}; shape={cell.shape} was asked for."
            )
        return value, registry.adapter_of(given) is not cell.adapter

    def _validate_shape(self, shape: Any) -> tuple[int, ...]:
        shape = standardize_shape(shape)
        if None in shape:
            raise ValueError(
                "Shapes used to initialize variables must be fully-defined (no `None` dimensions). Received: "
                f"shape={shape} for variable path='{self._path}'"
            )
        return shape

    # -- value ----------------------------------------------------------------------------------

    @property
    def value(self) -> Tensor:
        """The value as a tensor: a snapshot, which later writes through onevar leave alone.

        Inside a StatelessScope the scope's value; inside an AutocastScope cast to its dtype.
        """
        if ACTIVE or self._cell.native is None:
            return self._scoped_value()
        return self._cell.snapshot()

    _read = value.fget  # type: ignore[assignment,attr-defined]  # the same, without the property's detour

    def _scoped_value(self) -> Tensor:
        cell = self._cell
        scope = LOCAL.stateless
        value = None if scope is None else scope.get_current_value(self)
        if value is None:
            deferred = cell.native is None and self._initializer is not None
            value = self._initial_value()[0] if deferred else cell.snapshot()
        return cell.adapter.astype(value, self.dtype)

    def assign(self, value: Any) -> Tensor:
        """Replace the value, as one step; return the new one.

        Args:
            value: Anything that the constructor takes as a value, of the Variable's shape; cast to its dtype.

        Raises:
            ValueError: Another shape. The Variable keeps its value, as with every error.
            TracedAssignment: Inside a traced function without a scope; the message names `functionalize`.
        """
        cell = self._cell
        if cell.fits(value):
            return self._store(value)
        view = self._view_to_write(value)
        if view is not None:
            cell.assign(view)
            return cell.snapshot()  # not the view: its memory is the caller's
        value = to_tensor(value, cell.adapter, call="Variable.assign(value)", dtype=cell.dtype, device=cell.where)
        if tuple(value.shape) != cell.shape:
            raise ValueError(
                "The shape of the target variable and the shape of the target value in `variable.assign(value)` must "
                f"match. variable.shape={cell.shape}, Received: value.shape={tuple(value.shape)}. "
                f"Target variable: {self._path}"
            )
        return self._store(value)

    def _view_to_write(self, value: Any) -> Tensor | None:
        """Return a foreign tensor as this framework's, over its memory, where the write is the one copy needed."""
        cell = self._cell
        owner = registry.adapter_of(value)
        if owner is None or owner is cell.adapter or LOCAL.stateless is not None or "in_place" in cell.adapter.lacks:
            return None
        try:
            view = exchange.share(value, cell.adapter.name)
        except CopyRequired:
            return None  # an assignment may copy; `to_tensor` does
        return view if cell.fits(view) else None

    def _store(self, value: Tensor) -> Tensor:
        if LOCAL.stateless is not None:
            LOCAL.stateless.add_update((self, value))
            return value
        if self._cell.native is None and self._initializer is not None:
            raise ValueError(f"Variable {self._path} is not initialized yet: leave the StatelessScope it was made in.")
        return self._cell.assign(value)

    def assign_add(self, value: Any) -> Tensor:
        """Add `value`, which may broadcast to the Variable's shape, as one step; return the new value.

        Raises:
            ValueError: The sum has another shape.
            TracedAssignment: As `assign`.
        """
        return self._accumulate(value, "add")

    def assign_sub(self, value: Any) -> Tensor:
        """Subtract `value`, which may broadcast to the Variable's shape, as one step; return the new value.

        Raises:
            ValueError: The difference has another shape.
            TracedAssignment: As `assign`.
        """
        return self._accumulate(value, "subtract")

    def _accumulate(self, value: Any, kernel: str) -> Tensor:
        cell = self._cell
        if not ACTIVE and cell.dtype != "bool" and cell.fits(value):
            return cell.accumulate(value, kernel)
        adapter = cell.adapter
        apply = type(self).__add__ if kernel == "add" else type(self).__sub__
        if LOCAL.stateless is not None:
            return self.assign(apply(self, value))
        call = f"Variable.assign_{kernel[:3]}(value)"
        kind = type(value)
        weak = kind in (int, float, complex)
        delta = value if weak else to_tensor(value, adapter, call=call, device=cell.where)
        delta_type = kind if weak else adapter.spec(delta).dtype
        if result_type(cell.dtype, delta_type) != cell.dtype or cell.dtype == "bool":
            # Computed in the wider dtype and cast back, as Keras does; still one step.
            return cell.update(lambda _: self._cast_back(apply(self, delta)))
        if not weak:
            delta = adapter.astype(delta, cell.dtype)
            self._check_broadcast(tuple(delta.shape), call)
        return cell.accumulate(delta, kernel)

    def _cast_back(self, value: Tensor) -> Tensor:
        self._check_broadcast(tuple(value.shape), "Variable.assign_add/assign_sub(value)")
        return self._cell.adapter.astype(value, self._cell.dtype)

    def _check_broadcast(self, shape: tuple[int, ...], call: str) -> None:
        mine = self._cell.shape
        if shape != mine and (not broadcasts(shape, mine)):
            raise ValueError(
                f"{call}: value of shape {shape} does not broadcast to variable.shape={mine}. "
                f"Target variable: {self._path}"
            )

    @property
    def dtype(self) -> str:
        """The dtype's name; inside an AutocastScope that of the scope, for float Variables."""
        scope = LOCAL.autocast
        stored = self._cell.dtype
        if scope is not None and scope.dtype is not None and self._autocast and is_float_dtype(stored):
            return scope.dtype
        return stored

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, a tuple of ints."""
        return self._cell.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._cell.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self._cell.shape, dtype=np.int64))

    @property
    def keras(self) -> "KerasVariable":
        """This face of the state."""
        return self

    def __repr__(self) -> str:
        head = f"<Variable path={self._path}, shape={self.shape}, dtype={self.dtype}"
        if self._cell.native is None or (LOCAL.stateless is not None and self._is_traced()):
            return f"{head}>"
        return f"{head}, value={self._cell.adapter.to_numpy(self._cell.snapshot())}>"

    def _is_traced(self) -> bool:
        return self._cell.adapter.is_traced(self.value)

    # -- copies ---------------------------------------------------------------------------------

    def _clone(self, *, device: str | None = None) -> "KerasVariable":
        twin = self.__copy__()
        old = self._cell
        where = device or old.where
        cell = Cell(old.adapter, shape=old.shape, dtype=old.dtype, device=where or old.device, trainable=old.trainable)
        cell.layout = old.layout if device is None else None
        if old.native is not None:
            cell.fill(old.adapter.convert(old.snapshot(), device=where), name=self._name)
        twin._cell = cell
        return twin  # type: ignore[return-value]

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, and the value as a NumPy array: natives do not all pickle."""
        cell = self._cell
        if cell.native is None:
            raise ValueError(f"Variable {self._path} is not initialized yet; leave the StatelessScope first.")
        state = {k: v for k, v in self.__dict__.items() if k != "_cell"}
        held = {"backend": self.backend, "dtype": cell.dtype, "device": cell.device, "trainable": cell.trainable}
        return {**state, "_held": held, "_array": self._cell.adapter.to_numpy(cell.snapshot())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        held, array = state.pop("_held"), state.pop("_array")
        self.__dict__.update(state)
        adapter = registry.adapter(held["backend"])
        device = held["device"] if held["device"] in adapter.devices() else adapter.devices()[0]
        cell = Cell(adapter, shape=array.shape, dtype=held["dtype"], device=device, trainable=held["trainable"])
        cell.fill(adapter.convert(array, held["dtype"], device), name=self._name, made=True)
        self._cell = cell

    # -- hooks that Keras's own code calls ------------------------------------------------------

    @property
    def _value(self) -> Any:
        return self._cell.native

    def _deferred_initialize(self) -> None:
        if self._cell.native is not None:
            raise ValueError(f"Variable {self._path} is already initialized.")
        if LOCAL.stateless is not None:
            raise ValueError(
                "You are attempting to initialize a variable while in a stateless scope. This is disallowed. "
                "Make sure that all variables are initialized before you start using your layer/model objects."
            )
        self._fill_from_initializer()

    def _initialize(self, value: Any) -> None:
        self.assign(value)

    def _convert_to_tensor(self, value: Any, dtype: Any = None) -> Tensor:
        wanted = None if dtype is None else standardize_dtype(dtype)
        return to_tensor(value, self._cell.adapter, call="convert_to_tensor(value)", dtype=wanted)


# -- as an argument of traced functions -----------------------------------------------------------


_ANNOTATIONS = (
    "_name", "_path", "_aggregation", "_synchronization", "_autocast", "_regularizer", "_constraint",
    "_overwrite_with_gradient",
)  # fmt: skip


def _flatten(variable: KerasVariable) -> tuple:
    """Return what stays the same under tracing; hashable."""
    return (type(variable), variable.trainable, *(getattr(variable, name) for name in _ANNOTATIONS))


def _unflatten(adapter: Adapter, static: tuple, leaf: Any) -> KerasVariable:
    """Return a Variable over `leaf`: a tensor, a tracer, or whatever a tree function puts there."""
    face, trainable, *annotations = static
    variable = object.__new__(face)
    vars(variable).update(zip(_ANNOTATIONS, annotations, strict=True), _initializer=None)
    spec = adapter.spec(leaf) if adapter.owns(leaf) else TensorSpec((), "float32", adapter.devices()[0])
    cell = Cell(adapter, shape=spec.shape, dtype=spec.dtype, device=spec.device, trainable=trainable)
    cell.native = leaf
    variable._cell = cell
    return variable


join_frameworks(KerasVariable, _flatten, _unflatten)
# What `help` and editors show of the front door.
Variable.__signature__ = inspect.signature(KerasVariable)  # type: ignore[attr-defined]

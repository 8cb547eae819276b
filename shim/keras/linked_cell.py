"""Cells whose state is a `keras.Variable`'s too: Keras's scopes hold for every read and write, whoever asks.

There are two kinds. A `LinkedCell` is a view of a variable that Keras made: the state stays where Keras keeps it, so
that what an optimizer rebinds is seen. A `SharedCell` is the Cell of a onevar Variable that was given a
`keras.Variable` of its own; there the state is in the Cell.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any

from onevar.adapters.contract import Native, Tensor
from onevar.cell import Cell
from onevar.core.op_errors import FailedPreconditionError
from onevar.dtypes import standardize_dtype
from onevar.keras.current import keras_adapter, stateless_scope


class KeptCell(Cell):
    """State that a `keras.Variable`, the `keeper`, has a say in: see the two kinds below."""

    __slots__ = ()
    views: dict[str, Any]

    # -- reading --------------------------------------------------------------------------------

    def snapshot(self) -> Tensor:
        """Return the value as Keras's scopes have it: of a `StatelessScope`, cast by an `AutocastScope`.

        Raises:
            FailedPreconditionError: There is none now: `fit` on jax holds it.
        """
        keeper = self.keeper
        check_held(keeper)
        value = keeper.value
        if value is self.native:
            with self.lock:
                return self.adapter.read(value)
        return value

    def stored(self) -> Tensor:
        """Return the value in the dtype that it is kept in, whatever an `AutocastScope` says.

        Raises:
            FailedPreconditionError: There is none now.
        """
        scope = stateless_scope()
        value = None if scope is None else scope.get_current_value(self.keeper)
        if value is not None:
            return value
        if self.native is None:
            return self.snapshot()
        with self.lock:
            return self.adapter.read(self.native)

    # -- writing --------------------------------------------------------------------------------

    def assign(self, value: Tensor) -> Tensor:
        """Replace the value; inside a `keras.StatelessScope` the scope's.

        Raises:
            TracedAssignment: `value` belongs to a running trace, and no scope is open.
        """
        value = self.adapter.astype(value, self.dtype)
        if stateless_scope() is not None:
            self.keeper.assign(value)
        else:
            self.check_traced(value, "assign(value)")
            self._put_down(self.adapter.write, value)
        return value

    def replace(self, value: Tensor) -> None:
        """Do `assign`."""
        self.assign(value)

    def accumulate(self, value: Tensor, kernel: str) -> Tensor:
        """Add `value`, or subtract it, as one step; return the new value.

        Raises:
            TracedAssignment: As `assign`.
        """
        self.shift(self.adapter.astype(value, self.dtype), kernel)
        return self.snapshot()

    def shift(self, value: Tensor, kernel: str) -> None:
        """Do `accumulate`; nothing is returned."""
        if stateless_scope() is not None:
            self.keeper.assign(getattr(self.adapter.k, kernel)(self.stored(), value))
            return
        self.check_traced(value, f"assign_{kernel[:3]}(value)")
        self._put_down(self.adapter.accumulate, value, kernel)

    def put(self, rows: Tensor, values: Tensor) -> None:
        """Replace some rows, each named once, by `values`."""
        if stateless_scope() is not None:
            self.keeper.assign(self.adapter.k.scatter(self.stored(), rows, values, "set"))
        else:
            self._put_down(self.adapter.put, rows, values)

    def update(self, compute: Callable[[Tensor], Tensor]) -> Tensor:
        """Replace the value by `compute(value)` as one step; return the new value."""
        with self.lock:
            return self.assign(compute(self.stored()))

    def _put_down(self, operation: Callable[..., Native], *args: Any) -> None:
        if self.native is None:
            raise _held(self.keeper)
        if self.layout is not None:
            native = operation(self.native, *args, fresh=False)
            self.native = self.adapter.place(native, self.layout)
        else:
            self._write(operation, *args)

    @property
    def layout(self) -> Any:
        """How the value lies over devices, as the framework says it, or None."""
        layout = self.keeper._layout
        return getattr(layout, "backend_layout", layout)

    def set_trainable(self, trainable: bool) -> None:
        """Say whether gradients are wanted, to Keras and to the native."""
        self.keeper.trainable = trainable
        if self.native is not None:
            self.adapter.set_trainable(self.native, trainable)


class LinkedCell(KeptCell):
    """A view of the state of a `keras.Variable`, of its backend's own class.

    Args:
        keeper: The variable.

    Attributes:
        views: The faces of `tf.compat.v1` that compute at once, by name.
    """

    __slots__ = ("views",)

    def __init__(self, keeper: Any):
        self.keeper = keeper
        self.views = {}
        self.adapter = keras_adapter()
        self.lock = RLock()
        self.busy = False
        # Operators ask Keras's scopes too: none of them takes the shortcut.
        self.fast, self.fast_dtype, self.scalars = {}, None, ()
        self.tensor_type = self.adapter.tensor_type
        self.readers = [] if self.adapter.guard_reads else None

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape, a tuple of ints."""
        return tuple(self.keeper._shape)

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """The dtype that the value is kept in."""
        return standardize_dtype(self.keeper._dtype)

    @property
    def native(self) -> Native:
        """What Keras has as the variable's value: `torch.nn.Parameter`, `tf.Variable`, `jax.Array`, `numpy.ndarray`."""
        return self.keeper._value

    @native.setter
    def native(self, native: Native) -> None:
        if self.keeper._value is not native:
            self.keeper._value = native

    @property
    def device(self) -> str:  # type: ignore[override]
        """Where the value lies."""
        native = self.keeper._value
        return self.adapter.devices()[0] if native is None else self.adapter.spec(native).device

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """Whether gradients are wanted."""
        return bool(self.keeper.trainable)

    def __deepcopy__(self, memo: dict[int, Any]) -> "LinkedCell":
        """Return the view of the variable's copy."""
        return LinkedCell(memo.get(id(self.keeper), self.keeper))

    def __reduce__(self) -> tuple:
        return LinkedCell, (self.keeper,)


class SharedCell(KeptCell):
    """The Cell of a onevar Variable that a `onevar.keras.Variable` is made of."""

    __slots__ = ()  # none: an existing Cell becomes one of these

    @property
    def views(self) -> dict[str, Any]:  # type: ignore[override]
        """The faces of `tf.compat.v1` that compute at once, by name."""
        return self.keeper._views


def linked_cell(variable: Any) -> KeptCell:
    """Return the Cell of a `keras.Variable`'s state; the same one each time.

    Args:
        variable: A `keras.Variable`, made by Keras or a `onevar.keras.Variable`.
    """
    own = getattr(variable, "_cell", None)
    if isinstance(own, KeptCell):
        return own
    found = vars(variable).get("_onevar_cell")
    if found is None:
        # On the variable itself: it lives as long, and a copy or pickle of the variable takes it along.
        found = variable._onevar_cell = LinkedCell(variable)
    return found


def check_held(variable: Any) -> None:
    """Raise FailedPreconditionError if a `keras.Variable` has lost its value to a trainer for a while.

    Args:
        variable: The `keras.Variable`.
    """
    if variable._value is None and variable._initializer is None and stateless_scope() is None:
        raise _held(variable)


def _held(keeper: Any) -> FailedPreconditionError:
    return FailedPreconditionError(
        None,
        None,
        f"Variable {keeper.path} has no value now: while `fit` runs on jax, Keras's trainer holds the values of all "
        "variables. Call `model.jax_state_sync()` before reading or writing it, or do it when `fit` has returned.",
    )

"""What both kinds of v1 Variables do alike: operators, and methods that are made of others."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from onevar.core.context import THREAD, executing_eagerly
from onevar.core.operation import IndexedSlices, Tensor
from onevar.v1.export import exported
from onevar.v1.init_scopes import init_scope
from onevar.v1.math_ops_operators import OPERATORS
from onevar.v1.slice_assign import AssignableSlice


class _Absent:
    """A method that only other kinds of variables have: asking for it is an AttributeError, as calling it is in TF."""

    def __init__(self, name: str):
        self.name = name
        self.__doc__ = f"`{name}` is a method of resource variables."

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"'{type(instance).__name__}' object has no attribute '{self.name}'")


class Members:
    """Methods of `tf.compat.v1.Variable` that are made of others."""

    initializer: Any
    dtype: Any
    shape: Any
    value: Callable[[], Any]
    read_value: Callable[[], Any]
    _strided_slice_assign: Callable[..., Any]

    sparse_read: Any = _Absent("sparse_read")
    gather_nd: Any = _Absent("gather_nd")

    def initialized_value(self) -> Any:
        """Return the value if there is one, else the initial value."""
        with init_scope():
            # What the initializer assigns: of a chain of variables, that is computed from initial values alone.
            initial = self.initializer.inputs[1] if self.initializer is not None else self.initial_value
            return exported("cond")(exported("is_variable_initialized")(self), self.read_value, lambda: initial)

    @property
    def initial_value(self) -> Any:
        """The tensor that it is initialised with."""
        return self._initial_value

    _initial_value: Any = None

    def load(self, value: Any, session: Any = None) -> None:
        """Write `value` into the variable at once.

        Args:
            value: Of its shape.
            session: Where; by default in the default session.

        Raises:
            ValueError: There is no session.
        """
        if executing_eagerly():
            self.assign(value)
            return
        session = session or (THREAD.sessions[-1] if THREAD.sessions else None)
        if session is None:
            raise ValueError("Either session argument should be provided or default session should be established")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    assign: Callable[..., Any]

    def _sliced(
        self, part: Tensor, begin: Any, end: Any, strides: Any, masks: dict[str, int], name: str | None
    ) -> Tensor:
        """Return `part`, the result of a strided slice of the value, as something that can be assigned to."""
        if isinstance(part, Tensor):
            AssignableSlice.of(part, self, (begin, end, strides), masks, name)
        return part

    # -- Python ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return iter(self.read_value())

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __getitem__(self, index: Any) -> Any:
        """Return a part of the value; in a graph it has a method `assign`."""
        return OPERATORS["__getitem__"](self.value(), index, var=None if executing_eagerly() else self)

    def __bool__(self) -> bool:
        """Raise TypeError in a graph, as a tensor does: there is no value before a Session runs."""
        return bool(self.read_value())

    def __pos__(self) -> Any:
        raise TypeError(f"bad operand type for unary +: '{type(self).__name__}'")

    def __round__(self, ndigits: int | None = None) -> Any:
        raise TypeError(f"type {type(self).__name__} doesn't define __round__ method")

    def __int__(self) -> int:
        return int(self._number("int"))

    def __float__(self) -> float:
        return float(self._number("float"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def __index__(self) -> int:
        raise TypeError(f"'{type(self).__name__}' object cannot be interpreted as an integer")

    def _number(self, kind: str) -> Any:
        if executing_eagerly():
            return self.numpy()
        article = "a string or a real number" if kind == "float" else "a number"
        raise TypeError(f"{kind}() argument must be {article}, not '{type(self).__name__}'")

    numpy: Callable[[], Any]


def _operator(name: str) -> Callable:
    @wraps(OPERATORS[name])
    def operator(self: Any, *others: Any) -> Any:
        return OPERATORS[name](self.value(), *others)

    return operator


for _name in OPERATORS:
    if _name not in ("__getitem__", "__eq__", "__ne__"):
        setattr(Members, _name, _operator(_name))


def checked_slices(sparse_delta: Any, message: str) -> IndexedSlices:
    """Return `sparse_delta`.

    Args:
        sparse_delta: What a scatter method was given.
        message: The error's, with `{}` for what it was.

    Raises:
        TypeError: It is no `IndexedSlices`.
    """
    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(message.format(sparse_delta))
    return sparse_delta

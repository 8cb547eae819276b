"""The Variable: its front door, and all that its faces share.

`onevar.Variable(...)` answers to two signatures. Called as Keras 3's, it returns the Keras 3 face
(`onevar.keras3`), called as `tf.compat.v1.Variable`'s, the v1 face (`onevar.v1.variables`); both faces
are instances of `Variable` and views of a `Cell`.
"""

import operator
from collections.abc import Callable, Iterator
from importlib import import_module
from threading import get_ident
from typing import Any

import numpy as np

from onevar import exchange
from onevar.adapters.contract import Adapter, Native, Tensor
from onevar.cell import Cell, Reading
from onevar.core import protocols
from onevar.core.devices import standardize_device
from onevar.core.operate import operate
from onevar.core.registry import adapter, on_load
from onevar.scopes import ACTIVE

#: Arguments that only `tf.compat.v1.Variable` has.
V1_ONLY = frozenset(
    {
        "initial_value", "collections", "validate_shape", "caching_device", "variable_def",
        "expected_shape", "import_scope", "constraint", "use_resource",
    }
)  # fmt: skip
#: Arguments that only the Keras 3 face has.
KERAS_ONLY = frozenset({"initializer", "autocast", "layout", "backend", "device", "adopt"})
_COMMUTATIVE = frozenset({"add", "multiply"})


def _binary(kernel: str, symbol: str, *, reflected: bool = False) -> Callable:
    """Make an operator: straight to the framework's kernel where nothing needs care, else `operate`."""
    # Only a kernel that commutes may get the number second; torch has none that take it first,
    # and its logical ones take none at all.
    backwards = reflected and kernel not in _COMMUTATIVE
    numbers = not backwards and not kernel.startswith("logical")

    def operator(self: "Variable", other: Any) -> Tensor:
        cell = self._cell
        native = cell.native  # held from here on: see Cell._write
        kind = type(other)
        plain = other.dtype is cell.fast_dtype if kind is cell.tensor_type else kind in cell.scalars and numbers
        if plain and not ACTIVE:
            readers = cell.readers
            if readers is None:
                if not cell.busy:
                    fast = cell.fast[kernel]
                    return fast(other, native) if backwards else fast(native, other)
            else:
                me = get_ident()
                readers.append(me)
                try:
                    if not cell.busy:
                        fast = cell.fast[kernel]
                        return fast(other, native) if backwards else fast(native, other)
                finally:
                    readers.remove(me)
        elif isinstance(other, Variable) and not ACTIVE:
            theirs = other._cell
            result = _between(kernel, theirs, cell) if backwards else _between(kernel, cell, theirs)
            if result is not None:
                return result
        return operate(kernel, self, other, reflected=reflected)

    name = f"__{'r' * reflected}{symbol}__"
    operator.__name__ = operator.__qualname__ = name
    order = "other, self" if reflected else "self, other"
    operator.__doc__ = f"`{kernel}({order})` with Keras's dtype promotion, as a tensor of this framework."
    return operator


def _both(kernel: str, symbol: str) -> tuple[Callable, Callable]:
    return _binary(kernel, symbol), _binary(kernel, symbol, reflected=True)


def _between(kernel: str, left: Cell, right: Cell) -> Tensor | None:
    """Return the kernel's result for two natives of one dtype, or None if that needs care."""
    first, second = left.native, right.native
    dtype = left.fast_dtype
    if dtype is None or right.fast_dtype is not dtype or left.adapter is not right.adapter:
        return None
    if left.device != right.device:
        return None
    ours, theirs = left.readers, right.readers
    if ours is None or theirs is None:
        return None if left.busy or right.busy else left.fast[kernel](first, second)
    me = get_ident()
    ours.append(me)
    theirs.append(me)
    try:
        return None if left.busy or right.busy else left.fast[kernel](first, second)
    finally:
        ours.remove(me)
        theirs.remove(me)


def _unary(kernel: str, symbol: str) -> Callable:
    def operator(self: "Variable") -> Tensor:
        cell = self._cell
        native = cell.native  # held from here on: see Cell._write
        if cell.fast_dtype is not None and not ACTIVE:
            readers = cell.readers
            if readers is None:
                if not cell.busy:
                    return cell.fast[kernel](native)
            else:
                me = get_ident()
                readers.append(me)
                try:
                    if not cell.busy:
                        return cell.fast[kernel](native)
                finally:
                    readers.remove(me)
        return cell.adapter.kernels[kernel](self._read())

    operator.__name__ = operator.__qualname__ = f"__{symbol}__"
    operator.__doc__ = f"`{kernel}(self)` as a tensor of this framework."
    return operator


class Variable:
    """One piece of state with the signatures of Keras 3 and of `tf.compat.v1`, in any framework.

    The Keras 3 signature is documented at `onevar.keras3.KerasVariable`, that of `tf.compat.v1` at
    `onevar.v1.Variable`.

    Args:
        *args: Those of the face.
        **kwargs: Those of the face. An argument that only one face has decides which it is.

    Raises:
        TypeError: Arguments of both faces together, or an unknown one.
    """

    # NumPy's own operators defer to ours; its functions take a Variable through `__array__`.
    __array_priority__ = 1000
    _cell: Cell

    def __new__(cls, *args: Any, **kwargs: Any) -> "Variable":
        """Return an object of the face that the arguments belong to."""
        if cls is not Variable:
            return object.__new__(cls)
        if _is_v1(kwargs):
            # Complete as it comes: its `__init__` has nothing left to do.
            return _v1("variables").Variable(*args, **kwargs)
        from onevar.keras3 import KerasVariable  # the face builds on this class

        return object.__new__(KerasVariable)

    # -- what it is -----------------------------------------------------------------------------

    @property
    def native(self) -> Native:
        """The framework's own object: `torch.nn.Parameter`, `tf.Variable`, `jax.Array`, `numpy.ndarray`."""
        return self._cell.native

    @property
    def backend(self) -> str:
        """The name of the framework that holds the state."""
        return self._cell.adapter.name

    @property
    def device(self) -> str:
        """Where the state lies, as `kind:index`."""
        return self._cell.device

    def numpy(self) -> np.ndarray:
        """Return the value as a NumPy array of its own, on the host."""
        return self._cell.adapter.to_numpy(self._read())

    def to(self, device: object) -> "Variable":
        """Return a Variable on `device` with this value: this one if it is there already.

        Raises:
            DeviceMissing: The framework has no such device here; the message lists those it has.
        """
        name = standardize_device(device, self._cell.adapter)
        return self if name == self._cell.device else self._clone(device=name)

    # -- exchange -------------------------------------------------------------------------------

    def share(self, to: str, *, live: bool = False) -> Tensor:
        """Return a tensor of the framework `to` over the same memory; see `onevar.share`.

        Raises:
            CopyRequired: The memory cannot be shared; the message has the reason and the cure.
        """
        return exchange.share(self, to, live=live)

    def __dlpack__(self, **kwargs: Any) -> Any:
        """Return a DLPack capsule over a snapshot of the value; arguments as in the array API."""
        return protocols.capsule(self._cell.adapter, self._read(), **kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's device type and index."""
        return protocols.dlpack_device(self._cell.adapter, self._cell.native)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the value as a NumPy array: a read-only view where that is possible without a copy."""
        return protocols.as_numpy(self._cell.adapter, self._read(), dtype, copy)

    def __jax_array__(self) -> Tensor:
        """Return the value as a jax.Array."""
        return self._in("jax")

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        """Return the value as a tf.Tensor, of `dtype` if that is given and differs."""
        tensor = self._in("tensorflow")
        if dtype is not None and dtype != tensor.dtype:
            tensor = adapter("tensorflow").astype(tensor, dtype.name)
        return tensor

    @classmethod
    def __torch_function__(
        cls, function: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call torch's `function` with Variables replaced by torch tensors."""
        cells: list[Cell] = []
        values = _torch_values(args, cells)
        options = _torch_values(kwargs, cells) if kwargs else {}
        with Reading(cells):
            return function(*values, **options)

    def _in(self, framework: str) -> Tensor:
        return self._read() if self.backend == framework else exchange.share(self, framework)

    # -- Python ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self._cell.shape:
            raise TypeError("len() of a Variable without axes (shape ()).")
        return self._cell.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        value = self.value
        getitem = self._cell.adapter.getitem
        return (getitem(value, i) for i in range(len(self)))

    def __getitem__(self, index: Any) -> Tensor:
        """Return `value[index]` with the framework's own indexing."""
        return self._cell.adapter.getitem(self.value, index)

    def __hash__(self) -> int:
        return id(self._cell)

    def __bool__(self) -> bool:
        """Raise TypeError, as Keras does: truth of many elements is not one truth."""
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __int__(self) -> int:
        """Return the value of a scalar as an int."""
        return int(self._scalar())

    def __float__(self) -> float:
        """Return the value of a scalar as a float."""
        return float(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __index__(self) -> int:
        """Return the value of an integer scalar."""
        return operator.index(self._scalar().item())

    def _scalar(self) -> np.ndarray:
        if self._cell.shape:
            raise TypeError(f"Only scalar arrays can be converted to Python scalars. Got: shape={self._cell.shape}")
        return self.numpy()

    def __copy__(self) -> "Variable":
        """Return another view of the same state."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> "Variable":
        """Return a Variable with its own state."""
        twin = self._clone()
        memo[id(self)] = twin
        return twin

    # -- operators ------------------------------------------------------------------------------

    __add__, __radd__ = _both("add", "add")
    __sub__, __rsub__ = _both("subtract", "sub")
    __mul__, __rmul__ = _both("multiply", "mul")
    __truediv__, __rtruediv__ = _both("divide", "truediv")
    __floordiv__, __rfloordiv__ = _both("floor_divide", "floordiv")
    __mod__, __rmod__ = _both("remainder", "mod")
    __pow__, __rpow__ = _both("pow", "pow")
    __matmul__, __rmatmul__ = _both("matmul", "matmul")
    __and__, __rand__ = _both("logical_and", "and")
    __or__, __ror__ = _both("logical_or", "or")
    __xor__, __rxor__ = _both("logical_xor", "xor")
    __eq__ = _binary("equal", "eq")
    __ne__ = _binary("not_equal", "ne")
    __lt__ = _binary("less", "lt")
    __le__ = _binary("less_equal", "le")
    __gt__ = _binary("greater", "gt")
    __ge__ = _binary("greater_equal", "ge")
    __neg__ = _unary("negative", "neg")
    __abs__ = _unary("abs", "abs")
    __invert__ = _unary("bitwise_invert", "invert")

    def __pos__(self) -> Tensor:
        """Return the value."""
        return self.value

    def __round__(self, ndigits: int | None = None) -> Tensor:
        """Return the value rounded half to even, to `ndigits` decimals."""
        return self._cell.adapter.kernels["round"](self.value, ndigits or 0)

    # -- what a face supplies -------------------------------------------------------------------

    @property
    def value(self) -> Tensor:
        """The value as a tensor; a face may make it a method."""
        raise NotImplementedError(f"{type(self).__name__}.value")

    def _read(self) -> Tensor:
        """Return the value as a tensor, whatever the face calls that; what lies below the faces asks this."""
        return self.value

    @property
    def keras(self) -> Any:
        """The Keras 3 face of this state."""
        raise NotImplementedError(f"{type(self).__name__}.keras")

    @property
    def v1(self) -> Any:
        """The `tf.compat.v1` face of this state, as it is in eager execution: it reads and writes at once."""
        return _v1("variable_faces").v1_face(self)

    def as_keras(self, session: Any = None) -> Any:
        """Return a `keras.Variable` over this state: Keras tracks, trains and saves it; see `onevar.keras.as_keras`.

        Args:
            session: The Session whose value a Variable of a graph stands for; by default the default one.

        Raises:
            ValueError: Its framework is not Keras's.
        """
        return import_module("onevar.keras.variable").as_keras(self, session)

    def _clone(self, *, device: str | None = None) -> "Variable":
        raise NotImplementedError(f"{type(self).__name__}._clone")


def _v1(module: str) -> Any:
    # By name: `onevar.v1` builds on this module, and costs nothing until somebody wants it.
    return import_module(f"onevar.v1.{module}")


def _is_v1(arguments: dict[str, Any]) -> bool:
    """Whether the arguments are the v1 face's."""
    v1 = sorted(V1_ONLY & arguments.keys())
    keras = sorted(KERAS_ONLY & arguments.keys())
    if v1 and keras:
        raise TypeError(
            f"Variable(...): {', '.join(v1)} belong to tf.compat.v1.Variable, {', '.join(keras)} to keras.Variable. "
            "Use the arguments of one of them."
        )
    return bool(v1)


def _torch_values(x: Any, cells: list[Cell]) -> Any:
    """Return `x` with torch tensors for Variables, adding to `cells` those whose native is among them."""
    if isinstance(x, Variable):
        if ACTIVE or x.backend != "torch":
            return x._in("torch")
        cells.append(x._cell)
        return x.native  # the Parameter itself, so that torch.autograd.grad finds it
    if isinstance(x, (list, tuple)):  # three times faster than a union, on a hot path
        values = [_torch_values(item, cells) for item in x]
        return type(x)(*values) if hasattr(x, "_fields") else type(x)(values)
    if isinstance(x, dict):
        return {key: _torch_values(item, cells) for key, item in x.items()}
    return x


def join_frameworks(face: type[Variable], static: Callable, rebuild: Callable) -> None:
    """Make the functions of every framework, loaded now or later, take Variables of a face.

    Args:
        face: The class.
        static: Variable to hashable data, what tracing does not change.
        rebuild: `(adapter, static, leaf)` to a Variable over the leaf.
    """

    def join(loaded: Adapter) -> None:
        loaded.register(
            face,
            lambda v: ((v._in(loaded.name),), static(v)),
            lambda data, leaves: rebuild(loaded, data, leaves[0]),
        )

    on_load(join)

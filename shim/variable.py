"""The Variable: its front door, and all that its faces share.

`onevar.Variable(...)` answers to two signatures. Called as Keras 3's, it returns the Keras 3 face
(`onevar.keras3`); both faces are instances of `Variable` and views of a `Cell`.
"""

import operator
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import Any

import numpy as np

from onevar import exchange
from onevar.adapters.contract import Adapter, Native, Tensor
from onevar.cell import Cell, reading
from onevar.core import protocols
from onevar.core.devices import standardize_device
from onevar.core.operate import operate
from onevar.core.registry import adapter, on_load
from onevar.errors import Unsupported
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


def _binary(kernel: str, symbol: str) -> Callable:
    def forward(self: "Variable", other: Any) -> Tensor:
        cell = self._cell
        native = cell.native  # held from here on: see Cell._write
        kind = type(other)
        if (other.dtype is cell.fast_dtype if kind is cell.tensor_type else kind in cell.scalars) and not ACTIVE:
            readers = cell.readers
            if readers is None:
                if not cell.busy:
                    return cell.fast[kernel](native, other)
            else:
                me = get_ident()
                readers.append(me)
                try:
                    if not cell.busy:
                        return cell.fast[kernel](native, other)
                finally:
                    readers.remove(me)
        elif isinstance(other, Variable) and other._cell.adapter is cell.adapter and not ACTIVE:
            other = other.value
            if other.dtype is cell.fast_dtype:
                return forward(self, other)
        return operate(kernel, self, other, reflected=False)

    forward.__name__ = forward.__qualname__ = f"__{symbol}__"
    forward.__doc__ = f"`{kernel}(self, other)` with Keras's dtype promotion, as a tensor of this framework."
    return forward


def _reflected(kernel: str, symbol: str) -> Callable:
    forward = _binary(kernel, symbol)

    def backward(self: "Variable", other: Any) -> Tensor:
        if kernel in _COMMUTATIVE and type(other) in self._cell.scalars:
            return forward(self, other)
        return operate(kernel, self, other, reflected=True)

    backward.__name__ = backward.__qualname__ = f"__r{symbol}__"
    backward.__doc__ = f"`{kernel}(other, self)` with Keras's dtype promotion, as a tensor of this framework."
    return backward


def _unary(kernel: str, symbol: str) -> Callable:
    def apply(self: "Variable") -> Tensor:
        return self._cell.adapter.kernels[kernel](self.value)

    apply.__name__ = apply.__qualname__ = f"__{symbol}__"
    apply.__doc__ = f"`{kernel}(self)` as a tensor of this framework."
    return apply


class Variable:
    """One piece of state with the signatures of Keras 3 and of `tf.compat.v1`, in any framework.

    The Keras 3 signature is documented at `onevar.keras3.KerasVariable`.

    Args:
        *args: Those of the face.
        **kwargs: Those of the face. An argument that only one face has decides which it is.

    Raises:
        TypeError: Arguments of both faces together, or an unknown one.
        Unsupported: Arguments of the `tf.compat.v1` face, which this release does not have.
    """

    # NumPy's own operators defer to ours; its functions take a Variable through `__array__`.
    __array_priority__ = 1000
    _cell: Cell

    def __new__(cls, *args: Any, **kwargs: Any) -> "Variable":
        if cls is not Variable:
            return object.__new__(cls)
        from onevar.keras3 import KerasVariable  # the face builds on this class

        _check_face(kwargs)
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
        return self._cell.adapter.to_numpy(self.value)

    def to(self, device: object) -> "Variable":
        """Return a Variable on `device` with this value: this one if it is there already.

        Raises:
            DeviceMissing: The framework has no such device here; the message lists those it has.
        """
        name = standardize_device(device, self._cell.adapter)
        return self if name == self.device else self._clone(device=name)

    # -- exchange -------------------------------------------------------------------------------

    def share(self, to: str, *, live: bool = False) -> Tensor:
        """Return a tensor of the framework `to` over the same memory; see `onevar.share`.

        Raises:
            CopyRequired: The memory cannot be shared; the message has the reason and the cure.
        """
        return exchange.share(self, to, live=live)

    def __dlpack__(self, **kwargs: Any) -> Any:
        """Return a DLPack capsule over a snapshot of the value; arguments as in the array API."""
        return protocols.capsule(self._cell.adapter, self.value, **kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's device type and index."""
        return protocols.dlpack_device(self._cell.adapter, self._cell.native)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the value as a NumPy array: a read-only view where that is possible without a copy."""
        return protocols.as_numpy(self._cell.adapter, self.value, dtype, copy)

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
        with reading(_torch_cells((args, kwargs))):
            return function(*_torch_values(args), **_torch_values(kwargs or {}))

    def _in(self, framework: str) -> Tensor:
        return self.value if self.backend == framework else exchange.share(self, framework)

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
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __int__(self) -> int:
        return int(self._scalar())

    def __float__(self) -> float:
        return float(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __index__(self) -> int:
        """Return the value of an integer scalar."""
        return operator.index(self._scalar().item())

    def _scalar(self) -> np.ndarray:
        if self._cell.shape:
            raise TypeError(
                f"Only scalar arrays can be converted to Python scalars. Got: shape={self._cell.shape}"
            )
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

    __add__, __radd__ = _binary("add", "add"), _reflected("add", "add")
    __sub__, __rsub__ = _binary("subtract", "sub"), _reflected("subtract", "sub")
    __mul__, __rmul__ = _binary("multiply", "mul"), _reflected("multiply", "mul")
    __truediv__, __rtruediv__ = _binary("divide", "truediv"), _reflected("divide", "truediv")
    __floordiv__, __rfloordiv__ = _binary("floor_divide", "floordiv"), _reflected("floor_divide", "floordiv")
    __mod__, __rmod__ = _binary("remainder", "mod"), _reflected("remainder", "mod")
    __pow__, __rpow__ = _binary("pow", "pow"), _reflected("pow", "pow")
    __matmul__, __rmatmul__ = _binary("matmul", "matmul"), _reflected("matmul", "matmul")
    __and__, __rand__ = _binary("logical_and", "and"), _reflected("logical_and", "and")
    __or__, __ror__ = _binary("logical_or", "or"), _reflected("logical_or", "or")
    __xor__, __rxor__ = _binary("logical_xor", "xor"), _reflected("logical_xor", "xor")
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

    def _clone(self, *, device: str | None = None) -> "Variable":
        raise NotImplementedError(f"{type(self).__name__}._clone")


def _check_face(arguments: dict[str, Any]) -> None:
    v1 = sorted(V1_ONLY & arguments.keys())
    keras = sorted(KERAS_ONLY & arguments.keys())
    if v1 and keras:
        raise TypeError(
            f"Variable(...): {', '.join(v1)} belong to tf.compat.v1.Variable, {', '.join(keras)} to keras.Variable. "
            "Use the arguments of one of them."
        )
    if v1:
        raise Unsupported(
            f"Variable({', '.join(f'{name}=' for name in v1)}): the tf.compat.v1 face is not in this release. "
            "Use the Keras 3 signature: Variable(initializer, shape=None, dtype=None, trainable=True, ...)."
        )


def _torch_cells(x: Any) -> Iterator[Cell]:
    """Yield the Cells of the Variables in a nest of arguments whose native torch will read."""
    if isinstance(x, Variable):
        if x._cell.readers is not None:
            yield x._cell
    elif isinstance(x, list | tuple | dict):
        for item in x.values() if isinstance(x, dict) else x:
            yield from _torch_cells(item)


def _torch_values(x: Any) -> Any:
    if isinstance(x, Variable):
        # The Parameter itself, so that torch.autograd.grad finds it.
        return x.native if x.backend == "torch" and not ACTIVE else x._in("torch")
    if isinstance(x, list | tuple):
        values = [_torch_values(item) for item in x]
        return type(x)(*values) if hasattr(x, "_fields") else type(x)(values)
    if isinstance(x, dict):
        return {key: _torch_values(item) for key, item in x.items()}
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

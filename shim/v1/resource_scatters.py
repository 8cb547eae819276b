"""Methods of resource variables that write to parts of them, and `+=`, which they do not have."""

from collections.abc import Callable
from typing import Any, NoReturn

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.v1.variable_members import checked_slices

_NO_SLICES = "Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {}"


class Scatters:
    """The methods `scatter_*` of resource variables."""

    _handle: Any
    _dtype: DType
    _lazy_read: Callable[[Any], Any]

    def batch_scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Return what replaces slices along the last dimension of the indices; see `tf.batch_scatter_update`."""
        from onevar.v1.state_ops import batch_scatter_update  # that module's functions take variables

        delta = checked_slices(sparse_delta, _NO_SLICES)
        return self._lazy_read(
            batch_scatter_update(self, delta.indices, delta.values, use_locking=use_locking, name=name)
        )


def _rows(what: str) -> Callable:
    op_type = f"ResourceScatter{what.capitalize()}"

    def scatter(self: Scatters, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        delta = checked_slices(sparse_delta, _NO_SLICES)
        updates = convert_to_tensor(delta.values, self._dtype)
        return self._lazy_read(op(op_type, name=name, resource=self._handle, indices=delta.indices, updates=updates))

    scatter.__doc__ = f"Return what applies IndexedSlices with `{op_type}` when it runs."
    return scatter


def _points(what: str) -> Callable:
    op_type = f"ResourceScatterNd{what.capitalize()}"

    def scatter(self: Scatters, indices: Any, updates: Any, name: str | None = None) -> Any:
        updates = convert_to_tensor(updates, self._dtype)
        return self._lazy_read(op(op_type, name=name, ref=self._handle, indices=indices, updates=updates))

    scatter.__doc__ = f"Return what applies updates at positions with `{op_type}` when it runs."
    return scatter


def _in_place(symbol: str, advice: str) -> Callable:
    def operator(self: Scatters, other: Any) -> NoReturn:
        raise RuntimeError(advice)

    operator.__doc__ = f"Raise RuntimeError: a variable is not changed by `{symbol}=`."
    return operator


def _define(name: str, function: Callable) -> None:
    function.__name__, function.__qualname__ = name, f"Scatters.{name}"
    setattr(Scatters, name, function)


#: The names of the methods here.
METHODS = ["batch_scatter_update"]
for _what in ("add", "sub", "mul", "div", "min", "max", "update"):
    METHODS.append(f"scatter_{_what}")
    _define(METHODS[-1], _rows(_what))
for _what in ("add", "sub", "min", "max", "update"):
    METHODS.append(f"scatter_nd_{_what}")
    _define(METHODS[-1], _points(_what))

for _name, _symbol, _method in (("add", "+", "assign_add"), ("sub", "-", "assign_sub")):
    _define(f"__i{_name}__", _in_place(_symbol, (
        f"`variable {_symbol}= value` with `tf.Variable`s is not supported. Use `variable.{_method}(value)` to modify "
        f"the variable, or `out = variable {_symbol} value` if you need to get a new output Tensor."
    )))  # fmt: skip
for _name, _symbol in (("mul", "*"), ("truediv", "/"), ("pow", "**")):
    _define(f"__i{_name}__", _in_place(_symbol, (
        f"`var {_symbol}= value` with `tf.Variable`s is not supported. Use `var.assign(var {_symbol} value)` to "
        f"modify the variable, or `out = var {_symbol} value` if you need to get a new output Tensor."
    )))  # fmt: skip

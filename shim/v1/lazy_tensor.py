"""`LazyTensor`: built anew for every use, as TensorFlow's regularization losses are."""

from collections.abc import Callable
from typing import Any

from onevar.core.operation import Operation, Reference, Tensor
from onevar.core.tensor_shape import TensorShape

_OPERATORS = (
    "abs add and div floordiv ge getitem gt invert le lt matmul mod mul neg or pow radd rand rdiv rfloordiv rmatmul "
    "rmod rmul ror rpow rsub rtruediv rxor sub truediv xor"
)


class LazyTensor:
    """Stands for what a function builds: once now, and again in the graph of every operation that takes it.

    Args:
        function: Builds the tensor.
    """

    __array_priority__ = 100

    def __init__(self, function: Callable[[], Tensor]):
        self._function = function
        self._first = function()

    def _dense_var_to_tensor(self, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
        return self._function()

    def _as_graph_element(self) -> Tensor:
        return self._first

    @property
    def name(self) -> str:
        """The name of the tensor built first."""
        return self._first.name

    @property
    def op(self) -> Operation:
        """The operation of the tensor built first."""
        return self._first.op

    @property
    def graph(self) -> Any:
        """The graph of the tensor built first."""
        return self._first.graph

    @property
    def device(self) -> str:
        """The device of the tensor built first."""
        return self._first.device

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._first.dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._first.shape

    @property
    def value_index(self) -> int:
        """Which output of its operation the tensor built first is."""
        return self._first.value_index

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self._first.shape

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Return its value in `session`, or in the default one.

        Args:
            feed_dict: As for `Session.run`.
            session: Where to run.
        """
        return self._function().eval(feed_dict, session)

    def ref(self) -> Reference:
        """Return a hashable reference to it."""
        return Reference(self)

    def __str__(self) -> str:
        return str(self._first)


def _operator(name: str) -> Callable[..., Any]:
    def operator(self: LazyTensor, *others: Any) -> Any:
        return getattr(self._function(), name)(*others)

    return operator


for _name in _OPERATORS.split():
    setattr(LazyTensor, f"__{_name}__", _operator(f"__{_name}__"))

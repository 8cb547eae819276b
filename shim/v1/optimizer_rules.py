"""Updates that are TensorFlow's training ops: what the optimizers that make them have in common."""

from collections.abc import Callable
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import IndexedSlices
from onevar.v1.optimizer_slots import Slots
from onevar.v1.optimizer_targets import apply


class Rules(Slots):
    """The part of `tf.train.Optimizer` that makes one operation, `Apply<kind>` or a relative, for each variable.

    An optimizer that says which has all of its updates from here; others have the methods that TensorFlow's have.
    It is no class between `Optimizer` and `AdamOptimizer`, because programs look at `__base__`.

    Attributes:
        _slot_inputs: The op's names for the slots, to the names of the slots.
    """

    _use_locking: bool

    _slot_inputs: dict[str, str] = {}

    def _kind(self) -> str:
        """Return what the op types have in common: `Adagrad`."""
        raise NotImplementedError

    def _hyper(self) -> dict[str, Any]:
        """Return the hyperparameters by the op's names, in the op's order."""
        raise NotImplementedError

    def _flags(self) -> dict[str, Any]:
        """Return attributes of the op."""
        return {"use_locking": self._use_locking}

    @staticmethod
    def _call_if_callable(param: Callable[[], Any] | Any) -> Any:
        return param() if callable(param) else param

    def _given(self, value: Any, name: str) -> Any:
        """Return a hyperparameter as a tensor.

        Args:
            value: A number, a tensor, or a function that returns one.
            name: Of the tensor.
        """
        return convert_to_tensor(self._call_if_callable(value), name=name)

    def _variables_of(self, var: Any) -> dict[str, Any]:
        slots = {name: self.get_slot(var, slot) for name, slot in self._slot_inputs.items()}
        return {"var": var, **slots}

    def _applied(self, grad: Any, var: Any, indices: Any = None) -> Any:
        return apply(self._kind(), self._variables_of(var), self._hyper(), grad, indices, **self._flags())

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        """Return what updates a reference variable.

        Args:
            grad: A tensor.
            var: The variable.
        """
        return self._applied(grad, var)

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        """Return what updates a resource variable.

        Args:
            grad: A tensor.
            handle: The variable.
        """
        return self._applied(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """Return what updates rows of a reference variable, each named once.

        Args:
            grad: The rows' gradients.
            var: The variable.
        """
        return self._applied(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        """Return what updates rows of a resource variable, each named once; arguments as above.

        Args:
            grad: The rows' gradients.
            handle: The variable.
            indices: Which rows.
        """
        return self._applied(grad, handle, indices)


def check_positive(name: str, value: Any) -> None:
    """Raise ValueError unless a number is positive.

    Args:
        name: Of the argument.
        value: The number.
    """
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")

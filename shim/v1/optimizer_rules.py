"""Optimizers whose updates are TensorFlow's training ops: what they have in common."""

from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import IndexedSlices
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.optimizer_targets import apply


class RuleOptimizer(Optimizer):
    """An optimizer that makes one operation, `Apply<kind>` or one of its relatives, for each variable.

    Attributes:
        _slot_inputs: The op's names for the slots, to the names of the slots.
    """

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
        return self._applied(grad, var)

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        return self._applied(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._applied(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._applied(grad, handle, indices)


def check_positive(name: str, value: Any) -> None:
    """Raise ValueError unless a number is positive.

    Args:
        name: Of the argument.
        value: The number.
    """
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")

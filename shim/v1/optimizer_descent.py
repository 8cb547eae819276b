"""Optimizers that follow the gradient: `tf.train.GradientDescentOptimizer`, `MomentumOptimizer`, and by shrinking."""

from collections.abc import Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.operation import IndexedSlices
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.optimizer_targets import apply


@export("train.GradientDescentOptimizer")
class GradientDescentOptimizer(Optimizer):
    """`variable -= learning_rate * gradient`.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        use_locking: Accepted.
        name: Of the scope of what it makes.
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor: Any = None

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")

    def _applied(self, grad: Any, var: Any, indices: Any = None) -> Any:
        return apply("GradientDescent", {"var": var}, {"alpha": self._learning_rate_tensor}, grad, **self._flags())

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        moved = -grad * cast(self._learning_rate_tensor, grad.dtype)
        return op("ResourceScatterAdd", resource=handle.handle, indices=indices, updates=moved)

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        moved = grad.values * cast(self._learning_rate_tensor, var.dtype.base_dtype)
        return var.scatter_sub(IndexedSlices(moved, grad.indices, grad.dense_shape), use_locking=self._use_locking)


@export("train.MomentumOptimizer")
class MomentumOptimizer(Optimizer):
    """`accumulation = momentum * accumulation + gradient`, `variable -= learning_rate * accumulation`.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        momentum: The same.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
        use_nesterov: Whether the gradient counts as if it had been taken one step ahead.
    """

    _slot_inputs = {"accum": "momentum"}

    def __init__(
        self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum",
        use_nesterov: bool = False,
    ):  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov
        self._learning_rate_tensor: Any = None
        self._momentum_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")
        self._momentum_tensor = self._given(self._momentum, "momentum")

    def _kind(self) -> str:
        return "Momentum"

    def _hyper(self) -> dict[str, Any]:
        return {"lr": self._learning_rate_tensor, "momentum": self._momentum_tensor}

    def _flags(self) -> dict[str, Any]:
        return {**super()._flags(), "use_nesterov": self._use_nesterov}


@export("train.ProximalGradientDescentOptimizer")
class ProximalGradientDescentOptimizer(Optimizer):
    """A step along the gradient, then a step towards zero.

    Args:
        learning_rate: A number, or a tensor.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        use_locking: Accepted.
        name: Of the scope of what it makes.
    """

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        use_locking: bool = False, name: str = "ProximalGradientDescent",
    ):  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._learning_rate_tensor: Any = None
        self._l1_regularization_strength_tensor: Any = None
        self._l2_regularization_strength_tensor: Any = None

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._given(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = self._given(
            self._l2_regularization_strength, "l2_regularization_strength"
        )

    def _kind(self) -> str:
        return "ProximalGradientDescent"

    def _hyper(self) -> dict[str, Any]:
        return {
            "alpha": self._learning_rate_tensor,
            "l1": self._l1_regularization_strength_tensor,
            "l2": self._l2_regularization_strength_tensor,
        }

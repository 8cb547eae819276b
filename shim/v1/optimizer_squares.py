"""Optimizers that divide by the size of past gradients: `tf.train.RMSPropOptimizer`, Adagrad, Adadelta and kin."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.default_graph import colocate_with, device
from onevar.v1.array_ops_create import ones_like
from onevar.v1.array_ops_shape import shape
from onevar.v1.export import export
from onevar.v1.init_ops import constant_initializer, ones_initializer
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.optimizer_rules import check_positive


@export("train.RMSPropOptimizer")
class RMSPropOptimizer(Optimizer):
    """RMSProp, as TensorFlow writes it: the mean square begins at one, and `epsilon` is inside the root.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        decay: How much of the mean square stays; the same.
        momentum: How much of the last step stays; the same.
        epsilon: The same.
        use_locking: Accepted.
        centered: Whether to divide by the variance instead of the mean square.
        name: Of the scope of what it makes, and of the slots.
    """

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10,
        use_locking: bool = False, centered: bool = False, name: str = "RMSProp",
    ):  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._learning_rate_tensor: Any = None
        self._decay_tensor: Any = None
        self._momentum_tensor: Any = None
        self._epsilon_tensor: Any = None
        slots = {"ms": "rms", "mom": "momentum"}
        self._slot_inputs = {"mg": "mg", **slots} if centered else slots

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            dtype, known = var.dtype.base_dtype, var.get_shape()
            first = ones_initializer(dtype=dtype) if known.is_fully_defined() else ones_like(var)
            self._get_or_make_slot_with_initializer(var, first, known, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        given = [
            self._call_if_callable(value)
            for value in (self._learning_rate, self._decay, self._momentum, self._epsilon)
        ]  # fmt: skip
        names = ("learning_rate", "decay", "momentum", "epsilon")
        tensors = [self._given(value, name) for value, name in zip(given, names, strict=True)]
        self._learning_rate_tensor, self._decay_tensor, self._momentum_tensor, self._epsilon_tensor = tensors

    def _kind(self) -> str:
        return "CenteredRMSProp" if self._centered else "RMSProp"

    def _hyper(self) -> dict[str, Any]:
        return {
            "lr": self._learning_rate_tensor, "rho": self._decay_tensor, "momentum": self._momentum_tensor,
            "epsilon": self._epsilon_tensor,
        }  # fmt: skip


@export("train.AdagradOptimizer")
class AdagradOptimizer(Optimizer):
    """`accumulator += gradient ** 2`, `variable -= learning_rate * gradient / sqrt(accumulator)`.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        initial_accumulator_value: What the accumulators begin with, positive.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.

    Raises:
        ValueError: `initial_accumulator_value` is not positive.
    """

    _slot_inputs = {"accum": "accumulator"}

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False,
        name: str = "Adagrad",
    ):  # fmt: skip
        check_positive("initial_accumulator_value", initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            dtype, known = var.dtype.base_dtype, var.get_shape()
            first: Any = self._init_constant_op(var, dtype)
            if known.is_fully_defined():
                first = constant_initializer(self._initial_accumulator_value, dtype=dtype)
            self._get_or_make_slot_with_initializer(var, first, known, dtype, "accumulator", self._name)

    def _init_constant_op(self, v: Any, dtype: Any) -> Callable[[], Any]:
        """Return a function that makes the first value of a slot whose shape only a run knows.

        Args:
            v: The variable.
            dtype: Of the slot.
        """

        def first() -> Any:
            return cast(op("Fill", dims=shape(v), value=self._initial_accumulator_value), dtype)

        return first

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")

    def _kind(self) -> str:
        return "Adagrad"

    def _hyper(self) -> dict[str, Any]:
        return {"lr": self._learning_rate_tensor}


@export("train.ProximalAdagradOptimizer")
class ProximalAdagradOptimizer(Optimizer):
    """Adagrad's step, then a step towards zero.

    Args:
        learning_rate: A number, or a tensor.
        initial_accumulator_value: What the accumulators begin with, positive.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.

    Raises:
        ValueError: `initial_accumulator_value` is not positive.
    """

    _slot_inputs = {"accum": "accumulator"}

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0, use_locking: bool = False, name: str = "ProximalAdagrad",
    ):  # fmt: skip
        check_positive("initial_accumulator_value", initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._learning_rate_tensor: Any = None
        self._l1_regularization_strength_tensor: Any = None
        self._l2_regularization_strength_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            with colocate_with(var):
                first = constant(self._initial_accumulator_value, shape=var.get_shape(), dtype=var.dtype.base_dtype)
            self._get_or_make_slot(var, first, "accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._given(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = self._given(
            self._l2_regularization_strength, "l2_regularization_strength"
        )

    def _kind(self) -> str:
        return "ProximalAdagrad"

    def _hyper(self) -> dict[str, Any]:
        return {
            "lr": self._learning_rate_tensor,
            "l1": self._l1_regularization_strength_tensor,
            "l2": self._l2_regularization_strength_tensor,
        }


@export("train.AdagradDAOptimizer")
class AdagradDAOptimizer(Optimizer):
    """Adagrad with dual averaging: the variable is what all gradients so far, added up, make of it.

    Args:
        learning_rate: A number, or a tensor.
        global_step: A variable that counts the steps.
        initial_gradient_squared_accumulator_value: What the accumulators of squares begin with, positive.
        l1_regularization_strength: Of the absolute values.
        l2_regularization_strength: Of the squares.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.

    Raises:
        ValueError: `initial_gradient_squared_accumulator_value` is not positive.
    """

    _slot_inputs = {
        "gradient_accumulator": "gradient_accumulator",
        "gradient_squared_accumulator": "gradient_squared_accumulator",
    }

    def __init__(
        self, learning_rate: Any, global_step: Any, initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "AdagradDA",
    ):  # fmt: skip
        check_positive("initial_gradient_squared_accumulator_value", initial_gradient_squared_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_gradient_squared_accumulator_value = initial_gradient_squared_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._global_step = global_step
        self._learning_rate_tensor: Any = None
        self._global_step_on_worker: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            known, dtype = var.get_shape(), var.dtype.base_dtype
            with colocate_with(var):
                zeros = constant(0.0, shape=known, dtype=dtype)
                first = constant(self._initial_gradient_squared_accumulator_value, shape=known, dtype=dtype)
            self._get_or_make_slot(var, zeros, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, first, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")
        with colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = op("Identity", input=self._global_step) + 1

    def _kind(self) -> str:
        return "AdagradDA"

    def _hyper(self) -> dict[str, Any]:
        return {
            "lr": self._learning_rate_tensor,
            "l1": self._l1_regularization_strength,
            "l2": self._l2_regularization_strength,
        }

    def _applied(self, grad: Any, var: Any, indices: Any = None) -> Any:
        with device(var.device):
            step = op("Identity", input=self._global_step_on_worker)
        return self._with(step, grad, var, indices)

    def _with(self, step: Any, grad: Any, var: Any, indices: Any) -> Any:
        from onevar.v1.optimizer_targets import apply

        return apply(
            self._kind(), self._variables_of(var), self._hyper(), grad, indices, global_step=step, **self._flags()
        )


@export("train.AdadeltaOptimizer")
class AdadeltaOptimizer(Optimizer):
    """Adadelta: steps as large as past steps, for gradients measured by past gradients.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        rho: How much of the averages stays; the same.
        epsilon: The same.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
    """

    _slot_inputs = {"accum": "accum", "accum_update": "accum_update"}

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False,
        name: str = "Adadelta",
    ):  # fmt: skip
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._rho_t: Any = None
        self._epsilon_t: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self) -> None:
        given = [self._call_if_callable(value) for value in (self._lr, self._rho, self._epsilon)]
        names = ("lr", "rho", "epsilon")
        tensors = [self._given(value, name) for value, name in zip(given, names, strict=True)]
        self._lr_t, self._rho_t, self._epsilon_t = tensors

    def _kind(self) -> str:
        return "Adadelta"

    def _hyper(self) -> dict[str, Any]:
        return {"lr": self._lr_t, "rho": self._rho_t, "epsilon": self._epsilon_t}

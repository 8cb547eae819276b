"""`tf.train.FtrlOptimizer`: follow the regularized leader."""

from collections.abc import Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.v1.array_ops_create import ones
from onevar.v1.export import export
from onevar.v1.optimizer_base import Optimizer


@export("train.FtrlOptimizer")
class FtrlOptimizer(Optimizer):
    """FTRL: each variable is what the sum of its past gradients and the regularization make of it.

    Args:
        learning_rate: A number, or a tensor.
        learning_rate_power: How the rate falls with the accumulated squares; zero is a fixed rate.
        initial_accumulator_value: What the accumulators begin with.
        l1_regularization_strength: Of the absolute values.
        l2_regularization_strength: Of the squares, to keep the variables small.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
        accum_name: Of the slot of accumulated squares; None takes `name`.
        linear_name: Of the other slot; None takes `name`.
        l2_shrinkage_regularization_strength: Of the squares, as part of the gradient.
        beta: Added to the root of the accumulated squares; None is zero.

    Raises:
        ValueError: An argument has the wrong sign.
    """

    _slot_inputs = {"accum": "accum", "linear": "linear"}

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float | None = None,
    ):  # fmt: skip
        super().__init__(use_locking, name)
        _check_not_negative("initial_accumulator_value", initial_accumulator_value)
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power:f} needs to be negative or zero")
        _check_not_negative("l1_regularization_strength", l1_regularization_strength)
        _check_not_negative("l2_regularization_strength", l2_regularization_strength)
        _check_not_negative("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength)
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._beta = 0.0 if beta is None else beta
        self._accum_name = accum_name
        self._linear_name = linear_name
        self._learning_rate_tensor: Any = None
        self._learning_rate_power_tensor: Any = None
        self._l1_regularization_strength_tensor: Any = None
        self._adjusted_l2_regularization_strength_tensor: Any = None
        self._l2_shrinkage_regularization_strength_tensor: Any = None
        self._beta_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        def first(shape: Any, dtype: Any = dtypes.float32, partition_info: Any = None) -> Any:
            return ones(shape=shape, dtype=dtype) * self._initial_accumulator_value

        for var in var_list:
            name = self._accum_name or self._name
            self._get_or_make_slot_with_initializer(var, first, var.shape, var.dtype, "accum", name)
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._given(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._given(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        # What `beta` does to the root is what more of the l2 strength does.
        least = op("Maximum", x=self._learning_rate, y=1e-36)
        self._adjusted_l2_regularization_strength_tensor = self._given(
            self._l2_regularization_strength + self._beta / (2.0 * least), "adjusted_l2_regularization_strength"
        )
        self._beta_tensor = self._given(self._beta, "beta")
        self._l2_shrinkage_regularization_strength_tensor = self._given(
            self._l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self._learning_rate_power_tensor = self._given(self._learning_rate_power, "learning_rate_power")

    def _kind(self) -> str:
        return "FtrlV2" if self._l2_shrinkage_regularization_strength > 0.0 else "Ftrl"

    def _hyper(self) -> dict[str, Any]:
        shrinkage = {"l2_shrinkage": self._l2_shrinkage_regularization_strength_tensor}
        return {
            "lr": self._learning_rate_tensor,
            "l1": self._l1_regularization_strength_tensor,
            "l2": self._adjusted_l2_regularization_strength_tensor,
            **(shrinkage if self._kind() == "FtrlV2" else {}),
            "lr_power": self._learning_rate_power_tensor,
        }


def _check_not_negative(name: str, value: float) -> None:
    if value < 0.0:
        raise ValueError(f"{name} {value:f} needs to be positive or zero")

"""Optimizers of TensorFlow 1 whose trajectories no optimizer of Keras 3 follows, as Keras optimizers.

They save, load, clip, average and accumulate as Keras's own do. Where Keras has the same optimizer with other defaults
there is none here: `onevar.migrate.optimizers` says which arguments to write.
"""

from typing import Any

import keras
from keras import ops

from onevar.keras.schedules import LinearCosineDecay
from onevar.keras.sign_optimizers import AddSign, PowerSign
from onevar.keras.v1_optimizer import V1Optimizer

__all__ = [
    "Adadelta",
    "AdagradDA",
    "AdamW",
    "Adamax",
    "AddSign",
    "Ftrl",
    "LazyAdam",
    "LinearCosineDecay",
    "Momentum",
    "MomentumW",
    "Nadam",
    "PowerSign",
    "ProximalAdagrad",
    "ProximalGradientDescent",
    "RMSprop",
]

_registered = keras.saving.register_keras_serializable("onevar")


@_registered
class RMSprop(V1Optimizer):
    """`tf.train.RMSPropOptimizer`: the mean square begins at one, and `epsilon` is inside the root.

    Args:
        learning_rate: A float, or a schedule.
        rho: How much of the mean square stays (v1's `decay`).
        momentum: How much of the last step stays.
        epsilon: Added to the mean square.
        centered: Whether to divide by the variance instead of the mean square.
        **kwargs: As `V1Optimizer`.
    """

    _settings = ("rho", "momentum", "epsilon", "centered")
    _first = 1.0

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10,
        centered: bool = False, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    @property
    def _kind(self) -> str:  # type: ignore[override]
        return "CenteredRMSProp" if self.centered else "RMSProp"

    @property
    def _slot_names(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]
        plain = (("velocity", "_first"), ("momentum", ""))
        return (("average_gradient", ""), *plain) if self.centered else plain

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon}


@_registered
class Momentum(V1Optimizer):
    """`tf.train.MomentumOptimizer`: gradients accumulate, and the sum is multiplied by the learning rate of the step.

    Args:
        learning_rate: A float, or a schedule.
        momentum: How much of the sum stays.
        nesterov: Whether the step looks ahead (v1's `use_nesterov`).
        **kwargs: As `V1Optimizer`.
    """

    _kind = "Momentum"
    _slot_names = (("momentum", ""),)
    _settings = ("momentum", "nesterov")

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.9, nesterov: bool = False, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {"momentum": self.momentum}

    def _flags(self) -> dict[str, bool]:
        return {"use_nesterov": self.nesterov}


class _Adam(V1Optimizer):
    """Adam's arguments and slots."""

    _kind = "Adam"
    _slot_names = (("momentum", ""), ("velocity", ""))
    _settings = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {
            "beta1": self.beta_1, "beta2": self.beta_2, "epsilon": self.epsilon,
            "beta1_power": self._power(self.beta_1), "beta2_power": self._power(self.beta_2),
        }  # fmt: skip

    def _flags(self) -> dict[str, bool]:
        return {"use_nesterov": False}


@_registered
class LazyAdam(_Adam):
    """`tf.contrib.opt.LazyAdamOptimizer`: Adam, of which rows without a gradient have no part; see `sparse`.

    Args:
        learning_rate: A float, or a schedule.
        beta_1: How much of the mean stays.
        beta_2: How much of the mean square stays.
        epsilon: Added to the root.
        **kwargs: As `V1Optimizer`; name the embeddings in `sparse`.
    """


@_registered
class Nadam(_Adam):
    """`tf.contrib.opt.NadamOptimizer`: Adam with Nesterov's momentum, without Keras's schedule of momentums.

    Slots of rows without a gradient decay too, as in TensorFlow 1; only the rows themselves stay.

    Args:
        learning_rate: A float, or a schedule.
        beta_1: How much of the mean stays.
        beta_2: How much of the mean square stays.
        epsilon: Added to the root.
        **kwargs: As `V1Optimizer`.
    """

    _by_row = 1

    def _flags(self) -> dict[str, bool]:
        return {"use_nesterov": True}


@_registered
class Adamax(_Adam):
    """`tf.contrib.opt.AdaMaxOptimizer`, for gradients of rows too.

    Args:
        learning_rate: A float, or a schedule.
        beta_1: How much of the mean stays.
        beta_2: How much of the largest gradient stays.
        epsilon: Added to the largest gradient.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "AdaMax"
    _slot_names = (("momentum", ""), ("norm", ""))


class _Decoupled(V1Optimizer):
    """Takes a part of the variable away before the step, whatever the learning rate is."""

    decay: float
    weight_decay: Any  # Keras's own, which says whether there is any

    def _computed(self, before: tuple, gradient: Any, hyper: dict[str, Any], touched: Any) -> tuple:
        smaller = before[0] - before[0] * hyper.pop("weight_decay")
        kept = smaller if touched is None else ops.where(touched, smaller, before[0])
        return super()._computed((kept, *before[1:]), gradient, hyper, touched)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable and its slots; arguments as `V1Optimizer.update_step`."""
        self._decays = self._share_of(self._trainable_variables[self._get_variable_index(variable)])
        super().update_step(gradient, variable, learning_rate)

    def _share_of(self, variable: Any) -> float:
        kept, self.weight_decay = self.weight_decay, self.decay
        try:
            return self.decay if self._use_weight_decay(variable) else 0.0
        finally:
            self.weight_decay = kept

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        return {**super().get_config(), "weight_decay": self.decay}


@_registered
class AdamW(_Decoupled, _Adam):
    """`tf.contrib.opt.AdamWOptimizer`: Adam, and `weight_decay * variable` is taken away besides.

    Rows without a gradient move, as Adam's do, and do not decay.

    Args:
        weight_decay: What part of a variable is taken away in each step; Keras's is multiplied by the learning rate.
        learning_rate: A float, or a schedule.
        beta_1: How much of the mean stays.
        beta_2: How much of the mean square stays.
        epsilon: Added to the root.
        **kwargs: As `V1Optimizer`; `exclude_from_weight_decay` works.
    """

    _by_row = 0

    def __init__(
        self, weight_decay: float = 0.0, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.decay = weight_decay

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "weight_decay": self._decays}


@_registered
class MomentumW(_Decoupled, Momentum):
    """`tf.contrib.opt.MomentumWOptimizer`: momentum, and `weight_decay * variable` is taken away besides.

    Args:
        weight_decay: What part of a variable is taken away in each step.
        learning_rate: A float, or a schedule.
        momentum: How much of the sum stays.
        nesterov: Whether the step looks ahead.
        **kwargs: As `V1Optimizer`; `exclude_from_weight_decay` works.
    """

    def __init__(
        self, weight_decay: float = 0.0, learning_rate: Any = 0.01, momentum: float = 0.9, nesterov: bool = False,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, momentum, nesterov, **kwargs)
        self.decay = weight_decay

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "weight_decay": self._decays}


@_registered
class Adadelta(V1Optimizer):
    """`tf.train.AdadeltaOptimizer`, for gradients of rows too.

    Args:
        learning_rate: A float, or a schedule.
        rho: How much of the averages stays.
        epsilon: Added to both averages.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "Adadelta"
    _slot_names = (("accumulated_grad", ""), ("accumulated_delta_var", ""))
    _settings = ("rho", "epsilon")

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-8, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {"rho": self.rho, "epsilon": self.epsilon}


class _Regularized(V1Optimizer):
    """The strengths of both regularizations."""

    _settings: tuple[str, ...] = ("l1_regularization_strength", "l2_regularization_strength")

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: float, l2_regularization_strength: float, **kwargs: Any
    ):
        super().__init__(learning_rate, **kwargs)
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {"l1": self.l1_regularization_strength, "l2": self.l2_regularization_strength}

    def _flags(self) -> dict[str, bool]:
        return {"update_slots": True, "multiply_linear_by_lr": False}


@_registered
class Ftrl(_Regularized):
    """`tf.train.FtrlOptimizer`, for gradients of rows too.

    Args:
        learning_rate: A float, or a schedule.
        learning_rate_power: How fast the rate falls; not positive.
        initial_accumulator_value: What the sum of squares begins with; not negative.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        l2_shrinkage_regularization_strength: What is added to the gradient, of the variable.
        beta: More of `l2_regularization_strength`, as the rate falls.
        **kwargs: As `V1Optimizer`.
    """

    _slot_names = (("accumulator", "initial_accumulator_value"), ("linear", ""))
    _settings = (
        *_Regularized._settings, "learning_rate_power", "initial_accumulator_value",
        "l2_shrinkage_regularization_strength", "beta",
    )  # fmt: skip

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, l1_regularization_strength, l2_regularization_strength, **kwargs)
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power:f} needs to be negative or zero")
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    _kind = "FtrlV2"

    def _hyper(self, rate: Any) -> dict[str, Any]:
        more = self.beta / (2.0 * ops.maximum(rate, 1e-36))
        return {
            "l1": self.l1_regularization_strength, "l2": self.l2_regularization_strength + more,
            "l2_shrinkage": self.l2_shrinkage_regularization_strength, "lr_power": self.learning_rate_power,
        }  # fmt: skip


@_registered
class ProximalGradientDescent(_Regularized):
    """`tf.train.ProximalGradientDescentOptimizer`.

    Args:
        learning_rate: A float, or a schedule.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "ProximalGradientDescent"

    def __init__(
        self, learning_rate: Any = 0.01, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, l1_regularization_strength, l2_regularization_strength, **kwargs)

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "alpha": rate}


@_registered
class ProximalAdagrad(_Regularized):
    """`tf.train.ProximalAdagradOptimizer`.

    Args:
        learning_rate: A float, or a schedule.
        initial_accumulator_value: What the sum of squares begins with; positive.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "ProximalAdagrad"
    _slot_names = (("accumulator", "initial_accumulator_value"),)
    _settings = (*_Regularized._settings, "initial_accumulator_value")

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, l1_regularization_strength, l2_regularization_strength, **kwargs)
        self.initial_accumulator_value = _positive("initial_accumulator_value", initial_accumulator_value)


@_registered
class AdagradDA(_Regularized):
    """`tf.train.AdagradDAOptimizer`; its `global_step` is the optimizer's `iterations`.

    Args:
        learning_rate: A float, or a schedule.
        initial_gradient_squared_accumulator_value: What the sum of squares begins with; positive.
        l1_regularization_strength: How far towards zero.
        l2_regularization_strength: By which factor.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "AdagradDA"
    _slot_names = (
        ("gradient_accumulator", ""), ("gradient_squared_accumulator", "initial_gradient_squared_accumulator_value"),
    )  # fmt: skip
    _settings = (*_Regularized._settings, "initial_gradient_squared_accumulator_value")

    def __init__(
        self, learning_rate: Any = 0.001, initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, l1_regularization_strength, l2_regularization_strength, **kwargs)
        name = "initial_gradient_squared_accumulator_value"
        self.initial_gradient_squared_accumulator_value = _positive(name, initial_gradient_squared_accumulator_value)

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "global_step": self.iterations + 1}


def _positive(name: str, value: float) -> float:
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")
    return value

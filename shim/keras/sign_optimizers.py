"""Optimizers of `tf.contrib.opt` that look at the signs of gradients; see `onevar.keras.optimizers`."""

import math
from collections.abc import Callable
from typing import Any

import keras

from onevar.keras.v1_optimizer import V1Optimizer


class _Sign(V1Optimizer):
    """What both have in common."""

    _slot_names = (("m", ""),)
    _by_row = 0  # without a gradient nothing moves, and the average goes on

    def __init__(self, learning_rate: Any, beta: float, sign_decay_fn: Callable | None, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.beta, self.sign_decay_fn = beta, sign_decay_fn

    def _hyper(self, rate: Any) -> dict[str, Any]:
        decay = 1.0 if self.sign_decay_fn is None else self.sign_decay_fn(self.iterations)
        return {"beta": self.beta, "sign_decay": decay}

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        decay = self.sign_decay_fn and keras.saving.serialize_keras_object(self.sign_decay_fn)
        return {**super().get_config(), "sign_decay_fn": decay}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "_Sign":
        """Return the optimizer that a config describes.

        Args:
            config: From `get_config`.
            custom_objects: Classes and functions by name.
        """
        config = dict(config)
        config["sign_decay_fn"] = keras.saving.deserialize_keras_object(config["sign_decay_fn"], custom_objects)
        return super().from_config(config, custom_objects)


@keras.saving.register_keras_serializable("onevar")
class AddSign(_Sign):
    """`tf.contrib.opt.AddSignOptimizer`: `learning_rate * (alpha + sign_decay * sign(g) * sign(m)) * g`.

    Args:
        learning_rate: A float, or a schedule.
        alpha: See the formula.
        beta: How much of the average `m` of gradients stays.
        sign_decay_fn: A function of the step, of `keras.ops`; None is one.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "AddSign"
    _settings = ("alpha", "beta")

    def __init__(
        self, learning_rate: Any = 0.1, alpha: float = 1.0, beta: float = 0.9, sign_decay_fn: Callable | None = None,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, beta, sign_decay_fn, **kwargs)
        self.alpha = alpha

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "alpha": self.alpha}


@keras.saving.register_keras_serializable("onevar")
class PowerSign(_Sign):
    """`tf.contrib.opt.PowerSignOptimizer`: `learning_rate * base ** (sign_decay * sign(g) * sign(m)) * g`.

    Args:
        learning_rate: A float, or a schedule.
        base: See the formula.
        beta: How much of the average `m` of gradients stays.
        sign_decay_fn: A function of the step, of `keras.ops`; None is one.
        **kwargs: As `V1Optimizer`.
    """

    _kind = "PowerSign"
    _settings = ("base", "beta")

    def __init__(
        self, learning_rate: Any = 0.1, base: float = math.e, beta: float = 0.9,
        sign_decay_fn: Callable | None = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(learning_rate, beta, sign_decay_fn, **kwargs)
        self.base = base

    def _hyper(self, rate: Any) -> dict[str, Any]:
        return {**super()._hyper(rate), "logbase": math.log(self.base)}

"""Learning rates of TensorFlow 1 that Keras 3 has no schedule for."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("onevar")
class LinearCosineDecay(keras.optimizers.schedules.LearningRateSchedule):
    """`tf.train.linear_cosine_decay`: a line and a wave that fall together.

    Args:
        initial_learning_rate: At the first step.
        decay_steps: How many steps it takes.
        num_periods: How many periods the wave has.
        alpha: Added to the line.
        beta: Added to the product of line and wave.
        name: Of the schedule.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, num_periods: float = 0.5, alpha: float = 0.0,
        beta: float = 0.001, name: str = "LinearCosineDecay",
    ):  # fmt: skip
        self.initial_learning_rate, self.decay_steps, self.num_periods = initial_learning_rate, decay_steps, num_periods
        self.alpha, self.beta, self.name = alpha, beta, name

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step.

        Args:
            step: Its number.
        """
        rate = ops.convert_to_tensor(self.initial_learning_rate)
        steps = ops.cast(self.decay_steps, rate.dtype)
        step = ops.minimum(ops.cast(step, rate.dtype), steps)
        line = (steps - step) / steps
        wave = 0.5 * (1.0 + ops.cos(math.pi * 2.0 * self.num_periods * step / steps))
        return rate * ((self.alpha + line) * wave + self.beta)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        names = ("initial_learning_rate", "decay_steps", "num_periods", "alpha", "beta", "name")
        return {name: getattr(self, name) for name in names}

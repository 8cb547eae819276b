"""What the optimizers of `onevar.keras.optimizers` share: formulas of TensorFlow 1, in a Keras optimizer."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from onevar.core.kernels.training_rules import RULES
from onevar.keras.current import keras_adapter


class V1Optimizer(keras.optimizers.Optimizer):
    """A Keras optimizer that computes what TensorFlow 1's of one kind does.

    Args:
        learning_rate: A float, or a schedule.
        sparse: Whose gradients are of rows, as embeddings' are: only rows that have a gradient move, slots included.
            True for all variables, or parts of their paths (`["embedding"]`). On tensorflow a gradient says so itself;
            on torch and jax a row counts as touched if its gradient is not all zero.
        name: The optimizer's.
        **kwargs: What every Keras optimizer takes: `clipnorm`, `use_ema`, ...
    """

    #: The kind of update, one of `RULES`.
    _kind: str
    #: The names of the slots, in the order of the rule, each with the attribute that it begins with; "" is zero.
    _slot_names: tuple[tuple[str, str], ...] = ()

    #: How many of the variable and its slots stay where a row has no gradient; None for all of them.
    _by_row: int | None = None
    #: Attributes that are arguments of the constructor too.
    _settings: tuple[str, ...] = ()

    def __init__(
        self, learning_rate: Any, *, sparse: bool | Sequence[str] = False, name: str | None = None, **kwargs: Any
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.sparse = sparse if isinstance(sparse, bool) else list(sparse)

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots.

        Args:
            variables: The variables to train.
        """
        if self.built:
            return
        super().build(variables)
        made = []
        for name, attribute in self._slot_names:
            first = keras.initializers.Constant(getattr(self, attribute)) if attribute else "zeros"
            made.append(self.add_optimizer_variables(variables, name, initializer=first))
        self._slots = made

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable and its slots.

        Args:
            gradient: The gradient.
            variable: The variable.
            learning_rate: The rate of this step.
        """
        index = self._get_variable_index(variable)
        # On tensorflow what comes is the native one, which has no path.
        kept = self._trainable_variables[index]
        touched = self._touched(gradient, kept)
        gradient = ops.cast(ops.convert_to_tensor(gradient), variable.dtype)
        state = [variable, *(slots[index] for slots in self._slots)]
        before = tuple(ops.convert_to_tensor(part) for part in state)
        hyper = {"lr": ops.cast(learning_rate, variable.dtype), **self._flags()}
        for key, value in self._hyper(hyper["lr"]).items():
            hyper[key] = ops.cast(value, variable.dtype)
        after = self._computed(before, gradient, hyper, touched)
        for at, (part, old, new) in enumerate(zip(state, before, after, strict=True)):
            if new is not None:
                whole = touched is None or (self._by_row is not None and at >= self._by_row)
                self.assign(part, new if whole else ops.where(touched, new, old))

    def _computed(self, before: tuple, gradient: Any, hyper: dict[str, Any], touched: Any) -> tuple:
        return RULES[self._kind].compute(keras_adapter().k, before, gradient, hyper)

    def _hyper(self, rate: Any) -> dict[str, Any]:
        """Return the rule's hyperparameters besides the learning rate.

        Args:
            rate: The learning rate, as a tensor.
        """
        return {}

    def _flags(self) -> dict[str, bool]:
        return {}

    def _power(self, beta: float) -> Any:
        """Return `beta` to the number of this step."""
        return ops.power(ops.cast(beta, "float32"), ops.cast(self.iterations + 1, "float32"))

    def _touched(self, gradient: Any, variable: Any) -> Any:
        """Return which rows have a gradient, in a shape that broadcasts to the variable's; None for all."""
        rank = len(variable.shape)
        if type(gradient).__name__ == "IndexedSlices":
            ones = ops.ones_like(gradient.indices, dtype="int32")
            count = ops.segment_sum(ones, ops.cast(gradient.indices, "int32"), num_segments=variable.shape[0])
            return ops.reshape(count > 0, (-1, *[1] * (rank - 1)))
        named = self.sparse if isinstance(self.sparse, bool) else any(part in variable.path for part in self.sparse)
        if not named or rank < 2:
            return None
        return ops.any(ops.not_equal(gradient, 0), axis=tuple(range(1, rank)), keepdims=True)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        config = super().get_config()
        config["sparse"] = self.sparse
        for name in self._settings:
            config[name] = getattr(self, name)
        return config

"""Losses that are scaled up while gradients are computed: `tf.mixed_precision`, `tf.train.experimental`."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.nest import flatten
from onevar.core.operation import IndexedSlices
from onevar.v1.common import dtype_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.grouping_ops import group, no_op
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.variables import Variable


def _names(name: str) -> tuple[str, ...]:
    return tuple(
        f"{place}.{name}" for place in ("mixed_precision", "mixed_precision.experimental", "train.experimental")
    )


@export(*_names("LossScale"))
class LossScale(ABC):
    """What a loss is multiplied with, and how that follows from the gradients."""

    def __init__(self) -> None:
        self._weights: dict[tuple[str, Any], Any] = {}

    @abstractmethod
    def __call__(self) -> Any:
        """Return the scale now, a scalar tensor of float32."""

    @abstractmethod
    def update(self, grads: Any) -> tuple[Any, Any]:
        """Return an operation that updates the scale, and whether the gradients are to be applied.

        Args:
            grads: Unscaled gradients, nested or not.
        """

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a scale."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossScale":
        """Return a scale.

        Args:
            config: What `get_config` returned.
        """
        return cls(**config)

    def _add_weight(self, name: str, initial_value: Any, dtype: Any = None) -> Any:
        """Return a new variable of the scale's own.

        Args:
            name: Of the variable, once in a graph.
            initial_value: Its first value.
            dtype: Of the variable.
        """
        key = (name, None if executing_eagerly() else get_default_graph())
        if key in self._weights:
            raise RuntimeError(f"Duplicate variables detected. {key}")
        made = Variable(initial_value, name=name, dtype=dtype, trainable=False, use_resource=True)
        self._weights[key] = made
        return made


@export(*_names("FixedLossScale"))
class FixedLossScale(LossScale):
    """A scale that stays.

    Args:
        loss_scale_value: A number, at least 1.

    Raises:
        ValueError: It is something else.
    """

    def __init__(self, loss_scale_value: float):
        super().__init__()
        if not isinstance(loss_scale_value, int | float):
            raise ValueError("loss_scale_value must be a Python int or float.")
        if loss_scale_value < 1:
            raise ValueError("loss_scale_value must be at least 1.")
        self._loss_scale_value = float(loss_scale_value)

    def __call__(self) -> Any:
        """Return the scale."""
        return convert_to_tensor(self._loss_scale_value)

    def update(self, grads: Any) -> tuple[Any, Any]:
        """Return what does nothing, and True."""
        return no_op(), True

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a scale."""
        return {"loss_scale_value": self._loss_scale_value}

    def __repr__(self) -> str:
        return f"FixedLossScale({self._loss_scale_value})"


@export(*_names("DynamicLossScale"))
class DynamicLossScale(LossScale):
    """A scale that grows as long as gradients are finite, and shrinks when they are not, which are then not applied.

    Args:
        initial_loss_scale: At the first step.
        increment_period: After how many finite steps it grows.
        multiplier: How much it grows or shrinks.
    """

    def __init__(self, initial_loss_scale: float = 2**15, increment_period: int = 2000, multiplier: float = 2.0):
        super().__init__()
        self._initial_loss_scale = float(initial_loss_scale)
        self._increment_period = int(increment_period)
        self._multiplier = float(multiplier)
        self._current_loss_scale = self._add_weight("current_loss_scale", self._initial_loss_scale, dtypes.float32)
        self._num_good_steps = self._add_weight("good_steps", 0, dtypes.int64)

    @property
    def initial_loss_scale(self) -> float:
        """The scale at the first step."""
        return self._initial_loss_scale

    @property
    def increment_period(self) -> int:
        """After how many finite steps it grows."""
        return self._increment_period

    @property
    def multiplier(self) -> float:
        """How much it grows or shrinks."""
        return self._multiplier

    def __call__(self) -> Any:
        """Return the scale now."""
        return convert_to_tensor(self._current_loss_scale)

    def update(self, grads: Any) -> tuple[Any, Any]:
        """Return what updates the scale, and whether all gradients are finite.

        Args:
            grads: Unscaled gradients, nested or not.
        """
        finite = _all_finite(flatten(grads))
        scale, steps = self._current_loss_scale, self._num_good_steps

        def grown() -> Any:
            larger = scale * self._multiplier
            kept = cond(op("IsFinite", x=larger), lambda: scale.assign(larger, read_value=False), no_op)
            return group(kept, steps.assign(0, read_value=False))

        def counted() -> Any:
            full = steps + 1 >= self._increment_period
            return cond(full, grown, lambda: steps.assign_add(1, read_value=False))

        def shrunk() -> Any:
            smaller = op("Maximum", x=scale / self._multiplier, y=1.0)
            return group(steps.assign(0, read_value=False), scale.assign(smaller, read_value=False))

        return cond(finite, counted, shrunk), finite

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a scale."""
        return {
            "initial_loss_scale": self.initial_loss_scale, "increment_period": self.increment_period,
            "multiplier": self.multiplier,
        }  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"DynamicLossScale(initial_loss_scale={self.initial_loss_scale}, "
            f"increment_period={self.increment_period}, multiplier={self.multiplier})"
        )


def _all_finite(grads: Sequence[Any]) -> Any:
    tensors = [g.values if isinstance(g, IndexedSlices) else g for g in grads if g is not None]
    return reduce_all([reduce_all(op("IsFinite", x=tensor)) for tensor in tensors])


def _loss_scale(identifier: Any) -> LossScale | None:
    if isinstance(identifier, int | float):
        return FixedLossScale(identifier)
    if identifier == "dynamic":
        return DynamicLossScale()
    if identifier is None or isinstance(identifier, LossScale):
        return identifier
    raise ValueError(f"Could not interpret loss scale identifier: {identifier}")


@export("mixed_precision.MixedPrecisionLossScaleOptimizer", "train.experimental.MixedPrecisionLossScaleOptimizer")
class MixedPrecisionLossScaleOptimizer(Optimizer):
    """An optimizer that lets another one work on a scaled loss, so that small gradients are not lost in float16.

    Args:
        opt: The other optimizer.
        loss_scale: A `LossScale`, a number, or `"dynamic"`.

    Raises:
        ValueError: An argument is something else.
    """

    def __init__(self, opt: Any, loss_scale: Any):
        if not isinstance(opt, Optimizer):
            raise ValueError(f'"opt" must be an instance of Optimizer, but got: {type(opt)}')
        self._optimizer = opt
        super().__init__(opt._use_locking, opt.get_name())
        scale = _loss_scale(loss_scale)
        if scale is None:
            raise ValueError("loss_scale cannot be None")
        self._loss_scale: LossScale = scale

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """Return the gradients of the loss, computed from the scaled one; arguments as for `Optimizer`."""
        pairs = self._optimizer.compute_gradients(
            loss=self._scaled(loss), var_list=var_list, gate_gradients=gate_gradients,
            aggregation_method=aggregation_method, colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )  # fmt: skip
        factor = 1 / self._loss_scale()
        return [(None if grad is None else _times(grad, factor), variable) for grad, variable in pairs]

    def _scaled(self, loss: Any) -> Any:
        scale = self._loss_scale()
        if not callable(loss):
            return loss * cast(scale, dtype_of(loss))

        def scaled() -> Any:
            value = loss()
            return value * cast(scale, dtype_of(value))

        return scaled

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """Return an operation that updates variables, and the scale; arguments as for `Optimizer`."""
        if not isinstance(self._loss_scale, DynamicLossScale):
            return self._optimizer.apply_gradients(grads_and_vars, global_step, name)
        name = self.get_name() if name is None else name
        pairs = tuple(grads_and_vars)
        updated, finite = self._loss_scale.update([grad for grad, _ in pairs])
        inner = f"{name}-wrapped"
        applied = cond(finite, lambda: self._optimizer.apply_gradients(pairs, global_step, inner), no_op)
        return group(applied, updated, name=name)

    def get_slot(self, var: Any, name: str) -> Any:
        """Return the other optimizer's."""
        return self._optimizer.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        """Return the other optimizer's."""
        return self._optimizer.get_slot_names()

    def variables(self) -> list[Any]:
        """Return the other optimizer's variables, then the scale's."""
        return self._optimizer.variables() + list(self._loss_scale._weights.values())


def _times(grad: Any, factor: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return grad * factor


@export(
    "mixed_precision.enable_mixed_precision_graph_rewrite", "train.experimental.enable_mixed_precision_graph_rewrite"
)
def enable_mixed_precision_graph_rewrite(opt: Any, loss_scale: Any = "dynamic") -> Any:
    """Return an optimizer that scales the loss; the graph is computed in its own dtypes, as on TensorFlow's CPU.

    Args:
        opt: An optimizer.
        loss_scale: As for `MixedPrecisionLossScaleOptimizer`.

    Raises:
        ValueError: It scales already, or is no optimizer.
    """
    kind = MixedPrecisionLossScaleOptimizer
    if isinstance(opt, kind):
        raise ValueError(
            f'"opt" must not already be an instance of a {kind.__name__}. `enable_mixed_precision_graph_rewrite` will '
            f"automatically wrap the optimizer with a {kind.__name__}."
        )
    if not isinstance(opt, Optimizer):
        raise ValueError(
            f'"opt" must be an instance of a tf.train.Optimizer or a tf.keras.optimizers.Optimizer, but got: {opt}'
        )
    warnings.warn(
        "enable_mixed_precision_graph_rewrite: the loss is scaled, but no operation is moved to float16. Build the "
        "model in tf.float16 or tf.bfloat16 where lower precision is wanted.",
        stacklevel=2,
    )
    return kind(opt, loss_scale)


@export(
    "mixed_precision.disable_mixed_precision_graph_rewrite", "train.experimental.disable_mixed_precision_graph_rewrite"
)
def disable_mixed_precision_graph_rewrite() -> None:
    """Do nothing: no graph is rewritten here."""

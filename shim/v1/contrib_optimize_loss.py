"""`tf.contrib.layers.optimize_loss`: an optimizer by its name, and all that is done to gradients, in one call."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_collection
from onevar.core.operation import IndexedSlices, Tensor
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_index import where
from onevar.v1.check_ops import assert_scalar
from onevar.v1.clip_ops import clip_by_global_norm, global_norm
from onevar.v1.common import dtype_of, rank_of, shape_of
from onevar.v1.export import export, export_value, exported
from onevar.v1.global_steps import assert_global_step, get_global_step
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.init_ops import constant_initializer, zeros_initializer
from onevar.v1.math_ops_elementwise import UNARY, cast, maximum, minimum, multiply, square
from onevar.v1.moving_averages import assign_moving_average
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.random_ops import truncated_normal
from onevar.v1.variable_collections import trainable_variables
from onevar.v1.variable_scopes import get_variable, variable_scope

_exp, _log, _sqrt = UNARY["Exp"], UNARY["Log"], UNARY["Sqrt"]
Pairs = list[tuple[Any, Any]]


def _optimizer(name: str, **given: Any) -> Callable[..., Any]:
    """Return what makes an optimizer of `tf.train`."""

    def make(learning_rate: Any) -> Any:
        return exported(f"train.{name}Optimizer")(learning_rate, **given)

    return make


OPTIMIZER_CLS_NAMES = {
    "Adagrad": _optimizer("Adagrad"),
    "Adam": _optimizer("Adam"),
    "Ftrl": _optimizer("Ftrl"),
    "Momentum": _optimizer("Momentum", momentum=0.9),
    "RMSProp": _optimizer("RMSProp"),
    "SGD": _optimizer("GradientDescent"),
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]
export_value("contrib.layers.OPTIMIZER_CLS_NAMES", OPTIMIZER_CLS_NAMES)
export_value("contrib.layers.OPTIMIZER_SUMMARIES", OPTIMIZER_SUMMARIES)


@export("contrib.layers.optimize_loss")
def optimize_loss(
    loss: Any, global_step: Any, learning_rate: Any, optimizer: Any, gradient_noise_scale: Any = None,
    gradient_multipliers: Any = None, clip_gradients: Any = None, learning_rate_decay_fn: Any = None,
    update_ops: Any = None, variables: Any = None, name: Any = None, summaries: Sequence[str] | None = None,
    colocate_gradients_with_ops: bool = False, increment_global_step: bool = True,
) -> Any:  # fmt: skip
    """Return the loss, after whose evaluation one step of the optimizer has been made.

    Args:
        loss: A scalar.
        global_step: Counts the steps; None means that of the graph, if there is one.
        learning_rate: A float or a scalar tensor; None leaves it to the optimizer.
        optimizer: A name of `OPTIMIZER_CLS_NAMES`, a class, an optimizer, or a function of the learning rate.
        gradient_noise_scale: How much noise the gradients get.
        gradient_multipliers: Factors by variables or by their names.
        clip_gradients: The greatest global norm, or a function of gradients and variables.
        learning_rate_decay_fn: A function of the learning rate and the global step.
        update_ops: What has to be run before the loss; None means `GraphKeys.UPDATE_OPS`.
        variables: What is trained; None means all trainable variables.
        name: The variable scope.
        summaries: Of `OPTIMIZER_SUMMARIES`; None means loss, learning rate and global norm.
        colocate_gradients_with_ops: Whether gradients are asked to run where the ops are.
        increment_global_step: Whether the step is counted.

    Raises:
        ValueError: The loss is no scalar, the learning rate, the optimizer or the summaries are none that there are,
            or no gradients are left.
    """
    loss = convert_to_tensor(loss)
    assert_scalar(loss)
    if global_step is None:
        global_step = get_global_step()
    else:
        assert_global_step(global_step)
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        if update_ops is None:
            update_ops = set(get_collection(GraphKeys.UPDATE_OPS))
        if update_ops:
            loss = with_dependencies(list(update_ops), loss)
        rate = _learning_rate(learning_rate)
        summaries = _summaries(summaries)
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in summaries:
                exported("summary.scalar")("learning_rate", rate)
        made = _made_optimizer(optimizer, rate)
        variables = trainable_variables() if variables is None else variables
        gradients = made.compute_gradients(loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops)
        gradients = _changed(gradients, gradient_noise_scale, gradient_multipliers)
        gradients = _clipped(gradients, clip_gradients, summaries)
        if "loss" in summaries:
            exported("summary.scalar")("loss", loss)
        _summarize(gradients, summaries, clip_gradients is not None)
        step = global_step if increment_global_step else None
        return with_dependencies([made.apply_gradients(gradients, global_step=step, name="train")], loss)


def _learning_rate(learning_rate: Any) -> Any:
    if learning_rate is None:
        return None
    if isinstance(learning_rate, Tensor) and rank_of(learning_rate) == 0:
        return learning_rate
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError("Invalid learning_rate %s.", learning_rate)
        start = constant_initializer(learning_rate)
        return get_variable("learning_rate", [], trainable=False, initializer=start)
    raise ValueError(f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {type(learning_rate)}")


def _summaries(summaries: Sequence[str] | None) -> Sequence[str]:
    if summaries is None:
        return ["loss", "learning_rate", "global_gradient_norm"]
    for one in summaries:
        if one not in OPTIMIZER_SUMMARIES:
            known = ", ".join(OPTIMIZER_SUMMARIES)
            raise ValueError(f"Summaries should be one of [{known}], you provided {one}.")
    return summaries


def _made_optimizer(optimizer: Any, rate: Any) -> Any:
    if isinstance(optimizer, str):
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is string ({optimizer}).")
        if optimizer not in OPTIMIZER_CLS_NAMES:
            known = ", ".join(OPTIMIZER_CLS_NAMES)
            raise ValueError(f"Optimizer name should be one of [{known}], you provided {optimizer}.")
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if inspect.isclass(optimizer) and issubclass(optimizer, Optimizer):
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is class ({optimizer}).")
        return optimizer(learning_rate=rate)  # type: ignore[call-arg]
    if isinstance(optimizer, Optimizer):
        return optimizer
    if not callable(optimizer):
        raise ValueError(
            "Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of Optimizer or "
            f"function with one argument. Got {optimizer}."
        )
    made = optimizer() if rate is None else optimizer(rate)
    if not isinstance(made, Optimizer):
        raise ValueError(f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}.")
    return made


# -- what is done to gradients ----------------------------------------------------------------------------


def _changed(gradients: Pairs, noise_scale: Any, multipliers: Any) -> Pairs:
    if noise_scale is not None:
        gradients = _with_noise(gradients, noise_scale)
    if multipliers is not None:
        gradients = _multiplied(gradients, multipliers)
        if not gradients:
            raise ValueError(
                "Empty list of (gradient, var) pairs encountered. This is most likely to be caused by an improper "
                "value of gradient_multipliers."
            )
    return gradients


def _with_noise(gradients: Pairs, scale: Any) -> Pairs:
    noisy: Pairs = []
    for gradient, variable in gradients:
        if gradient is None:
            noisy.append((None, variable))
            continue
        shape = gradient.dense_shape if isinstance(gradient, IndexedSlices) else shape_of(gradient)
        noisy.append((gradient + truncated_normal(shape) * scale, variable))
    return noisy


def _multiplied(gradients: Pairs, multipliers: dict[Any, Any]) -> Pairs:
    multiplied: Pairs = []
    for gradient, variable in gradients:
        if gradient is not None and (variable in multipliers or variable.name in multipliers):
            key = variable if variable in multipliers else variable.name
            gradient = _scaled(gradient, constant(multipliers[key], dtype=dtypes.float32))
        multiplied.append((gradient, variable))
    return multiplied


def _scaled(gradient: Any, factor: Any) -> Any:
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return multiply(gradient, cast(factor, dtype_of(gradient)))


def _clipped(gradients: Pairs, clip: Any, summaries: Sequence[str]) -> Pairs:
    if "global_gradient_norm" in summaries:
        exported("summary.scalar")("global_norm/gradient_norm", global_norm([gradient for gradient, _ in gradients]))
    if isinstance(clip, float):
        clipped, _ = clip_by_global_norm([gradient for gradient, _ in gradients], clip)
        return list(zip(clipped, [variable for _, variable in gradients], strict=True))
    if callable(clip):
        return clip(gradients)
    if clip is not None:
        raise ValueError(f"Unknown type {type(clip)} for clip_gradients")
    return gradients


def _summarize(gradients: Pairs, summaries: Sequence[str], is_clipped: bool) -> None:
    for gradient, variable in gradients:
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        if values is None:
            continue
        name = variable.name.replace(":", "_")
        if "gradients" in summaries:
            exported("summary.histogram")(f"gradients/{name}", values)
        if "gradient_norm" in summaries:
            exported("summary.scalar")(f"gradient_norm/{name}", global_norm([values]))
    if is_clipped and "global_gradient_norm" in summaries:
        norm = global_norm([gradient for gradient, _ in gradients])
        exported("summary.scalar")("global_norm/clipped_gradient_norm", norm)


# -- a norm that follows the gradients' --------------------------------------------------------------------


@export("contrib.layers.adaptive_clipping_fn")
def adaptive_clipping_fn(
    std_factor: float = 2.0, decay: float = 0.95, static_max_norm: Any = None, global_step: Any = None,
    report_summary: bool = False, epsilon: float = 1e-8, name: Any = None,
) -> Callable[[Pairs], Pairs]:  # fmt: skip
    """Return a `clip_gradients` that keeps the global norm near the mean of what it was.

    Args:
        std_factor: How many standard deviations above the mean the logarithm of the norm may be.
        decay: Of the averages.
        static_max_norm: The greatest norm at any time.
        global_step: Makes the averages follow faster in the beginning.
        report_summary: Whether the norm is summarized.
        epsilon: Keeps away from zero.
        name: The variable scope.
    """

    def clip(grads_and_vars: Pairs) -> Pairs:
        gradients = [gradient for gradient, _ in grads_and_vars]
        norm = global_norm(gradients)
        largest, log_mean = _adaptive_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            exported("summary.scalar")("global_norm/adaptive_max_gradient_norm", largest)
        factor = where(norm < largest, constant(1.0, dtype=dtype_of(norm)), _exp(log_mean) / norm)
        if static_max_norm is not None:
            factor = minimum(static_max_norm / norm, factor)
        return [
            (None if gradient is None else _scaled(gradient, factor), variable) for gradient, variable in grads_and_vars
        ]

    return clip


def _adaptive_norm(
    norm: Any, std_factor: float, decay: Any, global_step: Any, epsilon: float, name: Any
) -> tuple[Any, Any]:
    with variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = _log(norm + epsilon)
        if global_step is not None:
            count = cast(global_step, dtypes.float32)
            decay = minimum(decay, count / (count + 1.0))

        def average(kind: str, value: Any) -> Any:
            kept = get_variable(
                kind, shape=shape_of(value), dtype=dtype_of(value), initializer=zeros_initializer(), trainable=False
            )
            return assign_moving_average(kept, value, decay, zero_debias=False)

        mean = average("mean", log_norm)
        variance = average("sq_mean", square(log_norm)) - square(mean)
        deviation = _sqrt(maximum(epsilon, variance))
        return _exp(mean + std_factor * deviation), mean

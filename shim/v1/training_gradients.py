"""`tf.contrib.training` and `slim.learning`: gradients clipped, multiplied, summarised; the operation that trains."""

from collections.abc import Callable, Iterable
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies, get_collection, get_collection_ref
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Tensor
from onevar.v1 import tf_logging as logging
from onevar.v1.clip_ops import clip_by_norm, global_norm
from onevar.v1.export import export, exported
from onevar.v1.global_steps import get_or_create_global_step
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import no_op, with_dependencies
from onevar.v1.optimizer_base import Optimizer

Pairs = list[tuple[Any, Any]]
_TRAINING, _SLIM = "contrib.training", "contrib.slim.learning"
#: What `global_step` is that was not given, where None means that there is none.
_USE_GLOBAL_STEP = 0


def _changed(gradient: Any, change: Callable[[Any], Any]) -> Any:
    """Return a gradient with its values changed."""
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(change(gradient.values), gradient.indices, gradient.dense_shape)
    return change(gradient)


def _summaries(grads_and_vars: Iterable[tuple[Any, Any]], between: str) -> list[Any]:
    histogram, scalar = exported("summary.histogram"), exported("summary.scalar")
    made = []
    for gradient, variable in grads_and_vars:
        if gradient is None:
            logging.info("Var %s has no gradient", variable.op.name)
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        name = f"{variable.op.name}{between}gradient"
        made.append(histogram(name, values))
        made.append(scalar(f"{name}_norm", global_norm([values])))
    return made


@export(f"{_TRAINING}.add_gradients_summaries")
def add_gradients_summaries(grads_and_vars: Iterable[tuple[Any, Any]]) -> list[Any]:
    """Return summaries of gradients: a histogram and the norm of each.

    Args:
        grads_and_vars: Pairs of gradient and variable.
    """
    return _summaries(grads_and_vars, "_")


@export(f"{_SLIM}.add_gradients_summaries")
def add_slim_gradients_summaries(grads_and_vars: Iterable[tuple[Any, Any]]) -> list[Any]:
    """Return summaries of gradients, below the variables' names.

    Args:
        grads_and_vars: Pairs of gradient and variable.
    """
    return _summaries(grads_and_vars, "/")


@export(f"{_TRAINING}.clip_gradient_norms", f"{_SLIM}.clip_gradient_norms")
def clip_gradient_norms(gradients_to_variables: Iterable[tuple[Any, Any]], max_norm: Any) -> Pairs:
    """Return gradients, each no longer than a norm.

    Args:
        gradients_to_variables: Pairs of gradient and variable.
        max_norm: The norm.
    """
    return [
        (None if gradient is None else _changed(gradient, lambda values: clip_by_norm(values, max_norm)), variable)
        for gradient, variable in gradients_to_variables
    ]


@export(f"{_TRAINING}.clip_gradient_norms_fn")
def clip_gradient_norms_fn(max_norm: Any) -> Callable[[Pairs], Pairs]:
    """Return `clip_gradient_norms` to a norm as a function of the pairs.

    Args:
        max_norm: The norm.
    """
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


@export(f"{_TRAINING}.multiply_gradients", f"{_SLIM}.multiply_gradients")
def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: dict[Any, Any]) -> Pairs:
    """Return gradients, some of them multiplied.

    Args:
        grads_and_vars: Pairs of gradient and variable.
        gradient_multipliers: Numbers or tensors by variable, or by the name of its operation.

    Raises:
        ValueError: An argument is no list, no dictionary or empty; a variable to multiply for has no gradient.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    made = []
    for gradient, variable in grads_and_vars:
        key = variable if variable in gradient_multipliers else variable.op.name
        if key in gradient_multipliers:
            if gradient is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = gradient_multipliers[key]
            if not isinstance(factor, Tensor):
                factor = convert_to_tensor(factor, dtype=gradient.dtype)
            gradient = _changed(gradient, lambda values, factor=factor: values * factor)  # type: ignore[misc]
        made.append((gradient, variable))
    return made


@export(f"{_TRAINING}.create_train_op")
def create_train_op(
    total_loss: Any, optimizer: Optimizer, global_step: Any = _USE_GLOBAL_STEP, update_ops: Any = None,
    variables_to_train: Any = None, transform_grads_fn: Callable[[Pairs], Pairs] | None = None,
    summarize_gradients: bool = False, gate_gradients: int = Optimizer.GATE_OP, aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False, check_numerics: bool = True,
) -> Any:  # fmt: skip
    """Return a tensor that is the loss, and trains when it is fetched.

    Args:
        total_loss: The loss, a scalar.
        optimizer: The optimizer.
        global_step: What counts steps; None counts none; the graph's if nothing is said.
        update_ops: What runs before the loss; None takes `GraphKeys.UPDATE_OPS`.
        variables_to_train: Which; None takes all that are trainable.
        transform_grads_fn: Changes pairs of gradient and variable.
        summarize_gradients: Whether gradients are summarised.
        gate_gradients: As for `Optimizer.compute_gradients`.
        aggregation_method: As for `Optimizer.compute_gradients`.
        colocate_gradients_with_ops: As for `Optimizer.compute_gradients`.
        check_numerics: Whether a loss that is no finite number is an error.

    Raises:
        AssertionError: There is nothing to train, or something that is not trainable.
    """
    if global_step is _USE_GLOBAL_STEP:
        global_step = get_or_create_global_step()
    every = get_collection(GraphKeys.UPDATE_OPS)
    before = list(dict.fromkeys(every if update_ops is None else update_ops))
    if not set(every) <= set(before):
        logging.warning("update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS")
    if before:
        with control_dependencies(before):
            barrier = no_op(name="update_barrier")
        total_loss = with_dependencies([barrier], total_loss)
    grads = optimizer.compute_gradients(
        total_loss, _to_train(variables_to_train), gate_gradients=gate_gradients,
        aggregation_method=aggregation_method, colocate_gradients_with_ops=colocate_gradients_with_ops,
    )  # fmt: skip
    if transform_grads_fn:
        grads = transform_grads_fn(grads)
    if summarize_gradients:
        with name_scope("summarize_grads"):
            add_gradients_summaries(grads)
    updates = optimizer.apply_gradients(grads, global_step=global_step)
    with name_scope("train_op"):
        if check_numerics:
            total_loss = exported("check_numerics")(total_loss, "LossTensor is inf or nan")
        train_op = with_dependencies([updates], total_loss)
    known = get_collection_ref(GraphKeys.TRAIN_OP)
    if not any(train_op is one for one in known):
        known.append(train_op)
    return train_op


def _to_train(variables: Any) -> list[Any]:
    trainable = exported("trainable_variables")()
    if variables is None:
        variables = trainable
    else:
        strange = [v for v in variables if not (v.trainable or any(v is one for one in trainable))]
        if strange:
            raise AssertionError(f"variables_to_train: not trainable: {strange}")
    if not variables:
        raise AssertionError("variables_to_train: there are no variables to train.")
    return variables


@export(f"{_SLIM}.create_train_op")
def create_slim_train_op(
    total_loss: Any, optimizer: Optimizer, global_step: Any = _USE_GLOBAL_STEP, update_ops: Any = None,
    variables_to_train: Any = None, clip_gradient_norm: float = 0, summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP, aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False, gradient_multipliers: Any = None, check_numerics: bool = True,
) -> Any:  # fmt: skip
    """Return a tensor that is the loss, and trains when it is fetched; see `tf.contrib.training.create_train_op`.

    Args:
        total_loss: The loss, a scalar.
        optimizer: The optimizer.
        global_step: What counts steps; None counts none; the graph's if nothing is said.
        update_ops: What runs before the loss; None takes `GraphKeys.UPDATE_OPS`.
        variables_to_train: Which; None takes all that are trainable.
        clip_gradient_norm: Gradients are no longer than this; 0 leaves them.
        summarize_gradients: Whether gradients are summarised.
        gate_gradients: As for `Optimizer.compute_gradients`.
        aggregation_method: As for `Optimizer.compute_gradients`.
        colocate_gradients_with_ops: As for `Optimizer.compute_gradients`.
        gradient_multipliers: As for `multiply_gradients`.
        check_numerics: Whether a loss that is no finite number is an error.
    """

    def transform(grads: Pairs) -> Pairs:
        if gradient_multipliers:
            with name_scope("multiply_grads"):
                grads = multiply_gradients(grads, gradient_multipliers)
        if clip_gradient_norm > 0:
            with name_scope("clip_grads"):
                grads = clip_gradient_norms(grads, clip_gradient_norm)
        return grads

    return create_train_op(
        total_loss, optimizer, global_step=global_step, update_ops=update_ops, variables_to_train=variables_to_train,
        transform_grads_fn=transform, summarize_gradients=summarize_gradients, gate_gradients=gate_gradients,
        aggregation_method=aggregation_method, colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )  # fmt: skip

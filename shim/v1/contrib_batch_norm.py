"""`tf.contrib.layers.batch_norm`."""

from collections.abc import Callable
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collections, control_dependencies
from onevar.core.dtype import as_dtype
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import identity, reshape
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, rank_of, set_shape, shape_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import (
    check_data_format,
    collect_variable,
    constant_value,
    finished,
    get_variable_collections,
    model_getter,
    smart_cond,
)
from onevar.v1.contrib_layers import export_layer
from onevar.v1.contrib_variables import model_variable
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import ones_initializer, zeros_initializer
from onevar.v1.layers_normalization import BatchNormalization
from onevar.v1.moving_averages import assign_moving_average
from onevar.v1.nn_norm import batch_normalization, fused_batch_norm, moments, weighted_moments
from onevar.v1.variable_scopes import get_variable_scope, variable_scope

_INITIALIZERS = {
    "beta": zeros_initializer(), "gamma": ones_initializer(), "moving_mean": zeros_initializer(),
    "moving_variance": ones_initializer(),
}  # fmt: skip


@export_layer("batch_norm")
@add_arg_scope
def batch_norm(
    inputs: Any, decay: Any = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Any = None, param_initializers: Any = None, param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS, is_training: Any = True, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    batch_weights: Any = None, fused: bool | None = None, data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False, scope: Any = None, renorm: bool = False, renorm_clipping: Any = None,
    renorm_decay: Any = 0.99, adjustment: Callable[..., Any] | None = None,
) -> Any:  # fmt: skip
    """Return the inputs with normalized channels.

    Args:
        inputs: A tensor.
        decay: Of the moving averages.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        epsilon: Added to the variance.
        activation_fn: A function of the outputs, or None.
        param_initializers: Of the variables, by their names.
        param_regularizers: Functions of `beta` and `gamma`, by these names, whose values join the losses.
        updates_collections: What the updates join; None makes them run with the outputs.
        is_training: Whether by the batch's statistics: a bool, or a tensor that says when the graph runs.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether `beta` and `gamma` join `GraphKeys.TRAINABLE_VARIABLES`.
        batch_weights: How much each element of the batch counts for the statistics.
        fused: Whether one operation does it all; None does where it can.
        data_format: `"NHWC"` or `"NCHW"`.
        zero_debias_moving_mean: Whether the moving mean is scaled up while it is young.
        scope: The variable scope.
        renorm: As for `tf.layers.BatchNormalization`.
        renorm_clipping: The same.
        renorm_decay: Its `renorm_momentum`.
        adjustment: As for `tf.layers.BatchNormalization`.

    Raises:
        ValueError: There is no such data format, the number of channels is not known, or the arguments exclude each
            other.
    """
    inputs = convert_to_tensor(inputs)
    rank = rank_of(inputs)
    default_updates = updates_collections is GraphKeys.UPDATE_OPS
    possible = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    own = _Own(
        decay, center, scale, epsilon, param_initializers or {}, param_regularizers or {}, updates_collections,
        is_training, variables_collections, trainable, data_format, zero_debias_moving_mean,
    )  # fmt: skip
    if fused in (None, True) and possible and (zero_debias_moving_mean or rank == 2 or not default_updates):
        check_data_format(data_format, "NCHW", "NHWC")
        with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as sc:
            return finished(own.fused(inputs), activation_fn, outputs_collections, sc.name)
    check_data_format(data_format, "NCHW", "NHWC")
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=model_getter()) as sc:
        if batch_weights is None and default_updates and not zero_debias_moving_mean:
            options = {
                "renorm": renorm, "renorm_clipping": renorm_clipping, "renorm_momentum": renorm_decay,
                "adjustment": adjustment, "fused": fused is None or fused, "name": sc.name, "_scope": sc,
                "_reuse": reuse,
            }  # fmt: skip
            outputs = own.as_layer(inputs, options)
        else:
            if renorm:
                raise ValueError(
                    "renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean"
                )
            outputs = own.step_by_step(inputs, batch_weights)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


class _Own:
    """The ways to normalize that one call of `batch_norm` chooses from, with its arguments."""

    def __init__(
        self, decay: Any, center: bool, scale: bool, epsilon: float, initializers: dict[str, Any],
        regularizers: dict[str, Any], updates: Any, training: Any, collections: Any, trainable: bool,
        data_format: str, debias: bool,
    ):  # fmt: skip
        self.decay, self.center, self.scale, self.epsilon = decay, center, scale, epsilon
        self.initializers, self.regularizers = {**_INITIALIZERS, **initializers}, regularizers
        self.updates, self.training, self.collections, self.trainable = updates, training, collections, trainable
        self.first, self.data_format, self.debias = data_format == "NCHW", data_format, debias
        self.mean: Any = None
        self.variance: Any = None

    def as_layer(self, inputs: Any, options: dict[str, Any]) -> Any:
        """Return what `tf.layers.BatchNormalization` makes of the inputs."""
        layer = BatchNormalization(
            axis=1 if self.first else -1, momentum=self.decay, epsilon=self.epsilon, center=self.center,
            scale=self.scale, beta_regularizer=self.regularizers.get("beta"),
            gamma_regularizer=self.regularizers.get("gamma"), trainable=self.trainable,
            **{f"{name}_initializer": value for name, value in self.initializers.items() if name in _INITIALIZERS},
            **options,
        )  # fmt: skip
        outputs = layer(inputs, training=self.training)
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            if getattr(layer, name) is not None:
                collect_variable(getattr(layer, name), self.collections, name)
        return outputs

    # -- variables --------------------------------------------------------------------------------

    def _variable(self, name: str, shape: TensorShape, dtype: Any, trainable: bool, regularizer: Any = None) -> Any:
        return model_variable(
            name, shape=shape, dtype=dtype, initializer=self.initializers[name], regularizer=regularizer,
            trainable=trainable, collections=get_variable_collections(self.collections, name),
        )  # fmt: skip

    def _averages(self, shape: TensorShape, dtype: Any) -> None:
        with variable_scope(get_variable_scope()) as local:
            # Moving averages are not cut into parts.
            local.set_partitioner(None)
            self.mean = self._variable("moving_mean", shape, dtype, False)
            self.variance = self._variable("moving_variance", shape, dtype, False)

    def _moved(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        return (
            assign_moving_average(self.mean, mean, self.decay, zero_debias=self.debias),
            assign_moving_average(self.variance, variance, self.decay, zero_debias=False),
        )

    def _delayed(self, mean: Any, variance: Any) -> None:
        for update in smart_cond(
            self.training, lambda: self._moved(mean, variance), lambda: (self.mean, self.variance)
        ):
            add_to_collections(self.updates, update)

    # -- in one operation -------------------------------------------------------------------------

    def fused(self, inputs: Any) -> Any:
        """Return what one operation makes of the inputs."""
        original, known = inputs, shape_of(inputs)
        if known.rank == 2:
            channels = known.as_list()[-1]
            if channels is None:
                raise ValueError("`C` dimension must be known but is None")
            inputs = reshape(inputs, [-1, channels, 1, 1] if self.first else [-1, 1, 1, channels])
        whole = shape_of(inputs)
        shape = whole[1:2] if self.first else whole[-1:]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {shape}.")
        float32 = as_dtype("float32")
        parameters = [
            self._variable(name, shape, float32, self.trainable, self.regularizers.get(name))
            if wanted
            else constant(value, dtype=float32, shape=shape)
            for name, wanted, value in (("beta", self.center, 0.0), ("gamma", self.scale, 1.0))
        ]
        self._averages(shape, float32)
        outputs = self._fused_outputs(inputs, *parameters)
        set_shape(outputs, whole)
        if known.rank == 2:
            sizes = [-1 if size is None else size for size in known.as_list()]
            outputs = reshape(outputs, sizes if sizes.count(-1) <= 1 else shape_op(original))
        return outputs

    def _fused_outputs(self, inputs: Any, beta: Any, gamma: Any) -> Any:
        options: dict[str, Any] = {"epsilon": self.epsilon, "data_format": self.data_format}
        outputs, mean, variance = smart_cond(
            self.training,
            lambda: fused_batch_norm(inputs, gamma, beta, **options),
            lambda: fused_batch_norm(
                inputs, gamma, beta, mean=self.mean, variance=self.variance, is_training=False, **options
            ),
        )
        if constant_value(self.training) not in (None, True, 1):
            return outputs
        if self.updates is not None:
            self._delayed(mean, variance)
            return outputs

        def updated() -> Any:
            with control_dependencies(list(self._moved(mean, variance))):
                return identity(outputs)

        return smart_cond(self.training, updated, lambda: outputs)

    # -- step by step -----------------------------------------------------------------------------

    def step_by_step(self, inputs: Any, weights: Any) -> Any:
        """Return what operations for mean and variance make of the inputs."""
        known, dtype = shape_of(inputs), dtype_of(inputs)
        if known.rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        if weights is not None:
            weights = convert_to_tensor(weights)
            known[0:1].assert_is_compatible_with(shape_of(weights))
            weights = reshape(weights, [-1] + [1] * (known.rank - 1))
        shape = known[1:2] if self.first else known[-1:]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        axes = [0, *range(2, known.rank)] if self.first else list(range(known.rank - 1))
        beta = self._variable("beta", shape, dtype, self.trainable) if self.center else None
        gamma = self._variable("gamma", shape, dtype, self.trainable) if self.scale else None
        self._averages(shape, dtype)
        mean, variance = self._statistics(inputs, axes, weights)
        if self.first:
            wide = [1, shape.as_list()[0]] + [1] * (known.rank - 2)
            mean, variance = reshape(mean, wide), reshape(variance, wide)
            beta = None if beta is None else reshape(beta, wide)
            gamma = None if gamma is None else reshape(gamma, wide)
        outputs = batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
        set_shape(outputs, known)
        return outputs

    def _statistics(self, inputs: Any, axes: list[int], weights: Any) -> tuple[Any, Any]:
        if constant_value(self.training) not in (None, True, 1):
            return self.mean, self.variance
        if weights is None:
            mean, variance = moments(inputs, axes)
        elif self.first:
            mean, variance = weighted_moments(inputs, axes, weights, keep_dims=True)
            mean, variance = reshape(mean, [-1]), reshape(variance, [-1])
        else:
            mean, variance = weighted_moments(inputs, axes, weights)
        batch = mean, variance
        if self.updates is not None:
            self._delayed(*batch)
            return smart_cond(self.training, lambda: batch, lambda: (self.mean, self.variance))

        def updated() -> Any:
            with control_dependencies(list(self._moved(*batch))):
                return identity(batch[0]), identity(batch[1])

        return smart_cond(self.training, updated, lambda: (self.mean, self.variance))

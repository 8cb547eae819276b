"""`tf.layers.batch_normalization` and its class."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with
from onevar.core.dtype import as_dtype
from onevar.core.tensor_shape import TensorShape
from onevar.v1 import keras_constraints, keras_initializers, keras_regularizers
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import concat, reshape
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.init_ops import ones_initializer, zeros_initializer
from onevar.v1.layers_arguments import known_mode, learning_phase
from onevar.v1.layers_base import Layer
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.layers_statistics import BatchStatistics, positive_axes
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.nn_norm import batch_normalization as nn_batch_normalization
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization

_ZEROS, _ONES = zeros_initializer(), ones_initializer()
_CLIPPING = ("rmax", "rmin", "dmax")
# What the fused operation computes with, and on which axis the channels may be.
_FUSED_DTYPES = ("float16", "bfloat16", "float32", None)
_FUSED_AXES = {(4, 1): "NCHW", (4, 3): "NHWC", (5, 1): "NCDHW", (5, 4): "NDHWC"}


@export("layers.BatchNormalization")
class BatchNormalization(BatchStatistics, Layer):
    """Shifts and scales each channel to the mean `beta` and the standard deviation `gamma`.

    In training by the statistics of the batch, whose moving averages are updated by operations in
    `GraphKeys.UPDATE_OPS`; otherwise by the moving averages.

    Args:
        axis: Of the channels, or several.
        momentum: Of the moving averages.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: Of `beta`.
        gamma_initializer: Of `gamma`.
        moving_mean_initializer: Of the moving mean.
        moving_variance_initializer: Of the moving variance.
        beta_regularizer: A function of `beta` whose value joins the losses.
        gamma_regularizer: The same of `gamma`.
        beta_constraint: What optimizers apply to `beta` after an update.
        gamma_constraint: The same for `gamma`.
        renorm: Whether training corrects the batch's statistics towards the moving ones.
        renorm_clipping: Bounds `"rmax"`, `"rmin"` and `"dmax"` of the correction.
        renorm_momentum: Of the moving averages that the correction is by.
        fused: Whether one operation does it all; None does where it can.
        trainable: Whether `beta` and `gamma` join `GraphKeys.TRAINABLE_VARIABLES`, and there are updates.
        virtual_batch_size: Of the parts of a batch that are normalized each by itself.
        adjustment: A function of the inputs' shape that returns a scale and a bias for training.
        name: Of the layer.
        **kwargs: As for `Layer`.

    Raises:
        TypeError: The axis is no integer.
        ValueError: The clipping has other keys.
    """

    def __init__(
        self, axis: Any = -1, momentum: Any = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = _ZEROS, gamma_initializer: Any = _ONES, moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES, beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
        renorm_momentum: Any = 0.99, fused: bool | None = None, trainable: Any = True,
        virtual_batch_size: int | None = None, adjustment: Callable[..., Any] | None = None, name: Any = None,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, int | list | tuple):
            raise TypeError(f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {axis!r}")
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = keras_initializers.get(beta_initializer)
        self.gamma_initializer = keras_initializers.get(gamma_initializer)
        self.moving_mean_initializer = keras_initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = keras_initializers.get(moving_variance_initializer)
        self.beta_regularizer = keras_regularizers.get(beta_regularizer)
        self.gamma_regularizer = keras_regularizers.get(gamma_regularizer)
        self.beta_constraint = keras_constraints.get(beta_constraint)
        self.gamma_constraint = keras_constraints.get(gamma_constraint)
        self.renorm = renorm
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.fused = True if fused is None else fused
        self.supports_masking = True
        if renorm:
            self.renorm_clipping = renorm_clipping or {}
            if set(self.renorm_clipping) - set(_CLIPPING):
                raise ValueError(
                    f"Received invalid keys for `renorm_clipping` argument: {renorm_clipping}. Supported values: "
                    f"{list(_CLIPPING)}."
                )
            self.renorm_momentum = renorm_momentum

    # -- variables --------------------------------------------------------------------------------

    @property
    def _param_dtype(self) -> Any:
        return as_dtype("float32" if self.dtype in (None, "float16", "bfloat16") else self.dtype)

    def build(self, input_shape: Any) -> None:
        """Make `gamma`, `beta` and the moving averages.

        Args:
            input_shape: Of the inputs; the channels have to be known.

        Raises:
            ValueError: They are not, an axis is none, or the virtual batches do not go with the rest.
        """
        shape = TensorShape(input_shape)
        self.axis = positive_axes(self.axis, shape)
        self._check_virtual_batches()
        self._decide_fused(len(shape))
        sizes = shape.as_list()
        if any(sizes[axis] is None for axis in self.axis):
            raise ValueError(
                f"Input has undefined `axis` dimension. Received input with shape {tuple(sizes)} and "
                f"axis={tuple(self.axis)}"
            )
        self.input_spec = InputSpec(ndim=len(sizes), axes={axis: sizes[axis] for axis in self.axis})
        if len(self.axis) == 1 and self.virtual_batch_size is None:
            self._param_shape = [sizes[self.axis[0]]]
        else:
            self._param_shape = [size if axis in self.axis else 1 for axis, size in enumerate(sizes)]
        if self.virtual_batch_size is not None:
            # One more axis: that of the batches.
            self._param_shape.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        self._add_parameters()
        self._add_averages()
        self.built = True

    def _check_virtual_batches(self) -> None:
        size = self.virtual_batch_size
        if size is None:
            return
        if size <= 0:
            raise ValueError(
                "`virtual_batch_size` must be a positive integer that divides the true batch size of the input tensor. "
                f"Received: virtual_batch_size={size}"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using `virtual_batch_size`, the batch dimension must be 0 and thus axis cannot include 0. "
                f"Received axis={self.axis}"
            )
        if self.adjustment is not None:
            raise ValueError("When using `virtual_batch_size`, adjustment cannot be specified")

    def _decide_fused(self, rank: int) -> None:
        data_format = _FUSED_AXES.get((rank, self.axis[0])) if len(self.axis) == 1 else None
        plain = not (self.renorm or self.virtual_batch_size is not None or self.adjustment is not None)
        self.fused = bool(self.fused and plain and data_format and self.dtype in _FUSED_DTYPES)
        self._data_format = data_format

    def _add_parameters(self) -> None:
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=self._param_shape, dtype=self._param_dtype, initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer, constraint=self.gamma_constraint, trainable=True,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=self._param_shape, dtype=self._param_dtype, initializer=self.beta_initializer,
                regularizer=self.beta_regularizer, constraint=self.beta_constraint, trainable=True,
            )  # fmt: skip

    def _add_averages(self) -> None:
        scope = self._scope
        partitioner = None if scope is None else scope.partitioner
        if scope is not None:
            # Moving averages are not cut into parts.
            scope.set_partitioner(None)
        try:
            self.moving_mean = self._average("moving_mean", self.moving_mean_initializer)
            self.moving_variance = self._average("moving_variance", self.moving_variance_initializer)
            if self.renorm:
                self._add_renorm_averages()
        finally:
            if scope is not None:
                scope.set_partitioner(partitioner)

    def _average(self, name: str, initializer: Any) -> Any:
        return self.add_weight(
            name=name, shape=self._param_shape, dtype=self._param_dtype, initializer=initializer, trainable=False,
            synchronization=VariableSynchronization.ON_READ, aggregation=VariableAggregation.MEAN,
        )  # fmt: skip

    def _add_renorm_averages(self) -> None:
        with colocate_with(self.moving_variance):
            self.moving_stddev = self._average("moving_stddev", self._stddev_initializer)
        with colocate_with(self.moving_mean):
            self.renorm_mean = self._average("renorm_mean", self.moving_mean_initializer)
        with colocate_with(self.moving_stddev):
            self.renorm_stddev = self._average("renorm_stddev", self._stddev_initializer)

    # -- calls ------------------------------------------------------------------------------------

    def call(self, inputs: Any, training: Any = False, mask: Any = None) -> Any:
        """Return the inputs, normalized.

        Args:
            inputs: A tensor.
            training: Whether by the batch's statistics: a bool, or a tensor that says when the graph runs.
            mask: Where the inputs count for the statistics; not where one operation does it all.
        """
        if self.dtype is not None:
            inputs = cast(inputs, self.dtype)
        training = learning_phase() if training is None else training
        mode = known_mode(training)
        if self.virtual_batch_size is not None:
            whole = shape_op(inputs)
            whole = concat([constant([-1]), whole[1:]], axis=0)
            inputs = reshape(inputs, concat([constant([self.virtual_batch_size, -1]), whole[1:]], axis=0))
            return reshape(self._normalized(inputs, training, mode, mask), whole)
        if self.fused:
            return self._fused(inputs, training, mode)
        return self._normalized(inputs, training, mode, mask)

    def _normalized(self, inputs: Any, training: Any, mode: bool | None, mask: Any) -> Any:
        dtype, known = dtype_of(inputs), shape_of(inputs)
        half = dtype.name in ("float16", "bfloat16")
        inputs = cast(inputs, "float32") if half else inputs
        axes = [axis for axis in range(len(known)) if axis not in self.axis]
        if self.virtual_batch_size is not None:
            del axes[1]
        aligned = self._aligner(known, axes)
        scale, offset = aligned(self.gamma), aligned(self.beta)
        if mode is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance, scale, offset = self._trained(inputs, training, mask, axes, (scale, offset), aligned)
        like = dtype_of(inputs)
        mean, variance = cast(mean, like), cast(variance, like)
        offset, scale = _cast_to(offset, like), _cast_to(scale, like)
        outputs = nn_batch_normalization(inputs, aligned(mean), aligned(variance), offset, scale, self.epsilon)
        outputs = cast(outputs, dtype) if half else outputs
        set_shape(outputs, known)
        return outputs

    def _aligner(self, known: TensorShape, axes: Sequence[int]) -> Callable[[Any], Any]:
        """Return what gives a value of the channels the axes of the inputs, where it does not broadcast by itself."""
        rank = len(known)
        wanted = [1] * rank
        wanted[self.axis[0]] = known.as_list()[self.axis[0]]

        def aligned(value: Any) -> Any:
            if value is None or len(shape_of(value)) == rank or list(axes) == list(range(rank - 1)):
                return value
            return reshape(value, wanted)

        return aligned

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs.

        Args:
            input_shape: The shape.
        """
        return input_shape


def _cast_to(value: Any, dtype: Any) -> Any:
    if value is None:
        return None
    # A partitioned variable becomes one tensor here.
    return cast(convert_to_tensor(value) if hasattr(value, "_get_variable_list") else value, dtype)


@export("layers.batch_normalization")
def batch_normalization(
    inputs: Any, axis: Any = -1, momentum: Any = 0.99, epsilon: float = 1e-3, center: bool = True,
    scale: bool = True, beta_initializer: Any = _ZEROS, gamma_initializer: Any = _ONES,
    moving_mean_initializer: Any = _ZEROS, moving_variance_initializer: Any = _ONES, beta_regularizer: Any = None,
    gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, training: Any = False,
    trainable: Any = True, name: Any = None, reuse: Any = None, renorm: bool = False, renorm_clipping: Any = None,
    renorm_momentum: Any = 0.99, fused: bool | None = None, virtual_batch_size: int | None = None,
    adjustment: Callable[..., Any] | None = None,
) -> Any:  # fmt: skip
    """Return the inputs with normalized channels; see `BatchNormalization` for the arguments.

    The updates of the moving averages are in `GraphKeys.UPDATE_OPS`, and have to run beside a training step.
    """
    return BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
        moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm,
        renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name, _reuse=reuse,
        _scope=name,
    )(inputs, training=training)  # fmt: skip

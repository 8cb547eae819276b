"""`tf.contrib.layers.gdn` and others that few programs use."""

from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, eye, ones
from onevar.v1.array_ops_index import gather_nd, strided_slice, where
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, squeeze, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops_shape import assert_rank_at_least
from onevar.v1.common import dtype_of, set_shape, shape_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import check_data_format, collect_named_outputs
from onevar.v1.contrib_layers import export_layer
from onevar.v1.custom_gradients import custom_gradient
from onevar.v1.export import export
from onevar.v1.layers_base import Layer
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.math_ops_elementwise import cast, maximum, minimum, multiply, not_equal, sqrt, square
from onevar.v1.math_ops_reduce import reduce_prod, reduce_sum
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_convolution import convolution
from onevar.v1.sparse_ops import sparse_reshape
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.variable_scopes import variable_scope


@custom_gradient
def _lower_bound(inputs: Any, bound: Any) -> Any:
    """Return the greater of two, with a gradient that leads back above the bound."""

    def gradient(dy: Any) -> Any:
        passes = op("LogicalOr", x=inputs >= bound, y=dy < 0)
        return [cast(passes, dtype_of(dy)) * dy, None]

    return maximum(inputs, bound), gradient


@export_layer("GDN")
class GDN(Layer):
    """Divides each channel by a root of a weighted sum of the squares of all channels at the same place.

    Args:
        inverse: Whether it multiplies instead.
        beta_min: The least summand.
        gamma_init: The weight of a channel's own square in the beginning.
        reparam_offset: Keeps parameters away from zero.
        data_format: `"channels_last"` or `"channels_first"`.
        activity_regularizer: A function of the outputs whose value joins the losses.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        name: Of the layer.
        **kwargs: As for `tf.layers.Layer`.

    Raises:
        ValueError: There is no such data format.
    """

    def __init__(
        self, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1,
        reparam_offset: float = 2**-18, data_format: str = "channels_last", activity_regularizer: Any = None,
        trainable: bool = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.inverse = inverse
        self._beta_min, self._gamma_init, self._reparam_offset = beta_min, gamma_init, reparam_offset
        self.data_format = data_format
        if data_format not in ("channels_first", "channels_last"):
            raise ValueError(f"Unsupported `data_format` for GDN layer: {data_format}.")
        self.input_spec = InputSpec(min_ndim=3, max_ndim=5)

    def build(self, input_shape: Any) -> None:
        """Make the variables.

        Args:
            input_shape: Of the inputs; the channels have to be known.

        Raises:
            ValueError: They are not.
        """
        shape = TensorShape(input_shape)
        axis = 1 if self.data_format == "channels_first" else -1
        channels = shape.as_list()[axis]
        if channels is None:
            raise ValueError("The channel dimension of the inputs to `GDN` must be defined.")
        self.input_spec = InputSpec(ndim=len(shape), axes={axis: channels})
        pedestal = self._reparam_offset**2

        def beta(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return sqrt(ones(shape, dtype=dtype) + pedestal)

        def gamma(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return sqrt(self._gamma_init * eye(shape[0], dtype=dtype) + pedestal)

        made = self.add_weight("reparam_beta", shape=[channels], initializer=beta, dtype=self.dtype)
        self.beta = self._positive(made, (self._beta_min + pedestal) ** 0.5)
        made = self.add_weight("reparam_gamma", shape=[channels, channels], initializer=gamma, dtype=self.dtype)
        self.gamma = self._positive(made, self._reparam_offset)
        self.built = True

    def _positive(self, variable: Any, bound: float) -> Any:
        dtype = as_dtype(self.dtype or "float32")
        bounded = _lower_bound(convert_to_tensor(variable), constant(bound, dtype=dtype))
        return square(bounded) - constant(self._reparam_offset**2, dtype=dtype)

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: The batch, one to three axes, and the channels.
        """
        known = shape_of(inputs)
        first, spatial = self.data_format == "channels_first", len(known) - 2
        gamma = reshape(self.gamma, [1] * spatial + shape_of(self.gamma).as_list())
        data_format = "NC" + "DHW"[3 - spatial :] if first else None
        pool = self._with_beta(convolution(square(inputs), gamma, "VALID", data_format=data_format), first, spatial)
        pool = sqrt(pool)
        outputs = inputs * pool if self.inverse else inputs / pool
        set_shape(outputs, known)
        return outputs

    def _with_beta(self, pool: Any, first: bool, spatial: int) -> Any:
        if not first:
            return bias_add(pool, self.beta)
        if spatial == 1:
            return squeeze(bias_add(expand_dims(pool, 2), self.beta, data_format="NCHW"), [2])
        if spatial == 2:
            return bias_add(pool, self.beta, data_format="NCHW")
        whole = shape_op(pool)
        flat = reshape(pool, concat([whole[:3], [-1]], 0))
        return reshape(bias_add(flat, self.beta, data_format="NCHW"), whole)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.
        """
        return TensorShape(input_shape)


@export_layer("gdn")
def gdn(
    inputs: Any, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1,
    reparam_offset: float = 2**-18, data_format: str = "channels_last", activity_regularizer: Any = None,
    trainable: bool = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return what a new layer of `GDN` makes of the inputs; see there for the arguments."""
    return GDN(
        inverse, beta_min, gamma_init, reparam_offset, data_format, activity_regularizer, trainable, name,
        dtype=dtype_of(inputs), _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export_layer("scale_gradient")
@custom_gradient
def scale_gradient(inputs: Any, gradient_multiplier: Any) -> Any:
    """Return the inputs, with a gradient that is scaled.

    Args:
        inputs: A tensor.
        gradient_multiplier: The factor.
    """

    def gradient(dy: Any) -> Any:
        return [dy * gradient_multiplier, None]

    return inputs, gradient


@export_layer("poincare_normalize")
def poincare_normalize(x: Any, axis: Any = 1, epsilon: float = 1e-5, name: str | None = None) -> Any:
    """Return a tensor scaled down to norms below one.

    Args:
        x: The tensor.
        axis: The axes of each vector.
        epsilon: How far below.
        name: Of the operations.
    """
    with name_scope(name, "poincare_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        inverse = op("Rsqrt", x=reduce_sum(square(x), axis, keepdims=True))
        return multiply(x, minimum((1.0 - epsilon) * inverse, 1.0), name=scope)


@export_layer("dense_to_sparse")
@add_arg_scope
def dense_to_sparse(tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None) -> Any:
    """Return a tensor as a SparseTensor of the elements that are not `eos_token`.

    Args:
        tensor: The tensor.
        eos_token: What stands for nothing.
        outputs_collections: What the outputs join.
        scope: The variable scope.
    """
    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = convert_to_tensor(tensor)
        indices = where(not_equal(tensor, constant(eos_token, dtype_of(tensor))))
        sparse = SparseTensor(indices, gather_nd(tensor, indices), shape_op(tensor, out_type="int64"))
        return collect_named_outputs(outputs_collections, sc.name, sparse)


@export_layer("images_to_sequence")
@add_arg_scope
def images_to_sequence(
    inputs: Any, data_format: str = "NHWC", outputs_collections: Any = None, scope: str | None = None
) -> Any:
    """Return images as a sequence of their columns: `(width, batch * height, channels)`.

    Args:
        inputs: Images.
        data_format: `"NHWC"` or `"NCHW"`.
        outputs_collections: What the outputs join.
        scope: The name scope.
    """
    check_data_format(data_format, "NCHW", "NHWC")
    with name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        if data_format == "NCHW":
            inputs = transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = shape_of(inputs).as_list()
        sizes = shape_op(inputs)
        columns = transpose(inputs, [2, 0, 1, 3])
        outputs = reshape(columns, [width, sizes[0] * sizes[1], depth])
        return collect_named_outputs(outputs_collections, sc, outputs)


@export_layer("sequence_to_images")
@add_arg_scope
def sequence_to_images(
    inputs: Any, height: int, output_data_format: str = "channels_last", outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:  # fmt: skip
    """Return the images that `images_to_sequence` made a sequence of.

    Args:
        inputs: The sequence.
        height: Of the images.
        output_data_format: `"channels_last"` or `"channels_first"`.
        outputs_collections: What the outputs join.
        scope: The name scope.
    """
    with name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        width, rows, depth = shape_of(inputs).as_list()
        columns = reshape(inputs, [width, -1 if rows is None else rows // height, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        return collect_named_outputs(outputs_collections, sc, transpose(columns, order))


@export("contrib.layers._inner_flatten")
@add_arg_scope
def inner_flatten(inputs: Any, new_rank: int, output_collections: Any = None, scope: str | None = None) -> Any:
    """Return inputs with their last axes as one.

    Args:
        inputs: A tensor or a SparseTensor.
        new_rank: How many axes are left.
        output_collections: What the outputs join.
        scope: The name scope.

    Raises:
        ValueError: There are fewer axes.
    """
    with name_scope(scope, "InnerFlatten", [inputs, new_rank]) as sc:
        if isinstance(inputs, SparseTensor):
            flat = _flat_sparse(inputs, new_rank)
        else:
            flat = _flat_dense(convert_to_tensor(inputs), new_rank)
    return collect_named_outputs(output_collections, sc, flat)


def _flat_sparse(inputs: SparseTensor, new_rank: int) -> SparseTensor:
    rank = shape_of(inputs.dense_shape).as_list()[0]
    if rank is not None and rank < new_rank:
        raise ValueError(
            f"Inputs has rank less than new_rank. {inputs} must have rank at least {new_rank}. Received rank {rank}, "
            f"shape {inputs.get_shape()}"
        )
    sizes: Any = inputs.dense_shape
    outer, inner = sizes[: new_rank - 1], sizes[new_rank - 1 :]
    return sparse_reshape(inputs, concat((outer, [reduce_prod(inner)]), 0))


def _flat_dense(inputs: Any, new_rank: int) -> Any:
    enough = assert_rank_at_least(inputs, new_rank, message="inputs has rank less than new_rank")
    with control_dependencies([enough]):
        outer = strided_slice(shape_op(inputs), [0], [new_rank - 1])
        flat = reshape(inputs, concat((outer, [-1]), 0))
    known = shape_of(inputs)
    if known.rank is not None:
        sizes = known.as_list()
        inner: int | None = 1
        for size in sizes[new_rank - 1 :]:
            inner = None if size is None or inner is None else inner * size
        set_shape(flat, [*sizes[: new_rank - 1], inner])
    return flat

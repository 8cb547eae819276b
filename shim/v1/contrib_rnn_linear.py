"""What cells of `tf.contrib.rnn` are made of: a linear map, layer normalization, variables in shards."""

from collections.abc import Sequence
from typing import Any

from onevar.core.dtype import int32
from onevar.core.nest import is_nested
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import concat
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export, export_value
from onevar.v1.init_ops import constant_initializer
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_norm import batch_normalization, moments
from onevar.v1.rnn_cell_base import BIAS, KERNEL
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_scopes import get_variable, variable_scope


class Linear:
    """A linear map of tensors side by side, with variables of the current scope.

    Args:
        args: Tensors of shape `(batch, n)`, or one.
        output_size: The number of columns of the result.
        build_bias: Whether something is added.
        bias_initializer: Of that; zeros by default.
        kernel_initializer: Of the matrix.

    Raises:
        ValueError: There is no tensor, one has another rank, or a size is not known.
    """

    def __init__(
        self, args: Any, output_size: int, build_bias: bool, bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ):  # fmt: skip
        if args is None or (is_nested(args) and not args):
            raise ValueError("`args` must be specified")
        self._several = is_nested(args)
        tensors = args if self._several else [args]
        rows, dtype = _rows_of(tensors), dtype_of(tensors[0])
        self._bias: Any = None
        with variable_scope(get_variable_scope()) as outer:
            self._kernel = get_variable(KERNEL, [rows, output_size], dtype=dtype, initializer=kernel_initializer)
            if build_bias:
                with variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    zeros = constant_initializer(0.0, dtype=dtype)
                    initializer = zeros if bias_initializer is None else bias_initializer
                    self._bias = get_variable(BIAS, [output_size], dtype=dtype, initializer=initializer)

    def __call__(self, args: Any) -> Any:
        """Return the map of `args`, tensors as when it was made."""
        tensors = args if self._several else [args]
        rows = tensors[0] if len(tensors) == 1 else concat(tensors, constant(1, dtype=int32))
        result = matmul(rows, self._kernel)
        return result if self._bias is None else bias_add(result, self._bias)


def _rows_of(tensors: Sequence[Any]) -> int:
    shapes = [shape_of(tensor) for tensor in tensors]
    if any(known.rank != 2 for known in shapes):
        raise ValueError(f"linear is expecting 2D arguments: {shapes}")
    total = 0
    for known in shapes:
        width = known.as_list()[1]
        if width is None:
            raise ValueError(f"linear expects shape[1] to be provided for shape {known}, but saw {known[1]}")
        total += width
    return total


def layer_normalized(inputs: Any, scope: str, gain: float, shift: float, dtype: Any) -> Any:
    """Return rows of mean 0 and variance 1, times `gamma` and plus `beta`, which are variables of the scope.

    Args:
        inputs: Tensor of shape `(batch, n)`.
        scope: The name of the scope.
        gain: What `gamma` starts from.
        shift: What `beta` starts from.
        dtype: Of both.
    """
    size = [shape_of(inputs).as_list()[-1]]
    with variable_scope(scope):
        gamma = get_variable("gamma", shape=size, initializer=constant_initializer(gain), dtype=dtype)
        beta = get_variable("beta", shape=size, initializer=constant_initializer(shift), dtype=dtype)
    with variable_scope(scope, reuse=True):
        mean, variance = moments(inputs, [1], keep_dims=True)
        epsilon = 1e-3 if dtype_of(inputs).name == "float16" else 1e-12
        return batch_normalization(inputs, mean, variance, beta, gamma, epsilon)


def sharded_variable(name: str, shape: Sequence[int], dtype: Any, num_shards: int) -> Any:
    """Return a variable, or what several are together, `name_0`, `name_1` and so on.

    Args:
        name: Of the variables.
        shape: Of all together.
        dtype: Of the variables.
        num_shards: How many there are; they differ by one row at most.

    Raises:
        ValueError: There are fewer rows than shards.
    """
    if num_shards > shape[0]:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={num_shards}")
    rows, more = divmod(shape[0], num_shards)
    shards = [
        get_variable(f"{name}_{number}", [rows + (number < more), *shape[1:]], dtype=dtype)
        for number in range(num_shards)
    ]
    return shards[0] if num_shards == 1 else concat(shards, 0)


@export(
    "python.ops.rnn_cell_impl._linear", "contrib.rnn.python.ops.core_rnn_cell._linear",
    "contrib.rnn.python.ops.core_rnn_cell_impl._linear",
)  # fmt: skip
def linear(
    args: Any, output_size: int, bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None
) -> Any:
    """Return a linear map of tensors side by side, with variables `kernel` and `bias` of the current scope.

    Args:
        args: Tensors of shape `(batch, n)`, or one.
        output_size: The number of columns of the result.
        bias: Whether something is added.
        bias_initializer: Of that; zeros by default.
        kernel_initializer: Of the matrix.

    Raises:
        ValueError: There is no tensor, one has another rank, or a size is not known.
    """
    return Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


export_value("python.ops.rnn_cell_impl._Linear", Linear)
export_value("contrib.rnn.python.ops.core_rnn_cell._Linear", Linear)

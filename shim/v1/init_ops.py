"""The initializers of TensorFlow 1: `tf.zeros_initializer`, `tf.glorot_uniform_initializer`, `tf.initializers.*`.

An initializer is called with a shape and builds the operations that make the initial value, the same that TensorFlow
builds, so that the same seeds give the same numbers.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.dimension import dimension_value
from onevar.core.dtype import DType, as_dtype
from onevar.v1 import random_ops
from onevar.v1.array_ops_create import constant, eye, ones, zeros
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_matrix import tensor_diag_part
from onevar.v1.array_ops_shape import matrix_transpose, reshape
from onevar.v1.export import export

_TRUNCATED_STDDEV = 0.87962566103423978  # Of the standard normal distribution between -2 and 2.


class Initializer:
    """What all initializers have."""

    dtype: DType

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value.

        Args:
            shape: Of the tensor.
            dtype: Of the tensor; None is the initializer's own.
            partition_info: For a part of a partitioned variable: `full_shape` and `var_offset`.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer, fit for JSON."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Initializer":
        """Return an initializer from what `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)

    def _config(self, *names: str) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in names}, "dtype": self.dtype.name}


def _float_dtype(dtype: Any) -> DType:
    found = as_dtype(dtype)
    if not found.is_floating:
        raise ValueError(f"Argument `dtype` is expected to be floating point. Received: {found}.")
    return found


def _sizes(shape: Any, partition_info: Any = None) -> list[Any]:
    """The sizes that decide the scale: those of the whole variable."""
    return [dimension_value(size) for size in (shape if partition_info is None else partition_info.full_shape)]


@export("initializers.zeros", "zeros_initializer")
class Zeros(Initializer):
    """Tensors of zeros.

    Args:
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, dtype: Any = dtypes.float32):
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        return zeros(shape, self.dtype if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config()


@export("initializers.ones", "ones_initializer")
class Ones(Initializer):
    """Tensors of ones.

    Args:
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, dtype: Any = dtypes.float32):
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        return ones(shape, self.dtype if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config()


@export("initializers.constant", "constant_initializer")
class Constant(Initializer):
    """Tensors with given contents.

    Args:
        value: A number, or a list or array; one that is shorter than the tensor is repeated by its last element.
        dtype: Of the tensors, unless the call says otherwise.
        verify_shape: Whether `value` has to have the tensor's shape.

    Raises:
        TypeError: `value` is something else.
    """

    def __init__(self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False):
        if not (np.isscalar(value) or isinstance(value, list | tuple | np.ndarray)):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. Expected Python scalar, list "
                "or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None, verify_shape: bool | None = None
    ) -> Any:
        """Return the initial value; see `Initializer`."""
        verify_shape = self._verify_shape if verify_shape is None else verify_shape
        return constant(self.value, self.dtype if dtype is None else dtype, shape, verify_shape=verify_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("value")


@export("initializers.random_uniform", "random_uniform_initializer")
class RandomUniform(Initializer):
    """Numbers that are equally likely between bounds.

    Args:
        minval: The least.
        maxval: The limit; None is 1.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = dtypes.float32):
        self.minval, self.maxval, self.seed = minval, maxval, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_uniform(shape, self.minval, self.maxval, dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("minval", "maxval", "seed")


class _Normal(Initializer):
    """Numbers around a mean."""

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = dtypes.float32):
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = _float_dtype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("mean", "stddev", "seed")


@export("initializers.random_normal", "random_normal_initializer")
class RandomNormal(_Normal):
    """Numbers from a normal distribution.

    Args:
        mean: Of the distribution.
        stddev: Its standard deviation.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)


@export("initializers.truncated_normal", "truncated_normal_initializer")
class TruncatedNormal(_Normal):
    """Numbers from a normal distribution, without those two standard deviations away or more.

    Args:
        mean: Of the distribution.
        stddev: Its standard deviation, before numbers are dropped.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        dtype = self.dtype if dtype is None else dtype
        return random_ops.truncated_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)


@export("initializers.uniform_unit_scaling", "uniform_unit_scaling_initializer")
class UniformUnitScaling(Initializer):
    """Numbers that are equally likely, scaled so that the outputs of a layer vary as its inputs do.

    Args:
        factor: Of the scale.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32):
        self.factor, self.seed = factor, seed
        self.dtype = _float_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        inputs = max(math.prod([float(size) for size in _sizes(shape, partition_info)[:-1]]), 1.0)
        limit = math.sqrt(3 / inputs) * self.factor
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("factor", "seed")


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "untruncated_normal")


@export("initializers.variance_scaling", "variance_scaling_initializer")
class VarianceScaling(Initializer):
    """Numbers whose variance is `scale` by the number of a layer's inputs, or outputs, or their mean.

    Args:
        scale: The factor, positive.
        mode: `fan_in`, `fan_out` or `fan_avg`.
        distribution: `truncated_normal` (also called `normal`), `untruncated_normal` or `uniform`.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.

    Raises:
        ValueError: An argument is none of these.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ):
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {scale}")
        if mode not in _MODES:
            raise ValueError(f"Argument `mode` should be one of {_MODES}. Received: {mode}")
        distribution = distribution.lower()
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(f"Argument `distribution` should be one of {_DISTRIBUTIONS}. Received: {distribution}")
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed
        self.dtype = _float_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        dtype = self.dtype if dtype is None else dtype
        fan_in, fan_out = _fans(_sizes(shape, partition_info))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        scale = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random_ops.random_normal(shape, 0.0, math.sqrt(scale), dtype, seed=self.seed)
        stddev = math.sqrt(scale) / _TRUNCATED_STDDEV
        return random_ops.truncated_normal(shape, 0.0, stddev, dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("scale", "mode", "distribution", "seed")


def _fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs each output of a layer depends on, and the other way round, by the shape of its kernel."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = math.prod(shape[:-2])
    return int(shape[-2] * field), int(shape[-1] * field)


class _Glorot(VarianceScaling):
    """Variance scaling by the mean of inputs and outputs. The dtype is TensorFlow's to ignore: it takes the call's."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("seed")


@export("glorot_uniform_initializer", "initializers.glorot_uniform")
class GlorotUniform(_Glorot):
    """Glorot and Bengio's initializer, uniform.

    Args:
        seed: The op's own seed.
        dtype: Not looked at, as in TensorFlow; the call says it, or it is float32.
    """

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32):
        super().__init__(1.0, "fan_avg", "uniform", seed)


@export("glorot_normal_initializer", "initializers.glorot_normal")
class GlorotNormal(_Glorot):
    """Glorot and Bengio's initializer, normal.

    Args:
        seed: The op's own seed.
        dtype: Not looked at, as in TensorFlow; the call says it, or it is float32.
    """

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


@export("initializers.lecun_normal")
def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Return LeCun's initializer, normal: variance scaling by inputs."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


@export("initializers.lecun_uniform")
def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Return LeCun's initializer, uniform: variance scaling by inputs."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


@export("initializers.he_normal")
def he_normal(seed: int | None = None) -> VarianceScaling:
    """Return He's initializer, normal: twice the variance of LeCun's."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


@export("initializers.he_uniform")
def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Return He's initializer, uniform: twice the variance of LeCun's."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


@export("initializers.orthogonal", "orthogonal_initializer")
class Orthogonal(Initializer):
    """Matrices with orthogonal columns (or rows, if there are fewer); more axes are taken together, all but the last.

    Args:
        gain: The factor.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32):
        self.gain, self.seed = gain, seed
        self.dtype = _float_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        dtype = self.dtype if dtype is None else dtype
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. Received "
                f"shape={shape}"
            )
        sizes = _sizes(shape)
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        normal = random_ops.random_normal((max(rows, columns), min(rows, columns)), dtype=dtype, seed=self.seed)
        q, r = op("Qr", input=normal, full_matrices=False)
        # With the signs of the diagonal every orthogonal matrix is equally likely.
        q = op("Mul", "mul", x=q, y=op("Sign", x=tensor_diag_part(r)))
        if rows < columns:
            q = matrix_transpose(q)
        return op("Mul", "mul", x=self.gain, y=reshape(q, shape))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("gain", "seed")


@export("initializers.identity")
class Identity(Initializer):
    """Matrices with ones on the diagonal.

    Args:
        gain: The factor.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32):
        self.gain = gain
        self.dtype = _float_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return the initial value; see `Initializer`."""
        sizes = _sizes(shape, partition_info)
        if len(sizes) != 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. Received "
                f"shape={shape}"
            )
        matrix = eye(sizes[0], sizes[1], dtype=self.dtype if dtype is None else dtype)
        if partition_info is not None:
            matrix = slice_(matrix, partition_info.var_offset, shape)
        return op("Mul", "mul", x=self.gain, y=matrix)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return self._config("gain")


zeros_initializer = Zeros
ones_initializer = Ones
constant_initializer = Constant
random_uniform_initializer = RandomUniform
random_normal_initializer = RandomNormal
truncated_normal_initializer = TruncatedNormal
variance_scaling_initializer = VarianceScaling
glorot_uniform_initializer = GlorotUniform
glorot_normal_initializer = GlorotNormal

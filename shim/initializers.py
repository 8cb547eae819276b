"""Initial values by name, with Keras 3's names, laws and defaults, computed on the host.

They need no framework, so the same seed gives the same numbers on every one. `keras.initializers`
objects are accepted wherever these are: both are callables `(shape, dtype=)`.
"""

import math
import re
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from onevar.dtypes import is_int_dtype, numpy_dtype, standardize_dtype


class Initializer(ABC):
    """A callable `(shape, dtype=None)` that returns a NumPy array."""

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Return an array.

        Args:
            shape: Tuple of ints.
            dtype: By default `floatx()`.
        """
        shape = tuple(int(d) for d in shape)
        name = standardize_dtype(dtype)
        return np.asarray(self._draw(shape, name)).astype(numpy_dtype(name), copy=False)

    @abstractmethod
    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Return the values, in any dtype that `dtype` can be made from."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({shown})"


class Zeros(Initializer):
    """All 0."""

    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.zeros(shape, numpy_dtype(dtype))


class Ones(Initializer):
    """All 1."""

    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.ones(shape, numpy_dtype(dtype))


class Constant(Initializer):
    """All `value`, or `value` broadcast to the shape."""

    def __init__(self, value: Any = 0.0):
        self.value = value

    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.broadcast_to(np.asarray(self.value), shape).copy()


class Identity(Initializer):
    """`gain` on the diagonal of a matrix.

    Raises:
        ValueError: When called with a shape of other than two axes.
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices. Received: shape={shape} of rank "
                f"{len(shape)}."
            )
        return self.gain * np.eye(*shape)


class _Random(Initializer):
    """With a seed the same numbers at every call, as Keras has it; without one, new ones."""

    def __init__(self, seed: int | None = None):
        self.seed = seed

    def _draw(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return self._sample(np.random.default_rng(self.seed), shape, dtype)

    @abstractmethod
    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Return draws."""


class RandomNormal(_Random):
    """Normal."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal, redrawn until within two standard deviations of the mean."""

    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return self.mean + self.stddev * _truncated(rng, shape)


class RandomUniform(_Random):
    """Uniform in `[minval, maxval)`; integers for an integer dtype."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if is_int_dtype(dtype):
            return rng.integers(int(self.minval), int(self.maxval), shape)
        return rng.uniform(self.minval, self.maxval, shape)


class VarianceScaling(_Random):
    """Zero mean, and a variance of `scale / fan`.

    Args:
        scale: Positive.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: An int, or None.

    Raises:
        ValueError: An argument is none of these.

    The fans are those of a kernel `(*receptive_field, fan_in, fan_out)`; see Glorot & Bengio 2010
    (https://proceedings.mlr.press/v9/glorot10a.html) and He et al. 2015 (https://arxiv.org/abs/1502.01852).
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ):
        super().__init__(seed)
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        _check("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        distribution = "truncated_normal" if distribution == "normal" else distribution
        _check("distribution", distribution, ("uniform", "truncated_normal", "untruncated_normal"))
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, math.sqrt(variance), shape)
        # Cutting at two deviations leaves a standard normal this much narrower.
        return math.sqrt(variance) / 0.87962566103423978 * _truncated(rng, shape)


class Orthogonal(_Random):
    """A matrix with orthonormal rows or columns, times `gain` (Saxe et al. 2013, https://arxiv.org/abs/1312.6120).

    Raises:
        ValueError: When called with a shape of fewer than two axes.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = gain

    def _sample(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(
                f"The tensor to initialize must be at least two-dimensional. Received: shape={shape} of rank "
                f"{len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        # The signs make the law uniform over orthogonal matrices (Mezzadri 2007, arXiv math-ph/0609050).
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class GlorotUniform(VarianceScaling):
    """Glorot's, uniform."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Glorot's, truncated normal."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """He's, uniform."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """He's, truncated normal."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """LeCun's, uniform."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """LeCun's, truncated normal."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


_CLASSES = (
    Zeros, Ones, Constant, Identity, RandomNormal, TruncatedNormal, RandomUniform, VarianceScaling, Orthogonal,
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
)  # fmt: skip


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_BY_NAME: dict[str, type[Initializer]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{_snake(cls.__name__): cls for cls in _CLASSES},
    # Keras's short names.
    "uniform": RandomUniform,
    "normal": RandomNormal,
    "one": Ones,
    "zero": Zeros,
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
}


def get(identifier: str) -> Initializer:
    """Return the initializer of that name, with Keras's defaults.

    Args:
        identifier: Keras's name in either spelling: `"glorot_uniform"`, `"GlorotUniform"`.

    Raises:
        ValueError: There is none; the message lists those there are.
    """
    cls = _BY_NAME.get(identifier)
    if cls is None:
        known = ", ".join(sorted(name for name in _BY_NAME if name.islower()))
        raise ValueError(f"Could not interpret initializer identifier: {identifier!r}. Known names: {known}.")
    return cls()


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many inputs and outputs a kernel of `shape` connects."""
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    receptive = math.prod(shape[:-2])
    return shape[-2] * receptive, shape[-1] * receptive


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    draws = np.asarray(rng.normal(size=shape))
    outside = np.abs(draws) > 2.0
    while outside.any():
        draws[outside] = rng.normal(size=int(outside.sum()))
        outside = np.abs(draws) > 2.0
    return draws


def _check(argument: str, value: Any, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ValueError(
            f"Invalid `{argument}` argument. Expected one of {set(accepted)}. Received: {argument}={value}"
        )

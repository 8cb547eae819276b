"""`tf.nn.dropout`, with TensorFlow's numbers."""

from numbers import Real
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of, is_tensor, renamed, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.random_ops import random_uniform
from onevar.v1.random_seed import get_seed


@export("nn.dropout")
def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Any:
    """Return `x` with elements set to zero by chance, the others scaled up; see `tf.compat.v1.nn.dropout`.

    Args:
        x: A floating-point tensor.
        keep_prob: The chance that an element is kept (the old way to say `1 - rate`).
        noise_shape: The shape of the decisions, which is broadcast to that of `x`.
        seed: The op's own seed.
        name: Of the operations.
        rate: The chance that an element is dropped.

    Raises:
        ValueError: There is no rate, or it is out of range, or `x` holds no floating-point numbers.
    """
    try:
        kept = None if keep_prob is None else 1.0 - keep_prob
    except TypeError as error:
        raise ValueError(
            f"`keep_prob` must be a floating point number or Tensor. Received: keep_prob={keep_prob}"
        ) from error
    if rate is not None and kept is not None:
        raise ValueError("Cannot specify both 'keep_prob' and 'rate'.")
    rate = renamed("rate", rate, "keep_prob", kept)
    if rate is None:
        raise ValueError(f"`rate` must be provided. Received: rate={rate}")
    return _dropped(x, rate, noise_shape, seed, name)


def _dropped(x: Any, rate: Any, noise_shape: Any, seed: int | None, name: str | None) -> Any:
    with name_scope(name, "dropout", [x]):
        number = isinstance(rate, Real)
        if number and (rate < 0 or rate >= 1):
            raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
        x = convert_to_tensor(x, name="x")
        dtype = dtype_of(x)
        if not dtype.is_floating:
            raise ValueError(
                f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={dtype}"
            )
        if number and rate == 0:
            get_seed(seed)  # The ops that come after get the seeds that they would get at another rate.
            return x
        if number:
            scaled = op("Mul", x=x, y=convert_to_tensor(1 / (1 - rate), dtype=dtype))
        else:
            scaled, rate = _scaled_by_tensor(x, rate)
        numbers = random_uniform(_noise_shape(x, noise_shape), dtype=dtype, seed=seed)
        keep = op("GreaterEqual", x=numbers, y=rate)
        result = op("SelectV2", condition=keep, t=scaled, e=constant(0, dtype=dtype))
        set_shape(result, shape_of(x))
        return result


def _scaled_by_tensor(x: Any, rate: Any) -> tuple[Any, Any]:
    if not is_tensor(rate):
        raise ValueError(f"`rate` must be a scalar or scalar tensor. Received: rate={rate}")
    rate = convert_to_tensor(rate)
    shape_of(rate).assert_has_rank(0)
    if dtype_of(rate) != dtype_of(x):
        raise ValueError(
            "`x.dtype` must be compatible with `rate.dtype`. Received: "
            f"x.dtype={dtype_of(x)!r} and rate.dtype={dtype_of(rate)!r}"
        )
    return op("RealDiv", x=x, y=op("Sub", x=constant(1, dtype=dtype_of(x)), y=rate)), rate


def _noise_shape(x: Any, noise_shape: Any) -> Any:
    """The shape of the decisions; an unknown dimension of it is that of `x`."""
    if noise_shape is None:
        return shape_op(x)
    try:
        wanted = as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    mine = shape_of(x)
    if mine.rank is None or wanted.rank != mine.rank:
        return noise_shape
    return TensorShape(
        [own if size is None else size for size, own in zip(wanted.as_list(), mine.as_list(), strict=True)]
    )

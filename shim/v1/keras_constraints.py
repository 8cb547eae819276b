"""`tf.keras.constraints`: what keeps weights within bounds after an update, which the arguments of layers may name."""

from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.clip_ops import clip_by_value
from onevar.v1.common import dtype_of
from onevar.v1.export import export, export_value
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_reduce import reduce_sum

_EPSILON = 1e-7


@export("keras.constraints.Constraint")
class Constraint:
    """The base class of constraints: functions of a weight that return what it becomes."""

    def __call__(self, w: Any) -> Any:
        """Return the weight within its bounds.

        Args:
            w: A tensor.
        """
        return w

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Constraint":
        """Return one made with what `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal one."""
        return dict(vars(self))


def _norms(w: Any, axis: Any) -> Any:
    return op("Sqrt", x=reduce_sum(op("Square", x=w), axis=axis, keepdims=True))


def _like(value: float, w: Any) -> Any:
    return convert_to_tensor(value, dtype=dtype_of(w))


@export("keras.constraints.MaxNorm")
class MaxNorm(Constraint):
    """Scales weights down whose norm is too large.

    Args:
        max_value: The largest norm.
        axis: The axes of each vector.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """Return the weight within its bounds.

        Args:
            w: A tensor.
        """
        norms = _norms(w, self.axis)
        desired = clip_by_value(norms, 0, self.max_value)
        return w * (desired / (_like(_EPSILON, w) + norms))


@export("keras.constraints.NonNeg")
class NonNeg(Constraint):
    """Sets negative weights to zero."""

    def __call__(self, w: Any) -> Any:
        """Return the weight within its bounds.

        Args:
            w: A tensor.
        """
        return w * cast(op("GreaterEqual", x=w, y=_like(0.0, w)), dtype_of(w))


@export("keras.constraints.UnitNorm")
class UnitNorm(Constraint):
    """Scales weights to a norm of one.

    Args:
        axis: The axes of each vector.
    """

    def __init__(self, axis: Any = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Return the weight within its bounds.

        Args:
            w: A tensor.
        """
        return w / (_like(_EPSILON, w) + _norms(w, self.axis))


@export("keras.constraints.MinMaxNorm")
class MinMaxNorm(Constraint):
    """Scales weights towards norms between two bounds.

    Args:
        min_value: The least norm.
        max_value: The largest.
        rate: How far; 1 all the way.
        axis: The axes of each vector.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """Return the weight within its bounds.

        Args:
            w: A tensor.
        """
        norms = _norms(w, self.axis)
        clipped = clip_by_value(norms, self.min_value, self.max_value)
        desired = _like(self.rate, w) * clipped + _like(1 - self.rate, w) * norms
        return w * (desired / (_like(_EPSILON, w) + norms))


_BY_NAME: dict[str, type[Constraint]] = {
    "MaxNorm": MaxNorm, "max_norm": MaxNorm, "maxnorm": MaxNorm, "NonNeg": NonNeg, "non_neg": NonNeg,
    "nonneg": NonNeg, "UnitNorm": UnitNorm, "unit_norm": UnitNorm, "unitnorm": UnitNorm,
    "MinMaxNorm": MinMaxNorm, "min_max_norm": MinMaxNorm,
}  # fmt: skip
for _name in ("max_norm", "non_neg", "unit_norm", "min_max_norm"):
    export_value(f"keras.constraints.{_name}", _BY_NAME[_name])


@export("keras.constraints.get")
def get(identifier: Any) -> Any:
    """Return the constraint that an argument stands for.

    Args:
        identifier: A name, something to call, or None.

    Raises:
        ValueError: It is something else.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    raise ValueError(f"Could not interpret constraint identifier: {identifier}")

"""`tf.keras.regularizers`: penalties on weights and outputs, which the arguments of layers may name."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.common import dtype_of
from onevar.v1.export import export, export_value
from onevar.v1.math_ops_reduce import reduce_sum


@export("keras.regularizers.Regularizer")
class Regularizer:
    """The base class of regularizers: functions of a tensor that return a loss."""

    def __call__(self, x: Any) -> Any:
        """Return the penalty.

        Args:
            x: A tensor.
        """
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Regularizer":
        """Return one made with what `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal one."""
        return dict(vars(self))


def _absolute(factor: float, x: Any) -> Any:
    return _times(factor, reduce_sum(op("Abs", x=x)))


def _squared(factor: float, x: Any) -> Any:
    return _times(2.0 * factor, op("L2Loss", t=x))


def _times(factor: float, x: Any) -> Any:
    return factor * x


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise ValueError(
            f"Value: {value} is not a valid regularization penalty number, expected an int or float value."
        )
    return float(value)


@export("keras.regularizers.L1L2")
class L1L2(Regularizer):
    """`l1` times the sum of absolute values and `l2` times the sum of squares.

    Args:
        l1: The first factor.
        l2: The second.

    Raises:
        ValueError: One is no number.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1, self.l2 = _number(l1 or 0.0), _number(l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        """Return the penalty.

        Args:
            x: A tensor.
        """
        loss = convert_to_tensor(0.0, dtype=dtype_of(x), name="Const")
        if self.l1:
            loss = op("AddV2", "add", x=loss, y=_absolute(self.l1, x))
        if self.l2:
            loss = op("AddV2", "add", x=loss, y=_squared(self.l2, x))
        return loss


@export("keras.regularizers.L1")
class L1(Regularizer):
    """`l1` times the sum of absolute values.

    Args:
        l1: The factor.
        l: Its older name.

    Raises:
        ValueError: It is no number.
    """

    def __init__(self, l1: float | None = 0.01, l: float | None = None):  # noqa: E741 (TensorFlow's name)
        factor = l1 if l is None else l
        self.l1 = _number(0.01 if factor is None else factor)

    def __call__(self, x: Any) -> Any:
        """Return the penalty.

        Args:
            x: A tensor.
        """
        return _absolute(self.l1, x)


@export("keras.regularizers.L2")
class L2(Regularizer):
    """`l2` times the sum of squares.

    Args:
        l2: The factor.
        l: Its older name.

    Raises:
        ValueError: It is no number.
    """

    def __init__(self, l2: float | None = 0.01, l: float | None = None):  # noqa: E741 (TensorFlow's name)
        factor = l2 if l is None else l
        self.l2 = _number(0.01 if factor is None else factor)

    def __call__(self, x: Any) -> Any:
        """Return the penalty.

        Args:
            x: A tensor.
        """
        return _squared(self.l2, x)


@export("keras.regularizers.l1_l2")
def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Return a regularizer of both kinds.

    Args:
        l1: The factor of absolute values.
        l2: The factor of squares.
    """
    return L1L2(l1=l1, l2=l2)


export_value("keras.regularizers.l1", L1)
export_value("keras.regularizers.l2", L2)
_BY_NAME: dict[str, Callable[..., Regularizer]] = {
    "L1L2": L1L2, "L1": L1, "L2": L2, "l1": L1, "l2": L2, "l1_l2": l1_l2,
}  # fmt: skip


@export("keras.regularizers.serialize")
def serialize(regularizer: Any) -> Any:
    """Return a regularizer as a dictionary of its class's name and its configuration.

    Args:
        regularizer: The regularizer, or None.
    """
    if regularizer is None:
        return None
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


@export("keras.regularizers.get")
def get(identifier: Any) -> Any:
    """Return the regularizer that an argument stands for.

    Args:
        identifier: A name, a dictionary of `serialize`, something to call, or None.

    Raises:
        ValueError: It is something else.
    """
    if identifier is None or callable(identifier):
        return identifier
    name, config = identifier, {}
    if isinstance(identifier, dict):
        name, config = identifier["class_name"], identifier["config"]
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name](**config)
    raise ValueError(f"Could not interpret regularizer identifier: {identifier}")

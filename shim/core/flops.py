"""How many float operations an operation is, as TensorFlow's profiler counts them."""

import math
from collections.abc import Callable

from onevar.core.operation import Operation, Tensor


def _size(tensor: Tensor) -> int:
    """Return how many elements a tensor has.

    Raises:
        ValueError: Nobody knows yet.
    """
    shape = tensor.spec.shape
    if shape is None or None in shape:
        raise ValueError(f"The shape of {tensor.name} is not known.")
    return math.prod(shape)  # type: ignore[arg-type]


def _dims(tensor: Tensor) -> tuple[int, ...]:
    _size(tensor)
    return tensor.spec.shape  # type: ignore[return-value]


def _each_input(times: int) -> Callable[[Operation], int]:
    return lambda op: times * _size(op.inputs[0])


def _each_output(times: int) -> Callable[[Operation], int]:
    return lambda op: times * _size(op.outputs[0])


def _reduced(finalize: int) -> Callable[[Operation], int]:
    return lambda op: _size(op.inputs[0]) + _size(op.outputs[0]) * (finalize - 1)


def _convolved(op: Operation) -> int:
    """Two for each element of the filter and each of the result, shared among the channels that come out."""
    return 2 * _size(op.outputs[0]) * _size(op.inputs[1]) // max(1, _dims(op.inputs[1])[-1])


def _depthwise(op: Operation) -> int:
    height, width = _dims(op.inputs[1])[:2]
    return 2 * _size(op.outputs[0]) * height * width


def _pooled(op: Operation) -> int:
    return math.prod(op.attrs["ksize"]) * _size(op.outputs[0])


def _multiplied(op: Operation) -> int:
    turned = op.attrs.get("transpose_a", op.attrs.get("adj_x", False))
    inner = _dims(op.inputs[0])[-2 if turned else -1]
    return 2 * inner * _size(op.outputs[0])


def _dilated(op: Operation) -> int:
    height, width = _dims(op.inputs[1])[:2]
    return 2 * _size(op.outputs[0]) * height * width


_COUNTS: dict[str, Callable[[Operation], int]] = {
    **dict.fromkeys(("Reciprocal", "Square", "Log", "Neg", "AssignSub", "AssignAdd", "BiasAdd"), _each_input(1)),
    "Rsqrt": _each_input(2),
    "Softmax": _each_input(5),
    "L2Loss": lambda op: 3 * _size(op.inputs[0]) - 1,
    **dict.fromkeys(
        (
            "Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "Pow", "GreaterEqual", "Greater",
            "LessEqual", "Less", "Equal", "NotEqual",
        ),
        _each_output(1),
    ),
    "SquaredDifference": _each_output(2),
    "RsqrtGrad": _each_output(4),
    "Mean": _reduced(1),
    **dict.fromkeys(("Sum", "ArgMax", "ArgMin", "BiasAddGrad"), _reduced(0)),
    "AddN": lambda op: _size(op.inputs[0]) * (len(op.inputs) - 1),
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _multiplied),
    **dict.fromkeys(("Conv2D", "Conv3D"), _convolved),
    "DepthwiseConv2dNative": _depthwise,
    "Dilation2D": _dilated,
    **dict.fromkeys(("MaxPool", "AvgPool"), _pooled),
}  # fmt: skip


def float_operations(op: Operation) -> int:
    """Return how many float operations an operation is; 0 for what is not counted, or of unknown shape."""
    count = _COUNTS.get(op.type)
    if count is None:
        return 0
    try:
        return int(count(op))
    except ValueError:
        return 0

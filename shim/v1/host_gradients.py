"""Gradients of ops that are computed on the host, where no framework differentiates them: TensorFlow's formulas."""

from typing import Any

from onevar.core.build import op
from onevar.v1.array_ops_index import where_v2
from onevar.v1.array_ops_shape import reshape, shape
from onevar.v1.common import dtype_of
from onevar.v1.custom_gradients import RegisterGradient
from onevar.v1.math_ops_elementwise import UNARY, cast, exp, lgamma, log, polygamma, sign, zeta
from onevar.v1.math_ops_reduce import reduce_sum

# -- sparse tensors ---------------------------------------------------------------------------------------


@RegisterGradient("SparseAdd")
def _sparse_add(operation: Any, _: Any, gradient: Any, __: Any) -> list[Any]:
    a, b = operation.inputs[0], operation.inputs[3]
    of_a, of_b = op(
        "SparseAddGrad", backprop_val_grad=gradient, a_indices=a, b_indices=b, sum_indices=operation.outputs[0]
    )
    return [None, of_a, None, None, of_b, None, None]


@RegisterGradient("SparseSlice")
def _sparse_slice(operation: Any, _: Any, gradient: Any, __: Any) -> list[Any]:
    parts: dict[str, Any] = {"input_indices": operation.inputs[0], "input_start": operation.inputs[3]}
    made = op("SparseSliceGrad", backprop_val_grad=gradient, **parts, output_indices=operation.outputs[0])
    return [None, made, None, None, None]


@RegisterGradient("SparseFillEmptyRows")
def _sparse_fill(operation: Any, _: Any, gradient: Any, __: Any, ___: Any) -> list[Any]:
    of_values, of_default = op("SparseFillEmptyRowsGrad", reverse_index_map=operation.outputs[3], grad_values=gradient)
    return [None, of_values, None, of_default]


def _refuse(op_type: str) -> None:
    @RegisterGradient(op_type)
    def refuse(operation: Any, *gradients: Any) -> list[Any]:
        raise NotImplementedError(f"Gradients for {op_type} is currently not implemented yet.")


_refuse("SparseSparseMaximum")
_refuse("SparseSparseMinimum")

# -- special functions ------------------------------------------------------------------------------------


def _back_to(gradient: Any, tensors: tuple[Any, ...], partials: tuple[Any, ...]) -> list[Any]:
    """The gradients of inputs that were broadcast to each other; None for those that have none."""
    sizes = [shape(tensor) for tensor in tensors]
    total = sizes[0]
    for other in sizes[1:]:
        total = op("BroadcastArgs", s0=total, s1=other)
    found: list[Any] = []
    for size, partial in zip(sizes, partials, strict=True):
        if partial is None:
            found.append(None)
            continue
        axes, _ = op("BroadcastGradientArgs", s0=size, s1=total)
        found.append(reshape(reduce_sum(gradient * partial, axes), size))
    return found


def _gamma_density(a: Any, x: Any) -> Any:
    return exp(-x + (a - 1) * log(x) - lgamma(a))


@RegisterGradient("Igamma")
def _igamma(operation: Any, gradient: Any) -> list[Any]:
    a, x = operation.inputs
    return _back_to(gradient, (a, x), (op("IgammaGradA", a=a, x=x), _gamma_density(a, x)))


@RegisterGradient("Igammac")
def _igammac(operation: Any, gradient: Any) -> list[Any]:
    return [-part for part in _igamma(operation, gradient)]


@RegisterGradient("Betainc")
def _betainc(operation: Any, gradient: Any) -> list[Any]:
    a, b, x = operation.inputs
    log_beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    density = exp((b - 1) * UNARY["Log1p"](-x) + (a - 1) * log(x) - log_beta)
    return _back_to(gradient, (a, b, x), (None, None, density))


@RegisterGradient("Zeta")
def _zeta(operation: Any, gradient: Any) -> list[Any]:
    x, q = operation.inputs
    return _back_to(gradient, (x, q), (None, -x * zeta(x + 1, q)))


@RegisterGradient("Polygamma")
def _polygamma(operation: Any, gradient: Any) -> list[Any]:
    n, x = operation.inputs
    return _back_to(gradient, (n, x), (None, polygamma(n + 1, x)))


def _bessel(op_type: str, x: Any) -> Any:
    return op(op_type, x=x)


@RegisterGradient("BesselI0")
def _bessel_i0(operation: Any, gradient: Any) -> Any:
    return gradient * _bessel("BesselI1", operation.inputs[0])


@RegisterGradient("BesselI0e")
def _bessel_i0e(operation: Any, gradient: Any) -> Any:
    (x,) = operation.inputs
    return gradient * (_bessel("BesselI1e", x) - sign(x) * operation.outputs[0])


def _at_zero(x: Any, value: float, elsewhere: Any) -> Any:
    return where_v2(op("Equal", x=x, y=cast(0.0, dtype_of(x))), cast(value, dtype_of(x)), elsewhere)


@RegisterGradient("BesselI1")
def _bessel_i1(operation: Any, gradient: Any) -> Any:
    (x,) = operation.inputs
    return gradient * _at_zero(x, 1.0, _bessel("BesselI0", x) - operation.outputs[0] / x)


@RegisterGradient("BesselI1e")
def _bessel_i1e(operation: Any, gradient: Any) -> Any:
    (x,) = operation.inputs
    slope = _bessel("BesselI0e", x) - operation.outputs[0] * (sign(x) + op("Reciprocal", x=x))
    return gradient * _at_zero(x, 0.5, slope)

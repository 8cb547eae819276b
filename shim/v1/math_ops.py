"""TensorFlow's chapter of mathematics; the parts are in the modules `math_ops_*`."""

import onevar.v1.clip_ops
import onevar.v1.linalg_ops
import onevar.v1.math_ops_segment  # noqa: F401 (what they define, they export)
from onevar.core.operation import install_operators
from onevar.v1.math_ops_elementwise import add, cast, exp, log, maximum, minimum, multiply, sqrt, square, subtract
from onevar.v1.math_ops_make import range_, saturate_cast
from onevar.v1.math_ops_matmul import add_n, einsum, matmul, tensordot
from onevar.v1.math_ops_operators import OPERATORS
from onevar.v1.math_ops_reduce import argmax, cumsum, reduce_all, reduce_max, reduce_mean, reduce_min, reduce_sum

__all__ = [
    "OPERATORS",
    "add",
    "add_n",
    "argmax",
    "cast",
    "cumsum",
    "einsum",
    "exp",
    "log",
    "matmul",
    "maximum",
    "minimum",
    "multiply",
    "range_",
    "reduce_all",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "saturate_cast",
    "sqrt",
    "square",
    "subtract",
    "tensordot",
]

install_operators(OPERATORS)

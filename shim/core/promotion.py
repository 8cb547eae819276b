"""Which dtype an operator computes in: Keras 3's rules, for each pair of operands."""

from functools import lru_cache

from onevar import config
from onevar.dtypes import FLOAT8, NARROW, result_type

_COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
_LOGIC = frozenset({"logical_and", "logical_or", "logical_xor"})
# What these give for two bools is an integer, as in JAX.
_COUNTING = frozenset({"floor_divide", "remainder", "pow"})

Operand = str | type


def compute_dtype(kernel: str, left: Operand, right: Operand, *, keeps_int64: bool) -> str:
    """Return the dtype that both operands of `kernel` are cast to.

    Args:
        kernel: A binary name of `contract.KERNELS`.
        left: A dtype's name, or the Python type of a scalar.
        right: Likewise.
        keeps_int64: The adapter's.

    Raises:
        ValueError: float8 beside another dtype.
    """
    return _compute_dtype(kernel, left, right, keeps_int64, config.floatx())


@lru_cache(maxsize=4096)
def _compute_dtype(kernel: str, left: Operand, right: Operand, keeps_int64: bool, floatx: str) -> str:
    if kernel in _LOGIC:
        return "bool"
    if kernel == "divide" and not {left, right} & set(FLOAT8):
        return result_type(left, right, float)
    if kernel == "matmul" and left == right == "int8":
        return "int32"
    if left == right and left in FLOAT8:
        return str(left)  # whether it can be computed in is the adapter's to say
    dtype = result_type(left, right)
    if kernel in _COUNTING and dtype == "bool":
        return "int32"
    if keeps_int64 and dtype == "int32" and _wants_int64(left, right):
        return "int64"
    return dtype


def _wants_int64(left: Operand, right: Operand) -> bool:
    """Whether the lattice would have said int64, and only Keras's narrowing said int32."""
    operands = {left, right}
    return "uint32" in operands and bool(operands & {"int8", "int16", "int32"}) and not operands & set(NARROW)

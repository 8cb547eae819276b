"""Accumulators of gradients: definitions over `core.accumulators`."""

from typing import Any

import numpy as np

from onevar.core.accumulators import Accumulator, DenseAccumulator, Rows, SparseAccumulator
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.queues import cpp_name
from onevar.core.resources import resource
from onevar.core.spec import Shape


def _scalar(*_: Any) -> Shape:
    return ()


def _nothing(*_: Any) -> list[Shape]:
    return []


def _unknown(*_: Any) -> Shape:
    return None


def _rows(*_: Any) -> list[Shape]:
    return [(None,), None, (None,)]


def _found(kind: type, dtype: str, shape: Shape, reduction_type: str, container: str, shared_name: str) -> Accumulator:
    mean = reduction_type == "MEAN"
    found = resource(
        "accumulator", lambda name: kind(name, dtype, shape, mean), container=container, shared_name=shared_name
    )
    if found.dtype != dtype or found.shape != shape:
        raise InvalidArgumentError(
            None, None,
            f"Shared conditional accumulator '{found.name}' has dtype {cpp_name(found.dtype)} and shape "
            f"{found.shape}, but requested were {cpp_name(dtype)} and {shape}",
        )  # fmt: skip
    return found


@kernel("ConditionalAccumulator", "ResourceConditionalAccumulator", resource=True, infer=_scalar)
def conditional_accumulator(
    k: Any, *, dtype: str, shape: Shape, container: str, shared_name: str, reduction_type: str
) -> Accumulator:
    """The Session's accumulator of this name."""
    return _found(DenseAccumulator, dtype, shape, reduction_type, container, shared_name)


@kernel("SparseConditionalAccumulator", resource=True, infer=_scalar)
def sparse_conditional_accumulator(
    k: Any, *, dtype: str, shape: Shape, container: str, shared_name: str, reduction_type: str
) -> Accumulator:
    """The Session's accumulator of this name, of rows."""
    return _found(SparseAccumulator, dtype, shape, reduction_type, container, shared_name)


@kernel("AccumulatorApplyGradient", "ResourceAccumulatorApplyGradient", resource=True, infer=_nothing)
def accumulator_apply_gradient(k: Any, handle: DenseAccumulator, local_step: np.ndarray, gradient: np.ndarray) -> tuple:
    """Put a gradient in."""
    handle.apply(int(local_step), lambda: handle.add(gradient))
    return ()


@kernel("AccumulatorTakeGradient", "ResourceAccumulatorTakeGradient", resource=True, infer=_unknown)
def accumulator_take_gradient(k: Any, handle: DenseAccumulator, num_required: np.ndarray) -> np.ndarray:
    """Take the mean or sum out."""
    return handle.take(int(num_required))


@kernel("SparseAccumulatorApplyGradient", resource=True, infer=_nothing)
def sparse_accumulator_apply_gradient(
    k: Any, handle: SparseAccumulator, local_step: np.ndarray, gradient_indices: np.ndarray,
    gradient_values: np.ndarray, gradient_shape: np.ndarray, *, has_known_shape: bool,
) -> tuple:  # fmt: skip
    """Put rows of a gradient in."""
    parts = (gradient_indices, gradient_values, gradient_shape, has_known_shape)
    handle.apply(int(local_step), lambda: handle.add(*parts))
    return ()


@kernel("SparseAccumulatorTakeGradient", resource=True, infer=_rows)
def sparse_accumulator_take_gradient(k: Any, handle: SparseAccumulator, num_required: np.ndarray) -> Rows:
    """Take the mean or sum of the rows out."""
    return handle.take(int(num_required))


@kernel("AccumulatorNumAccumulated", "ResourceAccumulatorNumAccumulated", resource=True, infer=_scalar)
def accumulator_num_accumulated(k: Any, handle: Accumulator) -> np.ndarray:
    """How many were put in."""
    return np.array(handle.count, np.int32)


@kernel("AccumulatorSetGlobalStep", "ResourceAccumulatorSetGlobalStep", resource=True, infer=_nothing)
def accumulator_set_global_step(k: Any, handle: Accumulator, new_global_step: np.ndarray) -> tuple:
    """Let gradients of earlier steps count no more."""
    handle.set_step(int(new_global_step))
    return ()

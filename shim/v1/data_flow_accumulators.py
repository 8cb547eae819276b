"""Accumulators of gradients: `tf.ConditionalAccumulator`, `tf.SparseConditionalAccumulator`."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.tensor_shape import TensorShape, unknown_shape
from onevar.v1.common import shape_of
from onevar.v1.export import export, exported


def _step(value: Any) -> Any:
    return exported("cast")(convert_to_tensor(value), dtypes.int64)


@export("ConditionalAccumulatorBase")
class ConditionalAccumulatorBase:
    """What accumulators have in common; see `tf.compat.v1.ConditionalAccumulatorBase`.

    Args:
        dtype: Of the gradients.
        shape: Of the gradients, or None.
        accumulator_ref: The output of the operation that stands for the accumulator.
    """

    _prefix = "Resource"

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Any):
        self._dtype = as_dtype(dtype)
        self._shape = unknown_shape() if shape is None else TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.split("/")[-1] if isinstance(accumulator_ref, Tensor) else ""

    @property
    def accumulator_ref(self) -> Any:
        """The output of the operation that stands for the accumulator."""
        return self._accumulator_ref

    @property
    def name(self) -> str:
        """The name of that operation, without scopes."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The dtype of the gradients."""
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Any:
        """Return how many gradients were put in since the last was taken out.

        Args:
            name: Of the operation.
        """
        name = name or f"{self._name}_NumAccumulated"
        return op(f"{self._prefix}AccumulatorNumAccumulated", handle=self._accumulator_ref, name=name)

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Any:
        """Return an operation after which gradients of earlier steps do not count.

        Args:
            new_global_step: The step.
            name: Of the operation.
        """
        return op(
            f"{self._prefix}AccumulatorSetGlobalStep", handle=self._accumulator_ref,
            new_global_step=_step(new_global_step), name=name,
        )  # fmt: skip


def _made(kind: str, dtype: Any, shape: Any, shared_name: str | None, name: str, reduction_type: str) -> Any:
    return op(
        kind, dtype=as_dtype(dtype), shape=TensorShape(shape), shared_name=shared_name or "", name=name,
        reduction_type=reduction_type,
    )  # fmt: skip


@export("ConditionalAccumulator")
class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Sums up gradients until there are enough; see `tf.compat.v1.ConditionalAccumulator`.

    Args:
        dtype: Of the gradients.
        shape: Of the gradients, or None.
        shared_name: Accumulators of one name are the same in a Session.
        name: Of the operation.
        reduction_type: `"MEAN"` or `"SUM"`.
    """

    def __init__(
        self, dtype: Any, shape: Any = None, shared_name: str | None = None, name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ):  # fmt: skip
        ref = _made("ResourceConditionalAccumulator", dtype, shape, shared_name, name, reduction_type)
        super().__init__(dtype, shape, ref)

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Any:
        """Return an operation that puts a gradient in, unless it is of an earlier step.

        Args:
            grad: The gradient.
            local_step: Its step.
            name: Of the operation.

        Raises:
            ValueError: It is of another shape.
        """
        grad = convert_to_tensor(grad, dtype=self._dtype)
        shape_of(grad).assert_is_compatible_with(self._shape)
        return op(
            "ResourceAccumulatorApplyGradient", handle=self._accumulator_ref, local_step=_step(local_step),
            gradient=grad, name=name,
        )  # fmt: skip

    def take_grad(self, num_required: Any, name: str | None = None) -> Any:
        """Return the mean or sum of the gradients; waits until there are enough.

        Args:
            num_required: How many.
            name: Of the operation.
        """
        out = op(
            "ResourceAccumulatorTakeGradient", handle=self._accumulator_ref, num_required=num_required,
            dtype=self._dtype, name=name,
        )  # fmt: skip
        if isinstance(out, Tensor):
            out.set_shape(self._shape)
        return out


@export("SparseConditionalAccumulator", "sparse.SparseConditionalAccumulator")
class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Sums up rows of gradients until there are enough; see `tf.compat.v1.SparseConditionalAccumulator`.

    Args:
        dtype: Of the gradients.
        shape: Of the gradients, or None.
        shared_name: Accumulators of one name are the same in a Session.
        name: Of the operation.
        reduction_type: `"MEAN"` or `"SUM"`.
    """

    _prefix = ""

    def __init__(
        self, dtype: Any, shape: Any = None, shared_name: str | None = None,
        name: str = "sparse_conditional_accumulator", reduction_type: str = "MEAN",
    ):  # fmt: skip
        ref = _made("SparseConditionalAccumulator", dtype, shape, shared_name, name, reduction_type)
        super().__init__(dtype, shape, ref)

    def apply_indexed_slices_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Any:
        """Return an operation that puts rows of a gradient in, unless it is of an earlier step.

        Args:
            grad: `IndexedSlices`.
            local_step: Its step.
            name: Of the operation.
        """
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(
        self, grad_indices: Any, grad_values: Any, grad_shape: Any = None, local_step: Any = 0, name: str | None = None
    ) -> Any:
        """Return an operation that puts rows of a gradient in, unless it is of an earlier step.

        Args:
            grad_indices: Which rows, in ascending order.
            grad_values: The rows.
            grad_shape: Of the whole gradient, or None.
            local_step: Its step.
            name: Of the operation.
        """
        cast = exported("cast")
        step = _step(local_step)
        return op(
            "SparseAccumulatorApplyGradient", handle=self._accumulator_ref, local_step=step,
            gradient_indices=cast(grad_indices, dtypes.int64), gradient_values=grad_values,
            gradient_shape=cast([] if grad_shape is None else grad_shape, dtypes.int64),
            has_known_shape=grad_shape is not None, name=name,
        )  # fmt: skip

    def take_grad(self, num_required: Any, name: str | None = None) -> Any:
        """Return indices, values and shape of the mean or sum; waits until there is enough.

        Args:
            num_required: How many.
            name: Of the operation.
        """
        return tuple(
            op(
                "SparseAccumulatorTakeGradient", handle=self._accumulator_ref, num_required=num_required,
                dtype=self._dtype, name=name,
            )
        )  # fmt: skip

    def take_indexed_slices_grad(self, num_required: Any, name: str | None = None) -> IndexedSlices:
        """Return the mean or sum as `IndexedSlices`; waits until there is enough.

        Args:
            num_required: How many.
            name: Of the operation.
        """
        indices, values, shape = self.take_grad(num_required, name)
        return IndexedSlices(values, indices, shape)

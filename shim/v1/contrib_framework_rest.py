"""`tf.contrib.framework`: shapes that are checked, sums, placeholders; `tf.contrib.tpu.CrossShardOptimizer`."""

from collections.abc import Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies, get_default_graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import identity
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops import assert_, assert_scalar
from onevar.v1.common import dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.global_steps import assert_global_step, get_global_step
from onevar.v1.math_ops_elementwise import equal
from onevar.v1.math_ops_matmul import add_n
from onevar.v1.math_ops_reduce import reduce_all, reduce_sum
from onevar.v1.optimizer_base import Optimizer


def _offer(name: str) -> Any:
    return export(f"contrib.framework.{name}")


@_offer("assert_or_get_global_step")
def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """Return the global step that is given, checked, or that of the graph.

    Args:
        graph: The graph; None means the default one.
        global_step_tensor: The global step, or None.
    """
    if global_step_tensor is None:
        return get_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor


@_offer("assert_scalar_int")
def assert_scalar_int(tensor: Any, name: str | None = None) -> Any:
    """Return a tensor that is a scalar of int32 or int64.

    Args:
        tensor: The tensor.
        name: Of the scope.

    Raises:
        ValueError: It is none.
    """
    with name_scope(name, "assert_scalar_int", [tensor]):
        tensor = convert_to_tensor(tensor)
        if dtype_of(tensor).name not in ("int32", "int64"):
            raise ValueError(f"Expected int32 or int64, got: {dtype_of(tensor)}")
        return assert_scalar(tensor)


@_offer("reduce_sum_n")
def reduce_sum_n(tensors: Sequence[Any], name: str | None = None) -> Any:
    """Return the sum of all elements of tensors.

    Args:
        tensors: The tensors.
        name: Of the scope.

    Raises:
        ValueError: There are none.
    """
    if not tensors:
        raise ValueError("No tensors provided.")
    with name_scope(name, "reduce_sum_n", list(tensors)) as scope:
        sums = [one if rank_of(one) == 0 else reduce_sum(one) for one in tensors]
        return sums[0] if len(sums) == 1 else add_n(sums, name=scope)


def _checked(tensor: Any, wanted: Any, message: list[Any]) -> Any:
    same = reduce_all(equal(wanted, shape_op(tensor)))
    with control_dependencies([assert_(same, message)]):
        return identity(tensor)


@_offer("with_shape")
def with_shape(expected_shape: Any, tensor: Any) -> Any:
    """Return a tensor whose shape is checked, when the graph is built or when it runs.

    Args:
        expected_shape: The shape: a list, a TensorShape or a tensor.
        tensor: The tensor.

    Raises:
        ValueError: It is known to have another shape.
    """
    tensor = convert_to_tensor(tensor)
    if isinstance(expected_shape, Tensor):
        return _checked(tensor, expected_shape, [f"Wrong shape for {tensor.name}", shape_op(tensor)])
    expected = TensorShape(expected_shape)
    known = shape_of(tensor)
    if not known.is_compatible_with(expected):
        raise ValueError(f"Invalid shape for {tensor.name}, expected {expected}, got {known}.")
    if not known.is_fully_defined() and expected.is_fully_defined():
        tensor = _checked(tensor, expected.as_list(), [f"Wrong shape for {tensor.name}", shape_op(tensor)])
    set_shape(tensor, expected)
    return tensor


@_offer("with_same_shape")
def with_same_shape(expected_tensor: Any, tensor: Any) -> Any:
    """Return a tensor whose shape is checked to be that of another.

    Args:
        expected_tensor: The other one.
        tensor: The tensor.

    Raises:
        ValueError: It is known to have another shape.
    """
    with name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        known = shape_of(expected_tensor)
        return with_shape(known if known.is_fully_defined() else shape_op(expected_tensor), tensor)


@_offer("get_placeholders")
def get_placeholders(graph: Any) -> list[Any]:
    """Return the placeholders of a graph.

    Args:
        graph: The graph; None means the default one.
    """
    operations = (graph or get_default_graph()).get_operations()
    return [operation.values()[0] for operation in operations if operation.type == "Placeholder"]


@export("tpu.cross_replica_sum", "contrib.tpu.cross_replica_sum")
def cross_replica_sum(x: Any, group_assignment: Any = None, name: str | None = None) -> Any:
    """Return a tensor summed over replicas, of which there is one.

    Args:
        x: The tensor.
        group_assignment: Accepted.
        name: Of the operation.
    """
    return op("Identity", input=x, name=name or "CrossReplicaSum")


@export("tpu.CrossShardOptimizer", "contrib.tpu.CrossShardOptimizer")
class CrossShardOptimizer(Optimizer):
    """An optimizer whose gradients are summed over shards, of which there is one: it is the other optimizer.

    Args:
        opt: The optimizer.
        reduction: Accepted.
        name: Of the optimizer.
        group_assignment: Accepted.
    """

    def __init__(
        self, opt: Any, reduction: str = "weighted_mean", name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ):  # fmt: skip
        super().__init__(False, name)
        self._opt = opt

    def compute_gradients(self, loss: Any, var_list: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """See the optimizer.

        Args:
            loss: What is differentiated.
            var_list: By what.
            **kwargs: Handed on.
        """
        return self._opt.compute_gradients(loss, var_list=var_list, **kwargs)

    def apply_gradients(  # type: ignore[override]
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """See the optimizer.

        Args:
            grads_and_vars: Pairs of a gradient and a variable.
            global_step: Counts the steps.
            name: Of the operation.
        """
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """See the optimizer.

        Args:
            *args: Handed on.
            **kwargs: Handed on.
        """
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """See the optimizer.

        Args:
            *args: Handed on.
            **kwargs: Handed on.
        """
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        """See the optimizer."""
        return self._opt.variables()

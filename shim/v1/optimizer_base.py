"""`tf.train.Optimizer`: gradients of a loss, and what updates variables with them.

A program's own optimizer overrides the methods with a leading underscore, as TensorFlow documents them: `_prepare`,
`_create_slots`, `_apply_dense`, `_resource_apply_dense`, `_apply_sparse`, `_resource_apply_sparse`, their
`..._duplicate_indices`, `_finish`, `_valid_dtypes`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor, internal_convert_to_tensor_or_indexed_slices
from onevar.core.default_graph import (
    colocate_with,
    control_dependencies,
    get_collection,
    get_collection_ref,
    get_default_graph,
)
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.stand_ins import all_ours
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.gradients_impl import gradients
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import group, tuple_
from onevar.v1.init_scopes import init_scope
from onevar.v1.loss_functions import gradients_of_function
from onevar.v1.optimizer_rules import Rules
from onevar.v1.optimizer_targets import check_target, name_of, summed_by_index, update
from onevar.v1.state_ops import assign_add
from onevar.v1.variable_scopes import variable_scope
from onevar.v1.variables import is_resource_variable

_FLOATS = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)


@export("train.Optimizer")
class Optimizer(Rules):
    """Base of all optimizers.

    Args:
        use_locking: Accepted; updates are atomic.
        name: Of the scope of what it makes, and of its slots.
        use_own_namescope_for_non_slot_vars: Whether variables that belong to no other are made in a variable scope of
            the optimizer's name.

    Raises:
        ValueError: There is no name.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str, use_own_namescope_for_non_slot_vars: bool = False):
        if not name:
            raise ValueError("Must specify the optimizer name")
        super().__init__()
        self._use_locking = use_locking
        self._name = name
        self._use_own_namescope_for_non_slot_vars = use_own_namescope_for_non_slot_vars
        if use_own_namescope_for_non_slot_vars:
            with variable_scope(None, default_name=name) as scope:
                self._non_slot_variable_scope = scope

    def get_name(self) -> str:
        """Return the optimizer's name."""
        return self._name

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:  # fmt: skip
        """Return an operation that makes one step: `compute_gradients` and `apply_gradients`.

        Args:
            loss: A tensor, or a function without arguments that returns one.
            global_step: A Variable that counts the steps.
            var_list: What is changed; None is all trainable variables.
            gate_gradients: `GATE_NONE`, `GATE_OP` or `GATE_GRAPH`.
            aggregation_method: Accepted.
            colocate_gradients_with_ops: Accepted.
            name: Of the operation.
            grad_loss: What the gradient of the loss is multiplied with.

        Raises:
            ValueError: The loss does not depend on any of the variables, or is not of floats.
        """
        pairs = self.compute_gradients(
            loss, var_list=var_list, gate_gradients=gate_gradients, aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops, grad_loss=grad_loss,
        )  # fmt: skip
        if all(grad is None for grad, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, "
                f"between variables {[str(v) for _, v in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    # -- gradients ------------------------------------------------------------------------------

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """Return `(gradient, variable)` for each variable; the gradient is None where there is none.

        Args:
            loss: As for `minimize`, like the other arguments.
            var_list: Variables, or tensors.
            gate_gradients: As for `minimize`.
            aggregation_method: Accepted.
            colocate_gradients_with_ops: Accepted.
            grad_loss: As for `minimize`.

        Raises:
            RuntimeError: The loss is no function where operations compute at once.
            TypeError: `var_list` holds something else.
            ValueError: There is no variable, an argument is not allowed, or something is not of floats.
        """
        if callable(loss):
            return gradients_of_function(lambda: self._scale_loss(loss()), var_list, grad_loss)
        if executing_eagerly():
            raise RuntimeError(
                "`loss` passed to Optimizer.compute_gradients should be a function when eager execution is enabled."
            )
        loss = self._scale_loss(loss)
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not "
                f"{gate_gradients}"
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        if var_list is None:
            variables = [
                *get_collection(GraphKeys.TRAINABLE_VARIABLES), *get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
            ]  # fmt: skip
        else:
            variables = all_ours(flatten(var_list))
        for variable in variables:
            check_target(variable)
        if not variables:
            raise ValueError("No variables to optimize.")
        found = gradients(
            loss, variables, grad_ys=grad_loss, gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method, colocate_gradients_with_ops=colocate_gradients_with_ops,
        )  # fmt: skip
        if gate_gradients == Optimizer.GATE_GRAPH:
            found = tuple_(found)
        pairs = list(zip(found, variables, strict=True))
        self._assert_valid_dtypes([v for g, v in pairs if g is not None and v.dtype != dtypes.resource])
        return pairs

    @staticmethod
    def _scale_loss(loss_value: Any) -> Any:
        return loss_value

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        valid = self._valid_dtypes()
        for tensor in tensors:
            dtype = dtype_of(tensor)
            if dtype not in valid:
                raise ValueError(f"Invalid type {dtype!r} for {tensor.name}, expected: {list(valid)}.")

    def _valid_dtypes(self) -> set[Any]:
        """Return the dtypes of losses and variables that can be worked on."""
        return set(_FLOATS)

    # -- updates --------------------------------------------------------------------------------

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: str | None = None,
        skip_gradients_aggregation: bool = False,
    ) -> Any:  # fmt: skip
        """Return an operation that updates variables with gradients.

        Args:
            grads_and_vars: What `compute_gradients` returns.
            global_step: A Variable that counts the steps.
            name: Of the operation; None takes the optimizer's.
            skip_gradients_aggregation: Accepted: there are no replicas here.

        Raises:
            TypeError: A gradient is neither tensor nor IndexedSlices nor None.
            ValueError: There is no gradient at all.
        """
        pairs = _converted(grads_and_vars)
        changed = [variable for grad, variable in pairs if grad is not None]
        if not changed:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v in pairs]}.")
        with init_scope():
            self._create_slots(changed)
        with name_scope(name, self._name) as scope:
            self._prepare()
            done = []
            for grad, variable in pairs:
                if grad is not None:
                    with name_scope(f"update_{name_of(variable)}"), colocate_with(variable):
                        done.append(update(self, grad, variable))
            if global_step is None:
                finished = self._finish(done, scope)
            else:
                finished = self._counted(self._finish(done, "update"), global_step, scope)
            return None if executing_eagerly() else _remembered(finished)

    @staticmethod
    def _counted(finished: Any, global_step: Any, name: str) -> Any:
        with control_dependencies([] if finished is None else [finished]), colocate_with(global_step):
            if is_resource_variable(global_step):
                one = convert_to_tensor(1, dtype=global_step.dtype)
                return op("AssignAddVariableOp", resource=global_step.handle, value=one, name=name)
            return assign_add(global_step, 1, name=name)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Make the variables that go along with those that are optimized."""

    def _prepare(self) -> None:
        """Make the tensors that all updates need, hyperparameters above all."""

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        """Return the operation that is done when all updates are.

        Args:
            update_ops: The updates.
            name_scope: Its name.
        """
        return group(*update_ops, name=name_scope)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        """Return what updates rows of a resource variable, which `indices` may name several times.

        Args:
            grad: The rows' gradients.
            handle: The variable.
            indices: Which rows.
        """
        sums, unique_indices = summed_by_index(grad, indices)
        return self._resource_apply_sparse(sums, handle, unique_indices)

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        """Return what updates rows of a reference variable, which may be named several times.

        Args:
            grad: The rows' gradients.
            var: The variable.
        """
        sums, unique_indices = summed_by_index(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(sums, unique_indices, grad.dense_shape), var)


def _converted(grads_and_vars: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    given = tuple(grads_and_vars)
    if not given:
        raise ValueError("No variables provided.")
    pairs = []
    for grad, variable in given:
        found = grad
        if grad is not None:
            try:
                found = internal_convert_to_tensor_or_indexed_slices(grad)
            except TypeError:
                raise TypeError(f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}") from None
            if not executing_eagerly() and not isinstance(found, Tensor | IndexedSlices):
                raise TypeError(f"Gradient must be a Tensor, IndexedSlices, or None: {grad}")
        check_target(variable)
        pairs.append((found, variable))
    return pairs


def _remembered(finished: Any) -> Any:
    """Return the training operation, which joins its collection."""
    operation = finished.op if isinstance(finished, Tensor) else finished
    known = get_collection_ref(GraphKeys.TRAIN_OP)
    if operation not in known:
        known.append(operation)
    return operation


def current_graph() -> Any:
    """Return the graph that variables of no other variable's belong to, or None where operations compute at once."""
    return None if executing_eagerly() else get_default_graph()

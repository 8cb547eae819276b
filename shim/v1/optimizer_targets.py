"""What an optimizer can work on, `tf.train.Optimizer`'s view of a variable: how it is read, and how it is updated."""

from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import control_dependencies
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.v1.array_ops_index import unique
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import is_tensor
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.variables import Variable, is_resource_variable

#: Whose op types call the gradient of a whole variable so.
_OF_DELTA = ("GradientDescent", "ProximalGradientDescent")


def var_key(var: Any) -> Any:
    """Return what stands for a variable in an optimizer's tables.

    Args:
        var: A Variable or tensor.
    """
    if getattr(var, "_in_graph_mode", True) and hasattr(var, "op"):
        return var.op.graph, var.op.name
    return var.ref()


def is_eager_variable(var: Any) -> bool:
    """Whether a variable holds its value itself, and has no operation.

    Args:
        var: A Variable or tensor.
    """
    return isinstance(var, Variable) and not getattr(var, "_in_graph_mode", True)


def name_of(var: Any) -> str:
    """Return the name of a variable's operation, or nothing where it has none.

    Args:
        var: A Variable or tensor.
    """
    return "" if executing_eagerly() or is_eager_variable(var) else var.op.name


def check_target(var: Any) -> None:
    """Raise NotImplementedError for what no optimizer can work on.

    Args:
        var: What was given for a variable.
    """
    if not isinstance(var, Variable | Tensor) and not is_tensor(var):
        raise NotImplementedError("Trying to optimize unsupported type ", var)


def update(optimizer: Any, grad: Any, var: Any) -> Any:
    """Return what updates a variable when it runs, its constraint after it.

    Args:
        optimizer: The `Optimizer` whose `_apply_...` methods are called.
        grad: A tensor, or IndexedSlices.
        var: The variable.

    Raises:
        NotImplementedError: `var` is a tensor.
        RuntimeError: A variable with a constraint has a sparse gradient.
    """
    if not isinstance(var, Variable):
        raise NotImplementedError("Trying to update a Tensor ", var)
    resource = is_resource_variable(var)
    if not isinstance(grad, IndexedSlices):
        done = optimizer._resource_apply_dense(grad, var) if resource else optimizer._apply_dense(grad, var)
        if var.constraint is None:
            return done
        with control_dependencies([] if done is None else [done]):
            return var.assign(var.constraint(var))
    if var.constraint is not None:
        raise RuntimeError("Cannot use a constraint function on a sparse variable.")
    if resource:
        return optimizer._resource_apply_sparse_duplicate_indices(grad.values, var, grad.indices)
    return optimizer._apply_sparse_duplicate_indices(grad, var)


def summed_by_index(values: Any, indices: Any) -> tuple[Any, Any]:
    """Return `(sums, unique_indices)`: the rows of `values` that belong to one index added up.

    Args:
        values: Rows.
        indices: Which row of the variable each belongs to.
    """
    unique_indices, positions = unique(indices)
    count = shape(unique_indices)[0]
    return op("UnsortedSegmentSum", data=values, segment_ids=positions, num_segments=count), unique_indices


def apply(
    kind: str, variables: dict[str, Any], hyper: dict[str, Any], grad: Any, indices: Any = None, **flags: Any
) -> Any:
    """Make the operation that updates a variable and its slots: `ApplyAdam` or one of its three relatives.

    Args:
        kind: What the op types have in common: `Adam`.
        variables: The variable and its slots by the op's names for them, all references or all resources.
        hyper: The hyperparameters by the op's names, which get the dtype of the variable.
        grad: The gradient.
        indices: Rows that the gradient is of; None is all.
        **flags: Attributes.

    Returns:
        The operation; None where it has been done already.
    """
    var = variables["var"]
    resource = is_resource_variable(var)
    dtype = var.dtype.base_dtype
    arguments: dict[str, Any] = {name: v.handle if resource else v for name, v in variables.items()}
    arguments.update({name: cast(value, dtype) for name, value in hyper.items()})
    if indices is not None:
        arguments["indices"] = indices
    op_type = f"{'Resource' if resource else ''}{'' if indices is None else 'Sparse'}Apply{kind}"
    arguments["delta" if indices is None and kind in _OF_DELTA else "grad"] = grad
    done = op(op_type, **arguments, **flags)
    return done if done is None or isinstance(done, Operation) else getattr(done, "op", done)

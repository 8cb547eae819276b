"""Functions inside `tensorflow.python.framework`, `.eager`, `.ops` and `.layers` that programs import."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from onevar.core import constant as constants
from onevar.core import context, default_graph
from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.core.tensor_shape import (
    TensorShape,
    as_shape,
    broadcast_shape,
    is_broadcast_compatible,
    matrix,
    scalar,
    unknown_shape,
    vector,
)
from onevar.v1.export import export, export_value
from onevar.v1.framework import convert_to_tensor as convert_to_tensor_v1
from onevar.v1.gradients_impl import UnconnectedGradients, gradients
from onevar.v1.sparse_types import SparseTensor

constant_value_as_shape = constants.constant_value_as_shape


def _export_types() -> None:
    for name in dir(dtypes):
        value = getattr(dtypes, name)
        if isinstance(value, dtypes.DType):
            export_value(f"python.framework.dtypes.{name}_ref", value._as_ref)
    for function in (as_shape, broadcast_shape, is_broadcast_compatible, matrix, scalar, unknown_shape, vector):
        module = "common_shapes" if "broadcast" in function.__name__ else "tensor_shape"
        export_value(f"python.framework.{module}.{function.__name__}", function)
    for name in ("Tensor", "Operation", "IndexedSlices"):
        for module in ("ops", "tensor", "indexed_slices"):
            export_value(
                f"python.framework.{module}.{name}", {"Tensor": Tensor, "Operation": Operation}.get(name, IndexedSlices)
            )


_export_types()
for _module in ("python.framework.ops", "python.framework.ops.context", "python.eager.context"):
    export_value(f"{_module}.executing_eagerly", context.executing_eagerly)
export_value("python.framework.constant_op.convert_to_eager_tensor", convert_to_tensor_v1)


# -- python.framework.ops -----------------------------------------------------------------------------


@export("contrib.framework.get_graph_from_inputs", "python.framework.ops._get_graph_from_inputs")
def get_graph_from_inputs(op_input_list: Sequence[Any], graph: Any = None) -> Any:
    """Return the graph that all inputs are of.

    Args:
        op_input_list: Tensors and operations; what is neither does not count.
        graph: The graph that they have to be of.

    Raises:
        ValueError: They are of several graphs.
    """
    found, first = graph, None
    for item in op_input_list:
        owner = getattr(item, "graph", None)
        if owner is None:
            continue
        if found is None:
            found, first = owner, item
        elif owner is not found:
            if first is None:
                raise ValueError(f"{item} is not from the passed-in graph.")
            raise ValueError(f"{item} must be from the same graph as {first}.")
    return found or default_graph.get_default_graph()


@export("contrib.framework.get_name_scope", "python.framework.ops.get_name_scope")
def get_name_scope() -> str:
    """Return the current name scope of the default graph, without a slash at its end."""
    return default_graph.get_default_graph().get_name_scope()


@export("contrib.framework.strip_name_scope", "python.framework.ops.strip_name_scope")
def strip_name_scope(name: str, export_scope: str | None) -> str:
    """Return `name` without a scope in front of it.

    Args:
        name: Of an operation; `^` or `loc:@` may stand before it.
        export_scope: The scope, or None.
    """
    if not export_scope:
        return name
    export_scope = export_scope.removesuffix("/")
    for mark in ("loc:@", "^", ""):
        if name.startswith(f"{mark}{export_scope}/"):
            return mark + name[len(mark) + len(export_scope) + 1 :]
    return name


@export("contrib.framework.prepend_name_scope", "python.framework.ops.prepend_name_scope")
def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """Return `name` with a scope in front of it.

    Args:
        name: Of an operation; `^` or `loc:@` may stand before it.
        import_scope: The scope, or None.
    """
    if not import_scope:
        return name
    import_scope = import_scope.removesuffix("/")
    mark = next(mark for mark in ("loc:@", "^", "") if name.startswith(mark))
    return f"{mark}{import_scope}/{name[len(mark) :]}"


@export("python.framework.ops.name_from_scope_name")
def name_from_scope_name(name: str) -> str:
    """Return a scope's name as that of an operation.

    Args:
        name: What `name_scope` gave.
    """
    return name.removesuffix("/")


@export("python.framework.ops.internal_convert_to_tensor")
def internal_convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False,
                               preferred_dtype: Any = None, ctx: Any = None) -> Any:  # fmt: skip
    """Return a value as a tensor.

    Args:
        value: What `tf.convert_to_tensor` takes.
        dtype: The dtype that it has to have.
        name: Of the operation.
        as_ref: Whether a variable is wanted as a reference.
        preferred_dtype: The dtype where nothing else says one.
        ctx: Accepted.
    """
    return convert_to_tensor(value, dtype, name, preferred_dtype, as_ref)


@export("python.framework.ops.convert_n_to_tensor", "python.framework.ops.internal_convert_n_to_tensor")
def convert_n_to_tensor(
    values: Sequence[Any], dtype: Any = None, name: str | None = None, as_ref: bool = False, preferred_dtype: Any = None
) -> list[Any]:
    """Return values as tensors.

    Args:
        values: What `tf.convert_to_tensor` takes, each.
        dtype: The dtype that they have to have.
        name: Of the operations, a number behind it.
        as_ref: Whether variables are wanted as references.
        preferred_dtype: The dtype where nothing else says one.

    Raises:
        TypeError: `values` is no sequence.
    """
    if not isinstance(values, Sequence):
        raise TypeError("values must be a sequence.")
    return [
        convert_to_tensor(value, dtype, None if name is None else f"{name}_{index}", preferred_dtype, as_ref)
        for index, value in enumerate(values)
    ]


@export("python.framework.ops.has_default_graph")
def has_default_graph() -> bool:
    """Whether there is a default graph."""
    return True


@export("python.framework.ops.inside_function")
def inside_function() -> bool:
    """Whether a function of the graph is being built."""
    return bool(getattr(default_graph.get_default_graph(), "building_function", False))


export_value("python.framework.ops.NullContextmanager", nullcontext)
_uid = iter(range(1, 2**62))


@export("python.framework.ops.uid")
def uid() -> int:
    """Return a number that no other call returned."""
    return next(_uid)


# -- modes ---------------------------------------------------------------------------------------------


@export("python.eager.context.graph_mode")
@contextmanager
def graph_mode() -> Iterator[None]:
    """Build graphs inside the `with` block."""
    before, context.THREAD.eager = context.THREAD.eager, False
    try:
        yield
    finally:
        context.THREAD.eager = before


export_value("python.eager.context.eager_mode", context.eager_mode)
export_value("python.eager.context.in_eager_mode", context.executing_eagerly)


class _Context:
    """What there is to ask of the context: devices and the mode."""

    def executing_eagerly(self) -> bool:
        """Whether calls compute at once."""
        return context.executing_eagerly()

    def num_gpus(self) -> int:
        """Return 0: devices are the frameworks' matter."""
        return 0

    def ensure_initialized(self) -> None:
        """Accepted: there is nothing to prepare."""

    @property
    def executing_eagerly_(self) -> bool:
        """The same as `executing_eagerly`."""
        return context.executing_eagerly()


_CONTEXT = _Context()


@export("python.eager.context.context")
def current_context() -> Any:
    """Return what tells of mode and devices."""
    return _CONTEXT


@export("python.eager.context.num_gpus")
def num_gpus() -> int:
    """Return 0: devices are the frameworks' matter."""
    return 0


@export("python.eager.context.ensure_initialized")
def ensure_initialized() -> None:
    """Accepted: there is nothing to prepare."""


@export("python.tf2.enabled", "python.framework.ops.tf2_enabled")
def tf2_enabled() -> bool:
    """Return False: this is TensorFlow 1."""
    return False


@export("executing_eagerly_outside_functions", "python.framework.ops.executing_eagerly_outside_functions",
        "compat.v1.executing_eagerly_outside_functions")  # fmt: skip
def executing_eagerly_outside_functions() -> bool:
    """Whether calls compute at once where no function is being built."""
    return context.executing_eagerly()


@export("control_flow_v2_enabled")
def control_flow_v2_enabled() -> bool:
    """Return False: a graph shows the names of TensorFlow 1's control flow."""
    return False


def _never(*names: str) -> None:
    for name in names:

        def function(*unused: Any) -> Any:
            return False

        function.__name__ = function.__qualname__ = name.rpartition(".")[2]
        function.__doc__ = "Return False: there is none of that here."
        export_value(name, function)


_never(
    "python.ops.control_flow_util.IsInXLAContext", "python.ops.control_flow_util.InXlaContext",
    "python.ops.control_flow_util.GraphOrParentsInXlaContext", "python.ops.control_flow_util.IsInWhileLoop",
    "python.ops.control_flow_util.IsInCond", "python.distribute.summary_op_util.skip_summary",
    "python.ops.control_flow_util.EnableControlFlowV2", "python.compiler.xla.xla.is_xla_context",
    "python.framework.ops.is_auto_dtype_conversion_enabled", "python.framework.ops.is_numpy_style_type_promotion",
)  # fmt: skip
for _name in ("GetContainingXLAContext", "GetContainingWhileContext", "GetContainingCondContext", "GetWhileContext"):
    export_value(f"python.ops.control_flow_util.{_name}", lambda *unused: None)
export_value("python.ops.control_flow_util.ENABLE_CONTROL_FLOW_V2", False)
export_value("python.ops.control_flow_ops.ENABLE_CONTROL_FLOW_V2", False)


# -- others ---------------------------------------------------------------------------------------------


@export("python.ops.math_ops._bucketize")
def bucketize(input: Any, boundaries: Sequence[float], name: str | None = None) -> Any:
    """Return the number of the bucket that each element falls into.

    Args:
        input: A tensor.
        boundaries: Where one bucket ends and the next begins, sorted.
        name: Of the operation.
    """
    return op("Bucketize", input=input, boundaries=list(boundaries), name=name)


def gradients_v2(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", gate_gradients: bool = False,
    aggregation_method: Any = None, stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> Any:  # fmt: skip
    """Return `tf.gradients` of the arguments, in TensorFlow 2's order.

    Args:
        ys: What is differentiated.
        xs: By what.
        grad_ys: The gradients of `ys`.
        name: Of the scope.
        gate_gradients: Whether all are computed before any is used.
        aggregation_method: Accepted.
        stop_gradients: What counts as constant.
        unconnected_gradients: What becomes of those on which `ys` do not depend.
    """
    return gradients(
        ys, xs, grad_ys, name, False, gate_gradients, aggregation_method, stop_gradients, unconnected_gradients
    )


def hessian_vector_product(ys: Any, xs: Sequence[Any], v: Sequence[Any]) -> list[Any]:
    """Return the Hessian of `ys` times a vector, by two gradients.

    Args:
        ys: A scalar.
        xs: Tensors.
        v: The vector, in pieces of the shapes of `xs`.

    Raises:
        ValueError: `xs` and `v` are not as many.
    """
    if len(v) != len(xs):
        raise ValueError("xs and v must have the same length.")
    slopes = gradients(ys, xs)
    products = [
        op("Mul", x=slope, y=op("StopGradient", input=part))
        for slope, part in zip(slopes, v, strict=True)
        if slope is not None
    ]
    return gradients(products, xs)


@export("python.framework.common_shapes.has_fully_define_shape", "python.framework.tensor_util.ShapeEquals")
def has_fully_defined_shape(tensor: Any, shape: Any = None) -> bool:
    """Whether a tensor's shape is known in full, or, where a shape is given, is that one.

    Args:
        tensor: A tensor.
        shape: A shape, or None.
    """
    known = TensorShape(tensor.shape)
    return known.is_fully_defined() if shape is None else known.as_list() == TensorShape(shape).as_list()


@export("python.framework.tensor_util.is_tensor", "python.framework.tensor_util.is_tf_type")
def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of any kind, or a variable.

    Args:
        x: Anything.
    """
    return isinstance(x, Tensor | IndexedSlices | SparseTensor) or hasattr(x, "_dense_var_to_tensor")


@export("contrib.framework.convert_to_tensor_or_sparse_tensor")
def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return sparse tensors as they are, everything else as a tensor.

    Args:
        value: A sparse tensor, its value, or what `tf.convert_to_tensor` takes.
        dtype: What it has to be.
        name: Of the operation.
    """
    from onevar.v1.sparse_types import convert_to_tensor_or_sparse_tensor as converted

    return converted(value, dtype, name)

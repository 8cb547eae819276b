"""What the chapters of the API share: looking at tensors of either mode, and TensorFlow's renamed arguments."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.dtypes import standardize_dtype
from onevar.v1.export import export


def dims_of(tensor: Any) -> tuple[int | None, ...] | None:
    """Return what is known of a tensor's shape: a tuple of `int | None`, or None.

    Args:
        tensor: A tensor of a graph, a Variable, or a framework's own tensor.
    """
    if isinstance(tensor, Tensor):
        return tensor.spec.shape
    shape = tensor.shape
    if isinstance(shape, TensorShape):
        return shape.tuple
    return tuple([None if d is None else int(d) for d in shape])


def rank_of(tensor: Any) -> int | None:
    """Return the number of a tensor's dimensions, or None.

    Args:
        tensor: As for `dims_of`.
    """
    dims = dims_of(tensor)
    return None if dims is None else len(dims)


def shape_of(tensor: Any) -> TensorShape:
    """Return what is known of a tensor's shape.

    Args:
        tensor: As for `dims_of`.
    """
    return TensorShape.of(dims_of(tensor))


def dtype_of(tensor: Any) -> DType:
    """Return a tensor's `DType`, never a reference.

    Args:
        tensor: As for `dims_of`.
    """
    dtype = tensor.dtype
    if isinstance(dtype, DType):
        return dtype.base_dtype
    try:
        return as_dtype(dtype)
    except TypeError:
        return as_dtype(standardize_dtype(dtype))


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor or a Variable already, so that its dtype is not ours to choose.

    Args:
        value: Anything.
    """
    if isinstance(value, Tensor) or hasattr(value, "_dense_var_to_tensor"):
        return True
    # A framework's own tensors, eagerly. NumPy's arrays are values, as in TensorFlow.
    return hasattr(value, "__dlpack__") and type(value).__module__.partition(".")[0] != "numpy"


def set_shape(tensor: Any, shape: Any) -> None:
    """Tell a tensor of a graph more of its shape; eagerly there is nothing to tell.

    Args:
        tensor: As for `dims_of`.
        shape: What `TensorShape` takes.
    """
    if isinstance(tensor, Tensor):
        tensor.set_shape(shape)


def renamed(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """Return the value of an argument that has two names.

    Args:
        new_name: Its name today.
        new: What was given under that name, or None.
        old_name: Its older name.
        old: What was given under that one, or None.

    Raises:
        ValueError: Both were given.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old


def same_type(x: Any, y: Any, x_name: str = "x", y_name: str = "y") -> tuple[Any, Any]:
    """Return both as tensors, the second preferably of the first's dtype.

    Args:
        x: What `convert_to_tensor` takes.
        y: The same.
        x_name: For the operation that the conversion of `x` makes.
        y_name: The same for `y`.
    """
    x = convert_to_tensor(x, name=x_name)
    return x, convert_to_tensor(y, preferred_dtype=dtype_of(x), name=y_name)


def unary(op_type: str, *names: str) -> Callable[..., Any]:
    """Make and export a function `(x, name=None)` of an op type.

    Args:
        op_type: TensorFlow's.
        *names: To export it under; the first is the function's own.
    """

    def function(x: Any, name: str | None = None) -> Any:
        if op_type in _OF_VALUES and hasattr(x, "with_values"):
            # TensorFlow tries with the tensor itself first, and that takes the name.
            name = get_default_graph().unique_name(name or op_type)
            return x.with_values(op(op_type, x=x.values, name=name))
        return op(op_type, x=x, name=name)

    return _named(function, op_type, names)


#: Ops that keep zeros, which TensorFlow does to the values of a sparse tensor.
_OF_VALUES = frozenset({"Neg", "Square", "Sqrt", "Erf", "Tanh"})


def binary(op_type: str, *names: str) -> Callable[..., Any]:
    """Make and export a function `(x, y, name=None)` of an op type.

    Args:
        op_type: TensorFlow's.
        *names: To export it under; the first is the function's own.
    """

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        return op(op_type, x=x, y=y, name=name)

    return _named(function, op_type, names)


def _named(function: Callable[..., Any], op_type: str, names: tuple[str, ...]) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = names[0].rpartition(".")[2]
    function.__doc__ = f"TensorFlow's op `{op_type}`: see `tf.{names[0]}` in TensorFlow's documentation."
    return export(*names)(function)

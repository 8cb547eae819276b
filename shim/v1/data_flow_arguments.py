"""What queues, barriers and staging areas are given: dtypes, shapes and names of the components of an element."""

from collections.abc import Sequence
from typing import Any

from onevar.core.dtype import DType, as_dtype
from onevar.core.tensor_shape import TensorShape, as_shape


def as_type_list(dtypes: Any) -> list[DType]:
    """Return one dtype or several as a list.

    Args:
        dtypes: A dtype, or a list or tuple of them.
    """
    several = list(dtypes) if isinstance(dtypes, list | tuple) else [dtypes]
    return [as_dtype(dtype) for dtype in several]


def as_shape_list(shapes: Any, unknown_dim_allowed: bool = False) -> list[TensorShape] | None:
    """Return one shape or several as a list.

    Args:
        shapes: None, a shape, or a list or tuple of shapes.
        unknown_dim_allowed: Whether dimensions may be unknown.

    Raises:
        TypeError: `shapes` is nothing of that.
        ValueError: A shape is not known well enough.
    """
    single = isinstance(shapes, list | tuple) and all(shape is None or isinstance(shape, int) for shape in shapes)
    if unknown_dim_allowed and (not isinstance(shapes, Sequence) or not shapes or _has_sizes(shapes)):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    elif not isinstance(shapes, list | tuple):
        raise TypeError(f"Shapes must be a TensorShape or a list or tuple of TensorShapes, got {type(shapes)} instead.")
    elif single:
        shapes = [shapes]
    found = [as_shape(shape) for shape in shapes]
    if not unknown_dim_allowed and any(not shape.is_fully_defined() for shape in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    if any(shape.ndims is None for shape in found):
        raise ValueError(f"All shapes must have a defined rank: {found}")
    return found


def _has_sizes(shapes: Sequence[Any]) -> bool:
    return any(shape is None or isinstance(shape, int) for shape in shapes)


def as_name_list(names: Any, dtypes: Sequence[DType]) -> list[str] | None:
    """Return one name or several as a list.

    Args:
        names: None, a name, or a list or tuple of names.
        dtypes: There is one name for each.

    Raises:
        ValueError: There are more or fewer.
    """
    if names is None:
        return None
    found = list(names) if isinstance(names, list | tuple) else [names]
    if len(found) != len(dtypes):
        raise ValueError(
            "List of names must have the same length as the list of dtypes, received "
            f"len(names)={len(found)},len(dtypes)={len(dtypes)}"
        )
    return found


def common_shape(shapes: Sequence[TensorShape]) -> TensorShape:
    """Return what is known of a shape that is one of several.

    Args:
        shapes: At least one.
    """
    first = shapes[0].tuple
    if first is None or any(s.tuple is None or len(s.tuple) != len(first) for s in shapes):
        return TensorShape(None)
    columns = zip(*[s.tuple for s in shapes], strict=True)  # type: ignore[arg-type]
    return TensorShape([sizes[0] if len(set(sizes)) == 1 else None for sizes in columns])


def as_list(values: Any) -> list[Any]:
    """Return what an operation returned, or is given, as a list of tensors.

    Args:
        values: A tensor, a list or tuple of them, or a dictionary of them.
    """
    if isinstance(values, dict):
        return list(values.values())
    return list(values) if isinstance(values, list | tuple) else [values]

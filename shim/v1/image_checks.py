"""What the operations on images check: that they have three dimensions or four, and numbers that are in range."""

from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.v1.array_ops_shape import rank, shape, unstack
from onevar.v1.check_ops import assert_, assert_greater_equal, assert_positive
from onevar.v1.common import dims_of, is_tensor, shape_of
from onevar.v1.grouping_ops import with_dependencies


def check(condition: Any, error: type[Exception], message: str) -> list[Any]:
    """Return what has to run before a condition is relied on: nothing if it is known to hold.

    Args:
        condition: A tensor, or a Python value.
        error: What is raised at once if it is known not to hold.
        message: What is wrong then.
    """
    if is_tensor(condition):
        return [assert_(condition, [message])]
    if not condition:
        raise error(message)
    return []


def three_dims(image: Any, require_static: bool = True) -> list[Any]:
    """Return the checks that an image has three dimensions, none of them empty.

    Args:
        image: The image.
        require_static: Whether the number of dimensions has to be known.

    Raises:
        ValueError: It has another number of dimensions, or an empty one.
    """
    try:
        found = shape_of(image).with_rank(3)
    except ValueError:
        raise ValueError(f"'image' (shape {shape_of(image)}) must be three-dimensional.") from None
    if require_static and not found.is_fully_defined():
        raise ValueError(f"'image' ({found}) must be fully defined.")
    if any(size == 0 for size in found.as_list() if size is not None) if found.dims is not None else False:
        raise ValueError(f"all dims of 'image.shape' must be > 0: {found}")
    if not found.is_fully_defined():
        return [assert_positive(shape(image), ["all dims of 'image.shape' must be > 0."])]
    return []


def at_least_three_dims(image: Any) -> list[Any]:
    """Return the checks that images have at least three dimensions, none of the last three empty.

    Args:
        image: An image, or several.

    Raises:
        ValueError: They have fewer, or an empty one.
    """
    dims = dims_of(image)
    if dims is not None and len(dims) < 3:
        raise ValueError(f"'image' (shape {shape_of(image)}) must be at least three-dimensional.")
    if dims is not None and 0 in dims[-3:]:
        raise ValueError(f"inner 3 dims of 'image.shape' must be > 0: {shape_of(image)}")
    if dims is not None and None not in dims[-3:]:
        return []
    return [
        assert_positive(shape(image)[-3:], ["inner 3 dims of 'image.shape' must be > 0."]),
        assert_greater_equal(rank(image), 3, message="'image' must be at least three-dimensional."),
    ]


def checked(image: Any) -> Any:
    """Return images that are checked to have at least three dimensions.

    Args:
        image: What `convert_to_tensor` takes.
    """
    return with_dependencies(at_least_three_dims(image), image)


def tensor(image: Any, name: str = "image") -> Any:
    """Return a value as a tensor.

    Args:
        image: What `convert_to_tensor` takes.
        name: Of the operation that converts it.
    """
    return convert_to_tensor(image, name=name)


def sizes(image: Any, count: int) -> list[Any]:
    """Return an image's sizes: numbers where they are known, tensors where they are not.

    Args:
        image: The image.
        count: How many dimensions it has.
    """
    dims = dims_of(image)
    if dims is not None and None not in dims:
        return list(dims)
    known = dims if dims is not None else [None] * count
    dynamic = unstack(shape(image), count)
    return [dynamic[i] if size is None else size for i, size in enumerate(known)]


def known(values: list[Any]) -> list[Any]:
    """Return sizes with None for those that are tensors.

    Args:
        values: As `sizes` returns them.
    """
    return [None if is_tensor(value) else value for value in values]

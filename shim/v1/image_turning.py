"""Images turned over: `tf.image.flip_left_right`, `random_flip_up_down`, `rot90`, `transpose_image` and their like."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import rank, reshape, reverse, shape, transpose
from onevar.v1.case_ops import case
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.image_checks import checked, tensor
from onevar.v1.math_ops_elementwise import cast, round_
from onevar.v1.random_ops import random_uniform


def _by_rank(image: Any, one: Callable[[], Any], several: Callable[[], Any]) -> Any:
    """Do one thing for an image, another one for a batch of them."""
    count = rank_of(image)
    if count is None:
        return cond(op("Equal", x=rank(image), y=3), one, several)
    if count == 3:
        return one()
    if count == 4:
        return several()
    raise ValueError(f"'image' (shape {shape_of(image)})must have either 3 or 4 dimensions.")


def _like(image: Any, result: Any) -> Any:
    """Tell a flipped image the image's shape."""
    dims = dims_of(image)
    set_shape(result, [None, None, None] if dims is None else dims)
    return result


def _flip(image: Any, axis: int, scope: str) -> Any:
    with name_scope(None, scope, [image]):
        image = checked(tensor(image))
        return _by_rank(image, lambda: _like(image, reverse(image, [axis])), lambda: reverse(image, [axis + 1]))


@export("image.flip_left_right")
def flip_left_right(image: Any) -> Any:
    """Return an image, or several, with left and right exchanged; see `tf.image.flip_left_right`."""
    return _flip(image, 1, "flip_left_right")


@export("image.flip_up_down")
def flip_up_down(image: Any) -> Any:
    """Return an image, or several, upside down; see `tf.image.flip_up_down`."""
    return _flip(image, 0, "flip_up_down")


def random_flip(image: Any, axis: int, draw: Callable[[Any], Any], scope_name: str) -> Any:
    """Return an image, or each of several, turned over or not.

    Args:
        image: The image.
        axis: Which axis of an image is turned.
        draw: `draw(shape)` to numbers from 0 to 1.
        scope_name: Of the operations.
    """
    with name_scope(None, scope_name, [image]) as scope:
        image = checked(tensor(image))

        def one() -> Any:
            turned = op("Less", x=draw([]), y=0.5)
            return _like(image, cond(turned, lambda: reverse(image, [axis]), lambda: image, name=scope))

        def several() -> Any:
            count = shape(image)[0]
            drawn = draw([count])
            flips = cast(round_(reshape(drawn, [count, 1, 1, 1])), dtype_of(image))
            return flips * reverse(image, [axis + 1]) + (1 - flips) * image

        return _by_rank(image, one, several)


def _from(seed: int | None) -> Callable[[Any], Any]:
    return lambda size: random_uniform(size, 0, 1.0, seed=seed)


@export("image.random_flip_left_right")
def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """Return an image, or each of several, with left and right exchanged or not; see `tf.image`."""
    return random_flip(image, 1, _from(seed), "random_flip_left_right")


@export("image.random_flip_up_down")
def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """Return an image, or each of several, upside down or not; see `tf.image`."""
    return random_flip(image, 0, _from(seed), "random_flip_up_down")


@export("image.transpose_image", "image.transpose")
def transpose_image(image: Any, name: str | None = None) -> Any:
    """Return an image, or several, with rows and columns exchanged; see `tf.image.transpose`."""
    named: dict[str, Any] = {"name": name}
    with name_scope(name, "transpose", [image]):
        image = checked(tensor(image))
        return _by_rank(
            image,
            lambda: transpose(image, [1, 0, 2], **named),
            lambda: transpose(image, [0, 2, 1, 3], **named),
        )


@export("image.rot90")
def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """Return an image, or several, turned by quarters against the clock.

    Args:
        image: The image.
        k: How many quarters.
        name: Of the operations.

    Raises:
        ValueError: It has neither 3 nor 4 dimensions, or `k` is no scalar.
    """
    with name_scope(name, "rot90", [image, k]) as scope:
        image = checked(tensor(image))
        k = convert_to_tensor(k, dtype=dtypes.int32, name="k")
        shape_of(k).assert_has_rank(0)
        k = k % 4
        return _by_rank(image, lambda: _rotated(image, k, 0, scope), lambda: _rotated(image, k, 1, scope))


def _rotated(image: Any, k: Any, first: int, scope: str) -> Any:
    rows, columns = first, first + 1
    order = [*range(first), columns, rows, first + 2]

    def once() -> Any:
        return transpose(reverse(image, [columns]), order)

    def twice() -> Any:
        return reverse(image, [rows, columns])

    def thrice() -> Any:
        return reverse(transpose(image, order), [columns])

    choices = [(op("Equal", x=k, y=count), turn) for count, turn in ((1, once), (2, twice), (3, thrice))]
    result = case(choices, default=lambda: image, exclusive=True, name=scope)
    dims = dims_of(image)
    if dims is not None:
        set_shape(result, [*dims[:first], None, None, dims[-1]])
    return result

"""`tf.layers.InputSpec`: what a layer demands of its inputs, and whether given ones satisfy it."""

from collections.abc import Mapping
from typing import Any

from onevar.core import nest
from onevar.core.dtype import as_dtype
from onevar.core.tensor_shape import TensorShape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export


@export("layers.InputSpec", "keras.layers.InputSpec")
class InputSpec:
    """The dtype, rank and shape that one input of a layer has to have.

    Args:
        dtype: The dtype.
        shape: The shape, with the batch; None is an axis that may have any size.
        ndim: The rank.
        max_ndim: The highest rank.
        min_ndim: The lowest rank.
        axes: Axis to the size that it has to have.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be there or not.
        name: The key of the input where inputs are a dictionary.
        optional: Whether the input may be None.

    Raises:
        TypeError: `axes` is not a dictionary with integer keys.
        ValueError: One of `axes` is above the highest rank.
    """

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
        min_ndim: int | None = None, axes: Mapping[Any, Any] | None = None, allow_last_axis_squeeze: bool = False,
        name: str | None = None, optional: bool = False,
    ):  # fmt: skip
        self.dtype = None if dtype is None else as_dtype(dtype).name
        known = TensorShape(shape)
        self.shape = None if known.rank is None else tuple(known.as_list())
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.optional = optional
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (AttributeError, ValueError, TypeError):
            raise TypeError(f"Argument `axes` must be a dict with integer keys. Received: axes={axes}") from None
        self._check_axes()

    def _check_axes(self) -> None:
        ranks = [rank for rank in (self.ndim, self.max_ndim) if rank is not None]
        if self.axes and ranks:
            highest, allowed = max(self.axes), (self.ndim or self.max_ndim or 0) - 1
            if highest > allowed:
                raise ValueError(f"Axis {highest} is greater than the maximum allowed value: {allowed}")

    def __repr__(self) -> str:
        fields = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{field}={value}' for field in fields if (value := getattr(self, field)))})"

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal one."""
        return {field: getattr(self, field) for field in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "InputSpec":
        """Return one made with the arguments that `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)


def check_inputs(specs: Any, inputs: Any, layer_name: str) -> None:
    """Raise where inputs are not what a layer demands.

    Args:
        specs: An InputSpec, a nested structure of such, or None.
        inputs: The inputs, alike.
        layer_name: For the messages.

    Raises:
        ValueError: They are not compatible, or not as many.
        TypeError: One is no tensor.
    """
    if not specs:
        return
    wanted = nest.flatten(specs)
    given = nest.flatten(_by_name(wanted, inputs))
    pairs = list(zip(given, wanted, strict=False))
    for x, spec in pairs:
        if spec is not None and not (x is None and spec.optional) and not hasattr(x, "shape"):
            raise TypeError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) as input for layer '{layer_name}'."
            )
    if len(given) != len(wanted):
        raise ValueError(
            f'Layer "{layer_name}" expects {len(wanted)} input(s), but it received {len(given)} input tensors. '
            f"Inputs received: {given}"
        )
    for number, (x, spec) in enumerate(pairs):
        if spec is None or (x is None and spec.optional):
            continue
        shape = shape_of(x)
        if shape.rank is None:
            return
        problem = _problem(spec, x, shape)
        if problem:
            raise ValueError(f'Input {number} of layer "{layer_name}" is incompatible with the layer: {problem}')


def _by_name(specs: list[Any], inputs: Any) -> Any:
    """Return inputs of a dictionary in the order of the specs, where these have names.

    Raises:
        ValueError: An input is missing.
    """
    names = [spec.name for spec in specs if spec is not None]
    if not isinstance(inputs, dict) or len(names) < len(specs) or not all(names):
        return inputs
    for name in names:
        if name not in inputs:
            raise ValueError(
                f'Missing data for input "{name}". You passed a data dictionary with keys {list(inputs)}. Expected '
                f"the following keys: {names}"
            )
    return [inputs[name] for name in names]


def _problem(spec: Any, x: Any, shape: TensorShape) -> str | None:
    sizes = tuple(shape.as_list())
    rank = len(sizes)
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and rank != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={rank}. Full shape received: {sizes}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={rank}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={rank}. Full shape received: {sizes}"
    if spec.dtype is not None and dtype_of(x).name != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={x.dtype}"
    return _problem_of_sizes(spec, sizes)


def _problem_of_sizes(spec: Any, sizes: tuple[int | None, ...]) -> str | None:
    for axis, size in spec.axes.items():
        size = getattr(size, "value", size)
        if size is not None and sizes[int(axis)] not in {size, None}:
            return f"expected axis {axis} of input shape to have value {size}, but received input with shape {sizes}"
    if spec.shape is None:
        return None
    wanted, given = spec.shape, sizes
    if spec.allow_last_axis_squeeze:
        wanted, given = _squeezed(wanted), _squeezed(given)
    if any(a is not None and b is not None and a != b for a, b in zip(wanted, given, strict=False)):
        return f"expected shape={spec.shape}, found shape={sizes}"
    return None


def _squeezed(sizes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return sizes[:-1] if sizes and sizes[-1] == 1 else sizes

"""What a tensor of a model file is, without its contents, and the three ways in which layers are written down."""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: The conventions: TensorFlow 1's variables, Keras 3's, and those of `torch.nn`.
STYLES = ("tf1", "keras", "torch")


class ConversionError(ValueError):
    """A conversion that cannot be done, or not without guessing; nothing was written. The message has the cure."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A tensor without its contents.

    Attributes:
        shape: A tuple of ints.
        dtype: The name of its dtype, `"float32"`.
        role: What it is in its layer, where whoever has the tensor knows: `"kernel"`, `"gamma"`, ...
        layer: The class of its layer, where that is known: `"Dense"`, `"Conv2d"`.
        style: The convention it is in, where that is another one than its neighbours': v1 variables in a Keras model.
        v1_name: The name that it has in TensorFlow 1, where its own is another one.
        tied: The first name of the same tensor, where it has another one.
        read_as: The name that tells which tensor it is, where its own does not.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    role: str | None = None
    layer: str | None = None
    style: str | None = None
    v1_name: str | None = None
    tied: str | None = None
    read_as: str | None = None

    @property
    def size(self) -> int:
        """How many elements it has."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.shape))}{',' if len(self.shape) == 1 else ''})"


def spec_of(value: Any) -> Spec:
    """Return the Spec of an array, a shape, or what is a Spec already.

    Args:
        value: Any of these; shapes are tuples or lists of ints.
    """
    if isinstance(value, Spec):
        return value
    if isinstance(value, tuple | list):
        return Spec(tuple(int(length) for length in value))
    dtype = getattr(value, "dtype", "float32")
    return Spec(tuple(int(length) for length in value.shape), str(getattr(dtype, "name", dtype)).removeprefix("torch."))


def specs_of(values: Mapping[str, Any]) -> dict[str, Spec]:
    """Return the Spec of each value."""
    return {name: spec_of(value) for name, value in values.items()}


def style_of(specs: Mapping[str, Spec]) -> str:
    """Return the convention that names and shapes speak of: one of `STYLES`.

    Args:
        specs: All tensors of a file or model.
    """
    torch = sum(1 for name in specs if ("." in name and "/" not in name) or _last(name) in _TORCH_WORDS)
    others = sum(1 for name in specs if "/" in name or _last(name) in _OTHER_WORDS)
    if torch > others:
        return "torch"
    return "keras" if any(_last(name) == "recurrent_kernel" for name in specs) else "tf1"


_TORCH_WORDS = ("weight", "running_mean", "running_var", "num_batches_tracked")
_OTHER_WORDS = ("kernel", "gamma", "beta", "moving_mean", "moving_variance", "weights", "biases", "embeddings")


def _last(name: str) -> str:
    return name.replace(".", "/").rsplit("/", 1)[-1]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a name is one of the patterns', which are names, or have `*`, `?` and `[..]` as in a shell.

    Args:
        name: A tensor's name.
        patterns: The patterns; one that ends in `/` or `.` stands for all that begin with it.
    """
    for pattern in patterns:
        if pattern == name or fnmatch.fnmatchcase(name, pattern) or (pattern[-1:] in "/." and name.startswith(pattern)):
            return True
    return False

"""What a tensor's name says: the words in it, the numbers in it, and which part of its layer the tensor is.

`net/Conv2d_1a/weights`, `net.conv1.weight` and `W_conv1` all speak of a convolution numbered 1 and its kernel.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

#: Last parts of names, and what they are in a layer. `weight` depends on the shape and on what stands beside it.
ROLES: Mapping[str, str] = {
    "kernel": "kernel", "weights": "kernel", "w": "kernel", "matrix": "kernel", "filter": "kernel",
    "filters": "kernel", "bias": "bias", "biases": "bias", "b": "bias", "embeddings": "embedding",
    "embedding": "embedding", "embedding_weights": "embedding", "embedding_table": "embedding",
    "lookup_table": "embedding", "depthwise_kernel": "depthwise_kernel", "depthwise_weights": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel", "pointwise_weights": "pointwise_kernel", "gamma": "gamma", "g": "gamma",
    "scale": "gamma", "beta": "beta", "offset": "beta", "moving_mean": "moving_mean", "running_mean": "moving_mean",
    "moving_variance": "moving_variance", "running_var": "moving_variance", "moving_var": "moving_variance",
    "recurrent_kernel": "recurrent_kernel", "alpha": "alpha", "alphas": "alpha", "weight": "weight",
    "num_batches_tracked": "num_batches_tracked",
}  # fmt: skip
#: Roles by the first or last word of a name's last part: `W_conv1`, `b_fc2`, `conv1_weights`.
_PARTS = {"w": "kernel", "weights": "kernel", "weight": "kernel", "b": "bias", "biases": "bias", "bias": "bias"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
#: A letter that counts: `Mixed_5b`, `Conv2d_0c_3x3`, `res2a_branch2b`.
_COUNTING = re.compile(r"(?<=\d)[a-z](?![a-zA-Z0-9])")
_RANK = re.compile(r"(?i)(?<=conv|pool|norm)(?:(?P<rank>[123])d)(?![a-z])")
_KERNEL_SIZE = re.compile(r"(?<![a-zA-Z0-9])\d+x\d+(?![a-zA-Z0-9])")
#: What TensorFlow 2's object checkpoints put around a name.
_ATTRIBUTES = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True, slots=True)
class Words:
    """What a name says.

    Attributes:
        unit: The name of the layer that the tensor is in; "" at the top.
        role: Which part of the layer; None if the name does not say.
        words: The words of the unit, in the vocabulary that all styles share.
        numbers: For each part of the name its numbers, with the word that each one stands behind.
    """

    unit: str
    role: str | None
    words: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...]


@cache
def vocabulary() -> dict[str, tuple[str, ...]]:
    """Return the words that mean something else, or nothing, and what they mean."""
    text = resources.files("onevar.migrate.convert").joinpath("words.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {row[0]: tuple(row[1].split()) if len(row) > 1 else () for row in rows}


def bare(name: str) -> str:
    """Return a name without what the format put around it: `:0`, object checkpoints' attributes."""
    if name.endswith(_ATTRIBUTES):
        return name.removesuffix(_ATTRIBUTES).replace(".S", "/")  # which is how they write a `/` inside a name
    return name.removesuffix(":0")


def parts_of(name: str) -> list[str]:
    """Return the parts of a name, `a/b.c` as `["a", "b", "c"]`."""
    return [part for part in re.split(r"[/.]", bare(name)) if part]


@cache
def read(name: str) -> Words:
    """Return what a name says.

    Args:
        name: Of a tensor, in any style.
    """
    parts = parts_of(name) or [name]
    last = parts[-1]
    role = ROLES.get(last) or ROLES.get(last.lower())
    if role is None:
        role, rest = _role_inside(last)
        scope = [*parts[:-1], *([rest] if rest else [])]
    else:
        scope = parts[:-1]
    words: list[str] = []
    numbers: list[tuple[int, ...]] = []
    for part in scope:
        said, counted = tokens(part)
        words += said
        numbers.append(counted)
    return Words("/".join(scope), role, tuple(words), tuple(numbers))


def _role_inside(part: str) -> tuple[str | None, str]:
    """Return the role that stands at the beginning or the end of a name's last part, and the rest of the part."""
    pieces = [piece for piece in part.split("_") if piece]
    if not pieces:
        return None, part
    uncounted = pieces[:-1] if len(pieces) > 1 and pieces[-1].isdigit() else pieces
    if len(uncounted) > 1 and (role := ROLES.get("_".join(uncounted))):
        return role, "_".join(pieces[len(uncounted) :])
    if len(uncounted) > 1 and uncounted[-1] in ("embedding", "embeddings"):
        return "embedding", part
    for place in (0, len(uncounted) - 1):
        stem = re.sub(r"\d+$", "", uncounted[place])
        role = _PARTS.get(stem.lower())
        if role is not None:
            digits = uncounted[place][len(stem) :]
            rest = [*pieces[:place], *([digits] if digits else []), *pieces[place + 1 :]]
            return role, "_".join(rest)
    found = re.fullmatch(r"([wb])([a-z]{1,4}\d+|\d+)", part.lower())
    if found:
        return _PARTS[found[1]], found[2]
    return None, part


def tokens(part: str) -> tuple[list[str], tuple[int, ...]]:
    """Return the words of a part of a name, in the shared vocabulary, and its numbers."""
    known = vocabulary()
    words: list[str] = []
    numbers: list[int] = []
    plain = _COUNTING.sub(lambda letter: f" {ord(letter[0])} ", _KERNEL_SIZE.sub("", _RANK.sub("", part)))
    for token in _WORD.findall(plain):
        if token.isdigit():
            numbers.append(int(token))
            continue
        low = token.lower()
        words += known.get(low, (low,))
    return words, tuple(numbers)

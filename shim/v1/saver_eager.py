"""What a `Saver` does eagerly: the variables hold their values themselves, and there are no operations."""

from collections.abc import Iterator
from typing import Any

from onevar.core.bundle import Reader, write
from onevar.core.kernels.checkpoint import check_entries
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.stand_ins import all_ours
from onevar.v1.eager_variable import EagerVariable


def _named(var_list: Any) -> Iterator[tuple[str, EagerVariable]]:
    var_list = all_ours(var_list)
    items = var_list.items() if isinstance(var_list, dict) else ((_name(item), item) for item in var_list)
    for name, item in sorted(items, key=lambda pair: pair[0]):
        if not isinstance(item, EagerVariable):
            raise TypeError(f"Can only save/restore ResourceVariables when executing eagerly, got {item!r}.")
        yield name, item


def _name(item: Any) -> str:
    return item._shared_name if isinstance(item, EagerVariable) else ""


def check(var_list: Any) -> None:
    """Raise unless all of these are variables that hold their values, under names of their own.

    Args:
        var_list: As `Saver`'s.

    Raises:
        TypeError: One is none.
        ValueError: Two have one name.
    """
    seen: set[str] = set()
    for name, _ in _named(var_list):
        if name in seen:
            raise ValueError(f"At least two variables have the same name: {name}")
        seen.add(name)


def save(var_list: Any, path: str) -> None:
    """Write the variables' values as a checkpoint.

    Args:
        var_list: As `Saver`'s.
        path: The prefix.
    """
    write(path, {name: variable.numpy() for name, variable in _named(var_list)})


def restore(var_list: Any, path: str) -> None:
    """Give the variables the values that a checkpoint has; all, or none.

    Args:
        var_list: As `Saver`'s.
        path: The prefix.

    Raises:
        OpError: As for `Saver.restore`.
    """
    named = list(_named(var_list))
    with Reader(path) as reader:
        check_entries(reader, [name for name, _ in named], [variable.dtype.name for _, variable in named])
        values = [reader.read(name) for name, _ in named]
    for (name, variable), value in zip(named, values, strict=True):
        if not variable.shape.is_compatible_with(value.shape):
            raise InvalidArgumentError(
                None, None,
                f"Trying to assign to variable with tensor with wrong shape. Expected {variable.shape} got "
                f"{value.shape}: key {name}.",
            )  # fmt: skip
    for (_, variable), value in zip(named, values, strict=True):
        variable.assign(value)

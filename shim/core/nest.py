"""Nested structures of lists, tuples, namedtuples and dicts: flat, and put together again.

Dicts are taken in the order of their sorted keys, as `tf.nest` does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether `value` is a structure, not a leaf."""
    return isinstance(value, list | tuple | Mapping) and not hasattr(value, "_as_graph_tensors")


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of a structure, in order; a leaf is a structure of one."""
    return list(_leaves(structure))


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from _leaves(structure[key])
    elif isinstance(structure, list | tuple):
        for item in structure:
            yield from _leaves(item)
    else:
        yield structure


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return a structure like `structure` with other leaves.

    Raises:
        ValueError: There are more or fewer of them.
    """
    remaining = iter(leaves)
    try:
        packed = _packed(structure, remaining)
    except StopIteration:
        raise ValueError(f"structure {structure!r} has more leaves than the {len(leaves)} given.") from None
    if next(remaining, _END) is not _END:
        raise ValueError(f"structure {structure!r} has fewer leaves than the {len(leaves)} given.")
    return packed


_END = object()


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, Mapping):
        values = {key: _packed(structure[key], leaves) for key in sorted(structure)}
        ordered = {key: values[key] for key in structure}
        return ordered if type(structure) is dict else type(structure)(ordered)  # type: ignore[call-arg]
    if isinstance(structure, list | tuple):
        items = []
        for item in structure:
            items.append(_packed(item, leaves))
        if hasattr(structure, "_fields"):
            return type(structure)(*items)
        return type(structure)(items)
    leaf = next(leaves, _END)
    if leaf is _END:
        raise StopIteration
    return leaf


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """Return the first structure with `function` of the corresponding leaves of all.

    Raises:
        ValueError: They are not alike.
    """
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    return pack(structures[0], [function(*leaves) for leaves in zip(*map(flatten, structures), strict=True)])


def assert_same_structure(first: Any, second: Any, check_types: bool = True) -> None:
    """Raise where two structures are not alike.

    Raises:
        ValueError: They have other numbers of leaves or levels.
        TypeError: A sequence of one is of another type than that of the other.
    """
    problem = _difference(first, second, check_types)
    if problem is not None:
        raise problem(
            f"The two structures don't have the same nested structure.\n\nFirst structure: {first!r}\n\n"
            f"Second structure: {second!r}"
        )


def _difference(first: Any, second: Any, check_types: bool) -> type[Exception] | None:
    nested = isinstance(first, list | tuple | Mapping), isinstance(second, list | tuple | Mapping)
    if nested[0] != nested[1]:
        return ValueError
    if not nested[0]:
        return None
    if isinstance(first, Mapping) != isinstance(second, Mapping) or (check_types and type(first) is not type(second)):
        return TypeError
    if len(first) != len(second):
        return ValueError
    if isinstance(first, Mapping):
        if set(first) != set(second):
            return ValueError
        pairs = [(first[key], second[key]) for key in first]
    else:
        pairs = list(zip(first, second, strict=True))
    return next((found for a, b in pairs if (found := _difference(a, b, check_types)) is not None), None)

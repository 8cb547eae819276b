"""`tf.nest`, `tf.contrib.framework.nest`, `tensorflow.python.util.nest`: structures of lists, tuples and dicts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from onevar.core import nest
from onevar.core.operation import IndexedSlices
from onevar.v1.export import export, export_value
from onevar.v1.sparse_types import SparseTensor

#: Tensors that are made of several, which `expand_composites` takes apart.
_COMPOSITES = (SparseTensor, IndexedSlices)


def _offer(*names: str) -> Callable[[Any], Any]:
    return export(*(f"nest.{name}" for name in names))


@_offer("is_nested", "is_sequence")
def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, a tuple or a dictionary, and no leaf.

    Args:
        structure: Anything.
    """
    return nest.is_nested(structure) or isinstance(structure, Mapping) or _is_attrs(structure)


def _is_attrs(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


@_offer("is_mapping")
def is_mapping(structure: Any) -> bool:
    """Whether `structure` is a dictionary.

    Args:
        structure: Anything.
    """
    return isinstance(structure, Mapping)


@_offer("is_sequence_or_composite", "is_nested_or_composite")
def is_sequence_or_composite(structure: Any) -> bool:
    """Whether `structure` is a structure, or a tensor that is made of several.

    Args:
        structure: Anything.
    """
    return is_nested(structure) or isinstance(structure, _COMPOSITES)


def _children(structure: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is directly below: the key or number of each child, and the child."""
    if isinstance(structure, Mapping):
        try:
            keys = sorted(structure)
        except TypeError:
            raise TypeError("nest only supports dicts with sortable keys.") from None
        yield from ((key, structure[key]) for key in keys)
    elif hasattr(structure, "_fields"):
        yield from zip(structure._fields, structure, strict=True)
    elif _is_attrs(structure):
        for field in type(structure).__attrs_attrs__:
            yield field.name, getattr(structure, field.name)
    else:
        yield from enumerate(structure)


def _parts(composite: Any) -> list[Any]:
    if isinstance(composite, SparseTensor):
        return [composite.indices, composite.values, composite.dense_shape]
    return [part for part in (composite.values, composite.indices, composite.dense_shape) if part is not None]


def _of_parts(like: Any, parts: list[Any]) -> Any:
    return SparseTensor(*parts) if isinstance(like, SparseTensor) else type(like)(*parts)


def _paths(structure: Any, expand: bool, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if is_nested(structure):
        for key, child in _children(structure):
            yield from _paths(child, expand, (*path, key))
    elif expand and isinstance(structure, _COMPOSITES):
        yield from (((*path, number), part) for number, part in enumerate(_parts(structure)))
    else:
        yield path, structure


@_offer("flatten")
def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Return the leaves of a structure in order, dictionaries by their sorted keys.

    Args:
        structure: The structure; a leaf is one of one leaf.
        expand_composites: Whether a sparse tensor is three leaves and not one.

    Raises:
        TypeError: A dictionary's keys cannot be sorted.
    """
    return [leaf for _, leaf in _paths(structure, expand_composites)]


def _rebuilt(structure: Any, leaves: Iterator[Any], expand: bool) -> Any:
    if expand and isinstance(structure, _COMPOSITES):
        return _of_parts(structure, [next(leaves) for _ in _parts(structure)])
    if not is_nested(structure):
        return next(leaves)
    return _like(structure, {key: _rebuilt(child, leaves, expand) for key, child in _children(structure)})


def _like(structure: Any, items: dict[Any, Any]) -> Any:
    """Return a structure of the same kind, with other children by their keys."""
    if isinstance(structure, Mapping):
        ordered = {key: items[key] for key in structure}
        if hasattr(structure, "default_factory"):
            return type(structure)(structure.default_factory, ordered)  # type: ignore[call-arg]
        return ordered if type(structure) is dict else type(structure)(ordered)  # type: ignore[call-arg]
    if hasattr(structure, "_fields") or _is_attrs(structure):
        return type(structure)(*items.values())
    return type(structure)(items.values())


@_offer("pack_sequence_as")
def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """Return a structure like another one, with other leaves.

    Args:
        structure: The other one.
        flat_sequence: The leaves.
        expand_composites: As for `flatten`.

    Raises:
        TypeError: The leaves are no sequence.
        ValueError: There are more or fewer than the structure has.
    """
    if not is_sequence_or_composite(flat_sequence):
        raise TypeError(
            f"Attempted to pack value:\n  {flat_sequence}\ninto a structure, but found incompatible type "
            f"`{type(flat_sequence)}` instead."
        )
    leaves = list(flat_sequence)
    if not is_nested(structure) and not (expand_composites and isinstance(structure, _COMPOSITES)):
        if len(leaves) != 1:
            raise ValueError(
                f"The target structure is of type `{type(structure)}`\n  {structure}\nHowever the input is a sequence "
                f"({type(flat_sequence)}) of length {len(leaves)}.\n  {flat_sequence}\nnest cannot guarantee that it "
                "is safe to map one to the other."
            )
        return leaves[0]
    wanted = len(flatten(structure, expand_composites))
    if wanted != len(leaves):
        raise ValueError(
            f"Could not pack sequence. Structure had {wanted} atoms, but flat_sequence had {len(leaves)} items.  "
            f"Structure: {structure}, flat_sequence: {flat_sequence}."
        )
    return _rebuilt(structure, iter(leaves), expand_composites)


@_offer("assert_same_structure")
def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise where two structures are not alike.

    Args:
        nest1: A structure.
        nest2: Another one.
        check_types: Whether a list and a tuple are unlike.
        expand_composites: Accepted.

    Raises:
        ValueError: They have other numbers of leaves or levels.
        TypeError: A sequence of one is of another type than that of the other.
    """
    nest.assert_same_structure(nest1, nest2, bool(check_types))


@_offer("map_structure")
def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Return the first structure with `func` of the corresponding leaves of all.

    Args:
        func: A function of as many leaves as there are structures.
        *structure: Structures that are alike.
        **kwargs: `check_types` and `expand_composites`, as for `assert_same_structure`.

    Raises:
        TypeError: `func` cannot be called, or structures have other types.
        ValueError: No structure was given, they are not alike, or there are other keyword arguments.
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types, expand = kwargs.pop("check_types", True), kwargs.pop("expand_composites", False)
    kwargs.pop("check_subtrees_length", None)
    if kwargs:
        raise ValueError(f"Only valid keyword arguments are `check_types` and `expand_composites`, not: `{kwargs}`")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types)
    rows = zip(*(flatten(one, expand) for one in structure), strict=True)
    return pack_sequence_as(structure[0], [func(*row) for row in rows], expand)


# -- with the paths to the leaves -------------------------------------------------------------------


@_offer("yield_flattened_paths")
def yield_flattened_paths(structure: Any, expand_composites: bool = False) -> Iterator[tuple[Any, ...]]:
    """Yield the path to each leaf: a tuple of keys and numbers.

    Args:
        structure: The structure.
        expand_composites: As for `flatten`.
    """
    return (path for path, _ in _paths(structure, expand_composites))


@_offer("flatten_with_tuple_paths")
def flatten_with_tuple_paths(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Return pairs of the path to a leaf, as a tuple, and the leaf.

    Args:
        structure: The structure.
        expand_composites: As for `flatten`.
    """
    return list(_paths(structure, expand_composites))


@_offer("flatten_with_joined_string_paths")
def flatten_with_joined_string_paths(structure: Any, separator: str = "/", expand_composites: bool = False) -> Any:
    """Return pairs of the path to a leaf, as a string, and the leaf.

    Args:
        structure: The structure.
        separator: Between the keys.
        expand_composites: As for `flatten`.
    """
    return [(separator.join(map(str, path)), leaf) for path, leaf in _paths(structure, expand_composites)]


@_offer("map_structure_with_tuple_paths")
def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Return the first structure with `func` of a path and the leaves there.

    Args:
        func: A function of the path, as a tuple, and a leaf of each structure.
        *structure: Structures that are alike.
        **kwargs: As for `map_structure`.
    """
    paths = iter([path for path, _ in _paths(structure[0], kwargs.get("expand_composites", False))])
    return map_structure(lambda *leaves: func(next(paths), *leaves), *structure, **kwargs)


@_offer("map_structure_with_paths")
def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Return the first structure with `func` of a path, `"a/0"`, and the leaves there.

    Args:
        func: A function of the path and a leaf of each structure.
        *structure: Structures that are alike.
        **kwargs: As for `map_structure`.
    """

    def with_string(path: tuple[Any, ...], *leaves: Any) -> Any:
        return func("/".join(map(str, path)), *leaves)

    return map_structure_with_tuple_paths(with_string, *structure, **kwargs)


# -- down to the leaves of a smaller structure ------------------------------------------------------


@_offer("assert_shallow_structure")
def assert_shallow_structure(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raise where `input_tree` does not have all levels that `shallow_tree` has.

    Args:
        shallow_tree: A structure.
        input_tree: One that goes deeper.
        check_types: Whether a list and a tuple are unlike.
        expand_composites: Accepted.

    Raises:
        TypeError: There is a leaf, or another type of sequence, in place of a sequence.
        ValueError: A sequence has another length, or a dictionary other keys.
    """
    if not is_nested(shallow_tree):
        return
    if not is_nested(input_tree):
        raise TypeError(
            f"If shallow structure is a sequence, input must also be a sequence. Input has type: {type(input_tree)}."
        )
    if check_types and type(shallow_tree) is not type(input_tree) and not isinstance(shallow_tree, Mapping):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type "
            f"{type(input_tree)}, while shallow structure has type {type(shallow_tree)}."
        )
    if len(input_tree) != len(shallow_tree):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(input_tree)}, while shallow structure has length {len(shallow_tree)}."
        )
    below = dict(_children(input_tree))
    for key, child in _children(shallow_tree):
        if key not in below:
            raise ValueError(f"The two structures don't have the same keys. Input lacks the key {key!r}.")
        assert_shallow_structure(child, below[key], check_types)


def _up_to(shallow: Any, tree: Any) -> Iterator[Any]:
    if not is_nested(shallow):
        yield tree
        return
    below = dict(_children(tree))
    for key, child in _children(shallow):
        yield from _up_to(child, below[key])


@_offer("flatten_up_to")
def flatten_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[Any]:
    """Return what `input_tree` has in the places of the leaves of `shallow_tree`.

    Args:
        shallow_tree: A structure.
        input_tree: One that goes deeper.
        check_types: Whether a list and a tuple are unlike.
        expand_composites: Accepted.
    """
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    return list(_up_to(shallow_tree, input_tree))


@_offer("map_structure_up_to")
def map_structure_up_to(shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
    """Return `shallow_tree` with `func` of what the inputs have in the places of its leaves.

    Args:
        shallow_tree: A structure.
        func: A function of as many values as there are inputs.
        *inputs: Structures that go deeper.
        **kwargs: As for `map_structure`.

    Raises:
        ValueError: There are no inputs.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    rows = zip(*(flatten_up_to(shallow_tree, one, kwargs.get("check_types", True)) for one in inputs), strict=True)
    return pack_sequence_as(shallow_tree, [func(*row) for row in rows])


@_offer("get_traverse_shallow_structure")
def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """Return the structure cut off where `traverse_fn` says False; a cut is the leaf False, a leaf is True or False.

    Args:
        traverse_fn: A function of a part of the structure: a bool, or bools in a structure like its children.
        structure: The structure.
        expand_composites: Accepted.

    Raises:
        TypeError: `traverse_fn` returned neither.
    """
    wanted = traverse_fn(structure)
    if not is_nested(structure):
        if not isinstance(wanted, bool | np.bool_):
            raise TypeError(f"traverse_fn returned a non-bool scalar: {wanted} for input: {structure}")
        return wanted
    if isinstance(wanted, bool | np.bool_):
        if not wanted:
            return False
        wanted = _like(structure, {key: True for key, _ in _children(structure)})
    allowed = dict(_children(wanted))
    found = {
        key: bool(allowed[key]) and get_traverse_shallow_structure(traverse_fn, child)
        for key, child in _children(structure)
    }
    return _like(structure, found)


@_offer("flatten_dict_items")
def flatten_dict_items(dictionary: Any) -> dict[Any, Any]:
    """Return a dictionary in which a key that is a structure is its leaves, each with the value there.

    Args:
        dictionary: Keys and values, which are structures alike.

    Raises:
        TypeError: It is no dictionary.
        ValueError: A key and its value are unlike, or a leaf is a key twice.
    """
    if not isinstance(dictionary, Mapping):
        raise TypeError("input must be a dictionary")
    flat: dict[Any, Any] = {}
    for key, value in dictionary.items():
        names = flatten(key) if is_nested(key) else [key]
        values = flatten(value) if is_nested(key) else [value]
        if len(names) != len(values):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(names)} elements, but value had {len(values)}"
            )
        for name, one in zip(names, values, strict=True):
            if name in flat:
                raise ValueError(f"Could not flatten dictionary: key {name} is not unique.")
            flat[name] = one
    return flat


for _name in (
    "is_nested", "is_sequence", "flatten", "pack_sequence_as", "assert_same_structure", "map_structure",
    "assert_shallow_structure", "flatten_up_to", "map_structure_up_to", "get_traverse_shallow_structure",
    "yield_flattened_paths", "flatten_with_joined_string_paths", "flatten_dict_items",
):  # fmt: skip
    _value = {"is_sequence": is_nested}.get(_name) or globals()[_name]
    export_value(f"contrib.framework.nest.{_name}", _value)
